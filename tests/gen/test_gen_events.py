#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gen-events refuses, and that its output is stable.  TAP on standard output."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMAS = os.path.join(SRC, "schemas")
SUITE = os.path.join(os.environ.get("CAIRN_CORPORA", ""), "bad", "json-schema-test-suite", "tests", "draft2020-12")
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tools")]
import schema  # noqa: E402
import tap  # noqa: E402

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generate(schemas, out, *more):
    return subprocess.run([sys.executable, os.path.join(SRC, "tools", "gen-events"), "--schemas", schemas,
                           "--out", out, *more], capture_output=True, text=True, check=False)


def tree(directory):
    found = {}
    for base, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, directory)] = (f.read(), os.stat(path).st_mtime_ns)
    return found


class Small(unittest.TestCase):
    """One small schema, spoilt in one place at a time."""

    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.schemas, self.out = os.path.join(temp.name, "schemas"), os.path.join(temp.name, "out")
        os.mkdir(self.schemas)
        text = {"type": "string", "minLength": 1, "maxLength": 20, "description": "A text."}
        self.doc = {
            "$schema": DIALECT, "title": "Check-in", "description": "Says how somebody is.", "x-kind": "event",
            "type": "object",
            "properties": {
                "v": {"const": 1, "description": "Version."},
                "mood": {"type": "string", "enum": ["good", "bad"], "description": "How."},
                "note": dict(text),
                "count": {"type": "integer", "minimum": 0, "maximum": 9, "description": "How often."},
                "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "minItems": 1,
                         "maxItems": 4, "uniqueItems": True, "description": "Words."},
            },
            "required": ["v", "mood"],
            "allOf": [{"if": {"properties": {"mood": {"const": "bad"}}, "required": ["mood"]},
                       "then": {"required": ["note"]}}],
            "additionalProperties": False,
        }
        self.good = {"v": 1, "mood": "bad", "note": "rain", "tags": ["a"]}
        self.bad = [{"why": "No mood.", "at": "/mood", "rule": "required", "patch": [{"op": "remove", "path": "/mood"}]}]

    def put(self, name, value):
        with open(os.path.join(self.schemas, name), "w", encoding="utf-8") as f:
            f.write(value if isinstance(value, str) else json.dumps(value))

    def run_it(self):
        self.put("checkin.json", self.doc)
        if self.good is not None:
            self.put("checkin.example.json", self.good)
        if self.bad is not None:
            self.put("checkin.bad.json", self.bad)
        return generate(self.schemas, self.out)

    def refused(self, at, file="checkin.json"):
        result = self.run_it()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertTrue(result.stderr.startswith("gen-events: %s: %s: " % (file, at or "(whole)")), result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertFalse(os.path.exists(self.out), "nothing is written")

    def read(self, name):
        with open(os.path.join(self.out, name), encoding="utf-8") as f:
            return f.read()

    def test_new_event(self):
        result = self.run_it()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("struct ev_checkin {", self.read("events.h"))
        self.assertIn('DISPATCH("org.cairnpeer.checkin", checkin)', self.read("handlers.inc"))
        self.assertIn("int on_checkin(struct app *, const struct ev_checkin *, const struct origin *);",
                      self.read("handlers.h"))
        self.assertIn("### Check-in", self.read("types.md"))
        self.assertIn("example_good(&ev_checkin_desc", self.read("test_events.c"))
        self.assertEqual(json.loads(self.read("seeds/checkin.json")), self.good)
        self.assertEqual(json.loads(self.read("seeds/checkin.bad-0.json")), {"v": 1, "note": "rain", "tags": ["a"]})

    def test_unknown_keyword(self):
        self.doc["properties"]["note"]["pattern"] = "^a"
        self.refused("/properties/note/pattern")

    def test_unknown_keyword_in_items(self):
        self.doc["properties"]["tags"]["items"]["contentEncoding"] = "base64"
        self.refused("/properties/tags/items/contentEncoding")

    def test_unknown_keyword_at_the_top(self):
        self.doc["oneOf"] = []
        self.refused("/oneOf")

    def test_unknown_keyword_beside_ref(self):
        self.doc["$defs"] = {"x": {"type": "boolean", "description": "X."}}
        self.doc["properties"]["x"] = {"$ref": "#/$defs/x", "maxLength": 3}
        self.refused("/properties/x/maxLength")

    def test_unknown_format(self):
        self.doc["properties"]["note"]["format"] = "email"
        self.refused("/properties/note/format")

    def test_unbounded_string(self):
        del self.doc["properties"]["note"]["maxLength"]
        self.refused("/properties/note/maxLength")

    def test_unbounded_array(self):
        del self.doc["properties"]["tags"]["maxItems"]
        self.refused("/properties/tags/maxItems")

    def test_unbounded_integer(self):
        del self.doc["properties"]["count"]["maximum"]
        self.refused("/properties/count/maximum")

    def test_integer_too_wide(self):
        self.doc["properties"]["count"]["maximum"] = 2**53
        self.refused("/properties/count/maximum")

    def test_bounds_crossed(self):
        self.doc["properties"]["note"]["minLength"] = 30
        self.refused("/properties/note/maxLength")

    def test_many_unique_items(self):
        self.doc["properties"]["tags"]["maxItems"] = 65
        self.refused("/properties/tags/uniqueItems")

    def test_optional_empty_array(self):
        del self.doc["properties"]["tags"]["minItems"]
        self.refused("/properties/tags/minItems")

    def test_open_object(self):
        del self.doc["additionalProperties"]
        self.refused("/additionalProperties")

    def test_nested_open_object(self):
        self.doc["properties"]["in"] = {"type": "object", "description": "In.", "additionalProperties": True,
                                        "properties": {"a": {"type": "boolean", "description": "A."}}}
        self.refused("/properties/in/additionalProperties")

    def test_required_unknown(self):
        self.doc["required"].append("moood")
        self.refused("/required/2")

    def test_no_description(self):
        del self.doc["properties"]["note"]["description"]
        self.refused("/properties/note/description")

    def test_duplicate_c_name(self):
        self.doc["properties"]["noTe"] = self.doc["properties"]["note"]
        self.doc["properties"]["no_te"] = self.doc["properties"]["note"]
        self.refused("/properties/no_te")

    def test_duplicate_c_name_of_count(self):
        self.doc["properties"]["n_tags"] = self.doc["properties"]["count"]
        self.refused("/properties/n_tags")

    def test_duplicate_enum_value(self):
        self.doc["properties"]["mood"]["enum"] = ["so-so", "so_so"]
        self.refused("/properties/mood/enum/1")

    def test_enum_value_taken_by_absence(self):
        self.doc["properties"]["mood"]["enum"].append("unset")
        self.refused("/properties/mood/enum/2")

    def test_duplicate_struct(self):
        self.doc["properties"]["in"] = {"type": "object", "description": "In.", "additionalProperties": False,
                                        "properties": {"a": {"type": "boolean", "description": "A."}}}
        other = {k: self.doc[k] for k in ("$schema", "title", "description", "x-kind", "type", "additionalProperties")}
        other["properties"] = {"a": {"type": "boolean", "description": "A."}}
        self.put("checkin.in.json", other)
        self.refused("/properties/in")

    def test_bad_rule(self):
        self.doc["allOf"][0]["else"] = {}
        self.refused("/allOf/0")

    def test_rule_about_nothing(self):
        self.doc["allOf"][0]["then"]["required"] = ["nothing"]
        self.refused("/allOf/0")

    def test_rule_on_a_value_that_is_not_listed(self):
        self.doc["allOf"][0]["if"]["properties"]["mood"]["const"] = "ugly"
        self.refused("/allOf/0/if")

    def test_reference_to_nothing(self):
        self.doc["properties"]["x"] = {"$ref": "common.json#/$defs/x"}
        self.refused("/properties/x/$ref")

    def test_reference_in_a_circle(self):
        self.doc["properties"]["x"] = {"$ref": "checkin.json", "description": "Itself."}
        self.refused("/properties/x/$ref")

    def test_unused_definition(self):
        self.doc["$defs"] = {"x": {"type": "boolean"}}
        self.refused("/$defs/x")

    def test_unknown_kind(self):
        self.doc["x-kind"] = "thing"
        self.refused("/x-kind")

    def test_other_dialect(self):
        self.doc["$schema"] = "http://json-schema.org/draft-07/schema#"
        self.refused("/$schema")

    def test_no_example(self):
        self.good = None
        self.refused("", "checkin.example.json")

    def test_no_counter_example(self):
        self.bad = None
        self.refused("", "checkin.bad.json")

    def test_empty_counter_example(self):
        self.bad = []
        self.refused("", "checkin.bad.json")

    def test_counter_example_without_pointer(self):
        self.bad[0]["at"] = "mood"
        self.refused("/0/at", "checkin.bad.json")

    def test_counter_example_of_no_known_rule(self):
        self.bad[0]["rule"] = "taste"
        self.refused("/0/rule", "checkin.bad.json")

    def test_counter_example_that_does_not_fit_the_example(self):
        self.bad[0]["patch"][0]["path"] = "/humour"
        self.refused("/0/patch", "checkin.bad.json")

    def test_counter_example_in_full(self):
        self.bad[0] = {"why": "No mood.", "at": "/mood", "value": {"v": 1}}
        self.refused("/0", "checkin.bad.json")

    def test_stray_example(self):
        self.put("gone.example.json", {})
        self.refused("", "gone.example.json")

    def test_not_json(self):
        self.put("zz.json", '{\n "a": }')
        self.refused("", "zz.json:2:7")

    def test_member_twice(self):
        self.put("zz.json", '{"a": 1, "a": 2}')
        self.refused("", "zz.json")


class Real(unittest.TestCase):
    """The project's own schemas."""

    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir = temp.name

    def test_deterministic(self):
        for name in ("a", "b"):
            result = generate(SCHEMAS, os.path.join(self.dir, name))
            self.assertEqual(result.returncode, 0, result.stderr)
        a, b = tree(os.path.join(self.dir, "a")), tree(os.path.join(self.dir, "b"))
        self.assertEqual({k: v[0] for k, v in a.items()}, {k: v[0] for k, v in b.items()})

    def test_order_of_the_directory_does_not_matter(self):
        names = sorted(os.listdir(SCHEMAS), reverse=True)
        copy = os.path.join(self.dir, "copy")
        os.mkdir(copy)
        for name in names:
            shutil.copy(os.path.join(SCHEMAS, name), copy)
        for source, name in ((SCHEMAS, "a"), (copy, "b")):
            self.assertEqual(generate(source, os.path.join(self.dir, name)).returncode, 0)
        a, b = tree(os.path.join(self.dir, "a")), tree(os.path.join(self.dir, "b"))
        self.assertEqual({k: v[0] for k, v in a.items()}, {k: v[0] for k, v in b.items()})

    def test_untouched_when_nothing_changed(self):
        out, stamp = os.path.join(self.dir, "out"), os.path.join(self.dir, "stamp")
        self.assertEqual(generate(SCHEMAS, out, "--stamp", stamp).returncode, 0)
        before = tree(out)
        os.utime(stamp, (1, 1))
        extra = os.path.join(out, "seeds", "gone.json")
        with open(extra, "w", encoding="utf-8") as f:
            f.write("{}")
        self.assertEqual(generate(SCHEMAS, out, "--stamp", stamp).returncode, 0)
        self.assertEqual(tree(out), before)
        self.assertGreater(os.stat(stamp).st_mtime, 1)

    def test_all_is_ascii_c(self):
        out = os.path.join(self.dir, "out")
        self.assertEqual(generate(SCHEMAS, out).returncode, 0)
        for name in ("events.h", "events.c", "handlers.h", "handlers.inc", "test_events.c"):
            with open(os.path.join(out, name), "rb") as f:
                f.read().decode("ascii")


@unittest.skipUnless(os.path.isdir(SUITE), "CAIRN_CORPORA has no json-schema-test-suite")
class Suite(unittest.TestCase):
    """Every schema of the public suite, as the one member of an event: what our dialect lacks is named, and where; nothing else ends the reading."""

    def test_each(self):
        known = refused = 0
        for file in glob.glob(os.path.join(SUITE, "**", "*.json"), recursive=True):
            with open(file, encoding="utf-8") as f:
                groups = json.load(f)
            for group in groups:
                with self.subTest(file=file, group=group["description"]), tempfile.TemporaryDirectory() as directory:
                    part = group["schema"]
                    if isinstance(part, dict):
                        part = {"description": "x", **{key: value for key, value in part.items() if key != "$schema"}}
                    doc = {"$schema": DIALECT, "title": "x", "description": "x", "x-kind": "event", "type": "object", "properties": {"x": part},
                           "required": ["x"], "additionalProperties": False}
                    with open(os.path.join(directory, "x.json"), "w", encoding="utf-8") as f:
                        json.dump(doc, f)
                    try:
                        schema.Compiler(directory).run()
                        known += 1
                    except schema.SchemaError as error:
                        self.assertRegex(str(error), r"(?s)^x\.json: (/properties/x|\(whole\))")
                        refused += 1
        self.assertGreater(known, 2)
        self.assertGreater(refused, 300)


if __name__ == "__main__":
    tap.main()
