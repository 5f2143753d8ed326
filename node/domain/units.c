/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "report.h"

#define OF_ALL	UNITS_BY

static const char *const by_name[UNITS_BY + 1] = {
#define X(by, name) [by] = (name),
	UNITS(X)
#undef X
	[OF_ALL] = "all"
};

enum { CONTACTS_STEP = 5, MINUTES_STEP = 60 };

int
units_add(json_t *units, const char *who, int64_t minutes, const char *const value[UNITS_BY])
{
	json_t *one = json_pack("{s:s, s:I}", "who", who, "minutes", (json_int_t)minutes);
	int r = one == NULL ? -ENOMEM : 0;

	for (size_t by = 0; by < UNITS_BY && r == 0; by++)
		if (value[by] != NULL && json_object_set_new(one, by_name[by], json_string(value[by])) != 0)
			r = -ENOMEM;
	return json_array_append_new(units, one) != 0 ? -ENOMEM : r;
}

/* The row of that table in which it is; NULL: it is not of that table. */
static const char *
row_of(const json_t *one, size_t by)
{
	return by == OF_ALL ? by_name[OF_ALL] : json_str(one, by_name[by]);
}

/* So much more for that person among ${people}. */
static int
met(json_t *people, const char *who, int64_t minutes)
{
	json_t *sums = json_inner(people, who);

	return sums == NULL || json_object_set_new(sums, "contacts", json_integer(json_int(sums, "contacts", 0) + 1)) != 0 ||
	    json_object_set_new(sums, "minutes", json_integer(json_int(sums, "minutes", 0) + minutes)) != 0 ? -ENOMEM : 0;
}

/* {VALUE: {PERSON: {contacts, minutes}}}; NULL: out of memory. */
static json_t *
rows_of(const json_t *units, size_t by)
{
	autojson json_t *ret = json_object();
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)units, i, one) {
		const char *value = row_of(one, by);

		if (value != NULL && met(json_inner(ret, value), json_str(one, "who"), json_int(one, "minutes", 0)) != 0)
			return NULL;
	}
	return take(ret);
}

/* What is in rows of too few people of that table is taken away; 1: some was. */
static int
drop_rows(json_t *units, size_t by)
{
	autojson json_t *rows = rows_of(units, by), *kept = json_array();
	json_t *one;
	size_t i;

	if (rows == NULL || kept == NULL)
		return -ENOMEM;
	json_array_foreach(units, i, one) {
		const char *value = row_of(one, by);

		if ((value == NULL || json_object_size(json_object_get(rows, value)) >= REPORT_LEAST) && json_array_append(kept, one) != 0)
			return -ENOMEM;
	}
	if (json_array_size(kept) == json_array_size(units))
		return 0;
	return json_array_clear(units) != 0 || json_array_extend(units, kept) != 0 ? -ENOMEM : 1;
}

/* What is left out of one table may leave too few in a row of another. */
static int
leave_out(json_t *units, bool left[UNITS_BY])
{
	int r;

	for (bool again = true; again;) {
		again = false;
		for (size_t by = 0; by < UNITS_BY; by++) {
			if ((r = drop_rows(units, by)) < 0)
				return r;
			if (r > 0)
				again = left[by] = true;
		}
	}
	return 0;
}

/* How often these people were met, and for how long, where they are enough. */
static int
put_sums(const json_t *people, json_t *out)
{
	int64_t n = (int64_t)json_object_size(people), contacts = 0, minutes = 0;
	const char *who;
	json_t *one;
	bool timed;

	json_object_foreach((json_t *)people, who, one) {
		contacts += json_int(one, "contacts", 0);
		minutes += json_int(one, "minutes", 0);
	}
	timed = minutes > 0;
	if (report_round(contacts, 1, n, CONTACTS_STEP, &contacts) != 0 || report_round(minutes, 1, n, MINUTES_STEP, &minutes) != 0)
		return 0;
	if (json_object_set_new(out, "contacts", json_integer(contacts)) != 0)
		return -ENOMEM;
	return timed && json_object_set_new(out, "minutes", json_integer(minutes)) != 0 ? -ENOMEM : 0;
}

/* ${rows}: in the order of their names, not of who was met first. */
static int
put_rows(const json_t *rows, bool summed, json_t *list)
{
	size_t n = 0, i = 0;
	autofree struct report_row *sums = calloc(json_object_size(rows) + 1, sizeof(*sums));
	const char *value;
	json_t *people;

	if (sums == NULL)
		return -ENOMEM;
	json_object_foreach((json_t *)rows, value, people)
		sums[n++].count = (int64_t)json_object_size(people);
	report_sums(sums, n);
	json_object_foreach((json_t *)rows, value, people) {
		json_t *row = json_pack("{s:s, s:I}", "value", value, "people", (json_int_t)report_people(sums[i].count));

		if (json_array_append_new(list, row) != 0 || (!sums[i++].hidden && summed && put_sums(people, row) != 0))
			return -ENOMEM;
	}
	return 0;
}

/*
 * Nothing, where nothing is of that table.  Records say in public whose a series is and how a program meets: its sum less those of its other
 * rows would tell of a row whose sum is not told.
 */
static int
put_table(const json_t *units, size_t by, bool left, json_t *tables)
{
	autojson json_t *unsorted = rows_of(units, by), *rows = json_sorted(unsorted);
	json_t *list = json_array();
	autojson json_t *table = json_pack("{s:s, s:o, s:s*}", "by", by_name[by], "rows", list, "others", left ?
	    "some are left out, here and of every other number: fewer than 5 people" : NULL);

	if (unsorted == NULL || rows == NULL || table == NULL || put_rows(rows, by != UNITS_PROGRAM, list) != 0)
		return -ENOMEM;
	return json_array_size(list) > 0 && json_array_append(tables, table) != 0 ? -ENOMEM : 0;
}

int
units_tell(json_t *units, json_t **ret)
{
	bool left[UNITS_BY] = { false };
	json_t *tables = json_array();
	autojson json_t *out = json_pack("{s:o}", "tables", tables), *all = NULL;
	const json_t *people;
	int r = out == NULL ? -ENOMEM : leave_out(units, left);

	if (r != 0)
		return r;
	if ((all = rows_of(units, OF_ALL)) == NULL)
		return -ENOMEM;
	if ((people = json_obj(all, by_name[OF_ALL])) == NULL)
		return E_REFUSED;
	if (json_object_set_new(out, "people", json_integer((json_int_t)json_object_size(people))) != 0 || put_sums(people, out) != 0)
		return -ENOMEM;
	for (size_t by = 0; by < UNITS_BY && r == 0; by++)
		r = put_table(units, by, left[by], tables);
	if (r == 0)
		*ret = take(out);
	return r;
}
