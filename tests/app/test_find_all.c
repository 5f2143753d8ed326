/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find against looking at every record: drawn schedules in zones, rules, ages, regions, places, costs and words, and programs, which lend
 * what their groups do not say; drawn questions; with a seed.  CAIRN_LONG=1: of 3,000 records.
 */
#include "find_node.h"
#include "tests/dice.h"

enum { HELD = 60, MANY = 3000, ASKED = 90, ASKED_LONG = 200 };

static unsigned held = HELD;
#define PICK(list) (list[dice_roll(nelem(list))])

static const char *const zones[] = { "America/New_York", "Europe/Berlin", "Australia/Sydney", "Asia/Kathmandu", "Pacific/Apia", "UTC",
    "Mars/Olympus" };
static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const rules[] = { "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYMONTHDAY=15", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY",
    "FREQ=DAILY;BYDAY=SA,SU", "FREQ=MONTHLY", "FREQ=WEEKLY;COUNT=3" };
static const char *const regions[] = { "US", "US-NJ", "US-NY", "CA", "CA-QC" };
static const char *const bands[] = { "under_13", "13_17", "18_25", "26_59", "60_plus" };
static const char *const costs[] = { "free", "sliding_scale", "fee" }, *const rides[] = { "fares_paid", "rides_arranged" }, *const eases[] = { "step_free", "text_only" };
static const char *const audiences[] = { "anyone", "women", "men" };
static const char *const kinds[] = { "program", "group", "group" };
static const char *const names[] = { "amber", "birch", "cedar", "amberly" };

static void
set(json_t *to, const char *key, json_t *value)
{
	if (value == NULL || json_object_set_new(to, key, value) != 0)
		bail("json", key);
}

static json_t *
clock_of(unsigned minutes)
{
	return json_sprintf("%02u:%02u", minutes / 60, minutes % 60);
}

static json_t *
one_schedule(void)
{
	json_t *s = json_object();
	unsigned opens = dice_roll(96) * 15;

	if (dice_roll(8) != 0)
		set(s, "opens", clock_of(opens));
	if (dice_roll(3) == 0)
		set(s, "minutes", json_integer(dice_roll(20) == 0 ? 6 * 1440 : 15 + dice_roll(300)));
	else
		set(s, "closes", clock_of(dice_roll(5) == 0 ? opens : dice_roll(96) * 15));
	if (dice_roll(6) != 0)
		set(s, "timezone", json_string(PICK(zones)));
	if (dice_roll(3) == 0)
		set(s, "rule", json_string(PICK(rules)));
	else
		set(s, "days", json_pack("[s]", PICK(days)));
	if (json_str(s, "rule") != NULL || dice_roll(4) == 0)
		set(s, "from", json_sprintf("20%02u-%02u-%02u", 21 + dice_roll(4), 1 + dice_roll(12), 1 + dice_roll(28)));
	return s;
}

/* Of record ${k}; most groups name a program. */
static json_t *
one_body(unsigned k)
{
	json_t *body = json_pack("{s:s, s:s}", "name", PICK(names), "description", PICK(names));

	if (k % nelem(kinds) != 0 && dice_roll(4) != 0)
		set(body, "program", json_sprintf("ORACLE%u", dice_roll(held) / (unsigned)nelem(kinds) * (unsigned)nelem(kinds)));
	if (dice_roll(3) == 0)
		set(body, "cost", json_string(PICK(costs)));
	if (dice_roll(4) == 0)
		set(body, "transport", json_pack("[s]", PICK(rides)));
	if (dice_roll(3) == 0)
		set(body, "accessibility", json_pack("[s]", PICK(eases)));
	if (dice_roll(4) != 0) {
		set(body, "schedules", json_array());
		for (unsigned n = 1 + dice_roll(2); n > 0; n--)
			(void)json_array_append_new(json_arr(body, "schedules"), one_schedule());
	}
	if (dice_roll(3) == 0)
		set(body, "minimum_age", json_integer(dice_roll(70)));
	if (dice_roll(3) == 0)
		set(body, "maximum_age", json_integer(dice_roll(90)));
	if (dice_roll(4) == 0)
		set(body, "age_bands", json_pack("[s]", PICK(bands)));
	if (dice_roll(3) == 0)
		set(body, "service_area", json_pack("{s:b, s:[s]}", "anywhere", dice_roll(4) == 0, "regions", PICK(regions)));
	if (dice_roll(5) == 0)
		set(body, "eligible_if", json_pack("{s:[{s:[{s:s, s:[s]}]}]}", "all", "any", "kind", "insurance", "insurances", "public"));
	if (dice_roll(2))
		set(body, "locations", json_pack("[{s:s, s:i, s:i}]", "visibility", "public", "latitude_e6", 40000000 + (int)dice_roll(1000000),
		    "longitude_e6", -74000000 - (int)dice_roll(1000000)));
	if (dice_roll(3) == 0)
		set(body, "capacities", json_pack("[{s:i, s:I}, {s:i, s:s, s:I}]", "open", (int)dice_roll(2), "updated_at", (json_int_t)fixture_now - dice_roll(40) * DAY,
		    "open", (int)dice_roll(2), "audience", PICK(audiences), "updated_at", (json_int_t)fixture_now - dice_roll(40) * DAY));
	if (dice_roll(3) == 0)
		set(body, "audiences", json_pack("[s, s]", PICK(audiences), PICK(audiences)));
	return body;
}

static json_t *
one_question(void)
{
	json_t *args = json_object();

	if (dice_roll(3) == 0)
		set(args, "words", json_string(PICK(names)));
	if (dice_roll(2)) {
		unsigned from = dice_roll(90) * 15;

		set(args, "at", json_sprintf("%s %02u:%02u-%02u:%02u", PICK(days), from / 60, from % 60, from / 60 + 1, from % 60));
		set(args, "zone", json_string(zones[dice_roll(nelem(zones) - 1)]));
		set(args, "minutes", json_sprintf("%u", 1 + dice_roll(90)));
	}
	if (dice_roll(3) == 0)
		set(args, "age", json_sprintf("%u.%u", dice_roll(90), dice_roll(10)));
	if (dice_roll(3) == 0)
		set(args, "residence", json_string(PICK(regions)));
	if (dice_roll(6) == 0)
		set(args, "insurance", json_string(dice_roll(2) ? "public" : "none"));
	if (dice_roll(3) == 0) {
		set(args, "near", json_sprintf("40.%06u,-74.%06u", dice_roll(1000000), dice_roll(1000000)));
		set(args, "within", json_integer(1 + dice_roll(60)));
	}
	if (dice_roll(4) == 0)
		set(args, "open", json_true());
	if (dice_roll(6) == 0)
		set(args, "audience", json_string(PICK(audiences)));
	if (dice_roll(5) == 0)
		set(args, "cost", json_string(PICK(costs)));
	if (dice_roll(8) == 0)
		set(args, "transport", json_string(PICK(rides)));
	if (dice_roll(8) == 0)
		set(args, "accessibility", json_string(PICK(eases)));
	return args;
}

struct oracle {
	json_t		*body[MANY];
	unsigned	 questions, answers, unsure, lent, wrong, disordered, torn;
};

/* What record ${k} says, and what it leaves to its program, which goes to ${ret}; NULL: it names none. */
static json_t *
whole_body(const struct oracle *o, unsigned k, const json_t **ret)
{
	static const char *const lent[] = { "cost", "locations", "transport", "accessibility" };
	json_t *body = json_copy(o->body[k]);
	const char *named = json_str(body, "program");

	*ret = named != NULL ? o->body[atoi(named + 6)] : NULL;
	for (size_t i = 0; i < nelem(lent); i++) {
		json_t *value = json_object_get(*ret, lent[i]);
		bool placed = json_object_get(o->body[k], "locations") != NULL;

		if (value != NULL && json_object_get(body, lent[i]) == NULL && (i == 0 || !placed))
			must(json_object_set(body, lent[i], value));
	}
	return body;
}

/* Of two rows, the first is for anyone; men and women are not each other. */
static int
places_for(const json_t *body, const char *audience)
{
	const json_t *rows = json_arr(body, "capacities"), *one = json_array_get(rows, 1);
	bool both = audience == NULL || !strcmp(json_str(one, "audience"), "anyone") || !strcmp(audience, "anyone") || !strcmp(json_str(one, "audience"), audience);

	return (int)(json_int(json_array_get(rows, 0), "open", 0) + (both ? json_int(one, "open", 0) : 0));
}

/* In what order a pass comes, 0 to 3; -1: the record does not answer. */
static int
oracle_place(const struct oracle *o, unsigned k, const json_t *args, struct fit *fit, int *ret_rank)
{
	static const enum search_says unasked = SEARCH_NOT_ASKED;
	const json_t *program;
	autojson json_t *body = whole_body(o, k, &program);
	struct eligibility_finding theirs;
	autobuf struct buf text = { 0 };
	struct search_query query;
	struct search_item item;
	struct fit_words words;
	unsigned pass, excluded;

	must(search_item_read(kinds[k % nelem(kinds)], org, o->body[k], &text, &item));
	*ret_rank = search_rank(&item, fixture_now);
	text.len = 0;
	must(search_item_read(kinds[k % nelem(kinds)], org, body, &text, &item));
	must(search_item_query(args, &query, NULL));
	fit_ask(fit, &query);
	item.times = item.eligible = unasked;
	item.open = json_arr(body, "capacities") != NULL ? places_for(body, json_str(args, "audience")) : -1;
	fit_rules(fit, program, &theirs);
	fit_judge(fit, body, program != NULL ? &theirs : NULL, &item, &words);
	if (search_check(&query, &item, &pass, &excluded) != 0)
		return -1;
	return ((pass & SEARCH_UNSURE) != 0 ? 2 : 0) + (query.text != NULL && (pass & SEARCH_NAMED) == 0 ? 1 : 0);
}

static int
number_of(const json_t *row)
{
	return strncmp(json_str(row, "id"), "ORACLE", 6) == 0 ? atoi(json_str(row, "id") + 6) : -1;
}

/* All pages of a question, one after the other. */
static json_t *
read_pages(json_t *args, unsigned limit)
{
	json_t *all = json_array();

	set(args, "limit", json_integer(limit));
	for (;;) {
		autojson json_t *page = NULL;

		must(find_run(&app, args, &page, NULL));
		must(json_array_extend(all, json_arr(page, "records")));
		if (json_str(page, "next") == NULL)
			break;
		set(args, "after", json_string(json_str(page, "next")));
	}
	(void)json_object_del(args, "after");
	return all;
}

static void
ask_oracle(struct oracle *o)
{
	autojson json_t *args = one_question(), *whole = NULL, *pages = NULL;
	autofit struct fit *fit = NULL;
	int last = -1, want = 0, got = 0;
	json_t *row;
	size_t i;

	if (dice_roll(2))
		set(args, "kind", json_string(PICK(kinds)));
	must(fit_open(args, fixture_now, &fit, NULL));
	whole = read_pages(args, 200);
	pages = read_pages(args, held / HELD + dice_roll(9));
	o->questions++;
	for (unsigned k = 0; k < held; k++) {
		int rank, place = oracle_place(o, k, args, fit, &rank);

		want += place >= 0;
		o->unsure += place >= 2;
	}
	json_array_foreach(whole, i, row) {
		int n = number_of(row), rank, place = n >= 0 ? oracle_place(o, (unsigned)n, args, fit, &rank) : 0;

		if (n < 0)
			continue;
		got++;
		o->lent += strstr(json_str(row, "why") != NULL ? json_str(row, "why") : "", "its program") != NULL;
		o->wrong += place < 0;
		o->disordered += place * SEARCH_RANKS + SEARCH_RANKS - 1 - rank < last;
		last = place * SEARCH_RANKS + SEARCH_RANKS - 1 - rank;
	}
	o->answers += (unsigned)got;
	o->wrong += want != got;
	o->torn += !json_equal(whole, pages);
}

static void
test_oracle(void)
{
	static struct oracle o;
	bool many = getenv("CAIRN_LONG") != NULL;

	held = many ? MANY : HELD;
	for (unsigned n = 0; n < held + (many ? ASKED_LONG : ASKED); n++) {
		unsigned k = n < held ? n : dice_roll(held);
		char id[24];
		autofree char *body = NULL;

		(void)snprintf(id, sizeof(id), "ORACLE%u", k);
		json_decref(o.body[k]);
		o.body[k] = one_body(k);
		body = json_dumps(o.body[k], JSON_COMPACT);
		arrive(id, kinds[k % nelem(kinds)], body);
		/* Who names a program is indexed anew a step after it. */
		if (n % 3 == 0 || k % nelem(kinds) == 0)
			run_steps();
		if (n >= held)
			ask_oracle(&o);
	}
	for (size_t k = 0; k < held; k++)
		json_decref(o.body[k]);
	printf("# %u questions, %u answers, %u times one to be asked, %u by what a program lends\n", o.questions, o.answers, o.unsure, o.lent);
	ok(o.answers > 500 && o.unsure > 100 && o.lent > 20, "questions are answered");
	is_int(o.wrong, 0, "with what looking at every record answers");
	is_int(o.disordered, 0, "by pass and rank");
	is_int(o.torn, 0, "and page by page the same");
}

int
main(void)
{
	app.db = fixture_open();
	app.trust = trust_one();
	must(db_begin(app.db, NULL));
	test_oracle();
	must(db_commit(app.db, NULL));
	trust_free(app.trust);
	db_close(app.db);
	return done_testing();
}
