# SPDX-License-Identifier: Apache-2.0
"""tools/demo's story, and its search for words that must not be found. $CAIRN_BUILD is the build directory."""

import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from client import V3, Client
from demo import canary, running, search
from homeserver import ROOT
from node import Programs


class SearchTest(unittest.TestCase):
    def setUp(self):
        self.file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "file"
        self.word = canary()

    def hits(self, data):
        self.file.write_bytes(data)
        return search({"word": self.word, "other": canary()}, [self.file])

    def test_finds_every_disguise(self):
        for before in range(4):
            text = "x" * before + self.word + "y"
            for name, data in {
                "plain": text.encode(),
                "JSON": json.dumps({text: text}).encode(),
                "URL": urllib.parse.quote(text).encode(),
                "capitals": text.upper().encode(),
                "UTF-16LE": text.encode("utf-16-le"),
                "UTF-16BE": text.encode("utf-16-be"),
                "hexadecimal": text.encode().hex().encode(),
                "HEXADECIMAL": text.encode().hex().upper().encode(),
                "base64": base64.b64encode(text.encode()),
                "base64url": base64.urlsafe_b64encode(text.encode()),
            }.items():
                with self.subTest(name, before=before):
                    self.assertEqual(self.hits(b"\0\xff" + data), {"word": [self.file]})

    def test_finds_nothing_where_there_is_nothing(self):
        self.assertEqual(self.hits(os.urandom(1 << 20) + self.word[:-1].encode() + b" " + self.word[1:].encode()), {})


class StoryTest(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="cairn-demo-"))).resolve()
        (self.directory / "build").symlink_to(pathlib.Path(os.environ.get("CAIRN_BUILD") or ROOT / "build").resolve())

    def demo(self, *arguments, **environment):
        command = [sys.executable, HERE / "demo.py", self.directory, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, **environment}, check=False)

    def test_story_kept_and_stopped(self):
        self.addCleanup(self.demo, "stop")
        done = self.demo("run", "--keep")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout + done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], "ok")
        self.assertLess(len(lines), 26)
        self.assertTrue(any(" 0 hits" in line for line in lines))

        described = json.loads((self.directory / "demo.json").read_text())
        self.assertEqual([each["name"] for each in described["organizations"]], ["Harbor Peer Network", "Lighthouse Recovery Collective"])
        for each in described["organizations"]:
            self.assertTrue(pathlib.Path(each["database"]).is_file())
            self.assertTrue(pathlib.Path(each["admin_socket"]).is_socket())
            self.assertEqual(each["registration_secret"], described["registration_secret"])
            for room in (each["directory_room"], each["space_room"], *each["group_rooms"]):
                self.assertRegex(room, r"^![\w-]{43}$")
            client = Client(each["homeserver"], each["ca_file"])
            self.assertEqual(client.request("GET", f"{V3}/profile/{each['steward_user']}")[0], 200)
        self.assertEqual(len(running(self.directory)), 4)

        self.assert_told(done.stdout, [each["config"] for each in described["organizations"]])

        again = self.demo("run")
        self.assertEqual((again.returncode, again.stdout), (1, ""))
        self.assertIn("tools/demo stop", again.stderr)
        stopped = self.demo("stop")
        self.assertEqual((stopped.returncode, stopped.stdout), (0, "demo: 4 processes ended\n"))
        self.assertEqual(running(self.directory), [])
        self.assertEqual(self.demo("stop").stdout, "demo: nothing runs\n")

    def assert_told(self, text, configs):
        """What it says of the waiting list, of the referral that went on, and of the consent that was taken back is what both nodes show."""
        third = re.search(r"a third, (\w{26}), waited for a place .* then was accepted$", text, re.M)[1]
        child = re.search(r"then forwarded it: .*, (\w{26}), under a consent of its own$", text, re.M)[1]
        programs = Programs(self.directory / "build")
        for side, config in enumerate(configs):
            first, second = (programs.run("show", referral, config=config) for referral in (third, child))
            self.assertEqual([step["input"] for step in first["history"]], ["send", "receive", "waitlist", "accept", "forward"])
            self.assertEqual([step["input"] for step in second["history"]], ["send", "receive", "accept", "consent", "revoke"])
            self.assertEqual((second["state"], second["end"], second.get("part_of")), ("ended", "consent_revoked", None if side else third))
            self.assertNotEqual(first["request"]["pseudonym"], second["request"]["pseudonym"])
            self.assertEqual(third in json.dumps(second), not side)

    def test_failure_is_explained(self):
        done = self.demo("run", CAIRN_VENV_DIR=str(self.directory / "nowhere"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("demo: failed while starting two homeservers", done.stderr)
        self.assertIn("cairnd.log", done.stderr)
        self.assertEqual(running(self.directory), [])


if __name__ == "__main__":
    tap.main()
