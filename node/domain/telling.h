/* SPDX-License-Identifier: Apache-2.0 */
/*
 * telling: what two contents say beyond their step.  The answer to a question says facts, and a decline says why.  Of somebody whom
 * the other side knows by name either is a disclosure, so there is a form of both which says the step alone.  Pure.
 */
#ifndef CAIRN_TELLING_H
#define CAIRN_TELLING_H

#include <jansson.h>
#include <stdbool.h>

#include "base/cleanup.h"

/** What a decline says that says nothing of the member; TELLING_NEUTRAL stands for any other reason. */
#define TELLING_NEUTRAL	"scope"

/** telling_says(content): is it an answer to a question with a fact, or a decline with a reason of the member's or in words? */
bool	telling_says(const json_t *content);

/** telling_bare(content): leave of such a content its step: facts are not said, the reason is ${TELLING_NEUTRAL}, and no notice goes with it.  0 or -ENOMEM. */
int	telling_bare(json_t *content) must_check;

#endif /* !CAIRN_TELLING_H */
