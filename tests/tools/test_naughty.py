#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each string of the Big List of Naughty Strings where somebody can type one, and where a node can answer with one.

The command passes it on as it is, or says what is wrong; what it prints commands no terminal, and with --json is JSON.
With $CAIRN_CORPORA: its bad/blns. Each seventh string is tried, other ones each day (FAULT_TURN=N: those of day N); CAIRN_LONG=1 tries all.
"""

import json
import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_cairn import CAIRN, CONTENT, ID, Case, bad, good, tap  # noqa: E402

CORPORA = os.environ.get("CAIRN_CORPORA")
OWN = ["\x1b[31m", "a\x7fb", "\u202eevil", "a\x9bb", "\r\n", "\x07", "x" * 5000, "é" * 2500, "\ufeff", "-", "--", "--json", "-c"]
COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
STEP = 7


def strings():
    with open(os.path.join(CORPORA, "bad", "blns", "blns.json"), encoding="utf-8") as f:
        listed = [s for s in json.load(f) if "\0" not in s]
    turn = int(os.environ.get("FAULT_TURN") or time.time() // 86400)
    return (listed if os.environ.get("CAIRN_LONG") else listed[turn % STEP :: STEP]) + OWN


@unittest.skipUnless(CORPORA, "CAIRN_CORPORA is not set")
class Naughty(Case):
    def run_cairn(self, *args):
        """(status, both outputs); whatever happened, no terminal is commanded and JSON is JSON."""
        done = subprocess.run([CAIRN, *args], env=self.env, cwd=self.dir.name, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        said = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")  # or it is not UTF-8
        self.assertIn(done.returncode, range(6), (args, said))
        for text in said:
            self.assertIsNone(COMMANDS.search(text), args)
        self.assertTrue(done.returncode == 0 or said[0] or said[1], args)
        if args[0] == "--json" and said[0]:
            json.loads(said[0])
        return done.returncode, *said

    def test_typed(self):
        """As an argument: it reaches the node as it was typed, or there is a sentence that says what is wrong."""
        typed = {
            "find": (("find", "--", "{}"), "words", {"records": [], "note": "none"}),
            "refer": (("refer", ID, "--need", "{}"), "need", {}),
            "match": (("match", "--need", "grief", "--age-band", "26_59", "--not-town", "{}"), "not_towns", {}),
            "show": (("show", "--", "{}"), "id", {}),
            "erase": (("erase", ID, "--confirm", "{}"), "confirm", {}),
            "say": (("say", "{}", self.text("x")), "user", {}),
        }
        node = self.node(**{verb: good(**reply) for verb, (_, _, reply) in typed.items()})
        passed = refused = 0
        for string in strings():
            for verb, (args, _, _) in typed.items():
                node.asked.clear()
                status, out, err = self.run_cairn(*(string if arg == "{}" else arg for arg in args))
                if node.asked:
                    passed += 1
                    words = " ".join(string.split(" "))
                    self.assertIn(json.dumps(words)[1:-1], json.dumps(node.asked), (verb, string))
                elif status:
                    refused += 1
                    self.assertRegex(out + err, r"\w{3}", (verb, string))
        print(f"# {passed} passed on as typed, {refused} refused with a reason", flush=True)
        self.assertGreater(passed, 100)
        self.assertGreater(refused, 50)

    def test_from_a_file(self):
        """As the words of a file: the node is asked with them, but for line ends after them; or it is empty."""
        node = self.node(say=good(id=CONTENT, delivery="queued"), hold=good(hold=ID), answer=good(referral=ID, id=CONTENT), revoke=good(referral=ID))
        ways = ((("say", "@a:b.example", "F"), "text"), (("answer", ID, "decline", "--reason", "other", "--reason-file", "F"), "reason_text"),
                (("revoke", ID, "--how", "phone", "--recorded-by-file", "F"), "recorded_by"),
                (("hold", ID, "--class", "litigation", "--review", "2030-01-01", "--reason-file", "F"), "reason_text"))
        for n, string in enumerate(strings()):
            args, member = ways[n % len(ways)]
            file = self.text(string)
            node.asked.clear()
            status, out, err = self.run_cairn(*(file if arg == "F" else arg for arg in args))
            if string.rstrip("\r\n"):
                self.assertEqual((status, [asked[member] for _, asked in node.asked]), (0, [string.rstrip("\r\n")]), (out, err))
            else:
                self.assertEqual((status, node.asked), (3, []))
                self.assertIn("it is empty", err)

    def test_answered(self):
        """From the node: names of records, aliases, words of members, reasons of refusals."""
        node = self.node()
        for n, string in enumerate(strings()):
            record = {"id": ID, "kind": "specialist", "name": string, "org": string, "old": string, string or "x": string}
            replies = dict(show=good(id=ID, kind="story", name=string, in_words=[string], record={"alias": string, "deep": [{string: string}]}),
                           list=good(items=[{"id": ID, "user": string, "body": string, "direction": "in"}]), find=good(records=[record], note=string),
                           erase=bad("refused", string or "x", string), doctor=good(checks=[{"name": string, "ok": False, "text": string, "hint": string}]))
            node.replies = {verb: [reply] for verb, reply in replies.items()}
            ways = (("show", ID), ("list", "messages"), ("find",), ("erase", ID), ("doctor",))
            for args in (ways[n % 5], ways[(n + 1) % 5]):
                self.run_cairn(*args)
                _, out, _ = self.run_cairn("--json", *args)
                if args[0] != "erase":
                    self.assertTrue(holds(json.loads(out), string), (args, string))


def holds(value, string):
    """Is the string a value somewhere in that JSON?"""
    if isinstance(value, dict):
        return any(holds(each, string) for each in value.values())
    return any(holds(each, string) for each in value) if isinstance(value, list) else value == string


if __name__ == "__main__":
    tap.main()
