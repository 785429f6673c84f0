# SPDX-License-Identifier: ISC
"""live: what the operator asks the running relay, and changes in it."""
import json

from scene import free_port, wait_until


def _route(relay, *words):
    return [json.loads(line) for line in relay.tool("route", "-j", *words).splitlines()]


def route_tells_rule_hosts_limits_and_how_the_site_fares(scene):
    dead = free_port()
    relay = scene.relay(f"route dead.example {{ to 127.0.0.1:{dead} }}\nsite dead.example {{ connections 7; tls none }}\n"
                        "route * { to 127.0.0.1:9 }\nclass urgent { retry 5m }")
    row, = _route(relay, "b@dead.example")
    assert row["relay"] and row["domain"] == "dead.example" and row["address"] == "b@dead.example", row
    assert row["route"] == {"pattern": "dead.example", "to": f"127.0.0.1:{dead}"}, row
    assert row["policy"]["pattern"] == "dead.example" and row["policy"]["connections"] == 7, row
    assert row["policy"]["tls"] == "none" and row["policy"]["recipients"] == 100, row
    assert row["hosts"] == [{"name": "127.0.0.1", "port": dead, "preference": 0, "addresses": ["127.0.0.1"]}], row
    assert row["site"]["state"] == "answers" and row["classes"]["urgent"]["retry"] == "5m", row
    relay.send("b@dead.example", options=["MT-PRIORITY=4"])
    row = wait_until(lambda: (r := _route(relay, "dead.example")[0])["site"]["state"] == "rests" and r, "its rest")
    assert row["site"]["failures"] == 1 and 100_000 < row["site"]["rests_ms"] <= 360_000, row
    assert "refused" in row["site"]["reason"] and row["site"]["waiting"]["urgent"] == 1, row
    text = relay.tool("route", "b@dead.example", "--from", "a@elsewhere.example")
    assert f"1. 127.0.0.1:{dead}, preference 0: 127.0.0.1" in text and "rests for " in text, text
    assert "refused" in text and "reports to a@elsewhere.example" in text, text


def route_asks_the_name_servers_and_says_what_they_answered(scene):
    zone = {"two.example": {"MX": ["20 mx2.two.example", "10 mx1.two.example"]},
            "mx1.two.example": {"A": ["127.0.0.2", "127.0.0.3"]}, "mx2.two.example": {"A": ["127.0.0.4"]},
            "null.example": {"MX": ["0 ."]}}
    dns = scene.dns(zone)
    relay = scene.relay(f"route * {{ to mx }}\nresolver {{ server 127.0.0.1@{dns.port} }}\n"
                        "site mx1.two.example { connections 3 }")
    two, null = _route(relay, "x@two.example", "null.example")
    assert [(h["name"], h["preference"]) for h in two["hosts"]] == [("mx1.two.example", 10), ("mx2.two.example", 20)]
    assert sorted(two["hosts"][0]["addresses"]) == ["127.0.0.2", "127.0.0.3"], two
    assert two["policy"]["pattern"] == "mx1.two.example" and two["site"]["connections"] == 3, two
    assert two["lookup"]["state"] == "known" and two["lookup"]["kept_ms"] > 0, two
    assert null["lookup"]["state"] == "failed" and null["lookup"]["permanent"], null
    assert null["lookup"]["status"] == "5.1.10" and "hosts" not in null, null
    text = relay.tool("route", "null.example")
    assert "null MX" in text and "mail is returned" in text, text


def route_without_a_relay_answers_by_the_configuration(scene):
    relay = scene.relay("route *.example { to mx1.test:2525 192.0.2.1 }", start=False)
    row, = _route(relay, "a@b.example")
    assert not row["relay"] and row["route"] == {"pattern": "*.example", "to": "mx1.test:2525 192.0.2.1:25"}, row
    assert row["policy"]["pattern"] == "*" and "site" not in row and row["classes"]["bulk"]["warn"] == "never", row
    assert "does not run" in relay.tool("route", "a@b.example")
    bad = relay.tool("route", "@@", check=False)
    assert bad.returncode == 64 and "not an address" in bad.stderr, bad


# ---- what became of a message -----------------------------------------------------


def trace_tells_the_life_of_a_message_across_rotated_logs(scene):
    sink = scene.sink({"RCPT": "450 4.2.0 later"})
    relay = scene.relay("site * { idle 0s }", to=sink.port)
    ident = relay.send("b@example.org")
    relay.wait_deferred(1)
    text = relay.tool("trace", ident)
    assert text.index("accepted from ") < text.index("queued from a@client.test") < text.index("deferred to b@example.org")
    now = text[text.index("\nnow "):]
    assert "deferred, class normal, 1 attempts" in now and "b@example.org: " in now and "450 4.2.0 later" in now, text
    with open(relay.log) as f:
        lines = f.readlines()
    with open(relay.log + ".1", "w") as f:
        f.writelines(lines)
    with open(relay.log, "r+") as f:
        f.truncate(0)
    sink.play({})
    relay.tool("queue", "retry", ident)
    relay.wait_over(ident)
    text = relay.tool("trace", ident.lower())
    assert text.index("accepted from ") < text.index("deferred to ") < text.index("sent to b@example.org by "), text
    assert "done with all recipients" in text and text.endswith("not in the queue\n"), text
    assert text.count("\n") == len({line for line in text.splitlines()}), text


def what_the_operator_did_to_a_message_is_in_the_log_and_in_its_trace(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay("class normal { retry 1h }\nclass bulk { retry 1h }", to=sink.port)
    one, two = relay.send(), relay.send()
    wait_until(lambda: [r["queue_name"] for r in relay.queue()] == ["deferred"] * 2, "both wait for a time")
    for words in (["hold"], ["release"], ["move", "--class", "bulk"], ["delete"]):
        relay.tool("queue", *words, one)
    text = relay.tool("trace", one)
    said = [" held by the operator", " released by the operator", " moved to bulk by the operator",
            " deleted by the operator", " done with all recipients", "not in the queue"]
    places = [text.find(words) for words in said]
    assert -1 not in places and places == sorted(places), text
    relay.tool("site", "pause", "example.org")
    three = relay.send()
    assert relay.tool("queue", "delete", three, two) == "deleted 2 messages\n"
    relay.wait_over(one, two, three)
    log = relay.log_text()
    assert all(log.count(f"{ident}: removed\n") == 1 for ident in (one, two, three)), log
    assert log.count("by the operator\n") == 6 and relay.queue() == [], log


def trace_of_an_address_shows_its_latest_messages(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    idents = [relay.send("b@example.org", sender=f"s{i}@client.test") for i in range(12)]
    other = relay.send("c@example.org", sender="s@client.test")
    relay.wait_over(*idents, other)
    text = relay.tool("trace", "B@Example.org")
    shown = [line for line in text.splitlines() if line in idents]
    assert len(shown) == 10 and other not in text, text
    assert idents[5] in relay.tool("trace", "s5@client.test") and idents[4] not in relay.tool("trace", "s5@client.test")
    nobody = relay.tool("trace", "nobody@example.org", check=False)
    assert nobody.returncode == 66 and "no message from or to it" in nobody.stderr, nobody


def trace_says_where_to_look_when_the_log_is_no_file(scene):
    relay = scene.relay("route * { to mx }", start=False, log="syslog")
    done = relay.tool("trace", "a@example.org", check=False)
    assert done.returncode == 78 and "journalctl" in done.stderr, done
    relay.configure("route * { to mx }", log="stderr")
    done = relay.tool("trace", "a@example.org", check=False)
    assert done.returncode == 78 and "standard error" in done.stderr, done


# ---- sites, classes, ages -----------------------------------------------------------


def _sites(relay, *words):
    return [row for line in relay.tool("site", "list", "-j", *words).splitlines() if "site" in (row := json.loads(line))]


def a_paused_site_gets_nothing_until_it_is_resumed_and_others_do(scene):
    sink, other = scene.sink(), scene.sink()
    relay = scene.relay(f"route a.example {{ to 127.0.0.1:{sink.port} }}", to=other.port)
    relay.send("x@a.example")
    sink.wait(1)
    said = relay.tool("site", "pause", "a.example", "--reason", "their disk is full", "--for", "1h")
    assert said == "paused 1 site\n", said
    idents = [relay.send(f"x{i}@a.example") for i in range(40)]
    relay.send("x@b.example")
    other.wait(1)
    wait_until(lambda: [r["queue_name"] for r in relay.queue()] == ["deferred"] * 40, "all of them wait")
    row = relay.queue()[0]
    assert row["recipients"][0]["delay_reason"] == "paused by the operator: their disk is full", row
    site = [r for r in _sites(relay) if r["state"] == "paused"]
    assert len(site) == 1 and sum(site[0]["waiting"].values()) == 40, site
    assert 3500 < site[0]["pause"]["until"] - site[0]["pause"]["since"] <= 3600, site
    shown = relay.tool("site", "show", "a.example")
    assert "their disk is full" in shown and "paused" in shown and "a.example" in shown, shown
    assert shown.count("waiting") == 1 and "shared by" not in shown, shown
    assert "their disk is full" in relay.tool("site", "list")
    assert relay.tool("queue", "retry", idents[0], check=False).returncode == 66
    relay.stop()
    relay.start().ready()
    wait_until(lambda: [r["queue_name"] for r in relay.queue()] == ["deferred"] * 40, "the pause holds after a restart")
    relay.send("y@a.example")
    assert len(sink.delivered()) == 1, sink.delivered()
    site, = [r["site"] for r in _sites(relay) if r["state"] == "paused"]
    wrong = relay.tool("site", "resume", site, check=False)
    assert wrong.returncode == 66 and f"{site} was paused as a.example: resume that" in wrong.stderr, wrong
    assert relay.tool("site", "resume", "a.example") == "resumed 1 site\n"
    sink.wait(42)
    again = relay.tool("site", "resume", "a.example", check=False)
    assert again.returncode == 66 and "not paused" in again.stderr, again


def a_pause_lets_what_has_begun_end_and_nothing_begin(scene):
    sink = scene.sink()
    relay = scene.relay("site * { connections 5 }", to=sink.port)
    for i in range(10):
        relay.send(f"quick{i}@example.org")
    sink.wait(10)
    sink.play({"delay": {"DOT": 1}})
    for i in range(60):
        relay.send(f"x{i}@example.org", options=["MT-PRIORITY=4"] if i % 2 else [])
    wait_until(lambda: _sites(relay)[0]["flying"] > 5, "more is handed out than there are connections")
    relay.tool("site", "pause", "example.org")
    wait_until(lambda: _sites(relay)[0]["flying"] == 0, "what is under way ends")
    came = len(sink.delivered())
    assert came <= 10 + 5 + 1, f"{came - 10} messages were begun by five connections"
    assert sum(_sites(relay)[0]["waiting"].values()) == 70 - came, _sites(relay)
    sink.play({})
    relay.tool("site", "resume", "example.org")
    sink.wait(70)
    assert not relay.statuses("deferred")


def a_pause_ends_at_its_time_and_may_come_before_the_site(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    assert "mail that comes for it will wait" in relay.tool("site", "pause", "*.later.example", "--for", "3s")
    relay.send("x@one.later.example")
    assert [r["state"] for r in _sites(relay)] == ["paused"], _sites(relay)
    assert sink.delivered() == []
    sink.wait(1)
    relay.wait_log(r"the pause of \*\.later\.example is over")
    assert [r["state"] for r in _sites(relay)] == ["answers"], _sites(relay)
    bad = relay.tool("site", "pause", "x", "--for", "soon", check=False)
    assert bad.returncode == 64 and "not a time" in bad.stderr, bad
    unknown = relay.tool("site", "show", "unknown.example", check=False)
    assert unknown.returncode == 66 and "no such site" in unknown.stderr, unknown


def sites_are_listed_in_order_and_each_once(scene):
    relay = scene.relay("route * { to mx }\nsite * { recipients 1 }")
    relay.tool("site", "pause", "*")
    names = [f"127.9.{i // 100}.{i % 100}" for i in range(700)]
    relay.send([f"u@[{name}]" for name in names])
    wait_until(lambda: len(_sites(relay)) == 700, "all sites are known")
    listed = [row["site"] for row in _sites(relay)]
    assert listed == sorted(listed) and set(listed) == {f"[{name}]:25" for name in names}, listed[:5]
    assert [row["site"] for row in _sites(relay, "?127.9.6.1?]*")] == [f"[127.9.6.1{i}]:25" for i in range(10)]
    assert relay.tool("site", "reset", "*.9.3.*") == "reset 100 sites\n"
    assert "[127.9.0.7]" in relay.tool("site", "show", "[127.9.0.7]")


def a_reset_site_forgets_its_failures_and_is_tried_at_once(scene):
    port = free_port()
    relay = scene.relay("class normal { retry 1h }", to=port)
    relay.send()
    row = wait_until(lambda: [r for r in _sites(relay) if r["state"] == "rests"], "the site rests")[0]
    assert row["failures"] == 1 and "refused" in row["reason"], row
    assert relay.tool("site", "reset", f"127.0.0.1:{port}") == "reset 1 site\n"
    relay.send()
    wait_until(lambda: len(relay.statuses("deferred")) == 2, "the second try, without a rest before it")
    assert [r["failures"] for r in _sites(relay)] == [1], _sites(relay)


def classes_and_ages_of_what_waits_are_counted(scene):
    relay = scene.relay("class normal { retry 1h }", to=free_port())
    for i in range(5):
        relay.send([f"x{i}@a.example", f"y{i}@b.example"], sender=f"s{i}@news.example")
    relay.send("z@a.example", sender="<>", options=["MT-PRIORITY=4"])
    wait_until(lambda: len(relay.queue()) == 6, "six messages wait")
    classes = {row["class"]: row for row in map(json.loads, relay.tool("class", "show", "-j").splitlines())}
    assert list(classes) == ["urgent", "normal", "bulk"], classes
    assert 0 <= classes["normal"]["oldest_s"] < 60 and "oldest_s" not in classes["bulk"], classes
    assert classes["normal"]["schedule"]["retry"] == "1h", classes
    assert "retry 1h; lifetime 5d" in relay.tool("class", "show")
    lines = [line.split() for line in relay.tool("queue", "shape").splitlines()]
    assert lines[0] == ["T", "5", "10", "20", "40", "80", "160", "320", "640", "1280", "1280+"], lines
    assert lines[1] == ["TOTAL", "11", "11", *"000000000"], lines
    by = {row.get("name", "sum"): row["counts"][0]
          for row in map(json.loads, relay.tool("queue", "shape", "-j", "--by", "sender").splitlines())}
    assert by == {"sum": 6, "news.example": 5, "MAILER-DAEMON": 1}, by
    by = {row.get("name", "sum"): row["counts"][0]
          for row in map(json.loads, relay.tool("queue", "shape", "-j", "--by", "class", "--class", "urgent").splitlines())}
    assert by == {"sum": 1, "urgent": 1}, by
    bad = relay.tool("queue", "shape", "--by", "colour", check=False)
    assert bad.returncode == 64, bad


# ---- a reload -------------------------------------------------------------------------


def changed_limits_of_a_site_hold_after_a_reload(scene):
    sink = scene.sink({"delay": {"DOT": 0.05}})
    relay = scene.relay("site * { connections 1; recipients 1 }", to=sink.port)
    pid = [p["pid"] for p in json.loads(relay.tool("status", "-j"))["processes"] if p["role"] == "scheduler"]
    for i in range(60):
        relay.send(f"b{i}@example.org")
    wait_until(lambda: len(sink.delivered()) >= 5, "some of them came")
    assert sink.connections()[1] == 1, sink.connections()
    relay.configure(f"site * {{ connections 6; recipients 3 }}\nroute * {{ to 127.0.0.1:{sink.port} }}")
    relay.tool("reload")
    wait_until(lambda: sink.connections()[1] > 2, "more connections while the queue is the same")
    assert [r["connections"] for r in _sites(relay)] == [6], _sites(relay)
    sink.wait(60)
    assert sink.connections()[1] <= 6, sink.connections()
    relay.send([f"c{i}@example.org" for i in range(6)])
    assert [len(m["rcpts"]) for m in sink.wait(62)[60:]] == [3, 3]
    relay.configure(f"site * {{ connections 1 }}\nroute * {{ to 127.0.0.1:{sink.port} }}")
    relay.tool("reload")
    assert [r["connections"] for r in _sites(relay)] == [1], _sites(relay)
    assert pid == [p["pid"] for p in json.loads(relay.tool("status", "-j"))["processes"] if p["role"] == "scheduler"]


def a_changed_retry_schedule_and_route_hold_after_a_reload(scene):
    sink, dead = scene.sink(), free_port()
    relay = scene.relay("class normal { retry 1h }", to=dead)
    relay.send()
    relay.wait_deferred(1)
    assert _route(relay, "x@example.org")[0]["classes"]["normal"]["retry"] == "1h"
    relay.configure(f"class normal {{ retry 2s }}\nroute * {{ to 127.0.0.1:{sink.port} }}")
    relay.tool("reload")
    row, = _route(relay, "x@example.org")
    assert row["classes"]["normal"]["retry"] == "2s" and row["hosts"][0]["port"] == sink.port, row
    relay.tool("flush")
    sink.wait(1)
