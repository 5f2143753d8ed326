/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/canon.h"
#include "domain/consent.h"
#include "domain/consent_law.h"
#include "domain/when.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

#define RECORD	"RRRRRRRRRRRRRRRRRRRRRRRRR0"
#define OTHER	"SSSSSSSSSSSSSSSSSSSSSSSSS0"

/* A complete consent; each test breaks one thing. */
static json_t *
consent(void)
{
	return json_of("{'id': 'ABCDEFGHJKMNPQRSTVWXYZ0123', 'law': 'us-part2',"
	    "'patient': 'CANARY-NAME',"
	    "'from': [{'org': '" ORG_A "', 'name': 'Oak House'}],"
	    "'what': ['identity', 'contact', 'need'], 'what_text': 'CANARY-WHAT: my name and need',"
	    "'to': [{'org': '" ORG_B "', 'name': 'River Peers', 'record': '" RECORD "'},"
	    "       {'org': '" ORG_C "', 'name': 'Hill Peers'}],"
	    "'purpose': 'CANARY-PURPOSE', 'revocation': {'right': 'You may revoke.',"
	    "    'how': ['matrix', 'phone', 'paper', 'in_person']},"
	    "'expires': {'kind': 'date', 'at': 1796000000000},"
	    "'signature': {'how': 'electronic', 'signer': 'CANARY-NAME', 'authority': 'self'},"
	    "'signed_at': 1795230000000, 'tpo': false}");
}

static const struct consent_use usual = {
	.now = NOW, .discloser = ORG_A, .recipient = ORG_B, .record = RECORD,
	.classes = CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS,
};

/* What is poked in, and the element that must refuse. */
static const struct {
	const char	*path;
	const char	*value;		/* NULL: removed. */
	int		 element;
	const char	*says;		/* Part of the sentence. */
} broken[] = {
	{ "id", NULL, 0, "has no id" },
	{ "id", "'short'", 0, "has no id" },
	{ "law", NULL, 0, "law" },
	{ "law", "'GDPR'", 0, "law" },
	{ "law", "'gdpr'", 0, "explicit consent" },
	{ "covers", "'everything'", 0, "covers" },
	{ "covers", "1", 0, "covers" },
	{ "patient", NULL, 1, "missing" },
	{ "patient", "' \\t'", 1, "missing" },
	{ "patient", "7", 1, "missing" },
	{ "from", NULL, 2, "nobody" },
	{ "from", "[]", 2, "nobody" },
	{ "from/0/org", "'" ORG_B "'", 2, "not named as one that may disclose" },
	{ "from/0/name", NULL, 2, "must be named" },
	{ "what", NULL, 3, "no class" },
	{ "what", "[]", 3, "no class" },
	{ "what/2", "'counselling_notes'", 3, "of their own" },
	{ "covers", "'counselling_notes'", 3, "of their own" },
	{ "what/0", "'everything'", 3, "does not exist" },
	{ "what/0", "1", 3, "does not exist" },
	{ "what/1", NULL, 3, "does not list" },
	{ "what_text", NULL, 3, "in words" },
	{ "what_text", "'  Everything. '", 3, "specific" },
	{ "what_text", "'any and all information'", 3, "specific" },
	{ "what_text", "'...'", 3, "specific" },
	{ "to", NULL, 4, "nobody" },
	{ "to", "[]", 4, "nobody" },
	{ "to", "'" ORG_B "'", 4, "nobody" },
	{ "to/0/org", "'my treating providers'", 4, "class" },
	{ "to/1/org", "'*'", 4, "class" },
	{ "to/1/org", NULL, 4, "class" },
	{ "to/1", "'any program of the network'", 4, "class" },
	{ "to/1/name", "''", 4, "must be named" },
	{ "to/0/record", "'any'", 4, "record" },
	{ "to/0/record", "3", 4, "record" },
	{ "to/0/record", "'" OTHER "'", 4, "recipient of this disclosure is not named" },
	{ "to/0/org", "'" ORG_A "'", 4, "recipient of this disclosure is not named" },
	{ "via", "'" ORG_B "'", 4, "intermediary must be named" },
	{ "via", "{'name': 'Relay', 'participants': []}", 4, "intermediary must be named" },
	{ "via", "{'org': '" ORG_C "', 'participants': []}", 4, "intermediary must be named" },
	{ "via", "{'org': '" ORG_C "', 'name': 'Relay'}", 4, "each of its participants" },
	{ "via", "{'org': '" ORG_C "', 'name': 'Relay', 'participants': [{'org': 'treating providers', 'name': 'x'}]}", 4,
	  "each of its participants" },
	{ "purpose", NULL, 5, "missing" },
	{ "purpose_code", "'research'", 5, "code" },
	{ "purpose_code", "1", 5, "code" },
	{ "purpose_code", "'outcome_report'", 5, "does not need" },
	{ "covers", "'proceedings'", 5, "never to this besides" },
	{ "purpose", "''", 5, "missing" },
	{ "revocation", NULL, 6, "right" },
	{ "revocation/right", NULL, 6, "right" },
	{ "revocation/how", NULL, 6, "how" },
	{ "revocation/how", "[]", 6, "how" },
	{ "revocation/how/0", "'never'", 6, "way" },
	{ "revocation/how/3", "'fax'", 6, "way" },
	{ "expires", NULL, 7, "missing" },
	{ "expires", "{'kind': 'someday'}", 7, "none of" },
	{ "expires", "{'kind': 'event'}", 7, "not named" },
	{ "expires", "{'kind': 'never'}", 7, "without an end" },
	{ "expires/at", NULL, 7, "date is missing" },
	{ "expires/at", "253402300800000", 7, "date is missing" },
	{ "expires/at", "1795230000000", 7, "not after the date of signing" },
	{ "expires/at", "1795230245678", 7, "expired" },
	{ "signature", NULL, 8, "missing" },
	{ "signature/signer", "''", 8, "missing" },
	{ "signature/how", NULL, 8, "electronic, paper" },
	{ "signature/how", "'wink'", 8, "electronic, paper" },
	{ "signature/authority", NULL, 8, "by what right" },
	{ "signature/authority", "'friend'", 8, "by what right" },
	{ "signature/how", "'paper'", 8, "staff member" },
	{ "signature", "{'how': 'verbal', 'signer': 'x', 'authority': 'self', 'recorded_by': 'y'}", 8,
	  "written consent" },
	{ "signature/authority", "'parent'", 8, "minor only" },
	{ "cosignature", "{'how': 'electronic', 'signer': 'x'}", 8, "second signature" },
	{ "cosignature", "7", 8, "second signature" },
	{ "minor", "1", 8, "how old" },
	{ "minor", "{'age': 21, 'jurisdiction': 'US-NJ'}", 8, "how old" },
	{ "minor", "{'age': 15}", 8, "how old" },
	{ "minor", "{'age': 15, 'jurisdiction': 'Jersey'}", 8, "how old" },
	{ "signed_at", NULL, 9, "missing" },
	{ "signed_at", "'2026-11-21'", 9, "missing" },
	{ "signed_at", "-5", 9, "missing" },
	{ "signed_at", "253402300800000", 7, "not after the date of signing" },
	{ "signed_at", "1795231000000", 9, "future" },
	{ "tpo", NULL, 10, "does not say" },
	{ "tpo", "'no'", 10, "does not say" },
	{ "tpo", "true", 10, "redisclosure" },
};

static int
check(const json_t *c, const struct consent_use *use, int *element, struct err *err)
{
	*element = -1;
	*err = (struct err){ "" };
	return consent_check(c, use, element, err);
}

static void
test_elements(void)
{
	int element, seen[CONSENT_NELEMENTS] = { 0 };
	struct err err;

	for (size_t i = 0; i < nelem(broken); i++) {
		autojson json_t *c = consent();
		char begin[64];

		json_poke(c, broken[i].path, broken[i].value);
		ok(check(c, &usual, &element, &err) == E_REFUSED && element == broken[i].element &&
		    strstr(err.text, broken[i].says) != NULL, "%s = %s refused by element %d",
		    broken[i].path, broken[i].value ? broken[i].value : "(missing)",
		    broken[i].element);
		if (element != broken[i].element || strstr(err.text, broken[i].says) == NULL)
			printf("# element %d: %s\n", element, err.text);
		(void)snprintf(begin, sizeof(begin), "consent refused, element %d (", element);
		if (element > 0)
			ok(strncmp(err.text, begin, strlen(begin)) == 0 &&
			    strstr(err.text, consent_element_name(element)) != NULL,
			    "and says its number and name");
		ok(strstr(err.text, "CANARY") == NULL, "and quotes nothing");
		seen[broken[i].element]++;
	}
	for (int i = 0; i < CONSENT_NELEMENTS; i++)
		ok(seen[i] > 0, "element %d can refuse", i);
}

enum { FINE = -1 };

static void
expect(const char *name, const json_t *c, const struct consent_use *use, int want)
{
	struct err err;
	int element, r = check(c, use, &element, &err);

	if (!ok(element == want && r == (want == FINE ? 0 : E_REFUSED), "%s", name))
		printf("# element %d: %s\n", element, err.text);
}

static void
test_uses(void)
{
	autojson json_t *c = consent();
	struct consent_use use = usual;

	expect("complete and in use", c, &use, FINE);
	use.purpose = "CANARY-PURPOSE";
	expect("for its purpose", c, &use, FINE);
	use.purpose = "research";
	expect("for another purpose", c, &use, CONSENT_PURPOSE);
	use = usual;
	use.classes |= CONSENT_HISTORY_CLASS;
	expect("more than it lists", c, &use, CONSENT_WHAT);
	use = usual;
	use.record = NULL;
	expect("recipient's program not said, consent names one", c, &use, CONSENT_RECIPIENTS);
	use.recipient = ORG_C;
	expect("to a whole organization", c, &use, FINE);
	use.record = OTHER;
	expect("to any program of that organization", c, &use, FINE);
	use.recipient = "DDDDDDDDDDDDDDDDDDDDDDDDD0";
	expect("to somebody else", c, &use, CONSENT_RECIPIENTS);
	use = usual;
	use.discloser = ORG_B;
	expect("by somebody else", c, &use, CONSENT_DISCLOSER);
	use = usual;
	use.revoked_at = NOW - 1;
	expect("after revocation", c, &use, CONSENT_REVOCATION);
	use = usual;
	use.now = 1796000000000 - 1;
	expect("in the last millisecond", c, &use, FINE);
	use.now++;
	expect("at its end", c, &use, CONSENT_EXPIRY);
	use.now = 1795230000000 - WHEN_SKEW;
	expect("signed by a clock that is five minutes fast", c, &use, FINE);
	use.now--;
	expect("signed in the future", c, &use, CONSENT_DATE);
}

#define RELAY	"{'org': '" ORG_C "', 'name': 'Relay', 'participants': [{'org': '" STRANGER "', 'name': 'P'}]}"
#define STRANGER "DDDDDDDDDDDDDDDDDDDDDDDDD0"

/* A consent that lets ORG_A disclose to ORG_B, and through ORG_C to a fourth. */
static void
test_intermediary(void)
{
	autojson json_t *c = consent();
	struct consent_use use = usual;

	json_poke(c, "to/1", NULL);
	json_poke(c, "via", RELAY);
	expect("to who is named beside an intermediary", c, &use, FINE);
	use.recipient = ORG_C;
	expect("to the intermediary", c, &use, FINE);
	use.recipient = STRANGER;
	expect("past the intermediary to its participant", c, &use, CONSENT_RECIPIENTS);
	use.discloser = ORG_C;
	expect("by the intermediary to its participant", c, &use, FINE);
	use.recipient = ORG_B;
	expect("by the intermediary to somebody else", c, &use, CONSENT_RECIPIENTS);
	use.discloser = STRANGER;
	expect("by a participant", c, &use, CONSENT_DISCLOSER);
	ok(consent_names(c, ORG_A) && consent_names(c, ORG_B) && consent_names(c, ORG_C) && consent_names(c, STRANGER) &&
	    !consent_names(c, OTHER), "all of them are named, and nobody else");
}

static void
test_separate(void)
{
	autojson json_t *c = consent();
	struct consent_use use = usual;

	use.covers = CONSENT_PROCEEDINGS;
	expect("a general consent for proceedings", c, &use, CONSENT_PURPOSE);
	use.covers = CONSENT_COUNSELLING;
	expect("a general consent for counselling notes", c, &use, CONSENT_PURPOSE);
	use = usual;
	use.classes = CONSENT_NOTES_CLASS;
	expect("notes under a consent that does not list them", c, &use, CONSENT_WHAT);
	json_poke(c, "what", "['counselling_notes']");
	json_poke(c, "covers", "'counselling_notes'");
	json_poke(c, "purpose_code", "'counselling'");
	use.covers = CONSENT_COUNSELLING;
	expect("notes under a consent of their own", c, &use, FINE);
	json_poke(c, "what", "['counselling_notes', 'identity']");
	expect("which lists something besides", c, &use, CONSENT_WHAT);
	json_poke(c, "what", "['outcome']");
	json_poke(c, "covers", "'proceedings'");
	json_poke(c, "purpose_code", "'proceedings'");
	use.classes = CONSENT_OUTCOME_CLASS;
	use.covers = CONSENT_PROCEEDINGS;
	expect("proceedings under a consent of their own", c, &use, FINE);
	use.covers = CONSENT_GENERAL;
	expect("which covers nothing else", c, &use, CONSENT_PURPOSE);
	use.covers = CONSENT_PROCEEDINGS;
	json_poke(c, "tpo", "true");
	expect("nor is it for treatment besides", c, &use, CONSENT_TPO);
}

static void
test_classes(void)
{
	autojson json_t *c = consent();
	struct consent_use use = usual;

	json_poke(c, "what", "['identity', 'contact', 'need', 'history']");
	use.classes |= CONSENT_HISTORY_CLASS;
	expect("history is listed, but peer support does not need it", c, &use, CONSENT_PURPOSE);
	json_poke(c, "purpose_code", "'care_coordination'");
	expect("coordinating care does", c, &use, FINE);
	is_str(consent_class_name(CONSENT_BIT_HISTORY), "history", "a class by name");
	is_str(consent_class_name(CONSENT_NCLASSES), "unknown", "or none");
}

static void
test_laws(void)
{
	autojson json_t *c = consent();
	struct consent_use use = usual;

	use.law = CONSENT_PART2;
	expect("Part 2 where Part 2 is wanted", c, &use, FINE);
	use.law = CONSENT_GDPR;
	expect("Part 2 where another law holds", c, &use, CONSENT_FRAME);
	json_poke(c, "law", "'us-hipaa'");
	use.law = CONSENT_PART2;
	expect("HIPAA where Part 2 is wanted", c, &use, CONSENT_FRAME);
	use.law = NULL;
	expect("HIPAA wants the statements in each authorization", c, &use, CONSENT_TPO);
	json_poke(c, "redisclosure", "'It may be passed on.'");
	json_poke(c, "refusal", "'Nothing follows.'");
	expect("with them it is one", c, &use, FINE);
	json_poke(c, "law", "'gdpr'");
	json_poke(c, "gdpr", "{'basis': 'consent', 'controller': 'Oak House', 'contact': 'privacy@example.org'}");
	expect("the GDPR wants an explicit consent", c, &use, CONSENT_FRAME);
	json_poke(c, "gdpr/basis", "'explicit_consent'");
	expect("which this is", c, &use, FINE);
	json_poke(c, "gdpr/controller", "' '");
	expect("and who answers for it", c, &use, CONSENT_FRAME);
	json_poke(c, "gdpr/controller", "'Oak House'");
	json_poke(c, "gdpr/contact", NULL);
	expect("and where to ask", c, &use, CONSENT_FRAME);
}

static const char minors[] = "{'by': 'Board', 'reviewed': '2026-11-01', 'minors': ["
    "{'jurisdiction': 'US', 'condition': 'any', 'alone_from': 18},"
    "{'jurisdiction': 'US', 'condition': 'substance_use', 'alone_from': 16},"
    "{'jurisdiction': 'US-XX', 'condition': 'any', 'alone_from': 15, 'guardian_below': 7},"
    "{'jurisdiction': 'US-XX', 'condition': 'substance_use', 'alone_from': 12}]}";

static void
test_minors(void)
{
	enum { SU = CONSENT_ABOUT_SUBSTANCE_USE, MH = CONSENT_ABOUT_MENTAL_HEALTH };
	static const struct {
		const char	*where;
		unsigned	 about;
		int		 age;
		enum consent_signers want;
	} rules[] = {
		{ "US-XX", SU, 12, CONSENT_MINOR_SIGNS }, { "US-XX", SU, 11, CONSENT_BOTH_SIGN },
		{ "US-XX", SU, 5, CONSENT_BOTH_SIGN }, { "US-XX", MH, 15, CONSENT_MINOR_SIGNS },
		{ "US-XX", MH, 14, CONSENT_BOTH_SIGN }, { "US-XX", MH, 6, CONSENT_GUARDIAN_SIGNS },
		{ "US-XX", MH, 7, CONSENT_BOTH_SIGN }, { "US-XX", SU | MH, 13, CONSENT_BOTH_SIGN },
		{ "US-XX", SU | MH, 15, CONSENT_MINOR_SIGNS }, { "US-XX", SU | MH, 6, CONSENT_BOTH_SIGN },
		{ "US-YY", SU, 16, CONSENT_MINOR_SIGNS }, { "US-YY", SU, 15, CONSENT_BOTH_SIGN },
		{ "US-YY", MH, 17, CONSENT_BOTH_SIGN }, { "US", CONSENT_ABOUT_OTHER, 18, CONSENT_MINOR_SIGNS },
		{ "DE", SU, 17, CONSENT_BOTH_SIGN }, { "DE", SU, 3, CONSENT_BOTH_SIGN },
	};
	static const struct { const char *path, *value, *says; } bad[] = {
		{ "by", NULL, "/by" }, { "by", "''", "/by" }, { "reviewed", NULL, "/reviewed" },
		{ "reviewed", "'yesterday'", "/reviewed" }, { "minors", NULL, "/minors" },
		{ "minors/0/jurisdiction", "'Texas'", "/minors/0/jurisdiction" }, { "minors/2/jurisdiction", NULL, "/minors/2" },
		{ "minors/1/condition", "'flu'", "/minors/1/condition" }, { "minors/1/condition", NULL, "/minors/1" },
		{ "minors/1/alone_from", "'16'", "/minors/1" }, { "minors/2/guardian_below", "-1", "/minors/2" },
		{ "minors/3/alone_from", "22", "/minors/3" },
	};
	static const struct { const char *band; int age, want; } bands[] = {
		{ "under_13", 12, FINE }, { "under_13", 13, CONSENT_SIGNATURE }, { "under_13", 16, CONSENT_SIGNATURE },
		{ "13_17", 12, CONSENT_SIGNATURE }, { "13_17", 13, FINE }, { "13_17", 17, FINE }, { "13_17", 18, CONSENT_SIGNATURE },
		{ "18_25", 17, CONSENT_SIGNATURE }, { "18_25", 20, FINE }, { "26_59", 16, CONSENT_SIGNATURE }, { "60_plus", 16, CONSENT_SIGNATURE },
	};
	autojson json_t *table = json_of(minors), *c = consent();
	struct consent_use use = usual;
	struct err err = { "" };

	ok(consent_minors_check(table, &err) == 0, "a table of minors");
	for (size_t i = 0; i < nelem(rules); i++)
		is_int(consent_signers(table, rules[i].where, rules[i].about, rules[i].age), rules[i].want,
		    "%s, about %u, age %d", rules[i].where, rules[i].about, rules[i].age);
	is_int(consent_signers(NULL, "US-XX", SU, 17), CONSENT_BOTH_SIGN, "without a table both sign");
	{	/* Rows that say nothing, and more than there may be. */
		autojson json_t *odd = json_of("{'minors':[{},{'jurisdiction':'US-XX'},{'jurisdiction':'US-XX','condition':'substance_use','alone_from':12}]}");
		autojson json_t *many = json_of(minors);

		is_int(consent_signers(odd, "US-XX", SU, 12), CONSENT_MINOR_SIGNS, "a row that says nothing is no row");
		for (size_t i = json_array_size(json_object_get(many, "minors")); i < 1000; i++)
			(void)json_array_append(json_object_get(many, "minors"), json_array_get(json_object_get(many, "minors"), 0));
		is_int(consent_minors_check(many, &err), 0, "1000 rows");
		(void)json_array_append(json_object_get(many, "minors"), json_array_get(json_object_get(many, "minors"), 0));
		is_int(consent_minors_check(many, &err), E_BAD, "are the most");
		(void)json_array_clear(json_object_get(many, "minors"));
		is_int(consent_minors_check(many, &err), 0, "none is a table, too");
	}
	for (size_t i = 0; i < nelem(bad); i++) {
		autojson json_t *t = json_of(minors);

		json_poke(t, bad[i].path, bad[i].value);
		ok(consent_minors_check(t, &err) == E_BAD && strncmp(err.text, bad[i].says, strlen(bad[i].says)) == 0,
		    "%s = %s is no table", bad[i].path, bad[i].value ? bad[i].value : "(missing)");
	}
	use.minor = true;
	expect("a minor that the consent does not mention", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "minor", "{'age': 13, 'jurisdiction': 'US-XX'}");
	expect("is mentioned; who has to sign is the discloser's to know", c, &use, FINE);
	use.signers = true;
	use.about = SU;
	expect("one signature, where both are wanted", c, &use, CONSENT_SIGNATURE);
	use.minors = table;
	expect("by the table this minor signs alone", c, &use, FINE);
	for (size_t i = 0; i < nelem(bands); i++) {
		autojson json_t *age = json_pack("{s:i, s:s}", "age", bands[i].age, "jurisdiction", "US-XX");

		use.age_band = bands[i].band;
		(void)json_object_set(c, "minor", age);
		expect(bands[i].band, c, &use, bands[i].want);
	}
	json_poke(c, "minor/age", "13");
	use.age_band = NULL;
	use.about = MH;
	expect("but not in this matter", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "cosignature", "{'how': 'paper', 'signer': 'Mother', 'authority': 'parent', 'recorded_by': 'y'}");
	expect("unless a parent signs too", c, &use, FINE);
	json_poke(c, "cosignature/signer", "'CANARY-NAME'");
	expect("who is not the minor", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "cosignature/signer", "'Mother'");
	json_poke(c, "signature/authority", "'guardian'");
	expect("two guardians are not the minor", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "minor/age", "6");
	expect("but enough for a small child", c, &use, FINE);
	json_poke(c, "signature/authority", "'representative'");
	json_poke(c, "cosignature", NULL);
	expect("a representative does not sign for a minor", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "signature/authority", "'self'");
	expect("nor does a small child alone", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "minor/age", "13");
	json_poke(c, "signature/authority", "'parent'");
	use.about = SU;
	expect("nor a parent alone for one who decides", c, &use, CONSENT_SIGNATURE);
}

static void
test_kinds(void)
{
	autojson json_t *c = consent(), *null = json_null(), *array = json_array();
	struct consent_use use = usual;

	json_poke(c, "expires", "{'kind': 'event', 'event': 'the end of the referral'}");
	expect("until an event", c, &use, FINE);
	json_poke(c, "signed_at", "253402300800000");
	expect("signed after the year 9999", c, &use, CONSENT_DATE);
	json_poke(c, "signed_at", "1795230000000");
	json_poke(c, "what_text", "'ALL my needs'");
	expect("words that only begin like a vague one", c, &use, FINE);
	json_poke(c, "what_text", "'my names'");
	expect("or have its length", c, &use, FINE);
	use.event_happened = true;
	expect("after the event", c, &use, CONSENT_EXPIRY);
	use = usual;
	json_poke(c, "tpo", "true");
	json_poke(c, "redisclosure", "'It may be passed on.'");
	expect("TPO without what follows from refusing", c, &use, CONSENT_TPO);
	json_poke(c, "refusal", "'Nothing follows.'");
	expect("TPO with both statements", c, &use, FINE);
	json_poke(c, "expires", "{'kind': 'never'}");
	expect("TPO without an end", c, &use, FINE);
	json_poke(c, "signature", "{'how': 'paper', 'signer': 'x', 'authority': 'guardian',"
	    "'recorded_by': 'y'}");
	expect("on paper by a guardian", c, &use, FINE);
	json_poke(c, "signature/how", "'verbal'");
	json_poke(c, "law", "'us-hipaa'");
	expect("spoken, under HIPAA", c, &use, CONSENT_SIGNATURE);
	json_poke(c, "law", "'gdpr'");
	json_poke(c, "gdpr", "{'basis': 'explicit_consent', 'controller': 'Oak House', 'contact': 'privacy@example.org'}");
	expect("spoken, under the GDPR", c, &use, FINE);
	expect("null is no consent", null, &use, CONSENT_FRAME);
	expect("an array is no consent", array, &use, CONSENT_FRAME);
	expect("nothing is no consent", NULL, &use, CONSENT_FRAME);
	is_str(consent_element_name(CONSENT_FRAME), "its id and law", "what is no element");
	is_str(consent_element_name(11), "unknown", "no eleventh element");
	is_str(consent_element_name(-1), "unknown", "nor one before the first");
	is_int(consent_classes(c), CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS |
	    CONSENT_NEED_CLASS, "classes as bits");
}

/* The schema's own example passes. */
static void
test_example(void)
{
	autojson json_t *c = json_example("consent", NULL);
	struct consent_use use = { 0 };

	use.now = json_integer_value(json_object_get(c, "signed_at"));
	use.discloser = json_string_value(json_object_get(json_array_get(
	    json_object_get(c, "from"), 0), "org"));
	use.recipient = json_string_value(json_object_get(json_array_get(
	    json_object_get(c, "to"), 0), "org"));
	use.record = json_string_value(json_object_get(json_array_get(
	    json_object_get(c, "to"), 0), "record"));
	use.classes = consent_classes(c);
	expect("the schema's example is a consent", c, &use, FINE);
}

static void
test_scope(void)
{
	autojson json_t *c = consent(), *told = json_object();
	autobuf struct buf out = { 0 };
	bool is;

	ok(consent_scope(c, &out) == 0, "scope");
	is_str(out.data, "The member consented that Oak House may disclose to River Peers and Hill "
	    "Peers, and to nobody else, these classes of information: identity, contact and need "
	    "(CANARY-WHAT: my name and need). Purpose: CANARY-PURPOSE. Signed on 2026-11-21; valid "
	    "until 2026-11-30 unless the member revokes it before. Any other use or disclosure "
	    "needs a new consent, and use in proceedings against the member always one of its own.", "in plain sentences");
	ok(strstr(out.data, "CANARY-NAME") == NULL, "without the member's name");
	ok(consent_label(c, "N", told) == 0 && !strcmp(json_str(told, "notice"), "N") && !strcmp(json_str(told, "scope"), out.data) &&
	    json_object_size(told) == 2, "which goes with what is told, and the notice");
	ok(consent_scoped(c, out.data, &is) == 0 && is && consent_scoped(c, "Only this.", &is) == 0 && !is &&
	    consent_scoped(c, NULL, &is) == 0 && !is, "and is known again");

	json_poke(c, "via", RELAY);
	json_poke(c, "expires", "{'kind': 'event', 'event': 'the end of the referral'}");
	buf_cut(&out, out.len);
	ok(consent_scope(c, &out) == 0 &&
	    strstr(out.data, "valid until this event: the end of the referral unless") != NULL,
	    "until an event");
	ok(strstr(out.data, "Hill Peers, and through Relay to P, and to nobody else") != NULL, "and through whom");
	json_poke(c, "expires", "{'kind': 'never'}");
	buf_cut(&out, out.len);
	ok(consent_scope(c, &out) == 0 && strstr(out.data, "valid without a fixed end") != NULL,
	    "without an end");
	for (size_t max = 1; max < out.len; max++) {
		autobuf struct buf small = { .max = max };

		if (consent_scope(c, &small) != -EMSGSIZE || small.len != 0) {
			ok(0, "scope does not fit %zu bytes: nothing is added", max);
			return;
		}
	}
	ok(1, "a scope that does not fit is not begun");
}

static void
test_notice(void)
{
	ok(strstr(consent_notice, "42 CFR part 2") != NULL &&
	    strstr(consent_notice, "42 CFR 2.12(c)(5)") != NULL &&
	    strstr(consent_notice, "2.64 or 2.65") != NULL &&
	    strstr(consent_notice, "testimony") != NULL &&
	    strstr(consent_notice, "NOT sufficient") != NULL, "statement 1 of 42 CFR 2.32");
	ok(strlen(consent_notice) <= 2000, "fits its field");
	is_str(consent_notice_short, "42 CFR part 2 prohibits unauthorized use or disclosure of these "
	    "records.", "statement 2");
	ok(strlen(consent_right) <= 500, "the right to revoke fits its field");
}

int
main(void)
{
	test_elements();
	test_uses();
	test_intermediary();
	test_separate();
	test_classes();
	test_laws();
	test_minors();
	test_kinds();
	test_example();
	test_scope();
	test_notice();
	return done_testing();
}
