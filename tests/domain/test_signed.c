/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One key signs every kind of document here, and is trusted for every kind.  Still each document is
 * accepted by its own verifier alone; and no mixture of two, signed by that key, by more than one.
 */
#include "base/canon.h"
#include "domain/binding.h"
#include "domain/credential.h"
#include "domain/directory.h"
#include "domain/enrol.h"
#include "domain/publication.h"
#include "domain/signed.h"
#include "domain/statement.h"
#include "domain/status.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "tests/domain/keys.h"

#define LIST	"https://board.example/status/1"
#define CODE	"7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JGA"
#define SERVER	"oak.example"

enum { RECORD, CREDENTIAL, STATUS, TRUST, STATEMENT, PUBLICATION, BINDING, INVITATION, ENROLMENT, KINDS };
static const char *const names[KINDS] = { "record", "credential", "status list", "trust list", "statement", "consent to be published", "binding",
	"invitation", "answer to one" };
static const enum signed_kind kinds[KINDS] = { SIGNED_RECORD, SIGNED_CREDENTIAL, SIGNED_STATUS_LIST, SIGNED_TRUST, SIGNED_EXPERIENCE, SIGNED_PUBLICATION,
	SIGNED_BINDING, SIGNED_INVITATION, SIGNED_ENROLMENT };

static struct keypair key, rosa;
static struct trust *trust;

/* By who has the code, and this key as the one that signs their records. */
static int
enrol(int kind, json_t **ret)
{
	autojson json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}", "org", ORG_A, "name", "Oak", "server", SERVER, "node_user",
	    "@node:" SERVER, "steward_user", "@steward:" SERVER, "master_key", "Qh46Beu6Uf9rwJ7oyAffvMcz0qjvp+UJCwjp+mdxBZ0", "record_key", key.text, "roles", "node",
	    "via", SERVER);
	uint8_t secret[ENROL_KEY];
	int r = enrol_key(ORG_B, CODE, secret);

	if (r == 0)
		r = kind == INVITATION ? enrol_invite(ORG_B, SERVER, NOW + WHEN_DAY, entry, secret, key.seed, NOW, ret, NULL) :
		    enrol_answer(ORG_B, entry, secret, key.seed, NOW, ret, NULL);
	return r;
}

static json_t *
make(int kind)
{
	static uint8_t bits[STATUS_BITS_MIN / 8];
	autojson json_t *subject = json_pack("{s:s, s:s, s:[s], s:[s], s:s}", "id", rosa.did, "credentialType", "CPRS",
	    "kind", "family", "jurisdiction", "US-NJ", "level", "core");
	autojson json_t *body = json_pack("{s:s}", "name", "x");
	struct directory_record draft = { .kind = DIRECTORY_KIND_PROGRAM, .id = ORG_B, .org = ORG_A, .issued_at = NOW - 1,
		.expires_at = NOW + WHEN_DAY, .body = body };
	struct credential_claim claim = { .id = "urn:x", .subject = subject, .valid_from = NOW - 1, .valid_until = NOW + WHEN_DAY };
	struct status_draft list = { .id = LIST, .bits = bits, .nbits = STATUS_BITS_MIN, .from = NOW - 1, .until = NOW + WHEN_DAY };
	json_t *doc = NULL;
	int r = 0;

	if (kind == RECORD)
		r = directory_seal(&draft, NULL, key.seed, &doc, NULL);
	else if (kind == CREDENTIAL)
		r = credential_build(&claim, key.seed, NOW, &doc, NULL);
	else if (kind == STATUS)
		r = status_build(&list, key.seed, NOW, &doc, NULL);
	else if (kind == STATEMENT) {
		doc = json_pack("{s:i, s:s, s:s, s:I, s:I, s:s, s:[s], s:b}", "v", 1, "kind", STATEMENT_KIND, "specialist", key.did, "issued_at",
		    (json_int_t)(NOW - 1), "expires_at", (json_int_t)(NOW + WHEN_DAY), "readers", "staff", "conditions", "alcohol", "withdrawn", 0);
		r = proof_sign(doc, key.seed, "assertionMethod", "2026-11-21T00:00:00Z", NULL);
	} else if (kind == PUBLICATION) {
		autojson json_t *said = json_pack("{s:s}", "alias", "x");

		if ((r = publication_sign(said, ORG_A, ORG_B, NOW + WHEN_DAY, key.seed, NOW - 1, NULL)) == 0)
			doc = json_incref(json_obj(said, "consent"));
	} else if (kind == BINDING)
		r = binding_sign("@rosa:harbor.example", "W2ozYLPaGTiWk6JMVgvY47h08czs0n0aly5jkvxxoN8", key.seed, NOW - 1, &doc, NULL);
	else if (kind == INVITATION || kind == ENROLMENT)
		r = enrol(kind, &doc);
	else {
		doc = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[{s:s, s:s, s:s, s:[{s:s, s:[s]}]}]}", "v", 1, "kind", "trust",
		    "version", 1, "issued_at", (json_int_t)1, "expires_at", (json_int_t)WHEN_MAX, "orgs", "issuers", "id", key.did,
		    "name", "Board", "key", key.text, "for", "type", "CPRS", "jurisdictions", "US-NJ");
		r = trust_sign(doc, key.seed, NOW, NULL);
	}
	if (r != 0)
		printf("# %s: %d\n", names[kind], r);
	return doc;
}

static bool
accepts(int verifier, const json_t *doc)
{
	struct directory_context directory = { .org = ORG_A, .key = key.pub, .now = NOW };
	struct status_context status = { .trust = trust, .issuer = key.did, .list = LIST, .now = NOW };
	enum directory_verdict verdict;
	struct directory_record record;
	struct credential_finding finding;
	struct status_finding said;
	enum statement_verdict judged;
	struct statement statement;
	struct publication publication;
	struct binding binding;
	autostatus struct status_list *list = NULL;
	autotrust struct trust *t = NULL;
	uint8_t secret[ENROL_KEY];
	struct err err = { "" };

	switch (verifier) {
	case RECORD:
		return directory_check(doc, &directory, &verdict, &record, &err) == 0 && verdict == DIRECTORY_OK;
	case CREDENTIAL:
		return credential_verify(doc, trust, rosa.did, NULL, NOW, &finding) == 0 && finding.verdict == CREDENTIAL_CERTIFIED;
	case STATUS:
		return status_open(doc, &status, &list, &said) == 0 && list != NULL;
	case STATEMENT:
		return statement_check(doc, 0, NOW, &judged, &statement, &err) == 0 && judged == STATEMENT_GOOD;
	case PUBLICATION:
		return publication_read(doc, NOW, &publication, &err) == 0;
	case BINDING:
		return binding_read(doc, NOW, &binding, &err) == 0;
	case INVITATION:
		return enrol_check_invitation(doc, SERVER, CODE, NOW, secret, &err) == 0;
	case ENROLMENT:
		return enrol_key(ORG_B, CODE, secret) == 0 && enrol_check_answer(doc, ORG_B, SERVER, secret, &err) == 0;
	default:
		return trust_load(doc, only(key.pub), NULL, NOW, &t, &err) == 0;
	}
}

static void
test_matrix(void)
{
	for (int d = 0; d < KINDS; d++) {
		autojson json_t *doc = make(d);

		autojson json_t *alone = json_copy(doc);

		/* A trust list has a set of proofs, each over the list without any. */
		if (json_arr(doc, "proof") != NULL)
			(void)json_object_set(alone, "proof", json_array_get(json_arr(doc, "proof"), 0));
		ok(signed_kind(doc) == kinds[d], "a %s is one", names[d]);
		for (int v = 0; v < KINDS; v++) {
			ok(accepts(v, doc) == (d == v), "a %s is %s as a %s", names[d], d == v ? "accepted" : "refused", names[v]);
			ok((signed_verify(alone, kinds[v], key.pub, NULL) == 0) == (d == v), "and so says its proof");
		}
		ok(signed_verify(doc, SIGNED_NOTHING, key.pub, NULL) == E_REFUSED, "nobody asks for nothing");
	}
}

/* Members of one, and those of the other that it lacks, or that differ. */
static void
test_mixtures(void)
{
	int twice = 0, taken = 0, tried = 0;

	for (int a = 0; a < KINDS; a++)
		for (int b = 0; b < KINDS; b++) {
			autojson json_t *first = make(a), *second = make(b);
			const char *name;
			json_t *value;

			/* A statement with more in it is one still. */
			if (a == b || b == STATEMENT)
				continue;
			/* The whole of the other, then each of its members alone. */
			for (int whole = 1; whole >= 0; whole--)
				json_object_foreach(second, name, value) {
					autojson json_t *doc = json_deep_copy(first);
					int n = 0;

					if (whole ? json_object_update(doc, second) != 0 : json_object_set(doc, name, value) != 0)
						exit(99);
					/* Two credentials have the same members: then this is the other. */
					if (json_equal(doc, second))
						continue;
					(void)json_object_del(doc, "proof");
					if (proof_sign(doc, key.seed, "assertionMethod", "2026-11-21T00:00:00Z", NULL) != 0)
						exit(99);
					for (int v = 0; v < KINDS; v++)
						n += accepts(v, doc);
					tried++;
					twice += n > 1;
					taken += n > 0 && accepts(b, doc);
				}
		}
	ok(twice == 0 && taken == 0 && tried > 100, "of %d mixtures, %d are taken for two kinds, %d for the other", tried, twice, taken);
}

static void
test_kinds(void)
{
	static const struct {
		const char		*text;
		enum signed_kind	 kind;
	} docs[] = {
		{ "{}", SIGNED_NOTHING }, { "[]", SIGNED_NOTHING }, { "{'kind': 'pact'}", SIGNED_PACT },
		{ "{'kind': 'roster'}", SIGNED_ROSTER }, { "{'kind': 'lived_experience'}", SIGNED_EXPERIENCE },
		{ "{'kind': 'trust', 'seq': 1}", SIGNED_NOTHING }, { "{'kind': 'program'}", SIGNED_NOTHING },
		{ "{'kind': 'program', 'seq': 1}", SIGNED_RECORD }, { "{'kind': 1, 'seq': 1}", SIGNED_NOTHING },
		{ "{'kind': 'trust', '@context': ['https://www.w3.org/ns/credentials/v2']}", SIGNED_NOTHING },
		{ "{'@context': ['https://www.w3.org/ns/credentials/v2'], 'type': ['PeerSupportCredential', 'VerifiableCredential']}",
		  SIGNED_CREDENTIAL },
		{ "{'@context': ['https://www.w3.org/ns/credentials/v2'], 'type': ['PeerSupportCredential', 'BitstringStatusListCredential']}",
		  SIGNED_NOTHING },
		{ "{'@context': ['https://www.w3.org/ns/credentials/v2'], 'type': ['VerifiableCredential', 'PeerSupportCredential', "
		  "'BitstringStatusListCredential']}", SIGNED_NOTHING },
		{ "{'@context': ['https://x.example'], 'type': ['VerifiableCredential', 'PeerSupportCredential']}", SIGNED_NOTHING },
	};

	for (size_t i = 0; i < nelem(docs); i++) {
		autojson json_t *doc = json_of(docs[i].text);

		is_int(signed_kind(doc), docs[i].kind, "%s", docs[i].text);
	}
}

int
main(void)
{
	autojson json_t *doc = NULL;

	key = key_of(KEY_ISSUER);
	rosa = key_of(KEY_ROSA);
	doc = make(TRUST);
	ok(trust_load(doc, only(key.pub), NULL, NOW, &trust, NULL) == 0, "one key for all");
	test_matrix();
	test_mixtures();
	test_kinds();
	trust_free(trust);
	return done_testing();
}
