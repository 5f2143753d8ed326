/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each place of a homeserver's answer, spoilt in each way: missing, there twice, of another type, huge,
 * negative, deep, wide.  The node lives, asks on from the right token, and neither
 * loses nor repeats what waits to be sent.
 *
 * Each seventh way is tried, other ones each day (FAULT_TURN=N: those of day N); HS_LONG=1 tries them all, but of a directory's
 * state, which has some 3,000, each tenth.  An argument chooses one request, as "/send/", or "creation".
 */
#include <string.h>
#include <time.h>

#include "base/canon.h"
#include "hostile.h"
#include "store/cryptostore.h"
#include "store/peoplestore.h"
#include "story.h"
#include "tamper.h"
#include "tests/tap.h"

enum { STEP = 7, WAIT_MS = 400 * 1000, TRIES = 40, QUEUE_EACH = 50 };

struct spoiler {
	size_t	 n, step, done;		/* The way that is next. */
	size_t	 count;			/* Of ways, for the last answer. */
	size_t	 wrong;			/* Tokens that are not as they should be. */
	bool	 asked;			/* The last answer was a spoilt one. */
	bool	 good;			/* It was still to be taken. */
	char	 what[TAMPER_WHAT], since[64], next[64];
};

/* What is measured is the node's memory, not that of the sanitizer. */
const char	*__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

static size_t
step_of(void)
{
	return getenv("HS_LONG") != NULL ? 1 : STEP;
}

/* The first way of today, of each ${step}th. */
static size_t
first_of(size_t step)
{
	const char *turn = getenv("FAULT_TURN");

	return (turn != NULL ? strtoul(turn, NULL, 10) : (size_t)(time(NULL) / 86400)) % step;
}

static void
say(struct host *h, size_t i, const char *user, const char *text)
{
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", user, "text", text)));
}

/* A room's events that this user sent encrypted. */
static size_t
sealed_by(const struct host *h, const char *user)
{
	const json_t *event;
	size_t i, n = 0;

	for (size_t k = 0; hs_room(h->hs, NULL, k) != NULL; k++)
		json_array_foreach(hs_events(h->hs, hs_room(h->hs, NULL, k)), i, event)
			n += !strcmp(json_str(event, "sender"), user) && !strcmp(json_str(event, "type"), "m.room.encrypted");
	return n;
}

/*
 * /sync.
 */

/* Not taken: the whole, or its token, is gone or of the wrong kind; a member that is there twice.  (The whole is there once.) */
static bool
is_good(const char *what)
{
	return (strncmp(what, "/ ", 2) != 0 || !strcmp(what, "/ twice")) && strncmp(what, "/next_batch ", 12) != 0 &&
	    strncmp(what, "/next_batch missing", 19) != 0 && (strstr(what, " twice") == NULL || strstr(what, "/0 twice") != NULL || !strcmp(what, "/ twice"));
}

/* A string is a token, whatever it says: that would be another test. */
static bool
is_token(const char *what)
{
	return !strncmp(what, "/next_batch \"", 13) && strcmp(what, "/next_batch \"\"") != 0;
}

static char *
spoil_sync(struct tamper *t, const json_t *truth)
{
	struct spoiler *s = t->cookie;
	char since[64];
	char *text;

	tamper_since(t, since, sizeof(since));
	if (s->asked) {
		if (strcmp(since, s->good ? s->next : s->since) != 0 && s->wrong++ < 5)
			printf("# %s: from %s, where %s was to be\n", s->what, since, s->good ? s->next : s->since);
		s->asked = false;
		return NULL;
	}
	if (json_array_size(json_arr(json_obj(truth, "to_device"), "events")) == 0 || json_object_size(json_obj(json_obj(truth, "rooms"), "join")) == 0)
		return NULL;
	s->count = tamper_count(truth);
	do {
		text = s->n < s->count ? tamper_spoil(truth, s->n, s->what) : NULL;
		s->n += s->step;
		if (text != NULL && !is_token(s->what))
			break;
		free(text);
		text = NULL;
	} while (s->n < s->count);
	if (text == NULL)
		return NULL;
	s->done++;
	s->asked = true;
	s->good = is_good(s->what);
	(void)snprintf(s->since, sizeof(s->since), "%s", since);
	(void)snprintf(s->next, sizeof(s->next), "%s", json_str(truth, "next_batch"));
	return text;
}

/* Each message of the target comes with a new key; the source's answers have a bit of all. */
static void
enrich(void *cookie, const char *user, json_t *answer)
{
	json_t *rooms = json_obj(answer, "rooms"), *room;
	const char *id;

	(void)cookie;
	if (!strcmp(user, TARGET_USER))
		json_object_foreach(json_obj(rooms, "join"), id, room)
			(void)json_object_set_new(json_obj(room, "timeline"), "limited", json_true());
	if (strcmp(user, SOURCE_USER) != 0 || json_object_size(json_obj(rooms, "join")) == 0)
		return;
	(void)json_array_append_new(json_arr(json_obj(answer, "device_lists"), "changed"), json_string(TARGET_USER));
	(void)json_array_append_new(json_arr(json_obj(answer, "device_lists"), "left"), json_string("@gone:harbor.example"));
	(void)json_object_set_new(json_obj(rooms, "invite"), "!asks:harbor.example", json_pack(
	    "{s:{s:[{s:s, s:s, s:s, s:{s:s}}, {s:s, s:s, s:s, s:{s:s, s:b}}]}}", "invite_state", "events",
	    "type", "m.room.create", "state_key", "", "sender", TARGET_USER, "content", "type", "m.space",
	    "type", "m.room.member", "state_key", SOURCE_USER, "sender", TARGET_USER,
	    "content", "membership", "invite", "is_direct", 0));
	(void)json_object_set_new(json_obj(rooms, "leave"), "!gone:harbor.example", json_pack("{s:{s:[]}}",
	    "timeline", "events"));
	json_object_foreach(json_obj(rooms, "join"), id, room)
		(void)json_array_append_new(json_arr(json_obj(room, "state"), "events"), json_pack(
		    "{s:s, s:s, s:s, s:s, s:{s:s}}", "type", "m.room.member", "state_key", TARGET_USER, "sender",
		    TARGET_USER, "event_id", "$of-the-target", "content", "membership", "join"));
}

static void
test_sync(void)
{
	autojson json_t *seen = json_object();
	struct host h;
	struct spoiler s = { .step = step_of(), .n = first_of(step_of()) };
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/sync?", .sync = enrich, .cookie = &s };
	unsigned starts;
	size_t queued = 0, before;
	long memory;

	story_begin(&h, 85);
	say(&h, TARGET, SOURCE_USER, "Hello.");
	host_run(&h, 20000);
	starts = h.node[SOURCE].starts;
	memory = hostile_memory(&h, SOURCE);
	before = sealed_by(&h, SOURCE_USER);
	t.alter = spoil_sync;
	tamper_set(&t);
	tamper_wait(&h, WAIT_MS);
	for (int idle = 0; idle < TRIES && (s.count == 0 || s.n < s.count || s.asked); ) {
		size_t n = s.n;

		say(&h, TARGET, SOURCE_USER, "A word.");
		if (s.done % QUEUE_EACH == 0) {
			say(&h, SOURCE, TARGET_USER, "Queued.");
			queued++;
			(void)acknowledged(&h, SOURCE, seen);
		}
		tamper_wait(&h, 1000);
		tamper_wait(&h, WAIT_MS);
		if (s.asked)
			tamper_wait(&h, WAIT_MS);
		idle = n == s.n ? idle + 1 : 0;
	}
	ok(s.count > 1000 && s.n >= s.count, "a sync spoilt in %zu of %zu ways (each place, each kind)", s.done, s.count);
	ok(s.wrong == 0, "the token advances for what is whole and only for that");
	ok(h.node[SOURCE].starts == starts, "the node lives");
	memory = hostile_memory(&h, SOURCE) - memory;
	ok(memory < 64 * 1024, "in no more memory: %ld KiB", memory);
	tamper_end(&t);
	host_run(&h, 7200 * 1000);
	say(&h, TARGET, SOURCE_USER, "At last.");
	say(&h, SOURCE, TARGET_USER, "Indeed.");
	host_run(&h, 7200 * 1000);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "At last."), 1, "the next good syncs bring what comes next");
	is_int((int)(sealed_by(&h, SOURCE_USER) - before), (int)(queued + 1 + acknowledged(&h, SOURCE, seen)), "what waited was sent, once each (%zu)", queued);
	is_int((int)found_in(&h, TARGET, "messages", "body", "Indeed."), 1, "and is read");
	ok(story_complaints(&h) == 0, "the homeservers have nothing to complain of");
	host_end(&h);
}

/*
 * Answers to other requests: each second one is spoilt.
 */

static char *
spoil_answer(struct tamper *t, const json_t *truth)
{
	struct spoiler *s = t->cookie;
	char *text;

	s->asked = !s->asked;
	if (!s->asked || (s->count > 0 && s->n >= s->count))
		return NULL;
	s->count = tamper_count(truth);
	text = s->n < s->count ? tamper_spoil(truth, s->n, s->what) : NULL;
	s->n += s->step;
	s->done += text != NULL;
	return text;
}

static void
by_word(struct host *h, size_t n)
{
	(void)n;
	say(h, TARGET, SOURCE_USER, "A word.");
	say(h, SOURCE, TARGET_USER, "A word back.");
}

static void
by_new_user(struct host *h, size_t n)
{
	char user[64];

	(void)snprintf(user, sizeof(user), "@u%zu:harbor.example", n);
	hs_add_user(h->hs, user, "pw");
	say(h, SOURCE, user, "Hello.");
}

static void
by_invitation(struct host *h, size_t n)
{
	struct client c;
	char user[64];

	(void)snprintf(user, sizeof(user), "@v%zu:harbor.example", n);
	client_login(&c, h, user);
	free(client_invite(&c, NULL, SOURCE_USER, true));
}

static void
by_claim(struct host *h, size_t n)
{
	struct client c;
	const json_t *call;
	const char *device = "";
	size_t i;

	(void)n;
	json_array_foreach(hs_log(h->hs), i, call)
		if (!strcmp(json_str(call, "user"), SOURCE_USER))
			device = json_str(call, "device");
	client_as(&c, h, TARGET, "node");
	for (int k = 0; k < 10; k++)
		json_decref(client_call(&c, "POST", "keys/claim", json_pack("{s:{s:{s:s}}}", "one_time_keys",
		    SOURCE_USER, device, "signed_curve25519")));
}

static void
by_setup(struct host *h, size_t n)
{
	(void)n;
	hs_revoke(h->hs, SOURCE_USER);
	json_decref(host_command(h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password")));
}

/* A word for which the key has to be shared again, with a device of which nothing is left but its keys: one is claimed, the mark put, the key sent. */
static void
by_forgotten(struct host *h, size_t n)
{
	struct db *db = hostile_db(h, SOURCE);
	int64_t pid;

	if (person_find(db, TARGET_USER, &pid) != 0 || db_run(db, Q_STRANGER_FORGET_OLM, "i", pid) != 0 || db_run(db, Q_CRYPT_OUTBOUND_FORGET_ALL, "") != 0)
		host_fail(h, "sessions cannot be forgotten");
	hostile_go_on(h, SOURCE, db);
	by_word(h, n);
}

static void
publish(struct host *h, size_t i, size_t n)
{
	autojson json_t *records = story_records(*h->now);
	json_t *program = json_array_get(records, 0);

	(void)json_object_set_new(json_obj(program, "body"), "description", json_sprintf("Version %zu.", n));
	json_decref(host_ok(h, i, "import", json_pack("{s:[O]}", "records", program)));
	json_decref(host_ok(h, i, "publish", json_object()));
}

static void
follow(struct host *h, size_t from, size_t to)
{
	autojson json_t *list = story_trust_list(h, 1, 1u << SOURCE | 1u << TARGET, 3650 * 86400000LL);
	autojson json_t *node = host_ok(h, from, "show", json_pack("{s:s}", "id", "node"));

	for (size_t i = SOURCE; i <= TARGET; i++)
		json_decref(host_ok(h, i, "import_trust", json_pack("{s:O}", "document", list)));
	publish(h, from, 0);
	host_run(h, 5000);
	json_decref(host_ok(h, to, "follow", json_pack("{s:O}", "org", json_object_get(node, "org"))));
	host_run(h, 10000);
}

/* Is this version of the program there, and no other? */
static bool
shows(struct host *h, size_t i, size_t n)
{
	autojson json_t *found = host_ok(h, i, "find", json_object()), *program = NULL;
	autofree char *text = NULL;
	char version[32];

	if (json_array_size(json_arr(found, "records")) != 1)
		return false;
	program = host_ok(h, i, "show", json_pack("{s:O}", "id", json_object_get(json_array_get(json_arr(found, "records"), 0), "id")));
	text = json_dumps(program, 0);
	(void)snprintf(version, sizeof(version), "Version %zu.", n);
	return strstr(text, version) != NULL;
}

/* What the partner publishes, and what the node itself does. */
static void
by_partner(struct host *h, size_t n)
{
	if (n == 0)
		follow(h, TARGET, SOURCE);
	publish(h, TARGET, n);
}

static void
by_publishing(struct host *h, size_t n)
{
	if (n == 0)
		follow(h, SOURCE, TARGET);
	publish(h, SOURCE, n);
}

static const struct endpoint {
	const char	*part;
	void		(*provoke)(struct host *, size_t);
	size_t		 rare;		/* Of the ways that would be tried, only each so-manieth: the answer is long, and each way is a publication. */
} endpoints[] = {
	{ "/keys/query",	by_word, 1 },
	{ "/sendToDevice/",	by_word, 1 },
	{ "/send/",		by_word, 1 },
	{ "/createRoom",	by_new_user, 1 },
	{ "/join/",		by_invitation, 1 },
	{ "/keys/upload",	by_claim, 1 },
	{ "/login",		by_setup, 1 },
	{ "/signatures/upload",	by_setup, 1 },
	{ "/messages?",		by_word, 1 },
	{ "/keys/claim",	by_forgotten, 1 },
	{ "/account_data/",	by_forgotten, 1 },
	{ "/state",		by_partner, 10 },
	{ "/state/",		by_publishing, 1 },
};

static void
rotate(void *cookie, const char *user, json_t *answer)
{
	json_t *rooms = json_obj(answer, "rooms"), *room;
	const char *id;

	(void)cookie;
	json_object_foreach(json_obj(rooms, "join"), id, room)
		(void)json_object_set_new(json_obj(room, "timeline"), "limited", json_true());
	if (!strcmp(user, SOURCE_USER) && json_arr(json_obj(answer, "device_lists"), "changed") != NULL)
		(void)json_array_append_new(json_arr(json_obj(answer, "device_lists"), "changed"), json_string(TARGET_USER));
}

static void
test_endpoint(const struct endpoint *e)
{
	autojson json_t *seen = json_object();
	struct host h;
	struct spoiler s = { .step = step_of() * e->rare };
	struct tamper t = { .host = &h, .who = SOURCE, .part = e->part, .alter = spoil_answer, .sync = rotate, .cookie = &s };
	unsigned starts;
	size_t provoked = 0, rooms = 0;

	s.n = first_of(s.step);
	story_begin(&h, 86);
	say(&h, SOURCE, TARGET_USER, "Hello.");
	host_run(&h, 20000);
	starts = h.node[SOURCE].starts;
	tamper_set(&t);
	for (int idle = 0; idle < TRIES && (s.count == 0 || s.n < s.count); ) {
		size_t n = s.n;

		e->provoke(&h, provoked++);
		tamper_wait(&h, 1000);
		tamper_wait(&h, WAIT_MS);
		idle = n == s.n ? idle + 1 : 0;
	}
	ok(s.count > 0 && s.n >= s.count, "the answer to %s spoilt in %zu of %zu ways", e->part, s.done, s.count);
	ok(h.node[SOURCE].starts == starts + (e->provoke == by_forgotten ? provoked : 0), "the node lives");
	tamper_end(&t);
	for (int i = 0; i < 400 && story_count(&h, SOURCE, "outbox") > 0; i++)
		tamper_wait(&h, WAIT_MS);
	say(&h, TARGET, SOURCE_USER, "At last.");
	say(&h, SOURCE, TARGET_USER, "Indeed.");
	for (int i = 0; i < 40; i++)
		tamper_wait(&h, WAIT_MS);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "At last."), 1, "what comes next is read");
	is_int((int)found_in(&h, TARGET, "messages", "body", "Indeed."), 1, "and what goes out arrives, once");
	is_int((int)found_in(&h, SOURCE, "outbox", "state", "failed"), 0, "no row was given up");
	if (e->provoke == by_new_user) {
		while (hs_room(h.hs, NULL, rooms) != NULL)
			rooms++;
		is_int((int)rooms, (int)provoked + 1, "one chat for each person");
	}
	if (e->provoke == by_partner || e->provoke == by_publishing)
		ok(shows(&h, e->provoke == by_partner ? SOURCE : TARGET, provoked - 1), "there is one program, as said last (%zu)", provoked - 1);
	if (e->provoke == by_word || e->provoke == by_forgotten)
		is_int((int)sealed_by(&h, SOURCE_USER), (int)(provoked + 3 + acknowledged(&h, SOURCE, seen)), "each word was sent, once, and one greeting");
	ok(story_complaints(&h) == 0, "the homeservers have nothing to complain of");
	host_end(&h);
}

/* Who they are is said once in a node's life: each way in a world of its own. */
static char *
spoil_first(struct tamper *t, const json_t *truth)
{
	struct spoiler *s = t->cookie;

	if (s->asked)
		return NULL;
	s->asked = true;
	s->count = tamper_count(truth);
	return tamper_spoil(truth, s->n, s->what);
}

static const char *
stage_of(struct host *h, char ret[100])
{
	autojson json_t *status = host_ok(h, 0, "status", json_object());

	(void)snprintf(ret, 100, "%s", json_str(status, "setup"));
	return ret;
}

/* The identity that the homeserver was given is one, however often it was given. */
static bool
is_one_identity(const struct host *h)
{
	const json_t *call, *first = NULL;
	size_t i;
	bool one = true;

	json_array_foreach(hs_log(h->hs), i, call)
		if (!strcmp(json_str(call, "user"), h->node[0].user) && strstr(json_str(call, "path"), "/device_signing/upload") != NULL) {
			first = first == NULL ? call : first;
			one = one && json_equal(json_object_get(call, "body"), json_object_get(first, "body"));
		}
	return first != NULL && one;
}

static void
test_identity(void)
{
	struct spoiler s = { .step = step_of(), .n = first_of(step_of()), .count = STEP };
	int wrong = 0;

	for (; s.n < s.count; s.n += s.step, s.done++) {
		struct host h;
		struct tamper t = { .host = &h, .who = 0, .part = "/device_signing/upload", .alter = spoil_first, .cookie = &s };
		char stage[100] = "";

		s.asked = false;
		story_open(&h, 87);
		(void)host_add(&h, "opendoor", "opendoor.example");
		host_start(&h, 0);
		tamper_set(&t);
		json_decref(host_ok(&h, 0, "setup", json_pack("{s:s, s:s}", "node_password", "node password", "steward_password", "steward password")));
		for (int i = 0; i < TRIES && strcmp(stage_of(&h, stage), "done") != 0 && strncmp(stage, "failed", 6) != 0; i++)
			tamper_wait(&h, WAIT_MS);
		tamper_end(&t);
		if (!s.asked || strcmp(stage, "done") != 0 || !is_one_identity(&h) || h.node[0].starts != 1 || story_complaints(&h) != 0) {
			printf("# %s: setup is at: %s\n", s.what, stage);
			wrong++;
		}
		host_end(&h);
	}
	ok(s.done > 1 && wrong == 0, "the answer to who the node is spoilt in %zu of %zu ways: set up all the same, with one identity", s.done, s.count);
}

/* What a homeserver says of a room's creation. */
enum { CREATION, CREATION_BY_NOBODY, CREATION_BY_ANOTHER, CREATION_OF_NOTHING, CREATION_OF_A_SPACE, CREATIONS };

static json_t *
creation(size_t way)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "type", "m.room.create", "state_key", "", "event_id", "$creation",
	    "sender", way == CREATION_BY_ANOTHER ? "@other:harbor.example" : TARGET_USER, "content",
	    "type", way == CREATION_OF_A_SPACE ? "m.space" : "org.cairnpeer.channel");

	if (way == CREATION_BY_NOBODY)
		(void)json_object_del(event, "sender");
	if (way == CREATION_OF_NOTHING)
		(void)json_object_del(event, "content");
	return event;
}

static char *
spoil_creation(struct tamper *t, const json_t *truth)
{
	autojson json_t *told = json_deep_copy(truth), *event = creation(*(size_t *)t->cookie);
	const json_t *item;
	size_t i;

	json_array_foreach(told, i, item)
		if (!strcmp(json_str(item, "type"), "m.room.create"))
			(void)json_array_set(told, i, event);
	return json_dumps(told, JSON_COMPACT);
}

/* Who follows is asked in once: whatever is said of the directory's creation, what is published next is read. */
static void
test_directory_creation(void)
{
	struct host h;
	size_t way = 0;
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/state", .alter = spoil_creation, .sync = rotate, .cookie = &way };

	story_begin(&h, 88);
	follow(&h, TARGET, SOURCE);
	tamper_set(&t);
	for (int told = 0; way < CREATIONS; way++, told = t.told) {
		publish(&h, TARGET, way + 1);
		tamper_wait(&h, WAIT_MS);
		ok(t.told > told && shows(&h, SOURCE, way + 1), "a directory's creation told in way %zu: the next version is read", way);
	}
	tamper_end(&t);
	host_end(&h);
}

int
main(int argc, char **argv)
{
	if (argc < 2 || !strcmp(argv[1], "/device_signing/upload"))
		test_identity();
	if (argc < 2 || !strcmp(argv[1], "/sync?"))
		test_sync();
	if (argc < 2 || !strcmp(argv[1], "creation"))
		test_directory_creation();
	for (size_t i = 0; i < nelem(endpoints); i++)
		if (argc < 2 || !strcmp(argv[1], endpoints[i].part))
			test_endpoint(&endpoints[i]);
	return done_testing();
}
