# SPDX-License-Identifier: Apache-2.0
"""matrix-js-sdk, with its experimental encrypted state, as a follower of a node's directory and in a direct chat with it.

Run with any Python from 3.11; tools/install check makes what the client needs. $CAIRN_BUILD is the build directory.
"""

import copy
import pathlib
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import sdkstory
import tap
from homeserver import venv_python


def client(directory):
    """The words that start the client: a copy of it beside a link to what npm installed, for Node looks there."""
    node = venv_python("js").with_name("node")
    for file in (HERE / "jsclient").glob("*.mjs"):
        shutil.copy(file, directory)
    (directory / "node_modules").symlink_to(node.parents[1] / "node_modules")
    return [node, directory / "client.mjs"]


def setUpModule():
    sdkstory.start(client)


class JsTest(sdkstory.Story):
    def test_proofs_hold_for_an_independent_verifier(self):
        for event in self.directory_opened():
            with self.subTest(event["content"]["kind"]):
                self.assertIs(self.verifies(event["content"]), True)
                forged = copy.deepcopy(event["content"])
                forged["seq"] += 1
                self.assertIs(self.verifies(forged), False)

    def verifies(self, record):
        return self.bot.call("verify", record=record, key=sdkstory.shared["record_key"])


if __name__ == "__main__":
    tap.main()
