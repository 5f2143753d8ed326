/* SPDX-License-Identifier: Apache-2.0 */
#include "signers.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proof.h"

/* "N of ": how many are needed; without it the only key. */
static size_t
read_needed(const char **text)
{
	char *end;
	unsigned long n;

	if (**text < '1' || **text > '9')
		return 0;
	n = strtoul(*text, &end, 10);
	if (n > SIGNERS_MAX || strncmp(end, " of ", 4) != 0)
		return 0;
	*text = end + 4;
	return (size_t)n;
}

int
signers_parse(const char *text, struct signers *ret, struct err *reterr)
{
	struct signers s = { .needed = read_needed(&text) };
	bool alone = s.needed == 0;
	char key[64];

	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (s.n == SIGNERS_MAX)
			return err_set(reterr, E_BAD, "there are more than %d signers", SIGNERS_MAX);
		(void)snprintf(key, sizeof(key), "%.*s", (int)(len < sizeof(key) ? len : 0), text);
		if (proof_key_parse(key, s.key[s.n]) != 0)
			return err_set(reterr, E_BAD, "\"%.*s\" is not a multibase Ed25519 key; it begins with z6Mk",
			    (int)(len < 80 ? len : 80), text);
		if (signers_find(&s, s.key[s.n]) < s.n)
			return err_set(reterr, E_BAD, "the signer %s is there twice", key);
		s.n++;
		text += len;
	}
	if (alone)
		s.needed = 1;
	if (s.n < s.needed || (alone && s.n != 1))
		return err_set(reterr, E_BAD, "that is not one key, nor \"2 of KEY KEY KEY\"");
	if (ret != NULL)
		*ret = s;
	return 0;
}

const char *
signers_print(const struct signers *s, char out[SIGNERS_TEXT])
{
	char key[64];
	int at = 0;

	*out = '\0';
	if (s->n > 1)
		at = snprintf(out, SIGNERS_TEXT, "%zu of ", s->needed);
	for (size_t i = 0; i < s->n && at >= 0 && at < SIGNERS_TEXT; i++) {
		proof_key_text(s->key[i], key);
		at += snprintf(out + at, (size_t)(SIGNERS_TEXT - at), "%s%s", i > 0 ? " " : "", key);
	}
	return out;
}

size_t
signers_find(const struct signers *s, const uint8_t key[32])
{
	size_t i = 0;

	while (i < s->n && memcmp(s->key[i], key, 32) != 0)
		i++;
	return i;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 32);
}

const char *
signers_words(const struct signers *s, char out[SIGNERS_WORDS])
{
	struct signers sorted = *s;
	uint8_t digest[crypto_hash_sha256_BYTES];
	char text[SIGNERS_TEXT];

	qsort(sorted.key, sorted.n, sizeof(sorted.key[0]), by_bytes);
	(void)signers_print(&sorted, text);
	(void)crypto_hash_sha256(digest, (const unsigned char *)text, strlen(text));
	return words_print(digest, SIGNERS_NWORDS, out);
}

bool
signers_equal(const struct signers *a, const struct signers *b)
{
	size_t i = 0;

	if (a->needed != b->needed || a->n != b->n)
		return false;
	while (i < a->n && signers_find(b, a->key[i]) < b->n)
		i++;
	return i == a->n;
}
