# SPDX-License-Identifier: ISC
"""ledger: what was acknowledged against what was delivered.

A World is one spool, one relay that may die and come back, a load source
that writes down each 250 it saw, and a sink that writes down each message
it took.  At the end the two are compared: nothing acknowledged may be
absent; copies are counted.
"""
import collections
import glob
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

FAKES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fakes")


def free_port():
    """A port that nothing uses, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_until(true, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.01)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as s:
            s.settimeout(5)
            return s.recv(100).startswith(b"220")
    except OSError:
        return False


class World:
    def __init__(self, prefix, mailbench, more="queue { segment-size 1M }", scale="0.01"):
        self.prefix, self.mailbench = prefix, mailbench
        self.dir = tempfile.mkdtemp(prefix="postrider-crash-")
        os.chmod(self.dir, 0o755)
        self.port, self.sink_port, self.closed_port = free_port(), free_port(), free_port()
        self.spool = f"{self.dir}/spool"
        self.conf = f"{self.dir}/postrider.conf"
        self.master = self.sink = self.scripted = None
        self.sinks = 0
        with open(self.conf, "w") as f:
            f.write(f"""hostname crash.test
spool {self.spool}
control {self.dir}/control
log file {self.dir}/log
user nobody
time-scale {scale}
listen 127.0.0.1:{self.port} {{ trust 127.0.0.0/8 }}
queue {{ reserve 1M }}
{more.replace("CLOSED", str(self.closed_port))}
route * {{ to 127.0.0.1:{self.sink_port} }}
site * {{ connections 10 }}
""")

    def move_spool(self, spool):
        with open(self.conf) as f:
            text = f.read().replace(f"spool {self.spool}", f"spool {spool}")
        with open(self.conf, "w") as f:
            f.write(text)
        self.spool = spool

    # ---- the relay ---------------------------------------------------------

    def start(self, **env):
        self.master = subprocess.Popen([f"{self.prefix}/sbin/postriderd", "-f", "-c", self.conf],
                                       env={**os.environ, **env}, start_new_session=True)
        return self

    def ready(self):
        def up():
            assert self.master.poll() is None, f"postriderd left with {self.master.returncode}"
            return answers(self.port)
        wait_until(up, 20, "the relay answers 220")

    def family(self):
        """{pid: name} of the relay's living processes."""
        out = subprocess.run(["ps", "-o", "pid=,stat=,args=", "-s", str(self.master.pid)],
                             capture_output=True, text=True).stdout
        rows = [line.split(None, 3) for line in out.splitlines()]
        return {int(row[0]): os.path.basename(row[2]) for row in rows
                if len(row) > 2 and not row[1].startswith("Z")}

    def has(self, name=None):
        return any(name is None or name in program for program in self.family().values())

    def kill(self, name=None):
        """kill -9 of each process called NAME, or of all."""
        victims = [p for p, program in self.family().items() if name is None or name in program]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if name in (None, "postriderd"):
            self.master.wait()
            # children see the end of their master and leave by themselves
            wait_until(lambda: not self.family(), 40, "the children of a dead master leave")
        return len(victims)

    def stop(self):
        self.master.send_signal(signal.SIGTERM)
        assert self.master.wait(60) == 0, "a drained relay exits 0"

    def metric(self, name):
        """The number NAME of all processes together."""
        p = subprocess.run([f"{self.prefix}/bin/postrider", "-c", self.conf, "status", "-j"],
                           capture_output=True, text=True)
        rows = json.loads(p.stdout)["processes"] if p.returncode == 0 else []
        return sum(row["metrics"].get(name, 0) for row in rows)

    def queue_is_empty(self):
        p = subprocess.run([f"{self.prefix}/bin/postrider", "-c", self.conf, "queue", "list"],
                           capture_output=True, text=True)
        return p.returncode == 0 and p.stdout.strip() == "Mail queue is empty"

    def flush(self):
        return subprocess.run([f"{self.prefix}/bin/postrider", "-c", self.conf, "flush"],
                              capture_output=True, text=True).returncode == 0

    def moved(self, klass, count):
        """Whether COUNT messages wait, all of them in KLASS."""
        p = subprocess.run([f"{self.prefix}/bin/postrider", "-c", self.conf, "queue", "list", "-j"],
                           capture_output=True, text=True)
        rows = [json.loads(line) for line in p.stdout.splitlines()]
        return p.returncode == 0 and len(rows) == count and all(row["class"] == klass for row in rows)

    def insist(self, do, true, what, seconds=60):
        """DO it again and again until it is TRUE."""
        wait_until(lambda: do() and true(), seconds, what)

    def segments(self):
        return glob.glob(f"{self.spool}/*/*.messages")

    def drain(self, seconds=90):
        wait_until(self.queue_is_empty, seconds, "the queue drains")

    # ---- source and sink -----------------------------------------------------

    def start_sink(self, *args, port=None):
        self.sinks += 1
        self.sink = subprocess.Popen(
            [self.mailbench, "sink", "-l", f"127.0.0.1:{port or self.sink_port}", "--log",
             f"{self.dir}/delivered.{self.sinks}", *args], stdout=subprocess.DEVNULL)

    def stop_sink(self):
        self.sink.send_signal(signal.SIGTERM)
        self.sink.wait()

    def start_source(self, count, *args, first=0):
        return subprocess.Popen(
            [self.mailbench, "source", "-t", f"127.0.0.1:{self.port}", "-n", str(count),
             "-c", "20", "-s", "2000", "--first-seq", str(first), "--acked",
             f"{self.dir}/acked.{first}", *args],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start_scripted(self, script):
        """A sink that plays SCRIPT (tests/fakes/sink.py); the folder of what it took."""
        kept = f"{self.dir}/kept"
        os.mkdir(kept)
        with open(f"{self.dir}/script.json", "w") as f:
            json.dump(script, f)
        self.scripted = subprocess.Popen(
            [sys.executable, f"{FAKES}/sink.py", "--port", str(self.sink_port), "--dir", kept,
             "--script", f"{self.dir}/script.json"], stdout=subprocess.DEVNULL)
        return kept

    def rows(self, prefix):
        for name in sorted(os.listdir(self.dir)):
            if name.startswith(prefix):
                with open(f"{self.dir}/{name}") as f:
                    for line in f:
                        yield tuple(line.split()[:2])

    def account(self):
        """(acknowledged, lost, copies) by now; the sink must have ended."""
        acked = set(self.rows("acked."))
        got = collections.Counter(self.rows("delivered."))
        return len(acked), acked - set(got), sum(n - 1 for n in got.values())

    def close(self):
        if self.master and self.master.poll() is None:
            self.kill()
        if self.sink and self.sink.poll() is None:
            self.stop_sink()
        if self.scripted:
            self.scripted.terminate()
            self.scripted.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
