#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The demonstration of `contrib/quickstart run`: a slow sink, a backlog, and
one urgent message.

The sink takes 50 ms for each message, as a busy server does, and keeps all
of them in a mailbox file.  A backlog of bulk mail is handed to the relay;
then one urgent message goes in and is looked for at the sink.  After the
story the sink stays, for whatever is sent next.
"""
import argparse
import asyncio
import os
import time

BULK, SENDERS = 2000, 20
DELAY = 0.05


class Sink:
    """Takes everything, slowly; remembers when what arrived."""

    def __init__(self, mailbox):
        self.mailbox = open(mailbox, "ab")
        self.bulk = 0
        self.urgent = asyncio.get_running_loop().create_future()

    async def serve(self, reader, writer):
        try:
            writer.write(b"220 sink.test ESMTP\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    await self.data(reader, writer)
                elif verb == b"EHLO":
                    writer.write(b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
                elif verb == b"QUIT":
                    writer.write(b"221 2.0.0 Bye\r\n")
                    break
                else:
                    writer.write(b"250 2.0.0 Ok\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def data(self, reader, writer):
        writer.write(b"354 Go on\r\n")
        await writer.drain()
        lines = []
        while (line := await reader.readuntil(b"\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        await asyncio.sleep(DELAY)
        self.keep(lines)
        writer.write(b"250 2.0.0 Ok\r\n")

    def keep(self, lines):
        if b"X-Demo: bulk\r\n" in lines:
            self.bulk += 1
        elif b"X-Demo: urgent\r\n" in lines and not self.urgent.done():
            self.urgent.set_result(self.bulk)
        self.mailbox.write(b"From sink " + time.asctime().encode() + b"\n")
        for line in lines:
            quote = b">" if line.lstrip(b">").startswith(b"From ") else b""
            self.mailbox.write(quote + line.replace(b"\r\n", b"\n"))
        self.mailbox.write(b"\n")
        self.mailbox.flush()


class Client:
    """A plain SMTP client: each message in two writes."""

    async def open(self, address):
        for _ in range(400):
            try:
                self.reader, self.writer = await asyncio.open_connection(*address)
                break
            except OSError:
                await asyncio.sleep(0.05)
        else:
            raise SystemExit("the relay does not answer")
        await self.reply("220")
        await self.say("EHLO demo.test", "250")
        return self

    async def reply(self, wanted):
        while True:
            line = (await self.reader.readline()).decode("ascii", "replace").rstrip()
            if line[3:4] != "-":
                break
        if not line.startswith(wanted):
            raise SystemExit(f"the relay said: {line}")
        return line

    async def say(self, line, wanted):
        self.writer.write(line.encode() + b"\r\n")
        return await self.reply(wanted)

    async def send(self, kind, number, extra):
        self.writer.write(f"MAIL FROM:<{kind}@demo.test>\r\n"
                          f"RCPT TO:<reader{number}@example.org>\r\nDATA\r\n".encode())
        for wanted in ("250", "250", "354"):
            await self.reply(wanted)
        body = "".join(f"{line}\r\n" for line in (
            f"From: {kind}@demo.test", f"To: reader{number}@example.org",
            f"Subject: {kind} message {number}", f"X-Demo: {kind}", extra, "",
            "Sent by the demonstration."))
        return await self.say(body + ".", "250")

    async def close(self):
        await self.say("QUIT", "221")
        self.writer.close()


async def send_bulk(address, numbers):
    client = await Client().open(address)
    for number in numbers:
        await client.send("bulk", number, "Precedence: bulk")
    await client.close()


def tell(start, text):
    print(f"{(time.monotonic() - start) * 1000:8.0f} ms  {text}", flush=True)


async def story(address, sink):
    urgent = await Client().open(address)
    print(f"\nThe relay answers at {address[0]}:{address[1]}. All mail goes on to a sink that takes"
          f" {DELAY * 1000:.0f} ms\nfor each message, over 10 connections at most:"
          f" {10 / DELAY:.0f} messages a second.\n", flush=True)
    start = time.monotonic()
    tell(start, f"{BULK:,} bulk messages are handed to the relay, over {SENDERS} connections")
    await asyncio.gather(*(send_bulk(address, range(i, BULK, SENDERS)) for i in range(SENDERS)))
    tell(start, f"all accepted: each was safe on disk before its 250; {sink.bulk:,} are delivered so far")
    waiting = BULK - sink.bulk
    sent = time.monotonic()
    tell(start, f"one urgent message is sent; {waiting:,} bulk messages are before it")
    reply = await urgent.send("urgent", 0, "MT-Priority: 4")
    accepted = time.monotonic()
    tell(start, f"accepted in {(accepted - sent) * 1000:.1f} ms: {reply}")
    before = await asyncio.wait_for(sink.urgent, 60)
    took = (time.monotonic() - sent) * 1000
    tell(start, f"delivered, {took:.0f} ms after it was sent, {DELAY * 1000:.0f} of them the sink's own;"
         f" {BULK - before:,} bulk messages still wait\n")
    await urgent.close()


def farewell(root, address, mailbox):
    conf = f"{root}/build/run/postrider.conf"
    stage = f"{root}/build/stage"
    print(f"""The relay stays up. What it delivers is in {mailbox}.

send to it      swaks --server {address[0]}:{address[1]} --from me@demo.test --to you@example.org
or              printf 'Subject: hello\\n\\nhello\\n' | {stage}/sbin/sendmail -C {conf} you@example.org
see the queue   {stage}/bin/mailq -c {conf}
see it all      {stage}/bin/postrider -c {conf} status
the log         {root}/build/run/log
stop it         ^C, or {stage}/bin/postrider -c {conf} stop
""", flush=True)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--relay", required=True)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--mailbox", required=True)
    parser.add_argument("--root", required=True)
    options = parser.parse_args()
    host, port = options.relay.rsplit(":", 1)

    sink = Sink(options.mailbox)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    with open(options.port_file + ".new", "w") as file:
        file.write(f"{server.sockets[0].getsockname()[1]}\n")
    os.rename(options.port_file + ".new", options.port_file)
    await story((host, int(port)), sink)
    farewell(options.root, (host, port), options.mailbox)
    await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
