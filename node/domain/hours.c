/* SPDX-License-Identifier: Apache-2.0 */
#include "hours.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "schedule.h"

static const char *const days[7] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const words[7] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

/* One window's days follow each other, over the end of the week if need be. */
static json_t *
typed(const struct schedule *s)
{
	int first = 0, n = 0, closes = s->closes % (24 * 60);	/* Not later than it opens: of the next day. */

	while (first < 6 && !(s->by_day[first] != 0 && s->by_day[(first + 6) % 7] == 0))
		first++;
	while (n < 6 && s->by_day[(first + n + 1) % 7] != 0)
		n++;
	return json_pack("{s:s, s:s, s:o, s:o}", "from", days[first], "to", days[(first + n) % 7], "opens",
	    json_sprintf("%02d:%02d", s->opens / 60, s->opens % 60), "closes", json_sprintf("%02d:%02d", closes / 60, closes % 60));
}

int
hours_typed(const char *text, json_t **ret)
{
	struct schedule windows[SCHEDULE_WINDOWS];
	size_t n = schedule_windows(text, windows, NULL);
	autojson json_t *list = json_array();

	if (n == 0)
		return E_BAD;
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, typed(&windows[i])) != 0)
			return -ENOMEM;
	*ret = take(list);
	return 0;
}

static int
day_of(const char *name)
{
	for (int i = 0; i < 7 && name != NULL; i++)
		if (!strcmp(days[i], name))
			return i;
	return -1;
}

int
hours_text(const json_t *list, struct buf *out)
{
	const json_t *one;
	size_t i;
	int r = 0;

	json_array_foreach(list, i, one) {
		int from = day_of(json_str(one, "from")), to = day_of(json_str(one, "to"));
		const char *opens = json_str(one, "opens"), *closes = json_str(one, "closes");
		const char *comma = i > 0 ? ", " : "";

		if (from < 0 || to < 0 || opens == NULL || closes == NULL)
			return E_BAD;
		r = (from + 6) % 7 == to ? buf_printf(out, "%sdaily %s-%s", comma, opens, closes) :
		    from == to ? buf_printf(out, "%s%s %s-%s", comma, words[from], opens, closes) :
		    buf_printf(out, "%s%s-%s %s-%s", comma, words[from], words[to], opens, closes);
		if (r != 0)
			return r;
	}
	return 0;
}
