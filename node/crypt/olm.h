/* SPDX-License-Identifier: Apache-2.0 */
/*
 * olm: the Olm and Megolm ratchets.  olm.c is the only file that includes
 * <olm/...>, so another library can take its place.  (Names begin with ratchet_
 * because libolm owns olm_.)  What comes from outside must have passed strict.h.
 *
 * Constructors return 0 and an object that the caller frees (memory is wiped),
 * -ENOMEM, or what is said there.  ERR_CRYPTO: libolm refused what it cannot refuse.
 */
#ifndef CAIRN_OLM_H
#define CAIRN_OLM_H

#include <jansson.h>

#include "base/buf.h"
#include "crypt.h"
#include "strict.h"

struct ratchet_account;
struct ratchet_session;
struct ratchet_inbound;
struct ratchet_outbound;

void	ratchet_account_free(struct ratchet_account *);
void	ratchet_session_free(struct ratchet_session *);
void	ratchet_inbound_free(struct ratchet_inbound *);
void	ratchet_outbound_free(struct ratchet_outbound *);
static inline void ratchet_account_freep(struct ratchet_account **p) { ratchet_account_free(*p); }
static inline void ratchet_session_freep(struct ratchet_session **p) { ratchet_session_free(*p); }
static inline void ratchet_inbound_freep(struct ratchet_inbound **p) { ratchet_inbound_free(*p); }
static inline void ratchet_outbound_freep(struct ratchet_outbound **p) { ratchet_outbound_free(*p); }
#define autoaccount	__attribute__((cleanup(ratchet_account_freep)))
#define autosession	__attribute__((cleanup(ratchet_session_freep)))
#define autoinbound	__attribute__((cleanup(ratchet_inbound_freep)))
#define autooutbound	__attribute__((cleanup(ratchet_outbound_freep)))

/* Pickles: ${key} is 32 random bytes.  Unpickling: ERR_CORRUPT. */
int	ratchet_account_pickle(struct ratchet_account *, const uint8_t[CRYPT_KEY], struct buf *) must_check;
int	ratchet_session_pickle(struct ratchet_session *, const uint8_t[CRYPT_KEY], struct buf *) must_check;
int	ratchet_inbound_pickle(struct ratchet_inbound *, const uint8_t[CRYPT_KEY], struct buf *) must_check;
int	ratchet_outbound_pickle(struct ratchet_outbound *, const uint8_t[CRYPT_KEY], struct buf *) must_check;
int	ratchet_account_unpickle(const uint8_t[CRYPT_KEY], const struct buf *, struct ratchet_account **) must_check;
int	ratchet_session_unpickle(const uint8_t[CRYPT_KEY], const struct buf *, struct ratchet_session **) must_check;
int	ratchet_inbound_unpickle(const uint8_t[CRYPT_KEY], const struct buf *, struct ratchet_inbound **) must_check;
int	ratchet_outbound_unpickle(const uint8_t[CRYPT_KEY], const struct buf *, struct ratchet_outbound **) must_check;

/* The account. */
int	ratchet_account_new(const struct world *, struct ratchet_account **) must_check;
/** ratchet_account_keys(a, ret_ed25519, ret_curve25519): 0, ERR_CRYPTO. */
int	ratchet_account_keys(struct ratchet_account *, uint8_t[CRYPT_KEY], uint8_t[CRYPT_KEY]) must_check;
int	ratchet_account_sign(struct ratchet_account *, const char *, size_t, char[87]) must_check;
/** Unpublished keys as {key id: base64}; the caller decrefs. */
int	ratchet_account_onetime(struct ratchet_account *, json_t **) must_check;
int	ratchet_account_fallback(struct ratchet_account *, json_t **) must_check;
int	ratchet_account_make_onetime(struct ratchet_account *, const struct world *, size_t) must_check;
int	ratchet_account_make_fallback(struct ratchet_account *, const struct world *) must_check;
void	ratchet_account_forget_fallback(struct ratchet_account *);
void	ratchet_account_published(struct ratchet_account *);
/** ratchet_account_used(a, s): drop the one-time key that opened ${s} (a fallback key stays). */
int	ratchet_account_used(struct ratchet_account *, struct ratchet_session *) must_check;

/* Olm sessions. */
int	ratchet_session_to(struct ratchet_account *, const struct world *, const uint8_t curve[CRYPT_KEY],
	    const uint8_t one_time[CRYPT_KEY], struct ratchet_session **) must_check;
/** ratchet_session_from(a, message of type 0, ret): E_REFUSED if we do not have its one-time key. */
int	ratchet_session_from(struct ratchet_account *, const struct olm_message *,
	    struct ratchet_session **) must_check;
bool	ratchet_session_matches(struct ratchet_session *, const struct olm_message *);
int	ratchet_session_id(struct ratchet_session *, char[CRYPT_KEY_TEXT + 1]) must_check;
int	ratchet_session_encrypt(struct ratchet_session *, const struct world *, const char *, size_t,
	    int *ret_type, char **ret_body) must_check;
/** ratchet_session_decrypt(s, message, out): 0, or E_REFUSED and ${s} is not to be used again. */
int	ratchet_session_decrypt(struct ratchet_session *, const struct olm_message *, struct buf *) must_check;

/* Megolm. */
int	ratchet_inbound_new(const char *session_key, struct ratchet_inbound **) must_check;
uint32_t ratchet_inbound_first(struct ratchet_inbound *);
/** ratchet_inbound_later(s, at, ret): the same session from position ${at} on, which is not before its first; nothing before it can be reckoned from it. */
int	ratchet_inbound_later(struct ratchet_inbound *, uint32_t, struct ratchet_inbound **) must_check;
/** ratchet_inbound_same(a, b): both give the same keys from the later of their first positions on. */
bool	ratchet_inbound_same(struct ratchet_inbound *, struct ratchet_inbound *);
/** ratchet_inbound_decrypt(s, body, pub, out, ret_index): 0, E_REFUSED; signed by ${pub} in any case. */
int	ratchet_inbound_decrypt(struct ratchet_inbound *, const char *, const uint8_t[CRYPT_KEY],
	    struct buf *, uint32_t *) must_check;
int	ratchet_outbound_new(const struct world *, struct ratchet_outbound **) must_check;
int	ratchet_outbound_id(struct ratchet_outbound *, char[CRYPT_KEY_TEXT + 1]) must_check;
uint32_t ratchet_outbound_index(struct ratchet_outbound *);
/** ratchet_outbound_key(s, out): append the session key at the present position (secret). */
int	ratchet_outbound_key(struct ratchet_outbound *, struct buf *) must_check;
int	ratchet_outbound_encrypt(struct ratchet_outbound *, const char *, size_t, struct buf *) must_check;

/** ratchet_exercise(reterr): use every leaf function of libolm once (primitives.h); 0 or ERR_CRYPTO. */
int	ratchet_exercise(struct err *) must_check;

#endif /* !CAIRN_OLM_H */
