/* SPDX-License-Identifier: Apache-2.0 */
#include "opinion.h"

#include <errno.h>
#include <stdlib.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "report.h"

#define NO_PROGRAM	"not_said"

/* ${opinions} is {PERSON: {said, program}}. */
int
opinion_add(json_t *opinions, const char *who, const char *program, json_t *said)
{
	return json_object_set_new(opinions, who, json_pack("{s:O, s:s}", "said", said, "program", program != NULL ? program : NO_PROGRAM)) != 0 ?
	    -ENOMEM : 0;
}

/* The means of these people; of too few none. */
static int
put_means(const json_t *people, json_t *row)
{
	static const char *const asked[] = { "heard", "respected", "chose", "useful" };
	int64_t n = (int64_t)json_object_size(people);

	for (size_t i = 0; i < nelem(asked); i++) {
		int64_t sum = 0, mean;
		const char *who;
		json_t *one;

		json_object_foreach((json_t *)people, who, one)
			sum += json_int(json_obj(one, "said"), asked[i], 0);
		/* Tenths, in halves: 45 is 4.5 of 5. */
		if (report_round(sum * 10, n, n, 5, &mean) == 0 && json_object_set_new(row, asked[i], json_integer(mean)) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* {PROGRAM: {PERSON: {said, program}}}, in the order of their names; NULL: out of memory. */
static json_t *
by_program(const json_t *opinions)
{
	autojson json_t *ret = json_object();
	const char *who;
	json_t *one;

	json_object_foreach((json_t *)opinions, who, one)
		if (json_object_set(json_inner(ret, json_str(one, "program")), who, one) != 0)
			return NULL;
	return json_sorted(ret);
}

static int
put_programs(const json_t *opinions, const char *by, json_t *rows)
{
	autojson json_t *programs = by_program(opinions);
	autofree struct report_row *sums = calloc(json_object_size(programs) + 1, sizeof(*sums));
	const char *program;
	json_t *people;
	size_t n = 0, i = 0;

	if (programs == NULL || sums == NULL)
		return -ENOMEM;
	json_object_foreach(programs, program, people)
		sums[n++].count = (int64_t)json_object_size(people);
	report_sums(sums, n);
	json_object_foreach(programs, program, people) {
		json_t *row;

		if (sums[i++].hidden)
			continue;
		row = json_pack("{s:s, s:s, s:I}", "by", by, "program", program, "people", (json_int_t)report_people((int64_t)json_object_size(people)));
		if (json_array_append_new(rows, row) != 0 || put_means(people, row) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
opinion_tell(const json_t *opinions, const char *by, json_t *rows)
{
	int64_t n = (int64_t)json_object_size(opinions);
	json_t *row;

	if (n < REPORT_SUM_LEAST)
		return 0;
	row = json_pack("{s:s, s:I}", "by", by, "people", (json_int_t)n);
	return json_array_append_new(rows, row) != 0 || put_means(opinions, row) != 0 ? -ENOMEM : put_programs(opinions, by, rows);
}
