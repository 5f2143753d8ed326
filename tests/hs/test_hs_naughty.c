/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each string of the Big List of Naughty Strings as a member writes it in a chat, and as staff or a program gives it to a
 * command: what is said for people is kept as it was said, every command has an answer or a reason, and the log stays a log.
 * With $CAIRN_CORPORA: its bad/blns; each seventh string, other ones each day (FAULT_TURN=N: those of day N); HS_LONG=1: all.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chat.h"
#include "hostile.h"
#include "search.h"
#include "story_refer.h"
#include "tests/domain/quoted.h"

enum { MEMBER = 2, STEP = 7 };

static struct host h;
static struct referral_story story;

/* Where a string goes: the arguments, and the place of the string in them: @ is it, ID the referral, SP a specialist. */
static const struct { const char *verb, *args; } commands[] = {
	{ "find", "{\"words\":\"@\"}" }, { "find", "{\"near\":\"@\",\"language\":\"@\"}" }, { "find", "{\"at\":\"@\",\"zone\":\"@\"}" },
	{ "say", "{\"user\":\"@\",\"text\":\"x\"}" }, { "show", "{\"id\":\"@\"}" }, { "list", "{\"what\":\"@\"}" }, { "erase", "{\"id\":\"@\"}" },
	{ "hold", "{\"id\":\"@\",\"class\":\"@\",\"review\":\"2030-01-01\",\"reason_text\":\"@\"}" }, { "hold lift", "{\"hold\":\"@\",\"reason_text\":\"@\"}" },
	{ "hold review", "{\"hold\":\"@\",\"review\":\"@\"}" },
	{ "refer", "{\"to\":\"SP\",\"need\":\"@\",\"language\":\"@\",\"modality\":\"phone\",\"urgency\":\"soon\",\"age_band\":\"26_59\"}" },
	{ "open-case", "{\"person\":{\"alias\":\"@\",\"phone\":\"+1 201 555 0187\",\"leave_message\":false,\"note\":\"@\"}}" },
	{ "open-case", "{\"person\":{\"alias\":\"Kim\",\"phone\":\"@\",\"leave_message\":false,\"call_back\":\"@\",\"zone\":\"@\"}}" },
	{ "match", "{\"need\":\"grief\",\"age_band\":\"26_59\",\"not_towns\":[\"@\"],\"prefer\":[\"town=@\"]}" },
	{ "emergency", "{\"id\":\"ID\",\"emergency\":{\"to\":\"@\",\"affiliation\":\"@\",\"by\":\"@\",\"nature\":\"@\",\"what\":[\"need\"],\"at\":1}}" },
	{ "revoke", "{\"referral\":\"ID\",\"how\":\"phone\",\"recorded_by\":\"@\"}" },
	{ "book add", "{\"document\":{\"kind\":\"training\",\"on\":\"2026-11-20\",\"who\":\"@\",\"training\":{\"topic\":\"crisis\",\"hours\":4}}}" },
	{ "federation_decide", "{\"org\":\"@\",\"decision\":\"deny\",\"reason\":\"@\"}" }, { "policy follow", "{\"room\":\"@\"}" },
	{ "invite", "{\"id\":\"@\",\"user\":\"@\",\"agreed\":true}" },
	{ "import", "{\"records\":[{\"source\":\"@\",\"kind\":\"program\",\"body\":{\"name\":\"@\",\"description\":\"@\",\"forms\":[\"substance_use_peer\"],"
	    "\"conditions\":[\"alcohol\"],\"languages\":[\"en\"],\"modalities\":[\"phone\"],\"cost\":\"free\"}}]}" },
};

/* The arguments of that command, with the string wherever it goes. */
static json_t *
fill(const char *args, const char *string)
{
	autojson json_t *quoted = json_string(string);
	autofree char *text = json_dumps(quoted, JSON_ENCODE_ANY);
	autobuf struct buf all = { 0 };
	json_t *filled;
	int r = 0;

	for (const char *p = args; *p != '\0' && r == 0; p++)
		if (*p == '@')
			r = buf_add(&all, text + 1, strlen(text) - 2);
		else if (!strncmp(p, "\"ID\"", 4) || !strncmp(p, "\"SP\"", 4)) {
			r = buf_printf(&all, "\"%s\"", p[1] == 'I' ? story.id : story.specialist);
			p += 3;
		} else
			r = buf_add(&all, p, 1);
	if (r != 0 || (filled = json_loadb(all.data, all.len, 0, NULL)) == NULL)
		host_fail(&h, "no arguments: %s", all.data);
	return filled;
}

static size_t
kept(const char *string)
{
	autojson json_t *list = story_list(&h, SOURCE, "messages");
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach(list, i, item)
		n += !strcmp(json_str(item, "direction"), "in") && !strcmp(json_str(item, "body"), string);
	return n;
}

/* Said in the chat: it is there for people, once, or what follows is an answer to a command. */
static bool
test_said(const char *string)
{
	size_t before = kept(string);
	autojson json_t *reply = host_command(&h, MEMBER, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", string));

	if (!json_is_true(json_object_get(reply, "ok")))
		return json_str(reply, "error") != NULL && *json_str(reply, "error") != '\0';
	for (int i = 0; i < 4; i++)
		host_run(&h, 1000);
	return kept(string) == before + 1;
}

/* The text ${*at} of all that are in ${value} is ${string} from now on; NULL: not ${value} itself. */
static json_t *
put_text(json_t *value, size_t *at, const char *string)
{
	json_t *member, *other;
	const char *key;
	size_t i;

	if (json_is_string(value))
		return (*at)-- == 0 ? json_string(string) : NULL;
	json_object_foreach(value, key, member)
		if ((other = put_text(member, at, string)) != NULL) {
			(void)json_object_set_new(value, key, other);
			return NULL;
		}
	json_array_foreach(value, i, member)
		if ((other = put_text(member, at, string)) != NULL) {
			(void)json_array_set_new(value, i, other);
			return NULL;
		}
	return NULL;
}

/* A record of each kind, of which one text is that string: another with each. */
static void
test_records(const json_t *list)
{
	static const char *const kinds[] = { "program", "group", "specialist", "resource", "story", "crisis_line" };
	size_t taken = 0, refused = 0, wrong = 0, places = 0;

	for (size_t k = 0; k < nelem(kinds); k++) {
		char path[64];
		autojson json_t *example = NULL;
		size_t at = SIZE_MAX, count;

		(void)snprintf(path, sizeof(path), "schemas/%s.example.json", kinds[k]);
		example = json_source(path);
		(void)put_text(example, &at, "");
		places += count = SIZE_MAX - at;
		for (size_t i = 0; i < json_array_size(list); i++) {
			autojson json_t *body = json_deep_copy(example), *reply = NULL;
			const char *error;

			at = i % count;
			(void)put_text(body, &at, json_string_value(json_array_get(list, i)));
			reply = host_command(&h, SOURCE, "import", json_pack("{s:[{s:o, s:s, s:O}]}", "records", "source", json_sprintf("x:%s", kinds[k]), "kind", kinds[k], "body", body));
			error = json_str(reply, "error");
			if (json_is_true(json_object_get(reply, "ok")))
				taken++;
			else if (error != NULL && strncmp(error, "records[0]", 10) == 0 && json_str(reply, "code") != NULL && strcmp(json_str(reply, "code"), "fatal") != 0)
				refused++;
			else if (++wrong < 20)
				printf("# %zu, %s: %s: %s\n", i, kinds[k], json_str(reply, "code"), error);
		}
		host_run(&h, 1000);
	}
	ok(wrong == 0 && taken > 100 && refused > 100, "in each of %zu texts of a record a string is taken (%zu) or refused with its place (%zu)", places, taken, refused);
}

static void
test_strings(const json_t *list)
{
	const char *turn = getenv("FAULT_TURN");
	size_t step = getenv("HS_LONG") != NULL ? 1 : STEP, n = 0, said = 0, taken = 0, refused = 0, wrong = 0;

	for (size_t i = (turn != NULL ? strtoul(turn, NULL, 10) : (size_t)(time(NULL) / 86400)) % step; i < json_array_size(list); i += step, n++) {
		const char *string = json_string_value(json_array_get(list, i));

		if (test_said(string))
			said++;
		else
			printf("# %zu is not kept as it was said: %s\n", i, string);
		for (size_t k = 0; k < nelem(commands); k++) {
			autojson json_t *reply = host_command(&h, SOURCE, commands[k].verb, fill(commands[k].args, string));
			const char *error = json_str(reply, "error"), *code = json_str(reply, "code");
			bool good = json_is_true(json_object_get(reply, "ok"));

			taken += good;
			refused += !good && error != NULL && strlen(error) > 8 && code != NULL && strcmp(code, "fatal") != 0;
			if (!good && (error == NULL || strlen(error) <= 8 || code == NULL || !strcmp(code, "fatal"))) {
				printf("# %zu, %s: %s: %s\n", i, commands[k].verb, code, error);
				wrong++;
			}
		}
		host_run(&h, 1000);
	}
	is_int((int)said, (int)n, "each of %zu strings that a member writes is kept as it is, once, or is refused with a reason", n);
	ok(wrong == 0 && taken > n && refused > n, "each command has an answer (%zu) or a reason (%zu)", taken, refused);
}

/* Lines of text: nothing that commands a terminal. */
static bool
is_log(size_t i)
{
	char path[PATH_MAX];
	long lines = 0, at = 0;
	FILE *f;
	int c;

	search_path(&h, i, ".log", path);
	if ((f = fopen(path, "rb")) == NULL)
		return false;
	while ((c = getc(f)) != EOF) {
		lines += c == '\n';
		if ((c < ' ' && c != '\n') || c >= 0x7f) {
			printf("# %s: a byte %d in line %ld\n", path, c, lines + 1);
			at++;
		}
	}
	(void)fclose(f);
	return at == 0;
}

int
main(void)
{
	const char *corpora = getenv("CAIRN_CORPORA");
	autojson json_t *list = NULL;
	char path[PATH_MAX];

	if (corpora == NULL) {
		printf("ok 1 # SKIP CAIRN_CORPORA is not set\n1..1\n");
		return 0;
	}
	(void)snprintf(path, sizeof(path), "%s/bad/blns/blns.json", corpora);
	if ((list = json_load_file(path, JSON_ALLOW_NUL, NULL)) == NULL)
		bail(path, "cannot be read");
	story_begin(&h, 101);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	refer_begin(&h, &story);
	ok(refer_step(&h, &story, STORY_REFER), "a referral");
	test_strings(list);
	test_records(list);
	ok(chat_answers(&h, MEMBER, "!help", "You can write:"), "the member is answered after it as before");
	ok(h.node[SOURCE].starts == 1 && h.node[MEMBER].starts == 1, "the nodes live");
	ok(is_log(SOURCE) && is_log(TARGET) && is_log(MEMBER), "and no log commands a terminal");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_end(&h);
	return done_testing();
}
