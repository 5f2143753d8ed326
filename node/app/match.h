/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: specialists of all directories that we follow, and our own, held against what a
 * member wishes (domain/match.h).  Nothing of it leaves this node.  What becomes of a proposal is pairing.h.
 */
#ifndef CAIRN_APP_MATCH_H
#define CAIRN_APP_MATCH_H

#include "app.h"

/**
 * match_propose(app, wish, ret, reterr): ${wish} as match_wish_read() takes it.  {choices: [{record, org, name,
 * score, lines, for_member, certified, certification, load...}], excluded: the nearest of them, [{record, org, name, why}], counts,
 * relax: both of all, note}; the caller decrefs.  0, E_BAD or negative.
 */
int	match_propose(struct app *, const json_t *wish, json_t **ret, struct err *) must_check;

/**
 * match_why(app, wish, records, ret, reterr): of each of ${records}, ids, why it is excluded, as above; or that it is not, or not
 * there.  Owned by the caller.  0, E_BAD or negative.
 */
int	match_why(struct app *, const json_t *wish, const json_t *records, json_t **ret, struct err *) must_check;

/**
 * match_again(app, wish, org, record, ret, reterr): the same for one specialist, now: their choice as above.
 * E_NOTFOUND: there is no such record.  E_REFUSED: a filter excludes them, and says why;
 * ${ret_may} if none of these protects somebody.
 */
int	match_again(struct app *, const json_t *wish, const char *org, const char *record, json_t **ret,
	    bool *ret_may, struct err *) must_check;

/** match_all(app, wish, ret, reterr): everybody who is not excluded, best first: [{record, org, name, score, free: -1 if not said}]. */
int	match_all(struct app *, const json_t *wish, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_APP_MATCH_H */
