/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: JSON to struct and back, for every type of schemas/, from the const
 * descriptors that tools/gen-events makes.  All bytes are taken as hostile:
 * closed objects, bounded strings, lists and numbers, no NUL or other control
 * characters in text (line feed and tab excepted), values only of closed lists.
 *
 * A descriptor and the struct it describes always go together: pass
 * &ev_referral_ack_desc with a struct ev_referral_ack.
 */
#ifndef CAIRN_EVENT_H
#define CAIRN_EVENT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* A closed list: text[1..n]; 0 means absent. */
struct ev_enum {
	const char *const	*text;
	int			 n;
};

enum ev_walk {			/* What a member is in C. */
	EV_STRING,		/* char * */
	EV_INT,			/* int64_t */
	EV_BOOL,		/* bool */
	EV_ENUM,		/* an enum, walked as int */
	EV_OBJECT,		/* a struct in place if required, else a pointer to it */
	EV_JSON,		/* json_t *: an object kept as it came */
	EV_CONST_STRING,	/* nothing: the value is in the descriptor */
	EV_CONST_INT,
};

enum {				/* Flags of a field. */
	EV_REQUIRED	= 1 << 0,
	EV_ARRAY	= 1 << 1,	/* A pointer, and a size_t at aux. */
	EV_UNIQUE	= 1 << 2,	/* No two equal items. */
};

struct ev_field {
	const char		*name;		/* Member of the JSON object. */
	uint8_t			 form;		/* enum ev_walk */
	uint8_t			 flags;
	uint8_t			 grammar;	/* enum grammar, of a string */
	size_t			 offset;	/* Of the C member. */
	size_t			 aux;		/* Of the count; or of has_, if optional int or bool. */
	int64_t			 min, max;	/* Bytes of a string; value of an int. */
	size_t			 min_items, max_items;
	const char		*text;		/* The constant. */
	const struct ev_enum	*values;
	const struct ev_desc	*desc;		/* Of an object. */
};

/* If member ${field} is ${value}, members in ${needs} must be there, ${bans} must not. */
struct ev_rule {
	unsigned	field;
	int		value;
	uint64_t	needs, bans;	/* Bit i: field i. */
};

struct ev_desc {
	const char		*name;		/* Wire type, kind or C name. */
	size_t			 size;		/* Of the struct. */
	const struct ev_field	*fields;
	size_t			 n_fields;	/* <= 64 */
	const struct ev_rule	*rules;
	size_t			 n_rules;
};

/* A row of the generated tables ev_events (by wire type) and ev_records (by kind). */
struct ev_type {
	const char		*name;
	const struct ev_desc	*desc;
};

/**
 * event_parse(desc, json, ret, reterr):
 * Check ${json} and fill the struct ${ret}, which owns copies of all text and a
 * reference to each kept object (do not change ${json} while it lives).
 * Return 0; or E_BAD with "POINTER: reason" for the first thing wrong, members
 * in the order of the schema (POINTER is the JSON pointer, "(whole)" for the
 * root; values are never quoted); or -ENOMEM.  On failure ${ret} is untouched.
 */
int	event_parse(const struct ev_desc *, const json_t *, void *, struct err *) must_check;

/** event_check(desc, json, reterr): event_parse for its answer alone. */
int	event_check(const struct ev_desc *, const json_t *, struct err *) must_check;

/**
 * event_print(desc, event, ret, reterr):
 * Make the JSON of a struct.  What event_parse would refuse is not printed: it
 * returns E_BAD with the same text, so nothing leaves that a partner must
 * refuse.  Return 0, E_BAD or -ENOMEM; the caller frees ${ret}.
 */
int	event_print(const struct ev_desc *, const void *, json_t **, struct err *) must_check;

/**
 * event_free(desc, event): overwrite and free what the struct owns, and zero it.
 * A zeroed struct is fine.  The struct itself is the caller's.
 */
void	event_free(const struct ev_desc *, void *);

/** event_find(types, n, name): the descriptor of that name, or NULL. */
const struct ev_desc *event_find(const struct ev_type *, size_t, const char *);

/** event_enum_text(values, value): the wire text, or NULL for 0 or a value out of range. */
const char *event_enum_text(const struct ev_enum *, int);
/** event_enum_value(values, text): 1.., or 0 if ${text} (may be NULL) is not on the list. */
int	event_enum_value(const struct ev_enum *, const char *);

#endif /* !CAIRN_EVENT_H */
