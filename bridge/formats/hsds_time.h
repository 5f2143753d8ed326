/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_time: one schedule of HSDS, while it is read and written.
 *
 * It becomes days of the week or a rule (schemas/common.json, $defs/schedule).  Of what neither can say
 * each member is a line "key value" at the head of the note, and "irregular" says that there is such a line.
 */
#ifndef CAIRN_HSDS_TIME_H
#define CAIRN_HSDS_TIME_H

#include "hsds_walk.h"

/* Members that may be such a line, in that order; the second says which are numbers. */
#define TIME_KEYS(X)	\
	X(FREQ, "freq", false) X(INTERVAL, "interval", true) X(COUNT, "count", true) X(BYDAY, "byday", false)	\
	X(BYMONTHDAY, "bymonthday", false) X(BYWEEKNO, "byweekno", false) X(BYYEARDAY, "byyearday", false)	\
	X(WKST, "wkst", false) X(DTSTART, "dtstart", false) X(VALID_FROM, "valid_from", false)	\
	X(UNTIL, "until", false) X(VALID_TO, "valid_to", false) X(OPENS_AT, "opens_at", false)	\
	X(CLOSES_AT, "closes_at", false) X(TIMEZONE, "timezone", true)

enum time_key {
#define X(id, name, number) TIME_##id,
	TIME_KEYS(X)
#undef X
	TIME_N
};
extern const struct time_key_row {
	const char	*name;
	bool		 number;
} time_keys[TIME_N];

enum { TIME_NOTE = 300, TIME_RULE = 300, TIME_DATE = 10 };

/* How the reason ends with which such a member is listed. */
#define TIME_NOTED	"it is in the note, and a search by times says so"

struct time_read {
	struct hsds	*h;
	const struct at	*at;
	json_t		*out;		/* What it becomes. */
	unsigned	 odd;		/* Bits of time_keys: lines of the note. */
};

/** time_rule(t, ret): "days" and "frequency", or "rule"; "from" and "until".  ${ret}: is it a schedule at all? */
int	time_rule(struct time_read *, bool *ret);

/** time_zone_name(hours): the name of a zone that is always that far ahead of UTC; NULL: none is known. */
const char *time_zone_name(double hours, char ret[24]);
/** time_zone_hours(name, ret): the other way round; false: not such a zone. */
bool	time_zone_hours(const char *name, double *ret);

#endif /* !CAIRN_HSDS_TIME_H */
