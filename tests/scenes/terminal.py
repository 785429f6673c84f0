# SPDX-License-Identifier: ISC
"""terminal: what strangers and operators write does not steer the terminal of who looks at it."""
import os
import pty
import re
import subprocess

from raw import BEGIN, Raw
from scene import free_port, wait_until

# control characters, those above ASCII too, and what changes the order of text; TAB and newline are harmless
STEERS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]")
BEYOND = "\u009b31m\u202e"


def _say(relay, *words):
    """All that the tool says, as bytes, on both outputs."""
    done = subprocess.run([f"{relay.scene.prefix}/bin/postrider", "-c", relay.conf, *words],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.stdout


def _show(relay, *words):
    """What the tool prints on a terminal."""
    ours, theirs = pty.openpty()
    said = b""
    with subprocess.Popen([f"{relay.scene.prefix}/bin/postrider", "-c", relay.conf, *words], stdout=theirs) as tool:
        os.close(theirs)
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:
            pass        # the other end is closed
        os.close(ours)
        assert tool.wait(60) == 0
    return said.replace(b"\r\n", b"\n")


def content_is_shown_plain_on_a_terminal_and_goes_as_it_is_into_a_pipe(scene):
    relay = scene.relay("class normal { retry 1h }", to=free_port())
    body = b"red \x1b[31m \xc2\x9b31m \xe9t\xe9 \r\xc3\xa9t\xc3\xa9\xe2\x82\r\n\xe2\x82\xac\ttab\xf0\x9f\x93\xa8 \xe2\x80\xae\x7f\r\n\xc3"
    body = body.replace(b"\r\xc3", b"\xc3")     # a bare CR is not taken
    with Raw(relay.port) as client:
        client.ask(BEGIN, "250", "250", "354")
        text = client.ask(b"Subject: x\r\n\r\n" + body + b"\r\n.\r\n", "250")
    ident = text.split()[-1]
    wait_until(lambda: relay.statuses("deferred"), "its first try")
    piped = _say(relay, "queue", "show", ident)
    assert piped.endswith(b"\n\n" + body.replace(b"\r\n", b"\n") + b"\n"), piped
    shown = _show(relay, "queue", "show", ident)
    assert not STEERS.search(shown), shown
    assert shown.endswith("\n\nred ?[31m ??31m ?t? été??\n€\ttab📨 ????\n?\n".encode()), shown


def what_anybody_writes_steers_no_terminal(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 " + (BEYOND + "\x1b[2J\x07").encode().decode("latin-1")})
    relay = scene.relay("class normal { retry 1h }", to=sink.port)
    with Raw(relay.port) as client:
        client.ask(f"MAIL FROM:<\"{BEYOND}\"@client.test>".encode() + b"\r\n", "553")
    ident = relay.send()
    wait_until(lambda: relay.statuses("deferred"), "its first try")
    relay.tool("site", "pause", "--reason", f"été{BEYOND}", "example.org")
    wait_until(lambda: b"example.org" in _say(relay, "site", "list"), "the site is known")
    for words in (["site", "list"], ["site", "list", "-j"], ["site", "show", "example.org"], ["queue", "list"],
                  ["queue", "list", "-j"], ["queue", "show", "-e", ident], ["trace", ident],
                  ["route", "b@example.org"], ["queue", "shape"], ["site", "resume", BEYOND], ["site", "show", BEYOND],
                  ["queue", "delete", "\x1b[2J"], ["\x1b[2J"], ["queue", "list", "--class", "\x1b[2J"]):
        said = _say(relay, *words)
        assert said and not STEERS.search(said), (words, said)
    assert "été" in _say(relay, "site", "list").decode()
    with open(relay.log, "rb") as log:
        text = log.read()
    assert rb"\xc2\x9b31m\xe2\x80\xae" in text and not STEERS.search(text), text
