# SPDX-License-Identifier: Apache-2.0
"""General standards that bot.py needs and its libraries lack; nothing here is of this project's protocol.

Canonical JSON (RFC 8785, for what has no floats); W3C Data Integrity (eddsa-jcs-2022, did:key) and Bitstring Status Lists; JSON Schema with bounds
in bytes; tables of a Markdown page; a sealed file; of Matrix, what matrix-nio cannot: cross-signed devices, encrypted state, keys that come late.
A value that is not well-formed raises ValueError.
"""

import base64
import copy
import functools
import hashlib
import json
import re
import secrets
import sqlite3
import ssl
import time
import urllib.parse
import zlib
from datetime import datetime

import nio
from Crypto.Cipher import ChaCha20_Poly1305
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ED25519 = b"\xed\x01"  # multicodec


class Refused(ValueError):
    """It does not hold: nothing is changed, and nothing acknowledged."""


def need(holds, why):
    if not holds:
        raise Refused(why)


def identifier(raw=None):
    """A character of Crockford's base32 for each of these bytes, or 26 at random."""
    return "".join(CROCKFORD[byte % 32] for byte in raw or secrets.token_bytes(26))


def blake2b(text, size):
    return hashlib.blake2b(text.encode(), digest_size=size).digest()


def canonical(value, *leave_out):
    """Canonical JSON as bytes; of an object without these members."""
    value = {name: part for name, part in value.items() if name not in leave_out} if leave_out else value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def without(value, *names):
    return {key: one for key, one in value.items() if key not in names}


def sha256(value, *leave_out):
    """In hexadecimal; of a text its own, of a value that of its canonical JSON."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else canonical(value, *leave_out)).hexdigest()


def when(text):
    """Milliseconds of a time of RFC 3339."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def base58(raw):
    """Multibase base58btc."""
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "z" + "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text


def unbase58(text, size):
    number = functools.reduce(lambda number, letter: number * 58 + BASE58.index(letter), text.removeprefix("z"), 0)
    if number >> 8 * size:
        raise ValueError("too long")
    return number.to_bytes(size, "big")


def unbase64(text):
    """Of either alphabet, padded or not."""
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))


def is_signed(public, message, signature):
    try:
        eddsa.new(eddsa.import_public_key(public), "rfc8032").verify(message, signature)
    except ValueError:
        return False
    return True


class Vault:
    """One JSON value in a file, sealed by a key of 32 bytes; it is on the disk when save() returns."""

    def __init__(self, file, key):
        self.db, self.key = sqlite3.connect(file), key
        self.db.execute("CREATE TABLE IF NOT EXISTS vault (n INTEGER PRIMARY KEY, sealed BLOB)")

    def load(self):
        """None: nothing was saved."""
        row = self.db.execute("SELECT sealed FROM vault").fetchone()
        sealed = row and row[0]
        return row and json.loads(ChaCha20_Poly1305.new(key=self.key, nonce=sealed[:12]).decrypt_and_verify(sealed[28:], sealed[12:28]))

    def save(self, value):
        cipher = ChaCha20_Poly1305.new(key=self.key)
        sealed, tag = cipher.encrypt_and_digest(canonical(value))
        with self.db:
            self.db.execute("REPLACE INTO vault VALUES (1, ?)", [cipher.nonce + tag + sealed])


def _hashes(document, proof):
    return bytes.fromhex(sha256(proof, "proofValue") + sha256(document, "proof"))


def is_proven(document, key, proof=None):
    """Is the document's proof, or this one of its proofs, by this key? key: multibase, from somewhere else."""
    proof = proof or document["proof"]
    coded = unbase58(key, 34)
    if (proof["type"], proof["cryptosuite"], proof["proofPurpose"]) != ("DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod"):
        return False
    if proof["verificationMethod"] != f"did:key:{key}#{key}" or proof.get("@context") != document.get("@context") or coded[:2] != ED25519:
        return False
    return is_signed(coded[2:], _hashes(document, proof), unbase58(proof["proofValue"], 64))


def key_of(seed):
    """The public key of a seed of 32 bytes, multibase."""
    return base58(ED25519 + ECC.construct(curve="Ed25519", seed=seed).public_key().export_key(format="raw"))


def prove(document, seed):
    """The document, without a context of its own, with a proof by the key of this seed."""
    key = key_of(seed)
    proof = {
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "verificationMethod": f"did:key:{key}#{key}", "proofPurpose": "assertionMethod",
    }  # fmt: skip
    signature = eddsa.new(ECC.construct(curve="Ed25519", seed=seed), "rfc8032").sign(_hashes(document, proof))
    return {**document, "proof": {**proof, "proofValue": base58(signature)}}


def is_valid(credential, key, now, skew):
    """Is a W3C credential by this key, and in force now (in ms)?"""
    return is_proven(credential, key) and when(credential["validFrom"]) - skew <= now <= when(credential["validUntil"]) + skew


def is_marked(status_list, entry):
    """What a status list of 131,072 to 1,048,576 bits, a credential, says of an entry of another credential."""
    subject, index, unpack = status_list["credentialSubject"], int(entry["statusListIndex"]), zlib.decompressobj(31)
    try:
        bits = unpack.decompress(unbase64(subject["encodedList"].removeprefix("u")), 131072)
    except zlib.error as error:
        raise ValueError("its status list cannot be unpacked") from error
    if not unpack.eof or len(bits) < 16384 or index >= len(bits) * 8 or subject["statusPurpose"] != entry["statusPurpose"]:
        raise ValueError("its status list is of another size or purpose")
    return bool(bits[index // 8] & 0x80 >> index % 8)


def _max_bytes(_, limit, text, __):
    if isinstance(text, str) and len(text.encode(errors="replace")) > limit:
        yield ValidationError(f"longer than {limit} bytes")


def read_types(directory, file, member):
    """A validator for each schema, by its name; patterns of formats are in that file's member. Bounds count bytes, and 1.0 is no integer."""
    formats = FormatChecker(())
    for name, form in json.loads((directory / file).read_text())[member].items():
        formats.checks(name)(lambda text, pattern=form["pattern"]: not isinstance(text, str) or re.fullmatch(pattern, text, re.ASCII) is not None)
    integers = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    strict = validators.extend(Draft202012Validator, {"maxLength": _max_bytes}, type_checker=integers)
    files = [file for file in directory.glob("*.json") if not re.search(r"\.(example|bad)\.json$", file.name)]
    schemas = {file.name.removesuffix(".json"): json.loads(file.read_text()) for file in files}
    registry = Registry().with_resources((name + ".json", DRAFT202012.create_resource(schema)) for name, schema in schemas.items())
    return {name: strict(schema, registry=registry, format_checker=formats) for name, schema in schemas.items()}


def check_text(value):
    """ValueError if a value holds a float, a control character but line feed and tab, or half a character."""
    for part in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        check_text(part)
    if type(value) is float or (isinstance(value, str) and re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", value)):
        raise ValueError("a number that is not whole, or a character that no text has")


def read_tables(page):
    """The tables of a page by their first heading: rows, each a list of cells without backquotes."""
    tables, rows = {}, None
    for line in page.splitlines():
        cells = [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            rows = None
        elif rows is None:
            rows = tables[cells[0]] = []
        elif not set(line) <= set("|- "):
            rows.append(cells)
    return tables


def is_cross_signed(shown, device, master):
    """By the answer of /keys/query: has this master key, unpadded base64, signed nio's device by way of the self-signing key?"""

    def signed(value, public):
        signature = value.get("signatures", {}).get(device.user_id, {}).get("ed25519:" + public)
        return signature is not None and is_signed(unbase64(public), canonical(value, "signatures", "unsigned"), unbase64(signature))

    signing = shown.get("self_signing_keys", {}).get(device.user_id, {"keys": {}})
    keys = shown.get("device_keys", {}).get(device.user_id, {}).get(device.id, {"keys": {}})
    same = (device.ed25519, device.curve25519) == tuple(keys["keys"].get(f"{name}:{device.id}") for name in ("ed25519", "curve25519"))
    own = signing.get("usage") == ["self_signing"] and len(signing["keys"]) == 1 and signed(signing, master)
    return same and own and signed(keys, next(iter(signing["keys"].values())))


class Matrix:
    """One account and device on nio. handler(room, event) is awaited for each event of a room that could be opened, and was encrypted.

    pins(): {user: {"master_key", "devices": [{"device", "key"}]}}, the users whose devices may be believed and get keys, and which devices.
    """

    def __init__(self, url, ca_file, user_id, directory, key, pins, handler):
        self.pins, self.handler, self.late, self.token, self.judged = pins, handler, [], None, None
        config = nio.AsyncClientConfig(store_sync_tokens=True, pickle_key=key.hex())
        self.nio = nio.AsyncClient(url, user_id, store_path=str(directory), config=config, ssl=ssl.create_default_context(cafile=ca_file))
        self.nio.add_event_callback(self._on_event, nio.Event)

    async def start(self, password, session=None):
        """Logs in, or goes on with a session; answers the session."""
        if session is None:
            answer = await self.nio.login(password)
            session = [answer.user_id, answer.device_id, answer.access_token]
        else:
            self.nio.restore_login(*session)
        self.token = session[2]
        await self.sync()
        return session

    def device(self):
        return {"device": self.nio.device_id, "key": self.nio.olm.account.identity_keys["ed25519"]}

    async def _on_event(self, room, event):
        if isinstance(event, nio.MegolmEvent):
            self.late = self.late[-99:] + [(room, event)]
        elif event.decrypted:
            await self.handler(room, event)

    async def call(self, method, path, body):
        answer = await self.nio.send(method, "/_matrix/client/v3" + path, json.dumps(body), {"Authorization": "Bearer " + self.token})
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {await answer.text()}")
        return await answer.json()

    async def _settle(self):
        """Keys that are wanted go up and come down. A device that is not pinned is not believed, and gets none."""
        pins = self.pins()
        if self.nio.should_upload_keys:
            await self.nio.keys_upload()
        self.nio.olm.add_changed_users(set(pins) - set(self.nio.device_store.users))
        if self.nio.should_query_keys or pins != self.judged:
            await self.nio.keys_query() if self.nio.should_query_keys else None
            shown = await self.call("POST", "/keys/query", {"device_keys": {user: [] for user in pins}}) if pins else {}
            for device in list(self.nio.device_store):
                pin = pins.get(device.user_id, {})
                listed = {"device": device.id, "key": device.ed25519} in pin.get("devices", [])
                good = listed or ("master_key" in pin and is_cross_signed(shown, device, pin["master_key"]))
                # Never twice the same: nio's lists then hold it twice, and forget it once.
                if not (self.nio.olm.is_device_verified if good else self.nio.olm.is_device_blacklisted)(device):
                    (self.nio.verify_device if good else self.nio.blacklist_device)(device)
            self.judged = copy.deepcopy(pins)
        await self.nio.send_to_device_messages()

    async def sync(self, timeout=0):
        await self._settle()
        answer = await self.nio.sync(timeout, {"room": {"timeline": {"limit": 500}}}, full_state=not self.nio.rooms)
        if not isinstance(answer, nio.SyncResponse):
            raise RuntimeError(str(answer))
        await self._settle()
        late, self.late = self.late, []
        for room, event in late:
            try:
                event = self.nio.decrypt_event(event)
            except nio.EncryptionError:
                pass
            await self._on_event(room, event)

    def invitations(self):
        """[(room id, who invites)]"""
        return [(key, room.inviter) for key, room in self.nio.invited_rooms.items()]

    async def join(self, room, via):
        await self.call("POST", f"/join/{urllib.parse.quote(room)}?" + urllib.parse.urlencode([("via", name) for name in via]), {})

    async def create(self, kind, user, history, **encryption):
        """An encrypted room of version 12 for this user and nobody else; answers its id."""
        content = {"m.room.encryption": {"algorithm": "m.megolm.v1.aes-sha2", **encryption}}
        content["m.room.history_visibility"] = {"history_visibility": history}
        state = [{"type": name, "state_key": "", "content": part} for name, part in content.items()]
        body = {"room_version": "12", "preset": "private_chat", "creation_content": {"type": kind}, "invite": [user], "initial_state": state}
        return (await self.call("POST", "/createRoom", body))["room_id"]

    def is_with(self, room_id, kind, user):
        """Is it an encrypted room of this type, as far as the homeserver says, and the user in it, with a device that gets keys?"""
        room = self.nio.rooms.get(room_id)
        trusted = any(self.nio.olm.is_device_verified(device) for device in self.nio.device_store.active_user_devices(user))
        return room is not None and room.room_type == kind and room.encrypted and user in room.users and user not in room.invited_users and trusted

    async def send(self, room, name, content, fresh):
        """fresh: with a session of its own."""
        if fresh:
            self.nio.invalidate_outbound_session(room)
        answer = await self.nio.room_send(room, name, content)
        if not isinstance(answer, nio.RoomSendResponse):
            raise RuntimeError(str(answer))

    async def put_state(self, room, name, key, content):
        """Encrypted state (MSC4362)."""
        if self.nio.olm.should_share_group_session(room):
            await self.nio.share_group_session(room)
        sealed = self.nio.olm.group_encrypt(room, {"type": name, "state_key": key, "content": content})
        await self.call("PUT", f"/rooms/{urllib.parse.quote(room)}/state/m.room.encrypted/{urllib.parse.quote(f'{name}:{key}')}", sealed)

    async def close(self):
        await self.nio.close()
