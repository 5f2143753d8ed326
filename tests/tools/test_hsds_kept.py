#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a record has no place for is kept with its file and goes out again, after edits, two imports and confidential places too.

With $CAIRN_CORPORA: its hsds-3.1-dev.
"""

import csv
import json
import os
import resource
import sys
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from imports import HSDS, ID, Hsds, Schemas  # noqa: E402
from test_cairn import EXAMPLES, good  # noqa: E402

EXAMPLE_FILES = ["base", "location", "organization_full", "organization_list", "service_at_location_full", "service_at_location_list",
                 "service_full", "service_list", "tabular", "taxonomy", "taxonomy_list", "taxonomy_term", "taxonomy_term_list"]


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


class Kept(Hsds):
    def taken(self, path, *args):
        """What an import sends: {"records", "feed"}."""
        with self.fake(**{"import": good(added=1, changed=0, unchanged=0)}) as node:
            self.cairn("import", "hsds", path, *args)
        self.assertEqual(len(node.asked), 1)
        return node.asked[0][1]

    def given(self, taken, feed=None):
        """What an export writes if the node holds the records and files of these imports."""
        held = {}
        for t in taken:
            for r in t["records"]:
                held[r["source"]] = r
        records = [{"id": ID.format(i), **r} for i, r in enumerate(held.values())]
        feeds = [t["feed"] for t in taken]
        out = os.path.join(self.dir.name, "out.json")
        replies = {"list": [good(items=[{k: r[k] for k in ("id", "kind", "source")} for r in records]),
                            good(items=[{"name": f["name"]} for f in feeds])],
                   "show": [good(**r) for r in records] + [good(**f) for f in feeds]}
        with self.fake(**replies):
            self.cairn("export", "hsds", "--out", out, *(["--feed", feed] if feed else []))
        return load(out)

    def back(self, path, doc=None):
        """In and out unchanged; the name it was kept under."""
        taken = self.taken(path)
        out = self.given([taken], taken["feed"]["name"])
        self.assertEqual(out, load(path) if doc is None else doc)
        return taken


class Examples(Kept):
    def test_ours(self):
        for name in ("harbor-hsds", "lighthouse-hsds"):
            with self.subTest(name):
                taken = self.back(os.path.join(EXAMPLES, name + ".json"))
                self.assertEqual(taken["feed"]["name"], name)

    @unittest.skipUnless(HSDS, "CAIRN_CORPORA is not set")
    def test_each_published_one(self):
        self.assertEqual(sorted(n[:-5] for n in os.listdir(HSDS) if n.endswith(".json") and n != "datapackage.json"), EXAMPLE_FILES)
        for name in EXAMPLE_FILES:
            with self.subTest(name):
                self.back(os.path.join(HSDS, name + ".json"))
        print(f"# {len(EXAMPLE_FILES)} files came back with equal values", flush=True)

    @unittest.skipUnless(HSDS, "CAIRN_CORPORA is not set")
    def test_published_tables(self):
        # datapackage.json forgets the numbers of service_capacity.csv, their schema has them.
        numbers = {k for schema in Schemas(os.path.join(HSDS, "schema")).files.values()
                   for k, p in schema.get("properties", {}).items() if p.get("type") in ("number", "integer")}
        tables = {}
        for name in os.listdir(os.path.join(HSDS, "csv")):
            with open(os.path.join(HSDS, "csv", name), encoding="utf-8", newline="") as f:
                tables[name] = [{k: float(v) if k in numbers else v for k, v in row.items() if v} for row in csv.DictReader(f)]
        self.back(os.path.join(HSDS, "csv"), tables)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tap.main()
