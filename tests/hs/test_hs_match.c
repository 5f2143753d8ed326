/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A coordinator is shown specialists of a partner and of the own house with every reason, the member chooses, both
 * look back, and go apart without being asked why.  What a specialist tells staff alone is in nothing for the member.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "domain/statement.h"
#include "domain/vc.h"
#include "domain/when.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

#define CANARY	"Qzyvanreason"

static const uint8_t rosa[ED25519_SEED] = "rosa", olga[ED25519_SEED] = "olga", sanna[ED25519_SEED] = "sanna";

static json_t *
specialist(const struct host *h, const char *alias, const char *language, int open, const uint8_t *key)
{
	char did[80];

	return json_pack("{s:s, s:s, s:{s:s, s:s, s:s*, s:{s:s}, s:[s], s:[s], s:[s], s:[s], s:[s], s:{s:i, s:i, s:I}}}", "source", alias, "kind",
	    "specialist", "body", "alias", alias, "program", "house", "did", key != NULL ? story_did(key, did) : NULL, "supervisor", "title", "Head of peers", "roles", "one_to_one",
	    "languages", language, "conditions", "alcohol", "age_bands", "26_59", "modalities", "online_text", "capacity", "open", open,
	    "maximum", 4, "updated_at", (json_int_t)*h->now);
}

static json_t *
statement(const struct host *h, const uint8_t key[ED25519_SEED], const char *readers)
{
	char did[80];
	json_t *doc = json_pack("{s:i, s:s, s:s, s:I, s:I, s:b, s:s, s:[s]}", "v", 1, "kind", STATEMENT_KIND, "specialist", story_did(key, did),
	    "issued_at", (json_int_t)(*h->now - 1000), "expires_at", (json_int_t)(*h->now + 20 * WHEN_DAY), "withdrawn", 0, "readers", readers,
	    "conditions", "grief");

	if (proof_sign(doc, key, "assertionMethod", "2026-11-20T00:00:00Z", NULL) != 0)
		abort();
	return json_pack("{s:s, s:s, s:o}", "source", readers, "kind", "statement", "body", doc);
}

static json_t *
house(const char *town)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s, s], s:[{s:s, s:s}], s:s}}", "source", "house", "kind", "program", "body",
	    "name", "A house", "description", "Peers.", "forms", "substance_use_peer", "conditions", "alcohol", "languages", "en", "modalities",
	    "online_text", "phone", "locations", "visibility", "public", "locality", town, "cost", "free");
}

static void
publish(struct host *h)
{
	autojson json_t *target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));

	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[o, o, o, o, o, o]}", "records", house("Newark"), specialist(h, "Rosa", "en", 3, rosa),
	    specialist(h, "Ana", "en", 4, NULL), specialist(h, "Max", "fr", 4, NULL), specialist(h, "Full", "en", 0, NULL), statement(h, rosa, "staff"))));
	json_decref(host_ok(h, SOURCE, "import", json_pack("{s:[o, o, o, o]}", "records", house("Trenton"), specialist(h, "Olga", "en", 4, olga),
	    specialist(h, "Zoe", "en", 2, NULL), statement(h, olga, "members"))));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	json_decref(host_ok(h, SOURCE, "publish", json_object()));
	json_decref(host_ok(h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	host_run(h, 10000);
}

static json_t *
wish(void)
{
	return json_pack("{s:s, s:s, s:s, s:[s, s]}", "need", "substance_use", "age_band", "26_59", "language", "en", "prefer", "experience=grief",
	    "town=Trenton");
}

/* The names of a list, each with a blank behind it. */
static const char *
names(const json_t *list)
{
	static char text[256];
	json_t *item;
	size_t i;

	text[0] = '\0';
	json_array_foreach(list, i, item) {
		strcat(text, json_str(item, "name"));
		strcat(text, " ");
	}
	return text;
}

static const json_t *
named(const json_t *list, const char *name)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (strcmp(json_str(item, "name"), name) == 0)
			return item;
	return NULL;
}

/* Is it in what the lists of that member hold, as text? */
static bool
tells(const json_t *choice, const char *member, const char *word)
{
	autofree char *text = json_dumps(json_object_get(choice, member), JSON_COMPACT);

	return text != NULL && strstr(text, word) != NULL;
}

static void
test_proposal(struct host *h, json_t **ret)
{
	const json_t *choices, *r, *o;

	*ret = host_ok(h, SOURCE, "match", wish());
	choices = json_arr(*ret, "choices");
	is_str(names(choices), "Olga Rosa Ana ", "who suits, best first, of a partner and of our own house; Zoe is not half as good");
	r = named(choices, "Rosa");
	o = named(choices, "Olga");
	ok(tells(r, "lines", "matched: experience grief, named first") && tells(r, "lines", "\"readers\":\"staff\""), "what staff are told of Rosa counts");
	ok(!tells(r, "for_member", "grief") && !tells(r, "for_member", "experience"), "and is in nothing for the member");
	ok(tells(o, "for_member", "matched: experience grief"), "what Olga lets members know is");
	ok(tells(o, "for_member", "matched: town Trenton") && tells(r, "for_member", "missing: town Trenton"), "what matched and what did not");
	ok(tells(r, "for_member", "load: supports 1 of 4"), "how much they carry");
	is_str(json_str(r, "certification"), "no credential was published", "that they are not certified is said");
	is_str(json_str(r, "supervisor"), "Head of peers", "and who supervises them");
	ok(json_str(r, "valid_until") == NULL && json_str(r, "last_match") == NULL && json_str(r, "last_contact") == NULL, "of what is not there no day is told");
	is_str(names(json_arr(*ret, "excluded")), "Max Full ", "the others");
	ok(tells(named(json_arr(*ret, "excluded"), "Max"), "why", "language: does not speak en") &&
	    tells(named(json_arr(*ret, "excluded"), "Full"), "why", "free place: no place is free"), "with why");
	is_str(json_str(*ret, "note"), "4 of 6 left; removed by language: 1, free place: 1; without language: 1 more; without free place: 1 more",
	    "in counts, and what one relaxation would add");
	is_int(json_int(json_obj(*ret, "relax"), "language", 0), 1, "the same for a program");
}

static json_t *
accept(struct host *h, const json_t *match, const json_t *list, const char *name, const char *reason)
{
	return host_command(h, SOURCE, "match accept", json_pack("{s:O, s:O, s:s*, s:s, s:s}", "match", json_object_get(match, "match"), "record",
	    json_object_get(named(list, name), "record"), "reason_text", reason, "review_weeks", "1", "weeks", "2"));
}

static void
is_refused(json_t *reply, const char *says, const char *name)
{
	ok(!json_is_true(json_object_get(reply, "ok")) && strstr(json_str(reply, "error"), says) != NULL, "%s: %s", name, json_str(reply, "error"));
	json_decref(reply);
}

static void
test_choice(struct host *h, const json_t *match)
{
	autojson json_t *reply = NULL, *other = NULL, *items = NULL, *shown = NULL;
	json_t *args = wish();

	is_refused(accept(h, match, json_arr(match, "excluded"), "Max", NULL), "does not speak en", "one who was excluded");
	is_refused(host_command(h, SOURCE, "match accept", json_pack("{s:O, s:s}", "match", json_object_get(match, "match"), "record",
	    "NZ7JRZW2BAW2MQMJTYF07BB774")), "no specialist of that id", "one who is not there");
	is_refused(host_command(h, SOURCE, "match accept", json_pack("{s:O, s:s, s:s}", "match", json_object_get(match, "match"), "record", "x", "weeks",
	    "53")), "weeks: between 1 and 52", "a match without an end");
	(void)json_object_set_new(args, "avoid", json_pack("[O]", json_object_get(named(json_arr(match, "choices"), "Ana"), "record")));
	other = host_ok(h, SOURCE, "match", args);
	is_refused(accept(h, other, json_arr(match, "choices"), "Ana", CANARY), "asked not to be proposed", "whom the member will not have, for no reason at all");
	reply = accept(h, other, json_arr(match, "excluded"), "Max", CANARY);
	ok(json_is_true(json_object_get(reply, "ok")), "another than proposed, for a reason that is kept");
	shown = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(other, "match")));
	is_str(json_str(shown, "reason"), CANARY, "and shown");
	json_decref(reply);
	reply = accept(h, match, json_arr(match, "choices"), "Rosa", NULL);
	is_str(json_str(json_obj(reply, "result"), "state"), "active", "the member chose");
	is_refused(accept(h, match, json_arr(match, "choices"), "Ana", NULL), "the choice is made", "once");
	items = story_list(h, SOURCE, "matches");
	is_int(json_array_size(items), 2, "both are listed");
	ok(story_well(h, SOURCE, "matches"), "nothing is due");
	search_member(h, (const char *const []){ CANARY, "\"need\":\"substance_use\"", "experience=grief", NULL });
	ok(search_clear(h, (const char *const []){ "Newark", NULL }) > 0, "as the words of a public record are");
}

static void
met(struct host *h, const json_t *match, const char *on)
{
	json_decref(host_ok(h, SOURCE, "match note", json_pack("{s:O, s:{s:s, s:s, s:{s:s, s:i}}}", "match", json_object_get(match, "match"), "document",
	    "kind", "contact", "on", on, "contact", "modality", "phone", "minutes", 30)));
}

/* When whoever is proposed was last given somebody, and last met one of them. */
static void
test_last(struct host *h, const json_t *match)
{
	autojson json_t *before = host_ok(h, SOURCE, "match", wish()), *after = NULL;
	const json_t *r = named(json_arr(before, "choices"), "Rosa");
	char today[WHEN_TEXT];

	is_str(json_str(r, "last_match"), when_print_day(*h->now, today), "the day on which the latest match began");
	ok(json_str(r, "last_contact") == NULL && json_str(named(json_arr(before, "choices"), "Olga"), "last_match") == NULL, "before they met no day of that is told");
	met(h, match, "2026-11-19");
	met(h, match, "2026-11-20");
	met(h, match, "2026-11-18");
	after = host_ok(h, SOURCE, "match", wish());
	is_str(json_str(named(json_arr(after, "choices"), "Rosa"), "last_contact"), "2026-11-20", "the last day on which they met, in whatever order it is written down");
	ok(json_str(named(json_arr(after, "choices"), "Olga"), "last_contact") == NULL, "and of nobody else");
	json_decref(host_ok(h, SOURCE, "match end", json_pack("{s:O}", "match", json_object_get(before, "match"))));
	json_decref(host_ok(h, SOURCE, "match end", json_pack("{s:O}", "match", json_object_get(after, "match"))));
}

static void
test_after(struct host *h, const json_t *match)
{
	json_t *id = json_object_get(match, "match");
	autojson json_t *again = NULL, *load = host_ok(h, SOURCE, "match", wish()), *fair = NULL, *reply = NULL, *first;

	ok(tells(named(json_arr(load, "choices"), "Rosa"), "lines", "supports 2 of 4"), "one place less is free with Rosa");
	ok(named(json_arr(load, "choices"), "Rosa") != NULL && json_int(named(json_arr(load, "choices"), "Rosa"), "matches_here", 0) == 1,
	    "because of us");
	*h->now += 7 * WHEN_DAY;
	host_run(h, 1000);
	ok(story_ill(h, SOURCE, "matches", "2 to look back on, 0 of them past the end"), "after a week it is time to look back");
	json_decref(host_ok(h, SOURCE, "match review", json_pack("{s:O}", "match", id)));
	ok(story_ill(h, SOURCE, "matches", "1 to look back on"), "one did");
	*h->now += 7 * WHEN_DAY;
	host_run(h, 1000);
	ok(story_ill(h, SOURCE, "matches", "2 to look back on, 2 of them past the end"), "after two their time is over");
	is_refused(host_command(h, SOURCE, "match review", json_pack("{s:O}", "match", id)), "is over", "and goes on only if both say for how long");
	reply = host_ok(h, SOURCE, "match review", json_pack("{s:O, s:s}", "match", id, "weeks", "1"));
	ok(json_str(reply, "due") == NULL, "as here");
	again = host_ok(h, SOURCE, "match rematch", json_pack("{s:O}", "match", id));
	ok(named(json_arr(again, "choices"), "Rosa") == NULL && named(json_arr(again, "choices"), "Ana") != NULL,
	    "another match: the others are proposed, not Rosa: %s", names(json_arr(again, "choices")));
	is_refused(host_command(h, SOURCE, "match end", json_pack("{s:O}", "match", id)), "ended already", "the first is over");
	is_refused(host_command(h, SOURCE, "match review", json_pack("{s:O}", "match", id)), "is ended", "and not looked back on");
	first = host_ok(h, SOURCE, "match end", json_pack("{s:O}", "match", json_object_get(again, "match")));
	is_str(json_str(first, "state"), "ended", "no cause is asked for");
	fair = host_ok(h, SOURCE, "match fairness", json_object());
	is_int(json_int(json_array_get(json_arr(fair, "languages"), 1), "waiting", -1), -1, "nobody of another language");
	ok(json_int(json_array_get(json_arr(fair, "languages"), 0), "waiting", 0) == 1 &&
	    json_int(json_array_get(json_arr(fair, "languages"), 0), "oldest_days", 0) == 14 &&
	    json_int(json_array_get(json_arr(fair, "languages"), 0), "chosen", 0) == 2, "who waits, how long, and who chose");
}

/* Four want Zoe, who has two places: those who waited longest get her, and the same whatever order they come in. */
static void
test_round(struct host *h)
{
	static const char *const who[] = { "Ines", "Jan", "Kai", "Lou" };
	static const int waits[] = { 7, 70, 14, 28 };
	autojson json_t *items = story_list(h, SOURCE, "records"), *one = NULL, *two = NULL, *shown = NULL;
	json_t *there = json_array(), *back = json_array();
	const json_t *zoe = named(items, "Zoe");

	for (size_t i = 0; i < nelem(who); i++) {
		json_t *member = json_pack("{s:s, s:o, s:i, s:[O]}", "member", who[i], "wish", wish(), "waits", waits[i], "order",
		    json_object_get(zoe, "id"));

		(void)(json_array_append(there, member) | json_array_insert_new(back, 0, member));
	}
	one = host_ok(h, SOURCE, "match cohort", json_pack("{s:{s:s, s:o}}", "document", "seed", "autumn", "members", there));
	two = host_ok(h, SOURCE, "match cohort", json_pack("{s:{s:s, s:o}}", "document", "seed", "autumn", "members", back));
	ok(json_array_size(json_arr(one, "round")) == 2 && json_array_size(json_arr(two, "round")) == 2, "two have places");
	for (int i = 0; i < 2; i++) {
		const json_t *list = json_arr(i == 0 ? one : two, "round");

		is_str(json_str(json_array_get(list, (size_t)i), "member"), "Jan", "who waited longest");
		is_str(json_str(json_array_get(list, 1 - (size_t)i), "member"), "Lou", "and who waited next to longest");
	}
	is_int(json_int(one, "blocking_pairs", -1), 0, "nobody would rather have each other");
	is_int(json_array_size(json_arr(one, "left")), 2, "who has nobody is said");
	shown = host_ok(h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", json_object_get(json_array_get(json_arr(one, "round"), 0), "match"),
	    "record", json_object_get(zoe, "id")));
	is_str(json_str(shown, "name"), "Zoe", "a member accepts");
	is_refused(host_command(h, SOURCE, "match cohort", json_pack("{s:{s:s, s:[{s:s, s:{}}]}}", "document", "seed", "x", "members", "member", "a", "wish")),
	    "members[0]: wish: need: ", "a wish that says nothing");
	is_refused(host_command(h, SOURCE, "match cohort", json_pack("{s:{s:s, s:[]}}", "document", "seed", "x", "members")), "members: ", "nobody");
	is_refused(host_command(h, SOURCE, "match cohort", json_pack("{s:{s:[]}}", "document", "members")), "seed: ", "no seed");
	is_refused(host_command(h, SOURCE, "match cohort", json_pack("{s:{s:s, s:[{s:s, s:o}, {s:s}]}}", "document", "seed", "x", "members", "member", "a",
	    "wish", wish(), "member", "a")), "members[1]: member wants", "the same name twice");
}

/* A match that nobody ends is no load for ever: four weeks past its end it ends by itself, and its place is free. */
static void
test_lapse(struct host *h)
{
	autojson json_t *made = host_ok(h, SOURCE, "match", wish()), *reply = NULL, *during = NULL, *after = NULL, *shown = NULL, *list = NULL;
	long long here = json_int(named(json_arr(made, "choices"), "Olga"), "matches_here", -1);

	reply = accept(h, made, json_arr(made, "choices"), "Olga", NULL);
	ok(json_is_true(json_object_get(reply, "ok")), "for two weeks");
	*h->now += (14 + 27) * WHEN_DAY;
	list = story_trust_list(h, 9, 1u << SOURCE | 1u << TARGET, STORY_LIFE);
	json_decref(host_ok(h, SOURCE, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(h, 1000);
	during = host_ok(h, SOURCE, "match", wish());
	is_int((int)json_int(named(json_arr(during, "choices"), "Olga"), "matches_here", -1), (int)here + 1, "it counts while somebody may still say that they go on");
	*h->now += 3 * WHEN_DAY;
	host_run(h, 1000);
	after = host_ok(h, SOURCE, "match", wish());
	is_int((int)json_int(named(json_arr(after, "choices"), "Olga"), "matches_here", -1), (int)here, "then no more");
	shown = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(made, "match")));
	is_str(json_str(shown, "state"), "ended", "it has ended, though nobody said so");
	is_refused(host_command(h, SOURCE, "match end", json_pack("{s:O}", "match", json_object_get(made, "match"))), "ended already", "as if staff had");
}

/* Who is proposed to somebody who wants ${language} and rules out ${value}; the reply is the caller's. */
static json_t *
without(struct host *h, const char *language, const char *key, const char *value, const char *wanted, const char *name)
{
	json_t *reply = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s, s:s, s:[s]}", "need", "substance_use", "age_band", "26_59", "language",
	    language, key, value));

	is_str(names(json_arr(reply, "choices")), wanted, "%s", name);
	return reply;
}

/*
 * One person whom two organizations publish, by two names.  Whom a member fears they may rule out as a record, a program, an organization, a name or a
 * town, however it is written; and who parted from somebody does not meet them again elsewhere.
 */
static void
test_ruled_out(struct host *h)
{
	autojson json_t *target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node")), *both = NULL, *again = NULL, *other = NULL;
	const char *org = json_str(target, "org"), *record;

	json_decref(host_ok(h, SOURCE, "import", json_pack("{s:[o]}", "records", specialist(h, "Sanna", "sv", 4, sanna))));
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[o, o]}", "records", specialist(h, "S. Ek", "sv", 4, sanna),
	    specialist(h, "Britt", "sv", 4, NULL))));
	json_decref(host_ok(h, SOURCE, "publish", json_object()));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
	both = without(h, "sv", "avoid", "nobody at all", "Sanna S. Ek Britt ", "whoever speaks Swedish");
	record = json_str(named(json_arr(both, "choices"), "Sanna"), "record");
	json_decref(without(h, "sv", "avoid", org, "Sanna ", "not those of an organization"));
	json_decref(without(h, "sv", "avoid", "BRITT", "Sanna S. Ek ", "nobody of that name"));
	json_decref(without(h, "sv", "not_town", "TR\u00c9NTON.", "S. Ek Britt ", "nobody from that town, however it is written"));
	json_decref(without(h, "sv", "avoid", record, "Britt ", "not her, whoever publishes her, and by whatever name"));
	json_decref(without(h, "sv", "conflict", json_str(named(json_arr(both, "choices"), "S. Ek"), "record"), "Britt ",
	    "nor if it is her other record that is named"));
	other = accept(h, both, json_arr(both, "choices"), "Sanna", NULL);
	ok(json_is_true(json_object_get(other, "ok")), "a member chooses her");
	json_decref(host_ok(h, SOURCE, "withdraw", json_pack("{s:s}", "id", record)));
	host_run(h, 10000);
	again = host_ok(h, SOURCE, "match rematch", json_pack("{s:O}", "match", json_object_get(both, "match")));
	is_str(names(json_arr(again, "choices")), "Britt ",
	    "and after they parted she is not proposed as the other, though the record that was chosen is gone");
}

static const char *
tove(struct host *h, json_t **ret)
{
	json_decref(*ret);
	*ret = host_ok(h, SOURCE, "match", json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "need", "substance_use", "age_band", "26_59", "language", "nb", "near",
	    "40.7357,-74.1724", "prefer", "distance=3"));
	is_str(names(json_arr(*ret, "choices")), "Tove ", "whoever speaks Norwegian");
	return json_string_value(json_array_get(json_arr(json_array_get(json_arr(*ret, "choices"), 0), "for_member"), 4));
}

/* A partner shows a place that a record of ours hides: nobody is told how near it is. */
static void
test_hidden_place(struct host *h)
{
	json_t *annex = house("Newark"), *ours = house("Newark"), *who = specialist(h, "Tove", "nb", 4, NULL), *place;
	autojson json_t *reply = NULL;

	(void)(json_object_set_new(annex, "source", json_string("annex")) | json_object_set_new(ours, "source", json_string("shelter")) |
	    json_object_set_new(json_obj(who, "body"), "program", json_string("annex")));
	place = json_array_get(json_arr(json_obj(annex, "body"), "locations"), 0);
	(void)(json_object_set_new(place, "name", json_string("Quiet House")) | json_object_set_new(place, "latitude_e6", json_integer(40735000)) |
	    json_object_set_new(place, "longitude_e6", json_integer(-74172000)));
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[o, o]}", "records", annex, who)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
	is_str(tove(h, &reply), "matched: distance, 0 km, of at most 3, named first", "how near, as long as we know no better");
	place = json_array_get(json_arr(json_obj(ours, "body"), "locations"), 0);
	(void)(json_object_set_new(place, "name", json_string("Quiet House")) | json_object_set_new(place, "visibility", json_string("redacted")));
	json_decref(host_ok(h, SOURCE, "import", json_pack("{s:[o]}", "records", ours)));
	is_str(tove(h, &reply), "not said, ask them: where they meet", "once a record of ours hides the place it is as if it were not said");
}

int
main(void)
{
	struct host h;
	autojson json_t *match = NULL;

	story_begin(&h, 77);
	story_trust(&h);
	publish(&h);
	is_refused(host_command(&h, SOURCE, "match", json_pack("{s:s}", "need", "grief")), "age_band: ", "no match before an age band is known");
	is_refused(host_command(&h, SOURCE, "match", json_pack("{s:s}", "referral", "NZ7JRZW2BAW2MQMJTYF07BB774")), "no referral", "nor of a referral that is none");
	test_proposal(&h, &match);
	test_choice(&h, match);
	test_last(&h, match);
	test_after(&h, match);
	test_round(&h);
	test_ruled_out(&h);
	test_hidden_place(&h);
	test_lapse(&h);
	host_end(&h);
	return done_testing();
}
