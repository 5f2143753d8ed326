/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A status list is asked only if the right one signed it, it is in force, and no newer one was ever seen.
 * A million random questions are held against an array of truths; the seed is fixed.
 */
#include <errno.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/gzip.h"
#include "domain/signed.h"
#include "domain/status.h"
#include "domain/trust.h"
#include "domain/vc.h"
#include "domain/when.h"
#include "tests/dice.h"
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"

#define LIST	"https://board.example/status/1"
#define FROM	(NOW - WHEN_DAY)
#define UNTIL	(NOW + 30 * WHEN_DAY)

enum { QUESTIONS = 1000000 };

static struct keypair issuer, other, delegate, stranger, signer;
static struct trust *trust;
static uint8_t bits[STATUS_BITS_MIN / 8];
static struct status_context context = { .list = LIST, .now = NOW };

static json_t *
issuer_json(const struct keypair *key, const char *name)
{
	return json_pack("{s:s, s:s, s:s, s:[{s:s, s:[s]}]}", "id", key->did, "name", name, "key", key->text,
	    "for", "type", "CPRS", "jurisdictions", "US-NJ");
}

/* The board lets the delegate sign its lists; the other issuer lets nobody. */
static void
make_trust(void)
{
	json_t *board = issuer_json(&issuer, "Garden State Board");
	autojson json_t *doc = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[o, o, o]}", "v", 1, "kind", "trust",
	    "version", 1, "issued_at", (json_int_t)1, "expires_at", (json_int_t)WHEN_MAX, "orgs", "issuers",
	    board, issuer_json(&other, "National Board"), issuer_json(&delegate, "List House"));
	struct err err = { "" };

	(void)json_object_set_new(board, "status_by", json_pack("[s, s]", delegate.did, stranger.did));
	ok(trust_sign(doc, signer.seed, NOW, &err) == 0 && trust_load(doc, only(signer.pub), NULL, NOW, &trust, &err) == 0,
	    "a trust list %s", err.text);
	context.trust = trust;
	context.issuer = issuer.did;
}

static json_t *
list_by(const struct keypair *who, const char *path, const char *value)
{
	struct status_draft draft = { .id = LIST, .issuer = who->did, .purpose = STATUS_REVOCATION, .bits = bits,
		.nbits = STATUS_BITS_MIN, .from = FROM, .until = UNTIL };
	struct err err = { "" };
	json_t *vc = NULL;

	if (status_build(&draft, who->seed, NOW, &vc, &err) != 0) {
		printf("# build: %s\n", err.text);
		return NULL;
	}
	if (path != NULL) {
		json_poke(vc, path, value);
		if (proof_sign(vc, who->seed, "assertionMethod", "2026-11-20T00:00:00Z", &err) != 0)
			printf("# sign: %s\n", err.text);
	}
	return vc;
}

static void
is_verdict(const char *name, const json_t *vc, enum status_verdict want, const char *says)
{
	autostatus struct status_list *list = NULL;
	struct status_finding f = { .verdict = STATUS_NVERDICTS };

	if (!ok(status_open(vc, &context, &list, &f) == 0 && f.verdict == want &&
	    (list != NULL) == (want == STATUS_GOOD) && strstr(f.reason.text, says) != NULL &&
	    (f.reason.text[0] == '\0') == (want == STATUS_GOOD), "%s: %s", name, status_verdict_name(want)))
		printf("# got %s: %s\n", status_verdict_name(f.verdict), f.reason.text);
}

/* Each is signed after the change: only the rule can refuse it. */
static const struct {
	const char		*path, *value;
	enum status_verdict	verdict;
	const char		*says;
} changes[] = {
	{ "type", "['VerifiableCredential', 'PeerSupportCredential']", STATUS_MALFORMED, "not a status list" },
	{ "@context", NULL, STATUS_MALFORMED, "not a status list" },
	{ "credentialStatus", "[]", STATUS_MALFORMED, "credentialStatus" },
	{ "issuer", "'Board'", STATUS_MALFORMED, "who issued" },
	{ "validUntil", NULL, STATUS_MALFORMED, "validUntil" },
	{ "validFrom", NULL, STATUS_MALFORMED, "validFrom" },
	{ "credentialSubject", "[]", STATUS_MALFORMED, "bitstring" },
	{ "credentialSubject/type", "'BitstringStatusListEntry'", STATUS_MALFORMED, "bitstring" },
	{ "credentialSubject/statusSize", "2", STATUS_MALFORMED, "bitstring" },
	{ "credentialSubject/statusPurpose", "'message'", STATUS_MALFORMED, "purpose" },
	{ "credentialSubject/statusPurpose", "['revocation']", STATUS_MALFORMED, "purpose" },
	{ "credentialSubject/ttl", "0", STATUS_MALFORMED, "ttl" },
	{ "credentialSubject/ttl", "'1'", STATUS_MALFORMED, "ttl" },
	{ "credentialSubject/encodedList", NULL, STATUS_MALFORMED, "no compressed bits" },
	{ "credentialSubject/encodedList", "'u'", STATUS_MALFORMED, "no compressed bits" },
	{ "credentialSubject/encodedList", "'zabc'", STATUS_MALFORMED, "no compressed bits" },
	{ "credentialSubject/encodedList", "'uab/+'", STATUS_MALFORMED, "base64url" },
	{ "credentialSubject/encodedList", "'uYWI='", STATUS_MALFORMED, "base64url" },
	{ "credentialSubject/encodedList", "'uYWJj'", STATUS_MALFORMED, "not whole" },
	{ "id", NULL, STATUS_MALFORMED, "no name" },
	{ "id", "'https://board.example/status/2'", STATUS_UNKNOWN, "another status list" },
	{ "validFrom", "'2026-12-01T00:00:00Z'", STATUS_NOT_YET, "2026-12-01" },
	{ "validUntil", "'2026-11-20T03:30:00Z'", STATUS_STALE, "too old" },
	{ "validFrom", "'2026-10-01T00:00:00Z'", STATUS_STALE, "of 2026-10-01" },
	{ "credentialSubject/ttl", "86400000", STATUS_GOOD, "" },
	{ "credentialSubject/ttl", "86000000", STATUS_STALE, "too old" },
};

static void
test_changes(void)
{
	for (size_t i = 0; i < nelem(changes); i++) {
		autojson json_t *vc = list_by(&issuer, changes[i].path, changes[i].value);

		is_verdict(changes[i].path, vc, changes[i].verdict, changes[i].says);
	}
}

static void
test_who(void)
{
	autojson json_t *own = list_by(&issuer, NULL, NULL), *theirs = list_by(&other, NULL, NULL);
	autojson json_t *lent = list_by(&delegate, NULL, NULL), *nobody = list_by(&stranger, NULL, NULL);
	char poke[100];

	is_verdict("by the issuer", own, STATUS_GOOD, "");
	is_verdict("by who the trust list lets answer", lent, STATUS_GOOD, "");
	is_verdict("by another issuer", theirs, STATUS_WRONG_ISSUER, other.did);
	is_verdict("by one who may, but is not on the list", nobody, STATUS_WRONG_ISSUER, stranger.did);
	context.issuer = other.did;
	is_verdict("and the delegate answers for nobody else", lent, STATUS_WRONG_ISSUER, delegate.did);
	context.issuer = issuer.did;
	context.trust = NULL;
	is_verdict("without a trust list", own, STATUS_WRONG_ISSUER, "");
	context.trust = trust;
	(void)snprintf(poke, sizeof(poke), "'%s'", issuer.did);
	json_poke(theirs, "issuer", poke);
	is_verdict("in the issuer's name", theirs, STATUS_BAD_PROOF, "not signed by Garden State Board");
	json_poke(own, "credentialSubject/statusPurpose", "'suspension'");
	is_verdict("changed", own, STATUS_BAD_PROOF, "changed afterwards");
}

static void
test_when(void)
{
	autojson json_t *vc = list_by(&issuer, NULL, NULL);

	context.newest = FROM;
	is_verdict("the newest seen so far", vc, STATUS_GOOD, "");
	context.newest = FROM + 1;
	is_verdict("older than one seen", vc, STATUS_ROLLED_BACK, "seen before");
	context.newest = 0;
	context.now = UNTIL + WHEN_SKEW;
	is_verdict("at its end", vc, STATUS_GOOD, "");
	context.now++;
	is_verdict("past its end", vc, STATUS_STALE, "");
	context.now = FROM - WHEN_SKEW;
	is_verdict("a clock behind", vc, STATUS_GOOD, "");
	context.now--;
	is_verdict("too far behind", vc, STATUS_NOT_YET, "future");
	context.now = NOW;
}

/* Whatever it says itself, not longer than this. */
static void
test_age(void)
{
	struct status_draft draft = { .id = LIST, .bits = bits, .nbits = STATUS_BITS_MIN, .from = FROM,
		.until = FROM + 400 * WHEN_DAY };
	autojson json_t *vc = NULL;

	ok(status_build(&draft, issuer.seed, NOW, &vc, NULL) == 0, "a list for a year");
	context.now = FROM + STATUS_MAX_AGE + WHEN_SKEW;
	is_verdict("holds 35 days", vc, STATUS_GOOD, "");
	context.now++;
	is_verdict("and no more", vc, STATUS_STALE, "");
	json_poke(vc, "credentialSubject/ttl", "31536000000");
	if (proof_sign(vc, issuer.seed, "assertionMethod", "2026-11-20T00:00:00Z", NULL) != 0)
		exit(99);
	is_verdict("though its ttl says so", vc, STATUS_STALE, "");
	context.now = NOW;
}

static json_t *
list_of(size_t bytes, bool trailing)
{
	autofree uint8_t *plain = calloc(1, bytes + 1), *packed = NULL;
	autofree char *text = NULL, *quoted = NULL;
	size_t n;

	if (plain == NULL || gzip_pack(plain, bytes, &packed, &n) != 0 || (text = malloc(B64_LEN(n) + 8)) == NULL)
		exit(99);
	text[0] = 'u';
	encode_b64url(packed, n, text + 1);
	if (asprintf(&quoted, "'%s%s'", text, trailing ? "AAAA" : "") < 0)
		exit(99);
	return list_by(&issuer, "credentialSubject/encodedList", quoted);
}

static void
test_size(void)
{
	autojson json_t *least = list_of(STATUS_BITS_MIN / 8, false), *less = list_of(STATUS_BITS_MIN / 8 - 1, false);
	autojson json_t *most = list_of(STATUS_BITS_MAX / 8, false), *more = list_of(STATUS_BITS_MAX / 8 + 1, false);
	autojson json_t *bomb = list_of(16 << 20, false), *tail = list_of(STATUS_BITS_MIN / 8, true);
	struct status_draft draft = { .id = LIST, .bits = bits, .nbits = STATUS_BITS_MIN - 8, .from = FROM, .until = UNTIL };
	json_t *vc = NULL;

	is_verdict("131,072 entries", least, STATUS_GOOD, "");
	is_verdict("fewer", less, STATUS_MALFORMED, "131064 entries");
	is_verdict("1,048,576 entries", most, STATUS_GOOD, "");
	is_verdict("more", more, STATUS_MALFORMED, "more than 131072");
	is_verdict("a bomb", bomb, STATUS_MALFORMED, "more than 131072");
	is_verdict("something behind the bits", tail, STATUS_MALFORMED, "");
	ok(status_build(&draft, issuer.seed, NOW, &vc, NULL) == E_BAD, "nor is a small one built");
	draft.nbits = STATUS_BITS_MAX + 8;
	ok(status_build(&draft, issuer.seed, NOW, &vc, NULL) == E_BAD, "nor a large one");
	draft.nbits = STATUS_BITS_MIN + 1;
	ok(status_build(&draft, issuer.seed, NOW, &vc, NULL) == E_BAD, "nor one with a part of a byte");
	draft.nbits = STATUS_BITS_MIN;
	draft.id = "";
	ok(status_build(&draft, issuer.seed, NOW, &vc, NULL) == E_BAD && vc == NULL, "nor one without a name");
}

static void
test_random(void)
{
	static bool truth[STATUS_BITS_MIN];
	autojson json_t *vc = NULL;
	autostatus struct status_list *list = NULL;
	struct status_finding f;
	long wrong = 0, marked = 0;

	for (uint32_t i = 0; i < STATUS_BITS_MIN; i++) {
		truth[i] = dice_roll(3) == 0;
		/* Entry 0 is the leftmost: the highest bit of the first byte. */
		if (truth[i])
			bits[i / 8] = (uint8_t)(bits[i / 8] | 128u >> (i - i / 8 * 8));
	}
	vc = list_by(&issuer, NULL, NULL);
	ok(status_open(vc, &context, &list, &f) == 0 && list != NULL && status_issued(list) == FROM, "a list, seed 20261121");
	for (long i = 0; i < QUESTIONS && list != NULL; i++) {
		struct status_entry entry = { .purpose = dice_roll(10) == 0 ? STATUS_SUSPENSION : STATUS_REVOCATION,
			.list = LIST, .index = dice_roll(STATUS_BITS_MIN + STATUS_BITS_MIN / 8) };

		status_ask(list, &entry, &f);
		wrong += f.verdict != (entry.purpose == STATUS_SUSPENSION ? STATUS_WRONG_PURPOSE :
		    entry.index >= STATUS_BITS_MIN ? STATUS_OUT_OF_RANGE :
		    truth[entry.index] ? STATUS_REVOKED : STATUS_GOOD);
		marked += f.verdict == STATUS_REVOKED;
	}
	ok(wrong == 0 && marked > QUESTIONS / 5, "%d questions: %ld wrong, %ld revoked", QUESTIONS, wrong, marked);
	memset(bits, 0, sizeof(bits));
}

static void
test_entry(void)
{
	static const struct {
		const char	*index;
		bool		 good;
	} indexes[] = { { "0", true }, { "131071", true }, { "9999999", true }, { "10000000", false }, { "", false },
		{ "00", false }, { "07", false }, { "-1", false }, { "+1", false }, { " 1", false }, { "1 ", false },
		{ "0x1", false }, { "4294967296", false } };
	struct status_entry entry = { STATUS_SUSPENSION, LIST, 17 }, back = { 0 };
	autojson json_t *json = status_entry_build(&entry);
	long wrong = 0;

	ok(status_entry_read(json, &back, NULL) == 0 && back.index == 17 && back.purpose == STATUS_SUSPENSION &&
	    strcmp(back.list, LIST) == 0, "an entry comes back");
	for (size_t i = 0; i < nelem(indexes); i++) {
		(void)json_object_set_new(json, "statusListIndex", json_string(indexes[i].index));
		wrong += (status_entry_read(json, &back, NULL) == 0) != indexes[i].good;
	}
	ok(wrong == 0, "numbers have one spelling");
	json_poke(json, "statusListIndex", "5");
	ok(status_entry_read(json, &back, NULL) == E_BAD, "and are text");
	json_poke(json, "statusListIndex", "'5'");
	json_poke(json, "statusSize", "1");
	ok(status_entry_read(json, &back, NULL) == E_BAD, "an unknown member");
	json_poke(json, "statusSize", NULL);
	ok(status_entry_read(json, &back, NULL) == 0, "without it");
	json_poke(json, "statusListCredential", "''");
	ok(status_entry_read(json, &back, NULL) == E_BAD && status_entry_read(NULL, &back, NULL) == E_BAD,
	    "no list, no entry");
	is_str(status_verdict_name(STATUS_NVERDICTS), "unknown", "verdicts by name");
	is_str(status_purpose_name(STATUS_NPURPOSES), "unknown", "and purposes");
}

static void
test_peek(void)
{
	autojson json_t *vc = list_by(&issuer, NULL, NULL);
	int64_t issued;

	is_str(status_peek(vc, &issued), LIST, "the name of a list");
	is_int(issued, FROM, "and its time");
	json_poke(vc, "validFrom", "'now'");
	json_poke(vc, "id", "7");
	ok(status_peek(vc, &issued) == NULL && issued == 0, "if it has them");
}

static void
test_memory(void)
{
	json_t *vc = NULL;
	long n, wrong = 0;
	int r = 1;

	for (n = 0; r != 0; n++) {
		struct status_draft draft = { .id = LIST, .bits = bits, .nbits = STATUS_BITS_MIN, .from = FROM, .until = UNTIL };

		faults_left = n;
		r = status_build(&draft, issuer.seed, NOW, &vc, NULL);
		wrong += r != 0 && vc != NULL;
	}
	faults_left = -1;
	ok(wrong == 0 && n > 20, "building survives each of %ld failing allocations", n - 1);
	for (n = 0, r = 1; r != 0; n++) {
		struct status_list *list = NULL;
		struct status_finding f = { .verdict = STATUS_NVERDICTS };

		faults_left = n;
		r = status_open(vc, &context, &list, &f);
		wrong += r != 0 ? r != -ENOMEM || list != NULL || f.verdict != STATUS_NVERDICTS : f.verdict != STATUS_GOOD;
		status_free(list);
	}
	faults_left = -1;
	ok(wrong == 0 && n > 6, "opening too, and calls nothing forged for it: %ld", n - 1);
	json_decref(vc);
}

int
main(void)
{
	faults_begin();
	signer = key_of(KEY_SIGNER);
	issuer = key_of(KEY_ISSUER);
	other = key_of(KEY_OTHER_ISSUER);
	delegate = key_of(KEY_ORG_A);
	stranger = key_of(KEY_STRANGER);
	make_trust();
	test_changes();
	test_who();
	test_when();
	test_age();
	test_size();
	test_random();
	test_entry();
	test_peek();
	test_memory();
	trust_free(trust);
	return done_testing();
}
