# SPDX-License-Identifier: Apache-2.0
"""harness: a scripted homeserver on loopback, certificates, a bridge to talk to in frames, and the test case around them."""

import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

HELLO, REQUEST, BODY, END, CANCEL, STATUS, FAIL = range(1, 8)
HEAD = struct.Struct("<IBQ")
PROGRAM = os.path.join(os.environ.get("builddir", "."), "cairn-bridge")
PATIENCE = 20  # seconds; a test that waits longer has failed


def tls_1_1(context):
    """What a server's context is made of that speaks nothing newer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")


class Authority:
    """A certificate authority of our own, by the openssl command."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.pem = os.path.join(folder, f"{name}.pem")
        self.key = os.path.join(folder, f"{name}.key")
        self._openssl("req", "-x509", *self._new_key(self.key), "-out", self.pem, "-days", "2",
                      "-subj", f"/CN={name}")

    @staticmethod
    def _openssl(*args):
        subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL, capture_output=True)

    @staticmethod
    def _new_key(path):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path]

    def issue(self, name, alternatives, days="2"):
        """A server's certificate: (certificate, key)."""
        pem, key, request, extra = (os.path.join(self.folder, f"{self.name}-{name}.{x}")
                                    for x in ("pem", "key", "csr", "ext"))
        with open(extra, "w", encoding="ascii") as f:
            f.write(f"subjectAltName={alternatives}\n")
        self._openssl("req", "-new", *self._new_key(key), "-out", request, "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial",
                      "-days", days, "-extfile", extra, "-out", pem)
        return pem, key


class Seen:
    """One request as the server got it."""

    def __init__(self, head, body):
        first, *lines = head.decode("ascii").split("\r\n")
        self.method, self.path, self.version = first.split(" ")
        self.headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines if line)}
        self.body = body


class Server:
    """Hands each request to script(connection, seen), which sends raw bytes and returns True to keep alive."""

    def __init__(self, script, certificate=None, tls=None):
        self.script, self.seen, self.closed = script, [], threading.Event()
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
            if tls:
                tls(self.context)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            data = b""
            while True:
                seen, data = self._read(connection, data)
                if seen is None:
                    break
                self.seen.append(seen)
                if not self.script(connection, seen):
                    break
        except (OSError, ssl.SSLError):
            pass
        self.closed.set()
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()

    @staticmethod
    def _read(connection, data):
        def more():
            got = connection.recv(65536)
            if not got:
                raise ConnectionError
            return got
        while b"\r\n\r\n" not in data:
            data += more()
        head, data = data.split(b"\r\n\r\n", 1)
        seen = Seen(head, b"")
        size = int(seen.headers.get("content-length", 0))
        while len(data) < size:
            data += more()
        seen.body = data[:size]
        return seen, data[size:]

    def close(self):
        self.listener.close()


def reply(body=b"{}", status="200 OK", headers=""):
    """A script that answers always the same."""
    def script(connection, _):
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
        return True
    return script


def raw(*pieces, pause=0.0):
    """A script that sends bytes as they are and closes."""
    def script(connection, _):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        return False
    return script


def spawn(program, args, fd, env=None, stderr=None):
    """Start a program with ${fd} as its descriptor 3."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
    if stderr:
        actions.append((os.POSIX_SPAWN_OPEN, 2, stderr, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    if fd is not None:
        actions.append((os.POSIX_SPAWN_DUP2, fd, 3))
    return os.posix_spawn(program, [program, *args], env or os.environ, file_actions=actions)


def wait(pid):
    """The exit status, or minus the signal."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got, status = os.waitpid(pid, os.WNOHANG)
        if got:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise TimeoutError("the process did not end")


class Bridge:
    """cairn-bridge matrix, and the node's end of its frames."""

    def __init__(self, program, folder, config, env=None):
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        self.log = os.path.join(folder, "bridge.log")
        path = os.path.join(folder, "cairn.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write("organization = Test\nserver_name = test.example\nnode_user = n\nsteward_user = s\n"
                    "state_dir = /nonexistent\n" + config)
        with theirs:
            self.pid = spawn(program, ["matrix", "-c", path], theirs.fileno(), env, self.log)
        self.data = b""
        self.next_id = 1

    def send(self, kind, frame_id, payload=b""):
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        self.socket.sendall(HEAD.pack(9 + len(payload), kind, frame_id) + payload)

    def request(self, path="/x", method="GET", account="", cap=1 << 20, timeout_ms=10000, body=None, chunk=65536,
                upstream="homeserver"):
        """Send a whole request; its id."""
        self.next_id += 1
        i = self.next_id
        self.send(REQUEST, i, {"upstream": upstream, "account": account, "method": method, "path": path,
                               "cap": cap, "timeout_ms": timeout_ms, "body": body is not None})
        if body is not None:
            for at in range(0, len(body), chunk):
                self.send(BODY, i, body[at:at + chunk])
            self.send(END, i)
        return i

    def frame(self):
        """The next frame: (type, id, payload); None at the end."""
        while len(self.data) < 4 or len(self.data) < 4 + HEAD.unpack_from(self.data.ljust(HEAD.size))[0]:
            got = self.socket.recv(1 << 20)
            if not got:
                return None
            self.data += got
        length, kind, i = HEAD.unpack_from(self.data)
        payload, self.data = self.data[HEAD.size:4 + length], self.data[4 + length:]
        return kind, i, payload

    def answer(self, i):
        """All that came for one request: (status, retry, body, failure kind or None)."""
        status = retry = failure = None
        body = []
        while failure is None:
            kind, got, payload = self.frame()
            assert got == i, f"a frame for request {got} instead of {i}"
            if kind == STATUS:
                assert status is None and not body
                status, retry = (json.loads(payload)[k] for k in ("status", "retry_after_ms"))
            elif kind == BODY:
                assert status is not None and 0 < len(payload) <= 256 * 1024
                body.append(payload)
            elif kind == END:
                assert status is not None
                break
            else:
                assert kind == FAIL
                said = json.loads(payload)
                assert set(said) == {"kind", "text"} and said["text"]
                failure, self.text = said["kind"], said["text"]
        return status, retry, b"".join(body), failure

    def ask(self, *args, **kwargs):
        return self.answer(self.request(*args, **kwargs))

    def close(self):
        """Hang up; the exit status."""
        self.socket.close()
        return wait(self.pid)


class BridgeCase(unittest.TestCase):
    """A folder, an authority and a certificate for all its tests; self.server and self.bridge end with the test."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="test_bridge.")
        cls.ca = Authority(cls.folder, "ca")
        cls.certificate = cls.ca.issue("server", "IP:127.0.0.1,DNS:localhost")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.bridge = self.server = None
        self.ends = 0  # the exit status that is expected

    def tearDown(self):
        if self.bridge:
            status = self.bridge.close()
            with open(self.bridge.log, encoding="utf-8") as f:
                log = f.read()
            os.unlink(self.bridge.log)
            self.assertEqual(status, self.ends, log)
            self.assertNotIn("Sanitizer", log)
        if self.server:
            self.server.close()

    def start(self, script, certificate=None, tls=None, ca=None, host="127.0.0.1", env=None, config=""):
        """A server over TLS, and a bridge that trusts it."""
        self.server = Server(script, certificate or self.certificate, tls)
        self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = https://{host}:{self.server.port}\n"
                             f"homeserver_ca = {ca or self.ca.pem}\n{config}", env)
        return self.bridge

    def start_plain(self, script):
        """Without TLS, where the transport is not the point."""
        self.server = Server(script)
        self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = http://127.0.0.1:{self.server.port}\n"
                             "homeserver_loopback_http = yes\n")
        return self.bridge

    def exits(self, status):
        """The bridge hangs up by itself, without an answer."""
        self.assertIsNone(self.bridge.frame())
        self.ends = status
