#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
#
# dsn_parses.py - our reports as Python's mail library reads them.

import email
import email.policy
import email.utils
import subprocess
import sys


def check(what, got, want):
    if got != want:
        sys.exit(f"dsn_parses: {what}: {got!r} instead of {want!r}")


def report(kind):
    done = subprocess.run(["tests/unit/show_dsn", kind], check=True,
                          stdout=subprocess.PIPE)
    message = email.message_from_bytes(done.stdout,
                                       policy=email.policy.default)
    for part in message.walk():
        check("defects", part.defects, [])
    return message


def check_head(message):
    check("type", message.get_content_type(), "multipart/report")
    check("report-type", message["Content-Type"].params["report-type"],
          "delivery-status")
    check("from", message["From"].addresses[0].addr_spec,
          "MAILER-DAEMON@relay.example")
    check("to", message["To"].addresses[0].addr_spec, "ann@example.org")
    check("id", message["Message-ID"], "<RID@relay.example>")
    check("auto", message["Auto-Submitted"], "auto-replied")
    check("date", message["Date"].datetime.timestamp(), 1795491201)


def check_groups(part):
    check("type", part.get_content_type(), "message/delivery-status")
    groups = part.get_payload()
    check("groups", len(groups), 3)
    check("mta", groups[0]["Reporting-MTA"], "dns; relay.example")
    check("envid", groups[0]["Original-Envelope-Id"], "QQ+1")
    check("arrived", email.utils.parsedate_to_datetime(
        groups[0]["Arrival-Date"]).timestamp(), 1795491141)
    check("original", groups[1]["Original-Recipient"],
          "rfc822;Bob@Example.NET")
    check("final", groups[1]["Final-Recipient"], "rfc822; bob@example.net")
    check("action", groups[1]["Action"], "failed")
    check("status", groups[1]["Status"], "5.1.1")
    check("remote", groups[1]["Remote-MTA"], "dns; mx.example.net")
    check("diagnostic", " ".join(groups[1]["Diagnostic-Code"].split()),
          "smtp; 550 5.1.1 no such user here, and here is a long story why "
          "there is none and never was one as far as we remember")
    check("no original", groups[2]["Original-Recipient"], None)
    check("action", groups[2]["Action"], "delayed")
    check("until", email.utils.parsedate_to_datetime(
        groups[2]["Will-Retry-Until"]).timestamp(), 1795577541)


def check_whole(message):
    parts = list(message.iter_parts())
    check("parts", [p.get_content_type() for p in parts],
          ["text/plain", "message/delivery-status", "message/rfc822"])
    original = parts[2].get_payload(0)
    check("subject", original["Subject"], "sch\xf6n")
    check("body", original.get_payload(decode=True),
          b".dots and \xc3\xb6\r\n--\r\nAnn\r\n")


def check_header(message):
    parts = list(message.iter_parts())
    check("parts", [p.get_content_type() for p in parts],
          ["text/plain", "message/delivery-status", "text/rfc822-headers"])
    check("header", "=?utf-8?q?sch=C3=B6n?=" in parts[2].get_payload(), True)


for kind, check_rest in (("whole", check_whole), ("header", check_header)):
    message = report(kind)
    check_head(message)
    check("lines", max(len(line) for line in
                       message.get_payload(0).get_payload().split("\n"))
          < 80, True)
    check_groups(message.get_payload(1))
    check_rest(message)
print("dsn_parses: both reports are read as they were meant")
