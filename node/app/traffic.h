/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traffic: what two nodes say in their channel: numbered, acknowledged, sent
 * again until acknowledged.  Acting once on a content id makes it exactly once.
 */
#ifndef CAIRN_TRAFFIC_H
#define CAIRN_TRAFFIC_H

#include <jansson.h>

#include "app.h"
#include "base/id.h"

/**
 * traffic_send(app, org, referral, type, content, ret_id, reterr): number ${content}
 * (its own fields; v, id, seq and sent_at are added to it), check it against its
 * schema and queue it for the partner.  0 and the content id; E_BAD with the schema's reason;
 * E_NOTFOUND if ${org} is not trusted.
 */
int	traffic_send(struct app *, const char *org, const char *referral, const char *type,
	    json_t *content, char ret_id[ID_LEN + 1], struct err *) must_check;

/** traffic_ack(app, org, content_id): tell the partner that it arrived. */
int	traffic_ack(struct app *, const char *org, const char *content_id) must_check;

/**
 * traffic_unknown(app, org, content_id, type, content): acknowledge what is about something that is not here, and answer it with ${content}, its own
 * fields.  Nothing of it is kept: there is no end to what a partner can make up.  It is answered once each time it comes, since not repeated.
 * E_EXISTS, for a handler to answer, or a negative value.
 */
int	traffic_unknown(struct app *, const char *org, const char *content_id, const char *type, json_t *content) must_check;

/** traffic_refuse(app, org, content_id, why): tell the partner that it was not taken; ${why} as in schemas/referral.refused.json. */
enum traffic_why { TRAFFIC_UNKNOWN = 1, TRAFFIC_MALFORMED, TRAFFIC_NOT_TAKEN };
int	traffic_refuse(struct app *, const char *org, const char *content_id, enum traffic_why) must_check;

/**
 * traffic_refused(app, org, content_id, why): the partner does not take it; nobody else's word counts.  People are told, nothing that was said
 * later waits for it, and it goes again each hour, for a day: what a partner cannot take now it may take soon.  What the member's leaving
 * depends on goes as long as if nothing had been said.
 */
int	traffic_refused(struct app *, const char *org, const char *content_id, int64_t why) must_check;

/** traffic_acked(app, org, content_id): the partner has it; nobody else's word counts. */
int	traffic_acked(struct app *, const char *org, const char *content_id) must_check;

/** traffic_stop(app, content_id): it must not go (again): unless it arrived after all, its delivery has failed. */
int	traffic_stop(struct app *, const char *content_id) must_check;

/**
 * traffic_withhold(app, content_id): a disclosure that the partner has not acknowledged must not be made (any more): in
 * its place, under its id, goes only that the step was made; and so of what domain/telling.h names.  Others, and what has arrived, are left alone.
 */
int	traffic_withhold(struct app *, const char *content_id) must_check;

/** traffic_delivery(app, content_id, ret): "queued", "sent", "delivered", "refused" or "failed"; static text. */
int	traffic_delivery(struct app *, const char *content_id, const char **ret) must_check;

/** traffic_step(app, ret_more), traffic_due_at(app): see steps.h. */
int	traffic_step(struct app *, bool *ret_more) must_check;
int64_t	traffic_due_at(struct app *);

#endif /* !CAIRN_TRAFFIC_H */
