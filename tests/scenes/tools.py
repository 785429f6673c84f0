# SPDX-License-Identifier: ISC
"""tools: sendmail, mailq and postrider against a running relay."""
import glob
import json
import os
import re
import subprocess
import time

from scene import wait_until


def _content(message):
    """The content without our Received field."""
    body = message["body"]
    return body[re.match(rb"Received:.*?\r\n(?![ \t])", body, re.S).end():]


def sendmail_hands_over_a_message_and_completes_its_header(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    relay.sendmail("-f", "a@client.test", "-F", "Ann Example", "b@example.org",
                   input="Subject: hello\n\n.dot\nlast\n.\nnot sent\n")
    message, = sink.wait()
    content = _content(message)
    head, body = content.split(b"\r\n\r\n", 1)
    assert body == b"..dot\r\nlast\r\n", body
    assert b"\r\nFrom: Ann Example <a@client.test>\r\n" in b"\r\n" + head, head
    assert re.search(rb"^Message-ID: <\S+@relay.test>\r$", head + b"\r", re.M | re.I), head
    assert re.search(rb"^Date: \w\w\w, ", head, re.M), head
    assert message["mail"].startswith("MAIL FROM:<a@client.test>")


def sendmail_t_takes_recipients_from_the_header_and_bcc_out_of_it(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    relay.sendmail("-t", "-i", "e@example.org", input="""From: a@client.test
To: "Example, B" <b@example.org>,
\tlocal (no domain)
Cc: Team: c@example.org;
Bcc: d@example.org
Subject: x

.
body
""")
    message, = sink.wait()
    content = _content(message)
    assert b"d@example.org" not in content and b"Bcc" not in content, content
    assert content.endswith(b"\r\n\r\n..\r\nbody\r\n"), content
    addresses = sorted(r["address"] for r in message["rcpts"])
    assert addresses == ["b@example.org", "c@example.org", "d@example.org", "e@example.org",
                         "local@relay.test"], addresses


def sendmail_tells_by_its_exit_code_why_not(scene):
    relay = scene.relay(to=9)
    cases = [
        (64, "no recipients", [], "Subject: x\n\nx\n"),
        (64, "none in To", ["-t"], "Subject: x\n\nx\n"),
        (64, "no such option", ["-z", "b@example.org"], ""),
        (65, "not an address", ["not an address"], ""),
        (65, "not an address", ["-O", "recipients=all", "b@example.org", "not an address"], ""),
        (65, "To: not an address", ["-t"], "To: Ann Example\n\n"),
    ]
    for status, words, arguments, text in cases:
        done = relay.sendmail(*arguments, input=text, check=False)
        assert done.returncode == status and words in done.stderr, (arguments, done)
    assert relay.queue() == []


def sendmail_exits_75_when_the_relay_is_down(scene):
    relay = scene.relay(to=9, start=False)
    done = relay.sendmail("b@example.org", input="x\n", check=False)
    assert done.returncode == 75, done
    assert f"cannot reach the relay at {relay.control}.submit: No such file or directory" \
        " (is postriderd running?)" in done.stderr, done.stderr
    done = relay.tool("status", check=False)
    assert done.returncode == 69 and "is postriderd running?" in done.stderr, done


def sendmail_streams_a_large_message(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    line = "x" * 70 + "\n"
    relay.sendmail("b@example.org", input="Subject: large\n\n" + line * 100000)
    message, = sink.wait()
    assert len(_content(message).split(b"\r\n\r\n", 1)[1]) == 72 * 100000


def sendmail_bs_speaks_smtp_on_its_standard_input(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    child = subprocess.Popen([f"{scene.prefix}/sbin/sendmail", "-C", relay.conf, "-bs"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    for words, code in (("", "220"), ("EHLO x.test\n", "250"), ("MAIL FROM:<a@client.test>\n", "250"),
                        ("RCPT TO:<b@example.org>\n", "250"), ("DATA\n", "354"),
                        ("Subject: x\n\nx\n.\n", "250"), ("QUIT\n", "221")):
        child.stdin.write(words.replace("\n", "\r\n"))
        child.stdin.flush()
        answer = child.stdout.readline()
        while answer[3:4] == "-":
            answer = child.stdout.readline()
        assert answer.startswith(code), (words, answer)
    child.stdin.close()
    assert child.stdout.read() == "" and child.wait(30) == 0
    sink.wait()


def sendmail_passes_dsn_and_priority_on(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    relay.sendmail("-N", "success,failure", "-R", "hdrs", "-V", "a+b", "-O", "priority=4", "-f", "a@client.test",
                   "b@example.org", input="Subject: x\n\nx\n")
    message, = sink.wait()
    assert " RET=HDRS" in message["mail"] and " ENVID=a+2Bb" in message["mail"], message["mail"]
    assert "NOTIFY=SUCCESS,FAILURE" in message["rcpts"][0]["line"], message["rcpts"]
    relay.wait_log("status=sent.*class=urgent")


def sendmail_passes_the_times_on_that_mail_is_to_keep_to(scene):
    sink = scene.sink({"extensions": ["PIPELINING", "DELIVERBY"]})
    relay = scene.relay("limits { hold 1h }", to=sink.port)
    begin = time.time()
    relay.sendmail("-O", "deliverby=600;R", "-O", "holdfor=3", "b@example.org", input="Subject: x\n\nx\n")
    row, = wait_until(relay.queue, "the message in the queue")
    assert row["queue_name"] == "deferred" and abs(row["next_attempt"] - (begin + 3)) <= 2, row
    assert not sink.messages()
    assert re.search(r" BY=59\d;R$", sink.wait()[0]["mail"]), sink.messages()
    assert time.time() - begin >= 2.9
    for option, status, why in (("deliverby=0;R", 64, "has no time left"), ("holdfor=soon", 64, "HOLDFOR is not"),
                                ("holdfor=3601", 65, "held longer")):
        with scene.row(f"{option} ends in {status}"):
            done = relay.sendmail("-O", option, "b@example.org", input="Subject: x\n\nx\n", check=False)
            assert done.returncode == status and why in done.stderr, done
    assert not relay.queue() and len(sink.messages()) == 1


def an_empty_queue_is_said_to_be_empty(scene):
    relay = scene.relay(to=9)
    assert relay.tool("queue", "list") == "Mail queue is empty\n"
    assert relay.tool(program="bin/mailq") == "Mail queue is empty\n"
    assert relay.sendmail("-bp") == "Mail queue is empty\n"
    assert relay.tool("queue", "list", "-j") == ""


def _one_deferred(scene):
    """A relay whose only message was deferred by its sink."""
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay("site * { idle 0s }", to=sink.port)
    ident = relay.send("b@example.org")
    relay.wait_log(f"{ident}: to=<b@example.org>.*status=deferred")
    wait_until(lambda: [r["queue_name"] for r in relay.queue()] == ["deferred"], "the message waits")
    return sink, relay, ident


def mailq_shows_what_waits_and_why(scene):
    sink, relay, ident = _one_deferred(scene)
    text = relay.tool(program="bin/mailq")
    lines = text.splitlines()
    assert lines[0] == "----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------", text
    assert re.fullmatch(rf"{ident}  +\d+ \w\w\w \w\w\w [ \d]\d \d\d:\d\d:\d\d a@client.test", lines[1]), text
    assert re.fullmatch(r" *\(.*451 4.7.1 later.*\)", lines[2]), text
    assert lines[3].strip() == "b@example.org", text
    assert lines[4] == "" and re.fullmatch(r"-- \d+ Kbytes in 1 Request\.", lines[5]), text
    row, = relay.queue()
    assert row["queue_id"] == ident and row["sender"] == "a@client.test", row
    assert row["class"] == "normal" and row["attempts"] == 1 and row["next_attempt"] > row["arrival_time"], row
    assert row["recipients"][0]["address"] == "b@example.org", row


def queue_show_prints_envelope_and_content(scene):
    sink, relay, ident = _one_deferred(scene)
    envelope = relay.tool("queue", "show", "-e", ident)
    assert re.search(rf"^Id: +{ident}$", envelope, re.M), envelope
    assert re.search(r"^To: +b@example.org$", envelope, re.M), envelope
    assert "hello" not in envelope
    headers = relay.tool("queue", "show", "-h", ident)
    assert "Subject: hello\n" in headers and "\nhello\n" not in headers, headers
    whole = relay.tool("queue", "show", ident)
    assert envelope in whole and whole.endswith("Subject: hello\n\nhello\n"), whole
    done = relay.tool("queue", "show", "3T9K2M0QWZ7B4H1C", check=False)
    assert done.returncode != 0 and done.stderr, done


def retry_tries_at_once_and_flush_too(scene):
    sink, relay, ident = _one_deferred(scene)
    assert relay.tool("queue", "retry", ident) == "retrying 1 message\n"
    wait_until(lambda: relay.log_text().count("status=deferred") == 2, "a second attempt")
    wait_until(lambda: [r["queue_name"] for r in relay.queue()] == ["deferred"], "the message waits again")
    sink.play({})
    assert relay.tool("flush", "--class", "bulk") == ""
    assert [r["queue_id"] for r in relay.queue()] == [ident], "nothing of class bulk was there to flush"
    assert relay.tool("flush") == ""
    sink.wait()
    relay.wait_empty()
    assert relay.tool("flush") == ""


def a_held_message_stays_until_it_is_released(scene):
    sink, relay, ident = _one_deferred(scene)
    assert relay.tool("queue", "hold", "--recipient", "*@example.org") == "held 1 message\n"
    assert f"{ident}!" in relay.tool("queue", "list")
    sink.play({})
    relay.tool("flush")
    assert [r["queue_name"] for r in relay.queue()] == ["hold"]
    assert sink.delivered() == []
    relay.tool("queue", "release", ident)
    sink.wait()


def a_deleted_message_is_gone_and_nobody_is_told(scene):
    sink, relay, ident = _one_deferred(scene)
    done = relay.tool("queue", "delete", check=False)
    assert done.returncode == 64 and "which messages?" in done.stderr, done
    row = json.loads(relay.tool("queue", "list", "-j"))
    assert relay.tool("queue", "delete", "-", input=row["queue_id"] + "\n") == "deleted 1 message\n"
    assert relay.queue() == []
    done = relay.tool("queue", "delete", ident, check=False)
    assert done.returncode == 66, done
    sink.play({})
    relay.tool("flush")
    assert sink.delivered() == [], "not the message, and no report about it"


def status_names_every_process(scene):
    relay = scene.relay(to=9)
    # the port answers before all of them are there
    words = ("receiver", "scheduler", "deliverer", "resolver", "urgent", "normal", "bulk")
    wait_until(lambda: (text := relay.tool("status")) and all(word in text for word in words), "each of " + str(words))
    status = json.loads(relay.tool("status", "-j"))
    pids = [p["pid"] for p in status["processes"]]
    assert len(set(pids)) == len(pids) and all(os.path.exists(f"/proc/{pid}") for pid in pids), status
    assert "end" not in status


def others_may_look_but_not_touch(scene):
    if os.getuid() != 0:
        from scene import Skip
        raise Skip("needs root, to be somebody else")
    relay = scene.relay(to=9)
    for words, status in ((["status"], 0), (["queue", "list"], 0), (["flush"], 77), (["stop"], 77), (["reload"], 77),
                          (["queue", "delete", "--all"], 77)):
        done = subprocess.run([f"{scene.prefix}/bin/postrider", "-c", relay.conf, *words], capture_output=True,
                              text=True, user="daemon", group="daemon", extra_groups=[], timeout=60)
        assert done.returncode == status, (words, done)
    assert relay.process.process.poll() is None


def clients_that_ask_nothing_keep_nobody_from_the_control_socket(scene):
    if os.getuid() != 0:
        from scene import Skip
        raise Skip("needs root, to be somebody else")
    relay = scene.relay(to=9)
    who = {"user": "daemon", "group": "daemon", "extra_groups": []}
    crowd = subprocess.Popen(["python3", "-c", """
import socket, sys
crowd = []
for i in range(100):
    crowd.append(socket.socket(socket.AF_UNIX))
    crowd[-1].connect(sys.argv[1])
print("all", flush=True)
sys.stdin.read()
""", relay.control], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **who)
    assert crowd.stdout.readline() == "all\n"
    for words, how in ((["queue", "list"], who), (["queue", "list"], {}), (["site", "pause", "x"], {})):
        done = subprocess.run([f"{scene.prefix}/bin/postrider", "-c", relay.conf, *words], capture_output=True,
                              text=True, timeout=60, **how)
        assert done.returncode == 0, (words, done)
    crowd.communicate()


def stop_waits_until_the_relay_is_gone(scene):
    relay = scene.relay(to=9)
    relay.tool("stop")
    assert relay.process.process.wait(10) == 0
    assert not os.path.exists(relay.control) or relay.tool("status", check=False).returncode == 69


def spool_check_counts_what_waits_and_finds_damage(scene):
    sink, relay, ident = _one_deferred(scene)
    relay.send(["b@example.org", "c@example.org"])
    relay.stop()
    text = relay.tool("spool", "check")
    normal = next(line.split() for line in text.splitlines() if line.startswith("normal"))
    assert normal[2:5] == ["0", "2", "3"] and "\n0 faults" in text, text
    segment, = glob.glob(f"{relay.spool}/normal/*.messages")
    with open(segment, "r+b") as f:
        f.seek(300)  # in the first of two messages
        byte = f.read(1)
        f.seek(300)
        f.write(bytes([byte[0] ^ 1]))
    done = relay.tool("spool", "check", relay.spool, check=False)
    assert done.returncode == 65 and "fault: normal/" in done.stdout, done
    done = relay.tool("spool", "check", f"{scene.dir}/absent", check=False)
    assert done.returncode == 74 and "absent" in done.stderr, done


def spool_rebuild_removes_the_index_and_loses_nothing(scene):
    sink, relay, ident = _one_deferred(scene)
    done = relay.tool("spool", "rebuild", check=False)
    assert done.returncode == 75 and "in use" in done.stderr, done
    relay.stop()
    assert "removed" in relay.tool("spool", "rebuild")
    assert not os.path.exists(f"{relay.spool}/index") or os.listdir(f"{relay.spool}/index") == []
    sink.play({})
    relay.start().ready()
    relay.wait_log("ready")
    relay.tool("flush")
    assert len(sink.wait()) == 1
    relay.wait_empty()
