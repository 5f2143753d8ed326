/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peoplestore: accounts of this node, Matrix users by number, rooms, what the
 * server says of membership, and our own roster, which alone decides who may
 * receive keys.  User ids are sealed; a user is found by keyed hash.
 */
#ifndef CAIRN_PEOPLESTORE_H
#define CAIRN_PEOPLESTORE_H

#include "db.h"

/* Accounts: "node" and "steward". */
struct account {
	char	*name, *user_id, *device_id;
	char	*token;			/* NULL until logged in.  Wiped by account_free. */
	char	*next_batch, *filter;	/* NULL until known. */
	int64_t	 ready;			/* 0 until setup finished for it. */
};
/** account_get: 0, E_NOTFOUND. account_free releases members. */
int	account_get(struct db *, const char *name, struct account *) must_check;
void	account_free(struct account *);
/** account_put: insert or replace all of it. account_batch: only next_batch. */
int	account_put(struct db *, const struct account *) must_check;
int	account_batch(struct db *, const char *name, const char *next_batch) must_check;

/** person_id(db, user, ret): its number, made if new; no stranger from now on (stranger.h). person_find: 0 or E_NOTFOUND. person_user: caller frees;
 * "@lost.PID:invalid", which is nobody, while keys.db lacks their key and person_id has not named them since. */
int	person_id(struct db *, const char *user, int64_t *) must_check;
int	person_find(struct db *, const char *user, int64_t *) must_check;
int	person_user(struct db *, int64_t pid, char **) must_check;
bool	person_is_lost(const char *user);
/** person_stranger(db, user, ret): a number for somebody who has none; for stranger.c. */
int	person_stranger(struct db *, const char *user, int64_t *) must_check;
/** person_rename(db, pid, user): the number becomes somebody else's, who has none; for stranger.c. */
int	person_rename(struct db *, int64_t pid, const char *user) must_check;

enum room_kind { ROOM_UNKNOWN, ROOM_DIRECTORY, ROOM_SPACE, ROOM_GROUP, ROOM_CHANNEL, ROOM_DIRECT, ROOM_FEDERATION, ROOM_POLICY };
#define ROOM_KINDS { "unknown", "directory", "space", "group", "channel", "direct", "federation", "policy" }

/*
 * Of a channel or chat in which nothing of ours is said any more, since we are not in it, or it is shown as made by somebody else than the
 * partner: another takes its place; what is said there is heard all the same.  CLOSED: of a group that was withdrawn.
 */
enum room_aside { ROOM_USED, ROOM_LEFT, ROOM_ANOTHERS, ROOM_CLOSED };
#define ROOM_ASIDES { NULL, "left", "another's", "closed" }

enum { DOUBT_MS = 3600 * 1000 };	/* The shortest time between two questions. */

struct room {
	char	*room_id;	/* NULL while its creation is under way. */
	char	*tag;		/* Our creation id (m.room.create content org.cairnpeer.tag), or NULL if others made it. */
	char	*account;	/* Which of our accounts is in it. */
	enum room_kind kind;
	char	*subject;	/* org of a channel or directory, record id of a group; or NULL. */
	int64_t	 pid;		/* The other person of a direct chat; 0 if none. */
	int64_t	 encrypted;	/* Latches at 1. */
	int64_t	 state_encrypted;
	int64_t	 joined;	/* Our account is in it. */
	int64_t	 ours;		/* We created it. */
	enum room_aside aside;
};
int	room_get(struct db *, const char *room_id, struct room *) must_check;	/* 0, E_NOTFOUND */
int	room_by_tag(struct db *, const char *tag, struct room *) must_check;
/** room_by_subject(db, kind, subject, ret): the oldest joined one, else the oldest, of those in use; of channels
 * before all others that we are in one that the partner is in, too.  0 or E_NOTFOUND. */
int	room_by_subject(struct db *, enum room_kind, const char *, struct room *) must_check;
/** room_by_person(db, pid, ret): their direct chat; of several the one that they are in and in which they wrote last (room_written), else the newest, of those in use. */
int	room_by_person(struct db *, int64_t pid, struct room *) must_check;
int	room_written(struct db *, const struct room *) must_check;
/** room_put: insert or update by tag or room_id. `encrypted` never goes back to 0. */
int	room_put(struct db *, const struct room *) must_check;
/** room_each(db, kind or -1, fn, cookie): in order of creation; stops at the first non-zero of fn and returns it. */
int	room_each(struct db *, int kind, int (*)(void *, const struct room *), void *) must_check;
/** room_some(db, after, most, fn, cookie, ret_last): likewise up to ${most} behind number ${after}, and the number of the last; 0: none. */
int	room_some(struct db *, int64_t after, int64_t most, int (*)(void *, const struct room *), void *, int64_t *) must_check;
void	room_free(struct room *);
#define autoroom __attribute__((cleanup(room_free)))

/* What the server shows. */
int	member_put(struct db *, const char *room_id, int64_t pid, const char *membership) must_check;
/** member_get: caller frees; 0 or E_NOTFOUND. */
int	member_get(struct db *, const char *room_id, int64_t pid, char **) must_check;

/*
 * A sync did not show who is in the room: unsure_put(db, room_id, at).  Until unsure_drop nobody gets
 * a key of it (envelope.h).  unsure_has, unsure_next: 0 or E_NOTFOUND; unsure_next: one not yet asked about
 * (unsure_asked), which the caller frees.  unsure_count(db, before, ret): since before then.
 * member_named(db, room_id, pid): has it been put since?  0 or E_NOTFOUND.  member_stale: who has not, allocated.
 */
int	unsure_put(struct db *, const char *room_id, int64_t at) must_check;
int	unsure_has(struct db *, const char *room_id) must_check;
int	unsure_next(struct db *, char **) must_check;
int	unsure_asked(struct db *, const char *room_id) must_check;
int	unsure_drop(struct db *, const char *room_id) must_check;
int	unsure_count(struct db *, int64_t before, int64_t *) must_check;
int	member_named(struct db *, const char *room_id, int64_t pid) must_check;
int	member_stale(struct db *, const char *room_id, int64_t **, size_t *) must_check;

/*
 * Rooms of which it is doubted that we, or those on the roster, left.  doubt_put(db, room_id, at): from now on, asked first an hour after ${at},
 * then after twice as long, at most twelve hours; one that was asked within a day goes on from there.  doubt_sooner: an hour after it
 * was asked last.  doubt_next(db, ret, ret_due): the one that is due first, which the caller frees; 0 or E_NOTFOUND.  doubt_each: all.
 */
int	doubt_put(struct db *, const char *room_id, int64_t at) must_check;
int	doubt_sooner(struct db *, const char *room_id) must_check;
int	doubt_asked(struct db *, const char *room_id, int64_t at) must_check;
int	doubt_drop(struct db *, const char *room_id) must_check;
int	doubt_next(struct db *, char **, int64_t *ret_due) must_check;
int	doubt_each(struct db *, int (*)(void *, const char *), void *) must_check;

/* What we decided. */
int	roster_add(struct db *, const char *room_id, int64_t pid) must_check;
int	roster_drop(struct db *, const char *room_id, int64_t pid) must_check;
int	roster_has(struct db *, const char *room_id, int64_t pid) must_check;	/* 0, E_NOTFOUND */
/** roster_list: pids, allocated, ascending.  roster_people(db, after, most, ret, ret_n): the next of all rosters together. */
int	roster_list(struct db *, const char *room_id, int64_t **, size_t *) must_check;
/** roster_room(db, pid, ret): one of the rooms whose rosters name them; the caller frees.  0, E_NOTFOUND */
int	roster_room(struct db *, int64_t pid, char **) must_check;
int	roster_people(struct db *, int64_t after, int64_t most, int64_t **, size_t *) must_check;

/* Small values: epoch, own keys' public parts, counters.  meta_get: caller frees; 0 or E_NOTFOUND.
 * Values are sealed when secret is true (the same flag must be given to get). */
int	meta_put(struct db *, const char *key, const char *value, bool secret) must_check;
int	meta_get(struct db *, const char *key, bool secret, char **) must_check;

#endif /* !CAIRN_PEOPLESTORE_H */
