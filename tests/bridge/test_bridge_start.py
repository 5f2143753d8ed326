#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The real cairn-bridge as it starts: whom it trusts, what its configuration may say, and that it is closed before it speaks."""

import os
import socket
import sys
import unittest

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import tap
from harness import PROGRAM, Authority, Bridge, BridgeCase, Server, reply, spawn, tls_1_1, wait


class Certificates(BridgeCase):
    def refused(self, kind="tls", **kwargs):
        b = self.start(reply(), **kwargs)
        self.assertEqual(b.ask(), (None, None, b"", kind))
        self.assertEqual(self.server.seen, [])

    def test_wrong_authority(self):
        self.refused(ca=Authority(self.folder, "other").pem)

    def test_system_authorities_do_not_know_ours(self):
        self.server = Server(reply(), self.certificate)
        self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = https://127.0.0.1:{self.server.port}\n")
        self.assertEqual(self.bridge.ask()[3], "tls")

    def test_wrong_host(self):
        self.refused(certificate=self.ca.issue("elsewhere", "DNS:elsewhere.example"))

    def test_address_is_not_a_name(self):
        self.refused(certificate=self.ca.issue("named", "DNS:127.0.0.1"))

    def test_expired(self):
        self.refused(certificate=self.ca.issue("expired", "IP:127.0.0.1", days="-1"))

    def test_old_protocol(self):
        self.refused(tls=tls_1_1)

    def test_no_tls_at_all(self):
        self.server = Server(reply())
        self.server._serve = lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = https://127.0.0.1:{self.server.port}\n"
                             f"homeserver_ca = {self.ca.pem}\n")
        self.assertEqual(self.bridge.ask()[3], "tls")

    def test_nobody_listens(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            self.bridge = Bridge(PROGRAM, self.folder, f"homeserver = https://127.0.0.1:{silent.getsockname()[1]}\n")
            self.assertEqual(self.bridge.ask()[3], "connect")


class Configuration(BridgeCase):
    def ends_with(self, config, text):
        self.bridge = Bridge(PROGRAM, self.folder, config)
        self.exits(78)
        with open(self.bridge.log, encoding="utf-8") as f:
            self.assertIn(text, f.read())

    def test_plain_http_must_be_allowed(self):
        self.ends_with("homeserver = http://127.0.0.1:8008\n", "add homeserver_loopback_http = yes")

    def test_plain_http_only_here(self):
        self.ends_with("homeserver = http://192.0.2.1\nhomeserver_loopback_http = yes\n", "only for a homeserver on this machine")

    def test_absent_authority(self):
        self.ends_with("homeserver = https://a\nhomeserver_ca = /nonexistent/ca.pem\n", "homeserver_ca: cannot read /nonexistent/ca.pem")

    def test_file_without_certificate(self):
        self.ends_with("homeserver = https://a\nhomeserver_ca = /etc/passwd\n", "homeserver_ca: /etc/passwd holds no PEM certificate")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_unknown_user(self):
        self.ends_with("homeserver = https://a\nbridge_user = no-such-user\n", '"no-such-user" is not a system user other than root')

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_root_is_no_bridge_user(self):
        self.ends_with("homeserver = https://a\nbridge_user = root\n", '"root" is not a system user other than root')


class Sandbox(BridgeCase):
    def status(self):
        with open(f"/proc/{self.bridge.pid}/status", encoding="ascii") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)

    def test_is_closed(self):
        b = self.start(reply())
        self.assertEqual(b.ask()[0], 200)
        s = self.status()
        self.assertEqual((s["Seccomp"], s["NoNewPrivs"], int(s["CapEff"], 16), int(s["CapPrm"], 16)), ("2", "1", 0, 0))

    def test_is_closed_before_the_first_byte(self):
        closed = []
        b = self.start_plain(lambda c, s: closed.append(self.status()["Seccomp"]) or reply()(c, s))
        self.assertEqual(b.ask()[0], 200)
        self.assertEqual(closed, ["2"])

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_user_of_its_own(self):
        os.chmod(self.folder, 0o700)
        b = self.start(reply(), config="bridge_user = nobody\n")
        self.assertEqual(b.ask()[0], 200)
        s = self.status()
        self.assertNotIn("0", s["Uid"].split() + s["Gid"].split())
        self.assertEqual(s["Groups"].split(), [])

    def test_environment_changes_nothing(self):
        keys = os.path.join(self.folder, "tls-keys")
        env = os.environ | {"https_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1", "SSLKEYLOGFILE": keys,
                            "SSL_CERT_FILE": "/nonexistent", "CURL_CA_BUNDLE": "/nonexistent", "HOME": self.folder}
        with open(os.path.join(self.folder, ".netrc"), "w", encoding="ascii") as f:
            f.write("machine 127.0.0.1 login a password b\n")
        b = self.start(reply(), env=env)
        self.assertEqual(b.ask()[0], 200)
        self.assertNotIn("authorization", self.server.seen[0].headers)
        self.assertFalse(os.path.exists(keys))


class Usage(BridgeCase):
    def test_from_a_shell(self):
        log = os.path.join(self.folder, "usage.log")
        self.assertEqual(wait(spawn(PROGRAM, ["matrix", "-c", "/dev/null"], None, stderr=log)), 64)
        self.assertEqual(wait(spawn(PROGRAM, [], None, stderr=log)), 64)


if __name__ == "__main__":
    tap.main()
