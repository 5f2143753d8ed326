/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile: what strangers, dishonest partners and broken servers do, and the
 * store of a node looked at from outside.
 */
#ifndef CAIRN_TEST_HOSTILE_H
#define CAIRN_TEST_HOSTILE_H

#include "host.h"
#include "store/db.h"

/* An account that makes plain requests. */
struct client {
	struct host	*host;
	char		 user[80], token[64];
	int		 status;	/* Of the last answer. */
};

/** client_login(c, host, user): an account that is new to the world.  client_as(c, host, i, account): one of a node. */
void	client_login(struct client *, struct host *, const char *user);
void	client_as(struct client *, struct host *, size_t, const char *account);
/** client_call(c, method, path, body): after /_matrix/client/v3/; consumes ${body}; the caller decrefs the answer. */
json_t	*client_call(struct client *, const char *method, const char *path, json_t *body);
/** client_invite(c, type, user, direct): make a room of that type (NULL: none) and invite; its id, which the caller frees. */
char	*client_invite(struct client *, const char *type, const char *user, bool direct);
/** member_of(host, room, user): its membership as the servers have it; "" if none. */
const char *member_of(const struct host *, const char *room, const char *user);

/**
 * hostile_db(host, i): stop that node and open its store, in a transaction.
 * hostile_go_on(host, i, db): commit, close and start the node again.
 */
struct db *hostile_db(struct host *, size_t);
void	hostile_go_on(struct host *, size_t, struct db *);
/** hostile_say(host, i, room, type, content): it says so, encrypted, whatever its own rules are; consumes ${content}. */
void	hostile_say(struct host *, size_t, const char *room, const char *type, json_t *content);
/** hostile_enter(host, i, room, victim): the servers let it into a room of others, and it shares its keys with ${victim}. */
void	hostile_enter(struct host *, size_t, const char *room, const char *victim);

/* What a server does to the answers of one user's /sync. */
struct meddler {
	const char	*user;
	bool		 hold;		/* Keep to-device messages back ... */
	json_t		*held;
	json_t		*todevice;	/* ... or add these, once. */
	int		 added;
};

/** meddle: for hs_script.sync, with a struct meddler. */
void	meddle(void *, const char *user, json_t *answer);

/** found_in(host, i, what, key, words): how many items of that list have ${words} in ${key}; NULL: all. */
size_t	found_in(struct host *, size_t, const char *what, const char *key, const char *words);
/**
 * acknowledged(host, i, seen): how many answers node ${i} gave by itself to those who wrote to it: again after an hour.  Their ids are
 * added to the object ${seen}, which counts: only the newest 1,000 messages are listed, so of a long talk it is asked now and then.
 */
size_t	acknowledged(struct host *, size_t, json_t *);
/** refused(reply, words): the operator's command was refused, for a reason with ${words}. */
bool	refused(const json_t *reply, const char *words);
/** hostile_memory(host, i): kilobytes that the node had at most; -1: not known. */
long	hostile_memory(const struct host *, size_t);
/** picture(host, i): all that events could have changed; the caller decrefs. */
json_t	*picture(struct host *, size_t);
/** logged(host, i, words): does its log say so? */
bool	logged(const struct host *, size_t, const char *words);

#endif /* !CAIRN_TEST_HOSTILE_H */
