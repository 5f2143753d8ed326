/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fit: do the times of a record suit somebody, and may they come?  What "find" adds
 * to a search; reads the files of time zones that the rules (domain/) need.
 */
#ifndef CAIRN_FIT_H
#define CAIRN_FIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "domain/eligibility.h"
#include "domain/schedule.h"
#include "domain/search.h"

struct fit;

/**
 * fit_open(args, now, ret, reterr): what somebody wants, from texts, each optional: at
 * "Tue 18:00-20:00" with zone "Europe/Berlin" and minutes "30" (at least so many; 30
 * if not said), looked for in the next eight weeks; and what eligibility_facts() reads.
 * 0; E_BAD; -ENOMEM.
 */
int	fit_open(const json_t *args, int64_t now, struct fit **ret, struct err *reterr) must_check;
void	fit_free(struct fit *);

static inline void cleanup_fit(struct fit **p) { fit_free(*p); }
#define autofit __attribute__((cleanup(cleanup_fit)))

/** fit_ask(fit, ret): ${ret} has what is wanted of times and of who may come; ${fit} keeps it. */
void	fit_ask(const struct fit *, struct search_query *ret);

/**
 * fit_hours(fit, body, now, ret): when it meets, for the index.  Whatever fit_judge answers but SEARCH_NO has an hour of
 * fit_ask, or is unsaid; also if a zone is put by an hour by a later law.
 */
void	fit_hours(struct fit *, const json_t *body, int64_t now, struct search_hours *ret);

struct fit_words {
	char	times[256], eligible[512];	/* A sentence each; "": not asked. */
};

/**
 * fit_judge(fit, body, rules, item, ret): set times and eligible of ${item}, and say why.  ${rules}: what fit_rules() found of the program that ${body}
 * names; NULL: that is not known here.
 */
void	fit_judge(struct fit *, const json_t *body, const struct eligibility_finding *rules, struct search_item *item, struct fit_words *ret);
/** fit_rules(fit, program, ret): may they come, by the rules of the body of a program? */
void	fit_rules(const struct fit *, const json_t *program, struct eligibility_finding *ret);

/** fit_check(body, reterr): what schemas cannot say of schedules, those of ways too, and eligible_if.  0, or E_BAD with "/path: what is wrong". */
int	fit_check(const json_t *body, struct err *reterr) must_check;

/** fit_counts(body, now): has it a schedule of which a search by times knows no more today, since its COUNT goes further than it is followed? */
bool	fit_counts(const json_t *body, int64_t now);

/**
 * fit_window(at, zone, after, ret, reterr): the first of somebody's times ("Mon-Fri 17:00-19:00") that ends after
 * ${after}, from then on.  0; E_BAD.
 */
int	fit_window(const char *at, const char *zone, int64_t after, struct schedule_span *ret, struct err *) must_check;

#endif /* !CAIRN_FIT_H */
