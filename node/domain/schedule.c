/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h: what a schedule says; schedule_span.c reckons with it. */
#include "schedule.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/grammar.h"
#include "when.h"
#include "zone.h"

enum {
	EACH = 5,		/* The bit of by_day for every one. */
	INTERVAL_MAX = 1000,
	COUNT_MAX = 1000,
	MINUTES_MAX = 7 * 24 * 60,
	YEAR_MAX = 9800,	/* SCHEDULE_COUNTED days later the calendar still goes on. */
};

static const char *const rule_days[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

/* ---- Parts. ---- */

/* The place in ${names} of the ${n} bytes of ${text}, or -1. */
static int
name_of(const char *const names[7], const char *text, size_t n)
{
	for (int i = 0; i < 7; i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], text, n) == 0)
			return i;
	return -1;
}

/* Up to four digits; moves ${p}. */
static bool
take_number(const char **p, int max, int *ret)
{
	int value = 0, n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++, n++) {
		value = value * 10 + (**p - '0');
		if (n >= 4 || value > max)
			return false;
	}
	*ret = value;
	return n > 0;
}

/* "hh:mm", to 24:00; moves ${p}. */
static bool
take_clock(const char **p, int *ret)
{
	int h, m;
	const char *start = *p;

	if (!take_number(p, 24, &h) || *p - start != 2 || *(*p)++ != ':' || (start = *p, !take_number(p, 59, &m)) ||
	    *p - start != 2 || (h == 24 && m != 0))
		return false;
	*ret = h * 60 + m;
	return true;
}

/* "YYYY-MM-DD", or "YYYYMMDD". */
static bool
read_day(const char *text, size_t n, const char *dash, int64_t *ret)
{
	char date[sizeof("2026-11-21")];
	int64_t ms;

	if (n != 8 + 2 * strlen(dash))
		return false;
	if (*dash != '\0')
		memcpy(date, text, n);
	else {
		memcpy(date, text, 4);
		memcpy(date + 5, text + 4, 2);
		memcpy(date + 8, text + 6, 2);
		date[4] = date[7] = '-';
	}
	date[10] = '\0';
	/* It ends with its day, and is none before 1970. */
	if (!grammar_time_ms(date, &ms) || ms > when_days(YEAR_MAX, 1, 1) * WHEN_DAY)
		return false;
	*ret = ms / WHEN_DAY;
	return true;
}

/* ---- The rule. ---- */

struct rule {
	struct schedule	*s;
	bool		 has_freq, has_ordinal, has_month_days;
	int		 count;
	unsigned	 seen;
};

static bool
read_freq(struct rule *r, const char *v, size_t n)
{
	static const char *const names[] = { "DAILY", "WEEKLY", "MONTHLY" };

	for (size_t i = 0; i < nelem(names); i++) {
		if (strlen(names[i]) == n && strncmp(names[i], v, n) == 0) {
			r->s->freq = (enum schedule_freq)i;
			r->has_freq = true;
		}
	}
	return r->has_freq;
}

static bool
read_interval(struct rule *r, const char *v, size_t n)
{
	const char *p = v;

	return take_number(&p, INTERVAL_MAX, &r->s->interval) && p == v + n && r->s->interval > 0;
}

static bool
read_count(struct rule *r, const char *v, size_t n)
{
	const char *p = v;

	return take_number(&p, COUNT_MAX, &r->count) && p == v + n && r->count > 0;
}

/* "20261231", a local day, or "20261231T225959Z", an instant. */
static bool
read_until(struct rule *r, const char *v, size_t n)
{
	char text[sizeof("2026-12-31T22:59:59Z")] = "0000-00-00T00:00:00Z";
	static const char to[] = { 0, 1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 14, 15, 17, 18, 19 };

	if (n == 8)
		return read_day(v, n, "", &r->s->last);
	if (n != sizeof(to))
		return false;
	for (size_t i = 0; i < n; i++)
		text[(size_t)to[i]] = v[i];
	return when_parse(text, &r->s->until) == 0;
}

static bool
read_week_start(struct rule *r, const char *v, size_t n)
{
	r->s->week_start = name_of(rule_days, v, n);
	return r->s->week_start >= 0;
}

static bool
read_by_day(struct rule *r, const char *v, size_t n)
{
	for (const char *end = v + n; v < end; v++) {
		bool minus = *v == '-';
		int nth = 0, day;

		v += minus || *v == '+';
		if (v < end && *v >= '0' && *v <= '9') {
			if (!take_number(&v, 5, &nth) || nth == 0)
				return false;
			r->has_ordinal = true;
		} else if (v[-1] == '-' || v[-1] == '+')
			return false;
		if (end - v < 2 || (day = name_of(rule_days, v, 2)) < 0 || (end - v > 2 && (v[2] != ',' || end - v == 3)))
			return false;
		r->s->by_day[day] |= (uint16_t)(1u << (EACH + (minus ? -nth : nth)));
		v += 2;
	}
	r->s->has_days = true;
	return n > 0;
}

static bool
read_month_days(struct rule *r, const char *v, size_t n)
{
	for (const char *end = v + n; v < end; v++) {
		bool minus = *v == '-';
		int day;

		v += minus || *v == '+';
		if (!take_number(&v, 31, &day) || day == 0 || (v < end && (*v != ',' || v + 1 == end)))
			return false;
		r->s->month_days[minus] |= 1u << day;
	}
	r->has_month_days = true;
	return n > 0;
}

static const struct {
	const char	*name;
	bool		(*read)(struct rule *, const char *, size_t);
} rule_parts[] = {
	{ "FREQ", read_freq },		{ "INTERVAL", read_interval },	{ "COUNT", read_count },
	{ "UNTIL", read_until },	{ "WKST", read_week_start },	{ "BYDAY", read_by_day },
	{ "BYMONTHDAY", read_month_days },
};
enum { PART_COUNT = 2, PART_UNTIL = 3 };

static int
read_part(struct rule *r, const char *part, size_t n, struct err *reterr)
{
	const char *value = memchr(part, '=', n);
	size_t len = value != NULL ? (size_t)(value - part) : n;

	for (size_t i = 0; i < nelem(rule_parts); i++) {
		if (strlen(rule_parts[i].name) != len || strncmp(rule_parts[i].name, part, len) != 0)
			continue;
		if (r->seen & 1u << i)
			return err_set(reterr, E_BAD, "/rule: %s is there twice", rule_parts[i].name);
		r->seen |= 1u << i;
		if (value == NULL || !rule_parts[i].read(r, value + 1, n - len - 1))
			return err_set(reterr, E_BAD, "/rule: %s has a value that is not known here", rule_parts[i].name);
		return 0;
	}
	return err_set(reterr, E_BAD, "/rule: only FREQ, INTERVAL, COUNT, UNTIL, WKST, BYDAY and BYMONTHDAY are known");
}

/* Where the last of ${count} falls, up to ${until}: looked for day by day, so not for long. */
static void
end_by_count(struct schedule *s, int count, int64_t until)
{
	int64_t end = s->first + SCHEDULE_COUNTED;

	for (int64_t day = s->first; day <= end && day <= until; day++) {
		if (schedule_on(s, day) && --count == 0) {
			s->last = day;
			return;
		}
	}
	if (until > end)
		s->known = end;
}

/* What begins on no day of the week or month begins on that of DTSTART. */
static void
fill_days(struct schedule *s)
{
	int y, m, d;

	if (s->freq == SCHEDULE_WEEKLY && !s->has_days) {
		s->by_day[(s->first + 3) % 7] = 1u << EACH;
		s->has_days = true;
	} else if (s->freq == SCHEDULE_MONTHLY && !s->has_days && (s->month_days[0] | s->month_days[1]) == 0) {
		when_split(s->first, &y, &m, &d);
		s->month_days[0] = 1u << d;
	}
}

static int
read_rule(const char *text, struct rule *r, struct err *reterr)
{
	struct schedule *s = r->s;
	int x;

	for (const char *part = text; ; ) {
		size_t n = strcspn(part, ";");

		if ((x = read_part(r, part, n, reterr)) != 0)
			return x;
		if (part[n] == '\0')
			break;
		part += n + 1;
	}
	if (!r->has_freq)
		return err_set(reterr, E_BAD, "/rule: FREQ is wanted");
	if ((r->seen & 1u << PART_COUNT) && (r->seen & 1u << PART_UNTIL))
		return err_set(reterr, E_BAD, "/rule: COUNT and UNTIL exclude each other");
	if (r->has_ordinal && s->freq != SCHEDULE_MONTHLY)
		return err_set(reterr, E_BAD, "/rule: BYDAY with a number is for FREQ=MONTHLY");
	if (r->has_month_days && s->freq == SCHEDULE_WEEKLY)
		return err_set(reterr, E_BAD, "/rule: BYMONTHDAY is not for FREQ=WEEKLY");
	if (s->first == INT64_MIN && (s->interval > 1 || r->count > 0 ||
	    (s->freq != SCHEDULE_DAILY && !s->has_days && !r->has_month_days)))
		return err_set(reterr, E_BAD, "/from: a rule with INTERVAL or COUNT, or that names no day, needs its first day");
	fill_days(s);
	return 0;
}

/* ---- Days of the week, the other form. ---- */

static int
read_days(const json_t *json, struct schedule *s, struct rule *rule, struct err *reterr)
{
	const char *often = json_str(json, "frequency");
	json_t *item;
	int y, m, d;
	size_t i;

	if (json_arr(json, "days") == NULL)
		return err_set(reterr, E_BAD, "/days: days or rule is wanted");
	if (often != NULL && strcmp(often, "weekly") != 0 && s->first == INT64_MIN)
		s->lacks = "the first day";
	else if (often != NULL && strcmp(often, "biweekly") == 0)
		s->interval = 2;
	else if (often != NULL && strcmp(often, "once") == 0)
		rule->count = 1;
	else if (often != NULL && strcmp(often, "monthly") == 0)
		s->freq = SCHEDULE_MONTHLY;
	json_array_foreach(json_arr(json, "days"), i, item) {
		const char *text = json_is_string(item) ? json_string_value(item) : "";
		int day = name_of(days, text, strlen(text)), nth = 0;

		if (day < 0)
			return err_set(reterr, E_BAD, "/days/%zu: not a day", i);
		if (s->freq == SCHEDULE_MONTHLY) {	/* The second Tuesday, if the first of them is one. */
			when_split(s->first + (day + 7 - (s->first + 3) % 7) % 7, &y, &m, &d);
			nth = (d - 1) / 7 + 1;
		}
		s->by_day[day] |= (uint16_t)(1u << (EACH + nth));
	}
	s->has_days = true;
	return 0;
}

/* ---- Both. ---- */

static int
read_clock(const json_t *json, const char *name, int *ret, struct err *reterr)
{
	const char *text = json_str(json, name);

	if (text == NULL || (take_clock(&text, ret) && *text == '\0'))
		return 0;
	return err_set(reterr, E_BAD, "/%s: hh:mm is wanted", name);
}

static int
read_date(const json_t *json, const char *name, int64_t *ret, struct err *reterr)
{
	const char *text = json_str(json, name);

	if (text == NULL || read_day(text, strlen(text), "-", ret))
		return 0;
	return err_set(reterr, E_BAD, "/%s: a day from 1970-01-01 to %d-01-01 is wanted", name, YEAR_MAX);
}

static int
read_except(const json_t *json, struct schedule *s, struct err *reterr)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_arr(json, "except"), i, item) {
		const char *text = json_is_string(item) ? json_string_value(item) : "";

		if (i >= SCHEDULE_EXCEPT || !read_day(text, strlen(text), "-", &s->except[i]))
			return err_set(reterr, E_BAD, "/except/%zu: a day is wanted, at most %d of them", i, SCHEDULE_EXCEPT);
		s->n_except++;
	}
	return 0;
}

int
schedule_read(const json_t *json, struct schedule *ret, struct err *reterr)
{
	struct schedule s = { .freq = SCHEDULE_WEEKLY, .interval = 1, .first = INT64_MIN, .last = INT64_MAX,
	    .known = INT64_MAX, .until = INT64_MAX, .opens = -1, .closes = -1, .zone = json_str(json, "timezone") };
	struct rule rule = { .s = &s };
	const char *text = json_str(json, "rule");
	int64_t until = INT64_MAX, minutes = json_int(json, "minutes", 0);
	int r;

	if (s.zone != NULL && !zone_is_name(s.zone))
		return err_set(reterr, E_BAD, "/timezone: a name such as Europe/Berlin is wanted");
	if ((r = read_clock(json, "opens", &s.opens, reterr)) != 0 || (r = read_clock(json, "closes", &s.closes, reterr)) != 0 ||
	    (r = read_date(json, "from", &s.first, reterr)) != 0 || (r = read_date(json, "until", &until, reterr)) != 0 ||
	    (r = read_except(json, &s, reterr)) != 0)
		return r;
	if (s.opens == 24 * 60)
		return err_set(reterr, E_BAD, "/opens: 00:00 to 23:59 is wanted");
	if (minutes < 0 || minutes > MINUTES_MAX || (minutes > 0 && s.closes >= 0))
		return err_set(reterr, E_BAD, "/minutes: at most %d, and not with closes", MINUTES_MAX);
	s.minutes = (int)minutes;
	if (s.opens < 0 || (s.closes < 0 && s.minutes == 0))
		s.lacks = s.opens < 0 ? "the hours" : "how long it lasts";
	if (text != NULL && (json_arr(json, "days") != NULL || json_str(json, "frequency") != NULL))
		return err_set(reterr, E_BAD, "/rule: not with days or frequency");
	if (until != INT64_MAX && s.first != INT64_MIN && until < s.first)
		return err_set(reterr, E_BAD, "/until: before its first day");
	if ((r = text != NULL ? read_rule(text, &rule, reterr) : read_days(json, &s, &rule, reterr)) != 0)
		return r;
	if (rule.count > 0)
		end_by_count(&s, rule.count, until);
	if (s.last > until)
		s.last = until;
	if (json_is_true(json_object_get(json, "irregular")))
		s.lacks = "all of when it is, see its note";
	*ret = s;
	return 0;
}

/* "Tue", "Mon-Fri" or "daily"; bits, 0 if it is neither; moves ${p}. */
static unsigned
take_days(const char **p)
{
	unsigned bits = 0;
	int from, to;

	if (strncasecmp(*p, "daily", 5) == 0) {
		*p += 5;
		return 0x7f;
	}
	if ((from = to = name_of(days, *p, strnlen(*p, 3))) < 0)
		return 0;
	*p += 3;
	if (**p == '-') {
		if ((to = name_of(days, *p + 1, strnlen(*p + 1, 3))) < 0)
			return 0;
		*p += 4;
	}
	for (int day = from; ; day = (day + 1) % 7) {	/* Fri-Mon goes over the end of the week. */
		bits |= 1u << day;
		if (day == to)
			return bits;
	}
}

size_t
schedule_windows(const char *text, struct schedule ret[SCHEDULE_WINDOWS], struct err *reterr)
{
	const char *p = text + strspn(text, " ");

	for (size_t n = 0; n < SCHEDULE_WINDOWS; ) {
		struct schedule *s = &ret[n++];
		unsigned bits = take_days(&p);

		*s = (struct schedule){ .freq = SCHEDULE_WEEKLY, .interval = 1, .has_days = true, .first = INT64_MIN,
		    .last = INT64_MAX, .known = INT64_MAX, .until = INT64_MAX };
		for (int day = 0; day < 7; day++)
			s->by_day[day] = bits & 1u << day ? 1u << EACH : 0;
		if (bits == 0 || *p != ' ')
			break;
		p += strspn(p, " ");
		if (!take_clock(&p, &s->opens) || *p++ != '-' || !take_clock(&p, &s->closes) || s->opens == 24 * 60)
			break;
		p += strspn(p, " ");
		if (*p == '\0')
			return n;
		if (*p++ != ',')
			break;
		p += strspn(p, " ");
	}
	(void)err_set(reterr, E_BAD, "times such as \"Tue 18:00-20:00, Mon-Fri 07:30-09:00\" are wanted, at most %d of them",
	    SCHEDULE_WINDOWS);
	return 0;
}
