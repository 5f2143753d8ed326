/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever is found by the index, against the judgement of everybody: the same choices in the same order, each with the same
 * lines, and, where the records alone decide, the same counts and the same exclusions.  As long as one record is not in the index everybody is
 * judged: that is the other side of each comparison.  HS_LONG=1: two hundred wishes instead of some.
 */
#include "app/assess.h"
#include "app/match.h"
#include "app/shortlist.h"
#include "domain/statement.h"
#include "domain/vc.h"
#include "find_node.h"
#include "store/matchstore.h"
#include "tests/match_drawn.h"
#include "tests/tap.h"

enum { MANY = 760, ALIKE = 530, LOADED = 12, WISHES = 8, SEEDS = 200, TOLD = 60 };

static char stranger[] = "BBBBBBBBBBBBBBBBBBBBBBBBB0";

/* For this one record: is it in the index? */
static void
set_ready(bool ready)
{
	struct seen_record rec;
	bool is;

	must(seen_get(app.db, org, "STORY", &rec));
	must(seen_indexed(app.db, rec.n, ready ? SEARCH_TERMS_VERSION : 0));
	seen_free(&rec);
	must(shortlist_ready(&app, &is));
	if (is != ready)
		bail("ready", "not as it was set");
}

static void
arrive_drawn(size_t i, bool open)
{
	autojson json_t *body = i < ALIKE && !open ? json_pack("{s:s, s:[s], s:{s:i, s:I}}", "alias", "Alike", "languages", "es", "capacity",
	    "open", 2, "updated_at", (json_int_t)(fixture_now - DAY)) : drawn_body(fixture_now, open);
	autofree char *body_text = json_dumps(body, JSON_COMPACT);
	const char *whose = dice_roll(30) == 0 ? stranger : org;
	char id[27];

	(void)snprintf(id, sizeof(id), "%s%07u%s", open ? "OPEN" : "SPEC", dice_roll(10000000), i < ALIKE ? "ALIKE" : "");
	put(whose, id, "specialist", DIRECTORY_OK, fixture_now + (dice_roll(9) == 0 ? -DAY : 10 * DAY), body_text);
	must(find_index(&app, whose, id));
}

static void
fill(bool open, size_t n)
{
	bool more = true;

	for (size_t i = 0; i < n; i++)
		arrive_drawn(i, open);
	while (more)
		must(searchstore_settle(app.db, 1, SIZE_MAX, &more));
	/* Some are pending besides. */
	for (size_t i = 0; i < 20; i++)
		arrive_drawn(MANY, open);
}

/* Specialists of whom something is known that they say themselves, before or after they come; some take it back. */
static void
tell(unsigned i)
{
	static const char *const readers[] = { "staff", "members", "anyone" };
	uint8_t seed[32] = { 9, (uint8_t)i }, pub[32], secret[64];
	autojson json_t *body = drawn_body(fixture_now, false), *doc;
	char did[80], who[27], what[27];

	(void)crypto_sign_seed_keypair(pub, secret, seed);
	(void)vc_did(pub, did);
	must(json_object_set_new(body, "did", json_string(did)));
	doc = json_pack("{s:i, s:s, s:s, s:I, s:I, s:b, s:s, s:[s], s:[s]}", "v", 1, "kind", STATEMENT_KIND, "specialist", did, "issued_at",
	    (json_int_t)(fixture_now - 1000), "expires_at", (json_int_t)(fixture_now + 20 * DAY), "withdrawn", 0, "readers", DRAWN(readers),
	    "conditions", DRAWN(drawn_conditions), "audiences", DRAWN(drawn_audiences));
	must(json_object_set_new(doc, "age_group", json_string(DRAWN(drawn_ages))));
	must(proof_sign(doc, seed, "assertionMethod", "2023-11-14T00:00:00Z", NULL));
	(void)snprintf(who, sizeof(who), "TELL%05u", i * 7919 % 100000);
	(void)snprintf(what, sizeof(what), "WHAT%05u", i);
	for (unsigned k = 0; k < 2; k++) {
		autofree char *body_text = json_dumps(k == i % 2 ? body : doc, JSON_COMPACT);

		arrive(k == i % 2 ? who : what, k == i % 2 ? "specialist" : "statement", body_text);
	}
	if (i % 5 == 4)
		arrive(what, "statement", "{}");
}

static void
tell_all(void)
{
	unsigned said = 0, kept = 0;
	bool ready = false;

	for (unsigned i = 0; i < TOLD; i++)
		tell(i);
	must(shortlist_ready(&app, &ready));
	ok(!ready, "who said something is to be indexed anew");
	while (!ready) {
		run_steps();
		must(shortlist_ready(&app, &ready));
	}
	for (unsigned i = 0; i < TOLD; i++) {
		autofree char *lines = NULL;
		struct seen_record rec;
		char who[27];

		(void)snprintf(who, sizeof(who), "TELL%05u", i * 7919 % 100000);
		must(seen_get(app.db, org, who, &rec));
		must(searchstore_terms(app.db, rec.n, &lines));
		seen_free(&rec);
		said += strstr(lines, "\nMx") != NULL;
		kept += i % 5 == 4 && strstr(lines, "\nMx") != NULL;
	}
	is_int(said, TOLD - TOLD / 5, "what is said stands with the specialist in the index");
	is_int(kept, 0, "and what was taken back does not");
}

/* Are there rules, by the index? */
static bool
is_open(const char *id)
{
	autofree char *lines = NULL;
	struct seen_record rec;

	must(seen_get(app.db, org, id, &rec));
	must(searchstore_terms(app.db, rec.n, &lines));
	seen_free(&rec);
	return strstr(lines, "\nMr\n") != NULL;
}

/* A program comes that has rules: who works there is to be indexed anew, and then open. */
static void
rule_some(void)
{
	bool ready = true;

	arrive("RULED", "specialist", "{\"alias\":\"Ruled\",\"program\":\"PROGB\",\"languages\":[\"eo\"],\"age_bands\":[\"26_59\"]}");
	ok(!is_open("RULED"), "nothing is open of whom no rules are known");
	arrive("PROGB", "program", "{\"minimum_age\":30}");
	must(shortlist_ready(&app, &ready));
	ok(!ready, "who works for a program that comes is to be indexed anew");
	while (!ready) {
		run_steps();
		must(shortlist_ready(&app, &ready));
	}
	ok(is_open("RULED"), "and has its rules");
	arrive("PROGB", "program", "{\"name\":\"House\",\"minimum_age\":30}");
	must(shortlist_ready(&app, &ready));
	ok(ready, "what else it says changes nobody");
}

struct somebody {
	char	 id[27];
	unsigned left;
};

static int
pick(void *cookie, const struct seen_record *rec)
{
	struct somebody *s = cookie;

	if (s->left-- != 0 || strcmp(rec->org, org) != 0)
		return s->left > MANY ? E_LATER : 0;
	(void)snprintf(s->id, sizeof(s->id), "%s", rec->id);
	return E_LATER;
}

static void
somebody(struct somebody *ret)
{
	do {
		*ret = (struct somebody){ .left = dice_roll(MANY) };
		(void)!seen_each(app.db, "specialist", NULL, pick, ret);
	} while (ret->id[0] == '\0');
}

/* We have given them people of our own, before and after they said how many places they have. */
static void
load_some(void)
{
	for (unsigned i = 0; i < LOADED; i++) {
		char id[27];
		struct somebody s;
		struct pairing p = { .id = id, .state = i % 4 == 3 ? PAIRING_ENDED : PAIRING_ACTIVE,
		    .began = fixture_now - (int64_t)dice_roll(10) * DAY };

		somebody(&s);
		(void)snprintf(id, sizeof(id), "PAIR%022u", i);
		p.body = json_pack("{s:{s:s, s:s}}", "with", "org", org, "record", s.id);
		must(pairing_put(app.db, &p));
		json_decref(p.body);
	}
}

static json_t *
propose(json_t *args, bool by_index)
{
	json_t *ret = NULL;
	struct err err = { "" };

	set_ready(by_index);
	if (match_propose(&app, args, &ret, &err) != 0)
		bail("propose", err.text);
	return ret;
}

static void
show(const char *what, const json_t *a, const json_t *b)
{
	autofree char *x = json_dumps(a, JSON_COMPACT | JSON_ENCODE_ANY), *y = json_dumps(b, JSON_COMPACT | JSON_ENCODE_ANY);

	printf("# %s\n#  by the index %.1500s\n#  by judgement %.1500s\n", what, x, y);
}

static bool
same(const char *key, const json_t *a, const json_t *b)
{
	bool ret = json_equal(json_object_get(a, key), json_object_get(b, key));

	if (!ret)
		show(key, json_object_get(a, key), json_object_get(b, key));
	return ret;
}

/* How many specialists of the index were judged. */
static size_t
looked(const json_t *args)
{
	struct assess a = { .app = &app };
	size_t ret;

	set_ready(true);
	must(assess(&a, args, NULL));
	ret = a.looked;
	assess_free(&a);
	return ret;
}

/* Each says the same when asked alone; then one is looked at for a credential too. */
static bool
is_told_alike(const json_t *args, const json_t *found)
{
	const json_t *one;
	size_t i;
	bool ret = true;

	json_array_foreach(json_arr(found, "excluded"), i, one) {
		autojson json_t *choice = NULL;
		struct err err = { "" };
		bool may;
		int r;

		r = match_again(&app, args, json_str(one, "org"), json_str(one, "record"), &choice, &may, &err);
		if (r != E_REFUSED || (strncmp(err.text, "certified: ", 11) != 0 && strncmp(err.text, "credential: ", 12) != 0 &&
		    strcmp(err.text, json_string_value(json_array_get(json_arr(one, "why"), 0))) != 0)) {
			printf("# %s: %d %s\n", json_str(one, "record"), r, err.text);
			ret = false;
		}
	}
	return ret;
}

static void
compare(bool open, bool life, unsigned wishes)
{
	unsigned choices = 0, told = 0, everybody = 0, chosen = 0, again = 0;
	size_t least = SIZE_MAX;

	for (unsigned n = 0; n < wishes; n++) {
		struct somebody s;
		autojson json_t *args, *by_index, *by_judgement, *all = NULL, *all_judged = NULL, *one = NULL, *one_judged = NULL;
		struct err err = { "" }, other = { "" };
		size_t few;
		bool may, may_judged;
		int r;

		somebody(&s);
		args = n == 0 ? json_pack("{s:s, s:s, s:[]}", "need", "everyday_support", "age_band", "26_59", "prefer") : drawn_wish(open, s.id, org);
		if (life && n % 2 == 0)
			(void)json_array_insert_new(json_arr(args, "prefer"), 0, json_string(n % 8 == 6 ? "age=26_35" : n % 4 ? "experience=grief" : "identity=veterans"));
		else if (life)
			(void)json_object_set_new(args, "only", json_pack("[s, s]", DRAWN(drawn_audiences), DRAWN(drawn_audiences)));
		by_index = propose(args, true);
		by_judgement = propose(args, false);
		choices += same("choices", by_index, by_judgement);
		chosen += (unsigned)json_array_size(json_arr(by_index, "choices"));
		told += open ? is_told_alike(args, by_index) : same("excluded", by_index, by_judgement) && same("counts", by_index, by_judgement) &&
		    same("relax", by_index, by_judgement) && same("note", by_index, by_judgement);
		few = looked(args);
		least = few < least ? few : least;
		set_ready(false);
		must(match_all(&app, args, &all_judged, NULL));
		r = match_again(&app, args, org, s.id, &one_judged, &may_judged, &other);
		set_ready(true);
		must(match_all(&app, args, &all, NULL));
		everybody += json_equal(all, all_judged);
		again += match_again(&app, args, dice_roll(2) ? org : NULL, s.id, &one, &may, &err) == r && json_equal(one, one_judged) && (one == NULL ||
		    may == may_judged) && strcmp(err.text, other.text) == 0;
		if (choices + told + everybody + again != 4 * (n + 1)) {
			autofree char *wish = json_dumps(args, JSON_COMPACT);

			printf("# wish %u: %s\n", n, wish);
			break;
		}
	}
	is_int(choices, wishes, "the same are proposed, in the same order, with the same lines%s", open ? "; much is open" : "");
	is_int(told, wishes, open ? "whoever is excluded is so for the same reason" : "and the same are excluded, by the same counts");
	is_int(everybody, wishes, "everybody who is not excluded, best first, for a round of many members");
	is_int(again, wishes, "one alone, asked for by id");
	ok(chosen >= wishes, "(some were proposed: %u)", chosen);
	ok(least < MANY / 2 + (life ? MANY : 0), "(at times few were judged: %zu)", least);
}

/* A partner's records of 40 KiB of rules, which nobody meets: so much of them is judged, and the others are told. */
static void
test_long(void)
{
	enum { LONG = 40, BYTES = 40000, JUDGED = (1 << 20) / BYTES + 1 };
	autojson json_t *args = json_pack("{s:s, s:s, s:s, s:[s]}", "need", "everyday_support", "age_band", "26_59", "language", "art", "prefer", "language=art");
	autojson json_t *by_index = NULL, *by_judgement = NULL, *all = NULL;
	autobuf struct buf body = { 0 };
	char id[27], want[100];

	must(buf_puts(&body, "{\"alias\":\"Long\",\"languages\":[\"art\"],\"eligible_if\":{\"all\":[{\"all\":[{\"kind\":\"age\",\"age_below\":1}"));
	while (body.len < BYTES)
		must(buf_puts(&body, ",{\"kind\":\"age\",\"age_below\":1}"));
	must(buf_puts(&body, "]}]}}"));
	for (unsigned i = 0; i < LONG; i++) {
		(void)snprintf(id, sizeof(id), "LONG%05u", i);
		arrive(id, "specialist", body.data);
	}
	arrive("SHORT", "specialist", "{\"alias\":\"Short\",\"languages\":[\"art\"]}");
	by_index = propose(args, true);
	by_judgement = propose(args, false);
	ok(same("choices", by_index, by_judgement) && json_array_size(json_arr(by_index, "choices")) == 1, "whoever suits is proposed beside them");
	(void)snprintf(want, sizeof(want), "; %d were not looked at: their records are too long", LONG - JUDGED);
	if (!ok(strstr(json_str(by_index, "note"), want) != NULL, "and how many were not judged is said"))
		printf("# %s\n", json_str(by_index, "note"));
	set_ready(true);
	must(match_all(&app, args, &all, NULL));
	is_int((long long)json_array_size(all), 1, "a round judges them all");
}

struct held {
	unsigned all, credentials, elsewhere;
};

static int
count_held(void *cookie, const struct seen_record *rec)
{
	struct held *h = cookie;
	autojson json_t *json = json_loads(rec->record, 0, NULL);
	const json_t *body = json_obj(json, "body"), *vc = json_obj(body, "credential");
	const json_t *first = json_array_get(json_arr(json_obj(vc, "credentialSubject"), "jurisdiction"), 0);

	if (strcmp(rec->org, org) != 0)
		return 0;
	h->all++;
	h->credentials += vc != NULL || json_object_get(body, "credential_id") != NULL;
	h->elsewhere += vc != NULL && strncmp(json_string_value(first), "US", 2) != 0;
	return 0;
}

/* Who speaks another language and meets in other ways is not looked at for a credential: nobody who has one is said to have none. */
static void
test_unread(void)
{
	autojson json_t *args = json_pack("{s:s, s:s, s:s, s:[s], s:s, s:b}", "need", "everyday_support", "age_band", "26_59", "language", "tlh",
	    "modality", "forum", "residence", "US", "certified", 1);
	autojson json_t *by_index = propose(args, true), *by_judgement = propose(args, false);
	const json_t *counts = json_obj(by_index, "counts"), *one;
	struct held h = { 0 };
	size_t i, wrong = 0, without = 0;

	must(seen_each(app.db, "specialist", NULL, count_held, &h));
	ok(h.credentials > 20 && h.elsewhere > 5 && h.all > h.credentials + 100, "(%u of %u have a credential, %u one that holds elsewhere)", h.credentials, h.all, h.elsewhere);
	is_int(json_int(counts, "certified", -1), h.all - h.credentials, "who has none is counted as not certified, and nobody else");
	is_int(json_int(counts, "where the credential holds", -1), h.elsewhere, "whose does not even claim to hold there is counted as such");
	ok(json_object_get(counts, "credential") == NULL, "and of none it is said what it is worth");
	ok(same("counts", by_index, by_judgement) && same("excluded", by_index, by_judgement) && same("note", by_index, by_judgement),
	    "whether the index finds them or all are judged");
	json_array_foreach(json_arr(by_judgement, "excluded"), i, one) {
		autofree char *why = json_dumps(json_object_get(one, "why"), JSON_COMPACT), *record = NULL;
		bool none = strstr(why, "is not certified\"") != NULL;
		struct seen_record rec;

		must(seen_get(app.db, org, json_str(one, "record"), &rec));
		record = strdup(rec.record);
		seen_free(&rec);
		wrong += none != (strstr(record, "credential") == NULL);
		without += none;
	}
	ok(wrong == 0 && i > 0, "in the reasons too (%zu of %zu have none)", without, i);
}

/* Whose consent to be published is over, and whose organization is no longer on the list. */
static void
test_gone(void)
{
	autojson json_t *args = json_pack("{s:s, s:s, s:s}", "need", "everyday_support", "age_band", "26_59", "language", "tlh"), *reply = NULL;
	autorows struct rows *rows = NULL;
	autojson json_t *ids;
	json_t *why = NULL;
	struct somebody s;
	struct err err = { "" };
	char body[256];

	somebody(&s);
	ids = json_pack("[s, s, s]", "OVER", "STRANGE", s.id);
	(void)snprintf(body, sizeof(body), "{\"alias\":\"Over\",\"languages\":[\"tlh\"],\"consent\":{\"expires_at\":%lld}}", (long long)fixture_now + DAY);
	arrive("OVER", "specialist", body);
	/* This one's time is up with that consent; the next is not in the index. */
	put(org, "PAST", "specialist", DIRECTORY_OK, fixture_now + DAY - DIRECTORY_KEEP_STALE, "{\"alias\":\"Past\",\"languages\":[\"tlh\"]}");
	must(find_index(&app, org, "PAST"));
	put(stranger, "STRANGE", "specialist", DIRECTORY_OK, fixture_now + 10 * DAY, "{\"alias\":\"Strange\",\"languages\":[\"tlh\"]}");
	must(find_index(&app, stranger, "STRANGE"));
	reply = propose(args, true);
	is_int((long long)json_array_size(json_arr(reply, "choices")), 2, "a stranger to the trust list is not proposed");
	is_str(json_str(json_array_get(json_arr(reply, "choices"), 0), "record"), "OVER", "who is published is");
	must(match_why(&app, args, ids, &why, &err));
	is_str(json_string_value(json_array_get(json_arr(json_array_get(why, 0), "why"), 0)), "not excluded, with -10 points", "asked why of one who is proposed");
	is_str(json_string_value(json_array_get(json_arr(json_array_get(why, 1), "why"), 0)), "no specialist of that id is published here",
	    "of a stranger, and");
	is_str(json_string_value(json_array_get(json_arr(json_array_get(why, 2), "why"), 0)), "language: does not speak tlh", "of one who is not");
	json_decref(reply);
	fixture_now += DAY;
	reply = propose(args, true);
	is_int((long long)json_array_size(json_arr(reply, "choices")), 0, "whose consent has ended, or time is up, is not, though the index does not know yet");
	run_steps();
	json_decref(reply);
	reply = propose(args, true);
	must(searchstore_ids(app.db, "OVER", &rows));
	is_int(db_next(rows), E_NOTFOUND, "a step later it is not there");
	json_decref(why);
	json_decref(reply);
	put(org, "FRESH", "specialist", DIRECTORY_OK, fixture_now + DAY, "{\"alias\":\"Fresh\",\"languages\":[\"tlh\"]}");
	must(match_propose(&app, args, &reply, &err));
	is_str(json_str(json_array_get(json_arr(reply, "choices"), 0), "record"), "FRESH", "and who is not in the index is not missed");
}

int
main(void)
{
	const char *asked = getenv("HS_LONG");
	unsigned wishes = asked != NULL ? SEEDS : WISHES;

	app.db = fixture_open();
	app.trust = trust_one();
	must(db_begin(app.db, NULL));
	arrive("STORY", "story", "{}");
	arrive("PROGA", "program", "{\"schedules\":[{\"timezone\":\"Europe/Berlin\"}],\"accessibility\":[\"captions\"],\"locations\":[{\"visibility\":\"public\",\"locality\":\"Newark\","
	    "\"latitude_e6\":40700000,\"longitude_e6\":-74200000}]}");
	fill(false, MANY);
	compare(false, false, wishes);
	load_some();
	compare(false, false, wishes / 2);
	tell_all();
	compare(false, true, wishes);
	rule_some();
	fill(true, MANY / 4);
	compare(true, false, wishes / 2);
	test_unread();
	test_long();
	test_gone();
	must(db_commit(app.db, NULL));
	trust_free(app.trust);
	db_close(app.db);
	return done_testing();
}
