/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is in force: suspended by the federation, denied here, allowed in spite of it; how trust begins; and two
 * lists that contradict each other, after which nothing is sent to anybody.
 */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/proof.h"
#include "base/signers.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "hostile.h"
#include "identity.h"
#include "store/devicestore.h"
#include "store/peoplestore.h"
#include "story_refer.h"
#include "story_trust.h"
#include "tests/tap.h"

#define BOT	"@bot:bots.example"

static char *
org_of(struct host *h, size_t i)
{
	autojson json_t *self = host_ok(h, i, "show", json_pack("{s:s}", "id", "node"));

	return strdup(json_str(self, "org"));
}

static void
suspend(json_t *list, size_t at, int64_t now, const char *reason)
{
	(void)json_object_set_new(json_array_get(json_arr(list, "orgs"), at), "suspended",
	    json_pack("{s:I, s:s}", "since", (json_int_t)now, "reason", reason));
}

/* All follow one list, and the source the target's directory; the list. */
static json_t *
begin(struct host *h, uint64_t seed)
{
	json_t *list;

	story_begin(h, seed);
	list = story_trust_list(h, 1, ~0u, STORY_LIFE);
	for (size_t i = 0; i < h->n; i++)
		json_decref(import(h, i, list));
	story_publish(h);
	return list;
}

static size_t
found(struct host *h)
{
	autojson json_t *result = host_ok(h, SOURCE, "find", json_object());

	return json_array_size(json_arr(result, "records"));
}

static json_t *
decide(struct host *h, const char *org, const char *decision)
{
	return host_command(h, SOURCE, "federation_decide", json_pack("{s:s, s:s, s:s}", "org", org, "decision", decision,
	    "reason", "they passed on a name"));
}

/* A referral that has been asked for, and whose bytes are on their way. */
static void
refer(struct host *h)
{
	struct referral_story story = { .lost = 0 };
	autojson json_t *reply = NULL;

	refer_begin(h, &story);
	hs_script(h->hs, &(struct hs_script){ .drop = "/send/" });
	reply = host_command(h, SOURCE, "refer", refer_args(h, &story, STORY_REFER));
	host_settle(h);
	ok(json_is_true(json_object_get(reply, "ok")), "a referral is on its way");
}

/* Whoever is suspended gets nothing, what is on its way to them waits, and they are told of by their reason. */
static void
test_suspended(void)
{
	struct host h;
	autojson json_t *one = NULL, *two = NULL, *three = NULL, *reply = NULL, *again = NULL, *partners = NULL;
	autofree char *org = NULL;

	one = begin(&h, 71);
	org = org_of(&h, TARGET);
	ok(found(&h) > 0, "a directory is followed");
	refer(&h);
	two = next(&h, one);
	suspend(two, TARGET, *h.now, "a laptop was stolen");
	sign(&h, two, 1);
	again = import(&h, SOURCE, two);
	ok(json_is_true(json_object_get(again, "ok")), "the federation suspends the partner");
	hs_script(h.hs, NULL);
	host_run(&h, 300000);
	ok(found(&h) == 0, "its records are not shown");
	reply = host_command(&h, SOURCE, "follow", json_pack("{s:s}", "org", org));
	ok(refused(reply, "suspended harbor since") && strstr(json_str(reply, "error"), "a laptop was stolen") != NULL,
	    "nothing is asked of it, and it is said why");
	partners = story_list(&h, SOURCE, "partners");
	ok(strstr(json_str(json_array_get(partners, 0), "stopped"), "a laptop was stolen") != NULL, "the list of partners says so");
	ok(story_count(&h, TARGET, "referrals") == 0, "the referral did not leave");
	json_decref(reply);
	reply = decide(&h, org, "allow");
	ok(json_is_true(json_object_get(reply, "ok")), "this node goes on with it");
	ok(story_ill(&h, SOURCE, "organization", "though the federation has suspended it"), "which the doctor finds remarkable");
	ok(found(&h) > 0, "its records are shown again");
	host_run(&h, 300000);
	is_int((int)story_count(&h, TARGET, "referrals"), 1, "and the referral arrives, once");
	three = next(&h, two);
	suspend(three, TARGET, *h.now, "and another");
	sign(&h, three, 1);
	json_decref(again);
	again = import(&h, SOURCE, three);
	ok(json_is_true(json_object_get(again, "ok")) && found(&h) == 0, "another suspension counts again");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(found(&h) == 0, "after a restart, too");
	is_int((int)story_complaints(&h), 0, "the homeservers have nothing to complain of");
	host_close(&h);
}

/* We ourselves: what is on its way waits, and every verb says why. */
static void
test_own_suspended(void)
{
	struct host h;
	autojson json_t *one = NULL, *two = NULL, *three = NULL, *reply = NULL, *again = NULL;
	autofree char *org = NULL;

	one = begin(&h, 75);
	org = org_of(&h, TARGET);
	refer(&h);
	two = next(&h, one);
	suspend(two, SOURCE, *h.now, "an audit is due");
	sign(&h, two, 1);
	json_decref(import(&h, SOURCE, two));
	hs_script(h.hs, NULL);
	host_run(&h, 300000);
	ok(story_count(&h, TARGET, "referrals") == 0, "our own organization is suspended: it does not leave");
	reply = host_command(&h, SOURCE, "follow", json_pack("{s:s}", "org", org));
	ok(refused(reply, "an audit is due"), "and it is said why");
	three = next(&h, two);
	(void)json_object_del(json_array_get(json_arr(three, "orgs"), SOURCE), "suspended");
	sign(&h, three, 1);
	again = import(&h, SOURCE, three);
	host_run(&h, 300000);
	ok(json_is_true(json_object_get(again, "ok")) && story_count(&h, TARGET, "referrals") == 1, "reinstated: it arrives, once");
	host_close(&h);
}

/* The partner is a bot, which nobody can cross-sign: the list names this one device of its account. */
static void
know_by_device(struct host *h, json_t *list, const char *device, const char *fingerprint)
{
	json_t *org = json_array_get(json_arr(list, "orgs"), TARGET);

	(void)json_object_set_new(org, "roles", json_pack("[s, s]", "node", "bot"));
	(void)json_object_set_new(org, "devices", json_pack("[{s:s, s:s}]", "device", device, "key", fingerprint));
	(void)json_object_del(org, "master_key");
	sign(h, list, 1);
	json_decref(host_ok(h, SOURCE, "import_trust", json_pack("{s:O}", "document", list)));
}

/* Whom the list knows by devices gets and says nothing on another, though its homeserver shows who signed that. */
static void
test_devices(void)
{
	struct host h;
	autojson json_t *one = NULL, *two = NULL, *three = NULL;
	autofree char *name = NULL;
	const struct hs_device *dev;
	const char *fingerprint;

	one = begin(&h, 76);
	dev = identity_device(&h, json_str(json_array_get(json_arr(one, "orgs"), TARGET), "node_user"));
	if (asprintf(&name, "ed25519:%s", dev->id) < 0 || (fingerprint = json_str(json_obj(dev->keys, "keys"), name)) == NULL)
		host_fail(&h, "no fingerprint");
	two = next(&h, one);
	know_by_device(&h, two, "ANOTHER", fingerprint);
	refer(&h);
	hs_script(h.hs, NULL);
	host_run(&h, 300000);
	ok(story_count(&h, TARGET, "referrals") == 0, "it does not arrive on a device that only the homeserver's identity signed");
	three = next(&h, two);
	know_by_device(&h, three, dev->id, fingerprint);
	host_run(&h, 300000);
	is_int((int)story_count(&h, TARGET, "referrals"), 1, "but on the one that the list names, once");
	is_int((int)story_complaints(&h), 0, "the homeservers have nothing to complain of");
	host_close(&h);
}

static void
test_denied(void)
{
	struct host h;
	autojson json_t *reply = NULL, *strange = NULL, *own = NULL, *more = NULL, *none = NULL, *vague = NULL;
	autofree char *org = NULL, *self = NULL;

	story_begin(&h, 72);
	story_trust(&h);
	story_publish(&h);
	org = org_of(&h, TARGET);
	self = org_of(&h, SOURCE);
	none = decide(&h, org, "allow");
	ok(refused(none, "nothing to allow"), "who is in force needs no allowance");
	strange = decide(&h, "7Z2J9K4M6P8R0T1V3X5Y7A9C2E", "allow");
	ok(refused(strange, "cannot put it there"), "nobody is added to the list by one");
	own = decide(&h, self, "deny");
	ok(refused(own, "our own"), "nobody denies themselves");
	vague = host_command(&h, SOURCE, "federation_decide", json_pack("{s:s, s:s}", "org", org, "decision", "deny"));
	ok(refused(vague, "reason"), "a denial has a reason");
	json_decref(host_ok(&h, SOURCE, "federation_decide", json_pack("{s:s, s:s, s:s}", "org", org, "decision", "deny",
	    "reason", "they passed on a name")));
	ok(found(&h) == 0, "denied here: not shown");
	reply = host_command(&h, SOURCE, "follow", json_pack("{s:s}", "org", org));
	ok(refused(reply, "they passed on a name"), "nor asked, and it is said why");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(found(&h) == 0, "after a restart, too");
	more = decide(&h, org, "allow");
	ok(json_is_true(json_object_get(more, "ok")) && found(&h) > 0, "allowed again: shown");
	host_close(&h);
}

static json_t *
named(struct host *h, size_t i, const char *words)
{
	autojson json_t *result = host_ok(h, i, "find", json_pack("{s:s}", "words", words));

	return json_incref(json_array_get(json_arr(result, "records"), 0));
}

/* The target publishes one more program. */
static void
bring(struct host *h, const char *name)
{
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s}}]}", "records", "source", name, "kind", "program",
	    "body", "name", name, "description", "We listen.")));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 60000);
}

/* Its sync says of each room that something was left out of it. */
static void
cut(void *cookie, const char *user, json_t *answer)
{
	json_t *room;
	const char *id;

	(void)cookie;
	if (strcmp(user, SOURCE_USER) == 0)
		json_object_foreach(json_obj(json_obj(answer, "rooms"), "join"), id, room)
			(void)json_object_set_new(json_obj(room, "timeline"), "limited", json_true());
}

static void
withdrawn_meanwhile(struct host *h, const char *org)
{
	autojson json_t *rosa = named(h, SOURCE, "rosa"), *gone = NULL, *ours = NULL;

	json_decref(decide(h, org, "deny"));
	json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:O}", "id", json_object_get(rosa, "id"))));
	host_run(h, 60000);
	host_kill(h, SOURCE);
	host_start(h, SOURCE);
	json_decref(decide(h, org, "allow"));
	host_run(h, 60000);
	gone = named(h, SOURCE, "rosa");
	ok(rosa != NULL && gone == NULL, "who took her consent back while her organization was denied is not shown when it is allowed again");
	ours = host_ok(h, TARGET, "show", json_pack("{s:O}", "id", json_object_get(rosa, "id")));
	ok(json_is_true(json_object_get(json_array_get(json_arr(ours, "followers"), 0), "forgotten")), "and is forgotten, which is said");
}

/* What a partner published while it was not in force is read when it is, however that ended. */
static void
test_missed(void)
{
	struct host h;
	autojson json_t *one = NULL, *two = NULL, *three = NULL, *gull = NULL, *heron = NULL;
	autofree char *org = NULL;

	one = begin(&h, 76);
	org = org_of(&h, TARGET);
	withdrawn_meanwhile(&h, org);
	two = next(&h, one);
	suspend(two, TARGET, *h.now, "a laptop was stolen");
	sign(&h, two, 1);
	json_decref(import(&h, SOURCE, two));
	bring(&h, "Gull");
	three = next(&h, two);
	(void)json_object_del(json_array_get(json_arr(three, "orgs"), TARGET), "suspended");
	sign(&h, three, 1);
	json_decref(import(&h, SOURCE, three));
	host_run(&h, 60000);
	ok((gull = named(&h, SOURCE, "gull")) != NULL, "nor is anything lost that came during a suspension");
	json_decref(decide(&h, org, "deny"));
	hs_script(h.hs, &(struct hs_script){ .sync = cut });
	bring(&h, "Heron");
	hs_script(h.hs, NULL);
	json_decref(decide(&h, org, "allow"));
	host_run(&h, 60000);
	ok((heron = named(&h, SOURCE, "heron")) != NULL, "or was read as a whole while it was denied");
	ok(story_well(&h, SOURCE, "directory of harbor") && story_clean(&h, SOURCE), "nothing is missing, and nothing is on a list of what was refused");
	is_int((int)story_complaints(&h), 0, "the homeservers have nothing to complain of");
	host_close(&h);
}

/* Signed twice: whoever signs has said two things. */
static void
test_fork(void)
{
	static const char *const verbs[] = { "follow", "publish" };
	struct host h;
	autojson json_t *one = NULL, *two = NULL, *other = NULL, *three = NULL, *reply = NULL, *mend = NULL, *wrong = NULL;
	autofree char *org = NULL;
	char words[SIGNERS_WORDS];
	struct signers by = { .needed = 1, .n = 1 };
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	one = begin(&h, 73);
	org = org_of(&h, TARGET);
	(void)crypto_sign_seed_keypair(by.key[0], secret, seeds[0]);
	two = next(&h, one);
	(void)json_object_set_new(two, "signers", json_pack("{s:i, s:[s]}", "needed", 1, "keys", h.signer));
	sign(&h, two, 1);
	other = next(&h, one);
	(void)json_object_set_new(other, "expires_at", json_integer(*h.now + STORY_LIFE / 2));
	sign(&h, other, 1);
	json_decref(import(&h, SOURCE, two));
	refer(&h);
	reply = import(&h, SOURCE, other);
	ok(json_str(json_obj(reply, "result"), "stopped") != NULL, "a second list of one version stops the federation");
	hs_script(h.hs, NULL);
	host_run(&h, 300000);
	for (int round = 0; round < 2; round++) {
		ok(story_ill(&h, SOURCE, "trust list", "two trust lists of version 2"), "the doctor says so");
		ok(found(&h) == 0 && story_count(&h, TARGET, "referrals") == 0, "nobody is trusted, and nothing has left");
		for (size_t i = 0; i < nelem(verbs); i++) {
			autojson json_t *sent = host_command(&h, SOURCE, verbs[i], json_pack("{s:s}", "org", org));

			ok(refused(sent, "two trust lists of version 2"), "%s says so", verbs[i]);
		}
		host_kill(&h, SOURCE);
		host_start(&h, SOURCE);
	}
	three = next(&h, two);
	sign(&h, three, 1);
	json_decref(reply);
	reply = import(&h, SOURCE, three);
	ok(refused(reply, "two trust lists"), "no later list ends it by itself");
	wrong = host_command(&h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", three, "words",
	    "acorn acorn acorn acorn acorn acorn acorn acorn acorn acorn"));
	ok(refused(wrong, "not the words"), "nor words that nobody said");
	mend = host_command(&h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", three, "words", signers_words(&by, words)));
	ok(json_is_true(json_object_get(mend, "ok")), "an operator who has spoken to people does");
	ok(story_well(&h, SOURCE, "trust list") && found(&h) > 0, "and all is as before");
	host_run(&h, 300000);
	is_int((int)story_count(&h, TARGET, "referrals"), 1, "the referral arrives, once");
	host_close(&h);
}

static json_t *
by_one(struct host *h, const json_t *before, const char *key, const uint8_t seed[32], int64_t life)
{
	json_t *list = next(h, before);

	(void)json_object_set_new(list, "signers", json_pack("{s:i, s:[s]}", "needed", 1, "keys", key));
	(void)json_object_set_new(list, "expires_at", json_integer(*h->now + life));
	if (trust_sign(list, seed, *h->now, NULL) != 0)
		host_fail(h, "not signed");
	return list;
}

/* Either of two may sign, and each names itself alone, for good: nobody else ever signs both. */
static void
test_split(void)
{
	autojson json_t *one = NULL, *two = NULL, *mine = NULL, *other = NULL, *later = NULL, *reply = NULL, *again = NULL;
	uint8_t secret[crypto_sign_SECRETKEYBYTES], keys[2][32];
	char key[2][64], words[SIGNERS_WORDS];
	struct signers by = { .needed = 1, .n = 2 };
	struct host h;

	story_begin(&h, 75);
	for (int i = 0; i < 2; i++) {
		(void)crypto_sign_seed_keypair(keys[i], secret, seeds[i]);
		(void)memcpy(by.key[i], keys[i], sizeof(keys[i]));
		proof_key_text(keys[i], key[i]);
	}
	one = story_trust_list(&h, 1, ~0u, STORY_LIFE);
	two = next(&h, one);
	(void)json_object_set_new(two, "signers", json_pack("{s:i, s:[s, s]}", "needed", 1, "keys", key[0], key[1]));
	sign(&h, two, 1);
	mine = by_one(&h, two, key[0], seeds[0], STORY_LIFE);
	other = by_one(&h, two, key[1], seeds[1], STORY_LIFE);
	later = by_one(&h, mine, key[0], seeds[0], STORY_LIFE);
	for (size_t i = 0; i < h.n; i++) {
		json_decref(import(&h, i, one));
		json_decref(import(&h, i, two));
		json_decref(import(&h, i, i == SOURCE ? mine : other));
	}
	again = host_command(&h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", two, "words", signers_words(&by, words)));
	ok(refused(again, "of other signers"), "an older list does not come back by its words");
	json_decref(import(&h, SOURCE, later));
	by = (struct signers){ .needed = 1, .n = 1 };
	(void)memcpy(by.key[0], keys[0], sizeof(keys[0]));
	json_decref(again);
	again = host_command(&h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", mine, "words", signers_words(&by, words)));
	ok(refused(again, "was accepted before"), "nor one of the same signers");
	for (size_t i = 0; i < h.n; i++) {
		json_decref(reply);
		reply = import(&h, i, i == SOURCE ? other : mine);
		ok(json_str(json_obj(reply, "result"), "stopped") != NULL, "the two halves of a federation that fell apart stop, whichever list came first");
		ok(story_ill(&h, i, "trust list", "two trust lists of version 3"), "and say so");
	}
	host_close(&h);
}

/* No key in the configuration: a file and ten words.  Two of three sign, and others take over. */
static void
test_join(void)
{
	struct host h;
	autojson json_t *list = NULL, *reply = NULL, *two = NULL, *alone = NULL;
	struct signers by = { .needed = 2, .n = 3 };
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	char words[SIGNERS_WORDS], key[3][64];

	host_open(&h, 74);
	(void)story_add(&h, "opendoor", "opendoor.example");
	(void)story_add(&h, "harbor", "harbor.example");
	list = story_trust_list(&h, 1, ~0u, STORY_LIFE);
	for (int i = 0; i < 3; i++) {
		(void)crypto_sign_seed_keypair(by.key[i], secret, seeds[i]);
		proof_key_text(by.key[i], key[i]);
	}
	(void)json_object_set_new(list, "signers", json_pack("{s:i, s:[s, s, s]}", "needed", 2, "keys", key[0], key[1], key[2]));
	sign(&h, list, 1);
	(void)signers_words(&by, words);
	reply = import(&h, SOURCE, list);
	ok(refused(reply, "does not know whose signature"), "without a beginning nobody is trusted");
	json_decref(reply);
	reply = host_command(&h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", list, "words", words));
	ok(refused(reply, "1 of the 2"), "one signature of two is not enough");
	sign(&h, list, 2);
	for (size_t i = 0; i < h.n; i++)
		json_decref(host_ok(&h, i, "federation_join", json_pack("{s:O, s:s}", "document", list, "words", words)));
	story_publish(&h);
	ok(found(&h) > 0, "with two, and the words, two nodes find each other");
	alone = next(&h, list);
	(void)json_object_set_new(alone, "signers", json_pack("{s:i, s:[s]}", "needed", 1, "keys", key[2]));
	if (trust_sign(alone, seeds[2], *h.now, NULL) != 0)
		host_fail(&h, "not signed");
	json_decref(reply);
	reply = import(&h, SOURCE, alone);
	ok(refused(reply, "signed by enough"), "one signer alone does not take over");
	sign(&h, alone, 1);
	json_decref(reply);
	reply = import(&h, SOURCE, alone);
	ok(json_is_true(json_object_get(reply, "ok")), "with another of before it does");
	two = next(&h, alone);
	if (trust_sign(two, seeds[2], *h.now, NULL) != 0)
		host_fail(&h, "not signed");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	json_decref(reply);
	reply = import(&h, SOURCE, two);
	ok(json_is_true(json_object_get(reply, "ok")), "and signs the next alone, after a restart");
	host_close(&h);
}

static json_t *
devices(const char *name)
{
	uint8_t seed[ED25519_SEED] = { 0 }, key[32], secret[crypto_sign_SECRETKEYBYTES];
	char text[44];

	seed[0] = (uint8_t)name[3];
	(void)crypto_sign_seed_keypair(key, secret, seed);
	encode_b64(key, sizeof(key), text);
	return json_pack("[{s:s, s:s}]", "device", name, "key", text);
}

/* The version after ${before}, signed by one, in which the bot has that device. */
static json_t *
with_bot(struct host *h, const json_t *before, const char *device, int64_t life)
{
	json_t *list = next(h, before), *orgs = json_arr(list, "orgs");
	uint8_t key[32], secret[crypto_sign_SECRETKEYBYTES];
	char record[64];

	(void)crypto_sign_seed_keypair(key, secret, seeds[2]);
	proof_key_text(key, record);
	(void)json_array_remove(orgs, h->n);
	(void)json_array_append_new(orgs, json_pack("{s:s, s:s, s:s, s:s, s:o, s:[s], s:s, s:[s]}", "org", "7Z2J9K4M6P8R0T1V3X5Y7A9C2E", "name", "Bot",
	    "server", "bots.example", "node_user", BOT, "devices", devices(device), "roles", "bot", "record_key", record, "via", "bots.example"));
	(void)json_object_set_new(list, "signers", json_pack("{s:i, s:[s]}", "needed", 1, "keys", h->signer));
	(void)json_object_set_new(list, "expires_at", json_integer(*h->now + life));
	sign(h, list, 1);
	return list;
}

/* Does the source believe that device of the bot? */
static bool
is_pinned(struct host *h, const char *device)
{
	struct db *db = hostile_db(h, SOURCE);
	uint8_t key[CRYPTO_KEY];
	int64_t pid;
	int r = person_find(db, BOT, &pid);

	if (r == 0)
		r = crypto_pin_get(db, pid, device, key);
	if (r < 0)
		host_fail(h, "the store answers %d", r);
	hostile_go_on(h, SOURCE, db);
	return r == 0;
}

/* The device of a bot that its entry names no more is not believed, though no list was in force in between. */
static void
test_bot(void)
{
	struct host h;
	autojson json_t *one = NULL, *two = NULL, *three = NULL, *other = NULL, *four = NULL, *reply = NULL;
	char words[SIGNERS_WORDS];
	struct signers by = { .needed = 1, .n = 1 };
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	story_begin(&h, 77);
	(void)crypto_sign_seed_keypair(by.key[0], secret, seeds[0]);
	one = story_trust_list(&h, 1, ~0u, STORY_LIFE);
	json_decref(import(&h, SOURCE, one));
	two = with_bot(&h, one, "BOTA", WHEN_DAY);
	json_decref(import(&h, SOURCE, two));
	ok(is_pinned(&h, "BOTA"), "a bot is known by the device that the list names");
	host_kill(&h, SOURCE);
	*h.now += 2 * WHEN_DAY;
	host_start(&h, SOURCE);
	three = with_bot(&h, two, "BOTB", STORY_LIFE);
	json_decref(import(&h, SOURCE, three));
	ok(!is_pinned(&h, "BOTA") && is_pinned(&h, "BOTB"), "after that list expired the next one names another: the first is not known any more");
	other = with_bot(&h, two, "BOTB", STORY_LIFE / 2);
	reply = import(&h, SOURCE, other);
	ok(json_str(json_obj(reply, "result"), "stopped") != NULL, "two lists contradict each other");
	four = with_bot(&h, three, "BOTC", STORY_LIFE);
	json_decref(host_ok(&h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", four, "words", signers_words(&by, words))));
	ok(!is_pinned(&h, "BOTB") && is_pinned(&h, "BOTC"), "and of what was pinned before nothing is left either");
	host_close(&h);
}

int
main(void)
{
	test_suspended();
	test_own_suspended();
	test_devices();
	test_denied();
	test_missed();
	test_fork();
	test_split();
	test_join();
	test_bot();
	return done_testing();
}
