/* SPDX-License-Identifier: Apache-2.0 */
/* A partner's groups found by when they meet and who may come; and an import refused for a rule that says nothing. */
#include <string.h>

#include "base/canon.h"
#include "domain/when.h"
#include "search.h"
#include "story.h"
#include "tests/tap.h"

#define CANARY	"quietlark"	/* Of a search; in no record. */

static json_t *
program(const char *name, const char *members)
{
	json_t *body = json_loads(members, 0, NULL), *record;

	(void)json_object_set_new(body, "name", json_string(name));
	(void)json_object_set_new(body, "description", json_string("An evening."));
	record = json_pack("{s:s, s:s, s:o}", "source", name, "kind", "program", "body", body);
	if (record == NULL)
		abort();
	return record;
}

static const struct {
	const char	*name, *members;
} programs[] = {
	/* 19:00 in New York is 00:00 or 01:00 of the next day in Berlin. */
	{ "York", "{\"schedules\":[{\"days\":[\"tue\"],\"opens\":\"19:00\",\"closes\":\"20:30\",\"timezone\":\"America/New_York\"}],\"minimum_age\":18}" },
	{ "Ruled", "{\"schedules\":[{\"rule\":\"FREQ=MONTHLY;BYDAY=2TU\",\"from\":\"2023-01-10\",\"opens\":\"18:30\",\"minutes\":60,\"timezone\":\"Europe/Berlin\"}],"
	  "\"eligible_if\":{\"all\":[{\"all\":[{\"kind\":\"age\",\"age_from\":17500}],\"none\":[{\"kind\":\"referral_source\",\"sources\":[\"court\"]}]}]}}" },
	{ "Vague", "{\"schedules\":[{\"days\":[\"tue\"]}],\"service_area\":{\"anywhere\":false,\"regions\":[\"US-NJ\"]}}" },
	{ "Zoneless", "{\"schedules\":[{\"days\":[\"tue\"],\"opens\":\"18:00\",\"closes\":\"19:00\"}]}" },
	{ "Marsian", "{\"schedules\":[{\"days\":[\"tue\"],\"opens\":\"18:00\",\"closes\":\"19:00\",\"timezone\":\"Mars/Olympus\"}]}" },
	{ "Silent", "{}" },
};

/* The names found, each with a blank behind it, in the order of programs; what else is there does not count. */
static const char *
found(struct host *h, json_t *args, json_t **ret)
{
	static char names[256];
	json_t *row;
	size_t k;

	*ret = host_ok(h, SOURCE, "find", args);
	names[0] = '\0';
	for (size_t i = 0; i < nelem(programs); i++) {
		json_array_foreach(json_arr(*ret, "records"), k, row) {
			if (strcmp(json_str(row, "name"), programs[i].name) == 0) {
				strcat(names, programs[i].name);
				strcat(names, " ");
			}
		}
	}
	return names;
}

/* What is said of one. */
static const char *
said(const json_t *reply, const char *name, const char *what)
{
	json_t *row;
	size_t k;

	json_array_foreach(json_arr(reply, "records"), k, row)
		if (strcmp(json_str(row, "name"), name) == 0)
			return json_str(row, what) != NULL ? json_str(row, what) : "";
	return "";
}

static void
test_times(struct host *h)
{
	autojson json_t *evening = NULL, *night = NULL, *two = NULL, *none = NULL;
	const json_t *first;

	is_str(found(h, json_pack("{s:s, s:s}", "at", "Tue 18:00-20:00", "zone", "Europe/Berlin"), &evening), "Ruled Vague Zoneless Marsian Silent ",
	    "a Tuesday evening: what meets then, and what does not say");
	ok(strstr(said(evening, "Ruled", "times"), "60 minutes, ") != NULL && strstr(said(evening, "Ruled", "times"), " 18:30 Europe/Berlin") != NULL,
	    "with how long and when first: %s", said(evening, "Ruled", "times"));
	is_str(said(evening, "Vague", "times"), "ask them; not said: the hours", "or what is to be asked");
	is_str(said(evening, "Marsian", "times"), "ask them; this machine does not know its time zone Mars/Olympus", "a zone that is none is said");
	is_str(said(evening, "Silent", "times"), "ask them; its times are not said", "no times are said");
	ok(strstr(said(evening, "Zoneless", "times"), "its time zone is not said") != NULL, "a zone that was assumed is said, too");
	first = json_array_get(json_arr(evening, "records"), 0);
	ok(json_str(first, "times") != NULL && strstr(json_str(first, "times"), "ask them") == NULL, "what is known to suit comes first");
	is_str(found(h, json_pack("{s:s, s:s}", "at", "Wed 01:00-02:00", "zone", "Europe/Berlin"), &night), "York Vague Marsian Silent ",
	    "a New York evening is a night in Berlin");
	is_str(found(h, json_pack("{s:s, s:s, s:s}", "at", "Tue 18:00-20:00", "zone", "Europe/Berlin", "minutes", "61"), &two), "Vague Marsian Silent ",
	    "an hour is not enough for 61 minutes");
	is_str(found(h, json_pack("{s:s, s:s, s:s, s:s}", "at", "Sat 03:00-04:00", "zone", "UTC", "words", "york", "minutes", "5"), &none), "", "nothing fits");
	is_str(json_str(none, "note"), "nothing found; removed by words: 7, times: 3; without words there would be 5",
	    "and what each wish removed, and which one to give up");
}

/* A specialist says times of the day, and no zone. */
static void
test_slots(struct host *h)
{
	autojson json_t *asked = NULL;

	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:{s:i, s:I}, s:[s, s]}}]}", "records", "source", "nell",
	    "kind", "specialist", "body", "alias", "Nell", "program", "hsds:service/1", "roles", "one_to_one", "languages", "en", "modalities", "phone",
	    "capacity", "open", 1, "updated_at", (json_int_t)*h->now, "times", "weekday_evening", "night")));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 20000);
	(void)found(h, json_pack("{s:s, s:s, s:s}", "words", "nell", "at", "Tue 18:00-20:00", "zone", "Europe/Berlin"), &asked);
	is_str(json_str(json_array_get(json_arr(asked, "records"), 0), "times"), "ask them; they name, in their own time zone: weekday evening, night",
	    "what they name is told");
}

/* Each second Tuesday, a thousand times: nobody counts so far, so who asks is told to ask there, and who publishes it that they are. */
static void
test_counts(struct host *h)
{
	autojson json_t *reply = NULL, *asked = NULL, *mended = NULL;

	reply = host_ok(h, TARGET, "import", json_pack("{s:[o, o]}", "records", program("Longrun", "{\"schedules\":[{\"rule\":\"FREQ=WEEKLY;INTERVAL=2;COUNT=1000\","
	    "\"from\":\"2013-01-08\",\"opens\":\"18:00\",\"minutes\":60,\"timezone\":\"Europe/Berlin\"}]}"), program("Shortrun",
	    "{\"schedules\":[{\"rule\":\"FREQ=WEEKLY;COUNT=1000\",\"from\":\"2020-01-07\",\"opens\":\"18:00\",\"minutes\":60,\"timezone\":\"Europe/Berlin\"}]}")));
	is_int(json_int(reply, "counts_on", -1), 1, "who publishes a count of which nothing is known today is told");
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 20000);
	asked = host_ok(h, SOURCE, "find", json_pack("{s:s, s:s, s:s}", "words", "longrun", "at", "Tue 18:00-20:00", "zone", "Europe/Berlin"));
	is_str(said(asked, "Longrun", "times"), "ask them; not said: when it ends: it counts for more than ten years", "and so is who looks for it");
	json_decref(asked);
	asked = host_ok(h, SOURCE, "find", json_pack("{s:s, s:s, s:s}", "words", "shortrun", "at", "Tue 18:00-20:00", "zone", "Europe/Berlin"));
	ok(strstr(said(asked, "Shortrun", "times"), "60 minutes, ") != NULL, "within ten years it is followed");
	mended = host_ok(h, TARGET, "import", json_pack("{s:[o]}", "records", program("Longrun", "{\"schedules\":[{\"rule\":\"FREQ=WEEKLY;INTERVAL=2\","
	    "\"from\":\"2013-01-08\",\"until\":\"2051-05-01\",\"opens\":\"18:00\",\"minutes\":60,\"timezone\":\"Europe/Berlin\"}]}")));
	is_int(json_int(mended, "counts_on", -1), 0, "with a day instead it is well");
}

static void
test_facts(struct host *h)
{
	autojson json_t *young = NULL, *court = NULL, *far = NULL, *ruled = NULL;

	is_str(found(h, json_pack("{s:s}", "age", "17.5"), &young), "Ruled Vague Zoneless Marsian Silent ", "who is seventeen and a half");
	is_str(said(young, "Ruled", "eligible"), "to be asked: not referral by court", "hears what is to be asked");
	is_str(found(h, json_pack("{s:s, s:s}", "age", "18", "referral_source", "court"), &court), "York Vague Zoneless Marsian Silent ", "whom a court sends");
	is_str(said(court, "York", "eligible"), "fits: age 18 or more", "and why it fits");
	is_str(found(h, json_pack("{s:s, s:s}", "residence", "US-NY", "words", "vague"), &far), "", "who lives elsewhere");
	is_str(json_str(far, "note"), "nothing found; removed by words: 7, who may come: 1; without words there would be 7, without who may come 1",
	    "and why there is nothing");
	is_str(found(h, json_pack("{s:s, s:s, s:s}", "age", "18", "referral_source", "court", "words", "ruled"), &ruled), "", "whom a rule keeps out");
	is_str(json_str(ruled, "note"), "nothing found; removed by words: 7; without words there would be 7, without who may come 1",
	    "though the index knows nothing of that rule");
}

static void
test_refused(struct host *h)
{
	static const struct { const char *args, *says; } asks[] = {
		{ "{\"at\":\"Tuesday\",\"zone\":\"UTC\"}", "at: " }, { "{\"at\":\"Tue 18:00-20:00\"}", "zone: " },
		{ "{\"at\":\"Tue 18:00-20:00\",\"zone\":\"../../../etc/passwd\"}", "zone: " }, { "{\"at\":\"Tue 18:00-20:00\",\"zone\":\"Europe\"}", "zone: " },
		{ "{\"at\":\"Tue 18:00-20:00\",\"zone\":\"UTC\",\"minutes\":\"0\"}", "minutes: " },
		{ "{\"at\":\"Tue 18:00-20:00\",\"zone\":\"UTC\",\"minutes\":\"5x\"}", "minutes: " }, { "{\"zone\":\"UTC\"}", "at: " },
		{ "{\"age\":\"old\"}", "age: " }, { "{\"identity\":\"strangers\"}", "identity: " },
	};
	static const struct { const char *members, *says; } imports[] = {
		{ "{\"schedules\":[{\"days\":[\"tue\"]},{\"rule\":\"FREQ=HOURLY\",\"from\":\"2026-01-01\"}]}", "records[0] Bad: body: /schedules/1/rule: FREQ" },
		{ "{\"schedules\":[{\"opens\":\"10:00\"}]}", "records[0] Bad: body: /schedules/0/days: " },
		{ "{\"eligible_if\":{\"all\":[{}]}}", "records[0] Bad: body: /eligible_if/all/0: " },
		{ "{\"eligible_if\":{\"all\":[{\"any\":[{\"kind\":\"age\",\"age_from\":18000,\"age_below\":3000}]}]}}",
		  "records[0] Bad: body: /eligible_if/all/0/any/0: " },
		{ "{\"eligible_if\":{\"all\":[{\"any\":[{\"kind\":\"age\",\"needs\":[\"grief\"]}]}]}}", "records[0] Bad: body: /eligible_if/all/0/any/0" },
	};

	autojson json_t *line = host_command(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", "line", "kind", "crisis_line", "body",
	    json_loads("{\"name\":\"Line\",\"description\":\"Somebody answers.\",\"languages\":[\"en\"],\"jurisdictions\":[\"US\"],"
	    "\"review\":{\"by\":\"Harbor\",\"day\":\"2023-01-01\",\"due\":\"2031-01-01\"},\"ways\":[{\"how\":\"call\",\"value\":\"555-0100\",\"always\":true},"
	    "{\"how\":\"text\",\"value\":\"555-0101\",\"always\":false,\"schedules\":[{\"days\":[\"tue\"]},{\"rule\":\"FREQ=HOURLY\",\"from\":\"2026-01-01\"}]}]}", 0, NULL)));

	ok(!json_is_true(json_object_get(line, "ok")) && strstr(json_str(line, "error"), "body: /ways/1/schedules/1/rule: FREQ") != NULL,
	    "nor is a crisis line with a rule that is none: %s", json_str(line, "error"));
	for (size_t i = 0; i < nelem(asks); i++) {
		autojson json_t *reply = host_command(h, SOURCE, "find", json_loads(asks[i].args, 0, NULL));

		ok(!json_is_true(json_object_get(reply, "ok")) && strncmp(json_str(reply, "error"), asks[i].says, strlen(asks[i].says)) == 0,
		    "%s is refused: %s", asks[i].args, json_str(reply, "error"));
	}
	for (size_t i = 0; i < nelem(imports); i++) {
		autojson json_t *reply = host_command(h, TARGET, "import", json_pack("{s:[o]}", "records", program("Bad", imports[i].members)));

		ok(!json_is_true(json_object_get(reply, "ok")) && strncmp(json_str(reply, "error"), imports[i].says, strlen(imports[i].says)) == 0,
		    "%s is not imported: %s", imports[i].members, json_str(reply, "error"));
	}
}

/* Is it in the node's log? */
static bool
logged(const struct host *h, const char *needle)
{
	char path[PATH_MAX], line[4096];
	bool found = false;
	FILE *f;

	search_path(h, SOURCE, ".log", path);
	if ((f = fopen(path, "r")) == NULL)
		bail(path, "cannot be read");
	while (fgets(line, sizeof(line), f) != NULL)
		found |= strstr(line, needle) != NULL;
	(void)fclose(f);
	return found;
}

/* What is searched for is asked of nobody, and nothing of it stays: in no table, no log, no request. */
static void
test_forgotten(struct host *h)
{
	static const char *const kinds[] = { "words", "near", "language", "identity", "residence", "at", "no_such_wish" };
	size_t asked = json_array_size(hs_log(h->hs));
	struct forensic f;

	for (size_t i = 0; i < nelem(kinds); i++) {
		autojson json_t *reply = host_command(h, SOURCE, "find", json_pack("{s:s, s:s}", kinds[i], CANARY, "zone", "UTC"));
		autojson json_t *with = host_command(h, SOURCE, "find", json_pack("{s:s, s:s}", "words", CANARY " harbor", kinds[i], CANARY));

		if (reply == NULL || with == NULL)
			host_fail(h, "a search gets no answer");
	}
	is_int((int)(json_array_size(hs_log(h->hs)) - asked), 0, "a search asks nobody");
	host_run(h, 60000);
	is_int(search_servers(h, CANARY), 0, "nor do homeservers hear of it later");
	host_stop(h, SOURCE);
	f = search(h, SOURCE, "/cairn.db", "", CANARY);
	ok(f.opened > 0 && f.found == 0, "nothing of it is in the database, whose %d sealed values are read", f.opened);
	f = search(h, SOURCE, "/cairn.db", "", "An evening.");
	ok(f.found > 0, "where what partners publish is");
	ok(!logged(h, CANARY), "nor in the log");
	host_start(h, SOURCE);
}

int
main(void)
{
	struct host h;
	autojson json_t *records = json_array();

	story_begin(&h, 71);
	story_trust(&h);
	for (size_t i = 0; i < nelem(programs); i++)
		(void)json_array_append_new(records, program(programs[i].name, programs[i].members));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	story_publish(&h);
	test_times(&h);
	test_facts(&h);
	test_slots(&h);
	test_counts(&h);
	test_refused(&h);
	test_forgotten(&h);
	host_end(&h);
	return done_testing();
}
