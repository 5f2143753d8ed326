/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match: which specialists suit somebody, and why: hard filters first, each with its reason,
 * then an integer score of which every point has its line.  The member chooses.
 *
 * What is not said of a specialist never excludes but where doubt could harm: minors, exclusions
 * by who somebody is, places, credentials.  Who of many need be judged at all is match_index.h's.
 */
#ifndef CAIRN_MATCH_H
#define CAIRN_MATCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "credential.h"
#include "eligibility.h"
#include "place.h"
#include "schedule.h"

struct buf;
struct ev_enum;
struct zone;

/* Filter, in words, and may a coordinator be told what doing without it would add? */
#define MATCH_FILTERS(X)						\
	X(NEED, "need", true) X(LANGUAGE, "language", true) X(MODALITY, "way to meet", true)	\
	X(ACCESS, "accessibility", true)					\
	X(TIMES, "times", true) X(PLACES, "free place", true) X(ROLE, "role", true)		\
	X(CERTIFIED, "certified", true) X(JURISDICTION, "where the credential holds", true)	\
	X(CREDENTIAL, "credential", false) X(AGE, "age", false) X(ELIGIBLE, "who may come", false)	\
	X(ONLY, "only such people", false) X(AVOID, "not these", false)				\
	X(CONFLICT, "conflict of interest", false) X(TOWN, "not from this town", false)

#define X(name, text, may) MATCH_##name,
enum match_filter { MATCH_FILTERS(X) MATCH_NFILTERS };
#undef X

enum { MATCH_PREFS = 16, MATCH_EASES = 8, MATCH_SHOWN = 5, MATCH_MINUTES = 30, MATCH_DAYS = 14, MATCH_SPANS = 17 * SCHEDULE_WINDOWS };

/* Points of what every wish has; those of preferences are in MATCH_PREFERENCES. */
enum {
	MATCH_POINTS_NEED	= 20,
	MATCH_POINTS_CERTIFIED	= 20,
	MATCH_POINTS_TIMES	= 10,
	MATCH_POINTS_KNOWN	= 25,
	MATCH_POINTS_OLD	= -10,
	MATCH_POINTS_LOAD	= -40,		/* Of somebody who has no place left. */
	MATCH_POINTS_QUEUE	= -10,		/* At most, for who waits there. */
	MATCH_ADULT		= 18000,	/* Thousandths of a year. */
};

struct match_pref {
	unsigned	 kind;		/* A row of the table. */
	const char	*value;
	unsigned	 number;	/* Of "response", hours; of "distance", km; of "age", enum ev_age_group. */
};

/* Free time of the next MATCH_DAYS, in instants. */
struct match_free {
	struct schedule_span span[MATCH_SPANS];
	size_t		 n;
};

/* What a member must and would like to have; texts are borrowed from the JSON. */
struct match_wish {
	unsigned	 need;		/* enum ev_need */
	const char	*language;	/* NULL: any. */
	const json_t	*modalities;	/* One of these; NULL: any.  The same for the lists below. */
	const json_t	*only, *avoid, *conflict, *towns, *known;
	const json_t	*eases;		/* All of these must be offered; or NULL. */
	const char	*role;
	bool		 certified;
	unsigned	 age_band;	/* enum ev_age_band */
	int64_t		 age_from, age_below;	/* Of the band, in thousandths of a year. */
	struct eligibility_facts facts;
	uint8_t		 slots;		/* Bit n: the nth of the time slots; 0: any time. */
	int		 minutes;	/* Wanted at a stretch; 0: a common slot will do. */
	uint16_t	 together[128];	/* Minutes at a stretch with each set of slots; if minutes. */
	const char	*zone;		/* Of these times; NULL: that of whoever is judged. */
	struct match_free at, time;	/* The same times as instants, if there is a zone: match_wish_zone(). */
	bool		 has_near;
	struct place	 near;		/* Where the member is, about. */
	struct match_pref prefs[MATCH_PREFS];	/* The first counts twice. */
	size_t		 n_prefs;
};

/**
 * match_wish_read(args, ret, reterr): from texts and lists of texts: need, age_band (both
 * wanted), language, modality, accessibility (each of these), time, at with minutes, zone of both, role, certified, only, avoid and conflict (ids, a did, or
 * names: search_has()), not_town (search_same()), near ("40.7,-74.2"), known (whom they met before, and gladly), prefer
 * ("kind=value"), and what eligibility_facts() reads.  ${ret} borrows from ${args}.  0, or E_BAD with what to write instead.
 */
int	match_wish_read(const json_t *args, struct match_wish *ret, struct err *reterr) must_check;

/**
 * match_wish_zone(wish, args, zone, now): what the times are in the next MATCH_DAYS, by the clock of ${zone}, that of wish->zone.  Wanted once
 * before anybody is judged by a wish that has one.  0 or a negative value of buf.h.
 */
int	match_wish_zone(struct match_wish *, const json_t *args, const struct zone *, int64_t now) must_check;

/* One specialist; all borrowed. */
struct match_candidate {
	const char	*org, *id;
	const json_t	*body;		/* Of the record. */
	const json_t	*program;	/* Body of its program, or NULL: its places and its time zone. */
	const struct eligibility_finding *rules;	/* match_may_come() of the program; NULL: that is not known here. */
	const struct zone *zone;	/* Of match_zone(); NULL: it is not known here.  Looked at only if the wish has another. */
	enum credential_verdict verdict;
	const char	*certification;	/* The verdict in words. */
	bool		 unread;	/* It has a credential that was not looked at: of what that is worth nothing is said. */
	const json_t	*subject;	/* credentialSubject; looked at only if CERTIFIED or unread.  Or NULL. */
	const json_t	*statement;	/* What they say of their own life to staff, or NULL. */
	unsigned	 active;	/* Matches that this node holds with them now ... */
	unsigned	 since;		/* ... and of these, begun after their capacity was said. */
	bool		 stale;		/* The record is. */
};

struct match_finding {
	unsigned	 excluded;	/* Bit (1 << MATCH_*) for each filter. */
	int		 score;
	int		 free;		/* Places free; -1: not said. */
	int		 load;		/* Taken of 1000. */
	bool		 certified;	/* For this need. */
	json_t		*why;		/* A sentence for each filter that excludes. */
	json_t		*lines;		/* {points, text, readers}: staff, or members as well. */
};

/** match_may_come(wish, body, ret): what the rules of ${body}, a specialist's or a program's, say of the member. */
void	match_may_come(const struct match_wish *, const json_t *body, struct eligibility_finding *ret);

/** match_judge(wish, candidate, now, ret): 0 or -ENOMEM.  The lists of ${ret} are the caller's: match_finding_free. */
int	match_judge(const struct match_wish *, const struct match_candidate *, int64_t now,
	    struct match_finding *ret) must_check;
void	match_finding_free(struct match_finding *);

/** match_before(a, id, b, id): does a come first?  By score, then who carries less, then id. */
bool	match_before(const struct match_finding *, const char *, const struct match_finding *, const char *);
/** match_shown(scores, n): of sorted scores, how many are shown: three, and up to five while they are half as good as the first. */
size_t	match_shown(const int *scores, size_t);

struct match_tally {
	unsigned	 seen, left;
	unsigned	 removed[MATCH_NFILTERS];	/* By this filter, and perhaps others. */
	unsigned	 alone[MATCH_NFILTERS];		/* By this filter alone: what doing without it would add. */
	unsigned	 left_open, alone_open[MATCH_NFILTERS];	/* Of these, whom what was not looked at might remove. */
};

/** match_count(tally, excluded), match_uncount: one more, one less, whom these filters remove; ${open}: and perhaps others. */
void	match_count(struct match_tally *, unsigned excluded);
void	match_uncount(struct match_tally *, unsigned excluded, bool open);
/** match_explain(tally, reterr): "2 of 9 left; removed by language: 7; without language: 4 more", or "at most 2". */
void	match_explain(const struct match_tally *, struct err *);
/** match_filter_name(filter): never NULL.  match_may_relax(filter): is it a wish, not a protection? */
const char *match_filter_name(enum match_filter);
bool	match_may_relax(enum match_filter);

struct match_places {
	int64_t		 taken, maximum;
	int		 free;			/* -1: not said. */
	int		 load;			/* Taken of 1000. */
	int		 queue;			/* Points for who waits there, at most 0. */
	bool		 full, supposed;	/* No place is free; the maximum is not said. */
};

/* For match_index.c.  match_places(body, active, since, ret): as match_candidate has them.  match_need(need): which lists of a record
 * speak of it, and what a credential must be for to certify for it (NULL: for anything); everyday support is anybody's.  match_points(kind): of a preference. */
struct match_need { const char *conditions[12], *audiences[4], *field; };
void	match_places(const json_t *body, unsigned active, unsigned since, struct match_places *ret);
const struct match_need *match_need(unsigned need);
int	match_points(unsigned kind);

/* Of match_wish.c, for match.c: does a record's list say ${value} (languages: or narrower)? */
bool	match_has(const json_t *list, const char *value);
bool	match_speaks(const json_t *languages, const char *tag);
uint8_t	match_slots(const json_t *list);

/**
 * match_zone(body, program): in which zone a specialist's times are: their own, or the first that a schedule of their program names; NULL: neither
 * says.  match_same_zone(wish, name): are all times by one clock, or by one that nobody says?  Then clocks are compared, not instants.
 */
const char *match_zone(const json_t *body, const json_t *program);
bool	match_same_zone(const struct match_wish *, const char *name);

/** match_common(list, zone, now, free): the longest stretch, in minutes, of those time slots and of ${free}.  A negative value of buf.h. */
int	match_common(const json_t *list, const struct zone *, int64_t now, const struct match_free *) must_check;

/** match_slot_times(list, out): append the hours of those time slots as schedule_windows() reads them: "Mon-Fri 17:00-22:00".  0 or a negative value of buf.h. */
int	match_slot_times(const json_t *list, struct buf *out) must_check;

/* Kinds of preference: name, points, closed list or NULL.  Of "age" the group next to it has half of them; of "distance" what is twice as far. */
#define MATCH_PREFERENCES(X)						\
	X(EXPERIENCE, "experience", 30, &ev_condition_names)		\
	X(IDENTITY, "identity", 20, &ev_audience_names)			\
	X(AUDIENCE, "audience", 15, &ev_audience_names)			\
	X(PATHWAY, "pathway", 20, &ev_pathway_names)			\
	X(CONDITION, "condition", 15, &ev_condition_names)		\
	X(CULTURE, "culture", 15, NULL)					\
	X(LANGUAGE, "language", 15, NULL)				\
	X(PRACTICE, "practice", 10, &ev_practice_model_names)		\
	X(SESSION, "session", 10, &ev_session_type_names)		\
	X(ROLE, "role", 10, &ev_role_names)				\
	X(MODALITY, "modality", 10, &ev_modality_names)			\
	X(TIME, "time", 10, &ev_time_slot_names)			\
	X(INTEREST, "interest", 8, NULL)				\
	X(RESPONSE, "response", 10, NULL)				\
	X(TOWN, "town", 10, NULL)					\
	X(ORGANIZATION, "organization", 10, NULL)			\
	X(STYLE, "style", 10, &ev_style_names)				\
	X(FREQUENCY, "frequency", 10, &ev_meeting_frequency_names)	\
	X(AGE, "age", 10, &ev_age_group_names)				\
	X(DISTANCE, "distance", 10, NULL)

#define X(name, text, points, values) MATCH_PREF_##name,
enum match_pref_kind { MATCH_PREFERENCES(X) MATCH_NPREFS };
#undef X

#endif /* !CAIRN_MATCH_H */
