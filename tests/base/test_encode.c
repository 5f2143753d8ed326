/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/encode.h"
#include "base/err.h"
#include "tap.h"

/* RFC 4648, section 10, without padding. */
static void
test_b64(void)
{
	static const char *const text[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy" };
	static const char *const bad[] = {
		"Zg==", "Zg=", "Z", "Zm9vY", "Zm9v Yg", "Zm9vYg\n", " Zg", "Zm9v!", "!!!!",
		"-_-_", "Zh", "Zm9", "Zm\x80v", "Zm9v\xc3\xa9",
	};
	char got[16];
	uint8_t out[16], *new = NULL;
	size_t n;

	for (size_t i = 0; i < nelem(text); i++) {
		encode_b64("foobar", i, got);
		is_str(got, text[i], "encode %zu bytes", i);
		ok(decode_b64(text[i], strlen(text[i]), out, sizeof(out), &n) == 0 && n == i &&
		    !memcmp(out, "foobar", i), "decode %zu bytes", i);
		is_int(strlen(text[i]), B64_LEN(i), "length for %zu bytes", i);
		ok(decode_b64_new(text[i], strlen(text[i]), &new, &n) == 0 && n == i && !memcmp(new, "foobar", i),
		    "quickly %zu bytes", i);
		free(new);
		new = NULL;
	}
	for (size_t i = 0; i < nelem(bad); i++) {
		memset(out, 0xaa, sizeof(out));
		n = 99;
		ok(decode_b64(bad[i], strlen(bad[i]), out, sizeof(out), &n) == E_BAD && n == 99 &&
		    out[0] == 0xaa && out[3] == 0xaa, "bad base64 %zu is refused, nothing written", i);
		ok(decode_b64_new(bad[i], strlen(bad[i]), &new, &n) == E_BAD && new == NULL && n == 99,
		    "and quickly too");
	}
	is_int(decode_b64("Zm9v\0Zm9v", 9, out, sizeof(out), &n), E_BAD, "an embedded NUL");
	is_int(decode_b64("Zm9vYg", 6, out, 3, &n), E_BAD, "more than fits");
	ok(decode_b64_exact("Zm9v", out, 3) == 0 && decode_b64_exact("Zm9v", out, 2) == E_BAD &&
	    decode_b64_exact("Zm9v", out, 4) == E_BAD && decode_b64_exact("", out, 0) == 0,
	    "an exact length");
	encode_b64("\xfb\xff\xfe", 3, got);
	is_str(got, "+//+", "standard alphabet");
	encode_b64url("\xfb\xff\xfe", 3, got);
	is_str(got, "-__-", "URL alphabet");
	ok(decode_b64_new("Zm8", 3, &new, &n) == 0 && n == 2 && !memcmp(new, "fo", 2), "allocated");
	free(new);
	new = NULL;
	ok(decode_b64_new("Zm", 2, &new, &n) == E_BAD && new == NULL, "allocated, bad");
}

/* Each text of two to four characters has at most one value: what decodes, encodes back. */
static void
test_b64_one_spelling(void)
{
	unsigned char out[3];
	char text[5], back[8];
	size_t n, good = 0, wrong = 0;

	for (unsigned v = 0; v < 1 << 16; v++) {
		text[0] = text[1] = 'A';
		text[2] = (char)(v & 0xff);
		text[3] = (char)(v >> 8);
		text[4] = '\0';
		if (decode_b64(text, strlen(text), out, sizeof(out), &n) != 0)
			continue;
		good++;
		encode_b64(out, n, back);
		wrong += strcmp(text, back) != 0;
	}
	/* 64 * 64 of four, 16 * 1 of three; two ("AA") for v & 0xff == 0, 256 times. */
	is_int(good, 64 * 64 + 16 + 256, "exactly the valid texts decode");
	is_int(wrong, 0, "and encode back");
}

/* Bitcoin's test vectors (base58_encode_decode.json). */
static const struct {
	const char	*hex, *text;
} b58[] = {
	{ "", "" }, { "61", "2g" }, { "626262", "a3gV" }, { "636363", "aPEr" },
	{ "73696d706c792061206c6f6e6720737472696e67", "2cFupjhnEsSn59qHXstmK2ffpLv2" },
	{ "00eb15231dfceb60925886b67d065299925915aeb172c06647", "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L" },
	{ "516b6fcd0f", "ABnLTmg" }, { "bf4f89001e670274dd", "3SEo3LWLoPntC" },
	{ "572e4794", "3EFU7m" }, { "ecac89cad93923c02321", "EJDM8drfXA6uyA" },
	{ "10c8511e", "Rt5zm" }, { "00000000000000000000", "1111111111" },
};

static void
test_b58(void)
{
	uint8_t raw[64], out[300];
	char text[128], longest[258];
	size_t n = 77;

	for (size_t i = 0; i < nelem(b58); i++) {
		size_t len = strlen(b58[i].hex) / 2;

		if (decode_hex(b58[i].hex, raw, len) != 0)
			abort();
		encode_b58(raw, len, text);
		is_str(text, b58[i].text, "encode base58 %zu", i);
		ok(decode_b58(b58[i].text, out, sizeof(out), &n) == 0 && n == len &&
		    !memcmp(out, raw, len), "decode base58 %zu", i);
	}
	n = 77;
	ok(decode_b58("0", out, 9, &n) == E_BAD && decode_b58("2gO", out, 9, &n) == E_BAD &&
	    decode_b58("2g ", out, 9, &n) == E_BAD && decode_b58("l\xff", out, 9, &n) == E_BAD && n == 77,
	    "foreign characters");
	ok(decode_b58("a3gV", out, 2, &n) == E_BAD && decode_b58("111", out, 2, &n) == E_BAD,
	    "more than fits");
	memset(longest, 'z', sizeof(longest));
	longest[257] = '\0';
	is_int(decode_b58(longest, out, sizeof(out), &n), E_BAD, "257 characters");
	longest[256] = '\0';
	ok(decode_b58(longest, out, sizeof(out), &n) == 0 && n == 188, "256 characters");
	memset(longest, '1', 256);
	ok(decode_b58(longest, out, sizeof(out), &n) == 0 && n == 256, "256 zeros");
}

static void
test_hex(void)
{
	uint8_t out[4] = { 9, 9, 9, 9 };
	char text[9];

	encode_hex("\x00\xff\x1e", 3, text);
	is_str(text, "00ff1e", "encode");
	ok(decode_hex("00ff1e", out, 3) == 0 && !memcmp(out, "\x00\xff\x1e\x09", 4), "decode");
	out[0] = 9;
	ok(decode_hex("00FF1E", out, 3) == E_BAD && decode_hex("00ff1", out, 3) == E_BAD &&
	    decode_hex("00ff1e00", out, 3) == E_BAD && decode_hex("00:f1e", out, 3) == E_BAD &&
	    decode_hex("", out, 3) == E_BAD && out[0] == 9, "upper case, other lengths, separators");
}

int
main(void)
{
	test_b64();
	test_b64_one_spelling();
	test_b58();
	test_hex();
	return done_testing();
}
