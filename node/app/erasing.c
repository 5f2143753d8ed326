/* SPDX-License-Identifier: Apache-2.0 */
/* Of erase.h its steps, what is over its term among them; and what was erased, is being erased, or waits for a hold. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypt/crypt.h"
#include "crypt/past.h"
#include "erase.h"
#include "hold.h"
#include "published.h"
#include "store/askstore.h"
#include "store/audit.h"
#include "store/erasure.h"
#include "store/holdstore.h"
#include "store/intakestore.h"
#include "store/notestore.h"
#include "store/retention.h"
#include "store/subject.h"
#include "waits.h"

#define DAY_MS	(24 * 3600 * 1000LL)

enum { OFFER_DAYS = 180, REJECTED_DAYS = 30, TRAFFIC_DAYS = 90, TURN_VALUES = 64, TURN_SESSIONS = 16, TURN_TERMS = 16, TERMS_MS = 3600 * 1000 };

struct naming {
	int	(*fn)(void *, const char *);
	void	*cookie;
};

static int
name_referral(void *cookie, const char *id)
{
	struct naming *n = cookie;
	char who[SUBJECT_NAME];

	return n->fn(n->cookie, subject_referral(id, who));
}

int
erase_parts(struct app *app, const char *subject, int (*fn)(void *, const char *), void *cookie)
{
	struct naming n = { fn, cookie };
	int r;

	if (strncmp(subject, "person:", 7) != 0)
		return strncmp(subject, "referral:", 9) != 0 ? 0 : intake_referrals(app->db, subject + 9, name_referral, &n);
	r = subject_each_part(app->db, subject, fn, cookie);
	return r != 0 ? r : chat_subjects(app->db, strtoll(subject + 7, NULL, 10), fn, cookie);
}

/* Once an hour, and on as long as there is more. */
static int
terms_step(struct app *app, bool *ret_more)
{
	const struct config *cfg = app->cfg;
	int64_t now = app_now(app);
	struct retention t = {
		.referrals = cfg->keep_referrals > 0 ? now - cfg->keep_referrals * DAY_MS : 0,
		.messages = cfg->keep_messages > 0 ? now - cfg->keep_messages * DAY_MS : 0,
		.offers = now - OFFER_DAYS * DAY_MS,
		.rejected = now - REJECTED_DAYS * DAY_MS,
		.traffic = now - TRAFFIC_DAYS * DAY_MS,
		.legal = now - (cfg->keep_legal > 0 ? cfg->keep_legal : ERASE_LEGAL_DAYS) * DAY_MS,
		.book = cfg->keep_book > 0 ? now - cfg->keep_book * DAY_MS : 0,
		.names = now - 2 * (cfg->keep_legal > 0 ? cfg->keep_legal : ERASE_LEGAL_DAYS) * DAY_MS,
	};
	bool more = false;
	int64_t trimmed = 0;
	int r;

	if (now < app->terms_due)
		return 0;
	if ((r = hold_step(app)) != 0 || (r = retention_step(app->db, &t, TURN_TERMS, &more)) != 0)
		return r;
	if (cfg->keep_audit > 0 && (r = audit_trim(app->db, now - cfg->keep_audit * DAY_MS, TURN_VALUES, &trimmed)) != 0)
		return r;
	more |= cfg->keep_audit > 0 && trimmed == TURN_VALUES;
	if ((!more && (r = published_ended(app, &more)) != 0) || (r = waits_forget(app, &more)) != 0)
		return r;
	*ret_more |= more;
	app->terms_due = more ? now : now + TERMS_MS;
	return 0;
}

int
erase_step(struct app *app, bool *ret_more)
{
	bool more = false;
	int r;

	if ((r = terms_step(app, ret_more)) != 0 || (app->crypt != NULL && (r = past_step(app->crypt, TURN_SESSIONS, &more)) != 0) ||
	    (!more && (r = erasure_step(app->db, TURN_VALUES, &more)) != 0))
		return r;
	if (more && app->crypt != NULL)
		crypt_drop_cache(app->crypt);	/* Sessions of whoever is erased are not kept in memory either. */
	*ret_more |= more;
	return 0;
}

int
erase_state(struct app *app, const char *id, const char **ret)
{
	enum erasure_state state;
	char who[SUBJECT_NAME];
	int r = erasure_state(app->db, strchr(id, ':') != NULL ? id : subject_referral(id, who), &state);

	if (r == 0)
		*ret = state == ERASURE_CLEAN ? "delivered" : "queued";
	return r;
}

int
erase_show(struct app *app, const char *id, json_t **ret)
{
	const char *delivery;
	int r = strchr(id, ':') != NULL ? E_NOTFOUND : erase_state(app, id, &delivery);

	if (r != 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "state", strcmp(delivery, "delivered") == 0 ? "erased" : "erasing", "delivery", delivery,
	    "text", "it was erased; cairn list erasures shows when, by whom, and what others keep");
	return *ret != NULL ? 0 : -ENOMEM;
}

static json_t *
time_of(int64_t ms)
{
	return ms > 0 ? json_integer(ms) : NULL;
}

struct listing {
	struct app	*app;
	json_t		*items;
};

static int
add_erasure(void *cookie, const struct erasure *e)
{
	static const char *const states[] = { "", "wanted", "erasing", "erased" };
	struct listing *l = cookie;
	struct held held;
	int r = e->state == ERASURE_WANTED ? hold_of(l->app->db, e->name, &held) : E_NOTFOUND;

	if (r < 0)
		return r;
	return json_array_append_new(l->items, json_pack("{s:s, s:s, s:s, s:o*, s:o*}", "what", e->name, "state",
	    r == 0 ? "held" : states[e->state], "by", e->actor, "at", time_of(e->at), "done", time_of(e->done))) != 0 ? -ENOMEM : 0;
}

static int
add_ask(void *cookie, const struct ask *a)
{
	struct listing *l = cookie;

	return json_array_append_new(l->items, json_pack("{s:s+, s:s, s:s, s:s, s:o*, s:o*}", "what", "referral:", a->referral,
	    "org", a->org, "by", a->ours ? "us" : "them", "state", a->answer != NULL ? a->answer : "not answered", "at",
	    time_of(a->at), "until", time_of(a->until))) != 0 ? -ENOMEM : 0;
}

int
erase_list(struct app *app, json_t *items)
{
	struct listing l = { app, items };
	int r = erasure_each(app->db, 1000, add_erasure, &l);

	return r != 0 ? r : ask_each(app->db, NULL, add_ask, &l);
}
