/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canon: strict JSON in, canonical JSON out.
 *
 * Canonical JSON is that of the Matrix specification (appendices, "Canonical
 * JSON"): keys sorted by code point, shortest escapes, integers within
 * +-(2^53-1), no reals.  canon_dump_jcs sorts keys by UTF-16 unit as RFC 8785
 * does; numbers are refused alike.
 */
#ifndef CAIRN_CANON_H
#define CAIRN_CANON_H

#include <jansson.h>

#include "buf.h"
#include "err.h"

enum { CANON_MAX_DEPTH = 64 };
#define CANON_INT_MAX	9007199254740991LL

/**
 * canon_parse(text, len, ret, reterr): parse exactly ${len} bytes as one JSON
 * object or array: no duplicate keys, depth <= 64, valid UTF-8, no NUL, white
 * space only after it.  Reals are accepted here (Matrix events hold them) and
 * refused by canon_dump.  Return 0, E_BAD (text says line and column) or -ENOMEM.
 */
int	canon_parse(const char *, size_t, json_t **, struct err *) must_check;

/**
 * canon_stored(text, ret): canon_parse of what this program wrote itself, and keeps.  Return 0, ERR_CORRUPT (there is none, or it does not
 * parse) or -ENOMEM: neither is an answer about what it says.
 */
int	canon_stored(const char *, json_t **) must_check;

/**
 * canon_dump(value, out, reterr): append the canonical form.  0, E_BAD for a
 * real, an integer out of range or excess depth (text names the JSON pointer),
 * or a negative value of buf.h.
 */
int	canon_dump(const json_t *, struct buf *, struct err *) must_check;
int	canon_dump_jcs(const json_t *, struct buf *, struct err *) must_check;

/** canon_string(text, out): append the text (UTF-8) as a JSON string. */
int	canon_string(const char *, struct buf *) must_check;

/** canon_text(value, ret, reterr): the same as canon_dump(), allocated. */
int	canon_text(const json_t *, char **, struct err *) must_check;

/**
 * json_text(value, flags): what json_dumps() would give, allocated; NULL when out of memory or ${value} is NULL.  In
 * its place, because do_dump() of jansson 2.14 does not look whether there was memory for a member's name, and goes on.
 */
char	*json_text(const json_t *, size_t flags);

/* Borrowed members of an object, or NULL when absent or of another type. */
const char *json_str(const json_t *, const char *key);
json_t	*json_obj(const json_t *, const char *key);
json_t	*json_arr(const json_t *, const char *key);
/** json_int(obj, key, fallback): the integer, or ${fallback}. */
long long json_int(const json_t *, const char *, long long);

/** json_inner(object, key): borrowed: the object of that name within, made if need be.  json_sorted(object): a new one of the same members, in the
 * order of their names.  NULL: out of memory. */
json_t	*json_inner(json_t *, const char *key);
json_t	*json_sorted(const json_t *);

#endif /* !CAIRN_CANON_H */
