/* SPDX-License-Identifier: Apache-2.0 */
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "report.h"

enum by { OF_ALL, BY_MODALITY, BY_MONTH };

static const char *const by_name[] = { "all", "modality", "month" };

enum { CONTACTS_STEP = 5, MINUTES_STEP = 60 };

/* So much more for that person among ${people}. */
static int
met(json_t *people, const char *who, int64_t contacts, int64_t minutes)
{
	json_t *one = json_inner(people, who);

	return one == NULL || json_object_set_new(one, "contacts", json_integer(json_int(one, "contacts", 0) + contacts)) != 0 ||
	    json_object_set_new(one, "minutes", json_integer(json_int(one, "minutes", 0) + minutes)) != 0 ? -ENOMEM : 0;
}

/* ${units} is {MODALITY: {MONTH: {PERSON: {contacts, minutes}}}}. */
int
units_add(json_t *units, const char *who, const char *modality, const char *month, int64_t minutes)
{
	return met(json_inner(json_inner(units, modality), month), who, 1, minutes);
}

/* {VALUE: {PERSON: {contacts, minutes}}}; NULL: out of memory. */
static json_t *
rows_of(const json_t *units, enum by by)
{
	autojson json_t *ret = json_object();
	const char *modality, *month, *who;
	json_t *months, *people, *one;

	json_object_foreach((json_t *)units, modality, months)
		json_object_foreach(months, month, people) {
			json_t *row = json_inner(ret, by == BY_MODALITY ? modality : by == BY_MONTH ? month : by_name[OF_ALL]);

			json_object_foreach(people, who, one)
				if (met(row, who, json_int(one, "contacts", 0), json_int(one, "minutes", 0)) != 0)
					return NULL;
		}
	return take(ret);
}

static void
drop_row(json_t *units, enum by by, const char *value)
{
	const char *modality;
	json_t *months;

	if (by == BY_MODALITY)
		(void)json_object_del(units, value);
	else
		json_object_foreach(units, modality, months)
			(void)json_object_del(months, value);
}

/* What is left out of one table may leave too few in a row of the other. */
static int
leave_out(json_t *units, bool left[])
{
	for (bool again = true; again;) {
		again = false;
		for (enum by by = BY_MODALITY; by <= BY_MONTH; by++) {
			autojson json_t *rows = rows_of(units, by);
			const char *value;
			json_t *people;

			if (rows == NULL)
				return -ENOMEM;
			json_object_foreach(rows, value, people) {
				if (json_object_size(people) >= REPORT_LEAST)
					continue;
				drop_row(units, by, value);
				again = left[by] = true;
			}
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

	json_object_foreach((json_t *)people, who, one) {
		contacts += json_int(one, "contacts", 0);
		minutes += json_int(one, "minutes", 0);
	}
	if (report_round(contacts, 1, n, CONTACTS_STEP, &contacts) != 0 || report_round(minutes, 1, n, MINUTES_STEP, &minutes) != 0)
		return 0;
	return json_object_set_new(out, "contacts", json_integer(contacts)) != 0 || json_object_set_new(out, "minutes", json_integer(minutes)) != 0 ?
	    -ENOMEM : 0;
}

/* ${rows}: in the order of their names, not of who was met first. */
static int
put_rows(const json_t *rows, json_t *list)
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

		if (json_array_append_new(list, row) != 0 || (!sums[i++].hidden && put_sums(people, row) != 0))
			return -ENOMEM;
	}
	return 0;
}

static int
put_table(const json_t *units, enum by by, bool left, json_t *tables)
{
	autojson json_t *unsorted = rows_of(units, by), *rows = json_sorted(unsorted);
	json_t *list = json_array();
	autojson json_t *table = json_pack("{s:s, s:o, s:s*}", "by", by_name[by], "rows", list, "others", left ?
	    "some are left out, here and of every other number: fewer than 5 people" : NULL);

	return unsorted == NULL || rows == NULL || table == NULL || put_rows(rows, list) != 0 || json_array_append(tables, table) != 0 ? -ENOMEM : 0;
}

int
units_tell(json_t *units, json_t **ret)
{
	bool left[BY_MONTH + 1] = { false };
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
	if (json_object_set_new(out, "people", json_integer((json_int_t)json_object_size(people))) != 0 || put_sums(people, out) != 0 ||
	    put_table(units, BY_MODALITY, left[BY_MODALITY], tables) != 0 || put_table(units, BY_MONTH, left[BY_MONTH], tables) != 0)
		return -ENOMEM;
	*ret = take(out);
	return 0;
}
