/* SPDX-License-Identifier: Apache-2.0 */
#include "binding.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "base/proof.h"
#include "events.h"
#include "signed.h"
#include "vc.h"
#include "when.h"

#define DID_KEY	"did:key:"

int
binding_read(const json_t *doc, int64_t now, struct binding *ret, struct err *reterr)
{
	struct binding b = { .specialist = json_str(doc, "specialist"), .user = json_str(doc, "user"),
	    .master_key = json_str(doc, "master_key"), .issued_at = json_int(doc, "issued_at", 0) };
	uint8_t key[32];
	int r = event_check(&ev_binding_desc, doc, reterr);

	if (r != 0)
		return r;
	if (strncmp(b.specialist, DID_KEY, strlen(DID_KEY)) != 0 || proof_key_parse(b.specialist + strlen(DID_KEY), key) != 0)
		return err_set(reterr, E_BAD, "whose account it is says nobody who has a did:key");
	if (b.issued_at > now + WHEN_SKEW)
		return err_set(reterr, E_REFUSED, "whose account it is was signed in the future");
	if ((r = signed_verify(doc, SIGNED_BINDING, key, reterr)) > 0)
		err_add(reterr, "the specialist did not sign whose account it is, or it was changed afterwards");
	if (r == 0)
		*ret = b;
	return r;
}

int
binding_sign(const char *user, const char *master_key, const uint8_t seed[32], int64_t now, json_t **ret, struct err *reterr)
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	autojson json_t *doc = NULL;
	char did[80], created[WHEN_TEXT];
	struct binding b;
	int r;

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	doc = json_pack("{s:i, s:s, s:s, s:s, s:s, s:I}", "v", 1, "kind", "binding", "specialist", vc_did(pub, did), "user", user, "master_key",
	    master_key, "issued_at", (json_int_t)now);
	if ((r = doc == NULL ? -ENOMEM : proof_sign(doc, seed, SIGNED_PURPOSE, when_print(now, created), reterr)) == 0 &&
	    (r = binding_read(doc, now, &b, reterr)) == 0)
		*ret = take(doc);
	return r;
}

const char *
binding_text(const struct binding *b, char out[BINDING_TEXT])
{
	(void)snprintf(out, BINDING_TEXT, "%s %s %s", b->specialist, b->user, b->master_key);
	return out;
}

static void
bytes_of(const char *text, uint8_t ret[BINDING_NWORDS])
{
	static const char what[] = ID_NAMESPACE "binding ";
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)what, strlen(what));
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)text, strlen(text));
	(void)crypto_hash_sha256_final(&state, hash);
	memcpy(ret, hash, BINDING_NWORDS);
}

const char *
binding_words(const char *text, char out[BINDING_WORDS])
{
	uint8_t bytes[BINDING_NWORDS];

	bytes_of(text, bytes);
	return words_print(bytes, BINDING_NWORDS, out);
}

bool
binding_said(const char *text, const char *said)
{
	uint8_t want[BINDING_NWORDS], got[BINDING_NWORDS];

	bytes_of(text, want);
	return words_parse(said, got, BINDING_NWORDS) == 0 && memcmp(want, got, sizeof(want)) == 0;
}
