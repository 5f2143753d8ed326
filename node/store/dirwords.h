/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirwords: words for the full-text index of the directory.
 */
#ifndef CAIRN_DIRWORDS_H
#define CAIRN_DIRWORDS_H

#include "base/buf.h"

enum { DIRWORDS_MAX = 16, DIRWORDS_LEN = 64 };	/* Words of a search; bytes of one. */

/**
 * dirwords_query(text, out): what a person typed as an FTS5 query: each word
 * quoted, as a prefix, all required.  Nothing typed is syntax.  0, E_NOTFOUND
 * if there is no word in ${text}, or a negative value of buf.h.
 */
int	dirwords_query(const char *, struct buf *) must_check;

/** dirwords_json(text, out): every string value in the JSON ${text}, one a line.  0, E_BAD, or buf.h's. */
int	dirwords_json(const char *, struct buf *) must_check;

#endif /* !CAIRN_DIRWORDS_H */
