/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program linked so that libolm silently keeps its own primitives, in one of
 * the ways that can happen (Makefile.am says which): it must be noticed, and the
 * strict layer must hold alone.  With IN_FORCE the link is one that works, unless
 * the environment says LIBOLM_SYMBOLIC: then the libolm found at run time is at fault.
 */
#include <errno.h>
#include <olm/olm.h>
#include <sodium.h>

#include "crypt/olm.h"
#include "crypt/primitives.h"
#include "tests/tap.h"
#include "weak.h"

#define X(name) #name,
static const char *const names[] = { PRIMITIVES(X) };
#undef X

static bool
works(void)
{
#ifdef IN_FORCE
	return getenv("LIBOLM_SYMBOLIC") == NULL;
#else
	return false;
#endif
}

static void
test_noticed(void)
{
	uint64_t before[PRIMITIVE_COUNT];
	struct err err = { "" };
	int r = primitives_in_force(&err);

	ok(r == (works() ? 0 : E_REFUSED), "%s: primitives_in_force says %s: %s", program_invocation_short_name,
	    works() ? "yes" : "no", err.text);
	if (!works())
		is_str(err.text, "libolm calls its own aes_encrypt_cbc_length", "and names the first that is not ours");
	for (size_t i = 0; i < PRIMITIVE_COUNT; i++)
		before[i] = primitives_calls(i);
	is_int(ratchet_exercise(&err), 0, "libolm works all the same");
	for (size_t i = 0; i < PRIMITIVE_COUNT; i++)
		ok((primitives_calls(i) > before[i]) == works(), "%s is %s", names[i], works() ? "ours" : "libolm's");
}

/* M1, M3: what the strict layer does without the primitives. */
static void
test_strict(void)
{
	struct world world = world_real();
	autoaccount struct ratchet_account *account = NULL;
	autooutbound struct ratchet_outbound *out = NULL;
	autoinbound struct ratchet_inbound *in = NULL;
	autobuf struct buf key = { 0 }, body = { 0 }, plain = { 0 };
	autofree char *twin = NULL, *copy = NULL;
	uint8_t pub[32], point[32], curve[32], base[32] = { 9 };
	OlmInboundGroupSession *theirs = olm_inbound_group_session(malloc(olm_inbound_group_session_size()));
	uint8_t text[64];
	uint32_t index;
	size_t taken = 0;

	if (ratchet_account_new(&world, &account) != 0 || ratchet_account_keys(account, pub, curve) != 0 ||
	    ratchet_outbound_new(&world, &out) != 0 || ratchet_outbound_key(out, &key) != 0 ||
	    ratchet_outbound_encrypt(out, "hello", 5, &body) != 0 ||
	    strict_session_key(key.data, pub, &index, NULL) != 0 || ratchet_inbound_new(key.data, &in) != 0 ||
	    olm_init_inbound_group_session(theirs, (const uint8_t *)key.data, key.len) == olm_error())
		abort();
	twin = weak_malleate(body.data);
	copy = strdup(twin);
	ok((olm_group_decrypt(theirs, (uint8_t *)copy, strlen(copy), text, sizeof(text), &index) ==
	    olm_error()) == works(), "a second spelling of a Megolm signature: libolm %s it", works() ? "refuses" : "takes");
	free(theirs);
	is_int(ratchet_inbound_decrypt(in, twin, pub, &plain, &index), E_REFUSED, "we do not");
	is_int((int)plain.len, 0, "and show nothing of it");
	is_int(ratchet_inbound_decrypt(in, body.data, pub, &plain, &index), 0, "the first spelling is good");
	for (size_t i = 0; i < LOW_ORDER; i++) {
		struct ratchet_session *s = NULL;

		weak_point(i, point);
		taken += ratchet_session_to(account, &world, point, base, &s) != ERR_CRYPTO;
		taken += ratchet_session_to(account, &world, curve, point, &s) != ERR_CRYPTO;
	}
	is_int((int)taken, 0, "no session to a point of small order");
}

int
main(void)
{
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	test_noticed();
	test_strict();
	return done_testing();
}
