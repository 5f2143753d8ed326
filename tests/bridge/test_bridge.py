#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real cairn-bridge against a scripted homeserver: what it does, refuses, survives."""

import gzip
import json
import os
import struct
import sys
import threading
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import tap
from harness import BODY, CANCEL, END, FAIL, HEAD, HELLO, PROGRAM, REQUEST, STATUS, Bridge, BridgeCase, Server, raw, reply


class Requests(BridgeCase):
    def test_answer(self):
        b = self.start(reply(b'{"a":1}'))
        self.assertEqual(b.ask("/_matrix/client/versions?a=%20b&c=//d"), (200, -1, b'{"a":1}', None))
        seen = self.server.seen[0]
        self.assertEqual((seen.method, seen.path, seen.version), ("GET", "/_matrix/client/versions?a=%20b&c=//d", "HTTP/1.1"))
        self.assertEqual(set(seen.headers), {"host", "user-agent", "accept"})
        self.assertEqual(seen.headers["host"], f"127.0.0.1:{self.server.port}")

    def test_localhost_by_name(self):
        b = self.start(reply(), host="localhost")
        self.assertEqual(b.ask(), (200, -1, b"{}", None))

    def test_connection_is_kept(self):
        count = []
        b = self.start_plain(lambda c, s: count.append(c) or reply()(c, s))
        for _ in range(3):
            self.assertEqual(b.ask()[0], 200)
        self.assertEqual(len(set(map(id, count))), 1)

    def test_body_goes_up(self):
        body = os.urandom(1_500_000)  # so long that curl would like to ask first
        b = self.start(reply())
        for method in "PUT", "POST", "DELETE":
            self.assertEqual(b.ask("/up", method, body=body, chunk=200_000)[0], 200)
            seen = self.server.seen[-1]
            self.assertEqual((seen.method, seen.body, seen.headers["content-type"]), (method, body, "application/json"))
            self.assertNotIn("expect", seen.headers)

    def test_no_body(self):
        b = self.start_plain(reply())
        for method, length in ("GET", None), ("DELETE", None), ("PUT", "0"), ("POST", "0"):
            self.assertEqual(b.ask("/x", method)[0], 200)
            self.assertEqual(self.server.seen[-1].method, method)
            self.assertEqual(self.server.seen[-1].headers.get("content-length"), length)
        self.assertEqual(b.ask("/x", "PUT", body=b"")[0], 200)
        self.assertEqual(self.server.seen[-1].headers["content-length"], "0")

    def test_other_statuses(self):
        b = self.start_plain(lambda c, s: reply(b"why", s.path[1:])(c, s))
        for status in 201, 400, 401, 404, 500, 502:
            self.assertEqual(b.ask(f"/{status}"), (status, -1, b"why", None))

    def test_no_content(self):
        b = self.start_plain(raw(b"HTTP/1.1 204 No Content\r\n\r\n"))
        self.assertEqual(b.ask(), (204, -1, b"", None))

    def test_answer_ends_with_connection(self):
        b = self.start_plain(raw(b"HTTP/1.1 200 OK\r\n\r\n", b"abc"))
        self.assertEqual(b.ask(), (200, -1, b"abc", None))

    def test_interim_answer(self):
        b = self.start_plain(raw(b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
        self.assertEqual(b.ask(), (200, -1, b"ok", None))

    def test_retry_after(self):
        cases = {"5": 5000, "0": 0, " 7 ": 7000, "99999999999999999999": 86400_000, "-5": -1, "soon": -1, "": -1,
                 "Wed, 21 Oct 2026 07:28:00 GMT": -1, "5.5": -1}
        for value, want in cases.items():
            with self.subTest(value=value):
                self.setUp()
                b = self.start_plain(reply(b"", "429 Too Many Requests", f"rEtry-After:{value}\r\n"))
                self.assertEqual(b.ask()[:2], (429, want))
                self.tearDown()
        self.bridge = self.server = None

    def test_many_at_once(self):
        b = self.start_plain(lambda c, s: reply(s.path.encode())(c, s))
        want = {b.request(f"/{n}"): f"/{n}".encode() for n in range(32)}
        got, done = {}, 0
        while done < 32:
            kind, i, payload = b.frame()
            self.assertIn(kind, (STATUS, BODY, END))
            if kind == BODY:
                got[i] = got.get(i, b"") + payload
            done += kind == END
        self.assertEqual(got, want)

    def test_more_than_allowed_in_flight(self):
        gate = threading.Event()
        b = self.start_plain(lambda c, s: gate.wait(20) and reply()(c, s))
        ids = [b.request() for _ in range(30)]
        for _ in range(2):  # two whose bodies do not come yet count too
            b.next_id += 1
            b.send(REQUEST, b.next_id, {"upstream": "homeserver", "account": "", "method": "PUT", "path": "/x", "cap": 9,
                                        "timeout_ms": 9000, "body": True})
            ids.append(b.next_id)
        self.assertEqual(b.ask()[3], "refused")
        for i in ids[30:]:
            b.send(END, i)
        gate.set()
        ended = set()
        while len(ended) < 32:
            kind, i, _ = b.frame()
            self.assertNotEqual(kind, FAIL)
            if kind == END:
                ended.add(i)
        self.assertEqual(ended, set(ids))

    def test_cancel(self):
        def script(c, s):
            if s.path != "/slow":
                return reply()(c, s)
            c.recv(1)  # until the bridge hangs up
            return False
        b = self.start_plain(script)
        slow = b.request("/slow")
        deadline = time.monotonic() + 10
        while not self.server.seen and time.monotonic() < deadline:
            time.sleep(0.01)
        b.send(CANCEL, slow)
        self.assertTrue(self.server.closed.wait(10), "the connection is closed")
        b.send(CANCEL, slow)
        b.send(CANCEL, 4711)
        self.assertEqual(b.ask("/next")[0], 200)

    def test_cancel_while_body_comes(self):
        b = self.start_plain(reply())
        b.send(REQUEST, 99, {"upstream": "homeserver", "account": "", "method": "PUT", "path": "/x", "cap": 9,
                             "timeout_ms": 9000, "body": True})
        b.send(BODY, 99, b"half")
        b.send(CANCEL, 99)
        b.send(BODY, 99, b"late")
        b.send(END, 99)
        self.assertEqual(b.ask("/next")[0], 200)
        self.assertEqual([s.path for s in self.server.seen], ["/next"])


class Tokens(BridgeCase):
    def test_token_of_the_account(self):
        b = self.start(reply())
        b.send(HELLO, 0, {"accounts": {"node": "secret-1", "steward": "secret-2"}})
        for account, want in ("node", "Bearer secret-1"), ("steward", "Bearer secret-2"), ("", None):
            self.assertEqual(b.ask(account=account)[0], 200)
            self.assertEqual(self.server.seen[-1].headers.get("authorization"), want)

    def test_replaced(self):
        b = self.start_plain(reply())
        b.send(HELLO, 0, {"accounts": {"node": "old"}})
        self.assertEqual(b.ask(account="steward")[3], "refused")
        b.send(HELLO, 0, {"accounts": {"steward": "new"}})
        self.assertEqual(b.ask(account="node")[3], "refused")
        self.assertEqual(b.ask(account="steward")[0], 200)
        self.assertEqual(self.server.seen[-1].headers["authorization"], "Bearer new")
        self.assertEqual(len(self.server.seen), 1)

    def test_bad_hello(self):
        for hello in ({"accounts": {"node": "a\r\nX-Evil: 1"}}, {"accounts": {"node": ""}}, {"accounts": {"node": 5}},
                      {"accounts": []}, {}, {"accounts": {}, "more": 1}, {"accounts": {"": "x"}}, b"no json",
                      {"accounts": {str(n): "t" for n in range(17)}}, {"accounts": {"node": "x" * 4097}}):
            with self.subTest(hello=hello):
                self.setUp()
                self.start_plain(reply()).send(HELLO, 0, hello)
                self.exits(70)
                self.tearDown()
        self.bridge = self.server = None

    def test_never_in_the_log(self):
        b = self.start_plain(reply())
        b.send(HELLO, 0, {"accounts": {"node": "canary-token"}})
        b.ask(account="node")
        b.ask("/../x", account="node")
        b.send(FAIL, 1)
        self.exits(70)
        with open(b.log, encoding="utf-8") as f:
            self.assertNotIn("canary", f.read())


class Refusals(BridgeCase):
    def test_paths(self):
        b = self.start_plain(reply())
        bad = ["", "x", "http://evil/", "//evil/x", "/a//b", "/../a", "/a/..", "/a/../b", "/a/./b", "/.", "/%2e%2E/a", "/.%2e/a",
               "/a b", "/a\nb", "/a\tb", "/\u00e9", "/a#b", "/a\\b", "/%", "/%2", "/%zz", "/" + "a" * 8192, "/\x7f", "?a"]
        for path in bad:
            with self.subTest(path=path[:20]):
                self.assertEqual(b.ask(path), (None, None, b"", "refused"))
        self.assertEqual(self.server.seen, [])
        for path in "/", "/a/", "/...", "/.a", "/a?x=/../", "/a?", "/%2F..%2F", "/" + "a" * 8191:
            self.assertEqual(b.ask(path)[0], 200, path[:20])
            self.assertEqual(self.server.seen[-1].path, path)

    def test_requests(self):
        b = self.start_plain(reply())
        for bad in ({"upstream": "elsewhere"}, {"upstream": "https://evil"}, {"method": "HEAD"}, {"method": "CONNECT"}, {"method": "get"},
                    {"method": "GET", "body": b"x"}, {"cap": 0}, {"cap": -1}, {"cap": (64 << 20) + 1}, {"timeout_ms": 0},
                    {"timeout_ms": 600_001}, {"account": "nobody"}):
            with self.subTest(bad=bad):
                self.assertEqual(b.ask(**bad), (None, None, b"", "refused"))
        self.assertEqual(self.server.seen, [])

    def test_body_too_long(self):
        b = self.start_plain(reply())
        self.assertEqual(b.ask("/x", "PUT", body=bytes(17 << 20), chunk=1 << 19)[3], "refused")
        self.assertEqual(b.ask("/next")[0], 200)

    def test_broken_frames(self):
        for data in (b"\0\0\0\0", b"\x08\0\0\0", b"\xff\xff\xff\xff", HEAD.pack(9, 0, 1), HEAD.pack(9, 8, 1), b"GET / HTTP/1.1\r\n\r\n",
                     HEAD.pack(9, STATUS, 1), HEAD.pack(9, FAIL, 1), HEAD.pack(9, HELLO, 1), HEAD.pack(9, REQUEST, 1),
                     HEAD.pack(11, REQUEST, 1) + b"{}"):
            with self.subTest(data=data):
                self.setUp()
                self.start_plain(reply()).socket.sendall(data)
                self.exits(70)
                self.tearDown()
        self.bridge = self.server = None

    def test_broken_requests(self):
        good = {"upstream": "homeserver", "account": "", "method": "GET", "path": "/x", "cap": 9, "timeout_ms": 9000, "body": False}
        bad = [{k: v for k, v in good.items() if k != key} for key in good]
        bad += [good | change for change in ({"more": 1}, {"cap": "9"}, {"cap": 9.0}, {"body": 1}, {"path": None}, {"timeout_ms": True})]
        for request in bad:
            with self.subTest(request=request):
                self.setUp()
                self.start_plain(reply()).send(REQUEST, 5, request)
                self.exits(70)
                self.tearDown()
        self.bridge = self.server = None

    def test_id_used_twice(self):
        b = self.start_plain(lambda c, s: time.sleep(5))
        b.request()
        b.next_id -= 1
        b.request()
        self.exits(70)

    def test_id_zero(self):
        b = self.start_plain(reply())
        b.next_id = -1
        b.request()
        self.exits(70)

    def test_node_hangs_up(self):
        self.start_plain(reply())  # tearDown sees the exit status 0

    def test_node_hangs_up_in_the_middle(self):
        b = self.start_plain(lambda c, s: time.sleep(5))
        b.request()
        b.send(HELLO, 0, {"accounts": {}})
        b.socket.sendall(struct.pack("<I", 500))


class Hostile(BridgeCase):
    def test_redirect_is_not_followed(self):
        for target in "/other", "https://127.0.0.1:1/", "file:///etc/passwd", "//evil/":
            with self.subTest(target=target):
                self.setUp()
                b = self.start_plain(reply(b"moved", "302 Found", f"Location: {target}\r\n"))
                self.assertEqual(b.ask(), (302, -1, b"moved", None))
                self.assertEqual(len(self.server.seen), 1)
                self.tearDown()
        self.bridge = self.server = None

    def test_gzip_stays_packed(self):
        packed = gzip.compress(bytes(50_000_000), 1)
        b = self.start_plain(reply(packed, headers="Content-Encoding: gzip\r\n"))
        self.assertEqual(b.ask(), (200, -1, packed, None))
        self.assertNotIn("accept-encoding", self.server.seen[0].headers)

    def test_longer_than_its_cap_in_chunks(self):
        chunk = b"10000\r\n" + bytes(65536) + b"\r\n"
        b = self.start(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[chunk] * 80))
        status, _, body, failure = b.ask(cap=100_000)
        self.assertEqual((status, failure), (200, "too_large"))
        self.assertLessEqual(len(body), 100_000)

    def test_longer_than_its_cap_and_says_so(self):
        b = self.start(reply(bytes(5_000_000)))
        self.assertEqual(b.ask(cap=100_000)[3], "too_large")

    def test_exactly_its_cap(self):
        for headers in (b"Content-Length: 100000\r\n", b""):
            with self.subTest(headers=headers):
                self.setUp()
                b = self.start_plain(raw(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + bytes(100_000)))
                self.assertEqual(b.ask(cap=100_000), (200, -1, bytes(100_000), None))
                self.tearDown()
        self.bridge = self.server = None

    def test_large_answer_comes_in_chunks(self):
        body = os.urandom(3_000_000)
        b = self.start(reply(body))
        i, frames, got = b.request(cap=3_000_000), 0, b""
        while True:
            kind, _, payload = b.frame()
            if kind == END:
                break
            frames += kind == BODY
            got += payload if kind == BODY else b""
        self.assertEqual((i, got), (b.next_id, body))
        self.assertGreater(frames, 10)

    def test_headers(self):
        storm = b"".join(b"X-%d: y\r\n" % n for n in range(1000))
        for name, data in {
            "many": b"HTTP/1.1 200 OK\r\n" + storm + b"\r\n",
            "long": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 9000) for n in range(10)) + b"\r\n",
            "interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + b"HTTP/1.1 200 OK\r\n\r\n",
            "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + storm + b"\r\n",
        }.items():
            with self.subTest(name):
                self.setUp()
                self.assertEqual(self.start_plain(raw(data)).ask()[3], "too_large")
                self.tearDown()
        self.bridge = self.server = None

    def test_nonsense(self):
        head = b"HTTP/1.1 200 OK\r\n"
        for name, data in {
            "http 0.9": b"hello\n",
            "nothing": b"",
            "half a head": head,
            "half a body": head + b"Content-Length: 100\r\n\r\nabc",
            "bad chunk": head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
            "huge chunk": head + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
            "half a chunk": head + b"Transfer-Encoding: chunked\r\n\r\n10\r\nabc",
            "negative length": head + b"Content-Length: -5\r\n\r\nabc",
            "NUL in a header": head + b"X: a\0b\r\n\r\n",
            "upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        }.items():
            with self.subTest(name):
                self.setUp()
                self.assertIn(self.start_plain(raw(data)).ask()[3], ("reset", "too_large"))
                self.tearDown()
        self.bridge = self.server = None

    def test_stall(self):
        """Silence, single bytes, a head that never ends: each ends after timeout_ms, the others go on."""
        def script(c, s):
            if s.path == "/quick":
                return reply()(c, s)
            if s.path == "/body":
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            elif s.path == "/head":
                c.sendall(b"HTTP/1.1 200 OK\r\n")
            for _ in range(40):
                time.sleep(0.25)
                if s.path == "/body":
                    c.sendall(b"x")
                elif s.path == "/head":
                    c.sendall(b"X: y\r\n")
            return False
        b = self.start_plain(script)
        begin = time.monotonic()
        slow = [b.request(path, timeout_ms=1000) for path in ("/silent", "/body", "/head")]
        quick = b.request("/quick")
        failed, quick_ended = {}, False
        while len(failed) < 3:
            kind, i, payload = b.frame()
            if i == quick:
                quick_ended |= kind == END
                self.assertLess(time.monotonic() - begin, 1)
            elif kind == FAIL:
                failed[i] = json.loads(payload)["kind"]
        self.assertEqual(failed, dict.fromkeys(slow, "timeout"))
        self.assertTrue(quick_ended)
        self.assertLess(time.monotonic() - begin, 6)

    def test_long_poll(self):
        """Silence that the node allowed is no stall."""
        def script(c, s):
            time.sleep(2.5)
            return reply(b"events")(c, s)
        b = self.start(script)
        self.assertEqual(b.ask(timeout_ms=5000), (200, -1, b"events", None))

    def test_stalled_handshake(self):
        self.server = Server(reply())
        self.server._serve = lambda connection: time.sleep(10)
        self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = https://127.0.0.1:{self.server.port}\n")
        begin = time.monotonic()
        self.assertEqual(self.bridge.ask(timeout_ms=500)[3], "timeout")
        self.assertLess(time.monotonic() - begin, 4)

    def test_name_that_nobody_knows(self):
        self.bridge = Bridge(PROGRAM, self.folder, "homeserver = https://nobody.invalid\n")
        self.assertIn(self.bridge.ask(timeout_ms=1500)[3], ("connect", "timeout"))


class Flow(BridgeCase):
    def test_full_socket_stops_the_homeserver(self):
        total, sent = 40 << 20, [0]

        def script(c, s):
            if s.path == "/small":
                return reply()(c, s)
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
            for _ in range(total >> 16):
                c.sendall(bytes(65536))
                sent[0] += 65536
            return False
        b = self.start_plain(script)
        big = b.request("/big", cap=total, timeout_ms=2000)
        time.sleep(3.5)  # longer than timeout_ms: a stop of our own is no stall
        held = sent[0]
        self.assertLess(held, 24 << 20, "what lies in two sockets and in the bridge")
        small = b.request("/small")
        sizes, ended = {big: 0, small: 0}, set()
        while len(ended) < 2:
            kind, i, payload = b.frame()
            self.assertNotEqual(kind, FAIL, payload)
            if kind == BODY:
                sizes[i] += len(payload)
            elif kind == END:
                ended.add(i)
        self.assertEqual(sizes, {big: total, small: 2})


if __name__ == "__main__":
    tap.main()
