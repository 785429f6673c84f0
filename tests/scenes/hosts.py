# SPDX-License-Identifier: ISC
"""hosts: which of several a message goes to, and hosts that only our operator can mend."""
import json
import re

from scene import free_port, wait_until

URGENT = "Subject: u\r\nX-Priority: 1\r\n\r\nhi\r\n"


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
