/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of the state directory is put back after the node has run on, or runs beside it: it is
 * noticed before anything leaves, no ratchet position or one-time key is used again (which the
 * homeservers of hs complain about), and a new device, signed from the recovery file, goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/canon.h"
#include "hostile.h"
#include "story_refer.h"
#include "tap.h"

#define RECOVERY	"recovery.txt"

static int
count_sent(const struct host *h, const char *what)
{
	const json_t *call;
	size_t i;
	int n = 0;

	json_array_foreach(hs_log(h->hs), i, call)
		n += !strcmp(json_str(call, "user"), SOURCE_USER) && strcmp(json_str(call, "method"), "GET") != 0 &&
		    strstr(json_str(call, "path"), what) != NULL;
	return n;
}

static void
path_of(const struct host *h, size_t i, const char *suffix, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/%s%s", h->dir, h->node[i].name, suffix) >= PATH_MAX)
		abort();
}

/* A copy of its state directory, as it is now; between two inputs a running node's is whole. */
static void
copy(struct host *h, size_t i)
{
	char from[PATH_MAX], to[PATH_MAX];

	path_of(h, i, "", from);
	path_of(h, i, ".copy", to);
	host_remove_dir(to);
	host_copy_dir(from, to);
}

static void
put_back(struct host *h, size_t i)
{
	char dir[PATH_MAX], kept[PATH_MAX];

	host_kill(h, i);
	path_of(h, i, "", dir);
	path_of(h, i, ".copy", kept);
	host_remove_dir(dir);
	host_copy_dir(kept, dir);
	host_start(h, i);
}

static void
move(struct host *h, const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];

	path_of(h, SOURCE, from, a);
	path_of(h, SOURCE, to, b);
	if (rename(a, b) != 0)
		host_fail(h, "%s cannot be moved", from);
}

/* What doctor says of the database: is it the newest? */
static bool
newest(struct host *h, size_t i)
{
	autojson json_t *result = host_ok(h, i, "doctor", json_object());
	const json_t *check;
	size_t k;

	json_array_foreach(json_arr(result, "checks"), k, check)
		if (!strcmp(json_str(check, "name"), "epoch"))
			return json_is_true(json_object_get(check, "ok"));
	host_fail(h, "doctor says nothing of the epoch");
}

static json_t *
set_up_again(struct host *h, size_t i)
{
	json_t *reply = host_command(h, i, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password"));

	host_run(h, 10000);
	return reply;
}

static bool
is_done(struct host *h, size_t i)
{
	autojson json_t *status = host_ok(h, i, "status", json_object());
	const char *stage = json_str(status, "setup");

	return stage != NULL && !strcmp(stage, "done");
}

static void
say(struct host *h, const char *text)
{
	json_decref(host_ok(h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", text)));
}

static void
begin(struct host *h, struct referral_story *s, uint64_t seed)
{
	story_begin(h, seed);
	story_trust(h);
	story_publish(h);
	refer_begin(h, s);
	say(h, "Hello.");
	if (!refer_step(h, s, STORY_REFER) || !refer_step(h, s, STORY_ACCEPT))
		host_fail(h, "the referral did not come about");
	is_int(story_complaints(h), 0, "a referral on its way");
}

/* A whole referral, told from its beginning. */
static bool
another(struct host *h)
{
	struct referral_story s;

	refer_begin(h, &s);
	return refer_all(h, &s);
}

/* The source's one device, as the homeserver lists it, or "": the caller frees. */
static char *
device(struct host *h)
{
	struct client c;
	autojson json_t *answer = NULL;
	json_t *all;

	client_as(&c, h, TARGET, "node");
	answer = client_call(&c, "POST", "keys/query", json_pack("{s:{s:[]}}", "device_keys", SOURCE_USER));
	all = json_obj(json_obj(answer, "device_keys"), SOURCE_USER);
	return strdup(json_object_size(all) == 1 ? json_object_iter_key(json_object_iter(all)) : "");
}

/* A new device is made, and all goes on; ${left} words are for somebody who is not there. */
static void
test_goes_on(struct host *h, size_t left)
{
	autofree char *before = device(h), *after = NULL;
	autojson json_t *reply = NULL, *done = NULL;

	move(h, "/" RECOVERY, "." RECOVERY);
	reply = set_up_again(h, SOURCE);
	ok(refused(reply, "recovery file"), "without the recovery file there is no new device");
	ok(!newest(h, SOURCE), "and nothing has changed");
	move(h, "." RECOVERY, "/" RECOVERY);
	done = set_up_again(h, SOURCE);
	ok(json_is_true(json_object_get(done, "ok")) && is_done(h, SOURCE) && newest(h, SOURCE), "with it setup is done");
	after = device(h);
	ok(*after != '\0' && strcmp(before, after) != 0, "there is another device, and no longer the old one");
	host_run(h, 60000);
	ok(another(h), "another referral goes all the way");
	is_int(story_complaints(h), 0, "and no position or key was used again");
	is_int(story_count(h, SOURCE, "outbox"), left, "nothing is left to be sent that could be");
}

/* The homeserver takes no mark. */
static enum hs_fate
no_mark(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	(void)cookie, (void)ret_status, (void)ret_body;
	return strstr(call->path, "/account_data/") != NULL ? HS_DROP : HS_SERVE;
}

/* Nor an event of the source. */
static enum hs_fate
nothing(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	if (!strcmp(call->user, SOURCE_USER) && strstr(call->path, "/send/") != NULL)
		return HS_DROP;
	return no_mark(cookie, call, ret_status, ret_body);
}

/* Nor does it show the source what there was before. */
static enum hs_fate
no_past(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	(void)cookie, (void)ret_status, (void)ret_body;
	return !strcmp(call->user, SOURCE_USER) && strstr(call->path, "/messages?") != NULL ? HS_DROP : HS_SERVE;
}

/* Of each timeline only what others said last. */
static void
hide_own(void *cookie, const char *user, json_t *answer)
{
	const char *id;
	json_t *room;

	(void)cookie;
	if (strcmp(user, SOURCE_USER) != 0)
		return;
	json_object_foreach(json_obj(json_obj(answer, "rooms"), "join"), id, room) {
		json_t *timeline = json_obj(room, "timeline"), *events = json_arr(timeline, "events");

		for (size_t i = json_array_size(events); i-- > 0;)
			if (!strcmp(json_str(json_array_get(events, i), "sender"), SOURCE_USER))
				(void)json_array_remove(events, i);
		(void)json_object_set_new(timeline, "limited", json_true());
		(void)json_object_set(timeline, "prev_batch", json_object_get(answer, "next_batch"));
	}
}

/* What was encrypted in the copy and sent after it was made, and what was only asked for. */
static void
test_cold(void)
{
	struct host h;
	struct referral_story s;
	struct client member;
	autojson json_t *reply = NULL, *publish = NULL;
	autofree char *room = NULL, *old = NULL;
	size_t queued;
	int before;

	begin(&h, &s, 7001);
	hs_script(h.hs, &(struct hs_script){ .request = nothing });
	old = device(&h);
	json_decref(host_ok(&h, SOURCE, "consent", refer_args(&h, &s, STORY_CONSENT)));
	say(&h, "Said before the copy, not sent yet.");
	host_run(&h, 5000);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", "@steward:harbor.example", "text", "Hello.")));
	host_kill(&h, SOURCE);
	copy(&h, SOURCE);
	hs_script(h.hs, NULL);
	host_start(&h, SOURCE);
	host_run(&h, 10000);
	say(&h, "Said after the copy.");
	host_run(&h, 10000);
	ok(story_said(&h, TARGET, "in", "Said after the copy.") == 1 && count_sent(&h, "/createRoom") > 0,
	    "the node goes on after a copy was made");
	before = count_sent(&h, "");
	put_back(&h, SOURCE);
	host_run(&h, 120000);
	is_int(count_sent(&h, ""), before, "put back, the copy sends nothing");
	ok(!newest(&h, SOURCE) && logged(&h, SOURCE, "not the newest"), "doctor and log say why");
	reply = host_command(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Hello?"));
	publish = host_command(&h, SOURCE, "publish", json_object());
	ok(refused(reply, "not the newest") && refused(publish, "not the newest"), "what would act on others is refused");
	client_login(&member, &h, "@jo:opendoor.example");
	room = client_invite(&member, NULL, SOURCE_USER, true);
	queued = story_count(&h, SOURCE, "outbox");
	json_decref(client_call(&member, "POST", "keys/claim", json_pack("{s:{s:{s:s}}}", "one_time_keys", SOURCE_USER, old,
	    "signed_curve25519")));
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	host_run(&h, 120000);
	ok(count_sent(&h, "") == before && !newest(&h, SOURCE), "a start later it is the same");
	is_int(story_count(&h, SOURCE, "outbox"), queued + 1, "no keys are made: only the invitation is to be followed");
	test_goes_on(&h, 1);
	ok(refer_step(&h, &s, STORY_CONTACT) && refer_step(&h, &s, STORY_CLOSE), "and so does the one that was on its way");
	ok(story_clean(&h, TARGET), "the partner had nothing to reject");
	is_str(member_of(&h, room, SOURCE_USER), "join", "a member who invited it meanwhile is answered now");
	is_int(story_said(&h, TARGET, "in", "Said before the copy, not sent yet."), 1, "what was said to a person is not said again");
	is_int(story_said(&h, TARGET, "in", "Said after the copy."), 1, "what the copy does not know was said once");
	host_close(&h);
}

/* It was sent after the copy was made, and the partner has not said yet that it arrived. */
static void
test_unacknowledged(void)
{
	struct host h;
	struct referral_story s;

	begin(&h, &s, 7006);
	hs_script(h.hs, &(struct hs_script){ .request = nothing });
	json_decref(host_ok(&h, SOURCE, "consent", refer_args(&h, &s, STORY_CONSENT)));
	host_run(&h, 5000);
	host_kill(&h, SOURCE);
	copy(&h, SOURCE);
	host_kill(&h, TARGET);
	hs_script(h.hs, NULL);
	host_start(&h, SOURCE);
	host_run(&h, 10000);
	put_back(&h, SOURCE);
	host_run(&h, 10000);
	json_decref(set_up_again(&h, SOURCE));
	ok(is_done(&h, SOURCE), "a copy of which the partner does not know all has a new device");
	host_start(&h, TARGET);
	host_run(&h, 120000);
	ok(refer_step(&h, &s, STORY_CONTACT) && refer_step(&h, &s, STORY_CLOSE), "what both sent of it counts once");
	ok(story_clean(&h, TARGET) && story_complaints(&h) == 0, "and is no replay");
	host_close(&h);
}

/* The directory's owner: its records are issued again, higher than what followers hold. */
static void
test_directory(void)
{
	struct host h;
	autojson json_t *early = NULL, *done = NULL, *found = NULL, *again = NULL, *changed = NULL;
	json_t *body;

	story_begin(&h, 7002);
	story_trust(&h);
	story_publish(&h);
	copy(&h, TARGET);
	changed = story_records(*h.now);
	body = json_obj(json_array_get(changed, 1), "body");
	(void)json_object_set_new(json_obj(body, "capacity"), "open", json_integer(9));
	hs_script(h.hs, &(struct hs_script){ .request = no_mark });
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", changed)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 30000);
	early = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	is_int(json_int(json_array_get(json_arr(early, "records"), 0), "open", -1), 3, "without a mark no record leaves");
	hs_script(h.hs, NULL);
	host_run(&h, 30000);
	found = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	is_int(json_int(json_array_get(json_arr(found, "records"), 0), "open", -1), 9, "a record is published anew");
	put_back(&h, TARGET);
	host_run(&h, 30000);
	ok(!newest(&h, TARGET), "a copy from before that is recognized");
	done = set_up_again(&h, TARGET);
	ok(is_done(&h, TARGET), "and gets a new device");
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 120000);
	again = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	is_int(json_int(json_array_get(json_arr(again, "records"), 0), "open", -1), 3, "followers take its records, higher than those before");
	ok(story_clean(&h, SOURCE) && story_complaints(&h) == 0, "and find nothing wrong with them");
	host_close(&h);
}

/* What was copied while the node ran, and all that was sent since is one event of a session that was there. */
static void
test_hot(void)
{
	struct host h;
	struct referral_story s;
	int shares, uploads;

	begin(&h, &s, 7003);
	shares = count_sent(&h, "/sendToDevice/");
	uploads = count_sent(&h, "/keys/upload");
	copy(&h, SOURCE);
	say(&h, "One more word.");
	host_run(&h, 5000);
	ok(count_sent(&h, "/sendToDevice/") == shares && count_sent(&h, "/keys/upload") == uploads &&
	    story_said(&h, TARGET, "in", "One more word.") == 1, "one event since the copy, by a session that it has");
	put_back(&h, SOURCE);
	host_run(&h, 60000);
	ok(!newest(&h, SOURCE), "it is recognized");
	is_int(story_complaints(&h), 0, "before a position was used again");
	host_close(&h);
}

/* The same, and the homeserver shows the copy neither that event nor what lies before the next. */
static void
test_hidden(void)
{
	struct host h;
	struct referral_story s;

	begin(&h, &s, 7008);
	copy(&h, SOURCE);
	say(&h, "One more word.");
	host_run(&h, 5000);
	hs_script(h.hs, &(struct hs_script){ .request = no_past, .sync = hide_own });
	put_back(&h, SOURCE);
	host_run(&h, 5000);
	say(&h, "A word of the copy.");
	host_run(&h, 60000);
	is_int(story_said(&h, TARGET, "in", "A word of the copy."), 1, "a copy that cannot know what was sent goes on");
	is_int(story_complaints(&h), 0, "with positions that were never used");
	hs_script(h.hs, NULL);
	host_run(&h, 3600000);
	ok(!newest(&h, SOURCE), "and stops when it is shown");
	host_close(&h);
}

/* Nothing was sent since: the copy is the newest there is. */
static void
test_newest(void)
{
	struct host h;
	struct referral_story s;

	begin(&h, &s, 7004);
	host_run(&h, 60000);
	copy(&h, SOURCE);
	host_run(&h, 3600000);
	put_back(&h, SOURCE);
	host_run(&h, 5000);
	ok(newest(&h, SOURCE), "a copy since which nothing was sent is as good as what it was made of");
	ok(refer_step(&h, &s, STORY_CONSENT) && refer_step(&h, &s, STORY_CONTACT) && refer_step(&h, &s, STORY_CLOSE),
	    "and goes on");
	ok(story_clean(&h, SOURCE) && story_complaints(&h) == 0, "with nothing amiss");
	host_close(&h);
}

/* A disk that lied: the last commits are gone, wherever that happens in a referral. */
static void
test_seconds(void)
{
	int held = 0, whole = 0, complaints = 0, done = 0;

	for (long at = 1; at <= 33; at += 4) {
		struct host h;
		struct referral_story s;

		story_begin(&h, 7100 + (uint64_t)at);
		story_trust(&h);
		story_publish(&h);
		refer_begin(&h, &s);
		host_arm(&h, SOURCE, HOST_FORGOTTEN, at);
		for (enum story_step step = 0; step < STORY_STEPS && !h.node[SOURCE].crashed; step++)
			if (!refer_step(&h, &s, step))
				break;
		host_run(&h, 120000);
		done += h.node[SOURCE].crashed;
		held += !newest(&h, SOURCE);
		whole += newest(&h, SOURCE);
		complaints += (int)story_complaints(&h);
		host_close(&h);
	}
	is_int(complaints, 0, "of %d nodes that lost their last commits none used a position or key again", done);
	ok(done > 5 && held > 0, "%d of them recognized that; %d had sent nothing in them", held, whole);
}

/* A copy that runs beside the node. */
static void
test_twin(void)
{
	struct host h;
	struct referral_story s;
	char from[PATH_MAX], to[PATH_MAX];
	size_t twin;

	begin(&h, &s, 7005);
	twin = host_add(&h, "opendoor-twin", "opendoor.example");
	path_of(&h, SOURCE, "", from);
	path_of(&h, twin, "", to);
	host_remove_dir(to);
	host_copy_dir(from, to);
	host_start(&h, twin);
	host_run(&h, 5000);
	json_decref(host_command(&h, twin, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "From the twin.")));
	host_run(&h, 5000);
	ok(!newest(&h, SOURCE) && newest(&h, twin), "of two that run, the one that spoke last goes on");
	ok(logged(&h, SOURCE, "a second one runs"), "the other says why it does not");
	host_run(&h, 60000);
	is_int(story_complaints(&h), 0, "no position was used twice");
	is_int(story_said(&h, TARGET, "in", "From the twin."), 1, "what was said arrived");
	host_close(&h);
}

int
main(void)
{
	test_cold();
	test_unacknowledged();
	test_directory();
	test_hot();
	test_hidden();
	test_newest();
	test_seconds();
	test_twin();
	return done_testing();
}
