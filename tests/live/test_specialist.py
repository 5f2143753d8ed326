# SPDX-License-Identifier: Apache-2.0
"""A specialist's own account, with a plain client (matrix-nio) at one homeserver, in a match with a member at another, made by a node that follows
the specialist's organization: nothing of the match is shown there before both the specialist and the account have said whose it is, and nothing
after that has ended. Each of the two is in an encrypted chat with the node and with nobody else: a room of theirs together is not made.

Run with the Python of the virtual environment nio; $CAIRN_BUILD is the build directory. Node a (Harbor) matches; its member is on homeserver a,
the specialist on b, where their organization (Lighthouse) is.
"""

import hashlib
import json
import logging
import pathlib
import re
import secrets
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from client import V3
from demo import canary, search
from node import CairnError
from nioclient import NioClient, canonical
from test_chat import ENCRYPTED, NOTE, PASSWORD, Person, setUpModule, shared  # noqa: F401 (unittest calls setUpModule)
from test_node import specialist

QUESTION = "Is that you?"
STATE = {"asked": "has not said yet", "holds": "said the same", "keys": "shows other keys", "ended": "has ended"}


class Live(unittest.TestCase):
    def setUp(self):
        self.network = shared["network"]
        self.harbor, self.lighthouse = self.network.nodes
        self.words = {name: canary() for name in ("member", "hello", "scope", "hours", "ending", "again", "late")}

    def person(self, name, **more):
        person = Person(name, **more)
        self.addCleanup(person.client.close)
        return person

    def record(self):
        """A record of Lighthouse's that its specialist signed, without a word about an account: its id and the specialist's file."""
        alias, self.about = "Rosa" + secrets.token_hex(3), canary()
        record = specialist(alias)
        record["body"]["about"] = f"I listen first. {self.about}"
        self.lighthouse.import_records([record])
        self.lighthouse.cairn("publish", "--wait")
        find = lambda: self.harbor.cairn("find", "--kind", "specialist", alias)["records"]
        (found,) = self.harbor.wait(find, "reads the record")
        self.file = self.network.authorities / f"{alias.lower()}-lighthouse.specialist.json"
        self.key = self.network.authorities / f"{alias.lower()}-lighthouse.key"
        return found["id"]

    def sign(self, told):
        """The specialist signs with what the chat told them, on their own machine, and Lighthouse publishes it; answers what their account is to write."""
        account, master = re.search(r"--account (\S+) --master-key (\S+)\.", told).groups()
        until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 200 * 86400))
        command = [self.lighthouse.programs.cairn, "sign", "publication", self.file, "--org", self.lighthouse.org]
        command += ["--until", until, "--account", account, "--master-key", master, "--key", self.key, "--out", self.file]
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        self.publish(json.loads(self.file.read_text()))
        shows = lambda: self.shown()["consent"].get("account", {}).get("master_key") == master
        self.harbor.wait(shows, "reads whose account it is")
        return re.search(r"!account(?: [a-z]+){6}$", done.stderr, re.M)[0]

    def publish(self, record):
        self.lighthouse.cairn("import", "records", "/dev/stdin", stdin=json.dumps([record]))
        self.lighthouse.cairn("publish", "--wait")

    def shown(self):
        return self.harbor.cairn("show", self.chosen)["record"]["body"]

    def match(self):
        """Harbor's staff write the wish down, and whom the member chose."""
        found = self.harbor.cairn("match", "--need", "grief", "--age-band", "26_59", "--language", "es", "--why", self.chosen)
        self.assertIn(self.chosen, [choice["record"] for choice in found["choices"]])
        self.harbor.cairn("match", "accept", found["match"], self.chosen)
        return found["match"]

    def account(self):
        """What staff are told of the account of this match."""
        return next(match for match in self.harbor.list("matches") if match["id"] == self.of).get("account", "")

    def agreement(self, word):
        """Staff put an agreement forward; answers its words as a note holds them."""
        words = {
            "scope": f"Talk and company, {self.words[word]}.", "hours": f"Evenings, {self.words['hours']}.", "response_hours": 24,
            "ending": f"Either of you ends it, {self.words['ending']}.", "ends_on": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86400)),
        }  # fmt: skip
        note = {"kind": "agreement", "on": time.strftime("%Y-%m-%d", time.gmtime()), "agreement": words}
        self.harbor.cairn("match", "note", self.of, "/dev/stdin", stdin=json.dumps(note))
        return words

    def invited(self, person):
        """The specialist follows the node's invitation into a chat, with the program that their account signed."""
        client = person.client
        room = client.wait(lambda: next(iter(client.nio.invited_rooms), None), 90)
        self.harbor.wait(lambda: room in self.harbor.rooms("direct"), "has made the chat")  # else the join may come too early
        client.join(room, via=[self.harbor.homeserver.server_name])
        person.node, person.read = self.harbor, 0
        person.enter(room)

    def told_key(self, person, master):
        """They ask in a chat with their own organization what is seen of their account there, and compare it with their own program."""
        person.node = self.lighthouse
        person.chat(ENCRYPTED)
        told = self.until(person, "!account", "--master-key", "once more in a minute")
        self.assertIn(f"Your account is {person.client.user_id}", told)
        self.assertIn(f"--master-key {master}.", told)
        return told

    def until(self, person, text, wanted, *meanwhile, write=None):
        """They write the same until it is answered as wanted, as they are asked to while something is being looked up."""
        for _ in range(60):
            (write or person.write)(text)
            answer = person.next()
            if wanted in answer:
                return answer
            self.assertTrue(any(words in answer for words in meanwhile), answer)
            person.client.sync(1000)
        raise TimeoutError(f"{wanted!r} is not answered to {text!r}")

    def next(self, person, *texts):
        """The next that the node says: as many messages as texts, each with one of them, in any order."""
        said = [person.next() for _ in texts]
        for text in texts:
            self.assertEqual(len([words for words in said if text in words]), 1, f"{text!r}: {said}")
        return next(words for words in said if texts[0] in words)

    def silent(self, person):
        """The node has said nothing more: its next words answer a question put now."""
        self.assertIn("You can write:", person.ask("!help"))

    def note(self, person, kind):
        """The newest note of that kind that came to them as data."""
        came = [event.source["content"].get(NOTE, {}) for room, event in person.client.events if room == person.room and event.decrypted]
        return [note for note in came if note.get("kind") == kind][-1][kind]

    def begin(self):
        """A member who chose the specialist, and the specialist's account, asked whether it is theirs."""
        self.chosen = self.record()
        rosa = self.person("rosa")
        self.says = self.sign(self.told_key(rosa, rosa.identity.master.public))
        ana = self.person(self.words["member"], server=self.network.pair.a)
        ana.chat(ENCRYPTED)
        self.assertIn("Thank you for writing to Harbor", ana.ask(f"Somebody to talk to would be good. {self.words['hello']}"))
        self.of = self.match()
        self.harbor.cairn("match", "chat", self.of, ana.client.user_id, "--as", "member")
        with self.assertRaises(CairnError) as caught:
            self.harbor.cairn("match", "chat", self.of, self.network.pair.b.user_id("somebody"), "--as", "specialist")
        self.assertIn("signed for another account", caught.exception.error)
        self.harbor.cairn("match", "chat", self.of, "--as", "specialist")
        self.invited(rosa)
        self.assertIn(QUESTION, rosa.next())
        self.assertIn(STATE["asked"], self.account())
        return ana, rosa


class MatchTest(Live):
    def test_from_their_word_to_its_end(self):
        ana, rosa = self.ana, self.rosa = self.begin()
        self.terms = self.agreement("scope")
        self.assertIn(self.words["scope"], ana.next())
        self.in_words_of_their_own()
        laptop = self.from_an_app_that_is_not_verified()
        self.from_one_that_is(laptop)
        self.agree()
        self.in_rooms_of_their_own()
        self.withdraw()
        self.prove()

    def in_words_of_their_own(self):
        """What a person would answer is for people; it is no word that the account is theirs, and nothing is shown for it."""
        rosa = self.rosa
        self.assertIn("Thank you for writing to Harbor", rosa.ask("Yes, that is me."))
        self.assertIn("No specialist of a match here", rosa.ask("!account acorn acorn acorn acorn acorn acorn"))
        self.assertIn("nobody with whom you are matched", rosa.ask("!feedback"))
        self.silent(rosa)
        self.assertIn(STATE["asked"], self.account())
        self.assertIn("No specialist of a match here", self.ana.ask(self.says))

    def from_an_app_that_is_not_verified(self):
        """The right words, from the right account, in a program that it has not signed: its other program is told so."""
        rosa, name = self.rosa, self.rosa.client.user_id[1:].partition(":")[0]
        laptop = NioClient(self.network.pair.b, name, PASSWORD, shared["directory"] / (name + ".laptop"))
        self.addCleanup(laptop.close)
        laptop.wait(lambda: rosa.room in laptop.nio.rooms and laptop.nio.rooms[rosa.room].encrypted)
        laptop.trust(self.harbor.user)
        laptop.trust(rosa.client.user_id)
        laptop.send_text(rosa.room, self.says)
        self.assertIn("a program that your account has not confirmed", rosa.next())
        self.assertIn(STATE["asked"], self.account())
        return laptop

    def from_one_that_is(self, laptop):
        rosa = self.rosa
        rosa.identity.sign_device(laptop.raw, laptop.device_id)
        self.until(rosa, self.says, "An agreement is proposed", "has not confirmed", "being looked up", write=lambda text: laptop.send_text(rosa.room, text))
        self.assertIn("Thank you. It is written down", rosa.next())
        self.assertIn(STATE["holds"], self.account())
        laptop.wait(lambda: [event for room, event in laptop.events if room == rosa.room and event.decrypted and self.words["scope"] in str(event.source)])
        rosa.client.trust(rosa.client.user_id, fingerprint=laptop.fingerprint())

    def agree(self):
        """Both read the same words, and each has the other's signature of them."""
        ana, rosa = self.ana, self.rosa
        for person in (ana, rosa):
            self.assertEqual(self.note(person, "agreement"), self.terms)
        code = re.search(r"write !yes ([A-Z]{3})", next(text for text in reversed(ana.heard()) if self.words["scope"] in text))[1]
        self.assertIn("once the other of you has signed", ana.ask(f"!yes {code}"))
        rosa.write(f"!yes {code}")
        self.next(rosa, "You have signed it.", "The agreement holds now")
        self.assertIn("The agreement holds now", ana.next())
        terms = hashlib.sha256(canonical(self.terms)).hexdigest()
        for person, other in ((ana, "specialist"), (rosa, "member")):
            signature = self.note(person, "signature")
            self.assertEqual((signature["by"], signature["terms"]), (other, terms))
        self.assertIn("One question at a time", rosa.ask("!feedback"))
        self.assertIn("Stopped; nothing of it is kept", rosa.ask("!stop"))

    def in_rooms_of_their_own(self):
        """Each is alone with the node, encrypted; nobody else was ever there, and no room knows of the other."""
        rooms = {person: set(person.client.raw.call("GET", V3 + "/joined_rooms")["joined_rooms"]) for person in (self.ana, self.rosa)}
        self.assertEqual(rooms[self.ana] & rooms[self.rosa], set())
        for person in rooms:
            state = person.client.raw.state(person.room)
            seen = {event["state_key"] for event in state if event["type"] == "m.room.member"}
            self.assertEqual(seen, {person.client.user_id, self.harbor.user})
            self.assertIn("m.room.encryption", {event["type"] for event in state})
            self.assertLessEqual({"m.room.name", "m.room.topic", "m.room.avatar"} & {event["type"] for event in state}, set())
            sent = {event["type"] for event in person.client.raw.messages(person.room)["chunk"] if "state_key" not in event}
            self.assertEqual(sent, {"m.room.encrypted"})

    def withdraw(self):
        """Followers forget the record, nobody is matched with them any more, and their account is shown nothing more of the match."""
        at = [node for node in self.network.nodes if search({"about": self.about}, node.files())]
        self.assertEqual(at, list(self.network.nodes), "the record's words were never seen, so nothing is shown by their being gone")
        self.network.programs.run("sign", "withdrawal", self.file, "--key", self.key, "--out", back := self.file.with_suffix(".back"))
        self.lighthouse.cairn("import", "records", back)
        self.harbor.wait(lambda: STATE["ended"] in self.account(), "the consent has ended")
        self.assertEqual(self.harbor.cairn("find", self.about)["records"], [])
        (asked,) = self.harbor.cairn("match", "--need", "grief", "--age-band", "26_59", "--language", "es", "--why", self.chosen)["asked"]
        self.assertIn("no specialist of that id is published here", json.dumps(asked))
        for node in self.network.nodes:
            node.wait(lambda: not search({"about": self.about}, node.files()), "has forgotten the words of the record")
        self.agreement("late")
        self.assertIn(self.words["late"], self.ana.next())
        self.assertIn("No specialist of a match here", self.rosa.ask(self.says))
        self.assertIn("nobody with whom you are matched", self.rosa.ask("!feedback"))
        self.silent(self.rosa)

    def prove(self):
        """What the member and both wrote is in no file of a homeserver or node; who the member is, in none of the specialist's side."""
        planted, (near, far) = canary(), self.network.pair.servers
        for server in (near, far):
            server.user("visitor" + secrets.token_hex(3)).create_room(topic=planted)
            self.assertTrue(search({"planted": planted}, server.files()), f"the search is blind at {server.server_name}")
        said = {name: word for name, word in self.words.items() if name != "member"}
        nodes = [file for node in self.network.nodes for file in node.files()]
        self.assertEqual(search(said, near.files() + far.files() + nodes), {})
        self.assertEqual(search({"member": self.words["member"]}, far.files() + nodes), {})
        self.assertTrue(search({"member": self.words["member"]}, near.files()))  # It is an account there.


class KeysTest(Live):
    def test_new_keys(self):
        """The account sets its recovery up anew: nothing is shown under the new keys before the specialist has signed for them and the account has said so."""
        ana, rosa = self.begin()
        self.until(rosa, self.says, "Thank you. It is written down", "being looked up")
        self.assertIn(STATE["holds"], self.account())
        rosa.identity = rosa.client.cross_sign(PASSWORD)
        self.harbor.wait(lambda: STATE["keys"] in self.account(), "sees the new keys")
        self.agreement("late")
        self.assertIn(self.words["late"], ana.next())
        said = self.sign(f"--account {rosa.client.user_id} --master-key {rosa.identity.master.public}.")
        self.assertNotEqual(said, self.says)
        self.assertIn(STATE["keys"], self.account())
        self.assertIn("being looked up", rosa.ask(said))  # The first that came since.
        self.assertIn(QUESTION, rosa.next())
        rosa.write(said)
        self.next(rosa, self.words["late"], "Thank you. It is written down")
        self.assertIn(STATE["holds"], self.account())


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    tap.main()
