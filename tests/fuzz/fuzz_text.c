/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile text: what a decoder takes it also gives back; every grammar takes any bytes. */
#include <string.h>

#include "base/encode.h"
#include "base/err.h"
#include "base/id.h"
#include "base/proof.h"
#include "base/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
decoders(const char *text, size_t len)
{
	autofree uint8_t *raw = NULL;
	autofree char *back = NULL;
	uint8_t b58[256], key[ED25519_PUBLIC];
	char b58_back[256 * 138 / 100 + 2], key_back[64];
	size_t n;

	if (decode_b64_new(text, len, &raw, &n) == 0) {
		back = encode_b64_new(raw, n);
		if (back == NULL || strlen(back) != len || memcmp(back, text, len) != 0)
			abort();
	}
	if (decode_b58(text, b58, sizeof(b58), &n) == 0) {
		encode_b58(b58, n, b58_back);
		if (strcmp(b58_back, text) != 0)
			abort();
	}
	if (proof_key_parse(text, key) == 0) {
		proof_key_text(key, key_back);
		if (strcmp(key_back, text) != 0)
			abort();
	}
	(void)!decode_hex(text, key, sizeof(key));
	(void)!decode_b64_exact(text, key, sizeof(key));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autofree char *text = strndup((const char *)data, len);
	char shown[512];

	if (text == NULL)
		abort();
	decoders(text, strlen(text));
	if (id_is_user(text) && !id_is_server(id_server(text)))
		abort();
	(void)(id_is_own(text) || id_is_server(text) || id_is_room(text) || id_is_event(text) ||
	    id_is_device(text) || id_is_session(text) || id_is_multibase_ed25519(text));
	text_escape(text, shown, sizeof(shown));
	if (strcspn(shown, "\n\r\x1b\x7f") != strlen(shown))
		abort();
	return 0;
}
