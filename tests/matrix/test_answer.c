/* SPDX-License-Identifier: Apache-2.0 */
#include "base/canon.h"
#include "matrix/answer.h"
#include "tap.h"

static enum answer_fate
fate(int status, const char *text)
{
	autojson json_t *json = text != NULL ? json_loads(text, 0, NULL) : NULL;
	struct err err = { "" };

	return answer_judge(status, json, &err);
}

static void
test_judge(void)
{
	static const struct {
		int		 status;
		const char	*body;
		enum answer_fate want;
	} row[] = {
		{ 200, "{}", ANSWER_OK },
		{ 200, "[]", ANSWER_OK },
		{ 200, NULL, ANSWER_RETRY },
		{ 302, "{}", ANSWER_RETRY },
		{ 408, "{\"errcode\":\"M_X\"}", ANSWER_RETRY },
		{ 500, "{\"errcode\":\"M_UNKNOWN\"}", ANSWER_RETRY },
		{ 502, NULL, ANSWER_RETRY },
		{ 404, NULL, ANSWER_RETRY },
		{ 404, "{}", ANSWER_RETRY },
		{ 404, "{\"errcode\":\"M_NOT_FOUND\"}", ANSWER_REFUSED },
		{ 429, "{\"errcode\":\"M_LIMIT_EXCEEDED\"}", ANSWER_LIMITED },
		{ 429, NULL, ANSWER_LIMITED },
		{ 401, "{\"flows\":[],\"session\":\"s\"}", ANSWER_AUTH },
		{ 401, "{\"errcode\":\"M_UNKNOWN_TOKEN\"}", ANSWER_LOGGED_OUT },
		{ 401, "{\"errcode\":\"M_MISSING_TOKEN\"}", ANSWER_LOGGED_OUT },
		{ 401, "{\"errcode\":\"M_UNAUTHORIZED\"}", ANSWER_BARRED },
		{ 401, "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"soft_logout\":true}", ANSWER_LOGGED_OUT },
		{ 401, "{\"errcode\":\"M_USER_LOCKED\",\"soft_logout\":true}", ANSWER_BARRED },
		{ 403, "{\"errcode\":\"M_USER_DEACTIVATED\"}", ANSWER_BARRED },
		{ 403, "{\"errcode\":\"M_USER_SUSPENDED\"}", ANSWER_BARRED },
		{ 403, "{\"errcode\":\"M_CONSENT_NOT_GIVEN\"}", ANSWER_BARRED },
		{ 403, "{\"errcode\":\"M_RESOURCE_LIMIT_EXCEEDED\"}", ANSWER_BARRED },
		{ 403, "{\"errcode\":\"M_LIMIT_EXCEEDED\"}", ANSWER_LIMITED },
		{ 404, "{\"errcode\":\"M_UNRECOGNIZED\"}", ANSWER_RETRY },
		{ 405, "{\"errcode\":\"M_UNRECOGNIZED\"}", ANSWER_RETRY },
		{ 403, "{\"errcode\":\"M_FORBIDDEN\"}", ANSWER_REFUSED },
		{ 0, "{}", ANSWER_RETRY },
		{ -1, "{\"errcode\":7}", ANSWER_RETRY },
	};

	for (size_t i = 0; i < nelem(row); i++)
		ok(fate(row[i].status, row[i].body) == row[i].want, "status %d %s", row[i].status,
		    row[i].body != NULL ? row[i].body : "(no JSON)");
}

/* What a stranger's event may hold spoils that event, not the answer that it comes with. */
static void
test_parse(void)
{
	static const struct {
		const char	*text, *want;	/* NULL: refused. */
	} row[] = {
		{ "{\"a\":1}", "{\"a\":1}" },
		{ "[\"\\u0000\"]", "[\"\\uFFFD\"]" },
		{ "{\"a\\u0000b\":1}", "{\"a\\uFFFDb\":1}" },
		{ "[\"\\ud800\"]", "[\"\\uFFFD\"]" },
		{ "[\"\\udc00\\ud800x\"]", "[\"\\uFFFD\\uFFFDx\"]" },
		{ "[\"\\ud83d\\ude00\\u0000\"]", "[\"\\uD83D\\uDE00\\uFFFD\"]" },
		{ "[\"\\\\u0000\\u0000\"]", "[\"\\\\u0000\\uFFFD\"]" },
		{ "[9223372036854775808, 1, -9223372036854775809]", "[null,1,null]" },
		{ "[1e400,-1e400,1e-400]", "[null,null,0.0]" },
		{ "[1e400,\"1e400 [\"]", "[null,\"1e400 [\"]" },
		{ "{\"a\":1,\"a\":2}", NULL },
		{ "{\"a\":1e400,\"a\":2}", "{\"a\":2}" },
		{ "{\"a\\u0000\":1,\"a\\ud800\":2}", "{\"a\\uFFFD\":2}" },
		{ "[\"\\u0000\"", NULL },
		{ "[\"\\u00", NULL },
		{ "[\"\\ud800\\", NULL },
		{ "\\u0000", NULL },
		{ "[1e400", NULL },
		{ "[1e400 1]", NULL },
		{ "[\"a\nb\\u0000\"]", NULL },
		{ "", NULL },
		{ "-", NULL },
	};
	char text[2 * (CANON_MAX_DEPTH + 40)] = "";

	for (size_t i = 0; i < nelem(row); i++) {
		autojson json_t *json = NULL;
		autofree char *got = NULL;
		/* Exactly as long as it is, so that a byte read too far is seen. */
		autofree char *exact = malloc(strlen(row[i].text) + (*row[i].text == '\0'));
		int r;

		memcpy(exact, row[i].text, strlen(row[i].text));
		r = answer_parse(exact, strlen(row[i].text), &json);
		got = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
		ok(row[i].want == NULL ? r == E_BAD && json == NULL : r == 0 && got != NULL && !strcmp(got, row[i].want),
		    "%s is %s", row[i].text, row[i].want != NULL ? "mended" : "refused");
	}
	for (int deep = CANON_MAX_DEPTH; deep < CANON_MAX_DEPTH + 40; deep += 39) {
		autojson json_t *json = NULL;

		memset(text, '[', (size_t)deep);
		memset(text + deep, ']', (size_t)deep);
		ok(answer_parse(text, (size_t)(2 * deep), &json) == 0, "%d deep is cut off", deep);
	}
}

static void
test_text(void)
{
	autojson json_t *json = json_pack("{s:s, s:s}", "errcode", "M_X", "error", "bad\n\033[31mthing");
	struct err err = { "" };

	ok(answer_judge(403, json, &err) == ANSWER_REFUSED, "refused");
	ok(strstr(err.text, "HTTP 403 M_X: bad") && !strpbrk(err.text, "\n\033"), "the server's words are escaped: %s",
	    err.text);
	is_str(answer_errcode(NULL), "", "no body, no code");
}

static void
test_wait(void)
{
	autojson json_t *told = json_pack("{s:i}", "retry_after_ms", 2500);
	autojson json_t *mad = json_pack("{s:I}", "retry_after_ms", (json_int_t)INT64_MAX);
	int64_t last = 0;

	is_int(answer_wait(-1, told, 9, 7), 2500, "the body's word");
	is_int(answer_wait(4000, told, 9, 7), 4000, "the header's word goes first");
	is_int(answer_wait(0, NULL, 1, 7), 1000, "at least a second");
	is_int(answer_wait(-1, mad, 1, 7), 3600000, "at most an hour");
	is_int(answer_wait(INT64_MAX, NULL, 1, 7), 3600000, "at most an hour by header");
	for (int64_t i = 1; i < 12; i++) {
		int64_t wait = answer_wait(-1, NULL, i, 0);

		ok(wait >= last && wait >= 1000 && wait <= 300000, "attempt %lld waits %lld ms", (long long)i,
		    (long long)wait);
		last = wait;
	}
	is_int(last, 300000, "five minutes at most");
	ok(answer_wait(-1, NULL, 30, UINT32_MAX) <= 375000, "jitter adds at most a quarter");
}

int
main(void)
{
	test_judge();
	test_parse();
	test_text();
	test_wait();
	return done_testing();
}
