/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys: the devices of others, and which of them may receive keys.
 *
 * A device is eligible if it is in the user's latest list, was never seen with
 * other keys, has a Curve25519 key that counts as its own (twins.c), and is
 * either signed by the user's self-signing key under the master key pinned for
 * that user (by the trust list, or on first use), or pinned by its fingerprint.  Where the trust list
 * says that a user has no master key, none is taken on first use.  A user whose
 * master key changed has no eligible device until an operator pins it again, or
 * until the one that the trust list names is shown again.
 */
#ifndef CAIRN_KEYS_H
#define CAIRN_KEYS_H

#include <jansson.h>

#include "crypt.h"

enum {
	KEYS_QUERY_MAX	= 250,	/* Users in one /keys/query. */
	KEYS_LOST_MS	= 10 * 60 * 1000,	/* Whose name cannot be read (person_is_lost) is not asked for sooner. */
	KEYS_CLAIM_MAX	= 250,	/* Devices in one /keys/claim. */
	KEYS_DEVICES_MAX = 200,	/* Devices looked at, and remembered, per user. */
};

/* Tracking.  A user newly tracked is outdated.  keys_changed and keys_left take
 * user ids of a sync's device_lists; users not tracked (or malformed) are ignored.
 * keys_left also rotates every session that the user's devices hold. */
int	keys_track(struct crypt *, int64_t pid) must_check;
int	keys_changed(struct crypt *, const char *user) must_check;
int	keys_left(struct crypt *, const char *user) must_check;

/**
 * keys_query_due(c, ret_body, ret_gen): the body of one POST /keys/query for
 * outdated users whose back-off has passed, and its generation; 0, or E_NOTFOUND.
 * A user of two failed queries is asked alone.  The generation is committed, so of two overlapping answers the newer wins.
 * While a query is in flight the caller does not ask again.
 */
int	keys_query_due(struct crypt *, json_t **, int64_t *) must_check;
/**
 * keys_query_answer(c, body_sent, gen, answer, reterr): check and store.  0, or
 * E_BAD if ${answer} is no object of the right form (treat as failed).  One bad
 * device or user never spoils the others.  Users of failed servers back off.
 */
int	keys_query_answer(struct crypt *, const json_t *body_sent, int64_t gen,
	    const json_t *answer, struct err *) must_check;
/** keys_query_failed(c, body_sent, now): nobody answered: back off (1 s, doubling, at most 1 min;
 * a user whose own server failed: at most 1 h). */
int	keys_query_failed(struct crypt *, const json_t *body_sent, int64_t now) must_check;

/**
 * keys_claim_due(c, ret_body): the body of one POST /keys/claim for devices that
 * a waiting share (or an unwedging) needs; 0, or E_NOTFOUND.
 * keys_claim_answer: keep what was given, to be checked and used when the share
 * is worked off; a device with no key, or a malformed one, backs off.
 * keys_claim_failed: the whole request failed or timed out: all of it backs off.
 */
int	keys_claim_due(struct crypt *, json_t **) must_check;
int	keys_claim_answer(struct crypt *, const json_t *body_sent, const json_t *answer) must_check;
int	keys_claim_failed(struct crypt *, const json_t *body_sent) must_check;

/** keys_next(c): when the next query, claim or second try of a share is due, or INT64_MAX.  What is in flight counts as due. */
int64_t	keys_next(struct crypt *);

/**
 * keys_pin(c, user, device_id, fingerprint, reterr): the operator vouches for a
 * device by its Ed25519 key (base64; spaces are ignored).  Clears an earlier
 * refusal of that device.  0, E_BAD.
 * keys_unpin(c, user, device_id): nobody vouches for it any more; 0 if nobody did.
 * keys_pin_master(c, user, master_key, reterr): likewise for a user's master
 * key (trust list).  Same key again: nothing changes.  NULL: the user has none, and none that a
 * server shows or showed is believed; only pinned devices are eligible.
 */
int	keys_pin(struct crypt *, const char *user, const char *device_id,
	    const char *fingerprint, struct err *) must_check;
int	keys_unpin(struct crypt *, const char *user, const char *device_id) must_check;
int	keys_pin_master(struct crypt *, const char *user, const char *master_key,
	    struct err *) must_check;

/** A user who has no eligible device because another master key was shown than the one that we held them to. */
struct keys_doubt {
	int64_t	 pid, since;
	char	 held[CRYPT_KEY_TEXT + 1], shown[CRYPT_KEY_TEXT + 1];	/* Unpadded base64; shown now, "": none is. */
};
/**
 * keys_doubts(c, ret, ret_n): the first KEYS_DOUBTS of those users, the oldest first; freed by the caller.
 * keys_doubt(c, pid, ret): that of one; 0, or E_NOTFOUND.
 * keys_accept(c, pid, master_key, reterr): a person vouches for the key that is shown now; its devices are asked for anew.  0; E_BAD: no key;
 * E_NOTFOUND: the user is not in doubt; E_REFUSED: another key is shown, or none.
 */
enum { KEYS_DOUBTS = 1000 };
int	keys_doubts(struct crypt *, struct keys_doubt **, size_t *) must_check;
int	keys_doubt(struct crypt *, int64_t pid, struct keys_doubt *) must_check;
int	keys_accept(struct crypt *, int64_t pid, const char *master_key, struct err *) must_check;

/**
 * keys_identity(c, pid, ret): the master key that we hold the user to, unpadded base64: 0; E_LATER: nobody has answered for them yet;
 * E_NOTFOUND: they have none; E_REFUSED: another was shown since (${ret} is the one we hold to).
 * keys_vouched(c, pid, device_id): is that device in the user's latest list, signed under that key, with no objection to it?
 * 0, E_LATER (the list is being asked for) or E_REFUSED.
 */
int	keys_identity(struct crypt *, int64_t pid, char ret[CRYPT_KEY_TEXT + 1]) must_check;
int	keys_vouched(struct crypt *, int64_t pid, const char *device_id) must_check;

struct device {
	int64_t	 pid;
	char	*device_id;
	uint8_t	 ed25519[CRYPT_KEY], curve25519[CRYPT_KEY];
};
/** keys_eligible(c, pid, ret, ret_n): its eligible devices by id; keys_list_free. */
int	keys_eligible(struct crypt *, int64_t pid, struct device **, size_t *) must_check;
void	keys_list_free(struct device *, size_t);

/** keys_fresh(c, pid): 0 if tracked, and the last change of the list is answered for; E_LATER.  One that is asked for again since nobody
 * of it may receive keys is fresh meanwhile. */
int	keys_fresh(struct crypt *, int64_t pid) must_check;

/** keys_explain(c, user, fn, cookie): each known device, and why it does or does not get keys. */
int	keys_explain(struct crypt *, const char *user,
	    int (*)(void *, const char *device_id, const char *fingerprint, bool eligible,
	    const char *why), void *) must_check;
/** keys_alarms_each(c, fn, cookie): what an operator should look at, newest first.  user may be "" (ourselves). */
int	keys_alarms_each(struct crypt *, int (*)(void *, int64_t at, const char *user,
	    const char *device_id, const char *text), void *) must_check;

#endif /* !CAIRN_KEYS_H */
