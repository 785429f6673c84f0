# SPDX-License-Identifier: ISC
"""parts: a relay under measurement, and what is read off it."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
URGENT = ["--class", "urgent", "--mail-param", "MT-PRIORITY=4", "--header", "MT-Priority: 4"]
BULK = ["--class", "bulk", "--mail-param", "MT-PRIORITY=-4", "--header", "Precedence: bulk"]


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


def wait_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit(f"nothing listens on 127.0.0.1:{port}")


class Relay:
    """A postriderd of its own folder, leading everything to one sink, or as EXTRA says."""

    def __init__(self, prefix, extra="", connections=50):
        self.dir = tempfile.mkdtemp(prefix="postrider-bench-")
        os.chmod(self.dir, 0o755)
        self.prefix, self.conf = prefix, f"{self.dir}/postrider.conf"
        self.port, self.sink_port, self.other_port = free_port(), free_port(), free_port()
        with open(self.conf, "w") as f:
            f.write(f"""hostname relay.bench.test
spool {self.dir}/spool
control {self.dir}/control
log file {self.dir}/log
user nobody
listen 127.0.0.1:{self.port} {{ trust 127.0.0.0/8 }}
limits {{ connections 20000; connections-per-client 20000 }}
site * {{ connections {connections} }}
{extra.replace("OTHER", str(self.other_port))}
route * {{ to 127.0.0.1:{self.sink_port} }}
""")
        self.start()

    def start(self):
        self.process = subprocess.Popen([f"{self.prefix}/sbin/postriderd", "-f", "-c", self.conf],
                                        start_new_session=True)
        wait_port(self.port, 60)

    def pids(self):
        out = subprocess.run(["ps", "-o", "pid=", "-s", str(self.process.pid)],
                             capture_output=True, text=True).stdout
        return [int(p) for p in out.split()]

    def ask(self, *args, lines=None):
        """What the tool says to ARGS (its first LINES), and the seconds it took."""
        begun = time.monotonic()
        p = subprocess.Popen([f"{self.prefix}/bin/postrider", "-c", self.conf, *args],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        out = p.stdout.read() if lines is None else \
            "".join(p.stdout.readline() for _ in range(lines))
        took = time.monotonic() - begun
        p.stdout.close()
        p.wait()
        return out, took

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        while self.pids():
            time.sleep(0.01)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self):
        self.end()
        shutil.rmtree(self.dir, ignore_errors=True)


class MxRelay(Relay):
    """It leads mail to where it is addressed, by port 25: for a network of its own."""

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
    """The most memory that processes of each role had, and descriptors that one of them had."""

    def __init__(self, relay):
        self.relay, self.mb, self.open = relay, {}, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.25):
            for pid in self.relay.pids():
                try:
                    name = f"{role_of(pid)}_mb"
                    self.mb[name] = max(self.mb.get(name, 0), memory_kb([pid]) / 1024)
                    self.open = max(self.open, len(os.listdir(f"/proc/{pid}/fd")))
                except OSError:
                    pass    # it has ended

    def end(self):
        self.over.set()
        self.thread.join()


def cpu_seconds(pids):
    out, tick = {}, os.sysconf("SC_CLK_TCK")
    for pid in pids:
        with open(f"/proc/{pid}/stat") as f:
            name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
        fields = rest.split()
        out[pid] = (name.replace("postrider-", ""), (int(fields[11]) + int(fields[12])) / tick)
    return out


def memory_kb(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
    return total


def count_syncs(pids, work):
    """fdatasync and its kin, under strace, while WORK runs."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r") as f:
        t = subprocess.Popen(["strace", "-f", "-c", "-o", f.name, "-e",
                              "trace=fsync,fdatasync,sync_file_range,syncfs",
                              *[a for p in pids for a in ("-p", str(p))]],
                             stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        work()
        t.send_signal(signal.SIGINT)
        t.wait()
        rows = [line.split() for line in f if "sync" in line]
    return sum(int(r[3]) for r in rows if r[-1] != "total")


def pick(row):
    return {k: row[k] for k in ("p50_ms", "p99_ms", "max_ms")}


def show(scenario, goal, **figures):
    print(json.dumps({"scenario": scenario,
                      **{k: round(v, 3) if isinstance(v, float) else v
                         for k, v in figures.items()}, "goal": goal}), flush=True)
