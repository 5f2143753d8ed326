/* SPDX-License-Identifier: Apache-2.0 */
/* What was read is past: with what is stored then it is not opened again, and nothing that is still to come is lost. */
#include "crypt/past.h"
#include "peer.h"
#include "store/inbox.h"

#define CHANNEL	"!channel:a"
#define CHAT	"!chat:a"
#define OTHER	"!other:a"
#define DIR	"!directory:a"

static struct node a, b;

static void
meet(const char *room, enum room_kind kind)
{
	struct node *const both[] = { &a, &b };

	for (size_t i = 0; i < 2; i++) {
		node_room(both[i], room, kind);
		node_admit(both[i], room, a.user);
		node_admit(both[i], room, b.user);
	}
}

/* A says it. */
static json_t *
say(const char *room, const char *body)
{
	json_t *event = NULL;

	must(node_say(&a, room, "m.room.message", NULL, body, &event));
	node_take_all(&b);
	(void)node_run(&b);
	node_take_all(&b);
	return event;
}

static void
forget(struct node *n)
{
	bool more = true;

	must(db_begin(n->db, NULL));
	must(crypto_past_mark(n->db));
	must(db_commit(n->db, NULL));
	while (more) {
		more = false;
		must(db_begin(n->db, NULL));
		must(past_step(n->crypt, 1, &more));
		must(db_commit(n->db, NULL));
	}
}

/* By the position alone: was it ever said that it was read? */
static int
open_again(struct node *n, const char *room, const json_t *event)
{
	autoopened struct opened o = { .session_id = (char *)(uintptr_t)json_str(json_obj(event, "content"), "session_id"),
	    .pid = node_person(n, json_str(event, "sender")) };
	int r;

	must(db_begin(n->db, NULL));
	for (o.index = 0; o.index < 8; o.index++)
		must(envelope_again(n->crypt, &o));
	must(db_commit(n->db, NULL));
	o.session_id = NULL;
	r = node_reads(n, room, event);
	return r;
}

static const char *
session_of(const json_t *event)
{
	return json_str(json_obj(event, "content"), "session_id");
}

static void
test_channel(void)
{
	autojson json_t *first = say(CHANNEL, "one"), *late = say(CHANNEL, "two"), *last = say(CHANNEL, "three"), *next = NULL, *more = NULL;

	is_int(node_reads(&b, CHANNEL, first), 0, "what is said is read");
	is_int(node_reads(&b, CHANNEL, last), 0, "not all of it");
	is_int(node_reads(&a, CHANNEL, first), 0, "also by who said it");
	forget(&b);
	is_int(node_reads(&b, CHANNEL, first), E_EXISTS, "that it was read is known");
	next = say(CHANNEL, "four");
	is_str(session_of(next), session_of(first), "the session goes on");
	is_int(node_reads(&b, CHANNEL, next), 0, "what comes is read");
	is_int(node_reads(&b, CHANNEL, late), E_REFUSED, "what comes late is not: its sender says it again");
	is_int(open_again(&b, CHANNEL, first), E_REFUSED, "what was read is not opened again");
	is_int(open_again(&a, CHANNEL, first), 0, "but by who said it");
	forget(&a);
	is_int(open_again(&a, CHANNEL, first), E_REFUSED, "until that is past, too");
	more = say(CHANNEL, "five");
	ok(strcmp(session_of(more), session_of(first)) != 0, "which says more in another session");
	is_int(node_reads(&b, CHANNEL, more), 0, "that is read");
}

static void
test_chat(void)
{
	autojson json_t *first = say(CHAT, "one"), *late = say(CHAT, "two"), *last = say(CHAT, "three");

	is_int(node_reads(&b, CHAT, first), 0, "in a chat what is said is read");
	is_int(node_reads(&b, CHAT, last), 0, "not all of it");
	forget(&b);
	is_int(node_reads(&b, CHAT, late), 0, "what comes late is read: a member says it once");
	is_int(open_again(&b, CHAT, first), E_REFUSED, "what was before it is not opened again");
}

static void
test_waiting(void)
{
	autojson json_t *first = say(OTHER, "one"), *waits = say(OTHER, "two");
	struct waiting *list;
	int64_t id, lost, pid = 0;
	size_t n;

	is_int(node_reads(&b, OTHER, first), 0, "while something of a session waits");
	must(db_begin(b.db, NULL));
	must(person_id(b.db, a.user, &pid));
	must(waiting_add(b.db, &(struct waiting){ .account = (char *)(uintptr_t)"node", .room_id = (char *)(uintptr_t)OTHER,
	    .session_id = (char *)(uintptr_t)session_of(waits), .pid = pid, .raw = (char *)(uintptr_t)"{}", .at = net_now }, false, &lost));
	must(waiting_session(b.db, OTHER, session_of(waits), &list, &n));
	need(n == 1);
	id = list[0].id;
	waiting_list_free(list, n);
	must(db_commit(b.db, NULL));
	forget(&b);
	is_int(open_again(&b, OTHER, first), 0, "it is left as it is");
	must(db_begin(b.db, NULL));
	must(waiting_drop(b.db, id));
	must(db_commit(b.db, NULL));
	forget(&b);
	is_int(open_again(&b, OTHER, first), E_REFUSED, "and no longer");
}

static void
test_directory(void)
{
	autojson json_t *first = say(DIR, "one");

	is_int(node_reads(&b, DIR, first), 0, "a directory is read");
	forget(&a);
	forget(&b);
	is_int(open_again(&b, DIR, first), 0, "and can be read again");
}

int
main(void)
{
	struct crosssign_keys ka, kb;

	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_start(&b, "@b:b", "BDEV");
	node_publish(&a, &ka);
	node_publish(&b, &kb);
	meet(CHANNEL, ROOM_CHANNEL);
	meet(CHAT, ROOM_DIRECT);
	meet(OTHER, ROOM_DIRECT);
	meet(DIR, ROOM_DIRECTORY);
	test_channel();
	test_chat();
	test_waiting();
	test_directory();
	node_stop(&a);
	node_stop(&b);
	net_stop();
	return done_testing();
}
