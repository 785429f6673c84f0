# SPDX-License-Identifier: ISC
"""domains: very many domains whose mail hosts are the same are one site."""
import collections
import json
import os
import subprocess

from names import _address, _hosts
from scene import Skip, wait_until

MANY = 1000


def _send(scene, relay, count, domains):
    if not scene.bench:
        raise Skip("needs mailbench")
    out = subprocess.run([scene.bench, "source", "-t", f"127.0.0.1:{relay.port}", "-c", "10", "-n", str(count),
                          "-s", "600", "--domains", str(domains), "--rcpt-domain", "many.test"],
                         capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(out.stdout)["sent"] == count, out.stdout


def _zone(ttl):
    return {"*.many.test": {"MX": {"records": ["10 mx1.many.test", "10 mx2.many.test"], "ttl": ttl}},
            "mx1.many.test": {"A": [_address(2)]}, "mx2.many.test": {"A": [_address(3)]}}


def _sites(relay):
    return [row for line in relay.tool("site", "list", "-j").splitlines() if "site" in (row := json.loads(line))]


def _asked(dns):
    with open(dns.questions) as f:
        return collections.Counter(tuple(line.split()[:2]) for line in f)


def a_thousand_domains_at_one_provider_are_one_site_and_then_forgotten(scene):
    sinks = _hosts(scene, [{}, {}])
    dns = scene.dns(_zone(20))
    relay = scene.relay(f"time-scale 0.05\nresolver {{ server 127.0.0.1@{dns.port}; timeout 5m }}\n"
                        "route * { to mx }\nsite mx2.many.test { connections 6 }")
    _send(scene, relay, 2 * MANY, MANY)
    wait_until(lambda: sum(len(os.listdir(sink.dir)) for sink in sinks) >= 4 * MANY, "two messages to each domain")
    site, = _sites(relay)
    assert site["domains"] == MANY and site["connections"] == 6 and site["site"] == "mx1.many.test:25+1", site
    assert f"and {MANY - 20} more" in relay.tool("site", "show", "d1.many.test")
    opened = sum(sink.connections()[0] for sink in sinks)
    assert sum(sink.connections()[1] for sink in sinks) <= 7, "six at once, and one that leaves"
    assert opened <= 40, f"{opened} connections for {2 * MANY} messages"
    assert all(sink.connections()[0] > 0 for sink in sinks), "equal hosts share the mail"
    asked = _asked(dns)
    names = [name for kind, name in asked if kind == "MX"]
    assert len(names) == MANY and asked.total() < 2 * MANY, \
        f"{asked.total()} questions, more than those that went twice over UDP: {asked.most_common(5)}"
    assert not relay.statuses("deferred"), "nobody was told that there are too many questions"
    wait_until(lambda: not _sites(relay), "no site, as there is no mail", 60)


def a_block_for_a_domain_parts_it_and_leaves_the_others_together(scene):
    _hosts(scene, [{}, {}])
    dns = scene.dns(_zone(600))
    relay = scene.relay(f"resolver {{ server 127.0.0.1@{dns.port} }}\nroute * {{ to mx }}\n"
                        "site d3.many.test { connections 1 }\nsite mx2.many.test { connections 6 }")
    relay.tool("site", "pause", "*")    # a site is known while mail waits for it
    for i in range(8):
        relay.send(f"b@d{i}.many.test")
    wait_until(lambda: sorted((site["domains"], site["connections"]) for site in _sites(relay)) == [(1, 1), (7, 6)],
               "one domain by itself, and seven together")
    relay.tool("site", "resume", "*")
    relay.wait_empty()
