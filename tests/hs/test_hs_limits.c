/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A homeserver that is busy, broken or behind a proxy: each kind of answer that
 * decides nothing, for each kind of request, is tried again when it should be,
 * and the referral goes through once.  And a body that would fill the memory.
 */
#include <string.h>

#include "base/canon.h"
#include "base/heap.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

#define HTML	"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

/* As a node's; the homeservers of the test live in it too. */
enum { HEAP = 128 << 20, BOMB = 4 << 20 };

enum { TIMES = 2, TOLD_MS = 7000, LEAST_MS = 1000, SOON_MS = 4000, KEYS_MS = 300 * 1000 };

static const struct kind {
	const char	*what;
	int		 status, told;
	const char	*body;		/* NULL: JSON. */
} kinds[] = {
	{ "429 that says when",		429,	TOLD_MS,	NULL },
	{ "429 that does not",		429,	0,		NULL },
	{ "502 with JSON",		502,	0,		NULL },
	{ "503 with a page",		503,	0,		HTML },
	{ "200 with a page",		200,	0,		HTML },
};

enum { QUERY = 4, REQUESTS };

static const struct request {
	const char	*what, *part;
	int		 most;		/* Milliseconds until it is tried again, without being told. */
} requests[REQUESTS] = {
	{ "sync",	"/sync?",		SOON_MS },
	{ "event",	"/send/",		SOON_MS },
	{ "to-device",	"/sendToDevice/",	SOON_MS },
	{ "claim",	"/keys/claim",		KEYS_MS },
	{ "query",	"/keys/query",		KEYS_MS },	/* The first time at once, if a sync shows a change. */
};

struct trouble {
	struct host	*host;
	const struct kind *kind;
	int		 met[REQUESTS];
	int64_t		 last[REQUESTS];
	int64_t		 wait[REQUESTS][TIMES];	/* Until it was tried again; 0: it was not. */
};

static enum hs_fate
trouble(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct trouble *t = cookie;
	int64_t now = *t->host->now;
	size_t i = 0;

	while (i < REQUESTS && strstr(call->path, requests[i].part) == NULL)
		i++;
	if (i == REQUESTS || strcmp(call->user, SOURCE_USER) != 0)
		return HS_SERVE;
	if (t->met[i] > 0 && t->met[i] <= TIMES && t->wait[i][t->met[i] - 1] == 0)
		t->wait[i][t->met[i] - 1] = now - t->last[i];
	if (t->met[i] == TIMES)
		return HS_SERVE;
	t->met[i]++;
	t->last[i] = now;
	*ret_status = t->kind->status;
	if (t->kind->body != NULL)
		*ret_body = json_string(t->kind->body);
	else
		*ret_body = t->kind->told == 0 ? json_pack("{s:s}", "errcode", t->kind->status == 429 ?
		    "M_LIMIT_EXCEEDED" : "M_UNKNOWN") : json_pack("{s:s, s:i}", "errcode", "M_LIMIT_EXCEEDED",
		    "retry_after_ms", t->kind->told);
	return HS_SAY;
}

static bool
in_time(const struct trouble *t, size_t i)
{
	int64_t least = t->kind->told > 0 ? t->kind->told : LEAST_MS;
	int64_t most = t->kind->told > 0 ? t->kind->told + LEAST_MS : requests[i].most;
	bool good = t->met[i] == TIMES;

	for (int k = 0; k < TIMES; k++) {
		good &= (t->wait[i][k] >= least || (i == QUERY && k == 0 && t->kind->told == 0)) && t->wait[i][k] <= most;
		if (!good)
			printf("# %s: met %d, wait %d: %lld\n", requests[i].what, t->met[i], k, (long long)t->wait[i][k]);
	}
	return good;
}

static void
test_kind(const struct kind *kind)
{
	struct host h;
	struct referral_story s;
	struct trouble t = { .host = &h, .kind = kind };

	story_begin(&h, 81);
	story_trust(&h);
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "Hello.")));
	hs_script(h.hs, &(struct hs_script){ .request = trouble, .cookie = &t });
	host_run(&h, 600 * 1000);
	for (size_t i = 0; i < REQUESTS; i++)
		ok(in_time(&t, i), "%s, %s: tried again in time", kind->what, requests[i].what);
	is_int((int)found_in(&h, TARGET, "messages", "body", "Hello."), 1, "%s: the message arrives, once", kind->what);
	hs_script(h.hs, NULL);
	story_publish(&h);
	t = (struct trouble){ .host = &h, .kind = kind };
	hs_script(h.hs, &(struct hs_script){ .request = trouble, .cookie = &t });
	refer_begin(&h, &s);
	ok(refer_all(&h, &s), "%s: a referral gets through", kind->what);
	is_str(refer_verdict(&h, &s), NULL, "%s: exactly once", kind->what);
	host_end(&h);
}

/*
 * A sync that is small on the wire and huge in memory.
 */

struct bomb {
	const char	*text;
	int		 left;
	char		 since[2][64];	/* Of the request that met it, and of the next. */
	int		 n;
	pid_t		 pid;
};

static enum hs_fate
explode(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct bomb *b = cookie;
	const char *since = strstr(call->path, "since=");

	if (strcmp(call->user, SOURCE_USER) != 0 || strstr(call->path, "/sync?") == NULL)
		return HS_SERVE;
	if (b->n < (int)nelem(b->since))
		(void)snprintf(b->since[b->n++], sizeof(b->since[0]), "%.*s", since != NULL ? (int)strcspn(since, "&") : 0,
		    since != NULL ? since : "");
	if (b->left == 0)
		return HS_SERVE;
	b->left--;
	*ret_status = 200;
	*ret_body = json_string(b->text);
	return HS_SAY;
}

/* Taken as it stands, it would be a good answer. */
static char *
bomb_text(void)
{
	char *text = malloc(BOMB + 100), *at = text;

	if (text == NULL)
		abort();
	at += sprintf(at, "{\"next_batch\":\"s0_0\",\"x\":[{}");
	while (at - text < BOMB) {
		memcpy(at, ",{}", 3);
		at += 3;
	}
	memcpy(at, "]}", 3);
	return text;
}

static void
test_bomb(void)
{
	struct host h;
	autofree char *text = bomb_text();
	struct bomb b = { .text = text, .left = 1 };
	unsigned starts;
	size_t most;

	story_begin(&h, 82);
	starts = h.node[SOURCE].starts;
	b.pid = h.node[SOURCE].pid;
	hs_script(h.hs, &(struct hs_script){ .request = explode, .cookie = &b });
	host_run(&h, 120 * 1000);
	ok(b.left == 0 && b.n == 2 && *b.since[0] != '\0' && !strcmp(b.since[0], b.since[1]),
	    "4 MiB that would be huge in memory: the same sync is asked for again");
	ok(h.node[SOURCE].starts == starts && h.node[SOURCE].pid == b.pid, "the node lives");
	json_decref(host_ok(&h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", "Hello.")));
	host_run(&h, 20 * 1000);
	is_int((int)found_in(&h, SOURCE, "messages", "body", "Hello."), 1, "and reads what comes next");
	(void)heap_used(&most);
	(void)ok(most < HEAP / 2, "the homeservers themselves took little of it");
	host_end(&h);
}

int
main(void)
{
	/* Before any JSON: the nodes, its children, count what it had. */
	if (heap_limit(HEAP) != 0)
		return EXIT_FAILURE;
	test_bomb();
	for (size_t i = 0; i < nelem(kinds); i++)
		test_kind(&kinds[i]);
	return done_testing();
}
