/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devicestore: the users whose devices we track, those devices, what an
 * operator or the trust list vouches for, and what is to be looked at.
 */
#ifndef CAIRN_DEVICESTORE_H
#define CAIRN_DEVICESTORE_H

#include "cryptostore.h"

struct crypto_user {
	int64_t	 pid;
	int64_t	 tracked, outdated;
	int64_t	 changed, answered;	/* Generations: last announced change, last query answered. */
	int64_t	 queried_at;		/* When that query was made. */
	int64_t	 tries, due;		/* Back-off of the query. */
	int64_t	 pinned, refused;
	int64_t	 refused_at;		/* While refused: since when. */
	bool	 has_master, has_shown;
	uint8_t	 master[CRYPTO_KEY];
	uint8_t	 shown[CRYPTO_KEY];	/* While refused: the master key that is shown now. */
};
/** crypto_user_get: 0, E_NOTFOUND. crypto_user_put: insert or replace. */
int	crypto_user_get(struct db *, int64_t pid, struct crypto_user *) must_check;
int	crypto_user_put(struct db *, const struct crypto_user *) must_check;
/** crypto_user_due(db, now, limit, ret, ret_n): pids whose list is outdated and may be asked for. */
int	crypto_user_due(struct db *, int64_t now, int64_t limit, int64_t **, size_t *) must_check;
/** crypto_user_refused(db, limit, ret, ret_n): pids whose master key changed, oldest first.
 * crypto_user_held(db, pid, ret): how many events for that user alone are not encrypted yet. */
int	crypto_user_refused(struct db *, int64_t limit, int64_t **, size_t *) must_check;
int	crypto_user_held(struct db *, int64_t pid, int64_t *) must_check;

struct crypto_device {
	int64_t	 pid;
	char	*device_id;
	uint8_t	 ed25519[CRYPTO_KEY], curve25519[CRYPTO_KEY];
	int64_t	 listed, is_signed, eligible;
	int64_t	 claim, claim_tries, claim_due;	/* Wanted: a one-time key; its back-off. */
	int64_t	 mend, mended_at;		/* Wanted: a new Olm session; when the last one was, of ours or of theirs. */
	int64_t	 failures, failing_at;		/* Messages that did not decrypt. */
	char	*refused;			/* Why never, or NULL. */
	char	*onetime;			/* {key id: key object} as claimed, or NULL. */
	struct buf used;			/* crypto_device_use: what crypto_device_claim is to note; else empty. */
};
int	crypto_device_get(struct db *, int64_t pid, const char *device_id, struct crypto_device *) must_check;
int	crypto_device_put(struct db *, const struct crypto_device *) must_check;
/** crypto_device_claim: write only what a claim changes: claim, claim_tries, claim_due, mend, onetime, used. */
int	crypto_device_claim(struct db *, const struct crypto_device *) must_check;
/** crypto_device_use(db, device, key): crypto_device_claim will note that this one-time key is used;
 * E_EXISTS: it was before.  The last CRYPTO_USED are remembered: at a new session an hour, those of a week. */
enum { CRYPTO_USED = 168, CRYPTO_USED_HASH = 8 };
int	crypto_device_use(struct db *, struct crypto_device *, const uint8_t onetime[CRYPTO_KEY]) must_check;
int	crypto_device_drop(struct db *, int64_t pid, const char *device_id) must_check;
void	crypto_device_free(struct crypto_device *);
#define autodevice __attribute__((cleanup(crypto_device_free)))
/* Lists, possibly empty; crypto_device_list_free. */
int	crypto_device_list(struct db *, int64_t pid, struct crypto_device **, size_t *) must_check;
int	crypto_device_by_key(struct db *, const uint8_t curve25519[CRYPTO_KEY],
	    struct crypto_device **, size_t *) must_check;
/** crypto_device_name(db, curve25519, pid, ret_id, ret_eligible): the user's device of that key; 0 and an id to free, E_NOTFOUND. */
int	crypto_device_name(struct db *, const uint8_t[CRYPTO_KEY], int64_t pid, char **, bool *) must_check;
int	crypto_device_claims(struct db *, int64_t now, int64_t limit, struct crypto_device **, size_t *) must_check;
/** crypto_device_mends: those to be mended whose claim is answered. */
int	crypto_device_mends(struct db *, int64_t limit, struct crypto_device **, size_t *) must_check;
void	crypto_device_list_free(struct crypto_device *, size_t);

/** crypto_due(db): earliest query, claim or second try of a skipped share, or INT64_MAX. */
int64_t	crypto_due(struct db *);

int	crypto_pin_get(struct db *, int64_t pid, const char *device_id, uint8_t[CRYPTO_KEY]) must_check;
int	crypto_pin_put(struct db *, int64_t pid, const char *device_id, const uint8_t[CRYPTO_KEY]) must_check;
int	crypto_pin_drop(struct db *, int64_t pid, const char *device_id) must_check;

/** crypto_alarm_add: once per user, device ("": none) and text; of one text the newest CRYPTO_ALARMS of a user are kept, so that a homeserver
 * with many devices to show hides no other alarm. _each: newest first; pid 0: ourselves. */
enum { CRYPTO_ALARMS = 20 };
int	crypto_alarm_add(struct db *, int64_t at, int64_t pid, const char *device_id, const char *text) must_check;
int	crypto_alarm_each(struct db *, int64_t limit, int (*)(void *, int64_t at, int64_t pid,
	    const char *device_id, const char *text), void *) must_check;

/* Counters: the generation orders queries and changes of device lists; the
 * epoch moves whenever anybody's eligibility may have. */
int	crypto_generation_next(struct db *, int64_t *) must_check;
int	crypto_epoch_next(struct db *) must_check;
int	crypto_epoch_get(struct db *, int64_t *) must_check;

#endif /* !CAIRN_DEVICESTORE_H */
