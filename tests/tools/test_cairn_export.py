#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is kept of a member, as the operator's command writes it for them."""

import json
import os
import sys

SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "tools")]
sys.dont_write_bytecode = True
import tap  # noqa: E402
from test_cairn import ID, Case, bad, good  # noqa: E402


class ExportMember(Case):
    """Parts, and pages of a part, become one document, for the member alone."""

    def given(self):
        head = good(of=ID, text="This is what we hold of you.", about={"messages": "what you wrote"}, left_out=["keys"], parts=["person:3", "referral:" + ID])
        pages = [good(sections={"person": [{"user": "@ana:example.org"}], "messages": [{"text": "one"}]}, next=7), good(sections={"messages": [{"text": "two"}]}),
                 good(sections={"referrals": [{"id": ID, "steps": [{"said": {"sent_at": 1785315602000}}]}]})]
        return self.node(**{"export member": [head, *pages]}), os.path.join(self.dir.name, "mine.json")

    def test_one_document(self):
        node, mine = self.given()
        self.assertIn("all that is kept of them", self.cairn("export", "member", "@ana:example.org", "--out", mine).stdout)
        with open(mine, encoding="utf-8") as f:
            doc = json.load(f)
        self.assertEqual([m["text"] for m in doc["messages"]], ["one", "two"])
        self.assertEqual(doc["referrals"], [{"id": ID, "steps": [{"said": {"sent_at": "2026-07-29T09:00:02Z"}}]}])
        self.assertEqual((doc["about"], doc["left_out"], "parts" in doc), ({"messages": "what you wrote"}, ["keys"], False))
        self.assertEqual(os.stat(mine).st_mode & 0o7777, 0o600)
        who = {"id": "@ana:example.org"}
        self.assertEqual([args for _, args in node.asked], [who, {**who, "part": "person:3", "after": 0}, {**who, "part": "person:3", "after": 7},
                                                           {**who, "part": "referral:" + ID, "after": 0}])

    def test_never_over_another_file(self):
        node, mine = self.given()
        self.file("mine.json", "another")
        self.refused("left as it is", "export", "member", ID, "--out", mine, want=1)
        with open(mine, encoding="utf-8") as f:
            self.assertEqual(f.read(), "another")
        self.assertEqual(node.asked, [])

    def test_a_failure_leaves_nothing(self):
        self.node(**{"export member": [good(of=ID, parts=["person:3"]), bad("not_found", "nothing is known of @ana:example.org")]})
        mine = os.path.join(self.dir.name, "mine.json")
        self.refused("nothing is known", "export", "member", ID, "--out", mine, want=4)
        self.assertFalse(os.path.exists(mine) or os.path.exists(mine + ".new"))


if __name__ == "__main__":
    tap.main()
