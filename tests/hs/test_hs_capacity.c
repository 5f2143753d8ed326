/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Free places, asked of a partner: the question is the same whoever it is for, the answer is what is published,
 * page by page, and is shown with its age where somebody chooses.
 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hostile.h"
#include "store/capacitystore.h"
#include "store/casestore.h"
#include "story.h"
#include "tests/tap.h"

enum { MORE = 110 };

static struct host h;
static char specialist[ID_LEN + 1], org[ID_LEN + 1], asker[ID_LEN + 1];

static json_t *
ask(const char *key, const char *value)
{
	return host_ok(&h, SOURCE, "capacity", key == NULL ? json_object() : !strcmp(key, "all") ? json_pack("{s:b}", key, 1) :
	    json_pack("{s:s}", key, value));
}

/* The names of the members of what the source last asked, while it is on its way. */
static char *
asked(void)
{
	struct db *db = hostile_db(&h, SOURCE);
	struct traffic *list = NULL;
	size_t n = 0;
	char *ret = NULL;

	if (traffic_due(db, INT64_MAX, 64, &list, &n) != 0)
		host_fail(&h, "the traffic cannot be read");
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].type, ID_NAMESPACE "capacity.inquiry")) {
			json_t *content = json_loads(list[i].content, 0, NULL);

			json_object_del(content, "id");
			json_object_del(content, "seq");
			json_object_del(content, "sent_at");
			ret = json_dumps(content, JSON_SORT_KEYS);
			json_decref(content);
		}
	traffic_list_free(list, n);
	hostile_go_on(&h, SOURCE, db);
	return ret;
}

static void
test_question(void)
{
	autojson json_t *reply = ask("record", specialist), *later = NULL;
	autofree char *one = asked(), *all = NULL;

	is_int((int)json_int(reply, "asked", -1), 1, "the publisher of a record is asked");
	is_str(one, "{\"body\": \"How many places are free in your programs?\", \"v\": 1}", "and told nothing: no record, no need");
	json_decref(reply);
	reply = ask("record", specialist);
	is_int((int)json_int(reply, "asked", -1), 0, "within a minute it is not asked again");
	is_int((int)json_array_size(json_arr(reply, "items")), 0, "nothing is known before there is an answer");
	host_run(&h, 100000);
	json_decref(ask("all", NULL));
	all = asked();
	is_str(all, one, "whoever asks for whatever asks the same");
	host_run(&h, 10000);
	later = ask(NULL, NULL);
	is_int((int)json_int(later, "asked", -1), 0, "without a word nobody is asked");
	is_int((int)json_array_size(json_arr(later, "items")), 1, "and what was said is shown");
}

static void
test_shown(void)
{
	autojson json_t *held = ask("record", specialist), *found = NULL, *shown = NULL;
	const json_t *item = json_array_get(json_arr(held, "items"), 0);

	is_str(json_str(item, "record"), specialist, "the answer is of the record");
	is_int((int)json_int(item, "open", -1), 3, "with the places that its organization published");
	ok(json_str(item, "said") != NULL && json_str(item, "heard") != NULL, "and the days when that was said and heard");
	found = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	is_int((int)json_int(json_obj(json_array_get(json_arr(found, "records"), 0), "asked"), "open", -1), 3, "find shows it");
	shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", specialist));
	is_int((int)json_int(json_obj(shown, "asked"), "open", -1), 3, "so does show");
}

static void
test_pages(void)
{
	autojson json_t *records = json_array(), *held = NULL, *seen = json_object();
	const json_t *item;
	size_t i, old = 0;

	for (i = 0; i < MORE; i++) {
		char source[40];

		(void)snprintf(source, sizeof(source), "hsds:service/%zu", 100 + i);
		json_array_append_new(records, json_pack("{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s, s], s:s, s:[{s:i, s:I}]}}",
		    "source", source, "kind", "program", "body", "name", source, "description", "Support.", "forms", "peer_led",
		    "conditions", "alcohol", "languages", "en", "modalities", "online_text", "phone", "cost", "free",
		    "capacities", "open", (int)i, "updated_at", (json_int_t)(*h.now - (i == 0 ? 15 * 86400000LL : 0))));
	}
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(ask("all", NULL));
	host_run(&h, 20000);
	held = ask(NULL, NULL);
	is_int((int)json_array_size(json_arr(held, "items")), 1, "what is not published is not said");
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 600000);
	json_decref(ask("org", org));
	host_run(&h, 60000);
	json_decref(held);
	held = ask(NULL, NULL);
	json_array_foreach(json_arr(held, "items"), i, item)
		{
		json_object_set_new(seen, json_str(item, "record"), json_true());
		old += json_str(item, "old") != NULL;
	}
	is_int((int)json_object_size(seen), MORE + 1, "a long answer comes in pages, each record once");
	is_int((int)old, 1, "what was said two weeks ago is shown as old");
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "and nothing waits or was rejected");
}

static void
say(size_t from, int n, const char *type, json_t *content)
{
	char id[ID_LEN + 1];

	(void)snprintf(id, sizeof(id), "%0*d", ID_LEN, n);
	json_object_set_new(content, "v", json_integer(1));
	json_object_set_new(content, "id", json_string(id));
	json_object_set_new(content, "seq", json_integer(1000 + n));
	json_object_set_new(content, "body", json_string("Places."));
	json_object_set_new(content, "sent_at", json_integer((json_int_t)*h.now));
	hostile_say(&h, from, hs_room(h.hs, "org.cairnpeer.channel", 0), type, content);
}

static void
test_hostile(void)
{
	autojson json_t *before = ask(NULL, NULL), *after = NULL;

	say(TARGET, 1, ID_NAMESPACE "capacity.answer", json_pack("{s:s, s:[{s:s, s:[{s:i, s:I}]}], s:I}", "inquiry",
	    "5CRN5NXJER32BN2VVZGXM8QFCV", "records", "record", specialist, "capacity", "open", 99, "updated_at", (json_int_t)*h.now,
	    "as_of", (json_int_t)*h.now));
	host_run(&h, 10000);
	after = ask(NULL, NULL);
	ok(json_equal(before, after), "an answer that nobody asked for changes nothing");
}

/* An answer is taken as a whole, or refused. */
static void
test_order(void)
{
	static const char inquiry[] = "5CRN5NXJER32BN2VVZGXM8QFCW", last[] = "ZCRN5NXJER32BN2VVZGXM8QFCW";
	autojson json_t *before = ask(NULL, NULL), *after = NULL;
	struct db *db = hostile_db(&h, SOURCE);

	if (capacity_ask(db, org, inquiry, "", *h.now) != 0)
		host_fail(&h, "no question");
	hostile_go_on(&h, SOURCE, db);
	say(TARGET, 2, ID_NAMESPACE "capacity.answer", json_pack("{s:s, s:[{s:s, s:[{s:s, s:i, s:I}]}, {s:s, s:[{s:s, s:i, s:I}]}], s:I}", "inquiry", inquiry, "records",
	    "record", last, "capacity", "unit", "people", "open", 99, "updated_at", (json_int_t)*h.now, "record", specialist, "capacity", "unit", "people", "open", 98,
	    "updated_at", (json_int_t)*h.now, "as_of", (json_int_t)*h.now));
	host_run(&h, 10000);
	after = ask(NULL, NULL);
	ok(json_equal(before, after) && found_in(&h, SOURCE, "rejected", "reason", "order of their ids") == 1,
	    "of an answer that is not in order nothing is taken, and what was known stays");
}

static void
test_bound(void)
{
	struct db *db = hostile_db(&h, TARGET);
	struct traffic t = { .type = (char *)(uintptr_t)ID_NAMESPACE "capacity.answer", .org = asker,
	    .content = (char *)(uintptr_t)"{}", .resend_at = INT64_MAX / 2 };
	int64_t open = -1;

	for (int i = 0; i < 4; i++) {
		char id[ID_LEN + 1];

		(void)snprintf(id, sizeof(id), "%0*d", ID_LEN, 50 + i);
		t.content_id = id;
		t.seq = 5000 + i;
		if (traffic_put(db, &t) != 0)
			host_fail(&h, "the traffic cannot be written");
	}
	hostile_go_on(&h, TARGET, db);
	say(SOURCE, 10, ID_NAMESPACE "capacity.inquiry", json_object());
	db = hostile_db(&h, TARGET);
	if (traffic_open(db, asker, t.type, &open) != 0)
		host_fail(&h, "the traffic cannot be read");
	hostile_go_on(&h, TARGET, db);
	is_int((int)open, 4, "while four answers are on their way there is no fifth");
	is_int((int)story_count(&h, TARGET, "waiting"), 1, "the question waits");
}

int
main(void)
{
	autojson json_t *found = NULL, *own = NULL;
	const json_t *record;

	story_begin(&h, 92);
	story_trust(&h);
	story_publish(&h);
	found = host_ok(&h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	record = json_array_get(json_arr(found, "records"), 0);
	(void)snprintf(specialist, sizeof(specialist), "%s", json_str(record, "id"));
	(void)snprintf(org, sizeof(org), "%s", json_str(record, "org"));
	own = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", "node"));
	(void)snprintf(asker, sizeof(asker), "%s", json_str(own, "org"));
	test_question();
	test_shown();
	test_pages();
	test_hostile();
	test_order();
	test_bound();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
