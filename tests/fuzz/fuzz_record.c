/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proves itself: records in a partner's directory, credentials, the trust list, manifests.
 * An input is an object with any of
 *
 *     "records"     up to eight {"record": RECORD, "state_key", "type", "outer", "room"}: encrypted state
 *                   of the partner's own device (stage.h), to the node that follows its directory
 *     "credential"  judged for "subject" at "now"
 *     "trust"       a list, loaded, and loaded again as one that follows itself
 *     "manifest"    held against what is there
 *
 * In these {"$proof": "signer" or "issuer" or "other", "$after": {...}, ...} is signed by that key once its
 * members are filled in, and then changed by "$after".  What was changed after it was signed proves nothing;
 * what is certified was signed by an issuer on the list, for that person, and is in time.
 */
#include <stdio.h>

#include "app/fit.h"
#include "base/canon.h"
#include "domain/credential.h"
#include "domain/directory.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "stage.h"
#include "tests/domain/keys.h"

const unsigned fuzz_changes = 25;

/* One input in so many is brought twice, and the doctor asked: he tries all primitives, which costs more than the rest. */
enum { RECORDS_MAX = 8, ENTRIES = 3, AGAIN = 16 };

static struct keypair signer, issuer, other, rosa, org_a, org_b;
static char issued[WHEN_TEXT], expires[WHEN_TEXT];
static bool spoilt;		/* Something was changed after it had been signed. */

static const struct keypair *
key_named(const json_t *name)
{
	const char *s = json_string_value(name);

	return s == NULL ? NULL : !strcmp(s, "signer") ? &signer : !strcmp(s, "issuer") ? &issuer :
	    !strcmp(s, "other") ? &other : NULL;
}

static void
each_object(void *cookie, json_t *object)
{
	autojson json_t *by = fuzz_ask(object, "$proof"), *after = fuzz_ask(object, "$after"), *before = NULL;
	const struct keypair *key = key_named(by);

	(void)cookie;
	if (key != NULL)
		(void)!proof_sign(object, key->seed, "assertionMethod", issued, NULL);
	before = json_deep_copy(object);
	if (json_is_object(after))
		claim(json_object_update(object, after) == 0);
	spoilt |= key != NULL && !json_equal(before, object);
}

static json_t *
fill(const json_t *value)
{
	const struct fuzz_word words[] = { { .word = "$signer", .is = signer.text },
	    { .word = "$issuer", .is = issuer.did }, { .word = "$issuer_key", .is = issuer.text },
	    { .word = "$other", .is = other.did }, { .word = "$rosa", .is = rosa.did },
	    { .word = "$key_a", .is = org_a.text }, { .word = "$key_b", .is = org_b.text },
	    { .word = "$issued", .is = issued }, { .word = "$expires", .is = expires } };
	const struct fuzz_dialect dialect = { .words = words, .n = sizeof(words) / sizeof(*words), .object = each_object };

	spoilt = false;
	return fuzz_fill(&dialect, value);
}

/* One issuer, entitled to certify CPRS in New Jersey. */
static struct trust *
our_trust(void)
{
	autojson json_t *doc = json_of("{'v': 1, 'kind': 'trust', 'version': 1, 'orgs': [], 'issuers': [{'name': 'Board',"
	    " 'for': [{'type': 'CPRS', 'jurisdictions': ['US-NJ']}]}]}");
	json_t *one = json_array_get(json_arr(doc, "issuers"), 0);
	struct trust *trust = NULL;
	struct err err = { "" };

	(void)json_object_set_new(one, "id", json_string(issuer.did));
	(void)json_object_set_new(one, "key", json_string(issuer.text));
	(void)json_object_set_new(doc, "issued_at", json_integer(NOW - 1000));
	(void)json_object_set_new(doc, "expires_at", json_integer(NOW + WHEN_DAY));
	if (trust_sign(doc, signer.seed, NOW, &err) != 0 || trust_load(doc, only(signer.pub), NULL, NOW, &trust, &err) != 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	return trust;
}

static void
credential(const json_t *wish)
{
	autojson json_t *vc = fill(json_object_get(wish, "credential"));
	autotrust struct trust *trust = our_trust();
	const char *subject = json_str(wish, "subject") != NULL ? json_str(wish, "subject") : rosa.did;
	int64_t now = json_int(wish, "now", NOW), from;
	struct credential_finding f;

	claim(credential_verify(vc, trust, subject, NULL, now, &f) == 0);
	claim(credential_verdict_name(f.verdict) != NULL);
	fuzz_err(&f.reason, true);
	if (f.verdict != CREDENTIAL_CERTIFIED) {
		claim(f.issuer == NULL && f.type == NULL);
		return;
	}
	claim(!spoilt && strcmp(json_str(vc, "issuer"), issuer.did) == 0 && strcmp(f.type, "CPRS") == 0);
	claim(strcmp(json_str(json_obj(vc, "credentialSubject"), "id"), subject) == 0);
	claim(when_parse(json_str(vc, "validFrom"), &from) == 0 && from <= now + WHEN_SKEW);
	claim(f.valid_until >= now - WHEN_SKEW && json_array_size(f.jurisdictions) > 0);
	claim(proof_verify(vc, issuer.pub, "assertionMethod", NULL) == 0);
	claim(credential_verify(vc, NULL, subject, NULL, now, &f) == 0 && f.verdict != CREDENTIAL_CERTIFIED);
}

static void
trust_doc(const json_t *wish)
{
	autojson json_t *doc = fill(json_object_get(wish, "trust"));
	autotrust struct trust *trust = NULL, *again = NULL;
	int64_t now = json_int(wish, "now", NOW);
	struct trust_seen seen;
	struct err err = { "" };
	int r = trust_load(doc, only(signer.pub), NULL, now, &trust, &err);

	claim(r == 0 || r == E_BAD || r == E_REFUSED);
	fuzz_err(&err, r != 0);
	if (r != 0) {
		claim(trust == NULL);
		return;
	}
	claim(!spoilt && trust_expires(trust) > now - WHEN_SKEW);
	seen = trust_last(trust);
	claim(seen.version >= 1 && strlen(seen.hash) == 64);
	for (size_t i = 0; i < trust_norgs(trust); i++) {
		const struct trust_org *org = trust_org_at(trust, i);

		claim(trust_org(trust, org->id) == org && trust_org_by_node(trust, org->node) == org);
		claim(org->steward == NULL || trust_org_by_steward(trust, org->steward) == org);
	}
	claim(trust_load(doc, only(signer.pub), &seen, now, &again, NULL) == 0);
	trust_free(again);
	again = NULL;
	/* Nobody else's signature, and nothing older than what was seen. */
	claim(trust_load(doc, only(other.pub), NULL, now, &again, NULL) == E_REFUSED);
	seen.version++;
	claim(trust_load(doc, only(signer.pub), &seen, now, &again, NULL) == E_REFUSED);
}

static void
manifest(const json_t *wish)
{
	static const struct directory_entry have[ENTRIES] = { { ORG_A, 1 }, { ORG_B, 7 }, { ORG_C, 2 } };
	const json_t *body = json_object_get(wish, "manifest");
	autojson json_t *ours = NULL;
	struct err err = { "" };
	int64_t missing = -1;
	int r = directory_compare(body, have, ENTRIES, &missing, &err);

	claim(r == 0 || r == E_NOTFOUND || r == E_LATER || r == E_BAD);
	fuzz_err(&err, r != 0);
	claim(r != E_NOTFOUND || missing >= 0);
	claim(directory_manifest(have, ENTRIES, NOW, &ours) == 0);
	claim(directory_compare(ours, have, ENTRIES, &missing, &err) == 0);
	claim(r != 0 || strcmp(json_str(ours, "hash"), json_str(body, "hash")) == 0);
}

/* Was ${content} signed as it is by the one whose directory it is in? */
static bool
genuine(const json_t *content)
{
	const struct trust_org *org = trust_org(stage[STAGE_A].app->trust, stage[STAGE_B].org);

	return proof_verify(content, org->record_key, "assertionMethod", NULL) == 0;
}

static void
record_event(json_t *events, json_t *forged, const json_t *one)
{
	autojson json_t *wrapped = json_pack("{s:O}", "$record", json_object_get(one, "record"));
	autojson json_t *content = NULL, *inner = NULL, *filled = stage_fill(STAGE_A, one);
	const char *room = json_str(filled, "room"), *type = json_str(filled, "type"), *key = json_str(filled, "state_key");
	json_t *event;

	if (wrapped == NULL)
		return;
	content = stage_fill(STAGE_A, wrapped);
	if (json_str(content, "id") != NULL)
		(void)json_object_set_new(forged, json_str(content, "id"), json_boolean(!genuine(content) &&
		    json_object_get(forged, json_str(content, "id")) != json_false()));
	room = room != NULL ? room : stage[STAGE_A].directory;
	type = type != NULL ? type : "org.cairnpeer.record";
	key = key != NULL ? key : "k";
	inner = json_pack("{s:s, s:s, s:s, s:O}", "type", type, "room_id", room, "state_key", key, "content", content);
	event = stage_event(STAGE_A, room, inner);
	(void)json_object_set_new(event, "state_key", json_str(filled, "outer") != NULL ?
	    json_string(json_str(filled, "outer")) : json_sprintf("%s:%s", type, key));
	(void)json_array_append_new(events, event);
}

/* What is found afterwards is the partner's, is shown, and is the same if all comes again. */
static json_t *
look(json_t *forged)
{
	json_t *reply = stage_ask(STAGE_A, "find", json_pack("{s:i}", "limit", 200));
	const json_t *row;
	size_t i;

	json_array_foreach(json_arr(json_obj(reply, "result"), "records"), i, row) {
		autojson json_t *shown = stage_ask(STAGE_A, "show", json_pack("{s:O}", "id", json_object_get(row, "id")));

		claim(json_obj(json_obj(shown, "result"), "record") != NULL);
		claim(fit_check(json_obj(json_obj(json_obj(shown, "result"), "record"), "body"), NULL) == 0);
		claim(!json_is_true(json_object_get(forged, json_str(row, "id"))));
		claim(strcmp(json_str(row, "org"), stage[STAGE_B].org) == 0);
		/* Nobody certifies in this federation. */
		claim(json_is_false(json_object_get(row, "certified")));
	}
	return reply;
}

static void
records(const json_t *list, bool again)
{
	autojson json_t *events = json_array(), *forged = json_object(), *rooms = NULL, *once = NULL, *twice = NULL;
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_is_object(one) && i < RECORDS_MAX)
			record_event(events, forged, one);
	rooms = json_pack("{s:{s:{s:{s:O}}}}", "join", stage[STAGE_A].directory, "timeline", "events", events);
	claim(rooms != NULL);
	stage_sync(STAGE_A, rooms, NULL);
	once = look(forged);
	json_decref(stage_ask(STAGE_A, "find", json_pack("{s:s}", "words", "peer \"support NEAR( *")));
	json_decref(stage_ask(STAGE_A, "find", json_pack("{s:s, s:s, s:s, s:s}", "at", "Tue 18:00-20:00, daily 06:00-07:00", "zone", "UTC",
	    "age", "17.5", "residence", "US-NJ")));
	if (again) {
		stage_sync(STAGE_A, rooms, NULL);
		twice = look(forged);
		claim(json_equal(once, twice));
		json_decref(stage_ask(STAGE_A, "doctor", json_object()));
		stage_check(STAGE_A);
	}
	stage_rewind();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	stage_open();
	signer = key_of(KEY_SIGNER);
	issuer = key_of(KEY_ISSUER);
	other = key_of(KEY_STRANGER);
	rosa = key_of(KEY_ROSA);
	org_a = key_of(KEY_ORG_A);
	org_b = key_of(KEY_ORG_B);
	(void)when_print(NOW - WHEN_DAY, issued);
	(void)when_print(NOW + WHEN_DAY, expires);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);

	fuzz_seed(2);
	if (json_object_get(wish, "credential") != NULL)
		credential(wish);
	if (json_object_get(wish, "trust") != NULL)
		trust_doc(wish);
	if (json_object_get(wish, "manifest") != NULL)
		manifest(wish);
	if (json_arr(wish, "records") != NULL)
		records(json_arr(wish, "records"), len % AGAIN == 0);
	return 0;
}
