#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's command from outside, against a socket that answers as a node would."""

import json
import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CAIRN = os.environ.get("CAIRN") or os.path.join(os.environ.get("builddir") or SRC, "cairn")
sys.path.insert(0, os.path.join(SRC, "tests"))
import tap  # noqa: E402

CONFIG = """\
organization = Harbor Peer Network
homeserver = https://harbor.example
server_name = harbor.example
node_user = node
steward_user = steward
state_dir = {dir}
"""
ID = "01J8Z0Q4M2K7V9T5B3N6X8C0RD"
CONTENT = "7K2M9QX4TB6W8ZC1D3F5G0HJNP"
EXAMPLES = os.path.join(SRC, "docs", "examples")
ORG = "QMNNV3X3SV10TNZA2N82C8N5DG"


class Node:
    """Answers each verb with the next of its replies, the last again and again; keeps what was asked."""

    def __init__(self, path, **replies):
        self.asked = []
        self.replies = {verb: list(r) if isinstance(r, list) else [r] for verb, r in replies.items()}
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer, peer.makefile("rwb") as lines:
                for line in lines:
                    request = json.loads(line)
                    self.asked.append((request["verb"], request.get("args")))
                    queue = self.replies[request["verb"]]
                    reply = queue.pop(0) if len(queue) > 1 else queue[0]
                    lines.write(reply if isinstance(reply, bytes) else json.dumps(reply).encode() + b"\n")
                    lines.flush()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


def good(**result):
    return {"ok": True, "result": result}


def bad(code, error, hint=None):
    return {"ok": False, "code": code, "error": error, **({"hint": hint} if hint else {})}


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="cairn-tool-")
        self.addCleanup(self.dir.cleanup)
        self.config = self.file("cairn.conf", CONFIG.format(dir=self.dir.name))
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "CAIRN_CONFIG": self.config}

    def file(self, name, text):
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text if isinstance(text, str) else json.dumps(text))
        return path

    def node(self, **replies):
        node = Node(os.path.join(self.dir.name, "admin.sock"), **replies)
        self.addCleanup(node.close)
        return node

    def cairn(self, *args, want=0, **kw):
        done = subprocess.run([CAIRN, *args], env=self.env, cwd=self.dir.name, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **kw)
        self.assertEqual(done.returncode, want, f"{args}: {done.stdout}{done.stderr}")
        return done

    def text(self, words):
        """A file with these words, which may be bytes."""
        path = os.path.join(self.dir.name, "words.txt")
        with open(path, "wb") as f:
            f.write(words if isinstance(words, bytes) else words.encode())
        return path

    def refused(self, text, *args, want):
        done = self.cairn(*args, want=want)
        self.assertIn(text, done.stderr)
        return done


class Backup(Case):
    def made(self, **last):
        """A node that has made a copy of its database; returns it, and where the backup is to be."""
        self.file("backup.db", "the copy")
        self.file("keys.db", "the keys")
        path = os.path.join(self.dir.name, "backup.db")
        last = last or {"state": "done", "path": path, "bytes": 8}
        node = self.node(backup=[good(state="running", path=path, bytes=0), good(state="running", path=path, bytes=0),
                                 good(**{"path": path, "bytes": 0, **last}), good(state="none", path=path, bytes=0), good(state="none", path=path, bytes=0)])
        return node, os.path.join(self.dir.name, "mine.db")

    def test_a_copy(self):
        node, mine = self.made()
        self.assertIn("without keys.db", self.cairn("backup", mine).stdout)
        with open(mine, encoding="utf-8") as f:
            self.assertEqual(f.read(), "the copy")
        self.assertEqual(os.stat(mine).st_mode & 0o7777, 0o600)
        self.assertEqual([args for _, args in node.asked], [None, {"look": True}, {"look": True}, {"remove": True}])
        self.assertFalse(os.path.exists(mine + ".new"))

    def test_never_over_another_file(self):
        node, mine = self.made()
        self.file("mine.db", "another")
        self.refused("is not overwritten", "backup", mine, want=1)
        with open(mine, encoding="utf-8") as f:
            self.assertEqual(f.read(), "another")
        self.assertEqual(node.asked, [])

    def test_a_failure_leaves_nothing(self):
        _, mine = self.made(state="failed", why="no space left on device")
        self.refused("no space left", "backup", mine, want=6)
        self.assertFalse(os.path.exists(mine))

    def test_keys_are_copied_and_expire(self):
        node, mine = self.made()
        keys = os.path.join(self.dir.name, "keys")
        os.mkdir(keys)
        names = {days: time.strftime("keys-%Y%m%dT%H%M%SZ.db", time.gmtime(time.time() - days * 86400)) for days in (1, 28, 30, 400)}
        for name in [*names.values(), "notes.txt", "keys-mine.db"]:
            self.file(os.path.join("keys", name), "older")
        said = json.loads(self.cairn("--json", "backup", mine, "--keys", keys).stdout)
        self.assertEqual(said["keys_destroyed"], 2)
        left = set(os.listdir(keys))
        new = os.path.basename(said["keys"])
        self.assertEqual(left, {names[1], names[28], "notes.txt", "keys-mine.db", new})
        with open(said["keys"], encoding="utf-8") as f:
            self.assertEqual(f.read(), "the keys")
        self.assertEqual(os.stat(said["keys"]).st_mode & 0o7777, 0o600)
        self.assertEqual(node.asked[-1], ("backup", {"keys": True}))

    def test_what_was_not_copied_is_not_said_to_be(self):
        node, mine = self.made()
        self.cairn("backup", mine, "--keys", os.path.join(self.dir.name, "nowhere"), want=3)
        self.assertNotIn({"keys": True}, [args for _, args in node.asked])


class Help(Case):
    def verbs(self):
        lines = self.cairn("--help").stdout.splitlines()
        return [m[1] for m in (re.match(r"  ([a-z][a-z-]*(?: [a-z]+)?) {2,}\S", line) for line in lines) if m]

    def test_every_verb_explains_itself(self):
        verbs = self.verbs()
        self.assertGreaterEqual(len(verbs), 20)
        for verb in verbs:
            text = self.cairn("help", *verb.split()).stdout
            self.assertTrue(text.startswith(f"usage: cairn {verb}"), verb)
            self.assertIn("\nExample:\n  cairn ", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 92, verb)
            self.assertEqual(self.cairn(*verb.split(), "--help").stdout, text)

    def test_manual_has_every_verb_and_option(self):
        with open(os.path.join(SRC, "docs", "man", "cairn.1"), encoding="utf-8") as f:
            page = f.read()
        for verb in self.verbs():
            self.assertRegex(page, rf"(?m)^\.It Cm {verb}( |$)", verb)
            usage = self.cairn("help", *verb.split()).stdout.split("\n\n")[0]
            for option in re.findall(r"--([a-z-]+)", usage):
                self.assertIn(f"Fl -{option}", page, verb)

    def test_closed_lists_come_from_the_schemas(self):
        with open(os.path.join(SRC, "schemas", "common.json"), encoding="utf-8") as f:
            needs = json.load(f)["$defs"]["need"]["enum"]
        text = " ".join(self.cairn("help", "refer").stdout.split())
        self.assertIn("one of: " + " ".join(needs), text)

    def test_usage_errors(self):
        self.assertIn("usage: cairn", self.cairn(want=2).stderr)
        self.refused('there is no command "refre"', "refre", want=2)
        self.assertIn("did you mean cairn refer?", self.cairn("refre", want=2).stderr)
        self.refused("RECORD is missing", "refer", want=2)
        self.refused("--need N is missing", "refer", ID, want=2)
        self.refused("there is no option --nede", "refer", ID, "--nede", "grief", want=2)
        self.refused("--need needs a value", "refer", ID, "--need", want=2)
        self.refused("--need is given twice", "refer", ID, "--need", "a", "--need", "b", want=2)
        rest = ("--language", "es", "--modality", "online_text", "--urgency", "soon", "--age-band", "26_59")
        for value in "sad", "", "grie":
            self.assertEqual(self.refused("none of its values", "refer", ID, "--need", value, *rest, want=2).stderr,
                             f"cairn: --need {value}: this is none of its values\n  cairn help refer lists the values\n")
        self.refused("--time noon: this is none", "refer", ID, "--need", "grief", *rest, "--time", "night", "--time", "noon", want=2)
        self.refused("--condition sad: this is none", "find", "--condition", "sad", want=2)
        self.refused('what is "more"?', "follow", ID, "more", want=2)
        self.refused("give seconds", "publish", "--wait", "--timeout", "soon", want=2)
        self.refused("not UTF-8", "find", b"\xff", want=2)
        self.assertEqual(json.loads(self.cairn("--json", "refer", want=2).stdout)["code"], "usage")

    def test_completion_is_a_script_that_completes(self):
        script = self.cairn("completion").stdout
        for line, word, found in (("cairn re", "re", "refer reopen report resume revoke"), ("cairn list re", "re", "referrals rejected records"),
                                  ("cairn import h", "h", "hsds"), ("cairn refer X --need gr", "gr", "grief"),
                                  ("cairn answer X de", "de", "decline")):
            words = line.split()
            bash = subprocess.run(["bash", "-c", script + f"\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _cairn; "
                                   'echo "${COMPREPLY[@]}"'], capture_output=True, text=True, timeout=20)
            self.assertEqual(sorted(bash.stdout.split()), sorted(found.split()), line + bash.stderr)


class Config(Case):
    def test_a_good_one(self):
        self.assertIn("good", self.cairn("check-config").stdout)
        doc = json.loads(self.cairn("check-config", self.config, "--json").stdout)
        self.assertEqual(doc["admin_socket"], os.path.join(self.dir.name, "admin.sock"))

    def test_faults_say_where(self):
        path = self.file("bad.conf", CONFIG.format(dir=self.dir.name) + "organisation = X\n")
        self.assertIn(f"{path}:7:1:", self.refused("organization", "check-config", path, want=3).stderr)
        self.refused("/none.conf", "-c", "/none.conf", "doctor", want=3)


class Calls(Case):
    def test_no_node(self):
        self.refused("the node does not run", "doctor", want=5)
        self.assertEqual(json.loads(self.cairn("doctor", "--json", want=5).stdout)["code"], "socket")
        left = socket.socket(socket.AF_UNIX)
        left.bind(os.path.join(self.dir.name, "admin.sock"))
        left.close()
        self.refused("start it with cairnd", "doctor", want=5)

    def test_words_and_options_become_args(self):
        node = self.node(refer=good(referral=ID, id=CONTENT, state="sent", delivery="queued"), find=good(records=[], note="none"),
                         trust=good(user="u"), say=good(id=CONTENT, delivery="queued"), answer=good(referral=ID, id=CONTENT),
                         outcome=good(referral=ID, id=CONTENT), follow=good(id=CONTENT), show=good(a=1))
        self.cairn("refer", ID, "--need", "grief", "--language", "es", "--modality", "online_text", "--urgency", "soon",
                   "--age-band", "26_59", "--time", "night", "--time", "weekend_morning")
        self.cairn("find", "--certified", "--kind", "specialist", "low", "tide")
        self.cairn("find")
        self.cairn("trust", "@bot:b.example", "DEV", "ab cd", "ef")
        self.cairn("say", "@a:b.example", self.text("Hello there\n -x\n\n"))
        self.cairn("answer", ID, "decline", "--reason", "other", "--reason-file", self.text("moved"))
        self.cairn("answer", ID, "decline", "--reason", "no_capacity")
        self.cairn("outcome", ID, "closed", "--code", "connected")
        self.cairn("follow", ID)
        self.cairn("show", "node")
        self.assertEqual(node.asked, [
            ("refer", {"to": ID, "need": "grief", "language": "es", "modality": "online_text", "urgency": "soon",
                       "age_band": "26_59", "times": ["night", "weekend_morning"]}),
            ("find", {"certified": True, "kind": "specialist", "words": "low tide"}), ("find", {}),
            ("trust", {"user": "@bot:b.example", "device": "DEV", "fingerprint": "abcdef"}),
            ("say", {"user": "@a:b.example", "text": "Hello there\n -x"}),
            ("answer", {"referral": ID, "decision": "decline", "reason": "other", "reason_text": "moved"}),
            ("answer", {"referral": ID, "decision": "decline", "reason": "no_capacity"}),
            ("outcome", {"referral": ID, "stage": "closed", "outcome": "connected"}),
            ("follow", {"org": ID}), ("show", {"id": "node"})])

    def test_words_for_people_are_no_arguments(self):
        """Everybody on the machine can read arguments: say and answer take their words from a file, and only so."""
        node = self.node(say=good(id=CONTENT, delivery="queued"))
        self.refused("Hello: No such file", "say", "@a:b.example", "Hello", want=3)
        self.refused('what is "there"?', "say", "@a:b.example", self.text("x"), "there", want=2)
        self.refused("--reason-text", "answer", ID, "decline", "--reason-text", "moved", want=2)
        self.refused("it is empty", "say", "@a:b.example", self.text("\n"), want=3)
        self.refused("it is not UTF-8", "say", "@a:b.example", self.text(b"\xff"), want=3)
        self.refused("it is empty", "say", "@a:b.example", "/dev/stdin", want=3)
        self.assertEqual(node.asked, [])

    def test_each_code_has_its_status(self):
        for code, status in (("bad", 3), ("refused", 1), ("not_found", 4), ("exists", 1), ("later", 1), ("fatal", 6), ("?", 6)):
            with self.subTest(code):
                node = Node(os.path.join(self.dir.name, "admin.sock"), show=bad(code, "words", "do this"))
                done = self.cairn("show", ID, want=status)
                self.assertEqual(done.stderr, "cairn: words\n  do this\n")
                self.assertEqual(done.stdout, "")
                doc = json.loads(self.cairn("--json", "show", ID, want=status).stdout)
                self.assertEqual((doc["error"], doc["hint"]), ("words", "do this"))
                node.close()
                os.unlink(os.path.join(self.dir.name, "admin.sock"))

    def test_an_empty_hint_is_no_line(self):
        self.node(show=bad("refused", "words", "") | {"hint": ""})
        self.assertEqual(self.cairn("show", ID, want=1).stderr, "cairn: words\n")

    def test_answers_that_are_none(self):
        for reply, text in ((b"\n", "not JSON"), (b"{}\n", "without a reason"), (b"{} {}\n", "not JSON"), (b"{}\n{}\n", "more than one line")):
            with self.subTest(reply):
                node = Node(os.path.join(self.dir.name, "admin.sock"), doctor=reply)
                self.refused(text, "doctor", want=6)
                node.close()
                os.unlink(os.path.join(self.dir.name, "admin.sock"))

    def test_waiting(self):
        queued, sent, arrived = (good(id=CONTENT, delivery=d) for d in ("queued", "sent", "delivered"))
        node = self.node(say=queued, status=[queued, sent])
        self.assertIn("sent", self.cairn("say", "@a:b.example", self.text("x"), "--wait").stdout)
        self.assertEqual(node.asked[1:], [("status", {"id": CONTENT})] * 2)
        node.replies.update(follow=[queued], status=[sent, arrived])
        self.assertIn("delivered", self.cairn("follow", ID, "--wait", "--json").stdout)
        node.replies["status"] = [sent]
        begin = time.monotonic()
        self.refused("was not delivered within 1 seconds", "follow", ID, "--wait", "--timeout", "1", want=1)
        self.assertLess(time.monotonic() - begin, 5)
        node.replies["status"] = [good(id=CONTENT, delivery="failed", error="no such user")]
        self.refused("no such user", "follow", ID, "--wait", want=1)
        node.replies["follow"] = [arrived]
        asked = len(node.asked)
        self.cairn("follow", ID, "--wait")
        self.assertEqual(len(node.asked), asked + 1, "what has arrived is not asked for")
        self.refused("there is no option --wait", "trust", "u", "d", "f", "--wait", want=2)


class Output(Case):
    def test_tables_are_aligned_and_complete(self):
        self.node(list=good(items=[{"id": "1", "state": "sent", "org": "Ünïon", "new_thing": 7},
                                   {"id": "22", "state": "received", "org": "漢字", "new_thing": None}]))
        lines = self.cairn("list", "partners").stdout.splitlines()
        self.assertEqual(lines[0], "ORG    ID  STATE     NEW THING")
        self.assertEqual(lines[1], "Ünïon  1   sent      7")
        self.assertEqual(lines[2], "漢字   22  received  -")

    def test_referrals_fit_a_line(self):
        item = {"id": ID, "direction": "out", "org": CONTENT, "state": "waitlisted", "created": "2026-11-21T03:04:05.678Z",
                "updated": "2026-11-21T03:04:05.678Z", "next": "target: review the waiting list",
                "due": "2026-11-23T03:04:05.678Z", "delivery": "not acknowledged by the partner for an hour or more", "consented": False}
        self.node(list=good(items=[item, {"id": ID, "direction": "in", "org": CONTENT, "state": "closed", "outcome": "connected"}]))
        lines = self.cairn("list", "referrals").stdout.splitlines()
        self.assertEqual(lines[0], "ID" + 26 * " " + "DIR  STATE       DUE         DELIVERY  NEXT")
        self.assertEqual(lines[1], f"{ID}  out  waitlisted  2026-11-23  late      target: review the waiting list")
        self.assertEqual(lines[2], f"{ID}  in   closed      -           -         -")
        self.assertLessEqual(max(map(len, lines)), 100)
        self.assertEqual(json.loads(self.cairn("list", "referrals", "--json").stdout)["items"][0], item)

    def test_referrals_come_in_the_order_of_their_time(self):
        item = {"id": ID, "direction": "out", "state": "waitlisted", "next": "target: review", "due": "2026-11-23T03:04:05.678Z"}
        later, over = dict(item, id=CONTENT, due="2026-11-25T03:04:05.678Z"), dict(item, overdue="answer the request", due="2026-11-26T03:04:05.678Z")
        self.node(list=good(items=[{"id": "2", "created": "2026-11-20T00:00:00Z"}, later, {"id": "1", "created": "2026-11-21T00:00:00Z"}, item, over]))
        lines = [line.split() for line in self.cairn("list", "referrals").stdout.splitlines()[1:6]]
        self.assertEqual([(line[0], line[3]) for line in lines], [(ID, "overdue"), (ID, "2026-11-23"), (CONTENT, "2026-11-25"), ("1", "-"), ("2", "-")])

    def test_nothing_is_said_so(self):
        self.node(list=good(items=[]), find=good(records=[], note="3 had no free place"))
        self.assertIn("no referrals", self.cairn("list", "referrals").stdout)
        self.assertIn("nothing waits for you, and nobody is late", self.cairn("list", "referrals", "--due").stdout)
        self.assertIn("3 had no free place", self.cairn("find").stdout)
        self.assertEqual(json.loads(self.cairn("list", "referrals", "--json").stdout), {"items": []})

    def test_a_terminal_is_not_commanded(self):
        evil = "a\x1b[2J\x07\x9b\u202eb\u2066c\nd"
        self.node(show=good(name=evil, deep=[{evil: evil}]), list=good(items=[{"id": evil, evil: evil}]), say=bad("refused", evil, evil),
                  find=good(records=[{"id": evil}]), doctor=good(checks=[{"name": evil, "ok": False, "text": evil, "hint": evil}]))
        for args, want in ((("show", ID), 0), (("list", "rooms"), 0), (("say", "@a:b.example", self.text("x")), 1), (("find",), 0),
                           (("doctor",), 1), (("--json", "show", ID), 0), (("--json", "say", "@a:b.example", self.text("x")), 1)):
            done = self.cairn(*args, want=want)
            text = done.stdout + done.stderr
            self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", text), args)
            self.assertIn("[2J", text, args)

    def test_a_record_is_shown_in_sentences_first(self):
        self.node(show=good(id=ID, kind="story", name="Winter", in_words=["Told by Robin.", "Old: a\x1b[2J."], record={"seq": 1}),
                  find=good(records=[{"id": ID, "kind": "program", "name": "House", "old": "said long ago"}]))
        shown = self.cairn("show", ID).stdout
        self.assertTrue(shown.startswith("Winter (story)\n  Told by Robin.\n  Old: a"), shown)
        self.assertNotIn("\x1b", shown)
        self.assertIn("\nrecord:\n  seq: 1\n", shown)
        self.assertNotIn("in_words", shown)
        self.assertIn("in_words", self.cairn("show", ID, "--json").stdout)
        self.assertRegex(self.cairn("find").stdout, "OLD\n.*said long ago")

    def test_what_stays_hidden_is_said(self):
        self.node(**{"import": good(added=0, changed=1, unchanged=0, kept_hidden=2, counts_on=1)})
        done = self.cairn("import", "records", self.file("r.json", '[{"source": "s", "kind": "program", "body": {}}]'))
        self.assertIn("2 addresses stay confidential", done.stdout)
        self.assertIn("1 record has a schedule whose COUNT goes on for more than ten years", done.stdout)

    def test_show_is_indented(self):
        self.node(show=good(id=ID, state="sent", clock={"due": 0, "owner": "them"}, history=[{"at": "x", "to": "sent"}, {"at": "y"}],
                            list=["a", "b"], flag=True))
        self.assertEqual(self.cairn("show", ID).stdout, f"id:    {ID}\nstate: sent\nclock:\n  due:   0\n  owner: them\nhistory:\n"
                         "  at: x\n  to: sent\n\n  at: y\nlist:  a, b\nflag:  yes\n".replace("id:    ", "id:      ")
                         .replace("state: ", "state:   ").replace("list:  ", "list:    ").replace("flag:  ", "flag:    "))

    def test_doctor(self):
        node = self.node(doctor=good(checks=[{"name": "store", "ok": True, "text": "whole", "hint": "unseen"}]))
        self.assertEqual(self.cairn("doctor").stdout, "ok    store: whole\n1 check, 0 faults\n")
        node.replies["doctor"] = [good(checks=[{"name": "store", "ok": False, "text": "torn", "hint": "mend it"}])]
        self.assertEqual(self.cairn("doctor", want=1).stdout, "FAULT store: torn\n      mend it\n1 check, 1 fault\n")
        self.assertFalse(json.loads(self.cairn("doctor", "--json", want=1).stdout)["checks"][0]["ok"])

    def test_a_full_disk_is_noticed(self):
        self.node(show=good(a="x" * 100000))
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([CAIRN, "show", ID], env=self.env, stdout=full, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 6)


class Import(Case):
    def test_hsds(self):
        node = self.node(**{"import": good(added=2, changed=1, unchanged=0)})
        path = os.path.join(EXAMPLES, "harbor-hsds.json")
        text = self.cairn("import", "hsds", path).stdout
        self.assertIn("2 records read", text)
        self.assertIn("2 added, 1 changed, 0 unchanged", text)
        self.assertRegex(text, r"\$\.services\[\]\.interpretation_services +string: no place in a record +1")
        (verb, args), = node.asked
        self.assertEqual(verb, "import")
        self.assertEqual([r["kind"] for r in args["records"]], ["program", "program"])
        self.assertEqual(args["records"][0]["body"]["conditions"], ["grief", "loneliness"])
        doc = json.loads(self.cairn("import", "hsds", path, "--json").stdout)
        self.assertEqual(doc["added"], 2)
        self.assertIn({"path": "$.legal_status", "why": "string: no place in a record"}, doc["unmapped"])
        self.assertEqual([{k: row[k] for k in ("unit", "open")} for r in args["records"] for row in r["body"].get("capacities", [])],
                         [{"unit": "seats", "open": 6}])

    def test_dry_run_asks_nobody(self):
        path = os.path.join(EXAMPLES, "lighthouse-hsds.json")
        self.assertIn("nothing was changed", self.cairn("import", "hsds", path, "--dry-run").stdout)
        self.assertEqual(len(json.loads(self.cairn("import", "hsds", path, "--dry-run", "--json").stdout)["records"]), 2)

    def agreed(self, path):
        """The file with the consent of each of its specialists."""
        with open(path, encoding="utf-8") as f:
            names = [r["body"]["alias"] for r in json.load(f)["records"] if r["kind"] == "specialist"]
        out = os.path.join(self.dir.name, os.path.basename(path))
        for name in names:
            key = os.path.join(self.dir.name, name + ".key")
            self.cairn("key", "new", key)
            self.cairn("sign", "publication", path, "--alias", name, "--program", ID, "--org", ORG, "--until", "2099-01-01", "--key", key, "--out", out)
            path = out
        return path

    def test_examples_of_records(self):
        node = self.node(**{"import": good(added=1)})
        for name in ("harbor", "lighthouse"):
            self.cairn("import", "records", self.agreed(os.path.join(EXAMPLES, name + "-records.json")))
        self.assertEqual({r["kind"] for _, args in node.asked for r in args["records"]}, {"group", "specialist", "resource", "story", "crisis_line"})

    def test_bad_files_say_where(self):
        node = self.node(**{"import": good()})
        for text, where in (('{"a": 1,\n  "b" 2}', "bad.json:2:"), ('{"a": 1, "a": 2}', "bad.json:1:"), ("", "bad.json:1:1:"),
                            ('{"id": "s", "name": 5, "status": "active"}', "bad.json: $.name: number where a string must be")):
            path = self.file("bad.json", text)
            self.refused(where, "import", "hsds", path, want=3)
        for text, where in (("{}", "no array of records"), ("[1]", "records[0] is no object"), ('[{"kind": "k", "body": {}}]', '"source" is missing'),
                            ('[{"source": "s", "body": {}}]', '"kind" is missing'), ('[{"source": "s", "kind": "k"}]', '"body" is missing'),
                            ('[{"source": "s", "kind": "k", "body": {}, "extra": 1}]', 'records[0]: what is "extra"?')):
            self.refused(where, "import", "records", self.file("bad.json", text), want=3)
        self.refused("none.json", "import", "hsds", "none.json", want=3)
        self.assertEqual(node.asked, [], "the node is not asked")

    def test_times_of_records_in_words(self):
        node = self.node(**{"import": good(added=1, changed=0, unchanged=0)})
        body = {"opens_at": "09:00", "capacity": {"updated_at": "2026-11-21T00:00:00Z"}}
        self.cairn("import", "records", self.file("r.json", [{"source": "s", "kind": "k", "body": body}]))
        self.assertEqual(node.asked[0][1]["records"][0]["body"], {"opens_at": "09:00", "capacity": {"updated_at": 1795219200000}})

    def test_too_much_for_one_request(self):
        path = self.file("big.json", [{"source": str(i), "kind": "k", "body": {"t": "x" * 1000}} for i in range(17000)])
        self.refused("the node takes 16777216 at once", "import", "records", path, want=3)

    def test_consent_form(self):
        form = {"consent": {"law": "us-part2", "expires": {"kind": "date", "at": 1810771200000}, "signed_at": 1795219200000},
                "identity": {"name": ""}}
        node = self.node(consent=[good(**form), good(referral=ID, id=CONTENT, state="accepted", delivery="queued")])
        path = self.file("form.json", self.cairn("consent", ID, "--template").stdout)
        self.assertIn(f"referral {ID} is accepted", self.cairn("consent", ID, path).stdout)
        self.assertEqual(node.asked, [("consent", {"referral": ID, "template": True}), ("consent", {"referral": ID, **form})])
        with open(path, encoding="utf-8") as f:
            shown = json.load(f)["consent"]
        self.assertEqual((shown["signed_at"], shown["expires"]["at"]), ("2026-11-21T00:00:00Z", "2027-05-20T00:00:00Z"))
        shown["signed_at"] = "2026-11-21T05:30:00.5+05:30"
        self.cairn("consent", ID, self.file("form.json", {**form, "consent": shown}))
        self.assertEqual(node.asked[-1][1]["consent"], form["consent"], "another offset is the same moment")
        shown["signed_at"] = "yesterday"
        self.refused('form.json: "signed_at": "yesterday" is no time', "consent", ID, self.file("form.json", {**form, "consent": shown}), want=3)
        self.refused("either --template or the FILE", "consent", ID, want=2)
        self.refused("$.consent", "consent", ID, self.file("x.json", "{}"), want=3)
        self.refused("$.referral: this is no part", "consent", ID, self.file("x.json", {**form, "referral": "other"}), want=3)
        self.refused("$.id: this is no part", "emergency", "@ana:example.org", self.file("x.json", {"emergency": {}, "id": "other"}), want=3)

    def test_trust_list(self):
        node = self.node(import_trust=good(version=3, organizations=2))
        self.assertIn("version 3", self.cairn("import", "trust", self.file("t.json", {"v": 1})).stdout)
        self.assertEqual(node.asked, [("import_trust", {"document": {"v": 1}})])

    def test_trust_lists_that_contradict_each_other(self):
        self.node(import_trust=good(stopped="there are two trust lists of version 3"))
        self.refused("two trust lists of version 3", "import", "trust", self.file("t.json", {"v": 1}), want=1)

    def test_federation(self):
        node = self.node(federation_join=good(version=1, organizations=2), federation_decide=good(org="X", text="it is trusted again"))
        self.assertIn("version 1", self.cairn("federation", "join", self.file("t.json", {"v": 1}), "acorn", "amber").stdout)
        self.assertIn("trusted again", self.cairn("federation", "allow", "X", "--reason", "we spoke").stdout)
        self.cairn("federation", "deny", "X", "--reason", "no")
        self.assertEqual(node.asked, [("federation_join", {"document": {"v": 1}, "words": "acorn amber"}),
                                      ("federation_decide", {"org": "X", "reason": "we spoke", "decision": "allow"}),
                                      ("federation_decide", {"org": "X", "reason": "no", "decision": "deny"})])
        self.refused("--reason", "federation", "deny", "X", want=2)


class Setup(Case):
    def test_from_files(self):
        node = self.node(setup=good(setup="login"), status=[good(setup="login"), good(setup="keys"), good(setup="keys"),
                         good(setup="done", recovery_file="/var/lib/cairn/recovery.txt", recovery_file_there=True)])
        args = ("--node-password-file", self.secret("n", "s3cret\n"), "--steward-password-file", self.secret("s", "pass wörd"))
        text = self.cairn("setup", *args, "--recovery-file", "rec.txt").stdout
        self.assertEqual(node.asked[0], ("setup", {"node_password": "s3cret", "steward_password": "pass wörd",
                         "recovery_file": os.path.join(os.path.realpath(self.dir.name), "rec.txt")}))
        self.assertEqual(text.count("logging both accounts in"), 1)
        self.assertEqual(text.count("making and publishing the keys"), 1)
        self.assertIn("recovery key is in /var/lib/cairn/recovery.txt", text)
        node.replies["status"] = [good(setup="done", recovery_file="/var/lib/cairn/recovery.txt", recovery_file_there=False)]
        text = self.cairn("setup", *args).stdout
        self.assertIn("no longer in /var/lib/cairn/recovery.txt", text)
        self.assertNotIn("is in /var", text)
        self.assertNotIn("Move that file", text)
        node.replies["status"] = [good(setup="failed", error="wrong password")]
        self.refused("setup failed: wrong password", "setup", *args, want=1)
        self.refused("first line must hold the password", "setup", "--node-password-file", self.secret("e", "\n"), *args[2:], want=3)
        self.refused("none", "setup", "--node-password-file", "none", *args[2:], want=3)

    def secret(self, name, text):
        path = self.file(name, text)
        os.chmod(path, 0o600)
        return path

    def test_a_readable_password_is_warned_of(self):
        self.node(setup=good(), status=good(setup="done"))
        loose = self.file("n", "x\n")
        os.chmod(loose, 0o644)
        done = self.cairn("setup", "--node-password-file", loose, "--steward-password-file", self.secret("s", "x\n"))
        self.assertIn("others may read", done.stderr)

    def test_without_a_terminal(self):
        self.refused("no terminal", "setup", want=2, )

    def ask(self, *typed):
        """Runs setup on a terminal of its own and types when asked; its screen and status."""
        try:
            pid, tty = pty.fork()
        except OSError as error:
            self.skipTest(f"no pseudo-terminal here: {error}")
        if pid == 0:
            os.execve(CAIRN, ["cairn", "setup"], self.env)
        screen, typed, prompts = b"", list(typed), 0
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if not select.select([tty], [], [], 1)[0]:
                continue
            try:
                data = os.read(tty, 4096)
            except OSError:
                break
            if not data:
                break
            screen += data
            if screen.count(b"account @") > prompts and screen.endswith(b": "):
                prompts += 1
                time.sleep(0.1)     # Until echo is off: what is typed before is thrown away.
                os.write(tty, typed.pop(0))
        _, status = os.waitpid(pid, 0)
        os.close(tty)
        return screen.decode(), os.waitstatus_to_exitcode(status)

    def test_on_a_terminal(self):
        node = self.node(setup=good(), status=good(setup="done"))
        screen, status = self.ask(b"oops\x15hunx\x7fter2\n", b"st\xc3\xa9ward\n")
        self.assertEqual(status, 0, screen)
        self.assertEqual(node.asked[0], ("setup", {"node_password": "hunter2", "steward_password": "stéward"}))
        self.assertNotIn("hun", screen)
        self.assertNotIn("ward\n", screen.replace("steward", ""))
        asked = len(node.asked)
        screen, status = self.ask(b"half\x03")
        self.assertEqual(status, 2, screen)
        self.assertIn("nothing was done", screen)
        self.assertEqual(len(node.asked), asked)


if __name__ == "__main__":
    tap.main()
