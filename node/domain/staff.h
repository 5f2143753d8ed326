/* SPDX-License-Identifier: Apache-2.0 */
/* staff: what entries (schemas/entry.json) come to: is a supporter trained, supervised, certified; is a series complete; may an incident be kept. */
#ifndef CAIRN_STAFF_H
#define CAIRN_STAFF_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

enum { STAFF_YEAR = 365, STAFF_SUPERVISED = 35, STAFF_EXPIRES = 60 };	/* Days. */

struct staff_state {
	long long	hours;			/* Of continuing education and training, in the year before today. */
	bool		untrained;		/* No training yet in active listening, communication or crises. */
	bool		unsupervised;		/* Never, or not for STAFF_SUPERVISED days. */
	bool		certified;		/* Some credential is known. */
	long long	expires;		/* Days until the first of them ends; below 0: it has. */
};

/** staff_judge(entries, who, today, ret): of all ${entries} those of ${who}.  0 or E_BAD: ${today} is no day. */
int	staff_judge(const json_t *entries, const char *who, const char *today, struct staff_state *ret) must_check;

struct staff_series {
	long long	attended, sessions;	/* Days on which they were there; so many make it complete. */
	bool		complete;
};

/** staff_series(entries, who, group, ret): 0; E_NOTFOUND: they do not take part in it. */
int	staff_series(const json_t *entries, const char *who, const char *group, struct staff_series *ret) must_check;

/**
 * staff_admit(entries, entry, group, today, reterr): may ${entry}, a checked one, be added to ${entries}?  ${group}: the published body of our
 * group that it names, or its withdrawal; NULL: there is none of that id.  0; E_BAD, E_REFUSED or E_EXISTS with a reason.
 */
int	staff_admit(const json_t *entries, const json_t *entry, const json_t *group, const char *today, struct err *) must_check;

/** staff_group(entry): the group that it names, borrowed; NULL: it names none. */
const char *staff_group(const json_t *entry);

#endif /* !CAIRN_STAFF_H */
