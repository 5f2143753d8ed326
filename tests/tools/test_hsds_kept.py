#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a record has no place for is kept with its file and goes out again, after edits, two imports and confidential places too.

With $CAIRN_CORPORA: its hsds-3.1-dev.
"""

import csv
import json
import os
import random
import resource
import sys
import unittest
import uuid

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


PLACE = {"id": "0d7bd0b0-3a5e-4b5f-9a55-3f0f1f7f9f01", "location_type": "physical", "name": "Safe House", "latitude": 40.7003, "longitude": -74.000201,
         "transportation": "Bus 1 to Elm Street 5", "external_identifier": "///cheer.parent.mole", "external_identifier_type": "what3words",
         "addresses": [{"id": "a1", "address_1": "Elm Street 5", "city": "Baywick", "state_province": "NJ", "postal_code": "07001", "country": "US",
                        "address_type": "physical"}],
         "phones": [{"id": "p9", "number": "+1 555 0199", "type": "voice"}]}
SECRETS = ("elm street 5", "07001", "40.7003", "74.0002", "cheer.parent.mole", "blue door", PLACE["id"])


def service(n, **more):
    return {"id": f"5b1c0a3e-0000-4000-8000-0000000000{n:02}", "status": "active", "name": f"Service {n}", "description": f"Words {n}",
            "assured_date": "2026-01-01", **more}


def organization(*services, **more):
    return {"id": "77aa0000-0000-4000-8000-000000000001", "name": "Harbor", "description": "H", "legal_status": "Charity",
            "services": list(services), **more}


class Edits(Kept):
    def edited(self, doc, change, name="feed.json"):
        """The file as it goes out after ${change} was made to the bodies; it reads as them."""
        path = self.file(name, doc)
        taken = self.taken(path)
        for r in taken["records"]:
            change(r["body"])
        out = self.given([taken], taken["feed"]["name"])
        again = self.taken(self.file("again.json", out))
        self.assertEqual([r["body"] for r in again["records"]], [r["body"] for r in taken["records"]])
        return out

    def test_each_member_where_the_file_has_it(self):
        doc = organization(service(
            1, eligibility_description="Adults", alert="New hours", minimum_age=18, maximum_age=60, fees_description="Free",
            languages=[{"id": "l1", "code": "en", "note": "spoken"}, {"id": "l2", "code": "es", "note": "a little"}],
            schedules=[{"id": "t1", "byday": "MO", "opens_at": "10:00", "wkst": "SU", "schedule_link": "http://a.example"},
                       {"id": "t2", "byday": "TU", "opens_at": "11:00"}],
            phones=[{"id": "p1", "number": "+1 555 0100", "type": "voice", "extension": 7}],
            service_at_locations=[{"id": "at", "description": "Upstairs", "location": {k: v for k, v in PLACE.items() if k != "phones"}}]))

        def change(body):
            body.update(name="Renamed", description="Other words", eligibility="Anybody", cost_note="Ask", anonymity="alias_welcome")
            del body["maximum_age"]
            body["languages"] = ["en", "fr"]
            body["schedules"] = [{**body["schedules"][0], "opens": "10:30"}]
            body["contacts"][0]["value"] = "+1 555 0101 ext. 8"
            body["contacts"].append({"how": "email", "value": "new@a.example"})
            body["locations"][0]["address"] = "Oak Street 6"
        out = self.edited(doc, change)
        want = json.loads(json.dumps(doc))
        s = want["services"][0]
        s.update(name="Renamed", description="Other words", eligibility_description="Anybody", fees_description="Ask")
        del s["maximum_age"]
        s["languages"][1]["code"] = "fr"
        s["schedules"] = [{**s["schedules"][0], "opens_at": "10:30"}]
        s["phones"][0].update(number="+1 555 0101", extension=8)
        s["service_at_locations"][0]["location"]["addresses"][0]["address_1"] = "Oak Street 6"
        s["email"] = "new@a.example"
        # An order of contacts that HSDS cannot say, and what it has no field for, are words of ours.
        ours = out["services"][0].pop("attributes")
        self.assertEqual({a["taxonomy_term"]["code"] for a in ours}, {"anonymity", "contacts"})
        self.assertEqual(out, want)

    def test_everything_at_once_in_every_published_file(self):
        if not HSDS:
            self.skipTest("CAIRN_CORPORA is not set")

        def change(body):
            body.update(name="Renamed", description="Other", anonymity="alias_welcome")
            body["contacts"] = body.get("contacts", [])[1:] + [{"how": "phone", "value": "+1 555 0177"}]
            body.pop("languages", None)
            body["schedules"] = body.get("schedules", [])[:1] + [{"days": ["sun"], "opens": "09:00"}]
        for name in ("organization_full", "service_full", "service_list", "service_at_location_full", "service_at_location_list", "tabular"):
            with self.subTest(name):
                out = self.edited(load(os.path.join(HSDS, name + ".json")), change)
                text = json.dumps(out)
                for kept in ("tax_status", "Following COVID-19", "accredited by the BASC", "2005-01-01"):
                    self.assertIn(kept, text)
                self.assertNotIn("Community Counselling\"", text)

    def test_two_imports(self):
        first, second = organization(service(1, alert="A"), service(2)), organization(service(1, alert="B"), service(3, alert="C"))
        one, two = self.taken(self.file("harbor.json", first)), self.taken(self.file("harbor.json", second))
        self.assertEqual(one["feed"]["name"], two["feed"]["name"], "the second takes the first one's place")
        other = self.taken(self.file("harbor.json", first), "--feed", "harbor.old")
        self.assertEqual(self.given([other, two], "harbor"), second)
        self.assertEqual(self.given([other, two], "harbor.old"), first, "two files give back what each said")
        page = {s["id"]: s for s in self.given([other, two])["contents"]}
        around = {k: v for k, v in second.items() if k != "services"}
        self.assertEqual(page[service(1)["id"]], {**service(1, alert="B"), "organization": around}, "the last one has the say")
        self.assertEqual(page[service(2)["id"]], {**service(2), "organization": around}, "what only the first has comes from there")

    def test_a_page_of_all_that_was_said(self):
        place = dict(PLACE)
        doc = organization(service(1, service_at_locations=[{"id": "at", "location_id": PLACE["id"]}]), locations=[place])
        page = self.given([self.taken(self.file("harbor.json", doc))])["contents"]
        self.assertEqual(page, [{**doc["services"][0], "service_at_locations": [{**doc["services"][0]["service_at_locations"][0], "location": place}],
                                 "organization": {k: v for k, v in doc.items() if k != "services"}}])

    def test_what_was_withdrawn_is_left_out(self):
        doc = organization(service(1, alert="one"), service(2, alert="two"))
        taken = self.taken(self.file("harbor.json", doc))
        gone = taken["records"].pop(0)["source"]
        self.assertEqual(self.given([taken], "harbor"), organization(service(2, alert="two")), "a service without a record stays behind")
        taken["feed"]["parts"] = [p for p in taken["feed"]["parts"] if p["source"] != gone]
        self.assertEqual(self.given([taken], "harbor"), organization(service(2, alert="two")), "and one whose part the node forgot")

    def test_names_and_refusals(self):
        for args, name in (((), "a-b"), (("--feed", "x.y_z-1"), "x.y_z-1")):
            self.assertEqual(self.taken(self.file("a b.json", organization(service(1))), *args)["feed"]["name"], name)
        _, answer = self.sent(self.file("mark.json", organization(service(1, **{"org.cairnpeer.kept": "x"}))), want=3)
        self.assertIn("stands for something here", answer["error"])


class Native(Kept):
    """What HSDS 3.1 says in fields that records have."""

    def body(self, **more):
        (record,) = self.taken(self.file("one.json", service(1, **more)))["records"]
        return record["body"]

    def test_free_places(self):
        def row(available=4, unit="Beds", **more):
            return {"id": f"c{unit}", "available": available, "updated": "2026-10-01T11:00:00.5+02:00", **({"unit": {"id": "u", "name": unit}} if unit else {}), **more}
        at = 1790845200500
        for said, want in (
                ([row(maximum=6)], [{"unit": "beds", "open": 4, "maximum": 6, "updated_at": at}]),
                ([row(unit=None)], [{"open": 4, "updated_at": at}]),
                ([row(), row(2, "bed"), row(1, "person")], [{"unit": "beds", "open": 4, "updated_at": at}, {"unit": "people", "open": 1, "updated_at": at}]),
                ([row(updated="2026-10-01T09:00:00.500999Z")], [{"unit": "beds", "open": 4, "updated_at": at}]),
                ([row(updated="2026-10-01T04:30:00.500-04:30")], [{"unit": "beds", "open": 4, "updated_at": at}]),
                ([row(maximum=3)], None), ([row(available=-1)], None), ([row(available=0.5)], None), ([row(unit="hours")], None),
                ([row(updated="yesterday")], None), ([row(updated="2026-10-01T11:00:00")], None), ([row(updated="2026-10-01T11:00:00+25:00")], None),
                ([row(updated="2026-02-30T11:00:00Z")], None), ([{"id": "x", "available": 4}], None)):
            with self.subTest(said):
                self.assertEqual(self.body(capacities=said).get("capacities"), want)
                doc = organization(service(1, capacities=said))
                self.back(self.file("back.json", doc))
        taken = self.taken(self.file("edit.json", organization(service(1, capacities=[row(description="For women", maximum=6)]))))
        taken["records"][0]["body"]["capacities"][0].update(open=0, updated_at=at + 1000)
        (out,) = self.given([taken], "edit")["services"]
        self.assertEqual(out["capacities"], [row(0, description="For women", maximum=6, updated="2026-10-01T09:00:01.500Z")], "the rest of the row stays")

    def test_when_it_was_checked(self):
        self.assertEqual(self.body(last_modified="2026-03-04T05:06:07Z")["source"],
                         {"name": "Service 1", "foreign_id": service(1)["id"], "updated": "2026-03-04", "assured": "2026-01-01"})
        self.assertNotIn("assured", self.body(assured_date="soon")["source"])

    def test_closed_lists_as_attributes(self):
        def term(n, list_, code):
            return {"id": f"t{n}", "taxonomy_term": {"id": f"u{n}", "code": code, "name": code, "description": code, "taxonomy": f"org.cairnpeer.{list_}"}}
        body = self.body(attributes=[term(1, "practice_model", "twelve_step"), term(2, "pathway", "abstinence"), term(3, "anonymity", "alias_welcome"),
                                     term(4, "session_type", "nothing such")])
        self.assertEqual((body["practice_models"], body["pathways"], body["anonymity"]), (["twelve_step"], ["abstinence"], "alias_welcome"))
        self.assertNotIn("session_types", body)


class Hidden(Kept):
    """A place that a record calls redacted is in no export, whatever file has it."""

    def hide(self, taken, i=0):
        place = taken["records"][i]["body"]["locations"][0]
        for k in ("address", "postal_code", "latitude_e6", "longitude_e6"):
            place.pop(k, None)
        place["visibility"] = "redacted"

    def silent(self, out):
        text = json.dumps(out).lower()
        for word in SECRETS:
            self.assertNotIn(word.lower(), text)

    def both(self, taken, name):
        outs = [self.given(taken, name), self.given(taken)]
        for out in outs:
            self.silent(out)
        again = {r["source"]: r["body"] for r in self.taken(self.file("again.json", outs[0]))["records"]}
        self.assertEqual(again, {k: v for t in taken for r in t["records"] for k, v in [(r["source"], r["body"])] if k in again})
        return outs[0]

    def test_in_one_file(self):
        at = {"id": "at", "description": "The blue door behind the church", "location": PLACE}
        for name, doc in (("full", organization(service(1, service_at_locations=[at], application_process="Come to elm street 5!", alert="Stays"))),
                          ("linked", organization(service(1, service_at_locations=[{"id": "at", "location_id": PLACE["id"]}], alert="Stays"), locations=[PLACE])),
                          ("lone", service(1, service_at_locations=[at], alert="Stays", organization={"id": "o", "name": "Harbor", "locations": [PLACE]})),
                          ("at", {**at, "service": service(1, alert="Stays")}),
                          ("page", {"contents": [{**at, "service": service(1, alert="Stays")}]})):
            with self.subTest(name):
                taken = self.taken(self.file(name + ".json", doc))
                self.assertIn("elm street 5", json.dumps(self.given([taken], name)).lower(), "it would be there")
                self.hide(taken)
                self.assertIn("Stays", json.dumps(self.both([taken], name)))

    def test_in_tables(self):
        tables = {"organizations.csv": [{"id": "o", "name": "Harbor"}], "services.csv": [{**service(1), "organization_id": "o"}],
                  "service_at_location.csv": [{"id": "at", "service_id": service(1)["id"], "location_id": PLACE["id"]}],
                  "locations.csv": [{k: v for k, v in PLACE.items() if not isinstance(v, list)}],
                  "addresses.csv": [{**PLACE["addresses"][0], "location_id": PLACE["id"]}],
                  "phones.csv": [{**PLACE["phones"][0], "location_id": PLACE["id"]}, {"id": "p2", "service_id": service(1)["id"], "number": "+1 555 0102"}],
                  "metadata.csv": [{"id": "m", "resource_id": PLACE["id"], "previous_value": "Elm Street 5", "field_name": "address_1"}]}
        taken = self.taken(self.file("tables.json", tables))
        self.assertIn("elm street 5", json.dumps(self.given([taken], "tables")).lower())
        self.hide(taken)
        out = self.both([taken], "tables")
        self.assertEqual(out["phones.csv"], [tables["phones.csv"][1]], "what is not of the place stays")

    def test_hidden_beats_visible_in_another_file(self):
        at = [{"id": "at", "location": PLACE}]
        one = self.taken(self.file("one.json", organization(service(1, service_at_locations=at))))
        two = self.taken(self.file("two.json", organization(service(2, service_at_locations=at), service(3, alert="Elm Street 5 is closed"))))
        self.hide(one)
        for name in ("one", "two"):
            self.silent(self.given([one, two], name))
            self.silent(self.given([two, one], name))
        self.silent(self.given([one, two]))

    def test_by_the_type_of_the_place(self):
        """Not of HSDS 3.1, but of a branch of it; and whatever else is no place to go to."""
        for kind in ("redacted", "by_appointment_only"):
            with self.subTest(kind):
                at = {"id": "at", "description": "The blue door behind the church", "location": {**PLACE, "location_type": kind}}
                taken = self.taken(self.file("typed.json", organization(service(1, service_at_locations=[at], alert="Stays"))))
                (place,) = taken["records"][0]["body"]["locations"]
                self.assertEqual(place["visibility"], "redacted")
                self.silent(taken["records"])
                self.assertIn("Stays", json.dumps(self.both([taken], "typed")))

    def test_the_other_places_stay(self):
        pier = {"id": "0d7bd0b0-3a5e-4b5f-9a55-3f0f1f7f9f02", "location_type": "physical", "name": "Pier", "transportation": "Ferry",
                "addresses": [{"id": "a2", "address_1": "Pier 1", "city": "Baywick", "country": "US", "address_type": "physical"}]}
        doc = organization(service(1, service_at_locations=[{"id": "a", "location": PLACE}, {"id": "b", "location": pier}]))
        taken = self.taken(self.file("two.json", doc))
        self.hide(taken)
        out = self.both([taken], "two")
        self.assertEqual(out["services"][0]["service_at_locations"][1], doc["services"][0]["service_at_locations"][1])


class Chance:
    """Documents of the published schemas, from a seed."""
    WORDS = ("Elm", "naïve", "\U0001f30a", '"quoted"', "a\\b", "line\nline", "  blank ", "", "\ttab", "x" * 5000, "ж" * 150, "null", "-1", "<b>", "\u202e")
    SPECIAL = {"byday": ("MO", "TU,WE", "1MO,-1FR"), "country": ("US", "GB", "Nowhere"), "opens_at": ("10:00", "9:30:00Z", "late"),
               "closes_at": ("18:00:30+02:00", "25:00"), "code": ("en", "es-US", "code"), "freq": ("WEEKLY", "MONTHLY"), "status": ("active", "active", "inactive")}

    def __init__(self, seed, schemas):
        self.dice, self.files = random.Random(seed), schemas.files

    def value(self, key, schema, depth):
        d = self.dice
        if "$ref" in schema:
            return self.thing(schema["$ref"], depth - 1)
        kind = schema.get("type")
        if kind == "array":
            return [self.value(key, schema["items"], depth) for _ in range(d.choice((0, 1, 1, 2, 3)))]
        if key == "extension":
            return d.randrange(1000)
        if kind in ("number", "integer"):
            return d.choice((0, 1, 18, 99, -5, 2.5, d.uniform(-180, 180), d.randrange(1 << 50)))
        if kind == "boolean":
            return d.random() < 0.5
        if key in self.SPECIAL:
            return d.choice(self.SPECIAL[key])
        if "enum" in schema:
            return d.choice(schema["enum"])
        return {"uuid": lambda: str(uuid.UUID(int=d.getrandbits(128), version=4)), "uri": lambda: f"https://{d.randrange(1000)}.example/",
                "email": lambda: f"a{d.randrange(100)}@b.example", "date": lambda: f"20{d.randrange(10, 30)}-02-{d.randrange(1, 29):02}",
                "date-time": lambda: f"2026-01-02T03:04:{d.randrange(60):02}.5Z"}.get(
                    schema.get("format"), lambda: " ".join(d.choices(self.WORDS, k=d.randrange(1, 4))))()

    def thing(self, name, depth):
        """An object that is not refused: with its name, and no deeper than ${depth}."""
        out = {}
        for key, schema in self.files[name]["properties"].items():
            deep = "$ref" in schema or schema.get("type") == "array"
            if key == "id" or self.dice.random() < (0.35 if deep and depth > 0 else 0 if deep else 0.6):
                out[key] = self.value(key, schema, depth)
        if name in ("service.json", "organization.json"):
            out["name"] = f"{name} {self.dice.randrange(1000)}"
        if name == "service.json":
            out.setdefault("status", "active")
        if name == "service_at_location.json":
            out.pop("service", None)
        return out

    def document(self):
        shape = self.dice.choice(("organizations", "services", "places"))
        if shape == "organizations":
            return [{**self.thing("organization.json", 5), "services": [self.thing("service.json", 4) for _ in range(self.dice.randrange(3))]}
                    for _ in range(3)]
        if shape == "services":
            return {"contents": [self.thing("service.json", 5) for _ in range(4)], "total_pages": 1, "size": 4}
        return [{**self.thing("service_at_location.json", 5), "service": self.thing("service.json", 3)} for _ in range(4)]

    def edit(self, body):
        d = self.dice
        if d.random() < 0.5:
            body["description"] = d.choice(("Other", "Words\nof ours"))
        if d.random() < 0.5:
            body["anonymity"] = "alias_expected"
        for key in ("languages", "schedules", "contacts", "locations"):
            items = body.get(key)
            if items and d.random() < 0.4:
                items.pop(d.randrange(len(items)))
                if not items:
                    del body[key]
        if d.random() < 0.4:
            body["schedules"] = [{"days": ["sun"], "opens": "07:07"}] + body.get("schedules", [])[:20]
        for place in body.get("locations", []):
            if d.random() < 0.3:
                place["name"] = "Another name"
        if d.random() < 0.2:
            body.pop("cost_note", None)


@unittest.skipUnless(HSDS, "CAIRN_CORPORA is not set")
class Property(Kept):
    def test_random_documents(self):
        schemas = Schemas(os.path.join(HSDS, "schema"))
        first, n = int(os.environ.get("HSDS_SEED", "1")), 400 if os.environ.get("CAIRN_LONG") else 12
        records = edited = 0
        for seed in range(first, first + n):
            with self.subTest(f"HSDS_SEED={seed}"):
                chance = Chance(seed, schemas)
                doc = chance.document()
                path = self.file("random.json", doc)
                taken = self.taken(path)
                self.assertEqual(self.given([taken], "random"), doc)
                records += len(taken["records"])
                for r in taken["records"]:
                    before = json.dumps(r["body"])
                    chance.edit(r["body"])
                    edited += before != json.dumps(r["body"])
                again = self.taken(self.file("again.json", self.given([taken], "random")))
                self.assertEqual([r["body"] for r in again["records"]], [r["body"] for r in taken["records"]])
        print(f"# HSDS_SEED={first} to {first + n - 1}: {records} records came back, {edited} of them edited", flush=True)
        self.assertGreater(edited, n)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tap.main()
