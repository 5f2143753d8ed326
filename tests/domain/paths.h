/* SPDX-License-Identifier: Apache-2.0 */
/* paths: steps of a referral in a few letters. */
#ifndef CAIRN_TEST_PATHS_H
#define CAIRN_TEST_PATHS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "domain/path.h"
#include "domain/when.h"

/* "7" -> an id whose order is that of the text. */
static inline void
name(char id[ID_LEN + 1], const char *text)
{
	(void)snprintf(id, ID_LEN + 1, "%-26s", text);
	for (char *c = id; *c != '\0'; c++)
		if (*c == ' ')
			*c = '.';
}

static inline struct path_step
made(const char *id, const char *prev, enum referral_input input, enum referral_actor actor)
{
	struct path_step s = { .by = actor == REFERRAL_BY_TARGET ? REFERRAL_AT_TARGET : REFERRAL_AT_SOURCE,
	    .move = { .input = input, .actor = actor, .at = WHEN_DAY, .leg = 1 } };

	name(s.id, id);
	if (*prev != '\0')
		name(s.prev, prev);
	return s;
}

static inline int
add(struct path *p, const char *id, const char *prev, enum referral_input input, enum referral_actor actor)
{
	struct path_step s = made(id, prev, input, actor);
	struct err err = { "" };

	return path_add(p, &s, &err);
}

static inline bool
tip_is(const struct path *p, const char *id)
{
	char full[ID_LEN + 1];

	name(full, id);
	return path_tip(p) != PATH_NONE && !strcmp(path_at(p, path_tip(p))->id, full);
}

/* Request and receipt. */
static inline struct path *
begun(enum referral_side side)
{
	struct path *p = path_new(side);

	if (p == NULL || add(p, "A", "", REFERRAL_IN_SEND, REFERRAL_BY_SOURCE) != 0 ||
	    add(p, "B", "A", REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET) != 0)
		abort();
	return p;
}

#endif /* !CAIRN_TEST_PATHS_H */
