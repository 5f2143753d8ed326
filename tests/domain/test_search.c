/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/eligibility.h"
#include "domain/search_item.h"
#include "domain/search_terms.h"
#define FAULTS_OF_BUFFERS
#include "faults.h"
#include "tests/tap.h"

#define LIST(...) { { __VA_ARGS__ }, nelem(((const char *const []){ __VA_ARGS__ })) }
#define FACET(name, ...) [SEARCH_FACET_##name] = LIST(__VA_ARGS__)
#define BIT(name) (1u << SEARCH_BIT_##name)
#define DAY 86400000LL
#define NOW (1000 * DAY)

static const struct search_item rosa = {
	.kind = "specialist", .org = "HARBOR", .name = "Rosa M.",
	.text = "I walk beside people in early recovery, in English and Spanish. Rosa M. Chez \xc3\x89vora",
	.languages = LIST("en", "es-MX", "est"),
	.facet = { FACET(CONDITION, "substance_use", "anxiety"), FACET(MODALITY, "online_text", "phone") },
	.regions = LIST("US-NJ", "CA"), .age_from = 18, .bands = 1 << 2 | 1 << 4,
	.hours = { .utc = { { [2] = 0x0c } }, .local = { { [20] = 0x80 } } },
	.places = { { 40735660, -74172370 } }, .n_places = 1, .open = 3, .open_at = NOW - 2 * DAY,
	.credential = true, .certified = true,
};

#define Q(...) { __VA_ARGS__ }

static const struct {
	const char		*name;
	struct search_query	 query;
	unsigned		 excluded;	/* 0: it answers. */
} queries[] = {
	{ "nothing wished", Q(.km = 0), 0 },
	{ "kind", Q(.kind = "specialist"), 0 },
	{ "another kind", Q(.kind = "group"), BIT(KIND) },
	{ "organization", Q(.org = "HARBOR"), 0 },
	{ "another organization", Q(.org = "BROOK"), BIT(ORG) },
	{ "a word of the name", Q(.text = "rosa"), 0 },
	{ "the beginning of a word", Q(.text = "recov"), 0 },
	{ "words of both, in any order", Q(.text = "  spanish, ROSA! "), 0 },
	{ "without its accent", Q(.text = "evora"), 0 },
	{ "with an accent of its own", Q(.text = "r\xc3\xb3sa"), 0 },
	{ "the middle of a word", Q(.text = "covery"), BIT(TEXT) },
	{ "one word of two", Q(.text = "rosa housing"), BIT(TEXT) },
	{ "no letters", Q(.text = " - ,"), 0 },
	{ "language", Q(.language = "en"), 0 },
	{ "a narrower one answers", Q(.language = "es"), 0 },
	{ "in any case", Q(.language = "ES-mx"), 0 },
	{ "a wider one does not", Q(.language = "en-GB"), BIT(LANGUAGE) },
	{ "nor one that begins alike", Q(.language = "e"), BIT(LANGUAGE) },
	{ "nor only alike", Q(.language = "est-E"), BIT(LANGUAGE) },
	{ "another language", Q(.language = "fr"), BIT(LANGUAGE) },
	{ "condition", Q(.facet = { [SEARCH_FACET_CONDITION] = "anxiety" }), 0 },
	{ "another condition", Q(.facet = { [SEARCH_FACET_CONDITION] = "grief" }), BIT(CONDITION) },
	{ "modality", Q(.facet = { [SEARCH_FACET_MODALITY] = "phone" }), 0 },
	{ "another modality", Q(.facet = { [SEARCH_FACET_MODALITY] = "in_person" }), BIT(MODALITY) },
	{ "what is not said does not fit", Q(.facet = { [SEARCH_FACET_COST] = "free" }), BIT(COST) },
	{ "near", Q(.near = { 40700000, -74100000 }, .km = 8), 0 },
	{ "not so near", Q(.near = { 40700000, -74100000 }, .km = 7), BIT(NEAR) },
	{ "open", Q(.open_only = true), 0 },
	{ "certified", Q(.certified_only = true), 0 },
	{ "all at once", Q(.text = "early", .kind = "specialist", .language = "en",
	  .facet = { [SEARCH_FACET_CONDITION] = "substance_use", [SEARCH_FACET_MODALITY] = "online_text" }, .open_only = true,
	  .certified_only = true, .near = { 40700000, -74100000 }, .km = 8), 0 },
	{ "all wrong at once", Q(.text = "x", .kind = "y", .language = "z",
	  .facet = { [SEARCH_FACET_CONDITION] = "u", [SEARCH_FACET_MODALITY] = "v" }),
	  BIT(TEXT) | BIT(KIND) | BIT(LANGUAGE) | BIT(CONDITION) | BIT(MODALITY) },
};

/* Whatever the check admits the index offers: a line of each wish is among the lines of the item. */
static bool
offered(const struct search_item *item, const struct search_query *query, unsigned pass)
{
	autobuf struct buf lines = { 0 }, all = { 0 };
	struct search_plan plan;
	size_t met = 0, n;

	if (search_terms_item(item, &lines) != 0 || search_terms_plan(query, pass, &plan) != 0 ||
	    buf_printf(&all, "\n%s", lines.data) != 0)
		return false;
	n = plan.n;
	for (size_t i = 0; i < n; i++) {
		const struct search_wish *w = &plan.wish[i];
		bool has = false;

		for (const char *p = w->lines.data, *end; p != NULL && (end = strchr(p, '\n')) != NULL; p = end + 1) {
			char want[200];

			(void)snprintf(want, sizeof(want), "\n%.*s%s", (int)(end - p), p, w->begins ? "" : "\n");
			has = has || strstr(all.data, want) != NULL;
		}
		met += has;
	}
	search_terms_free(&plan);
	return met == n;
}

static void
test_filters(void)
{
	for (size_t i = 0; i < nelem(queries); i++) {
		unsigned pass = 0, excluded = 77;
		int r = search_check(&queries[i].query, &rosa, &pass, &excluded);

		if (queries[i].excluded == 0)
			ok(r == 0 && excluded == 77 && offered(&rosa, &queries[i].query, pass), "answers: %s", queries[i].name);
		else
			ok(r == E_NOTFOUND && excluded == queries[i].excluded, "excluded: %s", queries[i].name);
	}
}

static unsigned	excluded_by(const struct search_query *, const struct search_item *);

/* Of every facet: one of its values answers, another does not, and the index agrees. */
static void
test_facets(void)
{
	for (size_t i = 0; i < SEARCH_NFACETS; i++) {
		struct search_item item = { .kind = "group", .org = "X", .name = "Y" };
		struct search_query q = { .text = NULL };

		item.facet[i] = (struct search_list)LIST("one", "two");
		q.facet[i] = "two";
		ok(excluded_by(&q, &item) == 0 && offered(&item, &q, 0), "the second of two values answers: %s", search_filter_name((enum search_bit)i));
		q.facet[i] = "tw";
		ok(excluded_by(&q, &item) == 1u << i && !offered(&item, &q, 0), "the beginning of one does not");
	}
}

/* As many words as are looked at, and one more; of a question, of a record. */
static void
test_many_words(void)
{
	autobuf struct buf text = { 0 };
	struct search_item item = { .kind = "group", .org = "X", .name = "Y" };
	struct search_query q = Q(.text = "a a a a a a a a a a a a a a a a nowhere"), last = Q(.text = "last"), behind = Q(.text = "behind");

	for (int i = 0; i < SEARCH_TEXT - 1; i++)
		(void)!buf_puts(&text, "a ");
	(void)!buf_puts(&text, "last behind");
	item.text = text.data;
	ok(excluded_by(&q, &item) == 0 && offered(&item, &q, 0), "the 17th word of a question is not looked at");
	ok(excluded_by(&last, &item) == 0 && offered(&item, &last, 0), "the 1000th of a record is");
	ok(excluded_by(&behind, &item) == BIT(TEXT) && !offered(&item, &behind, 0), "the one behind it is not");
}

/* Tags and regions as nobody should write them: both sides cut and read them alike. */
static void
test_odd_tags(void)
{
	static const char long_tag[] = "xx-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz";
	struct search_item item = { .kind = "group", .org = "X", .name = "Y", .languages = LIST("-x", "", long_tag), .regions = LIST("") };
	struct search_query none = Q(.language = ""), whole = Q(.language = long_tag);

	ok(excluded_by(&none, &item) == 0 && offered(&item, &none, 0), "a language without a letter answers only itself");
	item.languages = (struct search_list)LIST("-x", long_tag);
	ok(excluded_by(&none, &item) == BIT(LANGUAGE), "and no other");
	ok(excluded_by(&whole, &item) == 0 && offered(&item, &whole, 0), "one that is cut is found as it is cut");
}

static unsigned
excluded_by(const struct search_query *query, const struct search_item *item)
{
	unsigned excluded = 0, pass;

	return search_check(query, item, &pass, &excluded) == 0 ? 0 : excluded;
}

static void
test_unsaid(void)
{
	struct search_item bare = { .kind = "program", .org = "X", .name = "Z\xc3\xbcrich Peers", .open = -1 };
	const struct search_query open = Q(.open_only = true), certified = Q(.certified_only = true), near = Q(.km = 20000),
	    foreign = Q(.text = "Z\xc3\xbcr"), words = Q(.text = "z\xc3\xbcrich anything"),
	    lines = Q(.facet = { [SEARCH_FACET_COST] = "two\nlines" });

	is_int(excluded_by(&open, &bare), BIT(OPEN), "places that are not told of are not free");
	bare.open = 0;
	is_int(excluded_by(&open, &bare), BIT(OPEN), "nor is none");
	bare.open = 1;
	is_int(excluded_by(&open, &bare), 0, "one place is open");
	is_int(excluded_by(&certified, &bare), BIT(CERTIFIED), "what has no credential is not certified");
	is_int(excluded_by(&near, &bare), BIT(NEAR), "what is nowhere is not near");
	is_int(excluded_by(&foreign, &bare), 0, "letters beyond ASCII");
	is_int(excluded_by(&words, &bare), BIT(TEXT), "no description has no words");
	bare.facet[SEARCH_FACET_COST] = (struct search_list)LIST("two\nlines");
	ok(excluded_by(&lines, &bare) == 0 && offered(&bare, &lines, 0), "a value of two lines is one line of the index");
}

static void
test_named(void)
{
	static const struct { const char *text; bool named; } texts[] = { { "rosa", true }, { "m ROS", true }, { "recovery", false },
	    { "rosa recovery", false }, { "...", false } };

	for (size_t i = 0; i < nelem(texts); i++) {
		const struct search_query q = Q(.text = texts[i].text);
		unsigned pass = 0, excluded;

		ok(search_check(&q, &rosa, &pass, &excluded) == 0 && pass == (SEARCH_SURE | (texts[i].named ? SEARCH_NAMED : 0)), "in the name alone: %s", texts[i].text);
	}
}

static int
rank_of(struct search_item item)
{
	return search_rank(&item, NOW);
}

static void
test_rank(void)
{
	struct search_item plain = rosa, other;

	is_int(rank_of(plain), SEARCH_RANKS - 1, "the best there is");
	other = plain, other.stale = true;
	is_int(rank_of(other), 0, "what is stale comes last, whatever else it says");
	other = plain, other.open = 0;
	ok(rank_of(other) < rank_of(plain), "what is full later");
	other = plain, other.open_at = NOW - SEARCH_FRESH;
	ok(rank_of(other) < rank_of(plain), "and what was open a month ago");
	other = plain, other.credential = false;
	ok(rank_of(other) < rank_of(plain), "and what comes without a credential");
	other = plain, other.languages.n = other.n_places = 0;
	ok(rank_of(other) < rank_of(plain), "and what says little");
	other = (struct search_item){ .open = -1 };
	is_int(rank_of(other), 1, "nothing said at all is still before what is stale");
}

static const char *
reasons(const struct search_query *q, const struct search_item *item)
{
	static struct buf out;

	buf_free(&out);
	return search_reasons(q, item, NOW, &out) == 0 && out.data != NULL ? out.data : "";
}

static void
test_reasons(void)
{
	const struct search_query none = Q(.km = 0), much = Q(.text = "rosa", .language = "es",
	    .facet = { [SEARCH_FACET_CONDITION] = "anxiety" }, .near = { 40700000, -74100000 }, .km = 8);
	struct search_item item = rosa;

	is_str(reasons(&much, &rosa), "the words are in its name; condition anxiety; language es-MX; "
	    "about 7.2 km away; open places: 3, told 2 days ago", "each wish has its reason");
	item.open = 0, item.stale = true;
	is_str(reasons(&none, &item), "not refreshed in time: it may be out of date", "what is stale says so");
	item.stale = false;
	is_str(reasons(&none, &item), "", "no wish, no reason");
	item.open = 1, item.open_at = 0;
	item.places[0] = (struct place){ 0, 0 }, item.places[1] = (struct place){ 40690000, -74100000 }, item.places[2] = (struct place){ 50000000, 0 };
	item.n_places = 3;
	is_str(reasons(&much, &item), "the words are in its name; condition anxiety; language es-MX; about 1.1 km away; open places: yes",
	    "the nearest of its places counts, and a free one without its age is only that");
	is_str(reasons(&(const struct search_query)Q(.text = "walk"), &(const struct search_item){ .name = "X", .text = "we walk", .open = -1 }),
	    "the words are in its description", "words of the description");
	is_str(reasons(&(const struct search_query)Q(.text = "swim"), &(const struct search_item){ .name = "X", .text = "we walk", .open = -1 }), "",
	    "words that are not there are no reason");
}

static const char record[] = "{\"name\":\"Harbor\",\"description\":\"Peers\",\"kind\":\"self_help\",\"languages\":[\"en\",3],\"cost\":\"free\","
    "\"minimum_age\":16,\"accessibility\":[\"captions\"],\"source\":{\"name\":\"County\"},\"credential\":{\"a\":\"Secretword\"},"
    "\"contacts\":[{\"how\":\"phone\",\"value\":\"+1973\",\"label\":\"Desk\"}],\"service_area\":{\"anywhere\":true,\"regions\":[\"US\"]},"
    "\"capacity\":{\"open\":2,\"updated_at\":5},\"age_bands\":[\"60_plus\",\"nonsense\"],\"locations\":["
    "{\"visibility\":\"redacted\",\"latitude_e6\":1,\"longitude_e6\":1},{\"visibility\":\"public\",\"latitude_e6\":40735660,"
    "\"longitude_e6\":-74172370,\"accessibility\":[\"wheelchair\"]},{\"visibility\":\"public\",\"latitude_e6\":90000001,\"longitude_e6\":0}]}";

static void
test_read(void)
{
	autojson json_t *body = json_loads(record, 0, NULL);
	autobuf struct buf words = { 0 }, lines = { 0 };
	struct search_item item;

	ok(body != NULL && search_item_read("group", "HARBOR", body, &words, &item) == 0, "a record is read");
	is_str(item.name, "Harbor", "its name");
	ok(strstr(words.data, "Desk") != NULL && strstr(words.data, "Peers") != NULL, "its words");
	ok(strstr(words.data, "Secretword") == NULL && strstr(words.data, "1973") == NULL && strstr(words.data, "County") == NULL,
	    "not those of credentials, numbers and sources");
	ok(item.languages.n == 1 && item.facet[SEARCH_FACET_FORM].n == 1 && item.facet[SEARCH_FACET_COST].n == 1, "lists and single values");
	is_int((long long)item.facet[SEARCH_FACET_ACCESS].n, 2, "what makes it accessible, here or at a place");
	ok(item.n_places == 1 && item.places[0].lat == 40735660, "only public places that exist");
	ok(item.age_from == 16 && item.age_below == 0 && item.bands == 31, "ages");
	ok(item.regions.n == 0 && item.open == 2 && item.open_at == 5 && item.credential, "and the rest");
	ok(search_terms_item(&item, &lines) == 0 && strstr(lines.data, "\nwpeers\n") != NULL && strncmp(lines.data, "*\n", 2) == 0,
	    "its lines");
	for (char *p = lines.data, *q; (q = strchr(p, '\n')) != NULL && q[1] != '\0'; p = q + 1)
		if (strncmp(p, q + 1, (size_t)(q - p) + 1) >= 0 && strchr(p, '\n') != NULL && strcspn(q + 1, "\n") <= (size_t)(q - p))
			ok(0, "sorted, each once: %.20s", p);
}

static int
asked(const char *text, struct search_query *q)
{
	static json_t *args;
	struct err err = { "" };
	int r;

	json_decref(args);
	args = json_loads(text, 0, NULL);
	r = args == NULL ? -1 : search_item_query(args, q, &err);
	if (r == E_BAD && err.text[0] == '\0')
		return -2;
	return r;
}

static void
test_query(void)
{
	static const char *const bad[] = { "{\"words\":\"...\"}", "{\"within\":\"5\"}", "{\"near\":\"here\"}",
	    "{\"near\":\"1,1\",\"within\":\"0\"}", "{\"near\":\"1,1\",\"within\":\"5km\"}",
	    "{\"near\":\"1,1\",\"within\":true}", "{\"near\":\"1,1\",\"within\":20039}",
	    "{\"near\":\"1,1\",\"within\":-1}", "{\"near\":\"1,1\",\"within\":\"\"}", "{\"near\":\"1,1\",\"within\":\"/5\"}",
	    "{\"near\":\"1,1\",\"within\":\":5\"}", "{\"near\":\"1,1\",\"within\":\"00000005\"}" };
	static const struct search_query none;
	struct search_query q;

	ok(asked("{}", &q) == 0 && memcmp(&q, &none, sizeof(q)) == 0, "nothing asked");
	ok(asked("{\"words\":\"x\",\"near\":\"1,1\",\"cost\":\"free\",\"session\":\"skills\",\"open\":true,\"certified\":false}", &q) == 0 && q.km == 25 &&
	    q.near.lat == 1000000 && strcmp(q.facet[SEARCH_FACET_COST], "free") == 0 &&
	    strcmp(q.facet[SEARCH_FACET_SESSION], "skills") == 0 && q.open_only && !q.certified_only, "as typed");
	ok(asked("{\"near\":\"1,1\",\"within\":7}", &q) == 0 && q.km == 7, "as numbers");
	ok(asked("{\"near\":\"1,1\",\"within\":\"0000007\",\"certified\":true,\"open\":false}", &q) == 0 && q.km == 7 && q.certified_only && !q.open_only, "as words");
	(void)asked("{}", &q);
	for (size_t i = 0; i < nelem(bad); i++)
		ok(asked(bad[i], &q) == E_BAD && q.km == 0, "refused with a reason: %s", bad[i]);
	(void)asked("{}", &q);
}

static struct schedule_week
week(int hour)
{
	struct schedule_week ret = { { 0 } };

	if (hour >= 0)
		ret.hour[hour / 8] = (uint8_t)(1u << hour % 8);
	return ret;
}

/* Which of the passes offers an item that is wanted at hour 18 of UTC, hour 20 of a clock. */
static void
test_hours(void)
{
	static const struct { const char *name; int utc, local; bool unsaid; enum search_says says; unsigned pass; } items[] = {
		{ "it meets then", 18, -1, false, SEARCH_YES, SEARCH_SURE }, { "then by the clock there", -1, 20, false, SEARCH_YES, SEARCH_SURE },
		{ "it does not say when", -1, -1, true, SEARCH_UNSAID, SEARCH_UNSURE }, { "it meets at another hour", 19, 18, false, SEARCH_NO, 0 },
		{ "then, and at times that are not said", 18, -1, true, SEARCH_YES, SEARCH_SURE },
		{ "at another hour, and at times that are not said", 3, -1, true, SEARCH_UNSAID, SEARCH_UNSURE },
	};
	static const unsigned passes[] = { SEARCH_SURE, SEARCH_UNSURE };
	static const struct eligibility_facts facts = { .has_age = true, .age = 40000 };
	const struct search_hours wanted = { .utc = week(18), .local = week(20) };

	for (size_t i = 0; i < nelem(items); i++) {
		struct search_item item = { .kind = "group", .org = "X", .name = "Y", .times = items[i].says,
		    .hours = { week(items[i].utc), week(items[i].local), items[i].unsaid } };
		struct search_query q = Q(.hours = &wanted);
		unsigned pass = 0, excluded = 0;

		is_int(search_check(&q, &item, &pass, &excluded), items[i].pass != 0 ? 0 : E_NOTFOUND, "%s", items[i].name);
		is_int(pass, items[i].pass, "in its pass");
		is_int(excluded, items[i].pass != 0 ? 0 : BIT(TIMES), "excluded only by times");
		is_int(offered(&item, &q, 0), items[i].pass != 0, "offered");
		for (size_t k = 0; k < nelem(passes); k++)
			if (passes[k] == items[i].pass || !items[i].unsaid)
				is_int(offered(&item, &q, passes[k]), passes[k] == items[i].pass, "in pass %u", passes[k]);
		/* What is asked of somebody else than the times keeps what fits out of no pass. */
		q.facts = &facts;
		item.eligible = SEARCH_UNSAID;
		ok(items[i].pass == 0 || (search_check(&q, &item, &pass, &excluded) == 0 && pass == SEARCH_UNSURE && offered(&item, &q, pass)),
		    "unsure for another reason");
		item.eligible = SEARCH_YES;
		ok(items[i].pass == 0 || (search_check(&q, &item, &pass, &excluded) == 0 && pass == items[i].pass && offered(&item, &q, pass)),
		    "or sure");
	}
}

/* Whoever may come by eligibility.h is offered by the index. */
static void
test_facts(void)
{
	static const char *const bodies[] = { "{}", "{\"minimum_age\":18}", "{\"maximum_age\":17}", "{\"minimum_age\":13,\"maximum_age\":25}",
	    "{\"maximum_age\":0}", "{\"minimum_age\":-3,\"maximum_age\":-3}", "{\"minimum_age\":4000000000,\"maximum_age\":4000000000}",
	    "{\"age_bands\":[\"13_17\",\"60_plus\"]}", "{\"age_bands\":[\"13_17\",\"unheard_of\"]}", "{\"age_bands\":[3]}", "{\"minimum_age\":16,\"age_bands\":[\"13_17\",\"18_25\"]}",
	    "{\"service_area\":{\"anywhere\":false,\"regions\":[\"US-NJ\",\"CA\"]}}", "{\"service_area\":{\"anywhere\":true,\"regions\":[\"MX\"]}}",
	    "{\"eligible_if\":{\"all\":[{\"all\":[{\"kind\":\"age\",\"age_from\":17500}]}]}}" };
	static const char *const regions[] = { "", "US", "US-NJ", "US-NY", "CA-QC", "MX" };
	unsigned admitted = 0, missed = 0, kept_out = 0;

	for (size_t b = 0; b < nelem(bodies); b++)
		for (int64_t age = -500; age <= 150000; age += 500)
			for (size_t k = 0; k < nelem(regions); k++) {
				static const enum search_says says[] = { SEARCH_NO, SEARCH_UNSAID, SEARCH_YES };
				struct eligibility_facts facts = { .has_age = age >= 0, .age = age };
				struct search_query q = Q(.facts = &facts);
				autojson json_t *body = json_loads(bodies[b], 0, NULL);
				autobuf struct buf words = { 0 };
				struct eligibility_finding found;
				struct search_item item;
				unsigned pass, excluded;
				bool is;

				if (age > 30000 && age % 7000 != 0 && age < 149000)
					continue;
				(void)snprintf(facts.region, sizeof(facts.region), "%s", regions[k]);
				if (body == NULL || search_item_read("program", "X", body, &words, &item) != 0)
					abort();
				eligibility_judge(body, &facts, &found);
				item.eligible = says[found.answer];
				is = search_check(&q, &item, &pass, &excluded) == 0;
				admitted += is;
				missed += is && !offered(&item, &q, pass);
				kept_out += !offered(&item, &q, 0);
			}
	is_int(missed, 0, "nobody who may come is kept from %u that fit", admitted);
	ok(kept_out > 500, "the index itself leaves out %u that do not", kept_out);
}

/* Everything of one record and one question. */
static int
do_all(const json_t *body, const struct search_query *q)
{
	autobuf struct buf words = { 0 }, lines = { 0 }, why = { 0 };
	struct search_plan plan;
	struct search_item item;
	int r;

	if ((r = search_item_read("group", "HARBOR", body, &words, &item)) != 0)
		return r;
	item.hours = (struct search_hours){ week(3), week(4), true };
	item.certified = item.stale = true;
	if ((r = search_terms_item(&item, &lines)) != 0 || (r = search_terms_plan(q, 0, &plan)) != 0)
		return r;
	search_terms_free(&plan);
	return search_reasons(q, &item, NOW, &why);
}

static void
test_memory(void)
{
	static const struct eligibility_facts facts = { .has_age = true, .age = 17500, .region = "US-NJ" };
	const struct search_hours hours = { .utc = week(3), .local = week(3) };
	const struct search_query q = Q(.text = "harbor peers", .kind = "group", .org = "HARBOR", .language = "en", .near = { 40735660, -74172370 }, .km = 25,
	    .facet = { [SEARCH_FACET_COST] = "free", [SEARCH_FACET_FORM] = "self_help" }, .open_only = true, .certified_only = true, .hours = &hours, .facts = &facts);
	autojson json_t *body = json_loads(record, 0, NULL);
	long n = 0;
	int r = 0, swallowed = 0;

	do {
		faults_left = n++;
		r = do_all(body, &q);
	} while (r == -ENOMEM && n < 10000);
	faults_left = -1;
	ok(r == 0 && n > 20, "of %ld allocations each that fails is said", n);
	n = 0;
	do {	/* One alone: what swallows it goes on. */
		faults_buf = n++;
		r = do_all(body, &q);
		swallowed += faults_buf == -2 && r != -ENOMEM;
	} while (faults_buf == -2 && n < 10000);
	faults_buf = -1;
	ok(r == 0 && n > 100 && swallowed == 0, "and of %ld additions to what is written", n);
}

/* What could be a record and is none is read as far as it goes. */
static void
test_odd(void)
{
	static const char *const bodies[] = { "{}", "{\"alternatives\":[{},3,{\"modality\":\"phone\"},{\"modality\":\"video\",\"record\":\"R\"}],\"locations\":[3,{\"visibility\":\"public\"},"
	    "{\"visibility\":\"public\",\"latitude_e6\":1,\"longitude_e6\":180000001},{\"visibility\":\"public\",\"latitude_e6\":-90000001,"
	    "\"longitude_e6\":1},{\"visibility\":\"public\",\"latitude_e6\":1,\"longitude_e6\":-180000001}],\"age_bands\":[3],\"language\":\"en\","
	    "\"location\":{\"visibility\":\"redacted\"},\"languages\":[\"en\",\"en\"]}" };
	autobuf struct buf many = { 0 };
	struct search_item item;

	for (size_t i = 0; i < nelem(bodies); i++) {
		autojson json_t *body = json_loads(bodies[i], 0, NULL);
		autobuf struct buf words = { 0 };

		ok(body != NULL && search_item_read("program", "X", body, &words, &item) == 0 && item.n_places == 0, "no place");
		is_int(item.bands, i == 0 ? 0 : 31, "and a band that is not known keeps no age out");
		is_int((long long)item.languages.n, (long long)i, "a value counts once");
		is_int((long long)item.facet[SEARCH_FACET_MODALITY].n, (long long)i, "and a way that it offers itself");
		is_str(item.name, "", "it has no name");
	}
	(void)!buf_puts(&many, "{\"alias\":\"A\",\"cultures\":[");
	for (int i = 0; i < 70; i++)
		(void)!buf_printf(&many, "%s\"c%d\"", i > 0 ? "," : "", i);
	(void)!buf_puts(&many, "],\"locations\":[");
	for (int i = 0; i < 40; i++)
		(void)!buf_printf(&many, "%s{\"visibility\":\"public\",\"latitude_e6\":%d,\"longitude_e6\":1}", i > 0 ? "," : "", i);
	(void)!buf_puts(&many, "],\"credential_id\":\"X\"}");
	{
		const struct search_query words = Q(.text = "peers"), cost = Q(.facet = { [SEARCH_FACET_COST] = "free" });
		autobuf struct buf none = { 0 };

		ok(search_item_read("program", "X", NULL, &none, &item) == 0 && excluded_by(&words, &item) == BIT(TEXT) && excluded_by(&cost, &item) == BIT(COST),
		    "what says nothing is not found by what it does not say");
	}
	{
		autojson json_t *body = json_loads(many.data, 0, NULL);
		autobuf struct buf words = { 0 };

		ok(body != NULL && search_item_read("program", "X", body, &words, &item) == 0 && item.credential, "a credential that is elsewhere");
		ok(item.facet[SEARCH_FACET_CULTURE].n == SEARCH_LIST && item.n_places == SEARCH_PLACES, "no more than there is room for");
	}
}

int
main(void)
{
	faults_begin();
	test_filters();
	test_facets();
	test_many_words();
	test_odd_tags();
	test_unsaid();
	test_named();
	test_rank();
	test_reasons();
	test_read();
	test_query();
	test_hours();
	test_facts();
	test_memory();
	test_odd();
	return done_testing();
}
