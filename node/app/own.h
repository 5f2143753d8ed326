/* SPDX-License-Identifier: Apache-2.0 */
/* own: our own records as a whole: import, lists of ids, the key that signs them. */
#ifndef CAIRN_OWN_H
#define CAIRN_OWN_H

#include "app.h"
#include "base/proof.h"
#include "store/dirstore.h"

struct own_ids {
	char	**id;
	size_t	  n;
};

/** own_ids(db, kind or NULL, dirty_only, ret): ids in order of creation, manifests last.  own_ids_free also after failure. */
int	own_ids(struct db *, const char *kind, bool dirty_only, struct own_ids *) must_check;
void	own_ids_free(struct own_ids *);

/* The key that signs our records: made at setup, sealed in the store. */
int	own_make_key(struct app *) must_check;
int	own_seed(struct db *, uint8_t[ED25519_SEED]) must_check;
/** own_key(db, out): its public part.  own_key_text(db, out): "z6Mk...".  0 or E_NOTFOUND before setup. */
int	own_key(struct db *, uint8_t[ED25519_PUBLIC]) must_check;
int	own_key_text(struct db *, char[64]) must_check;
/**
 * The one that is to take its place (rekey.h).  own_next_key: E_NOTFOUND: none waits.  own_next_drop: it is destroyed.
 * own_next_take: it is the key from now on, and the one before is destroyed.
 */
int	own_next_make(struct app *) must_check;
int	own_next_key(struct db *, uint8_t[ED25519_PUBLIC]) must_check;
int	own_next_drop(struct db *) must_check;
int	own_next_take(struct db *) must_check;

/** own_new(app, kind, source or NULL, ret): a record with a fresh id and state key, not stored yet. */
int	own_new(struct app *, const char *kind, const char *source, struct own_record *ret) must_check;

/**
 * own_import(app, actor, args, ret, reterr): verb "import" {records: [{source, kind, body}], feed}:
 * all or nothing.  A body may name its program, and its credential, by their sources.  ${feed} is there if
 * the records are a file's: what feed_keep() takes.
 */
int	own_import(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/**
 * own_withdraw(app, actor, args, ret, reterr): verb "withdraw" {id}: a record of ours becomes a withdrawal of
 * the same id, and is published at once; one that never left is dropped.  What it said is not kept.
 */
int	own_withdraw(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_OWN_H */
