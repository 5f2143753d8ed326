/* SPDX-License-Identifier: Apache-2.0 */
/* A homeserver answers /keys/query falsely, once, and then truly: what its owner signed counts again. */
#include "peer.h"

#define BOB	"@bob:b"

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

int
main(void)
{
	net_start();
	test_forged();
	test_forged_pinned();
	test_false_master();
	node_stop(&a);
	peer_stop(&bob);
	peer_stop(&other);
	net_stop();
	return done_testing();
}
