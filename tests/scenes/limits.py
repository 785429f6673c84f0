# SPDX-License-Identifier: ISC
"""limits: what is too large, too long or too much is refused, and costs little."""
import os
import socket
import time

from procs import assert_grew_less, children, memory
from raw import BEGIN, FROM, Raw, certificate, client, content
from scene import wait_until

GOOD = b"Subject: good\r\n\r\ngood\r\n"


def _filled(length):
    """LENGTH bytes of a message without a header, in lines of 64 bytes."""
    text = (b"\r\n" + (b"x" * 62 + b"\r\n") * (length // 64 + 1))[:length - 2]
    return text.removesuffix(b"\r") + b"y" * text.endswith(b"\r") + b"\r\n"


RECEIVED = b"Received: from x by y; Tue, 1 Jan 2030 00:00:00 +0000\r\n"
MESSAGES = [
    ("a header of 4096 bytes is taken", "250 2.0.0", b"X: " + b"x" * 4089 + b"\r\n\r\n" + b"x\r\n" * 5000),
    ("a header of 5000 bytes is too long", "554 5.6.0", b"X: " + b"x" * 4993 + b"\r\n\r\nx\r\n"),
    ("a header without end is too long", "554 5.6.0", b"X: " + b"x" * 900000 + b"\r\n"),
    ("a header of many short fields is too long", "554 5.6.0", b"a:b\r\n" * 180000),
    ("a header of one folded field is too long", "554 5.6.0", b"a:\r\n" + b" b\r\n" * 180000),
    ("text without a header may be long", "250 2.0.0", b"no field\r\n" * 50000),
    ("a message of exactly the size is taken", "250 2.0.0", _filled(1 << 20)),
    ("a message of a byte more is too large", "552 5.3.4", _filled((1 << 20) + 1)),
    ("a message five times the size is too large", "552 5.3.4", _filled(5 << 20)),
    ("stuffed dots do not count", "250 2.0.0", b"\r\n" + b"..\r\n" * 349524),
    ("a line of the size is taken", "250 2.0.0", b"\r\n" + b"x" * 99998 + b"\r\n"),
    ("a line of a byte more is too long", "550 5.6.0", b"\r\n" + b"x" * 99999 + b"\r\n"),
    ("a NUL is not taken", "550 5.6.0", b"\r\nx\0y\r\n"),
    ("a NUL in the header is not taken", "550 5.6.0", b"Subject: x\0\r\n\r\n"),
    ("a bare LF is not taken", "550 5.6.11", b"\r\nx\ny\r\n"),
    ("a bare CR is not taken", "550 5.6.11", b"\r\nx\ry\r\n"),
    ("five hops are borne", "250 2.0.0", RECEIVED * 5 + b"\r\n"),
    ("six hops are a loop", "554 5.4.6", RECEIVED * 6 + b"\r\n"),
    ("hops in any case of letters are a loop", "554 5.4.6", RECEIVED.upper() * 3 + RECEIVED.lower() * 3 + b"\r\n"),
    ("Received in the text is no hop", "250 2.0.0", b"\r\n" + RECEIVED * 100),
]


def a_message_over_a_limit_is_refused_and_the_next_is_taken(scene):
    sink = scene.sink()
    relay = scene.relay("limits { header 4k; message-size 1M; data-line 100000; hops 5 }\n"
                        "queue { large-message 64k }", to=sink.port, listen="trust 127.0.0.0/8; bare-lf reject")
    raw, taken = Raw(relay.port), 0
    for sentence, reply, text in MESSAGES:
        with scene.row(sentence):
            raw.deliver(text, end=reply)
            raw.deliver(GOOD)
            taken += 2 if reply.startswith("250") else 1
    raw.bye()
    assert len(sink.wait(taken)) == taken
    relay.wait_empty()


def of_1001_recipients_one_is_put_off(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    everybody = [f"r{i}@example.org" for i in range(1001)]
    with Raw(relay.port) as raw:
        raw.ask(FROM + b"".join(b"RCPT TO:<%s>\r\n" % r.encode() for r in everybody) + b"DATA\r\n", "250 2.1.0",
                *["250 2.1.5"] * 1000, "452 4.5.3", "354")
        raw.ask(GOOD + b".\r\n", "250 2.0.0")
        raw.ask(FROM + b"RCPT TO:<%s>\r\nDATA\r\n" % everybody[1000].encode(), "250", "250", "354")
        raw.ask(GOOD + b".\r\n", "250 2.0.0")
        raw.bye()
    wait_until(lambda: sum(len(m["rcpts"]) for m in sink.delivered()) >= 1001, "1001 recipients")
    relay.wait_empty()
    sizes = [len(m["rcpts"]) for m in sink.delivered()]
    assert max(sizes) <= 100 and sorted(sizes)[0] == 1, sizes
    assert sorted(r["address"] for m in sink.delivered() for r in m["rcpts"]) == sorted(everybody)


# ---- memory ---------------------------------------------------------------------

MEGABYTE = b"x" * 1000000


def floods_take_no_memory(scene):
    sink = scene.sink()
    relay = scene.relay(certificate(scene) + "receivers 1\nqueue { large-message 64k }", to=sink.port)
    receiver, = children(relay, "receiver")
    for secure in False, True:
        client(relay.port, secure).bye()        # what is made once has been made
        before, way = memory(receiver), "over TLS" if secure else "in clear"
        with scene.row(f"a command of 100 MB is cut off, and takes no memory {way}"), \
                client(relay.port, secure) as raw:
            try:
                for _ in range(100):
                    raw.send(MEGABYTE)
                raise AssertionError("it was taken")
            except OSError:
                pass
            assert_grew_less(receiver, before, 2e6)
        with scene.row(f"a line of 100 MB in a message takes no memory {way}"), client(relay.port, secure) as raw:
            raw.ask(BEGIN, "250", "250", "354")
            raw.send(b"\r\n")
            for _ in range(100):
                raw.send(MEGABYTE)
            assert_grew_less(receiver, before, 4e6)
            raw.ask(b"\r\n.\r\n", "552 5.3.4")
            raw.deliver(GOOD)
            raw.bye()
    for verb in "NOOP", "RSET", "EHLO x", "MAIL FROM:<", "RCPT TO:<x@y>", "BDAT 1", "FOO":
        with scene.row(f"millions of {verb} are cut off early, and take no memory"):
            _million(relay, receiver, verb)
    sink.wait(2)
    relay.wait_empty()


def _million(relay, receiver, verb):
    before = memory(receiver)
    flood, sent = verb.encode() + b"\r\n", 0
    with Raw(relay.port) as raw:
        try:
            while sent < 10000000:          # more than sockets hold
                raw.send(flood * 10000)
                sent += 10000
        except OSError:
            pass
        assert sent < 10000000, "all of it was read"
        rest = raw.rest()
        assert rest.count(b"\n") <= 130 and b"354" not in rest, rest[-200:]
    assert_grew_less(receiver, before, 2e6)


def replies_nobody_reads_hold_the_client_back_until_they_are_read(scene):
    sink = scene.sink()
    relay = scene.relay("receivers 1", to=sink.port)
    receiver, = children(relay, "receiver")
    before, total = memory(receiver), 200000
    with Raw(relay.port, receive=4096) as raw:
        raw.ask(FROM, "250")
        raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        text = b"RCPT TO:<b@example.org>\r\n" * total + b"DATA\r\n"
        sent = _until_stuck(raw.socket, text)
        assert sent < len(text), "the relay read on, though its replies were not read"
        assert_grew_less(receiver, before, 4e6)
        with Raw(relay.port) as other:
            other.deliver(GOOD)
            other.bye()
        child = os.fork()
        if child == 0:
            raw.send(text[sent:])
            os._exit(0)
        replies = [raw.lines()[0][:9] for _ in range(total + 1)]
        assert os.waitpid(child, 0)[1] == 0
        assert replies == ["250 2.1.5"] * 1001 + ["452 4.5.3"] * (total - 1001) + [replies[-1]]
        assert replies[-1].startswith("354")
        assert_grew_less(receiver, before, 4e6)
    message, = sink.wait()
    assert content(message) == GOOD


def _until_stuck(sock, text):
    """Bytes of TEXT that went out before nothing more went for half a second."""
    sock.setblocking(False)
    sent, last = 0, time.monotonic()
    while sent < len(text) and time.monotonic() - last < 0.5:
        try:
            sent += sock.send(text[sent:sent + 65536])
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.005)
    sock.settimeout(30)
    return sent


def who_reads_no_replies_is_given_up_in_time(scene):
    relay = scene.relay("receivers 1\nlimits { idle 500ms }", to=9)
    with Raw(relay.port, receive=4096) as raw:
        raw.ask(FROM, "250")
        _until_stuck(raw.socket, b"RCPT TO:<b@example.org>\r\n" * 200000)
        relay.wait_log("timeout after RCPT from unknown")
    assert relay.queue() == []


# ---- many -------------------------------------------------------------------------

def five_hundred_clients_that_dribble_delay_nobody(scene):
    """A byte each time their turn comes: in commands, in messages and in TLS handshakes."""
    sink = scene.sink()
    relay = scene.relay(certificate(scene), to=sink.port)
    raws = [Raw(relay.port) for _ in range(500)]
    for raw in raws[100:300]:
        raw.send(BEGIN)
    for raw in raws[100:300]:
        raw.expect("250", "250", "354")
    for raw in raws[300:]:
        raw.ask("STARTTLS", "220")
    child = os.fork()
    if child == 0:
        _dribble(raws)
    times = []
    try:
        for _ in range(20):
            begin = time.monotonic()
            with Raw(relay.port) as raw:
                raw.deliver(GOOD, sender="good@client.test")
                raw.bye()
            times.append(time.monotonic() - begin)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    for raw in raws:
        raw.socket.close()
    assert sorted(times)[-1] < 1, f"a session took {max(times)} s"
    assert {m["mail"].split()[1] for m in sink.wait(20)} == {"FROM:<good@client.test>"}
    relay.wait_empty()


def _dribble(raws):
    """In a process of its own, until it is killed."""
    texts = [b"NOOP " + b"x" * 4000] * 100 + [b"Subject: never\r\n\r\n" + b"x" * 4000] * 200 + \
        [b"\x16\x03\x01\x0f\xff\x01" + b"\0" * 4000] * 200
    for raw in raws:
        raw.socket.setblocking(False)
    for at in range(4000):
        turn = time.monotonic() + 0.01
        for raw, text in zip(raws, texts):
            try:
                raw.socket.send(text[at:at + 1])
            except OSError:
                pass
        time.sleep(max(0, turn - time.monotonic()))
    os._exit(0)
