# SPDX-License-Identifier: Apache-2.0
"""What test_bot.py needs: a node at one homeserver, bots at another, and what both say of a referral.

What a bot would not say by itself is said for it, by utter(); what it would not be told, by hear().
"""

import asyncio
import json
import os
import pathlib
import secrets
import tempfile
import time
import types
import unittest

from bot import DAY, SPACE, Bot, Refused, identifier
from homeserver import ROOT
from node import Network, Node
from test_node import remove, specialist

NEED = {"need": "grief", "language": "es", "modality": "online_text", "urgency": "soon", "age_band": "26_59"}
CANARY = "Quillon Vashti"  # a member's name
NAMES = ("beacon", "lantern", "nobody")

shared = {}


def spoiled(disclosure, now):
    """(what the bot says of it, a disclosure whose consent lacks or fails one element), each element."""

    def changed(**other):
        consent = {name: part for name, part in {**disclosure["consent"], "id": identifier(), **other}.items() if part is not None}
        return {**disclosure, "consent": consent}

    consent = disclosure["consent"]
    for name in ("id", "law", "patient", "from", "what", "what_text", "to", "purpose", "revocation", "expires", "signature", "signed_at", "tpo"):
        yield f"'{name}' is a required property", changed(**{name: None})
    stranger = [{"org": identifier(), "name": "Somebody else"}]
    for element, other in (
        (0, {"covers": "proceedings"}), (1, {"patient": " "}), (2, {"from": stranger}),
        (3, {"what": ["identity", "outcome"]}), (3, {"what_text": "Everything."}),
        (4, {"to": stranger}), (5, {"purpose_code": "outcome_report"}), (5, {"purpose": "\t"}), (6, {"revocation": {"right": " ", "how": ["phone"]}}),
        (7, {"expires": {"kind": "date", "at": now - 1}}), (7, {"expires": {"kind": "never"}}),
        (8, {"signature": {"how": "verbal", "signer": "Jo", "authority": "self", "recorded_by": "K. Lind"}}),
        (8, {"signature": {**consent["signature"], "authority": "parent"}}), (9, {"signed_at": now + 3_600_000}),
        (10, {"tpo": True, "redisclosure": " ", "refusal": "Nothing follows."}),
    ):  # fmt: skip
        yield f"element {element} does not hold", changed(**other)
    yield "notice", {**changed(), "notice": "Be careful with this."}


class Solo(Network):
    """One node, at a; the bots live at b."""

    def prepare(self):
        name, organization = self.NAMES[1]
        self.a = Node(organization, self.pair.a, self.directory / name, self.programs, self.signer)


class Driver:
    """A Bot, driven from synchronous tests. heard: (type, content) of all that it took."""

    def __init__(self, server, directory, name):
        self.server, self.directory, self.name, self.heard, self.deaf = server, directory / name, name, [], False
        self.password, self.key = secrets.token_urlsafe(12), secrets.token_bytes(32)
        self.directory.mkdir(mode=0o700)
        server.register(name, self.password)
        self.loop = asyncio.new_event_loop()
        self.start()

    def start(self):
        self.bot = Bot(self.server.url, self.server.ca_file, self.server.user_id(self.name), self.directory, self.key)
        take = self.bot.take

        def log(org, name, content):
            if self.deaf and name == "referral.ack":
                raise Refused("deaf")
            take(org, name, content)
            self.heard.append((name, content))

        self.bot.take = log
        self.run(self.bot.start(self.password))

    def stop(self):
        self.run(self.bot.matrix.close())

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def entry(self, **other):
        """What the trust list says of it."""
        nio, server = self.bot.matrix.nio, self.server.server_name
        device = {"device": nio.device_id, "key": nio.olm.account.identity_keys["ed25519"]}
        return {
            "org": self.bot.org, "name": self.name.capitalize() + " House", "server": server, "node_user": nio.user_id, "devices": [device],
            "record_key": self.bot.record_key, "roles": ["bot"], "via": [server], **other,
        }  # fmt: skip

    def wait(self, found, what, timeout=120):
        """Syncs until found() is true and returns that value."""
        end = time.monotonic() + timeout
        while not (value := found()):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name}: {what}: not within {timeout} s; refused: {self.bot.refused}")
            self.run(self.bot.sync(100))
        return value

    def said(self):
        """Syncs until all that it had to say was acknowledged."""
        self.wait(lambda: not self.bot.state["outbox"], "is acknowledged")


def start():
    directory = shared["directory"] = pathlib.Path(tempfile.mkdtemp(prefix="cairn-live-"))
    network = shared["network"] = Solo(directory, os.environ.get("CAIRN_BUILD") or ROOT / "build")
    unittest.addModuleCleanup(tear_down)
    network.start()
    (identity,) = network.set_up()
    network.a.org = identity["org"]
    meet(identity)
    programs = [{"source": f"test:{n}", "kind": "program", "body": {"name": f"Program {n}", "description": "We listen. " * 300}} for n in range(12)]
    network.a.cairn("import", "hsds", ROOT / "docs" / "examples" / "lighthouse-hsds.json")
    network.a.import_records([specialist("Good", network.credential("Good")), specialist("Plain"), *programs])
    network.a.cairn("publish", "--wait")


def meet(identity):
    """Makes the bots, and the trust list: the first is on it as it is, the second with another device's key, the third is not."""
    network = shared["network"]
    shared["drivers"] = beacon, lantern, nobody = [Driver(network.pair.b, shared["directory"], name) for name in NAMES]
    wrong = {"device": lantern.bot.matrix.nio.device_id, "key": beacon.entry()["devices"][0]["key"]}
    shared["book"] = network.authorities / (beacon.name + ".book")
    board = network.programs.run("issuer", "key", shared["book"], "--lists", f"https://board.example/{beacon.name}/")["id"]
    grants = [{"type": "CPRS", "jurisdictions": ["US"]}]
    issuers = [{"id": did, "name": "A board", "key": did.removeprefix("did:key:"), "for": grants} for did in (board, "did:key:" + network.issuer)]
    network.sign_trust([identity, beacon.entry(), lantern.entry(devices=[wrong])], issuers)
    for driver in (beacon, lantern, nobody):
        driver.bot.trust(json.loads(network.trust.read_text()), {"needed": 1, "keys": [network.signer]})
    program = {"name": "Beacon", "description": "We write back.", "capacities": [{"open": 7, "updated_at": int(time.time() * 1000)}]}
    shared["program"] = beacon.bot.record("program", program)


def tear_down():
    for driver in shared.get("drivers", []):
        driver.stop()
    shared["network"].finish()
    if not os.environ.get("CAIRN_KEEP"):
        remove(shared["directory"])


class Live(unittest.TestCase):
    def setUp(self):
        self.network, (self.driver, self.lantern, self.nobody) = shared["network"], shared["drivers"]
        self.node, self.bot = self.network.a, self.driver.bot

    def tearDown(self):
        """The node is sound, whatever it was told, and owes nobody anything."""
        self.assertTrue(self.node.cairn("audit", "verify"))
        self.bot.state["outbox"].clear()
        self.bot.refused.clear()

    def directory(self):
        """All that the bot can learn by asking: {id: record}."""
        self.bot.query(self.node.org)
        self.driver.wait(lambda: not self.bot.state["asked"], "has read the directory")
        return self.bot.state["records"][self.node.org]

    def rejected(self):
        """Why the node did not take what it did not take, newest first."""
        return [row["reason"] for row in self.node.list("rejected")]

    def state(self, referral):
        return self.bot.case(referral)[1].path()[0]["state"]

    def both(self, referral, *states):
        """Both sides have the referral in one of these states; answers it as the node shows it."""
        self.driver.wait(lambda: self.state(referral) in states, f"{referral} is {states}, not {self.state(referral)}")
        shown = self.node.wait(lambda: self.shown(referral, states), f"{referral} is {states}")
        self.assertEqual(self.name_of(shown), self.state(referral))
        return shown

    def shown(self, referral, states):
        self.driver.run(self.bot.sync())
        case = self.node.cairn("show", referral)
        return case if self.name_of(case) in states else None

    def name_of(self, case):
        return case["state"] + ("/" + case["end"] if case["state"] == "ended" else "")

    def utter(self, name, **content):
        """Has the bot send something that it would not; answers its id."""
        seq = self.bot.state["seq"][self.node.org] = self.bot.state["seq"].get(self.node.org, 0) + 1
        content = {"v": 1, "id": identifier(), "seq": seq, "sent_at": self.bot.now(), "body": "Uttered.", **content}
        self.bot.state["outbox"].append({"org": self.node.org, "name": name, "content": content, "tries": 0, "due": 0})
        return content["id"]

    def tries(self, key):
        """How often the bot has said it; -1: it was acknowledged."""
        return next((item["tries"] for item in self.bot.state["outbox"] if item["content"]["id"] == key), -1)

    def refused_by_node(self, why, name, **content):
        """The node does not take it, lists why, says so by a number, does not acknowledge it, and is as it was."""
        referral, before = content.get("referral"), self.rejected()
        shown = self.node.cairn("show", referral) if referral in self.bot.state["referrals"] else None
        self.bot.state["outbox"].clear()
        key = self.utter(name, **content)
        self.driver.wait(lambda: self.tries(key) > 0, "has said it")
        after = self.node.wait(lambda: rows if len(rows := self.rejected()) > len(before) else None, f"refuses {name}")
        self.assertIn(why, " ".join(after[: len(after) - len(before)]))
        self.driver.wait(lambda: key in self.bot.state["refusals"], "is told that it is not taken")
        self.assertEqual(self.tries(key), 1)
        self.bot.state["outbox"].clear()
        if shown:
            self.assertEqual(self.node.cairn("show", referral), shown)

    def consent(self, **other):
        """A consent to what the bot discloses to the node, and to what the node tells back."""
        parties = [{"org": org, "name": name} for org, name in ((self.bot.org, "Beacon House"), (self.node.org, self.node.organization))]
        return {
            "id": identifier(), "law": "us-part2", "patient": CANARY, "from": parties, "to": parties[::-1],
            "what": ["identity", "contact", "need", "outcome"], "what_text": "My name, my number, what I want, and what became of it.", "purpose": "To connect me with peer support.",
            "purpose_code": "peer_support", "revocation": {"right": "I can take this back at any time.", "how": ["phone"]},
            "expires": {"kind": "date", "at": self.bot.now() + 90 * DAY}, "signature": {"how": "electronic", "signer": CANARY, "authority": "self"},
            "signed_at": self.bot.now(), "tpo": False, **other,
        }  # fmt: skip

    def identity(self):
        return {"name": CANARY, "is_alias": False, "contact": {"how": "phone", "value": "+1 555 0100", "leave_message": False}}

    def specialist(self):
        """The id of a specialist of the node, as the bot knows them."""
        held = self.bot.state["records"].get(self.node.org) or self.directory()
        return next(key for key, record in held.items() if record["kind"] == "specialist")

    def accepted_by_node(self):
        """A referral of the bot that the node has accepted."""
        referral = self.bot.refer(self.node.org, to=self.specialist(), **NEED)
        self.driver.said()
        self.node.cairn("accept", referral)
        self.both(referral, "accepted")
        return referral

    def accepted_by_bot(self):
        """A referral of the node that the bot has accepted."""
        if not self.node.cairn("find", "Beacon")["records"]:
            self.node.cairn("follow", self.bot.org)
            self.driver.wait(lambda: self.node.cairn("find", "Beacon")["records"], "has shown its program")
        words = [word for name, value in NEED.items() for word in ("--" + name.replace("_", "-"), value)]
        referral = self.node.cairn("refer", shared["program"], "--org", self.bot.org, *words)["referral"]
        self.driver.wait(lambda: referral in self.bot.state["referrals"], "is asked")
        self.bot.act(referral, "referral.answer", decision="accept")
        self.both(referral, "accepted")
        return referral

    def disclosed_to_bot(self, referral, **other):
        form = self.node.cairn("consent", referral, "--template")
        form["consent"] |= other
        form["consent"]["patient"] = form["consent"]["signature"]["signer"] = form["identity"]["name"] = CANARY
        form["consent"]["signature"]["recorded_by"] = "K. Lind"
        form["identity"]["contact"]["value"] = "+1 555 0100"
        form["need_detail"] = "Somebody to talk to."
        self.node.cairn("consent", referral, "/dev/stdin", stdin=json.dumps(form))
        self.driver.wait(lambda: self.bot.case(referral)[0]["disclosure"], "is told who it is")
        return self.bot.case(referral)[0]["disclosure"]

    def hear(self, name, content, sender=None, verified=True):
        """The bot hears something as if it had come in the channel."""
        rooms = self.bot.matrix.nio.rooms
        room = next(rooms[key] for key, of in self.bot.state["rooms"].items() if of == [self.node.org, "channel"])
        event = types.SimpleNamespace(sender=sender or self.node.user, verified=verified, source={"type": SPACE + name, "content": content})
        self.driver.run(self.bot.hear(room, event))
