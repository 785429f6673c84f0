# SPDX-License-Identifier: ISC
"""cutlab: disks that can be looked at as a power cut would leave them.

The spool's file system lies in an image on a loop device.  What a program
wrote and did not sync is in that file system's page cache, which an image
does not have; what was handed to the device, it has.  So a clone of the image
is what a power cut at this moment leaves of a disk that keeps all it was
handed.  (A disk that keeps less: tests/crash/weak.)  The images themselves
lie on XFS, where a clone shares its blocks, takes 2 ms, and is of one moment
even while the kernel writes.
"""
import ctypes
import fcntl
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FICLONE = 0x40049409
SYS_FUTEX, FUTEX_WAKE = 202, 1
NOBODY, WAITS, GO_ON = 0, 1, 2
FORMATS = {"ext4": (64, ["mkfs.ext4", "-q", "-F"], "loop"),
           "xfs": (320, ["mkfs.xfs", "-q", "-f"], "loop,nouuid")}


class Skip(Exception):
    pass


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def sync_file_system(fd):
    """All of the file system that FD is of."""
    if ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
        raise OSError(ctypes.get_errno(), "syncfs")


def unmount(where, seconds=20):
    end = time.monotonic() + seconds
    while subprocess.run(["umount", where], stderr=subprocess.DEVNULL).returncode:
        if time.monotonic() > end:
            raise OSError(f"{where} is busy")
        time.sleep(0.01)


class Lab:
    """A folder, and in it an XFS file system that holds the images."""

    def __init__(self, kind):
        if os.geteuid() != 0:
            raise Skip("cutting the power needs root")
        for tool in ("mkfs.xfs", FORMATS[kind][1][0]):
            if shutil.which(tool) is None:
                raise Skip(f"no {tool}")
        shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.kind = kind
        self.dir = tempfile.mkdtemp(prefix="postrider-cuts-", dir=shm)
        os.chmod(self.dir, 0o755)
        self.pool, self.mounted = f"{self.dir}/pool", []
        try:
            # what is unmounted here is to be so in other namespaces too, those
            # of a harness that runs beside, or it stays busy
            run("mount", "--bind", self.dir, self.dir)
            self.mounted.append(self.dir)
            run("mount", "--make-shared", self.dir)
            with open(f"{self.dir}/pool.img", "wb") as f:
                f.truncate(16 << 30)
            run("mkfs.xfs", "-q", "-m", "reflink=1", f"{self.dir}/pool.img")
            self.mount(f"{self.dir}/pool.img", self.pool, "loop")
        except OSError as why:
            self.close()
            raise Skip(str(why))
        self.clones = 0

    def mount(self, image, where, options):
        os.makedirs(where, exist_ok=True)
        run("mount", "-o", options, image, where)
        self.mounted.append(where)

    def unmount(self, where):
        unmount(where)
        self.mounted.remove(where)

    def make(self, name):
        mib, command, _ = FORMATS[self.kind]
        image = f"{self.pool}/{name}"
        with open(image, "wb") as f:
            f.truncate(mib << 20)
        run(*command, image)
        return image

    def mount_image(self, image, where):
        self.mount(image, where, FORMATS[self.kind][2])

    def clone(self, image):
        self.clones += 1
        name = f"{self.pool}/clone.{self.clones}"
        with open(image, "rb") as old, open(name, "wb") as new:
            fcntl.ioctl(new, FICLONE, old.fileno())
        return name

    def close(self):
        for where in reversed(self.mounted):
            try:
                unmount(where, 5)
            except OSError:
                # another harness started a relay, which has its copy of it
                run("umount", "-l", where)
        shutil.rmtree(self.dir, ignore_errors=True)


class Point:
    """A storage call that a process was about to make."""

    def __init__(self, program, call, file, frames):
        self.program, self.call, self.file, self.frames = program, call, file, frames
        self.site = None        # of the source, once it was looked up
        self.number = 0         # of those alike in its scene

    def kind(self):
        stem, dot, suffix = self.file.rpartition(".")
        if self.file.startswith(("log.", "__db.", "DB_CONFIG")) or suffix == "db":
            return "index"
        if self.file.startswith("writable"):
            return "writable"
        return suffix if dot and suffix in ("messages", "status", "sequence", "new") else stem + dot + suffix

    def key(self):
        return self.program, self.call, self.kind(), tuple(self.frames[:6])

    def __str__(self):
        program = self.program.replace("postrider-", "")
        return f"{program} {self.site or '?'} {self.call} {self.kind()} #{self.number}"


class Deed:
    """A storage call with all that it was given; INODE is of the file, or of
    the directory that FILE is in."""

    def __init__(self, call, file, other, inode, offset, length, data, flags):
        self.call, self.file, self.other, self.inode = call, file, other, inode
        self.offset, self.length, self.data, self.flags = offset, length, data, flags


class Board:
    """The memory shared with cutshim.c; struct board there."""
    HEAD = struct.Struct("=IIIIIIiIQ32s16s64s16QQqQQII64s")
    DATA_AT, DATA_MOST = 4096, 8 << 20

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as f:
            f.truncate(self.DATA_AT + self.DATA_MOST)
            self.memory = mmap.mmap(f.fileno(), self.DATA_AT + self.DATA_MOST)
        os.chmod(path, 0o666)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))

    def put(self, word, value):
        struct.pack_into("=I", self.memory, 4 * word, value)

    def get(self, word):
        return struct.unpack_from("=I", self.memory, 4 * word)[0]

    def wake(self, word):
        self.libc.syscall(SYS_FUTEX, ctypes.c_void_p(self.address + 4 * word), FUTEX_WAKE, 1000, None, None, 0)

    def watch(self, device):
        struct.pack_into("=Q", self.memory, 32, device)
        self.put(2, 1)

    def lie(self, lies):
        """From now on syncs do nothing, or something again."""
        self.put(4, int(lies))

    def blind(self):
        """Calls pass unseen; who waits goes on."""
        self.put(2, 0)
        self.wake(1)

    def reset(self):
        """Nobody who could hold the lock lives any more."""
        self.put(0, 0)
        self.put(1, NOBODY)

    def point_pid(self):
        return struct.unpack_from("=i", self.memory, 24)[0]

    def waits(self):
        return self.get(1) == WAITS

    def point(self):
        row = self.HEAD.unpack_from(self.memory, 0)

        def text(bytes):
            return bytes.split(b"\0")[0].decode()
        # libraries lie elsewhere in each process; the program itself at 0
        frames = [a for a in row[12:12 + row[7]] if a < 1 << 28]
        return Point(text(row[9]), text(row[10]), text(row[11]), frames)

    def deed(self):
        """What the call is about to do."""
        row = self.HEAD.unpack_from(self.memory, 0)
        inode, offset, length, written, flags, _, other = row[28:35]
        data = self.memory[self.DATA_AT:self.DATA_AT + written]
        return Deed(row[10].split(b"\0")[0].decode(), row[11].split(b"\0")[0].decode(),
                    other.split(b"\0")[0].decode(), inode, offset, length, data, flags)

    def go_on(self, error=0):
        self.put(5, error)
        self.put(1, GO_ON)
        self.wake(1)


# ---- processes ----------------------------------------------------------------

def family(leader):
    """The processes of the session that LEADER leads, but for zombies."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as f:
                    rest = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(rest[3]) == leader and rest[0] != "Z":
                found.append(int(name))
    return found


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_dead(pid):
    end = time.monotonic() + 20
    while lives(pid) and time.monotonic() < end:
        time.sleep(0.001)


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def stands_still(pid):
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat") as f:
                if f.read().rpartition(")")[2].split()[0] not in "TtZX":
                    return False
    except OSError:
        pass
    return True
