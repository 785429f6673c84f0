#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""An SMTP server that plays a script and keeps what it was sent.

    sink.py [--script FILE.json] [--dir DIR] [--port N] [--address 127.0.0.1]
            [--certificate PEM --key PEM] [--transcript]

Prints its port (0, the default: a free one) as its first line and runs until
SIGTERM.  SIGHUP reads the script again, for the next command of every
connection; DIR/reloads then has the number of times.  Without a script it
takes everything.

--script, --dir and --address may be given several times: as many servers in
one process, each with its port in a line of its own.

With --dir the file DIR/connections has two numbers: how many connections
there were, and how many at once at most.  Each transaction that came to its
final dot leaves DIR/NNNNNN.body (the bytes after 354 as they came, stuffed
dots and all, without the final dot line) and DIR/NNNNNN.json: connection,
transaction (on it), helo, tls, mail (the line), rcpts ([{line, address,
code}]), together (the verbs that arrived in one piece with MAIL), reply,
delivered (the reply begins with 2 and is not cut), time, size.  The json
appears whole, by rename, before the reply.  With --transcript
DIR/connection-N.raw has every byte the client sent.

The script is an object; everything in it may be left out:

    {
      "greeting": "220 sink ESMTP",
      "extensions": ["PIPELINING", "SIZE 10000000", "8BITMIME", "DSN",
                     "ENHANCEDSTATUSCODES", "MT-PRIORITY"],
      "EHLO": "250-sink", "HELO": ..., "STARTTLS": ..., "MAIL": ...,
      "RCPT": {"slow*@b.test": "451 4.7.1 later", "*": "250 2.1.5 Ok"},
      "DATA": "354 go on", "DOT": "250 2.0.0 Ok", "RSET": ..., "QUIT": ...,
      "delay": {"DOT": 0.4},      seconds before that reply
      "connections": 5,           more at once are greeted with 421
      "recipients": 100,          more in a transaction earn 452 4.5.3
      "each": {"4": {"MAIL": "451 no"}},  what else holds for each 4th connection
      "messages": 0,              so many over one connection, then 421
      "line": 998,                longer lines earn 550 after the dot
      "bytes": 2000,              larger bodies 552 after the dot
      "declared": 2000,           and a larger SIZE= 552 to MAIL
      "seven_bit": true,          bytes over 127 earn 554 5.6.3 after the dot
      "end": "\\r\\n!\\r\\n"        is taken for the end of a message as well
    }

A reply is text; CRLF is added unless it ends in one, and "\\n" in it becomes
CRLF.  Words beginning with "!" at its end are acts: !drop closes after the
reply, !reset closes by RST, !silence answers nothing any more, !drip sends one
byte after the other of a reply that has no end, !garbage waits for the client and
sends bytes that are no TLS, !cut leaves out the CRLF, !forever repeats the reply
until the client leaves.  "!drop" alone closes without a reply; for DOT that
happens after the body was kept.  "!drop-data N" as reply to DATA says 354 and
closes after N bytes of the body.  A list is used up one by one, its last one
repeats; counts are kept over all connections.  For MAIL and RCPT an object
maps address globs to replies; the first that matches counts.
STARTTLS is offered when a certificate is given.
"""
import argparse
import asyncio
import fnmatch
import json
import os
import re
import signal
import socket
import ssl
import struct
import sys
import time

DEFAULTS = {
    "greeting": "220 sink.test ESMTP", "HELO": "250 sink.test",
    "EHLO": "250-sink.test", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok",
    "DATA": "354 End data with <CR><LF>.<CR><LF>", "DOT": "250 2.0.0 Ok",
    "RSET": "250 2.0.0 Ok", "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye", "STARTTLS": "220 2.0.0 Ready",
    "VRFY": "252 2.5.0 Try", "unknown": "500 5.5.2 What?",
    "extensions": ["PIPELINING", "SIZE 100000000", "8BITMIME", "DSN",
                   "ENHANCEDSTATUSCODES"],
}
ACTS = ("!drop", "!reset", "!silence", "!drip", "!garbage", "!cut", "!forever")


class Over(Exception):
    """The connection is to end now."""


class Script:
    def __init__(self, path=None, rules=None):
        self.rules = rules or dict(DEFAULTS)
        self.used = {}
        if path:
            with open(path, encoding="utf-8") as file:
                self.rules.update(json.load(file))
        self.others = {int(number): Script(rules={**self.rules, "each": {}, **more})
                       for number, more in self.rules.get("each", {}).items()}

    def of(self, connection):
        return next((other for number, other in self.others.items() if connection % number == 0), self)

    def get(self, step, address=None):
        key, rule = step, self.rules.get(step, DEFAULTS["unknown"])
        if isinstance(rule, dict):
            for glob, value in rule.items():
                if fnmatch.fnmatchcase((address or "").lower(), glob.lower()):
                    key, rule = (step, glob), value
                    break
            else:
                rule = DEFAULTS[step]
        if isinstance(rule, list):
            at = self.used.get(key, 0)
            self.used[key] = at + 1
            rule = rule[min(at, len(rule) - 1)]
        return rule


class Sink:
    def __init__(self, args, path, directory):
        self.path, self.dir = path, directory
        self.transcript = args.transcript
        self.script = Script(path)
        self.connections = self.number = self.most = self.kept = self.reloads = 0
        self.context = None
        if args.certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(args.certificate, args.key)

    def reload(self):
        self.script = Script(self.path)
        self.reloads += 1
        self.note("reloads", str(self.reloads))

    def note(self, name, text):
        """The file NAME of our directory has TEXT, whole."""
        if self.dir:
            base = os.path.join(self.dir, name)
            with open(base + ".tmp", "w", encoding="utf-8") as file:
                file.write(text)
            os.rename(base + ".tmp", base)

    def count(self):
        self.number += 1
        self.connections += 1
        self.most = max(self.most, self.connections)
        self.note("connections", "%d %d\n" % (self.number, self.most))

    def keep(self, record, body):
        if not self.dir:
            return
        self.kept += 1
        base = os.path.join(self.dir, "%06d" % self.kept)
        with open(base + ".body", "wb") as file:
            file.write(body)
        with open(base + ".tmp", "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.rename(base + ".tmp", base + ".json")

    async def serve(self, reader, writer):
        self.count()
        session = Session(self, reader, writer, self.number)
        try:
            await session.run()
        except (Over, ssl.SSLError, OSError, asyncio.CancelledError):
            pass
        finally:
            self.connections -= 1
            session.close()


class Session:
    def __init__(self, sink, reader, writer, number):
        self.sink = sink
        self.reader, self.writer, self.number = reader, writer, number
        self.buffer = self.piece = b""
        self.helo, self.tls = "", False
        self.transactions = 0
        self.raw = None
        if sink.dir and sink.transcript:
            self.raw = open(os.path.join(
                sink.dir, "connection-%d.raw" % number), "wb")
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reset()

    @property
    def script(self):
        return self.sink.script.of(self.number)

    def close(self):
        if self.raw:
            self.raw.close()
        self.writer.close()

    def reset(self):
        self.mail, self.rcpts, self.together = None, [], []

    # ---- bytes

    async def more(self):
        self.piece = await self.reader.read(1 << 18)
        if not self.piece:
            raise Over
        if self.raw:
            self.raw.write(self.piece)
            self.raw.flush()
        self.buffer += self.piece

    async def line(self):
        while b"\n" not in self.buffer:
            await self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    async def body(self, most=None):
        while True:
            if most is not None and len(self.buffer) >= most:
                raise Over
            if self.buffer.startswith(b".\r\n"):
                self.buffer = self.buffer[3:]
                return b""
            ends = ["\r\n.\r\n", self.script.rules.get("end") or "\r\n.\r\n"]
            found = re.search(b"|".join(re.escape(end.encode()) for end in ends), self.buffer)
            if found:
                body, self.buffer = (self.buffer[:found.start() + 2],
                                     self.buffer[found.end():])
                return body
            await self.more()

    # ---- replies

    async def pause(self, step):
        delay = self.script.rules.get("delay", {}).get(step, 0)
        if delay:
            await asyncio.sleep(delay)

    async def say(self, step, reply, extra=()):
        """Send REPLY (with its acts); returns its code."""
        words, acts = reply.split(" "), []
        while words and words[-1] in ACTS:
            acts.insert(0, words.pop())
        text = " ".join(words)
        if step != "DOT":
            await self.pause(step)
        if text and "!cut" not in acts:
            text = self.lines(text, extra)
        self.writer.write(text.encode("latin-1"))
        await self.writer.drain()
        while "!forever" in acts:
            self.writer.write(text.encode("latin-1"))
            await self.writer.drain()
        for act in acts:
            await self.act(act)
        code = text[:3]
        return int(code) if re.fullmatch("[0-9]{3}", code) else 0

    @staticmethod
    def lines(text, extra):
        if not text.endswith("\r\n"):
            text = text.replace("\n", "\r\n") + "\r\n"
        extra = list(extra)
        for at, word in enumerate(extra):
            text += "250%s%s\r\n" % (" " if at == len(extra) - 1 else "-",
                                     word)
        return text

    async def act(self, act):
        if act == "!cut":
            return
        if act == "!silence":
            while await self.reader.read(1 << 16):
                pass
        while act == "!drip":
            for byte in b"250-and more\r\n":
                self.writer.write(bytes([byte]))
                await self.writer.drain()
                await asyncio.sleep(0.005)
        if act == "!garbage":
            await self.reader.read(1)
            self.writer.write(b"\x15\x03garbage, not TLS\r\n" * 20)
            await self.writer.drain()
            return
        if act == "!reset":
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        raise Over

    # ---- the session

    async def run(self):
        most = self.script.rules.get("connections", 0)
        if most and self.sink.connections > most:
            await self.say("greeting", "421 4.7.0 too many connections !drop")
        await self.say("greeting", self.script.get("greeting"))
        while True:
            line = await self.line()
            verb = line.split(" ", 1)[0].split(":", 1)[0].upper()
            command = getattr(self, "on_" + verb.lower(), None)
            if command:
                await command(line)
            else:
                known = verb in ("NOOP", "RSET", "VRFY")
                await self.say(verb, self.script.get(
                    verb if known else "unknown"))
                if verb == "RSET":
                    self.reset()

    async def on_helo(self, line):
        self.helo = line
        self.reset()
        await self.say("HELO", self.script.get("HELO"))

    async def on_ehlo(self, line):
        self.helo = line
        self.reset()
        extra = list(self.script.rules["extensions"])
        if self.sink.context and not self.tls:
            extra.append("STARTTLS")
        reply = self.script.get("EHLO")
        if not reply.startswith("250-") or "\n" in reply:
            extra = []
        elif not extra:
            reply = "250 " + reply[4:]
        await self.say("EHLO", reply, extra)

    async def on_starttls(self, _line):
        code = await self.say("STARTTLS", self.script.get("STARTTLS"))
        if code == 220 and self.sink.context:
            await self.writer.start_tls(self.sink.context)
            self.tls, self.buffer = True, b""
            self.reset()

    @staticmethod
    def address(line):
        found = re.search("<([^>]*)>", line)
        return found.group(1) if found else ""

    async def on_mail(self, line):
        self.transactions += 1
        most = self.script.rules.get("messages", 0)
        if most and self.transactions > most:
            await self.say("MAIL", "421 4.7.0 enough for now !drop")
        pieces = self.piece.decode("latin-1").split("\n")
        self.together = [piece.split(" ")[0].strip().upper()
                         for piece in pieces if piece.strip()]
        size = re.search(r" SIZE=(\d+)", line)
        reply = self.script.get("MAIL", self.address(line))
        if size and int(size[1]) > self.script.rules.get("declared", int(size[1])):
            reply = "552 5.3.4 too big"
        code = await self.say("MAIL", reply)
        if code // 100 == 2:
            self.mail, self.rcpts = line, []

    async def on_rcpt(self, line):
        address = self.address(line)
        most = self.script.rules.get("recipients", 0)
        good = sum(1 for rcpt in self.rcpts if rcpt["code"] // 100 == 2)
        if self.mail is None:
            reply = "503 5.5.1 MAIL first"
        elif most and good >= most:
            reply = "452 4.5.3 Too many recipients"
        else:
            reply = self.script.get("RCPT", address)
        code = await self.say("RCPT", reply)
        self.rcpts.append({"line": line, "address": address, "code": code})

    async def on_data(self, _line):
        rule = self.script.get("DATA")
        good = any(rcpt["code"] // 100 == 2 for rcpt in self.rcpts)
        if not good and rule == DEFAULTS["DATA"]:
            rule = "554 5.5.1 No valid recipients"
        if rule.startswith("!drop-data"):
            await self.say("DATA", DEFAULTS["DATA"])
            await self.body(int(rule.split(" ")[1]))
        if await self.say("DATA", rule) == 354:
            await self.on_body(await self.body())

    def refusal(self, body):
        """What BODY earns for what it is; None: it is taken as the script says."""
        rules = self.script.rules
        if max(map(len, body.split(b"\r\n"))) > rules.get("line", len(body)):
            return "550 maximum allowed line length is exceeded"
        if len(body) > rules.get("bytes", len(body)):
            return "552 5.3.4 too big"
        if rules.get("seven_bit") and not body.isascii():
            return "554 5.6.3 8-bit data are not taken"
        return None

    async def on_body(self, body):
        rule = self.refusal(body) or self.script.get("DOT")
        record = {
            "connection": self.number, "transaction": self.transactions,
            "helo": self.helo, "tls": self.tls, "mail": self.mail,
            "rcpts": self.rcpts, "together": self.together, "reply": rule,
            "delivered": rule.startswith("2") and "!cut" not in rule, "time": time.time(),
            "size": len(body),
        }
        self.reset()
        # who waits for what a client did after the reply finds it kept
        await self.pause("DOT")
        self.sink.keep(record, body)
        await self.say("DOT", rule)

    async def on_quit(self, _line):
        await self.say("QUIT", self.script.get("QUIT"))
        raise Over


async def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--script", action="append", default=[])
    parser.add_argument("--dir", action="append", default=[])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address", action="append", default=[])
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--transcript", action="store_true")
    args = parser.parse_args()
    count = max(1, len(args.script), len(args.dir), len(args.address))
    sinks = [Sink(args, (args.script or [None] * count)[i],
                  (args.dir or [None] * count)[i]) for i in range(count)]
    servers = [await asyncio.start_server(
        sink.serve, address, args.port, limit=1 << 20, backlog=1024)
        for sink, address in zip(sinks, args.address or ["127.0.0.1"] * count)]
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    loop.add_signal_handler(signal.SIGINT, done.set)
    loop.add_signal_handler(
        signal.SIGHUP, lambda: [sink.reload() for sink in sinks])
    for server in servers:
        print(server.sockets[0].getsockname()[1], flush=True)
    await done.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
