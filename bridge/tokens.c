/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/canon.h"
#include "base/text.h"
#include "tokens.h"

enum { ACCOUNTS_MAX = 16 };

static void
wipe(char *secret)
{
	if (secret != NULL)
		sodium_memzero(secret, strlen(secret));
}

static int
add(struct tokens *t, const char *name, const char *token)
{
	t->names[t->n] = strdup(name);
	t->tokens[t->n] = strdup(token);
	t->n++;
	return t->names[t->n - 1] != NULL && t->tokens[t->n - 1] != NULL ? 0 : -ENOMEM;
}

static int
collect(json_t *accounts, struct tokens *t, struct err *reterr)
{
	const char *name;
	json_t *token;
	int r = 0;

	t->names = calloc(ACCOUNTS_MAX, sizeof(*t->names));
	t->tokens = calloc(ACCOUNTS_MAX, sizeof(*t->tokens));
	if (t->names == NULL || t->tokens == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	json_object_foreach(accounts, name, token) {
		char *text = (char *)json_string_value(token);

		if (*name == '\0' || !text_is_token(text))
			r = err_set(reterr, E_BAD, "the token of an account is not printable ASCII");
		else if (r == 0)
			r = add(t, name, text);
		wipe(text);	/* The parser's copy. */
	}
	return r;
}

int
tokens_replace(struct tokens *t, const char *text, size_t len, struct err *reterr)
{
	struct tokens fresh = { 0 };
	autojson json_t *doc = NULL;
	json_t *accounts;
	int r;

	r = canon_parse(text, len, &doc, reterr);
	if (r != 0)
		return r;
	accounts = json_obj(doc, "accounts");
	if (accounts == NULL || json_object_size(doc) != 1 || json_object_size(accounts) > ACCOUNTS_MAX)
		return err_set(reterr, E_BAD, "HELLO is not {accounts: {name: token}}");
	r = collect(accounts, &fresh, reterr);
	if (r != 0) {
		tokens_free(&fresh);
		return r;
	}
	tokens_free(t);
	*t = fresh;
	return 0;
}

const char *
tokens_find(const struct tokens *t, const char *account)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->names[i], account) == 0)
			return t->tokens[i];
	return NULL;
}

void
tokens_free(struct tokens *t)
{
	for (size_t i = 0; i < t->n; i++) {
		wipe(t->tokens[i]);
		free(t->tokens[i]);
		free(t->names[i]);
	}
	free(t->names);
	free(t->tokens);
	*t = (struct tokens){ 0 };
}
