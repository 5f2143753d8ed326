/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A referral through bad weather: lost requests, lost answers, errors of
 * proxies, limits, slow federation, a day's outage, a server that lets a stranger into
 * the channel, one that revokes a token, and one that refuses keys.  HS_SEED asks for one storm only.
 */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

#define HOUR	(3600 * 1000LL)
#define STRANGER "@eve:evil.example"

struct weather {
	uint64_t	 x;		/* Of the generator; never 0. */
	int		 trouble;	/* Requests of 100 that meet some. */
	int64_t		 slow;		/* Federation takes up to so long. */
	bool		 lose;		/* Answers to the source's events are lost ... */
	bool		 out;		/* ... or nothing of it arrives. */
	bool		 deaf;		/* Messages to devices are refused. */
	bool		 swallow;	/* The source's next message to devices is taken and lost. */
	int		 met;
};

static uint64_t
next(struct weather *w)
{
	w->x ^= w->x << 13;
	w->x ^= w->x >> 7;
	w->x ^= w->x << 17;
	return w->x;
}

static enum hs_fate
trouble(struct weather *w, int *ret_status, json_t **ret_body)
{
	w->met++;
	switch (next(w) % 4) {
	case 0:
		return HS_LOSE;
	case 1:
		return HS_DROP;
	case 2:
		*ret_status = 502;
		*ret_body = json_object();
		return HS_SAY;
	default:
		*ret_status = 429;
		*ret_body = json_pack("{s:s, s:s, s:i}", "errcode", "M_LIMIT_EXCEEDED", "error",
		    "Too Many Requests", "retry_after_ms", 1500);
		return HS_SAY;
	}
}

static enum hs_fate
judge(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct weather *w = cookie;
	bool ours = *call->user != '\0' && !strcmp(strchr(call->user, ':'), strchr(SOURCE_USER, ':'));

	if (w->out && ours)
		return HS_DROP;
	if (w->deaf && strstr(call->path, "/sendToDevice/") != NULL) {
		w->met++;
		*ret_status = 400;
		*ret_body = json_pack("{s:s, s:s}", "errcode", "M_UNKNOWN", "error", "Something went wrong");
		return HS_SAY;
	}
	if (w->swallow && ours && strstr(call->path, "/sendToDevice/") != NULL) {
		w->swallow = false;
		w->met++;
		*ret_status = 200;
		*ret_body = json_object();
		return HS_SAY;
	}
	if (w->lose && ours && !strcmp(call->method, "PUT") && strstr(call->path, "/send/") != NULL) {
		w->out = true;
		return HS_LOSE;
	}
	return (int)(next(w) % 100) < w->trouble ? trouble(w, ret_status, ret_body) : HS_SERVE;
}

static int64_t
delay(void *cookie, const char *from, const char *to)
{
	struct weather *w = cookie;

	(void)from, (void)to;
	return w->slow > 0 ? (int64_t)(next(w) % (uint64_t)w->slow) : 0;
}

static void
set(struct host *h, struct weather *w)
{
	hs_script(h->hs, &(struct hs_script){ .request = judge, .delay = delay, .cookie = w });
}

static void
begin(struct host *h, uint64_t seed, struct referral_story *s)
{
	story_begin(h, seed);
	story_trust(h);
	story_publish(h);
	refer_begin(h, s);
}

static void
test_storm(uint64_t seed)
{
	struct host h;
	struct referral_story s;
	struct weather w = { .x = seed * 0x9E3779B97F4A7C15, .trouble = 40, .slow = 4000 };
	bool through;

	begin(&h, seed, &s);
	set(&h, &w);
	through = refer_all(&h, &s);
	hs_script(h.hs, NULL);
	host_run(&h, HOUR);
	ok(through && w.met > 4, "storm %llu: through, with %d troubles", (unsigned long long)seed, w.met);
	is_str(refer_verdict(&h, &s), NULL, "storm %llu: exactly once", (unsigned long long)seed);
	host_end(&h);
}

/* Encrypted events of ${user} in the first room of that type, and the last two ciphertexts. */
static int
said_in(const struct host *h, const char *type, const char *user, const char **ret_last, const char **ret_before)
{
	const json_t *event;
	size_t i;
	int n = 0;

	*ret_last = *ret_before = "";
	json_array_foreach(hs_events(h->hs, hs_room(h->hs, type, 0)), i, event)
		if (!strcmp(json_str(event, "sender"), user) && !strcmp(json_str(event, "type"), "m.room.encrypted")) {
			*ret_before = *ret_last;
			*ret_last = json_str(json_obj(event, "content"), "ciphertext");
			n++;
		}
	return n;
}

static int
said(const struct host *h, const char *user)
{
	const char *last, *before;

	return said_in(h, "org.cairnpeer.channel", user, &last, &before);
}

/*
 * The server took the event, but its answer was lost, and then it was out of
 * reach for more than a day: it has forgotten the transaction id.
 */
static void
test_outage(void)
{
	struct host h;
	struct referral_story s;
	struct weather w = { .x = 1, .lose = true };

	begin(&h, 11, &s);
	set(&h, &w);
	json_decref(host_ok(&h, SOURCE, "refer", refer_args(&h, &s, STORY_REFER)));
	host_run(&h, 60000);
	host_stop(&h, TARGET);		/* It only saves time. */
	host_run(&h, 25 * HOUR);
	host_start(&h, TARGET);
	hs_forget(h.hs);
	hs_script(h.hs, NULL);
	host_run(&h, HOUR / 2);
	ok(w.out && said(&h, SOURCE_USER) > 1, "an event whose answer was lost, then a day without the server: "
	    "it was said again");
	is_int((int)story_count(&h, TARGET, "referrals"), 1, "the request arrived, and counts once");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "nothing waits, nothing was rejected");
	ok(story_complaints(&h) == 0, "no key was used twice");
	host_end(&h);
}

/* The same of a message to a person, which nothing repeats but that: it is another ciphertext. */
static void
test_outage_word(void)
{
	autojson json_t *seen = json_object();
	struct host h;
	struct weather w = { .x = 1 };
	const char *last, *before;
	int n;

	story_begin(&h, 15);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Hello.")));
	host_run(&h, 60000);
	n = said_in(&h, NULL, SOURCE_USER, &last, &before);
	w.lose = true;
	set(&h, &w);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Good night.")));
	host_run(&h, 60000);
	host_stop(&h, TARGET);		/* It only saves time. */
	host_run(&h, 25 * HOUR);
	host_start(&h, TARGET);
	hs_forget(h.hs);
	hs_script(h.hs, NULL);
	host_run(&h, HOUR / 2);
	/* What it says by itself to the other's answer, a day later, is one more. */
	is_int(said_in(&h, NULL, SOURCE_USER, &last, &before) - n, 2 + (int)acknowledged(&h, SOURCE, seen), "a message whose answer was lost goes again after a day");
	ok(strcmp(last, before) != 0, "and is not the same ciphertext, which readers would take for a replay");
	ok(story_said(&h, TARGET, "in", "Good night.") >= 1 && story_clean(&h, TARGET), "it is read, and nothing is rejected");
	is_int((int)story_count(&h, SOURCE, "outbox"), 0, "nothing is left to be sent");
	ok(story_complaints(&h) == 0, "no key was used twice");
	host_end(&h);
}

/* The server took the key of what follows, and lost it: what is not acknowledged goes again with another key. */
static void
test_lost_key(void)
{
	struct host h;
	struct weather w = { .x = 1, .swallow = true };
	autojson json_t *target = NULL, *records = NULL, *found = NULL;

	story_begin(&h, 16);
	story_trust(&h);
	set(&h, &w);
	target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	records = story_records(*h.now);
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	json_decref(host_ok(&h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	host_run(&h, 30000);
	found = host_ok(&h, SOURCE, "find", json_object());
	ok(w.met == 1 && json_array_size(json_arr(found, "records")) == 0 && story_count(&h, TARGET, "waiting") == 1,
	    "a word to a partner whose room key is lost on its way cannot be read");
	host_run(&h, 90000);
	json_decref(found);
	found = host_ok(&h, SOURCE, "find", json_object());
	ok(json_array_size(json_arr(found, "records")) > 0, "said again after a minute, under another key, it is");
	host_end(&h);
}

/* What was sent to devices of ${user}. */
static int
sent_to(const struct host *h, const char *user)
{
	const json_t *call;
	size_t i;
	int n = 0;

	json_array_foreach(hs_log(h->hs), i, call)
		n += strstr(json_str(call, "path"), "/sendToDevice/") != NULL &&
		    json_object_get(json_obj(json_obj(call, "body"), "messages"), user) != NULL;
	return n;
}

static void
test_stranger(void)
{
	struct host h;
	struct referral_story s;
	autojson json_t *joined = json_pack("{s:s}", "membership", "join");

	begin(&h, 12, &s);
	(void)ok(refer_step(&h, &s, STORY_REFER), "a referral on its way");
	hs_add_user(h.hs, STRANGER, "x");
	hs_inject(h.hs, hs_room(h.hs, "org.cairnpeer.channel", 0), STRANGER, "m.room.member", STRANGER, joined);
	host_run(&h, 10000);
	for (enum story_step step = STORY_ACCEPT; step < STORY_STEPS; step++)
		(void)refer_step(&h, &s, step);
	is_str(refer_verdict(&h, &s), NULL, "a stranger in the channel disturbs nothing");
	ok(sent_to(&h, TARGET_USER) > 0 && sent_to(&h, STRANGER) == 0, "and gets no key");
	host_end(&h);
}

/* A server that refuses what cannot be refused is asked again, but not in a hurry. */
static void
test_refusing(void)
{
	struct host h;
	struct weather w = { .x = 1, .deaf = true };

	story_begin(&h, 14);
	set(&h, &w);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Hello.")));
	host_run(&h, HOUR / 2);
	ok(w.met > 0 && w.met < 50, "half an hour of refused keys: %d requests", w.met);
	hs_script(h.hs, NULL);
	host_run(&h, HOUR / 2);
	is_int(story_said(&h, TARGET, "in", "Hello."), 1, "then the message arrives, once");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "and all is well");
	host_end(&h);
}

/* An administrator ends the node's login: nothing that waits may be lost with it. */
static void
test_revoked(void)
{
	struct host h;
	struct referral_story s;

	begin(&h, 13, &s);
	(void)ok(refer_step(&h, &s, STORY_REFER), "a referral under way when the target's token is revoked");
	hs_revoke(h.hs, TARGET_USER);
	json_decref(host_ok(&h, TARGET, "answer", refer_args(&h, &s, STORY_ACCEPT)));
	json_decref(host_ok(&h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", "Soon.")));
	host_run(&h, HOUR / 4);
	ok(!refer_state(&h, SOURCE, &s, "accepted"), "nothing gets out");
	json_decref(host_ok(&h, TARGET, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password")));
	host_run(&h, HOUR);
	ok(refer_state(&h, SOURCE, &s, "accepted"), "set up again, the answer gets through");
	is_int(story_said(&h, SOURCE, "in", "Soon."), 1, "and so does what was said meanwhile");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "all is well");
	host_end(&h);
}

int
main(void)
{
	const char *seed = getenv("HS_SEED");

	if (seed != NULL) {
		test_storm(strtoull(seed, NULL, 10));
		return done_testing();
	}
	for (uint64_t i = 1; i <= 4; i++)
		test_storm(i);
	test_outage();
	test_outage_word();
	test_lost_key();
	test_stranger();
	test_revoked();
	test_refusing();
	return done_testing();
}
