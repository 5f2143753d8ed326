/* SPDX-License-Identifier: Apache-2.0 */
/* What is a crisis service, which number it has, whether it answers at any hour, and what is wanted before it is published. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/crisis.h"
#include "domain/fields.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "tests/domain/quoted.h"
#include "tests/domain/tzif.h"
#include "tests/tap.h"

#define TODAY	1795230245678LL		/* 2026-11-21, a Saturday. */
#define IS	"'settings':['hospital','crisis_service']"
#define EMAIL	"{'how':'email','value':'help@harbor.example'}"
#define SMS	"{'how':'sms','value':'555-0101'}"
#define PHONE	"{'how':'phone','value':'555-0100'}"
#define WEEK	"'days':['mon','tue','wed','thu','fri','sat','sun']"
#define DAY	"'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00'}]"

static const struct {
	const char	*name, *kind, *body, *number;
	bool		 is;
} services[] = {
	{ "a program of that setting", "program", "{" IS ",'contacts':[" PHONE "]}", "555-0100", true },
	{ "a call comes before a text", "program", "{" IS ",'contacts':[" EMAIL "," SMS "," PHONE "]}", "555-0100", true },
	{ "a text is better than nothing", "program", "{" IS ",'contacts':[" EMAIL "," SMS "]}", "555-0101", true },
	{ "a letter is none", "program", "{" IS ",'contacts':[" EMAIL ",{'how':'web','value':'https://harbor.example'}]}", NULL, true },
	{ "no contact", "program", "{" IS "}", NULL, true },
	{ "what a partner says oddly", "program", "{" IS ",'contacts':[7,{},{'how':'phone'},{'value':'555-0102'}]}", NULL, true },
	{ "who says how and not whom, and another", "program", "{" IS ",'contacts':[{'how':'phone'}," SMS "]}", "555-0101", true },
	{ "another setting", "program", "{'settings':['hospital'],'contacts':[" PHONE "]}", "555-0100", false },
	{ "no text among the settings", "program", "{'settings':[7]}", NULL, false },
	{ "no setting", "program", "{}", NULL, false },
	{ "no program", "specialist", "{" IS "}", NULL, false },
};

static void
test_services(void)
{
	for (size_t i = 0; i < nelem(services); i++) {
		autojson json_t *body = json_of(services[i].body);
		const char *number = crisis_number(body);
		struct err err = { "" };

		ok(crisis_is(services[i].kind, body) == services[i].is, "%s: %s", services[i].name, services[i].is ? "it is one" : "it is none");
		ok(number == NULL ? services[i].number == NULL : services[i].number != NULL && strcmp(number, services[i].number) == 0, "%s: %s", services[i].name,
		    number != NULL ? number : "no number");
		is_int(crisis_refuse(body, &err), E_REFUSED, "nobody is referred to it");
		ok(strstr(err.text, services[i].number != NULL ? services[i].number : "its number is not said") != NULL, "%s", err.text);
	}
}

static const struct {
	const char	*name, *kind, *body;
	bool		 always;
} hours[] = {
	{ "every day from midnight to midnight", "program", "{" DAY "}", true },
	{ "until 24:00", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'24:00'}]}", true },
	{ "until the last minute", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'23:59'}]}", true },
	{ "until the one before it", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'23:58'}]}", false },
	{ "from nine to nine", "program", "{'schedules':[{" WEEK ",'opens':'09:00','closes':'09:00'}]}", true },
	{ "a row for the week and one for its end", "program",
	  "{'schedules':[{'days':['mon','tue','wed','thu','fri'],'opens':'00:00','closes':'00:00'},{'days':['sat','sun'],'opens':'00:00','closes':'00:00'}]}", true },
	{ "two shifts", "program", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'20:00'},{" WEEK ",'opens':'20:00','closes':'08:00'}]}", true },
	{ "two with an hour between them", "program", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'20:00'},{" WEEK ",'opens':'21:00','closes':'08:00'}]}", false },
	{ "and with half an hour", "program", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'20:00'},{" WEEK ",'opens':'20:30','closes':'08:00'}]}", false },
	{ "not on Sundays", "program", "{'schedules':[{'days':['mon','tue','wed','thu','fri','sat'],'opens':'00:00','closes':'00:00'}]}", false },
	{ "a week at a stretch", "program", "{'schedules':[{'days':['wed'],'opens':'00:00','minutes':10080}]}", true },
	{ "and a minute less", "program", "{'schedules':[{'days':['wed'],'opens':'00:00','minutes':10079}]}", false },
	{ "by a rule", "program", "{'schedules':[{'rule':'FREQ=DAILY','from':'2026-01-01','opens':'00:00','closes':'00:00'}]}", true },
	{ "every other week", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00','frequency':'biweekly','from':'2026-11-16'}]}", false },
	{ "not at Christmas", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00','except':['2026-12-25']}]}", false },
	{ "but last Christmas", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00','except':['2025-12-25']}]}", true },
	{ "until next week", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00','until':'2026-11-28'}]}", false },
	{ "from next week on", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00','from':'2026-11-28'}]}", false },
	{ "a note says more", "program", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'00:00','irregular':true,'note':'Ask.'}]}", false },
	{ "no end", "program", "{'schedules':[{" WEEK ",'opens':'00:00'}]}", false },
	{ "not readable", "program", "{'schedules':[{" WEEK ",'opens':'25:00','closes':'00:00'},7]}", false },
	{ "nothing said", "program", "{}", false },
	{ "a line of which one way does", "crisis_line", "{'ways':[{'always':false},{'always':true}]}", true },
	{ "a line of which none does", "crisis_line", "{'ways':[{'always':false,'schedules':[{" WEEK ",'opens':'09:00','closes':'17:00'}]}]}", false },
	{ "a line without a way", "crisis_line", "{}", false },
};

/* Does a sentence of it begin so? */
static bool
says(const char *kind, const json_t *body, const char *text)
{
	autojson json_t *list = NULL;
	json_t *item;
	size_t i;

	if (fields_words(kind, body, TODAY, &list) != 0)
		return false;
	json_array_foreach(list, i, item)
		if (strncmp(json_string_value(item), text, strlen(text)) == 0)
			return true;
	return false;
}

static void
test_hours(void)
{
	autojson json_t *other = json_of("{'settings':['hospital']}");

	for (size_t i = 0; i < nelem(hours); i++) {
		autojson json_t *body = json_of(hours[i].body);

		ok(crisis_always(hours[i].kind, body, TODAY) == hours[i].always, "%s: %s", hours[i].name, hours[i].always ? "at any hour" : "not at any hour");
		(void)json_object_set_new(body, "settings", json_pack("[s]", "crisis_service"));
		ok(says(hours[i].kind, body, "It does not say that it answers at any hour") != hours[i].always, "%s: which is said", hours[i].name);
	}
	ok(!says("program", other, "It does not say"), "who is no crisis service is not asked for its hours");
}

static const struct {
	const char	*name, *body, *says;
} checks[] = {
	{ "no crisis service", "{'settings':['hospital']}", NULL },
	{ "a number at any hour", "{" IS "," DAY ",'contacts':[" PHONE "]}", NULL },
	{ "no number", "{" IS "," DAY ",'contacts':[" EMAIL "]}", "contacts: a crisis service is called" },
	{ "no number, and somebody else's words", "{" IS "," DAY ",'source':{'name':'x'}}", "contacts: a crisis service is called" },
	{ "a number at no hour", "{" IS ",'contacts':[" PHONE "]}", "schedules: a crisis service answers at any hour" },
	{ "but somebody else's words", "{" IS ",'contacts':[" PHONE "],'source':{'name':'x'}}", NULL },
	{ "and where to turn at the others", "{" IS ",'contacts':[" PHONE "],'alternatives':[{'modality':'phone','text':'Call 112.'}]}", NULL },
	{ "and that there is nowhere", "{" IS ",'contacts':[" PHONE "],'no_alternative':'Nobody else is here.'}", NULL },
};

static void
test_checks(void)
{
	for (size_t i = 0; i < nelem(checks); i++) {
		autojson json_t *body = json_of(checks[i].body);
		struct err err = { "" };
		int r = crisis_check("program", body, TODAY, &err);

		ok(checks[i].says == NULL ? r == 0 : r == E_BAD && strstr(err.text, checks[i].says) != NULL, "%s: %s", checks[i].name, r != 0 ? err.text : "good");
	}
}

static const char newark_file[] = TZIF_HEAD TZIF_HEAD "\nEST5EDT,M3.2.0,M11.1.0\n";

static const struct zone *
zone_named(void *cookie, const char *name)
{
	return strcmp(name, "America/New_York") == 0 ? cookie : NULL;
}

#define CLOCK	"'timezone':'America/New_York'"
#define DAYTIME	"{" WEEK ",'opens':'08:00','closes':'22:00'," CLOCK "}"
#define WEEKEND	"{'days':['sat','sun'],'opens':'10:00','closes':'14:00'," CLOCK "}"

static const struct {
	const char		*name, *way, *now;
	enum crisis_open	 open;
	const char		*at, *when;
} ways[] = {
	{ "day and night", "{'always':true}", "2026-11-21T03:04:05Z", CRISIS_OPEN, NULL, NULL },
	{ "by day, at noon", "{'schedules':[" DAYTIME "]}", "2026-11-21T17:00:00Z", CRISIS_OPEN, "2026-11-22T03:00:00Z", "at 22:00" },
	{ "by day, at night", "{'schedules':[" DAYTIME "]}", "2026-11-21T03:04:05Z", CRISIS_CLOSED, "2026-11-21T13:00:00Z", "tomorrow at 08:00" },
	{ "by day, before dawn", "{'schedules':[" DAYTIME "]}", "2026-11-21T09:00:00Z", CRISIS_CLOSED, "2026-11-21T13:00:00Z", "at 08:00" },
	{ "as it opens", "{'schedules':[" DAYTIME "]}", "2026-11-21T13:00:00Z", CRISIS_OPEN, "2026-11-22T03:00:00Z", "at 22:00" },
	{ "as it closes", "{'schedules':[" DAYTIME "]}", "2026-11-22T03:00:00Z", CRISIS_CLOSED, "2026-11-22T13:00:00Z", "tomorrow at 08:00" },
	{ "in the last morning of summer time", "{'schedules':[" DAYTIME "]}", "2026-10-31T12:30:00Z", CRISIS_OPEN, "2026-11-01T02:00:00Z", "at 22:00" },
	{ "at that hour in winter", "{'schedules':[" DAYTIME "]}", "2026-11-01T12:30:00Z", CRISIS_CLOSED, "2026-11-01T13:00:00Z", "at 08:00" },
	{ "over the night in which clocks go forward", "{'schedules':[" DAYTIME "]}", "2026-03-08T03:30:00Z", CRISIS_CLOSED, "2026-03-08T12:00:00Z", "tomorrow at 08:00" },
	{ "on a Monday, of weekends", "{'schedules':[" WEEKEND "]}", "2026-11-23T17:00:00Z", CRISIS_CLOSED, "2026-11-28T15:00:00Z", "on Saturday at 10:00" },
	{ "on the day of the week on which it opens again", "{'schedules':[{'days':['mon'],'opens':'10:00','closes':'14:00'," CLOCK "}]}", "2026-11-23T20:00:00Z",
	  CRISIS_CLOSED, "2026-11-30T15:00:00Z", "on 2026-11-30 at 10:00" },
	{ "until midnight", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'00:00'," CLOCK "}]}", "2026-11-21T17:00:00Z", CRISIS_OPEN, "2026-11-22T05:00:00Z", "at midnight" },
	{ "in the other of two schedules", "{'schedules':[" WEEKEND "," DAYTIME "]}", "2026-11-23T17:00:00Z", CRISIS_OPEN, "2026-11-24T03:00:00Z", "at 22:00" },
	{ "shifts that touch are one", "{'schedules':[" DAYTIME ",{'days':['sat'],'opens':'22:00','closes':'02:00'," CLOCK "}]}", "2026-11-21T17:00:00Z",
	  CRISIS_OPEN, "2026-11-22T07:00:00Z", "tomorrow at 02:00" },
	{ "two shifts round the clock", "{'schedules':[" DAYTIME ",{" WEEK ",'opens':'22:00','closes':'08:00'," CLOCK "}]}", "2026-11-21T03:04:05Z", CRISIS_OPEN, NULL, NULL },
	{ "to the last minute, on", "{'schedules':[{" WEEK ",'opens':'00:00','closes':'23:59'," CLOCK "}]}", "2026-11-21T04:59:30Z", CRISIS_OPEN, NULL, NULL },
	{ "not on that day", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'22:00','except':['2026-11-21']," CLOCK "}]}", "2026-11-21T17:00:00Z", CRISIS_CLOSED,
	  "2026-11-22T13:00:00Z", "tomorrow at 08:00" },
	{ "no longer", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'22:00','until':'2026-11-20'," CLOCK "}]}", "2026-11-21T17:00:00Z", CRISIS_CLOSED, NULL, NULL },
	{ "by no clock", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'22:00'}]}", "2026-11-21T03:04:05Z", CRISIS_UNSAID, NULL, NULL },
	{ "by a clock that nobody knows", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'22:00','timezone':'Mars/Olympus'}]}", "2026-11-21T03:04:05Z", CRISIS_UNSAID, NULL, NULL },
	{ "a note says more", "{'schedules':[{" WEEK ",'opens':'08:00','closes':'22:00','irregular':true," CLOCK "}]}", "2026-11-21T17:00:00Z", CRISIS_UNSAID, NULL, NULL },
	{ "no hour", "{'schedules':[{" WEEK "," CLOCK "}]}", "2026-11-21T03:04:05Z", CRISIS_UNSAID, NULL, NULL },
	{ "nothing said", "{}", "2026-11-21T03:04:05Z", CRISIS_UNSAID, NULL, NULL },
	{ "one of two not said, the other open", "{'schedules':[{}," DAYTIME "]}", "2026-11-21T17:00:00Z", CRISIS_OPEN, NULL, NULL },
	{ "one of two not said, the other closed", "{'schedules':[{}," DAYTIME "]}", "2026-11-21T03:04:05Z", CRISIS_UNSAID, NULL, NULL },
};

static void
test_open(void)
{
	struct zone *newark;

	if (!ok(zone_parse(newark_file, sizeof(newark_file) - 1, &newark, NULL) == 0, "a zone"))
		return;
	for (size_t i = 0; i < nelem(ways); i++) {
		autojson json_t *way = json_of(ways[i].way);
		struct crisis_hours h;
		char text[WHEN_TEXT], when[CRISIS_WHEN];
		int64_t now;

		is_int(when_parse(ways[i].now, &now), 0, "%s", ways[i].name);
		crisis_open(way, now, zone_named, newark, &h);
		is_int(h.open, ways[i].open, "%s", ways[i].name);
		is_str(h.at > 0 ? when_print(h.at, text) : "", ways[i].at != NULL ? ways[i].at : "", "%s: until when, or when again", ways[i].name);
		if (ways[i].when != NULL)
			is_str(crisis_when(h.at, now, newark, when), ways[i].when, "%s: in words", ways[i].name);
	}
	zone_free(newark);
}

int
main(void)
{
	test_open();
	test_services();
	test_hours();
	test_checks();
	return done_testing();
}
