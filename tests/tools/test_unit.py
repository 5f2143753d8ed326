#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/examples/cairnd.service: systemd finds nothing wrong with it, and the real programs work under what it forbids."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.environ.get("srcdir", os.path.join(HERE, "..", "..")))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "bridge")]
import tap
from harness import PATIENCE, Server, reply

UNIT = os.path.join(TOP, "docs", "examples", "cairnd.service")
BUILD = os.path.abspath(os.environ.get("builddir", "."))
THRESHOLD = "15"  # tenths: an exposure of 1.5
NOBODY = 65534


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Analysis(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="test_unit."))

    def analyze(self, change=lambda text: text):
        """systemd's judgement of the unit: (status, exposure, complaints)."""
        path = os.path.join(self.folder, "cairnd.service")
        with open(UNIT, encoding="utf-8") as f:
            text = change(f.read())
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", f"--threshold={THRESHOLD}", "--no-pager", path],
                              capture_output=True, text=True, check=False)
        exposure = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
        return done.returncode, float(exposure[1]) if exposure else None, done.stderr

    def test_exposure(self):
        status, exposure, complaints = self.analyze()
        self.assertEqual((status, complaints), (0, ""))
        self.assertLessEqual(exposure, 1.5)
        print(f"# exposure {exposure}")

    def test_each_line_counts(self):
        """A unit without one of these is more exposed: systemd knows the name and the value."""
        _, best, _ = self.analyze()
        for line in ("CapabilityBoundingSet=", "ProtectHome=yes", "PrivateDevices=yes", "PrivateUsers=yes", "PrivateMounts=yes", "ProtectKernelTunables=yes",
                     "RestrictNamespaces=yes", "SystemCallArchitectures=native", "SystemCallFilter=~@privileged @resources @keyring @aio @memlock",
                     "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"):
            with self.subTest(line):
                _, exposure, complaints = self.analyze(lambda text: text.replace(f"\n{line}\n", "\n"))
                self.assertGreater(exposure, best)
                self.assertEqual(complaints, "")

    def test_a_loose_unit_fails(self):
        status, exposure, _ = self.analyze(lambda text: text.partition("NoNewPrivileges")[0])
        self.assertNotEqual(status, 0)
        self.assertGreater(exposure, 1.5)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
@unittest.skipUnless(os.geteuid() == 0, "only root can give the programs mounts and a user of their own")
class Confined(unittest.TestCase):
    """cairnd, node and bridge as one user, under the unit's filter, mounts and limits (tests/confine.py)."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="test_unit.")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.environment = {}
        self.state, self.log = os.path.join(self.folder, "state"), os.path.join(self.folder, "log")
        os.mkdir(self.state, 0o700)
        self.server = Server(reply(b'{"errcode":"M_FORBIDDEN","error":"no"}', "403 Forbidden"))
        self.addCleanup(self.server.close)
        config, key = os.path.join(self.folder, "cairn.conf"), os.path.join(self.folder, "kek")
        with open(config, "w", encoding="ascii") as f:
            f.write("organization = Test\nserver_name = test.example\nnode_user = n\nsteward_user = s\n"
                    f"homeserver = http://localhost:{self.server.port}\nhomeserver_loopback_http = yes\nstate_dir = {self.state}\nkey_file = {key}\n")
        with open(key, "wb", opener=lambda p, f: os.open(p, f, 0o400)) as f:
            f.write(os.urandom(32))
        for path in self.state, key:
            os.chown(path, NOBODY, NOBODY)
        self.programs = {}
        for name in "cairnd", "cairn-node", "cairn-bridge":
            self.programs[name] = shutil.copy(os.path.join(BUILD, name), self.folder)
            os.chmod(self.programs[name], 0o755)
        p = self.programs
        self.command = [p["cairnd"], "-c", config, "-n", p["cairn-node"], "-b", p["cairn-bridge"]]

    def start(self, unit=UNIT):
        env = os.environ | self.environment | {"ASAN_OPTIONS": "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")}
        confine = os.path.join(HERE, "..", "confine.py")
        with open(self.log, "wb") as log:
            child = subprocess.Popen([sys.executable, confine, unit, self.state, str(NOBODY), str(NOBODY), *self.command], stdin=subprocess.DEVNULL,
                                     stderr=log, stdout=log, env=env)
        self.addCleanup(self.stop, child)
        return child

    def stop(self, child):
        if child.poll() is None:
            child.terminate()
        child.wait(PATIENCE)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def until(self, found):
        end = time.monotonic() + PATIENCE
        while not (value := found()):
            if time.monotonic() > end:
                self.fail(self.said())
            time.sleep(0.02)
        return value

    def children(self, child):
        pids = {}
        with open(f"/proc/{child.pid}/task/{child.pid}/children", encoding="ascii") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/status", encoding="ascii") as g:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in g if ":\t" in line)
                pids[status["Name"]] = status
        return pids

    def command_node(self, verb, **arguments):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(os.path.join(self.state, "admin.sock"))
            s.sendall(json.dumps({"verb": verb, "args": arguments}).encode() + b"\n")
            return json.loads(s.makefile().readline())

    def test_the_programs_work_and_shut_themselves_in(self):
        child = self.start()
        self.until(lambda: "info node: ready" in self.said() and "info bridge: matrix: ready" in self.said())
        found = self.until(lambda: (c := self.children(child)) and len(c) == 2 and c)
        for name, status in found.items():
            # Two filters: the unit's, and the program's own.
            self.assertEqual((status["Seccomp"], status["Seccomp_filters"], status["NoNewPrivs"], int(status["CapBnd"], 16)), ("2", "2", "1", 0), name)
            self.assertEqual(status["Uid"].split(), [str(NOBODY)] * 4)
        self.assertNotIn("Landlock", self.said())
        # A request, and with it a name look-up, leaves and is answered.
        self.assertTrue(self.command_node("setup", node_password="a", steward_password="b")["ok"])
        self.until(lambda: self.command_node("status")["result"]["setup"] == "failed")
        self.assertEqual({seen.path for seen in self.server.seen}, {"/_matrix/client/v3/login"})
        self.assertEqual(len(self.children(child)), 2)
        self.stop(child)
        self.assertEqual(child.returncode, 0, self.said())
        self.assertNotRegex(self.said(), "warn|error node|Sanitizer")

    def test_type_is_notify(self):
        """systemd waits for the first commit, told by cairnd: the node has no such socket, and nobody else is heard."""
        with open(UNIT, encoding="utf-8") as f:
            self.assertLessEqual({"Type=notify", "NotifyAccess=main"}, set(f.read().splitlines()))
        for name in os.path.join(self.folder, "notify"), f"@test_unit.{os.getpid()}":
            with self.subTest(name), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.bind("\0" + name[1:] if name.startswith("@") else name)
                if not name.startswith("@"):
                    os.chmod(name, 0o777)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
                s.settimeout(PATIENCE)
                self.environment = {"NOTIFY_SOCKET": name}
                child = self.start()

                def heard():
                    text, extra, _, _ = s.recvmsg(100, 100)
                    return text, int.from_bytes(extra[0][2][:4], sys.byteorder)

                self.assertEqual(heard(), (b"READY=1", child.pid))
                self.assertTrue(self.command_node("status")["ok"], "the operator is heard")
                child.terminate()
                self.assertEqual(heard(), (b"STOPPING=1", child.pid))
                self.assertEqual(child.wait(PATIENCE), 0, self.said())
                self.assertNotRegex(self.said(), "warn|error|Sanitizer")

    def test_a_store_that_does_not_open_is_never_ready(self):
        self.environment = {"NOTIFY_SOCKET": (name := os.path.join(self.folder, "notify"))}
        with open(os.path.join(self.state, "cairn.db"), "wb") as f:
            f.write(b"no database" * 1000)
        os.chown(os.path.join(self.state, "cairn.db"), NOBODY, NOBODY)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(name)
            os.chmod(name, 0o777)
            child = self.start()
            self.until(lambda: "ended with status" in self.said())
            self.stop(child)
            s.settimeout(0.1)
            self.assertEqual(s.recv(100), b"STOPPING=1", self.said())

    def test_a_unit_that_forbids_their_own_filter_is_noticed(self):
        loose = os.path.join(self.folder, "loose.service")
        with open(UNIT, encoding="utf-8") as f, open(loose, "w", encoding="utf-8") as g:
            g.write(re.sub(r"^SystemCallFilter=capset.*$", "", f.read(), flags=re.M))
        self.start(loose)
        self.until(lambda: "ended with status 70" in self.said())
        self.assertNotIn("ready", self.said())
        self.assertRegex(self.said(), "cannot drop capabilities|cannot load the system call filter")


if __name__ == "__main__":
    tap.main()
