/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a homeserver's answer, line by line as libcurl hands it over: an input is its bytes, and a blank line ends a
 * head, behind which another may follow (100 Continue) or, with "+" as the input's first byte, trailers.
 *
 * Of each head that is taken, a slow reader of its whole text finds the same length, the same wait, and one way alone to say where
 * the answer ends; what is refused has a kind and a sentence, and one that is refused once is refused for all that follows.
 */
#include <ctype.h>
#include <strings.h>

#include "bridge/head.h"
#include "fuzz.h"

const unsigned fuzz_changes = 300;

enum { BYTES = 64 * 1024, LINES = 200 };

/* The value of header ${name} in a line, without blanks around it; false: the line is another's. */
static bool
value(const char *line, size_t n, const char *name, char *ret, size_t size)
{
	const char *colon = memchr(line, ':', n);
	size_t from, to = n;

	if (colon == NULL || (size_t)(colon - line) != strlen(name) || strncasecmp(line, name, strlen(name)) != 0)
		return false;
	for (from = (size_t)(colon - line) + 1; from < to && (line[from] == ' ' || line[from] == '\t'); from++)
		;
	while (to > from && (line[to - 1] == ' ' || line[to - 1] == '\t' || line[to - 1] == '\r' || line[to - 1] == '\n'))
		to--;
	claim(to - from < size);
	memcpy(ret, line + from, to - from);
	ret[to - from] = '\0';
	if (memchr(ret, '\0', to - from) != NULL)
		ret[0] = '?';
	return true;
}

/* All lines of one head; false: where its answer ends is not said once and plainly. */
static bool
slow(const char *text, size_t len, struct head *want)
{
	char *word = malloc(len + 1);
	bool good = word != NULL;

	*want = (struct head){ .retry_after_ms = -1, .length = -1 };
	for (size_t at = 0, n; at < len && good; at += n) {
		const char *end = memchr(text + at, '\n', len - at);

		n = end != NULL ? (size_t)(end - text) - at + 1 : len - at;
		if (value(text + at, n, "transfer-encoding", word, len + 1)) {
			good = !want->chunked && want->length < 0 && strcasecmp(word, "chunked") == 0;
			want->chunked = true;
		} else if (value(text + at, n, "content-length", word, len + 1)) {
			long long length = strspn(word, "0123456789") == strlen(word) && strlen(word) <= 18 && *word != '\0' ? strtoll(word, NULL, 10) : -1;

			good = length >= 0 && !want->chunked && (want->length < 0 || want->length == length);
			want->length = length;
		} else if (value(text + at, n, "retry-after", word, len + 1)) {
			size_t digits = strspn(word, "0123456789");
			bool plain = digits > 0 && (word[digits] == '\0' || isspace((unsigned char)word[digits]));
			double s = plain ? strtod(word, NULL) : -1;

			want->retry_after_ms = !plain || word[digits] == '\v' || word[digits] == '\f' ? -1 : s > 86400 ? 86400000 : (long long)(s * 1000);
		}
	}
	free(word);
	return good;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct head head = { .bytes = 0 }, want;
	bool trailers = len > 0 && *data == '+', refused = false;
	const char *text = (const char *)data + trailers, *begin = text;
	size_t lines = 0, bytes = 0;

	head_again(&head);
	len -= trailers;
	for (size_t at = 0, n; at < len; at += n) {
		const char *end = memchr(text + at, '\n', len - at), *kind = NULL, *why = NULL;
		char *line;
		int r;

		n = end != NULL ? (size_t)(end - text) - at + 1 : len - at;
		claim((line = malloc(n)) != NULL);
		memcpy(line, text + at, n);
		r = head_line(&head, line, n, &kind, &why);
		free(line);
		lines++;
		bytes += n;
		claim(r == 0 || (r == E_REFUSED && kind != NULL && why != NULL && *why != '\0'));
		claim((r == 0) == (kind == NULL));
		claim(head.lines == lines && head.bytes == bytes);
		claim(r != 0 || (lines <= LINES && bytes <= BYTES));
		refused = refused || (r != 0 && lines <= LINES && bytes <= BYTES);
		if (head.over || lines > LINES || bytes > BYTES)
			continue;
		claim(refused != slow(begin, (size_t)(text + at + n - begin), &want));
		if (refused)
			return 0;
		if (memchr(begin, 0, (size_t)(text + at + n - begin)) == NULL)
			claim(head.retry_after_ms == want.retry_after_ms);
		claim(head.length == want.length && head.chunked == want.chunked && !(head.chunked && head.length >= 0));
		if (n > 2 || end == NULL)
			continue;
		begin = text + at + n;
		if (trailers)
			head.over = true;
		else
			head_again(&head);
	}
	return 0;
}
