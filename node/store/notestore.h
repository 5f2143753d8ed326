/* SPDX-License-Identifier: Apache-2.0 */
/* notestore: what a member and a specialist keep of their way together; sealed as the member's own. */
#ifndef CAIRN_NOTESTORE_H
#define CAIRN_NOTESTORE_H

#include <jansson.h>

#include "db.h"

struct note {
	int64_t	 n;
	char	*pairing, *kind;
	int64_t	 at;		/* When it was kept. */
	int64_t	 due;		/* When the member wants to be asked again; 0: not. */
	json_t	*body;		/* schemas/note.json */
};

/** note_add(db, whose, note): ${whose} as in subject_referral(); n is given here.  0 or negative. */
int	note_add(struct db *, const char *whose, const struct note *) must_check;
/** note_each(db, pairing or NULL, fn, cookie): oldest first, without those of members who were erased. */
int	note_each(struct db *, const char *pairing, int (*)(void *, const struct note *), void *) must_check;
/** note_due(db, now, ret): how many members of active matches wanted to be asked by now how it goes. */
int	note_due(struct db *, int64_t, int64_t *) must_check;

#endif /* !CAIRN_NOTESTORE_H */
