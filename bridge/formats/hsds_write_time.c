/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_write.h: schedules, the other way round than hsds_time.c and hsds_rule.c read them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "hsds_part.h"
#include "hsds_time.h"
#include "hsds_write.h"

enum { WEEK = 7, DAY_MINUTES = 24 * 60, TEXT = 1024 };

static const char all_days[] = "MO,TU,WE,TH,FR,SA,SU";

/* Days, as reading takes them? */
static bool
is_byday(const char *text)
{
	size_t n, sign;

	for (const char *p = text; *p != '\0'; p += n, p += strspn(p, ", "))
		if (part_day(p, &n, &sign) == NULL)
			return false;
	return *text != '\0';
}

/* ---- Days of the week. ---- */

static int
month_length(int y, int m)
{
	return m == 2 ? 28 + ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0) : 30 + (m + m / 8) % 2;
}

/* Sakamoto's; Monday is 0. */
static int
weekday(int y, int m, int d)
{
	static const int months[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };

	y -= m < 3;
	return (y + y / 4 - y / 100 + y / 400 + months[m - 1] + d + 6) % WEEK;
}

/* Which of its month the first ${day} from ${date} on is. */
static int
nth(const char *date, const char *day)
{
	int y = 0, m = 1, d = 1, i;

	(void)sscanf(date, "%4d-%2d-%2d", &y, &m, &d);
	for (i = 0; i < WEEK && strncasecmp(all_days + 3 * i, day, 2) != 0; i++)
		continue;
	d += (i - weekday(y, m, d) + WEEK) % WEEK;
	d -= d > month_length(y, m) ? month_length(y, m) : 0;
	return (d - 1) / WEEK + 1;
}

/* ${ret_said}: HSDS can say it. */
static int
write_days(json_t *item, const json_t *schedule, bool *ret_said)
{
	const char *often = json_str(schedule, "frequency"), *from = json_str(schedule, "from");
	bool monthly = often != NULL && strcmp(often, "monthly") == 0, once = often != NULL && strcmp(often, "once") == 0;
	char days[TIME_RULE] = "";
	json_t *day;
	size_t i;

	*ret_said = json_object_get(schedule, "days") != NULL && (!monthly || from != NULL);
	json_array_foreach(json_object_get(schedule, "days"), i, day) {
		const char *s = json_string_value(day);
		size_t n = strlen(days);

		if (monthly && from != NULL)
			(void)snprintf(days + n, sizeof(days) - n, "%s%d", n > 0 ? "," : "", nth(from, s));
		else if (n > 0)
			(void)snprintf(days + n, sizeof(days) - n, ",");
		n = strlen(days);
		(void)snprintf(days + n, sizeof(days) - n, "%c%c", s[0] - 'a' + 'A', s[1] - 'a' + 'A');
	}
	if (write_set(item, "byday", json_string(days)) != 0 || write_copy(item, "valid_from", schedule, "from") != 0)
		return -ENOMEM;
	if (once)
		return write_set(item, "count", json_integer(1));
	if (often == NULL)
		return 0;
	return write_set(item, "freq", json_string(monthly ? "MONTHLY" : "WEEKLY")) != 0 ||
	    write_set(item, "interval", json_integer(strcmp(often, "biweekly") == 0 ? 2 : 1)) != 0 ||
	    (strcmp(often, "biweekly") == 0 && write_copy(item, "dtstart", schedule, "from") != 0) ? -ENOMEM : 0;
}

/* ---- A rule. ---- */

/* Does it begin as "20261231" does, with a day that there is? */
static bool
is_date(const char *text)
{
	int y, m, d;

	return strspn(text, "0123456789") >= 8 && sscanf(text, "%4d%2d%2d", &y, &m, &d) == 3 && m >= 1 && m <= 12 && d >= 1 &&
	    d <= month_length(y, m);
}

static int
write_rule(json_t *item, const json_t *schedule, bool *ret_said)
{
	static const struct { const char *ours, *theirs; } texts[] = {
		{ "FREQ", "freq" }, { "WKST", "wkst" }, { "BYDAY", "byday" }, { "BYMONTHDAY", "bymonthday" },
	};
	autofree char *rule = strdup(json_str(schedule, "rule"));
	char *rest = NULL;

	if (rule == NULL || write_set(item, "interval", json_integer(1)) != 0)
		return -ENOMEM;
	for (char *part = strtok_r(rule, ";", &rest); part != NULL; part = strtok_r(NULL, ";", &rest)) {
		char *value = strchr(part, '=');
		int r = 0;

		if (value == NULL)
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < nelem(texts); i++)
			if (strcmp(texts[i].ours, part) == 0)
				r = write_set(item, texts[i].theirs, json_string(value));
		if (strcmp(part, "INTERVAL") == 0)
			r = write_set(item, "interval", json_integer(strtol(value, NULL, 10)));
		else if (strcmp(part, "COUNT") == 0)
			r = write_set(item, "count", json_integer(strtol(value, NULL, 10)));
		else if (strcmp(part, "UNTIL") == 0 && !is_date(value))
			return 0;
		else if (strcmp(part, "UNTIL") == 0)
			r = write_set(item, "until", json_sprintf("%.4s-%.2s-%.2s", value, value + 4, value + 6));
		if (r != 0)
			return r;
	}
	if (write_copy(item, "dtstart", schedule, "from") != 0)
		return -ENOMEM;
	*ret_said = json_object_get(item, "byday") == NULL || is_byday(json_str(item, "byday"));
	if (!*ret_said || json_str(item, "freq") == NULL || strcmp(json_str(item, "freq"), "DAILY") != 0)
		return 0;
	/* HSDS knows no days but those of weeks and months. */
	*ret_said = json_int(item, "interval", 1) == 1;
	if (json_object_get(item, "bymonthday") != NULL)
		return write_set(item, "freq", json_string("MONTHLY"));
	return write_set(item, "freq", json_string("WEEKLY")) != 0 ||
	    (json_object_get(item, "byday") == NULL && write_set(item, "byday", json_string(all_days)) != 0) ? -ENOMEM : 0;
}

/* ---- The note. ---- */

/* Its first lines that are members, if it has such; the rest as notes. */
static int
write_note(json_t *item, const char *text, bool irregular, const char *more)
{
	char all[TEXT + TIME_NOTE + 2];

	for (size_t i = 0; text != NULL && irregular && i < TIME_N; i++) {
		size_t n = strlen(time_keys[i].name), len = strcspn(text, "\n");
		char value[TIME_NOTE + 1], *end;
		double number;

		if (strncmp(text, time_keys[i].name, n) != 0 || text[n] != ' ' || len <= n + 1 || len > TIME_NOTE)
			continue;
		(void)snprintf(value, sizeof(value), "%.*s", (int)(len - n - 1), text + n + 1);
		number = strtod(value, &end);
		if (i == TIME_BYDAY && !is_byday(value))
			continue;
		if (time_keys[i].number ? *end != '\0' || write_set(item, time_keys[i].name, json_real(number)) != 0 :
		    write_set(item, time_keys[i].name, json_string(value)) != 0)
			continue;
		text = text[len] == '\n' ? text + len + 1 : NULL;
	}
	(void)snprintf(all, sizeof(all), "%s%s%s", text != NULL ? text : "", text != NULL && *more != '\0' ? "\n" : "", more);
	return *all != '\0' ? write_set(item, "notes", json_string(all)) : 0;
}

/* What a person must read, since HSDS has no member for it. */
static void
more_words(const json_t *schedule, char ret[TEXT])
{
	const char *zone = json_str(schedule, "timezone");
	json_t *day;
	double hours;
	size_t i, n;

	*ret = '\0';
	if (zone != NULL && !time_zone_hours(zone, &hours))
		(void)snprintf(ret, TEXT, "Local time, %.64s.", zone);
	json_array_foreach(json_object_get(schedule, "except"), i, day) {
		n = strlen(ret);
		(void)snprintf(ret + n, TEXT - n, "%s %.10s", i > 0 ? "," : n > 0 ? " Not on" : "Not on", json_string_value(day));
	}
}

/* ---- A schedule. ---- */

/* "19:00" and 90 minutes. */
static int
write_end(json_t *item, const json_t *schedule)
{
	json_int_t minutes = json_int(schedule, "minutes", 0);
	const char *opens = json_str(schedule, "opens");
	int h, m;

	if (minutes == 0 || minutes >= DAY_MINUTES || opens == NULL || sscanf(opens, "%2d:%2d", &h, &m) != 2)
		return write_copy(item, "closes_at", schedule, "closes");
	minutes = (h * 60 + m + minutes) % DAY_MINUTES;
	return write_set(item, "closes_at", json_sprintf("%02d:%02d", (int)minutes / 60, (int)minutes % 60));
}

static int
write_zone(json_t *item, const char *name)
{
	double hours;

	if (name == NULL || !time_zone_hours(name, &hours))
		return 0;
	return write_set(item, "timezone", hours == (int)hours ? json_integer((int)hours) : json_real(hours));
}

int
write_schedules(struct writer *w, const json_t *body, json_t *out)
{
	json_t *schedule;
	size_t i;

	json_array_foreach(json_object_get(body, "schedules"), i, schedule) {
		autojson json_t *item = write_item(w);
		bool rule = json_str(schedule, "rule") != NULL, said = false;
		char more[TEXT];

		if (item == NULL || (rule ? write_rule(item, schedule, &said) : write_days(item, schedule, &said)) != 0)
			return -ENOMEM;
		if (!said)
			continue;
		more_words(schedule, more);
		if (write_copy(item, "opens_at", schedule, "opens") != 0 || write_end(item, schedule) != 0 ||
		    write_zone(item, json_str(schedule, "timezone")) != 0 || write_copy(item, "valid_to", schedule, "until") != 0 ||
		    write_note(item, json_str(schedule, "note"), json_is_true(json_object_get(schedule, "irregular")), more) != 0 ||
		    write_append(out, "schedules", json_incref(item)) != 0)
			return -ENOMEM;
	}
	return 0;
}
