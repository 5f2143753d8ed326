/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A specialist is published under their own signed consent alone, for as long as it lasts: no node takes a record without it,
 * and when it is taken back followers forget the record and say so.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "chat.h"
#include "domain/publication.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/dirstore.h"
#include "story.h"
#include "tests/tap.h"

#define RECORD	"NZ7JRZW2BAW2MQMJTYF07BB774"
#define WORD	"dawnchorus"		/* Of hers. */
#define OTHER	"3R8V1YNQ6C4ZK9D2X7M5B0TGHW"

static const uint8_t rosa[ED25519_SEED] = "rosa", stranger[ED25519_SEED] = "stranger";

/* A program, and Rosa, who agrees until then. */
static json_t *
records(struct host *h, const char *record, int64_t until)
{
	json_t *all = story_records(*h->now), *body = json_obj(json_array_get(all, 1), "body");
	struct err err = { "" };

	(void)json_object_set_new(body, "about", json_string(WORD));
	host_names(h, TARGET, all);
	if (publication_sign(body, h->node[TARGET].org, record, until, rosa, *h->now, &err) != 0)
		printf("Bail out! %s\n", err.text);
	return all;
}

static json_t *
body_of(json_t *all)
{
	return json_obj(json_array_get(all, 1), "body");
}

static void
not_taken(struct host *h, json_t *all, const char *says, const char *name)
{
	autojson json_t *reply = host_command(h, TARGET, "import", json_pack("{s:o}", "records", all));
	const char *error = json_str(reply, "error");

	if (!ok(error != NULL && strstr(error, says) != NULL, "%s", name))
		printf("# %s\n", error != NULL ? error : "taken");
}

static void
publish(struct host *h, json_t *all)
{
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:o}", "records", all)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
}

static size_t
found(struct host *h)
{
	autojson json_t *result = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));

	return json_array_size(json_arr(result, "records"));
}

/* Has the source said that it forgot the record?  -1: it was not asked. */
static int
forgotten(struct host *h, const char *id)
{
	autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", id));
	const json_t *one = json_array_get(json_arr(shown, "followers"), 0);

	return one == NULL ? -1 : json_is_true(json_object_get(one, "forgotten"));
}

static void
begin(struct host *h, uint64_t seed, const char *record, int64_t life)
{
	autojson json_t *target = NULL;

	story_begin(h, seed);
	story_trust(h);
	target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	json_decref(host_ok(h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	publish(h, records(h, record, *h->now + life));
	is_int((int)found(h), 1, "who agreed is found");
}

/* Nothing runs while time passes. */
static void
sleep_for(struct host *h, size_t i, int64_t ms)
{
	host_kill(h, i);
	*h->now += ms;
	host_start(h, i);
}

static void
test_import(void)
{
	struct host h;
	autojson json_t *done = NULL;
	json_t *all;

	begin(&h, 181, RECORD, 90 * WHEN_DAY);
	all = records(&h, OTHER, *h.now + WHEN_DAY);
	not_taken(&h, all, "another organization or record", "a record stays the one that was agreed to");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_set_new(body_of(all), "consent", json_object());
	not_taken(&h, all, "/v", "without a consent nobody is taken");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_set_new(body_of(all), "about", json_string("I will say this."));
	not_taken(&h, all, "something else", "nor with other words");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_set_new(body_of(all), "times", json_pack("[s]", "night"));
	not_taken(&h, all, "something else", "nor at other times");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_set_new(body_of(all), "program", json_string(OTHER));
	not_taken(&h, all, "something else", "nor for another program");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_set_new(json_obj(body_of(all), "capacity"), "open", json_integer(1));
	done = host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", all));
	is_int(json_int(done, "changed", 0), 1, "but how many places are free is the organization's to say");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_del(body_of(all), "did");
	if (publication_sign(body_of(all), h.node[SOURCE].org, RECORD, *h.now + WHEN_DAY, rosa, *h.now, NULL) != 0)
		abort();
	not_taken(&h, all, "another organization", "nor by another organization");
	all = records(&h, OTHER, *h.now + WHEN_DAY);
	(void)json_object_set_new(json_array_get(all, 1), "source", json_string("hsds:person/2"));
	(void)json_object_set_new(json_obj(body_of(all), "consent"), "record", json_string(RECORD));
	not_taken(&h, all, "changed afterwards", "nor with a consent that was changed");
	host_close(&h);
}

/* An organization that does not ask is not believed. */
static void
test_arrives(void)
{
	struct host h;
	struct db *db;
	struct own_record own;
	autojson json_t *body = NULL, *rejected = NULL, *shown = NULL;
	autofree char *text = NULL, *page = NULL;

	begin(&h, 182, RECORD, 90 * WHEN_DAY);
	db = hostile_db(&h, TARGET);
	if (own_get(db, RECORD, &own) != 0 || (body = json_loads(own.body, 0, NULL)) == NULL)
		host_fail(&h, "no record");
	(void)json_object_set_new(body, "about", json_string("zanzibar"));
	free(own.body);
	own.body = json_dumps(body, JSON_COMPACT);
	own.dirty = 1;
	if (own_put(db, &own) != 0)
		host_fail(&h, "not kept");
	own_free(&own);
	hostile_go_on(&h, TARGET, db);
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 10000);
	rejected = story_list(&h, SOURCE, "rejected");
	text = json_dumps(rejected, JSON_COMPACT);
	ok(strstr(text, "something else of the specialist") != NULL, "a follower rejects what the specialist did not agree to: %s", text);
	shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", RECORD));
	page = json_dumps(shown, JSON_COMPACT);
	ok(strstr(page, "zanzibar") == NULL, "and shows no word of it");
	host_close(&h);
}

static json_t *
take_back(struct host *h, const uint8_t seed[ED25519_SEED], int64_t at)
{
	autojson json_t *all = NULL, *word = NULL;
	json_t *body;
	struct err err = { "" };

	all = story_records(*h->now);
	body = body_of(all);
	if (publication_sign(body, h->node[TARGET].org, RECORD, at + WHEN_DAY, seed, at, &err) != 0 ||
	    publication_withdraw(json_obj(body, "consent"), seed, at, &word, &err) != 0)
		printf("Bail out! %s\n", err.text);
	return host_command(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:O}]}", "records", "source", "publication:x", "kind", "publication",
	    "body", word));
}

static void
test_taken_back(void)
{
	struct host h;
	autojson json_t *wrong = NULL, *early = NULL, *done = NULL, *again = NULL;
	json_t *all;

	begin(&h, 183, RECORD, 90 * WHEN_DAY);
	wrong = take_back(&h, stranger, *h.now);
	ok(refused(wrong, "somebody else than the specialist"), "nobody else takes it back");
	early = take_back(&h, rosa, *h.now - WHEN_DAY);
	ok(refused(early, "another consent since") && found(&h) == 1, "nor does a word from before");
	host_kill(&h, SOURCE);
	done = take_back(&h, rosa, *h.now);
	is_int(json_int(json_obj(done, "result"), "withdrawn", 0), 1, "the specialist does");
	host_run(&h, 5000);
	is_int(forgotten(&h, RECORD), 0, "a follower that is away has not forgotten it");
	ok(story_well(&h, TARGET, "withdrawn records"), "which is well for a day");
	sleep_for(&h, TARGET, WHEN_DAY + WHEN_MINUTE);
	ok(story_ill(&h, TARGET, "withdrawn records", "1 follower did not say"), "and is then for the staff");
	host_start(&h, SOURCE);
	host_run(&h, 60000);
	is_int((int)found(&h), 0, "it forgets it as soon as it is there");
	is_int(forgotten(&h, RECORD), 1, "and says so");
	ok(story_well(&h, TARGET, "withdrawn records"), "so that all is well");
	again = take_back(&h, rosa, *h.now);
	ok(refused(again, "somebody else than the specialist"), "there is nothing to take back any more");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	not_taken(&h, all, "was withdrawn", "under that name nothing comes back");
	all = records(&h, RECORD, *h.now + WHEN_DAY);
	(void)json_object_set_new(json_array_get(all, 1), "source", json_string("hsds:person/2"));
	not_taken(&h, all, "or was withdrawn", "nor under that identifier");
	publish(&h, (all = records(&h, OTHER, *h.now + WHEN_DAY), json_object_set_new(json_array_get(all, 1), "source",
	    json_string("hsds:person/2")), all));
	is_int((int)found(&h), 1, "with a new consent it does");
	ok(story_clean(&h, SOURCE) && story_complaints(&h) == 0, "and nothing is left over");
	host_close(&h);
}

/* Imported in time, and published too late. */
static void
test_too_late(void)
{
	struct host h;
	autojson json_t *rejected = NULL, *shown = NULL;
	json_t *all;

	begin(&h, 185, RECORD, 90 * WHEN_DAY);
	all = records(&h, OTHER, *h.now + WHEN_MINUTE);
	(void)json_object_set_new(json_array_get(all, 1), "source", json_string("hsds:person/2"));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", all)));
	host_kill(&h, SOURCE);
	*h.now += 2 * WHEN_MINUTE;
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_start(&h, SOURCE);
	host_run(&h, 10000);
	rejected = story_list(&h, SOURCE, "rejected");
	is_int((int)(found(&h) + json_array_size(rejected)), 1, "what is over does not leave any more");
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "publish"));
	is_str(json_str(shown, "delivery"), "delivered", "and holds up nothing else");
	host_close(&h);
}

static void
test_ends(void)
{
	struct host h;

	begin(&h, 184, RECORD, WHEN_HOUR);
	host_kill(&h, TARGET);
	host_stop(&h, SOURCE);
	ok(chat_in_files(&h, SOURCE, WORD), "who follows holds what it says");
	*h.now += WHEN_HOUR;
	host_start(&h, SOURCE);
	is_int((int)found(&h), 0, "when the consent is over nobody is shown, though the organization is away");
	host_run(&h, 60000);
	ok(!chat_in_files(&h, SOURCE, WORD), "and no word of it is held while their node runs");
	host_stop(&h, SOURCE);
	ok(!chat_in_files(&h, SOURCE, WORD), "nor after");
	host_start(&h, SOURCE);
	host_run(&h, 5000);
	is_int((int)found(&h), 0, "nor shown");
	host_start(&h, TARGET);
	host_run(&h, 30000);
	is_int(forgotten(&h, RECORD), 1, "the organization withdraws the record by itself, and it is forgotten");
	host_close(&h);
}

int
main(void)
{
	test_import();
	test_arrives();
	test_taken_back();
	test_ends();
	test_too_late();
	return done_testing();
}
