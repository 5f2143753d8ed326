/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times in what a person writes or saves: ISO 8601 with an offset.  On the wire
 * and in signed files they are milliseconds since 1970.
 */
#include <string.h>
#include <time.h>

#include "base/canon.h"
#include "cairn.h"

/* What the schemas call a time in milliseconds; "created" of a proof is a text. */
static bool
is_ours(const char *key)
{
	size_t n = strlen(key);

	return (n > 3 && strcmp(key + n - 3, "_at") == 0) || strcmp(key, "at") == 0;
}

bool
time_is(const char *key)
{
	return is_ours(key) || strcmp(key, "due") == 0 || strcmp(key, "updated") == 0 || strcmp(key, "created") == 0;
}

bool
time_print(json_int_t ms, char out[TIME_TEXT])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	return ms > 0 && gmtime_r(&t, &tm) != NULL && tm.tm_year < 8100 &&
	    strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0;
}

/* Has ${text} a digit where ${shape} has one, and else the same? */
static bool
is_like(const char *text, const char *shape)
{
	for (; *shape != '\0'; text++, shape++) {
		if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
			return false;
	}
	return true;
}

/* "2026-11-21T10:30:00+01:00", "...Z"; the day and the time exist; a fraction of a second does not count. */
static bool
parse(const char *text, json_int_t *ret)
{
	static const char shape[] = "0000-00-00T00:00:00";
	struct tm tm = { .tm_isdst = 0 }, given, zone = { .tm_isdst = 0 };
	const char *end = text + strlen(shape);
	long offset = 0;
	time_t t;

	if (!is_like(text, shape) || strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != end)
		return false;
	given = tm;
	if (is_like(end, ".0"))
		end += 1 + strspn(end + 1, "0123456789");
	if (strcmp(end, "Z") != 0) {
		if ((*end != '+' && *end != '-') || !is_like(end + 1, "00:00") || end[6] != '\0' || strptime(end, "%z", &zone) == NULL)
			return false;
		offset = zone.tm_gmtoff;
	}
	t = timegm(&tm);
	if (tm.tm_mday != given.tm_mday || tm.tm_sec != given.tm_sec || (json_int_t)t - offset < 1)
		return false;
	*ret = ((json_int_t)t - offset) * 1000;
	return true;
}

int
time_to_text(json_t *value)
{
	const char *key;
	char text[TIME_TEXT];
	json_t *v;
	void *next;
	size_t i;

	json_object_foreach_safe(value, next, key, v) {
		if (json_is_integer(v) && is_ours(key) && time_print(json_integer_value(v), text)) {
			if (json_object_set_new(value, key, json_string(text)) != 0)
				return EXIT_FATAL;
		} else if (time_to_text(v) != EXIT_OK) {
			return EXIT_FATAL;
		}
	}
	json_array_foreach(value, i, v) {
		if (time_to_text(v) != EXIT_OK)
			return EXIT_FATAL;
	}
	return EXIT_OK;
}

int
time_from_text(const struct cairn *c, const char *file, json_t *value)
{
	const char *key;
	json_int_t ms;
	json_t *v;
	void *next;
	size_t i;
	int r = EXIT_OK;

	json_object_foreach_safe(value, next, key, v) {
		if (!json_is_string(v) || !is_ours(key))
			r = time_from_text(c, file, v);
		else if (!parse(json_string_value(v), &ms))
			r = file == NULL ? EXIT_OK : out_problem(c, EXIT_BAD, "write day, time and offset, as in 2026-11-21T10:30:00+01:00, or Z for UTC",
			    "%s: \"%s\": \"%s\" is no time", file, key, json_string_value(v));
		else if (json_object_set_new(value, key, json_integer(ms)) != 0)
			r = out_problem(c, EXIT_FATAL, NULL, "out of memory");
		if (r != EXIT_OK)
			return r;
	}
	json_array_foreach(value, i, v) {
		if ((r = time_from_text(c, file, v)) != EXIT_OK)
			return r;
	}
	return EXIT_OK;
}
