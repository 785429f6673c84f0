# SPDX-License-Identifier: ISC
"""passing: what becomes of a message between its client and its next hop.

Its class, the field we prepend, and that nothing else is touched.
"""
import email.utils
import hashlib
import re
import time

from raw import Raw, content, free_port_6
from scene import free_port, wait_until

# listener, parameters of MAIL, header, class, beginning of the last reply
PLAIN, CAPPED, LOW, BULK = "plain", "capped", "low", "bulk"
CLASSES = [
    ("mail that asks for nothing is normal", PLAIN, "", "", "normal", "250 2.0.0"),
    ("priority 9 is urgent", PLAIN, "MT-PRIORITY=9", "", "urgent", "250 2.0.0"),
    ("priority 4 is urgent", PLAIN, "MT-PRIORITY=4", "", "urgent", "250 2.0.0"),
    ("priority 0 is normal", PLAIN, "MT-PRIORITY=0", "", "normal", "250 2.0.0"),
    ("priority -4 is bulk", PLAIN, "MT-PRIORITY=-4", "", "bulk", "250 2.0.0"),
    ("priority -9 is bulk", PLAIN, "MT-PRIORITY=-9", "", "bulk", "250 2.0.0"),
    ("X-Priority 1 is normal", PLAIN, "", "X-Priority: 1 (Highest)", "normal", "250 2.0.0"),
    ("X-Priority 3 is normal", PLAIN, "", "X-Priority: 3", "normal", "250 2.0.0"),
    ("X-Priority 5 is bulk", PLAIN, "", "X-Priority: 5", "bulk", "250 2.0.0"),
    ("Importance high is normal", PLAIN, "", "Importance: High", "normal", "250 2.0.0"),
    ("a folded field counts", PLAIN, "", "Importance:\r\n  low", "bulk", "250 2.0.0"),
    ("Precedence bulk is bulk", PLAIN, "", "Precedence: bulk", "bulk", "250 2.0.0"),
    ("mail of a list is bulk", PLAIN, "", "List-Id: <news.client.test>", "bulk", "250 2.0.0"),
    ("mail that has a way out of a list is normal", PLAIN, "", "List-Unsubscribe: <mailto:x@client.test>", "normal",
     "250 2.0.0"),
    ("an odd line hides no field", PLAIN, "", "an odd line\r\nMT-Priority: 6", "urgent", "250 2.0.0"),
    ("the parameter wins over the header", PLAIN, "MT-PRIORITY=0", "X-Priority: 5", "normal", "250 2.0.0"),
    ("an MT-Priority field counts", PLAIN, "", "MT-Priority: 6", "urgent", "250 2.0.0"),
    ("an MT-Priority field wins over rules", PLAIN, "", "X-Priority: 5\r\nMT-Priority: 6", "urgent", "250 2.0.0"),
    ("an MT-Priority field that is wrong does not count", PLAIN, "", "MT-Priority: 10", "normal", "250 2.0.0"),
    ("the text is no header", PLAIN, "", "Subject: x\r\n\r\nX-Priority: 5", "normal", "250 2.0.0"),
    ("over the ceiling of a net priority is lowered", CAPPED, "MT-PRIORITY=7", "", "normal", "250 2.3.6 0"),
    ("over the ceiling of a net a field counts less", CAPPED, "", "MT-Priority: 4", "normal", "250 2.3.6 0"),
    ("under the ceiling priority stays", CAPPED, "MT-PRIORITY=-5", "", "bulk", "250 2.0.0"),
    ("at the ceiling priority stays", CAPPED, "MT-PRIORITY=1", "", "normal", "250 2.0.0"),
    ("the ceiling of a listener may be bulk", LOW, "MT-PRIORITY=4", "", "bulk", "250 2.3.6 -4"),
    ("under such a ceiling all is bulk, and that was not asked", LOW, "", "", "bulk", "250 2.0.0"),
    ("under such a ceiling a field counts less", LOW, "", "MT-Priority: 4", "bulk", "250 2.3.6 -4"),
    ("a listener may have another class", BULK, "", "", "bulk", "250 2.0.0"),
    ("whose mail may ask for more", BULK, "", "MT-Priority: 4", "urgent", "250 2.0.0"),
]
RULED = [
    ("a rule of one's own", "X-Class: NOW please", "urgent"),
    ("a rule with any text", "X-Campaign: 4711", "bulk"),
    ("its pattern is of the whole value", "X-Class: not now", "normal"),
    ("the first rule wins, not the first field", "X-Campaign: 4711\r\nX-Class: now", "urgent"),
    ("the default rules are gone then", "X-Priority: 5", "normal"),
]


def _class_of(relay, ident):
    row, = [r for r in relay.queue() if r["queue_id"] == ident]
    return row["class"]


def _queued(raw, header, options=""):
    text = raw.deliver(header.encode() + b"\r\n\r\nx\r\n", options=options and " " + options, end="250 2.")
    return text, re.search(r"queued as (\w+)", text).group(1)


def each_message_is_of_the_class_it_may_have(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    ports = {CAPPED: free_port(), LOW: free_port(), BULK: free_port()}
    relay = scene.relay(to=sink.port, listen_more=f"""
        listen 127.0.0.1:{ports[CAPPED]} {{ trust 127.0.0.0/8 ceiling normal }}
        listen 127.0.0.1:{ports[LOW]} {{ trust 127.0.0.0/8; ceiling bulk }}
        listen 127.0.0.1:{ports[BULK]} {{ trust 127.0.0.0/8; class bulk }}""")
    ports[PLAIN] = relay.port
    raws = {name: Raw(port) for name, port in ports.items()}
    found = []
    for sentence, name, options, header, wanted, reply in CLASSES:
        text, ident = _queued(raws[name], header or "X: y", options)
        found.append((sentence, ident, wanted, reply, text))
    for raw in raws.values():
        raw.bye()
    wait_until(lambda: len(relay.queue()) == len(found), "all messages in the queue")
    classes = {r["queue_id"]: r["class"] for r in relay.queue()}
    for sentence, ident, wanted, reply, text in found:
        with scene.row(sentence):
            assert text.startswith(reply), text
            assert classes[ident] == wanted, classes[ident]
    assert sink.delivered() == []


def rules_of_the_configuration_replace_the_others(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay("classify { header X-Class now* urgent\n header X-Campaign * bulk }", to=sink.port)
    with Raw(relay.port) as raw:
        found = [(sentence, _queued(raw, header)[1], wanted) for sentence, header, wanted in RULED]
        raw.bye()
    wait_until(lambda: len(relay.queue()) == len(found), "all messages in the queue")
    for sentence, ident, wanted in found:
        with scene.row(sentence):
            assert _class_of(relay, ident) == wanted


# ---- what we add ------------------------------------------------------------------

def _field(message):
    return re.match(rb"Received:.*?\r\n(?![ \t])", message["body"], re.S).group().decode()


def the_received_field_tells_who_how_and_when(scene):
    sink = scene.sink()
    port6 = free_port_6()
    relay = scene.relay(to=sink.port, listen_more=f"listen [::1]:{port6} {{ trust ::1 }}")
    texts, begin = {}, int(time.time())
    with Raw(relay.port) as raw:
        texts["one"] = raw.deliver(b"Subject: x\r\n\r\nx\r\n", to=["one@example.org"])
        texts["two"] = raw.deliver(b"Subject: x\r\n\r\nx\r\n", to=["two@example.org", "three@example.org"])
        texts["old"] = raw.deliver(b"Received: from a by b; then\r\n\r\nx\r\n", to=["old@example.org"])
        raw.ask("HELO [192.0.2.1]", "250 ")
        texts["helo"] = raw.deliver(b"x\r\n", to=["helo@example.org"])
        raw.bye()
    with Raw(port6, hello="a'b{c}$d`e", address="::1") as raw:
        texts["six"] = raw.deliver(b"Subject: x\r\n\r\nx\r\n", to=['"s i x"@example.org'])
        raw.bye()
    relay.sendmail("local@example.org", input="Subject: x\n\nx\n")
    messages = {re.sub(r'["@ ].*|" ', "", m["rcpts"][0]["address"].replace('"s i x"', "six")): m for m in sink.wait(6)}
    us = r"\r\n\tby relay\.test with {} id {{}}"
    shapes = {
        "one": r"from client\.test \(\[127\.0\.0\.1\]\)" + us.format("ESMTP") + r"\r\n\tfor <one@example\.org>",
        "two": r"from client\.test \(\[127\.0\.0\.1\]\)" + us.format("ESMTP"),
        "old": r"from client\.test \(\[127\.0\.0\.1\]\)" + us.format("ESMTP") + r"\r\n\tfor <old@example\.org>",
        "helo": r"from \[192\.0\.2\.1\] \(\[127\.0\.0\.1\]\)" + us.format("SMTP") + r"\r\n\tfor <helo@.*>",
        "six": r"from a\?b\?c\?\?d\?e \(\[IPv6:::1\]\)" + us.format("ESMTP") + r"\r\n\tfor <\"s i x\"@example\.org>",
        "local": r"from relay\.test\r\n\tby relay\.test \(from uid \d+\) with local id {}"
                 r"\r\n\tfor <local@example\.org>",
    }
    for name, shape in shapes.items():
        with scene.row(f"the field of the message {name} has its shape"):
            field = _field(messages[name])
            ident = re.search(r"queued as (\w+)", texts[name]).group(1) if name in texts else r"\w+"
            found = re.fullmatch(f"Received: {shape.format(ident)};\r\n\t(.*)\r\n", field)
            assert found, field
            when = email.utils.parsedate_to_datetime(found.group(1)).timestamp()
            assert begin - 1 <= when <= time.time() + 1, field
            assert all(len(line) <= 78 for line in field.split("\r\n")), field
    with scene.row("a field that was there stays below ours"):
        assert content(messages["old"]) == b"Received: from a by b; then\r\n\r\nx\r\n"
    with scene.row("of several recipients none is named"):
        assert b"example.org" not in messages["two"]["body"], messages["two"]["body"]


# ---- what we do not touch -----------------------------------------------------------

def a_body_arrives_byte_for_byte(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    any_byte = bytes(b for b in range(1, 256) if b not in b"\r\n")
    line = any_byte[:70] + b"\r\n"
    rows = {
        "nothing": b"",
        "one byte and its line end": b"x\r\n",
        "4 KB": b"Subject: x\r\n\r\n" + line * 57,
        "300 KB": b"Subject: x\r\n\r\n" + line * 4200,
        "5 MB": b"Subject: x\r\n\r\n" + line * 70000,
        "every byte but NUL, CR and LF": b"\r\n" + any_byte + b"\r\n" + any_byte[::-1] + b"\r\n",
        "8-bit bytes in the header": b"Subject: gr\xfc\xc3\x9f\r\n\r\nx\r\n",
        "lines of 100,000 bytes": b"\r\n" + (b"y" * 99998 + b"\r\n") * 30,
        "a line of 3 MB": b"\r\n" + b"z" * 3000000 + b"\r\n",
        "trailing spaces and empty lines": b"Subject: x \t\r\n\r\n \r\n\t\r\nx  \r\n\r\n\r\n\r\n",
        "a header that is none": b"no field\r\n: nor this\r\nX : y\r\n\r\nx\r\n",
        "fields twice, and without order": b"Subject: x\r\nFrom: a\r\nsubject: y\r\nBcc: c@d.test\r\n\r\nx\r\n",
        "a message in mbox form": b"From a Tue\r\nSubject: x\r\n\r\nFrom here on\r\n>From\r\n",
    }
    with Raw(relay.port) as raw:
        for at, text in enumerate(rows.values()):
            raw.deliver(re.sub(rb"(?m)^\.", b"..", text), to=[f"r{at}@example.org"], options=" BODY=8BITMIME")
        raw.bye()
    got = {m["rcpts"][0]["address"]: content(m) for m in sink.wait(len(rows))}
    for at, (name, text) in enumerate(rows.items()):
        with scene.row(f"{name} arrives byte for byte"):
            body = got[f"r{at}@example.org"]
            assert hashlib.sha256(body).digest() == hashlib.sha256(text).digest(), (len(body), len(text), body[:200])


def parameters_go_on_to_hosts_that_know_them(scene):
    able = scene.sink({"extensions": ["PIPELINING", "SIZE 1000000", "8BITMIME", "DSN", "MT-PRIORITY"]})
    plain = scene.sink({"extensions": ["8BITMIME"]})
    relay = scene.relay(f"route plain.test {{ to 127.0.0.1:{plain.port} }}", to=able.port)
    with Raw(relay.port) as raw:
        for domain in "able.test", "plain.test":
            raw.ask("MAIL FROM:<A@client.test> RET=HDRS ENVID=a+2Bb BODY=8BITMIME MT-PRIORITY=3 SIZE=100", "250")
            raw.ask(f"RCPT TO:<B@{domain}> NOTIFY=FAILURE,DELAY ORCPT=rfc822;c+2Bd@x.test", "250")
            raw.ask(f"RCPT TO:<n@{domain}> NOTIFY=NEVER", "250")
            raw.ask("DATA", "354")
            raw.ask(b"\r\ngr\xfc\xdf\r\n.\r\n", "250 2.0.0")
        raw.bye()
    with scene.row("a host that offers them gets them as they were given"):
        message, = able.wait()
        words = message["mail"].split()
        assert words[:2] == ["MAIL", "FROM:<A@client.test>"], words
        assert {"RET=HDRS", "ENVID=a+2Bb", "BODY=8BITMIME", "MT-PRIORITY=3"} <= set(words), words
        size, = [int(w[5:]) for w in words if w.startswith("SIZE=")]
        assert abs(size - message["size"]) <= 2, (size, message["size"])
        first, second = sorted((r["line"].split() for r in message["rcpts"]), key=lambda w: w[1].lower())
        assert first[1] == "TO:<B@able.test>" and "ORCPT=rfc822;c+2Bd@x.test" in first, first
        assert {w.split("=")[1] for w in first if w.startswith("NOTIFY")} <= {"FAILURE,DELAY", "DELAY,FAILURE"}, first
        assert "NOTIFY=NEVER" in second, second
    with scene.row("a host that does not offer them is not troubled with them"):
        message, = plain.wait()
        assert message["mail"].split() == ["MAIL", "FROM:<A@client.test>", "BODY=8BITMIME"], message["mail"]
        assert sorted(r["line"] for r in message["rcpts"]) == ["RCPT TO:<B@plain.test>", "RCPT TO:<n@plain.test>"]
    relay.wait_empty()
    assert len(able.messages()) + len(plain.messages()) == 2, "no report was asked for"
