/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hs: homeservers in memory, one for each server name, and the federation
 * between them, as a node sees them through the client-server API.
 *
 * It answers as Synapse does (order of one-time keys, idempotent transaction
 * ids, to-device messages kept until the next token), writes down every request,
 * and complains about what a good client never does: two bodies under one
 * transaction id, one ratchet position used for two ciphertexts, a one-time key
 * id used twice.  The caller owns the clock.  Out of memory ends the process.
 */
#ifndef CAIRN_TEST_HS_H
#define CAIRN_TEST_HS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct hs;

/* One request, as a script judges it; all borrowed. */
struct hs_call {
	const char	*user, *device;	/* "" before login. */
	const char	*method, *path;	/* As sent. */
	const json_t	*body;		/* NULL: none. */
};

enum hs_fate {
	HS_SERVE,	/* As a good server does. */
	HS_LOSE,	/* Serve it, but the answer never arrives. */
	HS_DROP,	/* It never arrives. */
	HS_SAY,		/* Do nothing and give the script's answer. */
};

/* What a test changes; members may be NULL. */
struct hs_script {
	enum hs_fate (*request)(void *, const struct hs_call *, int *ret_status, json_t **ret_body);
	/* A /sync answer about to leave. */
	void	(*sync)(void *, const char *user, json_t *answer);
	/* Milliseconds that anything takes from one server to the other. */
	int64_t	(*delay)(void *, const char *from, const char *to);
	void	*cookie;
	const char *drop;	/* No request arrives in whose path this is. */
	/* Nobody of this server can be invited, which is answered with that status; a room in whose creation they were to be invited is there all the same. */
	const char *closed;
	int	closed_status;
};

struct hs	*hs_new(const int64_t *now);
void		 hs_free(struct hs *);
/** hs_clock(hs, now): read the time there instead. */
void		 hs_clock(struct hs *, const int64_t *now);

/** hs_add_user(hs, user, password): an account, unless there is one; its server appears with it. */
void	hs_add_user(struct hs *, const char *, const char *);
/** hs_script(hs, script): from now on; copied.  NULL: none. */
void	hs_script(struct hs *, const struct hs_script *);

/* A /sync may be asked several times. */
enum hs_turn {
	HS_FIRST,	/* The script is asked too. */
	HS_AGAIN,	/* Parked before; something may be new. */
	HS_ENOUGH,	/* Its time has passed: answer. */
};

/**
 * hs_request(hs, token, method, path, body, turn, ret_status, ret_body, ret_until): serve
 * one request; ${token} and ${body} may be NULL.
 *   HS_SERVE	${ret_status} and ${ret_body} (the caller decrefs) are the answer
 *   HS_LOSE, HS_DROP	there is none
 *   HS_PARKED	a /sync with nothing to say until ${ret_until} (of the first turn)
 */
enum { HS_PARKED = 100 };
int	hs_request(struct hs *, const char *token, const char *method, const char *path,
	    const char *body, enum hs_turn, int *ret_status, json_t **ret_body, int64_t *ret_until);

/** hs_deliver(hs): what federation delays have brought by now.  hs_next(hs): when the next arrives, or INT64_MAX. */
void	hs_deliver(struct hs *);
int64_t	hs_next(const struct hs *);

/**
 * hs_inject(hs, room, sender, type, state_key, content): what a hostile server can
 * do: an event without any check, seen by all servers of the room.  ${state_key} may be NULL.
 */
void	hs_inject(struct hs *, const char *, const char *, const char *, const char *, json_t *);

/** hs_revoke(hs, user): its tokens are no longer good. */
void	hs_revoke(struct hs *, const char *);
/** hs_forget(hs): servers forget transaction ids, as they do after a day or a restart. */
void	hs_forget(struct hs *);

/*
 * Oracles; all borrowed.
 */

/** hs_log(hs): array of {at, user, device, method, path, body, status, replay} of all requests but /sync. */
const json_t *hs_log(const struct hs *);
/** hs_complaints(hs): array of sentences; empty for a good client. */
const json_t *hs_complaints(const struct hs *);
/** hs_room(hs, type, i): id of the ${i}th room whose creation has this type (NULL: none), or NULL. */
const char *hs_room(const struct hs *, const char *type, size_t i);
/** hs_events(hs, room): all its events in order, state and timeline; NULL: no such room. */
const json_t *hs_events(const struct hs *, const char *);

#endif /* !CAIRN_TEST_HS_H */
