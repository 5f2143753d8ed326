/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strict: what libolm would let pass is refused here, before each call: base64
 * that is not exact, points of small order, messages with unknown, repeated or
 * oversized fields, signatures that libsodium rejects.
 */
#ifndef CAIRN_STRICT_H
#define CAIRN_STRICT_H

#include <jansson.h>

#include "crypt.h"

enum {
	STRICT_OLM_MAX	 = 128 * 1024,	/* Base64 characters of an Olm message ... */
	STRICT_GROUP_MAX = 96 * 1024,	/* ... and of a Megolm one. */
	STRICT_SIG	 = 64,
};

/** strict_point(key): 0, or E_BAD if the Curve25519 key is of small order or not canonical. */
int	strict_point(const uint8_t[CRYPT_KEY]) must_check;
/** strict_curve(text, ret): base64 of such a key (NULL text: E_BAD). */
int	strict_curve(const char *, uint8_t[CRYPT_KEY]) must_check;

struct olm_message {
	int		 type;		/* 0: opens a session, 1: within one. */
	const char	*body;		/* Base64; borrowed. */
	size_t		 len;
	uint8_t		 identity[CRYPT_KEY], base[CRYPT_KEY], one_time[CRYPT_KEY];	/* Type 0. */
	uint8_t		 ratchet[CRYPT_KEY];
	uint32_t	 counter;
};

/** strict_olm(type, body, ret, reterr): parse an Olm message; 0, E_BAD or -ENOMEM. */
int	strict_olm(int, const char *body, struct olm_message *, struct err *) must_check;

/** strict_group(body, ret_index, reterr): a Megolm message's form and index; its signature is not looked at. */
int	strict_group(const char *body, uint32_t *ret_index, struct err *) must_check;

/**
 * strict_session_key(text, ret_pub, ret_index, reterr): the m.room_key form of a
 * Megolm session: version, length, point and signature by that key.  0, E_BAD.
 */
int	strict_session_key(const char *, uint8_t[CRYPT_KEY], uint32_t *, struct err *) must_check;

/** strict_group_signature(body, pub): 0, or E_BAD if a Megolm message is not signed by ${pub}. */
int	strict_group_signature(const char *body, const uint8_t[CRYPT_KEY]) must_check;

#endif /* !CAIRN_STRICT_H */
