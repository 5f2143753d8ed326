/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_walk: what event.c, event_parse.c and event_print.c share.
 */
#ifndef CAIRN_EVENT_WALK_H
#define CAIRN_EVENT_WALK_H

#include <stdbool.h>
#include <string.h>

#include "event.h"

/* Where we are in the document; lives on the stack of the recursion. */
struct event_place {
	const struct event_place	*up;	/* NULL: the whole. */
	const char			*name;	/* NULL: an array's item. */
	size_t				 index;
};

/** event_refuse(at, reterr, fmt, ...): say "POINTER: reason"; returns E_BAD. */
int	event_refuse(const struct event_place *, struct err *, const char *, ...) like_printf(3, 4);

/** event_item_size(field): size of one item of an array field. */
size_t	event_item_size(const struct ev_field *);

/**
 * event_read(desc, json, base, at, reterr): as event_parse, into the zeroed
 * struct ${base}; on failure too, event_free() frees what it holds.
 */
int	event_read(const struct ev_desc *, const json_t *, char *, const struct event_place *,
	    struct err *) must_check;

/* Pointers of different types are read and written as bytes, which any may be. */
static inline void *
event_pointer(const char *at)
{
	void *p;

	memcpy(&p, at, sizeof(p));
	return p;
}

static inline void
event_pointer_set(char *at, void *p)
{
	memcpy(at, &p, sizeof(p));
}

static inline bool
event_is_required(const struct ev_field *f)
{
	return (f->flags & EV_REQUIRED) != 0;
}

#endif /* !CAIRN_EVENT_WALK_H */
