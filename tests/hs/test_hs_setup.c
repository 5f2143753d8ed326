/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setup with nobody present: where its secrets are afterwards, a homeserver that
 * wants the password again, and setups that fail and are run once more.
 */
#include <dirent.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/encode.h"
#include "crypt/crosssign.h"
#include "hostile.h"
#include "hs_world.h"
#include "store/peoplestore.h"
#include "story_refer.h"
#include "tests/tap.h"

#define STEWARD		"@steward:opendoor.example"
#define NODE_PASSWORD	"node password"
#define STEWARD_PASSWORD "steward password"

static void
run_setup(struct host *h, const char *node, const char *steward)
{
	json_decref(host_ok(h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", node, "steward_password",
	    steward)));
	host_run(h, 60000);
}

static void
begin(struct host *h, uint64_t seed, const struct hs_script *script)
{
	story_open(h, seed);
	(void)host_add(h, "opendoor", "opendoor.example");
	hs_script(h->hs, script);
	host_start(h, SOURCE);
}

/* "done", "failed", ... ; ${ret_error} has the words. */
static bool
is_at(struct host *h, const char *stage, const char *words)
{
	autojson json_t *status = host_ok(h, SOURCE, "status", json_object());
	const char *is = json_str(status, "setup"), *error = json_str(status, "error");

	if (is != NULL && !strcmp(is, stage) && (words == NULL ? error == NULL :
	    error != NULL && strstr(error, words) != NULL))
		return true;
	printf("# setup: %s, %s\n", is != NULL ? is : "-", error != NULL ? error : "-");
	return false;
}

/* Is the device signed by its owner, and the owner's identity there, as the homeserver has it? */
static bool
is_published(const struct host *h)
{
	const struct hs_user *node = hs_user(h->hs, SOURCE_USER), *steward = hs_user(h->hs, STEWARD);

	return json_obj(node->signing, "self_signing_key") != NULL && json_obj(steward->signing, "self_signing_key") != NULL &&
	    node->devices != NULL && steward->devices != NULL && steward->devices->keys == NULL &&
	    json_object_size(json_obj(json_obj(node->devices->keys, "signatures"), SOURCE_USER)) == 2;
}

/*
 * Where the secrets are.
 */

static char *
read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "r");
	char *data = NULL;
	size_t len;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (data = malloc((len = (size_t)ftell(f)) + 1)) == NULL)
		abort();
	rewind(f);
	*ret_len = fread(data, 1, len, f);
	(void)fclose(f);
	return data;
}

/* In raw form, as hex of either case, in base64 or base64url. */
static bool
holds(const char *path, const uint8_t *secret, size_t n)
{
	char hex[200], upper[200], b64[200], url[200];
	const char *form[] = { hex, upper, b64, url };
	size_t len;
	autofree char *data = read_file(path, &len);
	bool found = memmem(data, len, secret, n) != NULL;

	(void)sodium_bin2hex(hex, sizeof(hex), secret, n);
	for (size_t i = 0; i <= strlen(hex); i++)
		upper[i] = (char)(hex[i] >= 'a' ? hex[i] - 'a' + 'A' : hex[i]);
	encode_b64(secret, n, b64);
	encode_b64url(secret, n, url);
	for (size_t i = 0; i < nelem(form); i++)
		found |= memmem(data, len, form[i], strlen(form[i])) != NULL;
	return found;
}

static void
state_path(const struct host *h, const char *name, char path[PATH_MAX + 340])
{
	(void)snprintf(path, PATH_MAX + 340, "%s/%s/%s", h->dir, h->node[SOURCE].name, name);
}

/* In how many files of the state directory and the log it is; not counting the recovery file. */
static int
leaks(const struct host *h, const uint8_t *secret, size_t n)
{
	char path[PATH_MAX + 340];
	DIR *d;
	int found = 0, files = 0;

	state_path(h, "", path);
	if ((d = opendir(path)) == NULL)
		abort();
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (*e->d_name == '.' || !strcmp(e->d_name, "recovery.txt"))
			continue;
		state_path(h, e->d_name, path);
		files++;
		if (holds(path, secret, n)) {
			printf("# in %s\n", e->d_name);
			found++;
		}
	}
	(void)closedir(d);
	(void)snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->node[SOURCE].name);
	return files < 2 ? -1 : found + holds(path, secret, n);
}

static int
password_leaks(const struct host *h)
{
	return leaks(h, (const uint8_t *)NODE_PASSWORD, strlen(NODE_PASSWORD)) +
	    leaks(h, (const uint8_t *)STEWARD_PASSWORD, strlen(STEWARD_PASSWORD));
}

/* Are the stored passwords empty? */
static bool
passwords_gone(struct host *h)
{
	static const char *const keys[] = { "password_node", "password_steward" };
	struct db *db = hostile_db(h, SOURCE);
	bool gone = true;

	for (size_t i = 0; i < nelem(keys); i++) {
		autofree char *text = NULL;
		int r = meta_get(db, keys[i], true, &text);

		gone &= r == E_NOTFOUND || (r == 0 && *text == '\0');
	}
	hostile_go_on(h, SOURCE, db);
	return gone;
}

static void
test_secrets(void)
{
	struct host h;
	char path[PATH_MAX + 340];
	static const char *const users[] = { SOURCE_USER, STEWARD };
	int in_file = 0, elsewhere = 0;

	begin(&h, 61, &(struct hs_script){ .drop = "/login" });
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	is_int(password_leaks(&h), 0, "while setup waits for the homeserver, no password is in clear on the disk");
	hs_script(h.hs, NULL);
	host_run(&h, 600 * 1000);
	(void)ok(is_at(&h, "done", NULL) && is_published(&h), "setup is done");
	ok(passwords_gone(&h), "and has forgotten the passwords");
	is_int(password_leaks(&h) + (int)story_count(&h, SOURCE, "outbox"), 0, "none is on the disk, or in a request to be made");
	state_path(&h, "recovery.txt", path);
	for (size_t i = 0; i < nelem(users); i++) {
		autocrosssign struct crosssign_keys keys;

		if (crosssign_load(path, users[i], &keys, NULL) != 0)
			host_fail(&h, "the recovery file has no keys of %s", users[i]);
		for (int k = 0; k < CROSSSIGN_ROLES; k++) {
			in_file += holds(path, keys.seed[k], sizeof(keys.seed[k]));
			elsewhere += leaks(&h, keys.seed[k], sizeof(keys.seed[k]));
		}
	}
	is_int(in_file, 2 * CROSSSIGN_ROLES, "all private cross-signing keys are in the recovery file");
	is_int(elsewhere, 0, "and nowhere else in the state directory or the log");
	(void)unlink(path);
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	(void)story_add(&h, "harbor", "harbor.example");
	story_trust(&h);
	story_publish(&h);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "without that file the node works");
	host_end(&h);
}

/*
 * The password is asked for once more.
 */

struct authority {
	const char	*stage;		/* What is asked for; NULL: nothing. */
	int		 asked, given, wrong;
};

static enum hs_fate
demand(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct authority *a = cookie;
	const json_t *auth = json_obj(call->body, "auth");
	const char *password = json_str(auth, "password"), *session = json_str(auth, "session");
	const char *who = json_str(json_obj(auth, "identifier"), "user");
	bool steward = !strcmp(call->user, STEWARD);

	if (a->stage == NULL || strstr(call->path, "/device_signing/upload") == NULL)
		return HS_SERVE;
	if (!strcmp(a->stage, "m.login.password") && password != NULL && session != NULL && who != NULL) {
		a->given++;
		a->wrong += strcmp(session, "uia") != 0 || strcmp(who, call->user) != 0 ||
		    strcmp(password, steward ? STEWARD_PASSWORD : NODE_PASSWORD) != 0;
		return HS_SERVE;
	}
	a->asked++;
	*ret_status = 401;
	*ret_body = json_pack("{s:[{s:[s]}], s:{}, s:s}", "flows", "stages", a->stage, "params", "session", "uia");
	return HS_SAY;
}

static void
test_asked(void)
{
	struct host h;
	struct authority a = { .stage = "m.login.password" };

	begin(&h, 62, &(struct hs_script){ .request = demand, .cookie = &a });
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	ok(a.asked == 2 && a.given == 2 && a.wrong == 0, "a homeserver that asks for the password is given it, for each account once");
	ok(is_at(&h, "done", NULL) && is_published(&h), "and setup is done");
	ok(passwords_gone(&h), "the passwords are forgotten");
	is_int(password_leaks(&h), 0, "also those in the requests");
	host_end(&h);
}

/* The homeserver wants what nobody present can do; later it no longer does. */
static void
test_other_stage(void)
{
	struct host h;
	struct authority a = { .stage = "m.login.sso" };

	begin(&h, 63, &(struct hs_script){ .request = demand, .cookie = &a });
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	ok(is_at(&h, "failed", "does not accept the password"), "a homeserver that asks for something else fails the setup");
	ok(a.asked <= 4, "and is not asked for ever (%d times)", a.asked);
	ok(passwords_gone(&h), "the passwords are forgotten");
	a.asked = 0;
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	ok(a.asked > 0 && is_at(&h, "failed", "does not accept the password"), "run again, it fails again");
	a.stage = NULL;
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	ok(is_at(&h, "done", NULL) && is_published(&h), "when it is no longer asked for, setup is done, and all is published");
	ok(story_complaints(&h) == 0, "with the same keys");
	host_end(&h);
}

static void
test_wrong_password(void)
{
	struct host h;

	begin(&h, 64, NULL);
	run_setup(&h, "wrong", STEWARD_PASSWORD);
	ok(is_at(&h, "failed", "login of node") && is_at(&h, "failed", "Invalid username or password"),
	    "a wrong password fails the setup, and it is said whose");
	ok(passwords_gone(&h), "the passwords are forgotten");
	run_setup(&h, NODE_PASSWORD, "wrong");
	ok(is_at(&h, "failed", "login of steward"), "run again with the other one wrong, it fails for that");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	ok(is_at(&h, "done", NULL) && is_published(&h), "with both right it is done");
	ok(story_complaints(&h) == 0, "the homeserver saw nothing wrong");
	host_end(&h);
}

/* An administrator ends the login, and with it the device, before the identity is published. */
static void
test_revoked(void)
{
	struct host h;
	struct hs_device *device;
	autojson json_t *refusal = NULL;

	begin(&h, 65, &(struct hs_script){ .drop = "/device_signing/upload" });
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	ok(is_at(&h, "keys", NULL), "setup is about to publish the identity");
	refusal = host_command(&h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", NODE_PASSWORD,
	    "steward_password", STEWARD_PASSWORD));
	ok(refused(refusal, "under way"), "it is not begun a second time");
	hs_revoke(h.hs, SOURCE_USER);
	device = hs_user(h.hs, SOURCE_USER)->devices;
	json_decref(device->keys);
	device->keys = NULL;
	(void)json_object_clear(device->onetime);
	(void)json_object_clear(device->used);
	hs_script(h.hs, NULL);
	host_run(&h, 600 * 1000);
	ok(is_at(&h, "keys", NULL) && !is_published(&h), "the token is revoked: nothing is published");
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	host_run(&h, 600 * 1000);
	ok(is_at(&h, "done", NULL) && is_published(&h), "run again, setup is done, and the device signed");
	ok(passwords_gone(&h), "the passwords are forgotten");
	(void)story_add(&h, "harbor", "harbor.example");
	story_trust(&h);
	story_publish(&h);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "the node works");
	host_end(&h);
}

/* An administrator ends the login of a node that works: its device, its keys and what waits for it are gone. */
static void
test_deleted(bool keys_on_their_way)
{
	struct host h;
	struct hs_device *device;
	char path[PATH_MAX + 340];

	story_begin(&h, 66);
	story_trust(&h);
	story_publish(&h);
	state_path(&h, "recovery.txt", path);
	(void)unlink(path);
	if (keys_on_their_way) {
		/* Somebody took a one-time key; another is to be uploaded, and has to wait. */
		struct client c;
		const char *id = hs_user(h.hs, SOURCE_USER)->devices->id;

		hs_script(h.hs, &(struct hs_script){ .drop = "/keys/upload" });
		client_login(&c, &h, "@ana:opendoor.example");
		json_decref(client_call(&c, "POST", "keys/claim", json_pack("{s:{s:{s:s}}}", "one_time_keys", SOURCE_USER, id,
		    "signed_curve25519")));
		host_run(&h, 60000);
		ok(found_in(&h, SOURCE, "outbox", "purpose", "keys_upload") == 1, "an upload of one-time keys waits");
	}
	hs_revoke(h.hs, SOURCE_USER);
	device = hs_user(h.hs, SOURCE_USER)->devices;
	json_decref(device->keys);
	device->keys = NULL;
	(void)json_object_clear(device->onetime);
	(void)json_object_clear(device->used);
	(void)json_array_clear(device->inbox);
	hs_script(h.hs, NULL);
	host_run(&h, 600 * 1000);
	run_setup(&h, NODE_PASSWORD, STEWARD_PASSWORD);
	host_run(&h, 600 * 1000);
	ok(is_at(&h, "done", NULL) && is_published(&h), "run again, without the recovery file, setup publishes the device as it was signed");
	ok(passwords_gone(&h), "the passwords are forgotten");
	json_decref(host_ok(&h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", "Are you back?")));
	json_decref(host_ok(&h, SOURCE, "say", json_pack("{s:s, s:s}", "user", TARGET_USER, "text", "I am.")));
	host_run(&h, 600 * 1000);
	ok(story_said(&h, SOURCE, "in", "Are you back?") == 1 && story_said(&h, TARGET, "in", "I am.") == 1, "both hear each other");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "nothing waits");
	host_end(&h);
}

int
main(void)
{
	test_secrets();
	test_asked();
	test_other_stage();
	test_wrong_password();
	test_revoked();
	test_deleted(false);
	test_deleted(true);
	return done_testing();
}
