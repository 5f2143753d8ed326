/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A court wants something kept that a member wants forgotten: it is kept and no more, they are told so and why, and it is erased when the hold is
 * lifted; a consent ends as ever.  A partner is told what is kept.  A copy of the database put back holds it, too; what ends on a day ends by itself.
 */
#include "base/canon.h"
#include "chat.h"
#include "hostile.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

#define MEMBER_USER	"@cairn:elsewhere.example"
#define DAY		(24 * 3600 * 1000LL)
#define REASON		"order 12/26 of the county court"

static struct host h;

#define heard(words)		chat_heard(&h, MEMBER, words)
#define write_to(text, words)	chat_write(&h, MEMBER, text, words)

/* They ask for it in their chat, and consent. */
static void
ask(char id[64])
{
	static const char *const words[][2] = { { "hello", "\"!help\" shows" }, { "!find Rosa", "1. Rosa (specialist" },
	    { "!refer 1", "How old are you?" }, { "4", "What is it about?" }, { "2", "Which language?" }, { "1", "How would you like" },
	    { "1", "How soon?" }, { "2", "When would it suit" }, { "3", "This would be sent to Rosa" }, { "!yes", "on its way" } };
	autojson json_t *list = NULL;

	for (size_t i = 0; i < nelem(words); i++)
		write_to(words[i][0], words[i][1]);
	host_run(&h, 20000);
	list = story_list(&h, TARGET, "referrals");
	(void)snprintf(id, 64, "%s", json_str(json_array_get(list, 0), "id"));
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", id, "decision", "accept")));
	host_run(&h, 20000);
}

static const char *
state_of(size_t i, const char *what, const char *org)
{
	static char state[32];
	autojson json_t *items = story_list(&h, i, "erasures");
	const json_t *item;
	size_t k;

	*state = '\0';
	json_array_foreach(items, k, item)
		if (strstr(json_str(item, "what"), what) != NULL && !org == !json_str(item, "org"))
			(void)snprintf(state, sizeof(state), "%s", json_str(item, "state"));
	return state;
}

static json_t *
holding(const char *id, const char *class, const char *review, const char *until)
{
	return json_pack("{s:s, s:s, s:s*, s:s*, s:s}", "id", id, "class", class, "review", review, "until", until, "reason_text", REASON);
}

static void
place(size_t i, const char *id, const char *class, const char *review, const char *until, char ret[64])
{
	autojson json_t *placed = host_ok(&h, i, "hold", holding(id, class, review, until));

	(void)snprintf(ret, 64, "%s", json_str(placed, "hold"));
}

static void
lift(size_t i, const char *hold)
{
	json_decref(host_ok(&h, i, "hold lift", json_pack("{s:s, s:s}", "hold", hold, "reason_text", "the case is closed")));
	host_run(&h, 60000);
}

static json_t *
erase(size_t i, const char *id, bool really)
{
	json_t *ret = host_ok(&h, i, "erase", json_pack("{s:s, s:s*}", "id", id, "confirm", really ? id : NULL));

	if (really)
		host_run(&h, 60000);
	return ret;
}

static bool
is_refused(size_t i, const char *verb, json_t *args, const char *words)
{
	autojson json_t *reply = host_command(&h, i, verb, args);
	bool ret = refused(reply, words);

	if (!ret)
		printf("# %s: %s\n", verb, json_str(json_obj(reply, "error"), "text") != NULL ? json_str(json_obj(reply, "error"), "text") : "it was not refused");
	return ret;
}

static bool
is_known(size_t i, const char *id)
{
	autojson json_t *reply = host_command(&h, i, "show", json_pack("{s:s}", "id", id));

	return json_obj(json_obj(reply, "result"), "request") != NULL;
}

static void
test_place(const char *id)
{
	autojson json_t *without = holding(id, "litigation", "2027-03-31", NULL);

	(void)json_object_del(without, "reason_text");
	ok(is_refused(SOURCE, "hold", json_incref(without), "reason: why"), "a hold has a reason");
	ok(is_refused(SOURCE, "hold", holding(id, "litigation", NULL, NULL), "a hold ends on a day"), "and a day");
	ok(is_refused(SOURCE, "hold", holding(id, "litigation", "1999-01-01", NULL), "that day is over"), "that is to come");
	ok(is_refused(SOURCE, "hold", holding(id, "litigation", "tomorrow", NULL), "a day such as"), "and is one");
	ok(is_refused(SOURCE, "hold", holding(id, "curiosity", "2027-03-31", NULL), "for which duty"), "and a duty");
	ok(is_refused(SOURCE, "hold", holding("01J8Z0Q4M2K7V9T5B3N6X8C0RE", "litigation", "2027-03-31", NULL), "there is no referral"), "of somebody");
	ok(is_refused(SOURCE, "hold", holding(TARGET_USER, "litigation", "2027-03-31", NULL), "an organization's account"), "who is a member");
	ok(is_refused(SOURCE, "hold review", json_pack("{s:s, s:s}", "hold", "NONE", "review", "2027-03-31"), "no hold"), "what is none cannot be looked at");
	ok(found_in(&h, SOURCE, "holds", NULL, NULL) == 0, "nothing is held yet");
}

/* They want to be forgotten, and a court wants it kept. */
static void
test_held(const char *id, const char *hold)
{
	autojson json_t *plan = erase(SOURCE, id, false), *items = NULL, *done = NULL;
	const char *line = json_string_value(json_array_get(json_arr(plan, "keeps"), 0));

	ok(json_arr(plan, "erases") == NULL && json_arr(plan, "asks") == NULL && line != NULL && strstr(line, "is held, for a court case") != NULL,
	    "the plan says that all of it is kept, and why");
	done = erase(SOURCE, id, true);
	ok(strstr(json_str(done, "text"), "until the hold is lifted") != NULL, "and so does the answer");
	is_str(state_of(SOURCE, id, NULL), "held", "the wish is remembered");
	ok(is_known(SOURCE, id), "and it is kept");
	is_str(state_of(SOURCE, id, "org"), "", "the partner is not asked yet");
	is_int(heard("must be kept: for a court case or a legal claim. When that ends it is erased"), 1, "the member is told that it is kept, and why");
	items = story_list(&h, SOURCE, "holds");
	ok(json_array_size(items) == 1 && strcmp(json_str(json_array_get(items, 0), "id"), hold) == 0 &&
	    strcmp(json_str(json_array_get(items, 0), "reason"), REASON) == 0, "staff see what is held, and why");
	ok(found_in(&h, SOURCE, "referrals", "id", id) == 1, "the referral is there");
	ok(is_refused(SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1), "only kept"), "but nothing is disclosed of it any more");
	ok(is_refused(SOURCE, "schedule", json_pack("{s:s, s:s, s:s}", "referral", id, "meets_at", "2027-01-01T10:00:00Z", "by", "member"), "only kept"), "nor done with it");
	ok(search_servers(&h, REASON) == 0, "no homeserver knows of it");
}

static void
test_due(const char *hold)
{
	ok(story_well(&h, SOURCE, "holds"), "the doctor is content until it is to be looked at again");
	*h.now += 40 * DAY;
	host_run(&h, 60000);
	ok(story_ill(&h, SOURCE, "holds", "1 are to be looked at again"), "then it says so");
	json_decref(host_ok(&h, SOURCE, "hold review", json_pack("{s:s, s:s}", "hold", hold, "review", "2033-01-01")));
	ok(story_well(&h, SOURCE, "holds"), "until somebody looked");
}

static void
test_lifted(const char *id, const char *hold)
{
	lift(SOURCE, hold);
	is_str(state_of(SOURCE, id, NULL), "erased", "when the hold is lifted it is erased");
	ok(!is_known(SOURCE, id), "and not known any more");
	ok(strcmp(state_of(SOURCE, id, "org"), "") != 0, "and the partner is asked");
	is_int(heard("One of your requests is erased here"), 1, "the member is told");
	ok(is_refused(SOURCE, "hold lift", json_pack("{s:s, s:s}", "hold", hold, "reason_text", "again"), "was lifted before") ||
	    found_in(&h, SOURCE, "holds", "id", hold) == 0, "that is done once");
}

/* They want to be forgotten while they are held, and ask for support again before that ends: the request is not lost. */
static void
test_anew(const char *id)
{
	autojson json_t *items = NULL;
	char hold[64], again[64];

	place(SOURCE, MEMBER_USER, "litigation", "2033-01-01", "2035-01-01", hold);
	json_decref(host_ok(&h, SOURCE, "hold review", json_pack("{s:s, s:s}", "hold", hold, "review", "2033-02-01")));
	items = story_list(&h, SOURCE, "holds");
	ok(json_object_get(json_array_get(items, 0), "until") != NULL, "another day to look at it does not take away its end");
	json_decref(erase(SOURCE, MEMBER_USER, true));
	ok(chat_asks(&h, MEMBER, again), "whoever is to be forgotten asks for support again");
	lift(SOURCE, hold);
	ok(is_known(SOURCE, again) && !is_known(SOURCE, id), "when the hold is lifted that request stays, and only that");
	is_int(heard("you have asked for support since"), 1, "which they are told");
	write_to("!status", "they have it and decide");
}

/* The other side holds it; whose consent is taken back is. */
static void
test_partner(struct referral_story *s)
{
	char hold[64], day[32];
	autojson json_t *items = NULL, *shown = NULL;
	const json_t *item;
	size_t i;

	refer_to(&h, s, STORY_CONSENT);
	place(TARGET, s->id, "legal_obligation", "2033-01-01", NULL, hold);
	json_decref(host_ok(&h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", s->id, "how", "phone", "recorded_by", "Jo of the desk")));
	host_run(&h, 30000);
	ok(refer_state(&h, TARGET, s, "ended"), "what is held ends with its consent as ever");
	shown = refer_show(&h, TARGET, s);
	ok(json_obj(shown, "disclosure") != NULL, "and is kept");
	json_decref(erase(SOURCE, s->id, true));
	is_str(state_of(SOURCE, s->id, "org"), "kept", "a partner that is asked to erase says that it keeps it");
	items = story_list(&h, TARGET, "erasures");
	*day = '\0';
	json_array_foreach(items, i, item)
		if (json_str(item, "org") != NULL)
			(void)snprintf(day, sizeof(day), "%s", json_str(item, "state"));
	is_str(day, "held", "as long as it is held");
	ok(story_well(&h, TARGET, "erasure"), "nothing is to be decided");
	lift(TARGET, hold);
	ok(story_ill(&h, TARGET, "erasure", "1 requests of partners"), "then staff are to decide");
	json_decref(erase(TARGET, s->id, true));
	is_str(state_of(SOURCE, s->id, "org"), "erased", "and the partner hears of that");
}

/* Its term is over, and its hold after that; the database of the day before is put back. */
static void
test_terms(struct referral_story *s)
{
	char hold[64];

	refer_begin(&h, s);
	if (!refer_all(&h, s))
		host_fail(&h, "the referral does not close");
	place(SOURCE, s->id, "child_protection", NULL, "2031-12-31", hold);
	host_stop(&h, SOURCE);
	search_copy(&h, SOURCE, "", ".old");
	host_start(&h, SOURCE);
	host_run(&h, 2000);
	*h.now += 1000 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	ok(is_known(SOURCE, s->id), "past its term it is kept");
	host_stop(&h, SOURCE);
	search_copy(&h, SOURCE, ".old", "");
	host_start(&h, SOURCE);
	host_run(&h, 2 * 3600 * 1000LL);
	ok(found_in(&h, SOURCE, "holds", "id", hold) == 1 && is_known(SOURCE, s->id), "a copy that is put back holds it, too");
	*h.now += 1500 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	ok(!is_known(SOURCE, s->id), "past its last day the hold is lifted by itself, and what is over its term goes");
	is_str(state_of(SOURCE, s->id, NULL), "erased", "as if nothing had been");
	ok(story_well(&h, SOURCE, "audit") && story_well(&h, SOURCE, "store"), "audit and database are whole");
}

int
main(void)
{
	struct referral_story s, t;
	char id[64], hold[64];

	story_begin(&h, 96);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	ask(id);
	test_place(id);
	place(SOURCE, id, "litigation", "2026-12-20", NULL, hold);
	test_held(id, hold);
	test_due(hold);
	test_lifted(id, hold);
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	story_begin(&h, 97);
	story_trust(&h);
	story_publish(&h);
	test_partner(&s);
	test_terms(&t);
	host_close(&h);
	story_begin(&h, 98);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	ask(id);
	test_anew(id);
	host_close(&h);
	return done_testing();
}
