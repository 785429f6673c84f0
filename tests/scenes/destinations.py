# SPDX-License-Identifier: ISC
"""destinations: hosts that are dead, slow, rude or wrong, and those that are not."""
import re

from scene import free_port, wait_until

# pauses a tenth as long, and a try after each fifth of a second
QUICK = "time-scale 0.1\nclass normal { retry 2s }\n"
OK = {"greeting": "220 sink.test ESMTP", "EHLO": "250-sink.test", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok",
      "DATA": "354 go on", "DOT": "250 2.0.0 Ok"}
PLAIN = ["SIZE 1000000", "8BITMIME"]


def _name(words):
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def _cast(scene, rows, *arguments, more=""):
    """A sink for each of ROWS (words: script) and a relay with a route to each; what is sent from
    ...@sender.test comes back to a sink of its own."""
    sinks = dict(zip(rows, scene.troupe(rows.values(), *arguments)))
    home = scene.sink()
    routes = [f"route {_name(words)}.test {{ to 127.0.0.1:{sink.port} }}" for words, sink in sinks.items()]
    routes.append(f"route sender.test {{ to 127.0.0.1:{home.port} }}")
    return scene.relay(QUICK + more + "\n".join(routes)), sinks, home


def _sender(words):
    return f"{_name(words)}@sender.test"


def _send_each(relay, rows, users=("b",)):
    """A message to each row; {words: id}."""
    return {words: relay.send([f"{user}@{_name(words)}.test" for user in users], f"Subject: {words}\r\n\r\n" +
                              "x" * 70 + "\r\n", sender=_sender(words)) for words in rows}


def _once_badly(step, rule, **more):
    """A server that answers so at STEP the first time, and well from then on."""
    return {step: [rule, OK[step]], **more}


def _final_recipients(home):
    """{address told: recipients said to have failed} of all reports."""
    told = {}
    for message in home.delivered():
        assert message["mail"].startswith("MAIL FROM:<>"), message["mail"]
        failed = re.findall(rb"^Final-Recipient: rfc822; ?(\S+)\r$", message["body"], re.M)
        told.setdefault(message["rcpts"][0]["address"], []).extend(f.decode() for f in failed)
    return told


# ---- hosts that are not there ----------------------------------------------------


def a_dead_host_defers_mail_until_it_is_back(scene):
    port = free_port()
    relay = scene.relay(QUICK, to=port)
    ident = relay.send()
    relay.wait_log(f"{ident}: to=.*try=2$")
    row = relay.statuses(id=ident)[0]
    assert row["dsn"] == "4.4.1" and row["status"] == "deferred", row
    assert row["why"] == f"connect to 127.0.0.1[127.0.0.1]:{port}: Connection refused", row
    assert row["use"] is None and row["klass"] == "normal" and row["attempt"] == "1", row
    others = [relay.send(f"c{i}@example.org") for i in range(5)]
    assert sorted(r["queue_id"] for r in relay.queue()) == sorted([ident] + others), "nothing is lost"
    sink = scene.sink(None, "--port", str(port))
    sink.wait(6)
    relay.wait_empty()
    assert {row["dsn"] for row in relay.statuses("deferred")} == {"4.4.1"}
    assert not relay.statuses("bounced")


def a_host_that_fails_is_probed_by_one_connection_at_a_time(scene):
    sink = scene.sink({"greeting": "421 4.3.2 not now !drop"})
    relay = scene.relay(QUICK, to=sink.port)
    relay.send()
    relay.wait_log("status=deferred")
    for i in range(30):
        relay.send(f"c{i}@example.org")
    before = sink.connections()[0]
    wait_until(lambda: sink.connections()[0] >= before + 4, "four more probes")
    number, most = sink.connections()
    assert most == 1, f"{most} connections at once to a host that does not answer"
    tried = [row for row in relay.statuses("deferred")]
    assert len(tried) <= number + 1, "a message is tried for each probe, not all of them"
    sink.play({})
    sink.wait(31)
    relay.wait_empty()


# ---- hosts that leave in the middle ------------------------------------------------

LEAVING = {
    "before the greeting": ("greeting", "!drop", 1),
    "after the greeting": ("greeting", "220 sink.test ESMTP !drop", 1),
    "instead of answering EHLO": ("EHLO", "!drop", 1),
    "after EHLO": ("EHLO", "250-sink.test !drop", 1),
    "instead of answering MAIL": ("MAIL", "!drop", 1),
    "after MAIL": ("MAIL", "250 2.1.0 Ok !drop", 1),
    "instead of answering RCPT": ("RCPT", "!drop", 1),
    "after RCPT": ("RCPT", "250 2.1.5 Ok !drop", 1),
    "instead of answering DATA": ("DATA", "!drop", 1),
    "in the body": ("DATA", "!drop-data 20", 1),
    "instead of answering the dot": ("DOT", "!drop", 2),
    "in the middle of the reply to the dot": ("DOT", "250 2.0 !cut !drop", 2),
    "after the reply to the dot": ("DOT", "250 2.0.0 Ok !drop", 1),
}


def _leave(scene, act, **more):
    rows = {words: _once_badly(step, rule.replace("!drop", act) if "-data" not in rule else rule, **more)
            for words, (step, rule, _) in LEAVING.items()}
    relay, sinks, home = _cast(scene, rows)
    idents = _send_each(relay, rows)
    for words, (_, _, copies) in LEAVING.items():
        sinks[words].wait()
        relay.wait_over(idents[words])
        kept = sinks[words].messages()
        assert len(kept) == copies, f"{words}: {len(kept)} copies came"
        bodies = {message["body"] for message in kept}
        assert len(bodies) == 1, f"{words}: the copies differ"
        statuses = [row["status"] for row in relay.statuses(id=idents[words])]
        assert statuses == (["sent"] if words == "after the reply to the dot" else ["deferred", "sent"]), \
            f"{words}: {statuses}"
    assert not home.messages(), "nobody is told"
    relay.wait_empty()


def a_host_that_closes_at_any_step_loses_nothing(scene):
    _leave(scene, "!drop")


def a_host_that_closes_at_any_step_without_pipelining_loses_nothing(scene):
    _leave(scene, "!drop", extensions=PLAIN)


def a_host_that_resets_at_any_step_loses_nothing(scene):
    _leave(scene, "!reset")


# ---- replies --------------------------------------------------------------------------

LATER = {
    "450 as greeting": ("greeting", "450 4.3.2 busy"),
    "451 to EHLO": ("EHLO", "451 4.3.0 later"),
    "451 to MAIL": ("MAIL", "451 4.3.0 later"),
    "452 to MAIL": ("MAIL", "452 4.3.1 full"),
    "450 to RCPT": ("RCPT", "450 4.2.0 greylisted"),
    "452 to the only RCPT": ("RCPT", "452 4.2.2 mailbox full"),
    "451 to DATA": ("DATA", "451 4.3.0 later"),
    "451 to the dot": ("DOT", "451 4.3.0 later"),
    "354 to the dot": ("DOT", "354 more?"),
    "421 as greeting": ("greeting", "421 4.3.2 closing !drop"),
    "421 to EHLO": ("EHLO", "421 4.3.2 closing !drop"),
    "421 to MAIL": ("MAIL", "421 4.3.2 closing !drop"),
    "421 to RCPT": ("RCPT", "421 4.3.2 closing !drop"),
    "421 to DATA": ("DATA", "421 4.3.2 closing !drop"),
    "421 to the dot": ("DOT", "421 4.3.2 closing !drop"),
    "554 as greeting": ("greeting", "554 5.3.2 no"),
}


def _wait(scene, **more):
    rows = {words: _once_badly(step, rule, **more) for words, (step, rule) in LATER.items()}
    relay, sinks, home = _cast(scene, rows)
    idents = _send_each(relay, rows)
    for words, (_, rule) in LATER.items():
        sinks[words].wait()
        relay.wait_over(idents[words])
        first, second = relay.statuses(id=idents[words])
        assert (first["status"], second["status"]) == ("deferred", "sent"), (words, first, second)
        assert first["dsn"][0] == "4" and rule[:3] in first["why"], (words, first)
        status = re.search(r" 4(\.\d\.\d) ", rule)
        assert not status or first["dsn"] == "4" + status.group(1), (words, first)
    assert not home.messages(), "nobody is told of what was tried again"


def a_4xx_at_any_step_is_tried_again(scene):
    _wait(scene)


def a_4xx_at_any_step_without_pipelining_is_tried_again(scene):
    _wait(scene, extensions=PLAIN)


NEVER = {
    "550 to MAIL": ({"MAIL": "550 5.7.1 no"}, "b c", "5.7.1"),
    "550 to one RCPT": ({"RCPT": {"b@*": "550 5.1.1 who?", "*": "250 Ok"}}, "b", "5.1.1"),
    "550 to each RCPT": ({"RCPT": "550 5.1.1 who?"}, "b c", "5.1.1"),
    "553 without a status": ({"RCPT": {"b@*": "553 who?", "*": "250 Ok"}}, "b", "5.0.0"),
    "554 to DATA": ({"DATA": "554 5.6.0 no"}, "b c", "5.6.0"),
    "554 to the dot": ({"DOT": "554 5.7.1 spam"}, "b c", "5.7.1"),
    "550 to one and the dot": ({"RCPT": {"b@*": "550 5.1.1 who?", "*": "250 Ok"}, "DOT": "554 5.7.1 spam"},
                               "b c", "5.1.1 5.7.1"),
}


def _bounce(scene, **more):
    rows = {words: {**script, **more} for words, (script, _, _) in NEVER.items()}
    relay, sinks, home = _cast(scene, rows)
    idents = _send_each(relay, rows, "bc")
    relay.wait_over(*idents.values())
    home.wait(len(rows))
    told = _final_recipients(home)
    for words, (_, failed, dsn) in NEVER.items():
        wanted = [f"{user}@{_name(words)}.test" for user in failed.split()]
        assert sorted(told[_sender(words)]) == wanted, (words, told[_sender(words)])
        bounced = relay.statuses("bounced", id=idents[words])
        assert sorted(row["to"] for row in bounced) == wanted, (words, bounced)
        assert {row["dsn"] for row in bounced} == set(dsn.split()), (words, bounced)
        sent = relay.statuses("sent", id=idents[words])
        assert sorted(row["to"][0] for row in sent) == sorted(set("bc") - set(failed.split())), (words, sent)
        assert len(sinks[words].delivered()) == (1 if sent else 0), words
        assert not relay.statuses("deferred", id=idents[words]), words


def a_5xx_returns_the_mail_of_those_it_is_about(scene):
    _bounce(scene)


def a_5xx_without_pipelining_returns_the_mail_of_those_it_is_about(scene):
    _bounce(scene, extensions=PLAIN)


def recipients_that_fare_differently_in_one_transaction_do_not_mix(scene):
    sink, home = scene.troupe([{"RCPT": {"ok*": "250 2.1.5 Ok", "no*": "550 5.1.1 who?",
                                         "later*": ["450 4.2.0 greylisted", "250 2.1.5 Ok"]}, "recipients": 3}, {}])
    relay = scene.relay(QUICK + f"route sender.test {{ to 127.0.0.1:{home.port} }}", to=sink.port)
    everybody = ["ok1", "later1", "no1", "ok2", "ok3", "ok4", "no2", "ok5", "ok6", "ok7"]
    ident = relay.send([f"{user}@example.org" for user in everybody], sender="a@sender.test")
    relay.wait_over(ident)
    home.wait()
    assert sorted(_final_recipients(home)["a@sender.test"]) == ["no1@example.org", "no2@example.org"]
    got = sorted(r["address"].split("@")[0] for m in sink.delivered() for r in m["rcpts"] if r["code"] == 250)
    assert got == sorted(["ok%d" % i for i in range(1, 8)] + ["later1"]), got
    first, second, third, *rest = sink.delivered()
    assert [r["code"] for r in first["rcpts"]] == [250, 450, 550, 250, 250, 452, 452, 452, 452, 452], first
    # those beyond the limit go at once, over the same connection, and are not spoken of as deferred
    assert second["connection"] == first["connection"] and second["transaction"] == 2, second
    assert [row["to"] for row in relay.statuses("deferred")] == ["later1@example.org"]
    assert {row["attempt"] for row in relay.statuses("sent") if row["to"].startswith("ok")} == {"1"}


def a_server_that_has_had_enough_mid_session_defers_nothing(scene):
    sink = scene.sink({"messages": 3})
    relay = scene.relay(QUICK + "site * { connections 1 }", to=sink.port)
    for i in range(10):
        relay.send(f"b{i}@example.org")
    sink.wait(10)
    relay.wait_empty()
    assert not relay.statuses("deferred"), "421 to MAIL over a warm connection is no failure"
    assert max(message["transaction"] for message in sink.delivered()) == 3


def a_host_that_refuses_to_talk_is_passed_over_for_the_next(scene):
    rows = [{"greeting": "554 5.3.2 no"}, {"greeting": "421 4.3.2 no !drop"}, {"EHLO": "451 4.3.0 later"},
            {"greeting": "521 takes no mail"}, {"greeting": "!drop"}, {}]
    sinks = scene.troupe(rows)
    hops = " ".join(f"127.0.0.1:{sink.port}" for sink in sinks)
    relay = scene.relay(QUICK + f"route * {{ to 127.0.0.1:{free_port()} {hops} }}\n")
    ident = relay.send()
    sinks[-1].wait()
    assert [sink.connections()[0] for sink in sinks] == [1] * 6, "each is asked once, in order"
    relay.wait_over(ident)
    row, = relay.statuses(id=ident)
    assert row["status"] == "sent" and row["relay"].endswith(f":{sinks[-1].port}"), row


def hosts_that_take_no_mail_at_all_return_it(scene):
    sinks = scene.troupe([{"greeting": "521 no.test takes no mail"}, {"greeting": "521 no.test takes no mail"}, {}])
    hops = " ".join(f"127.0.0.1:{sink.port}" for sink in sinks[:2])
    relay = scene.relay(QUICK + f"route no.test {{ to {hops} }}\nroute * {{ to 127.0.0.1:{sinks[2].port} }}")
    relay.send("b@no.test", sender="a@sender.test")
    sinks[2].wait()
    assert _final_recipients(sinks[2]) == {"a@sender.test": ["b@no.test"]}
    row, = relay.statuses("bounced")
    assert row["dsn"] == "5.3.2" and "521" in row["why"], row


# ---- what a server can do ------------------------------------------------------------


def what_is_not_offered_is_not_used(scene):
    rows = {"no ehlo": {"EHLO": "502 5.5.1 what?"}, "nothing offered": {"EHLO": "250 sink.test"},
            "no pipelining": {"extensions": PLAIN}, "all": {}}
    relay, sinks, _ = _cast(scene, rows)
    for words in rows:
        relay.send(f"b@{_name(words)}.test", options=["BODY=8BITMIME", "RET=HDRS", "ENVID=x1"])
    got = {words: sinks[words].wait()[0] for words in rows}
    assert got["no ehlo"]["helo"].startswith("HELO "), got["no ehlo"]
    assert got["all"]["helo"].startswith("EHLO relay.test"), got["all"]
    for words in ("no ehlo", "nothing offered"):
        assert got[words]["mail"] == "MAIL FROM:<a@client.test>", got[words]
        assert got[words]["rcpts"][0]["line"] == f"RCPT TO:<b@{_name(words)}.test>"
    for words in ("no ehlo", "nothing offered", "no pipelining"):
        assert got[words]["together"] == ["MAIL"], got[words]
    assert re.search(" SIZE=[0-9]+ BODY=8BITMIME$", got["no pipelining"]["mail"]), got["no pipelining"]
    assert got["all"]["together"] == ["MAIL", "RCPT", "DATA"], got["all"]
    assert " RET=HDRS ENVID=x1" in got["all"]["mail"], got["all"]
    assert not relay.statuses("deferred")


def a_message_over_the_size_of_the_host_is_returned_unsent(scene):
    sink, home = scene.troupe([{"extensions": ["PIPELINING", "SIZE 1000"]}, {}], "--transcript")
    relay = scene.relay(QUICK + f"route sender.test {{ to 127.0.0.1:{home.port} }}", to=sink.port)
    relay.send("b@example.org", "Subject: large\r\n\r\n" + "x" * 70 + "\r\n" * 1000, sender="a@sender.test")
    home.wait()
    row, = relay.statuses("bounced")
    assert row["dsn"] == "5.3.4" and "1000" in row["why"], row
    assert _final_recipients(home) == {"a@sender.test": ["b@example.org"]}
    relay.send("b@example.org", "Subject: small\r\n\r\nx\r\n", sender="a@sender.test")
    sink.wait()
    said = b"".join(sink.said(i + 1) for i in range(sink.connections()[0]))
    assert said.count(b"MAIL FROM") == 1 and b"large" not in said, said


# ---- TLS ---------------------------------------------------------------------------------


def _tls(scene):
    cert, key = scene.certificate()
    return "--certificate", cert, "--key", key, "--transcript"


def mail_goes_encrypted_where_that_works_and_in_clear_where_it_does_not(scene):
    offered = {"extensions": ["PIPELINING", "SIZE 1000000"]}
    rows = {
        "works": offered,
        "handshake dropped": {**offered, "STARTTLS": ["220 go !drop", "220 go"]},
        "handshake garbage": {**offered, "STARTTLS": "220 go !garbage"},
        "refused for now": {**offered, "STARTTLS": "454 4.7.0 not now"},
        "refused": {**offered, "STARTTLS": "502 5.5.1 what?"},
        "must not": offered,
        "must works": offered,
        "must refused": {**offered, "STARTTLS": "454 4.7.0 not now"},
        "must garbage": {**offered, "STARTTLS": "220 go !garbage"},
    }
    relay, sinks, home = _cast(scene, rows, *_tls(scene), more="site must-not.test { tls none }\n"
                               "site must-works.test { tls encrypt }\nsite must-refused.test { tls encrypt }\n"
                               "site must-garbage.test { tls encrypt }\n")
    idents = _send_each(relay, rows)
    for words in rows:
        if words not in ("must refused", "must garbage"):
            message, = sinks[words].wait()
            assert message["tls"] == (words in ("works", "must works")), (words, message)
            relay.wait_over(idents[words])
            assert [row["status"] for row in relay.statuses(id=idents[words])] == ["sent"], words
    for words in ("must refused", "must garbage"):
        relay.wait_log(f"{idents[words]}: .*try=2")
        assert not sinks[words].messages()
        number = sinks[words].connections()[0]
        said = b"".join(sinks[words].said(i + 1) for i in range(number))
        assert b"MAIL" not in said, f"{words}: {said}"
    assert b"STARTTLS" not in sinks["must not"].said(1)
    assert sinks["handshake dropped"].connections()[0] == 2, "once with TLS, once in clear"
    assert not home.messages()


def what_follows_the_reply_to_starttls_ends_the_session(scene):
    injected = "220 2.0.0 go\r\n250-sink.test\r\n250 PIPELINING\r\n"
    sink = scene.sink({"STARTTLS": [injected, "220 2.0.0 go"]}, *_tls(scene))
    relay = scene.relay(QUICK, to=sink.port)
    ident = relay.send()
    message, = sink.wait()
    assert message["tls"] and message["connection"] == 2, message
    relay.wait_over(ident)
    said = sink.said(1)
    assert said.endswith(b"STARTTLS\r\n") and b"MAIL" not in said, said
    first, second = relay.statuses(id=ident)
    assert first["status"] == "deferred" and "STARTTLS" in first["why"], first


# ---- slow and strange ones -------------------------------------------------------------


def a_tarpit_holds_nobody_up_but_its_own_mail(scene):
    pit, good = scene.troupe([{"greeting": "!silence"}, {}])
    relay = scene.relay(f"""class normal {{ retry 1h }}
route pit.test {{ to 127.0.0.1:{pit.port} }}
site pit.test {{ timeout-greeting 4s }}""", to=good.port)
    for i in range(40):
        relay.send(f"b{i}@pit.test")
    for i in range(20):
        relay.send(f"b{i}@example.org")
    good.wait(20)
    assert not relay.statuses("deferred"), "all good mail left before the pit was given up"
    relay.wait_log("to=<b0@pit.test>.*status=deferred")
    row = relay.statuses("deferred")[0]
    assert row["dsn"] == "4.4.2" and "timed out" in row["why"] and "greeting" in row["why"], row
    assert pit.connections()[1] <= 20
    assert {r["queue_name"] for r in relay.queue()} <= {"deferred", "active"} and len(relay.queue()) == 40


def _each_wait_ends(scene, act):
    rows = {words: _once_badly(step, act) for words, step in
            (("greeting", "greeting"), ("helo", "EHLO"), ("mail", "MAIL"), ("rcpt", "RCPT"), ("data", "DATA"),
             ("dot", "DOT"))}
    more = "".join(f"site {words}.test {{ timeout-{words} 500ms }}\n" for words in rows)
    relay, sinks, _ = _cast(scene, rows, more=more)
    idents = _send_each(relay, rows)
    for words in rows:
        messages = wait_until(lambda sink=sinks[words]: sink.delivered() and sink.messages(), words)
        assert len(messages) == (2 if words == "dot" else 1), (words, messages)
        first, second = wait_until(lambda ident=idents[words]: len(got := relay.statuses(id=ident)) == 2 and got, words)
        assert first["status"] == "deferred" and "timed out" in first["why"], (words, first)


def each_wait_for_a_reply_has_its_end(scene):
    _each_wait_ends(scene, "!silence")


def a_reply_that_comes_byte_by_byte_gets_no_more_time(scene):
    _each_wait_ends(scene, "!drip")


STRANGE = {
    "no code": "hello there",
    "letters": "2xx fine",
    "two digits": "25 fine",
    "999": "999 fine",
    "099": "099 fine",
    "mixed codes": "250-one\r\n550 two\r\n",
    "no end": "250-more and more !forever",
    "a long line": "250 " + "x" * 300000,
    "NUL": "250 a\0b",
    "many lines": "250-a line\n" * 65536 + "250 end",
    "an empty line": "\r\n",
    "before it was asked": "250 2.1.0 Ok\n250 2.1.5 Ok\n354 go\n250 2.0.0 Ok",
}


def replies_that_are_none_lose_and_break_nothing(scene):
    rows = {f"{words} at {step}": _once_badly(step, rule, extensions=PLAIN + ["PIPELINING"] * (i % 2))
            for i, (words, rule) in enumerate(STRANGE.items()) for step in ("greeting", "EHLO", "MAIL", "DOT")}
    relay, sinks, home = _cast(scene, rows)
    before = relay.processes()
    idents = _send_each(relay, rows)
    relay.wait_over(*idents.values())
    for words in rows:
        sent = len(relay.statuses("sent", id=idents[words]))
        kept = len(sinks[words].messages())
        assert sent == 1 and len(sinks[words].delivered()) >= 1 and kept <= 2, (words, sent, kept)
        assert kept == 1 or words.endswith("DOT"), (words, kept)
    assert not home.messages()
    assert relay.processes() == before, "no process died"


# ---- many ------------------------------------------------------------------------------------


def a_thousand_recipients_go_over_few_connections(scene):
    sink = scene.sink()
    relay = scene.relay("site * { connections 3; recipients 50 }", to=sink.port)
    everybody = [f"r{i}@example.org" for i in range(1000)]
    relay.send(everybody)
    wait_until(lambda: sum(len(m["rcpts"]) for m in sink.delivered()) >= 1000, "1000 recipients")
    relay.wait_empty()
    messages = sink.delivered()
    assert sorted(r["address"] for m in messages for r in m["rcpts"]) == sorted(everybody)
    assert len(messages) == 20 and {len(m["rcpts"]) for m in messages} == {50}, [len(m["rcpts"]) for m in messages]
    assert sink.connections()[0] <= 3, sink.connections()


def one_warm_connection_carries_many_messages_up_to_its_limit(scene):
    sink = scene.sink(None, "--transcript")
    relay = scene.relay("site * { connections 1; messages 7; idle 300ms }", to=sink.port)
    for i in range(20):
        relay.send(f"b{i}@example.org")
    messages = sink.wait(20)
    wait_until(lambda: len(relay.statuses("sent")) == 20, "20 lines in the log")
    assert [row["use"] for row in relay.statuses("sent")] == [None if i % 7 == 0 else str(i % 7 + 1) for i in range(20)]
    assert [m["transaction"] for m in messages] == [i % 7 + 1 for i in range(20)]
    # the third is not full: it is left when nothing has come for so long
    wait_until(lambda: sink.said(3).endswith(b"QUIT\r\n"), "QUIT over the idle connection")
    assert sink.said(1).endswith(b".\r\nQUIT\r\n") and sink.connections() == (3, 1), sink.connections()


def a_site_never_gets_more_connections_than_it_may(scene):
    sink = scene.sink({"delay": {"DOT": 0.03}})
    relay = scene.relay("site * { connections 4 }", to=sink.port)
    for i in range(100):
        relay.send(f"b{i}@example.org")
    sink.wait(100)
    number, most = sink.connections()
    assert 2 <= most <= 4, f"{most} connections at once"
    assert number <= 8, f"{number} connections for 100 messages"


def too_many_connections_for_the_host_are_no_failure_of_it(scene):
    sink = scene.sink({"connections": 2, "delay": {"DOT": 0.03}})
    relay = scene.relay(QUICK + "site * { connections 10 }", to=sink.port)
    for i in range(60):
        relay.send(f"b{i}@example.org")
    sink.wait(60)
    relay.wait_empty()
    assert not relay.statuses("deferred"), "with two connections at work nothing needs to wait"
    assert sink.connections()[0] < 60, "and not each message asks for one more"
