#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An issuer's book, kept by the operator's command alone; what it writes is read here by other means."""

import base64
import datetime
import gzip
import json
import os
import stat
import subprocess
import sys

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from test_cairn import CAIRN, Case  # noqa: E402
from test_cairn_keys import unbase58  # noqa: E402

LISTS = "https://board.example/status/"


def day(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


class Issuer(Case):
    def setUp(self):
        super().setUp()
        self.book = os.path.join(self.dir.name, "board")
        self.did = json.loads(self.cairn("issuer", "key", self.book, "--lists", LISTS, "--json").stdout)["id"]

    def subject(self, name="Rosa M.", **more):
        return self.file("subject.json", {"id": "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", "alias": name, "credentialType": "CPRS",
                                          "kind": ["mental_health"], "jurisdiction": ["US-NJ"], "level": "core", **more})

    def read(self, name):
        with open(os.path.join(self.book, name), encoding="utf-8") as f:
            return json.load(f)

    def marked(self, purpose):
        """The places marked in the list for purpose, and when it was made."""
        vc = next(r["body"] for r in self.read("status-lists.json")["records"] if r["source"] == LISTS + purpose)
        text = vc["credentialSubject"]["encodedList"]
        bits = gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))
        self.assertEqual((text[0], len(bits), vc["issuer"], vc["id"]), ("u", 16384, self.did, LISTS + purpose))
        self.assertEqual(vc["credentialSubject"]["statusPurpose"], purpose)
        return [i for i in range(len(bits) * 8) if bits[i // 8] >> (7 - i % 8) & 1], vc["validFrom"]

    def rows(self):
        return json.loads(self.cairn("issuer", "list", self.book, "--json").stdout)["items"]

    def test_a_book(self):
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.book, "key")).st_mode), 0o400)
        self.refused("is an issuer's book already", "issuer", "key", self.book, "--lists", LISTS, want=1)
        self.refused("URI", "issuer", "key", self.book + "2", "--lists", "nowhere", want=3)
        self.refused("no issuer's book", "issuer", "list", self.dir.name, want=4)
        self.assertIn("no credential", self.cairn("issuer", "list", self.book).stdout)

    def test_a_life(self):
        self.cairn("issuer", "issue", self.book, self.subject(), "--until", day(400))
        record = self.read("credential-1.json")["records"][0]
        vc = record["body"]
        self.assertEqual((record["kind"], record["source"], vc["issuer"]), ("credential", vc["id"], self.did))
        entries = {e["statusPurpose"]: e for e in vc["credentialStatus"]}
        place = int(entries["revocation"]["statusListIndex"])
        self.assertEqual(entries["suspension"]["statusListCredential"], LISTS + "suspension")
        self.assertEqual(self.marked("revocation")[0] + self.marked("suspension")[0], [])
        last = ""
        for word, state, revoked, suspended in (("suspend", "suspended", [], [place]), ("reinstate", "active", [], []),
                                                ("renew", "active", [], []), ("suspend", "suspended", [], [place]),
                                                ("revoke", "revoked", [place], [])):
            more = ["--until", day(800)] if word == "renew" else []
            said = json.loads(self.cairn("issuer", word, self.book, "1", *more, "--json").stdout)
            self.assertEqual((said["number"], said["state"], self.rows()[0]["state"]), (1, state, state))
            (got, made), (other, _) = self.marked("revocation"), self.marked("suspension")
            self.assertEqual((got, other), (revoked, suspended), word)
            self.assertGreater(made, last)
            last = made
        renewed = self.read("credential-1.json")["records"][0]["body"]
        self.assertEqual((renewed["id"], renewed["credentialStatus"]), (vc["id"], vc["credentialStatus"]))
        self.assertEqual(renewed["validUntil"][:10], day(800))
        for word in "suspend", "reinstate", "revoke":
            self.refused("credential 1 is revoked", "issuer", word, self.book, "1", want=1)
        self.refused("there is no credential 2", "issuer", "revoke", self.book, "2", want=4)
        # The last version and the one before it.
        self.assertEqual(len([n for n in os.listdir(self.book) if n.startswith("ledger.")]), 2)

    def test_two_at_once(self):
        """Each that says it succeeded is in the book; the other says why not, and the book is whole."""
        done = []
        for number in range(12):
            both = [subprocess.Popen([CAIRN, "issuer", "issue", self.book, self.subject(f"Rosa {number}"), "--until", day(400)],
                                     env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
            for process in both:
                _, wrong = process.communicate()
                self.assertTrue(process.returncode == 0 or wrong, process.returncode)
                done.append(process.returncode == 0)
            rows = self.rows()
            self.assertEqual(len(rows), sum(done))
            self.assertEqual(sorted(row["number"] for row in rows), list(range(1, len(rows) + 1)))
            self.assertTrue(any(done[-2:]))

    def test_a_second_form(self):
        """The JWT is the credential without its proof, by the same key, as openssl judges."""
        self.cairn("issuer", "issue", self.book, self.subject(), "--until", day(400))
        vc = self.read("credential-1.json")["records"][0]["body"]
        jwt = self.cairn("issuer", "jwt", self.book, "1").stdout.strip()
        self.assertEqual(json.loads(self.cairn("issuer", "jwt", self.book, "1", "--json").stdout), {"number": 1, "jwt": jwt})
        parts = jwt.split(".")
        header, payload, signature = (base64.urlsafe_b64decode(p + "=" * (-len(p) % 4)) for p in parts)
        key = self.did.removeprefix("did:key:")
        self.assertEqual(json.loads(header), {"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": f"{self.did}#{key}"})
        self.assertEqual(json.loads(payload), {k: v for k, v in vc.items() if k != "proof"})
        spki = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + unbase58(key[1:])[2:]).decode()
        pem = self.file("pub.pem", f"-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n")
        for change, says in (b"", "Verified Successfully"), (b"x", "Failure"):
            for name, data in ("sig", signature), ("msg", ".".join(parts[:2]).encode() + change):
                with open(os.path.join(self.dir.name, name), "wb") as f:
                    f.write(data)
            ssl = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", "msg", "-sigfile", "sig"],
                                 cwd=self.dir.name, capture_output=True, text=True, timeout=20)
            self.assertIn(says, ssl.stdout + ssl.stderr)
        self.refused("there is no credential 2", "issuer", "jwt", self.book, "2", want=4)

    def test_reminders(self):
        for name, days in ("Rosa", 59), ("Ana", 70):
            self.cairn("issuer", "issue", self.book, self.subject(name), "--until", day(days))
        self.cairn("issuer", "issue", self.book, self.subject("Tom"), "--from", "2020-01-01", "--until", "2022-01-01")
        self.assertEqual([r.get("advice") for r in self.rows()], ["renewal due", None, "expired"])
        self.assertIn("renewal due", self.cairn("issuer", "list", self.book).stdout)
        places = {self.read(f"credential-{n}.json")["records"][0]["body"]["credentialStatus"][0]["statusListIndex"] for n in (1, 2, 3)}
        self.assertEqual(len(places), 3)

    def test_what_is_never_certified(self):
        before = sorted(os.listdir(self.book))
        self.refused("livedExperience", "issuer", "issue", self.book, self.subject(livedExperience=["alcohol"]), "--until", day(400), want=3)
        self.refused("backgroundCheck", "issuer", "issue", self.book,
                     self.subject(backgroundCheck={"passed": True, "date": "2026-01-01", "result": "none"}), "--until", day(400), want=3)
        self.refused("ends after it begins", "issuer", "issue", self.book, self.subject(), "--until", "2020-01-01", want=3)
        self.refused("no day", "issuer", "issue", self.book, self.subject(), "--until", "soon", want=3)
        self.assertEqual(sorted(os.listdir(self.book)), before)

    def test_what_a_crash_leaves(self):
        self.cairn("issuer", "issue", self.book, self.subject(), "--until", day(400))
        vc = self.read("credential-1.json")
        # The ledger was written, what follows from it was not; and a try that was cut off left its scraps.
        os.unlink(os.path.join(self.book, "credential-1.json"))
        os.unlink(os.path.join(self.book, "status-lists.json"))
        with open(os.path.join(self.book, "ledger.000003.new"), "w", encoding="ascii") as f:
            f.write("{\"v\":")
        self.assertEqual(json.loads(self.cairn("issuer", "refresh", self.book, "--json").stdout), {})
        self.assertEqual(self.read("credential-1.json"), vc)
        self.cairn("issuer", "revoke", self.book, "1")
        self.assertEqual(len(self.marked("revocation")[0]), 1)
        # A ledger that says another version than its name, or is not whole, is not worked with.
        name = max(n for n in os.listdir(self.book) if n.startswith("ledger."))
        newest = os.path.join(self.book, name)
        ledger = self.read(name)
        with open(newest, "w", encoding="ascii") as f:
            json.dump({**ledger, "version": 1}, f)
        self.refused("another version than its name", "issuer", "list", self.book, want=3)
        with open(newest, "w", encoding="ascii") as f:
            f.write(json.dumps(ledger)[:-9])
        self.refused(name, "issuer", "revoke", self.book, "1", want=3)

    def test_a_key_that_others_can_read_is_not_used(self):
        os.chmod(os.path.join(self.book, "key"), 0o644)
        self.refused("its mode is 0644", "issuer", "issue", self.book, self.subject(), "--until", day(400), want=1)


if __name__ == "__main__":
    tap.main()
