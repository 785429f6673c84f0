# SPDX-License-Identifier: ISC
"""waits: how long urgent mail, a small sender and a client wait while much else is under way."""
import collections
import os
import signal
import subprocess
import tempfile
import time

from parts import BULK, URGENT, Peaks, Relay, pick, show

SINK_MS = 400           # what the slow site takes for a message
SPAN = 20               # seconds of each phase
RIVAL_BACKLOG = 5000    # a rival takes that in at its own speed; more only adds to its wait


def most_per_s(limit):
    return limit * 1000 / SINK_MS


class Log:
    """What the sink writes down, read as it grows: how many of each class by now."""

    def __init__(self):
        handle, self.path = tempfile.mkstemp(prefix="postrider-bench-log-")
        os.close(handle)

    def counts(self):
        with open(self.path, encoding="ascii") as f:
            return collections.Counter(line.split()[0] for line in f)

    def end(self):
        os.unlink(self.path)


def rates(before, after, seconds):
    return {k: (after[k] - before[k]) / seconds for k in ("bulk", "urgent")}


class Waits:
    """Scenarios of tests/bench/run."""

    def slow_sink(self, port, limit, log):
        return self.sink(port, "--delay-ms", SINK_MS, "--max-conns", limit, "--log", log.path)

    def urgent(self):
        wait = {limit: self.behind("urgent", 20000, limit) for limit in (50, 5)}
        rival = self.rival_urgent()
        if rival:
            show("urgent", beside="postfix", queued=RIVAL_BACKLOG, **pick(rival),
                 times_better=(rival["p50_ms"] - SINK_MS) /
                 (wait[50]["p99_ms"] - SINK_MS),
                 goal="its p50 above the sink's 400 ms is 200 times our p99 above it")

    def deep(self):
        for limit in (50, 5):
            self.behind("deep", self.count, limit)

    def behind(self, scenario, count, limit):
        """Urgent mail at 10/s behind COUNT messages of bulk for a slow site of LIMIT connections."""
        relay, log = Relay(self.prefix, connections=limit), Log()
        s = self.slow_sink(relay.sink_port, limit, log)
        self.source(relay.port, "-c", 50, "-n", count, "--deadline", 1200, *BULK)
        time.sleep(1)
        a = log.counts()
        time.sleep(SPAN)
        b = log.counts()
        self.source(relay.port, "-c", 20, "-n", SPAN * 10, "--rate", 10, *URGENT)
        c = log.counts()
        time.sleep(2)
        s.send_signal(signal.SIGTERM)
        got = self.account(s)
        relay.stop()
        log.end()
        alone, beside = rates(a, b, SPAN)["bulk"], sum(rates(b, c, SPAN).values())
        show(scenario, queued=count, connections=limit, arrived=got["urgent"]["n"],
             **pick(got["urgent"]), bulk_alone_per_s=alone, all_beside_per_s=beside,
             loss=1 - min(alone, beside) / most_per_s(limit),
             goal=f"of {SPAN * 10}: p99_ms under {420 if limit == 50 else 820}, loss 0.05")
        return got["urgent"]

    def rival_urgent(self):
        postfix = self.rival()
        if not postfix:
            return None
        log = Log()
        s = self.slow_sink(postfix.sink_port, 50, log)
        # it does not offer MT-PRIORITY, so its clients have the header alone
        self.source(postfix.port, "-c", 50, "-n", RIVAL_BACKLOG, *BULK[:2], *BULK[4:])
        self.source(postfix.port, "-c", 20, "-n", 100, "--rate", 10, *URGENT[:2], *URGENT[4:])
        until = time.monotonic() + 150
        while log.counts()["urgent"] < 100 and time.monotonic() < until:
            time.sleep(1)
        s.send_signal(signal.SIGTERM)
        got = self.account(s)
        postfix.stop()
        log.end()
        return got["urgent"]

    def fair(self, backlog=20000):
        for window in (200000, 1000):
            relay = Relay(self.prefix, f"queue {{ window {window} }}")
            s = self.sink(relay.sink_port, "--delay-ms", SINK_MS, "--max-conns", 50,
                          "--expect", backlog + 200, "--idle-exit", 30)
            self.source(relay.port, "-c", 50, "-n", backlog, *BULK,
                        "--from", "news@large.test")
            self.source(relay.port, "-c", 20, "-n", 200, "--rate", 10, *BULK,
                        "--class", "small", "--from", "note@small.test")
            time.sleep(2)
            s.send_signal(signal.SIGTERM)
            got = self.account(s)
            relay.stop()
            show("fair", window=window, arrived=got["small"]["n"], **pick(got["small"]),
                 large_per_s=got["bulk"]["n"] / got["secs"],
                 goal="of 200: p99_ms under 500 (the sink takes 400)")

    def burst(self):
        """Bulk comes in at five times what its site takes; how long urgent mail waits for its 250."""
        for delay, rate in ((SINK_MS, 625), (25, 5000)):
            relay, log = Relay(self.prefix), Log()
            s = self.sink(relay.sink_port, "--delay-ms", delay, "--log", log.path,
                          "--max-conns", 50 if delay == SINK_MS else 25)
            idle = self.urgent_accepted(relay, 10)
            peaks = Peaks(relay)
            flood = subprocess.Popen(
                [self.tool, "source", "-t", f"127.0.0.1:{relay.port}", "-c", "50", "-n",
                 str(rate * (SPAN + 4)), "--rate", str(rate), *BULK], stdout=subprocess.PIPE)
            time.sleep(2)
            before = log.counts()
            busy = self.urgent_accepted(relay, SPAN)
            drained = rates(before, log.counts(), SPAN)
            flood.communicate()
            peaks.end()
            s.send_signal(signal.SIGTERM)
            out = self.account(s)
            relay.stop()
            log.end()
            show("burst", bulk_in_per_s=rate, bulk_out_per_s=drained["bulk"],
                 idle=pick(idle), busy=pick(busy), ratio_p99=busy["p99_ms"] / idle["p99_ms"],
                 delivered=pick(out["urgent"]), **peaks.mb,
                 goal="ratio_p99 2; what each process has is bounded")

    def urgent_accepted(self, relay, seconds):
        got = self.source(relay.port, "-c", 20, "-n", 50 * seconds, "--rate", 50, *URGENT)
        return got["accept"]
