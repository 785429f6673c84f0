# SPDX-License-Identifier: ISC
"""resolv: the system's name servers change while the relay runs, as they do wherever a network comes and goes.

The relay sees an /etc of its own, in the scene's directory."""
import json
import os
import shutil

from names import QUICK, _address, _hosts
from scene import FAKES, Skip, wait_until

COPIED = ("passwd", "group", "nsswitch.conf", "ld.so.cache", "localtime", "hosts")
ZONE = {f"{name}.example": {"MX": ["10 mx.corp.example"]} for name in ("one", "two", "three")}


class Etc:
    def __init__(self, scene):
        if os.getuid() != 0:
            raise Skip("needs root: /etc is the machine's")
        self.dir = f"{scene.dir}/etc"
        os.makedirs(self.dir)
        for name in COPIED:
            if os.path.exists(f"/etc/{name}"):
                shutil.copy(f"/etc/{name}", self.dir)
        self.within = ["unshare", "--mount", "sh", "-c", f'mount --bind {self.dir} /etc && exec "$@"', "sh"]

    def write(self, text, name="resolv.conf"):
        with open(f"{self.dir}/{name}.new", "w") as f:
            f.write(text)
        os.rename(f"{self.dir}/{name}.new", f"{self.dir}/{name}")

    def serve(self, number):
        self.write(f"nameserver {_address(number)}\n")

    def remove(self):
        os.unlink(f"{self.dir}/resolv.conf")


def _dns(scene, number):
    """A name server at port 53 of _address(NUMBER)."""
    path = f"{scene.dir}/zone{number}.json"
    with open(path, "w") as f:
        json.dump({**ZONE, "mx.corp.example": {"A": [_address(2)]}}, f)
    server = scene.beside(f"dns{number}", ["python3", f"{FAKES}/dns.py", path, "--port", "53", "--address",
                                            _address(number), "--log", path + ".log"])
    server.first_line()
    server.log = path + ".log"
    return server


def _asked(server):
    try:
        with open(server.log) as f:
            return f.read()
    except FileNotFoundError:
        return ""


def _relay(scene, etc, start=True, more=""):
    relay = scene.relay(QUICK + f"resolver {{ timeout 50s; negative 10s; {more} }}\nroute * {{ to mx }}\n", start=False)
    relay.within = etc.within
    return relay.start().ready() if start else relay


def another_name_server_in_resolv_conf_is_asked_at_once(scene):
    etc = Etc(scene)
    sink, = _hosts(scene, [{}])
    first, second = _dns(scene, 5), _dns(scene, 6)
    etc.serve(5)
    relay = _relay(scene, etc)
    relay.wait_over(relay.send("b@one.example"))
    first.end()
    ident = relay.send("b@two.example")         # its question is under way, and nobody answers
    etc.serve(6)
    relay.wait_over(ident)
    assert "MX two.example" in _asked(second)
    sink.wait(2)
    relay.wait_log(r"master\[\d+\]: /etc/resolv.conf has changed")
    before = relay.processes()
    etc.serve(6)                                # written anew, as at each lease, with the same in it
    relay.wait_over(relay.send("b@three.example"))
    relay.tool("reload")
    relay.wait_log("reloaded ")
    assert relay.processes() == before, "what is the same is no reason to forget all answers"
    assert "warning" not in relay.log_text() and "error" not in relay.log_text(), relay.log_text()


def a_resolv_conf_that_comes_after_the_relay_is_found_and_nobody_else_was_asked(scene):
    etc = Etc(scene)
    sink, = _hosts(scene, [{}])
    server = _dns(scene, 7)
    relay = _relay(scene, etc)
    relay.wait_log(r"resolver\[\d+\]: warning: /etc/resolv.conf.* cannot be used")
    assert "root servers" not in relay.log_text()
    ident = relay.send("b@one.example")
    etc.serve(7)
    relay.wait_over(ident)
    sink.wait(1)
    assert "status=bounced" not in relay.log_text()
    assert "MX one.example" in _asked(server)


def a_resolv_conf_that_is_away_for_a_while_changes_nothing(scene):
    etc = Etc(scene)
    sink, = _hosts(scene, [{}])
    _dns(scene, 8)
    etc.serve(8)
    relay = _relay(scene, etc)
    before = relay.processes()
    etc.remove()
    relay.tool("reload")
    relay.wait_log("reloaded ")
    relay.wait_over(relay.send("b@one.example"))
    etc.serve(8)
    relay.tool("reload")
    wait_until(lambda: relay.log_text().count("reloaded ") == 2, "the second reload")
    relay.wait_over(relay.send("b@two.example"))
    sink.wait(2)
    assert relay.processes() == before


def a_change_of_the_hosts_file_is_noticed(scene):
    etc = Etc(scene)
    sink, = _hosts(scene, [{}])
    _dns(scene, 9)
    etc.serve(9)
    etc.write("127.0.0.1 localhost\n", "hosts")
    relay = _relay(scene, etc)
    etc.write(f"127.0.0.1 localhost\n{_address(2)} printer.lan\n", "hosts")
    relay.wait_log(r"master\[\d+\]: /etc/hosts has changed")
    relay.wait_over(relay.send("b@printer.lan"))
    sink.wait(1)


def other_servers_in_the_configuration_start_a_resolver_and_no_warning(scene):
    etc = Etc(scene)
    sink, = _hosts(scene, [{}])
    _dns(scene, 10)
    etc.serve(11)
    relay = _relay(scene, etc)
    before = relay.processes()
    with open(relay.conf, "a") as f:
        f.write(f"resolver {{ server {_address(10)} }}\n")
    relay.tool("reload")
    relay.wait_over(relay.send("b@one.example"))
    sink.wait(1)
    after = relay.processes()
    assert {role for role in after if after[role] != before[role]} == {"resolver"}, (before, after)
    assert "though nobody asked" not in relay.log_text(), relay.log_text()
