# SPDX-License-Identifier: ISC
"""backlog: how a relay fares with very many messages queued."""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time

from parts import BULK, URGENT, Relay, memory_kb, pick, role_of, show

# The queue is for slow.test, which does not answer unless a scenario wants it to.
SLOW = "route slow.test { to 127.0.0.1:OTHER }\nroute few.test { to 127.0.0.1:OTHER }"
SMALL = ["-s", "700"]
LATER = 5000            # deferred by their server
BACKLOG_LEAST = 10000   # less is gone before urgent mail has been measured behind it


def tree_bytes(path):
    total = 0
    for folder, _, files in os.walk(path):
        total += sum(os.stat(f"{folder}/{name}").st_blocks * 512 for name in files)
    return total


def trust_copy(path):
    """An index that was copied is not believed, since it may be of another time; ours is not."""
    with open(path, "r+b") as f:
        words = f.read().split()
        words[3] = str(os.stat(path).st_ino).encode()
        f.seek(0)
        f.write(b" ".join(words).ljust(127) + b"\n")


def queued(relay):
    """How many entries the scheduler knows."""
    try:
        out, _ = relay.ask("status", "-j")
        rows = json.loads(out)["queue"].values()
    except (ValueError, KeyError):
        return 0
    return sum(sum(row.values()) for row in rows)


def wait_queued(relay, count, seconds=600):
    begun = time.monotonic()
    while queued(relay) < count and time.monotonic() - begun < seconds:
        time.sleep(0.1)
    return time.monotonic() - begun


class Backlog:
    """Scenarios of tests/bench/run."""

    def filled(self, count, extra=""):
        """A relay with COUNT bulk messages for a site that does not answer."""
        kept = self.spool and f"{self.spool}/{count}"
        if kept and os.path.isdir(kept):
            relay = Relay(self.prefix, SLOW + "\n" + extra)
            relay.end()
            shutil.rmtree(f"{relay.dir}/spool")
            subprocess.run(["cp", "-a", kept, f"{relay.dir}/spool"], check=True)
            trust_copy(f"{relay.dir}/spool/index/state")
            relay.start()
            wait_queued(relay, count)
            return relay, {}
        relay = Relay(self.prefix, SLOW + "\n" + extra)
        got = self.source(relay.port, "-c", 100, "-n", count, "--deadline", 1200,
                          "--rcpt-domain", "slow.test", *SMALL, *BULK)
        wait_queued(relay, count)
        if kept:
            relay.end()
            os.makedirs(self.spool, exist_ok=True)
            subprocess.run(["cp", "-a", f"{relay.dir}/spool", kept], check=True)
            relay.start()
        return relay, got

    def million(self):
        counts, took = (1000, self.count), {}
        for count in counts:
            relay, got = self.filled(count)
            time.sleep(3)
            if count == self.count:
                weigh(relay, count, "million", filled_per_s=got.get("per_s"))
            self.add_few(relay)
            for lines, args in OPERATOR:
                took.setdefault((" ".join(args), lines), []).append(ask_beside(relay, args, lines))
            if count == self.count:
                weigh(relay, count, "million", when="after")
            relay.stop()
        for (words, lines), row in took.items():
            show("million", ask=words, lines=lines or "all",
                 **{f"ms_{count}": ms for count, (ms, _) in zip(counts, row)},
                 other_client_max_ms=max(wait for _, wait in row), goal="the same at any length")

    def add_few(self, relay):
        """What an operator may look for among the others: urgent mail, a site with few, and some
        that waits for a time."""
        sink = self.sink(relay.sink_port, "--tempfail-rcpt", 100)
        for count, domain, more in ((50, "slow.test", URGENT), (100, "few.test", ()),
                                    (LATER, "later.test", BULK)):
            self.source(relay.port, "-c", 10, "-n", count, "--rcpt-domain", domain, *SMALL, *more)
        while waiting(relay) < LATER:
            time.sleep(0.1)
        sink.send_signal(signal.SIGTERM)
        sink.communicate()

    def restart(self):
        for how in ("end", "kill"):
            relay, _ = self.filled(self.count)
            self.source(relay.port, "-c", 10, "-n", 1000, "--rcpt-domain", "slow.test",
                        *SMALL, *URGENT)
            time.sleep(1)
            getattr(relay, how)()
            self.restarted(relay, how)
            relay.stop()

    def restarted(self, relay, how):
        begun = time.monotonic()
        old = self.sink(relay.other_port, "--expect", 1000)
        new = self.sink(relay.sink_port, "--expect", 1)
        relay.start()
        port = time.monotonic() - begun
        self.source(relay.port, "-c", 1, "-n", 1, *SMALL, *URGENT)
        out = self.account(new)
        fresh = time.monotonic() - begun
        found = self.account(old, 60)
        aged = time.monotonic() - begun
        wait_queued(relay, self.count - found["got"])
        show("restart", after=how, port_s=port, new_urgent_s=fresh, arrived=out["got"],
             old_urgent_s=aged, others_first=found["got"] - found.get("urgent", {}).get("n", 0),
             all_s=time.monotonic() - begun, goal="new_urgent_s under 1, others_first 0")
        weigh(relay, self.count, "restart", after=how)

    def flat(self):
        """The three take turns, there and back, so that none has a better hour than the others."""
        counts = (1000, self.count // 10, self.count)
        relays = {count: self.filled(count)[0] for count in counts}
        rates, waits = {count: [] for count in counts}, {count: [] for count in counts}
        turns = [counts, counts[::-1]] * self.rounds
        for turn in turns[:self.rounds]:
            for count in turn:
                waits[count].append(self.through(relays[count].port, relays[count].sink_port, 300,
                                                 "-c", 10, "--rate", 50, *URGENT)["urgent"])
        for turn in turns:
            for count in turn:
                rates[count].append(self.through(relays[count].port, relays[count].sink_port,
                                                 30000, "-c", 50)["per_s"])
        for count in counts:
            show("flat", queued=count, other_site_per_s=statistics.median(rates[count]),
                 least=min(rates[count]), rounds=len(turns), goal="within 10 % of each other")
            show("flat", queued=count, **{key: statistics.median(row[key] for row in waits[count])
                                          for key in pick(waits[count][0])},
                 worst_ms=max(row["max_ms"] for row in waits[count]), rounds=self.rounds,
                 goal="within 10 % of each other")
        for count, relay in relays.items():
            if count >= BACKLOG_LEAST:
                self.revived(relay, count)
            relay.stop()

    def revived(self, relay, count):
        """Urgent mail for the site that the queue is for, which was dead and is slow."""
        s = self.sink(relay.other_port, "--delay-ms", 400, "--max-conns", 50)
        relay.ask("flush", "--site", "slow.test")
        self.source(relay.port, "-c", 20, "-n", 200, "--rate", 10, "--rcpt-domain", "slow.test",
                    *URGENT)
        time.sleep(1)
        s.send_signal(signal.SIGTERM)
        got = self.account(s)
        show("flat", queued=count, same_site=pick(got["urgent"]), arrived=got["urgent"]["n"],
             bulk_per_s=got.get("bulk", {"n": 0})["n"] / got["secs"], goal="p99_ms under 420")
        some = min((count - 125 * 25) // 2, 20000)
        s = self.sink(relay.other_port, "--expect", some)
        relay.ask("flush", "--site", "slow.test")
        show("flat", queued=count, drained_per_s=self.account(s)["per_s"],
             goal="within 10 % of each other")


OPERATOR = [
    (None, ["status"]), (1, ["queue", "list"]), (1000, ["queue", "list"]),
    (None, ["queue", "list", "--class", "urgent"]), (None, ["queue", "list", "--site", "few.test"]),
    (None, ["queue", "list", "--site", "few*"]), (None, ["queue", "list", "--site", "nowhere.test"]),
    (1000, ["queue", "list", "--site", "slow.test"]), (None, ["queue", "list", "--older", "5h"]),
    (None, ["class", "show"]),
    (None, ["flush", "--site", "nowhere.test"]), (None, ["flush", "--site", "few.test"]),
    (None, ["flush", "--site", "slow.test"]), (None, ["flush", "--class", "urgent"]),
    (None, ["flush", "--site", "later.test"]), (None, ["queue", "hold", "--site", "few.test"]),
    (None, ["queue", "delete", "--site", "few.test"]), (None, ["queue", "shape"]),
]


def waiting(relay):
    return sum(row["waiting"] for row in json.loads(relay.ask("status", "-j")[0])["queue"].values())


class Another(threading.Thread):
    """A client that asks for nothing much again and again: the longest it had to wait is about
    the longest turn of the scheduler's loop."""

    def __init__(self, path):
        super().__init__()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.longest, self.over = 0, False
        self.start()

    def run(self):
        lines = self.socket.makefile("rw")
        while not self.over:
            begun = time.monotonic()
            lines.write('{"verb":"site.list","site":"none"}\n')
            lines.flush()
            while '"end"' not in lines.readline():
                pass
            self.longest = max(self.longest, time.monotonic() - begun)
            time.sleep(0.001)

    def end(self):
        self.over = True
        self.join()
        self.socket.close()
        return self.longest * 1000


def ask_beside(relay, args, lines):
    """Milliseconds until the answer, and those that another client had to wait meanwhile."""
    another = Another(f"{relay.dir}/control")
    _, took = relay.ask(*args, lines=lines)
    return took * 1000, another.end()


def weigh(relay, count, scenario, **more):
    rows = {}
    for pid in relay.pids():
        name = f"{role_of(pid)}_mb"
        rows[name] = rows.get(name, 0) + memory_kb([pid]) / 1024
    index, spool = tree_bytes(f"{relay.dir}/spool/index"), tree_bytes(f"{relay.dir}/spool")
    show(scenario, **more, queued=queued(relay), all_mb=sum(rows.values()), **rows,
         index_bytes_each=index / count, spool_bytes_each=(spool - index) / count,
         goal="all_mb under 300")
