/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fixture.h"
#include "store/messagestore.h"
#include "store/migration.h"
#include "store/peoplestore.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
test_accounts(void)
{
	struct account a = { .name = text("node"), .user_id = text("@node:a") }, got;

	is_int(account_get(db, "node", &got), E_NOTFOUND, "no account yet");
	is_int(account_batch(db, "node", "s1"), E_NOTFOUND, "nor a batch of it");
	must(account_put(db, &a));
	must(account_get(db, "node", &got));
	is_str(got.user_id, "@node:a", "user id");
	ok(got.token == NULL && got.device_id == NULL && got.filter == NULL, "unknown is NULL");
	account_free(&got);
	a.token = text("t0ken");
	a.device_id = text("DEV");
	a.filter = text("7");
	a.ready = 1;
	must(account_put(db, &a));
	must(account_batch(db, "node", "s2"));
	must(account_get(db, "node", &got));
	is_str(got.token, "t0ken", "token");
	is_str(got.device_id, "DEV", "device");
	is_str(got.next_batch, "s2", "batch");
	ok(got.ready == 1 && got.filter != NULL, "ready");
	account_free(&got);
	ok(got.token == NULL, "freed");
}

static void
test_people(void)
{
	autofree char *user = NULL;
	int64_t a, b, c;

	is_int(person_find(db, "@a:x", &a), E_NOTFOUND, "a stranger");
	must(person_id(db, "@a:x", &a));
	must(person_id(db, "@b:x", &b));
	must(person_id(db, "@a:x", &c));
	ok(a == c && a != b && a > 0, "one number a person");
	must(person_find(db, "@b:x", &c));
	is_int(c, b, "found by name");
	must(person_user(db, b, &user));
	is_str(user, "@b:x", "and the name by number");
	is_int(person_user(db, 999, &user), E_NOTFOUND, "an unknown number");
}

static int
count(void *cookie, const struct room *room)
{
	char *names = cookie;

	(void)strcat(names, room->room_id ? room->room_id : "?");
	(void)strcat(names, " ");
	if (room->tag != NULL && !strcmp(room->tag, "grow")) {
		struct room more = { .tag = text("grown"), .account = text("node") };

		must(room_put(db, &more));
	}
	return room->room_id && !strcmp(room->room_id, "!stop") ? 42 : 0;
}

static void
test_rooms(void)
{
	struct room r = { .tag = text("T"), .account = text("node"), .kind = ROOM_CHANNEL,
	    .subject = text("org1"), .encrypted = 1, .ours = 1 }, got;
	char names[100] = "";
	int64_t last;

	is_int(room_get(db, "!a", &got), E_NOTFOUND, "no room yet");
	is_int(room_get(db, NULL, &got), E_NOTFOUND, "nor one without a name");
	must(room_put(db, &r));
	must(room_by_tag(db, "T", &got));
	ok(got.room_id == NULL && got.encrypted == 1 && got.ours == 1, "under creation");
	room_free(&got);

	/* The server answers: the same room gets its name. */
	r.room_id = text("!a");
	r.encrypted = 0;
	r.joined = 1;
	must(room_put(db, &r));
	must(room_get(db, "!a", &got));
	is_str(got.tag, "T", "still tagged");
	ok(got.encrypted == 1, "encryption is not taken back");
	ok(got.joined == 1 && got.kind == ROOM_CHANNEL, "the rest is new");
	room_free(&got);

	/* By name alone; the tag stays. */
	r.tag = NULL;
	must(room_put(db, &r));
	must(room_by_tag(db, "T", &got));
	is_str(got.room_id, "!a", "a known tag is not forgotten");
	room_free(&got);

	must(room_by_subject(db, ROOM_CHANNEL, "org1", &got));
	is_str(got.room_id, "!a", "by subject");
	room_free(&got);
	is_int(room_by_subject(db, ROOM_GROUP, "org1", &got), E_NOTFOUND, "of that kind only");
	r.aside = ROOM_ANOTHERS;
	must(room_put(db, &r));
	must(room_get(db, "!a", &got));
	ok(got.aside == ROOM_ANOTHERS && got.kind == ROOM_CHANNEL, "set aside, it is still what it was");
	room_free(&got);
	is_int(room_by_subject(db, ROOM_CHANNEL, "org1", &got), E_NOTFOUND, "but nobody's to be used");

	r = (struct room){ .room_id = text("!stop"), .account = text("node"), .kind = ROOM_DIRECT,
	    .pid = 5, .joined = 0 };
	must(room_put(db, &r));
	r.room_id = text("!d2");
	r.joined = 1;
	must(room_put(db, &r));
	must(room_by_person(db, 5, &got));
	is_str(got.room_id, "!d2", "a joined room before an older one");
	room_free(&got);
	r.aside = ROOM_LEFT;
	must(room_put(db, &r));
	must(room_by_person(db, 5, &got));
	is_str(got.room_id, "!stop", "unless it is set aside");
	room_free(&got);
	is_int(room_by_person(db, 6, &got), E_NOTFOUND, "nobody's");

	is_int(room_each(db, -1, count, names), 42, "the walk returns what stops it");
	is_str(names, "!a !stop ", "in order, up to there");
	names[0] = '\0';
	is_int(room_each(db, ROOM_CHANNEL, count, names), 0, "one kind");
	is_str(names, "!a ", "only that");
	names[0] = '\0';
	is_int(room_some(db, 0, 1, count, names, &last), 0, "some at a time");
	is_str(names, "!a ", "so many");
	is_int(room_some(db, last, 1, count, names, &last), 42, "then those behind the last");
	is_str(names, "!a !stop ", "each once");
	is_int(room_some(db, last + 1, 100, count, names, &last), 0, "behind the newest");
	is_int(last, 0, "there is none");
}

static void
test_room_seen_twice(void)
{
	struct room tagged = { .tag = text("late"), .account = text("node"), .kind = ROOM_GROUP },
	    named = { .room_id = text("!late"), .account = text("node"), .encrypted = 1 }, got;
	char names[100] = "";

	must(room_put(db, &tagged));
	must(room_put(db, &named));
	tagged.room_id = text("!late");
	must(room_put(db, &tagged));
	must(room_by_tag(db, "late", &got));
	is_str(got.room_id, "!late", "sync showed it first: both are one room");
	ok(got.encrypted == 1 && got.kind == ROOM_GROUP, "with what was known of either");
	room_free(&got);
	is_int(room_each(db, ROOM_UNKNOWN, count, names), 0, "and no second row");
	is_str(names, "", "remains");

	tagged = (struct room){ .tag = text("grow"), .account = text("node"), .kind = ROOM_SPACE };
	must(room_put(db, &tagged));
	is_int(room_each(db, ROOM_SPACE, count, names), 0, "a walk may write rooms");
	must(room_by_tag(db, "grown", &got));
	room_free(&got);
}

/* Somebody's chat, of several. */
static void
is_chat(int64_t pid, const char *want, const char *what)
{
	struct room got;

	must(room_by_person(db, pid, &got));
	is_str(got.room_id, want, "%s", what);
	room_free(&got);
}

static void
test_chats(void)
{
	struct room r = { .room_id = text("!c1"), .account = text("node"), .kind = ROOM_DIRECT, .joined = 1 }, first;
	int64_t other;

	must(person_id(db, "@chats:x", &r.pid));
	must(person_id(db, "@others:x", &other));
	must(room_put(db, &r));
	first = r;
	r.room_id = text("!c2");
	must(room_put(db, &r));
	is_chat(r.pid, "!c2", "the newest chat");
	must(room_written(db, &first));
	is_chat(r.pid, "!c1", "or the one in which they wrote");
	must(member_put(db, "!c1", other, "leave"));
	is_chat(r.pid, "!c1", "whoever else left it");
	must(member_put(db, "!c1", r.pid, "leave"));
	is_chat(r.pid, "!c2", "but none that they have left");
	must(member_put(db, "!c2", r.pid, "leave"));
	is_chat(r.pid, "!c1", "unless they have left them all");
}

static void
test_roster(void)
{
	autofree int64_t *list = NULL, *none = NULL;
	autofree char *membership = NULL;
	int64_t a, b;
	size_t n;

	must(person_id(db, "@a:x", &a));
	must(person_id(db, "@b:x", &b));
	is_int(member_get(db, "!a", a, &membership), E_NOTFOUND, "not seen");
	must(member_put(db, "!a", a, "invite"));
	must(member_put(db, "!a", a, "join"));
	must(member_get(db, "!a", a, &membership));
	is_str(membership, "join", "the newest membership");
	is_int(roster_has(db, "!a", a), E_NOTFOUND, "joined is not rostered");
	must(roster_add(db, "!a", b));
	must(roster_add(db, "!a", a));
	must(roster_add(db, "!a", a));
	must(roster_list(db, "!a", &list, &n));
	ok(n == 2 && list[0] == a && list[1] == b, "the roster, ascending, each once");
	must(roster_drop(db, "!a", a));
	is_int(roster_has(db, "!a", a), E_NOTFOUND, "dropped");
	is_int(roster_has(db, "!a", b), 0, "the other stays");
	must(roster_list(db, "!b", &none, &n));
	is_int((long long)n, 0, "another room has its own");
}

static void
test_unsure(void)
{
	autofree int64_t *list = NULL;
	autofree char *first = NULL, *second = NULL, *membership = NULL;
	int64_t a, b, since = 0;
	size_t n;

	must(person_id(db, "@a:x", &a));
	must(person_id(db, "@b:x", &b));
	must(member_put(db, "!u", a, "join"));
	must(member_put(db, "!u", b, "join"));
	is_int(unsure_has(db, "!u"), E_NOTFOUND, "it is known who is in a room");
	is_int(member_named(db, "!u", a), 0, "and whom a sync named");
	must(unsure_put(db, "!u", 20));
	must(unsure_put(db, "!v", 10));
	ok(unsure_has(db, "!u") == 0 && unsure_has(db, "!w") == E_NOTFOUND, "until it is unsure");
	is_int(member_named(db, "!u", a), E_NOTFOUND, "whom it named before says nothing");
	must(member_put(db, "!u", b, "leave"));
	must(member_stale(db, "!u", &list, &n));
	ok(n == 1 && list[0] == a && member_named(db, "!u", b) == 0, "whom it names then, does");
	must(member_get(db, "!u", a, &membership));
	is_str(membership, "join", "what was known stays");
	must(unsure_next(db, &first));
	is_str(first, "!v", "the longest unsure is asked about first");
	must(unsure_asked(db, "!v"));
	must(unsure_next(db, &second));
	is_str(second, "!u", "then the next");
	must(unsure_asked(db, "!u"));
	ok(unsure_next(db, &second) == E_NOTFOUND && unsure_has(db, "!u") == 0, "each once");
	must(unsure_put(db, "!u", 30));
	must(unsure_count(db, 25, &since));
	is_int((int)since, 2, "unsure again, it is so since the first time");
	free(take(second));
	must(unsure_next(db, &second));
	is_str(second, "!u", "and asked about again");
	must(unsure_drop(db, "!u"));
	is_int(unsure_has(db, "!u"), E_NOTFOUND, "until it is known");
	must(unsure_drop(db, "!v"));
}

static void
test_meta(void)
{
	autofree char *a = NULL, *b = NULL, *c = NULL;

	is_int(meta_get(db, "epoch", false, &a), E_NOTFOUND, "unknown");
	must(meta_put(db, "epoch", "1", false));
	must(meta_put(db, "epoch", "2", false));
	must(meta_get(db, "epoch", false, &a));
	is_str(a, "2", "a clear value");
	must(meta_put(db, "key", "s3cret", true));
	must(meta_get(db, "key", true, &b));
	is_str(b, "s3cret", "a sealed value");
	is_int(meta_get(db, "key", false, &c), ERR_CORRUPT, "a secret is not read as clear");
	is_int(meta_get(db, "epoch", true, &c), ERR_CORRUPT, "nor the reverse");
	is_int(meta_put(db, "db.generation", "x", false), E_REFUSED, "the store's own are not for us");
	is_int(meta_get(db, "db.key", false, &c), E_REFUSED, "to write or to read");
}

static int
show(void *cookie, const struct message *m)
{
	size_t len = strlen(cookie);

	(void)snprintf((char *)cookie + len, 200 - len, "%s %s %s %d %s %lld;", m->id, m->room, m->user,
	    m->outgoing, m->body, (long long)m->at);
	return 0;
}

static int
house(void *cookie, const struct message *m)
{
	(void)cookie;
	ok(!strcmp(m->id, "m4") && m->room == NULL && m->pid > 0 && !strcmp(m->body, "early") && m->automatic, "%s has no room", m->id);
	return message_room(db, m->id, "!new");
}

static int blanked;

static int
blank(void *cookie, const struct message *m)
{
	ok(!strcmp(m->id, "m1") && !strcmp(m->body, "hello"), "%s is found", m->id);
	blanked++;
	return message_blank(db, m->id, *(int64_t *)cookie, "gone");
}

static void
test_messages(void)
{
	char out[200] = "";
	int64_t pid;

	must(person_id(db, "@a:x", &pid));
	must(message_add(db, "m1", "!a", pid, false, "hello", 10));
	must(message_add(db, "m2", "!a", pid, true, "there", 20));
	must(message_add(db, "m3", "!a", pid, true, "late", 5));
	is_int(message_add(db, "m1", "!a", pid, false, "again", 30), -EEXIST, "a content id once");
	must(message_each(db, 2, show, out));
	is_str(out, "m2 !a @a:x 1 there 20;m1 !a @a:x 0 hello 10;", "the newest two");

	must(message_add(db, "m4", NULL, pid, true, "early", 40));
	must(message_automatic(db, "m4"));
	must(message_roomless(db, house, NULL));
	out[0] = '\0';
	must(message_each(db, 1, show, out));
	is_str(out, "m4 !new @a:x 1 early 40;", "a message waits for its chat and gets it");
	is_int(message_roomless(db, house, NULL), 0, "once");
	is_int(message_room(db, "m9", "!new"), E_NOTFOUND, "an unknown message");

	must(message_came(db, "m1", "$e"));
	must(message_came(db, "m2", "$e"));
	must(message_of_event(db, "$e", pid + 1, blank, &pid));
	must(message_of_event(db, "$e", pid, blank, &pid));
	must(message_of_event(db, "$e", pid, blank, &pid));
	is_int(blanked, 1, "what somebody said by an event is found by it, once; not what others said, nor what was said to them");
	out[0] = '\0';
	must(message_each(db, 3, show, out));
	ok(strstr(out, "m1 !a @a:x 0 gone 10;") != NULL, "its words are replaced: %s", out);
}

/* What no program of ours writes. */
static void
test_foreign(void)
{
	struct room room = { .room_id = (char *)(uintptr_t)"!foreign", .account = (char *)(uintptr_t)"node", .kind = ROOM_POLICY }, got;

	must(room_put(db, &room));
	must(room_get(db, "!foreign", &got));
	room_free(&got);
	must(db_script(db, "UPDATE room SET kind = 8 WHERE room_id = '!foreign'"));
	is_int(room_get(db, "!foreign", &got), ERR_CORRUPT, "a room of a kind that does not exist is damaged");
	must(db_script(db, "UPDATE room SET kind = -1 WHERE room_id = '!foreign'"));
	is_int(room_get(db, "!foreign", &got), ERR_CORRUPT, "one below the first, too");
}

int
main(void)
{
	db = fixture_open();
	must(db_begin(db, NULL));
	test_accounts();
	test_people();
	test_rooms();
	test_room_seen_twice();
	test_chats();
	test_roster();
	test_unsure();
	test_meta();
	test_messages();
	test_foreign();
	must(db_commit(db, NULL));
	db_close(db);
	return done_testing();
}
