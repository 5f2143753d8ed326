/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node does not take: it says so by a number, once for each time it comes, and lists it once; who hears of it tells people, tries for
 * a day and no longer, and answers nothing.  A record for whose key there is a new trust list is judged again.
 * Nor is a consent taken twice that staff record again, since they heard no reply.
 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "hostile.h"
#include "queries.h"
#include "scene.h"
#include "store/casestore.h"
#include "store/column.h"
#include "store/dirstore.h"
#include "store/peoplestore.h"
#include "store/rows.h"
#include "story.h"
#include "tests/tap.h"

enum { HOUR = 3600 * 1000 };

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
	before = story_sent(h, SOURCE_USER);
	heard = story_sent(h, TARGET_USER);
	asked = host_ok(h, SOURCE, "refer", refer_args(h, &sc.s, STORY_REFER));
	id = json_str(asked, "id");
	host_run(h, 10000);
	ok(is_delivered(h, id, "refused"), "who asks for what is not there is told so at once");
	is_int((int)found_in(h, SOURCE, "referrals", "delivery", "refused"), 1, "and so are people");
	ok(times(h, "none of ours", &rows) == 1 && rows == 1, "the other side lists it");
	host_run(h, 3 * HOUR + 60 * 1000);
	ok(times(h, "none of ours", &rows) == story_sent(h, SOURCE_USER) - before && rows == 1 && story_sent(h, SOURCE_USER) - before == 4,
	    "it comes again each hour, and is listed once: %d", story_sent(h, SOURCE_USER) - before);
	is_int(story_sent(h, TARGET_USER) - heard, story_sent(h, SOURCE_USER) - before, "each time it is refused once, and nobody answers that");
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
		ok(is_delivered(h, id, "failed") && story_sent(h, SOURCE_USER) - before < 30, "after a day it is given up: %d", story_sent(h, SOURCE_USER) - before);
		is_int(story_sent(h, TARGET_USER) - heard, story_sent(h, SOURCE_USER) - before, "and all that time each was answered once");
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
	heard = story_sent(h, TARGET_USER);
	for (int i = 0; i < 3; i++)
		hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "tomorrow", scene_stamp(&sc, json_object()));
	ok(times(h, "does not know the type " ID_NAMESPACE "tomorrow", &rows) == 3 && rows == 1, "a type that is not known is counted, in one row");
	is_int(story_sent(h, TARGET_USER) - heard, 3, "and refused each time");
	hostile_say(h, SOURCE, sc.channel, "m.room.message", json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "Hello?"));
	ok(times(h, "does not know the type m.room.message", &rows) == 1 && story_sent(h, TARGET_USER) - heard == 3,
	    "what somebody types there is shown to people, and without an id it cannot be refused");
	hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.answer", scene_stamp(&sc, json_object()));
	is_int(story_sent(h, TARGET_USER) - heard, 4, "so is what is not formed as its type says");
	before = story_sent(h, SOURCE_USER);
	hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.refused", scene_stamp(&sc, json_pack("{s:s, s:i}", "of", "nobody", "why", 9)));
	hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.ack", scene_stamp(&sc, json_object()));
	is_int(story_sent(h, TARGET_USER) - heard, 4, "but not a refusal, nor an acknowledgement");
	is_int(story_sent(h, SOURCE_USER) - before, 2, "and who is refused says nothing");
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

/* That form, again; how often the source counts a consent then. */
static int
record_again(struct scene *sc, const json_t *form, const char *wrong, const char *what)
{
	autojson json_t *reply = host_command(&sc->host, SOURCE, "consent", json_deep_copy(form)), *shown = NULL;
	const char *error = json_str(reply, "error");

	ok(json_is_true(json_object_get(reply, "ok")) == (wrong == NULL) && (wrong == NULL || strstr(error, wrong) != NULL), "%s (%s)", what,
	    error != NULL ? error : "done");
	shown = refer_show(&sc->host, SOURCE, &sc->s);
	return refer_count(shown, "consent");
}

static void
test_form_again(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *form = NULL, *reply = NULL, *there = NULL;
	struct traffic t;
	struct db *db;

	scene_begin(&sc, 55, STORY_ACCEPT);
	form = refer_args(h, &sc.s, STORY_CONSENT);
	host_stop(h, TARGET);
	reply = host_ok(h, SOURCE, "consent", json_deep_copy(form));
	is_int(record_again(&sc, form, "recorded already", "what may still arrive is not disclosed again"), 1, "nor is there another step");
	host_run(h, 10000);
	db = hostile_db(h, SOURCE);
	if (traffic_get(db, json_str(reply, "id"), &t) != 0)
		host_fail(h, "nothing was to be sent");
	t.resend_at = 0;
	if (traffic_put(db, &t) != 0)
		host_fail(h, "not given up");
	traffic_free(&t);
	hostile_go_on(h, SOURCE, db);
	is_int(record_again(&sc, form, NULL, "what was given up is disclosed again"), 2, "by a step of its own");
	host_start(h, TARGET);
	host_run(h, 120 * 1000);
	there = refer_show(h, TARGET, &sc.s);
	ok(json_obj(there, "disclosure") != NULL, "it arrives");
	is_int(record_again(&sc, form, "recorded already", "what has arrived is not disclosed again"), 2, "nor is there another step");
	(void)json_object_set_new(form, "need_detail", json_string("In the mornings, rather."));
	is_int(record_again(&sc, form, NULL, "the same consent lets another thing be told"), 3, "by a step");
	host_run(h, 10000);
	json_decref(host_ok(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "phone", "recorded_by", "K. Lind")));
	host_run(h, 10000);
	json_decref(host_ok(h, SOURCE, "reopen", json_pack("{s:s, s:b}", "referral", sc.s.id, "by_member", 1)));
	host_run(h, 10000);
	json_decref(host_ok(h, TARGET, "answer", refer_args(h, &sc.s, STORY_ACCEPT)));
	host_run(h, 10000);
	is_int(record_again(&sc, form, "was taken back", "a form that was taken back holds no more"), 3, "nothing is disclosed by it");
	json_decref(form);
	form = refer_args(h, &sc.s, STORY_CONSENT);
	is_int(record_again(&sc, form, NULL, "one that is signed anew does"), 4, "by a step");
	host_run(h, 10000);
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "and nothing waits or was rejected");
	scene_end(&sc);
}

/* The event that ends it has happened: so it holds no more, not even for what never arrived. */
static void
test_form_ended(bool arrived)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *form = NULL;

	scene_begin(&sc, 56, STORY_ACCEPT);
	form = refer_args(h, &sc.s, STORY_CONSENT);
	(void)json_object_set_new(json_obj(form, "consent"), "expires", json_pack("{s:s, s:s}", "kind", "event", "event", "when I have moved"));
	if (!arrived)
		host_stop(h, TARGET);
	json_decref(host_ok(h, SOURCE, "consent", json_deep_copy(form)));
	host_run(h, 10000);
	json_decref(host_ok(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "event", "recorded_by", "K. Lind")));
	is_int(record_again(&sc, form, "has ended", "a form whose event has happened holds no more"), 1, "%s", arrived ? "it had arrived" : "it never arrived");
	(void)json_object_set_new(json_obj(json_obj(form, "identity"), "contact"), "value", json_string("@jo:harbor.example"));
	is_int(record_again(&sc, form, "has ended", "nor for another address"), 1, "nothing is disclosed by it");
	json_decref(form);
	form = refer_args(h, &sc.s, STORY_CONSENT);
	is_int(record_again(&sc, form, NULL, "one that is signed anew does"), 2, "by a step");
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
	test_form_again();
	test_form_ended(true);
	test_form_ended(false);
	test_key();
	return done_testing();
}
