/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "events.h"

const json_t *
measure_find(const json_t *doc, const char *id)
{
	const json_t *list = json_arr(doc, "measures");

	for (size_t i = 0; i < json_array_size(list) && id != NULL; i++)
		if (strcmp(json_str(json_array_get(list, i), "id"), id) == 0)
			return json_array_get(list, i);
	return NULL;
}

static bool
has_number(const json_t *list, long long n)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_integer_value(json_array_get(list, i)) == n)
			return true;
	return false;
}

static int
check_one(const json_t *doc, const json_t *m, struct err *reterr)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	const char *id = json_str(m, "id");
	const json_t *cuts = json_arr(m, "cuts"), *alarms = json_arr(m, "alarm");
	long long items = json_int(m, "items", 0), from = json_int(m, "from", 0), to = json_int(m, "to", 0);
	long long times = json_int(m, "times", 1), last = -1;

	if (id[strspn(id, small)] != '\0' || measure_find(doc, id) != m)
		return err_set(reterr, E_BAD, "id: small letters, digits and hyphens that no other has are wanted");
	if (from >= to)
		return err_set(reterr, E_BAD, "to: it is not above from");
	if (json_arr(m, "ask") != NULL && json_array_size(json_arr(m, "ask")) != (size_t)items)
		return err_set(reterr, E_BAD, "ask: the words of each item are wanted, or of none");
	if (json_arr(m, "scale") != NULL && json_array_size(json_arr(m, "scale")) != (size_t)(to - from + 1))
		return err_set(reterr, E_BAD, "scale: a word for each answer is wanted, or none at all");
	if (json_int(m, "missing", 0) >= items)
		return err_set(reterr, E_BAD, "missing: one item at least is answered");
	for (size_t i = 0; i < json_array_size(json_arr(m, "reversed")); i++)
		if (json_integer_value(json_array_get(json_arr(m, "reversed"), i)) > items)
			return err_set(reterr, E_BAD, "reversed: there is no such item");
	for (size_t i = 0; i < json_array_size(cuts); i++) {
		long long cut = json_int(json_array_get(cuts, i), "from", 0);

		if (i == 0 ? cut != items * from * times : cut <= last || cut > items * to * times)
			return err_set(reterr, E_BAD, "cuts: upward from the lowest score, none above the highest");
		last = cut;
	}
	for (size_t i = 0; i < json_array_size(alarms); i++) {
		long long least = json_int(json_array_get(alarms, i), "from", 0);

		if (json_int(json_array_get(alarms, i), "item", 0) > items || least < from || least > to)
			return err_set(reterr, E_BAD, "alarm: there is no such item, or no such answer");
	}
	return 0;
}

int
measure_check(const json_t *doc, struct err *reterr)
{
	int r = event_check(&file_measures_desc, doc, reterr);

	for (size_t i = 0; r == 0 && i < json_array_size(json_arr(doc, "measures")); i++)
		if ((r = check_one(doc, json_array_get(json_arr(doc, "measures"), i), reterr)) != 0)
			err_add(reterr, "measures[%zu]", i);
	return r;
}

int
measure_score(const json_t *m, const json_t *items, struct measure_score *ret, struct err *reterr)
{
	const json_t *cuts = json_arr(m, "cuts"), *alarms = json_arr(m, "alarm");
	long long n = json_int(m, "items", 0), from = json_int(m, "from", 0), to = json_int(m, "to", 0), sum = 0, answered = 0;
	struct measure_score s = { 0 };

	for (size_t i = 0; i < json_array_size(alarms); i++) {
		const json_t *answer = json_array_get(items, (size_t)json_int(json_array_get(alarms, i), "item", 1) - 1);

		s.alarm = s.alarm || (answer != NULL && json_integer_value(answer) >= json_int(json_array_get(alarms, i), "from", 0));
	}
	ret->alarm = s.alarm;
	if (json_array_size(items) != (size_t)n)
		return err_set(reterr, E_BAD, "items: %lld answers are wanted", n);
	for (size_t i = 0; i < (size_t)n; i++) {
		long long answer = json_integer_value(json_array_get(items, i));

		if (answer == -1)
			continue;
		if (answer < from || answer > to)
			return err_set(reterr, E_BAD, "items[%zu]: between %lld and %lld is wanted, or -1 for no answer", i, from, to);
		sum += has_number(json_arr(m, "reversed"), (long long)i + 1) ? from + to - answer : answer;
		answered++;
	}
	if (answered == 0 || n - answered > json_int(m, "missing", 0))
		return err_set(reterr, E_BAD, "items: too few are answered to count them");
	/* Whoever left some out has them counted like the others; a half counts up. */
	s.score = (2 * sum * n + answered) / (2 * answered) * json_int(m, "times", 1);
	for (size_t i = 0; i < json_array_size(cuts); i++)
		if (s.score >= json_int(json_array_get(cuts, i), "from", 0))
			s.says = json_str(json_array_get(cuts, i), "says");
	*ret = s;
	return 0;
}
