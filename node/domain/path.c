/* SPDX-License-Identifier: Apache-2.0 */
#include "path.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { ENDS_ONLY = 8 /* Of PATH_DEPTH: a referral can always be left. */ };

struct node {
	struct path_step	step;
	enum path_standing	standing;	/* WAITS, VOID; else it is in the tree. */
	size_t			prev;		/* Index; PATH_NONE for the first. */
	size_t			best;		/* Of the steps made on this one; PATH_NONE. */
	unsigned		depth, effects;
	unsigned		rank;		/* The best of it and all that follows it. */
	unsigned		turns;		/* How often, on a way through these, one side went on after the other; the most. */
	struct referral		after;
};

struct path {
	struct referral	start;
	struct node	*nodes;
	size_t		n, room, first;
	size_t		waits, waiting;	/* All that wait; those that are bounded. */
	unsigned	said[2][2];	/* By each side; the second: by which a member leaves or revokes. */
};

struct path *
path_new(enum referral_side side)
{
	struct path *p = calloc(1, sizeof(*p));

	if (p != NULL) {
		p->start = referral_start(side);
		p->first = PATH_NONE;
	}
	return p;
}

void
path_free(struct path *p)
{
	if (p == NULL)
		return;
	free(p->nodes);
	free(p);
}

size_t
path_find(const struct path *p, const char *id)
{
	/* Steps are made on the last ones. */
	for (size_t i = p->n; i > 0; i--)
		if (memcmp(p->nodes[i - 1].step.id, id, ID_LEN) == 0)
			return i - 1;
	return PATH_NONE;
}

static bool
in_tree(const struct node *node)
{
	return node->standing == PATH_COUNTS;
}

static bool
derived(const struct path_step *s)
{
	return s->move.input == REFERRAL_IN_RECEIVE || s->move.input == REFERRAL_IN_EXPIRE;
}

bool
path_leaves(const struct path_step *s)
{
	return referral_rank(&(struct referral_claim){ s->move.input, s->move.actor, s->id }) < REFERRAL_RANK_OTHER;
}

/* Two steps on the same one, each with what follows it (path.h). */
static bool
wins(const struct node *a, const struct node *b)
{
	unsigned ra = a->rank < REFERRAL_RANK_OTHER ? a->rank : REFERRAL_RANK_OTHER;
	unsigned rb = b->rank < REFERRAL_RANK_OTHER ? b->rank : REFERRAL_RANK_OTHER;

	if (ra != rb)
		return ra < rb;
	if (a->turns != b->turns)
		return a->turns > b->turns;
	return referral_wins(&(struct referral_claim){ a->step.move.input, a->step.move.actor, a->step.id },
	    &(struct referral_claim){ b->step.move.input, b->step.move.actor, b->step.id });
}

/* What ${node} makes of the referral after its predecessor, which is in the tree. */
static int
judge(const struct path *p, struct node *node, struct err *reterr)
{
	const struct referral *r = node->prev != PATH_NONE ? &p->nodes[node->prev].after : &p->start;
	const struct referral_move *move = &node->step.move;
	int rc;

	if (move->leg != r->leg + (move->input == REFERRAL_IN_REOPEN))
		return err_set(reterr, E_REFUSED, "it is of leg %u, and the referral %s leg %u", move->leg,
		    move->input == REFERRAL_IN_REOPEN ? "was in" : "is in", r->leg);
	if (!referral_may_say(r, node->step.by, move))
		return err_set(reterr, E_REFUSED, "the target says it of the member, who can only take back there what was disclosed");
	if ((rc = referral_step(r, move, &node->after, &node->effects)) != 0) {
		if (rc == E_REFUSED && reterr != NULL)
			referral_explain_refusal(r, move, reterr);
		else if (rc == E_EXISTS)
			rc = err_set(reterr, E_REFUSED, "%s was recorded before, and cannot be again",
			    referral_input_name(move->input));
		return rc;
	}
	/* What the source did before sending is not the target's to count. */
	node->depth = move->input == REFERRAL_IN_SEND || node->prev == PATH_NONE ? 1 : p->nodes[node->prev].depth + 1;
	if (node->depth > PATH_DEPTH - ENDS_ONLY && referral_is_open(node->after.state))
		return err_set(reterr, E_REFUSED, "the referral has had %d steps: it can only be ended; go on with a new one",
		    PATH_DEPTH - ENDS_ONLY);
	return 0;
}

/* Node ${i} is in the tree: it speaks for itself and for each that it follows. */
static void
place(struct path *p, size_t i)
{
	struct node *node = &p->nodes[i];
	const struct path_step *s = &node->step;
	enum referral_side last = s->by;
	unsigned turns = 0;

	node->standing = PATH_COUNTS;
	node->rank = referral_rank(&(struct referral_claim){ s->move.input, s->move.actor, s->id });
	for (size_t k = i, prev; k != PATH_NONE; k = prev) {
		struct node *above = &p->nodes[k];
		size_t *best;

		prev = above->prev;
		best = prev != PATH_NONE ? &p->nodes[prev].best : &p->first;
		if (node->rank < above->rank)
			above->rank = node->rank;
		if (!derived(s) && !derived(&above->step) && above->step.by != last) {
			last = above->step.by;
			turns++;
		}
		if (turns > above->turns)
			above->turns = turns;
		if (*best == PATH_NONE || (*best != k && wins(above, &p->nodes[*best])))
			*best = k;
	}
}

/* Whoever waited for ${from}, or for those: what was made on one that is not possible is not, either. */
static void
unblock(struct path *p, size_t from)
{
	for (size_t i = 0; i < p->n && p->waits > 0; i++) {
		struct node *node = &p->nodes[i];

		if (node->standing != PATH_WAITS || strcmp(node->step.prev, p->nodes[from].step.id) != 0)
			continue;
		p->waits--;
		p->waiting -= !path_leaves(&node->step);
		node->prev = from;
		if (p->nodes[from].standing == PATH_VOID || judge(p, node, NULL) != 0)
			node->standing = PATH_VOID;
		else
			place(p, i);
		unblock(p, i);	/* No deeper than so many may wait. */
	}
}

static int
grow(struct path *p)
{
	size_t room = p->room > 0 ? 2 * p->room : 16;
	struct node *nodes;

	if (p->n < p->room)
		return 0;
	if ((nodes = reallocarray(p->nodes, room, sizeof(*nodes))) == NULL)
		return -ENOMEM;
	p->nodes = nodes;
	p->room = room;
	return 0;
}

int
path_add(struct path *p, const struct path_step *step, struct err *reterr)
{
	struct node node = { .step = *step, .prev = PATH_NONE, .best = PATH_NONE };
	const bool leaving = path_leaves(step);
	unsigned *said = &p->said[step->by][leaving];
	size_t i = p->n;
	int r;

	if (path_find(p, step->id) != PATH_NONE)
		return E_EXISTS;
	if (*step->id == ID_DERIVED && !derived(step))
		return err_set(reterr, E_REFUSED, "its id is that of a step which each side makes by itself");
	if (*step->prev != '\0') {
		node.prev = path_find(p, step->prev);
		if (node.prev != PATH_NONE && p->nodes[node.prev].standing == PATH_VOID)
			return err_set(reterr, E_REFUSED, "it was made on a step that was not possible");
		if (node.prev == PATH_NONE || !in_tree(&p->nodes[node.prev]))
			node.standing = PATH_WAITS;
	}
	if (!derived(step) && *said >= (leaving ? PATH_LEFT : PATH_SAID))
		return err_set(reterr, E_REFUSED, "too many steps are recorded of this referral");
	if (node.standing == PATH_WAITS && !leaving && p->waiting >= PATH_WAITING)
		return err_set(reterr, E_NOTFOUND, "too many steps wait for one that has not come");
	if (node.standing != PATH_WAITS && (r = judge(p, &node, reterr)) != 0)
		return r;
	if ((r = grow(p)) != 0)
		return r;
	p->nodes[p->n++] = node;
	*said += !derived(step);
	if (node.standing == PATH_WAITS) {
		p->nodes[i].prev = PATH_NONE;
		p->waits++;
		p->waiting += !leaving;
		return E_LATER;
	}
	place(p, i);
	unblock(p, i);
	return 0;
}

size_t
path_next(const struct path *p, size_t i)
{
	return i != PATH_NONE ? p->nodes[i].best : p->first;
}

size_t
path_tip(const struct path *p)
{
	size_t tip = PATH_NONE;

	for (size_t i = p->first; i != PATH_NONE; i = p->nodes[i].best)
		tip = i;
	return tip;
}

const struct referral *
path_state(const struct path *p)
{
	size_t tip = path_tip(p);

	return tip != PATH_NONE ? &p->nodes[tip].after : &p->start;
}

size_t
path_size(const struct path *p)
{
	return p->n;
}

static const struct node *
at(const struct path *p, size_t i)
{
	assert(i < p->n);
	return &p->nodes[i];
}

static const struct node *
placed(const struct path *p, size_t i)
{
	const struct node *node = at(p, i);

	assert(in_tree(node));
	return node;
}

const struct path_step *
path_at(const struct path *p, size_t i)
{
	return &at(p, i)->step;
}

const struct referral *
path_before(const struct path *p, size_t i)
{
	const struct node *node = placed(p, i);

	return node->prev != PATH_NONE ? &p->nodes[node->prev].after : &p->start;
}

const struct referral *
path_after(const struct path *p, size_t i)
{
	return &placed(p, i)->after;
}

unsigned
path_effects(const struct path *p, size_t i)
{
	return placed(p, i)->effects;
}

enum path_standing
path_standing(const struct path *p, size_t i, size_t *ret_by)
{
	size_t by = PATH_NONE;

	if (ret_by != NULL)
		*ret_by = PATH_NONE;
	if (!in_tree(at(p, i)))
		return at(p, i)->standing;
	for (size_t prev; i != PATH_NONE; i = prev) {
		size_t best;

		prev = p->nodes[i].prev;
		best = prev != PATH_NONE ? p->nodes[prev].best : p->first;
		if (best != i)
			by = best;
	}
	if (ret_by != NULL)
		*ret_by = by;
	return by == PATH_NONE ? PATH_COUNTS : PATH_OVERTAKEN;
}

bool
path_follows(const struct path *p, size_t i, size_t on)
{
	while (i != PATH_NONE && i != on)
		i = p->nodes[i].prev;
	return i == on;
}

int
path_stand(const struct path *p, const struct referral_move *move, int (*has)(void *, const struct path_step *), void *cookie, size_t *ret)
{
	size_t on = p->first, next;
	int r = 0;

	for (size_t i = on; i != PATH_NONE; i = p->nodes[i].best)
		if (p->nodes[i].step.move.input == REFERRAL_IN_REOPEN)
			on = i;
	while (on != PATH_NONE && (next = p->nodes[on].best) != PATH_NONE && (p->nodes[on].step.move.input == REFERRAL_IN_ASK_CONSENT ||
	    (r = has(cookie, &p->nodes[next].step)) == 0))
		on = next;
	if (r < 0)
		return r;
	*ret = path_tip(p);
	for (; on != PATH_NONE; on = p->nodes[on].best) {
		struct referral after;
		unsigned effects;

		if (referral_may_say(&p->nodes[on].after, p->start.side, move) && referral_step(&p->nodes[on].after, move, &after, &effects) == 0) {
			*ret = on;
			break;
		}
	}
	return 0;
}

void
path_derive(const char *referral, const char *prev, const struct referral *r, enum referral_input input,
    struct path_step *ret)
{
	uint8_t raw[ID_LEN];
	char text[128];
	int n = snprintf(text, sizeof(text), ID_NAMESPACE "step %s %s %s", referral, prev, referral_input_name(input));

	assert((size_t)n < sizeof(text));
	(void)crypto_generichash(raw, sizeof(raw), (const uint8_t *)text, (size_t)n, NULL, 0);
	*ret = (struct path_step){ .by = REFERRAL_AT_SOURCE, .move = { .input = input, .leg = r->leg,
	    .actor = input == REFERRAL_IN_EXPIRE ? REFERRAL_BY_WARDEN : REFERRAL_BY_TARGET,
	    .at = input == REFERRAL_IN_EXPIRE ? referral_expire_at(r) : r->since } };
	id_of_bytes(raw, ret->id);
	ret->id[0] = ID_DERIVED;
	(void)snprintf(ret->prev, sizeof(ret->prev), "%s", prev);
}

/* Is ${id} what both sides derive on a step that is here? */
static bool
derivable(const struct path *p, const char *referral, const char *id, int64_t now, struct path_step *ret)
{
	static const enum referral_input inputs[] = { REFERRAL_IN_RECEIVE, REFERRAL_IN_EXPIRE };

	if (*id != ID_DERIVED || path_find(p, id) != PATH_NONE)
		return false;
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < nelem(inputs) && in_tree(&p->nodes[i]); k++) {
			const struct referral *r = &p->nodes[i].after;

			if (inputs[k] == REFERRAL_IN_EXPIRE ? referral_expire_at(r) > now : r->state != REFERRAL_SENT)
				continue;
			path_derive(referral, p->nodes[i].step.id, r, inputs[k], ret);
			if (strcmp(ret->id, id) == 0)
				return true;
		}
	return false;
}

int
path_wanted(const struct path *p, const char *referral, const char *prev, int64_t now, struct path_step *ret)
{
	if (prev != NULL)
		return derivable(p, referral, prev, now, ret) ? 0 : E_NOTFOUND;
	for (size_t i = 0; i < p->n; i++)
		if (p->nodes[i].standing == PATH_WAITS && derivable(p, referral, p->nodes[i].step.prev, now, ret))
			return 0;
	return E_NOTFOUND;
}
