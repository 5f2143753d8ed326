/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody without Matrix: staff opens a case, refers them, calls them when it is safe; their consent is on paper.
 * Whoever came from a court came of their own will.  That two referrals are of one person only their recipient sees.
 */
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "search.h"
#include "store/intakestore.h"
#include "story_refer.h"
#include "tests/tap.h"

#define ALIAS "Qzyvankim"
#define PHONE "+1 201 555 0187"

/* What is said of whoever has no Matrix: to staff, and on paper. */
static const char *const theirs[] = { ALIAS, PHONE, "Qzyvannote", "Mon-Fri 17:00-19:00", "Sam, front desk", "Somebody to talk to.", "Qzyvanjordan", "(201) 555-0187",
    "+1 312 555 0110", NULL };

static struct host h;
static struct referral_story story;
static char opened[32], call[32];	/* A case, and a call to make. */
static const char *number = "(201) 555-0187";

static json_t *
person(const char *at, const char *zone)
{
	return json_pack("{s:{s:s, s:s, s:s, s:b, s:s, s:s}}", "person", "note", "Qzyvannote", "alias", ALIAS, "phone", PHONE, "leave_message", 0, "call_back", at, "zone", zone);
}

static void
test_open(void)
{
	autojson json_t *bad = host_command(&h, SOURCE, "open-case", person("Mon-Fri 17:00-19:00", "Mars/Olympus")), *none = NULL, *cases = NULL;
	autojson json_t *reply = NULL, *shown = NULL, *empty = NULL;
	autofree char *text = NULL;

	ok(refused(bad, "time zone"), "a case has safe times in a zone that is known");
	none = host_command(&h, SOURCE, "open-case", person("whenever", "America/New_York"));
	ok(refused(none, "call_back"), "and that are times");
	empty = host_command(&h, SOURCE, "open-case", json_pack("{s:{s:s, s:s}}", "person", "alias", ALIAS, "phone", PHONE));
	ok(refused(empty, "leave_message"), "whether a message may be left is asked, not guessed");
	reply = host_ok(&h, SOURCE, "open-case", person("Mon-Fri 17:00-19:00", "America/New_York"));
	(void)snprintf(opened, sizeof(opened), "%s", json_str(reply, "case"));
	cases = story_list(&h, SOURCE, "cases");
	text = json_dumps(cases, 0);
	ok(json_array_size(cases) == 1 && strstr(text, ALIAS) == NULL && strstr(text, "555") == NULL, "cases are listed without a word on whom");
	shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", opened));
	is_str(json_str(json_obj(shown, "person"), "phone"), PHONE, "and shown when asked for");
}

static json_t *
refer(const char *origin, int voluntary)
{
	json_t *args = refer_args(&h, &story, STORY_REFER);

	json_object_set_new(args, "case", json_string(opened));
	json_object_set_new(args, "times", json_pack("[s]", "weekday_morning"));
	json_object_set_new(args, "origin", json_string(origin));
	if (voluntary >= 0)
		json_object_set_new(args, "voluntary", json_boolean(voluntary));
	return args;
}

static void
test_origin(void)
{
	autojson json_t *unasked = host_command(&h, SOURCE, "refer", refer("court", -1)), *against = host_command(&h, SOURCE, "refer", refer("clinician", 0));
	autojson json_t *strange = host_command(&h, SOURCE, "refer", refer("employer", 1)), *nobody = refer("self", -1), *unknown = NULL;

	ok(refused(unasked, "voluntary"), "nobody is referred by a court who has not said that they want it");
	ok(refused(against, "voluntary"), "nor by a clinician");
	ok(refused(strange, "origin"), "an origin is one of five");
	json_object_set_new(nobody, "case", json_string("01J8Z0Q4M2K7V9T5B3N6X8C0RD"));
	unknown = host_command(&h, SOURCE, "refer", json_incref(nobody));
	ok(refused(unknown, "no case"), "a case has to be there");
	is_int((int)story_count(&h, SOURCE, "referrals"), 0, "nothing was sent");
}

static json_t *
only_task(size_t i, char id[32])
{
	json_t *tasks = story_list(&h, i, "tasks");
	const json_t *task = json_array_get(tasks, 0);

	(void)snprintf(id, 32, "%s", json_array_size(tasks) == 1 ? json_str(task, "id") : "");
	return tasks;
}

static void
test_call(void)
{
	autojson json_t *sent = host_ok(&h, SOURCE, "refer", refer("clinician", 1)), *tasks = NULL, *task = NULL, *missed = NULL, *again = NULL, *done = NULL;
	autofree char *text = NULL;
	char id[32];

	(void)snprintf(story.id, sizeof(story.id), "%s", json_str(sent, "referral"));
	host_run(&h, 20000);
	is_int((int)story_count(&h, SOURCE, "tasks"), 0, "there is nothing to say yet");
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", story.id, "decision", "accept")));
	host_run(&h, 20000);
	tasks = only_task(SOURCE, id);
	text = json_dumps(tasks, 0);
	ok(*id != '\0' && strstr(text, "they said yes") != NULL, "when it is accepted there is somebody to be called");
	ok(strstr(text, ALIAS) == NULL && strstr(text, "555") == NULL, "who, is not in the list");
	/* The story begins on a Saturday night in November. */
	is_str(json_str(json_array_get(tasks, 0), "from"), "2026-11-23T22:00:00Z", "at the next safe time");
	is_str(json_str(json_array_get(tasks, 0), "until"), "2026-11-24T00:00:00Z", "and not later");
	task = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", id));
	is_str(json_str(json_obj(task, "person"), "phone"), PHONE, "the number is shown to whoever calls");
	missed = host_ok(&h, SOURCE, "task", json_pack("{s:s, s:s}", "task", id, "result", "missed"));
	is_str(json_str(missed, "from"), "2026-11-24T22:00:00Z", "who was not reached is called at the next safe time, never sooner");
	done = host_ok(&h, SOURCE, "task", json_pack("{s:s, s:s}", "task", id, "result", "done"));
	is_int((int)story_count(&h, SOURCE, "tasks"), 0, "what is done is listed no more");
	again = host_command(&h, SOURCE, "task", json_pack("{s:s, s:s}", "task", id, "result", "done"));
	ok(refused(again, "done already"), "nor done twice");
	memcpy(call, id, sizeof(call));
}

/* Berta lives by another clock than the member, and has an hour when it is evening with her and morning there. */
static void
publish_berta(void)
{
	json_t *berta = json_pack("{s:s, s:s, s:[s], s:[s], s:[s], s:[s], s:s, s:{s:i, s:I}}", "alias", "Berta", "program", "hsds:service/1",
	    "roles", "one_to_one", "languages", "en", "modalities", "online_text", "times", "weekday_evening", "timezone", "Europe/Berlin", "capacity", "open", 3, "updated_at",
	    (json_int_t)*h.now);

	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", "berta", "kind", "specialist", "body", berta)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 10000);
}

/* What that side is told of Berta's times in a match made from the referral; its reply is the caller's. */
static json_t *
match_says(size_t side, const char *referral, const char *zone, const char *words, const char *name)
{
	json_t *reply = host_ok(&h, side, "match", json_pack("{s:s, s:s*}", "referral", referral, "zone", zone)), *one;
	autofree char *text = NULL;
	size_t i;

	json_array_foreach(json_arr(reply, "choices"), i, one)
		if (!strcmp(json_str(one, "name"), "Berta"))
			text = json_dumps(json_object_get(one, "for_member"), 0);
	json_array_foreach(json_arr(reply, "excluded"), i, one)
		if (!strcmp(json_str(one, "name"), "Berta"))
			text = json_dumps(json_object_get(one, "why"), 0);
	ok(text != NULL && strstr(text, words) != NULL, "%s: %s", name, text != NULL ? text : "nothing");
	return reply;
}

#define BOTH_CLOCKS	"times: 60 minutes at a stretch, by the clocks of America/New_York and Europe/Berlin"
#define NO_CLOCK	"has time only when the member has not, by the specialist's own clock, since the member's time zone is not known here"

/* By the clock of whoever is referred; where that is not known, it is said. */
static void
test_clocks(void)
{
	autojson json_t *match = match_says(SOURCE, story.id, NULL, BOTH_CLOCKS, "the zone is that of the case");
	autojson json_t *why = NULL, *taken = NULL;
	const json_t *berta = NULL;
	json_t *one;
	size_t i;

	json_decref(match_says(SOURCE, story.id, "Europe/Berlin",
	    "has time only when the member has not, by the specialist's own clock\"", "unless staff name one"));
	json_decref(match_says(TARGET, story.id, NULL, NO_CLOCK, "whoever was told nothing knows no zone, and says so"));
	json_array_foreach(json_arr(match, "choices"), i, one)
		berta = !strcmp(json_str(one, "name"), "Berta") ? one : berta;
	why = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:[O]}", "referral", story.id, "why", json_object_get(berta, "record")));
	one = json_array_get(json_arr(why, "asked"), 0);
	is_str(json_string_value(json_array_get(json_arr(one, "why"), 0)), "not excluded, with 10 points", "the same is said of one who is asked about");
	taken = host_command(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", json_object_get(match, "match"), "record",
	    json_object_get(berta, "record")));
	ok(json_is_true(json_object_get(taken, "ok")), "and when the member chooses");
	json_decref(host_ok(&h, SOURCE, "match end", json_pack("{s:O}", "match", json_object_get(match, "match"))));
	json_decref(taken);
	taken = host_ok(&h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(match, "match")));
	ok(json_object_get(json_obj(taken, "wish"), "time") != NULL && json_object_get(json_obj(taken, "wish"), "zone") == NULL,
	    "the zone stays with the case");
}

/* How many rows the audit has more after that command. */
static long long
audited(const char *verb, json_t *args)
{
	autojson json_t *before = host_ok(&h, SOURCE, "audit verify", json_object()), *after = NULL;

	json_decref(host_command(&h, SOURCE, verb, args));
	after = host_ok(&h, SOURCE, "audit verify", json_object());
	return json_int(after, "rows", 0) - json_int(before, "rows", 0);
}

/* Whoever looks at what is about members, or tries to do what is refused, is in the audit: once a list. */
static void
test_views(void)
{
	static const char *const members[] = { "referrals", "cases", "tasks", "matches", "messages", "erasures", "identities", "rooms", "waiting", "rejected", "outbox" };
	static const char *const others[] = { "records", "feeds", "partners", "nothing" };
	autojson json_t *match = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "grief", "age_band", "26_59"));

	for (size_t i = 0; i < nelem(members); i++)
		is_int((int)audited("list", json_pack("{s:s}", "what", members[i])), 1, "list %s", members[i]);
	for (size_t i = 0; i < nelem(others); i++)
		is_int((int)audited("list", json_pack("{s:s}", "what", others[i])), 0, "list %s tells of no member", others[i]);
	is_int((int)audited("consent", json_pack("{s:s, s:b}", "referral", story.id, "template", 1)), 1, "the form of a consent, with a number in it");
	is_int((int)audited("erase", json_pack("{s:s}", "id", opened)), 1, "what would be erased of a case");
	is_int((int)audited("erase", json_pack("{s:s}", "id", story.id)), 1, "of a referral");
	is_int((int)audited("erase", json_pack("{s:O}", "id", json_object_get(match, "match"))), 1, "of a match");
	is_int((int)audited("task", json_pack("{s:s, s:s}", "task", call, "result", "done")), 1, "what is refused about a call");
	is_int((int)audited("match review", json_pack("{s:O}", "match", json_object_get(match, "match"))), 1, "about a match");
	is_int((int)audited("refer", refer("employer", 1)), 1, "about a case");
	is_int((int)audited("match review", json_pack("{s:s}", "match", "01J8Z0Q4M2K7V9T5B3N6X8C0RD")), 0, "about nothing that is here");
	is_int((int)audited("match end", json_pack("{s:O}", "match", json_object_get(match, "match"))), 1, "what is done has one row as before");
}

/* The form, as they sign it. */
static void
consent(const char *referral, bool matrix)
{
	json_t *form = host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", referral, "template", 1));
	json_t *identity = json_obj(form, "identity");

	if (matrix) {
		form = refer_fill(form, referral);
		if (!strcmp(json_str(json_obj(json_obj(form, "consent"), "signature"), "how"), "paper"))
			json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "recorded_by", json_string("Sam, front desk"));
		json_object_set_new(identity, "name", json_string("Qzyvanjordan"));
		json_object_set_new(json_obj(identity, "contact"), "how", json_string("phone"));
		json_object_set_new(json_obj(identity, "contact"), "value", json_string(number));
		json_object_set_new(json_obj(identity, "contact"), "safe_times", json_pack("[s, s]", "weekday_evening", "night"));
		json_object_set_new(json_obj(identity, "contact"), "timezone", json_string("America/New_York"));
	} else {
		is_str(json_str(identity, "name"), ALIAS, "the form knows what they want to be called");
		is_str(json_str(json_obj(identity, "contact"), "value"), PHONE, "and how to reach them");
		is_str(json_str(json_obj(json_obj(form, "consent"), "signature"), "how"), "paper", "they sign on paper");
		json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "recorded_by", json_string("Sam, front desk"));
		json_object_set_new(form, "need_detail", json_string("Somebody to talk to."));
		json_object_set_new(form, "referral", json_string(referral));
	}
	json_decref(host_ok(&h, SOURCE, "consent", form));
	host_run(&h, 20000);
}

static void
test_consent(void)
{
	autojson json_t *shown = NULL, *tasks = NULL;
	char id[32];

	consent(story.id, false);
	json_decref(match_says(TARGET, story.id, NULL, BOTH_CLOCKS, "once the others were told, they go by the member's clock, too"));
	shown = refer_show(&h, TARGET, &story);
	is_str(json_str(json_obj(json_obj(shown, "disclosure"), "identity"), "name"), ALIAS, "a consent on paper discloses as any other");
	ok(json_object_get(shown, "may_be_the_same_person_as") == NULL, "nobody else is like them");
	tasks = only_task(TARGET, id);
	ok(*id != '\0', "and now it is for the others to call");
	is_str(json_str(json_array_get(tasks, 0), "from"), "2026-11-23T22:00:00Z", "in the hours that were said when the case was opened");
	is_str(json_str(json_array_get(tasks, 0), "until"), "2026-11-24T00:00:00Z", "to the minute");
	ok(json_object_get(json_obj(shown, "disclosure"), "constraints") == NULL, "which no more is disclosed for");
	json_decref(shown);
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id));
	is_str(json_str(json_obj(shown, "person"), "call_back"), "Mon-Fri 17:00-19:00", "and are told in words");
}

/* Nothing was said of when it is safe, and the zone is none that is known here. */
static void
test_unsaid(void)
{
	struct referral_story other = story;
	autojson json_t *sent = NULL, *tasks = NULL;
	const json_t *task, *found = NULL;
	json_t *form = refer_args(&h, &story, STORY_REFER);
	size_t i;

	(void)json_object_set_new(form, "times", json_pack("[s]", "weekday_morning"));
	sent = host_ok(&h, SOURCE, "refer", form);
	(void)snprintf(other.id, sizeof(other.id), "%s", json_str(sent, "referral"));
	host_run(&h, 20000);
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", other.id, "decision", "accept")));
	host_run(&h, 20000);
	form = refer_args(&h, &other, STORY_CONSENT);
	json_object_set_new(json_obj(json_obj(form, "identity"), "contact"), "how", json_string("phone"));
	(void)json_object_del(json_obj(json_obj(form, "identity"), "contact"), "safe_times");
	(void)json_object_set_new(json_obj(json_obj(form, "identity"), "contact"), "timezone", json_string("Mars/Olympus"));
	json_decref(host_ok(&h, SOURCE, "consent", form));
	host_run(&h, 20000);
	json_decref(match_says(TARGET, other.id, NULL, NO_CLOCK, "a zone that no machine knows is no clock"));
	json_decref(match_says(SOURCE, other.id, NULL, NO_CLOCK, "nor is a case that nobody opened"));
	tasks = story_list(&h, TARGET, "tasks");
	json_array_foreach(tasks, i, task)
		if (!strcmp(json_str(task, "referral"), other.id))
			found = task;
	is_str(json_str(found, "from"), "office hours", "who know no hours that are safe: not now, at night");
	ok(strstr(json_str(found, "mind"), "ask first") != NULL, "and are told to ask");
	json_decref(host_ok(&h, TARGET, "task", json_pack("{s:O, s:s}", "task", json_object_get(found, "id"), "result", "done")));
}

/* What the member said of when it is safe decides when they are called. */
static void
test_safe(const char *referral)
{
	autojson json_t *tasks = story_list(&h, TARGET, "tasks"), *shown = NULL, *missed = NULL;
	const json_t *task, *found = NULL;
	size_t i;

	json_array_foreach(tasks, i, task)
		if (!strcmp(json_str(task, "referral"), referral))
			found = task;
	shown = host_ok(&h, TARGET, "show", json_pack("{s:O}", "id", json_object_get(found, "id")));
	is_str(json_str(json_obj(shown, "person"), "call_back"), "Mon-Fri 17:00-22:00, daily 22:00-24:00, daily 00:00-06:00", "when it is safe is told in words");
	is_str(json_str(json_obj(shown, "person"), "zone"), "America/New_York", "by the member's clock");
	is_str(json_str(shown, "until"), "2026-11-21T11:00:00Z", "and decides until when they are called");
	missed = host_ok(&h, TARGET, "task", json_pack("{s:O, s:s}", "task", json_object_get(found, "id"), "result", "missed"));
	is_str(json_str(missed, "from"), "2026-11-22T03:00:00Z", "and when the next time");
}

static bool
alike(const json_t *shown, const char *id)
{
	const json_t *others = json_arr(shown, "may_be_the_same_person_as");

	for (size_t i = 0; i < json_array_size(others); i++)
		if (!strcmp(json_string_value(json_array_get(others, i)), id))
			return true;
	return false;
}

static void
test_alike(void)
{
	struct referral_story other = story;
	autojson json_t *sent = host_ok(&h, SOURCE, "refer", refer_args(&h, &story, STORY_REFER)), *there = NULL, *here = NULL;
	autojson json_t *made = host_ok(&h, TARGET, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Jay", "phone", "201.555.0187", "leave_message", 0));
	const char *known = json_str(made, "case");

	(void)snprintf(other.id, sizeof(other.id), "%s", json_str(sent, "referral"));
	host_run(&h, 20000);
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", other.id, "decision", "accept")));
	host_run(&h, 20000);
	there = refer_show(&h, TARGET, &other);
	ok(json_object_get(there, "may_be_the_same_person_as") == NULL, "before a disclosure nobody can tell");
	consent(other.id, true);
	json_decref(match_says(TARGET, other.id, NULL, "language: en", "a zone without times is no wish"));
	json_decref(there);
	there = refer_show(&h, TARGET, &other);
	test_safe(other.id);
	ok(alike(there, story.id) && alike(there, known) && json_array_size(json_arr(there, "may_be_the_same_person_as")) == 2,
	    "after it, whoever received both, and has a case besides, sees that they may be one person, however the number is written");
	json_decref(host_ok(&h, TARGET, "erase", json_pack("{s:s, s:s}", "id", known, "confirm", known)));
	host_run(&h, 60000);
	json_decref(there);
	there = refer_show(&h, TARGET, &other);
	ok(alike(there, story.id) && !alike(there, known), "and not as whom, once that is erased");
	here = refer_show(&h, SOURCE, &other);
	ok(json_object_get(here, "may_be_the_same_person_as") == NULL, "the sender is told nothing");
}

static void
test_court(void)
{
	struct referral_story other = story;
	autojson json_t *sent = NULL, *early = NULL, *late = NULL, *form = NULL, *kept = NULL, *told = NULL, *back = NULL, *shown = NULL, *again = NULL;

	sent = host_ok(&h, SOURCE, "refer", refer("court", 1));
	(void)snprintf(other.id, sizeof(other.id), "%s", json_str(sent, "referral"));
	host_run(&h, 20000);
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", other.id, "decision", "accept")));
	host_run(&h, 20000);
	early = host_command(&h, TARGET, "outcome", json_pack("{s:s, s:s}", "referral", other.id, "stage", "first_contact"));
	ok(refused(early, "consent"), "a court is told nothing without a consent");
	number = "+1 312 555 0110";
	consent(other.id, true);
	shown = refer_show(&h, TARGET, &other);
	ok(json_object_get(shown, "may_be_the_same_person_as") == NULL, "two who both want to be called Jordan are not alike for that");
	late = host_command(&h, TARGET, "outcome", json_pack("{s:s, s:s}", "referral", other.id, "stage", "first_contact"));
	ok(refused(late, "proceedings"), "nor under one that is for support");
	form = host_ok(&h, TARGET, "consent", json_pack("{s:s, s:b}", "referral", other.id, "template", 1));
	is_str(json_str(json_obj(form, "consent"), "covers"), "proceedings", "there is a form for that alone");
	json_object_set_new(form, "referral", json_string(other.id));
	json_object_set_new(json_obj(form, "consent"), "patient", json_string("Jo"));
	json_object_update_new(json_obj(json_obj(form, "consent"), "signature"), json_pack("{s:s, s:s}", "signer", "Jo", "recorded_by", "K. Lind"));
	json_object_set_new(json_obj(form, "consent"), "covers", json_string("general"));
	kept = host_command(&h, TARGET, "consent", json_incref(form));
	ok(refused(kept, ""), "another is not taken for it");
	json_object_set_new(json_obj(form, "consent"), "covers", json_string("proceedings"));
	json_decref(host_ok(&h, TARGET, "consent", json_incref(form)));
	told = host_command(&h, TARGET, "outcome", json_pack("{s:s, s:s}", "referral", other.id, "stage", "first_contact"));
	ok(json_is_true(json_object_get(told, "ok")), "once the member has signed that, it may be told");
	host_run(&h, 20000);
	ok(refer_state(&h, SOURCE, &other, "engaged"), "and is");
	consent(other.id, true);
	again = host_command(&h, TARGET, "outcome", json_pack("{s:s, s:s, s:s}", "referral", other.id, "stage", "closed", "outcome", "got_help"));
	ok(refused(again, "proceedings"), "until they sign another, which is for support");
	back = host_ok(&h, TARGET, "revoke", json_pack("{s:s, s:s, s:s}", "referral", other.id, "how", "in_person", "recorded_by", "K. Lind"));
	is_int((int)json_array_size(json_arr(back, "consents")), 3, "taking it back ends those to support and the one for the court");
	json_decref(match_says(TARGET, other.id, NULL, NO_CLOCK, "and by their clock nobody goes any more"));
}

/* What a call to make says of a referral; NULL: there is none. */
static json_t *
call_of(const char *referral)
{
	autojson json_t *tasks = story_list(&h, SOURCE, "tasks");
	json_t *task, *found = NULL;
	size_t i;

	json_array_foreach(tasks, i, task)
		if (!strcmp(json_str(task, "referral"), referral) && found == NULL)
			found = json_incref(task);
	return found;
}

/* However it ends, and whoever ends it, whoever has no Matrix is called, but for what they said themselves. */
static void
test_ends(void)
{
	static const struct {
		const char	*how, *words;
		bool		 agreed;	/* The member had said yes, too. */
		struct { size_t who; const char *verb, *args; } does[5];
	} ways[] = {
		{ "the target says no", "they said no", false, { { TARGET, "decline", "{\"reason\":\"no_capacity\"}" } } },
		{ "it is forwarded", "another program suits better", false, { { TARGET, "forward", "{\"to\":\"GR6ZEWN0TC4N5PZ1Y8P956JWD7\"}" } } },
		{ "staff take it back", "it was taken back here", false, { { SOURCE, "withdraw", "{}" } } },
		{ "it was a mistake", "it was taken back here", false, { { SOURCE, "mistake", "{}" } } },
		{ "they took it back themselves, on paper", NULL, true,
		    { { SOURCE, "revoke", "{\"how\":\"paper\",\"recorded_by\":\"K. Lind\"}" } } },
		{ "the member tells the others to stop", "the others were told to stop", true,
		    { { TARGET, "revoke", "{\"how\":\"phone\",\"recorded_by\":\"K. Lind\"}" } } },
		{ "they cannot be reached", "could not be reached", true, { { TARGET, "contact", "{\"channel\":\"phone\"}" },
		    { TARGET, "contact", "{\"channel\":\"post\"}" }, { TARGET, "contact", "{\"channel\":\"phone\"}" }, { TARGET, "fail", "{\"failure\":\"lost_contact\"}" } } },
		{ "the support ends", "the support has ended", true, { { TARGET, "engage", "{}" }, { TARGET, "close", "{\"outcome\":\"got_help\"}" } } },
		{ "what is asked back late is let go", "what was asked back has ended", true,
		    { { TARGET, "engage", "{}" }, { SOURCE, "withdraw", "{}" }, { TARGET, "confirm", "{}" } } },
	};

	for (size_t i = 0; i < nelem(ways); i++) {
		autojson json_t *sent = host_ok(&h, SOURCE, "refer", refer("clinician", 1)), *task = NULL, *shown = NULL;
		const char *id = json_str(sent, "referral");

		host_run(&h, 20000);
		if (ways[i].agreed) {
			json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", id, "decision", "accept")));
			host_run(&h, 20000);
			consent(id, false);
		}
		for (size_t k = 0; k < nelem(ways[i].does) && ways[i].does[k].verb != NULL; k++) {
			json_t *args = json_loads(ways[i].does[k].args, 0, NULL);

			(void)(json_object_set_new(args, "referral", json_string(id)) | json_object_set_new(args, "id", json_string(id)));
			json_decref(host_ok(&h, ways[i].does[k].who, ways[i].does[k].verb, args));
			host_run(&h, 20000);
		}
		shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", id));
		task = call_of(id);
		ok(json_str(shown, "end") != NULL || !strcmp(json_str(shown, "state"), "forwarded") || !strcmp(json_str(shown, "state"), "closed"), "%s: it has ended: %s", ways[i].how, json_str(shown, "state"));
		ok((task != NULL) == (ways[i].words != NULL) && (task == NULL || strstr(json_str(task, "what"), ways[i].words) != NULL), "%s: the call to make: %s", ways[i].how,
		    task != NULL ? json_str(task, "what") : "none");
	}
}

static void
test_erased(void)
{
	autojson json_t *list = story_list(&h, SOURCE, "referrals"), *gone = NULL;
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
		json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:O, s:O}", "id", json_object_get(row, "id"), "confirm", json_object_get(row, "id"))));
	for (i = 0; i < 30; i++)
		host_run(&h, 4000);
	gone = host_command(&h, SOURCE, "show", json_pack("{s:s}", "id", opened));
	ok(gone != NULL && json_object_get(json_obj(gone, "result"), "person") == NULL, "whoever is erased is forgotten with their number");
	is_int((int)story_count(&h, SOURCE, "cases") + (int)story_count(&h, SOURCE, "tasks"), 0, "nobody is to be called for them");
	{
		struct db *db = hostile_db(&h, SOURCE);
		struct intake who;

		ok(intake_of(db, story.id, &who) == E_NOTFOUND, "nor is known whose it was");
		hostile_go_on(&h, SOURCE, db);
	}
}

/* Somebody for whom nothing was asked, and somebody for whom much was, are forgotten by the id of their case. */
static void
test_case_erased(void)
{
	autojson json_t *reply = NULL, *plan = NULL, *gone = NULL, *sent = NULL, *again = NULL;

	reply = host_ok(&h, SOURCE, "open-case", person("Mon-Fri 17:00-19:00", "America/New_York"));
	(void)snprintf(opened, sizeof(opened), "%s", json_str(reply, "case"));
	plan = host_ok(&h, SOURCE, "erase", json_pack("{s:s}", "id", opened));
	ok(json_array_size(json_arr(plan, "erases")) == 1 && story_count(&h, SOURCE, "cases") == 1, "it is said first what would be erased");
	for (int with = 0; with < 2; with++) {
		json_decref(host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", opened, "confirm", opened)));
		for (int i = 0; i < 30; i++)
			host_run(&h, 4000);
		is_int((int)story_count(&h, SOURCE, "cases") + (int)story_count(&h, SOURCE, "referrals"), 0, "then they are forgotten, %s",
		    with ? "with all that was asked for them" : "though nothing was asked for them");
		{
			struct db *db = hostile_db(&h, SOURCE);
			autointake struct intake who = { 0 };

			ok(intake_get(db, opened, &who) == E_NOTFOUND, "and nothing of them is stored");
			hostile_go_on(&h, SOURCE, db);
		}
		if (with)
			break;
		gone = host_command(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", opened, "confirm", opened));
		ok(refused(gone, "erased before"), "once");
		again = host_ok(&h, SOURCE, "open-case", person("Mon-Fri 17:00-19:00", "America/New_York"));
		(void)snprintf(opened, sizeof(opened), "%s", json_str(again, "case"));
		for (int k = 0; k < 2; k++) {
			json_decref(sent);
			sent = host_ok(&h, SOURCE, "refer", refer("clinician", 1));
		}
		host_run(&h, 20000);
	}
}

/* Of two referrals of one case the newest is forgotten: whom it was for is still there for the other. */
static void
test_newest_erased(void)
{
	autojson json_t *reply = host_ok(&h, SOURCE, "open-case", person("Mon-Fri 17:00-19:00", "America/New_York"));
	autojson json_t *shown = NULL, *first = NULL, *second = NULL, *plan = NULL, *last = NULL;
	autofree char *text = NULL, *words = NULL;

	(void)snprintf(opened, sizeof(opened), "%s", json_str(reply, "case"));
	first = host_ok(&h, SOURCE, "refer", refer("self", -1));
	host_run(&h, 20000);
	second = host_ok(&h, SOURCE, "refer", refer("self", -1));
	host_run(&h, 20000);
	plan = host_ok(&h, SOURCE, "erase", json_pack("{s:O, s:O}", "id", json_object_get(second, "referral"), "confirm", json_object_get(second, "referral")));
	text = json_dumps(json_arr(plan, "keeps"), 0);
	ok(strstr(text, opened) != NULL, "it is said that whom it is for stays: %s", text);
	for (int i = 0; i < 30; i++)
		host_run(&h, 4000);
	is_int((int)story_count(&h, SOURCE, "referrals"), 1, "the newest is forgotten");
	shown = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", opened));
	is_str(json_str(json_obj(shown, "person"), "phone"), PHONE, "and whom to call for the other is not");
	host_stop(&h, SOURCE);
	host_start(&h, SOURCE);
	last = host_ok(&h, SOURCE, "erase", json_pack("{s:O, s:O}", "id", json_object_get(first, "referral"), "confirm", json_object_get(first, "referral")));
	words = json_dumps(json_arr(last, "erases"), 0);
	ok(strstr(words, opened) != NULL, "with the last of theirs they go, which is said: %s", words);
	for (int i = 0; i < 30; i++)
		host_run(&h, 4000);
	is_int((int)story_count(&h, SOURCE, "cases") + (int)story_count(&h, SOURCE, "referrals"), 0, "and nothing of them is left");
}

int
main(void)
{
	story_begin(&h, 94);
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &story);
	publish_berta();
	test_open();
	test_origin();
	test_call();
	test_clocks();
	test_views();
	test_consent();
	test_alike();
	test_unsaid();
	test_court();
	test_ends();
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET), "nothing waits, nothing was rejected");
	search_member(&h, theirs);
	test_erased();
	test_case_erased();
	test_newest_erased();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
