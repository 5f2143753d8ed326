/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A follower leaves while an event is encrypted and has not been taken.  One that surely has not left is encrypted anew, for those who are
 * still there; one that may have left goes again as it was, since another would be there twice.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hostile.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

/* What is answered to the target's directory, and under which session the first event was held and went. */
static struct {
	int	 status;	/* 0: the truth. */
	int	 met, taken;
	char	 held[64], went[64];
} directory;

static struct host h;

static enum hs_fate
judge(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	const char *session = json_str(call->body, "session_id");

	(void)cookie;
	if (strcmp(call->user, TARGET_USER) != 0 || strstr(call->path, "/state/") == NULL || session == NULL)
		return HS_SERVE;
	if (directory.status == 0) {
		if (directory.taken++ == 0)
			(void)snprintf(directory.went, sizeof(directory.went), "%s", session);
		return HS_SERVE;
	}
	if (directory.met++ == 0)
		(void)snprintf(directory.held, sizeof(directory.held), "%s", session);
	*ret_status = directory.status;
	*ret_body = json_pack("{s:s, s:s}", "errcode", directory.status == 429 ? "M_LIMIT_EXCEEDED" : "M_UNKNOWN", "error", "No.");
	return HS_SAY;
}

/* What the directory has to say waits, encrypted; meanwhile its only reader leaves, or does not. */
static void
test_held(int status, bool leaves, bool anew)
{
	autofree char *path = NULL;
	struct client source;

	story_begin(&h, 431);
	story_trust(&h);
	story_publish(&h);
	hs_script(h.hs, &(struct hs_script){ .request = judge });
	memset(&directory, 0, sizeof(directory));
	directory.status = status;
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", "x:program", "kind", "program", "body",
	    json_source("schemas/program.example.json"))));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 5000);
	ok(directory.met > 0, "answered %d, an event waits", status);
	if (leaves) {
		client_as(&source, &h, SOURCE, "node");
		if (asprintf(&path, "rooms/%s/leave", hs_room(h.hs, ID_NAMESPACE "directory", 0)) < 0)
			abort();
		json_decref(client_call(&source, "POST", path, json_object()));
		is_int(source.status, 200, "a reader leaves");
		host_run(&h, 5000);
	}
	directory.status = 0;
	host_run(&h, 60000);
	ok(directory.taken > 0, "then it is taken");
	ok((strcmp(directory.held, directory.went) != 0) == anew, "%s", anew ? "under a session that who left does not have" : "as it was");
	is_int((int)found_in(&h, TARGET, "outbox", NULL, NULL), 0, "and nothing waits");
	host_end(&h);
}

int
main(void)
{
	test_held(429, true, true);
	test_held(429, false, false);
	test_held(502, true, false);
	return done_testing();
}
