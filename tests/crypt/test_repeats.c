/* SPDX-License-Identifier: Apache-2.0 */
/* E12: a server that hands out the same one-time key twice. */
#include "claim.h"

#define BOB	"@bob:b"
#define ROOM	"!room:a"

static struct node a;
static struct peer bob;
static struct crosssign_keys ka, kb;
static json_t *key;	/* The one that is given again and again. */

/* The server answers a claim with the key; ${spoiled}: with another signature. */
static void
give(bool spoiled)
{
	json_t *given = json_deep_copy(key);

	if (spoiled)
		json_object_set_new(json_obj(json_obj(given, "signatures"), BOB), "ed25519:BOBDEV", json_string(
		    "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ"));
	claim_give(&a, BOB, "BOBDEV", json_pack("{s:o}", "signed_curve25519:AAAAAQ", given));
	(void)node_run(&a);
}

/* Something of Bob's device that no session opens, so that a new one is wanted. */
static void
break_session(void)
{
	uint8_t junk[1 + 34 + 2 + 18 + 8] = { 3, 0x0a, 32 };
	autojson json_t *event = NULL;
	autoopened struct opened o = { 0 };
	char text[200];

	net_now += 2 * HOUR;
	(void)crypto_scalarmult_base(junk + 3, bob.curve);
	memcpy(junk + 35, "\020\000\042\020", 4);
	encode_b64(junk, sizeof(junk), text);
	event = peer_wrap(&bob, &a, 1, text);
	need(node_open(&a, event, &o, NULL) == E_REFUSED);
}

static json_t *
make_key(bool fallback)
{
	autojson json_t *onetime = NULL;
	json_t *made;

	must(ratchet_account_make_onetime(bob.account, &net_world, 1));
	must(ratchet_account_onetime(bob.account, &onetime));
	made = json_pack("{s:O}", "key", json_object_iter_value(json_object_iter(onetime)));
	if (fallback)
		json_object_set_new(made, "fallback", json_true());
	peer_sign(&bob, made);
	ratchet_account_published(bob.account);
	return made;
}

/* The session that was made last. */
static char *
newest(void)
{
	struct crypto_olm *list;
	char *id;
	size_t n;

	must(crypto_olm_list(a.db, node_person(&a, BOB), bob.curve, 1, &list, &n));
	need(n == 1);
	id = strdup(list[0].session_id);
	crypto_olm_list_free(list, n);
	return id;
}

static int
is_repeat(void *cookie, int64_t at, const char *user, const char *device, const char *text)
{
	(void)at, (void)user, (void)device;
	*(bool *)cookie |= strstr(text, "given to us before") != NULL;
	return 0;
}

static bool
alarmed(void)
{
	bool found = false;

	must(keys_alarms_each(a.crypt, is_repeat, &found));
	return found;
}

int
main(void)
{
	struct out row = { 0 };

	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_publish(&a, &ka);
	peer_start(&bob, BOB, "BOBDEV");
	peer_publish(&bob, &kb);
	key = make_key(false);

	claim_start(&a, ROOM, BOB, &row);
	outbox_free(&row);

	give(false);
	is_int(claim_sessions(&a, &bob), 1, "E12 a one-time key makes a session");
	break_session();
	give(true);
	is_int(claim_sessions(&a, &bob), 1, "E12 the same again, but not signed so: no second session");
	break_session();
	give(false);
	is_int(claim_sessions(&a, &bob), 1, "E12 the same again, signed: no second session either");
	ok(alarmed(), "E12 the operator is told");
	for (int i = 0; i < 2 * CRYPTO_SESSIONS; i++) {
		json_decref(key);
		key = make_key(false);
		break_session();
		give(false);
	}
	is_int(claim_sessions(&a, &bob), CRYPTO_SESSIONS, "E12 fresh keys, ten times: no more sessions are kept than ever");
	json_decref(key);
	key = make_key(true);
	for (int i = 0; i < 2; i++) {
		autofree char *before = newest(), *after = NULL;

		break_session();
		give(false);
		after = newest();
		ok(strcmp(after, before) != 0, "E12 a fallback key, %s: a session", i == 0 ? "once" : "and again");
	}
	json_decref(key);
	node_stop(&a);
	peer_stop(&bob);
	net_stop();
	return done_testing();
}
