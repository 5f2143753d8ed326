/* SPDX-License-Identifier: Apache-2.0 */
#include "lookalike.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "search.h"

enum { NAME = 1024 };		/* Bytes that are looked at: more than a name of a list may have. */

/* Of Latin, Greek and Cyrillic, in their order: what is drawn like a letter or digit of ASCII, and that one. */
static const struct { uint16_t from; char to; } drawn[] = {
	{ 0xd7, 'x' }, { 0x131, 'i' }, { 0x17f, 'f' }, { 0x184, 'b' }, { 0x18d, 'g' }, { 0x196, 'l' }, { 0x1a6, 'r' }, { 0x1a7, '2' },
	{ 0x1b7, '3' }, { 0x1bc, '5' }, { 0x1bd, 's' }, { 0x1c0, 'l' }, { 0x21c, '3' }, { 0x222, '8' }, { 0x223, '8' }, { 0x251, 'a' },
	{ 0x261, 'g' }, { 0x269, 'i' }, { 0x26a, 'i' }, { 0x2db, 'i' }, { 0x37a, 'i' }, { 0x37f, 'j' }, { 0x391, 'a' }, { 0x392, 'b' },
	{ 0x395, 'e' }, { 0x396, 'z' }, { 0x397, 'h' }, { 0x399, 'i' }, { 0x39a, 'k' }, { 0x39c, 'm' }, { 0x39d, 'n' }, { 0x39f, 'o' },
	{ 0x3a1, 'p' }, { 0x3a4, 't' }, { 0x3a5, 'y' }, { 0x3a7, 'x' }, { 0x3b1, 'a' }, { 0x3b3, 'y' }, { 0x3b9, 'i' }, { 0x3bd, 'v' },
	{ 0x3bf, 'o' }, { 0x3c1, 'p' }, { 0x3c3, 'o' }, { 0x3c5, 'u' }, { 0x3d2, 'y' }, { 0x3dc, 'f' }, { 0x3e8, '2' }, { 0x3f1, 'p' },
	{ 0x3f2, 'c' }, { 0x3f3, 'j' }, { 0x3f9, 'c' }, { 0x3fa, 'm' }, { 0x405, 's' }, { 0x406, 'i' }, { 0x408, 'j' }, { 0x410, 'a' },
	{ 0x412, 'b' }, { 0x415, 'e' }, { 0x417, '3' }, { 0x41a, 'k' }, { 0x41c, 'm' }, { 0x41d, 'h' }, { 0x41e, 'o' }, { 0x420, 'p' },
	{ 0x421, 'c' }, { 0x422, 't' }, { 0x423, 'y' }, { 0x425, 'x' }, { 0x42c, 'b' }, { 0x430, 'a' }, { 0x431, '6' }, { 0x433, 'r' },
	{ 0x435, 'e' }, { 0x437, '3' }, { 0x43e, 'o' }, { 0x440, 'p' }, { 0x441, 'c' }, { 0x443, 'y' }, { 0x445, 'x' }, { 0x44a, 'b' },
	{ 0x44c, 'b' }, { 0x455, 's' }, { 0x456, 'i' }, { 0x458, 'j' }, { 0x461, 'w' }, { 0x474, 'v' }, { 0x475, 'v' }, { 0x4ae, 'y' },
	{ 0x4af, 'y' }, { 0x4bb, 'h' }, { 0x4bd, 'e' }, { 0x4c0, 'i' }, { 0x4cf, 'i' }, { 0x4e0, '3' }, { 0x501, 'd' }, { 0x50c, 'g' },
	{ 0x51b, 'q' }, { 0x51c, 'w' }, { 0x51d, 'w' }, { 0x1e9d, 'f' }, { 0x1eff, 'y' }, { 0x3007, 'o' },
};

/* The next character of well-formed UTF-8; 0: the end. */
static uint32_t
next(const char **text)
{
	const uint8_t *p = (const uint8_t *)*text;
	size_t more = *p >= 0xf0 ? 3 : *p >= 0xe0 ? 2 : *p >= 0xc0 ? 1 : 0;
	uint32_t c = more == 0 ? *p : *p & (0x3fU >> more);

	if (*p == 0)
		return 0;
	for (p++; more > 0 && (*p & 0xc0) == 0x80; more--)
		c = c << 6 | (*p++ & 0x3f);
	*text = (const char *)p;
	return c;
}

/* Characters that are not seen, and those that only say how the letter before them is drawn. */
static bool
is_unseen(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || (c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff);
}

/* The character of ASCII that is drawn like this one; 0: none. */
static char
ascii_of(uint32_t c)
{
	if (c < 0x80)
		return (char)c;
	if (c >= 0xff01 && c <= 0xff5e)		/* Wide */
		return (char)(c - 0xff01 + '!');
	if (c >= 0x1d400 && c <= 0x1d6a3)	/* Mathematical: capitals and small ones of thirteen kinds */
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(c - 0x1d400) % 52];
	if (c >= 0x1d7ce && c <= 0x1d7ff)
		return (char)('0' + (c - 0x1d7ce) % 10);
	for (size_t i = 0; i < nelem(drawn); i++)
		if (drawn[i].from == c)
			return drawn[i].to;
	return 0;
}

/* Han, kana, hangul and bopomofo are written beside Latin letters. */
static bool
goes_with_latin(uint32_t c)
{
	return (c >= 0x1100 && c <= 0x11ff) || (c >= 0x2e80 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfaff) ||
	    (c >= 0xff65 && c <= 0xffdc) || (c >= 0x20000 && c <= 0x3ffff);
}

static bool
is_latin(uint32_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= 0xc0 && c < 0x250 && c != 0xd7 && c != 0xf7) || (c >= 0x1e00 && c < 0x1f00);
}

/* What parts words, and marks on letters, are of every script. */
static bool
is_common(uint32_t c)
{
	return c < 0xc0 || c == 0xd7 || c == 0xf7 || (c >= 0x2b0 && c < 0x370) || (c >= 0x2000 && c <= 0x206f) || (c >= 0x20a0 && c <= 0x20ff) ||
	    (c >= 0x3000 && c <= 0x303f) || is_unseen(c);
}

bool
lookalike_mixed(const char *name)
{
	bool latin = false, other = false;
	uint32_t c;

	while ((c = next(&name)) != 0 && !(latin && other)) {
		if (c == ' ' || c == '-' || c == '/')
			latin = other = false;
		else if (is_latin(c))
			latin = true;
		else
			other = other || !(is_common(c) || goes_with_latin(c));
	}
	return latin && other;
}

/* Letters that look like two others, or like a digit, are those. */
static size_t
add(char *out, size_t len, const char *word)
{
	for (; *word != '\0' && len + 1 < NAME; word++)
		if (len > 0 && ((out[len - 1] == 'r' && *word == 'n') || (out[len - 1] == 'v' && *word == 'v')))
			out[len - 1] = *word == 'n' ? 'm' : 'w';
		else
			out[len++] = (char)(*word == '0' ? 'o' : *word == '1' || *word == 'i' ? 'l' : *word);
	out[len] = '\0';
	return len;
}

static size_t
skeleton(const char *name, char out[NAME])
{
	char plain[NAME], word[SEARCH_WORD];
	const char *from = name, *p = plain;
	size_t n = 0, len = 0;
	uint32_t c;

	while ((c = next(&name)) != 0 && n + 5 < NAME) {
		char seen = c == '|' ? 'l' : ascii_of(c);

		if (seen != 0)
			plain[n++] = seen;
		else if (!is_unseen(c)) {
			memcpy(plain + n, from, (size_t)(name - from));
			n += (size_t)(name - from);
		}
		from = name;
	}
	plain[n] = out[0] = '\0';
	while (search_word(&p, word) > 0)
		len = add(out, len, word);
	return len;
}

bool
lookalike(const char *a, const char *b)
{
	char x[NAME], y[NAME];

	return skeleton(a, x) > 0 && skeleton(b, y) > 0 && strcmp(x, y) == 0;
}
