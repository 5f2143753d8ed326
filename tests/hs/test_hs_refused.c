/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node does not take: it says so by a number, once for each time it comes, and lists it once; who hears of it tells people, tries for
 * a day and no longer, and answers nothing.  A record for whose key there is a new trust list is judged again.
 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hostile.h"
#include "queries.h"
#include "scene.h"
#include "store/column.h"
#include "store/dirstore.h"
#include "store/peoplestore.h"
#include "store/rows.h"
#include "story.h"
#include "tests/tap.h"

enum { HOUR = 3600 * 1000 };

/* Events of that node in the channel. */
static int
said(const struct scene *sc, size_t node)
{
	const json_t *event;
	size_t i;
	int n = 0;

	json_array_foreach(hs_events(sc->host.hs, sc->channel), i, event)
		n += !strcmp(json_str(event, "sender"), sc->host.node[node].user);
	return n;
}

static bool
is_delivered(struct host *h, const char *id, const char *as)
{
	autojson json_t *status = host_ok(h, SOURCE, "status", json_pack("{s:s}", "id", id));

	return strcmp(json_str(status, "delivery"), as) == 0 || (printf("# %s\n", json_str(status, "delivery")), false);
}

/* What the target has in its list under these words: how often it came. */
static int64_t
times(struct host *h, const char *words, size_t *ret_rows)
{
	autojson json_t *list = story_list(h, TARGET, "rejected");
	const json_t *item;
	int64_t n = 0;
	size_t i;

	*ret_rows = 0;
	json_array_foreach(list, i, item)
		if (strstr(json_str(item, "reason"), words) != NULL) {
			++*ret_rows;
			n += json_int(item, "times", 0);
		}
	return n;
}

/* The record that a request names is not there, and then it is, or it is not. */
static void
test_request(bool there)
{
	struct scene sc;
	struct host *h = &sc.host;
	struct own_record rec = { 0 };
	struct db *db;
	autojson json_t *asked = NULL;
	size_t rows;
	int before, heard;
	const char *id;

	scene_begin(&sc, 51, STORY_REFER);
	host_run(h, 5000);
	refer_begin(h, &sc.s);
	db = hostile_db(h, TARGET);
	if (own_get(db, sc.s.specialist, &rec) != 0 || own_drop(db, sc.s.specialist) != 0)
		host_fail(h, "no record");
	hostile_go_on(h, TARGET, db);
	host_run(h, 5000);
	before = said(&sc, SOURCE);
	heard = said(&sc, TARGET);
	asked = host_ok(h, SOURCE, "refer", refer_args(h, &sc.s, STORY_REFER));
	id = json_str(asked, "id");
	host_run(h, 10000);
	ok(is_delivered(h, id, "refused"), "who asks for what is not there is told so at once");
	is_int((int)found_in(h, SOURCE, "referrals", "delivery", "refused"), 1, "and so are people");
	ok(times(h, "none of ours", &rows) == 1 && rows == 1, "the other side lists it");
	host_run(h, 3 * HOUR + 60 * 1000);
	ok(times(h, "none of ours", &rows) == said(&sc, SOURCE) - before && rows == 1 && said(&sc, SOURCE) - before == 4,
	    "it comes again each hour, and is listed once: %d", said(&sc, SOURCE) - before);
	is_int(said(&sc, TARGET) - heard, said(&sc, SOURCE) - before, "each time it is refused once, and nobody answers that");
	if (there) {
		db = hostile_db(h, TARGET);
		if (own_put(db, &rec) != 0)
			host_fail(h, "not put back");
		hostile_go_on(h, TARGET, db);
		host_run(h, HOUR + 60 * 1000);
		ok(is_delivered(h, id, "delivered") && times(h, "none of ours", &rows) == 0,
		    "what can be taken again is taken, and is on no list any more");
	} else {
		host_run(h, 30 * HOUR);
		ok(is_delivered(h, id, "failed") && said(&sc, SOURCE) - before < 30, "after a day it is given up: %d", said(&sc, SOURCE) - before);
		is_int(said(&sc, TARGET) - heard, said(&sc, SOURCE) - before, "and all that time each was answered once");
	}
	own_free(&rec);
	scene_end(&sc);
}

/* Contents that nobody knows, or that are not formed as their type says. */
static void
test_forms(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	int heard, before;
	size_t rows;

	scene_begin(&sc, 52, STORY_ACCEPT);
	heard = said(&sc, TARGET);
	for (int i = 0; i < 3; i++)
		hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "tomorrow", scene_stamp(&sc, json_object()));
	ok(times(h, "does not know the type " ID_NAMESPACE "tomorrow", &rows) == 3 && rows == 1, "a type that is not known is counted, in one row");
	is_int(said(&sc, TARGET) - heard, 3, "and refused each time");
	hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.answer", scene_stamp(&sc, json_object()));
	is_int(said(&sc, TARGET) - heard, 4, "so is what is not formed as its type says");
	before = said(&sc, SOURCE);
	hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.refused", scene_stamp(&sc, json_pack("{s:s, s:i}", "of", "nobody", "why", 9)));
	hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.ack", scene_stamp(&sc, json_object()));
	is_int(said(&sc, TARGET) - heard, 4, "but not a refusal, nor an acknowledgement");
	is_int(said(&sc, SOURCE) - before, 2, "and who is refused says nothing");
	scene_end(&sc);
}

/* Somebody who refuses what it has, and what another said. */
static void
test_false(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL;
	const char *id;

	scene_begin(&sc, 53, STORY_ACCEPT);
	reply = host_ok(h, SOURCE, "consent", refer_args(h, &sc.s, STORY_CONSENT));
	host_run(h, 10000);
	id = json_str(reply, "id");
	ok(id != NULL && is_delivered(h, id, "delivered"), "a disclosure arrives");
	{
		json_t *content = scene_stamp(&sc, json_pack("{s:s, s:i}", "of", id, "why", 3));

		(void)(json_object_del(content, "prev") | json_object_del(content, "leg") | json_object_del(content, "referral"));
		hostile_say(h, TARGET, sc.channel, ID_NAMESPACE "referral.refused", content);
	}
	ok(is_delivered(h, id, "delivered") && story_clean(h, SOURCE), "what was acknowledged is not refused any more");
	scene_end(&sc);
}

/* What is kept of that which the source rejected. */
static int
kept(struct host *h, const char *words)
{
	struct db *db = hostile_db(h, SOURCE);
	struct rows *rows = NULL;
	int n = 0, r = db_query(db, &rows, Q_SEALED_WALK, "tii", "rejected.raw", (int64_t)0, (int64_t)100);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *row = NULL, *raw = NULL;

		if (rows_dup(rows, 1, &row) != 0 || column_open_text(db, "rejected.raw", row, rows, 3, &raw) != 0)
			host_fail(h, "cannot be opened");
		n += words == NULL || strstr(raw, words) != NULL;
	}
	db_done(rows);
	hostile_go_on(h, SOURCE, db);
	host_run(h, 5000);
	return n;
}

/* The target signs with a key that the list does not name yet. */
static void
test_key(void)
{
	struct host h;
	struct db *db;
	autojson json_t *list = NULL, *before = NULL, *after = NULL;

	story_begin(&h, 54);
	story_trust(&h);
	story_publish(&h);
	db = hostile_db(&h, TARGET);
	if (meta_put(db, "record_seed", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", true) != 0)
		host_fail(&h, "no new key");
	hostile_go_on(&h, TARGET, db);
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s}}]}", "records", "source", "own:new", "kind", "program",
	    "body", "name", "Lanternfish", "description", "We listen.")));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 60000);
	before = host_ok(&h, SOURCE, "find", json_pack("{s:s, s:s}", "kind", "program", "words", "lanternfish"));
	ok(json_array_size(json_arr(before, "records")) == 0 && story_count(&h, SOURCE, "rejected") == 2,
	    "a record by a key that the list does not name is rejected, and the manifest");
	ok(kept(&h, NULL) == 2 && kept(&h, "ciphertext") == 0, "of what it said nothing is kept");
	list = story_trust_list(&h, 3, ~0u, STORY_LIFE);
	for (size_t i = 0; i < h.n; i++)
		json_decref(host_ok(&h, i, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 60000);
	after = host_ok(&h, SOURCE, "find", json_pack("{s:s, s:s}", "kind", "program", "words", "lanternfish"));
	is_int((int)json_array_size(json_arr(after, "records")), 1, "once the list names it, it is judged again");
	ok(story_count(&h, SOURCE, "rejected") == 0 && story_complaints(&h) == 0, "and is on no list any more");
	host_end(&h);
}

int
main(void)
{
	test_request(true);
	test_request(false);
	test_forms();
	test_false();
	test_key();
	return done_testing();
}
