# SPDX-License-Identifier: ISC
"""cutmail: clients and a sink in one thread, so that they can stand still too.

Each conversation is a generator that yields when it wants a line; the loop
turns none of them while the session is stopped, but to read the answers that
were sent before.
"""
import selectors
import socket
import time

import account


class Talk:
    def __init__(self, loop, sock, make):
        self.loop, self.sock, self.buffer, self.out = loop, sock, b"", b""
        sock.setblocking(False)
        self.ended = False
        self.script = make(self)
        loop.select.register(sock, selectors.EVENT_READ, self)
        self.turn(None, first=True)

    def say(self, text):
        self.out += text if isinstance(text, bytes) else text.encode()
        self.flush()

    def flush(self):
        try:
            while self.out:
                self.out = self.out[self.sock.send(self.out):]
        except BlockingIOError:
            pass
        except OSError:
            self.out = b""
        if not self.ended:
            self.loop.select.modify(self.sock, selectors.EVENT_READ | (selectors.EVENT_WRITE if self.out else 0), self)

    def ready(self, events):
        if events & selectors.EVENT_WRITE:
            self.flush()
        if not events & selectors.EVENT_READ or self.ended:
            return
        try:
            data = self.sock.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.buffer += data
        while not self.ended and b"\n" in self.buffer:
            line, _, self.buffer = self.buffer.partition(b"\n")
            self.turn(line.rstrip(b"\r").decode("latin-1"))
        if not data and not self.ended:
            self.turn(None)
            self.end()

    def turn(self, line, first=False):
        try:
            if first:
                next(self.script)
            else:
                self.script.send(line)
        except StopIteration:
            self.end()

    def end(self):
        if not self.ended:
            self.ended = True
            self.loop.select.unregister(self.sock)
            self.sock.close()
            self.loop.talks.discard(self)


class Loop:
    def __init__(self):
        self.select = selectors.DefaultSelector()
        self.talks = set()
        self.stopped = 0.0      # how long the session stood still
        self.listener = None

    def now(self):
        return time.monotonic() - self.stopped

    def turn(self, most=0.002):
        """Whether anything happened."""
        events = self.select.select(most)
        for key, mask in events:
            if key.data is None:
                sock, _ = key.fileobj.accept()
                self.begin(sock, self.serve)
            else:
                key.data.ready(mask)
        return bool(events)

    def begin(self, sock, make):
        self.talks.add(Talk(self, sock, make))

    def connect(self, port, make):
        """False: nobody listens."""
        try:
            sock = socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            return False
        self.begin(sock, make)
        return True

    def listen(self, port, serve):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(200)
        self.listener.setblocking(False)
        self.serve = serve
        self.select.register(self.listener, selectors.EVENT_READ, None)

    def drop_waiting(self):
        """Close what connected and was not looked at."""
        try:
            while True:
                self.listener.accept()[0].close()
        except BlockingIOError:
            pass

    def close(self):
        for talk in list(self.talks):
            talk.end()
        if self.listener:
            self.select.unregister(self.listener)
            self.listener.close()
        self.select.close()


# ---- the client ----------------------------------------------------------------

def client(loop, relay_port, messages, done):
    """Send MESSAGES, one after the other over one connection; DONE at the end,
    with those that it never came to."""
    waiting = list(messages)

    def reply():
        line = yield
        while line is not None and line[3:4] == "-":
            line = yield
        return int(line[:3]) if line and line[:3].isdigit() else 0, line

    def dialogue(talk, message):
        dsn = f" NOTIFY={message.notify}" if message.notify else ""
        priority = f" MT-PRIORITY={message.priority}" if message.priority else ""
        commands = [f"MAIL FROM:<{message.sender}>{priority}"]
        commands += [f"RCPT TO:<{rcpt}>{dsn}" for rcpt in message.rcpts]
        for command in commands + ["DATA"]:
            talk.say(command + "\r\n")
            code, _ = yield from reply()
            if code == 0:
                return False
            if code >= 400:
                talk.say("RSET\r\n")
                yield from reply()
                return True
        message.state = account.SENT
        talk.say(message.text() + ".\r\n")
        code, line = yield from reply()
        if code == 250:
            message.state, message.id = account.ACKED, line.split()[-1]
        elif code >= 400:
            message.state = account.REFUSED
        else:
            message.state = account.UNKNOWN
        return code != 0

    def script(talk):
        code, _ = yield from reply()
        talk.say("EHLO client.test\r\n")
        code, _ = yield from reply()
        while waiting and code:
            message = waiting[0]
            good = yield from dialogue(talk, message)
            if message.state != account.UNSENT or good:
                waiting.pop(0)
            if not good:
                break
        done(waiting)
        talk.say("QUIT\r\n")

    return loop.connect(relay_port, script)


# ---- the sink ------------------------------------------------------------------

class Sink:
    """Takes mail into an account: "fail…" is refused for good, "later…" as
    long as `later` says so."""

    def __init__(self, loop, port, book):
        self.loop, self.book, self.later, self.closed = loop, book, True, False
        loop.listen(port, self.serve)

    def rcpt(self, address):
        if address.startswith("fail"):
            return "550 5.1.1 nobody here\r\n"
        if address.startswith("later") and self.later:
            return "450 4.2.0 not now\r\n"
        return "250 2.1.5 Ok\r\n"

    def serve(self, talk):
        talk.say("220 sink.test\r\n")
        rcpts = []
        while True:
            line = yield
            if line is None:
                return
            verb = line[:4].upper()
            if verb == "EHLO":
                talk.say("250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == "RCPT":
                address = line[line.index("<") + 1:line.index(">")]
                answer = self.rcpt(address)
                rcpts += [address] if answer[0] == "2" else []
                talk.say(answer)
            elif verb == "DATA" and not rcpts:
                talk.say("503 5.5.1 no recipient\r\n")
            elif verb == "DATA":
                talk.say("354 go on\r\n")
                lines = []
                while True:
                    line = yield
                    if line is None:
                        return
                    if line == ".":
                        break
                    lines.append(line[1:] if line[:1] == "." else line)
                content = "".join(x + "\r\n" for x in lines)
                for address in rcpts:
                    self.book.take(address, content, self.loop.now())
                talk.say("250 2.0.0 Ok\r\n")
                rcpts = []
            elif verb == "QUIT":
                talk.say("221 2.0.0 bye\r\n")
                return
            else:
                rcpts = [] if verb in ("MAIL", "RSET") else rcpts
                talk.say("250 2.0.0 Ok\r\n")
