/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a trust list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "trust_list.h"
#include "when.h"

enum { MAX_ENTRIES = 500, MAX_RIGHTS = 32, MAX_JURISDICTIONS = 64, MAX_VIA = 8, MAX_ANSWERS = 4, MAX_DEVICES = 8, MAX_REASON = 500 };

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

/* {since, reason}, if it is there. */
static bool
read_suspension(const json_t *o, int64_t *ret_since, const char **ret_reason)
{
	const json_t *suspended = json_object_get(o, "suspended");

	if (suspended == NULL)
		return true;
	*ret_since = json_int(suspended, "since", 0);
	*ret_reason = json_str(suspended, "reason");
	return *ret_since > 0 && *ret_since <= WHEN_MAX && is_text(*ret_reason) && strlen(*ret_reason) <= MAX_REASON;
}

/* The devices of a bot, which cannot be cross-signed. */
static bool
are_devices(const json_t *list)
{
	uint8_t key[32];

	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > MAX_DEVICES)
		return false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *device = json_array_get(list, i);

		if (!id_is_device(json_str(device, "device")) || proof_key_b64(json_str(device, "key"), key) != 0)
			return false;
	}
	return true;
}

static bool
is_of(const char *user, const char *server)
{
	return id_is_user(user) && strcmp(id_server(user), server) == 0;
}

/* Accounts and keys: a node has all of them, a bot at least one account and a way to know its devices. */
static int
read_accounts(const json_t *o, struct trust_org *org, struct err *reterr)
{
	bool node = trust_has_role(org, "node");
	uint8_t master[32];

	if (!id_is_server(org->server))
		return err_set(reterr, E_BAD, "server is not a Matrix server name");
	if (!is_of(org->node, org->server))
		return err_set(reterr, E_BAD, "node_user is not a user id on that server");
	if (org->steward != NULL || node || json_object_get(o, "steward_user") != NULL) {
		if (!is_of(org->steward, org->server))
			return err_set(reterr, E_BAD, "steward_user is not a user id on that server");
		if (strcmp(org->node, org->steward) == 0)
			return err_set(reterr, E_BAD, "node_user and steward_user are the same account");
	}
	if (json_object_get(o, "devices") != NULL && (!trust_has_role(org, "bot") || !are_devices(org->devices)))
		return err_set(reterr, E_BAD, "devices is not a list of a bot's devices and their keys");
	if ((org->devices == NULL || json_object_get(o, "master_key") != NULL) &&
	    proof_key_b64(org->master_key, master) != 0)
		return err_set(reterr, E_BAD, "master_key is not an Ed25519 key in unpadded base64");
	return 0;
}

/* Member ${member}, the key of now, and ${before}, which may be there and is good until a time. */
static int
read_keys(const json_t *o, const char *member, const char *before, uint8_t ret[32], uint8_t ret_old[32], int64_t *ret_until, struct err *reterr)
{
	const char *key = json_str(o, member), *old = json_str(json_obj(o, before), "key");

	if (key == NULL || proof_key_parse(key, ret) != 0)
		return err_set(reterr, E_BAD, "%s is not a multibase Ed25519 key", member);
	if (json_object_get(o, before) == NULL)
		return 0;
	*ret_until = json_int(json_obj(o, before), "until", 0);
	if (old == NULL || proof_key_parse(old, ret_old) != 0 || *ret_until < 1 || *ret_until > WHEN_MAX || memcmp(ret_old, ret, 32) == 0)
		return err_set(reterr, E_BAD, "%s is not another key with the time until which it is good", before);
	return 0;
}

static int
read_org(const json_t *o, struct trust_org *ret, struct err *reterr)
{
	int r;

	*ret = (struct trust_org){
		.id = json_str(o, "org"), .name = json_str(o, "name"),
		.server = json_str(o, "server"), .node = json_str(o, "node_user"),
		.steward = json_str(o, "steward_user"), .master_key = json_str(o, "master_key"),
		.devices = json_arr(o, "devices"), .roles = json_arr(o, "roles"), .via = json_arr(o, "via"),
	};
	if (!id_is_own(ret->id))
		return err_set(reterr, E_BAD, "org is not an identifier");
	if (!is_text(ret->name))
		return err_set(reterr, E_BAD, "name is missing");
	if (!is_list(ret->roles, 3, is_role))
		return err_set(reterr, E_BAD, "roles are not among node, issuer and bot");
	if ((r = read_accounts(o, ret, reterr)) != 0 || (r = read_keys(o, "record_key", "old_record_key", ret->record_key, ret->old_key,
	    &ret->old_until, reterr)) != 0)
		return r;
	if (!is_list(ret->via, MAX_VIA, id_is_server))
		return err_set(reterr, E_BAD, "via is not a list of Matrix server names");
	if (!read_suspension(o, &ret->suspended, &ret->reason))
		return err_set(reterr, E_BAD, "suspended lacks since or a reason");
	return 0;
}

int
trust_entry(const json_t *entry, struct err *reterr)
{
	struct trust_org org;

	return read_org(entry, &org, reterr);
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
	if (read_keys(o, "key", "old_key", ret->key, ret->old_key, &ret->old_until, reterr) != 0)
		return E_BAD;
	/* The key of a did:key is in its name: a new one is another issuer. */
	if (strncmp(ret->id, "did:key:", 8) == 0 && (strcmp(ret->id + 8, key) != 0 || ret->old_until != 0))
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
	if (!read_suspension(o, &ret->suspended, &ret->reason))
		return err_set(reterr, E_BAD, "suspended lacks since or a reason");
	return 0;
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A record must be of one of them: neither has a key of the other, of now or before. */
static bool
share_key(const struct trust_org *a, const struct trust_org *b)
{
	return memcmp(a->record_key, b->record_key, 32) == 0 ||
	    (a->old_until != 0 && memcmp(a->old_key, b->record_key, 32) == 0) ||
	    (b->old_until != 0 && memcmp(b->old_key, a->record_key, 32) == 0);
}

/* No two entries may be taken for one another. */
static int
check_unique(const struct trust *t, struct err *reterr)
{
	for (size_t i = 0; i < t->norgs; i++)
		for (size_t j = 0; j < i; j++) {
			const struct trust_org *a = &t->orgs[i], *b = &t->orgs[j];

			if (same(a->id, b->id) || same(a->node, b->node) || same(a->node, b->steward) ||
			    same(a->steward, b->node) || same(a->steward, b->steward) || share_key(a, b))
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

/* {needed, keys}, if it is there. */
static int
read_own_signers(const json_t *doc, struct trust *t, struct err *reterr)
{
	const json_t *o = json_object_get(doc, "signers"), *keys = json_arr(o, "keys"), *key;
	int64_t needed = json_int(o, "needed", 0);
	struct signers *s = &t->signers;
	size_t i;

	t->names_signers = o != NULL;
	if (o == NULL)
		return 0;
	if (keys == NULL || json_array_size(keys) > SIGNERS_MAX || needed < 1 || (size_t)needed > json_array_size(keys))
		return err_set(reterr, E_BAD, "trust list: signers lacks its keys, or how many are needed");
	s->needed = (size_t)needed;
	json_array_foreach(keys, i, key) {
		const char *text = json_string_value(key);

		if (text == NULL || proof_key_parse(text, s->key[i]) != 0)
			return err_set(reterr, E_BAD, "trust list: signers.keys[%zu] is not a multibase Ed25519 key", i);
		if (signers_find(s, s->key[i]) < s->n)
			return err_set(reterr, E_BAD, "trust list: signers.keys[%zu] is there twice", i);
		s->n++;
	}
	return 0;
}

static int
read_room(const json_t *doc, struct trust *t, struct err *reterr)
{
	const json_t *o = json_object_get(doc, "room");

	if (o == NULL)
		return 0;
	t->room = (struct trust_room){ json_str(o, "room_id"), json_arr(o, "via") };
	if (!id_is_room(t->room.room) || !is_list(t->room.via, MAX_VIA, id_is_server))
		return err_set(reterr, E_BAD, "trust list: room is not a Matrix room and servers to join it by");
	return 0;
}

int
trust_read(const json_t *doc, struct trust *t, struct err *reterr)
{
	const char *kind = json_str(doc, "kind");
	const json_t *orgs = json_arr(doc, "orgs"), *issuers = json_arr(doc, "issuers");
	bool has_prev = json_object_get(doc, "prev") != NULL;
	int r;

	t->version = json_int(doc, "version", 0);
	t->issued_at = json_int(doc, "issued_at", 0);
	t->expires_at = json_int(doc, "expires_at", 0);
	t->prev = json_str(doc, "prev");
	if (json_int(doc, "v", 0) != 1 || kind == NULL || strcmp(kind, "trust") != 0)
		return err_set(reterr, E_BAD, "not a trust list of version 1");
	if (t->version < 1 || t->version > CANON_INT_MAX)
		return err_set(reterr, E_BAD, "trust list: version is not a number from 1");
	if (t->issued_at < 1 || t->expires_at <= t->issued_at || t->expires_at > WHEN_MAX)
		return err_set(reterr, E_BAD, "trust list: issued_at and expires_at are missing or in "
		    "the wrong order");
	if (t->version == 1 ? has_prev : t->prev == NULL || strlen(t->prev) != 64)
		return err_set(reterr, E_BAD, "trust list: prev must hold the SHA-256 of the version "
		    "before, except in version 1");
	if (orgs == NULL || issuers == NULL || json_array_size(orgs) > MAX_ENTRIES ||
	    json_array_size(issuers) > MAX_ENTRIES)
		return err_set(reterr, E_BAD, "trust list: orgs and issuers are missing or have "
		    "more than %d entries", MAX_ENTRIES);
	if ((r = read_own_signers(doc, t, reterr)) != 0 || (r = read_room(doc, t, reterr)) != 0)
		return r;
	return read_entries(t, orgs, issuers, reterr);
}
