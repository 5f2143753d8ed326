/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a member, said under a consent that ends before the source has it: both sides come to the same
 * referral, and whoever may not hear of it, a court for one, cannot tell that there was something.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "hs_world.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "story_refer.h"
#include "tests/tap.h"

#define DISCLOSURE	"org.cairnpeer.referral.disclosure"
#define PROGRESS	"org.cairnpeer.referral.progress"
#define REVOKED		"org.cairnpeer.consent.revoked"

enum { LASTS_S = 600 };

static struct host h;
static struct referral_story s;
static int made_up;
static const char *mute;		/* The node whose words the homeserver does not take. */

static void
does(const char *verb, const char *key, const char *value)
{
	json_decref(host_ok(&h, TARGET, verb, json_pack("{s:s, s:s*}", "referral", s.id, key != NULL ? key : "none", value)));
}

static bool
same_step(void)
{
	autojson json_t *ours = refer_show(&h, SOURCE, &s), *theirs = refer_show(&h, TARGET, &s);

	return !strcmp(json_str(ours, "last_step"), json_str(theirs, "last_step")) && !strcmp(json_str(ours, "state"), json_str(theirs, "state"));
}

/* A referral that was accepted. */
static void
begin_accepted(const char *origin)
{
	json_t *args = refer_args(&h, &s, STORY_REFER);
	autojson json_t *sent = NULL;

	if (origin != NULL) {
		(void)json_object_set_new(args, "origin", json_string(origin));
		(void)json_object_set_new(args, "voluntary", json_true());
	}
	sent = host_ok(&h, SOURCE, "refer", args);
	(void)snprintf(s.id, sizeof(s.id), "%s", json_str(sent, "referral"));
	host_run(&h, 20000);
	does("answer", "decision", "accept");
	host_run(&h, 20000);
}

/* The member signs at the source, until then; NULL: for half a year. */
static void
sign(json_t *until)
{
	json_t *form = refer_args(&h, &s, STORY_CONSENT);

	if (until != NULL)
		(void)json_object_set_new(json_obj(form, "consent"), "expires", until);
	json_decref(host_ok(&h, SOURCE, "consent", form));
}

static json_t *
ten_minutes(void)
{
	return json_pack("{s:s, s:o}", "kind", "date", "at", json_integer(*h.now + LASTS_S * 1000));
}

static json_t *
event(void)
{
	return json_pack("{s:s, s:s}", "kind", "event", "event", "when I have moved");
}

static void
revoke(size_t i, const char *how)
{
	json_decref(host_ok(&h, i, "revoke", json_pack("{s:s, s:s, s:s}", "referral", s.id, "how", how, "recorded_by", "K. Lind")));
}

/* ... with a consent that ends in ten minutes. */
static void
begin(const char *origin)
{
	begin_accepted(origin);
	sign(origin == NULL ? ten_minutes() : NULL);
	host_run(&h, 20000);
}

/* What never left, and what staff made on it. */
static void
test_never_left(void)
{
	autojson json_t *here = NULL, *there = NULL;
	const json_t *untold;

	begin(NULL);
	mute = TARGET_USER;
	does("contact", "channel", "phone");
	does("engage", NULL, NULL);
	does("forward", "to", s.specialist);
	host_run(&h, 30000);
	ok(refer_state(&h, TARGET, &s, "forwarded") && refer_state(&h, SOURCE, &s, "accepted"), "the target goes on while nothing of it leaves");
	host_run(&h, LASTS_S * 1000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	here = refer_show(&h, SOURCE, &s);
	there = refer_show(&h, TARGET, &s);
	ok(same_step() && !strcmp(json_str(here, "state"), "accepted"), "the consent ends first: both sides are where both know of");
	untold = json_arr(there, "untold");
	ok(json_array_size(untold) == 3 && json_object_get(here, "untold") == NULL, "what staff did is shown to them as never told");
	is_str(json_str(json_obj(json_array_get(untold, 0), "details"), "channel"), "phone", "with what it said");
	ok(json_array_size(json_arr(here, "overtaken")) == 0, "and at the source nothing waits");
	does("forward", "to", s.specialist);
	host_run(&h, 20000);
	ok(refer_state(&h, SOURCE, &s, "forwarded") && same_step(), "what needs no consent can be done again, and is heard");
}

/* That the member left, as the source would say it under that id. */
static void
leaves(const char *id, const json_t *prev)
{
	hostile_say(&h, SOURCE, hs_room(h.hs, "org.cairnpeer.channel", 0), "org.cairnpeer.referral.change", json_pack(
	    "{s:i, s:s, s:i, s:s, s:O, s:i, s:s, s:s, s:s, s:I}", "v", 1, "id", id, "seq", 100000, "referral", s.id, "prev", prev, "leg", 1,
	    "change", "withdraw", "by", "member", "body", "-", "sent_at", (json_int_t)*h.now));
}

/* A source that had it all the same, and calls a step of its own by the same id. */
static void
test_id_of_untold(void)
{
	autojson json_t *made = NULL, *before = NULL, *after = NULL;

	begin(NULL);
	mute = TARGET_USER;
	made = host_ok(&h, TARGET, "engage", json_pack("{s:s}", "referral", s.id));
	host_run(&h, LASTS_S * 1000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	before = refer_show(&h, TARGET, &s);
	ok(json_array_size(json_arr(before, "untold")) == 1 && same_step(), "a step was never told");
	leaves(json_str(made, "id"), json_object_get(before, "last_step"));
	after = refer_show(&h, TARGET, &s);
	ok(json_equal(json_object_get(before, "history"), json_object_get(after, "history")) && json_array_size(json_arr(after, "untold")) == 1 &&
	    story_clean(&h, TARGET), "one of the source under its id changes nothing");
	leaves("7S1R7KQ8Z9M6N2W4X5C3V0B1PE", json_object_get(before, "last_step"));
	ok(refer_state(&h, TARGET, &s, "ended"), "under an id of its own it does");
}

/* What has left, and whose acknowledgement does not come. */
static void
test_had(void)
{
	begin(NULL);
	mute = SOURCE_USER;
	does("engage", NULL, NULL);
	host_run(&h, 30000);
	ok(refer_state(&h, SOURCE, &s, "engaged"), "the source has it, and cannot say so");
	host_run(&h, LASTS_S * 1000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(refer_state(&h, TARGET, &s, "engaged") && same_step(), "asked when the consent ends, it does: both keep it");
}

/* News that comes after the source has said that it has none. */
static void
test_late(void)
{
	autojson json_t *before = refer_show(&h, SOURCE, &s), *after = NULL;
	const char *channel = hs_room(h.hs, "org.cairnpeer.channel", 0);
	json_t *late = json_pack("{s:i, s:s, s:i, s:s, s:O, s:i, s:s, s:I, s:s, s:I}", "v", 1, "id", "7S1R7KQ8Z9M6N2W4X5C3V0B1PD", "seq", 1,
	    "referral", s.id, "prev", json_object_get(before, "last_step"), "leg", 1, "progress", "pause", "happened_at", (json_int_t)*h.now, "body", "-",
	    "sent_at", (json_int_t)*h.now);
	autojson json_t *again = json_deep_copy(late);

	hostile_say(&h, TARGET, channel, "org.cairnpeer.referral.progress", late);
	after = refer_show(&h, SOURCE, &s);
	is_str(json_str(after, "last_step"), json_str(before, "last_step"), "news with an older number is not taken any more");
	(void)json_object_set_new(again, "seq", json_integer(100000));
	hostile_say(&h, TARGET, channel, "org.cairnpeer.referral.progress", json_incref(again));
	ok(refer_state(&h, SOURCE, &s, "paused"), "news with a later one is");
}

/* Both sides have the same steps, and what the target knows is what the newest consent disclosed: one until a day. */
static bool
second_counts(void)
{
	autojson json_t *ours = refer_show(&h, SOURCE, &s), *theirs = refer_show(&h, TARGET, &s);
	const json_t *consent = json_obj(json_obj(theirs, "disclosure"), "consent");

	return same_step() && refer_count(theirs, "consent") == 2 && json_object_get(theirs, "overtaken") == NULL &&
	    consent != NULL && json_equal(consent, json_obj(json_obj(ours, "disclosure"), "consent")) &&
	    !strcmp(json_str(json_obj(consent, "expires"), "kind"), "date");
}

/* The target's news is taken. */
static void
goes_on(const char *what)
{
	does("engage", NULL, NULL);
	host_run(&h, 20000);
	ok(refer_state(&h, SOURCE, &s, "engaged") && same_step(), "%s: so that the target's news is taken", what);
}

/* A disclosure that never left, for the event that ends its consent came first; the member consents again, after that or before, and what follows is built on both. */
static void
test_ended_first(bool before)
{
	begin_accepted(NULL);
	mute = SOURCE_USER;
	sign(event());
	host_run(&h, 10000);
	if (before)
		sign(NULL);
	revoke(SOURCE, "event");
	if (!before)
		sign(NULL);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(second_counts(), "a consent ended by its event before it left, and another, given %s: both sides count both, and the second one discloses",
	    before ? "before that" : "after it");
	goes_on("another than the one that ended");
}

/* The first expires while both wait. */
static void
test_expired_first(void)
{
	begin_accepted(NULL);
	mute = SOURCE_USER;
	sign(ten_minutes());
	host_run(&h, 10000);
	sign(NULL);
	host_run(&h, LASTS_S * 1000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(second_counts(), "a consent that expired before it left, and another: both sides count both, and the second one discloses");
	goes_on("another than the one that expired");
}

/* Made up: the end of a consent, by an event; ${of} NULL: of one that nobody here knows. */
static void
say_ended(size_t i, const char *of, const char *then)
{
	autojson json_t *shown = refer_show(&h, SOURCE, &s);
	char id[32];

	(void)snprintf(id, sizeof(id), "G817PTM282CKXPPC430W6Z%04d", ++made_up);
	hostile_say(&h, i, hs_room(h.hs, "org.cairnpeer.channel", 0), REVOKED, json_pack("{s:i, s:s, s:i, s:s, s:s, s:I, s:s, s:s, s:O, s:i, s:s, s:I}",
	    "v", 1, "id", id, "seq", 50000 + made_up, "referral", s.id, "consent", of != NULL ? of : id, "at", (json_int_t)*h.now, "how", "event",
	    "then", then, "prev", json_object_get(shown, "last_step"), "leg", 1, "body", "-", "sent_at", (json_int_t)*h.now));
}

/* Two consents that came, or the second waits at the source. */
static void
begin_two(const char *who)
{
	mute = NULL;
	begin_accepted(NULL);
	sign(event());
	host_run(&h, 20000);
	if (who != NULL && !strcmp(who, SOURCE_USER))
		mute = who;
	sign(NULL);
	host_run(&h, 20000);
	mute = who;
}

/* The end of one consent leaves alone what is on its way under another: the second disclosure. */
static void
test_other_disclosure(bool known)
{
	begin_two(SOURCE_USER);
	if (known)
		revoke(SOURCE, "event");
	else
		say_ended(TARGET, NULL, "nothing");
	host_run(&h, 30000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(second_counts(), "%s ends while another discloses: that goes on", known ? "a consent" : "a consent of the target's, for a court perhaps,");
	goes_on("under the other one");
}

/* ... and what became of the member. */
static void
test_other_news(size_t by, bool known)
{
	begin_two(TARGET_USER);
	does("engage", NULL, NULL);
	host_run(&h, 10000);
	if (known)
		revoke(by, "event");
	else
		say_ended(by, NULL, "nothing");
	host_run(&h, 30000);
	is_int((int)found_in(&h, TARGET, "outbox", "type", PROGRESS), 1, "what waits under the other stays, when %s ends", known ? "one consent" : "one that nobody knows");
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(refer_state(&h, SOURCE, &s, "engaged") && same_step(), "and comes");
	does("close", "outcome", "got_help");
	host_run(&h, 20000);
	ok(refer_state(&h, SOURCE, &s, "closed") && same_step(), "and what is made on it");
}

/* A member who takes back what they signed: in that moment nothing waits any more, under whichever consent. */
static void
test_taken_back(void)
{
	autojson json_t *account = NULL;

	begin_two(SOURCE_USER);
	is_int((int)found_in(&h, SOURCE, "outbox", "type", DISCLOSURE), 1, "a disclosure waits");
	revoke(SOURCE, "phone");
	is_int((int)found_in(&h, SOURCE, "outbox", "type", DISCLOSURE), 0, "a member who takes back both consents: it is gone at once");
	begin_two(TARGET_USER);
	does("engage", NULL, NULL);
	host_run(&h, 10000);
	is_int((int)found_in(&h, TARGET, "outbox", "type", PROGRESS), 1, "news waits");
	revoke(TARGET, "phone");
	is_int((int)found_in(&h, TARGET, "outbox", "type", PROGRESS), 0, "taken back at the target: it is gone at once");
	begin_two(TARGET_USER);
	does("engage", NULL, NULL);
	host_run(&h, 10000);
	account = host_ok(&h, SOURCE, "accounting", json_pack("{s:s}", "id", s.id));
	say_ended(SOURCE, json_str(json_array_get(json_arr(account, "consents"), 0), "id"), "revoke");
	is_int((int)found_in(&h, TARGET, "outbox", "type", PROGRESS), 0, "told so of the first: it is gone before the target hears of the second");
	ok(refer_state(&h, TARGET, &s, "ended"), "and the referral has ended");
}

/* The second and third leave, after the third consent was given, when the first is acknowledged: each is written down under its own. */
static void
test_account(void)
{
	autojson json_t *account = NULL;
	const json_t *told, *given;

	mute = NULL;
	begin_accepted(NULL);
	mute = TARGET_USER;
	sign(event());
	sign(ten_minutes());
	sign(NULL);
	mute = NULL;
	host_run(&h, 60000);
	account = host_ok(&h, SOURCE, "accounting", json_pack("{s:s}", "id", s.id));
	told = json_arr(account, "disclosures");
	given = json_arr(account, "consents");
	is_int((int)json_array_size(told), 3, "three disclosures");
	for (size_t i = 0; i < 3; i++)
		is_str(json_str(json_array_get(told, i), "consent"), json_str(json_array_get(given, i), "id"),
		    "the account has number %zu under the consent that it brought", i + 1);
}

/* What the member signs at the target so that the court may hear of them. */
static json_t *
court_form(json_t *until)
{
	json_t *form = host_ok(&h, TARGET, "consent", json_pack("{s:s, s:b}", "referral", s.id, "template", 1));

	(void)json_object_set_new(form, "referral", json_string(s.id));
	(void)json_object_set_new(json_obj(form, "consent"), "patient", json_string("Jo"));
	(void)json_object_update_new(json_obj(json_obj(form, "consent"), "signature"), json_pack("{s:s, s:s}", "signer", "Jo", "recorded_by", "K. Lind"));
	(void)json_object_set_new(json_obj(form, "consent"), "expires", until);
	return form;
}

static void
sign_for_court(void)
{
	json_decref(host_ok(&h, TARGET, "consent", court_form(ten_minutes())));
}

/* That consent in the target's store, as an older program took it: with a date beside its event, by which it is looked at again. */
static void
date_event(void)
{
	const int64_t at = *h.now + LASTS_S * 1000;
	struct db *db = hostile_db(&h, TARGET);
	autojson json_t *consent = NULL;
	struct consent_row signature;
	struct case_row row;

	if (consent_for(db, s.id, &signature) != 0 || canon_stored(signature.consent, &consent) != 0)
		host_fail(&h, "no consent");
	(void)json_object_set_new(json_obj(consent, "expires"), "at", json_integer(at));
	free(signature.consent);
	if ((signature.consent = json_dumps(consent, JSON_COMPACT)) == NULL || consent_put(db, &signature) != 0 ||
	    case_tells_until(db, s.id, at) != 0 || case_get(db, s.id, &row) != 0)
		host_fail(&h, "not kept");
	row.clock_due = at;
	if (case_put(db, &row) != 0)
		host_fail(&h, "no clock");
	case_free(&row);
	consent_row_free(&signature);
	hostile_go_on(&h, TARGET, db);
}

/* A consent that an event ends does not end by a date. */
static void
test_court_event(void)
{
	autojson json_t *form = NULL, *wrong = NULL;
	json_t *expires;

	mute = NULL;
	begin("court");
	form = court_form(event());
	expires = json_obj(json_obj(form, "consent"), "expires");
	(void)json_object_set_new(expires, "at", json_integer(*h.now + LASTS_S * 1000));
	wrong = host_command(&h, TARGET, "consent", json_deep_copy(form));
	ok(refused(wrong, "consent: /expires/at"), "a form for the court that names an event and a date is not taken, and says where");
	(void)json_object_del(expires, "at");
	json_decref(host_ok(&h, TARGET, "consent", json_incref(form)));
	date_event();
	host_run(&h, LASTS_S * 1000 + 60000);
	does("engage", NULL, NULL);
	host_run(&h, 20000);
	ok(refer_state(&h, SOURCE, &s, "engaged") && same_step(), "past a date that it has all the same the court is told");
}

/* One that its event has ended: the same form lets nothing be told again. */
static void
test_court_again(void)
{
	autojson json_t *form = NULL, *reply = NULL;

	mute = NULL;
	begin_accepted("court");
	form = court_form(event());
	json_decref(host_ok(&h, TARGET, "consent", json_deep_copy(form)));
	revoke(TARGET, "event");
	reply = host_command(&h, TARGET, "consent", take(form));
	ok(refused(reply, "taken back or has ended"), "a form for a court whose event has happened holds no more");
}

/* That the target takes or breaks off all exchange with the source. */
static void
decide(const char *org, const char *decision)
{
	json_decref(host_ok(&h, TARGET, "federation_decide", json_pack("{s:s, s:s, s:s}", "org", org, "decision", decision, "reason", "a test")));
}

/*
 * The source does not know that consent: what it hears of a member who takes all back is the end of its own.  ${later}: it cannot be told
 * at once.
 */
static void
test_court_first(bool later)
{
	autojson json_t *shown = NULL;

	mute = NULL;
	begin_accepted("court");
	sign_for_court();
	host_run(&h, 1000);
	json_decref(host_ok(&h, SOURCE, "consent", refer_args(&h, &s, STORY_CONSENT)));
	host_run(&h, 20000);
	shown = refer_show(&h, TARGET, &s);
	if (later)
		decide(json_str(shown, "org"), "deny");
	revoke(TARGET, "in_person");
	host_run(&h, 60000);
	if (later) {
		decide(json_str(shown, "org"), "allow");
		host_run(&h, 3600 * 1000);
	}
	ok(refer_state(&h, TARGET, &s, "ended") && refer_state(&h, SOURCE, &s, "ended") && same_step(),
	    "a member who takes back all, what they signed for the court first, has left on both sides%s", later ? ", told later" : "");
	ok(story_well(&h, TARGET, "revocations"), "and each revocation is answered");
}

/* How often the target speaks, which is all that the source's side can count, until an hour after the court's consent has ended. */
static int
court(bool report, bool taken_back)
{
	int before;

	mute = NULL;
	begin("court");
	sign_for_court();
	host_run(&h, 60000);
	before = story_sent(&h, TARGET_USER);
	mute = TARGET_USER;
	if (report)
		does("engage", NULL, NULL);
	host_run(&h, 60000);
	if (taken_back)
		revoke(TARGET, "in_person");
	host_run(&h, LASTS_S * 1000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(same_step() && refer_state(&h, SOURCE, &s, taken_back ? "ended" : "accepted"), "a court's referral, %s, %s: both sides agree",
	    report ? "of which something was to be told" : "of which nothing was to be told", taken_back ? "revoked" : "expired");
	return story_sent(&h, TARGET_USER) - before;
}

int
main(void)
{
	int with, without;

	story_begin(&h, 97);
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &s);
	hs_script(h.hs, &(struct hs_script){ .request = story_muted, .cookie = &mute });
	test_never_left();
	test_id_of_untold();
	test_had();
	test_late();
	test_ended_first(false);
	test_ended_first(true);
	test_expired_first();
	test_other_disclosure(true);
	test_other_disclosure(false);
	test_other_news(SOURCE, true);
	test_other_news(TARGET, true);
	test_other_news(SOURCE, false);
	test_taken_back();
	test_account();
	test_court_again();
	test_court_first(false);
	test_court_first(true);
	test_court_event();
	for (int taken_back = 0; taken_back < 2; taken_back++) {
		without = court(false, taken_back);
		with = court(true, taken_back);
		ok(without > 0 && with == without, "a court hears as much (%d) as if there had been nothing to tell (%d)", with, without);
	}
	for (size_t i = 0; i < h.n; i++)
		host_stop(&h, i);
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
