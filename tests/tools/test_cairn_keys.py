#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The operator's command: keys and signatures, made and checked without a node; whose identity key changed; what is counted of a referral."""

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import sys

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from test_cairn import CAIRN, CONTENT, EXAMPLES, ID, ORG, Case, good  # noqa: E402

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def unbase58(text):
    n = 0
    for c in text:
        n = n * 58 + B58.index(c)
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


class Keys(Case):
    def key(self, name="signer.key"):
        path = os.path.join(self.dir.name, name)
        return path, self.cairn("key", "new", path).stdout.strip()

    def test_new_and_show(self):
        path, public = self.key()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, encoding="ascii") as f:
            secret = f.read()
        self.assertEqual(unbase58(secret.strip()[1:])[:2], b"\x80\x26")
        self.assertEqual(len(unbase58(secret.strip()[1:])), 34)
        self.assertEqual(unbase58(public[1:])[:2], b"\xed\x01")
        doc = json.loads(self.cairn("key", "show", path, "--json").stdout)
        self.assertEqual((doc["key"], doc["did"]), (public, "did:key:" + public))
        self.refused("never overwritten", "key", "new", path, want=1)
        with open(path, encoding="ascii") as f:
            self.assertEqual(f.read(), secret)
        self.refused("is not a private key", "key", "show", self.config, want=3)
        self.refused("key new", "key", "show", "none.key", want=4)
        # A pair that the W3C publishes with the cryptosuite.
        known = self.file("w3c.key", "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq\n")
        os.chmod(known, 0o600)
        self.assertEqual(self.cairn("key", "show", known).stdout.strip(), "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2")

    def test_a_key_that_others_can_read_is_not_used(self):
        path, _ = self.key()
        for mode in 0o644, 0o640, 0o604, 0o620:
            os.chmod(path, mode)
            for args in ("key", "show", path), ("sign", "trust", self.file("t.json", self.trust()), "--key", path):
                done = self.refused(f"its mode is {mode:04o}", *args, want=1)
                self.assertIn("chmod 600", done.stderr)
                self.assertEqual(done.stdout, "")
        os.chmod(path, 0o400)
        self.cairn("key", "show", path)

    def test_times_of_a_trust_list_in_words(self):
        key, _ = self.key()
        for issued in "2026-11-21T00:00:00Z", "2026-11-21T01:00:00+01:00", "2026-11-20T18:30:00-05:30", 1795219200000:
            doc = json.loads(self.cairn("sign", "trust", self.file("t.json", {**self.trust(), "issued_at": issued}), "--key", key).stdout)
            self.assertEqual(doc["issued_at"], 1795219200000, issued)
            self.assertIsInstance(doc["proof"][0]["created"], str)
            again = self.file("t.json", doc)
            self.cairn("sign", "trust", again, "--key", key)
        for wrong in ("2026-11-21", "2026-11-21T00:00:00", "2026-11-31T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T00:00:00+0100", "",
                      "2026-11-21T00:00:00Z ", "1960-01-01T00:00:00Z", "soon", " 026-11-21T00:00:00Z", "2026-11-21T00:00:60Z"):
            done = self.refused(f'"expires_at": "{wrong}" is no time', "sign", "trust",
                                self.file("t.json", {**self.trust(), "expires_at": wrong}), "--key", key, want=3)
            self.assertIn("2026-11-21T10:30:00+01:00", done.stderr)

    def trust(self):
        return {"v": 1, "kind": "trust", "version": 1, "issued_at": 1795219200000, "expires_at": 1826755200000, "orgs": [], "issuers": []}

    def test_sign_trust(self):
        key, public = self.key()
        path = self.file("trust.json", self.trust())
        doc = json.loads(self.cairn("sign", "trust", path, "--key", key).stdout)
        [proof] = doc.pop("proof")
        self.assertEqual((proof["cryptosuite"], proof["proofPurpose"]), ("eddsa-jcs-2022", "assertionMethod"))
        self.assertEqual(proof["verificationMethod"], f"did:key:{public}#{public}")
        self.assertEqual(doc, self.trust())
        # The signature itself, where the system can check it.
        value = unbase58(proof.pop("proofValue")[1:]).rjust(64, b"\0")
        jcs = [hashlib.sha256(json.dumps(x, sort_keys=True, separators=(",", ":")).encode()).digest() for x in (proof, doc)]
        spki = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + unbase58(public[1:])[2:]).decode()
        pem = self.file("pub.pem", f"-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n")
        for name, data in (("sig", value), ("msg", jcs[0] + jcs[1])):
            with open(os.path.join(self.dir.name, name), "wb") as f:
                f.write(data)
        ssl = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", "msg", "-sigfile", "sig"],
                             cwd=self.dir.name, capture_output=True, text=True, timeout=20)
        self.assertIn("Verified Successfully", ssl.stdout + ssl.stderr)
        # Onto itself, at once and whole; an old proof is replaced.
        self.cairn("sign", "trust", path, "--key", key, "--out", path)
        self.cairn("sign", "trust", path, "--key", key, "--out", path)
        with open(path, encoding="utf-8") as f:
            self.assertEqual([p["type"] for p in json.load(f)["proof"]], ["DataIntegrityProof"])
        self.assertEqual(sorted(os.listdir(self.dir.name)), ["cairn.conf", "msg", "pub.pem", "sig", "signer.key", "trust.json"])

    def entry(self, org, server, record_key):
        return {"org": org, "name": server, "server": server, "node_user": f"@cairn:{server}", "steward_user": f"@steward:{server}",
                "master_key": "Cp2GSxugaPNgrLp0slhlstNylZQRusv9xqCUHRIx9zc", "record_key": record_key, "roles": ["node"], "via": [server]}

    def test_a_pact_of_two(self):
        """The first list of two organizations, and the next, by the commands that docs/federation.md names."""
        keys = [self.cairn("key", "new", os.path.join(self.dir.name, n)).stdout.strip() for n in ("a.key", "b.key", "r1", "r2")]
        ids = "20K063R1B72GH8GQNEHPN093CB", "QMNNV3X3SV10TNZA2N82C8N5DG"
        entries = [self.file(f"{i}.json", self.entry(org, f"{n}.example", keys[2 + i])) for i, (org, n) in enumerate(zip(ids, "ab"))]
        one, two = os.path.join(self.dir.name, "one.json"), os.path.join(self.dir.name, "two.json")
        signers = [x for k in keys[:2] for x in ("--signer", k)]
        made = self.cairn("federation", "new", *signers, *[x for e in entries for x in ("--entry", e)], "--out", one)
        self.assertIn("one.json: version 1 of the trust list, with 2 organizations; nobody has signed it yet", made.stdout)
        self.assertIn("next: read it, then each signer: cairn federation sign", made.stdout)
        done = self.cairn("federation", "sign", one, "--key", os.path.join(self.dir.name, "a.key"), "--out", one)
        self.assertIn("1 of the 2 signers that are needed", done.stdout)
        done = self.cairn("federation", "sign", one, "--key", os.path.join(self.dir.name, "b.key"), "--out", one)
        self.assertIn("import trust", done.stdout)
        with open(one, encoding="utf-8") as f:
            first = json.load(f)
        self.assertEqual((first["version"], first["signers"]["needed"], len(first["proof"]), [o["org"] for o in first["orgs"]]),
                         (1, 2, 2, list(ids)))
        words = self.cairn("federation", "words", one).stdout.splitlines()[0].split()
        self.assertEqual(len(words), 10)
        self.refused("has a --reason", "federation", "new", "--from", one, "--suspend", ids[1], want=3)
        self.refused("not on the list", "federation", "new", "--from", one, "--drop", ids[1][::-1], want=4)
        self.refused("needs --signer", "federation", "new", want=3)
        self.refused("needs --via", "federation", "new", "--from", one, "--room", "!x", want=3)
        self.refused("--days", "federation", "new", "--from", one, "--days", "0", want=3)
        self.refused("neither an organization nor an issuer", "federation", "new", "--from", one, "--entry", self.file("x.json", {}), want=3)
        self.cairn("federation", "new", "--from", one, "--suspend", ids[1], "--reason", "a laptop was stolen", "--room", "!room", "--via",
                   "a.example", "--days", "10", "--out", two)
        with open(two, encoding="utf-8") as f:
            second = json.load(f)
        bare = {k: v for k, v in first.items() if k != "proof"}
        jcs = json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()
        self.assertEqual((second["version"], second["prev"]), (2, hashlib.sha256(jcs).hexdigest()))
        self.assertEqual(second["orgs"][1]["suspended"]["reason"], "a laptop was stolen")
        self.assertEqual((second["room"], second["expires_at"] - second["issued_at"], second.get("proof")),
                         ({"room_id": "!room", "via": ["a.example"]}, 10 * 86400000, None))
        third = json.loads(self.cairn("federation", "new", "--from", two, "--reinstate", ids[1], "--drop", ids[0], "--signer", keys[0]).stdout)
        self.assertEqual(([o["org"] for o in third["orgs"]], third["orgs"][0].get("suspended"), third["signers"]),
                         ([ids[1]], None, {"needed": 1, "keys": [keys[0]]}))

    def steps(self):
        """The commands of docs/federation.md by which an organization is brought in: [(who, arguments)]."""
        with open(os.path.join(SRC, "docs", "federation.md"), encoding="utf-8") as f:
            part = f.read().split("## Bring an organization in")[1].split("\n## ")[0]
        lines = [line.split("#") for line in part.splitlines() if line.startswith("    cairn ")]
        return [(who.strip()[0], command.split()[1:]) for command, who in lines]

    def test_an_organization_is_brought_in(self):
        """docs/federation.md, command by command; what the nodes answer is what they answer in tests/hs/test_hs_enrol.c."""
        examples = {}
        for name in "invitation", "enrolment":
            with open(os.path.join(SRC, "schemas", name + ".example.json"), encoding="utf-8") as f:
                examples[name] = json.load(f)
        path, public = self.key()
        own, entry = examples["invitation"]["entry"], examples["enrolment"]["entry"]
        one = self.file("one.json", {})
        self.cairn("federation", "new", "--signer", public, "--entry", self.file("own.json", own), "--out", one)
        self.cairn("federation", "sign", one, "--key", path, "--out", one)
        with open(one, encoding="utf-8") as f:
            first = json.load(f)
        code, ours, theirs = "7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JGA", " ".join(["acorn"] * 10), " ".join(["amber"] * 10)
        node = self.node(federation_invite=good(invitation=examples["invitation"], code=code, until="2026-11-22T03:00:00Z", words=ours),
                         federation_accept=good(enrolment=examples["enrolment"], name="Open Door", server="opendoor.example", their_words=ours, words=theirs),
                         federation_admit=[good(entry=entry, words=theirs), good(entry=entry, own=own, list=first)],
                         import_trust=good(version=2, organizations=2), federation_join=good(version=2, organizations=2))
        said = []
        words = theirs
        for who, args in self.steps():
            args = [x for a in args for x in (words.split() if a == "WORDS" else [a])]
            typed = self.file("typed", code.lower() + "\n") if "accept" in args else os.devnull
            with open(typed, encoding="utf-8") as stdin:
                done = subprocess.run([CAIRN, *args], env=self.env, cwd=self.dir.name, stdin=stdin, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, f"{who}: {args}: {done.stdout}{done.stderr}")
            said.append((who, done.stdout))
            if "words" in args:
                words = done.stdout.splitlines()[0]
        self.assertEqual("".join(who for who, _ in said), "ABAAAAAB")
        self.assertIn(code, said[0][1])
        self.assertIn(f"our words: {ours}", said[0][1])
        self.assertIn(f"our words:   {theirs}", said[1][1])
        self.assertIn(f"their words: {ours}", said[1][1])
        self.assertIn(f"its words: {theirs}", said[2][1])
        self.assertEqual([verb for verb, _ in node.asked], ["federation_invite", "federation_accept", "federation_admit", "federation_admit",
                                                             "import_trust", "federation_join"])
        asked = [args for _, args in node.asked]
        self.assertEqual((asked[0]["domain"], asked[1]["invitation"], asked[1]["code"]), ("harbor.example", examples["invitation"], code.lower()))
        self.assertEqual((asked[2]["enrolment"], asked[2].get("words"), asked[3]["words"]), (examples["enrolment"], None, theirs))
        second = asked[4]["document"]
        bare = json.dumps({k: v for k, v in first.items() if k != "proof"}, sort_keys=True, separators=(",", ":")).encode()
        self.assertEqual((second["version"], second["prev"], second["orgs"], len(second["proof"]), second["signers"]),
                         (2, hashlib.sha256(bare).hexdigest(), [own, entry], 1, first["signers"]))
        self.assertEqual(asked[5], {"document": second, "words": words})

    def test_the_first_list_of_two(self):
        with open(os.path.join(SRC, "schemas", "enrolment.example.json"), encoding="utf-8") as f:
            answer = json.load(f)
        own = dict(self.entry("QMNNV3X3SV10TNZA2N82C8N5DG", "opendoor.example", self.key("r")[1]))
        self.node(federation_admit=good(entry=answer["entry"], own=own))
        path, (_, public) = self.file("answer.json", answer), self.key()
        self.refused("needs --signer", "federation", "admit", path, "amber", want=3)
        doc = json.loads(self.cairn("federation", "admit", path, "amber", "--signer", public).stdout)
        self.assertEqual((doc["version"], doc["orgs"], doc["signers"]), (1, [own, answer["entry"]], {"needed": 1, "keys": [public]}))
        self.refused("--days", "federation", "admit", path, "amber", "--days", "0", want=3)
        self.refused("no code was given", "federation", "accept", path, "--out", "x", want=2)
        self.refused("--domain", "federation", "invite", "--out", "x", want=2)

    def test_a_specialist_agrees_and_takes_it_back(self):
        key, other = (os.path.join(self.dir.name, n) for n in ("rosa.key", "other.key"))
        public = json.loads(self.cairn("key", "new", key, "--json").stdout)["did"]
        self.cairn("key", "new", other)
        path, program = os.path.join(EXAMPLES, "harbor-records.json"), "5TGB7NQ2WEMVC4K1X8Z0RHJ3D9"
        self.refused("program: the identifier", "sign", "publication", path, "--org", ORG, "--until", "2099-01-01", "--key", key, want=3)
        sign = ("--program", program, "--org", ORG, "--until", "2099-01-01", "--key", key)
        doc = json.loads(self.cairn("sign", "publication", path, *sign).stdout)
        body = next(r["body"] for r in doc["records"] if r["kind"] == "specialist")
        consent = body["consent"]
        said = {k: v for k, v in body.items() if k != "consent"}
        said["capacity"] = {k: v for k, v in body["capacity"].items() if k not in ("open", "updated_at", "waitlist")}
        self.assertEqual(body["program"], program)
        jcs = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        self.assertEqual((body["did"], consent["specialist"], consent["org"], consent["withdrawn"], consent["hash"]),
                         (public, public, ORG, False, hashlib.sha256(jcs).hexdigest()))
        signed = self.file("signed.json", doc)
        again = json.loads(self.cairn("sign", "publication", signed, *sign).stdout)
        self.assertEqual(next(r["body"] for r in again["records"] if r["kind"] == "specialist")["consent"]["record"], consent["record"])
        back = self.file("back.json", self.cairn("sign", "withdrawal", signed, "--key", key).stdout)
        with open(back, encoding="utf-8") as f:
            (word,) = json.load(f)
        self.assertEqual((word["kind"], word["body"]["withdrawn"], word["body"]["record"], word["body"].get("hash")),
                         ("publication", True, consent["record"], None))
        node = self.node(**{"import": good(withdrawn=1)})
        self.cairn("import", "records", back)
        self.assertEqual(node.asked, [("import", {"records": [word]})])
        self.refused("another specialist", "sign", "withdrawal", signed, "--key", other, want=3)
        self.refused("another specialist", "sign", "publication", signed, *sign[:-1], other, want=3)
        self.refused("no such day", "sign", "publication", path, "--org", ORG, "--until", "2001-01-01", "--key", key, want=3)
        self.refused("no organization", "sign", "publication", path, "--org", "x", "--until", "2099-01-01", "--key", key, want=3)
        self.refused("exactly one specialist", "sign", "publication", path, *sign, "--alias", "Nobody", want=3)

    def test_a_specialist_signs_whose_account_it_is(self):
        key = os.path.join(self.dir.name, "rosa.key")
        did = json.loads(self.cairn("key", "new", key, "--json").stdout)["did"]
        path, master = os.path.join(EXAMPLES, "harbor-records.json"), "W2ozYLPaGTiWk6JMVgvY47h08czs0n0aly5jkvxxoN8"
        sign = ("--program", "5TGB7NQ2WEMVC4K1X8Z0RHJ3D9", "--org", ORG, "--until", "2099-01-01", "--key", key)
        done = self.cairn("sign", "publication", path, *sign, "--account", "@rosa:harbor.example", "--master-key", master)
        with open(os.path.join(SRC, "node", "base", "words.c"), encoding="utf-8") as f:
            words = re.findall(r'"([a-z]+)"', f.read().split("{", 1)[1])
        text = "org.cairnpeer.binding %s @rosa:harbor.example %s" % (did, master)
        said = " ".join(words[b] for b in hashlib.sha256(text.encode()).digest()[:6])
        self.assertIn("!account " + said + "\n", done.stderr)

        def account(doc):
            return next(r["body"] for r in doc["records"] if r["kind"] == "specialist")["consent"].get("account")

        doc = json.loads(done.stdout)
        self.assertEqual((account(doc)["specialist"], account(doc)["user"], account(doc)["master_key"]), (did, "@rosa:harbor.example", master))
        again = self.cairn("sign", "publication", self.file("signed.json", doc), *sign)
        self.assertEqual(account(json.loads(again.stdout)), account(doc))
        self.assertIn(said, again.stderr)
        self.assertIsNone(account(json.loads(self.cairn("sign", "publication", path, *sign).stdout)))
        self.refused("go together", "sign", "publication", path, *sign, "--account", "@rosa:harbor.example", want=3)
        self.refused("go together", "sign", "publication", path, *sign, "--master-key", master, want=3)
        self.refused("user", "sign", "publication", path, *sign, "--account", "rosa", "--master-key", master, want=3)

    def test_what_is_no_trust_list_is_not_signed(self):
        key, _ = self.key()
        wrong = self.trust()
        wrong["orgs"] = [{"org": "x"}]
        out = os.path.join(self.dir.name, "out.json")
        self.refused("orgs[0]", "sign", "trust", self.file("t.json", wrong), "--key", key, "--out", out, want=3)
        self.refused("this is no object", "sign", "trust", self.file("t.json", []), "--key", key, "--out", out, want=3)
        self.assertFalse(os.path.exists(out))
        self.refused("--key KEYFILE is missing", "sign", "trust", "t.json", want=2)

    def test_sign_credential(self):
        key, public = self.key()
        vc = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential", "PeerSupportCredential"],
              "issuer": "did:key:" + public, "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2028-01-01T00:00:00Z",
              "credentialSubject": {"id": "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", "credentialType": "CPRS",
                                    "kind": ["mental_health"], "jurisdiction": ["US-NJ"], "level": "core"}}
        doc = json.loads(self.cairn("sign", "credential", self.file("vc.json", vc), "--key", key).stdout)
        self.assertEqual(doc["proof"]["@context"], vc["@context"])
        other, _ = self.key("other.key")
        self.refused("$.issuer is did:key:", "sign", "credential", self.file("vc.json", vc), "--key", other, want=3)
        vc["credentialSubject"]["livedExperience"] = "never here"
        self.refused("livedExperience", "sign", "credential", self.file("vc.json", vc), "--key", key, want=3)


class Identities(Case):
    def test_whose_identity_changed_and_what_then(self):
        key = "vY0yfR1x8lSv1xKPWyVqxq1dGnuyEBXnu6M6O1QGqUU"
        node = self.node(list=[good(items=[{"user": "@a:b.example", "since": "2026-11-21T03:04:05.678Z", "before": key[::-1], "now": key, "held_back": 1}]), good(items=[])],
                         **{"trust identity": good(user="@a:b.example")})
        shown = self.cairn("list", "identities").stdout
        self.assertIn(key[::-1], shown)
        self.assertIn("if it is the key of now: cairn trust identity USER KEY", shown)
        self.assertNotIn("next:", self.cairn("list", "identities").stdout)
        self.refused("KEY is missing", "trust", "identity", "@a:b.example", want=2)
        self.assertIn("cairn list identities shows both keys", " ".join(self.cairn("help", "trust", "identity").stdout.split()))
        self.cairn("trust", "identity", "@a:b.example", key[:4], key[4:])
        self.assertEqual(node.asked[-1], ("trust identity", {"user": "@a:b.example", "fingerprint": key[:4] + " " + key[4:]}))


class RecordKey(Case):
    def test_another_key_of_our_records(self):
        entry = {"org": ID, "record_key": "z6MkNew", "old_record_key": {"key": "z6MkNow", "until": 1795230245678}}
        gone = good(text="the new record key is given up and destroyed", next="tell the signers")
        node = self.node(**{"key rotate": [good(**entry), good(**entry), gone]})
        shown = self.cairn("key", "rotate", "--days", "7").stdout
        self.assertIn("z6MkNew", shown)
        self.assertIn("next: cairn show node --json > node.json, for the federation's signers; and a backup", shown)
        self.assertEqual(json.loads(self.cairn("key", "rotate", "--json").stdout), entry)
        self.assertIn("given up and destroyed\nnext: tell the signers", self.cairn("key", "rotate", "--give-up").stdout)
        self.assertEqual(node.asked, [("key rotate", {"days": "7"}), ("key rotate", {}), ("key rotate", {"give_up": True})])


class Counts(Case):
    def test_place_wait_and_sessions(self):
        node = self.node(**{verb: good(referral=ID, id=CONTENT) for verb in ("waitlist", "engage", "close")})
        self.cairn("waitlist", ID, "--place", "3", "--wait-days", "20")
        self.cairn("waitlist", ID)
        self.cairn("engage", ID, "--sessions", "2")
        self.cairn("close", ID, "--code", "got_help", "--sessions", "6")
        self.assertEqual(node.asked, [("waitlist", {"referral": ID, "position": "3", "wait_days": "20"}), ("waitlist", {"referral": ID}),
                                      ("engage", {"referral": ID, "sessions": "2"}), ("close", {"referral": ID, "outcome": "got_help", "sessions": "6"})])


if __name__ == "__main__":
    tap.main()
