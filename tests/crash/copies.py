# SPDX-License-Identifier: ISC
"""copies: a spool as a former version left it.

That copied a message's record to change its class.  Which of the two counts
was said by the journal of the original, and worked out anew at each start;
now it is settled once (src/lib/spool/first_edition.c).  Nothing in src writes
such a spool any more, so it is made here, byte by byte.
"""
import glob
import os
import shutil
import struct

HEADER, FIXED, SLOT, MOVED, ALL = 64, 46, 63, 5, 0xffffffff
CLASSES = ["urgent", "normal", "bulk"]
TABLE = []
for _i in range(256):
    for _ in range(8):
        _i = _i >> 1 ^ (0x82f63b78 if _i & 1 else 0)
    TABLE.append(_i)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


def sealed(head):
    return head[:60] + struct.pack("<I", crc32c(head[:60]))


def segment_header(klass, slot, sequence):
    head = struct.pack("<8sHBBHHI", b"PRsegmt\n", 1, klass, 0, slot, 1, sequence)
    return sealed(head.ljust(60, b"\0"))


def record(ident, klass, rcpts, envelope, body):
    head = struct.pack("<8s10sBBIIIQ", b"\x8ePRmail\n", ident, klass, 0, rcpts, len(envelope),
                       crc32c(envelope + body), len(body))
    whole = sealed(head.ljust(60, b"\0")) + envelope + body
    return whole + b"\0" * (-len(whole) % 8)


def status(offset, action, to):
    klass, slot, sequence = to
    head = struct.pack("<4sB3sQIHHQBBHI4s", b"PRst", action, b"\0\0\0", offset, ALL, 0, 0, 1, klass, 0, slot, sequence,
                       b"\0" * 4)
    return head + struct.pack("<I", crc32c(head))


def copy_of(envelope, klass, slot, sequence, offset):
    origin = struct.pack("<BBHIQ", klass, 0, slot, sequence, offset)
    return b"\2" + envelope[1:FIXED] + origin + envelope[FIXED:]


def records(data):
    """(offset, id, class, recipients, envelope, body) of each."""
    at = HEADER
    while at + HEADER <= len(data) and data[at:at + 8] == b"\x8ePRmail\n":
        ident, klass, _, rcpts, size, _, length = struct.unpack("<10sBBIIIQ", data[at + 8:at + 40])
        envelope = data[at + HEADER:at + HEADER + size]
        body = data[at + HEADER + size:at + HEADER + size + length]
        yield at, ident, klass, rcpts, envelope, body
        at += (HEADER + size + length + 7) // 8 * 8


class Old:
    """A segment of the scheduler's with copies in it, of class KLASS."""

    def __init__(self, klass):
        self.name = (klass, SLOT, 1)
        self.data = segment_header(*self.name)

    def add(self, envelope, ident, rcpts, body):
        at = len(self.data)
        self.data += record(ident, self.name[0], rcpts, envelope, body)
        return at


def age(spool):
    """Make the spool of a relay that was stopped, with mail of class normal that
    waits, one of a former version.  Returns how many of each class there are.
    Of five messages one was never moved, one is urgent now, of one a copy was
    begun that is nothing, one went to urgent and then to bulk, and of one the
    original was damaged while a copy was being made."""
    urgent, bulk, number = Old(0), Old(2), 0
    counts = {"urgent": 0, "normal": 0, "bulk": 0}
    moved = b""     # what the journal of `urgent` says
    for path in sorted(glob.glob(f"{spool}/normal/*.messages")):
        slot, sequence = os.path.basename(path).split(".")[0].split("-")
        name = (1, int(slot), int(sequence, 16))
        with open(path, "rb") as f:
            old = f.read()
        new, journal = segment_header(*name), b""
        for at, ident, klass, rcpts, envelope, body in records(old):
            how, number = number % 5, number + 1
            assert klass == 1 and at == len(new) and envelope[0] == 1
            whole = record(ident, klass, rcpts, envelope, body)
            if how > 0:
                there = urgent.add(copy_of(envelope, *name, at), ident, rcpts, body)
            if how in (1, 3):
                journal += status(at, MOVED, urgent.name)
            if how == 3:
                bulk.add(copy_of(envelope, *urgent.name, there), ident, rcpts, body)
                moved += status(there, MOVED, bulk.name)
            if how == 4:
                whole = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
            new += whole
            counts[["normal", "urgent", "normal", "bulk", "urgent"][how]] += 1
        with open(path, "r+b") as f:
            f.write(new)
            f.truncate()
        with open(path.replace(".messages", ".status"), "wb") as f:
            f.write(journal)
    for segment, journal in ((urgent, moved), (bulk, b"")):
        base = f"{spool}/{CLASSES[segment.name[0]]}/{SLOT}-00000001"
        for suffix, data in (("messages", segment.data), ("status", journal)):
            with open(f"{base}.{suffix}", "wb") as f:
                f.write(data)
            st = os.stat(os.path.dirname(base))
            os.chown(f"{base}.{suffix}", st.st_uid, st.st_gid)
            os.chmod(f"{base}.{suffix}", 0o600)
    os.unlink(f"{spool}/edition")
    shutil.rmtree(f"{spool}/index")
    return counts
