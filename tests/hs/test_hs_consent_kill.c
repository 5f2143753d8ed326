/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The member's yes to the words of a consent, with each node killed at each of its commits from then on: what they agreed to is told once,
 * and there is one consent.  HS_POINT and so on: points.h.
 */
#include "chat_consent.h"
#include "points.h"

enum { MEMBER = 2, PIECES = 120 };

static char id[64], code[16];

static bool
is_told(struct host *h)
{
	autojson json_t *there = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", id));

	return json_obj(there, "disclosure") != NULL;
}

static const char *
play(struct host *h)
{
	json_decref(host_ok(h, MEMBER, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", code)));
	for (int i = 0; i < PIECES; i++) {
		host_run(h, 2000);
		if (is_told(h))
			return NULL;
	}
	return "it is never told";
}

static const char *
judge(struct host *h)
{
	autojson json_t *account = NULL, *there = NULL, *here = NULL;
	int consents = 0;
	const json_t *step;
	size_t k;

	host_run(h, 300 * 1000);
	account = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", id));
	there = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", id));
	here = host_ok(h, SOURCE, "show", json_pack("{s:s}", "id", id));
	json_array_foreach(json_arr(there, "history"), k, step)
		consents += !strcmp(json_str(step, "input"), "consent");
	if (json_array_size(json_arr(account, "disclosures")) != 1 || json_array_size(json_arr(account, "consents")) != 1 || consents != 1)
		return "it was not told once";
	if (!json_equal(json_object_get(here, "disclosure"), json_object_get(there, "disclosure")) && json_obj(here, "disclosure") == NULL)
		return "both sides do not have the same";
	if (chat_heard(h, MEMBER, "It is on its way to them") != 1)
		return "the member was not told once";
	return !story_clean(h, SOURCE) || !story_clean(h, TARGET) ? "something is left over" : story_complaints(h) > 0 ? "the homeservers complain" : NULL;
}

static const struct points_story story = {
	.name = "yes", .role = { [SOURCE] = "source", [TARGET] = "target" }, .play = play, .judge = judge,
};

int
main(void)
{
	static const char *const said[] = { "Kay", "2", "+1 201 555 0187", "2", "!skip", "walks", "1", NULL };
	struct host h;

	story_begin(&h, points_seed(212));
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	if (!chat_asks(&h, MEMBER, id))
		host_fail(&h, "the request does not get through");
	consent_accept(&h, id);
	if (!consent_shown(&h, MEMBER, "!consent", said))
		host_fail(&h, "the words are not shown");
	(void)consent_letters(&h, MEMBER, code);
	points_test(&h, &story);
	host_close(&h);
	return points_done();
}
