# SPDX-License-Identifier: ISC
"""domains: a message to each of very many domains whose mail hosts are the same.

The DNS is scripted, and mail by MX goes to port 25, so what is measured runs in a network namespace of its
own, as root.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

from parts import HERE, MxRelay, memory_kb, show, wait_port

ZONE = {"*.many.test": {"MX": ["10 mx1.many.test", "10 mx2.many.test"]},
        "mx1.many.test": {"A": ["127.0.0.2"]}, "mx2.many.test": {"A": ["127.0.0.3"]}}


class Domains:
    """Scenario of tests/bench/run: this file again, by itself."""

    def domains(self):
        if os.geteuid() != 0:
            show("domains", skipped="root is needed", goal="")
            return
        subprocess.run(["unshare", "--net", sys.executable, f"{HERE}/domains.py", self.prefix, self.tool,
                        str(min(self.count, 10000))], check=True)


class Names:
    """tests/fakes/dns.py, and what it was asked."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="postrider-bench-dns-")
        with open(f"{self.dir}/zone", "w", encoding="ascii") as f:
            json.dump(ZONE, f)
        self.process = subprocess.Popen([sys.executable, f"{HERE}/../fakes/dns.py", f"{self.dir}/zone",
                                         "--log", f"{self.dir}/log"], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def questions(self):
        with open(f"{self.dir}/log", encoding="ascii") as f:
            return collections.Counter(line.split()[0] for line in f)

    def end(self):
        self.process.terminate()
        self.process.wait()


class ByMx(MxRelay):
    """It asks the scripted DNS where mail goes."""

    def __init__(self, prefix, names):
        self.names = names
        # a datagram that the script was too slow for is no reason to wait a minute
        super().__init__(prefix, f"resolver {{ server 127.0.0.1@{names.port}; negative 1s }}\n"
                         "class normal { retry 1s }")


def deliver(prefix, tool, count, domains):
    names = Names()
    relay = ByMx(prefix, names)
    sink = subprocess.Popen([tool, "sink", "-l", "0.0.0.0:25", "--expect", str(count), "--idle-exit", "30"],
                            stdout=subprocess.PIPE, text=True)
    wait_port(25)
    subprocess.run([tool, "source", "-t", f"127.0.0.1:{relay.port}", "-c", "50", "-n", str(count), "-s", "4096",
                    "--domains", str(domains), "--rcpt-domain", "many.test"], stdout=subprocess.DEVNULL)
    got = json.loads(sink.communicate(timeout=100)[0])
    status = json.loads(relay.ask("status", "-j")[0])
    scheduler, = [row["pid"] for row in status["processes"] if row["role"] == "scheduler"]
    asked = names.questions()
    with open(f"{relay.dir}/log", encoding="utf-8", errors="replace") as f:
        deferred = f.read().count("status=deferred")
    show("domains", domains=domains, arrived=f"{got['got']} of {count}", per_s=got["per_s"], sites=status["sites"],
         connections=got["conns"] - 1, most_open=got["max_open"], a_connection=count / (got["conns"] - 1),
         deferred=deferred,
         mx_questions=asked["MX"], address_questions=asked["A"] + asked["AAAA"],
         scheduler_mb=memory_kb([scheduler]) / 1024, goal="1 site, 50 connections, a question a domain")
    relay.stop()
    names.end()
    return got["per_s"]


def main():
    prefix, tool, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    one, many = deliver(prefix, tool, count, 1), deliver(prefix, tool, count, count)
    show("domains", of_one_domain=many / one, goal="the DNS is asked for each, so less than 1")


if __name__ == "__main__":
    main()
