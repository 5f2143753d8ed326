/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/canon.h"
#include "base/err.h"
#include "dirwords.h"

/* ASCII letters and digits; all else of ASCII parts words, and what is not
 * ASCII is left to the tokenizer. */
static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c & 0x80) != 0;
}

int
dirwords_query(const char *text, struct buf *out)
{
	int n = 0, r;

	for (const char *p = text; *p != '\0' && n < DIRWORDS_MAX; n++) {
		size_t len = 0, keep;

		while (*p != '\0' && !is_word(*p))
			p++;
		while (is_word(p[len]))
			len++;
		if (len == 0)
			break;
		for (keep = len < DIRWORDS_LEN ? len : DIRWORDS_LEN;
		    keep < len && (p[keep] & 0xc0) == 0x80; keep--)
			;	/* Cut between characters. */
		if ((r = buf_printf(out, "%s\"%.*s\"*", n ? " " : "", (int)keep, p)) != 0)
			return r;
		p += len;
	}
	return n > 0 ? 0 : E_NOTFOUND;
}

static int
collect(json_t *value, struct buf *out)
{
	const char *key;
	json_t *item;
	size_t i;
	int r = 0;

	if (json_is_string(value))
		return buf_printf(out, "%s\n", json_string_value(value));
	if (json_is_array(value)) {
		json_array_foreach(value, i, item)
			if ((r = collect(item, out)) != 0)
				break;
	} else if (json_is_object(value)) {
		json_object_foreach(value, key, item)
			if ((r = collect(item, out)) != 0)
				break;
	}
	return r;
}

int
dirwords_json(const char *text, struct buf *out)
{
	autojson json_t *value = NULL;
	int r;

	if ((r = canon_parse(text, strlen(text), &value, NULL)) != 0)
		return r;
	return collect(value, out);	/* As deep as canon_parse allows. */
}
