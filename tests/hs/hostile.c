/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "story.h"

/*
 * Plain requests.
 */

json_t *
client_call(struct client *c, const char *method, const char *path, json_t *body)
{
	autofree char *full = NULL, *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_t *answer = NULL;
	int64_t until;

	json_decref(body);
	if (asprintf(&full, "/_matrix/client/v3/%s", path) < 0)
		abort();
	if (hs_request(c->host->hs, *c->token != '\0' ? c->token : NULL, method, full, text, HS_FIRST,
	    &c->status, &answer, &until) != HS_SERVE)
		c->status = 0;
	c->host->changes++;
	return answer;
}

void
client_login(struct client *c, struct host *h, const char *user)
{
	autojson json_t *answer = NULL;

	*c = (struct client){ .host = h };
	(void)snprintf(c->user, sizeof(c->user), "%s", user);
	hs_add_user(h->hs, user, "pw");
	answer = client_call(c, "POST", "login", json_pack("{s:s, s:{s:s, s:s}, s:s}", "type", "m.login.password",
	    "identifier", "type", "m.id.user", "user", user, "password", "pw"));
	if (json_str(answer, "access_token") == NULL)
		host_fail(h, "%s cannot log in", user);
	(void)snprintf(c->token, sizeof(c->token), "%s", json_str(answer, "access_token"));
}

void
client_as(struct client *c, struct host *h, size_t i, const char *account)
{
	*c = (struct client){ .host = h };
	(void)snprintf(c->user, sizeof(c->user), "%s", !strcmp(account, "node") ? h->node[i].user : h->node[i].steward);
	(void)snprintf(c->token, sizeof(c->token), "%s", json_str(h->node[i].tokens, account));
}

char *
client_invite(struct client *c, const char *type, const char *user, bool direct)
{
	autojson json_t *made = client_call(c, "POST", "createRoom", json_pack(
	    "{s:s, s:s, s:[s], s:b, s:{s:s*}, s:[{s:s, s:s, s:{s:s}}]}", "room_version", "12", "preset", "private_chat",
	    "invite", user, "is_direct", direct, "creation_content", "type", type, "initial_state",
	    "type", "m.room.encryption", "state_key", "", "content", "algorithm", "m.megolm.v1.aes-sha2"));
	char *room = json_str(made, "room_id") != NULL ? strdup(json_str(made, "room_id")) : NULL;

	if (room == NULL)
		host_fail(c->host, "%s cannot make a room", c->user);
	return room;
}

const char *
member_of(const struct host *h, const char *room, const char *user)
{
	const json_t *event;
	const char *is = "", *key;
	size_t i;

	json_array_foreach(hs_events(h->hs, room), i, event)
		if (!strcmp(json_str(event, "type"), "m.room.member") && (key = json_str(event, "state_key")) != NULL &&
		    !strcmp(key, user))
			is = json_str(json_obj(event, "content"), "membership");
	return is;
}

/*
 * A node's store, and what a dishonest node does.
 */

static int64_t
now(void *cookie)
{
	const struct host *h = cookie;

	return *h->now;
}

static void
draw(void *cookie, void *dst, size_t n)
{
	struct host *h = cookie;
	uint8_t seed[randombytes_SEEDBYTES] = "hostile";
	uint64_t dice = ++h->dice;

	memcpy(seed + 8, &dice, sizeof(dice));
	randombytes_buf_deterministic(dst, n, seed);
}

static struct world outside;

struct db *
hostile_db(struct host *h, size_t i)
{
	const struct host_node *n = &h->node[i];
	char dir[PATH_MAX + 40];
	uint8_t kek[DB_KEY];
	struct db *db;
	struct err err = { "" };

	if (n->pid != 0)
		host_kill(h, i);
	outside = (struct world){ .now = now, .random = draw, .cookie = h };
	(void)snprintf(dir, sizeof(dir), "%s/%s", h->dir, n->name);
	memset(kek, n->name[0], sizeof(kek));
	if (db_open(dir, kek, &outside, &db, &err) != 0 || db_begin(db, &err) != 0)
		host_fail(h, "the store of %s cannot be opened: %s", n->name, err.text);
	return db;
}

void
hostile_go_on(struct host *h, size_t i, struct db *db)
{
	struct err err = { "" };

	if (db_commit(db, &err) != 0)
		host_fail(h, "the store of %s cannot be written: %s", h->node[i].name, err.text);
	db_close(db);
	host_start(h, i);
}

static void
must(struct host *h, int r)
{
	if (r != 0)
		host_fail(h, "a store refuses: %s", err_name(r));
}

void
hostile_say(struct host *h, size_t i, const char *room, const char *type, json_t *content)
{
	struct db *db = hostile_db(h, i);

	must(h, outbox_event(db, "node", room, type, NULL, content, "ack", "hostile", NULL));
	json_decref(content);
	hostile_go_on(h, i, db);
	host_run(h, 5000);
}

void
hostile_enter(struct host *h, size_t i, const char *room_id, const char *victim)
{
	autojson json_t *joined = json_pack("{s:s}", "membership", "join");
	struct db *db;
	struct room room = { .room_id = (char *)(uintptr_t)room_id, .account = (char *)(uintptr_t)"node",
	    .kind = ROOM_DIRECT, .encrypted = 1, .joined = 1 };

	/* So that it knows and follows the victim's devices. */
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", victim, "text", "Hello.")));
	host_run(h, 5000);
	db = hostile_db(h, i);
	must(h, person_id(db, victim, &room.pid));
	must(h, room_put(db, &room));
	must(h, roster_add(db, room_id, room.pid));
	hostile_go_on(h, i, db);
	hs_inject(h->hs, room_id, h->node[i].user, "m.room.member", h->node[i].user, joined);
	h->changes++;
	host_run(h, 5000);
}

/*
 * A server that changes what it relays.
 */

void
meddle(void *cookie, const char *user, json_t *answer)
{
	struct meddler *m = cookie;
	json_t *events = json_arr(json_obj(answer, "to_device"), "events");
	autojson json_t *mine = json_array();

	if (strcmp(user, m->user) != 0)
		return;
	if (m->held == NULL)
		m->held = json_array();
	(void)json_array_extend(m->hold ? m->held : mine, events);
	(void)json_array_clear(events);
	if (!m->hold) {
		(void)json_array_extend(events, m->held);
		(void)json_array_clear(m->held);
	}
	if (m->todevice != NULL) {
		m->added += (int)json_array_size(m->todevice);
		(void)json_array_extend(events, m->todevice);
		json_decref(m->todevice);
		m->todevice = NULL;
	}
	(void)json_array_extend(events, mine);
}

/*
 * What is to be seen.
 */

size_t
found_in(struct host *h, size_t i, const char *what, const char *key, const char *words)
{
	autojson json_t *items = story_list(h, i, what);
	const json_t *item;
	size_t k, n = 0;

	json_array_foreach(items, k, item)
		n += words == NULL || (json_str(item, key) != NULL && strstr(json_str(item, key), words) != NULL);
	return n;
}

size_t
acknowledged(struct host *h, size_t i, json_t *seen)
{
	autojson json_t *items = story_list(h, i, "messages");
	const json_t *item;
	size_t k;

	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "direction"), "out") && !strncmp(json_str(item, "body"), "Your message to ", 16))
			(void)json_object_set_new(seen, json_str(item, "id"), json_true());
	return json_object_size(seen);
}

bool
refused(const json_t *reply, const char *words)
{
	const char *error = json_str(reply, "error");

	if (json_is_false(json_object_get(reply, "ok")) && error != NULL && strstr(error, words) != NULL)
		return true;
	printf("# got  %s\n", error != NULL ? error : reply != NULL ? "ok" : "no reply");
	return false;
}

long
hostile_memory(const struct host *h, size_t i)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)h->node[i].pid);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "VmHWM: %ld", &kb);
	(void)fclose(f);
	return kb;
}

json_t *
picture(struct host *h, size_t i)
{
	autojson json_t *referrals = story_list(h, i, "referrals"), *shown = json_array();
	const json_t *item;
	size_t k;

	json_array_foreach(referrals, k, item)
		(void)json_array_append_new(shown, host_ok(h, i, "show", json_pack("{s:O}", "id",
		    json_object_get(item, "id"))));
	return json_pack("{s:O, s:o, s:o, s:o}", "referrals", shown, "messages", story_list(h, i, "messages"),
	    "partners", story_list(h, i, "partners"), "records", host_ok(h, i, "find", json_object()));
}

bool
logged(const struct host *h, size_t i, const char *words)
{
	char path[PATH_MAX + 40], line[1024];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s.log", h->dir, h->node[i].name);
	if ((f = fopen(path, "r")) == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, words) != NULL;
	(void)fclose(f);
	return found;
}
