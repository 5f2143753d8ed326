/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sharing: room keys and mended sessions, device by device, over Olm.  Within
 * this room only; envelope.h is what others call.
 */
#ifndef CAIRN_SHARING_H
#define CAIRN_SHARING_H

#include "machine.h"

/* What one turn may cost, in encryptions to an existing session (less than 0.1 ms). */
enum { SHARING_BUDGET = 160, SHARING_NEW = 4 };

/* A to-device request in the making; begins as zeros. */
struct sharing_parcel {
	struct buf body;
	size_t	 n;		/* Devices in it. */
	int64_t	 pid;		/* Of ${user}, whose devices come now ... */
	char	*user;
	bool	 named;		/* ... and who is named in ${body} already. */
};
void	sharing_parcel_free(struct sharing_parcel *);
#define autoparcel __attribute__((cleanup(sharing_parcel_free)))

/**
 * sharing_seal(c, parcel, device, fresh, type, content, budget): encrypt the event for one
 * device over Olm, and put it into the parcel; a user's devices must follow each other.
 * ${fresh}: over a new session, made from its claimed one-time key.  0; E_NOTFOUND
 * if there is no session and no good one-time key (${device} is updated).
 */
int	sharing_seal(struct crypt *, struct sharing_parcel *, struct crypto_device *, bool fresh, const char *type,
	    const char *content, int *budget) must_check;
/** sharing_post(c, parcel, purpose, ref): into the outbox with it, if it holds anything. */
int	sharing_post(struct crypt *, struct sharing_parcel *, const char *purpose, const char *ref) must_check;

/**
 * sharing_work(c, outbound, most): work off wanted shares of a session, at a cost of ${most};
 * what is sealed is in the outbox then.  0 there were none, E_EXISTS some are done, or there is no budget.
 */
int	sharing_work(struct crypt *, int64_t outbound, int most) must_check;

#endif /* !CAIRN_SHARING_H */
