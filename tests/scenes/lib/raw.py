# SPDX-License-Identifier: ISC
"""raw: an SMTP client that sends what it is told, byte for byte.

smtplib is too polite for most of what strangers do.  What is expected of the
relay is written as the beginnings of its replies: "250 2.1.0", "354".
"""
import os
import re
import socket
import ssl
import subprocess

from scene import Skip

PATIENCE = 30
FROM = b"MAIL FROM:<a@client.test>\r\n"
TO = b"RCPT TO:<b@example.org>\r\n"
BEGIN = FROM + TO + b"DATA\r\n"


def certificate(scene):
    """The configuration of a relay that has one; made for this scene."""
    pem, key = f"{scene.dir}/cert.pem", f"{scene.dir}/key.pem"
    if not os.path.exists(pem):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", pem, "-days", "60", "-subj", "/CN=relay.test"],
                       check=True, capture_output=True, timeout=60)
    return f"tls {{ certificate {pem}; key {key} }}\n"


def trusting():
    """A TLS client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def free_port_6():
    """A free port at ::1; without IPv6 here the test is skipped."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            return server.getsockname()[1]
    except OSError:
        raise Skip("there is no IPv6 here")


class Raw:
    """One connection; HELLO None: not even the greeting is read."""

    def __init__(self, port, hello="client.test", address="127.0.0.1", source=None, receive=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family)
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        if source:
            self.socket.bind((source, 0))
        self.socket.settimeout(PATIENCE)
        self.socket.connect((address, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.kept = b""
        if hello is not None:
            self.expect("220 ")
            self.ask(f"EHLO {hello}", "250")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # ---- bytes

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        """False: there will be no more."""
        try:
            piece = self.socket.recv(1 << 16)
        except (ConnectionResetError, ssl.SSLEOFError):
            piece = b""
        self.kept += piece
        return bool(piece)

    def rest(self):
        """All that comes until the relay closes."""
        while self.more():
            pass
        rest, self.kept = self.kept, b""
        return rest

    def lines(self):
        """One reply, of one line or more."""
        found = []
        while True:
            while b"\n" not in self.kept:
                assert self.more(), f"the relay closed; last came {found} {self.kept}"
            line, self.kept = self.kept.split(b"\n", 1)
            assert re.fullmatch(rb"[2-5][0-9][0-9][ -][ -~]*\r", line), line
            found.append(line[:-1].decode())
            if line[3:4] == b" ":
                return found

    # ---- talk

    def expect(self, *beginnings):
        """That many replies, which begin so; the text of the last."""
        text = ""
        for at, beginning in enumerate(beginnings):
            text = "\n".join(self.lines())
            assert text.startswith(beginning), f"reply {at + 1} is {text!r}, not {beginning}"
        return text

    def ask(self, line, *beginnings):
        """LINE is sent with CRLF, or as it is if it is bytes."""
        self.send(line if isinstance(line, bytes) else line.encode() + b"\r\n")
        return self.expect(*beginnings)

    def deliver(self, content, sender="a@client.test", to=("b@example.org",), options="", end="250 2.0.0"):
        """A transaction; CONTENT is sent as it is, with the final dot added.  The last reply."""
        commands = [f"MAIL FROM:<{sender}>{options}", *(f"RCPT TO:<{r}>" for r in to), "DATA\r\n"]
        self.ask("\r\n".join(commands).encode(), "250 2.1.0", *["250 2.1.5"] * len(to), "354")
        return self.ask(content + b".\r\n", end)

    def bye(self):
        """Nothing has been left over, and nothing comes but the goodbye."""
        assert self.kept == b"", self.kept
        self.send(b"QUIT\r\n")
        rest = self.rest()
        assert rest.startswith(b"221 2.0.0 ") and rest.count(b"\n") == 1, rest
        self.socket.close()

    def ended(self, beginning):
        """The last reply begins so, and then the relay closes."""
        text = self.expect(beginning)
        rest = self.rest()
        assert rest == b"", f"after {text!r} came {rest}"
        self.socket.close()

    # ---- TLS

    def secure(self, hello="client.test", context=None):
        self.ask("STARTTLS", "220 2.0.0")
        assert self.kept == b"", self.kept
        self.socket = (context or trusting()).wrap_socket(self.socket)
        if hello:
            self.ask(f"EHLO {hello}", "250")
        return self


def client(port, secure=False, **how):
    raw = Raw(port, **how)
    return raw.secure() if secure else raw


class Turn:
    """Waits until the relay has read what was sent before.

    A relay with one receiver takes its clients' bytes in the order in which
    they came, so that the answer to our NOOP says that it has had the others.
    The relay must be told to bear much small talk (limits { errors 10000 }).
    """

    def __init__(self, port):
        self.raw = Raw(port)

    def wait(self):
        self.raw.ask(b"NOOP\r\n", "250 2.0.0")

    def over(self):
        self.raw.bye()


# ---- what came out ----------------------------------------------------------

def content(message):
    """What the sink got without our Received field, dots unstuffed."""
    body = message["body"]
    body = body[re.match(rb"Received:.*?\r\n(?![ \t])", body, re.S).end():]
    return re.sub(rb"(?m)^\.", b"", body) if b"\n." in b"\n" + body else body


def senders(sink):
    return [re.search("<(.*?)>", m["mail"]).group(1) for m in sink.messages()]
