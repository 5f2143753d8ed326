/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/directory.h"
#include "domain/when.h"
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

#define RECORD	"RRRRRRRRRRRRRRRRRRRRRRRRR0"

static struct keypair org;

static json_t *
seal(enum directory_kind kind, const struct directory_seen *seen, const char *name)
{
	autojson json_t *body = json_pack("{s:s}", "name", name);
	struct directory_record draft = {
		.kind = kind, .id = RECORD, .org = ORG_A, .issued_at = NOW,
		.expires_at = NOW + WHEN_DAY, .body = body,
	};
	struct err err = { "" };
	json_t *record = NULL;

	if (directory_seal(&draft, seen, org.seed, &record, &err) != 0)
		printf("# seal: %s\n", err.text);
	return record;
}

static struct directory_seen
seen_of(const json_t *record, int64_t seq)
{
	struct directory_seen seen = { .seq = seq };

	if (directory_hash(record, seen.hash, NULL) != 0)
		seen.seq = -1;
	return seen;
}

static enum directory_verdict
judge_at(const json_t *record, const struct directory_seen *seen, int64_t now,
    struct directory_record *ret, struct err *err)
{
	struct directory_context c = { .org = ORG_A, .key = org.pub, .seen = seen, .now = now };
	enum directory_verdict verdict = DIRECTORY_NVERDICTS;

	*err = (struct err){ "unset" };
	if (directory_check(record, &c, &verdict, ret, err) != 0)
		return DIRECTORY_NVERDICTS;
	return verdict;
}

static void
is_verdict(const char *name, const json_t *record, const struct directory_seen *seen, int64_t now,
    enum directory_verdict want, const char *says)
{
	struct directory_record rec = { .seq = -7 };
	struct err err;
	enum directory_verdict got = judge_at(record, seen, now, &rec, &err);
	/* What is proved is given, kept or not. */
	bool given = want == DIRECTORY_OK || want == DIRECTORY_KNOWN || want == DIRECTORY_STALE || want == DIRECTORY_EXPIRED ||
	    want == DIRECTORY_UNKNOWN_KIND || want == DIRECTORY_FUTURE || strstr(says, "withdrawn") != NULL;

	if (!ok(got == want && strstr(err.text, says) != NULL && (rec.seq != -7) == given && rec.proved == given &&
	    (*says != '\0' || err.text[0] == '\0'), "%s: %s", name, directory_verdict_name(want)))
		printf("# got %s: %s\n", directory_verdict_name(got), err.text);
}

static void
test_record(void)
{
	autojson json_t *first = seal(DIRECTORY_KIND_PROGRAM, NULL, "Oak House");
	struct directory_seen one = seen_of(first, 1);
	autojson json_t *second = seal(DIRECTORY_KIND_PROGRAM, &one, "Oak House 2");
	struct directory_record rec = { 0 };
	struct err err;

	ok(judge_at(first, NULL, NOW, &rec, &err) == DIRECTORY_OK, "a first record");
	ok(rec.kind == DIRECTORY_KIND_PROGRAM && rec.seq == 1 && rec.prev == NULL &&
	    rec.issued_at == NOW && rec.expires_at == NOW + WHEN_DAY &&
	    !strcmp(rec.hash, one.hash) && !strcmp(rec.id, RECORD) && !strcmp(rec.org, ORG_A) &&
	    json_object_get(rec.body, "name") != NULL, "is read whole");
	ok(judge_at(second, &one, NOW, &rec, &err) == DIRECTORY_OK && rec.seq == 2 &&
	    !strcmp(rec.prev, one.hash), "the next names it");
	is_verdict("the same again", first, &one, NOW, DIRECTORY_KNOWN, "");
	is_verdict("with nothing held under its id", second, &(struct directory_seen){ 0 }, NOW,
	    DIRECTORY_OK, "");
	is_str(directory_peek_id(first), RECORD, "id before any check");
	json_poke(first, "id", "'x'");
	ok(directory_peek_id(first) == NULL && directory_peek_id(NULL) == NULL, "or none");
}

static void
test_sequence(void)
{
	autojson json_t *a1 = seal(DIRECTORY_KIND_GROUP, NULL, "a");
	autojson json_t *b1 = seal(DIRECTORY_KIND_GROUP, NULL, "b");
	struct directory_seen at_a1 = seen_of(a1, 1), at_b1 = seen_of(b1, 1), three;
	autojson json_t *a2 = seal(DIRECTORY_KIND_GROUP, &at_a1, "a2");
	struct directory_seen at_a2 = seen_of(a2, 2);
	autojson json_t *a3 = seal(DIRECTORY_KIND_GROUP, &at_a2, "a3");

	three = seen_of(a3, 3);
	is_verdict("an older version", a1, &three, NOW, DIRECTORY_ROLLBACK, "version 3 is held");
	is_verdict("an older version that is stale too", a1, &three, NOW + 2 * WHEN_DAY,
	    DIRECTORY_ROLLBACK, "version 3 is held");
	is_verdict("another first version", b1, &at_a1, NOW, DIRECTORY_FORK, "different version 1");
	is_verdict("a second on top of another first", a2, &at_b1, NOW, DIRECTORY_FORK,
	    "does not continue");
	is_verdict("one that skips what was never seen", a3, &at_b1, NOW, DIRECTORY_OK, "");
}

/* What was proved and not kept, a kind of tomorrow for one, is as little taken back by an older version as what was kept. */
static void
test_proved(void)
{
	autojson json_t *a1 = seal(DIRECTORY_KIND_GROUP, NULL, "a");
	struct directory_seen at_a1 = seen_of(a1, 1), at_a2, only = { .proved = 3 };
	autojson json_t *a2 = seal(DIRECTORY_KIND_GROUP, &at_a1, "a2"), *a3 = NULL;

	at_a2 = seen_of(a2, 2);
	a3 = seal(DIRECTORY_KIND_GROUP, &at_a2, "a3");
	at_a1.proved = 3;
	is_verdict("what is held", a1, &at_a1, NOW, DIRECTORY_ROLLBACK, "version 3 is known");
	is_verdict("what came between", a2, &at_a1, NOW, DIRECTORY_ROLLBACK, "version 3 is known");
	is_verdict("where nothing is held", a2, &only, NOW, DIRECTORY_ROLLBACK, "version 3 is known");
	is_verdict("itself, once it can be kept", a3, &only, NOW, DIRECTORY_OK, "");
	at_a1.proved = 2;
	is_verdict("a newer one", a3, &at_a1, NOW, DIRECTORY_OK, "");
	is_verdict("an older one that is of the future, too", a2, &only, NOW - WHEN_SKEW - 1, DIRECTORY_ROLLBACK, "version 3 is known");
	json_poke(a2, "kind", "'weather'");
	if (proof_sign(a2, org.seed, "assertionMethod", "2026-11-21T03:04:05Z", NULL) != 0)
		printf("# cannot be signed\n");
	is_verdict("or of a kind that nobody knows", a2, &only, NOW, DIRECTORY_ROLLBACK, "version 3 is known");
}

static void
test_withdrawal(void)
{
	autojson json_t *a1 = seal(DIRECTORY_KIND_STORY, NULL, "a");
	struct directory_seen at_a1 = seen_of(a1, 1), at_a2;
	autojson json_t *a2 = seal(DIRECTORY_KIND_WITHDRAWAL, &at_a1, "a");
	autojson json_t *a3 = NULL, *a4 = NULL;

	is_verdict("a withdrawal follows any record", a2, &at_a1, NOW, DIRECTORY_OK, "");
	at_a2 = seen_of(a2, 2);
	at_a2.withdrawn = true;
	a3 = seal(DIRECTORY_KIND_STORY, &at_a2, "a");
	a4 = seal(DIRECTORY_KIND_WITHDRAWAL, &at_a2, "a");
	is_verdict("what was withdrawn does not come back under its id", a3, &at_a2, NOW, DIRECTORY_ROLLBACK, "withdrawn");
	is_verdict("a withdrawal may be issued again", a4, &at_a2, NOW, DIRECTORY_OK, "");
	is_verdict("the same withdrawal is known", a2, &at_a2, NOW, DIRECTORY_KNOWN, "");
}

static void
test_age(void)
{
	autojson json_t *r = seal(DIRECTORY_KIND_SPECIALIST, NULL, "x");
	struct directory_seen seen = seen_of(r, 1);
	int64_t end = NOW + WHEN_DAY;

	is_verdict("in its last millisecond", r, NULL, end - 1, DIRECTORY_OK, "");
	is_verdict("at its end", r, NULL, end, DIRECTORY_STALE, "by 2026-11-22");
	is_verdict("held, at its end", r, &seen, end, DIRECTORY_STALE, "by 2026-11-22");
	is_verdict("thirty days later, almost", r, NULL, end + DIRECTORY_KEEP_STALE - 1,
	    DIRECTORY_STALE, "ask before relying on it");
	is_verdict("thirty days later", r, NULL, end + DIRECTORY_KEEP_STALE, DIRECTORY_EXPIRED,
	    "expired on 2026-11-22");
	is_verdict("by a clock that is five minutes fast", r, NULL, NOW - WHEN_SKEW, DIRECTORY_OK, "");
	is_verdict("by one that is faster", r, NULL, NOW - WHEN_SKEW - 1, DIRECTORY_FUTURE, "clocks");
}

/* Signed as they are, so that only the rule in question can refuse. */
static const struct {
	const char		*path;
	const char		*value;
	enum directory_verdict	verdict;
	const char		*says;
} shapes[] = {
	{ "v", "2", DIRECTORY_MALFORMED, "version 1" },
	{ "v", NULL, DIRECTORY_MALFORMED, "version 1" },
	{ "id", "'lower'", DIRECTORY_MALFORMED, "id or org" },
	{ "id", NULL, DIRECTORY_MALFORMED, "id or org" },
	{ "org", "5", DIRECTORY_MALFORMED, "id or org" },
	{ "org", "'" ORG_B "'", DIRECTORY_WRONG_ORG, "another organization" },
	{ "seq", "0", DIRECTORY_MALFORMED, "seq" },
	{ "seq", "9007199254740992", DIRECTORY_MALFORMED, "seq" },
	{ "seq", "'1'", DIRECTORY_MALFORMED, "seq" },
	{ "seq", "2", DIRECTORY_MALFORMED, "predecessor" },
	{ "prev", "'00'", DIRECTORY_MALFORMED, "first record names" },
	{ "issued_at", "0", DIRECTORY_MALFORMED, "issued_at" },
	{ "issued_at", "1795400000000", DIRECTORY_MALFORMED, "issued_at" },
	{ "expires_at", "1795230245678", DIRECTORY_MALFORMED, "expires_at" },
	{ "expires_at", "253402300799999", DIRECTORY_OK, "" },
	{ "expires_at", "253402300800000", DIRECTORY_MALFORMED, "expires_at" },
	{ "expires_at", NULL, DIRECTORY_MALFORMED, "expires_at" },
	{ "body", "[]", DIRECTORY_MALFORMED, "lacks" },
	{ "kind", NULL, DIRECTORY_MALFORMED, "lacks" },
	{ "kind", "'weather'", DIRECTORY_UNKNOWN_KIND, "kind" },
	{ "note", "'more'", DIRECTORY_MALFORMED, "does not know" },
};

static void
test_shapes(void)
{
	autojson json_t *text = json_string("record");

	for (size_t i = 0; i < nelem(shapes); i++) {
		autojson json_t *r = seal(DIRECTORY_KIND_PROGRAM, NULL, "x");

		json_poke(r, shapes[i].path, shapes[i].value);
		if (proof_sign(r, org.seed, "assertionMethod", "2026-11-21T03:04:05Z", NULL) != 0)
			printf("# cannot even be signed\n");
		is_verdict(shapes[i].path, r, NULL, NOW, shapes[i].verdict, shapes[i].says);
	}
	is_verdict("not an object", text, NULL, NOW, DIRECTORY_MALFORMED, "version 1");
	is_verdict("nothing", NULL, NULL, NOW, DIRECTORY_MALFORMED, "version 1");
}

static void
test_prev(void)
{
	static const char *const prevs[] = { "''", "7",
		"'0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef'",
		"'zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'",
		"'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde'" };
	autojson json_t *first = seal(DIRECTORY_KIND_PROGRAM, NULL, "x");
	struct directory_seen seen = seen_of(first, 1);

	for (size_t i = 0; i < nelem(prevs); i++) {
		autojson json_t *r = seal(DIRECTORY_KIND_PROGRAM, &seen, "y");

		json_poke(r, "prev", prevs[i]);
		is_verdict("prev that is no hash", r, NULL, NOW, DIRECTORY_MALFORMED, "predecessor");
	}
}

static void
test_tampering(void)
{
	static const struct {
		const char	*path, *value;
	} changes[] = {
		{ "body/name", "'Evil House'" }, { "expires_at", "1899999999999" },
		{ "issued_at", "1795230245677" }, { "id", "'" ORG_B "'" }, { "kind", "'group'" },
		{ "proof/created", "'2026-11-21T03:04:06Z'" }, { "proof/proofPurpose", "'authentication'" },
		{ "proof/proofValue", "'z3'" }, { "proof/proofValue", NULL }, { "proof", "{}" },
		{ "proof/cryptosuite", "'none'" },
	};
	struct keypair stranger = key_of(KEY_STRANGER);
	autojson json_t *forged = seal(DIRECTORY_KIND_PROGRAM, NULL, "x");

	for (size_t i = 0; i < nelem(changes); i++) {
		autojson json_t *r = seal(DIRECTORY_KIND_PROGRAM, NULL, "x");

		json_poke(r, changes[i].path, changes[i].value);
		is_verdict(changes[i].path, r, NULL, NOW, DIRECTORY_BAD_PROOF, "proof");
	}
	json_poke(forged, "proof", "[]");
	is_verdict("a proof that is none", forged, NULL, NOW, DIRECTORY_MALFORMED, "lacks");
	json_poke(forged, "proof", NULL);
	is_verdict("no proof", forged, NULL, NOW, DIRECTORY_MALFORMED, "lacks");
	ok(proof_sign(forged, stranger.seed, "assertionMethod", "2026-11-21T03:04:05Z", NULL) == 0,
	    "a stranger signs");
	is_verdict("signed by a stranger", forged, NULL, NOW, DIRECTORY_BAD_PROOF, "another key");
}

static void
test_size(void)
{
	autofree char *long_text = malloc(DIRECTORY_RECORD_MAX + 1);
	autojson json_t *body = NULL, *real = json_pack("{s:f}", "x", 0.5), *record = NULL;
	struct directory_record draft = { .id = RECORD, .org = ORG_A, .issued_at = NOW,
		.expires_at = NOW + 1 };
	struct err err = { "" };

	memset(long_text, 'x', DIRECTORY_RECORD_MAX);
	long_text[DIRECTORY_RECORD_MAX - 700] = '\0';
	body = json_pack("{s:s}", "text", long_text);
	draft.body = body;
	ok(directory_seal(&draft, NULL, org.seed, &record, &err) == 0, "a long record fits");
	is_verdict("a long record", record, NULL, NOW, DIRECTORY_OK, "");
	json_decref(record);
	record = NULL;
	json_decref(body);
	memset(long_text, 'x', DIRECTORY_RECORD_MAX);
	long_text[DIRECTORY_RECORD_MAX] = '\0';
	body = json_pack("{s:s}", "text", long_text);
	draft.body = body;
	ok(directory_seal(&draft, NULL, org.seed, &record, &err) == E_BAD && record == NULL &&
	    strstr(err.text, "shorten") != NULL, "a longer one is not sealed");
	record = seal(DIRECTORY_KIND_PROGRAM, NULL, "x");
	ok(json_object_set(record, "body", body) == 0, "nor taken");
	is_verdict("too long", record, NULL, NOW, DIRECTORY_MALFORMED, "shorten");
	ok(json_object_set(record, "body", real) == 0, "a real number");
	is_verdict("no canonical form", record, NULL, NOW, DIRECTORY_MALFORMED, "canonical");
	draft.body = real;
	ok(directory_seal(&draft, NULL, org.seed, &record, &err) == E_BAD, "is not sealed");
	json_decref(body);
	body = json_object();
	draft.body = body;
	draft.expires_at = NOW;
	ok(directory_seal(&draft, NULL, org.seed, &record, &err) == E_BAD, "nor an empty span of time");
}

static void
test_manifest(void)
{
	struct directory_entry held[] = {
		{ "BBBBBBBBBBBBBBBBBBBBBBBBB0", 4 }, { "AAAAAAAAAAAAAAAAAAAAAAAAA0", 1 },
		{ "CCCCCCCCCCCCCCCCCCCCCCCCC0", 2 },
	};
	struct directory_entry sorted[] = { held[1], held[0], held[2] };
	struct directory_entry newer[] = { held[0], held[1], { held[2].id, 5 } };
	struct directory_entry older[] = { { held[0].id, 3 }, held[1], held[2] };
	struct directory_entry other[] = { held[0], held[1], { "DDDDDDDDDDDDDDDDDDDDDDDDD0", 2 } };
	struct directory_entry more[] = { held[0], held[1], held[2], other[2] };
	autojson json_t *body = NULL, *same = NULL, *none = NULL;
	autofree struct directory_entry *many = calloc(DIRECTORY_MAX + 1, sizeof(*many));
	/* printf 'A..0:1\nB..0:4\nC..0:2\n' | sha256sum */
	static const char want[] = "816695cab6ccd542ef2758ba7fe6b500b7b8f9ff763a8fae4a536de4bb92fe24";
	struct err err = { "" };
	int64_t missing = -1;

	ok(directory_manifest(held, 3, NOW, &body) == 0 &&
	    directory_manifest(sorted, 3, NOW, &same) == 0 && json_equal(body, same),
	    "order of arrival does not matter");
	ok(json_int(body, "count", 0) == 3 && json_int(body, "highest_seq", 0) == 4 &&
	    json_int(body, "issued_at", 0) == NOW, "count and highest number");
	is_str(json_str(body, "hash"), want, "hash over lines");
	ok(directory_compare(body, sorted, 3, &missing, &err) == 0 && missing == -1, "all there");
	ok(directory_compare(body, sorted, 1, &missing, &err) == E_NOTFOUND && missing == 2 &&
	    strstr(err.text, "2 of 3") != NULL, "two withheld");
	ok(directory_compare(body, older, 3, &missing, &err) == E_NOTFOUND && missing == 0 &&
	    strstr(err.text, "latest") != NULL, "an old version in place of the new");
	ok(directory_compare(body, other, 3, &missing, &err) == E_NOTFOUND && missing == 0,
	    "another record in place of one");
	ok(directory_compare(body, newer, 3, &missing, &err) == E_LATER, "a newer version than counted");
	ok(directory_compare(body, more, 4, &missing, &err) == E_LATER, "more than counted");
	ok(directory_manifest(NULL, 0, NOW, &none) == 0 && json_int(none, "highest_seq", -1) == 0 &&
	    directory_compare(none, NULL, 0, &missing, &err) == 0, "an empty directory");
	for (size_t i = 0; i <= DIRECTORY_MAX; i++)
		many[i].id = RECORD;
	json_decref(same);
	same = NULL;
	ok(directory_manifest(many, DIRECTORY_MAX, NOW, &same) == 0, "as many as there may be");
	json_decref(same);
	same = NULL;
	ok(directory_manifest(many, DIRECTORY_MAX + 1, NOW, &same) == E_BAD && same == NULL, "too many");
}

static void
test_bad_manifest(void)
{
	static const struct {
		const char	*path, *value;
	} broken[] = {
		{ "count", NULL }, { "count", "-1" }, { "count", "2001" }, { "highest_seq", NULL },
		{ "hash", NULL }, { "hash", "'x'" },
		{ "hash", "'0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef'" },
	};
	int64_t missing = -1;
	struct err err;

	for (size_t i = 0; i < nelem(broken); i++) {
		json_t *body = NULL;

		ok(directory_manifest(NULL, 0, NOW, &body) == 0, "made");
		json_poke(body, broken[i].path, broken[i].value);
		ok(directory_compare(body, NULL, 0, &missing, &err) == E_BAD && missing == -1,
		    "%s broken", broken[i].path);
		json_decref(body);
	}
	ok(directory_compare(NULL, NULL, 0, &missing, &err) == E_BAD, "no manifest");
}

static void
test_state(void)
{
	static const struct {
		const char	*packed, *type, *key;
		bool		 fine;
	} states[] = {
		{ "org.cairnpeer.record:K1", "org.cairnpeer.record", "K1", true },
		{ "org.cairnpeer.record:", "org.cairnpeer.record", "", true },
		{ "org.cairnpeer.record:a:b", "org.cairnpeer.record", "a:b", true },
		{ "org.cairnpeer.record:K1", "org.cairnpeer.record", "K2", false },
		{ "org.cairnpeer.record:K1", "org.cairnpeer.other", "K1", false },
		{ "org.cairnpeer.record", "org.cairnpeer.record", "", false },
		{ "org.cairnpeer.recordK1", "org.cairnpeer.record", "K1", false },
		{ "org.cairnpeer.record:K1", "org.cairnpeer.recorb", "K1", false },
		{ "a:b:c", "a:b", "c", false },
		{ ":K1", "", "K1", false },
		{ "m.room.member:@a:b", "m.room.member", "@a:b", false },
		{ "m.room.power_levels:", "m.room.power_levels", "", false },
		{ "m.room.encrypted:x", "m.room.encrypted", "x", false },
		{ NULL, "org.cairnpeer.record", "K1", false },
		{ "org.cairnpeer.record:K1", NULL, "K1", false },
		{ "org.cairnpeer.record:K1", "org.cairnpeer.record", NULL, false },
	};

	for (size_t i = 0; i < nelem(states); i++) {
		struct err err = { "" };
		int r = directory_state_check(states[i].packed, states[i].type, states[i].key, &err);

		ok(states[i].fine ? r == 0 : r == E_REFUSED && err.text[0] != '\0', "state \"%s\"",
		    states[i].packed ? states[i].packed : "(none)");
	}
}

static void
test_names(void)
{
	enum directory_kind kind = DIRECTORY_NKINDS;
	unsigned wrong = 0;

	for (unsigned i = 0; i < DIRECTORY_NKINDS; i++)
		wrong += directory_kind_parse(directory_kind_name(i), &kind) != 0 || kind != i;
	ok(wrong == 0 && directory_kind_parse("weather", &kind) == E_BAD, "kinds by name");
	is_str(directory_kind_name(DIRECTORY_NKINDS), "unknown", "no kind beyond the last");
	is_str(directory_verdict_name(DIRECTORY_ROLLBACK), "rollback", "verdicts by name");
	is_str(directory_verdict_name(DIRECTORY_NVERDICTS), "unknown", "none beyond the last");
}

/* The schema's example was signed by another implementation. */
static void
test_example(void)
{
	uint8_t key[32];
	autojson json_t *record = json_example("record", key);
	struct directory_context c = { .org = json_str(record, "org"), .key = key,
		.now = json_int(record, "issued_at", 0) };
	enum directory_verdict verdict = DIRECTORY_NVERDICTS;
	struct directory_record rec;
	struct err err;

	if (!ok(directory_check(record, &c, &verdict, &rec, &err) == 0 && verdict == DIRECTORY_OK,
	    "the schema's example"))
		printf("# %s: %s\n", directory_verdict_name(verdict), err.text);
}

/* Whatever allocation fails, nothing is judged good and nothing is half done. */
static void
test_memory(void)
{
	autojson json_t *body = json_pack("{s:s}", "name", "x");
	struct directory_seen seen = { .seq = 1, .hash =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" };
	struct directory_record draft = { .id = RECORD, .org = ORG_A, .issued_at = NOW,
		.expires_at = NOW + 1, .body = body };
	struct directory_context c = { .org = ORG_A, .key = org.pub, .now = NOW };
	struct directory_entry entry = { RECORD, 1 };
	json_t *record = NULL, *manifest = NULL;
	long n, wrong = 0;
	int r = 1;

	for (n = 0; r != 0; n++) {
		faults_left = n;
		r = directory_seal(&draft, &seen, org.seed, &record, NULL);
		wrong += r != 0 && record != NULL;
	}
	faults_left = -1;
	ok(wrong == 0 && n > 10, "sealing survives each of %ld failing allocations", n - 1);
	for (n = 0, r = -ENOMEM; r != 0; n++) {
		struct directory_record rec = { .seq = -7 };
		enum directory_verdict verdict = DIRECTORY_NVERDICTS;
		struct err err;

		faults_left = n;
		r = directory_check(record, &c, &verdict, &rec, &err);
		wrong += r == 0 ? verdict != DIRECTORY_OK : r != -ENOMEM || rec.seq != -7 ||
		    verdict != DIRECTORY_NVERDICTS;
	}
	faults_left = -1;
	ok(wrong == 0 && n > 5, "checking too, and calls nobody a forger for it");
	for (n = 0, r = -ENOMEM; r != 0; n++) {
		faults_left = n;
		r = directory_manifest(&entry, 1, NOW, &manifest);
		wrong += r != 0 && (r != -ENOMEM || manifest != NULL);
	}
	for (n = 0, r = -ENOMEM; r == -ENOMEM; n++) {
		int64_t missing;

		faults_left = n;
		r = directory_compare(manifest, &entry, 1, &missing, NULL);
	}
	faults_left = -1;
	ok(wrong == 0 && r == 0 && n > 1, "manifests too");
	json_decref(record);
	json_decref(manifest);
}

int
main(void)
{
	faults_begin();
	org = key_of(KEY_ORG_A);
	test_record();
	test_sequence();
	test_proved();
	test_withdrawal();
	test_age();
	test_shapes();
	test_prev();
	test_tampering();
	test_size();
	test_manifest();
	test_bad_manifest();
	test_state();
	test_names();
	test_example();
	test_memory();
	return done_testing();
}
