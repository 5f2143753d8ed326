/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/log.h"
#include "crypt/crypt.h"
#include "crypt/device.h"
#include "crypt/envelope.h"
#include "epoch.h"
#include "matrix/request.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/peoplestore.h"
#include "store/rows.h"

/* meta: {run: the last mark it began}, the last runs; and when it was seen that we are not the newest. */
#define MARKS		"epoch"
#define HELD		"restored"
#define SERIES		"epoch"		/* The number of marks begun: node/store/sql/outbox.sql. */

enum { RUNS = 8 };	/* A mark that an earlier run sent may arrive late. */

static int
marks_get(struct app *app, json_t **ret)
{
	autofree char *text = NULL;
	int r = meta_get(app->db, MARKS, false, &text);

	if (r == E_NOTFOUND)
		return (*ret = json_object()) != NULL ? 0 : -ENOMEM;
	if (r != 0)
		return r;
	return canon_stored(text, ret);
}

/* The newest stands last. */
static int
marks_put(struct app *app, json_t *marks, const char *run, int64_t mark)
{
	autofree char *text = NULL;

	(void)json_object_del(marks, run);
	while (json_object_size(marks) >= RUNS)
		(void)json_object_del(marks, json_object_iter_key(json_object_iter(marks)));
	if (json_object_set_new(marks, run, json_integer(mark)) != 0 ||
	    (text = json_text(marks, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	return meta_put(app->db, MARKS, text, false);
}

static void
say(void)
{
	log_error("epoch", "this database is not the newest of this node: a copy was restored, or a second one runs. "
	    "Nothing is sent until cairn setup has made a new device; see cairn doctor");
}

int
epoch_load(struct app *app)
{
	autofree char *held = NULL;
	int r = meta_get(app->db, HELD, false, &held);

	id_new(app->world, app->epoch.run);
	app->epoch.held = r == 0 && *held != '\0';
	if (app->epoch.held)
		say();
	return r == E_NOTFOUND ? 0 : r;
}

int
epoch_hold(struct app *app)
{
	char when[24];
	int r;

	if (app->epoch.held)
		return 0;
	say();
	app->epoch.held = true;
	(void)snprintf(when, sizeof(when), "%lld", (long long)app_now(app));
	if ((r = meta_put(app->db, HELD, when, false)) != 0)
		return r;
	return audit_add(app->db, app_now(app), "node", "restored", app->crypt != NULL ? crypt_device(app->crypt) : "", NULL);
}

int
epoch_seen(struct app *app, const json_t *content)
{
	const char *run = json_str(content, "run");
	int64_t mark = json_int(content, "mark", -1);
	autojson json_t *marks = NULL;
	int r;

	/* It says nothing, which the homeserver can have at any time. */
	if (run == NULL || strlen(run) != ID_LEN || mark < 0)
		return 0;
	if ((r = marks_get(app, &marks)) != 0)
		return r;
	if (json_int(marks, run, -1) >= mark)
		return 0;
	/* It is known from now on: after the new device it is not seen as another's again. */
	if ((r = marks_put(app, marks, run, mark)) != 0)
		return r;
	return epoch_hold(app);
}

void
epoch_synced(struct app *app)
{
	app->epoch.judged = true;
}

bool
epoch_open(const struct app *app)
{
	return app->epoch.judged && !app->epoch.held;
}

/* Positions of ratchets and one-time keys are in it. */
static bool
sealed(const struct out *out)
{
	return !strcmp(out->account, "node") && (out->kind != OUT_CALL || !strcmp(out->purpose, DEVICE_PURPOSE));
}

/* What is in a timeline comes back with its position in the next sync; nothing else does. */
static bool
marked(const struct out *out)
{
	return sealed(out) && (out->kind != OUT_EVENT || out->state_key != NULL);
}

bool
epoch_covers(struct app *app, const struct out *out)
{
	if (!marked(out))
		return !sealed(out) || epoch_open(app);
	if (app->epoch.sure > 0 && out->mark <= app->epoch.sure)
		return true;
	app->epoch.wanted = true;
	return false;
}

void
epoch_want(struct app *app, const struct out *out)
{
	app->epoch.wanted |= marked(out);
}

int
epoch_step(struct app *app)
{
	autojson json_t *marks = NULL;
	int64_t mark;
	int r;

	if (!app->epoch.wanted || !epoch_open(app) || app->epoch.begun > app->epoch.sure)
		return 0;
	if ((r = rows_serial(app->db, SERIES, &mark)) != 0 || (r = marks_get(app, &marks)) != 0 ||
	    (r = marks_put(app, marks, app->epoch.run, mark)) != 0)
		return r;
	app->epoch.begun = mark;
	return 0;
}

int
epoch_due(const struct app *app, char **ret_path, char **ret_body, int64_t *ret_mark)
{
	autojson json_t *body = NULL;

	if (!epoch_open(app) || app->epoch.begun <= app->epoch.sure)
		return E_NOTFOUND;
	body = json_pack("{s:s, s:I}", "run", app->epoch.run, "mark", (json_int_t)app->epoch.begun);
	*ret_mark = app->epoch.begun;
	*ret_path = request_path("/user/%s/account_data/%s", app->cfg->node_user, REQUEST_EPOCH);
	*ret_body = body != NULL ? json_text(body, JSON_COMPACT) : NULL;
	return *ret_path != NULL && *ret_body != NULL ? 0 : -ENOMEM;
}

void
epoch_marked(struct app *app, int64_t mark)
{
	app->epoch.sure = mark;
	app->epoch.attempts = 0;
	app->epoch.due = 0;
}

int
epoch_own(struct app *app, const struct opened *opened)
{
	const char *id = json_str(opened->content, ID_NAMESPACE "id");
	int r = envelope_foreign(app->crypt, opened);

	if (r < 0 || (r == 0 && (r = epoch_hold(app)) != 0))
		return r;
	/*
	 * What people read is not told them twice; partners know each content by its id.  In the
	 * first sync nothing is on its way, and what follows may still show that we are old.
	 */
	if (epoch_open(app) || id == NULL || strcmp(opened->type, "m.room.message") != 0)
		return 0;
	return outbox_void(app->db, "say", id);
}

static int
again(void *cookie, const struct out *out)
{
	struct app *app = cookie;

	return out->kind == OUT_EVENT ? outbox_renew(app->db, out->id) : 0;
}

int
epoch_renewed(struct app *app)
{
	int r;

	if ((r = outbox_void_kind(app->db, OUT_TODEVICE)) != 0 ||
	    (r = outbox_void(app->db, DEVICE_PURPOSE, crypt_device(app->crypt))) != 0 ||
	    (r = outbox_each(app->db, OUT_READY, again, app)) != 0 || (r = own_leap(app->db)) != 0 ||
	    (r = meta_put(app->db, HELD, "", false)) != 0)
		return r;
	app->epoch.held = false;
	return 0;
}
