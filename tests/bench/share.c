/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share: the key of a room goes to everybody in it, from the event in the outbox to the event
 * that leaves: plan, /keys/claim, checked one-time keys, Olm sessions, to-device requests.
 * Each round is a fresh store; the homeserver's part is not counted.
 *
 *	share DIR share DEVICES
 *	share DIR query USERS		what the servers say of so many users' devices is judged and stored
 */
#include <malloc.h>

#include "base/canon.h"
#include "base/encode.h"
#include "crypt/keys.h"
#include "node.h"

enum { EACH = 5 };	/* Devices of a user. */

struct share_bench {
	const char *dir;
	int	 devices;
	char	**onetime;	/* What /keys/claim gives for each device. */
	size_t	 plain;		/* Bytes of an Olm message's plaintext. */
	struct bench_node node;
};

static long
status_kib(const char *name)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	bench_need(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name) + 1, NULL, 10);
	(void)fclose(f);
	return kib;
}

static void
forget_peak(void)
{
	FILE *f;

	(void)malloc_trim(0);		/* What the preparations left. */
	f = fopen("/proc/self/clear_refs", "w");
	bench_need(f != NULL && fputs("5", f) >= 0);
	bench_must(fclose(f));
}

static void
add_user(struct share_bench *s, int i, const char *room)
{
	struct bench_node *n = &s->node;
	struct crypto_user u = { .tracked = 1 };
	char user[64], id[32];

	bench_user(i, user);
	u.pid = bench_person(n, user);
	bench_must(crypto_user_put(n->app->db, &u));
	bench_must(roster_add(n->app->db, room, u.pid));
	for (int k = i * EACH; k < (i + 1) * EACH; k++) {
		struct crypto_device d;
		struct ratchet_account *a;

		(void)snprintf(id, sizeof(id), "DEVICE%d", k);
		a = bench_device(n, u.pid, id, &d);
		s->onetime[k] = bench_onetime(n, a, user, id);
		ratchet_account_free(a);
		free(d.device_id);
	}
}

/* Everybody asked for gets the one key that was made for it. */
static void
answer_claim(struct share_bench *s, struct bench_request *claim)
{
	autobuf struct buf body = { 0 };
	autojson json_t *asked = NULL;
	json_t *devices, *algorithm;
	const char *user, *device;
	bool first_user = true;

	bench_must(canon_parse(claim->body, strlen(claim->body), &asked, NULL));
	bench_must(buf_puts(&body, "{\"failures\":{},\"one_time_keys\":{"));
	json_object_foreach(json_obj(asked, "one_time_keys"), user, devices) {
		bool first = true;

		bench_must(buf_printf(&body, "%s\"%s\":{", first_user ? "" : ",", user));
		json_object_foreach(devices, device, algorithm) {
			bench_must(buf_printf(&body, "%s\"%s\":%s", first ? "" : ",", device,
			    s->onetime[atoi(device + strlen("DEVICE"))]));
			first = false;
		}
		bench_must(buf_puts(&body, "}"));
		first_user = false;
	}
	bench_must(buf_puts(&body, "}}"));
	json_decref(asked);
	asked = NULL;
	bench_answer(&s->node, claim, body.data, body.len);
}

/* How much was encrypted for each device, from the base64 of the first of them; 200: what Olm adds. */
static void
see_size(struct share_bench *s, const struct bench_request *r)
{
	const char *body = strstr(r->body, "\"body\":\"");

	bench_need(body != NULL);
	s->plain = strcspn(body + 8, "\"") / 4 * 3 - 200;
}

/* One turn: an answer that the node waits for, or a tick. */
static void
turn(struct share_bench *s)
{
	static const char counts[] = "{\"one_time_key_counts\":{\"signed_curve25519\":50}}";
	struct bench_node *n = &s->node;
	struct bench_request *r;

	if (n->app->next <= world_now(&n->world))
		bench_tick(n);
	else if ((r = bench_request(n, "/keys/claim")) != NULL)
		answer_claim(s, r);
	else if ((r = bench_request(n, "/sendToDevice/")) != NULL) {
		see_size(s, r);
		bench_answer(n, r, "{}", 2);
	} else if ((r = bench_request(n, "/keys/upload")) != NULL)
		bench_answer(n, r, counts, strlen(counts));
	else
		bench_need(!"the node waits for something else");
}

/* A fresh store whose first sync is answered and whose own keys are uploaded. */
static void
begin(struct share_bench *s)
{
	struct bench_node *n = &s->node;

	bench_node_open(n, s->dir, 0);
	bench_synced(n);
	while (n->app->next <= world_now(&n->world) || bench_request(n, "/keys/upload") != NULL)
		turn(s);
}

static void
report(struct share_bench *s, int done, long idle_kib)
{
	const struct bench_node *n = &s->node;

	printf("{\"ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"n\": %d, \"longest_ns\": %" PRId64 ", \"longest_cpu_ns\": %" PRId64
	    ", \"commit_ns\": %" PRId64
	    ", \"turns\": %ld, \"peak_kib\": %ld, \"plain\": %zu}\n", n->all.ns, n->all.cpu_ns, done, n->longest_ns, n->longest_cpu_ns, n->commit_ns,
	    n->turns, status_kib("VmHWM:") - idle_kib, s->plain);
}

static void
one_share(void *cookie)
{
	struct share_bench *s = cookie;
	struct bench_node *n = &s->node;
	char account[] = "node", id[64];
	struct room room = { .room_id = id, .account = account, .encrypted = 1, .state_encrypted = 1, .joined = 1,
	    .ours = 1, .kind = ROOM_DIRECTORY };
	json_t *content;
	long idle;

	bench_room(1, id);
	begin(s);
	/* From the heap that begin() counts. */
	content = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "x");
	bench_must(db_begin(n->app->db, NULL));
	bench_must(room_put(n->app->db, &room));
	for (int i = 0; i < s->devices / EACH; i++)
		add_user(s, i, id);
	bench_must(outbox_event(n->app->db, "node", id, "m.room.message", NULL, content, "say", NULL, NULL));
	bench_must(db_commit(n->app->db, NULL));
	json_decref(content);
	n->app->next = 0;
	forget_peak();
	idle = status_kib("VmRSS:");
	bench_turns(n);
	while (bench_request(n, "/send/") == NULL)
		turn(s);
	report(s, s->devices, idle);
	for (int k = 0; k < s->devices; k++)
		free(s->onetime[k]);
	bench_node_close(n);
}

static void
one_query(void *cookie)
{
	struct share_bench *s = cookie;
	struct bench_node *n = &s->node;
	autojson json_t *answer = NULL;
	autofree char *text = NULL;
	struct bench_request *query;
	long idle;

	begin(s);
	answer = json_pack("{s:{}, s:{}, s:{}}", "device_keys", "master_keys", "self_signing_keys");
	bench_must(db_begin(n->app->db, NULL));
	for (int i = 0; i < s->devices; i++) {
		char user[64];

		bench_show(n, i, answer);
		bench_user(i, user);
		bench_must(keys_track(n->app->crypt, bench_person(n, user)));
	}
	bench_must(db_commit(n->app->db, NULL));
	bench_need((text = json_dumps(answer, JSON_COMPACT)) != NULL);
	json_decref(answer);
	answer = NULL;
	bench_tick(n);
	bench_need((query = bench_request(n, "/keys/query")) != NULL);
	forget_peak();
	idle = status_kib("VmRSS:");
	bench_turns(n);
	bench_answer(n, query, text, strlen(text));
	while (n->app->next <= world_now(&n->world))
		bench_tick(n);
	report(s, s->devices, idle);
	for (int i = 0; i < s->devices; i++) {
		struct device *list;
		size_t count;
		char user[64];

		bench_user(i, user);
		bench_must(db_begin(n->app->db, NULL));
		bench_must(keys_eligible(n->app->crypt, bench_person(n, user), &list, &count));
		bench_must(db_commit(n->app->db, NULL));
		bench_need(count == 1);
		keys_list_free(list, count);
	}
	bench_node_close(n);
}

int
main(int argc, char **argv)
{
	struct share_bench s = { .dir = argv[1], .devices = argc > 3 ? atoi(argv[3]) : 0 };
	bool query = argc > 2 && !strcmp(argv[2], "query");

	bench_need(s.devices >= EACH && s.devices % EACH == 0);
	s.onetime = calloc((size_t)s.devices, sizeof(*s.onetime));
	bench_need(s.onetime != NULL);
	(void)bench_serve("durable", query ? one_query : one_share, &s);
	free(s.onetime);
	return EXIT_SUCCESS;
}
