/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption stays on whatever a server says of it, keys change when somebody may
 * have left, and what comes to the device in clear moves nothing: cases E25, E33,
 * E43, E45, E46, E49 and E50.  One direct chat of two nodes, event by event.
 */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "hostile.h"
#include "hs_world.h"
#include "store/devicestore.h"
#include "store/inbox.h"
#include "store/peoplestore.h"
#include "store/stranger.h"
#include "story.h"
#include "tests/tap.h"

#define STRAY	"@stray:evil.example"

static struct host h;
static const char *room;
static int said;

/* The source says something and the target has read it. */
static bool
talk(void)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "word %d", ++said);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", text)));
	host_run(&h, 40000);
	return story_said(&h, TARGET, "in", text) == 1;
}

/* The session of the source's last word; NULL if it was not encrypted. */
static const char *
session(void)
{
	const json_t *events = hs_events(h.hs, room), *event;
	const char *last = NULL;
	size_t i;

	json_array_foreach(events, i, event)
		if (json_object_get(event, "state_key") == NULL && !strcmp(json_str(event, "sender"), SOURCE_USER))
			last = json_str(json_obj(event, "content"), "algorithm") != NULL &&
			    !strcmp(json_str(json_obj(event, "content"), "algorithm"), "m.megolm.v1.aes-sha2") ?
			    json_str(json_obj(event, "content"), "session_id") : NULL;
	return last;
}

static int
in_clear(void)
{
	const json_t *events = hs_events(h.hs, room), *event;
	size_t i;
	int n = 0;

	json_array_foreach(events, i, event)
		n += json_object_get(event, "state_key") == NULL && strcmp(json_str(event, "type"), "m.room.encrypted") != 0;
	return n;
}

static char *
copy(const char *text)
{
	return strdup(text != NULL ? text : "none");
}

static void
inject(const char *type, const char *key, json_t *content)
{
	hs_inject(h.hs, room, TARGET_USER, type, key, content);
	json_decref(content);
	h.changes++;
	host_run(&h, 5000);
}

static void
test_latch(void)
{
	json_t *const contents[] = {
		json_object(),
		json_pack("{s:n}", "algorithm"),
		json_pack("{s:s}", "algorithm", "m.none"),
		json_pack("{s:i}", "algorithm", 1),
		json_pack("{s:s, s:i, s:i}", "algorithm", "m.megolm.v1.aes-sha2", "rotation_period_msgs", 0, "rotation_period_ms", 0),
		json_pack("{s:s, s:I, s:I}", "algorithm", "m.megolm.v1.aes-sha2", "rotation_period_msgs",
		    (json_int_t)INT64_MAX, "rotation_period_ms", (json_int_t)INT64_MIN),
		json_pack("{s:s, s:f, s:s}", "algorithm", "m.megolm.v1.aes-sha2", "rotation_period_msgs", 1e300,
		    "rotation_period_ms", "never"),
	};
	int read = 0, sealed = 0;
	autofree char *first = NULL;

	(void)ok(talk(), "the source is read");
	if ((room = hs_room(h.hs, NULL, 0)) == NULL)
		host_fail(&h, "there is no direct chat");
	first = copy(session());
	(void)ok(talk() && strcmp(first, session()) == 0, "and again, with the same key");
	for (size_t i = 0; i < nelem(contents); i++) {
		inject("m.room.encryption", "", contents[i]);
		read += talk();
		sealed += session() != NULL;
	}
	is_int(read, (int)nelem(contents), "E43 the room's encryption is changed %d times: every word is read", (int)nelem(contents));
	is_int(sealed, (int)nelem(contents), "E43 and every word is sealed");
	is_int(in_clear(), 0, "E43 nothing is ever said in clear");
	is_str(session(), first, "E43 nor does a strange period change the key");
}

/* How many messages to devices the source has sent whose body has ${words}. */
static int
sent_to_devices(const char *words)
{
	const json_t *log = hs_log(h.hs), *call;
	size_t i;
	int n = 0;

	json_array_foreach(log, i, call) {
		autofree char *body = NULL;

		if (strcmp(json_str(call, "user"), SOURCE_USER) != 0 || strstr(json_str(call, "path"), "/sendToDevice/") == NULL)
			continue;
		body = json_dumps(json_object_get(call, "body"), JSON_ENCODE_ANY);
		n += words == NULL || (body != NULL && strstr(body, words) != NULL);
	}
	return n;
}

static void
test_invited_and_kicked(void)
{
	autofree char *before = copy(session()), *after = NULL;

	inject("m.room.member", STRAY, json_pack("{s:s}", "membership", "invite"));
	(void)ok(talk(), "E46 somebody is invited: the talk goes on");
	inject("m.room.member", STRAY, json_pack("{s:s}", "membership", "leave"));
	(void)ok(talk(), "E46 and kicked: the talk goes on");
	is_int(sent_to_devices(STRAY), 0, "E46 they never had a key");
	inject("m.room.member", TARGET_USER, json_pack("{s:s}", "membership", "leave"));
	inject("m.room.member", TARGET_USER, json_pack("{s:s}", "membership", "invite"));
	inject("m.room.member", TARGET_USER, json_pack("{s:s}", "membership", "leave"));
	inject("m.room.member", TARGET_USER, json_pack("{s:s}", "membership", "join"));
	(void)ok(talk(), "E46 one who had keys is kicked, invited, kicked and comes back: read");
	after = copy(session());
	ok(strcmp(before, after) != 0, "E46 under a fresh key");
}

/* What the source's server does to its next answer. */
struct gap {
	bool	armed, shown;		/* ${shown}: with the departure in the state. */
};

static void
cut(void *cookie, const char *user, json_t *answer)
{
	struct gap *g = cookie;
	json_t *rooms;

	if (!g->armed || strcmp(user, SOURCE_USER) != 0)
		return;
	g->armed = false;
	if (json_obj(answer, "rooms") == NULL)
		(void)json_object_set_new(answer, "rooms", json_object());
	rooms = json_obj(answer, "rooms");
	if (json_obj(rooms, "join") == NULL)
		(void)json_object_set_new(rooms, "join", json_object());
	(void)json_object_set_new(json_obj(rooms, "join"), room, json_pack("{s:{s:b, s:s, s:[]}, s:{s:[]}}", "timeline",
	    "limited", !g->shown, "prev_batch", "p", "events", "state", "events"));
	if (g->shown) {
		json_t *state = json_arr(json_obj(json_obj(json_obj(rooms, "join"), room), "state"), "events");

		(void)json_array_append_new(state, json_pack("{s:s, s:s, s:s, s:s, s:I, s:{s:s}}", "type", "m.room.member",
		    "state_key", TARGET_USER, "sender", TARGET_USER, "event_id", "$gone", "origin_server_ts",
		    (json_int_t)*h.now, "content", "membership", "leave"));
		(void)json_array_append_new(state, json_pack("{s:s, s:s, s:s, s:s, s:I, s:{s:s}}", "type", "m.room.member",
		    "state_key", TARGET_USER, "sender", TARGET_USER, "event_id", "$back", "origin_server_ts",
		    (json_int_t)*h.now, "content", "membership", "join"));
	}
}

static void
test_limited(void)
{
	struct gap g = { .armed = false };
	autofree char *before = copy(session()), *gap = NULL, *seen = NULL;

	hs_script(h.hs, &(struct hs_script){ .sync = cut, .cookie = &g });
	(void)ok(talk() && strcmp(session(), before) == 0, "E45 without a gap the key stays");
	g.armed = true;
	host_run(&h, 60000);
	(void)ok(talk(), "E45 after a gap in which anybody may have left: read");
	gap = copy(session());
	ok(strcmp(gap, before) != 0, "E45 under a fresh key");
	g = (struct gap){ .armed = true, .shown = true };
	host_run(&h, 60000);
	(void)ok(talk(), "E45 after a departure that only the state shows: read");
	seen = copy(session());
	ok(strcmp(seen, gap) != 0, "E45 under a fresh key");
	hs_script(h.hs, NULL);
}

static json_t *
key_request(int i)
{
	char id[32];

	(void)snprintf(id, sizeof(id), "request-%d", i);
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}}}", "type", "m.room_key_request", "sender",
	    i % 2 ? TARGET_USER : STRAY, "content", "action", "request", "request_id", id, "requesting_device_id", "X",
	    "body", "algorithm", "m.megolm.v1.aes-sha2", "room_id", room, "session_id", session(), "sender_key",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static json_t *
clear_word(const char *type, const char *code)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:{s:s}}}", "type", type, "sender", TARGET_USER, "content",
	    "algorithm", "m.megolm.v1.aes-sha2", "room_id", room, "session_id", session(), "code", code, "reason", "because",
	    "file", "url", "mxc://evil.example/bundle");
}

/* Ten thousand key requests, every withheld code, a bundle: nothing goes out for them. */
static void
test_clear(void)
{
	static const char *const codes[] = { "m.blacklisted", "m.unverified", "m.unauthorised", "m.unavailable", "m.no_olm",
	    "m.history_not_shared", "x" };
	struct meddler m = { .user = SOURCE_USER, .todevice = json_array() };
	size_t log, waiting = story_count(&h, SOURCE, "waiting"), rejected = story_count(&h, SOURCE, "rejected");
	int sent = sent_to_devices(NULL);

	for (int i = 0; i < 10000; i++)
		(void)json_array_append_new(m.todevice, key_request(i));
	for (size_t i = 0; i < nelem(codes); i++)
		(void)json_array_append_new(m.todevice, clear_word("m.room_key.withheld", codes[i]));
	(void)json_array_append_new(m.todevice, clear_word("m.room_key_bundle", "x"));
	(void)json_array_append_new(m.todevice, clear_word("m.forwarded_room_key", "x"));
	hs_script(h.hs, &(struct hs_script){ .sync = meddle, .cookie = &m });
	log = json_array_size(hs_log(h.hs));
	host_run(&h, 60000);
	is_int(m.added, 10009, "10,009 messages came in clear");
	is_int(sent_to_devices(NULL) - sent, 0, "E25 E49 E50 none is answered");
	is_int((int)(json_array_size(hs_log(h.hs)) - log), 0, "E25 E49 E50 nor does any request follow from one");
	ok(story_count(&h, SOURCE, "waiting") == waiting && story_count(&h, SOURCE, "rejected") == rejected,
	    "E25 none is kept");
	(void)ok(talk(), "E25 and the next word is said and read");
	hs_script(h.hs, NULL);
	json_decref(m.held);
}

/* What waits at the source, with ${words} in its reason. */
static int
waits(const char *words)
{
	return (int)found_in(&h, SOURCE, "waiting", "reason", words);
}

static const char *
key_of(const char *user)
{
	const struct hs_device *device = hs_user(h.hs, user)->devices;
	char id[300];

	(void)snprintf(id, sizeof(id), "curve25519:%s", device->id);
	return json_str(json_obj(device->keys, "keys"), id);
}

static json_t *
withheld(const char *sender, const char *key, const char *session_id, const char *code)
{
	json_t *event = clear_word("m.room_key.withheld", code);

	(void)json_object_set_new(event, "sender", json_string(sender));
	(void)json_object_set_new(json_obj(event, "content"), "sender_key", json_string(key));
	(void)json_object_set_new(json_obj(event, "content"), "session_id", json_string(session_id));
	return event;
}

/* One message to the source's device. */
static void
deliver(struct meddler *m, json_t *event)
{
	m->todevice = json_pack("[o]", event);
	host_run(&h, 60000);
}

static bool
answer(void)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "word %d", ++said);
	json_decref(host_ok(&h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", text)));
	host_run(&h, 40000);
	return story_said(&h, SOURCE, "in", text) == 1;
}

static const char *
session_of_target(void)
{
	const json_t *events = hs_events(h.hs, room);
	const json_t *last = json_array_get(events, json_array_size(events) - 1);

	return json_str(json_obj(last, "content"), "session_id");
}

/* The target's key does not come; what is said of that is shown, if the target's device may have said it. */
static void
test_withheld(void)
{
	struct meddler m = { .user = SOURCE_USER, .hold = true };
	const char *key = key_of(TARGET_USER), *unverified = "withheld the key: unverified";
	int from, read = 0;

	hs_script(h.hs, &(struct hs_script){ .sync = meddle, .cookie = &m });
	from = said + 1;
	ok(!answer() && waits("has not arrived") == 1, "E49 a word whose key does not come waits");
	deliver(&m, withheld(STRAY, key, session_of_target(), "m.unverified"));
	deliver(&m, withheld(TARGET_USER, key_of(SOURCE_USER), session_of_target(), "m.unverified"));
	deliver(&m, withheld(TARGET_USER, key, session(), "m.unverified"));
	deliver(&m, withheld(TARGET_USER, key, session_of_target(), "m.of_their_own"));
	is_int(waits("has not arrived"), 1, "E49 neither a stranger, nor another device, session or code is a reason");
	deliver(&m, withheld(TARGET_USER, key, session_of_target(), "m.unverified"));
	is_int(waits(unverified), 1, "E49 a code of the sender's device is shown as the reason");
	(void)answer();
	is_int(waits(unverified), 2, "E49 and of the next word under that key");
	m.hold = false;
	host_run(&h, 60000);
	for (int i = from; i <= said; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "word %d", i);
		read += story_said(&h, SOURCE, "in", text) == 1;
	}
	ok(read == 2 && waits(NULL) == 0, "E49 when the key comes all the same, both are read");
	hs_script(h.hs, NULL);
	json_decref(m.held);
}

/* A sound Olm message to the source's device, of a device that nobody knows. */
static json_t *
invented(const char *server, int i)
{
	uint8_t secret[32] = { 9 }, key[32], message[1 + 34 + 2 + 18 + 8] = { 3, 0x0a, 32 };
	char user[64], key_text[44], text[200];

	(void)snprintf(user, sizeof(user), "@u%d:%s", i, server);
	memcpy(secret + 1, &i, sizeof(i));
	(void)crypto_scalarmult_base(key, secret);
	(void)crypto_scalarmult_base(message + 3, key);
	memcpy(message + 35, "\020\000\042\020", 4);
	encode_b64(key, sizeof(key), key_text);
	encode_b64(message, sizeof(message), text);
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:{s:i, s:s}}}}", "type", "m.room.encrypted", "sender", user,
	    "content", "algorithm", "m.olm.v1.curve25519-aes-sha2", "sender_key", key_text, "ciphertext",
	    key_of(SOURCE_USER), "type", 1, "body", text);
}

/* A homeserver invents senders; each wants its devices looked up, and waits for them. */
static void
test_invented(void)
{
	struct meddler m = { .user = SOURCE_USER, .todevice = json_array() };
	int64_t waiting, rejected, pid, *asked = NULL;
	struct db *db;
	size_t n = 0;

	(void)json_array_append_new(m.todevice, invented("honest.example", 0));
	for (int i = 1; i <= 2 * STRANGER_MAX; i++)
		(void)json_array_append_new(m.todevice, invented("evil.example", i));
	hs_script(h.hs, &(struct hs_script){ .sync = meddle, .cookie = &m });
	host_run(&h, 60000);
	hs_script(h.hs, NULL);
	db = hostile_db(&h, SOURCE);
	if (inbox_counts(db, &waiting, &rejected) != 0 || crypto_user_due(db, INT64_MAX, 100 * STRANGER_MAX, &asked, &n) != 0)
		host_fail(&h, "the store cannot be read");
	free(asked);
	ok(waiting > 0 && waiting <= STRANGER_MAX && rejected <= STRANGER_MAX, "T10 of %d messages of invented senders %d are "
	    "kept", m.added, (int)waiting);
	ok(n > 0 && n <= STRANGER_MAX, "T10 and no more devices are looked up (%d)", (int)n);
	ok(person_find(db, "@u1:evil.example", &pid) == E_NOTFOUND && person_find(db, "@u2000:evil.example", &pid) == 0,
	    "T10 the first of them are forgotten");
	is_int(person_find(db, "@u0:honest.example", &pid), 0, "T10 but nobody of another homeserver");
	hostile_go_on(&h, SOURCE, db);
	host_run(&h, 60000);
	(void)ok(talk() && answer(), "T10 and the talk goes on");
	json_decref(m.held);
}

/* The target sleeps while the source says three things under three keys. */
static void
test_order(void)
{
	struct gap g = { .armed = false };
	const char *last = session();
	char *keys[3];
	int read = 0, from = said + 1;

	host_kill(&h, TARGET);
	hs_script(h.hs, &(struct hs_script){ .sync = cut, .cookie = &g });
	for (int i = 0; i < 3; i++) {
		char text[32];

		g.armed = true;
		host_run(&h, 60000);
		(void)snprintf(text, sizeof(text), "word %d", ++said);
		json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", text)));
		host_run(&h, 10000);
		keys[i] = copy(session());
	}
	ok(strcmp(keys[0], last) != 0 && strcmp(keys[0], keys[1]) != 0 && strcmp(keys[1], keys[2]) != 0,
	    "E33 three words under three keys, while the target sleeps");
	for (int i = 0; i < 3; i++)
		free(keys[i]);
	host_start(&h, TARGET);
	host_settle(&h);
	for (int i = 0; i < 3; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "word %d", from + i);
		read += story_said(&h, TARGET, "in", text);
	}
	is_int(read, 3, "E33 it wakes to keys and words in one batch, and reads each once");
	ok(story_clean(&h, TARGET), "E33 none had to wait");
	hs_script(h.hs, NULL);
}

int
main(void)
{
	story_begin(&h, 61);
	story_trust(&h);
	host_run(&h, 40000);
	test_latch();
	test_invited_and_kicked();
	test_limited();
	test_clear();
	test_withheld();
	test_order();
	test_invented();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_end(&h);
	return done_testing();
}
