/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup: both accounts log in, get their cross-signing identity, and the node's
 * device is signed, with nobody present.  Private cross-signing keys go to the
 * recovery file and nowhere else.
 *
 *   setup ─► login (both) ─► identity: device, keys, recovery file │commit│
 *         ─► /keys/upload ─► /keys/device_signing/upload ─► /keys/signatures/upload ─► done
 */
#ifndef CAIRN_SETUP_H
#define CAIRN_SETUP_H

#include "app.h"
#include "store/outbox.h"

/** setup_load(app, reterr): at start: the device and the trust list from the store. */
int	setup_load(struct app *, struct err *) must_check;

/** setup_tokens(app, ret): {account: token} of those that have one. */
int	setup_tokens(struct app *, json_t **) must_check;

/* Verb "setup", and how far it is. */
int	setup_start(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	setup_status(struct app *, json_t **ret) must_check;

/** setup_identity(app, ret): what the federation's signer needs: an entry for the trust list. E_NOTFOUND before setup. */
int	setup_identity(struct app *, json_t **ret) must_check;

/* Answers (calls.c).  setup_auth: the server asks for the password again. */
int	setup_logged_in(struct app *, const struct out *, const json_t *) must_check;
int	setup_published(struct app *, const struct out *, const json_t *) must_check;
int	setup_auth(struct app *, const struct out *, const json_t *) must_check;
int	setup_failed(struct app *, const struct out *, const struct err *) must_check;

#endif /* !CAIRN_SETUP_H */
