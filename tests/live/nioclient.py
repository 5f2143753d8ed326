# SPDX-License-Identifier: Apache-2.0
"""A member's client on matrix-nio (vodozemac), driven from synchronous tests. Runs in the virtual environment nio.

    anna = NioClient(pair.a, "anna", password, directory)       # logs in and uploads its keys
    anna.cross_sign(password)                                   # nio cannot; raw calls give the account an identity and sign this device
    anna.join(room_id, via=[...])
    anna.trust(other_user_id, fingerprint=...)
    anna.send_text(room_id, "hello")
    anna.wait_text(room_id, "hello back")

nio syncs only inside a call that waits. Nothing runs in the background.
"""

import asyncio
import base64
import json
import pathlib
import secrets
import ssl
import time

import nio
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from client import ENCRYPTED, V3, Client, MatrixError, quote


def _unpadded(raw):
    return base64.b64encode(raw).decode().rstrip("=")


def canonical(value):
    """Canonical JSON as bytes, for the objects used here: no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class SigningKey:
    """An Ed25519 key; public is unpadded base64."""

    def __init__(self, seed=None):
        self.seed = seed or secrets.token_bytes(32)
        key = ECC.construct(curve="Ed25519", seed=self.seed)
        self._signer = eddsa.new(key, "rfc8032")
        self.public = _unpadded(key.public_key().export_key(format="raw"))

    def sign(self, user_id, value):
        """Adds this key's signature to value, in user_id's name, over all but signatures and unsigned."""
        signed = {name: part for name, part in value.items() if name not in ("signatures", "unsigned")}
        signature = _unpadded(self._signer.sign(canonical(signed)))
        value.setdefault("signatures", {}).setdefault(user_id, {})["ed25519:" + self.public] = signature
        return value


class Identity:
    """A cross-signing identity: master, self_signing and user_signing are SigningKeys."""

    def __init__(self):
        self.master = SigningKey()
        self.self_signing = SigningKey()
        self.user_signing = SigningKey()

    def publish(self, client, password=None):
        """Uploads the three public keys; with a password only if the server asks for one."""

        def entry(usage, key):
            return {"user_id": client.user_id, "usage": [usage], "keys": {"ed25519:" + key.public: key.public}}

        body = {
            "master_key": entry("master", self.master),
            "self_signing_key": self.master.sign(client.user_id, entry("self_signing", self.self_signing)),
            "user_signing_key": self.master.sign(client.user_id, entry("user_signing", self.user_signing)),
        }
        path = V3 + "/keys/device_signing/upload"
        status, answer = client.request("POST", path, body)
        if status == 401 and password is not None and any("m.login.password" in flow["stages"] for flow in answer.get("flows", [])):
            who = {"type": "m.id.user", "user": client.user_id}
            body["auth"] = {"type": "m.login.password", "identifier": who, "password": password, "session": answer["session"]}
            status, answer = client.request("POST", path, body)
        if status != 200:
            raise MatrixError(path, status, answer)

    def sign_device(self, client, device_id):
        """Signs a device of the client's own account, as the server shows it, with the self-signing key."""
        device = query_keys(client, client.user_id)["device_keys"][client.user_id][device_id]
        device = {name: part for name, part in device.items() if name not in ("signatures", "unsigned")}
        body = {client.user_id: {device_id: self.self_signing.sign(client.user_id, device)}}
        answer = client.call("POST", V3 + "/keys/signatures/upload", body)
        if answer.get("failures"):
            raise MatrixError("keys/signatures/upload", 200, answer)


def query_keys(client, *user_ids):
    """The answer of /keys/query for all devices of these users."""
    return client.call("POST", V3 + "/keys/query", {"device_keys": {user_id: [] for user_id in user_ids}})


def fingerprint(client, user_id, device_id):
    """A device's ed25519 key, unpadded base64, as the client's server shows it."""
    return query_keys(client, user_id)["device_keys"][user_id][device_id]["keys"]["ed25519:" + device_id]


class NioClient:
    """One account and device on nio, its store in directory; the same directory later continues the same device.

    nio       the AsyncClient, for what is not wrapped here (run its coroutines with run())
    raw       a Client with the same session, for unencrypted calls
    events    (room_id, nio event) of every timeline event seen, decrypted where possible, in order of decryption
    waiting   (room_id, nio.MegolmEvent) of those that cannot be decrypted yet
    """

    def __init__(self, homeserver, name, password, directory, url=None, ca_file=None):
        """url: another way to the homeserver, such as a Proxy's. ca_file: what to trust, by default the homeserver's demo CA."""
        self.events = []
        self.waiting = []
        self.to_device = []
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        url = url or homeserver.url
        ca_file = ca_file or homeserver.ca_file
        self._loop = asyncio.new_event_loop()
        config = nio.AsyncClientConfig(store_sync_tokens=True, max_timeouts=2)
        trust = ssl.create_default_context(cafile=ca_file)
        self.nio = nio.AsyncClient(url, homeserver.user_id(name), store_path=str(directory), config=config, ssl=trust)
        self.nio.add_event_callback(self._on_event, nio.Event)
        self.nio.add_to_device_callback(self.to_device.append, nio.ToDeviceEvent)
        try:
            self._login(password, directory / "session.json")
            self.raw = Client(url, ca_file, self.nio.access_token, self.nio.user_id, self.nio.device_id)
            self.sync()
        except BaseException:
            self.close()
            raise

    def _login(self, password, session):
        if session.exists():
            self.nio.restore_login(**json.loads(session.read_text()))
            return
        answer = self.run(self.nio.login(password, device_name="nio"))
        if not isinstance(answer, nio.LoginResponse):
            raise RuntimeError(f"login: {answer}")
        session.touch(0o600)
        session.write_text(json.dumps({"user_id": answer.user_id, "device_id": answer.device_id, "access_token": answer.access_token}))

    def run(self, coroutine):
        return self._loop.run_until_complete(coroutine)

    @property
    def user_id(self):
        return self.nio.user_id

    @property
    def device_id(self):
        return self.nio.device_id

    def fingerprint(self):
        """This device's ed25519 key, unpadded base64."""
        return self.nio.olm.account.identity_keys["ed25519"]

    def cross_sign(self, password=None):
        """Gives the account a cross-signing identity, signs this device with it, and answers the Identity."""
        identity = Identity()
        identity.publish(self.raw, password)
        identity.sign_device(self.raw, self.device_id)
        return identity

    async def _on_event(self, room, event):
        if isinstance(event, nio.MegolmEvent):
            self.waiting.append((room.room_id, event))
        else:
            self.events.append((room.room_id, event))

    async def _sync(self, timeout_ms):
        answer = await self.nio.sync(timeout=timeout_ms, full_state=self.nio.next_batch is None)
        if not isinstance(answer, nio.SyncResponse):
            raise RuntimeError(f"sync: {answer}")
        if self.nio.should_upload_keys:
            await self.nio.keys_upload()
        if self.nio.should_query_keys:
            await self.nio.keys_query()
        if self.nio.should_claim_keys:
            await self.nio.keys_claim(self.nio.get_users_for_key_claiming())
        await self.nio.send_to_device_messages()
        waiting, self.waiting = self.waiting, []
        for room_id, event in waiting:
            try:
                self.events.append((room_id, self.nio.decrypt_event(event)))
            except nio.EncryptionError:
                self.waiting.append((room_id, event))

    def sync(self, timeout_ms=0):
        """One /sync and what follows from it: keys uploaded, queried and claimed, waiting events tried again."""
        self.run(self._sync(timeout_ms))

    def wait(self, found, timeout=30):
        """Syncs until found() is true and returns that value; TimeoutError after timeout seconds."""
        end = time.monotonic() + timeout
        while not (value := found()):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.user_id}: nothing matched within {timeout} s; {len(self.waiting)} events not decrypted")
            self.sync(min(int(left * 1000) + 1, 5000))
        return value

    def wait_event(self, room_id, matches, timeout=30):
        """The first decrypted event of the room, seen already or to come, for which matches(content source, nio event) is true."""

        def found():
            for room, event in self.events:
                if room == room_id and event.decrypted and matches(event.source, event):
                    return event
            return None

        return self.wait(found, timeout)

    def wait_text(self, room_id, body, timeout=30):
        """The decrypted text message with exactly this body."""
        return self.wait_event(room_id, lambda source, event: source.get("content", {}).get("body") == body, timeout)

    def join(self, room_id, via=()):
        """Joins, and returns when nio knows the room and its members."""
        self.raw.join(room_id, via)
        self.wait(lambda: room_id in self.nio.rooms and self.user_id in self.nio.rooms[room_id].users)

    def direct_chat(self, user_id, state=(ENCRYPTED,)):
        """Opens a direct chat; answers its room once the other is in it."""
        room = self.raw.create_room(preset="trusted_private_chat", is_direct=True, invite=[user_id], initial_state=state)
        self.wait(lambda: room in self.nio.rooms and user_id in self.nio.rooms[room].users)
        self.wait(lambda: user_id not in self.nio.rooms[room].invited_users)
        return room

    def _devices(self, user_id):
        return [device for device in self.nio.device_store.active_user_devices(user_id) if device.id != self.device_id]

    def trust(self, user_id, fingerprint=None, timeout=30):
        """Marks the user's device with this ed25519 key as verified, or all that nio knows; waits until there is one. A shared room is needed."""

        def chosen():
            return [device for device in self._devices(user_id) if fingerprint in (None, device.ed25519)]

        for device in self.wait(chosen, timeout):
            self.nio.verify_device(device)

    def send(self, room_id, event_type, content):
        """Encrypts and sends, and answers the event id. nio refuses while the room has devices that are not trusted (OlmUnverifiedDeviceError)."""
        if not self.nio.rooms[room_id].encrypted:
            raise RuntimeError(f"{room_id} is not encrypted")
        answer = self.run(self.nio.room_send(room_id, event_type, content))
        if not isinstance(answer, nio.RoomSendResponse):
            raise RuntimeError(f"send: {answer}")
        return answer.event_id

    def send_text(self, room_id, body):
        return self.send(room_id, "m.room.message", {"msgtype": "m.text", "body": body})

    def shown_on_server(self, room_id, event_id):
        """The event as the homeserver holds it."""
        return self.raw.call("GET", f"{V3}/rooms/{quote(room_id)}/event/{quote(event_id)}")

    def close(self):
        if not self._loop.is_closed():
            self.run(self.nio.close())
            self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
