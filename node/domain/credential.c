/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "trust.h"
#include "when.h"

#define PURPOSE	"assertionMethod"
#define CONTEXT	"https://www.w3.org/ns/credentials/v2"
#define TYPE_VC	"VerifiableCredential"
#define TYPE_OURS "PeerSupportCredential"

#define X(name, text) text,
static const char *const verdict_names[] = { CREDENTIAL_VERDICTS(X) };
#undef X

/* What a credential says, borrowed. */
struct reading {
	const char	*issuer;
	const char	*subject;
	const char	*type;
	const char	*label;
	const char	*level;
	const json_t	*jurisdictions;
	int64_t		 from, until;
};

const char *
credential_verdict_name(enum credential_verdict verdict)
{
	return (unsigned)verdict < CREDENTIAL_NVERDICTS ? verdict_names[verdict] : "unknown";
}

const char *
credential_did(const uint8_t key[32], char out[80])
{
	char text[64];

	proof_key_text(key, text);
	(void)snprintf(out, 80, "did:key:%s", text);
	return out;
}

static bool
is_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

static bool
is_did(const char *s)
{
	return s != NULL && strncmp(s, "did:", 4) == 0;
}

/* Exactly these members; a status entry is judged by the caller. */
static const char *
foreign_member(const json_t *vc)
{
	static const char *const known[] = { "@context", "id", "type", "issuer", "validFrom",
		"validUntil", "credentialSubject", "credentialStatus", "proof" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)vc, key, value) {
		size_t i = 0;

		while (i < nelem(known) && strcmp(known[i], key) != 0)
			i++;
		if (i == nelem(known))
			return key;
	}
	return NULL;
}

static bool
has_types(const json_t *types)
{
	const char *a = json_string_value(json_array_get(types, 0));
	const char *b = json_string_value(json_array_get(types, 1));

	if (json_array_size(types) != 2 || a == NULL || b == NULL)
		return false;
	return (strcmp(a, TYPE_VC) == 0 && strcmp(b, TYPE_OURS) == 0) ||
	    (strcmp(a, TYPE_OURS) == 0 && strcmp(b, TYPE_VC) == 0);
}

static int
read_subject(const json_t *subject, struct reading *ret, struct err *reterr)
{
	ret->subject = json_str(subject, "id");
	ret->type = json_str(subject, "credentialType");
	ret->label = json_str(subject, "label");
	ret->level = json_str(subject, "level");
	ret->jurisdictions = json_arr(subject, "jurisdiction");
	if (!is_did(ret->subject) || !is_text(ret->type) || !is_text(ret->level))
		return err_set(reterr, E_BAD, "the credential does not say whom it certifies, as what "
		    "and at which level");
	if (json_array_size(json_arr(subject, "kind")) == 0)
		return err_set(reterr, E_BAD, "the credential names no field of peer support");
	if (json_array_size(ret->jurisdictions) == 0)
		return err_set(reterr, E_BAD, "the credential does not say where it holds");
	for (size_t i = 0; i < json_array_size(ret->jurisdictions); i++)
		if (!is_text(json_string_value(json_array_get(ret->jurisdictions, i))))
			return err_set(reterr, E_BAD, "a place where the credential holds is not text");
	return 0;
}

static int
read_credential(const json_t *vc, struct reading *ret, struct err *reterr)
{
	const char *context = json_string_value(json_array_get(json_arr(vc, "@context"), 0));
	const char *from = json_str(vc, "validFrom"), *until = json_str(vc, "validUntil");
	const char *foreign = foreign_member(vc);

	ret->issuer = json_str(vc, "issuer");
	if (context == NULL || strcmp(context, CONTEXT) != 0 || !has_types(json_arr(vc, "type")))
		return err_set(reterr, E_BAD, "it is not a credential for peer support");
	if (foreign != NULL)
		return err_set(reterr, E_BAD, "the credential has a member that cannot be checked "
		    "here: %s", foreign);
	if (!is_did(ret->issuer))
		return err_set(reterr, E_BAD, "the credential does not say who issued it");
	if (from == NULL || until == NULL || when_parse(from, &ret->from) != 0 ||
	    when_parse(until, &ret->until) != 0 || ret->until <= ret->from)
		return err_set(reterr, E_BAD, "the credential has no proper validFrom and validUntil");
	return read_subject(json_obj(vc, "credentialSubject"), ret, reterr);
}

/* The first place that the issuer may not certify for, or NULL. */
static const char *
unentitled_place(const struct trust_issuer *issuer, const struct reading *cred)
{
	for (size_t i = 0; i < json_array_size(cred->jurisdictions); i++) {
		const char *where = json_string_value(json_array_get(cred->jurisdictions, i));

		if (!trust_entitles(issuer, cred->type, where))
			return where;
	}
	return NULL;
}

static enum credential_verdict
judge_claims(const struct reading *cred, const struct trust_issuer *issuer, const char *subject,
    int64_t now, struct err *reason)
{
	const char *where = unentitled_place(issuer, cred);
	char day[WHEN_TEXT];

	if (where != NULL) {
		(void)err_set(reason, 0, "%s is not entitled to certify %s for %s", issuer->name,
		    cred->type, where);
		return CREDENTIAL_NOT_ENTITLED;
	}
	if (subject == NULL || strcmp(subject, cred->subject) != 0) {
		(void)err_set(reason, 0, "the credential was issued to somebody else than the "
		    "specialist of this record");
		return CREDENTIAL_WRONG_SUBJECT;
	}
	if (now + WHEN_SKEW < cred->from) {
		(void)err_set(reason, 0, "the credential by %s is valid only from %s", issuer->name,
		    when_print_day(cred->from, day));
		return CREDENTIAL_NOT_YET;
	}
	if (now - WHEN_SKEW > cred->until) {
		(void)err_set(reason, 0, "the credential by %s expired on %s", issuer->name,
		    when_print_day(cred->until, day));
		return CREDENTIAL_EXPIRED;
	}
	(void)err_set(reason, 0, "certified as %s by %s until %s",
	    is_text(cred->label) ? cred->label : cred->type, issuer->name,
	    when_print_day(cred->until, day));
	return CREDENTIAL_CERTIFIED;
}

static int
judge(const json_t *vc, const struct trust *trust, const char *subject, int64_t now,
    struct credential_finding *f)
{
	struct reading cred = { 0 };
	const struct trust_issuer *issuer;
	int r;

	if (vc == NULL) {
		f->verdict = CREDENTIAL_UNCERTIFIED;
		(void)err_set(&f->reason, 0, "no credential was published");
		return 0;
	}
	if (read_credential(vc, &cred, &f->reason) != 0) {
		f->verdict = CREDENTIAL_MALFORMED;
		return 0;
	}
	if (json_object_get(vc, "credentialStatus") != NULL) {
		f->verdict = CREDENTIAL_STATUS_UNKNOWN;
		(void)err_set(&f->reason, 0, "the credential may have been revoked: it names a "
		    "revocation list, which was not read");
		return 0;
	}
	issuer = trust_issuer(trust, cred.issuer);
	if (issuer == NULL) {
		f->verdict = CREDENTIAL_UNKNOWN_ISSUER;
		(void)err_set(&f->reason, 0, "the issuer %s is not in the trust list", cred.issuer);
		return 0;
	}
	r = proof_verify(vc, issuer->key, PURPOSE, &f->reason);
	if (r != 0) {
		f->verdict = CREDENTIAL_BAD_PROOF;
		err_add(&f->reason, "the credential was not signed by %s, or was changed afterwards",
		    issuer->name);
		return r < 0 ? r : 0;
	}
	f->verdict = judge_claims(&cred, issuer, subject, now, &f->reason);
	if (f->verdict == CREDENTIAL_CERTIFIED) {
		f->issuer = issuer->name;
		f->type = cred.type;
		f->label = cred.label;
		f->level = cred.level;
		f->jurisdictions = cred.jurisdictions;
		f->valid_until = cred.until;
	}
	return 0;
}

int
credential_verify(const json_t *vc, const struct trust *trust, const char *subject, int64_t now,
    struct credential_finding *ret)
{
	struct credential_finding finding = { .verdict = CREDENTIAL_MALFORMED };
	int r = judge(vc, trust, subject, now, &finding);

	if (r == 0)
		*ret = finding;
	return r;
}

int
credential_build(const struct credential_claim *claim, const uint8_t seed[32], int64_t now,
    json_t **ret, struct err *reterr)
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	char did[80], from[WHEN_TEXT], until[WHEN_TEXT], created[WHEN_TEXT];
	autojson json_t *vc = NULL;
	struct reading reading = { 0 };
	int r;

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	if (!json_is_object(claim->subject))
		return err_set(reterr, E_BAD, "the subject of the credential is missing");
	vc = json_pack("{s:[s], s:[s,s], s:s, s:s, s:s, s:O}", "@context", CONTEXT,
	    "type", TYPE_VC, TYPE_OURS,
	    "issuer", claim->issuer != NULL ? claim->issuer : credential_did(pub, did),
	    "validFrom", when_print(claim->valid_from, from),
	    "validUntil", when_print(claim->valid_until, until),
	    "credentialSubject", claim->subject);
	if (vc == NULL || (claim->id != NULL &&
	    json_object_set_new(vc, "id", json_string(claim->id)) != 0))
		return -ENOMEM;
	r = read_credential(vc, &reading, reterr);
	if (r == 0)
		r = proof_sign(vc, seed, PURPOSE, when_print(now, created), reterr);
	if (r == 0)
		*ret = take(vc);
	return r;
}
