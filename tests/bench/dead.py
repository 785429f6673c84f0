# SPDX-License-Identifier: ISC
"""dead: very many destinations, of which one in ten does not take its mail.

A destination is an address: all of 127.0.0.0/8 leads to one sink, and those in fd00::/16 are dead.  To have
port 25 and that network to itself, what is measured runs in a network namespace of its own, as root.
"""
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time

from parts import HERE, MxRelay, Peaks, show

COUNT_LEAST = 20000     # messages; less is over before it is measured


class Dead:
    """Scenario of tests/bench/run: this file again, by itself."""

    def dead(self):
        if os.geteuid() != 0:
            show("dead", skipped="root is needed", goal="")
            return
        for count in [n for n in (2000, 20000, 100000) if n <= self.count]:
            subprocess.run(["unshare", "--net", sys.executable, f"{HERE}/dead.py", self.prefix,
                            self.tool, str(count)], check=True)


class Hole:
    """A socket that answers no call: its queue is full."""

    def __init__(self):
        self.full = socket.socket(socket.AF_INET6)
        self.full.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.full.bind(("::", 25))
        self.full.listen(0)
        self.callers = []
        for i in range(1, 4):
            caller = socket.socket(socket.AF_INET6)
            caller.setblocking(False)
            caller.connect_ex((f"fd00:1::{i}", 25))
            self.callers.append(caller)

    def close(self):
        for s in [self.full, *self.callers]:
            s.close()


class Sinks:
    """The world: as many sinks as have descriptors for all destinations at once, on one port."""

    def __init__(self, tool, destinations, alive):
        have = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = 2 * destinations // have + 1    # chance deals them out, and not evenly
        self.sinks = [subprocess.Popen([tool, "sink", "-l", "0.0.0.0:25", "--share", "--idle-exit", "40",
                                        *(["--expect", str(alive)] if count == 1 else [])],
                                       stdout=subprocess.PIPE, text=True) for _ in range(count)]
        time.sleep(0.2)

    def results(self, seconds):
        """What they had within SECONDS, together; all of them began at the same time."""
        end = time.monotonic() + seconds
        rows = []
        for sink in self.sinks:
            try:
                out, _ = sink.communicate(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                sink.send_signal(signal.SIGTERM)
                out, _ = sink.communicate()
            rows.append(json.loads(out))
        sums = {key: sum(row[key] for row in rows) for key in ("got", "conns", "max_open")}
        sums["secs"] = max(row["secs"] for row in rows)
        return {**sums, "per_s": sums["got"] / sums["secs"] if sums["secs"] else 0}


def deliver(prefix, tool, domains, how):
    """Seconds until those that are alive have all their mail; None: they never had."""
    count = max(domains, COUNT_LEAST)
    alive = count if how == "alive" else count - count // 10
    relay = MxRelay(prefix)
    hole = Hole() if how == "hang" else None
    sinks = Sinks(tool, domains, alive)
    peaks = Peaks(relay)
    source = subprocess.run([tool, "source", "-t", f"127.0.0.1:{relay.port}", "-c", "50", "-n", str(count),
                             "-s", "1000", "--domains", str(domains), "--literals",
                             *(["--dead"] if how != "alive" else [])], stdout=subprocess.PIPE, text=True)
    got = sinks.results(180)
    peaks.end()
    status = json.loads(relay.ask("status", "-j")[0])
    if hole:
        hole.close()
    relay.kill()
    relay.stop()
    show("dead", destinations=domains, tenth=how, arrived=f"{got['got']} of {alive}", all_s=got["secs"],
         per_s=got["per_s"], accepted_per_s=json.loads(source.stdout)["per_s"], connections=got["conns"],
         most_open=got["max_open"], descriptors=peaks.open, sites=status["sites"],
         **peaks.mb, goal="the same time for those alive")
    return got["secs"] if got["got"] == alive else None     # late mail has no rate


def main():
    prefix, tool, domains = sys.argv[1], sys.argv[2], int(sys.argv[3])
    subprocess.run("ip link set lo up && ip -6 route add local fd00::/16 dev lo", shell=True, check=True)
    alone = deliver(prefix, tool, domains, "alive")
    for how in sys.argv[4:] or ("refuse", "hang"):
        took = deliver(prefix, tool, domains, how)
        show("dead", destinations=domains, tenth=how, rate_kept=alone and took and alone / took, goal="0.95")


if __name__ == "__main__":
    main()
