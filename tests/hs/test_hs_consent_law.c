/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the law wants besides a consent: who signs for a minor, and what is written down of a medical emergency, in which nobody signs, of
 * whomever it befell.
 */
#include <string.h>

#include "base/canon.h"
#include "chat.h"
#include "hostile.h"
#include "scene.h"
#include "search.h"
#include "store/peoplestore.h"
#include "store/stranger.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

#define MEMBER_USER	"@cairn:elsewhere.example"
#define STRANGER_USER	"@odd:elsewhere.example"
#define DAY		(24 * 3600 * 1000LL)

/* Words that must be there, and what is written down. */
static void
test_emergency(void)
{
	static const char *const wanted[] = { "to", "affiliation", "by", "nature", "what", "at" };
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *form = NULL, *shown = NULL, *none = NULL, *nobody = NULL;
	const json_t *entry;
	int refusals = 0;

	scene_begin(&sc, 47, STORY_REFER);
	none = host_command(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "phone", "recorded_by", "K. Lind, coordinator"));
	ok(refused(none, "no consent was given"), "there is no consent to take back yet");
	nobody = host_command(h, SOURCE, "revoke", json_pack("{s:s, s:s}", "referral", sc.s.id, "how", "phone"));
	ok(refused(nobody, "recorded_by"), "and somebody heard it");
	form = host_ok(h, SOURCE, "emergency", json_pack("{s:s, s:b}", "id", sc.s.id, "template", 1));
	(void)json_object_set_new(form, "id", json_string(sc.s.id));
	for (size_t i = 0; i < 4; i++)
		(void)json_object_set_new(json_obj(form, "emergency"), wanted[i], json_sprintf("CANARY-%s", wanted[i]));
	for (size_t i = 0; i < nelem(wanted); i++) {
		json_t *less = json_deep_copy(form);
		autojson json_t *reply = NULL;

		(void)json_object_del(json_obj(less, "emergency"), wanted[i]);
		reply = host_command(h, SOURCE, "emergency", less);
		refusals += refused(reply, wanted[i]);
	}
	is_int(refusals, (int)nelem(wanted), "each part of a medical emergency's record is wanted");
	json_decref(host_ok(h, SOURCE, "emergency", json_incref(form)));
	shown = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", sc.s.id));
	entry = json_array_get(json_arr(shown, "disclosures"), 0);
	ok(json_is_true(json_object_get(entry, "emergency")) && !strcmp(json_str(entry, "nature"), "CANARY-nature"), "with them it is in the account");
	is_int((int)json_array_size(json_arr(shown, "holds")), 1, "and who received it holds it");
	search_member(h, (const char *const []){ "CANARY-to", "CANARY-affiliation", "CANARY-by", "CANARY-nature", NULL });
	is_int((int)story_complaints(h), 0, "the homeservers complain of nothing");
	scene_end(&sc);
}

/* Somebody of fifteen who was accepted; the form of their consent. */
static json_t *
accepted_minor(struct scene *sc)
{
	struct host *h = &sc->host;
	json_t *args = refer_args(h, &sc->s, STORY_REFER), *form;
	autojson json_t *sent = NULL;

	(void)json_object_set_new(args, "age_band", json_string("13_17"));
	sent = host_ok(h, SOURCE, "refer", args);
	(void)snprintf(sc->s.id, sizeof(sc->s.id), "%s", json_str(sent, "referral"));
	host_run(h, 10000);
	json_decref(host_ok(h, TARGET, "answer", refer_args(h, &sc->s, STORY_ACCEPT)));
	host_run(h, 10000);
	form = refer_args(h, &sc->s, STORY_CONSENT);
	(void)json_object_set_new(json_obj(form, "consent"), "minor", json_pack("{s:i, s:s}", "age", 15, "jurisdiction", "US-NJ"));
	return form;
}

/* Where both sign, who the other is is a secret as all else. */
static void
test_guardian(struct scene *sc)
{
	json_t *form = accepted_minor(sc);
	autojson json_t *shown = NULL;

	(void)json_object_set_new(json_obj(form, "consent"), "cosignature", json_pack("{s:s, s:s, s:s, s:s}", "how", "paper", "signer", "CANARY-guardian",
	    "authority", "guardian", "recorded_by", "CANARY-recorder"));
	json_decref(host_ok(&sc->host, SOURCE, "consent", form));
	host_run(&sc->host, 10000);
	shown = refer_show(&sc->host, TARGET, &sc->s);
	ok(json_obj(shown, "disclosure") != NULL, "with both signatures the disclosure arrives");
	search_member(&sc->host, (const char *const []){ "CANARY-guardian", "CANARY-recorder", NULL });
}

/* Who signs for a minor is the table's to say; without one, both. */
static void
test_minor(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *both = NULL, *bad = NULL, *shown = NULL, *form = NULL;

	scene_begin(&sc, 48, STORY_REFER);
	test_guardian(&sc);
	form = accepted_minor(&sc);
	ok(json_obj(json_obj(form, "consent"), "cosignature") != NULL, "a minor's form has room for two signatures");
	(void)json_object_del(json_obj(form, "consent"), "cosignature");
	both = host_command(h, SOURCE, "consent", json_deep_copy(form));
	ok(refused(both, "element 8") && refused(both, "both the minor and a parent"), "one alone is refused");
	bad = host_command(h, SOURCE, "import_minors", json_pack("{s:{s:s, s:s, s:[{s:s, s:s, s:i}]}}", "document", "by", "Board",
	    "reviewed", "2026-11-01", "minors", "jurisdiction", "US-NJ", "condition", "flu", "alone_from", 13));
	ok(refused(bad, "/minors/0/condition"), "a table with a fault is refused, and the fault named");
	json_decref(host_ok(h, SOURCE, "import_minors", json_pack("{s:{s:s, s:s, s:[{s:s, s:s, s:i}]}}", "document", "by", "Board",
	    "reviewed", "2026-11-01", "minors", "jurisdiction", "US-NJ", "condition", "substance_use", "alone_from", 13)));
	json_decref(host_ok(h, SOURCE, "consent", json_deep_copy(form)));
	host_run(h, 10000);
	shown = refer_show(h, TARGET, &sc.s);
	ok(json_obj(shown, "disclosure") != NULL, "where the table lets this minor decide, the disclosure arrives");
	is_int((int)story_complaints(h), 0, "the homeservers complain of nothing");
	scene_end(&sc);
}

/* It is written down of ${whom}. natures(): how often the account of them says that one was of that nature. */
static void
emergency(struct host *h, const char *whom, const char *to, const char *nature)
{
	json_decref(host_ok(h, SOURCE, "emergency", json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:[s, s], s:I}}", "id", whom, "emergency", "to", to,
	    "affiliation", "CANARY-ward", "by", "CANARY-teller", "nature", nature, "what", "identity", "need", "at", (json_int_t)*h->now)));
}

static int
natures(struct host *h, const char *whom, const char *nature)
{
	autojson json_t *reply = host_command(h, SOURCE, "accounting", json_pack("{s:s}", "id", whom));
	const json_t *d;
	size_t i;
	int n = 0;

	json_array_foreach(json_arr(json_obj(reply, "result"), "disclosures"), i, d)
		n += json_is_true(json_object_get(d, "emergency")) && !strcmp(json_str(d, "nature"), nature);
	return n;
}

static int
kept(struct host *h, const char *needle)
{
	int n;

	host_stop(h, SOURCE);
	n = search(h, SOURCE, "/cairn.db", "", needle).found;
	host_start(h, SOURCE);
	host_run(h, 1000);
	return n;
}

/* A match that no referral led to, whose member's chat is theirs; a case, and an account that nobody let in. */
static void
begin_anybody(struct host *h, char match[64], char opened[64])
{
	autojson json_t *offer = NULL, *made = NULL;
	struct db *db;
	int64_t pid;
	bool forgot;

	story_begin(h, 51);
	(void)story_add(h, "elsewhere", "elsewhere.example");
	story_trust_both(h, STORY_LIFE);
	story_publish(h);
	offer = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59"));
	(void)snprintf(match, 64, "%s", json_str(offer, "match"));
	json_decref(host_ok(h, SOURCE, "match accept", json_pack("{s:s, s:O}", "match", match, "record",
	    json_object_get(json_array_get(json_arr(offer, "choices"), 0), "record"))));
	made = host_ok(h, SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "CANARY-kim", "phone", "+1 201 555 0187", "leave_message", 0));
	(void)snprintf(opened, 64, "%s", json_str(made, "case"));
	db = hostile_db(h, SOURCE);
	if (stranger_id(db, STRANGER_USER, &pid, &forgot) != 0)
		host_fail(h, "the store knows no stranger");
	hostile_go_on(h, SOURCE, db);
	host_run(h, 20000);
}

static void
test_who(struct host *h, const char *match)
{
	ok(chat_answers(h, MEMBER, "!who", "nothing about you was sent to anybody"), "who writes to us sees that nobody knows of them");
	emergency(h, MEMBER_USER, "CANARY-hale", "CANARY-overdose");
	is_int(natures(h, MEMBER_USER, "CANARY-overdose"), 1, "an emergency of somebody who only wrote to us is in the account of them");
	ok(chat_answers(h, MEMBER, "!who", "Apart from requests of yours: CANARY-hale has, because of an emergency and without your consent, since "),
	    "and they see who was told");
	is_int(chat_heard(h, MEMBER, "nothing about you was sent to anybody"), 1, "and not that nobody was");
	json_decref(host_ok(h, SOURCE, "match chat", json_pack("{s:s, s:s, s:s}", "match", match, "user", MEMBER_USER, "as", "member")));
	emergency(h, match, "CANARY-ito", "CANARY-fall");
	ok(natures(h, match, "CANARY-fall") == 1, "that of a match without a referral is in the account of the match");
	ok(chat_answers(h, MEMBER, "!who", "who you are, what you want support with. CANARY-ito has, because of an emergency"), "and they see that too");
}

static void
test_whom(struct host *h, const char *opened)
{
	autojson json_t *us = host_command(h, SOURCE, "emergency", json_pack("{s:s, s:b}", "id", SOURCE_USER, "template", 1));
	autojson json_t *none = host_command(h, SOURCE, "emergency", json_pack("{s:s, s:b}", "id", "@nobody:elsewhere.example", "template", 1));
	autojson json_t *nothing = host_command(h, SOURCE, "emergency", json_pack("{s:s, s:b}", "id", "01J8Z0Q4M2K7V9T5B3N6X8C0RD", "template", 1));
	struct db *db;
	int64_t pid;

	ok(refused(us, "an organization's account"), "an organization has no emergency");
	ok(refused(none, "nothing is known of"), "nor whom nobody knows");
	ok(refused(nothing, "no referral, case or match"), "nor an id of nothing");
	emergency(h, opened, "CANARY-reyes", "CANARY-asthma");
	is_int(natures(h, opened, "CANARY-asthma"), 1, "that of somebody without Matrix is in the account of their case");
	emergency(h, STRANGER_USER, "CANARY-reyes", "CANARY-cry");
	db = hostile_db(h, SOURCE);
	ok(person_find(db, STRANGER_USER, &pid) == 0 && stranger_has(db, pid) == E_NOTFOUND, "of whom it is written down is forgotten for no other");
	hostile_go_on(h, SOURCE, db);
	host_run(h, 20000);
	is_int(story_audited(h, SOURCE, "operator:", "emergency", "person:"), 2, "each is in the audit: of people");
	is_int(story_audited(h, SOURCE, "operator:", "emergency", "referral:"), 2, "of a case and a match");
	is_int(story_audited(h, SOURCE, "operator:", "accounting", ""), 3, "and each look at an account");
}

/* Erased, it is kept as what was disclosed under a consent is: under a key of its own for the legal term, then not at all. */
static void
test_erased(struct host *h, const char *match, const char *opened)
{
	autojson json_t *plan = host_ok(h, SOURCE, "erase", json_pack("{s:s}", "id", MEMBER_USER)), *items = NULL;
	const json_t *item;
	char person[32] = "";
	size_t i;

	is_int((int)json_array_size(json_arr(plan, "keeps")), 2, "before they are erased it is said that both accounts stay");
	json_decref(host_ok(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", MEMBER_USER, "confirm", MEMBER_USER)));
	json_decref(host_ok(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", opened, "confirm", opened)));
	host_run(h, 60000);
	items = story_list(h, SOURCE, "erasures");
	json_array_foreach(items, i, item)
		if (!strncmp(json_str(item, "what"), "person:", 7))
			(void)snprintf(person, sizeof(person), "%s", json_str(item, "what"));
	is_int(natures(h, MEMBER_USER, "CANARY-overdose"), 0, "nobody is known by their name any more");
	ok(natures(h, person, "CANARY-overdose") == 1 && natures(h, match, "CANARY-fall") == 1 && natures(h, opened, "CANARY-asthma") == 1,
	    "by what is left of them, %s, the accounts are found", person);
	*h->now += 2191 * DAY;
	host_run(h, 2 * 3600 * 1000LL);
	ok(kept(h, "CANARY-overdose") == 1 && kept(h, "CANARY-fall") == 1 && kept(h, "CANARY-asthma") == 1, "for the legal term");
	*h->now += 2 * DAY;
	host_run(h, 2 * 3600 * 1000LL);
	ok(kept(h, "CANARY-overdose") == 0 && kept(h, "CANARY-fall") == 0 && kept(h, "CANARY-asthma") == 0, "and then forgotten");
	ok(kept(h, "CANARY-cry") == 1, "whoever was not erased has theirs");
	ok(story_well(h, SOURCE, "audit") && story_well(h, SOURCE, "store"), "audit and database are whole");
}

/* Of somebody who writes to us, of somebody without Matrix, of a match: a crisis waits for no referral. */
static void
test_anybody(void)
{
	char match[64], opened[64];
	struct host h;

	begin_anybody(&h, match, opened);
	test_who(&h, match);
	test_whom(&h, opened);
	search_member(&h, (const char *const []){ "CANARY-hale", "CANARY-ito", "CANARY-reyes", "CANARY-ward", "CANARY-teller", "CANARY-overdose",
	    "CANARY-fall", "CANARY-asthma", NULL });
	test_erased(&h, match, opened);
	host_close(&h);
}

int
main(void)
{
	test_minor();
	test_emergency();
	test_anybody();
	return done_testing();
}
