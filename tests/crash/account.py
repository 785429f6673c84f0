# SPDX-License-Identifier: ISC
"""account: every message by name, what was promised of it, what became of it.

Times are those of the session under test: while it stands still, so does its
clock.
"""
import collections
import hashlib

# what the client knows of a message
UNSENT, SENT, ACKED, REFUSED, UNKNOWN = "unsent", "sent", "acknowledged", "refused", "unanswered"


class Message:
    def __init__(self, name, rcpts, size=600, priority=0, notify=None):
        self.name, self.rcpts, self.size = name, rcpts, size
        self.priority, self.notify = priority, notify
        self.state, self.id = UNSENT, None
        self.deleted = False        # None: an operator is at it
        self.damaged = False
        self.sender = f"{name}@back.test"
        lines = [f"{name} line {n} " + "x" * 48 for n in range(max(1, size // 64))]
        self.body = "\r\n".join(lines) + "\r\n"
        self.hash = hashlib.sha1(self.body.encode()).hexdigest()

    def text(self):
        return f"Subject: {self.name}\r\n\r\n{self.body}"


class Account:
    def __init__(self):
        self.messages = {}
        self.taken = collections.defaultdict(list)      # (name, recipient): when
        self.told = collections.defaultdict(list)       # the same, of reports
        self.wrong = []                                 # what should never come
        self.free = set()                               # may be done, or not

    def add(self, message):
        self.messages[message.name] = message
        return message

    def copy(self):
        """As it is now; the messages' states beside."""
        other = Account()
        other.messages = self.messages
        other.states = {m.name: (m.state, m.deleted, m.damaged) for m in self.messages.values()}
        for mine, theirs in ((self.taken, other.taken), (self.told, other.told)):
            theirs.update((key, list(times)) for key, times in mine.items())
        other.wrong, other.free = list(self.wrong), set(self.free)
        return other

    def take(self, rcpt, content, now):
        """The sink said 250 to CONTENT for RCPT."""
        head, _, body = content.partition("\r\n\r\n")
        if rcpt.endswith("@back.test"):
            self.take_report(rcpt.split("@")[0], content, now)
            return
        name = next((line[9:] for line in head.split("\r\n") if line.startswith("Subject: ")), None)
        message = self.messages.get(name)
        if message is None or rcpt not in message.rcpts:
            self.wrong.append(f"{rcpt} got a message that nobody sent there: {name}")
        elif hashlib.sha1(body.encode()).hexdigest() != message.hash:
            self.wrong.append(f"{rcpt} got another body of {name} than was sent")
        else:
            self.taken[name, rcpt].append(now)

    def take_report(self, name, content, now):
        message = self.messages.get(name)
        if message is None:
            self.wrong.append(f"a report to a sender that is none: {name}")
            return
        if "\r\nAction: delayed" in content:
            return
        for rcpt in message.rcpts:
            if f"rfc822; {rcpt}" in content or f"rfc822;{rcpt}" in content:
                self.told[name, rcpt].append(now)


# ---- what must be, and what may ----------------------------------------------------

def fails(rcpt):
    return rcpt.startswith("fail")


def rows(account):
    """(message, recipient, state, …, times) of all; times: when it was done."""
    for name, (state, deleted, damaged) in account.states.items():
        message = account.messages[name]
        for rcpt in message.rcpts:
            done = account.told if fails(rcpt) else account.taken
            if state == ACKED and (name, rcpt) in account.free:
                state = UNKNOWN
            yield message, rcpt, state, deleted, damaged, done.get((name, rcpt), [])


def judge_list(account, listed, cut, bound):
    """What "queue list" may not show of ACCOUNT, cut at CUT; LISTED: the
    recipients by sender that wait (reports: by whom they go to)."""
    faults = []
    seen = collections.Counter(listed)
    for key, n in seen.items():
        if n > 1 and key[0] != "":
            faults.append(f"TWICE {key[1]} of {key[0]} waits {n} times")
    for message, rcpt, state, deleted, damaged, times in rows(account):
        waits = (message.sender, rcpt) in seen
        reported = fails(rcpt) and ("", message.sender) in seen
        recent = times and times[0] > cut - bound
        if state == ACKED and deleted is False and not damaged and not times and not waits and not reported:
            faults.append(f"LOST {rcpt} of {message.name} does not wait")
        if waits and times and not recent:
            faults.append(f"COPY {rcpt} of {message.name} waits, done {cut - times[0]:.2f} s before")
        if waits and state in (UNSENT, REFUSED):
            faults.append(f"GHOST {rcpt} of {message.name} waits, {state}")
        if waits and deleted is True:
            faults.append(f"GHOST {rcpt} of {message.name} waits, deleted")
    return faults


def judge_end(account, after, cut, bound):
    """What is wrong with what AFTER saw since the start."""
    faults = [f"WRONG {what}" for what in after.wrong]
    for message, rcpt, state, deleted, damaged, times in rows(account):
        done = after.told if fails(rcpt) else after.taken
        again = len(done.get((message.name, rcpt), []))
        recent = times and times[0] > cut - bound
        told = len(after.told.get((message.name, rcpt), []))
        if state == ACKED and deleted is False and not damaged and not times and not again:
            faults.append(f"LOST {rcpt} of {message.name} never came")
        if damaged and state == ACKED and not times and not again and not told:
            faults.append(f"UNTOLD {rcpt} of {message.name} is damaged, and its sender was not told")
        if times and again and not recent:
            faults.append(f"COPY {rcpt} of {message.name} came again, done {cut - times[0]:.2f} s before")
        if again > 1 and not fails(rcpt):
            faults.append(f"TWICE {rcpt} of {message.name} came {again} times after one start")
        if again and (state in (UNSENT, REFUSED) or deleted is True):
            faults.append(f"GHOST {rcpt} of {message.name} came, {state}{', deleted' * (deleted is True)}")
    return faults
