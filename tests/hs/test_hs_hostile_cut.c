/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three answers as the homeservers give them, a /sync, a /keys/query and a
 * /keys/claim, each cut off after each of its bytes and passed on as if it were
 * whole: nothing of it counts, and the whole answer afterwards does all.
 */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story.h"
#include "tamper.h"
#include "tests/tap.h"

enum { WAIT_MS = 400 * 1000 /* Longer than any wait of ours. */, TRIES = 40 };

struct cut {
	char	*text;		/* The whole answer. */
	size_t	 len, at;
	bool	 ready;		/* What is to be cut is all there: a sync. */
};

static char *
hold(struct tamper *t, const json_t *truth)
{
	struct cut *cut = t->cookie;

	cut->ready |= json_array_size(json_arr(json_obj(truth, "to_device"), "events")) > 0;
	t->status = 502;
	return cut->ready ? strdup("{}") : NULL;
}

static char *
cut_off(struct tamper *t, const json_t *truth)
{
	struct cut *cut = t->cookie;

	(void)truth;
	t->status = 200;
	return strndup(cut->text, cut->at);
}

/* A /sync that has a bit of all: a room key, changed devices, an encrypted message. */
static void
prepare_sync(struct host *h)
{
	struct client source, target;
	autofree char *path = NULL, *room = NULL;

	json_decref(host_ok(h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Hello.")));
	for (int i = 0; i < 10; i++)
		tamper_wait(h, 5000);
	client_as(&source, h, SOURCE, "node");
	client_as(&target, h, TARGET, "node");
	room = client_invite(&source, NULL, TARGET_USER, false);
	if (asprintf(&path, "join/%s?via=opendoor.example", room) < 0)
		abort();
	json_decref(client_call(&target, "POST", path, json_object()));
	tamper_wait(h, WAIT_MS);
	host_stop(h, TARGET);		/* It only saves time. */
}

static bool
has_encrypted(const json_t *truth)
{
	const char *id;
	json_t *room;
	const json_t *event;
	size_t i;

	json_object_foreach(json_obj(json_obj(truth, "rooms"), "join"), id, room)
		json_array_foreach(json_arr(json_obj(room, "timeline"), "events"), i, event)
			if (!strcmp(json_str(event, "type"), "m.room.encrypted"))
				return true;
	return false;
}

/* What the source has sent to such a path. */
static size_t
sent_by(const struct host *h, const char *part)
{
	const json_t *call;
	size_t i, n = 0;

	json_array_foreach(hs_log(h->hs), i, call)
		n += !strcmp(json_str(call, "user"), SOURCE_USER) && strstr(json_str(call, "path"), part) != NULL;
	return n;
}

static void
test_sync(void)
{
	struct host h;
	struct cut cut = { 0 };
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/sync?", .alter = hold, .cookie = &cut };
	int64_t before;
	char first[64], since[64], greeting[64];
	size_t same = 0, asked = 0, changed = 0, clocks;
	unsigned starts;

	story_begin(&h, 83);
	tamper_set(&t);
	prepare_sync(&h);
	ok(cut.ready && json_array_size(json_arr(json_obj(t.truth, "device_lists"), "changed")) > 0 &&
	    has_encrypted(t.truth), "a sync with to-device messages, device lists and an encrypted timeline");
	cut.text = json_dumps(t.truth, JSON_COMPACT);
	cut.len = strlen(cut.text);
	tamper_since(&t, first, sizeof(first));
	starts = h.node[SOURCE].starts;
	t.alter = cut_off;
	for (cut.at = 0; cut.at < cut.len; cut.at++) {
		int met = t.met;

		clocks = sent_by(&h, "/keys/upload") + sent_by(&h, "/members");
		before = tamper_written(&h, SOURCE);
		tamper_wait(&h, WAIT_MS);
		/* Once a week there is a new fallback key, and after an hour it asks whether the target, to whom it has something to say, is in the room. */
		changed += before != tamper_written(&h, SOURCE) && clocks == sent_by(&h, "/keys/upload") + sent_by(&h, "/members");
		tamper_since(&t, since, sizeof(since));
		asked += t.met == met + 1;
		same += !strcmp(first, since);
	}
	ok(asked == cut.len && same == cut.len, "cut at each of its %zu bytes: asked for again each time (%zu), "
	    "from the same token (%zu)", cut.len, asked, same);
	ok(changed == 0, "not one byte of the database has changed");
	ok(h.node[SOURCE].starts == starts, "the node lives");
	t.alter = NULL;
	host_start(&h, TARGET);
	tamper_wait(&h, WAIT_MS);
	tamper_end(&t);
	host_run(&h, 60 * 1000);
	(void)snprintf(greeting, sizeof(greeting), "Thank you for writing to %s", h.node[TARGET].name);
	is_int((int)found_in(&h, SOURCE, "messages", "body", greeting), 1, "the whole answer: the message is there, once");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "and all is well");
	free(cut.text);
	host_end(&h);
}

/* One-time keys are given once: the first answer is the one that is cut, again and again. */
static char *
cut_keys(struct tamper *t, const json_t *truth)
{
	struct cut *cut = t->cookie;

	if (cut->text == NULL) {
		cut->text = json_dumps(truth, JSON_COMPACT);
		cut->len = strlen(cut->text);
		t->unserved = true;
		return strdup("");
	}
	return strndup(cut->text, ++cut->at);
}

/* Up to the last byte but one; what follows gets the whole answer. */
static void
test_keys(struct host *h, const char *part, const char *next, char **ret_whole)
{
	struct cut cut = { 0 };
	struct tamper t = { .host = h, .who = SOURCE, .part = part, .alter = cut_keys, .cookie = &cut };
	int64_t wait;

	tamper_set(&t);
	for (int met = 0, tries = 0; tries < TRIES && (cut.text == NULL || cut.at < cut.len - 1); met = t.met) {
		wait = h->node[SOURCE].next - *h->now;
		tamper_wait(h, wait > 0 && wait < WAIT_MS ? wait : WAIT_MS);
		tries = t.met > met ? 0 : tries + 1;
	}
	ok(cut.len > 0 && cut.at == cut.len - 1 && t.met >= (int)cut.len,
	    "%s cut at each of its %zu bytes: asked for again each time (%d)", part, cut.len, t.met);
	ok(sent_by(h, next) == 0, "and nothing came of it");
	tamper_end(&t);
	*ret_whole = cut.text;
}

static char *
whole(struct tamper *t, const json_t *truth)
{
	const char *text = t->cookie;

	(void)truth;
	return strdup(text);
}

static void
test_first_words(void)
{
	struct host h;
	autofree char *query = NULL, *claim = NULL;
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/keys/claim", .alter = whole, .unserved = true };

	story_begin(&h, 84);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Hello.")));
	test_keys(&h, "/keys/query", "/keys/claim", &query);
	test_keys(&h, "/keys/claim", "/send/", &claim);
	t.cookie = claim;
	tamper_set(&t);
	for (int i = 0; i < 200; i++)
		tamper_wait(&h, WAIT_MS);
	tamper_end(&t);
	is_int((int)found_in(&h, TARGET, "messages", "body", "Hello."), 1, "the whole answers: the message arrives, once");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "and all is well");
	host_end(&h);
}

int
main(void)
{
	test_sync();
	test_first_words();
	return done_testing();
}
