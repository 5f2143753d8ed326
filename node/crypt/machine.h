/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine: what the files of this room share.  Nobody outside includes it.
 */
#ifndef CAIRN_MACHINE_H
#define CAIRN_MACHINE_H

#include "crypt.h"
#include "olm.h"
#include "store/cryptostore.h"
#include "store/devicestore.h"

enum { MACHINE_INBOUND = 32 };	/* Megolm sessions kept unpickled. */

struct machine_inbound {
	char	 session_id[CRYPT_KEY_TEXT + 1];
	struct crypto_inbound row;
	struct ratchet_inbound *ratchet;	/* NULL: a free place. */
	uint64_t used;
};

struct crypt {
	struct db *db;
	const struct world *world;
	char	*user, *device_id;
	int64_t	 pid;
	uint8_t	 ed25519[CRYPT_KEY], curve25519[CRYPT_KEY];
	char	 ed_text[CRYPT_KEY_TEXT + 1], curve_text[CRYPT_KEY_TEXT + 1];
	uint8_t	 pickle_key[CRYPT_KEY];
	char	*device_keys;		/* Signed, canonical; NULL until asked for. */

	/* Copies of what is stored: crypt_drop_cache. */
	struct ratchet_account *account;
	struct machine_inbound inbound[MACHINE_INBOUND];
	uint64_t clock;

	int64_t	 healed_at;	/* When ids of one-time keys were last left behind (device.c); 0: not since the start. */

	int	 each, left;	/* envelope_turn: budgets of sharing; each is 0 where nobody counts turns. */
};

static inline int64_t
machine_now(const struct crypt *c)
{
	return world_now(c->world);
}

/** machine_account(c, ret): our account, borrowed. machine_save_account: write it back. */
int	machine_account(struct crypt *, struct ratchet_account **) must_check;
int	machine_save_account(struct crypt *) must_check;

/** machine_sign(c, object): add our device's signature (Matrix signing). */
int	machine_sign(struct crypt *, json_t *) must_check;
/** machine_device_keys(c, ret): our signed device_keys as canonical text, borrowed. */
int	machine_device_keys(struct crypt *, const char **) must_check;

/** machine_inbound(c, session_id, pid, ret): a stored Megolm session, as that user gave it, borrowed; 0, E_NOTFOUND. */
int	machine_inbound(struct crypt *, const char *, int64_t pid, struct machine_inbound **) must_check;
/** machine_forget_inbound(c, session_id, pid): its stored form has changed. */
void	machine_forget_inbound(struct crypt *, const char *, int64_t pid);

/** machine_alarm(c, pid, device_id, text): for the operator; device_id may be NULL. */
int	machine_alarm(struct crypt *, int64_t pid, const char *, const char *) must_check;

/** machine_backoff(tries, most): 1 s doubling to ${most} (ms). */
#define MACHINE_MINUTE	(60 * 1000LL)
#define MACHINE_HOUR	(60 * MACHINE_MINUTE)
int64_t	machine_backoff(int64_t, int64_t);

/** machine_answered(user): the last word on its list was asked for and came.  If it is outdated all the same it is asked for again, since nobody
 * of it may receive keys, and nothing waits for that.  machine_again(tries): how long until then. */
static inline bool
machine_answered(const struct crypto_user *u)
{
	return !u->outdated || u->answered > u->changed;
}
int64_t	machine_again(int64_t tries);
/** machine_look_again(c, pid): something waits for a device of this user that may receive keys. */
int	machine_look_again(struct crypt *, int64_t pid) must_check;

/** machine_outdate(c, pid): track the user and ask for its devices again. */
int	machine_outdate(struct crypt *, int64_t pid) must_check;

/** machine_pinned(c, device, ret): did somebody vouch for its fingerprint? */
int	machine_pinned(struct crypt *, const struct crypto_device *, bool *) must_check;

/**
 * Whose a Curve25519 key is that several devices show (twins.c).
 * machine_twins(c, pid): judge anew those that this user's devices show.
 * machine_twin_new(c, device): one that shows a known one's key, not stored yet, is refused until it is judged.
 * machine_is_twin(device): it is refused for that alone.
 * machine_proved(c, device): it spoke with its key, so the key is its own; what is stored of it is read anew.
 */
int	machine_twins(struct crypt *, int64_t pid) must_check;
int	machine_twin_new(struct crypt *, struct crypto_device *) must_check;
bool	machine_is_twin(const struct crypto_device *);
int	machine_proved(struct crypt *, struct crypto_device *) must_check;

/** machine_eligible(c, pid): work out anew which of the user's devices may receive keys. */
int	machine_eligible(struct crypt *, int64_t pid) must_check;

#endif /* !CAIRN_MACHINE_H */
