/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose account a specialist's is: they sign it in their consent, and the account says the same from a device of its own.  Nothing of a match is
 * shown to another account, under other keys, before that word, nor after the consent has ended; at the specialist's organization and at a follower's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "chat.h"
#include "domain/binding.h"
#include "domain/publication.h"
#include "domain/when.h"
#include "hostile.h"
#include "identity.h"
#include "store/boundstore.h"
#include "store/peoplestore.h"
#include "story.h"
#include "tests/tap.h"

enum { ROSA = 2, OTHER = 3 };

#define ROSA_USER	"@cairn:elsewhere.example"
#define OTHER_USER	"@cairn:further.example"
#define RECORD		"NZ7JRZW2BAW2MQMJTYF07BB774"
#define QUESTION	"Is that you?"

static const uint8_t rosa[ED25519_SEED] = "rosa", stranger[ED25519_SEED] = "stranger";

static struct host h;
static int said;		/* Agreements that were put forward. */

/* The identity key that the homeserver shows of node ${i}. */
static const char *
master_of(size_t i, char ret[44])
{
	autojson json_t *shown = host_ok(&h, i, "show", json_pack("{s:s}", "id", "node"));

	(void)snprintf(ret, 44, "%s", json_str(shown, "master_key"));
	return ret;
}

static json_t *
records(const char *user, const char *key)
{
	json_t *all = story_records(*h.now), *body = json_obj(json_array_get(all, 1), "body");
	struct err err = { "" };

	host_names(&h, TARGET, all);
	if ((user != NULL && publication_bind(body, user, key, rosa, *h.now, &err) != 0) ||
	    publication_sign(body, h.node[TARGET].org, RECORD, *h.now + 90 * WHEN_DAY, rosa, *h.now, &err) != 0)
		host_fail(&h, "not signed: %s", err.text);
	return all;
}

/* What Rosa signs is published, and those who follow have it. */
static void
sign(const char *user, const char *key)
{
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", records(user, key))));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 10000);
}

/* "!account" and the words that signing prints. */
static const char *
words(const char *user, const char *key, char ret[BINDING_WORDS + 16])
{
	json_t *doc = NULL;
	struct binding b;
	char text[BINDING_TEXT], six[BINDING_WORDS];

	if (binding_sign(user, key, rosa, *h.now, &doc, NULL) != 0 || binding_read(doc, *h.now, &b, NULL) != 0)
		abort();
	(void)snprintf(ret, BINDING_WORDS + 16, "!account %s", binding_words(binding_text(&b, text), six));
	json_decref(doc);
	return ret;
}

/* A match with Rosa, made by node ${i}. */
static json_t *
match(size_t i)
{
	autojson json_t *found = host_ok(&h, i, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59"));
	json_t *id = json_incref(json_object_get(found, "match"));

	json_decref(host_ok(&h, i, "match accept", json_pack("{s:O, s:s}", "match", id, "record", RECORD)));
	return id;
}

static json_t *
chat(size_t i, const json_t *id, const char *user)
{
	return host_command(&h, i, "match chat", json_pack("{s:O, s:s*, s:s}", "match", id, "user", user, "as", "specialist"));
}

/* Was it taken, and staff told so? */
static bool
told(json_t *reply, const char *text)
{
	autojson json_t *mine = reply;
	const char *got = json_str(json_obj(mine, "result"), "text");
	bool good = got != NULL && strstr(got, text) != NULL;

	if (!good)
		printf("# %s\n", got != NULL ? got : json_str(mine, "error"));
	return good;
}

/* An agreement with words of its own; their text. */
static const char *
agreement(size_t i, const json_t *id, char ret[32])
{
	(void)snprintf(ret, 32, "Talk number %d", ++said);
	json_decref(host_ok(&h, i, "match note", json_pack("{s:O, s:{s:s, s:s, s:{s:s, s:s, s:i, s:s, s:s}}}", "match", id, "document", "kind",
	    "agreement", "on", "2026-11-21", "agreement", "scope", ret, "hours", "Days", "response_hours", 24, "ending", "Any time", "ends_on", "2027-05-20")));
	for (int k = 0; k < 4; k++)
		host_run(&h, 4000);
	return ret;
}

static bool
says(size_t i, const json_t *id, const char *text)
{
	autojson json_t *list = story_list(&h, i, "matches");
	const json_t *item;
	const char *got = "";
	size_t k;

	json_array_foreach(list, k, item)
		if (json_equal(json_object_get(item, "id"), id))
			got = json_str(item, "account") != NULL ? json_str(item, "account") : "nothing";
	if (strstr(got, text) == NULL)
		printf("# it says: %s\n", got);
	return strstr(got, text) != NULL;
}

static void
begin(uint64_t seed)
{
	autojson json_t *target = NULL;

	story_begin(&h, seed);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	(void)story_add(&h, "further", "further.example");
	story_trust_both(&h, STORY_LIFE);
	target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	json_decref(host_ok(&h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
}

/* At a follower's node. */
static void
test_follower(void)
{
	char key[44], new_key[44], say[BINDING_WORDS + 16], text[32], later[32];
	autojson json_t *id = NULL, *wrong = NULL, *word = NULL, *all = NULL;
	struct err err = { "" };

	begin(311);
	sign(ROSA_USER, master_of(ROSA, key));
	id = match(SOURCE);
	(void)words(ROSA_USER, key, say);

	/* The wrong account. */
	wrong = chat(SOURCE, id, OTHER_USER);
	ok(refused(wrong, "signed for another account"), "staff cannot take another account than the specialist's");
	ok(told(chat(SOURCE, id, NULL), "asked whether it is theirs"), "staff need not know which it is");
	(void)agreement(SOURCE, id, text);
	is_int(chat_comes(&h, ROSA, QUESTION), 1, "the account is asked whose it is");
	is_int(chat_heard(&h, ROSA, text), 0, "and shown nothing of the match");
	ok(says(SOURCE, id, "has not said yet"), "which staff see");
	ok(story_well(&h, SOURCE, "specialists' accounts"), "and is well for a day");
	ok(chat_answers(&h, ROSA, "!feedback", "nobody with whom you are matched"), "nor is anything taken from it");
	ok(chat_answers(&h, ROSA, "!account acorn acorn acorn acorn acorn acorn", "No specialist of a match"), "other words do not count");
	ok(chat_answers(&h, OTHER, say, "No specialist of a match"), "nor these from another account");
	is_int(chat_heard(&h, OTHER, text), 0, "which is shown nothing");
	ok(chat_answers(&h, ROSA, "!account", key), "the account is told its identity key, as it is seen here");

	/* The right one. */
	ok(chat_answers(&h, ROSA, say, "Thank you. It is written down"), "the specialist's account says that it is theirs");
	is_int(chat_comes(&h, ROSA, text), 1, "and is shown what waited, once");
	ok(says(SOURCE, id, "said the same"), "staff see that too");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	is_int(chat_heard(&h, ROSA, QUESTION), 1, "nobody is asked again");
	is_int(chat_comes(&h, ROSA, agreement(SOURCE, id, text)), 1, "what comes later is shown");

	/* A new record of the same consent changes nothing. */
	all = records(ROSA_USER, key);
	(void)json_object_set_new(json_obj(json_obj(json_array_get(all, 1), "body"), "capacity"), "open", json_integer(1));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", all)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 10000);
	ok(says(SOURCE, id, "said the same"), "published anew it stays");

	/* Other keys, of which the homeserver says that they are the account's. */
	(void)identity_new(&h, ROSA_USER, 'k', new_key);
	ok(says(SOURCE, id, "other keys"), "with other keys it is in doubt");
	ok(story_ill(&h, SOURCE, "specialists' accounts", "in 1 nothing is shown"), "and the doctor says so");
	(void)agreement(SOURCE, id, later);
	chat_say(&h, ROSA, say);
	host_run(&h, 30000);
	is_int(chat_heard(&h, ROSA, later), 0, "nothing more is shown");
	ok(says(SOURCE, id, "other keys"), "whatever is said there");

	/* The specialist signs for them. */
	*h.now += WHEN_MINUTE;
	sign(ROSA_USER, new_key);
	(void)words(ROSA_USER, new_key, say);
	chat_say(&h, ROSA, say);
	host_run(&h, 10000);
	is_int(chat_comes(&h, ROSA, "being looked up"), 1, "signed anew, the keys are looked up");
	is_int(chat_heard(&h, ROSA, later), 0, "and nothing is shown before the account says so again");
	ok(chat_answers(&h, ROSA, say, "Thank you. It is written down"), "with the new words it does");
	is_int(chat_comes(&h, ROSA, later), 1, "then what waited is shown");
	ok(story_well(&h, SOURCE, "specialists' accounts"), "and all is well");

	/* It ends with the consent. */
	json_decref(all);
	all = records(ROSA_USER, new_key);
	if (publication_withdraw(json_obj(json_obj(json_array_get(all, 1), "body"), "consent"), rosa, *h.now + 1, &word, &err) != 0)
		host_fail(&h, "not withdrawn: %s", err.text);
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:O}]}", "records", "source", "publication:x", "kind", "publication", "body", word)));
	host_run(&h, 30000);
	ok(says(SOURCE, id, "has ended"), "taken back, it has ended");
	is_int(chat_comes(&h, ROSA, agreement(SOURCE, id, text)), 0, "and nothing is shown any more");
	ok(!chat_in_files(&h, SOURCE, "Talk number"), "no word of a match is in clear in a file");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
}

/* At the specialist's own organization; and a record that says nothing of an account at first. */
static void
test_own(void)
{
	char key[44], text[32], say[BINDING_WORDS + 16];
	autojson json_t *id = NULL, *none = NULL;

	begin(312);
	sign(NULL, NULL);
	id = match(TARGET);
	none = chat(TARGET, id, NULL);
	ok(refused(none, "has not signed which account"), "without a word of theirs staff say whose account it is");
	ok(told(chat(TARGET, id, OTHER_USER), "make sure by another way"), "and are told to make sure");
	is_int(chat_comes(&h, OTHER, agreement(TARGET, id, text)), 1, "it goes on as before then");
	ok(says(TARGET, id, "nothing"), "and nothing more is said of it");

	*h.now += WHEN_MINUTE;
	sign(ROSA_USER, master_of(ROSA, key));
	ok(says(TARGET, id, "not the account"), "once they sign for another account, that is seen");
	is_int(chat_comes(&h, OTHER, agreement(TARGET, id, text)), 0, "and the wrong one is shown nothing more");
	ok(story_ill(&h, TARGET, "specialists' accounts", "in 1 nothing is shown"), "which the doctor says");
	ok(told(chat(TARGET, id, NULL), "asked whether it is theirs"), "theirs takes its place");
	is_int(chat_comes(&h, ROSA, QUESTION), 1, "and is asked");
	json_decref(host_ok(&h, ROSA, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", words(ROSA_USER, key, say))));
	is_int(chat_comes(&h, ROSA, text), 1, "by its own word it is shown what waits");
	is_int(chat_comes(&h, OTHER, text), 0, "and the other is not");

	/* Signed by somebody else, or as something else, it is not published. */
	for (int i = 0; i < 2; i++) {
		json_t *all = records(ROSA_USER, key), *consent = json_obj(json_obj(json_array_get(all, 1), "body"), "consent"), *wrong = NULL;
		autojson json_t *taken = NULL;

		if (i == 0 && binding_sign(OTHER_USER, key, stranger, *h.now, &wrong, NULL) != 0)
			abort();
		if (i == 1)
			wrong = json_deep_copy(consent);
		(void)json_object_set_new(consent, "account", wrong);
		(void)json_object_del(consent, "proof");
		if (proof_sign(consent, rosa, "assertionMethod", "2026-11-21T00:00:00Z", NULL) != 0)
			abort();
		taken = host_command(&h, TARGET, "import", json_pack("{s:o}", "records", all));
		ok(refused(taken, i == 0 ? "said by somebody else" : "/kind"), i == 0 ? "another's word is not published" : "nor one that was signed as something else");
	}
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
}

/* Only a device that the account itself signed speaks for it; and what the specialist signed before counts no more once they signed something newer. */
static int
count_row(void *cookie, const struct bound_row *row)
{
	(void)row;
	++*(int *)cookie;
	return 0;
}

/* What the source keeps of Rosa's account; ${pid}: who she is there, found if 0. */
static int
kept(int64_t *pid)
{
	struct db *db = hostile_db(&h, SOURCE);
	int n = 0;

	if ((*pid == 0 && person_find(db, ROSA_USER, pid) != 0) || bound_each(db, *pid, count_row, &n) != 0)
		host_fail(&h, "she cannot be looked up");
	hostile_go_on(&h, SOURCE, db);
	return n;
}

static void
test_replayed(void)
{
	int64_t pid = 0;
	char key[44], new_key[44], name[300], text[32], say[BINDING_WORDS + 16];
	autojson json_t *id = NULL, *signatures = NULL, *identity = NULL, *pinned = NULL;
	json_t *all, *body;
	struct hs_device *dev;
	int64_t first;
	struct err err = { "" };

	begin(313);
	first = *h.now;
	sign(ROSA_USER, master_of(ROSA, key));
	id = match(SOURCE);
	(void)words(ROSA_USER, key, say);
	ok(told(chat(SOURCE, id, NULL), "asked whether it is theirs"), "an account is to say that it is theirs");
	(void)agreement(SOURCE, id, text);
	is_int(chat_comes(&h, ROSA, QUESTION), 1, "and is asked");

	/* The device is not signed any more; staff have pinned it. */
	dev = identity_device(&h, ROSA_USER);
	identity = json_deep_copy(hs_user(h.hs, ROSA_USER)->signing);
	signatures = json_deep_copy(json_obj(dev->keys, "signatures"));
	(void)snprintf(name, sizeof(name), "ed25519:%s", dev->id);
	json_object_set_new(dev->keys, "signatures", json_pack("{s:{s:O}}", ROSA_USER, name, json_object_get(json_obj(signatures, ROSA_USER), name)));
	pinned = host_ok(&h, SOURCE, "trust", json_pack("{s:s, s:s, s:O}", "user", ROSA_USER, "device", dev->id, "fingerprint", json_object_get(json_obj(dev->keys, "keys"), name)));
	identity_show(&h, ROSA_USER, identity);
	ok(chat_answers(&h, ROSA, say, "a program that your account has not confirmed"), "the right words from a device that is not signed do not count, though it is pinned");
	ok(says(SOURCE, id, "has not said yet"), "nothing was said");
	is_int(chat_heard(&h, ROSA, text), 0, "and nothing is shown");
	json_object_set(dev->keys, "signatures", signatures);
	identity_show(&h, ROSA_USER, identity);
	ok(chat_answers(&h, ROSA, say, "Thank you. It is written down"), "signed again, they do");
	is_int(chat_comes(&h, ROSA, text), 1, "and what waited is shown");

	/* New keys, signed by the specialist and said by the account. */
	(void)identity_new(&h, ROSA_USER, 'k', new_key);
	*h.now += WHEN_MINUTE;
	sign(ROSA_USER, new_key);
	chat_say(&h, ROSA, words(ROSA_USER, new_key, say));
	is_int(chat_comes(&h, ROSA, "being looked up"), 1, "new keys are signed");
	ok(chat_answers(&h, ROSA, say, "Thank you. It is written down"), "and said");

	/* The homeserver shows the old ones, somebody persuades staff, and the older word is published in a newer consent. */
	identity_show(&h, ROSA_USER, identity);
	ok(says(SOURCE, id, "other keys"), "the old keys are in doubt");
	json_decref(host_ok(&h, SOURCE, "trust identity", json_pack("{s:s, s:s}", "user", ROSA_USER, "fingerprint", key)));
	*h.now += WHEN_MINUTE;
	all = records(NULL, NULL);
	body = json_obj(json_array_get(all, 1), "body");
	if (publication_bind(body, ROSA_USER, key, rosa, first, &err) != 0 ||
	    publication_sign(body, h.node[TARGET].org, RECORD, *h.now + 90 * WHEN_DAY, rosa, *h.now, &err) != 0)
		host_fail(&h, "not signed: %s", err.text);
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", all)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 30000);
	ok(says(SOURCE, id, "other keys"), "what was signed and said of them before does not bring them back");
	(void)agreement(SOURCE, id, text);
	ok(chat_answers(&h, ROSA, words(ROSA_USER, key, say), "shows other keys here"), "nor do the old words");
	is_int(chat_comes(&h, ROSA, text), 0, "and nothing is shown");
	sign(ROSA_USER, key);
	ok(says(SOURCE, id, "said the same"), "only a newer word of the specialist does");
	ok(kept(&pid) > 0, "what was said is kept");
	json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", ROSA_USER, "confirm", ROSA_USER)));
	is_int(kept(&pid), 0, "until they are erased");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
}

int
main(void)
{
	test_follower();
	test_own();
	test_replayed();
	return done_testing();
}
