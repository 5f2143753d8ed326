/* SPDX-License-Identifier: Apache-2.0 */
/* view: what the operator is shown: lists, one thing in full, the doctor's report. */
#ifndef CAIRN_VIEW_H
#define CAIRN_VIEW_H

#include "app.h"

/** view_list: args {what: referrals, matches, messages, records,
 * partners, rooms, waiting, rejected or outbox}; {items: [...]}. */
int	view_list(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** view_show: args {id: a referral, record, room, content id, "publish" or "node"}. */
int	view_show(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** view_status: args {id}: {id, delivery} of a content, a message or "publish"; without id, how far setup is. */
int	view_status(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** view_doctor: {checks: [{name, ok, text, hint}]}. */
int	view_doctor(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** view_time(ms): as text; the caller decrefs.  view_part(object, key, text): stored JSON as part of a reply; none: nothing.  0, ERR_CORRUPT, -ENOMEM. */
json_t	*view_time(int64_t);
int	view_part(json_t *, const char *key, const char *text) must_check;

#endif /* !CAIRN_VIEW_H */
