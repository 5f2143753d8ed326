/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked: the coarse facts for which somebody is referred: those of the request, and over them the answers to later
 * questions.  The newer word holds; but whoever was said once to be a minor is one, whatever else was said: doubt protects.
 * Pure.
 */
#ifndef CAIRN_ASKED_H
#define CAIRN_ASKED_H

#include <jansson.h>
#include <stdbool.h>

#include "base/cleanup.h"

/** asked_minor(age_band): is it that of a minor?  ${age_band} may be NULL: not known. */
bool	asked_minor(const char *age_band);

/** asked_lay(facts, info): lay an answer over ${facts}.  0 or -ENOMEM. */
int	asked_lay(json_t *facts, const json_t *info) must_check;

/** asked_doubt(facts, info): an answer that counts no more, or not yet: of it stays that it told of a minor.  0 or -ENOMEM. */
int	asked_doubt(json_t *facts, const json_t *info) must_check;

#endif /* !CAIRN_ASKED_H */
