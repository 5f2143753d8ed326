/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "head.h"

enum {
	HEADER_BYTES	= 64 * 1024,
	HEADER_LINES	= 200,
	RETRY_MAX_S	= 24 * 60 * 60,
};

/* Seconds only; a date would need a clock that agrees with the server's. */
static long long
retry_after(const char *value, size_t n)
{
	long long s = 0;
	size_t digits = 0;

	for (; n > 0 && (*value == ' ' || *value == '\t'); n--)
		value++;
	for (; digits < n && value[digits] >= '0' && value[digits] <= '9'; digits++)
		if (s <= RETRY_MAX_S)
			s = s * 10 + (value[digits] - '0');
	if (digits == 0 || (digits < n && strchr(" \t\r\n", value[digits]) == NULL))
		return -1;
	return (s < RETRY_MAX_S ? s : RETRY_MAX_S) * 1000;
}

/* The value of the header ${name} without blanks around it, and its length; NULL: it is another. */
static const char *
value_of(const char *line, size_t n, const char *name, size_t *ret_n)
{
	size_t key = strlen(name);

	if (n <= key || line[key] != ':' || strncasecmp(line, name, key) != 0)
		return NULL;
	for (line += key + 1, n -= key + 1; n > 0 && strchr(" \t", *line) != NULL && *line != '\0'; n--)
		line++;
	while (n > 0 && strchr(" \t\r\n", line[n - 1]) != NULL && line[n - 1] != '\0')
		n--;
	*ret_n = n;
	return line;
}

/* Where the answer ends is said once and plainly, or a cut one could pass as whole.  False: it is not. */
static bool
framed(struct head *h, const char *line, size_t n)
{
	enum { DIGITS_MAX = 18 };
	long long length = 0;
	const char *value;
	size_t len;

	if ((value = value_of(line, n, "transfer-encoding", &len)) != NULL) {
		if (h->chunked || h->length >= 0 || len != strlen("chunked") || strncasecmp(value, "chunked", len) != 0)
			return false;
		h->chunked = true;
	} else if ((value = value_of(line, n, "content-length", &len)) != NULL) {
		for (size_t i = 0; i < len; i++) {
			if (value[i] < '0' || value[i] > '9' || len > DIGITS_MAX)
				return false;
			length = length * 10 + (value[i] - '0');
		}
		if (len == 0 || h->chunked || (h->length >= 0 && h->length != length))
			return false;
		h->length = length;
	}
	return true;
}

void
head_again(struct head *h)
{
	h->retry_after_ms = h->length = -1;
	h->chunked = false;
}

static int
refuse(const char **ret_kind, const char *kind, const char **ret_why, const char *why)
{
	*ret_kind = kind;
	*ret_why = why;
	return E_REFUSED;
}

int
head_line(struct head *h, const char *line, size_t n, const char **ret_kind, const char **ret_why)
{
	static const char key[] = "retry-after:";

	h->bytes += n;
	h->lines++;
	if (h->bytes > HEADER_BYTES || h->lines > HEADER_LINES)
		return refuse(ret_kind, "too_large", ret_why, "the answer has too many headers");
	if (h->over)
		return 0;
	if (!framed(h, line, n))
		return refuse(ret_kind, "reset", ret_why, "the answer does not say plainly how long it is");
	if (n >= sizeof(key) - 1 && strncasecmp(line, key, sizeof(key) - 1) == 0)
		h->retry_after_ms = retry_after(line + sizeof(key) - 1, n - (sizeof(key) - 1));
	return 0;
}
