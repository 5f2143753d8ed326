/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody in danger is told of crisis lines: who answers at this hour first, by the line's own clock, before and after clocks change; who does
 * not says when; for whom, in what language, what to press; and that nobody checked it lately.
 */
#include "app/lifeline.h"
#include "app/message.h"
#include "app/talk.h"
#include "base/canon.h"
#include "bench/node.h"
#include "domain/when.h"
#include "store/peoplestore.h"
#include "tests/domain/quoted.h"
#include "tap.h"

#define ANA	"@ana:there.example"
#define ROOM	"!ana:there.example"
#define WEEK	"'days':['mon','tue','wed','thu','fri','sat','sun']"
#define CLOCK	"'timezone':'America/New_York'"
#define REVIEW(due) "'review':{'by':'Harbor','day':'2026-01-01','due':'" due "'}"
#define LINE(name, ways, due) "{'name':'" name "','description':'Somebody answers.','ways':[" ways "],'languages':['en','es-419'],'jurisdictions':['US']," REVIEW(due) "}"
#define DAYLINE	LINE("Dayline", "{'how':'call','value':'555-0100','always':false,'languages':['en'],'schedules':[{" WEEK ",'opens':'08:00','closes':'22:00'," CLOCK "}]}", "2026-12-31")
#define NIGHTLINE LINE("Nightline", "{'how':'text','value':'555-0101','always':true,'audience':'veterans','option':'Send\\nHELLO first.'}," \
    "{'how':'chat','value':'https://night.example/','always':false,'schedules':[{" WEEK "}]}", "2026-12-31")
#define OLD	LINE("Oldline", "{'how':'call','value':'555-0102','always':true}", "2026-10-01")

static struct bench_node node;

static void
at(const char *when)
{
	bench_must(when_parse(when, &node.now));
}

/* Our lines are these, and no others. */
static void
lines(const char *one, const char *other)
{
	const char *bodies[] = { one, other };

	for (size_t i = 0; i < nelem(bodies); i++) {
		char source[16];
		autojson json_t *reply = NULL, *body = json_of(bodies[i]), *rec;

		(void)snprintf(source, sizeof(source), "x:%zu", i);
		rec = json_pack("{s:s, s:s, s:O}", "source", source, "kind", "crisis_line", "body", body);
		reply = bench_ask(&node, "import", json_pack("{s:[O]}", "records", rec));
		bench_need(json_str(reply, "error") == NULL);
	}
}

static void
says(const char *want, const char *what)
{
	autobuf struct buf out = { 0 };

	bench_tx(&node, lifeline_say(node.app, &out));
	is_str(out.data, want, "%s", what);
}

#define NIGHT	"\nNightline: text 555-0101 - day and night; for veterans; in English and Spanish. Send HELLO first."
#define PERHAPS	"\nNightline: chat https://night.example/ - not day and night, perhaps closed now; in English and Spanish."

static void
test_hours(void)
{
	lines(DAYLINE, NIGHTLINE);
	at("2026-11-21T17:00:00Z");
	says("\nCall 988.\nDayline: call 555-0100 - open now, until 22:00, New York time; in English." NIGHT PERHAPS, "by day as they are written");
	at("2026-11-21T09:00:00Z");
	says("\nCall 988." NIGHT PERHAPS "\nDayline: call 555-0100 - closed now, opens at 08:00, New York time; in English.", "by night, whoever answers comes first");
	at("2026-10-31T12:30:00Z");
	says("\nCall 988.\nDayline: call 555-0100 - open now, until 22:00, New York time; in English." NIGHT PERHAPS, "on the last day of summer time it is open at half past twelve UTC");
	at("2026-11-01T12:30:00Z");
	says("\nCall 988." NIGHT PERHAPS "\nDayline: call 555-0100 - closed now, opens at 08:00, New York time; in English.", "and not on the day after");
}

static void
test_old(void)
{
	char *text = node.cfg.crisis_text;

	lines(DAYLINE, OLD);
	at("2026-11-21T09:00:00Z");
	node.cfg.crisis_text = NULL;
	says("\nCall the emergency number of where you are.\nOldline: call 555-0102 - day and night; in English and Spanish. Not checked lately: if nobody answers, try another number."
	    "\nDayline: call 555-0100 - closed now, opens at 08:00, New York time; in English.", "what nobody checked says so, and there is another number before it");
	at("2026-11-21T17:00:00Z");
	says("\nDayline: call 555-0100 - open now, until 22:00, New York time; in English.\nOldline: call 555-0102 - day and night; in English and Spanish. Not checked lately: "
	    "if nobody answers, try another number.", "which nobody is sent to who has one that answers");
	node.cfg.crisis_text = text;
}

static int
look(void *cookie, const struct out *out)
{
	char **last = cookie;

	if (out->room_id != NULL && strcmp(out->room_id, ROOM) == 0 && out->content != NULL) {
		free(*last);
		*last = strdup(out->content);
	}
	return 0;
}

/* In the chat, to words of danger. */
static void
test_chat(void)
{
	struct room room = { .room_id = (char *)(uintptr_t)ROOM, .account = (char *)(uintptr_t)"node", .kind = ROOM_DIRECT, .encrypted = 1, .joined = 1 };
	autojson json_t *content = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "It is suicide");
	autosaid struct said said = { 0 };
	autofree char *told = NULL;
	const char *night, *day;
	bool took;

	lines(DAYLINE, NIGHTLINE);
	at("2026-11-21T09:00:00Z");
	bench_tx(&node, person_id(node.app->db, ANA, &room.pid));
	bench_tx(&node, room_put(node.app->db, &room));
	bench_tx(&node, member_put(node.app->db, ROOM, room.pid, "join"));
	bench_need(said_read("m.room.message", content, &said) == 0);
	bench_tx(&node, talk_heard(node.app, room.pid, &said, &took));
	bench_tx(&node, message_step(node.app));
	bench_tx(&node, outbox_each(node.app->db, OUT_NEW, look, &told));
	night = told != NULL ? strstr(told, "text 555-0101 - day and night; for veterans") : NULL;
	day = told != NULL ? strstr(told, "call 555-0100 - closed now, opens at 08:00, New York time") : NULL;
	ok(night != NULL && day > night, "in a chat, too: %s", told);
}

/* And to the people here, who are asked for a number. */
static void
test_staff(void)
{
	autojson json_t *list = bench_ask(&node, "list", json_pack("{s:s}", "what", "records"));
	json_t *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(list, "result"), "items"), i, item) {
		autojson json_t *shown = NULL;

		if (strcmp(json_str(item, "name"), "Dayline") != 0)
			continue;
		shown = bench_ask(&node, "show", json_pack("{s:O}", "id", json_object_get(item, "id")));
		is_str(json_string_value(json_array_get(json_arr(json_obj(shown, "result"), "in_words"), 0)), "Dayline: call 555-0100 - closed now, opens at 08:00, New York time; in English.",
		    "cairn show says whether it answers now, first");
		return;
	}
	ok(false, "our line is listed");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");
	char text[] = "Call 988.", words[] = "suicide", *before[2];

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	bench_synced(&node);
	bench_stand(&node);
	before[0] = node.cfg.crisis_text;
	before[1] = node.cfg.crisis_words;
	node.cfg.crisis_text = text;
	node.cfg.crisis_words = words;
	test_hours();
	test_old();
	test_chat();
	test_staff();
	node.cfg.crisis_text = before[0];
	node.cfg.crisis_words = before[1];
	bench_node_close(&node);
	return done_testing();
}
