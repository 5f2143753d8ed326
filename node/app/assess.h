/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assess: the specialists of all directories that we follow, and our own, judged by one wish (domain/match.h): of partners' those whom the
 * index puts first (shortlist.h), until nobody who is left can be shown; the others are only counted.
 */
#ifndef CAIRN_ASSESS_H
#define CAIRN_ASSESS_H

#include "app.h"
#include "domain/match.h"
#include "zones.h"

struct certifier;
struct programs;

struct assessed {
	json_t			*item;		/* What a coordinator sees of them, without score and lines. */
	struct match_finding	 f;
};

/* Zeroed but for the first. */
struct assess {
	struct app		*app;
	const char		*org, *id;	/* Only this one; NULL: all. */
	bool			 all;		/* Everybody who is not excluded is wanted, and nobody else. */
	struct match_tally	 tally;		/* Of all, judged or not. */
	struct assessed		*found;
	size_t			 n;

	struct match_wish	 wish;
	bool			 indexed;	/* All of partners' records are. */
	bool			 life;		/* The wish asks what specialists say of their own life. */
	const char		*own;		/* Our organization; NULL: on no list. */
	struct zones		 zones;		/* The first is that of the wish, if it has one. */
	struct certifier	*certifier;
	struct programs		*programs;
	json_t			*statements;	/* By "ORG DID": ours, and partners' if they are not indexed; NULL: not asked for. */
	json_t			*avoid, *conflict; /* As in the wish, with the did of each whose record is named. */
	json_t			*load;		/* {"ORG ID": {active: [begun], last, of: [match]}} */
	size_t			 looked;	/* Of the index. */
	json_t			*longs;		/* {org: bytes of long records and programs that were judged}; NULL: none. */
	size_t			 unread;	/* Not judged, since their organization has too many such. */
	size_t			 max;		/* assess_rank() when more are found. */
};

/** assess(a, wish, reterr): ${wish} as match_wish_read() takes it; borrowed until assess_free().  0, E_BAD or negative. */
int	assess(struct assess *, const json_t *wish, struct err *) must_check;
void	assess_free(struct assess *);

/**
 * assess_rank(a): sorts what was found, the best first, then those who are excluded, by how many filters remove them; and leaves what
 * can be shown.  How many of these are not excluded.
 */
size_t	assess_rank(struct assess *);

/** assess_contact(a, item): ${item} gets "last_contact", the last day on which staff wrote that they met whom we matched with them, if there is one. */
int	assess_contact(const struct assess *, json_t *item) must_check;

#endif /* !CAIRN_ASSESS_H */
