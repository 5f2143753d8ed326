# SPDX-License-Identifier: Apache-2.0
"""The story of tools/demo: a referral crosses two real homeservers, and nobody's words are found where they must not be.

    demo.py DIRECTORY run [--keep]      DIRECTORY/build holds the programs
    demo.py DIRECTORY stop
"""

import argparse
import base64
import fcntl
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import string
import sys
import time

from client import V3
from homeserver import ROOT
from node import Network
from process import Process

EXAMPLES = ROOT / "docs" / "examples"
# What is said of members: in a disclosure; of somebody without Matrix, to staff; on the way of a match.
DISCLOSED = "name patient signer recorder contact what purpose need constraints history".split()
RECORDED = "alias note guardian doctor hospital teller danger".split()
NOTED = "choice scope hours ending goal signs alone people rained listened worldview".split()
LEFTOVERS = ("pair", "authorities", *(name for name, _ in Network.NAMES))


def canary():
    """A word that occurs nowhere else. Lower-case letters: they look the same in JSON, URLs and every base64 alphabet."""
    return "".join(random.SystemRandom().choices(string.ascii_lowercase, k=20))


def disguises(word):
    """The byte strings that betray a word: as it is, in capitals, UTF-16, hexadecimal, and base64 at each of its three alignments."""
    raw = word.encode()
    found = [raw, word.upper().encode(), b"\0".join(raw[i : i + 1] for i in range(len(raw))), raw.hex().encode(), raw.hex().upper().encode()]
    for shift in range(3):
        first, end = (0, 2, 3)[shift], (shift + len(raw)) * 8 // 6
        found.append(base64.b64encode(bytes(shift) + raw + bytes(2))[first:end])
    return found


def search(words, files):
    """{name: [file, ...]} of the words, a dict of names, that occur in files in any disguise."""
    patterns = [(name, pattern) for name, word in words.items() for pattern in disguises(word)]
    hits = {}
    for file in files:
        data = file.read_bytes()
        for name, pattern in patterns:
            if pattern in data and file not in hits.setdefault(name, []):
                hits[name].append(file)
    return {name: found for name, found in hits.items() if found}


class Story:
    """One run. Each part says in one line what happened; doing is what is under way, for the message if it fails."""

    def __init__(self, directory, keep):
        self.directory = directory
        self.keep = keep
        self.doing = "preparing"
        self.started = time.monotonic()
        self.words = {field: canary() for field in (*DISCLOSED, *RECORDED, *NOTED, "reason", "heard", "incident", "writer")}
        self.words["phone"] = "+" + "".join(random.SystemRandom().choices("123456789", k=14))
        self.words["call back"] = "Mon-Fri 16:{}-18:{}".format(*random.SystemRandom().sample(range(10, 60), 2))
        self.planted = canary()
        self.visitors = {}

    def tell(self, text):
        print(f"{time.monotonic() - self.started:5.1f} s  {text}", flush=True)

    def run(self):
        parts = (
            (self.set_up, "setting both nodes up"),
            (self.fill, "importing the directories"),
            (self.publish, "publishing the directories"),
            (self.follow, "following the partner's directory"),
            (self.find, "finding a specialist"),
            (self.refer, "sending the referral"),
            (self.consent, "disclosing under the member's consent"),
            (self.close, "closing the loop"),
            (self.decline, "declining a second referral"),
            (self.waitlist, "waiting for a place"),
            (self.forward, "being sent on to another program"),
            (self.revoke, "taking a consent back"),
            (self.case, "referring somebody without Matrix"),
            (self.match, "writing down what a match keeps"),
            (self.groups, "looking at the group rooms"),
            (self.prove, "searching for the member's words"),
        )
        self.doing = "starting two homeservers and two nodes"
        self.network = Network(self.directory, self.directory / "build", keep=self.keep)
        self.network.start()
        self.harbor, self.lighthouse = self.network.nodes
        try:
            for part, self.doing in parts:
                part()
            if self.keep:
                self.tell(f"all keeps running: {self.show(self.directory / 'demo.json')} says where; tools/demo stop ends it")
                node = self.lighthouse
                self.tell(f"try: {self.show(self.directory / 'build/cairn')} -c {self.show(node.config)} list referrals")
        finally:
            if not self.keep:
                self.network.stop()

    def show(self, path):
        """A path as a person in the source tree would type it."""
        return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)

    def set_up(self):
        a, b = self.network.pair.servers
        self.tell(f"two homeservers federate, {a.url} and {b.url}; every certificate is checked against {self.show(a.ca_file)}")
        self.network.join()
        keys = " and ".join(self.show(node.state / "recovery.txt") for node in self.network.nodes)
        self.tell(f"{self.harbor.organization} and {self.lighthouse.organization} run a node each; their recovery keys: {keys}")
        self.tell(f"both trust the list in {self.show(self.network.trust)}, signed by {self.network.signer}")

    def fill(self):
        for node in self.network.nodes:
            file = EXAMPLES / f"{node.directory.name}-hsds.json"
            read = node.cairn("import", "hsds", file)
            node.import_records(self.certified(EXAMPLES / f"{node.directory.name}-records.json"))
            self.tell(
                f"{node.name} read {read['added']} programs from {self.show(file)}"
                f" ({len(read['unmapped'])} fields of the file have no place in a record), its groups and specialists from another file"
            )

    def certified(self, file):
        """The example's records; Juniper's credential is good, Wren's has expired, others have none; each group has somebody who sees its incidents."""
        records = json.loads(file.read_text())["records"]
        periods = {"Juniper": (-300, 700), "Wren": (-800, -30)}
        for record in records:
            alias = record["body"].get("alias")
            if record["kind"] == "group":
                record["body"]["supervisor"] = {"title": "Head of groups"}
            if alias in periods:
                record["body"]["did"], record["body"]["credential"] = self.network.credential(alias, periods[alias])
        return records

    def publish(self):
        done = self.network.both(lambda node: node.cairn("publish", "--wait"))
        for node in self.network.nodes:
            node.wait(lambda: not node.list("outbox"), "its rooms in order")
        rooms = " and ".join(node.rooms("directory", node.org)[0] for node in self.network.nodes)
        self.tell(f"{sum(each['published'] for each in done)} signed records are in the encrypted directory rooms {rooms}")
        self.describe()

    def describe(self):
        """Writes demo.json."""
        organizations = [
            {
                "name": node.organization,
                "org": node.org,
                "homeserver": node.homeserver.url,
                "server_name": node.homeserver.server_name,
                "ca_file": str(node.homeserver.ca_file),
                "registration_secret": node.homeserver.secret,
                "node_user": node.user,
                "steward_user": node.steward,
                "directory_room": node.rooms("directory", node.org)[0],
                "space_room": node.rooms("space")[0],
                "group_rooms": node.rooms("group"),
                "database": str(node.database),
                "admin_socket": str(node.socket),
                "config": str(node.config),
            }
            for node in self.network.nodes
        ]
        pair = self.network.pair
        file = self.directory / "demo.json"
        file.touch(0o600)
        document = {"organizations": organizations, "ca_file": str(pair.ca_file), "registration_secret": pair.a.secret}
        file.write_text(json.dumps(document, indent=1) + "\n")

    def follow(self):
        self.harbor.cairn("follow", self.lighthouse.org, "--wait")
        self.harbor.wait(lambda: self.harbor.list("partners")[0]["follows"], "the partner's directory")
        expected = len(self.lighthouse.list("records")) - 1  # the manifest is no search result
        found = self.harbor.wait(lambda: self.found(expected), "all of the partner's records")
        self.tell(f"{self.harbor.name} followed {self.lighthouse.name} and read {len(found)} records published before it came")

    def found(self, expected):
        records = self.harbor.cairn("find")["records"]
        return records if len(records) == expected else None

    def find(self):
        found = {record["name"]: record for record in self.harbor.cairn("find", "--kind", "specialist")["records"]}
        juniper, wren = found["Juniper"], found["Wren"]
        if not juniper["certified"] or wren["certified"]:
            raise RuntimeError(f"the wrong one is certified: {juniper['certification']}; {wren['certification']}")
        self.specialist, self.other = juniper["id"], wren["id"]
        self.tell(f"it found Juniper ({juniper['id']}), {juniper['certification']}; Wren is not shown as certified: {wren['certification']}")

    def ask(self, record=None, *more, age="26_59"):
        need = ("--need", "grief", "--language", "es", "--modality", "online_text", "--urgency", "soon", "--age-band", age)
        return self.harbor.cairn("refer", record or self.specialist, *need, *more, "--time", "weekday_evening", "--wait")["referral"]

    def refer(self):
        before = time.monotonic()
        self.referral = self.ask()
        took = time.monotonic() - before
        pseudonym = self.lighthouse.wait_state(self.referral, "received")["request"]["pseudonym"]
        self.tell(f"referral {self.referral} went out for the pseudonym {pseudonym}; {self.lighthouse.name} acknowledged after {took:.2f} s")
        self.lighthouse.cairn("answer", self.referral, "accept", "--wait")
        self.harbor.wait_state(self.referral, "accepted")
        self.tell(f"{self.lighthouse.name} accepted it; until now it knows nobody's name")

    def form(self, referral):
        words = self.words
        form = self.harbor.cairn("consent", referral, "--template")
        form["consent"].update(
            patient=words["patient"],
            what=["identity", "contact", "need", "constraints", "history", "outcome"],
            what_text=words["what"],
            purpose=words["purpose"],
            purpose_code="care_coordination",
        )
        form["consent"]["signature"].update(signer=words["signer"], recorded_by=words["recorder"])
        form["identity"]["name"] = words["name"]
        form["identity"]["contact"]["value"] = words["contact"]
        form.update(need_detail=words["need"], constraints=words["constraints"], history=words["history"])
        return json.dumps(form)

    def consent(self):
        words = self.words
        self.harbor.cairn("consent", self.referral, "/dev/stdin", "--wait", stdin=self.form(self.referral))
        shown = self.lighthouse.cairn("show", self.referral)
        self.has(shown["disclosure"], DISCLOSED)
        self.tell(f"the member's consent {shown['disclosure']['consent']['id']} released who they are, with the notice of 42 CFR 2.32")

    def has(self, shown, fields):
        """What is not there cannot be found where it must not be, either."""
        lost = [field for field in fields if self.words[field] not in json.dumps(shown)]
        if lost:
            raise RuntimeError(f"these fields did not arrive: {', '.join(lost)}")

    def close(self):
        self.lighthouse.cairn("outcome", self.referral, "first_contact", "--wait")
        self.lighthouse.cairn("outcome", self.referral, "closed", "--code", "connected", "--wait")
        cases = [node.wait_state(self.referral, "closed") for node in self.network.nodes]
        self.tell(f"first contact, then closed: both show {self.referral} {cases[0]['state']}, {cases[0]['outcome']['outcome']}")

    def decline(self):
        referral = self.ask()
        self.lighthouse.wait_state(referral, "received")
        self.lighthouse.cairn(
            "answer", referral, "decline", "--reason", "other", "--reason-file", "/dev/stdin", "--wait", stdin=self.words["reason"]
        )
        case = self.harbor.wait_state(referral, "declined", "ended")
        self.tell(f"a second referral, {referral}, was declined ({case['reason']}): {case['state']}")

    def both(self, referral, *states):
        """The referral as each side shows it, once it is in that state there."""
        return [node.wait_state(referral, *states) for node in self.network.nodes]

    def waitlist(self):
        self.third = self.ask()
        self.lighthouse.wait_state(self.third, "received")
        self.lighthouse.cairn("waitlist", self.third, "--wait")
        self.both(self.third, "waitlisted")
        turn = next(row for row in self.harbor.list("referrals") if row["id"] == self.third)
        self.lighthouse.cairn("accept", self.third, "--wait")
        self.both(self.third, "accepted")
        self.tell(f"a third, {self.third}, waited for a place (both showed it waitlisted; {turn['next']} by {turn['due'][:10]}), then was accepted")

    def forward(self):
        """Another program suits better: the source asks there, and the member consents anew."""
        self.lighthouse.cairn("forward", self.third, self.other, "--org", self.lighthouse.org, "--wait")
        told = self.both(self.third, "forwarded")[0]
        record = told["history"][-1]["details"]["to"]
        self.child = self.ask(record, "--part-of", self.third)
        self.lighthouse.wait_state(self.child, "received")
        self.lighthouse.cairn("accept", self.child, "--wait")
        self.both(self.child, "accepted")
        self.harbor.cairn("consent", self.child, "/dev/stdin", "--wait", stdin=self.form(self.child))
        if "part_of" in self.lighthouse.cairn("show", self.child):
            raise RuntimeError(f"{self.lighthouse.name} knows of which referral {self.child} is a part")
        self.tell(f"{self.lighthouse.name} then forwarded it: {self.harbor.name} asked there, {self.child}, under a consent of its own")

    def revoke(self):
        referral = self.child
        said = time.monotonic()
        self.harbor.cairn("revoke", referral, "--how", "phone", "--recorded-by-file", "/dev/stdin", stdin=self.words["heard"])
        for node in self.network.nodes:
            node.wait_state(referral, "consent_revoked", "ended")
        ended = time.monotonic() - said
        while (told := self.harbor.cairn("accounting", referral)["consents"][0]["told"][0])["state"] != "acknowledged":
            if time.monotonic() - said > 60:
                raise RuntimeError(f"{self.lighthouse.name} does not acknowledge the revocation: {told['state']}")
            time.sleep(0.1)
        account = self.harbor.cairn("accounting", referral)
        keeps = ", ".join(account["holds"][0]["keeps"])
        self.tell(
            f"in that one the member called and took the consent back: ended on both sides after {ended:.2f} s;"
            f" the account shows {len(account['disclosures'])} disclosure, and that {self.lighthouse.name} keeps {keeps} and passes nothing on"
        )

    def case(self):
        """Somebody of fifteen who has no Matrix account: staff opens a case, writes an emergency down, and keeps a consent with two signatures."""
        words, harbor = self.words, self.harbor
        person = {key: words[key] for key in ("alias", "phone", "note")}
        person |= {"leave_message": False, "call_back": words["call back"], "zone": "America/New_York"}
        opened = harbor.cairn("open-case", "/dev/stdin", stdin=json.dumps(person))["case"]
        self.fourth = self.ask(None, "--case", opened, "--origin", "family", "--voluntary", age="13_17")
        self.lighthouse.wait_state(self.fourth, "received")
        self.lighthouse.cairn("accept", self.fourth, "--wait")
        harbor.wait_state(self.fourth, "accepted")
        told = harbor.cairn("emergency", self.fourth, "--template")
        told["emergency"].update(to=words["doctor"], affiliation=words["hospital"], by=words["teller"], nature=words["danger"])
        harbor.cairn("emergency", self.fourth, "/dev/stdin", stdin=json.dumps(told))
        form = harbor.cairn("consent", self.fourth, "--template")
        form["need_detail"] = words["need"]
        form["consent"]["minor"] = {"age": 15, "jurisdiction": "US-NJ"}
        form["consent"]["signature"]["recorded_by"] = words["recorder"]
        form["consent"]["cosignature"] = {"how": "paper", "signer": words["guardian"], "authority": "guardian", "recorded_by": words["recorder"]}
        harbor.cairn("consent", self.fourth, "/dev/stdin", "--wait", stdin=json.dumps(form))
        self.has([harbor.cairn("show", opened), harbor.cairn("accounting", self.fourth), harbor.cairn("show", self.fourth)], (*RECORDED, "phone", "call back"))
        self.has(self.lighthouse.cairn("show", self.fourth), ("alias", "phone", "guardian"))
        self.tell(f"for somebody without Matrix staff opened the case {opened}: they were referred, {self.fourth}, and signed on paper, with a guardian")

    def match(self):
        """A specialist is chosen; what both write down of their way, and an incident of a group."""
        words, harbor = self.words, self.harbor
        today = time.strftime("%Y-%m-%d", time.gmtime())
        note = lambda kind, of: json.dumps({"kind": kind, "on": today, kind: of})
        proposed = harbor.cairn("match", "--need", "grief", "--age-band", "26_59", "--language", "es")["match"]
        harbor.cairn("match", "accept", proposed, self.specialist, "--reason-file", "/dev/stdin", stdin=words["choice"])
        ends = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86400))
        notes = {
            "agreement": {"scope": words["scope"], "hours": words["hours"], "response_hours": 24, "ending": words["ending"], "ends_on": ends},
            "goals": [{"text": words["goal"], "state": "open"}],
            "plan": {key: words[key] for key in ("signs", "alone", "people")},
            "checkin": {"well": 2, "text": words["rained"]},
            "feedback": {"by": "member", "heard": 5, "respected": 5, "chose": 4, "useful": 5, "again": True, "text": words["listened"]},
            "reflection": {"worldview": words["worldview"]},
        }
        for kind, of in notes.items():
            harbor.cairn("match", "note", proposed, "/dev/stdin", stdin=note(kind, of))
        group = next(record["id"] for record in harbor.list("records") if record["kind"] == "group")
        book = {"incident": {"group": group, "what": "harm", "text": words["incident"]}, "training": {"topic": "crisis", "hours": 4}}
        for kind, of in book.items():
            harbor.cairn("book", "add", "/dev/stdin", stdin=json.dumps({"kind": kind, "on": today, "who": words["writer"], kind: of}))
        self.has([harbor.cairn("show", proposed), harbor.cairn("match", "notes", proposed), harbor.cairn("book", "show")], (*NOTED, "incident", "writer"))
        self.tell(f"a member chose Juniper, {proposed}: {len(notes)} notes of their way, and {len(book)} entries in the book, stay with {harbor.name}")

    def groups(self):
        for node in self.network.nodes:
            self.visitors[node] = node.homeserver.user("visitor")
            keys = self.visitors[node].call("POST", V3 + "/keys/query", {"device_keys": {node.steward: []}})
            if keys["device_keys"].get(node.steward):
                raise RuntimeError(f"{node.steward} has device keys")
        rooms = [(node, room) for node in self.network.nodes for room in node.rooms("group")]
        held = sum(sessions(node, room) for node, room in rooms)
        if held or not rooms:
            raise RuntimeError(f"{held} sessions of {len(rooms)} group rooms are in a node's database")
        self.tell(f"{len(rooms)} group rooms, only stewards without devices in them: 0 of their sessions are in a node's database")

    def plant(self):
        """A word in clear where the search must find it: as the topic of a room on each homeserver, and in a file beside each node's."""
        for node in self.network.nodes:
            self.visitors[node].create_room(topic=self.planted)
            (node.directory / "planted.txt").write_text(self.planted + "\n")
        return {name: [self.network.directory / name] for name in ("pair/a", "pair/b", "harbor", "lighthouse")}

    def prove(self):
        places = self.plant()
        files = [file for name in LEFTOVERS for file in (self.directory / name).rglob("*") if file.is_file()]
        files += [file for file in self.directory.iterdir() if file.is_file()]
        hits = search({**self.words, "planted": self.planted}, files)
        planted = hits.pop("planted", [])
        for place in places:
            if not any(file.is_relative_to(self.directory / place) for file in planted):
                raise RuntimeError(f"the search is blind: it did not find the word that was planted in {place}")
        if hits:
            where = "; ".join(f"{field}: {', '.join(map(str, found))}" for field, found in hits.items())
            raise RuntimeError(f"the member's words are in clear. {where}")
        size = sum(file.stat().st_size for file in files) / 1e6
        self.tell(
            f"privacy: {len(self.words)} words of the member searched in {len(files)} files ({size:.0f} MB: both homeservers, both nodes,"
            f" logs): 0 hits; one planted in clear was found in {len(planted)}"
        )


def sessions(node, room):
    """How many Megolm sessions of a room the node's database holds."""
    database = sqlite3.connect(f"file:{node.database}?mode=ro", uri=True)
    counts = [f"SELECT count(*) FROM {table} WHERE room_id = ?" for table in ("crypt_inbound", "crypt_outbound")]
    try:
        return sum(database.execute(count, (room,)).fetchone()[0] for count in counts)
    finally:
        database.close()


def running(directory):
    """The pid files whose processes run."""
    files = [directory / "pair" / name / "homeserver.pid" for name in "ab"] + [directory / name / "cairnd.pid" for name, _ in Network.NAMES]
    return [file for file in files if Process(file).pid()]


def stop(directory):
    files = running(directory)
    for file in sorted(files, key=lambda file: file.name):  # nodes first
        Process(file).stop()
    print(f"demo: {len(files)} processes ended" if files else "demo: nothing runs")
    return 0


def run(directory, keep):
    if running(directory):
        print("demo: one is kept running here; end it first: tools/demo stop", file=sys.stderr)
        return 1
    for name in LEFTOVERS:
        shutil.rmtree(directory / name, ignore_errors=True)
    (directory / "demo.json").unlink(missing_ok=True)
    story = Story(directory, keep)
    try:
        story.run()
    except (Exception, KeyboardInterrupt) as error:
        print(f"demo: failed while {story.doing}: {error or type(error).__name__}", file=sys.stderr)
        print("  look at " + ", ".join(story.show(directory / name) for name in ("harbor/cairnd.log", "lighthouse/cairnd.log")), file=sys.stderr)
        print("  and at  " + ", ".join(story.show(directory / f"pair/{name}/homeserver.log") for name in "ab"), file=sys.stderr)
        if running(directory):
            print("  what it started still runs; tools/demo stop ends it", file=sys.stderr)
        return 1
    print("ok")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("action", choices=("run", "stop"))
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    directory.mkdir(exist_ok=True, mode=0o700)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open(directory / "lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("demo: another one runs here just now", file=sys.stderr)
            return 1
        return stop(directory) if arguments.action == "stop" else run(directory, arguments.keep)


if __name__ == "__main__":
    sys.exit(main())
