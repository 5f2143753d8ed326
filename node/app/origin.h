/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin: where a decrypted, verified event came from; given to each on_*.
 */
#ifndef CAIRN_ORIGIN_H
#define CAIRN_ORIGIN_H

#include <jansson.h>
#include <stdint.h>

#include "store/peoplestore.h"

struct origin {
	const struct room	*room;
	const char		*sender;	/* Verified owner of the sending device. */
	int64_t			 pid;		/* The same, as a number. */
	const char		*org;		/* Trusted organization whose node this is, or NULL. */
	const char		*event_id;
	int64_t			 ts;		/* The server's word; a hint. */
	int64_t			 received;	/* When it reached us, or would have but for a hole. */
	const char		*device;	/* Of the sender, as listed by them; NULL: not known. */
	bool			 trusted_device;	/* Cross-signed or pinned. */
	const json_t		*content;	/* As decrypted. */
	struct err		*reason;	/* A handler that refuses says why here. */
};

#endif /* !CAIRN_ORIGIN_H */
