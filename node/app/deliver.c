/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "crypt/device.h"
#include "deliver.h"
#include "epoch.h"
#include "gap.h"
#include "matrix/request.h"
#include "members.h"
#include "rooms.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

enum {
	SYNC_CAP = 8 << 20, STATE_CAP = 8 << 20, PAGE_CAP = 8 << 20, KEYS_CAP = 4 << 20, CALL_CAP = 1 << 20,
	SYNC_WAIT_MS = 30000, CALL_TIMEOUT_MS = 60000, CLAIM_TIMEOUT_MS = 20000,
	SYNC_EVENTS = 100,
};

static bool
in_flight(const struct app *app, enum flight_kind kind, int64_t row, unsigned account)
{
	for (size_t i = 0; i < nelem(app->flights); i++) {
		const struct flight *f = &app->flights[i];

		if (f->kind == kind && (kind != FLIGHT_OUT || f->row == row) &&
		    (kind != FLIGHT_SYNC || f->account == account))
			return true;
	}
	return false;
}

static struct flight *
free_place(struct app *app)
{
	for (size_t i = 0; i < nelem(app->flights); i++)
		if (app->flights[i].kind == FLIGHT_NONE)
			return &app->flights[i];
	return NULL;
}

void
flight_clear(struct flight *f)
{
	free(f->sent);
	*f = (struct flight){ 0 };
}

int
deliver_landed(struct app *app, uint64_t id, struct flight *ret)
{
	for (size_t i = 0; i < nelem(app->flights); i++)
		if (app->flights[i].kind != FLIGHT_NONE && app->flights[i].id == id) {
			*ret = app->flights[i];
			app->flights[i] = (struct flight){ 0 };
			return 0;
		}
	return E_NOTFOUND;
}

/* Start ${flight}; without a free place it stays due. */
static int
start(struct app *app, struct flight flight, struct app_request *request)
{
	struct flight *place = free_place(app);
	int r;

	if (place == NULL) {
		flight_clear(&flight);
		return 0;
	}
	flight.id = request->id = ++app->last_id;
	if ((r = app->transport.request(app->transport.cookie, request)) != 0) {
		flight_clear(&flight);
		return r;
	}
	*place = flight;
	return 0;
}

static void
wanted_at(struct app *app, int64_t when)
{
	if (when < app->next)
		app->next = when;
}

static int
start_sync(struct app *app, unsigned which)
{
	struct account account;
	autofree char *path = NULL;
	struct app_request request = { .account = app_account_name[which], .method = "GET",
	    .cap = SYNC_CAP };
	unsigned narrow;
	int r, wait;

	if (in_flight(app, FLIGHT_SYNC, 0, which))
		return 0;
	if (app->accounts[which].due > app_now(app)) {
		wanted_at(app, app->accounts[which].due);
		return 0;
	}
	if ((r = account_get(app->db, app_account_name[which], &account)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (account.token == NULL) {
		account_free(&account);
		return 0;
	}
	/* The first answer after a start shows what a lost answer may have done: ask for it at once. */
	wait = app->accounts[which].fresh && account.next_batch != NULL ? SYNC_WAIT_MS : 0;
	narrow = app->accounts[which].narrow;
	path = request_sync(account.next_batch, wait, SYNC_EVENTS >> (narrow < APP_NARROW_MAX ? narrow : APP_NARROW_MAX - 1),
	    narrow == APP_NARROW_MAX);
	account_free(&account);
	if (path == NULL)
		return -ENOMEM;
	request.path = path;
	request.timeout_ms = wait + CALL_TIMEOUT_MS;
	return start(app, (struct flight){ .kind = FLIGHT_SYNC, .account = which, .lazy = narrow == APP_NARROW_MAX },
	    &request);
}

/* The mark that precedes what was encrypted; it says nothing else. */
static int
start_mark(struct app *app)
{
	autofree char *path = NULL, *body = NULL;
	struct app_request request = { .account = "node", .method = "PUT", .cap = CALL_CAP, .timeout_ms = CALL_TIMEOUT_MS };
	int64_t mark;
	int r;

	if (app->accounts[APP_NODE].barred || in_flight(app, FLIGHT_MARK, 0, APP_NODE) ||
	    (r = epoch_due(app, &path, &body, &mark)) == E_NOTFOUND)
		return 0;
	if (r != 0)
		return r;
	if (app->epoch.due > app_now(app)) {
		wanted_at(app, app->epoch.due);
		return 0;
	}
	request.path = path;
	request.body = body;
	return start(app, (struct flight){ .kind = FLIGHT_MARK, .account = APP_NODE, .gen = mark }, &request);
}

/* The key requests that steps() took from the database; now they are committed. */
static int
start_keys(struct app *app)
{
	int r;

	for (size_t i = 0; i < nelem(app->flights); i++) {
		struct flight *f = &app->flights[i];
		bool query = f->kind == FLIGHT_QUERY;
		struct app_request request = { .account = "node", .method = "POST", .cap = KEYS_CAP,
		    .path = query ? REQUEST_V3 "/keys/query" : REQUEST_V3 "/keys/claim",
		    .body = f->sent, .timeout_ms = query ? CALL_TIMEOUT_MS : CLAIM_TIMEOUT_MS };

		if (f->id != 0 || (f->kind != FLIGHT_QUERY && f->kind != FLIGHT_CLAIM))
			continue;
		f->id = request.id = ++app->last_id;
		if ((r = app->transport.request(app->transport.cookie, &request)) != 0)
			return r;
	}
	return 0;
}

int
deliver_reserve(struct app *app, enum flight_kind kind, const json_t *body, int64_t gen)
{
	struct flight *place = free_place(app);
	char *sent;
	int r;

	if (place == NULL)
		return E_LATER;
	if ((r = canon_text(body, &sent, NULL)) != 0)
		return r;
	*place = (struct flight){ .kind = kind, .sent = sent, .gen = gen };
	return 0;
}

bool
deliver_flying(const struct app *app, enum flight_kind kind, int64_t row)
{
	return in_flight(app, kind, row, 0);
}

bool
deliver_full(const struct app *app)
{
	for (size_t i = 0; i < nelem(app->flights); i++)
		if (app->flights[i].kind == FLIGHT_NONE)
			return false;
	return true;
}

static size_t
here_at(const struct app *app, int64_t row)
{
	size_t i = 0;

	while (i < nelem(app->here) && app->here[i] != row)
		i++;
	return i;
}

bool
deliver_here(const struct app *app, int64_t row)
{
	return here_at(app, row) < nelem(app->here);
}

void
deliver_keep(struct app *app, int64_t row)
{
	if (!deliver_here(app, row))
		app->here[app->n_here++ % nelem(app->here)] = row;
}

/* Keys whose upload may have arrived go again only when a sync has shown that it did not. */
static bool
keys_in_doubt(const struct app *app, const struct out *out)
{
	return !strcmp(out->purpose, DEVICE_PURPOSE) && !app->accounts[APP_NODE].fresh;
}

static int
start_out(struct app *app, int64_t id)
{
	struct app_request request = { .timeout_ms = CALL_TIMEOUT_MS };
	struct account account;
	struct out out;
	bool ready;
	size_t i;
	int r = outbox_get(app->db, id, &out);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	ready = out.state == OUT_READY && !rooms_in_doubt(app, &out) && !keys_in_doubt(app, &out);
	for (unsigned k = 0; k < APP_ACCOUNTS; k++)
		ready &= !app->accounts[k].barred || strcmp(out.account, app_account_name[k]) != 0;
	if (ready && *out.account != '\0') {
		if ((r = account_get(app->db, out.account, &account)) == 0) {
			ready = account.token != NULL;
			account_free(&account);
		} else
			ready = false;
	}
	if (ready) {
		request.account = out.account;
		request.method = out.method;
		request.path = out.path;
		request.body = out.body;
		request.cap = !strcmp(out.purpose, "load_directory") || !strcmp(out.purpose, MEMBERS_PURPOSE) ? STATE_CAP :
		    !strcmp(out.purpose, GAP_PURPOSE) ? PAGE_CAP : CALL_CAP;
		if (app->sure == id)
			app->sure = 0;
		i = here_at(app, id);
		r = start(app, (struct flight){ .kind = FLIGHT_OUT, .row = id, .first = i < nelem(app->here) }, &request);
		if (i < nelem(app->here) && in_flight(app, FLIGHT_OUT, id, 0))
			app->here[i] = 0;
	}
	outbox_free(&out);
	return r == E_NOTFOUND ? 0 : r;
}

int
deliver(struct app *app)
{
	int r = 0;

	if (!app->up)
		return 0;
	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		if ((r = start_sync(app, i)) != 0)
			return r;
	if ((r = start_mark(app)) != 0 || (r = start_keys(app)) != 0)
		return r;
	for (size_t i = 0; i < app->n_clear && r == 0; i++)
		r = start_out(app, app->clear[i]);
	app->n_clear = 0;
	if (r == 0)
		wanted_at(app, outbox_next(app->db, app_now(app)));
	return r;
}
