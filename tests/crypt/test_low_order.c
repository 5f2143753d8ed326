/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weak keys and sloppy spellings in every role, through the doors they come in
 * by (E8, E9, E10): here /keys/query and /keys/claim; test_low_order_events.c
 * has the rest.  Whatever is signed is signed as it is shown, so nothing but the
 * key or its spelling is wrong; each role is also seen to work with a good one.
 */
#include "claim.h"
#include "sloppy.h"
#include "weak.h"

#define BOB	"@bob:b"
#define ROOM	"!room:a"
#define OTK	"signed_curve25519:AAAAAQ"

enum { POINTS = 2 * LOW_ORDER };	/* And each with its top bit set. */

static struct node a;
static struct peer bob, spare;
static struct crosssign_keys kb;

static void
fresh(void)
{
	peer_fresh(&a, &bob, &kb, &spare, BOB, "SPARE");
}

static json_t *
bobs(void)
{
	return json_obj(json_obj(net.device_keys, BOB), "BOBDEV");
}

/* ---- /keys/query ---- */

static void
sign_by_self(void)
{
	char id[64] = "ed25519:";

	encode_b64(kb.pub[CROSSSIGN_SELF], 32, id + 8);
	must(sign_json(bobs(), BOB, id, kb.seed[CROSSSIGN_SELF]));
}

static void
set_key(const char *name, const char *text)
{
	json_object_set_new(json_obj(bobs(), "keys"), name, json_string(text));
	json_object_del(bobs(), "signatures");
	peer_sign(&bob, bobs());
	sign_by_self();
}

static void
show_curve(const char *text)
{
	set_key("curve25519:BOBDEV", text != NULL ? text : bob.curve_text);
}

static void
show_edward(const char *text)
{
	set_key("ed25519:BOBDEV", text != NULL ? text : bob.ed_text);
}

static void
show_signature(const json_t *object, const char *id, const char *text)
{
	json_t *by = json_obj(json_obj(object, "signatures"), BOB);

	need(json_str(by, id) != NULL);
	if (text != NULL)
		json_object_set_new(by, id, json_string(text));
}

static void
show_own_signature(const char *text)
{
	show_signature(bobs(), "ed25519:BOBDEV", text);
}

static const char *
id_of(enum crosssign_role role)
{
	static char id[2][64];

	(void)snprintf(id[role == CROSSSIGN_SELF], sizeof(id[0]), "ed25519:");
	encode_b64(kb.pub[role], 32, id[role == CROSSSIGN_SELF] + 8);
	return id[role == CROSSSIGN_SELF];
}

static void
show_cross_signature(const char *text)
{
	show_signature(bobs(), id_of(CROSSSIGN_SELF), text);
}

static void
show_identity(json_t *of, const char *usage, enum crosssign_role role, const char *text)
{
	char id[1100], good[44];
	json_t *object = json_pack("{s:s, s:[s], s:{}}", "user_id", BOB, "usage", usage, "keys");

	encode_b64(kb.pub[role], 32, good);
	(void)snprintf(id, sizeof(id), "ed25519:%s", text != NULL ? text : good);
	json_object_set_new(json_obj(object, "keys"), id, json_string(id + 8));
	must(sign_json(object, BOB, id_of(CROSSSIGN_MASTER), kb.seed[CROSSSIGN_MASTER]));
	json_object_set_new(of, BOB, object);
}

static void
show_master(const char *text)
{
	show_identity(net.master_keys, "master", CROSSSIGN_MASTER, text);
}

static void
show_self(const char *text)
{
	show_identity(net.self_signing_keys, "self_signing", CROSSSIGN_SELF, text);
}

static void
show_master_signature(const char *text)
{
	show_signature(json_obj(net.self_signing_keys, BOB), id_of(CROSSSIGN_MASTER), text);
}

static const char *
text_of(const json_t *object, const char *id)
{
	return json_str(json_obj(json_obj(object, "signatures"), BOB), id);
}

/* Bob's devices that may have keys when this is shown (NULL: the good one) and Bob's rest is in order. */
static int
eligible(void (*show)(const char *), const char *text)
{
	autojson json_t *devices = json_deep_copy(net.device_keys), *self = json_deep_copy(net.self_signing_keys);
	autojson json_t *masters = json_deep_copy(net.master_keys);
	int n;

	show(text);
	(void)node_learn(&a, BOB);
	n = (int)node_eligible(&a, BOB);
	json_object_update(net.device_keys, devices);
	json_object_update(net.self_signing_keys, self);
	json_object_update(net.master_keys, masters);
	return n;
}

static void
test_query(void)
{
	static const struct {
		const char *name;
		void (*show)(const char *);
		bool edward;
	} roles[] = {
		{ "a device's Curve25519 key", show_curve, false },
		{ "a device's Ed25519 key", show_edward, true },
		{ "a master key", show_master, true },
		{ "a self-signing key", show_self, true },
		{ "a device's own signature", show_own_signature, false },
		{ "a self-signing key's signature of a device", show_cross_signature, false },
		{ "a master key's signature", show_master_signature, false },
	};
	char text[1024], good[7][128];

	for (size_t i = 0; i < nelem(roles); i++) {
		int passed = 0;

		fresh();
		(void)snprintf(good[0], 128, "%s", bob.curve_text);
		(void)snprintf(good[1], 128, "%s", bob.ed_text);
		(void)snprintf(good[2], 128, "%s", id_of(CROSSSIGN_MASTER) + 8);
		(void)snprintf(good[3], 128, "%s", id_of(CROSSSIGN_SELF) + 8);
		(void)snprintf(good[4], 128, "%s", text_of(bobs(), "ed25519:BOBDEV"));
		(void)snprintf(good[5], 128, "%s", text_of(bobs(), id_of(CROSSSIGN_SELF)));
		(void)snprintf(good[6], 128, "%s", text_of(json_obj(net.self_signing_keys, BOB), id_of(CROSSSIGN_MASTER)));
		for (enum sloppy how = 0; how < SLOPPY; how++) {
			spoil(how, good[i], text);
			if (eligible(roles[i].show, text) != 0)
				printf("# %s passed\n", sloppy_names[how]), passed++;
		}
		is_int(passed, 0, "E10 /keys/query: %s, in %d sloppy spellings: refused", roles[i].name, SLOPPY);
		if (roles[i].edward)
			is_int(eligible(roles[i].show, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 0,
			    "E9 /keys/query: %s of small order: refused", roles[i].name);
		is_int(eligible(roles[i].show, NULL), 1, "/keys/query: %s, good and well spelled: taken", roles[i].name);
	}
}

static void
test_query_points(void)
{
	uint8_t point[32];
	char text[44];
	int passed = 0;

	fresh();
	for (size_t i = 0; i < POINTS; i++) {
		weak_point(i, point);
		encode_b64(point, 32, text);
		passed += eligible(show_curve, text);
	}
	is_int(passed, 0, "E8 /keys/query: %d spellings of the seven points as device key: refused", POINTS);
	is_int(eligible(show_curve, NULL), 1, "/keys/query: a good one is taken at last");
}

/* ---- /keys/claim ---- */

/* A key as its device signs it; ${sig}: another spelling of that signature. */
static json_t *
onetime(const char *key, bool fallback, int sloppy_sig)
{
	json_t *object = json_pack("{s:s}", "key", key);
	char text[1024];

	if (fallback)
		json_object_set_new(object, "fallback", json_true());
	peer_sign(&bob, object);
	if (sloppy_sig < SLOPPY) {
		spoil((enum sloppy)sloppy_sig, text_of(object, "ed25519:BOBDEV"), text);
		show_signature(object, "ed25519:BOBDEV", text);
	}
	return json_pack("{s:o}", OTK, object);
}

static void
steps(void)
{
	int r;

	do {
		must(db_begin(a.db, NULL));
		r = envelope_share_step(a.crypt);
		need(r >= 0);
		must(db_commit(a.db, NULL));
	} while (r == E_EXISTS);
}

static void
start_claims(void)
{
	struct out row = { 0 };

	fresh();
	claim_start(&a, ROOM, BOB, &row);
	outbox_free(&row);
}

/* How many sessions we have with Bob when the server has handed out this key (stolen). */
static int
sessions_after(json_t *given)
{
	net_now += 2 * HOUR;	/* After any back-off. */
	steps();
	claim_give(&a, BOB, "BOBDEV", given);
	steps();
	return claim_sessions(&a, &bob);
}

static void
test_claim(void)
{
	static const char *const names[] = { "one-time", "fallback" };
	uint8_t point[32];
	char text[1024];

	for (int fallback = 0; fallback < 2; fallback++) {
		int passed = 0, signed_so = 0, low = 0;

		start_claims();
		for (enum sloppy how = 0; how < SLOPPY; how++) {
			spoil(how, spare.curve_text, text);
			passed += sessions_after(onetime(text, fallback, SLOPPY));
			signed_so += sessions_after(onetime(spare.curve_text, fallback, (int)how));
		}
		is_int(passed, 0, "E10 /keys/claim: a %s key in %d sloppy spellings: refused", names[fallback], SLOPPY);
		is_int(signed_so, 0, "E10 /keys/claim: its signature in %d sloppy spellings: refused", SLOPPY);
		for (size_t i = 0; i < POINTS; i++) {
			weak_point(i, point);
			encode_b64(point, 32, text);
			low += sessions_after(onetime(text, fallback, SLOPPY));
		}
		is_int(low, 0, "E8 /keys/claim: %d spellings of the seven points as %s key: refused", POINTS,
		    names[fallback]);
		is_int(sessions_after(onetime(spare.curve_text, fallback, SLOPPY)), 1,
		    "/keys/claim: a good %s key opens a session at last", names[fallback]);
	}
}

int
main(void)
{
	net_start();
	test_query();
	test_query_points();
	test_claim();
	node_stop(&a);
	peer_stop(&bob);
	peer_stop(&spare);
	net_stop();
	return done_testing();
}
