# SPDX-License-Identifier: Apache-2.0
"""Real Synapse homeservers on loopback that federate over TLS checked against a demo CA.

    with Pair(directory) as pair:
        alice = pair.a.user("alice")        # registers, logs in, answers a Client
        bob = pair.b.user("bob")

Everything (CA, certificates, configuration, databases, logs, process ids) lives in the directory that the caller gives. A second start in
the same directory uses the same keys, ports and databases. No certificate or signature check is switched off anywhere.

From a shell:   homeserver.py start|stop|status DIRECTORY      (start leaves the servers running; start and status print JSON)
"""

import argparse
import base64
import fcntl
import hashlib
import hmac
import json
import os
import pathlib
import random
import secrets
import socket
import string
import sys
import time

from authority import Authority
from client import V3, Client, MatrixError
from process import Process

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Below Linux's ephemeral range (32768 and up), so that no outgoing connection takes a port between two starts.
PORTS = range(20000, 32000)

LOG_CONFIG = {
    "version": 1,
    "formatters": {"precise": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "precise"}},
    "root": {"level": "INFO", "handlers": ["console"]},
    "disable_existing_loggers": False,
}


def _generous_limits():
    """Limits that a test never meets.

    Synapse's own are made for people: an account may log in 5 times, invite 5 people, send 10 events and create 10 rooms, and then waits
    seconds to minutes for each further one; a server that did not answer once is left alone for 10 minutes. A test does an hour of a
    member's work in a second and stops servers on purpose. What a node does under Synapse's own limits is tested with default_limits=True.
    """
    free = {"per_second": 100000, "burst_count": 100000}
    return {
        "rc_message": free,
        "rc_registration": free,
        "rc_login": {"address": free, "account": free, "failed_attempts": free},
        "rc_joins": {"local": free, "remote": free},
        "rc_joins_per_room": free,
        "rc_invites": {"per_room": free, "per_user": free, "per_issuer": free},
        "rc_room_creation": free,
        "rc_key_requests": free,
        "rc_media_create": free,
        "rc_profile": free,
        "rc_user_directory": free,
        "rc_federation": {"window_size": 1000, "sleep_limit": 100000, "sleep_delay": 1, "reject_limit": 100000, "concurrent": 100},
        "federation": {
            "destination_min_retry_interval": 500,
            "destination_retry_multiplier": 1,
            "destination_max_retry_interval": "2s",
        },
    }


def venv_python(name):
    """The interpreter of a virtual environment that tools/install made (under $CAIRN_VENV_DIR, by default .venv of the source tree)."""
    directory = pathlib.Path(os.environ.get("CAIRN_VENV_DIR") or ROOT / ".venv")
    python = directory / name / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"{python} is missing: run tools/install")
    return python


def free_port():
    """A TCP port of 127.0.0.1 on which nobody listens now."""
    choose = random.SystemRandom()
    while True:
        port = choose.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def _write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)


class Homeserver:
    """One Synapse. server_name is localhost:PORT; clients and other servers use the same TLS listener at url.

    directory    everything of this server; the attributes database, log and media are paths in it
    ca_file      what a client must trust
    secret       the registration secret
    """

    def __init__(self, directory, authority, default_limits=False, secret=None):
        """secret: the registration secret of a server that is made now; by default one of its own."""
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.default_limits = default_limits
        self.ca_file = authority.file.resolve()
        self.certificate, self.key = authority.issue(self.directory)
        self.config = self.directory / "homeserver.json"
        self.database = self.directory / "homeserver.db"
        self.log = self.directory / "homeserver.log"
        self.media = self.directory / "media"
        self._process = Process(self.directory / "homeserver.pid")
        identity = self._identity(secret)
        self.port = identity["port"]
        self.secret = identity["registration_secret"]
        self.server_name = f"localhost:{self.port}"
        self.url = f"https://{self.server_name}"
        self._cookie_secret = identity["cookie_secret"]

    def _identity(self, secret):
        """What must stay the same from start to start."""
        path = self.directory / "identity.json"
        if not path.exists():
            seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
            name = "".join(random.SystemRandom().choices(string.ascii_letters, k=4))
            _write(self.directory / "signing.key", f"ed25519 a_{name} {seed}\n")
            secret = secret or secrets.token_urlsafe(24)
            identity = {"port": free_port(), "registration_secret": secret, "cookie_secret": secrets.token_urlsafe(24)}
            _write(path, json.dumps(identity))
        return json.loads(path.read_text())

    def _write_config(self):
        """Synapse reads YAML; JSON is YAML, and needs no library here."""
        log_config = self.directory / "log.json"
        _write(log_config, json.dumps(LOG_CONFIG, indent=1))
        config = {
            "server_name": self.server_name,
            "public_baseurl": self.url + "/",
            "listeners": [
                {
                    "type": "http",
                    "port": self.port,
                    "bind_addresses": ["127.0.0.1"],
                    "tls": True,
                    "resources": [{"names": ["client", "federation"]}],
                }
            ],
            "tls_certificate_path": str(self.certificate),
            "tls_private_key_path": str(self.key),
            "federation_custom_ca_list": [str(self.ca_file)],
            "ip_range_blacklist": [],  # the other server is on loopback, which Synapse refuses to call by default
            "trusted_key_servers": [],  # each server's keys are asked from itself
            "signing_key_path": str(self.directory / "signing.key"),
            "macaroon_secret_key": self._cookie_secret,
            "form_secret": self._cookie_secret,
            "registration_shared_secret": self.secret,
            "database": {"name": "sqlite3", "args": {"database": str(self.database)}},
            "media_store_path": str(self.media),
            "log_config": str(log_config),
            "presence": {"enabled": False},
            "bcrypt_rounds": 4,  # the passwords are random; a login need not be slow
            "report_stats": False,
        }
        if not self.default_limits:
            config.update(_generous_limits())
        _write(self.config, json.dumps(config, indent=1))

    def launch(self, keep=False):
        """Starts the server unless it runs already, and returns at once; wait_ready() must follow."""
        if self._process.pid():
            return
        python = venv_python("synapse")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise RuntimeError(f"{self.directory}: another program listens on port {self.port}, part of this server's name") from error
        self._write_config()
        command = [python, "-m", "synapse.app.homeserver", "-c", self.config]
        self._process.start(command, self.log, keep)

    def wait_ready(self, timeout=90):
        """Returns when /versions answers over TLS."""
        client = self.client()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                if client.request("GET", "/_matrix/client/versions", timeout=5)[0] == 200:
                    return
            except ConnectionError:
                pass
            except OSError as error:
                if not isinstance(getattr(error, "reason", None), (ConnectionError, TimeoutError)):
                    raise
            if not self._process.pid():
                raise RuntimeError(f"{self.server_name} ended while starting; the end of {self.log}:\n{self._log_tail()}")
            time.sleep(0.05)
        raise TimeoutError(f"{self.server_name} did not answer within {timeout} s; see {self.log}")

    def start(self, keep=False):
        self.launch(keep)
        self.wait_ready()

    def stop(self):
        self._process.stop()

    def pid(self):
        """The server's pid while it runs, else None."""
        return self._process.pid()

    def _log_tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def files(self):
        """Every file the server has written, for canary searches: the database with its -wal and -shm, logs, media, configuration."""
        return sorted(path for path in self.directory.rglob("*") if path.is_file())

    def user_id(self, name):
        return f"@{name}:{self.server_name}"

    def client(self):
        """A Client without a session."""
        return Client(self.url, self.ca_file)

    def register(self, name, password, admin=False):
        """Makes an account without a device by the shared secret, and answers its user id."""
        client = self.client()
        path = "/_synapse/admin/v1/register"
        nonce = client.call("GET", path)["nonce"]
        parts = (nonce, name, password, "admin" if admin else "notadmin")
        mac = hmac.new(self.secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac, "inhibit_login": True}
        return client.call("POST", path, body)["user_id"]

    def login(self, name, password, device_id=None, device_name=None):
        """Logs in with a new device, or the named one, and answers a Client."""
        body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": password}
        if device_id:
            body["device_id"] = device_id
        if device_name:
            body["initial_device_display_name"] = device_name
        client = self.client()
        answer = client.call("POST", V3 + "/login", body)
        client.access_token, client.user_id, client.device_id = answer["access_token"], answer["user_id"], answer["device_id"]
        return client

    def user(self, name, password=None, admin=False):
        """register and login in one."""
        password = password or secrets.token_urlsafe(12)
        self.register(name, password, admin)
        return self.login(name, password)

    def describe(self):
        return {
            "url": self.url,
            "server_name": self.server_name,
            "registration_secret": self.secret,
            "ca_file": str(self.ca_file),
            "directory": str(self.directory),
            "database": str(self.database),
            "log": str(self.log),
            "pid": self.pid(),
        }


class Pair:
    """Two homeservers, a and b, under one demo CA and with one registration secret.

    As a context it starts both, and stops both at its end unless keep.
    keep: the servers outlive the starter. Another Pair of the same directory then finds them running and uses them.
    """

    def __init__(self, directory, default_limits=False, keep=False):
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keep = keep
        with open(self.directory / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.authority = Authority(self.directory / "ca")
            self.a = Homeserver(self.directory / "a", self.authority, default_limits)
            self.b = Homeserver(self.directory / "b", self.authority, default_limits, self.a.secret)
        self.servers = (self.a, self.b)

    @property
    def ca_file(self):
        return self.authority.file

    def start(self):
        """Starts both at the same time, or neither."""
        try:
            for server in self.servers:
                server.launch(self.keep)
            for server in self.servers:
                server.wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for server in self.servers:
            server.stop()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        if not self.keep:
            self.stop()

    def describe(self):
        return {"ca_file": str(self.ca_file), "a": self.a.describe(), "b": self.b.describe()}


def main():
    parser = argparse.ArgumentParser(description="Two Synapse homeservers on loopback that federate over checked TLS.")
    parser.add_argument("action", choices=("start", "stop", "status"))
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--default-limits", action="store_true", help="keep Synapse's own rate limits and federation back-off")
    arguments = parser.parse_args()
    if arguments.action != "start" and not arguments.directory.is_dir():
        parser.error(f"{arguments.directory} does not exist")
    pair = Pair(arguments.directory, default_limits=arguments.default_limits, keep=True)
    try:
        if arguments.action == "start":
            pair.start()
        elif arguments.action == "stop":
            pair.stop()
            return 0
    except (OSError, RuntimeError, MatrixError) as error:
        print(f"homeserver.py: {error}", file=sys.stderr)
        return 1
    print(json.dumps(pair.describe(), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
