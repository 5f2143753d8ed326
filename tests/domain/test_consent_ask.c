/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a member is asked before they consent in a chat: whatever they write, only what they were shown is in the form, the form is one that the
 * judge of consents takes, and other words have other letters.  With $CAIRN_CORPORA: its bad/blns as answers.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "domain/consent.h"
#include "domain/consent_ask.h"
#include "domain/when.h"
#include "events.h"
#include "faults.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define NOW	1795262400000LL	/* 2026-11-21T12:00:00Z */
#define ACCOUNT	"@jo:elsewhere.example"
#define OWN	"20K063R1B72GH8GQNEHPN093CB"
#define THEM	"QMNNV3X3SV10TNZA2N82C8N5DG"

static const struct consent_ask_case rosa = { "Rosa (Harbor)", "what it is about (grief)", false }, again = { "Rosa (Harbor)", "language (English)", true };

/* As app/disclosure.c makes it. */
static json_t *
form(const char *law)
{
	json_t *ret = json_pack("{s:{s:s, s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}], s:[s], s:s, s:[{s:s, s:s}, {s:s, s:s}], s:s, s:s, s:{s:s, s:[s, s, s]}, s:{s:s, s:I},"
	    " s:{s:s, s:s, s:s, s:s}, s:I, s:b}, s:{s:s, s:b, s:{s:s, s:s, s:b}}, s:s}", "consent", "id", "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", "law", law, "patient", "",
	    "from", "org", OWN, "name", "Open Door", "org", THEM, "name", "Harbor", "what", "identity", "what_text", "-",
	    "to", "org", THEM, "name", "Harbor", "org", OWN, "name", "Open Door", "purpose", "To connect me with peer support.", "purpose_code", "peer_support",
	    "revocation", "right", consent_right, "how", "matrix", "phone", "paper", "expires", "kind", "date", "at", NOW + 180LL * WHEN_DAY,
	    "signature", "how", "paper", "signer", "", "authority", "self", "recorded_by", "", "signed_at", NOW, "tpo", 0,
	    "identity", "name", "", "is_alias", 1, "contact", "how", "phone", "value", "", "leave_message", 0, "need_detail", "");
	json_t *consent = json_obj(ret, "consent");

	if (strcmp(law, "gdpr") == 0)
		(void)json_object_set_new(consent, "gdpr", json_pack("{s:s, s:s, s:s}", "basis", "explicit_consent", "controller", "Open Door", "contact", ""));
	if (strcmp(law, "us-hipaa") == 0) {
		(void)json_object_set_new(consent, "redisclosure", json_string("Who receives this may disclose it further."));
		(void)json_object_set_new(consent, "refusal", json_string(""));
	}
	return ret;
}

/* What people answer, "-" for what they leave out, "?" before what is no answer; then what is told, and words that are shown and that are not. */
static const struct talk {
	const char *said[16], *what, *shown[6], *hidden;
} talks[] = {
	{ { "Jo", "1", "-", "-", "2" }, "['identity','contact']", { "- your name: Jo\n- how to reach you: in Matrix, at " ACCOUNT "\n- that this request is yours: what it is about (grief)\nNothing else", "Harbor may not tell Open Door" },
	  "leave" },
	{ { "  Jo \r\n Doe\n", "2.", "?Jo", "?12", "+1 (201) 555-0187", "?perhaps", "no", "after five,\nnot my sister", "walks", "yes" },
	  "['identity','contact','need','constraints','outcome']", { "- your name: Jo    Doe\n", "by phone, at +1 (201) 555-0187; they may leave no message there", "mind: after five,\nnot my sister",
	  "support with: walks", "Harbor may tell Open Door what becomes of it" }, ACCOUNT },
	{ { "?-", "?", "? \t", "Jo", "?-", "?0", "?5", "?x", "#3", "201 555 0187", "1", "-", "walks", "2" }, "['identity','contact','need']",
	  { "by text message, at 201 555 0187; they may leave a message there", "support with: walks" }, "mind" },
	{ { "Jo", "4\xEF\xB8\x8F\xE2\x83\xA3", "?jo at example", "?@x", "?jo@", "?jo@a@b", "?jo@x, evil@y", "jo@example.org", "?3", "2", "at night", "-", "2" }, "['identity','contact','constraints']",
	  { "by e-mail, at jo@example.org; they may leave no message there" }, "support with" },
};

static bool
play(const struct talk *t, json_t *answers)
{
	bool over = false, good = true;

	for (size_t n = 0; n < nelem(t->said) && t->said[n] != NULL && good; n++) {
		const char *said = t->said[n], *words = said + (*said == '?');
		autojson json_t *before = json_deep_copy(answers);
		autobuf struct buf ask = { 0 };
		struct err why = { "" };
		int r;

		good = !over && consent_ask_question(answers, ACCOUNT, &ask) == 0 && ask.len > 10;
		r = consent_ask_answer(answers, ACCOUNT, strcmp(words, "-") == 0 ? NULL : words, &over, &why);
		good = good && (*said == '?' ? r == E_BAD && why.text[0] != '\0' && json_equal(before, answers) : r == 0);
		if (!good)
			printf("# %s: %s: %s\n", ask.data, said, why.text);
	}
	return good && over;
}

static bool
judged(const json_t *filled, unsigned classes)
{
	struct consent_use use = { .now = NOW, .discloser = OWN, .recipient = THEM, .classes = classes, .signers = true };
	struct err why = { "" };
	int element;
	bool good = consent_check(json_obj(filled, "consent"), &use, &element, &why) == 0 && event_check(&ev_consent_desc, json_obj(filled, "consent"), &why) == 0 &&
	    event_check(&ev_identity_desc, json_obj(filled, "identity"), &why) == 0;

	if (!good)
		printf("# %s\n", why.text);
	return good;
}

static void
test_talks(void)
{
	for (size_t i = 0; i < nelem(talks); i++) {
		const struct talk *t = &talks[i];
		autojson json_t *answers = json_object(), *filled = form("us-part2"), *what = json_of(t->what);
		autobuf struct buf words = { 0 };
		const json_t *consent = json_obj(filled, "consent");

		ok(play(t, answers), "%zu: to its end, whatever is written", i);
		ok(consent_ask_fill(answers, filled) == 0 && judged(filled, consent_classes(consent) & ~(unsigned)CONSENT_OUTCOME_CLASS), "%zu: the judge takes it", i);
		ok(json_equal(json_object_get(consent, "what"), what), "%zu: what is told is %s", i, t->what);
		ok(consent_ask_words(filled, &rosa, &words) == 0 && strstr(words.data, "Open Door tells Harbor, for your request to Rosa (Harbor), and nobody else:") != NULL,
		    "%zu: it is said to whom", i);
		for (size_t n = 0; n < nelem(t->shown) && t->shown[n] != NULL; n++)
			ok(strstr(words.data, t->shown[n]) != NULL, "%zu: it says what is told, %zu", i, n);
		ok(strstr(words.data, t->hidden) == NULL, "%zu: not: %s", i, t->hidden);
		ok(strstr(words.data, "Until: 2027-05-20") != NULL && strstr(words.data, "!revoke") != NULL && strstr(words.data, "If you say no: nothing more is told. They know only what you asked for without your name, and cannot reach you.") != NULL &&
		    strstr(words.data, "To connect me with peer support.") != NULL && strstr(words.data, "42 CFR 2.25") != NULL, "%zu: for what, until when, and what then", i);
		ok(strstr(json_str(consent, "what_text"), "that the request which they have is mine") != NULL, "%zu: and what it is joined to", i);
		buf_cut(&words, words.len);
		ok(consent_ask_words(filled, &again, &words) == 0 && strstr(words.data, "cannot reach you") == NULL && strstr(words.data, "that this request is yours: language (English)") != NULL &&
		    strstr(words.data, "What they were told of you before they may not use again") != NULL, "%zu: who was told before is not said to know nothing", i);
		is_int((int)json_array_size(json_arr(consent, "from")), strstr(t->what, "outcome") != NULL ? 2 : 1, "%zu: who may tell", i);
		is_int((int)json_array_size(json_arr(consent, "to")), strstr(t->what, "outcome") != NULL ? 2 : 1, "%zu: whom", i);
	}
}

static void
test_laws(void)
{
	static const struct { const char *law, *words; } laws[] = { { "us-part2", "(2.31)" }, { "us-hipaa", "Who receives this may disclose it further" },
	    { "gdpr", "Who answers for your data: Open Door. Where to ask: The chat" } };

	for (size_t i = 0; i < nelem(laws); i++) {
		autojson json_t *answers = json_object(), *filled = form(laws[i].law);
		autobuf struct buf words = { 0 };

		ok(play(&talks[0], answers) && consent_ask_fill(answers, filled) == 0 && judged(filled, CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS) &&
		    !judged(filled, CONSENT_NEED_CLASS), "%s: the judge takes it, and for nothing more", laws[i].law);
		ok(consent_ask_words(filled, &rosa, &words) == 0 && strstr(words.data, laws[i].words) != NULL, "%s: it says so", laws[i].law);
		is_str(json_str(json_obj(json_obj(filled, "consent"), "signature"), "how"), "electronic", "%s: as it is signed", laws[i].law);
	}
}

static void
test_letters(void)
{
	char terms[2][CONSENT_ASK_TERMS], code[2][CONSENT_ASK_CODE + 1], said[CONSENT_ASK_CODE + 1];
	static const struct { const char *words, *once; int64_t leg; } other[] = { { "b", "1", 1 }, { "a", "2", 1 }, { "a", "1", 2 } };

	consent_ask_code("a", "1", 1, terms[0], code[0]);
	consent_ask_code("a", "1", 1, terms[1], code[1]);
	is_str(code[0], code[1], "the same words have the same letters");
	is_str(terms[0], "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", "their hash is SHA-256 of the text");
	for (size_t i = 0; i < nelem(other); i++) {
		consent_ask_code(other[i].words, other[i].once, other[i].leg, terms[1], code[1]);
		ok(strcmp(code[0], code[1]) != 0, "others have others: words, the showing, the leg");
	}
	ok(consent_ask_said(code[0], said) && strcmp(said, code[0]) == 0, "they are read");
	ok(consent_ask_said("bcdfg. ", said) && strcmp(said, "BCDFG") == 0, "as people write them");
	ok(!consent_ask_said("BCDF", said) && !consent_ask_said("BCDFGH", said) && !consent_ask_said("BCDFG H", said) && !consent_ask_said("request", said) && !consent_ask_said("", said),
	    "and nothing else is");
}

/* A word in each answer that takes words. */
static void
test_strings(void)
{
	const char *corpora = getenv("CAIRN_CORPORA");
	autojson json_t *list = NULL;
	size_t i, taken = 0, refused = 0, wrong = 0;
	const json_t *item;
	char path[PATH_MAX];

	if (corpora == NULL) {
		printf("# CAIRN_CORPORA is not set\n");
		return;
	}
	(void)snprintf(path, sizeof(path), "%s/bad/blns/blns.json", corpora);
	if ((list = json_load_file(path, 0, NULL)) == NULL)
		ok(false, "%s cannot be read", path);
	json_array_foreach(list, i, item) {
		autojson json_t *answers = json_object(), *filled = form("us-part2");
		autobuf struct buf words = { 0 };
		const char *string = json_string_value(item);
		static const char *const others[] = { "Jo", "4", "jo@example.org", "2", NULL, NULL, "1" };
		bool over = false, good = true;

		for (size_t n = 0; n < nelem(others) && good; n++) {
			struct err why = { "" };
			int r = consent_ask_answer(answers, ACCOUNT, string, &over, &why);

			refused += r == E_BAD;
			taken += r == 0;
			good = r == 0 || (r == E_BAD && why.text[0] != '\0' && consent_ask_answer(answers, ACCOUNT, others[n], &over, &why) == 0);
			if (over)
				break;
		}
		good = good && over && consent_ask_fill(answers, filled) == 0 && judged(filled, CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS) &&
		    consent_ask_words(filled, &rosa, &words) == 0 && strstr(words.data, json_str(answers, "name")) != NULL;
		if (!good)
			printf("# %zu: %s\n", i, string);
		wrong += !good;
	}
	ok(wrong == 0 && taken > 1000 && refused > 1000, "whatever is written is taken (%zu) or refused with a reason (%zu), and the consent stays one", taken, refused);
}

static void
test_bounds(void)
{
	autojson json_t *answers = json_object(), *none = json_pack("{s:i}", "at", 99);
	autobuf struct buf ask = { 0 };
	char words[1100];
	bool over;

	memset(words, 'x', sizeof(words));
	words[201] = '\0';
	ok(consent_ask_answer(answers, ACCOUNT, words, &over, NULL) == E_BAD, "too long a name");
	words[200] = '\0';
	ok(consent_ask_answer(answers, ACCOUNT, words, &over, NULL) == 0, "as long as may be");
	ok(consent_ask_question(none, ACCOUNT, &ask) == 0 && ask.len == 0 && consent_ask_answer(none, ACCOUNT, "x", &over, NULL) == E_BAD, "behind the last nothing is asked");
}

/* Each allocation failing: nothing half done goes for done. */
static void
test_memory(void)
{
	bool good = true;
	long n = 0;

	for (int r = -ENOMEM; r == -ENOMEM && n < 1000; n++) {
		autojson json_t *answers = json_object(), *filled = form("gdpr");
		autobuf struct buf words = { 0 };

		good = good && play(&talks[1], answers);
		faults_left = n;
		if ((r = consent_ask_fill(answers, filled)) == 0)
			r = consent_ask_words(filled, &rosa, &words);
		faults_left = -1;
		good = good && (r == 0 || r == -ENOMEM);
	}
	ok(good && n > 10 && n < 1000, "each of %ld allocations failing is said", n);
	n = 0;
	for (int r = -ENOMEM; r == -ENOMEM && n < 100; n++) {
		autojson json_t *answers = json_object();
		bool over;

		faults_left = n;
		r = consent_ask_answer(answers, ACCOUNT, "Jo", &over, NULL);
		faults_left = -1;
	}
	ok(n > 1 && n < 100, "likewise of an answer");
}

int
main(void)
{
	faults_begin();
	test_talks();
	test_laws();
	test_letters();
	test_strings();
	test_bounds();
	test_memory();
	return done_testing();
}
