/* SPDX-License-Identifier: Apache-2.0 */
/* torture_case: the oracle of referrals: what was accepted, against what both sides show. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "torture.h"

/* What was said in between; "?": it may have come, or not; "|": one of them. */
static const struct ending {
	const char	*state;
	const char	*steps;
	bool		 discloses;
	int		 calls;		/* That are left to be made to somebody without Matrix, by the source's staff. */
} endings[TORTURE_FATES] = {
	[TORTURE_THROUGH] = { "closed", "send receive accept consent engage close", true, 1 },
	[TORTURE_WAIT] = { "closed", "send receive waitlist accept consent engage close", true, 1 },
	[TORTURE_DECLINE] = { "ended", "send receive decline", false, 1 },
	[TORTURE_WITHDRAW] = { "ended", "send receive waitlist withdraw", false, 1 },
	[TORTURE_FORWARD] = { "forwarded", "send receive forward", false, 1 },
	[TORTURE_REVOKE] = { "ended", "send receive accept consent engage revoke", true, 0 },
	[TORTURE_RACE] = { "ended", "send receive accept consent? engage? revoke|withdraw", false, 0 },
	[TORTURE_LAPSE] = { "forwarded", "send receive accept consent engage? forward", false, 1 },
};

static void
lose(const struct torture *t, struct torture_toll *toll, size_t i, const char *id, const char *what)
{
	if (t->spoil == NULL)
		printf("# lost: %s, %s: %s\n", t->host.node[i].name, id, what);
	toll->lost++;
}

static void
again(const struct torture *t, struct torture_toll *toll, size_t i, const char *id, const char *what)
{
	if (t->spoil == NULL)
		printf("# twice: %s, %s: %s\n", t->host.node[i].name, id, what);
	toll->twice++;
}

void
torture_count(const struct torture *t, struct torture_toll *toll, size_t i, const char *id, const char *what, size_t n, size_t want)
{
	if (n < want)
		lose(t, toll, i, id, what);
	else if (n > want)
		again(t, toll, i, id, what);
}

/* Is ${word} one of the alternatives of ${step}? */
static bool
is_step(const char *step, size_t len, const char *word)
{
	while (len > 0) {
		size_t n = 0;

		while (n < len && step[n] != '|' && step[n] != '?')
			n++;
		if (strlen(word) == n && !memcmp(step, word, n))
			return true;
		n += n < len;
		step += n;
		len -= n;
	}
	return false;
}

static bool
among(const char *steps, const char *word)
{
	for (size_t n; *steps != '\0'; steps += n + (steps[n] == ' ')) {
		n = strcspn(steps, " ");
		if (is_step(steps, n, word))
			return true;
	}
	return false;
}

/* Each step, in order, and no other. */
static void
judge_history(const struct torture *t, size_t i, const char *id, const char *steps, const json_t *shown, struct torture_toll *toll)
{
	const json_t *history = json_arr(shown, "history");
	size_t at = 0, size = json_array_size(history);
	bool missing = false;

	for (size_t n; *steps != '\0'; steps += n + (steps[n] == ' ')) {
		const char *word = json_str(json_array_get(history, at), "input");

		n = strcspn(steps, " ");
		if (at < size && is_step(steps, n, word))
			at++;
		else if (memchr(steps, '?', n) == NULL)
			missing = true;
		/* The same once more. */
		for (word = json_str(json_array_get(history, at), "input"); at < size && is_step(steps, n, word); at++)
			again(t, toll, i, id, word);
	}
	if (missing)
		lose(t, toll, i, id, "a step is missing");
	else if (at < size)
		again(t, toll, i, id, json_str(json_array_get(history, at), "input"));
}

/* Is what the source sent what the target has?  What was withheld it does not have. */
static bool
same_contents(const struct ending *e, const json_t *mine, const json_t *theirs)
{
	const json_t *a = json_object_get(json_obj(mine, "request"), "pseudonym");
	const json_t *b = json_object_get(json_obj(mine, "disclosure"), "identity");
	const json_t *there = json_object_get(json_obj(theirs, "disclosure"), "identity");

	if (a == NULL || !json_equal(a, json_object_get(json_obj(theirs, "request"), "pseudonym")))
		return false;
	return e->discloses || there != NULL ? b != NULL && json_equal(b, there) : true;
}

/* A consent that was taken back is so on both sides; the other side was told, and said that it heard. */
static void
judge_consent(struct torture *t, const struct torture_referral *r, struct torture_toll *toll)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *account = torture_seen(t, i, "accounting", r->id);
		const json_t *consents = json_arr(account, "consents"), *one = json_array_get(consents, 0);
		const json_t *told = json_array_get(json_arr(one, "told"), 0);
		bool kept = i == r->source || r->fate == TORTURE_REVOKE;

		/* Who never had the disclosure knows of no consent. */
		if (kept || json_array_size(consents) > 0)
			torture_count(t, toll, i, r->id, "a consent", json_array_size(consents), 1);
		if (one != NULL && strcmp(json_str(one, "state"), "revoked") != 0)
			lose(t, toll, i, r->id, "that its consent was taken back");
		if (i == r->source && (told == NULL || strcmp(json_str(told, "state"), "acknowledged") != 0))
			lose(t, toll, i, r->id, "that the other side heard of it");
	}
}

/* Whoever is forgotten is so on both sides: each says so once, and what the other answered. */
static void
judge_erased(struct torture *t, const struct torture_referral *r, json_t *const there[2], struct torture_toll *toll)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *items = torture_seen(t, i, "list", "erasures");
		autojson json_t *shown = torture_seen(t, i, "show", r->id);
		size_t own = 0, asked = 0, k;
		const json_t *item;

		json_array_foreach(json_arr(items, "items"), k, item) {
			bool done = !strcmp(json_str(item, "state"), "erased");

			if (strcmp(json_str(item, "what") + strlen("referral:"), r->id) != 0)
				continue;
			own += done && json_str(item, "org") == NULL;
			asked += done && json_str(item, "org") != NULL &&
			    !strcmp(json_str(item, "by"), i == r->source ? "us" : "them");
		}
		torture_count(t, toll, i, r->id, "an erasure", own, 1);
		torture_count(t, toll, i, r->id, "what a partner asked to erase", asked, 1);
		if (json_object_get(there[i], r->id) != NULL || json_object_get(shown, "history") != NULL ||
		    strcmp(json_str(shown, "state"), "erased") != 0)
			lose(t, toll, i, r->id, "that it was erased");
	}
}

/* Calls that staff have to make: at the source what the last step asks for, at the target none. */
static void
judge_calls(struct torture *t, const struct torture_referral *r, struct torture_toll *toll)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *items = torture_seen(t, i, "list", "tasks");
		const json_t *item;
		size_t k, n = 0;

		json_array_foreach(json_arr(items, "items"), k, item)
			n += !strcmp(json_str(item, "referral"), r->id);
		torture_count(t, toll, i, r->id, "a call to make", n, *r->of != '\0' && i == r->source ? (size_t)endings[r->fate].calls : 0);
	}
}

/* A child says whose it is, and that says as what it went on; to the partner neither does. */
static void
judge_family(struct torture *t, const struct torture_referral *r, const json_t *mine, const json_t *theirs, struct torture_toll *toll)
{
	const json_t *children = json_arr(mine, "went_on_as");
	const char *part_of = json_str(mine, "part_of");
	const struct torture_referral *child = NULL;

	for (size_t k = 0; k < t->n_referrals; k++)
		if (!strcmp(t->referral[k].part_of, r->id))
			child = &t->referral[k];
	torture_count(t, toll, r->source, r->id, "a child", json_array_size(children), child != NULL);
	if (child != NULL && json_array_size(children) > 0 && strcmp(json_string_value(json_array_get(children, 0)), child->id) != 0)
		lose(t, toll, r->source, r->id, "as what it went on");
	if (strcmp(part_of != NULL ? part_of : "", r->part_of) != 0 || json_object_get(theirs, "part_of") != NULL ||
	    json_object_get(theirs, "went_on_as") != NULL)
		lose(t, toll, r->source, r->id, "whose child it is");
	if (child == NULL && !strcmp(endings[r->fate].state, "forwarded"))
		lose(t, toll, r->source, r->id, "how it goes on");
}

/* Their names, in order; the caller decrefs. */
static json_t *
steps_of(const json_t *shown)
{
	json_t *steps = json_array();
	const json_t *line;
	size_t k;

	json_array_foreach(json_arr(shown, "history"), k, line)
		(void)json_array_append(steps, json_object_get(line, "input"));
	return steps;
}

static const char *
end_of(const json_t *shown)
{
	const char *end = json_str(shown, "end");

	return end != NULL ? end : "";
}

/* Both sides have the same steps, and are where the last of them leads. */
static void
judge_sides(struct torture *t, const struct torture_referral *r, const json_t *mine, const json_t *theirs, struct torture_toll *toll)
{
	const struct ending *e = &endings[r->fate];
	const json_t *sides[2] = { [SOURCE] = r->source == SOURCE ? mine : theirs, [TARGET] = r->source == SOURCE ? theirs : mine };
	autojson json_t *here = steps_of(mine), *there = steps_of(theirs);
	struct torture_toll before = *toll;
	const json_t *line;
	size_t k;

	for (size_t i = SOURCE; i <= TARGET; i++) {
		judge_history(t, i, r->id, e->steps, sides[i], toll);
		if (strcmp(json_str(sides[i], "state"), e->state) != 0)
			lose(t, toll, i, r->id, json_str(sides[i], "state"));
		if (json_object_get(sides[i], "overtaken") != NULL && r->fate != TORTURE_RACE && r->fate != TORTURE_LAPSE)
			lose(t, toll, i, r->id, "a step that counts no more");
		t->untold += t->spoil == NULL && json_array_size(json_arr(sides[i], "untold")) > 0;
		json_array_foreach(json_arr(sides[i], "untold"), k, line)
			if (i == r->source || !among(r->fate == TORTURE_LAPSE ? "engage forward" : "engage", json_str(line, "input")))
				lose(t, toll, i, r->id, "something was set apart as never told");
	}
	if (!json_equal(here, there) || !json_equal(json_object_get(mine, "last_step"), json_object_get(theirs, "last_step")) ||
	    strcmp(end_of(mine), end_of(theirs)) != 0)
		lose(t, toll, r->source, r->id, "both sides end at the same step");
	if (!same_contents(e, mine, theirs))
		lose(t, toll, 1 - r->source, r->id, "what was sent");
	if (t->spoil == NULL && (toll->lost > before.lost || toll->twice > before.twice)) {
		autofree char *a = json_dumps(here, JSON_COMPACT), *b = json_dumps(there, JSON_COMPACT);

		printf("# to be %s: %s; at the source %s, at the target %s\n", e->state, e->steps, a, b);
	}
}

static void
judge_referral(struct torture *t, const struct torture_referral *r, json_t *const there[2], struct torture_toll *toll)
{
	autojson json_t *mine = NULL, *theirs = NULL;

	judge_calls(t, r, toll);
	if (r->fate == TORTURE_ERASE) {
		judge_erased(t, r, there, toll);
		return;
	}
	for (size_t i = SOURCE; i <= TARGET; i++)
		if (json_object_get(there[i], r->id) == NULL) {
			lose(t, toll, i, r->id, r->decided);
			return;
		}
	mine = torture_seen(t, r->source, "show", r->id);
	theirs = torture_seen(t, 1 - r->source, "show", r->id);
	judge_sides(t, r, mine, theirs, toll);
	judge_family(t, r, mine, theirs, toll);
	if (r->fate == TORTURE_REVOKE || r->fate == TORTURE_RACE)
		judge_consent(t, r, toll);
}

void
torture_judge_referrals(struct torture *t, struct torture_toll *toll)
{
	autojson json_t *a = json_object(), *b = json_object();
	json_t *there[2] = { a, b };
	size_t gone = 0;

	for (size_t k = 0; k < t->n_referrals; k++)
		gone += t->referral[k].fate == TORTURE_ERASE;
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *result = torture_seen(t, i, "list", "referrals");
		const json_t *items = json_arr(result, "items"), *item;
		size_t k;

		json_array_foreach(items, k, item)
			(void)json_object_set_new(there[i], json_str(item, "id"), json_true());
		torture_count(t, toll, i, "referrals", "as many as were accepted", json_array_size(items), t->n_referrals - gone);
	}
	for (size_t k = 0; k < t->n_referrals; k++)
		judge_referral(t, &t->referral[k], there, toll);
}
