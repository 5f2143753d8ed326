# SPDX-License-Identifier: Apache-2.0
"""schema: reads schemas/ and says what each type means, or what is wrong where.

The dialect is a closed subset of JSON Schema 2020-12: a keyword that is not
known here is an error, and everything must be bounded.  The output side is
gen-events.
"""
import json
import os
import re

from counter import RULES, patched

NAMESPACE = "org.cairnpeer."
DIALECT = "https://json-schema.org/draft/2020-12/schema"
INT_MAX = 2**53 - 1
MAX_LENGTH = 45056      # An event's plaintext.
MAX_ITEMS = 4096
MAX_UNIQUE = 64         # uniqueItems compares every pair.
MAX_MEMBERS = 64        # Rules hold members as bits.

# What the `format` of a string means, beside the schemas: {name: {"means": words, "pattern": regular expression of the whole string}}.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "schemas", "common.json"), encoding="utf-8") as f:
    FORMATS = json.load(f)["x-formats"]
KINDS = {           # x-kind: (prefix of the C tag, heading of its part of the page)
    "event": ("ev", "Timeline events"),
    "state": ("ev", "State events"),
    "record": ("rec", "Records"),
    "file": ("file", "Signed files"),
    "type": ("ev", "Embedded types"),
    "defs": (None, None),
}
C_WORDS = set("""auto bool break case char const continue default do double else enum extern
    false float for goto if inline int long register restrict return short signed sizeof static
    struct switch true typedef union unsigned void volatile while asm typeof""".split())


class SchemaError(Exception):
    def __init__(self, file, pointer, text):
        super().__init__("%s: %s: %s" % (file, pointer or "(whole)", text))


def unique_object(pairs):
    names = [k for k, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError("member \"%s\" is there twice" % name)
    return dict(pairs)


def load(path, shown):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f, object_pairs_hook=unique_object)
    except OSError as e:
        raise SchemaError(shown, "", "cannot be read: %s" % e.strerror)
    except json.JSONDecodeError as e:
        raise SchemaError("%s:%d:%d" % (shown, e.lineno, e.colno), "", "is not JSON: %s" % e.msg)
    except ValueError as e:
        raise SchemaError(shown, "", "is not strict JSON: %s" % e)


def snake(name):
    """A JSON name as a C identifier: camelCase, '@', '-' and '.' become '_'."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name.replace("@", "at_"))
    return re.sub(r"[^A-Za-z0-9]", "_", name).lower()


class Type:
    """What a schema node means: form is one of string int bool enum object json const array."""

    def __init__(self, form, where, **more):
        self.form = form
        self.where = where
        self.description = None
        self.minimum = self.maximum = 0
        self.format = None
        self.__dict__.update(more)


class Member:
    def __init__(self, name, c_name, type_, required, description):
        self.name, self.c_name, self.type = name, c_name, type_
        self.required, self.description = required, description


class Compiler:
    """Reads all schemas; afterwards enums and structs are in an order in which C can define them."""

    def __init__(self, directory):
        self.dir = directory
        self.docs = {}          # file name: schema
        self.cache = {}         # (file, pointer) of a $ref target: Type
        self.open_refs = []     # targets being compiled, to see cycles
        self.enums = []
        self.structs = []
        self.roots = []         # (stem, kind, struct, schema)
        self.c_names = {}       # C name: where it comes from

    def fail(self, where, text):
        raise SchemaError(where[0], where[1], text)

    def claim(self, c_name, where):
        """Every C name has one origin."""
        if c_name in self.c_names:
            self.fail(where, "C name %s is taken by %s: %s" % ((c_name,) + self.c_names[c_name]))
        self.c_names[c_name] = where

    def run(self):
        names = sorted(n for n in os.listdir(self.dir) if n.endswith(".json"))
        names = [n for n in names if not n.endswith((".example.json", ".bad.json"))]
        if not names:
            raise SchemaError(self.dir, "", "holds no schema")
        for name in names:
            if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\.json", name):
                raise SchemaError(name, "", "file names are <family>.<name>.json in lower case")
            doc = load(os.path.join(self.dir, name), name)
            if not isinstance(doc, dict):
                raise SchemaError(name, "", "is not an object")
            if doc.get("$schema") != DIALECT:
                raise SchemaError(name, "/$schema", "must be \"%s\"" % DIALECT)
            if not isinstance(doc.get("x-kind"), str) or doc["x-kind"] not in KINDS:
                raise SchemaError(name, "/x-kind", "must be one of %s" % ", ".join(KINDS))
            for key in ("title", "description"):
                if not isinstance(doc.get(key), str) or not doc[key]:
                    raise SchemaError(name, "/" + key, "missing")
            self.docs[name] = doc
        for name, doc in self.docs.items():
            if doc["x-kind"] != "defs":
                stem = name[:-len(".json")]
                self.roots.append((stem, doc["x-kind"], self.root(name), doc))
            else:
                for key in doc:
                    if key not in ("$schema", "title", "description", "x-kind", "x-formats", "$defs"):
                        raise SchemaError(name, "/" + key, "unknown keyword \"%s\"" % key)
        for name, doc in self.docs.items():
            for key in doc.get("$defs", {}):
                if (name, "/$defs/" + key) not in self.cache:
                    raise SchemaError(name, "/$defs/" + key, "is used by nothing")
        return self

    def root(self, name):
        return self.resolve((name, ""), (name, ""))

    def resolve(self, target, where):
        """The Type of a $ref target, compiled once."""
        if target in self.cache:
            return self.cache[target]
        if target in self.open_refs:
            self.fail(where, "$ref in a circle")
        file, pointer = target
        doc = self.docs[file]
        stem = snake(file[:-len(".json")])
        if pointer:
            node = doc.get("$defs", {}).get(pointer[len("/$defs/"):])
            if node is None:
                self.fail(where, "$ref to nothing: %s#%s" % target)
            path = snake(pointer[len("/$defs/"):])
            if doc["x-kind"] != "defs":
                path = stem + "_" + path
            tag = "ev_" + path
        else:
            if doc["x-kind"] == "defs":
                self.fail(where, "$ref to a whole file of definitions")
            node = {k: v for k, v in doc.items() if k not in ("$schema", "title", "x-kind", "$defs")}
            path = stem
            tag = KINDS[doc["x-kind"]][0] + "_" + path
            if node.get("type") != "object" or "x-opaque" in node:
                raise SchemaError(file, "/type", "a wire type is an object")
        self.open_refs.append(target)
        result = self.node(node, target, path, tag)
        self.open_refs.pop()
        self.cache[target] = result
        return result

    def only(self, node, where, allowed):
        for key in node:
            if key not in allowed:
                self.fail((where[0], where[1] + "/" + key), "unknown keyword \"%s\" here" % key)

    def integer(self, node, key, where, low, high, default=None):
        value = node.get(key, default)
        if value is None:
            self.fail((where[0], where[1] + "/" + key), "missing: everything is bounded")
        if type(value) is not int or not low <= value <= high:
            self.fail((where[0], where[1] + "/" + key), "must be an integer in %d..%d" % (low, high))
        return value

    def node(self, node, where, path, tag=None):
        """Compile one schema.  path names it in C; tag its struct, if that is not ev_path."""
        if not isinstance(node, dict):
            self.fail(where, "a schema is an object")
        text = node.get("description")
        if text is not None and (not isinstance(text, str) or not text or not text.isprintable()):
            self.fail((where[0], where[1] + "/description"), "must be one line of text")
        if "$ref" in node:
            self.only(node, where, ("$ref", "description"))
            ref = node["$ref"]
            match = re.fullmatch(r"([a-z0-9_.]+\.json)?(?:#(/\$defs/[A-Za-z0-9_]+))?", ref) \
                if isinstance(ref, str) and ref else None
            if match is None:
                self.fail((where[0], where[1] + "/$ref"), "must be FILE.json, FILE.json#/$defs/NAME or #/$defs/NAME")
            file = match[1] or where[0]
            if file not in self.docs:
                self.fail((where[0], where[1] + "/$ref"), "no such schema: %s" % file)
            return self.resolve((file, match[2] or ""), (where[0], where[1] + "/$ref"))
        if "const" in node:
            self.only(node, where, ("const", "description"))
            value = node["const"]
            if type(value) is int and abs(value) <= INT_MAX:
                return Type("const", where, value=value, description=text)
            if isinstance(value, str) and value:
                return Type("const", where, value=value, description=text)
            self.fail((where[0], where[1] + "/const"), "must be an integer or a string")
        kind = node.get("type")
        make = {"string": self.string, "integer": self.int_, "boolean": self.bool_,
                "array": self.array, "object": self.object_}.get(kind if isinstance(kind, str) else None)
        if make is None:
            self.fail((where[0], where[1] + "/type"), "must be string, integer, boolean, array or object")
        result = make(node, where, path, tag)
        result.description = text
        return result

    def string(self, node, where, path, tag):
        if "enum" in node:
            self.only(node, where, ("type", "enum", "description"))
            return self.enum(node["enum"], (where[0], where[1] + "/enum"), path)
        self.only(node, where, ("type", "format", "minLength", "maxLength", "description"))
        low = self.integer(node, "minLength", where, 0, MAX_LENGTH, 0)
        high = self.integer(node, "maxLength", where, max(low, 1), MAX_LENGTH)
        form = node.get("format")
        if form is not None and (not isinstance(form, str) or form not in FORMATS):
            self.fail((where[0], where[1] + "/format"), "unknown format; known are %s" % ", ".join(FORMATS))
        return Type("string", where, minimum=low, maximum=high, format=form)

    def enum(self, values, where, path):
        if not isinstance(values, list) or not values:
            self.fail(where, "must be a list of strings")
        tag = "ev_" + path
        result = Type("enum", where, tag=tag, upper=tag.upper(), values=values)
        self.claim("enum " + tag, where)
        for c_name in [tag + "_names", tag.upper() + "_UNSET", tag.upper() + "_END"]:
            self.claim(c_name, where)
        for i, value in enumerate(values):
            if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", value):
                self.fail((where[0], "%s/%d" % (where[1], i)), "must be a word of letters, digits, '_' and '-'")
            self.claim(tag.upper() + "_" + snake(value).upper(), (where[0], "%s/%d" % (where[1], i)))
        self.enums.append(result)
        return result

    def int_(self, node, where, path, tag):
        self.only(node, where, ("type", "minimum", "maximum", "description"))
        low = self.integer(node, "minimum", where, -INT_MAX, INT_MAX)
        return Type("int", where, minimum=low, maximum=self.integer(node, "maximum", where, low, INT_MAX))

    def bool_(self, node, where, path, tag):
        self.only(node, where, ("type", "description"))
        return Type("bool", where)

    def array(self, node, where, path, tag):
        self.only(node, where, ("type", "items", "minItems", "maxItems", "uniqueItems", "description"))
        if "items" not in node:
            self.fail((where[0], where[1] + "/items"), "missing")
        item = self.node(node["items"], (where[0], where[1] + "/items"), path)
        if item.form not in ("string", "int", "enum", "object"):
            self.fail((where[0], where[1] + "/items"), "items are strings, integers, closed lists or objects")
        low = self.integer(node, "minItems", where, 0, MAX_ITEMS, 0)
        high = self.integer(node, "maxItems", where, max(low, 1), MAX_ITEMS)
        unique = node.get("uniqueItems", False)
        if type(unique) is not bool:
            self.fail((where[0], where[1] + "/uniqueItems"), "must be true or false")
        if unique and (item.form not in ("string", "enum") or high > MAX_UNIQUE):
            self.fail((where[0], where[1] + "/uniqueItems"),
                      "only for at most %d strings or values of a closed list" % MAX_UNIQUE)
        return Type("array", where, item=item, min_items=low, max_items=high, unique=unique)

    def object_(self, node, where, path, tag):
        if "x-opaque" in node:
            self.only(node, where, ("type", "x-opaque", "description"))
            if node["x-opaque"] is not True:
                self.fail((where[0], where[1] + "/x-opaque"), "must be true or absent")
            return Type("json", where)
        self.only(node, where, ("type", "properties", "required", "additionalProperties", "allOf", "description"))
        if node.get("additionalProperties") is not False:
            self.fail((where[0], where[1] + "/additionalProperties"), "must be false: objects are closed")
        properties = node.get("properties")
        if not isinstance(properties, dict) or not 1 <= len(properties) <= MAX_MEMBERS:
            self.fail((where[0], where[1] + "/properties"), "must hold 1 to %d members" % MAX_MEMBERS)
        required = node.get("required", [])
        if not isinstance(required, list):
            self.fail((where[0], where[1] + "/required"), "must be a list of names")
        for i, name in enumerate(required):
            at = (where[0], "%s/required/%d" % (where[1], i))
            if not isinstance(name, str) or name not in properties:
                self.fail(at, "names no property")
            if required.index(name) != i:
                self.fail(at, "is there twice")
        result = Type("object", where, tag=tag or "ev_" + path, members=[], rules=[])
        self.claim("struct " + result.tag, where)
        for c_name in (result.tag + "_desc", result.tag + "_fields", result.tag + "_rules"):
            self.claim(c_name, where)
        taken = {}
        for name, schema in properties.items():
            at = (where[0], where[1] + "/properties/" + name.replace("~", "~0").replace("/", "~1"))
            result.members.append(self.member(name, schema, at, path, name in required, taken))
        for i, rule in enumerate(self.list_of(node, "allOf", where)):
            result.rules.append(self.rule(rule, result, (where[0], "%s/allOf/%d" % (where[1], i))))
        self.structs.append(result)
        return result

    def list_of(self, node, key, where):
        value = node.get(key, [])
        if not isinstance(value, list):
            self.fail((where[0], where[1] + "/" + key), "must be a list")
        return value

    def member(self, name, schema, at, path, required, taken):
        c_name = snake(name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", c_name) or len(name) > 64:
            self.fail(at, "the name makes no C identifier")
        if c_name in C_WORDS:
            c_name += "_"
        type_ = self.node(schema, at, path + "_" + snake(name))
        names = [c_name]
        if type_.form == "array":
            names.append("n_" + c_name)
            if not required and type_.min_items == 0:
                self.fail((at[0], at[1] + "/minItems"), "an optional array needs 1, so that absent and empty are one")
        if type_.form in ("int", "bool") and not required:
            names.append("has_" + c_name)
        if type_.form == "const" and not required:
            self.fail(at, "a constant must be required")
        for n in names:
            if n in taken:
                self.fail(at, "C name %s is taken by member \"%s\"" % (n, taken[n]))
            taken[n] = name
        description = schema.get("description") or type_.description
        if description is None:
            self.fail((at[0], at[1] + "/description"), "missing: the protocol page needs the meaning")
        return Member(name, c_name, type_, required, description)

    def rule(self, node, owner, where):
        """{if: {properties: {X: {const: V}}, required: [X]}, then: {required: [...], properties: {Y: false}}}"""
        shape = "must be {if: {properties: {X: {const: V}}, required: [X]}, then: {required, properties: {Y: false}}}"
        try:
            if set(node) != {"if", "then"} or set(node["if"]) != {"properties", "required"}:
                self.fail(where, shape)
            (name, test), = node["if"]["properties"].items()
            if set(test) != {"const"} or node["if"]["required"] != [name]:
                self.fail(where, shape)
            then = node["then"]
            if not then or set(then) - {"required", "properties"}:
                self.fail((where[0], where[1] + "/then"), shape)
            needs, bans = then.get("required", []), then.get("properties", {})
            if any(v is not False for v in bans.values()):
                self.fail((where[0], where[1] + "/then/properties"), shape)
        except (AttributeError, TypeError, ValueError):
            self.fail(where, shape)
        index = {m.name: i for i, m in enumerate(owner.members)}
        for n in [name] + list(needs) + list(bans):
            if n not in index:
                self.fail(where, "\"%s\" is not a member" % n)
        for n in list(needs) + list(bans):
            if owner.members[index[n]].required:
                self.fail(where, "\"%s\" is required anyway" % n)
        subject = owner.members[index[name]].type
        value = test["const"]
        if subject.form == "enum" and value in subject.values:
            c_value = subject.upper + "_" + snake(value).upper()
        elif subject.form == "bool" and type(value) is bool:
            c_value = "1" if value else "0"
        else:
            self.fail((where[0], where[1] + "/if"), "the member must be a boolean or of a closed list with that value")
        return {"member": name, "index": index[name], "value": value, "c_value": c_value,
                "needs": [(n, index[n]) for n in needs], "bans": [(n, index[n]) for n in bans]}


def examples_of(directory, stem):
    """(example, [{why, at, rule, patch}]) of a wire type; both are obligatory.  A counter-example is the example with one thing wrong:
    at which place, against which rule of counter.py, and by which patch."""
    good_name, bad_name = stem + ".example.json", stem + ".bad.json"
    for name in (good_name, bad_name):
        if not os.path.exists(os.path.join(directory, name)):
            raise SchemaError(name, "", "missing: every type has an example and a counter-example")
    good = load(os.path.join(directory, good_name), good_name)
    bad = load(os.path.join(directory, bad_name), bad_name)
    if not isinstance(good, dict):
        raise SchemaError(good_name, "", "must be an object")
    if not isinstance(bad, list) or not bad:
        raise SchemaError(bad_name, "", "must be a list of {why, at, rule, patch}")
    for i, one in enumerate(bad):
        if not isinstance(one, dict) or set(one) != {"why", "at", "rule", "patch"}:
            raise SchemaError(bad_name, "/%d" % i, "must be {why, at, rule, patch}")
        if not isinstance(one["why"], str) or not one["why"].isprintable():
            raise SchemaError(bad_name, "/%d/why" % i, "must be one line of text")
        if not isinstance(one["at"], str) or not re.fullmatch(r"(/.*)?", one["at"]):
            raise SchemaError(bad_name, "/%d/at" % i, "must be a JSON pointer")
        if one["rule"] not in RULES:
            raise SchemaError(bad_name, "/%d/rule" % i, "must be one of %s" % ", ".join(RULES))
        try:
            patched(good, one["patch"])
        except ValueError as e:
            raise SchemaError(bad_name, "/%d/patch" % i, str(e))
    return good, bad


def stray_examples(directory, stems):
    for name in sorted(os.listdir(directory)):
        for end in (".example.json", ".bad.json"):
            if name.endswith(end) and name[:-len(end)] not in stems:
                raise SchemaError(name, "", "belongs to no schema")
