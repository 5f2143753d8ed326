/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"
#include "store/devicestore.h"
#include "store/inbox.h"
#include "store/peoplestore.h"
#include "store/stranger.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int64_t lost;		/* By the last add. */

static int
add(const struct waiting *w)
{
	return waiting_add(db, w, false, &lost);
}

static int64_t
lost_so_far(void)
{
	int64_t n;

	must(waiting_lost(db, &n));
	return n;
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

/* What somebody deleted before it came: anybody can name events without end. */
static void
test_deleted(void)
{
	char id[32];

	must(inbox_deleted(db, "$another", 4, "!a", 5));
	for (int i = 0; i < INBOX_DELETED_MAX + 3; i++) {
		(void)snprintf(id, sizeof(id), "$deleted%d", i);
		must(inbox_deleted(db, id, 3, "!a", 10 + i));
	}
	ok(inbox_seen(db, "$deleted3") == 0 && inbox_seen(db, id) == 0, "what is deleted unseen is remembered");
	is_int(inbox_seen(db, "$deleted2"), E_NOTFOUND, "the newest of it");
	is_int(inbox_seen(db, "$another"), 0, "another's goes for nobody");
	is_int(inbox_seen(db, "c1"), 0, "nor what was applied");
}

static void
test_waiting(void)
{
	struct waiting w = { .account = text("node"), .room_id = text("!a"),
	    .session_id = text("S"), .pid = 1, .raw = text("{1}"), .reason = text("no key"),
	    .at = 5 }, *list;
	int64_t waiting, rejected, id;
	size_t n;

	must(add(&w));
	w.raw = text("{2}");
	must(add(&w));
	w.session_id = text("T");
	must(add(&w));
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
	must(add(&w));
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
	int64_t before;
	int r = 0, n = 0;

	while (n < INBOX_WAITING_MAX && (r = add(&w)) == 0)
		n++;
	is_int(n, INBOX_WAITING_MAX, "a sender's items are kept up to the bound");
	before = lost_so_far();
	is_int(waiting_add(db, &w, true, &lost), E_LATER, "past it the patient come again");
	is_int(lost_so_far(), before, "and nothing is given up");
	is_int(add(&w), E_REFUSED, "the others are refused");
	is_int(lost_so_far(), before + 1, "which counts");
	w.pid = 78;
	is_int(add(&w), 0, "which is another sender's too");

	if ((big = malloc(INBOX_RAW_MAX + 2)) == NULL)
		bail("malloc", "big");
	memset(big, 'x', INBOX_RAW_MAX + 1);
	big[INBOX_RAW_MAX + 1] = '\0';
	w.raw = big;
	is_int(add(&w), E_REFUSED, "an item past its bytes waits for nothing");
	is_int(rejected_add(db, "node", "!a", 78, NULL, big, "too big", 1), 0, "it is rejected, cut");
	free(big);
}

static int
show(void *cookie, int64_t id, const char *room, const char *reason, int64_t at, int64_t times)
{
	char *out = cookie;

	(void)id;
	(void)snprintf(out + strlen(out), 100 - strlen(out), "%s %s %lld", room ? room : "-", reason,
	    (long long)at);
	(void)snprintf(out + strlen(out), 100 - strlen(out), times > 1 ? " %lld times;" : ";", (long long)times);
	return 0;
}

static void
test_rejected(void)
{
	char out[100] = "";
	int64_t waiting, before, after;

	must(rejected_add(db, "node", NULL, 5, NULL, "{", "not JSON", 7));
	must(rejected_each(db, 2, show, out));
	is_str(out, "- not JSON 7;!a too big 1;", "the newest first");

	must(inbox_counts(db, &waiting, &before));
	for (int i = 0; i < INBOX_REJECTED_MAX + 20; i++)
		must(rejected_add(db, "node", "!a", 6, NULL, "{", "flood", i));
	must(inbox_counts(db, &waiting, &after));
	is_int(after - before, INBOX_REJECTED_MAX, "a flood is bounded");
	out[0] = '\0';
	must(rejected_each(db, 1, show, out));
	is_str(out, "!a flood 1019;", "its newest is kept");
	must(rejected_add(db, "node", NULL, 5, NULL, "{", "other", 8));
	must(inbox_counts(db, &waiting, &before));
	is_int(before - after, 1, "and takes nothing from others");
}

/* What comes again and again is one thing, whatever is said against it each time. */
static void
test_rejected_once(void)
{
	char out[100] = "";
	int64_t waiting, before, after;

	must(inbox_counts(db, &waiting, &before));
	for (int i = 0; i < 5; i++)
		must(rejected_add(db, "node", "!a", 9, "content 1", "{}", i < 4 ? "too early" : "too late", 2000 + i));
	must(rejected_add(db, "node", "!a", 9, "content 2", "{}", "too early", 2001));
	must(rejected_add(db, "node", "!a", 10, "content 1", "{}", "too early", 2002));
	must(inbox_counts(db, &waiting, &after));
	is_int(after - before, 3, "each thing of each sender has one row");
	must(rejected_each(db, 3, show, out));
	is_str(out, "!a too late 2004 5 times;!a too early 2002;!a too early 2001;", "with how often it came, when last, and why not then");
	must(rejected_taken(db, 9, "content 1"));
	must(rejected_taken(db, 9, "content 3"));
	must(inbox_counts(db, &waiting, &after));
	is_int(after - before, 2, "what is taken after all is on the list no more, and only that");
}

/* How many items wait, besides ${before}. */
static int64_t
left(int64_t before)
{
	int64_t waiting, rejected;

	must(inbox_counts(db, &waiting, &rejected));
	return waiting - before;
}

/* Invented senders without end; a guest and a partner among them lose nothing. */
static void
test_strangers(void)
{
	struct waiting w = { .account = text("node"), .raw = text("{}") }, *list;
	struct crypto_user partner = { .pinned = 1 };
	int64_t guest, honest, pid, people = 0, before = left(0), waiting, rejected_before, rejected;
	bool forgot = false, ever = false;
	char user[64], *big;
	size_t n;

	/* The tests above used small numbers of nobody. */
	for (int i = 0; i < 100; i++) {
		(void)snprintf(user, sizeof(user), "@early%d:members.example", i);
		must(person_id(db, user, &pid));
	}
	must(inbox_counts(db, &waiting, &rejected_before));
	must(person_id(db, "@guest:members.example", &guest));
	must(person_id(db, "@node:partner.example", &partner.pid));
	must(crypto_user_put(db, &partner));
	must(stranger_id(db, "@first:honest.example", &honest, &forgot));
	for (int64_t known[] = { guest, partner.pid, honest }, i = 0; i < 3; i++) {
		w.pid = known[i];
		must(add(&w));
		must(rejected_add(db, "node", NULL, known[i], NULL, "{}", "why", 1));
	}
	for (int i = 0; i < STRANGER_MAX + 500; i++) {
		(void)snprintf(user, sizeof(user), "@u%d:evil.example", i);
		must(stranger_id(db, user, &w.pid, &forgot));
		ever |= forgot;
		people = w.pid > people ? w.pid : people;
		must(add(&w));
		must(rejected_add(db, "node", NULL, w.pid, NULL, "{}", "why", 1));
	}
	ok(ever && forgot, "somebody is forgotten for an invented sender");
	must(inbox_counts(db, &waiting, &rejected));
	is_int(left(before), STRANGER_MAX + 2, "what waits of strangers is bounded");
	is_int(rejected - rejected_before, STRANGER_MAX + 2, "and so is what was rejected");
	is_int(people - honest, STRANGER_MAX - 1, "and their number");
	for (int64_t known[] = { guest, partner.pid, honest }, i = 0; i < 3; i++) {
		must(waiting_person(db, known[i], &list, &n));
		is_int((int)n, 1, "%s loses nothing", i == 0 ? "a guest" : i == 1 ? "a partner" :
		    "a stranger of another homeserver");
		waiting_list_free(list, n);
	}
	ok(person_find(db, "@first:honest.example", &pid) == 0 && pid == honest, "who is the same as before");
	is_int(person_find(db, "@u0:evil.example", &pid), E_NOTFOUND, "the oldest is forgotten");
	is_int(person_find(db, user, &pid), 0, "the newest is known");
	must(person_user(db, pid, &big));
	is_str(big, user, "by its own name");
	free(big);

	for (n = 1; n < INBOX_STRANGER_MAX; n++)
		must(add(&w));
	is_int(add(&w), E_REFUSED, "one stranger has few places");
	must(person_id(db, user, &pid));
	is_int(stranger_has(db, pid), E_NOTFOUND, "who is let in is no stranger any more");
	is_int(add(&w), 0, "and has a guest's");
	must(stranger_id(db, "@big:evil.example", &w.pid, &forgot));
	if ((big = calloc(1, INBOX_STRANGER_RAW + 2)) == NULL)
		bail("calloc", "big");
	memset(big, 'x', INBOX_STRANGER_RAW + 1);
	w.raw = big;
	is_int(add(&w), E_REFUSED, "nor may a stranger's be large");
	free(big);
}

/* Until nothing more has a place without another's going. */
static void
fill_up(struct waiting *w, const int64_t *flooder)
{
	int n = 0;

	for (size_t f = 0; f < 3; f++) {
		w->pid = flooder[f];
		while (n < INBOX_GUESTS_WAITING && waiting_add(db, w, true, &lost) == 0)
			n++;
	}
}

/* Guests who fill their bound lose their own. */
static void
test_guests(void)
{
	struct waiting w = { .account = text("node"), .raw = text("{}") }, *list;
	int64_t before = left(0), lost_before = lost_so_far(), told = 0, guest, flooder[3], waiting, rejected;
	size_t n;
	bool forgot;

	must(person_find(db, "@guest:members.example", &guest));
	for (size_t f = 0; f < nelem(flooder); f++) {
		char user[64];

		(void)snprintf(user, sizeof(user), "@flood%zu:members.example", f);
		must(person_id(db, user, &flooder[f]));
		w.pid = flooder[f];
		for (int i = 0; i < INBOX_WAITING_MAX; i++) {
			must(add(&w));
			told += lost;
		}
	}
	ok(left(before) <= INBOX_GUESTS_WAITING, "what waits of guests is bounded in total");
	is_int(told, (int64_t)nelem(flooder) * INBOX_WAITING_MAX - left(before), "whoever adds hears of each that goes");
	is_int(lost_so_far() - lost_before, told, "and they are counted");
	must(waiting_person(db, guest, &list, &n));
	is_int((int)n, 1, "who has little loses nothing");
	waiting_list_free(list, n);
	fill_up(&w, flooder);
	w.pid = guest;
	lost_before = lost_so_far();
	before = left(0);
	is_int(waiting_add(db, &w, true, &lost), E_LATER, "a patient guest drives nobody out, however few are its own");
	ok(left(before) == 0 && lost_so_far() == lost_before, "and nothing is given up");
	must(person_find(db, "@node:partner.example", &w.pid));
	is_int(waiting_add(db, &w, true, &lost), 0, "a partner does not wait for guests");
	must(stranger_id(db, "@full:evil.example", &w.pid, &forgot));
	for (int i = 0; i < INBOX_STRANGER_MAX; i++)
		must(add(&w));
	is_int(waiting_add(db, &w, true, &lost), E_REFUSED, "a stranger is refused, however patient");
	is_int(lost_so_far(), lost_before, "and what is lost of one is not counted");
	fixture_now += WAITING_LOST_DAYS * 86400000LL;
	is_int(lost_so_far(), lost_before, "what was given up is remembered");
	fixture_now += 86400000LL;
	is_int(lost_so_far(), 0, "for a time");
	for (size_t f = 0; f < 6; f++)
		for (int i = 0; i < INBOX_REJECTED_MAX; i++)
			must(rejected_add(db, "node", NULL, 100000 + (int64_t)f, NULL, "{}", "why", 1));
	must(inbox_counts(db, &waiting, &rejected));
	ok(rejected <= INBOX_GUESTS_REJECTED + STRANGER_MAX * INBOX_STRANGER_MAX, "and what was rejected (%lld)",
	    (long long)rejected);
	ok(rejected <= INBOX_GUESTS_REJECTED + STRANGER_MAX + 10, "each of their own");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_seen();
	test_deleted();
	test_waiting();
	test_waiting_bounds();
	test_rejected();
	test_rejected_once();
	test_strangers();
	test_guests();
	must(db_commit(db, NULL));
	db_close(db);
	return done_testing();
}
