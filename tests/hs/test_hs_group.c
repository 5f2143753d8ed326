/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room of a group, and the space, as the homeserver has them: what strangers and later members see of a group, who is invited into it, and
 * what becomes of it when the group is withdrawn.
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "hostile.h"
#include "search.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { GROUPS = 3 };

#define SAFE	"@safe:harbor.example"
#define BEA	"@bea:opendoor.example"
#define FAY	"@fay:opendoor.example"
#define ELI	"@eli:away.example"
#define GUS	"@gus:away.example"
#define NOBODY	"@nobody:elsewhere.example"

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
said_of(struct host *h, const char *room, const char *type, const char *what)
{
	return json_str(state(h, room, type, ""), what);
}

static json_t *
id_of(struct host *h, const char *source)
{
	autojson json_t *list = story_list(h, TARGET, "records");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_str(item, "source") != NULL && !strcmp(json_str(item, "source"), source))
			return json_incref(json_object_get(item, "id"));
	host_fail(h, "there is no record %s", source);
}

/* The id of the room that the published record names. */
static void
room_of(struct host *h, const struct group *g, char out[256])
{
	autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:o, s:b}", "id", id_of(h, g->source), "draft", 1));
	const char *id = json_str(json_obj(json_obj(shown, "body"), "room"), "room_id");

	(void)snprintf(out, 256, "%s", id != NULL ? id : "");
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
	is_str(said_of(h, room, "m.room.name", "name"), g->neutral != NULL ? g->neutral : g->name, "%s: its name is %s", g->source,
	    g->neutral != NULL ? "the neutral one" : "that of the record");
	is_str(said_of(h, room, "m.room.join_rules", "join_rule"), g->rule, "%s: the rule for joining", g->source);
	is_str(said_of(h, room, "m.room.history_visibility", "history_visibility"), "joined", "%s: who joins reads what comes from then on", g->source);
	is_str(said_of(h, room, "m.room.guest_access", "guest_access"), "forbidden", "%s: no guests", g->source);
	ok(said_of(h, room, "m.room.encryption", "algorithm") != NULL, "%s: encrypted", g->source);
	ok(bare(h, room, g), "%s: no state of ours, no topic, no word about the people in it", g->source);
	ok(state(h, room, "m.room.member", TARGET_USER) == NULL, "%s: the node is not in it", g->source);
	ok((json_str(state(h, room, "m.room.member", SAFE), "membership") != NULL) == !!strcmp(g->rule, "public"), "%s: the recovery account %s", g->source,
	    strcmp(g->rule, "public") != 0 ? "is invited, since nobody but the steward could" : "can join by itself");
	ok((json_arr(state(h, space, "m.space.child", room), "via") != NULL) == !strcmp(g->access, "open"), "%s: %s in the space", g->source,
	    !strcmp(g->access, "open") ? "listed" : "not listed");
}

static bool
joins(struct client *c, const char *room)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "join/%s?via=harbor.example", room);
	json_decref(client_call(c, "POST", path, json_object()));
	return c->status == 200;
}

static json_t *
invite(struct host *h, const char *source, const char *user, bool agreed)
{
	return host_command(h, TARGET, "invite", json_pack("{s:o, s:s, s:b}", "id", id_of(h, source), "user", user, "agreed", agreed));
}

static bool
not_invited(struct host *h, const char *source, const char *user, bool agreed, const char *words)
{
	autojson json_t *reply = invite(h, source, user, agreed);

	return refused(reply, words);
}

static void
test_invite(struct host *h)
{
	struct client bea;
	char room[256];
	autojson json_t *asked = NULL, *again = NULL, *third = NULL;

	client_login(&bea, h, BEA);
	room_of(h, &groups[1], room);
	ok(not_invited(h, "x:invited", BEA, false, "not asked"), "nobody is invited who was not asked");
	ok(not_invited(h, "x:open", BEA, true, "is open"), "into an open group anybody goes by themselves");
	ok(not_invited(h, "x:program", BEA, true, "it is a program"), "a program has no room");
	ok(not_invited(h, "x:invited", SOURCE_USER, true, "not a person's"), "a node is no member");
	ok(not_invited(h, "x:invited", "bea", true, "looks like @ana"), "nor is what is no name");
	ok(!joins(&bea, room), "who was not invited does not get in");
	asked = invite(h, "x:invited", BEA, true);
	host_run(h, 5000);
	ok(json_is_true(json_object_get(asked, "ok")) && !strcmp(member_of(h, room, BEA), "invite"), "who agreed is invited");
	ok(strcmp(member_of(h, room, TARGET_USER), "join") != 0, "by the steward: the node is not in it");
	ok(joins(&bea, room), "and gets in");
	again = invite(h, "x:invited", BEA, true);
	host_run(h, 5000);
	ok(json_is_true(json_object_get(again, "ok")) && !strcmp(member_of(h, room, BEA), "join") && story_clean(h, TARGET), "asked again, that is that");
	is_int(story_audited(h, TARGET, "operator", "invite", "person:"), 2, "both are in the audit");
	third = invite(h, "x:invited", NOBODY, true);
	host_run(h, 5000);
	ok(json_is_true(json_object_get(third, "ok")) && !story_clean(h, TARGET), "an account that is not there is among what failed");
}

static void
asks(struct host *h, const char *user)
{
	autojson json_t *reply = invite(h, "x:invited", user, true);

	if (!json_is_true(json_object_get(reply, "ok")))
		host_fail(h, "%s is not invited: %s", user, json_str(reply, "error"));
	host_run(h, 5000);
}

static void
erase(struct host *h, const char *user)
{
	json_decref(host_ok(h, TARGET, "erase", json_pack("{s:s, s:s}", "id", user, "confirm", user)));
	host_run(h, 20000);
}

/* How many invitations into groups are in the outbox, in that state. */
static int
waiting(struct host *h, const char *state)
{
	autojson json_t *list = story_list(h, TARGET, "outbox");
	const json_t *item;
	size_t i;
	int n = 0;

	json_array_foreach(list, i, item)
		n += !strcmp(json_str(item, "purpose"), "group_invite") && !strcmp(json_str(item, "state"), state);
	return n;
}

/* Each invitation is of its own: one that cannot be delivered holds up no other, and what failed is shown until it is tried anew; who is erased is not invited. */
static void
test_each(struct host *h)
{
	int audited = story_audited(h, TARGET, "operator", "invite", "person:");
	char room[256];

	room_of(h, &groups[1], room);
	hs_add_user(h->hs, ELI, "pw");
	hs_add_user(h->hs, GUS, "pw");
	hs_add_user(h->hs, FAY, "pw");
	hs_script(h->hs, &(struct hs_script){ .closed = "away.example", .closed_status = 502 });
	asks(h, ELI);
	asks(h, GUS);
	asks(h, FAY);
	is_int(waiting(h, "ready"), 2, "two whose homeserver is away are tried again");
	is_str(member_of(h, room, FAY), "invite", "and hold up nobody else");
	asks(h, GUS);
	is_int(waiting(h, "ready"), 2, "who is asked for twice meanwhile is invited once");
	is_int(waiting(h, "failed"), 1, "what failed for somebody else is still shown");
	asks(h, NOBODY);
	is_int(waiting(h, "failed"), 1, "is tried anew when they are asked for again, and shown once");
	erase(h, ELI);
	erase(h, NOBODY);
	is_int(waiting(h, "ready"), 1, "who is erased is not invited any more");
	ok(story_clean(h, TARGET), "nor shown as somebody who could not be");
	is_int(story_audited(h, TARGET, "operator", "invite", "person:"), audited + 3 - 1, "the audit has the others");
	is_int(story_audited(h, TARGET, "operator", "invite", "erased"), 3, "and of who was erased that somebody was invited, and not who");
	hs_script(h->hs, NULL);
	host_run(h, 3600 * 1000);
	ok(!strcmp(member_of(h, room, GUS), "invite") && *member_of(h, room, ELI) == '\0', "when their homeserver is back, one is invited, and the other is not");
	host_stop(h, TARGET);
	ok(search(h, TARGET, "/cairn.db", "", ELI).found + search(h, TARGET, "/cairn.db", "", NOBODY).found == 0 && search(h, TARGET, "/cairn.db", "", GUS).found > 0,
	    "nothing that is kept names who was erased");
	host_start(h, TARGET);
	host_run(h, 20000);
}

/* Everything is refused that would let somebody in; who is in stays. */
static void
test_withdrawn(struct host *h, const char *space)
{
	const struct group *open = &groups[0], *invited = &groups[1];
	autojson json_t *said = NULL, *quiet = NULL, *list = NULL;
	char room[256], other[256];
	struct client cleo, dora;
	const json_t *item;
	size_t i, closed = 0;

	room_of(h, open, room);
	room_of(h, invited, other);
	client_login(&cleo, h, "@cleo:opendoor.example");
	client_login(&dora, h, "@dora:opendoor.example");
	ok(joins(&cleo, room), "somebody is in the open group");
	said = host_ok(h, TARGET, "withdraw", json_pack("{s:o}", "id", id_of(h, open->source)));
	ok(strstr(json_str(said, "text"), "whoever is in it stays") != NULL && strstr(json_str(said, "text"), "referral") == NULL, "what is done is said");
	hs_script(h->hs, &(struct hs_script){ .drop = "/invite" });
	json_decref(invite(h, invited->source, dora.user, true));
	quiet = host_ok(h, TARGET, "withdraw", json_pack("{s:o}", "id", id_of(h, invited->source)));
	host_run(h, 60000);
	hs_script(h->hs, NULL);
	host_bridge(h, TARGET, false);
	host_run(h, 60000);
	ok(quiet != NULL && *member_of(h, other, dora.user) == '\0', "an invitation that had not left does not leave");
	ok(json_object_size(state(h, space, "m.space.child", room)) == 0 && state(h, space, "m.space.child", room) != NULL, "the open group is out of the space");
	ok(state(h, space, "m.space.child", other) == NULL, "the other was never named there, and is not now");
	is_str(said_of(h, room, "m.room.join_rules", "join_rule"), "invite", "nobody new gets into it");
	ok(strstr(said_of(h, room, "m.room.topic", "topic"), "not listed any more") != NULL && strstr(said_of(h, room, "m.room.topic", "topic"), TARGET_USER) != NULL &&
	    strstr(said_of(h, other, "m.room.topic", "topic"), "not listed any more") != NULL, "who is in either reads that, and where to ask");
	ok(!strcmp(member_of(h, room, cleo.user), "join") && !strcmp(member_of(h, other, BEA), "join"), "and stays");
	ok(!strcmp(member_of(h, other, SAFE), "invite"), "the recovery account may still save it");
	list = story_list(h, TARGET, "rooms");
	json_array_foreach(list, i, item)
		closed += json_str(item, "unused") != NULL && !strcmp(json_str(item, "unused"), "closed");
	is_int((int)closed, 3, "the three rooms of what was withdrawn are shown as closed");
	ok(not_invited(h, open->source, BEA, true, "it is a withdrawal"), "nobody is invited any more");
}

static json_t *
import(struct host *h, const struct group *g)
{
	return host_command(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", g->source, "kind", "group", "body", record(g)));
}

/* Withdrawn while its room is being made: the room is closed as soon as it is there. */
static void
test_early(struct host *h)
{
	static const struct group late = { "x:late", "open", "Friday circle", "Late circle for people who stopped drinking", "public" };
	static const struct group closed = { "x:late", "invite", "Friday circle", "Late circle for people who stopped drinking", "public" };
	autojson json_t *reply = NULL;
	size_t before = 0;
	const char *room;

	while (hs_room(h->hs, NULL, before) != NULL)
		before++;
	json_decref(import(h, &late));
	hs_script(h->hs, &(struct hs_script){ .drop = "/createRoom" });
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 5000);
	reply = import(h, &closed);
	ok(refused(reply, "is being made to be joined as \"open\" says"), "nor one whose room is still being made");
	json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:o}", "id", id_of(h, late.source))));
	hs_script(h->hs, NULL);
	host_bridge(h, TARGET, false);
	host_run(h, 60000);
	if ((room = hs_room(h->hs, NULL, before)) == NULL)
		host_fail(h, "the room was not made");
	is_str(said_of(h, room, "m.room.join_rules", "join_rule"), "invite", "a room that was being made is closed when it is there");
	ok(said_of(h, room, "m.room.topic", "topic") != NULL, "and says so");
	ok(hs_room(h->hs, NULL, before + 1) == NULL, "there is no other");
}

/* What a room was made for is not changed behind the backs of who is in it. */
static void
test_access(struct host *h)
{
	static const struct group changed = { "x:plain", "open", NULL, "Walkers", "public" };
	autojson json_t *reply = import(h, &changed);

	ok(refused(reply, "made to be joined as \"invite\" says"), "a group that is joined by invitation does not become an open one");
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
	is_str(said_of(&h, space, "m.room.join_rules", "join_rule"), "public", "anyone may look at the space");
	json_array_foreach(hs_events(h.hs, space), i, e)
		children += !strcmp(json_str(e, "type"), "m.space.child");
	is_int(children, 1, "and finds one group in it");
	ok(hs_room(h.hs, "m.space", 1) == NULL, "there is one space");
	test_access(&h);
	test_early(&h);
	test_invite(&h);
	test_each(&h);
	test_withdrawn(&h, space);
	ok(story_complaints(&h) == 0, "the homeservers complain of nothing");
	host_end(&h);
	return done_testing();
}
