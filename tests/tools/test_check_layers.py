#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of tools/check-layers fires on a small tree spoilt in one place."""
import os
import subprocess
import sys
import tempfile
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CC = (os.environ.get("CC") or "cc").split()
sys.path.insert(0, os.path.join(SRC, "tests"))
import tap  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"

GOOD = {
    "node/base/err.h": "",
    "node/base/err.c": '#include "err.h"\n',
    "node/domain/match.h": '#include "base/err.h"\n#include "events.h"\n',
    "node/domain/match.c": '#include <string.h>\n#include "match.h"\n',
    "node/store/db.h": '#include "queries.h"\n',
    "node/store/db.c": '#include <sqlite3.h>\n#include "domain/match.h"\n#include "db.h"\n',
    "node/matrix/sync.h": "",
    "node/matrix/sync.c": '#include "base/err.h"\n#include "sync.h"\n',
    "node/crypt/olm.h": "",
    "node/crypt/olm.c": '#include <olm/olm.h>\n#include "matrix/sync.h"\n#include "store/db.h"\n',
    "node/app/ingest.c": '#include "handlers.h"\n#include "crypt/olm.h"\n#include "matrix/sync.h"\n',
    "node/node.c": '#include "store/db.h"\n#include "crypt/olm.h"\n',
    "node/cairnd.c": '#include "base/err.h"\n',
    "bridge/http.h": "",
    "bridge/http.c": '#include <curl/curl.h>\n#include "http.h"\n#include "formats/hsds.h"\n',
    "bridge/formats/hsds.h": '#include "base/err.h"\n',
    "tools/cairn.c": '#include "bridge/formats/hsds.h"\n',
    "tests/store/test_db.c": '#include "store/db.c"\n',
}


class Layers(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.top, self.built = os.path.join(temp.name, "src"), os.path.join(temp.name, "build")
        for name, text in GOOD.items():
            self.put(name, text)
        os.mkdir(self.built)
        self.listed = True

    def list(self):
        """A Makefile.am that names every source."""
        names = [os.path.relpath(os.path.join(where, name), self.top)
                 for where, _, found in os.walk(self.top) for name in found]
        self.put("Makefile.am", "sources = \\\n\t" + " \\\n\t".join(sorted(names)) + "\n", spdx=SPDX[3:-4] + "\n")

    def put(self, name, text, spdx=SPDX):
        path = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(spdx + text)

    def compile(self, name, text, *options):
        """An object, member of an archive (lib.a:x.o), or program in the build tree."""
        archive, _, member = name.rpartition(":")
        target = os.path.join(self.built, member)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        options = options or ("-c",)
        subprocess.run([*CC, "-O0", "-w", "-x", "c", "-", "-o", target, *options],
                       input=text, text=True, check=True)
        if archive:
            subprocess.run(["ar", "cr", archive, member], cwd=self.built, check=True)
            os.unlink(target)

    def check(self, build=False):
        if self.listed:
            self.list()
        command = [sys.executable, os.path.join(SRC, "tools", "check-layers"), "--source", self.top]
        environment = {k: v for k, v in os.environ.items() if k != "builddir"}
        return subprocess.run(command + (["--build", self.built] if build else []), env=environment,
                              capture_output=True, text=True, check=False)

    def good(self, build=False):
        done = self.check(build)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def bad(self, *said, build=False):
        """Exactly one rule fails, and each text is among its faults."""
        done = self.check(build)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("not ok"), 1, done.stdout)
        for text in said:
            self.assertIn("# " + text, done.stdout)

    def test_good_tree(self):
        self.good()

    def test_arrows(self):
        for name, text, said in [
            ("node/base/x.c", '#include "domain/match.h"\n', "base may not include domain (domain/match.h)"),
            ("node/base/x.c", '#include "events.h"\n', "base may not include gen (events.h)"),
            ("node/domain/x.c", '#include "store/db.h"\n', "domain may not include store (store/db.h)"),
            ("node/domain/x.c", '#include "queries.h"\n', "domain may not include store (queries.h)"),
            ("node/store/x.c", '#include "matrix/sync.h"\n', "store may not include matrix (matrix/sync.h)"),
            ("node/store/x.c", '#include "../crypt/olm.h"\n', "store may not include crypt (../crypt/olm.h)"),
            ("node/matrix/x.h", '#include "store/db.h"\n', "matrix may not include store (store/db.h)"),
            ("node/matrix/x.c", '#include "events.h"\n', "matrix may not include gen (events.h)"),
            ("node/crypt/x.c", '#include "bridge/http.h"\n', "crypt may not include bridge (bridge/http.h)"),
            ("node/app/x.c", '#include "bridge/http.h"\n', "app may not include bridge (bridge/http.h)"),
            ("node/cairnd.c", '#include "store/db.h"\n', "cairnd may not include store (store/db.h)"),
            ("bridge/x.c", '#include "store/db.h"\n', "bridge may not include store (store/db.h)"),
            ("bridge/formats/x.c", '# include  "../http.h"\n', "formats may not include bridge (../http.h)"),
            ("tools/x.c", '#include "store/db.h"\n', "tools may not include store (store/db.h)"),
        ]:
            with self.subTest(said):
                before = GOOD.get(name)
                self.put(name, text)
                self.bad(f"{name}:2: {said}")
                if before is None:
                    os.unlink(os.path.join(self.top, name))
                else:
                    self.put(name, before)
        self.good()

    def test_no_such_header(self):
        self.put("node/store/db.c", '\n#include "gone.h"\n')
        self.bad("node/store/db.c:3: there is no header gone.h")

    def test_unknown_room(self):
        self.put("node/attic/x.c", "")
        self.bad("node/attic/x.c:1: attic/ is no room that tools/check-layers knows")

    def test_foreign_headers(self):
        for header, owner in [("olm/sas.h", "node/crypt/olm.c"), ("sqlite3.h", "node/store/db.c"),
                              ("curl/curl.h", "bridge/http.c"), ("microhttpd.h", "bridge/httpd.c")]:
            with self.subTest(header):
                self.put("node/app/x.c", f"#include <{header}>\n")
                self.bad(f"node/app/x.c:2: only {owner} may include <{header}>")

    def test_length(self):
        self.put("node/app/x.c", "\n" * 599)
        self.good()
        self.put("node/app/x.c", "\n" * 600)
        self.bad("node/app/x.c:601: longer than 600 lines; it has two jobs")
        os.unlink(os.path.join(self.top, "node/app/x.c"))
        for n in range(600):
            self.put(f"node/app/x{n}.c", "")
        self.good()     # Makefile.am, which lists them, may be longer.

    def test_length_of_the_parent(self):
        self.put("node/cairnd.c", "\n" * 199)
        self.good()
        self.put("node/cairnd.c", "\n" * 200)
        self.bad("node/cairnd.c:201: longer than 200 lines; it has two jobs")

    def test_license(self):
        for name in ("node/app/x.c", "tests/x.py", "node/store/sql/x.sql", "configure.ac", "tools/run"):
            with self.subTest(name):
                self.put(name, "#!/bin/sh\n" if name == "tools/run" else "\n", spdx="")
                self.bad(f"{name}:1: no SPDX-License-Identifier in the first two lines")
                os.unlink(os.path.join(self.top, name))

    def test_listed(self):
        self.list()
        self.listed = False
        self.good()
        for name in ("node/app/x.c", "node/app/x.h", "tests/app/test_x.c", "node/store/sql/x.sql"):
            with self.subTest(name):
                self.put(name, "")
                self.bad(f"{name}:1: Makefile.am does not name it")
                os.unlink(os.path.join(self.top, name))
        self.put("Makefile.am", SPDX + " ".join(n for n in GOOD if n != "tests/store/test_db.c") + " tests/store/test_db")
        self.good()

    def test_good_objects(self):
        self.compile("libdomain.a:node/domain/match.o", "int strcmp(); int f() { return strcmp(\"\", \"\"); }")
        self.compile("libstore.a:node/store/db.o", "void sqlite3_open(); void g() { sqlite3_open(); }")
        self.compile("libcrypt.a:node/crypt/olm.o", "void olm_sha256(); void h() { olm_sha256(); }")
        self.compile("node/crypt/primitives.o", "void _olm_crypto_sha256() { }")
        self.compile("bridge/http.o", "void curl_easy_init(); void i() { curl_easy_init(); }")
        self.compile("cairnd", "int main() { return 0; }", "-O0")
        self.good(build=True)

    def test_domain_must_be_built(self):
        self.bad("libdomain.a is not built", build=True)

    def test_impure_domain(self):
        self.compile("libdomain.a:match.o", "void f() { }")
        self.good(build=True)
        for symbol in ("open", "openat", "open64", "__open_2", "fopen", "time", "clock_gettime", "gettimeofday",
                       "getenv", "random", "rand", "socket", "printf", "randombytes_buf", "localtime"):
            with self.subTest(symbol):
                self.compile("libdomain.a:match.o", f"void {symbol}(); void f() {{ {symbol}(); }}")
                self.bad(f"libdomain.a:match.o: refers to {symbol}", build=True)

    def test_domain_test_links_more(self):
        self.compile("libdomain.a:match.o", "void f() { }")
        self.compile("tests/domain/test_match", "void sqlite3_open(); void f() { sqlite3_open(); }",
                     "-shared", "-fPIC", "-O0")
        self.bad("tests/domain/test_match: refers to sqlite3_open", build=True)

    def test_foreign_symbols(self):
        self.compile("libdomain.a:match.o", "void f() { }")
        for where in ("libapp.a:on_referral.o", "node/node.o", "bridge/main.o", "tools/cairn.o"):
            for symbol in ("olm_session", "sqlite3_step", "curl_easy_init", "MHD_start_daemon", "json_dumps"):
                with self.subTest(where + symbol):
                    self.compile(where, f"void {symbol}(); void f() {{ {symbol}(); }}")
                    self.bad(f"{where}: refers to {symbol}; only ", build=True)
            self.compile(where, "void f() { }")
        self.good(build=True)

    def test_changing_state(self):
        names = "static const char *const names[] = { \"a\", 0 }; const char *f(int i) { return names[i]; }"
        self.compile("libdomain.a:match.o", names)
        self.compile("libbase.a:log.o", "static int level = 2; int g() { static char keyed; return level += keyed++; }")
        self.compile("node/crypt/primitives.o", "static unsigned calls[3]; void h() { calls[1]++; }")
        self.good(build=True)
        for where, what, name in [("libdomain.a:match.o", "static int seen; int f() { return seen++; }", "seen"),
                                  ("libdomain.a:match.o", "int f() { static int last = 7; return last++; }", "last"),
                                  ("libapp.a:talk.o", "int shown = 1;", "shown"), ("libapp.a:talk.o", "const char *word = \"a\";", "word"),
                                  ("libapp.a:talk.o", "_Thread_local int mine;", "mine"), ("node/node.o", "int common;", "common"),
                                  ("bridge/main.o", "static int level = 2; int g() { return level++; }", "level"),
                                  ("libbase.a:log.o", "static int other; int g() { return other++; }", "other")]:
            with self.subTest(what):
                self.compile(where, what, "-c", "-fcommon")
                self.bad(f"{where}: {name} can be changed", build=True)
                self.compile(where, names)

    def test_programs(self):
        self.compile("libdomain.a:match.o", "void f() { }")
        self.compile("cairnd", "int main() { return 0; }", "-Wl,--no-as-needed", "-lcrypto")
        self.bad("cairnd: links libcrypto", build=True)
        os.unlink(os.path.join(self.built, "cairnd"))
        self.compile("cairn-node", "int main() { return 0; }", "-Wl,--no-as-needed", "-lcurl")
        self.bad("cairn-node: links libcurl", build=True)


if __name__ == "__main__":
    tap.main()
