/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consent names an intermediary and its participants.  What the intermediary received under it, it passes on under the same form: not before it has
 * come, and no more once it is taken back, be that where the member signed it or at the intermediary.
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { RELAY = TARGET, PARTICIPANT = 2 };

static struct host h;
static struct referral_story story;
static char orgs[3][64], record[32];	/* The participant's specialist. */

/* The relay follows the participant, who publishes a specialist. */
static void
follow(void)
{
	autojson json_t *found = NULL;

	for (size_t i = 0; i < 3; i++) {
		autojson json_t *node = host_ok(&h, i, "show", json_pack("{s:s}", "id", "node"));

		(void)snprintf(orgs[i], sizeof(orgs[i]), "%s", json_str(node, "org"));
	}
	json_decref(host_ok(&h, PARTICIPANT, "import", json_pack("{s:o}", "records", story_records(*h.now))));
	json_decref(host_ok(&h, PARTICIPANT, "publish", json_object()));
	json_decref(host_ok(&h, RELAY, "follow", json_pack("{s:s}", "org", orgs[PARTICIPANT])));
	host_run(&h, 20000);
	found = host_ok(&h, RELAY, "find", json_pack("{s:s}", "kind", "specialist"));
	for (size_t i = 0; i < json_array_size(json_arr(found, "records")); i++) {
		const json_t *item = json_array_get(json_arr(found, "records"), i);

		if (!strcmp(json_str(item, "org"), orgs[PARTICIPANT]))
			(void)snprintf(record, sizeof(record), "%s", json_str(item, "id"));
	}
}

/* From ${i} to who published ${to}, who accepts. */
static void
refer(size_t i, const char *to, size_t at, struct referral_story *ret)
{
	json_t *args = refer_args(&h, &story, STORY_REFER);
	autojson json_t *sent = NULL;

	(void)json_object_set_new(args, "to", json_string(to));
	sent = host_ok(&h, i, "refer", args);
	(void)snprintf(ret->id, sizeof(ret->id), "%s", json_str(sent, "referral"));
	host_run(&h, 20000);
	json_decref(host_ok(&h, at, "accept", json_pack("{s:s}", "referral", ret->id)));
	host_run(&h, 20000);
}

/* What the member signs at the source: to the relay, which may pass it on to its participant. */
static json_t *
signed_form(const char *id)
{
	json_t *form = refer_fill(host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1)), id), *consent = json_obj(form, "consent");

	if (json_object_set_new(consent, "from", json_pack("[{s:s, s:s}]", "org", orgs[SOURCE], "name", "Open Door")) != 0 ||
	    json_object_set_new(consent, "to", json_pack("[{s:s, s:s}]", "org", orgs[RELAY], "name", "Relay")) != 0 ||
	    json_object_set_new(consent, "what", json_pack("[s, s, s]", "identity", "contact", "need")) != 0 ||
	    json_object_set_new(consent, "via", json_pack("{s:s, s:s, s:[{s:s, s:s}]}", "org", orgs[RELAY], "name", "Relay", "participants", "org",
	    orgs[PARTICIPANT], "name", "Participant")) != 0)
		host_fail(&h, "no form");
	return form;
}

/* The same form, for the referral ${id} of the relay's. */
static json_t *
passed_on(const json_t *form, const char *id)
{
	json_t *args = json_deep_copy(form);

	(void)json_object_set_new(args, "referral", json_string(id));
	return args;
}

static bool
shows(size_t i, const char *id, const char *state)
{
	struct referral_story s = { 0 };

	(void)snprintf(s.id, sizeof(s.id), "%s", id);
	return refer_state(&h, i, &s, state);
}

/* Received under a consent, and passed on; ends[0] and ends[1] are the two referrals.  The form; the caller decrefs. */
static json_t *
pass_on(struct referral_story ends[2], bool first)
{
	autojson json_t *early = NULL, *shown = NULL;
	json_t *form;

	refer(SOURCE, story.specialist, RELAY, &ends[0]);
	refer(RELAY, record, PARTICIPANT, &ends[1]);
	form = signed_form(ends[0].id);
	early = host_command(&h, RELAY, "consent", passed_on(form, ends[1].id));
	if (first)
		ok(refused(early, "only pass on what came to us under it, and nothing has"), "what has not come is not passed on");
	json_decref(host_ok(&h, SOURCE, "consent", json_incref(form)));
	host_run(&h, 20000);
	json_decref(host_ok(&h, RELAY, "consent", passed_on(form, ends[1].id)));
	host_run(&h, 20000);
	shown = refer_show(&h, PARTICIPANT, &ends[1]);
	if (first)
		is_str(json_str(json_obj(json_obj(json_obj(shown, "disclosure"), "identity"), "contact"), "value"), "@jo:opendoor.example",
		    "the participant is told who it is");
	return form;
}

static void
revoke(size_t i, const char *id)
{
	json_decref(host_ok(&h, i, "revoke", json_pack("{s:s, s:s, s:s}", "referral", id, "how", "phone", "recorded_by", "R. Amin")));
	host_run(&h, 30000);
}

static bool
is_over(const struct referral_story ends[2])
{
	return shows(SOURCE, ends[0].id, "ended") && shows(RELAY, ends[0].id, "ended") && shows(RELAY, ends[1].id, "ended") &&
	    shows(PARTICIPANT, ends[1].id, "ended");
}

static void
test_both(void)
{
	struct referral_story one[2] = { 0 }, other[2] = { 0 }, last[2] = { 0 };
	autojson json_t *account = NULL, *again = NULL, *form = pass_on(one, true);
	const json_t *told;

	json_decref(pass_on(other, false));
	revoke(SOURCE, one[0].id);
	ok(is_over(one), "taken back where it was signed, it ends at the participant, too");
	ok(shows(RELAY, other[1].id, "accepted") && shows(PARTICIPANT, other[1].id, "accepted"), "what another signed goes on");
	account = host_ok(&h, RELAY, "accounting", json_pack("{s:s}", "id", one[1].id));
	told = json_arr(json_array_get(json_arr(account, "consents"), 0), "told");
	ok(json_array_size(told) == 2 && !strcmp(json_str(json_array_get(told, 0), "state"), "acknowledged") &&
	    !strcmp(json_str(json_array_get(told, 1), "state"), "acknowledged"), "and the relay has their word for it");
	refer(RELAY, record, PARTICIPANT, &last[1]);
	again = host_command(&h, RELAY, "consent", passed_on(form, last[1].id));
	ok(refused(again, "it was taken back or has ended"), "under it nothing is passed on any more");
	revoke(RELAY, other[1].id);
	ok(is_over(other), "taken back at the relay, it ends at the source, too");
	ok(story_complaints(&h) == 0 && story_clean(&h, SOURCE) && story_clean(&h, RELAY) && story_clean(&h, PARTICIPANT), "and nobody complains");
}

/* How many consents of an account were taken back. */
static int
over(const json_t *account)
{
	const json_t *consents = json_arr(account, "consents");
	int n = 0;

	for (size_t i = 0; i < json_array_size(consents); i++)
		n += !strcmp(json_str(json_array_get(consents, i), "state"), "revoked");
	return n;
}

/* One form in two referrals to the relay, and another of the relay's own: what ends is all of the form, and nothing else. */
static void
test_form(void)
{
	struct referral_story ends[2] = { 0 }, twin = { 0 }, later = { 0 };
	autojson json_t *form = pass_on(ends, false), *same = passed_on(form, ""), *more = NULL, *changed = NULL, *reply = NULL, *own = NULL, *account = NULL;

	refer(SOURCE, story.specialist, RELAY, &twin);
	(void)json_object_set_new(same, "referral", json_string(twin.id));
	json_decref(host_ok(&h, SOURCE, "consent", json_incref(same)));
	host_run(&h, 20000);
	refer(RELAY, record, PARTICIPANT, &later);
	changed = passed_on(form, later.id);
	(void)json_object_set_new(changed, "need_detail", json_string("Something else."));
	reply = host_command(&h, RELAY, "consent", json_incref(changed));
	ok(refused(reply, "this is not what came"), "what did not come so is not passed on");
	/* The member signs one at the relay, too. */
	own = host_ok(&h, RELAY, "consent", json_pack("{s:s, s:b}", "referral", ends[1].id, "template", 1));
	more = refer_fill(json_incref(own), ends[1].id);
	json_decref(host_ok(&h, RELAY, "consent", json_incref(more)));
	host_run(&h, 20000);
	revoke(SOURCE, twin.id);
	ok(shows(RELAY, ends[0].id, "ended") && shows(SOURCE, ends[0].id, "ended") && shows(PARTICIPANT, ends[1].id, "ended"),
	    "taken back in one referral, the form is over in each");
	account = host_ok(&h, RELAY, "accounting", json_pack("{s:s}", "id", ends[1].id));
	ok(json_array_size(json_arr(account, "consents")) == 2 && over(account) == 1, "and no other form that they signed");
}

/* What came was erased meanwhile: the form can be taken back all the same, and holds no more. */
static void
test_erased(void)
{
	struct referral_story ends[2] = { 0 }, later = { 0 };
	autojson json_t *form = pass_on(ends, false), *again = NULL, *account = NULL;

	json_decref(host_ok(&h, RELAY, "erase", json_pack("{s:s, s:s}", "id", ends[0].id, "confirm", ends[0].id)));
	host_run(&h, 60000);
	revoke(RELAY, ends[1].id);
	ok(shows(PARTICIPANT, ends[1].id, "ended"), "taken back at the relay, which has erased what came");
	account = host_ok(&h, RELAY, "accounting", json_pack("{s:s}", "id", ends[0].id));
	is_int(over(account), 1, "the account that is left says so, too");
	refer(RELAY, record, PARTICIPANT, &later);
	again = host_command(&h, RELAY, "consent", passed_on(form, later.id));
	ok(refused(again, "it was taken back or has ended"), "nothing is passed on again");
}

int
main(void)
{
	story_begin(&h, 91);
	(void)story_add(&h, "third", "third.example");
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &story);
	follow();
	test_both();
	test_form();
	test_erased();
	host_end(&h);
	return done_testing();
}
