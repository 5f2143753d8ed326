/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes are set up with nobody present, and say a plain word to each other, encrypted. */
#include <string.h>

#include "base/canon.h"
#include "story.h"
#include "tests/tap.h"

enum { WAITING = 150 };

static void
say(struct host *h, size_t i, const char *to, const char *text)
{
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", to, "text", text)));
	host_run(h, 10000);
}

static void
test_identity(struct host *h)
{
	autojson json_t *a = host_ok(h, SOURCE, "show", json_pack("{s:s}", "id", "node"));

	is_str(json_str(a, "node_user"), SOURCE_USER, "the node shows its identity for the trust list");
	ok(story_complaints(h) == 0, "the homeservers saw nothing wrong in the setup");
}

static void
test_there_and_back(struct host *h)
{
	say(h, SOURCE, TARGET_USER, "Good evening.");
	is_int(story_said(h, SOURCE, "out", "Good evening."), 1, "the source has said it");
	is_int(story_said(h, TARGET, "in", "Good evening."), 1, "the target has read it, once");
	say(h, TARGET, SOURCE_USER, "Good evening to you.");
	is_int(story_said(h, SOURCE, "in", "Good evening to you."), 1, "the answer came back, once");
	ok(hs_room(h->hs, NULL, 0) != NULL && hs_room(h->hs, NULL, 1) == NULL, "in one direct chat");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "nothing waits, nothing was rejected");
	ok(story_complaints(h) == 0, "the homeservers saw only ciphertext, and no key twice");
}

/* What waits for an answer to an invitation, however much, holds up nobody else: more than is looked at in one turn. */
static void
test_many_waiting(struct host *h)
{
	for (int i = 0; i < WAITING; i++) {
		char user[64];

		(void)snprintf(user, sizeof(user), "@away%d:harbor.example", i);
		hs_add_user(h->hs, user, "pw");
		json_decref(host_ok(h, SOURCE, "say", json_pack("{s:s, s:s}", "user", user, "text", "Hello.")));
		host_settle(h);
	}
	*h->now += 60000;
	json_decref(host_ok(h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "And you?")));
	for (int i = 0; i < 3; i++) {
		host_settle(h);
		*h->now += 60000;
	}
	is_int(story_said(h, TARGET, "in", "And you?"), 1, "%d members who have not answered an invitation keep nobody else waiting", WAITING);
}

int
main(void)
{
	struct host h;

	story_begin(&h, 1);
	test_identity(&h);
	test_there_and_back(&h);
	test_many_waiting(&h);
	host_end(&h);
	return done_testing();
}
