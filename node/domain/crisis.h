/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crisis: a program whose "settings" say crisis_service.  Somebody in danger calls it: a referral would have them wait for an
 * answer, so nobody is referred to one, and it has a number.  And of a crisis line: when it answers.
 */
#ifndef CAIRN_CRISIS_H
#define CAIRN_CRISIS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct zone;

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

/* Does somebody answer now? */
enum crisis_open { CRISIS_OPEN, CRISIS_UNSAID, CRISIS_CLOSED };

struct crisis_hours {
	enum crisis_open open;
	bool		 always;	/* Day and night. */
	int64_t		 at;		/* OPEN: until then; CLOSED: again from then on; ms.  0: not in the weeks that are looked at. */
	const char	*zone;		/* By whose clock ${at} is; borrowed from the way. */
};

/**
 * crisis_open(way, now, zones, cookie, ret): one of the "ways" of a crisis line, by its schedules and its own clock.  ${zones}(cookie, name)
 * has the zones; NULL: there is none of that name.  What cannot be reckoned with, and does not answer by another schedule, is UNSAID.
 */
typedef const struct zone *crisis_zones(void *cookie, const char *name);
void	crisis_open(const json_t *way, int64_t now, crisis_zones *zones, void *cookie, struct crisis_hours *ret);

/** crisis_when(at, now, zone, out): "at 22:00", "at midnight", "tomorrow at 08:00", "on Monday at 08:00" or "on 2026-12-24 at 08:00" by that clock.  Returns ${out}. */
enum { CRISIS_WHEN = 32 };
const char *crisis_when(int64_t at, int64_t now, const struct zone *, char[CRISIS_WHEN]);

#endif /* !CAIRN_CRISIS_H */
