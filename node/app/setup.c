/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "crypt/crosssign.h"
#include "crypt/crypt.h"
#include "crypt/device.h"
#include "epoch.h"
#include "matrix/request.h"
#include "own.h"
#include "publish.h"
#include "setup.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "trustlist.h"

/* meta: the stage ("login", "keys", "done", "failed: why"), and where the recovery file is. */
#define STAGE		"setup"
#define PUBLISHED	"published"	/* Both identities are on the homeserver, and the device is signed. */
#define RECOVERY	"recovery_file"
#define MASTER		"master_"	/* + account: public master key. */
#define SIGNATURES	"signatures"	/* Our device as the recovery file's key signed it: told again if it is forgotten. */
#define ORG_ID		PUBLISH_ORG_ID	/* The id we propose for our organization. */

static const char *
user_of(const struct app *app, unsigned account)
{
	return account == APP_NODE ? app->cfg->node_user : app->cfg->steward_user;
}

static int
fail(struct app *app, int r, struct err *reterr)
{
	if (reterr != NULL && *reterr->text == '\0')
		(void)err_set(reterr, r, "%s", db_error(app->db));
	db_rollback(app->db);
	return r;
}

int
setup_load(struct app *app, struct err *reterr)
{
	bool lost = false;
	int r = db_begin(app->db, reterr);

	if (r != 0)
		return r;
	/* A copy from before an erasure: what its device was made of is gone. */
	if ((r = device_lost(app->db, app->world)) == 0)
		lost = true;
	else if (r < 0)
		return fail(app, r, reterr);
	r = crypt_open(app->db, app->world, app->cfg->node_user, &app->crypt, reterr);
	if (r == E_NOTFOUND)	/* Before setup. */
		r = err_set(reterr, 0, "%s", "");
	if (r == 0)
		r = trustlist_load(app);
	if (r == 0)
		r = epoch_load(app);
	if (r == 0 && lost)
		r = epoch_hold(app);
	if (r == 0)
		return db_commit(app->db, reterr);	/* Not if memory for JSON was missed: what was read may lack a member. */
	return fail(app, r, reterr);
}

int
setup_tokens(struct app *app, json_t **ret)
{
	autojson json_t *tokens = json_object();

	for (unsigned i = 0; i < APP_ACCOUNTS; i++) {
		struct account account = { 0 };
		int r = account_get(app->db, app_account_name[i], &account);

		if (r == E_NOTFOUND)
			continue;
		if (r == 0 && account.token != NULL &&
		    json_object_set_new(tokens, app_account_name[i], json_string(account.token)) != 0)
			r = -ENOMEM;
		account_free(&account);
		if (r != 0)
			return r;
	}
	*ret = take(tokens);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* The account as stored, or a new one with a device id of its own. */
static int
need_account(struct app *app, unsigned which, struct account *ret)
{
	char id[ID_LEN + 1], device[24];
	int r = account_get(app->db, app_account_name[which], ret);

	if (r != E_NOTFOUND)
		return r;
	id_new(app->world, id);
	(void)snprintf(device, sizeof(device), "CAIRN%.10s", id);
	*ret = (struct account){ .name = strdup(app_account_name[which]),
	    .user_id = strdup(user_of(app, which)), .device_id = strdup(device) };
	if (ret->name != NULL && ret->user_id != NULL && ret->device_id != NULL &&
	    (r = account_put(app->db, ret)) == 0)
		return 0;
	account_free(ret);
	return r == E_NOTFOUND ? -ENOMEM : r;
}

static int
queue_login(struct app *app, unsigned which, const char *password)
{
	const char *name = app_account_name[which];
	char lane[32], secret[32];
	autojson json_t *body = NULL;
	struct account account;
	int r;

	(void)snprintf(lane, sizeof(lane), "login:%s", name);
	(void)snprintf(secret, sizeof(secret), "password_%s", name);
	if ((r = need_account(app, which, &account)) != 0)
		return r;
	body = request_login(account.user_id, password, account.device_id, "Cairn node");
	account_free(&account);
	if (body == NULL)
		return -ENOMEM;
	if ((r = outbox_void(app->db, "login", name)) != 0 ||
	    (r = meta_put(app->db, secret, password, true)) != 0)
		return r;
	return outbox_call(app->db, "", lane, "POST", REQUEST_V3 "/login", body, "login", name);
}

/* 0 once both identities are published. */
static int
published(struct app *app)
{
	autofree char *text = NULL;
	int r = meta_get(app->db, PUBLISHED, false, &text);

	return r == 0 && *text == '\0' ? E_NOTFOUND : r;
}

/* Is the recovery file where it can be read?  What is wrong with it is for the operator. */
static int
recovery_there(struct app *app, struct err *why)
{
	struct crosssign_keys keys = { 0 };
	autofree char *file = NULL;
	int r = meta_get(app->db, RECOVERY, false, &file);

	for (unsigned i = 0; i < APP_ACCOUNTS && r == 0; i++) {
		r = crosssign_load(file, user_of(app, i), &keys, why);
		crosssign_wipe(&keys);
	}
	if (r == -ENOENT)
		return err_set(why, E_REFUSED, "the recovery file is no longer at %s: put it back for this", file);
	return r < 0 && r != -ENOMEM ? E_REFUSED : r;
}

/* This database is not the newest: its device is given up for another, which it takes the recovery file to sign. */
static int
want_device(struct app *app, struct err *reterr)
{
	struct account account;
	char id[ID_LEN + 1], device[24];
	int r;

	if ((r = recovery_there(app, reterr)) != 0 || (r = account_get(app->db, "node", &account)) != 0)
		return r;
	if (!strcmp(account.device_id, crypt_device(app->crypt))) {
		id_new(app->world, id);
		(void)snprintf(device, sizeof(device), "CAIRN%.10s", id);
		free(account.device_id);
		r = (account.device_id = strdup(device)) == NULL ? -ENOMEM : account_put(app->db, &account);
	}
	account_free(&account);
	return r != 0 ? r : meta_put(app->db, PUBLISHED, "", false);
}

int
setup_start(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *password[APP_ACCOUNTS] = { json_str(args, "node_password"),
	    json_str(args, "steward_password") };
	const char *file = json_str(args, "recovery_file");
	autofree char *standard = NULL, *stage = NULL;
	int r;

	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		if (password[i] == NULL || *password[i] == '\0')
			return err_set(reterr, E_BAD, "%s_password: the password of %s is missing",
			    app_account_name[i], user_of(app, i));
	if (file == NULL) {
		if (asprintf(&standard, "%s/recovery.txt", app->cfg->state_dir) < 0)
			return -ENOMEM;
		file = standard;
	} else if (strncmp(file, app->cfg->state_dir, strlen(app->cfg->state_dir)) != 0 ||
	    file[strlen(app->cfg->state_dir)] != '/' || strstr(file, "/../") != NULL)
		return err_next(reterr, err_set(reterr, E_BAD, "recovery_file: %s is not below %s, where alone the node can write",
		    file, app->cfg->state_dir), "leave out --recovery-file, and move the file to a safe place afterwards");
	r = meta_get(app->db, STAGE, false, &stage);
	if (r < 0)
		return r;
	/* A token that is good no longer is mended by another login only. */
	if (r == 0 && !strcmp(stage, "keys") && !app->epoch.held && !app->accounts[APP_NODE].barred && !app->accounts[APP_STEWARD].barred)
		return err_set(reterr, E_EXISTS, "setup is under way; cairn doctor shows how far it is");
	/* Of two logins of one device the server keeps the one that it served last. */
	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		if ((r = outbox_pending(app->db, "login", app_account_name[i])) != E_NOTFOUND)
			return r < 0 ? r : err_set(reterr, E_EXISTS, "setup is logging in; cairn doctor shows how far it is");
	if ((r = meta_put(app->db, STAGE, "login", false)) != 0 ||
	    (r = app->crypt == NULL ? meta_put(app->db, RECOVERY, file, false) : 0) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "setup", "accounts", NULL)) != 0)
		return r;
	if (app->crypt != NULL && app->epoch.held && (r = want_device(app, reterr)) != 0)
		return r;
	/* Whoever ended a login has most often deleted the device with it. */
	if (app->crypt != NULL && (r = device_renew(app->crypt)) != 0)
		return r;
	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		if ((r = queue_login(app, i, password[i])) != 0)
			return r;
	return setup_status(app, ret);
}

int
setup_status(struct app *app, json_t **ret)
{
	autofree char *stage = NULL, *file = NULL;
	int r = meta_get(app->db, STAGE, false, &stage);

	if (r < 0 || (r = meta_get(app->db, RECOVERY, false, &file)) < 0)
		return r;
	*ret = json_pack("{s:s, s:s*, s:b, s:b, s:s*, s:b}", "setup", stage == NULL ? "not started" :
	    !strncmp(stage, "failed", 6) ? "failed" : stage, "error",
	    stage != NULL && !strncmp(stage, "failed: ", 8) ? stage + 8 : NULL,
	    "bridge", app->up, "trusted", app->trust != NULL, "recovery_file", file, "recovery_file_there",
	    file != NULL && access(file, F_OK) == 0);
	return *ret != NULL ? 0 : -ENOMEM;
}

/* The cross-signing keys of both accounts: from the recovery file if a crash left one, else new and saved there. */
static int
cross_signing(struct app *app, const char *file, struct crosssign_keys keys[APP_ACCOUNTS], struct err *why)
{
	int r = 0;

	for (unsigned i = 0; i < APP_ACCOUNTS && r == 0; i++)
		r = crosssign_load(file, user_of(app, i), &keys[i], why);
	if (r == -ENOENT) {
		for (unsigned i = 0; i < APP_ACCOUNTS; i++)
			if ((r = crosssign_make(app->world, user_of(app, i), &keys[i])) != 0)
				return r;
		r = crosssign_save(file, keys, APP_ACCOUNTS, why);
	}
	/* What is wrong with the file is for the operator; the store is sound. */
	return r < 0 && r != -ENOMEM ? E_REFUSED : r;
}

static int
queue_publication(struct app *app, unsigned account, const struct crosssign_keys *keys)
{
	const char *name = app_account_name[account], *lane = account == APP_NODE ? DEVICE_LANE : "steward_keys";
	autojson json_t *signing = NULL, *device = NULL, *signatures = NULL;
	autofree char *text = NULL;
	char master[CRYPT_KEY_TEXT + 1], meta[32];
	int r;

	crosssign_master(keys, master);
	(void)snprintf(meta, sizeof(meta), MASTER "%s", name);
	if ((r = crosssign_upload(keys, &signing)) != 0 ||
	    (r = meta_put(app->db, meta, master, false)) != 0 ||
	    (r = outbox_call(app->db, name, lane, "POST", REQUEST_V3 "/keys/device_signing/upload", signing,
	    "signing_upload", name)) != 0 || account != APP_NODE)
		return r;
	if ((r = device_keys_json(app->crypt, &device)) != 0 ||
	    (r = crosssign_sign_device(keys, device, &signatures)) != 0)
		return r;
	if ((text = json_text(signatures, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	if ((r = meta_put(app->db, SIGNATURES, text, false)) != 0)
		return r;
	return outbox_call(app->db, name, lane, "POST", REQUEST_V3 "/keys/signatures/upload", signatures,
	    "signatures", name);
}

/* Both are logged in: device, identity, recovery file, and all that is to be published. */
static int
make_identity(struct app *app, const char *device_id, struct err *why)
{
	struct crosssign_keys keys[APP_ACCOUNTS] = { 0 };
	autofree char *file = NULL;
	char org[ID_LEN + 1];
	int r;

	id_new(app->world, org);
	if ((r = meta_put(app->db, ORG_ID, org, false)) != 0 || (r = meta_get(app->db, RECOVERY, false, &file)) != 0 ||
	    (r = cross_signing(app, file, keys, why)) != 0 ||
	    (r = device_create(app->db, app->world, app->cfg->node_user, device_id, why)) != 0 ||
	    (r = crypt_open(app->db, app->world, app->cfg->node_user, &app->crypt, why)) != 0 ||
	    (r = own_make_key(app)) != 0 || (r = device_upload(app->crypt)) != 0)
		goto out;
	for (unsigned i = 0; i < APP_ACCOUNTS && r == 0; i++)
		r = queue_publication(app, i, &keys[i]);
out:
	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		crosssign_wipe(&keys[i]);
	return r;
}

/* Passwords are of no use once the identity is published, or setup has failed. */
static int
forget_passwords(struct app *app)
{
	int r = 0;

	for (unsigned i = 0; i < APP_ACCOUNTS && r == 0; i++) {
		char secret[32];

		(void)snprintf(secret, sizeof(secret), "password_%s", app_account_name[i]);
		r = meta_put(app->db, secret, "", true);
	}
	return r;
}

static int
finished(struct app *app)
{
	int r = forget_passwords(app);

	if (r == 0)
		r = meta_put(app->db, PUBLISHED, "1", false);
	return r != 0 ? r : meta_put(app->db, STAGE, "done", false);
}

/* An earlier setup made the identity, but the homeserver did not take all of it. */
static int
publish_again(struct app *app, const struct out *out)
{
	struct crosssign_keys keys[APP_ACCOUNTS] = { 0 };
	autofree char *file = NULL;
	struct err why = { "" };
	int r = meta_get(app->db, RECOVERY, false, &file);

	/* The device's keys go before its signature. */
	if (r == 0 && (r = device_upload(app->crypt)) > 0)
		r = 0;
	for (unsigned i = 0; i < APP_ACCOUNTS && r == 0; i++)
		if ((r = crosssign_load(file, user_of(app, i), &keys[i], &why)) == 0 &&
		    (r = outbox_void(app->db, "signing_upload", app_account_name[i])) == 0 &&
		    (r = outbox_void(app->db, "signatures", app_account_name[i])) == 0)
			r = queue_publication(app, i, &keys[i]);
	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		crosssign_wipe(&keys[i]);
	if (r > 0 || r == -ENOENT || r == -EACCES) {
		if (r == -ENOENT)
			(void)err_set(&why, 0, "the recovery file is no longer at %s: put it back for this", file);
		return setup_failed(app, out, &why);
	}
	return r != 0 ? r : meta_put(app->db, STAGE, "keys", false);
}

/* The homeserver may have forgotten the device that it took before: the same keys again, and who signed them. */
static int
publish_device(struct app *app, const struct out *out)
{
	const char *node = app_account_name[APP_NODE];
	autofree char *text = NULL;
	autojson json_t *signatures = NULL;
	int r = meta_get(app->db, SIGNATURES, false, &text);

	if (r == E_NOTFOUND)	/* It was set up before these were kept. */
		return publish_again(app, out);
	if (r != 0 || (r = device_upload(app->crypt)) < 0 || (r = canon_stored(text, &signatures)) != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if ((r = outbox_void(app->db, "signatures", node)) != 0 ||
	    (r = outbox_call(app->db, node, DEVICE_LANE, "POST", REQUEST_V3 "/keys/signatures/upload", signatures,
	    "signatures", node)) != 0)
		return r;
	return meta_put(app->db, STAGE, "keys", false);
}

/* The new device of a restored database, before which nothing may be sent, and the end of the old one. */
static int
renew(struct app *app, const struct out *out, const char *device_id)
{
	autojson json_t *old = json_pack("{s:[s]}", "devices", crypt_device(app->crypt));
	struct err why = { "" };
	int r = recovery_there(app, &why);

	if (r > 0)
		return setup_failed(app, out, &why);
	if (old == NULL)
		return -ENOMEM;
	if (r != 0 || (r = epoch_renewed(app)) != 0 || (r = device_replace(app->db, app->world, device_id)) != 0)
		return r;
	crypt_free(take(app->crypt));
	if ((r = crypt_open(app->db, app->world, app->cfg->node_user, &app->crypt, &why)) != 0 ||
	    (r = audit_add(app->db, app_now(app), "node", "new_device", device_id, NULL)) != 0 ||
	    (r = outbox_call(app->db, "node", DEVICE_LANE, "POST", REQUEST_V3 "/delete_devices", old,
	    "old_device", "node")) != 0)
		return r;
	return publish_again(app, out);
}

int
setup_logged_in(struct app *app, const struct out *out, const json_t *answer)
{
	const char *token = json_str(answer, "access_token"), *user = json_str(answer, "user_id");
	struct account account;
	struct err why = { "" };
	bool both = true;
	int r;

	/* The bridge would end at another, and without it nobody can log in again. */
	if (!text_is_token(token) || user == NULL)
		return E_BAD;
	if ((r = account_get(app->db, out->ref, &account)) != 0)
		return r;
	if (strcmp(user, account.user_id) != 0 ||
	    strcmp(json_str(answer, "device_id") != NULL ? json_str(answer, "device_id") : "", account.device_id)) {
		(void)err_set(&why, 0, "the homeserver logged in %s, or on another device", user);
		account_free(&account);
		return setup_failed(app, out, &why);
	}
	free(account.token);
	account.token = strdup(token);
	r = account.token == NULL ? -ENOMEM : account_put(app->db, &account);
	account_free(&account);
	app->tokens_changed = true;
	for (unsigned i = 0; i < APP_ACCOUNTS && r == 0; i++)
		if ((r = account_get(app->db, app_account_name[i], &account)) == 0) {
			both &= account.token != NULL &&
			    (!strcmp(out->ref, account.name) || outbox_pending(app->db, "login", account.name) != 0);
			account_free(&account);
		}
	if (r != 0 || !both)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = account_get(app->db, "node", &account)) != 0)
		return r;
	if (app->crypt != NULL) {
		if ((r = published(app)) >= 0)
			r = r == 0 ? publish_device(app, out) : app->epoch.held ? renew(app, out, account.device_id) :
			    publish_again(app, out);
		account_free(&account);
		return r;
	}
	if ((r = db_save(app->db)) == 0 && (r = make_identity(app, account.device_id, &why)) == 0)
		r = db_keep(app->db);
	account_free(&account);
	if (r > 0) {
		/* The recovery file cannot be written or read: nothing was made. */
		db_undo(app->db);
		crypt_free(app->crypt);
		app->crypt = NULL;
		return setup_failed(app, out, &why);
	}
	return r != 0 ? r : meta_put(app->db, STAGE, "keys", false);
}

int
setup_published(struct app *app, const struct out *out, const json_t *answer)
{
	const json_t *failures = json_obj(answer, "failures");
	autofree char *stage = NULL;
	struct err why = { "" };
	int r;

	if (!strcmp(out->purpose, "signatures") && json_object_size(failures) > 0) {
		(void)err_set(&why, 0, "the homeserver did not take the device's signature");
		return setup_failed(app, out, &why);
	}
	for (unsigned i = 0; i < APP_ACCOUNTS; i++) {
		bool same = !strcmp(out->ref, app_account_name[i]);

		if (!(same && !strcmp(out->purpose, "signing_upload")) &&
		    (r = outbox_pending(app->db, "signing_upload", app_account_name[i])) != E_NOTFOUND)
			return r;
		if (!(same && !strcmp(out->purpose, "signatures")) &&
		    (r = outbox_pending(app->db, "signatures", app_account_name[i])) != E_NOTFOUND)
			return r;
	}
	if ((r = meta_get(app->db, STAGE, false, &stage)) != 0)
		return r;
	/* One part may have failed: then setup is to be run again. */
	return strcmp(stage, "keys") != 0 ? 0 : finished(app);
}

int
setup_auth(struct app *app, const struct out *out, const json_t *answer)
{
	autosecret char *password = NULL;
	autojson json_t *body = NULL;
	json_t *auth;
	char secret[32];
	struct err why = { "" };
	int r;

	(void)snprintf(secret, sizeof(secret), "password_%s", out->ref);
	if ((r = canon_stored(out->body, &body)) != 0)
		return r;
	if (json_object_get(body, "auth") != NULL || meta_get(app->db, secret, true, &password) != 0) {
		(void)err_set(&why, 0, "the homeserver does not accept the password to publish the identity of %s", out->ref);
		r = outbox_fail(app->db, out->id, why.text);
		return r != 0 ? r : setup_failed(app, out, &why);
	}
	auth = request_password_auth(!strcmp(out->ref, "node") ? app->cfg->node_user : app->cfg->steward_user,
	    password, json_str(answer, "session"));
	if (json_object_set_new(body, "auth", auth) != 0)
		return -ENOMEM;
	return outbox_rebody(app->db, out->id, body);
}

int
setup_failed(struct app *app, const struct out *out, const struct err *why)
{
	char stage[600];
	int r;

	log_error("setup", "%s of %s failed: %s", out->purpose, out->ref, why->text);
	(void)snprintf(stage, sizeof(stage), "failed: %s of %s: %s", out->purpose, out->ref, why->text);
	for (unsigned i = 0; i < APP_ACCOUNTS; i++)
		if ((r = outbox_void(app->db, "login", app_account_name[i])) != 0)
			return r;
	if ((r = forget_passwords(app)) != 0)
		return r;
	return meta_put(app->db, STAGE, stage, false);
}

int
setup_identity(struct app *app, json_t **ret)
{
	char key[64];
	autofree char *master = NULL, *org = NULL;
	int r;

	if ((r = own_key_text(app->db, key)) != 0 || (r = meta_get(app->db, MASTER "node", false, &master)) != 0 ||
	    (r = meta_get(app->db, ORG_ID, false, &org)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}", "org", org, "name", app->cfg->organization,
	    "server", app->cfg->server_name, "node_user", app->cfg->node_user, "steward_user",
	    app->cfg->steward_user, "master_key", master, "record_key", key, "roles", "node", "via",
	    app->cfg->server_name);
	return *ret != NULL ? 0 : -ENOMEM;
}
