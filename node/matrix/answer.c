/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "answer.h"
#include "base/canon.h"

const char *
answer_errcode(const json_t *json)
{
	const char *code = json_str(json, "errcode");

	return code != NULL ? code : "";
}

/* Codes that say nothing of the request: they would be the answer to any. */
static const struct {
	const char	*code;
	enum answer_fate fate;
} codes[] = {
	{ "M_UNKNOWN_TOKEN",		ANSWER_LOGGED_OUT },
	{ "M_MISSING_TOKEN",		ANSWER_LOGGED_OUT },
	{ "M_USER_DEACTIVATED",		ANSWER_BARRED },
	{ "M_USER_LOCKED",		ANSWER_BARRED },
	{ "M_USER_SUSPENDED",		ANSWER_BARRED },
	{ "M_CONSENT_NOT_GIVEN",	ANSWER_BARRED },
	{ "M_RESOURCE_LIMIT_EXCEEDED",	ANSWER_BARRED },
	{ "ORG_MATRIX_EXPIRED_ACCOUNT",	ANSWER_BARRED },
	{ "M_LIMIT_EXCEEDED",		ANSWER_LIMITED },
	{ "M_UNRECOGNIZED",		ANSWER_RETRY },		/* A proxy that knows not all paths, a server half upgraded. */
};

enum answer_fate
answer_judge(int status, const json_t *json, struct err *ret_text)
{
	const char *code = answer_errcode(json), *text = json_str(json, "error");

	if (status >= 200 && status < 300 && (json_is_object(json) || json_is_array(json)))
		return ANSWER_OK;
	(void)err_set(ret_text, 0, "HTTP %d%s%s%s%s", status, *code ? " " : "", code,
	    text != NULL ? ": " : "", text != NULL ? text : "");
	if (status == 429)
		return ANSWER_LIMITED;
	if (status == 401 && json_arr(json, "flows") != NULL)
		return ANSWER_AUTH;
	/* A proxy's page or a timeout decides nothing; only the homeserver's own word does. */
	if (status < 400 || status >= 500 || status == 408 || *code == '\0')
		return ANSWER_RETRY;
	for (size_t i = 0; i < nelem(codes); i++)
		if (!strcmp(code, codes[i].code))
			return codes[i].fate;
	return status == 401 ? ANSWER_BARRED : ANSWER_REFUSED;
}

int64_t
answer_wait(int64_t retry_after_ms, const json_t *json, int64_t attempts, uint32_t jitter)
{
	const int64_t least = 1000, most_told = 3600 * 1000, most_own = 300 * 1000;
	int64_t told = retry_after_ms >= 0 ? retry_after_ms : json_int(json, "retry_after_ms", -1);
	int64_t wait = least;

	if (told >= 0)
		return told < least ? least : told > most_told ? most_told : told;
	for (int64_t i = 1; i < attempts && wait < most_own; i++)
		wait *= 2;
	if (wait > most_own)
		wait = most_own;
	return wait + (int64_t)(jitter % (uint32_t)(wait / 4 + 1));
}
