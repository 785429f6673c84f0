# SPDX-License-Identifier: ISC
"""commands: what the relay replies to each command, right and wrong.

A row is a sentence and what is said, with what is heard: pairs of a line (or
bytes, sent as they are) and the beginnings of the replies to it.
"""
import re

from raw import FROM, TO, Raw

HELO_FIRST = "503 5.5.1 Say EHLO first"

SMALL_TALK = [
    ("VRFY neither tells nor refuses", ("VRFY b@example.org", "252 2.")),
    ("VRFY needs an address", ("VRFY", "501 5.5.4")),
    ("EXPN is not there", ("EXPN staff", "502 5.5.1")),
    ("HELP helps", ("HELP", "214 2.0.0")),
    ("HELP may be asked about a command", ("HELP MAIL", "214 2.0.0")),
    ("NOOP may have an argument", ("NOOP a b", "250 2.0.0")),
    ("an unknown command earns 500", ("FROBNICATE", "500 5.5.1")),
    ("an empty line earns 500", ("", "500 5.5.1")),
    ("BDAT is not there, whatever its number", ("BDAT 18446744073709551615 LAST", "502 5.5.1"),
     ("BDAT 0", "502 5.5.1"), ("BDAT 00000000001 LAST", "502 5.5.1")),
    ("AUTH is not there", ("AUTH PLAIN AGEAYg==", "502 5.5.1")),
    ("ETRN is not there", ("ETRN example.org", "502 5.5.1")),
    ("TURN is not known", ("TURN", "500 5.5.1")),
    ("RSET takes no argument", ("RSET now", "501 5.5.4")),
    ("QUIT takes no argument", ("QUIT now", "501 5.5.4")),
    ("DATA takes no argument", (FROM + TO, "250", "250"), ("DATA now", "501 5.5.4"), ("DATA", "354")),
    ("lower case is as good", (b"noop\r\nvrfy x\r\nmail from:<a@client.test>\r\nrcpt to:<b@example.org>\r\ndata\r\n",
                               "250", "252", "250 2.1.0", "250 2.1.5", "354")),
    ("trailing spaces are passed over", ("NOOP  ", "250"), ("RSET \t ", "250"), ("MAIL FROM:<a@client.test>  ", "250"),
     ("RCPT TO:<b@example.org> \t", "250"), ("DATA ", "354")),
    ("a space after the colon is passed over", ("MAIL FROM: <a@client.test>", "250"), ("RCPT TO: <b@x.test>", "250")),
    ("a NUL in a command earns 501", (b"NO\0OP\r\n", "501 5.5.2"), (b"\0\r\n", "501 5.5.2")),
    ("a NUL in an address earns 501", (FROM, "250"), (b"RCPT TO:<b@example.org\0>\r\n", "501 5.5.2"),
     ("DATA", "503 5.5.1")),
    ("control bytes in a command earn 501", (b"NOOP \x1b[2J\r\n", "501 5.5.2"), (b"NOOP \x7f\r\n", "501 5.5.2")),
    ("a bare LF ends no command", (b"NOOP\n", "500 5.5.2")),
    ("a bare CR ends no command", (b"NOOP\rNOOP\r\n", "501 5.5.2")),
    ("a line of 4096 bytes is taken", (b"NOOP " + b"x" * 4089 + b"\r\n", "250")),
    ("a line of 4097 bytes is too long", (b"NOOP " + b"x" * 4090 + b"\r\nNOOP\r\n", "500 5.5.2", "250")),
    ("a line of 60,000 bytes is too long", (b"NOOP " + b"x" * 60000 + b"\r\nNOOP\r\n", "500 5.5.2", "250")),
]

ORDER = [
    ("one MAIL at a time", (FROM + FROM, "250", "503 5.5.1"), (TO, "250"), (FROM, "503 5.5.1")),
    ("no RCPT before MAIL", (TO, "503 5.5.1"), (FROM, "250"), (TO, "250")),
    ("no DATA before MAIL", ("DATA", "503 5.5.1")),
    ("no DATA before RCPT", (FROM, "250"), ("DATA", "503 5.5.1"), (TO, "250"), ("DATA", "354")),
    ("no DATA when all recipients were refused", (FROM, "250"), ("RCPT TO:<u@>", "501 5.1.3"), ("DATA", "554 5.5.1")),
    ("RSET forgets the sender", (FROM, "250"), ("RSET", "250"), (TO, "503 5.5.1"), (FROM, "250")),
    ("RSET forgets the recipients", (FROM + TO, "250", "250"), ("RSET", "250"), ("DATA", "503 5.5.1"), (FROM, "250"),
     ("DATA", "503 5.5.1")),
    ("EHLO forgets the transaction", (FROM + TO, "250", "250"), ("EHLO x.test", "250"), ("DATA", "503 5.5.1"),
     (TO, "503 5.5.1")),
    ("HELO forgets the transaction", (FROM + TO, "250", "250"), ("HELO x.test", "250"), ("DATA", "503 5.5.1")),
    ("an EHLO that failed forgets nothing", (FROM + TO, "250", "250"), ("EHLO", "501 5.5.4"), ("DATA", "354")),
    ("NOOP, VRFY and HELP forget nothing", (FROM, "250"), ("NOOP", "250"), (TO, "250"), ("VRFY x", "252"),
     ("HELP", "214"), ("DATA", "354")),
    ("a refused MAIL begins nothing", ("MAIL FROM:<a@client.test> SIZE=x", "501"), (TO, "503 5.5.1"), (FROM, "250")),
]

FRESH = [
    ("MAIL needs a greeting", (FROM, HELO_FIRST)),
    ("RCPT needs a greeting", (TO, HELO_FIRST)),
    ("DATA needs a greeting", ("DATA", HELO_FIRST)),
    ("NOOP, RSET and VRFY need no greeting", ("NOOP", "250"), ("RSET", "250"), ("VRFY x", "252")),
    ("EHLO needs a name", ("EHLO", "501 5.5.4"), (FROM, HELO_FIRST)),
    ("HELO needs a name", ("HELO", "501 5.5.4"), (FROM, HELO_FIRST)),
    ("a name may not break the Received field", ("EHLO x) evil (", "501 5.5.4"), ("EHLO x;y", "501 5.5.4"),
     ("EHLO <x>", "501 5.5.4"), ("EHLO " + "x" * 256, "501 5.5.4"), (FROM, HELO_FIRST)),
    ("a literal and a name with underscore will do", ("EHLO [192.0.2.1]", "250-"), ("EHLO my_host", "250-"),
     ("EHLO [IPv6:2001:db8::1]", "250-")),
    ("HELO is answered in one line", ("HELO x.test", "250 relay.test")),
    ("HELO gives no extensions", ("HELO x.test", "250 "), ("MAIL FROM:<a@client.test> SIZE=1", "555 5.5.4"),
     ("MAIL FROM:<a@client.test> MT-PRIORITY=1", "555 5.5.4"), (FROM, "250"),
     ("RCPT TO:<b@example.org> NOTIFY=NEVER", "555 5.5.4")),
]

MAIL = [
    ("250 2.1.0", "SIZE=0", "SIZE=1", "SIZE=0000000001", "SIZE=1000000", "BODY=7BIT", "body=8bitmime", "RET=FULL",
     "RET=hdrs", "ENVID=a+2Bb", "ENVID=" + "x" * 100, "MT-PRIORITY=9", "MT-PRIORITY=-9", "MT-PRIORITY=0",
     "BY=10;R", "BY=-10;N", "HOLDFOR=1", "SIZE=1 BODY=8BITMIME RET=HDRS ENVID=x MT-PRIORITY=1"),
    ("552 5.3.4", "SIZE=1000001", "SIZE=4294967297", "SIZE=18446744073709551615"),
    ("501 5.5.4", "SIZE=18446744073709551616", "SIZE=99999999999999999999", "SIZE=100000000000000000000000000001",
     "SIZE=-1", "SIZE=+1", "SIZE=0x10", "SIZE=1k", "SIZE=", "SIZE", "SIZE= 1", "SIZE=1 SIZE=1", "BODY=BINARYMIME",
     "BODY=", "RET=ALL", "RET=FULL,HDRS", "ENVID=", "ENVID=a+b", "ENVID=+0D+0A", "ENVID=+00", "ENVID=a=b",
     "ENVID=" + "x" * 101, "MT-PRIORITY=10", "MT-PRIORITY=-10", "MT-PRIORITY=-0", "MT-PRIORITY=+1",
     "MT-PRIORITY=1.5", "MT-PRIORITY=x", "=1", "-X=1", "A_B=1",
     "BY=0;R", "BY=-1;R", "BY=10", "BY=x;R", "HOLDFOR=1 HOLDUNTIL=2030-01-01T00:00:00Z", "HOLDFOR=x"),
    ("555 5.5.4", "1", "SIZE=1 2", "FOO", "FOO=bar", "SMTPUTF8", "REQUIRETLS", "AUTH=<>",
     "NOTIFY=NEVER", "SIZES=1"),
]

RCPT = [
    ("250 2.1.5", "NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY", "notify=failure", "ORCPT=rfc822;b@example.org",
     "ORCPT=x-y;a+2Bb", "NOTIFY=DELAY ORCPT=rfc822;x"),
    ("501 5.5.4", "NOTIFY=", "NOTIFY", "NOTIFY=NEVER,SUCCESS", "NOTIFY=SUCCESS,", "NOTIFY=ALWAYS",
     "NOTIFY=DELAY NOTIFY=DELAY", "ORCPT=", "ORCPT=rfc822", "ORCPT=rfc822;", "ORCPT=;x", "ORCPT=rfc822;a+b",
     "ORCPT=rfc822;+0D+0Ax", "ORCPT=rfc822;+00", "ORCPT=rfc822;" + "x" * 500, "ORCPT=a b;c"),
    ("555 5.5.4", "FOO=bar", "RET=FULL", "SIZE=1", "x"),
]

PATHS = [
    ("MAIL", "501 5.5.4", "MAIL", "MAIL <a@client.test>", "MAIL TO:<a@client.test>", "MAIL FROM:<a@client.test>SIZE=1",
     "MAIL FROM <a@client.test>"),
    ("MAIL", "501 5.1.7", "MAIL FROM:", "MAIL FROM:a@client.test", "MAIL FROM:<a@client.test", "MAIL FROM:<a>",
     "MAIL FROM:<a@>", "MAIL FROM:<a@b@c>", "MAIL FROM:<a b@c.test>", "MAIL FROM:<a@[300.0.0.1]>",
     "MAIL FROM:<a@" + "x" * 64 + ".test>"),
    ("MAIL", "553 5.6.7", "MAIL FROM:<\xe9@client.test>", "MAIL FROM:<a@\u0441lient.test>"),
    ("MAIL", "250 2.1.0", "MAIL FROM:<>", "MAIL FROM:<@x.test:a@client.test>", 'MAIL FROM:<"a b"@client.test>',
     "MAIL FROM:<a@[192.0.2.1]>", "MAIL FROM:<" + "x" * 300 + "@client.test>"),
    ("RCPT", "553 5.6.7", "RCPT TO:<\xe9@example.org>", "RCPT TO:<b@ex\xe4mple.org>"),
    ("RCPT", "501 5.1.3", "RCPT TO:<>", "RCPT TO:<b>", "RCPT TO:b@example.org"),
    ("RCPT", "501 5.5.4", "RCPT", "RCPT <b@example.org>", "RCPT FROM:<b@example.org>"),
    ("RCPT", "250 2.1.5", "RCPT TO:<postmaster>", "RCPT TO:<PostMaster>", "RCPT TO:<@x.test:b@example.org>",
     'RCPT TO:<"b\\" b"@example.org>'),
]


def _stage(scene):
    sink = scene.sink()
    return sink, scene.relay("limits { errors 10000; message-size 1000000 }", to=sink.port,
                             listen="trust 127.0.0.0/8; strict")


def _untouched(relay, sink):
    assert relay.queue() == [] and sink.messages() == []


def each_command_has_its_reply(scene):
    sink, relay = _stage(scene)
    for hello, rows in ("client.test", SMALL_TALK + ORDER), (None, FRESH):
        for sentence, *talk in rows:
            with scene.row(sentence), Raw(relay.port, hello=hello) as raw:
                if not hello:
                    raw.expect("220 relay.test ESMTP")
                for said, *heard in talk:
                    raw.ask(said, *heard)
                if not heard[-1].startswith("354"):
                    raw.bye()
    _untouched(relay, sink)


def a_command_that_never_ends_is_cut_off(scene):
    sink, relay = _stage(scene)
    with Raw(relay.port) as raw:
        sent = 0
        try:
            while sent < 100 << 20:
                raw.send(b"x" * 65536)
                sent += 65536
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert sent < 100 << 20, "it is not taken for ever"
    _untouched(relay, sink)


def each_parameter_has_its_reply(scene):
    sink, relay = _stage(scene)
    with Raw(relay.port) as raw:
        for reply, *rows in MAIL:
            for words in rows:
                with scene.row(f"MAIL with {words[:40]} earns {reply}"):
                    raw.ask(f"MAIL FROM:<a@client.test> {words}\r\nRSET\r\n".encode(), reply, "250 2.0.0")
        for reply, *rows in RCPT:
            for words in rows:
                with scene.row(f"RCPT with {words[:40]} earns {reply}"):
                    raw.ask(FROM + f"RCPT TO:<b@example.org> {words}\r\nRSET\r\n".encode(), "250", reply, "250 2.0.0")
        for verb, reply, *rows in PATHS:
            for line in rows:
                with scene.row(f"{line[:50]} earns {reply}"):
                    before = [] if verb == "MAIL" else ["250 2.1.0"]
                    raw.ask((b"" if verb == "MAIL" else FROM) + line.encode() + b"\r\nRSET\r\n", *before, reply,
                            "250 2.0.0")
    _untouched(relay, sink)


def who_errs_too_often_is_sent_away(scene):
    sink = scene.sink()
    relay = scene.relay("limits { errors 5 }", to=sink.port)
    with scene.row("the sixth error is the last"), Raw(relay.port) as raw:
        raw.send(b"FOO\r\n" * 6 + FROM + TO)
        raw.expect(*["500 5.5.1"] * 6)
        raw.ended("421 4.7.0 relay.test")
    with scene.row("a good message pays for earlier errors"), Raw(relay.port) as raw:
        for _ in range(2):
            raw.ask(b"FOO\r\n" * 5, *["500 5.5.1"] * 5)
            raw.deliver(b"Subject: x\r\n\r\nx\r\n")
        raw.bye()
    with scene.row("a hundred small commands are borne, and few more"), Raw(relay.port) as raw:
        raw.send(b"NOOP\r\n" * 200)
        raw.expect(*["250 2.0.0"] * 100)
        assert raw.rest().endswith(b"421 4.7.0 relay.test Too many errors\r\n")
    for line in "GET / HTTP/1.1", "POST /x HTTP/1.0", "Host: relay.test", "CONNECT x:25 HTTP/1.1":
        with scene.row(f"{line.split()[0]} is no SMTP"), Raw(relay.port) as raw:
            raw.send(line.encode() + b"\r\n" + FROM + TO)
            raw.ended("421 4.7.0")
    assert len(sink.wait(2)) == 2


def the_postmaster_has_an_address_here(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    other = scene.relay("bounce { postmaster chief@example.org }", to=sink.port)
    for port in relay.port, other.port:
        with Raw(port) as raw:
            raw.deliver(b"\r\n", to=["PostMaster"])
            raw.bye()
    assert sorted(m["rcpts"][0]["address"] for m in sink.wait(2)) == ["chief@example.org", "postmaster@relay.test"]


def slips_of_those_who_may_relay_are_understood(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    rows = [
        ("EHLO (none)", "?none?", "MAIL FROM:raid@client.test", "RCPT TO:ops@example.org"),
        ("HELO Kims Computer", "Kims?Computer", "MAIL FROM: raid@client.test", "RCPT TO: ops@example.org"),
        ("EHLO B\u00fcro-PC", "B??ro-PC", "MAIL FROM:< raid@client.test >", "RCPT TO:<ops@example.org >"),
        ("EHLO nas;1", "nas?1", "MAIL FROM: raid@client.test", "RCPT TO:<ops@example.org>"),
    ]
    for at, (hello, name, mail, rcpt) in enumerate(rows):
        with scene.row(f"{hello}, {mail} and {rcpt} are taken"), Raw(relay.port, hello=None) as raw:
            raw.expect("220")
            for line in hello, mail, rcpt:
                raw.ask(line, "250")
            raw.ask("DATA", "354")
            raw.ask(b"Subject: x\r\n\r\nx\r\n.\r\n", "250 2.0.0")
            raw.bye()
            message = sink.wait(at + 1)[-1]
            assert message["mail"].startswith("MAIL FROM:<raid@client.test>"), message
            assert [r["address"] for r in message["rcpts"]] == ["ops@example.org"], message
            assert message["body"].startswith(b"Received: from %s (" % name.encode()), message["body"]
    with scene.row("without a domain an address is of this host"), Raw(relay.port) as raw:
        for line in "MAIL FROM:<root>", "RCPT TO:<root>", "RCPT TO:root":
            raw.ask(line, "250")
        raw.ask("DATA", "354")
        raw.ask(b".\r\n", "250 2.0.0")
        message = sink.wait(len(rows) + 1)[-1]
        assert message["mail"].startswith("MAIL FROM:<root@relay.test>"), message
        assert [r["address"] for r in message["rcpts"]] == ["root@relay.test"], message


def who_is_named_several_times_gets_one_copy(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    again = ["b@example.org", "b@EXAMPLE.org", "b@example.org.", "B@example.org", "b@example.org"]
    with Raw(relay.port) as raw:
        raw.deliver(b"Subject: x\r\n\r\nx\r\n", to=again)
        raw.bye()
    message, = sink.wait()
    assert sorted(r["address"] for r in message["rcpts"]) == ["B@example.org", "b@example.org"], message
    relay.sendmail("-t", input="From: a@client.test\nTo: b@example.org\nCc: B <b@EXAMPLE.org>\nSubject: x\n\nx\n")
    assert [r["address"] for r in sink.wait(2)[-1]["rcpts"]] == ["b@example.org"]


def local_parts_are_as_long_as_people_make_them(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    sender = "bounces+1234567-89ab-some.body=" + "a-rather-long-company-name" * 5 + ".example=com@client.test"
    to = "reply+" + "A1b2C3d4" * 40 + "@example.org"
    with Raw(relay.port) as raw:
        raw.ask(f"MAIL FROM:<{sender}>", "250")
        raw.ask(f"RCPT TO:<{to}>", "250")
        raw.ask("DATA", "354")
        raw.ask(b"Subject: x\r\n\r\nx\r\n.\r\n", "250 2.0.0")
        raw.bye()
    message, = sink.wait()
    assert message["mail"].startswith(f"MAIL FROM:<{sender}>"), message
    assert [r["address"] for r in message["rcpts"]] == [to], message
    assert f"for <{to}>".encode() in message["body"], message
    relay.wait_log(f"to=<{re.escape(to)}>.*status=sent")
