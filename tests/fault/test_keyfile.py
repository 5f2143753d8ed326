#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where the key of everything comes from: systemd's credential, else a file that is ours and closed to others.  The real cairn-node."""

import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap
import test_two

KEY = 32


class KeyFile(test_two.Case):
    def setUp(self):
        super().setUp()
        self.key = os.path.join(self.folder, "kek")
        self.starts()
        with open(self.key, "rb") as f:
            self.bytes = f.read()

    def run_node(self):
        name = f"log{len(self.daemons)}"
        return self.node(self.config("a"), name)

    def starts(self):
        node = self.run_node()
        self.assertTrue(node.ready(), node.said())
        node.end()

    def refused(self, *words):
        node = self.run_node()
        self.assertEqual(node.process.wait(test_two.PATIENCE), test_two.EX_CONFIG, node.said())
        for word in words:
            self.assertIn(word, node.said())
        return node.said()

    def write(self, data):
        if os.path.exists(self.key):
            os.unlink(self.key)
        with open(os.open(self.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(data)

    def test_only_a_file_that_is_closed_to_others(self):
        self.assertEqual((len(self.bytes), os.stat(self.key).st_mode & 0o777), (KEY, 0o400))
        for mode in (0o440, 0o404, 0o420, 0o402, 0o410):
            os.chmod(self.key, mode)
            self.refused(self.key, "closed to all others", "chmod 0400")
        os.chmod(self.key, 0o600)
        self.starts()

    @unittest.skipIf(os.geteuid() != 0, "only root can give a file away")
    def test_only_a_file_of_ours(self):
        os.chown(self.key, 65534, 65534)
        self.refused(self.key, "must belong to the node's user")

    def test_exactly_one_key(self):
        for data in (self.bytes + b"\0", self.bytes[:-1], b""):
            self.write(data)
            self.refused(self.key, "must hold exactly 32 bytes")
        self.write(self.bytes)
        self.starts()

    def test_another_key_opens_nothing(self):
        self.write(bytes(KEY))
        self.refused()

    def test_a_link_is_named(self):
        os.rename(self.key, self.key + ".there")
        os.symlink(self.key + ".there", self.key)
        self.refused(self.key, "it is a link", "put the key file itself there")

    def test_none_is_made_beside_a_database(self):
        os.unlink(self.key)
        self.refused(self.key, "is missing", "put the key file back")
        self.assertFalse(os.path.exists(self.key))

    def test_the_credential_comes_first(self):
        """Its mode is systemd's affair; without one of that name the file counts."""
        credentials = os.path.join(self.folder, "credentials")
        os.mkdir(credentials)
        with mock.patch.dict(os.environ, {"CREDENTIALS_DIRECTORY": credentials}):
            self.starts()
            with open(os.path.join(credentials, "kek"), "wb") as f:
                f.write(self.bytes)
            os.unlink(self.key)
            self.starts()
            self.write(self.bytes)
            with open(os.path.join(credentials, "kek"), "wb") as f:
                f.write(bytes(KEY))
            self.refused()


if __name__ == "__main__":
    tap.main()
