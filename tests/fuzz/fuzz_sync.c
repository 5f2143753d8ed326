/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a homeserver answers to /sync: any body, also with events that the partner's own
 * device encrypted (the dialect of stage.h).  The node goes on; its token moves only by a whole
 * answer, to what that says; one bad item stops nothing; the same answer again changes nothing
 * that people see.
 *
 * What follows from it is answered too: "$then": up to eight {"kind": "query", "claim" or "out", "body": ANSWER,
 * "status" or "fail": WORD}, each for a request of that kind if there is one.
 *
 * An input that is a JSON object is such an answer; "$to": 1 sends it to the other node, "$steward": true
 * to the steward's sync, "$status" gives it another status.  Anything else is the body as it is.
 */
#include "base/canon.h"
#include "matrix/sync.h"
#include "stage.h"

const unsigned fuzz_changes = 40;

/* One input in so many is answered twice, or may ask for many keys: both are dear. */
enum { AGAIN = 16, MANY = 16, KEYS = 49, THEN_MAX = 8 };

struct count {
	unsigned calls, order;
};

static int
stage_is(struct count *c, unsigned order)
{
	claim(order >= c->order);
	c->order = order;
	c->calls++;
	return 0;
}

static int
on_device(void *cookie, const char *user, bool left)
{
	(void)left;
	claim(user != NULL);
	return stage_is(cookie, 1);
}

static int
on_counts(void *cookie, int64_t otk, bool fallback)
{
	(void)fallback;
	claim(otk >= 0);
	return stage_is(cookie, 2);
}

static int
on_todevice(void *cookie, const json_t *event)
{
	claim(json_is_object(event));
	return stage_is(cookie, 3);
}

static int
on_invite(void *cookie, const char *room_id, const json_t *state)
{
	claim(room_id[0] == '!' && (state == NULL || json_is_array(state)));
	return stage_is(cookie, 4);
}

static int
on_limited(void *cookie, const char *room_id, const char *prev_batch)
{
	claim(prev_batch == NULL || (*prev_batch != '\0' && strlen(prev_batch) <= SYNC_TOKEN_MAX));
	claim(room_id[0] == '!');
	return stage_is(cookie, 5);
}

static int
on_event(void *cookie, const char *room_id, const json_t *event)
{
	claim(room_id[0] == '!' && json_is_object(event));
	return stage_is(cookie, 5);
}

static int
on_left(void *cookie, const char *room_id)
{
	claim(room_id[0] == '!');
	return stage_is(cookie, 6);
}

/* The walk alone: its order, and nothing called for a body of the wrong shape. */
static void
walk(const json_t *doc)
{
	static const struct sync_ops ops = { .device = on_device, .counts = on_counts, .todevice = on_todevice,
	    .invite = on_invite, .limited = on_limited, .state = on_event, .timeline = on_event, .left = on_left };
	struct count c = { 0 };
	const char *next = NULL;
	struct err err = { "" };
	int r = sync_walk(doc, &ops, &c, &next, &err);

	claim(r == 0 || (r == E_BAD && next == NULL && c.calls == 0));
	claim(r != 0 || (next != NULL && *next != '\0' && c.calls > 0));
	fuzz_err(&err, r != 0);
}

static int
status_of(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) < 600 ?
	    (int)json_integer_value(value) : 200;
}

static void
then(size_t i, const json_t *wish)
{
	const char *kind = json_str(wish, "kind"), *fail = json_str(wish, "fail");
	autojson json_t *body = NULL;
	autofree char *text = NULL;
	enum flight_kind k;

	if (kind == NULL)
		return;
	k = !strcmp(kind, "query") ? FLIGHT_QUERY : !strcmp(kind, "claim") ? FLIGHT_CLAIM : FLIGHT_OUT;
	if (fail != NULL) {
		stage_failed(i, k, fail);
		return;
	}
	if (json_object_get(wish, "body") == NULL) {
		stage_answer(i, k, APP_NODE, status_of(json_object_get(wish, "status")), "", 0);
		return;
	}
	body = stage_fill(i, json_object_get(wish, "body"));
	claim((text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY)) != NULL);
	stage_answer(i, k, APP_NODE, status_of(json_object_get(wish, "status")), text, strlen(text));
}

/* Fifty one-time keys cost more than all the rest of an input: mostly one alone is missing. */
static void
spare_keys(json_t *doc)
{
	if (json_int(json_obj(doc, "device_one_time_keys_count"), "signed_curve25519", 0) < KEYS)
		(void)json_object_set_new(doc, "device_one_time_keys_count", json_pack("{s:i}", "signed_curve25519", KEYS));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	stage_open();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len), *doc = NULL, *before = NULL, *after = NULL, *more = NULL;
	const json_t *one;
	size_t i = STAGE_A, k;
	autofree char *text = NULL;
	unsigned account = APP_NODE;
	int status = 200;

	fuzz_seed(2);
	if (json_is_object(wish)) {
		autojson json_t *to = fuzz_ask(wish, "$to"), *steward = fuzz_ask(wish, "$steward");
		autojson json_t *other = fuzz_ask(wish, "$status");

		i = json_integer_value(to) == 1 ? STAGE_B : STAGE_A;
		account = json_is_true(steward) ? APP_STEWARD : APP_NODE;
		status = status_of(other);
		more = fuzz_ask(wish, "$then");
		doc = stage_fill(i, wish);
		walk(doc);
		if (len % MANY != 1)
			spare_keys(doc);
		claim((text = json_dumps(doc, JSON_COMPACT)) != NULL);
	}
	stage_answer(i, FLIGHT_SYNC, account, status, text != NULL ? text : (const char *)data,
	    text != NULL ? strlen(text) : len);
	json_array_foreach(more, k, one)
		if (k < THEN_MAX && json_is_object(one) && stage[i].undone == 0)
			then(i, one);
	if (len % AGAIN == 0 && stage[i].undone == 0) {
		before = stage_picture(i);
		stage_answer(i, FLIGHT_SYNC, account, status, text != NULL ? text : (const char *)data,
		    text != NULL ? strlen(text) : len);
		after = stage_picture(i);
		claim(json_equal(before, after));
		stage_check(i);
	}
	stage_rewind();
	return 0;
}
