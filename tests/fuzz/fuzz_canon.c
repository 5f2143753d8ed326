/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: the quick reader makes what jansson makes or leaves it to jansson; what
 * the strict parser takes, the one for homeservers' answers takes unchanged; and
 * what that one mends is JSON that the strict one would take.
 */
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/scan.h"
#include "fuzz.h"
#include "matrix/answer.h"

const unsigned fuzz_changes = 600;

static void
is_same(const json_t *x, const json_t *y)
{
	autofree char *a = json_dumps(x, JSON_COMPACT | JSON_ENCODE_ANY), *b = json_dumps(y, JSON_COMPACT | JSON_ENCODE_ANY);

	/* Of the same order, too, which json_equal does not look at. */
	claim(a != NULL && b != NULL && strcmp(a, b) == 0);
	claim(json_equal(x, y));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = len > 0 ? (const char *)data : "";
	autojson json_t *quick = scan_json(text, len), *slow = NULL, *strict = NULL, *answer = NULL, *again = NULL;
	autofree char *plain = NULL;
	struct err err = { "" };
	json_error_t error;
	int taken;

	if (quick != NULL) {
		claim((slow = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error)) != NULL);
		is_same(quick, slow);
	}
	taken = canon_parse(text, len, &strict, &err);
	claim(taken == 0 || taken == E_BAD);
	fuzz_err(&err, taken != 0);
	claim(quick == NULL || taken == 0);
	if (answer_parse(text, len, &answer) != 0) {
		claim(taken != 0);
		return 0;
	}
	if (taken == 0)
		is_same(strict, answer);
	claim((plain = json_dumps(answer, JSON_COMPACT)) != NULL);
	claim(canon_parse(plain, strlen(plain), &again, NULL) == 0);
	return 0;
}
