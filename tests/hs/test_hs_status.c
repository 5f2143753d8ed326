/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A specialist's credential names status lists, which travel as records of a directory: what the follower says of
 * the specialist follows them, and in doubt nobody is certified.
 */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "chat.h"
#include "domain/credential.h"
#include "domain/publication.h"
#include "domain/status.h"
#include "domain/trust.h"
#include "domain/vc.h"
#include "domain/when.h"
#include "story.h"
#include "tests/tap.h"

#define LIST	"https://board.example/status/"

enum { ROSA = 4711 };

static const uint8_t signer[ED25519_SEED] = "the signer of a test federation";
static const uint8_t board[ED25519_SEED] = "a board that certifies", rosa[ED25519_SEED] = "rosa";

/* Both nodes, and the board for CPRS in New Jersey. */
static void
trust_board(struct host *h)
{
	autojson json_t *list = story_trust_list(h, 1, ~0u, STORY_LIFE);
	char did[80];

	(void)story_did(board, did);
	(void)json_array_append_new(json_arr(list, "issuers"), json_pack("{s:s, s:s, s:s, s:[{s:s, s:[s]}]}", "id", did,
	    "name", "Garden State Board", "key", did + strlen("did:key:"), "for", "type", "CPRS", "jurisdictions", "US-NJ"));
	ok(trust_sign(list, signer, *h->now, NULL) == 0, "a trust list with an issuer");
	for (size_t i = 0; i < h->n; i++)
		json_decref(host_ok(h, i, "import_trust", json_pack("{s:O}", "document", list)));
}

static char valid_until[WHEN_TEXT];	/* Of the credential that was made last. */

static json_t *
credential(const struct host *h)
{
	struct status_entry entries[] = { { STATUS_REVOCATION, LIST "revocation", ROSA },
		{ STATUS_SUSPENSION, LIST "suspension", ROSA } };
	char did[80];
	autojson json_t *subject = json_pack("{s:s, s:s, s:[s], s:[s], s:s}", "id", story_did(rosa, did), "credentialType", "CPRS",
	    "kind", "substance_use", "jurisdiction", "US-NJ", "level", "core");
	autojson json_t *status = json_pack("[o, o]", status_entry_build(&entries[0]), status_entry_build(&entries[1]));
	struct credential_claim claim = { .subject = subject, .status = status, .valid_from = *h->now - WHEN_DAY,
		.valid_until = *h->now + 365 * WHEN_DAY };
	struct err err = { "" };
	json_t *vc = NULL;

	ok(credential_build(&claim, board, *h->now, &vc, &err) == 0, "a credential %s", err.text);
	(void)snprintf(valid_until, sizeof(valid_until), "%s", json_str(vc, "validUntil"));
	return vc;
}

/* ${marked}: Rosa is; ${age}: how long ago it was made. */
static void
import_list(struct host *h, size_t node, enum status_purpose purpose, bool marked, int64_t age, int64_t life)
{
	static uint8_t bits[STATUS_BITS_MIN / 8];
	const char *name = status_purpose_name(purpose);
	char id[64];
	struct status_draft draft = { .id = id, .purpose = purpose, .bits = bits, .nbits = STATUS_BITS_MIN,
		.from = *h->now - age, .until = *h->now - age + life };
	json_t *vc = NULL;

	(void)snprintf(id, sizeof(id), LIST "%s", name);
	bits[ROSA / 8] = (uint8_t)(marked ? 128 >> ROSA % 8 : 0);
	ok(status_build(&draft, board, *h->now, &vc, NULL) == 0, "a list for %s", name);
	json_decref(host_ok(h, node, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", id,
	    "kind", "status_list", "body", vc)));
	if (node != TARGET)
		return;
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
}

static void
is_shown(struct host *h, bool certified, const char *says, const char *name)
{
	autojson json_t *found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	autojson json_t *sure = host_ok(h, SOURCE, "find", json_pack("{s:b}", "certified", 1));
	const json_t *row = json_array_get(json_arr(found, "records"), 0);
	autojson json_t *shown = host_ok(h, SOURCE, "show", json_pack("{s:s}", "id", json_str(row, "id")));

	if (!ok(json_is_true(json_object_get(row, "certified")) == certified &&
	    json_is_true(json_object_get(shown, "certified")) == certified &&
	    json_array_size(json_arr(sure, "records")) == certified &&
	    strstr(json_str(row, "certification"), says) != NULL &&
	    strcmp(json_str(row, "certification"), json_str(shown, "certification")) == 0, "%s", name))
		printf("# %s\n", json_str(row, "certification"));
}

/* Her credential holds in New Jersey: elsewhere she is found, but not as certified. */
static void
test_places(struct host *h)
{
	static const struct { const char *residence, *says; bool certified; } rows[] = {
		{ "US-NJ", "certified as CPRS by Garden State Board for US-NJ until ", true }, { "US-NY", "is not certified for US-NY", false },
		{ "US", " for US-NJ until ", true },
	};

	for (size_t i = 0; i < nelem(rows); i++) {
		autojson json_t *found = host_ok(h, SOURCE, "find", json_pack("{s:s, s:s}", "kind", "specialist", "residence", rows[i].residence));
		autojson json_t *sure = host_ok(h, SOURCE, "find", json_pack("{s:b, s:s}", "certified", 1, "residence", rows[i].residence));
		const json_t *row = json_array_get(json_arr(found, "records"), 0);
		const char *says = json_str(row, "certification");

		ok(json_is_true(json_object_get(row, "certified")) == rows[i].certified && json_array_size(json_arr(sure, "records")) == rows[i].certified &&
		    strstr(says, rows[i].says) != NULL, "for somebody of %s: %s", rows[i].residence, says);
		ok((strstr(says, "certified for a part of US, not for all of it") != NULL) == (strcmp(rows[i].residence, "US") == 0), "and whether for all of it");
	}
}

/*
 * Two wishes exclude Rosa, so that she is not looked at for her credential: nobody is told that she has none.  Asked for by herself she is, and a
 * credential that is suspended is passed over for no reason that staff may write.
 */
static void
is_excluded(struct host *h, bool suspended)
{
	autojson json_t *found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist")), *match = NULL, *one = NULL, *reply = NULL;
	json_t *id = json_object_get(json_array_get(json_arr(found, "records"), 0), "id");
	autofree char *whys = NULL, *asked = NULL, *counts = NULL, *alone = NULL;
	autojson json_t *plain = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59"));
	const char *until = json_str(json_array_get(json_arr(plain, "choices"), 0), "valid_until");

	ok(suspended ? until == NULL : until != NULL && !strcmp(until, valid_until), "a coordinator sees until when a credential holds, while it does");
	match = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s, s:s, s:[s], s:b, s:[O]}", "need", "substance_use", "age_band", "26_59", "language", "zh",
	    "modality", "forum", "certified", 1, "why", id));
	whys = json_dumps(json_object_get(json_array_get(json_arr(match, "excluded"), 0), "why"), JSON_COMPACT);
	asked = json_dumps(json_object_get(json_array_get(json_arr(match, "asked"), 0), "why"), JSON_COMPACT);
	counts = json_dumps(json_object_get(match, "counts"), JSON_COMPACT | JSON_SORT_KEYS);
	is_str(whys, "[\"language: does not speak zh\",\"way to meet: meets in other ways\"]", "nothing is said of a credential that was not looked at");
	is_str(counts, "{\"language\":1,\"way to meet\":1}", "nor is it counted");
	ok((strstr(asked, "credential: ") != NULL) == suspended && strstr(asked, "language: ") != NULL && strstr(asked, "\"certified: ") == NULL,
	    "whoever asks for her is told what it is worth: %s", asked);
	one = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s, s:s, s:s}", "need", "substance_use", "age_band", "26_59", "language", "zh", "residence", "FR"));
	alone = json_dumps(json_object_get(json_array_get(json_arr(one, "excluded"), 0), "why"), JSON_COMPACT);
	ok(strstr(alone, suspended ? "credential: the credential does not count" : "where the credential holds: is not certified for FR") != NULL,
	    "beside one other wish she is looked at, wherever it claims to hold: %s", alone);
	reply = host_command(h, SOURCE, "match accept", json_pack("{s:O, s:O, s:s, s:s, s:s}", "match", json_object_get(match, "match"), "record", id,
	    "reason_text", "An interpreter comes along.", "review_weeks", "1", "weeks", "2"));
	ok(json_is_true(json_object_get(reply, "ok")) == !suspended, "with a reason she is %s", suspended ? "not accepted" : "accepted");
}

static void
publish_rosa(struct host *h)
{
	autojson json_t *target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	autojson json_t *records = story_records(*h->now);
	json_t *body = json_obj(json_array_get(records, 1), "body");
	char did[80];

	(void)json_object_set_new(body, "did", json_string(story_did(rosa, did)));
	(void)json_object_set_new(body, "credential", credential(h));
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	json_decref(host_ok(h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	host_run(h, 10000);
}

/* The credential as a record of its own, which the specialist's names by its source. */
static void
move_credential(struct host *h, const char *source)
{
	autojson json_t *records = story_records(*h->now);
	json_t *body = json_obj(json_array_get(records, 1), "body");
	char did[80];

	(void)json_object_set_new(body, "did", json_string(story_did(rosa, did)));
	(void)json_object_set_new(body, "credential_id", json_string(source));
	(void)json_array_insert_new(records, 0, json_pack("{s:s, s:s, s:o}", "source", source, "kind", "credential",
	    "body", credential(h)));
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
}

static const char *
id_of(struct host *h, const char *source, char ret[27])
{
	autojson json_t *items = story_list(h, TARGET, "records");
	const json_t *item;
	size_t i;

	*ret = '\0';
	json_array_foreach(items, i, item)
		if (json_str(item, "source") != NULL && strcmp(json_str(item, "source"), source) == 0)
			(void)snprintf(ret, 27, "%s", json_str(item, "id"));
	return ret;
}

/* Of a record of its own the specialist is asked too, and it goes with them. */
static void
test_consent(struct host *h)
{
	json_t *vc = credential(h);
	autojson json_t *no = NULL, *items = NULL;
	const json_t *item;
	char id[27];
	int gone = 0;
	size_t i;

	(void)json_object_set_new(vc, "consent", json_object());
	no = host_command(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:O}]}", "records", "source", "urn:rosa-2", "kind", "credential", "body", vc));
	ok(strstr(json_str(no, "error"), "/v") != NULL, "a credential is no record without the specialist's consent: %s", json_str(no, "error"));
	(void)json_object_del(vc, "consent");
	if (publication_sign(vc, h->node[TARGET].org, id_of(h, "urn:rosa", id), *h->now + WHEN_HOUR, rosa, *h->now, NULL) != 0)
		host_fail(h, "not signed");
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", "urn:rosa", "kind", "credential", "body", vc)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
	is_shown(h, true, "certified as CPRS", "a consent of an hour");
	host_kill(h, TARGET);
	*h->now += WHEN_HOUR;
	is_shown(h, false, "no credential was published", "is over after it, though the organization is away");
	host_start(h, TARGET);
	host_run(h, 60000);
	move_credential(h, "urn:rosa-2");
	is_shown(h, true, "certified as CPRS", "and can be given again");
	ok(chat_in_files(h, SOURCE, "statusListIndex"), "who follows holds it");
	json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:s}", "id", id_of(h, "urn:rosa-2", id))));
	host_run(h, 10000);
	ok(!chat_in_files(h, SOURCE, "statusListIndex"), "and when it is withdrawn no word of it, while their node runs");
	move_credential(h, "urn:rosa-3");
	json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:s}", "id", id_of(h, "hsds:person/1", id))));
	host_run(h, 10000);
	items = story_list(h, TARGET, "records");
	json_array_foreach(items, i, item)
		gone += !strcmp(json_str(item, "kind"), "withdrawal");
	is_int(gone, 4, "with the specialist's record their credential is withdrawn");
}

int
main(void)
{
	struct host h;

	story_begin(&h, 71);
	trust_board(&h);
	publish_rosa(&h);
	is_shown(&h, false, "no directory that we follow publishes the status list", "no list, no certificate");
	import_list(&h, TARGET, STATUS_REVOCATION, false, WHEN_DAY, 30 * WHEN_DAY);
	is_shown(&h, false, "no directory", "one of two lists is not enough");
	import_list(&h, TARGET, STATUS_SUSPENSION, false, WHEN_DAY, 30 * WHEN_DAY);
	is_shown(&h, true, "certified as CPRS by Garden State Board", "both lists are there and have no mark");
	test_places(&h);
	is_excluded(&h, false);
	import_list(&h, TARGET, STATUS_SUSPENSION, true, WHEN_HOUR, 30 * WHEN_DAY);
	is_shown(&h, false, "the credential does not count: suspended, says the list of Garden State Board", "suspended");
	is_excluded(&h, true);
	/* The directory's organization signs its record again with the list of yesterday in it. */
	import_list(&h, TARGET, STATUS_SUSPENSION, false, WHEN_DAY, 30 * WHEN_DAY);
	is_shown(&h, false, "was seen before", "an older list is refused, though its record is the latest");
	host_stop(&h, SOURCE);
	host_start(&h, SOURCE);
	host_run(&h, 5000);
	is_shown(&h, false, "was seen before", "after a restart too");
	import_list(&h, TARGET, STATUS_SUSPENSION, false, 0, WHEN_HOUR);
	is_shown(&h, true, "certified as CPRS", "reinstated by a newer one, which holds an hour");
	host_run(&h, WHEN_HOUR + 2 * WHEN_SKEW);
	is_shown(&h, false, "too old", "and no longer");
	import_list(&h, SOURCE, STATUS_SUSPENSION, false, 0, WHEN_DAY);
	is_shown(&h, true, "certified as CPRS", "our own copy of the list counts as well");
	move_credential(&h, "urn:rosa");
	is_shown(&h, true, "certified as CPRS", "a credential in a record of its own");
	import_list(&h, TARGET, STATUS_REVOCATION, true, 0, 30 * WHEN_DAY);
	is_shown(&h, false, "revoked, says the list", "revoked");
	host_run(&h, 1000);
	import_list(&h, TARGET, STATUS_REVOCATION, false, 0, 30 * WHEN_DAY);
	test_consent(&h);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "and nothing was rejected");
	host_end(&h);
	return done_testing();
}
