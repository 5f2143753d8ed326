/* SPDX-License-Identifier: Apache-2.0 */
/* hs_world: what the files of hs share. */
#ifndef CAIRN_TEST_HS_WORLD_H
#define CAIRN_TEST_HS_WORLD_H

#include <stddef.h>

#include "hs.h"

#define HS_PREFIX "/_matrix/client/v3/"

enum { HS_SEGMENTS = 8, HS_TODEVICE_MAX = 100 /* In one /sync. */ };

struct hs_device {
	struct hs_user	*user;
	char		*id, *token;
	json_t		*keys;		/* device_keys, or NULL. */
	json_t		*onetime;	/* {key id: key}, in order of upload. */
	json_t		*used;		/* {key id: true}: claimed once. */
	json_t		*fallback;	/* {key id: key}, or NULL. */
	bool		 fallback_used;
	json_t		*inbox;		/* [{pos, event}] to-device. */
	json_t		*txns;		/* {path: {body, answer}}. */
	struct hs_device *next;
};

struct hs_user {
	char		*id, *password;
	struct hs_server *server;
	json_t		*account_data;	/* {type: content}. */
	json_t		*signing;	/* {master_key, self_signing_key, user_signing_key}. */
	struct hs_device *devices;
	struct hs_user	*next;
};

/*
 * What a server knows, in order: its users' sync tokens count the items of
 * ${log}.  An item is one of
 *   {room, event, before}	an event; state before it as {state id: event}
 *   {room, invite, user}	an invitation of one of its users, with stripped state
 *   {keys}			a user whose device list changed
 *   {account_data, type}	a user's account data of that type changed
 */
struct hs_server {
	char		*name;
	json_t		*log;
	json_t		*rooms;		/* {room: {state id: event}}: where it has users joined. */
	json_t		*invites;	/* {room: {user: stripped state}}. */
	struct hs_server *next;
};

struct hs_room {
	char		*id;
	json_t		*events, *state;	/* The truth, before any delay. */
	struct hs_room	*next;
};

struct hs_parcel {			/* Under way between two servers. */
	int64_t		 due;
	struct hs_server *from, *to;
	struct hs_device *device;	/* To-device, else NULL. */
	json_t		*item;
	struct hs_parcel *next;
};

struct hs {
	const int64_t	*now;
	struct hs_script script;
	struct hs_server *servers;
	struct hs_user	*users;
	struct hs_room	*rooms;		/* Newest first. */
	struct hs_parcel *parcels;	/* In order of sending. */
	json_t		*log, *complaints;
	json_t		*positions;	/* {ratchet position: ciphertext}. */
	long		 counter;	/* For ids and positions. */
};

/* A request taken apart. */
struct hs_req {
	struct hs	*hs;
	struct hs_device *dev;		/* NULL before login. */
	const char	*method, *path;
	char		*seg[HS_SEGMENTS]; /* Path after HS_PREFIX, decoded. */
	size_t		 nseg;
	json_t		*query;		/* {name: value}. */
	const json_t	*body;		/* An object, perhaps empty. */
	enum hs_turn	 turn;
	bool		 replay;
	int64_t		 until;		/* A parked /sync. */
};

/* hs.c */
void	*hs_must(void *);		/* Ends the process for NULL. */
char	*hs_text(const char *, ...) __attribute__((format(printf, 1, 2)));
void	 hs_complain(struct hs *, const char *, ...) __attribute__((format(printf, 2, 3)));
char	*hs_id(struct hs *, char sigil);
int	 hs_refuse(json_t **ret, int status, const char *code, const char *error);
struct hs_user *hs_user(const struct hs *, const char *id);
struct hs_device *hs_device(const struct hs_user *, const char *id);
struct hs_server *hs_server(const struct hs *, const char *name);
/** hs_send(hs, from, to, device, item): consumes ${item}; arrives now or after the script's delay. */
void	 hs_send(struct hs *, struct hs_server *from, struct hs_server *to, struct hs_device *, json_t *);

/* hs_rooms.c: each serves one endpoint and returns the HTTP status. */
int	hs_create(struct hs_req *, json_t **);
int	hs_invite(struct hs_req *, json_t **);
int	hs_join(struct hs_req *, json_t **);
int	hs_leave(struct hs_req *, json_t **);
int	hs_send_event(struct hs_req *, json_t **);
int	hs_put_state(struct hs_req *, json_t **);
int	hs_get_state(struct hs_req *, json_t **);
int	hs_get_state_of(struct hs_req *, json_t **);
int	hs_members(struct hs_req *, json_t **);
/** hs_state_put(state, event): what the event makes of it. */
void	hs_state_put(json_t *, json_t *event);
/** hs_arrive(hs, server, item): a room item reaches a server. */
void	hs_arrive(struct hs *, struct hs_server *, json_t *item);
/** hs_membership(state, user): borrowed, "" if none. */
const char *hs_membership(const json_t *state, const char *user);

/* hs_keys.c */
int	hs_login(struct hs_req *, json_t **);
int	hs_delete_devices(struct hs_req *, json_t **);
int	hs_put_account_data(struct hs_req *, json_t **);
int	hs_keys_upload(struct hs_req *, json_t **);
int	hs_keys_query(struct hs_req *, json_t **);
int	hs_keys_claim(struct hs_req *, json_t **);
int	hs_signing_upload(struct hs_req *, json_t **);
int	hs_signatures_upload(struct hs_req *, json_t **);
int	hs_send_to_device(struct hs_req *, json_t **);

/* hs_sync.c: 0 when it is to be parked. */
int	hs_sync(struct hs_req *, json_t **);
/** hs_visible(user, event, before, now): may the user see this event, with the room's state before it and now? */
bool	hs_visible(const char *user, const json_t *event, const json_t *before, const json_t *now);

/* hs_messages.c */
int	hs_messages(struct hs_req *, json_t **);

/* hs_ratchet.c: complains when a position is used for two ciphertexts. */
void	hs_ratchet_event(struct hs *, const json_t *content);
void	hs_ratchet_olm(struct hs *, const json_t *content);

#endif /* !CAIRN_TEST_HS_WORLD_H */
