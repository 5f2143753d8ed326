/* SPDX-License-Identifier: Apache-2.0 */
#include "telling.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"

static bool
is(const json_t *content, const char *key, const char *value)
{
	const char *text = json_str(content, key);

	return text != NULL && !strcmp(text, value);
}

static bool
says_facts(const json_t *content)
{
	const json_t *info = json_obj(content, "info");

	return is(content, "change", "give_info") && json_object_size(info) > (json_object_get(info, "not_said") != NULL);
}

/* Of the reasons these are the program's: that it has no place, and what it is for. */
static bool
says_why(const json_t *content)
{
	return is(content, "decision", "decline") && (json_object_get(content, "reason_text") != NULL ||
	    !(is(content, "reason", "no_capacity") || is(content, "reason", TELLING_NEUTRAL)));
}

bool
telling_says(const json_t *content)
{
	return says_facts(content) || says_why(content);
}

/* The facts become what is not said of them. */
static int
unsay(json_t *content)
{
	json_t *info = json_obj(content, "info"), *not_said = json_array(), *value;
	autojson json_t *bare = json_pack("{s:o}", "not_said", not_said);
	const char *key;
	size_t i;

	if (bare == NULL)
		return -ENOMEM;
	json_object_foreach(info, key, value)
		if (strcmp(key, "not_said") != 0 && json_array_append_new(not_said, json_string(key)) != 0)
			return -ENOMEM;
	json_array_foreach(json_arr(info, "not_said"), i, value)
		if (json_object_get(info, json_string_value(value)) == NULL && json_array_append(not_said, value) != 0)
			return -ENOMEM;
	return json_object_set(content, "info", bare) != 0 || json_object_set_new(content, "body",
	    json_string("The answer to the question: it is not said.")) != 0 ? -ENOMEM : 0;
}

int
telling_bare(json_t *content)
{
	bool facts = says_facts(content);

	if (!facts && !says_why(content))
		return 0;
	/* What discloses nothing goes under no consent. */
	(void)json_object_del(content, "notice");
	(void)json_object_del(content, "scope");
	if (facts)
		return unsay(content);
	(void)json_object_del(content, "reason_text");
	return json_object_set_new(content, "reason", json_string(TELLING_NEUTRAL)) != 0 || json_object_set_new(content, "body",
	    json_string("The request is declined. " TELLING_NEUTRAL ".")) != 0 ? -ENOMEM : 0;
}
