/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "encode.h"
#include "grammar.h"
#include "id.h"

#define DIGIT	"0123456789"
#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char uri_chars[] = UPPER LOWER DIGIT "-._~:/?#[]@!$&'()*+,;=%";

/* The whole rest consists of ${set}, and there are ${min} to ${max} of it. */
static bool
all_of(const char *s, const char *set, size_t min, size_t max)
{
	size_t n = strspn(s, set);

	return n >= min && n <= max && s[n] == '\0';
}

/* Two digits at ${s} as a number, or -1.  Reads nothing past a NUL. */
static int
two_digits(const char *s)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return -1;
	return (s[0] - '0') * 10 + (s[1] - '0');
}

/* YYYY-MM-DD at the start of ${s}: days since 1970, or false. */
static bool
read_date(const char *s, int64_t *ret_days)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int century, year, month, day, leap;
	int64_t days;

	if ((century = two_digits(s)) < 0 || (year = two_digits(s + 2)) < 0 || s[4] != '-' ||
	    (month = two_digits(s + 5)) < 1 || month > 12 || s[7] != '-' ||
	    (day = two_digits(s + 8)) < 1)
		return false;
	year += century * 100;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (year < 1970 || day > length[month - 1] + (month == 2 ? leap : 0))
		return false;
	days = (year - 1970) * 365LL + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;
	for (int m = 1; m < month; m++)
		days += length[m - 1] + (m == 2 ? leap : 0);
	*ret_days = days + day - 1;
	return true;
}

/* hh:mm at the start of ${s} as minutes, or -1. */
static int
read_clock(const char *s)
{
	int hour = two_digits(s), minute;

	if (hour < 0 || hour > 23 || s[2] != ':')
		return -1;
	minute = two_digits(s + 3);
	return minute < 0 || minute > 59 ? -1 : hour * 60 + minute;
}

/* Thh:mm:ss[.d[d[d]]]Z, all of ${s}: milliseconds of the day, or -1. */
static int64_t
read_time_of_day(const char *s)
{
	int minutes, second, ms = 0;

	if (s[0] != 'T' || (minutes = read_clock(s + 1)) < 0 || s[6] != ':' ||
	    (second = two_digits(s + 7)) < 0 || second > 59)
		return -1;
	s += 9;
	if (*s == '.') {
		int unit = 100;

		for (s++; *s >= '0' && *s <= '9' && unit > 0; s++, unit /= 10)
			ms += (*s - '0') * unit;
		if (unit == 100)
			return -1;
	}
	return strcmp(s, "Z") == 0 ? (minutes * 60LL + second) * 1000 + ms : -1;
}

bool
grammar_time_ms(const char *s, int64_t *ret_ms)
{
	int64_t days, ms = 0;

	if (!read_date(s, &days))
		return false;
	if (s[10] != '\0' && (ms = read_time_of_day(s + 10)) < 0)
		return false;
	*ret_ms = days * 86400000 + ms;
	return true;
}

static bool
is_date(const char *s)
{
	int64_t ms;

	return grammar_time_ms(s, &ms) && s[10] == '\0';
}

static bool
is_date_time(const char *s)
{
	int64_t ms;

	return grammar_time_ms(s, &ms) && s[10] != '\0';
}

static bool
is_clock_time(const char *s)
{
	return read_clock(s) >= 0 && s[5] == '\0';
}

static bool
is_bcp47(const char *s)
{
	size_t n = strspn(s, UPPER LOWER);

	if (n < 2 || n > 8)
		return false;
	for (s += n; *s == '-'; s += n) {
		s++;
		n = strspn(s, UPPER LOWER DIGIT);
		if (n < 1 || n > 8)
			return false;
	}
	return *s == '\0';
}

static bool
is_spoken(const char *s)
{
	size_t n = strspn(s, LOWER);

	if (n < 2 || n > 3)
		return false;
	s += n;
	return *s == '\0' || (*s == '-' && (all_of(s + 1, UPPER, 2, 2) || all_of(s + 1, DIGIT, 3, 3)));
}

static bool
is_iso_3166(const char *s)
{
	return strspn(s, UPPER) == 2 && (s[2] == '\0' ||
	    (s[2] == '-' && all_of(s + 3, UPPER DIGIT, 1, 3)));
}

static bool
is_sha256_hex(const char *s)
{
	return all_of(s, DIGIT "abcdef", 64, 64);
}

static bool
is_multibase(const char *s)
{
	return s[0] == 'z' && all_of(s + 1, base58, 1, SIZE_MAX);
}

static bool
is_base64_32(const char *s)
{
	uint8_t raw[32];

	return decode_b64_exact(s, raw, sizeof(raw)) == 0;
}

static bool
is_did(const char *s)
{
	size_t n;

	if (strncmp(s, "did:", 4) != 0 || (n = strspn(s + 4, LOWER DIGIT)) == 0 || s[4 + n] != ':')
		return false;
	s += 4 + n + 1;
	n = strspn(s, UPPER LOWER DIGIT "._:%-");
	if (n == 0)
		return false;
	return s[n] == '\0' || (s[n] == '#' && all_of(s + n + 1, UPPER LOWER DIGIT "._:%~-", 1, SIZE_MAX));
}

static bool
is_uri(const char *s)
{
	size_t n = strspn(s, UPPER LOWER DIGIT "+-.");

	return strspn(s, UPPER LOWER) >= 1 && s[n] == ':' && all_of(s + n + 1, uri_chars, 1, SIZE_MAX);
}

static bool
is_web_uri(const char *s)
{
	size_t n = strncmp(s, "https://", 8) == 0 ? 8 : strncmp(s, "http://", 7) == 0 ? 7 : 0;

	return n != 0 && all_of(s + n, uri_chars, 1, SIZE_MAX);
}

static const struct row {
	const char	*name;
	bool		(*ok)(const char *);
} rows[] = {
	[GRAMMAR_NONE]			= { "text",		 NULL },
	[GRAMMAR_OPAQUE_ID]		= { "opaque-id",	 id_is_own },
	[GRAMMAR_STEP_ID]		= { "step-id",		 id_is_step },
	[GRAMMAR_USER_ID]		= { "user-id",		 id_is_user },
	[GRAMMAR_ROOM_ID]		= { "room-id",		 id_is_room },
	[GRAMMAR_SERVER_NAME]		= { "server-name",	 id_is_server },
	[GRAMMAR_BCP47]			= { "bcp47",		 is_bcp47 },
	[GRAMMAR_SPOKEN]		= { "spoken",		 is_spoken },
	[GRAMMAR_ISO_3166]		= { "iso-3166",		 is_iso_3166 },
	[GRAMMAR_DATE]			= { "date",		 is_date },
	[GRAMMAR_DATE_TIME_UTC]		= { "date-time-utc",	 is_date_time },
	[GRAMMAR_CLOCK_TIME]		= { "clock-time",	 is_clock_time },
	[GRAMMAR_SHA256_HEX]		= { "sha256-hex",	 is_sha256_hex },
	[GRAMMAR_MULTIBASE_ED25519]	= { "multibase-ed25519", id_is_multibase_ed25519 },
	[GRAMMAR_MULTIBASE]		= { "multibase",	 is_multibase },
	[GRAMMAR_BASE64_32]		= { "base64-32",	 is_base64_32 },
	[GRAMMAR_DID]			= { "did",		 is_did },
	[GRAMMAR_URI]			= { "uri",		 is_uri },
	[GRAMMAR_WEB_URI]		= { "web-uri",		 is_web_uri },
};
_Static_assert(nelem(rows) == GRAMMAR_END, "one row per grammar");

bool
grammar_ok(enum grammar grammar, const char *s)
{
	return rows[grammar].ok == NULL || rows[grammar].ok(s);
}

const char *
grammar_name(enum grammar grammar)
{
	return rows[grammar].name;
}
