#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/coverage.md, threat-model.md and the pages of configuration name what is there: each member, value, function, command, key and file."""
import json
import os
import re
import sys
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SRC, "tests"))
sys.dont_write_bytecode = True
import tap  # noqa: E402

PARTS = {"Forms of peer support": 25, "Settings, populations, conditions": 17, "Practices, principles, qualities": 19,
         "Needs and difficulties of programs": 21, "Benefits, as what can be measured": 14, "Dimensions of a match": 22}


def read(*path):
    with open(os.path.join(SRC, *path), encoding="utf-8") as f:
        return f.read()


PREFERENCES = re.findall(r'^\tX\(\w+, "(\w+)", \d+, ', read("node", "domain", "match.h"), re.M)


def schema(name):
    return json.loads(read("schemas", name + ".json"))


def rows(text):
    """(part, name, what serves it) of each row."""
    part = None
    for line in text.splitlines():
        if line.startswith("## "):
            part = line[3:]
        match = re.fullmatch(r"\| (.+?) \| (.+) \|", line)
        if match and match[1] not in ("Named", "---"):
            yield part, match[1], match[2]


def follow(file, node):
    """The schema that a $ref or an array stands for, and the file it is in."""
    while "$ref" in node or "items" in node:
        if "items" in node:
            node = node["items"]
            continue
        target, _, pointer = node["$ref"].partition("#")
        file = target[:-len(".json")] if target else file
        node = schema(file)
        for step in pointer.strip("/").split("/") if pointer else []:
            node = node[step]
    return file, node


class Names:
    def __init__(self):
        self.headers = ""
        for folder, _, names in os.walk(os.path.join(SRC, "node")):
            self.headers += "".join(read(folder, n) for n in names if n.endswith(".h"))
        self.verbs = set(re.findall(r'^\t\{ "([a-z-]+)', read("tools", "cairn_verbs.c"), re.M))

    def member(self, ref):
        """A fault of "program.capacities.unit=beds", or None."""
        path, _, value = ref.partition("=")
        stem = next((s for s in (".".join(path.split(".")[:n]) for n in (2, 1))
                     if os.path.exists(os.path.join(SRC, "schemas", s + ".json"))), None)
        if stem is None:
            file, node = "common", schema("common")["$defs"].get(path.split(".")[0])
            steps = path.split(".")[1:]
            if node is None:
                return "no schema has this name"
        else:
            file, node, steps = stem, schema(stem), path[len(stem) + 1:].split(".")
        for step in steps:
            file, node = follow(file, node)
            if step not in node.get("properties", {}):
                return f"no member {step}"
            node = node["properties"][step]
        file, node = follow(file, node)
        if value and value not in node.get("enum", []):
            return f"no value {value}"
        return None

    def fault(self, ref):
        if ref.endswith("()"):
            return None if re.search(rf"\b{re.escape(ref[:-2])}\(struct |\b{re.escape(ref[:-2])}\(const ", self.headers) else "no header has this function"
        if ref.startswith("prefer "):
            return None if ref.split()[1] in PREFERENCES else "no such preference"
        if ref.startswith("cairn "):
            return None if ref.split()[1] in self.verbs else "no such command"
        if "/" in ref:
            return None if os.path.exists(os.path.join(SRC, ref)) else "no such file"
        return self.member(ref)

    def faults(self, served):
        """Of one row; a row that names nothing is a fault too."""
        refs = re.findall(r"`([^`]+)`", served)
        found = [f"{ref}: {fault}" for ref in refs if (fault := self.fault(ref))]
        if "not yet" in served:
            found.append("nothing is left for later: it is served, or refused with a reason")
        if not refs and "*refused*" not in served:
            found.append("nothing is named")
        return found


class Coverage(unittest.TestCase):
    def setUp(self):
        self.names = Names()

    def test_each_name_is_there(self):
        count = {}
        for part, name, served in rows(read("docs", "coverage.md")):
            count[part] = count.get(part, 0) + 1
            with self.subTest(name):
                self.assertEqual(self.names.faults(served), [])
        self.assertEqual(count, PARTS)

    def test_a_name_that_is_not_there_is_seen(self):
        for served in ("`program.nothing`", "`program.forms=nothing`", "`nothing.name`", "`program.capacities.unit=chairs`", "`fields_nothing()`",
                       "`cairn nothing`", "`prefer nothing`", "`docs/nothing.md`", "words alone", "not yet: node/domain/fields.c", "`group.charter.principles=obedience`"):
            with self.subTest(served):
                self.assertNotEqual(self.names.faults(served), [])

    def test_each_preference_is_named(self):
        text = read("docs", "coverage.md")
        self.assertGreater(len(PREFERENCES), 15)
        for kind in PREFERENCES:
            self.assertIn(f"`prefer {kind}`", text)

    def test_each_kind_of_record_is_named(self):
        text = read("docs", "coverage.md")
        for kind in schema("record")["properties"]["kind"]["enum"]:
            if kind not in ("manifest", "withdrawal"):
                self.assertIn(f"`{kind}.", text)


class Pages(unittest.TestCase):
    def test_the_threat_model_names_what_is_there(self):
        pairs = re.findall(r"([\w/.-]+\.(?:c|h|py|sql)) `([A-Za-z_]\w+)`", read("docs", "threat-model.md"))
        self.assertGreater(len(pairs), 250)
        files = [os.path.join(folder, n) for top in ("node", "bridge", "tools", "tests") for folder, _, names in os.walk(os.path.join(SRC, top)) for n in names]
        for path, name in pairs:
            with self.subTest(path + " " + name):
                texts = [read(f) for f in files if f.endswith("/" + path)]
                self.assertTrue(any(re.search(rf"\b{name}\b", text) for text in texts))

    def test_each_key_of_the_configuration_is_described(self):
        keys = re.findall(r"FIELD\((\w+)\)", read("node", "base", "config.c").split("keys[] = {")[1])
        self.assertGreater(len(keys), 20)
        manual, guide = read("docs", "man", "cairnd.8"), read("docs", "operating.md")
        for key in keys:
            with self.subTest(key):
                self.assertRegex(manual, rf"(?m)^\.It Cm {key}$")
                self.assertIn(f"\n| `{key}` |", guide)

    def test_each_table_that_can_be_listed_is_in_the_manual(self):
        tables = re.search(r'"what: (.*?)"', read("node", "app", "view.c"))[1].replace(" or ", ", ").split(", ")
        self.assertGreater(len(tables), 12)
        for table in tables:
            self.assertRegex(read("docs", "man", "cairn.1"), rf"(?m)^\.It Cm list .*\b{table}\b")


if __name__ == "__main__":
    tap.main()
