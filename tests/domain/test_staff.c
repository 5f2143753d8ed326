/* SPDX-License-Identifier: Apache-2.0 */
/* What a program writes down of its supporters, groups and series, and what it comes to. */
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "domain/staff.h"
#include "events.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

#define TODAY	"2026-11-21"
#define GROUP	"01J8Z0Q4M2K7V9T5B3N6X8C0RD"
#define OTHER	"01J8Z0Q4M2K7V9T5B3N6X8C0RE"

static json_t *
entry(const char *kind, const char *on, const char *who, const char *rest)
{
	char text[1024];
	json_t *ret;

	(void)snprintf(text, sizeof(text), "{'v':1,'kind':'%s','on':'%s','who':'%s','%s':%s}", kind, on, who, kind, rest);
	ret = json_of(text);
	if (ret == NULL || event_check(&ev_entry_desc, ret, NULL) != 0)
		printf("# not an entry: %s\n", text);
	return ret;
}

static const struct { const char *kind, *on, *who, *rest; } kept[] = {
	{ "training", "2026-01-10", "Rosa", "{'topic':'active_listening','hours':10}" },
	{ "training", "2025-11-22", "Rosa", "{'topic':'communication','hours':20}" },
	{ "training", "2025-11-21", "Rosa", "{'topic':'crisis','hours':40}" },		/* A year ago: learned, but not of this year. */
	{ "hours", "2026-11-21", "Rosa", "{'about':'ethics','hours':3}" },
	{ "hours", "2026-11-21", "Tom", "{'about':'ethics','hours':100}" },
	{ "supervision", "2026-10-17", "Rosa", "{'minutes':60,'by':'Head'}" },		/* 35 days. */
	{ "supervision", "2026-10-16", "Tom", "{'minutes':60,'by':'Head'}" },
	{ "credential", "2024-01-01", "Rosa", "{'name':'CPRS','until':'2026-01-01'}" },
	{ "credential", "2026-01-01", "Rosa", "{'name':'CPRS','until':'2027-01-20'}" },
	{ "credential", "2026-01-01", "Rosa", "{'name':'First aid','until':'2028-01-20'}" },
	{ "credential", "2024-01-01", "Ada", "{'name':'CPRS','until':'2026-11-20'}" },
	{ "training", "2026-11-01", "Tom", "{'topic':'crisis','hours':8}" },
	{ "enrolment", "2026-11-01", "Jo", "{'group':'" GROUP "','sessions':2}" },
	{ "session", "2026-11-02", "Jo", "{'group':'" GROUP "'}" },
	{ "session", "2026-11-03", "Jo", "{'group':'" OTHER "'}" },
	{ "session", "2026-11-03", "Kim", "{'group':'" GROUP "'}" },
};

static json_t *
all(void)
{
	json_t *ret = json_array();

	for (size_t i = 0; i < nelem(kept); i++)
		(void)json_array_append_new(ret, entry(kept[i].kind, kept[i].on, kept[i].who, kept[i].rest));
	return ret;
}

static void
test_people(void)
{
	static const struct { const char *who; struct staff_state want; } people[] = {
		{ "Rosa", { 33, false, false, true, 60 } },
		{ "Tom", { 108, true, true, false, 0 } },
		{ "Ada", { 0, true, true, true, -1 } },
		{ "Nobody", { 0, true, true, false, 0 } },
	};
	autojson json_t *entries = all(), *odd = json_of("[{'kind':'hours','who':'Rosa','on':'never','hours':{'hours':5}},"
	    "{'kind':'credential','who':'Rosa','on':'2026-01-01','credential':{'name':'X','until':'never'}}]");
	struct staff_state s;

	for (size_t i = 0; i < nelem(people); i++) {
		const struct staff_state *w = &people[i].want;

		ok(staff_judge(entries, people[i].who, TODAY, &s) == 0 && s.hours == w->hours && s.untrained == w->untrained && s.unsupervised == w->unsupervised &&
		    s.certified == w->certified && s.expires == w->expires, "%s: %lld hours, %d %d %d, %lld days", people[i].who, s.hours, s.untrained, s.unsupervised,
		    s.certified, s.expires);
	}
	ok(staff_judge(entries, "Rosa", "today", &s) == E_BAD && staff_judge(entries, "Rosa", NULL, &s) == E_BAD, "a day is wanted");
	ok(staff_judge(odd, "Rosa", TODAY, &s) == 0 && s.hours == 0 && !s.certified, "what has no day counts for nothing");
}

static void
test_series(void)
{
	autojson json_t *entries = all(), *more = entry("session", "2026-11-20", "Jo", "{'group':'" GROUP "'}");
	struct staff_series s;

	ok(staff_series(entries, "Jo", GROUP, &s) == 0 && s.attended == 1 && s.sessions == 2 && !s.complete, "one of two");
	(void)json_array_append(entries, more);
	ok(staff_series(entries, "Jo", GROUP, &s) == 0 && s.attended == 2 && s.complete, "both: complete");
	ok(staff_series(entries, "Kim", GROUP, &s) == E_NOTFOUND && staff_series(entries, "Jo", OTHER, &s) == E_NOTFOUND, "who is not enrolled takes no part");
}

static void
test_admit(void)
{
	static const struct { const char *kind, *on, *who, *rest, *group; int want; const char *says; } tries[] = {
		{ "hours", TODAY, "Rosa", "{'about':'x','hours':1}", NULL, 0, "" },
		{ "hours", "2026-11-22", "Rosa", "{'about':'x','hours':1}", NULL, E_BAD, "has not come" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'Two shouted, one left.'}", "{'supervisor':{'title':'Head'}}", 0, "" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'x'}", NULL, E_REFUSED, "no group" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'x'}", "{'name':'x'}", E_REFUSED, "no supervisor" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'It was @ana:example.org'}", "{'supervisor':{'title':'Head'}}", E_BAD, "names somebody" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'write to ana@example.org'}", "{'supervisor':{'title':'Head'}}", E_BAD, "names somebody" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'call (973) 555-0100 1'}", "{'supervisor':{'title':'Head'}}", E_BAD, "names somebody" },
		{ "incident", TODAY, "F", "{'group':'" GROUP "','what':'conflict','text':'@ 19:00 on 2026-11-20, room 12'}", "{'supervisor':{'title':'Head'}}", 0, "" },
		{ "enrolment", TODAY, "Kim", "{'group':'" GROUP "','sessions':4}", "{'kind':'education'}", 0, "" },
		{ "enrolment", TODAY, "Kim", "{'group':'" GROUP "','sessions':4}", "{'kind':'mutual_support'}", E_REFUSED, "no education series" },
		{ "enrolment", TODAY, "Kim", "{'group':'" GROUP "','sessions':4}", "{}", E_REFUSED, "no education series" },
		{ "enrolment", TODAY, "Jo", "{'group':'" GROUP "','sessions':4}", "{'kind':'education'}", E_EXISTS, "already" },
		{ "session", TODAY, "Jo", "{'group':'" GROUP "'}", "{'kind':'education'}", 0, "" },
		{ "session", TODAY, "Kim", "{'group':'" GROUP "'}", "{'kind':'education'}", E_REFUSED, "do not take part" },
		{ "session", "2026-11-02", "Jo", "{'group':'" GROUP "'}", "{'kind':'education'}", E_EXISTS, "on this day" },
		{ "session", "2026-11-03", "Jo", "{'group':'" GROUP "'}", "{'kind':'education'}", 0, "" },
		{ "session", "2026-11-03", "Jo", "{'group':'" GROUP "'}", "{'of':'group'}", 0, "" },
		{ "session", "2026-11-02", "Jo", "{'group':'" GROUP "'}", "{'of':'group'}", E_EXISTS, "on this day" },
		{ "session", "2026-11-03", "Kim", "{'group':'" GROUP "'}", "{'of':'group'}", E_REFUSED, "was withdrawn" },
		{ "enrolment", TODAY, "Kim", "{'group':'" GROUP "','sessions':4}", "{'of':'group'}", E_REFUSED, "was withdrawn" },
		{ "incident", TODAY, "Jo", "{'group':'" GROUP "','what':'conflict','text':'x'}", "{'of':'group'}", E_REFUSED, "was withdrawn" },
	};
	autojson json_t *entries = all();

	for (size_t i = 0; i < nelem(tries); i++) {
		autojson json_t *e = entry(tries[i].kind, tries[i].on, tries[i].who, tries[i].rest), *group = tries[i].group != NULL ? json_of(tries[i].group) : NULL;
		struct err why = { "" };

		ok(staff_admit(entries, e, group, TODAY, &why) == tries[i].want && strstr(why.text, tries[i].says) != NULL, "%s of %s: %s", tries[i].kind, tries[i].who,
		    tries[i].want == 0 ? "kept" : why.text);
	}
	{
		autojson json_t *hours = entry("hours", TODAY, "Rosa", "{'about':'x','hours':1}");

		ok(staff_group(hours) == NULL, "hours are of no group");
	}
}

int
main(void)
{
	test_people();
	test_series();
	test_admit();
	return done_testing();
}
