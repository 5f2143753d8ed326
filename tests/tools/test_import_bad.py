#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad files, of which nothing may be sent by the command; and hostile texts in every field, of which nothing may be lost.

With $CAIRN_CORPORA: its bad/JSONTestSuite and bad/blns.  CAIRN_LONG=1 tries every string alone too.
"""

import concurrent.futures
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
from imports import CORPORA, EVIL, Hsds, account  # noqa: E402
from test_cairn import CAIRN, bad, good  # noqa: E402


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
        suite = os.path.join(CORPORA, "bad", "JSONTestSuite")
        files = sorted(glob.glob(os.path.join(suite, "test_parsing", "*.json")) + glob.glob(os.path.join(suite, "test_transform", "*.json")))
        self.assertGreater(len(files), 330)
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
            # Those of test_transform may be read in more than one way, and so may be refused in either.
            kind = name[0] if "test_parsing" in args[2] else "t"
            if kind in "ny":
                self.assertEqual(bool(place), kind == "n" or name in strict, f"{name}: {text}")
            key = f"{kind}_ by {'line and column' if place else 'path'}"
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
            capacities=[{"available": 1, "maximum": 2, "updated": s("updated"), "description": s("capacity"),
                         "unit": {k: s("unit " + k) for k in ("name", "scheme", "identifier", "uri")}}],
            metadata=[{k: s("metadata " + k) for k in ("resource_id", "resource_type", "last_action_date", "last_action_type", "field_name",
                       "previous_value", "replacement_value", "updated_by")}],
            funding=[{"source": s("funding")}], required_documents=[{"document": s("document")}], program={"name": s("program")},
            attributes=[{"label": s("label"), "value": s("value"), "link_type": s("link"), "link_entity": s("entity"),
                         "taxonomy_term": {"taxonomy": s("taxonomy"), "code": s("term"), "name": s("term name"), "term_uri": s("term uri"),
                                           "taxonomy_detail": {k: s("taxonomy " + k) for k in ("name", "description", "uri", "version")}}}],
            service_at_locations=[{"description": s("at"), "contacts": [person("at person ")], "phones": [phone("at phone ")],
                                   "schedules": [hours("at hours ")], "service_areas": [area("at area ")],
                                   "location": {"location_type": "physical", **{k: s("place " + k) for k in ("name", "alternate_name", "description",
                                                "transportation", "url", "external_identifier", "external_identifier_type")},
                                                "addresses": [{k: s("address " + k) for k in ("attention", "address_1", "address_2", "city", "region",
                                                               "state_province", "postal_code", "country", "address_type")}],
                                                "accessibility": [{"description": s("access"), "details": s("details"), "url": s("access url")}],
                                                "phones": [phone("place phone ")], "schedules": [hours("place hours ")]}}],
            organization={"id": "o", "name": "O " + s("organization") + ".", **{k: s("organization " + k) for k in ("alternate_name", "description", "email", "website",
                          "tax_status", "tax_id", "legal_status", "logo", "uri")}, "phones": [phone("organization phone ")],
                          "organization_identifiers": [{k: s("identifier " + k) for k in ("identifier_scheme", "identifier_type", "identifier")}],
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
