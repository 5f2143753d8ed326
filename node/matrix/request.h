/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: paths and bodies of the Matrix client-server API (version 1.19).
 * Pure: what is built here is sent by the bridge.
 */
#ifndef CAIRN_REQUEST_H
#define CAIRN_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define REQUEST_V3	"/_matrix/client/v3"

/**
 * request_path(fmt, ...): REQUEST_V3 and ${fmt}, in which each "%s" takes one
 * argument, percent-encoded whole (also its slashes).  The caller frees; NULL
 * if out of memory.
 */
char	*request_path(const char *, ...) like_printf(1, 2);

/**
 * request_sync(since, timeout_ms, limit, lazy): the path of /sync with our filter: no
 * presence or receipts; of account data only the epoch; of the state only who made the room, who is
 * in it and that it is encrypted; at most ${limit} timeline events of a room.
 * ${lazy}: of the members only those who say something.  ${since} may be NULL.
 */
char	*request_sync(const char *, int, int, bool);

/** request_login(user, password, device_id, display_name): body of POST /login. */
json_t	*request_login(const char *, const char *, const char *, const char *);

/** request_password_auth(user, password, session): the "auth" object of user-interactive authentication. */
json_t	*request_password_auth(const char *, const char *, const char *);

/* What a room is to be; strings are borrowed. */
struct request_room {
	const char	*version;	/* Room version, always passed. */
	const char	*type;		/* m.room.create "type", or NULL. */
	const char	*tag;		/* Our creation id, kept in m.room.create. */
	const char	*co_creator;	/* Additional creator, or NULL. */
	const char	*name, *topic;	/* NULL: none. */
	const char	*invite;	/* One user, or NULL. */
	const char	*history;	/* m.room.history_visibility. */
	const char	*join_rule;	/* "invite" or "public". */
	bool		 encrypted, encrypt_state, direct;
	bool		 quiet;		/* Timeline events only by the creators (spaces, directories). */
};
/** request_create_room(room): body of POST /createRoom; NULL if out of memory. */
json_t	*request_create_room(const struct request_room *);

/* The type of the account data by which an old database is recognized (docs/adr/0016). */
#define REQUEST_EPOCH	"org.cairnpeer.epoch"
/* The member of m.room.create content that holds our creation id. */
#define REQUEST_TAG	"org.cairnpeer.tag"
/* The member of m.room.encryption that asks for encrypted state (MSC4362). */
#define REQUEST_STATE_FLAG "io.element.msc4362.encrypt_state_events"

#endif /* !CAIRN_REQUEST_H */
