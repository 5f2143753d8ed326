#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The seals of the real programs: an attacker's code (intruder.c) runs in cairn-bridge and in cairn-node and tries.

Two set-ups: all as one ordinary user, where only Landlock and seccomp guard; and started as root, each with a user of its own.
"""

import errno
import json
import os
import pwd
import re
import resource
import shlex
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import tap
from harness import BODY, CANCEL, END, FAIL, HEAD, HELLO, PATIENCE, REQUEST, STATUS

BUILD = os.path.abspath(os.environ.get("builddir", "."))
NAMES = ("cairnd", "cairn-node", "cairn-bridge")
ROOT = os.geteuid() == 0
SECRETS = ("cairn.db", "cairn.db-wal", "cairn.db-shm", "cairn.lock", "recovery.txt")
KILLED = -signal.SIGSYS
# Deeds that end whoever does them, in either program.
HOSTILE = ("exec:/bin/true", "trace", "seize", "readmem", "writemem", "signal", "probe", "tsignal", "queue", "pidfd", "takefd",
           "pidsignal", "compare", "uring", "newroot")
shared = {}


def setUpModule():
    shared["folder"] = folder = tempfile.mkdtemp(prefix="test_seals.")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    os.chmod(folder, 0o755)
    for name in NAMES:  # where an ordinary user may run them
        shutil.copy(os.path.join(BUILD, name), folder)
        os.chmod(os.path.join(folder, name), 0o755)
    shared["intruder"] = os.path.join(folder, "intruder.so")
    compiler = shlex.split(os.environ.get("CC") or "cc")
    subprocess.run([*compiler, "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-o", shared["intruder"], os.path.join(HERE, "intruder.c"), "-ldl"], check=True)
    os.chmod(shared["intruder"], 0o755)


def port_of(listener):
    return listener.getsockname()[1]


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def until(found, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = found()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(what() if callable(what) else what)


def user_of(name):
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


class Case(unittest.TestCase):
    """A folder with configuration, key file and state directory, and programs that run there."""

    own_users = False  # the second set-up

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="run.", dir=shared["folder"])
        self.state = os.path.join(self.folder, "state")
        self.key = os.path.join(self.folder, "kek")
        self.config = os.path.join(self.folder, "cairn.conf")
        self.socket = os.path.join(self.state, "admin.sock")
        self.log = os.path.join(self.folder, "log")
        self.children = []
        # One user for all: that of the test, or if that is root, who may do too much, nobody. The node's user owns the state directory.
        self.user = None if self.own_users or not ROOT else user_of("nobody")
        owner = self.user or (user_of("daemon") if self.own_users else None)
        self.home, self.other = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
        os.mkdir(self.state, 0o700)
        with open(self.key, "wb", opener=lambda p, f: os.open(p, f, 0o400)) as f:
            f.write(os.urandom(32))
        with open(os.path.join(self.state, "recovery.txt"), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("the private cross-signing keys\n")
        with open(self.config, "w", encoding="ascii") as f:
            f.write("organization = Test\nserver_name = test.example\nnode_user = n\nsteward_user = s\n"
                    f"homeserver = http://127.0.0.1:{port_of(self.home)}\nhomeserver_loopback_http = yes\n"
                    f"state_dir = {self.state}\nkey_file = {self.key}\n" + ("bridge_user = nobody\n" if self.own_users else ""))
        for path in [self.folder, self.state, self.key, os.path.join(self.state, "recovery.txt")]:
            if owner:
                os.chown(path, *owner)
        os.chmod(self.folder, 0o755)

    def tearDown(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
                child.wait(PATIENCE)
        self.home.close()
        self.other.close()
        self.assertNotRegex(self.said(), "Sanitizer|runtime error")

    def said(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def run_as_user(self, command, fd=None, **env):
        """A process of the set-up's user, which logs; fd becomes its descriptor 3."""
        user = {"user": self.user[0], "group": self.user[1], "extra_groups": []} if self.user else {}
        options = "verify_asan_link_order=0:disable_coredump=0:handle_segv=0:detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")
        give = (lambda: os.dup2(fd, 3)) if fd is not None else None
        with open(self.log, "ab") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log, cwd=self.folder, close_fds=fd is None,
                                     preexec_fn=give, env=os.environ | {"ASAN_OPTIONS": options} | env, **user)
        self.children.append(child)
        return child

    def program(self, name):
        return os.path.join(shared["folder"], name)

    def start(self, **env):
        """cairnd and both programs; returns when they are sealed."""
        command = [self.program("cairnd"), "-c", self.config, "-n", self.program("cairn-node"), "-b", self.program("cairn-bridge")]
        self.cairnd = self.run_as_user(command, **env)
        for name in "cairn-node", "cairn-bridge":
            until(lambda name=name: self.pid(name) and status(self.pid(name))["Seccomp"] == "2", self.said)
        # Its database, so that there is something to steal.
        until(lambda: os.path.exists(os.path.join(self.state, "cairn.db-wal")), self.said)
        until(lambda: "info node: ready" in self.said(), self.said)
        return self.pid("cairn-node"), self.pid("cairn-bridge")

    def pid(self, name):
        try:
            with open(f"/proc/{self.cairnd.pid}/task/{self.cairnd.pid}/children", encoding="ascii") as f:
                pids = f.read().split()
            for pid in pids:
                with open(f"/proc/{pid}/comm", encoding="ascii") as f:
                    if f.read().strip() == name:
                        return int(pid)
        except OSError:
            pass
        return None

    def intrude(self, whom, deeds, **env):
        """What deeds became of in the program, which runs under cairnd: {deed: errno}."""
        self.start(LD_PRELOAD=shared["intruder"], INTRUDER=whom, INTRUDER_DEEDS=" ".join(deeds),
                   **({"INTRUDER_AWAIT": os.path.join(self.state, "cairn.db-wal")} if whom == "cairn-bridge" else {}), **env)
        until(lambda: "intruder done" in self.said(), self.said)
        return self.results()

    def results(self):
        return {m[1]: int(m[2]) for m in re.finditer(r"^intruder (?!tries |done )(\S+) (\d+)$", self.said(), re.M)}

    def secrets(self, verb):
        """A deed for each file that nobody but the node may open."""
        return [f"{verb}:{path}" for path in [*(os.path.join(self.state, name) for name in SECRETS), self.key]]

    def check(self, results, expected):
        """expected: {errno: [deed, ...]}."""
        wanted = {deed: number for number, deeds in expected.items() for deed in deeds}
        names = lambda table: {deed: errno.errorcode.get(number, number) for deed, number in table.items()}
        self.assertEqual(names(results), names(wanted), self.said())

    def bridge_expectation(self):
        home, other = port_of(self.home), port_of(self.other)
        held = f"connectheld:{self.socket}"
        return {
            errno.EACCES: [
                *([held] if self.own_users else []), *self.secrets("read"), *self.secrets("write"), f"connect:{self.socket}", f"list:{self.state}", f"create:{self.state}/new",
                f"create:{self.folder}/new", "read:/proc/self/mem", "read:/proc/self/environ", "read:/etc/shadow", f"read:{self.config}",
                "proc:mem", "procwrite:mem", "proc:maps", "proc:environ", "proc:status", "proclink:exe", "proclink:fd/4", "proclink:cwd",
                "socket:1", "socket:16", "socket:17", "socket:40", "datagrams", f"tcp:{other}", f"mptcp:{home}", f"mptcp:{other}", "code",
                f"bind:{home + 1 if home < 65535 else home - 1}",
            ],
            errno.EPERM: [f"fastopen:{home}", f"fastopen:{other}", "own", "limit", "unmask", "fork"],
            errno.EISCONN: [] if self.own_users else [held],
            errno.ENOSYS: [f"remove:{self.state}/cairn.db"],
            0: [f"tcp:{home}", "socket:2"],
        }

    def node_expectation(self):
        home = port_of(self.home)
        return {
            errno.EACCES: [
                f"read:{self.key}", f"read:{self.config}", f"write:{self.key}", "read:/etc/passwd", "read:/etc/ssl/openssl.cnf",
                f"list:{self.folder}", "list:/", f"create:{self.folder}/new", "read:/proc/self/mem", "proc:environ",
                f"connect:{self.socket}", "socket:1", "socket:2", "socket:10", "socket:16", "socket:17", "datagrams", f"tcp:{home}",
                f"mptcp:{home}", f"fastopen:{home}", f"bind:{home}", "fork", "code",
            ],
            errno.EPERM: ["own", "limit", "unmask"],
            0: [f"read:{self.state}/cairn.db", f"write:{self.state}/cairn.lock", f"create:{self.state}/new", f"remove:{self.state}/new"],
        }

    @staticmethod
    def deeds(expected):
        return [deed for deeds in expected.values() for deed in deeds]

    def alone(self, name, fd, victim, deed):
        """The program outside cairnd, where an end by a signal makes no waiting longer: its exit status after one deed."""
        arguments = ["matrix"] if name == "cairn-bridge" else []
        child = self.run_as_user([self.program(name), *arguments, "-c", self.config], fd, LD_PRELOAD=shared["intruder"], INTRUDER=name,
                                 INTRUDER_DEEDS=deed, INTRUDER_VICTIM=str(victim))
        return until(lambda: child.poll() or ("intruder done" in self.said() and 1), self.said), child

    def hostile(self, name, victim):
        for deed in HOSTILE:
            with self.subTest(deed=deed):
                kind = socket.SOCK_STREAM if name == "cairn-bridge" else socket.SOCK_SEQPACKET
                ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
                with ours, theirs:
                    ended, _ = self.alone(name, theirs.fileno(), victim, deed)
                self.assertEqual(ended, KILLED, self.said())
                self.assertTrue(self.said().endswith(f"intruder tries {deed}\n"), self.said()[-300:])


class OneUser(Case):
    """Bridge and node run as the same user: permissions guard nothing, the sandboxes all."""

    def test_bridge_is_shut_in(self):
        expected = self.bridge_expectation()
        self.check(self.intrude("cairn-bridge", self.deeds(expected)), expected)
        self.assertEqual(status(self.pid("cairn-node"))["Uid"], status(self.pid("cairn-bridge"))["Uid"])

    def test_older_kernels(self):
        """What a version of Landlock lacks is open, all else stays shut; none at all is said in a warning."""
        home, other = port_of(self.home), port_of(self.other)
        file, key = f"read:{self.state}/cairn.db", f"read:{self.key}"
        always = ["own", "unmask", "socket:1", f"mptcp:{other}", f"fastopen:{other}", "code", "datagrams", "limit", "fork"]
        deeds = [file, key, f"write:{self.state}/cairn.lock", f"tcp:{other}", f"tcp:{home}", *always]
        for version, files, ports in (0, 0, 0), (1, errno.EACCES, 0), (2, errno.EACCES, 0), (3, errno.EACCES, 0), (5, errno.EACCES, errno.EACCES):
            with self.subTest(version=version):
                if os.path.exists(self.log):
                    os.unlink(self.log)
                results = self.intrude("cairn-bridge", deeds, INTRUDER_LANDLOCK=str(version))
                self.assertEqual([results[deed] for deed in deeds[:5]], [files] * 3 + [ports, 0], self.said())
                self.assertEqual([results[deed] for deed in always],
                                 [errno.EPERM, errno.EPERM, errno.EACCES, errno.EACCES, errno.EPERM, errno.EACCES, errno.EACCES, errno.EPERM, errno.EPERM])
                self.assertEqual(self.said().count("this kernel has no Landlock"), 2 if version == 0 else 0)
                self.cairnd.terminate()
                self.cairnd.wait(PATIENCE)

    def test_without_the_sandbox_the_same_code_succeeds(self):
        """Else the tests above would show nothing: the intruder acts before main."""
        self.start()  # so that there are files, a socket and a node
        home, other = port_of(self.home), port_of(self.other)
        victim = self.pid("cairn-node")
        could = [*self.secrets("read"), f"connect:{self.socket}", f"list:{self.state}", f"tcp:{other}", f"mptcp:{home}", f"create:{self.folder}/new",
                 f"remove:{self.folder}/new", "socket:1", "socket:16", "datagrams", "own", "probe", "pidfd", "proc:status"]
        could += [f"write:{self.state}/{name}" for name in SECRETS]
        hidden = ["proc:mem", "procwrite:mem", "proc:environ", "proclink:fd/4"]  # the node is not dumpable
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.run_as_user([self.program("cairn-bridge"), "matrix", "-c", self.config], theirs.fileno(), LD_PRELOAD=shared["intruder"],
                             INTRUDER="cairn-bridge", INTRUDER_DEEDS=" ".join([*could, *hidden, "trace", "seize", "readmem", "takefd"]),
                             INTRUDER_VICTIM=str(victim), INTRUDER_EARLY="1")
            until(lambda: "intruder done" in self.said(), self.said)
        results = self.results()
        self.assertEqual(results.pop("takefd"), errno.EBADF)
        self.check(results, {0: could, errno.EACCES: hidden, errno.EPERM: ["trace", "seize", "readmem"]})

    def test_hostile_calls_end_the_bridge(self):
        victim, _ = self.start()
        self.hostile("cairn-bridge", victim)
        self.assertEqual(self.pid("cairn-node"), victim)
        self.assertNotIn("node ended", self.said())

    def test_node_is_shut_in(self):
        expected = self.node_expectation()
        self.check(self.intrude("cairn-node", self.deeds(expected)), expected)

    def test_hostile_calls_end_the_node(self):
        self.hostile("cairn-node", os.getpid())

    def test_nobody_of_the_same_user_reads_the_node(self):
        """A process without any sandbox: each of the three is hidden from it."""
        self.start()
        pids = [self.pid("cairn-node"), self.pid("cairn-bridge"), self.cairnd.pid]
        script = 'for f; do ( : <"$f" ) 2>/dev/null && echo "$f open"; done; echo looked as $(id -u)'
        user = {"user": self.user[0], "group": self.user[1], "extra_groups": []} if self.user else {}

        def look(*pids):
            files = [f"/proc/{pid}/{name}" for pid in pids for name in ("mem", "environ", "maps", "auxv")]
            return subprocess.run(["/bin/sh", "-c", script, "sh", *files], capture_output=True, text=True, check=True, **user).stdout

        uid = self.user[0] if self.user else os.getuid()
        self.assertEqual(look(*pids), f"looked as {uid}\n")
        open_one = subprocess.Popen(["sleep", "20"], **user)
        try:
            self.assertIn(f"/proc/{open_one.pid}/mem open", look(open_one.pid))
        finally:
            open_one.kill()
            open_one.wait()


@unittest.skipUnless(ROOT, "only root can give each program a user of its own")
class OwnUsers(Case):
    """Started as root: the node becomes the owner of its state directory, the bridge bridge_user."""

    own_users = True

    def test_users(self):
        node, bridge = self.start()
        for pid, name in (node, "daemon"), (bridge, "nobody"):
            s = status(pid)
            uid, gid = user_of(name)
            self.assertEqual((s["Uid"].split(), s["Gid"].split(), s["Groups"].split()), ([str(uid)] * 4, [str(gid)] * 4, []))
            self.assertEqual([int(s[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")], [0] * 4)
        self.assertEqual(os.stat(os.path.join(self.state, "cairn.db")).st_uid, user_of("daemon")[0])
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o600)

    def test_death_of_the_parent_ends_them(self):
        node, bridge = self.start()
        self.cairnd.kill()
        self.cairnd.wait()
        until(lambda: not os.path.exists(f"/proc/{node}") and not os.path.exists(f"/proc/{bridge}"), self.said)

    def test_bridge_is_shut_in(self):
        expected = self.bridge_expectation()
        self.check(self.intrude("cairn-bridge", self.deeds(expected)), expected)

    def test_another_user_is_enough(self):
        """Without Landlock: what the node keeps is another user's."""
        deeds = [*self.secrets("read"), f"list:{self.state}", f"write:{self.state}/cairn.lock"]
        self.assertEqual(self.intrude("cairn-bridge", deeds, INTRUDER_LANDLOCK="0"), dict.fromkeys(deeds, errno.EACCES))

    def test_node_is_shut_in(self):
        expected = self.node_expectation()
        self.check(self.intrude("cairn-node", self.deeds(expected)), expected)

    def test_hostile_calls_end_the_bridge(self):
        victim, _ = self.start()
        self.hostile("cairn-bridge", victim)
        self.assertEqual(self.pid("cairn-node"), victim)


class Cores(Case):
    def cores(self):
        return [name for name in os.listdir(self.folder) if "core" in name]

    def test_none_is_left(self):
        limit = resource.getrlimit(resource.RLIMIT_CORE)
        if limit[1] != resource.RLIM_INFINITY:
            self.skipTest("the hard limit of core files is not infinite here")
        resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, limit)
        node, bridge = self.start()
        for pid in node, bridge, self.cairnd.pid:
            with open(f"/proc/{pid}/limits", encoding="ascii") as f:
                line = next(line for line in f if line.startswith("Max core file size"))
            self.assertEqual(line.split()[4:6], ["0", "0"])
        # A program that has no such seal does leave one, or this test cannot say more than the limits do.
        control = self.run_as_user(["sleep", "20"])
        control.send_signal(signal.SIGSEGV)
        control.wait(PATIENCE)
        found = self.cores()
        for name in found:
            os.unlink(os.path.join(self.folder, name))
        for pid, name in (bridge, "matrix"), (node, "node"):
            os.kill(pid, signal.SIGSEGV)
            until(lambda name=name: f"{name} ended with signal 11" in self.said(), self.said)
        # cairnd takes signals as they are sent, but not a fault of its own.
        self.cairnd.terminate()
        self.assertEqual(self.cairnd.wait(PATIENCE), 0)
        command = [self.program("cairnd"), "-c", self.config, "-n", self.program("cairn-node"), "-b", self.program("cairn-bridge")]
        self.cairnd = self.run_as_user(command, LD_PRELOAD=shared["intruder"], INTRUDER="cairnd", INTRUDER_DEEDS="crash")
        self.assertEqual(self.cairnd.wait(PATIENCE), -signal.SIGSEGV)
        self.assertEqual(self.cores(), [])
        if not found:
            self.skipTest("this kernel writes no core file beside a program: only the limits were seen to be 0")


class Frames(Case):
    """A bridge that breaks the grammar is dropped, and the node goes on with the next."""

    def setUp(self):
        super().setUp()
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(self.control.close)
        with theirs:
            self.node = self.run_as_user([self.program("cairn-node"), "-c", self.config], theirs.fileno())
        until(lambda: "info node: ready" in self.said(), self.said)

    def tearDown(self):
        self.control.close()
        self.assertEqual(self.node.wait(PATIENCE), 0, self.said())
        super().tearDown()

    def command(self, verb, **arguments):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.socket)
            s.sendall(json.dumps({"verb": verb, "args": arguments}).encode() + b"\n")
            return json.loads(s.makefile().readline())

    def bridge(self):
        """A new bridge, handed to the node as cairnd does."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        ours.settimeout(PATIENCE)
        with theirs:
            socket.send_fds(self.control, [b"matrix"], [theirs.fileno()])
        return ours

    @staticmethod
    def requests(bridge, n):
        """The ids of n whole requests."""
        data, ids, heard = b"", [], 0
        while heard < n:
            got = bridge.recv(1 << 16)
            assert got, "the node hung up"
            data += got
            while len(data) >= 4 and len(data) >= 4 + HEAD.unpack_from(data.ljust(HEAD.size))[0]:
                length, kind, i = HEAD.unpack_from(data)
                text, data = data[HEAD.size:4 + length], data[4 + length:]
                if kind == REQUEST:
                    ids.append(i)
                    heard += not json.loads(text)["body"]
                heard += kind == END
        return ids

    def frame(self, kind, i, payload=b""):
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        return HEAD.pack(9 + len(payload), kind, i) + payload

    def broken(self, i, j):
        """Two requests are in flight. What is whole but for its last frame, by what is wrong with that."""
        f, good = self.frame, self.frame(STATUS, i, {"status": 200, "retry_after_ms": -1})
        return {
            "length 0": struct.pack("<I", 0),
            "length 8": struct.pack("<IBI", 8, BODY, 1) + b"xxxx",
            "length over the limit": HEAD.pack((1 << 20) + 1, BODY, i),
            "length 2^32 - 1": HEAD.pack(0xFFFFFFFF, BODY, i),
            "text": b"HTTP/1.1 200 OK\r\n\r\n",
            "type 0": f(0, i), "type 8": f(8, i), "type 255": f(255, i),
            "HELLO": f(HELLO, 0, {"accounts": {}}), "HELLO of a request": f(HELLO, i, {"accounts": {}}),
            "REQUEST": f(REQUEST, i, {}), "REQUEST of its own": f(REQUEST, 99, {}), "CANCEL": f(CANCEL, i),
            "id 0": f(STATUS, 0, {"status": 200, "retry_after_ms": -1}),
            "id of no request": f(STATUS, max(i, j) + 1000, {"status": 200, "retry_after_ms": -1}),
            "id of no request, END": f(END, max(i, j) + 1000),
            "BODY first": f(BODY, i, b"{}"), "END first": f(END, i),
            "STATUS twice": good + good, "END with words": good + f(END, i, b"x"),
            "STATUS is no JSON": f(STATUS, i, b"{"), "STATUS is empty": f(STATUS, i), "STATUS without status": f(STATUS, i, {}),
            "STATUS in words": f(STATUS, i, {"status": "200", "retry_after_ms": -1}), "STATUS 0": f(STATUS, i, {"status": 0}),
            "STATUS 2^32 + 200": f(STATUS, i, {"status": (1 << 32) + 200}), "STATUS -1": f(STATUS, i, {"status": -1}),
            "STATUS with a fraction": f(STATUS, i, b'{"status":200.5}'), "STATUS is huge": f(STATUS, i, b"[" * 500_000),
            "STATUS is a wide tree": f(STATUS, i, b"[" + b"{}," * 300_000 + b"{}]"),
            "FAIL is no JSON": f(FAIL, i, b"no"), "FAIL without kind": f(FAIL, i, {"text": "x"}), "FAIL in numbers": f(FAIL, i, {"kind": 1, "text": 2}),
            "FAIL twice": f(FAIL, i, {"kind": "reset", "text": "x"}) * 2,
            "BODY after the END of another answer": f(STATUS, j, {"status": 599}) + f(END, j) + f(BODY, j, b"x"),
            "BODY longer than its request allows": good + f(BODY, i, bytes(1 << 19)) * 3,
            "BODY longer than any answer": good + f(BODY, i, bytes(1 << 19)) * 20,
        }

    def test_each_drops_the_bridge_only(self):
        self.assertTrue(self.command("setup", node_password="one", steward_password="two")["ok"])
        bridge = self.bridge()
        ids = self.requests(bridge, 2)  # both log in
        names = list(self.broken(*ids))
        for name in names:
            with self.subTest(name):
                try:
                    bridge.sendall(self.broken(*ids)[name])
                except (BrokenPipeError, ConnectionResetError):
                    pass
                try:
                    while bridge.recv(1 << 16):
                        pass
                except ConnectionResetError:
                    pass
                bridge.close()
                self.assertTrue(self.command("status")["ok"])
                self.assertIsNone(self.node.poll())
                bridge = self.bridge()
                ids = self.requests(bridge, 2)
        self.assertEqual(self.said().count("error node: the bridge broke the frame grammar; it is dropped"), len(names), self.said())

    def test_a_good_answer_in_pieces_is_none_of_it(self):
        """Else the test above could not tell a broken frame from any."""
        self.assertTrue(self.command("setup", node_password="one", steward_password="two")["ok"])
        bridge = self.bridge()
        i, j = self.requests(bridge, 2)
        said = {"errcode": "M_FORBIDDEN", "error": "no"}
        answer = self.frame(STATUS, i, {"status": 403, "retry_after_ms": -1}) + self.frame(BODY, i, said) + self.frame(END, i)
        for at in range(len(answer)):
            bridge.sendall(answer[at:at + 1])
        bridge.sendall(self.frame(FAIL, j, {"kind": "reset", "text": "gone"}))
        until(lambda: self.command("status")["result"]["setup"] == "failed", lambda: str(self.command("status")))
        self.assertNotIn("grammar", self.said())


if __name__ == "__main__":
    tap.main()
