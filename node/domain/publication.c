/* SPDX-License-Identifier: Apache-2.0 */
#include "publication.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/proof.h"
#include "directory.h"
#include "events.h"
#include "signed.h"
#include "vc.h"
#include "when.h"

#define DID_KEY	"did:key:"

/* Of free places only how many there are and of what: the rest changes from day to day. */
static int
forget_places(json_t *said)
{
	static const char *const changing[] = { "open", "updated_at", "waitlist" };
	json_t *places = json_obj(said, "capacity");

	if (places == NULL)
		return 0;
	if ((places = json_copy(places)) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < nelem(changing); i++)
		(void)json_object_del(places, changing[i]);
	return json_object_set_new(said, "capacity", places) != 0 ? -ENOMEM : 0;
}

int
publication_hash(const json_t *body, char ret[65])
{
	autojson json_t *said = json_copy((json_t *)body);
	int r;

	if (said == NULL)
		return json_is_object(body) ? -ENOMEM : E_BAD;
	(void)json_object_del(said, "consent");
	return (r = forget_places(said)) != 0 ? r : directory_hash(said, ret, NULL);
}

const char *
publication_of(const json_t *body)
{
	const json_t *subject = json_obj(body, "credentialSubject");

	return subject != NULL ? json_str(subject, "id") : json_str(body, "did");
}

int
publication_read(const json_t *doc, int64_t now, struct publication *ret, struct err *reterr)
{
	struct publication p = { .specialist = json_str(doc, "specialist"), .org = json_str(doc, "org"), .record = json_str(doc, "record"),
	    .hash = json_str(doc, "hash"), .issued_at = json_int(doc, "issued_at", 0), .expires_at = json_int(doc, "expires_at", 0) };
	const json_t *account = json_object_get(doc, "account");
	struct binding b;
	uint8_t key[32];
	int r = event_check(&ev_publication_desc, doc, reterr);

	if (r != 0)
		return r;
	if (strncmp(p.specialist, DID_KEY, strlen(DID_KEY)) != 0 || proof_key_parse(p.specialist + strlen(DID_KEY), key) != 0)
		return err_set(reterr, E_BAD, "the consent is by nobody who has a did:key");
	if (p.expires_at <= p.issued_at || json_is_true(json_object_get(doc, "withdrawn")) != (p.hash == NULL))
		return err_set(reterr, E_BAD, "the consent ends before it begins, or does not say whether it holds");
	if (p.issued_at > now + WHEN_SKEW)
		return err_set(reterr, E_REFUSED, "the consent is dated in the future");
	if ((r = signed_verify(doc, SIGNED_PUBLICATION, key, reterr)) > 0)
		err_add(reterr, "the specialist did not sign the consent, or it was changed afterwards");
	if (r == 0 && account != NULL && (r = binding_read(account, now, &b, reterr)) == 0 && strcmp(b.specialist, p.specialist) != 0)
		r = err_set(reterr, E_REFUSED, "whose account it is was said by somebody else than the specialist");
	if (r == 0)
		*ret = p;
	return r;
}

int
publication_check(const json_t *body, const char *org, const char *record, int64_t newest, int64_t now,
    struct publication *ret, struct err *reterr)
{
	const char *did = publication_of(body);
	const json_t *places = json_obj(body, "capacity");
	struct publication p;
	char hash[DIRECTORY_HASH], day[WHEN_TEXT];
	int r = publication_read(json_obj(body, "consent"), now, &p, reterr);

	if (r != 0)
		return r;
	if (did == NULL || strcmp(did, p.specialist) != 0)
		return err_set(reterr, E_REFUSED, "the consent is by somebody else than the specialist");
	if (strcmp(p.org, org) != 0 || (record != NULL && strcmp(p.record, record) != 0))
		return err_set(reterr, E_REFUSED, "the consent is for another organization or record");
	if (p.hash == NULL || p.issued_at < newest)
		return err_set(reterr, E_REFUSED, "the specialist withdrew this consent, or gave another since");
	if (p.expires_at <= now)
		return err_set(reterr, E_REFUSED, "the consent ended on %s", when_print_day(p.expires_at, day));
	if (json_int(places, "open", 0) > json_int(places, "maximum", INT64_MAX))
		return err_set(reterr, E_REFUSED, "more places are called free than the specialist agreed to have in all");
	if ((r = publication_hash(body, hash)) != 0)
		return r;
	if (strcmp(p.hash, hash) != 0)
		return err_set(reterr, E_REFUSED, "the record says something else of the specialist than what they agreed to");
	*ret = p;
	return 0;
}

int64_t
publication_ends(const json_t *body)
{
	return json_int(json_obj(body, "consent"), "expires_at", WHEN_MAX);
}

bool
publication_over(const json_t *body, int64_t now)
{
	return publication_ends(body) <= now;
}

int
publication_account(const json_t *body, int64_t now, struct binding *ret)
{
	const json_t *account = json_obj(json_obj(body, "consent"), "account");
	const char *did = publication_of(body);
	struct binding b;
	int r;

	if (account == NULL)
		return E_NOTFOUND;
	if ((r = binding_read(account, now, &b, NULL)) != 0)
		return r < 0 ? r : E_REFUSED;
	if (did == NULL || strcmp(b.specialist, did) != 0 || publication_over(body, now))
		return E_REFUSED;
	*ret = b;
	return 0;
}

static void
own_did(const uint8_t seed[32], char ret[80])
{
	uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	(void)vc_did(pub, ret);
}

/* ${doc} signed and as it should be; consumed. */
static int
finish(json_t *doc, const uint8_t seed[32], int64_t now, json_t **ret, struct err *reterr)
{
	autojson json_t *mine = doc;
	struct publication p;
	char created[WHEN_TEXT];
	int r = doc == NULL ? -ENOMEM : proof_sign(doc, seed, SIGNED_PURPOSE, when_print(now, created), reterr);

	if (r == 0 && (r = publication_read(doc, now, &p, reterr)) == 0)
		*ret = take(mine);
	return r;
}

int
publication_sign(json_t *body, const char *org, const char *record, int64_t until, const uint8_t seed[32], int64_t now,
    struct err *reterr)
{
	const char *said = publication_of(body);
	json_t *consent = NULL;
	char did[80], hash[DIRECTORY_HASH];
	int r;

	own_did(seed, did);
	if (said != NULL && strcmp(said, did) != 0)
		return err_set(reterr, E_BAD, "did is that of another specialist than the key");
	/* Of a credential it is inside, by its issuer. */
	if (said == NULL && json_object_set_new(body, "did", json_string(did)) != 0)
		return json_is_object(body) ? -ENOMEM : err_set(reterr, E_BAD, "the body of a specialist is missing");
	if ((r = publication_hash(body, hash)) != 0 || (r = finish(json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:O*}", "v", 1, "kind",
	    "publication", "specialist", did, "org", org, "record", record, "hash", hash, "issued_at", (json_int_t)now, "expires_at",
	    (json_int_t)until, "withdrawn", 0, "account", json_object_get(json_obj(body, "consent"), "account")), seed, now, &consent, reterr)) != 0)
		return r;
	return json_object_set_new(body, "consent", consent) == 0 ? 0 : -ENOMEM;
}

int
publication_bind(json_t *body, const char *user, const char *master_key, const uint8_t seed[32], int64_t now, struct err *reterr)
{
	json_t *account = NULL, *consent = json_obj(body, "consent");
	int r = binding_sign(user, master_key, seed, now, &account, reterr);

	if (r != 0)
		return r;
	if (consent != NULL)
		return json_object_set_new(consent, "account", account) == 0 ? 0 : -ENOMEM;
	if ((consent = json_pack("{s:o}", "account", account)) == NULL)
		return -ENOMEM;
	return json_object_set_new(body, "consent", consent) == 0 ? 0 : json_is_object(body) ? -ENOMEM : E_BAD;
}

int
publication_withdraw(const json_t *consent, const uint8_t seed[32], int64_t now, json_t **ret, struct err *reterr)
{
	struct publication p;
	char did[80];
	int r = publication_read(consent, now, &p, reterr);

	if (r != 0)
		return r;
	own_did(seed, did);
	if (strcmp(p.specialist, did) != 0)
		return err_set(reterr, E_BAD, "the consent is that of another specialist than the key");
	return finish(json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "v", 1, "kind", "publication", "specialist", did, "org", p.org,
	    "record", p.record, "issued_at", (json_int_t)now, "expires_at", (json_int_t)(p.expires_at > now ? p.expires_at : now + 1),
	    "withdrawn", 1), seed, now, ret, reterr);
}
