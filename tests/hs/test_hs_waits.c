/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partner says of something that never came: it is named, it has a bound, and it is dropped in the end; but never
 * that a member left.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/waits.h"
#include "base/canon.h"
#include "domain/when.h"
#include "hostile.h"
#include "scene.h"
#include "store/consentstore.h"
#include "store/outbox.h"
#include "tests/tap.h"

#define REVOKED		"org.cairnpeer.consent.revoked"
#define ANSWER		"org.cairnpeer.referral.answer"
#define CHANGE		"org.cairnpeer.referral.change"

enum { MOMENT = 60000 };

static const char nothing[] = "N4GGVB7Z0FNVV3G5SDTNK9ZN7B";	/* No step has that id. */

static void
must(struct host *h, int r)
{
	if (r != 0)
		host_fail(h, "the store answers %d", r);
}

static void
later(struct host *h, int64_t ms)
{
	*h->now += ms;
	for (int i = 0; i < 3; i++) {
		host_run(h, MOMENT);
		*h->now += WHEN_HOUR;
	}
	host_run(h, MOMENT);
}

/* How many steps of the referral wait, as that node shows them. */
static int
waiting(struct scene *sc, size_t i, const char *input)
{
	autojson json_t *shown = refer_show(&sc->host, i, &sc->s);
	const json_t *line;
	size_t k;
	int n = 0;

	json_array_foreach(json_arr(shown, "overtaken"), k, line)
		n += !strcmp(json_str(line, "input"), input) && strstr(json_str(line, "text"), "waits for something") != NULL;
	return n;
}

static json_t *
on_nothing(struct scene *sc, json_t *content)
{
	json_t *said = scene_stamp(sc, content);

	(void)json_object_set_new(said, "prev", json_string(nothing));
	return said;
}

static void
test_age(void)
{
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 95, STORY_REFER);
	hostile_say(h, TARGET, sc.channel, ANSWER, on_nothing(&sc, json_pack("{s:s}", "decision", "accept")));
	hostile_say(h, SOURCE, sc.channel, CHANGE, on_nothing(&sc, json_pack("{s:s, s:s}", "change", "withdraw", "by", "member")));
	ok(waiting(&sc, SOURCE, "accept") == 1 && waiting(&sc, TARGET, "withdraw") == 1, "both sides wait for what never comes");
	ok(story_well(h, SOURCE, "waiting"), "which may come in a moment");
	later(h, WHEN_DAY);
	ok(story_ill(h, SOURCE, "waiting", sc.s.id) && story_ill(h, TARGET, "waiting", sc.s.id), "after a day the doctor names it");
	later(h, 90 * WHEN_DAY);
	ok(waiting(&sc, SOURCE, "accept") == 0 && story_well(h, SOURCE, "waiting"), "after 90 it is dropped");
	is_int(story_audited(&sc.host, SOURCE, "", "waiting-dropped", ""), 1, "which the audit says");
	ok(waiting(&sc, TARGET, "withdraw") == 1 && story_ill(h, TARGET, "waiting", sc.s.id), "that a member left is not");
	scene_end(&sc);
}

/* How many steps of the referral were not possible there; ${heed}: with the words that the member is to be heeded all the same. */
static int
impossible(struct scene *sc, size_t i, bool heed)
{
	autojson json_t *shown = refer_show(&sc->host, i, &sc->s);
	const json_t *line;
	size_t k;
	int n = 0;

	json_array_foreach(json_arr(shown, "overtaken"), k, line)
		n += strstr(json_str(line, "text"), "was not possible") != NULL &&
		    heed == (strstr(json_str(line, "text"), "take the member at their word") != NULL);
	return n;
}

/* A change that the source tells, made on another. */
static json_t *
change(struct scene *sc, const char *what, const char *by, const char *id, const char *prev)
{
	json_t *said = scene_stamp(sc, json_pack("{s:s, s:s}", "change", what, "by", by));

	(void)json_object_set_new(said, "id", json_string(id));
	if (prev != NULL)
		(void)json_object_set_new(said, "prev", json_string(prev));
	return said;
}

/* What waits for a step that proves impossible waits no longer than that. */
static void
test_impossible(bool leaves)
{
	static const char *const ids[] = { "G817PTM282CKXPPC430W6ZAAA1", "G817PTM282CKXPPC430W6ZAAA2", "G817PTM282CKXPPC430W6ZAAA3", "G817PTM282CKXPPC430W6ZAAA4" };
	struct scene sc;
	struct host *h = &sc.host;
	struct db *db;
	char org[32];
	autojson json_t *shown = NULL;
	int64_t n = -1;

	scene_begin(&sc, 98, STORY_REFER);
	shown = refer_show(h, TARGET, &sc.s);
	(void)snprintf(org, sizeof(org), "%s", json_str(shown, "org"));
	hostile_say(h, SOURCE, sc.channel, CHANGE, change(&sc, "pause", "member", ids[1], ids[0]));
	hostile_say(h, SOURCE, sc.channel, CHANGE, change(&sc, leaves ? "withdraw" : "resume", "member", ids[2], ids[1]));
	hostile_say(h, SOURCE, sc.channel, CHANGE, change(&sc, "resume", "member", ids[3], ids[2]));
	is_int(waiting(&sc, TARGET, "pause") + waiting(&sc, TARGET, "resume") + waiting(&sc, TARGET, "withdraw"), 3, "three wait, one for the other");
	hostile_say(h, SOURCE, sc.channel, CHANGE, change(&sc, "withdraw", "source", ids[0], NULL));
	ok(refer_state(h, TARGET, &sc.s, "ended"), "what they wait for comes, and ends it");
	is_int(waiting(&sc, TARGET, "pause") + waiting(&sc, TARGET, "resume") + waiting(&sc, TARGET, "withdraw"), 0,
	    "then the first is not possible, and the others do not wait for that");
	ok(impossible(&sc, TARGET, false) == 3 - leaves && impossible(&sc, TARGET, true) == leaves, "each is shown as such%s",
	    leaves ? ", and who left is to be heeded" : "");
	is_int(story_audited(&sc.host, TARGET, "", "waiting-dropped", ""), 3 - leaves, "which the audit says");
	db = hostile_db(h, TARGET);
	must(h, step_waiting(db, org, &n));
	hostile_go_on(h, TARGET, db);
	is_int(n, 0, "and they take no place of others that wait");
	later(h, WHEN_DAY);
	ok(leaves ? story_ill(h, TARGET, "waiting", sc.s.id) : story_well(h, TARGET, "waiting"), "a day later the doctor names %s",
	    leaves ? "it, for the member left" : "nothing");
	scene_end(&sc);
}

/* As many as one partner may have wait in another referral. */
static void
fill_steps(struct scene *sc)
{
	struct db *db = hostile_db(&sc->host, SOURCE);
	struct case_row row;
	char id[32];

	must(&sc->host, case_get(db, sc->s.id, &row));
	free(row.id);
	row.id = strdup("GR6ZEWN0TC4N5PZ1Y8P956JWD7");
	row.clock_due = 0;
	must(&sc->host, case_put(db, &row));
	for (int i = 0; i < WAITS_STEPS; i++) {
		struct step_row step = { .recorded = *sc->host.now, .waits = true, .step = { .by = REFERRAL_AT_TARGET,
		    .move = { .input = REFERRAL_IN_ENGAGE, .actor = REFERRAL_BY_TARGET, .leg = 1, .at = *sc->host.now } } };

		(void)snprintf(id, sizeof(id), "N4GGVB7Z0FNVV3G5SDTNK9%04d", i);
		memcpy(step.step.id, id, sizeof(step.step.id));
		memcpy(step.step.prev, nothing, sizeof(step.step.prev));
		must(&sc->host, step_put(db, row.id, &step));
	}
	case_free(&row);
	hostile_go_on(&sc->host, SOURCE, db);
}

static void
test_many(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *shown = NULL;
	json_t *content;

	scene_begin(&sc, 96, STORY_REFER);
	fill_steps(&sc);
	hostile_say(h, TARGET, sc.channel, ANSWER, on_nothing(&sc, json_pack("{s:s}", "decision", "accept")));
	is_int(waiting(&sc, SOURCE, "accept"), 0, "of one partner no more wait than so many");
	is_int((int)found_in(h, SOURCE, "rejected", "reason", "too many steps of its sender"), 1, "and the next is listed");
	content = scene_stamp(&sc, json_pack("{s:s, s:s}", "decision", "decline", "reason", "no_capacity"));
	hostile_say(h, TARGET, sc.channel, ANSWER, content);
	shown = refer_show(h, SOURCE, &sc.s);
	is_str(json_str(shown, "state"), "ended", "what need not wait is taken as ever");
	scene_end(&sc);
}

/* As many revocations as one partner may have of consents that nobody knows. */
static void
fill_revocations(struct scene *sc, const char *org)
{
	struct db *db = hostile_db(&sc->host, TARGET);
	char id[32];

	for (int i = 0; i < WAITS_REVOKED; i++) {
		(void)snprintf(id, sizeof(id), "6Q9ACKRYS2BJ6ZB7GDS3MB%04d", i);
		must(&sc->host, revocation_put(db, &(struct revocation_row){ .consent = id, .org = (char *)(uintptr_t)org, .at = *sc->host.now }));
	}
	hostile_go_on(&sc->host, TARGET, db);
}

static json_t *
revoked(struct scene *sc, const char *consent, const char *then)
{
	return scene_stamp(sc, json_pack("{s:s, s:I, s:s, s:s}", "consent", consent, "at", (json_int_t)*sc->host.now, "how", "phone", "then", then));
}

static int64_t
unknown(struct scene *sc, const char *org)
{
	struct db *db = hostile_db(&sc->host, TARGET);
	int64_t n = 0;

	must(&sc->host, revocation_unknown(db, org, &n));
	hostile_go_on(&sc->host, TARGET, db);
	return n;
}

static void
test_revocations(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *shown = NULL;
	json_t *content;
	char org[32];

	scene_begin(&sc, 97, STORY_CONSENT);
	shown = refer_show(h, TARGET, &sc.s);
	(void)snprintf(org, sizeof(org), "%s", json_str(shown, "org"));
	fill_revocations(&sc, org);
	content = revoked(&sc, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "nothing");
	(void)json_object_set_new(content, "referral", json_string("GR6ZEWN0TC4N5PZ1Y8P956JWD7"));
	hostile_say(h, SOURCE, sc.channel, REVOKED, content);
	is_int((int)found_in(h, TARGET, "rejected", "reason", "too many revocations"), 1, "of one partner no more are kept than so many, and the next is listed");
	hostile_say(h, SOURCE, sc.channel, REVOKED, revoked(&sc, "ZZZZZZZZZZZZZZZZZZZZZZZZZY", "revoke"));
	ok(refer_state(h, TARGET, &sc.s, "ended"), "a member who leaves by one leaves all the same");
	is_int(unknown(&sc, org), WAITS_REVOKED, "and none took another's place");
	later(h, 400 * WHEN_DAY);
	for (int i = 0; i < 80; i++)
		host_run(h, MOMENT);
	is_int(unknown(&sc, org), 0, "after 400 days they are dropped");
	ok(story_audited(&sc.host, TARGET, "", "revocation-dropped", "") > 0, "which the audit says");
	scene_end(&sc);
}

/* Whether both sides have the same step cannot be left open: a target that ends a referral by a consent that nobody gave is not answered. */
static void
test_made_up(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	struct db *db;
	json_t *plain;
	char org[32];
	autojson json_t *shown = NULL;
	int64_t n = 0;
	int before;

	scene_begin(&sc, 99, STORY_CONSENT);
	shown = refer_show(h, SOURCE, &sc.s);
	(void)snprintf(org, sizeof(org), "%s", json_str(shown, "org"));
	before = story_sent(h, SOURCE_USER);
	hostile_say(h, TARGET, sc.channel, REVOKED, revoked(&sc, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "revoke"));
	ok(refer_state(h, SOURCE, &sc.s, "accepted"), "a consent that nobody gave ends nothing");
	is_int(story_sent(h, SOURCE_USER) - before, 0, "and the target, which made the step, is not told that it was taken");
	db = hostile_db(h, SOURCE);
	must(h, revocation_unknown(db, org, &n));
	hostile_go_on(h, SOURCE, db);
	is_int(n, 1, "the consent itself has ended, should it come");
	plain = revoked(&sc, "ZZZZZZZZZZZZZZZZZZZZZZZZZY", "nothing");
	(void)(json_object_del(plain, "prev") | json_object_del(plain, "leg"));
	hostile_say(h, TARGET, sc.channel, REVOKED, plain);
	is_int(story_sent(h, SOURCE_USER) - before, 2, "one without a step is acknowledged, and answered");
	scene_end(&sc);
}

enum { MADE_UP = 4 };

/* The target says what ${db}, its store, owes by now, and hears nothing that comes of it. */
static void
say_unheard(struct scene *sc, struct db *db)
{
	host_kill(&sc->host, SOURCE);
	hostile_go_on(&sc->host, TARGET, db);
	host_run(&sc->host, MOMENT);
	host_kill(&sc->host, TARGET);
	host_start(&sc->host, SOURCE);
	host_run(&sc->host, MOMENT);
}

/* The target asks about what never was, each time something else, but for the consent; and hears nothing that comes of it. */
static void
make_up(struct scene *sc)
{
	static const char *const types[] = { REVOKED, "org.cairnpeer.erasure.request", "org.cairnpeer.referral.settle", "org.cairnpeer.directory.purge" };
	struct db *db = hostile_db(&sc->host, TARGET);

	for (size_t k = 0; k < nelem(types); k++)
		for (int i = 0; i < MADE_UP; i++) {
			autojson json_t *content = json_pack("{s:i, s:i, s:s, s:I}", "v", 1, "seq", 1000 + (int)k * MADE_UP + i, "body", "-", "sent_at", (json_int_t)*sc->host.now);
			char id[32], about[32];

			(void)snprintf(id, sizeof(id), "G817PTM282CKXPPC430W6Z%zu%03d", k, i);
			(void)snprintf(about, sizeof(about), "GR6ZEWN0TC4N5PZ1Y8P95J%zu%03d", k, i);
			(void)json_object_set_new(content, "id", json_string(id));
			(void)json_object_set_new(content, k == 3 ? "record" : "referral", json_string(about));
			if (k == 0)
				(void)json_object_update_new(content, json_pack("{s:s, s:I, s:s, s:s}", "consent", nothing, "at", (json_int_t)*sc->host.now,
				    "how", "phone", "then", "nothing"));
			if (k == 1)
				(void)json_object_set_new(content, "because", json_string("member_asked"));
			must(&sc->host, outbox_event(db, "node", sc->channel, types[k], NULL, content, "ack", id, NULL));
		}
	say_unheard(sc, db);
}

/* What is repeated until it is acknowledged. */
static int
owed(struct scene *sc)
{
	struct db *db = hostile_db(&sc->host, SOURCE);
	struct traffic *due = NULL;
	size_t n = 0;

	must(&sc->host, traffic_due(db, INT64_MAX, 1000, &due, &n));
	traffic_list_free(due, n);
	hostile_go_on(&sc->host, SOURCE, db);
	return (int)n;
}

static void
test_unknown(void)
{
	enum { ASKED = 4 * MADE_UP };
	struct scene sc;
	struct host *h = &sc.host;
	int before;

	scene_begin(&sc, 93, STORY_REFER);
	before = story_sent(h, SOURCE_USER);
	make_up(&sc);
	is_int(story_sent(h, SOURCE_USER) - before, 2 * ASKED, "what is about nothing that is here is acknowledged and answered");
	is_int(owed(&sc), 0, "and no answer is owed");
	ok(story_audited(h, SOURCE, "partner:", "revoke", "") == 0 && story_audited(h, SOURCE, "partner:", "purge", "") == 0,
	    "nor is the audit filled with names of things that are not here");
	later(h, WHEN_DAY);
	is_int(story_sent(h, SOURCE_USER) - before, 2 * ASKED, "to whoever is silent nothing is said again");
	host_start(h, TARGET);
	make_up(&sc);
	is_int(story_sent(h, SOURCE_USER) - before, 4 * ASKED, "but when it comes again");
	host_start(h, TARGET);
	scene_end(&sc);
}

/* The target says in the real referral that a consent has ended, ${n} times, each time anew; and hears nothing that comes of it. */
static void
say_anew(struct scene *sc, const char *consent, int n)
{
	struct db *db = hostile_db(&sc->host, TARGET);

	for (int i = 0; i < n; i++) {
		autojson json_t *content = json_pack("{s:i, s:s, s:s, s:I, s:s, s:s, s:s, s:I}", "v", 1, "referral", sc->s.id, "consent", consent,
		    "at", (json_int_t)*sc->host.now, "how", "phone", "then", "nothing", "body", "-", "sent_at", (json_int_t)*sc->host.now);
		char id[48];

		(void)snprintf(id, sizeof(id), "G817PTM282CKXPPC430W6Y%04d", ++sc->said);
		(void)(json_object_set_new(content, "id", json_string(id)) | json_object_set_new(content, "seq", json_integer(3000 + sc->said)));
		must(&sc->host, outbox_event(db, "node", sc->channel, REVOKED, NULL, content, "ack", id, NULL));
	}
	say_unheard(sc, db);
}

/* What is said again of a consent, known or not, in a referral that is here, leaves nothing more than what was said first. */
static void
test_again(void)
{
	static const char *const consents[] = { "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "ZZZZZZZZZZZZZZZZZZZZZZZZZY" };
	struct scene sc;
	struct host *h = &sc.host;
	int before;

	scene_begin(&sc, 94, STORY_REFER);
	before = story_sent(h, SOURCE_USER);
	for (int i = 0; i < (int)nelem(consents); i++) {
		say_anew(&sc, consents[i], MADE_UP);
		if (i == 0)
			is_int(story_sent(h, SOURCE_USER) - before, 2 * MADE_UP, "that a consent has ended is acknowledged and answered each time that it is said");
		is_int(owed(&sc), i + 1, "of each consent one answer is owed");
		is_int(story_audited(h, SOURCE, "partner:", "revoke", ""), i + 1, "and the audit has each once");
	}
	host_start(h, TARGET);
	scene_end(&sc);
}

int
main(void)
{
	test_age();
	test_impossible(false);
	test_impossible(true);
	test_many();
	test_revocations();
	test_made_up();
	test_unknown();
	test_again();
	return done_testing();
}
