/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other ways that a referral can go, and what staff do beside it, each with one death at each named point; see points.h.  (From
 * the first word to closed: test_hs_kill.c.)  Every story goes on from the same beginning; HS_LONG=1 kills at each point, else at a few.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "points.h"
#include "story_path.h"

enum { QUIET_MS = 300 * 1000, LASTS_MS = 120 * 1000, FEW = 2 };
enum path { REVOKE, WAIT, FORWARD, ERASE, UNTOLD, CASE, PATHS };

static struct referral_story told[PATHS];
static char made[32];		/* A case, a child, a match. */
static const char *mute;	/* The node of whom the homeserver takes no event. */

/*
 * A consent is taken back; the other side acknowledges, and asks what was told (docs/adr/0029).
 */

static const json_t *
first(const json_t *account, const char *what)
{
	return json_array_get(json_arr(account, what), 0);
}

static bool
is_revoked(struct host *h)
{
	autojson json_t *account = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", told[REVOKE].id));
	const json_t *one = json_array_get(json_arr(first(account, "consents"), "told"), 0);

	return story_both(h, &told[REVOKE], "ended") && one != NULL && !strcmp(json_str(one, "state"), "acknowledged");
}

static const char *
play_revoke(struct host *h)
{
	const char *wrong = story_insist(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", told[REVOKE].id, "how", "phone", "recorded_by",
	    "K. Lind"), NULL);

	return wrong != NULL ? wrong : story_await(h, is_revoked);
}

static const char *
judge_revoke(struct host *h)
{
	host_run(h, QUIET_MS);
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *account = host_ok(h, i, "accounting", json_pack("{s:s}", "id", told[REVOKE].id));

		if (json_array_size(json_arr(account, "consents")) != 1 || strcmp(json_str(first(account, "consents"), "state"), "revoked") != 0)
			return "not exactly one consent, revoked";
		if (json_array_size(json_arr(account, "disclosures")) != 1)
			return "not exactly one disclosure";
	}
	return !is_revoked(h) ? "the revocation is forgotten" : story_at_rest(h) != NULL ? story_at_rest(h) :
	    story_went(h, &told[REVOKE], "send receive accept consent engage revoke");
}

/*
 * A waiting list, and a withdrawal from it.
 */

/* Once more would be a review of the list. */
static bool
is_listed(struct host *h)
{
	autojson json_t *shown = refer_show(h, TARGET, &told[WAIT]);

	return refer_count(shown, "waitlist") > 0;
}

static bool
is_waiting(struct host *h)
{
	return story_both(h, &told[WAIT], "waitlisted");
}

static bool
is_withdrawn(struct host *h)
{
	return story_both(h, &told[WAIT], "ended");
}

static const char *
play_withdraw(struct host *h)
{
	const char *wrong = story_insist(h, TARGET, "waitlist", json_pack("{s:s}", "referral", told[WAIT].id), is_listed);

	if (wrong != NULL || (wrong = story_await(h, is_waiting)) != NULL)
		return wrong;
	wrong = story_insist(h, SOURCE, "withdraw", json_pack("{s:s}", "id", told[WAIT].id), NULL);
	return wrong != NULL ? wrong : story_await(h, is_withdrawn);
}

static const char *
judge_withdraw(struct host *h)
{
	host_run(h, QUIET_MS);
	return story_at_rest(h) != NULL ? story_at_rest(h) : story_went(h, &told[WAIT], "send receive waitlist withdraw");
}

/*
 * Forwarded, and on as a child.
 */

static bool
is_forwarded(struct host *h)
{
	return story_both(h, &told[FORWARD], "forwarded");
}

static bool
has_child(struct host *h)
{
	struct referral_story child = { 0 };

	memcpy(child.id, made, sizeof(child.id));
	return story_both(h, &child, "received");
}

static json_t *
refer_one(struct host *h, const struct referral_story *s, const char *key, const char *value)
{
	json_t *args = refer_args(h, s, STORY_REFER);

	(void)json_object_set_new(args, key, json_string(value));
	return args;
}

static const char *
play_forward(struct host *h)
{
	const char *wrong = story_insist(h, TARGET, "forward", json_pack("{s:s, s:s}", "referral", told[FORWARD].id, "to", told[FORWARD].specialist), NULL);

	if (wrong != NULL || (wrong = story_await(h, is_forwarded)) != NULL)
		return wrong;
	wrong = story_make(h, SOURCE, "refer", refer_one(h, &told[FORWARD], "part_of", told[FORWARD].id), "referral", "referrals", made);
	return wrong != NULL ? wrong : story_await(h, has_child);
}

static const char *
judge_forward(struct host *h)
{
	autojson json_t *shown = NULL;
	struct referral_story child = { 0 };
	const char *wrong;

	host_run(h, QUIET_MS);
	memcpy(child.id, made, sizeof(child.id));
	shown = refer_show(h, SOURCE, &told[FORWARD]);
	if (json_array_size(json_arr(shown, "went_on_as")) != 1 || strcmp(json_string_value(first(shown, "went_on_as")), made) != 0)
		return "not exactly one child";
	if ((wrong = story_at_rest(h)) != NULL || (wrong = story_went(h, &told[FORWARD], "send receive forward")) != NULL)
		return wrong;
	return story_went(h, &child, "send receive");
}

/*
 * Somebody is forgotten, by both.
 */

static bool
is_answered(struct host *h, size_t i, const char *by, const char *state)
{
	autojson json_t *items = story_list(h, i, "erasures");
	const json_t *item;
	size_t k, n = 0;

	json_array_foreach(items, k, item)
		n += json_str(item, "org") != NULL && !strcmp(json_str(item, "by"), by) && !strcmp(json_str(item, "state"), state);
	return n == 1 && json_array_size(items) > 0;
}

static bool
is_asked(struct host *h)
{
	return is_answered(h, TARGET, "them", "asked") && is_answered(h, SOURCE, "us", "asked");
}

static bool
is_erased(struct host *h)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *shown = refer_show(h, i, &told[ERASE]);

		if (strcmp(json_str(shown, "state"), "erased") != 0)
			return false;
	}
	return is_answered(h, TARGET, "them", "erased") && is_answered(h, SOURCE, "us", "erased");
}

static const char *
play_erase(struct host *h)
{
	const char *id = told[ERASE].id, *wrong = story_insist(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", id, "confirm", id), NULL);

	if (wrong != NULL || (wrong = story_await(h, is_asked)) != NULL)
		return wrong;
	wrong = story_insist(h, TARGET, "erase", json_pack("{s:s, s:s}", "id", id, "confirm", id), NULL);
	return wrong != NULL ? wrong : story_await(h, is_erased);
}

static const char *
judge_erase(struct host *h)
{
	host_run(h, QUIET_MS);
	if (!is_erased(h) || story_known(h, SOURCE, told[ERASE].id) || story_known(h, TARGET, told[ERASE].id))
		return "it is known";
	if (story_count(h, SOURCE, "erasures") != 2 || story_count(h, TARGET, "erasures") != 2)
		return "not exactly one erasure, and one that was asked for";
	return story_at_rest(h);
}

/*
 * What became of the member, said under a consent that ends before it leaves: it is asked for, and taken back (docs/adr/0029).
 */

static bool
is_consented(struct host *h)
{
	autojson json_t *ours = refer_show(h, SOURCE, &told[UNTOLD]), *theirs = refer_show(h, TARGET, &told[UNTOLD]);

	return refer_count(ours, "consent") == 1 && refer_count(theirs, "consent") == 1;
}

static bool
is_engaged(struct host *h)
{
	return refer_state(h, TARGET, &told[UNTOLD], "engaged");
}

static bool
is_settled(struct host *h)
{
	autojson json_t *ours = refer_show(h, SOURCE, &told[UNTOLD]), *theirs = refer_show(h, TARGET, &told[UNTOLD]);
	const json_t *untold = json_arr(theirs, "untold");

	return story_both(h, &told[UNTOLD], "accepted") && json_equal(json_object_get(ours, "last_step"), json_object_get(theirs, "last_step")) &&
	    json_array_size(untold) == 1 && !strcmp(json_str(json_array_get(untold, 0), "input"), "engage") &&
	    json_object_get(ours, "untold") == NULL && json_object_get(ours, "overtaken") == NULL;
}

static const char *
play_untold(struct host *h)
{
	json_t *args = refer_args(h, &told[UNTOLD], STORY_CONSENT);
	const char *wrong;

	hs_script(h->hs, &(struct hs_script){ .request = story_muted, .cookie = &mute });
	(void)json_object_set_new(json_obj(json_obj(args, "consent"), "expires"), "at", json_integer(*h->now + LASTS_MS));
	if ((wrong = story_insist(h, SOURCE, "consent", args, is_consented)) != NULL || (wrong = story_await(h, is_consented)) != NULL)
		return wrong;
	mute = TARGET_USER;
	wrong = story_insist(h, TARGET, "engage", json_pack("{s:s}", "referral", told[UNTOLD].id), is_engaged);
	if (wrong == NULL && !is_engaged(h))
		wrong = "the step is forgotten";
	host_run(h, LASTS_MS);
	mute = NULL;
	return wrong != NULL ? wrong : story_await(h, is_settled);
}

static const char *
judge_untold(struct host *h)
{
	host_run(h, QUIET_MS);
	return !is_settled(h) ? "the two are not where both know of" : story_at_rest(h);
}

/*
 * A case that staff open, referred: when it is accepted there is one call to make.
 */

static bool
is_received(struct host *h)
{
	return story_both(h, &told[CASE], "received");
}

static bool
is_to_be_called(struct host *h)
{
	return story_both(h, &told[CASE], "accepted") && story_count(h, SOURCE, "tasks") == 1;
}

static const char *
play_case(struct host *h)
{
	const char *wrong = story_make(h, SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Kim", "phone", "+15550100",
	    "leave_message", 0), "case", "cases", made);

	if (wrong != NULL || (wrong = story_make(h, SOURCE, "refer", refer_one(h, &told[CASE], "case", made), "referral", "referrals", made)) != NULL)
		return wrong;
	memcpy(told[CASE].id, made, sizeof(told[CASE].id));
	if ((wrong = story_await(h, is_received)) != NULL)
		return wrong;
	wrong = story_insist(h, TARGET, "accept", json_pack("{s:s}", "referral", told[CASE].id), NULL);
	return wrong != NULL ? wrong : story_await(h, is_to_be_called);
}

static const char *
judge_case(struct host *h)
{
	autojson json_t *cases = NULL, *shown = NULL;

	host_run(h, QUIET_MS);
	cases = story_list(h, SOURCE, "cases");
	if (json_array_size(cases) != 1)
		return "not exactly one case";
	shown = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(json_array_get(cases, 0), "id")));
	if (json_array_size(json_arr(shown, "referrals")) != 1 || strcmp(json_str(json_obj(shown, "person"), "phone"), "+15550100") != 0)
		return "not exactly one referral of that case";
	return !is_to_be_called(h) ? "not exactly one call to make" : story_at_rest(h) != NULL ? story_at_rest(h) : story_went(h, &told[CASE], "send receive accept");
}

/*
 * A match is made, accepted and ended.
 */

static bool
is_match(struct host *h, const char *state)
{
	autojson json_t *items = story_list(h, SOURCE, "matches");

	return json_array_size(items) == 1 && !strcmp(json_str(json_array_get(items, 0), "state"), state);
}

static const char *
play_match(struct host *h)
{
	const char *wrong = story_make(h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", "26_59"), "match", "matches", made);

	if (wrong == NULL)
		wrong = story_insist(h, SOURCE, "match accept", json_pack("{s:s, s:s}", "match", made, "record", told[REVOKE].specialist), NULL);
	if (wrong == NULL && !is_match(h, "active"))
		wrong = "the choice is forgotten";
	return wrong != NULL ? wrong : story_insist(h, SOURCE, "match end", json_pack("{s:s}", "match", made), NULL);
}

static const char *
judge_match(struct host *h)
{
	host_run(h, QUIET_MS);
	return !is_match(h, "ended") ? "not exactly one match, ended" : story_at_rest(h);
}

static const struct points_story stories[] = {
	{ "revoke", { [SOURCE] = "source", [TARGET] = "target" }, play_revoke, judge_revoke, FEW },
	{ "withdraw", { [SOURCE] = "source", [TARGET] = "target" }, play_withdraw, judge_withdraw, FEW },
	{ "forward", { [SOURCE] = "source", [TARGET] = "target" }, play_forward, judge_forward, FEW },
	{ "erase", { [SOURCE] = "source", [TARGET] = "target" }, play_erase, judge_erase, FEW },
	{ "untold", { [SOURCE] = "source", [TARGET] = "target" }, play_untold, judge_untold, FEW },
	{ "case", { [SOURCE] = "source", [TARGET] = "target" }, play_case, judge_case, FEW },
	{ "match", { [SOURCE] = "staff" }, play_match, judge_match, FEW },
};

/* How far each is before its story begins. */
static const enum story_step begun[PATHS] = { [REVOKE] = STORY_CONTACT, [WAIT] = STORY_REFER, [FORWARD] = STORY_REFER, [ERASE] = STORY_CLOSE,
    [UNTOLD] = STORY_ACCEPT };

int
main(void)
{
	struct host h;

	story_begin(&h, points_seed(6));
	story_trust(&h);
	story_publish(&h);
	for (enum path p = 0; p < PATHS; p++)
		if (p == CASE)
			refer_begin(&h, &told[p]);
		else
			refer_to(&h, &told[p], begun[p]);
	host_run(&h, QUIET_MS);
	for (size_t k = 0; k < nelem(stories); k++) {
		points_test(&h, &stories[k]);
		if (k == 0 || getenv("HS_LONG") != NULL)
			points_prove(&h, &stories[k]);
	}
	host_close(&h);
	return points_done();
}
