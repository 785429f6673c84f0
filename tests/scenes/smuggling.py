# SPDX-License-Identifier: ISC
"""smuggling: only CR LF . CR LF ends a message, and nothing else goes out.

Each vector is followed by the commands of another message and then by the
true end.  The client must get the reply to one message, a refusal; and no
hop behind us may ever see what could be taken for an end.  Whose line ends
are mended has one message accepted instead, with all of it as text.
"""
import glob
import re
import subprocess

from raw import BEGIN, Raw, Turn, certificate, client, content, senders

VECTORS = {
    "LF . LF": b"\n.\n",
    "LF . CR": b"\n.\r",
    "CR . LF": b"\r.\n",
    "CR . CR": b"\r.\r",
    "LF . CR LF": b"\n.\r\n",
    "CR . CR LF": b"\r.\r\n",
    "CR LF . LF": b"\r\n.\n",
    "CR LF . CR": b"\r\n.\r",
    "CR LF NUL . CR LF": b"\r\n\0.\r\n",
    "CR LF . NUL CR LF": b"\r\n.\0\r\n",
    "CR LF . CR CR LF": b"\r\n.\r\r\n",
    "CR CR LF . CR CR LF": b"\r\r\n.\r\r\n",
}
HEAD = b"Subject: first\r\n\r\nfirst"
SMUGGLED = (b"MAIL FROM:<smuggler@evil.test>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n")
GOOD = b"Subject: good\r\n\r\ngood\r\n"
WAYS = {False: "in clear", True: "over TLS"}
REFUSED = "550 5.6."


class _Stage:
    """A relay with one receiver, its sink, and a count of the good mail."""

    def __init__(self, scene, listen="bare-lf reject"):
        self.sink = scene.sink(None, "--transcript")
        self.relay = scene.relay(certificate(scene) + "receivers 1\nlimits { errors 10000 }", to=self.sink.port,
                                 listen=f"trust 127.0.0.0/8; {listen}")
        self.port = self.relay.port
        self.turn = Turn(self.port)
        self.good = 0

    def refused(self, raw):
        """The vector was sent on RAW: one refusal comes, and the session is as good as new."""
        raw.expect(REFUSED)
        raw.deliver(GOOD, sender="good@client.test")
        self.good += 1

    def over(self):
        """All good mail arrived, and nothing else."""
        self.turn.over()
        messages = self.sink.wait(self.good)
        self.relay.wait_empty()
        assert set(senders(self.sink)) == {"good@client.test"}, senders(self.sink)
        assert {content(m) for m in messages} == {GOOD}
        assert len(self.sink.messages()) == self.good


def a_vector_is_text_where_line_ends_are_mended(scene):
    stage = _Stage(scene, "bare-lf by-trust")
    taken = 0
    for secure, way in WAYS.items():
        raw = client(stage.port, secure)
        for name, vector in VECTORS.items():
            if b"\0" in vector:
                continue
            text = HEAD + vector + SMUGGLED
            for cut in (len(text), 1, len(HEAD) + 1, len(HEAD) + 2, len(HEAD) + 3):
                with scene.row(f"{name} is text, cut at {cut} {way}"):
                    raw.ask(BEGIN.replace(b"a@client", b"good@client"), "250", "250", "354")
                    raw.send(text[:cut])
                    stage.turn.wait()
                    raw.send(text[cut:])
                    raw.expect("250 2.0.0 Ok: queued as")
                    taken += 1
        raw.bye()
    stage.turn.over()
    messages = stage.sink.wait(taken)
    stage.relay.wait_empty()
    assert set(senders(stage.sink)) == {"good@client.test"}, senders(stage.sink)
    for message in messages:
        lines = content(message).split(b"\r\n")
        assert lines[:3] == [b"Subject: first", b"", b"first"] and b"." in lines[3:6], lines
        assert lines[-7:] == [b"MAIL FROM:<smuggler@evil.test>", b"RCPT TO:<victim@example.org>", b"DATA",
                              b"Subject: smuggled", b"", b"smuggled", b""], lines
    _nothing_bare(stage.sink)
    assert len(stage.sink.messages()) == taken


def a_stranger_has_no_line_ends_mended(scene):
    sink = scene.sink()
    relay = scene.relay("bounce { postmaster boss@example.org }", listen="trust 127.0.0.2", to=sink.port)
    with Raw(relay.port) as raw:
        raw.ask("MAIL FROM:<a@client.test>", "250")
        raw.ask("RCPT TO:<postmaster>", "250")
        raw.ask("DATA", "354")
        raw.send(b"Subject: x\n\nx\r\n.\r\n")
        raw.expect("550 5.6.11")
        raw.bye()
    assert relay.queue() == [] and sink.messages() == []


def mail_of_programs_with_lf_lines_arrives_as_it_was_meant(scene):
    sink = scene.sink(None, "--transcript")
    relay = scene.relay(to=sink.port)
    line = b"x" * 60 + b"\n.dot\n"
    rows = {
        "all lines in LF": (b"Subject: x\nMT-Priority: 4\n\n.dot\n.\nlast\r\n",
                            b"Subject: x\r\nMT-Priority: 4\r\n\r\n.dot\r\n.\r\nlast\r\n"),
        "some lines in CR": (b"Subject: x\r\n\r\none\rtwo\r\n", b"Subject: x\r\n\r\none\r\ntwo\r\n"),
        "CR CR LF": (b"Subject: x\r\r\n\r\r\none\r\r\n", b"Subject: x\r\n\r\none\r\n"),
        "more than memory takes in one piece": (b"Subject: x\n\n" + line * 20000 + b"\r\n",
                                                (b"Subject: x\n\n" + line * 20000 + b"\n").replace(b"\n", b"\r\n")),
        "right lines before the first wrong one": (b"Subject: x\r\n\r\n" + b"y" * 70000 + b"\r\none\n.\r\ntwo\r\n",
                                                   b"Subject: x\r\n\r\n" + b"y" * 70000 + b"\r\none\r\n.\r\ntwo\r\n"),
    }
    with Raw(relay.port) as raw:
        for at, (name, (said, _)) in enumerate(rows.items()):
            with scene.row(f"{name} is taken"):
                raw.deliver(said, to=[f"r{at}@example.org"])
        raw.bye()
    messages = sink.wait(len(rows))
    got = {m["rcpts"][0]["address"]: content(m) for m in messages}
    for at, (name, (_, wanted)) in enumerate(rows.items()):
        with scene.row(f"{name} arrives as it was meant"):
            assert got[f"r{at}@example.org"] == wanted, got[f"r{at}@example.org"][:200]
    _nothing_bare(sink)
    assert [row["to"] for row in relay.statuses(klass="urgent")] == ["r0@example.org"]


def a_vector_sent_whole_ends_nothing(scene):
    stage = _Stage(scene)
    for secure, way in WAYS.items():
        raw = client(stage.port, secure)
        for name, vector in VECTORS.items():
            with scene.row(f"{name} ends nothing, sent whole {way}"):
                raw.ask(BEGIN, "250", "250", "354")
                raw.send(HEAD + vector + SMUGGLED)
                stage.refused(raw)
        raw.bye()
    stage.over()


def the_true_end_is_an_end_and_what_follows_is_commands(scene):
    stage = _Stage(scene)
    with Raw(stage.port) as raw:
        raw.ask(BEGIN.replace(b"a@client", b"good@client"), "250", "250", "354")
        raw.send(GOOD[:-2] + b"\r\n.\r\nMAIL FROM:<b@client.test>\r\nRSET\r\n")
        raw.expect("250 2.0.0 Ok: queued as", "250 2.1.0", "250 2.0.0")
        raw.bye()
    stage.good += 1
    stage.over()


def a_vector_sent_byte_by_byte_ends_nothing(scene):
    stage = _Stage(scene)
    cases = [(name, HEAD[-4:] + vector + SMUGGLED, way, client(stage.port, secure))
             for secure, way in WAYS.items() for name, vector in VECTORS.items()]
    for _, _, _, raw in cases:
        raw.ask(BEGIN, "250", "250", "354")
        raw.send(HEAD[:-4])
    for at in range(max(len(text) for _, text, _, _ in cases)):
        stage.turn.wait()
        for _, text, _, raw in cases:
            if at < len(text):
                raw.send(text[at:at + 1])
    for name, _, way, raw in cases:
        with scene.row(f"{name} ends nothing, sent byte by byte {way}"):
            stage.refused(raw)
            raw.bye()
    stage.over()


def a_vector_split_anywhere_ends_nothing(scene):
    stage = _Stage(scene)
    for secure, way in WAYS.items():
        raws = [client(stage.port, secure) for _ in range(max(map(len, VECTORS.values())) + 5)]
        for name, vector in VECTORS.items():
            text = HEAD + vector + SMUGGLED
            places = range(len(HEAD) - 2, len(HEAD) + len(vector) + 3)
            with scene.row(f"{name} ends nothing, in two pieces {way}"):
                for raw, _ in zip(raws, places):
                    raw.ask(BEGIN, "250", "250", "354")
                for raw, place in zip(raws, places):
                    raw.send(text[:place])
                stage.turn.wait()
                for raw, place in zip(raws, places):
                    raw.send(text[place:])
                for raw, _ in zip(raws, places):
                    stage.refused(raw)
        for raw in raws:
            raw.bye()
    stage.over()


def a_vector_at_the_edge_of_a_buffer_ends_nothing(scene):
    stage = _Stage(scene)
    filler = b"x" * 62 + b"\r\n"
    for secure, way in WAYS.items():
        raw = client(stage.port, secure)
        for name, vector in VECTORS.items():
            with scene.row(f"{name} ends nothing at the edges of read buffers {way}"):
                for before in (4095, 4096, 16383, 16384, 65535, 65536):
                    raw.ask(BEGIN, "250", "250", "354")
                    head = b"\r\n" + filler * (before // 64 + 1)
                    raw.send(head[:before - 1] + b"y" + vector + SMUGGLED)
                    raw.expect(REFUSED)
                raw.deliver(GOOD, sender="good@client.test")
                stage.good += 1
        raw.bye()
    stage.over()


# ---- outward ------------------------------------------------------------------

def _nothing_bare(sink):
    """Not one CR without LF, nor LF without CR, went over any connection."""
    paths = glob.glob(f"{sink.dir}/connection-*.raw")
    assert paths
    for path in paths:
        with open(path, "rb") as f:
            bare = re.search(rb"(?s).{0,30}((?<!\r)\n|\r(?!\n)).{0,30}", f.read())
        assert not bare, bare.group()


def _stuffed(text):
    return re.sub(rb"(?m)^\.", b"..", text)


def dots_come_out_as_they_went_in(scene):
    sink = scene.sink(None, "--transcript")
    relay = scene.relay(to=sink.port)
    rows = {
        "a message without a byte": b"",
        "a message of one empty line": b"\r\n",
        "a message of a header only": b"Subject: x\r\n",
        "a lone dot": b"\r\n.\r\n",
        "lines of one to four dots": b"\r\n.\r\n..\r\n...\r\n....\r\n",
        "a dot before text": b"\r\n.text\r\n..text\r\ntext.\r\nte.xt\r\n",
        "a dot as the first byte": b".\r\n",
        "dots in the header": b"Subject: x\r\n .folded\r\nX: .\r\n\r\n.\r\n",
        "an end of data as text": b"\r\n.\r\nMAIL FROM:<x@y.test>\r\n.\r\n",
        "many lone dots": b"\r\n" + b".\r\n" * 5000,
        "dots over the size that is streamed": b"\r\n" + b".x\r\n" * 100000,
    }
    raw = Raw(relay.port)
    for name, text in rows.items():
        with scene.row(f"{name} comes out as it went in"):
            raw.deliver(_stuffed(text), to=[f"r{len(text)}@example.org"])
    raw.bye()
    messages = sink.wait(len(rows))
    got = {m["rcpts"][0]["address"]: content(m) for m in messages}
    for name, text in rows.items():
        with scene.row(f"{name} is the same at the sink"):
            assert got[f"r{len(text)}@example.org"] == text, got[f"r{len(text)}@example.org"][:200]
    _nothing_bare(sink)


def what_sendmail_is_given_goes_out_as_crlf_lines(scene):
    sink = scene.sink(None, "--transcript")
    relay = scene.relay(to=sink.port)
    rows = {f"{name} in text": b"first" + vector + b"MAIL FROM:<x@y.test>\nlast\n"
            for name, vector in VECTORS.items()}
    rows.update({
        "text without a final newline": b"last",
        "text of CRLF lines": b"one\r\n.\r\n..two\r\n",
        "text of mixed lines": b"one\r\ntwo\nthree\rfour\r\r\nfive\n\r\n",
        "a final CR": b"one\r",
        "a final lone dot": b"one\n.",
        "a final lone dot and CR": b"one\n.\r",
        "an empty body": b"",
    })
    for at, (name, text) in enumerate(rows.items()):
        with scene.row(f"{name} is taken from sendmail"):
            done = relay.sendmail("-i", "-f", "a@client.test", f"r{at}@example.org",
                                  input="Subject: x\n\n" + text.decode())
            assert done == "", done
    messages = sink.wait(len(rows))
    got = {m["rcpts"][0]["address"]: content(m).split(b"\r\n\r\n", 1)[1] for m in messages}
    for at, (name, text) in enumerate(rows.items()):
        with scene.row(f"{name} goes out as CRLF lines"):
            lines = re.split(rb"\r*\n|\r", text.replace(b"\0", b"?"))
            if lines[-1] == b"":
                lines.pop()
            wanted = b"".join(line + b"\r\n" for line in lines)
            assert got[f"r{at}@example.org"] == wanted, got[f"r{at}@example.org"]
    _nothing_bare(sink)
    assert set(senders(sink)) == {"a@client.test"}


def _pipe(scene, relay, text):
    """What sendmail -bs answers to TEXT after DATA, for whose 354 we wait as programs do."""
    with subprocess.Popen([f"{scene.prefix}/sbin/sendmail", "-C", relay.conf, "-bs"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as child:
        for said, awaited in (b"EHLO x.test\r\n", b"250 "), (BEGIN, b"354 "):
            child.stdin.write(said)
            child.stdin.flush()
            while not (line := child.stdout.readline()).startswith(awaited):
                assert line[:1] == b"2", line
        return child.communicate(text, timeout=30)[0]


def sendmail_bs_smuggles_nothing_either(scene):
    sink = scene.sink(None, "--transcript")
    relay = scene.relay(to=sink.port)
    sent = 0
    for name, vector in VECTORS.items():
        with scene.row(f"{name} ends nothing from sendmail -bs"):
            answer = _pipe(scene, relay, HEAD + vector + SMUGGLED + b"QUIT\r\n")
            codes = [line[:7] for line in answer.splitlines()]
            assert codes == [b"550 5.6" if b"\0" in vector else b"250 2.0", b"221 2.0"], answer
            sent += b"\0" not in vector
    sink.wait(sent)
    relay.wait_empty()
    assert set(senders(sink)) == {"a@client.test"} and len(sink.messages()) == sent
    _nothing_bare(sink)


def a_report_has_no_end_of_data_in_it(scene):
    """Headers that are one stuffed line after the other, as long as a report returns and longer."""
    sink = scene.sink({"RCPT": {"fail@*": "550 5.1.1 no such user", "*": "250 2.1.5 Ok"}, "delay": {"DOT": 0.02}},
                      "--transcript")
    relay = scene.relay("site * { connections 1 }", to=sink.port)
    with Raw(relay.port) as raw:
        for pad in range(4):
            for at in range(20):
                raw.deliver(GOOD, sender="good@client.test")
            text = b"From: a@client.test\r\nSubject: " + b"x" * (1 + pad) + b"\r\n" + b"..\r\n" * 17500 + b"\r\nend\r\n"
            raw.deliver(text, sender=f"attack{pad}@client.test", to=("fail@example.org",))
        for at in range(40):    # they go behind the reports, over the same connection
            raw.deliver(GOOD, sender="good@client.test")
        raw.bye()
    relay.wait_empty()
    messages = sink.wait(124)
    assert [row["to"] for row in relay.statuses("bounced")] == ["fail@example.org"] * 4, "an innocent message was returned"
    assert sorted(set(senders(sink))) == ["", "good@client.test"], senders(sink)
    reports = [m["body"] for m in messages if m["mail"].startswith("MAIL FROM:<>")]
    assert len(reports) == 4 and all(re.search(rb"\r\n--=_report-\S+--\r\n$", report) for report in reports)
    _nothing_bare(sink)
    assert len(sink.messages()) == 124
