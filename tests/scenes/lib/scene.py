# SPDX-License-Identifier: ISC
"""scene: one test's stage: a directory, a relay, peers, and waiting.

A scene starts nothing by itself.  When it closes, every relay must have left
with exit status 0 and said nothing on standard error that a sanitizer would
say; the log is shown when a test fails.
"""
import contextlib
import ctypes
import glob
import json
import os
import pwd
import random
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
import traceback

LIB = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(LIB)))
FAKES = os.path.join(ROOT, "tests", "fakes")
PEERS = os.path.join(ROOT, "build", "peers")
COMPLAINTS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer|cannot happen|must\(")
PATIENCE = 30
# what became of a recipient, in Postfix's shape
STATUS = re.compile(r"^\w\w\w [ \d]\d \d\d:\d\d:\d\d \S+ postrider/(?P<who>\w+)\[\d+\]: (?P<id>[0-9A-Z]{16}): "
                    r"to=<(?P<to>[^>]*)>, relay=(?P<relay>[^, ]+), (?:conn_use=(?P<use>\d+), )?delay=(?P<delay>[\d.]+), "
                    r"delays=(?P<delays>[\d.]+(?:/[\d.]+){3}), dsn=(?P<dsn>[245]\.\d+\.\d+), "
                    r"status=(?P<status>sent|deferred|bounced|expired) \((?P<why>.*)\), "
                    r"class=(?P<klass>urgent|normal|bulk), try=(?P<attempt>\d+)$", re.M)


class Skip(Exception):
    """What the test needs is not on this machine."""


def free_port(address="127.0.0.1"):
    """A port that nothing uses, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind((address, port))
            except OSError:
                continue
        return port


def wait_until(true, what, seconds=PATIENCE):
    """The first true value of TRUE(); an assertion that names WHAT if it stays away."""
    end = time.monotonic() + seconds
    while True:
        value = true()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.01)


def greeting(port, address="127.0.0.1"):
    try:
        with socket.create_connection((address, port), 2) as s:
            s.settimeout(5)
            return s.recv(200).startswith(b"220")
    except OSError:
        return False


def _die_with_the_test():
    """Runs in the child: whatever ends the test, nothing stays behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def in_session(session):
    """The processes of this session."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                fields = f.read().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.split("/")[2]))
    return found


class Process:
    """A program of ours that runs beside the test, with its output in files."""

    def __init__(self, scene, name, command, **kwargs):
        self.name = name
        self.out = f"{scene.dir}/{name}.out"
        self.err = f"{scene.dir}/{name}.err"
        with open(self.out, "ab") as out, open(self.err, "ab") as err:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            preexec_fn=_die_with_the_test, **kwargs)

    def first_lines(self, count):
        def lines():
            with open(self.out) as f:
                text = f.read()
            if text.count("\n") < count:
                assert self.process.poll() is None, f"{self.name} ended: {self.errors()}"
                return None
            return text.splitlines()[:count]
        return wait_until(lines, f"{count} lines of {self.name}")

    def first_line(self):
        return self.first_lines(1)[0]

    def errors(self):
        with open(self.err, errors="replace") as f:
            return f.read()

    def kill(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, seconds=PATIENCE):
        """Ask it to leave; its exit status."""
        if self.process.poll() is None:
            self.kill(number)
        return self.process.wait(seconds)


class Sink:
    """One server of tests/fakes/sink.py: plays a script, keeps what it is sent."""

    def __init__(self, scene, name, script):
        self.dir = f"{scene.dir}/{name}"
        self.script = f"{self.dir}.json"
        os.makedirs(self.dir)
        self.write(script or {})
        self.process = self.port = None

    @staticmethod
    def start(scene, name, sinks, arguments, addresses):
        """One process for all SINKS."""
        command = ["python3", f"{FAKES}/sink.py", *arguments]
        for sink in sinks:
            command += ["--script", sink.script, "--dir", sink.dir]
        for address in addresses:
            command += ["--address", address]
        process = Process(scene, name, command)
        for sink, port in zip(sinks, process.first_lines(len(sinks))):
            sink.process, sink.port = process, int(port)
        return process

    def write(self, script):
        with open(self.script + ".new", "w") as f:
            json.dump(script, f)
        os.rename(self.script + ".new", self.script)

    def _reloads(self):
        try:
            with open(f"{self.dir}/reloads") as f:
                return int(f.read())
        except FileNotFoundError:
            return 0

    def play(self, script):
        """Another script from the next command on."""
        before = self._reloads()
        self.write(script)
        self.process.kill(signal.SIGHUP)
        wait_until(lambda: self._reloads() > before or self.process.process.poll() is not None, "the sink's new script")

    def messages(self):
        """What has come, in order: the json of each with its "body" as bytes."""
        found = []
        for path in sorted(glob.glob(f"{self.dir}/*.json")):
            with open(path) as f:
                message = json.load(f)
            with open(path[:-5] + ".body", "rb") as f:
                message["body"] = f.read()
            found.append(message)
        return found

    def connections(self):
        """(how many there were, how many at once at most)"""
        try:
            with open(f"{self.dir}/connections") as f:
                return tuple(int(word) for word in f.read().split())
        except FileNotFoundError:
            return 0, 0

    def said(self, connection):
        """What the client of connection number CONNECTION has sent so far; needs --transcript."""
        try:
            with open(f"{self.dir}/connection-{connection}.raw", "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def delivered(self):
        return [m for m in self.messages() if m["delivered"]]

    def wait(self, count=1, seconds=PATIENCE):
        """The messages delivered, as soon as there are COUNT; more is a failure."""
        messages = wait_until(lambda: (m := self.delivered()) and len(m) >= count and m,
                              f"{count} messages at {self.dir}, {len(self.delivered())} came", seconds)
        assert len(messages) == count, f"{len(messages)} messages came, not {count}"
        return messages


class Relay:
    """postriderd with a configuration of its own."""

    def __init__(self, scene, name, port):
        self.scene, self.name, self.port = scene, name, port
        self.conf = f"{scene.dir}/{name}.conf"
        self.spool = f"{scene.dir}/{name}.spool"
        self.control = f"{scene.dir}/{name}.sock"
        self.log = f"{scene.dir}/{name}.log"
        self.process, self.starts, self.logs = None, 0, True
        self.within = []        # a command that runs the command behind it

    def configure(self, text, listen="trust 127.0.0.0/8", listen_more="", log=None):
        """TEXT is added to what every scene needs."""
        user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.logs = log is None
        with open(self.conf, "w") as f:
            f.write(f"""hostname relay.test
spool {self.spool}
control {self.control}
log {log or 'file ' + self.log}
user {user}
listen 127.0.0.1:{self.port} {{ {listen} }}
{listen_more}
queue {{ reserve 1M }}
{text}
""")
        return self

    def start(self, **env):
        if os.getuid() == 0:
            # in its jail a process has no /proc, without which leaks cannot be looked for
            env = {"ASAN_OPTIONS": "detect_leaks=0", **env}
        self.starts = self.log_text().count("ready: ")
        self.process = Process(self.scene, self.name,
                               [*self.within, f"{self.scene.prefix}/sbin/postriderd", "-f", "-c", self.conf],
                               env={**os.environ, **env})
        return self

    def refuses_to_start(self):
        """Start it and see it fail; the CompletedProcess, when nobody of its session is left."""
        child = subprocess.Popen([f"{self.scene.prefix}/sbin/postriderd", "-f", "-c", self.conf], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise AssertionError(f"{self.conf}: it started") from None
        assert not COMPLAINTS.search(err), err
        wait_until(lambda: not in_session(child.pid), "the session is empty")
        return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def processes(self):
        """{role: pid} of master and children, when all are there; several of a role count as one."""
        def roles():
            rows = json.loads(self.tool("status", "-j"))["processes"]
            found = {row["role"]: row["pid"] for row in rows}
            return {"receiver", "scheduler", "deliverer", "resolver"} <= set(found) and found
        return wait_until(roles, "a process of each role")

    def ready(self):
        """When it greets, and all its processes are there: what has a port is not all that has to start."""
        def answers():
            assert self.process.process.poll() is None, \
                f"postriderd left with {self.process.process.returncode}: {self.process.errors()}"
            return greeting(self.port)
        wait_until(answers, f"{self.name} greets at port {self.port}")
        if self.logs:
            wait_until(lambda: self.log_text().count("ready: ") > self.starts, f"{self.name} says that it is ready")
        return self

    def stop(self, seconds=60):
        status = self.process.end(seconds=seconds)
        assert status == 0, f"a stopped relay exits 0, not {status}: {self.process.errors()}"

    def log_text(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def statuses(self, status=None, **wanted):
        """A dict for each line of the log that tells what became of a recipient."""
        text = self.log_text()
        rows = [match.groupdict() for match in STATUS.finditer(text)]
        assert len(rows) == text.count(", status="), "a line has another shape than Postfix's"
        if status:
            wanted["status"] = status
        return [row for row in rows if all(row[key] == value for key, value in wanted.items())]

    def wait_over(self, *idents, seconds=PATIENCE):
        """Until each of these messages was dealt with; all about them is in the log then."""
        def left():
            text = self.log_text()
            return [ident for ident in idents if f"{ident}: removed" not in text]
        wait_until(lambda: not left(), f"the end of {left()}", seconds)

    def wait_log(self, pattern, seconds=PATIENCE):
        """The first match of PATTERN in the log."""
        return wait_until(lambda: re.search(pattern, self.log_text(), re.M), f"{pattern} in the log", seconds)

    # ---- talking to it -------------------------------------------------------

    def smtp(self, hello="client.test"):
        client = smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE)
        client.ehlo(hello)
        return client

    def send(self, to="b@example.org", text="Subject: hello\r\n\r\nhello\r\n", sender="a@client.test", options=(),
             rcpt_options=()):
        """One message by smtplib; returns the id it was queued under."""
        with self.smtp() as client:
            code, answer = client.mail(sender, options)
            assert code == 250, answer
            for address in [to] if isinstance(to, str) else to:
                code, answer = client.rcpt(address, rcpt_options)
                assert code == 250, answer
            code, answer = client.data(text)
            assert code == 250, answer
            return re.search(rb"queued as (\w+)", answer).group(1).decode()

    def tool(self, *words, input=None, program="bin/postrider", option="-c", check=True):
        """Run a tool; its standard output.  With CHECK False: the CompletedProcess.
        A flush just after a start is said again when all is read: what is not yet, it does not find."""
        done = subprocess.run([f"{self.scene.prefix}/{program}", option, self.conf, *words], input=input,
                              capture_output=True, text=True, timeout=60)
        assert not COMPLAINTS.search(done.stderr), done.stderr
        if words[:1] == ("flush",) and "loading: " in done.stderr:
            wait_until(lambda: "loading: " not in self.tool("queue", "list", check=False).stderr, "all is read")
            return self.tool(*words, input=input, program=program, option=option, check=check)
        if not check:
            return done
        assert done.returncode == 0, f"{program} {words}: {done.returncode}: {done.stderr}"
        return done.stdout

    def sendmail(self, *words, input="", check=True):
        return self.tool(*words, input=input, program="sbin/sendmail", option="-C", check=check)

    def queue(self):
        return [json.loads(line) for line in self.tool("queue", "list", "-j").splitlines()]

    def wait_deferred(self, count):
        """Until COUNT messages wait for a later try, and no other is here; a flush finds them all then.
        The log tells that a try failed before the scheduler knows."""
        wait_until(lambda: [row["queue_name"] for row in self.queue()] == ["deferred"] * count, f"{count} wait")

    def wait_empty(self, seconds=PATIENCE):
        wait_until(lambda: not self.queue(), "an empty queue", seconds)


class Scene:
    def __init__(self, prefix, bench, name):
        os.umask(0o022)
        self.prefix, self.bench, self.name = prefix, bench, name
        self.dir = tempfile.mkdtemp(prefix="postrider-scene-")
        os.chmod(self.dir, 0o755)
        self.relays, self.sinks, self.others = [], [], []
        self.failed_rows = 0

    def sanitized(self):
        """Whether the programs are built with AddressSanitizer, which does not bear everything."""
        with open(f"{self.prefix}/sbin/postriderd", "rb") as f:
            return b"libasan" in f.read()

    @contextlib.contextmanager
    def row(self, sentence):
        """A row of a table: a test of its own.  If it fails the other rows go on."""
        try:
            yield
        except Skip:
            raise
        except Exception:
            self.failed_rows += 1
            print(f"row FAIL {sentence}\n{traceback.format_exc()}", flush=True)
        else:
            print(f"row ok {sentence}", flush=True)

    # ---- the players ---------------------------------------------------------

    def relay(self, text="", name=None, start=True, **how):
        """A relay, started and ready; `to` in HOW is short for a route to that port."""
        relay = Relay(self, name or f"relay{len(self.relays)}", free_port())
        if "to" in how:
            text += f"\nroute * {{ to 127.0.0.1:{how.pop('to')} }}"
        relay.configure(text, **how)
        self.relays.append(relay)
        return relay.start().ready() if start else relay

    def sink(self, script=None, *arguments):
        return self.troupe([script], *arguments)[0]

    def troupe(self, scripts, *arguments, addresses=()):
        """A sink for each of SCRIPTS, all in one process; at 127.0.0.1 unless ADDRESSES tells."""
        name = f"sink{len(self.sinks)}"
        sinks = [Sink(self, f"sink{len(self.sinks) + i}", script) for i, script in enumerate(scripts)]
        self.others.append(Sink.start(self, name, sinks, arguments, addresses))
        self.sinks += sinks
        return sinks

    def certificate(self, name="sink.test"):
        """Paths of a fresh certificate for NAME, and of its key."""
        cert, key = f"{self.dir}/{name}.pem", f"{self.dir}/{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "60", "-subj", f"/CN={name}", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        return cert, key

    def dns(self, zone, port=0):
        """A DNS server with ZONE (see tests/fakes/dns.py); its port."""
        path = f"{self.dir}/zone{len(self.others)}.json"
        with open(path, "w") as f:
            json.dump(zone, f)
        server = self.beside(f"dns{len(self.others)}", ["python3", f"{FAKES}/dns.py", path, "--port", str(port),
                                                         "--log", path + ".log"])
        server.zone, server.questions = path, path + ".log"
        server.port = int(server.first_line())
        return server

    def beside(self, name, command, **kwargs):
        """Any other program that runs as long as the scene."""
        process = Process(self, name, command, **kwargs)
        self.others.append(process)
        return process

    def program(self, name, package=None):
        """The command line that runs the program NAME of PACKAGE, with its environment."""
        environment = dict(os.environ)
        for path in (f"{PEERS}/{package}/usr/sbin/{name}", f"{PEERS}/{package}/usr/lib/{package}/sbin/{name}",
                     shutil.which(name), f"/usr/sbin/{name}", f"/usr/lib/{package}/sbin/{name}"):
            if path and os.access(path, os.X_OK):
                if path.startswith(PEERS):
                    environment["LD_LIBRARY_PATH"] = f"{PEERS}/{package}/usr/lib/{package}"
                return path, environment
        raise Skip(f"{name} is not on this machine")

    # ---- the end -------------------------------------------------------------

    def processes(self):
        yield from (relay.process for relay in self.relays if relay.process)
        yield from self.others

    def close(self):
        """The test has passed so far: end everything, and look for what went unseen."""
        for relay in self.relays:
            if relay.process and relay.process.process.returncode is None:
                relay.stop()
        for process in self.processes():
            process.end()
            complaint = COMPLAINTS.search(process.errors())
            assert not complaint, f"{process.name} said: {process.errors()[-4000:]}"
        cores = glob.glob(f"{self.dir}/**/core*", recursive=True)
        assert not cores, f"cores were left: {cores}"
        assert not self.failed_rows, f"{self.failed_rows} rows failed"
        shutil.rmtree(self.dir)

    def abandon(self, keep):
        """The test has failed: say what the relays said, and end everything."""
        for relay in self.relays:
            print(f"---- the end of {relay.name}'s log\n{relay.log_text()[-3000:]}")
        for process in self.processes():
            if process.process.poll() is None:
                process.process.kill()
                process.process.wait()
            if process.errors():
                print(f"---- {process.name} said\n{process.errors()[-6000:]}")
        if keep:
            print(f"---- kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
