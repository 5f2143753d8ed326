#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where libolm keeps its own primitives: configure says so, the programs notice, the operator is told.

A copy of the system's libolm is marked DT_SYMBOLIC, as "ld -Bsymbolic" does: the dynamic linker then looks for its
symbols within it first, and what our programs define goes unheard.
"""

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("builddir") or SRC
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "bridge")]
import tap  # noqa: E402
from harness import PATIENCE, spawn, wait  # noqa: E402

EX_CONFIG = 78
PT_DYNAMIC = 2
DT_NULL, DT_SYMBOLIC, DT_FLAGS, DF_SYMBOLIC = 0, 16, 30, 2
DT_RELACOUNT, DT_RELCOUNT = 0x6ffffff9, 0x6ffffffa  # Hints, so that their place may be taken.

CONFIG = """\
organization = Test
homeserver = http://127.0.0.1:9
homeserver_loopback_http = yes
server_name = test.example
node_user = node
steward_user = steward
state_dir = {state}
key_file = {folder}/kek
require_primitives = {require}
"""


def libolm():
    """The libolm that our programs find."""
    found = subprocess.run(["ldd", os.path.join(BUILD, "cairn-node")], capture_output=True, text=True, check=True).stdout
    return re.search(r"(libolm\.so\S*) => (\S+)", found).groups()


def mark_symbolic(elf):
    """Set DT_SYMBOLIC in a shared library of this machine, given as a bytearray."""
    wide = elf[4] == 2
    order = "<" if elf[5] == 1 else ">"
    header = struct.unpack_from(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), elf, 16)
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    for number in range(header[9]):
        at = header[4] + number * header[8]
        if struct.unpack_from(order + "I", elf, at)[0] != PT_DYNAMIC:
            continue
        offset = struct.unpack_from(order + ("Q" if wide else "I"), elf, at + (8 if wide else 4))[0]
        while True:
            tag, value = entry.unpack_from(elf, offset)
            if tag == DT_FLAGS:
                entry.pack_into(elf, offset, DT_FLAGS, value | DF_SYMBOLIC)
                return
            if tag in (DT_RELACOUNT, DT_RELCOUNT):
                entry.pack_into(elf, offset, DT_SYMBOLIC, 0)
                return
            if tag == DT_NULL:
                raise ValueError("the dynamic section has no place for DT_SYMBOLIC")
            offset += entry.size
    raise ValueError("no dynamic section")


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="cairn-stock-"))
        name, path = libolm()
        with open(path, "rb") as f:
            elf = bytearray(f.read())
        mark_symbolic(elf)
        cls.symbolic = os.path.join(cls.folder, "symbolic")
        os.mkdir(cls.symbolic)
        with open(os.path.join(cls.symbolic, name), "wb") as f:
            f.write(elf)

    def env(self, symbolic, **more):
        env = {**os.environ, **more}
        if symbolic:
            env["LD_LIBRARY_PATH"] = self.symbolic
            env["LIBOLM_SYMBOLIC"] = "1"
        return env


class Programs(Case):
    def run_test(self, name, symbolic):
        done = subprocess.run([os.path.join(BUILD, "tests", "crypt", name)], env=self.env(symbolic), cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
        self.assertNotRegex(done.stdout, r"(?m)^not ok")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_symbolic_libolm_is_noticed(self):
        self.assertIn("primitives_in_force says yes", self.run_test("test_stock_referenced", False))
        self.assertIn("primitives_in_force says no: libolm calls its own aes_encrypt_cbc_length",
                      self.run_test("test_stock_referenced", True))

    def test_strict_layer_holds_alone(self):
        """Every test of this room that speaks of what is refused, with libolm's own primitives below it."""
        for name in ("test_crosssign", "test_device", "test_envelope", "test_keys", "test_low_order", "test_low_order_events",
                     "test_seal", "test_strict", "test_todevice"):
            with self.subTest(name):
                self.run_test(name, True)


class Configure(Case):
    """The real configure, told to stop after its checks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = os.path.join(cls.folder, "source")
        os.makedirs(os.path.join(cls.source, "node", "base"))
        for name in ("configure", "Makefile.in", "build-aux", "node/base/err.h"):
            have, want = os.path.join(SRC, name), os.path.join(cls.source, name)
            (shutil.copytree if os.path.isdir(have) else shutil.copy)(have, want)
            os.chmod(want, 0o755)  # The source may be read-only; a copy must be removable.
        cls.cache = os.path.join(cls.folder, "config.cache")

    def configure(self, answer, symbolic=False, **variables):
        with tempfile.TemporaryDirectory(dir=self.folder) as build:
            env = self.env(symbolic)
            for name in ("CFLAGS", "LDFLAGS", "LIBS", "CONFIG_SITE"):
                env.pop(name, None)
            done = subprocess.run([os.path.join(self.source, "configure"), "--no-create", "--cache-file=" + self.cache,
                                   *(f"{name}={value}" for name, value in variables.items())], cwd=build, env=env,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(f"checking whether a program can replace libolm's primitives... {answer}\n", done.stdout)
            self.assertEqual("WARNING: libolm will use its own" in done.stderr, answer == "no")
            self.assertRegex(done.stdout, rf"(?m)^ +olm .*; its primitives replaced: {answer}$")

    def test_link_is_tried(self):
        self.configure("yes")
        self.configure("no", symbolic=True)
        script = os.path.join(self.folder, "local.map")
        with open(script, "w", encoding="ascii") as f:
            f.write("{ local: *; };\n")
        os.remove(self.cache)  # It keeps what LDFLAGS was.
        self.configure("no", LDFLAGS=f"-Wl,--version-script={script}")


class Node(Case):
    """The real cairn-node, from its start to what cairn doctor shows."""

    def start(self, symbolic, require):
        folder = tempfile.mkdtemp(dir=self.folder)
        self.state = os.path.join(folder, "state")
        self.config = os.path.join(folder, "cairn.conf")
        self.log = os.path.join(folder, "log")
        os.mkdir(self.state, 0o700)
        with open(self.config, "w", encoding="ascii") as f:
            f.write(CONFIG.format(folder=folder, state=self.state, require=require))
        os.chmod(self.config, 0o600)
        # A sandboxed process cannot be traced, not even by LeakSanitizer's own thread.
        options = "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")
        self.control, theirs = socket.socketpair()
        self.addCleanup(self.control.close)
        with theirs:
            return spawn(os.path.join(BUILD, "cairn-node"), ["-c", self.config], theirs.fileno(),
                         self.env(symbolic, ASAN_OPTIONS=options), self.log)

    def said(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read()

    def doctor(self, symbolic, require):
        """What cairn doctor says of the primitives."""
        pid = self.start(symbolic, require)
        end = time.monotonic() + PATIENCE
        try:
            while "ready" not in self.said():
                self.assertLess(time.monotonic(), end, self.said())
                time.sleep(0.02)
            done = {mode: subprocess.run([os.path.join(BUILD, "cairn"), "-c", self.config, *mode, "doctor"], timeout=60,
                                         stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
                    for mode in ((), ("--json",))}
        finally:
            os.kill(pid, signal.SIGTERM)
            self.assertEqual(wait(pid), 0, self.said())
        try:
            checks = json.loads(done[("--json",)].stdout)["checks"]
        except (ValueError, KeyError):
            self.fail(f"{done}")
        line, = (line for line in done[()].stdout.splitlines() if "primitives" in line)
        item, = (item for item in checks if item["name"] == "primitives")
        return item, line

    def test_in_force(self):
        for require in ("no", "yes"):
            item, line = self.doctor(False, require)
            self.assertTrue(item["ok"], item)
            self.assertIn("libolm uses libcrypto and libsodium", line)
            self.assertNotIn("own primitives", self.said())

    def test_not_in_force(self):
        item, line = self.doctor(True, "no")
        self.assertFalse(item["ok"], item)
        self.assertEqual(item["text"], "libolm calls its own aes_encrypt_cbc_length")
        self.assertIn("libolm calls its own", line)
        self.assertIn("libolm's own primitives are in use: libolm calls its own", self.said())

    def test_not_in_force_but_required(self):
        pid = self.start(True, "yes")
        self.assertEqual(wait(pid), EX_CONFIG)
        self.assertIn("libolm's own primitives are in use: libolm calls its own", self.said())
        self.assertNotIn("ready", self.said())
        self.assertEqual(os.listdir(self.state), [])


if __name__ == "__main__":
    tap.main()
