# SPDX-License-Identifier: ISC
"""control: starting, reloading and stopping, with good and bad files."""
import itertools
import os
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


def all_mistakes_are_told_in_one_run_by_whoever_looks(scene):
    """config check, postriderd -t, and a start say the same."""
    relay = scene.relay("sitee * {\n connections 0\n}\nlimits { hops many }\nspol /x", to=9, start=False)
    with open(relay.conf) as f:
        first = f.read().split("sitee")[0].count("\n") + 1
    wanted = [f"{relay.conf}:{first}: sitee is unknown here; did you mean site?",
              f"{relay.conf}:{first + 3}: hops many: a whole number is wanted",
              f"{relay.conf}:{first + 4}: spol is unknown here; did you mean spool?"]
    for way, done in _checks(scene, relay):
        with scene.row(way):
            assert done.returncode == 78 and done.stderr.splitlines() == wanted and done.stdout == "", done


def _checks(scene, relay):
    daemon = f"{scene.prefix}/sbin/postriderd"
    run = {"capture_output": True, "text": True, "timeout": 60}
    yield "config check", relay.tool("config", "check", check=False)
    yield "config check FILE", subprocess.run([f"{scene.prefix}/bin/postrider", "config", "check", relay.conf],
                                              env={**os.environ, "POSTRIDER_CONFIG": "/none"}, **run)
    yield "postriderd -t", subprocess.run([daemon, "-t", "-c", relay.conf], **run)
    yield "a start", relay.refuses_to_start()


def what_a_start_would_refuse_a_check_does(scene):

    for name in ("one", "two"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{scene.dir}/{name}.key",
                        "-out", f"{scene.dir}/{name}.pem", "-days", "90", "-subj", "/CN=x.test"], check=True,
                       stderr=subprocess.DEVNULL)
    root = os.getuid() == 0
    rows = {
        "a certificate that is not there": ("tls { certificate /no.pem; key /no.key }", "/no.pem: No such file"),
        "a certificate that is none": (f"tls {{ certificate {scene.dir}/one.key; key {scene.dir}/one.key }}", "TLS: "),
        "a key of another one": (f"tls {{ certificate {scene.dir}/one.pem; key {scene.dir}/two.key }}", "TLS: "),
        "a user that is not there": ("user-receiver nosuchuser", "there is no user nosuchuser") if root else None,
        "the user root": ("user-receiver root", "user root is root") if root else None,
    }
    for name, (line, why) in [row for row in rows.items() if row[1]]:
        relay = scene.relay("# a line\n" + line, name=name.replace(" ", "-"), to=9, start=False)
        with open(relay.conf) as f:
            at = f.read().split(line)[0].count("\n") + 1
        for way, done in _checks(scene, relay):
            with scene.row(f"{name}: {way}"):
                assert done.returncode == 78 and done.stdout == "", done
                assert done.stderr.startswith(f"{relay.conf}:{at}: ") and why in done.stderr, done
                assert done.stderr.count("\n") == 1 and not os.path.exists(relay.spool), done
    for name, path, why in (("a spool that is a file", f"{scene.dir}/one.pem", "Not a directory"),
                            ("a spool below a file", f"{scene.dir}/one.pem/x/y", "Not a directory"),
                            ("a spool where everybody writes", f"{scene.dir}/open", "may be written by everybody")):
        os.makedirs(f"{scene.dir}/open", exist_ok=True)
        os.chmod(f"{scene.dir}/open", 0o777)
        relay = scene.relay(name=name.replace(" ", "-"), to=9, start=False)
        with open(relay.conf) as f:
            text = f.read()
        with open(relay.conf, "w") as f:
            f.write(text.replace(relay.spool, path))
        for way, done in _checks(scene, relay):
            with scene.row(f"{name}: {way}"):
                assert done.returncode in (73, 78) and why in done.stderr, done


def a_warning_is_told_beside_ok_and_stops_nothing(scene):
    sink = scene.sink()
    relay = scene.relay("site a.test { }\nsite *.test { }\nsite b.test { connections 1 }", to=sink.port, start=False)
    warning = "site b.test is never reached: site *.test stands before it and matches first"
    for way, done in itertools.islice(_checks(scene, relay), 3):
        with scene.row(way):
            assert (done.returncode, done.stdout) == (0, f"{relay.conf}: ok\n"), done
            assert re.fullmatch(rf"{re.escape(relay.conf)}:\d+: warning: {re.escape(warning)}\n", done.stderr), done
    relay.start().ready()
    relay.wait_log(f"master.*warning: .*{re.escape(warning)}")
    before = relay.log_text().count(warning)
    relay.tool("reload")
    wait_until(lambda: relay.log_text().count(warning) == before + 1, "the warning at the reload")
    relay.send()
    sink.wait()


def a_reload_tells_all_mistakes_in_the_log_and_counts_them(scene):
    relay = scene.relay(to=9)
    with open(relay.conf, "a") as f:
        f.write("spol /x\nsitee * { }\n")
    done = relay.tool("reload", check=False)
    assert done.returncode == 78 and "spol is unknown" in done.stderr and "(and 1 more" in done.stderr, done
    relay.wait_log("error: .*spol is unknown")
    relay.wait_log("error: .*sitee is unknown")
