# SPDX-License-Identifier: ISC
"""syslogd: a syslog daemon that plays a script, and the namespace in which it is the relay's.

It listens at a socket in the scene's directory, which the relay sees as /dev/log."""
import os
import socket
import threading
import time

from scene import Skip

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


class Syslogd:
    def __init__(self, scene):
        if os.getuid() != 0:
            raise Skip("needs root: /dev/log is the machine's")
        self.dev = f"{scene.dir}/dev"
        os.makedirs(f"{self.dev}/shm")
        for name in DEVICES:
            open(f"{self.dev}/{name}", "w").close()
        self.pause, self.lines, self.socket, self.thread = 0, [], None, None
        mounts = "".join(f"mount --bind /dev/{name} {self.dev}/{name} && " for name in DEVICES)
        self.within = ["unshare", "--mount", "sh", "-c",
                       f'{mounts} mount --rbind {self.dev} /dev && exec "$@"', "sh"]

    def start(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{self.dev}/log")
        os.chmod(f"{self.dev}/log", 0o666)
        self.thread = threading.Thread(target=self._read, args=(self.socket,), daemon=True)
        self.thread.start()
        return self

    def _read(self, source):
        while True:
            packet = source.recv(1 << 16)
            if not packet:
                return
            self.lines.append(packet.decode(errors="replace"))
            if self.pause:
                time.sleep(self.pause)

    def end(self):
        """All that has come to its socket is read: who closes one with lines in it loses them, and that is no fault
        of who wrote them."""
        os.unlink(f"{self.dev}/log")
        self.socket.shutdown(socket.SHUT_RD)
        self.thread.join()
        self.socket.close()

    def text(self):
        return "\n".join(list(self.lines))

    def count(self, word):
        return sum(word in line for line in list(self.lines))
