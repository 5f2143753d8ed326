# SPDX-License-Identifier: Apache-2.0
"""Canonical JSON as the homeserver itself makes it: test_canon_random with the package canonicaljson, which Synapse brings, as judge.

Run with the Python of the virtual environment nio:   .venv/nio/bin/python tests/live/test_canonicaljson.py
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from homeserver import venv_python

if __name__ == "__main__":
    root = HERE.parent.parent
    program = pathlib.Path(os.environ.get("CAIRN_BUILD") or root / ".check" / "build") / "tests" / "base" / "test_canon_random"
    os.execve(program, [program], {**os.environ, "srcdir": str(root), "PYTHON": str(venv_python("synapse")), "CAIRN_CANONICAL": "canonicaljson"})
