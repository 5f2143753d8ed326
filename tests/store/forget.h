/* SPDX-License-Identifier: Apache-2.0 */
/* forget: the steps of retention and erasure, to their end. */
#ifndef CAIRN_TEST_FORGET_H
#define CAIRN_TEST_FORGET_H

#include "fixture.h"
#include "store/erasure.h"
#include "store/retention.h"

/* All that retention and erasure have to do by these terms; in how many steps. */
static inline int
forget(struct db *db, const struct retention *terms)
{
	int n = 0;

	for (bool more = true; more; n++) {
		more = false;
		must(db_begin(db, NULL));
		must(retention_step(db, terms, 16, &more));
		must(erasure_step(db, 64, &more));
		must(db_commit(db, NULL));
	}
	return n;
}

#endif /* !CAIRN_TEST_FORGET_H */
