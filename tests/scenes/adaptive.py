# SPDX-License-Identifier: ISC
"""adaptive: rates, and what the relay makes of the way in which a site fares."""
import json
import time

from scene import free_port, wait_until

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


# ---- the window -------------------------------------------------------------------


def a_421_at_the_greeting_makes_the_window_what_the_host_takes(scene):
    sink = scene.sink({"connections": 3, "delay": {"DOT": 0.05}})
    relay = scene.relay("site * { connections 20 }", to=sink.port)
    for i in range(150):
        relay.send(f"b{i}@example.org")
    site = wait_until(lambda: (s := _sites(relay)[0]) and "window" in s and s, "a window that is narrowed")
    assert 1 <= site["window"] <= 4 and site["connections"] == 20, site
    assert "narrowed to " in relay.tool("site", "show", "example.org")
    sink.wait(150)
    assert not relay.statuses("deferred"), "no message has to wait for a new try"
    assert sink.connections()[0] < 40, f"{sink.connections()[0]} connections for 150 messages at three at once"


def of_twenty_connections_made_at_once_those_that_are_taken_go_on(scene):
    sink = scene.sink({"connections": 6, "delay": {"DOT": 0.05}})
    relay = scene.relay("site * { connections 20 }", to=sink.port)
    relay.tool("site", "pause", "*")
    with relay.smtp() as client:
        for i in range(150):
            client.sendmail("a@client.test", [f"b{i}@example.org"], "Subject: x\r\n\r\nx\r\n")
    relay.tool("site", "resume", "*")
    wait_until(lambda: len(sink.delivered()) >= 10, "10 messages")
    site = wait_until(lambda: (s := _sites(relay)[0]) and "window" in s and s, "a window that is narrowed")
    assert 6 <= site["window"] <= 8, site
    sink.wait(150)
    assert not relay.statuses("deferred"), "no message has to wait for a new try"
    assert relay.log_text().count("going on with fewer connections") == 1


def a_transaction_that_is_cut_off_halves_the_window(scene):
    sink = scene.sink({"DOT": ["421 4.7.0 slow down !drop", "250 2.0.0 Ok"], "delay": {"DOT": 0.05}})
    relay = scene.relay("site * { connections 16 }\nclass normal { retry 1s }", to=sink.port)
    relay.send("first@example.org")
    wait_until(lambda: relay.statuses("deferred"), "the 421")
    assert [s["window"] for s in _sites(relay)] == [8], _sites(relay)
    for i in range(60):
        relay.send(f"b{i}@example.org")
    sink.wait(61)
    assert sink.connections()[1] <= 9, sink.connections()
    assert relay.tool("site", "reset", "example.org") == "reset 1 site\n"
    assert "window" not in _sites(relay)[0], _sites(relay)


# ---- the breaker ------------------------------------------------------------------


def a_site_that_cuts_each_transaction_off_rests_and_is_probed(scene):
    sink = scene.sink({"MAIL": "421 4.7.0 not you !drop"})
    relay = scene.relay("site * { connections 1; failures 3 }\nclass normal { retry 2s }", to=sink.port)
    for i in range(30):
        relay.send(f"b{i}@example.org")
    site = wait_until(lambda: [s for s in _sites(relay) if s["failures"] >= 1], "the site rests")[0]
    assert "421 4.7.0 not you" in site["reason"], site
    number = sink.connections()[0]
    assert 3 <= number <= 7, f"{number} connections before it rests"
    wait_until(lambda: [s for s in _sites(relay) if s["failures"] >= 2], "a probe that fails")
    assert sink.connections()[0] <= number + 3, "a probe for each rest"
    assert sink.connections()[1] == 1
    sink.play({})
    sink.wait(30)
    relay.wait_empty()


def the_probe_is_the_most_urgent_message_and_the_others_follow(scene):
    port = free_port()
    relay = scene.relay("class bulk { retry 1h }\nclass urgent { retry 1s }", to=port)
    relay.send("bulk0@example.org", options=BULK)
    wait_until(lambda: relay.statuses("deferred"), "the first failure")
    for i in range(1, 10):
        relay.send(f"bulk{i}@example.org", options=BULK)
    site, = _sites(relay)
    assert site["rests_ms"] > 2_000_000, site
    relay.send("now@example.org", options=URGENT)
    relay.wait_log("to=<now@example.org>.*try=2$")
    tried = relay.statuses("deferred")
    assert [row["to"] for row in tried if row["to"] != "now@example.org"] == ["bulk0@example.org"], tried
    assert _sites(relay)[0]["failures"] >= 3, "it is probed by the schedule of the urgent message"
    sink = scene.sink(None, "--port", str(port))
    messages = sink.wait(11)
    assert messages[0]["rcpts"][0]["address"] == "now@example.org", messages[0]
    relay.wait_empty()


# ---- rules for replies --------------------------------------------------------------


def a_site_that_talks_again_gets_urgent_mail_beside_the_probe(scene):
    port = free_port()
    relay = scene.relay("class bulk { retry 1h }\nsite * { connections 16 }", to=port)
    for i in range(12):
        relay.send(f"bulk{i}@example.org", options=BULK)
    wait_until(lambda: _sites(relay) and _sites(relay)[0]["failures"] == 1, "the site rests")
    sink = scene.sink({"delay": {"DOT": 4}}, "--port", str(port))
    relay.tool("flush", "--site", "example.org")
    wait_until(lambda: sink.connections() == (1, 1), "one connection probes")
    for i in range(4):
        relay.send(f"now{i}@example.org", options=URGENT)
    relay.wait_over(*[row["queue_id"] for row in relay.queue() if row["class"] == "urgent"])
    delays = [float(row["delay"]) for row in relay.statuses("sent") if row["to"].startswith("now")]
    assert len(delays) == 4 and max(delays) < 6, f"{delays}: to wait for the probe takes almost 8"
    sink.play({})
    sink.wait(16)
    relay.wait_empty()


def a_site_that_is_back_and_takes_few_is_asked_for_no_more(scene):
    port = free_port()
    relay = scene.relay("class bulk { retry 1h }\nclass urgent { retry 1h }\nsite * { connections 20 }", to=port)
    for i in range(60):
        relay.send(f"b{i}@example.org", options=URGENT if i % 2 else BULK)
    wait_until(lambda: _sites(relay) and _sites(relay)[0]["failures"] >= 1, "the site rests")
    sink = scene.sink({"connections": 2, "delay": {"DOT": 0.1}}, "--port", str(port))
    relay.tool("flush", "--site", "example.org")
    sink.wait(60)
    relay.wait_empty()
    assert sink.connections()[0] < 25, f"{sink.connections()[0]} connections for 60 messages"


def a_rule_pauses_the_site_and_one_message_tries_it_again(scene):
    sink = scene.sink({"RCPT": ["451 4.7.1 Too many mails from you, slow down", "250 2.1.5 Ok"]})
    relay = scene.relay('reply "^451 .*slow down" { slow; pause 4s }\nsite * { connections 10 }\n'
                        "class normal { retry 1s }\nclass urgent { deadline 1s }", to=sink.port)
    begin = time.monotonic()
    relay.send("first@example.org")
    relay.wait_log("rests for 4 s, by a rule for replies: 451 4.7.1 Too many mails from you")
    for i in range(10):
        relay.send(f"b{i}@example.org")
    site, = _sites(relay)
    assert site["state"] == "rests" and 0 < site["rests_ms"] <= 4000 and "slow down" in site["reason"], site
    relay.send("now@example.org", options=URGENT)
    messages = sink.wait(12)
    assert time.monotonic() - begin > 3.5, "nothing ends what the site asked for"
    assert messages[0]["rcpts"][0]["address"] == "now@example.org", messages[0]
    relay.wait_empty()


def a_rule_pauses_the_site_whatever_is_under_way_there(scene):
    sink = scene.sink({"RCPT": {"trouble@*": "451 4.7.28 slow down", "*": "250 2.1.5 Ok"}, "delay": {"DOT": 1.5}})
    relay = scene.relay('reply "^451 4[.]7[.]28" { pause 1h }\nsite * { connections 5; reserve 0 }\n'
                        "class normal { retry 2h }", to=sink.port)
    relay.tool("site", "pause", "*")
    for i in range(4):
        relay.send(f"a{i}@example.org")
    relay.send("trouble@example.org", options=URGENT)
    for i in range(20):
        relay.send(f"b{i}@example.org")
    relay.tool("site", "resume", "*")
    relay.wait_log("rests for 3600 s")
    wait_until(lambda: _sites(relay)[0]["flying"] == 0, "what is under way ends, and what is not comes back")
    relay.send("now@example.org", options=URGENT)
    site, = _sites(relay)
    assert site["state"] == "rests" and site["rests_ms"] > 3_000_000, site
    assert len(sink.messages()) < 5, f"{len(sink.messages())} messages; five connections, and one of them said no"
    relay.tool("flush")
    sink.play({})
    sink.wait(26)


def rules_say_what_is_temporary_and_what_is_not(scene):
    sink, home = scene.troupe([{"RCPT": {"full@*": "452 4.2.2 mailbox full", "listed@*": "550 5.7.1 on our block list",
                                         "*": "250 2.1.5 Ok"}}, {}])
    relay = scene.relay('reply "^452 4[.]2[.]2 " { permanent }\nreply "block list" { temporary }\n'
                        f"class normal {{ retry 1h }}\nroute sender.test {{ to 127.0.0.1:{home.port} }}", to=sink.port)
    ident = relay.send(["full@example.org", "listed@example.org", "b@example.org"], sender="a@sender.test")
    home.wait()
    relay.wait_log("status=deferred")
    fates = {row["to"]: (row["status"], row["dsn"]) for row in relay.statuses(id=ident)}
    assert fates == {"full@example.org": ("bounced", "5.2.2"), "listed@example.org": ("deferred", "4.7.1"),
                     "b@example.org": ("sent", "2.0.0")}, fates
    report, = home.messages()
    assert b"Final-Recipient: rfc822; full@example.org" in report["body"].replace(b"rfc822;full", b"rfc822; full")
    assert b"listed@example.org" not in report["body"].partition(b"message/rfc822")[0], report["body"]


def a_refusal_that_a_rule_takes_for_the_mails_does_not_let_the_site_rest(scene):
    sink = scene.sink({"MAIL": {"bad@*": "421 4.7.28 too much of your DKIM domain !drop", "*": "250 2.1.0 Ok"}})
    relay = scene.relay('reply "DKIM domain" { temporary }\nsite * { connections 1; failures 2 }\n'
                        "class normal { retry 1h }\nclass urgent { retry 1h }", to=sink.port)
    idents = [relay.send(f"b{i}@example.org", sender="bad@client.test") for i in range(8)]
    wait_until(lambda: len(relay.statuses("deferred")) == 8, "all eight are put off, one after the other")
    relay.send("now@example.org", options=URGENT)
    sink.wait(1)
    site, = _sites(relay)
    assert site["state"] == "answers" and site["failures"] == 0 and "window" not in site, site
    assert sorted(row["id"] for row in relay.statuses("deferred")) == sorted(idents), "each was tried once"


def the_rules_for_providers_are_installed_and_taken(scene):
    sink = scene.sink({"MAIL": ["451 4.7.1 Rate limited, try later", "250 2.1.0 Ok"]})
    relay = scene.relay(f"time-scale 0.02\ninclude {scene.prefix}/share/postrider/providers.conf", to=sink.port)
    relay.send("b@example.org")
    relay.wait_log("rests for 1 s, by a rule for replies: 451 4.7.1 Rate limited")
    sink.wait(1)
    assert "4[.]7[.]28" in relay.tool("config", "show"), "they are part of the configuration"
