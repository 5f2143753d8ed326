#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random JSON for test_canon_random.c, and what Python makes of it: an independent canonicalizer.

    canon_random.py SEED COUNT [canonicaljson]

For each object three lines: the object as some program might write it, its canonical form by the Matrix specification, its
form by RFC 8785; all in hexadecimal.  For what has no canonical form: the text, "!" and why.  With a third argument the
package canonicaljson makes the Matrix form; without, Python's own json does.
"""

import json
import random
import sys

TOP = 2 ** 53 - 1
POOLS = (
    "abcxyzABC0189 _-.:@#$~",
    "\x01\x02\x07\x08\t\n\x0b\x0c\r\x0e\x1b\x1f\x7f\x80\x9f\xa0\xad",
    "\"\\/\b\f<>&'",
    "\u00e9e\u0301\u212b\u00c5\u1e9b\u0323\ufb01",          # One letter in several forms: none is the other.
    "\u2028\u2029\u200b\u200d\u202e\ufeff\ufffd\ufffe\uffff",
    "\ud7ff\ue000\uf8ff\ufb33\uff5e\u20ac\u05d0\u65e5\u672c",
    "\U00010000\U0001f602\U0001f600\U000e0001\U0010fffd\U0010ffff",  # Before U+E000 by UTF-16 unit, after it by code point.
)
INTEGERS = (0, 1, -1, 9, 10, 255, 2 ** 31 - 1, -2 ** 31, 2 ** 32, TOP, -TOP, TOP - 1, 1 - TOP)
# Written where a value may stand: nothing of this has a canonical form.
BAD_VALUES = (
    ("a fraction", "1.0"), ("a fraction", "0.5"), ("a negative zero with fraction", "-0.0"), ("an exponent", "1e3"),
    ("an exponent", "1E+2"), ("an exponent of zero", "5e0"), ("2^53", str(2 ** 53)), ("-2^53", str(-2 ** 53)),
    ("2^53+1", str(2 ** 53 + 1)), ("2^63-1", str(2 ** 63 - 1)), ("2^63", str(2 ** 63)), ("-2^63", str(-2 ** 63)),
    ("2^64", str(2 ** 64)), ("100 digits", "9" * 100), ("1e400", "1e400"), ("a leading zero", "01"), ("a plus", "+1"),
    ("no digits behind the point", "1."), ("none before it", ".5"), ("minus alone", "-"), ("NaN", "NaN"),
    ("Infinity", "-Infinity"), ("hexadecimal", "0x10"),
    ("a lone high surrogate", '"\\ud800"'), ("a lone low surrogate", '"x\\udc00y"'), ("a pair the wrong way round", '"\\udc00\\ud800"'),
    ("half a pair and a letter", '"\\ud83dA"'), ("two high ones", '"\\ud83d\\ud83d\\ude00"'),
    ("a surrogate in UTF-8", b'"\xed\xa0\x80"'), ("a pair of them in UTF-8", b'"\xed\xa0\xbd\xed\xb8\x80"'),
    ("overlong UTF-8", b'"\xc0\xaf"'), ("beyond U+10FFFF", b'"\xf4\x90\x80\x80"'), ("cut UTF-8", b'"\xe2\x82"'),
    ("Latin-1", b'"\xe9"'), ("U+0000", '"\\u0000"'), ("a raw control", b'"\x1f"'), ("a raw NUL", b'"\x00"'),
    ("a foreign escape", '"\\x41"'), ("a short escape", '"\\u12"'), ("single quotes", "'a'"), ("no value", ","),
    ("undefined", "undefined"), ("True", "True"), ("a comment", "/**/1"),
    ("a name twice", '{"a":1,"a":1}'), ("a name twice, once escaped", '{"a":1,"\\u0061":2}'),
    ("a name twice, by a pair", '{"\U0001f600":1,"\\ud83d\\ude00":1}'), ("an empty name twice", '{"":1,"":1}'),
    ("a lone surrogate as name", '{"\\ud800":1}'), ("U+0000 as name", '{"\\u0000":1}'), ("a name that is none", "{1:1}"),
    ("a comma too many", "[1,]"), ("a comma too many", '{"a":1,}'), ("a comma too few", "[1 2]"), ("no colon", '{"a" 1}'),
    ("65 levels", "[" * 65 + "]" * 65),
)


class Bad:
    """A place for text that is no value."""

    def __init__(self, text):
        self.text = text if isinstance(text, bytes) else text.encode("utf-8")


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def string(self):
        r = self.random
        if r.random() < 0.05:
            return ""
        pool = "".join(r.sample(POOLS, r.randint(1, 3)))
        text = "".join(r.choice(pool) for _ in range(r.choice((1, 1, 1, 2, 3, 5, 12))))
        return text + chr(r.choice((r.randint(1, 0xd7ff), r.randint(0xe000, 0x10ffff)))) if r.random() < 0.2 else text

    def scalar(self):
        r = self.random
        kind = r.random()
        if kind < 0.45:
            return self.string()
        if kind < 0.85:
            return r.choice((r.choice(INTEGERS), r.randint(-TOP, TOP), r.randint(-1000, 1000)))
        return r.choice((None, True, False))

    def value(self, depth):
        r = self.random
        kind = r.random()
        if depth <= 0 or kind < 0.4:
            return self.scalar()
        if kind < 0.6:
            return [self.value(depth - 1) for _ in range(r.randint(0, 3))]
        return {self.string(): self.value(depth - 1) for _ in range(40 if r.random() < 0.01 else r.randint(0, 4))}

    def top(self):
        r = self.random
        value = {self.string(): self.value(r.randint(0, 4)) for _ in range(r.randint(1, 5))}
        if r.random() < 0.03:
            for _ in range(r.randint(30, 58)):      # With what is inside, no deeper than 64.
                value = [value] if r.random() < 0.5 else {self.string(): value}
        return value

    def spell_string(self, text):
        r = self.random
        units = []
        for c in text:
            shorts = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
            if r.random() < 0.15 or (c < " " and not (c in shorts and r.random() < 0.5)):
                raw = c.encode("utf-16-be")
                form = r.choice(("\\u%04x", "\\u%04X"))
                units += [form % int.from_bytes(raw[i:i + 2], "big") for i in range(0, len(raw), 2)]
            elif c in '"\\' or c < " " or (c == "/" and r.random() < 0.5):
                units.append(shorts[c])
            else:
                units.append(c)
        return b'"' + "".join(units).encode("utf-8") + b'"'

    def blank(self):
        return "".join(self.random.choice(" \t\r\n") for _ in range(self.random.choice((0, 0, 0, 0, 1, 3)))).encode()

    def spell(self, value):
        r, b = self.random, self.blank
        if isinstance(value, Bad):
            return value.text
        if isinstance(value, str):
            return self.spell_string(value)
        if isinstance(value, dict):
            members = list(value.items())
            r.shuffle(members)
            return b"{" + b() + b",".join(b() + self.spell_string(k) + b() + b":" + b() + self.spell(v) + b()
                                          for k, v in members) + b"}"
        if isinstance(value, list):
            return b"[" + b() + b",".join(b() + self.spell(v) + b() for v in value) + b"]"
        if value == 0 and value is not False and r.random() < 0.5:
            return b"-0"
        return json.dumps(value).encode()

    def spoil(self, value):
        """Put something bad somewhere into an object; its name."""
        r = self.random
        why, text = r.choice(BAD_VALUES)
        while True:
            inner = [v for v in (value.values() if isinstance(value, dict) else value) if isinstance(v, (dict, list)) and v]
            if not inner or r.random() < 0.3:
                break
            value = r.choice(inner)
        place = r.choice(list(value)) if isinstance(value, dict) else r.randrange(len(value))
        value[place] = Bad(text)
        return why


def by_unit(value):
    """The same with members in the order of UTF-16 units."""
    if isinstance(value, dict):
        return {k: by_unit(value[k]) for k in sorted(value, key=lambda k: k.encode("utf-16-be"))}
    return [by_unit(v) for v in value] if isinstance(value, list) else value


def dump(value, sort):
    return json.dumps(value, ensure_ascii=False, sort_keys=sort, separators=(",", ":"), allow_nan=False).encode("utf-8")


def main():
    seed, count = int(sys.argv[1], 0), int(sys.argv[2])
    canonical = None
    if sys.argv[3:] == ["canonicaljson"]:
        from canonicaljson import encode_canonical_json as canonical
    maker = Maker(seed)
    for number in range(count):
        value = maker.top()
        text = maker.spell(value)
        if json.loads(text) != value:
            sys.exit("the spelling is wrong")
        print(text.hex(), (canonical(value) if canonical else dump(value, True)).hex(), dump(by_unit(value), False).hex(), sep="\n")
        if number % 4 == 0:
            why = maker.spoil(value)
            print(maker.spell(value).hex(), "!", why, sep="\n")


if __name__ == "__main__":
    main()
