# SPDX-License-Identifier: Apache-2.0
"""imports: `cairn import` against a node that only listens, and an account of where each value of a file went."""

import contextlib
import glob
import json
import os
import re

from test_cairn import Case, Node, good

CORPORA = os.environ.get("CAIRN_CORPORA")
HSDS = os.path.join(CORPORA, "hsds-3.1-dev") if CORPORA else None
ID = "01J8Z0Q4M2K7V9T5B3N6X8C0{:02}"
EVIL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# ---- which value of a file is where in what was written -----------------------

NOTED = "it is in the note, and a search by times says so"
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
        with self.fake(list=[good(items=[{"id": "group", "kind": "group"}] + listed), good(items=[])], show=[good(**r) for r in held]) as node:
            self.cairn("export", "hsds", "--out", out)
        self.assertEqual([args for verb, args in node.asked if verb == "show"], [{"id": r["id"], "draft": True} for r in held])
        with open(out, encoding="utf-8") as f:
            return json.load(f), out

    def round_trip(self, path):
        records, answer = self.sent(path)
        doc, out = self.written(records)
        again, second = self.sent(out)
        self.assertEqual(again, records, f"{path}: another import of what was written changes something")
        # What a schedule's note holds is named each time.
        self.assertEqual([r for r in second["unmapped"] if not r["why"].endswith(NOTED)], [], f"{path}: not all that was written is understood")
        return records, answer["unmapped"], doc
