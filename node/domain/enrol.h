/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol: how an organization comes onto the trust list; schemas/invitation.json, enrolment.json.
 *
 * One organization invites another with a code that is used once, and that a person reads to a person; the other
 * answers with its accounts and keys.  Both documents hold a keyed hash that only who has the code
 * can make, and a proof by the record key that is in them.  The code has 140 bits, so that who sees the documents
 * learns nothing by trying codes.  Words stand for what an entry holds, against a code that was overheard.
 */
#ifndef CAIRN_ENROL_H
#define CAIRN_ENROL_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/words.h"

enum {
	ENROL_CODE	= 28,			/* Symbols of five bits. */
	ENROL_CODE_TEXT	= ENROL_CODE / 4 * 5,	/* In groups of four, with NUL. */
	ENROL_KEY	= 32,
	ENROL_NWORDS	= 10,
	ENROL_WORDS	= ENROL_NWORDS * WORDS_LONGEST,
};

/** enrol_code(raw, out): the code of these random bytes, of which five bits each count; returns ${out}. */
const char *enrol_code(const uint8_t[ENROL_CODE], char out[ENROL_CODE_TEXT]);

/** enrol_key(id, code, ret): what seals both documents of invitation ${id}; the caller overwrites it.  E_BAD: no code at all. */
int	enrol_key(const char *id, const char *code, uint8_t ret[ENROL_KEY]) must_check;

/** enrol_words(entry, out): ten words for an organization's entry: each of its accounts and keys; 0 or -ENOMEM. */
int	enrol_words(const json_t *entry, char out[ENROL_WORDS]) must_check;

/**
 * enrol_invite(id, domain, until, entry, key, seed, now, ret, reterr): the invitation of ${domain}'s organization by
 * that of ${entry}, whose record key's ${seed} signs.  enrol_answer: the answer to it.  Owned by the caller; 0, E_BAD or -ENOMEM.
 */
int	enrol_invite(const char *id, const char *domain, int64_t until, const json_t *entry, const uint8_t key[ENROL_KEY],
	    const uint8_t seed[32], int64_t now, json_t **ret, struct err *) must_check;
int	enrol_answer(const char *id, const json_t *entry, const uint8_t key[ENROL_KEY], const uint8_t seed[32], int64_t now,
	    json_t **ret, struct err *) must_check;

/**
 * enrol_check_invitation(doc, domain, code, now, ret_key, reterr): is it for ${domain}, not over, and made with ${code}?
 * enrol_check_answer(doc, id, domain, key, reterr): is it the answer of ${domain}'s organization to invitation
 * ${id}?  0; E_BAD: shape; E_REFUSED: another code, time, organization or key; -ENOMEM.
 */
int	enrol_check_invitation(const json_t *, const char *domain, const char *code, int64_t now, uint8_t ret_key[ENROL_KEY],
	    struct err *) must_check;
int	enrol_check_answer(const json_t *, const char *id, const char *domain, const uint8_t key[ENROL_KEY], struct err *) must_check;

#endif /* !CAIRN_ENROL_H */
