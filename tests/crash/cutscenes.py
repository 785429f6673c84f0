# SPDX-License-Identifier: ISC
"""cutscenes: what the relay does while the power is cut.

Each scene is a function of a Session and some lines of configuration.  They
wait for what they want to see, and end with all done, so that the last cuts
are those of a relay with nothing to do.
"""
import errno
import glob
import itertools
import shutil

from account import ACKED, Message

numbers = itertools.count(1)


def some(kinds, size=600, **more):
    """A message for each word of KINDS: its recipients' names, joined by "+"."""
    made = []
    for kind in kinds.split():
        name = f"m{next(numbers)}"
        rcpts = [f"{word}.{name}.{i}@dest.test" for i, word in enumerate(kind.split("+"))]
        made.append(Message(name, rcpts, size, **more))
    return made


def mixed():
    """Three clients' mail of all sizes, classes and fates."""
    return [some("ok ok+fail ok later+ok", priority=4) + some("ok", 20000, priority=4),
            some("ok+ok fail later ok") + some("ok fail+later", 20000) + some("ok ok"),
            some("ok later", priority=-4) + some("ok", 20000, priority=-4) + some("ok", priority=-4)]


def finish(s):
    """All that waits is taken."""
    s.sink.later = False
    s.run_tool("flush")
    s.until_taken(*(m for m in s.book.messages.values() if not m.deleted and not m.damaged))
    s.quiet()
    s.stop()


# ---- mail -------------------------------------------------------------------------

def mail_comes_and_goes(s):
    """From the first start on an empty disk to a stop, with mail of all kinds."""
    s.start()
    s.send(*mixed())
    s.quiet()
    s.send(some("ok ok fail"))
    s.quiet(1.0)
    finish(s)


def segments_fill_and_go(s):
    """Enough mail that segments are closed and removed all the time."""
    s.start()
    for _ in range(3):
        s.send(some("ok ok ok ok ok", 15000), some("ok+ok ok+ok ok+ok", 15000), some("ok ok", 40000))
        s.quiet()
    s.send(some("ok later", 3 << 20))
    finish(s)


def rates_are_kept(s):
    """What a slow site took is written down, so that a start goes on with it."""
    s.start()
    s.send(some("ok ok ok"))
    s.quiet()
    s.stop()
    s.start()
    finish(s)


def reports_go_out(s):
    s.start()
    s.send(some("fail fail+fail fail+ok"), some("fail fail", 20000),
           some("ok ok+fail", notify="SUCCESS,FAILURE"), some("fail", priority=-4))
    s.quiet(1.0)
    s.send(some("fail+ok"))
    finish(s)


# ---- the start --------------------------------------------------------------------

def it_starts_again_and_again(s):
    """Orderly stops and sudden deaths, with mail that waits and mail that is done."""
    s.start()
    s.send(some("later ok later+ok fail") + some("later ok", 20000), some("later ok", priority=-4))
    s.quiet()
    s.stop()
    s.start()
    s.quiet()
    s.crash()
    s.start()
    s.send(some("ok later") + some("later", 20000))
    s.crash()
    s.start()
    s.quiet()
    finish(s)


def processes_die(s):
    """Each kind in turn, the machine lives on."""
    s.start()
    for name in ("scheduler", "receiver", "deliverer", "scheduler"):
        s.send(some("ok later ok fail ok") + some("ok later", 20000), some("ok later", priority=4), wait=False)
        s.pump(lambda: len(s.book.taken) > 3, 20, "some of it arrives")
        s.dies(name)
        s.sent()
        s.quiet()
    s.quiet(1.0)
    finish(s)


def leftovers_are_cleared(s):
    """A journal of a segment that is gone, a torn tail of one, an index that
    cannot be read."""
    s.start()
    s.send(some("ok later ok later"), some("later ok", 20000))
    s.quiet()
    s.stop()
    for path in sorted(glob.glob(f"{s.spool}/normal/*.status"))[:1]:
        with open(path, "rb") as f:
            content = f.read()
        with open(path, "ab") as f:
            f.write(content[:17])
        orphan = path.replace("00-0", "00-1").replace("01-0", "01-1")
        shutil.copy(path, orphan)
        shutil.chown(orphan, "nobody", "nogroup")
    s.sync()
    s.start()
    s.quiet()
    s.stop()
    for path in glob.glob(f"{s.spool}/index/*.db"):
        with open(path, "r+b") as f:
            f.write(b"\xa5" * 4096)
    s.sync()
    s.start()
    s.quiet()
    s.crash()
    for path in glob.glob(f"{s.spool}/index/*.db"):
        with open(path, "r+b") as f:
            f.write(b"\x5a" * 4096)
    s.sync()
    s.start()
    s.quiet()
    finish(s)


# ---- an operator's work --------------------------------------------------------------

def classes_change(s):
    s.start()
    s.send(some("later later+later later later"), some("later later", 20000), some("later later", priority=4))
    s.quiet()
    for name in ("urgent", "bulk", "normal", "urgent"):
        s.run_tool("queue", "move", "--class", name, "--all")
        s.quiet()
    finish(s)


def an_operator_is_at_work(s):
    s.start()
    kept, gone = some("later later+later") + some("later", 20000), some("later later") + some("later", 20000)
    s.send(kept, gone)
    s.quiet()
    s.run_tool("queue", "hold", "--all")
    s.run_tool("site", "pause", "--reason", "test", f"127.0.0.1:{s.sink_port}")
    s.quiet()
    for message in gone:
        if message.state == ACKED:
            message.deleted = None
            s.run_tool("queue", "delete", message.id)
    s.quiet()
    for message in gone:
        if message.deleted is None:
            message.deleted = True
    s.run_tool("site", "resume", f"127.0.0.1:{s.sink_port}")
    s.run_tool("queue", "release", "--all")
    s.quiet()
    finish(s)


# ---- space is given back ---------------------------------------------------------------

def segments_are_emptied(s):
    """Segments with little in them that waits."""
    s.start()
    for _ in range(4):
        s.send(some("ok later ok ok ok ok", 12000), some("ok ok+later ok", 12000))
        s.quiet()
    s.stop()
    s.start()
    s.quiet(1.5)
    finish(s)


# ---- what the disk does -------------------------------------------------------------------

def spoil(s, message, what="line 3"):
    """Flip a bit in the body of MESSAGE, as it lies on the disk."""
    needle = f"{message.name} {what}".encode()
    for path in glob.glob(f"{s.spool}/*/*.messages"):
        with open(path, "r+b") as f:
            at = f.read().find(needle)
            if at >= 0:
                f.seek(at + len(needle) - 1)
                f.write(b"\x7f")
                message.damaged = True
    s.sync()


def damage_is_found(s):
    """Bits flip in the first, a middle, and the last of the messages, and in
    a large one."""
    s.start()
    small, large = some("later later later later later later"), some("later later", 20000)
    s.send(small, large)
    s.quiet()
    s.stop()
    for message in (small[0], small[3], small[5], large[0]):
        spoil(s, message)
    s.start()
    s.quiet(1.0)
    finish(s)


def failing(rows):
    """What a Session asks before each call: the Nth CALL on KIND of each row
    fails with its number."""
    seen = {}

    def fail(point):
        for call, kind, nth, number in rows:
            if point.call == call and point.kind() == kind and point.program != "postriderd":
                n = seen[call, kind, nth] = seen.get((call, kind, nth), 0) + 1
                if n == nth:
                    return number
        return 0
    return fail


def calls_fail(s):
    """A failing disk, now and then: clients hear 451, and it goes on."""
    s.start()
    s.send(some("ok later"))
    s.quiet()
    s.fail = failing([("pwritev", "messages", 3, errno.ENOSPC), ("fdatasync", "messages", 5, errno.EIO),
                      ("fdatasync", "messages", 12, errno.EIO), ("pwritev", "messages", 20, errno.EIO),
                      ("fsync", "normal", 3, errno.EIO), ("fdatasync", "status", 4, errno.EIO),
                      ("pwritev", "status", 7, errno.ENOSPC), ("unlinkat", "messages", 2, errno.EIO),
                      ("ftruncate", "messages", 1, errno.EIO), ("openat", "messages", 4, errno.ENOSPC)])
    for _ in range(4):
        s.send(some("ok later ok", 15000), some("ok fail", 15000), some("ok later", 30000))
        s.quiet()
    s.fail = lambda point: 0
    finish(s)


EMPTYING = {"queue": "compact 90; bulk-reserve 0;"}
SCENES = {
    "mail": (mail_comes_and_goes, {}),
    "segments": (segments_fill_and_go, {}),
    "reports": (reports_go_out, {}),
    "starts": (it_starts_again_and_again, {}),
    "deaths": (processes_die, {}),
    "leftovers": (leftovers_are_cleared, {}),
    "rates": (rates_are_kept, {"site": "rate 1/s;"}),
    "classes": (classes_change, {}),
    "operator": (an_operator_is_at_work, {}),
    "emptying": (segments_are_emptied, EMPTYING),
    "damage": (damage_is_found, {}),
    "failing": (calls_fail, {}),
}
