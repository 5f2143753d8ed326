/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decides whether something leaves, or somebody is shut out, by documents that others write: a consent, held against a
 * disclosure; a table of who signs for minors; the rules of a moderation policy list; a list of measures with answers.
 *
 *     {"consent": CONSENT, "use": {"now", "from", "to", "record", "classes", "purpose", "covers", "law", "age", "minor", "where"},
 *      "minors": TABLE, "own": [law, ...], "record": BODY, "rules": [{"type", "content"}], "user": ..., "room": ...,
 *      "measures": LIST, "measure": id, "items": [...]}
 *
 * What is allowed is named, in time, within what is listed and what its purpose needs, by a look of its own; no refusal quotes
 * the member's name; a rule bans whom a slow and plain matcher finds.
 */
#include "base/canon.h"
#include "base/id.h"
#include "domain/consent.h"
#include "domain/consent_law.h"
#include "domain/measure.h"
#include "domain/policy.h"
#include "fuzz.h"

const unsigned fuzz_changes = 300;

/* A name as no other word is: seeds have it as the member's. */
#define MEMBER "Quixotine"

static bool
lists(const json_t *consent, const char *key, const char *org)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_arr(consent, key), i, one)
		if (json_str(one, "org") != NULL && org != NULL && !strcmp(json_str(one, "org"), org))
			return true;
	return false;
}

/* What an allowed disclosure must be, whatever the check went by. */
static void
allowed(const json_t *c, const struct consent_use *use)
{
	const json_t *expires = json_obj(c, "expires");
	autojson json_t *other = json_deep_copy(c);
	autobuf struct buf scope = { 0 }, same = { 0 };

	claim(lists(c, "from", use->discloser) && lists(c, "to", use->recipient));
	claim((use->classes & ~consent_classes(c)) == 0);
	claim(use->revoked_at == 0 && !use->event_happened);
	claim(json_str(c, "patient") != NULL && json_obj(c, "signature") != NULL && json_arr(c, "what") != NULL);
	claim(json_int(c, "signed_at", INT64_MAX) <= use->now + 300000);
	claim(expires == NULL || json_str(expires, "kind") == NULL || strcmp(json_str(expires, "kind"), "date") != 0 ||
	    json_int(expires, "at", 0) > use->now);
	claim(use->law == NULL || (json_str(c, "law") != NULL && !strcmp(json_str(c, "law"), use->law)));
	claim(consent_profile(json_str(c, "law")) != NULL);
	claim(consent_scope(c, &scope) == 0 && scope.len > 0);
	claim(json_object_set_new(other, "patient", json_string("Somebody")) == 0 &&
	    json_object_set_new(json_obj(other, "signature"), "signer", json_string("Somebody")) == 0);
	claim(consent_scope(other, &same) == 0 && !strcmp(scope.data, same.data));	/* It does not say who it is. */
}

static void
consent(const json_t *wish)
{
	const json_t *c = json_object_get(wish, "consent"), *w = json_obj(wish, "use"), *table = json_obj(wish, "minors");
	/* Our own clock is no remote byte: up to 2^53-1, as what is stored. */
	struct consent_use use = { .now = json_int(w, "now", FUZZ_NOW) & CANON_INT_MAX, .discloser = json_str(w, "from"), .recipient = json_str(w, "to"),
	    .record = json_str(w, "record"), .purpose = json_str(w, "purpose"), .classes = (unsigned)json_int(w, "classes", 3) & 0x7f,
	    .revoked_at = json_int(w, "revoked_at", 0), .event_happened = json_is_true(json_object_get(w, "happened")),
	    .covers = (enum consent_covers)(json_int(w, "covers", 0) & 1), .law = json_str(w, "law"),
	    .minor = json_is_true(json_object_get(w, "minor")), .about = (unsigned)json_int(w, "about", 0) & 7,
	    .signers = json_is_true(json_object_get(w, "signers")), .minors = table };
	struct err err = { "" };
	int element = -1, r;

	if (use.discloser == NULL || use.recipient == NULL)
		return;
	r = consent_check(c, &use, &element, &err);
	claim(r == 0 || r == E_REFUSED);
	claim(element >= -1 && element < CONSENT_NELEMENTS && (r == 0) == (element == -1));
	fuzz_err(&err, r != 0);
	claim(strstr(err.text, MEMBER) == NULL);
	claim(consent_element_name(element)[0] != '\0');
	claim(consent_classes(c) < 1u << CONSENT_NCLASSES && consent_needed(c) < 1u << CONSENT_NCLASSES);
	if (r != 0)
		return;
	allowed(c, &use);
	claim(consent_names(c, use.discloser) && consent_names(c, use.recipient));
	/* To somebody else, after its end or after it was taken back, the same is refused. */
	use.recipient = "ZZZZZZZZZZZZZZZZZZZZZZZZZZ";
	claim(lists(c, "to", use.recipient) || consent_check(c, &use, &element, &err) == E_REFUSED);
	use.recipient = json_str(w, "to");
	use.revoked_at = use.now;
	claim(consent_check(c, &use, &element, &err) == E_REFUSED);
}

static void
minors(const json_t *wish)
{
	const json_t *table = json_object_get(wish, "minors"), *w = json_obj(wish, "use");
	const char *where = json_str(w, "where") != NULL ? json_str(w, "where") : "US-NJ";
	const char *own[4] = { NULL }, *law;
	json_t *one;
	struct err err = { "" };
	int r = consent_minors_check(table, &err);
	size_t i, n = 0;

	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	for (unsigned about = 0; about < 8; about++)
		for (long long age = -1; age < 20; age += 3) {
			enum consent_signers s = consent_signers(r == 0 ? table : NULL, where, about, age);

			claim((unsigned)s <= CONSENT_GUARDIAN_SIGNS && (r == 0 || s == CONSENT_BOTH_SIGN));
		}
	json_array_foreach(json_arr(wish, "own"), i, one)
		if (n < 4)
			own[n++] = json_string_value(one);
	law = consent_law_wanted(consent_about(json_str(w, "purpose"), json_obj(wish, "record")), own, n, json_str(w, "law"));
	claim(law == NULL || consent_profile(law) != NULL);
}

/* Does ${glob} match ${text}?  Slowly: a row of answers for each sign of the pattern. */
static bool
matches(const char *glob, const char *text)
{
	bool row[600] = { true };
	size_t n = strlen(text);

	for (; *glob != '\0'; glob++) {
		bool before = row[0];

		row[0] = row[0] && *glob == '*';
		for (size_t i = 1; i <= n; i++) {
			bool above = row[i];

			row[i] = *glob == '*' ? row[i - 1] || above : before && (*glob == '?' || *glob == text[i - 1]);
			before = above;
		}
	}
	return row[n];
}

static void
rules(const json_t *wish)
{
	const char *user = json_str(wish, "user"), *room = json_str(wish, "room");
	json_t *one;
	size_t i;

	user = user != NULL && id_is_user(user) ? user : "@jo:matrix.opendoor.example:8448";
	room = room != NULL && id_is_room(room) ? room : "!list:opendoor.example";
	json_array_foreach(json_arr(wish, "rules"), i, one) {
		const char *type = json_str(one, "type") != NULL ? json_str(one, "type") : "m.policy.rule.user";
		struct policy_rule rule = { .entity = NULL };
		int r = policy_parse(type, json_object_get(one, "content"), &rule);
		bool server, banned;

		claim(r == 0 || ((r == E_NOTFOUND || r == E_BAD) && rule.entity == NULL));
		claim(r != 0 || policy_is_rule(type));
		if (r != 0)
			continue;
		claim(*rule.entity != '\0' && strlen(rule.entity) <= POLICY_ENTITY_MAX && strlen(rule.reason) <= POLICY_REASON_MAX);
		banned = policy_bans(rule.kind, rule.entity, user, NULL);
		claim(rule.kind != POLICY_USER || banned == matches(rule.entity, user));
		claim(rule.kind != POLICY_ROOM || (!banned && policy_bans(rule.kind, rule.entity, user, room) == matches(rule.entity, room)));
		server = matches(rule.entity, id_server(user));
		claim(rule.kind != POLICY_SERVER || banned || !server);
		claim(policy_glob(rule.entity, rule.reason) == matches(rule.entity, rule.reason));
	}
}

static void
measures(const json_t *wish)
{
	const json_t *doc = json_object_get(wish, "measures"), *measure;
	const char *id = json_str(wish, "measure");
	struct measure_score score = { .score = -7 };
	struct err err = { "" };
	int r = measure_check(doc, &err);

	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	if (r != 0 || id == NULL || (measure = measure_find(doc, id)) == NULL)
		return;
	err = (struct err){ "" };
	r = measure_score(measure, json_arr(wish, "items"), &score, &err);
	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	claim(r != 0 || (score.says != NULL && *score.says != '\0'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = NULL;

	if (canon_parse((const char *)data, len, &wish, NULL) != 0 || !json_is_object(wish))
		return 0;
	consent(wish);
	minors(wish);
	rules(wish);
	measures(wish);
	return 0;
}
