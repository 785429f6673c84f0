# SPDX-License-Identifier: ISC
"""notice: the tools find a running relay, whatever has become of its file."""
import fcntl
import glob
import os
import random
import subprocess

from scene import Skip, wait_until


def _notice(relay):
    """The notice of this relay; others may run beside it, and come and go."""
    mine = "/run/postrider" if os.getuid() == 0 else f"/tmp/postrider-{os.getuid()}"
    for path in glob.glob(f"{mine}/relay-*"):
        try:
            with open(path) as f:
                if f'"{relay.control}"' in f.read().replace(f" {relay.control}\n", f' "{relay.control}"\n'):
                    return path
        except FileNotFoundError:
            pass
    raise AssertionError("it has put up no notice")


def _stranger():
    """Somebody of whom nothing is on this machine, and no other test is it."""
    return next(uid for uid in iter(lambda: random.randrange(40000, 60000), None)
                if not os.path.exists(f"/tmp/postrider-{uid}"))


def _as(uid, scene, relay, program, *words, input=""):
    if os.getuid() != 0:
        raise Skip("only root can be somebody else")
    option = "-C" if program.endswith("sendmail") else "-c"
    return subprocess.run([f"{scene.prefix}/{program}", option, relay.conf, *words], input=input, text=True,
                          capture_output=True, timeout=60, user=uid, group=65534, extra_groups=[])


def _spoil(relay, how):
    if how == "half edited":
        with open(relay.conf, "a") as f:
            f.write("sitee * {\n")
    elif how == "unreadable":
        os.chmod(relay.conf, 0o600)
    elif how == "gone":
        os.rename(relay.conf, relay.conf + ".away")
    elif how == "another control":
        with open(relay.conf) as f:
            text = f.read()
        with open(relay.conf, "w") as f:
            f.write(text.replace(relay.control, relay.control + ".new"))


def the_tools_find_a_running_relay_whatever_has_become_of_its_file(scene):
    for how in ("half edited", "unreadable", "gone", "another control"):
        with scene.row(how):
            sink = scene.sink()
            relay = scene.relay(to=sink.port)
            _spoil(relay, how)
            relay.sendmail("b@example.org", input="Subject: x\n\nx\n")
            message, = sink.wait()
            assert message["mail"].startswith("MAIL FROM:<") and b"@relay.test" in message["body"], message
            relay.wait_empty()
            assert relay.tool(program="bin/mailq") == "Mail queue is empty\n"
            for words in (["status"], ["flush"], ["queue", "list"], ["site", "list"], ["route", "b@example.org"],
                          ["trace", "b@example.org"], ["spool", "check"]):
                relay.tool(*words)
            for program in ("sbin/sendmail", "bin/mailq") if os.getuid() == 0 else ():
                done = _as(_stranger(), scene, relay, program, *(["b@example.org"] if "send" in program else []),
                                  input="Subject: x\n\nx\n")
                assert (done.returncode, done.stderr) == (0, ""), done
            relay.tool("stop")
            relay.stop()


def verbs_about_the_file_itself_read_it(scene):
    relay = scene.relay(to=9)
    _spoil(relay, "half edited")
    for words in (["config", "check"], ["reload"], ["config", "show"]):
        done = relay.tool(*words, check=False)
        assert done.returncode == 78 and "sitee is unknown here" in done.stderr, (words, done)
    relay.tool("status")


def sendmail_exits_75_where_no_relay_and_no_good_file_is_there(scene):
    relay = scene.relay(to=9, start=False)
    for how in ("half edited", "gone"):
        with scene.row(how):
            _spoil(relay, how)
            done = relay.sendmail("b@example.org", input="x\n", check=False)
            assert done.returncode == 75 and done.stderr.count("\n") == 1, done
            assert "no relay is known to run with " + relay.conf in done.stderr, done
            assert ("sitee is unknown" if how == "half edited" else "No such file") in done.stderr, done
            assert relay.tool("status", check=False).returncode == 69


def what_a_dead_master_left_is_not_believed(scene):
    relay = scene.relay(to=9)
    notice = _notice(relay)
    relay.process.kill(9)
    relay.process.process.wait()
    assert os.path.exists(notice)
    _spoil(relay, "another control")
    done = relay.sendmail("b@example.org", input="x\n", check=False)
    assert done.returncode == 75 and f"at {relay.control}.new.submit" in done.stderr, done
    relay.control += ".new"
    relay.start().ready()
    relay.tool("status")
    relay.stop()
    assert not os.path.exists(notice)


def a_reload_is_told_to_the_tools_and_a_symbolic_link_is_followed_anew(scene):
    relay = scene.relay(to=9, start=False)
    os.rename(relay.conf, relay.conf + ".1")
    os.symlink(relay.conf + ".1", relay.conf)
    relay.start().ready()
    with open(relay.conf + ".1") as f, open(relay.conf + ".2", "w") as to:
        to.write(f.read() + "limits { recipients 2 }\n")
    to = ["a@example.org", "b@example.org", "c@example.org"]
    relay.sendmail(*to, input="x\n")
    os.symlink(relay.conf + ".2", relay.conf + "+")
    os.rename(relay.conf + "+", relay.conf)
    relay.tool("reload")
    _spoil(relay, "half edited")
    done = relay.sendmail(*to, input="x\n", check=False)
    assert done.returncode == 65 and "the relay takes at most 2" in done.stderr, done
    # by the other name too
    relay.tool("status")


def nobody_else_can_divert_mail(scene):
    """Neither a notice of somebody else's, nor one where others can write."""
    if os.getuid() != 0:
        raise Skip("only root can be somebody else")
    nobody = _stranger()
    place = f"/tmp/postrider-{nobody}"
    relay = scene.relay(to=9)
    notice = _notice(relay)
    name = os.path.basename(notice)
    with open(notice) as f:
        text = f.read()
    relay.stop()
    lines = text.replace(relay.control, f"{scene.dir}/diverted")
    for where, mode, owner in ((place, 0o755, nobody), ("/tmp/postrider-0", 0o777, 0), ("/tmp/postrider-0", 0o755, nobody)):
        with scene.row(f"{where} {mode:o} {owner}"):
            lock = os.open("/tmp", os.O_RDONLY)     # one such test at a time
            fcntl.flock(lock, fcntl.LOCK_EX)
            os.makedirs(where, exist_ok=True)
            try:
                os.chmod(where, mode)
                os.chown(where, owner, -1)
                with open(f"{where}/{name}", "w") as f:
                    f.write(lines)
                    f.flush()
                    os.chown(f.name, nobody, -1)
                    fcntl.flock(f, fcntl.LOCK_EX)
                    done = relay.sendmail("b@example.org", input="x\n", check=False)
                    assert done.returncode == 75 and f"at {relay.control}.submit" in done.stderr, done
                    if where == place:
                        # its own word counts for nobody
                        done = _as(nobody, scene, relay, "sbin/sendmail", "b@example.org", input="x\n")
                        assert f"at {scene.dir}/diverted.submit" in done.stderr, done
            finally:
                os.unlink(f"{where}/{name}")
                os.rmdir(where)
                os.close(lock)


def an_ordinary_user_has_notices_too(scene):
    if os.getuid() != 0:
        raise Skip("the others show it")
    nobody = _stranger()
    directory = f"{scene.dir}/nobody"
    os.mkdir(directory)
    os.chown(directory, nobody, 65534)
    relay = scene.relay(to=9, start=False)
    with open(relay.conf) as f:
        text = f.read().replace(scene.dir + "/", directory + "/")
    relay.conf = f"{directory}/pr.conf"
    with open(relay.conf, "w") as f:
        f.write(text)
    os.chown(relay.conf, nobody, -1)
    child = subprocess.Popen([f"{scene.prefix}/sbin/postriderd", "-f", "-c", relay.conf], user=nobody, group=65534,
                             extra_groups=[], stdin=subprocess.DEVNULL)
    try:
        def answers():
            return relay.tool("status", check=False).returncode == 0
        wait_until(answers, "the relay answers")
        _spoil(relay, "half edited")
        for how in ("half edited", "gone"):
            _spoil(relay, how)
            relay.tool("status")        # root
            relay.sendmail("b@example.org", input="x\n")
            done = _as(nobody, scene, relay, "bin/mailq")
            assert done.returncode == 0 and "b@example.org" in done.stdout, done
    finally:
        child.terminate()
        assert child.wait(60) == 0
    assert not glob.glob(f"/tmp/postrider-{nobody}/relay-*")
    os.rmdir(f"/tmp/postrider-{nobody}")
