/* SPDX-License-Identifier: Apache-2.0 */
/* What servers may say of devices, and what is believed (cases E1 to E16; E4: test_twins.c; E11 and E12: test_claims.c, test_repeats.c). */
#include "peer.h"

#define BOB	"@bob:b"

static struct node a;
static struct peer bob, eve;
static struct crosssign_keys kb, ke;

static void
fresh(void)
{
	peer_fresh(&a, &bob, &kb, &eve, "@eve:e", "EVEDEV");
}

static json_t *
bobs(void)
{
	return json_obj(json_obj(net.device_keys, BOB), "BOBDEV");
}

static size_t
learn(void)
{
	(void)node_learn(&a, BOB);
	return node_eligible(&a, BOB);
}

struct finding {
	char	text[2000];
	int	n;
};

static int
note_alarm(void *cookie, int64_t at, const char *user, const char *device_id, const char *text)
{
	struct finding *f = cookie;
	size_t len = strlen(f->text);

	(void)at;
	f->n++;
	(void)snprintf(f->text + len, sizeof(f->text) - len, "%s %s: %s; ", user, device_id, text);
	return 0;
}

static bool
alarmed(const char *word)
{
	struct finding f = { .n = 0 };

	must(keys_alarms_each(a.crypt, note_alarm, &f));
	return strstr(f.text, word) != NULL;
}

static int
note_why(void *cookie, const char *device_id, const char *fingerprint, bool eligible, const char *why)
{
	struct finding *f = cookie;
	size_t len = strlen(f->text);

	f->n++;
	(void)snprintf(f->text + len, sizeof(f->text) - len, "%s %zu %d %s; ", device_id,
	    strlen(fingerprint), eligible, why);
	return 0;
}

static bool
explained(const char *word)
{
	struct finding f = { .n = 0 };

	must(keys_explain(a.crypt, BOB, note_why, &f));
	return strstr(f.text, word) != NULL;
}

static void
test_good(void)
{
	fresh();
	is_int((int)learn(), 1, "a cross-signed device is eligible");
	ok(explained("first seen"), "on first use");
	ok(!alarmed(":"), "no alarm");
}

static void
set_signature(const char *value)
{
	json_object_set_new(json_obj(json_obj(bobs(), "signatures"), BOB), "ed25519:BOBDEV",
	    json_string(value));
}

static const char *
own_signature(void)
{
	return json_str(json_obj(json_obj(bobs(), "signatures"), BOB), "ed25519:BOBDEV");
}

/* E1 */
static void
test_signature(void)
{
	char sig[128];

	fresh();
	(void)snprintf(sig, sizeof(sig), "%s", own_signature());
	sig[20] = sig[20] == 'A' ? 'B' : 'A';
	set_signature(sig);
	is_int((int)learn(), 0, "E1 a bad signature");
	fresh();
	(void)snprintf(sig, sizeof(sig), "%sAAAA", own_signature());
	set_signature(sig);
	is_int((int)learn(), 0, "E1 garbage after the signature");
	fresh();
	(void)snprintf(sig, sizeof(sig), "%.40s", own_signature());
	set_signature(sig);
	is_int((int)learn(), 0, "E1 a short signature");
	fresh();
	json_object_del(json_obj(json_obj(bobs(), "signatures"), BOB), "ed25519:BOBDEV");
	is_int((int)learn(), 0, "E1 no signature");
	fresh();
	json_object_set_new(json_obj(bobs(), "keys"), "extra", json_string("x"));
	is_int((int)learn(), 0, "E1 anything added");
}

/* Sign again after a change, by the device and by Bob. */
static void
resign_by(struct peer *p)
{
	autojson json_t *keys = json_deep_copy(bobs());
	char id[64] = "ed25519:";

	json_object_del(keys, "signatures");
	peer_sign(p, keys);
	encode_b64(kb.pub[CROSSSIGN_SELF], 32, id + 8);
	must(sign_json(keys, BOB, id, kb.seed[CROSSSIGN_SELF]));
	json_object_set(json_obj(net.device_keys, BOB), "BOBDEV", keys);
}

static void
resign(void)
{
	resign_by(&bob);
}

/* E2, E8, E9, E10 */
static void
test_names_and_points(void)
{
	static const uint8_t zero[32], one[32] = { 1 };
	char text[64];

	fresh();
	json_object_set_new(bobs(), "user_id", json_string("@other:b"));
	resign();
	is_int((int)learn(), 0, "E2 another user inside");
	fresh();
	json_object_set_new(bobs(), "device_id", json_string("OTHER"));
	resign();
	is_int((int)learn(), 0, "E2 another device inside");
	fresh();
	encode_b64(zero, 32, text);
	json_object_set_new(json_obj(bobs(), "keys"), "curve25519:BOBDEV", json_string(text));
	resign();
	is_int((int)learn(), 0, "E8 a Curve25519 key of small order");
	fresh();
	encode_b64(one, 32, text);
	json_object_set_new(json_obj(bobs(), "keys"), "ed25519:BOBDEV", json_string(text));
	resign();
	is_int((int)learn(), 0, "E9 an Ed25519 key of small order");
	fresh();
	(void)snprintf(text, sizeof(text), "%s=", bob.curve_text);
	json_object_set_new(json_obj(bobs(), "keys"), "curve25519:BOBDEV", json_string(text));
	resign();
	is_int((int)learn(), 0, "E10 a padded key");
	fresh();
	json_object_set_new(bobs(), "algorithms", json_array());
	resign();
	is_int((int)learn(), 0, "a device that speaks no Olm");
	fresh();
	json_object_set_new(bobs(), "unsigned", json_pack("{s:s}", "device_display_name", "x"));
	resign();
	is_int((int)learn(), 1, "what is unsigned does not matter");
}

/* E3 */
static void
test_changed_keys(void)
{
	struct peer other;
	char spaced[128];

	fresh();
	need(learn() == 1);
	peer_start(&other, BOB, "BOBDEV");
	peer_publish(&other, NULL);
	resign_by(&other);
	is_int((int)learn(), 0, "E3 the device shows other keys, signed by its owner");
	ok(alarmed("keys changed"), "alarm");
	json_object_del(json_obj(net.device_keys, BOB), "BOBDEV");
	peer_publish(&bob, NULL);
	resign();
	is_int((int)learn(), 0, "and stays refused when it shows the old ones again");
	ok(explained("keys changed"), "which is explained");
	must(db_begin(a.db, NULL));
	is_int(keys_pin(a.crypt, BOB, "BOBDEV", "nonsense", NULL), E_BAD, "a bad fingerprint is not taken");
	(void)snprintf(spaced, sizeof(spaced), "%.20s  %s", bob.ed_text, bob.ed_text + 20);
	must(keys_pin(a.crypt, BOB, "BOBDEV", spaced, NULL));
	must(db_commit(a.db, NULL));
	is_int((int)node_eligible(&a, BOB), 1, "until an operator confirms its fingerprint");
	ok(explained("pinned by its fingerprint"), "which is explained too");

	memcpy(bob.curve_text, other.curve_text, sizeof(bob.curve_text));
	peer_publish(&bob, NULL);
	resign();
	is_int((int)learn(), 0, "E3 another Curve25519 key alone is a change");
	peer_publish(&other, NULL);
	need(learn() == 0);
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", other.ed_text, NULL));
	is_int((int)learn(), 1, "or pins the new one");
	peer_stop(&other);
}

/* Show this key of ${k} as Bob's self-signing key and sign his device with it. */
static void
swap_self(struct crosssign_keys *k, const char *name, enum crosssign_role role)
{
	autojson json_t *upload = NULL;
	char id[64] = "ed25519:";

	must(crosssign_upload(k, &upload));
	json_object_set(net.self_signing_keys, BOB, json_obj(upload, name));
	encode_b64(k->pub[role], 32, id + 8);
	must(sign_json(bobs(), BOB, id, k->seed[role]));
}

/* E5 */
static void
test_cross_signing(void)
{
	char id[64] = "ed25519:";

	fresh();
	json_object_del(net.self_signing_keys, BOB);
	is_int((int)learn(), 0, "E5 no self-signing key");
	ok(explained("not signed"), "explained");
	fresh();
	json_object_del(net.master_keys, BOB);
	is_int((int)learn(), 0, "E5 no master key");
	ok(explained("no cross-signing identity"), "explained");
	fresh();
	encode_b64(kb.pub[CROSSSIGN_SELF], 32, id + 8);
	json_object_del(json_obj(json_obj(bobs(), "signatures"), BOB), id);
	is_int((int)learn(), 0, "E5 a device that is not cross-signed");
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	is_int((int)learn(), 1, "but pinned by its fingerprint");
	/* The server's own identity, with which it signs the device, under Bob's master key. */
	fresh();
	must(crosssign_make(&net_world, BOB, &ke));
	swap_self(&ke, "self_signing_key", CROSSSIGN_SELF);
	is_int((int)learn(), 0, "E5 a self-signing key under another master key");
	fresh();
	swap_self(&kb, "user_signing_key", CROSSSIGN_USER);
	is_int((int)learn(), 0, "a user-signing key is no self-signing key");
	fresh();
	json_object_set(net.self_signing_keys, BOB, json_obj(net.master_keys, BOB));
	is_int((int)learn(), 0, "a master key is no self-signing key");
}

/* E6 */
static void
test_master_changed(void)
{
	char master[44], old[44];
	struct keys_doubt doubt;

	fresh();
	crosssign_master(&kb, old);
	tx(&a, keys_pin_master(a.crypt, BOB, old, NULL));
	need(learn() == 1);
	ok(explained("pinned identity"), "a pinned identity");
	net_identity(BOB, "BOBDEV", &kb);
	is_int((int)learn(), 0, "E6 the master key changed");
	ok(keys_doubt(a.crypt, node_person(&a, BOB), &doubt) == 0 && strcmp(doubt.held, old) == 0 && *doubt.shown != '\0', "which one is shown, is known");
	ok(explained("confirm it with the person"), "explained");
	crosssign_master(&kb, master);
	tx(&a, keys_pin_master(a.crypt, BOB, master, NULL));
	is_int((int)learn(), 1, "until it is pinned");
	net_identity(BOB, "BOBDEV", &kb);
	need(learn() == 0);
	fresh();
	need(learn() == 1);
	net_identity(BOB, "BOBDEV", &kb);
	is_int((int)learn(), 0, "E6 likewise for one taken on first use");
	must(db_begin(a.db, NULL));
	is_int(keys_pin_master(a.crypt, BOB, "short", NULL), E_BAD, "a malformed master key");
	is_int(keys_pin_master(a.crypt, "bob", old, NULL), E_BAD, "a malformed user");
	must(db_commit(a.db, NULL));
}

/* A second device of Bob's account, signed by the identity that his homeserver shows. */
static void
add_device(struct peer *p)
{
	autojson json_t *keys = peer_device_keys(p), *signatures = NULL;

	must(crosssign_sign_device(&kb, keys, &signatures));
	json_object_set(json_obj(net.device_keys, BOB), p->device, json_obj(json_obj(signatures, BOB), p->device));
}

/* Whom the trust list knows by devices alone has no identity, and gets none from a homeserver. */
static void
test_no_master(void)
{
	struct keys_doubt doubt;
	struct peer evil;
	char master[44];

	fresh();
	peer_start(&evil, BOB, "EVIL");
	add_device(&evil);
	tx(&a, keys_pin_master(a.crypt, BOB, NULL, NULL));
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	is_int((int)learn(), 1, "only the pinned device of whom the list gives no master key");
	ok(explained("EVIL 43 0 the user has no cross-signing identity"), "the one that is signed under a key that the server shows is refused");
	is_int(keys_identity(a.crypt, node_person(&a, BOB), master), E_NOTFOUND, "no key is taken for theirs");
	tx(&a, keys_pin_master(a.crypt, BOB, NULL, NULL));
	net_identity(BOB, "BOBDEV", &kb);
	add_device(&evil);
	is_int((int)learn(), 1, "nor under the next that it shows");
	is_int(keys_doubt(a.crypt, node_person(&a, BOB), &doubt), E_NOTFOUND, "and nobody is asked which one counts");
	crosssign_master(&kb, master);
	tx(&a, keys_pin_master(a.crypt, BOB, master, NULL));
	is_int((int)learn(), 2, "once the list gives one, what is signed under it counts");
	tx(&a, keys_pin_master(a.crypt, BOB, NULL, NULL));
	is_int((int)node_eligible(&a, BOB), 1, "until it gives none: at once, whatever the server says next");
	peer_stop(&evil);

	fresh();
	need(learn() == 1);
	net_identity(BOB, "BOBDEV", &kb);
	need(learn() == 0 && keys_doubt(a.crypt, node_person(&a, BOB), &doubt) == 0);
	tx(&a, keys_pin_master(a.crypt, BOB, NULL, NULL));
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	ok(node_query(&a), "one that was taken on first use, and changed: the devices are asked for again");
	is_int((int)node_eligible(&a, BOB), 1, "and it does not stand in the pinned one's way");
}

/* A signature that counts no more says of a device that is gone neither that its key was its own. */
static void
test_no_master_twin(void)
{
	fresh();
	memcpy(eve.curve_text, bob.curve_text, sizeof(eve.curve_text));
	need(learn() == 1);
	json_object_clear(json_obj(net.device_keys, BOB));
	need(learn() == 0);
	tx(&a, keys_pin_master(a.crypt, BOB, NULL, NULL));
	peer_publish(&eve, NULL);
	tx(&a, keys_pin(a.crypt, eve.user, eve.device, eve.ed_text, NULL));
	(void)node_learn(&a, eve.user);
	is_int((int)node_eligible(&a, eve.user), 1, "a key counts as the pinned device's that shows it");
}

/* E7 */
static void
test_device_named_like_key(void)
{
	struct peer odd;
	char master[44];

	fresh();
	crosssign_master(&kb, master);
	peer_start(&odd, BOB, master);
	json_object_set_new(json_obj(net.device_keys, BOB), master, peer_device_keys(&odd));
	is_int((int)learn(), 1, "E7 a device named like the master key is not a device");
	ok(alarmed("cross-signing key"), "alarm");
	peer_stop(&odd);
}

/* E13, E14 */
static void
test_overlap(void)
{
	autojson json_t *first = NULL, *second = NULL, *early = NULL, *late = NULL;
	int64_t g1, g2, pid;

	fresh();
	pid = node_person(&a, BOB);
	must(db_begin(a.db, NULL));
	must(keys_track(a.crypt, pid));
	must(keys_query_due(a.crypt, &first, &g1));
	early = net_query(first);
	json_object_clear(json_obj(json_obj(early, "device_keys"), BOB));
	must(keys_query_due(a.crypt, &second, &g2));
	late = net_query(second);
	must(keys_query_answer(a.crypt, second, g2, late, NULL));
	must(keys_query_answer(a.crypt, first, g1, early, NULL));
	must(db_commit(a.db, NULL));
	is_int((int)node_eligible(&a, BOB), 1, "E13 of two answers in reverse order the newer wins");

	json_decref(take(first));
	json_decref(take(early));
	must(db_begin(a.db, NULL));
	must(keys_changed(a.crypt, BOB));
	must(keys_query_due(a.crypt, &first, &g1));
	must(keys_changed(a.crypt, BOB));
	early = net_query(first);
	must(keys_query_answer(a.crypt, first, g1, early, NULL));
	is_int(keys_fresh(a.crypt, pid), E_LATER, "a change during the query leaves the list outdated");
	must(db_commit(a.db, NULL));
	node_close(&a);
	node_reopen(&a);
	is_int(keys_fresh(a.crypt, pid), E_LATER, "E14 also after a crash");
	(void)node_query(&a);
	is_int(keys_fresh(a.crypt, pid), 0, "until asked again");
}

static void
test_failures(void)
{
	autojson json_t *body = NULL, *answer = NULL, *junk = json_array();
	int64_t gen, pid;

	fresh();
	pid = node_person(&a, BOB);
	must(db_begin(a.db, NULL));
	must(keys_track(a.crypt, pid));
	must(keys_query_due(a.crypt, &body, &gen));
	is_int(keys_query_answer(a.crypt, body, gen, junk, NULL), E_BAD, "an answer of another form");
	must(keys_query_failed(a.crypt, body, net_now));
	json_decref(take(body));
	is_int(keys_query_due(a.crypt, &body, &gen), E_NOTFOUND, "a failed query waits");
	is_int(keys_next(a.crypt), net_now + SECOND, "one second");
	net_now += SECOND;
	must(keys_query_due(a.crypt, &body, &gen));
	answer = net_query(body);
	json_object_del(json_obj(answer, "device_keys"), BOB);
	must(keys_query_answer(a.crypt, body, gen, answer, NULL));
	is_int(keys_next(a.crypt), net_now + 2 * SECOND, "a server that did not answer: two");
	must(keys_changed(a.crypt, BOB));
	is_int(keys_next(a.crypt), 0, "an announced change asks at once");
	must(keys_changed(a.crypt, "@nobody:x"));
	must(keys_changed(a.crypt, "charlie"));
	must(keys_left(a.crypt, "@nobody:x"));
	must(db_commit(a.db, NULL));
}

/* E16 */
static void
test_crowd(void)
{
	struct peer spare;
	char name[300][16];

	fresh();
	spare = bob;
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "D%03d", i);
		spare.device = name[i];
		if (i % 60 == 0)
			json_object_set_new(json_obj(net.device_keys, BOB), name[i], peer_device_keys(&spare));
		else
			json_object_set_new(json_obj(net.device_keys, BOB), name[i], json_object());
	}
	peer_publish(&eve, &ke);
	tx(&a, keys_track(a.crypt, node_person(&a, BOB)));
	tx(&a, keys_track(a.crypt, node_person(&a, "@eve:e")));
	ok(node_query(&a), "asked for both at once");
	ok(alarmed("more devices"), "E16 a crowd of devices is cut and reported");
	is_int((int)node_eligible(&a, "@eve:e"), 1, "others are served");
}

int
main(void)
{
	net_start();
	test_good();
	test_signature();
	test_names_and_points();
	test_changed_keys();
	test_cross_signing();
	test_master_changed();
	test_no_master();
	test_no_master_twin();
	test_device_named_like_key();
	test_overlap();
	test_failures();
	test_crowd();
	node_stop(&a);
	peer_stop(&bob);
	peer_stop(&eve);
	net_stop();
	return done_testing();
}
