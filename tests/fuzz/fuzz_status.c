/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status lists and the issuer's ledger.  An input is an object with any of
 *
 *     "list"    a status list credential, signed by the issuer if it says {"$proof": "issuer"}
 *     "entry"   an item of credentialStatus, asked of that list
 *     "ledger"  an issuer's ledger, from which credentials and lists are made
 *     "statement"  a specialist's own, signed by the issuer's key if it says {"$proof": "issuer"}
 *
 * or any other bytes: then they are unpacked as gzip, never to more than was allowed.
 */
#include "base/canon.h"
#include "base/gzip.h"
#include "base/proof.h"
#include "domain/ledger.h"
#include "domain/signed.h"
#include "domain/statement.h"
#include "domain/status.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "fuzz.h"
#include "tests/domain/keys.h"

const unsigned fuzz_changes = 200;

enum { UNPACKED_MAX = 4096 };

static struct keypair signer, issuer;
static struct trust *trust;

static void
unpack(const uint8_t *data, size_t len)
{
	uint8_t *out = NULL, *packed = NULL, *again = NULL;
	size_t n = 0, m = 0, k = 0;
	struct err err = { "" };
	int r = gzip_unpack(data, len, UNPACKED_MAX, &out, &n, &err);

	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	claim((r == 0) == (out != NULL) && n <= UNPACKED_MAX);
	if (r != 0)
		return;
	claim(gzip_pack(out, n, &packed, &m) == 0 && gzip_unpack(packed, m, n, &again, &k, NULL) == 0);
	claim(k == n && memcmp(out, again, n) == 0);
	free(out);
	free(packed);
	free(again);
}

static void
list(const json_t *wish)
{
	autojson json_t *doc = json_deep_copy(json_object_get(wish, "list"));
	struct status_context context = { .trust = trust, .issuer = issuer.did, .now = NOW };
	autostatus struct status_list *opened = NULL;
	struct status_finding said, asked;
	struct status_entry entry = { 0 };
	int64_t issued;
	int r;

	if (json_object_get(doc, "$proof") != NULL) {
		(void)json_object_del(doc, "$proof");
		(void)json_object_set_new(doc, "issuer", json_string(issuer.did));
		(void)!proof_sign(doc, issuer.seed, SIGNED_PURPOSE, "2026-11-20T00:00:00Z", NULL);
	}
	context.list = status_peek(doc, &issued);
	if (context.list == NULL)
		context.list = "";
	claim(status_open(doc, &context, &opened, &said) == 0);
	fuzz_err(&said.reason, said.verdict != STATUS_GOOD);
	claim((opened != NULL) == (said.verdict == STATUS_GOOD));
	if (opened != NULL) {
		claim(status_issued(opened) == issued && issued <= NOW + WHEN_SKEW);
		claim(proof_verify(doc, issuer.pub, SIGNED_PURPOSE, NULL) == 0);
		claim(signed_kind(doc) == SIGNED_STATUS_LIST);
	}
	r = status_entry_read(json_object_get(wish, "entry"), &entry, &said.reason);
	claim(r == 0 || r == E_BAD);
	if (opened == NULL || r != 0)
		return;
	status_ask(opened, &entry, &asked);
	fuzz_err(&asked.reason, asked.verdict != STATUS_GOOD);
	claim(asked.verdict != STATUS_OUT_OF_RANGE || entry.index >= STATUS_BITS_MIN);
}

static void
ledger(const json_t *wish)
{
	autojson json_t *book = json_deep_copy(json_object_get(wish, "ledger")), *made = NULL;
	struct ledger_term term = { NOW, NOW + WHEN_DAY, NOW };
	struct err err = { "" };
	int r = ledger_check(book, &err);

	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	if (r != 0)
		return;
	for (int i = 0; i < LEDGER_NINPUTS; i++) {
		r = ledger_change(book, 1, (enum ledger_input)i, &term, &err);
		claim(r == 0 || r == E_BAD || r == E_REFUSED || r == E_NOTFOUND);
		claim(ledger_check(book, NULL) == 0);
	}
	r = ledger_credential(book, 1, issuer.seed, &made, &err);
	claim(r >= 0 && (r == 0) == (made != NULL));
	claim(ledger_date(book, NOW) == 0 && ledger_check(book, NULL) == 0);
	for (int p = 0; p < STATUS_NPURPOSES; p++) {
		autojson json_t *vc = NULL;

		r = ledger_list(book, (enum status_purpose)p, issuer.seed, &vc, &err);
		claim(r >= 0 && (r == 0) == (vc != NULL));
	}
}

static void
statement(const json_t *wish)
{
	autojson json_t *doc = json_deep_copy(json_object_get(wish, "statement"));
	enum statement_verdict verdict;
	struct statement st = { 0 };
	struct err err = { "" };

	if (json_object_get(doc, "$proof") != NULL) {
		(void)json_object_del(doc, "$proof");
		(void)json_object_set_new(doc, "specialist", json_string(issuer.did));
		(void)!proof_sign(doc, issuer.seed, SIGNED_PURPOSE, "2026-11-20T00:00:00Z", NULL);
	}
	claim(statement_check(doc, NOW - WHEN_DAY, NOW, &verdict, &st, &err) == 0);
	fuzz_err(&err, verdict != STATEMENT_GOOD);
	claim((st.specialist != NULL) == (verdict <= STATEMENT_EXPIRED));
	if (verdict > STATEMENT_EXPIRED)
		return;
	claim(strcmp(st.specialist, issuer.did) == 0 && st.issued_at >= NOW - WHEN_DAY && st.issued_at <= NOW + WHEN_SKEW);
	claim(signed_verify(doc, SIGNED_EXPERIENCE, issuer.pub, NULL) == 0);
	claim(verdict != STATEMENT_WITHDRAWN || json_object_get(doc, "text") == NULL);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	autojson json_t *doc = json_of("{'v': 1, 'kind': 'trust', 'version': 1, 'issued_at': 1, 'expires_at': 253402300799999, 'orgs': [],"
	    " 'issuers': [{'name': 'Board', 'for': [{'type': 'CPRS', 'jurisdictions': ['US-NJ']}]}]}");
	json_t *one = json_array_get(json_arr(doc, "issuers"), 0);

	(void)argc, (void)argv;
	fuzz_start();
	signer = key_of(KEY_SIGNER);
	issuer = key_of(KEY_ISSUER);
	(void)json_object_set_new(one, "id", json_string(issuer.did));
	(void)json_object_set_new(one, "key", json_string(issuer.text));
	claim(trust_sign(doc, signer.seed, NOW, NULL) == 0 && trust_load(doc, only(signer.pub), NULL, NOW, &trust, NULL) == 0);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = NULL;

	fuzz_seed(3);
	unpack(data, len);
	if (len == 0 || data[0] != '{' || canon_parse((const char *)data, len, &wish, NULL) != 0)
		return 0;
	if (json_object_get(wish, "list") != NULL)
		list(wish);
	if (json_object_get(wish, "ledger") != NULL)
		ledger(wish);
	if (json_object_get(wish, "statement") != NULL)
		statement(wish);
	return 0;
}
