/* SPDX-License-Identifier: Apache-2.0 */
/* What the index guesses of each specialist, against what match_judge() says of the same: never harder; and exact where nothing is open. */
#define FAULTS_OF_BUFFERS
#include "base/canon.h"
#include "domain/match_index.h"
#include "domain/search_item.h"
#include "domain/zone.h"
#include "tests/domain/faults.h"
#include "tests/domain/tzif.h"
#include "tests/match_drawn.h"
#include "tests/tap.h"

#define NOW	1795230245678LL

enum { MANY = 300, WISHES = 60, MOST = 20 };

struct somebody {
	char			 id[16];
	const char		*org;
	unsigned		 at;		/* Number in the tile. */
	json_t			*body, *statement;
	const json_t		*program;
	struct buf		 terms;
	struct match_guess	 guess;
	bool			 told;
};

static struct somebody all[MANY];
static struct zone *berlin, *utc;
static json_t *programs[3];	/* The last has rules. */
static uint64_t bits[MATCH_INDEX_SETS * MATCH_INDEX_WORDS];

static void
draw(size_t i, bool open)
{
	static const char *const orgs[] = { "ORG", "OTHER" }, *const readers[] = { "staff", "members", "anyone" };
	autobuf struct buf text = { 0 };
	struct somebody *s = &all[i];
	struct search_item item;

	(void)snprintf(s->id, sizeof(s->id), "SPEC%u", dice_roll(100000));
	s->org = orgs[dice_roll(2)];
	s->at = (unsigned)i * 217 % 65536;
	s->body = drawn_body(NOW, open);
	s->statement = dice_roll(2) ? NULL : json_pack("{s:s, s:[s], s:[s], s:s*}", "readers", DRAWN(readers), "conditions", DRAWN(drawn_conditions),
	    "audiences", DRAWN(drawn_audiences), "age_group", dice_roll(3) ? DRAWN(drawn_ages) : NULL);
	s->program = programs[dice_roll(open ? 3 : 2)];
	s->terms = (struct buf){ 0 };
	if (buf_puts(&s->terms, "\n") != 0 || search_item_read("specialist", s->org, s->body, &text, &item) != 0)
		abort();
	search_item_borrow(s->body, s->program, &item);
	if (search_terms_item(&item, &s->terms) != 0 || match_index_lines(s->id, s->body, s->program, &s->terms) != 0 ||
	    (s->statement != NULL && match_index_life(s->statement, &s->terms) != 0))
		abort();
}

static void
drop(void)
{
	for (size_t i = 0; i < MANY; i++) {
		json_decref(all[i].body);
		json_decref(all[i].statement);
		buf_free(&all[i].terms);
	}
}

/* As the index does it: any line of the set. */
static bool
has(const struct somebody *s, const struct search_wish *set)
{
	bool ret = false;

	for (const char *p = set->lines.data, *end; p != NULL && (end = strchr(p, '\n')) != NULL && !ret; p = end + 1) {
		char line[128];

		(void)snprintf(line, sizeof(line), "\n%.*s%s", (int)(end - p), p, set->begins ? "" : "\n");
		ret = strstr(s->terms.data, line) != NULL;
	}
	return ret;
}

static int
take_one(void *cookie, unsigned n, const struct match_guess *g)
{
	unsigned *count = cookie;

	for (size_t i = 0; i < MANY; i++)
		if (all[i].at == n) {
			all[i].guess = *g;
			all[i].told = true;
		}
	(*count)++;
	return 0;
}

static int
stop(void *cookie, unsigned n, const struct match_guess *g)
{
	(void)n;
	(void)g;
	return ++*(unsigned *)cookie == 3 ? E_LATER : 0;
}

static void
read_all(const struct match_plan *plan)
{
	memset(bits, 0, sizeof(bits));
	for (size_t i = 0; i < MANY; i++)
		for (size_t k = 0; k < plan->n; k++)
			if (has(&all[i], &plan->set[k]))
				bits[k * MATCH_INDEX_WORDS + all[i].at / 64] |= 1ULL << all[i].at % 64;
}

/* How much better a guess may be at most: what is not known to the hour, a town, and what begins like a word. */
static int
slack(const struct match_wish *w, const struct somebody *s)
{
	int ret = -MATCH_POINTS_OLD + (w->zone != NULL ? MATCH_POINTS_TIMES : 0);

	/* For what a credential is that is elsewhere. */
	ret += json_str(s->body, "credential_id") != NULL ? MATCH_POINTS_CERTIFIED : 0;

	for (size_t i = 0; i < w->n_prefs; i++)
		if (w->prefs[i].kind == MATCH_PREF_TOWN || w->prefs[i].kind == MATCH_PREF_INTEREST || w->prefs[i].kind == MATCH_PREF_DISTANCE ||
		    w->prefs[i].kind == MATCH_PREF_AGE)
			ret += match_points(w->prefs[i].kind) * (i == 0 ? 2 : 1);
	return ret;
}

struct seen {
	unsigned	bad, soft, exact, open, kind, shut, unread;
};

/* As app/assess.c judges: what the credential is worth is drawn. */
static void
hold_one(const struct match_wish *w, struct somebody *s, bool stale, struct seen *ret)
{
	autojson json_t *elsewhere = json_pack("{s:[s]}", "kind", DRAWN(drawn_fields));
	const json_t *enclosed = json_obj(json_obj(s->body, "credential"), "credentialSubject"), *subject = enclosed != NULL ? enclosed : elsewhere;
	bool has_credential = enclosed != NULL || json_str(s->body, "credential_id") != NULL;
	struct match_candidate c = { .org = s->org, .id = s->id, .body = s->body, .statement = s->statement, .stale = stale,
	    .certification = "revoked", .subject = subject,
	    .verdict = !has_credential ? CREDENTIAL_UNCERTIFIED : dice_roll(2) ? CREDENTIAL_CERTIFIED : CREDENTIAL_REVOKED };
	const unsigned of_credentials = 1u << MATCH_CREDENTIAL | 1u << MATCH_JURISDICTION | 1u << MATCH_CERTIFIED | 1u << MATCH_ROLE;
	const unsigned unsure = (w->zone != NULL ? 1u << MATCH_TIMES : 0) | 1u << MATCH_CREDENTIAL | 1u << MATCH_JURISDICTION | 1u << MATCH_CERTIFIED | 1u << MATCH_ROLE | 1u << MATCH_ELIGIBLE |
	    1u << MATCH_TOWN | 1u << MATCH_AVOID | 1u << MATCH_CONFLICT;
	struct eligibility_finding rules;
	const char *zone;
	struct match_finding f;
	unsigned differ;

	c.program = s->program;
	match_may_come(w, s->program, &rules);
	c.rules = &rules;
	zone = match_zone(s->body, c.program);
	c.zone = zone == NULL || strcmp(zone, "Mars/Olympus") == 0 ? NULL : strcmp(zone, "Europe/Berlin") == 0 ? berlin : utc;
	if (match_judge(w, &c, NOW, &f) != 0)
		abort();
	differ = f.excluded ^ s->guess.excluded;
	if (has_credential) {
		struct match_candidate unread = c;
		struct match_finding g;

		/* Who is not looked at for a credential is counted as the index counts them. */
		unread.unread = true;
		unread.verdict = CREDENTIAL_UNCERTIFIED;
		if (match_judge(w, &unread, NOW, &g) != 0)
			abort();
		ret->unread += ((g.excluded ^ s->guess.excluded) & ~(unsure & ~of_credentials)) != 0;
		match_finding_free(&g);
	}
	ret->bad += f.excluded == 0 && s->guess.excluded != 0;
	/* What nobody can make of the record alone is left to the judge, and nothing else. */
	if (s->guess.open ? (differ & ~unsure) != 0 : differ != 0) {
		printf("# %s: %#x, guessed %#x%s\n", s->id, f.excluded, s->guess.excluded, s->guess.open ? ", open" : "");
		ret->soft++;
	}
	if (f.score > s->guess.score || f.load != s->guess.load)
		ret->kind++;
	if (c.verdict != CREDENTIAL_REVOKED && s->guess.score - f.score > slack(w, s))
		ret->kind++;
	ret->exact += f.score == s->guess.score;
	ret->open += s->guess.open;
	ret->shut += f.excluded != 0;
	match_finding_free(&f);
}

static void
test_guesses(bool open)
{
	struct seen seen = { 0 };
	unsigned counted = 0, reported = 0, told = 0, zoned = 0;

	for (size_t i = 0; i < MANY; i++)
		draw(i, open);
	for (unsigned n = 0; n < WISHES; n++) {
		autojson json_t *args = drawn_wish(open, all[dice_roll(MANY)].id, "other"), *gone = json_pack(n % 8 == 7 ? "[s]" : "[]", "OTHER");
		bool stale = dice_roll(4) == 0;
		struct match_tally tally = { 0 }, by_hand = { 0 };
		struct match_wish wish;
		struct match_plan plan;
		unsigned most = dice_roll(3), given = 0, wanted = 0, none = 0;

		if (dice_roll(3) == 0)
			(void)json_object_set_new(args, "only", json_pack("[s, s]", DRAWN(drawn_audiences), DRAWN(drawn_audiences)));
		if (dice_roll(3) == 0)
			(void)json_array_insert_new(json_arr(args, "prefer"), 0, json_string(dice_roll(2) ? "experience=grief" : "identity=veterans"));
		if (match_wish_read(args, &wish, NULL) != 0 || match_index_plan(&wish, NOW, gone, &plan) != 0 ||
		    (wish.zone != NULL && match_wish_zone(&wish, args, strcmp(wish.zone, "Europe/Berlin") == 0 ? berlin : utc, NOW) != 0))
			abort();
		zoned += wish.zone != NULL;
		read_all(&plan);
		for (size_t i = 0; i < MANY; i++)
			all[i].told = false;
		if (match_index_tile(&plan, bits, stale, MOST, &tally, take_one, &given) != 0)
			abort();
		for (size_t i = 0; i < MANY; i++) {
			if (!all[i].told)
				continue;
			match_count(&by_hand, all[i].guess.excluded);
			wanted += (unsigned)__builtin_popcount(all[i].guess.excluded) <= most;
			hold_one(&wish, &all[i], stale, &seen);
		}
		told += n % 8 != 7 && given == MANY;
		counted += tally.seen == by_hand.seen && tally.left == by_hand.left && memcmp(tally.removed, by_hand.removed, sizeof(tally.removed)) == 0 &&
		    memcmp(tally.alone, by_hand.alone, sizeof(tally.alone)) == 0;
		for (size_t i = 0; i < MANY; i++)
			if (all[i].told)
				match_uncount(&tally, all[i].guess.excluded, all[i].guess.open);
		none += tally.left_open + tally.left + tally.seen;
		for (size_t i = 0; i < MATCH_NFILTERS; i++)
			none += tally.removed[i] + tally.alone[i] + tally.alone_open[i];
		given = 0;
		if (match_index_tile(&plan, bits, stale, (int)most, &by_hand, take_one, &given) != 0)
			abort();
		reported += given == wanted && none == 0;
		match_index_free(&plan);
	}
	printf("# %u of %u guesses exact, %u open, %u excluded\n", seen.exact, MANY * WISHES, seen.open, seen.shut);
	is_int(seen.bad, 0, "nobody is left out who may be proposed%s", open ? "" : "; nothing is open");
	is_int(seen.soft, 0, "and the filters are those of the judge, but for what is open");
	is_int(seen.unread, 0, "and exactly those, of credentials, where one is not looked at");
	is_int(seen.kind, 0, "no guess is too hard, nor kinder than it must be");
	is_int(told, WISHES - WISHES / 8, "everybody is looked at");
	is_int(counted, WISHES, "the counts are those of the guesses");
	is_int(reported, WISHES, "as many are told as have at most so many filters; and each that is taken back leaves nothing");
	ok(seen.shut > 1000 && seen.exact > 1000 && (seen.open > 4000) == open && (zoned > 3) == open, "(of each kind there were enough)");
	drop();
}

static void
test_stops(void)
{
	autojson json_t *args = json_pack("{s:s, s:s}", "need", "everyday_support", "age_band", "26_59");
	struct match_tally tally = { 0 };
	struct match_wish wish;
	struct match_plan plan;
	unsigned n = 0;

	for (size_t i = 0; i < MANY; i++)
		draw(i, false);
	if (match_wish_read(args, &wish, NULL) != 0 || match_index_plan(&wish, NOW, NULL, &plan) != 0)
		abort();
	read_all(&plan);
	is_int(match_index_tile(&plan, bits, false, MOST, &tally, stop, &n), E_LATER, "it stops when it is told");
	is_int(n, 3, "at once");
	match_index_free(&plan);
	drop();
}

/* The line of what a program lends; "": it lends nothing. */
static const char *
lent(const char *json)
{
	static char line[8][64];
	static unsigned turn;
	autojson json_t *body = json_loads(json, 0, NULL);
	autobuf struct buf out = { 0 };
	char *ret = line[turn++ % 8];

	if (body == NULL || match_index_lent(body, &out) != 0)
		abort();
	(void)snprintf(ret, sizeof(line[0]), "%s", out.data != NULL ? out.data : "");
	return ret;
}

#define HOUSE(seen, lat, lon)	"{\"locations\":[{\"visibility\":\"" seen "\",\"latitude_e6\":" lat ",\"longitude_e6\":" lon "}]}"

/* Whatever a program lends changes its line, and nothing else does. */
static void
test_lent(void)
{
	static const char *const lends[] = { "{}", HOUSE("public", "1", "-2"), HOUSE("public", "-2", "1"), "{\"cost\":\"free\"}", "{\"transport\":[\"free\"]}",
		"{\"accessibility\":[\"free\"]}", "{\"transport\":[\"bus\",\"ride\"]}", "{\"transport\":[\"busride\"]}", "{\"minimum_age\":1}", "{\"minimum_age\":2}",
		"{\"maximum_age\":2}", "{\"age_bands\":[\"60_plus\"]}", "{\"age_bands\":[\"26_59\"]}", "{\"eligible_if\":{\"all\":[]}}", "{\"service_area\":{\"regions\":[\"US\"]}}",
		"{\"service_area\":{\"regions\":[\"CA\"]}}" };
	static const char *const same[][2] = {
		{ "{}", "{\"name\":\"M\",\"topics\":[\"rights\"],\"schedules\":[{}]}" }, { "{}", HOUSE("redacted", "1", "1") },
		{ "{\"cost\":\"free\"}", "{\"cost\":\"free\",\"name\":\"M\"}" },
	};
	autojson json_t *who = json_pack("{s:s}", "program", "PROG"), *nobody = json_object(), *rules = json_pack("{s:i}", "minimum_age", 1);
	autobuf struct buf with = { 0 }, without = { 0 };

	for (size_t i = 0; i < nelem(lends); i++)
		for (size_t k = 0; k < i; k++)
			ok(!match_index_same(lent(lends[i]), lent(lends[k])), "%s lends something else than %s", lends[i], lends[k]);
	for (size_t i = 0; i < nelem(same); i++)
		ok(match_index_same(lent(same[i][0]), lent(same[i][1])), "%s lends the same as %s", same[i][0], same[i][1]);
	is_str(lent("{}"), "", "nothing has no line");
	ok(match_index_same("kprogram\nMor\nwx\n", "*\nMor\n") && match_index_same(NULL, "*\nMr\n") && !match_index_same("*\nMor\n", NULL) &&
	    !match_index_same("*\n", "Mor\n") && !match_index_same("Mor\n", "Mor1\n"), "which is compared, whatever else there is");
	ok(match_index_lines("I", who, rules, &with) == 0 && strstr(with.data, "\nMr\n") != NULL && match_index_lines("I", who, nobody, &without) == 0 &&
	    strstr(without.data, "\nMr\n") == NULL, "whose program has rules is open");
	ok(strstr(with.data, "\nMpprog\n") != NULL, "and is found by it");
}

/* Odd records: what is not known here is left open, and numbers beyond all bounds are bounds. */
static void
test_odd(void)
{
	static const struct { const char *body, *has, *lacks; } rows[] = {
		{ "{}", "\nMj\n", "\nMb\n" }, { "{\"age_bands\":[\"90_plus\"]}", "\nMu\n", "\nMb90_plus\n" },
		{ "{\"age_bands\":[7]}", "\nMu\n", "\nMr\n" }, { "{\"minimum_age\":18}", "\nMr\n", "\nMu\n" },
		{ "{\"credential\":{}}", "\nMi", "\nMj\n" },
		{ "{\"credential\":{\"credentialSubject\":{\"kind\":[\"family\",\"youth\"]}}}", "\nMefamily\nMeyouth\n", "\nMj\n" },
		{ "{\"credential\":{\"credentialSubject\":{\"jurisdiction\":[\"US-NJ\"]}}}", "\nMjus-nj\nMvus\n", "\nMjus\n" },
		{ "{\"credential\":{\"credentialSubject\":{\"jurisdiction\":[\"DE\"],\"reciprocity\":[\"FR\"]}}}", "\nMjde\nMvde\n", "\nMjfr\n" }, { "{\"capacity\":{\"open\":0}}", "\nMf\n", "\nMl0\n" },
		{ "{\"capacity\":{\"open\":1,\"updated_at\":-9}}", "\nMi", "\nMd" },
		{ "{\"capacity\":{\"open\":1,\"updated_at\":9000000000000000}}", "\nMd15\n", "\nMf\n" },
		{ "{\"capacity\":{\"open\":1,\"waitlist\":{\"waiting\":1,\"days\":999}}}", "\nMq3\n", "\nMq0\n" },
		{ "{\"timezone\":\"Europe/Berlin\"}", "\nMteurope/berlin\n", "\nMk" }, { "{\"timezone\":\"no zone\"}", "\nMi", "\nMt" },
		{ "{\"boundaries\":{\"response_hours\":99999}}", "\nMi", "\nMh" }, { "{\"boundaries\":{\"response_hours\":-4}}", "\nMh0\n", "\nMf\n" },
	};

	for (size_t i = 0; i < nelem(rows); i++) {
		autojson json_t *body = json_loads(rows[i].body, 0, NULL);
		autobuf struct buf out = { 0 };

		if (buf_puts(&out, "\n") != 0 || match_index_lines("I", body, NULL, &out) != 0)
			abort();
		ok(strstr(out.data, rows[i].has) != NULL && strstr(out.data, rows[i].lacks) == NULL, "lines of %s", rows[i].body);
	}
	{
		autobuf struct buf theirs = { 0 }, line = { 0 }, none = { 0 };

		ok(match_index_did(true, "did:key:zX", &line) == 0 && match_index_turn(line.data, &theirs) == 0 &&
		    match_index_did(false, "did:key:zX", &none) == 0 && strcmp(theirs.data, none.data) == 0, "who says a statement is found by it");
		buf_free(&none);
		ok(match_index_turn("Mxgrief\n", &none) == 0 && match_index_turn("wx\n", &none) == 0 && none.len == 0, "no statement, nobody");
	}
	ok(match_points(MATCH_NPREFS) == 0 && match_need(999) == match_need(0), "no preference, no need");
}

static void
test_memory(void)
{
	static const char full[] = "{\"program\":\"P\",\"did\":\"did:key:zX\",\"conditions\":[\"grief\"],\"audiences\":[\"youth\"],\"age_bands\":[\"x\",\"26_59\"],"
	    "\"eligible_if\":{},\"capacity\":{\"open\":0,\"maximum\":7,\"updated_at\":1795230245678,\"waitlist\":{\"waiting\":1,\"days\":30}},"
	    "\"credential\":{\"credentialSubject\":{\"jurisdiction\":[\"US\",7,\"DE\"],\"reciprocity\":[\"US-NJ\"]}}}";
	autojson json_t *body = json_loads(full, 0, NULL), *gone = json_pack("[s, s]", "A", "B"), *args = json_pack("{s:s, s:s, s:[s, s, s, s], s:[s, s], s:[s],"
	    "s:s, s:[s], s:[s], s:[s], s:s, s:s, s:[s, s]}", "need", "family_caregiver", "age_band", "26_59", "prefer", "interest=chess", "response=24", "town=x",
	    "experience=grief", "avoid", "X", "Y", "time", "night", "residence", "US-NJ", "conflict", "Z", "only", "women", "known", "K", "language", "es-MX",
	    "role", "mentor", "modality", "phone", "in_person");
	autojson json_t *statement = json_pack("{s:s, s:[s, s], s:[s]}", "readers", "anyone", "conditions", "grief", "alcohol", "audiences", "youth");
	autojson json_t *silent = json_pack("{s:[s]}", "audiences", "youth");
	autobuf struct buf said = { 0 };
	int r = -ENOMEM, lost = 0;

	for (long n = 0; r == -ENOMEM && n < 1000; n++, lost++) {
		autobuf struct buf out = { 0 };
		struct match_wish wish;
		struct match_plan plan;

		if (match_wish_read(args, &wish, NULL) != 0)
			abort();
		faults_buf = n;
		if ((r = match_index_lines("I", body, body, &out)) == 0 && (r = match_index_life(statement, &out)) == 0 &&
		    (r = match_index_plan(&wish, NOW, gone, &plan)) == 0)
			match_index_free(&plan);
		faults_buf = -1;
	}
	ok(r == 0 && lost > 10, "each of %d additions may fail", lost - 1);
	ok(match_index_life(silent, &said) == 0 && strcmp(said.data, "Myyouth\n") == 0, "to whom it is told not being said, it is staff");
}

int
main(void)
{
	if (zone_parse(berlin_file, sizeof(berlin_file) - 1, &berlin, NULL) != 0 || zone_parse(utc_file, sizeof(utc_file) - 1, &utc, NULL) != 0)
		abort();
	programs[0] = json_object();
	programs[1] = json_loads("{\"schedules\":[{\"timezone\":\"America/New_York\"}],\"accessibility\":[\"wheelchair\"],\"locations\":[{\"visibility\":\"public\",\"latitude_e6\":40700000,"
	    "\"longitude_e6\":-74200000,\"locality\":\"Newark\"}]}", 0, NULL);
	programs[2] = json_loads("{\"minimum_age\":30}", 0, NULL);
	test_guesses(false);
	test_guesses(true);
	test_stops();
	test_lent();
	test_odd();
	test_memory();
	zone_free(berlin);
	zone_free(utc);
	json_decref(programs[0]);
	json_decref(programs[1]);
	json_decref(programs[2]);
	return done_testing();
}
