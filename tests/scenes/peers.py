# SPDX-License-Identifier: ISC
"""peers: other mail servers take our mail, and pass on to a sink what they got.

They run from their unpacked Debian packages, in a mount namespace of their
own in which /etc/passwd and /etc/group have the users that they want.
"""
import os
import re

from scene import Skip, free_port, greeting, wait_until

USERS = {"postfix": 29001, "Debian-exim": 29002}
POSTFIX_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "pid",
                  "private", "public", "saved", "trace", "maildrop")
POSTFIX_SERVICES = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


def _need_root():
    if os.getuid() != 0:
        raise Skip("needs root: this server wants users of its own")


def _with_users(scene, command):
    """COMMAND in a namespace in which USERS exist."""
    for name in ("passwd", "group"):
        with open(f"/etc/{name}") as f:
            lines = [line for line in f if line.split(":")[0] not in (*USERS, "postdrop")]
        for user, number in USERS.items():
            lines.append(f"{user}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n" if name == "passwd"
                         else f"{user}:x:{number}:\n")
        if name == "group":
            lines.append("postdrop:x:29009:\n")
        with open(f"{scene.dir}/{name}", "w") as f:
            f.writelines(lines)
    return ["unshare", "--mount", "sh", "-c",
            f"mount --bind {scene.dir}/passwd /etc/passwd && mount --bind {scene.dir}/group /etc/group && "
            'exec "$@"', "sh", *command]


def _postfix(scene, next_hop, more=""):
    """A Postfix that passes everything on to port NEXT_HOP; its own port.  MORE is added to main.cf."""
    _need_root()
    smtpd, environment = scene.program("smtpd", "postfix")
    daemons, port, home = os.path.dirname(smtpd), free_port(), f"{scene.dir}/postfix"
    for name in POSTFIX_QUEUES:
        os.makedirs(f"{home}/spool/{name}")
        os.chown(f"{home}/spool/{name}", USERS["postfix"] if name != "pid" else 0, -1)
    for name in ("maildrop", "public"):
        os.chown(f"{home}/spool/{name}", USERS["postfix"], 29009)
    os.makedirs(f"{home}/data")
    os.chown(f"{home}/data", USERS["postfix"], -1)
    with open(f"{home}/main.cf", "w") as f:
        f.write(f"""compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
daemon_directory = {daemons}
command_directory = {daemons}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
mail_owner = postfix
setgid_group = postdrop
myhostname = postfix.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{next_hop}
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_security_level = none
maillog_file = {home}/log
maillog_file_prefixes = /
alias_maps =
alias_database =
local_recipient_maps =
{more}""")
    with open(f"{home}/master.cf", "w") as f:
        f.write(f"127.0.0.1:{port} inet n - n - - smtpd\n{POSTFIX_SERVICES}")
    # it ends by a signal to its process group: it must have one of its own
    scene.beside("postfix", _with_users(scene, [f"{daemons}/master", "-d", "-c", home]), env=environment,
                 start_new_session=True)
    wait_until(lambda: greeting(port), "Postfix greets")
    return port


def _exim(scene, next_hop):
    """An Exim that passes everything on to port NEXT_HOP; its own port."""
    _need_root()
    exim, environment = scene.program("exim4", "exim4-daemon-light")
    port, home = free_port(), f"{scene.dir}/exim"
    os.makedirs(home)
    os.chown(home, USERS["Debian-exim"], USERS["Debian-exim"])
    with open(f"{scene.dir}/exim.conf", "w") as f:
        f.write(f"""exim_path = {exim}
primary_hostname = exim.test
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
spool_directory = {home}
log_file_path = {home}/%slog
pid_file_path = {home}/pid
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = all
begin acl
all:
  accept
begin routers
onwards:
  driver = manualroute
  route_list = * 127.0.0.1::{next_hop}
  self = send
  transport = smtp
begin transports
smtp:
  driver = smtp
  allow_localhost
begin retry
* * F,1h,1s
""")
    scene.beside("exim", _with_users(scene, [exim, "-bdf", "-C", f"{scene.dir}/exim.conf"]), env=environment)
    wait_until(lambda: greeting(port), "Exim greets")
    return port


def _goes_through(scene, start, word):
    """Three messages go through the peer and arrive whole; one with more lines than one."""
    sink = scene.sink()
    relay = scene.relay(to=start(scene, sink.port))
    for i in range(3):
        relay.send([f"b{i}@example.org", f"c{i}@example.org"], f"Subject: {i}\r\n\r\n.dot\r\n..\r\n\xe4\r\n"
                   .encode("latin-1"), options=["BODY=8BITMIME"])
    wait_until(lambda: sum(len(m["rcpts"]) for m in sink.delivered()) >= 6, "six recipients at the sink")
    for message in sink.delivered():
        assert b"\r\n\r\n..dot\r\n...\r\n" in message["body"], message["body"]
        assert re.search(rb"by relay\.test.*by " + word, message["body"], re.S) or \
            re.search(rb"by " + word + rb".*by relay\.test", message["body"], re.S), message["body"]
    got = sorted(r["address"] for m in sink.delivered() for r in m["rcpts"])
    assert got == sorted([f"{letter}{i}@example.org" for letter in "bc" for i in range(3)]), got
    relay.wait_empty()
    assert relay.log_text().count("status=sent") == 6


def mail_goes_through_a_real_postfix(scene):
    _goes_through(scene, _postfix, rb"postfix\.test")


def mail_goes_through_a_real_exim(scene):
    _goes_through(scene, _exim, rb"exim\.test")


def a_real_postfix_takes_mail_encrypted_and_reports_its_success(scene):
    cert, key = scene.certificate("postfix.test")
    sink = scene.sink({"extensions": ["PIPELINING", "SIZE 10000000"]})
    relay = scene.relay("site * { tls encrypt }", to=_postfix(
        scene, sink.port, f"smtpd_tls_cert_file = {cert}\nsmtpd_tls_key_file = {key}\nsmtpd_tls_security_level = may\n"
                          "smtpd_tls_received_header = yes\n"))
    relay.send("b@example.org", options=["ENVID=e1", "RET=HDRS"], rcpt_options=["NOTIFY=SUCCESS"])
    wait_until(lambda: len(sink.delivered()) >= 2, "the message and the report of Postfix")
    message, report = sorted(sink.delivered(), key=lambda m: "<>" in m["mail"])
    assert re.search(rb"using TLSv1\.[23].*by postfix\.test .*with ESMTPS", message["body"], re.S), message["body"]
    assert report["rcpts"][0]["address"] == "a@client.test", report
    for words in (rb"Reporting-MTA: dns; ?postfix\.test", b"Original-Envelope-Id: e1", b"Action: relayed",
                  rb"Final-Recipient: rfc822; ?b@example\.org"):
        assert re.search(b"(?m)^" + words + rb"\r$", report["body"]), (words, report["body"])
    relay.wait_empty()
    assert "notification" not in relay.log_text(), "Postfix took DSN on, and reports itself"
    assert len(sink.messages()) == 2
