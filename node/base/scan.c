/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "canon.h"
#include "scan.h"

enum { DIGITS_MAX = 18 };	/* Of a number that fits in any case. */

struct scan {
	const char	*at, *end;
	struct buf	 text;		/* Of a string with escapes. */
};

/* A string: in the input if it has no escapes, else in scan->text until the next one. */
struct piece {
	const char	*text;
	size_t		 len;
	bool		 ascii;
};

static json_t	*scan_value(struct scan *, unsigned depth);

/* The next character that is no white space; 0 at the end. */
static char
peek(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
	return s->at < s->end ? *s->at : '\0';
}

static bool
skip(struct scan *s, char c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static bool
four_digits(struct scan *s, uint32_t *ret)
{
	uint32_t value = 0;

	if (s->end - s->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *s->at++;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (digit < 0)
			return false;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	return true;
}

/* What follows "\u", as UTF-8.  NUL and lone surrogates are not for us. */
static bool
unicode(struct scan *s)
{
	uint32_t c, low;
	char out[4];
	size_t n = 0;

	if (!four_digits(s, &c) || c == 0 || (c >= 0xdc00 && c <= 0xdfff))
		return false;
	if (c >= 0xd800 && c <= 0xdbff) {
		if (s->end - s->at < 2 || memcmp(s->at, "\\u", 2) != 0)
			return false;
		s->at += 2;
		if (!four_digits(s, &low) || low < 0xdc00 || low > 0xdfff)
			return false;
		c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
	}
	if (c < 0x80)
		out[n++] = (char)c;
	else {
		if (c < 0x800)
			out[n++] = (char)(0xc0 | c >> 6);
		else {
			if (c < 0x10000)
				out[n++] = (char)(0xe0 | c >> 12);
			else {
				out[n++] = (char)(0xf0 | c >> 18);
				out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
			}
			out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		}
		out[n++] = (char)(0x80 | (c & 0x3f));
	}
	return buf_add(&s->text, out, n) == 0;
}

static bool
escape(struct scan *s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char c;

	if (s->at == s->end || (c = *s->at++) == '\0')
		return false;
	if (c == 'u')
		return unicode(s);
	return (found = strchr(from, c)) != NULL && buf_add(&s->text, &to[found - from], 1) == 0;
}

/* Is any of the eight bytes a quote, a backslash or below 0x20?  A byte that borrows from the next one may make it yes. */
static bool
is_special(uint64_t w)
{
	const uint64_t ones = ~0ULL / 255, high = ones << 7, quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');

	return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - ones * 0x20) & ~w)) & high;
}

/* Behind the opening quote. */
static bool
scan_string(struct scan *s, struct piece *ret)
{
	const char *run = s->at;
	uint64_t any = 0, w;
	bool escaped = false;

	buf_wipe(&s->text);
	for (;;) {
		unsigned char c;

		for (; s->end - s->at >= (ptrdiff_t)sizeof(w); s->at += sizeof(w), any |= w) {
			memcpy(&w, s->at, sizeof(w));
			if (is_special(w))
				break;
		}
		while (s->at < s->end && (c = (unsigned char)*s->at) >= 0x20 && c != '"' && c != '\\') {
			any |= c;
			s->at++;
		}
		if (s->at == s->end || (*s->at != '"' && *s->at != '\\'))
			return false;
		if (!escaped && *s->at == '"')
			break;
		if (buf_add(&s->text, run, (size_t)(s->at - run)) != 0)
			return false;
		if (*s->at == '"')
			break;
		s->at++;
		if (!escape(s))
			return false;
		escaped = true;
		run = s->at;
	}
	*ret = escaped ? (struct piece){ s->text.data, s->text.len, false } :
	    (struct piece){ run, (size_t)(s->at - run), (any & ~0ULL / 255 << 7) == 0 };
	s->at++;
	return true;
}

static json_t *
scan_number(struct scan *s)
{
	bool minus = *s->at == '-';
	const char *first = s->at + minus;
	int64_t value = 0;

	for (s->at = first; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
		if (s->at - first < DIGITS_MAX)
			value = value * 10 + (*s->at - '0');
	if (s->at == first || s->at - first > DIGITS_MAX || (*first == '0' && s->at - first > 1) ||
	    (s->at < s->end && (*s->at == '.' || *s->at == 'e' || *s->at == 'E')))
		return NULL;
	return json_integer(minus ? -value : value);
}

static json_t *
scan_word(struct scan *s, const char *word, json_t *value)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0)
		return NULL;
	s->at += n;
	return value;
}

static json_t *
scan_array(struct scan *s, unsigned depth)
{
	autojson json_t *array = json_array();

	if (array == NULL || skip(s, ']'))
		return take(array);
	do {
		json_t *value = scan_value(s, depth);

		if (value == NULL || json_array_append_new(array, value) != 0)
			return NULL;
	} while (skip(s, ','));
	return skip(s, ']') ? take(array) : NULL;
}

static int
set(json_t *object, const char *key, size_t len, bool ascii, json_t *value)
{
	return ascii ? json_object_setn_new_nocheck(object, key, len, value) :
	    json_object_setn_new(object, key, len, value);
}

static json_t *
scan_object(struct scan *s, unsigned depth)
{
	autojson json_t *object = json_object();

	if (object == NULL || skip(s, '}'))
		return take(object);
	do {
		autowipe struct buf kept = { 0 };
		struct piece key;
		json_t *value;

		if (!skip(s, '"') || !scan_string(s, &key) ||
		    json_object_getn(object, key.text, key.len) != NULL || !skip(s, ':'))
			return NULL;
		if (key.text == s->text.data) {	/* The value's own escapes would overwrite it. */
			kept = s->text;
			s->text = (struct buf){ 0 };
		}
		if ((value = scan_value(s, depth)) == NULL || set(object, key.text, key.len, key.ascii, value) != 0)
			return NULL;
	} while (skip(s, ','));
	return skip(s, '}') ? take(object) : NULL;
}

static json_t *
scan_value(struct scan *s, unsigned depth)
{
	char c = peek(s);
	struct piece text;

	if ((c == '{' || c == '[') && depth == CANON_MAX_DEPTH)
		return NULL;
	switch (c) {
	case '{':
		s->at++;
		return scan_object(s, depth + 1);
	case '[':
		s->at++;
		return scan_array(s, depth + 1);
	case '"':
		s->at++;
		if (!scan_string(s, &text))
			return NULL;
		return text.ascii ? json_stringn_nocheck(text.text, text.len) : json_stringn(text.text, text.len);
	case 't':
		return scan_word(s, "true", json_true());
	case 'f':
		return scan_word(s, "false", json_false());
	case 'n':
		return scan_word(s, "null", json_null());
	default:
		return c == '-' || (c >= '0' && c <= '9') ? scan_number(s) : NULL;
	}
}

json_t *
scan_json(const char *text, size_t len)
{
	struct scan s = { .at = text, .end = text + len };
	autojson json_t *value = NULL;
	char c = peek(&s);

	if (c == '{' || c == '[')
		value = scan_value(&s, 0);
	buf_wipe(&s.text);
	return value != NULL && peek(&s) == '\0' && s.at == s.end ? take(value) : NULL;
}
