/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two nodes that step on without waiting for each other come to the same referral, whatever the
 * channel between them does, whatever date a liar gives its steps, and though a consent may end before what was said under it has come.
 * CAIRN_LONG=1 walks ten times as far; CAIRN_SEED=n another way.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/path.h"
#include "domain/when.h"
#include "tests/tap.h"

static const char referral_id[] = "GR6ZEWN0TC4N5PZ1Y8P956JWD7";

enum { WIRE = 64, STEPS_A_REFERRAL = 40 };

/* What is said: a step; the target's question which of its steps came; the answer, which names them. */
enum said { STEP, QUESTION, ANSWER };

struct answer {
	unsigned	seq;		/* Of the question. */
	size_t		n;
	char		have[PATH_SAID][ID_LEN + 1];
};

struct wire {
	struct path_step	step[WIRE];
	enum said		what[WIRE];
	unsigned		seq[WIRE];
	int64_t			due[WIRE];
	size_t			n;
};

struct walk {
	unsigned	seed;
	struct path	*node[2];
	struct wire	to[2];		/* On their way to that node. */
	int64_t		now;
	struct { enum referral_input input; enum referral_actor actor; } can[2][REFERRAL_NSTATES][24];
	unsigned	n_can[2][REFERRAL_NSTATES];	/* What each side may do in a state, if all conditions hold. */
	bool		lying;		/* The target steps on what it pleases, and makes up ids. */
	char		pin[ID_LEN + 1];	/* By then the source has built on it, or its member has left by it. */
	unsigned	seq, taken_from;	/* The target's numbers; below which the source takes no news. */
	struct answer	answer;			/* The last one. */
	struct { char id[ID_LEN + 1]; unsigned seq; } news[PATH_SAID];	/* Of the target, under a consent. */
	size_t		n_news;
	long		asked, untold, had, late, backdated, refused, taken_up, hurried;
	long		behind, undone, again, steps, referrals, overtaken, waited, lost, doubled, legs, lies, unpinned, wrong;
};

static unsigned
roll(struct walk *w, unsigned n)
{
	return (unsigned)rand_r(&w->seed) % n;
}

static void
fresh_id(struct walk *w, char id[ID_LEN + 1])
{
	uint8_t raw[ID_LEN];

	for (size_t i = 0; i < ID_LEN; i++)
		raw[i] = (uint8_t)(roll(w, 1 << 20) >> 5);
	id_of_bytes(raw, id);
}

/* What the target says under a consent, that may end before the source has it. */
static bool
is_news(const struct path_step *s)
{
	const enum referral_input input = s->move.input;

	return s->move.actor == REFERRAL_BY_TARGET && (input == REFERRAL_IN_CONTACT || input == REFERRAL_IN_SCHEDULE || input == REFERRAL_IN_NO_SHOW ||
	    input == REFERRAL_IN_ENGAGE || input == REFERRAL_IN_PAUSE || input == REFERRAL_IN_RESUME || input == REFERRAL_IN_CLOSE || input == REFERRAL_IN_FAIL);
}

/* Delayed, and so reordered; lost, which only means later; sometimes twice. */
static void
say_what(struct walk *w, size_t to, enum said what, const struct path_step *step)
{
	struct wire *wire = &w->to[to];
	bool twice = roll(w, 8) == 0;

	for (int i = 0; i <= twice && wire->n < WIRE; i++) {
		bool lost = roll(w, 6) == 0;

		w->lost += lost;
		wire->what[wire->n] = what;
		wire->seq[wire->n] = w->seq;
		wire->due[wire->n] = w->now + roll(w, lost ? 20 * 24 : 12) * WHEN_HOUR;
		wire->step[wire->n++] = *step;
	}
	w->doubled += twice;
}

static void
say(struct walk *w, size_t to, const struct path_step *step)
{
	w->seq++;
	if (to == 0 && is_news(step) && w->n_news < PATH_SAID) {
		memcpy(w->news[w->n_news].id, step->id, sizeof(step->id));
		w->news[w->n_news++].seq = w->seq;
	}
	/* Its consent ends at once: it never leaves. */
	if (!(to == 0 && is_news(step) && roll(w, 8) == 0))
		say_what(w, to, STEP, step);
}

/*
 * A consent ends: what was not acknowledged is not said (again), though it may be on its way, and the source is asked.
 * In the end it is asked once more, for what never left.
 */
static void
ask(struct walk *w)
{
	w->seq++;
	w->asked++;
	say_what(w, 0, QUESTION, &(struct path_step){ .by = REFERRAL_AT_TARGET });
}

/* The source: these came; no older news is taken from now on. */
static void
answer(struct walk *w, unsigned seq)
{
	const struct path *p = w->node[0];

	if (w->answer.seq != 0 || w->to[1].n == WIRE)
		return;		/* One is on its way; it is asked again. */
	if (seq > w->taken_from)
		w->taken_from = seq;
	w->answer.seq = seq;
	w->answer.n = 0;
	for (size_t i = 0; i < path_size(p); i++)
		if (path_at(p, i)->by == REFERRAL_AT_TARGET)
			memcpy(w->answer.have[w->answer.n++], path_at(p, i)->id, ID_LEN + 1);
	say_what(w, 1, ANSWER, &(struct path_step){ .by = REFERRAL_AT_SOURCE });
}

/* Whatever of the target's was built on that step is said no more. */
static void
unsay(struct walk *w, const char *id)
{
	struct wire *wire = &w->to[0];

	for (size_t k = 0; k < wire->n; k++)
		if (wire->what[k] == STEP && !strcmp(wire->step[k].id, id) && !is_news(&wire->step[k])) {
			wire->step[k] = wire->step[--wire->n];
			wire->what[k] = wire->what[wire->n];
			wire->seq[k] = wire->seq[wire->n];
			wire->due[k--] = wire->due[wire->n];
		}
}

/* The target sets apart what the source has not, and all that was made on it. */
static void
untell(struct walk *w, const char *id)
{
	struct path *old = w->node[1], *new = path_new(REFERRAL_AT_TARGET);
	size_t on = path_find(old, id);

	for (size_t i = 0; on != PATH_NONE && i < path_size(old); i++)
		if (path_follows(old, i, on) && path_at(old, i)->by == REFERRAL_AT_SOURCE && *path_at(old, i)->id != ID_DERIVED)
			w->wrong++;	/* An honest source has built on what it has. */
	for (size_t i = 0; i < path_size(old); i++) {
		if (on != PATH_NONE && path_follows(old, i, on)) {
			unsay(w, path_at(old, i)->id);
			w->untold++;
		} else {
			int r = path_add(new, path_at(old, i), NULL);

			w->wrong += r != 0 && r != E_LATER && path_standing(old, i, NULL) <= PATH_OVERTAKEN;
		}
	}
	path_free(old);
	w->node[1] = new;
}

static void
settled(struct walk *w)
{
	struct answer *a = &w->answer;

	for (size_t i = 0; i < w->n_news; i++) {
		bool has = false;

		if (w->news[i].seq == 0 || w->news[i].seq >= a->seq)
			continue;
		for (size_t k = 0; k < a->n; k++)
			has |= !strcmp(a->have[k], w->news[i].id);
		w->had += has;
		if (!has)
			untell(w, w->news[i].id);
		w->news[i].seq = 0;
	}
	a->seq = 0;
}

/* A node makes what another must have derived. */
static void
derive(struct walk *w, size_t i, const char *prev)
{
	struct path_step step;

	while (path_wanted(w->node[i], referral_id, prev, w->now, &step) == 0)
		if (path_add(w->node[i], &step, NULL) != 0) {
			w->wrong++;
			break;
		}
}

/* What was pinned counts no more; unless the member, as the target says, took back what was disclosed to it: that comes before all but their leaving. */
static bool
unpinned(const struct walk *w)
{
	const struct path *p = w->node[0];
	size_t pin = *w->pin != '\0' ? path_find(p, w->pin) : PATH_NONE;
	const struct referral_move *move = pin != PATH_NONE ? &path_at(p, pin)->move : NULL;

	if (move == NULL || path_standing(p, pin, NULL) == PATH_COUNTS)
		return false;
	if (move->actor == REFERRAL_BY_MEMBER && (move->input == REFERRAL_IN_WITHDRAW || move->input == REFERRAL_IN_CLOSE))
		return true;
	for (size_t i = path_next(p, PATH_NONE); i != PATH_NONE; i = path_next(p, i))
		if (path_at(p, i)->by == REFERRAL_AT_TARGET && path_at(p, i)->move.input == REFERRAL_IN_REVOKE)
			return false;
	return true;
}

static void
hear(struct walk *w, size_t i, bool all)
{
	struct wire *wire = &w->to[i];

	for (size_t k = 0; k < wire->n;) {
		int r;

		if (!all && wire->due[k] > w->now) {
			k++;
			continue;
		}
		r = E_EXISTS;
		if (wire->what[k] == QUESTION) {
			answer(w, wire->seq[k]);
		} else if (wire->what[k] == ANSWER) {
			if (w->answer.seq != 0)
				settled(w);
		} else if (i == 0 && is_news(&wire->step[k]) && wire->seq[k] < w->taken_from) {
			w->late += path_find(w->node[0], wire->step[k].id) == PATH_NONE;
		} else {
			struct path_step step = wire->step[k];

			step.move.heard = w->now;
			derive(w, i, step.prev);
			r = path_add(w->node[i], &step, NULL);
			derive(w, i, NULL);
		}
		w->unpinned += i == 0 && unpinned(w);
		w->waited += r == E_LATER;
		w->wrong += r != 0 && r != E_LATER && r != E_EXISTS && r != E_NOTFOUND;
		/* It is not acknowledged, so it is said again; unless it is set apart meanwhile. */
		if (r == E_NOTFOUND && path_find(w->node[!i], wire->step[k].id) != PATH_NONE) {
			wire->due[k++] = w->now + 6 * WHEN_HOUR;
			w->again++;
			continue;
		}
		wire->step[k] = wire->step[--wire->n];
		wire->what[k] = wire->what[wire->n];
		wire->seq[k] = wire->seq[wire->n];
		wire->due[k] = wire->due[wire->n];
	}
}

/* When that node had the last of what it knows to be so. */
static int64_t
heard_at(const struct walk *w, size_t i, size_t tip)
{
	int64_t at = 0;

	for (size_t k = path_next(w->node[i], PATH_NONE); k != PATH_NONE; k = path_next(w->node[i], k))
		if (path_at(w->node[i], k)->move.heard > at)
			at = path_at(w->node[i], k)->move.heard;
	return tip != PATH_NONE ? at : 0;
}

/* What both nodes make by themselves. */
static void
tick(struct walk *w, size_t i)
{
	struct path *p = w->node[i];
	const struct referral *r = path_state(p);
	size_t tip = path_tip(p);
	struct path_step step;

	if (tip == PATH_NONE)
		return;
	if (r->state == REFERRAL_SENT && i == 1)
		path_derive(referral_id, path_at(p, tip)->id, r, REFERRAL_IN_RECEIVE, &step);
	else if (referral_strike_at(r) <= w->now)
		path_derive(referral_id, path_at(p, tip)->id, r, REFERRAL_IN_EXPIRE, &step);
	else
		return;
	w->hurried += step.move.input == REFERRAL_IN_EXPIRE && w->now - heard_at(w, i, tip) < referral_clock(r)->expire_ms;
	step.move.heard = w->now;
	w->wrong += path_add(p, &step, NULL) != 0;
	w->steps++;
	if (step.move.input == REFERRAL_IN_RECEIVE)
		say(w, 0, &step);	/* The acknowledgement. */
}

/* The source has stepped on its tip: what counts now of the target stays, but for a member's leaving; and that stays. */
static void
pin(struct walk *w)
{
	const struct path *p = w->node[0];

	for (size_t i = path_next(p, PATH_NONE), last = path_tip(p); i != PATH_NONE; i = path_next(p, i)) {
		const struct path_step *s = path_at(p, i);
		bool left = s->move.actor == REFERRAL_BY_MEMBER && (s->move.input == REFERRAL_IN_WITHDRAW || s->move.input == REFERRAL_IN_CLOSE ||
		    s->move.input == REFERRAL_IN_REVOKE);

		if (left || (i != last && s->move.actor == REFERRAL_BY_TARGET && s->move.input != REFERRAL_IN_RECEIVE))
			memcpy(w->pin, s->id, sizeof(w->pin));
	}
}

/* An id that is not its own to give, on any step: it must not take the place of what both sides derive. */
static void
forge(struct walk *w, const char *prev)
{
	const struct path *p = w->node[0];
	struct path_step step;

	if (path_tip(p) == PATH_NONE)
		return;
	path_derive(referral_id, path_at(p, path_tip(p))->id, path_state(p), REFERRAL_IN_EXPIRE, &step);
	step.move.input = REFERRAL_IN_ACCEPT;
	step.move.actor = REFERRAL_BY_TARGET;
	step.by = REFERRAL_AT_TARGET;
	(void)snprintf(step.prev, sizeof(step.prev), "%s", prev);
	if (path_find(p, step.id) == PATH_NONE)
		w->wrong += path_add(w->node[0], &step, NULL) != E_REFUSED;
}

/* The target's word of what the member wants is not taken. */
static void
claim(struct walk *w, const char *prev, const struct path_step *said)
{
	struct path_step step = *said;

	fresh_id(w, step.id);
	(void)snprintf(step.prev, sizeof(step.prev), "%s", prev);
	if (path_find(w->node[0], prev) != PATH_NONE && path_standing(w->node[0], path_find(w->node[0], prev), NULL) <= PATH_OVERTAKEN) {
		w->wrong += path_add(w->node[0], &step, NULL) != E_REFUSED;
		w->refused++;
	}
}

/* Theirs, or it came to them and their word of that came back, which of half of all it never does. */
static int
has(void *cookie, const struct path_step *s)
{
	const struct path *theirs = cookie;
	const bool said = *s->id == ID_DERIVED || s->by == path_state(theirs)->side;

	return said || (s->id[9] % 2 == 0 && path_find(theirs, s->id) != PATH_NONE) ? 0 : E_LATER;
}

/* A member leaves or revokes at once, whatever has not come to the other side. */
static size_t
stand(struct walk *w, size_t i, struct path_step *step)
{
	const struct path *p = w->node[i];
	size_t on = path_tip(p);

	if (on == PATH_NONE || !path_leaves(step) || step->move.input == REFERRAL_IN_CLOSE)
		return on;
	w->wrong += path_stand(p, &step->move, has, w->node[!i], &on) != 0;
	w->behind += on != path_tip(p);
	step->move.leg = path_after(p, on)->leg;
	return on;
}

/* One that is possible on the node's own tip, or, by a liar, on any step; by somebody of its side. */
static void
act(struct walk *w, size_t i)
{
	struct path *p = w->node[i];
	size_t tip = path_tip(p), any = path_size(p) > 0 ? roll(w, (unsigned)path_size(p)) : PATH_NONE;
	bool lie = w->lying && i == 1 && any != PATH_NONE && roll(w, 2) == 0 && path_standing(p, any, NULL) <= PATH_OVERTAKEN;
	const struct referral now = lie ? *path_after(p, any) : *path_state(p), *r = &now;
	struct path_step step = { .by = (enum referral_side)i, .move = { .at = w->now + roll(w, 600) * WHEN_MINUTE, .heard = w->now,
	    .channel = roll(w, REFERRAL_NCHANNELS) } };

	if (w->lying && i == 1 && roll(w, 2) == 0) {
		step.move.at = w->now > 60 * WHEN_DAY ? w->now - roll(w, 50) * WHEN_DAY : 1;
		w->backdated++;
	}

	for (int tries = 0; tries < 6 && w->n_can[i][r->state] > 0; tries++) {
		unsigned pick = roll(w, w->n_can[i][r->state]), fx;
		struct referral next;

		step.move.input = w->can[i][r->state][pick].input;
		step.move.actor = w->can[i][r->state][pick].actor;
		step.move.supervised = roll(w, 2);
		step.move.leg = r->leg + (step.move.input == REFERRAL_IN_REOPEN);
		if (referral_step(r, &step.move, &next, &fx) != 0)
			continue;
		if (!referral_may_say(r, step.by, &step.move)) {
			if (lie)
				claim(w, path_at(p, any)->id, &step);
			continue;
		}
		if (next.state >= REFERRAL_FORWARDED && roll(w, step.move.input == REFERRAL_IN_REVOKE ? 16 : 4) != 0)
			continue;
		fresh_id(w, step.id);
		tip = lie ? any : stand(w, i, &step);
		if (lie) {
			memset(step.id, '0', 4);	/* Before all others. */
			w->lies++;
			forge(w, path_at(p, any)->id);
		}
		(void)snprintf(step.prev, sizeof(step.prev), "%s", tip != PATH_NONE ? path_at(p, tip)->id : "");
		w->wrong += path_add(p, &step, NULL) != 0;
		w->undone += !lie && path_leaves(&step) && referral_is_open(path_state(p)->state);
		w->steps++;
		if (i == 0)
			pin(w);
		if (step.move.input == REFERRAL_IN_SEND)
			step.prev[0] = '\0';	/* The target's first. */
		if (next.began > 0)
			say(w, !i, &step);
		return;
	}
}

static bool
same(const struct referral *a, const struct referral *b)
{
	struct referral c = *b;

	c.side = a->side;
	return c.state == a->state && c.end == a->end && c.last_input == a->last_input && c.last_actor == a->last_actor &&
	    c.consented == a->consented && c.disclosed == a->disclosed && c.cancelling == a->cancelling &&
	    c.attempts == a->attempts && c.channels == a->channels && c.leg == a->leg && c.began == a->began &&
	    c.since == a->since && c.meets_at == a->meets_at;
}

/* Is there news of the target that the source has not? */
static bool
outstanding(const struct walk *w)
{
	for (size_t i = 0; i < w->n_news; i++)
		if (w->news[i].seq != 0 && path_find(w->node[0], w->news[i].id) == PATH_NONE)
			return true;
	return false;
}

/* All is said and heard and no clock runs behind: do they agree?  A permutation of the same steps must, too. */
static void
settle(struct walk *w)
{
	struct path *p = w->node[0];
	autopath struct path *shuffled = path_new(REFERRAL_AT_TARGET);
	size_t n;

	/* Long enough for each clock, whenever the one side or the other began to count. */
	for (int round = 0; round < 6 || w->to[0].n + w->to[1].n > 0 || outstanding(w); round++) {
		if (round >= 4 && w->to[0].n + w->to[1].n == 0)
			ask(w);		/* Their consents are over by now, too. */
		w->now += 50 * WHEN_DAY;
		for (size_t i = 0; i < 2; i++) {
			hear(w, i, true);
			tick(w, i);
		}
	}
	if (path_size(w->node[1]) == 0)
		return;		/* Never sent. */
	w->wrong += !same(path_state(p), path_state(w->node[1])) ||
	    strcmp(path_at(p, path_tip(p))->id, path_at(w->node[1], path_tip(w->node[1]))->id) != 0;
	w->legs += path_state(p)->leg > 1;
	for (size_t i = path_next(p, PATH_NONE), next; i != PATH_NONE; i = next)
		if ((next = path_next(p, i)) != PATH_NONE)
			w->taken_up += path_at(p, i)->move.input == REFERRAL_IN_REVOKE && path_at(p, next)->move.input == REFERRAL_IN_REOPEN;
	n = path_size(w->node[1]);
	for (size_t i = 0; i < path_size(p); i++)
		w->overtaken += path_standing(p, i, NULL) == PATH_OVERTAKEN;
	if (n <= PATH_WAITING) {	/* So many may wait at once. */
		for (size_t k = 0, from = roll(w, (unsigned)n); k < n; k++)
			(void)!path_add(shuffled, path_at(w->node[1], (from + n - k) % n), NULL);
		w->wrong += !same(path_state(shuffled), path_state(p));
	}
}

static void
walk_one(struct walk *w)
{
	w->node[0] = path_new(REFERRAL_AT_SOURCE);
	w->node[1] = path_new(REFERRAL_AT_TARGET);
	*w->pin = '\0';
	w->n_news = w->answer.n = w->answer.seq = w->taken_from = w->seq = 0;
	for (size_t i = 0; i < 2; i++)
		w->to[i].n = 0;
	for (int k = 0; k < STEPS_A_REFERRAL; k++) {
		size_t i = roll(w, 2);

		w->now += roll(w, 30) == 0 ? roll(w, 20) * WHEN_DAY : roll(w, 10) * WHEN_HOUR;
		hear(w, 0, false);
		hear(w, 1, false);
		tick(w, 0);
		tick(w, 1);
		if (i == 0 || path_tip(w->node[1]) != PATH_NONE)
			act(w, i);
		if (w->n_news > 0 && roll(w, 4) == 0)
			ask(w);
	}
	settle(w);
	w->referrals++;
	path_free(w->node[0]);
	path_free(w->node[1]);
}

static void
learn_one(struct walk *w, size_t side, enum referral_state s, unsigned input, unsigned actor)
{
	unsigned *n = &w->n_can[side][s];

	w->can[side][s][*n].input = input;
	w->can[side][s][(*n)++].actor = actor;
}

static void
learn(struct walk *w)
{
	for (enum referral_state s = 0; s < REFERRAL_NSTATES; s++)
		for (unsigned i = 0; i < REFERRAL_NINPUTS; i++)
			for (unsigned a = 0; a < REFERRAL_BY_WARDEN; a++) {
				const struct referral_move move = { .input = i, .actor = a };

				for (unsigned cancelling = 0; cancelling < 2; cancelling++) {
					struct referral r = { .state = s, .consented = true, .attempts = 3, .channels = 3,
					    .leg = 1, .cancelling = cancelling, .last_input = REFERRAL_NINPUTS };
					unsigned fx;

					if (i == REFERRAL_IN_RECEIVE || referral_step(&r, &move, &r, &fx) != 0)
						continue;
					/* Of the member the target says something, too; not all of it may it say. */
					if (a != REFERRAL_BY_TARGET)
						learn_one(w, 0, s, i, a);
					if (a != REFERRAL_BY_SOURCE)
						learn_one(w, 1, s, i, a);
					break;
				}
			}
}

static void
test_walk(bool lying)
{
	const char *seed = getenv("CAIRN_SEED");
	struct walk w = { .seed = seed != NULL ? (unsigned)atoi(seed) : 20261121, .now = WHEN_DAY, .lying = lying };
	long goal = (getenv("CAIRN_LONG") != NULL ? 10000000 : 1000000) / (lying ? 4 : 1), wrong = 0;

	printf("# seed %u (CAIRN_SEED)\n", w.seed);
	learn(&w);
	while (w.steps < goal) {
		unsigned before = w.seed;

		walk_one(&w);
		if (w.wrong > wrong && wrong == 0)
			printf("# first wrong with seed %u, referral %ld\n", before, w.referrals);
		wrong = w.wrong;
	}
	printf("# %ld steps, %ld referrals, %ld overtaken, %ld came before the one they were made on, %ld late, "
	    "%ld twice, %ld said again for want of a place, %ld reopened, %ld lies\n", w.steps, w.referrals, w.overtaken, w.waited,
	    w.lost, w.doubled, w.again, w.legs, w.lies);
	printf("# asked %ld times what had come: %ld had, %ld steps were never told, %ld came too late\n", w.asked, w.had, w.untold, w.late);
	is_int(w.wrong, 0, "two nodes always come to the same referral%s", lying ? ", also if one of them lies" : "");
	is_int(w.unpinned, 0, "and what was built on, or left by, stays");
	is_int(w.undone, 0, "nor is a leaving ever undone but by a reopening of who knew it");
	is_int(w.hurried, 0, "and nobody's time is over before they had it");
	ok(w.taken_up > 0 && w.behind > goal / 200, "%ld times a member who had taken a consent back came again; %ld times one left, whatever had not arrived", w.taken_up, w.behind);
	if (lying) {
		ok(w.lies > goal / 20 && w.backdated > goal / 10 && w.refused > goal / 100,
		    "of so many lies, %ld dated back and %ld said of the member", w.backdated, w.refused);
		return;
	}
	ok(w.asked > goal / 250 && w.had > goal / 250 && w.untold > goal / 250 && w.late > goal / 1000, "also where consents ended before what was said under them had come");
	ok(w.overtaken > goal / 100 && w.waited > goal / 100 && w.lost > goal / 100 && w.doubled > goal / 100 && w.legs > 100 && w.again > 0,
	    "and the channel did what it could");
}

int
main(void)
{
	test_walk(false);
	test_walk(true);
	return done_testing();
}
