/* SPDX-License-Identifier: Apache-2.0 */
/* words: bytes as words that people read to each other: one of 256 for each byte. */
#ifndef CAIRN_WORDS_H
#define CAIRN_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum { WORDS_LONGEST = 9 };	/* With the blank or the end. */

/** words_print(bytes, n, out): with blanks between; out holds n * WORDS_LONGEST.  Returns ${out}. */
const char *words_print(const uint8_t *, size_t, char *);
/** words_parse(text, ret, n): exactly ${n} words, in any case, with blanks, commas or hyphens between; 0 or E_BAD (${ret} is then of no use). */
int	words_parse(const char *, uint8_t *, size_t) must_check;

#endif /* !CAIRN_WORDS_H */
