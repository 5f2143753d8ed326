/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: foreign text made safe to print on one line of a terminal or a log.
 */
#ifndef CAIRN_TEXT_H
#define CAIRN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * text_escape(src, dst, size): copy ${src} into ${dst} of ${size} > 0 bytes.
 * Control and bidirectional characters become \xNN or \uNNNN, bytes that are
 * not UTF-8 become \xNN.  Cut between two characters where it does not fit.
 */
void	text_escape(const char *, char *, size_t);

/** text_is_token(s): an access token: 1 to 4096 printable ASCII characters, no blank: nothing that ends a header line.  NULL is none. */
bool	text_is_token(const char *);

/** text_fit(s, max): how many bytes of well-formed ${s}, ${max} at most, are whole characters. */
size_t	text_fit(const char *, size_t max);

/** text_is_utf8(s): is all of ${s} well-formed UTF-8? */
bool	text_is_utf8(const char *);

#endif /* !CAIRN_TEXT_H */
