# SPDX-License-Identifier: ISC
"""slips: what is said of a command line that is wrong, or asks for help."""
import subprocess


def _run(scene, program, *words):
    return subprocess.run([f"{scene.prefix}/{program}", *words], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


def a_slip_has_its_line_and_the_usage_of_that_verb_alone(scene):
    rows = (
        (["queue", "list", "--frobnicate"], "unrecognized option '--frobnicate'", ["postrider queue list"]),
        (["--frobnicate", "queue", "list"], "unrecognized option '--frobnicate'", ["postrider queue list"]),
        (["queue", "list", "--sender"], "option '--sender' requires an argument", ["postrider queue list"]),
        (["queue", "list", "--site", "a", "--site", "b"], "--site is given twice", ["postrider queue list"]),
        (["queue", "list", "x"], "x: one word too many", ["postrider queue list"]),
        (["queue", "show"], "something is missing: ID", ["postrider queue show"]),
        (["queue", "show", "a", "b"], "b: one word too many", ["postrider queue show"]),
        (["stop", "-j"], "--json is not for stop", ["postrider stop"]),
        (["site", "show", "x", "--all"], "--all is not for site show", ["postrider site show"]),
        (["st"], "st: could be status or stop", ["postrider status", "postrider stop"]),
        (["queue", "re"], "queue re: could be release or retry", ["postrider queue release", "postrider queue retry"]),
        (["class"], "class: which of these?", ["postrider class show"]),
        (["class", "list"], "class list: no such verb", ["postrider class show"]),
        (["statusx"], "statusx: no such verb", ["usage: postrider [-c FILE] VERB"]),
        (["--frobnicate"], "unrecognized option '--frobnicate'", ["usage: postrider [-c FILE] VERB"]),
    )
    for words, said, usages in rows:
        with scene.row(" ".join(words)):
            done = _run(scene, "bin/postrider", *words)
            lines = done.stderr.splitlines()
            assert done.returncode == 64 and done.stdout == "", done
            assert lines[0].endswith(said) and lines[0].split(": ")[0].endswith("postrider"), done.stderr
            shown = [line for line in lines[1:] if line != "usage:" and "postrider help" not in line]
            assert len(shown) == len(usages), done.stderr
            assert all(usage in line for usage, line in zip(usages, shown)), done.stderr
    for program, words, said in (("bin/mailq", ["-z"], "invalid option"), ("bin/mailq", ["x"], "x: mailq takes no words"),
                                 ("sbin/postriderd", ["-z"], "invalid option"),
                                 ("sbin/postriderd", ["x"], "x: it takes no words")):
        with scene.row(f"{program} {' '.join(words)}"):
            done = _run(scene, program, *words)
            assert done.returncode == 64 and said in done.stderr.splitlines()[0], done
            assert len(done.stderr.splitlines()) <= 4 and done.stdout == "", done


def help_and_version_are_there_for_all_programs_and_verbs(scene):
    for program in ("bin/postrider", "bin/mailq", "sbin/sendmail", "sbin/postriderd"):
        for word in ("--help", "-h", "--version"):
            with scene.row(f"{program} {word}"):
                done = _run(scene, program, word)
                assert (done.returncode, done.stderr) == (0, ""), done
                assert ("usage: " if word != "--version" else "postrider") in done.stdout or \
                    done.stdout.startswith("       postrider status"), done
    text = _run(scene, "bin/postrider", "help").stdout
    verbs = [line.split()[1:] for line in text.splitlines() if line.startswith("       postrider ")]
    assert len(verbs) > 20, text
    for words in verbs:
        verb = [words[0]] + [word for word in words[1:2] if word.isalpha() and word.islower()]
        for option in ("--help", "-h"):
            with scene.row(f"{' '.join(verb)} {option}"):
                done = _run(scene, "bin/postrider", *verb, option)
                assert (done.returncode, done.stderr) == (0, ""), done
                assert done.stdout.startswith("       postrider " + " ".join(verb)), done
    # with a message it is the header that is asked for
    done = _run(scene, "bin/postrider", "-c", "/none", "queue", "show", "-h", "0" * 16)
    assert done.returncode != 0 and done.stdout == "", done
