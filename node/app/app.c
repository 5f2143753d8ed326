/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "backup.h"
#include "base/canon.h"
#include "base/log.h"
#include "calls.h"
#include "command.h"
#include "crypt/crypt.h"
#include "crypt/keys.h"
#include "deliver.h"
#include "domain/trust.h"
#include "epoch.h"
#include "gap.h"
#include "ingest.h"
#include "invitation.h"
#include "matrix/answer.h"
#include "setup.h"
#include "steps.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "trustlist.h"

/* A server that bars an account is asked once a minute; what a remote server may have said, ever more rarely. */
enum { BARRED_MS = 60 * 1000, REMOTE_TRIES = 8 };

const char *const app_account_name[APP_ACCOUNTS] = { "node", "steward" };

int
app_open(const struct config *cfg, const struct world *world, const uint8_t kek[DB_KEY],
    const struct app_transport *transport, struct app **ret, struct err *reterr)
{
	struct app *app = calloc(1, sizeof(*app));
	int r;

	if (app == NULL)
		return -ENOMEM;
	app->cfg = cfg;
	app->world = world;
	app->transport = *transport;
	if ((r = db_open(cfg->state_dir, kek, world, &app->db, reterr)) != 0 ||
	    (r = setup_load(app, reterr)) != 0) {
		app_close(app);
		return r;
	}
	backup_clear(app);		/* What a process before left. */
	*ret = app;
	return 0;
}

void
app_close(struct app *app)
{
	if (app == NULL)
		return;
	for (size_t i = 0; i < nelem(app->flights); i++)
		flight_clear(&app->flights[i]);
	steps_query_forget(app);
	if (app->backup.fd > 0)
		backup_clear(app);
	crypt_free(app->crypt);
	trust_free(app->trust);
	db_close(app->db);
	free(app);
}

/* A commit that failed, or a begin, leaves no transaction. */
static void
undo(struct app *app)
{
	if (db_in_tx(app->db))
		db_rollback(app->db);
	if (app->crypt != NULL)
		crypt_drop_cache(app->crypt);
}

/* What the store has to say about a failure of its own. */
static const char *
why(const struct app *app, int r)
{
	return r == ERR_DB || r == -ENOSPC || r == ERR_CORRUPT ? db_error(app->db) : "";
}

static int
begin(struct app *app)
{
	struct err err = { "" };
	int r = db_begin(app->db, &err);

	if (r != 0)
		log_error("app", "an input was not taken: %s: %s", err_name(r), err.text);
	return r;
}

/* End of every input: commit, and only then speak. */
static int
finish(struct app *app, int r)
{
	struct err err = { "" };

	if (r == 0)
		r = db_commit(app->db, &err);
	if (r != 0) {
		/* Each answer was to be handled before: one that was not is a fault of the program, and said as one. */
		log_error("app", "an input was rolled back: %s%s: %s", r > 0 ? "an answer that nobody expected, " : "", err_name(r),
		    *err.text != '\0' ? err.text : why(app, r));
		undo(app);
		return r > 0 ? -EPROTO : r;
	}
	if (app->tokens_changed && app->up) {
		autojson json_t *tokens = NULL;

		if ((r = setup_tokens(app, &tokens)) != 0)
			log_error("app", "the accounts cannot be read: %s: %s", err_name(r), why(app, r));
		if (r != 0 || (r = app->transport.tokens(app->transport.cookie, tokens)) != 0)
			return r;
		app->tokens_changed = false;
		for (size_t i = 0; i < APP_ACCOUNTS; i++) {
			app->accounts[i].barred = false;
			app->accounts[i].due = 0;
		}
	}
	app->next = 0;		/* app_tick judges what may leave now, and sends it. */
	return 0;
}

/* An answer may have been lost: only a sync that begins from now on shows what it did. */
static void
doubt(struct app *app, unsigned account)
{
	app->accounts[account].fresh = false;
	app->accounts[account].doubt = app->last_id;
}

int
app_bridge(struct app *app, bool up)
{
	int r;

	for (size_t i = 0; i < nelem(app->flights); i++)
		flight_clear(&app->flights[i]);
	for (unsigned i = 0; i < APP_ACCOUNTS; i++) {
		doubt(app, i);
		app->accounts[i].due = 0;
	}
	app->sure = 0;
	app->epoch.due = 0;
	app->up = up;
	app->next = 0;
	if (!up)
		return 0;
	app->tokens_changed = true;
	return (r = begin(app)) != 0 ? r : finish(app, 0);
}

/* Key requests back off by user and device, in the store; unless the server said when. */
static int
keys_back_off(struct app *app, const struct flight *f, int64_t told, const json_t *answer)
{
	autojson json_t *sent = NULL;
	int r = canon_stored(f->sent, &sent);

	if (r != 0)
		return r;
	if (told >= 0 || json_int(answer, "retry_after_ms", -1) >= 0)
		app->keys_due = app_now(app) + answer_wait(told, answer, 1, 0);
	r = f->kind == FLIGHT_QUERY ? keys_query_failed(app->crypt, sent, app_now(app)) :
	    keys_claim_failed(app->crypt, sent);
	return r != 0 ? r : outbox_wake(app->db, NULL);
}

/* ${limited}: HTTP 429, our own homeserver's. */
static int
row_back_off(struct app *app, const struct flight *f, bool limited, int64_t told, const json_t *answer, const char *why)
{
	uint32_t jitter;
	int64_t now = app_now(app);
	struct out out;
	int r;

	if ((r = outbox_get(app->db, f->row, &out)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	log_info("app", "%s: %s; will try again", out.purpose, why);
	doubt(app, !strcmp(out.account, "steward") ? APP_STEWARD : APP_NODE);
	if (limited && f->first)
		deliver_keep(app, f->row);
	/* When no sync is answered either, it is our own homeserver that is ill. */
	if ((r = invitation_undecided(app, &out, limited || app->accounts[APP_NODE].attempts > 0, told, answer)) == E_NOTFOUND) {
		world_random(app->world, &jitter, sizeof(jitter));
		r = outbox_tried(app->db, f->row, now, now + answer_wait(told, answer, out.attempts + 1, jitter));
	}
	outbox_free(&out);
	return r;
}

/* Nothing was decided: try again later. */
static int
back_off(struct app *app, const struct flight *f, int64_t told, const json_t *answer, const char *why)
{
	uint32_t jitter;
	int64_t now = app_now(app);

	world_random(app->world, &jitter, sizeof(jitter));
	switch (f->kind) {
	case FLIGHT_SYNC:
		log_info("app", "sync of %s: %s; will try again", app_account_name[f->account], why);
		app->accounts[f->account].due = now +
		    answer_wait(told, answer, ++app->accounts[f->account].attempts, jitter);
		return 0;
	case FLIGHT_MARK:
		log_info("app", "the mark that must precede what is sent: %s; will try again", why);
		app->epoch.due = now + answer_wait(told, answer, ++app->epoch.attempts, jitter);
		return 0;
	case FLIGHT_QUERY:
	case FLIGHT_CLAIM:
		log_info("app", "device keys: %s; will try again", why);
		return keys_back_off(app, f, told, answer);
	case FLIGHT_OUT:
		return row_back_off(app, f, false, told, answer, why);
	case FLIGHT_NONE:
		break;
	}
	return 0;
}

/* An answer that is too much for us would be so for ever: ask for less, and soon. */
static int
narrow(struct app *app, const struct flight *f)
{
	if (f->kind == FLIGHT_OUT)
		return gap_narrow(app, f->row);
	if (f->kind != FLIGHT_SYNC || app->accounts[f->account].narrow == APP_NARROW_MAX)
		return 0;
	app->accounts[f->account].narrow++;
	app->accounts[f->account].attempts = 0;
	return 0;
}

/* That, why and how long the server lets us wait, for cairn doctor. */
static int
limited(struct app *app, const struct flight *f, int64_t told, const json_t *answer)
{
	struct out out = { 0 };
	int r = f->kind == FLIGHT_OUT ? outbox_get(app->db, f->row, &out) : E_NOTFOUND;

	if (r < 0)
		return r;
	app->limited.until = app_now(app) + answer_wait(told, answer, r == 0 ? out.attempts + 1 : 1, 0);
	app->limited.account = r == 0 ? !strcmp(out.account, "steward") ? APP_STEWARD : APP_NODE : f->account;
	(void)snprintf(app->limited.purpose, sizeof(app->limited.purpose), "%s", r == 0 ? out.purpose : "");
	outbox_free(&out);
	return 0;
}

static int
sync_answered(struct app *app, const struct flight *f, const json_t *answer)
{
	struct err err = { "" };
	int r = ingest_sync(app, f->account, answer, f->lazy, &err);

	if (r == E_BAD)
		return back_off(app, f, -1, NULL, err.text);
	if (r != 0)
		return r;
	if (f->account == APP_NODE)
		epoch_synced(app);
	if (f->id > app->accounts[f->account].doubt)
		app->accounts[f->account].fresh = true;
	app->accounts[f->account].barred = false;
	app->accounts[f->account].narrow = 0;
	app->accounts[f->account].attempts = 0;
	app->accounts[f->account].due = 0;
	return 0;
}

static int
query_answered(struct app *app, const struct flight *f, const json_t *answer)
{
	autojson json_t *sent = NULL;
	bool more;
	int r;

	if ((r = canon_stored(f->sent, &sent)) != 0)
		return r;
	if (json_obj(answer, "device_keys") == NULL)
		return E_BAD;
	app->query.users = json_incref(json_obj(sent, "device_keys"));
	app->query.answer = json_incref((json_t *)(uintptr_t)answer);
	app->query.gen = f->gen;
	return steps_query(app, &more);
}

static int
claim_answered(struct app *app, const struct flight *f, const json_t *answer)
{
	autojson json_t *sent = NULL;
	int r;

	if ((r = canon_stored(f->sent, &sent)) != 0)
		return r;
	if ((r = keys_claim_answer(app->crypt, sent, answer)) != 0)
		return r;
	return outbox_wake(app->db, NULL);
}

static int
mark_answered(struct app *app, const struct flight *f)
{
	epoch_marked(app, f->gen);
	return 0;
}

static int
out_answered(struct app *app, const struct flight *f, int status, enum answer_fate fate,
    const json_t *answer, const struct err *why)
{
	struct out out;
	int r = outbox_get(app->db, f->row, &out);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (fate == ANSWER_OK) {
		r = calls_done(app, &out, answer);
		if (r == 0 && (r = outbox_done(app->db, out.id)) == E_NOTFOUND)
			r = 0;	/* Its own answer voided it. */
	} else
		r = calls_refused(app, &out, status, answer, why);
	outbox_free(&out);
	return r;
}

/*
 * Whatever waits keeps waiting until somebody logs in again, or the server relents.  E_REFUSED: this
 * says nothing of the account.  A request without a token has its answer; and what another server
 * was asked for may bring that server's word, so only that request waits, a limited number of times:
 * if the account is barred indeed, the next sync says so.
 */
static int
barred(struct app *app, const struct flight *f, enum answer_fate fate, const char *why)
{
	unsigned account = f->account;
	int64_t attempts = 0;
	bool remote = false, token = true;
	struct out out;
	int r;

	if (f->kind == FLIGHT_OUT) {
		if ((r = outbox_get(app->db, f->row, &out)) != 0)
			return r == E_NOTFOUND ? 0 : r;
		account = !strcmp(out.account, "steward") ? APP_STEWARD : APP_NODE;
		token = *out.account != '\0';
		remote = calls_remote(out.purpose);
		attempts = out.attempts;
		outbox_free(&out);
	}
	if (!token || (remote && attempts >= REMOTE_TRIES))
		return E_REFUSED;
	if (remote) {
		log_warn("app", "a request that another server may have refused was answered as if the %s account could do nothing",
		    app_account_name[account]);
		return back_off(app, f, BARRED_MS << attempts, NULL, why);
	}
	if (!app->accounts[account].barred)
		log_error("app", "the homeserver accepts nothing from the %s account (%s); %s", app_account_name[account], why,
		    fate == ANSWER_LOGGED_OUT ? "run cairn setup again" : "its administrator can say why");
	app->accounts[account].barred = true;
	return back_off(app, f, BARRED_MS, NULL, why);
}

static int
judged(struct app *app, const struct flight *f, int status, int64_t told, const json_t *answer)
{
	struct err why = { "" }, brief;
	enum answer_fate fate = answer_judge(status, answer, &why);
	int r;

	/* The server's own words may name a member: they are for the store, not for the log. */
	brief = why;
	brief.text[strcspn(brief.text, ":")] = '\0';
	if (fate == ANSWER_RETRY || fate == ANSWER_LIMITED) {
		if ((status == 200 && answer == NULL && (r = narrow(app, f)) != 0) ||
		    (fate == ANSWER_LIMITED && (r = limited(app, f, told, answer)) != 0))
			return r;
		/* M_LIMIT_EXCEEDED with another status may be another homeserver's word. */
		return status == 429 && f->kind == FLIGHT_OUT ? row_back_off(app, f, true, told, answer, brief.text) :
		    back_off(app, f, told, answer, brief.text);
	}
	if ((fate == ANSWER_LOGGED_OUT || fate == ANSWER_BARRED) &&
	    (r = barred(app, f, fate, brief.text)) != E_REFUSED)
		return r;
	if (f->kind == FLIGHT_OUT) {
		r = out_answered(app, f, status, fate, answer, &why);
		return r == E_BAD ? back_off(app, f, -1, NULL, "the answer lacks what it must say") :
		    r == E_LATER ? back_off(app, f, told, answer, brief.text) : r;
	}
	if (fate != ANSWER_OK)
		return back_off(app, f, 60000, NULL, brief.text);
	r = f->kind == FLIGHT_SYNC ? sync_answered(app, f, answer) : f->kind == FLIGHT_MARK ? mark_answered(app, f) :
	    f->kind == FLIGHT_QUERY ? query_answered(app, f, answer) : claim_answered(app, f, answer);
	return r == E_BAD ? back_off(app, f, -1, NULL, "the answer has the wrong shape") : r;
}

int
app_answer(struct app *app, uint64_t id, int status, int64_t retry_after_ms, const char *body, size_t len)
{
	struct flight f;
	autojson json_t *answer = NULL;
	int r;

	if (deliver_landed(app, id, &f) != 0)
		return 0;
	/* A body that is no JSON, or too much of it, decides nothing. */
	if (answer_parse(body, len, &answer) != 0)
		answer = NULL;
	if ((r = begin(app)) != 0) {
		flight_clear(&f);
		return r;
	}
	if ((r = judged(app, &f, status, retry_after_ms, answer)) > 0) {
		/* Nobody knew what to do with it: nothing of it counts, and it is asked again, later. */
		undo(app);
		if ((r = begin(app)) == 0)
			r = back_off(app, &f, -1, NULL, "the answer was not understood");
	}
	flight_clear(&f);
	return finish(app, r);
}

int
app_failed(struct app *app, uint64_t id, const char *kind, const char *text)
{
	struct flight f;
	struct err why = { "" };
	int r;

	if (deliver_landed(app, id, &f) != 0)
		return 0;
	(void)err_set(&why, 0, "no answer (%s): %s", kind, text);
	if ((r = begin(app)) == 0) {
		r = !strcmp(kind, "too_large") ? narrow(app, &f) : 0;
		r = finish(app, r != 0 ? r : back_off(app, &f, -1, NULL, why.text));
	}
	flight_clear(&f);
	return r;
}

int
app_tick(struct app *app)
{
	bool more = false;
	int r;

	app->next = INT64_MAX;
	trustlist_expire(app);
	if ((r = begin(app)) != 0)
		return r;
	if ((r = steps(app, &more)) > 0) {
		undo(app);
		app->next = 0;
		return 0;
	}
	if ((r = finish(app, r)) != 0)
		return r;
	more |= backup_step(app);
	app->next = more ? 0 : INT64_MAX;
	if (!more)
		steps_next(app);
	if ((r = deliver(app)) < 0)
		log_error("app", "nothing can be sent: %s: %s", err_name(r), why(app, r));
	return r;
}

int
app_command(struct app *app, uid_t uid, const json_t *request, json_t **ret_reply)
{
	int r = begin(app);

	if (r != 0)
		return r;
	r = command_run(app, uid, request, ret_reply);
	if (r > 0) {
		/* Refused: the reply says why, and nothing changed but that it was asked. */
		undo(app);
		if ((r = begin(app)) == 0)
			r = command_refused(app, uid, request);
	}
	if ((r = finish(app, r)) != 0) {
		json_decref(*ret_reply);
		*ret_reply = NULL;
	}
	return r;
}
