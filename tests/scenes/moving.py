# SPDX-License-Identifier: ISC
"""moving: messages that change their class while they wait, and what is done gives its space back."""
import glob
import json
import os
import signal

from scene import free_port, wait_until

SLOW = "".join(f"class {name} {{ retry 1h }}\n" for name in ("urgent", "normal", "bulk"))
BULK = "Precedence: bulk\r\n\r\nx\r\n"


def _users(sink):
    return [r["address"].split("@")[0] for m in sink.delivered() for r in m["rcpts"]]


def _counts(relay):
    rows = relay.queue()
    return {klass: sum(row["class"] == klass for row in rows) for klass in ("urgent", "normal", "bulk")}


def _rest(relay):
    """What has been tried by now came back: nothing is under way that could not be moved."""
    def under_way():
        queue = json.loads(relay.tool("status", "-j"))["queue"].values()
        return sum(row["flying"] for row in queue)
    wait_until(lambda: under_way() == 0, "nothing is under way")


def _flying(relay):
    return {klass: row["flying"] for klass, row in json.loads(relay.tool("status", "-j"))["queue"].items()}


def _segments(relay, klass):
    return glob.glob(f"{relay.spool}/{klass}/*.messages")


def _files(relay, klass):
    return [os.stat(path) for path in _segments(relay, klass)]


def _metric(relay, name):
    return sum(row["metrics"].get(name, 0) for row in json.loads(relay.tool("status", "-j"))["processes"])


def _contents(relay):
    """What is in the segments of all classes, by their names."""
    found = {}
    for path in _segments(relay, "*"):
        with open(path, "rb") as f:
            found[path] = hash(f.read())
    return found


def a_bulk_message_moved_to_urgent_overtakes_the_others(scene):
    sink = scene.sink({"delay": {"DOT": 0.15}})
    relay = scene.relay(SLOW + "site * { connections 1 }", to=sink.port)
    idents = [relay.send(f"bulk{i}@example.org", BULK) for i in range(30)]
    before = len(_users(sink))
    assert relay.tool("queue", "move", "--class", "urgent", idents[29]) == "moved 1, skipped 0 under way\n"
    sink.wait(30)
    order = _users(sink)
    assert sorted(order) == sorted(f"bulk{i}" for i in range(30)), order
    # two may have been given out before it, and one is being sent
    assert order.index("bulk29") <= before + 4, order
    relay.wait_over(*idents)
    sent = relay.statuses("sent", id=idents[29])
    assert [(row["klass"], row["attempt"]) for row in sent] == [("urgent", "1")], sent


def a_moved_message_keeps_its_id_and_its_tries_and_is_due(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(SLOW, to=sink.port)
    ident = relay.send("b@example.org", BULK)
    other = relay.send("c@example.org", BULK)
    wait_until(lambda: [row["attempts"] for row in relay.queue()] == [1, 1], "both are deferred")
    before = {row["queue_id"]: row for row in relay.queue()}
    sink.play({})
    assert relay.tool("queue", "move", "--class", "urgent", "--recipient", "b@*") == "moved 1, skipped 0 under way\n"
    sink.wait(1)
    relay.wait_over(ident)
    sent = relay.statuses("sent", id=ident)
    assert [(row["klass"], row["attempt"]) for row in sent] == [("urgent", "2")], sent
    assert relay.queue() == [before[other]]
    # downwards it keeps its time
    assert relay.tool("queue", "move", "--class", "normal", other) == "moved 1, skipped 0 under way\n"
    sink.wait(2)


def a_move_needs_a_class_and_to_be_told_which(scene):
    relay = scene.relay(SLOW, to=free_port())
    ident = relay.send("b@example.org", BULK)
    for words in ([ident], ["--class", "urgent"], ["--class", "soon", ident], ["--class", "urgent", "x"]):
        done = relay.tool("queue", "move", *words, check=False)
        assert done.returncode == 64, (words, done)
    done = relay.tool("queue", "move", "--class", "bulk", ident, check=False)
    assert done.returncode == 66 and done.stdout == "moved 0, skipped 0 under way\n", done
    assert relay.tool("queue", "move", "--class", "urgent", "--from-class", "normal") == \
        "moved 0, skipped 0 under way\n"
    assert _counts(relay) == {"urgent": 0, "normal": 0, "bulk": 1}


def a_whole_class_moves_and_its_files_stay_as_they_are(scene):
    port = free_port()
    relay = scene.relay(SLOW + "queue { segment-size 64k; status-sync 0s; window 20 }", to=port)
    text = BULK + "y" * 3000 + "\r\n"
    idents = [relay.send(f"bulk{i}@example.org", text) for i in range(60)]
    wait_until(lambda: len(_segments(relay, "bulk")) >= 2, "several segments")
    _rest(relay)
    before = _contents(relay)
    assert relay.tool("queue", "move", "--class", "normal", "--from-class", "bulk") == \
        "moved 60, skipped 0 under way\n"
    assert _counts(relay) == {"urgent": 0, "normal": 60, "bulk": 0}
    assert _contents(relay) == before
    sink = scene.sink(None, "--port", str(port))
    relay.tool("flush")
    sink.wait(60)
    assert sorted(_users(sink)) == sorted(f"bulk{i}" for i in range(60))
    relay.wait_over(*idents)


def a_large_message_moves_and_nothing_of_it_is_copied(scene):
    port = free_port()
    relay = scene.relay(SLOW, to=port)
    body = "".join(f"{i:06d} all that was to be said, and then some\r\n" for i in range(60000))
    ident = relay.send("b@example.org", BULK + body)
    _rest(relay)
    before = _contents(relay)
    assert relay.tool("queue", "move", "--class", "urgent", ident) == "moved 1, skipped 0 under way\n"
    assert _contents(relay) == before
    sink = scene.sink(None, "--port", str(port))
    relay.tool("flush")
    [message] = sink.wait(1)
    assert message["body"].decode().endswith(body)
    relay.wait_over(ident)
    [sent] = relay.statuses("sent", id=ident)
    assert sent["klass"] == "urgent", sent


def what_is_being_delivered_moves_too_and_comes_back_as_the_new_class(scene):
    sink = scene.sink({"delay": {"DOT": 1.5}, "DOT": "451 4.3.0 not now"})
    relay = scene.relay(SLOW, to=sink.port)
    ident = relay.send("b@example.org", BULK)
    wait_until(lambda: _flying(relay) == {"urgent": 0, "normal": 0, "bulk": 1}, "it is being delivered")
    assert relay.tool("queue", "move", "--class", "urgent", ident) == "moved 1, skipped 0 under way\n"
    assert _counts(relay) == {"urgent": 1, "normal": 0, "bulk": 0}
    assert _flying(relay) == {"urgent": 0, "normal": 0, "bulk": 1}, "it counts as what it took off as"
    _rest(relay)
    assert _counts(relay) == {"urgent": 1, "normal": 0, "bulk": 0}
    sink.play({})
    relay.tool("flush")
    relay.wait_over(ident)
    assert [(r["klass"], r["attempt"]) for r in relay.statuses("sent", id=ident)] == [("urgent", "2")]
    assert len(_users(sink)) == 1


def what_was_moved_is_delivered_once_after_a_kill(scene):
    port = free_port()
    relay = scene.relay(SLOW, to=port)
    idents = [relay.send(f"bulk{i}@example.org", BULK) for i in range(20)]
    _rest(relay)
    assert relay.tool("queue", "move", "--class", "urgent", "--all") == "moved 20, skipped 0 under way\n"
    os.kill(relay.processes()["scheduler"], signal.SIGKILL)
    wait_until(lambda: relay.tool("queue", "list", "-j", check=False).returncode == 0 and
               _counts(relay) == {"urgent": 20, "normal": 0, "bulk": 0}, "the next scheduler knows them all")
    _rest(relay)
    assert relay.tool("queue", "move", "--class", "normal", *idents[:10]) == "moved 10, skipped 0 under way\n"
    relay.stop()
    sink = scene.sink(None, "--port", str(port))
    relay.start().ready()
    relay.tool("flush")
    sink.wait(20)
    relay.wait_over(*idents)
    assert sorted(_users(sink)) == sorted(f"bulk{i}" for i in range(20))


def a_damaged_message_moves_like_the_others_and_is_kept_when_its_turn_comes(scene):
    port = free_port()
    relay = scene.relay(SLOW, to=port)
    idents = [relay.send(f"bulk{i}@example.org", BULK + f"marked {i}\r\n") for i in range(3)]
    wait_until(lambda: _counts(relay)["bulk"] == 3, "three wait")
    for path in _segments(relay, "bulk"):
        with open(path, "r+b") as f:
            at = f.read().find(b"marked 1\r\n")
            if at >= 0:
                f.seek(at)
                f.write(b"MARKED")
    _rest(relay)
    assert relay.tool("queue", "move", "--class", "urgent", "--all") == "moved 3, skipped 0 under way\n"
    assert os.listdir(f"{relay.spool}/corrupt") == []
    sink = scene.sink(None, "--port", str(port))
    relay.tool("flush")
    relay.wait_over(idents[0], idents[2])
    wait_until(lambda: os.listdir(f"{relay.spool}/corrupt") == [f"{idents[1]}.message"], "the damaged one is kept")
    assert sorted(user for user in _users(sink) if user.startswith("bulk")) == ["bulk0", "bulk2"]


def an_old_file_gives_back_the_space_of_what_is_done_in_it(scene):
    sink = scene.sink({"RCPT": {"stay@*": "451 4.7.1 later", "*": "250 2.1.5 Ok"}})
    relay = scene.relay("time-scale 0.001\nreceivers 1\nclass bulk { retry 7d; lifetime 30d; warn never }\n"
                        "queue { bulk-reserve 0 }", to=sink.port)
    text = BULK + "y" * 3000 + "\r\n"
    others = [relay.send(f"bulk{i}@example.org", text) for i in range(20)]
    ident = relay.send("stay@example.org", text)
    others += [relay.send(f"bulk{i}@example.org", text) for i in range(20, 40)]
    relay.wait_over(*others)
    relay.stop()  # its receiver appended to what is an old file now
    [before] = _files(relay, "bulk")
    relay.start().ready()
    wait_until(lambda: _files(relay, "bulk")[0].st_blocks * 512 < 25000, "most of it is given back", 60)
    [after] = _files(relay, "bulk")
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size) and before.st_blocks * 512 > 100000
    [row] = relay.queue()
    assert row["queue_id"] == ident and row["attempts"] == 1, row
    wait_until(lambda: _metric(relay, "compacted") == 1, "it is counted")
    assert _metric(relay, "compacted-bytes") == (before.st_blocks - after.st_blocks) * 512
    checked = relay.tool("spool", "check")
    assert "0 faults" in checked, checked
    assert os.listdir(f"{relay.spool}/corrupt") == []
    sink.play({})
    relay.tool("flush")
    relay.wait_over(ident)
    assert sorted(_users(sink)) == sorted([f"bulk{i}" for i in range(40)] + ["stay"])
    wait_until(lambda: not _segments(relay, "bulk"), "the file goes")
