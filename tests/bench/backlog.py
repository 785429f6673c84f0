# SPDX-License-Identifier: ISC
"""backlog: how a relay fares with very many messages queued."""
import json
import os
import shutil
import signal
import subprocess
import time

from parts import BULK, URGENT, Relay, free_port, memory_kb, pick, show, wait_port

# The queue is for slow.test, which does not answer unless a scenario wants it to.
SLOW = "route slow.test { to 127.0.0.1:OTHER }"
SMALL = ["-s", "700"]
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
        relay, got = self.filled(self.count)
        time.sleep(3)
        weigh(relay, self.count, "million", filled_per_s=got.get("per_s"))
        for lines, args in OPERATOR:
            _, took = relay.ask(*args, lines=lines)
            show("million", ask=" ".join(args), lines=lines or "all", ms=took * 1000,
                 goal="the same at any length")
        weigh(relay, self.count, "million", when="after")
        relay.stop()

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
        for count in (1000, self.count // 10, self.count):
            relay, _ = self.filled(count)
            rates = [self.through(relay.port, relay.sink_port, 20000, "-c", 50)["per_s"]
                     for _ in range(self.rounds)]
            show("flat", queued=count, other_site_per_s=sorted(rates)[len(rates) // 2],
                 goal="within 10 % of each other")
            show("flat", queued=count, idle_urgent=pick(self.through(
                relay.port, relay.sink_port, 300, "-c", 10, "--rate", 50, *URGENT)["urgent"]),
                 goal="within 10 % of each other")
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
    (1, ["queue", "list", "--class", "urgent"]),
    (None, ["flush", "--site", "nowhere.test"]), (None, ["flush", "--site", "slow.test"]),
]


def weigh(relay, count, scenario, **more):
    rows = {}
    for pid in relay.pids():
        with open(f"/proc/{pid}/comm") as f:
            name = f.read().strip().replace("postrider-", "")
        rows[f"{name}_mb"] = rows.get(f"{name}_mb", 0) + memory_kb([pid]) / 1024
    index, spool = tree_bytes(f"{relay.dir}/spool/index"), tree_bytes(f"{relay.dir}/spool")
    show(scenario, **more, queued=queued(relay), all_mb=sum(rows.values()), **rows,
         index_bytes_each=index / count, spool_bytes_each=(spool - index) / count,
         goal="all_mb under 300")
