/* SPDX-License-Identifier: Apache-2.0 */
/* An Olm session breaks: who could not open something says so by a fresh one, and has what was said to them in this session after all. */
#include "net.h"
#include "store/devicestore.h"

#define ROOM	"!channel:a"
#define OTHER	"!other:a"

static struct node a, b, late;
static struct crosssign_keys ka, kb, kl;

static void
enter(struct node *n, const char *room_id)
{
	node_room(n, room_id, ROOM_CHANNEL);
	node_admit(n, room_id, a.user);
	node_admit(n, room_id, n->user);
	if (n != &a)
		node_admit(&a, room_id, n->user);
}

/* What A sends is taken, and what comes of it on both sides. */
static void
settle(struct node *n)
{
	for (int i = 0; i < 3; i++) {
		node_take_all(n);
		(void)node_run(n);
		node_take_all(&a);
		(void)node_run(&a);
	}
}

/* Its store forgets the sessions that A has with it, and when one was mended. */
static void
lose(struct node *n)
{
	autodevice struct crypto_device d = { 0 };

	must(crypto_device_get(n->db, node_person(n, a.user), a.device, &d));
	d.mended_at = 0;
	tx(n, crypto_device_put(n->db, &d));
	tx(n, db_run(n->db, Q_CRYPT_OLM_CLEAR, ""));
}

static json_t *
said(const char *room_id, const char *text)
{
	json_t *event = NULL;

	need(node_say(&a, room_id, "m.room.message", NULL, text, &event) == 0);
	return event;
}

static void
test_again(void)
{
	autojson json_t *first = said(ROOM, "one"), *back = NULL, *three = NULL, *four = NULL, *five = NULL;
	int shares;

	settle(&b);
	is_int(node_reads(&b, ROOM, first), 0, "B reads A");
	need(node_say(&b, ROOM, "m.room.message", NULL, "two", &back) == 0);
	settle(&b);
	is_int(node_reads(&a, ROOM, back), 0, "A reads B");

	lose(&b);
	tx(&a, envelope_rotate(a.crypt, ROOM));
	three = said(ROOM, "three");
	four = said(ROOM, "four");
	node_take_all(&b);
	is_int(node_reads(&b, ROOM, three), E_LATER, "a key in a session that broke opens nothing");
	settle(&b);
	ok(node_reads(&b, ROOM, three) == 0 && node_reads(&b, ROOM, four) == 0, "B makes a fresh one, and has the key again from its beginning");

	lose(&b);
	shares = a.shares;
	tx(&a, envelope_rotate(a.crypt, ROOM));
	five = said(ROOM, "five");
	settle(&b);
	is_int(a.shares, shares + 1, "within the hour nothing goes twice");
	is_int(node_reads(&b, ROOM, five), E_LATER, "so that nobody has keys sealed without end");
	lose(&b);
	net_now += HOUR;
	tx(&a, envelope_rotate(a.crypt, OTHER));
	json_decref(said(OTHER, "elsewhere"));
	settle(&b);
	is_int(node_reads(&b, ROOM, five), 0, "after it, again");
}

/* Who came in the middle of a session has its key from there, or from where it is when it goes again: never from further back. */
static void
test_late(void)
{
	autojson json_t *before = said(ROOM, "before"), *after = NULL, *last = NULL, *elsewhere = NULL;

	enter(&late, ROOM);
	after = said(ROOM, "after");
	need(strcmp(json_str(json_obj(before, "content"), "session_id"), json_str(json_obj(after, "content"), "session_id")) == 0);
	settle(&late);
	ok(node_reads(&late, ROOM, after) == 0 && node_reads(&late, ROOM, before) == E_REFUSED, "who comes later reads from then on");
	need(node_say(&late, ROOM, "m.room.message", NULL, "hello", NULL) == 0);
	settle(&late);

	lose(&late);
	net_now += HOUR;
	enter(&late, OTHER);
	tx(&a, envelope_rotate(a.crypt, OTHER));
	elsewhere = said(OTHER, "elsewhere");
	settle(&late);
	last = said(ROOM, "last");
	ok(node_reads(&late, OTHER, elsewhere) == 0 && node_reads(&late, ROOM, last) == 0, "after a session broke too");
	is_int(node_reads(&late, ROOM, before), E_REFUSED, "and no further back");
}

int
main(void)
{
	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_start(&b, "@b:b", "BDEV");
	node_start(&late, "@late:c", "LATE");
	node_publish(&a, &ka);
	node_publish(&b, &kb);
	node_publish(&late, &kl);
	enter(&a, ROOM);
	enter(&a, OTHER);
	enter(&b, ROOM);
	enter(&b, OTHER);
	test_again();
	test_late();
	node_stop(&a);
	node_stop(&b);
	node_stop(&late);
	net_stop();
	return done_testing();
}
