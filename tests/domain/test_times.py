#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time zones and schedules against others that know them: Python's zoneinfo, which reads the same files by code of its own; a generator that
goes from period to period where node/domain/schedule_span.c tests day for day; dateutil, if it is here; and minutes counted one by one.

environment: CAIRN_TIMES, how many schedules (10000; 50000 with CAIRN_LONG); CAIRN_SEED, otherwise one that is printed
"""
import calendar
import datetime as dt
import functools
import json
import os
import random
import subprocess
import sys
import unittest
import zoneinfo

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

try:
    import dateutil.rrule
except ImportError:
    dateutil = None

ZONES = "/usr/share/zoneinfo"
NAMES = ["UTC", "Europe/Berlin", "America/New_York", "Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata",
         "Pacific/Chatham", "America/St_Johns", "Pacific/Apia", "America/Sao_Paulo", "Asia/Tehran", "America/Santiago", "Africa/Cairo",
         "Antarctica/Troll", "America/Nuuk", "Asia/Gaza"]
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EPOCH = dt.datetime(1970, 1, 1)
UTC = dt.timezone.utc
DAY = dt.timedelta(days=1)


def ask(lines):
    program = os.path.join(os.environ["builddir"], "tests/domain/times")
    out = subprocess.run([program], input="\n".join(json.dumps(x) for x in lines) + "\n", capture_output=True, text=True, check=True)
    return out.stdout.split("\n")[:-1]


def path(name):
    return os.path.join(ZONES, name)


def seconds(naive):
    return int((naive - EPOCH).total_seconds())


def instant(naive, zone):
    """Of a local time, as RFC 5545 reads it: fold 0."""
    aware = naive.replace(tzinfo=zone)
    return seconds(naive) - int(aware.utcoffset().total_seconds())


# ---- Zones. ----

def moment(rng):
    if rng.random() < 0.3:      # Behind the file's last transition.
        return rng.randrange(2145916800, 13569465600)
    return rng.randrange(-2840140800, 2145916800)


def near_change(rng, zone):
    """Within a day of a change of the offset, or any moment if there is none within a year."""
    low = moment(rng)
    at = lambda t: (EPOCH + dt.timedelta(seconds=t)).replace(tzinfo=UTC).astimezone(zone).utcoffset()  # noqa: E731
    steps = [low + i * 864000 for i in range(38)]
    pairs = [(a, b) for a, b in zip(steps, steps[1:]) if at(a) != at(b)]
    if not pairs:
        return low
    a, b = rng.choice(pairs)
    while b - a > 1:
        middle = (a + b) // 2
        a, b = (middle, b) if at(middle) == at(a) else (a, middle)
    return b + rng.choice([-1, 0, 1, -3600, 3600, rng.randrange(-86400, 86400)])


def zones(rng, n):
    asked, wanted = [], []
    for _ in range(n):
        name = rng.choice(NAMES)
        zone = zoneinfo.ZoneInfo(name)
        t = near_change(rng, zone)
        there = (EPOCH + dt.timedelta(seconds=t)).replace(tzinfo=UTC).astimezone(zone)
        asked.append({"zone": path(name), "instant": t})
        wanted.append("%d" % there.utcoffset().total_seconds())
        local = there.replace(tzinfo=None, fold=0) + dt.timedelta(seconds=rng.choice([0, 0, -3600, 1800, 3600]))
        first, second = (seconds(local) - int(local.replace(tzinfo=zone, fold=f).utcoffset().total_seconds()) for f in (0, 1))
        kind = 0 if first == second else 2 if first < second else 1
        asked.append({"zone": path(name), "local": seconds(local)})
        wanted.append("%d %d" % (kind, first))
    return asked, wanted


# ---- Schedules. ----

def random_schedule(rng):
    first = dt.date(rng.randrange(2015, 2040), rng.randrange(1, 13), rng.randrange(1, 29)) + dt.timedelta(days=rng.randrange(4))
    s = {"from": first.isoformat(), "opens": "%02d:%02d" % (rng.choice([0, 1, 2, 2, 3, rng.randrange(24)]), rng.choice([0, 15, 30, 59]))}
    if rng.random() < 0.6:
        s["closes"] = "%02d:%02d" % (rng.randrange(24), rng.choice([0, 30]))
    else:
        s["minutes"] = rng.choice([1, 45, 60, 90, 600, 1440, 10080])
    if rng.random() < 0.2:
        s["until"] = (first + dt.timedelta(days=rng.randrange(500))).isoformat()
    days = rng.sample(range(7), rng.randrange(1, 8) if rng.random() < 0.5 else 1)
    if rng.random() < 0.3:
        s["days"] = [DAYS[d] for d in days]
        if rng.random() < 0.8:
            s["frequency"] = rng.choice(["weekly", "biweekly", "monthly", "once"])
        return s
    freq = rng.choice(["DAILY", "WEEKLY", "MONTHLY", "MONTHLY"])
    parts = ["FREQ=" + freq]
    if rng.random() < 0.5:
        parts.append("INTERVAL=%d" % rng.choice([1, 2, 2, 3, 5, 7, 12]))
    if rng.random() < 0.3:
        parts.append("COUNT=%d" % rng.choice([1, 2, 5, 10, 40, 700, 1000]))
    elif rng.random() < 0.3:
        until = first + dt.timedelta(days=rng.randrange(400))
        parts.append("UNTIL=" + until.strftime("%Y%m%d") + rng.choice(["", "T%02d%02d00Z" % (rng.randrange(24), rng.choice([0, 30]))]))
    if rng.random() < 0.3:
        parts.append("WKST=" + rng.choice(["MO", "SU", "WE"]))
    if rng.random() < 0.6:
        names = [DAYS[d][:2].upper() for d in days]
        if freq == "MONTHLY":
            names = [rng.choice(["", "1", "2", "3", "4", "5", "+2", "-1", "-1", "-2", "-5"]) + x for x in names]
        parts.append("BYDAY=" + ",".join(names))
    if freq != "WEEKLY" and rng.random() < 0.3:
        parts.append("BYMONTHDAY=" + ",".join(str(rng.choice([1, 13, 15, 28, 29, 30, 31, -1, -2, -30, -31])) for _ in range(rng.choice([1, 2, 6]))))
    head, rest = parts[0], parts[1:]
    rng.shuffle(rest)
    s["rule"] = ";".join([head] + rest)
    if rng.random() < 0.3:
        s["except"] = sorted({(first + dt.timedelta(days=rng.randrange(120))).isoformat() for _ in range(20)})
    return s


@functools.lru_cache(maxsize=4096)
def month_days(year, month, by_day, by_month_day):
    """The days of a month that are named, as dates."""
    last = calendar.monthrange(year, month)[1]
    all_days = [dt.date(year, month, d) for d in range(1, last + 1)]
    if by_month_day:
        chosen = {d if d > 0 else last + 1 + d for d in by_month_day}
        all_days = [d for d in all_days if d.day in chosen]
    if by_day:
        named = set()
        for nth, day in by_day:
            of = [dt.date(year, month, d) for d in range(1, last + 1) if dt.date(year, month, d).weekday() == day]
            named |= set(of) if nth == 0 else {of[nth - 1 if nth > 0 else nth]} if abs(nth) <= len(of) else set()
        all_days = [d for d in all_days if d in named]
    return all_days


def parse_rule(text):
    rule = dict(part.split("=") for part in text.split(";"))
    by_day = tuple((int(x[:-2] or 0), ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].index(x[-2:])) for x in rule.get("BYDAY", "").split(",") if x)
    by_month_day = tuple(int(x) for x in rule.get("BYMONTHDAY", "").split(",") if x)
    return rule, by_day, by_month_day


def dates_of(s, end):
    """Each day, in order, up to ${end}, on which it begins; before exceptions, until and COUNT."""
    first = dt.date.fromisoformat(s["from"])
    if "days" in s:
        days = sorted(DAYS.index(d) for d in s["days"])
        often = s.get("frequency", "weekly")
        if often == "monthly":
            nths = []
            for day in days:
                start = first
                while start.weekday() != day:
                    start += DAY
                nths.append(((start.day - 1) // 7 + 1, day))
            text, by_day, by_month_day = {"FREQ": "MONTHLY"}, tuple(nths), ()
        else:
            text = {"FREQ": "WEEKLY", "INTERVAL": "2" if often == "biweekly" else "1"}
            by_day, by_month_day = tuple((0, d) for d in days), ()
    else:
        text, by_day, by_month_day = parse_rule(s["rule"])
    step = int(text.get("INTERVAL", "1"))
    if text["FREQ"] == "DAILY":
        day = first
        while day <= end:
            if not (by_day or by_month_day) or day in month_days(day.year, day.month, by_day, by_month_day):
                yield day
            day += step * DAY
    elif text["FREQ"] == "WEEKLY":
        start = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].index(text.get("WKST", "MO"))
        week = first
        while week.weekday() != start:
            week -= DAY
        wanted = {d for _, d in by_day} or {first.weekday()}
        while week <= end:
            yield from (d for d in (week + i * DAY for i in range(7)) if d.weekday() in wanted and first <= d <= end)
            week += step * 7 * DAY
    else:
        year, month = first.year, first.month
        if not by_day and not by_month_day:
            by_month_day = (first.day,)
        while dt.date(year, month, 1) <= end:
            yield from (d for d in month_days(year, month, by_day, by_month_day) if first <= d <= end)
            year, month = year + (month - 1 + step) // 12, (month - 1 + step) % 12 + 1


def cut(s, dates, zone):
    """What COUNT, UNTIL, until and exceptions leave."""
    rule = parse_rule(s["rule"])[0] if "rule" in s else {}
    count = int(rule.get("COUNT", "0")) or (1 if s.get("frequency") == "once" else 0)
    until = rule.get("UNTIL", "")
    for i, day in enumerate(dates):
        if count and i >= count:
            return
        if day.isoformat() > s.get("until", "9999") or (len(until) == 8 and day.strftime("%Y%m%d") > until):
            return
        begins = begin(s, day, zone)
        if len(until) > 8 and begins > seconds(dt.datetime.strptime(until, "%Y%m%dT%H%M%SZ")):
            continue
        if day.isoformat() not in s.get("except", []):
            yield day


def is_asked_about(s, high):
    """Does COUNT reach further than ten years, and nothing end it before, and is a day behind them asked for?"""
    count = int(parse_rule(s["rule"])[0].get("COUNT", "0")) if "rule" in s else 0
    end = dt.date.fromisoformat(s["from"]) + 3660 * DAY if count else None
    return bool(count) and (high - dt.date(1970, 1, 1)).days > (end - dt.date(1970, 1, 1)).days and s.get("until", "9999") > end.isoformat() and sum(1 for _ in dates_of(s, end)) < count


def begin(s, day, zone):
    return instant(dt.datetime.combine(day, dt.time.fromisoformat(s["opens"])), zone)


def spans(s, dates, zone, start, end):
    for day in cut(s, dates, zone):
        begins = begin(s, day, zone)
        if "minutes" in s:
            ends = begins + 60 * s["minutes"]
        else:
            ends = instant(dt.datetime.combine(day + (DAY if s["closes"] <= s["opens"] else 0 * DAY), dt.time.fromisoformat(s["closes"])), zone)
        if begins < end and ends > start and ends > begins:
            yield begins, ends


def with_dateutil(s, end):
    rule = ";".join(p for p in s["rule"].split(";") if not p.startswith(("UNTIL", "COUNT")))
    first = dt.datetime.combine(dt.date.fromisoformat(s["from"]), dt.time())
    return [d.date() for d in dateutil.rrule.rrulestr("RRULE:" + rule, dtstart=first).between(first, dt.datetime.combine(end, dt.time()), inc=True)]


def window(rng, s):
    counts = "COUNT" in s.get("rule", "") and rng.random() < 0.5
    start = dt.date.fromisoformat(s["from"]) + dt.timedelta(days=rng.randrange(3000, 3700) if counts else rng.randrange(-20, 250))
    return start, start + dt.timedelta(days=rng.choice([1, 7, 30, 60, 200]))


def schedules(rng, n):
    asked, wanted, pairs = [], [], []
    for _ in range(n):
        s, name = random_schedule(rng), rng.choice(NAMES)
        zone = zoneinfo.ZoneInfo(name)
        start, end = window(rng, s)
        dates = list(dates_of(s, end + 2 * DAY))
        # dateutil takes "MO,2TU" for Mondays that are second Tuesdays; RFC 5545 for both.
        if "rule" in s and len({nth != 0 for nth, _ in parse_rule(s["rule"])[1]}) < 2:
            pairs.append((s, dates, end + 2 * DAY))
        low, high = (seconds(dt.datetime.combine(d, dt.time())) for d in (start, end))
        asked.append({"zone": path(name), "schedule": s, "from": low * 1000, "until": high * 1000})
        wanted.append("" if is_asked_about(s, end) else " ".join("%d %d" % (1000 * a, 1000 * b) for a, b in spans(s, dates, zone, low, high)))
    return asked, wanted, pairs


# ---- Overlap, minute for minute. ----

def overlaps(rng, n):
    asked, wanted = [], []
    for _ in range(n):
        s = {"days": rng.sample(DAYS, rng.randrange(1, 4)), "opens": "%02d:%02d" % (rng.randrange(24), rng.choice([0, 30])),
             "closes": "%02d:00" % rng.randrange(24), "from": "2020-01-01"}
        name, own = rng.choice(NAMES), rng.choice(NAMES)
        zone, own_zone = zoneinfo.ZoneInfo(name), zoneinfo.ZoneInfo(own)
        free = [(rng.randrange(7), rng.randrange(24), rng.randrange(24)) for _ in range(rng.randrange(1, 4))]
        at = ", ".join("%s %02d:00-%02d:00" % (DAYS[d].title(), a, b) for d, a, b in free)
        # Two weeks around a Sunday on which clocks change somewhere.
        start = rng.choice([dt.date(2026, 3, 2), dt.date(2026, 3, 22), dt.date(2026, 10, 19), dt.date(2026, 10, 26), dt.date(2026, 3, 29)])
        low = seconds(dt.datetime.combine(start, dt.time()))
        high = low + 14 * 86400
        minutes = rng.choice([1, 30, 60, 120])
        busy = set()
        for day, a, b in free:
            mine = {"days": [DAYS[day]], "opens": "%02d:00" % a, "closes": "%02d:00" % b, "from": "2020-01-01"}
            for x, y in spans(mine, dates_from(mine, start), own_zone, low, high):
                busy |= set(range(x // 60, y // 60))
        meets, longest, fits, first = 0, 0, 0, 0
        for x, y in spans(s, dates_from(s, start), zone, low, high):
            meets += 1
            run, best = 0, 0
            for m in range(x // 60, y // 60 + 1):
                run = run + 1 if m in busy and m < y // 60 else 0
                best = max(best, run)
                if run == minutes and not first:
                    first = (m - minutes + 1) * 60000
            longest = max(longest, best)
            fits += best >= minutes
        asked.append({"zone": path(name), "own": path(own), "schedule": s, "at": at, "minutes": minutes, "from": low * 1000, "until": high * 1000})
        wanted.append("%d %d %d %d %d" % (0 if fits else 3, longest, fits, meets, first))
    return asked, wanted


def dates_from(s, start):
    wanted = {DAYS.index(d) for d in s["days"]}
    return [start + i * DAY for i in range(-3, 18) if (start + i * DAY).weekday() in wanted]


class Times(unittest.TestCase):
    """Each with a seed of its own, so that one alone repeats."""

    def setUp(self):
        seed = int(os.environ.get("CAIRN_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
        self.n, self.rng = int(os.environ.get("CAIRN_TIMES") or (50000 if os.environ.get("CAIRN_LONG") else 10000)), random.Random(seed)
        print("# CAIRN_TIMES=%d CAIRN_SEED=%d %s" % (self.n, seed, self.id()), flush=True)
        zoneinfo.reset_tzpath([ZONES])

    def compare(self, asked, wanted):
        got = [g.strip() for g in ask(asked)]
        wrong = ["%s\n  want %s\n  got  %s" % (json.dumps(a), w, g) for a, w, g in zip(asked, wanted, got) if w != g]
        self.assertEqual(len(got), len(asked))
        self.assertFalse(wrong, "%d differ:\n" % len(wrong) + "\n".join(wrong[:5]))

    def test_zones_are_those_of_zoneinfo(self):
        asked, wanted = zones(self.rng, self.n // 4)
        self.compare(asked, wanted)
        kinds = [w.split()[0] for a, w in zip(asked, wanted) if "local" in a]
        print("# of %d local times %d never were and %d were twice" % (len(kinds), kinds.count("1"), kinds.count("2")))
        self.assertGreater(min(kinds.count("1"), kinds.count("2")), self.n // 400)

    def test_schedules_begin_and_end_when_the_generator_says(self):
        asked, wanted, _ = schedules(self.rng, self.n)
        self.compare(asked, wanted)
        print("# of %d schedules %d give nothing" % (self.n, wanted.count("")))
        self.assertTrue(self.n // 20 < wanted.count("") < self.n * 2 // 3)

    @unittest.skipUnless(dateutil, "python3-dateutil is not installed")
    def test_the_generator_finds_the_days_that_dateutil_finds(self):
        _, _, pairs = schedules(self.rng, self.n // 20)
        self.assertGreater(len(pairs), self.n // 50)
        self.assertEqual([s for s, dates, end in pairs if dates != with_dateutil(s, end)], [])

    def test_overlaps_are_as_long_as_counted_by_the_minute(self):
        asked, wanted = overlaps(self.rng, max(self.n // 20, 100))
        self.compare(asked, wanted)
        fit = sum(w[0] == "0" for w in wanted)
        print("# of %d schedules %d suit" % (len(wanted), fit))
        self.assertTrue(len(wanted) // 10 < fit < len(wanted) * 9 // 10)


if __name__ == "__main__":
    tap.main()
