/* SPDX-License-Identifier: Apache-2.0 */
/* torture_refer: what staff do about referrals. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "story_refer.h"
#include "torture.h"

enum { LASTS_MS = 20 * 1000, LASTS_LONGER_MS = 180 * 1000 /* A consent of TORTURE_LAPSE. */, CASE_ONE_IN = 3 };

static struct torture_referral *
find(struct torture *t, const char *id)
{
	for (size_t k = 0; k < t->n_referrals; k++)
		if (!strcmp(t->referral[k].id, id))
			return &t->referral[k];
	return NULL;
}

/*
 * One more.
 */

/* One in two goes straight to its end, the others by turns in all other ways; a child does not go on as another. */
static enum torture_fate
deal(struct torture *t, size_t source, const struct torture_referral *parent)
{
	if (parent != NULL || torture_draw(t, 2) == 0)
		return TORTURE_THROUGH;
	return 1 + (enum torture_fate)(t->dealt[source]++ % (TORTURE_FATES - 1));
}

static void
accepted(struct torture *t, size_t source, const char *id, struct torture_referral *parent, const char *of)
{
	struct torture_referral *r = &t->referral[t->n_referrals++];

	*r = (struct torture_referral){ .source = source, .fate = deal(t, source, parent) };
	(void)snprintf(r->id, sizeof(r->id), "%s", id);
	(void)snprintf(r->decided, sizeof(r->decided), "send");
	(void)snprintf(r->of, sizeof(r->of), "%s", of);
	(void)snprintf(r->part_of, sizeof(r->part_of), "%s", parent != NULL ? parent->id : "");
	if (parent != NULL)
		parent->forked = true;
}

static bool
is_case(const struct torture *t, size_t i, const char *id)
{
	for (size_t k = 0; k < t->n_cases[i]; k++)
		if (!strcmp(t->cases[i][k], id))
			return true;
	return false;
}

/* Somebody calls who has no Matrix: the id of their case, or "". */
static const char *
open_case(struct torture *t, size_t i)
{
	char *id = t->cases[i][t->n_cases[i]];
	autojson json_t *result = NULL, *items = NULL;
	const json_t *item;
	size_t k;
	int r;

	if (t->n_cases[i] == TORTURE_CASES)
		return "";
	*id = '\0';
	r = torture_order(t, i, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Kim", "phone", "+15550100",
	    "leave_message", 0), &result);
	if (r > 0)
		(void)snprintf(id, sizeof(t->cases[i][0]), "%s", json_str(result, "case"));
	items = r < 0 ? torture_listed(t, i, "cases") : NULL;
	json_array_foreach(items, k, item)
		if (!is_case(t, i, json_str(item, "id")))
			(void)snprintf(id, sizeof(t->cases[i][0]), "%s", json_str(item, "id"));
	t->n_cases[i] += *id != '\0';
	return id;
}

static void
refer(struct torture *t, size_t source, struct torture_referral *parent)
{
	const char *of = parent != NULL ? parent->of : torture_draw(t, CASE_ONE_IN) == 0 ? open_case(t, source) : "";
	struct referral_story s = { 0 };
	autojson json_t *result = NULL, *items = NULL;
	const json_t *item;
	json_t *args;
	size_t k;
	int r;

	if (t->n_referrals == TORTURE_REFERRALS)
		return;
	memcpy(s.specialist, t->specialist[1 - source], sizeof(s.specialist));
	args = refer_args(&t->host, &s, STORY_REFER);
	if (*of != '\0' && parent == NULL)
		(void)json_object_set_new(args, "case", json_string(of));
	if (parent != NULL)
		(void)json_object_set_new(args, "part_of", json_string(parent->id));
	r = torture_order(t, source, "refer", args, &result);
	if (r > 0)
		accepted(t, source, json_str(result, "referral"), parent, of);
	if (r >= 0)
		return;
	items = torture_listed(t, source, "referrals");
	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "direction"), "out") && find(t, json_str(item, "id")) == NULL)
			accepted(t, source, json_str(item, "id"), parent, of);
}

/*
 * The next word about a referral that is in that state where it is to be said.
 */

#define FATE(name) (1 << TORTURE_##name)
enum {
	ALL = -1,
	TAKEN = FATE(THROUGH) | FATE(REVOKE) | FATE(RACE) | FATE(LAPSE) | FATE(ERASE),	/* At once. */
	CLOSED = FATE(THROUGH) | FATE(WAIT) | FATE(ERASE),
	TAKEN_BACK = FATE(REVOKE) | FATE(RACE),
};

static const struct move {
	const char	*state, *verb, *input;
	bool		 target;	/* Its turn, else the source's. */
	int		 fates;		/* Whose it is: a bit each. */
	int		 consented;	/* -1: does not matter. */
} moves[] = {
	{ "received",	"answer",	"accept",	true,	TAKEN,			-1 },
	{ "received",	"answer",	"decline",	true,	FATE(DECLINE),		-1 },
	{ "received",	"forward",	"forward",	true,	FATE(FORWARD),		-1 },
	{ "received",	"answer",	"waitlist",	true,	FATE(WAIT) | FATE(WITHDRAW), -1 },
	{ "waitlisted",	"answer",	"accept",	true,	FATE(WAIT),		-1 },
	{ "waitlisted",	"withdraw",	"withdraw",	false,	FATE(WITHDRAW),		-1 },
	{ "accepted",	"consent",	"consent",	false,	ALL,			0 },
	{ "accepted",	"forward",	"forward",	true,	FATE(LAPSE),		1 },
	{ "accepted",	"revoke",	"revoke",	false,	FATE(RACE),		1 },
	{ "accepted",	"outcome",	"engage",	true,	ALL,			1 },
	{ "engaged",	"forward",	"forward",	true,	FATE(LAPSE),		1 },
	{ "engaged",	"revoke",	"revoke",	false,	TAKEN_BACK,		1 },
	{ "engaged",	"outcome",	"close",	true,	CLOSED,			1 },
	{ "closed",	"erase",	"erase",	false,	FATE(ERASE),		-1 },
	{ "forwarded",	"refer",	"child",	false,	FATE(FORWARD) | FATE(LAPSE), -1 },
};

/* The form as they sign it. */
static json_t *
signed_form(struct torture *t, struct torture_referral *r)
{
	json_t *form = torture_look(t, r->source, "consent", json_pack("{s:s, s:b}", "referral", r->id, "template", 1)), *consent;

	if (form == NULL)
		return NULL;
	consent = json_obj(refer_fill(form, r->id), "consent");
	if (*r->of != '\0')
		(void)json_object_set_new(json_obj(consent, "signature"), "recorded_by", json_string("R. Amin"));
	if (r->fate == TORTURE_LAPSE) {
		r->ends = *t->host.now + LASTS_MS + (int64_t)torture_draw(t, LASTS_LONGER_MS);
		(void)json_object_set_new(json_obj(consent, "expires"), "at", json_integer(r->ends));
	}
	return form;
}

static json_t *
arguments(struct torture *t, struct torture_referral *r, const char *input)
{
	if (!strcmp(input, "consent"))
		return signed_form(t, r);
	if (!strcmp(input, "accept") || !strcmp(input, "waitlist"))
		return json_pack("{s:s, s:s}", "referral", r->id, "decision", input);
	if (!strcmp(input, "withdraw"))
		return json_pack("{s:s}", "id", r->id);
	if (!strcmp(input, "forward"))
		return json_pack("{s:s, s:s}", "referral", r->id, "to", t->specialist[r->source]);
	if (!strcmp(input, "decline"))
		return json_pack("{s:s, s:s, s:s}", "referral", r->id, "decision", "decline", "reason", "no_capacity");
	if (!strcmp(input, "revoke"))
		return json_pack("{s:s, s:s, s:s}", "referral", r->id, "how", "phone", "recorded_by", "K. Lind");
	if (!strcmp(input, "erase"))
		return json_pack("{s:s, s:s}", "id", r->id, "confirm", r->id);
	if (!strcmp(input, "engage"))
		return json_pack("{s:s, s:s}", "referral", r->id, "stage", "first_contact");
	return json_pack("{s:s, s:s, s:s}", "referral", r->id, "stage", "closed", "outcome", "got_help");
}

/* Did ${i} record that input for it? */
static bool
recorded(struct torture *t, size_t i, const char *id, const char *input)
{
	autojson json_t *shown = torture_look(t, i, "show", json_pack("{s:s}", "id", id));
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
	json_t *args;
	int done;

	if (!strcmp(m->input, "child")) {
		refer(t, who, r);
		return;
	}
	args = arguments(t, r, m->input);
	done = args == NULL ? 0 : torture_order(t, who, m->verb, args, NULL);
	if (done > 0 || (done < 0 && recorded(t, who, r->id, m->input)))
		(void)snprintf(r->decided, sizeof(r->decided), "%s", m->input);
}

/* Is this move the next of the referral, as node ${i} lists it? */
static bool
is_next(const struct torture *t, const struct torture_referral *r, const struct move *m, size_t i, const json_t *item)
{
	bool consented = json_is_true(json_object_get(item, "consented")), over = *t->host.now > r->ends;

	if (strcmp(json_str(item, "state"), m->state) != 0 || (m->target ? 1 - r->source : r->source) != i ||
	    (m->consented >= 0 && m->consented != consented) || (m->fates & 1 << r->fate) == 0)
		return false;
	if (!strcmp(m->input, "child"))
		return !r->forked;
	/* Of a consent that runs out: nothing is told of it any more, and then it is forwarded. */
	return r->fate != TORTURE_LAPSE || m->consented <= 0 || over == !strcmp(m->input, "forward");
}

static bool
goes_on(const struct torture_referral *r, const json_t *item)
{
	const char *state = json_str(item, "state");
	bool closed = !strcmp(state, "closed"), forwarded = !strcmp(state, "forwarded");

	if (r != NULL && ((closed && r->fate == TORTURE_ERASE) || (forwarded && !r->forked)))
		return true;
	return !closed && !forwarded && strcmp(state, "ended") != 0;
}

/* A partner erased somebody, and asks us to: staff do. */
static void
erase_asked(struct torture *t, size_t i)
{
	autojson json_t *items = torture_listed(t, i, "erasures");
	const json_t *item;
	size_t k;

	json_array_foreach(items, k, item)
		if (json_str(item, "org") != NULL && !strcmp(json_str(item, "by"), "them") && !strcmp(json_str(item, "state"), "asked")) {
			const char *id = json_str(item, "what") + strlen("referral:");

			(void)torture_order(t, i, "erase", json_pack("{s:s, s:s}", "id", id, "confirm", id), NULL);
		}
}

size_t
torture_attend(struct torture *t, size_t i, size_t n)
{
	autojson json_t *items = torture_listed(t, i, "referrals");
	size_t open = 0, count = json_array_size(items), first = count > 0 ? torture_draw(t, count) : 0;

	for (size_t k = 0; k < count; k++) {
		const json_t *item = json_array_get(items, (first + k) % count);
		struct torture_referral *r = find(t, json_str(item, "id"));

		open += goes_on(r, item);
		for (size_t m = 0; r != NULL && n > 0 && m < nelem(moves); m++)
			if (is_next(t, r, &moves[m], i, item)) {
				move(t, r, &moves[m]);
				n--;
				break;
			}
	}
	if (n > 0 && open > 0)
		erase_asked(t, i);
	return open;
}

void
torture_refer(struct torture *t, size_t source)
{
	autojson json_t *items = torture_listed(t, source, "referrals");
	const json_t *item;
	size_t k, open = 0;

	json_array_foreach(items, k, item)
		open += !strcmp(json_str(item, "direction"), "out") && goes_on(find(t, json_str(item, "id")), item);
	if (open < TORTURE_OPEN)
		refer(t, source, NULL);
}
