/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program writes down of its own people, sealed and forgotten with its keys; a volunteer who applies in the chat; and a question to the
 * specialists, whose answers nobody can tell apart.
 */
#include "app/talk.h"
#include "base/canon.h"
#include "bench/node.h"
#include "store/intakestore.h"
#include "tests/domain/quoted.h"
#include "tap.h"

#define CANARY	"Qzyvan"
#define GROUP	"01J8Z0Q4M2K7V9T5B3N6X8C0RD"

static struct bench_node node;

static const char *
wrong(const json_t *reply)
{
	return json_str(reply, "error") != NULL ? json_str(reply, "error") : "";
}

static bool
refused(json_t *reply, const char *words)
{
	bool is = strstr(wrong(reply), words) != NULL;

	if (!is)
		printf("# %s\n", wrong(reply));
	json_decref(reply);
	return is;
}

static bool
done(json_t *reply)
{
	bool is = json_is_true(json_object_get(reply, "ok"));

	if (!is)
		printf("# %s\n", wrong(reply));
	json_decref(reply);
	return is;
}

static json_t *
write_down(const char *kind, const char *who, json_t *part)
{
	return bench_ask(&node, "book add", json_pack("{s:{s:s, s:s, s:s, s:o}}", "document", "kind", kind, "on", "2020-01-01", "who", who, kind, part));
}

static json_t *
show(void)
{
	json_t *reply = bench_ask(&node, "book show", json_object()), *result = json_incref(json_obj(reply, "result"));

	json_decref(reply);
	return result;
}

static bool
in_file(const char *word)
{
	static const char *const files[] = { "cairn.db", "cairn.db-wal" };
	static char all[16 << 20];
	bool found = false;

	for (size_t k = 0; k < 2; k++) {
		autofree char *path = bench_text("%s/%s", node.cfg.state_dir, files[k]);
		FILE *f = fopen(path, "rb");
		size_t n = f != NULL ? fread(all, 1, sizeof(all), f) : 0;

		if (f != NULL)
			(void)fclose(f);
		if (k == 0 && n == 0)
			printf("# %s is empty\n", path);
		found = found || memmem(all, n, word, strlen(word)) != NULL;
	}
	return found;
}

static int64_t
person(const char *user)
{
	int64_t pid;

	bench_tx(&node, person_id(node.app->db, user, &pid));
	return pid;
}

/* Somebody writes in their chat; was it kept as an answer, not among the messages? */
static bool
says(int64_t pid, const char *text)
{
	struct said said = { .kept = (char *)(uintptr_t)text, .said = (char *)(uintptr_t)text };
	bool took = false;

	bench_tx(&node, talk_heard(node.app, pid, &said, &took));
	return took;
}

/* How many messages to or from a user hold these words. */
static int
listed(const char *user, const char *words)
{
	autojson json_t *reply = bench_ask(&node, "list", json_pack("{s:s}", "what", "messages"));
	const json_t *item;
	size_t i;
	int n = 0;

	json_array_foreach(json_arr(json_obj(reply, "result"), "items"), i, item)
		n += !strcmp(json_str(item, "user"), user) && strstr(json_str(item, "body"), words) != NULL;
	return n;
}

static bool
doctor(const char *words)
{
	autojson json_t *reply = bench_ask(&node, "doctor", json_object());
	const json_t *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(reply, "result"), "checks"), i, item)
		if (!strcmp(json_str(item, "check") != NULL ? json_str(item, "check") : json_str(item, "name"), "supporters"))
			return strstr(json_str(item, "text") != NULL ? json_str(item, "text") : json_str(item, "detail"), words) != NULL;
	return false;
}

static void
test_book(void)
{
	autojson json_t *shown = NULL, *after = NULL;
	const json_t *rosa;

	ok(done(write_down("credential", CANARY, json_pack("{s:s, s:s}", "name", "CPRS", "until", "2020-06-01"))), "a credential is written down");
	ok(done(write_down("training", CANARY, json_pack("{s:s, s:i}", "topic", "crisis", "hours", 8))), "a training");
	ok(refused(write_down("training", CANARY, json_pack("{s:s}", "topic", "crisis")), "/training/hours"), "not what is none");
	ok(refused(write_down("incident", "F", json_pack("{s:s, s:s, s:s}", "group", GROUP, "what", "harm", "text", "x")), "no group of ours"), "an incident is of a group of ours");
	ok(refused(write_down("enrolment", "Jo", json_pack("{s:s, s:i}", "group", GROUP, "sessions", 2)), "no group of ours"), "as is a series");
	shown = show();
	rosa = json_array_get(json_arr(shown, "supporters"), 0);
	ok(json_array_size(json_arr(shown, "supporters")) == 1 && json_int(rosa, "credential_ends_in_days", 1) < 0 && json_is_false(json_object_get(rosa, "trained")),
	    "what it comes to is shown");
	ok(doctor("1 with a credential that has ended"), "and the doctor warns");
	ok(!in_file(CANARY), "no name is in clear in a file");
	ok(refused(bench_ask(&node, "book seen", json_pack("{s:s, s:s}", "id", "1", "by", "Head")), "no incident"), "what is no incident is not seen");
	ok(refused(bench_ask(&node, "book forget", json_pack("{s:s}", "id", "99")), "no entry"), "of others there is nothing to forget");
	ok(done(bench_ask(&node, "book forget", json_pack("{s:O}", "id", json_object_get(rosa, "id")))), "all of somebody is forgotten");
	after = show();
	ok(json_array_size(json_arr(after, "supporters")) == 0 && doctor("waits"), "and gone");
}

static void
test_groups(void)
{
	autojson json_t *group = NULL, *kept = NULL, *shown = NULL, *seen = NULL, *series = NULL;
	const char *id;

	{
		autojson json_t *file = json_source("docs/examples/harbor-records.json");
		const json_t *list = json_is_array(file) ? file : json_arr(file, "records"), *one;
		size_t i;

		json_array_foreach((json_t *)list, i, one)
			if (!strcmp(json_str(one, "kind"), "group") && group == NULL)
				group = json_deep_copy(one);
	}
	if (group == NULL) {
		ok(false, "no group among the examples");
		return;
	}
	(void)json_object_set_new(json_obj(group, "body"), "kind", json_string("education"));
	(void)json_object_set_new(json_obj(group, "body"), "supervisor", json_pack("{s:s}", "title", "Head of groups"));
	(void)json_object_set_new(json_obj(group, "body"), "program", json_string(GROUP));
	kept = bench_ask(&node, "import", json_pack("{s:[O]}", "records", group));
	if (!json_is_true(json_object_get(kept, "ok")))
		printf("# %s\n", wrong(kept));
	seen = bench_ask(&node, "list", json_pack("{s:s}", "what", "records"));
	id = json_str(json_array_get(json_arr(json_obj(seen, "result"), "items"), 0), "id");
	if (id == NULL) {
		ok(false, "the group was not imported");
		return;
	}
	ok(refused(write_down("incident", "F", json_pack("{s:s, s:s, s:s}", "group", id, "what", "harm", "text", "It was @ana:example.org")), "names somebody"), "nobody is named");
	ok(done(write_down("incident", "F", json_pack("{s:s, s:s, s:s}", "group", id, "what", "harm", "text", CANARY " shouted"))) && !in_file(CANARY),
	    "an incident is kept, sealed");
	ok(doctor("1 incidents not seen"), "and the doctor says that its supervisor has not seen it");
	shown = show();
	ok(done(bench_ask(&node, "book seen", json_pack("{s:O, s:s}", "id", json_object_get(json_array_get(json_arr(shown, "incidents"), 0), "id"), "by", "Head of groups"))), "until they have");
	ok(doctor("waits"), "and then no more");
	ok(done(write_down("enrolment", "Jo", json_pack("{s:s, s:i}", "group", id, "sessions", 1))) && done(write_down("session", "Jo", json_pack("{s:s}", "group", id))),
	    "somebody takes part in a series");
	series = show();
	ok(json_is_true(json_object_get(json_array_get(json_arr(series, "series"), 0), "complete")), "and completes it");
}

static void
test_volunteer(void)
{
	int64_t pid = person("@vol:there.example");
	autojson json_t *shown = NULL, *accepted = NULL, *after = NULL;
	const json_t *id;

	(void)says(pid, "!volunteer");
	ok(says(pid, CANARY) && says(pid, "To give back") && says(pid, "English"), "a volunteer answers one question after another");
	(void)says(pid, "!skip");
	ok(!in_file(CANARY) && listed("@vol:there.example", CANARY) == 0, "which is kept nowhere else");
	shown = show();
	id = json_object_get(json_array_get(json_arr(shown, "applications"), 0), "id");
	ok(id != NULL && !strcmp(json_str(json_array_get(json_arr(shown, "applications"), 0), "name"), CANARY) && doctor("1 volunteers wait"), "staff see it");
	ok(refused(bench_ask(&node, "volunteer", json_pack("{s:O, s:s}", "id", id, "decision", "perhaps")), "accept or decline"), "and answer");
	accepted = bench_ask(&node, "volunteer", json_pack("{s:O, s:s}", "id", id, "decision", "accept"));
	ok(json_is_true(json_object_get(json_obj(json_obj(json_obj(accepted, "result"), "record"), "body"), "volunteer")) &&
	    listed("@vol:there.example", "without a certificate") == 1, "they are told, plainly uncertified");
	after = show();
	ok(json_array_size(json_arr(after, "applications")) == 0, "and the application is forgotten");
}

/* They are told what came of it a few at a time. */
static void
told(int turns)
{
	for (int i = 0; i < turns; i++)
		bench_tick(&node);
}

/* ${n} answer, the i-th with choices[i]; what all are told. */
static json_t *
consulted(const char *choices, const char *words)
{
	autojson json_t *users = json_array(), *asked = NULL;
	json_t *closed;

	for (int i = 0; i < 9; i++)
		(void)json_array_append_new(users, json_sprintf("@s%d:there.example", i));
	asked = bench_ask(&node, "consult ask", json_pack("{s:{s:s, s:[s, s, s], s:O}}", "document", "question", "Where do we meet?", "answers", "Here", "There", "Nowhere", "specialists", users));
	if (!json_is_true(json_object_get(asked, "ok")))
		printf("# %s\n", wrong(asked));
	for (int i = 0; choices[i] != '\0'; i++) {
		autofree char *user = bench_text("@s%d:there.example", i), *text = bench_text("!answer %c %s", choices[i], words);

		if (!says(person(user), text))
			printf("# %s is no answer\n", text);
	}
	closed = bench_ask(&node, "consult close", json_object());
	told(4);
	return closed;
}

static const json_t *
result(const json_t *closed)
{
	return json_obj(json_obj(closed, "result"), "result");
}

static void
test_consult(void)
{
	autojson json_t *few = NULL, *all = NULL, *mixed = NULL, *quiet = NULL;
	ok(refused(bench_ask(&node, "consult ask", json_pack("{s:{s:s, s:[s, s], s:[s, s]}}", "document", "question", "Q", "answers", "a", "b", "specialists", "@a:b.c", "@d:b.c")), "between 5 and"),
	    "of fewer than five nothing could be told");
	ok(refused(bench_ask(&node, "consult ask", json_pack("{s:{s:s, s:[s], s:[]}}", "document", "question", "Q", "answers", "a", "specialists")), "answers: between 2"), "one answer is no choice");
	few = consulted("1111", "because");
	ok(json_str(result(few), "note") != NULL && json_arr(result(few), "counts") == NULL && json_arr(result(few), "words") == NULL, "of four answers nothing is told");
	is_int(listed("@s8:there.example", "The result: too few"), 1, "not even to those who were asked, but that");
	all = consulted("111111222", CANARY);
	ok(json_array_size(json_arr(result(all), "counts")) == 0 || json_int(json_array_get(json_arr(result(all), "counts"), 0), "people", 0) >= 5, "three are not counted out");
	mixed = consulted("111111111", "");
	ok(json_int(json_array_get(json_arr(result(mixed), "counts"), 0), "people", 0) == 9 && json_arr(result(mixed), "words") == NULL, "nine of one mind are");
	is_int(listed("@s0:there.example", "Here: 9"), 1, "and it is told to all who were asked");
	is_int(listed("@s0:there.example", "!answer"), 3, "who said what is in no message but the questions");
	quiet = bench_ask(&node, "consult show", json_pack("{s:O}", "consult", json_object_get(json_obj(few, "result"), "id")));
	ok(json_str(json_obj(json_obj(quiet, "result"), "result"), "note") != NULL, "the result stays to be seen");
	ok(refused(bench_ask(&node, "consult close", json_object()), "no question is open"), "and none is open then");
}

static void
test_one_at_a_time(void)
{
	autojson json_t *users = json_array(), *open = NULL, *shown = NULL, *closed = NULL;
	int64_t pid = person("@s0:there.example");
	autointake struct intake who = { 0 };

	for (int i = 0; i < 5; i++)
		(void)json_array_append_new(users, json_sprintf("@s%d:there.example", i));
	open = bench_ask(&node, "consult ask", json_pack("{s:{s:s, s:[s, s], s:O}}", "document", "question", "Q?", "answers", "a", "b", "specialists", users));
	ok(refused(bench_ask(&node, "consult ask", json_pack("{s:{s:s, s:[s, s], s:O}}", "document", "question", "Q?", "answers", "a", "b", "specialists", users)), "another question is open"),
	    "one question at a time");
	ok(!says(pid, "!answer 3") && !says(pid, "!answer") && !says(pid, "!answer 1x") && says(pid, "!answer 1") && says(pid, "!answer 2, since"), "one of those, and the last counts");
	ok(!says(person("@x:there.example"), "!answer 1"), "nobody else answers");
	ok(says(pid, "2") && says(pid, " 2.\n") && !says(pid, "22") && !says(pid, "2 of us"), "a number alone is one too, and nothing that people read");
	bench_tx(&node, intake_by_person(node.app->db, pid, &who));
	free(who.talk);
	who.talk = strdup("{\"found\":[{\"id\":\"x\",\"org\":\"x\",\"name\":\"x\"}]}");
	bench_tx(&node, intake_put(node.app->db, &who));
	ok(says(pid, "!answer 2, since") && says(pid, "1"), "which of two it may be is asked, and is nothing for people either");
	shown = bench_ask(&node, "consult show", json_object());
	ok(strstr(json_str(json_obj(shown, "result"), "note"), "still open") != NULL && json_object_get(json_obj(shown, "result"), "result") == NULL, "before the end nothing is counted");
	for (int i = 1; i < 5; i++) {
		autofree char *user = bench_text("@s%d:there.example", i);

		(void)says(person(user), "!answer 2 " CANARY);
	}
	ok(!in_file(CANARY), "nothing that they say is in clear in a file");
	closed = bench_ask(&node, "consult close", json_object());
	ok(json_int(json_array_get(json_arr(result(closed), "counts"), 0), "people", 0) == 5 && json_array_size(json_arr(result(closed), "words")) == 5, "five together are shown");
}

/* What that user was sent, of the newest 1,000 messages; the caller decrefs. */
static json_t *
sent(const char *user)
{
	autojson json_t *reply = bench_ask(&node, "list", json_pack("{s:s}", "what", "messages"));
	json_t *bodies = json_array(), *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(reply, "result"), "items"), i, item)
		if (!strcmp(json_str(item, "user"), user))
			(void)json_array_append(bodies, json_object_get(item, "body"));
	return bodies;
}

/* In how many of them ${part} stands. */
static int
with(const json_t *bodies, const char *part)
{
	const json_t *body;
	size_t i;
	int n = 0;

	json_array_foreach(bodies, i, body)
		n += strstr(json_string_value(body), part) != NULL;
	return n;
}

/* Two hundred and forty, each with as many words as go with an answer. */
static void
test_many(void)
{
	enum { MANY = 240 };
	autojson json_t *users = json_array(), *closed = NULL, *at_once = NULL, *early = NULL, *late = NULL, *again = NULL;
	char words[501];
	const char *first = "@t0:there.example", *last = "@t239:there.example";
	const json_t *body;
	size_t longest = 0, k;
	bool all = true;
	int n;

	for (int i = 0; i < MANY; i++)
		(void)json_array_append_new(users, json_sprintf("@t%d:there.example", i));
	ok(done(bench_ask(&node, "consult ask", json_pack("{s:{s:s, s:[s, s], s:O}}", "document", "question", "Many?", "answers", "a", "b", "specialists", users))), "240 are asked");
	for (int i = 0; i < MANY; i++) {
		autofree char *user = bench_text("@t%d:there.example", i), *text = NULL;

		memset(words, '"', 500);
		words[500] = '\0';
		(void)snprintf(words, sizeof(words), "w%dw", i);
		words[strlen(words)] = '"';
		text = bench_text("!answer %d %s", i % 2 + 1, words);
		all = all && says(person(user), text);
	}
	ok(all, "and each says as much as may be said");
	closed = bench_ask(&node, "consult close", json_object());
	is_int((int)json_array_size(json_arr(result(closed), "words")), MANY, "which the result has");
	at_once = sent(last);
	ok(with(at_once, "- w") == 0, "nobody waits for all to be told");
	told(2);
	early = sent(first);
	told(MANY / 4);
	late = sent(last);
	n = with(late, "- w");
	ok(n > 5 && with(early, "- w") == n, "the first and the last are told in %d messages", n);
	for (int i = 0; i < MANY; i++) {
		autofree char *word = bench_text("- w%dw\"", i);

		all = all && with(late, word) == 1;
	}
	ok(all && with(late, "a: 120") == 1, "in which every opinion stands once, and the counts");
	json_array_foreach(late, k, body) {
		autofree char *text = json_dumps(body, JSON_ENCODE_ANY);

		longest = strlen(text) > longest ? strlen(text) : longest;
	}
	ok(longest > 20000 && longest < 36000, "each of which fits an event: %zu bytes", longest);
	told(4);
	again = sent(last);
	is_int(with(again, "- w"), n, "nobody is told twice");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	bench_synced(&node);
	test_book();
	test_groups();
	test_volunteer();
	test_consult();
	test_one_at_a_time();
	test_many();
	bench_node_close(&node);
	return done_testing();
}
