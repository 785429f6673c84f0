#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A DNS server that says what it is told, well or badly.

    dns.py ZONE.json [--port N] [--address 127.0.0.1] [--log FILE]

Serves UDP and TCP on one port (0, the default: a free one) and prints the
port as its first line.  Runs until SIGTERM.  SIGHUP reads ZONE.json again.
--log writes a line per question: "TYPE name udp|tcp".

ZONE.json maps names (without a final dot) to types to answers:

    {
      "example.org":     {"MX": ["10 mx1.example.org", "20 mx2.example.org"]},
      "mx1.example.org": {"A": ["127.0.0.2", "127.0.0.3"], "AAAA": ["::1"]},
      "null.test":       {"MX": ["0 ."]},
      "alias.test":      {"CNAME": ["example.org"]},
      "broken.test":     {"*": "servfail"},
      "lost.test":       {"*": "drop"},
      "slow.test":       {"A": {"records": ["127.0.0.1"], "delay": 0.3}},
      "big.test":        {"A": {"records": ["127.0.0.1"], "truncate": true}},
      "short.test":      {"MX": [{"hex": "00"}]}
    }

An answer is a list of records, a fault, or {"records": [...], "ttl": 60,
"delay": seconds, "fault": F, "truncate": true (over UDP only)}.  A record is
its text, or {"hex": rdata} with any bytes whatever.  Type "*" stands for the
types that are not listed.  Faults: servfail, refused, nxdomain, formerr,
drop (no answer at all), garbage (bytes that are no DNS), cut (the answer
ends in the middle of its last record), wrongid (another query's id).

A name that is not in the file does not exist (NXDOMAIN), unless it is the
parent of one that is.  "*.example.org" stands for all names below.
"""
import argparse
import asyncio
import ipaddress
import json
import signal
import struct
import sys

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15,
         "TXT": 16, "AAAA": 28, "OPT": 41, "DS": 43, "DNSKEY": 48,
         "TLSA": 52}
NAMES = {number: name for name, number in TYPES.items()}
RCODES = {"formerr": 1, "servfail": 2, "nxdomain": 3, "refused": 5}


def wire_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            raw = label.encode("latin-1")
            out += bytes([len(raw)]) + raw
    return out + b"\0"


def wire_rdata(kind, record):
    if isinstance(record, dict):
        return bytes.fromhex(record["hex"])
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(record).packed
    if kind == "MX":
        preference, host = record.split(None, 1)
        return struct.pack(">H", int(preference)) + wire_name(host)
    if kind == "TXT":
        raw = record.encode()
        return bytes([len(raw)]) + raw
    return wire_name(record)


def read_question(query):
    """(name, type, bytes of the question section), or None."""
    at, labels = 12, []
    while True:
        length = query[at]
        if length == 0:
            break
        if length > 63:
            return None
        labels.append(query[at + 1:at + 1 + length].decode("latin-1"))
        at += 1 + length
    kind, = struct.unpack(">H", query[at + 1:at + 3])
    return ".".join(labels).lower(), kind, query[12:at + 5]


class Zone:
    def __init__(self, path):
        self.path = path
        self.load()

    def load(self):
        with open(self.path, encoding="utf-8") as file:
            self.names = {name.rstrip(".").lower(): types
                          for name, types in json.load(file).items()}

    def types(self, name):
        """The types at NAME; None: no such name."""
        if name in self.names:
            return self.names[name]
        if any(known.endswith("." + name) for known in self.names):
            return {}
        parts = name.split(".")
        for count in range(1, len(parts)):
            star = "*." + ".".join(parts[count:])
            if star in self.names:
                return self.names[star]
        return None

    def answer(self, name, kind):
        """{"records": [(owner, type, rdata)], "ttl", "delay", ...}"""
        out = {"records": [], "ttl": 60, "delay": 0, "fault": None,
               "truncate": False}
        for _ in range(10):
            types = self.types(name)
            if types is None:
                out["fault"] = out["fault"] or "nxdomain"
                return out
            alias = "CNAME" in types and kind not in types
            got = types.get("CNAME" if alias else kind, types.get("*", []))
            if isinstance(got, str):
                got = {"fault": got}
            if isinstance(got, list):
                got = {"records": got}
            for key in ("ttl", "delay", "fault", "truncate"):
                out[key] = got.get(key, out[key])
            real = "CNAME" if alias else kind
            for record in got.get("records", []):
                out["records"].append((name, real, wire_rdata(real, record)))
            if not alias:
                return out
            name = got["records"][0].rstrip(".").lower()
        return out


def build(query, question, answer, udp):
    fault = answer["fault"]
    if fault == "garbage":
        return query[:2] + b"\xff" * 40
    cut = udp and answer["truncate"]
    records = [] if cut or fault in RCODES else answer["records"]
    flags = 0x8180 | (0x0200 if cut else 0) | RCODES.get(fault, 0)
    ident = query[:2]
    if fault == "wrongid":
        ident = bytes(byte ^ 0x5a for byte in ident)
    out = ident + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
    out += question
    for owner, kind, rdata in records:
        out += wire_name(owner)
        out += struct.pack(">HHIH", TYPES[kind], 1, answer["ttl"], len(rdata))
        out += rdata
    if fault == "cut":
        out = out[:-2]
    if udp and len(out) > 1232:
        out = ident + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + question
    return out


class Server:
    def __init__(self, zone, log):
        self.zone, self.log = zone, log

    async def reply(self, query, udp):
        """The bytes to send; None: silence."""
        try:
            name, number, question = read_question(query)
        except (IndexError, struct.error, TypeError):
            return None
        kind = NAMES.get(number, "TYPE%d" % number)
        if self.log:
            self.log.write("%s %s %s\n" % (kind, name, "udp" if udp else "tcp"))
            self.log.flush()
        answer = self.zone.answer(name, kind)
        if answer["delay"]:
            await asyncio.sleep(answer["delay"])
        if answer["fault"] == "drop":
            return None
        return build(query, question, answer, udp)

    async def serve_tcp(self, reader, writer):
        try:
            while True:
                length, = struct.unpack(">H", await reader.readexactly(2))
                out = await self.reply(await reader.readexactly(length), False)
                if out is not None:
                    writer.write(struct.pack(">H", len(out)) + out)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError,
                asyncio.CancelledError):
            pass
        finally:
            writer.close()


class Udp(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server, self.tasks = server, set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        task = asyncio.ensure_future(self.answer(data, addr))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, data, addr):
        out = await self.server.reply(data, True)
        if out is not None:
            self.transport.sendto(out, addr)


async def bind(loop, server, address, port):
    """UDP and TCP on one port; a free one is searched when PORT is 0."""
    for _ in range(50):
        udp, _protocol = await loop.create_datagram_endpoint(
            lambda: Udp(server), local_addr=(address, port))
        got = udp.get_extra_info("sockname")[1]
        try:
            await asyncio.start_server(server.serve_tcp, address, got)
            return got
        except OSError:
            udp.close()
            if port:
                raise
    raise SystemExit("dns.py: no port free for both UDP and TCP")


async def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("zone")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--log")
    args = parser.parse_args()
    zone = Zone(args.zone)
    log = open(args.log, "a", encoding="utf-8") if args.log else None
    loop = asyncio.get_running_loop()
    port = await bind(loop, Server(zone, log), args.address, args.port)
    done = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, done.set)
    loop.add_signal_handler(signal.SIGINT, done.set)
    loop.add_signal_handler(signal.SIGHUP, zone.load)
    print(port, flush=True)
    await done.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
