/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "encode.h"
#include "err.h"

enum { B58_TEXT_MAX = 256 };

static const char b58_alphabet[] =
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

void
encode_b64(const void *src, size_t n, char *dst)
{
	(void)sodium_bin2base64(dst, B64_LEN(n) + 1, src, n,
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

void
encode_b64url(const void *src, size_t n, char *dst)
{
	(void)sodium_bin2base64(dst, B64_LEN(n) + 1, src, n,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

char *
encode_b64_new(const void *src, size_t n)
{
	char *dst = malloc(B64_LEN(n) + 1);

	if (dst != NULL)
		encode_b64(src, n, dst);
	return dst;
}

/* The six bits of a character, or -1. */
static int
b64_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One spelling per value: the alphabet, no lone last character, zero tail bits. */
static bool
b64_valid(const char *text, size_t len)
{
	static const int tail[] = { 0, 0, 0x0f, 0x03 };

	if (len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (b64_bits(text[i]) < 0)
			return false;
	return len == 0 || (b64_bits(text[len - 1]) & tail[len % 4]) == 0;
}

int
decode_b64(const char *text, size_t len, void *dst, size_t size, size_t *ret_n)
{
	size_t n = len / 4 * 3 + (len % 4) * 3 / 4;

	if (n > size || !b64_valid(text, len))
		return E_BAD;
	/* Checked above, so that ${dst} is untouched on failure; the values
	 * may be secret and are turned into bytes in constant time. */
	if (n > 0 && sodium_base642bin(dst, n, text, len, NULL, ret_n, NULL,
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		return E_BAD;
	*ret_n = n;
	return 0;
}

int
decode_b64url(const char *text, size_t len, void *dst, size_t size, size_t *ret_n)
{
	/* libsodium takes one spelling per value here: no padding, zero tail bits. */
	return sodium_base642bin(dst, size, text, len, NULL, ret_n, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 ? 0 : E_BAD;
}

int
decode_b64_exact(const char *text, void *dst, size_t n)
{
	size_t len = strlen(text), got;

	return len == B64_LEN(n) ? decode_b64(text, len, dst, n, &got) : E_BAD;
}

/* The six bits of each character; 64: it has none. */
static const uint8_t b64_table[256] = {
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 64, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
	64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64,
	64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
#define SIXTEEN	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64
	SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN,
#undef SIXTEEN
};

int
decode_b64_new(const char *text, size_t len, uint8_t **ret, size_t *ret_n)
{
	autofree uint8_t *dst = malloc(len / 4 * 3 + 3);
	uint32_t word = 0;
	uint8_t wrong = 0;
	size_t n = 0;

	if (dst == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		uint8_t bits = b64_table[(uint8_t)text[i]];

		wrong |= bits;
		word = word << 6 | bits;
		if (i % 4 != 3)
			continue;
		dst[n++] = (uint8_t)(word >> 16);
		dst[n++] = (uint8_t)(word >> 8);
		dst[n++] = (uint8_t)word;
		word = 0;
	}
	/* What is left of the last group must be whole bytes and zeros. */
	if ((wrong & 64) != 0 || len % 4 == 1 || (len % 4 == 2 && (word & 0x0f) != 0) ||
	    (len % 4 == 3 && (word & 0x03) != 0))
		return E_BAD;
	if (len % 4 == 2)
		dst[n++] = (uint8_t)(word >> 4);
	if (len % 4 == 3) {
		dst[n++] = (uint8_t)(word >> 10);
		dst[n++] = (uint8_t)(word >> 2);
	}
	*ret = take(dst);
	*ret_n = n;
	return 0;
}

/* Both directions: long division of the number, base by base, in place. */
void
encode_b58(const uint8_t *src, size_t n, char *dst)
{
	size_t zeros = 0, len = 0;

	while (zeros < n && src[zeros] == 0)
		zeros++;
	memset(dst, 0, n * 138 / 100 + 2);
	for (size_t i = zeros; i < n; i++) {	/* Digits, least first, as numbers. */
		unsigned carry = src[i];

		for (size_t j = 0; j < len || carry > 0; j++) {
			carry += (unsigned)dst[j] << 8;
			dst[j] = (char)(carry % 58);
			carry /= 58;
			if (j == len)
				len++;
		}
	}
	for (size_t i = 0; i < zeros; i++)
		dst[len++] = 0;
	for (size_t i = 0; i < len; i++)
		dst[i] = b58_alphabet[(unsigned char)dst[i]];
	for (size_t i = 0; i < len / 2; i++) {
		char c = dst[i];

		dst[i] = dst[len - 1 - i];
		dst[len - 1 - i] = c;
	}
	dst[len] = '\0';
}

int
decode_b58(const char *text, uint8_t *dst, size_t size, size_t *ret_n)
{
	uint8_t bytes[B58_TEXT_MAX];	/* Least first. */
	size_t text_len = strnlen(text, B58_TEXT_MAX + 1), len = 0, zeros = 0;

	if (text_len > B58_TEXT_MAX)
		return E_BAD;
	while (text[zeros] == '1')
		zeros++;
	for (const char *p = text + zeros; *p != '\0'; p++) {
		const char *digit = strchr(b58_alphabet, *p);
		unsigned carry;

		if (digit == NULL)
			return E_BAD;
		carry = (unsigned)(digit - b58_alphabet);
		for (size_t j = 0; j < len || carry > 0; j++) {
			if (j == len)
				bytes[len++] = 0;
			carry += bytes[j] * 58U;
			bytes[j] = (uint8_t)carry;
			carry >>= 8;
		}
	}
	if (zeros + len > size)
		return E_BAD;
	memset(dst, 0, zeros);
	for (size_t i = 0; i < len; i++)
		dst[zeros + i] = bytes[len - 1 - i];
	*ret_n = zeros + len;
	return 0;
}

void
encode_hex(const void *src, size_t n, char *dst)
{
	(void)sodium_bin2hex(dst, 2 * n + 1, src, n);
}

int
decode_hex(const char *text, void *dst, size_t n)
{
	size_t got;

	if (strlen(text) != 2 * n || strspn(text, "0123456789abcdef") != 2 * n)
		return E_BAD;
	return sodium_hex2bin(dst, n, text, 2 * n, NULL, &got, NULL) == 0 ? 0 : E_BAD;
}
