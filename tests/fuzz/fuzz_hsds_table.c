/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of HSDS.  An input that is a JSON object is a folder of them, {"services.csv": TEXT, ...}, in
 * which a list is a table that was read before; anything else is one table's bytes.
 *
 * A table is refused with a line and a column that it has, or read: then its rows written again
 * as RFC 4180 says are read as the same.  Of tables that are tied together holds what hsds.h says.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
#include "hsds.h"

const unsigned fuzz_changes = 300;

enum { COLUMNS_MAX = 100, ROWS_MAX = 50 };

static void
add(struct buf *b, const char *text)
{
	claim(buf_add(b, text, strlen(text)) == 0);
}

/* One field, always within quotes. */
static void
add_field(struct buf *b, const json_t *value)
{
	autofree char *number = json_is_number(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
	const char *s = number != NULL ? number : json_is_string(value) ? json_string_value(value) : "";

	add(b, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"')
			add(b, "\"");
		claim(buf_add(b, s, 1) == 0);
	}
	add(b, "\"");
}

static void
check_value(const json_t *value)
{
	claim(json_is_number(value) || json_is_string(value));
	if (json_is_string(value)) {
		claim(json_string_length(value) > 0 && json_string_length(value) == strlen(json_string_value(value)));
		claim(text_is_utf8(json_string_value(value)));
	}
}

/* The rows as a table with every column that any of them has. */
static void
write_rows(const json_t *rows, struct buf *b)
{
	autojson json_t *columns = json_object();
	const json_t *row;
	const char *key, *comma = "";
	json_t *value;
	size_t i;

	json_array_foreach(rows, i, row) {
		claim(json_is_object(row));
		json_object_foreach((json_t *)(uintptr_t)row, key, value) {
			check_value(value);
			claim(*key != '\0' && json_object_set_new_nocheck(columns, key, json_true()) == 0);
		}
	}
	claim(json_object_size(columns) <= COLUMNS_MAX);
	if (json_object_size(columns) == 0)
		(void)json_object_set_new(columns, "none", json_true());
	json_object_foreach(columns, key, value) {
		autojson json_t *name = json_string_nocheck(key);

		add(b, comma);
		add_field(b, name);
		comma = ",";
	}
	add(b, "\r\n");
	json_array_foreach(rows, i, row) {
		comma = "";
		json_object_foreach(columns, key, value) {
			add(b, comma);
			add_field(b, json_object_get(row, key));
			comma = ",";
		}
		add(b, "\r\n");
	}
}

/* "LINE:COLUMN: reason", both within the text. */
static void
check_place(const struct err *err, const char *text, size_t len)
{
	size_t lines = 1, line = 0, column = 0;
	int end = 0;

	fuzz_err(err, true);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	claim(sscanf(err->text, "%zu:%zu: %n", &line, &column, &end) == 2 && end > 0 && err->text[end] != '\0');
	claim(line >= 1 && line <= lines && column >= 1 && column <= len + 1);
}

/* The rows of a table, or NULL. */
static json_t *
table(const char *text, size_t len)
{
	autobuf struct buf written = { 0 };
	autojson json_t *again = NULL;
	json_t *rows = NULL;
	struct err err = { "" };
	int r = hsds_table(text, len, &rows, &err);

	claim(r == 0 || r == E_BAD);
	if (r != 0) {
		claim(rows == NULL);
		check_place(&err, text, len);
		return NULL;
	}
	claim(json_is_array(rows));
	write_rows(rows, &written);
	if (hsds_table(written.data, written.len, &again, &err) != 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	claim(json_equal(rows, again));
	return rows;
}

/* Rows of texts, written as a table, are read as they were: none of them is refused. */
static void
come_back(const json_t *list)
{
	autojson json_t *rows = json_array(), *again = NULL;
	autobuf struct buf written = { 0 };
	struct err err = { "" };
	const json_t *one;
	const char *key, *s;
	json_t *value, *row;
	size_t i, n = 0;

	json_array_foreach(list, i, one) {
		(void)json_array_append_new(rows, row = json_object());
		json_object_foreach((json_t *)(uintptr_t)one, key, value) {
			s = json_string_value(value);
			/* What may be a number is one in some columns. */
			if (*key != '\0' && ++n <= COLUMNS_MAX && s != NULL && strspn(s, "+-.0123456789eE") != strlen(s))
				(void)json_object_set(row, key, value);
		}
	}
	if (json_array_size(list) > ROWS_MAX)
		return;
	write_rows(rows, &written);
	if (hsds_table(written.data, written.len, &again, &err) != 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	claim(json_equal(rows, again));
}

static void
folder(const json_t *wish)
{
	autojson json_t *doc = json_object();
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)wish, name, value) {
		json_t *rows = json_is_string(value) ? table(json_string_value(value), json_string_length(value)) :
		    json_incref(value);

		come_back(value);
		if (rows != NULL)
			claim(json_object_set_new_nocheck(doc, name, rows) == 0);
	}
	hsds_holds(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);

	if (json_is_object(wish))
		folder(wish);
	else
		json_decref(table((const char *)data, len));
	return 0;
}
