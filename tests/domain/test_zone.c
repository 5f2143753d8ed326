/* SPDX-License-Identifier: Apache-2.0 */
/* Files made here, byte for byte: what is refused, and what the rule behind the last transition says. test_times.py has the real ones. */
#include <stdint.h>

#include "base/cleanup.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "tests/tap.h"

struct file {
	uint8_t	 data[4096];
	size_t	 n;
};

static void
put(struct file *f, uint64_t value, int bytes)
{
	while (bytes-- > 0)
		f->data[f->n++] = (uint8_t)(value >> 8 * bytes);
}

static void
put_text(struct file *f, const char *text, size_t n)
{
	memcpy(f->data + f->n, text, n);
	f->n += n;
}

static void
put_header(struct file *f, char version, unsigned leaps, unsigned times, unsigned types, unsigned chars)
{
	put_text(f, "TZif", 4);
	put(f, (uint8_t)version, 1);
	for (int i = 0; i < 15; i++)
		put(f, 0, 1);
	put(f, 0, 4);
	put(f, 0, 4);
	put(f, leaps, 4);
	put(f, times, 4);
	put(f, types, 4);
	put(f, chars, 4);
}

/* Version 2: at 1000 s to the second of two types, +1 h and +2 h, and a footer. */
static struct file
make(const char *footer)
{
	struct file f = { .n = 0 };

	put_header(&f, '2', 0, 0, 1, 1);
	put(&f, 0, 6);
	put(&f, 0, 1);
	put_header(&f, '2', 0, 1, 2, 4);
	put(&f, 1000, 8);
	put(&f, 1, 1);
	put(&f, 3600, 4);
	put(&f, 0, 2);
	put(&f, 7200, 4);
	put(&f, 1 << 8, 2);
	put_text(&f, "AAA", 4);
	put_text(&f, footer, strlen(footer));
	return f;
}

enum { SECOND = 44 + 7, TIME = SECOND + 44, TYPE = TIME + 8, OFFSET = TYPE + 1 };

static int
parse(const struct file *f, struct zone **ret)
{
	autofree uint8_t *exact = malloc(f->n + 1);	/* A byte too far is seen. */
	autofree uint8_t *fit = f->n > 0 ? malloc(f->n) : NULL;
	struct err err = { "" };
	int r;

	if (exact == NULL)
		abort();
	if (fit != NULL)
		memcpy(fit, f->data, f->n);
	r = zone_parse(fit, f->n, ret, &err);
	if (r > 0 && err.text[0] == '\0')
		return -1;
	return r;
}

static void
test_names(void)
{
	static const char *const good[] = { "UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "GB-Eire" };
	static const char *const bad[] = { "", "/etc/passwd", "../x", "Europe/../x", "Europe//Berlin", "Europe/", ".hidden", "a b", "Europe/B\xc3\xa9",
		"a123456789012345678901234567890123456789012345678901234567890123456789", "Europe\\Berlin", "a.b" };

	for (size_t i = 0; i < nelem(good); i++)
		ok(zone_is_name(good[i]), "%s names a zone", good[i]);
	for (size_t i = 0; i < nelem(bad); i++)
		ok(!zone_is_name(bad[i]), "bad name %zu does not", i);
}

static void
test_file(void)
{
	struct file f = make("\nAAA-2\n"), g;
	struct zone *z = NULL;
	int64_t at = 0;

	ok(parse(&f, &z) == 0, "a whole file is read");
	is_int(zone_offset(z, 999), 3600, "the first type holds before the first transition");
	is_int(zone_offset(z, INT64_MIN), 3600, "however early");
	is_int(zone_offset(z, 1000), 7200, "the second from its very second");
	ok(zone_instant(z, 1000 + 3600 - 1, &at) == ZONE_ONCE && at == 999, "the last second before");
	ok(zone_instant(z, 1000 + 3600, &at) == ZONE_NEVER && at == 1000, "the gap is read with the offset before it");
	ok(zone_instant(z, 1000 + 7199, &at) == ZONE_NEVER && at == 1000 + 3599, "to its end");
	ok(zone_instant(z, 1000 + 7200, &at) == ZONE_ONCE && at == 1000, "the first second after");
	zone_free(z);
	for (size_t n = 0; n < f.n; n++) {
		g = f;
		g.n = n;
		z = NULL;
		if (parse(&g, &z) != E_BAD || z != NULL) {
			ok(false, "cut at %zu bytes", n);
			zone_free(z);
		}
	}
	ok(true, "a file cut anywhere is refused");
}

static void
test_damage(void)
{
	static const struct {
		const char	*name;
		size_t		 at;
		uint8_t		 value;
		int		 want;
	} damages[] = {
		{ "another magic", 0, 't', E_BAD }, { "another magic inside", SECOND, 't', E_BAD },
		{ "a type that is not there", TYPE, 2, E_BAD }, { "an offset of a day and more", OFFSET + 1, 2, E_BAD },
		{ "an offset below", OFFSET, 0x80, E_BAD },
		{ "neither summer nor winter", OFFSET + 4, 2, E_BAD }, { "a name that is not there", OFFSET + 5, 4, E_BAD },
		{ "no types", SECOND + 39, 0, E_BAD }, { "too many types", SECOND + 38, 2, E_BAD },
		{ "more transitions than bytes", SECOND + 34, 1, E_BAD }, { "a count past all bounds", SECOND + 32, 0xff, E_BAD },
	};
	struct zone *z = NULL;
	struct file f;
	struct err err;

	for (size_t i = 0; i < nelem(damages); i++) {
		f = make("\nAAA-2\n");
		f.data[damages[i].at] = damages[i].value;
		ok(parse(&f, &z) == damages[i].want && z == NULL, "%s is refused", damages[i].name);
	}
	f = (struct file){ .n = 0 };
	put_header(&f, 0, 1, 0, 1, 4);
	put(&f, 0, 6);
	put_text(&f, "AAA", 4);
	put(&f, 0, 8);
	ok(parse(&f, &z) == E_REFUSED && z == NULL, "leap seconds are refused");
	f = (struct file){ .n = 0 };
	put_header(&f, 0, 0, 2, 1, 4);
	put(&f, 5, 4);
	put(&f, 5, 4);
	put(&f, 0, 2 + 6);
	put_text(&f, "AAA", 4);
	ok(parse(&f, &z) == E_BAD && z == NULL, "two transitions at once are refused");
	f.data[44 + 7] = 6;
	ok(parse(&f, &z) == 0, "a file of version 1 has no footer");
	zone_free(z);
	z = NULL;
	ok(zone_parse(f.data, ZONE_FILE_MAX + 1, &z, &err) == E_BAD && z == NULL, "a file too large is not looked at");
}

/* Offsets at the solstices and at the instants around a change, in the year 2030. */
static void
test_rules(void)
{
	static const struct {
		const char	*rule;
		int		 month, day, second, before, after;
	} rules[] = {
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 3, 31, 3600, 3600, 7200 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 10, 27, 3600, 7200, 3600 },
		{ "NZST-12NZDT,M9.5.0,M4.1.0/3", 4, 6, 14 * 3600, 46800, 43200 },
		{ "NZST-12NZDT,M9.5.0,M4.1.0/3", 9, 28, 14 * 3600, 43200, 46800 },
		{ "IST-1GMT0,M10.5.0,M3.5.0/1", 3, 31, 3600, 0, 3600 },		/* Negative daylight saving. */
		{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 3, 31, 3600, -7200, -3600 },
		{ "EET-2EEST,M4.5.5/0,M10.5.4/24", 11, 1, -10800 + 86400 - 86400, 10800, 7200 },
		{ "AAA3BBB,J60,J300", 3, 1, 5 * 3600, -10800, -7200 },
		{ "AAA3BBB,59/2,299/2", 3, 1, 5 * 3600, -10800, -7200 },
		{ "AAA-0:30:10BBB-1:00,J1/-1,J32/0", 12, 31, 23 * 3600 - 1810 - 0, 1810, 3600 },	/* Begins on the eve. */
	};
	static const char *const bad[] = { "\nA-1\n", "\n<A-1\n", "\nAAA\n", "\nAAA-25\n", "\nAAA-1BBB\n", "\nAAA-1BBB,M3.5.0\n", "\nAAA-1BBB,M13.5.0,M10.5.0\n",
		"\nAAA-1BBB,M3.6.0,M10.5.0\n", "\nAAA-1BBB,M3.0.0,M10.5.0\n", "\nAAA-1BBB,M3.5.7,M10.5.0\n", "\nAAA-1BBB,J0,J5\n", "\nAAA-1BBB,366,5\n",
		"\nAAA-1BBB,M3.5.0/168,M10.5.0\n", "\nAAA-1BBB,M3.5.0,M10.5.0x\n", "AAA-1\n", "\nAAA-1" };
	struct zone *z = NULL;
	struct file f;
	char footer[80];

	for (size_t i = 0; i < nelem(rules); i++) {
		int64_t at = when_days(2030, rules[i].month, rules[i].day) * 86400 + rules[i].second;

		(void)snprintf(footer, sizeof(footer), "\n%s\n", rules[i].rule);
		f = make(footer);
		if (!ok(parse(&f, &z) == 0, "%s is read", rules[i].rule))
			continue;
		is_int(zone_offset(z, at - 1), rules[i].before, "  before its change in month %d", rules[i].month);
		is_int(zone_offset(z, at), rules[i].after, "  and from then on");
		zone_free(z);
		z = NULL;
	}
	for (size_t i = 0; i < nelem(bad); i++) {
		f = make(bad[i]);
		ok(parse(&f, &z) == E_BAD && z == NULL, "bad rule %zu is refused", i);
	}
	f = make("\nAAA3BBB,J60,J59\n");
	ok(parse(&f, &z) == 0, "days without 29 February are read");
	is_int(zone_offset(z, when_days(2032, 3, 1) * 86400 + 5 * 3600), -7200, "J60 is 1 March in a leap year");
	is_int(zone_offset(z, when_days(2032, 3, 1) * 86400 + 5 * 3600 - 1), -10800, "and not before");
	is_int(zone_offset(z, when_days(2032, 2, 28) * 86400 + 4 * 3600), -10800, "J59 is 28 February");
	is_int(zone_offset(z, when_days(2032, 2, 28) * 86400 + 4 * 3600 - 1), -7200, "and not before");
	zone_free(z);
	z = NULL;
	f = make("\nEST5EDT,0/0,J365/25\n");
	ok(parse(&f, &z) == 0, "summer all year is read");
	for (int y = 2030; y < 2034; y++) {
		is_int(zone_offset(z, when_days(y, 1, 1) * 86400 + 5 * 3600), -4 * 3600, "and is there on the eve of %d", y);
		is_int(zone_offset(z, when_days(y, 1, 1) * 86400 + 5 * 3600 - 1), -4 * 3600, "and just before");
	}
	zone_free(z);
}

int
main(void)
{
	test_names();
	test_file();
	test_damage();
	test_rules();
	return done_testing();
}
