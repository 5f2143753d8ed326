#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files of HSDS in by the command and out again, value by value.

With $CAIRN_CORPORA: its hsds-3.1-dev.
"""

import csv
import glob
import json
import os
import re
import resource
import sys
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from imports import HSDS, Hsds, Schemas, account  # noqa: E402
from test_cairn import EXAMPLES  # noqa: E402


class Examples(Hsds):
    def one(self, path, doc=None):
        if doc is None:
            with open(path, encoding="utf-8") as f:
                doc = json.load(f)
        records, unmapped, written = self.round_trip(path)
        counts, lost = account(doc, written, unmapped)
        name = os.path.basename(path)
        print(f"# {name}: {len(records)} records; {counts['in']} values in, {counts['out']} out again, {counts['listed']} listed, "
              f"{counts['ties']} only tie parts together, {len(lost)} silently lost", flush=True)
        self.assertEqual(lost, [])
        self.assertGreater(counts["out"], 10)
        self.assertNotIn("org.cairnpeer.member", json.dumps(written), "all of it has a field of HSDS or a closed list")
        return written

    def test_our_examples(self):
        for name in ("harbor-hsds.json", "lighthouse-hsds.json"):
            with self.subTest(name):
                self.one(os.path.join(EXAMPLES, name))

    @unittest.skipUnless(HSDS, "CAIRN_CORPORA is not set")
    def test_published_examples(self):
        schemas = Schemas(os.path.join(HSDS, "schema"))
        for name in ("organization_full", "service_full", "service_list", "service_at_location_full", "service_at_location_list"):
            with self.subTest(name):
                written = self.one(os.path.join(HSDS, name + ".json"))
                self.valid(schemas, written)
        print(f"# {schemas.checked} schema rules applied to what was written", flush=True)

    @unittest.skipUnless(HSDS, "CAIRN_CORPORA is not set")
    def test_published_tables(self):
        schemas = Schemas(os.path.join(HSDS, "schema"))
        self.valid(schemas, self.one(os.path.join(HSDS, "tabular.json")))
        with open(os.path.join(HSDS, "datapackage.json"), encoding="utf-8") as f:
            numbers = {field["name"] for r in json.load(f)["resources"] for field in r["schema"]["fields"] if field["type"] == "number"}
        tables = {}
        for name in os.listdir(os.path.join(HSDS, "csv")):
            with open(os.path.join(HSDS, "csv", name), encoding="utf-8", newline="") as f:
                tables[name] = [{k: float(v) if k in numbers and v else v for k, v in row.items()} for row in csv.DictReader(f)]
        self.assertGreater(len(tables), 20)
        self.one(os.path.join(HSDS, "csv"), tables)

    def valid(self, schemas, page):
        for item in page["contents"]:
            # The examples' telephone numbers and addresses are text; links to the node are ours.
            self.assertEqual(schemas.faults("service.json", item), [])

    @unittest.skipUnless(HSDS, "CAIRN_CORPORA is not set")
    def test_files_without_services_say_what_they_are(self):
        wanted = {"datapackage.json": "the description of tables"}
        kept = {"base.json": "the description of a service that speaks HSDS", "location.json": "a location without a service",
                "taxonomy.json": "a taxonomy", "taxonomy_list.json": "a taxonomy", "taxonomy_term.json": "a term of a taxonomy",
                "taxonomy_term_list.json": "a term of a taxonomy", "organization_list.json": "no place in a record"}
        for name, what in kept.items():
            with self.subTest(name):
                records, answer = self.sent(os.path.join(HSDS, name))
                self.assertEqual(records, [])
                self.assertRegex("; ".join(u["why"] for u in answer["unmapped"]), what)
        read = {"organization_full.json", "service_full.json", "service_list.json", "service_at_location_full.json",
                "service_at_location_list.json", "tabular.json"}
        self.assertEqual({n for n in os.listdir(HSDS) if n.endswith(".json")}, set(wanted) | set(kept) | read)
        for path in glob.glob(os.path.join(HSDS, "schema", "*.json")):
            wanted[os.path.join("schema", os.path.basename(path))] = "a JSON schema"
        wanted["schema/openapi.json"] = "OpenAPI"
        for name, what in wanted.items():
            with self.subTest(name):
                _, answer = self.sent(os.path.join(HSDS, name), want=3)
                self.assertRegex(answer["error"], rf"^{re.escape(os.path.join(HSDS, name))}: \$[^:]*: nothing to import: .*{what}")

    def test_what_hsds_has_no_field_for_comes_back(self):
        body = {
            "name": "Low Tide", "description": " For all ", "forms": ["chat", "forum"], "conditions": ["grief"], "audiences": ["men"],
            "settings": ["school"], "languages": ["en", "es"], "modalities": ["online_text", "phone"], "accessibility": ["captions"],
            "cost": "sliding_scale", "cost_note": "Ask\nus", "law": "gdpr", "eligibility": "Anybody", "minimum_age": 18,
            "maximum_age": 99, "service_area": {"anywhere": True, "regions": ["US-NJ"], "text": "Bay\n\nBay County"},
            "locations": [{"visibility": "redacted", "locality": "Baywick"}, {"visibility": "public", "name": "Pier",
                          "address": "1 Pier\n2nd floor\nleft", "latitude_e6": 40700300, "longitude_e6": -74000201}],
            "schedules": [{"days": ["mon"], "opens": "18:00", "timezone": "Europe/Berlin"},
                          {"days": ["sun", "mon"], "frequency": "once", "from": "2026-01-01", "until": "2026-01-01"},
                          {"days": ["tue"], "timezone": "Etc/GMT-3", "note": "byday 1TU\nRing"}],
            "contacts": [{"how": "web", "value": "https://a.example/", "languages": ["en"]}, {"how": "matrix", "value": "@a:b.example"},
                         {"how": "phone", "value": "+1 555 0100 ext. 7", "label": "Desk"}, {"how": "post", "value": "Box 1"},
                         {"how": "phone", "value": "+1 ext. x"}, {"how": "email", "value": "a@b.example"}]}
        plain = {"name": "Plain", "description": "No more."}
        records = [{"source": "records:monday", "body": body}, {"body": plain},
                   {"source": "hsds:service/s1", "body": {**plain, "source": {"name": "A", "foreign_id": "s1", "uri": "https://a.example/s1"}}}]
        doc, out = self.written(records)
        again, answer = self.sent(out)
        self.assertEqual([r["path"] for r in answer["unmapped"]], ["$.contents[0].description"], "its blanks, which come back")
        for i, (mine, theirs) in enumerate(zip(records, again)):
            source = theirs["body"].pop("source")
            if i < 2:
                self.assertEqual(source["name"], "Harbor Peer Network")
            else:
                self.assertEqual(source, mine["body"].pop("source"))
            self.assertEqual(theirs["body"], mine["body"])
        self.assertEqual(again[2]["source"], "hsds:service/s1")
        words = {a["taxonomy_term"]["code"] for a in doc["contents"][0]["attributes"] if a["taxonomy_term"]["taxonomy"].endswith("member")}
        self.assertEqual(words, {"contacts", "description", "locations", "modalities", "schedules", "service_area"}, "only these are word for word")
        self.assertNotIn("attributes", doc["contents"][1])
        if HSDS:
            schemas = Schemas(os.path.join(HSDS, "schema"))
            doc["contents"].pop()  # Its id is none that HSDS would give.
            self.valid(schemas, doc)

    def test_a_part_of_a_service_at_two_locations(self):
        service = {"id": "s", "name": "N", "description": "D", "status": "active"}
        page = [{"id": str(i), "location": {"id": f"l{i}", "name": f"Place {i}", "location_type": "physical"}, "service": service}
                for i in range(2)]
        records, _ = self.sent(self.file("two.json", page))
        self.assertEqual([[p["name"] for p in r["body"]["locations"]] for r in records], [["Place 0", "Place 1"]])
        page[1]["service"] = {**service, "name": "M"}
        _, answer = self.sent(self.file("two.json", page), want=3)
        self.assertIn("two.json: $[1].service.id: another service of this file has the same id", answer["error"])


class Tables(Hsds):
    GOOD = {"organizations.csv": "id,name\no,Harbor\n", "services.csv": "id,organization_id,name,description,status,minimum_age\r\n"
            's,o,"Low, ""Tide""","Two\r\nlines",active,18\r\n'}

    def folder(self, **files):
        path = os.path.join(self.dir.name, "tables")
        os.makedirs(path, exist_ok=True)
        for name, text in {**self.GOOD, **{k + ".csv": v for k, v in files.items()}}.items():
            with open(os.path.join(path, name), "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def test_a_folder(self):
        records, answer = self.sent(self.folder(phones="\ufeffid,service_id,number,extension\np,s,+1 555 0100,7\nq,x,+1 555 0101,\n"))
        self.assertEqual(records, [{"source": "hsds:service/s", "kind": "program", "body": {
            "name": 'Low, "Tide"', "description": "Two\nlines", "minimum_age": 18, "source": {"name": "Harbor", "foreign_id": "s"},
            "contacts": [{"how": "phone", "value": "+1 555 0100 ext. 7"}]}}])
        self.assertIn({"path": '$["phones.csv"][1]', "why": "row: nothing that was read refers to it"}, answer["unmapped"])

    def test_bad_tables_say_where(self):
        for text, where, why in ((b'id,name\n"a', "2:3", "within quotes"), (b'id\na"b\n', "2:2", "a quote in"), (b'id\n"a"b\n', "2:4", "after the"),
                                 (b"id,id\n", "1:4", "two columns"), (b"id,\n", "1:4", "without a name"), (b"id,name\na\n", "2:1", "header has more"),
                                 (b"id\na,b\n", "2:3", "more fields"), (b"id\na\rb\n", "2:2", "carriage"), (b"id\n\0\n", "2:1", "zero"),
                                 (b'id\n"x\n\0"\n', "3:1", "zero"), (b"id,name\na,\xff\n", "2:3", "UTF-8"), (b"", "1:1", "empty"), (b"id,name\n\n", "2:1", "header"),
                                 (b"id\n" + b"x" * (1 << 20) + b"yy", "2:1048577", "1 MiB"), (b",".join(b"c%d" % i for i in range(101)), "1:", "columns")):
            with self.subTest(text[:40]):
                _, answer = self.sent(self.folder(phones=text), want=3)
                self.assertRegex(answer["error"], rf"tables/phones\.csv:{where}.*{why}")
        _, answer = self.sent(self.folder(phones="id\n", services="id,name,status,minimum_age\ns,N,active,old\n"), want=3)
        self.assertIn('$["services.csv"][0].minimum_age: string where a number must be', answer["error"])
        big = "id\n" + ("x" * 1000000 + "\n") * 34
        _, answer = self.sent(self.folder(phones=big, urls=big), want=3)
        self.assertIn("tables has more than 64 MiB", answer["error"])
        for name in ("services.csv", "phones.csv", "urls.csv"):
            os.unlink(os.path.join(self.dir.name, "tables", name))
        _, answer = self.sent(os.path.join(self.dir.name, "tables"), want=3)
        self.assertIn("there is no services.csv here", answer["error"])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tap.main()
