/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake: whose referrals begin here.  A member writes to us (talk.h), or staff opens a case for somebody without
 * Matrix: an alias, a number, when it is safe to call.  What becomes of a referral they learn in their chat, or by
 * phone: then it is a task for staff.
 */
#ifndef CAIRN_INTAKE_H
#define CAIRN_INTAKE_H

#include <jansson.h>

#include "app.h"
#include "store/casestore.h"

/** intake_open(app, actor, args, ret, reterr): verb "open_case" {person: {alias, phone, leave_message, call_back, zone, note}}: {case}. */
int	intake_open(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** intake_task(app, actor, args, ret, reterr): verb "task" {task, result: done | missed}: a missed call is due at the next safe time. */
int	intake_task(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/**
 * intake_begin(app, args, origin, reterr): may this referral begin: is there the case that ${args} name, and is it the
 * person's own wish?  0, E_BAD, E_REFUSED, E_NOTFOUND.  intake_bind(app, referral, args): it has begun.
 */
int	intake_begin(struct app *, const json_t *args, struct err *) must_check;
int	intake_bind(struct app *, const char *referral, const json_t *args) must_check;

/** intake_form(app, referral, form): what is known of the person, in the form of a consent. */
int	intake_form(struct app *, const char *referral, json_t *form) must_check;

/**
 * intake_zone(app, referral, ret): by which clock its member lives: as our case says, or at the target what the partner told, as long as the
 * referral is open.  The caller frees.  0; E_NOTFOUND: neither says.
 */
int	intake_zone(struct app *, const char *referral, char **ret) must_check;

/**
 * intake_news(app, row, step, before, effects): a step was taken in the state ${before} and obliges us to ${effects}: the person is told, and
 * asked, or to be called.
 */
int	intake_news(struct app *, const struct case_row *, const struct path_step *, enum referral_state before, unsigned effects) must_check;

/*
 * What a step means for the person, if they did not say it to us themselves.  A decision of the partner goes by its
 * input's name; these are how it ends otherwise.
 */
#define INTAKE_TOOK_BACK	"took_back"	/* Our staff took the request back. */
#define INTAKE_IS_BACK		"is_back"	/* What was asked back late has ended. */
#define INTAKE_SAID_THERE	"said_there"	/* The partner heard that the member wants no more. */
#define INTAKE_AGREED		"agreed"	/* The partner said yes, and nobody has to be asked: the member's consent is in force. */
#define INTAKE_UNANSWERED	"unanswered"	/* A question of the partner's was not answered here in time. */
const char *intake_meaning(const struct case_row *, const struct path_step *, enum referral_state before, unsigned effects);

/** For view.c: what staff is to do; cases without Matrix; one task or case in full (0, E_NOTFOUND). */
int	intake_tasks(struct app *, json_t *items) must_check;
int	intake_cases(struct app *, json_t *items) must_check;
int	intake_view(struct app *, const char *id, json_t **ret) must_check;

/** intake_alike(app, referral, shown): our other cases that may be of the same person, as a sentence in ${shown}. */
int	intake_alike(struct app *, const char *referral, json_t *shown) must_check;
/** intake_disclosed(app, referral, identity): a partner told us who it is. */
int	intake_disclosed(struct app *, const char *referral, const json_t *identity) must_check;

#endif /* !CAIRN_INTAKE_H */
