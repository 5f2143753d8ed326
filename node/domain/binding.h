/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binding: a specialist's word that a Matrix account is theirs, under one master key; schemas/binding.json.
 *
 * Signed with the specialist's did:key, within their consent to be published (publication.h), and ends with it.  The account
 * says the same by six words, which stand for these three: the specialist, the account, its master key.
 */
#ifndef CAIRN_BINDING_H
#define CAIRN_BINDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/words.h"

enum {
	BINDING_NWORDS	= 6,
	BINDING_WORDS	= BINDING_NWORDS * WORDS_LONGEST,
	BINDING_TEXT	= 512,
};

/* Borrowed from the document. */
struct binding {
	const char	*specialist, *user, *master_key;
	int64_t		 issued_at;
};

/**
 * binding_read(doc, now, ret, reterr): is it one, signed by the specialist that it names, and not dated later than ${now}?
 * 0; E_BAD: shape; E_REFUSED: signature, time; -ENOMEM.
 */
int	binding_read(const json_t *doc, int64_t now, struct binding *ret, struct err *) must_check;

/** binding_sign(user, master_key, seed, now, ret, reterr): that of whoever has ${seed}; owned by the caller.  0, E_BAD or -ENOMEM. */
int	binding_sign(const char *user, const char *master_key, const uint8_t seed[32], int64_t now, json_t **ret, struct err *) must_check;

/** binding_text(binding, out): what the words stand for, in one line without the time; returns ${out}.  binding_words(text, out): they. */
const char *binding_text(const struct binding *, char out[BINDING_TEXT]);
const char *binding_words(const char *text, char out[BINDING_WORDS]);
/** binding_said(text, said): are these its words, as people write them? */
bool	binding_said(const char *text, const char *said);

#endif /* !CAIRN_BINDING_H */
