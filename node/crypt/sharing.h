/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sharing: room keys and mended sessions, device by device, over Olm.  Within
 * this room only; envelope.h is what others call.
 */
#ifndef CAIRN_SHARING_H
#define CAIRN_SHARING_H

#include "machine.h"

/* What one step may cost, in encryptions to an existing session (about 0.1 ms). */
enum { SHARING_BUDGET = 80, SHARING_NEW = 4 };

/**
 * sharing_seal(c, device, fresh, type, content, ret, budget): encrypt the event for one
 * device over Olm.  ${fresh}: over a new session, made from its claimed one-time
 * key.  0 and "TBODY" (type digit, base64), which the caller frees; E_NOTFOUND
 * if there is no session and no good one-time key (${device} is updated).
 */
int	sharing_seal(struct crypt *, struct crypto_device *, bool fresh, const char *type,
	    const char *content, char **ret, int *budget) must_check;

/** sharing_work(c, outbound, budget): work off wanted shares of a session; 0 none left, E_EXISTS budget spent. */
int	sharing_work(struct crypt *, int64_t outbound, int *budget) must_check;
/** sharing_flush(c, outbound): put up to ENVELOPE_BATCH sealed shares into one outbox row; E_EXISTS, or 0 if none. */
int	sharing_flush(struct crypt *, int64_t outbound) must_check;

#endif /* !CAIRN_SHARING_H */
