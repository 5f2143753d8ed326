/* SPDX-License-Identifier: Apache-2.0 */
#include "base/id.h"
#include "base/cleanup.h"
#include "tap.h"

typedef bool	(*check_fn)(const char *);

static void
count_up(void *cookie, void *dst, size_t n)
{
	unsigned char *next = cookie, *p = dst;

	while (n-- > 0)
		*p++ = (*next)++;
}

static int64_t
no_time(void *cookie)
{
	(void)cookie;
	abort();	/* An id reveals no time. */
}

static void
test_own(void)
{
	unsigned char next = 250;
	struct world fixed = { no_time, count_up, &next }, real = world_real();
	char a[ID_LEN + 1], b[ID_LEN + 1];

	id_new(&fixed, a);
	is_str(a, "TVWXYZ0123456789ABCDEFGHJK", "made of the randomness given");
	id_new(&real, a);
	id_new(&real, b);
	ok(id_is_own(a) && id_is_own(b) && strcmp(a, b), "fresh each time");
	ok(world_now(&real) > 1700000000000, "the clock counts milliseconds");
	ok(!id_is_own(NULL) && !id_is_own("") && !id_is_own("tvwxyz0123456789abcdefghjk") &&
	    !id_is_own("TVWXYZ0123456789ABCDEFGHJ") && !id_is_own("TVWXYZ0123456789ABCDEFGHJKM") &&
	    !id_is_own("TVWXYZ0123456789ABCDEFGHIL"), "lower case, other lengths, I and L are not ids");
	ok(id_is_step(a) && id_is_step("UVWXYZ0123456789ABCDEFGHJK") && !id_is_own("UVWXYZ0123456789ABCDEFGHJK") && !id_is_step(NULL) &&
	    !id_is_step("U") && !id_is_step("UVWXYZ0123456789ABCDEFGHJ") && !id_is_step("UUWXYZ0123456789ABCDEFGHJK"),
	    "what is derived begins with a U, and is no id of anything else");
}

static void
check_all(check_fn check, const char *what, const char *const *good, const char *const *bad)
{
	ok(!check(NULL), "NULL is no %s", what);
	for (size_t i = 0; good[i] != NULL; i++)
		ok(check(good[i]), "%s %s", what, good[i]);
	for (size_t i = 0; bad[i] != NULL; i++)
		ok(!check(bad[i]), "no %s: bad case %zu", what, i);
}

#define LIST(...)	(const char *const []){ __VA_ARGS__, NULL }
#define HASH		"acR1l0raoZnm60CBwAVgqbZqoO_mYU81xysh1u7XcJk"
#define LABEL63		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
test_matrix(void)
{
	char user[300];

	check_all(id_is_server, "server name", LIST("matrix.org", "matrix.org:8888", "1.2.3.4",
	    "1.2.3.4:1234", "[1234:5678::abcd]", "[1234:5678::abcd]:5678", "localhost:1", "A-b.C",
	    LABEL63 ".org"),
	    LIST("", ":80", "matrix.org:", "matrix.org:0", "matrix.org:65536", "matrix.org:123456",
	    "matrix.org:8x", "matrix..org", ".org", "org.", "-a.org", "a-.org", "a_b.org", "a b",
	    "a/b", "[::1", "[]", "[12345::]", "::1", "[::1]x", "\xc3\xa9.org", LABEL63 "a.org",
	    "a@b", "matrix.org\n"));
	check_all(id_is_user, "user id", LIST("@alice:example.org", "@a.b_c=d-e/f+9:1.2.3.4:80",
	    "@a:[::1]:8448"),
	    LIST("", "alice:example.org", "@:example.org", "@alice", "@alice:", "@Alice:example.org",
	    "@al ice:example.org", "@alice:exa mple", "@al\xc3\xad" "ce:example.org", "@alice:b:c:d",
	    "@alice:example.org\n"));
	check_all(id_is_room, "room id", LIST("!" HASH, "!abcDEF:example.org", "!x~._-:a.b:80"),
	    LIST("", "!", "!:example.org", "#abc:example.org", "!a b:c", "!abc:", "!abc/def", HASH));
	check_all(id_is_event, "event id", LIST("$" HASH, "$143273582443PhrSn:example.org"),
	    LIST("", "$", "$abc", "$" HASH "x", "$:example.org", HASH,
	    "$acR1l0raoZnm60CBwAVgqbZqoO+mYU81xysh1u7XcJk"));
	check_all(id_is_device, "device id", LIST("JLAFKJWSCS", "a", "x+/=~!\"'"),
	    LIST("", "a b", "a\tb", "a\x7f", "\xc3\xa9"));
	check_all(id_is_session, "session id", LIST("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
	    LIST("", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", HASH "=",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh-"));
	check_all(id_is_multibase_ed25519, "key",
	    LIST("z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"),
	    LIST("", "z", "6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
	    "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ"));

	memset(user, 'a', sizeof(user));
	user[0] = '@';
	memcpy(user + 245, ":ten.chars", 11);
	ok(id_is_user(user), "a user id of 255 bytes");
	user[245] = 'a';
	memcpy(user + 246, ":ten.chars", 11);
	ok(!id_is_user(user), "not of 256");
	is_str(id_server("@a:b.c:80"), "b.c:80", "the server of a user");
}

int
main(void)
{
	test_own();
	test_matrix();
	return done_testing();
}
