# SPDX-License-Identifier: ISC
"""adaptive: rates, and what the relay makes of the way in which a site fares."""
import json

from scene import wait_until

BULK = ["MT-PRIORITY=-4"]
URGENT = ["MT-PRIORITY=4"]


def _sites(relay):
    return [row for line in relay.tool("site", "list", "-j").splitlines() if "site" in (row := json.loads(line))]


def _times(messages):
    return sorted(message["time"] for message in messages)


def _keeps(times, rate, slack=0.2):
    """No stretch of TIMES has more than RATE allows; a token that came late was made up for."""
    for i, first in enumerate(times):
        for j in range(i, len(times)):
            most = rate * (times[j] - first + slack) + 1
            assert j - i + 1 <= most, f"{j - i + 1} messages in {times[j] - first:.3f} s, at {rate} a second"


# ---- rates ----------------------------------------------------------------------


def a_rate_is_kept_and_urgent_mail_has_the_next_token(scene):
    sink = scene.sink()
    relay = scene.relay("site * { rate 10/s }", to=sink.port)
    with relay.smtp() as client:
        for i in range(30):
            client.sendmail("a@client.test", [f"b{i}@example.org"], "Subject: x\r\n\r\nx\r\n", BULK)
    before = len(sink.delivered())
    relay.send("now@example.org", options=URGENT)
    messages = sink.wait(31)
    place = [m["rcpts"][0]["address"] for m in messages].index("now@example.org")
    assert place <= before + 3, f"it was message {place}, and {before} were there before it"
    times = _times(messages)
    _keeps(times, 10)
    assert 2.8 < times[-1] - times[0] < 9, f"31 messages at 10 a second in {times[-1] - times[0]:.2f} s"


def a_class_that_has_used_its_rate_keeps_no_other_back(scene):
    sink = scene.sink()
    relay = scene.relay("site * { rate-bulk 1/h }", to=sink.port)
    for i in range(4):
        relay.send(f"bulk{i}@example.org", options=BULK)
    for i in range(8):
        relay.send(f"normal{i}@example.org")
    messages = sink.wait(9)
    assert sorted(m["rcpts"][0]["address"][:4] for m in messages) == ["bulk"] + ["norm"] * 8, messages
    site, = _sites(relay)
    assert site["waiting"] == {"urgent": 0, "normal": 0, "bulk": 3}, site
    assert 3_500_000 < site["next_token_ms"]["bulk"] <= 3_600_000, site
    assert "(bulk) in 35" in relay.tool("site", "show", "example.org"), relay.tool("site", "show", "example.org")


def a_changed_rate_holds_after_a_reload_without_another_scheduler(scene):
    sink = scene.sink()
    relay = scene.relay("site * { rate 1/h }", to=sink.port)
    pid = relay.processes()["scheduler"]
    for i in range(15):
        relay.send(f"b{i}@example.org")
    sink.wait(1)
    wait_until(lambda: _sites(relay)[0]["next_token_ms"]["site"] > 3_500_000, "the next one an hour later")
    relay.configure(f"site * {{ rate 20/s }}\nroute * {{ to 127.0.0.1:{sink.port} }}")
    relay.tool("reload")
    _keeps(_times(sink.wait(15)), 20)
    relay.wait_empty()
    assert relay.processes()["scheduler"] == pid
