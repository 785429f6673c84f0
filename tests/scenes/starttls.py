# SPDX-License-Identifier: ISC
"""starttls: what was said in clear is forgotten, and clear never comes back."""
import os
import re
import socket
import ssl
import subprocess

from raw import BEGIN, FROM, TO, Raw, certificate, trusting
from scene import free_port, wait_until


def _stage(scene, more=""):
    sink = scene.sink()
    return sink, scene.relay(certificate(scene) + more, to=sink.port)


def _nothing_but_this(relay, sink):
    """The relay lives, a good message is delivered, and nothing came before it."""
    with Raw(relay.port) as raw:
        raw.deliver(b"Subject: good\r\n\r\nx\r\n", sender="good@client.test")
        raw.bye()
    message, = sink.wait()
    assert message["mail"].startswith("MAIL FROM:<good@client.test>")
    relay.wait_empty()
    assert len(sink.messages()) == 1


def what_follows_starttls_in_clear_ends_the_session(scene):
    sink, relay = _stage(scene)
    rows = {
        "EHLO": b"EHLO evil.test\r\n",
        "a whole message": BEGIN + b"\r\nevil\r\n.\r\n",
        "NOOP": b"NOOP\r\n",
        "a part of a command": b"N",
        "RSET, and STARTTLS again": b"RSET\r\nSTARTTLS\r\n",
        "an empty line": b"\r\n",
    }
    for name, injected in rows.items():
        with scene.row(f"{name} behind STARTTLS ends the session"):
            with Raw(relay.port) as raw:
                raw.send(b"STARTTLS\r\n" + injected)
                raw.ended("554 5.5.0")
    _nothing_but_this(relay, sink)


def what_comes_too_early_ends_the_session(scene):
    """Before the reply to EHLO, and before 354."""
    sink, relay = _stage(scene)
    rows = {
        "MAIL behind EHLO": (b"EHLO x.test\r\n" + FROM, []),
        "MAIL behind HELO": (b"HELO x.test\r\n" + FROM, []),
        "the content behind DATA": (BEGIN + b"\r\nearly\r\n.\r\n", ["250 2.1.0", "250 2.1.5"]),
        "one byte behind DATA": (BEGIN + b".", ["250 2.1.0", "250 2.1.5"]),
        "QUIT behind DATA": (BEGIN + b"QUIT\r\n", ["250 2.1.0", "250 2.1.5"]),
    }
    for name, (text, replies) in rows.items():
        with scene.row(f"{name} ends the session"):
            with Raw(relay.port) as raw:
                raw.send(text)
                if replies:
                    raw.expect(*replies)
                raw.ended("554 5.5.0")
    _nothing_but_this(relay, sink)


def the_handshake_wipes_what_was_said_before(scene):
    sink, relay = _stage(scene)
    with scene.row("MAIL is refused until EHLO comes again"):
        with Raw(relay.port) as raw:
            raw.secure(hello=None)
            raw.ask(FROM, "503 5.5.1 Say EHLO first")
            raw.ask("RSET", "250 2.0.0")
            raw.ask(FROM, "503 5.5.1 Say EHLO first")
            raw.ask(TO, "503 5.5.1")
            raw.ask("DATA", "503 5.5.1")
            raw.ask("EHLO x.test", "250")
            raw.ask(TO, "503 5.5.1")
            raw.bye()
    with scene.row("STARTTLS is not taken within a transaction"):
        with Raw(relay.port) as raw:
            raw.ask(FROM, "250 2.1.0")
            raw.ask("STARTTLS", "503 5.5.1")
            raw.ask(TO, "250 2.1.5")
            raw.bye()
    with scene.row("STARTTLS before EHLO is refused"):
        with Raw(relay.port, hello=None) as raw:
            raw.expect("220")
            raw.ask("STARTTLS", "503 5.5.1")
            raw.bye()
    with scene.row("STARTTLS with an argument earns a 501 and no handshake"):
        with Raw(relay.port) as raw:
            raw.ask("STARTTLS now", "501 5.5.4")
            raw.secure()
            raw.bye()
    with scene.row("STARTTLS is offered once, and not taken twice"):
        with Raw(relay.port) as raw:
            assert "STARTTLS" in raw.ask("EHLO x.test", "250")
            raw.secure(hello=None)
            assert "STARTTLS" not in raw.ask("EHLO x.test", "250")
            raw.ask("STARTTLS", "503 5.5.1 TLS is on already")
            raw.bye()
    _nothing_but_this(relay, sink)


def starttls_without_certificate_is_not_there(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    with Raw(relay.port) as raw:
        assert "STARTTLS" not in raw.ask("EHLO x.test", "250")
        raw.ask("STARTTLS", "502 5.5.1")
        raw.bye()
    _nothing_but_this(relay, sink)


def mail_over_tls_says_so_in_its_received_field(scene):
    sink = scene.sink()
    implicit = free_port()
    relay = scene.relay(certificate(scene), to=sink.port,
                        listen_more=f"listen 127.0.0.1:{implicit} {{ trust 127.0.0.0/8; tls implicit }}")
    raw = Raw(relay.port).secure()
    raw.deliver(b"Subject: x\r\n\r\nx\r\n")
    raw.bye()
    raw = Raw(implicit, hello=None)
    raw.socket = trusting().wrap_socket(raw.socket)
    raw.expect("220 ")
    assert "STARTTLS" not in raw.ask("EHLO client.test", "250-")
    raw.deliver(b"Subject: x\r\n\r\nx\r\n")
    raw.bye()
    for message in sink.wait(2):
        field = b" ".join(message["body"].split(b"\r\nSubject")[0].split())
        assert re.search(rb"\(using TLSv1\.3 cipher TLS_\w+\) by relay\.test with ESMTPS id ", field), field


def _goodbye(raw):
    """Our close_notify, without waiting for the relay's."""
    raw.socket.setblocking(False)
    try:
        raw.socket.unwrap()
    except (ssl.SSLWantReadError, ssl.SSLError, OSError):
        pass


def _in_clear(tls, injected):
    """Send bytes under the TLS of a socket; nothing good is answered, and the relay closes."""
    with socket.socket(fileno=os.dup(tls.fileno())) as bare:
        bare.settimeout(30)
        try:
            bare.sendall(injected)
            while (piece := bare.recv(1 << 16)):
                assert b"250" not in piece, piece
        except ConnectionError:
            pass


def the_end_of_tls_is_the_end_of_the_session(scene):
    """close_notify, or nothing at all, in each state; then bytes in clear."""
    sink, relay = _stage(scene)
    states = {
        "before EHLO": [],
        "after EHLO": [("EHLO x.test", "250")],
        "after MAIL": [("EHLO x.test", "250"), (FROM, "250")],
        "after RCPT": [("EHLO x.test", "250"), (FROM, "250"), (TO, "250")],
        "in the message": [("EHLO x.test", "250"), (FROM, "250"), (TO, "250"), (b"DATA\r\n", "354")],
    }
    clear = {"nothing": b"", "a byte": b"x", "the end of a message": b"\r\nclear\r\n.\r\n",
             "commands": b"RSET\r\nEHLO y.test\r\n" + BEGIN}
    for state, said in states.items():
        for name, injected in clear.items():
            with scene.row(f"{name} in clear after a close_notify {state} is nothing"):
                raw = Raw(relay.port)
                raw.secure(hello=None)
                for line, reply in said:
                    raw.ask(line, reply)
                if state == "in the message":
                    raw.send(b"Subject: cut off\r\n\r\ncut off\r\n")
                _goodbye(raw)
                _in_clear(raw.socket, injected)
                raw.socket.close()
    with scene.row("a connection lost in the message is no end of it"):
        raw = Raw(relay.port).secure()
        raw.ask(BEGIN, "250", "250", "354")
        raw.send(b"Subject: cut off\r\n\r\ncut off\r\n")
        raw.socket.close()
    _nothing_but_this(relay, sink)


def junk_instead_of_a_handshake_ends_the_session(scene):
    sink, relay = _stage(scene)
    rows = {"clear text": b"EHLO x.test\r\n", "zeros": bytes(100), "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
            "a huge record": b"\x16\x03\x01\xff\xff" + b"\x01" * 70000,
            "a cut ClientHello": b"\x16\x03\x01\x02\x00\x01"}
    for name, junk in rows.items():
        with scene.row(f"{name} instead of a handshake ends the session"):
            with Raw(relay.port) as raw:
                raw.ask("STARTTLS", "220")
                try:
                    raw.send(junk)
                    raw.socket.shutdown(socket.SHUT_WR)
                except OSError:         # it has closed already
                    pass
                assert b"250" not in raw.rest()
    _nothing_but_this(relay, sink)


_S_CLIENT = ["openssl", "s_client", "-starttls", "smtp", "-name", "client.test", "-crlf", "-connect"]


def _s_client(relay, *words, input="quit\n"):
    """Standard output and error of openssl s_client, which takes lines that begin with Q or R for itself."""
    done = subprocess.run(_S_CLIENT + [f"127.0.0.1:{relay.port}", "-ign_eof", *words], input=input,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.stdout


def old_versions_and_renegotiation_are_refused(scene):
    sink, relay = _stage(scene, "limits { idle 5s }")
    for version, good in ("tls1", False), ("tls1_1", False), ("tls1_2", True), ("tls1_3", True):
        with scene.row(f"openssl s_client -{version} is {'served' if good else 'refused'}"):
            text = _s_client(relay, f"-{version}", "-cipher", "ALL:@SECLEVEL=0")
            assert bool(re.search("^221 2.0.0", text, re.M)) == good, text[-500:]
            assert ("Cipher is (NONE)" in text) != good, text[-500:]
    with scene.row("a renegotiation is refused"):
        with subprocess.Popen(_S_CLIENT + [f"127.0.0.1:{relay.port}", "-tls1_2"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
            child.stdin.write("R\n")
            child.stdin.flush()
            text = child.stdout.read()      # it ends by itself, or when the relay finds it idle
        assert "RENEGOTIATING" in text and "no renegotiation" in text, text[-500:]
    with scene.row("compression and early data are not there"):
        text = _s_client(relay, "-tls1_3")
        assert "Compression: NONE" in text and "Max Early Data: 0" in text, text[-500:]
    _nothing_but_this(relay, sink)


def a_certificate_that_expires_is_told_at_check_start_and_reload(scene):
    pem, key = f"{scene.dir}/cert.pem", f"{scene.dir}/key.pem"

    def renew(days):
        request = f"{scene.dir}/request"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", request, "-subj", "/CN=relay.test"],
                       check=True, capture_output=True, timeout=60)
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-signkey", key, "-out", pem, "-days", str(days)],
                       check=True, capture_output=True, timeout=60)

    renew(-1)
    relay = scene.relay(f"tls {{ certificate {pem}; key {key} }}\n", to=9, start=False)
    words = rf"warning: TLS: {pem} has expired \(on \d{{4}}-\d\d-\d\d\)"
    tried = subprocess.run([f"{scene.prefix}/sbin/postriderd", "-t", "-c", relay.conf], capture_output=True, text=True)
    assert tried.returncode == 0 and re.search(words, tried.stderr) and "ok" in tried.stdout, tried
    checked = relay.tool("config", "check", check=False)
    assert checked.returncode == 0 and re.search(words, checked.stderr), checked
    relay.start().ready()
    relay.wait_log(rf"master\[\d+\]: warning: .*: TLS: {pem} has expired")
    renew(4)
    relay.tool("reload")
    relay.wait_log(rf"master\[\d+\]: warning: .*: TLS: {pem} expires in [34] days \(on \d{{4}}-\d\d-\d\d\)")
    renew(90)
    relay.tool("reload")
    wait_until(lambda: relay.log_text().count("reloaded ") == 2, "the second reload")
    assert relay.log_text().count(f": TLS: {pem} ") == 2, relay.log_text()
    assert "warning" not in relay.tool("config", "check", check=False).stderr
