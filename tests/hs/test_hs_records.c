/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources, stories and crisis lines go where programs go; a withdrawn one is forgotten by who follows;
 * what one source hides, another does not show.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/dirstore.h"
#include "store/outbox.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define CANARY	"zanzibarwinter"

static json_t *
file(const char *name)
{
	char path[256];
	json_t *ret;

	(void)snprintf(path, sizeof(path), "schemas/%s.example.json", name);
	ret = json_source(path);
	/* The example's specialist agreed to be published by another organization. */
	if (!strcmp(name, "specialist"))
		(void)(json_object_del(ret, "did") | json_object_del(ret, "consent"));
	return ret;
}

static json_t *
story(const char *text)
{
	json_t *body = file("story");

	(void)json_object_set_new(body, "text", json_string(text));
	return body;
}

static json_t *
import(struct host *h, const char *source, const char *kind, json_t *body)
{
	return host_command(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", source, "kind", kind,
	    "body", body));
}

static void
bring(struct host *h, const char *source, const char *kind, json_t *body)
{
	autojson json_t *reply = import(h, source, kind, body);

	if (!json_is_true(json_object_get(reply, "ok")))
		host_fail(h, "%s: %s", source, json_str(reply, "error"));
}

static void
not_taken(struct host *h, const char *source, const char *kind, json_t *body, const char *says)
{
	autojson json_t *reply = import(h, source, kind, body);
	const char *error = json_str(reply, "error");

	ok(!json_is_true(json_object_get(reply, "ok")) && error != NULL && strstr(error, says) != NULL, "%s of %s: %s", source, kind,
	    error != NULL ? error : "taken");
}

/* The only record of that kind which the source finds; the caller decrefs. */
static json_t *
found(struct host *h, const char *kind, const char *words)
{
	autojson json_t *result = host_ok(h, SOURCE, "find", json_pack("{s:s, s:s*}", "kind", kind, "words", words));
	json_t *list = json_arr(result, "records");

	return json_array_size(list) == 1 ? json_incref(json_array_get(list, 0)) : NULL;
}

static json_t *
shown(struct host *h, size_t node, const char *id)
{
	return host_ok(h, node, "show", json_pack("{s:s}", "id", id));
}

/* Some sentence of what is shown begins so. */
static bool
says(const json_t *shown, const char *text)
{
	json_t *line;
	size_t i;

	json_array_foreach(json_arr(shown, "in_words"), i, line)
		if (strncmp(json_string_value(line), text, strlen(text)) == 0)
			return true;
	return false;
}

static void
publish(struct host *h)
{
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 30000);
}

static void
test_kinds(struct host *h)
{
	static const struct { const char *kind, *words, *line; } kinds[] = {
		{ "resource", "sleep", "Looked at by Library team" },
		{ "story", "winter walk", "Told by Robin" },
		{ "crisis_line", "lifeline", "call 555-0100, day and night" },
		{ "program", "harbor", "Ways to take part: in person, phone, online text." },
		{ "specialist", "early recovery", "How it ends: After six months" },
	};

	for (size_t i = 0; i < nelem(kinds); i++) {
		autofree char *source = NULL;
		json_t *body = file(kinds[i].kind);

		if (asprintf(&source, "x:%s", kinds[i].kind) < 0)
			abort();
		if (!strcmp(kinds[i].kind, "specialist"))
			(void)json_object_set_new(body, "alias", json_string("Early"));
		bring(h, source, kinds[i].kind, body);
	}
	publish(h);
	for (size_t i = 0; i < nelem(kinds); i++) {
		autojson json_t *rec = found(h, kinds[i].kind, kinds[i].words), *show = NULL;

		if (!ok(rec != NULL, "a partner finds a %s by its words", kinds[i].kind))
			continue;
		show = shown(h, SOURCE, json_str(rec, "id"));
		ok(says(show, kinds[i].line), "and reads of a %s: %s", kinds[i].kind, kinds[i].line);
	}
}

static void
test_old(struct host *h)
{
	autojson json_t *rec = found(h, "program", "harbor"), *show = NULL;
	const char *old = json_str(rec, "old");

	ok(old != NULL && strstr(old, "2026-07-29") != NULL, "find says that free places were counted long ago: %s", old != NULL ? old : "-");
	show = shown(h, SOURCE, json_str(rec, "id"));
	ok(says(show, "Old: free places"), "so does show");
	is_int(json_int(rec, "open", -1), 4, "and how many there were");
}

static void
test_rules(struct host *h)
{
	json_t *body = file("group");

	(void)json_object_set_new(body, "neutral_name", json_string("Sober circle"));
	not_taken(h, "x:g", "group", body, "give a neutral_name");
	body = file("group");
	(void)json_object_set_new(body, "age_bands", json_pack("[s, s]", "26_59", "13_17"));
	not_taken(h, "x:g", "group", body, "age_bands: 13_17 and 26_59 would meet in one room; adults and minors are apart: make two groups of it");
	body = file("resource");
	(void)json_object_set_new(json_obj(body, "review"), "day", json_string("2026-11-22"));
	not_taken(h, "x:r", "resource", body, "later than today");
	body = file("resource");
	(void)json_object_del(body, "source");
	not_taken(h, "x:r", "resource", body, "/source");
	not_taken(h, "x:w", "withdrawal", file("withdrawal"), "is wanted");
}

static void
test_lines(struct host *h)
{
	autojson json_t *rec = found(h, "crisis_line", NULL), *show = NULL;
	json_t *way = json_array_get(json_arr(rec, "ways"), 2);

	is_str(json_string_value(way), "Example Lifeline: chat https://lifeline.example/chat - day and night; in English and Spanish.", "a partner finds who answers now");
	way = json_array_get(json_arr(rec, "ways"), 3);
	is_str(json_string_value(way), "Example Lifeline: text 555-0101 - closed now, opens on Monday at 08:00, New York time; in Spanish. Send HELLO for Spanish.",
	    "and behind them who does not");
	show = shown(h, SOURCE, json_str(rec, "id"));
	ok(says(show, "Example Lifeline: text 555-0101 - closed now"), "as shows what is shown of it");
}

static void
test_no_referral(struct host *h)
{
	autojson json_t *rec = found(h, "crisis_line", NULL);
	autojson json_t *reply = host_command(h, SOURCE, "refer", json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "to", json_str(rec, "id"),
	    "need", "grief", "language", "en", "modality", "phone", "urgency", "soon", "age_band", "26_59"));

	ok(json_str(reply, "error") != NULL && strstr(json_str(reply, "error"), "it is a crisis_line, which takes nobody in") != NULL,
	    "a crisis line is called, not referred to: %s", json_str(reply, "error"));
}

/* A program that is a crisis service has a number, by which it is reached at any hour; whoever would refer to it is given that. */
static void
test_crisis_service(struct host *h)
{
	autojson json_t *rec = NULL, *show = NULL, *reply = NULL, *other = NULL;
	json_t *body = file("program");
	size_t before = story_count(h, SOURCE, "referrals");

	(void)(json_object_set_new(body, "name", json_string("Nightbird")) | json_object_set_new(body, "settings", json_pack("[s, s]", "hospital", "crisis_service")) |
	    json_object_del(body, "alternatives") | json_object_del(body, "source"));
	not_taken(h, "x:night", "program", json_deep_copy(body), "schedules: a crisis service answers at any hour");
	(void)json_object_set_new(body, "schedules", json_pack("[{s:[s, s, s, s, s, s, s], s:s, s:s, s:s}]", "days", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
	    "opens", "00:00", "closes", "00:00", "timezone", "America/New_York"));
	other = json_deep_copy(body);
	(void)json_object_del(other, "contacts");
	not_taken(h, "x:night", "program", json_incref(other), "contacts: a crisis service is called");
	bring(h, "x:night", "program", body);
	publish(h);
	rec = found(h, "program", "nightbird");
	if (!ok(rec != NULL, "a partner finds a crisis service"))
		return;
	show = shown(h, SOURCE, json_str(rec, "id"));
	ok(says(show, "A crisis service: it takes no referral. Its number is +1 973 555 0142.") && !says(show, "It does not say that it answers"),
	    "and is told how to reach it, before all else");
	reply = host_command(h, SOURCE, "refer", json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "to", json_str(rec, "id"),
	    "need", "grief", "language", "en", "modality", "phone", "urgency", "urgent", "age_band", "26_59"));
	ok(json_str(reply, "error") != NULL && strstr(json_str(reply, "error"), "takes no referral: give the person its number, +1 973 555 0142") != NULL &&
	    story_count(h, SOURCE, "referrals") == before, "nobody waits there for an answer: %s", json_str(reply, "error"));
}

/* How often the bytes are in that node's database and its log. */
static size_t
held(struct host *h, size_t node, const char *word)
{
	static const char *const files[] = { "cairn.db", "cairn.db-wal" };
	size_t n = 0;

	for (size_t i = 0; i < nelem(files); i++) {
		autofree char *path = NULL;
		autobuf struct buf all = { 0 };
		char step[65536];
		ssize_t got;
		int fd;

		if (asprintf(&path, "%s/%s/%s", h->dir, h->node[node].name, files[i]) < 0)
			abort();
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
			continue;
		while ((got = read(fd, step, sizeof(step))) > 0)
			if (buf_add(&all, step, (size_t)got) != 0)
				abort();
		(void)close(fd);
		for (char *p = all.data; p != NULL && (p = memmem(p, all.len - (size_t)(p - all.data), word, strlen(word))) != NULL; p++)
			n++;
	}
	return n;
}

/* A version of the record for a room that nobody is in. */
static void
leave_unsent(struct host *h, const char *id)
{
	autojson json_t *content = story(CANARY);
	struct db *db = hostile_db(h, TARGET);
	int r = outbox_event(db, "node", "!nowhere:harbor.example", "org.cairnpeer.record", NULL, content, "record", id, NULL);

	hostile_go_on(h, TARGET, db);
	if (r != 0)
		host_fail(h, "nothing can be queued");
	host_run(h, 5000);
}

static size_t
unsent(struct host *h)
{
	autojson json_t *list = story_list(h, TARGET, "outbox");
	size_t i, n = 0;
	json_t *item;

	json_array_foreach(list, i, item)
		n += json_str(item, "purpose") != NULL && !strcmp(json_str(item, "purpose"), "record");
	return n;
}

/* A publisher that breaks the rule signs the story again under the id that it withdrew. */
static void
test_comes_not_back(struct host *h, const char *id)
{
	autojson json_t *body = story("Again " CANARY "."), *rec = NULL, *rejected = NULL;
	struct db *db = hostile_db(h, TARGET);
	struct own_record own;
	autofree char *text = NULL;
	int r = own_get(db, id, &own);

	if (r == 0) {
		free(own.kind);
		free(own.body);
		own.kind = strdup("story");
		own.body = json_dumps(body, JSON_COMPACT);
		own.dirty = 1;
		r = own_put(db, &own);
		own_free(&own);
	}
	hostile_go_on(h, TARGET, db);
	publish(h);
	rec = found(h, "story", CANARY);
	rejected = story_list(h, SOURCE, "rejected");
	text = json_dumps(rejected, JSON_COMPACT);
	ok(r == 0 && rec == NULL && strstr(text, "the record was withdrawn") != NULL,
	    "what was withdrawn and is signed anew under its id is rejected, and why is listed");
}

static void
test_withdraw(struct host *h)
{
	autojson json_t *rec = NULL, *gone = NULL, *show = NULL, *ours = NULL, *again = NULL;
	autofree char *id = NULL;

	bring(h, "x:s2", "story", story("A " CANARY " in which I was " CANARY "."));
	publish(h);
	rec = found(h, "story", CANARY);
	if (!ok(rec != NULL, "a story is found before it is withdrawn"))
		return;
	id = strdup(json_str(rec, "id"));
	host_stop(h, SOURCE);
	ok(held(h, SOURCE, CANARY) > 0, "its words are in the follower's database");
	host_start(h, SOURCE);
	host_run(h, 10000);
	leave_unsent(h, id);
	is_int((int)unsent(h), 1, "a version of it that could not be sent waits");
	json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:s}", "id", id)));
	host_run(h, 30000);
	is_int((int)unsent(h), 0, "and never leaves");
	ok((gone = found(h, "story", CANARY)) == NULL, "a partner does not find it any more");
	show = shown(h, SOURCE, id);
	ok(says(show, "It was withdrawn on 2026-11-21"), "and is told why");
	ours = shown(h, TARGET, id);
	is_str(json_str(ours, "kind"), "withdrawal", "our own is one too");
	for (size_t i = 0; i < h->n; i++)
		is_int((int)held(h, i, CANARY), 0, "no word of it is in the database of %s while that runs", h->node[i].name);
	for (size_t i = 0; i < h->n; i++) {
		host_stop(h, i);
		is_int((int)held(h, i, CANARY), 0, "no word of it is in the database of %s", h->node[i].name);
		host_start(h, i);
	}
	host_run(h, 10000);
	not_taken(h, "x:s2", "story", story("Again."), "was withdrawn");
	again = host_command(h, TARGET, "withdraw", json_pack("{s:s}", "id", id));
	ok(strstr(json_str(again, "error"), "nothing to withdraw") != NULL, "nor is it withdrawn twice");
	test_comes_not_back(h, id);
}

static void
test_withdraw_draft(struct host *h)
{
	size_t before = story_count(h, TARGET, "records");
	autojson json_t *list = NULL;
	json_t *item;
	size_t i;

	bring(h, "x:s3", "story", story("Never sent."));
	list = story_list(h, TARGET, "records");
	json_array_foreach(list, i, item)
		if (json_str(item, "source") != NULL && !strcmp(json_str(item, "source"), "x:s3"))
			json_decref(host_ok(h, TARGET, "withdraw", json_pack("{s:O}", "id", json_object_get(item, "id"))));
	is_int((int)story_count(h, TARGET, "records"), (int)before, "what was never published is dropped");
}

static void
test_hidden(struct host *h)
{
	json_t *body = file("program"), *place = json_array_get(json_arr(body, "locations"), 1);
	autojson json_t *reply = NULL, *rec = NULL, *show = NULL;
	autofree char *text = NULL;

	(void)json_object_set_new(place, "visibility", json_string("public"));
	(void)json_object_set_new(place, "address", json_string("9 Secret Lane"));
	(void)json_object_set_new(body, "source", json_pack("{s:s}", "name", "Another feed"));
	reply = import(h, "x:program", "program", body);
	is_int(json_int(json_obj(reply, "result"), "kept_hidden", -1), 1, "an import says how many addresses stay hidden");
	publish(h);
	rec = found(h, "program", "harbor");
	show = shown(h, SOURCE, json_str(rec, "id"));
	text = json_dumps(show, JSON_COMPACT);
	ok(strstr(text, "Another feed") != NULL, "the other feed's words arrive");
	ok(strstr(text, "9 Secret Lane") == NULL && strstr(text, "12 Example Street") != NULL,
	    "without the address that the record hid before, and with the one that it never hid");
}

static bool
address_shown(struct host *h, size_t node, const char *id, const char *address)
{
	autojson json_t *show = shown(h, node, id);
	autofree char *text = json_dumps(show, JSON_COMPACT);

	return strstr(text, address) != NULL;
}

/* A partner shows a place that we know to be confidential; and one that only has the same name. */
static void
test_partner_place(struct host *h)
{
	json_t *body = file("program"), *ours = file("program"), *places = json_arr(body, "locations");
	autojson json_t *rec = NULL, *reply = NULL;
	const char *id;

	(void)(json_array_clear(places) | json_object_set_new(body, "name", json_string("Lanternfish")));
	(void)json_array_append_new(places, json_pack("{s:s, s:s, s:s, s:s}", "name", "Quiet House", "visibility", "public", "locality", "Newark", "address", "9 Secret Lane"));
	(void)json_array_append_new(places, json_pack("{s:s, s:s, s:s, s:s}", "name", "Quiet House", "visibility", "public", "locality", "Trenton", "address", "4 Open Road"));
	(void)json_array_append_new(places, json_pack("{s:s, s:s, s:s}", "name", "Office", "visibility", "public", "address", "5 Front Street"));
	bring(h, "x:lantern", "program", body);
	publish(h);
	rec = found(h, "program", "lanternfish");
	if (!ok(rec != NULL, "a partner's program is found"))
		return;
	id = json_str(rec, "id");
	ok(address_shown(h, SOURCE, id, "9 Secret Lane"), "with its place, as long as we know no better");
	(void)(json_array_clear(json_arr(ours, "locations")) | json_array_append_new(json_arr(ours, "locations"),
	    json_pack("{s:s, s:s, s:s}", "name", "Quiet House", "visibility", "redacted", "locality", "Newark")));
	(void)json_array_append_new(json_arr(ours, "locations"), json_pack("{s:s, s:s}", "name", "Office", "visibility", "redacted"));
	reply = host_command(h, SOURCE, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", "own:quiet", "kind", "program", "body", ours));
	ok(json_is_true(json_object_get(reply, "ok")), "a record of ours hides it");
	ok(!address_shown(h, SOURCE, id, "9 Secret Lane"), "then it is shown here by no partner's record either");
	ok(address_shown(h, SOURCE, id, "4 Open Road"), "but one of the same name in another town is");
	ok(address_shown(h, SOURCE, id, "5 Front Street"), "and where a name is all that we know");
	ok(address_shown(h, TARGET, id, "9 Secret Lane"), "what a partner shows is for itself to say");
}

static size_t
near_secret(struct host *h, const char *kind)
{
	autojson json_t *result = host_ok(h, SOURCE, "find", json_pack("{s:s, s:s, s:s, s:i}", "kind", kind, "words", "seahorse", "near", "40.735,-74.172", "within", 5));

	return json_array_size(json_arr(result, "records"));
}

static const char *
id_at(const json_t *list, size_t i)
{
	return json_str(json_array_get(list, i), "id");
}

/* Of each kind that has a place: programs list theirs, a group has one; and a group of ours hides it as a program does. */
static void
test_partner_kinds(struct host *h)
{
	static const char *const kinds[] = { "program", "group" };
	json_t *ours = file("group");
	autojson json_t *recs = json_array();

	for (size_t i = 0; i < nelem(kinds); i++) {
		json_t *body = file(kinds[i]), *place = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "name", "Deep House", "visibility", "public", "locality", "Newark",
		    "address", "8 Coral Street", "latitude_e6", 40735000, "longitude_e6", -74172000);

		(void)(json_object_set_new(body, "name", json_string("Seahorse")) | json_object_del(body, "room") |
		    (i == 0 ? json_object_set_new(body, "locations", json_pack("[o]", place)) : json_object_set_new(body, "location", place)));
		bring(h, i == 0 ? "x:sea" : "x:horse", kinds[i], body);
	}
	publish(h);
	for (size_t i = 0; i < nelem(kinds); i++) {
		(void)json_array_append_new(recs, found(h, kinds[i], "seahorse"));
		if (!ok(json_array_size(recs) == i + 1 && address_shown(h, SOURCE, id_at(recs, i), "8 Coral Street") && near_secret(h, kinds[i]) == 1,
		    "a partner's %s is found with its place, and by how near that is", kinds[i]))
			return;
	}
	(void)(json_object_set_new(ours, "name", json_string("Evening circle")) | json_object_del(ours, "room") |
	    json_object_set_new(ours, "location", json_pack("{s:s, s:s, s:s}", "name", "Deep House", "visibility", "redacted", "locality", "Newark")));
	json_decref(host_ok(h, SOURCE, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", "own:deep", "kind", "group", "body", ours)));
	for (size_t i = 0; i < nelem(kinds); i++) {
		autojson json_t *show = shown(h, SOURCE, id_at(recs, i));

		ok(!address_shown(h, SOURCE, id_at(recs, i), "8 Coral Street") && !address_shown(h, SOURCE, id_at(recs, i), "40735000"),
		    "once a group of ours hides the place, a %s of theirs shows neither address nor position", kinds[i]);
		ok(says(show, "An address is confidential"), "which is said");
		is_int((int)near_secret(h, kinds[i]), 0, "nor how near it is");
	}
}

/* The nodes sleep so long, and the homeservers with them. */
static void
days(struct host *h, int n)
{
	for (size_t i = 0; i < h->n; i++)
		host_stop(h, i);
	*h->now += n * WHEN_DAY;
	for (size_t i = 0; i < h->n; i++)
		host_start(h, i);
	host_run(h, 60000);
}

static int64_t
numbers(struct host *h)
{
	autojson json_t *list = story_list(h, TARGET, "records");
	const json_t *item;
	int64_t sum = 0;
	size_t i;

	json_array_foreach(list, i, item)
		sum += json_int(item, "seq", 0);
	return sum;
}

static void
is_seen(struct host *h, const char *id, const char *verdict, const char *reason)
{
	autojson json_t *rec = found(h, "program", "evening"), *show = shown(h, SOURCE, id);
	const char *said = json_str(show, "reason");

	is_str(rec != NULL ? json_str(rec, "verdict") : "not found", verdict, "a partner who looks for it: %s", verdict);
	ok(reason == NULL ? said == NULL : said != NULL && strstr(said, reason) != NULL, "and who has its id: %s", said != NULL ? said : "nothing to say");
}

/* Nobody changes anything: it is old one day, unless who published it says that it is true still. */
static void
test_age(void)
{
	autojson json_t *list = NULL, *rec = NULL;
	struct host h;
	int64_t before;
	const char *id;

	story_begin(&h, 78);
	list = story_trust_list(&h, 1, ~0u, 400 * WHEN_DAY);
	for (size_t i = 0; i < h.n; i++)
		json_decref(host_ok(&h, i, "import_trust", json_pack("{s:O}", "document", list)));
	story_publish(&h);
	rec = found(&h, "program", "evening");
	id = json_str(rec, "id");
	before = numbers(&h);
	publish(&h);
	is_int((int)(numbers(&h) - before), 0, "what was just signed is not signed anew");
	days(&h, 50);
	ok(story_well(&h, TARGET, "our records"), "forty days before the end nobody is asked");
	publish(&h);
	ok(numbers(&h) - before >= 3, "who publishes then signs all anew: program, specialist, manifest");
	days(&h, 65);
	is_seen(&h, id, "ok", NULL);
	ok(story_ill(&h, TARGET, "our records", "3 of our records end"), "the doctor asks in the last month");
	days(&h, 26);
	is_seen(&h, id, "stale", "ask before relying on it");
	days(&h, 30);
	is_seen(&h, id, "not found", "expired on");
	publish(&h);
	is_seen(&h, id, "ok", NULL);
	ok(story_well(&h, TARGET, "our records") && story_clean(&h, SOURCE), "published once more it is as new");
	host_end(&h);
}

int
main(void)
{
	struct host h;

	story_begin(&h, 77);
	story_trust(&h);
	story_publish(&h);
	{
		autojson json_t *list = story_list(&h, TARGET, "records");
		json_t *item;
		size_t i;

		/* The story's own records make room for the examples. */
		json_array_foreach(list, i, item)
			if (strcmp(json_str(item, "kind"), "manifest") != 0)
				json_decref(host_ok(&h, TARGET, "withdraw", json_pack("{s:O}", "id", json_object_get(item, "id"))));
		host_run(&h, 30000);
		json_decref(list);
		list = host_ok(&h, SOURCE, "find", json_object());
		is_int((int)json_array_size(json_arr(list, "records")), 0, "what is withdrawn is found by nobody, whatever is asked");
	}
	test_kinds(&h);
	test_old(&h);
	test_rules(&h);
	test_lines(&h);
	test_no_referral(&h);
	test_crisis_service(&h);
	test_withdraw(&h);
	test_withdraw_draft(&h);
	test_hidden(&h);
	test_partner_place(&h);
	test_partner_kinds(&h);
	host_end(&h);
	test_age();
	return done_testing();
}
