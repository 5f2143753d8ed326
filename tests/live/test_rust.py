# SPDX-License-Identifier: Apache-2.0
"""matrix-rust-sdk, with its experimental encrypted state, as a follower of a node's directory and in a direct chat with it.

The client is built first, by a cargo that is new enough, else the test is skipped: minutes the first time, seconds later. What cargo
builds goes to $CARGO_TARGET_DIR, by default .check/rust of the source tree. $CAIRN_BUILD is the build directory.
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import sdkstory
import tap
from homeserver import ROOT

MANIFEST = HERE / "rustclient" / "Cargo.toml"
OLDEST = tuple(int(part) for part in re.search(r'^rust-version = "(\d+)\.(\d+)"', MANIFEST.read_text(), re.MULTILINE).groups())


def lacking():
    """Why the client cannot be built here; None if it can."""
    wanted = "cargo {}.{} or later is needed: apt-get install cargo-web, or rustup update stable".format(*OLDEST)
    try:
        said = subprocess.run(["cargo", "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return wanted
    version = re.match(r"cargo (\d+)\.(\d+)", said)
    if version and tuple(int(part) for part in version.groups()) >= OLDEST:
        return None
    return f"{wanted}; here is: {said.strip() or 'one that does not run'}"


def client(directory):
    """The words that start the client, which is built if it is not up to date."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / ".check" / "rust").resolve()
    target.mkdir(parents=True, exist_ok=True)
    log = directory / "cargo.log"
    command = ["nice", "cargo", "build", "--locked", "--manifest-path", MANIFEST, "--target-dir", target]
    with open(log, "wb") as output:
        if subprocess.run(command, stdout=output, stderr=output, check=False).returncode != 0:
            raise RuntimeError(f"cargo could not build the client; the end of {log}:\n{log.read_text()[-3000:]}")
    return [target / "debug" / "rustclient"]


MISSING = lacking()


def setUpModule():
    if not MISSING:
        sdkstory.start(client)


@unittest.skipIf(MISSING, MISSING)
class RustTest(sdkstory.Story):
    pass


if __name__ == "__main__":
    tap.main()
