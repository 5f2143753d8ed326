/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "directory.h"
#include "lookalike.h"
#include "signed.h"
#include "trust_list.h"
#include "when.h"

/* Signers of this version and of the one before, each once. */
enum { MAX_PROOFS = 2 * SIGNERS_MAX };

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	json_decref(t->doc);
	json_decref(t->overrides);
	free(t->orgs);
	free(t->issuers);
	free(t);
}

/* A copy that shares all members but this one, which it lacks. */
static json_t *
without(const json_t *doc, const char *member)
{
	json_t *copy = json_copy((json_t *)doc);

	if (copy != NULL)
		(void)json_object_del(copy, member);
	return copy;
}

/* The key that a proof says it is by: a hint. */
static int
named_key(const json_t *proof, uint8_t ret[32])
{
	const char *method = json_str(proof, "verificationMethod");
	const char *mark = method != NULL ? strrchr(method, '#') : NULL;

	return mark != NULL ? proof_key_parse(mark + 1, ret) : E_BAD;
}

/* Is ${proof} a good one of ${doc}, by ${key}?  Of a proof set each is over the document without any (VC Data Integrity, 2.1.1). */
static int
check_proof(const json_t *doc, const json_t *proof, const uint8_t key[32], struct err *reterr)
{
	autojson json_t *alone = without(doc, "proof");

	if (alone == NULL || json_object_set(alone, "proof", (json_t *)proof) != 0)
		return -ENOMEM;
	return signed_verify(alone, SIGNED_TRUST, key, reterr);
}

int
trust_signed(const json_t *doc, const struct signers *by, uint32_t *ret, struct err *reterr)
{
	const json_t *proofs = json_arr(doc, "proof"), *proof;
	uint32_t tried = 0;
	uint8_t key[32];
	size_t i, k;

	if (json_array_size(proofs) > MAX_PROOFS)
		return err_set(reterr, E_BAD, "trust list: it has more than %d proofs", MAX_PROOFS);
	*ret = 0;
	json_array_foreach(proofs, i, proof) {
		int r = named_key(proof, key);

		/* Each signs once; to look at a proof takes as long as the list is. */
		if (r != 0 || (k = signers_find(by, key)) == by->n || tried & UINT32_C(1) << k)
			continue;
		tried |= UINT32_C(1) << k;
		if ((r = check_proof(doc, proof, key, reterr)) < 0)
			return r;
		if (r == 0)
			*ret |= UINT32_C(1) << k;
	}
	return 0;
}

int
trust_hash(const json_t *doc, char ret[65], struct err *reterr)
{
	autojson json_t *bare = without(doc, "proof");

	return bare == NULL ? -ENOMEM : directory_hash(bare, ret, reterr);
}

static int
check_signers(const json_t *doc, const struct signers *by, struct err *reterr)
{
	uint32_t who;
	int r = trust_signed(doc, by, &who, reterr), n;

	if (r != 0)
		return r;
	n = __builtin_popcount(who);
	return (size_t)n >= by->needed ? 0 : err_set(reterr, E_REFUSED, "trust list: it is not signed by enough: %d of the "
	    "%zu signers that are needed", n, by->needed);
}

/* Whoever signs has said two things; nobody can know which of them is meant. */
static int
check_fork(const struct trust *t, const struct trust_seen *seen, struct err *reterr)
{
	if (seen == NULL || seen->version == 0)
		return 0;
	if ((t->version == seen->version && strcmp(t->hash, seen->hash) != 0) ||
	    (*seen->same != '\0' && strcmp(t->hash, seen->same) != 0))
		return err_set(reterr, TRUST_FORK, "there are two trust lists of version %" PRId64 ", both signed: the other "
		    "begins with %.8s, this one with %.8s", t->version, *seen->same != '\0' ? seen->same : seen->hash, t->hash);
	if (t->version == seen->version + 1 && strcmp(t->prev, seen->hash) != 0)
		return err_set(reterr, TRUST_FORK, "trust list of version %" PRId64 " does not continue the version accepted before: "
		    "that begins with %.8s, and it names %.8s", t->version, seen->hash, t->prev);
	return 0;
}

int
trust_load(const json_t *doc, const struct signers *by, const struct trust_seen *seen,
    int64_t now, struct trust **ret, struct err *reterr)
{
	autotrust struct trust *t = calloc(1, sizeof(*t));
	char day[WHEN_TEXT];
	int r;

	if (t == NULL)
		return -ENOMEM;
	t->doc = json_incref((json_t *)doc);
	if ((r = trust_read(doc, t, reterr)) != 0)
		return r;
	if (!t->names_signers)
		t->signers = *by;
	/* Who signs from now on is named by those who signed so far, and has agreed. */
	if ((r = check_signers(doc, by, reterr)) != 0 || (r = check_signers(doc, &t->signers, reterr)) != 0 ||
	    (r = trust_hash(doc, t->hash, reterr)) != 0 || (r = check_fork(t, seen, reterr)) != 0)
		return r;
	if (seen != NULL && t->version < seen->version)
		return err_set(reterr, E_REFUSED, "trust list has version %" PRId64 ", but version %"
		    PRId64 " was accepted before; get the newest list", t->version, seen->version);
	if (t->issued_at > now + WHEN_SKEW)
		return err_set(reterr, E_REFUSED, "trust list is dated in the future; check the "
		    "clock of this machine");
	if (t->expires_at <= now)
		return err_set(reterr, E_REFUSED, "trust list expired on %s; get a newer one from its "
		    "signers", when_print_day(t->expires_at, day));
	trust_sort(t);
	*ret = take(t);
	return 0;
}

/* The proofs of ${doc} that are good and by others than ${own}. */
static int
other_proofs(const json_t *doc, const uint8_t own[32], json_t **ret)
{
	const json_t *proofs = json_arr(doc, "proof");
	autojson json_t *kept = json_array();
	json_t *proof;
	uint8_t key[32];
	size_t i;

	json_array_foreach(proofs, i, proof) {
		int r = i < MAX_PROOFS ? named_key(proof, key) : E_BAD;

		if (r == 0 && memcmp(key, own, 32) != 0)
			r = check_proof(doc, proof, key, NULL);
		else
			r = E_BAD;
		if (r < 0 || (r == 0 && json_array_append(kept, proof) != 0))
			return -ENOMEM;
	}
	*ret = take(kept);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* A person who reads one name is not to think of another organization; one that is suspended counts too. */
static int
check_names(const struct trust *t, struct err *reterr)
{
	for (size_t i = 0; i < t->norgs; i++) {
		const char *name = t->orgs[i].name;

		if (lookalike_mixed(name))
			return err_set(reterr, E_REFUSED, "trust list: orgs[%zu].name: \"%s\" mixes letters of two scripts", i, name);
		for (size_t j = 0; j < i; j++)
			if (lookalike(name, t->orgs[j].name))
				return err_set(reterr, E_REFUSED, "trust list: orgs[%zu].name: \"%s\" looks like \"%s\", orgs[%zu].name", i, name,
				    t->orgs[j].name, j);
	}
	return 0;
}

int
trust_sign(json_t *doc, const uint8_t seed[32], int64_t now, struct err *reterr)
{
	autotrust struct trust *t = calloc(1, sizeof(*t));
	autojson json_t *alone = NULL, *proofs = NULL;
	char created[WHEN_TEXT];
	uint8_t own[32];
	int r;

	if (t == NULL)
		return -ENOMEM;
	t->doc = json_incref(doc);
	if ((r = trust_read(doc, t, reterr)) != 0 || (r = check_names(t, reterr)) != 0)
		return r;
	if ((alone = without(doc, "proof")) == NULL)
		return -ENOMEM;
	if ((r = proof_sign(alone, seed, SIGNED_PURPOSE, when_print(now, created), reterr)) != 0)
		return r;
	if (named_key(json_object_get(alone, "proof"), own) != 0 || (r = other_proofs(doc, own, &proofs)) != 0)
		return -ENOMEM;
	if (json_array_size(proofs) == MAX_PROOFS)
		return err_set(reterr, E_BAD, "trust list: it has %d proofs already", MAX_PROOFS);
	if (json_array_append(proofs, json_object_get(alone, "proof")) != 0 || json_object_set(doc, "proof", proofs) != 0)
		return -ENOMEM;
	return 0;
}

int
trust_read_signers(const json_t *doc, const struct signers *by, struct signers *ret, struct err *reterr)
{
	autotrust struct trust *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL)
		return -ENOMEM;
	t->doc = json_incref((json_t *)doc);
	if ((r = trust_read(doc, t, reterr)) != 0)
		return r;
	if (!t->names_signers && by == NULL)
		return err_set(reterr, E_BAD, "trust list: it does not say who signs it");
	*ret = t->names_signers ? t->signers : *by;
	return 0;
}

int
trust_next(const json_t *doc, int64_t now, int64_t life, json_t **ret, struct err *reterr)
{
	autotrust struct trust *t = calloc(1, sizeof(*t));
	autojson json_t *next = without(doc, "proof");
	int r;

	if (t == NULL || next == NULL)
		return -ENOMEM;
	t->doc = json_incref((json_t *)doc);
	if ((r = trust_read(doc, t, reterr)) != 0 || (r = trust_hash(doc, t->hash, reterr)) != 0)
		return r;
	if (json_object_set_new(next, "version", json_integer(t->version + 1)) != 0 ||
	    json_object_set_new(next, "prev", json_string(t->hash)) != 0 ||
	    json_object_set_new(next, "issued_at", json_integer(now)) != 0 ||
	    json_object_set_new(next, "expires_at", json_integer(now + life)) != 0)
		return -ENOMEM;
	*ret = take(next);
	return 0;
}
