/* SPDX-License-Identifier: Apache-2.0 */
/*
 * published: who may be shown.  A specialist is published under their own signed consent (domain/publication.h),
 * which each node checks for itself; what is taken back is forgotten by followers, who say so.
 */
#ifndef CAIRN_PUBLISHED_H
#define CAIRN_PUBLISHED_H

#include "app.h"

/** published_needed(kind): may a record of that kind be published under the consent of a specialist only? */
bool	published_needed(const char *kind);

/**
 * published_own(app, body, id, ret_id, reterr): may we publish this specialist or credential, as record ${id} (NULL: a new one)?  0 and the id
 * that they agreed to; E_BAD and why not.  published_arrived(app, org, id, body, reterr): may that be shown?  0 or E_BAD.
 */
int	published_own(struct app *, const json_t *body, const char *id, char ret_id[27], struct err *) must_check;
int	published_arrived(struct app *, const char *org, const char *id, const json_t *body, struct err *) must_check;

/**
 * published_taken_back(app, doc, ret_id, reterr): the specialist's own withdrawal of a consent for a record of ours: 0 and which.
 * published_ended(app, ret_more): at a tick: withdraw our records whose consent is over, forget partners', and ask who read one of ours
 * that is withdrawn to forget it.
 */
int	published_taken_back(struct app *, const json_t *doc, char ret_id[27], struct err *) must_check;
int	published_ended(struct app *, bool *ret_more) must_check;

/** published_purge(app, id): a record of ours was withdrawn: all who have it are to forget it, and who read it by a query is asked. */
int	published_purge(struct app *, const char *id) must_check;

/** published_forgotten(app, org, id, reterr): tell ${org} that we forgot its record. */
int	published_forgotten(struct app *, const char *org, const char *id, struct err *) must_check;

/** published_purges(app, id, ret): who was told that our record is withdrawn, and who has forgotten it: an array, owned by the caller. */
int	published_purges(struct app *, const char *id, json_t **ret) must_check;

#endif /* !CAIRN_PUBLISHED_H */
