/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/credential.h"
#include "domain/trust.h"
#include "domain/vc.h"
#include "domain/when.h"
#define FAULTS_OF_BUFFERS
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

#define FROM	1768435200000LL		/* 2026-01-15T00:00:00Z */
#define UNTIL	1831507200000LL		/* 2028-01-15T00:00:00Z */

#define LIST	"https://board.example/status/"	/* And "revocation" or "suspension". */

static struct keypair issuer, other, rosa, stranger, signer;
static struct trust *trust;
static int asked;

/* The issuer's lists: entry 1 is revoked, entries 1 and 2 are suspended; nobody has others. */
static int
lend(void *cookie, const char *who, const char *uri, const struct status_list **ret,
    struct status_finding *ret_finding)
{
	static uint8_t bits[STATUS_BITS_MIN / 8];
	struct status_draft draft = { .id = uri, .issuer = who, .bits = bits, .nbits = STATUS_BITS_MIN,
		.from = NOW - WHEN_DAY, .until = NOW + WHEN_DAY };
	struct status_context context = { .trust = trust, .issuer = who, .list = uri, .now = NOW };
	autojson json_t *vc = NULL;
	struct status_list *list = NULL;
	int r;

	asked++;
	draft.purpose = strstr(uri, "suspension") != NULL ? STATUS_SUSPENSION : STATUS_REVOCATION;
	bits[0] = draft.purpose == STATUS_SUSPENSION ? 0x60 : 0x40;
	if (strncmp(uri, LIST, strlen(LIST)) != 0)
		return 0;
	if ((r = status_build(&draft, issuer.seed, NOW, &vc, NULL)) != 0 ||
	    (r = status_open(vc, &context, &list, ret_finding)) != 0)
		return r;
	status_free(*(struct status_list **)cookie);
	*(struct status_list **)cookie = list;
	*ret = list;
	return 0;
}

static struct status_list *lent;
static const struct credential_lists held = { lend, &lent };

/* Two issuers: one for CPRS in New Jersey, one for everything in the US. */
static struct trust *
make_trust(void)
{
	autojson json_t *doc = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[],"
	    " s:[{s:s, s:s, s:s, s:[{s:s, s:[s]}]}, {s:s, s:s, s:s, s:[{s:s, s:[s]}]}]}",
	    "v", 1, "kind", "trust", "version", 1, "issued_at", (json_int_t)1,
	    "expires_at", (json_int_t)WHEN_MAX, "orgs", "issuers",
	    "id", issuer.did, "name", "Garden State Board", "key", issuer.text,
	    "for", "type", "CPRS", "jurisdictions", "US-NJ",
	    "id", other.did, "name", "National Board", "key", other.text,
	    "for", "type", "NCPS", "jurisdictions", "US");
	struct trust *t = NULL;
	struct err err = { "" };

	if (trust_sign(doc, signer.seed, NOW, &err) != 0 ||
	    trust_load(doc, only(signer.pub), NULL, NOW, &t, &err) != 0)
		printf("# %s\n", err.text);
	return t;
}

static json_t *
subject_json(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:[s], s:[s], s:s}", "id", rosa.did, "alias", "Rosa M.",
	    "credentialType", "CPRS", "label", "Certified Peer Recovery Specialist",
	    "kind", "substance_use", "jurisdiction", "US-NJ", "level", "core");
}

/* A good credential; ${path} is changed before it is signed. */
static json_t *
credential_with(const char *path, const char *value)
{
	autojson json_t *subject = subject_json();
	struct credential_claim claim = {
		.id = "urn:uuid:6f0a5be8-5d0f-4c3e-9d53-2a3c2a4f7c10", .subject = subject,
		.valid_from = FROM, .valid_until = UNTIL,
	};
	struct err err = { "" };
	json_t *vc = NULL;

	if (credential_build(&claim, issuer.seed, NOW, &vc, &err) != 0) {
		printf("# build: %s\n", err.text);
		return NULL;
	}
	if (path != NULL) {
		json_poke(vc, path, value);
		if (proof_sign(vc, issuer.seed, "assertionMethod", "2026-01-15T08:00:00Z", &err) != 0)
			printf("# sign: %s\n", err.text);
	}
	return vc;
}

static void
is_verdict(const char *name, const json_t *vc, const char *who, int64_t now,
    enum credential_verdict want, const char *says)
{
	struct credential_finding f;

	memset(&f, 0x5a, sizeof(f));
	if (!ok(credential_verify(vc, trust, who, &held, now, &f) == 0 && f.verdict == want &&
	    strstr(f.reason.text, says) != NULL && (f.issuer != NULL) == (want == CREDENTIAL_CERTIFIED),
	    "%s: %s", name, credential_verdict_name(want)))
		printf("# got %s: %s\n", credential_verdict_name(f.verdict), f.reason.text);
}

static void
test_certified(void)
{
	autojson json_t *vc = credential_with(NULL, NULL), *plain = NULL;
	struct credential_finding f;

	ok(credential_verify(vc, trust, rosa.did, &held, NOW, &f) == 0 && f.verdict == CREDENTIAL_CERTIFIED,
	    "certified");
	is_str(f.reason.text, "certified as Certified Peer Recovery Specialist by Garden State Board "
	    "for US-NJ until 2028-01-15", "in words");
	ok(!strcmp(f.issuer, "Garden State Board") && !strcmp(f.type, "CPRS") &&
	    !strcmp(f.label, "Certified Peer Recovery Specialist") && !strcmp(f.level, "core") &&
	    json_array_size(f.jurisdictions) == 1 && f.valid_until == UNTIL, "and as values");
	plain = credential_with("credentialSubject/label", NULL);
	is_verdict("without a label", plain, rosa.did, NOW, CREDENTIAL_CERTIFIED, "certified as CPRS by");
	is_verdict("nothing published", NULL, rosa.did, NOW, CREDENTIAL_UNCERTIFIED, "no credential");
}

/* Of many places the first are named; and where of them somebody lives is what counts. */
static void
test_places(void)
{
	static const struct { const char *region; enum eligibility_answer answer; const char *says; } rows[] = {
		{ "US-NJ", ELIGIBILITY_YES, "" }, { "US", ELIGIBILITY_CANNOT_SAY, "certified for a part of US, not for all of it: to be asked where" },
		{ "DE", ELIGIBILITY_NO, "is not certified for DE" },
		{ "CA-QC", ELIGIBILITY_NO, "is not certified for CA-QC; the issuer says that it is accepted there: to be asked there" },
	};
	autojson json_t *subject = json_pack("{s:s, s:s, s:[s], s:[s, s, s, s, s, s, s], s:[s], s:s}", "id", rosa.did, "credentialType", "NCPS", "kind", "substance_use",
	    "jurisdiction", "US-NJ", "US-NY", "US-PA", "US-CT", "US-DE", "US-MD", "US-VA", "reciprocity", "CA", "level", "core");
	struct credential_claim claim = { .subject = subject, .valid_from = FROM, .valid_until = UNTIL };
	autojson json_t *vc = NULL;
	struct err err = { "" };

	ok(credential_build(&claim, other.seed, NOW, &vc, &err) == 0, "a credential for seven states %s", err.text);
	is_verdict("its places", vc, rosa.did, NOW, CREDENTIAL_CERTIFIED, "by National Board for US-NJ, US-NY, US-PA, US-CT, US-DE, US-MD and more until 2028");
	for (size_t i = 0; i < nelem(rows); i++) {
		struct err reason = { "" };

		ok(credential_holds(subject, rows[i].region, &reason) == rows[i].answer && strncmp(reason.text, rows[i].says, strlen(rows[i].says)) == 0 &&
		    (reason.text[0] == '\0') == (rows[i].says[0] == '\0'), "%s: %s", rows[i].region, reason.text);
	}
}

/* An issuer whose name is not its key has a new one; the old one is good for a time. */
static void
test_new_key(void)
{
	autojson json_t *doc = json_deep_copy(trust_document(trust)), *vc = credential_with("issuer", "'did:web:board.example'");
	autotrust struct trust *changed = NULL;
	struct credential_finding f;
	struct err err = { "" };

	json_poke(doc, "issuers/0/id", "'did:web:board.example'");
	(void)json_object_set_new(json_array_get(json_object_get(doc, "issuers"), 0), "key", json_string(signer.text));
	(void)json_object_set_new(json_array_get(json_object_get(doc, "issuers"), 0), "old_key", json_pack("{s:s, s:I}", "key", issuer.text,
	    "until", (json_int_t)(NOW + WHEN_DAY)));
	(void)json_object_del(doc, "proof");
	if (!ok(trust_sign(doc, signer.seed, NOW, &err) == 0 && trust_load(doc, only(signer.pub), NULL, NOW, &changed, &err) == 0,
	    "an issuer has a new key"))
		return;
	ok(credential_verify(vc, changed, rosa.did, &held, NOW, &f) == 0 && f.verdict == CREDENTIAL_CERTIFIED, "what the old one signed is good still");
	ok(credential_verify(vc, changed, rosa.did, &held, NOW + WHEN_DAY, &f) == 0 && f.verdict == CREDENTIAL_BAD_PROOF, "until its time");
	if (proof_sign(vc, signer.seed, "assertionMethod", "2026-01-15T08:00:00Z", &err) != 0)
		printf("# sign: %s\n", err.text);
	ok(credential_verify(vc, changed, rosa.did, &held, NOW + WHEN_DAY, &f) == 0 && f.verdict == CREDENTIAL_CERTIFIED, "what the new one signs is good after it");
	if (proof_sign(vc, other.seed, "assertionMethod", "2026-01-15T08:00:00Z", &err) != 0)
		printf("# sign: %s\n", err.text);
	ok(credential_verify(vc, changed, rosa.did, &held, NOW, &f) == 0 && f.verdict == CREDENTIAL_BAD_PROOF, "a third is neither");
}

static void
test_time(void)
{
	autojson json_t *vc = credential_with(NULL, NULL);

	is_verdict("five minutes early", vc, rosa.did, FROM - WHEN_SKEW, CREDENTIAL_CERTIFIED, "");
	is_verdict("earlier", vc, rosa.did, FROM - WHEN_SKEW - 1, CREDENTIAL_NOT_YET, "2026-01-15");
	is_verdict("five minutes late", vc, rosa.did, UNTIL + WHEN_SKEW, CREDENTIAL_CERTIFIED, "");
	is_verdict("later", vc, rosa.did, UNTIL + WHEN_SKEW + 1, CREDENTIAL_EXPIRED,
	    "expired on 2028-01-15");
}

static void
test_subject(void)
{
	autojson json_t *vc = credential_with(NULL, NULL);

	is_verdict("shown by somebody else", vc, stranger.did, NOW, CREDENTIAL_WRONG_SUBJECT,
	    "somebody else");
	is_verdict("in a record that names nobody", vc, NULL, NOW, CREDENTIAL_WRONG_SUBJECT,
	    "somebody else");
	is_verdict("nor the empty name", vc, "", NOW, CREDENTIAL_WRONG_SUBJECT, "somebody else");
}

#define ENTRY(purpose, index, list) "{'type': 'BitstringStatusListEntry', 'statusPurpose': '" purpose \
	"', 'statusListIndex': '" index "', 'statusListCredential': '" list "'}"

/* Each is signed after the change: only the rule can refuse it. */
static const struct {
	const char		*path, *value;
	enum credential_verdict	verdict;
	const char		*says;
} signed_changes[] = {
	{ "@context", NULL, CREDENTIAL_MALFORMED, "not a credential" },
	{ "@context", "['https://example.org']", CREDENTIAL_MALFORMED, "not a credential" },
	{ "@context", "'https://www.w3.org/ns/credentials/v2'", CREDENTIAL_MALFORMED, "not a credential" },
	{ "type", NULL, CREDENTIAL_MALFORMED, "not a credential" },
	{ "type", "['VerifiableCredential']", CREDENTIAL_MALFORMED, "not a credential" },
	{ "type", "['VerifiableCredential', 1]", CREDENTIAL_MALFORMED, "not a credential" },
	{ "type", "[1, 'VerifiableCredential']", CREDENTIAL_MALFORMED, "not a credential" },
	{ "type", "['VerifiableCredential', 'DegreeCredential']", CREDENTIAL_MALFORMED, "not a" },
	{ "type", "['DegreeCredential', 'VerifiableCredential']", CREDENTIAL_MALFORMED, "not a" },
	{ "type", "['PeerSupportCredential', 'PeerSupportCredential']", CREDENTIAL_MALFORMED, "not a" },
	{ "type", "['PeerSupportCredential', 'VerifiableCredential']", CREDENTIAL_CERTIFIED, "" },
	{ "termsOfUse", "{}", CREDENTIAL_MALFORMED, "termsOfUse" },
	{ "issuer", NULL, CREDENTIAL_MALFORMED, "who issued" },
	{ "issuer", "{'id': 'did:key:x'}", CREDENTIAL_MALFORMED, "who issued" },
	{ "issuer", "'https://board.example'", CREDENTIAL_MALFORMED, "who issued" },
	{ "issuer", "'did:web:board.example'", CREDENTIAL_UNKNOWN_ISSUER, "did:web:board.example" },
	{ "validFrom", NULL, CREDENTIAL_MALFORMED, "validFrom" },
	{ "validUntil", NULL, CREDENTIAL_MALFORMED, "validFrom" },
	{ "validFrom", "'yesterday'", CREDENTIAL_MALFORMED, "validFrom" },
	{ "validUntil", "'2028-01-15T00:00:00+01:00'", CREDENTIAL_MALFORMED, "validFrom" },
	{ "validUntil", "'2026-01-15T00:00:00Z'", CREDENTIAL_MALFORMED, "validFrom" },
	{ "credentialSubject", NULL, CREDENTIAL_MALFORMED, "whom" },
	{ "credentialSubject/id", NULL, CREDENTIAL_MALFORMED, "whom" },
	{ "credentialSubject/id", "'Rosa'", CREDENTIAL_MALFORMED, "whom" },
	{ "credentialSubject/credentialType", "''", CREDENTIAL_MALFORMED, "whom" },
	{ "credentialSubject/level", NULL, CREDENTIAL_MALFORMED, "whom" },
	{ "credentialSubject/kind", "[]", CREDENTIAL_MALFORMED, "field" },
	{ "credentialSubject/kind", "['substance_use',7]", CREDENTIAL_MALFORMED, "not text" },
	{ "credentialSubject/jurisdiction", NULL, CREDENTIAL_MALFORMED, "where" },
	{ "credentialSubject/jurisdiction", "'US-NJ'", CREDENTIAL_MALFORMED, "where" },
	{ "credentialSubject/jurisdiction", "['US-NJ', 5]", CREDENTIAL_MALFORMED, "place" },
	{ "credentialSubject/jurisdiction", "['US-NJ', 'US-NY']", CREDENTIAL_NOT_ENTITLED, "US-NY" },
	{ "credentialSubject/jurisdiction", "['US']", CREDENTIAL_NOT_ENTITLED, "for US" },
	{ "credentialSubject/credentialType", "'NCPS'", CREDENTIAL_NOT_ENTITLED, "NCPS" },
	{ "credentialSubject/livedExperience", "['alcohol']", CREDENTIAL_MALFORMED, "livedExperience" },
	{ "credentialStatus", "{}", CREDENTIAL_MALFORMED, "status" },
	{ "credentialStatus", "[]", CREDENTIAL_MALFORMED, "status" },
	{ "credentialStatus", "[{'type': 'BitstringStatusListEntry'}]", CREDENTIAL_MALFORMED, "purpose" },
	{ "credentialStatus", "[" ENTRY("revocation", "0", "x") ", " ENTRY("suspension", "0", "x") ", "
	  ENTRY("suspension", "1", "x") "]", CREDENTIAL_MALFORMED, "status" },
	{ "credentialStatus", "[" ENTRY("revocation", "0", "x") ", " ENTRY("revocation", "1", "x") "]",
	  CREDENTIAL_MALFORMED, "two status lists for revocation" },
	{ "credentialStatus", "[" ENTRY("revocation", "0", LIST "revocation") "]", CREDENTIAL_CERTIFIED, "" },
	{ "credentialStatus", "[" ENTRY("revocation", "1", LIST "revocation") "]", CREDENTIAL_REVOKED,
	  "does not count: revoked, says the list of Garden State Board of 2026-11-20" },
	{ "credentialStatus", "[" ENTRY("suspension", "2", LIST "suspension") "]", CREDENTIAL_SUSPENDED,
	  "does not count: suspended, says the list" },
	{ "credentialStatus", "[" ENTRY("revocation", "2", LIST "revocation") ", "
	  ENTRY("suspension", "2", LIST "suspension") "]", CREDENTIAL_SUSPENDED, "" },
	{ "credentialStatus", "[" ENTRY("suspension", "1", LIST "suspension") ", "
	  ENTRY("revocation", "1", LIST "revocation") "]", CREDENTIAL_REVOKED, "" },
	{ "credentialStatus", "[" ENTRY("revocation", "1", LIST "revocation") ", "
	  ENTRY("suspension", "1", LIST "suspension") "]", CREDENTIAL_REVOKED, "" },
	{ "credentialStatus", "[" ENTRY("revocation", "1", LIST "suspension") "]", CREDENTIAL_STATUS_UNKNOWN,
	  "may have been revoked: the status list of Garden State Board is for suspension" },
	{ "credentialStatus", "[" ENTRY("revocation", "131072", LIST "revocation") "]",
	  CREDENTIAL_STATUS_UNKNOWN, "no entry 131072" },
	{ "credentialStatus", "[" ENTRY("revocation", "0", "https://x.example/") "]",
	  CREDENTIAL_STATUS_UNKNOWN, "not held" },
};

static void
test_signed_changes(void)
{
	for (size_t i = 0; i < nelem(signed_changes); i++) {
		autojson json_t *vc = credential_with(signed_changes[i].path, signed_changes[i].value);

		is_verdict(signed_changes[i].path, vc, rosa.did, NOW, signed_changes[i].verdict,
		    signed_changes[i].says);
	}
}

static void
test_status(void)
{
	autojson json_t *vc = credential_with("credentialStatus", "[" ENTRY("revocation", "0", LIST "revocation")
	    "]"), *forged = json_deep_copy(vc);
	struct credential_finding f;

	ok(credential_verify(vc, trust, rosa.did, NULL, NOW, &f) == 0 &&
	    f.verdict == CREDENTIAL_STATUS_UNKNOWN && f.status == STATUS_UNKNOWN,
	    "who holds no lists certifies nobody that names one");
	asked = 0;
	json_poke(forged, "credentialStatus", NULL);
	is_verdict("its status cannot be taken away", forged, rosa.did, NOW, CREDENTIAL_BAD_PROOF, "");
	is_verdict("nor is it asked for what has expired", vc, rosa.did, UNTIL + WHEN_DAY, CREDENTIAL_EXPIRED, "");
	is_int(asked, 0, "no list was asked for these");
}

static void
test_forged(void)
{
	static const struct {
		const char	*path, *value;
	} changes[] = {
		{ "credentialSubject/level", "'supervisor'" }, { "validUntil", "'2038-01-15T00:00:00Z'" },
		{ "credentialSubject/workHours", "5000" }, { "id", "'urn:x'" }, { "proof", NULL },
		{ "proof", "[]" }, { "proof/proofPurpose", "'authentication'" },
		{ "proof/proofValue", "'z4'" }, { "proof/created", "'2025-01-15T08:00:00Z'" },
	};
	autojson json_t *vc = NULL;

	for (size_t i = 0; i < nelem(changes); i++) {
		autojson json_t *forged = credential_with(NULL, NULL);

		json_poke(forged, changes[i].path, changes[i].value);
		is_verdict(changes[i].path, forged, rosa.did, NOW, CREDENTIAL_BAD_PROOF,
		    "not signed by Garden State Board");
	}
	vc = credential_with(NULL, NULL);
	ok(json_array_append_new(json_object_get(vc, "@context"), json_string("https://x.example")) == 0,
	    "a context added");
	is_verdict("@context", vc, rosa.did, NOW, CREDENTIAL_BAD_PROOF, "");
	ok(proof_sign(vc, stranger.seed, "assertionMethod", "2026-01-15T08:00:00Z", NULL) == 0,
	    "a stranger signs");
	is_verdict("signed by a stranger in the issuer's name", vc, rosa.did, NOW, CREDENTIAL_BAD_PROOF,
	    "not signed by Garden State Board");
	ok(proof_sign(vc, other.seed, "assertionMethod", "2026-01-15T08:00:00Z", NULL) == 0,
	    "another signs");
	is_verdict("signed by another issuer of the list", vc, rosa.did, NOW, CREDENTIAL_BAD_PROOF, "");
}

static void
test_self_issued(void)
{
	autojson json_t *subject = subject_json(), *vc = NULL, *empty = json_object();
	struct credential_claim claim = { .subject = subject, .valid_from = FROM, .valid_until = UNTIL };
	struct credential_finding f;
	struct trust *kept = trust;

	ok(credential_build(&claim, rosa.seed, NOW, &vc, NULL) == 0 &&
	    json_object_get(vc, "id") == NULL, "anyone can write a credential");
	is_verdict("but not be on the list", vc, rosa.did, NOW, CREDENTIAL_UNKNOWN_ISSUER, rosa.did);
	json_decref(vc);
	vc = credential_with(NULL, NULL);
	trust = NULL;
	is_verdict("without a trust list nobody is", vc, rosa.did, NOW, CREDENTIAL_UNKNOWN_ISSUER,
	    issuer.did);
	trust = kept;
	is_verdict("an empty object", empty, rosa.did, NOW, CREDENTIAL_MALFORMED, "");
	ok(credential_verify(NULL, NULL, NULL, &held, NOW, &f) == 0 && f.verdict == CREDENTIAL_UNCERTIFIED,
	    "nothing from nobody");
}

static void
test_build(void)
{
	autojson json_t *subject = subject_json();
	struct credential_claim claim = { .issuer = issuer.did, .subject = subject, .valid_from = FROM,
		.valid_until = UNTIL };
	json_t *vc = NULL;
	struct err err = { "" };

	ok(credential_build(&claim, issuer.seed, NOW, &vc, &err) == 0, "a named issuer");
	is_verdict("built", vc, rosa.did, NOW, CREDENTIAL_CERTIFIED, "");
	is_str(json_string_value(json_object_get(vc, "validFrom")), "2026-01-15T00:00:00Z", "as text");
	json_decref(vc);
	vc = NULL;
	claim.valid_until = FROM;
	ok(credential_build(&claim, issuer.seed, NOW, &vc, &err) == E_BAD && vc == NULL, "no time");
	claim.valid_until = UNTIL;
	claim.issuer = "Board";
	ok(credential_build(&claim, issuer.seed, NOW, &vc, &err) == E_BAD, "an issuer that is no DID");
	claim.issuer = NULL;
	json_poke(subject, "level", NULL);
	ok(credential_build(&claim, issuer.seed, NOW, &vc, &err) == E_BAD &&
	    strstr(err.text, "level") != NULL, "a subject without its level");
	claim.subject = NULL;
	ok(credential_build(&claim, issuer.seed, NOW, &vc, &err) == E_BAD && vc == NULL, "no subject");
	is_str(credential_verdict_name(CREDENTIAL_NOT_YET), "not_yet", "verdicts by name");
	is_str(credential_verdict_name(CREDENTIAL_NVERDICTS), "unknown", "none beyond the last");
}

/* The schema's example was signed by another implementation. */
static void
test_example(void)
{
	uint8_t key[32];
	autojson json_t *vc = json_example("credential", key), *doc = NULL, *list = json_example("status_list", NULL);
	const json_t *subject = json_object_get(vc, "credentialSubject");
	char did[80], text[64];
	struct trust *kept = trust, *t = NULL;
	struct credential_finding f;
	struct status_context context = { .list = json_str(list, "id"), .now = NOW };
	struct status_list *revoked = NULL;
	struct status_finding found = { .verdict = STATUS_NVERDICTS };
	struct status_entry entry;

	proof_key_text(key, text);
	doc = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[{s:s, s:s, s:s, s:[{s:O, s:O}]}]}",
	    "v", 1, "kind", "trust", "version", 1, "issued_at", (json_int_t)1,
	    "expires_at", (json_int_t)WHEN_MAX, "orgs", "issuers", "id", vc_did(key, did),
	    "name", "Example Board", "key", text, "for", "type",
	    json_object_get(subject, "credentialType"), "jurisdictions",
	    json_object_get(subject, "jurisdiction"));
	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0 &&
	    trust_load(doc, only(signer.pub), NULL, NOW, &t, NULL) == 0, "its issuer is trusted");
	context.trust = t;
	trust = t;
	ok(credential_verify(vc, t, json_str(subject, "id"), NULL, NOW, &f) == 0 &&
	    f.verdict == CREDENTIAL_STATUS_UNKNOWN, "the schema's example, of which no list is held");
	context.issuer = json_str(vc, "issuer");
	ok(status_open(list, &context, &revoked, &found) == 0 && found.verdict == STATUS_GOOD,
	    "the list that its issuer signed: %s", found.reason.text);
	ok(status_entry_read(json_array_get(json_arr(vc, "credentialStatus"), 0), &entry, NULL) == 0 &&
	    entry.index == 94567, "and where it stands there");
	status_ask(revoked, &entry, &found);
	is_int(found.verdict, STATUS_GOOD, "is not revoked");
	entry.index = 4711;
	status_ask(revoked, &entry, &found);
	is_int(found.verdict, STATUS_REVOKED, "another is");
	entry.index = 4704;
	status_ask(revoked, &entry, &found);
	is_int(found.verdict, STATUS_GOOD, "and not the one at the other end of its byte");
	status_free(revoked);
	trust = kept;
	trust_free(t);
}

static void
test_memory(void)
{
	autojson json_t *subject = subject_json();
	struct credential_claim claim = { .id = "urn:x", .subject = subject, .valid_from = FROM,
		.valid_until = UNTIL };
	json_t *vc = NULL;
	long n, wrong = 0;
	int r = 1;

	for (n = 0; r != 0; n++) {
		faults_left = n;
		r = credential_build(&claim, issuer.seed, NOW, &vc, NULL);
		wrong += r != 0 && vc != NULL;
	}
	faults_left = -1;
	ok(wrong == 0 && n > 20, "building survives each of %ld failing allocations", n - 1);
	for (n = 0, r = 1; r != 0; n++) {
		struct credential_finding f = { .verdict = CREDENTIAL_NVERDICTS };

		faults_left = n;
		r = credential_verify(vc, trust, rosa.did, &held, NOW, &f);
		wrong += r != 0 ? r != -ENOMEM || f.verdict != CREDENTIAL_NVERDICTS :
		    f.verdict != CREDENTIAL_CERTIFIED;
	}
	faults_left = -1;
	ok(wrong == 0 && n > 4, "verifying too, and calls nobody a forger for it");
	json_decref(vc);
}

/* A credential is about somebody. */
static void
test_nobody(void)
{
	autojson json_t *text = json_string("Rosa"), *made = NULL;
	struct vc vc = { .from = NOW, .until = NOW + WHEN_DAY };
	struct err err = { "" };

	ok(vc_build(&vc, SIGNED_CREDENTIAL, NULL, issuer.seed, NOW, &made, &err) == E_BAD && strstr(err.text, "subject") != NULL, "none about nobody");
	vc.subject = text;
	ok(vc_build(&vc, SIGNED_CREDENTIAL, NULL, issuer.seed, NOW, &made, &err) == E_BAD && made == NULL, "nor about a name alone");
}

/* The second form; what is in it is read by tests/tools/test_cairn_issuer.py. */
static void
test_jwt(void)
{
	autojson json_t *vc = json_pack("{s:s, s:s, s:{}}", "issuer", issuer.did, "id", "urn:x", "proof"), *none = json_object();
	autofree char *jwt = NULL;
	int failed = 0, parts = 0;

	is_int(vc_jwt(vc, issuer.seed, &jwt), 0, "a credential as a JWT");
	ok(strncmp(jwt, "eyJhbGciOiJFZERTQSIsImN0eSI6InZjIiwia2lkIjoiZGlkOmtleTp6", 56) == 0 && strchr(jwt, '=') == NULL &&
	    strchr(strchr(jwt, '.') + 1, '.') != NULL && json_obj(vc, "proof") != NULL, "three parts, and the credential is as it was");
	is_int(vc_jwt(vc, other.seed, &jwt), E_BAD, "nobody signs for another issuer");
	is_int(vc_jwt(none, issuer.seed, &jwt), E_BAD, "nor for none");
	is_int(vc_jwt(NULL, issuer.seed, &jwt), E_BAD, "nor nothing");
	for (long n = 0, r = -ENOMEM; r == -ENOMEM; n++) {
		autofree char *text = NULL;

		faults_left = n;
		r = vc_jwt(vc, issuer.seed, &text);
		faults_left = -1;
		failed += r == -ENOMEM && text == NULL;
	}
	ok(failed > 3, "out of memory, %d times", failed);
	failed = 0;
	do {
		autofree char *text = NULL;

		faults_buf = parts++;
		failed += vc_jwt(vc, issuer.seed, &text) == -ENOMEM && text == NULL;
	} while (faults_buf == -2);
	faults_buf = -1;
	ok(parts > 5 && failed == parts - 1, "and at each of its parts");
}

int
main(void)
{
	faults_begin();
	signer = key_of(KEY_SIGNER);
	issuer = key_of(KEY_ISSUER);
	other = key_of(KEY_OTHER_ISSUER);
	rosa = key_of(KEY_ROSA);
	stranger = key_of(KEY_STRANGER);
	trust = make_trust();
	test_certified();
	test_places();
	test_new_key();
	test_time();
	test_subject();
	test_signed_changes();
	test_status();
	test_forged();
	test_self_issued();
	test_build();
	test_example();
	test_memory();
	status_free(lent);
	test_nobody();
	test_jwt();
	trust_free(trust);
	return done_testing();
}
