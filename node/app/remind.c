/* SPDX-License-Identifier: Apache-2.0 */
#include "remind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "domain/dialogue.h"
#include "domain/when.h"
#include "message.h"
#include "rooms.h"
#include "store/audit.h"
#include "store/messagestore.h"
#include "store/peoplestore.h"
#include "zones.h"

#define PAUSE		WHEN_HOUR		/* At least, between two lines. */
#define PAUSE_URGENT	(5 * WHEN_MINUTE)
#define AGAIN		(15 * WHEN_MINUTE)	/* Nobody could be told. */
#define TOLD		"staff_told"		/* In meta: when the last line was said. */

/* Of one of staff: the last line that was said to them, and when. */
struct line {
	int64_t	at;
	char	id[ID_LEN + 1];
};

typedef int staff_fn(struct app *, const char *user, void *cookie);

static int
each_staff(struct app *app, staff_fn *fn, void *cookie)
{
	autofree char *all = strdup(app->cfg->staff_users);
	int r = all == NULL ? -ENOMEM : 0;

	for (char *next = all; next != NULL && r == 0;)
		r = fn(app, strsep(&next, " "), cookie);
	return r;
}

static int
is_urgent(const struct case_row *row, bool *ret)
{
	autojson json_t *request = NULL;
	const char *urgency;
	int r = row->request != NULL ? canon_stored(row->request, &request) : 0;

	urgency = json_str(request, "urgency");
	*ret = urgency != NULL && !strcmp(urgency, "urgent");
	return r;
}

int
remind_heard(struct app *app, const struct case_row *row, const struct path_step *step, unsigned effects)
{
	/* What the member said to the partner, we hear from them. */
	bool told = step->move.actor == REFERRAL_BY_MEMBER && step->by != row->r.side, urgent = false;
	int r = 0;

	if (app->cfg->staff_users == NULL || (!told && !(effects & REFERRAL_NOTIFY_STAFF)))
		return 0;
	if (row->r.side == REFERRAL_AT_TARGET && referral_waiting(&row->r, false) == REFERRAL_WAITS_FOR_US)
		r = is_urgent(row, &urgent);
	return r != 0 ? r : case_ring(app->db, row->id, urgent ? CASE_RING_URGENT : CASE_RING);
}

int
remind_struck(struct app *app, const struct case_row *row)
{
	return app->cfg->staff_users != NULL ? case_ring(app->db, row->id, CASE_RING) : 0;
}

int
remind_done(struct app *app, const char *id)
{
	return app->cfg->staff_users != NULL ? case_ring(app->db, id, CASE_RING_NOT) : 0;
}

/*
 * What a line says.
 */

struct survey {
	int64_t	ours, oldest, urgent, late, news;
};

static int
count(void *cookie, const struct case_turn *t)
{
	struct survey *s = cookie;

	switch (referral_waiting(&t->r, t->reminded)) {
	case REFERRAL_WAITS_FOR_US:
		s->ours += t->n;
		s->urgent += t->ring == CASE_RING_URGENT ? t->n : 0;
		s->oldest = s->oldest == 0 || t->oldest < s->oldest ? t->oldest : s->oldest;
		break;
	case REFERRAL_WAITS_LATE:
		s->late += t->n;
		break;
	case REFERRAL_WAITS_NOT:
		s->news += t->ring != CASE_RING_NOT ? t->n : 0;
		break;
	}
	return 0;
}

static int
put_words(const struct survey *s, int64_t now, struct buf *out)
{
	const long long ours = s->ours, late = s->late, news = s->news, days = (now - s->oldest) / WHEN_DAY;
	int r = buf_puts(out, "Referrals:");

	if (r == 0 && ours > 0)
		r = buf_printf(out, " %lld wait%s for you", ours, ours == 1 ? "s" : "");
	if (r == 0 && ours > 0 && days > 0)
		r = buf_printf(out, ", %s %lld day%s", ours == 1 ? "for" : "the oldest for", days, days == 1 ? "" : "s");
	if (r == 0 && s->urgent > 0)
		r = buf_printf(out, ", %lld of them urgent", (long long)s->urgent);
	if (r == 0 && late > 0)
		r = buf_printf(out, "%s %lld wait%s for somebody else who is late", ours > 0 ? ";" : "", late, late == 1 ? "s" : "");
	if (r == 0 && news > 0)
		r = buf_printf(out, "%s there is news of %lld", ours > 0 || late > 0 ? ";" : "", news);
	/* What there is news of need not be due. */
	return r != 0 ? r : buf_printf(out, ". See: cairn list referrals%s", news > 0 ? "" : " --due");
}

/*
 * To whom, and when.
 */

static const char *
line_key(int64_t pid, char out[40])
{
	(void)snprintf(out, 40, "staff_line:%lld", (long long)pid);
	return out;
}

static int
line_get(struct app *app, int64_t pid, struct line *ret)
{
	autofree char *text = NULL;
	char key[40];
	const char *blank;
	int r = meta_get(app->db, line_key(pid, key), false, &text);

	if (r != 0)
		return r;
	if ((blank = strchr(text, ' ')) == NULL)
		return ERR_CORRUPT;
	ret->at = strtoll(text, NULL, 10);
	(void)snprintf(ret->id, sizeof(ret->id), "%s", blank + 1);
	return 0;
}

static int
line_put(struct app *app, int64_t pid, const struct line *line)
{
	char key[40], text[ID_LEN + 24];

	(void)snprintf(text, sizeof(text), "%lld %s", (long long)line->at, line->id);
	return meta_put(app->db, line_key(pid, key), text, false);
}

/* 0: the line before is still on its way to them; E_NOTFOUND. */
static int
line_waits(struct app *app, int64_t pid)
{
	autofree char *waits = NULL;
	const char *how = NULL;
	struct line last;
	int r = line_get(app, pid, &last);

	if (r != 0 || (r = message_delivery(app, last.id, &how, &waits)) != 0)
		return r;
	return strcmp(how, "queued") == 0 ? 0 : E_NOTFOUND;
}

/* So that the chat is there when it is needed. */
static int
invite(struct app *app, const char *user, void *cookie)
{
	autoroom struct room room = { 0 };
	int r = rooms_direct(app, user, &room);

	(void)cookie;
	return r == E_LATER ? 0 : r;
}

struct telling {
	const char	*words;
	int64_t		 now;		/* One moment for all of it. */
	size_t		 told;
};

/* Only in a chat that they are in: what waited for them would be old when they come. */
static int
tell(struct app *app, const char *user, void *cookie)
{
	struct telling *t = cookie;
	struct line line = { .at = t->now };
	autofree char *waits = NULL;
	int64_t pid;
	int r = person_id(app->db, user, &pid);

	if (r != 0)
		return r;
	/* Whose chat could not be made is invited again. */
	if ((r = message_waits(app, pid, &waits)) != E_NOTFOUND)
		return r == 0 ? invite(app, user, NULL) : r;
	if ((r = line_waits(app, pid)) != E_NOTFOUND)
		return r;
	id_new(app->world, line.id);
	t->told++;
	r = message_add(app->db, line.id, NULL, pid, true, t->words, line.at);
	return r != 0 ? r : line_put(app, pid, &line);
}

static int
tell_all(struct app *app, bool *ret_more)
{
	autobuf struct buf words = { 0 };
	struct survey s = { 0 };
	struct telling t = { .now = app_now(app) };
	char now[24];
	int r;

	if ((r = case_turns(app->db, count, &s)) != 0 || (r = put_words(&s, t.now, &words)) != 0)
		return r;
	t.words = words.data;
	if ((r = each_staff(app, tell, &t)) != 0 || t.told == 0)
		return r;
	(void)snprintf(now, sizeof(now), "%lld", (long long)t.now);
	*ret_more = true;
	if ((r = case_told(app->db, t.now)) != 0 || (r = meta_put(app->db, TOLD, now, false)) != 0)
		return r;
	return audit_add(app->db, t.now, "node", "remind_staff", "referrals", NULL);
}

/* By the clock where staff are. */
static int64_t
by_day(struct app *app, int64_t at)
{
	autozone struct zone *zone = app->cfg->staff_zone != NULL ? zones_read(app->cfg->staff_zone) : NULL;

	return dialogue_daytime(at, zone != NULL ? zone_offset(zone, at / 1000) / 60 : 0);
}

/* When they may be told of what rings so; not before now. */
static int
when(struct app *app, enum case_ring ring, int64_t *ret)
{
	autofree char *told = NULL;
	int64_t at = app_now(app), after;
	int r = meta_get(app->db, TOLD, false, &told);

	if (r < 0)
		return r;
	after = told != NULL ? strtoll(told, NULL, 10) + (ring == CASE_RING_URGENT ? PAUSE_URGENT : PAUSE) : 0;
	if (after > at)
		at = after;
	*ret = ring == CASE_RING_URGENT ? at : by_day(app, at);
	return 0;
}

int
remind_step(struct app *app, bool *ret_more)
{
	enum case_ring ring;
	int64_t at;
	int r;

	if (app->cfg->staff_users == NULL)
		return 0;
	if (!app->staff_invited && (r = each_staff(app, invite, NULL)) != 0)
		return r;
	app->staff_invited = true;
	/* All clocks that strike now are told of together. */
	if ((r = case_rings(app->db, &ring)) != 0 || ring == CASE_RING_NOT || case_next_due(app->db) <= app_now(app))
		return r;
	return (r = when(app, ring, &at)) != 0 || at > app_now(app) ? r : tell_all(app, ret_more);
}

int64_t
remind_due(struct app *app)
{
	enum case_ring ring;
	int64_t at;

	if (app->cfg->staff_users == NULL)
		return INT64_MAX;
	/* After a failure the next turn meets it where it can be returned. */
	if (case_rings(app->db, &ring) != 0 || when(app, ring, &at) != 0)
		return 0;
	if (ring == CASE_RING_NOT)
		return INT64_MAX;
	return at > app_now(app) ? at : app_now(app) + AGAIN;
}

int
remind_may_say(struct app *app, const struct out *out)
{
	autofree char *room = NULL;
	struct line last;
	int64_t pid;
	int r;

	if (app->cfg->staff_users == NULL)
		return 0;
	if ((r = message_where(app->db, out->ref, &room, &pid)) != 0 || (r = line_get(app, pid, &last)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (strcmp(last.id, out->ref) != 0 || (r = case_told_of(app->db, last.at)) != E_NOTFOUND)
		return r;
	if ((r = outbox_done(app->db, out->id)) != 0 || (r = message_drop(app->db, out->ref)) != 0)
		return r;
	return E_EXISTS;
}

/*
 * For the doctor.
 */

struct finding {
	size_t	 n;
	char	*out;
	size_t	 size;
	bool	*trouble;
};

static int
find_trouble(struct app *app, const char *user, void *cookie)
{
	struct finding *f = cookie;
	autofree char *waits = NULL;
	int64_t pid;
	int r = person_find(app->db, user, &pid);

	f->n++;
	if (r == 0)
		r = message_waits(app, pid, &waits);
	else if (r == E_NOTFOUND && asprintf(&waits, "%s is invited to a chat soon", user) < 0)
		return -ENOMEM;
	if (waits != NULL && !*f->trouble) {
		(void)snprintf(f->out, f->size, "not everybody is told when a referral waits: %s", waits);
		*f->trouble = true;
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
remind_trouble(struct app *app, char *out, size_t size, bool *ret_trouble)
{
	autozone struct zone *zone = app->cfg->staff_zone != NULL ? zones_read(app->cfg->staff_zone) : NULL;
	struct finding f = { .out = out, .size = size, .trouble = ret_trouble };
	int r;

	*ret_trouble = false;
	if (app->cfg->staff_users == NULL) {
		(void)snprintf(out, size, "nobody is told when a referral waits, but by cairn list referrals --due; staff_users in the "
		    "configuration names who is");
		return 0;
	}
	if ((r = each_staff(app, find_trouble, &f)) != 0 || *ret_trouble)
		return r;
	*ret_trouble = app->cfg->staff_zone != NULL && zone == NULL;
	if (*ret_trouble)
		(void)snprintf(out, size, "staff_zone: no time zone \"%s\" is known on this machine; until then it is night by UTC",
		    app->cfg->staff_zone);
	else
		(void)snprintf(out, size, "%zu %s told when a referral waits", f.n, f.n == 1 ? "person is" : "people are");
	return 0;
}
