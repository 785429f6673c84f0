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
    wait_until(lambda: relay.statuses("deferred", id=ident), "its first try")
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
