# SPDX-License-Identifier: ISC
"""ends: where segments end, and what a client hears, when disks and processes fail."""
import os
import shutil
import signal
import smtplib
import subprocess

from scene import Skip, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
LATER = {"RCPT": "451 4.7.1 later"}
SLOW = "queue { large-message 64k }\nclass normal { retry 1h }\n"
LARGE = "Subject: large\r\n\r\n" + ("x" * 70 + "\r\n") * 2000


def _names(sink):
    return sorted(r["address"].split("@")[0] for m in sink.delivered() for r in m["rcpts"] if r["code"] == 250)


def _waiting(relay):
    done = relay.tool("queue", "list", "-j", check=False)
    return done.stdout.count('"queue_id"') if done.returncode == 0 else -1


def a_scheduler_that_dies_forgets_no_mail_of_an_open_segment(scene):
    sink = scene.sink(LATER)
    relay = scene.relay(SLOW, to=sink.port)
    for name, text in (("before", "x\r\n"), ("large", LARGE), ("after", "x\r\n"), ("last", LARGE)):
        relay.send([f"{name}@example.org"], text)
        relay.wait_deferred({"before": 1, "large": 2, "after": 3, "last": 4}[name])
    for _ in range(2):
        scheduler = relay.processes()["scheduler"]
        os.kill(scheduler, signal.SIGKILL)
        wait_until(lambda: _waiting(relay) == 4, "a queue list of the next scheduler with all four")
    sink.play({})
    relay.tool("flush")
    wait_until(lambda: len(_names(sink)) >= 4, "all four")
    relay.wait_empty()
    assert _names(sink) == ["after", "before", "large", "last"], _names(sink)


def _bad_sync(scene):
    """A library that lets syncs fail, and the file that makes it do so."""
    if shutil.which("cc") is None:
        raise Skip("needs a compiler")
    if scene.sanitized():
        raise Skip("a library loaded first and AddressSanitizer do not go together")
    shim = f"{scene.dir}/badsync.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, f"{HERE}/../fakes/badsync.c", "-ldl"], check=True)
    os.chmod(shim, 0o755)
    bad = f"{scene.dir}/bad"
    _fail(bad, False)
    return shim, bad


def _fail(bad, fails):
    """From now on syncs fail, or do not."""
    with open(bad, "r+b" if os.path.exists(bad) else "wb") as f:
        f.write(b"1" if fails else b"0")
    os.chmod(bad, 0o644)


def _answer(relay, name):
    """The code that the end of a message gets; 0: the connection ends."""
    client = relay.smtp()
    client.mail("a@client.test")
    client.rcpt(f"{name}@example.org")
    try:
        return client.data(f"Subject: {name}\r\n\r\nx\r\n")[0]
    except smtplib.SMTPServerDisconnected:
        return 0
    finally:
        client.close()


def _relay_with(scene, sink, shim, bad, words):
    relay = scene.relay("time-scale 0.1\nqueue { status-sync 100ms }", to=sink.port, start=False)
    relay.start(LD_PRELOAD=shim, BAD_SYNC=words, BAD_SYNC_WHILE=bad).ready()
    assert _answer(relay, "first") == 250
    return relay


def a_client_is_refused_when_the_end_of_its_segment_is_on_disk(scene):
    sink = scene.sink({})
    shim, bad = _bad_sync(scene)
    relay = _relay_with(scene, sink, shim, bad, ".messages")
    _fail(bad, True)
    assert _answer(relay, "refused") == 451
    _fail(bad, False)
    assert _answer(relay, "last") == 250
    wait_until(lambda: len(_names(sink)) >= 2, "what was taken")
    relay.stop()
    relay.start().ready()
    relay.wait_empty()
    assert _names(sink) == ["first", "last"], _names(sink)


def a_client_gets_no_answer_when_nobody_can_know(scene):
    sink = scene.sink({})
    shim, bad = _bad_sync(scene)
    relay = _relay_with(scene, sink, shim, bad, ".messages .status")
    _fail(bad, True)
    assert _answer(relay, "unsure") == 0
    relay.wait_log("nobody knows whether it was taken, so its client gets no answer")
    # the segment of the next one has no name any more: that is sure
    assert _answer(relay, "refused") == 451
    _fail(bad, False)
    assert _answer(relay, "last") == 250
    _fail(bad, True)
    done = relay.sendmail("-i", "local@example.org", input="Subject: local\n\nx\n", check=False)
    assert done.returncode == 75 and "may have been taken" in done.stderr, done
    _fail(bad, False)
    wait_until(lambda: len(_names(sink)) >= 2, "what was taken")
    assert "refused" not in _names(sink), _names(sink)
