/* SPDX-License-Identifier: Apache-2.0 */
/* Whose wish a referral is, who hears what became of it, and what makes two people look like one. */
#include <string.h>

#include "domain/origin.h"
#include "tests/tap.h"

static void
test_check(void)
{
	static const struct { const char *origin; bool voluntary; int want; } cases[] = {
		{ NULL, false, 0 }, { "self", false, 0 }, { "program", false, 0 }, { "self", true, 0 }, { "program", true, 0 },
		{ "clinician", true, 0 }, { "clinician", false, E_REFUSED }, { "court", true, 0 }, { "court", false, E_REFUSED },
		{ "family", true, 0 }, { "family", false, E_REFUSED }, { "employer", true, E_BAD }, { "", true, E_BAD }, { "Court", true, E_BAD },
	};
	struct err err = { "" };

	for (size_t i = 0; i < nelem(cases); i++)
		is_int(origin_check(cases[i].origin, cases[i].voluntary, &err), cases[i].want, "%s, %s", cases[i].origin ? cases[i].origin : "not said",
		    cases[i].voluntary ? "wanted" : "not said to be wanted");
	ok(origin_check("court", false, &err) == E_REFUSED && *err_todo(&err) != '\0', "a refusal says what to do");
}

static void
test_hears(void)
{
	ok(origin_hears(NULL, false) && origin_hears("self", false) && origin_hears("clinician", false) && origin_hears("family", false),
	    "who referred hears what became of it, as far as the consent goes");
	ok(!origin_hears("court", false), "a court does not");
	ok(origin_hears("court", true), "without a consent for that");
}

static void
test_likeness(void)
{
	static const char *const behind[] = { "201 555 0187 x12", "2015550187x12", "201-555-0187 ext. 12", "+1 201 555 0187 Ext 3", "201 555 0187 #4", "+12015550187;ext=12" };
	char a[ORIGIN_LIKENESS], b[ORIGIN_LIKENESS];

	ok(origin_likeness("phone", "+1 201 555 0187", a) && origin_likeness("sms", "(201) 555-0187", b) && !strcmp(a, b), "one number, written twice");
	for (size_t i = 0; i < nelem(behind); i++)
		ok(origin_likeness("phone", behind[i], b) && !strcmp(a, b), "%s: the same number, and a place behind it", behind[i]);
	ok(origin_likeness("phone", "tel 201 555 0187", b) && !strcmp(a, b), "words in front of it are none");
	ok(origin_likeness("phone", "201 555 0188", b) && strcmp(a, b) != 0, "another number");
	ok(!origin_likeness("phone", "911", a) && !origin_likeness("phone", "no phone", a), "too little of a number is none");
	ok(origin_likeness("email", "Jo.Doe@Example.org ", a) && origin_likeness("email", "jo.doe@example.org", b) && !strcmp(a, b), "one mailbox");
	ok(origin_likeness("name", "Ana  Lopez", a) && origin_likeness("name", "ANA LOPEZ", b) && !strcmp(a, b), "one name");
	ok(origin_likeness("matrix", "@jo:a.example", a) && origin_likeness("email", "@jo:a.example", b) && strcmp(a, b) != 0, "an address is of its kind");
	ok(!origin_likeness("name", "-", a) && !origin_likeness("name", "", a), "nothing is like nothing");
	ok(origin_likeness("name", "\xc3\x85sa", a), "names of all scripts");
	{
		char longest[600];

		memset(longest, 'x', sizeof(longest) - 1);
		longest[sizeof(longest) - 1] = '\0';
		ok(origin_likeness("name", longest, a) && strlen(a) == ORIGIN_LIKENESS - 1, "what is too long is cut");
		memset(longest, '5', sizeof(longest) - 1);
		ok(origin_likeness("phone", longest, a), "a number too");
	}
}

int
main(void)
{
	test_check();
	test_hears();
	test_likeness();
	return done_testing();
}
