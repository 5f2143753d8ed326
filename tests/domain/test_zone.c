/* SPDX-License-Identifier: Apache-2.0 */
/* Files made here, byte for byte: what is refused, and what the rule behind the last transition says. test_times.py has the real ones. */
#include <errno.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "faults.h"
#include "tests/dice.h"
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
	static const char *const good[] = { "UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "GB-Eire", "azAZ09/Z" };
	static const char *const bad[] = { "", "/etc/passwd", "../x", "Europe/../x", "Europe//Berlin", "Europe/", ".hidden", "a b", "Europe/B\xc3\xa9",
		"a123456789012345678901234567890123456789012345678901234567890123456789", "Europe\\Berlin", "a.b", "a{b", "a:b", "a@b", "a[b", "a`b" };

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
		{ "no names", SECOND + 43, 0, E_BAD },
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
	/* Marks of UT and of standard time: of each type, or none; they change nothing. */
	for (uint8_t ut = 0; ut <= 3; ut++)
		for (uint8_t standard = 0; standard <= 3; standard++) {
			bool good = (ut == 0 || ut == 2) && (standard == 0 || standard == 2);

			f = make("");
			f.data[SECOND + 23] = ut;
			f.data[SECOND + 27] = standard;
			put(&f, 0, ut + standard);
			put_text(&f, "\nAAA-2\n", 7);
			ok(good ? parse(&f, &z) == 0 && zone_offset(z, 1000) == 7200 : parse(&f, &z) == E_BAD && z == NULL,
			    "%d and %d marks of 2 types", ut, standard);
			zone_free(z);
			z = NULL;
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
		{ "AAA+3BBB,M12.5.0,M1.1.6", 12, 29, 5 * 3600, -10800, -7200 },	/* The last Sunday of a December. */
		{ "<+A1>+3<-zZ9>,M12.5.0,M1.1.6", 12, 29, 5 * 3600, -10800, -7200 },
		{ "AAA-0:30:10BBB-1:00,J1/-1,J32/0", 12, 31, 23 * 3600 - 1810 - 0, 1810, 3600 },	/* Begins on the eve. */
	};
	static const char *const bad[] = { "\nA-1\n", "\n<A-1\n", "\nAAA\n", "\nAAA-25\n", "\nAAA-1BBB\n", "\nAAA-1BBB,M3.5.0\n", "\nAAA-1BBB,M13.5.0,M10.5.0\n",
		"\nAAA-1BBB,M3.6.0,M10.5.0\n", "\nAAA-1BBB,M3.0.0,M10.5.0\n", "\nAAA-1BBB,M3.5.7,M10.5.0\n", "\nAAA-1BBB,J0,J5\n", "\nAAA-1BBB,366,5\n",
		"\nAAA-1BBB,M3.5.0/168,M10.5.0\n", "\nAAA-1BBB,M3.5.0,M10.5.0x\n", "AAA-1\n", "\nAAA-1",
		"\nAAA-1:60\n", "\nAAA-1:\n", "\nAAA-1:30:60\n", "\n<AA:>3\n", "\n<AA,>3\n", "\nAA{3\n", "\nAA[3\n", "\nAA03\n", "\n<AAA3\n", "\nAAA-1BB\n", "\nAAA-1BBB-25,1,2\n",
		"\nAAA-1BBB,Mx.5.0,M10.5.0\n", "\nAAA-1BBB,M0.5.0,M10.5.0\n", "\nAAA-1BBB,M3-5.0,M10.5.0\n", "\nAAA-1BBB,M3.x.0,M10.5.0\n",
		"\nAAA-1BBB,M3.5-0,M10.5.0\n", "\nAAA-1BBB,M3.5.0;M10.5.0\n" };
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
	f = make("\n");
	for (int i = 0; i < 256; i++)
		put(&f, 'A', 1);
	put_text(&f, "-1\n", 3);
	ok(parse(&f, &z) == E_BAD && z == NULL, "a rule too long is refused");
	f = make("\nAAA-1");
	put_text(&f, "\0\n", 2);
	ok(parse(&f, &z) == E_BAD && z == NULL, "and one with a NUL in it");
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

/* No rule: the last transition holds for ever.  No transition: the rule holds, within the calendar. */
static void
test_bounds(void)
{
	const int64_t year = when_days(2030, 1, 1) * 86400;
	struct file f = make("\n\n");
	struct zone *z = NULL;

	ok(parse(&f, &z) == 0 && zone_offset(z, 999) == 3600, "a footer may say nothing");
	ok(zone_offset(z, 1000) == 7200 && zone_offset(z, year) == 7200 && zone_offset(z, INT64_MAX) == 7200, "the last transition holds for ever");
	zone_free(z);
	z = NULL;
	f = (struct file){ .n = 0 };
	put_header(&f, '2', 0, 0, 1, 1);
	put(&f, 0, 6 + 1);
	put_header(&f, '2', 0, 0, 1, 1);
	put(&f, 0, 6 + 1);
	put_text(&f, "\nCET-1CEST,M3.5.0,M10.5.0/3\n", 29);
	ok(parse(&f, &z) == 0 && zone_offset(z, year + 200 * 86400) == 7200 && zone_offset(z, year - 200 * 365 * 86400LL) != 0, "a rule alone");
	ok(zone_offset(z, INT64_MAX) == 3600 && zone_offset(z, INT64_MIN) == 3600, "beyond the calendar it is never summer");
	zone_free(z);
	z = NULL;
	/* Summer ends on 25 December and begins on 7 January, each said as a day of the year next to it. */
	f = make("\nAAA0BBB,365/167,0/-167\n");
	ok(parse(&f, &z) == 0, "changes of the year before and the year after are read");
	is_int(zone_offset(z, year + 31 * 86400), 3600, "what began in January holds");
	is_int(zone_offset(z, year), 0, "what ended in December has ended");
	is_int(zone_offset(z, year - 8 * 86400), 3600, "and not before");
	zone_free(z);
}

/* Moves drawn at random, far enough apart that a local time falls into one gap at most, against a walk through all that hold. */
static void
test_random(void)
{
	unsigned wrong = 0, seen[3] = { 0 };

	for (int round = 0; round < 400; round++) {
		int64_t at[6], last;
		int offset[7], of_type[4];
		unsigned n = 1 + dice_roll(5), type[7];
		struct file f = { .n = 0 };
		struct zone *z = NULL;

		for (size_t i = 0; i < nelem(of_type); i++)
			of_type[i] = ((int)dice_roll(105) - 48) * 900;
		at[0] = 1000000;
		type[0] = 0;
		for (unsigned i = 0; i < n; i++) {
			at[i] = i == 0 ? at[0] : at[i - 1] + 3 * 86400 + (int64_t)dice_roll(20) * 86400;
			type[i + 1] = dice_roll(4);
		}
		for (unsigned i = 0; i <= n; i++)
			offset[i] = of_type[type[i]];
		put_header(&f, '2', 0, 0, 1, 1);
		put(&f, 0, 6 + 1);
		put_header(&f, '2', 0, n, 4, 1);
		for (unsigned i = 0; i < n; i++)
			put(&f, (uint64_t)at[i], 8);
		for (unsigned i = 0; i < n; i++)
			put(&f, type[i + 1], 1);
		for (size_t i = 0; i < nelem(of_type); i++) {
			put(&f, (uint32_t)of_type[i], 4);
			put(&f, 0, 2);
		}
		put_text(&f, "\0\n\n", 3);
		if (parse(&f, &z) != 0) {
			wrong++;
			continue;
		}
		last = at[n - 1] + 2 * 86400;
		for (int64_t local = at[0] - 2 * 86400; local < last; local += 5400) {
			int64_t want = 0, got = 0;
			unsigned times = 0;
			enum zone_times is;

			for (unsigned i = 0; i <= n; i++) {
				int64_t instant = local - offset[i];

				if ((i > 0 && instant < at[i - 1]) || (i < n && instant >= at[i]))
					continue;
				want = times++ == 0 || instant < want ? instant : want;
			}
			for (unsigned i = 0; i < n && times == 0; i++)
				if (local >= at[i] + offset[i] && local < at[i] + offset[i + 1])
					want = local - offset[i];
			is = zone_instant(z, local, &got);
			wrong += got != want || is != (times == 0 ? ZONE_NEVER : times == 1 ? ZONE_ONCE : ZONE_TWICE);
			seen[is]++;
		}
		zone_free(z);
	}
	is_int(wrong, 0, "each local time is found as a walk through the moves finds it");
	ok(seen[ZONE_ONCE] > 1000 && seen[ZONE_NEVER] > 1000 && seen[ZONE_TWICE] > 1000, "%u once, %u never, %u twice",
	    seen[ZONE_ONCE], seen[ZONE_NEVER], seen[ZONE_TWICE]);
}

static void
test_memory(void)
{
	struct file f = make("\nAAA-2\n");
	struct zone *z = NULL;
	struct err err;
	long n = -1;
	int r;

	do {
		faults_left = ++n;
		r = zone_parse(f.data, f.n, &z, &err);
		faults_left = -1;
	} while (r == -ENOMEM && z == NULL && n < 100);
	ok(r == 0 && n == 3, "each of %ld allocations that fails is said", n);
	zone_free(z);
}

int
main(void)
{
	printf("# dice %llu\n", (unsigned long long)dice);
	test_names();
	test_file();
	test_damage();
	test_rules();
	test_bounds();
	test_random();
	test_memory();
	return done_testing();
}
