# SPDX-License-Identifier: Apache-2.0
"""A federation of two on two real homeservers, as docs/federation.md leads two administrators through it: an invitation, a pact that both sign, the room
in which later lists arrive, a suspension, two lists that contradict each other; and a Matrix policy list whose bans hold.

$CAIRN_BUILD is the build directory.
"""

import json
import os
import pathlib
import secrets
import shutil
import sqlite3
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from homeserver import ROOT
from node import CairnError, Network

NEED = ("--need", "grief", "--language", "es", "--modality", "online_text", "--urgency", "soon", "--age-band", "26_59")
PART = "org.cairnpeer.trust.part"
REASON = "a laptop was stolen"

shared = {}


def setUpModule():
    """Two nodes that trust nobody yet, each with a signer's key."""
    shared["directory"] = directory = pathlib.Path(tempfile.mkdtemp(prefix="cairn-federation-")).resolve()
    unittest.addModuleCleanup(tear_down)
    network = shared["network"] = Network(directory, os.environ.get("CAIRN_BUILD") or ROOT / "build")
    network.pair.start()
    network.prepare()
    for node in network.nodes:
        lines = node.config.read_text().splitlines(keepends=True)
        node.config.write_text("".join(line for line in lines if not line.startswith("trust_signer")))
        node.start()
    shared["entries"] = []
    for node, entry in zip(network.nodes, network.set_up()):
        node.org = entry["org"]
        file = directory / f"{node.directory.name}.json"
        file.write_text(json.dumps(entry))
        shared["entries"].append(file)
    keys = [network.signer_file, network.authorities / "second.key"]
    network.key(keys[1])
    shared["federation"] = Federation(network, keys)


def tear_down():
    shared["network"].finish()
    shutil.rmtree(shared["directory"])


class Federation:
    """Those who sign, and the files of their lists."""

    def __init__(self, network, keys):
        self.run, self.directory, self.keys = network.programs.run, network.authorities, keys
        self.public = [network.key(file) for file in keys]

    def make(self, name, *options, last=None, signers=2, change=None):
        """A list in a file: the first, or the next of last. change(list): what no option does."""
        file = self.directory / f"{name}.json"
        self.run("federation", "new", *(("--from", last) if last else ()), *options, "--out", file)
        if change:
            draft = json.loads(file.read_text())
            change(draft)
            file.write_text(json.dumps(draft))
        for key in self.keys[:signers]:
            self.run("federation", "sign", file, "--key", key, "--out", file)
        return file

    def words(self, file):
        return self.run("federation", "words", file)["words"].split()


def many(draft):
    """Issuers until the list needs several parts."""
    for i in range(150):
        grants = [{"type": f"TYPE{i}", "jurisdictions": ["US", "US-NJ", "US-NY", "DE", "AT", "CH"]}]
        key = key_text(i)
        draft["issuers"].append({"id": "did:key:" + key, "name": f"Verband für Begegnung Nummer {i} in einer langen Straße", "key": key, "for": grants})


def key_text(i):
    """An Ed25519 key as it is written in lists; the i-th of a row of its own."""
    from Crypto.PublicKey import ECC  # of the virtual environment nio

    raw = b"\xed\x01" + ECC.construct(curve="Ed25519", seed=i.to_bytes(32, "big")).public_key().export_key(format="raw")
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"[digit] + text
    return "z" + text


class Live(unittest.TestCase):
    def setUp(self):
        self.network, self.federation = shared["network"], shared["federation"]
        self.harbor, self.lighthouse = self.network.nodes

    def refused(self, node, *arguments, **more):
        with self.assertRaises(CairnError) as caught:
            node.cairn(*arguments, **more)
        return caught.exception

    def status(self, node):
        return node.cairn("federation", "status")

    def in_force(self, node, version):
        node.wait(lambda: self.status(node).get("version") == version, f"version {version} is in force")

    def doctor(self, node, about):
        try:
            said = node.cairn("doctor")
        except CairnError as faults:
            said = faults.said
        return next(check for check in said["checks"] if check["name"] == about)

    def refer(self, record):
        return self.harbor.cairn("refer", record, *NEED, "--wait")["referral"]


class FederationTest(Live):
    def test_from_a_pact_to_a_quarrel(self):
        first = self.pact()
        second = self.room(first)
        self.directory()
        third = self.parts(second)
        fourth = self.suspension(third)
        self.quarrel(fourth)

    def pact(self):
        f = self.federation
        first = self.invitation([word for key in f.public for word in ("--signer", key)])
        f.run("federation", "sign", first, "--key", f.keys[0], "--out", first)
        words = f.words(first)
        self.assertEqual(len(words), 10)
        self.assertIn("sign", self.refused(self.harbor, "federation", "join", first, *words).error)
        f.run("federation", "sign", first, "--key", f.keys[1], "--out", first)
        wrong = [*words[:9], "zebra" if words[9] != "zebra" else "acorn"]
        self.refused(self.harbor, "federation", "join", first, *wrong)
        for node in self.network.nodes:
            self.assertEqual(self.status(node)["trusted"], "nobody")
            self.assertEqual(node.cairn("federation", "join", first, *words)["version"], 1)
        return first

    def invitation(self, signers):
        """The first list, by invitation: a file each way, and what two people read to each other; answers the draft."""
        sent, answer, draft = (self.federation.directory / f"{name}.json" for name in ("invitation", "answer", "first"))
        invited = self.harbor.cairn("federation", "invite", "--domain", self.lighthouse.homeserver.server_name, "--out", sent)
        self.assertNotIn(invited["code"], sent.read_text())
        self.refused(self.lighthouse, "federation", "accept", sent, "--out", answer, stdin=invited["code"][::-1] + "\n")
        self.assertFalse(answer.exists())
        accepted = self.lighthouse.cairn("federation", "accept", sent, "--out", answer, stdin=invited["code"] + "\n")
        self.assertEqual(accepted["their_words"], invited["words"])
        shown = self.harbor.cairn("federation", "admit", answer)
        self.assertEqual((shown["words"], shown["entry"]), (accepted["words"], json.loads(shared["entries"][1].read_text())))
        misheard = accepted["words"].split()[::-1]
        self.refused(self.harbor, "federation", "admit", answer, *misheard, *signers, "--out", draft)
        self.assertFalse(draft.exists())
        made = self.harbor.cairn("federation", "admit", answer, *accepted["words"].split(), *signers, "--out", draft)
        self.assertEqual((made["file"], made["version"], made["organizations"]), (str(draft), 1, 2))
        self.assertEqual([org["org"] for org in json.loads(draft.read_text())["orgs"]], [node.org for node in self.network.nodes])
        return draft

    def room(self, first):
        """The room is made and named; the other steward joins it by itself."""
        made = self.harbor.wait(lambda: (now := self.harbor.cairn("federation", "room")).get("room_id") and now, "the room is made")
        second = self.federation.make("second", "--room", made["room_id"], "--via", made["via"], last=first)
        self.assertEqual(self.harbor.cairn("federation", "publish", second)["version"], 2)
        self.lighthouse.cairn("import", "trust", second)
        for node in self.network.nodes:
            node.wait(lambda: self.status(node)["room_joined"], "its steward is in the room")
        self.federation_room = made["room_id"]
        self.assertIn("no federation room", self.refused(self.lighthouse, "federation", "publish", second).error)
        return second

    def directory(self):
        self.lighthouse.cairn("import", "hsds", ROOT / "docs/examples/lighthouse-hsds.json")
        self.lighthouse.import_records(json.loads((ROOT / "docs/examples/lighthouse-records.json").read_text())["records"])
        self.lighthouse.cairn("publish", "--wait")
        self.harbor.cairn("follow", self.lighthouse.org, "--wait")
        found = self.harbor.wait(lambda: self.harbor.cairn("find", "--kind", "specialist", "Juniper")["records"], "reads the directory")
        shared["record"] = self.record = found[0]["id"]
        self.lighthouse.wait_state(self.refer(self.record), "received")

    def parts(self, second):
        """Too long for one event: it comes in parts, through a room of the other's homeserver."""
        third = self.federation.make("third", last=second, signers=1, change=many)
        self.refused(self.harbor, "federation", "publish", third)
        self.federation.run("federation", "sign", third, "--key", self.federation.keys[1], "--out", third)
        before = time.monotonic()
        self.harbor.cairn("federation", "publish", third)
        self.in_force(self.lighthouse, 3)
        parts = self.shown(self.federation_room, PART, "3.")
        self.assertGreater(parts, 1)
        print(f"# a list of {third.stat().st_size} bytes in {parts} parts was in force at the other node after {time.monotonic() - before:.2f} s")
        self.lighthouse.wait_state(self.refer(self.record), "received")
        return third

    def shown(self, room, kind, key):
        """How many such state events the other homeserver holds of a room."""
        database = sqlite3.connect(f"file:{self.network.pair.b.database}?mode=ro", uri=True)
        try:
            query = "SELECT count(*) FROM current_state_events WHERE room_id = ? AND type = ? AND state_key LIKE ?"
            return database.execute(query, (room, kind, key + "%")).fetchone()[0]
        finally:
            database.close()

    def suspension(self, third):
        """With a reason that every organization reads; nothing is sent until it ends."""
        fourth = self.federation.make("fourth", "--suspend", self.lighthouse.org, "--reason", REASON, last=third)
        self.harbor.cairn("federation", "publish", fourth)
        self.in_force(self.lighthouse, 4)
        count = len(self.lighthouse.list("referrals"))
        refusal = self.refused(self.harbor, "refer", self.record, *NEED)
        self.assertIn(REASON, refusal.error)
        self.assertIn("suspended", refusal.error)
        self.assertEqual(self.harbor.cairn("find")["records"], [])
        partner = self.harbor.list("partners")[0]
        self.assertIn(REASON, json.dumps(partner))
        fifth = self.federation.make("fifth", "--reinstate", self.lighthouse.org, last=fourth)
        self.harbor.cairn("federation", "publish", fifth)
        self.in_force(self.lighthouse, 5)
        self.assertEqual(len(self.lighthouse.list("referrals")), count)
        self.lighthouse.wait_state(self.refer(self.record), "received", timeout=30)
        return fifth

    def quarrel(self, fifth):
        """Two lists of one number, both signed by both: whoever sees both stops, says so, and sends nothing."""
        one = self.federation.make("one", last=fifth)
        other = self.federation.make("other", "--days", "60", last=fifth)
        self.harbor.cairn("federation", "publish", one)
        self.in_force(self.lighthouse, 6)
        said = self.refused(self.lighthouse, "import", "trust", other)
        self.assertIn("two trust lists of version 6", said.error)
        self.assertIn("speak to the other organizations", said.hint)
        self.assertIn("two trust lists of version 6", self.status(self.lighthouse)["stopped"])
        self.assertFalse(self.doctor(self.lighthouse, "trust list")["ok"])
        open_case = next(row for row in self.lighthouse.list("referrals") if row["state"] == "received")
        self.assertIn("two trust lists", self.refused(self.lighthouse, "answer", open_case["id"], "accept").error)
        self.assertIn("two trust lists", self.refused(self.lighthouse, "publish").error)
        self.assertEqual(self.lighthouse.cairn("federation", "join", one, *self.federation.words(one))["version"], 6)
        self.lighthouse.cairn("answer", open_case["id"], "accept", "--wait")
        self.harbor.wait_state(open_case["id"], "accepted")
        self.assertEqual([node.list("rejected") for node in self.network.nodes], [[], []])


class PolicyTest(Live):
    """After the federation stands. The moderators' account is on the other homeserver."""

    def setUp(self):
        super().setUp()
        if not self.status(self.harbor).get("version"):
            self.skipTest("there is no federation: see FederationTest")
        self.moderator = self.network.pair.b.user("moderator" + secrets.token_hex(3))
        self.list = self.moderator.create_room(preset="public_chat", name="bans")

    def rule(self, kind, entity, reason="spam"):
        content = {"entity": entity, "recommendation": "m.ban", "reason": reason} if reason else {}
        self.moderator.put_state(self.list, f"m.policy.rule.{kind}", content, "rule:" + entity)

    def follow(self):
        self.harbor.cairn("policy", "follow", self.list, "--via", self.network.pair.b.server_name)
        self.harbor.wait(lambda: self.harbor.cairn("policy", "list")["items"][-1]["joined"], "the list is followed")

    def banned(self, user):
        return self.harbor.cairn("policy", "check", user)["banned"]

    def test_bans(self):
        eve = self.network.pair.b.user_id("eve")
        self.rule("user", "@ev?:*")
        self.follow()
        self.harbor.wait(lambda: self.banned(eve), "the rule of before counts")
        self.assertIn("spam", self.refused(self.harbor, "say", eve, "/dev/stdin", stdin="hello").error)
        self.assertFalse(self.banned("@evelyn:example.org"))
        self.rule("server", "*.evil.example")
        self.harbor.wait(lambda: self.banned("@a:b.evil.example"), "a rule that comes later counts")
        self.harbor.wait(lambda: "*.evil.example" in self.denied(), "our rooms keep its server out")
        self.rule("user", self.lighthouse.user, "a key was copied")
        self.harbor.wait(lambda: self.banned(self.lighthouse.user), "a partner can be banned")
        refusal = self.refused(self.harbor, "refer", shared["record"], *NEED)
        self.assertIn("a key was copied", refusal.error)
        self.rule("user", self.lighthouse.user, None)
        self.harbor.wait(lambda: not self.banned(self.lighthouse.user), "a rule is taken back")
        self.lighthouse.wait_state(self.refer(shared["record"]), "received")
        self.harbor.cairn("policy", "leave", self.list)
        self.assertFalse(self.banned(eve))
        self.harbor.wait(lambda: not self.denied(), "nobody is kept out any more")

    def denied(self):
        """The servers that the federation room shuts out, as its homeserver holds it."""
        room = self.status(self.harbor)["room_id"]
        database = sqlite3.connect(f"file:{self.network.pair.a.database}?mode=ro", uri=True)
        try:
            query = (
                "SELECT json FROM event_json JOIN current_state_events USING (event_id)"
                " WHERE current_state_events.room_id = ? AND type = 'm.room.server_acl'"
            )
            rows = database.execute(query, (room,)).fetchall()
        finally:
            database.close()
        return json.loads(rows[0][0])["content"]["deny"] if rows else []


if __name__ == "__main__":
    tap.main()
