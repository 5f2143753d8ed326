/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what a homeserver's answer means for the request that it answers.
 */
#ifndef CAIRN_ANSWER_H
#define CAIRN_ANSWER_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

enum answer_fate {
	ANSWER_OK,		/* 2xx with a JSON object or list. */
	ANSWER_RETRY,		/* Nothing was decided: no answer, 5xx, 408, a body that is not JSON. */
	ANSWER_LIMITED,		/* 429: wait as told. */
	ANSWER_AUTH,		/* 401 with UIA flows, or another body that asks for authentication. */
	ANSWER_LOGGED_OUT,	/* The token is no longer good. */
	ANSWER_BARRED,		/* The account may do nothing for now: locked, suspended, consent or money is wanted. */
	ANSWER_REFUSED,		/* Any other 4xx: asking again will not help. */
};

/**
 * answer_parse(text, len, ret): a homeserver's JSON, strictly (base/canon.h); but what a stranger's
 * event may hold and we do not take (U+0000, half a surrogate pair, a number without
 * measure, deep nesting) is replaced by U+FFFD, null or 0, and so are large contents
 * when all would not fit into the JSON heap, so that it stops nothing but that event.
 * 0; E_BAD if it is no JSON even so, or too much; -ENOMEM.
 */
int	answer_parse(const char *, size_t, json_t **ret) must_check;

/**
 * answer_judge(status, json, ret_text): the fate of an answer with HTTP ${status}
 * and parsed body ${json} (NULL: none or not JSON).  ${ret_text} gets one line
 * "M_CODE: error" of the server for people, escaped and cut.
 */
enum answer_fate answer_judge(int status, const json_t *, struct err *ret_text);

/** answer_errcode(json): borrowed "errcode" or "". */
const char *answer_errcode(const json_t *);

/**
 * answer_wait(status_retry_ms, json, attempts, jitter): how long to wait before
 * the next attempt, in ms: what the server asked (Retry-After, else
 * retry_after_ms), clamped to 1 s .. 1 h; else 1 s doubling with ${attempts} to
 * 5 min, plus up to a quarter by ${jitter}.
 */
int64_t	answer_wait(int64_t retry_after_ms, const json_t *, int64_t attempts, uint32_t jitter);

#endif /* !CAIRN_ANSWER_H */
