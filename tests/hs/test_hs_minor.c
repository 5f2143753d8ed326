/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody's age is not known by the request alone: an answer to a later question may say that they are a minor.  Whatever asks
 * how old they are asks what is known now: the form of a consent, its judges on both sides, and a match.  Who signs for a court is judged there.
 */
#include <string.h>

#include "base/canon.h"
#include "domain/consent.h"
#include "hostile.h"
#include "scene.h"
#include "tests/tap.h"

static struct scene sc;

static void
target(const char *verb, const char *key, json_t *value)
{
	json_decref(host_ok(&sc.host, TARGET, verb, json_pack("{s:s, s:o*}", "referral", sc.s.id, key != NULL ? key : "none", value)));
	host_run(&sc.host, 20000);
}

static json_t *
inform(const char *band)
{
	return json_pack("{s:s, s:s}", "referral", sc.s.id, "age_band", band);
}

static void
answer(const char *asks, json_t *args)
{
	target("ask", "asks", json_pack("[s]", asks));
	json_decref(host_ok(&sc.host, SOURCE, "inform", args));
	host_run(&sc.host, 20000);
}

/* Asked how old they are, that is said. */
static void
says(const char *band)
{
	answer("age_band", inform(band));
}

static json_t *
match(void)
{
	return host_ok(&sc.host, TARGET, "match", json_pack("{s:s}", "referral", sc.s.id));
}

/* What an adult signs: none is refused for being no minor's but for the reason that is tested. */
static json_t *
adults(void)
{
	json_t *args = refer_args(&sc.host, &sc.s, STORY_CONSENT);

	(void)json_object_del(json_obj(args, "consent"), "minor");
	(void)json_object_del(json_obj(args, "consent"), "cosignature");
	return args;
}

static void
is_minors(const char *what)
{
	autojson json_t *form = host_ok(&sc.host, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", sc.s.id, "template", 1)), *reply = NULL;

	ok(json_object_get(json_obj(form, "consent"), "minor") != NULL, "%s: the form is a minor's", what);
	reply = host_command(&sc.host, SOURCE, "consent", adults());
	ok(refused(reply, "the member is a minor"), "%s: an adult's consent is refused", what);
}

static void
test_told_later(void)
{
	autojson json_t *before = NULL, *after = NULL, *accepted = NULL, *shown = NULL;
	json_t *content;

	scene_begin(&sc, 61, STORY_REFER);
	before = match();
	is_int((int)json_array_size(json_arr(before, "choices")), 1, "an adult is proposed who says nothing of ages");
	says("13_17");
	accepted = host_command(&sc.host, TARGET, "match accept", json_pack("{s:O, s:O}", "match", json_object_get(before, "match"), "record",
	    json_object_get(json_array_get(json_arr(before, "choices"), 0), "record")));
	ok(refused(accepted, "minors"), "once they are known to be a minor, that choice is not taken any more");
	after = match();
	is_int((int)json_array_size(json_arr(after, "choices")), 0, "and not proposed again");
	target("answer", "decision", json_string("accept"));
	is_minors("a minor by an answer");
	content = scene_stamp(&sc, adults());
	(void)json_object_set_new(content, "notice", json_string(consent_notice));
	(void)json_object_set_new(content, "scope", json_string("Only this."));
	(void)json_object_set_new(json_obj(content, "consent"), "id", json_string("6Q9ACKRYS2BJ6ZB7GDS3MB45TM"));
	hostile_say(&sc.host, SOURCE, sc.channel, "org.cairnpeer.referral.disclosure", content);
	shown = refer_show(&sc.host, TARGET, &sc.s);
	ok(json_obj(shown, "disclosure") == NULL && found_in(&sc.host, TARGET, "rejected", "reason", "the member is a minor") == 1,
	    "who receives it refuses it, too");
	scene_end(&sc);
}

/* All else goes by the newer word. */
static void
test_language(void)
{
	autojson json_t *found = NULL;

	scene_begin(&sc, 64, STORY_REFER);
	answer("language", json_pack("{s:s, s:s}", "referral", sc.s.id, "language", "es"));
	found = match();
	is_str(json_string_value(json_array_get(json_arr(json_array_get(json_arr(found, "excluded"), 0), "why"), 0)),
	    "language: does not speak es", "whoever speaks the language of the request, and not that of the answer, is not proposed");
	scene_end(&sc);
}

/* Said to be an adult after all: who of the two is right, nobody here knows. */
static void
test_said_both(void)
{
	scene_begin(&sc, 62, STORY_REFER);
	says("13_17");
	says("18_25");
	target("answer", "decision", json_string("accept"));
	is_minors("a minor once");
	scene_end(&sc);
}

/* The member left before the answer came: it does not count, and what it said of their age is known all the same. */
static void
test_overtaken(void)
{
	struct host *h = &sc.host;
	autojson json_t *shown = NULL;
	int refusals = 0;

	scene_begin(&sc, 63, STORY_REFER);
	target("ask", "asks", json_pack("[s]", "age_band"));
	hs_script(h->hs, &(struct hs_script){ .request = story_refuse_sends, .cookie = &refusals });
	json_decref(host_ok(h, SOURCE, "inform", inform("13_17")));
	json_decref(host_ok(h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", sc.s.id, "by_member", 1)));
	hs_script(h->hs, NULL);
	host_run(h, 900 * 1000);
	json_decref(host_ok(h, SOURCE, "reopen", json_pack("{s:s, s:b}", "referral", sc.s.id, "by_member", 1)));
	host_run(h, 20000);
	shown = refer_show(h, SOURCE, &sc.s);
	is_int(refer_count(shown, "give_info"), 0, "an answer was overtaken by the member's leaving");
	target("answer", "decision", json_string("accept"));
	is_minors("a minor by an answer that does not count");
	scene_end(&sc);
}

/* What the court may hear the member signs at the target, which judges as whoever takes a consent: who signs, and under which law. */
static void
test_court(void)
{
	struct host *h = &sc.host;
	json_t *args, *form;
	autojson json_t *sent = NULL, *alone = NULL, *other = NULL, *unrecorded = NULL, *taken = NULL;

	scene_begin(&sc, 65, STORY_REFER);
	args = refer_args(h, &sc.s, STORY_REFER);
	(void)json_object_set_new(args, "age_band", json_string("13_17"));
	(void)json_object_set_new(args, "origin", json_string("court"));
	(void)json_object_set_new(args, "voluntary", json_true());
	sent = host_ok(h, SOURCE, "refer", args);
	(void)snprintf(sc.s.id, sizeof(sc.s.id), "%s", json_str(sent, "referral"));
	host_run(h, 20000);
	target("answer", "decision", json_string("accept"));
	form = host_ok(h, TARGET, "consent", json_pack("{s:s, s:b}", "referral", sc.s.id, "template", 1));
	is_str(json_str(json_obj(form, "consent"), "law"), "us-part2", "the form for a court is under the law of who takes it");
	(void)json_object_set_new(form, "referral", json_string(sc.s.id));
	(void)json_object_update_new(json_obj(form, "consent"), json_pack("{s:s, s:{s:i, s:s}, s:{s:s, s:s, s:s}, s:s, s:s}", "patient", "Jo", "minor", "age",
	    15, "jurisdiction", "US-NJ", "signature", "how", "electronic", "signer", "Jo", "authority", "self", "redisclosure", "-", "refusal", "-"));
	(void)json_object_del(json_obj(form, "consent"), "cosignature");
	alone = host_command(h, TARGET, "consent", json_deep_copy(form));
	ok(refused(alone, "both the minor and a parent"), "a minor alone does not sign it");
	json_decref(host_ok(h, TARGET, "import_minors", json_pack("{s:{s:s, s:s, s:[{s:s, s:s, s:i}]}}", "document", "by", "Board",
	    "reviewed", "2026-11-01", "minors", "jurisdiction", "US-NJ", "condition", "any", "alone_from", 13)));
	(void)json_object_set_new(json_obj(form, "consent"), "law", json_string("us-hipaa"));
	other = host_command(h, TARGET, "consent", json_deep_copy(form));
	ok(refused(other, "law must be us-part2"), "nor anybody under another law");
	(void)json_object_set_new(json_obj(form, "consent"), "law", json_string("us-part2"));
	unrecorded = host_command(h, TARGET, "consent", json_deep_copy(form));
	ok(refused(unrecorded, "element 8 (signature): recorded_by names nobody of the staff"), "somebody writes down what is signed electronically, too");
	(void)json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "recorded_by", json_string("K. Lind"));
	taken = host_command(h, TARGET, "consent", form);
	ok(json_is_true(json_object_get(taken, "ok")), "but where the target's table lets them");
	scene_end(&sc);
}

int
main(void)
{
	test_told_later();
	test_language();
	test_said_both();
	test_overtaken();
	test_court();
	return done_testing();
}
