# SPDX-License-Identifier: ISC
"""names: from domains to mail hosts, with a DNS that tells the truth, lies, or is not there.

Mail by MX goes to port 25, so each test has some addresses of 127.0.0.0/8 of its own.
"""
import json
import os
import re
import signal
import socket

from scene import Skip, free_port, wait_until

# in force: a try after 200 ms, a question given up after 1 s, failed answers kept for 200 ms, others 1 s at least
QUICK = """time-scale 0.02
class normal { retry 10s }
site * { timeout-connect 1m }
"""


def _address(n):
    pid = os.getpid()
    return f"127.{1 + (pid >> 7) % 250}.{1 + pid % 125 * 2}.{n}"


def _need_port_25(address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as s:
        try:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, 25))
        except OSError as why:
            raise Skip(f"cannot bind {address} port 25: {why}")


def _hosts(scene, scripts, *more):
    """A sink for each of SCRIPTS at port 25 of _address(2), (3) …, and of MORE addresses."""
    addresses = [_address(n + 2) for n in range(len(scripts))] + list(more)
    _need_port_25(addresses[0])
    return scene.troupe([*scripts, *({} for _ in more)], "--port", "25", addresses=addresses)


def _relay(scene, dns, more="", **how):
    return scene.relay(QUICK + f"resolver {{ server 127.0.0.1@{dns}; timeout 50s; negative 10s }}\n"
                       f"route * {{ to mx }}\n" + more, **how)


def _row_of(relay, ident, attempt="1"):
    """What the log says of the only recipient of a message at this attempt."""
    return wait_until(lambda: relay.statuses(id=ident, attempt=attempt), f"attempt {attempt} of {ident}")[0]


# ---- which host -------------------------------------------------------------------


def the_mx_of_least_preference_gets_the_mail(scene):
    a, b = _hosts(scene, [{}, {}])
    dns = scene.dns({"two.test": {"MX": ["20 b.two.test", "5 a.two.test"]}, "a.two.test": {"A": [_address(2)]},
                     "b.two.test": {"A": [_address(3)]}})
    relay = _relay(scene, dns.port)
    idents = [relay.send(f"b{i}@TWO.test") for i in range(5)]
    a.wait(5)
    relay.wait_over(*idents)
    assert b.connections() == (0, 0)
    assert {row["relay"] for row in relay.statuses("sent")} == {f"a.two.test[{_address(2)}]:25"}
    with open(dns.questions) as f:
        asked = f.read().split("\n")
    assert sum(line.startswith("MX two.test") for line in asked) == 1, asked


def mxs_of_one_preference_share_the_domains(scene):
    sinks = _hosts(scene, [{}, {}])
    zone = {}
    for i in range(24):
        zone[f"d{i}.test"] = {"MX": [f"10 a.d{i}.test", f"10 b.d{i}.test"]}
        zone[f"a.d{i}.test"], zone[f"b.d{i}.test"] = {"A": [_address(2)]}, {"A": [_address(3)]}
    relay = _relay(scene, scene.dns(zone).port)
    relay.send([f"b@d{i}.test" for i in range(24)])
    wait_until(lambda: sum(len(sink.delivered()) for sink in sinks) == 24, "24 domains")
    assert all(len(sink.delivered()) >= 2 for sink in sinks), [len(sink.delivered()) for sink in sinks]


def addresses_and_hosts_are_tried_until_one_answers(scene):
    a, b = _hosts(scene, [{"greeting": "421 4.3.2 no !drop"}, {}])
    dns = scene.dns({
        "hosts.test": {"MX": ["1 dead.test", "2 nowhere.test", "3 no.test", "4 yes.test"]},
        "addresses.test": {"MX": ["1 many.test"]},
        "dead.test": {"A": [_address(99)]}, "no.test": {"A": [_address(2)]}, "yes.test": {"A": [_address(3)]},
        "many.test": {"A": [_address(97), _address(98), _address(2), _address(3)]},
    })
    relay = _relay(scene, dns.port)
    idents = [relay.send("b@hosts.test"), relay.send("b@addresses.test")]
    b.wait(2)
    relay.wait_over(*idents)
    assert not a.messages() and not relay.statuses("deferred")
    assert {row["relay"] for row in relay.statuses("sent")} == \
        {f"yes.test[{_address(3)}]:25", f"many.test[{_address(3)}]:25"}


def where_no_mx_is_the_domain_is_its_own_host(scene):
    _need_port_25("::1")
    v4, v6 = _hosts(scene, [{}], "::1")
    literal = _address(2)
    dns = scene.dns({
        "a.test": {"A": [_address(2)]},
        "aaaa.test": {"AAAA": ["::1"]},
        "mx6.test": {"MX": ["10 host6.test"]}, "host6.test": {"AAAA": ["::1"]},
        "both.test": {"MX": ["10 host46.test"]}, "host46.test": {"AAAA": ["::1"], "A": [_address(2)]},
        "alias.test": {"CNAME": ["real.test"]}, "real.test": {"MX": ["10 a.test"]},
        "mxalias.test": {"MX": ["10 alias2.test"]}, "alias2.test": {"CNAME": ["a.test"]},
    })
    relay = _relay(scene, dns.port)
    wanted = {f"b@[{literal}]": "v4", "b@[IPv6:::1]": "v6", "b@a.test": "v4", "b@aaaa.test": "v6", "b@mx6.test": "v6",
              "b@both.test": "v6", "b@alias.test": "v4", "b@mxalias.test": "v4"}
    idents = {to: relay.send(to) for to in wanted}
    relay.wait_over(*idents.values())
    got = {recipient["address"]: name for name, sink in (("v4", v4), ("v6", v6)) for message in sink.delivered()
           for recipient in message["rcpts"]}
    assert got == wanted, got
    assert {row["status"] for row in relay.statuses()} == {"sent"}


def a_name_server_that_says_nothing_of_a_lesser_host_delays_nobody(scene):
    best, other = _hosts(scene, [{}, {}])
    dns = scene.dns({
        "silent.test": {"MX": ["10 a.test", "20 b.lost.test"]}, "a.test": {"A": [_address(2)]}, "b.lost.test": {"*": "drop"},
        "half.test": {"MX": ["10 a.half.test"]}, "a.half.test": {"A": [_address(2)], "AAAA": "drop"},
        # the better one is waited for
        "slow.test": {"MX": ["10 a.slow.test", "20 quick.test"]}, "quick.test": {"A": [_address(3)]},
        "a.slow.test": {"*": {"records": [], "delay": 0.4}, "A": {"records": [_address(2)], "delay": 0.4}},
    })
    relay = scene.relay(f"time-scale 0.04\nroute * {{ to mx }}\n"
                        f"resolver {{ server 127.0.0.1@{dns.port}; timeout 5m }}")
    idents = [relay.send(f"b@{name}.test", options=["MT-PRIORITY=4"]) for name in ("silent", "half", "slow")]
    best.wait(3)
    relay.wait_over(*idents)
    delays = [float(row["delay"]) for row in relay.statuses("sent")]
    assert len(delays) == 3 and max(delays) < 4, f"{delays}: a name server that is silent is given up after 12 s"
    assert other.connections() == (0, 0)


def an_mx_list_of_a_thousand_is_used(scene):
    sink, = _hosts(scene, [{}])
    dns = scene.dns({"big.test": {"MX": [f"{i} mx{i}.big.test" for i in range(1000)]},
                     "mx0.big.test": {"A": [_address(99)]}, "*.big.test": {"A": [_address(2)]}})
    relay = _relay(scene, dns.port)
    ident = relay.send("b@big.test")
    sink.wait()
    row = _row_of(relay, ident)
    assert re.fullmatch(rf"mx\d\.big\.test\[{_address(2)}\]:25", row["relay"]), row
    with open(dns.questions) as f:
        addresses = sum(line.startswith("A ") for line in f)
    assert addresses <= 100, f"{addresses} hosts were looked up for one message"


# ---- none ---------------------------------------------------------------------------

NONE = {
    "null.test": ({"MX": ["0 ."]}, "bounced", "5.1.10"),
    "nomx.test": ({"MX": []}, "bounced", "5.4.4"),
    "mxless.test": ({"MX": ["10 gone.test"]}, "bounced", "5.4.4"),
    "ours.test": ({"MX": ["10 relay.test", "20 better.test"]}, "bounced", "5.4.6"),
    "servfail.test": ({"*": "servfail"}, "deferred", "4.4.3"),
    "refused.test": ({"*": "refused"}, "deferred", "4.4.3"),
    "formerr.test": ({"*": "formerr"}, "deferred", "4.4.3"),
    "silent.test": ({"*": "drop"}, "deferred", "4.4.3"),
    "garbage.test": ({"*": "garbage"}, "deferred", "4.4.3"),
    "wrongid.test": ({"MX": {"records": ["10 better.test"], "fault": "wrongid"}, "*": []}, "deferred", "4.4.3"),
    "cut.test": ({"MX": {"records": ["10 better.test"], "fault": "cut"}, "*": []}, "deferred", "4.4.3"),
    "mxservfail.test": ({"MX": ["10 host.servfail.test"]}, "deferred", "4.4.3"),
    "loop.test": ({"CNAME": ["loop.test"]}, "deferred", "4.4.3"),
    # rows that are no MX: too short, ending within the name, pointing at themselves, none at all
    "empty.test": ({"MX": [{"hex": ""}]}, "deferred", "4.4.3"),
    "short.test": ({"MX": [{"hex": "00"}]}, "deferred", "4.4.3"),
    "nameless.test": ({"MX": [{"hex": "000a"}]}, "deferred", "4.4.3"),
    "halfname.test": ({"MX": [{"hex": "000a0561"}]}, "deferred", "4.4.3"),
    "endless.test": ({"MX": [{"hex": "000ac0ff"}]}, "deferred", "4.4.3"),
    "space.test": ({"MX": [{"hex": "000a" + b"\x03a b\x04test\0".hex()}]}, "deferred", "4.4.3"),
    "control.test": ({"MX": [{"hex": "000a" + b"\x05a\r\n;b\x04test\0".hex()}]}, "deferred", "4.4.3"),
    "slash.test": ({"MX": [{"hex": "000a" + b"\x05../%s\x04test\0".hex()}]}, "deferred", "4.4.3"),
    "shorta.test": ({"MX": ["10 a.shorta.test"]}, "deferred", "4.4.3"),
    "onegood.test": ({"MX": [{"hex": "00"}, "10 better.test"]}, "deferred", "4.4.3"),
    # there is one that can be used beside it
    "onebad.test": ({"MX": ["10 a.shorta.test", "20 better.test"]}, "sent", "2.0.0"),
    "before.test": ({"MX": ["10 better.test", "20 relay.test"]}, "sent", "2.0.0"),
}


def a_domain_without_mail_host_is_told_from_one_that_is_not_known(scene):
    sink, home = _hosts(scene, [{}, {}])
    zone = {name: types for name, (types, _, _) in NONE.items()}
    zone |= {"better.test": {"A": [_address(2)]}, "relay.test": {"A": [_address(4)]},
             "host.servfail.test": {"*": "servfail"}, "a.shorta.test": {"A": [{"hex": "7f00"}]},
             "sender.test": {"A": [_address(3)]}}
    relay = _relay(scene, scene.dns(zone).port)
    before = relay.processes()
    rows = {**NONE, "absent.test": ({}, "bounced", "5.1.2")}
    idents = {name: relay.send(f"b@{name}", sender="a@sender.test") for name in rows}
    wrong = []
    for name, (_, status, dsn) in rows.items():
        row = _row_of(relay, idents[name])
        if (row["status"], row["dsn"]) != (status, dsn):
            wrong.append((name, row))
    assert not wrong, "\n".join(map(str, wrong))
    bounced = [name for name, (_, status, _) in rows.items() if status == "bounced"]
    messages = home.wait(len(bounced))
    for name in bounced:
        message, = [m for m in messages if f"b@{name}".encode() in m["body"]]
        assert f"\r\nStatus: {rows[name][2]}\r\n".encode() in message["body"], message["body"]
    sink.wait(2)
    assert relay.processes() == before, "no process died"


def mail_waits_for_a_dead_dns_and_fixed_routes_do_not(scene):
    port = free_port()
    by_mx, fixed = _hosts(scene, [{}, {}])
    relay = _relay(scene, port, start=False)
    with open(relay.conf) as f:
        text = f.read()
    with open(relay.conf, "w") as f:
        f.write(text.replace("route * {", f"route fixed.test {{ to {_address(3)} }}\nroute * {{"))
    relay.start().ready()
    waiting = relay.send("b@waits.test")
    relay.wait_over(relay.send("b@fixed.test"))
    fixed.wait()
    row = _row_of(relay, waiting)
    assert (row["status"], row["dsn"], row["relay"]) == ("deferred", "4.4.3", "none"), row
    scene.dns({"waits.test": {"MX": ["10 host.test"]}, "host.test": {"A": [_address(2)]}}, port)
    by_mx.wait()
    relay.wait_over(waiting)


def what_the_dns_says_later_is_heard(scene):
    a, b = _hosts(scene, [{}, {}])
    dns = scene.dns({"wrong.test": {"MX": "servfail"}, "moves.test": {"A": {"records": [_address(99)], "ttl": 1}}})
    relay = _relay(scene, dns.port)
    idents = [relay.send("b@wrong.test"), relay.send("b@moves.test")]
    assert _row_of(relay, idents[0])["dsn"] == "4.4.3"
    assert _row_of(relay, idents[1])["dsn"] == "4.4.1"
    with open(dns.zone, "w") as f:
        json.dump({"wrong.test": {"A": [_address(2)]}, "moves.test": {"A": {"records": [_address(3)], "ttl": 1}}}, f)
    dns.kill(signal.SIGHUP)
    a.wait()
    b.wait()
    relay.wait_over(*idents)
