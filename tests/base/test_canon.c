/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdbool.h>

#include "base/canon.h"
#include "base/encode.h"
#include "corpora.h"

static json_t *
parse(const char *text)
{
	json_t *value = NULL;

	return canon_parse(text, strlen(text), &value, NULL) == 0 ? value : NULL;
}

/* The Matrix specification's examples (appendices, Canonical JSON), and edges. */
static void
test_matrix(void)
{
	static const struct { const char *in, *out; } v[] = {
		{ "{}", "{}" },
		{ "{\n \"one\": 1,\n \"two\": \"Two\"\n}", "{\"one\":1,\"two\":\"Two\"}" },
		{ "{\"b\": \"2\", \"a\": \"1\"}", "{\"a\":\"1\",\"b\":\"2\"}" },
		{ "{\"auth\": {\"success\": true, \"mxid\": \"@john.doe:example.com\", \"profile\": "
		  "{\"display_name\": \"John Doe\", \"three_pids\": [{\"medium\": \"email\", \"address\": "
		  "\"john.doe@example.org\"}, {\"medium\": \"msisdn\", \"address\": \"123456789\"}]}}}",
		  "{\"auth\":{\"mxid\":\"@john.doe:example.com\",\"profile\":{\"display_name\":\"John Doe\","
		  "\"three_pids\":[{\"address\":\"john.doe@example.org\",\"medium\":\"email\"},{\"address\":"
		  "\"123456789\",\"medium\":\"msisdn\"}]},\"success\":true}}" },
		{ "{\"a\": \"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\"}", "{\"a\":\"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\"}" },
		{ "{\"\xe6\x9c\xac\": 2, \"\xe6\x97\xa5\": 1}", "{\"\xe6\x97\xa5\":1,\"\xe6\x9c\xac\":2}" },
		{ "{\"a\": \"\\u65E5\"}", "{\"a\":\"\xe6\x97\xa5\"}" },
		{ "{\"a\": null}", "{\"a\":null}" },
		{ "{\"a\": -0}", "{\"a\":0}" },
		{ "[9007199254740991,-9007199254740991]", "[9007199254740991,-9007199254740991]" },
		{ "[\"\\b\\t\\n\\f\\r\\\"\\\\\\/\\u0001\\u001f\\u007f\\u2028\"]",
		  "[\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f\xe2\x80\xa8\"]" },
		{ "{\"aa\":1,\"a\":2,\"\":3,\"A\":[{},[]]}", "{\"\":3,\"A\":[{},[]],\"a\":2,\"aa\":1}" },
		/* U+FB33 before U+1F602 by code point, after it by UTF-16 unit. */
		{ "{\"\\ud83d\\ude02\":1,\"\\ufb33\":2}", "{\"\xef\xac\xb3\":2,\"\xf0\x9f\x98\x82\":1}" },
	};

	for (size_t i = 0; i < nelem(v); i++) {
		autojson json_t *value = parse(v[i].in);
		autofree char *text = NULL;

		ok(value != NULL && canon_text(value, &text, NULL) == 0, "value %zu has a canonical form", i);
		is_str(text, v[i].out, "canonical form %zu", i);
	}
}

static void
test_jcs_order(void)
{
	autobuf struct buf out = { 0 };
	autojson json_t *value = parse("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude02\":5,"
	    "\"\\u0080\":6,\"\\u00f6\":7,\"\\ud83d\\ude02x\":8}");
	is_int(canon_dump_jcs(value, &out, NULL), 0, "RFC 8785, section 3.2.3");
	is_str(out.data, "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
	    "\"\xf0\x9f\x98\x82\":5,\"\xf0\x9f\x98\x82x\":8,\"\xef\xac\xb3\":3}", "sorted by UTF-16 unit");
}

static void
test_refused_values(void)
{
	static const struct { const char *in, *why; } v[] = {
		{ "[1.5]", "/0: a number with fraction or exponent has no canonical form" },
		{ "{\"a\":{\"b/c~d\":[0,{\"e\":1.0}]}}",
		  "/a/b~1c~0d/1/e: a number with fraction or exponent has no canonical form" },
		{ "[9007199254740992]", "/0: an integer beyond 2^53-1 has no canonical form" },
		{ "[-9007199254740992]", "/0: an integer beyond 2^53-1 has no canonical form" },
	};

	for (size_t i = 0; i < nelem(v); i++) {
		autojson json_t *value = parse(v[i].in);
		autobuf struct buf out = { 0 };
		struct err e = { "" };

		ok(buf_puts(&out, "before") == 0 && canon_dump(value, &out, &e) == E_BAD, "refused %zu", i);
		is_str(e.text, v[i].why, "and says where");
		ok(out.len == 6 && !strcmp(out.data, "before"), "and appends nothing");
	}
}

static void
test_members(void)
{
	autojson json_t *value = json_object();
	autofree char *text = NULL;
	size_t bad = 0;

	for (int i = 0; i < 1000; i++) {
		char key[8];

		(void)snprintf(key, sizeof(key), "%03d", (i * 7) % 1000);
		(void)json_object_set_new(value, key, json_integer(i));
	}
	ok(canon_text(value, &text, NULL) == 0, "a thousand members");
	for (int i = 0; text != NULL && i + 1 < 1000; i++) {
		char a[16], b[16];

		(void)snprintf(a, sizeof(a), "\"%03d\":", i);
		(void)snprintf(b, sizeof(b), "\"%03d\":", i + 1);
		bad += strstr(text, a) == NULL || strstr(text, a) > strstr(text, b);
	}
	ok(text != NULL && bad == 0, "a thousand members are sorted");

	json_decref(value);
	value = parse("{\"s\":\"x\",\"i\":5,\"o\":{},\"a\":[]}");
	is_str(json_str(value, "s"), "x", "json_str");
	ok(json_str(value, "i") == NULL && json_str(value, "z") == NULL && json_str(NULL, "s") == NULL &&
	    json_obj(value, "a") == NULL && json_obj(value, "o") != NULL &&
	    json_arr(value, "o") == NULL && json_arr(value, "a") != NULL &&
	    json_int(value, "i", 9) == 5 && json_int(value, "s", 9) == 9, "another type is absent");
}

static char *
nested(char *out, size_t depth)
{
	memset(out, '[', depth);
	memset(out + depth, ']', depth);
	out[2 * depth] = '\0';
	return out;
}

static void
test_parse(void)
{
	static const char *const bad[] = {
		"", " ", "1", "\"a\"", "null", "{", "{}x", "{}{}", "{\"a\":1,\"a\":2}", "{\"a\":1,}",
		"[1,]", "{a:1}", "[\"\xff\"]", "[\"\xed\xa0\x80\"]", "[\"\\u0000\"]", "[\"\\ud800\"]",
		"[\"\t\"]", "[01]", "[1e999]", "[99999999999999999999]", "\xef\xbb\xbf{}", "[NaN]",
		"['a']", "{}//", "[1 2]", "[\"a]",
	};
	char deep[2 * 100001];
	json_t *value = (json_t *)&deep;	/* Must stay as it is. */
	struct err e = { "" };

	for (size_t i = 0; i < nelem(bad); i++)
		ok(canon_parse(bad[i], strlen(bad[i]), &value, &e) == E_BAD && value == (json_t *)&deep &&
		    e.text[0] != '\0', "bad JSON %zu is refused", i);
	is_int(canon_parse("[]\0", 3, &value, &e), E_BAD, "a NUL after the end");
	is_int(canon_parse("[1]", 2, &value, &e), E_BAD, "exactly the length given");
	is_int(canon_parse("{\"secret\":12 34}", 16, &value, &e), E_BAD, "an error");
	ok(strstr(e.text, "line 1 column ") && !strstr(e.text, "34"), "says where, and does not quote");
	is_int(canon_parse(nested(deep, 65), 130, &value, &e), E_BAD, "depth 65");
	is_int(canon_parse(nested(deep, 100000), 200000, &value, &e), E_BAD, "depth 100,000");
	memset(deep, '[', 80);
	memcpy(deep, "[\"\\\"", 4);
	memcpy(deep + 80, "\"]", 3);
	is_int(canon_parse(deep, 82, &value, &e), 0, "brackets in a string are no depth");
	json_decref(value);
	ok(canon_parse(nested(deep, 64), 128, &value, &e) == 0, "depth 64");
	{
		autofree char *text = NULL;

		is_int(canon_text(value, &text, &e), 0, "its canonical form");
		is_str(text, deep, "is printed too");
	}
	value = json_pack("[o]", value);
	ok(canon_text(value, NULL, &e) == E_BAD && strstr(e.text, "nested too deeply"), "depth 65 is not");
	json_decref(value);
	ok(canon_parse(" \n{\"a\" : [1.5, true]}\r\n\t ", 24, &value, &e) == 0, "white space around");
	json_decref(value);
}

/* nst/JSONTestSuite: y_ must be read, n_ refused, i_ as it likes. */
static void
test_suite(void)
{
	/* Valid JSON that our contract refuses: no array or object, a key twice, U+0000. */
	static const char *const ours[] = { "y_structure_lonely_", "y_structure_string_empty.json", "y_string_space.json",
	    "y_object_duplicated_key", "y_object_escaped_null_in_key.json", "y_string_null_escape.json" };
	size_t good = 0, bad = 0, wrong = 0;
	DIR *d = corpora_open("bad/JSONTestSuite/test_parsing");
	struct dirent *file;

	while (d != NULL && (file = readdir(d)) != NULL) {
		char path[600];
		autofree char *text = NULL;
		autojson json_t *value = NULL;
		bool expect = file->d_name[0] == 'y';
		size_t len;
		int r;

		if (file->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "bad/JSONTestSuite/test_parsing/%s", file->d_name);
		text = corpora_read(path, &len);
		r = text != NULL ? canon_parse(text, len, &value, NULL) : -1;
		for (size_t i = 0; i < nelem(ours); i++)
			if (strncmp(file->d_name, ours[i], strlen(ours[i])) == 0)
				expect = false;
		*(r == 0 ? &good : &bad) += 1;
		if (r < 0 || (file->d_name[0] != 'i' && (r == 0) != expect)) {
			printf("# %s: %d\n", file->d_name, r);
			wrong++;
		}
	}
	if (d == NULL)
		return;
	(void)closedir(d);
	ok(good > 80 && bad > 180 && wrong == 0, "JSONTestSuite: %zu read, %zu refused", good, bad);
}

/*
 * The RFC 8785 vectors, byte for byte.  "structures" and "values" hold numbers
 * with fraction or exponent, which Matrix forbids and we refuse in both forms.
 */
static void
test_rfc8785(void)
{
	static const struct { const char *name; bool reals; } v[] = { { "arrays", false }, { "french", false },
	    { "structures", true }, { "unicode", false }, { "values", true }, { "weird", false } };

	for (size_t i = 0; i < nelem(v); i++) {
		autofree char *in = NULL, *want = NULL, *hex = NULL, *bytes = NULL;
		autojson json_t *value = NULL;
		autobuf struct buf out = { 0 };
		struct err e = { "" };
		char path[200];
		size_t len, n, m, digits = 0;

		(void)snprintf(path, sizeof(path), "bad/canonical-json/rfc8785/testdata/input/%s.json", v[i].name);
		if ((in = corpora_read(path, &len)) == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "bad/canonical-json/rfc8785/testdata/output/%s.json", v[i].name);
		if ((want = corpora_read(path, &n)) == NULL)
			continue;
		(void)snprintf(path, sizeof(path), "bad/canonical-json/rfc8785/testdata/outhex/%s.txt", v[i].name);
		if ((hex = corpora_read(path, &m)) == NULL)
			continue;
		is_int(canon_parse(in, len, &value, &e), 0, "RFC 8785 %s: read", v[i].name);
		if (v[i].reals) {
			is_int(canon_dump_jcs(value, &out, &e), E_BAD, "RFC 8785 %s: %s", v[i].name, e.text);
			continue;
		}
		for (size_t k = 0; k < m; k++)
			if (strchr(" \t\r\n", hex[k]) == NULL)
				hex[digits++] = hex[k];
		hex[digits] = '\0';
		bytes = malloc(digits / 2 + 1);
		is_int(canon_dump_jcs(value, &out, &e), 0, "RFC 8785 %s: written", v[i].name);
		ok(out.len == n && memcmp(out.data, want, n) == 0, "RFC 8785 %s: the %zu bytes of the RFC", v[i].name, n);
		ok(decode_hex(hex, bytes, digits / 2) == 0 && out.len == digits / 2 &&
		    memcmp(out.data, bytes, out.len) == 0, "RFC 8785 %s: as in hexadecimal", v[i].name);
	}
}

/* What stands between the next pair of fences, or NULL. */
static char *
fenced(char **at)
{
	char *from = strstr(*at, "```json\n"), *to = from != NULL ? strstr(from + 8, "\n```") : NULL;

	if (to == NULL)
		return NULL;
	*to = '\0';
	*at = to + 4;
	return from + 8;
}

/* The Matrix specification's page itself: each "given" and its "should be produced". */
static void
test_appendices(void)
{
	size_t len, n = 0, same = 0, refused = 0;
	autofree char *page = corpora_read("bad/canonical-json/matrix-appendices.md", &len);
	char *at, *end, *given, *want;

	if (page == NULL)
		return;
	at = strstr(page, "\n### Canonical JSON");
	at = at != NULL ? strstr(at, "\n#### Examples") : NULL;
	end = at != NULL ? strstr(at, "\n### Signing Details") : NULL;
	if (end != NULL)
		*end = '\0';
	while (end != NULL && (given = fenced(&at)) != NULL && (want = fenced(&at)) != NULL) {
		autojson json_t *value = NULL;
		autofree char *text = NULL;

		n++;
		if (canon_parse(given, strlen(given), &value, NULL) == 0)
			(void)!canon_text(value, &text, NULL);
		same += text != NULL && strcmp(text, want) == 0;
		/* One holds 1e10, which the grammar above it forbids: refused, as every real is. */
		refused += text == NULL && strstr(given, "1e10") != NULL;
	}
	ok(n == 10 && same == 9 && refused == 1,
	    "the specification's page: %zu of %zu examples byte for byte, %zu refused", same, n, refused);
}

static long left = -1;	/* Allocations until the one that fails; negative: none will. */

static void *
scarce(size_t n)
{
	return left-- == 0 ? NULL : malloc(n);
}

static void
test_text(void)
{
	autojson json_t *value = json_object(), *part = json_pack("{s:[i, f, n], s:s}", "numbers", 1, 1.5, "a name", "\"\n");
	autofree char *want = NULL;
	size_t wrong = 0, refused = 0;

	for (int i = 0; i < 40; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "a rather long name %d", i);
		(void)json_object_set(value, name, part);
	}
	want = json_dumps(value, JSON_COMPACT);
	json_set_alloc_funcs(scarce, free);
	for (long n = 0; n < 200; n++) {
		autofree char *text = NULL;

		left = n;
		text = json_text(value, JSON_COMPACT);
		left = -1;
		refused += text == NULL;
		wrong += text != NULL && strcmp(text, want) != 0;
	}
	json_set_alloc_funcs(malloc, free);
	ok(wrong == 0 && refused > 0 && refused < 200, "text is whole, or not there for want of memory: %zu wrong, %zu refused", wrong, refused);
	ok(json_text(NULL, 0) == NULL, "of nothing there is none");
}

static void
test_objects(void)
{
	autojson json_t *object = json_object(), *sorted = NULL;
	autofree char *text = NULL;
	json_t *in = json_inner(object, "b");

	ok(in != NULL && json_inner(object, "b") == in && json_object_size(object) == 1, "an object within is made once");
	(void)(json_object_set_new(object, "c", json_true()) | json_object_set_new(object, "a", json_integer(1)));
	sorted = json_sorted(object);
	text = json_text(sorted, JSON_COMPACT);
	is_str(text, "{\"a\":1,\"b\":{},\"c\":true}", "and members are put in the order of their names");
}

int
main(void)
{
	test_text();
	test_matrix();
	test_jcs_order();
	test_refused_values();
	test_members();
	test_parse();
	test_suite();
	test_rfc8785();
	test_appendices();
	test_objects();
	return done_testing();
}
