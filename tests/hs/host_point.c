/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host_point: names for the commits of a node, made from what the node's own
 * tables say before and after: the outbox, and the questions about to be asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/canon.h"
#include "host.h"
#include "store/outbox.h"

enum { FIRST_STATE = OUT_NEW, LAST_STATE = OUT_FAILED };

struct host_point {
	struct app	*app;
	char		 input[HOST_POINT];
	int64_t		 mark;		/* The last that was begun. */
	json_t		*rows;		/* The outbox at the last commit: {id: {label, state, attempts}}. */
};

static void
label(const struct out *out, char *text, size_t size)
{
	switch (out->kind) {
	case OUT_EVENT:
		(void)snprintf(text, size, "%s/%s", out->state_key != NULL ? "state" : "send", out->type);
		break;
	case OUT_TODEVICE:
		(void)snprintf(text, size, "todevice/%s", out->purpose);
		break;
	case OUT_CALL:
		/* Of the two accounts' logins and identities it matters whose they are. */
		(void)snprintf(text, size, "%s%s%s", out->purpose, !strncmp(out->purpose, "login", 5) ||
		    !strncmp(out->purpose, "sign", 4) ? "/" : "",
		    !strncmp(out->purpose, "login", 5) || !strncmp(out->purpose, "sign", 4) ? out->ref : "");
		break;
	}
}

static int
each(void *cookie, const struct out *out)
{
	char id[24], text[120];

	(void)snprintf(id, sizeof(id), "%lld", (long long)out->id);
	label(out, text, sizeof(text));
	return json_object_set_new(cookie, id, json_pack("{s:s, s:i, s:I}", "label", text, "state", (int)out->state,
	    "attempts", (json_int_t)out->attempts));
}

static json_t *
outbox(const struct host_point *p)
{
	json_t *rows = json_object();

	for (int state = FIRST_STATE; state <= LAST_STATE; state++)
		if (outbox_each(p->app->db, (enum out_state)state, each, rows) != 0)
			abort();
	return rows;
}

struct host_point *
host_point_new(struct app *app)
{
	struct host_point *p = calloc(1, sizeof(*p));

	if (p == NULL || db_begin(app->db, NULL) != 0)
		abort();
	p->app = app;
	p->rows = outbox(p);
	db_rollback(app->db);
	return p;
}

void
host_point_free(struct host_point *p)
{
	if (p != NULL)
		json_decref(p->rows);
	free(p);
}

void
host_point_word(struct host_point *p, const char *word)
{
	if (p != NULL)
		(void)snprintf(p->input, sizeof(p->input), "%s", word);
}

void
host_point_command(struct host_point *p, const char *verb)
{
	if (p != NULL)
		(void)snprintf(p->input, sizeof(p->input), "command:%s", verb);
}

/* What of interest a sync holds. */
static void
read_sync(struct host_point *p, unsigned account, const char *body, size_t len)
{
	static const char *const parts[] = { "state", "timeline" };
	autojson json_t *sync = NULL;
	bool has[nelem(parts)] = { false }, any = false;
	json_t *rooms, *room;
	const char *id;
	char *at = p->input;
	size_t left = sizeof(p->input);

	if (canon_parse(body, len, &sync, NULL) != 0)
		return;
	rooms = json_obj(sync, "rooms");
	json_object_foreach(json_obj(rooms, "join"), id, room)
		for (size_t i = 0; i < nelem(parts); i++)
			has[i] |= json_array_size(json_arr(json_obj(room, parts[i]), "events")) > 0;
	(void)snprintf(at, left, "%s:", account == APP_STEWARD ? "steward_sync" : "sync");
	for (size_t i = 0; i < 6; i++) {
		static const char *const names[] = { "devices", "todevice", "invite", "state", "timeline", "leave" };
		bool there = i == 0 ? json_array_size(json_arr(json_obj(sync, "device_lists"), "changed")) > 0 :
		    i == 1 ? json_array_size(json_arr(json_obj(sync, "to_device"), "events")) > 0 :
		    i == 2 ? json_object_size(json_obj(rooms, "invite")) > 0 :
		    i == 5 ? json_object_size(json_obj(rooms, "leave")) > 0 : has[i - 3];

		if (there)
			(void)snprintf(at + strlen(at), left - strlen(at), "%s%s", any ? "," : "", names[i]);
		any |= there;
	}
	if (!any)
		(void)snprintf(at + strlen(at), left - strlen(at), "nothing");
}

void
host_point_answer(struct host_point *p, uint64_t id, const char *body, size_t len)
{
	const struct flight *f = NULL;
	char row[24];
	const char *what = NULL;

	if (p == NULL)
		return;
	for (size_t i = 0; i < nelem(p->app->flights); i++)
		if (p->app->flights[i].kind != FLIGHT_NONE && p->app->flights[i].id == id)
			f = &p->app->flights[i];
	if (f == NULL)
		what = "nobody";
	else if (f->kind == FLIGHT_QUERY)
		what = "keys_query";
	else if (f->kind == FLIGHT_CLAIM)
		what = "keys_claim";
	else if (f->kind == FLIGHT_MARK)
		what = "mark";
	else if (f->kind == FLIGHT_SYNC)
		what = f->account == APP_STEWARD ? "steward_sync" : "sync";
	else {
		(void)snprintf(row, sizeof(row), "%lld", (long long)f->row);
		what = json_str(json_object_get(p->rows, row), "label");
	}
	(void)snprintf(p->input, sizeof(p->input), "%s:%s", body != NULL ? "answer" : "no_answer",
	    what != NULL ? what : "gone");
	if (body != NULL && f != NULL && f->kind == FLIGHT_SYNC)
		read_sync(p, f->account, body, len);
}

/* One effect, counted if there are several of it. */
static void
note(json_t *effects, char sign, const char *what)
{
	char text[140];

	(void)snprintf(text, sizeof(text), "%c%s", sign, what);
	(void)json_object_set_new(effects, text, json_integer(json_int(effects, text, 0) + 1));
}

static void
compare(const json_t *before, const json_t *after, json_t *effects)
{
	const char *id;
	json_t *row;

	json_object_foreach((json_t *)after, id, row) {
		const json_t *old = json_object_get(before, id);
		const char *what = json_str(row, "label");

		if (old == NULL)
			note(effects, '+', what);
		else if (json_int(old, "state", 0) == OUT_NEW && json_int(row, "state", 0) == OUT_READY)
			note(effects, '=', what);
		else if (!json_equal(old, row))
			note(effects, '~', what);
	}
	json_object_foreach((json_t *)before, id, row)
		if (json_object_get(after, id) == NULL)
			note(effects, '-', json_str(row, "label"));
}

void
host_point_name(struct host_point *p, char out[HOST_POINT])
{
	autojson json_t *effects = json_object();
	json_t *rows = outbox(p), *n;
	const char *what;
	bool first = true;

	compare(p->rows, rows, effects);
	for (size_t i = 0; i < nelem(p->app->flights); i++)
		if (p->app->flights[i].id == 0 && (p->app->flights[i].kind == FLIGHT_QUERY ||
		    p->app->flights[i].kind == FLIGHT_CLAIM))
			note(effects, '?', p->app->flights[i].kind == FLIGHT_QUERY ? "keys_query" : "keys_claim");
	if (p->app->epoch.begun > p->mark)
		note(effects, '?', "mark");
	p->mark = p->app->epoch.begun;
	/* That what was answered is gone need not be said. */
	if (!strncmp(p->input, "answer:", 7)) {
		char gone[HOST_POINT];

		(void)snprintf(gone, sizeof(gone), "-%s", p->input + 7);
		(void)json_object_del(effects, gone);
	}
	(void)snprintf(out, HOST_POINT, "%s", p->input);
	json_object_foreach(effects, what, n) {
		char times[16] = "";

		if (json_integer_value(n) > 1)
			(void)snprintf(times, sizeof(times), "*%lld", (long long)json_integer_value(n));
		(void)snprintf(out + strlen(out), HOST_POINT - strlen(out), "%c%s%s", first ? '>' : ',', what, times);
		first = false;
	}
	json_decref(p->rows);
	p->rows = rows;
}
