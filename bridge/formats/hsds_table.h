/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_table: the tabular form of HSDS: one table for each kind of object, tied
 * by identifiers.  As JSON it is {"services.csv": [{column: value}, ...], ...}.
 */
#ifndef CAIRN_HSDS_TABLE_H
#define CAIRN_HSDS_TABLE_H

#include "hsds_walk.h"

/** table_is(doc): is it an object whose members are named like tables, NAME.csv? */
bool	table_is(const json_t *);

/**
 * table_join(h, doc, ret_made, ret_rows, ret_loose, ret_tables): the same as organizations in
 * full and services without one.  ${ret_rows} names the row of each object
 * (struct hsds), ${ret_loose} is an array of the paths that are in none of them;
 * ${ret_tables}, unless NULL, are the tables, whose rows are the objects in ${ret_made}.
 * 0, E_BAD or -ENOMEM.
 */
int	table_join(struct hsds *, const json_t *doc, json_t **ret_made, json_t **ret_rows, json_t **ret_loose,
	    json_t **ret_tables);

/** table_part(tables): undo the joining; what is new in the rows becomes rows.  0 or -ENOMEM. */
int	table_part(json_t *tables) must_check;

#endif /* !CAIRN_HSDS_TABLE_H */
