/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net: nodes with real stores, hand-made peers, and the little of a homeserver
 * that keys need, all in one process with one clock.
 */
#ifndef CAIRN_TEST_NET_H
#define CAIRN_TEST_NET_H

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/proof.h"
#include "crypt/crosssign.h"
#include "crypt/device.h"
#include "crypt/envelope.h"
#include "crypt/keys.h"
#include "crypt/machine.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/sharestore.h"
#include "tests/tap.h"

#define SECOND	1000LL
#define HOUR	(3600 * SECOND)

static int64_t net_now = 1700000000000;

static int64_t
net_clock(void *cookie)
{
	(void)cookie;
	return net_now;
}

static void
net_random(void *cookie, void *dst, size_t n)
{
	(void)cookie;
	randombytes_buf(dst, n);
}

static const struct world net_world = { .now = net_clock, .random = net_random };

#define must(call) do {							\
	int m_ = (call);						\
	if (m_ != 0) {							\
		printf("Bail out! %s:%d: %s: %d\n", __FILE__, __LINE__, #call, m_); \
		exit(EXIT_FAILURE);					\
	}								\
} while (0)
#define need(cond) must(!(cond))

static inline char *
lend(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* The server: what /keys/upload brought, user by user. */
struct server {
	json_t	*device_keys, *master_keys, *self_signing_keys;
	json_t	*onetime;	/* user: device: {key id: object} */
	json_t	*fallback;
	int	 claims, queries;
};

static struct server net;

static inline void
net_start(void)
{
	need(sodium_init() >= 0);
	net = (struct server){ .device_keys = json_object(), .master_keys = json_object(),
	    .self_signing_keys = json_object(), .onetime = json_object(), .fallback = json_object() };
}

static inline void
net_stop(void)
{
	json_decref(net.device_keys);
	json_decref(net.master_keys);
	json_decref(net.self_signing_keys);
	json_decref(net.onetime);
	json_decref(net.fallback);
}

static inline json_t *
child(json_t *object, const char *key)
{
	if (json_object_get(object, key) == NULL)
		json_object_set_new(object, key, json_object());
	return json_object_get(object, key);
}

/* ---- a node ---- */

struct node {
	char	 dir[64];
	const char *user, *device;
	struct db *db;
	struct crypt *crypt;
	json_t	*inbox;		/* To-device events not yet taken. */
	int	 shares;	/* To-device rows sent. */
};

#define NET_NODES 4
static struct node *net_nodes[NET_NODES];

#define tx(n, call) do {						\
	must(db_begin((n)->db, NULL));					\
	must(call);							\
	must(db_commit((n)->db, NULL));					\
} while (0)

static inline void
node_reopen(struct node *n)
{
	static const uint8_t kek[DB_KEY] = { 9 };
	struct err err = { "" };

	if (db_open(n->dir, kek, &net_world, &n->db, &err) != 0) {
		printf("Bail out! db_open: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
	n->crypt = NULL;
	must(db_begin(n->db, NULL));
	if (n->device != NULL && device_create(n->db, &net_world, n->user, n->device, NULL) < 0)
		must(1);
	must(crypt_open(n->db, &net_world, n->user, &n->crypt, &err));
	must(db_commit(n->db, NULL));
}

/* A crash: nothing of this process' memory survives. */
static inline void
node_close(struct node *n)
{
	if (db_in_tx(n->db))
		db_rollback(n->db);
	crypt_free(n->crypt);
	db_close(n->db);
}

static inline void
node_start(struct node *n, const char *user, const char *device)
{
	struct account a = { .name = lend("node"), .user_id = lend(user) };

	*n = (struct node){ .user = user, .device = device, .inbox = json_array() };
	(void)snprintf(n->dir, sizeof(n->dir), "/tmp/cairn-XXXXXX");
	need(mkdtemp(n->dir) != NULL);
	node_reopen(n);
	tx(n, account_put(n->db, &a));
	for (int i = 0; i < NET_NODES; i++) {
		if (net_nodes[i] == NULL) {
			net_nodes[i] = n;
			break;
		}
	}
}

static inline void
node_stop(struct node *n)
{
	char path[400];
	struct dirent *e;
	DIR *d;

	node_close(n);
	json_decref(n->inbox);
	d = opendir(n->dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", n->dir, e->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(n->dir);
	for (int i = 0; i < NET_NODES; i++)
		if (net_nodes[i] == n)
			net_nodes[i] = NULL;
}

/* ---- what the server answers ---- */

static inline void
net_publish(const char *user, const char *device, const json_t *body)
{
	json_t *keys = json_obj(body, "device_keys"), *onetime = json_obj(body, "one_time_keys");

	if (keys != NULL)
		json_object_set_new(child(net.device_keys, user), device, json_deep_copy(keys));
	if (onetime != NULL)
		json_object_update(child(child(net.onetime, user), device), onetime);
	if (json_obj(body, "fallback_keys") != NULL)
		json_object_set_new(child(net.fallback, user), device,
		    json_deep_copy(json_obj(body, "fallback_keys")));
}

/* Publish a cross-signing identity and sign the device already there. */
static inline void
net_identity(const char *user, const char *device, struct crosssign_keys *k)
{
	autojson json_t *upload = NULL, *signed_keys = NULL;

	must(crosssign_make(&net_world, user, k));
	must(crosssign_upload(k, &upload));
	json_object_set(net.master_keys, user, json_obj(upload, "master_key"));
	json_object_set(net.self_signing_keys, user, json_obj(upload, "self_signing_key"));
	must(crosssign_sign_device(k, json_obj(json_obj(net.device_keys, user), device), &signed_keys));
	json_object_set(child(net.device_keys, user), device,
	    json_obj(json_obj(signed_keys, user), device));
}

static inline json_t *
net_query(const json_t *body)
{
	json_t *answer = json_pack("{s:{}, s:{}, s:{}}", "device_keys", "master_keys", "self_signing_keys");
	const char *user;
	json_t *ids;

	net.queries++;
	json_object_foreach(json_obj(body, "device_keys"), user, ids) {
		json_t *devices = json_obj(net.device_keys, user);

		json_object_set_new(json_obj(answer, "device_keys"), user,
		    devices != NULL ? json_deep_copy(devices) : json_object());
		if (json_obj(net.master_keys, user) != NULL)
			json_object_set(json_obj(answer, "master_keys"), user, json_obj(net.master_keys, user));
		if (json_obj(net.self_signing_keys, user) != NULL)
			json_object_set(json_obj(answer, "self_signing_keys"), user,
			    json_obj(net.self_signing_keys, user));
	}
	return answer;
}

static inline json_t *
net_claim(const json_t *body)
{
	json_t *answer = json_pack("{s:{}}", "one_time_keys"), *devices, *algorithm;
	const char *user, *device;

	net.claims++;
	json_object_foreach(json_obj(body, "one_time_keys"), user, devices) {
		json_object_foreach(devices, device, algorithm) {
			json_t *have = json_obj(json_obj(net.onetime, user), device);
			json_t *back = json_obj(json_obj(net.fallback, user), device);
			json_t *from = json_object_size(have) > 0 ? have : back;
			const char *id = json_object_iter_key(json_object_iter(from));
			json_t *given;

			if (id == NULL)
				continue;
			given = child(child(json_obj(answer, "one_time_keys"), user), device);
			json_object_set(given, id, json_object_get(from, id));
			if (from == have)
				json_object_del(have, id);
		}
	}
	return answer;
}

static inline void
net_deliver(const char *sender, const json_t *body, const char *type)
{
	json_t *devices, *content;
	const char *user, *device;

	json_object_foreach(json_obj(body, "messages"), user, devices)
		json_object_foreach(devices, device, content)
			for (int i = 0; i < NET_NODES; i++)
				if (net_nodes[i] != NULL && strcmp(net_nodes[i]->user, user) == 0 &&
				    strcmp(net_nodes[i]->device, device) == 0)
					json_array_append_new(net_nodes[i]->inbox, json_pack("{s:s, s:s, s:O}",
					    "type", type, "sender", sender, "content", content));
}

/* ---- a node's turns ---- */

/* One to-device event of its inbox; its answer. */
static inline int
node_open(struct node *n, const json_t *event, struct opened *ret, struct err *err)
{
	int r;

	must(db_begin(n->db, NULL));
	r = envelope_open_todevice(n->crypt, event, net_now, ret, err);
	if (r < 0) {
		db_rollback(n->db);
		crypt_drop_cache(n->crypt);
	} else
		must(db_commit(n->db, NULL));
	return r;
}

/* The same, of an event that is then freed; ${ret_why}: the sentence, ${ret_trusted}, may be NULL: may its sender's device have keys? */
static inline int
node_hear(struct node *n, json_t *event, struct err *ret_why, bool *ret_trusted)
{
	autoopened struct opened o = { 0 };
	int r;

	*ret_why = (struct err){ "" };
	r = node_open(n, event, &o, ret_why);
	if (ret_trusted != NULL)
		*ret_trusted = o.trusted;
	json_decref(event);
	return r;
}

static inline void
node_take_all(struct node *n)
{
	for (size_t i = 0; i < json_array_size(n->inbox); i++) {
		autoopened struct opened o = { 0 };
		struct err err = { "" };
		int r = node_open(n, json_array_get(n->inbox, i), &o, &err);

		if (r == E_LATER)
			continue;
		if (r != 0)
			printf("# %s: to-device: %s\n", n->user, err.text);
		json_array_remove(n->inbox, i--);
	}
}

/* Send what is due but room events; true if anything was. */
static inline bool
node_send(struct node *n)
{
	struct out *list;
	size_t count;
	bool any = false;

	must(outbox_due(n->db, net_now, 100, &list, &count));
	for (size_t i = 0; i < count; i++) {
		autojson json_t *body = NULL;
		int r = 0;

		if (list[i].kind == OUT_EVENT)
			continue;
		any = true;
		need(list[i].body != NULL);
		must(canon_parse(list[i].body, strlen(list[i].body), &body, NULL));
		must(db_begin(n->db, NULL));
		if (strcmp(list[i].purpose, DEVICE_PURPOSE) == 0) {
			autojson json_t *answer = json_pack("{s:{s:i}}", "one_time_key_counts",
			    "signed_curve25519", 50);

			net_publish(n->user, n->device, body);
			must(device_uploaded(n->crypt, 200, answer));
		} else if (strcmp(list[i].purpose, ENVELOPE_SHARE) == 0) {
			r = envelope_share_check(n->crypt, list[i].ref);
			need(r >= 0);
			if (r == 0) {
				n->shares++;
				net_deliver(n->user, body, list[i].type);
				must(envelope_shared(n->crypt, list[i].ref));
			}
		} else
			net_deliver(n->user, body, list[i].type);
		if (r == 0)
			must(outbox_done(n->db, list[i].id));
		must(db_commit(n->db, NULL));
	}
	outbox_list_free(list, count);
	return any;
}

static inline bool
node_query(struct node *n)
{
	autojson json_t *body = NULL, *answer = NULL;
	int64_t gen;
	int r;

	must(db_begin(n->db, NULL));
	r = keys_query_due(n->crypt, &body, &gen);
	must(db_commit(n->db, NULL));
	if (r != 0) {
		need(r == E_NOTFOUND);
		return false;
	}
	answer = net_query(body);
	tx(n, keys_query_answer(n->crypt, body, gen, answer, NULL));
	return true;
}

static inline bool
node_claim(struct node *n)
{
	autojson json_t *body = NULL, *answer = NULL;
	int r;

	must(db_begin(n->db, NULL));
	r = keys_claim_due(n->crypt, &body);
	must(db_commit(n->db, NULL));
	if (r != 0) {
		need(r == E_NOTFOUND);
		return false;
	}
	answer = net_claim(body);
	tx(n, keys_claim_answer(n->crypt, body, answer));
	return true;
}

/* Turns until nothing moves: queries, claims, shares, what is due. */
static inline int
node_run(struct node *n)
{
	int r, turns = 0;

	do {
		bool moved = node_query(n);

		moved |= node_claim(n);
		moved |= node_send(n);
		must(db_begin(n->db, NULL));
		r = envelope_share_step(n->crypt);
		need(r >= 0);
		must(db_commit(n->db, NULL));
		if (!moved && r != E_EXISTS && keys_next(n->crypt) > net_now)
			return r;
	} while (++turns < 10000);
	return -1;
}

/* Upload; be cross-signed if ${k}. */
static inline void
node_publish(struct node *n, struct crosssign_keys *k)
{
	must(db_begin(n->db, NULL));
	must(device_upload(n->crypt));
	must(db_commit(n->db, NULL));
	(void)node_run(n);
	if (k != NULL)
		net_identity(n->user, n->device, k);
}

static inline int64_t
node_person(struct node *n, const char *user)
{
	int64_t pid;
	bool in = db_in_tx(n->db);

	if (!in)
		must(db_begin(n->db, NULL));
	must(person_id(n->db, user, &pid));
	if (!in)
		must(db_commit(n->db, NULL));
	return pid;
}

static inline void
node_room(struct node *n, const char *room_id, enum room_kind kind)
{
	struct room room = { .room_id = lend(room_id), .account = lend("node"), .kind = kind,
	    .encrypted = 1, .state_encrypted = kind == ROOM_DIRECTORY, .joined = 1, .ours = 1 };

	tx(n, room_put(n->db, &room));
}

static inline void
node_admit(struct node *n, const char *room_id, const char *user)
{
	int64_t pid = node_person(n, user);

	tx(n, roster_add(n->db, room_id, pid));
}

/* Learn a user's devices. */
static inline int64_t
node_learn(struct node *n, const char *user)
{
	int64_t pid = node_person(n, user);

	must(db_begin(n->db, NULL));
	must(keys_track(n->crypt, pid));
	must(keys_changed(n->crypt, user));
	must(db_commit(n->db, NULL));
	(void)node_query(n);
	return pid;
}

static int net_event;

/* Queue an event and try to seal it: its last answer; *ret_event if it is 0. */
static inline int
node_say(struct node *n, const char *room_id, const char *type, const char *state_key,
    const char *text, json_t **ret_event)
{
	autojson json_t *content = json_pack("{s:s}", "body", text), *body = NULL;
	struct out row = { 0 };
	char event_id[64], packed[300];
	int64_t id;
	int r, turns = 0;

	tx(n, outbox_event(n->db, "node", room_id, type, state_key, content, "say", NULL, &id));
	do {
		must(outbox_get(n->db, id, &row));
		must(db_begin(n->db, NULL));
		r = envelope_seal_step(n->crypt, &row, NULL);
		need(r >= 0);
		must(db_commit(n->db, NULL));
		outbox_free(&row);
		if (r == E_LATER && !node_query(n) && !node_claim(n) && !node_send(n))
			break;
	} while (r != 0 && r != E_REFUSED && ++turns < 5000);
	if (r == 0 && ret_event != NULL) {
		must(outbox_get(n->db, id, &row));
		must(canon_parse(row.body, strlen(row.body), &body, NULL));
		outbox_free(&row);
		(void)snprintf(event_id, sizeof(event_id), "$%043d", ++net_event);
		*ret_event = json_pack("{s:s, s:s, s:s, s:I, s:O}", "type", "m.room.encrypted",
		    "sender", n->user, "event_id", event_id, "origin_server_ts", (json_int_t)net_now,
		    "content", body);
		if (state_key != NULL) {
			(void)snprintf(packed, sizeof(packed), "%s:%s", type, state_key);
			json_object_set_new(*ret_event, "state_key", json_string(packed));
		}
	}
	tx(n, outbox_done(n->db, id));
	return r;
}

static inline int
node_read(struct node *n, const char *room_id, const json_t *event, struct opened *ret, struct err *err)
{
	int r;

	must(db_begin(n->db, NULL));
	r = envelope_open_event(n->crypt, room_id, event, ret, err);
	if (r < 0) {
		db_rollback(n->db);
		crypt_drop_cache(n->crypt);
	} else
		must(db_commit(n->db, NULL));
	return r;
}

/* Just the answer. */
static inline int
node_reads(struct node *n, const char *room_id, const json_t *event)
{
	autoopened struct opened o = { 0 };
	struct err err = { "" };
	int r = node_read(n, room_id, event, &o, &err);

	if (r != 0)
		printf("# %s\n", err.text);
	return r;
}

static inline size_t
node_eligible(struct node *n, const char *user)
{
	struct device *list;
	int64_t pid = node_person(n, user);
	size_t count;

	must(db_begin(n->db, NULL));
	must(keys_eligible(n->crypt, pid, &list, &count));
	must(db_commit(n->db, NULL));
	keys_list_free(list, count);
	return count;
}

#endif /* !CAIRN_TEST_NET_H */
