/* SPDX-License-Identifier: Apache-2.0 */
/* Whose account it is says the specialist alone, in their consent; and six words stand for exactly that. */
#include <errno.h>

#include "base/canon.h"
#include "domain/binding.h"
#include "domain/publication.h"
#include "domain/when.h"
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"

#define USER	"@rosa:harbor.example"
#define KEY	"W2ozYLPaGTiWk6JMVgvY47h08czs0n0aly5jkvxxoN8"
#define OTHER	"/Lh5iiLzmSLXXQQcV1cuqhkGkqTXxt0WxU1BBjKtFQo"
#define UNTIL	(NOW + WHEN_DAY)

static struct keypair rosa, stranger;

static json_t *
binding(const struct keypair *who)
{
	json_t *doc = NULL;

	if (binding_sign(USER, KEY, who->seed, NOW, &doc, NULL) != 0)
		exit(99);
	return doc;
}

/* ${path} is changed, and the whole signed again by ${who}; NULL: it is not. */
static json_t *
changed(const char *path, const char *value, const struct keypair *who)
{
	json_t *doc = binding(&rosa);

	json_poke(doc, path, value);
	if (who != NULL && (json_object_del(doc, "proof") != 0 || proof_sign(doc, who->seed, "assertionMethod", "2026-11-21T00:00:00Z", NULL) != 0))
		exit(99);
	return doc;
}

static void
is_read(json_t *doc, int64_t now, int want, const char *says, const char *name)
{
	autojson json_t *mine = doc;
	struct binding b = { 0 };
	struct err err = { "" };
	int r = binding_read(mine, now, &b, &err);

	if (!ok(r == want && strstr(err.text, says) != NULL && (r == 0) == (b.user != NULL), "%s", name))
		printf("# %d: %s\n", r, err.text);
}

static void
test_read(void)
{
	is_read(binding(&rosa), NOW, 0, "", "what a specialist signs");
	is_read(binding(&rosa), NOW - WHEN_SKEW, 0, "", "by another clock");
	is_read(binding(&rosa), NOW - WHEN_SKEW - 1, E_REFUSED, "in the future", "but not by any");
	is_read(changed("user", "'@mallory:harbor.example'", NULL), NOW, E_REFUSED, "changed afterwards", "another account in its place");
	is_read(changed("master_key", "'" OTHER "'", NULL), NOW, E_REFUSED, "changed afterwards", "another key");
	is_read(changed("issued_at", "1795230245679", NULL), NOW, E_REFUSED, "changed afterwards", "a later day");
	is_read(changed("user", "'@mallory:harbor.example'", &stranger), NOW, E_REFUSED, "did not sign", "signed by somebody else");
	is_read(changed("specialist", "'did:web:rosa.example'", &rosa), NOW, E_BAD, "did:key", "of a name that anybody could have");
	is_read(changed("specialist", "'did:key:z6Mk'", &rosa), NOW, E_BAD, "did:key", "of a key that is none");
	is_read(changed("kind", "'publication'", &rosa), NOW, E_BAD, "", "of another kind");
	is_read(changed("device", "'PHONE'", &rosa), NOW, E_BAD, "", "with more than belongs there");
	is_read(changed("user", "'rosa'", &rosa), NOW, E_BAD, "", "of no account");
	is_read(NULL, NOW, E_BAD, "", "nothing");
	is_read(json_example("binding", NULL), 1785312000000, 0, "", "the schema's example, by another implementation");
}

static void
test_sign(void)
{
	json_t *doc = NULL;

	is_int(binding_sign("rosa", KEY, rosa.seed, NOW, &doc, NULL), E_BAD, "no account is not signed");
	is_int(binding_sign(USER, "a key", rosa.seed, NOW, &doc, NULL), E_BAD, "nor no key");
	ok(doc == NULL, "and nothing came of it");
}

static void
test_words(void)
{
	static const char *const same[] = { "rocket castle lake blossom pumpkin tiger", "  Rocket, CASTLE-lake\tblossom\npumpkin tiger ",
	    "rocket-castle-lake-blossom-pumpkin-tiger" };
	static const char *const others[] = { "", "rocket castle lake blossom pumpkin", "rocket castle lake blossom pumpkin tiger tiger",
	    "tiger castle lake blossom pumpkin rocket", "rocket castle lake blossom pumpkin turtle" };
	autojson json_t *doc = json_example("binding", NULL);
	struct binding b, c;
	char text[BINDING_TEXT], words[BINDING_WORDS], once[BINDING_WORDS];

	ok(binding_read(doc, NOW, &b, NULL) == 0 && strstr(binding_text(&b, text), USER) != NULL, "the text holds the account");
	is_str(binding_words(text, words), "rocket castle lake blossom pumpkin tiger", "its words, as another implementation finds them");
	for (size_t i = 0; i < nelem(same); i++)
		ok(binding_said(text, same[i]), "as people write them: %s", same[i]);
	for (size_t i = 0; i < nelem(others); i++)
		ok(!binding_said(text, others[i]), "not: %s", others[i]);
	c = b;
	c.issued_at++;
	is_str(binding_words(binding_text(&c, text), once), words, "signed again they are the same");
	c.user = "@mallory:harbor.example";
	ok(strcmp(binding_words(binding_text(&c, text), once), words) != 0, "for another account they are not");
	c = b;
	c.master_key = OTHER;
	ok(strcmp(binding_words(binding_text(&c, text), once), words) != 0, "nor for another key");
	c = b;
	c.specialist = rosa.did;
	ok(strcmp(binding_words(binding_text(&c, text), once), words) != 0, "nor for another specialist");
}

static json_t *
body(void)
{
	return json_of("{'alias':'Rosa','program':'" ORG_B "','roles':['one_to_one'],'languages':['en'],'modalities':['phone'],'capacity':{'open':3,'updated_at':1}}");
}

/* It lives in the consent, and as long. */
static void
test_consent(void)
{
	autojson json_t *b = body(), *free = body(), *word = NULL, *taken = NULL, *theirs = NULL, *list = json_array();
	struct publication p;
	struct binding a = { 0 };
	struct err err = { "" };

	is_int(publication_account(b, NOW, &a), E_NOTFOUND, "who says nothing of an account has none");
	ok(publication_bind(b, USER, KEY, rosa.seed, NOW, &err) == 0 && publication_sign(b, ORG_A, ORG_C, UNTIL, rosa.seed, NOW, &err) == 0 &&
	    publication_check(b, ORG_A, ORG_C, 0, NOW, &p, &err) == 0, "a consent that says whose account it is: %s", err.text);
	ok(publication_account(b, NOW, &a) == 0 && !strcmp(a.user, USER) && !strcmp(a.master_key, KEY) && a.issued_at == NOW, "is read");
	is_int(publication_account(b, UNTIL, &a), E_REFUSED, "until it ends");
	ok(publication_sign(b, ORG_A, ORG_C, UNTIL + WHEN_DAY, rosa.seed, NOW + 1, &err) == 0 && publication_account(b, UNTIL, &a) == 0, "a new consent keeps it");
	ok(publication_bind(b, USER, OTHER, rosa.seed, NOW + 2, &err) == 0 && publication_check(b, ORG_A, ORG_C, 0, NOW + 2, &p, &err) == E_REFUSED &&
	    strstr(err.text, "changed afterwards") != NULL, "another is put there by a new consent alone");
	ok(publication_sign(b, ORG_A, ORG_C, UNTIL, rosa.seed, NOW + 2, &err) == 0 && publication_account(b, NOW + 2, &a) == 0 && !strcmp(a.master_key, OTHER),
	    "with which it counts");
	ok(publication_withdraw(json_obj(b, "consent"), rosa.seed, NOW + 3, &word, &err) == 0 && json_object_get(word, "account") == NULL, "what takes it back names no account");
	taken = json_deep_copy(b);
	(void)json_object_set(taken, "consent", word);
	is_int(publication_account(taken, NOW + 3, &a), E_NOTFOUND, "and then there is none");

	/* The specialist of the record puts somebody else's word into their own. */
	theirs = binding(&stranger);
	ok(publication_sign(free, ORG_A, ORG_C, UNTIL, rosa.seed, NOW, NULL) == 0, "a consent without");
	(void)json_object_set(json_obj(free, "consent"), "account", theirs);
	ok(publication_sign(free, ORG_A, ORG_C, UNTIL, rosa.seed, NOW, &err) == E_REFUSED && strstr(err.text, "somebody else") != NULL, "is not signed with another's word");
	is_int(publication_account(free, NOW, &a), E_REFUSED, "nor believed");
	(void)json_object_del(free, "did");
	is_int(publication_account(free, NOW, &a), E_REFUSED, "nor without a specialist");
	(void)json_object_set_new(json_obj(free, "consent"), "account", json_object());
	is_int(publication_account(free, NOW, &a), E_REFUSED, "nor an empty one");
	is_int(publication_sign(free, ORG_A, ORG_C, UNTIL, rosa.seed, NOW, NULL), E_BAD, "which is not signed either");
	is_int(publication_bind(list, USER, KEY, rosa.seed, NOW, NULL), E_BAD, "a list holds none");
	is_int(publication_bind(free, "rosa", KEY, rosa.seed, NOW, NULL), E_BAD, "and no account is none");
}

static void
test_memory(void)
{
	autojson json_t *b = body();
	int failed = 0;
	bool good = true;

	if (publication_bind(b, USER, KEY, rosa.seed, NOW, NULL) != 0 || publication_sign(b, ORG_A, ORG_C, UNTIL, rosa.seed, NOW, NULL) != 0)
		exit(99);
	for (int which = 0; which < 4; which++)
		for (long n = 0, r = -ENOMEM; r == -ENOMEM; n++) {
			autojson json_t *doc = NULL, *copy = json_deep_copy(b), *bare = body();
			struct binding a;

			faults_left = n;
			r = which == 0 ? binding_sign(USER, KEY, rosa.seed, NOW, &doc, NULL) : which == 1 ? publication_account(b, NOW, &a) :
			    which == 2 ? publication_bind(copy, USER, OTHER, rosa.seed, NOW, NULL) : publication_bind(bare, USER, KEY, rosa.seed, NOW, NULL);
			faults_left = -1;
			r = r == E_BAD && which != 1 ? -ENOMEM : r;
			failed += r == -ENOMEM;
			good &= r == 0 || r == -ENOMEM;
		}
	ok(good && failed > 10, "out of memory, %d times: nothing else is said", failed);
}

int
main(void)
{
	faults_begin();
	rosa = key_of(KEY_ROSA);
	stranger = key_of(KEY_STRANGER);
	test_read();
	test_sign();
	test_words();
	test_consent();
	test_memory();
	return done_testing();
}
