/* SPDX-License-Identifier: Apache-2.0 */
/* The words that a partner's own software puts beside a content: they may name somebody, and are neither kept nor shown. */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "hs_world.h"
#include "scene.h"
#include "tests/tap.h"

#define WORDS	"Jo Smith, +1 973 555 0142"

/* ${content} as another one, with those words. */
static json_t *
say(struct scene *sc, json_t *content, const char *referral)
{
	char id[48];

	(void)snprintf(id, sizeof(id), "G817PTM282CKXPPC430W6Z%04d", ++sc->said);
	(void)json_object_set_new(content, "v", json_integer(1));
	(void)json_object_set_new(content, "id", json_string(id));
	(void)json_object_set_new(content, "seq", json_integer(1000 + sc->said));
	(void)json_object_set_new(content, "referral", json_string(referral));
	(void)json_object_set_new(content, "body", json_string(WORDS));
	(void)json_object_set_new(content, "sent_at", json_integer(*sc->host.now));
	return content;
}

static bool
shows(struct host *h, size_t i, const char *id, const char *words)
{
	autojson json_t *shown = host_ok(h, i, "show", json_pack("{s:s}", "id", id));
	autofree char *text = json_dumps(shown, JSON_COMPACT);

	return text != NULL && strstr(text, words) != NULL;
}

static void
test_words(struct scene *sc)
{
	static const char other[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45T1";
	struct host *h = &sc->host;
	autojson json_t *shown = refer_show(h, TARGET, &sc->s);
	json_t *answer = say(sc, json_pack("{s:s}", "decision", "accept"), sc->s.id);

	(void)json_object_set(answer, "prev", json_object_get(shown, "last_step"));
	(void)json_object_set_new(answer, "leg", json_integer(1));
	hostile_say(h, SOURCE, sc->channel, "org.cairnpeer.referral.request", say(sc, json_deep_copy(json_obj(shown, "request")), other));
	ok(shows(h, TARGET, other, "Somebody asks for peer support. Need: substance_use."), "a request is taken, and said in our own words");
	ok(!shows(h, TARGET, other, WORDS), "not in the partner's");
	hostile_say(h, TARGET, sc->channel, "org.cairnpeer.referral.answer", answer);
	ok(refer_state(h, SOURCE, &sc->s, "accepted"), "an answer is taken");
	ok(!shows(h, SOURCE, sc->s.id, WORDS), "and its words are not shown");
}

static void
test_disclosure(struct scene *sc)
{
	struct host *h = &sc->host;
	autojson json_t *shown = NULL;

	shown = refer_show(h, TARGET, &sc->s);
	ok(json_obj(shown, "disclosure") != NULL && json_object_get(json_obj(shown, "disclosure"), "body") == NULL,
	    "who the member is is shown, without what their software said of it");
}

/* What was refused is listed with whose it was, and what. */
static void
test_refused(struct scene *sc)
{
	struct host *h = &sc->host;
	json_t *answer = say(sc, json_pack("{s:s, s:s, s:i}", "decision", "accept", "prev", sc->s.id, "leg", 1), "6Q9ACKRYS2BJ6ZB7GDS3MB45T2");
	autojson json_t *node = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));

	hostile_say(h, TARGET, sc->channel, "org.cairnpeer.referral.answer", answer);
	is_int((int)found_in(h, SOURCE, "rejected", "reason", "referral.answer of "), 1, "what was refused is named");
	is_int((int)found_in(h, SOURCE, "rejected", "reason", json_str(node, "org")), 1, "and whose it is");
}

/* Whoever refers to a partner that is not followed is told so. */
static void
test_not_followed(void)
{
	struct host h;
	autojson json_t *reply = NULL, *node = NULL;
	autofree char *text = NULL;

	story_begin(&h, 42);
	story_trust(&h);
	node = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	reply = host_command(&h, SOURCE, "refer", json_pack("{s:s, s:O, s:s, s:s, s:s, s:s, s:s}", "to", "6Q9ACKRYS2BJ6ZB7GDS3MB45T3", "org",
	    json_object_get(node, "org"), "need", "substance_use", "language", "en", "modality", "online_text", "urgency", "soon", "age_band", "26_59"));
	text = json_dumps(reply, JSON_COMPACT);
	ok(text != NULL && strstr(text, "cairn follow ") != NULL && strstr(strstr(text, "cairn follow "), json_str(node, "org")) != NULL,
	    "a referral to somebody of a partner who is not followed says how to follow: %s", text != NULL ? text : "");
	host_end(&h);
}

int
main(void)
{
	struct scene sc;

	scene_begin(&sc, 41, STORY_REFER);
	test_words(&sc);
	test_refused(&sc);
	host_end(&sc.host);
	scene_begin(&sc, 43, STORY_CONSENT);
	test_disclosure(&sc);
	host_end(&sc.host);
	test_not_followed();
	return done_testing();
}
