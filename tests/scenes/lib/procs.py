# SPDX-License-Identifier: ISC
"""procs: the processes of a relay, as the system sees them."""
import glob
import os
import re


def children(relay, name):
    """The process ids of the relay's children whose program is postrider-NAME."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                pid, rest = f.read().split(" (", 1)
        except OSError:
            continue
        comm, rest = rest.rsplit(") ", 1)
        if comm == f"postrider-{name}"[:15] and int(rest.split()[1]) == relay.process.process.pid:
            found.append(int(pid))
    return found


def memory(pid):
    """Bytes that PID has for itself."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"RssAnon:\s+(\d+) kB", f.read()).group(1)) * 1024


def assert_grew_less(pid, before, most):
    """Unless a sanitizer keeps what was freed."""
    with open(f"/proc/{pid}/maps") as f:
        if "asan" in f.read():
            return
    grew = memory(pid) - before
    assert grew < most, f"it grew by {grew} bytes"


def cpu(pid):
    """Seconds of processor time that PID has used."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
