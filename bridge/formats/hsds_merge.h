/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_merge: a document that was imported, and what its records say now.
 * Functions return 0 or -ENOMEM where nothing else is said.
 */
#ifndef CAIRN_HSDS_MERGE_H
#define CAIRN_HSDS_MERGE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct merge {
	json_t	*root;		/* The document, a copy; of tables the tables, joined. */
	json_t	*made;		/* What is read: ${root}, or the organizations that the tables make. */
	json_t	*records;	/* As it was imported, */
	json_t	*origins;	/* and whence: walk_trace(). */
	json_t	*now;		/* By source: the body as it is; copies. */
	bool	 tables;
};

/** merge_open(doc, records, ret, reterr), merge_close(m): also after failure.  0, E_BAD or -ENOMEM. */
int	merge_open(const json_t *doc, const json_t *records, struct merge *, struct err *) must_check;
void	merge_close(struct merge *);
/** merge_source(id, ret): "hsds:service/ID" as a new string. */
json_t	*merge_source(const char *id);

/**
 * hide_collect(m, ids): the identifiers of places that a record calls redacted go into ${ids}, each with the location
 * that takes its place, which holds only what the record says of it.
 * hide_apply(m, ids): every such place of ${m} is that, in all of its copies, in ${m->now}, and where a text repeats its
 * address.  One that its record redacts and that has no identifier, too.
 */
int	hide_collect(const struct merge *, json_t *ids) must_check;
int	hide_apply(struct merge *, const json_t *ids) must_check;

/**
 * edit_lists(m, source, old, now, owners): what ${now} has otherwise in its lists than ${old} is changed where ${old} has it
 * from, if that belongs to this service alone.  ${m->root} may then read as ${now}, or not yet.
 * edit_owners(m, ret): whose is which object.
 */
int	edit_owners(const struct merge *, json_t **ret) must_check;
int	edit_lists(struct merge *, const char *source, const json_t *old, const json_t *now, const json_t *owners) must_check;

#endif /* !CAIRN_HSDS_MERGE_H */
