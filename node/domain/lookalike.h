/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lookalike: may somebody who reads a name take it for another?
 *
 * After Unicode UTS 39: a word mixes scripts beyond its "highly restrictive" level (section 5.2), or two names have one skeleton (section 4).  Of its
 * table of confusables only what stands for a letter of ASCII in Latin, Greek, Cyrillic and signs of width or mathematics is known here: a word that mixes any other
 * letter with Latin ones is refused already, and one wholly of another script is nobody's Latin name.
 */
#ifndef CAIRN_LOOKALIKE_H
#define CAIRN_LOOKALIKE_H

#include <stdbool.h>

/** lookalike_mixed(name): has a word letters of Latin and of another script that is not written together with it? */
bool	lookalike_mixed(const char *);

/** lookalike(a, b): do these names, of well-formed UTF-8, look the same, case, accents, spaces and signs aside?  Two without letters do not. */
bool	lookalike(const char *, const char *);

#endif /* !CAIRN_LOOKALIKE_H */
