/* SPDX-License-Identifier: Apache-2.0 */
/* The room of a group, and the space, as the homeserver has them: what strangers and later members see of a group. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "hostile.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { GROUPS = 3 };

#define SAFE	"@safe:harbor.example"

static const struct group {
	const char	*source, *access, *neutral, *name, *rule;
} groups[GROUPS] = {
	{ "x:open",	"open",		"Tuesday circle",	"Evening circle for people who stopped drinking",	"public" },
	{ "x:invited",	"invite",	"Thursday circle",	"Morning circle for people who stopped drinking",	"invite" },
	{ "x:plain",	"invite",	NULL,			"Walkers",						"invite" },
};

static json_t *
record(const struct group *g)
{
	json_t *body = json_source("schemas/group.example.json");

	(void)(json_object_del(body, "room") | json_object_del(body, "facilitators") | json_object_del(body, "alternatives") |
	    json_object_del(body, "neutral_name") | json_object_set_new(body, "program", json_string("x:program")) | json_object_set_new(body, "no_alternative", json_string("There is one room.")) |
	    json_object_set_new(body, "name", json_string(g->name)) | json_object_set_new(body, "access", json_string(g->access)));
	if (g->neutral != NULL)
		(void)json_object_set_new(body, "neutral_name", json_string(g->neutral));
	else	/* Whose name says nothing. */
		(void)json_object_del(body, "conditions");
	return body;
}

/* The content of the newest state event of a room, or NULL; borrowed. */
static const json_t *
state(struct host *h, const char *room, const char *type, const char *key)
{
	const json_t *found = NULL, *e;
	size_t i;

	json_array_foreach(hs_events(h->hs, room), i, e)
		if (!strcmp(json_str(e, "type"), type) && json_str(e, "state_key") != NULL && !strcmp(json_str(e, "state_key"), key))
			found = json_obj(e, "content");
	return found;
}

static const char *
said(struct host *h, const char *room, const char *type, const char *what)
{
	return json_str(state(h, room, type, ""), what);
}

/* The id of the room that the published record names. */
static void
room_of(struct host *h, const struct group *g, char out[256])
{
	autojson json_t *list = story_list(h, TARGET, "records");
	const json_t *item;
	size_t i;

	*out = '\0';
	json_array_foreach(list, i, item)
		if (json_str(item, "source") != NULL && !strcmp(json_str(item, "source"), g->source)) {
			autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:O, s:b}", "id", json_object_get(item, "id"), "draft", 1));
			const char *id = json_str(json_obj(json_obj(shown, "body"), "room"), "room_id");

			(void)snprintf(out, 256, "%s", id != NULL ? id : "");
		}
	if (*out == '\0')
		host_fail(h, "%s has no room", g->source);
}

/* Nothing in the room that Matrix itself does not ask for, and nothing of the record but its name. */
static bool
bare(struct host *h, const char *room, const struct group *g)
{
	const json_t *e;
	bool good = true;
	size_t i;

	json_array_foreach(hs_events(h->hs, room), i, e) {
		autofree char *text = json_text(e, JSON_COMPACT);

		good &= strncmp(json_str(e, "type"), "m.", 2) == 0 && strcmp(json_str(e, "type"), "m.room.topic") != 0 &&
		    strstr(text, "drink") == NULL && (g->neutral == NULL || strstr(text, g->name) == NULL) && (strstr(text, ID_NAMESPACE) == NULL ||
		    !strcmp(json_str(e, "type"), "m.room.create"));	/* By which we know it again: docs/adr/0004. */
	}
	return good;
}

static void
test_room(struct host *h, const struct group *g, const char *space)
{
	char room[256];

	room_of(h, g, room);
	is_str(said(h, room, "m.room.name", "name"), g->neutral != NULL ? g->neutral : g->name, "%s: its name is %s", g->source,
	    g->neutral != NULL ? "the neutral one" : "that of the record");
	is_str(said(h, room, "m.room.join_rules", "join_rule"), g->rule, "%s: the rule for joining", g->source);
	is_str(said(h, room, "m.room.history_visibility", "history_visibility"), "joined", "%s: who joins reads what comes from then on", g->source);
	is_str(said(h, room, "m.room.guest_access", "guest_access"), "forbidden", "%s: no guests", g->source);
	ok(said(h, room, "m.room.encryption", "algorithm") != NULL, "%s: encrypted", g->source);
	ok(bare(h, room, g), "%s: no state of ours, no topic, no word about the people in it", g->source);
	ok(state(h, room, "m.room.member", TARGET_USER) == NULL, "%s: the node is not in it", g->source);
	ok((json_str(state(h, room, "m.room.member", SAFE), "membership") != NULL) == !!strcmp(g->rule, "public"), "%s: the recovery account %s", g->source,
	    strcmp(g->rule, "public") != 0 ? "is invited, since nobody but the steward could" : "can join by itself");
	ok((json_arr(state(h, space, "m.space.child", room), "via") != NULL) == !strcmp(g->access, "open"), "%s: %s in the space", g->source,
	    !strcmp(g->access, "open") ? "listed" : "not listed");
}

int
main(void)
{
	json_t *records = json_pack("[{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s], s:s, s:s}}]", "source", "x:program", "kind", "program", "body",
	    "name", "Harbor Light", "description", "Talk in the evening.", "forms", "substance_use_peer", "conditions", "alcohol", "languages", "en",
	    "modalities", "in_person", "no_alternative", "There is one room.", "cost", "free");
	const char *space;
	struct host h;
	struct client safe;
	int children = 0;
	const json_t *e;
	size_t i;

	story_begin(&h, 81);
	client_login(&safe, &h, SAFE);
	host_stop(&h, TARGET);
	(void)snprintf(h.recovery, sizeof(h.recovery), "%s", SAFE);
	host_start(&h, TARGET);
	story_trust(&h);
	for (i = 0; i < GROUPS; i++)
		(void)json_array_append_new(records, json_pack("{s:s, s:s, s:o}", "source", groups[i].source, "kind", "group", "body", record(&groups[i])));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:o}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 60000);
	if ((space = hs_room(h.hs, "m.space", 0)) == NULL)
		host_fail(&h, "there is no space");
	for (i = 0; i < GROUPS; i++)
		test_room(&h, &groups[i], space);
	is_str(said(&h, space, "m.room.join_rules", "join_rule"), "public", "anyone may look at the space");
	json_array_foreach(hs_events(h.hs, space), i, e)
		children += !strcmp(json_str(e, "type"), "m.space.child");
	is_int(children, 1, "and finds one group in it");
	ok(hs_room(h.hs, "m.space", 1) == NULL, "there is one space");
	ok(story_complaints(&h) == 0, "the homeservers complain of nothing");
	host_end(&h);
	return done_testing();
}
