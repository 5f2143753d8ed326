/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"
#include "store/dirstore.h"
#include "store/dirwords.h"

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
own(const char *words, const char *kind)
{
	static char out[200];

	out[0] = '\0';
	must(own_find(db, words, kind, add_own, out));
	return out;
}

static const char *
seen(const char *words, const char *kind, const char *org)
{
	static char out[200];

	out[0] = '\0';
	must(seen_find(db, words, kind, org, add_seen, out));
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
	is_str(own("grief", NULL), "P1 ", "found by a word of its body");
	is_str(own("evora", NULL), "P1 ", "without its accent, deep inside");
	is_str(own("name", NULL), "", "a member's name is not a word");
	is_str(own(NULL, "group"), "G1 ", "all of a kind");

	o.body = text("{\"name\":\"Morning swim\"}");
	must(own_put(db, &o));
	is_str(own("walk", NULL), "", "the old words are gone");
	is_str(own("swim", "group"), "G1 ", "the new ones found");
	is_str(own("swim", "program"), "", "in their kind");

	o.source = text("hsds:service/1");
	is_int(own_put(db, &o), -EEXIST, "a source is of one record");
	is_str(own("swim", NULL), "G1 ", "and the refusal changes nothing");
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
put_seen(const char *org, const char *id, const char *kind, const char *words)
{
	struct seen_record s = { .org = text(org), .id = text(id), .kind = text(kind), .seq = 1,
	    .expires_at = 100, .received_at = 50, .hash = text("ab"), .record = text("{}"),
	    .verdict = 2, .reason = text("old"), .words = text(words) };

	must(seen_put(db, &s));
}

static void
test_seen(void)
{
	struct seen_record got;

	put_seen("org1", "A", "specialist", "Ana grief counselling peer Évora");
	put_seen("org1", "B", "group", "Grief group, grief walks and grief talks");
	put_seen("org2", "A", "group", "Sober walks");
	must(seen_get(db, "org1", "A", &got));
	ok(got.seq == 1 && got.expires_at == 100 && got.received_at == 50 && got.verdict == 2 &&
	    got.words == NULL, "all of it but the words");
	is_str(got.reason, "old", "the reason");
	seen_free(&got);
	is_int(seen_get(db, "org2", "B", &got), E_NOTFOUND, "an id is one organization's");

	is_str(seen("grief", NULL, NULL), "B A ", "best first");
	is_str(seen("GRIEF evora", NULL, NULL), "A ", "all words, any case, no accents");
	is_str(seen("grie", NULL, NULL), "B A ", "a beginning is enough");
	is_str(seen("rief", NULL, NULL), "", "an end is not");
	is_str(seen("walks", "group", NULL), "A B ", "of a kind");
	is_str(seen("walks", "group", "org1"), "B ", "of an organization");
	is_str(seen(NULL, NULL, "org2"), "A ", "without words all");
	is_str(seen("", NULL, NULL), "", "nothing typed, nothing found");

	put_seen("org1", "B", "group", "Yoga");
	is_str(seen("talks", NULL, NULL), "", "replaced words are gone");
	is_str(seen("yoga", NULL, NULL), "B ", "new ones found");
}

static void
test_injection(void)
{
	static const char *const typed[] = { "\"grief\"", "grief*", "grief -- walks' ;", "(grief)",
	    "grief OR", "words:grief", "NEAR(grief sober, 1)", "^grief", "grief + ", "\"", "*",
	    "a AND", "{grief}", "\xe2\x80\x94", "grief \xff\xfe", "-", "' OR 1=1 --" };
	char long_words[4000];

	put_seen("org1", "C", "group", "grief walks or near one and words for sober people");
	for (size_t i = 0; i < nelem(typed); i++) {
		char out[200] = "";

		is_int(seen_find(db, typed[i], NULL, NULL, add_seen, out), 0, "nothing typed is syntax: %zu", i);
	}
	is_str(seen("grief OR nothing", NULL, NULL), "", "OR is a word");
	is_str(seen("grief \xe2\x80\x94 walks", NULL, NULL), "C ", "a dash parts words");
	is_str(seen("words:grief", NULL, NULL), "C ", "a colon too");

	memset(long_words, 'a', sizeof(long_words));
	for (size_t i = 100; i < sizeof(long_words); i += 100)
		long_words[i] = ' ';
	long_words[sizeof(long_words) - 1] = '\0';
	is_str(seen(long_words, NULL, NULL), "", "a flood of words is cut");
}

static void
test_query_text(void)
{
	autobuf struct buf a = { 0 }, b = { 0 }, c = { 0 };
	char word[2 * DIRWORDS_LEN];

	must(dirwords_query(" peer, \"support\" ", &a));
	is_str(a.data, "\"peer\"* \"support\"*", "words are quoted");
	is_int(dirwords_query(" .,- ", &b), E_NOTFOUND, "no words");
	for (size_t i = 0; i < sizeof(word) - 1; i++)
		word[i] = i == 0 ? 'x' : i % 2 ? '\xc3' : '\xa9';
	word[sizeof(word) - 1] = '\0';
	must(dirwords_query(word, &c));
	ok(c.len == DIRWORDS_LEN - 1 + 3 && (uint8_t)c.data[c.len - 3] == 0xa9,
	    "a long word is cut between characters");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_own();
	test_partners();
	test_seen();
	test_injection();
	test_query_text();
	must(db_commit(db, NULL));
	is_int(db_check(db, NULL), 0, "the store is sound");
	db_close(db);
	return done_testing();
}
