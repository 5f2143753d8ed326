/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person asks to whom they were disclosed: one account of all that was asked for them and of what was told in an emergency, equal to what
 * is read in the ciphertext; and nothing of anybody else.
 */
#include <string.h>

#include "base/canon.h"
#include "chat.h"
#include "disclosed.h"
#include "hostile.h"
#include "search.h"
#include "tests/tap.h"

enum { MEMBER = 2, BOTH = 2 };

#define MEMBER_USER	"@cairn:elsewhere.example"

static struct scene sc;
static struct host *const h = &sc.host;

static void
begin(void)
{
	story_begin(h, 52);
	(void)story_add(h, "elsewhere", "elsewhere.example");
	story_trust_both(h, STORY_LIFE);
	story_publish(h);
	refer_begin(h, &sc.s);
}

/* It is accepted, and disclosed under a consent. */
static void
disclose(const char *id)
{
	json_t *form;

	host_run(h, 20000);
	json_decref(host_ok(h, TARGET, "accept", json_pack("{s:s}", "referral", id)));
	host_run(h, 20000);
	form = refer_fill(host_ok(h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1)), id);
	/* Paper is kept by somebody. */
	(void)json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "recorded_by", json_string("K. Lind"));
	json_decref(host_ok(h, SOURCE, "consent", form));
	host_run(h, 20000);
}

/* Staff's, for that case or, if that is NULL, for nobody who is known here. */
static void
refer_for(const char *opened, char id[64])
{
	json_t *args = refer_args(h, &sc.s, STORY_REFER);
	autojson json_t *sent = NULL;

	if (opened != NULL)
		(void)json_object_set_new(args, "case", json_string(opened));
	sent = host_ok(h, SOURCE, "refer", args);
	(void)snprintf(id, 64, "%s", json_str(sent, "referral"));
	disclose(id);
}

/* Written down of ${whom}, and added to what is to be found. */
static void
emergency(const char *whom, json_t *want)
{
	autojson json_t *reply = host_ok(h, SOURCE, "emergency", json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:[s, s, s], s:I}}", "id", whom, "emergency", "to",
	    "Dr. Hale", "affiliation", "County ER", "by", "K. Lind", "nature", "overdose", "what", "identity", "need", "history", "at", (json_int_t)*h->now));

	(void)json_object_set_new(want, json_str(reply, "id"), json_integer(3));
}

static json_t *
account(const char *whom)
{
	return host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", whom));
}

/* The account of ${whom} says what the oracle saw of these referrals, and what was told in emergencies. */
static void
equals(const char *whom, json_t *referrals, const json_t *emergencies, const char *what)
{
	autojson json_t *of = referrals, *shown = account(whom), *said = disclosed_counted(shown, true), *want = NULL;
	int seen;

	want = disclosed_seen(&sc, SOURCE_USER, TARGET, of, &seen);
	is_int((int)json_object_size(want), (int)json_array_size(of), "%s: the oracle sees each referral's disclosure", what);
	(void)json_object_update(want, (json_t *)(uintptr_t)emergencies);
	ok(json_equal(said, want), "%s: one account has these, the emergencies, and no more", what);
	ok(json_equal(json_arr(shown, "referrals"), of) && json_array_size(json_arr(shown, "consents")) == json_array_size(of),
	    "%s: it names the referrals, oldest first, and their consents", what);
}

/* How many entries of that list of the account are of that referral or match. */
static int
entries(const char *whom, const char *part, const char *kind, const char *id, const char *key)
{
	autojson json_t *shown = account(whom);
	const json_t *item;
	size_t i;
	int n = 0;

	json_array_foreach(json_arr(shown, part), i, item)
		n += json_str(item, kind) != NULL && !strcmp(json_str(item, kind), id) && json_object_get(item, key) != NULL;
	return n;
}

/* Somebody who writes to us asked twice; a match is theirs that no referral led to. */
static void
test_member(const char *others)
{
	autojson json_t *want = json_object(), *offer = NULL;
	char id[BOTH][64], about[160];
	const char *match;
	int seen;

	for (size_t i = 0; i < BOTH; i++) {
		ok(chat_asks(h, MEMBER, id[i]), "a member asks for support");
		disclose(id[i]);
	}
	emergency(MEMBER_USER, want);
	emergency(id[1], want);
	equals(MEMBER_USER, json_pack("[s, s]", id[0], id[1]), want, "who writes to us");
	for (size_t i = 0; i < BOTH; i++) {
		(void)snprintf(about, sizeof(about), "referral:%s", id[i]);
		is_int(story_audited(h, SOURCE, "operator:", "accounting", about), 1, "that it was looked at is in the audit of the referral");
	}
	is_int(story_audited(h, SOURCE, "operator:", "accounting", "person:"), 1, "and of the person");
	is_int(entries(MEMBER_USER, "disclosures", "referral", id[1], "emergency"), 1, "each says of which referral it is");
	is_int(entries(MEMBER_USER, "disclosures", "referral", others, "at"), 0, "none of somebody else's");

	offer = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59"));
	match = json_str(offer, "match");
	json_decref(host_ok(h, SOURCE, "match accept", json_pack("{s:s, s:O}", "match", match, "record",
	    json_object_get(json_array_get(json_arr(offer, "choices"), 0), "record"))));
	json_decref(host_ok(h, SOURCE, "match chat", json_pack("{s:s, s:s, s:s}", "match", match, "user", MEMBER_USER, "as", "member")));
	emergency(match, want);
	equals(MEMBER_USER, json_pack("[s, s]", id[0], id[1]), want, "with a match");
	is_int(entries(MEMBER_USER, "disclosures", "match", match, "emergency"), 1, "which it says");

	json_decref(host_ok(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", id[0], "how", "phone", "recorded_by", "K. Lind")));
	host_run(h, 30000);
	ok(entries(MEMBER_USER, "holds", "referral", id[0], "stops_redisclosure") == 1 && entries(MEMBER_USER, "holds", "referral", id[1], "stops_redisclosure") == 0 &&
	    entries(MEMBER_USER, "holds", "referral", id[1], "what") == 2, "what a holder answers of one referral is not said of another");
	{
		autojson json_t *all = disclosed_seen(&sc, SOURCE_USER, TARGET, NULL, &seen);

		is_int((int)json_object_size(all), 2 * BOTH + 1, "more than theirs left");
	}
}

/* An older keys.db is put back, and with it the newer referral's key is lost. */
static void
test_lost(const char *opened, const char *kept, const char *lost)
{
	autojson json_t *shown = NULL, *of_it = NULL, *member = NULL;

	host_stop(h, SOURCE);
	search_copy_file(h, SOURCE, ".older", "/keys.db");
	host_start(h, SOURCE);
	shown = account(opened);
	ok(json_array_size(json_arr(shown, "unreadable")) == 1 && !strcmp(json_string_value(json_array_get(json_arr(shown, "unreadable"), 0)), lost),
	    "the account names what it cannot tell of");
	ok(json_array_size(json_arr(shown, "consents")) == 1 && json_array_size(json_arr(shown, "referrals")) == 1 &&
	    !strcmp(json_string_value(json_array_get(json_arr(shown, "referrals"), 0)), kept), "and all that it can");
	of_it = host_command(h, SOURCE, "accounting", json_pack("{s:s}", "id", lost));
	ok(refused(of_it, "key is lost"), "of it alone, too: %s", json_str(of_it, "error"));
	member = account(MEMBER_USER);
	is_int((int)json_array_size(json_arr(member, "unreadable")), 4, "of whom nothing is left the person, both referrals and the match are named");
}

int
main(void)
{
	autojson json_t *made = NULL, *want = json_object();
	char opened[64], theirs[BOTH][64], others[64];

	begin();
	made = host_ok(h, SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Kim", "phone", "+1 201 555 0187", "leave_message", 0));
	(void)snprintf(opened, sizeof(opened), "%s", json_str(made, "case"));
	refer_for(NULL, others);
	sc.channel = hs_room(h->hs, "org.cairnpeer.channel", 0);
	emergency(opened, want);
	for (size_t i = 0; i < BOTH; i++) {
		refer_for(opened, theirs[i]);
		if (i == 0)
			search_copy_file(h, SOURCE, "/keys.db", ".older");
	}
	emergency(theirs[0], want);
	equals(opened, json_pack("[s, s]", theirs[0], theirs[1]), want, "somebody without Matrix");
	test_member(others);
	test_lost(opened, theirs[0], theirs[1]);
	is_int((int)story_complaints(h), 0, "the homeservers complain about nothing");
	host_close(h);
	return done_testing();
}
