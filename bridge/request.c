/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/canon.h"
#include "request.h"

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* "." or "..", a dot also spelled %2e: a proxy may fold it into another path. */
static bool
is_dots(const char *s, size_t n)
{
	size_t dots = 0;

	for (size_t i = 0; i < n; dots++) {
		if (s[i] == '.')
			i++;
		else if (n - i >= 3 && s[i] == '%' && s[i + 1] == '2' && (s[i + 2] | 0x20) == 'e')
			i += 3;
		else
			return false;
	}
	return dots == 1 || dots == 2;
}

static int
check_segments(const char *path, struct err *reterr)
{
	const char *end = path + strcspn(path, "?");

	for (const char *s = path; s < end; ) {
		size_t n = strcspn(++s, "/?");

		if (n == 0 && s != end)
			return err_set(reterr, E_REFUSED, "the path has an empty segment");
		if (is_dots(s, n))
			return err_set(reterr, E_REFUSED, "the path has a dot segment");
		s += n;
	}
	return 0;
}

static int
check_path(const char *path, struct err *reterr)
{
	size_t n = strlen(path);

	if (path[0] != '/' || n > REQUEST_PATH_MAX)
		return err_set(reterr, E_REFUSED, "the path does not begin with / or is longer than %d bytes",
		    REQUEST_PATH_MAX);
	for (size_t i = 0; i < n; i++) {
		if (path[i] < 0x21 || path[i] > 0x7e || path[i] == '#' || path[i] == '\\')
			return err_set(reterr, E_REFUSED, "the path has a character that must be percent-encoded");
		if (path[i] == '%' && !(is_hex(path[i + 1]) && is_hex(path[i + 2])))
			return err_set(reterr, E_REFUSED, "the path has a broken percent-encoding");
	}
	return check_segments(path, reterr);
}

static int
check(const struct request *q, const char *upstream, json_int_t cap, json_int_t timeout, struct err *reterr)
{
	static const char *const methods[] = { "GET", "PUT", "POST", "DELETE" };
	size_t i = 0;

	if (strcmp(upstream, REQUEST_UPSTREAM) != 0)
		return err_set(reterr, E_REFUSED, "no upstream has this name");
	while (i < nelem(methods) && strcmp(q->method, methods[i]) != 0)
		i++;
	if (i == nelem(methods))
		return err_set(reterr, E_REFUSED, "the method is not one of GET, PUT, POST, DELETE");
	if (i == 0 && q->body)
		return err_set(reterr, E_REFUSED, "GET with a body");
	if (cap < 1 || cap > REQUEST_CAP_MAX)
		return err_set(reterr, E_REFUSED, "cap is not in 1 .. %d", REQUEST_CAP_MAX);
	if (timeout < 1 || timeout > REQUEST_TIMEOUT_MAX)
		return err_set(reterr, E_REFUSED, "timeout_ms is not in 1 .. %d", REQUEST_TIMEOUT_MAX);
	return check_path(q->path, reterr);
}

int
request_parse(const char *text, size_t len, struct request *ret, struct err *reterr)
{
	autojson json_t *doc = NULL;
	const char *upstream;
	json_t *cap, *timeout, *body;
	struct request q;
	int r;

	r = canon_parse(text, len, &doc, reterr);
	if (r != 0)
		return r;
	upstream = json_str(doc, "upstream");
	cap = json_object_get(doc, "cap");
	timeout = json_object_get(doc, "timeout_ms");
	body = json_object_get(doc, "body");
	q = (struct request){
		.account = json_str(doc, "account"),
		.method = json_str(doc, "method"),
		.path = json_str(doc, "path"),
		.body = json_is_true(body),
	};
	if (upstream == NULL || q.account == NULL || q.method == NULL || q.path == NULL || !json_is_integer(cap) ||
	    !json_is_integer(timeout) || !json_is_boolean(body) || json_object_size(doc) != 7)
		return err_set(reterr, E_BAD, "REQUEST is not {upstream, account, method, path, cap, "
		    "timeout_ms, body}");
	r = check(&q, upstream, json_integer_value(cap), json_integer_value(timeout), reterr);
	if (r != 0)
		return r;
	q.cap = (size_t)json_integer_value(cap);
	q.timeout_ms = (long)json_integer_value(timeout);
	q.doc = take(doc);
	*ret = q;
	return 0;
}

void
request_free(struct request *q)
{
	json_decref(q->doc);
	*q = (struct request){ 0 };
}
