# SPDX-License-Identifier: ISC
"""logs: not a line is missing, whatever becomes of who takes them."""
import os
import re
import subprocess

from raw import Raw
from scene import Skip, free_port, wait_until
from syslogd import Syslogd

COUNT = 3000
LINES = ("client=", "message-id=", "(queue active)", "status=sent", "removed")


def _relay(scene, syslogd, start=True):
    """A relay that logs to SYSLOGD, and a sink behind it that keeps nothing."""
    if not scene.bench:
        raise Skip("needs mailbench")
    port = free_port()
    scene.beside("mailsink", [scene.bench, "sink", "-l", f"127.0.0.1:{port}"])
    relay = scene.relay(to=port, log="syslog", start=False)
    relay.within = syslogd.within
    return relay.start().ready() if start else relay


def _send(scene, relay, count=COUNT):
    out = subprocess.run([scene.bench, "source", "-t", f"127.0.0.1:{relay.port}", "-c", "10", "-n", str(count),
                          "-s", "500", "--rate", "1000"], capture_output=True, text=True, timeout=100)
    assert out.returncode == 0, out.stdout + out.stderr


def _all_told(syslogd, count=COUNT, seconds=60):
    """Each message has each of its lines, once."""
    wait_until(lambda: syslogd.count("removed") >= count or syslogd.count(" lost"), "the last line", seconds)
    assert not syslogd.count(" lost"), [line for line in syslogd.lines if " lost" in line][:3]
    for word in LINES:
        ids = re.findall(rf"\]: ([0-9A-Z]{{16}}): .*{re.escape(word)}", syslogd.text())
        assert len(ids) == len(set(ids)) == count, f"{word}: {len(ids)} lines, {len(set(ids))} messages, not {count}"


def a_syslog_daemon_that_is_slow_is_told_of_everything(scene):
    syslogd = Syslogd(scene).start()
    relay = _relay(scene, syslogd)
    syslogd.pause = 0.0002
    _send(scene, relay)
    _all_told(syslogd)


def a_syslog_daemon_that_is_started_again_is_told_of_everything(scene):
    syslogd = Syslogd(scene).start()
    relay = _relay(scene, syslogd)
    _send(scene, relay, 1000)
    wait_until(lambda: syslogd.count("removed") == 1000, "the first thousand")
    syslogd.end()
    _send(scene, relay, 1000)
    relay.wait_empty()
    syslogd.start()
    wait_until(lambda: syslogd.count("removed") == 2000, "what was said meanwhile")
    _send(scene, relay, 1000)
    _all_told(syslogd)
    relay.stop()
    assert syslogd.count("stopped") == 1, syslogd.text()[-2000:]


def a_syslog_daemon_that_comes_after_the_relay_is_found(scene):
    syslogd = Syslogd(scene)
    relay = _relay(scene, syslogd)
    wait_until(lambda: "ready: " in relay.process.errors(), "it says on stderr that it is ready")
    assert "logging to stderr" in relay.process.errors()
    relay.send()
    wait_until(lambda: "status=sent" in relay.process.errors(), "the delivery on stderr")
    syslogd.start()
    wait_until(lambda: syslogd.count("/dev/log"), "it has found the daemon")
    before = relay.process.errors()
    _send(scene, relay)
    _all_told(syslogd)
    assert relay.process.errors() == before, "stderr is not written to any more"


def what_is_too_much_for_the_memory_is_counted_once_a_second_at_most(scene):
    syslogd = Syslogd(scene).start()
    relay = _relay(scene, syslogd)
    syslogd.pause = 10
    relay.send()
    wait_until(lambda: len(syslogd.lines) > 1, "it has begun to sleep")
    _send(scene, relay, 10000)
    relay.wait_empty()
    syslogd.pause = 0
    wait_until(lambda: syslogd.count("lines lost"), "the loss is told", 60)
    relay.stop()
    told = [line for line in syslogd.lines if " lost" in line]
    lost = sum(int(re.search(r"(\d+) lines? lost", line).group(1)) for line in told)
    arrived = sum(any(word in line for word in LINES) for line in syslogd.lines)
    assert lost + arrived == 10001 * len(LINES), f"{lost} told as lost, {arrived} arrived"
    assert len(told) <= 20, f"{len(told)} lines tell of it"


def log_reopen_follows_a_rotated_file_while_the_configuration_is_being_edited(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    before = relay.log_text()
    with open(relay.conf, "a") as f:
        f.write("sitee * {\n")
    os.rename(relay.log, relay.log + ".1")
    relay.tool("log", "reopen")
    ident = relay.send()
    relay.wait_over(ident)
    with open(relay.log + ".1") as f:
        old = f.read()
    assert old.startswith(before) and ident not in old, old
    assert "log opened anew" in relay.log_text() and "reload" not in relay.log_text()
    os.rename(relay.log, relay.log + ".2")
    os.mkdir(relay.log)
    done = relay.tool("log", "reopen", check=False)
    assert done.returncode == 73 and "Is a directory" in done.stderr, done
    os.rmdir(relay.log)
    relay.tool("log", "reopen")
    ident = relay.send()
    relay.wait_over(ident)


def a_refusal_names_the_address_and_nothing_else_between_its_brackets(scene):
    relay = scene.relay("limits { errors 100 }", to=9, listen="trust 127.0.0.0/8; strict")
    client = Raw(relay.port)
    rows = [("MAIL FROM:<a@x.test> SIZE=999999999999", "from=<a@x.test>"), ("MAIL FROM:<nodomain> SIZE=9", "from=<nodomain>"),
            ("MAIL FROM:<>SIZE=9", "from=<>"), ("MAIL FROM:b@x.test SIZE=9", "from=<b@x.test>"),
            ("MAIL FROM:", "from=<>"), ("MAIL FROM:<a@x.test", "from=<a@x.test>"),
            ('MAIL FROM:<"> to=<c"@x..test> FOO', 'from=<"? to=?c"@x..test>'),
            ("MAIL FROM:a>b<c", "from=<a?b?c>")]
    for line, _ in rows:
        client.ask(line, "5")
        client.ask("RSET", "250")
    client.ask("MAIL FROM:<ok@x.test>", "250")
    client.ask("RCPT TO:<nodomain> NOTIFY=NEVER", "501")
    wait_until(lambda: "to=<" in relay.log_text(), "the last refusal")
    lines = re.findall(r"NOQUEUE: reject: MAIL .*?; (.*) proto=", relay.log_text())
    assert lines == [want for _, want in rows], lines
    assert " from=<ok@x.test> to=<nodomain> proto=" in relay.log_text()


def a_filter_without_a_match_does_not_say_that_the_queue_is_empty(scene):
    relay = scene.relay("class normal { retry 1h }", to=free_port())
    relay.send()
    relay.wait_deferred(1)
    assert relay.tool("queue", "list", "--sender", "nobody@x.test") == "No message matches\n"
    assert "a@client.test" in relay.tool("queue", "list")
    relay.tool("queue", "delete", "--all")
    assert relay.tool("queue", "list") == "Mail queue is empty\n"
