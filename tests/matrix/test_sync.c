/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix/sync.h"
#include "base/buf.h"
#include "base/canon.h"
#include "tap.h"

/* Every call as a letter with its subject, so that order shows. */
static struct buf seen;
static int stop_at;

static int
note(const char *what, const char *subject)
{
	if (buf_printf(&seen, "%s:%s ", what, subject) != 0)
		abort();
	return stop_at > 0 && --stop_at == 0 ? -5 : 0;
}

static int
device(void *cookie, const char *user, bool left)
{
	(void)cookie;
	return note(left ? "left" : "changed", user);
}

static int
counts(void *cookie, int64_t otk, bool fallback)
{
	char text[32];

	(void)cookie;
	(void)snprintf(text, sizeof(text), "%lld/%d", (long long)otk, fallback);
	return note("counts", text);
}

static int
todevice(void *cookie, const json_t *event)
{
	(void)cookie;
	return note("todevice", json_str(event, "type"));
}

static int
invite(void *cookie, const char *room, const json_t *state)
{
	(void)cookie, (void)state;
	return note("invite", room);
}

static int
limited(void *cookie, const char *room, const char *prev_batch)
{
	char text[64];

	(void)cookie;
	(void)snprintf(text, sizeof(text), "%s/%.20s", room, prev_batch != NULL ? prev_batch : "-");
	return note("limited", text);
}

static int
state(void *cookie, const char *room, const json_t *event)
{
	(void)cookie, (void)room;
	return note("state", json_str(event, "type"));
}

static int
timeline(void *cookie, const char *room, const json_t *event)
{
	(void)cookie, (void)room;
	return note("timeline", json_str(event, "type"));
}

static int
joined(void *cookie, const char *room)
{
	(void)cookie;
	return note("joined", room);
}

static int
left(void *cookie, const char *room)
{
	(void)cookie;
	return note("leave", room);
}

static int
account_data(void *cookie, const char *type, const json_t *content)
{
	(void)cookie, (void)content;
	return note("account_data", type);
}

static const struct sync_ops ops = { account_data, device, counts, todevice, invite, limited, state, timeline, joined, left };

static const char *
walk(const char *text, int want)
{
	autojson json_t *json = json_loads(text, 0, NULL);
	const char *next = NULL;
	struct err err = { "" };

	buf_free(&seen);
	is_int(sync_walk(json, &ops, NULL, &next, &err), want, "sync_walk of %.40s...", text);
	if (want == 0)
		is_str(next, "s2", "next_batch");
	else
		ok(next == NULL, "next_batch is untouched");
	return seen.data != NULL ? seen.data : "";
}

static const char whole[] = "{\"next_batch\":\"s2\",\"account_data\":{\"events\":[{\"type\":\"d1\"},{\"type\":7},3]},"
    "\"device_lists\":{\"changed\":[\"@a:x\",7,\"nobody\"],"
    "\"left\":[\"@b:x\"]},\"device_one_time_keys_count\":{\"signed_curve25519\":20},"
    "\"device_unused_fallback_key_types\":[\"signed_curve25519\"],"
    "\"to_device\":{\"events\":[{\"type\":\"t1\"},3,{\"type\":\"t2\"}]},"
    "\"rooms\":{\"leave\":{\"!l:x\":{}},\"invite\":{\"!i:x\":{}},\"join\":{\"!j:x\":{"
    "\"timeline\":{\"limited\":true,\"prev_batch\":\"p1\",\"events\":[{\"type\":\"m1\"},{\"type\":\"m2\"}]},"
    "\"state\":{\"events\":[{\"type\":\"s1\"}]}},\"bad id\":{\"state\":{\"events\":[{\"type\":\"no\"}]}}}}}";

int
main(void)
{
	is_str(walk(whole, 0), "account_data:d1 changed:@a:x left:@b:x counts:20/1 todevice:t1 todevice:t2 invite:!i:x limited:!j:x/p1 "
	    "state:s1 timeline:m1 timeline:m2 joined:!j:x leave:!l:x ", "everything, in the order in which it is applied");
	is_str(walk("{\"next_batch\":\"s2\",\"rooms\":{\"join\":{\"!a:x\":{\"timeline\":{\"limited\":true,\"prev_batch\":\"\"}},"
	    "\"!b:x\":{\"timeline\":{\"limited\":true,\"prev_batch\":[]}},"
	    "\"!c:x\":{\"timeline\":{\"limited\":1,\"prev_batch\":\"p\"}}}}}", 0), "counts:0/0 limited:!a:x/- joined:!a:x limited:!b:x/- joined:!b:x "
	    "joined:!c:x ",
	    "a hole of which the server does not say where it ends; none");
	is_str(walk("{\"next_batch\":\"s2\"}", 0), "counts:0/0 ", "missing counts are zero");
	is_str(walk("{\"next_batch\":\"s2\",\"rooms\":[],\"to_device\":7,\"device_lists\":{\"changed\":{}},"
	    "\"device_one_time_keys_count\":{\"signed_curve25519\":-4}}", 0), "counts:0/0 ",
	    "members of the wrong type are passed over");
	is_str(walk("{\"rooms\":{}}", E_BAD), "", "no next_batch: nothing is applied");
	is_str(walk("{\"next_batch\":7}", E_BAD), "", "next_batch is no text");
	is_str(walk("{\"next_batch\":\"\"}", E_BAD), "", "next_batch is empty");
	for (int i = 1; i <= 13; i++) {
		stop_at = i;
		walk(whole, -5);
	}
	stop_at = 0;
	buf_free(&seen);
	return done_testing();
}
