/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin: whose wish a referral is.  Peer support is voluntary, whoever proposed it; a court hears
 * nothing of what became of it, unless the member consents to that by itself (42 CFR 2.31(d), 2.35).
 */
#ifndef CAIRN_ORIGIN_RULE_H
#define CAIRN_ORIGIN_RULE_H

#include <stdbool.h>

#include "base/err.h"

/** origin_check(origin, voluntary, reterr): 0; E_BAD: no such origin; E_REFUSED: the member does not want it.  NULL: the program's. */
int	origin_check(const char *origin, bool voluntary, struct err *) must_check;

/** origin_hears(origin, proceedings): may the side that referred hear what became of it?  ${proceedings}: a consent for that is in force. */
bool	origin_hears(const char *origin, bool proceedings);

/** origin_likeness(how, value, out, size): a way to reach somebody, or a name, written as all would write it; false: too little to compare. */
enum { ORIGIN_LIKENESS = 320 };
bool	origin_likeness(const char *how, const char *value, char out[ORIGIN_LIKENESS]);

#endif /* !CAIRN_ORIGIN_RULE_H */
