/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/heap.h"
#include "base/id.h"
#include "base/log.h"
#include "base/proof.h"
#include "crypt/crosssign.h"
#include "crypt/device.h"
#include "domain/trust.h"
#include "node.h"

#define JSON_HEAP	(256UL << 20)	/* As cairn-node has it. */

static const uint8_t kek[DB_KEY] = { 7 }, seed[ED25519_SEED] = "the signer of the benchmarks";

char *
bench_text(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	bench_need(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	return text;
}

void
bench_user(int i, char out[64])
{
	(void)snprintf(out, 64, "@cairn:partner%d.example", i);
}

int64_t
bench_person(struct bench_node *n, const char *user)
{
	int64_t pid;

	bench_must(person_id(n->app->db, user, &pid));
	return pid;
}

/* The way out: kept until it is answered. */
static int
request(void *cookie, const struct app_request *q)
{
	struct bench_node *n = cookie;

	for (int i = 0; i < BENCH_REQUESTS; i++) {
		struct bench_request *r = &n->requests[i];

		if (r->id != 0)
			continue;
		*r = (struct bench_request){ .id = q->id, .path = bench_text("%s", q->path),
		    .body = q->body != NULL ? bench_text("%s", q->body) : NULL };
		return 0;
	}
	return -ENOBUFS;
}

static int
tokens(void *cookie, const json_t *accounts)
{
	(void)cookie;
	(void)accounts;
	return 0;
}

static void
at_commit(void *cookie, const char *point)
{
	struct bench_node *n = cookie;
	int64_t now = bench_time().ns;

	if (!strcmp(point, "before-commit"))
		n->begun = now;
	else
		n->commit_ns += now - n->begun;
}

static void
write_config(struct bench_node *n)
{
	char key[64];
	uint8_t public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];
	struct err err = { "" };
	char *text;

	(void)crypto_sign_seed_keypair(public, secret, seed);
	proof_key_text(public, key);
	text = bench_text("organization = Here\nhomeserver = https://here.example\nserver_name = here.example\n"
	    "node_user = " BENCH_USER "\nsteward_user = @steward:here.example\nstate_dir = %s\nkey_file = %s/kek\n"
	    "crisis_text = \"Call 988.\"\ntrust_signer = %s\n", n->dir, n->dir, key);
	if (config_parse("bench.conf", text, strlen(text), &n->cfg, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	free(text);
}

/* What setup leaves behind, as far as it is needed: an account that is logged in, a device. */
static void
set_up(struct bench_node *n)
{
	char name[] = "node", user[] = BENCH_USER, device[] = "CAIRNBENCH", token[] = "token", since[] = "s0";
	struct account a = { .name = name, .user_id = user, .device_id = device, .token = token,
	    .next_batch = since, .ready = 1 };
	struct err err = { "" };
	struct db *db;

	bench_must(db_open(n->dir, kek, &n->world, &db, &err));
	bench_must(db_begin(db, NULL));
	bench_must(account_put(db, &a));
	bench_must(device_create(db, &n->world, user, device, NULL));
	bench_must(db_commit(db, NULL));
	db_close(db);
}

static void
trust(struct bench_node *n, int partners)
{
	int64_t now = world_now(&n->world);
	json_t *list = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[]}", "v", 1, "kind", "trust", "version", 1,
	    "issued_at", (json_int_t)now, "expires_at", (json_int_t)(now + 86400000LL), "orgs", "issuers");
	json_t *reply;
	struct err err = { "" };

	for (int i = 0; i < partners; i++) {
		uint8_t public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];
		char id[ID_LEN + 1], server[64], user[64], steward[80], key[64], master[64];

		id_new(&n->world, id);
		bench_user(i, user);
		(void)snprintf(server, sizeof(server), "%s", strchr(user, ':') + 1);
		(void)snprintf(steward, sizeof(steward), "@steward:%s", server);
		(void)crypto_sign_keypair(public, secret);
		proof_key_text(public, key);
		encode_b64(public, sizeof(public), master);
		(void)json_array_append_new(json_arr(list, "orgs"), json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[s]}",
		    "org", id, "name", server, "server", server, "node_user", user, "steward_user", steward,
		    "master_key", master, "record_key", key, "roles", "node", "via", server));
	}
	if (trust_sign(list, seed, now, &err) != 0)
		fprintf(stderr, "%s\n", err.text);
	reply = bench_ask(n, "import_trust", json_pack("{s:o}", "document", list));
	if (!json_is_true(json_object_get(reply, "ok"))) {
		(void)json_dumpf(reply, stderr, 0);
		exit(EXIT_FAILURE);
	}
	json_decref(reply);
}

int
bench_open(struct bench_node *n, struct err *reterr)
{
	struct app_transport transport = { .request = request, .tokens = tokens, .cookie = n };

	return app_open(&n->cfg, &n->world, kek, &transport, &n->app, reterr);
}

static void
open_app(struct bench_node *n)
{
	struct err err = { "" };

	if (bench_open(n, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_FAILURE);
	}
	db_test_hook(n->app->db, at_commit, n);
	bench_must(app_bridge(n->app, true));
}

json_t *
bench_ask(struct bench_node *n, const char *verb, json_t *args)
{
	autojson json_t *request = json_pack("{s:s, s:o}", "verb", verb, "args", args);
	json_t *reply = NULL;

	bench_must(app_command(n->app, getuid(), request, &reply));
	return reply;
}

void
bench_node_open(struct bench_node *n, const char *dir, int partners)
{
	*n = (struct bench_node){ .world = world_real() };
	bench_need(sodium_init() >= 0);
	bench_must(heap_limit(JSON_HEAP));
	log_level_set(LOG_LEVEL_ERROR);
	(void)snprintf(n->dir, sizeof(n->dir), "%s/XXXXXX", dir);
	bench_need(mkdtemp(n->dir) != NULL);
	write_config(n);
	set_up(n);
	open_app(n);
	if (partners > 0)
		trust(n, partners);
}

static void
drop(struct bench_request *r)
{
	free(r->path);
	free(r->body);
	*r = (struct bench_request){ 0 };
}

void
bench_node_again(struct bench_node *n)
{
	app_close(n->app);
	for (int i = 0; i < BENCH_REQUESTS; i++)
		drop(&n->requests[i]);
	open_app(n);
}

void
bench_node_close(struct bench_node *n)
{
	char path[2 * PATH_MAX];
	struct dirent *e;
	DIR *d;

	app_close(n->app);
	config_free(&n->cfg);
	for (int i = 0; i < BENCH_REQUESTS; i++)
		drop(&n->requests[i]);
	d = opendir(n->dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", n->dir, e->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(n->dir);
}

void
bench_turns(struct bench_node *n)
{
	n->all = (struct bench_time){ 0 };
	n->longest_ns = n->longest_cpu_ns = n->commit_ns = 0;
	n->turns = 0;
}

/* A turn ends: ${longest} is what it took besides its commits. */
static void
turned(struct bench_node *n, struct bench_time begun, int64_t commits_before, int r)
{
	struct bench_time took = bench_since(begun);
	int64_t own = took.ns - (n->commit_ns - commits_before);

	bench_must(r);
	n->all.ns += took.ns;
	n->all.cpu_ns += took.cpu_ns;
	n->turns++;
	if (own > n->longest_ns)
		n->longest_ns = own;
	if (took.cpu_ns > n->longest_cpu_ns)
		n->longest_cpu_ns = took.cpu_ns;
}

void
bench_answer(struct bench_node *n, struct bench_request *rq, const char *body, size_t len)
{
	struct bench_time begun;
	int64_t commits = n->commit_ns;
	uint64_t id = rq->id;

	drop(rq);
	begun = bench_time();
	turned(n, begun, commits, app_answer(n->app, id, 200, -1, body, len));
}

void
bench_tick(struct bench_node *n)
{
	struct bench_time begun = bench_time();
	int64_t commits = n->commit_ns;
	struct bench_request *mark;

	turned(n, begun, commits, app_tick(n->app));
	if ((mark = bench_request(n, "/account_data/")) != NULL)
		bench_answer(n, mark, "{}", 2);
}

void
bench_stand(struct bench_node *n)
{
	n->now = world_now(&n->world);
	n->world.now = bench_clock;
	n->world.cookie = &n->now;
}

void
bench_synced(struct bench_node *n)
{
	static const char nothing[] = "{\"next_batch\":\"s1\"}";
	struct bench_request *sync;

	while ((sync = bench_request(n, "/sync?")) == NULL)
		bench_tick(n);
	bench_answer(n, sync, nothing, strlen(nothing));
}

struct bench_request *
bench_request(struct bench_node *n, const char *word)
{
	for (int i = 0; i < BENCH_REQUESTS; i++)
		if (n->requests[i].id != 0 && strstr(n->requests[i].path, word) != NULL)
			return &n->requests[i];
	return NULL;
}

struct ratchet_account *
bench_device(struct bench_node *n, int64_t pid, const char *id, struct crypto_device *ret)
{
	struct ratchet_account *a;

	*ret = (struct crypto_device){ .pid = pid, .listed = 1, .is_signed = 1, .eligible = 1 };
	bench_must(ratchet_account_new(&n->world, &a));
	bench_must(ratchet_account_keys(a, ret->ed25519, ret->curve25519));
	ret->device_id = bench_text("%s", id);
	bench_must(crypto_device_put(n->app->db, ret));
	return a;
}

void
bench_show(struct bench_node *n, int i, json_t *answer)
{
	char user[64], device[32], ed[CRYPT_KEY_TEXT + 1], curve[CRYPT_KEY_TEXT + 1], sig[87];
	autojson json_t *keys = NULL, *upload = NULL, *by_self = NULL;
	autofree char *text = NULL;
	struct crosssign_keys k;
	struct ratchet_account *a;
	uint8_t raw_ed[CRYPT_KEY], raw_curve[CRYPT_KEY];

	bench_user(i, user);
	(void)snprintf(device, sizeof(device), "DEVICE%d", i);
	bench_must(ratchet_account_new(&n->world, &a));
	bench_must(ratchet_account_keys(a, raw_ed, raw_curve));
	encode_b64(raw_ed, CRYPT_KEY, ed);
	encode_b64(raw_curve, CRYPT_KEY, curve);
	keys = json_pack("{s:s, s:s, s:[s,s], s:{}}", "user_id", user, "device_id", device, "algorithms",
	    CRYPT_OLM, CRYPT_MEGOLM, "keys");
	text = bench_text("ed25519:%s", device);
	(void)json_object_set_new(json_obj(keys, "keys"), text, json_string(ed));
	free(text);
	text = bench_text("curve25519:%s", device);
	(void)json_object_set_new(json_obj(keys, "keys"), text, json_string(curve));
	free(text);
	bench_must(canon_text(keys, &text, NULL));
	bench_must(ratchet_account_sign(a, text, strlen(text), sig));
	free(text);
	text = bench_text("ed25519:%s", device);
	(void)json_object_set_new(keys, "signatures", json_pack("{s:{s:s}}", user, text, sig));
	ratchet_account_free(a);
	bench_must(crosssign_make(&n->world, user, &k));
	bench_must(crosssign_upload(&k, &upload));
	bench_must(crosssign_sign_device(&k, keys, &by_self));
	(void)json_object_set(json_obj(answer, "master_keys"), user, json_obj(upload, "master_key"));
	(void)json_object_set(json_obj(answer, "self_signing_keys"), user, json_obj(upload, "self_signing_key"));
	(void)json_object_set(json_obj(answer, "device_keys"), user, json_obj(by_self, user));
	crosssign_wipe(&k);
}

char *
bench_onetime(struct bench_node *n, struct ratchet_account *a, const char *user, const char *device)
{
	json_t *keys;
	const char *id, *key;
	char sig[87];
	char *bare, *text;

	bench_must(ratchet_account_make_onetime(a, &n->world, 1));
	bench_must(ratchet_account_onetime(a, &keys));
	id = json_object_iter_key(json_object_iter(keys));
	key = json_string_value(json_object_iter_value(json_object_iter(keys)));
	bare = bench_text("{\"key\":\"%s\"}", key);
	bench_must(ratchet_account_sign(a, bare, strlen(bare), sig));
	text = bench_text("{\"signed_curve25519:%s\":{\"key\":\"%s\",\"signatures\":{\"%s\":{\"ed25519:%s\":\"%s\"}}}}",
	    id, key, user, device, sig);
	free(bare);
	json_decref(keys);
	return text;
}
