/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage: two real nodes in the middle of their work, opened in this process, with everything
 * an input did to them undone after it.
 *
 * Built once by the story of tests/hs: both set up, on one trust list, one follows the other's
 * directory, three referrals are under way (just received, accepted, disclosed).  From then on
 * each node has one open transaction that db_begin and db_commit (wrapped by the linker) do not
 * end, and stage_rewind rolls back.
 *
 * Each node also knows Megolm sessions of the other's real device, made here, so that an input
 * can be what an honest device encrypted: the words "$room" and "$device" of the dialect.
 */
#ifndef CAIRN_FUZZ_STAGE_H
#define CAIRN_FUZZ_STAGE_H

#include "app/app.h"
#include "fuzz.h"

enum { STAGE_A, STAGE_B, STAGE_NODES };		/* A sent the referrals and follows; B publishes. */
enum { STAGE_REFERRALS = 3, STAGE_WORDS = 27 };

struct stage_node {
	struct config	 cfg;
	struct world	 world;
	struct app	*app;
	struct app	 kept;		/* Its memory between inputs. */
	char		*org;
	bool		 busy;		/* Between db_begin and db_commit, as the node sees it. */
	long		 commits, undone;	/* In this input. */
	/* Rooms of both. */
	char		*channel, *directory, *direct;
	struct fuzz_word words[STAGE_WORDS];
	size_t		 n_words;
};

extern struct stage_node stage[STAGE_NODES];

void	stage_open(void);
/** stage_keep(i): what node ${i} did so far is where each input begins. */
void	stage_keep(size_t);
/** stage_rewind(): as it was before the input. */
void	stage_rewind(void);

/**
 * stage_fill(i, value): ${value} as node ${i} would get it.  Words: "$me" "$peer" (user ids),
 * "$steward", "$channel", "$directory", "$direct", "$my_org", "$peer_org", "$r0" to "$r2", "$p0" to "$p2" (the last step of each that counts), "$now",
 * "$later", "$notice", and "$my_key" "$my_ed" "$my_device" and those of the peer.
 *
 * An object {"$room": INNER, ...} becomes the m.room.encrypted event in which the peer's device
 * says INNER (its room is INNER.room_id, or the channel), {"$device": INNER, ...} the to-device
 * event; {"$record": BODY, ...} a record of the peer's, signed, and then changed by
 * BODY.after.
 */
json_t	*stage_fill(size_t, const json_t *);
/** stage_event(i, room, inner): that m.room.encrypted event; the caller decrefs. */
json_t	*stage_event(size_t, const char *room, const json_t *inner);

/**
 * stage_answer(i, kind, account, status, body, len): an answer to the request of that kind that is
 * in flight (nothing if there is none); the token moves only by a whole /sync answer, and then surely.
 */
void	stage_answer(size_t, enum flight_kind, unsigned account, int status, const char *, size_t);
/** stage_failed(i, kind, what): no answer came to such a request. */
void	stage_failed(size_t, enum flight_kind, const char *);
/** stage_sync(i, rooms): a /sync answer with this "rooms" (borrowed) and to-device events (or NULL). */
void	stage_sync(size_t, const json_t *rooms, const json_t *todevice);
/** stage_settle(i): app_tick until it is idle. */
void	stage_settle(size_t);
/** stage_ask(i, verb, args): the operator's command; consumes ${args}; its reply. */
json_t	*stage_ask(size_t, const char *verb, json_t *args);
/** stage_picture(i): what events could have changed, as an operator sees it; the caller decrefs. */
json_t	*stage_picture(size_t);
/** stage_check(i): the audit is whole, and what is shown can be shown. */
void	stage_check(size_t);

/* Between the files of stage. */
#define must(call) do {							\
	int m_ = (call);						\
	if (m_ != 0)							\
		fuzz_fail(__FILE__, __LINE__, #call);			\
} while (0)
void	stage_peer_open(size_t);	/* In a transaction of that node. */
void	stage_peer_rewind(void);

#endif /* !CAIRN_FUZZ_STAGE_H */
