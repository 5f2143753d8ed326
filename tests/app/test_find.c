/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find over a store of its own: what is found by which words, in which order and page by page; what is not
 * shown; what would help; and that the index follows records, time and the program's own terms.
 */
#include <sodium.h>

#include "app/find.h"
#include "base/canon.h"
#include "base/proof.h"
#include "domain/directory.h"
#include "domain/trust.h"
#include "store/dirstore.h"
#include "store/searchstore.h"
#include "tests/store/fixture.h"

#define DAY 86400000LL

static struct app app = { .world = &fixture_world };
static char org[] = "AAAAAAAAAAAAAAAAAAAAAAAAA0", stranger[] = "BBBBBBBBBBBBBBBBBBBBBBBBB0";

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static struct trust *
trust_one(void)
{
	static const uint8_t seed[32] = { 1 };
	uint8_t signer[32], secret[64];
	char key[64];
	autojson json_t *list = NULL;
	struct trust *trust = NULL;
	struct err err = { "" };

	(void)crypto_sign_seed_keypair(signer, secret, seed);
	proof_key_text(signer, key);
	list = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}], s:[]}", "v", 1, "kind", "trust",
	    "version", 1, "issued_at", (json_int_t)fixture_now - 1, "expires_at", (json_int_t)fixture_now + DAY, "orgs",
	    "org", org, "name", "Harbor", "server", "harbor.example", "node_user", "@cairn:harbor.example", "steward_user",
	    "@steward:harbor.example", "master_key", "Cp2GSxugaPNgrLp0slhlstNylZQRusv9xqCUHRIx9zc", "record_key", key, "roles", "node",
	    "via", "harbor.example", "issuers");
	if (trust_sign(list, seed, fixture_now, &err) != 0 || trust_load(list, signer, NULL, fixture_now, &trust, &err) != 0)
		bail("trust", err.text);
	return trust;
}

static void
put(const char *whose, const char *id, const char *kind, enum directory_verdict verdict, int64_t expires, const char *body)
{
	autofree char *record = NULL;

	if (asprintf(&record, "{\"body\":%s}", body) < 0)
		bail("asprintf", id);
	must(seen_put(app.db, &(struct seen_record){ .org = text(whose), .id = text(id), .kind = text(kind), .seq = 1,
	    .expires_at = expires, .received_at = fixture_now, .hash = text("ab"), .record = record, .verdict = verdict }));
}

static void
arrive(const char *id, const char *kind, const char *body)
{
	put(org, id, kind, DIRECTORY_OK, fixture_now + 10 * DAY, body);
	must(find_index(&app, org, id));
}

/* The ids of a reply with spaces between; its note and next page remain. */
static json_t *reply;

static const char *
found(const char *args)
{
	static char out[2000];
	autojson json_t *json = json_loads(args, 0, NULL);
	struct err err = { "" };
	json_t *row;
	size_t i;

	json_decref(reply);
	reply = NULL;
	if (json == NULL)
		bail("arguments", args);
	if (find_run(&app, json, &reply, &err) != 0)
		return err.text[0] != '\0' ? "refused" : "failed";
	out[0] = '\0';
	json_array_foreach(json_arr(reply, "records"), i, row)
		(void)snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i > 0 ? " " : "", json_str(row, "id"));
	return out;
}

static void
test_order(void)
{
	arrive("P1", "program", "{\"name\":\"Harbor circle\",\"description\":\"For grief and loss\",\"languages\":[\"en\"],\"cost\":\"free\"}");
	arrive("P2", "program", "{\"name\":\"Grief walk\",\"description\":\"Outdoors\"}");
	arrive("S1", "specialist", "{\"alias\":\"Ana\",\"about\":\"I know grief\",\"languages\":[\"es-MX\"],\"modalities\":[\"phone\"],"
	    "\"capacity\":{\"open\":2,\"updated_at\":1699990000000}}");
	is_str(found("{}"), "S1 P1 P2", "free places first, then as they came");
	is_str(found("{\"words\":\"grief\"}"), "P2 S1 P1", "those with the words in their name before all others");
	is_str(json_str(json_array_get(json_arr(reply, "records"), 0), "why"), "the words are in its name", "and why");
	is_str(found("{\"words\":\"GRI\xc3\x89\", \"language\":\"es\"}"), "S1", "words and a language");
	is_str(found("{\"words\":\"...\"}"), "refused", "words without a letter");
}

static void
test_pages(void)
{
	char args[200];

	is_str(found("{\"words\":\"grief\", \"limit\":1}"), "P2", "a page of one");
	ok(strncmp(json_str(reply, "note"), "more than 1 answer; ", 20) == 0, "there is more");
	(void)snprintf(args, sizeof(args), "{\"words\":\"grief\", \"limit\":1, \"after\":\"%s\"}", json_str(reply, "next"));
	/* What was shown goes, and what is new comes: the place stays good. */
	arrive("P2", "program", "{\"name\":\"Walk\"}");
	arrive("P0", "program", "{\"name\":\"Other\"}");
	is_str(found(args), "S1", "the next page");
	(void)snprintf(args, sizeof(args), "{\"words\":\"grief\", \"limit\":1, \"after\":\"%s\"}", json_str(reply, "next"));
	is_str(found(args), "P1", "and the last");
	ok(json_str(reply, "next") == NULL && json_str(reply, "note")[0] == '\0', "which says no more");
	is_str(found("{\"words\":\"grief\", \"after\":\"7.0\"}"), "refused", "a place that is none");
	is_str(found("{\"words\":\"grief\", \"after\":\"2.0x\"}"), "refused", "nor this");
	is_str(found("{\"after\":\"4.0\"}"), "refused", "nor what is to be asked, where nothing is asked");
	is_str(found("{\"after\":\"3.0\"}"), "refused", "nor the names, where no words are asked for");
}

static void
test_nothing(void)
{
	is_str(found("{\"words\":\"grief\", \"cost\":\"fee\", \"language\":\"en\"}"), "", "nothing fits");
	is_str(json_str(reply, "note"), "nothing found; removed by cost: 4, words: 2, language: 3; without cost there would be 1",
	    "each wish's losses, and the one to give up");
	/* By the index the credential would do; what it is worth shows only when it is looked at. */
	arrive("S2", "specialist", "{\"alias\":\"Bo\",\"about\":\"zeal\",\"credential\":{}}");
	is_str(found("{\"words\":\"zeal\", \"certified\":true}"), "", "a credential that proves nothing");
	is_str(json_str(reply, "note"), "nothing found; removed by words: 4, certified: 4; without certified there would be 1",
	    "counts what would be shown");
}

static void
test_hidden(void)
{
	put(stranger, "X1", "program", DIRECTORY_OK, fixture_now + DAY, "{\"name\":\"Stranger\"}");
	must(find_index(&app, stranger, "X1"));
	is_str(found("{\"words\":\"stranger\"}"), "", "an organization that is not on the trust list is not shown");
	put(org, "M1", "manifest", DIRECTORY_OK, fixture_now + DAY, "{\"name\":\"Manifest\"}");
	must(find_index(&app, org, "M1"));
	is_str(found("{\"words\":\"manifest\"}"), "", "nor is a manifest");
	put(org, "P1", "program", DIRECTORY_EXPIRED, fixture_now - 40 * DAY, "{\"name\":\"Harbor circle\"}");
	must(find_index(&app, org, "P1"));
	is_str(found("{\"words\":\"harbor\"}"), "", "nor what has expired since");
	arrive("P1", "program", "{\"name\":\"Harbor circle\"}");
	is_str(found("{\"words\":\"harbor\"}"), "P1", "until it is refreshed");
}

static void
run_steps(void)
{
	bool more = true;

	for (int i = 0; i < 20 && more; i++) {
		more = false;
		must(find_step(&app, &more));
	}
}

static void
test_time(void)
{
	is_str(found("{\"kind\":\"specialist\"}"), "S1 S2", "free places first");
	is_int(find_next_due(&app), fixture_now + DAY + 1, "a rank is due when a record goes stale");
	fixture_now += 10 * DAY + 1;
	run_steps();
	is_str(json_str(json_array_get(json_arr(reply, "records"), 0), "verdict"), "ok", "as it came");
	arrive("S3", "specialist", "{\"alias\":\"Cy\"}");
	is_str(found("{\"kind\":\"specialist\"}"), "S3 S1 S2", "what was not refreshed comes last");
	ok(strstr(json_str(json_array_get(json_arr(reply, "records"), 1), "why"), "not refreshed in time") != NULL, "and says so");
	is_int(find_next_due(&app), fixture_now + 10 * DAY + 1, "no rank is due that has changed");
}

/* A store of an older version has records and no index; many, so that they take several steps. */
static void
test_older(void)
{
	for (int i = 0; i < 100; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "OLD%03d", i);
		put(org, id, "group", DIRECTORY_OK, fixture_now + DAY, "{\"name\":\"Olden days\"}");
	}
	is_str(found("{\"words\":\"olden\"}"), "", "records of an older store");
	run_steps();
	(void)found("{\"words\":\"olden\", \"limit\":200}");
	is_int((long long)json_array_size(json_arr(reply, "records")), 100, "come into the index by and by");
}

int
main(void)
{
	app.db = fixture_open();
	app.trust = trust_one();
	must(db_begin(app.db, NULL));
	(void)found("{}");
	is_str(json_str(reply, "note"), "nothing found; no records are held yet", "an empty directory");
	test_order();
	test_pages();
	test_nothing();
	test_hidden();
	test_time();
	test_older();
	must(db_commit(app.db, NULL));
	json_decref(reply);
	trust_free(app.trust);
	db_close(app.db);
	return done_testing();
}
