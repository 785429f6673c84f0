# SPDX-License-Identifier: ISC
"""pressure: too much mail, too little room: who has to wait, and who must not."""
import glob
import json
import os
import re
import time

from raw import TO, Raw, content
from scene import free_port, wait_until

PRIORITIES = {"urgent": 5, "normal": 0, "bulk": -5}
HALF_MEGABYTE = (b"x" * 998 + b"\r\n") * 512


def _answer(relay, klass, at_mail=True, to="b@example.org"):
    """What a message of KLASS hears: at MAIL if that tells its class, or at the dot."""
    with relay.smtp() as client:
        code, text = client.mail("a@client.test", [f"MT-PRIORITY={PRIORITIES[klass]}"] if at_mail else [])
        if code != 250:
            client.rset()
            return code, text.decode()
        assert client.rcpt(to)[0] == 250
        header = "" if at_mail else f"MT-Priority: {PRIORITIES[klass]}\r\n"
        code, text = client.data(f"{header}Subject: x\r\n\r\nx\r\n")
        return code, text.decode()


def _all(relay):
    return {(klass, at_mail): _answer(relay, klass, at_mail)[0] for klass in PRIORITIES for at_mail in (True, False)}


def _expect(**codes):
    return {(klass, at_mail): codes[klass] for klass in PRIORITIES for at_mail in (True, False)}


def a_long_queue_turns_bulk_away_then_normal_and_never_urgent(scene):
    relay = scene.relay("queue { bulk-most 8; normal-most 16 }\nclass urgent { retry 1h }\nclass normal { retry 1h }\n"
                        "class bulk { retry 1h }", to=free_port())
    for i in range(8):
        relay.send(f"b{i}@example.org")
    relay.wait_log("8 entries wait in the queue: bulk mail is not taken")
    wait_until(lambda: _answer(relay, "bulk")[0] == 451, "bulk is turned away")
    code, text = _answer(relay, "bulk", at_mail=False)
    assert code == 451 and text.startswith("4.3.1 Too much mail waits"), (code, text)
    assert _answer(relay, "normal")[0] == 250
    for i in range(8):
        relay.send(f"c{i}@example.org", options=["MT-PRIORITY=5"])
    relay.wait_log("normal mail is not taken")
    wait_until(lambda: _all(relay) == _expect(urgent=250, normal=451, bulk=451), "only urgent mail is taken")
    held = len(relay.queue())
    assert held >= 17, "nothing that was taken is dropped"
    relay.tool("queue", "delete", "--all")
    relay.wait_log("bulk mail is taken as ever")
    wait_until(lambda: _all(relay) == _expect(urgent=250, normal=250, bulk=250), "all is taken again")


def a_queue_that_gets_long_slows_bulk_down_first(scene):
    relay = scene.relay("queue { bulk-most 12; normal-most 1000 }\nclass normal { retry 1h }\nclass bulk { retry 1h }",
                        to=free_port())
    for i in range(9):
        relay.send(f"b{i}@example.org")
    relay.wait_log("bulk mail is slowed down")

    def took(klass):
        begin = time.monotonic()
        assert _answer(relay, klass)[0] == 250
        return time.monotonic() - begin
    wait_until(lambda: took("bulk") >= 0.25, "a reply that is late", 2)
    relay.tool("queue", "delete", "--all")
    relay.wait_log("bulk mail is taken as ever")
    wait_until(lambda: took("bulk") < 0.25, "a reply that is not")


def _room(path):
    fs = os.statvfs(path)
    return fs.f_bavail * fs.f_frsize


def a_disk_that_is_short_of_room_keeps_it_for_urgent_mail(scene):
    relay = scene.relay(start=False, to=scene.sink().port)
    room = _room(scene.dir)
    rows = [("a lot", "1M", "1M", _expect(urgent=250, normal=250, bulk=250)),
            ("little for bulk", "1M", f"{room * 2}", _expect(urgent=250, normal=250, bulk=452)),
            ("little for normal mail", f"{room * 2}", "0", _expect(urgent=250, normal=452, bulk=452)),
            ("none", f"{room * 8}", "0", _expect(urgent=452, normal=452, bulk=452))]
    with open(relay.conf) as f:
        text = f.read()
    relay.start().ready()
    for words, reserve, bulk, codes in rows:
        with scene.row(f"{words}: {codes}"):
            with open(relay.conf, "w") as f:
                f.write(re.sub(r"queue \{ reserve .*?\}", f"queue {{ reserve {reserve}; bulk-reserve {bulk} }}", text))
            relay.tool("reload")
            wait_until(lambda: _all(relay) == codes, f"{codes}, not {_all(relay)}", 10)
            if codes["bulk", True] == 452:
                assert _answer(relay, "bulk")[1].startswith("4.3.1 ")


def a_disk_that_is_short_is_told_once_and_by_status(scene):
    relay = scene.relay(start=False, to=scene.sink().port)
    with open(relay.conf) as f:
        text = f.read()
    room = _room(scene.dir)

    def configure(reserve, bulk):
        with open(relay.conf, "w") as f:
            f.write(re.sub(r"queue \{ reserve .*?\}", f"queue {{ reserve {reserve}; bulk-reserve {bulk} }}", text))
    words = r"the disk is short of room: normal and bulk mail is refused: \d+M free, \d+M wanted"
    configure(room * 2, 0)
    relay.start().ready()
    relay.wait_log(rf"scheduler\[\d+\]: warning: {words}$")
    assert re.search(rf"^{words}$", relay.tool("status"), re.M), relay.tool("status")
    told = json.loads(relay.tool("status", "-j"))
    assert re.fullmatch(words.split(": ", 1)[1], told["disk_short"]), told
    assert 0 < told["disk_free"] <= room * 2
    assert _answer(relay, "normal")[0] == 452
    configure("1M", room * 2)
    relay.tool("reload")
    relay.wait_log("warning: the disk is short of room: bulk mail is refused: ")
    configure("1M", "1M")
    relay.tool("reload")
    relay.wait_log(r"scheduler\[\d+\]: the disk has room again: all mail is taken$")
    assert "short" not in relay.tool("status") and "disk_short" not in json.loads(relay.tool("status", "-j"))
    assert relay.log_text().count("warning: the disk is short of room: ") == 2, "a change is told once"


def _begin(relay, klass):
    """A message of KLASS is on its way in: so far its header and half a megabyte."""
    client = Raw(relay.port)
    client.ask(f"MAIL FROM:<a@client.test> MT-PRIORITY={PRIORITIES[klass]}", "250")
    client.ask(TO + b"DATA\r\n", "250", "354")
    client.send(b"Subject: x\r\n\r\n" + HALF_MEGABYTE)
    return client


def large_mail_that_comes_in_leaves_the_reserve_alone(scene):
    sink = scene.sink()
    relay = scene.relay("receivers 1", to=sink.port)
    clients = {klass: _begin(relay, klass) for klass in PRIORITIES}
    files = {klass: f"{relay.spool}/{klass}/*.messages" for klass in PRIORITIES}
    wait_until(lambda: all(glob.glob(name) for name in files.values()), "all three are being written")
    with open(relay.conf) as f:
        text = f.read()
    with open(relay.conf, "w") as f:
        f.write(text.replace("reserve 1M", f"reserve 1M; bulk-reserve {_room(scene.dir) * 2}"))
    relay.tool("reload")
    wait_until(lambda: _answer(relay, "bulk")[0] == 452, "the disk is short of room for bulk mail")
    clients["bulk"].send(HALF_MEGABYTE)
    wait_until(lambda: not glob.glob(files["bulk"]), "what came of the bulk message is gone before its end")
    for klass, client in clients.items():
        client.ask(b".\r\n", "452 4.3.1 The disk is short of room" if klass == "bulk" else "250 2.0.0")
        client.bye()
    messages = sink.wait(2)
    assert all(len(content(message)) > len(HALF_MEGABYTE) for message in messages)


def a_client_that_may_send_nothing_but_bulk_hears_no_at_mail(scene):
    relay = scene.relay("queue { bulk-most 4 }\nclass normal { retry 1h }",
                        listen="trust 127.0.0.0/8; ceiling bulk; class bulk", to=free_port())
    for i in range(4):
        relay.send(f"b{i}@example.org")
    relay.wait_log("bulk mail is not taken")

    def refused():
        with relay.smtp() as client:
            code, text = client.mail("a@client.test")
            client.rset()
            return code == 451 and text.startswith(b"4.3.1 ")
    wait_until(refused, "it hears so at MAIL")
