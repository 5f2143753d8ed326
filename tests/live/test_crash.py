# SPDX-License-Identifier: Apache-2.0
"""Processes of two nodes on two real, federated homeservers are killed in the middle of referrals, and started again.

Run as test_node.py is, whose network and people it uses:

    CAIRN_BUILD=build .venv/nio/bin/python tests/live/test_crash.py [WORD...]

Random kills by the thousand, without real homeservers, are the business of tools/torture.
"""

import json
import os
import pathlib
import shutil
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from process import start_time
from node import CairnError
from test_node import NEED, Live, query_keys, setUpModule  # noqa: F401 (unittest looks for setUpModule here)

THROUGH = ["send", "receive", "accept", "consent", "engage", "close"]


class CrashTest(Live):
    """What is killed is started again, and nothing is lost or done twice."""

    def kill(self, node, program):
        """Ends it; returns once it has been started again."""
        pid = node.child(program)
        os.kill(pid, signal.SIGKILL)
        node.wait(lambda: node.child(program) not in (pid, None) and node.answers(), f"{program} is back")

    def kill_parent(self, node):
        """Ends cairnd itself: its node and bridge end with it. Then it is started again."""
        pids = [node.pid(), node.child("cairn-node"), node.child("cairn-bridge")]
        self.assertNotIn(None, pids)
        began = [start_time(pid) for pid in pids]
        os.kill(pids[0], signal.SIGKILL)
        end = time.monotonic() + 20
        while any(start_time(pid) == when for pid, when in zip(pids, began)):
            self.assertLess(time.monotonic(), end, "a child outlives its parent")
            time.sleep(0.01)
        node.start()

    def queue(self):
        return self.a.cairn("refer", self.specialist()["id"], *NEED)["referral"]

    def assert_arrived_once(self, referral, timeout=30):  # sooner than unacknowledged traffic would go again
        case = self.b.wait_state(referral, "received", timeout=timeout)
        self.assertEqual([step["input"] for step in case["history"]], ["send", "receive"])
        self.assertEqual([row["id"] for row in self.b.list("referrals")].count(referral), 1)
        self.a.wait_state(referral, "received")

    def go_through(self, kill):
        """A referral to its end; kill(node) after each word about it."""
        referral = self.queue()
        kill(self.a)
        self.assert_arrived_once(referral)
        kill(self.b)
        self.b.cairn("answer", referral, "accept")
        kill(self.b)
        self.a.wait_state(referral, "accepted")
        self.a.cairn("consent", referral, "/dev/stdin", stdin=self.consent_form(referral))
        kill(self.a)
        self.b.wait(lambda: "disclosure" in self.b.cairn("show", referral), "gets the disclosure")
        self.b.cairn("outcome", referral, "first_contact")
        self.b.cairn("outcome", referral, "closed", "--code", "connected")
        kill(self.b)
        for node in self.network.nodes:
            case = node.wait_state(referral, "closed", timeout=90)
            self.assertEqual([step["input"] for step in case["history"]], THROUGH)
            self.assertEqual([row["id"] for row in node.list("referrals")].count(referral), 1)

    def assert_nothing_put_aside(self, before):
        for node, numbers in zip(self.network.nodes, before):
            self.assertEqual([len(node.list(what)) for what in ("waiting", "rejected")], numbers, node.name)

    def put_aside(self):
        return [[len(node.list(what)) for what in ("waiting", "rejected")] for node in self.network.nodes]

    def test_killed_bridge(self):
        for node in self.network.nodes:
            with self.subTest(node.name):
                os.kill(node.child("cairn-bridge"), signal.SIGSTOP)  # what is queued now waits in the bridge, or for it
                try:
                    referral = self.queue()
                finally:
                    self.kill(node, "cairn-bridge")
                self.assert_arrived_once(referral)

    def test_killed_bridges_all_the_way(self):
        before = self.put_aside()
        self.go_through(lambda node: self.kill(node, "cairn-bridge"))
        self.assert_nothing_put_aside(before)

    def test_killed_node(self):
        before = self.put_aside()
        self.go_through(lambda node: self.kill(node, "cairn-node"))
        self.assert_nothing_put_aside(before)

    def test_killed_parent(self):
        before = self.put_aside()
        self.go_through(self.kill_parent)
        self.assert_nothing_put_aside(before)

    def test_answer_lost_and_killed(self):
        """The homeserver took the event, its answer never came, and everything was killed: the same bytes under the same id."""
        before = self.put_aside()
        lost = []

        def lose(exchange):
            if exchange.method == "PUT" and "/send/m.room.encrypted/" in exchange.path and exchange.status == 200 and not lost:
                lost.append(exchange)
                exchange.drop()

        self.proxy.on_response = lose
        try:
            referral = self.queue()
            self.a.wait(lambda: lost, "sends the request")
            self.kill_parent(self.a)
        finally:
            self.proxy.on_response = None
        self.assert_arrived_once(referral)
        first, *more = self.proxy.wait(lambda x: x.method == "PUT" and x.path == lost[0].path, count=2)
        self.assertTrue(first.dropped)
        for again in more:
            self.assertEqual(again.body, first.body)
            self.assertEqual(again.answer_json()["event_id"], first.answer_json()["event_id"])
        self.assert_nothing_put_aside(before)


class FloodTest(Live):
    """An answer that is too wide for the memory of the program, or too long, is not taken: less is asked for, from the same point, and nothing is lost."""

    FLOODS = (b'{"org.example.wide":[' + b"{}," * 2_300_000 + b"{}],", b'{"org.example.long":"' + b"x" * (9 << 20) + b'",')

    def test_sync(self):
        flooded = []

        def flood(exchange):
            if exchange.is_sync() and exchange.status == 200 and len(flooded) < 4:
                exchange.reply(200, self.FLOODS[len(flooded) % 2] + exchange.answer[1:], [("Content-Type", "application/json")])
                flooded.append(exchange)

        pid = self.a.child("cairn-node")
        self.proxy.on_response = flood
        try:
            referral = self.refer()
            self.b.cairn("answer", referral, "accept")
            self.a.wait(lambda: len(flooded) == 4, "is flooded")
        finally:
            self.proxy.on_response = None
        self.a.wait_state(referral, "accepted", timeout=120)
        self.assertEqual(self.a.child("cairn-node"), pid)
        syncs = self.proxy.find(lambda x: x.is_sync())
        said = [(x.headers["Authorization"][-4:], x.query.get("since"), self.limit(x), x in flooded, x.status) for x in syncs]
        said = "\n".join([*map(str, said), self.a.log_tail(60)])
        for at, one in enumerate(syncs):
            if one in flooded:
                again = next(x for x in syncs[at + 1 :] if x.headers["Authorization"] == one.headers["Authorization"])
                self.assertEqual(again.query["since"], one.query["since"])
                self.assertLess(self.limit(again), self.limit(one), said)

    @staticmethod
    def limit(sync):
        """How many events of a room it asks for."""
        return json.loads(sync.query["filter"][0])["room"]["timeline"]["limit"]


class RestoreTest(Live):
    """A copy of the database that is put back after more was sent is recognized, and goes on with a new device."""

    def well(self, name="epoch"):
        """What doctor thinks of it."""
        try:
            said = self.a.cairn("doctor")
        except CairnError as error:  # something is not well
            said = error.said
        return next(check["ok"] for check in said["checks"] if check["name"] == name)

    def devices(self):
        return set(query_keys(self.node_client(), self.a.user)["device_keys"][self.a.user])

    def test_old_database(self):
        copied = self.a.directory / "copied"
        self.a.stop()
        shutil.copytree(self.a.state, copied)
        self.a.start()
        referral = self.refer()
        (before,) = self.devices()
        self.a.stop()
        shutil.rmtree(self.a.state)
        copied.rename(self.a.state)
        self.a.start()
        self.a.wait(lambda: not self.well(), "sees that it is not the newest")
        self.refused(self.a, "refer", self.specialist()["id"], *NEED)
        self.assertNotIn(referral, [row["id"] for row in self.a.list("referrals")])
        recovery = self.a.state / "recovery.txt"
        safe = recovery.rename(self.a.directory / "recovery.txt")
        with self.assertRaises(CairnError) as caught:
            self.a.setup(*self.a.passwords)
        self.assertIn("recovery file", str(caught.exception))
        safe.rename(recovery)
        self.a.setup(*self.a.passwords)
        self.a.wait(lambda: self.well() and self.well("setup"), "has a new device")
        self.a.wait(lambda: not [row for row in self.a.list("outbox") if row["purpose"] == "old_device"], "has deleted the old one")
        (after,) = self.devices()
        self.assertNotEqual(before, after)
        again = self.refer()
        self.b.cairn("answer", again, "accept")
        self.a.wait_state(again, "accepted")


if __name__ == "__main__":
    tap.main()
