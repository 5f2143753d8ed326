/* SPDX-License-Identifier: Apache-2.0 */
#include "statement.h"

#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "signed.h"
#include "when.h"

#define DID_KEY	"did:key:"

#define X(name, text) text,
static const char *const verdict_names[] = { STATEMENT_VERDICTS(X) };
#undef X

const char *
statement_verdict_name(enum statement_verdict verdict)
{
	return (unsigned)verdict < STATEMENT_NVERDICTS ? verdict_names[verdict] : "unknown";
}

const char *
statement_by(const json_t *doc)
{
	const char *did = json_str(doc, "specialist");

	return did != NULL && strncmp(did, DID_KEY, strlen(DID_KEY)) == 0 ? did : NULL;
}

/* A withdrawal says nothing; anything else says to whom it may be told. */
static int
read_statement(const json_t *doc, struct statement *ret, bool *ret_withdrawn, uint8_t ret_key[32], struct err *reterr)
{
	static const char *const said[] = { "readers", "conditions", "audiences", "age_group", "text" };
	const char *did = statement_by(doc), *readers = json_str(doc, "readers");
	const json_t *withdrawn = json_object_get(doc, "withdrawn");
	size_t n = 0;

	if (signed_kind(doc) != SIGNED_EXPERIENCE || json_int(doc, "v", 0) != 1)
		return err_set(reterr, E_BAD, "it is no statement of version 1");
	if (did == NULL || proof_key_parse(did + strlen(DID_KEY), ret_key) != 0)
		return err_set(reterr, E_BAD, "the statement is by nobody who has a did:key");
	*ret = (struct statement){ .specialist = did, .issued_at = json_int(doc, "issued_at", 0),
	    .expires_at = json_int(doc, "expires_at", 0) };
	if (ret->issued_at < 1 || ret->expires_at <= ret->issued_at || ret->expires_at > WHEN_MAX)
		return err_set(reterr, E_BAD, "the statement has no proper issued_at and expires_at");
	if (!json_is_boolean(withdrawn))
		return err_set(reterr, E_BAD, "the statement does not say whether it still holds");
	for (size_t i = 0; i < nelem(said); i++)
		n += json_object_get(doc, said[i]) != NULL;
	*ret_withdrawn = json_is_true(withdrawn);
	if (*ret_withdrawn ? n > 0 : readers == NULL || n < 2)
		return err_set(reterr, E_BAD, *ret_withdrawn ? "the statement is withdrawn, and yet says something" :
		    "the statement does not say anything, or not to whom");
	return 0;
}

static enum statement_verdict
judge_time(const struct statement *st, bool withdrawn, int64_t newest, int64_t now, struct err *reason)
{
	char day[WHEN_TEXT];

	if (st->issued_at > now + WHEN_SKEW) {
		(void)err_set(reason, 0, "the statement is dated in the future");
		return STATEMENT_FUTURE;
	}
	if (st->issued_at < newest) {
		(void)err_set(reason, 0, "the specialist signed a later statement, of %s", when_print_day(newest, day));
		return STATEMENT_ROLLED_BACK;
	}
	if (withdrawn) {
		(void)err_set(reason, 0, "the specialist withdrew what they had said");
		return STATEMENT_WITHDRAWN;
	}
	if (now - WHEN_SKEW > st->expires_at) {
		(void)err_set(reason, 0, "the statement ended on %s", when_print_day(st->expires_at, day));
		return STATEMENT_EXPIRED;
	}
	return STATEMENT_GOOD;
}

int
statement_check(const json_t *doc, int64_t newest, int64_t now, enum statement_verdict *ret_verdict,
    struct statement *ret, struct err *reterr)
{
	struct statement st;
	struct err reason = { "" };
	enum statement_verdict verdict = STATEMENT_MALFORMED;
	bool withdrawn = false;
	uint8_t key[32];
	int r = read_statement(doc, &st, &withdrawn, key, &reason);

	if (r == 0 && (r = signed_verify(doc, SIGNED_EXPERIENCE, key, &reason)) != 0) {
		if (r < 0)
			return r;
		verdict = STATEMENT_BAD_PROOF;
		err_add(&reason, "the specialist did not sign the statement, or it was changed afterwards");
	} else if (r == 0)
		verdict = judge_time(&st, withdrawn, newest, now, &reason);
	if (verdict <= STATEMENT_EXPIRED)
		*ret = st;
	*ret_verdict = verdict;
	*reterr = reason;
	return 0;
}
