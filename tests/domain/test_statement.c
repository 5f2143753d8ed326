/* SPDX-License-Identifier: Apache-2.0 */
/* A statement of lived experience is the specialist's alone, and is over when they say so. */
#include "base/canon.h"
#include "domain/statement.h"
#include "domain/when.h"
#include "tests/domain/keys.h"

static struct keypair rosa, stranger;

static json_t *
signed_by(const struct keypair *who, const char *path, const char *value)
{
	json_t *doc = json_pack("{s:i, s:s, s:s, s:I, s:I, s:s, s:[s], s:b}", "v", 1, "kind", STATEMENT_KIND, "specialist", rosa.did,
	    "issued_at", (json_int_t)(NOW - WHEN_DAY), "expires_at", (json_int_t)(NOW + WHEN_DAY), "readers", "staff",
	    "conditions", "alcohol", "withdrawn", 0);

	if (path != NULL)
		json_poke(doc, path, value);
	if (proof_sign(doc, who->seed, "assertionMethod", "2026-11-20T00:00:00Z", NULL) != 0)
		exit(99);
	return doc;
}

static void
is_verdict(const char *name, const json_t *doc, int64_t newest, int64_t now, enum statement_verdict want, const char *says)
{
	enum statement_verdict got = STATEMENT_NVERDICTS;
	struct statement st = { 0 };
	struct err err = { "" };

	if (!ok(statement_check(doc, newest, now, &got, &st, &err) == 0 && got == want && strstr(err.text, says) != NULL &&
	    (st.specialist != NULL) == (want <= STATEMENT_EXPIRED) && (err.text[0] == '\0') == (want == STATEMENT_GOOD),
	    "%s: %s", name, statement_verdict_name(want)))
		printf("# got %s: %s\n", statement_verdict_name(got), err.text);
}

/* Each is signed after the change. */
static void
test_shape(void)
{
	static const struct {
		const char	*path, *value, *says;
	} wrong[] = {
		{ "kind", "'statement'", "no statement" }, { "v", "2", "no statement" }, { "seq", "1", "no statement" },
		{ "specialist", "'did:web:rosa.example'", "did:key" }, { "specialist", NULL, "did:key" },
		{ "specialist", "'did:key:z6Mk'", "did:key" }, { "issued_at", "0", "issued_at" }, { "expires_at", "253402300800000", "issued_at" }, { "expires_at", "1", "issued_at" },
		{ "withdrawn", NULL, "still holds" }, { "withdrawn", "1", "still holds" }, { "withdrawn", "true", "yet says" },
		{ "readers", NULL, "to whom" }, { "conditions", NULL, "not say anything" },
	};

	for (size_t i = 0; i < nelem(wrong); i++) {
		autojson json_t *doc = signed_by(&rosa, wrong[i].path, wrong[i].value);

		is_verdict(wrong[i].path, doc, 0, NOW, STATEMENT_MALFORMED, wrong[i].says);
	}
}

static void
test_who(void)
{
	autojson json_t *good = signed_by(&rosa, NULL, NULL), *other = signed_by(&stranger, NULL, NULL);
	autojson json_t *example = json_example("statement", NULL);

	is_verdict("by the specialist", good, 0, NOW, STATEMENT_GOOD, "");
	is_verdict("by the organization, in their name", other, 0, NOW, STATEMENT_BAD_PROOF, "did not sign");
	is_verdict("the schema's example, by another implementation", example, 0, NOW, STATEMENT_GOOD, "");
	is_str(statement_by(good), rosa.did, "whose it is");
	json_poke(good, "readers", "'anyone'");
	is_verdict("for other readers than the specialist chose", good, 0, NOW, STATEMENT_BAD_PROOF, "changed afterwards");
}

static void
test_time(void)
{
	autojson json_t *doc = signed_by(&rosa, NULL, NULL), *gone = signed_by(&rosa, "withdrawn", "true");

	is_verdict("the latest seen", doc, NOW - WHEN_DAY, NOW, STATEMENT_GOOD, "");
	is_verdict("an earlier one", doc, NOW - WHEN_DAY + 1, NOW, STATEMENT_ROLLED_BACK, "later statement");
	is_verdict("at its end", doc, 0, NOW + WHEN_DAY + WHEN_SKEW, STATEMENT_GOOD, "");
	is_verdict("after it", doc, 0, NOW + WHEN_DAY + WHEN_SKEW + 1, STATEMENT_EXPIRED, "ended on");
	is_verdict("from a clock ahead", doc, 0, NOW - WHEN_DAY - WHEN_SKEW - 1, STATEMENT_FUTURE, "future");
	json_poke(gone, "readers", NULL);
	json_poke(gone, "conditions", NULL);
	if (proof_sign(gone, rosa.seed, "assertionMethod", "2026-11-20T00:00:00Z", NULL) != 0)
		exit(99);
	is_verdict("withdrawn", gone, 0, NOW, STATEMENT_WITHDRAWN, "withdrew");
	is_verdict("and stays so after its end", gone, 0, NOW + 9 * WHEN_DAY, STATEMENT_WITHDRAWN, "withdrew");
	is_str(statement_verdict_name(STATEMENT_NVERDICTS), "unknown", "verdicts by name");
}

int
main(void)
{
	rosa = key_of(KEY_ROSA);
	stranger = key_of(KEY_STRANGER);
	test_shape();
	test_who();
	test_time();
	return done_testing();
}
