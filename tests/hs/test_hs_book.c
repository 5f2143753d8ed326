/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator's days: an incident in a group, until its supervisor has seen it; and a question to the specialists, each in their own
 * chat, whose answers nobody reads and whose counts all are told.
 */
#include "chat.h"
#include "hostile.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { SPECIALISTS = 5, LAST = 3 };	/* Three have a chat; two never come to theirs. */

#define CANARY	"Qzyvan"

static struct host h;

#define says(who, text, words) chat_answers(&h, who, text, words)

static bool
is_refused(const char *verb, json_t *args, const char *words)
{
	autojson json_t *reply = host_command(&h, SOURCE, verb, args);

	return refused(reply, words);
}

static json_t *
incident(const char *group, const char *text)
{
	return json_pack("{s:{s:s, s:s, s:s, s:{s:s, s:s, s:s}}}", "document", "kind", "incident", "on", "2026-11-20", "who", "Jo", "incident", "group", group, "what", "harm",
	    "text", text);
}

/* Our group, with a supervisor of record. */
static json_t *
publish_group(void)
{
	autojson json_t *file = NULL, *made = NULL;
	json_t *group = NULL, *one;
	char path[PATH_MAX];
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/docs/examples/harbor-records.json", getenv("srcdir") != NULL ? getenv("srcdir") : ".");
	file = json_load_file(path, 0, NULL);
	json_array_foreach(json_arr(file, "records"), i, one)
		if (!strcmp(json_str(one, "kind"), "group"))
			group = json_deep_copy(one);
	if (group == NULL)
		host_fail(&h, "no group among the examples");
	(void)json_object_set_new(json_obj(group, "body"), "supervisor", json_pack("{s:s}", "title", "Head of groups"));
	(void)json_object_set_new(json_obj(group, "body"), "program", json_string("01J8Z0Q4M2K7V9T5B3N6X8C0RD"));
	made = host_ok(&h, SOURCE, "import", json_pack("{s:[o]}", "records", group));
	{
		autojson json_t *list = story_list(&h, SOURCE, "records");

		json_array_foreach(list, i, one)
			if (!strcmp(json_str(one, "kind"), "group"))
				return json_incref(json_object_get(one, "id"));
	}
	host_fail(&h, "the group is not among our records");
	return NULL;
}

static void
trained(void)
{
	json_decref(host_ok(&h, SOURCE, "book add", json_pack("{s:{s:s, s:s, s:s, s:{s:s, s:i}}}", "document", "kind", "training", "on", "2026-11-20", "who", "Jo", "training",
	    "topic", "crisis", "hours", 4)));
}

static void
test_incident(void)
{
	autojson json_t *id = publish_group(), *kept = NULL, *shown = NULL, *after = NULL;
	const char *group = json_string_value(id);
	const json_t *one;

	ok(is_refused("book add", incident(group, "It was @ana:elsewhere.example"), "names somebody"), "an incident names nobody");
	kept = host_ok(&h, SOURCE, "book add", incident(group, CANARY " was shouted"));
	is_str(json_str(kept, "supervisor"), "Head of groups", "who has to see it is said");
	ok(story_ill(&h, SOURCE, "supporters", "1 incidents not seen"), "and the doctor says that they have not");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	shown = host_ok(&h, SOURCE, "book show", json_object());
	one = json_array_get(json_arr(shown, "incidents"), 0);
	ok(one != NULL && strstr(json_str(one, "text"), CANARY) != NULL && json_is_false(json_object_get(one, "seen")), "it is there after a restart");
	is_str(json_str(one, "supervisor"), "Head of groups", "with its supervisor");
	search_member(&h, (const char *const []){ CANARY " was shouted", NULL });
	ok(is_refused("book seen", json_pack("{s:O, s:s}", "id", json_object_get(one, "id"), "by", "Somebody"), "Head of groups"), "nobody else sees it for them");
	ok(is_refused("book forget", json_pack("{s:O}", "id", json_object_get(one, "id")), "not seen"), "and it is not forgotten before");
	json_decref(host_ok(&h, SOURCE, "book seen", json_pack("{s:O, s:s}", "id", json_object_get(one, "id"), "by", "Head of groups")));
	ok(story_well(&h, SOURCE, "supporters"), "then the doctor is content");
	for (int i = 0; i < 3; i++)
		host_run(&h, 4000);
	is_int((int)story_count(&h, TARGET, "messages"), 0, "nothing of it leaves the node");
	trained();
	{
		autojson json_t *jo = host_ok(&h, SOURCE, "book show", json_object()), *left = NULL;

		json_decref(host_ok(&h, SOURCE, "book forget", json_pack("{s:O}", "id", json_object_get(json_array_get(json_arr(jo, "supporters"), 0), "id"))));
		left = host_ok(&h, SOURCE, "book show", json_object());
		ok(json_array_size(json_arr(left, "incidents")) == 1 && json_array_size(json_arr(left, "supporters")) == 0, "whoever wrote it down is forgotten without it");
	}
	trained();
	json_decref(host_ok(&h, SOURCE, "book forget", json_pack("{s:O}", "id", json_object_get(one, "id"))));
	after = host_ok(&h, SOURCE, "book show", json_object());
	ok(json_array_size(json_arr(after, "incidents")) == 0 && json_array_size(json_arr(after, "supporters")) == 1, "an incident is forgotten by itself, not with whoever wrote it down");
}

static json_t *
question(size_t n)
{
	json_t *users = json_array();

	for (size_t i = 1; i <= n; i++)
		(void)json_array_append_new(users, i <= LAST ? json_string(h.node[i].user) : json_sprintf("@s%zu:harbor.example", i));
	return json_pack("{s:{s:s, s:[s, s], s:o}}", "document", "question", "Where do we meet?", "answers", "At the harbor", "Outside", "specialists", users);
}

/* How many of our messages of either direction hold these words. */
static int
listed(const char *words)
{
	return (int)found_in(&h, SOURCE, "messages", "body", words);
}

/* Is it shown that something for them waits? */
static bool
waits(const char *user)
{
	autojson json_t *list = story_list(&h, SOURCE, "messages");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (!strcmp(json_str(item, "user"), user))
			return json_str(item, "waits") != NULL;
	return false;
}

static void
test_consult(void)
{
	autojson json_t *asked = NULL, *open = NULL, *closed = NULL;
	bool good = true;

	ok(is_refused("consult ask", question(4), "between 5 and"), "of four nothing could be told");
	asked = host_ok(&h, SOURCE, "consult ask", question(SPECIALISTS));
	is_int((int)json_int(asked, "asked", 0), SPECIALISTS, "five are asked");
	for (size_t i = 1; i <= LAST; i++)
		good = good && chat_comes(&h, i, "2. Outside") == 1;
	ok(good, "each in their chat");
	for (size_t i = LAST + 1; i <= SPECIALISTS; i++) {
		char user[64];

		(void)snprintf(user, sizeof(user), "@s%zu:harbor.example", i);
		ok(waits(user), "and whoever has not come to theirs is waited for, which is shown");
	}
	ok(says(1, "!answer 1 " CANARY "a", "Thank you: At the harbor") && says(2, "2", "Thank you: Outside"), "a number is an answer, with and without words");
	is_int(listed(CANARY), 0, "and is nothing that people read");
	ok(says(2, "!answer 1", "Thank you: At the harbor"), "the last one counts");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	open = host_ok(&h, SOURCE, "consult show", json_object());
	ok(json_object_get(open, "result") == NULL && strstr(json_str(open, "note"), "still open") != NULL, "before the end nothing is counted, after a restart too");
	ok(says(3, "!answer 3", "Which of them?") && says(3, "!answer 1 " CANARY "b", "Thank you"), "until who wants to has answered");
	is_int(listed("!answer 1 ") + listed(CANARY), SPECIALISTS + 1, "which is in no message but the question, put once more to the third");
	search_member(&h, (const char *const []){ CANARY "a", CANARY "b", "Where do we meet?", "Outside", NULL });
	closed = host_ok(&h, SOURCE, "consult close", json_object());
	ok(strstr(json_str(json_obj(closed, "result"), "note"), "too few answered") != NULL && json_arr(json_obj(closed, "result"), "counts") == NULL,
	    "of three answers nothing is told to the coordinator");
	good = true;
	for (size_t i = 1; i <= LAST; i++)
		good = good && chat_comes(&h, i, "The result: too few answered") == 1;
	ok(good, "and that to all who were asked");
	ok(says(1, "!answer 2", "Nothing is asked of you now"), "after that nobody answers");
	is_int(listed("Outside"), SPECIALISTS + 1, "and the other answer is named to nobody again");
}

int
main(void)
{
	static const char *const names[] = { "harbor", "elsewhere", "further" };
	struct client silent[2];

	story_open(&h, 98);
	(void)story_add(&h, "opendoor", "opendoor.example");
	for (size_t i = 0; i < LAST; i++) {
		char server[64];

		(void)snprintf(server, sizeof(server), "%s.example", names[i]);
		(void)story_add(&h, names[i], server);
	}
	client_login(&silent[0], &h, "@s4:harbor.example");
	client_login(&silent[1], &h, "@s5:harbor.example");
	test_incident();
	test_consult();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
