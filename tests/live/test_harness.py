# SPDX-License-Identifier: Apache-2.0
"""The live harness itself: two real homeservers, the proxy and matrix-nio. Nothing of Cairn runs here.

Run with the Python of the virtual environment nio:   .venv/nio/bin/python tests/live/test_harness.py
"""

import http.client
import json
import logging
import pathlib
import secrets
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import aiohttp
import nio

import tap
from authority import Authority
from client import ENCRYPTED, V3, Client, MatrixError
from homeserver import Pair
from nioclient import NioClient, fingerprint, query_keys
from process import start_time
from proxy import Proxy, forge_member

PASSWORD = "correct horse battery staple"


def name(prefix):
    """A user name not used before."""
    return f"{prefix}{secrets.token_hex(3)}"


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="cairn-live-")))
        cls.pair = cls.enterClassContext(Pair(cls.directory / "pair"))

    def federated_room(self, inviter, invited, **body):
        """A room of inviter on server a that invited on server b has joined over federation; both are Clients."""
        room = inviter.create_room(preset="private_chat", invite=[invited.user_id], **body)
        invited.wait_invite(room)
        invited.join(room, via=[self.pair.a.server_name])
        return room


class HomeserverTest(Live):
    def test_encrypted_room_federates(self):
        alice, bob = self.pair.a.user(name("alice")), self.pair.b.user(name("bob"))
        room = self.federated_room(alice, bob, initial_state=[ENCRYPTED])
        state = {(event["type"], event["state_key"]): event["content"] for event in bob.state(room)}
        self.assertEqual(state["m.room.create", ""]["room_version"], "12")
        self.assertEqual(state["m.room.encryption", ""]["algorithm"], "m.megolm.v1.aes-sha2")
        self.assertNotIn(":", room)
        sent = alice.send(room, "org.example.note", {"n": 1})
        self.assertEqual(bob.wait_event(room, lambda event: event["type"] == "org.example.note")["event_id"], sent)

    def test_wrong_authority_is_refused(self):
        other = Authority(self.directory / "other-ca")
        client = Client(self.pair.a.url, other.file)
        with self.assertRaises(OSError) as caught:
            client.request("GET", "/_matrix/client/versions")
        self.assertIsInstance(caught.exception.reason, ssl.SSLCertVerificationError)
        with self.assertRaises(aiohttp.ClientConnectorCertificateError):
            NioClient(self.pair.a, "nobody", PASSWORD, self.directory / "nobody", ca_file=other.file)

    def test_refusals_have_their_code(self):
        with self.assertRaises(MatrixError) as caught:
            self.pair.a.client().call("GET", V3 + "/account/whoami")
        self.assertEqual((caught.exception.status, caught.exception.errcode), (401, "M_MISSING_TOKEN"))

    def test_database_can_be_searched(self):
        alice = self.pair.a.user(name("alice"))
        canary = secrets.token_hex(12)
        alice.send(alice.create_room(), "m.room.message", {"msgtype": "m.text", "body": canary})
        with sqlite3.connect(self.pair.a.database) as database:
            rows = database.execute("SELECT count(*) FROM event_json WHERE json LIKE ?", (f"%{canary}%",)).fetchone()[0]
        database.close()
        self.assertEqual(rows, 1)
        self.assertTrue(any(canary.encode() in path.read_bytes() for path in self.pair.a.files()))


class RestartTest(unittest.TestCase):
    def test_second_start_continues(self):
        with tempfile.TemporaryDirectory(prefix="cairn-live-") as directory:
            with Pair(directory) as first:
                alice = first.a.user("alice")
                pid, url = first.a.pid(), first.a.url
            self.assertIsNone(start_time(pid))
            with Pair(directory, default_limits=True) as second:
                self.assertEqual(second.a.url, url)
                self.assertEqual(alice.call("GET", V3 + "/account/whoami")["user_id"], alice.user_id)
                room = alice.create_room()
                statuses = {alice.request("PUT", f"{V3}/rooms/{room}/send/org.example.n/{n}", {})[0] for n in range(15)}
                self.assertEqual(statuses, {200, 429})
                kept = Pair(directory, keep=True)
                kept.start()
                self.assertEqual(kept.a.pid(), second.a.pid())


class LifetimeTest(unittest.TestCase):
    HOMESERVER = str(pathlib.Path(__file__).with_name("homeserver.py"))

    def setUp(self):
        self.directory = self.enterContext(tempfile.TemporaryDirectory(prefix="cairn-live-"))
        self.addCleanup(subprocess.run, [sys.executable, self.HOMESERVER, "stop", self.directory], check=True)

    def alive(self, pids):
        return [pid for pid in pids if start_time(pid)]

    def test_kept_servers_outlive_their_starter(self):
        command = [sys.executable, self.HOMESERVER]
        started = json.loads(subprocess.run([*command, "start", self.directory], check=True, capture_output=True).stdout)
        pids = [started[name]["pid"] for name in "ab"]
        self.assertEqual(self.alive(pids), pids)
        self.assertEqual(Client(started["b"]["url"], started["ca_file"]).request("GET", "/_matrix/client/versions")[0], 200)
        subprocess.run([*command, "stop", self.directory], check=True)
        self.assertEqual(self.alive(pids), [])

    def test_servers_end_with_a_killed_starter(self):
        script = "import os, sys; from homeserver import Pair; pair = Pair(sys.argv[1]); pair.start()"
        script += "; print(pair.a.pid(), pair.b.pid(), flush=True); os.kill(os.getpid(), 9)"
        command = [sys.executable, "-c", script, self.directory]
        done = subprocess.run(command, cwd=pathlib.Path(__file__).parent, stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, -signal.SIGKILL)
        pids = done.stdout.decode().split()
        end = time.monotonic() + 20
        while self.alive(pids) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.alive(pids), [])


class ProxyTest(Live):
    def setUp(self):
        self.alice = self.pair.a.user(name("alice"))
        self.proxy = Proxy(self.pair.a, self.pair.authority, self.directory / "proxy")
        self.addCleanup(self.proxy.close)
        self.through = Client(self.proxy.url, self.pair.ca_file, self.alice.access_token, self.alice.user_id)

    def test_records(self):
        room = self.through.create_room(name="Größe")
        seen = self.proxy.wait(lambda exchange: exchange.path.endswith("/createRoom"))[0]
        self.assertEqual(seen.json(), {"room_version": "12", "name": "Größe"})
        self.assertEqual((seen.method, seen.status, seen.answer_json()), ("POST", 200, {"room_id": room}))

    def test_rewrites_sync(self):
        room = self.alice.create_room()
        ghost = self.pair.b.user_id("ghost")

        def add_ghost(exchange):
            if exchange.is_sync():
                exchange.reply(200, forge_member(exchange.answer_json(), room, ghost))

        self.proxy.on_response = add_ghost
        answer = self.through.sync()
        self.assertIn(ghost, answer["device_lists"]["changed"])
        self.assertTrue(any(event.get("state_key") == ghost for event in answer["rooms"]["join"][room]["timeline"]["events"]))
        self.assertFalse(any(event["state_key"] == ghost for event in self.alice.state(room)))

    def test_rewrites_request(self):
        def shout(exchange):
            if exchange.method == "PUT":
                exchange.body = exchange.body.upper()

        room = self.alice.create_room()
        self.proxy.on_request = shout
        self.through.send(room, "org.example.note", {"a": "b"})
        self.assertEqual(self.alice.messages(room, limit=1)["chunk"][0]["content"], {"A": "B"})

    def test_answers_itself(self):
        self.proxy.on_request = lambda exchange: exchange.reply(429, {"errcode": "M_LIMIT_EXCEEDED"}, [("Retry-After", "1")])
        status, answer = self.through.request("GET", V3 + "/sync")
        self.assertEqual((status, answer["errcode"]), (429, "M_LIMIT_EXCEEDED"))
        self.assertFalse(self.proxy.exchanges[0].forwarded)

    def test_drops_after_the_server_acted(self):
        room = self.alice.create_room()
        self.proxy.on_response = lambda exchange: exchange.drop()
        with self.assertRaises(OSError):
            self.through.send(room, "org.example.note", {}, txn="t1")
        self.assertEqual(self.alice.messages(room, limit=1)["chunk"][0]["type"], "org.example.note")
        self.proxy.on_response = None
        again = self.through.send(room, "org.example.note", {}, txn="t1")
        self.assertEqual(again, self.alice.messages(room, limit=1)["chunk"][0]["event_id"])

    def test_keeps_connections_and_reads_chunks(self):
        tls = ssl.create_default_context(cafile=self.pair.ca_file)
        connection = http.client.HTTPSConnection("localhost", self.proxy.port, context=tls)
        headers = {"Authorization": "Bearer " + self.alice.access_token}
        body = b'{"room_version": "11"}'
        connection.request("POST", V3 + "/createRoom", iter([body[:5], body[5:]]), headers, encode_chunked=True)
        self.assertEqual(connection.getresponse().read()[:12], b'{"room_id":"')
        self.assertEqual(self.proxy.exchanges[0].body, body)
        socket = connection.sock
        connection.request("GET", V3 + "/account/whoami", headers=headers)
        self.assertIn(self.alice.user_id.encode(), connection.getresponse().read())
        self.assertIs(connection.sock, socket)
        connection.close()

    def test_exception_in_callback_is_seen(self):
        proxy = Proxy(self.pair.a, self.pair.authority, self.directory / "proxy", on_request=lambda exchange: exchange.nonsense)
        with self.assertRaises(OSError):
            Client(proxy.url, self.pair.ca_file).request("GET", "/_matrix/client/versions")
        with self.assertRaises(AttributeError):
            proxy.close()


class NioTest(Live):
    def nio(self, homeserver, prefix):
        user = name(prefix)
        homeserver.register(user, PASSWORD)
        client = NioClient(homeserver, user, PASSWORD, self.directory / user)
        self.addCleanup(client.close)
        return client

    def test_encrypted_both_ways(self):
        anna, ben = self.nio(self.pair.a, "anna"), self.nio(self.pair.b, "ben")
        room = anna.raw.create_room(preset="private_chat", invite=[ben.user_id], initial_state=[ENCRYPTED])
        ben.raw.wait_invite(room)
        ben.join(room, via=[self.pair.a.server_name])
        anna.wait(lambda: room in anna.nio.rooms and ben.user_id in anna.nio.rooms[room].users)
        anna.trust(ben.user_id, fingerprint=ben.fingerprint())
        with self.assertRaises(nio.OlmUnverifiedDeviceError):
            ben.send_text(room, "sent before anna's device is trusted")
        ben.trust(anna.user_id, fingerprint=anna.fingerprint())
        there = anna.send_text(room, "from a to b")
        heard = ben.wait_text(room, "from a to b")
        self.assertEqual((heard.event_id, heard.sender, heard.verified), (there, anna.user_id, True))
        ben.send_text(room, "from b to a")
        self.assertTrue(anna.wait_text(room, "from b to a").verified)
        ben.send(room, "org.example.note", {"body": "an own type"})
        self.assertEqual(anna.wait_text(room, "an own type").source["type"], "org.example.note")
        self.assertEqual(anna.shown_on_server(room, there)["type"], "m.room.encrypted")
        for server in self.pair.servers:
            for path in server.files():
                self.assertNotIn(b"from a to b", path.read_bytes(), path)

    def test_cross_signing_reaches_the_other_server(self):
        anna, ben = self.nio(self.pair.a, "anna"), self.nio(self.pair.b, "ben")
        identity = anna.cross_sign(PASSWORD)
        room = anna.raw.create_room(preset="private_chat", invite=[ben.user_id])
        ben.raw.wait_invite(room)
        ben.join(room, via=[self.pair.a.server_name])
        answer = query_keys(ben.raw, anna.user_id)
        self.assertEqual(list(answer["master_keys"][anna.user_id]["keys"].values()), [identity.master.public])
        self.assertIn("ed25519:" + identity.self_signing.public, answer["device_keys"][anna.user_id][anna.device_id]["signatures"][anna.user_id])
        self.assertEqual(fingerprint(ben.raw, anna.user_id, anna.device_id), anna.fingerprint())

    def test_device_continues(self):
        anna = self.nio(self.pair.a, "anna")
        key, user = anna.fingerprint(), anna.user_id.split(":")[0][1:]
        anna.close()
        with NioClient(self.pair.a, user, PASSWORD, self.directory / user) as again:
            self.assertEqual((again.fingerprint(), again.device_id), (key, anna.device_id))


if __name__ == "__main__":
    logging.getLogger("nio").setLevel(logging.ERROR)
    tap.main()
