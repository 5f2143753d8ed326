/* SPDX-License-Identifier: Apache-2.0 */
/* boundstore: accounts that were asked whether they are a specialist's, or said so (domain/binding.h). */
#ifndef CAIRN_BOUNDSTORE_H
#define CAIRN_BOUNDSTORE_H

#include <stdbool.h>

#include "column.h"
#include "db.h"

enum { BOUND_INDEX = 2 * COLUMN_HASH + 1 };

struct bound_row {
	int64_t	 pid;
	char	 text[BOUND_INDEX];
	char	*specialist;
	int64_t	 issued_at;		/* Of the latest that the specialist signed of it. */
	int64_t	 asked, said;		/* 0: not yet. */
};

/** bound_index(db, text, out): what ${text} (binding_text) is known by; returns ${out}. */
const char *bound_index(struct db *, const char *text, char out[BOUND_INDEX]);
/** bound_put: insert or replace; sealed as the person's.  bound_each: those of a person.  bound_unasked: each who has one of which they were not asked. */
int	bound_put(struct db *, const struct bound_row *) must_check;
int	bound_each(struct db *, int64_t pid, int (*)(void *, const struct bound_row *), void *) must_check;
int	bound_unasked(struct db *, int (*)(void *, int64_t pid), void *) must_check;

#endif /* !CAIRN_BOUNDSTORE_H */
