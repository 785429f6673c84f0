# SPDX-License-Identifier: ISC
"""reports: who is told what became of mail, once, and in a form that machines read (RFC 3464)."""
import email
import email.policy
import re

from scene import wait_until

QUICK = "time-scale 0.1\nclass normal { retry 2s }\n"
REFUSES = {"RCPT": {"ok*": "250 2.1.5 Ok", "later*": "451 4.7.1 later", "*": "550 5.1.1 no such user"}}
NO_DSN = ["PIPELINING", "SIZE 10000000", "8BITMIME", "ENHANCEDSTATUSCODES"]


class _Report:
    """A delivered message that should be a report; anything wrong in its form fails."""

    def __init__(self, message):
        assert message["mail"].split(" ")[0] == "MAIL" and message["mail"].startswith("MAIL FROM:<>"), message["mail"]
        self.to, = [r["address"] for r in message["rcpts"]]
        wire = re.sub(rb"(?m)^\.", b"", message["body"])
        assert all(len(line) <= 998 for line in wire.split(b"\r\n")), "a line is too long"
        self.message = email.message_from_bytes(wire, policy=email.policy.default)
        assert not self.message.defects, self.message.defects
        assert self.message.get_content_type() == "multipart/report", self.message["Content-Type"]
        assert self.message.get_param("report-type") == "delivery-status"
        for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version"):
            assert len(self.message.get_all(name, [])) == 1, f"{name} in {self.message.items()}"
        assert self.message["Auto-Submitted"] == "auto-replied", self.message.items()
        assert self.message["To"].addresses[0].addr_spec == self.to
        self.text, status, *returned = self.message.iter_parts()
        self.original = returned[0] if returned else None
        assert len(returned) <= 1
        assert self.text.get_content_type() == "text/plain"
        assert status.get_content_type() == "message/delivery-status", status.get_content_type()
        self.about, *self.rcpts = status.get_payload()
        assert self.about["Reporting-MTA"] == "dns; relay.test", self.about.items()
        assert self.about["Arrival-Date"], self.about.items()
        for rcpt in self.rcpts:
            assert re.fullmatch(r"rfc822; \S+", rcpt["Final-Recipient"]), rcpt.items()
            assert rcpt["Action"] in ("failed", "delayed", "relayed"), rcpt.items()
            assert re.fullmatch(r"[245]\.\d+\.\d+", rcpt["Status"]), rcpt.items()

    @property
    def fates(self):
        """{recipient: (action, status)}"""
        return {rcpt["Final-Recipient"].split("; ")[1]: (rcpt["Action"], rcpt["Status"]) for rcpt in self.rcpts}

    @property
    def returned(self):
        """Whether the whole message came back, and not its header alone; None: not even that."""
        if self.original is None:
            return None
        kind = self.original.get_content_type()
        assert kind in ("message/rfc822", "text/rfc822-headers"), kind
        return kind == "message/rfc822"


def _house(scene, script, text="", **how):
    """A relay that sends to a sink with SCRIPT, and what is for sender.test to another one."""
    sink, home = scene.troupe([script, {}])
    relay = scene.relay(QUICK + text + f"\nroute sender.test {{ to 127.0.0.1:{home.port} }}", to=sink.port, **how)
    return relay, sink, home


def _send(relay, to, notify=None, text="Subject: about\r\n\r\nbody\r\n", sender="a@sender.test", options=()):
    return relay.send(to, text, sender=sender, options=options, rcpt_options=[f"NOTIFY={notify}"] if notify else [])


def a_bounce_says_who_did_not_get_what_and_why(scene):
    relay, sink, home = _house(scene, REFUSES)
    text = b"From: a@sender.test\r\nSubject: about\r\n\r\n.a line with a dot\r\nbody \xe4\r\n"
    with relay.smtp() as client:
        assert client.mail("a@sender.test", ["BODY=8BITMIME", "ENVID=x+2By", "RET=FULL"])[0] == 250
        assert client.rcpt("b@example.org", ["ORCPT=rfc822;first+2Bb@example.org"])[0] == 250
        for to in ("c@example.org", "ok@example.org", "later@example.org"):
            assert client.rcpt(to)[0] == 250
        code, answer = client.data(text)
    ident = answer.decode().split()[-1]
    report = _Report(home.wait()[0])
    assert report.to == "a@sender.test"
    assert report.message["From"].addresses[0].addr_spec == "MAILER-DAEMON@relay.test"
    assert report.about["Original-Envelope-Id"] == "x+y", report.about.items()
    assert report.fates == {"b@example.org": ("failed", "5.1.1"), "c@example.org": ("failed", "5.1.1")}, report.fates
    first = report.rcpts[0]
    assert first["Original-Recipient"] == "rfc822;first+b@example.org", first.items()
    assert first["Remote-MTA"].startswith("dns; "), first.items()
    assert first["Diagnostic-Code"] == "smtp; 550 5.1.1 no such user", first.items()
    assert "no such user" in report.text.get_content() and "b@example.org" in report.text.get_content()
    assert report.returned
    original = report.original.get_payload(0).as_bytes(policy=email.policy.SMTP)
    assert original.endswith(b"\r\n\r\n.a line with a dot\r\nbody \xe4\r\n"), original
    assert f"by relay.test with ESMTP id {ident};\r\n".encode() in original, original
    match = relay.wait_log(rf"{ident}: sender non-delivery notification: (\w{{16}})$")
    relay.wait_log(rf"{match.group(1)}: from=<>, size=\d+, nrcpt=1 ")
    assert [row["queue_id"] for row in relay.queue()] == [ident], "the one that waits is not given up"
    assert len(home.messages()) == 1


def how_much_of_a_message_comes_back_is_as_asked(scene):
    relay, sink, home = _house(scene, REFUSES, "bounce { return-size 2k }")
    small, large = "Subject: about\r\n\r\nbody\r\n", "Subject: about\r\n\r\n" + "body\r\n" * 1000
    rows = [("full@sender.test", small, ["RET=FULL"], True), ("hdrs@sender.test", small, ["RET=HDRS"], False),
            ("any@sender.test", small, [], True), ("large@sender.test", large, ["RET=FULL"], False)]
    for sender, text, options, _ in rows:
        _send(relay, "b@example.org", text=text, sender=sender, options=options)
    reports = {report.to: report for report in map(_Report, home.wait(len(rows)))}
    for sender, _, _, whole in rows:
        report = reports[sender]
        assert report.returned == whole, sender
        content = str(report.original if whole else report.original.get_content())
        assert "Subject: about" in content and ("body" in content) == whole, (sender, content)


def who_asked_for_no_report_gets_none(scene):
    relay, sink, home = _house(scene, REFUSES, "class normal { warn 1s }")
    for notify in ("NEVER", "SUCCESS", "DELAY", "SUCCESS,DELAY"):
        _send(relay, "b@example.org", notify)
    quiet = [_send(relay, "later@example.org", notify) for notify in ("NEVER", "FAILURE", "SUCCESS")]
    for notify in ("FAILURE", "FAILURE,DELAY", None):
        _send(relay, "told@example.org", notify)
    home.wait(3)
    for ident in quiet:
        relay.wait_log(f"{ident}: .*try=3$")
    reports = [_Report(message) for message in home.wait(3)]
    assert all(report.fates == {"told@example.org": ("failed", "5.1.1")} for report in reports)
    assert len(relay.queue()) == 3
    assert len(relay.statuses("bounced")) == 7


def one_report_tells_of_all_recipients_of_one_result(scene):
    relay, sink, home = _house(scene, {**REFUSES, "recipients": 1000}, "site * { recipients 20 }")
    everybody = [f"b{i}@example.org" for i in range(200)]
    ident = _send(relay, everybody + ["ok@example.org"])
    relay.wait_over(ident)
    home.wait(1)
    relay.wait_empty()
    report, = [_Report(message) for message in home.wait(1)]
    assert report.fates == {to: ("failed", "5.1.1") for to in everybody}
    assert relay.log_text().count("notification") == 1


# ---- time ----------------------------------------------------------------------------


def a_sender_is_warned_once_and_told_when_time_is_over(scene):
    relay, sink, home = _house(scene, {"RCPT": "451 4.7.1 later"}, """
class urgent { retry 2s; warn 5s; lifetime 20s }
class bulk { retry 2s; lifetime 20s }""")
    idents = {sender: relay.send("b@example.org", f"{header}: {value}\r\n\r\nx\r\n", sender=f"{sender}@sender.test")
              for sender, header, value in (("urgent", "MT-Priority", "4"), ("bulk", "Precedence", "bulk"))}
    nobody = relay.send("b@example.org", "MT-Priority: 4\r\n\r\nx\r\n", sender="")
    relay.wait_over(*idents.values(), nobody)
    reports = [_Report(message) for message in home.wait(3)]
    fates = sorted((report.to, *report.fates["b@example.org"]) for report in reports)
    assert fates == [("bulk@sender.test", "failed", "5.4.7"), ("urgent@sender.test", "delayed", "4.7.1"),
                     ("urgent@sender.test", "failed", "5.4.7")], fates
    delayed, = [report for report in reports if report.rcpts[0]["Action"] == "delayed"]
    assert delayed.rcpts[0]["Will-Retry-Until"] and not delayed.returned, delayed.rcpts[0].items()
    for report in reports:
        assert "451 4.7.1 later" in report.rcpts[0]["Diagnostic-Code"], report.rcpts[0].items()
    for ident in idents.values():
        tries = relay.statuses(id=ident)
        assert 5 <= len(tries) <= 12, f"{len(tries)} tries"
    assert relay.log_text().count(": sender delay notification: ") == 1
    assert len(home.messages()) == 3 and not sink.delivered()


def mail_for_a_dead_host_expires_too(scene):
    sink, home = scene.troupe([{"greeting": "421 4.3.2 closed !drop"}, {}])
    relay = scene.relay(QUICK + f"class normal {{ lifetime 10s }}\nroute sender.test {{ to 127.0.0.1:{home.port} }}",
                        to=sink.port)
    idents = [_send(relay, f"b{i}@example.org", sender=f"a{i}@sender.test") for i in range(10)]
    relay.wait_over(*idents)
    reports = [_Report(message) for message in home.wait(10)]
    assert {tuple(report.fates.values()) for report in reports} == {(("failed", "5.4.7"),)}
    assert sorted(report.to for report in reports) == sorted(f"a{i}@sender.test" for i in range(10))
    assert all("421" in str(report.rcpts[0]["Diagnostic-Code"]) + report.text.get_content() for report in reports)
    assert relay.queue() == []


# ---- success -------------------------------------------------------------------------------


def success_is_reported_where_the_next_host_will_not(scene):
    plain, dsn, home = scene.troupe([{"extensions": NO_DSN}, {}, {}])
    relay = scene.relay(QUICK + f"""route plain.test {{ to 127.0.0.1:{plain.port} }}
route dsn.test {{ to 127.0.0.1:{dsn.port} }}""", to=home.port)
    options = ["ENVID=e1", "RET=HDRS"]
    idents = []
    for to in ("b@plain.test", "b@dsn.test"):
        for notify in ("SUCCESS", "SUCCESS,FAILURE", "FAILURE", "NEVER", None):
            idents.append(_send(relay, to, notify, options=options))
    relay.wait_over(*idents)
    reports = [_Report(message) for message in home.wait(2)]
    assert [report.fates for report in reports] == [{"b@plain.test": ("relayed", "2.0.0")}] * 2 or \
        [report.fates for report in reports] == [{"b@plain.test": ("relayed", "2.1.5")}] * 2, reports[0].fates
    assert all(report.about["Original-Envelope-Id"] == "e1" and not report.returned for report in reports)
    assert all("NOTIFY" not in m["rcpts"][0]["line"] and "ENVID" not in m["mail"] for m in plain.wait(5))
    passed = dsn.wait(5)
    assert all(" RET=HDRS" in m["mail"] and " ENVID=e1" in m["mail"] for m in passed), passed[0]["mail"]
    lines = sorted(m["rcpts"][0]["line"] for m in passed)
    assert lines == sorted(["RCPT TO:<b@dsn.test>"] + [f"RCPT TO:<b@dsn.test> NOTIFY={word}" for word in
                                                        ("SUCCESS", "SUCCESS,FAILURE", "FAILURE", "NEVER")]), lines
    relay.wait_empty()
    assert len(home.messages()) == 2, "who takes DSN on reports himself"


# ---- reports arrive ----------------------------------------------------------------------------


LONG = "Subject: about\r\nX-Long: " + "y" * 1500 + "\r\n\r\n" + "body " * 400 + "\r\n"


def a_report_about_long_lines_has_none(scene):
    relay, sink, home = _house(scene, {"line": 998})
    home.play({"line": 998})
    with relay.smtp() as client:
        client.mail("a@sender.test", ["RET=FULL"])
        client.rcpt("b@example.org")
        assert client.data(LONG.encode())[0] == 250
    report = _Report(home.wait()[0])
    assert report.returned is False and report.fates == {"b@example.org": ("failed", "5.0.0")}, report.fates
    assert "maximum allowed line length" in report.text.get_content()
    fields = report.original.get_content()
    assert "Subject: about" in fields and "Received: " in fields and "yyy" not in fields and "body" not in fields
    relay.wait_empty()
    assert len(home.messages()) == 1 and relay.log_text().count("notification") == 1


def a_report_that_is_refused_for_what_it_is_is_made_with_less(scene):
    text = (b"From: a@sender.test\r\nSubject: about\r\nX-Name: J\xf6rg\r\n" + b"X-Filler: more and more and more\r\n" * 30 +
            b"\r\n" + b"body \xe4\r\n" * 200)
    rows = [("too big after the dot", {"bytes": 3500}, 1, False), ("far too big", {"bytes": 2000}, 2, None),
            ("too big at MAIL", {"declared": 3500}, 1, False), ("far too big at MAIL", {"declared": 2000}, 2, None),
            ("over the limit that the host offers", {"extensions": ["SIZE 3500", "8BITMIME"]}, 1, False),
            ("in 8 bits, which the host refuses", {"seven_bit": True}, 1, False),
            ("in 8 bits, which the host does not offer", {"extensions": ["SIZE 100000"]}, 1, False),
            ("anything", {"DOT": ["550 no", "550 5.7.1 spam", "250 Ok"]}, 2, None),
            ("anything that returns all", {"DOT": ["554 5.7.1 virus", "250 Ok"]}, 1, False)]
    for name, script, times, returned in rows:
        with scene.row(f"a report that is {name} comes with less"):
            relay, sink, home = _house(scene, REFUSES, "bounce { postmaster post@elsewhere.test }")
            home.play(script)
            with relay.smtp() as client:
                client.mail("a@sender.test", ["BODY=8BITMIME"])
                client.rcpt("b@example.org")
                ident = client.data(text)[1].decode().split()[-1]
            report = _Report(home.wait()[0])
            relay.wait_empty()
            assert report.to == "a@sender.test" and report.fates == {"b@example.org": ("failed", "5.1.1")}
            assert report.returned is returned, report.message
            assert ("Nothing of it is attached" if returned is None else "Its header is attached") in report.text.get_content()
            if not returned and report.original:
                assert "Subject: about" in report.original.get_content() and "X-Name: J?rg" in report.original.get_content()
            assert home.delivered()[0]["body"].isascii() and " BODY=" not in home.delivered()[0]["mail"]
            assert len(home.delivered()) == 1 and not sink.delivered(), "nobody else hears of it"
            log = relay.log_text()
            assert log.count(" notification: ") == 1 + times and log.count("sender shortened notification: ") == times
            last = relay.wait_log(r": sender shortened notification: (\w+)\n(?![\s\S]*shortened)").group(1)
            assert report.message["Message-ID"] == f"<{last}@relay.test>" and ident != last


def a_report_that_nobody_takes_in_any_form_is_given_up(scene):
    relay, sink, home = _house(scene, REFUSES, "bounce { postmaster post@sender.test }")
    home.play({"RCPT": "250 2.1.5 Ok", "DOT": ["554 5.6.0 no"] * 3 + ["250 2.0.0 Ok"]})
    _send(relay, "b@example.org")
    report = _Report(home.wait()[0])
    relay.wait_empty()
    assert report.to == "post@sender.test" and report.fates == {"a@sender.test": ("failed", "5.6.0")}, report.fates
    assert len(home.messages()) == 4 and relay.log_text().count("sender shortened notification: ") == 2


def a_message_that_is_refused_is_not_sent_with_less(scene):
    relay, sink, home = _house(scene, {"bytes": 1000})
    relay.wait_over(_send(relay, "b@example.org", text="Subject: about\r\n\r\n" + "body\r\n" * 300))
    relay.wait_over(_send(relay, "b@example.org", sender="", text="Subject: about\r\n\r\n" + "body\r\n" * 300))
    assert _Report(home.wait()[0]).returned
    relay.wait_empty()
    assert len(sink.messages()) == 2 and len(home.messages()) == 1 and "shortened" not in relay.log_text()


# ---- reports about reports ---------------------------------------------------------------------


def a_report_that_is_refused_is_reported_to_nobody(scene):
    relay, sink, home = _house(scene, REFUSES)
    home.play({"RCPT": "550 5.1.1 no such user"})
    ident = _send(relay, "b@example.org")
    report = relay.wait_log(rf"{ident}: sender non-delivery notification: (\w+)$").group(1)
    relay.wait_log(f"warning: {report}: could not be delivered and has no sender to tell: dropped")
    relay.wait_empty()
    assert relay.log_text().count("notification") == 1
    assert not home.messages() and not sink.messages()


def what_has_no_sender_goes_to_the_postmaster(scene):
    relay, sink, home = _house(scene, REFUSES, "bounce { postmaster post@sender.test }")
    relay.wait_over(_send(relay, "b@example.org", sender=""))
    report = _Report(home.wait()[0])
    assert report.to == "post@sender.test" and report.fates == {"b@example.org": ("failed", "5.1.1")}, report.fates
    # the postmaster does not get it either: that is the end of it
    home.play({"RCPT": "550 5.1.1 no such user"})
    _send(relay, "b@example.org", sender="")
    relay.wait_log("warning: .*: could not be delivered and has no sender to tell: dropped")
    relay.wait_empty()
    assert len(home.messages()) == 1 and relay.log_text().count("notification") == 2


def two_relays_that_point_at_each_other_end_with_one_report(scene):
    home = scene.sink()
    text = f"limits {{ hops 12 }}\nroute sender.test {{ to 127.0.0.1:{home.port} }}"
    first = scene.relay(start=False)
    second = scene.relay(text, to=first.port)
    first.configure(f"{text}\nroute * {{ to 127.0.0.1:{second.port} }}").start().ready()
    _send(first, "b@example.org")
    report = _Report(home.wait()[0])
    (to, (action, status)), = report.fates.items()
    assert (to, action, status) == ("b@example.org", "failed", "5.4.6"), report.fates
    assert str(report.original).count("Received:") == 13, str(report.original)
    first.wait_empty()
    second.wait_empty()
    assert len(home.messages()) == 1
    assert first.log_text().count("notification") + second.log_text().count("notification") == 1
