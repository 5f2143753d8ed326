/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

/* The length of the UTF-8 character at ${s} and its code point; 0 if it is none. */
static size_t
utf8_char(const unsigned char *s, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t point = n == 1 ? s[0] : s[0] & (0x7fU >> n);

	if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return n;
}

/* Characters that move the cursor or reorder what is around them. */
static bool
unsafe(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c ||
	    point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

void
text_escape(const char *src, char *dst, size_t size)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t len = 0;

	while (*s != '\0') {
		char shown[8];
		uint32_t point = 0;
		size_t n = utf8_char(s, &point), m;

		if (n == 0 || point < 0x20 || point == 0x7f)
			m = (size_t)snprintf(shown, sizeof(shown), "\\x%02x", (unsigned)*s);
		else if (unsafe(point))
			m = (size_t)snprintf(shown, sizeof(shown), "\\u%04x", (unsigned)point);
		else
			memcpy(shown, s, m = n);
		if (len + m >= size)
			break;
		memcpy(dst + len, shown, m);
		len += m;
		s += n == 0 ? 1 : n;
	}
	dst[len] = '\0';
}

bool
text_is_utf8(const char *src)
{
	const unsigned char *s = (const unsigned char *)src;
	uint32_t point;
	size_t n;

	for (; *s != '\0'; s += n)
		if ((n = utf8_char(s, &point)) == 0)
			return false;
	return true;
}

bool
text_is_token(const char *s)
{
	enum { MOST = 4096 };
	size_t n = 0;

	while (s != NULL && s[n] > ' ' && s[n] < 0x7f)
		n++;
	return n > 0 && n <= MOST && s[n] == '\0';
}

size_t
text_fit(const char *s, size_t max)
{
	size_t n = strnlen(s, max);

	if (n == max)
		while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
			n--;
	return n;
}
