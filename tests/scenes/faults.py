# SPDX-License-Identifier: ISC
"""faults: disks, files and processes that fail, and what mail there was."""
import collections
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import smtplib
import subprocess
import threading
import time

from scene import PEERS, Skip, free_port, in_session, wait_until

QUICK = "time-scale 0.1\nclass normal { retry 2s }\n"
PICKY = {"RCPT": {"later*": "451 4.7.1 later", "*": "250 2.1.5 Ok"}}


def _need_root(why):
    if os.getuid() != 0:
        raise Skip(f"needs root: {why}")


class _Load:
    """Clients that send numbered messages until they are told to stop; what was acknowledged is kept."""

    def __init__(self, relay, clients=4):
        self.relay, self.acknowledged, self.over = relay, [], threading.Event()
        self.threads = [threading.Thread(target=self._client, args=(i,), daemon=True) for i in range(clients)]
        for thread in self.threads:
            thread.start()

    def _client(self, number):
        count = 0
        while not self.over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self.relay.port, timeout=20) as client:
                    while not self.over.is_set():
                        name = f"m{number}-{count}"
                        count += 1
                        client.sendmail("a@client.test", [f"{name}@example.org"], f"Subject: {name}\r\n\r\nx\r\n")
                        self.acknowledged.append(name)
            except (OSError, smtplib.SMTPException):
                self.over.wait(0.02)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        assert self.acknowledged, "nothing was acknowledged, so nothing is shown"
        return self.acknowledged


def _copies(sink):
    """How often each name of a load came."""
    return collections.Counter(r["address"].split("@")[0] for m in sink.delivered() for r in m["rcpts"]
                               if r["code"] == 250)


def _all_came(sink, names):
    wait_until(lambda: set(names) <= set(_copies(sink)), "all that was acknowledged", 60)


# ---- starts ------------------------------------------------------------------------


def a_start_that_cannot_succeed_says_why_and_leaves_nobody(scene):
    running = scene.relay(to=9)
    with open(f"{scene.dir}/file", "w"):
        pass
    later = f"{scene.dir}/later"
    os.makedirs(later)
    with open(f"{later}/edition", "w") as f:
        f.write("3\n")
    rows = [
        ("a spool of a later version", "spool .*", f"spool {later}", 78, [later, "edition 3", "newer postrider"]),
        ("a file as spool", "spool .*", f"spool {scene.dir}/file", 73, [f"{scene.dir}/file"]),
        ("a spool below a file", "spool .*", f"spool {scene.dir}/file/spool", 73, [f"{scene.dir}/file"]),
        ("a spool that nobody can make", "spool .*", "spool /proc/spool", 73, ["/proc/spool"]),
        ("a log that nobody can make", "log .*", f"log file {scene.dir}/absent/log", 73, [f"{scene.dir}/absent/log"]),
        ("a control socket below a file", "control .*", f"control {scene.dir}/file/control", None,
         [f"{scene.dir}/file"]),
        ("the spool of another", "spool .*", f"spool {running.spool}", 69, [running.spool, "in use"]),
        ("the port of another", "listen .*", f"listen 127.0.0.1:{running.port}", 69, [f"127.0.0.1:{running.port}",
                                                                                      "in use"]),
        ("an address of others", "listen .*", f"listen 192.0.2.1:{free_port()}", None, ["192.0.2.1:"]),
        ("a key that is not there", "(listen .*)", rf"\1\ntls {{ certificate {scene.dir}/no.pem; key {scene.dir}/no.key }}",
         78, [f"{scene.dir}/no.pem"]),
    ]
    if os.getuid() == 0:
        rows.append(("a user that is not there", "user .*", "user nosuchuser", 78, ["nosuchuser"]))
    for words, line, instead, status, said in rows:
        relay = scene.relay(name="bad", start=False, to=9)
        scene.relays.remove(relay)
        with open(relay.conf) as f:
            text = f.read()
        changed = re.sub(f"(?m)^{line}$", instead, text, count=1)
        assert changed != text, words
        with open(relay.conf, "w") as f:
            f.write(changed)
        done = relay.refuses_to_start()
        assert done.returncode == status if status else done.returncode in (69, 71, 73), (words, done)
        assert all(word in done.stderr for word in said), (words, done.stderr)
        assert done.stderr.count("\n") <= 3, (words, done.stderr)
    assert os.listdir(later) == ["edition"], "it is left untouched"
    assert running.process.process.poll() is None
    running.send()


# ---- the spool ------------------------------------------------------------------------


def _records(path):
    """[(where a record begins, its bytes up to the next one)] of a segment."""
    with open(path, "rb") as f:
        data = f.read()
    starts = [match.start() for match in re.finditer(rb"\x8ePRmail\n", data)] + [len(data)]
    return [(begin, data[begin:end]) for begin, end in zip(starts, starts[1:])]


def _flip(path, offset):
    with open(path, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)[0]
        f.seek(offset)
        f.write(bytes([byte ^ 0x55]))


def a_record_that_the_disk_has_spoilt_is_put_aside_and_the_rest_goes_on(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(QUICK.replace("2s", "1h"), to=sink.port)
    names = [f"n{i}" for i in range(9)]
    idents = {name: relay.send(f"{name}@example.org", f"Subject: {name}\r\n\r\nthe text of {name}\r\n") for name in names}
    wait_until(lambda: len(relay.statuses("deferred")) == 9, "all are deferred")
    relay.stop()
    segment, = glob.glob(f"{relay.spool}/normal/*.messages")
    records = _records(segment)
    assert len(records) == 9
    spoilt = {1: 20, 4: None, 7: 100}       # in the header, in the text, in the envelope
    for number, offset in spoilt.items():
        begin, data = records[number]
        assert f"n{number}@example.org".encode() in data
        _flip(segment, begin + (offset or data.index(b"the text of")))
    sound = [name for i, name in enumerate(names) if i not in spoilt]
    done = relay.tool("spool", "check", check=False)
    assert done.returncode == 65 and done.stdout.count("fault: ") == 3, done
    assert os.path.basename(segment) in done.stdout, done.stdout
    sink.play({})
    relay.start().ready()
    relay.tool("flush")
    wait_until(lambda: set(sound) <= set(_copies(sink)), "the sound ones")
    wait_until(lambda: len(os.listdir(f"{relay.spool}/corrupt")) == 3, "three files in corrupt/")
    wait_until(lambda: "a" in _copies(sink), "the sender is told, where the envelope is sound")
    relay.wait_empty()
    assert _copies(sink) == {**{name: 1 for name in sound}, "a": 1}, "and of nothing else"
    told = relay.statuses("bounced")
    assert [(row["id"], row["to"], row["dsn"]) for row in told] == [(idents["n4"], "n4@example.org", "5.3.0")], told
    assert "damaged mail: 3 in corrupt/" in relay.tool("status")
    assert json.loads(relay.tool("status", "-j"))["corrupt"]["files"] == 3
    relay.wait_log(r"error: .*corrupt/")
    kept = b"".join(open(path, "rb").read() for path in glob.glob(f"{relay.spool}/corrupt/*"))
    for number in (1, 7):
        assert f"the text of n{number}".encode() in kept, "what was spoilt is kept for the operator"
    wait_until(lambda: not os.path.exists(segment), "with all of it dealt with, the segment goes")
    relay.stop()
    assert relay.tool("spool", "check").splitlines()[-1].startswith("0 faults"), "nothing is left to complain of"


def what_was_set_aside_is_listed_handed_in_again_and_removed(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(QUICK.replace("2s", "1h"), to=sink.port)
    assert relay.tool("spool", "corrupt", "list").strip() == "there is nothing in corrupt/"
    idents = [relay.send(f"n{i}@example.org", f"Subject: n{i}\r\n\r\nthe text\x1b[2J of n{i}\r\n") for i in range(3)]
    wait_until(lambda: len(relay.statuses("deferred")) == 3, "all are deferred")
    relay.stop()
    segment, = glob.glob(f"{relay.spool}/normal/*.messages")
    records = _records(segment)
    for number, where in ((0, b"the text"), (1, b"the text"), (2, b"n2@example.org")):
        begin, data = records[number]
        _flip(segment, begin + data.index(where) + (4 if number < 2 else 0))
    sink.play({"RCPT": {"n*": "250 2.1.5 Ok", "*": "250 2.1.5 Ok"}})
    relay.start().ready()
    relay.tool("flush")
    wait_until(lambda: len(glob.glob(f"{relay.spool}/corrupt/*.message")) == 3, "three files in corrupt/")
    wait_until(lambda: _copies(sink)["a"] == 2, "the sender is told of two")
    rows = [json.loads(line) for line in relay.tool("spool", "corrupt", "list", "-j").splitlines()]
    assert sorted(row["id"] for row in rows) == sorted(idents)
    assert [row["whole"] for row in rows] == [False] * 3
    row = next(row for row in rows if row["id"] == idents[0])
    assert (row["sender"], row["recipients"], row["class"]) == ("a@client.test", ["n0@example.org"], "normal"), row
    assert "recipients" not in next(row for row in rows if row["id"] == idents[2])
    listed = relay.tool("spool", "corrupt", "list")
    assert f"{idents[0]}.message" in listed and "content damaged" in listed and "no envelope" in listed
    assert "Subject: n0" in relay.tool("spool", "corrupt", "show", idents[0])
    done = relay.tool("spool", "corrupt", "requeue", idents[0], check=False)
    assert done.returncode == 65 and "--force" in done.stderr, done
    done = relay.tool("spool", "corrupt", "requeue", "--force", idents[2], check=False)
    assert done.returncode == 65 and "envelope" in done.stderr, done
    for wrong in (["requeue"], ["delete"], ["show"], ["delete", "--all", "x.message"], ["frobnicate"]):
        assert relay.tool("spool", "corrupt", *wrong, check=False).returncode == 64, wrong
    assert relay.tool("spool", "corrupt", "delete", "../normal/x.message", check=False).returncode == 65
    assert "n0" not in _copies(sink)
    answer = relay.tool("spool", "corrupt", "requeue", "--force", idents[0])
    again = re.search(r"is in the queue as (\w+)", answer).group(1)
    assert again != idents[0] and not os.path.exists(f"{relay.spool}/corrupt/{idents[0]}.message")
    wait_until(lambda: _copies(sink)["n0"] == 1, "it is delivered")
    assert relay.tool("spool", "corrupt", "delete", idents[1]) == f"removed {idents[1]}.message\n"
    relay.stop()
    done = relay.tool("spool", "corrupt", "requeue", "--force", idents[2], check=False)
    assert done.returncode == 69 and "stays in corrupt/" in done.stderr, done
    assert relay.tool("spool", "corrupt", "delete", "--all") == f"removed {idents[2]}.message\n"
    assert os.listdir(f"{relay.spool}/corrupt") == []
    relay.start().ready()
    relay.wait_empty()
    assert _copies(sink) == {"n0": 1, "a": 2}
    assert "corrupt/" not in relay.tool("status")


def _spoil(path, how):
    for name in glob.glob(f"{path}/index/*"):
        size = os.path.getsize(name)
        with open(name, "r+b") as f:
            if how == "garbage":
                f.write(os.urandom(max(size, 4096)))
            elif how == "half":
                f.truncate(size // 2)
            elif how == "empty":
                f.truncate(0)
            elif how == "one byte in the middle":
                f.seek(size // 2)
                f.write(b"\xff")


def an_index_that_is_lost_or_spoilt_is_made_anew_and_nothing_comes_twice(scene):
    sink = scene.sink(PICKY)
    relay = scene.relay(QUICK.replace("2s", "1h"), to=sink.port)
    for i in range(5):
        relay.send([f"ok{i}@example.org", f"later{i}@example.org"])
    relay.wait_deferred(5)
    waiting = sorted(row["queue_id"] for row in relay.queue())
    for how in ("removed", "garbage", "half", "empty", "one byte in the middle", "rebuilt"):
        relay.stop()
        assert os.listdir(f"{relay.spool}/index")
        if how == "removed":
            shutil.rmtree(f"{relay.spool}/index")
        elif how == "rebuilt":
            relay.tool("spool", "rebuild")
        else:
            _spoil(relay.spool, how)
        relay.start().ready()
        wait_until(lambda: sorted(row["queue_id"] for row in relay.queue()) == waiting, f"the queue after: {how}")
    sink.play({})
    relay.tool("flush")
    wait_until(lambda: len(_copies(sink)) == 10, "all ten recipients")
    relay.wait_empty()
    assert _copies(sink) == {f"{word}{i}": 1 for word in ("ok", "later") for i in range(5)}, _copies(sink)
    assert not os.listdir(f"{relay.spool}/corrupt")


@contextlib.contextmanager
def _small_disk(scene, size):
    """A file system of SIZE at the directory "small"."""
    _need_root("a file system of its own")
    path = f"{scene.dir}/small"
    os.mkdir(path)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", path],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"cannot mount a tmpfs: {done.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def _reserve(relay, options):
    """Its queue { } has these OPTIONS instead."""
    with open(relay.conf) as f:
        text = f.read()
    with open(relay.conf, "w") as f:
        f.write(text.replace("queue { reserve 1M }", f"queue {{ {options} }}"))
    return relay


def a_full_disk_stops_what_comes_in_and_not_what_goes_out(scene):
    with _small_disk(scene, "6M") as disk:
        sink = scene.sink({"RCPT": "451 4.7.1 later"})
        relay = scene.relay(start=False)
        relay.spool = f"{disk}/spool"
        relay.configure(f"{QUICK.replace('2s', '1h')}queue {{ segment-size 256k }}\nroute * {{ to 127.0.0.1:{sink.port} }}")
        relay.start().ready()
        text, names = "Subject: x\r\n\r\n" + ("x" * 70 + "\r\n") * 700, []

        def refused():
            with relay.smtp() as client:
                code, answer = client.mail("a@client.test")
                if code == 250:
                    assert client.rcpt(f"m{len(names)}@example.org")[0] == 250
                    code, answer = client.data(text)
            if code != 250:
                assert (code, answer[:5]) == (452, b"4.3.1"), (code, answer)
                return True
            names.append(f"m{len(names)}")
            return False

        wait_until(refused, "the disk is full", 60)
        assert len(names) > 40, f"only {len(names)} messages of 50 KB on 6 MB"
        relay.wait_deferred(len(names))
        sink.play({})
        relay.tool("flush")
        wait_until(lambda: len(_copies(sink)) == len(names), "delivery goes on")
        relay.wait_empty()
        assert _copies(sink) == {name: 1 for name in names}
        # and what was delivered makes room
        wait_until(lambda: not refused(), "mail is taken again")
        wait_until(lambda: len(_copies(sink)) == len(names), "the new one")
        relay.stop()


def a_disk_that_others_fill_to_the_last_byte_loses_and_repeats_nothing(scene):
    with _small_disk(scene, "8M") as disk:
        sink = scene.sink({"RCPT": "451 4.7.1 later"})
        relay = scene.relay(start=False)
        relay.spool = f"{disk}/spool"
        relay.configure(f"{QUICK.replace('2s', '1h')}route * {{ to 127.0.0.1:{sink.port} }}").start().ready()
        for i in range(20):
            relay.send(f"m{i}@example.org")
        relay.wait_deferred(20)
        with open(f"{disk}/hog", "wb", buffering=0) as hog:
            with contextlib.suppress(OSError):
                while hog.write(b"x" * 4096):
                    pass

        def refused():
            with relay.smtp() as client:
                return client.mail("a@client.test")[0] == 452
        wait_until(refused, "no mail is taken")
        sink.play({})
        relay.tool("flush")
        wait_until(lambda: len(_copies(sink)) >= 1, "delivery goes on")
        os.unlink(f"{disk}/hog")
        wait_until(lambda: len(_copies(sink)) == 20, "all of it")
        wait_until(lambda: not refused(), "mail is taken again")
        relay.send("m20@example.org")
        wait_until(lambda: len(_copies(sink)) == 21, "the new one")
        relay.wait_empty()
        relay.stop()
        relay.start().ready()
        assert relay.queue() == [] and _copies(sink) == {f"m{i}": 1 for i in range(21)}
        relay.stop()


def a_disk_that_has_room_but_no_files_left_keeps_them_for_urgent_mail(scene):
    with _small_disk(scene, "200M,nr_inodes=90") as disk:
        relay = scene.relay(start=False)
        relay.spool = f"{disk}/spool"
        relay.configure("".join(f"class {name} {{ retry 1h }}\n" for name in ("urgent", "normal", "bulk")) +
                        f"queue {{ bulk-reserve 1M }}\nroute * {{ to 127.0.0.1:{free_port()} }}").start().ready()
        text = "Subject: x\r\n\r\n" + ("x" * 998 + "\r\n") * 300      # each has a file of its own

        def refused(priority):
            with relay.smtp() as client:
                code, answer = client.mail("a@client.test", [f"MT-PRIORITY={priority}"])
                if code == 250:
                    assert client.rcpt("b@example.org")[0] == 250
                    code, answer = client.data(text)
            assert code == 250 or (code, answer[:5]) == (452, b"4.3.1"), (code, answer)
            return code != 250

        left = {}
        for klass, priority in (("bulk", -5), ("normal", 0), ("urgent", 5)):
            wait_until(lambda: refused(priority), f"no {klass} mail is taken", 60)
            left[klass] = os.statvfs(disk).f_favail
        assert left["bulk"] > left["normal"] > left["urgent"] > 0, left
        relay.stop()


def a_move_on_a_full_disk_takes_no_room_and_loses_and_repeats_nothing(scene):
    with _small_disk(scene, "8M") as disk:
        sink = scene.sink({"RCPT": "451 4.7.1 later"})
        relay = scene.relay(start=False)
        relay.spool = f"{disk}/spool"
        relay.configure("".join(f"class {name} {{ retry 1h }}\n" for name in ("urgent", "normal", "bulk")) +
                        f"route * {{ to 127.0.0.1:{sink.port} }}")
        _reserve(relay, "reserve 0; bulk-reserve 0").start().ready()
        for i in range(20):
            relay.send(f"m{i}@example.org", "Subject: x\r\n\r\n" + "x" * 990 + "\r\n")
        relay.wait_deferred(20)

        def all_move(klass):
            # the index may fail for want of room; what is not read again yet is not met
            return relay.tool("queue", "move", "--class", klass, "--all") and \
                [row["class"] for row in relay.queue()] == [klass] * 20

        with open(f"{disk}/hog", "wb", buffering=0) as hog:
            with contextlib.suppress(OSError):
                while True:
                    hog.write(b"x" * 4096)
            hog.truncate(hog.tell() - 12288)    # statuses find a block, copies would not
        wait_until(lambda: all_move("urgent"), "all are urgent")
        os.kill(relay.processes()["scheduler"], signal.SIGKILL)
        wait_until(lambda: relay.tool("status", check=False).returncode == 0, "the next scheduler")
        os.unlink(f"{disk}/hog")
        wait_until(lambda: [row["class"] for row in relay.queue()] == ["urgent"] * 20, "it knows of the change")
        wait_until(lambda: all_move("bulk"), "all are bulk")
        sink.play({})
        relay.tool("flush")
        relay.wait_empty()
        assert _copies(sink) == {f"m{i}": 1 for i in range(20)}, _copies(sink)
        relay.stop()


def a_move_leaves_the_reserve_alone(scene):
    with _small_disk(scene, "16M") as disk:
        relay = scene.relay(start=False)
        relay.spool = f"{disk}/spool"
        relay.configure("".join(f"class {name} {{ retry 1h }}\n" for name in ("urgent", "normal", "bulk")) +
                        f"route * {{ to 127.0.0.1:{free_port()} }}")
        _reserve(relay, "reserve 4M; bulk-reserve 0; segment-size 32M").start().ready()
        text = "Subject: x\r\n\r\n" + ("x" * 998 + "\r\n") * 100
        for _ in range(80):
            relay.send(text=text, options=["MT-PRIORITY=-5"])
        wait_until(lambda: len(relay.queue()) == 80, "all wait")

        def spool_bytes():
            return sum(os.stat(path).st_blocks * 512 for klass in ("urgent", "normal", "bulk")
                       for path in glob.glob(f"{relay.spool}/{klass}/*"))

        before = spool_bytes()
        for klass in ("normal", "urgent", "bulk"):
            assert relay.tool("queue", "move", "--class", klass, "--all") == "moved 80, skipped 0 under way\n"
            assert [row["class"] for row in relay.queue()] == [klass] * 80
        assert spool_bytes() - before < 256 << 10, (before, spool_bytes())
        assert "status records cannot be kept" not in relay.log_text()
        relay.stop()


# ---- processes ----------------------------------------------------------------------------


def a_process_that_is_killed_is_replaced_and_nothing_is_lost(scene):
    sink = scene.sink()
    relay = scene.relay(QUICK, to=sink.port)
    load = _Load(relay)
    for role in ("receiver", "deliverer", "scheduler", "resolver"):
        before = relay.processes()
        seen = len(load.acknowledged)
        os.kill(before[role], signal.SIGKILL)

        def replaced():
            done = relay.tool("status", "-j", check=False)
            return done.returncode == 0 and relay.processes().get(role, before[role]) != before[role]
        wait_until(replaced, f"another {role}")
        wait_until(lambda: len(load.acknowledged) >= seen + 20, f"service after the death of the {role}")
        after = relay.processes()
        assert {r: pid for r, pid in after.items() if r != role} == {r: pid for r, pid in before.items() if r != role}
    names = load.stop()
    _all_came(sink, names)
    relay.wait_empty()
    copies = _copies(sink)
    extra = sum(copies[name] - 1 for name in names)
    assert extra <= 60, f"{extra} copies of {len(names)}: more than were under way at the two kills that may make some"
    assert relay.log_text().count("was killed by signal 9") == 4


def when_the_master_is_killed_its_children_leave_and_the_next_one_goes_on(scene):
    sink = scene.sink(PICKY)
    relay = scene.relay(QUICK, to=sink.port)
    relay.process.process.kill()
    relay.process.process.wait()
    relay.process = None
    relay.start().ready()
    load = _Load(relay)
    wait_until(lambda: len(load.acknowledged) >= 50, "some load")
    relay.send("later@example.org")
    children = list(relay.processes().values())
    relay.process.process.kill()
    relay.process.process.wait()
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), "the children are gone")
    names = load.stop()
    sink.play({})
    relay.start().ready()
    _all_came(sink, [*names, "later"])
    relay.wait_empty()
    assert set(_copies(sink)) >= set(names)


def reloads_under_load_lose_nothing_and_drop_nobody(scene):
    sink = scene.sink()
    relay = scene.relay(QUICK, to=sink.port)
    with relay.smtp() as client:
        load = _Load(relay, 3)
        pids = relay.processes()
        for i in range(15):
            seen = len(load.acknowledged)
            text = f"{QUICK}limits {{ recipients {1000 + i} }}\n"
            # each third one is bad, and changes nothing
            relay.configure(text + ("nonsense" if i % 3 == 1 else f"route * {{ to 127.0.0.1:{sink.port} }}"))
            relay.process.kill(signal.SIGHUP)
            wait_until(lambda: len(load.acknowledged) > seen + 3, "service goes on")
            assert client.noop()[0] == 250, "an open session goes on"
        names = load.stop()
        _all_came(sink, names)
        assert client.mail("a@client.test")[0] == 250, "and can be used"
    relay.wait_empty()
    assert _copies(sink) == {name: 1 for name in names}
    assert relay.processes() == pids
    assert len(re.findall(r"nonsense", relay.log_text())) >= 1


def a_stop_under_load_loses_and_repeats_nothing(scene):
    sink = scene.sink({"delay": {"DOT": 0.01}})
    relay = scene.relay(QUICK + "site * { connections 5 }", to=sink.port)
    load = _Load(relay, 6)
    wait_until(lambda: len(load.acknowledged) > 150, "some load")
    pids = list(relay.processes().values())
    relay.stop()
    names = load.stop()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    relay.start().ready()
    _all_came(sink, names)
    relay.wait_empty()
    copies = _copies(sink)
    assert {name: copies[name] for name in names} == {name: 1 for name in names}


# ---- other things that run out ----------------------------------------------------------------


def a_log_that_cannot_be_written_holds_nothing_up(scene):
    sink = scene.sink()
    relay = scene.relay(QUICK, to=sink.port, log="file /dev/full")
    for i in range(50):
        relay.send(f"n{i}@example.org")
    sink.wait(50)
    relay.wait_empty()
    assert "error" not in relay.process.errors()


def _descriptors(pid, most):
    """Process PID may have so many from now on; said by the user that it runs as."""
    how = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={most}:"], check=True, **how)


def a_deliverer_without_descriptors_does_not_spin(scene):
    sink = scene.sink()
    relay = scene.relay(QUICK, to=sink.port)
    pid = relay.processes()["deliverer"]
    held = len(os.listdir(f"/proc/{pid}/fd"))
    _descriptors(pid, held + 1)

    def used():
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used()
    for i in range(20):
        relay.send(f"n{i}@example.org")
    relay.wait_log("oo many open files")
    relay.wait_log("status=deferred")
    assert used() - before < 1, f"{used() - before} s of CPU for nothing"
    assert not sink.messages()
    _descriptors(pid, 1024)
    relay.tool("flush")
    sink.wait(20)
    relay.wait_empty()
    assert relay.processes()["deliverer"] == pid


def _faked(scene, conf, to):
    """A relay whose wall clock is in a file, not yet started; start(days) and jump(days), or (minutes, "m")."""
    found = glob.glob("/usr/lib/*/faketime/libfaketime.so.1") + \
        glob.glob(f"{PEERS}/libfaketime/usr/lib/*/faketime/libfaketime.so.1")
    if scene.sanitized():
        raise Skip("libfaketime and AddressSanitizer do not go together")
    if not found:
        raise Skip("libfaketime is not on this machine")
    os.chmod(scene.dir, 0o777)
    relay = scene.relay(conf, start=False, to=to)
    clock = f"{scene.dir}/clock"

    def jump(count, unit="d"):
        with open(clock + ".new", "w") as f:
            f.write(f"{count:+d}{unit}\n")
        os.rename(clock + ".new", clock)

    def start(count, unit="d"):
        jump(count, unit)
        how = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        relay.process = scene.beside("postriderd", [f"{scene.prefix}/sbin/postriderd", "-f", "-c", relay.conf], env={
            **os.environ, "LD_PRELOAD": os.path.realpath(found[0]), "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_RESET": "1"}, **how)
        relay.ready()

    return relay, start, jump


def a_wall_clock_that_jumps_expires_nothing_and_holds_nothing_up(scene):
    """The processes are nobody's and not jailed here: they must find the file with the time."""
    sink = scene.sink(PICKY)
    relay, start, jump = _faked(scene, "class normal { retry 1h; lifetime 2d; warn 1d }\nsite * { idle 0s }", sink.port)
    start(0)
    waiting = [relay.send("later@example.org")]
    relay.wait_log("status=deferred")
    for number, days in enumerate((10, -20, 3)):
        jump(days)
        relay.wait_over(relay.send(f"ok{number}@example.org"))
        waiting.append(relay.send(f"later{number}@example.org"))
        relay.wait_log(f"{waiting[-1]}: .*status=deferred")
        stamp = time.strftime("%b %e", time.localtime(time.time() + 86400 * days))
        assert re.search(rf"(?m)^{stamp} .*ok{number}@example.org.*status=sent", relay.log_text()), "the clock did jump"
    relay.wait_log("warning: the clock jumped by ")
    relay.wait_deferred(4)
    assert sorted(row["queue_id"] for row in relay.queue()) == sorted(waiting)
    assert not relay.statuses("expired") and "notification" not in relay.log_text()
    assert len(relay.statuses("deferred")) == 4, "and nothing is tried before its time"
    sink.play({})
    relay.tool("flush")
    relay.wait_over(*waiting)
    wanted = {f"{word}{i}": 1 for word in ("ok", "later") for i in range(3)} | {"later": 1}
    wait_until(lambda: _copies(sink) == wanted, "each comes once")


def times_that_mail_brings_along_hold_while_the_clock_is_minutes_off(scene):
    """Too little for anybody to call it absurd: the receivers' clock is off, that of the queue is not."""
    script = {**PICKY, "extensions": ["PIPELINING", "DELIVERBY", "DSN"]}
    sink, home = scene.troupe([script, {}])
    relay, start, jump = _faked(scene, f"class normal {{ retry 1h }}\nroute sender.test {{ to 127.0.0.1:{home.port} }}", sink.port)
    start(0)
    relay.wait_over(relay.send("first@example.org"))
    for minutes in (30, -30):
        jump(minutes, "m")
        begin = time.monotonic()
        held = relay.send(f"held{minutes}@example.org", options=["HOLDFOR=6"])
        short = relay.send("later@example.org", sender="a@sender.test", options=["BY=4;R"])
        long = relay.send("later@example.org", sender="a@sender.test", options=["BY=600;R"])
        relay.wait_log(f"{short}: .*status=deferred")
        relay.wait_over(short)
        assert 3.9 < time.monotonic() - begin < 7, f"by {minutes} minutes: back after {time.monotonic() - begin:.1f} s"
        relay.wait_over(held)
        assert 5.9 < time.monotonic() - begin < 10, f"by {minutes} minutes: held {time.monotonic() - begin:.1f} s"
        assert not relay.statuses("expired", id=long)
    relay.wait_log("warning: the clock jumped by ")
    assert len(home.wait(2)) == 2


def a_restart_with_the_clock_years_off_expires_nothing_and_holds_nothing_up(scene):
    sink = scene.sink(PICKY)
    relay, start, jump = _faked(scene, "class normal { retry 1h; lifetime 2d; warn 1d }\nsite * { idle 0s }", sink.port)
    start(0)
    waiting = []
    for number, days in enumerate((0, 1000, -1000, 1000)):
        if number > 0:
            start(days)
        waiting.append(relay.send(f"later{number}@example.org"))
        relay.wait_deferred(len(waiting))
        relay.tool("flush")
        for i, queue_id in enumerate(waiting):
            tries = number - i + 2
            relay.wait_log(f"(?s)({queue_id}: [^\\n]*status=deferred.*){{{tries}}}")
        assert sorted(row["queue_id"] for row in relay.queue()) == sorted(waiting)
        relay.stop()
    assert not relay.statuses("expired") and "notification" not in relay.log_text()
    sink.play({})
    start(0)
    relay.tool("flush")
    relay.wait_over(*waiting)
    wait_until(lambda: _copies(sink) == {f"later{i}": 1 for i in range(4)}, "each comes once")


def a_clock_that_was_years_ahead_gives_no_mail_after_it_a_longer_life(scene):
    """The time that it skipped was taken for an outage; put right, that lies in the future."""
    sink, home = scene.troupe([PICKY, {}])
    relay, start, jump = _faked(scene, "class normal { retry 1s; lifetime 4s; warn 2s }\n"
                                f"route sender.test {{ to 127.0.0.1:{home.port} }}", sink.port)
    for days in (0, 1000):
        start(days)
        relay.stop()
    start(0)
    relay.wait_over(relay.send("later@example.org", sender="a@sender.test"))
    reports = home.wait(2)
    assert [re.search(rb"\r\nAction: (\w+)", m["body"]).group(1) for m in reports] == [b"delayed", b"failed"]
    assert not sink.messages()


def a_clock_that_was_ahead_and_is_put_right_holds_nothing_up(scene):
    """By days, which a hold may last, by years, and by less than the longest pause: all waits as long as it was to wait."""
    sink, home = scene.troupe([{**PICKY, "extensions": ["PIPELINING", "DELIVERBY"]}, {}])
    text = f"class normal {{ retry 1m 4h; lifetime 2d; warn 1d }}\nroute sender.test {{ to 127.0.0.1:{home.port} }}"
    for number, (count, unit) in enumerate(((3, "d"), (1000, "d"), (300, "m")), 1):
        with scene.row(f"ahead by {count}{unit}"):
            relay, start, jump = _faked(scene, text, sink.port)
            start(count, unit)
            begin = time.monotonic()
            held = relay.send(f"held{count}@example.org", options=["HOLDFOR=4"])
            short = relay.send("later@example.org", sender="a@sender.test", options=["BY=6;R"])
            later = relay.send("later@example.org")
            for ident in (short, later):
                relay.wait_log(f"{ident}: .*status=deferred")
            relay.stop()
            start(0)
            row, = wait_until(lambda: [r for r in relay.queue() if r["queue_id"] == later], "the mail that waits for long")
            assert row["arrival_time"] <= time.time() + 1 and row["next_attempt"] <= time.time() + 80, row
            relay.wait_over(held)
            assert time.monotonic() - begin >= 3.9, f"held {time.monotonic() - begin:.1f} s"
            relay.wait_over(short)
            assert time.monotonic() - begin >= 5.9, f"back after {time.monotonic() - begin:.1f} s"
            home.wait(number)
            assert not relay.statuses("expired", id=later)
            relay.stop()
    assert len(sink.wait(3)) == 3
