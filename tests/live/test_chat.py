# SPDX-License-Identifier: Apache-2.0
"""People who write to a node with a plain client (matrix-nio, no code of Cairn): they ask for support in their own words, hear what became of
it, consent, and take it back; and whatever somebody in distress types or sends is answered once, with what to do next.

Run with the Python of the virtual environment nio; $CAIRN_BUILD is the build directory. Node a (Harbor) is written to, by people on homeserver b.
"""

import json
import logging
import os
import pathlib
import re
import secrets
import shutil
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from client import ENCRYPTED, V3, quote
from demo import canary, search
from homeserver import ROOT
from nioclient import NioClient, query_keys
from node import CRISIS_TEXT, CairnError, Network

PASSWORD = "correct horse battery staple"
NOTE = "org.cairnpeer.note"
AT_ONCE = 5  # seconds; what an answer to somebody in danger may take here, with sanitizers, two homeservers and another test beside it

STAFF = "staff"

shared = {}


def where_it_is_night():
    """A zone in which it is three now."""
    ahead = 3 - time.gmtime().tm_hour
    return f"Etc/GMT{-(ahead if ahead >= -12 else ahead + 24):+d}"  # the signs in these names are the other way round


def setUpModule():
    shared["directory"] = directory = pathlib.Path(tempfile.mkdtemp(prefix="cairn-chat-")).resolve()
    unittest.addModuleCleanup(tear_down)
    network = shared["network"] = Network(directory, os.environ.get("CAIRN_BUILD") or ROOT / "build")
    network.pair.start()
    network.prepare()
    network.a.config.write_text(
        network.a.config.read_text() + f'crisis_words = "suicide, end my life, quiero morir"\non_call_user = {network.pair.a.user_id("oncall")}\n'
    )
    network.pair.b.register(STAFF, PASSWORD)
    network.b.config.write_text(network.b.config.read_text() + f"staff_users = {STAFF}\nstaff_zone = {where_it_is_night()}\n")
    for node in network.nodes:
        node.start()
    network.join()
    network.b.cairn("import", "hsds", ROOT / "docs/examples/lighthouse-hsds.json")
    network.b.import_records(json.loads((ROOT / "docs/examples/lighthouse-records.json").read_text())["records"])
    network.b.cairn("publish", "--wait")
    network.a.cairn("follow", network.b.org, "--wait")
    network.a.wait(lambda: network.a.cairn("find", "--kind", "specialist")["records"], "reads the directory")


def tear_down():
    shared["network"].finish()
    shutil.rmtree(shared["directory"])


class Person:
    """Somebody with a client and a direct chat; heard: what the node has said there, in order."""

    def __init__(self, name, verified=True, server=None):
        """server: where their account is, by default homeserver b."""
        self.node, server = shared["network"].a, server or shared["network"].pair.b
        name += secrets.token_hex(3)
        server.register(name, PASSWORD)
        self.client = NioClient(server, name, PASSWORD, shared["directory"] / name)
        self.identity = self.client.cross_sign(PASSWORD) if verified else None
        self.room = None
        self.read = 0

    def chat(self, *state):
        """Opens a direct chat; answers its room once the node is in it."""
        room = self.client.direct_chat(self.node.user, state)
        if state:
            self.enter(room)
        return room

    def enter(self, room):
        """That is the chat; the node's device is trusted as its owner has signed it."""
        device = query_keys(self.client.raw, self.node.user)["device_keys"][self.node.user]
        self.client.trust(self.node.user, fingerprint=next(iter(device.values()))["keys"]["ed25519:" + next(iter(device))])
        self.room = room

    def heard(self):
        return [e.source["content"]["body"] for room, e in self.client.events if room == self.room and e.sender == self.node.user and e.decrypted]

    def next(self, timeout=90):
        """The next that the node says. What it says too much is the next next time, so that nothing goes unseen."""
        self.client.wait(lambda: len(self.heard()) > self.read, timeout)
        self.read += 1
        return self.heard()[self.read - 1]

    def write(self, text, **more):
        return self.client.send(self.room, "m.room.message", {"msgtype": "m.text", "body": text, **more})

    def ask(self, text, **more):
        """What the node answers to it."""
        self.write(text, **more)
        return self.next()

    def choose(self, question, words):
        """The answer to its number in a question's list."""
        number = re.search(rf"^(\d+)\. {re.escape(words)}", question, re.M)
        if not number:
            raise AssertionError(f"{words!r} is not offered: {question}")
        return self.ask(number[1])


class Chat(unittest.TestCase):
    def setUp(self):
        self.network = shared["network"]
        self.harbor, self.lighthouse = self.network.nodes

    def person(self, name, *state):
        person = Person(name)
        self.addCleanup(person.client.close)
        person.chat(*(state or (ENCRYPTED,)))
        return person

    def silent(self, person):
        """The node has said nothing more: its next words answer a question put now."""
        self.assertIn("You can write:", person.ask("!help"))


class StoryTest(Chat):
    """Somebody asks for support, is accepted, consents, and takes it back; all in the chat."""

    def test_from_the_first_word_to_the_last(self):
        self.words = {name: canary() for name in ("hello", "sought", "danger", "name", "contact", "need")}
        ana = self.ana = self.person("ana")
        self.assertIn("Thank you for writing to Harbor", ana.ask(f"Hello, {self.words['hello']}."))
        self.assertIn("!refer NUMBER", ana.ask("!help"))
        self.assertIn("Nothing was found", ana.ask(f"!find {self.words['sought']}"))
        self.assertIn("No request of yours", ana.ask("!status"))
        self.ask()
        self.referral = self.arrives()
        self.consent()
        self.revoke()
        self.prove()

    def ask(self):
        ana = self.ana
        found = ana.ask("!find grief")
        self.assertIn("without your name", found)
        number = re.search(r"^(\d+)\. Juniper", found, re.M)[1]
        self.assertIn("To ask number", ana.ask(number))
        question = ana.ask(f"!refer {number}")
        self.assertIn("How old are you?", question)
        self.assertIn("Stopped; nothing was sent", ana.ask("!cancel"))
        question = ana.ask(f"!refer {number}")
        for wanted, words in (("about", "26 to 59"), ("language", "grief"), ("meet", "Spanish")):
            question = ana.choose(question, words)
            self.assertIn(wanted, question)
        before = time.monotonic()
        crisis = ana.ask(f"me siento mal {self.words['danger']}, QUIERO  MORIR")
        took = time.monotonic() - before
        self.assertIn(CRISIS_TEXT, crisis)
        self.assertLess(took, AT_ONCE)
        self.assertIn("can wait; it is kept", ana.next())
        print(f"# somebody in danger is answered after {took:.2f} s")
        question = ana.choose(question, "writing online")
        question = ana.choose(question, "in the next days")
        summary = ana.ask("1")
        for words in ("Juniper", "Lighthouse Recovery Collective", "26 to 59", "grief", "Spanish", "Not your name", "!yes"):
            self.assertIn(words, summary)
        self.assertIn("Nothing has been sent yet", ana.ask("ok \N{THUMBS UP SIGN}"))
        self.assertEqual(self.harbor.list("referrals"), [])
        self.assertIn("on its way to Juniper", ana.ask("!yes"))
        self.assertIn("nothing to say yes to", ana.ask("!yes"))

    def arrives(self):
        (row,) = self.harbor.list("referrals")
        there = self.lighthouse.wait_state(row["id"], "received")
        self.assertEqual((there["request"]["origin"], there["request"]["need"], there["request"]["language"]), ("self", "grief", "es"))
        shown = json.dumps(there)
        for word in (self.ana.client.user_id, *self.words.values()):
            self.assertNotIn(word, shown)
        self.assertIn("they have it and decide", self.ana.ask("!status"))
        self.assertIn("Not who you are.", self.ana.ask("!who"))
        self.assertIn("no consent of yours", self.ana.ask("!revoke"))
        self.lighthouse.cairn("answer", row["id"], "accept", "--wait")
        self.assertIn("Juniper (Lighthouse Recovery Collective) said yes to your request", self.ana.next())
        return row["id"]

    def consent(self):
        """Asked and answered in the chat; staff writes down what the person said."""
        ana, words = self.ana, self.words
        self.harbor.cairn("say", ana.client.user_id, "/dev/stdin", stdin="May Lighthouse know who you are, and how to reach you?", timeout=60)
        self.assertIn("May Lighthouse know", ana.next())
        said = f"Yes, they may. I am {words['name']}; write to {words['contact']}."
        ana.write(said)
        self.harbor.wait(lambda: [m for m in self.harbor.list("messages") if m["body"] == said and m["direction"] == "in"], "reads it")
        self.silent(ana)  # a person speaks with her
        self.assertNotIn("disclosure", self.lighthouse.cairn("show", self.referral))
        form = self.harbor.cairn("consent", self.referral, "--template")
        form["consent"]["patient"] = form["consent"]["signature"]["signer"] = form["identity"]["name"] = words["name"]
        form["consent"]["signature"]["recorded_by"] = "K. Lind"
        form["identity"]["contact"]["value"] = words["contact"]
        form["need_detail"] = words["need"]
        self.harbor.cairn("consent", self.referral, "/dev/stdin", "--wait", stdin=json.dumps(form))
        arrived = self.lighthouse.cairn("show", self.referral)["disclosure"]
        self.assertEqual((arrived["identity"]["name"], arrived["need_detail"]), (words["name"], words["need"]))
        self.assertRegex(ana.ask("!who"), r"has, with your consent, since \d{4}-\d\d-\d\d: who you are")
        account = self.harbor.cairn("accounting", self.referral)
        self.assertEqual(len(account["disclosures"]), 1)

    def revoke(self):
        said = time.monotonic()
        self.assertIn("taken back, from now on", self.ana.ask("!revoke"))
        for node in self.network.nodes:
            node.wait_state(self.referral, "consent_revoked", "ended")
        told = lambda: self.harbor.cairn("accounting", self.referral)["consents"][0]["told"][0]["state"] == "acknowledged"
        self.harbor.wait(told, "the revocation is acknowledged")
        print(f"# taken back, ended on both sides and acknowledged after {time.monotonic() - said:.2f} s")
        self.assertEqual(self.harbor.cairn("accounting", self.referral)["holds"][0]["name"], self.lighthouse.organization)
        self.assertIn("it has ended", self.ana.ask("!status"))
        self.assertIn("no consent of yours", self.ana.ask("!revoke"))
        self.ana.ask("!cancel")
        self.silent(self.ana)

    def prove(self):
        """Her words are in no file of either homeserver or node; and the search is not blind."""
        planted = canary()
        for server in self.network.pair.servers:
            server.user("visitor" + secrets.token_hex(3)).create_room(topic=planted)
        files = [file for server in self.network.pair.servers for file in server.files()]
        self.assertEqual(search(self.words, files + [file for node in self.network.nodes for file in node.files()]), {})
        for server in self.network.pair.servers:
            self.assertTrue(search({"planted": planted}, server.files()), f"the search is blind at {server.server_name}")


class DistressTest(Chat):
    """Whatever is typed or sent has one answer, which says what to do next."""

    def test_words(self):
        ben = self.person("ben")
        self.assertIn("Thank you for writing", ben.ask("i dont know what to do anymore"))
        for text, answer in (
            ("HELP", "You can write:"),
            ("help!!!", "You can write:"),
            ("!HELP", "You can write:"),
            ("! help", "You can write:"),
            ("\uff01help", "You can write:"),
            ("!hlep", "You can write:"),
            ("  \n!Help.", "You can write:"),
            ("!wsdf", "not known here"),
            ("!", "not known here"),
            ("!\N{CRYING FACE}", "not known here"),
            ("!statsu", "No request of yours"),
            ("Status?", "No request of yours"),
            ("STOP", "!cancel"),
            ("revoke", "Did you mean !revoke?"),
            ("!revoek", "Did you mean !revoke?"),
            ("!yess", "Did you mean !yes?"),
            ("find grief", "To ask one of them"),
            ("!fidn grief", "To ask one of them"),
            ("2", "To ask number 2"),
            ("2\ufe0f\u20e3", "To ask number 2"),
            ("!refer two", "Which one?"),
            ("!find grief\n!refer 1", "One thing at a time"),
            ("!cancel !revoke", "One thing at a time"),
            ("!find " + "somebody " * 200, "too long"),
            ("word " * 4000, "too long"),
            ("Suicide", CRISIS_TEXT),
            ("i want to end\nmy   life", CRISIS_TEXT),
        ):
            with self.subTest(text[:40]):
                self.assertIn(answer, ben.ask(text))
        self.silent(ben)
        self.assertEqual(self.harbor.list("rejected"), [])

    def test_a_question_is_open(self):
        eve = self.person("eve")
        self.assertIn("To ask one of them", eve.ask("!find grief"))
        self.assertIn("How old are you?", eve.ask("!refer #1"))
        for text, answer in (
            ("what?", "number from the list"),
            ("\N{THUMBS UP SIGN}", "number from the list"),
            ("99", "number from the list"),
            ("!yes", "nothing to say yes to"),
            ("help", "You can write:"),
            ("4 \n", "What is it about?"),
            ("stop", "!cancel"),
        ):
            with self.subTest(text):
                self.assertIn(answer, eve.ask(text))
        there = eve.write("never mind")
        self.assertIn("number from the list", eve.next())
        self.assertIn("not done again", self.change(eve, there, "1"))
        self.assertIn("Which language?", eve.ask("> <@cairn> What is it about? suicide\n> 1. my mental health\n\n4", **self.answers_to(there)))
        self.assertIn("Stopped; nothing was sent", eve.ask("!CANCEL"))
        self.silent(eve)

    def change(self, person, event, text):
        new = {"msgtype": "m.text", "body": text}
        return person.ask("* " + text, **{"m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": event}})

    def answers_to(self, event):
        return {"m.relates_to": {"m.in_reply_to": {"event_id": event}}}

    def test_what_is_no_words(self):
        fay = self.person("fay")
        there = fay.write("hello")
        self.assertIn("Thank you for writing", fay.next())
        self.assertIn("You can write:", fay.ask("!help", **self.answers_to(there)))
        self.assertIn("not done again", self.change(fay, there, "!find grief"))
        file = {"url": "mxc://example.org/abc", "v": "v2", "key": {}, "iv": "x", "hashes": {}}
        for kind, body in (("m.audio", "Voice message"), ("m.image", "img.jpg"), ("m.location", "I am here"), ("org.example.new", "?")):
            with self.subTest(kind):
                fay.client.send(fay.room, "m.room.message", {"msgtype": kind, "body": body, "file": file})
                self.assertIn("could not be read", fay.next())
        fay.client.send(fay.room, "m.sticker", {"body": "a sad cat", "url": "mxc://example.org/abc", "info": {}})
        self.assertIn("could not be read", fay.next())
        fay.client.send(fay.room, "m.room.message", {"msgtype": "m.image", "body": "I want to end my life", "filename": "a.jpg", "file": file})
        self.assertIn("people can, now", fay.next())
        kept = [m["body"] for m in self.harbor.list("messages") if m["user"] == fay.client.user_id and m["direction"] == "in"]
        self.assertIn("[a voice message or a sound; it cannot be read here] Voice message", kept)
        self.silent(fay)

    def test_an_app_that_is_not_verified(self):
        person = Person("uma", verified=False)
        self.addCleanup(person.client.close)
        person.chat(ENCRYPTED)
        person.write("I want to end my life")

        def in_clear():
            return [e.body for room, e in person.client.events if room == person.room and e.sender == person.node.user and not e.decrypted and hasattr(e, "body")]

        person.client.wait(in_clear, 90)
        (text,) = in_clear()
        self.assertIn("verify it in its settings", text)
        self.assertIn(CRISIS_TEXT, text)
        self.assertNotIn("end my life", text)
        person.client.cross_sign(PASSWORD)
        person.client.wait(lambda: any(CRISIS_TEXT in words for words in person.heard()), 120)
        self.assertEqual(len(in_clear()), 1)

    def test_what_is_not_encrypted(self):
        gus = self.person("gus")
        there = gus.write("hello")
        self.assertIn("Thank you for writing", gus.next())
        gus.client.send(gus.room, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": there, "key": "\N{THUMBS UP SIGN}"}})
        self.assertEqual(gus.client.shown_on_server(gus.room, there)["type"], "m.room.encrypted")
        answer = gus.next()
        self.assertIn("could not be read", answer)
        self.assertIn(CRISIS_TEXT, answer)
        gus.client.raw.call("PUT", f"{V3}/rooms/{quote(gus.room)}/redact/{quote(there)}/{secrets.token_hex(4)}", {})
        self.assertIn("its words are erased here, too", gus.next())
        self.assertIn("[deleted, as the homeserver says]", [m["body"] for m in self.harbor.list("messages") if m["user"] == gus.client.user_id])
        gus.client.raw.send(gus.room, "m.room.message", {"msgtype": "m.text", "body": "!find grief"})
        self.silent(gus)  # once an hour: a server could invent it
        self.assertNotIn("!find grief", [m["body"] for m in self.harbor.list("messages") if m["user"] == gus.client.user_id])

    def test_several_chats(self):
        """The answer comes where the question was; a chat that was left is none."""
        ida = self.person("ida")
        self.assertIn("Thank you for writing", ida.ask("hello"))
        first = ida.room
        for room in (ida.chat(ENCRYPTED), first):
            ida.room = room
            ida.read = len(ida.heard())
            self.assertIn("You can write:", ida.ask("!help"))
        ida.client.raw.leave(first)
        ida.chat(ENCRYPTED)
        ida.read = 0
        self.assertIn("You can write:", ida.ask("!help"))

    def test_a_chat_that_does_not_encrypt(self):
        hal = Person("hal")
        self.addCleanup(hal.client.close)
        room = hal.chat()
        hal.client.raw.send(room, "m.room.message", {"msgtype": "m.text", "body": "can you hear me"})
        invited = hal.client.raw.wait(lambda answer: next(iter(answer.get("rooms", {}).get("invite", {})), None))
        self.harbor.wait(lambda: invited in self.harbor.rooms("direct"), "has made the chat")  # else the join may come too early
        hal.client.join(invited, via=[self.network.pair.a.server_name])
        hal.enter(invited)
        self.assertIn("could not be read", hal.next())
        self.assertIn("Thank you for writing", hal.ask("can you hear me"))
        self.silent(hal)


class NoteTest(Chat):
    """What the node records goes to the person's program as data, too, and a program's note is taken; docs/notes.md."""

    def said(self, person):
        """The content of what the node said last."""
        return [e.source["content"] for room, e in person.client.events if room == person.room and e.sender == self.harbor.user and e.decrypted][person.read - 1]

    def test_in_words_and_as_data(self):
        word, ana = canary(), self.person("notes")
        self.assertIn("Thank you for writing", ana.ask("Good evening."))
        goals = {"v": 1, "kind": "goals", "on": "2026-01-01", "goals": [{"text": f"swim {word}", "state": "open"}]}
        self.assertIn("it is kept", ana.ask("My goals.", **{NOTE: goals}))
        self.assertEqual(self.said(ana)[NOTE], goals)
        self.assertIn(f"1. swim {word} (reached)", ana.ask("!goals reached 1"))
        self.assertEqual(self.said(ana)[NOTE]["goals"], [{"text": f"swim {word}", "state": "reached"}])
        self.assertIn("How is it going?", ana.ask("!checkin"))
        self.assertNotIn(NOTE, self.said(ana))
        ana.ask("4")
        ana.ask("!skip")
        self.assertIn("it is kept", ana.ask("!skip"))
        self.assertEqual(self.said(ana)[NOTE]["checkin"], {"well": 4})
        # What it is told it can hand back: the same form both ways.
        self.assertIn("it is kept", ana.ask("Handed on.", **{NOTE: self.said(ana)[NOTE]}))
        refused = ana.ask("Met.", **{NOTE: {"v": 1, "kind": "contact", "on": "2026-01-01", "contact": {"modality": "phone", "minutes": 5}}})
        self.assertIn("written down by people here", refused)
        self.assertIn("/goals/0/state", ana.ask("My goals.", **{NOTE: {**goals, "goals": [{"text": word}]}}))
        self.assertIn("in words alone", ana.ask("!notes off"))
        self.assertIn(word, ana.ask("!goals"))
        self.assertNotIn(NOTE, self.said(ana))
        self.assertIn("forgotten here, for good", ana.ask("!forget goals"))
        self.assertNotIn(word, json.dumps(self.harbor.list("messages")))
        files = [file for server in self.network.pair.servers for file in server.files()]
        self.assertEqual(search({"goal": word}, files + [file for node in self.network.nodes for file in node.files()]), {})


class YesTest(Chat):
    """Somebody says yes in the chat to the very words that they were shown, and nobody of the staff is needed; or says no."""

    def accepted(self, person):
        found = person.ask("!find grief")
        question = person.ask("!refer " + re.search(r"^(\d+)\. Juniper", found, re.M)[1])
        for words in ("26 to 59", "grief", "Spanish", "writing online", "in the next days"):
            question = person.choose(question, words)
        self.assertIn("This would be sent", person.ask("1"))
        before = {row["id"] for row in self.lighthouse.list("referrals")}
        self.assertIn("on its way", person.ask("!yes"))
        new = lambda: [row["id"] for row in self.lighthouse.list("referrals") if row["id"] not in before]
        self.lighthouse.wait(new, "has the request")
        self.lighthouse.cairn("answer", new()[0], "accept", "--wait")
        told = person.next()
        self.assertIn("said yes to your request. They do not know who you are", told)
        self.assertIn("!consent", told)
        return new()[0]

    def test_in_the_chat_alone(self):
        eli, words = self.person("eli"), {name: canary() for name in ("name", "mind", "need")}
        self.assertIn("Thank you for writing", eli.ask("Good evening."))
        referral = self.accepted(eli)
        self.assertIn("What should they call you?", eli.ask("!consent"))
        question = eli.ask(words["name"])
        self.assertIn(eli.client.user_id, question)
        self.assertIn("they should mind", eli.choose(question, "in Matrix"))
        self.assertIn("support with", eli.ask(words["mind"]))
        self.assertIn("what becomes of it", eli.ask(words["need"]))
        shown = eli.ask("1")
        for part in ("Juniper", "Lighthouse Recovery Collective", *words.values(), eli.client.user_id, "!revoke", "Until: ", "If you say no"):
            self.assertIn(part, shown)
        letters = re.search(r"write !yes ([A-Z]{5})\.", shown)[1]
        self.assertIn("Nothing of this has been told yet", eli.ask("yes"))
        eli.client.send(eli.room, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": eli.write("!next"), "key": "\N{THUMBS UP SIGN}"}})
        newer = [eli.next(), eli.next()]
        letters = next(re.search(r"write !yes ([A-Z]{5})\.", text)[1] for text in newer if "write !yes" in text)
        self.assertNotIn("disclosure", self.lighthouse.cairn("show", referral))
        self.assertIn("It is on its way to them", eli.ask(f"!yes {letters.lower()}"))
        self.lighthouse.wait(lambda: self.lighthouse.cairn("show", referral).get("disclosure"), "knows who it is")
        arrived = self.lighthouse.cairn("show", referral)["disclosure"]
        self.assertEqual((arrived["identity"]["name"], arrived["constraints"], arrived["need_detail"]), (words["name"], words["mind"], words["need"]))
        self.assertEqual(arrived["identity"]["contact"]["value"], eli.client.user_id)
        self.assertEqual(arrived["consent"]["signature"]["signer"], words["name"])
        self.assertIn("stand for nothing", eli.ask(f"!yes {letters}"))
        self.assertEqual(len(self.harbor.cairn("accounting", referral)["disclosures"]), 1)
        self.assertIn("taken back, from now on", eli.ask("!revoke"))
        self.lighthouse.wait_state(referral, "consent_revoked", "ended")
        self.has_all(eli, words)
        files = [file for server in self.network.pair.servers for file in server.files()]
        self.assertEqual(search(words, files + [file for node in self.network.nodes for file in node.files()]), {})

    def has_all(self, person, words):
        """What is kept of them, as a file for them, has each of their words; and is gone before the search."""
        path = shared["directory"] / "mine.json"
        self.harbor.cairn("export", "member", person.client.user_id, "--out", path)
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        copy = json.loads(path.read_text())
        path.unlink()
        self.assertEqual([name for name, word in words.items() if word not in json.dumps(copy)], [])
        self.assertEqual((copy["person"][0]["user"], len(copy["disclosures"])), (person.client.user_id, 1))

    def test_no(self):
        una = self.person("una")
        self.assertIn("Thank you for writing", una.ask("Good evening."))
        referral = self.accepted(una)
        una.ask("!consent")
        self.assertIn("Nothing of it is told", una.ask("!no"))
        self.silent(una)
        self.assertNotIn("disclosure", self.lighthouse.cairn("show", referral))


class UrgentTest(Chat):
    """Who works at Lighthouse is told that something urgent waits, by night, in a chat with a plain client: one line, of which a homeserver sees nothing."""

    def client(self):
        staff = NioClient(self.network.pair.b, STAFF, PASSWORD, shared["directory"] / STAFF)
        self.addCleanup(staff.close)
        staff.cross_sign(PASSWORD)
        self.room = staff.wait(lambda: next(iter(staff.nio.invited_rooms), None), 60)
        staff.join(self.room)
        self.lighthouse.wait(lambda: self.reminders()["ok"], "has staff in the chat")
        return staff

    def reminders(self):
        """What doctor says of them."""
        try:
            said = self.lighthouse.cairn("doctor")
        except CairnError as error:  # something is not well
            said = error.said
        return next(check for check in said["checks"] if check["name"] == "reminders")

    def lines(self, staff):
        return [e.source["content"] for room, e in staff.events if room == self.room and e.sender == self.lighthouse.user and e.decrypted]

    def refer(self, urgency):
        record = self.harbor.cairn("find", "Juniper")["records"][0]["id"]
        need = ("--need", "grief", "--language", "es", "--modality", "online_text", "--age-band", "26_59", "--urgency", urgency)
        return self.harbor.cairn("refer", record, *need, "--wait")["referral"]

    def test_what_is_urgent(self):
        self.assertIn(f"{self.lighthouse.homeserver.user_id(STAFF)}", self.reminders()["text"])
        staff = self.client()
        self.assertIn("1 person is told", self.reminders()["text"])
        self.refer("soon")
        urgent = self.refer("urgent")
        [line] = staff.wait(lambda: self.lines(staff), 60)
        print(f"# staff hear: {line['body']}")
        due = [row for row in self.lighthouse.cairn("list", "referrals", "--due")["items"] if row["next"].startswith("target")]
        self.assertIn(urgent, [row["id"] for row in due])
        # The story before, whose end they have not heard of by night, is news.
        news = r"(\. See: cairn list referrals --due|; there is news of \d+\. See: cairn list referrals)"
        self.assertRegex(line["body"], rf"^Referrals: {len(due)} wait for you, 1 of them urgent{news}$")
        self.assertEqual(line["msgtype"], "m.text")  # A notice makes no phone ring.
        self.lighthouse.cairn("decline", urgent, "--reason", "no_capacity", "--wait")
        staff.sync(5000)
        self.assertEqual(len(self.lines(staff)), 1)
        files = [file for server in self.network.pair.servers for file in server.files()]
        self.assertEqual(search({"line": "wait for you, 1 of them"}, files + self.lighthouse.files()), {})


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    tap.main()
