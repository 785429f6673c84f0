# SPDX-License-Identifier: ISC
"""handing: what local programs hand to sendmail, slips and all, is not lost."""
import email
import email.policy
import os
import subprocess

from raw import content
from scene import wait_until

HEAD = "From: a@client.test\nTo: {}\nSubject: alarm\n\n"
BAD = {
    "two dots": "bad..one@example.org",
    "a domain that is none": "x@-bad-.test",
    "a name without an address": "Foo Bar",
    "empty brackets": "Foo <>",
    "an address beyond ASCII": "j\u00f6rg@example.org",
    "a stray bracket": "c@example.org>",
}


def _run(relay, *words, input):
    """sendmail with bytes; the CompletedProcess."""
    return subprocess.run([f"{relay.scene.prefix}/sbin/sendmail", "-C", relay.conf, *words],
                          input=input if isinstance(input, bytes) else input.encode(), capture_output=True, timeout=60)


def _split(messages):
    """Those for recipients, and the reports as email messages."""
    mail = [m for m in messages if b"multipart/report" not in m["body"]]
    reports = [m for m in messages if m not in mail]
    assert all(m["mail"].startswith("MAIL FROM:<>") for m in reports), reports
    return mail, [email.message_from_bytes(content(m), policy=email.policy.SMTP) for m in reports]


def _failures(report):
    """{address: status} of a report, all of which must have failed."""
    assert report.get_content_type() == "multipart/report", report
    groups = report.get_payload()[1].get_payload()[1:]
    assert all(g["Action"] == "failed" for g in groups), groups
    return {g["Final-Recipient"].split(";", 1)[1].strip(): g["Status"] for g in groups}


def line_ends_and_nuls_of_programs_do_no_harm(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    text = "To: b@example.org\r\nSubject: order 77\r\nContent-Type: text/html\r\n\r\n<p>hello</p>\r\n"
    rows = {
        "CR CR LF": (text.replace("\r\n", "\r\r\n").encode(), text.encode()),
        "CR CR CR LF here and there": (text.replace("77\r\n", "77\r\r\r\n").encode(), text.encode()),
        "LF": (text.replace("\r\n", "\n").encode(), text.encode()),
        "a NUL": (text.replace("hello", "size \0 12").encode(), text.replace("hello", "size ? 12").encode()),
        "a NUL in the header": (text.replace("order", "or\0er").encode(), text.replace("order", "or?er").encode()),
    }
    for at, (name, (given, wanted)) in enumerate(rows.items()):
        with scene.row(f"{name} is taken and goes out well"):
            done = _run(relay, "-t", "-i", "-G", "-f", "a@client.test", input=given)
            assert (done.returncode, done.stderr) == (0, b""), done
            assert content(sink.wait(at + 1)[-1]) == wanted
    with scene.row("what cron hands over arrives"):
        done = _run(relay, "-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root@example.org",
                    input=b"From: root (Cron Daemon)\nTo: root\nSubject: Cron job\n\nsize \0 12\nERROR: backup failed\n")
        assert done.returncode == 0, done
        assert b"\r\nsize ? 12\r\nERROR: backup failed\r\n" in sink.wait(len(rows) + 1)[-1]["body"]
    relay.wait_empty()


def odd_shapes_of_messages_arrive_whole(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    long = b"x" * 300000
    rows = {
        "no header and no line end": (long, long + b"\r\n"),
        "no header": (b"just text\nmore\n", b"just text\r\nmore\r\n"),
        "a header without an empty line": (b"Subject: x\ntext\n", b"text\r\n"),
        "nothing at all": (b"", b""),
        "a header alone": (b"Subject: x", b""),
        "no final line end": (b"Subject: x\n\ntext", b"text\r\n"),
        "a line of a mailbox file": (b"From root Mon Nov 23 10:00:00 2026\nSubject: x\n\ntext\n", b"text\r\n"),
        "an empty line first": (b"\nSubject: x\n", b"Subject: x\r\n"),
        "a long field": (b"X-Long: " + b"y" * 80000 + b"\n\ntext\n", b"text\r\n"),
        "bare CRs": (b"Subject: x\r\rtext\r", b"text\r\n"),
    }
    for name, (given, body) in rows.items():
        with scene.row(f"{name} is taken and goes out whole"):
            before = len(sink.delivered())
            done = _run(relay, "-i", "-f", "a@client.test", "b@example.org", input=given)
            assert (done.returncode, done.stderr) == (0, b""), done
            message = content(sink.wait(before + 1)[-1])
            head, _, got = message.partition(b"\r\n\r\n")
            assert got == body, (head[:500], got[:500])
            assert b"\nMessage-ID: " in head and b"\nFrom root" not in head, head[:500]
    relay.wait_empty()


def one_bad_address_keeps_nobody_else_from_the_mail(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    for at, (name, bad) in enumerate(BAD.items()):
        for words, argument in (["-t"], []), ([], [f"ok@example.org, {bad}"]):
            with scene.row(f"{name} among {'the header' if words else 'the arguments'} is passed over and reported"):
                before = len(sink.delivered())
                done = _run(relay, *words, "-i", "-f", "a@client.test", *argument,
                            input=HEAD.format(f"ok@example.org, {bad}") + "x\n")
                assert done.returncode == 0, done
                assert b"not an address" in done.stderr and done.stderr.count(b"\n") == 1, done
                mail, reports = _split(sink.wait(before + 2)[before:])
                assert [r["address"] for r in mail[0]["rcpts"]] == ["ok@example.org"], mail
                failures = _failures(reports[0])
                assert list(failures.values()) == ["5.1.3"], failures
                assert reports[0]["To"] == "a@client.test" and reports[0]["Auto-Submitted"], reports[0].items()
                assert reports[0].get_payload()[2].get_content_type() == "text/rfc822-headers"
                assert "Subject: alarm" in reports[0].get_payload()[2].get_payload()
    relay.wait_empty()


def whom_the_relay_refuses_is_passed_over_too(scene):
    """What it refuses is an address that is longer than its commands."""
    sink = scene.sink()
    relay = scene.relay("limits { command-line 512 }", to=sink.port)
    long = "x" * 600 + "@example.org"
    done = _run(relay, "-f", "a@client.test", "ok@example.org", long, "b@example.org", input=HEAD.format("x") + "x\n")
    assert done.returncode == 0 and b"500 5.5.2" in done.stderr, done
    mail, reports = _split(sink.wait(2))
    assert sorted(r["address"] for r in mail[0]["rcpts"]) == ["b@example.org", "ok@example.org"], mail
    assert _failures(reports[0]) == {long: "5.5.2"}
    done = _run(relay, "-oem", "-f", "a@client.test", long, input=HEAD.format("x") + "x\n")
    assert done.returncode == 65, done
    mail, reports = _split(sink.wait(3))
    assert len(mail) == 1 and _failures(reports[1]) == {long: "5.5.2"}
    relay.wait_empty()


def who_hears_of_it_is_as_asked(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    some, none = ["ok@example.org", "bad..one@example.org"], ["bad..one@example.org", "Foo <>"]
    # words, recipients: exit code, mail, reports, whether something is printed
    rows = [
        ([], some, 0, 1, 1, True), (["-oem"], some, 0, 1, 1, True), (["-oew"], some, 0, 1, 1, True),
        (["-oee"], some, 0, 1, 1, True), (["-oep"], some, 65, 1, 0, True), (["-oeq"], some, 65, 1, 0, False),
        (["-N", "never"], some, 65, 1, 0, True), (["-f", ""], some, 65, 1, 0, True),
        (["-O", "recipients=all"], some, 65, 0, 0, True), (["-O", "recipients=all", "-oem"], some, 65, 0, 1, True),
        ([], none, 65, 0, 0, True), (["-oem"], none, 65, 0, 1, True), (["-oew"], none, 65, 0, 1, True),
        (["-oee"], none, 0, 0, 1, True), (["-oep"], none, 65, 0, 0, True), (["-oeq"], none, 65, 0, 0, False),
        ([], [], 64, 0, 0, True), (["-t", "-oem"], [], 64, 0, 1, True), (["-t", "-oee"], [], 0, 0, 1, True),
    ]
    for words, to, status, mail, reports, printed in rows:
        with scene.row(f"{' '.join(words) or 'nothing'} with {len(to)} recipients{' of whom some are good' * (to == some)}"):
            before = len(sink.delivered())
            done = _run(relay, "-f", "a@client.test", *words, *to, input="Subject: alarm\n\nit burns\n")
            assert done.returncode == status and (done.stderr != b"") == printed, done
            got_mail, got_reports = _split(sink.wait(before + mail + reports)[before:])
            assert (len(got_mail), len(got_reports)) == (mail, reports), (got_mail, got_reports)
            relay.wait_empty()
            assert len(sink.delivered()) == before + mail + reports
            if reports and not mail:
                back = got_reports[0].get_payload()[2]
                assert back.get_content_type() == "message/rfc822", back
                assert back.get_payload()[0].get_payload() == "it burns\r\n", back
            if words == ["-O", "recipients=all", "-oem"]:
                assert set(_failures(got_reports[0])) == {"ok@example.org", "bad..one@example.org"}


def what_the_relay_refuses_goes_back_as_far_as_it_is_there(scene):
    sink = scene.sink()
    relay = scene.relay("limits { data-line 1000 }\nbounce { return-size 2k }", to=sink.port)
    text = HEAD.format("b@example.org")
    done = _run(relay, "-t", "-oem", "-f", "a@client.test", input=text + "x" * 2000 + "\n")
    assert done.returncode == 65 and b"550 5.6.0" in done.stderr, done
    done = _run(relay, "-oee", "-f", "a@client.test", "bad..one@example.org", input=text + "line\n" * 100000)
    assert done.returncode == 0, done
    mail, reports = _split(sink.wait(2))
    assert mail == []
    assert _failures(reports[0]) == {"b@example.org": "5.6.0"}
    assert _failures(reports[1]) == {"bad..one@example.org": "5.1.3"}
    for report in reports:
        back = report.get_payload()[2]
        assert back.get_content_type() == "text/rfc822-headers" and "Subject: alarm" in back.get_payload(), back
        assert "line" not in back.get_payload() and "xxx" not in back.get_payload()
    relay.wait_empty()


def modes_of_other_programs_are_there(scene):
    sink = scene.sink()
    relay = scene.relay(to=sink.port)
    for words in ["-bi"], ["-I"], ["-bi", "-oA/etc/aliases"]:
        with scene.row(f"{' '.join(words)} has nothing to do and says nothing"):
            done = _run(relay, *words, input="")
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    with scene.row("a link of that name is newaliases"):
        link = f"{scene.dir}/newaliases"
        os.symlink(os.path.abspath(f"{scene.prefix}/sbin/sendmail"), link)
        done = subprocess.run([link], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    with scene.row("-p and -d are borne"):
        done = _run(relay, "-p", "ESMTP:host.test", "-d0.1", "-i", "b@example.org", input=HEAD.format("x") + "x\n")
        assert (done.returncode, done.stderr) == (0, b""), done
        sink.wait()
    with scene.row("-bv asks and sends nothing"):
        done = _run(relay, "-bv", "b@example.org", "root", input="this is no message")
        assert (done.returncode, done.stdout) == (0, b"b@example.org... taken\nroot@relay.test... taken\n"), done
        done = _run(relay, "-bv", "b@example.org", "bad..one@example.org", input="")
        assert done.returncode == 65 and done.stdout.splitlines() == [
            b"not an address: bad..one@example.org", b"b@example.org... taken"], done
    relay.wait_empty()
    wait_until(lambda: relay.queue() == [], "nothing is left")
    assert len(sink.delivered()) == 1
