# SPDX-License-Identifier: Apache-2.0
"""The protocol stands alone: bot.py, which shares no code with the node, at one homeserver, and a node at another.

Run with the Python of the virtual environment nio; $CAIRN_BUILD is the build directory:

    CAIRN_BUILD=build .venv/nio/bin/python tests/live/test_bot.py [WORD...]

All tests share the node and the bots of botstory.py; each makes its own referrals.
"""

import copy
import hashlib
import json
import logging
import pathlib
import secrets
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import botstory
import tap
from bot import DAY, NEWS, Refused, identifier
from botstory import CANARY, NEED, Live, shared, spoiled
from standards import canonical, is_cross_signed, key_of, prove
from test_node import specialist


def setUpModule():
    botstory.start()


class DirectoryTest(Live):
    """What the bot learns by asking, and what it believes of that."""

    def test_read_by_pages(self):
        before = len(self.driver.heard)
        held = self.directory()
        pages = [content for name, content in self.driver.heard[before:] if name == "directory.answer"]
        self.assertGreater(len(pages), 1)
        self.assertEqual(["next" in page for page in pages], [True] * (len(pages) - 1) + [False])
        listed = {record["id"]: record["seq"] for record in self.node.list("records")}
        self.assertEqual({key: record["seq"] for key, record in held.items()}, listed)
        for key, record in held.items():
            self.assertEqual(record, self.node.cairn("show", key)["record"])
        self.assertEqual(self.bot.refused, [])
        only = [found["record"]["kind"] for page in self.pages(kinds=["specialist"]) for found in page["records"]]
        self.assertEqual(set(only), {"specialist"})

    def test_withheld(self):
        """A node that leaves out a withdrawal, or gives an older record, is noticed by its own manifest."""
        held = self.directory()
        self.assertFalse(self.bot.state["withheld"][self.node.org])
        before, records = copy.deepcopy(self.bot.state["records"]), [{"record": record} for record in held.values()]
        gone = min(held, key=lambda key: ["withdrawal" != held[key]["kind"], "manifest" == held[key]["kind"]])
        for withheld, left in ((False, records), (True, [one for one in records if one["record"]["id"] != gone]), (True, [])):
            self.bot.query(self.node.org)
            (query,) = self.bot.state["asked"]
            self.bot.take(self.node.org, "directory.answer", {"query": query, "records": left})
            self.assertEqual(self.bot.state["withheld"][self.node.org], withheld)
        self.assertEqual(self.bot.state["records"], before)

    def pages(self, **query):
        before = len(self.driver.heard)
        self.bot.query(self.node.org, **query)
        self.driver.wait(lambda: not self.bot.state["asked"], "is answered")
        return [content for name, content in self.driver.heard[before:] if name == "directory.answer"]

    def test_record_that_is_not_right(self):
        org = self.bot.trusted("orgs", org=self.node.org)
        record = next(record for record in self.directory().values() if record["kind"] == "specialist")
        seed = secrets.token_bytes(32)
        forger = {**org, "record_key": key_of(seed)}

        def forged(**other):
            """The record, changed, and signed by a key of which the list says that it is the organization's."""
            return prove({name: part for name, part in {**record, **other}.items() if name != "proof" and part is not None}, seed)

        later = {"seq": record["seq"] + 1, "prev": hashlib.sha256(canonical(record)).hexdigest()}
        cases = {
            "has not signed it": (org, {**record, "expires_at": record["expires_at"] + 1}),
            "has not signed": (org, forged()),
            "another of the same number": (forger, forged(expires_at=record["expires_at"] + 1)),
            "does not continue": (forger, forged(**{**later, "prev": "0" * 64})),
            "future": (forger, forged(**later, issued_at=self.bot.now() + DAY)),
            "expired": (forger, forged(**later, expires_at=self.bot.now() - 1)),
            "name": (forger, forged(**later, body={"description": "It has no name."}, kind="program")),
            "additional": (forger, forged(**later, note="x")),
            "has not agreed": (forger, forged(**later, body={**record["body"], "about": "I am free for anything."})),
        }  # fmt: skip
        for why, (owner, changed) in cases.items():
            with self.subTest(why):
                with self.assertRaisesRegex(Refused, "(?i)" + why):
                    self.bot.take_record(owner, changed, {})
                self.assertEqual(self.bot.state["records"][self.node.org][record["id"]], record)
        held = copy.deepcopy(self.bot.state["records"])
        self.bot.take_record(forger, forged(**later), {})  # What was refused above was refused for its reason.
        with self.assertRaisesRegex(Refused, "newer"):
            self.bot.take_record(org, record, {})
        later["seq"] += 2
        self.bot.take_record(forger, forged(**later, kind="withdrawal", body={"of": record["kind"], "withdrawn_at": 1}), {})
        later["seq"] += 2
        with self.assertRaisesRegex(Refused, "withdrawn"):
            self.bot.take_record(forger, forged(**later), {})
        self.bot.state["records"] = held

    def test_change_reaches_it(self):
        changed = specialist("Plain")
        changed["body"]["about"] = "I write on " + secrets.token_hex(4)
        record = next(key for key, record in self.directory().items() if record["body"].get("alias") == "Plain")
        before = self.bot.state["records"][self.node.org][record]
        self.node.import_records([changed])
        self.node.cairn("publish", "--wait")
        after = self.directory()[record]
        self.assertEqual((after["seq"], after["body"]["about"]), (before["seq"] + 1, changed["body"]["about"]))

    def test_withdrawn(self):
        record = next(key for key, record in self.directory().items() if record["body"].get("name") == "Program 11")
        self.node.cairn("withdraw", record)
        self.node.cairn("publish", "--wait")
        self.driver.wait(lambda: record not in self.bot.state["records"][self.node.org], "is asked to forget it, and does")
        self.driver.said()
        (told,) = (row for row in self.node.cairn("show", record)["followers"] if row["org"] == self.bot.org)
        self.assertTrue(told["forgotten"])
        self.assertNotIn("name", self.directory()[record]["body"])
        self.driver.said()
        self.directory()
        self.assertNotIn("directory.purged", [item["name"] for item in self.bot.state["outbox"]])

    def test_credential_and_status_list(self):
        run, book = self.network.programs.run, shared["book"]
        did = "did:key:" + self.network.key(shared["book"].with_suffix(".rosa.key"))
        subject = {"id": did, "alias": "Rosa", "credentialType": "CPRS", "kind": ["mental_health"], "jurisdiction": ["US-NJ"], "level": "core"}
        (self.network.authorities / "rosa.json").write_text(json.dumps(subject))
        until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86400))
        run("issuer", "issue", book, self.network.authorities / "rosa.json", "--until", until)
        files = [json.loads((book / name).read_text()) for name in ("credential-1.json", "status-lists.json")]
        credential, lists = (file if isinstance(file, list) else file["records"] for file in files)
        rosa = specialist("Rosa of " + self.driver.name)
        rosa["body"].update(did=did, credential_id=credential[0]["source"])
        self.node.import_records([*credential, rosa])
        self.node.cairn("publish", "--wait")
        key = next(key for key, record in self.directory().items() if record["body"].get("alias") == rosa["body"]["alias"])
        with self.assertRaisesRegex(Refused, "not to be had"):
            self.bot.certify(self.directory()[key])
        self.node.import_records(lists)
        self.node.cairn("publish", "--wait")
        held = self.directory()
        self.bot.certify(held[key])
        thief = copy.deepcopy(held[key])
        thief["body"]["did"] = "did:key:" + self.network.issuer
        with self.assertRaisesRegex(Refused, "somebody else"):
            self.bot.certify(thief)
        now = self.bot.now
        for days, why in ((36, "not to be had"), (200, "signed it for now")):
            self.bot.now = lambda: now() + days * DAY
            self.bot.state["trust"]["expires_at"] += 400 * DAY
            with self.assertRaisesRegex(Refused, why):
                self.bot.certify(held[key])
            self.bot.state["trust"]["expires_at"] -= 400 * DAY
        self.bot.now = now
        run("issuer", "revoke", book, "1")
        lists = json.loads((book / "status-lists.json").read_text())
        self.node.import_records(lists if isinstance(lists, list) else lists["records"])
        self.node.cairn("publish", "--wait")
        held = self.directory()
        with self.assertRaisesRegex(Refused, "revocation: it is marked"):
            self.bot.certify(held[key])
        self.bot.certify(next(record for record in held.values() if record["body"].get("alias") == "Good"))
        with self.assertRaisesRegex(Refused, "is a required property"):
            self.bot.certify(next(record for record in held.values() if record["body"].get("alias") == "Plain"))


class TargetTest(Live):
    """The node refers somebody to the bot's program."""

    def test_closed_loop(self):
        referral = self.accepted_by_bot()
        case, tree = self.bot.case(referral)
        self.assertEqual({name: case["request"][name] for name in NEED}, NEED)
        self.assertNotIn(CANARY, json.dumps(case))
        request, receipt, accepted = tree.path()[1][1:]
        raw = hashlib.blake2b(f"org.cairnpeer.step {referral} {request} receive".encode(), digest_size=26).digest()
        self.assertEqual(receipt, "U" + "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[byte % 32] for byte in raw[1:]))
        with self.assertRaisesRegex(Refused, "no consent"):
            self.bot.act(referral, "referral.progress", progress="engage", happened_at=self.bot.now())
        disclosure = self.disclosed_to_bot(referral)
        self.assertEqual((disclosure["identity"]["name"], disclosure["consent"]["to"][0]["org"]), (CANARY, self.bot.org))
        for progress, more, state in (
            ("contact", {"channel": "phone"}, "contacting"), ("schedule", {"meets_at": self.bot.now() + DAY}, "scheduled"),
            ("visit_cancelled", {}, "contacting"), ("engage", {"sessions": 1}, "engaged"), ("pause", {}, "paused"), ("resume", {}, "engaged"),
        ):  # fmt: skip
            self.bot.act(referral, "referral.progress", progress=progress, happened_at=self.bot.now(), **more)
            self.both(referral, state)
        self.bot.act(referral, "referral.outcome", stage="closed", outcome="connected", happened_at=self.bot.now())
        shown = self.both(referral, "closed")
        self.assertEqual(shown["outcome"]["outcome"], "connected")
        self.assertTrue(all({"notice", "scope"} <= step["details"].keys() for step in shown["history"][4:]), shown["history"])
        steps = [step["input"] for step in shown["history"]]
        self.assertEqual(steps, ["send", "receive", "accept", "consent", "contact", "schedule", "no_show", "engage", "pause", "resume", "close"])
        self.assertEqual(steps, [self.bot.case(referral)[0]["steps"][key]["step"] for key in tree.path()[1][1:]])
        with self.assertRaisesRegex(Refused, "not possible"):
            self.bot.act(referral, "referral.answer", decision="decline", reason="scope")
        (told,) = self.node.cairn("accounting", referral)["disclosures"]
        self.assertEqual((told["org"], told["consent"], bool(told["arrived"])), (self.bot.org, disclosure["consent"]["id"], True))
        for file in self.driver.directory.rglob("*"):
            self.assertNotIn(CANARY.encode(), file.read_bytes() if file.is_file() else b"")

    def test_each_element_of_a_consent(self):
        referral = self.accepted_by_bot()
        disclosure = self.disclosed_to_bot(referral)
        self.driver.said()
        tip = self.bot.case(referral)[1].path()[1][-1]
        held = copy.deepcopy(self.bot.state)
        for why, changed in spoiled({**disclosure, "prev": tip}, self.bot.now()):
            with self.subTest(why):
                self.hear("referral.disclosure", {**changed, "id": identifier()})
                self.assertIn(why, self.bot.refused.pop())
                self.assertEqual(self.bot.state, held)
        self.hear("referral.disclosure", {**disclosure, "prev": tip, "id": identifier()})  # Nothing else was wrong with it.
        self.assertEqual(self.bot.refused, [])
        self.bot.state = held

    def test_only_what_a_vouched_for_device_said(self):
        referral = self.accepted_by_bot()
        self.driver.said()
        held = copy.deepcopy(self.bot.state)
        change = {"v": 1, "id": identifier(), "seq": 99, "referral": referral, "prev": self.bot.case(referral)[1].path()[1][-1], "leg": 1,
                  "change": "withdraw", "by": "member", "body": "Withdrawn.", "sent_at": self.bot.now()}  # fmt: skip
        bare = {name: part for name, part in change.items() if name not in ("change", "by")}
        cases = {
            "nobody vouches": {"verified": False},
            "1 was expected": {"content": {**change, "v": 2}},
            "unexpected": {"content": {**change, "note": "x"}},
            "whole": {"content": {**change, "body": "\u0007"}},
            "not for a bot": {"content": {**change, "referral": identifier()}},
            "not possible": {"content": {**change, "change": "close"}},
            "that side": {"name": "referral.answer", "content": {**bare, "decision": "confirm"}},
            "is known": {"name": "referral.nonsense"},
            "future": {"content": {**change, "sent_at": self.bot.now() + 2 * DAY}},
        }  # fmt: skip
        for why, more in cases.items():
            with self.subTest(why):
                self.hear(**{"name": "referral.change", "content": change, **more})
                self.assertIn(why, self.bot.refused.pop())
                self.assertEqual(self.bot.state, held)
        self.hear("referral.change", change, sender="@eve:" + self.driver.server.server_name)
        self.assertEqual((self.bot.state, self.bot.refused), (held, []))
        self.hear("referral.change", change)
        self.assertEqual(self.state(referral), "ended/withdrawn")
        after = copy.deepcopy(self.bot.state)
        self.hear("referral.change", change)  # Once more: acknowledged again, and nothing else.
        again, first = self.bot.state["outbox"].pop(), after["outbox"][-1]
        self.assertEqual((again["name"], again["content"]["ack_of"]), ("referral.ack", [change["id"]]))
        self.assertNotEqual(again["content"]["id"], first["content"]["id"])
        self.bot.state["seq"] = after["seq"]
        self.assertEqual(self.bot.state, after)
        self.bot.state = held

    def test_revoked(self):
        referral = self.accepted_by_bot()
        consent = self.disclosed_to_bot(referral)["consent"]["id"]
        self.bot.act(referral, "referral.progress", progress="engage", happened_at=self.bot.now())
        self.both(referral, "engaged")
        self.node.cairn("revoke", referral, "--how", "phone", "--recorded-by-file", "/dev/stdin", stdin="K. Lind")
        self.both(referral, "ended/consent_revoked")
        with self.assertRaisesRegex(Refused, "no consent allows it"):
            self.bot.act(referral, "referral.outcome", stage="closed", outcome="connected", happened_at=self.bot.now())
        self.driver.said()
        account = self.node.cairn("accounting", referral)
        (revoked,), (holder,) = account["consents"], account["holds"]
        self.assertEqual((revoked["id"], revoked["state"]), (consent, "revoked"))
        self.assertEqual([(told["org"], told["state"]) for told in revoked["told"]], [(self.bot.org, "acknowledged")])
        self.assertEqual((holder["org"], holder["keeps"], holder["stops_redisclosure"]), (self.bot.org, ["contact", "identity", "need"], True))
        tip = self.bot.case(referral)[1].path()[1][-1]
        outcome = {"stage": "closed", "outcome": "connected", "happened_at": self.bot.now()}
        self.bot.tells = lambda case: True
        try:
            self.refused_by_node("nothing more", "referral.outcome", referral=referral, prev=tip, leg=1, **outcome)
        finally:
            del self.bot.tells

    def news(self):
        return [item for item in self.bot.state["outbox"] if item["name"] in NEWS]

    def test_consent_ends_first(self):
        for had, state in ((True, "engaged"), (False, "accepted")):
            with self.subTest(state):
                referral = self.accepted_by_bot()
                self.disclosed_to_bot(referral, expires={"kind": "date", "at": self.bot.now() + 20_000})
                self.bot.act(referral, "referral.progress", progress="engage", happened_at=self.bot.now())
                self.driver.deaf = had  # The node has it, and cannot say so; or it never leaves.
                self.news()[0]["due"] += 0 if had else self.bot.now() + DAY
                try:
                    if had:
                        self.driver.wait(lambda: self.node.cairn("show", referral)["state"] == "engaged", "is heard")
                    self.driver.wait(lambda: not self.news(), "is told what has come")
                finally:
                    self.driver.deaf = False
                self.assertFalse(self.bot.tells(self.bot.case(referral)[0]))
                self.both(referral, state)
                self.driver.said()

    def test_capacity(self):
        said = self.driver.wait(lambda: self.node.cairn("capacity", "--org", self.bot.org)["items"], "says how many places are free")
        self.assertEqual([(row["record"], row["open"]) for row in said], [(shared["program"], 7)])


class SourceTest(Live):
    """The bot refers somebody to the node."""

    def test_closed_loop(self):
        to = self.specialist()
        self.driver.deaf, self.bot.again = True, 200  # It loses each acknowledgement, and repeats.
        try:
            referral = self.bot.refer(self.node.org, to=to, origin="clinician", voluntary=True, **NEED)
            self.driver.wait(lambda: self.bot.state["outbox"][0]["tries"] > 2, "repeats itself")
        finally:
            self.driver.deaf, self.bot.again = False, 60_000
        self.driver.said()
        shown = self.both(referral, "received")
        self.assertEqual([step["input"] for step in shown["history"]], ["send", "receive"])
        self.assertEqual({name: shown["request"][name] for name in NEED}, NEED)
        self.assertNotIn("disclosure", shown)
        self.node.cairn("ask", referral, "--what", "times")
        self.both(referral, "info_requested")
        self.bot.act(referral, "referral.change", change="give_info", by="member", info={"times": ["night"]})
        self.both(referral, "received")
        self.node.cairn("waitlist", referral)
        self.both(referral, "waitlisted")
        self.node.cairn("accept", referral)
        self.both(referral, "accepted")
        before = copy.deepcopy(self.bot.state)
        with self.assertRaisesRegex(Refused, "element 4"):
            self.bot.act(referral, "referral.disclosure", consent=self.consent(to=self.consent()["to"][1:]), identity=self.identity())
        self.bot.state = before
        self.bot.act(referral, "referral.disclosure", consent=self.consent(), identity=self.identity(), need_detail="To talk.")
        self.driver.said()
        self.assertEqual(self.node.cairn("show", referral)["disclosure"]["identity"], self.identity())
        self.node.cairn("engage", referral)
        self.both(referral, "engaged")
        self.node.cairn("close", referral, "--code", "got_help")
        shown = self.both(referral, "closed")
        news = [content for of, content in self.driver.heard if of in ("referral.progress", "referral.outcome") and content["referral"] == referral]
        self.assertEqual(news[-1]["outcome"], "got_help")
        for content in news:
            self.assertIn(("us-part2", content["notice"]), self.bot.notices)
            self.assertIn("The member consented that", content["scope"])
        steps = [self.bot.case(referral)[0]["steps"][key]["step"] for key in self.bot.case(referral)[1].path()[1][1:]]
        self.assertEqual(steps, [step["input"] for step in shown["history"]])

    def test_each_element_of_a_consent(self):
        referral = self.accepted_by_node()
        self.bot.act(referral, "referral.disclosure", consent=self.consent(), identity=self.identity())
        good = self.bot.state["outbox"].pop()["content"]
        mark = len(self.rejected())
        whys = []
        for why, changed in spoiled(good, self.bot.now()):
            whys.append(why)
            self.utter("referral.disclosure", **{name: part for name, part in changed.items() if name not in ("v", "id", "seq", "sent_at", "body")})
        items = list(self.bot.state["outbox"])
        for item in items:  # Each alone, or they would wait for each other.
            self.bot.state["outbox"] = [item]
            self.driver.run(self.bot.sync())
        self.node.wait(lambda: len(self.rejected()) - mark == len(whys), f"refuses all {len(whys)}, not {self.rejected()}")
        self.driver.run(self.bot.sync(500))
        self.assertEqual([item["content"] for item in self.bot.state["outbox"]], [items[-1]["content"]])
        shown = self.node.cairn("show", referral)
        self.assertEqual((shown["state"], "disclosure" in shown), ("accepted", False))
        self.bot.state["outbox"] = [{"org": self.node.org, "name": "referral.disclosure", "content": good, "tries": 0, "due": 0}]
        self.driver.said()
        self.assertEqual(self.node.cairn("show", referral)["disclosure"]["identity"], self.identity())

    def test_refusal_changes_nothing(self):
        referral = self.accepted_by_node()
        on = {"referral": referral, "prev": self.bot.case(referral)[1].path()[1][-1], "leg": 1}
        withdraw = {**on, "change": "withdraw", "by": "member"}
        for why, name, content in (
            ("/v", "referral.change", {**withdraw, "v": 2}),
            ("note", "referral.change", {**withdraw, "note": "x"}),
            ("no such referral", "referral.change", {**withdraw, "referral": identifier()}),
            ("not possible", "referral.change", {**withdraw, "change": "close"}),
            ("not the sender", "referral.answer", {**on, "decision": "confirm"}),
            ("leg 2", "referral.change", {**withdraw, "leg": 2}),
            ("exists already", "referral.request", {"referral": referral, "to": identifier(), "pseudonym": identifier(), **NEED}),
            ("voluntary", "referral.request", {"referral": identifier(), "to": identifier(), "pseudonym": identifier(), "origin": "court", **NEED}),
            ("voluntary", "referral.request", {"referral": identifier(), "to": identifier(), "pseudonym": identifier(), "voluntary": False, **NEED}),
        ):  # fmt: skip
            with self.subTest(why=why, name=name):
                self.refused_by_node(why, name, **content)

    def test_repeated_content_counts_once(self):
        referral = self.accepted_by_node()
        key = self.bot.act(referral, "referral.change", change="withdraw", by="source")
        again = copy.deepcopy(self.bot.state["outbox"][-1])
        self.driver.said()
        shown = self.both(referral, "accepted")
        acks = lambda: [content for name, content in self.driver.heard if name == "referral.ack" and key in content["ack_of"]]
        self.bot.state["outbox"].append({**again, "tries": 1})
        self.driver.said()
        self.assertEqual((len(acks()), self.node.cairn("show", referral)), (2, shown))
        self.node.cairn("confirm", referral)
        self.both(referral, "ended/withdrawn")

    def test_revoked(self):
        referral = self.accepted_by_node()
        consent = self.consent()
        self.bot.act(referral, "referral.disclosure", consent=consent, identity=self.identity())
        self.driver.said()
        self.bot.act(referral, "consent.revoked", consent=consent["id"], at=self.bot.now(), how="phone", then="revoke")
        self.both(referral, "ended/consent_revoked")
        self.driver.wait(lambda: consent["id"] in self.bot.state["keeps"], "is told who keeps what")
        self.assertEqual(sorted(self.bot.state["keeps"][consent["id"]]), ["contact", "identity"])

    def test_consent_made_up(self):
        referral, consent, now = self.accepted_by_node(), identifier(), self.bot.now()
        case, tree = self.bot.case(referral)
        said = {"v": 1, "seq": 1 << 40, "sent_at": now, "body": "-", "referral": referral, "prev": tree.path()[1][-1], "leg": 1}
        before = copy.deepcopy((self.bot.state["outbox"], case["steps"]))
        self.hear("consent.revoked", {**said, "id": identifier(), "consent": consent, "at": now, "how": "phone", "then": "withdraw"})
        self.assertIn("made that consent up", self.bot.refused.pop())
        self.assertEqual((self.bot.state["outbox"], self.bot.case(referral)[0]["steps"]), before)
        self.assertIn(f"{self.node.org} {consent}", self.bot.state["ended"])

    def test_consent_ends(self):
        referral = self.accepted_by_node()
        consent = self.consent(expires={"kind": "date", "at": self.bot.now() + 20_000})
        self.bot.act(referral, "referral.disclosure", consent=consent, identity=self.identity())
        self.driver.said()
        self.node.cairn("engage", referral)
        self.both(referral, "engaged")
        heard = lambda name: [content for of, content in self.driver.heard if of == name and content["referral"] == referral]
        self.driver.wait(lambda: heard("referral.settle"), "is asked what came")
        self.driver.said()
        self.both(referral, "engaged")
        (progress,) = heard("referral.progress")
        held = copy.deepcopy(self.bot.state)
        self.hear("referral.progress", {**progress, "id": identifier(), "prev": progress["id"], "progress": "pause"})
        self.assertIn("not to have come", self.bot.refused.pop())
        self.assertEqual(self.bot.state, held)

    def test_capacity(self):
        self.bot.say(self.node.org, "capacity.inquiry")
        said = self.driver.wait(lambda: self.bot.state["places"].get(self.node.org), "is told the free places")
        held = {key: record["body"] for key, record in self.directory().items()}
        places = {key: body.get("capacities", [body.get("capacity")]) for key, body in held.items()}
        self.assertEqual(said, {key: rows for key, rows in places.items() if rows != [None]})

    def test_erased(self):
        referral = self.accepted_by_node()
        self.node.cairn("erase", referral, "--confirm", referral)
        self.driver.wait(lambda: referral not in self.bot.state["referrals"], "forgets too")
        self.driver.said()
        (answer,) = [row for row in self.node.list("erasures") if (row["what"], row["by"]) == ("referral:" + referral, "us")]
        self.assertEqual((answer["org"], answer["state"]), (self.bot.org, "erased"))

    def test_restart(self):
        referral = self.accepted_by_node()
        self.bot.act(referral, "referral.change", change="withdraw", by="member")
        self.driver.run(self.bot.sync())
        state = copy.deepcopy(self.bot.state)
        self.driver.stop()
        self.driver.start()
        self.bot = self.driver.bot
        self.assertEqual({name: self.bot.state[name] for name in ("org", "trust", "rooms")}, {name: state[name] for name in ("org", "trust", "rooms")})
        self.both(referral, "ended/withdrawn")
        self.driver.said()


class StrangerTest(Live):
    """Who gets nothing, and what a bot does not believe."""

    def nothing(self, driver):
        """Syncs for a while: no key came to the driver, and nothing that it could not read."""
        for _ in range(5):
            driver.run(driver.bot.sync(300))
        self.assertEqual((driver.heard, driver.bot.matrix.late, dict(driver.bot.matrix.nio.olm.inbound_group_store._entries)), ([], [], {}))

    def test_wrong_device_key_then_pinned(self):
        """The list has another key for the device: nothing. Its operator pins it: all, but for what the bot itself does not believe."""
        lantern = self.lantern
        self.node.cairn("follow", lantern.bot.org)
        lantern.wait(lambda: lantern.bot.state["rooms"], "is invited")
        self.nothing(lantern)
        (device,) = lantern.entry()["devices"]
        node = lantern.bot.trusted("orgs", org=self.node.org)
        master, node["master_key"] = node["master_key"], device["key"]
        self.node.cairn("trust", lantern.bot.matrix.nio.user_id, device["device"], device["key"])
        lantern.wait(lambda: lantern.bot.refused, "hears of somebody whom it does not know")
        self.assertEqual((set(lantern.bot.refused), lantern.heard), ({"follow: nobody vouches for where it came from"}, []))
        lantern.bot.query(self.node.org)
        for _ in range(3):
            lantern.run(lantern.bot.sync(100))
        self.assertEqual([item["tries"] for item in lantern.bot.state["outbox"]], [0])
        lantern.bot.trusted("orgs", org=self.node.org)["master_key"] = master
        lantern.wait(lambda: not lantern.bot.state["asked"], "knows the node, and is answered")

    def test_not_on_the_list(self):
        nobody = self.nobody
        nobody.bot.query(self.node.org)
        for _ in range(3):
            nobody.run(nobody.bot.sync(300))
        (room,) = nobody.bot.state["rooms"]
        self.nothing(nobody)
        self.assertEqual([row["tries"] for row in nobody.bot.state["outbox"]], [0])
        self.assertNotIn(room, [row.get("room_id") for row in self.node.list("rooms") if row.get("joined")])

    def test_cross_signature(self):
        self.driver.run(self.bot.sync())
        nio = self.bot.matrix.nio
        (device,) = nio.device_store.active_user_devices(self.node.user)
        shown = self.driver.run(self.bot.matrix.call("POST", "/keys/query", {"device_keys": {self.node.user: []}}))
        master = self.bot.trusted("orgs", org=self.node.org)["master_key"]
        self.assertTrue(is_cross_signed(shown, device, master))
        self.assertFalse(is_cross_signed(shown, device, device.ed25519))
        for part in ("self_signing_keys", "device_keys"):
            self.assertFalse(is_cross_signed({**shown, part: {}}, device, master))

    def test_trust_list(self):
        document = self.bot.state["trust"]
        with self.assertRaisesRegex(Refused, "not signed by enough"):
            self.bot.trust({**document, "version": document["version"] + 1})
        seed = secrets.token_bytes(32)
        forged = prove({name: part for name, part in {**document, "version": document["version"] + 1}.items() if name != "proof"}, seed)
        with self.assertRaisesRegex(Refused, "not signed by enough"):
            self.bot.trust({**forged, "proof": [forged["proof"]]})
        with self.assertRaisesRegex(Refused, "not one for now"):
            self.bot.trust(document)
        self.assertEqual(self.bot.state["trust"], document)


if __name__ == "__main__":
    logging.getLogger("nio").setLevel(logging.ERROR)
    tap.main()
