# SPDX-License-Identifier: ISC
"""deadlines: mail that must be there by a time, and mail that must wait for one."""
import json
import os
import re
import signal
import time

from scene import free_port, in_session, wait_until

KNOWS = {"extensions": ["PIPELINING", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES", "MT-PRIORITY", "DELIVERBY"]}
LATER = {**KNOWS, "RCPT": {"later*": "450 4.2.0 later", "*": "250 2.1.5 Ok"}}


def _house(scene, script=None, text="", port=None):
    """A relay that sends to a sink with SCRIPT (or to PORT), and what is for sender.test to another one."""
    sink, home = scene.troupe([script or {}, {}])
    relay = scene.relay(text + f"\nroute sender.test {{ to 127.0.0.1:{home.port} }}", to=port or sink.port)
    return relay, sink, home


def _send(relay, *options, to="b@example.org", **how):
    return relay.send(to, sender="a@sender.test", options=options, **how)


def _fates(home, count=1):
    """[(action, status)] of all recipients in the reports that came home."""
    found = []
    for message in home.wait(count):
        found += re.findall(rb"\r\nAction: (\w+)\r\nStatus: ([\d.]+)", message["body"])
    return [(action.decode(), status.decode()) for action, status in found]


# ---- RFC 2852 ------------------------------------------------------------------------


def what_must_be_returned_comes_back_when_its_time_is_over(scene):
    relay, sink, home = _house(scene, LATER)
    begin = time.monotonic()
    ident = _send(relay, "BY=3;R", to="later@example.org")
    relay.wait_over(ident)
    took = time.monotonic() - begin
    assert 2.9 < took < 6, f"it came back after {took:.1f} s"
    assert _fates(home) == [("failed", "5.4.7")]
    tries = relay.statuses("deferred", id=ident)
    assert len(tries) >= 1, "it was tried, and not at the pauses of its class"
    relay.wait_empty()


def the_pauses_shrink_so_that_a_second_try_fits(scene):
    relay, sink, home = _house(scene, {**KNOWS, "RCPT": ["450 4.2.0 later", "250 2.1.5 Ok"]})
    ident = _send(relay, "BY=8;R")
    sink.wait()
    relay.wait_over(ident)
    assert relay.statuses("sent", id=ident)[0]["attempt"] == "2"
    assert not home.messages()


def a_dead_host_is_probed_in_time_and_the_mail_returned_in_time(scene):
    port = free_port()
    relay, sink, home = _house(scene, port=port)
    begin = time.monotonic()
    ident = _send(relay, "BY=4;R")
    relay.wait_over(ident)
    assert 3.9 < time.monotonic() - begin < 7
    assert _fates(home) == [("failed", "5.4.7")]
    assert len(relay.statuses("deferred", id=ident)) >= 2, "a probe came before the end"


def who_asked_to_be_told_is_told_once_and_the_mail_goes_on(scene):
    relay, sink, home = _house(scene, LATER, "class normal { retry 1s }")
    ident = _send(relay, "BY=2;N", to="later@example.org")
    quiet = _send(relay, "BY=2;N", to="later2@example.org", rcpt_options=["NOTIFY=FAILURE"])
    assert _fates(home) == [("delayed", "4.4.7")]
    relay.wait_log(f"{ident}: to=.*try=6$")
    relay.wait_log(f"{quiet}: to=.*try=6$")
    assert len(home.messages()) == 1
    sink.play(KNOWS)
    messages = sink.wait(2)
    assert all(re.search(r" BY=-\d+;N\b", m["mail"]) for m in messages), [m["mail"] for m in messages]
    relay.wait_empty()
    assert len(home.messages()) == 1, "who keeps deadlines tells of them"


def the_next_hop_gets_the_time_that_is_left(scene):
    relay, sink, home = _house(scene, KNOWS)
    rows = {"BY=300;R": r" BY=(299|300);R$", "BY=500;N": r" BY=(499|500);N$", "BY=0;N": r" BY=(0|-1);N$",
            "BY=+700;RT": r" BY=(699|700);RT$", "": r"^(?!.* BY=)"}
    for i, option in enumerate(rows):
        _send(relay, *option.split(), to=f"b{i}@example.org")
    got = {m["rcpts"][0]["address"]: m["mail"] for m in sink.wait(len(rows))}
    for i, (option, pattern) in enumerate(rows.items()):
        with scene.row(f"{option or 'nothing'} becomes {pattern}"):
            assert re.search(pattern, got[f"b{i}@example.org"]), got
    assert sorted(f[0] for f in _fates(home, 2)) == ["delayed", "relayed"], "of 0;N and of RT, and of nothing else"


def a_next_hop_without_deadlines_must_not_have_what_is_to_be_returned(scene):
    relay, sink, home = _house(scene)
    ident = _send(relay, "BY=300;R")
    relay.wait_over(ident)
    assert _fates(home) == [("failed", "5.3.3")]
    assert not sink.messages(), "it was not given to it"
    other = _send(relay, "BY=300;N")
    sink.wait()
    relay.wait_over(other)
    assert "BY=" not in sink.messages()[0]["mail"]
    assert [f[0] for f in _fates(home, 2)] == ["failed", "relayed"], "who wants to be told hears who watches no more"
    never = _send(relay, "BY=300;N", to="c@example.org", rcpt_options=["NOTIFY=NEVER"])
    relay.wait_over(never)
    relay.wait_empty()
    assert len(home.messages()) == 2


def a_next_hop_without_deadlines_is_asked_to_tell_of_delays(scene):
    """With N nobody else would (RFC 2852, 4.1.4.2); whoever wants to hear nothing hears nothing."""
    relay, sink, home = _house(scene)
    rows = {"": " NOTIFY=FAILURE,DELAY", "NOTIFY=FAILURE": " NOTIFY=FAILURE,DELAY", "NOTIFY=NEVER": " NOTIFY=NEVER"}
    for i, option in enumerate(rows):
        _send(relay, "BY=300;N", to=f"b{i}@example.org", rcpt_options=option.split())
    _send(relay, to="b3@example.org")
    got = {m["rcpts"][0]["address"]: m["rcpts"][0]["line"] for m in sink.wait(len(rows) + 1)}
    for i, (option, said) in enumerate(list(rows.items()) + [("no deadline", "")]):
        with scene.row(f"{option or 'nothing'} becomes{said or ' nothing'}"):
            assert got[f"b{i}@example.org"].endswith(f"@example.org>{said}"), got
    assert [f[0] for f in _fates(home, 2)] == ["relayed"] * 2


def a_next_hop_that_wants_more_time_does_not_get_it(scene):
    relay, sink, home = _house(scene, {"extensions": ["PIPELINING", "DELIVERBY 1000"]})
    ident = _send(relay, "BY=300;R")
    relay.wait_over(ident)
    assert _fates(home) == [("failed", "5.4.7")]
    _send(relay, "BY=300;N")
    assert " BY=" in sink.wait()[0]["mail"]


def before_its_deadline_mail_is_reported_as_other_mail_is(scene):
    """The class warns, and gives up, before the time of BY: with what the server said, not with its silence."""
    relay, sink, home = _house(scene, LATER, "class normal { retry 1s; lifetime 5s; warn 2s }")
    relay.wait_over(_send(relay, "BY=100;R", to="later@example.org"))
    assert _fates(home, 2) == [("delayed", "4.2.0"), ("failed", "5.4.7")]
    assert all(b"450 4.2.0 later" in m["body"] for m in home.messages())


def deadlines_hold_over_a_restart(scene):
    relay, sink, home = _house(scene, LATER)
    ident = _send(relay, "BY=6;R", to="later@example.org")
    relay.wait_log(f"{ident}: to=.*deferred")
    relay.stop()
    relay.start().ready()
    relay.wait_over(ident)
    assert _fates(home) == [("failed", "5.4.7")]


def deadlines_and_holds_outlive_a_kill_of_every_process(scene):
    relay, sink, home = _house(scene, LATER)
    begin = time.monotonic()
    late, held = _send(relay, "BY=6;R", to="later@example.org"), _send(relay, "HOLDFOR=8", to="c@example.org")
    relay.wait_log(f"{late}: to=.*deferred")
    wait_until(lambda: len(relay.queue()) == 2, "both wait")
    pids = {row["pid"] for row in json.loads(relay.tool("status", "-j"))["processes"]}
    session = os.getsid(relay.process.process.pid)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    relay.process.process.wait()
    wait_until(lambda: not pids & set(in_session(session)), "all are gone")
    relay.start().ready()
    relay.wait_over(late, held)
    assert time.monotonic() - begin >= 7.9
    assert _fates(home) == [("failed", "5.4.7")]
    assert [m["rcpts"][0]["address"] for m in sink.delivered()] == ["c@example.org"]


HANGS = {"greeting": "!silence"}, {**KNOWS, "MAIL": "!silence"}, {**KNOWS, "RCPT": "!silence"}, {**KNOWS, "DATA": "!silence"}


def who_hangs_keeps_nothing_beyond_its_time_before_the_body(scene):
    """With R it comes back, and the connection ends; with N its sender is told."""
    for script in HANGS:
        with scene.row(f"a server with {script}"):
            relay, sink, home = _house(scene, script)
            begin = time.monotonic()
            ident, other = _send(relay, "BY=3;R"), _send(relay, "BY=4;N", to="c@example.org")
            relay.wait_over(ident)
            took = time.monotonic() - begin
            assert 2.9 < took < 5, f"it came back after {took:.1f} s"
            assert sorted(_fates(home, 2)) == [("delayed", "4.4.7"), ("failed", "5.4.7")]
            assert [row["queue_id"] for row in relay.queue()] == [other]
            sink.process.end()


def urgent_mail_goes_in_the_order_of_its_deadlines(scene):
    relay, sink, home = _house(scene, KNOWS, "site * { connections 1 }")
    relay.tool("site", "pause", f"127.0.0.1:{sink.port}")
    times = 900, 100, 500, 300, 700, 200, 800, 400
    for seconds in times:
        _send(relay, f"BY={seconds};R", "MT-PRIORITY=5", to=f"u{seconds}@example.org")
    wait_until(lambda: len(relay.queue()) == len(times), "all wait")
    assert not sink.messages()
    relay.tool("site", "resume", f"127.0.0.1:{sink.port}")
    got = [m["rcpts"][0]["address"] for m in sink.wait(len(times))]
    assert got == [f"u{seconds}@example.org" for seconds in sorted(times)], got


def what_waits_behind_a_long_transaction_comes_back_in_time(scene):
    relay, sink, home = _house(scene, {**KNOWS, "delay": {"DOT": 9}}, "site * { connections 1 }")
    begin = time.monotonic()
    first = _send(relay)
    relay.wait_log(f"{first}: from=")
    late = [_send(relay, "BY=3;R", "MT-PRIORITY=5", to=f"u{i}@example.org") for i in range(3)]
    relay.wait_over(*late)
    took = time.monotonic() - begin
    assert 2.9 < took < 6, f"the last came back after {took:.1f} s"
    assert _fates(home, 3) == [("failed", "5.4.7")] * 3
    relay.wait_over(first)
    assert [m["rcpts"][0]["address"] for m in sink.messages()] == ["b@example.org"]


def a_body_under_way_runs_to_its_end(scene):
    """From then on only the server knows whether it has the mail."""
    relay, sink, home = _house(scene, {**KNOWS, "delay": {"DOT": 5}})
    ident = _send(relay, "BY=3;R")
    relay.wait_over(ident)
    assert relay.statuses("sent", id=ident) and not home.messages()


def a_deadline_of_its_class_hurries_and_ends_nothing(scene):
    relay, sink, home = _house(scene, LATER, "class normal { deadline 4s; retry 1h; lifetime 2h; warn never }")
    ident = _send(relay, to="later@example.org")
    relay.wait_log(f"{ident}: to=.*try=3$")
    wait_until(lambda: relay.queue()[0]["next_attempt"] > time.time() + 1000, "an hour's pause after the deadline")
    assert not home.messages()


# ---- RFC 4865 ------------------------------------------------------------------------


def held_mail_waits_in_the_queue_until_its_time(scene):
    relay, sink, home = _house(scene)
    begin = time.time()
    ident = _send(relay, "HOLDFOR=5")
    row, = wait_until(relay.queue, "the message in the queue")
    assert row["queue_id"] == ident and row["queue_name"] == "deferred", row
    assert abs(row["next_attempt"] - (begin + 5)) <= 2, row
    relay.tool("flush")
    assert not sink.messages(), "a flush is not for it"
    sink.wait()
    assert time.time() - begin >= 4.9


def held_mail_is_held_over_a_restart_and_the_loss_of_the_index(scene):
    relay, sink, home = _house(scene)
    begin = time.time()
    ident = _send(relay, "HOLDFOR=12")
    wait_until(relay.queue, "the message in the queue")
    relay.stop()
    relay.start().ready()
    assert wait_until(relay.queue, "it is there")[0]["queue_name"] == "deferred"
    relay.stop()
    relay.tool("spool", "rebuild")
    relay.start().ready()
    row, = wait_until(relay.queue, "it is there again")
    assert row["queue_id"] == ident and abs(row["next_attempt"] - (begin + 12)) <= 2, row
    assert not sink.messages()
    sink.wait()
    assert time.time() - begin >= 11.9


def what_its_sender_holds_back_waits_also_after_a_hold_of_the_operator(scene):
    """Held in the queue, and once more after the loss of the index, when the spool alone knows of both."""
    relay, sink, home = _house(scene)
    begin = time.time()
    ident = _send(relay, "HOLDFOR=10")

    def is_at(place):
        return wait_until(lambda: [r for r in relay.queue() if r["queue_name"] == place], f"it is {place}")[0]

    is_at("deferred")
    relay.tool("queue", "hold", ident)
    is_at("hold")
    relay.tool("queue", "release", ident)
    row = is_at("deferred")
    assert abs(row["next_attempt"] - (begin + 10)) <= 2, row
    relay.tool("queue", "hold", ident)
    relay.stop()
    relay.tool("spool", "rebuild")
    relay.start().ready()
    is_at("hold")
    relay.tool("queue", "release", ident)
    row = is_at("deferred")
    assert row["recipients"][0]["delay_reason"] == "not to be sent before its time", row
    assert not sink.messages()
    sink.wait()
    assert time.time() - begin >= 9.9


def a_report_of_held_mail_tells_until_when_it_was(scene):
    relay, sink, home = _house(scene, {"RCPT": {"no*": "550 5.1.1 no", "*": "250 2.1.5 Ok"}})
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    _send(relay, f"HOLDUNTIL={until}", to="no@example.org")
    report, = home.wait()
    assert f"\r\nFuture-Release-Request: until;{until}\r\n".encode() in report["body"], report["body"]
    assert not sink.messages()


def who_must_not_hold_or_too_long_hears_so(scene):
    relay, sink, home = _house(scene, text="limits { hold 1h }")
    with relay.smtp() as client:
        assert re.match(r"3600 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", client.esmtp_features["futurerelease"])
        rows = {"HOLDFOR=3601": 554, "HOLDFOR=3600": 250, "HOLDUNTIL=2099-01-01T00:00:00Z": 554,
                "HOLDFOR=60 HOLDUNTIL=2099-01-01T00:00:00Z": 501, "HOLDFOR=x": 501, "HOLDFOR=60 BY=30;R": 501,
                "BY=0;R": 501, "BY=-1;R": 501, "BY=30;R": 250}
        for options, code in rows.items():
            with scene.row(f"{options} hears {code}"):
                client.rset()
                heard = client.mail("a@sender.test", options.split())
                assert heard[0] == code, heard
        client.rset()


# ---- RFC 6710 and 6758 ---------------------------------------------------------------


def priorities_go_on_to_who_knows_them(scene):
    relay, sink, home = _house(scene, KNOWS)
    _send(relay, "MT-PRIORITY=6")
    _send(relay, to="c@example.org", text="MT-Priority: -3\r\nSubject: x\r\n\r\nx\r\n")
    got = {m["rcpts"][0]["address"]: m["mail"] for m in sink.wait(2)}
    assert got["b@example.org"].endswith(" MT-PRIORITY=6"), got
    assert got["c@example.org"].endswith(" MT-PRIORITY=-3"), got
    plain = scene.sink({"extensions": ["PIPELINING"]})
    other = scene.relay(to=plain.port)
    other.send(options=["MT-PRIORITY=6"])
    assert "PRIORITY" not in plain.wait()[0]["mail"]

