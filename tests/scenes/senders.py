# SPDX-License-Identifier: ISC
"""senders: rates of senders, over all they send."""
import json
import re
import time

from adaptive import _keeps
from scene import wait_until

BULK = ["MT-PRIORITY=-4"]
URGENT = ["MT-PRIORITY=4"]


def _send(relay, domain, count, options=()):
    with relay.smtp() as client:
        for i in range(count):
            client.sendmail(f"a@{domain}", [f"{domain.split('.')[0]}{i}@example.org"], "Subject: x\r\n\r\nx\r\n", options)


def _times(sink, domain):
    return sorted(m["time"] for m in sink.delivered() if f"@{domain}>" in m["mail"])


def _rows(relay, *words, key):
    return [row for line in relay.tool(*words, "-j").splitlines() if key in (row := json.loads(line))]


def a_sender_goes_at_its_rate_and_another_at_once(scene):
    sink = scene.sink()
    relay = scene.relay("sender slow.example { rate 5/s }", to=sink.port)
    _send(relay, "first.example", 1)
    sink.wait(1)  # over a connection that is open then
    _send(relay, "slow.example", 20)
    _send(relay, "quick.example", 20)
    wait_until(lambda: len(_times(sink, "quick.example")) == 20, "the mail of the quick sender")
    slow = len(_times(sink, "slow.example"))
    assert slow < 15, f"{slow} messages of the slow one were there as well"
    sink.wait(41)
    order = [m["rcpts"][0]["address"] for m in sorted(sink.delivered(), key=lambda m: m["time"])]
    order = [address for address in order if address.startswith("slow")]
    assert order == [f"slow{i}@example.org" for i in range(20)], order
    slow, quick = _times(sink, "slow.example"), _times(sink, "quick.example")
    _keeps(slow, 5, slack=1)  # the sink may be late, but not for long
    assert 3 < slow[-1] - slow[0] < 8, f"20 messages at 5 a second in {slow[-1] - slow[0]:.2f} s"
    assert quick[-1] - quick[0] < 3, f"20 messages without a rate in {quick[-1] - quick[0]:.2f} s"
    relay.wait_empty()


def the_rate_is_over_all_sites_and_classes_and_urgent_mail_has_the_next_token(scene):
    sinks = [scene.sink() for _ in range(3)]
    routes = "".join(f"route s{i}.example {{ to 127.0.0.1:{sink.port} }}\n" for i, sink in enumerate(sinks))
    relay = scene.relay(routes + "sender slow.example { rate 5/s }")
    with relay.smtp() as client:
        for i in range(15):
            client.sendmail("a@slow.example", [f"b@s{i % 3}.example"], "Subject: x\r\n\r\nx\r\n", BULK)
    before = sum(len(sink.delivered()) for sink in sinks)
    relay.send("now@s2.example", sender="a@slow.example", options=URGENT)
    wait_until(lambda: sum(len(sink.delivered()) for sink in sinks) == 16, "all mail")
    messages = sorted((m for sink in sinks for m in sink.delivered()), key=lambda m: m["time"])
    place = [m["rcpts"][0]["address"] for m in messages].index("now@s2.example")
    assert place <= before + 2, f"it was message {place}, and {before} were there before it"
    times = [m["time"] for m in messages]
    _keeps(times, 5, slack=1)
    assert times[-1] - times[0] > 2.2, f"16 messages at 5 a second in {times[-1] - times[0]:.2f} s"


def the_operator_sees_who_waits_for_a_rate_and_a_reload_lifts_it_at_once(scene):
    sink = scene.sink()
    relay = scene.relay("sender slow.example { rate 1/h }", to=sink.port)
    pid = relay.processes()["scheduler"]
    _send(relay, "slow.example", 15, BULK)
    _send(relay, "quick.example", 2, BULK)
    sink.wait(3)
    wait_until(lambda: len(relay.queue()) == 14, "14 messages left")
    for row in relay.queue():
        assert row["recipients"][0]["delay_reason"] == "its sender slow.example may send 1/h", row
        assert 3400 < row["next_attempt"] - time.time() <= 3601, row
    assert "may send 1/h" in relay.tool("trace", relay.queue()[0]["queue_id"])
    site, = _rows(relay, "site", "list", key="site")
    waiting, = site["senders_waiting"]
    assert (waiting["sender"], waiting["rate"], waiting["class"], waiting["waiting"]) == \
        ("slow.example", "1/h", "bulk", 14), waiting
    assert 3_400_000 < waiting["next_ms"] <= 3_600_000, waiting
    assert "slow.example 1/h, 14 of bulk wait, next in 59m" in relay.tool("site", "show", "example.org")
    klass, = [row for row in _rows(relay, "class", "show", key="class") if "senders_waiting" in row]
    assert klass["class"] == "bulk" and klass["senders_waiting"][0]["sender"] == "slow.example", klass
    assert "slow.example 1/h" in relay.tool("class", "show")

    relay.configure(f"route * {{ to 127.0.0.1:{sink.port} }}")
    began = time.time()
    relay.tool("reload")
    sink.wait(17)
    assert time.time() - began < 5
    relay.wait_empty()
    assert relay.processes()["scheduler"] == pid


def after_a_restart_the_rates_hold_for_what_is_in_the_index(scene):
    sink = scene.sink()
    text = "queue { window 50 }\nsender slow.example { rate 1/h }"
    relay = scene.relay(text, to=sink.port)
    _send(relay, "slow.example", 80)
    sink.wait(1)
    relay.stop()
    relay.start().ready()
    _send(relay, "quick.example", 60)
    sink.wait(61)
    assert len(_times(sink, "slow.example")) == 1, "the rate goes on in the next life of the relay"
    assert len(relay.queue()) == 79
    relay.tool("queue", "delete", "--all")
    relay.wait_empty()


def rates_that_contradict_are_told_with_file_and_line(scene):
    relay = scene.relay("\nsender a.example { rate 5/s }\nsender A.example { rate 6/s }", start=False, to=9)
    done = relay.tool("config", "check", check=False)
    assert re.fullmatch(rf"{relay.conf}:\d+: warning: sender A.example is never reached: .*\n", done.stderr), done
    assert done.returncode == 0, done


def large_messages_leave_a_connection_and_mail_for_it(scene):
    """Six of them want three connections for three seconds; what comes behind them is gone in less."""
    sink = scene.sink({"delay": {"DOT": 1}})
    relay = scene.relay("queue { large-message 64k }\nsite * { connections 3; reserve 0 }", to=sink.port)
    large = "Subject: x\r\n\r\n" + ("x" * 70 + "\r\n") * 3000
    sizes = [relay.send(f"large{i}@example.org", large) for i in range(6)]
    wait_until(lambda: sink.connections()[1] >= 2, "two of them are under way")
    small = relay.send("small@example.org")
    relay.wait_over(small, *sizes)
    order = [m["rcpts"][0]["address"] for m in sorted(sink.delivered(), key=lambda m: m["time"])]
    assert order.index("small@example.org") <= 4, order
