/* SPDX-License-Identifier: Apache-2.0 */
/* signers: the keys of which so many must sign: "KEY", or "2 of KEY KEY KEY". */
#ifndef CAIRN_SIGNERS_H
#define CAIRN_SIGNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "words.h"

enum { SIGNERS_MAX = 16, SIGNERS_TEXT = 8 + SIGNERS_MAX * 64, SIGNERS_NWORDS = 10, SIGNERS_WORDS = SIGNERS_NWORDS * WORDS_LONGEST };

struct signers {
	size_t	needed, n;		/* 1 <= needed <= n. */
	uint8_t	key[SIGNERS_MAX][32];
};

/** signers_parse(text, ret, reterr): 0 or E_BAD; no key may be there twice.  ${ret} may be NULL. */
int	signers_parse(const char *, struct signers *, struct err *) must_check;

/** signers_print(s, out): the text; returns ${out}. */
const char *signers_print(const struct signers *, char[SIGNERS_TEXT]);

/** signers_find(s, key): its index, or n. */
size_t	signers_find(const struct signers *, const uint8_t key[32]);

/** signers_words(s, out): ten words by which people know the whole of it, in whatever order the keys are.  Returns ${out}. */
const char *signers_words(const struct signers *, char[SIGNERS_WORDS]);

/** signers_equal(a, b): the same keys, in any order, and as many needed. */
bool	signers_equal(const struct signers *, const struct signers *);

#endif /* !CAIRN_SIGNERS_H */
