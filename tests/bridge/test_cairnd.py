#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real cairnd with a node and a bridge that only tell what happens to them."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import tap
from harness import PATIENCE, wait

PROGRAM = os.path.join(os.environ.get("builddir", "."), "cairnd")

# Both write lines "who pid what" to a file.  The node says what comes over the control socket and
# through each frame socket; the bridge greets.
COMMON = """#!{python}
import os, signal, socket, sys, time
def tell(what):
    fd = os.open({tale!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{who} {{os.getpid()}} {{what}}\\n".encode())
    os.close(fd)
tell("args " + " ".join(sys.argv[1:]))
def held(fd):
    try:
        return bool(os.fstat(fd))
    except OSError:
        return False
tell("fds " + ",".join(str(fd) for fd in range(100) if held(fd)))
tell("mask " + str(len(signal.pthread_sigmask(signal.SIG_BLOCK, []))))
tell("notify " + os.environ.get("NOTIFY_SOCKET", "none"))
"""
NODE = COMMON + """
import selectors
signal.signal(signal.SIGHUP, lambda *_: tell("hup"))
{node}
control = socket.socket(fileno=3)
s = selectors.DefaultSelector()
s.register(control, selectors.EVENT_READ)
while True:
    for key, _ in s.select():
        if key.fileobj is not control:
            data = key.fileobj.recv(100)
            tell("heard " + data.decode() if data else "lost")
            if not data:
                s.unregister(key.fileobj)
                key.fileobj.close()
            continue
        text, fds, _, _ = socket.recv_fds(control, 100, 4)
        if not text:
            tell("end")
            sys.exit(0)
        tell(f"role {{text.decode()}} {{len(fds)}}")
        s.register(socket.socket(fileno=fds[0]), selectors.EVENT_READ)
"""
BRIDGE = COMMON + """
frames = socket.socket(fileno=3)
{bridge}
frames.send(f"from-{{os.getpid()}}".encode())
frames.recv(1)
tell("end")
"""


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="test_cairnd.")
        self.tale = os.path.join(self.folder, "tale")
        self.parent = None

    def tearDown(self):
        self.end()
        shutil.rmtree(self.folder)

    def end(self):
        if self.parent:
            try:
                os.kill(self.parent, signal.SIGKILL)
                os.waitpid(self.parent, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        self.parent = None

    def program(self, name, text, extra):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.format(python=sys.executable, tale=self.tale, who=name, node=extra, bridge=extra))
        os.chmod(path, 0o700)
        return path

    def start(self, node="", bridge="", inherit=(), notify=None):
        self.end()      # What a subtest that failed has left.
        environment = {k: v for k, v in os.environ.items() if k != "NOTIFY_SOCKET"} | ({"NOTIFY_SOCKET": notify} if notify is not None else {})
        self.config = os.path.join(self.folder, "conf")
        with open(self.config, "wb"):
            pass
        args = ["-c", self.config, "-n", self.program("node", NODE, node), "-b", self.program("bridge", BRIDGE, bridge)]
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.parent = subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stderr=log, pass_fds=inherit, env=environment).pid

    def said(self, who, what):
        """(pid, rest) of every line of ${who} that begins with ${what}."""
        try:
            with open(self.tale, encoding="utf-8") as f:
                lines = [line.split(" ", 2) for line in f.read().splitlines()]
        except FileNotFoundError:
            return []
        return [(int(pid), text[len(what):].strip()) for name, pid, text in lines if name == who and text.startswith(what)]

    def until(self, who, what, n=1):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.said(who, what)
            if len(found) >= n:
                return found
            time.sleep(0.01)
        with open(self.log, encoding="utf-8") as f:
            self.fail(f"{who} did not say {what!r} {n} times; {self.said(who, '')}; {f.read()}")

    def gone(self, pid):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except (FileNotFoundError, ProcessLookupError):
                return
            time.sleep(0.01)
        self.fail(f"process {pid} is still there")


class Start(Case):
    def test_descriptors_and_arguments(self):
        held = fcntl.fcntl(0, fcntl.F_DUPFD, 20)
        self.start(inherit=(held,))
        os.close(held)
        (bridge, _), = self.until("bridge", "args")
        self.assertEqual(self.until("node", "heard")[0][1], f"from-{bridge}")
        self.assertEqual(self.said("node", "args")[0][1], f"-c {self.config}")
        self.assertEqual(self.said("bridge", "args")[0][1], f"matrix -c {self.config}")
        self.assertEqual(self.said("node", "role"), [(self.said("node", "args")[0][0], "matrix 1")])
        for who in "node", "bridge":
            self.assertEqual(self.said(who, "fds")[0][1], "0,1,2,3", "no other descriptor")
            self.assertEqual(self.said(who, "mask")[0][1], "0", "no signal is blocked")

    def test_usage(self):
        for args in [], ["-c"], ["-x"], ["-c", "f", "more"]:
            done = subprocess.run([PROGRAM, *args], capture_output=True, check=False)
            self.assertEqual(done.returncode, 64, args)
            self.assertIn(b"usage: cairnd -c FILE", done.stderr)


    def test_what_is_missing_is_named_and_not_tried_again(self):
        good, gone = self.program("node", NODE, ""), os.path.join(self.folder, "gone")
        plain = os.path.join(self.folder, "plain")
        with open(plain, "wb"):
            pass
        for args, said in ((("-c", gone, "-n", good, "-b", good), f"cannot read the configuration {gone}: No such file"),
                           (("-c", plain, "-n", gone, "-b", good), f"cannot run {gone}: No such file"),
                           (("-c", plain, "-n", good, "-b", gone), f"cannot run {gone}: No such file"),
                           (("-c", gone, "-n", plain, "-b", good), f"cannot read the configuration {gone}"),
                           (("-c", gone, "-n", plain, "-b", good), f"cannot run {plain}: Permission denied")):
            done = subprocess.run([PROGRAM, *args], capture_output=True, check=False, timeout=PATIENCE, text=True)
            self.assertEqual(done.returncode, 78, args)
            self.assertIn(said, done.stderr)
        self.assertEqual(self.said("node", "args"), [], "nothing was started")


class Death(Case):
    def test_bridge_is_restarted_beside_the_same_node(self):
        self.start()
        for n in 1, 2, 3:
            heard = self.until("node", "heard", n)
            self.assertEqual(len(self.said("node", "lost")), n - 1)
            bridge = int(heard[-1][1].removeprefix("from-"))
            os.kill(bridge, signal.SIGKILL)
        heard = self.until("node", "heard", 4)
        self.assertEqual(len({pid for pid, _ in heard}), 1, "one node")
        self.assertEqual(len({text for _, text in heard}), 4, "four bridges")
        self.assertEqual(len(self.said("node", "role")), 4)
        self.assertEqual(len(self.said("node", "lost")), 3)

    def test_restarts_back_off(self):
        self.start(bridge="sys.exit(1)")
        begin = time.monotonic()
        self.until("bridge", "args", 5)
        took = time.monotonic() - begin
        self.assertGreaterEqual(took, 0.1 + 0.2 + 0.4 + 0.8)
        self.assertLess(took, 10)
        self.assertEqual(len(self.said("node", "args")), 1)
        with open(self.log, encoding="utf-8") as f:
            self.assertIn("warn cairnd: matrix ended with status 1", f.read())

    def test_a_bridge_may_go_before_its_node_is_seen_to(self):
        self.start(bridge="sys.exit(0)")
        self.until("bridge", "args", 2)
        with open(self.log, encoding="utf-8") as f:
            self.assertEqual(set(f.read().splitlines()), {"info cairnd: matrix ended"}, "that it goes is said, and is no warning")

    def test_node_is_restarted_with_new_bridges(self):
        self.start()
        (node, text), = self.until("node", "heard")
        first = int(text.removeprefix("from-"))
        os.kill(node, signal.SIGKILL)
        heard = self.until("node", "heard", 2)
        self.assertNotEqual(heard[1][0], node)
        self.assertNotEqual(heard[1][1], text)
        self.gone(first)
        self.assertEqual(len(self.said("bridge", "args")), 2)

    def test_old_bridges_end_before_the_node_starts(self):
        """A bridge that does not see the end of its socket is told to end, and awaited."""
        self.start(bridge="def term(*_):\n    time.sleep(0.7)\n    tell('told')\n    os._exit(0)\n"
                   "signal.signal(signal.SIGTERM, term)\nframes.send(b'x')\ntime.sleep(60)")
        (node, _), = self.until("node", "heard")
        os.kill(node, signal.SIGKILL)
        self.until("node", "args", 2)
        with open(self.tale, encoding="utf-8") as f:
            told = [" ".join(line.split()[::2][:2]) for line in f if line.split()[2] in ("told", "args")]
        self.assertEqual(sorted(told[:2]) + told[2:4], ["bridge args", "node args", "bridge told", "node args"])

    def test_final_statuses(self):
        for status in 78, 77:
            with self.subTest(status=status):
                self.start(node=f"time.sleep(0.3); sys.exit({status})")
                self.assertEqual(wait(self.parent), status)
                self.parent = None
                self.assertEqual(len(self.said("node", "args")), 1)
                for pid, _ in self.said("bridge", "args"):
                    self.gone(pid)
                os.unlink(self.tale)

    def test_other_statuses_are_not(self):
        self.start(node="sys.exit(70)")
        self.until("node", "args", 3)

    def test_a_bridge_does_not_decide(self):
        self.start(bridge="sys.exit(78)")
        self.until("bridge", "args", 3)
        self.assertEqual(len(self.said("node", "args")), 1)


class Signals(Case):
    def test_term_ends_all(self):
        for number in signal.SIGTERM, signal.SIGINT:
            self.start()
            (node, text), = self.until("node", "heard")
            os.kill(self.parent, number)
            self.assertEqual(wait(self.parent), 0)
            self.parent = None
            self.gone(node)
            self.gone(int(text.removeprefix("from-")))
            os.unlink(self.tale)

    def test_term_while_the_node_is_down(self):
        self.start(node="sys.exit(1)")
        self.until("node", "args", 4)
        os.kill(self.parent, signal.SIGTERM)
        self.assertEqual(wait(self.parent), 0)
        self.parent = None

    def test_the_deaf_are_killed(self):
        self.start(node="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        (node, _), = self.until("node", "heard")
        begin = time.monotonic()
        os.kill(self.parent, signal.SIGTERM)
        self.assertEqual(wait(self.parent), 0)
        self.parent = None
        self.gone(node)
        self.assertTrue(9.5 <= time.monotonic() - begin < 15)

    def test_hup_goes_to_the_node(self):
        self.start()
        self.until("node", "heard")
        os.kill(self.parent, signal.SIGHUP)
        self.until("node", "hup")
        self.assertEqual(len(self.said("node", "args")), 1)

    def test_nobody_outlives_the_parent(self):
        ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"  # so that only the end of file tells
        self.start(node=ignore, bridge=ignore)
        (node, text), = self.until("node", "heard")
        os.kill(self.parent, signal.SIGKILL)
        wait(self.parent)
        self.parent = None
        self.until("node", "end")
        self.gone(node)
        self.gone(int(text.removeprefix("from-")))

    def test_death_signal(self):
        # It reads nothing, so that it does not end by the closed socket first.
        self.start(node="signal.signal(signal.SIGTERM, lambda *_: (tell('term'), os._exit(0))); tell('ready'); time.sleep(20)")
        self.until("node", "ready")
        os.kill(self.parent, signal.SIGKILL)
        wait(self.parent)
        self.parent = None
        self.until("node", "term")


class Notify(Case):
    """What sd_notify(3) says, on a socket of ours."""

    READY = "socket.socket(fileno=os.dup(3)).send(b'{}')\ntell('said')\n"

    def listen(self, name):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(s.close)
        s.bind("\0" + name[1:] if name.startswith("@") else name)
        s.settimeout(0.3)
        return s

    def told(self, s):
        try:
            return s.recv(100)
        except TimeoutError:
            return None

    def stop(self):
        os.kill(self.parent, signal.SIGTERM)
        status = wait(self.parent)
        self.parent = None
        return status

    def test_ready_when_the_node_says_so_and_stopping_at_the_end(self):
        for name in os.path.join(self.folder, "notify"), f"@test_cairnd.{os.getpid()}":
            with self.subTest(name):
                s = self.listen(name)
                gate = os.path.join(self.folder, "gate")
                self.start(node=f"while not os.path.exists({gate!r}):\n    time.sleep(0.01)\n" + self.READY.format("ready"), notify=name)
                self.until("bridge", "args")
                self.assertIsNone(self.told(s), "nothing before the node is ready")
                with open(gate, "wb"):
                    pass
                s.settimeout(PATIENCE)
                self.assertEqual(s.recv(100), b"READY=1")
                s.settimeout(0.3)
                self.assertIsNone(self.told(s), "once")
                self.until("node", "heard")
                self.assertEqual(self.stop(), 0)
                self.assertEqual(self.told(s), b"STOPPING=1")
                self.assertIsNone(self.told(s))
                for who in "node", "bridge":
                    self.assertEqual(self.said(who, "notify")[0][1], "none", "it is cairnd's alone")
                os.unlink(self.tale)
                os.unlink(gate)

    def test_a_node_that_is_started_again_says_it_again(self):
        s = self.listen(name := os.path.join(self.folder, "notify"))
        s.settimeout(PATIENCE)
        self.start(node=self.READY.format("ready"), notify=name)
        self.assertEqual(s.recv(100), b"READY=1")
        (node, _), = self.until("node", "heard")
        os.kill(node, signal.SIGKILL)
        self.assertEqual(s.recv(100), b"READY=1")

    def test_other_words_of_the_node_are_none(self):
        s = self.listen(name := os.path.join(self.folder, "notify"))
        for word in "MAINPID=1", "ready now", "READY=1", "read", "ready" * 20:
            with self.subTest(word):
                self.start(node=self.READY.format(word), notify=name)
                self.until("node", "heard")
                self.assertIsNone(self.told(s))
                self.assertEqual(self.stop(), 0)
                self.assertEqual(self.told(s), b"STOPPING=1")
                os.unlink(self.tale)

    def test_a_node_that_gives_up_is_no_readiness(self):
        s = self.listen(name := os.path.join(self.folder, "notify"))
        self.start(node="sys.exit(78)", notify=name)
        self.assertEqual(wait(self.parent), 78)
        self.parent = None
        self.assertEqual((self.told(s), self.told(s)), (b"STOPPING=1", None))

    def test_whoever_cannot_be_told_changes_nothing(self):
        for name, why in ((os.path.join(self.folder, "gone"), "No such file"), ("vsock:2:1", "not supported"), ("/" + "x" * 200, "too long")):
            with self.subTest(name):
                self.start(node=self.READY.format("ready"), notify=name)
                self.until("node", "heard")
                self.assertEqual(self.stop(), 0)
                with open(self.log, encoding="utf-8") as f:
                    log = f.read()
                self.assertRegex(log, f"warn cairnd: {name} cannot be told READY=1: .*{why}")
                os.unlink(self.tale)


if __name__ == "__main__":
    tap.main()
