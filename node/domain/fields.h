/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields: what the body of a record must keep that its schema cannot say, and
 * the same body in sentences for somebody who looks for help.
 */
#ifndef CAIRN_FIELDS_H
#define CAIRN_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define FIELDS_CAPACITY_FRESH	(14 * 86400000LL)	/* Then free places are shown as old. */
#define FIELDS_SOURCE_FRESH	(365 * 86400000LL)	/* Then so is what was imported and neither changed nor checked since. */

/**
 * fields_check(kind, body, now, reterr): before we publish a body that has passed its
 * schema.  0, or E_BAD with what to write instead:
 *
 *     ages and free places do not contradict each other; one row for each unit and
 *     audience; nothing was said, reviewed or told later than now;
 *     one way to take part has an alternative, or a reason why not (a body with a
 *     "source" is somebody else's words, and is not asked);
 *     the name of a group's room names no condition: servers and neighbours see it;
 *     a group takes minors or adults, who are 18, not both, whoever comes with them;
 *     a crisis line that is open day and night has no hours besides;
 *     a crisis service is reached at any hour, or says where to turn: crisis_check().
 */
int	fields_check(const char *kind, const json_t *body, int64_t now, struct err *) must_check;

/**
 * fields_mixes(kind, body, ret_where, ret_minors, ret_adults): is it a group that takes minors and adults?  Its "age_bands" say that, or, if it has
 * none, its "audiences"; the first of each are set, NULL: none.
 */
bool	fields_mixes(const char *kind, const json_t *body, const char **ret_where, const char **ret_minors, const char **ret_adults);

/* Who may be shown a record: staff, here and at partners; whoever they support, in a chat with a node, too; or anyone, also by a bot. */
enum fields_reader { FIELDS_STAFF, FIELDS_MEMBERS, FIELDS_ANYONE };

/** fields_reader(kind, body): as its author wishes, of a story or a statement of lived experience; what says nothing of it is for staff.  Of others: anyone. */
enum fields_reader fields_reader(const char *kind, const json_t *body);

/** fields_words(kind, body, now, ret): a list of sentences; the caller owns it.  0 or -ENOMEM. */
int	fields_words(const char *kind, const json_t *body, int64_t now, json_t **ret) must_check;

/**
 * fields_open(body, audience): free places but those that are for others than these, as men's for women; NULL: all there are; -1: not said.
 * fields_places(body, audience, out): what is counted, in words: "3 beds for men, 2 places".  0, or buf.h's.
 */
int	fields_open(const json_t *, const char *audience);
int	fields_places(const json_t *, const char *audience, struct buf *) must_check;
/** fields_open_at(body): when the oldest of them, or of who waits, was said, ms; 0: no time is said. */
int64_t	fields_open_at(const json_t *);

/**
 * fields_aged(kind, body, now, reterr): 0: nothing in it is too old.  E_LATER: a count of free
 * places, the review of a resource or crisis line, or what a source said last, is, and a sentence says which.
 */
int	fields_aged(const char *kind, const json_t *body, int64_t now, struct err *) must_check;

/** fields_place(body): does it say of any place where it is, as a program or as a group does? */
bool	fields_place(const json_t *body);

/**
 * fields_hide(by, body, ret_n): hidden beats visible when two sources of one record meet.
 * Each place of ${body} that ${by} calls redacted loses address, postal code and position;
 * ${ret_n} were taken.  Places are the same if their names are equal, or one has no name and
 * their towns are, or ${by} says neither.  And since a place may come back under another name or in another town: if
 * ${by} has a redacted place, whatever else it did not show in public itself is hidden too.  0 or -ENOMEM.
 */
int	fields_hide(const json_t *by, json_t *body, unsigned *ret_n) must_check;

/**
 * fields_hidden(body, was, list): appends the redacted places of ${body} to ${list}, and what ${was}
 * said of them before, NULL if that is not known.  fields_hide_any(list, body, ret_n): hides each place of
 * ${body}, another record, that is one of them: of the same name, address or position, and of no
 * other town.  ${ret_n} were taken.  0 or -ENOMEM.
 */
int	fields_hidden(const json_t *body, const json_t *was, json_t *list) must_check;
int	fields_hide_any(const json_t *list, json_t *body, unsigned *ret_n) must_check;

#endif /* !CAIRN_FIELDS_H */
