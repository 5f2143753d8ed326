/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capacity: how many places are free, asked of partners before anybody is referred.  An inquiry
 * names no need and no record, so it says nothing about a member.
 */
#ifndef CAIRN_CAPACITY_H
#define CAIRN_CAPACITY_H

#include <jansson.h>

#include "app.h"

/**
 * capacity_verb(app, actor, args, ret, reterr): ask the publisher of ${record}, or ${org}, or with ${all}
 * each partner; with none of them nobody.  {items: what is held, asked: n, id and delivery of the last inquiry}.
 */
int	capacity_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** capacity_list(app, record or NULL, ret): what partners said, one item a record; the caller owns it. */
int	capacity_list(struct app *, const char *record, json_t **ret) must_check;

/** capacity_add(app, org, record, row): what was said of it when asked, as member "asked" of ${row}; nothing if nobody asked. */
int	capacity_add(struct app *, const char *org, const char *record, json_t *row) must_check;

#endif /* !CAIRN_CAPACITY_H */
