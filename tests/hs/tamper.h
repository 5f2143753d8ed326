/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tamper: a server, or a bridge, that does what it is asked and then says
 * something else: its true answer cut off, or with one place of it spoilt.
 */
#ifndef CAIRN_TEST_TAMPER_H
#define CAIRN_TEST_TAMPER_H

#include "host.h"

/** tamper_count(answer): in how many ways it can be spoilt: each place of it, each kind. */
size_t	 tamper_count(const json_t *);
/**
 * tamper_spoil(answer, n, what): the ${n}th of them as text, which the caller frees;
 * ${what} (TAMPER_WHAT bytes) names place and kind.
 */
enum { TAMPER_WHAT = 160 };
char	*tamper_spoil(const json_t *, size_t, char *what);
/** tamper_parts(answer): how many places it has, the whole included. */
size_t	 tamper_parts(const json_t *);

struct tamper;
/* The text to be sent instead of the true answer, which the caller of it frees; NULL: the truth. */
typedef char *(tamper_fn)(struct tamper *, const json_t *truth);

struct tamper {
	struct host	*host;
	size_t		 who;		/* Whose requests: the node with this index ... */
	const char	*part;		/* ... and with this in their path. */
	tamper_fn	*alter;		/* NULL: the truth. */
	int		 status;	/* Of what is said instead; 0: as it was. */
	bool		 unserved;	/* The server does nothing; ${truth} is NULL. */
	void		(*sync)(void *, const char *user, json_t *answer);	/* As in hs_script, with the tamper. */
	void		*cookie;
	/* What was seen. */
	int		 met, told;	/* Such requests; those that were answered with another text. */
	char		 path[2048];	/* The last of them. */
	json_t		*truth;		/* Its true answer. */
};

/**
 * tamper_set(t): the homeservers' script is this from now on; NULL as part: none of its
 * own requests is touched.  If ${part} is "/sync?", none of that node's is parked: one with
 * nothing new, and each of the steward's, is answered with an error.
 */
void	tamper_set(struct tamper *);
/** tamper_end(t): no script, and what it holds is freed. */
void	tamper_end(struct tamper *);
/** tamper_since(t, to, n): the token in the last request's path; "" if none. */
void	tamper_since(const struct tamper *, char *, size_t);
/** tamper_news(truth): does this /sync answer say anything? */
bool	tamper_news(const json_t *);
/** tamper_wait(host, ms): one jump of the clock, and what it brings; much cheaper than host_run. */
void	tamper_wait(struct host *, int64_t);
/** tamper_written(host, i): a number that changes when the node's database is written. */
int64_t	 tamper_written(const struct host *, size_t);

#endif /* !CAIRN_TEST_TAMPER_H */
