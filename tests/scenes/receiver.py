# SPDX-License-Identifier: ISC
"""receiver: clients that are slow, rude, many, or leave in the middle."""
import glob
import os
import re
import resource
import socket
import ssl
import time

from procs import assert_grew_less, children, cpu, memory
from raw import certificate
from scene import free_port, wait_until


class _Wire:
    """SMTP as bytes: what is said is sent as it is, what is heard is a reply."""

    def __init__(self, port=None, path=None, greeting=220):
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(30)
            self.socket.connect(path)
        else:
            self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.unread = b""
        if greeting:
            code, text = self.hear()
            assert code == greeting, (code, text)

    def say(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def line(self):
        while b"\n" not in self.unread:
            piece = self.socket.recv(65536)
            assert piece, f"it closed; unread: {self.unread}"
            self.unread += piece
        line, self.unread = self.unread.split(b"\n", 1)
        assert line.endswith(b"\r"), line
        return line[:-1].decode()

    def hear(self):
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return int(lines[0][:3]), "\n".join(line[4:] for line in lines)

    def ask(self, text, code):
        self.say(text)
        heard = self.hear()
        assert heard[0] == code, (text, heard)
        return heard[1]

    def ends(self):
        """Everything up to the end of the connection."""
        rest, self.unread = self.unread, b""
        while True:
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return rest
            if not piece:
                return rest
            rest += piece

    def begin(self, mail="MAIL FROM:<a@client.test>", rcpt="RCPT TO:<b@example.org>"):
        self.ask("EHLO client.test\r\n", 250)
        self.data(mail, rcpt)
        return self

    def data(self, mail="MAIL FROM:<a@client.test>", rcpt="RCPT TO:<b@example.org>"):
        self.ask(mail + "\r\n", 250)
        self.ask(rcpt + "\r\n", 250)
        self.ask("DATA\r\n", 354)

    def starttls(self):
        self.ask("STARTTLS\r\n", 220)
        assert not self.unread
        self.shake()

    def shake(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)


def _segments(relay):
    return glob.glob(f"{relay.spool}/*/*.messages")


# ---- time ------------------------------------------------------------------------


def a_client_that_falls_silent_hears_421(scene):
    relay = scene.relay("limits { idle 300ms }", to=9)
    for greets, half in ((False, ""), (True, ""), (True, "MAIL FR")):
        client = _Wire(relay.port)
        if greets:
            client.ask("EHLO client.test\r\n", 250)
        client.say(half)
        code, text = client.hear()
        assert (code, text[:5]) == (421, "4.4.2"), (code, text)
        assert client.ends() == b""


def a_client_that_falls_silent_in_data_leaves_nothing(scene):
    relay = scene.relay("limits { idle 300ms }", to=9)
    client = _Wire(relay.port).begin()
    client.say("Subject: half\r\n\r\nhalf of it\r\n")
    assert client.hear()[0] == 421
    relay.wait_log("timeout after DATA from unknown\\[127.0.0.1\\]")
    assert "message-id" not in relay.log_text()


def drips_do_not_prolong_a_session_beyond_its_limit(scene):
    relay = scene.relay("limits { idle 1s; session 1500ms }", to=9)
    client = _Wire(relay.port)
    client.socket.settimeout(0.1)
    begin = time.monotonic()
    heard = b""
    while not heard and time.monotonic() < begin + 20:
        client.say("NOOP\r\n")
        try:
            while (line := client.line()).startswith("250"):
                pass
            heard = line
        except TimeoutError:
            pass
    assert heard.startswith("421 4.4.2"), heard
    assert 1.3 < time.monotonic() - begin < 10


# ---- many -----------------------------------------------------------------------------


def one_client_has_only_so_many_connections(scene):
    relay = scene.relay("receivers 4\nlimits { connections-per-client 3 }", to=9)
    clients = _connect(relay.port, 3)
    refused = _Wire(relay.port, greeting=421)
    assert refused.ends() == b""
    clients[0].ask("QUIT\r\n", 221)
    assert clients[0].ends() == b""
    _connect(relay.port, 1)
    clients[1].ask("NOOP\r\n", 250)


def _connect(port, count):
    """COUNT clients, as soon as there is room for them all: those before us may not be forgotten yet."""
    def attempt():
        clients = [_Wire(port, greeting=None) for _ in range(count)]
        if all([client.hear()[0] == 220 for client in clients]):
            return clients
        for client in clients:
            client.socket.close()
        return None
    return wait_until(attempt, f"room for {count} clients")


def all_clients_together_have_only_so_many_connections(scene):
    relay = scene.relay("receivers 1\nlimits { connections 5 }", to=9)
    clients = _connect(relay.port, 5)
    refused = _Wire(relay.port, greeting=421)
    assert refused.ends() == b""
    clients[4].ask("EHLO client.test\r\n", 250)


def strangers_cannot_take_the_last_connections(scene):
    stranger = free_port()
    relay = scene.relay("receivers 1\nlimits { connections 16 }", to=9,
                        listen_more=f"listen 127.0.0.1:{stranger} {{ trust 192.0.2.0/24 }}")
    strangers = _connect(stranger, 14)
    assert _Wire(stranger, greeting=421).ends() == b""
    friends = _connect(relay.port, 2)
    assert _Wire(relay.port, greeting=421).ends() == b""
    friends[0].ask("NOOP\r\n", 250)
    strangers[0].ask("NOOP\r\n", 250)


def without_descriptors_clients_are_told_so_and_who_is_in_goes_on(scene):
    sink = scene.sink()
    relay = scene.relay("receivers 1\nqueue { large-message 4k }", to=sink.port)
    receiver, = children(relay, "receiver")
    few = len(os.listdir(f"/proc/{receiver}/fd")) + 20
    try:
        resource.prlimit(receiver, resource.RLIMIT_NOFILE, (few, few))
    except PermissionError:             # then the limit is there from birth
        relay.stop()
        relay.process = scene.beside("few", ["prlimit", f"--nofile={few}", f"{scene.prefix}/sbin/postriderd", "-f", "-c",
                                             relay.conf])
        relay.ready()
        receiver, = children(relay, "receiver")
    clients = [_Wire(relay.port, greeting=None) for _ in range(40)]
    codes = [client.hear()[0] for client in clients]
    welcome = codes.count(220)
    # one that was turned away may leave its place to a later one
    assert 5 < welcome < 20 and codes[:5] == [220] * 5 and codes.count(421) == 40 - welcome, codes
    before = cpu(receiver)
    time.sleep(1)
    assert cpu(receiver) - before < 0.2, "it spins"
    client = clients[0]
    client.ask("EHLO client.test\r\n", 250)
    client.ask("MAIL FROM:<a@client.test>\r\n", 250)
    client.ask("RCPT TO:<b@example.org>\r\n", 250)
    client.ask("DATA\r\n", 354)
    client.ask("Subject: x\r\n\r\n" + ("y" * 70 + "\r\n") * 100 + ".\r\n", 250)
    sink.wait(1)
    for client in clients[:welcome // 2]:
        client.socket.close()

    def comes_in():
        client = _Wire(relay.port, greeting=None)
        return client.hear()[0] == 220
    wait_until(comes_in, "others come in")


def a_stranger_that_is_refused_again_and_again_does_not_fill_the_log(scene):
    stranger = free_port()
    relay = scene.relay("receivers 1\nlimits { errors 1000; connections-per-minute 8 }", to=9,
                        listen_more=f"listen 127.0.0.1:{stranger} {{ trust 192.0.2.0/24 }}")
    for _ in range(4):
        client = _Wire(stranger)
        client.ask("EHLO client.test\r\n", 250)
        client.ask("MAIL FROM:<a@client.test>\r\n", 250)
        for i in range(50):
            client.ask(f"RCPT TO:<b{i}@example.org>\r\n", 550)
        client.ask("QUIT\r\n", 221)
    friend = _Wire(relay.port)
    friend.ask("EHLO client.test\r\n", 250)
    for i in range(30):
        friend.ask(f"MAIL FROM:<f{i}@client.test> SIZE=99999999999\r\n", 552)
    relay.wait_log("from=<f29@client.test>")
    said = relay.log_text()
    assert said.count("@example.org>") == 20 and said.count("from=<f") == 30, said[-2000:]
    for _ in range(4):
        _Wire(stranger)
    assert _Wire(stranger, greeting=421).ends() == b""
    _Wire(relay.port)
    relay.stop()
    relay.wait_log(r"NOQUEUE: reject: 180 more in a minute from unknown\[127\.0\.0\.1\]")


# ---- room -------------------------------------------------------------------------------


def without_room_on_disk_mail_is_refused_before_data(scene):
    relay = scene.relay(start=False, to=9)
    with open(relay.conf) as f:
        text = f.read().replace("reserve 1M", "reserve 1000G")
    with open(relay.conf, "w") as f:
        f.write(text)
    relay.start().ready()
    client = _Wire(relay.port)
    client.ask("EHLO client.test\r\n", 250)
    text = client.ask("MAIL FROM:<a@client.test>\r\n", 452)
    assert text.startswith("4.3.1"), text


def messages_in_memory_are_bounded_however_many_come(scene):
    relay = scene.relay("receivers 1\nlimits { memory 2M; message-size 20M }\nqueue { large-message 1M }", to=9)
    receiver, = children(relay, "receiver")
    block = b"x" * 62 + b"\r\n"
    before = memory(receiver)
    clients = [_Wire(relay.port).begin() for _ in range(20)]
    for client in clients:
        client.say(b"Subject: x\r\n\r\n" + block * 12000)      # 768 kB each
    assert_grew_less(receiver, before, 8e6)
    codes = []
    for client in clients:
        client.say(".\r\n")
        codes.append(client.hear()[0])
    assert set(codes) == {250, 452}, codes
    _Wire(relay.port).begin().ask("small\r\n.\r\n", 250)


def a_large_message_takes_no_memory_and_arrives_whole(scene):
    sink = scene.sink()
    relay = scene.relay("receivers 1\nqueue { large-message 64k }\nlimits { message-size 100M }", to=sink.port)
    receiver, = children(relay, "receiver")
    lines = [b"%08d %s" % (i, b"y" * 900) for i in range(8000)]
    client = _Wire(relay.port).begin()
    before = memory(receiver)
    client.say(b"Subject: large\r\n\r\n")
    for at in range(0, len(lines), 1000):
        client.say(b"\r\n".join(lines[at:at + 1000]) + b"\r\n")
    assert_grew_less(receiver, before, 4e6)
    text = client.ask(".\r\n", 250)
    assert "queued as" in text
    message, = sink.wait()
    assert message["body"].endswith(b"\r\n\r\n" + b"\r\n".join(lines) + b"\r\n")


def a_large_message_whose_client_leaves_is_removed(scene):
    relay = scene.relay("queue { large-message 16k }", to=9)
    client = _Wire(relay.port).begin()
    client.say(b"Subject: large\r\n\r\n" + (b"z" * 998 + b"\r\n") * 1000)
    wait_until(lambda: _segments(relay), "a segment of its own")
    client.socket.close()
    wait_until(lambda: not _segments(relay), "the segment to go")
    assert "message-id" not in relay.log_text()


def a_large_message_that_is_refused_is_removed(scene):
    relay = scene.relay("queue { large-message 16k }\nlimits { message-size 512k }", to=9)
    client = _Wire(relay.port).begin()
    client.say(b"Subject: large\r\n\r\n" + (b"z" * 998 + b"\r\n") * 1000)
    text = client.ask(".\r\n", 552)
    assert text.startswith("5.3.4"), text
    wait_until(lambda: not _segments(relay), "the segment to go")
    client.data()
    client.ask("small\r\n.\r\n", 250)


# ---- the end ------------------------------------------------------------------------------


def a_stop_ends_idle_sessions_and_lets_the_others_finish(scene):
    relay = scene.relay(to=9)
    idle = _Wire(relay.port)
    busy = _Wire(relay.port).begin()
    busy.say("Subject: x\r\n\r\n")
    relay.process.kill(15)
    code, text = idle.hear()
    assert (code, text[:5]) == (421, "4.3.2"), (code, text)
    assert idle.ends() == b""
    busy.ask("late\r\n.\r\n", 250)
    assert busy.hear()[0] == 421
    assert busy.ends() == b""
    assert relay.process.process.wait(30) == 0


def a_reload_moves_to_another_address_and_learns_tls(scene):
    relay = scene.relay(to=9)
    client = _Wire(relay.port)
    assert "STARTTLS" not in client.ask("EHLO client.test\r\n", 250)
    other = free_port()
    relay.configure(certificate(scene) + "route * { to 127.0.0.1:9 }",
                    listen_more=f"listen 127.0.0.1:{other} {{ trust 127.0.0.0/8; ceiling bulk }}")
    relay.process.kill(1)
    wait_until(lambda: _answers(other), "the new address")
    text = _Wire(other).ask("EHLO client.test\r\n", 250)
    assert "STARTTLS" in text, text
    wait_until(lambda: "STARTTLS" in _Wire(relay.port).ask("EHLO client.test\r\n", 250), "TLS at the old address")
    client.ask("NOOP\r\n", 250)
    relay.configure("route * { to 127.0.0.1:9 }")
    relay.process.kill(1)
    wait_until(lambda: not _answers(other), "the new address to close")
    client.ask("NOOP\r\n", 250)


def _answers(port):
    try:
        _Wire(port).socket.close()
        return True
    except OSError:
        return False


# ---- TLS -------------------------------------------------------------------------------


def mail_comes_over_starttls_and_says_so(scene):
    sink = scene.sink()
    relay = scene.relay(certificate(scene), to=sink.port)
    client = _Wire(relay.port)
    assert "STARTTLS" in client.ask("EHLO client.test\r\n", 250)
    client.starttls()
    client.ask("MAIL FROM:<a@client.test>\r\n", 503)
    client.begin().ask("Subject: tls\r\n\r\nx\r\n.\r\n", 250)
    message, = sink.wait()
    assert b"with ESMTPS" in message["body"], message["body"]
    assert re.search(rb"TLSv1\.[23]", message["body"]), message["body"]


def what_comes_between_starttls_and_the_handshake_is_not_obeyed(scene):
    relay = scene.relay(certificate(scene), to=9)
    client = _Wire(relay.port)
    client.ask("EHLO client.test\r\n", 250)
    client.ask("STARTTLS\r\n", 220)
    client.say("EHLO evil.test\r\nMAIL FROM:<x@y.test>\r\n")
    rest = client.ends()
    assert b"250" not in rest, rest


def a_listener_may_speak_tls_from_the_first_byte(scene):
    implicit = free_port()
    relay = scene.relay(certificate(scene), to=9,
                        listen_more=f"listen 127.0.0.1:{implicit} {{ trust 127.0.0.0/8; tls implicit }}")
    client = _Wire(implicit, greeting=None)
    client.shake()
    assert client.hear()[0] == 220
    text = client.ask("EHLO client.test\r\n", 250)
    assert "STARTTLS" not in text
    client.data()
    client.ask("x\r\n.\r\n", 250)
    relay.wait_log("client=unknown\\[127.0.0.1\\]")


# ---- local users ---------------------------------------------------------------------


def a_local_user_submits_over_a_socket_and_is_named(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port, listen="trust 192.0.2.0/24")
    client = _Wire(path=relay.control + ".submit").begin()
    client.ask("Subject: local\r\n\r\nx\r\n.\r\n", 250)
    message, = sink.wait()
    assert b"uid %d" % os.getuid() in message["body"].split(b"Subject", 1)[0], message["body"]
    relay.wait_log(f"uid={os.getuid()} from=<a@client.test>")
