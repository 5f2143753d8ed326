/* SPDX-License-Identifier: Apache-2.0 */
#include "zone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "when.h"

enum {
	HEADER = 44,
	TYPES = 256,
	OFFSETS = TYPES + 2,		/* Of all types, and of the rule. */
	OFFSET_MIN = -89999, OFFSET_MAX = 93599,	/* RFC 9636, 3.2. */
	DAY = 86400,
	LAST_DAY = 2932896,		/* 9999-12-31; far enough into the past, too. */
};

/* When a year's clocks change: RFC 9636, 3.3.1, as POSIX writes TZ. */
struct change {
	char		 form;		/* 'M' month.week.day, 'J' day without 29 February, '0' day. */
	int		 month, week, day;
	int		 seconds;	/* After local midnight; may be of another day. */
};

struct zone {
	size_t		 n;
	int64_t		*at;		/* Instants, ascending. */
	uint8_t		*type;		/* From then on. */
	int32_t		 offset[TYPES];
	bool		 has_rule, has_dst;
	int32_t		 std, dst;
	struct change	 begins, ends;	/* Of daylight-saving time. */
	int32_t		 offsets[OFFSETS];	/* All that there are. */
	size_t		 n_offsets;
};

bool
zone_is_name(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > ZONE_NAME_MAX || text[0] == '/' || text[n - 1] == '/' || text[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		    c == '+' || c == '-' || (c == '/' && text[i + 1] != '/')))
			return false;
	}
	return true;
}

/* ---- The file. ---- */

struct input {
	const uint8_t	*p;
	size_t		 left;
};

struct counts {
	uint32_t	 isut, isstd, leap, time, type, chars;
};

static int64_t
big_endian(const uint8_t *p, size_t n)
{
	uint64_t u = p[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++)
		u = u << 8 | p[i];
	return (int64_t)u;
}

static int
take_header(struct input *in, char *ret_version, struct counts *ret)
{
	uint32_t *field[] = { &ret->isut, &ret->isstd, &ret->leap, &ret->time, &ret->type, &ret->chars };

	if (in->left < HEADER || memcmp(in->p, "TZif", 4) != 0)
		return E_BAD;
	*ret_version = (char)in->p[4];
	for (size_t i = 0; i < nelem(field); i++) {
		*field[i] = (uint32_t)big_endian(in->p + 20 + 4 * i, 4);
		if (*field[i] > ZONE_FILE_MAX)
			return E_BAD;
	}
	in->p += HEADER;
	in->left -= HEADER;
	return 0;
}

static size_t
block_size(const struct counts *c, size_t width)
{
	return (size_t)c->time * (width + 1) + (size_t)c->type * 6 + c->chars + (size_t)c->leap * (width + 4) +
	    c->isstd + c->isut;
}

/* The transitions and types of a block that is whole. */
static int
read_block(struct zone *z, const uint8_t *p, const struct counts *c, size_t width)
{
	const uint8_t *types = p + (size_t)c->time * width, *info = types + c->time;

	if (c->type == 0 || c->type > TYPES || (c->isstd != 0 && c->isstd != c->type) ||
	    (c->isut != 0 && c->isut != c->type))
		return E_BAD;
	z->at = calloc(c->time + 1u, sizeof(*z->at));
	z->type = calloc(c->time + 1u, sizeof(*z->type));
	if (z->at == NULL || z->type == NULL)
		return -ENOMEM;
	z->n = c->time;
	for (size_t i = 0; i < z->n; i++) {
		z->at[i] = big_endian(p + i * width, width);
		z->type[i] = types[i];
		if (types[i] >= c->type || (i > 0 && z->at[i] <= z->at[i - 1]))
			return E_BAD;
	}
	for (size_t i = 0; i < c->type; i++) {
		int64_t offset = big_endian(info + i * 6, 4);

		if (offset < OFFSET_MIN || offset > OFFSET_MAX || info[i * 6 + 4] > 1 || info[i * 6 + 5] >= c->chars)
			return E_BAD;
		z->offset[i] = (int32_t)offset;
	}
	return 0;
}

/* ---- The rule behind the last transition. ---- */

static bool
take_int(const char **p, int max, int *ret)
{
	int value = 0;
	const char *start = *p;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		value = value * 10 + (**p - '0');
		if (value > max)
			return false;
	}
	*ret = value;
	return *p > start;
}

/* "[+-]hh[:mm[:ss]]" */
static bool
take_time(const char **p, int max_hours, int *ret)
{
	int sign = 1, h, m = 0, s = 0;

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!take_int(p, max_hours, &h))
		return false;
	if (**p == ':' && (++*p, !take_int(p, 59, &m)))
		return false;
	if (**p == ':' && (++*p, !take_int(p, 59, &s)))
		return false;
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

/* "CET" or "<+03>" */
static bool
take_name(const char **p)
{
	bool quoted = **p == '<';
	const char *start = *p += quoted;

	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z') ||
	    (quoted && ((**p >= '0' && **p <= '9') || **p == '+' || **p == '-')))
		(*p)++;
	if (*p - start < 3)
		return false;
	return !quoted || *(*p)++ == '>';
}

static bool
take_change(const char **p, struct change *ret)
{
	*ret = (struct change){ .form = '0', .seconds = 2 * 3600 };
	if (*(*p)++ != ',')
		return false;
	if (**p == 'M') {
		ret->form = *(*p)++;
		if (!take_int(p, 12, &ret->month) || ret->month < 1 || *(*p)++ != '.' || !take_int(p, 5, &ret->week) ||
		    ret->week < 1 || *(*p)++ != '.' || !take_int(p, 6, &ret->day))
			return false;
	} else {
		if (**p == 'J')
			ret->form = *(*p)++;
		if (!take_int(p, 365, &ret->day) || (ret->form == 'J' && ret->day < 1))
			return false;
	}
	return **p != '/' || (++*p, take_time(p, 167, &ret->seconds));
}

/* "CET-1CEST,M3.5.0,M10.5.0/3"; "": none. */
static int
read_rule(struct zone *z, const char *text)
{
	int west;

	if (*text == '\0')
		return 0;
	if (!take_name(&text) || !take_time(&text, 24, &west))
		return E_BAD;
	z->has_rule = true;
	z->std = -west;
	if (*text == '\0')
		return 0;
	z->dst = z->std + 3600;
	if (!take_name(&text))
		return E_BAD;
	if (*text != ',') {
		if (!take_time(&text, 24, &west))
			return E_BAD;
		z->dst = -west;
	}
	z->has_dst = true;
	return take_change(&text, &z->begins) && take_change(&text, &z->ends) && *text == '\0' ? 0 : E_BAD;
}

/* The local time of a change in seconds, by the offset that holds before it. */
static int64_t
change_in(const struct change *c, int year)
{
	int64_t day = when_days(year, 1, 1), next;

	if (c->form == '0')
		day += c->day;
	else if (c->form == 'J')
		day += c->day - 1 + (c->day >= 60 && when_days(year, 3, 1) - day == 60);
	else {
		day = when_days(year, c->month, 1);
		next = c->month == 12 ? when_days(year + 1, 1, 1) : when_days(year, c->month + 1, 1);
		/* 1970-01-01 was a Thursday; Sunday is 0 here. */
		day += ((c->day - (day + 4)) % 7 + 7) % 7 + (int64_t)(c->week - 1) * 7;
		while (day >= next)
			day -= 7;
	}
	return day * DAY + c->seconds;
}

static int
rule_offset(const struct zone *z, int64_t instant)
{
	int64_t day = instant / DAY - (instant % DAY < 0), latest = INT64_MIN;
	int year, month, dom, ret = z->std;

	if (!z->has_dst || day < -LAST_DAY || day > LAST_DAY)
		return z->std;
	when_split(day, &year, &month, &dom);
	/* A change may fall, by its seconds, into the year before or after.  Where one
	 * ends as the next begins, it has not ended. */
	for (int y = year - 1; y <= year + 1; y++) {
		int64_t ends = change_in(&z->ends, y) - z->dst, begins = change_in(&z->begins, y) - z->std;

		if (ends <= instant && ends > latest) {
			latest = ends;
			ret = z->std;
		}
		if (begins <= instant && begins >= latest) {
			latest = begins;
			ret = z->dst;
		}
	}
	return ret;
}

static void
add_offset(struct zone *z, int32_t offset)
{
	for (size_t i = 0; i < z->n_offsets; i++)
		if (z->offsets[i] == offset)
			return;
	z->offsets[z->n_offsets++] = offset;
}

static int
parse(struct input in, struct zone *z, struct err *reterr)
{
	struct counts c;
	char version, footer[256];
	size_t width = 4, len;
	const char *end;
	int r;

	if (take_header(&in, &version, &c) != 0)
		return err_set(reterr, E_BAD, "no time zone file");
	if (version >= '2') {
		if (in.left < block_size(&c, 4))
			return err_set(reterr, E_BAD, "time zone file is cut off");
		in.p += block_size(&c, 4);
		in.left -= block_size(&c, 4);
		width = 8;
		if (take_header(&in, &version, &c) != 0)
			return err_set(reterr, E_BAD, "time zone file lacks its second part");
	}
	if (in.left < block_size(&c, width))
		return err_set(reterr, E_BAD, "time zone file is cut off");
	if (c.leap != 0)
		return err_set(reterr, E_REFUSED, "time zone file counts leap seconds");
	if ((r = read_block(z, in.p, &c, width)) != 0)
		return r < 0 ? r : err_set(reterr, E_BAD, "time zone file contradicts itself");
	for (size_t i = 0; i < c.type; i++)
		add_offset(z, z->offset[i]);
	if (width == 4)
		return 0;
	in.p += block_size(&c, width);
	in.left -= block_size(&c, width);
	if (in.left < 2 || in.p[0] != '\n' || (end = memchr(in.p + 1, '\n', in.left - 1)) == NULL ||
	    (len = (size_t)(end - (const char *)in.p) - 1) >= sizeof(footer) || memchr(in.p, '\0', len + 1) != NULL)
		return err_set(reterr, E_BAD, "time zone file lacks its last line");
	memcpy(footer, in.p + 1, len);
	footer[len] = '\0';
	if (read_rule(z, footer) != 0)
		return err_set(reterr, E_BAD, "time zone file has a rule that cannot be read");
	if (z->has_rule)
		add_offset(z, z->std);
	if (z->has_dst)
		add_offset(z, z->dst);
	return 0;
}

int
zone_parse(const void *data, size_t len, struct zone **ret, struct err *reterr)
{
	autozone struct zone *z = NULL;
	int r;

	if (len > ZONE_FILE_MAX)
		return err_set(reterr, E_BAD, "time zone file has more than %d bytes", ZONE_FILE_MAX);
	if ((z = calloc(1, sizeof(*z))) == NULL)
		return -ENOMEM;
	if ((r = parse((struct input){ data, len }, z, reterr)) != 0)
		return r;
	*ret = take(z);
	return 0;
}

void
zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	free(z->at);
	free(z->type);
	free(z);
}

int
zone_offset(const struct zone *z, int64_t instant)
{
	size_t low = 0, high = z->n;

	while (low < high) {	/* The number of transitions up to then. */
		size_t mid = low + (high - low) / 2;

		if (z->at[mid] <= instant)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->n && z->has_rule)
		return rule_offset(z, instant);
	return z->offset[low == 0 ? 0 : z->type[low - 1]];
}

enum zone_times
zone_instant(const struct zone *z, int64_t local, int64_t *ret)
{
	int64_t found = 0, before;
	unsigned n = 0;

	for (size_t i = 0; i < z->n_offsets; i++) {
		int64_t instant = local - z->offsets[i];

		if (zone_offset(z, instant) != z->offsets[i])
			continue;
		found = n++ == 0 || instant < found ? instant : found;
	}
	if (n > 0) {
		*ret = found;
		return n == 1 ? ZONE_ONCE : ZONE_TWICE;
	}
	/* In a gap, and before it the offset was the smaller one. */
	before = zone_offset(z, local);
	for (size_t i = 0; i < z->n_offsets; i++) {
		int later = zone_offset(z, local - z->offsets[i]);

		if (later > z->offsets[i] && zone_offset(z, local - later) == z->offsets[i])
			before = z->offsets[i];
	}
	*ret = local - before;
	return ZONE_NEVER;
}
