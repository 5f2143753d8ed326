/* SPDX-License-Identifier: Apache-2.0 */
#include "talk_clock.h"

#include <stdio.h>
#include <string.h>

#include "agreed.h"
#include "base/canon.h"
#include "bound.h"
#include "casepath.h"
#include "domain/dialogue.h"
#include "domain/when.h"
#include "message.h"
#include "pairing.h"
#include "store/audit.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"
#include "talk.h"

enum { PAGE = 16 };
#define ROUND	WHEN_HOUR
#define MET	(2 * WHEN_HOUR)		/* As long as a meeting may last. */
#define SOON	(7 * WHEN_DAY)

/* Whose answer the state of a referral waits for: from its last step on, or from the meeting. */
static const struct occasion {
	enum referral_state	 state;
	int64_t			 after;
	const char		*words;		/* Behind the name; %s: the day. */
	const char		*otherwise;	/* The same where those would not be true (otherwise()). */
} occasions[] = {
	{ REFERRAL_WAITLISTED, 14 * WHEN_DAY, "has had your request on the waiting list since %s. Do you still want that? You need do nothing to stay on it; "
	  "!cancel takes it back, and !find looks for others.", NULL },
	{ REFERRAL_ACCEPTED, 3 * WHEN_DAY, "said yes to your request on %s, and does not know who you are. Do you want them to? Write !consent to see what they would be told, and decide; or write to people here. "
	  "Without your consent they learn nothing.",
	  "said yes to your request on %s. What they were told of you before they may use only if you consent anew. Do you want that? "
	  "Write !consent to see what that means, and decide; or write to people here. Without a new consent they learn nothing more." },
	{ REFERRAL_SCHEDULED, MET, "arranged a meeting with you for %s. Did it take place? Write it here as you like; people here read it.", NULL },
	{ REFERRAL_PAUSED, 30 * WHEN_DAY, "has paused the support since %s. Do you want to go on? Write it here; people here read it and see to it.",
	  "pauses the support since %s, as you wished. Do you want to go on? Write it here; people here read it and see to it." },
};

static const char consent_words[] = "may be told, and may tell us, what your consent says until %s. Do you want it to go on after that? If so, write it here, and people here "
    "prepare it with you; if not, you need do nothing.";

/* The newest that says what time it is for them. */
static int
find_minutes(void *cookie, const struct note *note)
{
	const json_t *minutes = json_object_get(json_obj(note->body, "checkin"), "utc_minutes");
	int64_t *ret = cookie;

	if (*ret == INT64_MAX && json_is_integer(minutes))
		*ret = json_integer_value(minutes);
	return 0;
}

/* 0: now; E_LATER: it is night, or they are not in the chat. */
static int
may_ask(struct app *app, int64_t pid)
{
	autofree char *why = NULL;
	int64_t minutes = INT64_MAX, now = app_now(app);
	int r = message_waits(app, pid, &why);

	if (r != E_NOTFOUND)
		return r == 0 ? E_LATER : r;
	if ((r = note_mine(app->db, pid, "checkin", find_minutes, &minutes)) != 0)
		return r;
	return dialogue_daytime(now, minutes == INT64_MAX ? 0 : (int)minutes) <= now ? 0 : E_LATER;
}

static int
ask(struct app *app, const struct case_row *row, int64_t pid, const char *words, int64_t day)
{
	autofree char *name = NULL;
	autobuf struct buf text = { 0 };
	char printed[WHEN_TEXT];
	const char *at = strstr(words, "%s");
	int r = talk_name(app, row, &name);

	if (r != 0 || (r = buf_printf(&text, "%s %.*s%s%s", name, (int)(at - words), words, when_print_day(day, printed), at + 2)) != 0 ||
	    (r = talk_say(app, pid, text.data)) != 0)
		return r;
	return audit_case(app->db, app_now(app), "node", "ask_member", row->id, NULL);
}

/* When the member's consent ends; INT64_MAX: by no date. */
static int
consent_ends(struct app *app, const struct case_row *row, int64_t *ret)
{
	autojson json_t *consent = NULL;
	int r = agreed_consent(app, row, &consent);

	*ret = json_int(json_obj(consent, "expires"), "at", INT64_MAX);
	return r;
}

/* Whom they said yes to before they may know; and it may be the member who wanted a pause. */
static bool
otherwise(const struct referral *r)
{
	return r->state == REFERRAL_ACCEPTED ? r->disclosed :
	    r->state == REFERRAL_PAUSED && r->last_input == REFERRAL_IN_PAUSE && r->last_actor == REFERRAL_BY_MEMBER;
}

/* From when on its state lasts: its last step; of a meeting, when that is, which only the steps say (0: it is not known). */
static int
since(struct app *app, const struct case_row *row, int64_t *ret)
{
	autopath struct path *path = NULL;
	int r;

	*ret = row->r.since;
	if (row->r.state != REFERRAL_SCHEDULED)
		return 0;
	if ((r = case_path(app, row, &path, NULL)) == 0)
		*ret = path_state(path)->meets_at;
	return r;
}

/* Of one referral that began here. */
static int
look(void *cookie, const struct case_row *row)
{
	struct app *app = cookie;
	autointake struct intake who = { 0 };
	const struct occasion *found = NULL;
	const struct referral *state = &row->r;
	int64_t asked_at = 0, asked_until = 0, at = 0, ends = INT64_MAX, now = app_now(app);
	bool ending;
	int r;

	if ((r = intake_of(app->db, row->id, &who)) != 0 || who.pid == 0 || (r = case_asked(app->db, row->id, &asked_at, &asked_until)) != 0 ||
	    (r = since(app, row, &at)) != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < nelem(occasions); i++)
		if (occasions[i].state == state->state && at != 0 && at != asked_at && now >= at + occasions[i].after && !state->cancelling &&
		    !(state->state == REFERRAL_ACCEPTED && state->consented))
			found = &occasions[i];
	if (state->consented && (r = consent_ends(app, row, &ends)) < 0)
		return r;
	ending = ends > now && ends - now <= SOON && ends != asked_until;
	if ((found == NULL && !ending) || (r = may_ask(app, who.pid)) != 0)
		return r < 0 ? r : 0;
	if (found != NULL && (r = ask(app, row, who.pid, found->otherwise != NULL && otherwise(state) ? found->otherwise : found->words, at)) != 0)
		return r;
	if (ending && (r = ask(app, row, who.pid, consent_words, ends)) != 0)
		return r;
	return case_asked_put(app->db, row->id, found != NULL ? at : asked_at, ending ? ends : asked_until);
}

struct looking_back {
	struct app	*app;
	const char	*words;		/* NULL: nothing is said yet. */
	const char	*side;		/* Who is asked; NULL: both. */
	bool		 asked, waits;
};

static const char back_words[] = "It is time to look back at the support that you two share. Is it still right for you? Write !feedback to say how it is, "
    "or write it here in your own words; people here read it.";
static const char over_words[] = "The time that you two agreed on is over, and nobody said that you go on, so this match has ended. If that is not right, or "
    "you want support again, write it here; people here read it.";

static int
ask_back(void *cookie, const struct chat *c)
{
	struct looking_back *l = cookie;
	int r = l->side == NULL || strcmp(c->side, l->side) == 0 ? may_ask(l->app, c->pid) : E_LATER;

	if (r == 0)
		r = bound_may(l->app, c->pairing, c->pid, c->side);
	if (r < 0)
		return r;
	l->asked = l->asked || r == 0;
	l->waits = l->waits || r != 0;
	return r != 0 || l->words == NULL ? 0 : talk_say(l->app, c->pid, l->words);
}

/* At a review, and once more when the time that they agreed on is over. */
static int
look_back(void *cookie, const struct pairing *p)
{
	struct looking_back l = { .app = cookie, .words = back_words, .side = "member" };
	bool over = p->until <= app_now(l.app);
	char text[256], day[WHEN_TEXT];
	int r;

	(void)snprintf(text, sizeof(text), "The time that you two agreed on for your support is over. Do you want to go on? Write it here; people here read it. "
	    "If nobody says so by %s, it ends then.", when_print_day(p->until + PAIRING_GRACE, day));
	if (over)
		l.words = text;
	r = chat_of_pairing(l.app->db, p->id, ask_back, &l);
	return r != 0 || !l.asked ? r : pairing_asked(l.app->db, p->id, over ? p->until : p->review);
}

/* Both are told, when it is day for both; for a day it waits for that, and for whoever cannot be reached. */
static int
end_over(void *cookie, const struct pairing *p)
{
	struct looking_back l = { .app = cookie };
	int r = chat_of_pairing(l.app->db, p->id, ask_back, &l);

	if (r != 0 || (l.waits && p->until + PAIRING_GRACE + WHEN_DAY > app_now(l.app)))
		return r;
	l.words = over_words;
	r = chat_of_pairing(l.app->db, p->id, ask_back, &l);
	return r != 0 ? r : pairing_lapse(l.app, p);
}

int
talk_clock_step(struct app *app, bool *ret_more)
{
	int64_t after = app->asks.after;
	int r;

	if (app->asks.due > app_now(app))
		return 0;
	if ((r = case_page(app->db, &after, PAGE, look, app)) != 0)
		return r;
	if (after != app->asks.after) {
		app->asks.after = after;
		*ret_more = true;
		return 0;
	}
	if ((r = pairing_over(app->db, app_now(app) - PAIRING_GRACE, end_over, app)) != 0 ||
	    (r = pairing_reviews(app->db, app_now(app), look_back, app)) != 0)
		return r;
	app->asks.due = app_now(app) + ROUND;
	app->asks.after = 0;
	return 0;
}

int64_t
talk_clock_due(const struct app *app)
{
	return app->asks.due;
}
