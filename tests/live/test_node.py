# SPDX-License-Identifier: Apache-2.0
"""Two nodes on two real, federated homeservers, as their operators and members use them.

Run with the Python of the virtual environment nio; $CAIRN_BUILD is the build directory:

    CAIRN_BUILD=build .venv/nio/bin/python tests/live/test_node.py [WORD...]

Node a (Harbor) reaches its homeserver through a recording proxy. All tests share the network: each makes its own people and referrals.
"""

import copy
import json
import logging
import os
import pathlib
import re
import secrets
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from client import ENCRYPTED, Client, MatrixError, quote
from demo import sessions
from homeserver import ROOT
from nioclient import NioClient, query_keys
from node import CairnError, Network
from proxy import Proxy, forge_member

PASSWORD = "correct horse battery staple"
NEED = ("--need", "grief", "--language", "es", "--modality", "online_text", "--urgency", "soon", "--age-band", "26_59")
PROGRAM = "hsds:service/f0181ad3-d353-5bf4-aa26-c1e3ce038c6a"  # Keepers, of docs/examples/lighthouse-hsds.json

shared = {}


def group(name, program, access):
    body = {
        "program": program, "name": name, "neutral_name": "Wednesdays", "description": "We meet in writing.", "kind": "peer_led",
        "audiences": ["adults"], "age_bands": ["26_59"], "conditions": ["grief"], "languages": ["en"], "modality": "online_text", "no_alternative": "It is written only.",
        "schedules": [{"days": ["wed"], "opens": "19:00", "closes": "20:30", "timezone": "America/New_York", "frequency": "weekly"}],
        "access": access, "facilitation": "peer", "anonymity": "alias_expected", "seats": 20,
        "charter": {"principles": ["mutuality"], "moderation": "members_only", "text": "What is said here stays here."},
    }  # fmt: skip
    return {"source": f"test:{name}", "kind": "group", "body": body}


def specialist(alias, credential=None):
    """credential: (did, credential) of Network.credential."""
    body = {
        "alias": alias, "program": PROGRAM, "about": "I listen first.", "roles": ["one_to_one"], "languages": ["es", "en"],
        "conditions": ["grief"], "audiences": ["adults"], "age_bands": ["26_59"], "modalities": ["online_text"],
        "capacity": {"open": 4, "updated_at": int(time.time() * 1000)},
    }  # fmt: skip
    if credential:
        body["did"], body["credential"] = credential
    return {"source": f"test:{alias}", "kind": "specialist", "body": body}


def lighthouse_records(network):
    """Specialists of every kind of credential, and a group that anybody may join."""
    good = network.credential("Good")
    stranger = network.authorities / "stranger.key"
    network.key(stranger)
    forged = copy.deepcopy(network.credential("Forged"))
    forged[1]["credentialSubject"]["level"] = "supervisor"
    stolen = ("did:key:" + network.key(network.authorities / "thief.key"), good[1])
    return [
        specialist("Good", good),
        specialist("Expired", network.credential("Expired", days=(-400, -10))),
        specialist("Unknown", network.credential("Unknown", key_file=stranger)),
        specialist("Forged", forged),
        specialist("Stolen", stolen),
        specialist("Plain"),
        group("Open circle", PROGRAM, "open"),
    ]


def joined(client, room):
    return {event["state_key"] for event in client.state(room) if event["type"] == "m.room.member" and event["content"]["membership"] == "join"}


def setUpModule():
    shared["directory"] = directory = pathlib.Path(tempfile.mkdtemp(prefix="cairn-live-"))

    def proxy_a(pair):
        shared["proxy"] = Proxy(pair.a, pair.authority, directory / "proxy")
        return shared["proxy"].url

    network = shared["network"] = Network(directory, os.environ.get("CAIRN_BUILD") or ROOT / "build", proxy_a=proxy_a)
    unittest.addModuleCleanup(tear_down)
    network.start()
    network.join()
    network.b.cairn("import", "hsds", ROOT / "docs" / "examples" / "lighthouse-hsds.json")
    network.b.import_records(lighthouse_records(network))
    network.b.cairn("publish", "--wait")
    network.a.cairn("publish", "--wait")
    network.a.cairn("follow", network.b.org, "--wait")
    network.a.wait(lambda: len(network.a.cairn("find", "--kind", "specialist")["records"]) == 6, "reads the directory")


def tear_down():
    """Ends all, and fails if a sanitizer found something or a node ended by itself in between."""
    try:
        shared["network"].finish()
    finally:
        if "proxy" in shared:
            shared["proxy"].close()
    if not os.environ.get("CAIRN_KEEP"):
        remove(shared["directory"])


def remove(directory):
    for path in sorted(directory.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    directory.rmdir()


class Live(unittest.TestCase):
    def setUp(self):
        self.network = shared["network"]
        self.proxy = shared["proxy"]
        self.a, self.b = self.network.nodes

    def nio(self, server, prefix):
        name = f"{prefix}{secrets.token_hex(3)}"
        server.register(name, PASSWORD)
        client = NioClient(server, name, PASSWORD, shared["directory"] / name)
        self.addCleanup(client.close)
        return client

    def publish(self, name, access):
        before = self.b.rooms("group")
        self.b.import_records([group(name, PROGRAM, access)])
        self.b.cairn("publish", "--wait")
        (room,) = set(self.b.rooms("group")) - set(before)
        return next(record["id"] for record in self.b.list("records") if record.get("source") == f"test:{name}"), room

    def invited(self, client):
        """The id of the first room that client is invited to by node a; the client joins it."""

        def found(answer):
            return next(iter(answer.get("rooms", {}).get("invite", {})), None)

        room = client.raw.wait(found)
        self.proxy.wait(lambda x: x.path.endswith("/createRoom") and x.answer_json().get("room_id") == room)  # else the join may come too early
        client.join(room, via=[self.network.pair.a.server_name])
        return room

    def trust_node(self, client, node):
        """Trusts the node's device once the homeserver shows it signed by the account's own identity, as a careful client would."""
        answer = query_keys(client.raw, node.user)
        (device_id, device), *others = answer["device_keys"][node.user].items()
        self.assertEqual(others, [])
        (signer,) = answer["self_signing_keys"][node.user]["keys"]
        self.assertIn(signer, device["signatures"][node.user])
        client.trust(node.user, fingerprint=device["keys"]["ed25519:" + device_id])

    def chat(self, client, node):
        """A direct chat that client starts by inviting the node; answers the room's id once both are in it."""
        room = client.direct_chat(node.user)
        self.trust_node(client, node)
        return room

    def heard(self, node, body):
        """The message that the node read, once it has."""
        return node.wait(lambda: next((m for m in node.list("messages") if m["body"] == body and m["direction"] == "in"), None), f"hears {body!r}")

    def specialist(self, alias="Good"):
        found = self.a.cairn("find", "--kind", "specialist", alias)["records"]
        return next(record for record in found if record["name"] == alias)

    def refer(self, *more):
        """A referral from a to b, acknowledged."""
        referral = self.a.cairn("refer", self.specialist()["id"], *NEED, "--wait", *more)["referral"]
        self.b.wait_state(referral, "received")
        return referral

    def consent_form(self, referral):
        form = self.a.cairn("consent", referral, "--template")
        form["consent"]["patient"] = form["consent"]["signature"]["signer"] = form["identity"]["name"] = "Jo"
        form["consent"]["signature"]["recorded_by"] = "K. Lind"
        form["identity"]["contact"]["value"] = "@jo:example.org"
        form["need_detail"] = "Somebody to talk to on Sundays."
        return json.dumps(form)

    def refused(self, node, *arguments, status=1, code="refused", **more):
        """The CairnError of a command that must be refused, its exit status and code checked."""
        with self.assertRaises(CairnError) as caught:
            node.cairn(*arguments, **more)
        self.assertEqual((caught.exception.status, caught.exception.code), (status, code), caught.exception)
        return caught.exception

    def node_client(self):
        """A Client with the token of node a, as its homeserver has it: what a server's administrator can see."""
        login = self.proxy.find(lambda x: x.path.endswith("/login") and x.status == 200 and x.answer_json()["user_id"] == self.a.user)[-1]
        return Client(self.network.pair.a.url, self.network.pair.ca_file, login.answer_json()["access_token"], self.a.user)


class MemberTest(Live):
    """(a) A member on matrix-nio (vodozemac) at b talks with the node of a."""

    def test_cross_signed_member_starts_a_chat(self):
        ana = self.nio(self.network.pair.b, "ana")
        ana.cross_sign(PASSWORD)
        room = self.chat(ana, self.a)
        there = ana.send_text(room, "buenos días, from b")
        message = self.heard(self.a, "buenos días, from b")
        self.assertEqual((message["user"], message["room_id"]), (ana.user_id, room))
        self.assertEqual(ana.shown_on_server(room, there)["type"], "m.room.encrypted")
        self.a.cairn("say", ana.user_id, "/dev/stdin", "--wait", stdin="good morning, from a")
        answer = ana.wait_text(room, "good morning, from a")
        self.assertEqual((answer.sender, answer.verified), (self.a.user, True))
        ana.send_text(room, "and once more")
        self.heard(self.a, "and once more")
        self.assertEqual(self.a.list("rejected"), [])

    def test_pinned_member_is_spoken_to(self):
        ben = self.nio(self.network.pair.b, "ben")
        self.a.cairn("trust", ben.user_id, ben.device_id, ben.fingerprint())
        self.a.cairn("say", ben.user_id, "/dev/stdin", stdin="hello Ben")
        room = self.invited(ben)
        self.assertEqual(ben.wait_text(room, "hello Ben").sender, self.a.user)
        self.trust_node(ben, self.a)
        self.a.cairn("say", ben.user_id, "/dev/stdin", stdin="hello again")
        self.assertTrue(ben.wait_text(room, "hello again").verified)
        ben.send_text(room, "hello node")
        self.heard(self.a, "hello node")

    def test_unsigned_device_gets_no_key(self):
        max = self.nio(self.network.pair.b, "max")
        room = self.assert_gets_nothing(max, "for signed devices only")
        self.trust_node(max, self.a)
        max.cross_sign(PASSWORD)
        self.assertTrue(max.wait_text(room, "for signed devices only").verified)
        self.assertEqual(len(self.keys_sent(max.user_id)), 1)

    def test_wrong_fingerprint_is_no_pin(self):
        eve, other = self.nio(self.network.pair.b, "eve"), self.nio(self.network.pair.b, "other")
        self.a.cairn("trust", eve.user_id, eve.device_id, other.fingerprint())
        self.assert_gets_nothing(eve, "for the right device only")

    def assert_gets_nothing(self, client, text):
        """The node invites, looks the client's devices up, and sends neither a key nor the message; answers the room's id."""
        self.a.cairn("say", client.user_id, "/dev/stdin", stdin=text)
        room = self.invited(client)
        self.proxy.wait(lambda x: x.path.endswith("/keys/query") and client.user_id in x.json()["device_keys"])
        client.sync(2000)
        self.assertNotIn("m.room.encrypted", {event.source["type"] for where, event in client.events + client.waiting if where == room})
        self.assertEqual((self.keys_sent(client.user_id), self.keys_claimed(client.user_id), self.written(room)), ([], [], []))
        self.assertEqual(client.to_device, [])
        return room

    def written(self, room):
        return self.proxy.find(lambda x: x.method == "PUT" and f"/rooms/{quote(room)}/send/" in x.path)

    def keys_sent(self, user):
        sent = self.proxy.find(lambda x: x.method == "PUT" and "/sendToDevice/m.room.encrypted/" in x.path)
        return [exchange for exchange in sent if user in exchange.json()["messages"]]

    def keys_claimed(self, user):
        return [exchange for exchange in self.proxy.find(lambda x: x.path.endswith("/keys/claim")) if user in exchange.json()["one_time_keys"]]


class SpyTest(Live):
    """(b) A user whom the homeserver adds to a channel gets nothing."""

    def test_added_user_gets_no_key(self):
        first = self.refer()
        spy = self.nio(self.network.pair.b, "spy")
        spy.cross_sign(PASSWORD)
        (channel,) = self.a.rooms("channel")
        token = self.node_client().access_token
        forged = []

        def add_spy(exchange):
            mine = exchange.headers.get("Authorization") == "Bearer " + token
            if exchange.is_sync() and exchange.status == 200 and mine and not forged:
                exchange.reply(200, forge_member(exchange.answer_json(), channel, spy.user_id))
                forged.append(exchange)

        before = len(self.proxy.exchanges)
        self.proxy.on_response = add_spy
        try:
            self.b.cairn("answer", first, "accept", "--wait")  # node a's sync ends now, and shows the spy
            self.a.wait_state(first, "accepted")
            self.assertEqual(len(forged), 1)
            self.a.cairn("consent", first, "/dev/stdin", "--wait", stdin=self.consent_form(first))
            self.assertEqual(self.b.wait_state(first, "accepted")["disclosure"]["identity"]["name"], "Jo")
            second = self.refer()
        finally:
            self.proxy.on_response = None
        self.assertEqual(self.b.cairn("show", second)["state"], "received")
        sent = [exchange for exchange in self.proxy.exchanges[before:] if exchange.method in ("PUT", "POST")]
        self.assertTrue(any("/send/m.room.encrypted/" in exchange.path for exchange in sent))
        for exchange in sent:
            if "/keys/query" not in exchange.path:
                self.assertNotIn(spy.user_id.encode(), exchange.body, exchange)
        spy.sync(500)
        self.assertEqual(spy.to_device, [])


class DirectoryTest(Live):
    """(d) Records published before the follower came; whose credential counts, and why not."""

    def test_late_follower_reads_all(self):
        records = [record for record in self.b.list("records") if record["kind"] != "manifest"]
        found = self.a.wait(lambda: self.all_of(records), "reads all records")
        self.assertEqual({record["id"] for record in found}, {record["id"] for record in records})
        self.assertEqual({record["verdict"] for record in found}, {"ok"})
        self.assertEqual(self.a.list("rejected"), [])
        self.assertTrue(self.a.list("partners")[0]["follows"])

    def all_of(self, records):
        found = self.a.cairn("find")["records"]
        return found if len(found) >= len(records) else None

    def test_only_a_good_credential_certifies(self):
        found = {record["name"]: record for record in self.a.cairn("find", "--kind", "specialist")["records"]}
        reasons = {
            "Good": "certified as Certified Peer Recovery Specialist by Example Certification Board",
            "Expired": "expired on",
            "Unknown": "is not on the trust list",
            "Forged": "was changed afterwards",
            "Stolen": "issued to somebody else",
            "Plain": "no credential was published",
        }
        for alias, reason in reasons.items():
            with self.subTest(alias):
                self.assertIn(reason, found[alias]["certification"])
                self.assertEqual(found[alias]["certified"], alias == "Good")
        certified = self.a.cairn("find", "--kind", "specialist", "--certified")["records"]
        self.assertEqual([record["name"] for record in certified], ["Good"])

    def test_change_reaches_the_follower(self):
        changed = specialist("Plain")
        changed["body"]["about"] = "I write back on Mondays."
        self.assertEqual(self.b.import_records([changed])["changed"], 1)
        self.b.cairn("publish", "--wait")
        record = self.specialist("Plain")["id"]
        shown = self.a.wait(lambda: self.about(record, "I write back on Mondays."), "sees the change")
        self.assertEqual(shown["record"]["seq"], 2)

    def about(self, record, text):
        shown = self.a.cairn("show", record)
        return shown if shown["record"]["body"]["about"] == text else None


class ReferralTest(Live):
    """(c) A referral across federation."""

    def test_closed_loop(self):
        referral = self.refer("--time", "weekday_evening")
        request = self.b.cairn("show", referral)["request"]
        self.assertEqual((request["need"], request["times"]), ("grief", ["weekday_evening"]))
        self.assertNotIn("disclosure", self.b.cairn("show", referral))
        self.b.cairn("answer", referral, "accept", "--wait")
        self.a.wait_state(referral, "accepted")
        self.a.cairn("consent", referral, "/dev/stdin", "--wait", stdin=self.consent_form(referral))
        shown = self.b.cairn("show", referral)
        self.assertEqual(shown["disclosure"]["identity"]["name"], "Jo")
        self.assertIn("42 CFR part 2", shown["disclosure"]["notice"])
        self.assertEqual(shown["disclosure"]["consent"]["to"][0]["org"], self.b.org)
        self.b.cairn("outcome", referral, "first_contact", "--wait")
        self.a.wait_state(referral, "engaged")
        self.b.cairn("outcome", referral, "closed", "--code", "connected", "--wait")
        for node in self.network.nodes:
            case = node.wait_state(referral, "closed")
            self.assertEqual(case["outcome"]["outcome"], "connected")
            steps = [(step["input"], step["to"]) for step in case["history"]]
            self.assertEqual(len(steps), len(set(steps)), steps)

    def test_decline(self):
        referral = self.refer()
        self.refused(self.b, "answer", referral, "decline", status=3, code="bad")
        self.b.cairn("answer", referral, "decline", "--reason", "no_capacity", "--wait")
        for node in self.network.nodes:
            case = node.wait_state(referral, "declined", "ended")
            self.assertEqual(case["reason"], "no_capacity")

    def test_what_the_state_does_not_allow_is_refused(self):
        referral = self.refer()
        for node, *arguments in (
            (self.b, "outcome", referral, "first_contact"),
            (self.b, "outcome", referral, "closed", "--code", "connected"),
            (self.a, "answer", referral, "accept"),
            (self.a, "outcome", referral, "first_contact"),
            (self.b, "consent", referral, "/dev/stdin"),
            (self.a, "consent", referral, "/dev/stdin"),
        ):
            with self.subTest(node=node.name, arguments=arguments):
                before = self.all_of(referral)
                form = self.consent_form(referral) if arguments[0] == "consent" else None
                refusal = self.refused(node, *arguments, stdin=form)
                self.assertNotEqual(refusal.error, "refused")
                self.assertNotEqual(refusal.hint, "")
                self.assertEqual(self.all_of(referral), before)
        self.b.cairn("answer", referral, "decline", "--reason", "scope", "--wait")
        self.a.wait_state(referral, "declined", "ended")
        before = self.all_of(referral)
        self.refused(self.b, "answer", referral, "accept")
        self.assertEqual(self.all_of(referral), before)

    def all_of(self, referral):
        """All that both show of it, and what they have to send."""
        return [(node.cairn("show", referral), [row for row in node.list("outbox") if row["purpose"] == "traffic"]) for node in self.network.nodes]

    def test_bad_input_is_explained(self):
        record = self.specialist()["id"]
        self.assertIn("need", self.refused(self.a, "refer", record, "--need", "nonsense", *NEED[2:], status=2, code="usage").error)
        self.refused(self.a, "refer", "01J8Z0Q4M2K7V9T5B3N6X8C0RD", *NEED, status=4, code="not_found")
        self.refused(self.b, "answer", "01J8Z0Q4M2K7V9T5B3N6X8C0RD", "accept", status=4, code="not_found")


class PartnerDeviceTest(Live):
    """A partner's event that comes before the signature on its device is heard once that is there, and not before."""

    def test_event_waits_for_the_signature(self):
        referral = self.refer()
        visitor = self.network.pair.a.user("visitor" + secrets.token_hex(3))
        token = self.node_client().access_token
        self.signed = False
        self.changed = False

        def meddle(exchange):
            if exchange.status != 200 or exchange.headers.get("Authorization") != "Bearer " + token:
                return
            if exchange.is_sync() and self.changed:
                answer = exchange.answer_json()
                answer.setdefault("device_lists", {}).setdefault("changed", []).append(self.b.user)
                exchange.reply(200, answer)
                self.changed = False
            elif exchange.path.endswith("/keys/query") and not self.signed:
                answer = exchange.answer_json()
                for device_id, device in answer["device_keys"].get(self.b.user, {}).items():
                    own = "ed25519:" + device_id
                    device["signatures"][self.b.user] = {own: device["signatures"][self.b.user][own]}
                exchange.reply(200, answer)

        def announce():
            """Makes node a query the partner's devices."""
            before = len(self.queries())
            self.changed = True
            visitor.create_room(invite=[self.a.user])  # no chat: the node leaves it alone, but its sync ends
            self.proxy.wait(self.is_query, count=before + 1)

        self.proxy.on_response = meddle
        try:
            announce()
            self.b.cairn("answer", referral, "accept")
            self.a.wait(lambda: self.a.list("waiting"), "puts the answer aside")
            self.assertEqual(self.a.cairn("show", referral)["state"], "received")
            self.signed = True
            announce()
            self.a.wait_state(referral, "accepted", timeout=20)
        finally:
            self.proxy.on_response = None
        self.assertEqual(self.a.list("waiting"), [])
        self.assertEqual([row for row in self.a.list("rejected") if visitor.user_id not in row["reason"]], [])

    def is_query(self, exchange):
        return exchange.path.endswith("/keys/query") and self.b.user in exchange.json()["device_keys"]

    def queries(self):
        return self.proxy.find(self.is_query)


class GroupTest(Live):
    """(e) A group room that the organization cannot read."""

    def test_members_talk_and_the_node_is_blind(self):
        room = next(room["room_id"] for room in self.b.list("rooms") if room["kind"] == "group")
        via = [self.network.pair.b.server_name]
        anna, bea = self.nio(self.network.pair.a, "anna"), self.nio(self.network.pair.b, "bea")
        anna.join(room, via)
        bea.join(room, via)
        for client, other in ((anna, bea), (bea, anna)):
            client.wait(lambda: other.user_id in client.nio.rooms[room].users)
            client.trust(other.user_id, fingerprint=other.fingerprint())
        anna.send_text(room, "only for us")
        bea.wait_text(room, "only for us")
        bea.send_text(room, "heard")
        anna.wait_text(room, "heard")
        self.assertNotIn(self.b.user, anna.nio.rooms[room].users)
        self.assertIn(self.b.steward, anna.nio.rooms[room].users)
        for client in (anna, bea):
            answer = query_keys(client.raw, self.b.steward)
            self.assertEqual(answer["device_keys"].get(self.b.steward, {}), {})
            self.assertIn(self.b.steward, answer["master_keys"])
        self.assertEqual([sessions(node, room) for node in self.network.nodes], [0, 0])
        (directory,) = self.b.rooms("directory", self.b.org)
        self.assertGreater(sessions(self.b, directory), 0)  # the count can count


    def test_who_is_in_a_withdrawn_group_stays(self):
        record, room = self.publish("Early risers", "open")
        server, (space,) = self.network.pair.b, self.b.rooms("space")
        carla, late = self.nio(self.network.pair.a, "carla"), server.user("late")
        carla.join(room, [server.server_name])
        late.join(space)

        def child():
            return next(event["content"] for event in late.state(space) if (event["type"], event["state_key"]) == ("m.space.child", room))

        self.assertEqual(child(), {"via": [server.server_name]})
        self.assertIn("whoever is in it stays", self.b.cairn("withdraw", record, "--wait")["text"])
        self.b.wait(lambda: child() == {}, "takes the room out of the space")
        carla.wait(lambda: f"write !find to {self.b.user}" in (carla.nio.rooms[room].topic or ""))
        with self.assertRaises(MatrixError) as caught:
            late.join(room)
        self.assertEqual(caught.exception.status, 403)
        self.assertEqual(joined(carla.raw, room), {self.b.steward, carla.user_id})

    def test_who_agreed_is_invited(self):
        record, room = self.publish("Keepers", "invite")
        dan = self.network.pair.a.user("dan")
        self.b.cairn("invite", record, dan.user_id, "--agreed")
        dan.wait_invite(room)
        dan.join(room, via=[self.network.pair.b.server_name])
        self.assertEqual(joined(dan, room), {self.b.steward, dan.user_id})


class RoomTest(Live):
    """(h) What a homeserver sees of the rooms."""

    def state(self, room):
        return {(event["type"], event["state_key"]): event["content"] for event in self.node_client().state(room)}

    def test_channel(self):
        self.refer()
        (channel,) = self.a.rooms("channel")
        state = self.state(channel)
        self.assertEqual(state["m.room.create", ""]["room_version"], "12")
        self.assertEqual(state["m.room.encryption", ""], ENCRYPTED["content"])
        types = {event_type for event_type, _ in state}
        self.assertLessEqual(types, {
            "m.room.create", "m.room.member", "m.room.power_levels", "m.room.join_rules", "m.room.history_visibility",
            "m.room.guest_access", "m.room.encryption",
        })  # fmt: skip
        members = {key for (event_type, key), content in state.items() if event_type == "m.room.member" and content["membership"] == "join"}
        self.assertEqual(members, {self.a.user, self.b.user})
        for event in self.node_client().messages(channel)["chunk"]:
            if "state_key" not in event:
                self.assertEqual(event["type"], "m.room.encrypted")

    def test_directory(self):
        (directory,) = self.a.rooms("directory", self.a.org)
        state = self.state(directory)
        self.assertEqual(state["m.room.create", ""]["room_version"], "12")
        self.assertIs(state["m.room.encryption", ""]["io.element.msc4362.encrypt_state_events"], True)
        self.assertEqual(state["m.room.history_visibility", ""]["history_visibility"], "shared")
        records = {key: content for (event_type, key), content in state.items() if event_type == "m.room.encrypted"}
        self.assertEqual(len(records), len(self.a.list("records")))
        for key, content in records.items():
            self.assertRegex(key, r"^org\.cairnpeer\.record:[0-9A-Z]{26}$")
            self.assertLessEqual(set(content), {"algorithm", "ciphertext", "session_id", "sender_key", "device_id"})
        self.assertFalse([key for key in state if key[0].startswith("org.cairnpeer.")])
        self.assertFalse({key.partition(":")[2] for key in records} & {record["id"] for record in self.a.list("records")})

    def test_versions_are_passed(self):
        created = self.proxy.find(lambda x: x.path.endswith("/createRoom"))
        self.assertGreater(len(created), 0)
        for exchange in created:
            self.assertEqual(exchange.json()["room_version"], "12")
            self.assertEqual(exchange.json()["creation_content"]["additional_creators"], [self.a.recovery])
        direct = [exchange.json() for exchange in created if exchange.json().get("is_direct")]
        self.assertFalse([body for body in direct if "name" in body or "topic" in body])

    def test_recovery_account_takes_a_group_over(self):
        """The steward is lost: who holds the recovery account enters by its invitation, and names another, who lets people in."""
        server, (_, room) = self.network.pair.b, self.publish("Rowers", "invite")
        recovery, heir, rower = server.login("recovery", self.b.recovery_password), server.user("heir"), server.user("rower")
        with self.assertRaises(MatrixError) as caught:  # To be a creator is not to be let in.
            recovery.join(*self.b.rooms("directory", self.b.org))
        self.assertEqual(caught.exception.status, 403)
        recovery.wait_invite(room)
        recovery.join(room)
        levels = next(event["content"] for event in recovery.state(room) if event["type"] == "m.room.power_levels")
        recovery.put_state(room, "m.room.power_levels", {**levels, "users": {heir.user_id: 100}})
        recovery.invite(room, heir.user_id)
        heir.join(room)
        heir.invite(room, rower.user_id)
        rower.join(room)
        self.assertEqual(joined(rower, room), {self.b.steward, self.b.recovery, heir.user_id, rower.user_id})

    def test_private_words_are_in_no_request(self):
        """Names of groups and programs are public; a directory record's words are not, before the server shows them to anybody."""
        for exchange in self.proxy.exchanges:
            if exchange.method == "PUT" and re.search(r"/(send|state)/m\.room\.encrypted/", exchange.path):
                self.assertNotIn(b"org.cairnpeer.v", exchange.body)
                self.assertLessEqual(set(exchange.json()), {"algorithm", "ciphertext", "session_id", "sender_key", "device_id"})


if __name__ == "__main__":
    logging.getLogger("nio").setLevel(logging.ERROR)
    tap.main()
