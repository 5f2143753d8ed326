/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairing: a member chooses among the specialists proposed, for a limited time, with days on
 * which both look back.  Either ends it, or has it made anew, and is never asked why.
 */
#ifndef CAIRN_PAIRING_H
#define CAIRN_PAIRING_H

#include "app.h"
#include "domain/when.h"

struct pairing;

/* So long after its end a match that nobody prolonged ends by itself, and its place is free. */
#define PAIRING_GRACE	(28 * WHEN_DAY)

/* Verbs (command.h): args, reply and errors as in cairn(1). */
int	pairing_match(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	pairing_accept(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	pairing_review(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	pairing_end(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	pairing_rematch(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** pairing_fairness: {languages: [{value, waiting, oldest_days, chosen, days}], regions: [...]}: who waits how long. */
int	pairing_fairness(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** pairing_offer(app, actor, member, wish, place, ret_id): keep that ${place} {org, record, name} was proposed.  0 or negative. */
int	pairing_offer(struct app *, const char *actor, const char *member, const json_t *wish, const json_t *place,
	    char ret_id[ID_LEN + 1]) must_check;

/** pairing_lapse(app, pairing): it is past its end and PAIRING_GRACE: it ends, and the audit knows.  0 or negative. */
int	pairing_lapse(struct app *, const struct pairing *) must_check;

/** pairing_list(app, items): append all, oldest first.  pairing_show(app, actor, id, ret): one in full, and the audit knows. */
int	pairing_list(struct app *, json_t *items) must_check;
int	pairing_show(struct app *, const char *actor, const char *id, json_t **ret) must_check;

#endif /* !CAIRN_PAIRING_H */
