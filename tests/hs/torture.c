/* SPDX-License-Identifier: Apache-2.0 */
/* torture: the world, and what its people do. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "story_refer.h"
#include "torture.h"

enum { BOTH = 3, STEP_MS = 5000, STEPS = 600, HOUR_MS = 3600 * 1000, QUIET_HOURS = 8 };

size_t
torture_draw(struct torture *t, size_t n)
{
	t->dice ^= t->dice << 13;
	t->dice ^= t->dice >> 7;
	t->dice ^= t->dice << 17;
	return (size_t)(t->dice % n);
}

/*
 * The operator.  A command whose reply was lost may have been done: the operator looks.
 */

/* Asked until it is answered: for what only looks. */
static json_t *
look(struct torture *t, size_t i, const char *verb, json_t *args)
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

static json_t *
listed(struct torture *t, size_t i, const char *what)
{
	autojson json_t *result = look(t, i, "list", json_pack("{s:s}", "what", what));

	return json_incref(json_object_get(result, "items"));
}

/* 1: done; 0: refused; -1: nobody knows. */
static int
order(struct torture *t, size_t i, const char *verb, json_t *args, json_t **ret)
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

	while (order(t, i, "import", json_pack("{s:O}", "records", records), NULL) < 0)
		continue;
	while (order(t, i, "publish", json_object(), NULL) < 0)
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
 * Referrals.
 */

static bool
known(const struct torture *t, const char *id)
{
	for (size_t k = 0; k < t->n_referrals; k++)
		if (!strcmp(t->referral[k].id, id))
			return true;
	return false;
}

static void
accepted(struct torture *t, size_t source, const char *id)
{
	struct torture_referral *r = &t->referral[t->n_referrals++];

	/* One in two goes straight to its end. */
	*r = (struct torture_referral){ .source = source,
	    .fate = torture_draw(t, 2) == 0 ? TORTURE_THROUGH : 1 + (enum torture_fate)torture_draw(t, TORTURE_FATES - 1) };
	(void)snprintf(r->id, sizeof(r->id), "%s", id);
	(void)snprintf(r->decided, sizeof(r->decided), "send");
}

static void
refer(struct torture *t, size_t source)
{
	struct referral_story s = { 0 };
	autojson json_t *result = NULL, *items = NULL;
	const json_t *item;
	size_t k;
	int r;

	if (t->n_referrals == TORTURE_REFERRALS)
		return;
	memcpy(s.specialist, t->specialist[1 - source], sizeof(s.specialist));
	r = order(t, source, "refer", refer_args(&t->host, &s, STORY_REFER), &result);
	if (r > 0)
		accepted(t, source, json_str(result, "referral"));
	if (r >= 0)
		return;
	items = listed(t, source, "referrals");
	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "direction"), "out") && !known(t, json_str(item, "id")))
			accepted(t, source, json_str(item, "id"));
}

/* The next word about a referral that is in that state where it is to be said. */
enum { ALL = -1, PASS = 1 << TORTURE_THROUGH, LATER = 1 << TORTURE_WAIT, NO = 1 << TORTURE_DECLINE, BACK = 1 << TORTURE_WITHDRAW,
    ON = 1 << TORTURE_FORWARD };
static const struct move {
	const char	*state, *verb, *input;
	bool		 target;	/* Its turn, else the source's. */
	int		 fates;		/* Whose it is: a bit each. */
	int		 consented;	/* -1: does not matter. */
} moves[] = {
	{ "received",	"answer",	"accept",	true,	PASS,		-1 },
	{ "received",	"answer",	"decline",	true,	NO,		-1 },
	{ "received",	"forward",	"forward",	true,	ON,		-1 },
	{ "received",	"answer",	"waitlist",	true,	LATER | BACK,	-1 },
	{ "waitlisted",	"answer",	"accept",	true,	LATER,		-1 },
	{ "waitlisted",	"withdraw",	"withdraw",	false,	BACK,		-1 },
	{ "accepted",	"consent",	"consent",	false,	ALL,		0 },
	{ "accepted",	"outcome",	"engage",	true,	ALL,		1 },
	{ "engaged",	"outcome",	"close",	true,	ALL,		1 },
};

static json_t *
arguments(struct torture *t, const struct torture_referral *r, const struct move *m)
{
	if (!strcmp(m->input, "consent")) {
		json_t *form = look(t, r->source, "consent", json_pack("{s:s, s:b}", "referral", r->id, "template", 1));

		return form != NULL ? refer_fill(form, r->id) : NULL;
	}
	if (!strcmp(m->input, "accept") || !strcmp(m->input, "waitlist"))
		return json_pack("{s:s, s:s}", "referral", r->id, "decision", m->input);
	if (!strcmp(m->input, "withdraw"))
		return json_pack("{s:s}", "id", r->id);
	if (!strcmp(m->input, "forward"))
		return json_pack("{s:s, s:s}", "referral", r->id, "to", t->specialist[r->source]);
	if (!strcmp(m->input, "decline"))
		return json_pack("{s:s, s:s, s:s}", "referral", r->id, "decision", "decline", "reason", "no_capacity");
	if (!strcmp(m->input, "engage"))
		return json_pack("{s:s, s:s}", "referral", r->id, "stage", "first_contact");
	return json_pack("{s:s, s:s, s:s}", "referral", r->id, "stage", "closed", "outcome", "got_help");
}

/* Did ${i} record that input for it? */
static bool
recorded(struct torture *t, size_t i, const char *id, const char *input)
{
	autojson json_t *shown = look(t, i, "show", json_pack("{s:s}", "id", id));
	const json_t *line;
	size_t k;

	json_array_foreach(json_arr(shown, "history"), k, line)
		if (!strcmp(json_str(line, "input"), input))
			return true;
	return false;
}

static void
move(struct torture *t, struct torture_referral *r, const struct move *m)
{
	size_t who = m->target ? 1 - r->source : r->source;
	json_t *args = arguments(t, r, m);
	int done = args == NULL ? 0 : order(t, who, m->verb, args, NULL);

	if (done > 0 || (done < 0 && recorded(t, who, r->id, m->input)))
		(void)snprintf(r->decided, sizeof(r->decided), "%s", m->input);
}

static struct torture_referral *
find(struct torture *t, const char *id)
{
	for (size_t k = 0; k < t->n_referrals; k++)
		if (!strcmp(t->referral[k].id, id))
			return &t->referral[k];
	return NULL;
}

static bool
goes_on(const json_t *item)
{
	static const char *const over[] = { "closed", "ended", "forwarded" };

	for (size_t k = 0; k < nelem(over); k++)
		if (!strcmp(json_str(item, "state"), over[k]))
			return false;
	return true;
}

/* Is this move the next of the referral, as node ${i} lists it? */
static bool
is_next(const struct torture_referral *r, const struct move *m, size_t i, const json_t *item)
{
	bool consented = json_is_true(json_object_get(item, "consented"));

	return !strcmp(json_str(item, "state"), m->state) && (m->target ? 1 - r->source : r->source) == i &&
	    (m->consented < 0 || m->consented == consented) && (m->fates & 1 << r->fate) != 0;
}

/* Node ${i} does what is its turn in up to ${n} of its referrals; how many still go on. */
static size_t
attend(struct torture *t, size_t i, size_t n)
{
	autojson json_t *items = listed(t, i, "referrals");
	size_t open = 0, count = json_array_size(items), first = count > 0 ? torture_draw(t, count) : 0;

	for (size_t k = 0; k < count; k++) {
		const json_t *item = json_array_get(items, (first + k) % count);
		struct torture_referral *r = find(t, json_str(item, "id"));

		open += goes_on(item);
		for (size_t m = 0; r != NULL && n > 0 && m < nelem(moves); m++)
			if (is_next(r, &moves[m], i, item)) {
				move(t, r, &moves[m]);
				n--;
				break;
			}
	}
	return open;
}

/*
 * Words between the member and the nodes.
 */

static bool
said(struct torture *t, size_t i, const char *text)
{
	autojson json_t *items = listed(t, i, "messages");
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
	r = order(t, w->from, "say", json_pack("{s:s, s:s}", "user", t->host.node[w->to].user, "text", w->text), NULL);
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

	if (what < 25) {
		autojson json_t *items = listed(t, i, "referrals");
		const json_t *item;
		size_t k, open = 0;

		json_array_foreach(items, k, item)
			open += !strcmp(json_str(item, "direction"), "out") && goes_on(item);
		if (open < TORTURE_OPEN)
			refer(t, i);
	} else if (what < 75)
		(void)attend(t, i, 1 + torture_draw(t, 4));
	else if (what < 90)
		say(t);
	else if (what < 96)
		claim(t);
	else
		change_record(t);
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
			open += attend(t, i, TORTURE_REFERRALS);
	}
	/* Then until nothing is to be sent, and what was never acknowledged would have gone once more. */
	for (int k = 0; k < QUIET_HOURS && left > 0; k++) {
		host_run(h, k == 0 ? HOUR_MS / 4 : HOUR_MS);
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
	host_close(&t->host);
}
