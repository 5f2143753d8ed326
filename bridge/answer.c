/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/frame.h"
#include "base/text.h"
#include "answer.h"

int
answer_status(struct buf *out, uint64_t id, long status, long long retry_after_ms)
{
	char text[96];

	(void)snprintf(text, sizeof(text), "{\"status\":%ld,\"retry_after_ms\":%lld}", status, retry_after_ms);
	return frame_put(out, FRAME_STATUS, id, text, strlen(text));
}

int
answer_body(struct buf *out, uint64_t id, const void *bytes, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i += FRAME_CHUNK)
		r = frame_put(out, FRAME_BODY, id, (const char *)bytes + i, n - i < FRAME_CHUNK ? n - i : FRAME_CHUNK);
	return r;
}

int
answer_end(struct buf *out, uint64_t id)
{
	return frame_put(out, FRAME_END, id, NULL, 0);
}

int
answer_fail(struct buf *out, uint64_t id, const char *kind, const char *text)
{
	char safe[512];
	autojson json_t *doc = NULL;
	autofree char *json = NULL;

	text_escape(text, safe, sizeof(safe));
	doc = json_pack("{s:s, s:s}", "kind", kind, "text", safe);
	json = doc == NULL ? NULL : json_text(doc, JSON_COMPACT);
	return json == NULL ? -ENOMEM : frame_put(out, FRAME_FAIL, id, json, strlen(json));
}
