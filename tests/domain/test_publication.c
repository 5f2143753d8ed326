/* SPDX-License-Identifier: Apache-2.0 */
/* Nobody is published but by their own word, for one organization, one record and what it says of them. */
#include <errno.h>

#include "base/canon.h"
#include "domain/publication.h"
#include "domain/when.h"
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"

#define RECORD	ORG_C
#define UNTIL	(NOW + WHEN_DAY)

static struct keypair rosa, stranger;

static json_t *
body(void)
{
	json_t *b = json_of("{'alias':'Rosa','about':'I listen.','program':'" ORG_B "','roles':['one_to_one'],'languages':['en'],"
	    "'modalities':['phone'],'capacity':{'open':3,'maximum':5,'updated_at':1},'times':['night']}");

	if (publication_sign(b, ORG_A, RECORD, UNTIL, rosa.seed, NOW, NULL) != 0)
		exit(99);
	return b;
}

/* ${path} of the consent is changed, and the whole signed again. */
static json_t *
changed(const char *path, const char *value)
{
	json_t *b = body(), *consent = json_obj(b, "consent");

	json_poke(consent, path, value);
	(void)json_object_del(consent, "proof");
	if (proof_sign(consent, rosa.seed, "assertionMethod", "2026-11-21T00:00:00Z", NULL) != 0)
		exit(99);
	return b;
}

static void
is_judged(json_t *b, int64_t newest, int64_t now, int want, const char *says, const char *name)
{
	autojson json_t *mine = b;
	struct publication p;
	struct err err = { "" };
	int r = publication_check(mine, ORG_A, RECORD, newest, now, &p, &err);

	if (!ok(r == want && strstr(err.text, says) != NULL, "%s", name))
		printf("# %d: %s\n", r, err.text);
}

static json_t *
with(json_t *b, const char *path, const char *value)
{
	json_poke(b, path, value);
	return b;
}

static void
test_covers(void)
{
	static const char *const free_to_change[][2] = { { "capacity/open", "5" }, { "capacity/open", "0" }, { "capacity/updated_at", "2" },
	    { "capacity/waitlist", "{'waiting':1}" } };
	static const char *const covered[] = { "alias", "about", "roles", "languages", "modalities", "times", "program", "credential_id", "capacity",
	    "capacity/unit", "capacity/audience" };

	is_judged(body(), 0, NOW, 0, "", "with a consent");
	for (size_t i = 0; i < nelem(free_to_change); i++)
		is_judged(with(body(), free_to_change[i][0], free_to_change[i][1]), 0, NOW, 0, "", free_to_change[i][0]);
	is_judged(with(body(), "capacity/open", "6"), 0, NOW, E_REFUSED, "more places", "more places than there are");
	is_judged(with(body(), "capacity/maximum", "9"), 0, NOW, E_REFUSED, "something else", "more places in all");
	is_judged(with(body(), "capacity", NULL), 0, NOW, E_REFUSED, "something else", "that there are places");
	is_judged(with(body(), "times", NULL), 0, NOW, E_REFUSED, "something else", "at which times");
	for (size_t i = 0; i < nelem(covered); i++)
		is_judged(with(body(), covered[i], "'x'"), 0, NOW, E_REFUSED, "something else", covered[i]);
	is_judged(with(body(), "cultures", "['x']"), 0, NOW, E_REFUSED, "something else", "something more");
	is_judged(with(body(), "about", NULL), 0, NOW, E_REFUSED, "something else", "something less");
	is_judged(with(body(), "consent", NULL), 0, NOW, E_BAD, "", "without a consent");
	is_judged(with(body(), "did", NULL), 0, NOW, E_REFUSED, "somebody else", "nobody");
	is_judged(with(body(), "did", "'did:key:z6Mk'"), 0, NOW, E_REFUSED, "somebody else", "somebody else");
}

/* A credential that is a record of its own: its subject agrees. */
static void
test_credential(void)
{
	autojson json_t *vc = json_of("{'type':['VerifiableCredential'],'credentialSubject':{'alias':'Rosa'}}"), *other = NULL, *nobody = NULL;

	ok(json_object_set_new(json_obj(vc, "credentialSubject"), "id", json_string(rosa.did)) == 0 && strcmp(publication_of(vc), rosa.did) == 0,
	    "a credential is about its subject");
	nobody = json_deep_copy(vc);
	(void)json_object_set_new(nobody, "consent", json_object());
	is_judged(json_incref(nobody), 0, NOW, E_BAD, "", "which must agree to it");
	is_int(publication_sign(vc, ORG_A, RECORD, UNTIL, stranger.seed, NOW, NULL), E_BAD, "nobody else does");
	ok(publication_sign(vc, ORG_A, RECORD, UNTIL, rosa.seed, NOW, NULL) == 0 && json_str(vc, "did") == NULL, "they do, and nothing is added to it");
	is_judged(json_incref(vc), 0, NOW, 0, "", "then it may be shown");
	other = json_deep_copy(vc);
	json_poke(other, "credentialSubject/alias", "'Rosa Luz'");
	is_judged(json_incref(other), 0, NOW, E_REFUSED, "something else", "as it is, and by no other name");
	json_poke(other, "credentialSubject/id", "'did:key:z6Mk'");
	is_judged(json_incref(other), 0, NOW, E_REFUSED, "somebody else", "and of nobody else");
}

static void
test_shape(void)
{
	is_judged(changed("kind", "'lived_experience'"), 0, NOW, E_BAD, "", "another kind");
	is_judged(changed("org", "'" ORG_B "'"), 0, NOW, E_REFUSED, "another organization", "another organization");
	is_judged(changed("record", "'" ORG_B "'"), 0, NOW, E_REFUSED, "another organization or record", "another record");
	is_judged(changed("hash", NULL), 0, NOW, E_BAD, "whether it holds", "neither holds nor is withdrawn");
	is_judged(changed("withdrawn", "true"), 0, NOW, E_BAD, "whether it holds", "both");
	is_judged(changed("specialist", "'did:web:rosa.example'"), 0, NOW, E_BAD, "did:key", "a name that anybody could have");
	is_judged(changed("specialist", "'did:key:z6Mk'"), 0, NOW, E_BAD, "did:key", "a key that is none");
	is_judged(changed("expires_at", "1"), 0, NOW, E_BAD, "before it begins", "an end before its beginning");
	is_judged(with(body(), "consent/expires_at", "1795400000000"), 0, NOW, E_REFUSED, "changed afterwards", "made longer by somebody else");
}

static void
test_time(void)
{
	autojson json_t *b = body();
	struct publication p;

	is_judged(body(), NOW, NOW, 0, "", "the newest word");
	is_judged(body(), NOW + 1, NOW, E_REFUSED, "another since", "a later one was seen");
	is_judged(body(), 0, UNTIL - 1, 0, "", "to the end");
	is_judged(body(), 0, UNTIL, E_REFUSED, "ended on 2026-11-22", "and no longer");
	is_judged(body(), 0, NOW - WHEN_SKEW, 0, "", "clocks differ");
	is_judged(body(), 0, NOW - WHEN_SKEW - 1, E_REFUSED, "future", "but not so much");
	ok(!publication_over(b, UNTIL - 1) && publication_over(b, UNTIL), "over, at its end");
	ok(publication_check(b, ORG_A, NULL, 0, NOW, &p, NULL) == 0 && !strcmp(p.record, RECORD) && !strcmp(p.specialist, rosa.did) &&
	    p.issued_at == NOW && p.expires_at == UNTIL, "which record it is, the specialist says");
	json_poke(b, "consent", NULL);
	ok(!publication_over(b, UNTIL), "a record without one has no end of that kind");
}

static void
test_withdraw(void)
{
	autojson json_t *b = body(), *word = NULL, *late = NULL, *example = json_example("specialist", NULL);
	struct publication p;
	struct err err = { "" };

	is_int(publication_withdraw(json_obj(b, "consent"), stranger.seed, NOW + 1, &word, &err), E_BAD, "nobody else takes it back");
	ok(publication_withdraw(json_obj(b, "consent"), rosa.seed, NOW + 1, &word, &err) == 0 && publication_read(word, NOW + 1, &p, &err) == 0 &&
	    p.hash == NULL && p.issued_at == NOW + 1 && !strcmp(p.record, RECORD), "the specialist does");
	ok(publication_withdraw(json_obj(b, "consent"), rosa.seed, UNTIL + WHEN_DAY, &late, &err) == 0, "also when it is over");
	(void)json_object_set(b, "consent", word);
	is_judged(json_incref(b), 0, NOW + 1, E_REFUSED, "withdrew", "and then nothing is published under it");
	is_int(publication_withdraw(NULL, rosa.seed, NOW, &late, NULL), E_BAD, "what was never given is not taken back");
	ok(publication_check(example, "QMNNV3X3SV10TNZA2N82C8N5DG", "NZ7JRZW2BAW2MQMJTYF07BB774", 0, NOW, &p, &err) == 0,
	    "the schema's example, by another implementation");
}

static void
test_sign(void)
{
	autojson json_t *b = body(), *many = json_array();

	is_int(publication_sign(b, ORG_A, RECORD, UNTIL, stranger.seed, NOW, NULL), E_BAD, "a body that names another is not signed");
	is_int(publication_sign(b, "org", RECORD, UNTIL, rosa.seed, NOW, NULL), E_BAD, "nor for no organization");
	is_int(publication_sign(NULL, ORG_A, RECORD, UNTIL, rosa.seed, NOW, NULL), E_BAD, "nor nothing");
	ok(publication_sign(many, ORG_A, RECORD, UNTIL, rosa.seed, NOW, NULL) == E_BAD && json_array_size(many) == 0, "nor a list");
	is_int(publication_hash(NULL, (char[65]){ "" }), E_BAD, "which has no hash");
}

static void
test_memory(void)
{
	autojson json_t *b = body();
	struct publication p;
	int failed = 0;
	bool good = true;

	for (int which = 0; which < 4; which++)
		for (long n = 0, r = -ENOMEM; r == -ENOMEM; n++) {
			autojson json_t *word = NULL, *copy = json_deep_copy(b), *bare = json_of("{'alias':'Rosa','capacity':{'open':3}}");

			faults_left = n;
			r = which == 0 ? publication_check(b, ORG_A, RECORD, 0, NOW, &p, NULL) : which == 1 ?
			    publication_sign(copy, ORG_A, RECORD, UNTIL, rosa.seed, NOW, NULL) : which == 3 ?
			    publication_sign(bare, ORG_A, RECORD, UNTIL, rosa.seed, NOW, NULL) :
			    publication_withdraw(json_obj(b, "consent"), rosa.seed, NOW, &word, NULL);
			faults_left = -1;
			/* Signing tells it from what is not UTF-8 in one place alone. */
			r = r == E_BAD && which > 0 ? -ENOMEM : r;
			failed += r == -ENOMEM;
			good &= (r == 0 || r == -ENOMEM) && (which != 2 || (r == 0) == (word != NULL));
		}
	ok(good && failed > 10, "out of memory, %d times: nothing else is said", failed);
}

int
main(void)
{
	faults_begin();
	rosa = key_of(KEY_ROSA);
	stranger = key_of(KEY_STRANGER);
	test_covers();
	test_credential();
	test_shape();
	test_time();
	test_withdraw();
	test_sign();
	test_memory();
	return done_testing();
}
