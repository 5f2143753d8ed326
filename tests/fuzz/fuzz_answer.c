/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a homeserver answers to all that is neither a sync nor about keys (for these see fuzz_sync, fuzz_keys, fuzz_gap): logins,
 * rooms that are made, joined and left, who is in them, a directory's state, events that were sent, in setup the identity.
 * An input is a list of up to twelve of
 *
 *     {"setup": true}      somebody runs cairn setup again
 *     {"purpose", "ref", "account", "body": ANSWER, "status", "fail": WORD, "to"}    the answer to a request of that purpose
 *                          (app/calls.c): one that waits, or one that is made for it
 *
 * in the dialect of stage.h; "$own" is whom a login was for, and its device.  The node goes on and undoes nothing; its place in the timeline stays; no answer makes or changes
 * a referral or a message, or whom the node trusts; the tokens that are lent to the bridge are such as it takes.
 */
#include "base/canon.h"
#include "crypt/device.h"
#include "crypt/envelope.h"
#include "domain/trust.h"
#include "stage.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

const unsigned fuzz_changes = 40;

enum { ITEMS_MAX = 12 };

/* Made here for an answer; others wait by themselves, or after setup. */
static const char *const made[] = { "create_room", "invite", "join", "load_directory", "members", "record", "federation", "space_child", "group_closed", "group_invite", "traffic",
	"ack", "leave", "say", "server_acl", "dummy", "old_device" };

static json_t *first[STAGE_NODES];
static char *place[STAGE_NODES];

/* What no answer changes. */
static json_t *
picture(size_t i)
{
	autojson json_t *all = stage_picture(i);
	const struct trust_seen seen = trust_last(stage[i].app->trust);

	return json_pack("{s:O, s:s, s:I}", "shown", json_object_get(all, "shown"), "list", seen.hash, "version", (json_int_t)seen.version);
}

/* ${ret}: the request, which the caller frees. */
static bool
waits(size_t i, const char *purpose, uint64_t *ret_id, struct out *ret)
{
	const struct app *app = stage[i].app;

	for (size_t k = 0; k < nelem(app->flights); k++) {
		if (app->flights[k].kind != FLIGHT_OUT || app->flights[k].id == 0)
			continue;
		if (outbox_get(app->db, app->flights[k].row, ret) != 0)
			continue;	/* Made void since: its answer will be nobody's. */
		if (strcmp(ret->purpose, purpose) == 0) {
			*ret_id = app->flights[k].id;
			return true;
		}
		outbox_free(ret);
	}
	return false;
}

/* What the answer to a login says when all is well. */
static void
fill_own(size_t i, const struct out *out, json_t *body)
{
	struct account account;

	if (!json_is_object(body) || strcmp(out->purpose, "login") != 0)
		return;
	must(account_get(stage[i].app->db, out->ref, &account));
	if (json_str(body, "user_id") != NULL && strcmp(json_str(body, "user_id"), "$own") == 0)
		(void)json_object_set_new(body, "user_id", json_string(account.user_id));
	if (json_str(body, "device_id") != NULL && strcmp(json_str(body, "device_id"), "$own") == 0)
		(void)json_object_set_new(body, "device_id", json_string(account.device_id));
	account_free(&account);
}

static void
make(size_t i, const json_t *wish, const char *purpose)
{
	const char *ref = json_str(wish, "ref"), *account = json_str(wish, "account");
	autojson json_t *body = json_pack("{s:[s]}", "devices", "OLD");
	struct app *app = stage[i].app;
	bool known = false;

	for (size_t k = 0; k < nelem(made); k++)
		known = known || strcmp(made[k], purpose) == 0;
	if (!known || ref == NULL)
		return;
	must(db_begin(app->db, NULL));
	must(outbox_call(app->db, account != NULL && strcmp(account, "steward") == 0 ? "steward" : "node", "fuzz", "POST", "/_matrix/client/v3/fuzz", body,
	    purpose, ref));
	must(db_commit(app->db, NULL));
	app->next = 0;
	stage_settle(i);
}

static void
answer(size_t i, const json_t *wish)
{
	const char *purpose = json_str(wish, "purpose"), *fail = json_str(wish, "fail");
	json_t *body = json_object_get(wish, "body");
	autofree char *text = NULL;
	json_int_t status = json_int(wish, "status", 200);
	uint64_t id = 0;
	struct out out;

	if (purpose == NULL)
		return;
	if (!waits(i, purpose, &id, &out)) {
		make(i, wish, purpose);
		if (!waits(i, purpose, &id, &out))
			return;
	}
	fill_own(i, &out, body);
	outbox_free(&out);
	claim((text = json_dumps(body != NULL ? body : json_null(), JSON_COMPACT | JSON_ENCODE_ANY)) != NULL);
	if (fail != NULL)
		must(app_failed(stage[i].app, id, fail, fail));
	else
		must(app_answer(stage[i].app, id, status >= 0 && status < 600 ? (int)status : 200, -1, text, strlen(text)));
	stage_settle(i);
	claim(stage[i].undone == 0);
}

static char *
token(size_t i)
{
	struct account a;
	char *ret;

	must(account_get(stage[i].app->db, "node", &a));
	ret = a.next_batch;
	a.next_batch = NULL;
	account_free(&a);
	return ret;
}

/* Refused if it is under way. */
static void
setup(size_t i)
{
	autojson json_t *request = json_pack("{s:s, s:{s:s, s:s}}", "verb", "setup", "args", "node_password", "n", "steward_password", "s"), *reply = NULL;

	must(app_command(stage[i].app, 0, request, &reply));
	stage[i].undone = 0;
	stage_settle(i);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	stage_open();
	for (size_t i = 0; i < STAGE_NODES; i++)
		claim((first[i] = picture(i)) != NULL && (place[i] = token(i)) != NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);
	const json_t *one;
	size_t k;

	if (!json_is_array(wish))
		return 0;
	fuzz_seed(6);
	json_array_foreach(wish, k, one) {
		size_t i = json_int(one, "to", 0) == 1 ? STAGE_B : STAGE_A;
		autojson json_t *filled = NULL;

		if (k >= ITEMS_MAX || !json_is_object(one))
			continue;
		filled = stage_fill(i, one);
		if (json_is_true(json_object_get(one, "setup")))
			setup(i);
		else
			answer(i, filled);
	}
	for (size_t i = 0; i < STAGE_NODES; i++) {
		autofree char *now = token(i);
		autojson json_t *after = picture(i);

		claim(json_equal(after, first[i]) && strcmp(now, place[i]) == 0);
		stage_check(i);
	}
	stage_rewind();
	return 0;
}
