# SPDX-License-Identifier: Apache-2.0
"""Directories of 100, 1,000 and 2,000 records: published by node b, then followed by node a from another homeserver.

    bench_publish.py DIRECTORY ROUNDS [RECORDS ...]          $CAIRN_BUILD is the build directory; tools/bench publish runs it

Each size begins with homeservers and nodes of its own. Their rate limits are lifted (tests/live/homeserver.py): with Synapse's own, publishing
is a matter of hours that the homeserver decides alone. The growth is the exponent between two sizes: 1 is in proportion; n log n is at most 1.17.
"""

import json
import math
import os
import pathlib
import sqlite3
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench")]

from client import quote
from figures import line
from node import Network

AT_ONCE = 250  # records of one import


def program(n):
    body = {
        "name": f"Program {n}", "description": "Peer support in the evening, in writing, for people who would rather not be seen.",
        "forms": ["support_group"], "conditions": ["grief"], "languages": ["en", "es"], "modalities": ["online_text", "phone"], "cost": "free",
    }  # fmt: skip
    return {"source": f"bench:{n}", "kind": "program", "body": body}


def peak_mib(node):
    status = pathlib.Path(f"/proc/{node.child('cairn-node')}/status").read_text()
    return next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM:")) / 1024


def number(node, query):
    """The one number that the node's database answers."""
    database = sqlite3.connect(f"file:{node.database}?mode=ro", uri=True)
    try:
        return database.execute(query).fetchone()[0]
    finally:
        database.close()


def state_bytes(network):
    """What a follower loads: the room's whole state, as the homeserver says it."""
    admin = network.pair.b.user("bench-admin", admin=True)
    room = network.b.rooms("directory", network.b.org)[0]
    url = f"/_synapse/admin/v1/rooms/{quote(room)}/state"
    return len(json.dumps(admin.call("GET", url), separators=(",", ":")))


def once(directory, records):
    """{what: figure} of one directory."""
    said = {}
    with Network(directory, os.environ["CAIRN_BUILD"]) as network:
        network.join()
        a, b = network.nodes
        for first in range(0, records, AT_ONCE):
            b.import_records([program(n) for n in range(first, min(first + AT_ONCE, records))])
        begun = time.monotonic()
        b.cairn("publish")
        b.wait(lambda: number(b, "SELECT count(*) FROM own WHERE dirty = 1") + number(b, "SELECT count(*) FROM outbox") == 0,
               "publishes all", timeout=7200)  # fmt: skip
        said["publish"] = time.monotonic() - begun
        said["publisher"] = peak_mib(b)
        a.cairn("publish", "--wait")
        begun = time.monotonic()
        a.cairn("follow", b.org)
        a.wait(lambda: number(a, "SELECT count(*) FROM seen WHERE verdict = 0") >= records, "reads all", timeout=1800)
        said["follow"] = time.monotonic() - begun
        said["follower"] = peak_mib(a)
        said["bytes"] = state_bytes(network)
    return said


FIGURES = (
    ("publish", "publish", "s"), ("follow", "publish.follow", "s until all are read"), ("bytes", "publish.bytes", "bytes of room state"),
    ("publisher", "publish.memory.publisher", "MiB peak"), ("follower", "publish.memory.follower", "MiB peak"),
)  # fmt: skip


def main():
    directory, rounds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    sizes = [int(word) for word in sys.argv[3:]] or [100, 1000, 2000]
    runs = {size: [once(directory / f"{size}-{number}", size) for number in range(rounds)] for size in sizes}
    for what, name, unit in FIGURES:
        for size in sizes:
            line(f"{name}.{size}", [run[what] for run in runs[size]], unit)
        for small, large in zip(sizes, sizes[1:]):
            if what in ("publish", "follow", "bytes"):
                ratio = statistics.median(run[what] for run in runs[large]) / statistics.median(run[what] for run in runs[small])
                line(f"{name}.growth.{large}", [math.log(ratio) / math.log(large / small)], "exponent", f"{small} records", "<= 1.17")
    return 0


if __name__ == "__main__":
    sys.exit(main())
