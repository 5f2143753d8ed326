/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_time.h: on which days, and from when until when. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/grammar.h"
#include "hsds_part.h"
#include "hsds_time.h"

enum { DAYS = 7, MOST = 1000, LINE = 100, NTH_MAX = '5', MONTH_MAX = 31, YEAR_MONTHS = 12 };

/* Of our schedules: domain/schedule.c. */
#define FIRST_DATE	"1970-01-01"
#define LAST_DATE	"9800-01-01"

struct rule {
	const char	*freq;			/* NULL: neither said nor plain from the rest. */
	double		 interval, count;	/* 0: not said. */
	char		 byday[LINE + 1], month_days[LINE + 1], wkst[LINE + 1];	/* As a rule has them; "": not said. */
	bool		 has_nth;		/* A day of ${byday} has a number. */
	char		 first[TIME_DATE + 1], last[TIME_DATE + 1];
};

const char *
part_day(const char *p, size_t *ret_n, size_t *ret_sign)
{
	static const struct { const char *ical, *day; } names[] = {
		{ "MO", "mon" }, { "TU", "tue" }, { "WE", "wed" }, { "TH", "thu" }, { "FR", "fri" }, { "SA", "sat" },
		{ "SU", "sun" },
	};

	*ret_n = strcspn(p, ", ");
	*ret_sign = strspn(p, "+-0123456789");
	for (size_t i = 0; i < nelem(names); i++)
		if (*ret_n - *ret_sign == 2 && strncmp(p + *ret_sign, names[i].ical, 2) == 0)
			return names[i].day;
	return NULL;
}

static bool
has(const struct time_read *t, enum time_key key)
{
	return !walk_absent(json_object_get(t->at->object, time_keys[key].name));
}

static void
is_odd(struct time_read *t, enum time_key key)
{
	t->odd |= has(t, key) ? 1u << key : 0;
}

/* ---- Its parts. ---- */

/* "TH,FR" or "1MO,-1WE": "days", and as a rule has it. */
static int
take_days(struct time_read *t, struct rule *rule)
{
	autojson json_t *byday = NULL;
	int r = walk_code(t->h, t->at, "byday", &byday);
	size_t sign, n;

	for (const char *p = json_string_value(byday); r == 0 && p != NULL && *p != '\0'; p += n, p += strspn(p, ", ")) {
		const char *day = part_day(p, &n, &sign), *digit = p + (sign == 2 && strchr("+-", *p) != NULL);
		size_t at = strlen(rule->byday);

		if (day == NULL)
			return walk_bad(t->h, t->at, "byday", "\"%.*s\" is no day; write MO,TU,WE,TH,FR,SA,SU", (int)(n < 16 ? n : 16), p);
		rule->has_nth = rule->has_nth || sign > 0;
		/* The first to the fifth, from either end. */
		if (sign > 0 && (sign != (size_t)(digit - p) + 1 || *digit < '1' || *digit > NTH_MAX))
			is_odd(t, TIME_BYDAY);
		(void)snprintf(rule->byday + at, sizeof(rule->byday) - at, "%s%.*s", at > 0 ? "," : "", (int)n, p);
		r = walk_put(t->h, t->at, "byday", t->out, "days", json_string(day), DAYS);
	}
	return r;
}

/* "1,-1". */
static int
take_month_days(struct time_read *t, struct rule *rule)
{
	autojson json_t *v = NULL;
	int r = walk_code(t->h, t->at, "bymonthday", &v);

	if (r == 0 && v == NULL)
		is_odd(t, TIME_BYMONTHDAY);
	for (const char *p = json_string_value(v); r == 0 && p != NULL && *p != '\0'; p += strspn(p, ", ")) {
		size_t n = strcspn(p, ", "), sign = n > 0 && strchr("+-", *p) != NULL, at = strlen(rule->month_days);
		long day = strtol(p + sign, NULL, 10);

		if (n - sign < 1 || n - sign > 2 || strspn(p + sign, "0123456789") != n - sign || day < 1 || day > MONTH_MAX)
			is_odd(t, TIME_BYMONTHDAY);
		(void)snprintf(rule->month_days + at, sizeof(rule->month_days) - at, "%s%.*s", at > 0 ? "," : "", (int)n, p);
		p += n;
	}
	return r;
}

/* A whole number of 1 to MOST. */
static int
take_number(struct time_read *t, enum time_key key, double *ret)
{
	bool there = false;
	int r = walk_number(t->h, t->at, time_keys[key].name, &there, ret);

	if (r == 0 && there && (*ret != trunc(*ret) || *ret < 1 || *ret > MOST)) {
		is_odd(t, key);
		*ret = 1;
	}
	return r;
}

static int
take_word(struct time_read *t, enum time_key key, const char *const known[], const char **ret)
{
	autojson json_t *v = NULL;
	int r = walk_code(t->h, t->at, time_keys[key].name, &v);

	for (size_t i = 0; r == 0 && v != NULL && known[i] != NULL; i++)
		if (strcmp(known[i], json_string_value(v)) == 0)
			*ret = known[i];
	if (r == 0 && *ret == NULL)
		is_odd(t, key);
	return r;
}

/* The first 10 characters if they are a date that our schedules may have. */
static int
take_date(struct time_read *t, enum time_key key, char ret[TIME_DATE + 1])
{
	autojson json_t *v = NULL;
	const char *name = time_keys[key].name;
	int r = walk_code(t->h, t->at, name, &v);

	*ret = '\0';
	if (r != 0)
		return r;
	if (v != NULL)
		(void)snprintf(ret, TIME_DATE + 1, "%s", json_string_value(v));
	if (!grammar_ok(GRAMMAR_DATE, ret) || strcmp(ret, LAST_DATE) > 0) {
		bool always = key == TIME_VALID_FROM && strspn(ret, "0123456789-") == TIME_DATE && strcmp(ret, FIRST_DATE) < 0;

		*ret = '\0';
		if (always)
			return walk_lost(t->h, t->at, name, "string: dates here begin with " FIRST_DATE);
		is_odd(t, key);
		return 0;
	}
	return json_string_length(v) > TIME_DATE ? walk_lost(t->h, t->at, name, "string: only its day was kept") : 0;
}

/* ---- From when until when. ---- */

/* The first of a series may have been before what is said of it is valid: then its number must not matter. */
static int
take_first(struct time_read *t, struct rule *rule, bool counts)
{
	char from[TIME_DATE + 1];
	const char *other;
	int r = take_date(t, TIME_DTSTART, rule->first);

	if (r == 0)
		r = take_date(t, TIME_VALID_FROM, from);
	if (r != 0 || *from == '\0' || strcmp(from, rule->first) == 0)
		return r;
	if (*rule->first == '\0' && !(t->odd & 1u << TIME_DTSTART)) {
		memcpy(rule->first, from, sizeof(from));
		return 0;
	}
	other = strcmp(from, rule->first) < 0 ? "valid_from" : "dtstart";
	if (strcmp(from, rule->first) > 0 && counts) {
		is_odd(t, TIME_DTSTART);
		other = NULL;
	}
	if (strcmp(from, rule->first) > 0)
		memcpy(rule->first, from, sizeof(from));
	return other != NULL && !(t->odd & 1u << TIME_DTSTART) ?
	    walk_lost(t->h, t->at, other, "string: the other date, which is later, is its first day") : 0;
}

static int
take_last(struct time_read *t, struct rule *rule)
{
	static const enum time_key both[] = { TIME_UNTIL, TIME_VALID_TO };
	char last[2][TIME_DATE + 1];
	bool first_is = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		r = take_date(t, both[i], last[i]);
		if (r == 0 && *last[i] != '\0' && strcmp(last[i], rule->first) < 0) {	/* It never was. */
			*last[i] = '\0';
			is_odd(t, both[i]);
		}
	}
	if (r != 0)
		return r;
	first_is = *last[0] != '\0' && (*last[1] == '\0' || strcmp(last[0], last[1]) <= 0);
	memcpy(rule->last, last[first_is ? 0 : 1], sizeof(rule->last));
	if (*last[0] == '\0' || *last[1] == '\0' || strcmp(last[0], last[1]) == 0)
		return 0;
	return walk_lost(t->h, t->at, time_keys[both[first_is]].name, "string: the other date, which is earlier, is its last day");
}

/* ---- What it becomes. ---- */

/* As a rule of ours; false if there is none. */
static bool
as_rule(const struct time_read *t, const struct rule *rule, char ret[TIME_RULE + 1])
{
	bool named = rule->byday[0] != '\0' || rule->month_days[0] != '\0', daily, weekly;
	const char *freq = rule->freq;
	double interval = rule->interval;
	char count[24] = "", every[24] = "";
	int n;

	if (freq == NULL || (t->odd & ((1u << (TIME_DTSTART + 1)) - 1)) != 0)
		return false;
	if (strcmp(freq, "YEARLY") == 0) {	/* The day of its first, each twelfth month. */
		if (named)
			return false;
		freq = "MONTHLY";
		interval = (interval > 0 ? interval : 1) * YEAR_MONTHS;
	}
	daily = strcmp(freq, "DAILY") == 0;
	weekly = strcmp(freq, "WEEKLY") == 0;
	if (interval > MOST || ((daily || weekly) && rule->has_nth) || (weekly && rule->month_days[0] != '\0'))
		return false;
	if (rule->first[0] == '\0' && (interval > 1 || rule->count > 0 || (!named && !daily)))
		return false;
	if (interval > 1)
		(void)snprintf(every, sizeof(every), ";INTERVAL=%d", (int)interval);
	if (rule->count > 0)
		(void)snprintf(count, sizeof(count), ";COUNT=%d", (int)rule->count);
	n = snprintf(ret, TIME_RULE + 1, "FREQ=%s%s%s%s%s%s%s%s%s", freq, every, count, rule->wkst[0] != '\0' ? ";WKST=" : "", rule->wkst,
	    rule->byday[0] != '\0' ? ";BYDAY=" : "", rule->byday, rule->month_days[0] != '\0' ? ";BYMONTHDAY=" : "", rule->month_days);
	return n <= TIME_RULE;
}

/* How often, if days of the week say the rest; NULL: nothing is said of it, and ${ret} is set if nothing need be. */
static const char *
as_days(const struct time_read *t, const struct rule *rule, bool *ret)
{
	bool weekly = rule->freq != NULL && strcmp(rule->freq, "WEEKLY") == 0, said = has(t, TIME_FREQ) || has(t, TIME_INTERVAL);

	*ret = json_object_get(t->out, "days") != NULL && weekly && !rule->has_nth && rule->month_days[0] == '\0' && t->odd == 0 &&
	    (rule->interval <= 1 || (rule->interval == 2 && (rule->wkst[0] == '\0' || strcmp(rule->wkst, "MO") == 0))) &&
	    (rule->count == 0 || (rule->count == 1 && !said));
	if (rule->count == 1 && !said)
		return *ret ? "once" : NULL;
	return weekly && said ? rule->interval == 2 ? "biweekly" : rule->interval <= 1 ? "weekly" : NULL : NULL;
}

/* The days, and lines for whatever says that it is not each of them. */
static void
as_lines(struct time_read *t, const struct rule *rule, bool weekly)
{
	static const enum time_key always[] = { TIME_COUNT, TIME_BYMONTHDAY, TIME_BYWEEKNO, TIME_BYYEARDAY };

	for (size_t i = 0; i < nelem(always); i++)
		is_odd(t, always[i]);
	if (rule->has_nth)
		is_odd(t, TIME_BYDAY);
	if (!weekly) {
		is_odd(t, TIME_FREQ);
		is_odd(t, TIME_INTERVAL);
	}
	if (rule->interval > 1)
		is_odd(t, TIME_WKST);
}

static int
put_days(struct time_read *t, const struct rule *rule, bool *ret)
{
	char text[TIME_RULE + 1];
	bool plain;
	const char *often = as_days(t, rule, &plain);

	*ret = true;
	if (!plain && as_rule(t, rule, text)) {
		(void)json_object_del(t->out, "days");
		return json_object_set_new(t->out, "rule", json_string(text)) == 0 ? 0 : -ENOMEM;
	}
	if (!plain)
		as_lines(t, rule, often != NULL);
	if (json_object_get(t->out, "days") == NULL) {
		*ret = false;
		return 0;
	}
	if (often != NULL && json_object_set_new(t->out, "frequency", json_string(often)) != 0)
		return -ENOMEM;
	return rule->wkst[0] != '\0' && !(t->odd & 1u << TIME_WKST) ?
	    walk_lost(t->h, t->at, "wkst", "string: nothing depends on it") : 0;
}

static int
set_date(json_t *out, const char *key, const char *date)
{
	return *date == '\0' || json_object_set_new(out, key, json_string(date)) == 0 ? 0 : -ENOMEM;
}

int
time_rule(struct time_read *t, bool *ret)
{
	static const char *const often[] = { "DAILY", "WEEKLY", "MONTHLY", "YEARLY", NULL };
	static const char *const week[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU", NULL };
	autojson json_t *weeks = NULL, *days = NULL;
	struct rule rule = { .freq = NULL };
	const char *wkst = NULL;
	bool named;
	int r = take_days(t, &rule);

	if (r == 0)
		r = take_month_days(t, &rule);
	if (r == 0)
		r = take_number(t, TIME_INTERVAL, &rule.interval);
	if (r == 0)
		r = take_number(t, TIME_COUNT, &rule.count);
	if (r == 0)
		r = take_word(t, TIME_FREQ, often, &rule.freq);
	if (r == 0)
		r = take_word(t, TIME_WKST, week, &wkst);
	if (r == 0)
		r = walk_code(t->h, t->at, "byweekno", &weeks);
	if (r == 0)
		r = walk_code(t->h, t->at, "byyearday", &days);
	if (r != 0)
		return r;
	is_odd(t, TIME_BYWEEKNO);
	is_odd(t, TIME_BYYEARDAY);
	if (wkst != NULL)
		(void)snprintf(rule.wkst, sizeof(rule.wkst), "%s", wkst);
	named = rule.byday[0] != '\0' || rule.month_days[0] != '\0';
	r = take_first(t, &rule, rule.interval > 1 || rule.count > 0 || !named);
	/* Days of the week are those of each week; one time on one date is that. */
	if (!has(t, TIME_FREQ) && rule.byday[0] != '\0' && !rule.has_nth)
		rule.freq = "WEEKLY";
	else if (!has(t, TIME_FREQ) && !named && rule.count == 1 && has(t, TIME_DTSTART))
		rule.freq = "DAILY";
	if (r == 0)
		r = take_last(t, &rule);
	if (r == 0)
		r = put_days(t, &rule, ret);
	if (r == 0)
		r = set_date(t->out, "from", rule.first);
	return r == 0 ? set_date(t->out, "until", rule.last) : r;
}
