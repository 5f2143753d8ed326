/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second organization comes in: a code that is good once, an answer, and words that two people read to each
 * other.  A wrong, used or late code, somebody else's answer, other words: nothing changes.
 */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/signers.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "story_trust.h"
#include "tests/tap.h"

#define WRONG_WORDS	"acorn acorn acorn acorn acorn acorn acorn acorn acorn acorn"

/* ${reply} is consumed. */
static bool
refused(json_t *reply, const char *words)
{
	const char *error = json_str(reply, "error");
	bool good = json_is_false(json_object_get(reply, "ok")) && error != NULL && strstr(error, words) != NULL;

	if (!good)
		printf("# %s\n", error != NULL ? error : "not refused");
	json_decref(reply);
	return good;
}

static json_t *
ask(struct host *h, size_t i, const char *verb, const char *key, const json_t *doc, const char *second, const char *text)
{
	return host_command(h, i, verb, json_pack("{s:O, s:s*}", key, doc, second, text));
}

static json_t *
accept(struct host *h, const json_t *invited)
{
	return host_ok(h, TARGET, "federation_accept", json_pack("{s:O, s:O}", "invitation", json_obj(invited, "invitation"), "code",
	    json_object_get(invited, "code")));
}

static json_t *
invite(struct host *h)
{
	return host_ok(h, SOURCE, "federation_invite", json_pack("{s:s}", "domain", "harbor.example"));
}

static int
version(struct host *h, size_t i)
{
	autojson json_t *status = host_ok(h, i, "federation_status", json_object());

	return (int)json_int(status, "version", 0);
}

/* The source has a list of its own, of which it is the only signer.  Returns the words of the signers. */
static const char *
begin(struct host *h, uint64_t seed, char words[SIGNERS_WORDS])
{
	autojson json_t *list = NULL;
	struct signers by = { .needed = 1, .n = 1 };
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	char key[64];

	host_open(h, seed);
	(void)story_add(h, "opendoor", "opendoor.example");
	(void)story_add(h, "harbor", "harbor.example");
	(void)crypto_sign_seed_keypair(by.key[0], secret, seeds[0]);
	proof_key_text(by.key[0], key);
	list = story_trust_list(h, 1, 1u << SOURCE, STORY_LIFE);
	(void)json_object_set_new(list, "signers", json_pack("{s:i, s:[s]}", "needed", 1, "keys", key));
	sign(h, list, 1);
	(void)signers_words(&by, words);
	json_decref(host_ok(h, SOURCE, "federation_join", json_pack("{s:O, s:s}", "document", list, "words", words)));
	return words;
}

/* Nothing runs while time passes: a day of syncs would take minutes. */
static void
sleep_for(struct host *h, int64_t ms)
{
	for (size_t i = 0; i < h->n; i++)
		host_kill(h, i);
	*h->now += ms;
	for (size_t i = 0; i < h->n; i++)
		host_start(h, i);
}

/* As docs/federation.md has it. */
static void
test_enrol(void)
{
	struct host h;
	char words[SIGNERS_WORDS];
	autojson json_t *invited = NULL, *accepted = NULL, *shown = NULL, *admitted = NULL, *list = NULL, *partners = NULL;
	const json_t *answer;

	(void)begin(&h, 171, words);
	invited = invite(&h);
	ok(refused(ask(&h, TARGET, "federation_accept", "invitation", json_obj(invited, "invitation"), "code",
	    "7K2M-Q9XB-4RTD-0VHW-3ZNC-8YFP-6JGA"), "not made with this code"), "a wrong code: no answer is made");
	ok(refused(ask(&h, SOURCE, "federation_accept", "invitation", json_obj(invited, "invitation"), "code",
	    json_str(invited, "code")), "we are opendoor.example"), "nor at another node");
	accepted = accept(&h, invited);
	answer = json_obj(accepted, "enrolment");
	is_str(json_str(accepted, "their_words"), json_str(invited, "words"), "who is invited sees the words of who invites");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	shown = host_ok(&h, SOURCE, "federation_admit", json_pack("{s:O}", "enrolment", answer));
	is_str(json_str(shown, "words"), json_str(accepted, "words"), "and the other way round, also after a restart");
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", answer, "words", WRONG_WORDS), "not the words"), "other words admit nobody");
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", answer, "words", "acorn"), "not the words"), "nor do some");
	ok(refused(ask(&h, TARGET, "federation_admit", "enrolment", answer, "words", NULL), "no such invitation"), "nor does a node that did not invite");
	admitted = host_ok(&h, SOURCE, "federation_admit", json_pack("{s:O, s:O}", "enrolment", answer, "words",
	    json_object_get(accepted, "words")));
	is_int(version(&h, SOURCE), 1, "so far nothing has changed");
	list = next(&h, json_obj(admitted, "list"));
	(void)json_array_append(json_arr(list, "orgs"), json_obj(admitted, "entry"));
	sign(&h, list, 1);
	json_decref(host_ok(&h, SOURCE, "import_trust", json_pack("{s:O}", "document", list)));
	ok(refused(ask(&h, TARGET, "federation_join", "document", list, "words", WRONG_WORDS), "not the words"), "the list's words are heard, too");
	json_decref(host_ok(&h, TARGET, "federation_join", json_pack("{s:O, s:s}", "document", list, "words", words)));
	story_publish(&h);
	partners = story_list(&h, TARGET, "partners");
	is_int((int)json_array_size(partners), 1, "two organizations, which find each other");
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", answer, "words", NULL), "on the list already"), "nobody is admitted twice");
	is_int((int)story_complaints(&h), 0, "the homeservers have nothing to complain of");
	host_close(&h);
}

/* What is good once, and not for ever. */
static void
test_once(void)
{
	struct host h;
	char words[SIGNERS_WORDS];
	autojson json_t *first = NULL, *second = NULL, *one = NULL, *two = NULL, *early = NULL;

	(void)begin(&h, 172, words);
	ok(refused(host_command(&h, SOURCE, "federation_invite", json_pack("{s:s}", "domain", "not a server")), "domain"), "whom?");
	ok(refused(host_command(&h, SOURCE, "federation_invite", json_pack("{s:s, s:s}", "domain", "harbor.example", "hours", "169")), "hours"),
	    "not for ever");
	first = invite(&h);
	early = accept(&h, first);
	second = invite(&h);
	ok(strcmp(json_str(first, "code"), json_str(second, "code")) != 0, "each code is another");
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", json_obj(early, "enrolment"), "words", NULL), "no such invitation"),
	    "a new invitation ends the one before");
	one = accept(&h, second);
	host_run(&h, 1000);
	two = accept(&h, second);
	json_decref(host_ok(&h, SOURCE, "federation_admit", json_pack("{s:O}", "enrolment", json_obj(one, "enrolment"))));
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", json_obj(two, "enrolment"), "words", json_str(two, "words")),
	    "used already"), "a second answer with the same code is refused");
	json_decref(host_ok(&h, SOURCE, "federation_admit", json_pack("{s:O}", "enrolment", json_obj(one, "enrolment"))));
	sleep_for(&h, WHEN_DAY);
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", json_obj(one, "enrolment"), "words", json_str(one, "words")), "is over"),
	    "after a day it is over: where it was made");
	ok(refused(ask(&h, TARGET, "federation_accept", "invitation", json_obj(second, "invitation"), "code", json_str(second, "code")),
	    "ended on"), "and where it is answered");
	sleep_for(&h, 8 * WHEN_DAY);
	json_decref(host_ok(&h, SOURCE, "federation_invite", json_pack("{s:s}", "domain", "stream.example")));
	ok(refused(ask(&h, SOURCE, "federation_admit", "enrolment", json_obj(one, "enrolment"), "words", NULL), "no such invitation"),
	    "later it is forgotten");
	host_close(&h);
}

/* Two who begin together; and who is not in force invites nobody. */
static void
test_begin(void)
{
	struct host h;
	autojson json_t *invited = NULL, *accepted = NULL, *admitted = NULL, *one = NULL, *two = NULL;

	story_begin(&h, 173);
	invited = invite(&h);
	accepted = accept(&h, invited);
	admitted = host_ok(&h, SOURCE, "federation_admit", json_pack("{s:O, s:O}", "enrolment", json_obj(accepted, "enrolment"), "words",
	    json_object_get(accepted, "words")));
	ok(json_obj(admitted, "list") == NULL && json_obj(admitted, "own") != NULL, "without a list the first is made, with our own entry");
	one = story_trust_list(&h, 1, ~0u, STORY_LIFE);
	json_decref(import(&h, SOURCE, one));
	two = next(&h, one);
	(void)json_object_set_new(json_array_get(json_arr(two, "orgs"), SOURCE), "suspended",
	    json_pack("{s:I, s:s}", "since", (json_int_t)*h.now, "reason", "an audit is due"));
	sign(&h, two, 1);
	json_decref(import(&h, SOURCE, two));
	ok(refused(host_command(&h, SOURCE, "federation_invite", json_pack("{s:s}", "domain", "stream.example")), "an audit is due"),
	    "who is suspended invites nobody");
	sleep_for(&h, STORY_LIFE + 1000);
	ok(refused(host_command(&h, SOURCE, "federation_invite", json_pack("{s:s}", "domain", "stream.example")), "no trust list"),
	    "nor does whose list has ended: a second first list would contradict it");
	host_close(&h);
}

int
main(void)
{
	test_enrol();
	test_once();
	test_begin();
	return done_testing();
}
