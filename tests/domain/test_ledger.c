/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An issuer's ledger: the whole table of states and inputs, and a random walk in which every credential is held
 * against the lists and a plain model after each step; the seed is fixed.
 */
#include <errno.h>

#include "base/canon.h"
#include "domain/credential.h"
#include "domain/ledger.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "tests/dice.h"
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"

#define LISTS	"https://board.example/status/"
#define UNTIL	(NOW + 365 * WHEN_DAY)

enum { PEOPLE = 12, STEPS = 400 };

static struct keypair issuer, rosa, signer;
static struct trust *trust;
static const json_t *the_ledger;
static int64_t the_time;
static struct status_list *lent;

static void
make_trust(void)
{
	autojson json_t *doc = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[{s:s, s:s, s:s, s:[{s:s, s:[s]}]}]}", "v", 1,
	    "kind", "trust", "version", 1, "issued_at", (json_int_t)1, "expires_at", (json_int_t)WHEN_MAX, "orgs", "issuers",
	    "id", issuer.did, "name", "Board", "key", issuer.text, "for", "type", "CPRS", "jurisdictions", "US-NJ");

	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0 && trust_load(doc, only(signer.pub), NULL, NOW, &trust, NULL) == 0,
	    "a trust list");
}

/* The lists as the ledger makes them, checked as a follower does. */
static int
lend(void *cookie, const char *who, const char *uri, const struct status_list **ret, struct status_finding *ret_finding)
{
	struct status_context context = { .trust = trust, .issuer = who, .list = uri, .now = the_time };
	autojson json_t *vc = NULL;
	int r;

	(void)cookie;
	status_free(lent);
	lent = NULL;
	r = ledger_list(the_ledger, strstr(uri, "revocation") != NULL ? STATUS_REVOCATION : STATUS_SUSPENSION, issuer.seed, &vc, NULL);
	if (r != 0 || (r = status_open(vc, &context, &lent, ret_finding)) != 0)
		return r;
	*ret = lent;
	return 0;
}

static enum credential_verdict
judged(const json_t *ledger, int64_t number)
{
	static const struct credential_lists lists = { lend, NULL };
	struct credential_finding f = { .verdict = CREDENTIAL_NVERDICTS };
	autojson json_t *vc = NULL;

	the_ledger = ledger;
	if (ledger_credential(ledger, number, issuer.seed, &vc, NULL) != 0 ||
	    credential_verify(vc, trust, rosa.did, &lists, the_time, &f) != 0)
		return CREDENTIAL_NVERDICTS;
	return f.verdict;
}

static json_t *
subject_json(void)
{
	return json_pack("{s:s, s:s, s:[s], s:[s], s:s}", "id", rosa.did, "credentialType", "CPRS", "kind", "family",
	    "jurisdiction", "US-NJ", "level", "core");
}

static int
issue(json_t *ledger, const char *id, uint32_t index)
{
	autojson json_t *subject = subject_json();
	struct ledger_term term = { NOW - WHEN_DAY, UNTIL, NOW };

	return ledger_issue(ledger, id, index, subject, &term, NULL);
}

/* Each state by each input: what becomes of it; "-" is refused. */
static void
test_table(void)
{
	static const char *const picture[LEDGER_NSTATES][LEDGER_NINPUTS] = {
		/*		renew		suspend		reinstate	revoke */
		/* active */	{ "active",	"suspended",	"-",		"revoked" },
		/* suspended */	{ "-",		"-",		"active",	"revoked" },
		/* revoked */	{ "-",		"-",		"-",		"-" },
	};
	int wrong = 0;

	for (int s = 0; s < LEDGER_NSTATES; s++)
		for (int i = 0; i < LEDGER_NINPUTS; i++) {
			struct ledger_term term = { NOW, UNTIL + WHEN_DAY, NOW };
			autojson json_t *ledger = NULL;
			json_t *entry;
			int r;

			wrong += ledger_new(LISTS, &ledger, NULL) != 0 || issue(ledger, "urn:x", 7) != 0;
			entry = ledger_entry(ledger, 1);
			(void)json_object_set_new(entry, "state", json_string(ledger_state_name((enum ledger_state)s)));
			r = ledger_change(ledger, 1, (enum ledger_input)i, &term, NULL);
			wrong += strcmp(picture[s][i], "-") == 0 ? r != E_REFUSED || (int)ledger_state(entry) != s :
			    r != 0 || strcmp(json_str(entry, "state"), picture[s][i]) != 0;
		}
	is_int(wrong, 0, "the table of states and inputs is as pictured");
	is_str(ledger_state_name(LEDGER_NSTATES), "unknown", "states by name");
	is_str(ledger_input_name(LEDGER_NINPUTS), "unknown", "inputs by name");
}

static void
test_refusals(void)
{
	static const struct {
		const char	*path, *value;
	} wrong[] = {
		{ "v", "2" }, { "kind", "'trust'" }, { "kind", NULL }, { "version", "0" }, { "version", "9007199254740991" }, { "version", "'1'" }, { "lists", "''" },
		{ "lists", "'nowhere'" }, { "listed", "-1" }, { "listed", "253402300800000" }, { "entries", NULL }, { "entries", "{}" },
		{ "proof", "{}" }, { "entries/0", "[]" }, { "entries/0/id", "''" }, { "entries/0/index", "131072" },
		{ "entries/0/index", "-1" }, { "entries/0/index", "'7'" }, { "entries/0/state", "'gone'" }, { "entries/0/state", NULL },
		{ "entries/0/from", "0" }, { "entries/0/until", "1" }, { "entries/0/signed", "0" }, { "entries/0/subject", "[]" },
		{ "entries/0/livedExperience", "[]" }, { "entries/0/signed", "253402300800000" }, { "entries/0/until", "253402300800000" }, { "entries/1/index", "7" },
	};
	autojson json_t *ledger = NULL, *other = NULL, *last = NULL, *subject = subject_json();
	struct ledger_term term = { NOW, UNTIL, NOW };
	struct err err = { "" };
	int taken = 0;

	ok(ledger_new(LISTS, &ledger, NULL) == 0 && issue(ledger, "urn:x", 7) == 0 && issue(ledger, "urn:y", 8) == 0 &&
	    ledger_check(ledger, NULL) == 0, "a ledger with two entries");
	last = json_deep_copy(ledger);
	for (size_t i = 0; i < nelem(wrong); i++) {
		autojson json_t *copy = json_deep_copy(ledger);

		err = (struct err){ "" };
		json_poke(copy, wrong[i].path, wrong[i].value);
		taken += ledger_check(copy, &err) != E_BAD || err.text[0] == '\0';
		if (taken > 0)
			printf("# %s\n", wrong[i].path);
	}
	json_poke(last, "version", "9007199254740991");
	ok(ledger_check(last, &err) == E_BAD && strstr(err.text, "none after it") != NULL, "why the last version is none is said: %s", err.text);
	for (int i = 0; i < 2; i++) {	/* A name too long, and a member of another name. */
		autojson json_t *copy = json_deep_copy(ledger);
		char name[4096];

		memset(name, 'x', sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		if (i == 0)
			(void)json_object_set_new(ledger_entry(copy, 1), "id", json_string(name));
		else {
			json_poke(copy, "entries/0/from", NULL);
			json_poke(copy, "entries/0/since", "1");
		}
		taken += ledger_check(copy, NULL) != E_BAD;
	}
	is_int(taken, 0, "%zu that are no ledger are refused", nelem(wrong));
	ok(ledger_new("", &other, NULL) == E_BAD && ledger_new("board", &other, NULL) == E_BAD && other == NULL,
	    "lists have names that are URIs");
	ok(issue(ledger, "urn:x", 9) == E_REFUSED && issue(ledger, "urn:z", 7) == E_REFUSED &&
	    issue(ledger, "", 9) == E_BAD && issue(ledger, "urn:z", STATUS_BITS_MIN) == E_BAD, "no id and no place twice");
	ok(ledger_uses(ledger, 7) && !ledger_uses(ledger, 9), "and which are taken is known");
	ok(ledger_change(ledger, 3, LEDGER_REVOKE, &term, NULL) == E_NOTFOUND && ledger_change(ledger, 0, LEDGER_REVOKE, &term,
	    NULL) == E_NOTFOUND && ledger_credential(ledger, 3, issuer.seed, &other, NULL) == E_NOTFOUND, "nor is what is not there changed");
	ok(ledger_change(ledger, 1, LEDGER_RENEW, &term, NULL) == E_BAD, "a renewal lasts longer than before");
	ok(ledger_change(ledger, 1, LEDGER_NINPUTS, &term, NULL) == E_REFUSED, "what is no input changes nothing");
	term.until = NOW;
	ok(ledger_change(ledger, 1, LEDGER_RENEW, &term, NULL) == E_BAD, "and ends after it begins");
	ok(ledger_issue(ledger, "urn:z", 9, subject, &term, NULL) == E_BAD, "so does a new one");
	term = (struct ledger_term){ NOW, UNTIL + WHEN_DAY, 0 };
	ok(ledger_change(ledger, 1, LEDGER_RENEW, &term, NULL) == E_BAD && ledger_issue(ledger, "urn:z", 9, subject, &term, NULL) == E_BAD,
	    "and none is signed before there was time");
	term.now = NOW;
	ok(ledger_issue(ledger, "urn:z", 9, json_null(), &term, NULL) == E_BAD, "nor about nobody");
	ok(ledger_list(ledger, STATUS_REVOCATION, issuer.seed, &other, NULL) == E_REFUSED && other == NULL,
	    "lists without a date are not signed");
}

static void
test_time(void)
{
	autojson json_t *ledger = NULL, *a = NULL, *b = NULL, *c = NULL;
	const json_t *entry;

	ok(ledger_new(LISTS, &ledger, NULL) == 0 && issue(ledger, "urn:x", 7) == 0, "one entry");
	entry = ledger_entry(ledger, 1);
	is_str(ledger_advice(entry, UNTIL - LEDGER_REMIND - 1), "", "61 days before the end nothing is said");
	is_str(ledger_advice(entry, UNTIL - LEDGER_REMIND), "renewal due", "60 days before it is due");
	is_str(ledger_advice(entry, UNTIL), "expired", "at the end it has expired");
	ok(ledger_change(ledger, 1, LEDGER_REVOKE, NULL, NULL) == 0, "revoked");
	is_str(ledger_advice(entry, UNTIL), "", "what is revoked is not due");
	ok(ledger_date(ledger, NOW) == 0 && ledger_list(ledger, STATUS_REVOCATION, issuer.seed, &a, NULL) == 0 &&
	    ledger_list(ledger, STATUS_REVOCATION, issuer.seed, &b, NULL) == 0 && json_equal(a, b), "a list is the same each time");
	ok(ledger_date(ledger, NOW - WHEN_DAY) == 0 && ledger_list(ledger, STATUS_REVOCATION, issuer.seed, &c, NULL) == 0 &&
	    strcmp(json_str(c, "validFrom"), json_str(a, "validFrom")) > 0, "and the next is later, though the clock went back");
	is_int(json_int(ledger, "version", 0), 3, "each of them is a version");
}

/* LEDGER_MAX entries, made in place: a book that is full, and one that is more than full. */
static void
test_full(void)
{
	autojson json_t *ledger = NULL;
	struct err err = { "" };
	json_t *entries;

	ok(ledger_new(LISTS, &ledger, NULL) == 0 && issue(ledger, "urn:x", 7) == 0, "a ledger with an entry");
	entries = json_object_get(ledger, "entries");
	while (json_array_size(entries) < LEDGER_MAX) {
		json_t *copy = json_copy(ledger_entry(ledger, 1));
		int i = (int)json_array_size(entries);

		(void)json_object_set_new(copy, "index", json_integer(i + 7));
		(void)json_array_append_new(entries, copy);
	}
	is_int(ledger_check(ledger, NULL), 0, "it may have %d", LEDGER_MAX);
	is_int(issue(ledger, "urn:y", 5), E_REFUSED, "and then takes no more");
	(void)json_array_append_new(entries, json_copy(ledger_entry(ledger, 1)));
	(void)json_object_set_new(json_array_get(entries, LEDGER_MAX), "index", json_integer(0));
	ok(ledger_check(ledger, &err) == E_BAD && strstr(err.text, "or more than") != NULL, "nor is one with more a ledger: %s", err.text);
}

static void
test_walk(void)
{
	enum ledger_state model[PEOPLE] = { 0 };
	autojson json_t *ledger = NULL;
	size_t people = 0;
	int wrong = 0, refused = 0, done[LEDGER_NSTATES] = { 0 };

	the_time = NOW;
	ok(ledger_new(LISTS, &ledger, NULL) == 0, "a walk of %d steps, seed 1120", STEPS);
	for (int n = 0; n < STEPS; n++) {
		uint32_t who = dice_roll(PEOPLE), index = dice_roll(STATUS_BITS_MIN);
		enum ledger_input input = (enum ledger_input)dice_roll(LEDGER_NINPUTS);
		struct ledger_term term = { NOW - WHEN_DAY, UNTIL + n * WHEN_HOUR, NOW };
		enum ledger_state before;
		char id[32];
		int r;

		if (who >= people) {
			(void)snprintf(id, sizeof(id), "urn:x:%zu", people);
			wrong += !ledger_uses(ledger, index) && issue(ledger, id, index) != 0;
			model[people++] = LEDGER_ACTIVE;
		} else if (n % 8 == 0 || input != LEDGER_REVOKE) {
			before = model[who];
			if (input == LEDGER_REVOKE && before != LEDGER_REVOKED)
				model[who] = LEDGER_REVOKED;
			else if (input == LEDGER_SUSPEND && before == LEDGER_ACTIVE)
				model[who] = LEDGER_SUSPENDED;
			else if (input == LEDGER_REINSTATE && before == LEDGER_SUSPENDED)
				model[who] = LEDGER_ACTIVE;
			r = ledger_change(ledger, who + 1, input, &term, NULL);
			refused += r != 0;
			wrong += (r == 0) != (model[who] != before || (input == LEDGER_RENEW && before == LEDGER_ACTIVE));
		}
		wrong += ledger_date(ledger, the_time) != 0 || ledger_check(ledger, NULL) != 0;
		if (n % 10 != 0)
			continue;
		the_time += WHEN_MINUTE;
		for (size_t i = 0; i < people; i++) {
			enum credential_verdict v = judged(ledger, (int64_t)i + 1);

			done[model[i]]++;
			wrong += v != (model[i] == LEDGER_ACTIVE ? CREDENTIAL_CERTIFIED : model[i] == LEDGER_REVOKED ?
			    CREDENTIAL_REVOKED : CREDENTIAL_SUSPENDED);
		}
	}
	ok(wrong == 0 && refused > 20 && done[0] > 20 && done[1] > 20 && done[2] > 20,
	    "%d wrong; %d refused; judged active %d, suspended %d, revoked %d times", wrong, refused, done[0], done[1], done[2]);
}

static void
test_memory(void)
{
	const struct ledger_term longer = { NOW, UNTIL + WHEN_DAY, NOW };
	long n, wrong = 0;
	int r = 1;

	for (n = 0; r != 0; n++) {
		autojson json_t *ledger = NULL, *vc = NULL, *list = NULL;

		faults_left = n;
		if ((r = ledger_new(LISTS, &ledger, NULL)) == 0 && (r = issue(ledger, "urn:x", 7)) == 0 &&
		    (r = ledger_change(ledger, 1, LEDGER_RENEW, &longer, NULL)) == 0 && (r = ledger_date(ledger, NOW)) == 0 && (r = ledger_credential(ledger, 1, issuer.seed, &vc, NULL)) == 0)
			r = ledger_list(ledger, STATUS_REVOCATION, issuer.seed, &list, NULL);
		faults_left = -1;
		wrong += r != 0 && list != NULL;
		wrong += ledger != NULL && ledger_check(ledger, NULL) != 0;
	}
	ok(wrong == 0 && n > 100, "each of %ld failing allocations leaves a whole ledger", n - 1);
}

int
main(void)
{
	faults_begin();
	signer = key_of(KEY_SIGNER);
	issuer = key_of(KEY_ISSUER);
	rosa = key_of(KEY_ROSA);
	make_trust();
	test_table();
	test_refusals();
	test_time();
	test_full();
	test_walk();
	test_memory();
	status_free(lent);
	trust_free(trust);
	return done_testing();
}
