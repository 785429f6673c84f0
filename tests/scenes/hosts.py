# SPDX-License-Identifier: ISC
"""hosts: which of several a message goes to, and hosts that only our operator can mend."""
import json
import re

from scene import free_port, wait_until

URGENT = "Subject: u\r\nMT-Priority: 4\r\n\r\nhi\r\n"


def _attention(relay):
    return json.loads(relay.tool("status", "-j"))["attention"]


# ---- the operator's matter ----------------------------------------------------------

LOGIN = {
    "530 to HELO": ({"EHLO": "530 5.7.0 Authentication required", "HELO": "530 5.7.0 Authentication required"},
                    "530 5.7.0"),
    "530 to MAIL": ({"MAIL": "530 5.7.0 Authentication required"}, "530 5.7.0"),
    "534 to RCPT": ({"RCPT": "534 5.7.9 Mechanism too weak"}, "534 5.7.9"),
    "535 to DATA": ({"DATA": "535 5.7.8 Authentication credentials invalid"}, "535 5.7.8"),
    "538 to the dot": ({"DOT": "538 5.7.11 Encryption required"}, "538 5.7.11"),
}


def a_next_hop_that_wants_a_login_keeps_mail_and_tells_the_operator_once(scene):
    sinks = dict(zip(LOGIN, scene.troupe([script for script, _ in LOGIN.values()])))
    home = scene.sink()
    names = {words: words.lower().replace(" ", "-") + ".test" for words in LOGIN}
    routes = "\n".join(f"route {names[words]} {{ to 127.0.0.1:{sink.port} }}" for words, sink in sinks.items())
    relay = scene.relay(f"class normal {{ retry 1h }}\n{routes}\nroute * {{ to 127.0.0.1:{home.port} }}")
    for user in "bc":
        for name in names.values():
            relay.send(f"{user}@{name}", sender="a@sender.test")
    wait_until(lambda: [row["queue_name"] for row in relay.queue()] == ["deferred"] * 10, "all mail waits")
    for words, (_, said) in LOGIN.items():
        with scene.row(words):
            host = f"127.0.0.1:{sinks[words].port}"
            assert re.search(rf"^needs attention: {host} asks for a login \({said} ", relay.tool("status"), re.M), \
                relay.tool("status")
            warned = re.findall(rf".*{host} asks for a login.*", relay.log_text())
            assert len(warned) == 1 and "warning" in warned[0], warned
            shown = relay.tool("site", "show", host)
            assert re.search(rf"^ +attention +{host} asks for a login \({said} ", shown, re.M), shown
    assert not relay.statuses("bounced") and not home.messages(), "nothing is returned, and nobody is told"
    for sink in sinks.values():
        sink.play({})
    relay.tool("site", "reset", "*")
    relay.tool("flush")
    for sink in sinks.values():
        sink.wait(2)
    relay.wait_empty()
    assert "needs attention" not in relay.tool("status"), relay.tool("status")


def a_next_hop_is_well_again_when_it_takes_mail(scene):
    sink = scene.sink({"MAIL": ["530 5.7.0 Authentication required", "250 2.1.0 Ok"]})
    relay = scene.relay("class normal { retry 1s }", to=sink.port)
    relay.send()
    relay.wait_log("warning: 127.0.0.1:[0-9]+ asks for a login")
    sink.wait()
    relay.wait_log("127.0.0.1:[0-9]+ takes mail again")
    assert _attention(relay) == [], _attention(relay)


def a_next_hop_that_cannot_do_the_tls_that_is_demanded_is_shown(scene):
    sink = scene.sink({})
    relay = scene.relay("class normal { retry 1h }\nsite * { tls encrypt }", to=sink.port)
    relay.send()
    relay.wait_log("status=deferred")
    wait_until(lambda: _attention(relay), "the site needs attention")
    row, = _attention(relay)
    assert row["host"] == f"127.0.0.1:{sink.port}" and "TLS is required here and not offered" in row["text"], row
    assert relay.log_text().count("fails at TLS, which is demanded there") == 1, "told once"
    assert not sink.messages()


def a_next_hop_that_wants_tls_first_is_said_to(scene):
    sink = scene.sink({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"})
    relay = scene.relay("class normal { retry 1h }", to=sink.port)
    relay.send()
    relay.wait_log(r"warning: 127.0.0.1:\d+ asks for TLS \(530 5.7.0 Must issue")
    assert not relay.statuses("bounced")


def what_the_operator_rules_of_a_login_counts(scene):
    sink, home = scene.troupe([{"MAIL": "530 5.7.0 Authentication required"}, {}])
    relay = scene.relay(f'reply "^530 " {{ permanent }}\nroute sender.test {{ to 127.0.0.1:{home.port} }}',
                        to=sink.port)
    ident = relay.send(sender="a@sender.test")
    home.wait()
    relay.wait_over(ident)
    assert [row["status"] for row in relay.statuses(id=ident)] == ["bounced"]
    assert _attention(relay) == [] and "asks for a login" not in relay.log_text()


# ---- one of several puts mail off ----------------------------------------------------

QUICK = "class urgent { retry 1s }\nclass normal { retry 1h }\nclass bulk { retry 1h }\n"
PUT_OFF = {
    "451 to MAIL": {"MAIL": "451 4.3.0 database is down"},
    "452 to MAIL": {"MAIL": "452 4.3.1 disk full"},
    "451 to RCPT": {"RCPT": "451 4.3.5 configuration problem"},
    "451 to DATA": {"DATA": "451 4.3.1 write error"},
    "451 to the dot": {"DOT": "451 4.3.1 write error"},
    "421 to MAIL": {"MAIL": "421 4.3.2 shutting down !drop"},
    "421 to the dot": {"DOT": "421 4.3.2 shutting down !drop"},
    "end at MAIL": {"MAIL": "!drop"},
    "end at DATA": {"DATA": "!drop"},
}
PLAIN = ["SIZE 1000000", "8BITMIME"]


def _route(*sinks, domain="*"):
    return f"route {domain} {{ to " + " ".join(f"127.0.0.1:{sink.port}" for sink in sinks) + " }\n"


def _second_takes(scene, **more):
    scripts = [part for script in PUT_OFF.values() for part in ({**script, **more}, dict(more))]
    sinks = scene.troupe(scripts)
    pairs = {words: sinks[2 * i:2 * i + 2] for i, words in enumerate(PUT_OFF)}
    names = {words: words.lower().replace(" ", "-") + ".test" for words in PUT_OFF}
    relay = scene.relay(QUICK + "".join(_route(*pair, domain=names[words]) for words, pair in pairs.items()))
    idents = {words: relay.send(f"b@{name}", "Subject: x\r\n\r\n" + "x" * 70 + "\r\n")
              for words, name in names.items()}
    for words, (first, second) in pairs.items():
        with scene.row(words):
            second.wait()
            relay.wait_over(idents[words])
            row, = relay.statuses(id=idents[words])
            assert row["status"] == "sent" and row["attempt"] == "1", row
            assert row["relay"].endswith(f":{second.port}"), row
            said = relay.wait_log(f"{idents[words]}: .*trying another host")[0]
            assert f":{first.port}" in said, said
            assert first.connections()[0] == 1 and not first.delivered(), first.connections()
    assert not re.search(r"rests? for", relay.log_text())
    for line in relay.tool("site", "list").splitlines()[1:]:
        assert " answers " in line, line


def what_one_host_puts_off_another_takes_at_once(scene):
    _second_takes(scene)


def what_one_host_puts_off_another_takes_at_once_without_pipelining(scene):
    _second_takes(scene, extensions=PLAIN)


def what_is_in_doubt_behind_the_dot_goes_to_no_other_host_at_once(scene):
    rows = {"no reply": "!drop", "part of a reply": "250 2.0 !cut !drop", "another reply": "354 more?"}
    sinks = scene.troupe([part for reply in rows.values() for part in ({"DOT": reply}, {})])
    relay = scene.relay(QUICK + "".join(_route(*sinks[2 * i:2 * i + 2], domain=f"d{i}.test") for i in range(len(rows))))
    idents = [relay.send(f"b@d{i}.test") for i in range(len(rows))]
    for ident in idents:
        relay.wait_log(f"{ident}: to=.*status=")
    relay.wait_deferred(len(rows))
    for i, words in enumerate(rows):
        with scene.row(words):
            assert relay.statuses(id=idents[i])[0]["status"] == "deferred"
            assert len(sinks[2 * i].messages()) == 1, "one copy came"
            assert sinks[2 * i + 1].connections()[0] == 0, "and none anywhere else"


def what_one_host_refuses_for_good_no_other_is_asked(scene):
    first, second, home = scene.troupe([{"RCPT": {"no@*": "550 5.1.1 who?", "later@*": "451 4.3.0 later"}}, {}, {}])
    relay = scene.relay("class normal { retry 1s }\n" + _route(home, domain="sender.test") + _route(first, second))
    ident = relay.send(["no@example.org", "later@example.org", "ok@example.org"], sender="a@sender.test")
    relay.wait_over(ident)
    assert [row["to"] for row in relay.statuses("bounced")] == ["no@example.org"]
    assert [r["address"] for m in second.delivered() for r in m["rcpts"]] == ["later@example.org"]
    assert [r["address"] for m in first.delivered() for r in m["rcpts"] if r["code"] == 250] == ["ok@example.org"]


def when_all_hosts_put_mail_off_it_is_deferred_once(scene):
    sinks = scene.troupe([{"MAIL": f"451 4.3.{i} no"} for i in range(3)])
    relay = scene.relay(QUICK + _route(*sinks))
    ident = relay.send()
    relay.wait_deferred(1)
    row, = relay.statuses(id=ident)
    assert row["status"] == "deferred" and "451 4.3.2 no" in row["why"], row
    assert [sink.connections()[0] for sink in sinks] == [1] * 3, "each is asked once"
    assert relay.log_text().count("trying another host") == 2


def a_site_does_not_rest_while_one_of_its_hosts_is_well(scene):
    bad, good = scene.troupe([{"MAIL": "!drop"}, {}])
    relay = scene.relay(QUICK + "site * { connections 5 }\n" + _route(bad, good))
    for i in range(40):
        relay.send(f"b{i}@example.org")
    for i in range(5):
        relay.send(f"u{i}@example.org", URGENT)
    good.wait(45)
    relay.wait_empty()
    assert not relay.statuses("deferred"), relay.statuses("deferred")[0]
    assert {row["attempt"] for row in relay.statuses("sent")} == {"1"}
    assert bad.connections()[0] <= 15, f"{bad.connections()[0]}: the bad one is left alone after some"


def of_a_name_with_two_addresses_the_well_one_is_tried(scene):
    port = free_port()
    for i, at in enumerate((["127.0.0.2", "127.0.0.3"], ["127.0.0.3", "127.0.0.2"])):
        bad, = scene.troupe([{"MAIL": "451 4.3.0 database is down"}], "--port", str(port), addresses=at[:1])
        good, = scene.troupe([{}], "--port", str(port), addresses=at[1:])
        with scene.row(f"{at[0]} is the bad one"):
            dns = scene.dns({"mx.test": {"A": ["127.0.0.2", "127.0.0.3"]}})
            relay = scene.relay(QUICK + f"resolver {{ server 127.0.0.1@{dns.port} }}\n"
                                f"route * {{ to mx.test:{port} }}", name=f"relay{i}")
            for n in range(30):
                relay.send(f"b{n}@example.org", "Subject: x\r\nPrecedence: bulk\r\n\r\nx\r\n")
            for n in range(10):
                relay.send(f"u{n}@example.org", URGENT)
            good.wait(40)
            relay.wait_empty()
            assert not relay.statuses("deferred") and not bad.delivered()
        for sink in (bad, good):
            sink.process.end()


# ---- addresses of our own ---------------------------------------------------------------


def an_address_of_our_own_among_the_hosts_makes_nobody_call_another_endlessly(scene):
    sink = scene.sink({})
    relay = scene.relay(start=False)
    relay.configure(f"route loop.test {{ to 127.0.0.1:{free_port()} 127.0.0.1:{relay.port} 127.0.0.1:{sink.port} }}\n"
                    f"route * {{ to 127.0.0.1:{sink.port} }}")
    relay.start().ready()
    ident = relay.send("b@loop.test")
    sink.wait()
    relay.wait_over(ident)
    assert sink.connections()[0] == 1, f"{sink.connections()[0]} connections for one message"


# ---- connections that refuse everything ---------------------------------------------------


def a_connection_that_refuses_everything_does_not_draw_the_mail(scene):
    sink = scene.sink({"delay": {"DOT": 0.2}, "each": {"4": {"MAIL": "451 4.3.0 database is down"}}})
    relay = scene.relay("class bulk { retry 1h }\nclass normal { retry 1h }\nsite * { connections 8 }", to=sink.port)
    with relay.smtp() as client:
        for i in range(120):
            client.sendmail("a@client.test", [f"b{i}@example.org"], "Subject: x\r\nPrecedence: bulk\r\n\r\nx\r\n")
    wait_until(lambda: len(relay.statuses()) >= 120, "each message was tried")
    deferred = len(relay.statuses("deferred"))
    assert 1 <= deferred <= 120 // 4, f"{deferred} of 120 messages were put off"
    assert sink.connections()[0] > 8, "the bad ones were closed, and others made"
