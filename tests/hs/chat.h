/* SPDX-License-Identifier: Apache-2.0 */
/* chat: people who write to a node in their direct chat; each one's client is a node that nobody trusts. */
#ifndef CAIRN_TEST_CHAT_H
#define CAIRN_TEST_CHAT_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "story.h"

/** chat_say(host, i, text): node ${i} writes to the source. */
static inline void
chat_say(struct host *h, size_t i, const char *text)
{
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", text)));
	for (int k = 0; k < 4; k++)
		host_run(h, 1000);
}

/** chat_heard(host, i, words): how many messages to ${i} hold these words. */
static inline int
chat_heard(struct host *h, size_t i, const char *words)
{
	autojson json_t *list = story_list(h, i, "messages");
	const json_t *item;
	size_t k;
	int n = 0;

	json_array_foreach(list, k, item)
		n += !strcmp(json_str(item, "direction"), "in") && strstr(json_str(item, "body"), words) != NULL;
	return n;
}

/** chat_comes(host, i, words): the same, once one is there or after a minute and a half. */
static inline int
chat_comes(struct host *h, size_t i, const char *words)
{
	for (int k = 0; k < 22 && chat_heard(h, i, words) == 0; k++)
		host_run(h, 4000);
	host_run(h, 1000);
	return chat_heard(h, i, words);
}

/** chat_answers(host, i, text, words): to ${text}, was one answer with these words given? */
static inline bool
chat_answers(struct host *h, size_t i, const char *text, const char *words)
{
	int before = chat_heard(h, i, words);

	chat_say(h, i, text);
	for (int k = 0; k < 10 && chat_heard(h, i, words) == before; k++)
		host_run(h, 4000);
	host_run(h, 1000);
	return chat_heard(h, i, words) == before + 1;
}

/** chat_write(host, i, text, words): ${i} writes, and has an answer with these words; else the test ends. */
static inline void
chat_write(struct host *h, size_t i, const char *text, const char *words)
{
	int before = chat_heard(h, i, words);

	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", text)));
	for (int k = 0; k < 40 && chat_heard(h, i, words) == before; k++)
		host_run(h, 2000);
	if (chat_heard(h, i, words) == before)
		host_fail(h, "no answer to: %s", text);
}

/** chat_asks(host, i, ret_id): node ${i} asks for Rosa's support and says yes; ${ret_id} is the newest request at the target.  Was each answer as it should be? */
static inline bool
chat_asks(struct host *h, size_t i, char ret_id[64])
{
	static const struct { const char *say, *hear; } talk[] = { { "!find Rosa", "1. Rosa (specialist" }, { "!refer 1", "How old are you?" },
	    { "4", "What is it about?" }, { "2", "Which language?" }, { "1", "How would you like to meet?" }, { "1", "How soon?" },
	    { "2", "When would it suit you?" }, { "3", "This would be sent to Rosa" }, { "!yes", "on its way" } };
	autojson json_t *list = NULL;
	const char *id;
	bool all = true;

	for (size_t k = 0; k < nelem(talk); k++)
		all = chat_answers(h, i, talk[k].say, talk[k].hear) && all;
	host_run(h, 20000);
	list = story_list(h, TARGET, "referrals");
	id = json_str(json_array_get(list, 0), "id");
	(void)snprintf(ret_id, 64, "%s", id != NULL ? id : "");
	return all;
}

/** chat_in_files(host, i, word): is it in clear in a file of node ${i}? */
static inline bool
chat_in_files(struct host *h, size_t i, const char *word)
{
	static const char *const files[] = { "cairn.db", "cairn.db-wal", "keys.db" };
	bool found = false;

	for (size_t k = 0; k < nelem(files); k++) {
		char path[PATH_MAX + 64], part[4096];
		autobuf struct buf all = { 0 };
		FILE *f;
		size_t n;

		(void)snprintf(path, sizeof(path), "%s/%s/%s", h->dir, h->node[i].name, files[k]);
		if ((f = fopen(path, "rb")) == NULL)
			continue;
		while ((n = fread(part, 1, sizeof(part), f)) > 0)
			if (buf_add(&all, part, n) != 0)
				abort();
		(void)fclose(f);
		found = found || (all.len > 0 && memmem(all.data, all.len, word, strlen(word)) != NULL);
	}
	return found;
}

#endif /* !CAIRN_TEST_CHAT_H */
