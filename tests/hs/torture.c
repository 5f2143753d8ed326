/* SPDX-License-Identifier: Apache-2.0 */
/* torture: the world, and what its people do but for referrals. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "story_refer.h"
#include "torture.h"

/* What has left and was never acknowledged goes again after an hour. */
enum { BOTH = 3, STEP_MS = 5000, STEPS = 1200, HOUR_MS = 3600 * 1000, QUIET_HOURS = 8 };

size_t
torture_draw(struct torture *t, size_t n)
{
	t->dice ^= t->dice << 13;
	t->dice ^= t->dice >> 7;
	t->dice ^= t->dice << 17;
	return (size_t)(t->dice % n);
}

/*
 * The operator.
 */

json_t *
torture_look(struct torture *t, size_t i, const char *verb, json_t *args)
{
	json_t *result = NULL;

	while (result == NULL) {
		autojson json_t *reply = host_command(&t->host, i, verb, json_deep_copy(args));

		if (reply != NULL && !json_is_true(json_object_get(reply, "ok")))
			break;
		result = json_incref(json_object_get(reply, "result"));
	}
	json_decref(args);
	return result;
}

json_t *
torture_listed(struct torture *t, size_t i, const char *what)
{
	autojson json_t *result = torture_look(t, i, "list", json_pack("{s:s}", "what", what));

	return json_incref(json_object_get(result, "items"));
}

int
torture_order(struct torture *t, size_t i, const char *verb, json_t *args, json_t **ret)
{
	autojson json_t *reply = host_command(&t->host, i, verb, args);

	if (reply == NULL)
		return -1;
	if (!json_is_true(json_object_get(reply, "ok")))
		return 0;
	if (ret != NULL)
		*ret = json_incref(json_object_get(reply, "result"));
	return 1;
}

static json_t *
specialist(const struct torture *t, size_t i)
{
	json_t *records = story_records(*t->host.now), *body = json_obj(json_array_get(records, 1), "body");

	(void)json_object_set_new(json_obj(body, "capacity"), "open", json_integer(t->open[i]));
	return records;
}

/* What an import says twice changes nothing: it is repeated until it is known to be done. */
static void
publish(struct torture *t, size_t i)
{
	autojson json_t *records = specialist(t, i);

	while (torture_order(t, i, "import", json_pack("{s:O}", "records", records), NULL) < 0)
		continue;
	while (torture_order(t, i, "publish", json_object(), NULL) < 0)
		continue;
	t->publishes++;
}

static void
change_record(struct torture *t)
{
	size_t i = torture_draw(t, 2);

	t->open[i] = t->open[i] % 90 + 1;
	publish(t, i);
}

/*
 * Words between the member and the nodes.
 */

static bool
said(struct torture *t, size_t i, const char *text)
{
	autojson json_t *items = torture_listed(t, i, "messages");
	const json_t *item;
	size_t k;

	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "direction"), "out") && !strcmp(json_str(item, "body"), text))
			return true;
	return false;
}

static void
say(struct torture *t)
{
	struct torture_word *w = &t->word[t->n_words];
	size_t node = torture_draw(t, 2);
	bool member = t->n_words < 2 || torture_draw(t, 2) == 0;
	int r;

	if (t->n_words == TORTURE_WORDS)
		return;
	*w = (struct torture_word){ .from = member ? (size_t)MEMBER : node, .to = member ? node : (size_t)MEMBER };
	(void)snprintf(w->text, sizeof(w->text), "word %zu of %zu", t->n_words, w->from);
	r = torture_order(t, w->from, "say", json_pack("{s:s, s:s}", "user", t->host.node[w->to].user, "text", w->text), NULL);
	t->n_words += r > 0 || (r < 0 && said(t, w->from, w->text));
}

/* Somebody opens chats with a node that nobody will use. */
static void
claim(struct torture *t)
{
	const char *user = t->host.node[torture_draw(t, 2)].user;
	autojson json_t *devices = NULL, *answer = NULL;
	const char *device;
	json_t *keys;

	devices = client_call(&t->thief, "POST", "keys/query", json_pack("{s:{s:[]}}", "device_keys", user));
	json_object_foreach(json_obj(json_obj(devices, "device_keys"), user), device, keys) {
		answer = client_call(&t->thief, "POST", "keys/claim", json_pack("{s:{s:{s:s}}}", "one_time_keys", user,
		    device, "signed_curve25519"));
		t->claims++;
		break;
	}
}

void
torture_work(struct torture *t)
{
	size_t what = torture_draw(t, 100), i = torture_draw(t, 2);

	if (what < 25)
		torture_refer(t, i);
	else if (what < 72)
		(void)torture_attend(t, i, 1 + torture_draw(t, 4));
	else if (what < 77)
		torture_staff(t, i);
	else if (what < 90)
		say(t);
	else if (what < 96)
		claim(t);
	else
		change_record(t);
}

/*
 * Matches.
 */

static struct torture_match *
find_match(struct torture *t, const char *id)
{
	for (size_t k = 0; k < t->n_matches; k++)
		if (!strcmp(t->match[k].id, id))
			return &t->match[k];
	return NULL;
}

static void
made(struct torture *t, size_t i, const char *id)
{
	struct torture_match *m = &t->match[t->n_matches++];

	*m = (struct torture_match){ .node = i, .state = "offered" };
	(void)snprintf(m->id, sizeof(m->id), "%s", id);
}

static void
make_match(struct torture *t, size_t i)
{
	autojson json_t *result = NULL, *items = NULL;
	const json_t *item;
	size_t k;
	int r = torture_order(t, i, "match", json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", "26_59"), &result);

	if (r > 0)
		made(t, i, json_str(result, "match"));
	items = r < 0 ? torture_listed(t, i, "matches") : NULL;
	json_array_foreach(items, k, item)
		if (find_match(t, json_str(item, "id")) == NULL)
			made(t, i, json_str(item, "id"));
}

static bool
is_match(struct torture *t, const struct torture_match *m, const char *state)
{
	autojson json_t *items = torture_listed(t, m->node, "matches");
	const json_t *item;
	size_t k;

	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "id"), m->id))
			return !strcmp(json_str(item, "state"), state);
	return false;
}

/* The member chooses our partner's specialist, and they go apart. */
static void
go_with(struct torture *t, struct torture_match *m)
{
	bool offered = !strcmp(m->state, "offered");
	const char *next = offered ? "active" : "ended";
	int r = torture_order(t, m->node, offered ? "match accept" : "match end", json_pack("{s:s, s:s*}", "match", m->id, "record",
	    offered ? t->specialist[1 - m->node] : NULL), NULL);

	if (r > 0 || (r < 0 && is_match(t, m, next)))
		m->state = next;
}

void
torture_staff(struct torture *t, size_t i)
{
	struct torture_match *open = NULL;

	for (size_t k = 0; k < t->n_matches && open == NULL; k++)
		if (t->match[k].node == i && strcmp(t->match[k].state, "ended") != 0)
			open = &t->match[k];
	if (open != NULL && torture_draw(t, 3) > 0)
		go_with(t, open);
	else if (t->n_matches < TORTURE_MATCHES)
		make_match(t, i);
}

/* Undisturbed: one step that is not possible ends nothing for ever. */
void
torture_goodbye(struct torture *t)
{
	for (size_t k = 0; k < t->n_matches; k++)
		for (int steps = 0; steps < 2 && strcmp(t->match[k].state, "ended") != 0; steps++)
			go_with(t, &t->match[k]);
}

/*
 * The beginning and the end.
 */

static char *
org_of(struct host *h, size_t i)
{
	autojson json_t *shown = host_ok(h, i, "show", json_pack("{s:s}", "id", "node"));

	return strdup(json_str(shown, "org"));
}

void
torture_begin(struct torture *t, uint64_t seed)
{
	struct host *h = &t->host;
	autojson json_t *list = NULL;

	*t = (struct torture){ .dice = seed * 0x9E3779B97F4A7C15 + 1, .open = { 3, 3 } };
	if (t->dice == 0)
		t->dice = 1;
	for (int i = 0; i < 20; i++)
		(void)torture_draw(t, 1);	/* So that neighbouring seeds part. */
	/* So that also a short run goes all ways. */
	t->dealt[SOURCE] = torture_draw(t, TORTURE_FATES);
	t->dealt[TARGET] = t->dealt[SOURCE] + TORTURE_FATES / 2;
	story_begin(h, seed);
	(void)story_add(h, "jo", "member.example");
	list = story_trust_list(h, 1, BOTH, STORY_LIFE);
	for (size_t i = SOURCE; i <= TARGET; i++) {
		json_decref(host_ok(h, i, "import_trust", json_pack("{s:O}", "document", list)));
		publish(t, i);
	}
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autofree char *org = org_of(h, 1 - i);

		(void)snprintf(t->org[1 - i], sizeof(t->org[1 - i]), "%s", org);
		json_decref(host_ok(h, i, "follow", json_pack("{s:s}", "org", org)));
	}
	host_run(h, 20000);
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *found = host_ok(h, i, "find", json_pack("{s:s}", "kind", "specialist"));
		const char *id = json_str(json_array_get(json_arr(found, "records"), 0), "id");

		if (id == NULL)
			host_fail(h, "a directory did not arrive");
		(void)snprintf(t->specialist[1 - i], sizeof(t->specialist[1 - i]), "%s", id);
	}
	client_login(&t->thief, h, "@eve:evil.example");
}

void
torture_finish(struct torture *t)
{
	struct host *h = &t->host;
	size_t open = 1, left = 1;

	for (int k = 0; k < STEPS && open > 0; k++) {
		host_run(h, STEP_MS);
		open = 0;
		for (size_t i = SOURCE; i <= TARGET; i++)
			open += torture_attend(t, i, TORTURE_REFERRALS);
	}
	torture_goodbye(t);
	/* Then until nothing is to be sent, and what was never acknowledged would have gone once more. */
	for (int k = 0; k < QUIET_HOURS && left > 0; k++) {
		host_run(h, k == 0 ? HOUR_MS * 5 / 4 : HOUR_MS);
		left = 0;
		for (size_t i = 0; i < h->n; i++)
			left += story_count(h, i, "outbox");
	}
}

void
torture_end(struct torture *t)
{
	for (size_t i = 0; i < t->host.n; i++)
		if (t->host.node[i].pid != 0)
			host_stop(&t->host, i);
	json_decref(t->seen);
	host_close(&t->host);
}
