/* SPDX-License-Identifier: Apache-2.0 */
/* disclosed: what left of a member whom the other side knows, read from the ciphertext; it knows no table of the account. */
#ifndef CAIRN_TEST_DISCLOSED_H
#define CAIRN_TEST_DISCLOSED_H

#include "hs_world.h"
#include "scene.h"
#include "tests/tap.h"

/**
 * disclosed_seen(sc, from, to, referrals, ret_read): {content id: how many classes} of all that ${from} disclosed in the channel, of the ids
 * in ${referrals} or, if that is NULL, of all, as far as node ${to} has the keys; less than 0 without a notice of Part 2 or without the
 * scope; and how many contents it read at all.  The caller decrefs.
 */
json_t	*disclosed_seen(struct scene *, const char *from, size_t to, const json_t *referrals, int *ret_read);

/**
 * disclosed_account(sc, i): that node's account of the referral.  disclosed_accounted: the same as disclosed_seen() says it.
 * disclosed_counted(account, emergencies): likewise of an account that was given, with what was told in an emergency, or without.
 * The caller decrefs.
 */
json_t	*disclosed_account(struct scene *, size_t);
json_t	*disclosed_accounted(struct scene *, size_t);
json_t	*disclosed_counted(const json_t *, bool emergencies);

static inline bool
disclosed_labelled(json_t *seen)
{
	const char *id;
	json_t *parts;

	json_object_foreach(seen, id, parts)
		if (json_integer_value(parts) < 0)
			return false;
	return true;
}

/** disclosed_is(sc, out, back, what): so many were seen from the source, so many from the target, each labelled, and both accounts say the same. */
static inline void
disclosed_is(struct scene *sc, int want_out, int want_back, const char *what)
{
	int seen_out, seen_back;
	autojson json_t *out = disclosed_seen(sc, SOURCE_USER, TARGET, NULL, &seen_out), *back = disclosed_seen(sc, TARGET_USER, SOURCE, NULL, &seen_back);
	autojson json_t *own = disclosed_accounted(sc, SOURCE), *theirs = disclosed_accounted(sc, TARGET);

	ok(seen_out > 0 && seen_back > 0, "%s: the oracle reads %d and %d contents", what, seen_out, seen_back);
	is_int((int)json_object_size(out), want_out, "%s: it saw what went out", what);
	is_int((int)json_object_size(back), want_back, "%s: and what came back", what);
	ok(disclosed_labelled(out) && disclosed_labelled(back), "%s: each has the notice and the scope", what);
	ok(json_equal(own, out) && json_equal(theirs, back), "%s: the accounts of both equal it", what);
}

#endif /* !CAIRN_TEST_DISCLOSED_H */
