/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which law a consent is under follows from all that is about substance use: the recipient's program, behind a specialist who says nothing of it, and
 * our own.  A target goes by its own program, whatever consent it was sent.
 */
#include <string.h>

#include "base/canon.h"
#include "domain/consent_law.h"
#include "hostile.h"
#include "scene.h"
#include "tests/tap.h"

static struct scene sc;

/* A second referral, to a specialist of a program about alcohol, of somebody who asks for nothing like it, was accepted. */
static void
begin(uint64_t seed)
{
	json_t *args;
	autojson json_t *sent = NULL;

	scene_begin(&sc, seed, STORY_REFER);
	args = refer_args(&sc.host, &sc.s, STORY_REFER);
	(void)json_object_set_new(args, "need", json_string("everyday_support"));
	sent = host_ok(&sc.host, SOURCE, "refer", args);
	(void)snprintf(sc.s.id, sizeof(sc.s.id), "%s", json_str(sent, "referral"));
	host_run(&sc.host, 10000);
	json_decref(host_ok(&sc.host, TARGET, "answer", refer_args(&sc.host, &sc.s, STORY_ACCEPT)));
	host_run(&sc.host, 10000);
}

static void
program(size_t i, const char *source, const char *condition, const char *law)
{
	json_decref(host_ok(&sc.host, i, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[s], s:s*}}]}", "records", "source", source, "kind", "program", "body",
	    "name", "A program", "description", "Peer support.", "conditions", condition, "law", law)));
	json_decref(host_ok(&sc.host, i, "publish", json_object()));
	host_run(&sc.host, 20000);
}

static json_t *
form(const char *law)
{
	json_t *args = refer_args(&sc.host, &sc.s, STORY_CONSENT), *consent = json_obj(args, "consent");

	(void)json_object_set_new(consent, "law", json_string(law));
	(void)json_object_set_new(consent, "redisclosure", json_string("Who receives this may disclose it further."));
	(void)json_object_set_new(consent, "refusal", json_string("Nothing else changes for me."));
	return args;
}

/* What becomes of a consent under HIPAA; the caller decrefs. */
static json_t *
under_hipaa(void)
{
	return host_command(&sc.host, SOURCE, "consent", form(CONSENT_HIPAA));
}

/* The target tells that there is contact. */
static json_t *
reports(void)
{
	json_t *reply = host_command(&sc.host, TARGET, "engage", json_pack("{s:s}", "referral", sc.s.id));

	host_run(&sc.host, 10000);
	return reply;
}

static void
test_source(void)
{
	autojson json_t *theirs = NULL, *ours = NULL, *neither = NULL, *told = NULL, *late = NULL;

	begin(52);
	theirs = under_hipaa();
	ok(refused(theirs, "law must be us-part2"), "a specialist of a program about alcohol, whatever the request is about");
	program(TARGET, "hsds:service/1", "grief", NULL);
	program(SOURCE, "own:1", "opioids", NULL);
	ours = under_hipaa();
	ok(refused(ours, "law must be us-part2"), "a program of ours about opioids");
	program(SOURCE, "own:1", "grief", NULL);
	program(TARGET, "own:2", "opioids", NULL);
	neither = under_hipaa();
	ok(json_is_true(json_object_get(neither, "ok")), "if nothing is about substance use, another law will do");
	host_run(&sc.host, 10000);
	told = reports();
	ok(json_is_true(json_object_get(told, "ok")) && refer_state(&sc.host, SOURCE, &sc.s, "engaged"),
	    "also for the target, whatever its other programs are about");
	program(TARGET, "hsds:service/1", "opioids", NULL);
	late = reports();
	ok(refused(late, "law must be us-part2"), "once that program is, nothing more is told under it");
	ok(story_clean(&sc.host, SOURCE) && story_clean(&sc.host, TARGET), "nothing waits, nothing was rejected");
	scene_end(&sc);
}

/* A source that goes by no law: its consent is complete, but for what the target's program wants. */
static void
test_target(const char *law)
{
	json_t *content, *consent;
	autojson json_t *shown = NULL, *reply = NULL, *why = NULL, *account = NULL;

	begin(53);
	content = scene_stamp(&sc, form(law));
	consent = json_obj(content, "consent");
	(void)json_object_set_new(consent, "id", json_string("6Q9ACKRYS2BJ6ZB7GDS3MB45TM"));
	if (!strcmp(law, CONSENT_GDPR)) {
		(void)json_object_set_new(consent, "gdpr", json_pack("{s:s, s:s, s:s}", "basis", "explicit_consent", "controller", "Us", "contact", "Here"));
		(void)json_object_set_new(consent, "signature", json_pack("{s:s, s:s, s:s, s:s}", "how", "verbal", "signer", "Jo", "authority", "self",
		    "recorded_by", "K. Lind"));
	}
	(void)json_object_set_new(content, "notice", json_string(consent_profile(law)->notice));
	(void)json_object_set_new(content, "scope", json_string("Only this."));
	hostile_say(&sc.host, SOURCE, sc.channel, "org.cairnpeer.referral.disclosure", content);
	shown = refer_show(&sc.host, TARGET, &sc.s);
	is_str(json_str(json_obj(json_obj(shown, "disclosure"), "consent"), "law"), law, "a disclosure under %s has come", law);
	reply = reports();
	ok(refused(reply, "law must be us-part2"), "%s: a program about alcohol tells nothing under it", law);
	why = host_command(&sc.host, TARGET, "decline", json_pack("{s:s, s:s}", "referral", sc.s.id, "reason", "duplicate"));
	ok(refused(why, "law must be us-part2"), "%s: nor why it declines", law);
	json_decref(host_ok(&sc.host, TARGET, "decline", json_pack("{s:s, s:s}", "referral", sc.s.id, "reason", "scope")));
	host_run(&sc.host, 10000);
	ok(refer_state(&sc.host, TARGET, &sc.s, "ended"), "%s: that it does it may say", law);
	account = host_ok(&sc.host, TARGET, "accounting", json_pack("{s:s}", "id", sc.s.id));
	is_int((int)json_array_size(json_arr(account, "disclosures")), 0, "%s: nothing was disclosed", law);
	scene_end(&sc);
}

/* A consent is under one law.  The one that Part 2 wants at the source does for a program under the GDPR. */
static void
test_gdpr(void)
{
	autojson json_t *told = NULL;

	begin(54);
	program(TARGET, "hsds:service/1", "alcohol", CONSENT_GDPR);
	json_decref(host_ok(&sc.host, SOURCE, "consent", refer_args(&sc.host, &sc.s, STORY_CONSENT)));
	host_run(&sc.host, 10000);
	told = reports();
	ok(json_is_true(json_object_get(told, "ok")) && refer_state(&sc.host, SOURCE, &sc.s, "engaged"),
	    "a program under the GDPR tells what a consent under Part 2 lets be told");
	scene_end(&sc);
}

int
main(void)
{
	test_source();
	test_target(CONSENT_HIPAA);
	test_target(CONSENT_GDPR);
	test_gdpr();
	return done_testing();
}
