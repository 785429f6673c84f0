# SPDX-License-Identifier: ISC
"""clients: programs that send mail in earnest, one after the other."""
import re
import smtplib
import subprocess

from raw import certificate, content, trusting
from scene import Skip, wait_until


def _stage(scene):
    sink = scene.sink()
    return sink, scene.relay(certificate(scene), to=sink.port)


def _run(command, environment=None, input=None):
    done = subprocess.run(command, env=environment, input=input, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def _by(sink, recipient):
    found, = [m for m in sink.delivered() if recipient in [r["address"] for r in m["rcpts"]]]
    return found


def smtplib_sends_in_clear_and_over_tls(scene):
    sink, relay = _stage(scene)
    with smtplib.SMTP("127.0.0.1", relay.port) as client:
        client.starttls(context=trusting())
        client.sendmail("a@client.test", ["b@example.org", "c@example.org"], "Subject: tls\n\n.dot\n",
                        mail_options=["BODY=8BITMIME"])
        assert client.noop()[0] == 250 and client.rset()[0] == 250 and client.verify("b@example.org")[0] == 252
        client.sendmail("a@client.test", "d@example.org", b"Subject: again\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n")
        try:
            client.sendmail("a@client.test", ["b..b@example.org"], "x\n")
            assert False, "this was taken"
        except smtplib.SMTPRecipientsRefused as refused:
            (code, text), = refused.recipients.values()
            assert code == 501, text
    first, second = sink.wait(2)
    assert content(first) == b"Subject: tls\r\n\r\n.dot\r\n" and len(first["rcpts"]) == 2
    assert content(second) == b"Subject: again\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n"
    relay.wait_empty()


def swaks_is_served_over_tls(scene):
    swaks, environment = scene.program("swaks")
    sink, relay = _stage(scene)
    common = [swaks, "--server", f"127.0.0.1:{relay.port}", "--from", "a@client.test", "--ehlo", "client.test"]
    if "TLS supported" not in _run([swaks, "--support"], environment):
        raise Skip("swaks has no TLS without libnet-ssleay-perl")
    text = _run([*common, "--to", "tls@example.org", "--tls", "--body", "by swaks"], environment)
    assert re.search(r"TLSv1\.[23]:", text) and "250 2.0.0 Ok: queued as" in text, text
    _run([*common, "--to", "pipe@example.org", "--pipeline", "--body", "by swaks"], environment)
    _run([*common, "--to", "helo@example.org", "--protocol", "SMTP", "--body", "by swaks"], environment)
    sink.wait(3)
    for recipient, protocol in ("tls", b"ESMTPS"), ("pipe", b"ESMTP"), ("helo", b"SMTP"):
        message = _by(sink, f"{recipient}@example.org")
        assert b" with %s id " % protocol in message["body"] and b"\r\nby swaks\r\n" in message["body"], message
    relay.wait_empty()


def curl_sends_mail(scene):
    curl, environment = scene.program("curl")
    sink, relay = _stage(scene)
    path = f"{scene.dir}/mail"
    with open(path, "wb") as f:
        f.write(b"Subject: by curl\r\n\r\n.dot\r\n..\r\n" + b"x" * 5000 + b"\r\n")
    common = [curl, "-sS", "-k", "--mail-from", "a@client.test", "--upload-file", path]
    url = f"smtp://127.0.0.1:{relay.port}/client.test"
    _run([*common, url, "--mail-rcpt", "clear@example.org"], environment)
    _run([*common, url, "--mail-rcpt", "tls@example.org", "--mail-rcpt", "two@example.org", "--ssl-reqd"], environment)
    sink.wait(2)
    with open(path, "rb") as f:
        wanted = f.read()
    for recipient, protocol in ("clear", b"ESMTP"), ("tls", b"ESMTPS"):
        message = _by(sink, f"{recipient}@example.org")
        assert content(message) == wanted and b" with %s id " % protocol in message["body"]


def smtp_source_sends_in_many_ways(scene):
    source, environment = scene.program("smtp-source", "postfix")
    sink, relay = _stage(scene)
    common = [source, "-f", "a@client.test", "-m", "40", "-s", "5"]
    ways = {"one": [], "many": ["-r", "7"], "kept": ["-d"], "large": ["-l", "300000"]}
    for name, words in ways.items():
        _run([*common, *words, "-t", f"{name}@example.org", f"127.0.0.1:{relay.port}"], environment)
    messages = sink.wait(len(ways) * 40)
    for name in ways:
        found = [m for m in messages if any(r["address"].endswith(f"{name}@example.org") for r in m["rcpts"])]
        assert len(found) == 40, f"{name}: {len(found)}"
        assert {len(m["rcpts"]) for m in found} == {7 if name == "many" else 1}
    assert len({m["body"] for m in messages}) == len(messages), "each has an id of its own"
    relay.wait_empty()


def openssl_s_client_can_be_used_by_hand(scene):
    openssl, environment = scene.program("openssl")
    sink, relay = _stage(scene)
    with subprocess.Popen([openssl, "s_client", "-quiet", "-starttls", "smtp", "-crlf", "-connect",
                           f"127.0.0.1:{relay.port}"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as child:
        for line, reply in (("EHLO client.test", "250 ENH"), ("MAIL FROM:<a@client.test>", "250 2.1.0"),
                            ("RCPT TO:<b@example.org>", "250 2.1.5"), ("DATA", "354"),
                            ("Subject: by hand\n\nx\n.", "250 2.0.0"), ("QUIT", "221 2.0.0")):
            child.stdin.write(line + "\n")
            child.stdin.flush()
            while (heard := child.stdout.readline())[3:4] == "-":
                pass
            assert heard.startswith(reply), (line, heard)
    message, = sink.wait()
    assert content(message) == b"Subject: by hand\r\n\r\nx\r\n"


def sendmail_is_used_as_programs_use_it(scene):
    """cron, mutt, git and PHP."""
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    text = "From: a@client.test\nTo: {0}@example.org\nSubject: x\n\nx\n.\nmore\n"
    rows = {
        "cron": ["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root@client.test"],
        "mutt": ["-oem", "-oi", "-f", "a@client.test", "--", "mutt@example.org"],
        "git": ["-i", "git@example.org"],
        "php": ["-t", "-i"],
        "all": ["-t", "-i", "-f", "a@client.test", "-N", "failure,delay", "-R", "hdrs", "-V", "id-1", "-B8BITMIME"],
    }
    for name, words in rows.items():
        with scene.row(f"sendmail {' '.join(words)} is understood"):
            assert relay.sendmail(*words, input=text.format(name)) == ""
    sink.wait(len(rows))
    for name in rows:
        with scene.row(f"what {name} sends arrives"):
            assert content(_by(sink, f"{name}@example.org")).endswith(b"\r\n\r\nx\r\n.\r\nmore\r\n")
    with scene.row("its DSN parameters arrive with it"):
        message = _by(sink, "all@example.org")
        assert "RET=HDRS ENVID=id-1" in message["mail"] and "NOTIFY=FAILURE,DELAY" in message["rcpts"][0]["line"]
    with scene.row("a session may be given to sendmail -bs at once"):
        answer = relay.sendmail("-bs", input="EHLO x\r\nMAIL FROM:<a@client.test>\r\nRCPT TO:<bs@example.org>\r\n"
                                "DATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
        assert re.search("^250 2.0.0 Ok: queued as", answer, re.M) and "\n221 2.0.0" in answer, answer
        wait_until(lambda: len(sink.delivered()) == len(rows) + 1, "that message")
    relay.wait_empty()
