/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on the list, who of them is in force, and for what. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "trust_list.h"
#include "when.h"

struct trust_seen
trust_last(const struct trust *t)
{
	struct trust_seen seen = { 0 };

	if (t != NULL) {
		seen.version = t->version;
		memcpy(seen.hash, t->hash, sizeof(seen.hash));
	}
	return seen;
}

const json_t *
trust_document(const struct trust *t)
{
	return t != NULL ? t->doc : NULL;
}

const struct signers *
trust_signers(const struct trust *t)
{
	return t != NULL ? &t->signers : NULL;
}

struct trust_room
trust_where(const struct trust *t)
{
	return t != NULL ? t->room : (struct trust_room){ NULL, NULL };
}

int64_t
trust_expires(const struct trust *t)
{
	return t != NULL ? t->expires_at : 0;
}

bool
trust_has_role(const struct trust_org *org, const char *role)
{
	for (size_t i = 0; org != NULL && i < json_array_size(org->roles); i++)
		if (strcmp(json_string_value(json_array_get(org->roles, i)), role) == 0)
			return true;
	return false;
}

/* This node's own word on that organization or issuer, if it is ${decision}. */
static const json_t *
own_word(const struct trust *t, const char *id, const char *decision)
{
	const json_t *word = json_obj(t->overrides, id);
	const char *said = json_str(word, "decision");

	return said != NULL && strcmp(said, decision) == 0 ? word : NULL;
}

/* Allowed here in spite of the suspension that the list has now, and of no other. */
static bool
is_suspended(const struct trust *t, const char *id, int64_t suspended)
{
	const json_t *allowed = own_word(t, id, "allow");

	return suspended != 0 && (allowed == NULL || json_int(allowed, "since", 0) != suspended);
}

static bool
in_force(const struct trust *t, const struct trust_org *org)
{
	return own_word(t, org->id, "deny") == NULL && !is_suspended(t, org->id, org->suspended) &&
	    (trust_has_role(org, "node") || trust_has_role(org, "bot"));
}

void
trust_sort(struct trust *t)
{
	t->nactive = 0;
	for (size_t i = 0; i < t->norgs; i++) {
		struct trust_org org = t->orgs[i];

		if (!in_force(t, &org))
			continue;
		memmove(&t->orgs[t->nactive + 1], &t->orgs[t->nactive], (i - t->nactive) * sizeof(org));
		t->orgs[t->nactive++] = org;
	}
}

int
trust_override(struct trust *t, const json_t *overrides, struct err *reterr)
{
	const char *org;
	json_t *word, *copy;

	json_object_foreach((json_t *)overrides, org, word) {
		const char *decision = json_str(word, "decision"), *reason = json_str(word, "reason");

		if (decision == NULL || (strcmp(decision, "deny") != 0 && strcmp(decision, "allow") != 0) || reason == NULL)
			return err_set(reterr, E_BAD, "the decision on %.30s is neither deny nor allow, or has no reason", org);
	}
	copy = overrides != NULL ? json_deep_copy(overrides) : NULL;
	if (overrides != NULL && copy == NULL)
		return -ENOMEM;
	json_decref(t->overrides);
	t->overrides = copy;
	trust_sort(t);
	return 0;
}

size_t
trust_norgs(const struct trust *t)
{
	return t != NULL ? t->nactive : 0;
}

const struct trust_org *
trust_org_at(const struct trust *t, size_t i)
{
	return i < trust_norgs(t) ? &t->orgs[i] : NULL;
}

size_t
trust_nlisted(const struct trust *t)
{
	return t != NULL ? t->norgs : 0;
}

const struct trust_org *
trust_listed_at(const struct trust *t, size_t i)
{
	return i < trust_nlisted(t) ? &t->orgs[i] : NULL;
}

const struct trust_org *
trust_listed(const struct trust *t, const char *id)
{
	for (size_t i = 0; i < trust_nlisted(t); i++)
		if (strcmp(t->orgs[i].id, id) == 0)
			return &t->orgs[i];
	return NULL;
}

const struct trust_org *
trust_org(const struct trust *t, const char *id)
{
	const struct trust_org *org = trust_listed(t, id);

	return org != NULL && org < t->orgs + t->nactive ? org : NULL;
}

const struct trust_org *
trust_org_by_node(const struct trust *t, const char *user)
{
	for (size_t i = 0; i < trust_norgs(t); i++)
		if (strcmp(t->orgs[i].node, user) == 0)
			return &t->orgs[i];
	return NULL;
}

const struct trust_org *
trust_org_by_steward(const struct trust *t, const char *user)
{
	for (size_t i = 0; i < trust_norgs(t); i++)
		if (t->orgs[i].steward != NULL && strcmp(t->orgs[i].steward, user) == 0)
			return &t->orgs[i];
	return NULL;
}

int
trust_judge(const struct trust *t, const char *id, struct err *reterr)
{
	const struct trust_org *org = trust_listed(t, id);
	const json_t *word;
	char day[WHEN_TEXT];

	if (org == NULL)
		return err_set(reterr, E_NOTFOUND, "organization %.30s is not on the trust list", id);
	if ((word = own_word(t, org->id, "deny")) != NULL)
		return err_set(reterr, E_REFUSED, "this node has nothing to do with %s since %s: %s", org->name,
		    when_print_day(json_int(word, "at", 0), day), json_str(word, "reason"));
	if (is_suspended(t, org->id, org->suspended))
		return err_set(reterr, E_REFUSED, "the federation has suspended %s since %s: %s", org->name,
		    when_print_day(org->suspended, day), org->reason);
	if (!in_force(t, org))
		return err_set(reterr, E_REFUSED, "%s is on the trust list, but runs no node", org->name);
	return 0;
}

const struct trust_issuer *
trust_listed_issuer(const struct trust *t, const char *did)
{
	for (size_t i = 0; t != NULL && i < t->nissuers; i++)
		if (strcmp(t->issuers[i].id, did) == 0)
			return &t->issuers[i];
	return NULL;
}

const struct trust_issuer *
trust_issuer(const struct trust *t, const char *did)
{
	const struct trust_issuer *issuer = trust_listed_issuer(t, did);

	return issuer != NULL && own_word(t, did, "deny") == NULL && !is_suspended(t, did, issuer->suspended) ? issuer : NULL;
}

int
trust_judge_issuer(const struct trust *t, const char *did, struct err *reterr)
{
	const struct trust_issuer *issuer = trust_listed_issuer(t, did);
	char day[WHEN_TEXT];

	if (issuer == NULL)
		return err_set(reterr, E_NOTFOUND, "issuer %.100s is not on the trust list", did);
	if (own_word(t, did, "deny") != NULL)
		return err_set(reterr, E_REFUSED, "this node denies the issuer %s: %s", issuer->name, json_str(own_word(t, did, "deny"), "reason"));
	if (is_suspended(t, did, issuer->suspended))
		return err_set(reterr, E_REFUSED, "the federation has suspended the issuer %s since %s: %s", issuer->name,
		    when_print_day(issuer->suspended, day), issuer->reason);
	return 0;
}

/* Does ${doc} say that it was signed by that key? */
static bool
names_key(const json_t *doc, const uint8_t key[32])
{
	const char *method = json_str(json_obj(doc, "proof"), "verificationMethod");
	const char *mark = method != NULL ? strrchr(method, '#') : NULL;
	char text[64];

	proof_key_text(key, text);
	return mark != NULL && strcmp(mark + 1, text) == 0;
}

const uint8_t *
trust_record_key(const struct trust_org *org, const json_t *record, int64_t now)
{
	return now < org->old_until && names_key(record, org->old_key) ? org->old_key : org->record_key;
}

const uint8_t *
trust_issuer_key(const struct trust_issuer *issuer, const json_t *vc, int64_t now)
{
	return now < issuer->old_until && names_key(vc, issuer->old_key) ? issuer->old_key : issuer->key;
}

/* "US" covers "US" and "US-AR", not "USX". */
static bool
covers(const char *wide, const char *narrow)
{
	size_t n = strlen(wide);

	return strncmp(wide, narrow, n) == 0 && (narrow[n] == '\0' || narrow[n] == '-');
}

bool
trust_entitles(const struct trust_issuer *issuer, const char *type, const char *jurisdiction)
{
	for (size_t i = 0; issuer != NULL && i < json_array_size(issuer->entitled); i++) {
		const json_t *right = json_array_get(issuer->entitled, i);
		const json_t *where = json_arr(right, "jurisdictions");

		if (strcmp(json_str(right, "type"), type) != 0)
			continue;
		for (size_t j = 0; j < json_array_size(where); j++)
			if (covers(json_string_value(json_array_get(where, j)), jurisdiction))
				return true;
	}
	return false;
}

bool
trust_may_answer(const struct trust_issuer *issuer, const char *did)
{
	for (size_t i = 0; issuer != NULL && i < json_array_size(issuer->answers); i++)
		if (strcmp(json_string_value(json_array_get(issuer->answers, i)), did) == 0)
			return true;
	return false;
}
