/* SPDX-License-Identifier: Apache-2.0 */
/* truststore: the trust lists that were accepted, parts of those to come, and this node's own word on organizations. */
#ifndef CAIRN_TRUSTSTORE_H
#define CAIRN_TRUSTSTORE_H

#include "db.h"

struct trust_version {
	int64_t	 version;
	char	*hash, *document;
};
void	trust_version_free(struct trust_version *);
#define autoversion __attribute__((cleanup(trust_version_free)))

/** trust_version_put(db, version, at): kept for good; of the same hash, the later document replaces it. */
int	trust_version_put(struct db *, const struct trust_version *, int64_t at) must_check;
/**
 * trust_version_get(db, version, ret): 0 or E_NOTFOUND; ${version} 0: the newest.  trust_version_below: the newest before ${version}.
 * trust_version_forget: all of them.
 */
int	trust_version_get(struct db *, int64_t, struct trust_version *ret) must_check;
int	trust_version_below(struct db *, int64_t version, struct trust_version *ret) must_check;
int	trust_version_forget(struct db *) must_check;

/**
 * trust_part_put(db, version, part, parts, text): replaces what was there.  trust_part_each: of one version, in order;
 * stops at the first non-zero.  trust_part_newest: 0 if there is none.  trust_part_sweep(db, below, above): those up to the
 * one, and beyond the other, go.  trust_part_drop: those of one version.
 */
int	trust_part_put(struct db *, int64_t version, int64_t part, int64_t parts, const char *text) must_check;
/** trust_part_has: 0 if it is there so, E_NOTFOUND. */
int	trust_part_has(struct db *, int64_t version, int64_t part, int64_t parts, const char *text) must_check;
int	trust_part_each(struct db *, int64_t version, int (*)(void *, int64_t part, int64_t parts, const char *text), void *) must_check;
int	trust_part_newest(struct db *, int64_t *ret) must_check;
int	trust_part_drop(struct db *, int64_t version) must_check;
int	trust_part_sweep(struct db *, int64_t below, int64_t above) must_check;

/** trust_override_put(db, org, word): JSON; NULL takes it back.  trust_override_each: by organization. */
int	trust_override_put(struct db *, const char *org, const char *word) must_check;
int	trust_override_each(struct db *, int (*)(void *, const char *org, const char *word), void *) must_check;

#endif /* !CAIRN_TRUSTSTORE_H */
