#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Schedules of HSDS, as records have them, meet when dateutil says that they meet: from the file's own words to seconds of UTC, over changes
of the clock.  What no record can say is not reckoned with, and named.

environment: CAIRN_TIMES, how many schedules (1000; 20000 with CAIRN_LONG); CAIRN_SEED, otherwise one that is printed
"""
import datetime as dt
import json
import os
import random
import subprocess
import sys
import unittest
import zoneinfo

SRC = os.environ.get("srcdir") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(SRC, "tests"), os.path.join(SRC, "tests", "domain")]
import tap  # noqa: E402
from test_times import DAY, NAMES, ZONES, ask, instant, path, seconds  # noqa: E402

try:
    from dateutil import rrule
except ImportError:
    rrule = None

WEEK = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
OFFSETS = [-12, -9.5, -5, 0, 1, 3.5, 5.5, 5.75, 14, 5.25]    # The last has no zone of its own.


def read(schedules):
    program = os.path.join(os.environ["builddir"], "tests/bridge/schedules")
    out = subprocess.run([program], input="\n".join(json.dumps(s) for s in schedules) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def day(rng, low, high):
    return dt.date(2024, 1, 1) + dt.timedelta(days=rng.randrange(low, high))


def random_schedule(rng):
    s = {"opens_at": "%02d:%02d" % (rng.choice([0, 1, 2, 2, 3, rng.randrange(24)]), rng.choice([0, 15, 30])), "closes_at": "%02d:30" % rng.randrange(24)}
    freq = rng.choice([None, "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "DAILY", "YEARLY"])
    chance = lambda p: rng.random() < p  # noqa: E731
    if freq:
        s["freq"] = freq
    if chance(0.5):
        s["interval"] = rng.choice([1, 1, 2, 2, 3, 6])
    if chance(0.8):
        names = rng.sample(WEEK, rng.choice([1, 1, 2, 3, 7]))
        if freq == "MONTHLY" and chance(0.7):
            names = [rng.choice(["1", "2", "3", "4", "5", "+2", "-1", "-2"]) + n for n in names]
        s["byday"] = rng.choice([",", ", "]).join(names)
    if chance(0.4 if freq in ("MONTHLY", "DAILY") else 0.03):
        s["bymonthday"] = ",".join(str(rng.choice([1, 13, 15, 28, 29, 30, 31, -1, -2, -30])) for _ in range(rng.choice([1, 2, 4])))
    if chance(0.2):
        s["count"] = rng.choice([1, 2, 5, 30])
    if chance(0.7):
        s["dtstart"] = day(rng, 0, 500).isoformat()
    if chance(0.3):
        s["valid_from"] = s.get("dtstart") if "dtstart" in s and chance(0.4) else day(rng, 0, 500).isoformat()
    if chance(0.3):
        s["until"] = day(rng, 300, 1100).isoformat()
    if chance(0.3):
        s["valid_to"] = day(rng, 300, 1100).isoformat()
    if chance(0.3):
        s["wkst"] = rng.choice(["MO", "SU", "WE"])
    if chance(0.04):
        s[rng.choice(["byweekno", "byyearday"])] = "2,3"
    if chance(0.3):
        s["timezone"] = rng.choice(OFFSETS)
    elif chance(0.2):
        zone = rng.choice(["Z", "-05:00", "+05:30", "+01:00"])
        s["opens_at"] += zone
        s["closes_at"] += zone
    return s


def fields(s):
    """(freq, interval, count, days with their number, days of the month, first day or None, last day), read for this test alone."""
    days = [(int(x[:-2] or 0), WEEK.index(x[-2:])) for x in s.get("byday", "").replace(" ", "").split(",") if x]
    month = [int(x) for x in s.get("bymonthday", "").split(",") if x]
    freq = s.get("freq") or ("WEEKLY" if days and not any(n for n, _ in days) else "DAILY" if not days and not month and s.get("count") == 1 else None)
    firsts = [s[k] for k in ("dtstart", "valid_from") if k in s]
    lasts = [s[k] for k in ("until", "valid_to") if k in s]
    return freq, s.get("interval", 1), s.get("count", 0), days, month, max(firsts, default=None), min(lasts, default=None)


def sayable(s):
    """Can a record say it?  By the words of schemas/common.json."""
    freq, interval, count, days, month, first, last = fields(s)
    named, weekly = bool(days or month), freq == "WEEKLY"
    if "byweekno" in s or "byyearday" in s or freq is None or s.get("timezone") == 5.25 or (first and last and last < first):
        return False
    if freq == "YEARLY" and (named or not first):
        return False
    if (freq in ("WEEKLY", "DAILY") and any(n for n, _ in days)) or (weekly and month):
        return False
    if freq == "DAILY" and not s.get("freq") and "dtstart" not in s:
        return False
    counts = interval > 1 or count > 0 or not named
    if counts and "dtstart" in s and first != s["dtstart"]:
        return False
    plain = weekly and days and interval <= 2 and (count == 0 or (count == 1 and "freq" not in s and "interval" not in s)) and \
        (interval == 1 or s.get("wkst", "MO") == "MO")
    return bool(first or plain or (interval == 1 and not count and (named or freq == "DAILY")))


def is_asked_about(s, high):
    """Does the count reach further than ten years, and nothing end it before, and is a day behind them asked for?"""
    _, _, count, _, _, first, last = fields(s)
    end = dt.date.fromisoformat(first) + 3660 * DAY if count > 1 and first else None
    return end is not None and high.date() > end and (not last or last > end.isoformat()) and len(dates(s, end)) < count


def dates(s, end):
    freq, interval, count, days, month, first, last = fields(s)
    start = dt.date.fromisoformat(s.get("dtstart") or first or "2023-01-01")
    rule = rrule.rrule(getattr(rrule, freq), dtstart=dt.datetime.combine(start, dt.time()), interval=interval, count=count or None,
                       wkst=WEEK.index(s.get("wkst", "MO")), bymonthday=month or None,
                       byweekday=[rrule.weekday(d, n or None) for n, d in days] or None)
    found = [d.date() for d in rule.between(dt.datetime(2023, 1, 1), dt.datetime.combine(end, dt.time()), inc=True)]
    return [d for d in found if d.isoformat() >= (first or "") and (not last or d.isoformat() <= last)]


def zone_of(s, own):
    text = s["opens_at"][5:]
    hours = s["timezone"] if "timezone" in s else None if not text else 0 if text == "Z" else int(text[:3]) + int(text[4:]) / 60
    return zoneinfo.ZoneInfo(own) if hours is None else dt.timezone(dt.timedelta(hours=hours))


def spans(s, zone, low, high, end):
    for d in dates(s, end):
        opens, closes = dt.time.fromisoformat(s["opens_at"][:5]), dt.time.fromisoformat(s["closes_at"][:5])
        begins = instant(dt.datetime.combine(d, opens), zone)
        ends = instant(dt.datetime.combine(d + DAY if closes <= opens else d, closes), zone)
        if begins < high and ends > low and ends > begins:
            yield "%d %d" % (1000 * begins, 1000 * ends)


@unittest.skipUnless(rrule, "python3-dateutil is not installed")
class HsdsTimes(unittest.TestCase):
    def setUp(self):
        seed = int(os.environ.get("CAIRN_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
        self.n, self.rng = int(os.environ.get("CAIRN_TIMES") or (20000 if os.environ.get("CAIRN_LONG") else 1000)), random.Random(seed)
        print("# CAIRN_TIMES=%d CAIRN_SEED=%d %s" % (self.n, seed, self.id()), flush=True)
        zoneinfo.reset_tzpath([ZONES])

    def test_schedules_meet_when_dateutil_says(self):
        given = [random_schedule(self.rng) for _ in range(self.n)]
        asked, wanted, of, unsaid, none = [], [], [], 0, 0
        for s, got in zip(given, read(given)):
            self.assertNotIn("bad", got, s)
            self.assertEqual(got["is"], got["again"], "exported without its file, and read again: %s" % s)
            is_ = got["is"]
            self.assertEqual(is_ is not None and "irregular" not in is_, sayable(s), (s, got))
            if is_ is None or "irregular" in is_:
                self.assertTrue(got["lost"], s)
                unsaid, none = unsaid + 1, none + (is_ is None)
                if is_ is not None:     # A node takes it, and does not reckon with it.
                    asked.append({"zone": path("UTC"), "schedule": is_, "from": 1704067200000, "until": 1706745600000})
                    wanted.append("")
                    of.append(s)
                continue
            if is_.get("frequency") == "biweekly" and "from" not in is_:
                continue
            freq, _, _, days, _, _, _ = fields(s)
            if freq != "MONTHLY" and len({n != 0 for n, _ in days}) > 1:
                continue
            own = self.rng.choice(NAMES)
            zone = zone_of(s, own)
            low = dt.datetime.combine(day(self.rng, 0, 1000), dt.time())
            high = low + self.rng.choice([30, 200, 390]) * DAY
            asked.append({"zone": path(is_.get("timezone", own)), "schedule": is_, "from": seconds(low) * 1000, "until": seconds(high) * 1000})
            wanted.append("" if is_asked_about(s, high) else " ".join(spans(s, zone, seconds(low), seconds(high), high.date() + 2 * DAY)))
            of.append(s)
        wrong = ["%s\n  %s\n  want %s\n  got  %s" % (json.dumps(s), json.dumps(a), w, g.strip())
                 for s, a, w, g in zip(of, asked, wanted, ask(asked)) if g.strip() != w]
        print("# of %d schedules %d meet as often as they should, %d are not to be reckoned with, %d are none" % (
            self.n, len(asked) - wanted.count(""), unsaid - none, none))
        self.assertFalse(wrong, "%d differ:\n" % len(wrong) + "\n".join(wrong[:5]))
        self.assertGreater(len(asked) - wanted.count(""), self.n // 5)
        self.assertGreater(unsaid, self.n // 20)

    def test_a_series_without_its_first_day(self):
        got = read([{"byday": "MO", "freq": "WEEKLY", "interval": 2, "opens_at": "10:00", "closes_at": "11:00"},
                    {"byday": "MO", "freq": "WEEKLY", "interval": 3, "opens_at": "10:00", "closes_at": "11:00"}])
        self.assertEqual(got[0]["is"]["frequency"], "biweekly")
        self.assertEqual(got[1]["is"]["note"], "freq WEEKLY\ninterval 3")
        self.assertTrue(got[1]["is"]["irregular"])


if __name__ == "__main__":
    tap.main()
