/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_walk: reading a foreign document: where one is in it, typed members,
 * and the list of what found no place.
 *
 * Functions return 0, E_BAD (wrong type; ${h->err} begins with the path) or
 * -ENOMEM.  A member that is absent, null, "" or [] is absent.
 */
#ifndef CAIRN_HSDS_WALK_H
#define CAIRN_HSDS_WALK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct hsds {
	json_t		*unmapped;
	struct err	*err;
	json_t		*seen;		/* Rows of ${unmapped} as keys, so that none is there twice; NULL: they may be. */
	const json_t	*rows;		/* From tables: where an object came from, by walk_address(); or NULL. */
	size_t		 reached;	/* Contacts taken so far. */
	json_t		*origins;	/* What walk_trace() returns, or NULL. */
	const json_t	*given;		/* A label that is not from the file, so that its loss is none; or NULL. */
};

/* An object of the document; ${up} NULL: the document itself. */
struct at {
	const struct at	*up;
	const char	*key;		/* NULL: an item of an array. */
	size_t		 index;
	const json_t	*object;
};

/** walk_lost(h, at, key, fmt, ...): list member ${key} (NULL: the object itself) with a reason. */
int	walk_lost(struct hsds *, const struct at *, const char *key, const char *, ...) like_printf(4, 5);
/** walk_note(h, at, key, why): the same about something beside it, so that what is in it is not meant. */
int	walk_note(struct hsds *, const struct at *, const char *key, const char *why);
/** walk_known(h, path, why): a row that is made already. */
int	walk_known(struct hsds *, const char *path, const char *why);
/** walk_bad(h, at, key, fmt, ...): E_BAD about it. */
int	walk_bad(struct hsds *, const struct at *, const char *key, const char *, ...) like_printf(4, 5);
/** walk_address(object, ret): its key in ${h->rows}. */
void	walk_address(const json_t *, char ret[32]);
/** walk_kind(value): "string", "number", ... */
const char *walk_kind(const json_t *);

/** walk_absent(value): is it NULL, null, "" or empty? */
bool	walk_absent(const json_t *);
/** walk_is_service(object): is it a service, and not an organization? */
bool	walk_is_service(const json_t *);

/**
 * walk_text(h, at, key, max, ret): a string as a new reference, trimmed, with LF line ends, without other
 * control characters, at most ${max} bytes; NULL if absent.  Whatever that changed is listed.
 */
int	walk_text(struct hsds *, const struct at *, const char *key, size_t max, json_t **);
/** walk_code(h, at, key, ret): the same for a short value that is never cut: NULL, listed, if over 100 bytes. */
int	walk_code(struct hsds *, const struct at *, const char *key, json_t **);
/** walk_is_code(text): would walk_code() give it as it is?  walk_is_blank(text): would walk_text() give nothing? */
bool	walk_is_code(const char *);
bool	walk_is_blank(const char *);
/** walk_number(h, at, key, ret_there, ret): a number. */
int	walk_number(struct hsds *, const struct at *, const char *key, bool *, double *);
/** walk_objects(h, at, key, ret): a borrowed array whose items are objects; NULL if absent. */
int	walk_objects(struct hsds *, const struct at *, const char *key, json_t **);
/** walk_object(h, at, key, ret): a borrowed object; NULL if absent. */
int	walk_object(struct hsds *, const struct at *, const char *key, json_t **);
/** walk_rest(h, at, known): list what is there beside ${known} (ended by NULL) and links. */
int	walk_rest(struct hsds *, const struct at *, const char * const known[]);

/**
 * walk_put(h, at, key, into, list, value, max): append ${value} (stolen) to ${into}[${list}], which is made if
 * absent, unless it is there; if it is full, list member ${key} instead.
 * walk_set(into, key, value): set it (borrowed) unless NULL.
 */
int	walk_put(struct hsds *, const struct at *, const char *key, json_t *, const char *list, json_t *, size_t max);
int	walk_set(json_t *, const char *, json_t *);

/** walk_origin(h, what, item, object, key): ${item} was made of ${object}, or of its member ${key}; a row for walk_trace(). */
int	walk_origin(struct hsds *, const char *what, json_t *item, const json_t *object, const char *key);

/**
 * walk_trace(doc, ret_records, ret_origins, reterr): hsds_read() of ${doc}, which is no tables, and where
 * what came from: rows [what, item, object, key or null] in the order of reading, the very objects of ${doc}
 * and items of the bodies, for the members "schedules", "languages", "locations", "contacts" and "capacities"; before those
 * of a service HSDS_SERVICE, its id and its object.
 */
#define HSDS_SERVICE	"service"
int	walk_trace(const json_t *doc, json_t **ret_records, json_t **ret_origins, struct err *) must_check;

#endif /* !CAIRN_HSDS_WALK_H */
