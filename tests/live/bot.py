# SPDX-License-Identifier: Apache-2.0
"""A referral bot on matrix-nio, the other side of a channel: written from docs/protocol.md and schemas/, sharing no code with the node.

    bot = Bot(url, ca_file, user_id, directory, key); await bot.start(password)   # key: 32 bytes, seals all that it keeps
    bot.trust(trust_list, {"needed": 1, "keys": [...]}); bot.act(referral, "referral.answer", decision="accept"); await bot.sync()
It hears and speaks in sync() only; what it took, and has to say, is on the disk before anybody is told so. Schemas and tables judge; people decide.
"""

import copy
import pathlib
import re
import secrets
import time

import standards
from standards import Refused, blake2b, identifier, is_proven, need, sha256, when, without

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPACE, MINUTE, DAY = "org.cairnpeer.", 60_000, 86_400_000
CLASSES = {"identity": {"identity", "contact"}, "need_detail": {"need"}, "constraints": {"constraints"}, "history": {"history"}}
VAGUE = r"\s*((any and )?(all|any)( (information|records))?|everything|anything|(all )?my records)?[\s.]*"
classes_of = lambda disclosure: set().union(*(CLASSES.get(name, ()) for name in disclosure))
NEWS, AT_ONCE, REPLIES = ("referral.progress", "referral.outcome"), ("consent.revoked", "referral.settle"), ("referral.ack", "referral.refused")
ORDER, LEAVES = ("target", "member", "source", "clock"), (("member", "withdraw"), ("member", "close"))
START = {"state": "draft", "leg": 1, "consented": False, "asked": False, "tried": [], "since": 0, "began": 0, "left": False}


def step_of(name, content):  # What a content does to its referral, and who: (step, by).
    word = content.get({"consent.revoked": "then", "referral.answer": "decision", "referral.outcome": "stage"}.get(name, name.partition(".")[2]))
    if name in ("referral.answer", "referral.progress", "referral.outcome"):
        return {"visit_cancelled": "no_show", "closed": "close", "failed": "fail"}.get(word, word), "target"
    if name in ("referral.disclosure", "referral.withheld", "consent.revoked"):
        return word or "consent", "member"
    return (word, content["by"]) if name == "referral.change" else ("send", "source")


class Referral:
    """Steps {prev, step, by, leg, at, mine}, and what they come to by the table of the page: rules[state, step, by] is (to, only if)."""

    def __init__(self, rules, key, steps):
        self.rules, self.key, self.steps = rules, key, steps

    def after(self, r, step):  # What the step makes of r; None: it is not possible.
        to, only = self.rules.get((r["state"], step["step"], step["by"]), ("", "never"))
        passed, ends, reopens = step["at"] - r["since"], to.partition("/")[0] in ("closed", "ended"), step["step"] == "reopen"
        holds = {"stayed": not r["left"],
            "consent": r["consented"], "asked": r["asked"], "recent": passed <= 30 * DAY, "over": passed >= int(re.sub(r"\D", "", only) or 0) * DAY,
            "tried": len(r["tried"]) >= 3 and len(set(r["tried"])) > 1, "fresh": step.get("supervised") or step["at"] - r["began"] <= DAY}  # fmt: skip
        if not all(holds.get(word) for word in re.findall("[a-z]+", only)) or (r["asked"] and not ends) or step["leg"] != r["leg"] + reopens:
            return None
        tried = r["tried"] + [step["channel"]] if step["step"] == "contact" else [] if to == "engaged" or reopens else r["tried"]
        return {"left": (step["by"], step["step"]) in LEAVES, "began": r["began"] or step["at"],
            "state": to, "leg": step["leg"], "asked": step["step"] == "withdraw" and not ends, "tried": tried, "since": max(r["since"], step["at"]),
            "consented": {"consent": True, "revoke": False, "reopen": False}.get(step["step"], r["consented"])}  # fmt: skip

    def at(self, key):  # The referral after that step, wherever it stands; None: it has not come, or waits.
        before = key in self.steps and self.at(self.steps[key]["prev"])
        return START if key == "" else self.after(before, self.steps[key]) if before else None

    def path(self):  # The referral now, and the steps that count.
        r, counted = START, [""]
        while made := [key for key, step in self.steps.items() if step["prev"] == counted[-1] and self.after(r, step)]:
            counted.append(min(made, key=self.claim))
            r = self.after(r, self.steps[counted[-1]])
        return r, counted

    def claim(self, key):  # The least counts, of those on one step.
        ranks, turns = zip(*self.branch(key, None, 0))
        return min(2, *ranks), -max(turns), ranks[0], key

    def branch(self, key, last, turns):  # (rank, turns) of the step, and of all that follows it.
        by, step, mine = (self.steps[key][name] for name in ("by", "step", "mine"))
        turns, last = turns + (None not in (mine, last) and mine != last), last if mine is None else mine
        yield 0 if (by, step) in LEAVES else 1 if step == "revoke" else 2 + ORDER.index(by), turns
        for other in [other for other in self.steps if self.steps[other]["prev"] == key and self.at(other)]:
            yield from self.branch(other, last, turns)

    def derived(self, on, what):
        return "U" + identifier(blake2b(f"{SPACE}step {self.key} {on} {what}", 26)[1:])

    def derive(self, on, what, until):  # Adds the step that both sides make by themselves after that one, if it is possible by then.
        r, by = self.at(on) or START, "target" if what == "receive" else "clock"
        days = re.sub(r"\D", "", self.rules.get((r["state"], what, by), ("", ""))[1])
        step = {"prev": on, "step": what, "by": by, "leg": r["leg"], "at": r["since"] + int(days or 0) * DAY, "mine": None}
        if self.after(r, step) and step["at"] <= until:
            self.steps.setdefault(self.derived(on, what), step)

    def add(self, key, step, now):  # Adds one that somebody said; one whose predecessor has not come waits. Refused: it is not possible.
        for on, what in [(on, what) for on in self.steps for what in ("receive", "expire") if self.derived(on, what) == step["prev"]]:
            self.derive(on, what, now + DAY)
        before = self.at(step["prev"])
        need(before is None or self.after(before, step), f"{step['step']} by the {step['by']} is not possible: it is {before and before['state']}")
        need(step["at"] <= now + DAY, "it is dated in the future")
        self.steps.setdefault(key, step)


class Bot:
    """state is what it remembers; refused, why it did not take something. For tests: now(), and again, the ms until the first repetition."""

    def __init__(self, url, ca_file, user_id, directory, key):
        self.refused, self.again, self.now = [], MINUTE, lambda: int(time.time() * 1000)
        self.types, tables = standards.read_types(ROOT / "schemas", "common.json", "x-formats"), standards.read_tables((ROOT / "docs" / "protocol.md").read_text())
        self.notices = [tuple(row) for row in tables["law"]]
        self.needed = {code: set(row[1].split(", ")) for row in tables["purpose_code"] for code in row[0].replace("or none", "").split(", ")}
        self.rules = {(state, step, by): (to.replace("the same", state), only) for states, step, who, to, only, *_ in tables["in"]
            for state in states.split(", ") for by in who.split(", ")}  # fmt: skip
        self.vault = standards.Vault(pathlib.Path(directory) / "state.db", key)
        begin = {name: {} for name in "seq seen rooms directories own records newest referrals ended keeps places asked withheld refusals".split()}
        self.state = self.vault.load() or {"org": identifier(), "seed": secrets.token_hex(32), "outbox": [], "trust": None, "signers": None, "session": None, **begin}
        self.org, self.record_key = self.state["org"], standards.key_of(bytes.fromhex(self.state["seed"]))
        self.matrix = standards.Matrix(url, ca_file, user_id, directory, key, self.pins, self.hear)

    async def start(self, password):
        self.state["session"] = await self.matrix.start(password, self.state["session"])

    def check(self, name, value):
        need(name in self.types, f"{name} is no type that is known")
        fault = next(self.types[name].iter_errors(value), None)
        need(fault is None, fault and f"/{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}")
        standards.check_text(value)
        need(len(standards.canonical(value)) <= 44 * 1024, "it is too long")

    def trust(self, document, signers=None):  # Takes a version of the trust list; signers only with the first.
        before, signers = self.state["trust"], self.state["signers"] or signers
        self.check("trust", document)
        for group in (signers, document.get("signers", signers)):
            signed = {key for key in group["keys"] for proof in document["proof"] if is_proven(document, key, proof)}
            need(len(signed) >= group["needed"], "it is not signed by enough")
        ahead = document["version"] - (before["version"] if before else 0)
        need(ahead > 0 and document["issued_at"] <= self.now() + 5 * MINUTE and self.now() < document["expires_at"], "it is not one for now")
        need(not before or ahead > 1 or document.get("prev") == sha256(before, "proof"), "it contradicts the one before")
        self.state.update(trust=document, signers=document.get("signers", signers))

    def trusted(self, kind, **known):  # The organization ("orgs") or issuer ("issuers") of the list in force of which this is known; None.
        entries = self.state["trust"][kind] if self.state["trust"] and self.now() < self.state["trust"]["expires_at"] else []
        return next((entry for entry in entries if known.items() <= entry.items() and "suspended" not in entry), None)

    def pins(self):
        orgs = {org["org"] for org in (self.state["trust"] or {"orgs": []})["orgs"]} - {self.org}
        return {org["node_user"]: org for org in [self.trusted("orgs", org=org) for org in orgs] if org}
    keys = lambda self, one, name="key": [one[name], *(old["key"] for old in [one.get("old_" + name)] if old and self.now() < old["until"])]

    def take_record(self, org, record, got):  # Verifies a record of that organization, and keeps it; got: what is proven to be in its directory.
        self.check("record", record)
        need(record["org"] == org["org"] and any(is_proven(record, key) for key in self.keys(org, "record_key")), "its organization has not signed it")
        got[record["id"]] = record["seq"]
        self.check(record["kind"], record["body"])
        need(record["issued_at"] <= self.now() + 5 * MINUTE and self.now() < record["expires_at"], "it is of the future, or expired")
        records = self.state["records"].setdefault(org["org"], {})
        held = records.get(record["id"], record)
        need((record["seq"] == 1) == ("prev" not in record) and record["seq"] >= held["seq"], "a newer one is held")
        need(record["seq"] > held["seq"] or record == held, "it is another of the same number")
        need(record["seq"] != held["seq"] + 1 or record["prev"] == sha256(held), "it does not continue the one before")
        need(held["kind"] != "withdrawal" or record["kind"] == "withdrawal", "it was withdrawn")
        if record["kind"] in ("specialist", "credential"):
            body, agreed, places = record["body"], record["body"].get("consent"), record["body"].get("capacity", {})
            did, free = body.get("credentialSubject", {"id": body.get("did")})["id"], places.get("open", 0) <= places.get("maximum", 10**6)
            self.check("publication", agreed)
            said = {**body, "capacity": without(places, "open", "updated_at", "waitlist")} if places else body
            covered = {"specialist": did, "org": org["org"], "record": record["id"], "withdrawn": False, "hash": sha256(said, "consent")}
            now = self.state["newest"].get(f"{did} {record['id']}", 0) <= agreed["issued_at"] <= self.now() + 5 * MINUTE and self.now() < agreed["expires_at"]
            need(now and free and is_proven(agreed, did[8:]) and covered.items() <= agreed.items(), "the specialist has not agreed to be shown like this")
            self.state["newest"][f"{did} {record['id']}"] = agreed["issued_at"]
        records[record["id"]] = record

    def certify(self, record):  # Refused unless the credential of a specialist counts now.
        body, now = record["body"], self.now()
        vc = body.get("credential") or without(self.state["records"][record["org"]].get(body.get("credential_id"), {}).get("body", {}), "consent")
        self.check("credential", vc)
        issuer, subject = self.trusted("issuers", id=vc["issuer"]), vc["credentialSubject"]
        need(issuer and any(standards.is_valid(vc, key, now, 5 * MINUTE) for key in self.keys(issuer)), "its issuer is not trusted, or has not signed it for now")
        need(subject["id"] == body.get("did"), "it is somebody else's")
        places = {place for grant in issuer["for"] if grant["type"] == subject["credentialType"] for place in grant["jurisdictions"]}
        need(all({place, place[:2]} & places for place in subject["jurisdiction"]), "its issuer is not entitled to that")
        for entry in vc.get("credentialStatus", []):
            lists = [one["body"] for org in self.state["records"].values() for one in org.values() if one["kind"] == "status_list"]
            lists = [one for one in lists if one["id"] == entry["statusListCredential"] and self.speaks_for(issuer, one)]
            need(lists, "its status list is not to be had")
            need(not standards.is_marked(max(lists, key=lambda one: when(one["validFrom"])), entry), f"{entry['statusPurpose']}: it is marked")

    def speaks_for(self, issuer, one):  # Does this status list say what is so of the issuer's credentials?
        by, name, begin = self.trusted("issuers", id=one["issuer"]), f"{issuer['id']} {one['id']}", when(one["validFrom"])
        answers = by is not None and by["id"] in (issuer["id"], *issuer.get("status_by", []))
        if not answers or not any(standards.is_valid(one, key, self.now(), 5 * MINUTE) for key in self.keys(by)) or begin < self.state["newest"].get(name, 0):
            return False
        self.state["newest"][name] = begin
        return self.now() <= begin + min(one["credentialSubject"].get("ttl", 35 * DAY), 35 * DAY) + 5 * MINUTE

    def faults(self, case, consent, discloser, recipient, classes):  # The elements of a consent that do not hold when this is disclosed of the referral.
        ages = {"under_13": range(13), "13_17": range(13, 18), "18_25": range(18, 26)}.get(case["request"]["age_band"], range(0))
        to, law, via, expires, minor = case["request"]["to"], consent["law"], consent.get("via", {}), consent["expires"], "minor" in consent
        signed = [consent[name] for name in ("signature", "cosignature") if name in consent]
        signers = {one["authority"].replace("guardian", "parent"): one["signer"] for one in signed}
        names = lambda parties, org: any(one["org"] == org and one.get("record", to) == to for one in parties)
        text = lambda words: words is not None and words.strip(" \t\r\n") != ""
        passes_on = via.get("org") == discloser and not names(consent["from"], discloser)
        holds = [
            consent.get("covers", "general") == "general" and (law != "gdpr" or consent["gdpr"]["basis"] == "explicit_consent"),
            text(consent["patient"]),
            passes_on or names(consent["from"], discloser),
            classes <= set(consent["what"]) - {"counselling_notes"} and not re.fullmatch(VAGUE, consent["what_text"], re.IGNORECASE),
            names(via["participants"], recipient) if passes_on else via.get("org") == recipient or names(consent["to"], recipient),
            text(consent["purpose"]) and classes <= self.needed[consent.get("purpose_code", "")],
            text(consent["revocation"]["right"]) and f"{case['org']} {consent['id']}" not in self.state["ended"],
            {"date": max(self.now(), consent["signed_at"]) < expires.get("at", 0), "event": True, "never": consent["tpo"]}[expires["kind"]],
            all(one["how"] != "verbal" or law == "gdpr" for one in signed) and minor >= max(ages.stop in (13, 18), "parent" in signers) and
            (not minor or consent["minor"]["age"] in ages and signers.keys() & {"self", "parent"} and signers.get("self") != signers.get("parent")),
            consent["signed_at"] <= self.now() + 5 * MINUTE,
            not (consent["tpo"] or law == "us-hipaa") or (text(consent.get("redisclosure")) and text(consent.get("refusal")))]  # fmt: skip
        return [element for element, hold in enumerate(holds) if not hold]

    def check_disclosure(self, case, content, discloser, recipient):
        wrong = self.faults(case, content["consent"], discloser, recipient, classes_of(content))
        need(not wrong, f"consent: element {wrong and wrong[0]} does not hold")
        need((content["consent"]["law"], content["notice"]) in self.notices, "its notice is not that of the law")
        case["disclosure"] = content

    def tells(self, case):  # May we tell who referred what becomes of the member?
        consent = case and case["side"] == "target" and case["request"].get("origin") != "court" and (case["disclosure"] or {}).get("consent")
        return bool(consent) and not self.faults(case, consent, self.org, case["org"], {"outcome"})

    def case(self, key):
        need(key in self.state["referrals"], "there is no such referral")
        return self.state["referrals"][key], Referral(self.rules, key, self.state["referrals"][key]["steps"])

    def begin(self, org, side, request):
        need(request["referral"] not in self.state["referrals"], "there is a referral of this id")
        need(request.get("voluntary", request.get("origin") not in ("clinician", "court", "family")), "nobody has said that the member wants it")
        self.state["referrals"][request["referral"]] = {"org": org, "side": side, "steps": {}, "request": request, "disclosure": None}

    def step(self, name, content, mine):
        said = dict(zip(("step", "by"), step_of(name, content))) | {name: content[name] for name in ("channel", "supervised") if name in content}
        said |= {"prev": content.get("prev", ""), "leg": content.get("leg", 1), "at": content["sent_at"], "mine": mine}
        self.case(content["referral"])[1].add(content["id"], said, self.now())

    def say(self, org, name, **content):
        seq = self.state["seq"][org] = self.state["seq"].get(org, 0) + 1 + secrets.randbelow(16)
        content = {"v": 1, "id": identifier(), "seq": seq, "sent_at": self.now(), "body": f"A {name}.", **content}
        self.check(name, content)
        if "prev" in content or name == "referral.request":
            self.step(name, content, True)
        self.state["outbox"].append({"org": org, "name": name, "content": content, "tries": 0, "due": 0})
        return content["id"]

    def query(self, org, got=(), **content):
        self.state["asked"][self.say(org, "directory.query", **content)] = [content, dict(got)]

    def record(self, kind, body):  # Publishes a record of ours; answers its id.
        key, now = identifier(), self.now()
        said = {"kind": kind, "id": key, "org": self.org, "issued_at": now, "expires_at": now + 30 * DAY, "body": body}
        self.state["own"][key] = standards.prove({"v": 1, "seq": 1, **said}, bytes.fromhex(self.state["seed"]))
        return key

    def refer(self, org, **request):
        request = {"referral": identifier(), "pseudonym": identifier(), **request}
        self.begin(org, "source", request)
        self.say(org, "referral.request", **request)
        return request["referral"]

    def act(self, referral, name, **content):  # Makes a step of ours in a referral; answers its id. A disclosure: consent, identity and what else it discloses.
        case, tree = self.case(referral)
        waiting = {item["content"]["id"] for item in self.state["outbox"] if name == "consent.revoked"}
        prev = next(key for key in reversed(tree.path()[1]) if key not in waiting)
        need(name not in NEWS or self.tells(case), "no consent allows it")
        if name in ("referral.disclosure", *NEWS) or case["disclosure"] and {"reason", "info"} & content.keys():
            content |= {"notice": dict(reversed(self.notices))[{**(case["disclosure"] or {}), **content}["consent"]["law"]], "scope": "As the consent says."}
        if name == "referral.disclosure":
            self.check_disclosure(case, content, self.org, case["org"])
        elif name == "consent.revoked":
            self.state["ended"][f"{case['org']} {content['consent']}"] = self.now()
        return self.say(case["org"], name, referral=referral, prev=prev, leg=tree.at(prev)["leg"] + (content.get("change") == "reopen"), **content)

    async def hear(self, room, event):  # An event of a room. What a partner's vouched-for device said in its channel counts, once.
        org, before, name = self.pins().get(event.sender), copy.deepcopy(self.state), event.source["type"].removeprefix(SPACE)
        if org is None or name == event.source["type"]:
            return
        try:
            channel = self.state["rooms"].get(room.room_id) == [org["org"], "channel"] and room.room_type == SPACE + "channel"
            need(channel and event.verified, "nobody vouches for where it came from")
            content, seen = event.source["content"], self.state["seen"].setdefault(org["org"], {})
            self.check(name, content)
            if content["id"] not in seen:
                self.take(org["org"], name, content)
                seen[content["id"]] = self.now()
            if name not in REPLIES:
                self.say(org["org"], "referral.ack", ack_of=[content["id"]], received_at=self.now())
        except ValueError as why:
            self.state = before | {"ended": self.state["ended"]}  # The use of a consent ends whether its step is possible or not.
            self.refused.append(f"{name}: {why}")

    def take(self, org, name, c):
        state, now = self.state, self.now()
        case = next((case for key, case in state["referrals"].items() if (key, case["org"]) == (c.get("referral"), org)), {})
        if name == "referral.ack":
            for item in [item for item in state["outbox"] if item["org"] == org and item["content"]["id"] in c["ack_of"]]:
                state["outbox"].remove(item)
                if item["name"] == "referral.request":
                    self.case(item["content"]["referral"])[1].derive(item["content"]["id"], "receive", now)
        elif name == "referral.refused":  # By itself it goes on as if it had not been answered; a person is to look.
            state["refusals"][c["of"]] = c["why"]
        elif name == "referral.request":
            self.begin(org, "target", c)
            self.step(name, c, False)
            self.case(c["referral"])[1].derive(c["id"], "receive", now)
        elif name == "consent.revoked":
            ours = (case.get("disclosure") or {"consent": {"id": None}})["consent"]["id"] == c["consent"]
            state["ended"][f"{org} {c['consent']}"] = now
            if c["then"] != "nothing" and "prev" in c and case:
                need(ours or case["side"] == "target", "it made that consent up") or self.step(name, c, False)
            keeps = sorted(classes_of(case["disclosure"])) if ours and case["side"] == "target" else []
            self.say(org, "consent.revocation_ack", referral=c["referral"], consent=c["consent"], keeps=keeps, stops_redisclosure=True)
        elif name == "consent.revocation_ack":
            state["keeps"][c["consent"]] = c["keeps"]
        elif name == "referral.settle":
            case["taken_from"] = max(c["seq"], case.get("taken_from", 0))
            self.say(org, "referral.settled", referral=c["referral"], of=c["id"], have=[k for k, s in case.get("steps", {}).items() if s["mine"] is False])
        elif name == "referral.settled":
            need(case.get("question", [None])[0] == c["of"], "nobody asked for it")
            of_it = [item for item in state["outbox"] if item["name"] in NEWS and item["content"]["referral"] == c["referral"]]
            lost = {item["content"]["id"] for item in of_it if item["content"]["seq"] < case["question"][1]} - set(c["have"])
            while more := {key for key, step in case["steps"].items() if step["prev"] in lost} - lost:
                lost |= more
            case["steps"] = {key: step for key, step in case["steps"].items() if key not in lost}
            state["outbox"] = [item for item in state["outbox"] if item["content"]["id"] not in lost | set(c["have"])]
        elif name == "erasure.request":
            self.say(org, "erasure.ack", referral=c["referral"], result="erased" if case and state["referrals"].pop(c["referral"]) else "unknown")
        elif name == "follow":
            state["directories"].setdefault(org, {})
        elif name == "directory.answer":
            asked, got = state["asked"].pop(c["query"], None) or need(False, "nobody asked for it")
            got |= {one["id"]: one["seq"] for one in c.get("omitted", [])}
            for found in c["records"]:
                try:
                    self.take_record(self.trusted("orgs", org=org), found["record"], got)
                except ValueError as why:
                    self.refused.append(f"record: {why}")
            if "next" in c:
                self.query(org, got, **{**asked, "after": c["next"]})
            elif "kinds" not in asked:  # All of it was asked for, page by page.
                same = lambda one: one["body"]["hash"] == sha256("".join(sorted(f"{key}:{seq}\n" for key, seq in got.items() if key != one["id"])))
                state["withheld"][org] = not any(one["kind"] == "manifest" and same(one) for one in state["records"].get(org, {}).values())
        elif name == "directory.purge":
            self.state["records"].get(org, {}).pop(c["record"], None)
            self.say(org, "directory.purged", record=c["record"])
        elif name == "capacity.inquiry":
            said = {key: one["body"].get("capacities", [one["body"].get("capacity")]) for key, one in sorted(state["own"].items())}
            rows = [{"record": key, "capacity": places} for key, places in said.items() if places != [None] and key > c.get("after", "")]
            self.say(org, "capacity.answer", inquiry=c["id"], records=rows[:100], as_of=now, **({"next": rows[99]["record"]} if rows[100:] else {}))
        elif name == "capacity.answer":
            state["places"].setdefault(org, {}).update((row["record"], row["capacity"]) for row in c["records"])
            if "next" in c:
                self.say(org, "capacity.inquiry", after=c["next"])
        else:
            need(case and name.startswith("referral."), "it is not for a bot, or not the sender's to say")
            need((case["side"] == "source") == (step_of(name, c)[1] == "target"), "it is not for that side to say")
            need(name not in NEWS or c["seq"] >= case.get("taken_from", 0), "this was said not to have come")
            self.step(name, c, False)
            if name == "referral.disclosure":
                self.check_disclosure(case, c, org, self.org)

    async def room(self, kind, org, history, **encryption):  # A room of this kind with the partner in it, made if there is none; None: not yet.
        rooms = [room for room, of in self.state["rooms"].items() if of == [org["org"], kind]]
        if not rooms:
            self.state["rooms"][await self.matrix.create(SPACE + kind, org["node_user"], history, **encryption)] = [org["org"], kind]
        return next((room for room in rooms if self.matrix.is_with(room, SPACE + kind, org["node_user"])), None)

    async def publish(self):  # Our records, to each partner who asked to follow, in a room of its own.
        for org in filter(None, [self.trusted("orgs", org=org) for org in self.state["directories"]]):
            room = await self.room("directory", org, "shared", **{"io.element.msc4362.encrypt_state_events": True})
            has = self.state["directories"][org["org"]]
            for record in [one for one in self.state["own"].values() if room and one["id"] not in has]:
                await self.matrix.put_state(room, SPACE + "record", record["id"][::-1], record)
                has[record["id"]] = record["seq"]

    async def flush(self):
        busy = set()  # Of one referral a content waits for the one before it, but for AT_ONCE.
        for item in self.state["outbox"]:
            org, line = self.trusted("orgs", org=item["org"]), item["content"].get("referral", item["content"]["id"])
            stopped = item["name"] in NEWS and not self.tells(self.state["referrals"].get(line)) or line in busy and item["name"] not in AT_ONCE
            busy |= {line}
            room = await self.room("channel", org, "invited") if org and not stopped and self.now() >= item["due"] else None
            if room:
                await self.matrix.send(room, SPACE + item["name"], item["content"], item["tries"] > 0)
                item["tries"], item["due"] = item["tries"] + 1, self.now() + self.again * min(60, 2 ** item["tries"])
        self.state["outbox"] = [item for item in self.state["outbox"] if item["name"] != "referral.ack" or item["tries"] == 0]

    async def sync(self, timeout=0):
        await self.matrix.sync(timeout)
        for room, org in [(room, self.pins()[user]) for room, user in self.matrix.invitations() if user in self.pins()]:
            await self.matrix.join(room, org["via"])
            self.state["rooms"][room] = [org["org"], "channel"]
        for key, case in self.state["referrals"].items():
            self.case(key)[1].derive(self.case(key)[1].path()[1][-1], "expire", self.now())
            told, case["tells"] = case.get("tells"), self.tells(case)
            if told and not case["tells"]:  # Whether or not something is outstanding.
                case["question"] = [self.say(case["org"], "referral.settle", referral=key), self.state["seq"][case["org"]]]
        self.vault.save(self.state)
        await self.publish()
        await self.flush()
        self.vault.save(self.state)
