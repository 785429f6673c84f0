# SPDX-License-Identifier: ISC
"""weakdisk: what a disk that promises nothing may hold after a power cut.

A Log has, in order, what was done to the files of a spool, and to the
entries of its directories.  An operation is durable once its file (or, of an
entry, its directory) was synced after it; until then it may be there or not,
each by itself, in any order, and a write may be torn between sectors.  No
file system is worse, and most are better: only here a missing sync of a
directory is seen.
"""
import hashlib
import os
import random

SECTOR = 512
EACH_MOST = 32      # of what is not durable, so many one at a time
TORN_MOST = 10      # of the last of these writes, so many torn


class Op:
    def __init__(self, kind, thing, **more):
        self.kind = kind        # write, cut, hole; make, remove, rename; sync
        self.thing = thing      # the file's number, or the directory's path
        self.durable = None     # from this place of the log on
        self.__dict__.update(more)

    def is_entry(self):
        return self.kind in ("make", "remove", "rename")


class Log:
    def __init__(self, top):
        """From what lies below TOP now on."""
        self.top, self.ops = top, []
        self.content = []               # of each file at the beginning
        self.first, self.names = {}, {}     # (directory, name): file; at first, and now
        self.inodes = {}                # of the file system: file
        self.open = {}                  # (thing, entry or not): ops not durable yet
        for place in self.walk():
            with open(os.path.join(top, *place), "rb") as f:
                self.first[place] = self.names[place] = len(self.content)
                self.content.append(f.read())
        self.learn()

    def walk(self):
        for folder, folders, files in os.walk(self.top):
            where = os.path.relpath(folder, self.top)
            folders[:] = [name for name in folders if not name.startswith(("index", "jail"))]
            for name in files:
                yield ("" if where == "." else where, name)

    def directory(self, inode):
        for name in [""] + [e.name for e in os.scandir(self.top) if e.is_dir()]:
            if os.stat(f"{self.top}/{name}").st_ino == inode:
                return name
        return None

    def learn(self):
        for place in self.walk():
            if place in self.names:
                try:
                    self.inodes[os.stat(os.path.join(self.top, *place)).st_ino] = self.names[place]
                except FileNotFoundError:
                    pass

    def file(self, inode):
        if inode not in self.inodes:
            self.learn()
        return self.inodes.get(inode)

    # ---- recording ----

    def add(self, op):
        op.at = len(self.ops)
        self.ops.append(op)
        if op.kind == "sync":
            for other in self.open.pop((op.thing, op.directory), []):
                other.durable = op.at + 1
        else:
            self.open.setdefault((op.thing, op.is_entry()), []).append(op)

    def make(self, place):
        number = len(self.content)
        self.content.append(b"")
        self.names[place] = number
        self.add(Op("make", place[0], name=place[1], file=number))

    def remove(self, place):
        number = self.names.pop(place, None)
        self.inodes = {inode: file for inode, file in self.inodes.items() if file != number}
        return number

    def take(self, deed):
        """A call that is about to be made."""
        if deed.call in ("openat", "unlinkat", "renameat", "mkdirat", "linkat"):
            self.take_entry(deed)
            return
        where = self.directory(deed.inode)
        if where is not None:
            if deed.call in ("fsync", "fdatasync") and where != "index":
                self.add(Op("sync", where, directory=True))
            return
        file = self.file(deed.inode)
        if file is None:
            return
        if deed.call in ("fsync", "fdatasync"):
            self.add(Op("sync", file, directory=False))
        elif deed.call in ("write", "writev", "pwrite", "pwritev"):
            self.add(Op("write", file, offset=deed.offset, data=deed.data))
        elif deed.call == "ftruncate":
            self.add(Op("cut", file, length=deed.offset))
        elif deed.call == "fallocate":
            self.add(Op("hole", file, offset=deed.offset, length=deed.length,
                        keep=deed.flags & 1, punch=deed.flags & 2))

    def take_entry(self, deed):
        where = self.directory(deed.inode)
        if where is None or where.startswith("index"):
            return
        place = (where, deed.file)
        if deed.call == "openat":
            if place not in self.names:
                self.make(place)
            elif deed.flags & os.O_TRUNC:
                self.add(Op("cut", self.names[place], length=0))
        elif deed.call == "unlinkat" and place in self.names:
            self.add(Op("remove", where, name=deed.file, file=self.remove(place)))
        elif deed.call == "renameat" and (where, deed.other) in self.names:
            number = self.names.pop((where, deed.other))
            self.remove(place)
            self.names[place] = number
            self.add(Op("rename", where, name=deed.file, old=deed.other, file=number))

    # ---- what may be there ----

    def pending(self, at):
        return [op for op in self.ops[:at] if op.kind != "sync" and (op.durable is None or op.durable > at)]

    def state(self, at, without=(), torn=None):
        """{(directory, name): bytes} at AT; TORN: (op, which of its sectors are
        there), or (op, None): its place is there, and empty."""
        names, files = dict(self.first), {}
        for op in self.ops[:at]:
            if op.kind == "sync" or op in without:
                continue
            if op.kind == "make":
                names[op.thing, op.name] = op.file
            elif op.kind == "remove":
                if names.get((op.thing, op.name)) == op.file:
                    del names[op.thing, op.name]
            elif op.kind == "rename":
                if names.get((op.thing, op.old)) == op.file:
                    del names[op.thing, op.old]
                names[op.thing, op.name] = op.file
            else:
                apply(op, files.setdefault(op.thing, bytearray(self.content[op.thing])),
                      torn[1] or nothing if torn and torn[0] is op else everything)
        return {place: bytes(files.get(file, self.content[file])) for place, file in names.items()}

    def states(self, at):
        """(what is strange about it, state) of all that is tried at AT."""
        pending = self.pending(at)
        yield "all kept", self.state(at)
        if not pending:
            return
        yield "all lost", self.state(at, set(pending))
        entries = {op for op in pending if op.is_entry()}
        if entries and len(entries) < len(pending):
            yield "entries lost", self.state(at, entries)
            yield "entries alone", self.state(at, set(pending) - entries)
        some = pending if len(pending) <= EACH_MOST else random.Random(at).sample(pending, EACH_MOST)
        for op in some:
            yield f"{op.kind} {op.at} lost", self.state(at, {op})
            yield f"{op.kind} {op.at} alone", self.state(at, set(pending) - {op})
        writes = [op for op in some if op.kind == "write"]
        for op in writes:
            yield f"write {op.at} is zeros", self.state(at, torn=(op, None))
        for op in writes[-TORN_MOST:]:
            for what, there in tears(op):
                yield f"write {op.at} torn, {what}", self.state(at, torn=(op, there))
                yield f"write {op.at} alone, torn, {what}", self.state(at, set(pending) - {op}, (op, there))


def tears(op):
    """Which sectors of a write may be there; the first and the last may be parts."""
    first, last = op.offset // SECTOR, (op.offset + len(op.data) - 1) // SECTOR
    if first == last:
        return
    yield "first sector", lambda n: n == first
    yield "but the last", lambda n: n < last
    yield "but the first", lambda n: n > first
    if last - first > 2:
        yield "half", lambda n: n <= (first + last) // 2
        yield "every other", lambda n: n % 2 == 0


def everything(_):
    return True


def nothing(_):
    return False


def apply(op, file, there):
    if op.kind == "cut":
        del file[op.length:]
        file.extend(bytes(op.length - len(file)))
        return
    if op.kind == "hole":
        if not op.keep:
            file.extend(bytes(max(0, op.offset + op.length - len(file))))
        elif op.punch:
            length = max(0, min(op.length, len(file) - op.offset))
            file[op.offset:op.offset + length] = bytes(length)
        return
    length, data = len(op.data), op.data
    at = op.offset
    while at < op.offset + length:
        end = min((at // SECTOR + 1) * SECTOR, op.offset + length)
        if there(at // SECTOR):
            file.extend(bytes(max(0, end - len(file))))
            file[at:end] = data[at - op.offset:end - op.offset]
        elif there is nothing:
            file.extend(bytes(max(0, end - len(file))))
        at = end


def digest(state):
    h = hashlib.sha1()
    for place in sorted(state):
        h.update(repr((place, hashlib.sha1(state[place]).digest())).encode())
    return h.digest()
