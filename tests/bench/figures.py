# SPDX-License-Identifier: Apache-2.0
"""What tools/bench prints: one JSON line for each comparison, and how contestants take turns.

figures.py NAME FILE: did all that tools/bench NAME says come into FILE, and is each line one? Status 0: yes; else 1 and a word.
"""

import json
import math
import random
import statistics
import subprocess
import sys


def line(name, values, unit, against=None, target=None):
    """One figure of several rounds. against: what it is divided by; without it the figure stands for itself."""
    median = statistics.median(values)
    said = {
        "name": name,
        "ratio" if against else "value": rounded(median),
        "unit": unit,
        "median": rounded(median),
        "min": rounded(min(values)),
        "max": rounded(max(values)),
        "against": against,
        "rounds": len(values),
    }
    if target:
        said["target"] = target
    print(json.dumps(said), flush=True)


def rounded(value):
    return float(f"{value:.3g}") if abs(value) < 1000 else round(value)


# What comes last of each, so that one that ends early is seen.
LAST = {
    "decrypt": "decrypt.bare",
    "encrypt": "encrypt.bare",
    "share": "share.query",
    "referral": "referral",
    "idle": "idle.memory.bridge",
    "publish": "publish.memory.follower.20",
    "search": "search.1000.nothing, and 1000 hostile.shown",
    "match": "match.1000.wide, and 1000 hostile.heap",
}
COMPARED = ("decrypt", "encrypt", "share", "referral", "publish")


def wrong(name, lines):
    """What is wrong with what tools/bench NAME --quick printed; None: nothing."""
    seen = compared = 0
    for text in lines:
        try:
            said = json.loads(text)
        except ValueError:
            return f"no JSON: {text}"
        if not isinstance(said, dict):
            return f"no object: {text}"
        against, kind = said.get("against", 0), "ratio" if said.get("against") else "value"
        figures = [said.get(key) for key in (kind, "min", "median", "max")]
        if not all(isinstance(n, (int, float)) and not isinstance(n, bool) and math.isfinite(n) for n in figures):
            return f"a figure is missing: {text}"
        if not figures[1] <= figures[2] <= figures[3] or figures[0] != figures[2] or not said.get("unit"):
            return f"no figures of rounds: {text}"
        if not str(said.get("name")).split(".", maxsplit=1)[0] == name or against == 0:
            return f"no line of {name}: {text}"
        seen, compared, last = seen + 1, compared + (kind == "ratio"), said["name"]
    if seen == 0 or last != LAST[name]:
        return f"it ends before {LAST[name]}"
    return None if compared > 0 or name not in COMPARED else "nothing is compared"


class Contestant:
    """A program of tests/bench: set up once, then one round for each line it is sent."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self.read()["ready"]

    def read(self):
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(f"{' '.join(self.command)} ended with status {self.process.wait()}")
        return json.loads(said)

    def round(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError(f"{' '.join(self.command)} ended with status {self.process.returncode}")


def take_turns(contestants, rounds):
    """{name: [what it said in each round]}: in each round all once, in an order drawn anew; a round before that does not count."""
    said = {name: [] for name in contestants}
    for number in range(rounds + 1):
        order = list(contestants)
        random.shuffle(order)
        for name in order:
            answer = contestants[name].round()
            if number > 0:
                said[name].append(answer)
    return said


def rates(said, name, clock="ns"):
    """Units of work a second, round by round. clock: "ns", the wall's; "cpu_ns", the processor's."""
    return [answer["n"] * 1e9 / answer[clock] for answer in said[name]]


def ratios(said, name, other, clock="ns"):
    """How many times as fast as the other, round by round."""
    return [a / b for a, b in zip(rates(said, name, clock), rates(said, other, clock))]


def main():
    name, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        said = wrong(name, file.read().splitlines())
    if said:
        print(f"bench {name}: {said}", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
