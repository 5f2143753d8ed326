# SPDX-License-Identifier: Apache-2.0
"""What every SDK must be able to do with a node: test_js.py and test_rust.py run these tests, each with its own client.

The client is the account of a bot's organization at homeserver a: on the trust list, with its master key pinned. It asks node b, in a
channel, to follow its directory, as docs/adr/0003-follow-is-asked-in-the-channel.md has it. $CAIRN_BUILD is the build directory.
"""

import os
import pathlib
import secrets
import shutil
import tempfile
import time
import unittest

from homeserver import ROOT
from node import Network
from sdkclient import SdkClient

NAMESPACE = "org.cairnpeer."
PASSWORD = "correct horse battery staple"
ID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of our own ids: base32 without I, L, O and U

SPECIALIST = {
    "alias": "Linnet", "program": "hsds:service/f0181ad3-d353-5bf4-aa26-c1e3ce038c6a", "about": "Zuhören zuerst – 先に聞く.",
    "roles": ["one_to_one"], "languages": ["es", "en"], "conditions": ["grief"], "audiences": ["adults"], "age_bands": ["26_59"],
    "modalities": ["online_text"], "capacity": {"open": 4, "updated_at": 1785312000000},
}  # fmt: skip

shared = {}


def new_id():
    return "".join(secrets.choice(ID_LETTERS) for _ in range(26))


def start(command):
    """setUpModule of a test program. command(directory): the words that start its client, which may keep files in directory."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cairn-live-"))
    network = shared["network"] = Network(directory, os.environ.get("CAIRN_BUILD") or ROOT / "build")
    unittest.addModuleCleanup(end, directory)
    words = command(directory)
    network.start()
    bot = shared["bot"] = SdkClient(words, directory / "bot", network.pair.a, "bot", PASSWORD)
    identities = network.join([organization(bot)])
    shared["record_key"] = {identity["org"]: identity["record_key"] for identity in identities}[network.b.org]
    network.b.cairn("import", "hsds", ROOT / "docs" / "examples" / "lighthouse-hsds.json")
    network.b.cairn("publish", "--wait")
    shared["follow"], shared["channel"] = follow(bot, network.b)
    shared["directory"] = bot.join(network.b.user, NAMESPACE + "directory", via=[network.pair.b.server_name])


def end(directory):
    """Ends all; fails if a node ended by itself or a sanitizer spoke."""
    if "bot" in shared:
        shared["bot"].close()
    shared["network"].stop()
    complaints = shared["network"].complaints()
    if complaints:
        raise AssertionError(complaints)
    if not os.environ.get("CAIRN_KEEP"):
        shutil.rmtree(directory)


def organization(bot):
    """The bot's entry of the trust list. It publishes nothing, so its record key signs nothing."""
    network = shared["network"]
    server = network.pair.a.server_name
    return {
        "org": new_id(), "name": "A bot's organization", "server": server, "node_user": bot.user_id, "steward_user": f"@nobody:{server}",
        "master_key": bot.cross_sign(), "record_key": network.key(network.authorities / "bot.key"), "roles": ["bot"], "via": [server],
    }  # fmt: skip


def follow(bot, node):
    """Asks the node, in a new channel, to be let into its directory; answers the request's id and the channel."""
    channel = bot.create_room(node.user, creation_content={"type": NAMESPACE + "channel"})
    request = {"v": 1, "id": new_id(), "seq": 1, "body": "We would like to follow your directory.", "sent_at": int(time.time() * 1000)}
    bot.send(channel, NAMESPACE + "follow", request)
    return request["id"], channel


class Story(unittest.TestCase):
    """Not run by itself: a test program makes a subclass of it."""

    def setUp(self):
        self.b = shared["network"].b
        self.bot = shared["bot"]
        self.directory = shared["directory"]

    def tearDown(self):
        """Whatever the test made it say, the node found nothing of it odd."""
        self.assertEqual((self.b.list("rejected"), self.b.list("waiting")), ([], []))

    def directory_opened(self):
        """The directory's records as the bot reads them, once its homeserver has what the node's command lists, and they can be read."""

        def found():
            events = [self.bot.decrypt(self.directory, event) for event in self.bot.server_state(self.directory)]
            seen = {(event["content"]["id"], event["content"]["seq"]) for event in events if "content" in event}
            return events if seen == listed and len(events) == len(seen) else None

        listed = {(record["id"], record["seq"]) for record in self.b.list("records")}
        return self.bot.wait(found, "can read what the node's command lists")

    def assert_directory_is_right(self):
        """What the bot reads is what the operator's command shows."""
        about = {record["id"]: record for record in self.b.list("records")}
        for event in self.directory_opened():
            record = event["content"]
            self.assertEqual((event["type"], event["sender"], event["trust"]), (NAMESPACE + "record", self.b.user, "signed"))
            self.assertEqual(record, self.b.cairn("show", record["id"])["record"])
            self.assertEqual(record["kind"], about[record["id"]]["kind"])
            self.assertEqual(record["body"].get("alias") or record["body"].get("name"), about[record["id"]].get("name"))

    def test_follow_is_acknowledged(self):
        def acknowledged():
            return [event for event in self.bot.events(shared["channel"], NAMESPACE + "referral.ack") if shared["follow"] in event["content"]["ack_of"]]

        (acknowledgement,) = self.bot.wait(acknowledged, "is acknowledged")
        self.assertEqual((acknowledgement["sender"], acknowledgement["trust"]), (self.b.user, "signed"))
        self.assertEqual([partner["follower"] for partner in self.b.list("partners") if partner["name"] == "A bot's organization"], [True])

    def test_records_from_before_and_after_it_joined(self):
        """First those that were encrypted before the bot asked to follow: the next one would bring it the keys anew."""
        self.assert_directory_is_right()
        before = {event["state_key"] for event in self.bot.state(self.directory)}
        self.b.import_records([{"source": "test:after", "kind": "specialist", "body": SPECIALIST}])
        self.b.cairn("publish", "--wait")
        program = next(record["id"] for record in self.b.list("records") if record["source"] == SPECIALIST["program"])

        def arrived():
            return [event for event in self.bot.state(self.directory) if event["content"]["body"].get("alias") == SPECIALIST["alias"]]

        (event,) = self.bot.wait(arrived, "opens the new record by itself")
        self.assertNotIn(event["state_key"], before)
        body = event["content"]["body"]
        consent = body.pop("consent")
        self.assertEqual((consent["specialist"], consent["org"], consent["record"]), (body.pop("did"), self.b.org, event["content"]["id"]))
        self.assertEqual(body, {**SPECIALIST, "program": program})
        self.assert_directory_is_right()

    def test_messages_in_a_direct_chat(self):
        room = self.bot.create_room(self.b.user, preset="trusted_private_chat", is_direct=True)
        words = "good morning, " + secrets.token_hex(8)
        there = self.bot.send(room, "m.room.message", {"msgtype": "m.text", "body": words})
        self.assertEqual(there["type"], "m.room.encrypted")
        heard = self.b.wait(lambda: [m for m in self.b.list("messages") if m["body"] == words], f"hears {words!r}")
        self.assertEqual([(m["user"], m["room_id"], m["direction"]) for m in heard], [(self.bot.user_id, room, "in")])
        answer = "and to you, " + secrets.token_hex(8)
        self.b.cairn("say", self.bot.user_id, "/dev/stdin", "--wait", stdin=answer)

        def told():
            return [event for event in self.bot.events(room, "m.room.message") if event["content"]["body"] == answer]

        (event,) = self.bot.wait(told, f"hears {answer!r}")
        self.assertEqual((event["sender"], event["trust"]), (self.b.user, "signed"))
