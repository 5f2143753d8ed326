#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The seeds of a fuzz target, one file each, and its dictionary, as libFuzzer wants them.

usage: seeds.py CORPUS.txt DIRECTORY DICTIONARY [FOLDER...]

A line of CORPUS.txt is a seed, with \\n, \\\\ and \\xNN as escapes; '#' begins a comment. Each file of a FOLDER
that is short enough is a seed too, and each of a .tar.gz in it. The dictionary has every short quoted string of all of them.
"""
import codecs
import os
import re
import sys
import tarfile

SHORT, SMALL = 48, 16 * 1024
ESCAPE = re.compile(rb"\\(n|\\|x[0-9a-f]{2})")


def plain(line):
    return ESCAPE.sub(lambda m: codecs.escape_decode(m[0])[0], line)


def quoted(data):
    return "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else "\\x%02x" % c for c in data)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    corpus, out, dictionary = sys.argv[1:4]
    seeds = {}
    with open(corpus, "rb") as f:
        for number, line in enumerate(f.read().split(b"\n"), 1):
            if line and not line.startswith(b"#"):
                seeds["seed-%03d" % number] = plain(line)
    for folder in sys.argv[4:]:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if name.endswith(".tar.gz"):
                    with tarfile.open(path) as archive:
                        for member in archive:
                            if member.isfile() and member.size <= SMALL:
                                seeds["tar-" + member.name.replace("/", "-")] = archive.extractfile(member).read()
                elif os.path.getsize(path) <= SMALL:
                    with open(path, "rb") as f:
                        seeds["%s-%s" % (os.path.basename(where), name)] = f.read()
    os.makedirs(out, exist_ok=True)
    words = set()
    for name, data in seeds.items():
        with open(os.path.join(out, name), "wb") as f:
            f.write(data)
        words.update(w for w in re.findall(rb'"([^"\\]+)"|(\$[a-z_0-9]+)', data) for w in w if 0 < len(w) <= SHORT)
    with open(dictionary, "w", encoding="ascii") as f:
        f.write("# What the seeds quote.\n")  # libFuzzer refuses an empty file.
        for word in sorted(words):
            f.write('"%s"\n' % quoted(word))
    return 0


if __name__ == "__main__":
    sys.exit(main())
