# SPDX-License-Identifier: ISC
"""dead: one of several hosts of a site is dead, and mail does not wait for it."""
import json
import socket
import time

from scene import wait_until

# in force: a host is doubted after 150 ms, or 750 ms when it has let us connect; left alone for 3 s
QUICK = "time-scale 0.05\nclass normal { retry 20s }\nsite * { connections 10 }\n"


def _relay(scene, *ports):
    return scene.relay(QUICK + "route * { to " + " ".join(f"127.0.0.1:{port}" for port in ports) + " }")


def _send(relay, count):
    with relay.smtp() as client:
        for i in range(count):
            client.sendmail("a@client.test", [f"b{i}@example.org"], "Subject: x\r\n\r\nx\r\n")


def _hosts(relay):
    row, = [json.loads(line) for line in relay.tool("site", "show", "example.org", "-j").splitlines()]
    for host in row["hosts"]:
        host.setdefault("skipped", [])
    return row["hosts"]


def a_host_that_says_nothing_keeps_one_connection_and_no_mail(scene):
    pit, good = scene.troupe([{"greeting": "!silence"}, {}])
    relay = _relay(scene, pit.port, good.port)
    relay.send("first@example.org")
    good.wait(1, 5)
    _send(relay, 200)
    good.wait(201)
    assert pit.connections() == (1, 1), f"{pit.connections()} connections to the silent host"
    delays = [float(row["delay"]) for row in relay.statuses("sent") if row["to"] != "first@example.org"]
    assert len(delays) == 200 and max(delays) < 2, f"somebody waited for {max(delays)} s"
    assert not relay.statuses("deferred")
    first, second = _hosts(relay)
    assert [skip["why"] for skip in first["skipped"]] == ["no answer yet"] and not second["skipped"], (first, second)
    assert "is tried by one connection: no answer yet" in relay.tool("site", "show", "example.org")


def a_host_that_lets_nobody_connect_is_passed_over_soon(scene):
    with socket.socket() as full, socket.socket() as one, socket.socket() as two:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for s in (one, two):    # its queue of one is full, and what comes now is not answered
            s.setblocking(False)
            s.connect_ex(full.getsockname())
        good = scene.sink()
        relay = _relay(scene, full.getsockname()[1], good.port)
        _send(relay, 50)
        good.wait(50, 5)
        first, second = _hosts(relay)
        assert len(first["skipped"]) == 1 and not second["skipped"], (first, second)
        assert not relay.statuses("deferred")


def a_host_that_refuses_is_tried_by_one_connection_a_period(scene):
    shut, good = scene.troupe([{"greeting": "421 4.3.2 closed !drop"}, {}])
    relay = _relay(scene, shut.port, good.port)
    relay.send("first@example.org")
    good.wait(1, 5)
    begun, sent = time.monotonic(), 1
    assert shut.connections() == (1, 1)
    skip, = _hosts(relay)[0]["skipped"]
    assert skip["failures"] == 1 and 0 < skip["for_ms"] <= 3300 and "421 4.3.2 closed" in skip["why"], skip
    assert "is skipped for" in relay.tool("site", "show", "example.org")
    while time.monotonic() - begun < 7:     # 2.7 s at least, and twice that after the second failure
        _send(relay, 20)
        sent += 20
        good.wait(sent)
        time.sleep(0.2)
    assert shut.connections() == (2, 1), f"{shut.connections()} connections to a host that refuses"
    assert not relay.statuses("deferred")
    assert relay.log_text().count("is left alone for") == 2
    assert relay.tool("site", "reset", "example.org") == "reset 1 site\n"
    shut.play({})
    _send(relay, 5)     # over warm connections, if they are free; they know of the reset
    wait_until(lambda: len(good.delivered() + shut.delivered()) == sent + 5, "five more messages")
    wait_until(lambda: _send(relay, 1) or shut.delivered(), "mail at the host that need not be waited for")


def a_host_that_is_back_gets_the_mail_again(scene):
    first, second = scene.troupe([{"greeting": "421 4.3.2 closed !drop"}, {}])
    relay = _relay(scene, first.port, second.port)
    _send(relay, 20)
    second.wait(20)
    first.play({})

    def back():
        _send(relay, 1)
        return first.delivered()
    wait_until(back, "mail at the host that is back")
    relay.wait_empty()
    assert "answers again" in relay.log_text()
    assert not _hosts(relay)[0]["skipped"], _hosts(relay)

    def all_there():    # on a machine that is busy the host may seem to hang once more
        before = len(second.delivered())
        _send(relay, 100)
        relay.wait_empty()
        return len(second.delivered()) <= before + 10
    wait_until(all_there, "its stand-ins leave, each after a message at most")
    assert not relay.statuses("deferred")


def when_every_host_is_dead_mail_waits_and_then_goes(scene):
    hosts = scene.troupe([{"greeting": "421 4.3.2 closed !drop"}] * 2)
    relay = _relay(scene, *(host.port for host in hosts))
    relay.send("first@example.org")
    wait_until(lambda: relay.statuses("deferred"), "a deferral")
    _send(relay, 30)
    hosts[1].play({})
    hosts[1].wait(31)
    relay.wait_empty()
