# SPDX-License-Identifier: Apache-2.0
"""Somebody was forgotten: a referral with all that was disclosed, and a member with their chat. A thief has both nodes' databases from before and
of today, their key-encryption keys, keys.db as it is now, the recovery files, and the whole databases of both homeservers, and reads none of it.
With keys.db as it was then, the same thief reads it all: so the search is not blind.

What homeservers hold is opened by vodozemac, from the nodes' own sessions. Run with the Python of the virtual environment nio; $CAIRN_BUILD is the
build directory.
"""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import unittest

import vodozemac

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from demo import Story, canary, search
from homeserver import ROOT
from nioclient import NioClient
from node import Network
from traces import Keys, recovery_secrets

PASSWORD = "correct horse battery staple"
FORGOTTEN = "name contact need constraints history".split()  # the consent itself is kept for the legal term
shared = {}


class Quiet(Story):
    def tell(self, text):
        print(f"# {text}", flush=True)


def setUpModule():
    directory = shared["directory"] = pathlib.Path(tempfile.mkdtemp(prefix="cairn-erased-")).resolve()
    unittest.addModuleCleanup(shutil.rmtree, directory)
    network = Network(directory / "net", os.environ.get("CAIRN_BUILD") or ROOT / "build")
    network.start()
    unittest.addModuleCleanup(network.finish)
    story = shared["story"] = Quiet(network.directory, False)
    story.network = network
    story.harbor, story.lighthouse = network.nodes
    for part in story.set_up, story.fill, story.publish, story.follow, story.find, story.refer, story.consent, story.close:
        part()
    member = talk(story)
    for node in network.nodes:
        (node.directory / "then").mkdir()
        node.cairn("backup", node.directory / "then" / "cairn.db")
        shutil.copy(node.state / "keys.db", node.directory / "then")
    forget(story.harbor, story.referral, "referral:" + story.referral)
    forget(story.harbor, member)
    asked = lambda: any(row["what"] == "referral:" + story.referral and row["by"] == "them" for row in story.lighthouse.list("erasures"))
    story.lighthouse.wait(asked, "is asked to erase")
    forget(story.lighthouse, story.referral, "referral:" + story.referral)
    answered = lambda: any(row.get("org") == story.lighthouse.org and row["state"] == "erased" for row in story.harbor.list("erasures"))
    story.harbor.wait(answered, "hears that it is erased")
    network.stop()
    for node in network.nodes:
        (node.directory / "stolen").mkdir()
        shutil.copy(node.directory / "then" / "cairn.db", node.directory / "stolen")
        shutil.copy(node.state / "keys.db", node.directory / "stolen")


def talk(story):
    """A member and a node say something to each other in a direct chat; answers who."""
    story.words |= {"said": canary(), "heard": canary()}
    node, home = story.harbor, story.network.pair.b
    home.register("ana", PASSWORD)
    with contextlib.closing(NioClient(home, "ana", PASSWORD, shared["directory"] / "ana")) as ana:
        ana.cross_sign(PASSWORD)
        room = ana.direct_chat(node.user)
        ana.trust(node.user)
        ana.send_text(room, story.words["said"])
        node.wait(lambda: any(message["body"] == story.words["said"] for message in node.list("messages")), "hears the member")
        node.cairn("say", ana.user_id, "/dev/stdin", "--wait", stdin=story.words["heard"])
        ana.wait_text(room, story.words["heard"])
        return ana.user_id


def forget(node, whom, what=None):
    """Erases, and waits until it is; what: the name of it in the list of erasures, by default the one that comes new."""
    before = {row["what"] for row in node.list("erasures")}
    node.cairn("erase", whom, "--confirm", whom)
    ours = lambda row: row["what"] == what if what else row["what"] not in before
    node.wait(lambda: any(ours(row) and "org" not in row and row["state"] == "erased" for row in node.list("erasures")), f"erases {what or 'a member'}")


def encrypted(homeserver):
    """{(session, ciphertext)} of each Megolm event that the homeserver keeps."""
    with contextlib.closing(sqlite3.connect(f"file:{homeserver.database}?mode=ro", uri=True)) as db:
        contents = [json.loads(text)["content"] for (text,) in db.execute("SELECT json FROM event_json")]
    return {(c["session_id"], c["ciphertext"]) for c in contents if c.get("algorithm") == "m.megolm.v1.aes-sha2" and "ciphertext" in c}


class Thief:
    """What opens of a node's database in a directory, with keys.db beside it; and of what homeservers hold, with the sessions in it."""

    def __init__(self, node, directory, events):
        with contextlib.closing(Keys(directory / "cairn.db", node.directory / "kek")) as keys:
            *values, (_, self.closed) = keys.values()
        self.values = [value for _, value in values]
        pickle_keys = [value for column, value in values if column == "crypt_account.pickle_key"]
        pickles = [value.decode() for column, value in values if column == "crypt_inbound.pickle"]
        self.ratchets = sum(column.startswith("crypt_") for column, _ in values)
        sessions = {}
        for session in (vodozemac.InboundGroupSession.from_libolm_pickle(pickle, key) for pickle in pickles for key in pickle_keys):
            sessions.setdefault(session.session_id, []).append(session)
        self.events = [plain for name, ciphertext in events for session in sessions.get(name, ()) if (plain := self.read(session, ciphertext))]

    @staticmethod
    def read(session, ciphertext):
        try:
            return session.decrypt(vodozemac.MegolmMessage.from_base64(ciphertext)).plaintext
        except vodozemac.MegolmDecryptionException:
            return None

    def found(self, words, texts):
        return {name for name, word in words.items() if any(word.encode() in text for text in texts)}


class Erased(unittest.TestCase):
    def setUp(self):
        story = self.story = shared["story"]
        self.events = set().union(*(encrypted(server) for server in story.network.pair.servers))
        referral = {name: story.words[name] for name in FORGOTTEN}
        chat = {name: story.words[name] for name in ("said", "heard")}
        self.words = {story.harbor: referral | chat, story.lighthouse: referral}

    def test_thief(self):
        for node, words in self.words.items():
            with self.subTest(node=node.name):
                then, stolen, today = (Thief(node, node.directory / where, self.events) for where in ("then", "stolen", "state"))
                print(f"# {node.name}: of {len(self.events)} ciphertexts {len(then.events)} opened, then {len(stolen.events)}, {len(today.events)} today")
                print(f"# values of the backup: {len(then.values)} opened and {then.closed} did not, now {len(stolen.values)} and {stolen.closed}")
                self.assertEqual((then.found(words, then.values), then.found(words, then.events)), (set(words), set(words)))
                self.assertEqual((stolen.found(words, stolen.values), stolen.found(words, stolen.events), stolen.ratchets), (set(), set(), 0))
                self.assertEqual((today.found(words, today.values), today.found(words, today.events)), (set(), set()))
                self.assertTrue(today.values and today.ratchets, "what is others' opens still")

    def test_without_keys(self):
        """A backup, the key-encryption key and both homeservers' databases, without any keys.db: no word of all that anybody wrote, the consent included."""
        for node in self.story.network.nodes:
            then, alone = node.directory / "then", node.directory / "alone"
            alone.mkdir()
            shutil.copy(then / "cairn.db", alone)
            thief, owner = (Thief(node, directory, self.events) for directory in (alone, then))
            said = owner.found(self.story.words, owner.values)
            self.assertGreaterEqual(said, {*FORGOTTEN, "patient", "what", "purpose", "signer", "recorder"})
            self.assertGreater(len(thief.values), 10, "the store's own key is right")
            self.assertEqual((thief.found(self.story.words, thief.values), thief.found(self.story.words, thief.events)), (set(), set()))
            files = [alone / "cairn.db", node.directory / "kek", node.state / "recovery.txt"]
            for server in self.story.network.pair.servers:
                database = pathlib.Path(server.database)
                files += database.parent.glob(database.name + "*")
            self.assertEqual(search({name: self.story.words[name] for name in said}, files), {})

    def test_recovery(self):
        """Nothing of a backup is sealed under a recovery key, and no homeserver keeps sessions for one."""
        for node in self.story.network.nodes:
            words = recovery_secrets(node.state / "recovery.txt")
            secrets = [key for word in words if len(key := base64.b64decode(word + "=" * (-len(word) % 4), validate=False)) == 32]
            self.assertGreaterEqual(len(secrets), 3)
            with contextlib.closing(Keys(node.directory / "then" / "cairn.db", node.directory / "kek")) as keys:
                right = keys.data_key
                for key in secrets:
                    self.assertRaises(ValueError, keys.unwrapped, key)
                    keys.use(key)
                    self.assertEqual([column for column, _ in keys.values() if column], [])
                keys.use(right)  # By the same way the right one opens it.
                self.assertGreater(len(list(keys.values())), 50)
        for server in self.story.network.pair.servers:
            with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as db:
                self.assertEqual(db.execute("SELECT count(*) FROM e2e_room_keys").fetchone(), (0,))


if __name__ == "__main__":
    tap.main()
