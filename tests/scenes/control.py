# SPDX-License-Identifier: ISC
"""control: starting, reloading and stopping, with good and bad files."""
import re
import signal
import socket
import subprocess

from scene import greeting, wait_until


def _try_start(scene, relay):
    return subprocess.run([f"{scene.prefix}/sbin/postriderd", "-f", "-c", relay.conf], capture_output=True,
                          text=True, timeout=60)


def a_bad_configuration_exits_78_with_file_and_line(scene):
    relay = scene.relay(start=False)
    relay.configure("nonsense yes\nroute * { to mx }")
    done = _try_start(scene, relay)
    assert done.returncode == 78, done
    with open(relay.conf) as f:
        line = 1 + [text.split()[:1] for text in f].index(["nonsense"])
    assert f"{relay.conf}:{line}: " in done.stderr, done.stderr
    assert "nonsense" in done.stderr, done.stderr
    checked = relay.tool("config", "check", check=False)
    assert checked.returncode == 78 and f"{relay.conf}:{line}: " in checked.stderr, checked


def a_missing_configuration_exits_78_and_names_the_file(scene):
    relay = scene.relay(start=False)
    relay.conf += ".absent"
    done = _try_start(scene, relay)
    assert done.returncode == 78 and relay.conf in done.stderr and "No such file" in done.stderr, done


def config_check_accepts_what_config_show_prints(scene):
    relay = scene.relay(start=False, to=9)
    assert relay.tool("config", "check") == f"{relay.conf}: ok\n"
    shown = f"{scene.dir}/shown.conf"
    with open(shown, "w") as f:
        f.write(relay.tool("config", "show"))
    assert relay.tool("config", "check", shown) == f"{shown}: ok\n"
    assert "relay.test" in relay.tool("config", "show", "--changed")


def a_taken_port_is_named_and_nothing_stays_running(scene):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        relay = scene.relay(start=False, to=9)
        relay.port = taken.getsockname()[1]
        relay.configure("route * { to mx }")
        done = _try_start(scene, relay)
    assert done.returncode not in (0, None), done
    assert f"127.0.0.1:{relay.port}" in done.stderr and "in use" in done.stderr, done.stderr


def a_spool_that_cannot_be_made_is_named(scene):
    relay = scene.relay(start=False)
    with open(f"{scene.dir}/file", "w"):
        pass
    relay.spool = f"{scene.dir}/file"
    relay.configure("route * { to mx }")
    done = _try_start(scene, relay)
    assert done.returncode != 0 and relay.spool in done.stderr, done


def a_reload_with_a_bad_file_keeps_the_old_configuration(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    relay.configure("route * { to 127.0.0.1:99999 }")
    done = relay.tool("reload", check=False)
    assert done.returncode == 78 and f"{relay.conf}:" in done.stderr, done
    relay.send()
    sink.wait()
    relay.process.kill(signal.SIGHUP)
    relay.wait_log(re.escape(relay.conf) + r":\d+: ")
    relay.send()
    sink.wait(2)


def a_reload_takes_up_a_new_route(scene):
    first, second = scene.sink(), scene.sink()
    relay = scene.relay(to=first.port)
    relay.send()
    first.wait()
    relay.configure(f"route * {{ to 127.0.0.1:{second.port} }}")
    relay.tool("reload")
    wait_until(lambda: relay.send() and second.delivered(), "mail at the new route")


def sigterm_drains_and_exits_0(scene):
    sink = scene.sink({"delay": {"DOT": 1.0}}, "--transcript")
    relay = scene.relay(to=sink.port)
    ident = relay.send()
    wait_until(lambda: b"\r\n.\r\n" in sink.said(1), "the delivery is under way")
    assert [r["queue_name"] for r in relay.queue()] == ["active"]
    relay.stop()
    sink.wait()
    assert not greeting(relay.port)
    assert f"{ident}: removed" in relay.log_text() or "status=sent" in relay.log_text(), relay.log_text()


def what_was_accepted_before_a_stop_is_delivered_after_a_start(scene):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(to=sink.port)
    ident = relay.send()
    relay.wait_log(f"{ident}: .*status=deferred")
    relay.stop()
    sink.play({})
    relay.start().ready()
    assert [r["queue_id"] for r in relay.queue()] == [ident]
    relay.tool("flush")
    sink.wait()
    relay.wait_empty()
