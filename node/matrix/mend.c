/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mend: a homeserver's answer in which somebody else's words are more than we take.
 *
 * What another person sends to our device, or as an event, is passed on to us as
 * part of a whole answer.  Homeservers let through what jansson refuses: U+0000,
 * half a surrogate pair, numbers without measure, and deeper nesting than ours;
 * and a hundred messages of 64 KiB each, which as trees are half a gigabyte.
 * Refusing the answer would mean to refuse it for ever: one stranger would stop
 * all.  So such a place, and only it, is replaced by something of the same length
 * that is harmless, and whoever judges that item finds it wrong.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/canon.h"
#include "base/heap.h"

enum { ESCAPE = 6 /* Bytes of "\uXXXX". */, INTEGER_SAFE = 18 /* Digits that always fit. */ };
enum { VALUES_MAX = 1000 };		/* Of one content, when all together are too much. */
#define HEAP_RESERVE	(64UL << 20)	/* JSON heap kept free to act on an answer. */

struct mender {
	char	*at, *end;
	int	 depth;
	bool	 slim;			/* Contents of too many values are blanked too. */
	bool	 mended;
};

/* The code unit of the "\uXXXX" at ${p}, or -1. */
static long
code_unit(const char *p, const char *end)
{
	char hex[5] = "", *rest;
	long unit;

	if (end - p < ESCAPE || p[0] != '\\' || p[1] != 'u')
		return -1;
	memcpy(hex, p + 2, 4);
	unit = strtol(hex, &rest, 16);
	return rest == hex + 4 && hex[0] != '-' && hex[0] != '+' && hex[0] != ' ' ? unit : -1;
}

static void
escape(struct mender *m)
{
	long unit = code_unit(m->at, m->end);
	bool high = unit >= 0xd800 && unit < 0xdc00, low = unit >= 0xdc00 && unit < 0xe000;
	long next = high ? code_unit(m->at + ESCAPE, m->end) : -1;

	if (high && next >= 0xdc00 && next < 0xe000) {
		m->at += 2 * ESCAPE;
		return;
	}
	if (unit == 0 || high || low) {
		memcpy(m->at, "\\ufffd", ESCAPE);
		m->mended = true;
	}
	m->at += unit >= 0 ? ESCAPE : m->end - m->at > 1 ? 2 : 1;
}

/* ${m} is behind the opening quote; afterwards behind the closing one. */
static void
string(struct mender *m)
{
	while (m->at < m->end && *m->at != '"')
		if (*m->at == '\\')
			escape(m);
		else
			m->at++;
	m->at += m->at < m->end;
}

static void
blank(struct mender *m, char *from, const char *word)
{
	memset(from, ' ', (size_t)(m->at - from));
	memcpy(from, word, strlen(word));
	m->mended = true;
}

static void
number(struct mender *m)
{
	size_t n = strspn(m->at, "+-.0123456789eE");
	char *from = m->at;
	bool real = memchr(from, '.', n) != NULL || memchr(from, 'e', n) != NULL || memchr(from, 'E', n) != NULL;

	m->at += n;
	if (n >= strlen("null") && (real ? isinf(strtod(from, NULL)) != 0 :
	    n > INTEGER_SAFE && (errno = 0, (void)strtoll(from, NULL, 10), errno == ERANGE)))
		blank(m, from, "null");
}

/* Over a value, from its opening bracket to behind the closing one: about how many it holds. */
static size_t
skip(struct mender *m)
{
	size_t depth = 0, values = 0;

	do {
		char c = *m->at++;

		if (c == '"')
			string(m);
		else if (c == '[' || c == '{')
			depth++;
		else if (c == ']' || c == '}')
			depth--;
		values += c == ',' || c == '[' || c == '{';
	} while (depth > 0 && m->at < m->end);
	return values;
}

/* Is the string before ${m} the key of what somebody else wrote? */
static bool
is_content(const struct mender *m, const char *from)
{
	static const char *const keys[] = { "\"content\"", "\"unsigned\"" };
	bool found = false;

	for (size_t i = 0; i < nelem(keys); i++)
		found |= (size_t)(m->at - from) == strlen(keys[i]) && !memcmp(from, keys[i], strlen(keys[i]));
	return found;
}

static void
value(struct mender *m)
{
	char *from = m->at;

	while (m->at < m->end && strchr(" \t\r\n:", *m->at) != NULL && *m->at != '\0')
		m->at++;
	if (m->at < m->end && (*m->at == '[' || *m->at == '{')) {
		char *begin = m->at;

		if (skip(m) > VALUES_MAX) {
			blank(m, begin, "0");
			return;
		}
	}
	m->at = from;
}

static void
mend(struct mender *m)
{
	while (m->at < m->end) {
		char *from = m->at;
		char c = *from;

		if (c == '-' || (c >= '0' && c <= '9')) {
			number(m);
		} else if ((c == '[' || c == '{') && m->depth == CANON_MAX_DEPTH) {
			(void)skip(m);
			blank(m, from, "0");
		} else {
			m->at++;
			if (c == '"')
				string(m);
			if (c == '"' && m->slim && is_content(m, from))
				value(m);
			m->depth += (c == '[' || c == '{') - (c == ']' || c == '}');
		}
	}
}

/* Taken, if enough of the heap is left to act on it. */
static int
take_in(json_t *json, json_t **ret)
{
	if (json == NULL || heap_left() < HEAP_RESERVE) {
		json_decref(json);
		return E_BAD;
	}
	*ret = json;
	return 0;
}

static int
parse_mended(const char *text, size_t len, bool slim, json_t **ret)
{
	autofree char *copy = malloc(len + 1);
	struct mender m = { .slim = slim };

	if (copy == NULL)
		return -ENOMEM;
	m.at = copy;
	m.end = copy + len;
	memcpy(copy, text, len);
	copy[len] = '\0';
	mend(&m);
	/* Two names may have become one: the last counts, as everywhere. */
	return m.mended ? take_in(heap_load(copy, len, 0, NULL), ret) : E_BAD;
}

int
answer_parse(const char *text, size_t len, json_t **ret)
{
	json_t *json = NULL;
	int r = canon_parse(text, len, &json, NULL);

	if (r == 0 && (r = take_in(json, ret)) == 0)
		return 0;
	if ((r = parse_mended(text, len, false, ret)) == E_BAD)
		r = parse_mended(text, len, true, ret);
	return r;
}
