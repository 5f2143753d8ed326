/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as HSDS, tables, and memory that runs out. */
#include <errno.h>
#include <stdbool.h>

#include "base/canon.h"
#include "bridge/formats/hsds.h"
#include "tests/tap.h"

static long left = -1;	/* Allocations of jansson before one fails; -1: none does. */

static void *
failing_malloc(size_t n)
{
	if (left == 0)
		return NULL;
	left -= left > 0;
	return malloc(n);
}

static json_t *
json(const char *text)
{
	json_error_t error;
	json_t *j = json_loads(text, 0, &error);

	if (j == NULL)
		printf("# %s at %d:%d\n", error.text, error.line, error.column);
	return j;
}

static const char records_text[] = "[{\"id\": \"01J8Z0Q4M2K7V9T5B3N6X8C0RD\", \"body\": {\"name\": \"Low Tide\", \"description\": \"Talk\","
    " \"conditions\": [\"grief\"], \"cost\": \"free\", \"cost_note\": \"Nothing\", \"languages\": [\"en\"], \"modalities\": [\"phone\"],"
    " \"contacts\": [{\"how\": \"matrix\", \"value\": \"@a:b.example\"}, {\"how\": \"phone\", \"value\": \"+1 555 0100 ext. 7\","
    " \"languages\": [\"es\"]}, {\"how\": \"email\", \"value\": \"a@b.example\", \"label\": \"Ann\"},"
    " {\"how\": \"web\", \"value\": \"https://a.example/\"}, {\"how\": \"web\", \"value\": \"https://b.example/\", \"label\": \"Map\"}],"
    " \"locations\": [{\"visibility\": \"public\", \"name\": \"Pier\", \"address\": \"1 Pier\\n2nd floor\", \"country\": \"US\","
    " \"latitude_e6\": 1, \"longitude_e6\": -2, \"accessibility\": [\"wheelchair\"]}],"
    " \"schedules\": [{\"days\": [\"mon\"], \"timezone\": \"Etc/GMT+5\", \"frequency\": \"biweekly\", \"note\": \"byday 1MO\\nRing\"}],"
    " \"service_area\": {\"anywhere\": true, \"text\": \"Bay\"}}}]";

static const char tables_text[] = "{\"organizations.csv\": [{\"id\": \"o\", \"name\": \"Harbor\"}],"
    " \"services.csv\": [{\"id\": \"s\", \"organization_id\": \"o\", \"name\": \"N\", \"description\": \"D\", \"status\": \"active\"}],"
    " \"locations.csv\": [{\"id\": \"l\", \"organization_id\": \"o\", \"location_type\": \"physical\", \"name\": \"Pier\"}],"
    " \"service_at_location.csv\": [{\"id\": \"sl\", \"service_id\": \"s\", \"location_id\": \"l\"}],"
    " \"contacts.csv\": [{\"id\": \"c\", \"service_id\": \"s\", \"name\": \"Ann\", \"email\": \"a@b.example\"}, {\"id\": \"d\", \"name\": \"Nobody\"}],"
    " \"attributes.csv\": [{\"id\": \"a\", \"link_id\": \"s\", \"taxonomy_term_id\": \"t\"}],"
    " \"taxonomy_terms.csv\": [{\"id\": \"t\", \"taxonomy\": \"org.cairnpeer.condition\", \"code\": \"grief\"}],"
    " \"programs.csv\": [{\"id\": \"p\", \"organization_id\": \"o\", \"name\": \"P\"}]}";

static void
test_same_bodies(void)
{
	autojson json_t *records = json(records_text), *page = NULL, *twice = NULL, *again = NULL, *lost = NULL;
	json_t *body, *was = json_object_get(json_array_get(records, 0), "body");
	struct err err = { "" };

	is_int(hsds_write(records, "Harbor", NULL, &page, &err), 0, "a record is written");
	is_int(hsds_write(records, "Harbor", NULL, &twice, &err), 0, "and once more");
	ok(json_equal(page, twice), "what is written depends on the records alone");
	is_int(hsds_read(page, &again, &lost, &err), 0, "and can be read");
	body = json_obj(json_array_get(again, 0), "body");
	is_str(json_str(json_obj(body, "source"), "name"), "Harbor", "the organization is the source of what is read");
	(void)json_object_del(body, "source");
	ok(json_equal(body, was), "the rest of the body is what was written");
	is_int(json_array_size(lost), 0, "everything that was written has a place");
	is_int(json_int(page, "total_items", 0), 1, "the page counts its services");
	json_decref(take(page));
	is_int(hsds_write(json_array_get(records, 0), "Harbor", NULL, &page, &err), 0, "no records are an empty page");
	ok(json_is_true(json_object_get(page, "empty")), "which says so");
	(void)json_object_del(json_array_get(records, 0), "body");
	is_int(hsds_write(records, "Harbor", NULL, &twice, &err), E_BAD, "a record without a body is refused");
}

/* A source of a records file that HSDS could not have given is exported under an identifier that it can. */
static void
test_odd_sources(void)
{
	char longer[200] = "hsds:service/";
	const char *const sources[] = { "hsds:service/", "hsds:service/s1\x04", "hsds:service/ s1", longer };

	memset(longer + strlen(longer), 'x', 101);
	for (size_t i = 0; i < nelem(sources); i++) {
		autojson json_t *records = json_pack("[{s:s, s:{s:s, s:s}}]", "source", sources[i], "body", "name", "N",
		    "description", "D"), *page = NULL, *again = NULL, *lost = NULL;
		struct err err = { "" };

		ok(hsds_write(records, "Harbor", NULL, &page, &err) == 0 && hsds_read(page, &again, &lost, &err) == 0 &&
		    json_array_size(lost) == 0 && strlen(json_str(json_array_get(again, 0), "source")) == strlen("hsds:service/") + 36,
		    "odd source %zu is read as a service of another name: %s", i, err.text);
	}
}

/* What others read of our schedules: HSDS's own words, as far as they go. */
static void
test_schedules(void)
{
	static const struct { const char *ours, *theirs; } some[] = {
		{ "{\"days\": [\"tue\"], \"frequency\": \"biweekly\", \"from\": \"2026-01-06\"}",
		  "{\"byday\": \"TU\", \"freq\": \"WEEKLY\", \"interval\": 2, \"dtstart\": \"2026-01-06\", \"valid_from\": \"2026-01-06\"}" },
		/* The first Monday from then on is of the next month. */
		{ "{\"days\": [\"thu\", \"mon\"], \"frequency\": \"monthly\", \"from\": \"2026-01-28\"}",
		  "{\"byday\": \"5TH,1MO\", \"freq\": \"MONTHLY\", \"interval\": 1, \"valid_from\": \"2026-01-28\"}" },
		{ "{\"rule\": \"FREQ=MONTHLY;INTERVAL=2;COUNT=6;WKST=SU;BYDAY=2TU\", \"from\": \"2026-01-06\", \"opens\": \"23:30\", \"minutes\": 90,"
		  " \"timezone\": \"Asia/Kolkata\"}",
		  "{\"byday\": \"2TU\", \"freq\": \"MONTHLY\", \"interval\": 2, \"count\": 6, \"wkst\": \"SU\", \"dtstart\": \"2026-01-06\","
		  " \"opens_at\": \"23:30\", \"closes_at\": \"01:00\", \"timezone\": 5.5}" },
		{ "{\"rule\": \"FREQ=DAILY;UNTIL=20261231\", \"from\": \"2026-01-06\", \"timezone\": \"Europe/Berlin\", \"note\": \"Ring\","
		  " \"except\": [\"2026-12-24\", \"2026-12-25\"]}",
		  "{\"byday\": \"MO,TU,WE,TH,FR,SA,SU\", \"freq\": \"WEEKLY\", \"interval\": 1, \"until\": \"2026-12-31\", \"dtstart\": \"2026-01-06\","
		  " \"notes\": \"Ring\\nLocal time, Europe/Berlin. Not on 2026-12-24, 2026-12-25\"}" },
		{ "{\"rule\": \"FREQ=DAILY;BYMONTHDAY=1\"}", "{\"freq\": \"MONTHLY\", \"interval\": 1, \"bymonthday\": \"1\"}" },
		{ "{\"rule\": \"FREQ=DAILY;INTERVAL=3\", \"from\": \"2026-01-06\"}", "null" },
		{ "{\"rule\": \"FREQ=WEEKLY;UNTIL=20260229\", \"from\": \"2026-01-06\"}", "null" },
		{ "{\"rule\": \"FREQ=WEEKLY;UNTIL=20261301\", \"from\": \"2026-01-06\"}", "null" },
		{ "{\"days\": [\"mon\"], \"frequency\": \"monthly\"}", "null" },
		{ "{\"days\": [\"mon\"], \"irregular\": true, \"note\": \"count 4\\nbyweekno 41,42\\nRing\"}",
		  "{\"byday\": \"MO\", \"count\": 4.0, \"byweekno\": \"41,42\", \"notes\": \"Ring\"}" },
		{ "{\"days\": [\"mon\"], \"note\": \"count 4\"}", "{\"byday\": \"MO\", \"notes\": \"count 4\"}" },
	};

	for (size_t i = 0; i < nelem(some); i++) {
		autojson json_t *schedule = json(some[i].ours), *page = NULL, *again = NULL, *lost = NULL;
		autojson json_t *want = json_loads(some[i].theirs, JSON_DECODE_ANY, NULL);
		autojson json_t *records = json_pack("[{s:s, s:{s:s, s:s, s:[O]}}]", "source", "hsds:service/s", "body", "name", "N",
		    "description", "D", "schedules", schedule);
		json_t *is;

		is_int(hsds_write(records, "N", NULL, &page, NULL), 0, "it is written");
		is = json_array_get(json_arr(json_array_get(json_arr(page, "contents"), 0), "schedules"), 0);
		if (is != NULL)
			(void)json_object_del(is, "id");
		ok(is != NULL ? json_equal(is, want) : json_is_null(want), "%s is %s to others", some[i].ours, some[i].theirs);
		ok(hsds_read(page, &again, &lost, NULL) == 0 &&
		    json_equal(json_array_get(json_arr(json_obj(json_array_get(again, 0), "body"), "schedules"), 0), schedule), "and comes back");
	}
}

/* What our schema takes and HSDS does not: it is written so that it can be read, and comes back. */
static void
test_not_hsds(void)
{
	autojson json_t *records = json_pack("[{s:s, s:{s:s, s:s, s:{s:s, s:s}, s:[{s:[s], s:s}]}}]", "id", "01J8Z0Q4M2K7V9T5B3N6X8C0RD",
	    "body", "name", "\n ", "description", "\t", "source", "name", " ", "foreign_id", " ", "schedules", "days", "tue", "note",
	    "byday whenever"), *page = NULL, *again = NULL, *lost = NULL;
	struct err err = { "" };

	is_int(hsds_write(records, "Harbor", NULL, &page, &err), 0, "a record with blank names and a note like a rule is written");
	is_int(hsds_read(page, &again, &lost, &err), 0, "and can be read: %s", err.text);
	ok(json_equal(json_object_get(json_array_get(again, 0), "body"), json_object_get(json_array_get(records, 0), "body")),
	    "the same");
}

/* A value of a member that no program has does not become one. */
static void
test_members(void)
{
	static const struct { const char *code, *value; } bad[] = {
		{ "colour", "\"red\"" }, { "minimum_age", "\"old\"" }, { "minimum_age", "{" }, { "locations", "[[[]]]" },
		{ "contacts", "[{\"how\": \"web\"}]" }, { "conditions", "[\"sadness\"]" }, { "v", "1" }, { "source", "[]" },
	};

	for (size_t i = 0; i < nelem(bad); i++) {
		autojson json_t *records = NULL, *lost = NULL;
		autojson json_t *doc = json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:{s:s, s:s}}]}", "id", "s", "name", "N", "description", "D",
		    "status", "active", "attributes", "value", bad[i].value, "taxonomy_term", "taxonomy", "org.cairnpeer.member",
		    "code", bad[i].code);
		struct err err = { "" };
		int r = hsds_read(doc, &records, &lost, &err);
		bool listed = r == 0 && json_array_size(lost) == 1 &&
		    strcmp(json_str(json_array_get(lost, 0), "path"), "$.attributes[0]") == 0;

		ok(listed, "%s = %s is listed: %d %s", bad[i].code, bad[i].value, r, err.text);
	}
}

static void
test_tables(void)
{
	autojson json_t *doc = json(tables_text), *records = NULL, *lost = NULL;
	struct err err = { "" };
	json_t *body;

	is_int(hsds_read(doc, &records, &lost, &err), 0, "tables are read");
	body = json_obj(json_array_get(records, 0), "body");
	is_str(json_str(json_obj(body, "source"), "name"), "Harbor", "a service is tied to its organization");
	is_int(json_array_size(json_arr(body, "locations")), 1, "and to its location");
	is_str(json_str(json_array_get(json_arr(body, "contacts"), 0), "label"), "Ann", "and to its contact");
	is_str(json_string_value(json_array_get(json_arr(body, "conditions"), 0)), "grief", "and its attribute to the term");
	is_int(json_array_size(lost), 3, "two rows and the organization's programs are listed");
	is_str(json_str(json_array_get(lost, 2), "path"), "$[\"contacts.csv\"][1]", "a loose row by its place");
}

/* An identifier of several tables: what is edited is tied to the one that it is of.  Within one table it is refused. */
static void
test_tables_edited(void)
{
	static const char *const some[] = {
		"{\"organizations.csv\": [{\"id\": \"l\", \"name\": \"N\", \"status\": \"active\"}], \"contacts.csv\": [{\"id\": \"l\"}]}",
		"{\"organizations.csv\": [{\"id\": \"l\", \"name\": \"N\", \"status\": \"active\"}], \"service_at_location.csv\":"
		" [{\"id\": \"l\"}]}",
		"{\"organizations.csv\": [{\"id\": \"l\", \"name\": \"O\"}], \"services.csv\": [{\"id\": \"l\", \"organization_id\": \"l\","
		" \"name\": \"N\", \"status\": \"active\"}]}",
		"{\"services.csv\": [{\"id\": \"s\", \"name\": \"N\", \"status\": \"active\"}], \"phones.csv\": [{\"id\": \"p\"},"
		" {\"id\": \"p\", \"service_id\": \"s\", \"number\": \"+1 555 0100\"}]}",
		"{\"services.csv\": [{\"id\": \"s\", \"name\": \"N\", \"status\": \"active\"}], \"phones.csv\": ["
		" {\"service_id\": \"s\", \"number\": \"+1 555 0100\"}]}",
	};

	for (size_t i = 0; i < nelem(some); i++) {
		autojson json_t *doc = json(some[i]), *records = NULL, *lost = NULL, *merged = NULL, *again = NULL, *none = NULL;
		autojson json_t *ids = json_object();
		bool whole = i < 3;
		struct err err = { "" };
		json_t *body, *phone;

		ok(hsds_read(doc, &records, &lost, &err) == 0 && json_array_size(records) == 1, "%zu: tables with a service", i);
		body = json_obj(json_array_get(records, 0), "body");
		phone = json_array_get(json_object_get(body, "contacts"), 0);
		(void)json_object_set_new(body, "anonymity", json_string("alias_welcome"));
		if (phone != NULL)
			(void)json_object_set_new(phone, "languages", json_pack("[s]", "es"));
		is_int(hsds_merge(doc, records, ids, &merged, &err), whole ? 0 : E_BAD, "%zu: edited: %s", i, err.text);
		if (whole)
			ok(hsds_read(merged, &again, &none, &err) == 0 && json_equal(again, records), "%zu: and read again", i);
		else
			ok(strstr(err.text, "the same identifier, or none") != NULL, "%zu: and why not is said", i);
	}
}

/* Each allocation fails once: -ENOMEM, nothing returned, nothing leaked. */
static void
test_out_of_memory(void)
{
	autojson json_t *records = json(records_text), *tables = json(tables_text);
	static const char table[] = "id,name,amount\r\n1,\"a\"\"b\",3\r\n";
	struct err err = { "" };
	long tried = 0;
	int wrong = 0;

	for (int what = 0; what < 3; what++) {
		int r = -ENOMEM;

		for (long n = 0; r == -ENOMEM && n < 100000; n++, tried++) {
			json_t *a = NULL, *b = NULL;

			left = n;
			r = what == 0 ? hsds_write(records, "Harbor", NULL, &a, &err) : what == 1 ? hsds_read(tables, &a, &b, &err) :
			    hsds_table(table, sizeof(table) - 1, &a, &err);
			left = -1;
			wrong += r != 0 ? a != NULL || b != NULL : a == NULL;
			json_decref(a);
			json_decref(b);
		}
		is_int(r, 0, "with enough memory it is done");
	}
	is_int(wrong, 0, "without, nothing is returned");
	ok(tried > 500, "%ld allocations failed", tried);
}

int
main(void)
{
	json_set_alloc_funcs(failing_malloc, free);
	test_schedules();
	test_same_bodies();
	test_odd_sources();
	test_not_hsds();
	test_members();
	test_tables();
	test_tables_edited();
	test_out_of_memory();
	return done_testing();
}
