/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "base/canon.h"
#include "base/text.h"
#include "cairn.h"

enum { MAX_COLUMNS = 16, INDENT = 2 };

/* Text that cannot command a terminal; NULL if out of memory. */
static char *
clean(const char *text)
{
	size_t size = 4 * strlen(text) + 1;	/* \xNN for each byte. */
	char *safe = malloc(size);

	if (safe != NULL)
		text_escape(text, safe, size);
	return safe;
}

/* Terminal columns of clean text. */
static int
width(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	int n = 0;

	while (*s != '\0') {
		wchar_t c = *s < 0x80 ? *s : *s < 0xe0 ? *s & 0x1f : *s < 0xf0 ? *s & 0x0f : *s & 0x07;
		int w;

		while ((*++s & 0xc0) == 0x80)
			c = c << 6 | (*s & 0x3f);
		w = wcwidth(c);
		n += w < 0 ? 1 : w;
	}
	return n;
}

static void	put(FILE *, const char *, va_list) like_printf(2, 0);

static void
put(FILE *out, const char *fmt, va_list ap)
{
	autofree char *raw = NULL;
	autofree char *safe = NULL;

	if (vasprintf(&raw, fmt, ap) < 0)
		raw = NULL;
	else
		safe = clean(raw);
	(void)fprintf(out, "%s\n", safe != NULL ? safe : "(out of memory)");
}

void
out_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(stdout, fmt, ap);
	va_end(ap);
}

static void
line_to(FILE *out, const char *fmt, ...) like_printf(2, 3);

static void
line_to(FILE *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(out, fmt, ap);
	va_end(ap);
}

int
out_problem(const struct cairn *c, int status, const char *hint, const char *fmt, ...)
{
	static const char * const names[] = {
		[EXIT_REFUSED] = "refused", [EXIT_USAGE] = "usage", [EXIT_BAD] = "bad",
		[EXIT_NOTFOUND] = "not_found", [EXIT_SOCKET] = "socket", [EXIT_FATAL] = "fatal",
	};
	autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (hint != NULL && hint[0] == '\0')
		hint = NULL;
	(void)fflush(stdout);
	line_to(stderr, "cairn: %s", text != NULL ? text : "out of memory");
	if (hint != NULL)
		line_to(stderr, "  %s", hint);
	if (c->json) {
		autojson json_t *doc = json_pack("{s:s, s:s*, s:s*}", "code", names[status],
		    "error", text, "hint", hint);

		(void)out_json(doc);
	}
	return status;
}

size_t
out_precision(const json_t *value)
{
	size_t need = JSON_REAL_PRECISION(15), i;
	const char *key;
	json_t *item;
	char text[40];

	if (json_is_real(value)) {
		(void)snprintf(text, sizeof(text), "%.15g", json_real_value(value));
		return strtod(text, NULL) == json_real_value(value) ? need : JSON_REAL_PRECISION(17);
	}
	json_array_foreach(value, i, item) {
		if (out_precision(item) != need)
			return JSON_REAL_PRECISION(17);
	}
	json_object_foreach((json_t *)value, key, item) {
		if (out_precision(item) != need)
			return JSON_REAL_PRECISION(17);
	}
	return need;
}

/* Of ASCII, jansson leaves the delete sign as it is, and it stands in strings only. */
static int
put_ascii(const char *text, size_t len, void *cookie)
{
	(void)cookie;
	for (size_t i = 0; i < len; i++)
		if ((text[i] == '\x7f' ? fputs("\\u007f", stdout) : putchar(text[i])) == EOF)
			return -1;
	return 0;
}

int
out_json(const json_t *value)
{
	if (value == NULL || json_dump_callback(value, put_ascii, NULL, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY |
	    out_precision(value)) != 0)
		return EXIT_FATAL;
	(void)putchar('\n');
	return EXIT_OK;
}

/* A scalar, or a list of scalars, as clean text; the caller frees. */
static char *
cell(const char *key, const json_t *v)
{
	autobuf struct buf b = { 0 };
	char when[TIME_TEXT];
	int r = 0;

	if (json_is_string(v)) {
		return clean(json_string_value(v));
	} else if (json_is_boolean(v)) {
		r = buf_puts(&b, json_is_true(v) ? "yes" : "no");
	} else if (json_is_integer(v) && time_is(key) && time_print(json_integer_value(v), when)) {
		r = buf_puts(&b, when);
	} else if (json_is_integer(v)) {
		r = buf_printf(&b, "%lld", (long long)json_integer_value(v));
	} else if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v) && r == 0; i++) {
			autofree char *item = cell(key, json_array_get(v, i));

			r = item == NULL ? 1 : buf_printf(&b, "%s%s", i > 0 ? ", " : "", item);
		}
	} else if (v == NULL || json_is_null(v)) {
		r = buf_puts(&b, "-");
	} else {
		autofree char *text = json_text(v, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);

		r = text == NULL ? 1 : buf_puts(&b, text);
	}
	if (r == 0 && b.len == 0)
		r = buf_puts(&b, "-");
	return r == 0 ? buf_take(&b) : NULL;
}

struct columns {
	const char	*key[MAX_COLUMNS];
	int		 width[MAX_COLUMNS];
	size_t		 n;
};

static void
add_column(struct columns *cols, const char *key)
{
	for (size_t i = 0; i < cols->n; i++) {
		if (strcmp(cols->key[i], key) == 0)
			return;
	}
	if (cols->n < MAX_COLUMNS)
		cols->key[cols->n++] = key;
}

/* Named columns that occur, then those that only the rows know. */
static void
choose_columns(struct columns *cols, const json_t *items, char *named)
{
	size_t i;
	json_t *row;

	for (char *save, *k = strtok_r(named, " ", &save); k != NULL; k = strtok_r(NULL, " ", &save)) {
		json_array_foreach(items, i, row) {
			if (json_object_get(row, k) != NULL) {
				add_column(cols, k);
				break;
			}
		}
	}
	json_array_foreach(items, i, row) {
		const char *key;
		json_t *v;

		json_object_foreach(row, key, v)
			add_column(cols, key);
	}
}

/* Heading of a column: its key in capitals, '_' as a blank. */
static void
print_heading(const struct columns *cols)
{
	for (size_t i = 0; i < cols->n; i++) {
		autofree char *head = clean(cols->key[i]);

		for (char *p = head; p != NULL && *p != '\0'; p++)
			*p = *p == '_' ? ' ' : (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
		if (head != NULL)
			printf("%s%*s", head, i + 1 < cols->n ? cols->width[i] + 2 - width(head) : 0, "");
	}
	(void)putchar('\n');
}

void
out_table(const json_t *items, const char *named, const char *empty)
{
	autofree char *names = strdup(named);
	struct columns cols = { .n = 0 };
	size_t i;
	json_t *row;

	if (json_array_size(items) == 0) {
		printf("%s\n", empty);
		return;
	}
	if (names == NULL)
		return;
	choose_columns(&cols, items, names);
	for (size_t k = 0; k < cols.n; k++)
		cols.width[k] = width(cols.key[k]);
	json_array_foreach(items, i, row) {
		for (size_t k = 0; k < cols.n; k++) {
			autofree char *text = cell(cols.key[k], json_object_get(row, cols.key[k]));
			int w = text != NULL ? width(text) : 0;

			if (w > cols.width[k])
				cols.width[k] = w;
		}
	}
	print_heading(&cols);
	json_array_foreach(items, i, row) {
		for (size_t k = 0; k < cols.n; k++) {
			autofree char *text = cell(cols.key[k], json_object_get(row, cols.key[k]));

			if (text != NULL)
				printf("%s%*s", text, k + 1 < cols.n ? cols.width[k] + 2 - width(text) : 0, "");
		}
		(void)putchar('\n');
	}
}

static void
print_members(const json_t *object, int depth)
{
	const char *key;
	json_t *v;
	int longest = 0;

	json_object_foreach((json_t *)object, key, v) {
		if (width(key) > longest)
			longest = width(key);
	}
	json_object_foreach((json_t *)object, key, v) {
		autofree char *name = clean(key);
		bool rows = json_is_array(v) && json_is_object(json_array_get(v, 0));

		if (name == NULL)
			continue;
		if (json_is_object(v) || rows) {
			printf("%*s%s:\n", depth * INDENT, "", name);
			if (!rows)
				print_members(v, depth + 1);
			for (size_t i = 0; rows && i < json_array_size(v); i++) {
				if (i > 0)
					(void)putchar('\n');
				print_members(json_array_get(v, i), depth + 1);
			}
		} else {
			autofree char *text = cell(key, v);

			printf("%*s%s:%*s%s\n", depth * INDENT, "", name, longest - width(name) + 1, "",
			    text != NULL ? text : "");
		}
	}
}

void
out_object(const json_t *value)
{
	print_members(value, 0);
}
