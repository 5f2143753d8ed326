/* SPDX-License-Identifier: Apache-2.0 */
/* hsds.h: a table. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "hsds.h"

enum { COLUMNS = 100, FIELD = 1 << 20, NUMBER = 40 };

struct reading {
	const char	*p, *end, *line_start;
	size_t		 line;
	struct err	*err;
};

static int
bad(const struct reading *rd, const char *why)
{
	return err_set(rd->err, E_BAD, "%zu:%zu: %s", rd->line, (size_t)(rd->p - rd->line_start) + 1, why);
}

static bool
at_line_end(const struct reading *rd)
{
	return rd->p == rd->end || *rd->p == '\n' || (*rd->p == '\r' && rd->p + 1 < rd->end && rd->p[1] == '\n');
}

static void
next_line(struct reading *rd)
{
	if (rd->p < rd->end && *rd->p == '\r')
		rd->p++;
	if (rd->p < rd->end)
		rd->p++;
	rd->line++;
	rd->line_start = rd->p;
}

/* After the opening quote, to after the closing one. */
static int
quoted(struct reading *rd, struct buf *field)
{
	for (;; rd->p++) {
		if (rd->p == rd->end)
			return bad(rd, "the file ends within quotes");
		if (*rd->p == '"' && (rd->p + 1 == rd->end || rd->p[1] != '"'))
			break;
		if (*rd->p == '"')
			rd->p++;
		if (*rd->p == '\0')
			return bad(rd, "a byte of zero");
		if (field->len >= FIELD)
			return bad(rd, "a field of more than 1 MiB");
		if (buf_add(field, rd->p, 1) != 0)
			return -ENOMEM;
		if (*rd->p == '\n') {
			rd->line++;
			rd->line_start = rd->p + 1;
		}
	}
	rd->p++;
	return at_line_end(rd) || *rd->p == ',' ? 0 : bad(rd, "text after the closing quote");
}

/* A field as a text, and past the comma behind it; ${ret_last}: its line ends here. */
static int
field(struct reading *rd, json_t **ret, bool *ret_last)
{
	autobuf struct buf text = { 0 };
	const struct reading begin = *rd;
	json_t *made;
	int r = 0;

	if (rd->p < rd->end && *rd->p == '"') {
		rd->p++;
		r = quoted(rd, &text);
	} else {
		for (; r == 0 && !at_line_end(rd) && *rd->p != ','; rd->p++) {
			if (*rd->p == '"' || *rd->p == '\r' || *rd->p == '\0')
				return bad(rd, *rd->p == '"' ? "a quote in a field that does not begin with one" :
				    *rd->p == '\r' ? "a carriage return without a line feed" : "a byte of zero");
			if (rd->p - begin.p >= FIELD)
				return bad(rd, "a field of more than 1 MiB");
		}
		if (rd->p > begin.p)
			r = buf_add(&text, begin.p, (size_t)(rd->p - begin.p));
	}
	if (r != 0)
		return r;
	if (text.len > 0 && !text_is_utf8(text.data))
		return bad(&begin, "this is not UTF-8");
	made = json_stringn(text.len > 0 ? text.data : "", text.len);
	if (made == NULL)
		return -ENOMEM;
	*ret_last = at_line_end(rd);
	if (*ret_last)
		next_line(rd);
	else
		rd->p++;
	*ret = made;
	return 0;
}

static int
header(struct reading *rd, json_t *names)
{
	bool last = false;

	while (!last) {
		const struct reading begin = *rd;
		json_t *name, *old;
		size_t i;
		int r = field(rd, &name, &last);

		if (r != 0)
			return r;
		json_array_foreach(names, i, old) {
			if (json_equal(old, name))
				r = bad(&begin, "two columns have this name");
		}
		if (r == 0 && json_string_length(name) == 0)
			r = bad(&begin, "a column without a name");
		if (r == 0 && json_array_size(names) >= COLUMNS)
			r = bad(&begin, "too many columns");
		if (json_array_append_new(names, name) != 0 && r == 0)
			r = -ENOMEM;
		if (r != 0)
			return r;
	}
	return 0;
}

static bool
is_number_column(const char *name)
{
	static const char * const names[] = {
		"year_incorporated", "minimum_age", "maximum_age", "latitude", "longitude", "extension", "timezone", "count",
		"interval", "amount", "available", "maximum",
	};

	for (size_t i = 0; i < nelem(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* A number as JSON writes it; what is none stays a text, which its reader refuses by its path. */
static json_t *
value(const char *column, json_t *text)
{
	const char *s = json_string_value(text);
	json_t *number = NULL;

	if (is_number_column(column) && json_string_length(text) < NUMBER && strspn(s, "+-.0123456789eE") == strlen(s))
		number = json_loads(s, JSON_DECODE_ANY, NULL);
	if (number == NULL)
		return text;
	json_decref(text);
	return number;
}

static int
row(struct reading *rd, const json_t *names, json_t *out)
{
	size_t n = json_array_size(names);
	bool last = false;

	for (size_t i = 0; !last; i++) {
		const struct reading begin = *rd;
		const char *column = json_string_value(json_array_get(names, i));
		json_t *text;
		int r;

		if (i == n)
			return bad(&begin, "more fields than the header has");
		r = field(rd, &text, &last);
		if (r != 0)
			return r;
		if (last && i + 1 < n) {
			json_decref(text);
			return bad(&begin, "the line ends with this field, but the header has more");
		}
		if (json_string_length(text) == 0)
			json_decref(text);
		else if (json_object_set_new(out, column, value(column, text)) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
hsds_table(const char *text, size_t len, json_t **ret, struct err *err)
{
	size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	struct reading rd = { .p = text + mark, .end = text + len, .line_start = text + mark, .line = 1, .err = err };
	autojson json_t *names = json_array();
	autojson json_t *rows = json_array();
	int r;

	if (names == NULL || rows == NULL)
		return -ENOMEM;
	if (rd.p == rd.end)
		return bad(&rd, "the table is empty; it needs a header");
	r = header(&rd, names);
	while (r == 0 && rd.p < rd.end) {
		json_t *one = json_object();

		if (json_array_append_new(rows, one) != 0)
			return -ENOMEM;
		r = row(&rd, names, one);
	}
	if (r != 0)
		return r;
	*ret = take(rows);
	return 0;
}
