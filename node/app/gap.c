/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/log.h"
#include "crypt/envelope.h"
#include "gap.h"
#include "ingest.h"
#include "matrix/request.h"
#include "matrix/sync.h"
#include "store/gapstore.h"
#include "store/inbox.h"

/* Pages asked for at one time, and with those that failed and are asked for again later: some rooms
 * that the homeserver cannot show must not stop the others.  Events judged in one turn. */
enum { AT_ONCE = 4, ASKED_MAX = 16, JUDGE_MAX = 32 };
enum { HOLD_STEP_MS = 30 * 1000 };
#define SHOWN_MS (30 * 24 * 3600 * 1000LL)	/* A loss. */

static void
lament(const struct gap *g, const char *why)
{
	char ref[9];

	log_error("gap", "older messages of room %s could not be read: %s; see cairn doctor",
	    log_ref(g->room_id, ref), why);
}

/* Nothing is older for us than our own coming into the room. */
static int
was_in(struct app *app, const char *room_id)
{
	autofree char *is = NULL;
	int64_t pid;
	int r = person_find(app->db, app->cfg->node_user, &pid);

	if (r != 0 || (r = member_get(app->db, room_id, pid, &is)) != 0)
		return r;
	return strcmp(is, "join") != 0 ? E_NOTFOUND : 0;
}

int
gap_found(struct app *app, const struct room *room, const char *prev_batch)
{
	struct gap g = { .room_id = room->room_id, .state = GAP_WAITS, .most = GAP_PAGE, .at = app_now(app) };
	const char *why = "the homeserver does not say from where";
	char none[] = "";
	struct account account;
	int r = was_in(app, room->room_id);

	if (r < 0)
		return r;
	if (r == 0) {
		if ((r = account_get(app->db, app_account_name[APP_NODE], &account)) != 0)
			return r == E_NOTFOUND ? 0 : r;
		g.until = take(account.next_batch);
		account_free(&account);
	}
	r = E_REFUSED;
	if (prev_batch != NULL) {
		g.token = (char *)(uintptr_t)prev_batch;
		r = gap_add(app->db, &g);
		why = "too many holes of it wait to be read";
	}
	if (r == E_REFUSED) {
		lament(&g, why);
		g.state = GAP_JUDGED;
		g.token = none;
		g.cut = 1;
		r = gap_add(app->db, &g);
	}
	free(g.until);
	return r;
}

/*
 * Reading.
 */

static int
ask(struct app *app, struct gap *g)
{
	/* Members only to see our own invitation; state itself is the sync's to tell. */
	static const char filter[] = "{\"types\":[\"m.room.encrypted\",\"m.room.member\"]}";
	autofree char *path = NULL;
	char lane[320], ref[24], most[24];

	(void)snprintf(lane, sizeof(lane), "fill:%s", g->room_id);
	(void)snprintf(ref, sizeof(ref), "%lld", (long long)g->n);
	(void)snprintf(most, sizeof(most), "%lld", (long long)g->most);
	path = g->until == NULL ?
	    request_path("/rooms/%s/messages?dir=b&limit=%s&filter=%s&from=%s", g->room_id, most, filter, g->token) :
	    request_path("/rooms/%s/messages?dir=b&limit=%s&filter=%s&from=%s&to=%s", g->room_id, most, filter,
	    g->token, g->until);
	if (path == NULL)
		return -ENOMEM;
	return outbox_call(app->db, app_account_name[APP_NODE], lane, "GET", path, NULL, GAP_PURPOSE, ref);
}

static int
of_row(struct app *app, const struct out *out, struct gap *ret)
{
	int r = out->ref == NULL ? E_NOTFOUND : gap_get(app->db, strtoll(out->ref, NULL, 10), ret);

	if (r == 0 && ret->state != GAP_READ) {
		gap_free(ret);
		r = E_NOTFOUND;
	}
	return r;
}

/* What a page says. */
struct page {
	size_t	known, fresh;	/* Encrypted events that were opened before, or not. */
	bool	invited;	/* Our own invitation is in it. */
	bool	full;		/* No more is kept. */
};

static int
take_event(struct app *app, struct gap *g, const json_t *event, struct page *page)
{
	const char *type = json_str(event, "type"), *key = json_str(event, "state_key");
	autofree char *raw = NULL;
	size_t len;
	int r;

	if (type != NULL && !strcmp(type, "m.room.member") && key != NULL && !strcmp(key, app->cfg->node_user))
		page->invited |= json_str(json_obj(event, "content"), "membership") != NULL &&
		    !strcmp(json_str(json_obj(event, "content"), "membership"), "invite");
	if (type == NULL || strcmp(type, "m.room.encrypted") != 0)
		return 0;
	if ((r = envelope_known(app->crypt, g->room_id, event)) != E_NOTFOUND) {
		page->known += r == 0;
		return r;
	}
	page->fresh++;
	if ((raw = json_text(event, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	if ((len = strlen(raw)) > INBOX_RAW_MAX)
		return 0;	/* No server relays such an event. */
	if (g->bytes + (int64_t)len > GAP_BYTES_MAX) {
		page->full = true;
		return 0;
	}
	g->bytes += (int64_t)len;
	return gap_event_add(app->db, g->n, raw);
}

/* Is this the older end?  NULL: it goes on at ${end}; else what to say, "" if all is well. */
static const char *
ended(const struct gap *g, const struct page *page, size_t n, const char *end)
{
	if (page->full)
		return "they are too many";
	if (end == NULL || (page->known > 0 && page->fresh == 0) || (g->until == NULL && page->invited))
		return "";
	if (*end == '\0' || strlen(end) > SYNC_TOKEN_MAX || !strcmp(end, g->token))
		return n == 0 ? "" : "the homeserver gives one token again and again";
	return g->asked >= GAP_ASK_MAX ? "there are too many pages of them" : NULL;
}

int
gap_page(struct app *app, const struct out *out, const json_t *answer)
{
	const json_t *chunk = json_arr(answer, "chunk"), *event;
	const char *end = json_str(answer, "end"), *why;
	struct page page = { 0 };
	autogap struct gap g = { 0 };
	size_t i;
	int r;

	if (chunk == NULL)
		return E_BAD;
	if ((r = of_row(app, out, &g)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	json_array_foreach(chunk, i, event) {
		if (json_is_object(event) && !page.full && (r = take_event(app, &g, event, &page)) != 0)
			return r;
		if (g.until == NULL && page.invited)
			break;
	}
	g.asked++;
	g.most = g.most * 2 > GAP_PAGE ? GAP_PAGE : g.most * 2;
	if ((why = ended(&g, &page, json_array_size(chunk), end)) != NULL) {
		g.state = GAP_JUDGED;
		g.cut = *why != '\0';
		if (g.cut)
			lament(&g, why);
		return gap_put(app->db, &g);
	}
	free(g.token);
	if ((g.token = strdup(end)) == NULL)
		return -ENOMEM;
	r = gap_put(app->db, &g);
	return r != 0 ? r : ask(app, &g);
}

int
gap_refused(struct app *app, const struct out *out, const struct err *why)
{
	char brief[sizeof(why->text)];
	autogap struct gap g = { 0 };
	int r = of_row(app, out, &g);

	if (r == 0) {
		/* Not the server's own words: they may name a member. */
		(void)snprintf(brief, sizeof(brief), "%.*s", (int)strcspn(why->text, ":"), why->text);
		lament(&g, brief);
		g.state = GAP_JUDGED;
		g.cut = 1;
		r = gap_put(app->db, &g);
	}
	return r < 0 ? r : outbox_done(app->db, out->id);
}

int
gap_narrow(struct app *app, int64_t row)
{
	autogap struct gap g = { 0 };
	struct out out;
	int r = outbox_get(app->db, row, &out);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = !strcmp(out.purpose, GAP_PURPOSE) ? of_row(app, &out, &g) : E_NOTFOUND;
	/* One event alone is never too much: then it is the server that is broken, and it is asked again later. */
	if (r == 0 && g.most > 1) {
		g.most /= 2;
		if ((r = gap_put(app->db, &g)) == 0 && (r = outbox_done(app->db, row)) == 0)
			r = ask(app, &g);
	}
	outbox_free(&out);
	return r == E_NOTFOUND ? 0 : r;
}

/*
 * Judging.
 */

/* E_LATER: only if ${patient}. */
static int
judge_event(struct app *app, const struct gap *g, bool patient, int64_t id)
{
	autofree char *raw = NULL;
	autojson json_t *event = NULL;
	int r = gap_event(app->db, id, &raw);

	if (r != 0 || (r = canon_parse(raw, strlen(raw), &event, NULL)) < 0)
		return r;
	/* It came before all that the same sync brought: so it is listed. */
	if (r == 0 && (r = ingest_event(app, g->room_id, event, g->at - 1, patient)) != 0)
		return r;
	return gap_event_drop(app->db, id);
}

/* Keys may still be on their way. */
static int
hold(struct app *app, struct gap *g)
{
	char ref[9];

	if (g->held == 0) {
		log_warn("gap", "older messages of room %s wait: too many wait for keys already",
		    log_ref(g->room_id, ref));
		g->held = app_now(app);
	}
	g->due = app_now(app) + HOLD_STEP_MS;
	return gap_put(app->db, g);
}

static int
judge_some(struct app *app, bool *ret_more)
{
	autofree int64_t *ids = NULL;
	autogap struct gap g = { 0 };
	size_t n = 0;
	int64_t which, kept;
	bool patient;
	int r = gap_judging(app->db, app_now(app), &which);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = gap_get(app->db, which, &g)) != 0 || (r = gap_events(app->db, which, JUDGE_MAX, &ids, &n)) != 0 ||
	    (r = gap_kept(app->db, &kept)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret_more = true;
	patient = (g.held == 0 || app_now(app) - g.held < GAP_HOLD_MS) && kept <= GAP_HELD_BYTES;
	for (size_t i = 0; i < n && r == 0; i++)
		r = judge_event(app, &g, patient, ids[i]);
	if (r == E_LATER)
		return hold(app, &g);
	return r != 0 || n == JUDGE_MAX ? r : gap_over(app->db, &g);
}

/* May one more page be asked for?  0, E_LATER. */
static int
may_ask(struct app *app)
{
	int64_t now, ever;
	int r;

	if ((r = outbox_due_count(app->db, GAP_PURPOSE, app_now(app), &now)) != 0 ||
	    (r = outbox_due_count(app->db, GAP_PURPOSE, INT64_MAX, &ever)) != 0)
		return r;
	return now < AT_ONCE && ever < ASKED_MAX ? 0 : E_LATER;
}

int
gap_step(struct app *app, bool *ret_more)
{
	int64_t which;
	int r;

	while ((r = may_ask(app)) == 0 && (r = gap_waiting(app->db, &which)) == 0) {
		autogap struct gap g = { 0 };

		if ((r = gap_get(app->db, which, &g)) != 0)
			return r > 0 ? ERR_DB : r;
		g.state = GAP_READ;
		if ((r = gap_put(app->db, &g)) != 0 || (r = ask(app, &g)) != 0)
			return r;
		*ret_more = true;
	}
	if (r < 0 || (r = gap_forget(app->db, app_now(app) - SHOWN_MS)) != 0)
		return r;
	return judge_some(app, ret_more);
}
