# SPDX-License-Identifier: Apache-2.0
"""Organizations that run a Cairn node each, on a pair of real homeservers: what the demo and the live tests operate.

    with Network(directory, programs) as network:
        network.join()                                      # accounts, keys, the signed trust list
        network.b.import_records("records.json")
        network.a.cairn("find", "--kind", "specialist")     # any verb of the operator's command, its JSON parsed

programs is a build directory; cairn, cairnd, cairn-node and cairn-bridge are taken from it. All else lives in directory.
"""

import concurrent.futures
import json
import os
import pathlib
import secrets
import socket
import subprocess
import time

from homeserver import Pair
from process import Process

DAY_MS = 24 * 3600 * 1000

# A sandboxed process cannot be traced, not even by LeakSanitizer's own thread. Only builds with a sanitizer read this.
SANITIZER = "ASAN_OPTIONS=detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")

CRISIS_TEXT = "This chat is not watched day and night. In danger call or text 988, or 911."


class CairnError(Exception):
    """A command that did not end with status 0. status: its exit status; said: its answer; code, error, hint: what that says."""

    def __init__(self, arguments, status, said, errors):
        self.status = status
        self.said = said
        self.code = said.get("code", "")
        self.error = said.get("error", errors.strip())
        self.hint = said.get("hint", "")
        super().__init__(f"cairn {' '.join(arguments)}: status {status}: {self.error}" + (f" ({self.hint})" if self.hint else ""))


class Programs:
    """The programs of a build directory."""

    def __init__(self, directory):
        directory = pathlib.Path(directory).resolve()
        self.cairn, self.cairnd, self.node, self.bridge = (directory / name for name in ("cairn", "cairnd", "cairn-node", "cairn-bridge"))
        for program in (self.cairn, self.cairnd, self.node, self.bridge):
            if not program.exists():
                raise FileNotFoundError(f"{program} is missing: build it first")

    def run(self, *arguments, config=None, stdin=None, timeout=120):
        """One cairn command; answers its JSON. stdin: text for a FILE named /dev/stdin, so that no disk holds it."""
        arguments = [str(argument) for argument in arguments]
        command = [str(self.cairn), *(["-c", str(config)] if config else []), "--json", *arguments]
        done = subprocess.run(command, input=stdin or "", capture_output=True, text=True, timeout=timeout, check=False)
        try:
            said = json.loads(done.stdout) if done.stdout else {}
        except ValueError as error:
            raise CairnError(arguments, done.returncode, {}, f"no JSON: {done.stdout!r} {done.stderr}") from error
        if done.returncode != 0:
            raise CairnError(arguments, done.returncode, said, done.stderr)
        return said


def _write(path, text):
    path.touch(0o600)
    path.write_text(text)


class Node:
    """One organization's node at one homeserver.

    directory   everything of this node: configuration, key file, log, and state (state_dir); named like the organization, in short
    url         another way to its homeserver, such as a Proxy's
    """

    def __init__(self, organization, homeserver, directory, programs, signer, url=None):
        self.organization = organization
        self.homeserver = homeserver
        self.programs = programs
        self.directory = pathlib.Path(directory).resolve()
        self.name = self.directory.name.capitalize()
        self.org = None
        self.config = self.directory / "cairn.conf"
        self.state = self.directory / "state"
        self.database = self.state / "cairn.db"
        self.socket = self.state / "admin.sock"
        self.log = self.directory / "cairnd.log"
        self.user, self.steward, self.recovery = (homeserver.user_id(name) for name in ("cairn", "steward", "recovery"))
        self._process = Process(self.directory / "cairnd.pid")
        if not self.config.exists():
            self.state.mkdir(parents=True, mode=0o700)
            _write(self.config, self._configuration(signer, url or homeserver.url))

    def _configuration(self, signer, url):
        values = {
            "organization": self.organization,
            "homeserver": url,
            "homeserver_ca": self.homeserver.ca_file,
            "server_name": self.homeserver.server_name,
            "node_user": self.user,
            "steward_user": self.steward,
            "recovery_user": self.recovery,
            "state_dir": self.state,
            "key_file": self.directory / "kek",
            "trust_signer": signer,
            "crisis_text": f'"{CRISIS_TEXT}"',
        }
        return "".join(f"{key} = {value}\n" for key, value in values.items())

    def cairn(self, *arguments, stdin=None, timeout=120):
        """One command of the operator; CairnError unless its status is 0."""
        return self.programs.run(*arguments, config=self.config, stdin=stdin, timeout=timeout)

    def start(self, keep=False, timeout=30):
        """Starts cairnd and returns when the admin socket answers."""
        programs = self.programs
        command = ["env", SANITIZER, programs.cairnd, "-c", self.config, "-n", programs.node, "-b", programs.bridge]
        self._process.start(command, self.log, keep)
        end = time.monotonic() + timeout
        while not self.answers():
            if not self._process.pid() or time.monotonic() > end:
                raise RuntimeError(f"the node of {self.organization} does not answer; the end of {self.log}:\n{self.log_tail()}")
            time.sleep(0.02)
        self.wait(self.sealed, "its programs have shut themselves in", timeout)

    def sealed(self):
        """Are both programs in their sandbox, by the kernel's account? Whatever runs on a Network runs so."""
        for program in ("cairn-node", "cairn-bridge"):
            try:
                lines = pathlib.Path(f"/proc/{self.child(program)}/status").read_text().splitlines()
            except OSError:
                return False
            if not {"Seccomp:\t2", "NoNewPrivs:\t1"} <= set(lines):
                return False
        return True

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def stop(self):
        self._process.stop()

    def pid(self):
        """cairnd's pid while it runs, else None."""
        return self._process.pid()

    def child(self, program):
        """The pid of cairnd's child that runs this program ("cairn-node", "cairn-bridge"), or None."""
        try:
            children = pathlib.Path(f"/proc/{self.pid()}/task/{self.pid()}/children").read_text().split()
            return next((int(pid) for pid in children if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == program), None)
        except OSError:
            return None

    def log_tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def make_accounts(self):
        """Registers node, steward and recovery account; answers the first two's passwords."""
        words = {name: secrets.token_urlsafe(18) for name in ("cairn", "steward", "recovery")}
        for name, password in words.items():
            self.homeserver.register(name, password)
        self.passwords, self.recovery_password = (words["cairn"], words["steward"]), words["recovery"]
        return self.passwords

    def setup(self, node_password, steward_password):
        """cairn setup, with passwords from files that are gone afterwards."""
        files = [self.directory / "node.password", self.directory / "steward.password"]
        try:
            for file, password in zip(files, (node_password, steward_password)):
                _write(file, password + "\n")
            return self.cairn("setup", "--node-password-file", files[0], "--steward-password-file", files[1])
        finally:
            for file in files:
                file.unlink(missing_ok=True)

    def import_records(self, records):
        """Records as a list of {"source", "kind", "body"}; a specialist who has not agreed yet signs, with a key of their own."""
        records = json.loads(json.dumps(records))
        bodies = [record["body"] for record in records if record["kind"] == "specialist" and "consent" not in record["body"]]
        named = {body[key] for body in bodies for key in ("program", "credential_id") if key in body}
        if first := [record for record in records if record["source"] in named]:
            self.import_records(first)
        ids = {item.get("source"): item["id"] for item in self.list("records")} if named else {}
        for body in bodies:  # They sign the identifiers.
            body.update((key, ids.get(body[key], body[key])) for key in ("program", "credential_id") if key in body)
        unsigned = lambda record: record["kind"] in ("specialist", "credential") and "consent" not in record["body"]
        records = [self.agreed(record) if unsigned(record) else record for record in records]
        return self.cairn("import", "records", "/dev/stdin", stdin=json.dumps(records))

    def agreed(self, record):
        """The record with the consent of its specialist: the alias is the name of the key file, kept so that a change is signed by the same."""
        keys = self.directory.parent / "authorities"
        keys.mkdir(exist_ok=True)
        files = {"did:key:" + self.programs.run("key", "show", file)["key"]: file for file in keys.glob("*.key")}
        did = record["body"].get("credentialSubject", {}).get("id") or record["body"].get("did")
        file = files[did] if did else keys / f"{record['body']['alias'].lower()}-{self.directory.name}.key"
        if not file.exists():
            self.programs.run("key", "new", file)
        path = file.with_suffix(f".{record['kind']}.json")
        before = json.loads(path.read_text()) if path.exists() else None
        if before and before["source"] == record["source"]:
            record = {**record, "body": {**record["body"], "consent": before["body"]["consent"]}}
        _write(path, json.dumps(record))
        until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 300 * 86400))
        self.programs.run("sign", "publication", path, "--org", self.org, "--until", until, "--key", file, "--out", path)
        return json.loads(path.read_text())

    def list(self, what):
        return self.cairn("list", what)["items"]

    def wait(self, found, what, timeout=60):
        """Asks until found() is true and returns that value; TimeoutError after timeout seconds."""
        end = time.monotonic() + timeout
        while not (value := found()):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.organization}: {what}: not within {timeout} s; see {self.log}")
            time.sleep(0.05)
        return value

    def wait_state(self, referral, *states, timeout=60):
        """The referral in full once its state is one of these."""

        def found():
            try:
                case = self.cairn("show", referral)
            except CairnError as error:
                if error.code != "not_found":
                    raise
                return None
            return case if case["state"] in states else None

        return self.wait(found, f"referral {referral} {' or '.join(states)}", timeout)

    def rooms(self, kind, subject=None):
        """The ids of the rooms of this kind that exist. subject: the organization whose directory or channel it is."""
        rooms = [room for room in self.list("rooms") if room["kind"] == kind and room.get("room_id")]
        return [room["room_id"] for room in rooms if subject in (None, room.get("subject"))]

    def files(self):
        """Every file of the node, for canary searches."""
        return sorted(path for path in self.directory.rglob("*") if path.is_file())


class Network:
    """Two organizations, a and b, each with a homeserver of the pair and a node on it; a signer of their trust list; an issuer.

    As a context it starts all and stops all at its end.
    proxy_a: called with the pair once its servers run; answers the url by which node a reaches its homeserver.
    """

    NAMES = (("harbor", "Harbor Peer Network"), ("lighthouse", "Lighthouse Recovery Collective"))  # directory and organization

    def __init__(self, directory, programs, keep=False, proxy_a=None):
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.programs = Programs(programs)
        self.keep = keep
        self.pair = Pair(self.directory / "pair", keep=keep)
        self._proxy_a = proxy_a
        self.authorities = self.directory / "authorities"
        self.authorities.mkdir(exist_ok=True, mode=0o700)
        self.signer_file, self.issuer_file = self.authorities / "signer.key", self.authorities / "issuer.key"
        self.signer, self.issuer = self.key(self.signer_file), self.key(self.issuer_file)
        self.trust = self.authorities / "trust.json"
        self.version = 0
        self.a = self.b = None

    def key(self, file):
        """The public key of a key file, which is made if it is missing."""
        return self.programs.run("key", "show" if file.exists() else "new", file)["key"]

    @property
    def nodes(self):
        return [node for node in (self.a, self.b) if node]

    def prepare(self):
        """The nodes as objects, their configuration written; nothing is started."""
        urls = (self._proxy_a(self.pair) if self._proxy_a else None, None)
        self.a, self.b = (
            Node(organization, server, self.directory / name, self.programs, self.signer, url)
            for (name, organization), server, url in zip(self.NAMES, self.pair.servers, urls)
        )

    def start(self):
        try:
            self.pair.start()
            self.prepare()
            for node in self.nodes:
                node.start(self.keep)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for node in self.nodes:
            node.stop()
        self.pair.stop()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        if not self.keep:
            self.stop()

    def finish(self):
        """Stops all; AssertionError if a node has anything to complain of."""
        self.stop()
        complaints = self.complaints()
        if complaints:
            raise AssertionError(complaints)

    def complaints(self):
        """The end of the log of each node that ended by itself or in which a sanitizer found something; "" if there is none."""
        signs = ("Sanitizer", "runtime error", "ended with status", "signal 6", "signal 11")
        logs = [(node, node.log.read_text(errors="replace")) for node in self.nodes]
        return "\n".join(f"{node.log}:\n{node.log_tail(60)}" for node, log in logs if any(sign in log for sign in signs))

    def both(self, do):
        """do(node) for both nodes at the same time; answers both results."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return list(pool.map(do, self.nodes))

    def set_up(self):
        """Accounts and keys of both; answers what each says of itself."""
        passwords = {node: node.make_accounts() for node in self.nodes}
        self.both(lambda node: node.setup(*passwords[node]))
        return [node.cairn("show", "node") for node in self.nodes]

    def sign_trust(self, identities, issuers):
        """Signs the next version of the trust list and brings it into force on both."""
        now = int(time.time() * 1000)
        self.version += 1
        draft = {
            "v": 1, "kind": "trust", "version": self.version, "issued_at": now, "expires_at": now + 90 * DAY_MS,
            "orgs": identities, "issuers": issuers,
        }  # fmt: skip
        _write(self.trust, json.dumps(draft, indent=1))
        self.programs.run("sign", "trust", self.trust, "--key", self.signer_file, "--out", self.trust)
        return self.both(lambda node: node.cairn("import", "trust", self.trust))

    def join(self, others=()):
        """From started nodes to two organizations that trust each other and one issuer. others: more entries of the trust list."""
        identities = self.set_up()
        for node, identity in zip(self.nodes, identities):
            node.org = identity["org"]
        grants = [{"type": "CPRS", "jurisdictions": ["US"]}]
        issuer = {"id": "did:key:" + self.issuer, "name": "Example Certification Board", "key": self.issuer, "for": grants}
        self.sign_trust([*identities, *others], [issuer])
        return identities

    def credential(self, alias, days=(-365, 365), key_file=None):
        """(did, credential) of a specialist, whose key is made. days: from and until, counted from today; key_file: of the issuer."""
        key_file = key_file or self.issuer_file
        file = self.authorities / f"{alias.lower()}.key"
        did = "did:key:" + self.key(file)
        day = lambda n: time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + n * 86400))
        draft = {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential", "PeerSupportCredential"],
            "issuer": "did:key:" + self.key(key_file),
            "validFrom": day(days[0]),
            "validUntil": day(days[1]),
            "credentialSubject": {
                "id": did, "alias": alias, "credentialType": "CPRS", "label": "Certified Peer Recovery Specialist",
                "kind": ["mental_health"], "jurisdiction": ["US-NJ"], "level": "core",
            },
        }  # fmt: skip
        path = file.with_suffix(".credential.json")
        _write(path, json.dumps(draft))
        self.programs.run("sign", "credential", path, "--key", key_file, "--out", path)
        return did, json.loads(path.read_text())
