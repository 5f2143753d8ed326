/* SPDX-License-Identifier: Apache-2.0 */
/* Which law a consent is under follows from all that is about substance use: the recipient's program, behind a specialist who says nothing of it, and our own. */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

static struct host h;

static void
program(size_t i, const char *source, const char *condition)
{
	json_decref(host_ok(&h, i, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[s]}}]}", "records", "source", source, "kind", "program", "body",
	    "name", "A program", "description", "Peer support.", "conditions", condition)));
	json_decref(host_ok(&h, i, "publish", json_object()));
	host_run(&h, 20000);
}

/* What becomes of a consent under HIPAA; the caller decrefs. */
static json_t *
under_hipaa(struct referral_story *s)
{
	json_t *consent, *args = refer_args(&h, s, STORY_CONSENT);

	consent = json_obj(args, "consent");
	(void)json_object_set_new(consent, "law", json_string("us-hipaa"));
	(void)json_object_set_new(consent, "redisclosure", json_string("Who receives this may disclose it further."));
	(void)json_object_set_new(consent, "refusal", json_string("Nothing else changes for me."));
	return host_command(&h, SOURCE, "consent", args);
}

int
main(void)
{
	struct referral_story s;
	autojson json_t *theirs = NULL, *ours = NULL, *neither = NULL, *sent = NULL;
	json_t *args;

	story_begin(&h, 52);
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &s);
	args = refer_args(&h, &s, STORY_REFER);
	(void)json_object_set_new(args, "need", json_string("everyday_support"));
	sent = host_ok(&h, SOURCE, "refer", args);
	(void)snprintf(s.id, sizeof(s.id), "%s", json_str(sent, "referral"));
	host_run(&h, 10000);
	json_decref(host_ok(&h, TARGET, "answer", refer_args(&h, &s, STORY_ACCEPT)));
	host_run(&h, 10000);
	theirs = under_hipaa(&s);
	ok(refused(theirs, "law must be us-part2"), "a specialist of a program about alcohol, whatever the request is about");
	program(TARGET, "hsds:service/1", "grief");
	program(SOURCE, "own:1", "opioids");
	ours = under_hipaa(&s);
	ok(refused(ours, "law must be us-part2"), "a program of ours about opioids");
	program(SOURCE, "own:1", "grief");
	neither = under_hipaa(&s);
	ok(json_is_true(json_object_get(neither, "ok")), "if nothing is about substance use, another law will do");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "nothing waits, nothing was rejected");
	host_close(&h);
	return done_testing();
}
