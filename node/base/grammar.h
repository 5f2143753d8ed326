/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grammar: the named string formats of schemas/, each a function instead of a
 * regular expression.  tools/gen-events knows the same list by its wire names.
 */
#ifndef CAIRN_GRAMMAR_H
#define CAIRN_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

enum grammar {
	GRAMMAR_NONE,
	GRAMMAR_OPAQUE_ID,		/* id_is_own() */
	GRAMMAR_STEP_ID,		/* id_is_step() */
	GRAMMAR_USER_ID,
	GRAMMAR_ROOM_ID,
	GRAMMAR_SERVER_NAME,
	GRAMMAR_BCP47,			/* en, es-US, zh-Hant-TW */
	GRAMMAR_SPOKEN,			/* en, es-419, pt-BR */
	GRAMMAR_ISO_3166,		/* US, US-NJ */
	GRAMMAR_DATE,			/* 2026-02-28; the day exists */
	GRAMMAR_DATE_TIME_UTC,		/* 2026-02-28T09:30:00Z, up to three decimals */
	GRAMMAR_CLOCK_TIME,		/* 00:00 .. 23:59 */
	GRAMMAR_SHA256_HEX,		/* 64 lower-case digits */
	GRAMMAR_MULTIBASE_ED25519,	/* z6Mk... */
	GRAMMAR_MULTIBASE,		/* 'z' and base58btc */
	GRAMMAR_BASE64_32,		/* 32 bytes, unpadded */
	GRAMMAR_DID,			/* did:key:..., with an optional #fragment */
	GRAMMAR_URI,			/* scheme ':' and RFC 3986 characters */
	GRAMMAR_WEB_URI,		/* http:// or https:// */
	GRAMMAR_END
};

/** grammar_ok(grammar, text): does all of ${text} follow it? */
bool	grammar_ok(enum grammar, const char *);

/** grammar_name(grammar): its wire name, such as "opaque-id".  Never NULL. */
const char *grammar_name(enum grammar);

/**
 * grammar_time_ms(text, ret_ms): milliseconds since 1970 of a GRAMMAR_DATE_TIME_UTC,
 * or of the first moment of a GRAMMAR_DATE.  False, and ${ret_ms} untouched, if it is neither.
 */
bool	grammar_time_ms(const char *, int64_t *ret_ms);

#endif /* !CAIRN_GRAMMAR_H */
