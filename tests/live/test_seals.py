# SPDX-License-Identifier: Apache-2.0
"""The seals while a whole referral crosses two real homeservers: the programs run under the example unit's restrictions and their own sandbox,
and the member's words, the node's keys and both passwords are looked for wherever they must not be: memory, arguments, environment, open and
other files, logs at level debug, both homeservers.

Run as root with the Python of the virtual environment nio; $CAIRN_BUILD is the build directory.
"""

import base64
import os
import pathlib
import pwd
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import tap
from demo import Story, canary, disguises, search
from homeserver import ROOT
from nioclient import NioClient
from node import Network
from traces import Keys, found_in, memory, open_files, recovery_secrets, start

PROGRAMS = ("cairnd", "cairn-node", "cairn-bridge")
IS_ROOT = os.geteuid() == 0
CONFINED = IS_ROOT and shutil.which("systemd-analyze") is not None
shared = {}


class Quiet(Story):
    """The demo's story, told as comments, by nodes that this module has started."""

    def tell(self, text):
        print(f"# {text}", flush=True)


def wrap(network):
    """Programs whose cairnd starts under the unit's restrictions, as nobody. The shell becomes it, so that its pid stays."""
    nobody = pwd.getpwnam("nobody")
    for node in network.nodes:
        script = node.directory / "cairnd"
        words = [sys.executable, HERE.parent / "confine.py", ROOT / "docs/examples/cairnd.service", node.state, nobody.pw_uid, nobody.pw_gid]
        script.write_text(f'#!/bin/sh\nexec {" ".join(shlex.quote(str(word)) for word in words)} {network.programs.cairnd} "$@"\n')
        script.chmod(0o755)
        node.programs = Recorder(node.programs, script)
        key = node.directory / "kek"
        key.touch(0o400)
        key.write_bytes(os.urandom(32))
        for path in node.state, key:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        for path in node.directory, node.config:
            path.chmod(0o755)


class Recorder:
    """Programs that remember the arguments of each command."""

    said = []

    def __init__(self, programs, cairnd):
        self._programs = programs
        self.cairn, self.cairnd, self.node, self.bridge = programs.cairn, cairnd, programs.node, programs.bridge

    def run(self, *arguments, **named):
        Recorder.said.append(" ".join(map(str, arguments)))
        return self._programs.run(*arguments, **named)


def setUpModule():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cairn-seals-")).resolve()
    directory.chmod(0o755)
    shared["directory"] = directory
    unittest.addModuleCleanup(tear_down)
    temporary = directory / "tmp"
    temporary.mkdir()
    temporary.chmod(0o1777)
    os.environ["TMPDIR"] = str(temporary)  # of all that is started from here on
    build = directory / "build"
    build.mkdir()
    for name in (*PROGRAMS, "cairn"):
        shutil.copy(pathlib.Path(os.environ.get("CAIRN_BUILD") or ROOT / "build") / name, build)
    network = shared["network"] = Network(directory / "net", build)
    network.directory.chmod(0o755)
    network.pair.start()
    network.prepare()
    for node in network.nodes:
        node.config.write_text(node.config.read_text() + "log_level = debug\n")
    for path in (network.pair.ca_file, *network.pair.ca_file.parents):
        if directory in path.parents:
            path.chmod(0o755)
    if CONFINED:
        wrap(network)
    for node in network.nodes:
        node.start()
    passwords = {node: node.make_accounts() for node in network.nodes}
    shared["passwords"] = {f"{node.directory.name} {which}": word for node in network.nodes for which, word in zip(("node", "steward"), passwords[node])}
    network.set_up = lambda: [node.setup(*passwords[node]) and node.cairn("show", "node") for node in network.nodes]
    story = shared["story"] = Quiet(network.directory, False)
    story.network = network
    story.harbor, story.lighthouse = network.nodes
    whole = (story.set_up, story.fill, story.publish, story.follow, story.find, story.refer, story.consent, story.close, story.decline)
    for part in (*whole, story.waitlist, story.forward, story.revoke, story.case, story.match, story.groups):
        part()
    talk(story)


def talk(story):
    """Plain messages with a member: one each way, and one that waits for a device that may read it."""
    words, node, home = story.words, story.harbor, story.network.pair.b
    words |= {f"message {what}": canary() for what in ("in", "out", "unsent")}
    home.register("ana", "correct horse battery staple")
    ana = NioClient(home, "ana", "correct horse battery staple", shared["directory"] / "nio")
    unittest.addModuleCleanup(ana.close)
    ana.cross_sign("correct horse battery staple")
    room = ana.direct_chat(node.user)
    ana.trust(node.user)
    ana.send_text(room, words["message in"])
    node.wait(lambda: any(message["body"] == words["message in"] for message in node.list("messages")), "hears the member")
    node.cairn("say", ana.user_id, "/dev/stdin", "--wait", stdin=words["message out"])
    ana.wait_text(room, words["message out"])
    node.cairn("say", home.user("ben").user_id, "/dev/stdin", stdin=words["message unsent"])


def tear_down():
    network = shared.get("network")
    if network:
        network.finish()
    if not os.environ.get("CAIRN_KEEP"):
        shutil.rmtree(shared["directory"])


def pids(node):
    return {"cairnd": node.pid(), "cairn-node": node.child("cairn-node"), "cairn-bridge": node.child("cairn-bridge")}


def everybody():
    """(node, program, pid) of all six processes."""
    return [(node, name, pid) for node in shared["network"].nodes for name, pid in pids(node).items()]


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def patterns(words):
    """{name: [bytes]}: texts in every disguise, keys as they are, in hex and in base64."""
    found = {}
    for name, word in words.items():
        if isinstance(word, str):
            found[name] = disguises(word)
        else:
            found[name] = [word, word.hex().encode(), base64.b64encode(word)[:40], base64.urlsafe_b64encode(word)[:40]]
    return found


class Sandbox(unittest.TestCase):
    def test_each_process_is_sealed(self):
        for node, name, pid in everybody():
            with self.subTest(node=node.name, program=name):
                s = status(pid)
                own = name != "cairnd"
                if own:
                    self.assertEqual((s["Seccomp"], s["NoNewPrivs"]), ("2", "1"))
                    self.assertEqual([int(s[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")], [0] * 4)
                if CONFINED:
                    self.assertEqual((s["Seccomp_filters"], int(s["CapBnd"], 16)), ("2" if own else "1", 0))
                    self.assertEqual(s["Uid"].split(), [str(pwd.getpwnam("nobody").pw_uid)] * 4)
                limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
                self.assertRegex(limits, r"Max core file size +0 +0 ")
        for node in shared["network"].nodes:
            self.assertNotIn("Landlock", node.log.read_text())

    @unittest.skipUnless(CONFINED, "needs root and systemd-analyze")
    def test_nothing_but_the_state_directory_was_written(self):
        """The mounts allow no more; and no descriptor is open for writing elsewhere, be it a nameless file."""
        for node, name, pid in everybody():
            for what, link in open_files(pid):
                target = str(link.readlink())
                if target.startswith(("socket:", "anon_inode:", "pipe:")) or target in ("/dev/null", str(node.log)):
                    continue
                self.assertTrue((target + "/").startswith(str(node.state) + "/") and name == "cairn-node", what)
                self.assertNotIn("(deleted)", target)


@unittest.skipUnless(IS_ROOT, "only root can read what the programs hide")
class Traces(unittest.TestCase):
    def setUp(self):
        self.network, self.story = shared["network"], shared["story"]
        self.words = {**self.story.words, **shared["passwords"]}
        self.keys = {node: Keys(node.database, node.directory / "kek") for node in self.network.nodes}
        for keys in self.keys.values():
            self.addCleanup(keys.close)

    def secrets(self, node):
        """The keys of a node, by name."""
        keys = self.keys[node]
        found = {"kek": keys.kek, "data key": keys.data_key, "column key": keys.seal, "index key": keys.index, "pickle key": keys.pickle_key()}
        found |= {f"meta {name}": value.decode() for name, value in keys.meta().items() if value}
        found |= {f"recovery {n}": word for n, word in enumerate(recovery_secrets(node.state / "recovery.txt"))}
        return found

    def test_memory_of_bridges_and_parents(self):
        for node, name, pid in everybody():
            if name == "cairn-node":
                continue
            with self.subTest(node=node.name, program=name):
                words = {**self.words, **self.secrets(node)}
                if name == "cairnd":
                    words |= {f"token {account}": token for account, token in self.keys[node].tokens().items()}
                pieces = list(memory(pid))
                self.assertEqual(found_in(pieces, patterns(words)), {})
                # It is not blind: what belongs there is found.
                known = {"configuration": str(node.config)} if name == "cairnd" else {f"token {a}": t for a, t in self.keys[node].tokens().items()}
                self.assertEqual(set(found_in(pieces, patterns(known))), set(known))

    def test_memory_of_nodes(self):
        """They may hold the words; the key that opens the store is gone, and so are passwords and recovery keys."""
        for node in self.network.nodes:
            with self.subTest(node=node.name):
                secrets = self.secrets(node)
                held = found_in(memory(node.child("cairn-node")), patterns({**secrets, **shared["passwords"]}))
                self.assertTrue({"column key", "index key", "pickle key"} <= set(held), held.keys())
                print(f"# {node.name} holds: {', '.join(sorted(held))}")
                self.assertEqual(set(held) & ({"kek", "data key", *shared["passwords"]} | {name for name in secrets if name.startswith("recovery")}), set())

    def test_arguments_and_environment(self):
        everything = {**self.words}
        for node in self.network.nodes:
            everything |= {f"{node.name} {name}": word for name, word in self.secrets(node).items()}
            everything |= {f"{node.name} token {a}": t for a, t in self.keys[node].tokens().items()}
        pieces = [piece for _, _, pid in everybody() for piece in start(pid)] + [("a command", said.encode()) for said in Recorder.said]
        self.assertEqual(found_in(pieces, patterns(everything)), {})
        if CONFINED:
            self.assertGreater(len(Recorder.said), 20)
        # A process that was given a word is noticed.
        word = canary()
        for command, env in (["sleep", "30", word], {}), (["sleep", "30"], {"WORD": word}):
            if word in command:
                command = ["sh", "-c", "sleep 30", word]
            child = subprocess.Popen(command, env=os.environ | env)
            try:
                time.sleep(0.05)
                self.assertEqual(set(found_in(start(child.pid), patterns({"word": word}))), {"word"})
            finally:
                child.kill()
                child.wait()

    def test_files(self):
        """Databases with WAL and shared memory, logs at level debug, everything below both nodes and both homeservers, and the directory for temporary files."""
        tokens = {f"{node.name} token {a}": t for node in self.network.nodes for a, t in self.keys[node].tokens().items()}
        places = self.story.plant()
        ours = [node.directory for node in self.network.nodes]
        theirs = self.network.pair.directory
        temporary = shared["directory"] / "tmp"
        (temporary / "planted").write_text(self.story.planted)
        places["temporary files"] = [temporary]
        files = {place: [f for f in place.rglob("*") if f.is_file()] for place in [*ours, theirs, temporary]}
        for place in ours:
            keys = self.secrets(next(node for node in self.network.nodes if node.directory == place))
            here = [f for f in files[place] if f.name not in ("recovery.txt", "kek")]
            self.assertIn("cairn.db-wal", {f.name for f in here})
            self.assertIn("cairn.db-shm", {f.name for f in here})
            self.assertEqual(search({**self.words, **tokens, **{k: v for k, v in keys.items() if isinstance(v, str)}}, here), {})
            raw = patterns({k: v for k, v in keys.items() if not isinstance(v, str)})
            self.assertEqual(found_in(((f, f.read_bytes()) for f in here), raw), {})
            self.assertIn("log_level = debug", (place / "cairn.conf").read_text())
            self.assertIn("cairnd.log", {f.name for f in here})
        self.assertEqual(search({**self.words, **tokens}, files[temporary]), {})
        # A homeserver knows tokens and, hashed, passwords.
        self.assertEqual(search(self.story.words, files[theirs]), {})
        for name, where in places.items():
            hits = search({"planted": self.story.planted}, [f for place in where for f in place.rglob("*") if f.is_file()])
            self.assertTrue(hits, f"the search is blind in {name}")
        # The words are in the store, sealed: else nothing was searched for.
        shown = str(self.story.lighthouse.cairn("show", self.story.referral))
        self.assertIn(self.story.words["name"], shown)
        print(f"# {len(self.words)} words and {len(tokens)} tokens in {sum(map(len, files.values()))} files, {sum(f.stat().st_size for l in files.values() for f in l) / 1e6:.0f} MB")


if __name__ == "__main__":
    tap.main()
