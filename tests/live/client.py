# SPDX-License-Identifier: Apache-2.0
"""A tiny synchronous Matrix client for tests: urllib over TLS checked against the demo CA.

It encrypts nothing. Tests use it to prepare accounts and rooms and to see what a homeserver shows.
"""

import json
import secrets
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

V3 = "/_matrix/client/v3"
ENCRYPTED = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class MatrixError(Exception):
    """A homeserver's refusal. status: HTTP status; errcode: such as M_FORBIDDEN or ""; body: the parsed answer."""

    def __init__(self, what, status, body):
        self.status = status
        self.errcode = body.get("errcode", "")
        self.body = body
        super().__init__(f"{what}: {status} {json.dumps(body)}")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


def quote(part):
    """One path segment, percent-encoded."""
    return urllib.parse.quote(part, safe="")


class Client:
    """One session at one homeserver.

    `request` answers (status, parsed body) for every HTTP status; the named calls raise MatrixError unless the status is 200.
    A failed connection, TLS check or time limit raises OSError (urllib.error.URLError, ssl.SSLError, TimeoutError are all OSErrors).
    """

    def __init__(self, url, ca_file, access_token=None, user_id=None, device_id=None):
        self.url = url.rstrip("/")
        self.ca_file = str(ca_file)
        self.access_token = access_token
        self.user_id = user_id
        self.device_id = device_id
        self.since = None
        context = ssl.create_default_context(cafile=self.ca_file)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect
        )

    def request(self, method, path, body=None, query=None, timeout=60):
        """Sends body as JSON (bytes as they are). path is absolute, already percent-encoded; query is a dict or a list of pairs."""
        url = self.url + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        headers = {}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if self.access_token:
            headers["Authorization"] = "Bearer " + self.access_token
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                status, raw = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            with refusal:
                status, raw = refusal.code, refusal.read()
        return status, json.loads(raw) if raw else {}

    def call(self, method, path, body=None, query=None, timeout=60):
        """Like request, answers the body, and raises MatrixError unless the status is 200."""
        status, answer = self.request(method, path, body, query, timeout)
        if status != 200:
            raise MatrixError(f"{method} {path}", status, answer)
        return answer

    def sync(self, since=None, timeout_ms=0, filter=None, full_state=False):
        """One /sync. Without since it goes on from the last one; filter is a dict or a filter id."""
        query = {"timeout": timeout_ms}
        since = since or self.since
        if since:
            query["since"] = since
        if filter is not None:
            query["filter"] = filter if isinstance(filter, str) else json.dumps(filter)
        if full_state:
            query["full_state"] = "true"
        answer = self.call("GET", V3 + "/sync", query=query, timeout=timeout_ms / 1000 + 60)
        self.since = answer["next_batch"]
        return answer

    def wait(self, found, timeout=30):
        """Syncs until found(answer) is true and returns that value; TimeoutError after timeout seconds."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            value = found(self.sync(timeout_ms=min(int(left * 1000), 5000)))
            if value:
                return value
        raise TimeoutError(f"{self.user_id}: nothing matched within {timeout} s")

    def wait_event(self, room_id, matches, timeout=30):
        """The first event of a joined room (state or timeline of the coming syncs) for which matches(event) is true."""

        def found(answer):
            room = answer.get("rooms", {}).get("join", {}).get(room_id, {})
            events = room.get("state", {}).get("events", []) + room.get("timeline", {}).get("events", [])
            return next((event for event in events if matches(event)), None)

        return self.wait(found, timeout)

    def wait_invite(self, room_id, timeout=30):
        """The stripped state of an invitation to room_id."""
        return self.wait(lambda answer: answer.get("rooms", {}).get("invite", {}).get(room_id), timeout)

    def create_room(self, **body):
        """Creates a room of version 12 unless body says otherwise, and answers its id."""
        return self.call("POST", V3 + "/createRoom", {"room_version": "12", **body})["room_id"]

    def invite(self, room_id, user_id):
        self.call("POST", f"{V3}/rooms/{quote(room_id)}/invite", {"user_id": user_id})

    def join(self, room_id, via=()):
        """via: server names to ask; a version 12 room id names none, so a remote room always needs them."""
        return self.call("POST", f"{V3}/join/{quote(room_id)}", {}, query=[("via", name) for name in via])["room_id"]

    def leave(self, room_id):
        self.call("POST", f"{V3}/rooms/{quote(room_id)}/leave", {})

    def send(self, room_id, event_type, content, txn=None):
        """Sends a timeline event as it is and answers its event id."""
        path = f"{V3}/rooms/{quote(room_id)}/send/{quote(event_type)}/{quote(txn or secrets.token_hex(8))}"
        return self.call("PUT", path, content)["event_id"]

    def put_state(self, room_id, event_type, content, state_key=""):
        path = f"{V3}/rooms/{quote(room_id)}/state/{quote(event_type)}/{quote(state_key)}"
        return self.call("PUT", path, content)["event_id"]

    def state(self, room_id):
        """The room's whole current state, a list of events."""
        return self.call("GET", f"{V3}/rooms/{quote(room_id)}/state")

    def messages(self, room_id, limit=100, start=None, direction="b"):
        """One page of history, newest first by default: the answer with "chunk" and "end"."""
        query = {"dir": direction, "limit": limit}
        if start:
            query["from"] = start
        return self.call("GET", f"{V3}/rooms/{quote(room_id)}/messages", query=query)

    def logout(self):
        self.call("POST", V3 + "/logout", {})
        self.access_token = None
