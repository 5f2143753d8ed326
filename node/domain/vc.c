/* SPDX-License-Identifier: Apache-2.0 */
#include "vc.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/proof.h"
#include "when.h"

const char *
vc_did(const uint8_t key[32], char out[80])
{
	char text[64];

	proof_key_text(key, text);
	(void)snprintf(out, 80, "did:key:%s", text);
	return out;
}

bool
vc_has_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

bool
vc_is_did(const char *s)
{
	return s != NULL && strncmp(s, "did:", 4) == 0;
}

const char *
vc_foreign(const json_t *object, const char *const *known, size_t n)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		size_t i = 0;

		while (i < n && strcmp(known[i], key) != 0)
			i++;
		if (i == n)
			return key;
	}
	return NULL;
}

int
vc_read(const json_t *doc, enum signed_kind kind, const char *what, struct vc *ret, struct err *reterr)
{
	static const char *const known[] = { "@context", "id", "type", "issuer", "validFrom",
		"validUntil", "credentialSubject", "proof", "credentialStatus" };
	/* A status list has no status of its own. */
	const char *foreign = vc_foreign(doc, known, nelem(known) - (kind != SIGNED_CREDENTIAL));
	const char *from = json_str(doc, "validFrom"), *until = json_str(doc, "validUntil");
	struct vc vc = { .id = json_str(doc, "id"), .issuer = json_str(doc, "issuer"),
		.subject = json_obj(doc, "credentialSubject") };

	if (signed_kind(doc) != kind)
		return err_set(reterr, E_BAD, "it is not a %s", what);
	if (foreign != NULL)
		return err_set(reterr, E_BAD, "the %s has a member that cannot be checked here: %s",
		    what, foreign);
	if (!vc_is_did(vc.issuer))
		return err_set(reterr, E_BAD, "the %s does not say who issued it", what);
	if (from == NULL || until == NULL || when_parse(from, &vc.from) != 0 ||
	    when_parse(until, &vc.until) != 0 || vc.until <= vc.from)
		return err_set(reterr, E_BAD, "the %s has no proper validFrom and validUntil", what);
	*ret = vc;
	return 0;
}

static const char *const types[SIGNED_NKINDS] = {
#define X(name, text) [SIGNED_##name] = (text),
	SIGNED_VCS(X)
#undef X
};

int
vc_build(const struct vc *vc, enum signed_kind kind, const json_t *status, const uint8_t seed[32],
    int64_t now, json_t **ret, struct err *reterr)
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	char did[80], from[WHEN_TEXT], until[WHEN_TEXT], created[WHEN_TEXT];
	autojson json_t *doc = NULL;
	struct vc again;
	int r;

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	if (!json_is_object(vc->subject))
		return err_set(reterr, E_BAD, "the subject of the credential is missing");
	doc = json_pack("{s:[s], s:[s,s], s:s, s:s, s:s, s:O, s:s*, s:O*}", "@context", SIGNED_CONTEXT,
	    "type", "VerifiableCredential", types[kind],
	    "issuer", vc->issuer != NULL ? vc->issuer : vc_did(pub, did),
	    "validFrom", when_print(vc->from, from), "validUntil", when_print(vc->until, until),
	    "credentialSubject", vc->subject, "id", vc->id, "credentialStatus", status);
	if (doc == NULL)
		return -ENOMEM;
	r = vc_read(doc, kind, "credential", &again, reterr);
	if (r == 0)
		r = proof_sign(doc, seed, SIGNED_PURPOSE, when_print(now, created), reterr);
	if (r == 0)
		*ret = take(doc);
	return r;
}

/* A part of a JWS: its bytes in base64url. */
static int
add_part(struct buf *out, const void *bytes, size_t n)
{
	autofree char *text = malloc(B64_LEN(n) + 1);

	if (text == NULL)
		return -ENOMEM;
	encode_b64url(bytes, n, text);
	return buf_puts(out, text);
}

int
vc_jwt(const json_t *doc, const uint8_t seed[32], char **ret)
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];
	autojson json_t *bare = json_copy((json_t *)doc);
	autobuf struct buf payload = { 0 }, out = { 0 };
	const char *issuer = json_str(doc, "issuer");
	char did[80], header[300];
	int n, r;

	if (bare == NULL)
		return json_is_object(doc) ? -ENOMEM : E_BAD;
	(void)json_object_del(bare, "proof");
	(void)crypto_sign_seed_keypair(pub, secret, seed);
	n = snprintf(header, sizeof(header), "{\"alg\":\"EdDSA\",\"cty\":\"vc\",\"kid\":\"%s#%s\",\"typ\":\"vc+jwt\"}", vc_did(pub, did),
	    did + strlen("did:key:"));
	r = issuer == NULL || strcmp(issuer, did) != 0 ? E_BAD : canon_dump(bare, &payload, NULL);
	if (r == 0 && (r = add_part(&out, header, (size_t)n)) == 0 && (r = buf_puts(&out, ".")) == 0 &&
	    (r = add_part(&out, payload.data, payload.len)) == 0) {
		(void)crypto_sign_detached(sig, NULL, (const unsigned char *)out.data, out.len, secret);
		if ((r = buf_puts(&out, ".")) == 0)
			r = add_part(&out, sig, sizeof(sig));
	}
	sodium_memzero(secret, sizeof(secret));
	if (r == 0 && (*ret = buf_take(&out)) == NULL)
		r = -ENOMEM;
	return r;
}
