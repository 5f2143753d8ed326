/* SPDX-License-Identifier: Apache-2.0 */
/* torture_kill: what goes wrong, and when. */
#include <string.h>

#include "base/canon.h"
#include "torture.h"

enum {
	TROUBLE = 5, LOST_SENDS = 10, STUCK = 2,	/* Of 100. */
	SLOW_MS = 3000, STUCK_MS = 150 * 1000, PAUSE_MS = 3000, DEAF_MS = 60 * 1000,
	STEPS_MAX = 40, COMMITS_MAX = 14, WITHIN_MAX = 60,
	HOUR_MS = 3600 * 1000, AWAY_HOURS = 25,
};

/*
 * Servers and network.
 */

static bool
in_channel(const struct torture *t, const char *path)
{
	const char *room;

	for (size_t k = 0; (room = hs_room(t->host.hs, "org.cairnpeer.channel", k)) != NULL; k++)
		if (strstr(path, room + 1) != NULL)
			return true;
	return false;
}

static enum hs_fate
trouble(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct torture *t = cookie;
	bool send = !strcmp(call->method, "PUT") && strstr(call->path, "/send/") != NULL;

	if (t->deaf)
		return send && in_channel(t, call->path) ? HS_LOSE : HS_SERVE;
	if (call->user == t->thief.user || torture_draw(t, 100) >= (send ? LOST_SENDS : TROUBLE))
		return HS_SERVE;
	t->troubles++;
	switch (send ? torture_draw(t, 2) : torture_draw(t, 4)) {
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
		*ret_body = json_pack("{s:s, s:s, s:i}", "errcode", "M_LIMIT_EXCEEDED", "error", "Too Many Requests",
		    "retry_after_ms", 1500);
		return HS_SAY;
	}
}

static int64_t
delay(void *cookie, const char *from, const char *to)
{
	(void)from, (void)to;
	/* Now and then much longer: a key arrives after what was said with the next one. */
	return (int64_t)torture_draw(cookie, torture_draw(cookie, 100) < STUCK ? STUCK_MS : SLOW_MS);
}

void
torture_trouble(struct torture *t, bool on)
{
	hs_script(t->host.hs, on ? &(struct hs_script){ .request = trouble, .delay = delay, .cookie = t } : NULL);
}

/*
 * Deaths.
 */

long
torture_kills(const struct torture *t)
{
	long n = t->moments + 2 * t->both + t->parents + 2 * t->days;

	for (size_t i = 0; i < HOST_KILLS; i++)
		n += t->killed[i];
	return n;
}

static void
count_deaths(struct torture *t)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		struct host_node *n = &t->host.node[i];

		if (n->crashed)
			t->killed[t->way[i]]++;
		n->crashed = false;
	}
}

/* Some things happen, and some time passes. */
static void
go_on(struct torture *t, size_t steps)
{
	struct host *h = &t->host;

	for (size_t i = 0; i < steps; i++) {
		int64_t next, most;

		if (host_step(h))
			continue;
		next = host_next(h);
		most = *h->now + 1 + (int64_t)torture_draw(t, PAUSE_MS);
		*h->now = next < most ? next : most;
	}
	count_deaths(t);
}

static void
arm(struct torture *t, size_t i)
{
	static const enum host_kill ways[] = { HOST_BEFORE_COMMIT, HOST_BEFORE_SEND, HOST_BEFORE_ANSWER, HOST_HALF_SENT,
	    HOST_WITHIN };
	size_t k = torture_draw(t, nelem(ways)), n = torture_draw(t, ways[k] == HOST_WITHIN ? WITHIN_MAX : COMMITS_MAX);

	if (t->host.node[i].armed != HOST_NEVER)
		return;
	t->way[i] = t->forget && torture_draw(t, 4) == 0 ? HOST_FORGOTTEN : ways[k];
	host_arm(&t->host, i, t->way[i], (long)n + 1);
}

/* Now, with what is in flight done by the servers or not. */
static void
kill_now(struct torture *t, size_t i)
{
	if (torture_draw(t, 2) == 0)
		host_calls_do(&t->host, i);
	host_kill(&t->host, i);
	t->host.node[i].armed = HOST_NEVER;
}

void
torture_disturb(struct torture *t)
{
	struct host *h = &t->host;
	size_t what = torture_draw(t, 100), i = torture_draw(t, 2);

	if (what < 62)
		arm(t, i);
	else if (what < 72) {
		kill_now(t, i);
		host_start(h, i);
		t->moments++;
	} else if (what < 78) {
		kill_now(t, SOURCE);
		kill_now(t, TARGET);
		host_start(h, i);
		host_start(h, 1 - i);
		t->both++;
	} else if (what < 90) {
		host_bridge(h, i, torture_draw(t, 2) == 0);
		t->bridges++;
	} else {
		/* The parent: its node and its bridge, and it takes a while until it is started again. */
		kill_now(t, i);
		go_on(t, torture_draw(t, STEPS_MAX));
		host_start(h, i);
		t->parents++;
	}
	count_deaths(t);
	for (size_t k = torture_draw(t, 3); k > 0; k--)
		torture_work(t);
	go_on(t, torture_draw(t, STEPS_MAX));
}

/* Is a message under way?  Then it may come twice (docs/adr/0012). */
static void
note_words(struct torture *t)
{
	for (size_t i = 0; i < t->host.n; i++)
		if (found_in(&t->host, i, "outbox", "purpose", "say") > 0)
			for (size_t k = 0; k < t->n_words; k++)
				t->word[k].twice |= t->word[k].from == i;
}

void
torture_day(struct torture *t)
{
	struct host *h = &t->host;

	for (size_t i = SOURCE; i <= TARGET; i++)
		host_arm(h, i, HOST_NEVER, 0);
	t->deaf = true;
	for (int k = 0; k < 3; k++) {
		host_run(h, DEAF_MS / 3);
		torture_work(t);
	}
	note_words(t);
	for (size_t i = SOURCE; i <= TARGET; i++)
		kill_now(t, i);
	*h->now += (int64_t)AWAY_HOURS * HOUR_MS;
	hs_forget(h->hs);
	for (size_t i = SOURCE; i <= TARGET; i++)
		host_start(h, i);
	t->deaf = false;
	t->days++;
}
