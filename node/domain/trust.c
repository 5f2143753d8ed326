/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/proof.h"
#include "directory.h"
#include "signed.h"
#include "when.h"

enum { MAX_ENTRIES = 500, MAX_RIGHTS = 32, MAX_JURISDICTIONS = 64, MAX_VIA = 8, MAX_ANSWERS = 4 };

struct trust {
	json_t			*doc;
	int64_t			 version;
	int64_t			 expires_at;
	const char		*prev;		/* NULL in the first. */
	char			 hash[DIRECTORY_HASH];
	struct trust_org	*orgs;
	size_t			 norgs;
	struct trust_issuer	*issuers;
	size_t			 nissuers;
};

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	json_decref(t->doc);
	free(t->orgs);
	free(t->issuers);
	free(t);
}

static bool
is_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* A list of 1..max strings, each accepted by ${fits}. */
static bool
is_list(const json_t *list, size_t max, bool (*fits)(const char *))
{
	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > max)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!fits(json_string_value(json_array_get(list, i))))
			return false;
	return true;
}

static bool
is_role(const char *s)
{
	return s != NULL &&
	    (strcmp(s, "node") == 0 || strcmp(s, "issuer") == 0 || strcmp(s, "bot") == 0);
}

static bool
is_did(const char *s)
{
	return s != NULL && strncmp(s, "did:", 4) == 0;
}

static int
read_org(const json_t *o, struct trust_org *ret, struct err *reterr)
{
	uint8_t master[32];
	const char *record_key = json_str(o, "record_key");

	*ret = (struct trust_org){
		.id = json_str(o, "org"), .name = json_str(o, "name"),
		.server = json_str(o, "server"), .node = json_str(o, "node_user"),
		.steward = json_str(o, "steward_user"), .master_key = json_str(o, "master_key"),
		.roles = json_arr(o, "roles"), .via = json_arr(o, "via"),
	};
	if (!id_is_own(ret->id))
		return err_set(reterr, E_BAD, "org is not an identifier");
	if (!is_text(ret->name))
		return err_set(reterr, E_BAD, "name is missing");
	if (!id_is_server(ret->server))
		return err_set(reterr, E_BAD, "server is not a Matrix server name");
	if (!id_is_user(ret->node) || strcmp(id_server(ret->node), ret->server) != 0)
		return err_set(reterr, E_BAD, "node_user is not a user id on that server");
	if (!id_is_user(ret->steward) || strcmp(id_server(ret->steward), ret->server) != 0)
		return err_set(reterr, E_BAD, "steward_user is not a user id on that server");
	if (strcmp(ret->node, ret->steward) == 0)
		return err_set(reterr, E_BAD, "node_user and steward_user are the same account");
	if (ret->master_key == NULL || decode_b64_exact(ret->master_key, master, 32) != 0)
		return err_set(reterr, E_BAD, "master_key is not 32 bytes of unpadded base64");
	if (record_key == NULL || proof_key_parse(record_key, ret->record_key) != 0)
		return err_set(reterr, E_BAD, "record_key is not a multibase Ed25519 key");
	if (!is_list(ret->roles, 3, is_role))
		return err_set(reterr, E_BAD, "roles are not among node, issuer and bot");
	if (!is_list(ret->via, MAX_VIA, id_is_server))
		return err_set(reterr, E_BAD, "via is not a list of Matrix server names");
	return 0;
}

static int
read_issuer(const json_t *o, struct trust_issuer *ret, struct err *reterr)
{
	const char *key = json_str(o, "key");

	*ret = (struct trust_issuer){
		.id = json_str(o, "id"), .name = json_str(o, "name"), .entitled = json_arr(o, "for"),
		.answers = json_arr(o, "status_by"),
	};
	if (!is_did(ret->id))
		return err_set(reterr, E_BAD, "id is not a DID");
	if (!is_text(ret->name))
		return err_set(reterr, E_BAD, "name is missing");
	if (key == NULL || proof_key_parse(key, ret->key) != 0)
		return err_set(reterr, E_BAD, "key is not a multibase Ed25519 key");
	/* The key of a did:key is in its name. */
	if (strncmp(ret->id, "did:key:", 8) == 0 && strcmp(ret->id + 8, key) != 0)
		return err_set(reterr, E_BAD, "id is a did:key of another key");
	if (json_object_get(o, "status_by") != NULL && !is_list(ret->answers, MAX_ANSWERS, is_did))
		return err_set(reterr, E_BAD, "status_by is not a list of DIDs");
	if (ret->entitled == NULL || json_array_size(ret->entitled) < 1 ||
	    json_array_size(ret->entitled) > MAX_RIGHTS)
		return err_set(reterr, E_BAD, "for is not a list of what it may certify");
	for (size_t i = 0; i < json_array_size(ret->entitled); i++) {
		const json_t *right = json_array_get(ret->entitled, i);

		if (!is_text(json_str(right, "type")) ||
		    !is_list(json_arr(right, "jurisdictions"), MAX_JURISDICTIONS, is_text))
			return err_set(reterr, E_BAD, "for[%zu] lacks type or jurisdictions", i);
	}
	return 0;
}

/* No two entries may be taken for one another. */
static int
check_unique(const struct trust *t, struct err *reterr)
{
	for (size_t i = 0; i < t->norgs; i++)
		for (size_t j = 0; j < i; j++) {
			const struct trust_org *a = &t->orgs[i], *b = &t->orgs[j];

			if (strcmp(a->id, b->id) == 0 || strcmp(a->node, b->node) == 0 ||
			    strcmp(a->node, b->steward) == 0 || strcmp(a->steward, b->node) == 0 ||
			    strcmp(a->steward, b->steward) == 0 ||
			    memcmp(a->record_key, b->record_key, 32) == 0)
				return err_set(reterr, E_BAD, "trust list: orgs[%zu] shares an "
				    "identifier, account or key with orgs[%zu]", i, j);
		}
	for (size_t i = 0; i < t->nissuers; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(t->issuers[i].id, t->issuers[j].id) == 0 ||
			    memcmp(t->issuers[i].key, t->issuers[j].key, 32) == 0)
				return err_set(reterr, E_BAD, "trust list: issuers[%zu] shares an "
				    "identifier or key with issuers[%zu]", i, j);
	return 0;
}

static int
read_entries(struct trust *t, const json_t *orgs, const json_t *issuers, struct err *reterr)
{
	int r;

	t->orgs = calloc(json_array_size(orgs) + 1, sizeof(*t->orgs));
	t->issuers = calloc(json_array_size(issuers) + 1, sizeof(*t->issuers));
	if (t->orgs == NULL || t->issuers == NULL)
		return -ENOMEM;
	for (; t->norgs < json_array_size(orgs); t->norgs++) {
		r = read_org(json_array_get(orgs, t->norgs), &t->orgs[t->norgs], reterr);
		if (r != 0) {
			err_add(reterr, "trust list: orgs[%zu]", t->norgs);
			return r;
		}
	}
	for (; t->nissuers < json_array_size(issuers); t->nissuers++) {
		r = read_issuer(json_array_get(issuers, t->nissuers), &t->issuers[t->nissuers],
		    reterr);
		if (r != 0) {
			err_add(reterr, "trust list: issuers[%zu]", t->nissuers);
			return r;
		}
	}
	return check_unique(t, reterr);
}

/* Shape only: everything but proof, version and age. */
static int
read_list(const json_t *doc, struct trust *t, struct err *reterr)
{
	const char *kind = json_str(doc, "kind");
	const json_t *orgs = json_arr(doc, "orgs"), *issuers = json_arr(doc, "issuers");
	int64_t issued_at = json_int(doc, "issued_at", 0);
	bool has_prev = json_object_get(doc, "prev") != NULL;

	t->version = json_int(doc, "version", 0);
	t->expires_at = json_int(doc, "expires_at", 0);
	t->prev = json_str(doc, "prev");
	if (json_int(doc, "v", 0) != 1 || kind == NULL || strcmp(kind, "trust") != 0)
		return err_set(reterr, E_BAD, "not a trust list of version 1");
	if (t->version < 1 || t->version > CANON_INT_MAX)
		return err_set(reterr, E_BAD, "trust list: version is not a number from 1");
	if (issued_at < 1 || t->expires_at <= issued_at || t->expires_at > WHEN_MAX)
		return err_set(reterr, E_BAD, "trust list: issued_at and expires_at are missing or in "
		    "the wrong order");
	if (t->version == 1 ? has_prev : t->prev == NULL || strlen(t->prev) != 64)
		return err_set(reterr, E_BAD, "trust list: prev must hold the SHA-256 of the version "
		    "before, except in version 1");
	if (orgs == NULL || issuers == NULL || json_array_size(orgs) > MAX_ENTRIES ||
	    json_array_size(issuers) > MAX_ENTRIES)
		return err_set(reterr, E_BAD, "trust list: orgs and issuers are missing or have "
		    "more than %d entries", MAX_ENTRIES);
	return read_entries(t, orgs, issuers, reterr);
}

static int
check_succession(const struct trust *t, const struct trust_seen *seen, struct err *reterr)
{
	if (seen == NULL || seen->version == 0)
		return 0;
	if (t->version < seen->version)
		return err_set(reterr, E_REFUSED, "trust list has version %" PRId64 ", but version %"
		    PRId64 " was accepted before; get the newest list", t->version, seen->version);
	if (t->version == seen->version && strcmp(t->hash, seen->hash) != 0)
		return err_set(reterr, E_REFUSED, "another trust list of version %" PRId64 " was "
		    "accepted before; its signer must issue a higher version", t->version);
	if (t->version == seen->version + 1 && strcmp(t->prev, seen->hash) != 0)
		return err_set(reterr, E_REFUSED, "trust list of version %" PRId64 " does not continue "
		    "the version accepted before", t->version);
	return 0;
}

int
trust_load(const json_t *doc, const uint8_t signer[32], const struct trust_seen *seen,
    int64_t now, struct trust **ret, struct err *reterr)
{
	autotrust struct trust *t = calloc(1, sizeof(*t));
	char day[WHEN_TEXT];
	int r;

	if (t == NULL)
		return -ENOMEM;
	t->doc = json_incref((json_t *)doc);
	r = read_list(doc, t, reterr);
	if (r != 0)
		return r;
	r = signed_verify(doc, SIGNED_TRUST, signer, reterr);
	if (r != 0) {
		err_add(reterr, "trust list is not signed by the configured signer");
		return r < 0 ? r : E_REFUSED;
	}
	r = directory_hash(doc, t->hash, reterr);
	if (r != 0)
		return r;
	if (json_int(doc, "issued_at", 0) > now + WHEN_SKEW)
		return err_set(reterr, E_REFUSED, "trust list is dated in the future; check the "
		    "clock of this machine");
	if (t->expires_at <= now)
		return err_set(reterr, E_REFUSED, "trust list expired on %s; get a newer one from its "
		    "signer", when_print_day(t->expires_at, day));
	r = check_succession(t, seen, reterr);
	if (r != 0)
		return r;
	*ret = take(t);
	return 0;
}

int
trust_sign(json_t *doc, const uint8_t seed[32], int64_t now, struct err *reterr)
{
	autotrust struct trust *t = calloc(1, sizeof(*t));
	char created[WHEN_TEXT];
	int r;

	if (t == NULL)
		return -ENOMEM;
	t->doc = json_incref(doc);
	r = read_list(doc, t, reterr);
	if (r != 0)
		return r;
	(void)json_object_del(doc, "proof");
	return proof_sign(doc, seed, SIGNED_PURPOSE, when_print(now, created), reterr);
}

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

int64_t
trust_expires(const struct trust *t)
{
	return t != NULL ? t->expires_at : 0;
}

size_t
trust_norgs(const struct trust *t)
{
	return t != NULL ? t->norgs : 0;
}

const struct trust_org *
trust_org_at(const struct trust *t, size_t i)
{
	return i < trust_norgs(t) ? &t->orgs[i] : NULL;
}

const struct trust_org *
trust_org(const struct trust *t, const char *id)
{
	for (size_t i = 0; i < trust_norgs(t); i++)
		if (strcmp(t->orgs[i].id, id) == 0)
			return &t->orgs[i];
	return NULL;
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
		if (strcmp(t->orgs[i].steward, user) == 0)
			return &t->orgs[i];
	return NULL;
}

const struct trust_issuer *
trust_issuer(const struct trust *t, const char *did)
{
	for (size_t i = 0; t != NULL && i < t->nissuers; i++)
		if (strcmp(t->issuers[i].id, did) == 0)
			return &t->issuers[i];
	return NULL;
}

const struct trust_issuer *
trust_issuer_by_key(const struct trust *t, const uint8_t key[32])
{
	for (size_t i = 0; t != NULL && i < t->nissuers; i++)
		if (memcmp(t->issuers[i].key, key, 32) == 0)
			return &t->issuers[i];
	return NULL;
}

bool
trust_has_role(const struct trust_org *org, const char *role)
{
	for (size_t i = 0; org != NULL && i < json_array_size(org->roles); i++)
		if (strcmp(json_string_value(json_array_get(org->roles, i)), role) == 0)
			return true;
	return false;
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
