/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "base/proof.h"
#include "base/signers.h"
#include "tests/tap.h"

static char key[18][64];

static void
test_parse(void)
{
	struct signers s = { 0 }, other;
	struct err err = { "" };
	char text[64 * 20] = "2 of", out[SIGNERS_TEXT], many[64 * 20] = "1 of";
	static const char *const bad[] = { "", " ", "2 of", "0 of z6Mk", "2 of z6Mk", "17 of", "1of z6Mk", "z6Mk", "1", "-1 of z6Mk", "2 of 2 of" };

	ok(signers_parse(key[0], &s, &err) == 0 && s.needed == 1 && s.n == 1, "a key");
	is_str(signers_print(&s, out), key[0], "is printed as it came");
	for (int i = 0; i < 3; i++)
		(void)strcat(strcat(text, " "), key[i]);
	ok(signers_parse(text, &s, &err) == 0 && s.needed == 2 && s.n == 3, "two of three");
	is_str(signers_print(&s, out), text, "too");
	ok(signers_parse(text, NULL, &err) == 0, "it may be asked only whether it is right");
	ok(signers_find(&s, s.key[2]) == 2 && signers_find(&s, (const uint8_t[32]){ 9 }) == 3, "found, or not");
	for (size_t i = 0; i < nelem(bad); i++)
		ok(signers_parse(bad[i], &other, &err) == E_BAD && *err.text != '\0', "\"%s\" is nothing", bad[i]);
	(void)snprintf(text, sizeof(text), "%s %s", key[0], key[1]);
	ok(signers_parse(text, &other, &err) == E_BAD, "two keys say how many must sign");
	(void)snprintf(text, sizeof(text), "1 of %s %s", key[0], key[0]);
	ok(signers_parse(text, &other, &err) == E_BAD && strstr(err.text, "twice") != NULL, "nobody is there twice");
	for (int i = 0; i < 16; i++)
		(void)strcat(strcat(many, " "), key[i]);
	ok(signers_parse(many, &s, &err) == 0 && s.n == 16, "sixteen at most");
	is_str(signers_print(&s, out), many, "which fit");
	(void)strcat(strcat(many, " "), key[16]);
	ok(signers_parse(many, &other, &err) == E_BAD && strstr(err.text, "16") != NULL, "not seventeen");
}

static void
test_equal(void)
{
	char text[3][64 * 4], words[4][SIGNERS_WORDS];
	struct signers a, b, c, d;

	(void)snprintf(text[0], sizeof(text[0]), "1 of %s %s", key[0], key[1]);
	(void)snprintf(text[1], sizeof(text[1]), "1 of %s %s", key[1], key[0]);
	(void)snprintf(text[2], sizeof(text[2]), "2 of %s %s", key[0], key[1]);
	if (signers_parse(text[0], &a, NULL) != 0 || signers_parse(text[1], &b, NULL) != 0 || signers_parse(text[2], &c, NULL) != 0)
		ok(false, "parse");
	(void)snprintf(text[2], sizeof(text[2]), "1 of %s %s", key[0], key[2]);
	ok(signers_parse(text[2], &d, NULL) == 0, "parse");
	ok(signers_equal(&a, &b) && !signers_equal(&a, &c) && !signers_equal(&a, &d), "the same in any order, not of another number or key");
	(void)signers_words(&a, words[0]), (void)signers_words(&b, words[1]);
	(void)signers_words(&c, words[2]), (void)signers_words(&d, words[3]);
	ok(!strcmp(words[0], words[1]) && strcmp(words[0], words[2]) != 0 && strcmp(words[0], words[3]) != 0, "and so are the words: %s", words[0]);
}

static void
test_words(void)
{
	uint8_t all[256], back[256], three[3];
	char text[256 * WORDS_LONGEST];

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	(void)words_print(all, 256, text);
	ok(words_parse(text, back, 256) == 0 && !memcmp(all, back, 256), "256 different words, there and back");
	ok(words_parse(" Acorn, ACTOR-album\n", three, 3) == 0 && three[0] == 0 && three[2] == 2, "as people type them");
	ok(words_parse("acorn actor", three, 3) == E_BAD && words_parse("acorn actor album almond", three, 3) == E_BAD &&
	    words_parse("acorn actor albu", three, 3) == E_BAD && words_parse("", three, 3) == E_BAD, "not fewer, more or others");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 99;
	for (size_t i = 0; i < nelem(key); i++) {
		uint8_t seed[32] = { (uint8_t)(i + 1) }, public[32], secret[crypto_sign_SECRETKEYBYTES];

		(void)crypto_sign_seed_keypair(public, secret, seed);
		proof_key_text(public, key[i]);
	}
	test_parse();
	test_equal();
	test_words();
	return done_testing();
}
