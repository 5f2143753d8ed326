/* SPDX-License-Identifier: Apache-2.0 */
#include "agreement.h"

#include <sodium.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/encode.h"

int
agreement_terms(const json_t *agreement, char out[AGREEMENT_TERMS])
{
	autobuf struct buf text = { 0 };
	uint8_t hash[crypto_hash_sha256_BYTES];
	int r = canon_dump(agreement, &text, NULL);

	if (r != 0)
		return r;
	(void)crypto_hash_sha256(hash, (const uint8_t *)text.data, text.len);
	encode_hex(hash, sizeof(hash), out);
	return 0;
}

int
agreement_judge(const json_t *agreement, const json_t *signatures, const char *today, struct agreement_state *ret)
{
	struct agreement_state s = { 0 };
	const char *last = json_str(agreement, "ends_on");
	char terms[AGREEMENT_TERMS];
	int r = agreement_terms(agreement, terms);

	if (r != 0)
		return r;
	if (last == NULL)
		return E_BAD;
	for (size_t i = 0; i < json_array_size(signatures); i++) {
		const json_t *one = json_array_get(signatures, i);
		const char *by = json_str(one, "by"), *of = json_str(one, "terms");

		if (by == NULL || of == NULL || strcmp(of, terms) != 0)
			continue;
		s.member = s.member || strcmp(by, "member") == 0;
		s.specialist = s.specialist || strcmp(by, "specialist") == 0;
	}
	s.over = strcmp(today, last) > 0;
	s.in_force = s.member && s.specialist && !s.over;
	*ret = s;
	return 0;
}
