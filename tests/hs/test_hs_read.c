/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What members read in their chat: resources, with their source and whether somebody still looks at them, and stories, if their author shares
 * them with people like them; partners' and our own; behind whom one can ask for support, and never what is for staff.
 */
#include <string.h>

#include "base/canon.h"
#include "chat.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

static struct host h;

#define heard(words)		chat_heard(&h, MEMBER, words)
#define answers(text, words)	chat_answers(&h, MEMBER, text, words)

/* A record from the examples of the schemas, with another name. */
static json_t *
record(const char *kind, const char *name, const char *key, const char *value)
{
	char path[64];
	json_t *body;

	(void)snprintf(path, sizeof(path), "schemas/%s.example.json", kind);
	body = json_source(path);
	(void)json_object_set_new(body, "name", json_string(name));
	(void)json_object_set_new(body, key, json_string(value));
	return json_pack("{s:s, s:s, s:o}", "source", name, "kind", kind, "body", body);
}

static void
import(size_t i, json_t *records, bool publish)
{
	json_decref(host_ok(&h, i, "import", json_pack("{s:o}", "records", records)));
	if (publish)
		json_decref(host_ok(&h, i, "publish", json_object()));
	host_run(&h, 60000);
}

static void
publish(void)
{
	json_t *old = record("resource", "Zephyr sheet", "description", "A zephyr a day.");

	story_publish(&h);
	(void)json_object_set_new(json_obj(json_obj(old, "body"), "review"), "day", json_string("2024-01-01"));
	(void)json_object_set_new(json_obj(json_obj(old, "body"), "review"), "due", json_string("2025-01-01"));
	import(TARGET, json_pack("[o, o, o, o, o]", record("story", "Zephyr for staff", "shared_with", "partners"),
	    record("story", "Zephyr for members", "shared_with", "members"), record("story", "Zephyr for all", "shared_with", "anyone"), old,
	    json_pack("{s:s, s:s, s:{s:s, s:s, s:[s, s]}}", "source", "x:house", "kind", "program", "body", "name", "Zephyr house", "description", "Peers.",
	    "modalities", "phone", "online_text")), true);
	import(SOURCE, json_pack("[o, o, o, o]", record("story", "Breeze for staff", "shared_with", "partners"),
	    record("story", "Breeze for members", "shared_with", "members"), record("story", "Breeze for all", "shared_with", "anyone"),
	    record("resource", "Breeze sheet", "description", "How to breathe.")), true);
	import(SOURCE, json_pack("[o]", record("story", "Breeze not yet published", "shared_with", "anyone")), false);
}

/* Who can be asked comes first, then what there is to read; and each is used in its own way. */
static void
test_find(void)
{
	ok(answers("!find zephyr", "1. Zephyr house (program, harbor)\n2. Zephyr sheet (to read, from harbor; source: "), "people come first, then what one can read");
	is_int(heard("(what Robin lived through, from harbor)\n"), 1, "and what others lived through");
	is_int(heard("write for example: !read 2"), 1, "how to read it is said");
	ok(answers("!refer 2", "something to read; nobody is behind it") && answers("2", "write: !read 2"), "nobody can be asked behind a text");
	ok(answers("!read 1", "To ask them for support, without your name, write: !refer 1"), "nor is somebody a text");
	ok(answers("!refer 1", "How old are you?") && answers("!cancel", "Stopped"), "who comes first is asked as ever");
	ok(answers("!find breeze", "Nobody was found for these words, only what one can read"), "texts alone are not said to be somebody");
	ok(answers("!find qwertz", "Nothing was found"), "nor is nothing");
}

static void
test_read(void)
{
	ok(answers("!read zephyr", "1. Zephyr sheet (to read"), "one may look for texts alone");
	is_int(heard("Zephyr house"), 2, "without whom one can ask");
	ok(answers("!read 1", "its review was due on 2025-01-01 and has not come"), "a resource says who looks at it, and that nobody did");
	is_int(heard("A zephyr a day."), 1, "and what it is");
	ok(answers("!read 2", "Told by Robin on 2026-03-04; from harbor."), "a story says whose it is");
	is_int(heard("somebody asked me to walk with them"), 1, "and what they lived through");
	ok(answers("!read 9", "Which one?"), "a number that is not there");
	ok(answers("!read qwertz", "nothing to read for these words"), "words that nothing has");
	ok(answers("!read breeze", "1. Breeze sheet (to read, from opendoor"), "our own are there, too");
	is_int(heard("not yet published"), 0, "once they are published");
	ok(answers("read breeze", "Did you mean !read?"), "without a sign it is for people");
}

/* What the author wishes holds for partners' stories and for ours. */
static void
test_whom(void)
{
	autojson json_t *found = host_ok(&h, SOURCE, "find", json_pack("{s:s, s:s}", "words", "zephyr", "kind", "story"));

	is_int((int)json_array_size(json_arr(found, "records")), 3, "staff find all three");
	ok(heard("Zephyr for members") > 0 && heard("Breeze for members") > 0, "a member finds what is for members");
	ok(heard("Zephyr for all") > 0 && heard("Breeze for all") > 0, "and what is for all");
	is_int(heard("for staff"), 0, "and never what is for staff");
	ok(answers("!read breeze members", "1. Breeze for members") && answers("!read 1", "please do not pass it on"), "what is for people like them is not passed on");
	ok(answers("!read breeze all", "1. Breeze for all") && answers("!read 1", "from opendoor."), "what is for all");
	is_int(heard("please do not pass it on"), heard("Breeze for members. Told by") + heard("Zephyr for members. Told by"), "may be");
}

/* What was withdrawn after it was listed, or is for staff now. */
static void
test_gone(void)
{
	autojson json_t *found = host_ok(&h, SOURCE, "find", json_pack("{s:s, s:s}", "words", "zephyr all", "kind", "story"));
	const char *id = json_str(json_array_get(json_arr(found, "records"), 0), "id");

	ok(answers("!read zephyr all", "1. Zephyr for all"), "a story");
	json_decref(host_ok(&h, TARGET, "withdraw", json_pack("{s:s}", "id", id)));
	host_run(&h, 60000);
	ok(answers("!read 1", "not there any more"), "that was withdrawn meanwhile is not read");
	ok(answers("!read breeze all", "1. Breeze for all"), "one of ours");
	import(SOURCE, json_pack("[o]", record("story", "Breeze for all", "shared_with", "partners")), false);
	ok(answers("!read 1", "not there any more"), "that is for staff from now on, neither, also before that is published");
	ok(answers("!read breeze all", "nothing to read"), "nor found");
}

int
main(void)
{
	story_begin(&h, 97);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, STORY_LIFE);
	publish();
	test_find();
	test_read();
	test_whom();
	test_gone();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
