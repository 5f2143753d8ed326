/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The federation room: newer trust lists arrive there, whole or in parts; what a server withholds, changes or invents
 * there is worth nothing, and two lists that contradict each other stop the federation wherever they meet.
 */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/truststore.h"
#include "story_trust.h"
#include "tests/tap.h"

#define PART	"org.cairnpeer.trust.part"

/* What the node says of its list. */
static int64_t
version(struct host *h, size_t i)
{
	autojson json_t *status = host_ok(h, i, "federation_status", json_object());

	return json_int(status, "version", 0);
}

static bool
joined(struct host *h, size_t i)
{
	autojson json_t *status = host_ok(h, i, "federation_status", json_object());

	return json_is_true(json_object_get(status, "room_joined"));
}

static json_t *
publish(struct host *h, const json_t *list)
{
	return host_command(h, SOURCE, "federation_publish", json_pack("{s:O}", "document", list));
}

static bool
good(const json_t *reply)
{
	if (!json_is_true(json_object_get(reply, "ok")))
		printf("# %s\n", json_str(reply, "error"));
	return json_is_true(json_object_get(reply, "ok"));
}

/* Both trust a first list that names the room which the source has made. */
static json_t *
begin(struct host *h, uint64_t seed, int64_t life)
{
	autojson json_t *asked = NULL, *made = NULL;
	json_t *one;

	story_begin(h, seed);
	asked = host_ok(h, SOURCE, "federation_room", json_object());
	ok(!strcmp(json_str(asked, "delivery"), "queued"), "a room is asked for");
	host_run(h, 5000);
	made = host_ok(h, SOURCE, "federation_room", json_object());
	if (json_str(made, "room_id") == NULL)
		host_fail(h, "no federation room");
	one = story_trust_list(h, 1, ~0u, life);
	(void)json_object_set_new(one, "room", json_pack("{s:O, s:[O]}", "room_id", json_object_get(made, "room_id"), "via",
	    json_object_get(made, "via")));
	sign(h, one, 1);
	for (size_t i = 0; i < h->n; i++) {
		autojson json_t *reply = import(h, i, one);

		ok(good(reply), "the first list is a file");
	}
	host_run(h, 30000);
	ok(joined(h, SOURCE) && joined(h, TARGET) && story_well(h, TARGET, "federation room"), "both are in the room that it names");
	return one;
}

/* A list that needs several parts. */
static void
fatten(struct host *h, json_t *list, int orgs)
{
	json_t *entries = json_arr(list, "orgs");

	for (int i = 0; i < orgs; i++) {
		json_t *entry = json_deep_copy(json_array_get(entries, 0));
		uint8_t seed[ED25519_SEED] = { 'o', (uint8_t)i, (uint8_t)(i >> 8) }, public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];
		char key[64], id[ID_LEN + 1];

		(void)crypto_sign_seed_keypair(public, secret, seed);
		proof_key_text(public, key);
		(void)snprintf(id, sizeof(id), "AAAAAAAAAAAAAAAAAAAAA%04u0", (unsigned)i % 10000);
		(void)json_object_set_new(entry, "org", json_string(id));
		(void)json_object_set_new(entry, "name", json_sprintf("Verein für Begegnung %d", i));
		(void)json_object_set_new(entry, "record_key", json_string(key));
		(void)json_object_set_new(entry, "node_user", json_sprintf("@n%d:opendoor.example", i));
		(void)json_object_set_new(entry, "steward_user", json_sprintf("@s%d:opendoor.example", i));
		if (json_array_append_new(entries, entry) != 0)
			host_fail(h, "no entry");
	}
}

static void
test_versions(void)
{
	struct host h;
	autojson json_t *one = begin(&h, 81, STORY_LIFE), *two = next(&h, one), *three = NULL, *reply = NULL, *four = NULL;
	const char *room = hs_room(h.hs, "org.cairnpeer.federation", 0);
	const json_t *event;
	size_t i, parts = 0;

	sign(&h, two, 1);
	ok(good(reply = publish(&h, two)), "the next is published");
	host_run(&h, 30000);
	is_int((int)version(&h, TARGET), 2, "and in force at the other");
	three = next(&h, two);
	fatten(&h, three, 130);
	sign(&h, three, 1);
	json_decref(reply);
	ok(good(reply = publish(&h, three)), "one of 132 organizations");
	host_run(&h, 60000);
	json_array_foreach(hs_events(h.hs, room), i, event)
		parts += !strcmp(json_str(event, "type"), PART) && !strncmp(json_str(event, "state_key"), "3.", 2);
	ok(parts >= 2 && version(&h, TARGET) == 3, "comes in %zu parts, and is in force", parts);
	host_kill(&h, TARGET);
	four = next(&h, three);
	sign(&h, four, 1);
	json_decref(reply);
	ok(good(reply = publish(&h, four)), "one more while the other is away");
	host_run(&h, 30000);
	host_start(&h, TARGET);
	host_run(&h, 30000);
	is_int((int)version(&h, TARGET), 4, "which finds it when it is back");
	json_decref(reply);
	reply = host_command(&h, TARGET, "federation_publish", json_pack("{s:O}", "document", four));
	ok(!json_is_true(json_object_get(reply, "ok")), "who has no room of its own publishes nothing");
	is_int((int)story_complaints(&h), 0, "the homeservers have nothing to complain of");
	host_close(&h);
}

/* Somebody who has the room writes into it; consumes ${content}. */
static void
put(struct host *h, const char *key, json_t *content)
{
	autojson json_t *mine = content;

	hs_inject(h->hs, hs_room(h->hs, "org.cairnpeer.federation", 0), "@steward:opendoor.example", PART, key, mine);
	h->changes++;
	host_run(h, 5000);
}

/* ${list} as one part under the name of ${version}. */
static void
inject(struct host *h, const json_t *list, int64_t named)
{
	autofree char *text = NULL;
	char key[32];

	host_must(h, canon_text(list, &text, NULL));
	(void)snprintf(key, sizeof(key), "%lld.0", (long long)named);
	put(h, key, json_pack("{s:i, s:I, s:i, s:i, s:s}", "v", 1, "version", (json_int_t)named, "part", 0, "parts", 1, "text", text));
}

/* What somebody who has the room writes there. */
static void
test_invented(void)
{
	static const uint8_t stranger[ED25519_SEED] = "not a signer";
	struct host h;
	autojson json_t *one = begin(&h, 82, STORY_LIFE), *forged = next(&h, one), *changed = next(&h, one), *two = next(&h, one), *reply = NULL;
	autojson json_t *view = NULL;

	if (trust_sign(forged, stranger, *h.now, NULL) != 0)
		host_fail(&h, "not signed");
	inject(&h, forged, 2);
	is_int((int)version(&h, TARGET), 1, "a list that a stranger signed does not count");
	sign(&h, changed, 1);
	(void)json_object_set_new(changed, "expires_at", json_integer(*h.now + 2 * STORY_LIFE));
	inject(&h, changed, 2);
	is_int((int)version(&h, TARGET), 1, "nor one that was changed");
	sign(&h, two, 1);
	inject(&h, two, 3);
	is_int((int)version(&h, TARGET), 1, "nor one under another's number");
	put(&h, "x", json_pack("{s:s}", "text", "x"));
	put(&h, "2.5", json_pack("{s:i, s:i, s:i, s:i, s:s}", "v", 1, "version", 2, "part", 5, "parts", 2, "text", "x"));
	put(&h, "900.0", json_pack("{s:i, s:i, s:i, s:i, s:s}", "v", 1, "version", 900, "part", 0, "parts", 1, "text", "{}"));
	ok(story_ill(&h, TARGET, "federation room", "version 900 is there, 1 is in force here"), "what is too far ahead is not kept, and said");
	inject(&h, two, 2);
	is_int((int)version(&h, TARGET), 2, "the true one does, whoever sent it");
	inject(&h, one, 1);
	ok(version(&h, TARGET) == 2 && story_well(&h, TARGET, "trust list"), "an old one again changes nothing");
	view = next(&h, one);
	(void)json_object_set_new(view, "expires_at", json_integer(*h.now + 2 * STORY_LIFE));
	sign(&h, view, 1);
	inject(&h, view, 2);
	ok(version(&h, TARGET) == 0 && story_ill(&h, TARGET, "trust list", "two trust lists of version 2"),
	    "another of the same version, signed, stops the federation");
	ok(story_ill(&h, SOURCE, "trust list", "two trust lists of version 2"), "at everybody who sees it");
	json_decref(reply);
	reply = host_command(&h, TARGET, "publish", json_object());
	ok(!json_is_true(json_object_get(reply, "ok")) && strstr(json_str(reply, "error"), "two trust lists") != NULL, "and says so");
	host_close(&h);
}

static int
count_part(void *cookie, int64_t part, int64_t parts, const char *text)
{
	(void)part, (void)parts, (void)text;
	++*(int *)cookie;
	return 0;
}

/* How many parts of that version the target keeps; ${text}: one of them is this from now on. */
static int
held(struct host *h, int64_t version, int64_t part, int64_t parts, const char *text)
{
	struct db *db = hostile_db(h, TARGET);
	int n = 0;

	if (text != NULL)
		host_must(h, trust_part_put(db, version, part, parts, text));
	host_must(h, trust_part_each(db, version, count_part, &n));
	hostile_go_on(h, TARGET, db);
	return n;
}

/* Whoever has the room can fill it with lists of which nobody knows yet who signs them: each is judged when it comes, and when another is in force. */
static void
test_held(void)
{
	static const uint8_t stranger[ED25519_SEED] = "not a signer";
	static const char half[] = "{", spoilt[] = "no JSON";
	struct host h;
	autojson json_t *one = begin(&h, 84, STORY_LIFE), *two = next(&h, one), *three = next(&h, two);

	sign(&h, two, 1);
	if (trust_sign(three, stranger, *h.now, NULL) != 0)
		host_fail(&h, "not signed");
	inject(&h, three, 3);
	is_int(held(&h, 3, 0, 1, spoilt), 1, "a list of which it is not known yet who signs it is kept");
	put(&h, "4.0", json_pack("{s:i, s:i, s:i, s:i, s:s}", "v", 1, "version", 4, "part", 0, "parts", 2, "text", half));
	is_int(held(&h, 3, 0, 0, NULL), 1, "it is not judged when a part of another comes");
	is_int(held(&h, 4, 1, 2, spoilt), 2, "a version in two parts");
	put(&h, "again", json_pack("{s:i, s:i, s:i, s:i, s:s}", "v", 1, "version", 4, "part", 0, "parts", 2, "text", half));
	is_int(held(&h, 4, 0, 0, NULL), 2, "is not judged when one that is there comes again");
	put(&h, "5.0", json_pack("{s:i, s:i, s:i, s:i, s:s}", "v", 1, "version", 5, "part", 0, "parts", 1, "text", spoilt));
	is_int(held(&h, 5, 0, 0, NULL), 0, "one that its part makes whole is");
	inject(&h, two, 2);
	is_int((int)version(&h, TARGET), 2, "the next one that is good is in force");
	is_int(held(&h, 3, 0, 0, NULL) + held(&h, 4, 0, 0, NULL), 0, "and all that were kept are judged by it");
	host_close(&h);
}

/* A server that lets no newer list through. */
static void
withhold(void *cookie, const char *user, json_t *answer)
{
	const char *room = cookie;

	if (!strcmp(user, "@steward:harbor.example"))
		(void)json_object_del(json_obj(json_obj(answer, "rooms"), "join"), room);
}

static void
test_withheld(void)
{
	struct host h;
	autojson json_t *one = begin(&h, 83, WHEN_HOUR), *two = next(&h, one), *reply = NULL;
	const char *room = hs_room(h.hs, "org.cairnpeer.federation", 0);

	hs_script(h.hs, &(struct hs_script){ .sync = withhold, .cookie = (void *)(uintptr_t)room });
	(void)json_object_set_new(two, "expires_at", json_integer(*h.now + 2 * STORY_LIFE));
	sign(&h, two, 1);
	ok(good(reply = publish(&h, two)), "a newer list is published");
	host_run(&h, 30 * WHEN_MINUTE);
	ok(version(&h, SOURCE) == 2 && version(&h, TARGET) == 1, "and withheld from one node");
	ok(story_ill(&h, TARGET, "trust list", "until"), "the doctor says that its list ends soon");
	host_run(&h, 30 * WHEN_MINUTE);
	ok(version(&h, TARGET) == 0 && version(&h, SOURCE) == 2, "at its end that node trusts nobody");
	json_decref(reply);
	ok(good(reply = import(&h, TARGET, two)) && version(&h, TARGET) == 2, "a file mends it");
	host_close(&h);
}

int
main(void)
{
	test_versions();
	test_invented();
	test_held();
	test_withheld();
	return done_testing();
}
