# SPDX-License-Identifier: ISC
"""cutsession: a relay that stops at its storage calls, and a start on what a
power cut there would have left."""
import copy
import json
import os
import signal
import subprocess
import time
import uuid

import account
import cutlab
import cutmail
from ledger import answers, free_port

STATUS_SYNC = 0.05
# how much later than STATUS_SYNC a status may be durable on a busy machine
SLACK = 0.75
CONF = """hostname crash.test
spool {spool}
control {dir}/control
log file {dir}/log
user nobody
receivers {receivers}
time-scale 0.1
listen 127.0.0.1:{port} {{ trust 127.0.0.0/8 }}
queue {{ reserve 1M; status-sync 50ms; segment-size 64k; large-message 16k; {queue} }}
class urgent {{ retry 20s; lifetime 1h; warn never }}
class normal {{ retry 20s; lifetime 1h; warn never }}
class bulk {{ retry 20s; lifetime 1h; warn never }}
route * {{ to 127.0.0.1:{sink} }}
site * {{ connections 5; {site} }}
"""


class Fault(Exception):
    pass


class Cut:
    """An image, and what was promised when it was taken."""

    def __init__(self, point, image, book, when):
        self.point, self.image, self.book, self.when = point, image, book, when


class Relay:
    """What the session under test and the start after the cut share."""

    def __init__(self, lab, options, book, queue="", site="", receivers=2, place=""):
        self.lab, self.options, self.book = lab, options, book
        self.port, self.sink_port = free_port(), free_port()
        self.where, self.dir = f"{lab.dir}/disk{place}", f"{lab.dir}/run{place}"
        self.spool, self.conf = f"{self.where}/spool", f"{self.dir}/conf"
        os.makedirs(self.dir, exist_ok=True)
        for name in ("log", "stderr"):
            open(f"{self.dir}/{name}", "w").close()
        with open(self.conf, "w") as f:
            f.write(CONF.format(spool=self.spool, dir=self.dir, port=self.port, sink=self.sink_port,
                                queue=queue, site=site, receivers=receivers))
        self.loop = cutmail.Loop()
        self.sink = cutmail.Sink(self.loop, self.sink_port, book)
        self.master = None

    def begin(self, boot=None, **env):
        command = [f"{self.options.prefix}/sbin/postriderd", "-f", "-c", self.conf]
        if boot:
            # the machine went down: the kernel has another boot id
            with open(f"{self.dir}/boot_id", "w") as f:
                f.write(f"{boot}\n")
            command = ["unshare", "-m", "--propagation", "slave", "sh", "-c",
                       'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
                       f"{self.dir}/boot_id"] + command
        with open(f"{self.dir}/stderr", "a") as f:
            self.master = subprocess.Popen(command, env={**os.environ, **env}, start_new_session=True, stderr=f)

    def pump(self, true, seconds, what):
        end = self.loop.now() + seconds
        while not true():
            if self.loop.now() > end:
                raise Fault(f"waited {seconds} s in vain: {what}")
            self.step()

    def step(self):
        self.loop.turn()

    def tool(self, *args):
        return subprocess.run([f"{self.options.prefix}/bin/postrider", "-c", self.conf, *args],
                              capture_output=True, text=True)

    def listed(self):
        """[(sender, recipient)] that wait; None: nobody answers."""
        done = self.tool("queue", "list", "-j")
        if done.returncode != 0:
            return None
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        return [("" if row["sender"] in ("", "MAILER-DAEMON", "<>") else row["sender"], rcpt["address"])
                for row in rows for rcpt in row["recipients"]]

    def left(self):
        return self.master.poll() is not None

    def kill(self):
        """kill -9 of all."""
        if self.master:
            while cutlab.family(self.master.pid):
                cutlab.signal_all(cutlab.family(self.master.pid), signal.SIGKILL)
                if self.master.poll() is None:
                    self.master.wait()
                time.sleep(0.002)
            self.master.wait()
            self.master = None

    def log(self):
        with open(f"{self.dir}/log") as f:
            return f.read()

    def close(self):
        self.kill()
        self.loop.close()


class Session(Relay):
    """The relay under test, on a new disk or on IMAGE."""

    def __init__(self, lab, options, name, shim, wants, image=None, book=None, **conf):
        super().__init__(lab, options, book or account.Account(), **conf)
        self.name, self.shim, self.wants = name, shim, wants
        self.image = image or lab.make(f"{name}.img")
        lab.mount_image(self.image, self.where)
        self.board = cutlab.Board(f"{lab.dir}/board")
        self.cuts, self.calls, self.seen = [], 0, {}
        self.fail = lambda point: 0
        self.clients = 0
        self.board.watch(os.stat(self.where).st_dev)

    # ---- where it stops ----

    def step(self):
        self.loop.turn()
        if self.board.waits():
            self.look()

    def look(self):
        """A process waits at a storage call."""
        point = self.board.point()
        self.calls += 1
        key = point.key()
        self.seen[key] = point.number = self.seen.get(key, 0) + 1
        error = self.fail(point)
        if self.wants(self, point):
            self.cut(point)
        self.board.go_on(error)

    def cut(self, point):
        begin = time.monotonic()
        stopped = set()
        while True:
            members = set(cutlab.family(self.master.pid))
            cutlab.signal_all(members - stopped, signal.SIGSTOP)
            stopped |= members
            if members <= stopped and all(cutlab.stands_still(pid) for pid in members):
                break
            time.sleep(0.0005)
        # what was answered by now is promised
        while self.loop.turn(0):
            pass
        when = self.loop.now()
        self.cuts.append(Cut(point, self.lab.clone(self.image), self.book.copy(), when))
        cutlab.signal_all(stopped, signal.SIGCONT)
        self.loop.stopped += time.monotonic() - begin

    # ---- what scenes do ----

    def start(self):
        self.board.reset()
        self.begin(LD_PRELOAD=self.shim, POSTRIDER_CUTS=self.board.path)
        self.pump(lambda: self.left() or self.answers(), 20, "the relay answers 220")
        if self.left():
            with open(f"{self.dir}/stderr") as f:
                raise Fault(f"the relay left with {self.master.returncode}: {f.read()[-200:]} {self.log()[-500:]}")

    def answers(self):
        if getattr(self, "greeted", None) is None:
            self.greeted = [False]
            seen = self.greeted

            def script(talk):
                seen[0] = ((yield) or "").startswith("220")
            if not self.loop.connect(self.port, script):
                self.greeted = None
                return False
        if self.greeted[0]:
            self.greeted = None
            return True
        return False

    def run_tool(self, *args):
        """A tool's exit code; the relay goes on meanwhile."""
        child = subprocess.Popen([f"{self.options.prefix}/bin/postrider", "-c", self.conf, *args],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pump(lambda: child.poll() is not None, 30, f"postrider {' '.join(args)}")
        return child.returncode

    def send(self, *lists, wait=True):
        """Each list by a client of its own."""
        for messages in lists:
            for message in messages:
                self.book.add(message)
            self.clients += 1
            self.client(messages, 50)
        if wait:
            self.sent()

    def client(self, messages, tries):
        def done(rest):
            if rest and tries:
                self.client(rest, tries - 1)
            else:
                self.clients -= 1
        if not cutmail.client(self.loop, self.port, messages, done):
            self.clients -= 1

    def sent(self):
        self.pump(lambda: self.clients == 0, 60, "the clients have done their work")

    def quiet(self, seconds=0.3):
        """Nothing is written for so long."""
        calls, since = self.calls, self.loop.now()
        end = since + 5
        while self.loop.now() - since < seconds and self.loop.now() < end:
            self.step()
            if self.calls != calls:
                calls, since = self.calls, self.loop.now()

    def until_taken(self, *messages):
        def left():
            return [(m.name, r) for m in messages for r in m.rcpts if m.state == account.ACKED
                    and not self.book.taken.get((m.name, r)) and not self.book.told.get((m.name, r))]
        try:
            self.pump(lambda: not left(), 15, "all of it arrives")
        except Fault as why:
            raise Fault(f"{why}: {left()[:5]}, the queue: {str(self.listed())[:300]}, {self.log()[-1500:]}")

    def stop(self):
        self.master.send_signal(signal.SIGTERM)
        self.pump(self.left, 30, "the relay stops")
        self.pump(lambda: not cutlab.family(self.master.pid), 30, "its children too")
        if self.master.returncode != 0:
            raise Fault(f"a stopped relay left with {self.master.returncode}")

    def sync(self):
        """What the scene itself wrote is on the disk."""
        fd = os.open(self.where, os.O_RDONLY)
        cutlab.sync_file_system(fd)
        os.close(fd)

    def crash(self):
        """Every process dies, the machine does not."""
        self.kill()
        self.board.reset()

    def dies(self, name):
        """kill -9 of the processes called NAME; others are born."""
        for pid in cutlab.family(self.master.pid):
            with open(f"/proc/{pid}/comm") as f:
                # the kernel keeps 15 characters
                if f.read().strip() == f"postrider-{name}"[:15]:
                    cutlab.signal_all([pid], signal.SIGKILL)
                    cutlab.wait_dead(pid)
        # who died may have had the board
        if self.board.get(0) and not cutlab.lives(self.board.point_pid()):
            self.board.reset()

    def close(self):
        self.board.blind()
        super().close()
        self.lab.unmount(self.where)


# ---- the start after the cut -------------------------------------------------------

def restored(cut, bound):
    """The account of CUT to go on with: what may or may not have become
    durable by then is free to come again or not."""
    book = account.Account()
    for name, (state, deleted, damaged) in cut.book.states.items():
        message = copy.copy(cut.book.messages[name])
        # who never got an answer never will
        message.state = account.UNKNOWN if state == account.SENT else state
        message.deleted, message.damaged = deleted, damaged
        book.add(message)
    book.free = set(cut.book.free)
    for mine, theirs in ((book.taken, cut.book.taken), (book.told, cut.book.told)):
        for key, times in theirs.items():
            if times[0] > cut.when - bound:
                book.free.add(key)
            else:
                mine[key] = list(times)
    return book


class Judge(Relay):
    """Mount what the cut left, check it, start on it, take what comes."""

    def __init__(self, lab, options, cut, **conf):
        super().__init__(lab, options, account.Account(), **conf)
        self.cut = cut
        self.book.messages = cut.book.messages
        self.sink.later = False
        lab.mount_image(cut.image, self.where)

    def close(self):
        super().close()
        self.lab.unmount(self.where)
        os.unlink(self.cut.image)

    def check(self, when):
        done = self.tool("spool", "check")
        faults = [line for line in done.stdout.splitlines() if line.startswith("fault:")]
        damaged = any(state[2] for state in self.cut.book.states.values())
        if done.returncode not in ((0, 65) if damaged else (0,)):
            return [f"CHECK {when}: exit {done.returncode}, {(faults or [done.stderr.strip()])[0]}"]
        return []

    def verdict(self):
        faults, bound = [], STATUS_SYNC + SLACK
        # before any mail it may be half made
        if any(state[0] != account.UNSENT for state in self.cut.book.states.values()):
            faults += self.check("before the start")
        # every fourth time the file system was lost, and the machine was not
        boot = None if self.cut.point.number % 4 == 3 else uuid.uuid4()
        self.begin(boot=boot)
        end = time.monotonic() + 20
        listed = None
        while listed is None and not self.left() and time.monotonic() < end:
            listed = self.listed()
            if listed is None:
                time.sleep(0.005)
        if listed is None:
            return faults + [f"START in vain: {self.log()[-300:]}"]
        seen = account.judge_list(self.cut.book, listed, self.cut.when, bound)
        # it reads on for a moment
        while any(fault.startswith("LOST") for fault in seen) and time.monotonic() < end - 17:
            time.sleep(0.05)
            seen = account.judge_list(self.cut.book, self.listed() or [], self.cut.when, bound)
        faults += seen
        faults += self.deliver(bound)
        return faults

    def lost(self, bound):
        return [fault for fault in account.judge_end(self.cut.book, self.book, self.cut.when, bound)
                if fault.startswith("LOST")]

    def deliver(self, bound):
        faults = []
        try:
            self.tool("queue", "release", "--all")
            self.tool("site", "resume", f"127.0.0.1:{self.sink_port}")
            self.pump(lambda: self.listed() == [] and not self.lost(bound), 10, "the queue drains")
            # a report of what is damaged may come a little later
            end = time.monotonic() + 0.3 * any(state[2] for state in self.cut.book.states.values())
            while time.monotonic() < end:
                self.step()
            self.master.send_signal(signal.SIGTERM)
            self.pump(self.left, 20, "the relay stops")
            if self.master.returncode != 0:
                faults.append(f"STOP with {self.master.returncode}")
        except Fault as why:
            faults.append(f"STUCK {why}: {str(self.listed())[:200]}")
        faults += account.judge_end(self.cut.book, self.book, self.cut.when, bound)
        faults += self.check("after the stop")
        for word in ("impossible", "signal 6", "signal 11"):
            if word in self.log():
                line = next(line for line in self.log().splitlines() if word in line)
                faults.append(f"ABORT {line[:160]}")
        return faults
