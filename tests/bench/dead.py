# SPDX-License-Identifier: ISC
"""dead: very many destinations, of which one in ten does not take its mail.

A destination is an address: all of 127.0.0.0/8 leads to one sink, and those in fd00::/16 are dead.  To have
port 25 and that network to itself, what is measured runs in a network namespace of its own, as root.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from parts import HERE, Relay, memory_kb, show

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


class Far(Relay):
    """It leads mail to where it is addressed."""

    def start(self):
        with open(self.conf, "r+", encoding="ascii") as f:
            text = f.read().replace(f"to 127.0.0.1:{self.sink_port}", "to mx")
            f.seek(0)
            f.write(text)
            f.truncate()
        super().start()


def role_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as f:
        return f.read().strip().replace("postrider-", "")


class Peaks:
    """The most memory and descriptors that processes of each role had."""

    def __init__(self, relay):
        self.relay, self.mb, self.open = relay, {}, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.5):
            for pid in self.relay.pids():
                try:
                    role = role_of(pid)
                    self.mb[role] = max(self.mb.get(role, 0), memory_kb([pid]) / 1024)
                    if role.startswith("deliv"):
                        self.open = max(self.open, len(os.listdir(f"/proc/{pid}/fd")))
                except OSError:
                    pass

    def end(self):
        self.over.set()
        self.thread.join()


def deliver(prefix, tool, domains, how):
    """Seconds until those that are alive have all their mail; None: they never had."""
    count = max(domains, COUNT_LEAST)
    alive = count if how == "alive" else count - count // 10
    relay = Far(prefix)
    hole = Hole() if how == "hang" else None
    sink = subprocess.Popen([tool, "sink", "-l", "0.0.0.0:25", "--expect", str(alive),
                             "--idle-exit", "40"], stdout=subprocess.PIPE, text=True)
    time.sleep(0.2)
    peaks = Peaks(relay)
    source = subprocess.run([tool, "source", "-t", f"127.0.0.1:{relay.port}", "-c", "50", "-n", str(count),
                             "-s", "1000", "--domains", str(domains), "--literals",
                             *(["--dead"] if how != "alive" else [])], stdout=subprocess.PIPE, text=True)
    try:
        out, _ = sink.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        sink.send_signal(signal.SIGTERM)
        out, _ = sink.communicate()
    got = json.loads(out)
    peaks.end()
    status = json.loads(relay.ask("status", "-j")[0])
    if hole:
        hole.close()
    relay.kill()
    relay.stop()
    show("dead", destinations=domains, tenth=how, arrived=f"{got['got']} of {alive}", all_s=got["secs"],
         per_s=got["per_s"], accepted_per_s=json.loads(source.stdout)["per_s"], connections=got["conns"],
         most_open=got["max_open"], descriptors=peaks.open, sites=status["sites"],
         **{f"{role}_mb": mb for role, mb in peaks.mb.items()}, goal="the same time for those alive")
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
