/* SPDX-License-Identifier: Apache-2.0 */
/* chat_consent: a member is asked in their chat what may be told of them, and shown it. */
#ifndef CAIRN_TEST_CHAT_CONSENT_H
#define CAIRN_TEST_CHAT_CONSENT_H

#include "chat.h"

/** consent_letters(host, i, out): "!yes BCDFG", with the letters below the words that were shown last to ${i}; "": there are none. */
static inline const char *
consent_letters(struct host *h, size_t i, char out[16])
{
	static const char before[] = "for you, write !yes ";
	autojson json_t *list = story_list(h, i, "messages");
	const json_t *item;
	size_t k;

	out[0] = '\0';
	json_array_foreach(list, k, item) {
		const char *at = strstr(json_str(item, "body"), before);

		if (at != NULL && !strcmp(json_str(item, "direction"), "in") && out[0] == '\0')	/* The newest is the first. */
			(void)snprintf(out, 16, "!yes %.5s", at + strlen(before));
	}
	return out;
}

/** consent_accept(host, id): the target says yes, and so the member is told. */
static inline void
consent_accept(struct host *h, const char *id)
{
	json_decref(host_ok(h, TARGET, "accept", json_pack("{s:s}", "referral", id)));
	host_run(h, 20000);
}

/** consent_shown(host, i, ask, said): ${i} writes ${ask}, then ${said}, which ends with NULL, and is shown all of it.  Was each answered as it should be? */
static inline bool
consent_shown(struct host *h, size_t i, const char *ask, const char *const *said)
{
	bool all = chat_answers(h, i, ask, "What should they call you?");

	for (; *said != NULL; said++)
		all = chat_answers(h, i, *said, said[1] == NULL ? "for you, write !yes " : "?") && all;
	return all;
}

#endif /* !CAIRN_TEST_CHAT_CONSENT_H */
