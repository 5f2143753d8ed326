# SPDX-License-Identifier: Apache-2.0
"""A member's client on somebody else's SDK: a program that does what a line of JSON says and answers with one (jsclient/, rustclient/).

    dana = SdkClient(command, directory / "dana", pair.a, "dana", password)
    master_key = dana.cross_sign()
    dana.send(room_id, "m.room.message", {"msgtype": "m.text", "body": "hello"})
    dana.wait(lambda: dana.texts(room_id), "hears something")

The program syncs by itself. An event that it shows is {"event_id", "sender", "type", "content", "state_key"?, "trust"}; trust is "signed" if
a device that its owner signed encrypted it, "clear" if nobody did, "none" if it cannot be read: then "error" stands for type and content.
"""

import json
import os
import select
import subprocess
import time

from client import ENCRYPTED, V3, Client, quote


class SdkClient:
    """raw: a Client with the same session. It must never sync: two of a kind would take each other's to-device messages."""

    def __init__(self, command, directory, homeserver, name, password):
        directory.mkdir(parents=True)
        self.log = directory / "client.log"
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": str(homeserver.ca_file), "CA_FILE": str(homeserver.ca_file)}
        command = ["setpriv", "--pdeathsig", "KILL", *(str(word) for word in command)]
        with open(self.log, "wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=directory, env=environment
            )
        homeserver.register(name, password)
        session = self.call("login", url=homeserver.url, user=name, password=password)
        self.user_id = session["user_id"]
        self.raw = Client(homeserver.url, homeserver.ca_file, session["access_token"], self.user_id, session["device_id"])

    def call(self, do, timeout=60, **arguments):
        """What the program answers; RuntimeError if it says that it failed, or nothing."""
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], timeout)
        line = self._process.stdout.readline() if ready else b""
        answer = json.loads(line) if line else {"error": "no answer"}
        if "ok" not in answer:
            raise RuntimeError(f"{do}: {answer['error']}; see {self.log}")
        return answer["ok"]

    def wait(self, found, what, timeout=60):
        """Asks until found() is true and returns that value."""
        end = time.monotonic() + timeout
        while not (value := found()):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.user_id}: {what}: not within {timeout} s; see {self.log}")
            time.sleep(0.1)
        return value

    def cross_sign(self):
        """Gives the account an identity and signs this device; answers the public master key, as the homeserver has it."""
        self.call("cross_sign")
        shown = self.raw.call("POST", V3 + "/keys/query", {"device_keys": {self.user_id: []}})
        (master_key,) = shown["master_keys"][self.user_id]["keys"].values()
        return master_key

    def create_room(self, other, **body):
        """An encrypted room with another user in it, whom it invites; answers its id once both are there."""
        room = self.raw.create_room(invite=[other], initial_state=[ENCRYPTED], **body)
        self.wait(lambda: other in self.call("members", room_id=room), f"sees {other} join")
        return room

    def join(self, inviter, room_type, via):
        """Waits for the invitation by this user to a room of this type, and follows it; answers the room's id."""

        def invitation():
            return next((i["room_id"] for i in self.call("invites") if (i["inviter"], i["type"]) == (inviter, room_type)), None)

        room = self.wait(invitation, f"is invited by {inviter}")

        def joined():
            # A homeserver passes an invitation on before it has stored it, and refuses whoever is quicker.
            try:
                return self.call("join", room_id=room, via=via)
            except RuntimeError as error:
                if "You are not invited to this room" in str(error):
                    return None
                raise

        return self.wait(joined, f"may join {room}")

    def send(self, room_id, event_type, content):
        """Encrypts and sends; answers the event as the homeserver then holds it."""
        event = self.call("send", room_id=room_id, type=event_type, content=content)
        return self.raw.call("GET", f"{V3}/rooms/{quote(room_id)}/event/{quote(event)}")

    def events(self, room_id, event_type):
        """Those of the room's timeline that could be read and are of this type."""
        return [event for event in self.call("events", room_id=room_id) if event.get("type") == event_type]

    def state(self, room_id):
        """The encrypted state that the SDK opened by itself."""
        return self.call("state", room_id=room_id)

    def server_state(self, room_id):
        """The encrypted state as the homeserver holds it now."""
        return [event for event in self.raw.state(room_id) if event["type"] == "m.room.encrypted"]

    def decrypt(self, room_id, event):
        """An event of the homeserver, opened as if it came now."""
        return self.call("decrypt", room_id=room_id, event={"room_id": room_id, **event})

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
