/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find over a store of its own: what is found by which words, in which order and page by page; what is not
 * shown; what would help; and that the index follows records, time and the program's own terms.
 */
#include "find_node.h"

static char stranger[] = "BBBBBBBBBBBBBBBBBBBBBBBBB0";

/* The ids of a reply with spaces between; its note and next page remain. */
static json_t *reply;

static const char *
found(const char *args)
{
	static char out[2000];
	autojson json_t *json = json_loads(args, 0, NULL);
	struct err err = { "" };
	json_t *row;
	size_t i;

	json_decref(reply);
	reply = NULL;
	if (json == NULL)
		bail("arguments", args);
	if (find_run(&app, json, &reply, &err) != 0)
		return err.text[0] != '\0' ? "refused" : "failed";
	out[0] = '\0';
	json_array_foreach(json_arr(reply, "records"), i, row)
		(void)snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i > 0 ? " " : "", json_str(row, "id"));
	return out;
}

static void
test_order(void)
{
	arrive("P1", "program", "{\"name\":\"Harbor circle\",\"description\":\"For grief and loss\",\"languages\":[\"en\"],\"cost\":\"free\"}");
	arrive("P2", "program", "{\"name\":\"Grief walk\",\"description\":\"Outdoors\"}");
	arrive("S1", "specialist", "{\"alias\":\"Ana\",\"about\":\"I know grief\",\"languages\":[\"es-MX\"],\"modalities\":[\"phone\"],"
	    "\"capacity\":{\"open\":2,\"updated_at\":1699990000000}}");
	is_str(found("{}"), "S1 P1 P2", "free places first, then as they came");
	is_str(found("{\"words\":\"grief\"}"), "P2 S1 P1", "those with the words in their name before all others");
	is_str(json_str(json_array_get(json_arr(reply, "records"), 0), "why"), "the words are in its name", "and why");
	is_str(found("{\"words\":\"GRI\xc3\x89\", \"language\":\"es\"}"), "S1", "words and a language");
	is_str(found("{\"words\":\"...\"}"), "refused", "words without a letter");
}

static void
test_pages(void)
{
	char args[200];

	is_str(found("{\"words\":\"grief\", \"limit\":1}"), "P2", "a page of one");
	ok(strncmp(json_str(reply, "note"), "more than 1 answer; ", 20) == 0, "there is more");
	(void)snprintf(args, sizeof(args), "{\"words\":\"grief\", \"limit\":1, \"after\":\"%s\"}", json_str(reply, "next"));
	/* What was shown goes, and what is new comes: the place stays good. */
	arrive("P2", "program", "{\"name\":\"Walk\"}");
	arrive("P0", "program", "{\"name\":\"Other\"}");
	is_str(found(args), "S1", "the next page");
	(void)snprintf(args, sizeof(args), "{\"words\":\"grief\", \"limit\":1, \"after\":\"%s\"}", json_str(reply, "next"));
	is_str(found(args), "P1", "and the last");
	ok(json_str(reply, "next") == NULL && json_str(reply, "note")[0] == '\0', "which says no more");
	is_str(found("{\"words\":\"grief\", \"after\":\"7.0\"}"), "refused", "a place that is none");
	is_str(found("{\"words\":\"grief\", \"after\":\"2.0x\"}"), "refused", "nor this");
	is_str(found("{\"after\":\"4.0\"}"), "refused", "nor what is to be asked, where nothing is asked");
	is_str(found("{\"after\":\"3.0\"}"), "refused", "nor the names, where no words are asked for");
}

static void
test_nothing(void)
{
	is_str(found("{\"words\":\"grief\", \"cost\":\"fee\", \"language\":\"en\"}"), "", "nothing fits");
	is_str(json_str(reply, "note"), "nothing found; removed by cost: 4, words: 2, language: 3; without cost there would be 1",
	    "each wish's losses, and the one to give up");
	/* By the index the credential would do; what it is worth shows only when it is looked at. */
	arrive("S2", "specialist", "{\"alias\":\"Bo\",\"about\":\"zeal\",\"credential\":{}}");
	is_str(found("{\"words\":\"zeal\", \"certified\":true}"), "", "a credential that proves nothing");
	is_str(json_str(reply, "note"), "nothing found; removed by words: 4, certified: 4; without certified there would be 1",
	    "counts what would be shown");
}

static void
test_hidden(void)
{
	put(stranger, "X1", "program", DIRECTORY_OK, fixture_now + DAY, "{\"name\":\"Stranger\"}");
	must(find_index(&app, stranger, "X1"));
	is_str(found("{\"words\":\"stranger\"}"), "", "an organization that is not on the trust list is not shown");
	put(org, "M1", "manifest", DIRECTORY_OK, fixture_now + DAY, "{\"name\":\"Manifest\"}");
	must(find_index(&app, org, "M1"));
	is_str(found("{\"words\":\"manifest\"}"), "", "nor is a manifest");
	put(org, "P1", "program", DIRECTORY_EXPIRED, fixture_now - 40 * DAY, "{\"name\":\"Harbor circle\"}");
	must(find_index(&app, org, "P1"));
	is_str(found("{\"words\":\"harbor\"}"), "", "nor what has expired since");
	arrive("P1", "program", "{\"name\":\"Harbor circle\"}");
	is_str(found("{\"words\":\"harbor\"}"), "P1", "until it is refreshed");
}

static void
test_time(void)
{
	is_str(found("{\"kind\":\"specialist\"}"), "S1 S2", "free places first");
	is_int(find_next_due(&app), fixture_now + DAY, "a rank is due when a record goes stale");
	fixture_now += 10 * DAY + 1;
	run_steps();
	is_str(json_str(json_array_get(json_arr(reply, "records"), 0), "verdict"), "ok", "as it came");
	arrive("S3", "specialist", "{\"alias\":\"Cy\"}");
	is_str(found("{\"kind\":\"specialist\"}"), "S3 S1 S2", "what was not refreshed comes last");
	ok(strstr(json_str(json_array_get(json_arr(reply, "records"), 1), "why"), "not refreshed in time") != NULL, "and says so");
	is_int(find_next_due(&app), fixture_now + 10 * DAY, "no rank is due that has changed");
}

/* A store of an older version has records and no index; many, so that they take several steps. */
static void
test_older(void)
{
	for (int i = 0; i < 100; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "OLD%03d", i);
		put(org, id, "group", DIRECTORY_OK, fixture_now + DAY, "{\"name\":\"Olden days\"}");
	}
	is_str(found("{\"words\":\"olden\"}"), "", "records of an older store");
	run_steps();
	(void)found("{\"words\":\"olden\", \"limit\":200}");
	is_int((long long)json_array_size(json_arr(reply, "records")), 100, "come into the index by and by");
}

/* ---- each wish by itself ---- */

/* It answers every wish below but the last two: the next one does, and is told apart by its form. */
static const char all_of_it[] = "{\"name\":\"Lantern\",\"description\":\"Beacon\",\"forms\":[\"chat\"],\"conditions\":[\"grief\"],"
    "\"audiences\":[\"veterans\"],\"settings\":[\"school\"],\"accessibility\":[\"captions\"],\"cost\":\"free\",\"languages\":[\"pt-BR\"],"
    "\"modalities\":[\"phone\"],\"alternatives\":[{\"modality\":\"forum\"},{\"modality\":\"mobile_app\",\"record\":\"OTHER\"}],"
    "\"session_types\":[\"skills\"],\"practice_models\":[\"open_dialogue\"],\"pathways\":[\"own_path\"],\"transport\":[\"parking\"],"
    "\"cultures\":[\"Andean\"],\"roles\":[\"mentor\"],\"times\":[\"night\"],\"topics\":[\"housing\"],"
    "\"capacities\":[{\"open\":0,\"updated_at\":1},{\"open\":1,\"updated_at\":1}],\"minimum_age\":18,"
    "\"service_area\":{\"anywhere\":false,\"regions\":[\"US-NJ\"]},"
    "\"locations\":[{\"visibility\":\"public\",\"latitude_e6\":40735660,\"longitude_e6\":-74172370}],"
    "\"schedules\":[{\"days\":[\"tue\"],\"opens\":\"18:00\",\"closes\":\"20:00\",\"timezone\":\"America/New_York\"}]}";

static const struct { const char *filter, *fits, *not; } wishes[] = {
	{ "words", "\"words\":\"beac\"", "\"words\":\"eacon\"" },
	{ "kind", "\"kind\":\"program\"", "\"kind\":\"story\"" },
	{ "organization", "\"org\":\"AAAAAAAAAAAAAAAAAAAAAAAAA0\"", "\"org\":\"CCCC\"" },
	{ "language", "\"language\":\"pt\"", "\"language\":\"pt-PT\"" },
	{ "form", "\"form\":\"chat\"", "\"form\":\"forum\"" },
	{ "condition", "\"condition\":\"grief\"", "\"condition\":\"heart\"" },
	{ "modality", "\"modality\":\"phone\"", "\"modality\":\"in_person\"" },
	{ "modality", "\"modality\":\"forum\"", "\"modality\":\"mobile_app\"" },
	{ "audience", "\"audience\":\"veterans\"", "\"audience\":\"men\"" },
	{ "setting", "\"setting\":\"school\"", "\"setting\":\"justice\"" },
	{ "accessibility", "\"accessibility\":\"captions\"", "\"accessibility\":\"childcare\"" },
	{ "cost", "\"cost\":\"free\"", "\"cost\":\"donation\"" },
	{ "role", "\"role\":\"mentor\"", "\"role\":\"advocate\"" },
	{ "time of day", "\"time\":\"night\"", "\"time\":\"weekend_evening\"" },
	{ "session type", "\"session\":\"skills\"", "\"session\":\"role_play\"" },
	{ "practice model", "\"practice\":\"open_dialogue\"", "\"practice\":\"mutual_aid\"" },
	{ "pathway", "\"pathway\":\"own_path\"", "\"pathway\":\"medication\"" },
	{ "topic", "\"topic\":\"housing\"", "\"topic\":\"rights\"" },
	{ "transport", "\"transport\":\"parking\"", "\"transport\":\"home_visits\"" },
	{ "culture", "\"culture\":\"Andean\"", "\"culture\":\"andea\"" },
	{ "distance", "\"near\":\"40.7,-74.1\",\"within\":\"8\"", "\"near\":\"40.7,-74.1\",\"within\":\"7\"" },
	{ "times", "\"at\":\"Tue 18:30-19:00\",\"zone\":\"America/New_York\"", "\"at\":\"Tue 18:30-19:00\",\"zone\":\"Europe/Berlin\"" },
	{ "who may come", "\"age\":\"18\"", "\"age\":\"17.9\"" },
	{ "who may come", "\"residence\":\"US-NJ\"", "\"residence\":\"US-NY\"" },
	{ "open places", "\"open\":true", NULL },
	{ "certified", NULL, "\"certified\":true" },
};

/* "{...}" of the parts that are there. */
static const char *
args_of(const char *a, const char *b)
{
	static char out[300];

	(void)snprintf(out, sizeof(out), "{%s%s%s, \"limit\":200}", a, b != NULL ? ", " : "", b != NULL ? b : "");
	return out;
}

static bool
finds(const char *args, const char *id)
{
	json_t *row;
	size_t i;

	if (strcmp(found(args), "refused") == 0 || strcmp(found(args), "failed") == 0)
		bail("find", args);
	json_array_foreach(json_arr(reply, "records"), i, row)
		if (strcmp(json_str(row, "id"), id) == 0)
			return true;
	return false;
}

static void
test_wishes(void)
{
	char note[200], end[200];
	bool covered[SEARCH_NFILTERS] = { false };

	arrive("ALL", "program", all_of_it);
	arrive("FULL", "program", "{\"name\":\"Lamplight\",\"cultures\":[\"Boreal\"],\"topics\":[\"rights\"],\"capacities\":[{\"open\":0,\"updated_at\":1}]}");
	for (size_t i = 0; i < nelem(wishes); i++) {
		if (wishes[i].fits != NULL)
			ok(finds(args_of("\"words\":\"lantern\"", i > 0 ? wishes[i].fits : "\"kind\":\"program\""), "ALL") &&
			    finds(args_of(wishes[i].fits, NULL), "ALL"), "answers: %s", wishes[i].fits);
		if (wishes[i].not != NULL) {
			/* Two wishes find it alone, so that only this one is in the way. */
			is_str(found(args_of(strcmp(wishes[i].filter, "culture") == 0 ? "\"topic\":\"housing\", \"pathway\":\"own_path\"" :
			    strcmp(wishes[i].filter, "pathway") == 0 ? "\"topic\":\"housing\", \"culture\":\"Andean\"" :
			    "\"culture\":\"Andean\", \"pathway\":\"own_path\"", wishes[i].not)), "", "does not: %s", wishes[i].not);
			(void)snprintf(end, sizeof(end), "; without %s there would be 1", wishes[i].filter);
			(void)snprintf(note, sizeof(note), "%s", json_str(reply, "note"));
			ok(strstr(note, end) != NULL, "and the one to give up is said: %s", note);
		}
		for (enum search_bit bit = 0; bit < SEARCH_NFILTERS; bit++)
			covered[bit] |= strcmp(search_filter_name(bit), wishes[i].filter) == 0;
	}
	is_str(found("{\"culture\":\"Boreal\", \"topic\":\"rights\", \"open\":true}"), "", "does not: open");
	ok(strstr(json_str(reply, "note"), "; without open places there would be 1") != NULL, "and so is this: %s", json_str(reply, "note"));
	for (enum search_bit bit = 0; bit < SEARCH_NFILTERS; bit++)
		ok(covered[bit], "%s was asked", search_filter_name(bit));
	/* Three wishes of which two are in the way: no single one helps. */
	is_str(found("{\"culture\":\"Andean\", \"cost\":\"fee\", \"form\":\"forum\"}"), "", "two wishes in the way");
	ok(strstr(json_str(reply, "note"), "without") == NULL, "and that no single one helps is not hidden: %s", json_str(reply, "note"));
}

/* What is known to suit comes first, and pages go over all passes. */
static void
test_passes(void)
{
	static const char *const want[] = { "Q1", "Q2", "Q3", "Q4" };
	static const char ask[] = "\"words\":\"quill\", \"at\":\"Tue 18:00-19:00\", \"zone\":\"UTC\", \"limit\":1";
	static const char meets[] = "\"schedules\":[{\"days\":[\"tue\"],\"opens\":\"18:00\",\"closes\":\"19:00\",\"timezone\":\"UTC\"}]";
	char body[400], args[200], next[32] = "";

	arrive("Q4", "program", "{\"name\":\"A\",\"description\":\"quill\"}");
	arrive("Q3", "program", "{\"name\":\"Quill\",\"schedules\":[{\"days\":[\"tue\"]}]}");
	(void)snprintf(body, sizeof(body), "{\"name\":\"A\",\"description\":\"quill\",%s}", meets);
	arrive("Q2", "program", body);
	(void)snprintf(body, sizeof(body), "{\"name\":\"Quills\",%s}", meets);
	arrive("Q1", "program", body);
	for (size_t i = 0; i < nelem(want); i++) {
		(void)snprintf(args, sizeof(args), "{%s%s%s%s}", ask, *next ? ", \"after\":\"" : "", next, *next ? "\"" : "");
		is_str(found(args), want[i], "page %zu", i + 1);
		(void)snprintf(next, sizeof(next), "%s", json_str(reply, "next") != NULL ? json_str(reply, "next") : "");
	}
	is_str(next, "", "and no more");
}

/* What the index cannot know is looked at, so many at a time: a hostile directory costs a page no more. */
static void
test_bounds(void)
{
	char args[100] = "{\"words\":\"crowd\", \"certified\":true}", id[16];
	autobuf struct buf flood = { 0 };
	int pages = 0;

	for (int i = 0; i < 1200; i++) {
		(void)snprintf(id, sizeof(id), "CROWD%d", i);
		arrive(id, "specialist", "{\"alias\":\"Crowd\",\"credential\":{}}");
	}
	for (; pages < 9; pages++) {
		is_str(found(args), "", "nobody of a crowd is certified");
		if (json_str(reply, "next") == NULL)
			break;
		ok(strncmp(json_str(reply, "note"), "the index offers many that do not quite fit; so far 0 answer; ", 62) == 0, "and not all were looked at");
		(void)snprintf(args, sizeof(args), "{\"words\":\"crowd\", \"certified\":true, \"after\":\"%s\"}", json_str(reply, "next"));
	}
	is_int(pages, 4, "1,200 are looked at, by name and by words, in five pages");
	for (int i = 0; i < 1200; i++)
		must(buf_printf(&flood, "%sw%d", i == 0 ? "{\"name\":\"Flood\",\"description\":\"" : " ", i));
	must(buf_puts(&flood, "\"}"));
	arrive("FLOOD", "program", flood.data);
	is_str(found("{\"words\":\"w998\"}"), "FLOOD", "the first thousand words of a record count");
	is_str(found("{\"words\":\"w1001\"}"), "", "no more");
}

/* Of long records fewer are looked at for a page; whoever goes on finds what is behind them. */
static void
test_long(void)
{
	enum { SPRAWL = 60, BYTES = 40000 };
	static const char rule[] = "\"eligible_if\":{\"all\":[{\"all\":[{\"kind\":\"insurance\",\"insurances\":[\"public\"]}]}]}}";
	char args[100] = "{\"words\":\"sprawl\", \"insurance\":\"none\"}", id[16];
	autobuf struct buf body = { 0 };
	int pages = 1;

	must(buf_puts(&body, "{\"name\":\"Sprawl\",\"description\":\""));
	while (body.len < BYTES)
		must(buf_puts(&body, "length "));
	must(buf_printf(&body, "\",%s", rule));
	for (int i = 0; i < SPRAWL; i++) {
		(void)snprintf(id, sizeof(id), "SPRAWL%d", i);
		arrive(id, "program", body.data);
	}
	arrive("BEHIND", "program", "{\"name\":\"Sprawl\"}");
	for (; pages < 9 && strcmp(found(args), "") == 0 && json_str(reply, "next") != NULL; pages++)
		(void)snprintf(args, sizeof(args), "{\"words\":\"sprawl\", \"insurance\":\"none\", \"after\":\"%s\"}", json_str(reply, "next"));
	is_str(found(args), "BEHIND", "it is found behind long records");
	is_int(pages, 5, "of which a page has thirteen, not all sixty");
}

/* What the one record that is found says of who may come; NULL: it is not found. */
static const char *
eligible(const char *args)
{
	return found(args)[0] != '\0' ? json_str(json_array_get(json_arr(reply, "records"), 0), "eligible") : NULL;
}

/* A group and a specialist without rules, of a program that is for adults of New Jersey. */
static void
test_program_rules(void)
{
	static const char *const kinds[] = { "group", "specialist" };
	static const char rules[] = "{\"name\":\"House\",\"minimum_age\":18,\"service_area\":{\"regions\":[\"US-NJ\"]}}";
	char args[200];

	arrive("ZG", "group", "{\"name\":\"Zither\",\"program\":\"ZP\"}");
	arrive("ZS", "specialist", "{\"alias\":\"Zither\",\"program\":\"ZP\"}");
	for (size_t i = 0; i < nelem(kinds); i++) {
		(void)snprintf(args, sizeof(args), "{\"words\":\"zither\", \"kind\":\"%s\", \"age\":\"30\", \"residence\":\"US-NY\"}", kinds[i]);
		is_str(eligible(args), "to be asked: their program", "%s: a program that is not known here is asked for", kinds[i]);
	}
	arrive("ZP", "program", rules);
	for (size_t i = 0; i < nelem(kinds); i++) {
		(void)snprintf(args, sizeof(args), "{\"words\":\"zither\", \"kind\":\"%s\", \"age\":\"30\", \"residence\":\"US-NY\"}", kinds[i]);
		is_str(found(args), "", "%s: who lives elsewhere does not find it, once it is known", kinds[i]);
		ok(strstr(json_str(reply, "note"), "without who may come") != NULL, "and why: %s", json_str(reply, "note"));
		(void)snprintf(args, sizeof(args), "{\"words\":\"zither\", \"kind\":\"%s\", \"residence\":\"US-NJ\"}", kinds[i]);
		is_str(eligible(args), "by a rule of their program: to be asked: age 18 or more", "whose age is not known is to be asked");
		(void)snprintf(args, sizeof(args), "{\"words\":\"zither\", \"kind\":\"%s\", \"age\":\"30\", \"residence\":\"US-NJ\"}", kinds[i]);
		is_str(eligible(args), "by a rule of their program: fits: age 18 or more; residence US-NJ", "and who fits hears by whose rule");
	}
	run_steps();
	arrive("ZP", "resource", "{\"name\":\"House\"}");
	run_steps();
	is_str(eligible("{\"words\":\"zither\", \"kind\":\"group\", \"age\":\"15\"}"), "to be asked: their program", "what is a program no more lends nothing");
	arrive("ZP", "program", rules);
	run_steps();
	put(org, "ZP", "program", DIRECTORY_OK, fixture_now - DIRECTORY_KEEP_STALE - DAY, rules);
	is_str(eligible(args), "to be asked: their program", "a program that is too old to be shown is not known");
	put(org, "ZP", "program", DIRECTORY_OK, fixture_now + DAY, "{\"consent\":{\"expires_at\":1}}");
	is_str(eligible(args), "to be asked: their program", "nor one that was purged");
	arrive("ZP", "withdrawal", rules);
	is_str(eligible(args), "to be asked: their program", "nor one that was taken back");
}

/* "ID: why" of the first that is found there; "": nobody is. */
static const char *
near(const char *kind, const char *where)
{
	static char out[200];
	char args[200];

	(void)snprintf(args, sizeof(args), "{\"words\":\"viola\", \"kind\":\"%s\", \"near\":\"%s\", \"within\":\"8\"}", kind, where);
	(void)snprintf(out, sizeof(out), "%s", found(args));
	if (out[0] != '\0')
		(void)snprintf(out + strlen(out), sizeof(out) - strlen(out), ": %s", json_str(json_array_get(json_arr(reply, "records"), 0), "why"));
	return out;
}

#define PLACE(seen, lat, lon)	"{\"visibility\":\"" seen "\",\"latitude_e6\":" lat ",\"longitude_e6\":" lon "}"
#define NEWARK	"40.7,-74.1"
#define OSLO	"59.9,10.7"

/* Who says of no place where they are is found at the public places of their program. */
static void
test_program_places(void)
{
	static const char said[] = "the words are in its name; its program is about 7.2 km away";
	static const char house[] = "{\"name\":\"House\",\"locations\":[" PLACE("public", "40735660", "-74172370") "," PLACE("redacted", "59900000", "10700000") "]}";
	char want[100];

	arrive("VS", "specialist", "{\"alias\":\"Viola\",\"program\":\"VP\"}");
	arrive("VG", "group", "{\"name\":\"Viola\",\"program\":\"VP\"}");
	arrive("VH", "group", "{\"name\":\"Viola\",\"program\":\"VP\",\"location\":{\"visibility\":\"redacted\",\"locality\":\"Newark\"}}");
	is_str(near("specialist", NEWARK), "", "of a program that is not known nobody is anywhere");
	arrive("VP", "program", house);
	is_str(near("specialist", NEWARK), "", "they are indexed anew a step later");
	run_steps();
	(void)snprintf(want, sizeof(want), "VS: %s", said);
	is_str(near("specialist", NEWARK), want, "a specialist is where their program is, which is said");
	(void)snprintf(want, sizeof(want), "VG: %s", said);
	is_str(near("group", NEWARK), want, "a group, too; but none whose own place is confidential");
	is_str(near("group", OSLO), "", "a confidential place of the program is lent to nobody");
	arrive("VL", "specialist", "{\"alias\":\"Viola\",\"program\":\"VP\"}");
	ok(strstr(near("specialist", NEWARK), "VL") != NULL, "who comes later need not wait");
	arrive("VP", "program", "{\"name\":\"House\",\"locations\":[" PLACE("public", "59900000", "10700000") "]}");
	is_str(near("group", NEWARK), "", "a program that moves takes them along");
	run_steps();
	ok(strncmp(near("group", OSLO), "VG: ", 4) == 0, "a step later to the other end");
	arrive("VP", "withdrawal", "{}");
	run_steps();
	is_str(near("group", OSLO), "", "and one that is taken back leaves them nowhere");
}

/* What groups and specialists do not say of cost, rides and what eases taking part, their program says. */
static void
test_program_facets(void)
{
	static const char house[] = "{\"name\":\"House\",\"cost\":\"free\",\"transport\":[\"rides_arranged\"],\"accessibility\":[\"step_free\"]}";
	static const struct { const char *kind, *wish, *found, *why; } rows[] = {
		{ "specialist", "\"cost\":\"free\"", "CS", "the words are in its name; cost free, as its program says" },
		{ "specialist", "\"accessibility\":\"step_free\"", "CS", "the words are in its name; accessibility step_free, as its program says" },
		{ "group", "\"cost\":\"free\"", "CG", "the words are in its name; cost free, as its program says" },
		{ "group", "\"cost\":\"fee\"", "CF", "the words are in its name; cost fee" },
		{ "group", "\"transport\":\"rides_arranged\"", "CG", "the words are in its name; transport rides_arranged, as its program says" },
		{ "group", "\"accessibility\":\"step_free\", \"cost\":\"fee\"", "", NULL },
	};
	char args[200];

	arrive("CS", "specialist", "{\"alias\":\"Cello\",\"program\":\"CP\"}");
	arrive("CG", "group", "{\"name\":\"Cello\",\"program\":\"CP\"}");
	arrive("CF", "group", "{\"name\":\"Cello\",\"program\":\"CP\",\"cost\":\"fee\",\"location\":{\"visibility\":\"redacted\",\"locality\":\"Newark\"}}");
	arrive("CP", "program", house);
	run_steps();
	for (size_t i = 0; i < nelem(rows); i++) {
		(void)snprintf(args, sizeof(args), "{\"words\":\"cello\", \"kind\":\"%s\", %s}", rows[i].kind, rows[i].wish);
		is_str(found(args), rows[i].found, "%s, %s", rows[i].kind, rows[i].wish);
		if (rows[i].why != NULL)
			is_str(json_str(json_array_get(json_arr(reply, "records"), 0), "why"), rows[i].why, "and why");
	}
	arrive("CP", "program", "{\"name\":\"House\",\"cost\":\"fee\"}");
	run_steps();
	is_str(found("{\"words\":\"cello\", \"kind\":\"specialist\", \"cost\":\"free\"}"), "", "what it says no more holds no more");
	is_str(found("{\"words\":\"cello\", \"kind\":\"specialist\", \"cost\":\"fee\"}"), "CS", "and what it says instead does");
}

/* Three beds for men are none for a woman; who else is meant may be the same people. */
static void
test_places_for(void)
{
	static const char *const asked[] = { "", ", \"audience\":\"men\"", ", \"audience\":\"women\"", ", \"audience\":\"youth\"" };
	static const struct { const char *found, *places, *why; } rows[] = {
		{ "BEDS", "3 beds for men, 0 beds for women, 2 places for young adults", "the words are in its name; open places: 5, told 1 days ago" },
		{ "BEDS", "3 beds for men, 2 places for young adults", "the words are in its name; audience men; open places: 5, told 1 days ago" },
		{ "BEDS", "0 beds for women, 2 places for young adults", "the words are in its name; audience women; open places: 2, told 1 days ago" },
		{ "BEDS", "3 beds for men, 0 beds for women, 2 places for young adults", "the words are in its name; audience youth; open places: 5, told 1 days ago" },
	};
	autofree char *body = NULL;
	long long at = fixture_now - DAY;
	char args[200];

	if (asprintf(&body, "{\"name\":\"Marimba\",\"audiences\":[\"men\",\"women\",\"youth\"],\"capacities\":[{\"unit\":\"beds\",\"audience\":\"men\",\"open\":3,\"updated_at\":%lld},"
	    "{\"unit\":\"beds\",\"audience\":\"women\",\"open\":0,\"updated_at\":%lld},{\"audience\":\"young_adults\",\"open\":2,\"updated_at\":%lld}]}", at, at, at) < 0)
		bail("asprintf", "beds");
	arrive("BEDS", "program", body);
	for (size_t i = 0; i < nelem(rows); i++) {
		const json_t *row;

		(void)snprintf(args, sizeof(args), "{\"words\":\"marimba\", \"open\":true%s}", asked[i]);
		is_str(found(args), rows[i].found, "free places%s", asked[i]);
		row = json_array_get(json_arr(reply, "records"), 0);
		is_str(json_str(row, "places"), rows[i].places, "which they are");
		is_str(json_str(row, "why"), rows[i].why, "and how many");
	}
	arrive("BEDS", "program", "{\"name\":\"Marimba\",\"audiences\":[\"men\",\"women\"],\"capacities\":[{\"audience\":\"men\",\"open\":1,\"updated_at\":1}]}");
	is_str(found("{\"words\":\"marimba\", \"open\":true, \"audience\":\"women\"}"), "", "a place for a man is none for a woman");
	ok(strstr(json_str(reply, "note"), "without open places there would be 1") != NULL, "and why not: %s", json_str(reply, "note"));
	arrive("BEDS", "program", "{\"name\":\"Marimba\",\"audiences\":[\"men\"],\"capacities\":[{\"audience\":\"men\",\"open\":1,\"updated_at\":1}]}");
	is_str(found("{\"words\":\"marimba\", \"open\":true, \"audience\":\"women\"}"), "", "nor is one of a program for men");
	ok(strstr(json_str(reply, "note"), "without audience there would be 1") != NULL, "and what would help: %s", json_str(reply, "note"));
	arrive("BEDS", "program", "{\"name\":\"Marimba\",\"audiences\":[\"women\"],\"capacities\":[{\"open\":1,\"updated_at\":1}]}");
	is_str(found("{\"words\":\"marimba\", \"open\":true, \"audience\":\"women\"}"), "BEDS", "what is for anyone is for everybody");
}

/* Long rules of many programs are read for a page no more than long records are. */
static void
test_long_programs(void)
{
	enum { PROGRAMS = 60, BYTES = 40000 };
	char args[100] = "{\"words\":\"reed\", \"insurance\":\"none\"}", id[16], group[100];
	autobuf struct buf body = { 0 };
	int pages = 1;

	must(buf_puts(&body, "{\"name\":\"House\",\"eligible_if\":{\"all\":[{\"any\":[{\"kind\":\"insurance\",\"insurances\":[\"public\"]}]}]},\"description\":\""));
	while (body.len < BYTES)
		must(buf_puts(&body, "length "));
	must(buf_puts(&body, "\"}"));
	for (int i = 0; i < PROGRAMS; i++) {
		(void)snprintf(id, sizeof(id), "LP%d", i);
		arrive(id, "program", body.data);
		(void)snprintf(group, sizeof(group), "{\"name\":\"Reed\",\"program\":\"%s\"}", id);
		(void)snprintf(id, sizeof(id), "LG%d", i);
		arrive(id, "group", group);
	}
	arrive("REED", "group", "{\"name\":\"Reed\"}");
	for (; pages < 9 && strcmp(found(args), "") == 0 && json_str(reply, "next") != NULL; pages++)
		(void)snprintf(args, sizeof(args), "{\"words\":\"reed\", \"insurance\":\"none\", \"after\":\"%s\"}", json_str(reply, "next"));
	is_str(found(args), "REED", "it is found behind groups of long programs");
	is_int(pages, 5, "of which a page has twelve, not all sixty");
}

int
main(void)
{
	app.db = fixture_open();
	app.trust = trust_one();
	must(db_begin(app.db, NULL));
	(void)found("{}");
	is_str(json_str(reply, "note"), "nothing found; no records are held yet", "an empty directory");
	test_order();
	test_pages();
	test_nothing();
	test_hidden();
	test_time();
	test_older();
	test_wishes();
	test_passes();
	test_bounds();
	test_long();
	test_program_rules();
	test_program_places();
	test_program_facets();
	test_places_for();
	test_long_programs();
	must(db_commit(app.db, NULL));
	json_decref(reply);
	trust_free(app.trust);
	db_close(app.db);
	return done_testing();
}
