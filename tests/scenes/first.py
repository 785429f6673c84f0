# SPDX-License-Identifier: ISC
"""first: mail goes in, and the same mail comes out."""
import os
import smtplib
import subprocess

from scene import free_port, wait_until


def a_message_from_smtplib_reaches_the_sink(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    text = "Subject: hello\r\nX: y\r\n\r\nhello\r\n.dot\r\n..\r\nlast\r\n"
    ident = relay.send("b@example.org", text)
    message, = sink.wait()
    head, body = message["body"].split(b"Subject: ", 1)
    # smtplib stuffs the dots, and so must what comes out be stuffed
    assert body == b"hello\r\nX: y\r\n\r\nhello\r\n..dot\r\n...\r\nlast\r\n", body
    assert head.startswith(b"Received: from client.test ([127.0.0.1]"), head
    assert ident.encode() in head, head
    assert head.count(b"Received:") == 1
    assert message["mail"].startswith("MAIL FROM:<a@client.test>"), message["mail"]
    assert [r["address"] for r in message["rcpts"]] == ["b@example.org"]
    relay.wait_empty()
    relay.wait_log(f"{ident}: to=<b@example.org>, relay=127.0.0.1.*dsn=2.0.0, status=sent \\(250 2.0.0 Ok\\)")


def swaks_is_served_and_its_message_arrives(scene):
    swaks, environment = scene.program("swaks")
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    done = subprocess.run([swaks, "--server", f"127.0.0.1:{relay.port}", "--from", "a@client.test", "--to",
                           "b@example.org,c@example.org", "--body", "by swaks", "--ehlo", "client.test"],
                          env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "250 2.0.0 Ok: queued as " in done.stdout, done.stdout
    message, = sink.wait()
    assert b"\r\nby swaks\r\n" in message["body"]
    assert sorted(r["address"] for r in message["rcpts"]) == ["b@example.org", "c@example.org"]


def smtplib_learns_what_the_relay_offers(scene):
    relay = scene.relay(to=9)
    with relay.smtp() as client:
        offered = set(client.esmtp_features)
    wanted = {"pipelining", "size", "8bitmime", "enhancedstatuscodes", "dsn", "mt-priority"}
    assert wanted <= offered, offered
    assert "starttls" not in offered, "no certificate is configured"


def a_stranger_is_refused_and_nothing_reaches_the_sink(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port, listen="trust 192.0.2.0/24")
    with relay.smtp() as client:
        client.mail("a@client.test")
        code, text = client.rcpt("b@example.org")
        assert (code, text[:5]) == (550, b"5.7.1"), (code, text)
        code, _ = client.docmd("DATA")
        assert code in (503, 554), code
    assert relay.queue() == []
    assert sink.messages() == []


def all_that_smtp_source_sends_smtp_sink_counts(scene):
    source, environment = scene.program("smtp-source", "postfix")
    sink, _ = scene.program("smtp-sink", "postfix")
    port, count = free_port(), 1000
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    counter = scene.beside("smtp-sink", [sink, *user, "-c", f"127.0.0.1:{port}", "100"], env=environment)
    relay = scene.relay(to=port)
    done = subprocess.run([source, "-s", "20", "-m", str(count), "-l", "4000", "-f", "a@client.test", "-t",
                           "b@example.org", f"127.0.0.1:{relay.port}"],
                          env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    wait_until(lambda: relay.log_text().count("status=sent") == count, f"{count} deliveries", 60)
    relay.wait_empty()
    counter.end()
    with open(counter.out) as f:
        told = f.read()
    assert told.rstrip().endswith(f"mesg={count}"), f"smtp-sink counted {told[-40:]}"


def a_thousand_recipients_are_taken_in_one_message(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    everybody = [f"r{i}@example.org" for i in range(1000)]
    relay.send(everybody)
    wait_until(lambda: sum(len(m["rcpts"]) for m in sink.delivered()) >= 1000, "1000 recipients")
    got = [r["address"] for m in sink.delivered() for r in m["rcpts"]]
    assert sorted(got) == sorted(everybody)
    assert all(len(m["rcpts"]) <= 100 for m in sink.delivered()), "at most 100 in a transaction"


def the_same_connection_carries_many_messages(scene):
    sink = scene.sink()
    relay = scene.relay("site * { connections 1 }", to=sink.port)
    with smtplib.SMTP("127.0.0.1", relay.port) as client:
        for i in range(20):
            client.sendmail("a@client.test", [f"b{i}@example.org"], f"Subject: {i}\r\n\r\nx\r\n")
    messages = sink.wait(20)
    assert {m["connection"] for m in messages} == {messages[0]["connection"]}
