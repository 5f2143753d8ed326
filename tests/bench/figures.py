# SPDX-License-Identifier: Apache-2.0
"""What tools/bench prints: one JSON line for each comparison, and how contestants take turns."""

import json
import random
import statistics
import subprocess


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
