#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counter-examples before another judge, python3-jsonschema: each is refused at its place and for its reason, and for no other; and of
all that the schemas demand, found here by reading them anew, nothing is left that no counter-example breaks.  TAP on standard output."""
import datetime as dt
import glob
import json
import os
import re
import sys
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCHEMAS = os.path.join(SRC, "schemas")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tools")]
import tap  # noqa: E402
from counter import RULES, Derived, patched  # noqa: E402
from schema import FORMATS, Compiler, SchemaError, examples_of  # noqa: E402

try:
    import jsonschema
except ImportError:
    jsonschema = None


def follows(form, text):
    if re.fullmatch(FORMATS[form]["pattern"], text) is None:
        return False
    try:
        return form not in ("date", "date-time-utc") or bool(dt.datetime.fromisoformat(text[:19]))
    except ValueError:
        return False


def bundle():
    """All schemas as one, whose references stay in it."""
    def inward(node, name):
        if isinstance(node, dict):
            out = {k: v if k in ("additionalProperties", "const") else inward(v, name) for k, v in node.items()}
            if isinstance(node.get("$ref"), str):
                file, _, place = node["$ref"].partition("#")
                out["$ref"] = "#/$defs/" + (file or name) + place
            return out
        if node is False:       # The same as a schema that says where: some versions lose the place.
            return {"not": {}}
        return [inward(v, name) for v in node] if isinstance(node, list) else node

    docs = {}
    for path in glob.glob(os.path.join(SCHEMAS, "*.json")):
        name = os.path.basename(path)
        if not name.endswith((".example.json", ".bad.json")):
            with open(path, encoding="utf-8") as f:
                docs[name] = inward(json.load(f), name)
    return {"$defs": docs}


class Judge:
    def __init__(self):
        self.schemas = bundle()
        checker = jsonschema.FormatChecker(formats=())
        for form in FORMATS:
            checker.checks(form)(lambda v, form=form: not isinstance(v, str) or follows(form, v))
        self.checker = checker
        self.broken = set()     # (id of a schema, keyword, name or "") that something broke.

    def wrong(self, stem, value):
        """{(rule, where)} that python-jsonschema finds."""
        schema = dict(self.schemas, **{"$ref": "#/$defs/%s.json" % stem})
        found = set()
        for e in jsonschema.Draft202012Validator(schema, format_checker=self.checker).iter_errors(value):
            at = "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in e.absolute_path)
            word, names = e.validator, [None]
            if word == "required":
                names = [re.match("'(.*)' is a required property", e.message)[1]]
            elif word == "additionalProperties":
                names = [k for k in e.instance if k not in e.schema["properties"]]
            elif word == "uniqueItems":
                names = [next(i for i, v in enumerate(e.instance) if v in e.instance[:i])]
            elif word == "not":
                word = "false"
            self.broken.add((id(e.schema), word, names[0] if word == "required" else ""))
            found |= {(word, at + ("" if n is None else "/" + str(n))) for n in names}
        return found

    def demands(self):
        """[(id, keyword, name, where)] of everything that a value must obey."""
        out = []

        def walk(node, where):
            if not isinstance(node, dict):
                return
            for word in ("maxLength", "minimum", "maximum", "maxItems", "enum", "const", "format"):
                if word in node:
                    out.append((id(node), word, "", where))
            for word in ("minLength", "minItems"):
                if node.get(word, 0) > 0:
                    out.append((id(node), word, "", where))
            if node.get("uniqueItems"):
                out.append((id(node), "uniqueItems", "", where))
            if node.get("additionalProperties") is False:
                out.append((id(node), "additionalProperties", "", where))
            out.extend((id(node), "required", n, where) for n in node.get("required", ()))
            for name, part in node.get("properties", {}).items():
                walk(part, where + "/properties/" + name)
            walk(node.get("items"), where + "/items")
            for i, rule in enumerate(node.get("allOf", ())):
                then = rule["then"]
                out.extend((id(then), "required", n, "%s/allOf/%d" % (where, i)) for n in then.get("required", ()))
                out.extend((id(part), "false", "", "%s/allOf/%d/%s" % (where, i, n)) for n, part in then.get("properties", {}).items())
            for name, part in node.get("$defs", {}).items():
                walk(part, where + "#" + name)

        for name, doc in self.schemas["$defs"].items():
            walk(doc, name)
        return out


def cases():
    """(stem, example, [hand-written], [derived])"""
    comp, derived = Compiler(SCHEMAS).run(), Derived()
    for stem, _, t, _ in comp.roots:
        good, bad = examples_of(SCHEMAS, stem)
        yield stem, good, bad, derived.of(t, good)


@unittest.skipUnless(jsonschema, "python3-jsonschema is not installed")
class Counter(unittest.TestCase):
    def refused(self, judge, stem, one, value):
        wrong = judge.wrong(stem, value)
        rule, at = one["rule"], one["at"]
        if rule in ("control", "bytes"):
            return set() == wrong       # A general judge does not know of it.
        # A value may be too short and of no known format, or of no type and not on the list: at the one place.
        beside = {"minLength": "format", "maxLength": "format", "type": "enum", "maxItems": "uniqueItems"}.get(rule)
        return (rule, at) in wrong and all(w == rule and a == at or w == beside and a.startswith(at) for w, a in wrong)

    def test_each_is_refused_there_and_for_that_alone(self):
        judge, n = Judge(), 0
        for stem, good, bad, derived in cases():
            self.assertEqual(judge.wrong(stem, good), set(), "%s: the example" % stem)
            for one in bad + derived:
                n += 1
                value = patched(good, one["patch"])
                self.assertTrue(self.refused(judge, stem, one, value), "%s: %s at %s: %s; %s" % (
                    stem, one["rule"], one["at"], sorted(judge.wrong(stem, value)), json.dumps(one["patch"])[:600]))
                self.assertIn(one["rule"], RULES)
        print("# %d counter-examples" % n)
        self.assertGreater(n, 1000)

    def test_everything_demanded_is_broken_by_one(self):
        judge = Judge()
        for stem, good, bad, derived in cases():
            for one in bad + derived:
                judge.wrong(stem, patched(good, one["patch"]))
        demands = judge.demands()
        left = sorted({"%s: %s %s" % (where, word, name) for node, word, name, where in demands if (node, word, name) not in judge.broken})
        print("# %d demands" % len(demands))
        self.assertEqual(left, [])
        self.assertGreater(len(demands), 1000)


class Patch(unittest.TestCase):
    def test_what_a_patch_does(self):
        doc = {"a": [1, 2], "b/c": {"~": 0}}
        for patch, want in (([{"op": "remove", "path": "/a/0"}], {"a": [2], "b/c": {"~": 0}}),
                            ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3], "b/c": {"~": 0}}),
                            ([{"op": "add", "path": "/a/1", "value": 3}], {"a": [1, 3, 2], "b/c": {"~": 0}}),
                            ([{"op": "replace", "path": "/b~1c/~0", "value": 1}], {"a": [1, 2], "b/c": {"~": 1}}),
                            ([{"op": "replace", "path": "", "value": {}}, {"op": "add", "path": "/x", "value": 1}], {"x": 1})):
            self.assertEqual(patched(doc, patch), want)
        self.assertEqual(doc, {"a": [1, 2], "b/c": {"~": 0}}, "the example itself stays")

    def test_what_is_no_patch(self):
        for patch in ([], {}, [1], [{"op": "test", "path": "/a", "value": 1}], [{"op": "remove", "path": "/x"}], [{"op": "remove", "path": ""}],
                      [{"op": "replace", "path": "/x", "value": 1}], [{"op": "add", "path": "/a/3", "value": 1}],
                      [{"op": "add", "path": "/a/x", "value": 1}], [{"op": "add", "path": "a", "value": 1}], [{"op": "add", "path": "/x"}],
                      [{"op": "replace", "path": "/a/-", "value": 1}], [{"op": "remove", "path": "/a", "value": 1}]):
            with self.assertRaises(ValueError, msg=json.dumps(patch)):
                patched({"a": [1, 2]}, patch)

    def test_an_unfit_file_is_named(self):
        self.assertTrue(issubclass(SchemaError, Exception))


if __name__ == "__main__":
    tap.main()
