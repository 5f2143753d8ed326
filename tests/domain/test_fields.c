/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "domain/fields.h"
#include "domain/when.h"
#include "events.h"
#include "tests/domain/faults.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

#define DAY	86400000LL
#define TODAY	1795230245678LL		/* 2026-11-21 */

#define PLAIN	"'name':'Tuesdays','modality':'phone','no_alternative':'x'"

/* What the schema lets through and the rule does not; NULL: good. */
static const struct {
	const char	*name, *kind, *body, *says;
} rows[] = {
	{ "nothing said", "program", "{}", NULL },
	{ "ages in order", "program", "{'minimum_age':18,'maximum_age':18}", NULL },
	{ "ages crossed", "program", "{'minimum_age':19,'maximum_age':18}", "minimum_age 19 is above maximum_age 18" },
	{ "a least age alone", "program", "{'minimum_age':120}", NULL },
	{ "all are free", "program", "{'capacities':[{'open':4,'maximum':4,'updated_at':1}]}", NULL },
	{ "more free than there are", "program", "{'capacities':[{'open':5,'maximum':4,'updated_at':1}]}", "5 are open of 4" },
	{ "of a specialist too", "specialist", "{'capacity':{'open':5,'maximum':4,'updated_at':1}}", "5 are open of 4" },
	{ "counted in the future", "specialist", "{'capacity':{'open':5,'updated_at':1795230545679}}", "later than now" },
	{ "five minutes of a clock", "specialist", "{'capacity':{'open':5,'updated_at':1795230545678}}", NULL },
	{ "a queue counted in the future", "specialist",
	  "{'capacity':{'open':5,'updated_at':1,'waitlist':{'waiting':1,'updated_at':1795230545679}}}", "later than now" },
	{ "two units", "program", "{'capacities':[{'open':1,'updated_at':1},{'unit':'beds','open':1,'updated_at':1}]}", NULL },
	{ "two audiences", "program", "{'capacities':[{'open':1,'updated_at':1},{'audience':'men','open':1,'updated_at':1}]}", NULL },
	{ "the same row twice", "program", "{'capacities':[{'open':1,'updated_at':1},{'open':1,'updated_at':1}]}",
	  "two rows are about people for anyone" },
	{ "twice, once in words", "program",
	  "{'capacities':[{'open':1,'updated_at':1},{'unit':'people','audience':'anyone','open':1,'updated_at':1}]}", "two rows" },
	{ "one way only", "program", "{'modalities':['phone']}", "phone is the only way" },
	{ "one way and why", "program", "{'modalities':['phone'],'no_alternative':'It is a telephone line.'}", NULL },
	{ "two ways", "program", "{'modalities':['phone','online_text']}", NULL },
	{ "somebody else's words", "program", "{'modalities':['phone'],'source':{'name':'x'}}", NULL },
	{ "one way of a group", "group", "{'name':'Tuesdays','modality':'in_person'}", "in_person is the only way" },
	{ "and another", "group", "{'name':'Tuesdays','modality':'in_person','alternatives':[{'modality':'phone'}]}", NULL },
	{ "the same again is no other", "group", "{'name':'Tuesdays','modality':'phone','alternatives':[{'modality':'phone'}]}",
	  "phone is how people take part already" },
	{ "but elsewhere it is", "group",
	  "{'name':'Tuesdays','modality':'phone','alternatives':[{'modality':'phone','record':'RB5S4R6NJ6Y2AVYXNCY6ZK6K3C'}]}", NULL },
	{ "a specialist is not asked", "specialist", "{'modalities':['phone']}", NULL },
	{ "a room that tells", "group", "{'name':'Sober Tuesdays','modality':'phone','no_alternative':'x'}", "\"sober...\" tells" },
	{ "with a neutral name", "group",
	  "{'name':'Sober Tuesdays','neutral_name':'Tuesdays','modality':'phone','no_alternative':'x'}", NULL },
	{ "that tells as well", "group",
	  "{'name':'x','neutral_name':'The DEPRESSION circle','modality':'phone','no_alternative':'x'}", "\"depress...\" tells" },
	{ "within another word it does not tell", "group", "{'name':'Roland Mesober','modality':'phone','no_alternative':'x'}", NULL },
	{ "nor behind a letter with an accent", "group", "{'name':'\xc3\x89sober','modality':'phone','no_alternative':'x'}", NULL },
	{ "adults of all ages", "group", "{" PLAIN ",'age_bands':['18_25','26_59','60_plus']}", NULL },
	{ "minors of all ages", "group", "{" PLAIN ",'age_bands':['under_13','13_17']}", NULL },
	{ "minors and adults", "group", "{" PLAIN ",'age_bands':['13_17','26_59']}", "age_bands: 13_17 and 26_59 would meet in one room; adults and minors are apart" },
	{ "children and the old", "group", "{" PLAIN ",'age_bands':['60_plus','under_13']}", "age_bands: under_13 and 60_plus" },
	{ "of 17 and of 18", "group", "{" PLAIN ",'age_bands':['13_17','18_25']}", "age_bands: 13_17 and 18_25" },
	{ "parents with their children", "group", "{" PLAIN ",'kind':'family_caregiver','audiences':['parents'],'age_bands':['under_13','26_59']}", "age_bands: under_13 and 26_59" },
	{ "youth and adults", "group", "{" PLAIN ",'audiences':['youth','parents','adults']}", "audiences: youth and adults" },
	{ "youth and the old", "group", "{" PLAIN ",'audiences':['older_adults','youth']}", "audiences: youth and older_adults" },
	{ "youth who are of age", "group", "{" PLAIN ",'audiences':['youth','adults'],'age_bands':['18_25']}", NULL },
	{ "youth and young adults, who may be the same", "group", "{" PLAIN ",'audiences':['youth','young_adults']}", NULL },
	{ "ages that are none", "group", "{" PLAIN ",'age_bands':[7,'','13_17']}", NULL },
	{ "a program may serve both", "program", "{'age_bands':['13_17','26_59']}", NULL },
	{ "so may a specialist", "specialist", "{'age_bands':['13_17','26_59']}", NULL },
	{ "two ways, and one of them again", "program", "{'modalities':['phone','in_person'],'alternatives':[{'modality':'phone'}]}", NULL },
	{ "a way of a line that says nothing of its hours", "crisis_line", "{'ways':[{'schedules':[{}]}]}", NULL },
	{ "a program may say what it is for", "program", "{'name':'Sober house'}", NULL },
	{ "a crisis service without a number", "program", "{'settings':['crisis_service'],'contacts':[{'how':'email','value':'x'}]}", "contacts: a crisis service" },
	{ "looked at today", "resource", "{'review':{'by':'x','day':'2026-11-21','due':'2026-11-22'}}", NULL },
	{ "looked at tomorrow", "resource", "{'review':{'by':'x','day':'2026-11-22','due':'2026-11-23'}}", "later than today" },
	{ "due before it was done", "resource", "{'review':{'by':'x','day':'2026-11-20','due':'2026-11-20'}}", "not after" },
	{ "told today", "story", "{'told_on':'2026-11-21'}", NULL },
	{ "told tomorrow", "story", "{'told_on':'2026-11-22'}", "told_on: 2026-11-22" },
	{ "day and night", "crisis_line", "{'ways':[{'always':true}]}", NULL },
	{ "with hours", "crisis_line", "{'ways':[{'always':false,'schedules':[{}]},{'always':false,'schedules':[{}]}]}", NULL },
	{ "day and night with hours", "crisis_line", "{'ways':[{'always':true},{'always':true,'schedules':[{}]}]}", "ways[1]" },
};

static void
test_check(void)
{
	for (size_t i = 0; i < nelem(rows); i++) {
		autojson json_t *body = json_of(rows[i].body);
		struct err err = { "" };
		int r = fields_check(rows[i].kind, body, TODAY, &err);

		ok(rows[i].says == NULL ? r == 0 : r == E_BAD && strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].name,
		    rows[i].says != NULL ? rows[i].says : "good");
		if (r != 0 && rows[i].says == NULL)
			printf("# %s\n", err.text);
	}
}

/* One bed each for men and women, so many days ago. */
static json_t *
counted(int64_t days, int64_t queue)
{
	return json_pack("{s:[{s:s, s:s, s:i, s:I, s:{s:i, s:I}}, {s:s, s:i, s:I}]}", "capacities", "unit", "beds", "audience", "men",
	    "open", 1, "updated_at", (json_int_t)(TODAY - days * DAY), "waitlist", "waiting", 2, "updated_at",
	    (json_int_t)(TODAY - queue * DAY), "audience", "women", "open", 3, "updated_at", (json_int_t)TODAY);
}

static void
test_aged(void)
{
	static const struct {
		const char	*name, *body;
		int		 r;
	} sources[] = {
		{ "changed a year ago", "{'source':{'name':'x','updated':'2025-11-21'}}", 0 },
		{ "a day more", "{'source':{'name':'x','updated':'2025-11-20'}}", E_LATER },
		{ "checked since", "{'source':{'name':'x','updated':'2020-01-01','assured':'2026-01-01'}}", 0 },
		{ "changed since it was checked", "{'source':{'name':'x','updated':'2026-01-01','assured':'2020-01-01'}}", 0 },
		{ "checked long ago", "{'source':{'name':'x','assured':'2020-01-01'}}", E_LATER },
		{ "without a day", "{'source':{'name':'x'}}", 0 },
	};
	struct err err = { "" };
	autojson json_t *fresh = counted(14, 14), *old = counted(15, 0), *queue = counted(0, 40), *none = json_object();
	autojson json_t *much = json_of("{'capacities':[{'open':2147483647},{'unit':'beds','open':2147483647}]}");
	autojson json_t *once = json_of("{'source':{'name':'x','updated':'1969-01-01'}}");
	autojson json_t *due = json_of("{'review':{'by':'x','day':'2025-11-21','due':'2026-11-21'}}");
	autojson json_t *over = json_of("{'review':{'by':'x','day':'2025-11-21','due':'2026-11-20'}}");

	is_int(fields_aged("program", fresh, TODAY, &err), 0, "fourteen days are not too old");
	is_int(fields_aged("program", fresh, TODAY + 1, &err), E_LATER, "a millisecond more is");
	is_int(fields_aged("program", old, TODAY, &err), E_LATER, "one old row makes the record old");
	ok(strstr(err.text, "2026-11-06, 15 days ago; ask") != NULL, "and it says since when: %s", err.text);
	is_int(fields_aged("program", queue, TODAY, &err), E_LATER, "so does an old queue");
	ok(strstr(err.text, "40 days ago") != NULL, "with its own age: %s", err.text);
	is_int(fields_aged("program", none, TODAY, &err), 0, "what was never said is not old");
	is_int(fields_aged("resource", due, TODAY, &err), 0, "due today is in time");
	for (size_t i = 0; i < nelem(sources); i++) {
		autojson json_t *body = json_of(sources[i].body);

		is_int(fields_aged("program", body, TODAY, &err), sources[i].r, "imported: %s", sources[i].name);
	}
	is_int(fields_aged("resource", over, TODAY, &err), E_LATER, "a review that did not come");
	ok(strstr(err.text, "2026-11-20") != NULL && strstr(err.text, "elsewhere") != NULL, "says so: %s", err.text);
	is_int(fields_aged("crisis_line", over, TODAY, &err), E_LATER, "of a crisis line");
	ok(strstr(err.text, "second number") != NULL, "says what to do: %s", err.text);
	is_int(fields_open(fresh, NULL), 4, "all rows count as free places");
	is_int(fields_open(fresh, "women"), 3, "of those for women");
	is_int(fields_open(fresh, "parents"), 4, "who may be men or women may have all");
	is_int(fields_open(none, "youth"), -1, "nobody said so");
	is_int(fields_open(none, NULL), -1, "none said is not none free");
	is_int(fields_open(much, NULL), INT_MAX, "as many as a number holds");
	ok(fields_aged("program", once, 1, &err) == 0, "in 1970 nothing is a year old");
}

#define HOURS	"{'days':['mon','tue'],'opens':'08:00','closes':'22:00','timezone':'America/New_York','except':['2026-12-24','2026-12-25'],'note':'shorter in August'}"

static const struct {
	const char	*name, *kind, *body, *says;
} words[] = {
	{ "free places", "program", "{'capacities':[{'unit':'beds','audience':'men','open':2,'maximum':5,'updated_at':1795132800000,"
	  "'waitlist':{'waiting':3,'days':9,'updated_at':1795046400000}}]}",
	  "Free: 2 beds of 5 for men, said on 2026-11-20; 3 wait, the last who got a place had waited 9 days, said on 2026-11-19." },
	{ "a specialist's", "specialist", "{'capacity':{'open':0,'updated_at':1795132800000}}", "Free: 0 people, said on 2026-11-20." },
	{ "age of the count", "specialist", "{'capacity':{'open':3,'updated_at':1785312000000}}", "Old: free places" },
	{ "ways", "program", "{'modalities':['in_person','online_text']}", "Ways to take part: in person, online text." },
	{ "another way", "group", "{'modality':'in_person','alternatives':[{'modality':'phone','text':'Call us'}]}",
	  "If that does not suit: phone: Call us." },
	{ "another way without words", "group", "{'modality':'in_person','alternatives':[{'modality':'phone'}]}", "If that does not suit: phone." },
	{ "no other way", "group", "{'modality':'in_person','no_alternative':'We cook.'}", "There is no other way: We cook." },
	{ "not said", "program", "{}", "Other ways to take part are not said; ask." },
	{ "nor that there is a first", "program", "{}", "How to take part is not said; ask." },
	{ "a crisis service", "program", "{'settings':['crisis_service'],'contacts':[{'how':'phone','value':'555-0100'}]}",
	  "A crisis service: it takes no referral. Its number is 555-0100." },
	{ "without a number", "program", "{'settings':['crisis_service']}", "takes no referral. Its number is not said; have another ready." },
	{ "transport", "program", "{'transport':['fares_paid']}", "Getting there: fares paid." },
	{ "accessibility", "group", "{'accessibility':['camera_off_ok']}", "Easier to take part: camera off ok." },
	{ "a hidden place", "program", "{'locations':[{'visibility':'public'},{'visibility':'redacted'}]}", "An address is confidential" },
	{ "a hidden place before another", "program", "{'locations':[{'visibility':'redacted'},{'visibility':'public'}]}", "An address is confidential" },
	{ "a hidden place of a group", "group", "{'location':{'visibility':'redacted'}}", "An address is confidential" },
	{ "sessions", "group", "{'session_types':['role_play']}", "What is done: role play." },
	{ "model", "program", "{'practice_models':['intentional_peer_support']}", "Model: intentional peer support." },
	{ "pathways", "program", "{'pathways':['harm_reduction']}", "Paths of recovery: harm reduction." },
	{ "how often", "specialist", "{'frequencies':['several_weekly','as_needed']}", "How often: several weekly, as needed." },
	{ "how they talk", "specialist", "{'styles':['listening']}", "Way of talking: listening." },
	{ "cultures", "program", "{'cultures':['Caribbean']}", "Made for: Caribbean." },
	{ "alias", "group", "{'anonymity':'alias_welcome'}", "An alias is welcome; nobody asks for your real name." },
	{ "mandated", "program", "{'attendance':'mandated_accepted'}", "peer support itself is voluntary." },
	{ "volunteer", "specialist", "{'volunteer':true}", "A volunteer." },
	{ "no volunteer", "specialist", "{'volunteer':false}", NULL },
	{ "boundaries: scope", "specialist", "{'boundaries':{'scope':'Talk.','hours':'9 to 5','response_hours':24,'ending':'In May.'}}",
	  "What it is: Talk." },
	{ "boundaries: hours", "specialist", "{'boundaries':{'scope':'Talk.','hours':'9 to 5','response_hours':24,'ending':'In May.'}}",
	  "Hours: 9 to 5; an answer comes within 24 hours." },
	{ "boundaries: end", "specialist", "{'boundaries':{'scope':'Talk.','hours':'9 to 5','response_hours':24,'ending':'In May.'}}",
	  "How it ends: In May." },
	{ "supervisor", "group", "{'supervisor':{'title':'Peer supervisor'}}", "Supervised by: Peer supervisor." },
	{ "charter", "group", "{'charter':{'principles':['shared_power','hope']}}", "Principles: shared power, hope." },
	{ "its words", "group", "{'charter':{'principles':['hope'],'text':'What is said here stays here.'}}", "Charter: What is said here stays here." },
	{ "what the steward sees", "group", "{'charter':{'principles':['hope'],'text':'Be kind.'}}", "sees who is there, when, and reactions." },
	{ "crisis line", "crisis_line", "{'ways':[{'how':'call','value':'555-0100','always':true,'audience':'veterans','languages':['en'],"
	  "'option':'Press 1.'}]}", "call 555-0100, day and night, for veterans, in en:" },
	{ "its option", "crisis_line", "{'ways':[{'how':'call','value':'555-0100','always':true,'option':'Press 1.'}]}", "  Press 1." },
	{ "its hours, when it says nothing of them", "crisis_line", "{'ways':[{'how':'text','value':'555-0101'}]}", "text 555-0101, at hours that it does not say." },
	{ "volunteers", "program", "{'volunteers_wanted':true}", "olunteer" },
	{ "volunteers, when none are wanted", "story", "{'volunteers_wanted':false}", NULL },
	{ "a place that says nothing of itself", "story", "{'locations':[{}]}", NULL },
	{ "no texts in a list", "story", "{'transport':[3]}", NULL },
	{ "its hours", "crisis_line", "{'ways':[{'how':'text','value':'555-0101','always':false}]}", "text 555-0101, at hours that it does not say." },
	{ "its hours, of which it says some", "crisis_line", "{'ways':[{'how':'text','value':'555-0101','always':false,'languages':['es'],'schedules':[" HOURS "]}]}",
	  "text 555-0101, at these hours, in es:" },
	{ "its hours, by days", "crisis_line", "{'ways':[{'how':'text','value':'555-0101','always':false,'schedules':[" HOURS "]}]}",
	  "  mon, tue 08:00 to 22:00, time of America/New_York, not on 2026-12-24, 2026-12-25: shorter in August." },
	{ "its hours, by a rule", "crisis_line", "{'ways':[{'how':'text','value':'555-0101','always':false,'schedules':[" HOURS ",{'rule':'FREQ=DAILY','opens':'18:00',"
	  "'minutes':90,'from':'2026-01-01','until':'2026-12-31'}]}]}", "  FREQ=DAILY 18:00 for 90 minutes, from 2026-01-01, until 2026-12-31." },
	{ "its hours, half said", "crisis_line", "{'ways':[{'how':'text','value':'555-0101','always':false,'schedules':[{'closes':'18:00','frequency':'biweekly'}]}]}",
	  "  on days that it does not say at hours that it does not say, biweekly." },
	{ "story", "story", "{'author':'Robin','told_on':'2026-03-04','shared_with':'partners'}", "Told by Robin, 2026-03-04." },
	{ "how far", "story", "{'author':'Robin','told_on':'2026-03-04','shared_with':'partners'}", "partner organizations only: do not show it" },
	{ "source", "resource", "{'source':{'name':'Clinic'}}", "Source: Clinic." },
	{ "review", "resource", "{'review':{'by':'Team','day':'2026-01-01','due':'2027-01-01'}}",
	  "Looked at by Team on 2026-01-01; due again on 2027-01-01." },
	{ "ages that a partner mixes", "group", "{'age_bands':['13_17','26_59']}", "It takes minors and adults into one room, who are to be apart: send no minor there." },
	{ "withdrawn", "withdrawal", "{'of':'story','withdrawn_at':1795132800000}", "It was withdrawn on 2026-11-20" },
};

static void
test_words(void)
{
	for (size_t i = 0; i < nelem(words); i++) {
		autojson json_t *body = json_of(words[i].body), *list = NULL;
		bool said = false;
		json_t *line;
		size_t k;

		is_int(fields_words(words[i].kind, body, TODAY, &list), 0, "%s", words[i].name);
		json_array_foreach(list, k, line)
			said = said || (words[i].says != NULL && strstr(json_string_value(line), words[i].says) != NULL);
		if (!ok(words[i].says != NULL ? said : json_array_size(list) == 0, "%s: %s", words[i].name,
		    words[i].says != NULL ? words[i].says : "nothing"))
			json_array_foreach(list, k, line)
				printf("# %s\n", json_string_value(line));
	}
}

static void
test_readers(void)
{
	static const struct {
		const char		*kind, *body;
		enum fields_reader	 reader;
	} whom[] = {
		{ "story", "{'shared_with':'partners'}", FIELDS_STAFF }, { "story", "{'shared_with':'members'}", FIELDS_MEMBERS },
		{ "story", "{'shared_with':'anyone'}", FIELDS_ANYONE }, { "story", "{}", FIELDS_STAFF }, { "story", "{'shared_with':'all'}", FIELDS_STAFF },
		{ "story", "{'readers':'anyone'}", FIELDS_STAFF },
		{ "statement", "{'readers':'staff'}", FIELDS_STAFF }, { "statement", "{'readers':'members'}", FIELDS_MEMBERS },
		{ "statement", "{'readers':'anyone'}", FIELDS_ANYONE }, { "statement", "{}", FIELDS_STAFF }, { "statement", "{'withdrawn':true}", FIELDS_ANYONE },
		{ "resource", "{}", FIELDS_ANYONE },
	};

	for (size_t i = 0; i < nelem(whom); i++) {
		autojson json_t *body = json_of(whom[i].body);

		is_int(fields_reader(whom[i].kind, body), whom[i].reader, "who may read a %s: %s", whom[i].kind, whom[i].body);
	}
}

#define PLACE	"'address':'1 Pier','postal_code':'07101','latitude_e6':1,'longitude_e6':2,'visibility':'public'"

static const struct {
	const char	*name, *by, *body;
	unsigned	 n;
} merges[] = {
	{ "the same name", "{'locations':[{'name':'Oak','visibility':'redacted'}]}", "{'locations':[{'name':'oak'," PLACE "}]}", 1 },
	{ "the same name in another spelling, the place shown before", "{'locations':[{'name':'Haus Z\u00fcrich','visibility':'redacted'},{" PLACE "}]}",
	  "{'locations':[{'name':'Haus Zurich'," PLACE "}]}", 1 },
	{ "the same town in another spelling, the place shown before", "{'locations':[{'locality':'Z\u00fcrich','visibility':'redacted'},{" PLACE "}]}",
	  "{'locations':[{'locality':'zurich'," PLACE "}]}", 1 },
	{ "another town, the place shown before", "{'locations':[{'locality':'Z\u00fcrich','visibility':'redacted'},{" PLACE "}]}",
	  "{'locations':[{'locality':'Zug'," PLACE "}]}", 0 },
	{ "another name may be a new one", "{'locations':[{'name':'Oak','visibility':'redacted'}]}", "{'locations':[{'name':'Elm'," PLACE "}]}", 1 },
	{ "another name, shown before", "{'locations':[{'name':'Oak','visibility':'redacted'},{'name':'Elm Hall'," PLACE "}]}",
	  "{'locations':[{'name':'Elm'," PLACE "}]}", 0 },
	{ "another name, at another place than was shown", "{'locations':[{'name':'Oak','visibility':'redacted'},{'name':'Elm','address':'2 Pier'}]}",
	  "{'locations':[{'name':'Elm'," PLACE "}]}", 1 },
	{ "another name and no address", "{'locations':[{'name':'Oak','visibility':'redacted'}]}", "{'locations':[{'name':'Elm'}]}", 0 },
	{ "one of two", "{'locations':[{'name':'Oak','visibility':'redacted'}]}",
	  "{'locations':[{'name':'Oak'," PLACE "},{'name':'Elm'," PLACE "}]}", 2 },
	{ "one of two, the other shown before", "{'locations':[{'name':'Oak','visibility':'redacted'},{'name':'Elm'," PLACE "}]}",
	  "{'locations':[{'name':'Oak'," PLACE "},{'name':'Elm'," PLACE "}]}", 1 },
	{ "it was public", "{'locations':[{'name':'Oak'," PLACE "}]}", "{'locations':[{'name':'Oak'," PLACE "}]}", 0 },
	{ "no name, the same town", "{'locations':[{'locality':'Newark','visibility':'redacted'}]}",
	  "{'locations':[{'name':'Oak','locality':'NEWARK'," PLACE "}]}", 1 },
	{ "no name, another town", "{'locations':[{'locality':'Newark','visibility':'redacted'}]}",
	  "{'locations':[{'locality':'Bayonne'," PLACE "}]}", 1 },
	{ "no name, a town that is not said", "{'locations':[{'locality':'Newark','visibility':'redacted'}]}",
	  "{'locations':[{" PLACE "}]}", 1 },
	{ "nothing but hidden", "{'locations':[{'visibility':'redacted'}]}", "{'locations':[{'name':'Oak'," PLACE "}]}", 1 },
	{ "hidden already", "{'locations':[{'visibility':'redacted'}]}", "{'locations':[{'visibility':'redacted'}]}", 0 },
	{ "a name, and one that is not said", "{'locations':[{'name':'Oak','visibility':'redacted'}]}", "{'locations':[{" PLACE "}]}", 1 },
	{ "a name, and another town without one", "{'locations':[{'name':'Oak','locality':'Newark','visibility':'redacted'}]}",
	  "{'locations':[{'locality':'Bayonne'," PLACE "}]}", 1 },
	{ "said to be neither", "{'locations':[{'visibility':'redacted'}]}", "{'locations':[{'address':'1 Pier'}]}", 1 },
	{ "of a group", "{'location':{'visibility':'redacted'}}", "{'location':{" PLACE "}}", 1 },
	{ "no places before", "{}", "{'locations':[{" PLACE "}]}", 0 },
	{ "no places now", "{'locations':[{'visibility':'redacted'}]}", "{}", 0 },
};

static size_t
addresses(const json_t *body)
{
	autofree char *text = json_dumps(body, JSON_COMPACT);
	size_t n = 0;

	for (const char *p = text; p != NULL && (p = strstr(p, "1 Pier")) != NULL; p++)
		n++;
	return n;
}

static void
test_hidden(void)
{
	for (size_t i = 0; i < nelem(merges); i++) {
		autojson json_t *by = json_of(merges[i].by), *body = json_of(merges[i].body);
		autofree char *text = NULL;
		size_t before = addresses(body);
		unsigned n = 99;

		is_int(fields_hide(by, body, &n), 0, "%s", merges[i].name);
		text = json_dumps(body, JSON_COMPACT);
		ok(n == merges[i].n && addresses(body) == before - n, "%s: %u of %zu addresses are taken away", merges[i].name, merges[i].n,
		    before);
		if (n > 0 && before == n)
			ok(strstr(text, "postal_code") == NULL && strstr(text, "_e6") == NULL && strstr(text, "public") == NULL,
			    "%s: with all that leads there", merges[i].name);
	}
}

/* Each member of ${desc}, at any depth, that says where a place is; ${top}: that of the body in which it is. */
static void
count_places(const struct ev_desc *desc, const char *top, unsigned *ret_all, unsigned *ret_known)
{
	for (size_t i = 0; i < desc->n_fields; i++) {
		const struct ev_field *f = &desc->fields[i];
		const char *name = top != NULL ? top : f->name;

		if (f->desc != NULL)
			count_places(f->desc, name, ret_all, ret_known);
		if (strcmp(f->name, "latitude_e6") == 0) {
			autojson json_t *one = json_pack("{s:{s:s}}", name, "visibility", "public"), *list = json_pack("{s:[{s:s}]}", name, "visibility", "public");

			*ret_known += fields_place(one) || fields_place(list);
			++*ret_all;
		}
	}
}

/* Whatever kind of record gets a place: it is looked at before it is shown. */
static void
test_each_kind(void)
{
	autojson json_t *none = json_of("{'location':7,'locations':[]}");

	for (size_t i = 0; i < ev_n_records; i++) {
		bool has = strcmp(ev_records[i].name, "program") == 0 || strcmp(ev_records[i].name, "group") == 0;
		unsigned all = 0, known = 0;

		count_places(ev_records[i].desc, NULL, &all, &known);
		ok(all == known && (all > 0) == has, "of a %s %u places are known, of %u", ev_records[i].name, known, all);
	}
	ok(!fields_place(none), "no place is none");
}

/* Another record that shows a place which one of ours hides. */
static void
test_hidden_elsewhere(void)
{
#define OAK	"{'locations':[{'name':'Oak','locality':'Newark','visibility':'redacted'},{'name':'Pier',"PLACE"}]}"
#define WAS	"{'locations':[{'name':'Oak','locality':'Newark','address':'7 Oak','visibility':'public','latitude_e6':5,'longitude_e6':6}," \
		"{'name':'Pier',"PLACE"}]}"
#define ZUR	"{'locations':[{'name':'Haus am B\u00fcrkliplatz','locality':'Z\u00fcrich','visibility':'redacted'}]}"
#define ZUR_WAS	"{'locations':[{'name':'Haus am B\u00fcrkliplatz','locality':'Z\u00fcrich','address':'B\u00fcrkliplatz 1 (Hof)','visibility':'public'}]}"
	static const struct {
		const char	*name, *by, *was, *body;
		unsigned	 n;
	} cases[] = {
		{ "the same name", OAK, NULL, "{'locations':[{'name':'OAK'," PLACE "}]}", 1 },
		{ "the same name in another town", OAK, NULL, "{'locations':[{'name':'Oak','locality':'Bayonne'," PLACE "}]}", 0 },
		{ "the same name and town in another spelling", ZUR, NULL, "{'locations':[{'name':'Haus am Burkliplatz','locality':'ZURICH'," PLACE "}]}", 1 },
		{ "its address and town in another spelling", ZUR, ZUR_WAS,
		  "{'locations':[{'locality':'Zu\u0308rich','address':'Burkliplatz 1, Hof','visibility':'public'}]}", 1 },
		{ "no name", OAK, NULL, "{'locations':[{" PLACE "}]}", 0 },
		{ "the address it had", OAK, WAS, "{'locations':[{'name':'Elm','address':'7 oak','visibility':'public'}]}", 1 },
		{ "its address in another town", OAK, WAS, "{'locations':[{'locality':'Bayonne','address':'7 Oak','visibility':'public'}]}", 0 },
		{ "the position it had", OAK, WAS, "{'location':{'visibility':'public','latitude_e6':5,'longitude_e6':6}}", 1 },
		{ "half of it, and no more is said", "{'locations':[{'visibility':'redacted','latitude_e6':5}]}", NULL,
		  "{'locations':[{'visibility':'public','latitude_e6':5,'longitude_e6':6}]}", 0 },
		{ "half of it", OAK, WAS, "{'locations':[{'visibility':'public','latitude_e6':5,'longitude_e6':7}]}", 0 },
		{ "a place that is not hidden", OAK, WAS, "{'locations':[{'name':'Pier'," PLACE "}]}", 0 },
		{ "hidden already", OAK, WAS, "{'locations':[{'name':'Oak','visibility':'redacted'}]}", 0 },
		{ "no place", OAK, WAS, "{}", 0 },
	};

	for (size_t i = 0; i < nelem(cases); i++) {
		autojson json_t *by = json_of(cases[i].by), *was = cases[i].was != NULL ? json_of(cases[i].was) : NULL;
		autojson json_t *body = json_of(cases[i].body), *list = json_array();
		autofree char *text = NULL;
		unsigned n = 99;

		ok(fields_hidden(by, was, list) == 0 && fields_hide_any(list, body, &n) == 0 && n == cases[i].n, "elsewhere: %s", cases[i].name);
		text = json_dumps(body, JSON_COMPACT);
		ok(n == 0 || (strstr(text, "address") == NULL && strstr(text, "_e6") == NULL), "elsewhere: %s: nothing leads there", cases[i].name);
	}
}

static void
test_memory(void)
{
	long tried = 0, failed = 0, hides = 0;

	for (size_t i = 0; i < nelem(words); i++) {
		autojson json_t *body = json_of(words[i].body);
		int r = -ENOMEM;

		for (long left = 0; r != 0 && left < 500; left++) {
			json_t *list = NULL;

			faults_left = left;
			r = fields_words(words[i].kind, body, TODAY, &list);
			faults_left = -1;
			tried++;
			failed += r == -ENOMEM && list == NULL;
			json_decref(list);
		}
		if (r != 0)
			ok(false, "%s never ends", words[i].name);
	}
	for (long left = 0, r = -ENOMEM; r != 0 && left < 500; left++) {
		autojson json_t *by = json_of(OAK), *was = json_of(WAS), *body = json_of("{'locations':[{'name':'Oak'," PLACE "}]}"), *list = json_array();
		json_t *other = json_deep_copy(body);
		unsigned n = 99;

		faults_left = left;
		if ((r = fields_hide(by, body, &n)) == 0 && (r = fields_hidden(by, was, list)) == 0)
			r = fields_hide_any(list, other, &n);
		faults_left = -1;
		json_decref(other);
		hides += r == -ENOMEM;
		if (r != 0 && r != -ENOMEM)
			break;
	}
	ok(hides > 5, "and each of %ld of what hides places", hides);
	ok(failed > 100 && tried == failed + (long)nelem(words), "each of %ld allocations that fails is told, and no list is given", failed);
}

int
main(void)
{
	faults_begin();
	test_check();
	test_aged();
	test_words();
	test_readers();
	test_hidden();
	test_each_kind();
	test_hidden_elsewhere();
	test_memory();
	return done_testing();
}
