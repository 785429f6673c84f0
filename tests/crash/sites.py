# SPDX-License-Identifier: ISC
"""sites: where in the source storage is touched, by text and by address."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALLS = r"\b(pwritev?|fdatasync|fsync|sync_file_range|ftruncate|fallocate|linkat|renameat|unlinkat|mkdirat" \
        r"|fsys_(?:write_at|write|sync_data|sync_dir|replace|open_dir))\s*\("
MAKES = r"\b(openat)\s*\([^;]*?O_CREAT"
# who writes, and no file of the spool: tools, the scoreboard, pipes
ROOMS = ("src/lib/spool/", "src/scheduler/", "src/master/", "src/receiver/", "src/lib/worker/")
ELSEWHERE = ("src/lib/spool/check.c", "src/lib/worker/board.c", "src/lib/worker/jail.c")
# what stands between a call and the one who meant it
WRAPPERS = ("src/lib/base/fsys.c",)


def function_at(lines, number):
    """The name of the function that line NUMBER (from 0) is in."""
    for n in range(number, -1, -1):
        match = re.match(r"([a-z_][a-z0-9_]*)\(", lines[n])
        if match:
            return match[1]
    return "?"


def in_source():
    """{(file, function): lines} of all places that may touch the spool."""
    found = {}
    for folder, _, files in os.walk(f"{ROOT}/src"):
        for name in sorted(files):
            path = os.path.relpath(f"{folder}/{name}", ROOT)
            if not path.endswith(".c") or not path.startswith(ROOMS) or path in ELSEWHERE:
                continue
            with open(f"{ROOT}/{path}") as f:
                text = f.read()
            lines = text.split("\n")
            for pattern in (CALLS, MAKES):
                for match in re.finditer(pattern, text):
                    number = text.count("\n", 0, match.start())
                    if lines[number][:1] in ("\t", " ") and not lines[number].lstrip().startswith("*"):
                        found.setdefault((path, function_at(lines, number)), set()).add(number + 1)
    return found


class Lookup:
    """Return addresses of programs to places in the source."""

    def __init__(self, stage):
        self.programs = {"postriderd": f"{stage}/sbin/postriderd"}
        self.libexec = f"{stage}/libexec/postrider"
        self.known = {}

    def program(self, name):
        return self.programs.get(name, f"{self.libexec}/{name}")

    def learn(self, program, addresses):
        """Ask addr2line for all that is new."""
        new = sorted({a for a in addresses if (program, a) not in self.known})
        if not new:
            return
        out = subprocess.run(["addr2line", "-a", "-f", "-i", "-e", self.program(program)],
                             input="".join(f"{a - 1:#x}\n" for a in new), capture_output=True, text=True).stdout
        chains, order = {}, []
        for line in out.splitlines():
            if line.startswith("0x"):
                order.append(int(line, 16) + 1)
                chains[order[-1]] = []
            elif order:
                chains[order[-1]].append(line)
        for address in new:
            rows = chains.get(address, [])
            self.known[program, address] = list(zip(rows[::2], rows[1::2]))

    def place(self, program, frames):
        """(file, function, line) of who meant the call, or None."""
        self.learn(program, [a for a in frames if 0 < a < 1 << 32])
        for address in frames:
            for function, where in self.known.get((program, address), []):
                path, _, line = where.split(" ")[0].rpartition(":")
                at = path.rfind("src/")
                path = path[at:] if at >= 0 else path
                if path.startswith("src/") and path not in WRAPPERS:
                    return path, function.split(".")[0], int(line) if line.isdigit() else 0
        return None
