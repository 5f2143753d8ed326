/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More specialists than are kept at once: the choices are the best of all, the counts are of all, and those who are
 * shown as excluded are the first of all, as judging each and sorting them finds.
 */
#include "app/match.h"
#include "domain/match.h"
#include "find_node.h"
#include "tests/dice.h"
#include "tests/tap.h"

enum { MANY = 2600, EXCLUDED = 200 };

static const char *const languages[] = { "en", "en", "es", "fr" };
static const char *const modalities[] = { "phone", "in_person", "online_text", "online_video" };
static const char *const cultures[] = { "caribbean", "deaf", "farming", "navy" };

struct judged {
	char			 id[27];
	struct match_finding	 f;
};

static struct judged all[MANY];
static struct match_tally tally;

static int
by_rank(const void *a, const void *b)
{
	const struct judged *x = a, *y = b;

	if ((x->f.excluded == 0) != (y->f.excluded == 0))
		return x->f.excluded == 0 ? -1 : 1;
	return match_before(&x->f, x->id, &y->f, y->id) ? -1 : 1;
}

static void
draw(size_t i, const json_t *args)
{
	autojson json_t *body = json_pack("{s:s, s:[s], s:[s], s:[s], s:{s:i, s:i, s:I}}", "alias", "Somebody", "languages",
	    languages[dice_roll(4)], "modalities", modalities[dice_roll(4)], "cultures", cultures[dice_roll(4)], "capacity", "open",
	    (int)dice_roll(3), "maximum", 4, "updated_at", (json_int_t)(fixture_now - (int64_t)dice_roll(20) * DAY));
	autofree char *body_text = json_dumps(body, JSON_COMPACT);
	struct match_candidate c = { .org = org, .id = all[i].id, .body = body, .verdict = CREDENTIAL_UNCERTIFIED, .certification = "" };
	struct match_wish wish;

	(void)snprintf(all[i].id, sizeof(all[i].id), "SPEC%022u", dice_roll(1u << 30));
	put(org, all[i].id, "specialist", DIRECTORY_OK, fixture_now + 10 * DAY, body_text);
	must(match_wish_read(args, &wish, NULL));
	must(match_judge(&wish, &c, fixture_now, &all[i].f));
	match_count(&tally, all[i].f.excluded);
}

/* Are these, from ${from} on, those of ${list}? */
static bool
same(const json_t *list, size_t from)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_str(json_array_get(list, i), "record");

		if (strcmp(id, all[from + i].id) != 0) {
			printf("# %zu: %s, wanted %s\n", i, id, all[from + i].id);
			return false;
		}
	}
	return true;
}

static void
test_many(void)
{
	autojson json_t *args = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "need", "grief", "age_band", "26_59", "language", "en", "modality", "phone",
	    "prefer", "culture=navy"), *found = NULL, *everybody = NULL;
	struct match_wish wish;
	struct err err = { "" };

	if (!ok(match_wish_read(args, &wish, &err) == 0, "a wish %s", err.text))
		return;
	for (size_t i = 0; i < MANY; i++)
		draw(i, args);
	qsort(all, MANY, sizeof(*all), by_rank);
	is_int(match_propose(&app, args, &found, &err), 0, "%d specialists are looked at, of whom %u are left", MANY, tally.left);
	ok(json_array_size(json_arr(found, "choices")) >= 3 && same(json_arr(found, "choices"), 0), "the choices are the best of all");
	is_int(json_int(json_array_get(json_arr(found, "choices"), 0), "score", -1), all[0].f.score, "with their score");
	is_int((long long)json_array_size(json_arr(found, "excluded")), EXCLUDED, "as many of the excluded as are shown");
	ok(same(json_arr(found, "excluded"), tally.left), "are the first of all");
	for (unsigned i = 0; i < MATCH_NFILTERS; i++)
		if (tally.removed[i] > 0)
			is_int(json_int(json_obj(found, "counts"), match_filter_name((enum match_filter)i), 0), tally.removed[i], "removed of all: %s",
			    match_filter_name((enum match_filter)i));
	is_int(match_all(&app, args, &everybody, &err), 0, "and for a round of many members");
	ok(json_array_size(everybody) == tally.left && same(everybody, 0), "everybody who is not excluded, best first");
	for (size_t i = 0; i < MANY; i++)
		match_finding_free(&all[i].f);
}

int
main(void)
{
	app.db = fixture_open();
	app.trust = trust_one();
	must(db_begin(app.db, NULL));
	test_many();
	must(db_commit(app.db, NULL));
	trust_free(app.trust);
	db_close(app.db);
	return done_testing();
}
