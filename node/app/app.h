/* SPDX-License-Identifier: Apache-2.0 */
/*
 * app: the node as a state machine.  One input comes in, one database
 * transaction runs, and only after its commit do requests and replies leave.
 *
 * Inputs: app_answer and app_failed (the bridge), app_command (the operator),
 * app_tick (the clock).  After each, `deliver` derives from the database which
 * requests are due.  Memory holds nothing that a restart would miss: the
 * requests in flight, and caches.
 */
#ifndef CAIRN_APP_H
#define CAIRN_APP_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/config.h"
#include "base/frame.h"
#include "base/id.h"
#include "base/world.h"
#include "store/db.h"

struct crypt;
struct trust;

/* A request as the bridge gets it; all borrowed for the call. */
struct app_request {
	uint64_t	 id;
	const char	*account;	/* Whose token; "" for none. */
	const char	*method, *path;
	const char	*body;		/* NULL: none. */
	int64_t		 cap;		/* Bytes of the answer at most. */
	int64_t		 timeout_ms;
};

/* The way out; a test puts its own here. */
struct app_transport {
	int	(*request)(void *cookie, const struct app_request *);
	/* All tokens held, {name: token}; replaces what was told before. */
	int	(*tokens)(void *cookie, const json_t *accounts);
	void	*cookie;
};

enum flight_kind { FLIGHT_NONE, FLIGHT_SYNC, FLIGHT_QUERY, FLIGHT_CLAIM, FLIGHT_MARK, FLIGHT_OUT };

/* A request in flight: lost with the process, derived again after it. */
struct flight {
	enum flight_kind kind;
	uint64_t	 id;		/* 0: to leave after the commit. */
	int64_t		 row;		/* FLIGHT_OUT: the outbox row. */
	unsigned	 account;	/* FLIGHT_SYNC: index into accounts. */
	bool		 lazy;		/* FLIGHT_SYNC: it may leave out members. */
	bool		 first;		/* FLIGHT_OUT: an event that had surely not left before. */
	char		*sent;		/* FLIGHT_QUERY, FLIGHT_CLAIM: the body. */
	int64_t		 gen;		/* FLIGHT_QUERY; FLIGHT_MARK: its number. */
};

enum backup_state { BACKUP_NONE, BACKUP_RUNNING, BACKUP_DONE, BACKUP_FAILED };

enum { APP_NODE, APP_STEWARD, APP_ACCOUNTS };
enum { APP_NARROW_MAX = 7 };	/* After 100, 50, ... 1 events of a room: without its members. */

struct app {
	const struct config	*cfg;
	const struct world	*world;
	struct app_transport	 transport;
	struct db		*db;
	struct crypt		*crypt;		/* NULL until setup made a device. */
	struct trust		*trust;		/* NULL: nobody is trusted. */
	char			 trust_fork[256]; /* Two signed lists contradict each other: nobody is trusted; or "". */
	struct flight		 flights[FRAME_IN_FLIGHT];
	uint64_t		 last_id;
	bool			 up;		/* A bridge is there. */
	bool			 tokens_changed; /* Tell the bridge after the commit. */
	struct {
		bool	fresh;			/* A sync that began after the last doubt was answered. */
		uint64_t doubt;			/* Last request id when an answer may have been lost. */
		int64_t	due, attempts;		/* Back-off of /sync. */
		bool	barred;			/* It may do nothing: only /sync asks whether that is over. */
		unsigned narrow;		/* Halvings of its timeline: the last answer was too much. */
	} accounts[APP_ACCOUNTS];
	int64_t			 clear[FRAME_IN_FLIGHT]; /* Outbox rows that steps() judged fit to leave now. */
	size_t			 n_clear;
	int64_t			 here[FRAME_IN_FLIGHT];	/* Events encrypted by this process that have surely not left (deliver_here); a ring. */
	size_t			 n_here;
	struct {
		json_t	*users, *answer;	/* Users of an answered query still to be worked off; NULL: none. */
		int64_t	gen;
	} query;
	struct {			/* Is this the newest database of this node?  epoch.h. */
		char	run[ID_LEN + 1];	/* This process. */
		int64_t	begun, sure;		/* Its last mark, and the last that the homeserver holds. */
		bool	judged, held, wanted;
		int64_t	due, attempts;		/* Back-off. */
	} epoch;
	struct {			/* A copy of the database; it dies with the process.  backup.h. */
		enum backup_state state;
		int	fd;			/* 0: not begun. */
		int64_t	bytes;
		char	why[256];
	} backup;
	int64_t			 sure;		/* A creation whose first attempt was just committed. */
	unsigned		 resting;	/* Steps of a turn that failed (steps.c), a bit each, ... */
	int64_t			 rested;	/* ... until then. */
	int64_t			 terms_due;	/* What is over its term is looked for then. */
	struct {			/* What members are asked; talk_clock.h. */
		int64_t	due, after;		/* When the round begins or goes on, and behind which referral. */
	} asks;
	bool			 staff_invited;	/* Each of staff_users, by this process. */
	struct {			/* The last 429; for cairn doctor only. */
		int64_t		until;
		unsigned	account;
		char		purpose[32];	/* Of calls.c; "": none of the outbox. */
	} limited;
	int64_t			 keys_due;	/* The server asked to wait with key requests. */
	int64_t			 next;		/* When app_tick is wanted; 0: at once, INT64_MAX: never. */
};

extern const char *const app_account_name[APP_ACCOUNTS];	/* "node", "steward" */

/**
 * app_open(cfg, world, kek, transport, ret, reterr): open the store and what it
 * holds.  0; or db_open's answers.  app_close may be called at any time.
 */
int	app_open(const struct config *, const struct world *, const uint8_t kek[DB_KEY],
	    const struct app_transport *, struct app **, struct err *) must_check;
void	app_close(struct app *);

/* All return 0 or negative: then the process must stop, and a restart resumes. */
int	app_bridge(struct app *, bool up) must_check;
/** app_answer(app, id, status, retry_after_ms, body, len): a whole answer. */
int	app_answer(struct app *, uint64_t, int, int64_t, const char *, size_t) must_check;
int	app_failed(struct app *, uint64_t, const char *kind, const char *text) must_check;
/** app_tick(app): due timers and the next steps of long work; sets app->next. */
int	app_tick(struct app *) must_check;
/** app_command(app, uid, request, ret_reply): see command.h. */
int	app_command(struct app *, uid_t, const json_t *, json_t **) must_check;

/** app_now(app): the world's clock. */
static inline int64_t
app_now(const struct app *app)
{
	return world_now(app->world);
}

#endif /* !CAIRN_APP_H */
