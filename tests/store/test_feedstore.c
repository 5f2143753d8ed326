/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "store/feedstore.h"

static struct db *db;

struct seen {
	int	n;
	char	text[256];
};

static int
each_part(void *cookie, const char *source, const char *text)
{
	struct seen *s = cookie;
	size_t n = strlen(s->text);

	s->n++;
	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s=%s;", source, text);
	return 0;
}

static int
each_feed(void *cookie, const char *name, int64_t at, int64_t records, int64_t bytes)
{
	struct seen *s = cookie;
	size_t n = strlen(s->text);

	s->n++;
	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s@%lld %lld %lld;", name, (long long)at, (long long)records, (long long)bytes);
	return 0;
}

static const char *
parts(const char *name)
{
	static struct seen s;

	s = (struct seen){ 0 };
	must(feed_parts(db, name, each_part, &s));
	return s.text;
}

static const char *
feeds(void)
{
	static struct seen s;

	s = (struct seen){ 0 };
	must(feed_each(db, each_feed, &s));
	return s.text;
}

static void
test_parts(void)
{
	autofree char *base = NULL;
	int64_t n;

	must(feed_put(db, "a", 5, &n));
	must(feed_part_put(db, n, "", NULL, "around"));
	must(feed_part_put(db, n, "s1", "{1}", "one"));
	must(feed_part_put(db, n, "s2", NULL, "two"));
	is_int(feed_part_put(db, n, "s2", NULL, "two"), -EEXIST, "a source has one part");
	is_str(parts("a"), "=around;s1=one;s2=two;", "parts come back in order");
	is_str(feeds(), "a@5 2 12;", "and are counted");
	is_int(feed_base(db, "s2", &base), E_NOTFOUND, "no record was made of it");
	is_int(feed_base(db, "s3", &base), E_NOTFOUND, "nobody said it");
	must(feed_base(db, "s1", &base));
	is_str(base, "{1}", "what the file said of a record");
}

static void
test_newest(void)
{
	autofree char *base = NULL, *again = NULL;
	int64_t n;

	must(feed_put(db, "b", 6, &n));
	must(feed_part_put(db, n, "", NULL, "tables"));
	must(feed_part_put(db, n, "s1", "{2}", ""));
	must(feed_base(db, "s1", &base));
	is_str(base, "{2}", "of two files the last has the say");
	must(feed_put(db, "a", 7, &n));
	must(feed_part_put(db, n, "", NULL, "new"));
	must(feed_part_put(db, n, "s1", "{3}", "x"));
	must(feed_base(db, "s1", &again));
	is_str(again, "{3}", "also if it is an old one imported again");
	is_str(parts("a"), "=new;s1=x;", "of which nothing is left");
	is_str(feeds(), "b@6 1 6;a@7 1 4;", "the last imported is the last");
}

static void
test_forget(void)
{
	must(feed_forget(db, "s1"));
	is_str(feeds(), "a@7 0 3;", "what cannot be taken out of a file takes the file along");
	is_str(parts("a"), "=new;", "of another only its part goes");
	is_int(feed_drop(db, "b"), E_NOTFOUND, "there is none of this name");
	is_int(feed_drop(db, "a"), 0, "a file is forgotten");
	is_str(feeds(), "", "and nothing is kept");
}

static void
test_bound(void)
{
	char name[16];
	int64_t n;
	int i = 0, r = 0;

	for (; r == 0 && i < 2 * FEED_MAX; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		r = feed_put(db, name, 1, &n);
	}
	is_int(i - 1, FEED_MAX, "so many are kept");
	is_int(r, E_REFUSED, "and no more");
	is_int(feed_put(db, "f3", 2, &n), 0, "but one in the place of another");
}

int
main(void)
{
	struct err err = { "" };

	db = fixture_open();
	must(db_begin(db, &err));
	test_parts();
	test_newest();
	test_forget();
	test_bound();
	must(db_commit(db, &err));
	db_close(db);
	return done_testing();
}
