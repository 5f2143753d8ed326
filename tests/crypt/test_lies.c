/* SPDX-License-Identifier: Apache-2.0 */
/* A homeserver answers /keys/query falsely, once, and then truly: what its owner signed counts again. */
#include "peer.h"

#define BOB	"@bob:b"
#define MINUTE	(60 * SECOND)

static struct node a;
static struct peer bob, other;
static struct crosssign_keys kb, kother;
static int alarms;

static void
fresh(void)
{
	peer_fresh(&a, &bob, &kb, &other, BOB, "BOBDEV");
}

static size_t
learn(void)
{
	(void)node_learn(&a, BOB);
	return node_eligible(&a, BOB);
}

static json_t *
signed_entry(void)
{
	return json_deep_copy(json_obj(json_obj(net.device_keys, BOB), "BOBDEV"));
}

static void
show(json_t *entry)
{
	json_object_set(json_obj(net.device_keys, BOB), "BOBDEV", entry);
}

static int
count_alarm(void *cookie, int64_t at, const char *user, const char *device_id, const char *text)
{
	(void)cookie, (void)at, (void)user, (void)device_id;
	alarms += strstr(text, "did not sign") != NULL;
	return 0;
}

/* The device of that key is Bob's, and the only one that gets keys. */
static bool
is_eligible(const struct peer *p)
{
	struct device *list;
	size_t n;
	bool good;

	must(keys_eligible(a.crypt, node_person(&a, BOB), &list, &n));
	good = n == 1 && memcmp(list[0].ed25519, p->ed, 32) == 0 && memcmp(list[0].curve25519, p->curve, 32) == 0;
	keys_list_free(list, n);
	return good;
}

/* Other keys under Bob's device id, which a server can make by itself. */
static void
test_forged(void)
{
	autojson json_t *good = NULL;

	fresh();
	good = signed_entry();
	need(learn() == 1);
	peer_publish(&other, NULL);
	is_int((int)learn(), 0, "keys that Bob did not sign get nothing, though they are shown as his device's");
	alarms = 0;
	must(keys_alarms_each(a.crypt, count_alarm, NULL));
	is_int(alarms, 1, "the operator is told");
	show(good);
	ok(learn() == 1 && is_eligible(&bob), "and when his own are shown again, they count");
	fresh();
	good = (json_decref(good), signed_entry());
	peer_publish(&other, NULL);
	is_int((int)learn(), 0, "forged ones that come first get nothing either");
	show(good);
	ok(learn() == 1 && is_eligible(&bob), "nor stand in the way of his");
}

/* A bot, whom nobody can cross-sign. */
static void
test_forged_pinned(void)
{
	autojson json_t *good = NULL;

	fresh();
	json_object_clear(net.master_keys);
	json_object_clear(net.self_signing_keys);
	peer_publish(&bob, NULL);
	good = signed_entry();
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	need(learn() == 1);
	peer_publish(&other, NULL);
	is_int((int)learn(), 0, "other keys than the pinned one get nothing");
	show(good);
	ok(learn() == 1 && is_eligible(&bob), "the pinned one counts again");
	fresh();
	json_object_clear(net.master_keys);
	json_object_clear(net.self_signing_keys);
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	peer_publish(&other, NULL);
	need(learn() == 0);
	show(good = (json_decref(good), peer_device_keys(&bob)));
	ok(learn() == 1 && is_eligible(&bob), "also where the others came first");
}

/* Show the other's identity as Bob's. */
static void
swap_master(void)
{
	autojson json_t *upload = NULL;

	must(crosssign_make(&net_world, BOB, &kother));
	must(crosssign_upload(&kother, &upload));
	json_object_set(net.master_keys, BOB, json_obj(upload, "master_key"));
	json_object_set(net.self_signing_keys, BOB, json_obj(upload, "self_signing_key"));
}

static void
test_false_master(void)
{
	autojson json_t *master = NULL, *self = NULL;
	struct keys_doubt doubt;
	char text[44];

	fresh();
	master = json_incref(json_obj(net.master_keys, BOB));
	self = json_incref(json_obj(net.self_signing_keys, BOB));
	crosssign_master(&kb, text);
	tx(&a, keys_pin_master(a.crypt, BOB, text, NULL));
	need(learn() == 1);
	swap_master();
	is_int((int)learn(), 0, "nothing goes to a partner under another master key");
	ok(keys_doubt(a.crypt, node_person(&a, BOB), &doubt) == 0, "which is said");
	json_object_del(net.master_keys, BOB);
	ok(learn() == 0 && keys_doubt(a.crypt, node_person(&a, BOB), &doubt) == 0, "nor under none");
	json_object_set(net.master_keys, BOB, master);
	json_object_set(net.self_signing_keys, BOB, self);
	is_int((int)learn(), 1, "the one that the trust list names needs nobody's word");
	is_int(keys_doubt(a.crypt, node_person(&a, BOB), &doubt), E_NOTFOUND, "and the doubt is over");
	fresh();
	need(learn() == 1);
	json_decref(master);
	json_decref(self);
	master = json_incref(json_obj(net.master_keys, BOB));
	self = json_incref(json_obj(net.self_signing_keys, BOB));
	swap_master();
	need(learn() == 0);
	json_object_set(net.master_keys, BOB, master);
	json_object_set(net.self_signing_keys, BOB, self);
	is_int((int)learn(), 0, "of one whom no list names a person judges, whatever is shown next");
}

/* Minutes go by, and no sync says anything of Bob; with something to be said in the room, if any, every ten.  How often his list was asked for. */
static int
wait_minutes(int minutes, const char *room)
{
	int before = net.queries;

	for (int i = 1; i <= minutes; i++) {
		net_now += MINUTE;
		if (room != NULL && i % 10 == 0 && node_say(&a, room, "m.room.message", NULL, "hello", NULL) == 0)
			break;
		need(node_run(&a) >= 0);
	}
	return net.queries - before;
}

/* His devices, or the key that signs them, are left out. */
static void
test_left_out(bool devices)
{
	autojson json_t *good = NULL, *self = NULL;
	int64_t pid;
	int n;

	fresh();
	good = json_incref(json_obj(net.device_keys, BOB));
	self = json_incref(json_obj(net.self_signing_keys, BOB));
	need(learn() == 1);
	pid = node_person(&a, BOB);
	for (int lie = 1; lie <= 24 * 60; lie *= 24 * 60) {
		if (devices)
			json_object_set_new(net.device_keys, BOB, json_object());
		else
			json_object_del(net.self_signing_keys, BOB);
		need(learn() == 0);
		is_int(keys_fresh(a.crypt, pid), 0, "nothing waits for the list of one who lost their last device");
		n = wait_minutes(lie - 1, NULL);
		printf("# %d queries in %d minutes\n", n, lie);
		ok(n >= lie / 60 && n <= lie / 60 + 12, "it is asked for again, and not all the time");
		json_object_set(net.device_keys, BOB, good);
		json_object_set(net.self_signing_keys, BOB, self);
		is_int(wait_minutes(lie == 1 ? 1 : 60, NULL), 1, "a minute after the first false answer, an hour after the last of many, it is asked for once more");
		is_int((int)node_eligible(&a, BOB), 1, "and what is shown then counts");
		is_int(wait_minutes(120, NULL), 0, "it is at rest");
	}
	node_close(&a);
	node_reopen(&a);
	is_int(wait_minutes(120, NULL), 0, "also after a restart");
}

/* A year of it. */
static void
test_gone(void)
{
	fresh();
	need(learn() == 1);
	json_object_set_new(net.device_keys, BOB, json_object());
	need(learn() == 0);
	(void)wait_minutes(2 * 24 * 60, NULL);
	is_int(wait_minutes(3 * 24 * 60, NULL), 3, "whose devices are gone for good is asked for once a day");
}

/* A room waits for somebody who never had a device that may have keys. */
static void
test_room(void)
{
	autojson json_t *good = NULL;
	int n;

	fresh();
	good = signed_entry();
	node_room(&a, "!r:a", ROOM_CHANNEL);
	node_admit(&a, "!r:a", BOB);
	json_object_set_new(net.device_keys, BOB, json_object());
	is_int(node_say(&a, "!r:a", "m.room.message", NULL, "hello", NULL), E_LATER, "a room that nobody can read waits");
	n = wait_minutes(24 * 60, "!r:a");
	printf("# %d queries in a day\n", n);
	ok(n >= 24 && n <= 36, "and its reader's list is asked for again, about once an hour");
	is_int(envelope_unreadable(a.crypt, "!r:a"), 0, "why it waits stays known");
	show(good);
	(void)wait_minutes(70, "!r:a");
	is_int((int)node_eligible(&a, BOB), 1, "until there is a device");
	is_int(node_say(&a, "!r:a", "m.room.message", NULL, "hello", NULL), E_LATER, "whose key is claimed then");
	is_int(wait_minutes(600, "!r:a"), 0, "and it is not asked for any more");
}

int
main(void)
{
	net_start();
	test_forged();
	test_forged_pinned();
	test_false_master();
	test_left_out(true);
	test_left_out(false);
	test_gone();
	test_room();
	node_stop(&a);
	peer_stop(&bob);
	peer_stop(&other);
	net_stop();
	return done_testing();
}
