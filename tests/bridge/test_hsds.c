/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HSDS files as programs.  With arguments it reads each file of them instead
 * and says how many records and leftovers it has: for corpora outside the tree.
 */
#include "base/canon.h"
#include "base/event.h"
#include "bridge/formats/hsds.h"
#include "events.h"
#include "tests/tap.h"

/* One reading of a text; r < 0 is never expected. */
struct reading {
	json_t		*records, *unmapped;
	struct err	 err;
	int		 r;
};

static struct reading
read_doc(json_t *doc)
{
	struct reading x = { .r = -1 };

	if (doc != NULL)
		x.r = hsds_read(doc, &x.records, &x.unmapped, &x.err);
	json_decref(doc);
	return x;
}

static struct reading
read_text(const char *text)
{
	json_error_t error;
	json_t *doc = json_loads(text, 0, &error);

	if (doc == NULL)
		printf("# %s at %d:%d\n", error.text, error.line, error.column);
	return read_doc(doc);
}

/* A service with an id, a name and ${members}. */
static struct reading
read_service(const char *members)
{
	autofree char *text = NULL;

	if (asprintf(&text, "{\"id\": \"s1\", \"name\": \"Tea\", \"description\": \"Talk.\", \"status\": \"active\"%s%s}",
	    members[0] != '\0' ? ", " : "", members) < 0)
		abort();
	return read_text(text);
}

static void
done(struct reading *x)
{
	json_decref(x->records);
	json_decref(x->unmapped);
}

static json_t *
body(const struct reading *x)
{
	return json_obj(json_array_get(x->records, 0), "body");
}

/* Is ${path} listed, with ${why} somewhere in the reason? */
static int
is_lost(const struct reading *x, const char *path, const char *why)
{
	size_t i;
	json_t *row;

	json_array_foreach(x->unmapped, i, row) {
		if (strcmp(json_str(row, "path"), path) == 0 && strstr(json_str(row, "why"), why) != NULL)
			return 1;
	}
	json_array_foreach(x->unmapped, i, row)
		printf("# listed: %s: %s\n", json_str(row, "path"), json_str(row, "why"));
	return 0;
}

/* Is member ${key} of the first body this JSON? */
static void
is_body(const struct reading *x, const char *key, const char *want, const char *name)
{
	autojson json_t *w = json_loads(want, JSON_DECODE_ANY, NULL);
	autofree char *got = NULL;

	if (!ok(w != NULL && json_equal(json_object_get(body(x), key), w), "%s", name)) {
		if (json_object_get(body(x), key) != NULL)
			got = json_dumps(json_object_get(body(x), key), JSON_COMPACT | JSON_ENCODE_ANY);
		printf("# got %s (%d %s)\n", got != NULL ? got : "nothing", x->r, x->err.text);
	}
}

static void
test_service(void)
{
	struct reading x = read_service("");

	is_int(x.r, 0, "a service in short is enough");
	is_int(json_array_size(x.records), 1, "one service, one record");
	is_str(json_str(json_array_get(x.records, 0), "source"), "hsds:service/s1", "the source is the service's id");
	is_str(json_str(json_array_get(x.records, 0), "kind"), "program", "the kind is program");
	is_body(&x, "source", "{\"name\": \"Tea\", \"foreign_id\": \"s1\"}", "the body says where it came from");
	is_int(json_array_size(x.unmapped), 0, "nothing is left over");
	done(&x);

	x = read_service("\"minimum_age\": 18.0, \"maximum_age\": 25, \"eligibility_description\": \" Young people \\r\\n\","
	    " \"last_modified\": \"2026-01-31T10:30:45.123Z\", \"url\": \"https://tea.example/\", \"alert\": \"new\","
	    " \"colour\": {\"red\": 1}, \"program_id\": \"p\", \"licenses\": null, \"funding\": []");
	is_body(&x, "minimum_age", "18", "minimum age");
	is_body(&x, "maximum_age", "25", "maximum age");
	is_body(&x, "eligibility", "\"Young people\"", "text is trimmed");
	is_str(json_str(json_obj(body(&x), "source"), "updated"), "2026-01-31", "last_modified is the day of the source");
	ok(is_lost(&x, "$.alert", "string"), "what has no place is listed with its kind");
	ok(is_lost(&x, "$.colour", "object"), "what HSDS does not know is listed too");
	ok(is_lost(&x, "$.eligibility_description", "blanks at its ends"), "that blanks were cut is listed");
	ok(is_lost(&x, "$.last_modified", "only its day"), "and that of a time only the day is kept");
	is_int(json_array_size(x.unmapped), 4, "links, null and empty lists are not listed");
	done(&x);

	x = read_service("\"languages\": [{\"code\": \"spa\"}, {\"code\": \"es\"}, {\"code\": \"EN\"}, {\"code\": \"ger-AT\"}, {\"code\": \"yue\"}, {\"code\": \"zzz9\"}]");
	is_body(&x, "languages", "[\"es\", \"en\", \"de-AT\", \"yue\"]", "languages by their shortest codes, each once");
	ok(is_lost(&x, "$.languages[0].code", "kept as es") && is_lost(&x, "$.languages[5].code", "not a language"), "which is listed");
	done(&x);
	x = read_service("\"minimum_age\": -1, \"maximum_age\": 300");
	ok(is_lost(&x, "$.minimum_age", "0 to 120") && is_lost(&x, "$.maximum_age", "0 to 120"), "ages out of range are listed");
	ok(json_object_get(body(&x), "minimum_age") == NULL, "and not taken");
	done(&x);
	x = read_service("\"minimum_age\": 17.5, \"maximum_age\": 64.99");
	is_body(&x, "eligible_if", "{\"all\": [{\"all\": [{\"kind\": \"age\", \"age_from\": 17500}, {\"kind\": \"age\", \"age_below\": 64991}]}]}",
	    "an age with decimals is a rule, exactly");
	is_int(json_array_size(x.unmapped), 0, "and nothing is left over");
	done(&x);

	x = read_text("[{\"id\": \"a\", \"name\": \"A\", \"status\": \"defunct\"}, {\"id\": \"b\", \"name\": \"B\", \"status\": \"active\"}]");
	is_int(json_array_size(x.records), 1, "a defunct service makes no record");
	ok(is_lost(&x, "$[0]", "it is defunct"), "and is listed");
	ok(is_lost(&x, "$[1].description", "the name stands in"), "a missing description is said");
	is_body(&x, "description", "\"B\"", "and is the name");
	done(&x);
}

static void
test_contacts(void)
{
	struct reading x = read_service("\"email\": \"tea@example.org\", \"phones\": ["
	    "{\"number\": \"+1 555 0100\", \"extension\": 7, \"type\": \"voice\", \"description\": \"Front desk\", \"languages\": [{\"code\": \"es\"}]},"
	    "{\"number\": \"+1 555 0101\", \"type\": \"text\"}, {\"number\": \"+1 555 0102\", \"type\": \"Fax\"}, {\"type\": \"voice\"}],"
	    "\"contacts\": [{\"name\": \"Ann\", \"title\": \"Host\", \"email\": \"tea@example.org\", \"phones\": [{\"number\": \"+1 555 0103\"}]},"
	    "{\"name\": \"Nobody\"}], \"additional_urls\": [{\"label\": \"Map\", \"url\": \"https://map.example/\"}, {\"url\": \"map\"}]");

	is_body(&x, "contacts", "[{\"how\": \"email\", \"value\": \"tea@example.org\", \"label\": \"Ann, Host\"},"
	    "{\"how\": \"phone\", \"value\": \"+1 555 0100 ext. 7\", \"label\": \"Front desk\", \"languages\": [\"es\"]},"
	    "{\"how\": \"sms\", \"value\": \"+1 555 0101\"}, {\"how\": \"phone\", \"value\": \"+1 555 0103\", \"label\": \"Ann, Host\"},"
	    "{\"how\": \"web\", \"value\": \"https://map.example/\", \"label\": \"Map\"}]", "phones, people and pages, each address once");
	ok(is_lost(&x, "$.phones[2]", "type Fax"), "a fax is listed");
	ok(is_lost(&x, "$.phones[3]", "without a number"), "a phone without a number is listed");
	ok(is_lost(&x, "$.contacts[1]", "without email or phone"), "a contact nobody can reach is listed");
	ok(is_lost(&x, "$.additional_urls[1].url", "no http"), "what is no address is listed");
	done(&x);

	x = read_service("\"phones\": [{\"number\": \"1\", \"type\": \"cell\", \"extension\": \"123456789012345678901234567890123456789012345678901"
	    "23456789012345678901234567890123456789012345678901234567890\"}]");
	is_body(&x, "contacts", "[{\"how\": \"phone\", \"value\": \"1\"}]", "an extension is whole or not there");
	ok(is_lost(&x, "$.phones[0].extension", "too long") && is_lost(&x, "$.phones[0].type", "kept as phone"), "and is listed, as is a type");
	done(&x);

	x = read_text("{\"id\": \"o\", \"name\": \"Harbor\", \"email\": \"harbor@example.org\", \"services\": [{\"id\": \"s\", \"name\": \"N\","
	    " \"description\": \"D\", \"phones\": ["
	    "{\"number\": \"1\"},{\"number\": \"2\"},{\"number\": \"3\"},{\"number\": \"4\"},{\"number\": \"5\"},{\"number\": \"6\"},"
	    "{\"number\": \"7\"},{\"number\": \"8\"},{\"number\": \"9\"},{\"number\": \"10\"},{\"number\": \"11\"},{\"number\": \"12\"},"
	    "{\"number\": \"13\"},{\"number\": \"14\"},{\"number\": \"15\"},{\"number\": \"16\"},{\"number\": \"17\"}]}]}");
	is_int(json_array_size(json_arr(body(&x), "contacts")), 16, "at most 16 contacts");
	ok(is_lost(&x, "$.services[0].phones[16]", "more than 16 contacts"), "the 17th is listed");
	ok(is_lost(&x, "$.email", "more than 16 contacts"), "and so is the organization's that had no room");
	done(&x);
}

static void
test_schedules(void)
{
	struct reading x = read_service("\"schedules\": ["
	    "{\"byday\": \"TH,FR\", \"freq\": \"WEEKLY\", \"interval\": 2, \"opens_at\": \"9:30\", \"closes_at\": \"18:00:00\", \"timezone\": -5,"
	    " \"valid_from\": \"2026-01-01\", \"valid_to\": \"2026-12-31\", \"notes\": \"Ring twice\"},"
	    "{\"byday\": \"1MO,-1WE\", \"freq\": \"MONTHLY\", \"opens_at\": \"10:00Z\", \"bymonthday\": \"1,2\"},"
	    "{\"description\": \"now and then\"},"
	    "{\"byday\": \"SU\", \"freq\": \"MONTHLY\", \"interval\": 3, \"opens_at\": \"noon\", \"closes_at\": \"13:00+05:15\", \"timezone\": 5.25, \"count\": 4}]");

	is_body(&x, "schedules", "[{\"days\": [\"thu\", \"fri\"], \"opens\": \"09:30\", \"closes\": \"18:00\", \"timezone\": \"Etc/GMT+5\","
	    " \"frequency\": \"biweekly\", \"from\": \"2026-01-01\", \"until\": \"2026-12-31\", \"note\": \"Ring twice\"},"
	    "{\"rule\": \"FREQ=MONTHLY;BYDAY=1MO,-1WE;BYMONTHDAY=1,2\", \"opens\": \"10:00\", \"timezone\": \"Etc/UTC\"},"
	    "{\"days\": [\"sun\"], \"closes\": \"13:00\", \"irregular\": true,"
	    " \"note\": \"freq MONTHLY\\ninterval 3\\ncount 4\\ncloses_at 13:00+05:15\\ntimezone 5.25\"}]", "as days, as a rule, or as days and a note");
	ok(is_lost(&x, "$.schedules[2]", "without byday"), "a schedule without days is listed");
	ok(is_lost(&x, "$.schedules[3].opens_at", "not a time"), "a time that is none is listed");
	ok(is_lost(&x, "$.schedules[3].closes_at", "in the note"), "a zone without a name is listed");
	ok(is_lost(&x, "$.schedules[3].timezone", "in the note"), "and so is its offset");
	ok(is_lost(&x, "$.schedules[3].count", "in the note"), "a count from no first day is listed");
	done(&x);

	x = read_service("\"schedules\": ["
	    "{\"byday\": \"TH,FR\", \"freq\": \"WEEKLY\", \"interval\": 1, \"byweekno\": \"41,42\", \"opens_at\": \"10:00\", \"closes_at\": \"24:00\"},"
	    "{\"byday\": \"MO\", \"valid_from\": \"1900-01-01\", \"valid_to\": \"2026-02-30\", \"dtstart\": \"2026-01-05T10:00\"},"
	    "{\"byday\": \"MO\", \"dtstart\": \"2026-01-05\", \"valid_from\": \"2026-03-02\", \"until\": \"2026-12-01\", \"valid_to\": \"2027-01-01\"},"
	    "{\"byday\": \"MO\", \"interval\": 2, \"dtstart\": \"2026-01-05\", \"valid_from\": \"2026-03-02\"},"
	    "{\"freq\": \"YEARLY\", \"dtstart\": \"2024-02-29\", \"until\": \"2024-01-01\"},"
	    "{\"freq\": \"MONTHLY\", \"bymonthday\": \"1,32\", \"byday\": \"7MO\", \"wkst\": \"XX\", \"interval\": 0.5, \"notes\": \"Ring\"}]");

	is_body(&x, "schedules", "[{\"days\": [\"thu\", \"fri\"], \"frequency\": \"weekly\", \"opens\": \"10:00\", \"closes\": \"00:00\","
	    " \"irregular\": true, \"note\": \"byweekno 41,42\"},"
	    "{\"rule\": \"FREQ=WEEKLY;BYDAY=MO\", \"from\": \"2026-01-05\", \"irregular\": true, \"note\": \"valid_to 2026-02-30\"},"
	    "{\"days\": [\"mon\"], \"from\": \"2026-03-02\", \"until\": \"2026-12-01\"},"
	    "{\"days\": [\"mon\"], \"frequency\": \"biweekly\", \"from\": \"2026-03-02\", \"irregular\": true, \"note\": \"dtstart 2026-01-05\"},"
	    "{\"rule\": \"FREQ=MONTHLY;INTERVAL=12\", \"from\": \"2024-02-29\", \"irregular\": true, \"note\": \"until 2024-01-01\"},"
	    "{\"days\": [\"mon\"], \"irregular\": true, \"note\": \"freq MONTHLY\\ninterval 0.5\\nbyday 7MO\\nbymonthday 1,32\\nwkst XX\\nRing\"}]",
	    "what no field says makes a schedule irregular");
	ok(is_lost(&x, "$.schedules[0].byweekno", "in the note"), "weeks of the year are named");
	ok(is_lost(&x, "$.schedules[1].valid_from", "1970"), "a first day before all days is named, and takes nothing away");
	ok(is_lost(&x, "$.schedules[2].dtstart", "later") && is_lost(&x, "$.schedules[2].valid_to", "earlier"), "so is the other date of two");
	done(&x);

	/* Eight bytes of the zone are quoted: the ninth is the second half of a character. */
	x = read_service("\"schedules\": [{\"byday\": \"MO\", \"opens_at\": \"10:00abcdefg\xc3\xa9\", \"closes_at\": \"11:00:30\"}]");
	ok(is_lost(&x, "$.schedules[0].opens_at", "abcdefg\\xc3"), "a reason that quotes half a character is text all the same");
	ok(is_lost(&x, "$.schedules[0].closes_at", "seconds"), "seconds are listed");
	is_body(&x, "schedules", "[{\"days\": [\"mon\"], \"opens\": \"10:00\", \"closes\": \"11:00\"}]", "and what is not said is not made up");
	done(&x);

	x = read_service("\"schedules\": [{\"byday\": \"XX\"}]");
	is_int(x.r, E_BAD, "a day that is none is an error");
	is_str(x.err.text, "$.schedules[0].byday: \"XX\" is no day; write MO,TU,WE,TH,FR,SA,SU", "which says where");
	done(&x);
}

static void
test_places(void)
{
	struct reading x = read_text("{\"id\": \"o\", \"name\": \"Harbor\", \"website\": \"https://harbor.example\", \"logo\": \"l\","
	    "\"locations\": [{\"id\": \"l1\", \"name\": \"Pier\", \"location_type\": \"physical\", \"latitude\": 40.5, \"longitude\": -74.25,"
	    " \"addresses\": [{\"address_1\": \"PO Box 1\", \"address_type\": \"postal\"}, {\"address_1\": \"1 Pier\", \"address_2\": \"2nd floor\","
	    " \"city\": \"Baywick\", \"state_province\": \"NJ\", \"postal_code\": \"07000\", \"country\": \"US\", \"address_type\": \"physical\"}],"
	    " \"accessibility\": [{\"description\": \"Ramp\"}, {\"description\": \"quiet_space\"}, {\"description\": \"Ask us\"}],"
	    " \"languages\": [{\"code\": \"es\"}, {\"code\": \"pl\"}]}, {\"id\": \"l2\", \"name\": \"Store\"}],"
	    "\"services\": [{\"id\": \"s\", \"name\": \"N\", \"description\": \"D\", \"languages\": [{\"code\": \"es\"}, {\"name\": \"Polish\"}],"
	    " \"service_at_locations\": [{\"location_id\": \"l1\"}, {\"location_id\": \"l9\"},"
	    " {\"location\": {\"location_type\": \"virtual\", \"name\": \"Call\", \"url\": \"https://call.example/\"}}]}]}");

	is_body(&x, "locations", "[{\"visibility\": \"public\", \"name\": \"Pier\", \"address\": \"1 Pier\\n2nd floor\", \"locality\": \"Baywick\","
	    " \"region\": \"NJ\", \"postal_code\": \"07000\", \"country\": \"US\", \"latitude_e6\": 40500000, \"longitude_e6\": -74250000,"
	    " \"accessibility\": [\"step_free\", \"quiet_space\"]}]", "a location by id, at its street address");
	is_body(&x, "modalities", "[\"in_person\"]", "a place to go to is in person; a virtual one says nothing exact");
	is_body(&x, "languages", "[\"es\"]", "the service's languages");
	is_body(&x, "contacts", "[{\"how\": \"web\", \"value\": \"https://call.example/\"}, {\"how\": \"web\", \"value\": \"https://harbor.example\"}]",
	    "pages of the virtual place and the organization");
	ok(is_lost(&x, "$.locations[1]", "no service"), "an unused location is listed");
	ok(is_lost(&x, "$.services[0].service_at_locations[1].location_id", "no such location"), "a dangling link is listed");
	ok(is_lost(&x, "$.services[0].languages[1]", "without a code"), "a language without a code is listed");
	ok(is_lost(&x, "$.locations[0].languages[1]", "of the place"), "a language of the place is listed");
	ok(is_lost(&x, "$.locations[0].addresses[0]", "one address"), "the letter box is listed");
	ok(is_lost(&x, "$.locations[0].accessibility[2].description", "free text"), "free text is listed");
	ok(is_lost(&x, "$.logo", "string"), "the organization's own leftovers are listed");
	ok(is_lost(&x, "$.services[0].service_at_locations[2].location.name", "string"), "a virtual place's name is listed");
	done(&x);

	x = read_text("{\"id\": \"o\", \"name\": \"Harbor\", \"services\": [{\"id\": \"s\", \"name\": \"N\", \"description\": \"D\","
	    " \"service_at_locations\": [{\"location\": {\"location_type\": \"redacted\", \"name\": \"House\", \"latitude\": 40.5, \"longitude\": -74.25,"
	    " \"phones\": [{\"number\": \"555 0100\"}], \"email\": \"h@h.example\", \"url\": \"https://house.example/\","
	    " \"contacts\": [{\"name\": \"Ann\", \"phones\": [{\"number\": \"555 0101\"}]}],"
	    " \"addresses\": [{\"address_1\": \"9 Lane\", \"city\": \"Baywick\", \"postal_code\": \"07000\", \"address_type\": \"physical\"}]}}]}]}");
	is_body(&x, "locations", "[{\"visibility\": \"redacted\", \"name\": \"House\", \"locality\": \"Baywick\"}]", "of a place of another type only the town is told");
	ok(json_object_get(body(&x), "contacts") == NULL, "and not how to reach who is there");
	ok(is_lost(&x, "$.services[0].service_at_locations[0].location.phones", "confidential") &&
	    is_lost(&x, "$.services[0].service_at_locations[0].location.location_type", "confidential"), "which is listed");
	done(&x);

	x = read_text("{\"name\": \"Harbor\", \"email\": \"a@b.example\", \"contacts\": [{\"name\": \"Ann\", \"email\": \"a@b.example\"},"
	    " {\"name\": \"Bo\", \"email\": \"a@b.example\"}], \"locations\": [{\"id\": \"l\", \"name\": \"Pier\"}], \"services\": [{\"id\": \"s\","
	    " \"name\": \"N\", \"description\": \"D\", \"organization\": {\"name\": \"O\"}, \"service_at_locations\": [{\"service\": {\"id\": \"s\"},"
	    " \"location\": {\"id\": \"l\", \"name\": \"Dock\", \"latitude\": 1.23456789, \"longitude\": 200}}]}]}");
	is_body(&x, "contacts", "[{\"how\": \"email\", \"value\": \"a@b.example\", \"label\": \"Ann\"}]",
	    "a label of the file stands before the organization's name");
	ok(is_lost(&x, "$.contacts[1].email", "label: the same address"), "a second label of one address is listed");
	ok(is_lost(&x, "$.locations[0]", "its own version"), "a place of which a service says something else is listed");
	ok(is_lost(&x, "$.services[0].organization", "around it") && is_lost(&x, "$.services[0].service_at_locations[0].service", "around it"),
	    "what is inside is not mixed with what is around");
	ok(is_lost(&x, "$.services[0].service_at_locations[0].location.longitude", "outside") &&
	    is_lost(&x, "$.services[0].service_at_locations[0].location.latitude", "half a position"), "half a position is listed");
	done(&x);
}

static void
test_words(void)
{
	struct reading x = read_service("\"fees_description\": \"Ask\", \"cost_options\": [{\"option\": \"Adults\", \"amount\": 3.5, \"currency\": \"USD\","
	    " \"amount_description\": \"a visit\", \"valid_from\": \"2026-01-01\"}, {\"amount\": 0}],"
	    "\"service_areas\": [{\"name\": \"Bay County\"}, {\"name\": \"Hill County\", \"extent\": \"{}\"}]");
	autofree char *text = NULL;
	char *at;

	is_body(&x, "cost", "\"fee\"", "an amount is a fee");
	is_body(&x, "cost_note", "\"Ask\\nAdults: 3.50 USD a visit (from 2026-01-01)\\n0\"", "costs in words");
	is_body(&x, "service_area", "{\"anywhere\": false, \"text\": \"Bay County\\nHill County\"}", "areas in words");
	ok(is_lost(&x, "$.service_areas[1].extent", "string"), "a polygon is listed");
	done(&x);

	x = read_service("\"cost_options\": [{\"amount\": 0}]");
	is_body(&x, "cost", "\"free\"", "nothing but zero is free");
	done(&x);

	/* 3999 bytes and a character of two: it is not cut in half. */
	text = calloc(1, 5000);
	at = text + sprintf(text, "{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\", \"description\": \"");
	memset(at, 'x', 3999);
	strcpy(at + 3999, "\xc3\xa9 and more\"}");
	x = read_text(text);
	is_int(json_string_length(json_object_get(body(&x), "description")), 3999, "long text is cut between characters");
	ok(is_lost(&x, "$.description", "cut from 4010 to 3999 bytes"), "and listed");
	done(&x);

	x = read_service("\"eligibility_description\": \"a\\u0007b\\u0085c\\r\\nd\\re\\tf\"");
	is_body(&x, "eligibility", "\"a b c\\nd\\ne\\tf\"", "control characters become blanks, line ends line feeds");
	done(&x);
}

static void
test_attributes(void)
{
	struct reading x = read_service("\"attributes\": [{\"taxonomy_term\": {\"taxonomy\": \"org.cairnpeer.condition\", \"code\": \"grief\"}},"
	    "{\"taxonomy_term\": {\"taxonomy\": \"org.cairnpeer.condition\", \"code\": \"sadness\"}},"
	    "{\"taxonomy_term\": {\"taxonomy\": \"org.cairnpeer.law\", \"code\": \"us-part2\"}},"
	    "{\"taxonomy_term\": {\"taxonomy\": \"AIRS\", \"code\": \"grief\"}}, {\"value\": \"v\"}]");

	is_body(&x, "conditions", "[\"grief\"]", "a term of our taxonomy");
	is_body(&x, "law", "\"us-part2\"", "and one that is no list");
	ok(is_lost(&x, "$.attributes[1]", "not on the list org.cairnpeer.condition"), "a code that is not ours is listed");
	ok(is_lost(&x, "$.attributes[3]", "taxonomy"), "a foreign taxonomy is not guessed at");
	ok(is_lost(&x, "$.attributes[4]", "taxonomy"), "nor a bare value");
	done(&x);
}

/* Documents that are refused, and the words that say so. */
static void
test_refused(void)
{
	static const struct { const char *text, *error; } cases[] = {
		{ "[]", "$: nothing to import: there is no service here; export organizations or services in full" },
		{ "[7]", "$[0]: number where an organization or service must be" },
		{ "{\"colour\": \"red\"}", "$: nothing to import: this is neither an organization nor a service, nor a list or page of them" },
		{ "{\"version\": \"3.0\"}", NULL },
		{ "{\"id\": \"o\", \"name\": \"O\"}", NULL },
		{ "{\"name\": \"N\", \"status\": \"active\"}", "$.id: a service needs an id" },
		{ "{\"id\": \"s\", \"status\": \"active\"}", "$.name: a service needs a name" },
		{ "{\"id\": \"s\", \"status\": 1, \"name\": \"N\"}", "$.status: number where a string must be" },
		{ "{\"contents\": [{\"id\": \"s\", \"status\": \"active\", \"name\": {}}]}",
		    "$.contents[0].name: object where a string must be" },
		{ "{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\", \"phones\": {}}", "$.phones: object where a list must be" },
		{ "{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\", \"phones\": [3]}",
		    "$.phones[0]: number where an object must be" },
		{ "{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\", \"phones\": [{\"number\": \"1\", \"extension\": []}]}", NULL },
		{ "{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\", \"phones\": [{\"number\": \"1\", \"extension\": true}]}",
		    "$.phones[0].extension: boolean where a whole number must be" },
		{ "[{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\"}, {\"id\": \"s\", \"status\": \"active\", \"name\": \"M\"}]",
		    "$[1].id: another service of this file has the same id" },
		{ "{\"id\": \"l\", \"service\": {}, \"location\": {}}",
		    "$: this is a service at a location without its service: nothing to import" },
		{ "{\"id\": \"s\", \"status\": \"active\", \"name\": \"N\", \"organization\": {\"name\": \"O\", \"locations\": [{\"id\": \"l\"}, null]}}",
		    "$.organization.locations[1]: null where an object must be" },
	};

	for (size_t i = 0; i < nelem(cases); i++) {
		struct reading x = read_text(cases[i].text);

		is_str(x.r == 0 ? NULL : x.err.text, cases[i].error, "refused: %.60s", cases[i].text);
		ok((x.r == 0) == (x.records != NULL), "and nothing is returned");
		done(&x);
	}
}

static void
test_page(void)
{
	struct reading x = read_text("{\"total_pages\": 3, \"page_number\": 2, \"contents\": ["
	    "{\"id\": \"s\", \"name\": \"N\", \"description\": \"D\", \"status\": \"active\","
	    " \"organization\": {\"id\": \"o\", \"name\": \"Harbor\", \"tax_id\": \"t\"}}]}");

	is_str(json_str(json_obj(body(&x), "source"), "name"), "Harbor", "the organization inside a service is its source");
	ok(is_lost(&x, "$.total_pages", "other pages"), "that there are other pages is said");
	ok(is_lost(&x, "$.contents[0].organization.tax_id", "string"), "the organization's leftovers are listed");
	done(&x);
}

static unsigned
next_random(unsigned *state)
{
	return *state = *state * 1103515245u + 12345u, *state >> 8;
}

/* Replaces one value somewhere below ${v} by something else. */
static void
damage(json_t *v, unsigned *state)
{
	for (int depth = 0; depth < 12; depth++) {
		size_t n = json_is_array(v) ? json_array_size(v) : json_object_size(v), pick;
		const char *key = NULL;
		json_t *child, *other;

		if (n == 0)
			return;
		pick = next_random(state) % n;
		if (json_is_array(v)) {
			child = json_array_get(v, pick);
		} else {
			void *it = json_object_iter(v);

			while (pick-- > 0)
				it = json_object_iter_next(v, it);
			key = json_object_iter_key(it);
			child = json_object_iter_value(it);
		}
		if ((json_is_object(child) || json_is_array(child)) && next_random(state) % 8 != 0) {
			v = child;
			continue;
		}
		switch (next_random(state) % 6) {
		case 0: other = json_integer(-1); break;
		case 1: other = json_string("\x01\xe2\x80\xae"); break;
		case 2: other = json_pack("[n]"); break;
		case 3: other = json_pack("{s:n}", ""); break;
		case 4: other = json_real(1e300); break;
		default: other = json_null(); break;
		}
		if (key != NULL)
			(void)json_object_set_new(v, key, other);
		else
			(void)json_array_set_new(v, pick, other);
		return;
	}
}

/* Whatever is in a file, the answer is records that are programs, or E_BAD. */
static void
test_damaged(const char *srcdir)
{
	autofree char *path = NULL;
	autojson json_t *good = NULL;
	unsigned state = 1;
	int refused = 0, taken = 0, wrong = 0, vague = 0;

	if (asprintf(&path, "%s/docs/examples/harbor-hsds.json", srcdir) < 0)
		abort();
	good = json_load_file(path, 0, NULL);
	if (!ok(good != NULL, "the example file is JSON"))
		return;
	for (int i = 0; i < 3000; i++) {
		json_t *doc = json_deep_copy(good);
		struct reading x;

		for (unsigned n = 1 + next_random(&state) % 3; n > 0; n--)
			damage(doc, &state);
		x = read_doc(doc);
		refused += x.r == E_BAD && x.err.text[0] == '$';
		taken += x.r == 0;
		if (x.r != 0 && strstr(x.err.text, "does not make a program") != NULL) {
			printf("# %s\n", x.err.text);
			vague++;
		}
		for (size_t k = 0; k < json_array_size(x.records); k++) {
			struct rec_program program;

			if (event_parse(&rec_program_desc, json_obj(json_array_get(x.records, k), "body"), &program, NULL) != 0)
				wrong++;
			else
				event_free(&rec_program_desc, &program);
		}
		done(&x);
	}
	is_int(refused + taken, 3000, "each of 3000 damaged files is taken or refused");
	ok(refused > 100 && taken > 100, "some are taken, some refused (%d, %d)", taken, refused);
	is_int(wrong, 0, "every record is a program");
	is_int(vague, 0, "every refusal names the member of the file");
}

static int
read_files(int n, char **paths)
{
	for (int i = 0; i < n; i++) {
		json_t *doc = json_load_file(paths[i], 0, NULL);
		struct reading x;

		if (!ok(doc != NULL, "%s is JSON", paths[i]))
			continue;
		x = read_doc(doc);
		ok(x.r == 0 && json_array_size(x.records) > 0, "%s: %zu records, %zu values without a place%s%s", paths[i],
		    json_array_size(x.records), json_array_size(x.unmapped), x.r != 0 ? ": " : "", x.err.text);
		done(&x);
	}
	return done_testing();
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");

	if (argc > 1)
		return read_files(argc - 1, argv + 1);
	test_service();
	test_contacts();
	test_schedules();
	test_places();
	test_words();
	test_attributes();
	test_refused();
	test_page();
	test_damaged(srcdir != NULL ? srcdir : ".");
	return done_testing();
}
