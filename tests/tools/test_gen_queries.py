#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gen-queries makes of a small folder of SQL, and what it refuses."""
import os
import subprocess
import sys
import tempfile
import unittest

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CC = (os.environ.get("CC") or "cc").split()
sys.path.insert(0, os.path.join(SRC, "tests"))
import tap  # noqa: E402

SCHEMA = "CREATE TABLE item (id INTEGER, raw BLOB) STRICT;\n"
QUERIES = """-- SPDX-License-Identifier: Apache-2.0

-- The raw bytes.
-- name: inbox_get_item
SELECT raw FROM item WHERE id = ?1 AND raw != 'a;\\"*/';

-- name: inbox_put_item
-- Once each.
INSERT INTO item (id, raw)
VALUES (?1, ?2);
"""
PROGRAM = """#include <stdio.h>
#include "queries.h"
int main(void)
{
	printf("%d %d %d\\n", Q_COUNT, schema_version, SCHEMA_VERSION);
	for (int i = 0; i < Q_COUNT; i++)
		printf("%s=%s\\n", query_name[i], query_text[i]);
	for (int i = 0; i < SCHEMA_VERSION; i++)
		printf("%s\\n", schema_text[i]);
	return Q_INBOX_GET_ITEM != 0 || Q_INBOX_PUT_ITEM != 1;
}
"""


class Queries(unittest.TestCase):
    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.sql, self.out = os.path.join(temp.name, "sql"), os.path.join(temp.name, "out")
        os.mkdir(self.sql)
        self.put("schema-0001-core.sql", SCHEMA)
        self.put("inbox.sql", QUERIES)

    def put(self, name, text):
        with open(os.path.join(self.sql, name), "w", encoding="utf-8") as f:
            f.write(text)

    def generate(self):
        return subprocess.run([sys.executable, os.path.join(SRC, "tools", "gen-queries"), "--sql", self.sql,
                               "--out", self.out, "--stamp", os.path.join(self.out, "stamp")],
                              capture_output=True, text=True, check=False)

    def bad(self, where, what):
        done = self.generate()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(done.stderr.startswith(os.path.join(self.sql, where) + ": "), done.stderr)
        self.assertIn(what, done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.out, "stamp")))

    def test_good(self):
        self.put("schema-0002-more.sql", "ALTER TABLE item ADD x ANY;\n")
        self.put("schema-0002-other.sql", "ALTER TABLE item ADD y ANY;\n")
        done = self.generate()
        self.assertEqual(done.returncode, 0, done.stderr)
        program = os.path.join(self.out, "program")
        with open(program + ".c", "w", encoding="utf-8") as f:
            f.write(PROGRAM)
        subprocess.run([*CC, "-Wall", "-Wextra", "-Werror", "-std=c11", "-o", program, program + ".c",
                        os.path.join(self.out, "queries.c")], check=True)
        said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
        self.assertEqual(said, "2 2 2\n"
                         "inbox_get_item=SELECT raw FROM item WHERE id = ?1 AND raw != 'a;\\\"*/';\n"
                         "inbox_put_item=INSERT INTO item (id, raw)\nVALUES (?1, ?2);\n"
                         + SCHEMA + "ALTER TABLE item ADD x ANY;\nALTER TABLE item ADD y ANY;\n")
        with open(os.path.join(self.out, "queries.h"), encoding="utf-8") as f:
            header = f.read()
        self.assertIn("The raw bytes.", header)
        self.assertIn("Once each.", header)

    def test_unchanged_output_keeps_its_time(self):
        self.generate()
        header = os.path.join(self.out, "queries.h")
        os.utime(header, (1, 1))
        self.generate()
        self.assertEqual(os.stat(header).st_mtime, 1)
        self.put("inbox.sql", QUERIES.replace("Once each", "Twice"))
        self.generate()
        self.assertNotEqual(os.stat(header).st_mtime, 1)

    def test_duplicate_name(self):
        self.put("outbox.sql", "\n-- name: inbox_get_item\nSELECT 1;\n")
        self.bad("outbox.sql:2", "inbox_get_item is also at ")

    def test_bad_names(self):
        for name in ("", "Inbox_get", "inbox", "inbox-get", "inbox_get item", "1_get"):
            with self.subTest(name):
                self.put("inbox.sql", f"-- name: {name}\nSELECT 1;\n")
                self.bad("inbox.sql:1", "is no name")

    def test_unnamed_statement(self):
        self.put("inbox.sql", "SELECT 1;\n")
        self.bad("inbox.sql:1", "without '-- name:'")
        self.put("inbox.sql", QUERIES + "\nSELECT 1;\n")
        self.bad("inbox.sql:12", "(inbox_put_item ended before)")

    def test_two_statements(self):
        self.put("inbox.sql", "-- name: inbox_get\nSELECT 1; SELECT 2;\n")
        self.bad("inbox.sql:1", "more than one statement")

    def test_no_semicolon(self):
        for text in ("SELECT 1", "SELECT ';", "SELECT 1 -- ;"):
            with self.subTest(text):
                self.put("inbox.sql", f"-- name: inbox_get\n{text}\n")
                self.bad("inbox.sql:1", "does not end with ';'")

    def test_no_statement(self):
        self.put("inbox.sql", "-- name: inbox_get\n\n-- name: inbox_put\nSELECT 1;\n")
        self.bad("inbox.sql:1", "has no statement")

    def test_empty_files(self):
        self.put("outbox.sql", " \n")
        self.bad("outbox.sql:1", "empty")
        self.put("outbox.sql", "-- SPDX-License-Identifier: Apache-2.0\n")
        self.bad("outbox.sql:1", "no '-- name:' line")

    def test_migrations(self):
        self.put("schema-0003.sql", SCHEMA)
        self.assertIn("without a gap", self.generate().stderr)
        os.unlink(os.path.join(self.sql, "schema-0003.sql"))
        self.put("schema-2.sql", SCHEMA)
        self.bad("schema-2.sql:1", "a migration is named")
        os.unlink(os.path.join(self.sql, "schema-2.sql"))
        os.unlink(os.path.join(self.sql, "schema-0001-core.sql"))
        self.assertIn("no migration here", self.generate().stderr)


if __name__ == "__main__":
    tap.main()
