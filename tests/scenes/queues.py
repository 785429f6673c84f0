# SPDX-License-Identifier: ISC
"""queues: what waits, in which order it leaves, and what an operator may do with it."""
import re
from collections import Counter

from scene import free_port, wait_until

SLOW = "".join(f"class {name} {{ retry 1h }}\n" for name in ("urgent", "normal", "bulk"))
HEADER = {"urgent": "MT-Priority: 4", "normal": "Subject: x", "bulk": "Precedence: bulk"}


def _send(relay, klass, to="b@example.org", sender="a@client.test"):
    return relay.send(to, f"{HEADER[klass]}\r\n\r\nx\r\n", sender=sender)


def _users(sink):
    return [r["address"].split("@")[0] for m in sink.delivered() for r in m["rcpts"]]


def after_a_start_urgent_mail_leaves_first(scene):
    port = free_port()
    relay = scene.relay(SLOW + "site * { connections 1; idle 0s }", to=port)
    for klass, count in (("bulk", 60), ("normal", 30), ("urgent", 5)):
        for i in range(count):
            _send(relay, klass, f"{klass}{i}@example.org")
    assert len(relay.queue()) == 95
    relay.stop()
    sink = scene.sink(None, "--port", str(port))
    relay.start().ready()
    relay.tool("flush")
    wait_until(lambda: len(_users(sink)) >= 95, "all")
    relay.wait_empty()
    order = [re.sub(r"\d+", "", user) for user in _users(sink)]
    assert len(order) == 95 and sorted(order).count("urgent") == 5
    last = {klass: len(order) - order[::-1].index(klass) for klass in HEADER}
    # what was given out before the start had seen all may go before
    assert last["urgent"] <= 5 + 5, order
    assert last["normal"] <= 35 + 10, order


def what_waited_is_delivered_after_a_start_and_what_is_held_is_not(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(SLOW + "site * { idle 0s }", to=sink.port)
    idents = {klass: [_send(relay, klass, f"{klass}{i}@example.org") for i in range(4)] for klass in HEADER}
    relay.wait_deferred(12)
    held = [idents[klass][0] for klass in HEADER]
    assert relay.tool("queue", "hold", *held) == "held 3 messages\n"
    relay.stop()
    sink.play({})
    relay.start().ready()
    assert sorted(row["queue_id"] for row in relay.queue() if row["queue_name"] == "hold") == sorted(held)
    relay.tool("flush")
    sink.wait(9)
    wait_until(lambda: sorted(row["queue_id"] for row in relay.queue()) == sorted(held), "the held ones stay")
    assert not any(user.endswith("0") for user in _users(sink)), _users(sink)
    listing = relay.tool(program="bin/mailq")
    assert all(f"\n{ident}! " in listing for ident in held), listing
    assert relay.tool("queue", "release", "--all") == "released 3 messages\n"
    sink.wait(12)
    relay.wait_over(*held)


def flush_tries_what_it_is_told_to_and_nothing_else(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(SLOW + "site * { idle 0s }\nroute other.test { to 127.0.0.1:%d }" % sink.port, to=sink.port)
    rows = {
        "urgent": _send(relay, "urgent", "urgent@example.org"),
        "bulk": _send(relay, "bulk", "bulk@example.org"),
        "sender": _send(relay, "normal", "sender@example.org", sender="app@special.test"),
        "domain": _send(relay, "normal", "domain@other.test"),
        "normal": _send(relay, "normal", "normal@example.org"),
    }
    tried = {user: 1 for user in rows}
    relay.wait_deferred(5)
    for words, who in ((["--class", "bulk"], ["bulk"]), (["--sender", "*@special.test"], ["sender"]),
                       (["--site", "other.test"], ["domain"]), (["--class", "urgent", "--sender", "a@*"], ["urgent"]),
                       (["--class", "urgent", "--sender", "x@*"], []), ([], list(rows))):
        assert relay.tool("flush", *words) == ""
        for user in who:
            tried[user] += 1
        wait_until(lambda: Counter(row["to"].split("@")[0] for row in relay.statuses("deferred")) == tried,
                   f"flush {words}: {tried}")
        relay.wait_deferred(5)
        # what was brought forward is not counted
        assert {row["attempts"] for row in relay.queue()} == {1}
    assert sorted(row["to"].split("@")[0] for row in relay.statuses("deferred")) == \
        sorted(user for user, count in tried.items() for _ in range(count))
    for words, who in (("retry", "normal"), ("delete", "bulk")):
        relay.tool("queue", words, rows[who])
    wait_until(lambda: len(relay.statuses("deferred", to="normal@example.org")) == 3, "the one retried")
    wait_until(lambda: rows["bulk"] not in [row["queue_id"] for row in relay.queue()], "the deleted one is gone")
    sink.play({})
    relay.tool("flush")
    relay.wait_over(*(ident for user, ident in rows.items() if user != "bulk"))
    relay.wait_empty()
    wait_until(lambda: sorted(_users(sink)) == sorted(user for user in rows if user != "bulk"), "the others arrive")


CONTENTS = {
    "dots": b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\nend\r\n",
    "eight bits": "Subject: eight\r\n\r\nä €\r\n".encode(),
    "a header alone": b"Subject: alone\r\n",
    "a long line": b"Subject: long\r\n\r\n" + b"x" * 5000 + b"\r\n",
    "many bytes": b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 30000,
}


def what_is_shown_of_a_message_is_what_was_sent_and_what_arrives(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(SLOW + "site * { idle 0s }", to=sink.port)
    idents = {}
    for words, content in CONTENTS.items():
        with relay.smtp() as client:
            client.mail("a@client.test", ["BODY=8BITMIME"])
            client.rcpt(f"{words.replace(' ', '.')}@example.org")
            code, answer = client.data(content)
            assert code == 250, answer
            idents[words] = answer.decode().split()[-1]
    relay.wait_deferred(len(CONTENTS))
    for words, content in CONTENTS.items():
        whole = relay.tool("queue", "show", idents[words])
        envelope = relay.tool("queue", "show", "-e", idents[words])
        shown = whole[len(envelope):].lstrip("\n")
        assert whole.startswith(envelope) and shown.startswith("Received: from client.test"), whole[:500]
        content = content.replace(b"\r\n", b"\n").decode()
        assert shown.endswith("+0000\n" + content) or shown.split("\n", 4)[-1].endswith(content), (words, shown[-300:])
    sink.play({})
    relay.tool("flush")
    for message in sink.wait(len(CONTENTS)):
        words = message["rcpts"][0]["address"].split("@")[0].replace(".", " ")
        body = re.sub(rb"(?m)^\.", b"", message["body"])
        assert body[re.match(rb"Received:.*?\r\n(?![ \t])", body, re.S).end():] == CONTENTS[words], words


def mailq_shows_what_is_under_way_what_waits_and_what_is_held(scene):
    sink = scene.sink({"RCPT": {"later*": "451 4.7.1 later", "*": "250 2.1.5 Ok"}, "DOT": "!silence"})
    relay = scene.relay(SLOW, to=sink.port)
    later = relay.send(["later1@example.org", "later2@example.org"], sender="a@client.test")
    held = relay.send("later3@example.org", sender="h@client.test")
    relay.wait_deferred(2)
    relay.tool("queue", "hold", held)
    active = relay.send("now@example.org", sender="")
    wait_until(lambda: any(row["queue_name"] == "active" for row in relay.queue()), "one is under way")
    text = relay.tool(program="bin/mailq")
    entry = r"{0}{1} +\d+ \w{{3}} \w{{3}} [ \d]\d \d\d:\d\d:\d\d {2}\n"
    reason = r" *\(.*451 4\.7\.1 later.*\)\n"
    assert re.search(entry.format(later, " ", "a@client.test") + reason + r" +later1@example.org\n" +
                     r"(?:" + reason + r")? +later2@example.org\n", text), text
    assert re.search(entry.format(held, "!", "h@client.test"), text), text
    assert re.search(entry.format(active, r"\*", "MAILER-DAEMON") + r" +now@example.org\n", text), text
    assert re.search(r"^-- \d+ Kbytes in 3 Requests\.$", text, re.M), text
    sink.process.end()      # or stopping would wait for it
    relay.tool("queue", "delete", "--all")


def spool_check_counts_what_is_there(scene):
    sink = scene.sink({"RCPT": {"later*": "451 4.7.1 later", "*": "250 2.1.5 Ok"}})
    relay = scene.relay(SLOW, to=sink.port)
    _send(relay, "urgent", ["later1@example.org", "ok1@example.org"])
    for i in range(3):
        _send(relay, "bulk", ["later2@example.org", "later3@example.org"])
    relay.wait_deferred(4)
    for running in (True, False):
        if not running:
            relay.stop()
        lines = relay.tool("spool", "check").splitlines()
        rows = {line.split()[0]: line.split()[1:] for line in lines if line.split()[0] in HEADER}
        assert lines[-1].startswith("0 faults"), lines
        assert {klass: row[2] for klass, row in rows.items()} == {"urgent": "1", "normal": "0", "bulk": "3"}, rows
        assert rows["bulk"][3] == "6", rows
    relay.tool("spool", "rebuild")
    relay.start().ready()
    relay.wait_deferred(4)
    done = relay.tool("spool", "rebuild", check=False)
    assert done.returncode == 75 and "in use" in done.stderr, done
