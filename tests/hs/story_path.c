/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "story_path.h"

enum { PIECE_MS = 2000, PIECES = 300 /* Ten minutes. */, TRIES = 5 };

/*
 * The operator repeats a command until it was answered; a refusal of one whose reply was lost is looked into by the oracle.
 */

const char *
story_insist(struct host *h, size_t i, const char *verb, json_t *args, bool (*done)(struct host *))
{
	const char *wrong = "the operator is never answered";
	bool lost = false;

	for (int tries = 0; tries < TRIES; tries++) {
		autojson json_t *reply = host_command(h, i, verb, json_deep_copy(args));

		if (reply == NULL) {
			lost = true;
			if (done != NULL && done(h))
				break;
			continue;
		}
		wrong = lost || json_is_true(json_object_get(reply, "ok")) ? NULL : "a command was refused";
		if (wrong != NULL)
			printf("# %s: %s\n", verb, json_str(reply, "error"));
		break;
	}
	json_decref(args);
	return lost && done != NULL && done(h) ? NULL : wrong;
}

/* What makes something new is not repeated before the operator has looked: the id of what is in the list and was not there. */
const char *
story_make(struct host *h, size_t i, const char *verb, json_t *args, const char *key, const char *list, char made[32])
{
	autojson json_t *before = story_list(h, i, list), *reply = NULL;

	*made = '\0';
	for (int tries = 0; tries < TRIES && *made == '\0'; tries++) {
		autojson json_t *after = NULL;

		json_decref(reply);
		reply = host_command(h, i, verb, json_deep_copy(args));
		if (reply != NULL) {
			(void)snprintf(made, 32, "%s", json_str(json_obj(reply, "result"), key) != NULL ?
			    json_str(json_obj(reply, "result"), key) : "");
			break;
		}
		after = story_list(h, i, list);
		for (size_t k = 0; k < json_array_size(after); k++) {
			const char *id = json_str(json_array_get(after, k), "id");
			bool old = false;

			for (size_t n = 0; n < json_array_size(before); n++)
				old |= !strcmp(json_str(json_array_get(before, n), "id"), id);
			if (!old)
				(void)snprintf(made, 32, "%s", id);
		}
	}
	json_decref(args);
	if (*made == '\0' && reply != NULL)
		printf("# %s: %s\n", verb, json_str(reply, "error"));
	return *made != '\0' ? NULL : "what was to be made is not there";
}

const char *
story_await(struct host *h, bool (*done)(struct host *))
{
	for (int k = 0; k < PIECES; k++) {
		host_run(h, PIECE_MS);
		if (done(h))
			return NULL;
	}
	return "it never comes about";
}

/*
 * The oracle.
 */

bool
story_known(struct host *h, size_t i, const char *id)
{
	autojson json_t *items = story_list(h, i, "referrals");

	for (size_t k = 0; k < json_array_size(items); k++)
		if (!strcmp(json_str(json_array_get(items, k), "id"), id))
			return true;
	return false;
}

bool
story_both(struct host *h, const struct referral_story *s, const char *state)
{
	return story_known(h, SOURCE, s->id) && story_known(h, TARGET, s->id) && refer_state(h, SOURCE, s, state) && refer_state(h, TARGET, s, state);
}

/* Nothing is under way, waits or was rejected, on either side. */
const char *
story_at_rest(struct host *h)
{
	for (size_t i = SOURCE; i <= TARGET; i++)
		if (!story_clean(h, i))
			return "something waits or was rejected";
		else if (story_count(h, i, "outbox") > 0)
			return "something is still to be sent";
	return story_complaints(h) > 0 ? "the homeservers complain" : NULL;
}

/* Exactly these steps, on both sides, and the same last one. */
const char *
story_went(struct host *h, const struct referral_story *s, const char *steps)
{
	autojson json_t *a = refer_show(h, SOURCE, s), *b = refer_show(h, TARGET, s);

	for (size_t i = SOURCE; i <= TARGET; i++) {
		const json_t *shown = i == SOURCE ? a : b, *line;
		char text[200] = "";
		size_t k;

		json_array_foreach(json_arr(shown, "history"), k, line) {
			const char *input = json_str(line, "input");

			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", k > 0 ? " " : "", input);
		}
		if (strcmp(text, steps) != 0) {
			printf("# %s: %s\n", h->node[i].name, text);
			return "the history is another one";
		}
		if (json_object_get(shown, "untold") != NULL || json_object_get(shown, "overtaken") != NULL)
			return "a step does not count";
	}
	return json_equal(json_object_get(a, "last_step"), json_object_get(b, "last_step")) ? NULL : "they end at different steps";
}
