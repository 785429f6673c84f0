# SPDX-License-Identifier: ISC
"""replies: what servers say in odd words, at length, or too often, has its effect once and for the right mail."""
from scene import wait_until

LONG = "x" * 2100
# "@" stands for the code; what the sink is told to cut has its line end already
WAYS = {
    "a line of 2,100 bytes": f"@ {LONG}",
    "a line of 6,000 bytes": f"@ {'x' * 6000}",
    "a line of 100,000 bytes": f"@ {'x' * 100000}",
    "140 lines": "@-line\n" * 139 + "@ end",
    "3,000 lines": "@-line\n" * 2999 + "@ end",
    "200 long lines": f"@-{LONG[:1000]}\n" * 199 + "@ end",
    "the code alone": "@",
    "the code and a blank": "@ \r\n",
    "a tab": "@\tok",
    "no blank": "@ok",
    "a bare line feed": "@ ok\n !cut",
    "two carriage returns": "@ ok\r\r\n",
    "bytes beyond ASCII": "@ \xe4\xff\x01 ok",
    "NUL": "@ a\0b",
    "lines without a code": "@-one\ntwo\n\n@ three",
}


def a_reply_with_a_plain_code_has_its_effect_however_it_is_said(scene):
    """In all states at once; the connection goes on, and nothing is sent twice."""
    sinks = dict(zip(WAYS, scene.troupe([_said(way) for way in WAYS.values()], "--transcript")))
    routes = "".join(f"route r{i}.test {{ to 127.0.0.1:{sink.port} }}\n" for i, sink in enumerate(sinks.values()))
    relay = scene.relay(f"class normal {{ retry 1s }}\nsite * {{ connections 1; idle 300ms }}\n{routes}")
    idents = {words: [relay.send([f"good{n}@r{i}.test", f"bad{n}@r{i}.test"], sender="")
                      for n in range(2)] for i, words in enumerate(WAYS)}
    for words, sink in sinks.items():
        with scene.row(words):
            relay.wait_over(*idents[words])
            for ident in idents[words]:
                assert [r["to"][:4] for r in relay.statuses("sent", id=ident)] == ["good"], relay.statuses(id=ident)
                assert [r["to"][:3] for r in relay.statuses("bounced", id=ident)] == ["bad"], relay.statuses(id=ident)
                assert not relay.statuses("deferred", id=ident)
            wait_until(lambda: sink.said(1).endswith(b"QUIT\r\n"), "the goodbye")
            assert len(sink.messages()) == 2 and sink.connections()[0] == 1, sink.connections()


def _said(way):
    code = {"greeting": "220", "MAIL": "250", "DATA": "354", "DOT": "250", "RSET": "250", "QUIT": "221"}
    script = {step: way.replace("@", number) for step, number in code.items()}
    ehlo = way.replace("@", "250") if "cut" not in way else "250-ok\n250 PIPELINING\n !cut"
    return {**script, "RCPT": {"good*": way.replace("@", "251"), "bad*": way.replace("@", "550")}, "EHLO": ehlo,
            "extensions": []}


def a_reply_to_the_dot_without_end_makes_no_copies(scene):
    """Its code is known; the server is left, and the next message goes over another connection."""
    sink = scene.sink({"DOT": ["250-and more and more !forever", "250 2.0.0 Ok"]})
    relay = scene.relay("class normal { retry 1s }\nsite * { connections 1 }", to=sink.port)
    relay.wait_over(relay.send("a@example.org"))
    relay.wait_over(relay.send("b@example.org"))
    assert [r["to"] for r in relay.statuses("sent")] == ["a@example.org", "b@example.org"]
    assert not relay.statuses("deferred")
    assert len(sink.messages()) == 2 and sink.connections()[0] == 2, sink.connections()


def replies_to_lines_behind_a_false_end_return_nobody_elses_mail(scene):
    """The server finds an end that we have not put there, and answers the lines behind it, and our dot, one by one:
    when the commands of the next message are out already."""
    counts, home = range(1, 6), scene.sink()
    script = {"end": "\r\n!\r\n", "delay": {"DOT": 0.3, "X": 0.3}, "RCPT": {"bad*": "550 5.1.1 who", "*": "250 2.1.5 Ok"}}
    rows = {f"{count} replies too many, {kind}": (count, to, extensions) for count in counts for kind, to, extensions in (
        ("one recipient", ["b"], ["PIPELINING"]), ("two, one refused", ["bad", "b"], ["PIPELINING"]),
        ("one by one", ["b"], ["8BITMIME"]), ("nothing offered", ["b"], []))}
    sinks = dict(zip(rows, scene.troupe([{**script, "extensions": row[2]} for row in rows.values()])))
    routes = "".join(f"route r{i}.test {{ to 127.0.0.1:{sink.port} }}\n" for i, sink in enumerate(sinks.values()))
    relay = scene.relay("class normal { retry 1s }\nsite * { connections 1 }\n"
                        f"{routes}route sender.test {{ to 127.0.0.1:{home.port} }}")
    idents = {}
    for i, (words, (count, to, _)) in enumerate(rows.items()):
        junk = "".join(f"X {n}\r\n" for n in range(count - 1))
        first = relay.send(f"first@r{i}.test", f"Subject: x\r\n\r\nx\r\n!\r\n{junk}", sender="a@sender.test")
        idents[words] = first, relay.send([f"{user}@r{i}.test" for user in to], sender="innocent@sender.test")
    for words, (count, to, _) in rows.items():
        with scene.row(words):
            first, second = idents[words]
            relay.wait_over(first, second)
            assert len(relay.statuses("sent", id=first)) == 1
            assert [r["to"][:2] for r in relay.statuses("sent", id=second)] == ["b@"], relay.statuses(id=second)
            refused = relay.statuses("bounced", id=second)
            assert [r["to"][:3] for r in refused] == ["bad"] * (len(to) - 1), refused
            assert all("5.1.1 who" in r["why"] for r in refused), refused
            assert len(sinks[words].delivered()) == 2, [m["rcpts"] for m in sinks[words].messages()]
    wait_until(lambda: len(home.delivered()) >= len(counts), "the reports of the refused")
    assert relay.statuses("deferred"), "replies did come too many"


def a_refusal_that_is_meant_costs_no_connection(scene):
    """Behind a body it is believed when another EHLO has shown the order of the replies."""
    sink = scene.sink({"RCPT": {"bad*": "550 5.1.1 who", "*": "250 2.1.5 Ok"}}, "--transcript")
    relay = scene.relay("site * { connections 1; idle 300ms }", to=sink.port)
    for i in range(6):
        ident = relay.send(f"{'bad' if i % 3 else 'good'}{i}@example.org", sender="")
        relay.wait_log(f"{ident}: to=")
    wait_until(lambda: sink.said(1).endswith(b"QUIT\r\n"), "the goodbye")
    assert len(relay.statuses("bounced")) == 4 and len(relay.statuses("sent")) == 2, relay.statuses()
    assert sink.connections()[0] == 1
    assert sink.said(1).count(b"EHLO ") == 1 + 2, "none where no body is between"
