/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody shows another's Curve25519 key as their own: E4, and docs/adr/0036.  It takes nothing from its owner, whoever comes first, and
 * gives nothing to who shows it.
 */
#include "claim.h"

#define BOB	"@bob:b"
#define EVE	"@eve:e"

static struct node a;
static struct peer bob, eve;
static struct crosssign_keys ka, kb, ke;
static char true_curve[44];
static struct err why;

/* Nobody is known to the node; Eve is not published. */
static void
fresh(void)
{
	peer_fresh(&a, &bob, &kb, &eve, EVE, "EVEDEV");
	node_publish(&a, &ka);
	memcpy(true_curve, eve.curve_text, sizeof(true_curve));
}

/* Eve shows Bob's key, under an identity of her own or under none. */
static void
steal(struct crosssign_keys *k)
{
	memcpy(eve.curve_text, bob.curve_text, sizeof(eve.curve_text));
	peer_publish(&eve, k);
}

static size_t
learn(const char *user)
{
	(void)node_learn(&a, user);
	return node_eligible(&a, user);
}

static bool
stand(size_t bobs, size_t eves)
{
	size_t b = node_eligible(&a, BOB), e = node_eligible(&a, EVE);

	if (b != bobs || e != eves)
		printf("# Bob has %zu, Eve has %zu\n", b, e);
	return b == bobs && e == eves;
}

static int
note_why(void *cookie, const char *device_id, const char *fingerprint, bool eligible, const char *text)
{
	struct err *ret = cookie;

	(void)device_id, (void)fingerprint, (void)eligible;
	(void)snprintf(ret->text, sizeof(ret->text), "%s", text);
	return 0;
}

static bool
explained(const char *user, const char *word)
{
	struct err said = { "" };

	must(keys_explain(a.crypt, user, note_why, &said));
	return strstr(said.text, word) != NULL;
}

static int
count_alarm(void *cookie, int64_t at, const char *user, const char *device_id, const char *text)
{
	(void)at, (void)device_id;
	*(int *)cookie += strcmp(user, EVE) == 0 && strstr(text, "also another device's") != NULL;
	return 0;
}

static json_t *
letter(struct peer *p)
{
	return peer_letter(p, &a, peer_inner(p, &a, "t", NULL));
}

/* Bob speaks: he is heard, and as himself. */
static void
bob_speaks(bool trusted, const char *name)
{
	bool got;
	int r;

	peer_meet(&bob, &a);
	r = node_hear(&a, letter(&bob), &why, &got);
	ok(r == 0 && got == trusted, "%s", name);
	if (r != 0 || got != trusted)
		printf("# %d %d %s\n", r, got, why.text);
}

static void
test_after(void)
{
	int alarms = 0;

	fresh();
	need(learn(BOB) == 1);
	steal(NULL);
	(void)learn(EVE);
	ok(stand(1, 0), "E4 a stranger who shows a member's key takes nothing from them");
	ok(explained(EVE, "also another device's"), "and has nothing of it");
	must(keys_alarms_each(a.crypt, count_alarm, &alarms));
	is_int(alarms, 1, "the operator is told who did it");
	bob_speaks(true, "Bob is heard");
	steal(&ke);
	(void)learn(EVE);
	ok(stand(1, 0), "nor does one with an identity");
	fresh();
	(void)node_person(&a, EVE);
	need(learn(BOB) == 1);
	steal(&ke);
	(void)learn(EVE);
	ok(stand(1, 0), "nor one of whom we heard before, without that key");
	tx(&a, keys_pin(a.crypt, EVE, "EVEDEV", eve.ed_text, NULL));
	ok(stand(0, 1), "whom an operator pinned has it, of two of whom nobody knows more");
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	bob_speaks(true, "but it is whose who speaks with it");
	ok(stand(1, 0), "and then no other's");
}

/* What her client may try with Bob's key. */
static void
test_speaking(void)
{
	json_t *event;
	int r;

	fresh();
	need(learn(BOB) == 1);
	steal(&ke);
	(void)learn(EVE);
	peer_meet(&bob, &a);
	event = letter(&bob);
	json_object_set_new(event, "sender", json_string(EVE));
	r = node_hear(&a, event, &why, NULL);
	ok(r == E_REFUSED && strstr(why.text, "sender within") != NULL, "what Bob wrote is not hers, though his key is in her list");
	peer_meet(&eve, &a);
	r = node_hear(&a, letter(&eve), &why, NULL);
	ok(r == E_REFUSED && strstr(why.text, "not the one within") != NULL, "what she writes is not under his key");
	event = letter(&eve);
	json_object_set_new(event, "sender", json_string(BOB));
	r = node_hear(&a, event, &why, NULL);
	ok(r == E_REFUSED && strstr(why.text, "not the one within") != NULL, "nor in his name");
	ok(stand(1, 0), "and nothing of it proves anything");
	bob_speaks(true, "Bob is heard still");
	event = letter(&bob);
	r = node_hear(&a, json_incref(event), &why, NULL);
	need(r == 0);
	json_object_set_new(event, "sender", json_string(EVE));
	ok(node_hear(&a, event, &why, NULL) != 0 && stand(1, 0), "nor does it, sent on by her");
}

static void
test_before(void)
{
	char master[44];

	fresh();
	steal(&ke);
	is_int((int)learn(EVE), 1, "she shows it before we know of him");
	ok((int)learn(BOB) == 0 && stand(0, 1), "of two the first has it");
	bob_speaks(true, "until he speaks");
	ok(stand(1, 0), "which nobody else can");
	(void)learn(EVE);
	(void)learn(BOB);
	ok(stand(1, 0), "from then on it is his");

	fresh();
	steal(&ke);
	need(learn(EVE) == 1 && learn(BOB) == 0);
	crosssign_master(&kb, master);
	tx(&a, keys_pin_master(a.crypt, BOB, master, NULL));
	ok(stand(1, 0), "whom the trust list names has it, whoever came first");

	fresh();
	steal(&ke);
	need(learn(EVE) == 1 && learn(BOB) == 0);
	json_object_clear(json_obj(net.device_keys, EVE));
	tx(&a, keys_pin(a.crypt, EVE, "EVEDEV", bob.ed_text, NULL));
	is_int((int)learn(BOB), 1, "and whoever is left, when what was known of her device is given up");

	fresh();
	steal(NULL);
	(void)learn(EVE);
	ok(learn(BOB) == 1 && stand(1, 0), "who is signed has it before one who is not");

	fresh();
	steal(&ke);
	need(learn(EVE) == 1);
	peer_meet(&bob, &a);
	is_int(node_hear(&a, letter(&bob), &why, NULL), E_LATER, "his first word, while only she is known by that key, waits for his list");
	net_now += SECOND;
	ok(node_query(&a), "which is asked for");
	bob_speaks(true, "then he is heard");
	ok(stand(1, 0), "and the key is his");
}

/* Nobody signed either. */
static void
test_unsigned(void)
{
	fresh();
	peer_publish(&bob, NULL);
	json_object_clear(net.master_keys);
	json_object_clear(net.self_signing_keys);
	steal(NULL);
	(void)learn(EVE);
	(void)learn(BOB);
	ok(explained(BOB, "also another device's"), "of two that nobody signed the first has it");
	json_object_clear(json_obj(net.device_keys, EVE));
	(void)learn(EVE);
	ok(explained(BOB, "no cross-signing identity"), "the other once that is gone");
	steal(NULL);
	(void)learn(EVE);
	ok(explained(BOB, "no cross-signing identity") && explained(EVE, "also another device's"), "and is the first then");
	bob_speaks(false, "he is heard as one whose device is not signed");
	peer_publish(&bob, &kb);
	ok(learn(BOB) == 1 && stand(1, 0), "and signed, has it");
}

/* False answers for Bob make no room for her. */
static void
test_absent(void)
{
	autojson json_t *good = NULL;

	fresh();
	need(learn(BOB) == 1);
	good = json_incref(json_obj(net.device_keys, BOB));
	steal(&ke);
	json_object_set_new(net.device_keys, BOB, json_object());
	need(learn(BOB) == 0);
	ok(learn(EVE) == 0 && stand(0, 0), "while his is not shown, nobody has the key");
	json_object_set(net.device_keys, BOB, good);
	ok(learn(BOB) == 1 && stand(1, 0), "and he, when it is");
	node_close(&a);
	node_reopen(&a);
	ok(learn(EVE) == 0 && learn(BOB) == 1, "after a crash too");
}

/* Another device under Bob's own name, which his server made up. */
static void
test_own(void)
{
	struct peer odd;

	fresh();
	peer_start(&odd, BOB, "AAA");
	memcpy(odd.curve_text, bob.curve_text, sizeof(odd.curve_text));
	peer_publish(&odd, NULL);
	is_int((int)learn(BOB), 1, "of two of one user the signed one has it");
	bob_speaks(true, "and is the one that is heard");
	json_object_del(json_obj(net.device_keys, BOB), "AAA");
	is_int((int)learn(BOB), 1, "the other goes");
	bob_speaks(true, "and is not heard of again");
	fresh();
	memcpy(bob.curve_text, a.crypt->curve_text, sizeof(bob.curve_text));
	peer_publish(&bob, &kb);
	is_int((int)learn(BOB), 0, "E4 our own key is nobody else's");
	tx(&a, keys_pin(a.crypt, BOB, "BOBDEV", bob.ed_text, NULL));
	ok(stand(0, 0), "whoever pins it");
	peer_stop(&odd);
}

static int
count_hers(void *cookie, int64_t at, const char *user, const char *device_id, const char *text)
{
	(void)at;
	(void)device_id;
	*(size_t *)cookie += strcmp(user, EVE) == 0 && strstr(text, "another device's") != NULL;
	return 0;
}

/* Her server shows other devices each time, with one key or with many: what was, is forgotten; Bob's is not. */
static void
test_many(bool twins)
{
	struct peer one;
	struct crypto_device *list;
	char name[16];
	size_t n;

	fresh();
	need(learn(BOB) == 1);
	for (int round = 0; round < 3; round++) {
		json_t *devices = json_object();

		for (int i = 0; i < KEYS_DEVICES_MAX; i++) {
			(void)snprintf(name, sizeof(name), "D%d-%d", round, i);
			peer_start(&one, EVE, name);
			if (twins)
				memcpy(one.curve_text, bob.curve_text, sizeof(one.curve_text));
			json_object_set_new(devices, name, peer_device_keys(&one));
			peer_stop(&one);
		}
		json_object_set_new(net.device_keys, EVE, devices);
		(void)learn(EVE);
	}
	must(crypto_device_list(a.db, node_person(&a, EVE), &list, &n));
	is_int((int)n, KEYS_DEVICES_MAX, "devices that come and go are not remembered for ever");
	crypto_device_list_free(list, n);
	n = 0;
	must(keys_alarms_each(a.crypt, count_hers, &n));
	is_int((int)n, twins ? CRYPTO_ALARMS : 0, "nor what was remarkable of each");
	ok(learn(BOB) == 1 && stand(1, 0), "and Bob has his");
}

/* A one-time key of Eve's account, signed by her device. */
static json_t *
her_onetime(void)
{
	autojson json_t *all = NULL;
	json_t *object;

	must(ratchet_account_make_onetime(eve.account, &net_world, 1));
	must(ratchet_account_onetime(eve.account, &all));
	object = json_pack("{s:O}", "key", json_object_iter_value(json_object_iter(all)));
	peer_sign(&eve, object);
	return json_pack("{s:o}", "signed_curve25519:AAAAAQ", object);
}

/* Does the room's key, as it leaves for Eve, open with what she has? */
static bool
she_reads(void)
{
	struct out row = { 0 }, *list;
	bool opened = false, sent = false;
	size_t n;

	claim_start(&a, "!r:a", EVE, &row);
	claim_give(&a, EVE, "EVEDEV", her_onetime());
	need(claim_seal(&a, &row) == E_LATER);
	outbox_free(&row);
	must(outbox_due(a.db, net_now, 100, &list, &n));
	for (size_t i = 0; i < n; i++) {
		autojson json_t *body = NULL;
		autosession struct ratchet_session *s = NULL;
		autowipe struct buf plain = { 0 };
		struct olm_message m;
		json_t *message;

		if (strcmp(list[i].purpose, ENVELOPE_SHARE) != 0)
			continue;
		must(canon_parse(list[i].body, strlen(list[i].body), &body, NULL));
		message = json_obj(json_obj(json_obj(json_obj(json_obj(body, "messages"), EVE), "EVEDEV"), "ciphertext"), eve.curve_text);
		must(strict_olm((int)json_int(message, "type", -1), json_str(message, "body"), &m, NULL));
		sent = true;
		opened |= ratchet_session_from(eve.account, &m, &s) == 0 && ratchet_session_decrypt(s, &m, &plain) == 0;
	}
	outbox_list_free(list, n);
	need(sent);
	return opened;
}

static void
test_reading(void)
{
	fresh();
	peer_publish(&eve, &ke);
	ok(she_reads(), "with her own key she reads what is sent to her");
	fresh();
	steal(&ke);
	ok(!she_reads(), "with Bob's she reads nothing, not even while it counts as hers");
}

int
main(void)
{
	net_start();
	test_after();
	test_speaking();
	test_before();
	test_unsigned();
	test_absent();
	test_own();
	test_reading();
	test_many(false);
	test_many(true);
	node_stop(&a);
	peer_stop(&bob);
	peer_stop(&eve);
	net_stop();
	return done_testing();
}
