# SPDX-License-Identifier: ISC
"""deaths: deliverers that die with mail in hand, and mail that deliverers may have died of."""
import json
import os
import re
import signal

from scene import wait_until

HANGS = {"DOT": "!silence"}
ROUTES = "deliverers 1\ntime-scale 0.1\nclass normal { retry 2s }\nclass bulk { retry 2s }\n"
URGENT, BULK = ["MT-PRIORITY=4"], ["MT-PRIORITY=-4"]
APART = 127


def _routes(sinks, text=""):
    """a.test leads to the first of SINKS, and so on."""
    lines = [f"route {name}.test {{ to 127.0.0.1:{sink.port} }}\n" for name, sink in zip("abc", sinks)]
    return ROUTES + text + "".join(lines) + "route * { to 127.0.0.1:9 }\n"


def _deliverers(relay):
    """{number: pid} of those that are there."""
    rows = json.loads(relay.tool("status", "-j"))["processes"]
    return {row["number"]: row["pid"] for row in rows if row["role"] == "deliverer"}


def _kill(relay, number=0):
    """Deliverer NUMBER dies, and there is another one."""
    pid = wait_until(lambda: _deliverers(relay).get(number), f"deliverer {number}")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: _deliverers(relay).get(number, pid) != pid, f"another deliverer {number}")


def _bodies(sinks):
    """How many transactions came to their final dot."""
    return sum(len(sink.messages()) for sink in sinks)


def _kill_with(relay, sinks, count, number=0):
    """The same, when COUNT more transactions hang at SINKS."""
    before = _bodies(sinks)
    _kill(relay, number)
    wait_until(lambda: _bodies(sinks) >= before + count, f"{count} transactions that hang again")


def _corrupt(relay):
    return os.listdir(f"{relay.spool}/corrupt")


def _addresses(*sinks):
    return sorted(r["address"] for sink in sinks for m in sink.delivered() for r in m["rcpts"] if r["code"] == 250)


def one_death_breaks_no_message_of_which_much_was_in_hand(scene):
    sinks = scene.troupe([HANGS] * 3)
    relay = scene.relay(start=False)
    relay.configure(_routes(sinks, "site * { recipients 100; connections 20 }\n")).start().ready()
    three = ["u@a.test", "u@b.test", "u@c.test"]
    many = [f"u{i}@a.test" for i in range(350)]
    relay.send(three)
    relay.send(many)
    relay.send("single@b.test")
    wait_until(lambda: _bodies(sinks) >= 8, "eight transactions that hang")
    _kill_with(relay, sinks, 8)
    assert not _corrupt(relay)
    assert set(_deliverers(relay)) == {0}, "one death makes no suspects"
    for sink in sinks:
        sink.play({})
    _kill(relay)
    relay.wait_empty()
    assert _addresses(*sinks) == sorted([*three, *many, "single@b.test"])
    assert not _corrupt(relay)
    assert not relay.statuses("bounced") and not relay.statuses("deferred")
    assert "removed" in relay.log_text()


def an_urgent_suspect_waits_for_no_bulk_suspect_at_a_server_that_hangs(scene):
    sinks = scene.troupe([HANGS] * 2)
    relay = scene.relay(start=False)
    relay.configure(_routes(sinks)).start().ready()
    relay.send("u@a.test", options=BULK)
    relay.send("u@b.test", options=URGENT)
    wait_until(lambda: _bodies(sinks) >= 2, "both hang")
    _kill_with(relay, sinks, 2)
    _kill_with(relay, sinks, 2)
    assert set(_deliverers(relay)) == {0, APART}, "both go apart"
    sinks[1].play({})
    _kill(relay, APART)
    sinks[1].wait(1, seconds=5)
    relay.send("v@b.test", options=URGENT)
    sinks[1].wait(2, seconds=5)
    assert not sinks[0].delivered()
    assert relay.tool("queue", "list").count("u@a.test") == 1
    sinks[0].play({})
    _kill(relay, APART)
    sinks[0].wait(1)
    relay.wait_empty()
    assert _addresses(*sinks) == ["u@a.test", "u@b.test", "v@b.test"]
    assert not _corrupt(relay)


def deaths_that_no_message_caused_break_none(scene):
    sinks = scene.troupe([HANGS])
    relay = scene.relay(start=False)
    relay.configure(_routes(sinks)).start().ready()
    names = sorted(f"u{i}@a.test" for i in range(12))
    for name in names:
        relay.send(name)
    wait_until(lambda: _bodies(sinks) >= 12, "all hang")
    _kill_with(relay, sinks, 12)
    _kill_with(relay, sinks, 4)
    _kill_with(relay, sinks, 2, APART)
    _kill_with(relay, sinks, 1, APART)
    _kill_with(relay, sinks, 1, APART)
    assert not _corrupt(relay)
    sinks[0].play({})
    _kill(relay, APART)
    relay.wait_empty()
    assert _addresses(*sinks) == names
    assert not _corrupt(relay)
    assert not relay.statuses("bounced")


def suspects_that_wait_go_where_a_reload_leads_them(scene):
    sinks = scene.troupe([HANGS, HANGS, {}])
    relay = scene.relay(start=False)
    relay.configure(_routes(sinks[:2], "site * { connections 1 }\n")).start().ready()
    for name in ("u0@a.test", "u1@a.test", "u@b.test", "u2@a.test"):
        relay.send(name)
    wait_until(lambda: _bodies(sinks[:1]) >= 1 and _bodies(sinks[1:2]) >= 1, "one at each hangs")
    _kill_with(relay, sinks[:2], 2)
    _kill_with(relay, sinks[:2], 3)     # the third one goes by the usual deliverer
    assert set(_deliverers(relay)) == {0, APART}
    scheduler = relay.processes()["scheduler"]
    relay.configure(_routes([sinks[2], sinks[1]], "site * { connections 1 }\n"))
    relay.tool("reload")
    sinks[2].wait(1)
    assert not sinks[0].delivered() and not sinks[1].delivered()
    assert relay.processes()["scheduler"] == scheduler
    sinks[1].play({})
    _kill(relay, APART)
    _kill(relay)
    relay.wait_empty()
    assert _addresses(sinks[2]) == ["u0@a.test", "u1@a.test", "u2@a.test"]
    assert _addresses(sinks[1]) == ["u@b.test"] and not sinks[0].delivered()
    assert relay.processes()["scheduler"] == scheduler
    assert not _corrupt(relay)


def a_message_that_is_alone_at_three_deaths_is_returned_and_kept(scene):
    sinks = scene.troupe([{"RCPT": {"poison*": "!silence", "*": "250 2.1.5 Ok"}}, {}], "--transcript")
    relay = scene.relay(start=False)
    relay.configure(_routes(sinks[:1], f"route client.test {{ to 127.0.0.1:{sinks[1].port} }}\n")).start().ready()
    ident = relay.send("poison@a.test", sender="sender@client.test")

    def hangs(count):
        wait_until(lambda: sum(b"poison@" in sinks[0].said(i + 1) for i in range(sinks[0].connections()[0])) == count,
                   f"it is in hand for the {count}th time")
    hangs(1)
    _kill(relay)
    hangs(2)
    _kill(relay)
    for count in (3, 4, 5):
        hangs(count)
        relay.send(f"well{count}@a.test")
        wait_until(lambda: len(sinks[0].delivered()) == count - 2, "others at its site go")
        assert not _corrupt(relay) and not sinks[1].delivered()
        _kill(relay, APART)
    report, = sinks[1].wait(1)
    assert b"Status: 5.3.0" in report["body"] and b"poison@a.test" in report["body"], report
    assert [r["address"] for r in report["rcpts"]] == ["sender@client.test"]
    relay.wait_empty()
    assert _corrupt(relay) == [f"{ident}.message"]
    assert _addresses(sinks[0]) == ["well3@a.test", "well4@a.test", "well5@a.test"]
    assert re.search(f"error: .*a deliverer died three times with it alone: kept as corrupt/{ident}", relay.log_text())
    assert [s["dsn"] for s in relay.statuses(to="poison@a.test")] == ["4.3.0", "4.3.0", "5.3.0"]


def the_deliverer_apart_is_there_only_while_it_is_wanted(scene):
    sinks = scene.troupe([HANGS])
    relay = scene.relay(start=False)
    relay.configure(_routes(sinks)).start().ready()
    assert set(_deliverers(relay)) == {0}
    relay.send("u@a.test")
    wait_until(lambda: _bodies(sinks) >= 1, "it hangs")
    _kill_with(relay, sinks, 1)
    _kill_with(relay, sinks, 1)
    assert set(_deliverers(relay)) == {0, APART}
    sinks[0].play({})
    _kill(relay, APART)
    relay.wait_empty()
    wait_until(lambda: set(_deliverers(relay)) == {0}, "it is sent away")
    relay.send("v@a.test")
    sinks[0].wait(2)
    relay.stop()
