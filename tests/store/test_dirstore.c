/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"
#include "store/dirstore.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int
add_own(void *cookie, const struct own_record *o)
{
	(void)strcat(cookie, o->id);
	(void)strcat(cookie, " ");
	return 0;
}

static int
add_seen(void *cookie, const struct seen_record *s)
{
	(void)strcat(cookie, s->id);
	(void)strcat(cookie, " ");
	return 0;
}

static const char *
own(const char *kind)
{
	static char out[200];

	out[0] = '\0';
	must(own_each(db, kind, add_own, out));
	return out;
}

static const char *
seen(const char *kind, const char *org)
{
	static char out[200];

	out[0] = '\0';
	must(seen_each(db, kind, org, add_seen, out));
	return out;
}

static void
test_own(void)
{
	struct own_record o = { .id = text("P1"), .kind = text("program"),
	    .source = text("hsds:service/1"), .body = text("{\"name\":\"Grief circle\",\"n\":[\"Évora\"]}"),
	    .state_key = text("k1"), .dirty = 1 }, got;

	is_int(own_get(db, "P1", &got), E_NOTFOUND, "nothing yet");
	must(own_put(db, &o));
	must(own_by_source(db, "hsds:service/1", &got));
	ok(got.record == NULL && got.hash == NULL && got.seq == 0 && got.dirty == 1, "a draft");
	is_str(got.id, "P1", "found by its source");
	own_free(&got);

	o = (struct own_record){ .id = text("G1"), .kind = text("group"), .state_key = text("k2"),
	    .body = text("{\"name\":\"Recovery walk\"}"), .record = text("{}"), .hash = text("00"),
	    .seq = 3 };
	must(own_put(db, &o));
	is_str(own("group"), "G1 ", "all of a kind");

	o.source = text("hsds:service/1");
	is_int(own_put(db, &o), -EEXIST, "a source is of one record");
	must(own_get(db, "G1", &got));
	ok(got.source == NULL, "and the refusal changes nothing");
	own_free(&got);
	o.body = text("{");
	is_int(own_put(db, &o), E_BAD, "a body is JSON");
}

static int
add_partner(void *cookie, const struct partner *p)
{
	struct partner more = { .org = text("org3") };

	(void)strcat(cookie, p->org);
	must(partner_put(db, &more));
	return 0;
}

static void
test_partners(void)
{
	struct partner p = { .org = text("org1"), .follows = 1 }, got;
	char out[100] = "";

	is_int(partner_get(db, "org1", &got), E_NOTFOUND, "no partner");
	must(partner_put(db, &p));
	p.directory_room = text("!dir");
	p.follower = p.loaded = 1;
	p.manifest = text("{}");
	must(partner_put(db, &p));
	must(partner_by_room(db, "!dir", &got));
	is_str(got.org, "org1", "by room");
	ok(got.follows == 1 && got.follower == 1 && got.loaded == 1 && got.manifest, "all of it");
	partner_free(&got);
	is_int(partner_by_room(db, "!other", &got), E_NOTFOUND, "another room");
	p = (struct partner){ .org = text("org2") };
	must(partner_put(db, &p));
	must(partner_each(db, add_partner, out));
	is_str(out, "org1org2", "each once, and a walk may add");
}

static void
put_seen(const char *org, const char *id, const char *kind)
{
	struct seen_record s = { .org = text(org), .id = text(id), .kind = text(kind), .seq = 1,
	    .expires_at = 100, .received_at = 50, .hash = text("ab"), .record = text("{}"),
	    .verdict = 2, .reason = text("old") };

	must(seen_put(db, &s));
}

static void
test_seen(void)
{
	struct seen_record got;

	put_seen("org1", "A", "specialist");
	put_seen("org1", "B", "group");
	put_seen("org2", "A", "group");
	must(seen_get(db, "org1", "A", &got));
	ok(got.seq == 1 && got.expires_at == 100 && got.received_at == 50 && got.verdict == 2 &&
	    got.n > 0, "all of it");
	is_str(got.reason, "old", "the reason");
	seen_free(&got);
	is_int(seen_get(db, "org2", "B", &got), E_NOTFOUND, "an id is one organization's");

	is_str(seen("group", NULL), "B A ", "of a kind");
	is_str(seen("group", "org1"), "B ", "of an organization");
	is_str(seen(NULL, "org2"), "A ", "all of one");
	is_str(seen(NULL, NULL), "A B A ", "all");
}

static int
add_counted(void *cookie, const char *id, int64_t seq)
{
	char *out = cookie;
	size_t len = strlen(out);

	(void)snprintf(out + len, 200 - len, "%s:%lld ", id, (long long)seq);
	return 0;
}

static const char *
counted(const char *org, char out[200])
{
	out[0] = '\0';
	must(counted_each(db, org, add_counted, out));
	return out;
}

static int64_t
proved(const char *org, const char *id)
{
	int64_t seq = -1;

	must(proved_seq(db, org, id, &seq));
	return seq;
}

/* What a partner proved and is not kept: a number, which its manifest counts. */
static void
test_proved(void)
{
	char out[200];
	bool manifest = true;

	put_seen("org1", "M", "manifest");
	is_str(counted("org1", out), "A:1 B:1 ", "what is kept is counted, but for manifests");
	must(proved_put(db, "org1", "B", 4, false, 3));
	must(proved_put(db, "org1", "X", 7, false, 3));
	must(proved_put(db, "org1", "X", 6, false, 3));
	is_str(counted("org1", out), "A:1 B:4 X:7 ", "so is what is not, by its highest number");
	is_str(counted("org2", out), "A:1 ", "each organization's own");
	ok(proved("org1", "X") == 7 && proved("org1", "A") == 0 && proved("org2", "X") == 0, "the number");
	must(proved_manifest(db, "org1", &manifest));
	ok(!manifest, "none is a manifest");
	must(proved_put(db, "org1", "M", 2, true, 3));
	must(proved_manifest(db, "org1", &manifest));
	ok(manifest && !strcmp(counted("org1", out), "A:1 B:4 X:7 "), "one that is, is known, and not counted");
	must(proved_manifest(db, "org2", &manifest));
	ok(!manifest, "of whom");
	must(proved_put(db, "org1", "Y", 1, false, 3));
	must(proved_put(db, "org1", "X", 8, false, 3));
	must(proved_put(db, "org2", "Y", 1, false, 3));
	ok(proved("org1", "Y") == 0 && proved("org1", "X") == 8 && proved("org2", "Y") == 1, "so many of one organization, whose numbers still rise");
	put_seen("org1", "B", "group");
	is_int(proved("org1", "B"), 4, "an older version that is kept changes nothing");
	must(proved_put(db, "org2", "A", 1, false, 3));
	put_seen("org2", "A", "group");
	is_int(proved("org2", "A"), 0, "one as new takes its place");
	is_str(counted("org2", out), "A:1 Y:1 ", "and is counted once");
}

static size_t
unindexed(int64_t version)
{
	autofree int64_t *ids = NULL;
	size_t n;

	must(seen_unindexed(db, version, 10, &ids, &n));
	return n;
}

static void
test_indexed(void)
{
	struct seen_record got;

	is_int(unindexed(1), 3, "what was put is in no index");
	must(seen_get(db, "org1", "B", &got));
	must(seen_indexed(db, got.n, 1));
	is_int(unindexed(1), 2, "until that is said");
	is_int(unindexed(2), 3, "of this version of the terms");
	put_seen("org1", "B", "group");
	is_int(unindexed(1), 3, "and it is not put again");
	seen_free(&got);
}

/* Somebody who withdraws the third as they come to the first. */
static int
drop_third(void *cookie, const struct own_record *o)
{
	(void)add_own(cookie, o);
	return !strcmp(o->id, "W1") ? own_drop(db, "W3") : 0;
}

static int
stop_at_second(void *cookie, const struct own_record *o)
{
	(void)add_own(cookie, o);
	return !strcmp(o->id, "W2") ? E_NOTFOUND : 0;
}

static void
test_walk(void)
{
	static const char *const ids[] = { "W1", "W2", "W3", "W4" };
	char out[200] = "";

	for (size_t i = 0; i < 4; i++) {
		struct own_record o = { .id = text(ids[i]), .kind = text("story"), .body = text("{}"), .state_key = text(ids[i]) };

		must(own_put(db, &o));
	}
	is_int(own_each(db, "story", stop_at_second, out), E_NOTFOUND, "whoever walks ends it, and their answer is told, whatever it is");
	is_str(out, "W1 W2 ", "at that row");
	out[0] = '\0';
	must(own_each(db, "story", drop_third, out));
	is_str(out, "W1 W2 W4 ", "a row that is gone when its turn comes is passed over");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_own();
	test_partners();
	test_seen();
	test_indexed();
	test_proved();
	test_walk();
	must(db_commit(db, NULL));
	is_int(db_check(db, NULL), 0, "the store is sound");
	db_close(db);
	return done_testing();
}
