/* SPDX-License-Identifier: Apache-2.0 */
/* Onto the trust list comes who has the code, for as long as it is good, and only as what they signed. */
#include <errno.h>

#include "base/canon.h"
#include "domain/enrol.h"
#include "domain/when.h"
#include "tests/domain/faults.h"
#include "tests/domain/trusts.h"

#define ID	"3TQ8V6M1X9B4K7R2D5N0W8Y6ZC"
#define CODE	"7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JGA"	/* Of the schemas' examples. */
#define THEN	1795230100000LL				/* While they are good. */

static struct keypair oak, river;

static json_t *
entry(const char *id, const char *name, int key)
{
	json_t *e = org(id, name, key);

	json_poke(e, "roles", "['node']");
	return e;
}

static json_t *
invite(void)
{
	autojson json_t *e = entry(ORG_A, "oak", KEY_ORG_A);
	uint8_t key[ENROL_KEY];
	json_t *doc = NULL;

	if (enrol_key(ID, CODE, key) != 0 || enrol_invite(ID, "river.example", NOW + WHEN_DAY, e, key, oak.seed, NOW, &doc, NULL) != 0)
		exit(99);
	return doc;
}

static json_t *
answer(void)
{
	autojson json_t *e = entry(ORG_B, "river", KEY_ORG_B);
	uint8_t key[ENROL_KEY];
	json_t *doc = NULL;

	if (enrol_key(ID, CODE, key) != 0 || enrol_answer(ID, e, key, river.seed, NOW, &doc, NULL) != 0)
		exit(99);
	return doc;
}

static void
is_refused(int got, int want, const struct err *err, const char *says, const char *name)
{
	if (!ok(got == want && strstr(err->text, says) != NULL, "%s", name))
		printf("# %d: %s\n", got, err->text);
}

static void
test_code(void)
{
	static const char *const same[] = { "7k2m q9xb 4rtd 0vhw 3znc 8yfp 6jga", "7K2MQ9XB4RTDOVHW3ZNC8YFP6JGA", "7K2M-Q9XB-4RTD-oVHW-3ZNC-8YFP-6JGA\t" };
	static const char *const none[] = { "", "7K2M", CODE "7", "7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JG", "UK2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JGA", "7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JG\xC3" };
	uint8_t raw[ENROL_CODE], key[ENROL_KEY], again[ENROL_KEY];
	char text[ENROL_CODE_TEXT];

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 9 + 224);
	is_str(enrol_code(raw, text), "09JV-4DPZ-8HT3-CNY7-GS2B-MX6F-R1AK", "seven groups of four");
	ok(enrol_key(ID, text, again) == 0 && enrol_key(ID, CODE, key) == 0 && memcmp(key, again, ENROL_KEY) != 0, "another code is another key");
	for (size_t i = 0; i < nelem(same); i++)
		ok(enrol_key(ID, same[i], again) == 0 && memcmp(key, again, ENROL_KEY) == 0, "as people write it: %s", same[i]);
	ok(enrol_key(ID, "1111-1111-1111-1111-1111-1111-1111", again) == 0 && enrol_key(ID, "iIlL-1111-1111-1111-1111-1111-1111", key) == 0 &&
	    memcmp(key, again, ENROL_KEY) == 0, "I and L are 1");
	for (size_t i = 0; i < nelem(none); i++)
		is_int(enrol_key(ID, none[i], key), E_BAD, "no code: %s", none[i]);
	ok(enrol_key(ID, CODE, key) == 0 && enrol_key(ORG_A, CODE, again) == 0 && memcmp(key, again, ENROL_KEY) != 0,
	    "and of another invitation it is another key");
}

static void
test_words(void)
{
	static const char *const members[] = { "org", "name", "server", "node_user", "steward_user", "master_key", "record_key", "via" };
	autojson json_t *e = entry(ORG_A, "oak", KEY_ORG_A);
	char words[ENROL_WORDS], other[ENROL_WORDS];
	uint8_t bytes[ENROL_NWORDS];

	ok(enrol_words(e, words) == 0 && words_parse(words, bytes, ENROL_NWORDS) == 0, "ten words: %s", words);
	for (size_t i = 0; i < nelem(members); i++) {
		autojson json_t *changed = json_deep_copy(e);

		json_poke(changed, members[i], "'x'");
		ok(enrol_words(changed, other) == 0 && strcmp(words, other) != 0, "%s is among what they stand for", members[i]);
	}
}

static void
test_invitation(void)
{
	autojson json_t *doc = invite(), *example = json_example("invitation", NULL);
	uint8_t key[ENROL_KEY], wanted[ENROL_KEY];
	struct err err = { "" };

	ok(enrol_key(ID, CODE, wanted) == 0 && enrol_check_invitation(doc, "river.example", CODE, NOW, key, &err) == 0 &&
	    memcmp(key, wanted, ENROL_KEY) == 0, "whoever is invited and has the code may answer");
	ok(enrol_check_invitation(doc, "river.example", CODE, NOW + WHEN_DAY - 1, key, &err) == 0, "until its end");
	is_refused(enrol_check_invitation(doc, "river.example", CODE, NOW + WHEN_DAY, key, &err), E_REFUSED, &err, "ended on 2026-11-22",
	    "not afterwards");
	is_refused(enrol_check_invitation(doc, "stream.example", CODE, NOW, key, &err), E_REFUSED, &err, "we are stream.example", "nobody else");
	is_refused(enrol_check_invitation(doc, "river.example", "7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JGB", NOW, key, &err), E_REFUSED, &err,
	    "not made with this code", "not with another code");
	is_refused(enrol_check_invitation(doc, "river.example", "guess", NOW, key, &err), E_REFUSED, &err, "28 letters", "nor with something short");
	ok(enrol_check_invitation(example, "harbor.example", CODE, THEN, key, &err) == 0, "the schema's example, by another implementation");
	json_poke(doc, "entry/master_key", "'Cp2GSxugaPNgrLp0slhlstNylZQRusv9xqCUHRIx9zc'");
	is_refused(enrol_check_invitation(doc, "river.example", CODE, NOW, key, &err), E_REFUSED, &err, "changed afterwards", "a key was exchanged");
	json_poke(doc, "entry/steward_user", "'@steward:evil.example'");
	is_refused(enrol_check_invitation(doc, "river.example", CODE, NOW, key, &err), E_BAD, &err, "steward_user", "an account elsewhere");
	json_poke(doc, "entry", NULL);
	is_refused(enrol_check_invitation(doc, "river.example", CODE, NOW, key, &err), E_BAD, &err, "no invitation", "nobody invites");
}

static void
test_answer(void)
{
	autojson json_t *doc = answer(), *forged = answer(), *invitation = invite(), *example = json_example("enrolment", NULL);
	uint8_t key[ENROL_KEY], wrong[ENROL_KEY];
	struct err err = { "" };

	if (enrol_key(ID, CODE, key) != 0 || enrol_key(ORG_A, CODE, wrong) != 0)
		exit(99);
	ok(enrol_check_answer(doc, ID, "river.example", key, &err) == 0, "the answer of who was invited");
	ok(enrol_check_answer(example, ID, "harbor.example", key, &err) == 0, "the schema's example, by another implementation");
	is_refused(enrol_check_answer(doc, ID, "oak.example", key, &err), E_REFUSED, &err, "oak.example was invited", "of somebody else");
	is_refused(enrol_check_answer(doc, ORG_A, "river.example", key, &err), E_REFUSED, &err, "another invitation", "to another invitation");
	is_refused(enrol_check_answer(doc, ID, "river.example", wrong, &err), E_REFUSED, &err, "not made with this code", "without the code");
	is_refused(enrol_check_answer(invitation, ID, "oak.example", key, &err), E_BAD, &err, "no answer", "an invitation answers nothing");
	json_poke(forged, "entry/record_key", "'z6MkjfVhGkGqTRpQoepfXScXHt586d4snKSwY4v41pAToK95'");
	is_refused(enrol_check_answer(forged, ID, "river.example", key, &err), E_REFUSED, &err, "changed afterwards", "a key was exchanged");
}

/* Who has the code can make the keyed hash, and not the signature of a key that is another's. */
static void
test_stolen(void)
{
	autojson json_t *e = entry(ORG_B, "river", KEY_ORG_B), *doc = NULL;
	uint8_t key[ENROL_KEY];
	struct err err = { "" };

	if (enrol_key(ID, CODE, key) != 0 || enrol_answer(ID, e, key, oak.seed, NOW, &doc, NULL) != 0)
		exit(99);
	is_refused(enrol_check_answer(doc, ID, "river.example", key, &err), E_REFUSED, &err, "did not sign it", "keys of somebody else");
	json_poke(e, "roles", "['bot']");
	is_int(enrol_answer(ID, e, key, river.seed, NOW, &doc, NULL), E_BAD, "a bot comes another way");
}

/* Each allocation fails once. */
static void
test_memory(void)
{
	autojson json_t *e = entry(ORG_B, "river", KEY_ORG_B), *doc = answer();
	uint8_t key[ENROL_KEY];
	char words[ENROL_WORDS];
	int failed = 0;
	bool good = true;

	if (enrol_key(ID, CODE, key) != 0)
		exit(99);
	for (int which = 0; which < 3; which++)
		for (long n = 0, r = -ENOMEM; r == -ENOMEM; n++) {
			autojson json_t *made = NULL;

			faults_left = n;
			r = which == 0 ? enrol_words(e, words) : which == 1 ? enrol_check_answer(doc, ID, "river.example", key, NULL) :
			    enrol_answer(ID, e, key, river.seed, NOW, &made, NULL);
			faults_left = -1;
			failed += r == -ENOMEM;
			/* Signing tells it from what is not UTF-8 in one place alone. */
			good &= r == 0 || r == -ENOMEM || (which == 2 && r == E_BAD);
			good &= which != 2 || (r == 0) == (made != NULL);
			r = r == E_BAD ? -ENOMEM : r;
		}
	ok(good && failed > 20, "out of memory, %d times: nothing else is said", failed);
}

int
main(void)
{
	faults_begin();
	oak = key_of(KEY_ORG_A);
	river = key_of(KEY_ORG_B);
	test_code();
	test_words();
	test_invitation();
	test_answer();
	test_stolen();
	test_memory();
	return done_testing();
}
