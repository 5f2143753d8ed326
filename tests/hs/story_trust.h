/* SPDX-License-Identifier: Apache-2.0 */
/* story_trust: trust lists of a federation whose signers are three. */
#ifndef CAIRN_TEST_STORY_TRUST_H
#define CAIRN_TEST_STORY_TRUST_H

#include "base/proof.h"
#include "domain/trust.h"
#include "story.h"

static const uint8_t seeds[3][ED25519_SEED] = { "the signer of a test federation", "a second one", "a third one" };

static inline json_t *
import(struct host *h, size_t i, const json_t *list)
{
	return host_command(h, i, "import_trust", json_pack("{s:O}", "document", list));
}

/* The version after ${list}, changed by nobody yet; only the names in it are the same. */
static inline json_t *
next(struct host *h, const json_t *list)
{
	json_t *doc;
	struct err err = { "" };

	if (trust_next(list, *h->now, STORY_LIFE, &doc, &err) != 0)
		host_fail(h, "no next list: %s", err.text);
	return doc;
}

static inline void
sign(struct host *h, json_t *list, int n)
{
	struct err err = { "" };

	for (int i = 0; i < n; i++)
		if (trust_sign(list, seeds[i], *h->now, &err) != 0)
			host_fail(h, "the list is not signed: %s", err.text);
}

#endif /* !CAIRN_TEST_STORY_TRUST_H */
