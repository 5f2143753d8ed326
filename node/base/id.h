/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: names.  Our own ids are opaque; Matrix ids follow the grammars of the
 * Matrix specification, appendices "Identifier Grammar" (strict: what a new
 * server may create, plus historical user ids only where said).
 */
#ifndef CAIRN_ID_H
#define CAIRN_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "world.h"

#define ID_NAMESPACE	"org.cairnpeer."
#define ID_LEN		26	/* Crockford base32 of 130 random bits, upper case. */

/** id_new(world, out): a fresh opaque id with NUL; reveals no time. */
void	id_new(const struct world *, char[ID_LEN + 1]);
/** id_of_bytes(raw, out): the id that these bytes stand for, five bits of each. */
void	id_of_bytes(const uint8_t[ID_LEN], char[ID_LEN + 1]);
bool	id_is_own(const char *);
/** id_is_step(s): one of these, or of a step that both sides derive: it begins with a letter that is no digit of ours. */
#define ID_DERIVED	'U'
bool	id_is_step(const char *);

/* All compare bytes; NULL is not an id.  At most 255 bytes each. */
bool	id_is_user(const char *);	/* @localpart:server, localpart [a-z0-9._=/+-]+ */
bool	id_is_server(const char *);	/* host, IPv4 or [IPv6], optional :port */
bool	id_is_room(const char *);	/* !opaque (version 12) or !opaque:server */
bool	id_is_event(const char *);	/* $base64url (43) or $opaque:server */
bool	id_is_device(const char *);	/* 1-255 printable ASCII without space */
bool	id_is_session(const char *);	/* 43 characters of unpadded base64 */
bool	id_is_multibase_ed25519(const char *);	/* z6Mk..., did:key body */

/** id_server(user): the part after the first ':' of a valid user id. */
const char *id_server(const char *);

#endif /* !CAIRN_ID_H */
