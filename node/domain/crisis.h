/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crisis: a program whose "settings" say crisis_service.  Somebody in danger calls it: a referral would have them wait for an
 * answer, so nobody is referred to one, and it has a number.
 */
#ifndef CAIRN_CRISIS_H
#define CAIRN_CRISIS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/** crisis_is(kind, body): is it one?  What names other settings besides is one too. */
bool	crisis_is(const char *kind, const json_t *body);

/** crisis_number(body): the first contact that is called, or if none is, written to; NULL: there is none.  Borrowed from ${body}. */
const char *crisis_number(const json_t *body);

/** crisis_refuse(body, reterr): E_REFUSED: it takes no referral, and which number the person is to be given. */
int	crisis_refuse(const json_t *body, struct err *reterr);

/**
 * crisis_always(kind, body, now): does it answer at any hour, by its schedules in the five weeks from ${now}?  Of a crisis line: does
 * a way of it?  What cannot be reckoned with is no hour.
 */
bool	crisis_always(const char *kind, const json_t *body, int64_t now);

/**
 * crisis_check(kind, body, now, reterr): 0, or E_BAD: no number, or, in our own words, neither a schedule of all hours nor where to
 * turn at the others (alternatives), or why nowhere (no_alternative).  What is no crisis service is good.
 */
int	crisis_check(const char *kind, const json_t *body, int64_t now, struct err *) must_check;

#endif /* !CAIRN_CRISIS_H */
