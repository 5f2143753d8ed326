# SPDX-License-Identifier: Apache-2.0
"""counter: counter-examples as patches (RFC 6902: add, remove, replace) of an example, and those that a schema's own words give:
each required member left out, each bound passed, each closed list and object left, each rule broken, one at a time."""
import copy

# What is wrong, as JSON Schema calls it; "control" and "bytes" are known to the node alone.
RULES = ("required", "additionalProperties", "type", "enum", "const", "format", "minLength", "maxLength", "minimum", "maximum",
         "minItems", "maxItems", "uniqueItems", "false", "control", "bytes")
SAMPLES = {
    "opaque-id": "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", "step-id": "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", "user-id": "@a:b.example", "room-id": "!a:b.example",
    "server-name": "b.example", "bcp47": "en", "spoken": "en", "iso-3166": "US", "date": "2026-11-21", "date-time-utc": "2026-11-21T09:30:00Z",
    "clock-time": "09:30", "sha256-hex": "0" * 64, "multibase-ed25519": "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
    "multibase": "z2", "base64-32": "A" * 43, "did": "did:web:b.example", "uri": "https://b.example/", "web-uri": "https://b.example/",
}
UNKNOWN = "unknown_member"


def escape(name):
    return name.replace("~", "~0").replace("/", "~1")


def parts(pointer):
    if pointer and not pointer.startswith("/"):
        raise ValueError("\"%s\" is no JSON pointer" % pointer)
    return [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]


def step(value, part):
    """One step into ${value}: what is there, or KeyError."""
    if isinstance(value, dict):
        return value[part]
    if isinstance(value, list) and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    raise KeyError(part)


def patched(doc, patch):
    """${doc} with the patch; ValueError if that is none, or does not fit."""
    doc = copy.deepcopy(doc)
    for op in patch if isinstance(patch, list) and patch else [None]:
        keys = {"op", "path"} if isinstance(op, dict) and op.get("op") == "remove" else {"op", "path", "value"}
        if not isinstance(op, dict) or set(op) != keys or op["op"] not in ("add", "remove", "replace"):
            raise ValueError("must be a list of {op: add or replace, path, value} and {op: remove, path}")
        way = parts(op["path"])
        if not way:
            if op["op"] == "remove":
                raise ValueError("nothing would be left")
            doc = copy.deepcopy(op["value"])
            continue
        try:
            into = doc
            for part in way[:-1]:
                into = step(into, part)
            last = way[-1]
            if op["op"] != "add":
                step(into, last)
            if isinstance(into, list):
                at = len(into) if last == "-" else int(last)
                if not 0 <= at <= len(into):
                    raise KeyError(last)
                into[at:at + (op["op"] != "add")] = [] if op["op"] == "remove" else [copy.deepcopy(op["value"])]
            elif op["op"] == "remove":
                del into[last]
            elif isinstance(into, dict):
                into[last] = copy.deepcopy(op["value"])
            else:
                raise KeyError(last)
        except (KeyError, ValueError):
            raise ValueError("%s: the example has no such place" % op["path"])
    return doc


# ---- Values that a type allows. ----

def sample(t, nth=0):
    """The smallest value of a type; of strings the ${nth}, where there are several."""
    if t.form == "string":
        text = SAMPLES[t.format] if t.format else "abcdefghij"[nth % 10]
        return text + text[-1] * (t.minimum - len(text))
    if t.form == "array":
        return [sample(t.item, i) for i in range(max(t.min_items, 1))]
    if t.form == "object":
        return repaired(t, {m.name: sample(m.type) for m in t.members if m.required}, set())
    return {"int": lambda: t.minimum, "bool": lambda: False, "const": lambda: t.value, "enum": lambda: t.values[0], "json": dict}[t.form]()


def broken(t, value):
    """[(rule, members that lack, members too many)] of the object."""
    out = []
    for rule in t.rules:
        if rule["member"] in value and value[rule["member"]] == rule["value"]:
            lack, many = [n for n, _ in rule["needs"] if n not in value], [n for n, _ in rule["bans"] if n in value]
            if lack or many:
                out.append((rule, lack, many))
    return out


def repaired(t, value, keep):
    """The object so that it breaks no rule, with the members of ${keep} as they are; None if that was not found."""
    value, types = dict(value), {m.name: m for m in t.members}
    for _ in range(20):
        wrong = broken(t, value)
        if not wrong:
            return value
        rule, lack, many = wrong[0]
        if set(many) & keep and rule["member"] not in keep:
            member = types[rule["member"]]
            others = [v for v in (member.type.values if member.type.form == "enum" else [False, True]) if v != value[rule["member"]]]
            tried = [dict(value, **{rule["member"]: v}) for v in others]
            if not member.required:
                tried.append({k: v for k, v in value.items() if k != rule["member"]})
            value = min(tried, key=lambda v: sum(len(many) * 10 + len(lack) for _, lack, many in broken(t, v)))
        elif set(many) & keep:
            return None
        else:
            value = {k: v for k, v in value.items() if k not in many}
            value.update({n: sample(types[n].type) for n in lack})
    return None


# ---- Values that it does not allow. ----

def wrong_values(t):
    """[(rule, value)] for the value itself, without what is in it."""
    if t.form == "string":
        out = [("type", 7), ("maxLength", "x" * (t.maximum + 1))]
        if t.minimum > 0:
            out.append(("minLength", "x" * (t.minimum - 1)))
        return out + ([("format", "(" * max(t.minimum, 1))] if t.format else [])
    if t.form == "int":
        return [("type", "7"), ("minimum", t.minimum - 1), ("maximum", t.maximum + 1)]
    if t.form == "enum":
        return [("type", 7), ("enum", "No_such-value")]
    if t.form == "const":
        return [("const", t.value + 1 if isinstance(t.value, int) else t.value + "x")]
    if t.form == "array":
        out = [("type", {}), ("maxItems", [sample(t.item)] * (t.max_items + 1))]
        if t.min_items > 0:
            out.append(("minItems", [sample(t.item)] * (t.min_items - 1)))
        return out
    return [("type", "yes" if t.form == "bool" else [])]


class Derived:
    """[{rule, at, patch}] of each root; what one root has shown is not shown again."""

    def __init__(self):
        self.seen = set()
        self.out = []

    def of(self, t, example):
        self.out = []
        self.value(t, example, "", [])
        return self.out

    def case(self, rule, at, ops, op):
        self.out.append({"rule": rule, "at": at, "patch": ops + [op]})

    def value(self, t, value, at, ops):
        if id(t) in self.seen:
            return
        self.seen.add(id(t))
        if at:
            for rule, wrong in wrong_values(t):
                self.case(rule, at, ops, {"op": "replace", "path": at, "value": wrong})
        if t.form == "object":
            self.object(t, value, at, ops)
        elif t.form == "array":
            if not value:
                value = sample(t)
                ops = ops + [{"op": "replace", "path": at, "value": value}]
            if t.unique:
                last = len(value) - 1 if len(value) > 1 else 1
                self.case("uniqueItems", "%s/%d" % (at, last), ops,
                          {"op": "replace" if len(value) > 1 else "add", "path": "%s/%d" % (at, last), "value": value[0]})
            self.value(t.item, value[0], at + "/0", ops)

    def object(self, t, value, at, ops):
        self.case("additionalProperties", at + "/" + UNKNOWN, ops, {"op": "add", "path": at + "/" + UNKNOWN, "value": 1})
        for m in t.members:
            here, more = at + "/" + escape(m.name), ops
            now = value
            if m.required:
                self.case("required", here, ops, {"op": "remove", "path": here})
            if m.name not in value and id(m.type) not in self.seen:
                now = repaired(t, dict(value, **{m.name: sample(m.type)}), {m.name})
                if now is None:
                    continue
                more = ops + [{"op": "replace", "path": at, "value": now}]
            if m.name in now:
                self.value(m.type, now[m.name], here, more)
        for rule in t.rules:
            self.rule(t, rule, value, at, ops)

    def rule(self, t, rule, value, at, ops):
        types, name = {m.name: m for m in t.members}, rule["member"]
        for need, _ in rule["needs"]:
            now = repaired(t, dict(value, **{name: rule["value"]}), {name})
            if now is not None:
                self.case("required", at + "/" + escape(need), ops + [{"op": "replace", "path": at, "value": now}],
                          {"op": "remove", "path": at + "/" + escape(need)})
        for ban, _ in rule["bans"]:
            now = repaired(t, dict(value, **{name: rule["value"]}), {name})
            if now is not None:
                self.case("false", at + "/" + escape(ban), ops + [{"op": "replace", "path": at, "value": now}],
                          {"op": "add", "path": at + "/" + escape(ban), "value": sample(types[ban].type)})
