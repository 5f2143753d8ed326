/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"
#include "store/inbox.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
test_seen(void)
{
	is_int(inbox_seen(db, "c1"), E_NOTFOUND, "new");
	must(inbox_add(db, "c1", 1, "!a", "t", "hash", 10));
	is_int(inbox_seen(db, "c1"), 0, "seen");
	is_int(inbox_add(db, "c1", 2, "!b", "t", "hash", 20), -EEXIST, "applied once");
	is_int(inbox_seen(db, "c2"), E_NOTFOUND, "another is new");
	must(inbox_add(db, "c2", 1, NULL, "t", "hash", 20));
}

static void
test_waiting(void)
{
	struct waiting w = { .account = text("node"), .room_id = text("!a"),
	    .session_id = text("S"), .pid = 1, .raw = text("{1}"), .reason = text("no key"),
	    .at = 5 }, *list;
	int64_t waiting, rejected, id;
	size_t n;

	must(waiting_add(db, &w));
	w.raw = text("{2}");
	must(waiting_add(db, &w));
	w.session_id = text("T");
	must(waiting_add(db, &w));
	must(waiting_session(db, "!a", "S", &list, &n));
	ok(n == 2 && !strcmp(list[0].raw, "{1}") && !strcmp(list[1].raw, "{2}"), "in order of arrival");
	is_str(list[0].reason, "no key", "with the reason");
	ok(list[0].pid == 1 && list[0].at == 5, "and the sender");
	id = list[0].id;
	waiting_list_free(list, n);
	must(waiting_drop(db, id));
	is_int(waiting_drop(db, id), E_NOTFOUND, "dropped once");
	must(waiting_session(db, "!b", "S", &list, &n));
	is_int((long long)n, 0, "another room awaits nothing");
	waiting_list_free(list, n);

	w = (struct waiting){ .account = text("node"), .pid = 2, .raw = text("{3}") };
	must(waiting_add(db, &w));
	must(waiting_person(db, 2, &list, &n));
	ok(n == 1 && list[0].room_id == NULL && list[0].session_id == NULL, "a to-device item");
	waiting_list_free(list, n);
	must(inbox_counts(db, &waiting, &rejected));
	ok(waiting == 3 && rejected == 0, "counted");
}

static void
test_waiting_bounds(void)
{
	struct waiting w = { .account = text("node"), .pid = 77, .raw = text("{}") };
	char *big;
	int r = 0, n = 0;

	while (n < INBOX_WAITING_MAX && (r = waiting_add(db, &w)) == 0)
		n++;
	is_int(n, INBOX_WAITING_MAX, "a sender's items are kept up to the bound");
	is_int(waiting_add(db, &w), E_REFUSED, "and not past it");
	w.pid = 78;
	is_int(waiting_add(db, &w), 0, "which is another sender's too");

	if ((big = malloc(INBOX_RAW_MAX + 2)) == NULL)
		bail("malloc", "big");
	memset(big, 'x', INBOX_RAW_MAX + 1);
	big[INBOX_RAW_MAX + 1] = '\0';
	w.raw = big;
	is_int(waiting_add(db, &w), E_REFUSED, "an item past its bytes waits for nothing");
	is_int(rejected_add(db, "node", "!a", 78, big, "too big", 1), 0, "it is rejected, cut");
	free(big);
}

static int
show(void *cookie, int64_t id, const char *room, const char *reason, int64_t at)
{
	char *out = cookie;

	(void)id;
	(void)snprintf(out + strlen(out), 100 - strlen(out), "%s %s %lld;", room ? room : "-", reason,
	    (long long)at);
	return 0;
}

static void
test_rejected(void)
{
	char out[100] = "";
	int64_t waiting, before, after;

	must(rejected_add(db, "node", NULL, 5, "{", "not JSON", 7));
	must(rejected_each(db, 2, show, out));
	is_str(out, "- not JSON 7;!a too big 1;", "the newest first");

	must(inbox_counts(db, &waiting, &before));
	for (int i = 0; i < INBOX_REJECTED_MAX + 20; i++)
		must(rejected_add(db, "node", "!a", 6, "{", "flood", i));
	must(inbox_counts(db, &waiting, &after));
	is_int(after - before, INBOX_REJECTED_MAX, "a flood is bounded");
	out[0] = '\0';
	must(rejected_each(db, 1, show, out));
	is_str(out, "!a flood 1019;", "its newest is kept");
	must(rejected_add(db, "node", NULL, 5, "{", "other", 8));
	must(inbox_counts(db, &waiting, &before));
	is_int(before - after, 1, "and takes nothing from others");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_seen();
	test_waiting();
	test_waiting_bounds();
	test_rejected();
	must(db_commit(db, NULL));
	db_close(db);
	return done_testing();
}
