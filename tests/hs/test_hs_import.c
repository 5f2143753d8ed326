/* SPDX-License-Identifier: Apache-2.0 */
/* A node takes an import whole or not at all, and shows its own records as they will be published next. */
#include <string.h>

#include "base/canon.h"
#include "story.h"
#include "tests/tap.h"

static json_t *
program(const char *description)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s}}", "source", "hsds:service/9", "kind", "program", "body", "name", "Harbor Light",
	    "description", description);
}

/* The target's programs from that source; the caller decrefs. */
static json_t *
listed(struct host *h)
{
	autojson json_t *list = host_ok(h, TARGET, "list", json_pack("{s:s}", "what", "records"));
	json_t *item;
	size_t i;

	json_array_foreach(json_arr(list, "items"), i, item) {
		if (json_str(item, "source") != NULL && strcmp(json_str(item, "source"), "hsds:service/9") == 0)
			return json_incref(item);
	}
	return NULL;
}

static void
test_all_or_nothing(struct host *h)
{
	autojson json_t *before = host_ok(h, TARGET, "list", json_pack("{s:s}", "what", "records"));
	autojson json_t *reply = host_command(h, TARGET, "import", json_pack("{s:[o, {s:s, s:s, s:{s:s}}]}", "records", program("Evenings."),
	    "source", "hsds:service/10", "kind", "program", "body", "name", "No description"));
	autojson json_t *after = host_ok(h, TARGET, "list", json_pack("{s:s}", "what", "records"));

	ok(!json_is_true(json_object_get(reply, "ok")), "an import with one bad record is refused");
	ok(strstr(json_str(reply, "error"), "records[1]") != NULL && strstr(json_str(reply, "error"), "/description") != NULL,
	    "and says which, and where in it: %s", json_str(reply, "error"));
	ok(json_equal(before, after), "and the good record before it is not there");
}

/* Description of the record as ${draft}, or as it stands. */
static void
shows(struct host *h, const char *id, bool draft, const char *member, const char *description, const char *name)
{
	autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:s, s:b}", "id", id, "draft", draft));
	const json_t *body = json_obj(shown, member);

	if (strcmp(member, "record") == 0)
		body = json_obj(body, "body");
	is_str(json_str(body, "description"), description, "%s", name);
}

static void
test_draft(struct host *h)
{
	autojson json_t *item = NULL;
	const char *id;

	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[o]}", "records", program("Evenings."))));
	item = listed(h);
	id = json_str(item, "id");
	if (!ok(id != NULL, "an import is listed with its source"))
		return;
	shows(h, id, true, "body", "Evenings.", "what was never published is shown to be exported");
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 30000);
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[o]}", "records", program("Mornings."))));
	shows(h, id, false, "record", "Evenings.", "what is published is what followers see");
	shows(h, id, true, "body", "Mornings.", "what is exported is what was imported last");
}

/* A file with one program and one part beside it. */
static json_t *
feed_of(const char *name, const char *text)
{
	return json_pack("{s:s, s:[{s:s, s:s}, {s:s, s:s}]}", "name", name, "parts", "source", "", "text", "around",
	    "source", "hsds:service/9", "text", text);
}

static json_t *
taken_in(struct host *h, const char *description, const char *eligibility, const char *text)
{
	autojson json_t *record = program(description);

	json_object_set_new(json_obj(record, "body"), "eligibility", json_string(eligibility));
	return host_ok(h, TARGET, "import", json_pack("{s:[O], s:o}", "records", record, "feed", feed_of("harbor", text)));
}

/* What was edited here stays, what the file says of the rest is new, and the file is kept for the export. */
static void
test_feed(struct host *h)
{
	autojson json_t *item = NULL, *reply = NULL, *again = NULL, *kept = NULL, *list = NULL, *gone = NULL, *after = NULL;
	autojson json_t *edit = NULL, *bad = NULL, *shown = NULL;

	json_decref(taken_in(h, "Evenings.", "Adults", "v1"));
	item = listed(h);
	edit = program("By appointment.");
	json_object_set_new(json_obj(edit, "body"), "eligibility", json_string("Adults"));
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[O]}", "records", edit)));
	reply = taken_in(h, "Mornings.", "Anybody", "v2");
	is_int(json_int(reply, "kept_edits", -1), 1, "a second import of the file keeps what was edited here, and says so");
	shown = host_ok(h, TARGET, "show", json_pack("{s:s, s:b}", "id", json_str(item, "id"), "draft", true));
	is_str(json_str(json_obj(shown, "body"), "description"), "By appointment.", "the edit stays");
	is_str(json_str(json_obj(shown, "body"), "eligibility"), "Anybody", "what was not edited is as the file has it");
	again = taken_in(h, "By appointment.", "Anybody", "v3");
	is_int(json_int(again, "kept_edits", -1), 0, "an edit that the file has too is none");

	list = host_ok(h, TARGET, "list", json_pack("{s:s}", "what", "feeds"));
	is_str(json_str(json_array_get(json_arr(list, "items"), 0), "name"), "harbor", "the file is listed");
	is_int((int64_t)json_array_size(json_arr(list, "items")), 1, "once");
	kept = host_ok(h, TARGET, "show", json_pack("{s:s}", "feed", "harbor"));
	is_str(json_str(json_array_get(json_arr(kept, "parts"), 1), "text"), "v3", "and its newest text is given back");

	bad = host_command(h, TARGET, "import", json_pack("{s:[o], s:o}", "records", program("Never."), "feed", feed_of("../x", "v4")));
	ok(!json_is_true(json_object_get(bad, "ok")), "a name that is a path is refused: %s", json_str(bad, "error"));
	json_decref(take(shown));
	shown = host_ok(h, TARGET, "show", json_pack("{s:s, s:b}", "id", json_str(item, "id"), "draft", true));
	is_str(json_str(json_obj(shown, "body"), "description"), "By appointment.", "and its records with it");

	json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:s}", "id", json_str(item, "id"))));
	after = host_ok(h, TARGET, "show", json_pack("{s:s}", "feed", "harbor"));
	is_int((int64_t)json_array_size(json_arr(after, "parts")), 1, "what a file said of a withdrawn record goes with it");
	json_decref(host_ok(h, TARGET, "forget", json_pack("{s:s}", "name", "harbor")));
	gone = host_command(h, TARGET, "show", json_pack("{s:s}", "feed", "harbor"));
	ok(!json_is_true(json_object_get(gone, "ok")), "a file that was forgotten is gone");
}

/* A service that is not in the next file may have closed. */
static void
test_gone(struct host *h)
{
	autojson json_t *both = NULL, *one = NULL;

	both = host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s}}, {s:s, s:s, s:{s:s, s:s}}], s:{s:s, s:[{s:s, s:s}, {s:s, s:s}]}}",
	    "records", "source", "hsds:service/x", "kind", "program", "body", "name", "x", "description", "d", "source", "hsds:service/y", "kind",
	    "program", "body", "name", "y", "description", "d", "feed", "name", "two", "parts", "source", "hsds:service/x", "text", "x", "source",
	    "hsds:service/y", "text", "y"));
	is_int((int)json_array_size(json_arr(both, "gone")), 0, "nothing is gone from a first file");
	one = host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s}}], s:{s:s, s:[{s:s, s:s}, {s:s, s:s}]}}",
	    "records", "source", "hsds:service/x", "kind", "program", "body", "name", "x", "description", "d", "feed", "name", "two", "parts",
	    "source", "hsds:service/x", "text", "x", "source", "hsds:service/y", "text", "it is closed, and no record"));
	is_str(json_str(json_array_get(json_arr(one, "gone"), 0), "source"), "hsds:service/y", "what is closed in the next is named");
	is_int((int)json_array_size(json_arr(one, "gone")), 1, "and nothing else");
}

/* A program at a place, from a file of its own. */
static json_t *
at_place(struct host *h, const char *n, json_t *place)
{
	autofree char *source = NULL;

	if (asprintf(&source, "hsds:service/%s", n) < 0)
		abort();
	return host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[o]}}], s:{s:s, s:[{s:s, s:s}, {s:s, s:s}]}}",
	    "records", "source", source, "kind", "program", "body", "name", n, "description", "d", "locations", place,
	    "feed", "name", n, "parts", "source", "", "text", "x", "source", source, "text", "y"));
}

static unsigned
shown_addresses(struct host *h)
{
	autojson json_t *list = host_ok(h, TARGET, "list", json_pack("{s:s}", "what", "records"));
	json_t *item;
	unsigned n = 0;
	size_t i;

	json_array_foreach(json_arr(list, "items"), i, item) {
		autojson json_t *shown = host_ok(h, TARGET, "show", json_pack("{s:s, s:b}", "id", json_str(item, "id"), "draft", true));
		autofree char *text = json_dumps(json_obj(shown, "body"), JSON_COMPACT);

		n += text != NULL && strstr(text, "5 Elm") != NULL;
	}
	return n;
}

static json_t *
elm(const char *name)
{
	return json_pack("{s:s, s:s, s:s}", "name", name, "address", "5 Elm", "visibility", "public");
}

static void
test_hidden(struct host *h)
{
	autojson json_t *three = NULL, *again = NULL;

	json_decref(at_place(h, "one", elm("House")));
	json_decref(at_place(h, "two", elm("Annex")));
	is_int(shown_addresses(h), 2, "two files show one place");
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[{s:s, s:s}]}}]}", "records", "source",
	    "hsds:service/one", "kind", "program", "body", "name", "one", "description", "d", "locations", "name", "House",
	    "visibility", "redacted")));
	is_int(shown_addresses(h), 0, "hidden in one record, it is hidden in the other, by its address");
	three = at_place(h, "three", elm("house"));
	is_int(shown_addresses(h), 0, "and in one that comes later");
	is_int(json_int(three, "kept_hidden", -1), 1, "which is said");
	again = at_place(h, "two", elm("Annex"));
	is_int(shown_addresses(h), 0, "and after the second import of a file");
	is_int(json_int(again, "kept_edits", -1), 0, "where it counts as no edit");
	json_decref(at_place(h, "one", elm("Harbor House")));
	is_int(shown_addresses(h), 0, "and under another name, which may be a new one of the same house");
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[{s:s, s:s, s:s}]}}], s:b}", "records", "source",
	    "hsds:service/one", "kind", "program", "body", "name", "one", "description", "d", "locations", "name", "Hall", "address", "5 Elm Court",
	    "visibility", "public", "show_places", 1)));
	is_int(shown_addresses(h), 1, "until somebody says that it may be shown");
}

int
main(void)
{
	struct host h;

	story_begin(&h, 61);
	story_trust(&h);
	test_all_or_nothing(&h);
	test_draft(&h);
	test_feed(&h);
	test_gone(&h);
	test_hidden(&h);
	host_end(&h);
	return done_testing();
}
