# SPDX-License-Identifier: ISC
"""relaying: a stranger relays nothing, whatever form the address has.

Trust comes from the address of the client alone.
"""
from raw import FROM, TO, Raw, free_port_6
from scene import free_port

DENIED = "550 5.7.1"
SYNTAX = "501 5.1.3"
UNREAD = "501 5.5.2"            # bytes that no command may have
LONG = b"x" * 64

# what the row is about, RCPT, the reply
RECIPIENTS = [
    ("a foreign address", b"<u@other.test>", DENIED),
    ("our own domain", b"<u@relay.test>", DENIED),
    ("the percent hack", b"<u%other.test@relay.test>", DENIED),
    ("two percent signs", b"<u%a.test%b.test@relay.test>", DENIED),
    ("a UUCP path", b"<other.test!u@relay.test>", DENIED),
    ("a UUCP path and a percent sign", b"<other.test!u%third.test@relay.test>", DENIED),
    ("a UUCP path without domain", b"<other.test!u>", SYNTAX),
    ("a source route through us", b"<@relay.test:u@other.test>", DENIED),
    ("a source route through two hosts", b"<@relay.test,@x.test:u@other.test>", DENIED),
    ("a source route to ourselves", b"<@other.test:u@relay.test>", DENIED),
    ("a source route without address", b"<@relay.test:>", SYNTAX),
    ("a source route through an address literal", b"<@[127.0.0.1]:u@other.test>", DENIED),
    ("a quoted address as local part", b'<"u@other.test"@relay.test>', DENIED),
    ("a quoted percent hack", b'<"u%other.test"@relay.test>', DENIED),
    ("a quoted UUCP path", b'<"other.test!u"@relay.test>', DENIED),
    ("a quoted local part alone", b'<"u@other.test">', SYNTAX),
    ("quoted pairs", b'<"\\u\\@\\other.test"@relay.test>', DENIED),
    ("a quoted NUL's name", b'<"\\0"@relay.test>', DENIED),
    ("two at signs", b"<u@other.test@relay.test>", SYNTAX),
    ("an at sign at the end", b"<u@>", SYNTAX),
    ("an at sign at the start", b"<@other.test>", SYNTAX),
    ("localhost by address", b"<u@[127.0.0.1]>", DENIED),
    ("any address literal", b"<u@[192.0.2.1]>", DENIED),
    ("an IPv6 literal", b"<u@[IPv6:::1]>", DENIED),
    ("a mapped IPv6 literal", b"<u@[IPv6:::ffff:127.0.0.1]>", DENIED),
    ("an unclosed literal", b"<u@[127.0.0.1>", SYNTAX),
    ("a literal that is none", b"<u@[127.0.0.256]>", SYNTAX),
    ("a literal with a name", b"<u@[other.test]>", SYNTAX),
    ("a bare IPv4 address", b"<u@127.0.0.1>", DENIED),
    ("localhost by name", b"<u@localhost>", DENIED),
    ("a name without dots", b"<u@relay>", DENIED),
    ("no domain", b"<u>", SYNTAX),
    ("an empty path", b"<>", SYNTAX),
    ("the postmaster without domain", b"<postmaster>", DENIED),
    ("the postmaster elsewhere", b"<postmaster@other.test>", DENIED),
    ("a trailing dot", b"<u@relay.test.>", DENIED),
    ("a foreign domain with a trailing dot", b"<u@other.test.>", DENIED),
    ("two trailing dots", b"<u@relay.test..>", SYNTAX),
    ("capital letters", b"<U@RELAY.TEST>", DENIED),
    ("a space after the domain", b"<u@relay.test >", SYNTAX),
    ("a space in the local part", b"<u @relay.test>", SYNTAX),
    ("a space after the colon", b" <u@other.test>", DENIED),
    ("a tab after the domain", b"<u@relay.test\t>", UNREAD),
    ("a NUL between two domains", b"<u@relay.test\0@other.test>", UNREAD),
    ("a DEL", b"<u@relay.test\x7f>", UNREAD),
    ("a bare CR", b"<u@relay.test\r>", UNREAD),
    ("an escape sequence", b"<u\x1b[2J@relay.test>", UNREAD),
    ("a domain of U-labels", "<u@bücher.test>".encode(), "553 5.6.7"),
    ("its A-labels", b"<u@xn--bcher-kva.test>", DENIED),
    ("a composed letter", "<u@caf\u00e9.test>".encode(), "553 5.6.7"),
    ("the same letter decomposed", "<u@cafe\u0301.test>".encode(), "553 5.6.7"),
    ("a Cyrillic letter that looks like ours", "<u@r\u0435lay.test>".encode(), "553 5.6.7"),
    ("a fullwidth at sign", "<u\uff20other.test>".encode(), "553 5.6.7"),
    ("a local part in Latin-1", b"<\xfc@relay.test>", "553 5.6.7"),
    ("an overlong UTF-8 at sign", b"<u\xc1\x80other.test>", "553 5.6.7"),
    ("no brackets", b"u@other.test", SYNTAX),
    ("one bracket", b"<u@other.test", SYNTAX),
    ("the other bracket", b"u@other.test>", SYNTAX),
    ("double brackets", b"<<u@other.test>>", SYNTAX),
    ("text before the path", b"U <u@other.test>", SYNTAX),
    ("two paths", b"<u@relay.test><u@other.test>", "501 5.5.4"),
    ("a comma list", b"<u@relay.test,u@other.test>", SYNTAX),
    ("a comment", b"<u(x)@relay.test>", SYNTAX),
    ("a pipe", b"<|/bin/sh>", SYNTAX),
    ("a quoted pipe", b'<"|/bin/sh"@relay.test>', DENIED),
    ("a file", b"</etc/passwd>", SYNTAX),
    ("an option of a program", b"<-oQ/tmp@relay.test>", DENIED),
    ("a local part of 64 bytes", b"<" + LONG + b"@other.test>", DENIED),
    ("a local part of 65 bytes", b"<x" + LONG + b"@other.test>", DENIED),
    ("a label of 64 bytes", b"<u@" + LONG + b".test>", SYNTAX),
    ("a domain of 300 bytes", b"<u@" + b"x." * 150 + b"test>", SYNTAX),
    ("a label that begins with a hyphen", b"<u@-other.test>", SYNTAX),
    ("an empty label", b"<u@other..test>", SYNTAX),
    ("a local part with two dots", b"<u..v@other.test>", SYNTAX),
    ("a parameter behind it", b"<u@other.test> NOTIFY=NEVER", DENIED),
    ("an ORCPT of ours", b"<u@other.test> ORCPT=rfc822;u@relay.test", DENIED),
    ("a colon of a port", b"<u@other.test:25>", SYNTAX),
]

SENDERS = [
    ("the null sender", b"<>"),
    ("a sender of ours", b"<spoof@relay.test>"),
    ("the postmaster as sender", b"<postmaster@relay.test>"),
    ("a sender at localhost", b"<root@localhost>"),
    ("a sender at our address", b"<root@[127.0.0.1]>"),
    ("a sender with a source route", b"<@relay.test:u@other.test>"),
    ("the recipient as sender", b"<b@example.org>"),
]

GREETINGS = ["relay.test", "localhost", "[127.0.0.1]", "127.0.0.1", "[IPv6:::1]", "client.test", "postrider", "."]


def _nothing_came(relay, sink):
    assert relay.queue() == []
    assert sink.messages() == []


def _stage(scene, trust="127.0.0.1/32"):
    sink = scene.sink()
    return sink, scene.relay("limits { errors 10000 }", to=sink.port, listen=f"trust {trust}")


def a_stranger_cannot_have_these_recipients(scene):
    sink, relay = _stage(scene)
    for name, path, reply in RECIPIENTS:
        with scene.row(f"{name} is refused with {reply}"), Raw(relay.port, source="127.0.0.2") as raw:
            raw.ask(FROM + b"RCPT TO:" + path + b"\r\nDATA\r\n", "250 2.1.0", reply,
                    "503" if reply == UNREAD else "554 5.5.1")
            raw.bye()
    _nothing_came(relay, sink)


def a_stranger_gains_nothing_by_the_sender(scene):
    sink, relay = _stage(scene)
    with Raw(relay.port, source="127.0.0.2") as raw:
        for name, path in SENDERS:
            with scene.row(f"{name} does not help a stranger"):
                raw.ask(b"MAIL FROM:" + path + b"\r\n" + TO + b"DATA\r\n", "250 2.1.0", DENIED, "554 5.5.1")
                raw.ask("RSET", "250 2.0.0")
        with scene.row("a stranger is not offered priorities"):
            assert "MT-PRIORITY" not in raw.ask("EHLO x.test", "250-")
            raw.ask("MAIL FROM:<a@client.test> MT-PRIORITY=4", "555 5.5.4")
        with scene.row("a stranger may not say who was authenticated"):
            raw.ask("MAIL FROM:<a@client.test> AUTH=root@relay.test", "555 5.5.4")
        raw.bye()
    _nothing_came(relay, sink)


def a_stranger_gains_nothing_by_its_greeting(scene):
    sink, relay = _stage(scene)
    for verb in "EHLO", "HELO":
        for name in GREETINGS:
            with scene.row(f"{verb} {name} gives no trust"):
                with Raw(relay.port, source="127.0.0.2") as raw:
                    raw.ask(f"{verb} {name}", "250")
                    raw.ask(FROM + TO + b"DATA\r\n", "250 2.1.0", DENIED, "554 5.5.1")
                    raw.bye()
    for words in "XCLIENT ADDR=127.0.0.1", "XFORWARD ADDR=127.0.0.1", "PROXY TCP4 127.0.0.1 127.0.0.1 1 25":
        with scene.row(f"{words.split()[0]} gives no trust"):
            with Raw(relay.port, source="127.0.0.2") as raw:
                raw.ask(words, "500 5.5.1")
                raw.ask(FROM + TO, "250 2.1.0", DENIED)
                raw.bye()
    _nothing_came(relay, sink)


def a_stranger_may_write_to_the_postmaster_if_there_is_one(scene):
    sink = scene.sink()
    relay = scene.relay("limits { errors 10000 }\nbounce { postmaster chief@example.org }", to=sink.port,
                        listen="trust 127.0.0.1/32")
    for name, path, reply in RECIPIENTS:
        if "postmaster without" not in name:
            with scene.row(f"{name} is refused all the same"), Raw(relay.port, source="127.0.0.2") as raw:
                raw.ask(FROM + b"RCPT TO:" + path + b"\r\n", "250 2.1.0", reply)
    with Raw(relay.port, source="127.0.0.2") as raw:
        raw.deliver(b"MT-Priority: 4\r\n\r\nx\r\n", to=["Postmaster", "postmaster@relay.test", "PostMaster@RELAY.test"])
        raw.bye()
    message, = sink.wait()
    assert [r["address"] for r in message["rcpts"]] == ["chief@example.org"], message
    with scene.row("and takes no turn from anybody's mail by it"):
        relay.wait_log(r"to=<chief@example.org>.*status=sent.*class=bulk")


def a_refused_recipient_stays_refused_beside_good_ones(scene):
    """The trusted client has the same relay at the same time, and its mail alone arrives."""
    sink, relay = _stage(scene)
    with Raw(relay.port, source="127.0.0.2") as stranger, Raw(relay.port) as friend:
        stranger.ask(FROM + b"RCPT TO:<x@other.test>\r\n", "250", DENIED)
        friend.deliver(b"Subject: x\r\n\r\nx\r\n")
        stranger.ask(TO + b"DATA\r\n", DENIED, "554 5.5.1")
        stranger.bye()
        friend.bye()
    message, = sink.wait()
    assert b"([127.0.0.1])" in message["body"] and [r["address"] for r in message["rcpts"]] == ["b@example.org"]


def trust_is_by_address(scene):
    """Trusted nets, the client's address, what it may."""
    sink = scene.sink()
    rows = [
        ("127.0.0.1/32", "127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.2", False),
        ("127.0.0.2", "127.0.0.2", True),
        ("127.0.0.0/30", "127.0.0.3", True),
        ("127.0.0.0/30", "127.0.0.4", False),
        ("192.0.2.0/24 127.0.0.0/8", "127.9.9.9", True),
        ("0.0.0.0/0", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::ffff:127.0.0.1", "127.0.0.2", False),
        ("::1", "127.0.0.1", False),
        ("::/1", "127.0.0.1", False),
        ("::/0", "127.0.0.1", False),
        ("::1", "::1", True),
        ("127.0.0.0/8", "::1", False),
        ("0.0.0.0/0", "::1", False),
    ]
    listens = [(free_port_6() if ":" in client else free_port(), *row) for row in rows for client in [row[1]]]
    more = "\n".join(f"listen {'[::1]' if ':' in client else '127.0.0.1'}:{port} {{ trust {net} }}"
                     for port, net, client, _ in listens)
    relay = scene.relay(to=sink.port, listen_more=more)
    count = 0
    for port, net, client, trusted in listens:
        with scene.row(f"who trusts {net} {'trusts' if trusted else 'does not trust'} {client}"):
            with Raw(port, address="::1" if ":" in client else "127.0.0.1", source=client) as raw:
                if trusted:
                    raw.deliver(b"\r\n", to=[f"b{count}@example.org"])
                    count += 1
                else:
                    raw.ask(FROM + TO + b"DATA\r\n", "250", DENIED, "554")
                raw.bye()
    sink.wait(count)
