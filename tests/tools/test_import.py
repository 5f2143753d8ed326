#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files of HSDS in by the command and out again, value by value; and bad files, of which nothing may be sent.

With $CAIRN_CORPORA: its hsds-3.1-dev, bad/JSONTestSuite and bad/blns.  CAIRN_LONG=1 tries every string alone too.
"""

import concurrent.futures
import contextlib
import csv
import glob
import json
import os
import re
import resource
import subprocess
import sys
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from test_cairn import CAIRN, EXAMPLES, Case, Node, bad, good  # noqa: E402

CORPORA = os.environ.get("CAIRN_CORPORA")
HSDS = os.path.join(CORPORA, "hsds-3.1-dev") if CORPORA else None
ID = "01J8Z0Q4M2K7V9T5B3N6X8C0{:02}"
EVIL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# ---- which value of a file is where in what was written -----------------------

# Members that tie parts together, or describe a page: no content.
TIES = {"id", "organization_id", "program_id", "service_id", "location_id", "service_at_location_id", "contact_id", "phone_id",
        "unit_id", "taxonomy_term_id", "taxonomy_id", "link_id", "link_type", "link_entity", "total_items", "total_pages",
        "page_number", "size", "first_page", "last_page", "empty", "resource_id"}
KINDS = {"services": "service", "organizations": "organization", "location": "locations", "programs": "program",
         "service_at_location": "service_at_locations", "url": "additional_urls"}
EMAIL = [("service", "email"), ("contacts", "email")]
WEB = [("service", "url"), ("additional_urls", "url")]
LABEL = [("contacts", "name"), ("phones", "description")]
FEES = [("service", "fees_description")]
# Where else than under its own name a value may be, and what separates it from others there.
MOVED = {
    ("service", "email"): (EMAIL, None), ("organization", "email"): (EMAIL, None), ("contacts", "email"): (EMAIL, None),
    ("organization", "website"): (WEB, None), ("additional_websites", "url"): (WEB, None), ("locations", "url"): (WEB, None),
    ("service", "url"): (WEB, None), ("additional_urls", "url"): (WEB, None),
    ("additional_websites", "label"): ([("additional_urls", "label")], None),
    ("contacts", "name"): (LABEL, ", "), ("contacts", "title"): (LABEL, ", "), ("contacts", "department"): (LABEL, ", "),
    ("phones", "description"): (LABEL, None),
    # An extension is a number in HSDS; one that is a text stays with the number.
    ("phones", "number"): ([("phones", "number")], " ext. "),
    ("phones", "extension"): ([("phones", "extension"), ("phones", "number")], " ext. "),
    ("schedules", "dtstart"): ([("schedules", "valid_from")], None), ("schedules", "until"): ([("schedules", "valid_to")], None),
    ("schedules", "description"): ([("schedules", "notes")], "\n"), ("schedules", "notes"): ([("schedules", "notes")], "\n"),
    ("schedules", "attending_type"): ([("schedules", "notes")], "\n"),
    **{("schedules", k): ([("schedules", k), ("schedules", "notes")], "rule") for k in
       ("byday", "byweekno", "bymonthday", "byyearday", "freq")},
    ("service_areas", "name"): ([("service_areas", "name")], ": "),
    ("service_areas", "description"): ([("service_areas", "name")], ": "),
    ("addresses", "region"): ([("addresses", "state_province")], None),
    ("service", "fees_description"): (FEES, "\n"), ("service", "fees"): (FEES, "\n"),
    ("cost_options", "option"): (FEES, "cost"), ("cost_options", "amount"): (FEES, "cost"), ("cost_options", "currency"): (FEES, "cost"),
    ("cost_options", "amount_description"): (FEES, "cost"), ("cost_options", "valid_from"): (FEES, "cost"),
    ("cost_options", "valid_to"): (FEES, "cost"),
}


def kind_of(item):
    if "service" in item:
        return "service_at_locations"
    return "service" if "status" in item or "organization" in item else "organization"


def leaves(value, path="$", kind=None, key=None):
    """(path as the command writes it, kind of object, member, value) of all that is no object or list."""
    if isinstance(value, dict):
        here = kind or ("page" if "contents" in value or all(k.endswith(".csv") for k in value) else kind_of(value))
        for k, v in value.items():
            plain = re.fullmatch(r"[A-Za-z0-9_-]+", k)
            shown = k if len(k.encode()) <= 64 else k.encode()[:64].decode(errors="ignore") + "..."
            inner = here
            if isinstance(v, (dict, list)):
                name = k[:-4] if k.endswith(".csv") else k
                inner = None if k == "contents" else KINDS.get(name, name)
            yield from leaves(v, path + (f".{k}" if plain else f'["{shown}"]'), inner, k)
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from leaves(v, f"{path}[{i}]", kind, key)
    elif value not in (None, ""):
        yield path, kind, key, value


def found(kind, key, value, out):
    """Is the value in what was written, where its member goes?"""
    places, separator = MOVED.get((kind, key), ([(kind, key)], None))
    for place in places:
        for got in out.get(place, ()):
            if isinstance(value, (int, float)) and isinstance(got, (int, float)):
                if abs(value - got) < 1e-9:
                    return True
            if not isinstance(got, str):
                continue
            text = f"{value:g}" if isinstance(value, (int, float)) else value
            if key in ("opens_at", "closes_at"):
                if text[:5].rjust(5, "0") == got[:5] and text[5:] in ("", ":00"):
                    return True
            elif separator == "rule":
                # As a member, or as a line of the notes with its name; a frequency that records do not have begins one.
                if got == text or any(line in (f"{key} {text}",) or line.startswith(f"{text}, interval ") for line in got.split("\n")):
                    return True
            elif separator == "cost":
                if text in re.split(r"[\n ():]+", got) or f"{text}: " in got or f" {text}" in got or text == got:
                    return True
            elif got == text or separator and (separator + text + separator) in (separator + got + separator):
                return True
            elif separator and "\n" in got and any((separator + text + separator) in (separator + line + separator)
                                                   for line in got.split("\n")):
                return True
    return False


def account(doc, written, unmapped):
    """{"in", "out", "listed", "ties"} counts, and the values that are silently lost."""
    out = {}
    for _, kind, key, value in leaves(written):
        out.setdefault((kind, key), []).append(value)
    rows, labels = {}, []
    for row in unmapped:
        if row["why"].startswith(("label:", "languages:")):
            # It is about what stands beside the address: the name, title and department of its contact.
            labels.append(re.sub(r"(\.phones\[\d+\]|\.email)$", "", row["path"]))
            labels.append(row["path"])
        elif row["path"] != "$":
            rows[row["path"]] = row["why"]

    def listed(path, key):
        part = path
        while part:
            if part in rows:
                return True
            part = re.sub(r"(\.[A-Za-z0-9_-]+|\[\"[^\]]*\"\]|\[\d+\])$", "", part) if part != "$" else ""
        return key in ("name", "title", "department", "description", "code", "label") and any(path.startswith(p + ".") for p in labels)

    counts = {"in": 0, "out": 0, "listed": 0, "ties": 0}
    lost = []
    # Of a place that stands both in the organization and, the same, in a service, the service's is read.
    twins = {json.dumps(s["location"], sort_keys=True) for s in objects(doc) if isinstance(s.get("location"), dict)}
    for item in objects(doc):
        for i, place in enumerate(item.get("locations") or []) if isinstance(item.get("locations"), list) else ():
            if json.dumps(place, sort_keys=True) in twins:
                place.clear()
    ours = {id(t) for t in objects(doc) if str(t.get("taxonomy", "")).startswith("org.cairnpeer.")}
    for term in objects(doc):
        if id(term) in ours:
            term.pop("name", None), term.pop("description", None)
    for path, kind, key, value in leaves(doc):
        counts["in"] += 1
        if key in TIES:
            counts["ties"] += 1
        elif listed(path, key):
            counts["listed"] += 1
        elif found(kind, key, value, out):
            counts["out"] += 1
        else:
            lost.append((path, kind, value))
    return counts, lost


def objects(value):
    if isinstance(value, dict):
        yield value
        for v in value.values():
            yield from objects(v)
    elif isinstance(value, list):
        for v in value:
            yield from objects(v)


# ---- the published schemas ------------------------------------------------------

FORMATS = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "uri": r"[a-z][a-z0-9+.-]*:\S+", "email": r"[^@\s]+@[^@\s]+",
}
TYPES = {"string": str, "number": (int, float), "object": dict, "array": list, "boolean": bool}
# What says nothing about a value; a keyword that is in neither place would be an error.
NOTES = {"name", "title", "description", "example", "path", "constraints", "datapackage_metadata", "type_hint", "$schema", "$id",
         "tabular_required", "order", "core", "datapackage_type"}


class Schemas:
    def __init__(self, folder):
        self.files = {}
        for path in glob.glob(os.path.join(folder, "*.json")):
            with open(path, encoding="utf-8") as f:
                self.files[os.path.basename(path)] = json.load(f)
        self.checked = 0

    def faults(self, name, value):
        return list(self._faults(self.files[name], value, name))

    def _faults(self, schema, value, at):
        self.checked += 1
        for word, want in schema.items():
            if word == "$ref":
                yield from self._faults(self.files[want], value, at)
            elif word == "type" and not isinstance(value, TYPES[want]):
                yield f"{at}: no {want}"
            elif word == "required":
                yield from (f"{at}: {m} is missing" for m in want if m not in value)
            elif word == "enum" and value not in want:
                yield f"{at}: {value!r} is not in {want}"
            elif word == "format" and want in FORMATS and not re.fullmatch(FORMATS[want], value):
                yield f"{at}: {value!r} is no {want}"
            elif word == "items":
                for i, v in enumerate(value):
                    yield from self._faults(want, v, f"{at}[{i}]")
            elif word == "properties":
                for k, v in value.items():
                    yield from self._faults(want[k], v, f"{at}.{k}") if k in want else [f"{at}.{k}: not in the schema"]
            elif word not in NOTES | {"type", "enum", "format", "datatype", "unique", "uniqueItems"}:
                yield f"{at}: the keyword {word} is not understood here"


class Hsds(Case):
    @contextlib.contextmanager
    def fake(self, **replies):
        path = os.path.join(self.dir.name, "admin.sock")
        node = Node(path, **replies)
        try:
            yield node
        finally:
            node.close()
            os.unlink(path)

    def sent(self, *args, want=0):
        """What `cairn import hsds ...` sends, and its answer as JSON."""
        with self.fake(**{"import": good(added=1, changed=0, unchanged=0)}) as node:
            done = self.cairn("--json", "import", "hsds", *args, want=want)
        self.assertEqual(len(node.asked), 0 if want else 1)
        return (node.asked[0][1]["records"] if node.asked else None), json.loads(done.stdout)

    def written(self, records):
        """What `cairn export hsds` writes of a node that holds these."""
        held = [{"id": ID.format(i), **r} for i, r in enumerate(records)]
        for r in held:
            r.setdefault("kind", "program")
        listed = [{k: r[k] for k in ("id", "kind", "source") if k in r} for r in held]
        out = os.path.join(self.dir.name, "out.json")
        with self.fake(list=good(items=[{"id": "group", "kind": "group"}] + listed), show=[good(**r) for r in held]) as node:
            self.cairn("export", "hsds", "--out", out)
        self.assertEqual([args for verb, args in node.asked if verb == "show"], [{"id": r["id"], "draft": True} for r in held])
        with open(out, encoding="utf-8") as f:
            return json.load(f), out

    def round_trip(self, path):
        records, answer = self.sent(path)
        doc, out = self.written(records)
        again, second = self.sent(out)
        self.assertEqual(again, records, f"{path}: another import of what was written changes something")
        self.assertEqual([r for r in second["unmapped"]], [], f"{path}: not all that was written is understood")
        return records, answer["unmapped"], doc


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
        wanted = {"base.json": "the description of a service that speaks HSDS", "datapackage.json": "the description of tables",
                  "location.json": "a location without a service", "organization_list.json": "there is no service here",
                  "taxonomy.json": "a taxonomy", "taxonomy_list.json": "a taxonomy", "taxonomy_term.json": "a term of a taxonomy",
                  "taxonomy_term_list.json": "a term of a taxonomy"}
        read = {"organization_full.json", "service_full.json", "service_list.json", "service_at_location_full.json",
                "service_at_location_list.json", "tabular.json"}
        self.assertEqual({n for n in os.listdir(HSDS) if n.endswith(".json")}, set(wanted) | read)
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


class Bad(Hsds):
    def many(self, args):
        """Runs of the command at once: (arguments, done)."""
        def run(a):
            return a, subprocess.run([CAIRN, *a], env=self.env, cwd=self.dir.name, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(run, args))

    def quiet(self, done):
        """Text that a terminal may show, without anything that it would obey."""
        text = (done.stdout + done.stderr).decode("utf-8")
        self.assertIsNone(EVIL.search(text.replace("\t", " ")), text)
        return text

    @unittest.skipUnless(CORPORA, "CAIRN_CORPORA is not set")
    def test_json_test_suite(self):
        # Accepted by JSON, refused here: twice the same name is a contradiction, and a text that holds U+0000 is none.
        strict = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json", "y_string_null_escape.json",
                  "y_object_escaped_null_in_key.json"}
        files = sorted(glob.glob(os.path.join(CORPORA, "bad", "JSONTestSuite", "test_parsing", "*.json")))
        self.assertGreater(len(files), 300)
        node = self.node(**{"import": good(added=1)})
        before = sorted(os.listdir(self.dir.name))
        counts = {}
        for args, done in self.many([("import", "hsds", path) for path in files]):
            name = os.path.basename(args[2])
            text = self.quiet(done)
            place = re.match(rf"cairn: {re.escape(args[2])}:\d+:\d+: \S", text)
            path = re.match(rf"cairn: {re.escape(args[2])}: \$\S*: \S", text)
            self.assertEqual((done.returncode, done.stdout), (3, b""), f"{name}: {text}")
            self.assertTrue(place or path, f"{name}: {text}")
            if name[0] != "i":
                self.assertEqual(bool(place), name[0] == "n" or name in strict, f"{name}: {text}")
            key = f"{name[0]}_ by {'line and column' if place else 'path'}"
            counts[key] = counts.get(key, 0) + 1
        self.assertEqual(node.asked, [], "nothing was sent")
        self.assertEqual(sorted(os.listdir(self.dir.name)), before, "nothing was made")
        print(f"# {len(files)} files: " + ", ".join(f"{n} {k}" for k, n in sorted(counts.items())), flush=True)

    @staticmethod
    def everywhere(n, s):
        """A service with the text s(place) in every member that is free text."""
        def phone(p):
            return {"number": s(p + "number"), "description": s(p + "description"), "type": s(p + "type"), "extension": s(p + "extension"),
                    "languages": [{"code": s(p + "code"), "name": s(p + "name"), "note": s(p + "note")}]}

        def person(p):
            return {"name": s(p + "name"), "title": s(p + "title"), "department": s(p + "department"), "email": s(p + "email"),
                    "phones": [phone(p + "phone ")]}

        def hours(p):
            return {"byday": "MO", **{k: s(p + k) for k in ("freq", "valid_from", "valid_to", "dtstart", "until", "opens_at", "closes_at", "byweekno",
                    "bymonthday", "byyearday", "description", "notes", "attending_type", "wkst", "schedule_link")}}

        def area(p):
            return {k: s(p + k) for k in ("name", "description", "extent", "extent_type", "uri")}

        def web(p):
            return {"label": s(p + "label"), "url": s(p + "url")}
        service = {k: s(k) for k in ("alternate_name", "description", "url", "email", "interpretation_services", "application_process",
                   "fees_description", "fees", "wait_time", "accreditations", "eligibility_description", "assured_date", "assurer_email",
                   "licenses", "alert", "last_modified")}
        service.update(
            id=f"s{n}", name=f"N{n} " + s("name") + ".", status="active", phones=[phone("phone ")], contacts=[person("person ")],
            additional_urls=[web("urls ")], schedules=[hours("hours ")], service_areas=[area("area ")],
            languages=[{"code": s("code"), "name": s("language"), "note": s("note")}],
            cost_options=[{k: s("cost " + k) for k in ("option", "currency", "amount_description", "valid_from", "valid_to")} | {"amount": 3.25}],
            funding=[{"source": s("funding")}], required_documents=[{"document": s("document")}], program={"name": s("program")},
            attributes=[{"label": s("label"), "value": s("value"), "taxonomy_term": {"taxonomy": s("taxonomy"), "code": s("term"), "name": s("term name")}}],
            service_at_locations=[{"description": s("at"), "contacts": [person("at person ")], "phones": [phone("at phone ")],
                                   "schedules": [hours("at hours ")], "service_areas": [area("at area ")],
                                   "location": {"location_type": "physical", **{k: s("place " + k) for k in ("name", "alternate_name", "description",
                                                "transportation", "url", "external_identifier", "external_identifier_type")},
                                                "addresses": [{k: s("address " + k) for k in ("attention", "address_1", "address_2", "city", "region",
                                                               "state_province", "postal_code", "country")}],
                                                "accessibility": [{"description": s("access"), "details": s("details"), "url": s("access url")}],
                                                "phones": [phone("place phone ")], "schedules": [hours("place hours ")]}}],
            organization={"id": "o", "name": "O " + s("organization") + ".", **{k: s("organization " + k) for k in ("alternate_name", "description", "email", "website",
                          "tax_status", "tax_id", "legal_status", "logo", "uri")}, "phones": [phone("organization phone ")],
                          "additional_websites": [web("websites ")], "contacts": [person("organization person ")]})
        service[s("member") or "x"] = "what is this?"
        return service

    def naughty(self):
        with open(os.path.join(CORPORA, "bad", "blns", "blns.json"), encoding="utf-8") as f:
            strings = [s for s in json.load(f) if "\0" not in s]
        self.assertGreater(len(strings), 500)
        return strings + ["\x1b[31m", "\u202eevil", "a\x9bb", "\r\n", "x" * 5000, "é" * 2500]

    @unittest.skipUnless(CORPORA, "CAIRN_CORPORA is not set")
    def test_naughty_strings_in_every_field(self):
        strings = self.naughty()
        total = {"in": 0, "out": 0, "listed": 0, "ties": 0}
        for tagged in (False, True):
            for begin in range(0, len(strings), 60):
                docs = [self.everywhere(n, (lambda p, t=t: t[:60] + " " + p) if tagged else (lambda p, t=t: t))
                        for n, t in enumerate(strings[begin:begin + 60])]
                path = self.file("naughty.json", docs)
                records, unmapped, page = self.round_trip(path)
                self.assertEqual(len(records), len(docs))
                self.quiet(self.many([("import", "hsds", path, "--dry-run")])[0][1])
                for n, (doc, written) in enumerate(zip(docs, page["contents"])):
                    mine = [{**r, "path": "$" + r["path"][len(f"$[{n}]"):]} for r in unmapped if r["path"].startswith(f"$[{n}]")]
                    counts, lost = account(doc, written, mine)
                    self.assertEqual(lost, [], f"string {begin + n}, {'tagged' if tagged else 'as it is'}")
                    for k, v in counts.items():
                        total[k] += v
        print(f"# {len(strings)} strings: {total['in']} values in, {total['out']} out again, {total['listed']} listed, "
              f"{total['ties']} only tie parts together, 0 silently lost", flush=True)

    @unittest.skipUnless(CORPORA, "CAIRN_CORPORA is not set")
    def test_naughty_strings_where_only_some_are_allowed(self):
        """In members that are no free text: taken, or refused with the path, and nothing is sent."""
        strings = self.naughty()
        if not os.environ.get("CAIRN_LONG"):
            strings = strings[::12]
        whole = {"id": "s", "name": "N", "description": "D", "status": "active"}
        cases = []
        for n, s in enumerate(strings):
            for key, doc in (("id", {**whole, "id": s}), ("name", {**whole, "name": s}), ("status", {**whole, "status": s}),
                             ("schedules[0].byday", {**whole, "schedules": [{"byday": s}]}), ("minimum_age", {**whole, "minimum_age": s})):
                cases.append((key, s, self.file(f"{n}-{key}.json", doc)))
        node = self.node(**{"import": good(added=1)})
        done = self.many([("import", "hsds", path, "--dry-run") for _, _, path in cases])
        taken = refused = 0
        for (key, s, path), (_, run) in zip(cases, done):
            text = self.quiet(run)
            self.assertIn(run.returncode, (0, 3), text)
            if run.returncode == 0:
                taken += 1
                continue
            refused += 1
            self.assertTrue(text.startswith((f"cairn: {path}: $.{key}: ", f"cairn: {path}: $: nothing to import")), f"{s!r}: {text}")
        self.assertEqual(node.asked, [])
        self.assertGreater(taken, len(strings))
        self.assertGreater(refused, len(strings))
        print(f"# {len(cases)} files: {taken} taken, {refused} refused with their path", flush=True)


class Sizes(Hsds):
    def measured(self, path, want=3):
        """(error, MiB that the command used at most)"""
        done = subprocess.Popen([CAIRN, "import", "hsds", path], env=self.env, cwd=self.dir.name, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        err = done.stderr.read().decode()
        done.stdout.read()
        _, status, usage = os.wait4(done.pid, 0)
        done.returncode = os.waitstatus_to_exitcode(status)
        done.stdout.close(), done.stderr.close()
        self.assertEqual(done.returncode, want, err)
        return err, usage.ru_maxrss >> 10

    def test_hostile_sizes(self):
        node = self.node(**{"import": bad("bad", "records: a list of at most 20000 records is wanted")})
        path = os.path.join(self.dir.name, "big.json")
        service = '{"id":"%d","name":"N","description":"D","status":"active"}'
        for what, text, error in (
                ("65 MiB", lambda: " " * (65 << 20), r"big\.json has more than 64 MiB"),
                ("12 MiB of objects", lambda: "[" + "{}," * (4 << 20) + "{}]", r"needs more than 256 MiB of memory"),
                ("100,000 brackets", lambda: "[" * 100000, r"big\.json:1:\d+: maximum parsing depth"),
                ("100,000 objects in each other", lambda: '{"services":[' * 100000, r"big\.json:1:\d+: maximum parsing depth"),
                ("a text of 60 MiB", lambda: '{"id":"s","status":"active","name":"' + "n" * (60 << 20), r"big\.json:1:\d+: premature|memory"),
                ("100,000 services", lambda: "[" + ",".join(service % i for i in range(100000)) + "]", r"memory|20000|takes \d+ at once")):
            with open(path, "w", encoding="ascii") as f:
                f.write(text())
            err, used = self.measured(path)
            print(f"# {what}: {used} MiB: {err.splitlines()[0][-90:]}", flush=True)
            self.assertRegex(err, error)
            self.assertLess(used, 1200, what)
        self.assertLessEqual(len(node.asked), 1)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tap.main()
