/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consent from the form to its end: what is let out, what revoking it stops, who acknowledges, and
 * the account of it all, which must equal what an observer with the recipient's keys
 * reads in the ciphertext that the homeserver took.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "disclosed.h"
#include "domain/consent.h"
#include "hostile.h"
#include "scene.h"
#include "store/peoplestore.h"
#include "tests/tap.h"

#define DISCLOSURE	"org.cairnpeer.referral.disclosure"
#define HOUR		(3600 * 1000LL)
#define REVOKED		"org.cairnpeer.consent.revoked"
#define REVOKED_ACK	"org.cairnpeer.consent.revocation_ack"

static void
end(struct scene *sc)
{
	is_int((int)story_complaints(&sc->host), 0, "the homeservers complain of nothing");
	scene_end(sc);
}

/*
 * Made up by a partner.
 */

static json_t *
revoked(struct scene *sc, const char *consent, const char *then)
{
	return scene_stamp(sc, json_pack("{s:s, s:I, s:s, s:s}", "consent", consent, "at", (json_int_t)*sc->host.now, "how", "phone",
	    "then", then));
}

static json_t *
revoke_args(const struct scene *sc, const char *how)
{
	return json_pack("{s:s, s:s, s:s}", "referral", sc->s.id, "how", how, "recorded_by", "K. Lind, coordinator");
}

static const json_t *
consent_shown(const json_t *shown)
{
	return json_array_get(json_arr(shown, "consents"), 0);
}

static bool
ended(struct scene *sc, const char *how)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *shown = refer_show(&sc->host, i, &sc->s);

		if (strcmp(json_str(shown, "state"), "ended") != 0 || strcmp(json_str(shown, "end"), how) != 0)
			return false;
	}
	return true;
}

/* The form: which law, what is left out, who signs. */
static void
test_form(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL, *shown = NULL;
	json_t *args;

	scene_begin(&sc, 41, STORY_ACCEPT);
	args = refer_args(h, &sc.s, STORY_CONSENT);
	is_str(json_str(json_obj(args, "consent"), "law"), "us-part2", "a referral about substance use is under Part 2");
	(void)json_object_set_new(json_obj(args, "consent"), "law", json_string("us-hipaa"));
	reply = host_command(h, SOURCE, "consent", args);
	ok(refused(reply, "42 CFR part 2 protects"), "and under no other law");
	json_decref(reply);
	args = refer_args(h, &sc.s, STORY_CONSENT);
	(void)json_array_append_new(json_arr(json_obj(args, "consent"), "what"), json_string("history"));
	(void)json_object_set_new(args, "history", json_string("A group, two years ago."));
	reply = host_ok(h, SOURCE, "consent", args);
	ok(strstr(json_string_value(json_array_get(json_arr(reply, "left_out"), 0)), "history") != NULL,
	    "what the purpose does not need is left out, and that is said");
	host_run(h, 10000);
	shown = refer_show(h, TARGET, &sc.s);
	ok(json_obj(shown, "disclosure") != NULL && json_str(json_obj(shown, "disclosure"), "history") == NULL, "the rest arrives without it");
	ok(strstr(json_str(json_obj(shown, "disclosure"), "scope"), "and to nobody else") != NULL &&
	    !strcmp(json_str(json_obj(shown, "disclosure"), "notice"), consent_notice), "with the scope and the notice");
	disclosed_is(&sc, 1, 0, "one disclosure");
	end(&sc);
}

/* Taken back while the partner is not trusted: nothing leaves, and the partner hears of it as soon as it is trusted again. */
static void
test_not_trusted(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *target = NULL, *reply = NULL;

	scene_begin(&sc, 47, STORY_CONTACT);
	target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	json_decref(host_ok(h, SOURCE, "federation_decide", json_pack("{s:O, s:s, s:s}", "org", json_object_get(target, "org"),
	    "decision", "deny", "reason", "a test")));
	reply = host_ok(h, SOURCE, "revoke", revoke_args(&sc, "phone"));
	ok(json_array_size(json_arr(reply, "told")) == 0 && json_array_size(json_arr(reply, "not_told")) == 1,
	    "a consent ends though its recipient cannot be told");
	host_run(h, 3600 * 1000);
	ok(story_ill(h, SOURCE, "revocations", ""), "which the doctor says");
	ok(refer_state(h, TARGET, &sc.s, "engaged"), "the recipient does not know yet");
	json_decref(host_ok(h, SOURCE, "federation_decide", json_pack("{s:O, s:s, s:s}", "org", json_object_get(target, "org"),
	    "decision", "allow", "reason", "the test is over")));
	host_run(h, 3600 * 1000);
	ok(ended(&sc, "consent_revoked"), "once it is trusted again it hears of it, and both end the referral");
	ok(story_well(h, SOURCE, "revocations"), "and the doctor is content");
	end(&sc);
}

/* A target cannot end a referral in the member's name by a consent that it made up. */
static void
test_made_up(void)
{
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 48, STORY_ACCEPT);
	hostile_say(h, TARGET, sc.channel, REVOKED, revoked(&sc, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "withdraw"));
	host_run(h, 60000);
	ok(refer_state(h, SOURCE, &sc.s, "accepted"), "a consent that nobody gave ends nothing at the source");
	end(&sc);
}

/* A revocation whose step finds no place, since its author's clock is two days ahead: it ends the consent, and comes again. */
static void
test_no_place(void)
{
	autojson json_t *shown = NULL, *reply = NULL, *content = NULL;
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 49, STORY_CONSENT);
	content = revoked(&sc, json_str(consent_shown(shown = disclosed_account(&sc, SOURCE)), "id"), "revoke");
	(void)json_object_set_new(content, "sent_at", json_integer(*h->now + 48 * HOUR));
	hostile_say(h, SOURCE, sc.channel, REVOKED, json_deep_copy(content));
	reply = host_command(h, TARGET, "outcome", refer_args(h, &sc.s, STORY_CONTACT));
	ok(refer_state(h, TARGET, &sc.s, "accepted") && refused(reply, "consent"), "a step from the day after tomorrow is not taken, but the consent has ended");
	*h->now += 48 * HOUR;
	hostile_say(h, SOURCE, sc.channel, REVOKED, take(content));
	ok(refer_state(h, TARGET, &sc.s, "ended"), "and as it was not acknowledged it comes again, and is taken");
	is_int(story_audited(h, TARGET, "partner:", "revoke", ""), 2, "which the audit says of the step and of the consent");
	end(&sc);
}

/* Everything happened; the member takes it back by telephone, told to one side or the other. */
static void
test_revoked(size_t side)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL, *again = NULL, *shown = NULL, *late = NULL, *event = NULL;
	const json_t *consent, *told;

	scene_begin(&sc, 42, STORY_CONTACT);
	event = host_command(h, side, "revoke", revoke_args(&sc, "event"));
	ok(refused(event, "names no event"), "a consent until a day ends with no event");
	disclosed_is(&sc, 1, 1, "before");
	reply = host_ok(h, side, "revoke", revoke_args(&sc, "phone"));
	is_int((int)json_array_size(json_arr(reply, "told")), 1, "the other side is told");
	host_run(h, 10000);
	ok(ended(&sc, "consent_revoked"), "the referral ends on both sides");
	again = host_command(h, side, "revoke", revoke_args(&sc, "paper"));
	ok(refused(again, "no longer in force"), "once");
	shown = disclosed_account(&sc, side);
	consent = consent_shown(shown);
	is_str(json_str(consent, "state"), "revoked", "the account says so");
	is_str(json_str(consent, "recorded_by"), "K. Lind, coordinator", "and who heard it");
	told = json_array_get(json_arr(consent, "told"), 0);
	is_str(json_str(told, "state"), "acknowledged", "and that it was acknowledged");
	if (side == SOURCE) {
		const json_t *holds = json_array_get(json_arr(shown, "holds"), 0);

		is_int((int)json_array_size(json_arr(holds, "keeps")), 3, "what the recipient keeps");
		ok(json_is_true(json_object_get(holds, "stops_redisclosure")), "and that it passes nothing on");
	}
	late = host_command(h, TARGET, "outcome", refer_args(h, &sc.s, STORY_CLOSE));
	ok(!json_is_true(json_object_get(late, "ok")), "no outcome is told any more");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "nothing waits");
	host_kill(h, side);
	host_start(h, side);
	disclosed_is(&sc, 1, 1, "after");
	end(&sc);
}

/* While the homeserver takes nothing, the member takes the consent back: the ciphertext is never sent. */
static void
test_unsent(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL, *shown = NULL, *target = NULL, *told = NULL, *left = NULL;
	int refusals = 0;

	scene_begin(&sc, 43, STORY_ACCEPT);
	hs_script(h->hs, &(struct hs_script){ .request = story_refuse_sends, .cookie = &refusals });
	told = host_ok(h, SOURCE, "consent", refer_args(h, &sc.s, STORY_CONSENT));
	host_run(h, 60 * 1000);
	is_int((int)found_in(h, SOURCE, "outbox", "type", DISCLOSURE), 1, "a disclosure waits, encrypted");
	reply = host_ok(h, SOURCE, "revoke", revoke_args(&sc, "paper"));
	is_int((int)found_in(h, SOURCE, "outbox", "type", DISCLOSURE), 0, "in the same moment it is gone");
	left = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(told, "id")));
	is_str(json_str(left, "delivery"), "failed", "and is not to come again");
	host_run(h, 60 * 1000);
	hs_script(h->hs, NULL);
	host_run(h, 900 * 1000);
	ok(refusals > 1, "the homeserver refused %d times", refusals);
	target = refer_show(h, TARGET, &sc.s);
	ok(json_obj(target, "disclosure") == NULL, "the disclosure never arrives");
	ok(ended(&sc, "withdrawn"), "and the referral is withdrawn on both sides");
	shown = disclosed_account(&sc, SOURCE);
	is_str(json_str(json_array_get(json_arr(consent_shown(shown), "told"), 0), "state"), "acknowledged",
	    "the partner acknowledges a revocation of what it never had");
	ok(json_is_null(json_object_get(json_array_get(json_arr(shown, "disclosures"), 0), "arrived")) &&
	    !json_is_true(json_object_get(json_array_get(json_arr(shown, "holds"), 0), "arrived")),
	    "the account keeps it as one that was tried, and not confirmed");
	{
		int seen;
		autojson json_t *out = disclosed_seen(&sc, SOURCE_USER, TARGET, NULL, &seen);

		ok(seen > 0 && json_object_size(out) == 0, "of the %d contents on the wire none discloses", seen);
	}
	end(&sc);
}

/* A revocation that overtakes its disclosure; one of another's consent; an answer to nothing. */
static void
test_strange(void)
{
	static const char early[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", mine[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45TN";
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *shown = NULL;
	json_t *content;

	scene_begin(&sc, 44, STORY_ACCEPT);
	hostile_say(h, SOURCE, sc.channel, REVOKED, revoked(&sc, early, "nothing"));
	content = scene_stamp(&sc, refer_args(h, &sc.s, STORY_CONSENT));
	(void)json_object_set_new(json_obj(content, "consent"), "id", json_string(early));
	(void)json_object_set_new(content, "notice", json_string(consent_notice));
	(void)json_object_set_new(content, "scope", json_string("Only this."));
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, json_deep_copy(content));
	is_int((int)found_in(h, TARGET, "rejected", "reason", "revoked"), 1, "a disclosure that comes after its revocation is refused");
	(void)json_object_set_new(json_obj(content, "consent"), "id", json_string(mine));
	(void)scene_stamp(&sc, content);
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, content);
	shown = refer_show(h, TARGET, &sc.s);
	ok(json_obj(shown, "disclosure") != NULL, "one under another consent is taken");
	hostile_say(h, TARGET, sc.channel, REVOKED_ACK, scene_stamp(&sc, json_pack("{s:s, s:[], s:b}", "consent", mine, "keeps",
	    "stops_redisclosure", 1)));
	is_int((int)found_in(h, SOURCE, "rejected", "reason", "not told"), 2,
	    "acknowledgements of nothing are refused, the honest one of what was made up above too");
	json_decref(shown);
	content = revoked(&sc, mine, "revoke");
	(void)json_object_set_new(content, "referral", json_string("GR6ZEWN0TC4N5PZ1Y8P956JWD7"));
	hostile_say(h, SOURCE, sc.channel, REVOKED, content);
	shown = refer_show(h, TARGET, &sc.s);
	is_str(json_str(shown, "state"), "accepted", "a revocation for another referral does nothing to this one");
	end(&sc);
}

static void
acknowledges(struct scene *sc, const char *consent, const char *referral)
{
	json_t *content = scene_stamp(sc, json_pack("{s:s, s:[], s:b}", "consent", consent, "keeps", "stops_redisclosure", 1));

	(void)json_object_set_new(content, "referral", json_string(referral));
	hostile_say(&sc->host, TARGET, sc->channel, REVOKED_ACK, content);
}

/* The partner answers a revocation again and again, of whatever referral. */
static void
test_acknowledged_again(void)
{
	static const char made_up[] = "GR6ZEWN0TC4N5PZ1Y8P956JWD7";
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *account = NULL;
	const char *consent;

	scene_begin(&sc, 49, STORY_CONTACT);
	json_decref(host_ok(h, SOURCE, "revoke", revoke_args(&sc, "phone")));
	host_run(h, 10000);
	is_int(story_audited(h, SOURCE, "partner:", "revocation-ack", ""), 1, "that a revocation was acknowledged is in the audit");
	account = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", sc.s.id));
	consent = json_str(consent_shown(account), "id");
	acknowledges(&sc, consent, made_up);
	is_int((int)found_in(h, SOURCE, "rejected", "reason", "not told"), 1, "of a referral that it is not about it is refused");
	acknowledges(&sc, consent, sc.s.id);
	is_int((int)found_in(h, SOURCE, "rejected", NULL, NULL), 1, "of that which it is about it is taken again");
	is_int(story_audited(h, SOURCE, "partner:", "revocation-ack", ""), 1, "but written down once");
	end(&sc);
}

/* ... and answers for the first time when the referral is erased here. */
static void
test_acknowledged_late(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *account = NULL;

	scene_begin(&sc, 50, STORY_CONTACT);
	host_stop(h, TARGET);
	json_decref(host_ok(h, SOURCE, "revoke", revoke_args(&sc, "phone")));
	host_run(h, 10000);
	account = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", sc.s.id));
	json_decref(host_ok(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", sc.s.id, "confirm", sc.s.id)));
	host_run(h, 60000);
	host_start(h, TARGET);
	host_run(h, 3600 * 1000);
	is_int(story_audited(h, SOURCE, "partner:", "revocation-ack", ""), 0, "of what was erased meanwhile nothing is written under its name any more");
	ok(story_clean(h, SOURCE) && story_well(h, SOURCE, "revocations"), "and the answer is taken all the same");
	end(&sc);
}

/* The partner is gone: it is listed. */
static void
test_silent(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *doctor = NULL, *shown = NULL, *later = NULL;
	autofree char *text = NULL;

	scene_begin(&sc, 45, STORY_CONSENT);
	host_kill(h, TARGET);
	json_decref(host_ok(h, SOURCE, "revoke", revoke_args(&sc, "in_person")));
	host_run(h, 3600 * 1000);
	shown = disclosed_account(&sc, SOURCE);
	is_str(json_str(json_array_get(json_arr(consent_shown(shown), "told"), 0), "state"), "told", "within a day the partner may answer");
	host_run(h, 24 * 3600 * 1000LL);
	later = disclosed_account(&sc, SOURCE);
	is_str(json_str(json_array_get(json_arr(consent_shown(later), "told"), 0), "state"),
	    "not acknowledged in time: speak to its staff", "after it, it is listed");
	doctor = host_ok(h, SOURCE, "doctor", json_object());
	text = json_dumps(doctor, 0);
	ok(strstr(text, "1 holder of disclosures did not acknowledge") != NULL, "and doctor says so");
	json_decref(doctor);
	free(text);
	host_start(h, TARGET);
	host_run(h, 3700 * 1000);
	doctor = host_ok(h, SOURCE, "doctor", json_object());
	text = json_dumps(doctor, 0);
	ok(strstr(text, "each is acknowledged") != NULL, "until the partner is back");
	ok(ended(&sc, "consent_revoked"), "where the referral ends too");
	end(&sc);
}

/* The event that ends a consent ends nothing else. */
static void
test_event(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *late = NULL, *shown = NULL, *state = NULL, *then = NULL;
	json_t *args;

	scene_begin(&sc, 46, STORY_ACCEPT);
	args = refer_args(h, &sc.s, STORY_CONSENT);
	(void)json_object_set_new(json_obj(args, "consent"), "expires", json_pack("{s:s, s:s}", "kind", "event", "event",
	    "the end of the program"));
	json_decref(host_ok(h, SOURCE, "consent", args));
	host_run(h, 10000);
	ok(refer_step(h, &sc.s, STORY_CONTACT), "under a consent that an event ends");
	json_decref(host_ok(h, SOURCE, "revoke", revoke_args(&sc, "event")));
	host_run(h, 10000);
	state = refer_show(h, TARGET, &sc.s);
	is_str(json_str(state, "state"), "engaged", "the referral goes on");
	late = host_command(h, TARGET, "outcome", refer_args(h, &sc.s, STORY_CLOSE));
	ok(refused(late, "element 7"), "but nothing is told under the consent any more");
	shown = disclosed_account(&sc, TARGET);
	is_str(json_str(consent_shown(shown), "state"), "ended: the event that it names has happened", "and the account says why");
	then = host_ok(h, TARGET, "revoke", revoke_args(&sc, "phone"));
	host_run(h, 10000);
	ok(ended(&sc, "consent_revoked"), "it can still be revoked");
	end(&sc);
}

/* Withdrawn, taken up again and revoked, while the partner is away and hears of nothing. */
static void
test_left_again(void)
{
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 58, STORY_CONTACT);
	host_stop(h, TARGET);
	json_decref(host_ok(h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", sc.s.id, "by_member", 1)));
	json_decref(host_ok(h, SOURCE, "reopen", json_pack("{s:s, s:b}", "referral", sc.s.id, "by_member", 1)));
	json_decref(host_ok(h, SOURCE, "revoke", revoke_args(&sc, "phone")));
	ok(refer_state(h, SOURCE, &sc.s, "ended"), "a member who left, came back and takes the consent back, has left");
	host_start(h, TARGET);
	host_run(h, 3600 * 1000);
	ok(ended(&sc, "consent_revoked"), "also for the partner who hears of it all later");
	end(&sc);
}

/* Told by one side, and either may die at any commit of it. */
static void
test_killed(void)
{
	static const enum host_kill kinds[] = { HOST_BEFORE_COMMIT, HOST_BEFORE_SEND, HOST_BEFORE_ANSWER, HOST_HALF_SENT };
	long most = getenv("HS_LONG") != NULL ? 6 : 2;
	struct scene sc;
	struct host *h = &sc.host;
	int wrong = 0, runs = 0, died = 0;

	scene_begin(&sc, 49, STORY_CONSENT);
	for (size_t k = 0; k < nelem(kinds); k++)
		for (long n = 1; n <= most; n++, runs++) {
			size_t side = (k + (size_t)n) % 2, victim = (size_t)n / 2 % 2;
			autojson json_t *reply = NULL, *shown = NULL;

			if (runs > 0)
				refer_to(h, &sc.s, STORY_CONSENT);
			host_arm(h, victim, kinds[k], n);
			while ((reply = host_command(h, side, "revoke", revoke_args(&sc, "phone"))) == NULL)
				;
			host_run(h, 200 * 1000);
			died += h->node[victim].crashed;
			h->node[victim].crashed = false;
			shown = disclosed_account(&sc, side);
			if (!(json_is_true(json_object_get(reply, "ok")) || refused(reply, "no longer in force")) ||
			    !ended(&sc, "consent_revoked") || !story_clean(h, SOURCE) || !story_clean(h, TARGET) ||
			    strcmp(json_str(json_array_get(json_arr(consent_shown(shown), "told"), 0), "state"), "acknowledged") != 0 ||
			    json_array_size(json_arr(shown, "disclosures")) != (side == SOURCE)) {
				autofree char *text = json_dumps(shown, JSON_COMPACT);

				if (wrong++ == 0)
					printf("# side %zu, victim %zu, %s %ld: %s\n", side, victim, host_kill_name[kinds[k]], n, text);
			}
		}
	is_int(died, runs, "a node died each time");
	is_int(wrong, 0, "killed in %d ways while a consent is taken back, both sides end it, once, and acknowledge", runs);
	end(&sc);
}

int
main(void)
{
	test_form();
	test_not_trusted();
	test_made_up();
	test_no_place();
	test_revoked(SOURCE);
	test_revoked(TARGET);
	test_unsent();
	test_strange();
	test_acknowledged_again();
	test_acknowledged_late();
	test_silent();
	test_event();
	test_left_again();
	test_killed();
	return done_testing();
}
