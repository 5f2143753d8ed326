# SPDX-License-Identifier: Apache-2.0
"""A referral that node a sends until node b has stored it, against a plain event between two accounts of the same two homeservers.

    bench_referral.py DIRECTORY ROUNDS          $CAIRN_BUILD is the build directory; tools/bench referral runs it

Both take turns in one run. The referral is asked for over node a's admin socket and seen in node b's database; the plain event is sent by a
client of a's homeserver and seen by a client of b's in its /sync. Keys are shared before the first round, as they are between partners.
"""

import http.client
import json
import os
import pathlib
import random
import socket
import sqlite3
import ssl
import sys
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench")]

from client import V3, quote
from figures import line
from homeserver import ROOT
from node import Network

NEED = {"need": "grief", "language": "es", "modality": "online_text", "urgency": "soon", "age_band": "26_59"}


def ask(node, verb, arguments):
    """A verb by the admin socket itself, as cairn asks it: no process is started for it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(node.socket))
        connection.sendall(json.dumps({"verb": verb, "args": arguments}).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    if not answer.get("ok"):
        raise RuntimeError(f"{verb}: {answer}")
    return answer["result"]


def wait(found, timeout=30):
    """When found() became true; asked about every millisecond."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if found():
            return time.monotonic()
        time.sleep(0.001)
    raise TimeoutError("nothing arrived")


class Referral:
    def __init__(self, network, record):
        self.a, self.b = network.nodes
        self.record = record
        self.database = sqlite3.connect(f"file:{self.b.database}?mode=ro", uri=True, isolation_level=None)

    def stored(self, referral):
        return self.database.execute("SELECT 1 FROM referral WHERE id = ?", (referral,)).fetchone()

    def once(self):
        begun = time.monotonic()
        referral = ask(self.a, "refer", {"to": self.record, **NEED})["referral"]
        return wait(lambda: self.stored(referral)) - begun


class Kept:
    """A client whose connection stays open, as any client's does, and a node's bridge's."""

    def __init__(self, client):
        url = urllib.parse.urlsplit(client.url)
        context = ssl.create_default_context(cafile=client.ca_file)
        self.connection = http.client.HTTPSConnection(url.hostname, url.port, context=context, timeout=60)
        self.headers = {"Authorization": "Bearer " + client.access_token, "Content-Type": "application/json"}

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, self.headers)
        answer = self.connection.getresponse()
        said = json.loads(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {said}")
        return said


class Plain:
    """A room of two accounts, one on each homeserver; the reader syncs in a thread of its own, as a client does."""

    def __init__(self, pair):
        writer, reader = pair.a.user("writer"), pair.b.user("reader")
        self.room = writer.create_room(preset="private_chat", invite=[reader.user_id])
        reader.wait_invite(self.room)
        reader.join(self.room, [pair.a.server_name])
        self.writer, self.reader = Kept(writer), Kept(reader)
        self.since = reader.sync()["next_batch"]
        self.seen = {}
        self.sent = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            try:
                answer = self.reader.call("GET", f"{V3}/sync?timeout=30000&since={quote(self.since)}")
            except (OSError, http.client.HTTPException):
                return  # the homeserver has ended; if that was too early, wait() says so
            self.since = answer["next_batch"]
            room = answer.get("rooms", {}).get("join", {}).get(self.room, {})
            for event in room.get("timeline", {}).get("events", []):
                self.seen[event["event_id"]] = time.monotonic()

    def once(self):
        begun = time.monotonic()
        self.sent += 1
        path = f"{V3}/rooms/{quote(self.room)}/send/m.room.message/bench{self.sent}"
        event = self.writer.call("PUT", path, {"msgtype": "m.text", "body": "x" * 1500})["event_id"]
        wait(lambda: event in self.seen)
        return self.seen[event] - begun


def main():
    directory, rounds = sys.argv[1], int(sys.argv[2])
    with Network(directory, os.environ["CAIRN_BUILD"]) as network:
        network.join()
        network.b.cairn("import", "hsds", ROOT / "docs" / "examples" / "lighthouse-hsds.json")
        network.b.cairn("publish", "--wait")
        network.a.cairn("publish", "--wait")
        network.a.cairn("follow", network.b.org, "--wait")
        records = network.a.wait(lambda: network.a.cairn("find", "--kind", "program")["records"], "reads the directory")
        contestants = {"referral": Referral(network, records[0]["id"]), "plain": Plain(network.pair)}
        took = {name: [] for name in contestants}
        for number in range(rounds + 3):  # the first three share keys and warm all up
            for name in random.sample(list(contestants), 2):
                seconds = contestants[name].once()
                if number >= 3:
                    took[name].append(seconds)
                time.sleep(0.1)  # what follows an event, such as acknowledgements, is not the next one's
    line("referral.time", [1e3 * seconds for seconds in took["referral"]], "ms")
    line("referral.plain", [1e3 * seconds for seconds in took["plain"]], "ms")
    line("referral", [a / b for a, b in zip(took["referral"], took["plain"])], "times as long", "a plain federated event", "<= 1.25")
    return 0


if __name__ == "__main__":
    sys.exit(main())
