# SPDX-License-Identifier: ISC
"""descriptors: a hard limit that is low, as an ordinary user or a container may have it."""
import os
import socket
import time

from procs import children, cpu
from scene import Skip, free_port, wait_until

FEW = 200
BODY = "Subject: x\r\n\r\n" + ("y" * 70 + "\r\n") * 80


def _born_with(scene, relay, few):
    """Start RELAY with a hard limit of FEW descriptors, which it may not raise."""
    if scene.sanitized():
        raise Skip("AddressSanitizer looks for leaks with rights that are given up here")
    drop = ["setpriv", "--bounding-set=-sys_resource"] if os.getuid() == 0 else []
    relay.starts = 0
    relay.process = scene.beside("few", ["prlimit", f"--nofile={few}", *drop, f"{scene.prefix}/sbin/postriderd", "-f",
                                         "-c", relay.conf])
    return relay.ready()


def _open(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def more_large_messages_than_descriptors_are_held_released_and_delivered(scene):
    port = free_port()
    relay = _born_with(scene, scene.relay("queue { large-message 4k }\nclass normal { retry 1h }\n", to=port,
                                          start=False), FEW)
    count = 2 * FEW
    with relay.smtp() as client:
        for i in range(count):
            client.sendmail("a@client.test", [f"m{i}@example.org"], BODY)
    relay.wait_deferred(count)
    scheduler, = children(relay, "scheduler")
    before = cpu(scheduler)
    assert relay.tool("queue", "hold", "--all") == f"held {count} messages\n"
    assert cpu(scheduler) - before < 5, "it spins"
    assert _open(scheduler) < FEW * 3 / 4
    relay.tool("status")
    # what was held is held after a start
    relay.stop()
    _born_with(scene, relay, FEW)
    assert all(row["queue_name"] == "hold" for row in relay.queue())
    sink = scene.sink(None, "--port", str(port))
    assert relay.tool("queue", "release", "--all") == f"released {count} messages\n"
    relay.tool("flush")
    sink.wait(count)
    relay.wait_empty()
    users = [r["address"] for m in sink.delivered() for r in m["rcpts"]]
    assert len(users) == len(set(users)) == count, (len(users), len(set(users)))
    text = relay.log_text()
    assert "too many" not in text.lower() and "error:" not in text, text[-3000:]


def a_crowd_at_the_control_socket_neither_spins_the_scheduler_nor_fills_the_log(scene):
    sink = scene.sink()
    relay = _born_with(scene, scene.relay(to=sink.port, start=False), 80)
    scheduler, = children(relay, "scheduler")
    path = relay.control
    crowd = []
    for _ in range(150):
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        one.connect_ex(path)
        crowd.append(one)
    used, size = cpu(scheduler), len(relay.log_text())
    time.sleep(1)
    assert cpu(scheduler) - used < 0.2, "it spins"
    assert len(relay.log_text()) - size < 1000, relay.log_text()[-3000:]
    relay.send()
    sink.wait(1)
    for one in crowd:
        one.close()
    wait_until(lambda: relay.tool("status"), "it answers again")
