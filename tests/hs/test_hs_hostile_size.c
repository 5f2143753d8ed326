/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are small on the wire and huge as trees, in each place of a /sync; a
 * hundred such messages of a stranger; and a sync that is too much however few events
 * are asked for.  The node's memory stays bounded, and it comes to what is next.
 */
#include <string.h>

#include "base/canon.h"
#include "base/heap.h"
#include "hostile.h"
#include "story.h"
#include "tamper.h"
#include "tests/tap.h"

/* As in node/node.c.  What a process may have besides: bodies, copies, the program, the sanitizer. */
enum { HEAP = 256 << 20, WIRE = 8 << 20, WAIT_MS = 400 * 1000, TODEVICE = 100, CONTENT = 65000 };
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
enum { MEMORY_MAX = 1600 * 1024 };	/* KiB; each of the million small blocks is twice as large. */
#else
enum { MEMORY_MAX = 340 * 1024 };
#endif

const char	*__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

static void
say(struct host *h, size_t i, const char *user, const char *text)
{
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", user, "text", text)));
}

static char *
repeat(const char *head, const char *first, const char *piece, size_t bytes, const char *tail)
{
	size_t n = strlen(piece), times = bytes / n;
	char *text = malloc(strlen(head) + strlen(first) + times * n + strlen(tail) + 1), *at = text;

	if (text == NULL)
		abort();
	at = stpcpy(stpcpy(at, head), first);
	for (; times > 0; times--, at += n)
		memcpy(at, piece, n);
	(void)strcpy(at, tail);
	return text;
}

/*
 * Each place.
 */

static const char *const wide[][3] = {
	{ "[{}", ",{}", "]" }, { "[[]", ",[]", "]" }, { "[0", ",0", "]" }, { "[\"\"", ",\"\"", "]" },
};

/* Where in a good answer; what stands there instead of the piece. */
static const char *const places[][2] = {
	{ "{\"next_batch\":\"TOKEN\",\"x\":", "}" },
	{ "{\"next_batch\":\"TOKEN\",\"to_device\":{\"events\":", "}}" },
	{ "{\"next_batch\":\"TOKEN\",\"to_device\":{\"events\":[{\"type\":\"m.room.encrypted\",\"sender\":\"@a:b.example\",\"content\":{\"algorithm\":\"m.olm.v1.curve25519-aes-sha2\",\"ciphertext\":", "}}]}}" },
	{ "{\"next_batch\":\"TOKEN\",\"to_device\":{\"events\":[{\"type\":\"m.room.encrypted\",\"sender\":\"@a:b.example\",\"content\":", "}]}}" },
	{ "{\"next_batch\":\"TOKEN\",\"device_lists\":{\"changed\":", "}}" },
	{ "{\"next_batch\":\"TOKEN\",\"rooms\":{\"join\":{\"ROOM\":{\"timeline\":{\"events\":", "}}}}}" },
	{ "{\"next_batch\":\"TOKEN\",\"rooms\":{\"join\":{\"ROOM\":{\"timeline\":{\"events\":[{\"type\":\"m.room.encrypted\",\"event_id\":\"$x\",\"sender\":\"" TARGET_USER "\",\"content\":{\"algorithm\":\"m.megolm.v1.aes-sha2\",\"session_id\":\"x\",\"x\":", "}}]}}}}}" },
	{ "{\"next_batch\":\"TOKEN\",\"rooms\":{\"join\":{\"ROOM\":{\"timeline\":{\"events\":[{\"type\":\"m.room.encrypted\",\"event_id\":\"$y\",\"sender\":\"" TARGET_USER "\",\"unsigned\":", "}]}}}}}" },
	{ "{\"next_batch\":\"TOKEN\",\"rooms\":{\"join\":{\"ROOM\":{\"state\":{\"events\":[{\"type\":\"m.room.create\",\"state_key\":\"\",\"sender\":\"" TARGET_USER "\",\"content\":", "}]}}}}}" },
	{ "{\"next_batch\":\"TOKEN\",\"rooms\":{\"invite\":{\"!x:b.example\":{\"invite_state\":{\"events\":[{\"type\":\"m.room.member\",\"state_key\":\"" SOURCE_USER "\",\"sender\":\"" TARGET_USER "\",\"content\":{\"membership\":\"invite\",\"is_direct\":true,\"x\":", "}}]}}}}}" },
};

enum { SHAPES = nelem(wide), PLACES = nelem(places) };

/* Just so much that it is taken, everywhere; and all that the wire allows, in each shape. */
enum { TAKEN = 2200 * 1000, FLOODS = PLACES + SHAPES };

struct flood {
	size_t	 n;
	bool	 asked;
	size_t	 stuck;			/* Answers after which it asked from a token that nobody gave. */
	char	 room[128], next[64], since[64];
};

static char *
filled(const char *text, const struct flood *f)
{
	const char *token = strstr(text, "TOKEN"), *room = strstr(text, "ROOM");
	char *out;

	if (asprintf(&out, "%.*s%s%.*s%s%s", (int)(token - text), text, f->next, room != NULL ?
	    (int)(room - token - 5) : (int)strlen(token + 5), token + 5, room != NULL ? f->room : "",
	    room != NULL ? room + 4 : "") < 0)
		abort();
	return out;
}

static char *
flood(struct tamper *t, const json_t *truth)
{
	struct flood *f = t->cookie;
	const char *const *shape = wide[f->n < PLACES ? 0 : f->n - PLACES], *const *place = places[f->n < PLACES ? f->n :
	    (f->n - PLACES) % PLACES];
	size_t bytes = f->n < PLACES ? TAKEN : WIRE - 1000;
	autofree char *head = NULL, *tail = NULL;
	char since[64];

	tamper_since(t, since, sizeof(since));
	f->stuck += f->asked && strcmp(since, f->next) != 0 && strcmp(since, f->since) != 0;
	if (f->asked || f->n == FLOODS) {
		f->asked = false;
		return NULL;
	}
	f->asked = true;
	(void)snprintf(f->since, sizeof(f->since), "%s", since);
	(void)snprintf(f->next, sizeof(f->next), "%s", json_str(truth, "next_batch"));
	head = filled(place[0], f);
	if (asprintf(&tail, "%s%s", shape[2], place[1]) < 0)
		abort();
	f->n++;
	return repeat(head, shape[0], shape[1], bytes, tail);
}

static void
test_places(void)
{
	struct host h;
	struct flood f = { 0 };
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/sync?", .alter = flood, .cookie = &f };
	unsigned starts;

	story_begin(&h, 87);
	say(&h, TARGET, SOURCE_USER, "Hello.");
	host_run(&h, 20000);
	starts = h.node[SOURCE].starts;
	(void)snprintf(f.room, sizeof(f.room), "%s", hs_room(h.hs, NULL, 0));
	tamper_set(&t);
	for (int i = 0; i < 1000 && (f.n < FLOODS || f.asked); i++)
		tamper_wait(&h, WAIT_MS);
	ok(f.n == FLOODS && f.stuck == 0, "%zu syncs: 2 MiB in %d places, 8 MiB in %d shapes: asked on each time",
	    f.n, PLACES, SHAPES);
	ok(h.node[SOURCE].starts == starts, "the node lives");
	ok(hostile_memory(&h, SOURCE) < MEMORY_MAX, "in bounded memory: at most %ld MiB", hostile_memory(&h, SOURCE) / 1024);
	tamper_end(&t);
	say(&h, TARGET, SOURCE_USER, "At last.");
	host_run(&h, 600 * 1000);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "At last."), 1, "and reads what comes next");
	host_end(&h);
}

/*
 * What any account of any server can do: to-device messages, as many and as large as servers take.
 */

static char *
strangers(struct tamper *t, const json_t *truth)
{
	const json_t *event;
	autojson json_t *mine = json_deep_copy(truth);
	autofree char *huge = repeat("", "[{}", ",{}", CONTENT, "]"), *text = NULL, *all = NULL;
	int *left = t->cookie;
	char *out, *mark;
	size_t i, n = 0;

	json_array_foreach(json_arr(json_obj(truth, "to_device"), "events"), i, event)
		n += !strcmp(json_str(event, "type"), "m.room.encrypted");
	if (n == 0 || *left == 0)
		return NULL;
	--*left;
	all = repeat("", "", "{\"type\":\"m.x\",\"sender\":\"@eve:evil.example\",\"content\":{\"x\":0}},", 63 * TODEVICE, "");
	text = json_dumps(mine, JSON_COMPACT);
	mark = strstr(text, "\"to_device\":{\"events\":[");
	if ((out = malloc(strlen(text) + TODEVICE * (strlen(huge) + 80))) == NULL || mark == NULL)
		abort();
	mark += strlen("\"to_device\":{\"events\":[");
	memcpy(out, text, (size_t)(mark - text));
	out[mark - text] = '\0';
	for (char *at = out + (mark - text), *k = NULL; at != NULL; at = k) {
		for (int e = 0; e < TODEVICE; e++)
			at += sprintf(at, "{\"type\":\"m.x\",\"sender\":\"@eve:evil.example\",\"content\":{\"x\":%s}},", huge);
		(void)strcpy(at, mark);
	}
	return out;
}

static void
test_strangers(void)
{
	struct host h;
	int left = 30;
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/sync?", .alter = strangers, .cookie = &left };

	story_begin(&h, 88);
	tamper_set(&t);
	say(&h, TARGET, SOURCE_USER, "Hello.");
	for (int i = 0; i < 20; i++)
		tamper_wait(&h, WAIT_MS);
	ok(t.told == 1, "%d messages of a stranger, 6.5 MiB that would be half a gigabyte: the sync is taken at once (%d)",
	    TODEVICE, t.told);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "Hello."), 1, "and what else it brings");
	ok(hostile_memory(&h, SOURCE) < MEMORY_MAX, "in bounded memory: at most %ld MiB", hostile_memory(&h, SOURCE) / 1024);
	tamper_end(&t);
	host_end(&h);
}

/*
 * A room with so many members that its state alone is too much.
 */

struct crowd {
	int64_t	 begin, end;
	int	 lazy;
};

static char *
crowded(struct tamper *t, const json_t *truth)
{
	struct crowd *c = t->cookie;

	if (!tamper_news(truth) || strstr(t->path, "lazy_load_members%22%3Atrue") != NULL) {
		c->lazy += tamper_news(truth);
		c->end = tamper_news(truth) ? *t->host->now : c->end;
		return NULL;
	}
	c->begin = c->begin == 0 ? *t->host->now : c->begin;
	return repeat("{\"next_batch\":\"s0_0\",\"x\":", "[{}", ",{}", WIRE - 1000, "]}");
}

static void
test_crowd(void)
{
	struct host h;
	struct crowd c = { 0 };
	struct tamper t = { .host = &h, .who = SOURCE, .part = "/sync?", .alter = crowded, .cookie = &c };

	story_begin(&h, 89);
	say(&h, TARGET, SOURCE_USER, "Hello.");
	host_run(&h, 20000);
	tamper_set(&t);
	tamper_wait(&h, WAIT_MS);	/* The one that is waiting is answered. */
	say(&h, TARGET, SOURCE_USER, "Again.");
	for (int i = 0; i < 400 && c.lazy == 0; i++)
		tamper_wait(&h, 5000);
	ok(c.lazy == 1 && c.end - c.begin < 120 * 1000, "a room of too many members: in %lld s the sync does without them",
	    (long long)(c.end - c.begin) / 1000);
	tamper_end(&t);
	host_run(&h, 600 * 1000);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "Again."), 1, "and what it brings is read");
	host_end(&h);
}

int
main(void)
{
	/* Before any JSON: the nodes, its children, count what it had. */
	if (heap_limit(HEAP) != 0)
		return EXIT_FAILURE;
	test_places();
	test_strangers();
	test_crowd();
	return done_testing();
}
