/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

static struct node n;

/* The live upload row's body; NULL if there is none. */
static json_t *
upload_body(int64_t *ret_id)
{
	struct out *list;
	json_t *body = NULL;
	size_t count;

	must(outbox_due(n.db, net_now, 10, &list, &count));
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].purpose, DEVICE_PURPOSE) == 0) {
			must(canon_parse(list[i].body, strlen(list[i].body), &body, NULL));
			*ret_id = list[i].id;
			is_str(list[i].path, "/_matrix/client/v3/keys/upload", "the path");
		}
	outbox_list_free(list, count);
	return body;
}

static int
upload(void)
{
	int r;

	must(db_begin(n.db, NULL));
	r = device_upload(n.crypt);
	must(db_commit(n.db, NULL));
	return r;
}

static int
answered(int status, json_t *answer)
{
	int64_t id;
	int r;

	json_decref(upload_body(&id));
	must(db_begin(n.db, NULL));
	r = device_uploaded(n.crypt, status, answer);
	if (r == 0)
		must(outbox_done(n.db, id));
	must(db_commit(n.db, NULL));
	json_decref(answer);
	return r;
}

static void
counts(int64_t count, bool fallback)
{
	tx(&n, device_counts(n.crypt, count, fallback));
}

static json_t *
fifty(void)
{
	return json_pack("{s:{s:i}}", "one_time_key_counts", "signed_curve25519", 50);
}

static bool
all_signed(json_t *keys)
{
	const char *id;
	json_t *key;

	json_object_foreach(keys, id, key)
		if (strncmp(id, "signed_curve25519:", 18) != 0 || strchr(id, '=') != NULL ||
		    verify_json(key, n.user, "ed25519:DEV", n.crypt->ed25519, NULL) != 0)
			return false;
	return true;
}

static void
test_first(void)
{
	autojson json_t *first = NULL, *same = NULL, *keys = NULL;
	int64_t id, id2;

	is_int(upload(), 0, "a new device uploads");
	first = upload_body(&id);
	keys = json_incref(json_obj(first, "device_keys"));
	is_int(verify_json(keys, n.user, "ed25519:DEV", n.crypt->ed25519, NULL), 0, "signed device keys");
	is_int((int)json_object_size(json_obj(first, "one_time_keys")), 50, "fifty one-time keys");
	is_int((int)json_object_size(json_obj(first, "fallback_keys")), 1, "one fallback key");
	ok(all_signed(json_obj(first, "one_time_keys")) && all_signed(json_obj(first, "fallback_keys")),
	    "all signed");
	ok(json_is_true(json_object_get(json_object_iter_value(json_object_iter(
	    json_obj(first, "fallback_keys"))), "fallback")), "the fallback key says so");
	is_int(upload(), E_EXISTS, "one row at most");
	is_int(answered(503, NULL), E_LATER, "a server error: again later");
	node_close(&n);
	node_reopen(&n);
	is_int(upload(), E_EXISTS, "after a crash the row is still there");
	same = upload_body(&id2);
	ok(id == id2 && json_equal(first, same), "with the same bytes");
	is_int(answered(200, fifty()), 0, "published");
	is_int(upload(), E_NOTFOUND, "nothing more to do");
	is_str(device_fingerprint(n.crypt), n.crypt->ed_text, "fingerprint");
	must(db_begin(n.db, NULL));
	is_int(device_create(n.db, &net_world, n.user, "OTHER", NULL), E_EXISTS, "only one device");
	must(db_commit(n.db, NULL));
}

static void
test_counts(void)
{
	autojson json_t *body = NULL;
	int64_t id;

	counts(20, true);
	is_int(upload(), 0, "twenty keys left");
	body = upload_body(&id);
	is_int((int)json_object_size(json_obj(body, "one_time_keys")), 30, "thirty are added");
	ok(json_obj(body, "device_keys") == NULL && json_obj(body, "fallback_keys") == NULL, "and nothing else");
	is_int(answered(200, fifty()), 0, "published");
	counts(-1, true);
	is_int(upload(), 0, "no count means none");
	is_int(answered(200, fifty()), 0, "published");
}

/* The answer to an upload was lost; the counts of a later sync tell what became of it. */
static void
test_doubt(void)
{
	autojson json_t *body = NULL, *same = NULL, *next = NULL;
	json_t *key;
	const char *name;
	int64_t id, id2;
	int again = 0;

	counts(20, true);
	is_int(upload(), 0, "an upload");
	body = upload_body(&id);
	counts(21, true);
	same = upload_body(&id2);
	ok(same != NULL && json_equal(body, same), "before it was ever sent, no count says that it has arrived");
	json_decref(same);
	tx(&n, outbox_tried(n.db, id, net_now, net_now));
	counts(18, true);
	same = upload_body(&id2);
	ok(same != NULL && json_equal(body, same), "as long as the count does not rise, the same bytes wait");
	counts(47, true);
	is_int(upload(), 0, "it has risen: that upload has arrived, and three keys of it were taken");
	next = upload_body(&id);
	json_object_foreach(json_obj(next, "one_time_keys"), name, key)
		again += json_object_get(json_obj(body, "one_time_keys"), name) != NULL;
	ok(json_object_size(json_obj(next, "one_time_keys")) == 3 && again == 0, "three are added, none is offered again");
	is_int(answered(200, fifty()), 0, "published");
}

/* The first upload: a count says that it has arrived, and no answer does. */
static void
test_unanswered(void)
{
	autojson json_t *first = NULL, *next = NULL;
	int64_t id;

	tx(&n, device_renew(n.crypt));
	counts(40, true);
	is_int(upload(), 0, "an upload with the device keys");
	first = upload_body(&id);
	tx(&n, outbox_tried(n.db, id, net_now, net_now));
	counts(50, true);
	is_int(upload(), 0, "by a count alone its device keys are not taken for published");
	next = upload_body(&id);
	ok(json_obj(first, "device_keys") != NULL && json_equal(json_obj(first, "device_keys"), json_obj(next, "device_keys")), "the same are offered again");
	ok(json_obj(first, "one_time_keys") != NULL && json_obj(next, "one_time_keys") == NULL, "and no one-time key of that upload");
	is_int(answered(200, fifty()), 0, "until there is an answer");
	is_int(upload(), E_NOTFOUND, "which ends it");
}

static void
test_fallback(void)
{
	autojson json_t *body = NULL;
	int64_t id;

	counts(50, false);
	is_int(upload(), E_NOTFOUND, "a young fallback key is not rotated by a crossing count");
	net_now += HOUR;
	counts(50, false);
	is_int(upload(), 0, "the fallback key was used: another");
	body = upload_body(&id);
	is_int((int)json_object_size(json_obj(body, "fallback_keys")), 1, "one");
	is_int(answered(200, fifty()), 0, "published");
	counts(50, true);
	net_now += 7 * 24 * HOUR;
	is_int(upload(), 0, "a week old: another");
	is_int(answered(200, fifty()), 0, "published");
	counts(50, true);
}

static int
count_alarm(void *cookie, int64_t at, const char *user, const char *device_id, const char *text)
{
	(void)at; (void)user; (void)device_id;
	*(int *)cookie += strstr(text, "restored") != NULL;
	return 0;
}

static json_t *
taken(void)
{
	return json_pack("{s:s, s:s}", "errcode", "M_UNKNOWN", "error",
	    "One time key signed_curve25519:AAABLA already exists. Old key: {}; new key: {}");
}

static void
test_heal(void)
{
	/* The server knows ids up to 300 (AAABLA) that we have not used yet. */
	autojson json_t *before = NULL, *after = NULL;
	int64_t id;
	uint8_t number[4];
	const char *key;
	json_t *value;
	bool above = true;
	int alarms = 0;

	counts(0, true);
	is_int(upload(), 0, "an upload");
	before = upload_body(&id);
	is_int(answered(400, taken()), 0, "refused as known: healed");
	is_int(upload(), 0, "a new upload follows");
	after = upload_body(&id);
	json_object_foreach(json_obj(after, "one_time_keys"), key, value) {
		need(decode_b64_exact(key + 18, number, 4) == 0);
		above &= number[2] * 256 + number[3] > 300;
		above &= json_object_get(json_obj(before, "one_time_keys"), key) == NULL;
	}
	ok(above && json_object_size(json_obj(after, "one_time_keys")) == 50, "with ids beyond those taken");
	is_int((int)json_object_size(json_obj(after, "fallback_keys")), 1, "and a fresh fallback key");
	must(keys_alarms_each(n.crypt, count_alarm, &alarms));
	is_int(alarms, 1, "an alarm is raised");
	is_int(answered(400, taken()), E_LATER, "refused again, those keys wait as they are");
	net_now += HOUR - 1;
	is_int(answered(400, taken()), E_LATER, "for an hour");
	net_now++;
	is_int(answered(400, taken()), 0, "then there are others once more");
	is_int(upload(), 0, "which are offered");
	is_int(answered(200, fifty()), 0, "published");
	is_int(upload(), E_NOTFOUND, "at rest");
	counts(10, true);
	is_int(upload(), 0, "another upload");
	is_int(answered(400, json_pack("{s:s}", "errcode", "M_INVALID")), E_LATER, "another 400 is not healed");
}

static void
test_hidden(void)
{
	/* Private halves are in no file: the Ed25519 secret signs, so search for the pickle key. */
	char path[200];
	uint8_t data[4096];
	bool found = false;
	size_t got;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/cairn.db-wal", n.dir);
	need((f = fopen(path, "r")) != NULL);
	while ((got = fread(data, 1, sizeof(data), f)) > 0)
		found |= memmem(data, got, n.crypt->pickle_key, 32) != NULL;
	(void)fclose(f);
	ok(!found, "the pickle key is not in clear in the database");
}

int
main(void)
{
	net_start();
	node_start(&n, "@n:a", "DEV");
	test_first();
	test_counts();
	test_doubt();
	test_unanswered();
	test_fallback();
	test_heal();
	test_hidden();
	node_stop(&n);
	net_stop();
	return done_testing();
}
