#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real cairn-bridge against a homeserver that cuts, resets, drips, floods and lies: each answer ends in a clear
failure, in bounded memory, and the next request works while others in flight go on."""

import gzip
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import tap
from harness import END, FAIL, PROGRAM, Authority, Bridge, BridgeCase, Server, raw, reply, tls_1_1

OK = b"HTTP/1.1 200 OK\r\n"
MEMORY = 24 * 1024  # KiB that a bridge may come to need more than after its first answer

# Answers of the three kinds that matter, in the shape of a homeserver's.
EVENT = {"type": "m.room.encrypted", "sender": "@b:example.org", "event_id": "$e", "origin_server_ts": 1795230245678,
         "content": {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEqAC", "session_id": "s", "device_id": "D"}}
REPLIES = {
    "/sync": {"next_batch": "s9_9", "device_lists": {"changed": ["@b:example.org"], "left": []},
              "to_device": {"events": [{"type": "m.room.encrypted", "sender": "@b:example.org",
                                        "content": {"algorithm": "m.olm.v1.curve25519-aes-sha2", "ciphertext": {}}}]},
              "rooms": {"join": {"!r": {"timeline": {"events": [EVENT], "limited": False, "prev_batch": "p"}}}}},
    "/keys/query": {"device_keys": {"@b:example.org": {"D": {"keys": {"ed25519:D": "x"}, "signatures": {}}}}, "failures": {}},
    "/keys/claim": {"one_time_keys": {"@b:example.org": {"D": {"signed_curve25519:AAAAAQ": {"key": "k"}}}}},
}


def reset(connection):
    """Close so that the other side sees a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Case(BridgeCase):
    def start(self, script, certificate=None, tls=None, ca=None):
        """A server, over TLS if there is a certificate, and a bridge that trusts it.  What is asked as /hold waits
        until release(); /next is answered well."""
        self.held = threading.Event()

        def guarded(connection, seen):
            if seen.path == "/hold":
                self.held.wait(100)
                return reply(b"held")(connection, seen)
            if seen.path == "/next":
                return reply(b"next")(connection, seen)
            return script(connection, seen)
        self.server = Server(guarded, certificate, tls)
        where = f"http{'s' if certificate else ''}://127.0.0.1:{self.server.port}"
        self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = {where}\n" + (
            f"homeserver_ca = {ca or self.ca.pem}\n" if certificate else "homeserver_loopback_http = yes\n"))
        return self.bridge

    def memory(self):
        with open(f"/proc/{self.bridge.pid}/status", encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("VmHWM:")).split()[1])

    def others_go_on(self, held):
        """The next request works, and the one that was in flight all the time."""
        self.assertEqual(self.bridge.ask("/next"), (200, -1, b"next", None))
        self.held.set()
        self.assertEqual(self.bridge.answer(held), (200, -1, b"held", None))


def head_and_body(body, chunked):
    if not chunked:
        return OK + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    half = len(body) // 2
    parts = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:half], body[half:]))
    return OK + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"


class EachByte(Case):
    def each_byte(self, chunked, end, certificate=None):
        """The answer to each of the three is cut after each of its bytes."""
        state = {}

        def script(connection, seen):
            connection.sendall(state["data"][:state["at"]])
            return end(connection)
        b = self.start(script, certificate)
        held, cuts, failed = b.request("/hold", timeout_ms=100_000), 0, 0
        self.assertEqual(b.ask("/next")[0], 200)
        for path, answer in REPLIES.items():
            body = json.dumps(answer).encode()
            state["data"] = head_and_body(body, chunked)
            # Of chunks, the line feed after the last one says nothing more.
            for state["at"] in range(len(state["data"]) - chunked):
                got = b.ask(path)
                cuts += 1
                failed += got[3] == "reset" and body.startswith(got[2]) and (chunked or got[2] != body) and bool(b.text) and b.text != "No error"
            state["at"] = len(state["data"])
            self.assertEqual(b.ask(path)[2:], (body, None), "the whole answer is one")
        self.assertEqual(failed, cuts)
        self.others_go_on(held)
        print(f"# {cuts} cuts, {failed} failures")

    def test_three_answers_with_a_length_ended_after_each_byte(self):
        self.each_byte(False, lambda connection: False)

    def test_three_answers_with_a_length_reset_after_each_byte(self):
        self.each_byte(False, lambda connection: reset(connection) or False)

    def test_three_answers_in_chunks_ended_after_each_byte(self):
        self.each_byte(True, lambda connection: False)

    def test_three_answers_in_chunks_reset_after_each_byte(self):
        self.each_byte(True, lambda connection: reset(connection) or False)

    def test_request_reset_after_each_of_100_places(self):
        """The server goes away within the request: a failure, and no second request of the same."""
        body = bytes(100_000)
        state = {"at": 0}
        done = []

        def serve(connection):
            left = state["at"]
            while left > 0:
                left -= len(connection.recv(min(left, 4096)) or exit())
            done.append(state["at"])
            reset(connection)
        b = self.start(reply())
        self.server._serve = serve
        for state["at"] in range(0, 50_000, 500):
            # A reset before the first byte may be there before the connection is.
            self.assertIn(b.ask("/up", "POST", body=body)[3], ("reset",) if state["at"] else ("reset", "connect"))
        self.assertEqual(len(done), 100)

    def test_post_is_never_asked_twice(self):
        """A kept connection that dies without an answer: curl would repeat any request on a new one."""
        def script(connection, seen):
            if seen.path == "/warm":
                return reply()(connection, seen)
            return False
        b = self.start(script)
        for _ in range(20):
            self.assertEqual(b.ask("/warm")[0], 200)
            self.assertEqual(b.ask("/createRoom", "POST", body=b"{}")[3], "reset")
        self.assertEqual(sum(s.path == "/createRoom" for s in self.server.seen), 20)


class Heads(Case):
    CASES = {
        "HTTP/0.9": (b"hello\n", "reset", "HTTP/0.9"),
        "nothing": (b"", "reset", "Empty reply"),
        "a header of 1 MB": (OK + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n", "too_large", "header of the answer is too long"),
        "100,000 headers": (OK + b"X: y\r\n" * 100_000 + b"\r\n", "too_large", "too many headers"),
        "5,000 interim answers": (b"HTTP/1.1 100 Continue\r\n\r\n" * 5000, "too_large", "too many headers"),
        "NUL in a header": (OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}", "reset", "Nul byte in header"),
        "a line that is no header": (OK + b"nonsense\r\nContent-Length: 2\r\n\r\n{}", "reset", "Header without colon"),
        "length and chunks": (OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "reset", "plainly"),
        "chunks and length": (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "reset", "plainly"),
        "another encoding": (OK + b"Transfer-Encoding: gzip\r\n\r\n{}", "reset", "plainly"),
        "chunked twice": (OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "reset", "plainly"),
        "negative length": (OK + b"Content-Length: -5\r\n\r\n{}", "reset", "Content-Length"),
        "a length of 23 digits": (OK + b"Content-Length: 99999999999999999999999\r\n\r\n{}", "too_large", "Maximum file size"),
        "a length that is none": (OK + b"Content-Length: x\r\n\r\n{}", "reset", "Content-Length"),
        "a length and more": (OK + b"Content-Length: 2x\r\n\r\n{}", "reset", "plainly"),
        "a length with a sign": (OK + b"Content-Length: +2\r\n\r\n{}", "reset", "plainly"),
        "an empty length": (OK + b"Content-Length: \r\n\r\n{}", "reset", ""),
        "two lengths, the longer last": (OK + b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", "reset", "plainly"),
        "two lengths, the shorter last": (OK + b"Content-Length: 5\r\nContent-Length: 2\r\n\r\n{   }", "reset", "plainly"),
        "a list of lengths": (OK + b"Content-Length: 2, 5\r\n\r\n{}", "reset", "plainly"),
        "a chunk of no size": (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "reset", "hexadecimal"),
        "a chunk of negative size": (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", "reset", "hexadecimal"),
        "a chunk of 2^64 bytes": (OK + b"Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}", "reset", "hexadecimal"),
        "a chunk longer than said": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", "reset", ""),
        "a status of 2 digits": (b"HTTP/1.1 99 x\r\nContent-Length: 2\r\n\r\n{}", "reset", "response code"),
        "a status of 4 digits": (b"HTTP/1.1 1000 x\r\nContent-Length: 2\r\n\r\n{}", "reset", "response code"),
        "status 000": (b"HTTP/1.1 000 x\r\nContent-Length: 2\r\n\r\n{}", "reset", "response code"),
        "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "reset", ""),
        "HTTP/3.7": (b"HTTP/3.7 200\r\nContent-Length: 2\r\n\r\n{}", "reset", "Unsupported HTTP version"),
        "half a head": (OK + b"Content-Le", "reset", "within the head"),
        "half a body": (OK + b"Content-Length: 100\r\n\r\nabc", "reset", "97 bytes remaining"),
    }

    def test_31_broken_heads(self):
        self.assertEqual(len(self.CASES), 31)
        state = {}
        b = self.start(lambda connection, seen: raw(state["data"])(connection, seen))
        held = b.request("/hold", timeout_ms=100_000)
        self.assertEqual(b.ask("/next")[0], 200)
        begin = self.memory()
        for name, (state["data"], kind, words) in self.CASES.items():
            with self.subTest(name):
                got = b.ask()
                self.assertEqual(got[3], kind, b.text if got[3] else got)
                self.assertIn(words, b.text)
                self.assertNotIn("Failed writing", b.text)
                self.assertEqual(b.ask("/next"), (200, -1, b"next", None))
        self.others_go_on(held)
        self.assertLess(self.memory() - begin, MEMORY)

    def test_odd_but_plain(self):
        """What is unusual, and yet says what it is."""
        state = {}
        b = self.start(lambda connection, seen: raw(state["data"])(connection, seen))
        for name, (state["data"], want) in {
            "bare LF": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", (200, -1, b"{}", None)),
            "the same length twice": (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", (200, -1, b"{}", None)),
            "an interim answer with a length": (b"HTTP/1.1 103 x\r\nContent-Length: 7\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n{}",
                                                (200, -1, b"{}", None)),
            "204 with a body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", (204, -1, b"", None)),
            "304 with a body": (b"HTTP/1.1 304 Not Modified\r\n\r\n{}", (304, -1, b"", None)),
            "a second answer": (OK + b"Content-Length: 2\r\n\r\n{}" + OK + b"Content-Length: 4\r\n\r\nevil", (200, -1, b"{}", None)),
            "a folded header": (OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", (200, -1, b"{}", None)),
            "a cookie": (OK + b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}", (200, -1, b"{}", None)),
        }.items():
            with self.subTest(name):
                self.assertEqual(b.ask(), want)
                self.assertEqual(b.ask("/next"), (200, -1, b"next", None))
        self.assertNotIn("cookie", self.server.seen[-1].headers)

    def test_12_redirects_are_not_followed(self):
        targets = ("/other", "//evil.example/", "http://127.0.0.1:1/", "https://127.0.0.1:1/", "file:///etc/passwd", "gopher://127.0.0.1:1/")
        state = {}
        b = self.start(lambda connection, seen: reply(b"{}", state["status"], f"Location: {state['to']}\r\n")(connection, seen))
        for state["status"] in "301 Moved Permanently", "307 Temporary Redirect":
            for state["to"] in targets:
                self.assertEqual(b.ask("/moved"), (int(state["status"][:3]), -1, b"{}", None))
        self.assertEqual(sum(s.path == "/moved" for s in self.server.seen), 12)
        self.assertEqual(len(self.server.seen), 12)


class Floods(Case):
    def test_bombs(self):
        """Without end, or small and huge when unpacked: at most the cap is passed on, in bounded memory."""
        chunk = b"10000\r\n" + bytes(65536) + b"\r\n"

        def endless(connection, seen):
            if seen.path == "/gzip":
                return reply(gzip.compress(bytes(100_000_000), 1)[:900_000], headers="Content-Encoding: gzip\r\n")(connection, seen)
            if seen.path == "/brotli":
                return reply(b"\x1b" * 1000, headers="Content-Encoding: br\r\n")(connection, seen)
            connection.sendall(OK + (b"Transfer-Encoding: chunked\r\n\r\n" if seen.path == "/chunks" else b"\r\n"))
            while True:
                connection.sendall(chunk if seen.path == "/chunks" else bytes(65536))
        b = self.start(endless)
        held = b.request("/hold", timeout_ms=100_000)
        self.assertEqual(b.ask("/next")[0], 200)
        begin = self.memory()
        for path in "/chunks", "/until-the-end":
            for _ in range(3):
                status, _, body, failure = b.ask(path, cap=8 << 20)
                self.assertEqual((status, failure), (200, "too_large"))
                self.assertIn("longer than its cap", b.text)
                self.assertLessEqual(len(body), 8 << 20)
        for path in "/gzip", "/brotli":
            status, _, body, failure = b.ask(path)
            self.assertEqual((status, failure, body[:1]), (200, None, b"\x1f" if path == "/gzip" else b"\x1b"))
        self.others_go_on(held)
        self.assertLess(self.memory() - begin, MEMORY)

    def test_20_slow_at_once(self):
        """One byte a second, in head or body, or none: all end when their time is over; nobody else waits for them."""
        def script(connection, seen):
            if seen.path == "/body":
                connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
            for byte in b"HTTP/1.1 200 OK\r\nX: yyyyyyyyyy" if seen.path == "/head" else b"x" * 20:
                time.sleep(1)
                if seen.path != "/silent":
                    connection.sendall(bytes([byte]))
            return False
        b = self.start(script, self.certificate)
        begin = time.monotonic()
        slow = {b.request(path, timeout_ms=5000) for path in ["/head", "/body", "/silent", "/body"] * 5}
        for _ in range(5):
            quick, kind = b.request("/next"), None
            while kind != END:
                kind, i, _ = b.frame()
                self.assertFalse(kind == FAIL and i in slow, "no slow one has ended yet")
            self.assertLess(time.monotonic() - begin, 5)
        ended = {}
        while len(ended) < 20:
            kind, i, payload = b.frame()
            if kind == FAIL:
                ended[i] = json.loads(payload)
        self.assertEqual(set(ended), slow)
        for said in ended.values():
            self.assertEqual(said["kind"], "timeout")
            self.assertRegex(said["text"], "too slow|timed out|[Tt]imeout")
        self.assertLess(time.monotonic() - begin, 15)
        self.assertEqual(b.ask("/next"), (200, -1, b"next", None))


class Tls(Case):
    def dated(self, name, begin, finish):
        """A certificate of our authority for other days, by openssl ca."""
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        path = {x: os.path.join(folder, x) for x in ("conf", "index", "serial", "csr", "key", "pem")}
        for x, text in {"index": "", "serial": "77\n", "conf": (
                f"[ca]\ndefault_ca = d\n[d]\nnew_certs_dir = {folder}\ndatabase = {path['index']}\nserial = {path['serial']}\n"
                f"certificate = {self.ca.pem}\nprivate_key = {self.ca.key}\ndefault_md = sha256\npolicy = p\nx509_extensions = x\n"
                "[p]\ncommonName = supplied\n[x]\nsubjectAltName = IP:127.0.0.1\n")}.items():
            with open(path[x], "w", encoding="ascii") as f:
                f.write(text)
        self.ca._openssl("req", "-new", *self.ca._new_key(path["key"]), "-out", path["csr"], "-subj", f"/CN={name}")
        self.ca._openssl("ca", "-batch", "-notext", "-config", path["conf"], "-in", path["csr"], "-out", path["pem"],
                         "-startdate", begin, "-enddate", finish)
        return path["pem"], path["key"]

    def refused(self, certificate, words, **kwargs):
        b = self.start(reply(), certificate, **kwargs)
        begin = time.monotonic()
        for _ in range(2):
            self.assertEqual(b.ask(), (None, None, b"", "tls"))
            self.assertRegex(b.text, words)
        self.assertEqual(self.server.seen, [], "not a byte of a request was shown")
        self.assertLess(time.monotonic() - begin, 5)

    def test_other_authority(self):
        self.refused(self.certificate, "unable to get local issuer|self-signed|self signed", ca=Authority(self.folder, "other").pem)

    def test_self_signed(self):
        own = Authority(self.folder, "own")
        self.refused((own.pem, own.key), "self-signed certificate|self signed certificate")

    def test_expired(self):
        self.refused(self.dated("expired", "20200101000000Z", "20200201000000Z"), "certificate has expired")

    def test_not_yet_valid(self):
        self.refused(self.dated("early", "20980101000000Z", "20990101000000Z"), "certificate is not yet valid")

    def test_wrong_host(self):
        self.refused(self.ca.issue("elsewhere", "DNS:elsewhere.example"), "no alternative certificate subject name matches")

    def test_tls_1_1(self):
        self.refused(self.certificate, "protocol version|unsupported protocol|alert", tls=tls_1_1)

    def test_handshake_that_stalls_after_each_of_8_parts(self):
        """The server's first flight stops somewhere; the others are not held up by it."""
        flight = bytearray()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)

            def record():
                connection, _ = listener.accept()
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                side = context.wrap_bio(incoming, outgoing, server_side=True)
                incoming.write(connection.recv(65536))
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                flight.extend(outgoing.read())
                connection.close()
            threading.Thread(target=record, daemon=True).start()
            with socket.create_connection(listener.getsockname()) as peer, self.assertRaises(OSError):
                ssl._create_unverified_context().wrap_socket(peer)
        b = self.start(reply(), self.certificate)
        serve, cut = self.server._serve, []

        def stall(connection):
            if not cut:
                return serve(connection)
            n = cut.pop()
            connection.recv(65536)
            connection.sendall(bytes(flight[:n]))
            return time.sleep(10)
        self.server._serve = stall
        for part in range(8):
            cut.append(len(flight) * part // 8)
            slow = b.request("/slow", "POST", timeout_ms=700)  # A POST has a connection of its own.
            self.assertEqual(b.answer(slow)[3] in ("timeout", "tls"), True, b.text)
            self.assertRegex(b.text, "[Tt]ime|TLS|SSL")
            self.assertEqual(cut, [])
            self.assertEqual(b.ask("/next"), (200, -1, b"next", None))


if __name__ == "__main__":
    tap.main()
