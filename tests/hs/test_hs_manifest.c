/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partner's manifest counts what this node does not keep: a kind of tomorrow, a body of another shape, more than there may be.  Nobody
 * is accused of withholding it; and who does withhold is still found out.
 */
#include <stdio.h>
#include <string.h>

#include "app/own.h"
#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "domain/directory.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/dirstore.h"
#include "store/outbox.h"
#include "story.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define RECORD	"org.cairnpeer.record"

static struct host h;
static char harbor[ID_LEN + 1];		/* The target's organization. */

static void
must(int r)
{
	if (r != 0)
		host_fail(&h, "the store answers %d", r);
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

/* What the doctor says of the followed directory; the caller frees. */
static char *
doctor_says(bool *ret_well)
{
	autojson json_t *report = host_ok(&h, SOURCE, "doctor", json_object());
	const json_t *check;
	size_t i;

	json_array_foreach(json_arr(report, "checks"), i, check)
		if (!strcmp(json_str(check, "name"), "directory of harbor")) {
			*ret_well = json_is_true(json_object_get(check, "ok"));
			return strdup(json_str(check, "text"));
		}
	*ret_well = false;
	return strdup("nothing");
}

static void
is_said(bool well, const char *words, const char *what)
{
	bool found;
	autofree char *said = doctor_says(&found);

	ok(found == well && strstr(said, words) != NULL, "%s: %s", what, said);
}

static void
publish(void)
{
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 60000);
}

/* The target signs what a newer release than ours would, in place of ${rec}, and sends it.  Consumes ${body}. */
static void
sign(struct db *db, struct own_record *rec, const char *kind, json_t *body)
{
	uint8_t seed[ED25519_SEED];
	char created[WHEN_TEXT], hash[DIRECTORY_HASH];
	autojson json_t *record = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "v", 1, "kind", kind, "id", rec->id, "org", harbor, "seq",
	    (json_int_t)rec->seq + 1, "issued_at", (json_int_t)*h.now, "expires_at", (json_int_t)(*h.now + 90 * WHEN_DAY), "body", body);
	struct own_record next = *rec;
	autofree char *text = NULL, *inside = json_dumps(body, JSON_COMPACT);

	if (rec->seq > 0)
		(void)json_object_set_new(record, "prev", json_string(rec->hash));
	must(own_seed(db, seed));
	must(proof_sign(record, seed, "assertionMethod", when_print(*h.now, created), NULL));
	must(directory_hash(record, hash, NULL));
	text = json_dumps(record, JSON_COMPACT);
	next.kind = (char *)(uintptr_t)kind;
	next.body = inside;
	next.record = text;
	next.hash = hash;
	next.seq++;
	next.dirty = 0;
	must(own_put(db, &next));
	must(outbox_event(db, "node", hs_room(h.hs, "org.cairnpeer.directory", 0), RECORD, rec->state_key, record, "record", rec->id, NULL));
}

/* One that is new, or the next version of it, and the manifest that counts it. */
static void
say(const char *id, const char *kind, json_t *body)
{
	struct own_record rec = { 0 }, fresh = { .id = text(id), .kind = text(kind), .state_key = text(id) };
	struct db *db = hostile_db(&h, TARGET);
	int r = own_get(db, id, &rec);

	sign(db, r == 0 ? &rec : &fresh, kind, body);
	own_free(&rec);
	hostile_go_on(&h, TARGET, db);
	publish();
}

static size_t
rejected(const char *words)
{
	return found_in(&h, SOURCE, "rejected", "reason", words);
}

/* What the source remembers of one that it does not keep. */
static int64_t
remembered(const char *id)
{
	struct db *db = hostile_db(&h, SOURCE);
	int64_t seq = -1;

	must(proved_seq(db, harbor, id, &seq));
	hostile_go_on(&h, SOURCE, db);
	return seq;
}

static void
test_not_kept(void)
{
	static const char weather[] = "GR6ZEWN0TC4N5PZ1Y8P956JWD1", mood[] = "GR6ZEWN0TC4N5PZ1Y8P956JWD2";
	autojson json_t *found = NULL, *story = json_source("schemas/story.example.json");

	is_said(true, "complete", "at first all is there");
	say(weather, "weather", json_pack("{s:s}", "sky", "blue"));
	ok(rejected("of a kind that this version does not know") == 1 && remembered(weather) == 1, "a kind of tomorrow is not kept, but for its number");
	is_said(true, "complete", "and nobody is said to withhold it");
	say(mood, "story", json_pack("{s:s}", "mood", "calm"));
	ok(rejected(NULL) == 2 && remembered(mood) == 1, "nor is a body of another shape");
	is_said(true, "complete", "which is counted as well");
	say(weather, "weather", json_pack("{s:s}", "sky", "grey"));
	ok(remembered(weather) == 2, "a newer version is the one that counts");
	is_said(true, "complete", "with its number");
	(void)json_object_set_new(story, "name", json_string("Lanternfish"));
	say(mood, "story", json_incref(story));
	found = host_ok(&h, SOURCE, "find", json_pack("{s:s, s:s}", "kind", "story", "words", "lanternfish"));
	ok(json_array_size(json_arr(found, "records")) == 1 && remembered(mood) == 0, "one that can be kept takes the place of its number");
	is_said(true, "complete", "and is counted once");
}

/* The partner's newest manifest is of another shape: the one before says nothing of now. */
static void
test_manifest(void)
{
	struct own_record rec = { 0 };
	struct db *db = hostile_db(&h, TARGET);

	must(own_by_source(db, "manifest", &rec));
	sign(db, &rec, "manifest", json_pack("{s:i, s:s}", "count", 1, "merkle", "root"));
	own_free(&rec);
	hostile_go_on(&h, TARGET, db);
	host_run(&h, 60000);
	is_said(true, "newest manifest is not one that this node takes", "by a manifest that it cannot read nothing is judged");
	say("GR6ZEWN0TC4N5PZ1Y8P956JWD3", "weather", json_object());
	is_said(true, "complete", "until there is one that it can");
}

/* The follower's server drops the first record that it should relay. */
static void
withhold(void *cookie, const char *user, json_t *answer)
{
	int *left = cookie;
	const char *room_id;
	const json_t *event;
	json_t *room;
	size_t i;

	if (strcmp(user, SOURCE_USER) != 0)
		return;
	json_object_foreach(json_obj(json_obj(answer, "rooms"), "join"), room_id, room) {
		json_t *events = json_arr(json_obj(room, "timeline"), "events");

		json_array_foreach(events, i, event)
			if (*left > 0 && json_str(event, "state_key") != NULL && !strcmp(json_str(event, "type"), "m.room.encrypted")) {
				--*left;
				(void)json_array_remove(events, i);
				break;
			}
	}
}

static void
test_withheld(void)
{
	int left = 1;

	hs_script(h.hs, &(struct hs_script){ .sync = withhold, .cookie = &left });
	say("GR6ZEWN0TC4N5PZ1Y8P956JWD4", "weather", json_object());
	hs_script(h.hs, NULL);
	is_int(left, 0, "a server withholds one of that kind");
	is_said(false, "1 of ", "which is noticed");
}

/* Above the bound nothing more is remembered, and nobody is accused by what is not known. */
static void
test_bound(void)
{
	struct db *db = hostile_db(&h, SOURCE);
	char id[32];

	for (int i = 0; i <= DIRECTORY_MAX; i++) {
		(void)snprintf(id, sizeof(id), "N4GGVB7Z0FNVV3G5SDTNK9%04d", i);
		must(proved_put(db, harbor, id, 1, false, DIRECTORY_MAX + 1));
	}
	hostile_go_on(&h, SOURCE, db);
	say("GR6ZEWN0TC4N5PZ1Y8P956JWD5", "weather", json_object());
	is_int(remembered("GR6ZEWN0TC4N5PZ1Y8P956JWD5"), 0, "of one partner no more is remembered than so much");
	is_said(true, "more than 2000 records came", "and then it is said that nobody can tell");
}

int
main(void)
{
	autojson json_t *shown = NULL;

	story_begin(&h, 101);
	story_trust(&h);
	story_publish(&h);
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	(void)snprintf(harbor, sizeof(harbor), "%s", json_str(shown, "org"));
	test_not_kept();
	test_manifest();
	test_withheld();
	test_bound();
	host_end(&h);
	return done_testing();
}
