#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two daemons on one store: the real cairn-node and cairnd.  The second says what to do and ends; the first notices nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap

BUILD = os.path.abspath(os.environ.get("builddir", "."))
NODE, PARENT = (os.path.join(BUILD, name) for name in ("cairn-node", "cairnd"))
PATIENCE = 60  # seconds
EX_CONFIG = 78
RACES = 100


class Daemon:
    """A process with its log; ${control}: on descriptor 3 it has what cairnd gives to a node."""

    def __init__(self, command, log, control=True):
        self.log = log
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Not sh: of dash, descriptors have one digit.
        line = f'exec "$@" 3<&{theirs.fileno()}' if control else 'exec "$@"'
        with open(log, "wb") if isinstance(log, str) else log as out:
            self.process = subprocess.Popen(["/bin/bash", "-c", line, "bash", *command], stdin=subprocess.DEVNULL, stderr=out,
                                            pass_fds=(theirs.fileno(),))
        theirs.close()

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def ready(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if "info node: ready" in self.said():
                return True
            time.sleep(0.005)
        return False

    def end(self, sig=signal.SIGKILL):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        self.process.wait(PATIENCE)
        self.ours.close()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="two.")
        self.state = os.path.join(self.folder, "state")
        os.mkdir(self.state, 0o700)
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            daemon.end()
        shutil.rmtree(self.folder)

    def config(self, name, **more):
        path = os.path.join(self.folder, name + ".conf")
        values = {"organization": "Harbor", "homeserver": "https://127.0.0.1:9", "server_name": "harbor.example",
                  "node_user": "@cairn:harbor.example", "steward_user": "@steward:harbor.example", "state_dir": self.state,
                  "key_file": os.path.join(self.folder, "kek"), "crisis_text": '"Call 988."',
                  "admin_socket": self.socket(name), **more}
        with open(path, "w", encoding="utf-8") as f:
            f.writelines(f"{key} = {value}\n" for key, value in values.items())
        os.chmod(path, 0o600)
        return path

    def socket(self, name):
        return os.path.join(self.state, name + ".sock")

    def node(self, config, log="log"):
        daemon = Daemon([NODE, "-c", config], os.path.join(self.folder, log) if isinstance(log, str) else log)
        self.daemons.append(daemon)
        return daemon

    def ask(self, name):
        """What the node at that socket says about itself."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(PATIENCE)
            s.connect(self.socket(name))
            s.sendall(b'{"verb":"status","args":{}}\n')
            return json.loads(s.makefile().readline())

    def quiet_store(self):
        """The files, once the node has done what a start brings with it."""
        before, found = None, self.store()
        end = time.monotonic() + PATIENCE
        while found != before and time.monotonic() < end:
            time.sleep(0.3)
            before, found = found, self.store()
        return found

    def store(self):
        found = {}
        for name in sorted(os.listdir(self.state)):
            path = os.path.join(self.state, name)
            if os.path.isfile(path) and not name.endswith("-shm"):
                with open(path, "rb") as f:
                    found[name] = f.read()
        return found


class Two(Case):
    def refused(self, second, *words):
        self.assertEqual(second.process.wait(PATIENCE), EX_CONFIG)
        for word in words:
            self.assertIn(word, second.said())

    def test_a_second_node_names_the_socket_of_the_first(self):
        config = self.config("a")
        first = self.node(config)
        self.assertTrue(first.ready())
        before = self.quiet_store()
        self.refused(self.node(config, "second"), self.socket("a"), "end it first")
        self.assertEqual(before, self.store())
        self.assertTrue(self.ask("a")["ok"])

    def test_a_second_node_with_a_socket_of_its_own_names_the_state_directory(self):
        first = self.node(self.config("a"))
        self.assertTrue(first.ready())
        before = self.quiet_store()
        self.refused(self.node(self.config("b"), "second"), self.state, "stop it first")
        self.assertEqual(before, self.store())
        self.assertFalse(os.path.exists(self.socket("b")))
        self.assertTrue(self.ask("a")["ok"])

    def test_a_second_cairnd_ends_with_the_words_of_its_node(self):
        bridge = os.path.join(self.folder, "bridge")
        with open(bridge, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec cat <&3 >/dev/null\n")
        os.chmod(bridge, 0o700)
        command = [PARENT, "-c", self.config("a"), "-n", NODE, "-b", bridge]
        first = Daemon(command, os.path.join(self.folder, "log"), control=False)
        self.daemons.append(first)
        self.assertTrue(first.ready())
        second = Daemon(command, os.path.join(self.folder, "second"), control=False)
        self.daemons.append(second)
        self.refused(second, self.socket("a"), "end it first")
        self.assertTrue(self.ask("a")["ok"])
        self.assertIsNone(first.process.poll())
        first.end(signal.SIGTERM)

    def test_of_two_that_start_at_once_one_runs(self):
        """By turns with one socket and with two; the winner ends by kill -9 and in good order, also by turns."""
        pair = [self.config("a"), self.config("b")]
        for race in range(RACES):
            both = [self.node(pair[0], "0"), self.node(pair[race % 2], "1")]
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end and all(d.process.poll() is None for d in both):
                time.sleep(0.002)
            loser = next(i for i in range(2) if both[i].process.poll() is not None)
            with self.subTest(race=race):
                self.refused(both[loser], "first", self.state)
                winner = both[1 - loser]
                self.assertTrue(winner.ready(), winner.said())
                self.assertTrue(self.ask("b" if race % 2 and loser == 0 else "a")["ok"])
            for daemon in both:
                daemon.end(signal.SIGKILL if race % 4 < 2 else signal.SIGTERM)
            self.daemons.clear()
        print(f"# {RACES} races of two starts: exactly one runs")

    def test_killed_it_starts_again_at_once(self):
        config = self.config("a")
        for n in range(10):
            node = self.node(config)
            self.assertTrue(node.ready(), f"start {n}: {node.said()}")
            self.assertTrue(self.ask("a")["ok"])
            node.end()

    def test_one_follows_another_that_is_ending(self):
        """A node that ends does not take the socket of its successor away."""
        config = self.config("a")
        node = self.node(config, "0")
        self.assertTrue(node.ready())
        for n in range(1, 16):
            node.process.send_signal(signal.SIGTERM)
            after = None
            while after is None:
                after = self.node(config, str(n))
                if not after.ready():
                    self.assertIn("first", after.said())
                    after.end()
                    after = None
            node.end()
            self.assertTrue(self.ask("a")["ok"])
            node = after

    def test_a_log_that_is_full_changes_nothing(self):
        node = self.node(self.config("a"), open("/dev/full", "wb"))
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket("a")) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertTrue(self.ask("a")["ok"])
        self.assertIsNone(node.process.poll())


if __name__ == "__main__":
    tap.main()
