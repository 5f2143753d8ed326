/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: our own device: identity, one-time keys, fallback key.
 *
 * What is uploaded is first committed: the pickle with the private halves and
 * the exact signed bytes (an outbox row) go in one transaction, and no new key
 * is made while one is unpublished.
 */
#ifndef CAIRN_DEVICE_H
#define CAIRN_DEVICE_H

#include <jansson.h>

#include "crypt.h"

#define DEVICE_PURPOSE	"keys_upload"	/* Purpose and lane of the upload's outbox row. */
#define DEVICE_LANE	"keys"

/**
 * device_create(db, world, user, device_id, reterr): make the account of a new
 * device, once.  0, or E_EXISTS if a device was made before.
 */
int	device_create(struct db *, const struct world *, const char *user,
	    const char *device_id, struct err *) must_check;

/**
 * device_replace(db, world, device_id): another device instead of the one that was made: new keys, no session
 * of the old one's; what others' sessions open stays.  Then crypt_open anew.
 */
int	device_replace(struct db *, const struct world *, const char *device_id) must_check;
/**
 * device_lost(db, world): the keys of our device are those of an older copy of the database, and erased since (erasure.h):
 * new ones of the same name, which nobody may be told of.  0; E_EXISTS if they are there; E_NOTFOUND if there
 * is no device; or negative.
 */
int	device_lost(struct db *, const struct world *) must_check;

/** device_keys_json(c, ret): the signed device_keys object (no signatures of others).  The caller decrefs. */
int	device_keys_json(struct crypt *, json_t **) must_check;

/** device_fingerprint(c): Ed25519 key, unpadded base64; borrowed. */
const char *device_fingerprint(const struct crypt *);

/**
 * device_counts(c, otk_count, have_unused_fallback): what /sync said of
 * signed_curve25519 keys; a missing count is 0 (pass -1 or 0 alike).
 * Call it once a sync: it also forgets what has aged (old fallback key, hashes).
 */
int	device_counts(struct crypt *, int64_t, bool) must_check;

/**
 * device_upload(c): queue POST /keys/upload if device keys are not uploaded, or
 * fewer than 50 one-time keys are left, or the fallback key was used or is a
 * week old.  0 if a row was queued; E_EXISTS if one is live; E_NOTFOUND if
 * nothing is needed.
 */
int	device_upload(struct crypt *) must_check;

/** device_renew(c): the homeserver may have forgotten the device: the next upload has the device keys again. */
int	device_renew(struct crypt *) must_check;

/**
 * device_uploaded(c, status, answer): the answer to that row (${answer} may be
 * NULL).  The caller removes the row (outbox_done) if 0.
 *   200: published, 0.
 *   400 "already exists": our store is older than the server: every unpublished
 *   key is retired, the ids in use are skipped, the fallback key rotated, an
 *   alarm recorded; 0, and device_upload makes a new body; once an hour.
 *   anything else: E_LATER: the same bytes again after a back-off.
 */
int	device_uploaded(struct crypt *, int status, const json_t *answer) must_check;

#endif /* !CAIRN_DEVICE_H */
