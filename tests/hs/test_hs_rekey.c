/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An organization changes the key of its records: who follows it has them before, while the trust list comes to one after the other, and
 * after; and what a thief signs with the key of before is refused once that counts no more.
 */
#include <stdio.h>
#include <string.h>

#include "app/own.h"
#include "base/canon.h"
#include "base/proof.h"
#include "domain/directory.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/dirstore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define RECORD	"org.cairnpeer.record"
#define DRAFT	"Qzyvan is not published"

enum { RECORDS = 2, SIGNED = RECORDS + 1 /* One was withdrawn. */, DAYS = 2 };

static const uint8_t signer[ED25519_SEED] = "the signer of a test federation";
static struct host h;
static char harbor[27], first[64], second[64];
static uint8_t stolen[ED25519_SEED];

static json_t *
rotate(json_t *args)
{
	return host_command(&h, TARGET, "key rotate", args);
}

static bool
not_rotated(json_t *args, const char *words)
{
	autojson json_t *reply = rotate(args);

	return refused(reply, words);
}

static void
take_list(int version, size_t i)
{
	static json_t *list;
	static int made;

	if (made != version) {
		json_decref(list);
		list = story_trust_list(&h, version, ~0u, STORY_LIFE);
		made = version;
	}
	json_decref(host_ok(&h, i, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 20000);
	if (i == TARGET) {
		json_decref(list);
		list = NULL;
		made = 0;
	}
}

/* What the source finds of the target. */
static size_t
found(const char *words)
{
	autojson json_t *all = host_ok(&h, SOURCE, "find", json_pack("{s:s*}", "words", words));

	return json_array_size(json_arr(all, "records"));
}

static json_t *
shown(size_t i, const json_t *id)
{
	autojson json_t *one = host_ok(&h, i, "show", json_pack("{s:O}", "id", id));

	return json_incref(json_obj(one, "record"));
}

static bool
is_by(const json_t *record, const char *key)
{
	const char *method = json_str(json_obj(record, "proof"), "verificationMethod"), *mark = method != NULL ? strrchr(method, '#') : NULL;

	return mark != NULL && !strcmp(mark + 1, key);
}

/* How many of its records the source has under that key as the target has them, saying what they said in ${before}; the manifest is not counted, and under that key, too. */
static size_t
had_under(const char *key, const json_t *before)
{
	autojson json_t *items = story_list(&h, TARGET, "records");
	const json_t *item;
	size_t n = 0, i;

	json_array_foreach(items, i, item) {
		autojson json_t *theirs = shown(SOURCE, json_object_get(item, "id")), *ours = shown(TARGET, json_object_get(item, "id"));
		const json_t *was = json_object_get(before, json_str(item, "id"));

		if (!strcmp(json_str(item, "kind"), "manifest") && !is_by(theirs, key))
			return 0;
		n += strcmp(json_str(item, "kind"), "manifest") != 0 && is_by(theirs, key) && json_equal(theirs, ours) && (was == NULL ||
		    (json_equal(json_object_get(was, "body"), json_object_get(ours, "body")) && json_equal(json_object_get(was, "expires_at"),
		    json_object_get(ours, "expires_at")) && json_equal(json_object_get(was, "issued_at"), json_object_get(ours, "issued_at"))));
	}
	return n;
}

static json_t *
all_records(void)
{
	autojson json_t *items = story_list(&h, TARGET, "records");
	json_t *all = json_object();
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
		(void)json_object_set_new(all, json_str(item, "id"), shown(TARGET, json_object_get(item, "id")));
	return all;
}

/* Changed here, and not published. */
static void
draft(void)
{
	autojson json_t *records = story_records(HOST_START);
	json_t *program = json_array_get(records, 0);

	(void)json_object_set_new(json_obj(program, "body"), "description", json_string(DRAFT));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[O]}", "records", program)));
}

static void
resource(const char *source, const char *name)
{
	json_t *body = json_source("schemas/resource.example.json");

	(void)(json_object_del(body, "program") | json_object_set_new(body, "name", json_string(name)));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", source, "kind", "resource", "body", body)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 20000);
}

static void
test_asked(void)
{
	autojson json_t *none = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node")), *entry = NULL, *again = NULL, *gone = NULL, *mine = NULL;

	(void)snprintf(first, sizeof(first), "%s", json_str(none, "record_key"));
	ok(not_rotated(json_pack("{s:b}", "give_up", 1), "no new record key waits"), "nothing waits at first");
	ok(not_rotated(json_pack("{s:s}", "days", "x"), "days: a number") && not_rotated(json_pack("{s:s}", "days", "366"), "days: a number"), "how long, in days");
	entry = host_ok(&h, TARGET, "key rotate", json_pack("{s:s}", "days", "2"));
	(void)snprintf(second, sizeof(second), "%s", json_str(entry, "record_key"));
	ok(strcmp(first, second) != 0, "the entry for the trust list has another key");
	is_str(json_str(json_obj(entry, "old_record_key"), "key"), first, "and the one of now,");
	ok(json_int(json_obj(entry, "old_record_key"), "until", 0) == *h.now + DAYS * WHEN_DAY, "for two days");
	ok(not_rotated(json_object(), second), "one waits at a time");
	again = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	ok(json_equal(entry, again), "and is shown whenever the node is");
	ok(story_well(&h, TARGET, "record key"), "the doctor says that it waits");
	gone = host_ok(&h, TARGET, "key rotate", json_pack("{s:b}", "give_up", 1));
	mine = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	ok(json_str(gone, "next") != NULL && json_equal(none, mine), "given up, all is as before");
	json_decref(host_ok(&h, TARGET, "key rotate", json_pack("{s:s}", "days", "2")));
	json_decref(mine);
	host_kill(&h, TARGET);
	host_start(&h, TARGET);
	mine = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	ok(strcmp(json_str(mine, "record_key"), second) != 0 && strcmp(json_str(mine, "record_key"), first) != 0, "what is given up does not come back, nor is the next one lost");
	(void)snprintf(second, sizeof(second), "%s", json_str(mine, "record_key"));
	is_int(story_audited(&h, TARGET, "operator", "key_rotate", "z6Mk"), 2, "the audit has who asked for it");
	is_int(story_audited(&h, TARGET, "operator", "key_give_up", "z6Mk"), 1, "and who gave it up");
}

/* The list comes to the follower first, then to the organization itself. */
static void
test_changed(void)
{
	autojson json_t *before = NULL;
	struct db *db;

	autojson json_t *back = NULL;

	resource("x:gone", "Withdrawn");
	back = story_list(&h, TARGET, "records");
	json_decref(host_ok(&h, TARGET, "withdraw", json_pack("{s:O}", "id", json_object_get(json_array_get(back, json_array_size(back) - 1), "id"))));
	resource("x:before", "Beforehand");
	ok(found("beforehand") == 1 && had_under(first, NULL) == SIGNED + 1, "as long as no list names the new key, the one of now signs, and is taken");
	take_list(3, SOURCE);
	ok(found(NULL) == RECORDS + 1 && had_under(first, NULL) == SIGNED + 1, "the follower has the list: what it has, it keeps");
	resource("x:between", "Inbetween");
	ok(found("inbetween") == 1, "and takes what the key of before signs meanwhile");
	draft();
	before = all_records();
	take_list(3, TARGET);
	is_int((int)had_under(second, before), SIGNED + 2, "the organization has it: all is signed with the new key, as it was said, and taken");
	ok(found(NULL) == RECORDS + 2 && found("qzyvan") == 0, "and what was not published is not");
	ok(story_well(&h, TARGET, "record key"), "the doctor is content");
	is_int(story_audited(&h, TARGET, "node", "key_changed", "z6Mk"), 1, "the audit has it, once");
	ok(not_rotated(json_pack("{s:b}", "give_up", 1), "no new record key waits"), "nothing waits any more");
	db = hostile_db(&h, TARGET);
	{
		autofree char *next = NULL;
		uint8_t seed[ED25519_SEED];

		ok(meta_get(db, "record_seed_next", true, &next) == 0 && *next == '\0' && own_seed(db, seed) == 0 && memcmp(seed, stolen, sizeof(seed)) != 0,
		    "the key of before is nowhere");
	}
	hostile_go_on(&h, TARGET, db);
	resource("x:after", "Afterwards");
	ok(found("afterwards") == 1 && had_under(second, NULL) == SIGNED + 3, "what is published from then on is signed with it");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "nothing was refused");
}

/* Somebody who has the key of before, and the homeserver: another version of the program. */
static void
forge(const char *name)
{
	autojson json_t *record = NULL, *body = NULL;
	struct directory_seen seen = { 0 };
	struct directory_record d = { .kind = DIRECTORY_KIND_PROGRAM, .org = harbor, .issued_at = *h.now, .expires_at = *h.now + 30 * WHEN_DAY };
	struct own_record rec;
	struct db *db = hostile_db(&h, TARGET);

	if (own_by_source(db, "hsds:service/1", &rec) != 0 || canon_stored(rec.body, &body) != 0)
		host_fail(&h, "there is no program");
	(void)json_object_set_new(body, "name", json_string(name));
	d.id = rec.id;
	d.body = body;
	seen.seq = rec.seq;
	(void)snprintf(seen.hash, sizeof(seen.hash), "%s", rec.hash);
	if (directory_seal(&d, &seen, stolen, &record, NULL) != 0 || directory_hash(record, seen.hash, NULL) != 0)
		host_fail(&h, "no forgery");
	free(rec.hash);
	rec.hash = strdup(seen.hash);
	rec.seq++;
	if (own_put(db, &rec) != 0 || outbox_event(db, "node", hs_room(h.hs, "org.cairnpeer.directory", 0), RECORD, rec.state_key, record, "record", rec.id, NULL) != 0)
		host_fail(&h, "no forgery is sent");
	own_free(&rec);
	hostile_go_on(&h, TARGET, db);
	host_run(&h, 20000);
}

static void
test_stolen(void)
{
	ok(found("thief") == 0, "there is no thief");
	forge("Thief early");
	is_int((int)found("thief"), 1, "until its time the key of before counts: whoever has it is believed");
	*h.now += DAYS * WHEN_DAY;
	host_run(&h, 20000);
	is_int((int)found(NULL), RECORDS + 3, "its time is over: what came is kept");
	forge("Burglar late");
	is_int((int)found("burglar"), 0, "and what it signs from then on is refused");
	ok(found_in(&h, SOURCE, "rejected", "reason", "proof") == 1, "with the reason");
}

/* A list that names a key that we do not have, as after an old backup; and one that waits for too long. */
static void
test_doctor(void)
{
	autojson json_t *list = story_trust_list(&h, 5, ~0u, STORY_LIFE), *good = NULL;
	json_t *entry = json_array_get(json_arr(list, "orgs"), TARGET);

	ok(json_object_get(entry, "old_record_key") == NULL, "of a key whose time is over the entry says no more");
	good = json_deep_copy(list);
	(void)json_object_set_new(entry, "record_key", json_string(first));
	if (trust_sign(list, signer, *h.now, NULL) != 0)
		host_fail(&h, "the list cannot be signed");
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", list)));
	ok(story_ill(&h, TARGET, "record key", "another key for our records"), "the doctor sees a list with another key");
	(void)json_object_set_new(good, "version", json_integer(7));
	(void)json_object_set_new(good, "prev", json_sprintf("%064d", 7));
	if (trust_sign(good, signer, *h.now, NULL) != 0)
		host_fail(&h, "the list cannot be signed");
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", good)));
	ok(story_well(&h, TARGET, "record key"), "until there is one with ours");
	json_decref(host_ok(&h, TARGET, "key rotate", json_pack("{s:s}", "days", "1")));
	*h.now += 2 * WHEN_DAY;
	ok(story_ill(&h, TARGET, "record key", "waits for the trust list"), "and one that waits for longer than the other was to count");
	json_decref(host_ok(&h, TARGET, "key rotate", json_pack("{s:b}", "give_up", 1)));
}

/* The organization has the list before its follower does. */
static void
test_other_way(void)
{
	autojson json_t *list = NULL, *entry = host_ok(&h, TARGET, "key rotate", json_object());
	char third[64];
	size_t all = found(NULL);

	(void)snprintf(third, sizeof(third), "%s", json_str(entry, "record_key"));
	list = story_trust_list(&h, 9, ~0u, STORY_LIFE);
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 20000);
	ok(found(NULL) == all && all > 0 && had_under(third, NULL) == 0, "who does not have the list yet keeps what there is, and takes nothing under a key that no list names");
	json_decref(host_ok(&h, SOURCE, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 20000);
	is_int((int)had_under(third, NULL), SIGNED + 3, "and with the list has all of it");
	is_int((int)found(NULL), (int)all, "as before");
}

/* A list that suspends us names the new key: nothing is signed, and the key is not to be given up. */
static void
test_suspended(void)
{
	autojson json_t *entry = host_ok(&h, TARGET, "key rotate", json_object()), *list = story_trust_list(&h, 11, ~0u, STORY_LIFE), *shown = NULL;

	(void)json_object_set_new(json_array_get(json_arr(list, "orgs"), TARGET), "suspended", json_pack("{s:I, s:s}", "since", (json_int_t)*h.now, "reason", "a test"));
	if (trust_sign(list, signer, *h.now, NULL) != 0)
		host_fail(&h, "the list cannot be signed");
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 20000);
	ok(not_rotated(json_pack("{s:b}", "give_up", 1), "names the new record key already"), "what a list names is not given up, though it is not in force");
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	ok(json_equal(shown, entry), "nor does it sign before we are in force");
	(void)json_object_del(json_array_get(json_arr(list, "orgs"), TARGET), "suspended");
	(void)(json_object_set_new(list, "version", json_integer(13)) | json_object_set_new(list, "prev", json_sprintf("%064d", 13)));
	if (trust_sign(list, signer, *h.now, NULL) != 0)
		host_fail(&h, "the list cannot be signed");
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", list)));
	json_decref(host_ok(&h, SOURCE, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 20000);
	is_int((int)had_under(json_str(entry, "record_key"), NULL), SIGNED + 3, "and then it does");
}

int
main(void)
{
	struct db *db;

	story_begin(&h, 83);
	ok(not_rotated(json_object(), "no trust list"), "who is on no list needs no other key");
	story_trust(&h);
	story_publish(&h);
	{
		autojson json_t *node = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));

		(void)snprintf(harbor, sizeof(harbor), "%s", json_str(node, "org"));
	}
	db = hostile_db(&h, TARGET);
	if (own_seed(db, stolen) != 0)
		host_fail(&h, "there is no key");
	hostile_go_on(&h, TARGET, db);
	test_asked();
	test_changed();
	test_stolen();
	test_doctor();
	test_other_way();
	test_suspended();
	ok(story_complaints(&h) == 0, "the homeservers complain of nothing");
	host_end(&h);
	return done_testing();
}
