/* SPDX-License-Identifier: Apache-2.0 */
/* What servers may hand out as a one-time key (E8, E10, E11); the same one again: test_repeats.c. */
#include "claim.h"

#define BOB	"@bob:b"

static struct node a;
static struct peer bob, eve;
static struct crosssign_keys kb;

static void
fresh(void)
{
	peer_fresh(&a, &bob, &kb, &eve, "@eve:e", "EVEDEV");
}

static int
is_about_key(void *cookie, int64_t at, const char *user, const char *device, const char *text)
{
	(void)at, (void)user, (void)device;
	*(bool *)cookie |= strstr(text, "one-time key") != NULL;
	return 0;
}

static bool
alarmed(void)
{
	bool found = false;

	must(keys_alarms_each(a.crypt, is_about_key, &found));
	return found;
}

static json_t *
onetime(struct peer *p, const char *key)
{
	json_t *object = json_pack("{s:s}", "key", key);

	peer_sign(p, object);
	return object;
}

/* Ask for Bob's key and answer with what ${make} gives. */
static int
sessions_after(json_t *(*make)(void))
{
	struct out row = { 0 };

	fresh();
	claim_start(&a, "!r", BOB, &row);
	claim_give(&a, BOB, "BOBDEV", make());
	is_int(claim_seal(&a, &row), E_LATER, "the event waits");
	outbox_free(&row);
	return claim_sessions(&a, &bob);
}

static json_t *
make_good(void)
{
	return json_pack("{s:o}", "signed_curve25519:AAAAAQ", onetime(&bob, eve.curve_text));
}

static json_t *
make_unsigned(void)
{
	return json_pack("{s:{s:s}}", "signed_curve25519:AAAAAQ", "key", eve.curve_text);
}

static json_t *
make_by_other(void)
{
	json_t *object = json_pack("{s:s}", "key", eve.curve_text);
	struct peer liar = eve;

	liar.user = BOB;
	liar.device = "BOBDEV";
	peer_sign(&liar, object);
	return json_pack("{s:o}", "signed_curve25519:AAAAAQ", object);
}

static json_t *
make_algorithm(void)
{
	return json_pack("{s:o}", "curve25519:AAAAAQ", onetime(&bob, eve.curve_text));
}

static json_t *
make_several(void)
{
	return json_pack("{s:o, s:o}", "signed_curve25519:AAAAAQ", onetime(&bob, eve.curve_text),
	    "signed_curve25519:AAAAAg", onetime(&bob, eve.ed_text));
}

static json_t *
make_small_order(void)
{
	return json_pack("{s:o}", "signed_curve25519:AAAAAQ",
	    onetime(&bob, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

static json_t *
make_padded(void)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s=", eve.curve_text);
	return json_pack("{s:o}", "signed_curve25519:AAAAAQ", onetime(&bob, text));
}

static void
test_claims(void)
{
	autojson json_t *body = NULL;

	is_int(sessions_after(make_good), 1, "a one-time key signed by its device makes a session");
	is_int(sessions_after(make_unsigned), 0, "E11 unsigned");
	ok(alarmed(), "alarm");
	is_int(sessions_after(make_by_other), 0, "E11 signed by another device");
	is_int(sessions_after(make_algorithm), 0, "E11 another algorithm");
	is_int(sessions_after(make_several), 0, "E11 several keys");
	is_int(sessions_after(json_object), 0, "E11 none");
	is_int(sessions_after(json_array), 0, "E11 no object");
	is_int(sessions_after(make_small_order), 0, "E8 of small order");
	is_int(sessions_after(make_padded), 0, "E10 padded");
	must(db_begin(a.db, NULL));
	is_int(keys_claim_due(a.crypt, &body), E_NOTFOUND, "a failed claim is not repeated at once");
	must(db_commit(a.db, NULL));
	net_now += 2 * SECOND;
	must(db_begin(a.db, NULL));
	is_int(envelope_share_step(a.crypt), E_EXISTS, "after the back-off");
	is_int(keys_claim_due(a.crypt, &body), 0, "it is");
	must(keys_claim_failed(a.crypt, body));
	json_decref(take(body));
	is_int(keys_claim_due(a.crypt, &body), E_NOTFOUND, "and backs off when nobody answers");
	must(db_commit(a.db, NULL));
}

int
main(void)
{
	net_start();
	test_claims();
	node_stop(&a);
	peer_stop(&bob);
	peer_stop(&eve);
	net_stop();
	return done_testing();
}
