# SPDX-License-Identifier: ISC
"""filters: of thousands that wait, memory and index alike, the operator gets exactly those that were asked for."""
import fnmatch
import itertools
import json
import re

from scene import free_port, wait_until

SLOW = "".join(f"class {name} {{ retry 1h }}\n" for name in ("urgent", "normal", "bulk"))
HEADER = {"urgent": "MT-Priority: 4", "normal": "Subject: x", "bulk": "Precedence: bulk"}
COUNT = 3000
# one.dead and two.dead share a site that does not answer, later.test defers, other.dead has few
DOMAINS = ["one.dead", "two.dead", "later.test"]


def _fill(relay):
    rows = []
    with relay.smtp() as client:
        for i in range(COUNT):
            klass = "urgent" if i % 100 == 7 else "normal" if i % 5 == 0 else "bulk"
            domain = "other.dead" if i % 500 == 3 else DOMAINS[i % 3]
            sender = f"news@s{i % 4}.test"
            client.mail(sender)
            client.rcpt(f"u{i}@{domain}")
            code, answer = client.data(f"{HEADER[klass]}\r\n\r\nx\r\n")
            assert code == 250, answer
            ident = re.search(rb"queued as (\w+)", answer).group(1).decode()
            rows.append({"id": ident, "class": klass, "domain": domain, "sender": sender})
    return rows


def _matches(row, words):
    for option, value in zip(words[::2], words[1::2]):
        text = {"--class": row["class"], "--site": row["domain"], "--sender": row["sender"],
                "--recipient": f"x@{row['domain']}"}[option]
        if not fnmatch.fnmatchcase(text, value):
            return False
    return True


def _ids(relay, *words):
    return [row["queue_id"] for row in map(json.loads, relay.tool("queue", "list", "-j", *words).splitlines())]


def _counts(relay):
    queue = json.loads(relay.tool("status", "-j"))["queue"]
    return {state: sum(row[state] for row in queue.values()) for state in ("ready", "flying", "waiting", "held")}


def _relay(scene, port):
    sink = scene.sink({"RCPT": "451 4.7.1 later"})
    relay = scene.relay(SLOW + f"queue {{ window 200 }}\nsite * {{ idle 0s }}\n"
                        f"route other.dead {{ to 127.0.0.1:{free_port()} }}\nroute *.dead {{ to 127.0.0.1:{port} }}",
                        to=sink.port)
    rows = _fill(relay)
    due = sum(row["domain"] == "later.test" for row in rows)
    wait_until(lambda: _counts(relay) == {"ready": COUNT - due, "flying": 0, "waiting": due, "held": 0}, "all wait")
    return relay, sink, rows


def a_listing_of_thousands_is_what_the_filter_means_in_order(scene):
    relay, _, rows = _relay(scene, free_port())
    held = [row["id"] for row in rows[::50]]
    assert relay.tool("queue", "hold", *held) == f"held {len(held)} messages\n"
    sites = [[], ["--site", "one.dead"], ["--site", "*.dead"], ["--site", "later.test"], ["--site", "oth*"],
             ["--site", "none.test"]]
    classes = [[], ["--class", "urgent"], ["--class", "bulk"]]
    others = [[], ["--sender", "*@s2.test"], ["--recipient", "*@two.dead"]]
    for words in itertools.product(sites, classes, others):
        words = sum(words, [])
        want = [row["id"] for row in rows if _matches(row, words)]
        assert _ids(relay, *words) == want, f"{words}: not {len(want)}"


def what_is_held_deleted_and_moved_is_what_the_filter_means(scene):
    relay, _, rows = _relay(scene, free_port())
    assert relay.tool("queue", "delete", "--site", "two.dead", "--class", "bulk") == \
        f"deleted {sum(r['domain'] == 'two.dead' and r['class'] == 'bulk' for r in rows)} messages\n"
    rows = [r for r in rows if (r["domain"], r["class"]) != ("two.dead", "bulk")]
    assert _ids(relay) == [r["id"] for r in rows]
    few = [r for r in rows if r["domain"] == "other.dead"]
    assert relay.tool("queue", "move", "--class", "urgent", "--site", "other.dead") == \
        f"moved {sum(r['class'] != 'urgent' for r in few)}, skipped 0 under way\n"
    for row in few:
        row["class"] = "urgent"
    urgent = [r["id"] for r in rows if r["class"] == "urgent"]
    assert _ids(relay, "--class", "urgent") == urgent
    assert relay.tool("queue", "hold", "--class", "urgent") == f"held {len(urgent)} messages\n"
    assert relay.tool("queue", "hold", "--class", "urgent") == "held 0 messages\n"
    assert [r["queue_id"] for r in relay.queue() if r["queue_name"] == "hold"] == urgent
    assert relay.tool("queue", "release", "--site", "other.dead") == f"released {len(few)} messages\n"
    assert relay.tool("queue", "release", "--all") == f"released {len(urgent) - len(few)} messages\n"
    assert _counts(relay)["held"] == 0
    assert _ids(relay) == [r["id"] for r in rows]


def a_flush_of_one_site_among_thousands_tries_all_of_it_and_no_other(scene):
    port = free_port()
    relay, sink, rows = _relay(scene, port)
    sink.play({})
    relay.tool("flush", "--site", "nowhere.test")
    relay.tool("flush", "--site", "later.test", "--class", "normal")
    first = {r["id"] for r in rows if r["domain"] == "later.test" and r["class"] == "normal"}
    wait_until(lambda: len(sink.delivered()) == len(first), "normal mail for it")
    dead = scene.sink(None, "--port", str(port))
    relay.tool("flush", "--site", "later.test")
    due = [r["id"] for r in rows if r["domain"] == "later.test"]
    wait_until(lambda: len(sink.delivered()) == len(due), "all mail for it")
    assert not dead.messages()
    relay.tool("flush", "--site", "two.dead")
    both = sum(r["domain"] in ("one.dead", "two.dead") for r in rows)
    wait_until(lambda: len(dead.delivered()) == both, "a site that is roused gets all that waits for it")
    wait_until(lambda: _ids(relay) == [r["id"] for r in rows if r["domain"] == "other.dead"], "the others wait")


def a_condition_that_is_given_twice_is_refused(scene):
    relay = scene.relay(SLOW, to=free_port())
    ident = relay.send("a@one.test")
    for words in (["delete", "--site", "one.test", "--site", "two.test"], ["delete", "--class", "bulk", "--class", "normal"],
                  ["move", "--class", "urgent", "--from-class", "normal", "--class", "bulk"]):
        done = relay.tool("queue", *words, check=False)
        assert done.returncode == 64 and "is given twice" in done.stderr and not done.stdout, (words, done)
    assert [(row["queue_id"], row["class"]) for row in relay.queue()] == [(ident, "normal")]


def a_condition_that_cannot_be_met_widens_nothing(scene):
    sink = scene.sink({"RCPT": {"late@*": "451 4.7.1 later", "*": "250 2.1.5 Ok"}})
    relay = scene.relay(SLOW, to=sink.port)
    relay.send(["soon@example.org", "late@example.org"])
    wait_until(lambda: relay.statuses("deferred"), "one of two is put off")
    latin = b"\xe9*@example.org"
    for words in (["queue", "delete", "--class", "normal", "--sender", latin], ["queue", "hold", "--all", "--site", latin],
                  ["queue", "move", "--class", "bulk", "--all", "--recipient", latin], ["site", "list", latin],
                  ["site", "pause", latin], ["site", "pause", "--reason", latin, "example.org"],
                  ["flush", "--sender", latin]):
        done = relay.tool(*words, check=False)
        assert done.returncode == 64 and "not UTF-8" in done.stderr, (words, done)
    assert relay.tool("queue", "delete", "--recipient", "soon@*") == "deleted 0 messages\n", "it has got it"
    assert _ids(relay, "--recipient", "soon@*") == []
    assert [r["class"] for r in relay.queue()] == ["normal"], relay.queue()
    assert relay.tool("queue", "delete", "--recipient", "late@*") == "deleted 1 message\n"
