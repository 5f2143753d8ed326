/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare: the loops that nobody can be faster than: libolm alone, nothing checked, nothing
 * stored.  The same source is linked twice: alone, and with node/crypt/primitives.c.
 *
 *	bare decrypt | encrypt		one Megolm session for every BENCH_EACH messages
 *	bare session SIZE		an Olm session and its first message of SIZE bytes
 */
#include <olm/olm.h>
#include <sodium.h>

#include "bench.h"
#include "crypt/primitives.h"

enum { EVENTS = BENCH_ROOMS * BENCH_EACH, SESSIONS = 100, TEXT_MAX = 16384, KEY = 43 };

/* There in one of the two programs. */
#pragma weak primitives_calls

struct bare {
	void	(*run)(struct bare *);
	size_t	 size;
	struct bench_time took;
};

static void *
random_bytes(size_t n)
{
	void *p = malloc(n + 1);

	bench_need(p != NULL);
	randombytes_buf(p, n);
	return p;
}

static void *
memory(size_t n)
{
	void *p = calloc(1, n);

	bench_need(p != NULL);
	return p;
}

static OlmOutboundGroupSession *
outbound(void)
{
	OlmOutboundGroupSession *s = olm_outbound_group_session(memory(olm_outbound_group_session_size()));
	size_t n = olm_init_outbound_group_session_random_length(s);
	uint8_t *random = random_bytes(n);

	bench_need(olm_init_outbound_group_session(s, random, n) != olm_error());
	free(random);
	return s;
}

static OlmInboundGroupSession *
inbound(OlmOutboundGroupSession *out)
{
	OlmInboundGroupSession *s = olm_inbound_group_session(memory(olm_inbound_group_session_size()));
	uint8_t key[512];
	size_t n = olm_outbound_group_session_key(out, key, sizeof(key));

	bench_need(n != olm_error() && olm_init_inbound_group_session(s, key, n) != olm_error());
	return s;
}

static size_t
group_encrypt(OlmOutboundGroupSession *s, int i, uint8_t out[TEXT_MAX])
{
	char room[64], text[1024];
	size_t len, n;

	bench_room(0, room);
	len = (size_t)snprintf(text, sizeof(text), BENCH_INNER, i, room);
	n = olm_group_encrypt_message_length(s, len);
	bench_need(n < TEXT_MAX && olm_group_encrypt(s, (const uint8_t *)text, len, out, n) == n);
	return n;
}

static void
decrypt(struct bare *b)
{
	OlmOutboundGroupSession *out[BENCH_ROOMS];
	OlmInboundGroupSession *in[BENCH_ROOMS];
	static uint8_t message[EVENTS][1024];
	static size_t len[EVENTS];
	uint8_t copy[TEXT_MAX], plain[TEXT_MAX];
	uint32_t index;
	struct bench_time begun;

	for (int i = 0; i < BENCH_ROOMS; i++) {
		out[i] = outbound();
		in[i] = inbound(out[i]);
	}
	for (int i = 0; i < EVENTS; i++) {
		len[i] = group_encrypt(out[i / BENCH_EACH], i, copy);
		bench_need(len[i] <= sizeof(message[i]));
		memcpy(message[i], copy, len[i]);
	}
	begun = bench_time();
	for (int i = 0; i < EVENTS; i++) {
		/* libolm decodes in place: it always gets a copy. */
		memcpy(copy, message[i], len[i]);
		bench_need(olm_group_decrypt_max_plaintext_length(in[i / BENCH_EACH], copy, len[i]) <= sizeof(plain));
		memcpy(copy, message[i], len[i]);
		bench_need(olm_group_decrypt(in[i / BENCH_EACH], copy, len[i], plain, sizeof(plain), &index) !=
		    olm_error());
	}
	b->took = bench_since(begun);
	for (int i = 0; i < BENCH_ROOMS; i++) {
		free(out[i]);
		free(in[i]);
	}
}

static void
encrypt(struct bare *b)
{
	OlmOutboundGroupSession *out[BENCH_ROOMS];
	uint8_t body[TEXT_MAX];
	struct bench_time begun;

	for (int i = 0; i < BENCH_ROOMS; i++)
		out[i] = outbound();
	begun = bench_time();
	for (int i = 0; i < EVENTS; i++)
		(void)group_encrypt(out[i / BENCH_EACH], i, body);
	b->took = bench_since(begun);
	for (int i = 0; i < BENCH_ROOMS; i++)
		free(out[i]);
}

static OlmAccount *
account(char identity[KEY + 1], char onetime[KEY + 1])
{
	OlmAccount *a = olm_account(memory(olm_account_size()));
	size_t n = olm_create_account_random_length(a);
	uint8_t *random = random_bytes(n);
	char text[512];

	bench_need(olm_create_account(a, random, n) != olm_error());
	free(random);
	n = olm_account_generate_one_time_keys_random_length(a, 1);
	random = random_bytes(n);
	bench_need(olm_account_generate_one_time_keys(a, 1, random, n) != olm_error());
	free(random);
	/* {"curve25519":"KEY","ed25519":...} and {"curve25519":{"ID":"KEY"}} */
	n = olm_account_identity_keys(a, text, sizeof(text));
	bench_need(n != olm_error() && strncmp(text, "{\"curve25519\":\"", 15) == 0);
	memcpy(identity, text + 15, KEY);
	n = olm_account_one_time_keys(a, text, sizeof(text) - 1);
	bench_need(n != olm_error());
	text[n] = '\0';
	bench_need(strstr(text, "\":\"") != NULL);
	memcpy(onetime, strstr(text, "\":\"") + 3, KEY);
	return a;
}

static void
session(struct bare *b)
{
	static char identity[SESSIONS][KEY + 1], onetime[SESSIONS][KEY + 1], text[TEXT_MAX], body[3 * TEXT_MAX];
	OlmAccount *ours = account(identity[0], onetime[0]);
	struct bench_time begun;

	for (int i = 0; i < SESSIONS; i++)
		free(account(identity[i], onetime[i]));
	memset(text, 'x', b->size);
	begun = bench_time();
	for (int i = 0; i < SESSIONS; i++) {
		OlmSession *s = olm_session(memory(olm_session_size()));
		size_t n = olm_create_outbound_session_random_length(s);
		uint8_t *random = random_bytes(n);

		bench_need(olm_create_outbound_session(s, ours, identity[i], KEY, onetime[i], KEY, random, n) !=
		    olm_error());
		free(random);
		n = olm_encrypt_random_length(s);
		random = random_bytes(n);
		bench_need(olm_encrypt(s, text, b->size, random, n, body, sizeof(body)) != olm_error());
		free(random);
		free(s);
	}
	b->took = bench_since(begun);
	free(ours);
}

static void
one_round(void *cookie)
{
	struct bare *b = cookie;

	b->run(b);
	printf("{\"ns\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"n\": %d}\n", b->took.ns, b->took.cpu_ns,
	    b->run == session ? SESSIONS : EVENTS);
}

int
main(int argc, char **argv)
{
	struct bare b = { .run = argc < 2 ? NULL : !strcmp(argv[1], "decrypt") ? decrypt :
	    !strcmp(argv[1], "encrypt") ? encrypt : !strcmp(argv[1], "session") ? session : NULL,
	    .size = argc > 2 ? strtoul(argv[2], NULL, 10) : 300 };
	bool ours;

	if (b.run == NULL || b.size > TEXT_MAX || sodium_init() < 0) {
		fprintf(stderr, "usage: bare decrypt | encrypt | session SIZE\n");
		return EXIT_FAILURE;
	}
	b.run(&b);
	/* Told apart by what ran, not by how it was linked. */
	ours = primitives_calls != NULL && primitives_calls(PRIMITIVE_sha256) +
	    primitives_calls(PRIMITIVE_hmac_sha256) > 0;
	return bench_serve(ours ? "replaced" : "stock", one_round, &b);
}
