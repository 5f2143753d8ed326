/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/heap.h"
#include "bridge/formats/hsds.h"
#include "cairn.h"

enum { FILE_LIMIT = 64 << 20, FEED_NAME = 64 };

static int
read_all(const struct cairn *c, const char *path, struct buf *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;
	char step[64 * 1024];
	ssize_t n = 1;

	if (fd < 0)
		return out_problem(c, EXIT_BAD, "name a file that is there and that you may read", "%s: %s", path, strerror(errno));
	ret->max = FILE_LIMIT;
	while (n > 0 && r == 0) {
		n = read(fd, step, sizeof(step));
		if (n > 0)
			r = buf_add(ret, step, (size_t)n);
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n < 0)
		r = -errno;
	(void)close(fd);
	if (r == -EMSGSIZE)
		return out_problem(c, EXIT_BAD, "split it into several", "%s has more than %d MiB", path, FILE_LIMIT >> 20);
	return r == 0 ? EXIT_OK : out_problem(c, r == -ENOMEM ? EXIT_FATAL : EXIT_BAD, NULL, "%s: %s", path, strerror(-r));
}

static int
too_large(const struct cairn *c, const char *path)
{
	return out_problem(c, EXIT_BAD, "split it into several", "%s needs more than %d MiB of memory", path, TOOL_HEAP >> 20);
}

/* Jansson takes a byte of zero for the end, so that what follows would be overlooked. */
static int
no_zero(const struct cairn *c, const char *path, const struct buf *text)
{
	const char *zero = text->len > 0 ? memchr(text->data, '\0', text->len) : NULL, *line;
	int lines = 1;

	if (zero == NULL)
		return EXIT_OK;
	line = text->data;
	for (const char *p = text->data; p < zero; p++) {
		if (*p == '\n') {
			lines++;
			line = p + 1;
		}
	}
	return out_problem(c, EXIT_BAD, "it must be one JSON document in UTF-8", "%s:%d:%d: a byte of zero", path, lines,
	    (int)(zero - line) + 1);
}

int
import_json(const struct cairn *c, const char *path, json_t **ret)
{
	autobuf struct buf text = { 0 };
	json_error_t error = { .line = 0 };
	unsigned long refused = heap_refused();
	json_t *j;
	size_t skip;
	int r = read_all(c, path, &text);

	if (r != EXIT_OK)
		return r;
	r = no_zero(c, path, &text);
	if (r != EXIT_OK)
		return r;
	/* Exports made on Windows begin with a byte order mark. */
	skip = text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	j = heap_load(text.len > 0 ? text.data + skip : "", text.len - skip, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &error);
	if (j == NULL && (heap_refused() != refused || error.text[0] == '\0' ||
	    json_error_code(&error) == json_error_out_of_memory))
		return too_large(c, path);
	if (j == NULL)
		return out_problem(c, EXIT_BAD, "it must be one JSON document in UTF-8",
		    "%s:%d:%d: %s", path, error.line, error.column > 0 ? error.column : 1, error.text);
	*ret = j;
	return EXIT_OK;
}

/* "$.services[3].url" as "$.services[].url", so that the same in many services is one line. */
static char *
without_numbers(const char *path)
{
	char *text = strdup(path), *to = text;

	if (text == NULL)
		return NULL;
	for (const char *p = path; *p != '\0'; p++) {
		*to++ = *p;
		if (*p == '[' && p[1] != '"')
			p += strspn(p + 1, "0123456789");
	}
	*to = '\0';
	return text;
}

/* Rows {path, why, times} of what has no place, the like ones as one; NULL if out of memory. */
static json_t *
gather(const json_t *unmapped)
{
	autojson json_t *seen = json_object();
	autojson json_t *rows = json_array();
	size_t i;
	json_t *item;

	json_array_foreach(unmapped, i, item) {
		autofree char *path = without_numbers(json_str(item, "path"));
		autofree char *key = NULL;
		json_t *row;

		if (path == NULL || asprintf(&key, "%s %s", path, json_str(item, "why")) < 0) {
			key = NULL;
			return NULL;
		}
		row = json_object_get(seen, key);
		if (row != NULL) {
			(void)json_integer_set(json_object_get(row, "times"), json_int(row, "times", 0) + 1);
			continue;
		}
		row = json_pack("{s:s, s:s, s:i}", "path", path, "why", json_str(item, "why"), "times", 1);
		if (row == NULL || json_object_set(seen, key, row) != 0 || json_array_append_new(rows, row) != 0)
			return NULL;
	}
	return take(rows);
}

static int
show(const char *file, const json_t *records, const json_t *unmapped, const json_t *result)
{
	autojson json_t *rows = gather(unmapped);

	if (rows == NULL)
		return EXIT_FATAL;
	out_line("%s: %zu record%s read", file, json_array_size(records), json_array_size(records) == 1 ? "" : "s");
	if (result != NULL)
		(void)node_show_import(records, result);
	if (json_array_size(rows) > 0) {
		out_line("These have no place in a record; they are kept beside it, and cairn export hsds gives them back:");
		out_table(rows, "path why times", "");
	}
	if (result == NULL)
		out_line("nothing was changed; without --dry-run the node takes them in");
	else
		out_line("next: cairn publish");
	return EXIT_OK;
}

/* Sends ${records} as one request, so that all or nothing changes; ${feed}: the file they are of, or NULL. */
static int
deliver(struct cairn *c, json_t *args, json_t *records, json_t *unmapped, json_t *feed)
{
	autojson json_t *request = json_pack("{s:O, s:O*, s:O*}", "records", records, "feed", feed, "show_places", json_object_get(args, "show_places"));
	autojson json_t *result = NULL;
	autojson json_t *doc = NULL;
	bool dry = json_is_true(json_object_get(args, "dry_run"));
	int r = EXIT_OK;

	if (request == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	if (!dry)
		r = client_call(c, "import", request, &result);
	if (r != EXIT_OK)
		return r;
	if (!c->json)
		return show(json_str(args, "file"), records, unmapped, result);
	doc = dry ? json_pack("{s:O, s:O}", "records", records, "unmapped", unmapped) : json_deep_copy(result);
	if (doc != NULL && !dry && json_object_set(doc, "unmapped", unmapped) != 0)
		return EXIT_FATAL;
	return out_json(doc);
}

/* Table ${name} of the directory ${dir} as a member of ${doc}; ${budget}: bytes that may still be read. */
static int
read_table(const struct cairn *c, const char *dir, const char *name, json_t *doc, size_t *budget)
{
	autofree char *path = NULL;
	autobuf struct buf text = { 0 };
	struct err err = { "" };
	json_t *rows;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		path = NULL;
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	r = read_all(c, path, &text);
	if (r != EXIT_OK)
		return r;
	if (text.len > *budget)
		return out_problem(c, EXIT_BAD, "split it into several", "%s has more than %d MiB", dir, FILE_LIMIT >> 20);
	*budget -= text.len;
	r = hsds_table(text.len > 0 ? text.data : "", text.len, &rows, &err);
	if (r > 0)
		return out_problem(c, EXIT_BAD, "a table is in UTF-8, as RFC 4180 says", "%s:%s", path, err.text);
	if (r < 0 || json_object_set_new(doc, name, rows) != 0)
		return too_large(c, dir);
	return EXIT_OK;
}

/* The tables of a directory; those that HSDS does not know are listed as rows that nothing refers to. */
static int
read_tables(const struct cairn *c, const char *dir, json_t **ret)
{
	autojson json_t *doc = json_object();
	size_t budget = FILE_LIMIT;
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort), r = EXIT_OK;

	if (n < 0)
		return out_problem(c, EXIT_BAD, "name a directory that you may read", "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *dot = strrchr(list[i]->d_name, '.');

		if (r == EXIT_OK && dot != NULL && strcmp(dot, ".csv") == 0)
			r = read_table(c, dir, list[i]->d_name, doc, &budget);
		free(list[i]);
	}
	free(list);
	if (r != EXIT_OK)
		return r;
	if (json_object_get(doc, "services.csv") == NULL)
		return out_problem(c, EXIT_BAD, "name the directory that holds the tables of HSDS",
		    "%s: there is no services.csv here", dir);
	*ret = take(doc);
	return EXIT_OK;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The name a file is kept under: what it is called, without its directory and ending, or as the operator says. */
static void
feed_name(const json_t *args, char ret[FEED_NAME + 1])
{
	const char *name = json_str(args, "feed"), *file = json_str(args, "file"), *slash;
	size_t n = strlen(file);

	while (n > 1 && file[n - 1] == '/')
		n--;
	slash = memrchr(file, '/', n);
	if (slash != NULL && n > 1) {
		n -= (size_t)(slash + 1 - file);
		file = slash + 1;
	}
	if (name == NULL && n > 5 && strncmp(file + n - 5, ".json", 5) == 0)
		n -= 5;
	(void)snprintf(ret, FEED_NAME + 1, "%.*s", name != NULL ? FEED_NAME : (int)n, name != NULL ? name : file);
	for (char *p = ret; *p != '\0'; p++) {
		if (name == NULL && (strchr("._-", *p) != NULL ? p == ret : !is_plain(*p)))
			*p = '-';
	}
}

/* {name, parts} of ${doc} as the node keeps it, or NULL. */
static json_t *
make_feed(const json_t *args, const json_t *doc, struct err *err)
{
	autojson json_t *parts = NULL;
	char name[FEED_NAME + 1];

	feed_name(args, name);
	return hsds_split(doc, &parts, err) == 0 ? json_pack("{s:s, s:O}", "name", name, "parts", parts) : NULL;
}

int
import_hsds(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file");
	autojson json_t *doc = NULL;
	autojson json_t *records = NULL;
	autojson json_t *unmapped = NULL;
	autojson json_t *feed = NULL;
	struct err err = { "" };
	int r = is_directory(file) ? read_tables(c, file, &doc) : import_json(c, file, &doc);

	(void)v;
	if (r != EXIT_OK)
		return r;
	r = hsds_read(doc, &records, &unmapped, &err);
	if (r == -ENOMEM)
		return too_large(c, file);
	if (r != 0)
		return out_problem(c, r > 0 ? EXIT_BAD : EXIT_FATAL,
		    r > 0 ? "nothing was changed; correct the file and import it again" : NULL,
		    "%s: %s", file, err.text[0] != '\0' ? err.text : err_name(r));
	feed = make_feed(args, doc, &err);
	if (feed == NULL)
		return out_problem(c, EXIT_BAD, "nothing was changed; correct the file and import it again", "%s: %s", file,
		    err.text[0] != '\0' ? err.text : "it needs more memory than it may");
	return deliver(c, args, records, unmapped, feed);
}

/* One item of a records file. */
static int
check_record(const struct cairn *c, const char *file, size_t i, const json_t *item)
{
	static const char * const members[] = { "source", "kind", "body" };
	const char *key;
	json_t *value;

	if (!json_is_object(item))
		return out_problem(c, EXIT_BAD, "write {\"source\": NAME, \"kind\": KIND, \"body\": {...}}",
		    "%s: records[%zu] is no object", file, i);
	if (json_str(item, "source") == NULL)
		return out_problem(c, EXIT_BAD, "give each record a name of its own, such as \"records:monday\", so that a second"
		    " import changes it", "%s: records[%zu]: \"source\" is missing or no string", file, i);
	if (json_str(item, "kind") == NULL)
		return out_problem(c, EXIT_BAD, "it is one of program, group, specialist, resource, story, crisis_line, credential, status_list, statement",
		    "%s: records[%zu]: \"kind\" is missing or no string", file, i);
	if (json_obj(item, "body") == NULL)
		return out_problem(c, EXIT_BAD, "types.md describes the body of each kind; cairn help import records says where it is",
		    "%s: records[%zu]: \"body\" is missing or no object", file, i);
	json_object_foreach((json_t *)item, key, value) {
		bool known = false;

		for (size_t k = 0; k < nelem(members); k++)
			known = known || strcmp(key, members[k]) == 0;
		if (!known)
			return out_problem(c, EXIT_BAD, "members are source, kind and body",
			    "%s: records[%zu]: what is \"%s\"?", file, i, key);
	}
	return EXIT_OK;
}

int
import_records(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file");
	autojson json_t *doc = NULL;
	autojson json_t *none = json_array();
	json_t *records, *item;
	size_t i;
	int r = import_json(c, file, &doc);

	(void)v;
	if (r != EXIT_OK)
		return r;
	records = json_is_object(doc) ? json_arr(doc, "records") : doc;
	if (!json_is_array(records) || none == NULL)
		return out_problem(c, EXIT_BAD, "write an array of {\"source\", \"kind\", \"body\"}, alone or as member \"records\"",
		    "%s: there is no array of records", file);
	json_array_foreach(records, i, item) {
		r = check_record(c, file, i, item);
		if (r != EXIT_OK)
			return r;
	}
	/* Opening hours are no such times: they are left to the schema. */
	r = time_from_text(c, NULL, records);
	if (r != EXIT_OK)
		return r;
	return deliver(c, args, records, none, NULL);
}

int
import_document(struct cairn *c, const struct verb *v, json_t *args)
{
	json_t *doc = NULL;
	int r = import_json(c, json_str(args, "file"), &doc);

	if (r != EXIT_OK)
		return r;
	if (json_object_set_new(args, "document", doc) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	(void)json_object_del(args, "file");
	return node_run(c, v, args);
}

int
import_minors(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *request = json_object(), *result = NULL;
	json_t *doc = NULL;
	int r = import_json(c, json_str(args, "file"), &doc);

	(void)v;
	if (r != EXIT_OK)
		return r;
	if (json_object_set_new(request, "document", doc) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	r = client_call(c, "import_minors", request, &result);
	if (r != EXIT_OK || c->json)
		return r == EXIT_OK ? out_json(result) : r;
	out_line("%lld row%s, reviewed %s: from now on they say who signs for a minor", json_int(result, "rows", 0),
	    json_int(result, "rows", 0) == 1 ? "" : "s", json_str(result, "reviewed"));
	return EXIT_OK;
}

/* The form is JSON with and without --json: it is made to be saved. */
static int
print_form(struct cairn *c, const struct verb *v, const json_t *args)
{
	autojson json_t *form = NULL;
	int r = client_call(c, v->name, args, &form);

	if (r == EXIT_OK)
		r = time_to_text(form);
	return r == EXIT_OK ? out_json(form) : r;
}

int
import_consent(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file"), *key;
	char help[64], hint[96];
	bool template = json_is_true(json_object_get(args, "template"));
	autojson json_t *form = NULL;
	json_t *value;
	int r;

	(void)snprintf(help, sizeof(help), "cairn help %s explains it", v->name);
	(void)snprintf(hint, sizeof(hint), "cairn %s %s --template prints a form to fill in", v->name, v->words[0].meta);
	if (template && file == NULL)
		return print_form(c, v, args);
	if (template || file == NULL)
		return out_problem(c, EXIT_USAGE, help,
		    "cairn %s: give either --template or the FILE with the form", v->name);
	r = import_json(c, file, &form);
	if (r != EXIT_OK)
		return r;
	if (json_obj(form, v->name) == NULL)
		return out_problem(c, EXIT_BAD, hint, "%s: $.%s: there is no such object", file, v->name);
	r = time_from_text(c, file, form);
	if (r != EXIT_OK)
		return r;
	json_object_foreach(form, key, value) {
		if (json_object_get(args, key) != NULL)
			return out_problem(c, EXIT_BAD, hint,
			    "%s: $.%s: this is no part of the form", file, key);
		if (json_object_set(args, key, value) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	(void)json_object_del(args, "file");
	return node_run(c, v, args);
}

/* What ${key} is in words, read from the file that args name as ${file}. */
static int
take_text(struct cairn *c, json_t *args, const char *file, const char *key)
{
	const char *path = json_str(args, file);
	autowipe struct buf text = { 0 };
	json_t *j;
	int r;

	if (path == NULL)
		return EXIT_OK;
	r = read_all(c, path, &text);
	if (r != EXIT_OK)
		return r;
	while (text.len > 0 && strchr("\r\n", text.data[text.len - 1]) != NULL)
		text.len--;
	if (text.len == 0)
		return out_problem(c, EXIT_BAD, NULL, "%s: it is empty", path);
	j = json_stringn(text.data, text.len);
	if (j == NULL)
		return out_problem(c, EXIT_BAD, NULL, "%s: it is not UTF-8", path);
	if (json_object_set_new(args, key, j) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	return json_object_del(args, file) == 0 ? EXIT_OK : EXIT_FATAL;
}

int
import_text(struct cairn *c, const struct verb *v, json_t *args)
{
	int r = take_text(c, args, "text_file", "text");

	if (r == EXIT_OK)
		r = take_text(c, args, "reason_file", "reason_text");
	if (r == EXIT_OK)
		r = take_text(c, args, "recorded_by_file", "recorded_by");
	return r == EXIT_OK ? node_run(c, v, args) : r;
}

int
import_person(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file");
	bool template = json_is_true(json_object_get(args, "template"));
	autojson json_t *form = NULL;
	int r;

	if (template == (file != NULL))
		return out_problem(c, EXIT_USAGE, "cairn help open-case explains it",
		    "cairn open-case: give either --template or the FILE with the form");
	if (template) {
		form = json_pack("{s:s, s:s, s:b, s:s, s:s, s:s}", "alias", "", "phone", "", "leave_message", 0, "call_back",
		    "Mon-Fri 17:00-19:00", "zone", "America/New_York", "note", "");
		return out_json(form);
	}
	if ((r = import_json(c, file, &form)) != EXIT_OK)
		return r;
	if (json_object_set(args, "person", form) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	(void)json_object_del(args, "file");
	return node_run(c, v, args);
}
