# SPDX-License-Identifier: Apache-2.0
"""A TLS proxy in front of a homeserver that records, rewrites, answers or drops, as a test decides.

    with Proxy(pair.a, pair.authority, directory) as proxy:
        proxy.on_request = lambda x: x.reply(429, {"errcode": "M_LIMIT_EXCEEDED"}) if x.path.endswith("/sync") else None
        client = Client(proxy.url, pair.ca_file, token)

It plays the hostile or failing homeserver: the program under test is configured with proxy.url and sees a certificate of the same demo CA,
while the homeserver's own certificate is checked by the proxy. It speaks HTTP/1.1 with keep-alive; bodies may be counted or chunked.
"""

import http.client
import http.server
import json
import pathlib
import secrets
import socket
import ssl
import threading
import time
import urllib.parse

from homeserver import free_port

# Headers that belong to one connection, and those that the proxy sets itself. Accept-Encoding is not passed on, so answers come unpacked.
_OWN_HEADERS = {
    "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip


class Exchange:
    """One request and its answer.

    method, path, query   path as sent, still percent-encoded; query a dict of lists
    headers               of the request; look-ups ignore case
    body                  bytes; on_request may replace it
    status, answer        of the response; answer is bytes; None until it is there
    done                  true once the client has the answer, or the connection was dropped
    forwarded             true once the homeserver was asked
    """

    def __init__(self, method, target, headers, body):
        self.method = method
        self.path, _, query = target.partition("?")
        self.query = urllib.parse.parse_qs(query)
        self.target = target
        self.headers = headers
        self.body = body
        self.status = None
        self.answer = None
        self.answer_headers = []
        self.forwarded = False
        self.dropped = False
        self.done = False

    def json(self):
        """The request's body, parsed."""
        return json.loads(self.body)

    def answer_json(self):
        return json.loads(self.answer)

    def reply(self, status, body, headers=()):
        """In on_request: answers without asking the homeserver. In on_response: answers this instead. body: bytes, or JSON to be written."""
        self.status = status
        self.answer = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer_headers = [*headers] if isinstance(body, bytes) else [("Content-Type", "application/json"), *headers]

    def drop(self):
        """In on_request: closes the connection, the homeserver never sees the request. In on_response: it has acted, the client gets nothing."""
        self.dropped = True

    def is_sync(self):
        return self.method == "GET" and self.path.endswith("/sync")

    def __repr__(self):
        return f"<{self.method} {self.target} {self.status}>"


class Proxy:
    """The proxy in front of one Homeserver; url is what clients use.

    on_request(exchange) is called before the homeserver is asked, on_response(exchange) when it has answered; both may be None, may be
    replaced at any time, and are called from the connection's thread. exchanges is the record, in order of arrival. An exception in a
    callback closes the connection and is raised again by close().
    """

    def __init__(self, homeserver, authority, directory, on_request=None, on_response=None):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.on_request = on_request
        self.on_response = on_response
        self.exchanges = []
        self._homeserver = homeserver
        self._errors = []
        self._sockets = set()
        self._changed = threading.Condition()
        self._trusted = ssl.create_default_context(cafile=authority.file)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*authority.issue(directory))
        self._server = _Server(("127.0.0.1", free_port()), _Handler)
        self._server.proxy = self
        self.port = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def find(self, matches):
        """The finished exchanges for which matches(exchange) is true."""
        with self._changed:
            return [exchange for exchange in self.exchanges if exchange.done and matches(exchange)]

    def wait(self, matches, timeout=30, count=1):
        """Waits until count finished exchanges match, and returns all that do; TimeoutError after timeout seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [exchange for exchange in self.exchanges if exchange.done and matches(exchange)]
                if len(found) >= count:
                    return found
                if not self._changed.wait(end - time.monotonic()):
                    raise TimeoutError(f"{len(found)} of {count} requests seen within {timeout} s")

    def close(self):
        """Stops, cuts every connection, and raises the first exception of a callback if there was one."""
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            sockets = list(self._sockets)
        for connection in sockets:
            _cut(connection)
        self._thread.join()
        if self._errors:
            raise self._errors[0]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _pass(self, exchange):
        """Carries one exchange as far as the callbacks let it."""
        with self._changed:
            self.exchanges.append(exchange)
        try:
            if self.on_request:
                self.on_request(exchange)
            if exchange.dropped or exchange.status is not None:
                return
            self._forward(exchange)
            if self.on_response:
                self.on_response(exchange)
        except (OSError, http.client.HTTPException):
            exchange.drop()  # the homeserver is away: so is the proxy
        except Exception as error:
            self._errors.append(error)
            exchange.drop()

    def _forward(self, exchange):
        upstream = http.client.HTTPSConnection("localhost", self._homeserver.port, context=self._trusted, timeout=300)
        try:
            upstream.connect()
            self._track(upstream.sock)
            headers = [(name, value) for name, value in exchange.headers.items() if name.lower() not in _OWN_HEADERS]
            upstream.putrequest(exchange.method, exchange.target, skip_accept_encoding=True)
            for name, value in headers:
                upstream.putheader(name, value)
            if exchange.body or exchange.method in ("POST", "PUT"):
                upstream.putheader("Content-Length", str(len(exchange.body)))
            upstream.endheaders(exchange.body)
            exchange.forwarded = True
            answer = upstream.getresponse()
            exchange.answer = answer.read()
            exchange.answer_headers = [pair for pair in answer.getheaders() if pair[0].lower() not in _OWN_HEADERS]
            exchange.status = answer.status
        finally:
            self._untrack(upstream.sock)
            upstream.close()

    def _finish(self, exchange):
        with self._changed:
            exchange.done = True
            self._changed.notify_all()

    def _track(self, connection):
        with self._changed:
            self._sockets.add(connection)

    def _untrack(self, connection):
        with self._changed:
            self._sockets.discard(connection)


def _cut(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """A client that goes away, or refuses the certificate, is none of the proxy's errors."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        self.proxy = self.server.proxy
        self.request.settimeout(300)
        self.request = self.proxy.tls.wrap_socket(self.request, server_side=True)
        self.proxy._track(self.request)
        super().setup()

    def finish(self):
        try:
            super().finish()
        finally:
            self.proxy._untrack(self.request)
            _cut(self.request)
            self.request.close()

    def _body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _carry(self):
        exchange = Exchange(self.command, self.path, self.headers, self._body())
        self.proxy._pass(exchange)
        try:
            if exchange.dropped:
                self.close_connection = True
                return
            self.send_response_only(exchange.status)
            for name, value in exchange.answer_headers:
                self.send_header(name, value)
            if exchange.status not in (204, 304):
                self.send_header("Content-Length", str(len(exchange.answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(exchange.answer)
        finally:
            self.proxy._finish(exchange)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _carry

    def log_message(self, *args):
        """Nothing: the record is proxy.exchanges."""


def forge_member(answer, room_id, user_id, membership="join"):
    """Puts into a /sync answer what a homeserver would send if user_id really were in the room: a member event and a changed device list."""
    room = answer.setdefault("rooms", {}).setdefault("join", {}).setdefault(room_id, {})
    event = {
        "type": "m.room.member",
        "state_key": user_id,
        "sender": user_id,
        "event_id": "$" + secrets.token_urlsafe(32),
        "origin_server_ts": int(time.time() * 1000),
        "content": {"membership": membership},
    }
    room.setdefault("timeline", {"events": [], "limited": False}).setdefault("events", []).append(event)
    lists = answer.setdefault("device_lists", {}).setdefault("changed" if membership == "join" else "left", [])
    if user_id not in lists:
        lists.append(user_id)
    return answer
