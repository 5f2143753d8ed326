/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partner's word is worth in two whole nodes: of the day on which it did something, and of what the member wants;
 * and that a member who took a consent back may come again.
 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/when.h"
#include "hostile.h"
#include "scene.h"
#include "tests/tap.h"

#define REVOKED		"org.cairnpeer.consent.revoked"
#define CHANGE		"org.cairnpeer.referral.change"

enum { MOMENT = 60000 };

static void
end(struct scene *sc)
{
	is_int((int)story_complaints(&sc->host), 0, "the homeservers complain of nothing");
	scene_end(sc);
}

static bool
both(struct scene *sc, const char *state)
{
	return refer_state(&sc->host, SOURCE, &sc->s, state) && refer_state(&sc->host, TARGET, &sc->s, state);
}

/* A withdrawal that says it is as old as the acceptance: the target has its 72 hours from when it heard of it. */
static void
test_dated_back(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *shown = NULL, *after = NULL, *reply = NULL;
	json_t *content;
	int64_t accepted;

	scene_begin(&sc, 91, STORY_CONTACT);
	accepted = *h->now;
	*h->now += 9 * WHEN_DAY;
	host_run(h, MOMENT);
	content = scene_stamp(&sc, json_pack("{s:s, s:s}", "change", "withdraw", "by", "source"));
	(void)json_object_set_new(content, "sent_at", json_integer(accepted));
	hostile_say(h, SOURCE, sc.channel, CHANGE, content);
	shown = refer_show(h, TARGET, &sc.s);
	ok(!strcmp(json_str(shown, "state"), "engaged") && json_str(shown, "withdrawal") != NULL, "a withdrawal that is dated back waits for the target");
	*h->now += 3 * WHEN_DAY - WHEN_HOUR;
	host_run(h, MOMENT);
	ok(refer_state(h, TARGET, &sc.s, "engaged"), "for 72 hours from when it came");
	after = refer_show(h, TARGET, &sc.s);
	ok(json_str(after, "until") != NULL && !strcmp(json_str(shown, "until"), json_str(after, "until")), "which its staff see: %s", json_str(shown, "until"));
	reply = host_command(h, TARGET, "confirm", json_pack("{s:s}", "referral", sc.s.id));
	ok(json_is_true(json_object_get(reply, "ok")), "and can use");
	host_run(h, MOMENT);
	ok(refer_state(h, TARGET, &sc.s, "ended"), "to end it themselves");
	end(&sc);
}

/* The target says that the member has left: it can only say that they took back what it knows. */
static void
test_members_word(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *account = NULL, *late = NULL;
	const char *consent;

	scene_begin(&sc, 92, STORY_CONTACT);
	account = host_ok(h, SOURCE, "accounting", json_pack("{s:s}", "id", sc.s.id));
	consent = json_str(json_array_get(json_arr(account, "consents"), 0), "id");
	hostile_say(h, TARGET, sc.channel, REVOKED, scene_stamp(&sc, json_pack("{s:s, s:I, s:s, s:s}", "consent", consent, "at",
	    (json_int_t)*h->now, "how", "phone", "then", "withdraw")));
	host_run(h, MOMENT);
	ok(refer_state(h, SOURCE, &sc.s, "engaged"), "a target that says the member left ends nothing");
	late = host_command(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "phone", "recorded_by", "K. Lind"));
	ok(refused(late, "no longer in force"), "but the consent has ended, as whoever doubts must take it");
	end(&sc);
}

/* The member takes a consent back, and a week later wants the support after all. */
static void
test_again(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL, *refusal = NULL, *shown = NULL, *told = NULL;
	autofree char *moves = NULL;

	scene_begin(&sc, 93, STORY_CONTACT);
	json_decref(host_ok(h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "how", "phone", "recorded_by", "K. Lind")));
	host_run(h, MOMENT);
	ok(both(&sc, "ended"), "taken back after the disclosure arrived, it ends");
	*h->now += 7 * WHEN_DAY;
	host_run(h, MOMENT);
	shown = refer_show(h, SOURCE, &sc.s);
	moves = json_dumps(json_arr(shown, "moves"), 0);
	ok(strstr(moves, "--member") != NULL && strstr(moves, "cairn reopen") != NULL, "staff see how the member may come again: %s", moves);
	refusal = host_command(h, SOURCE, "reopen", json_pack("{s:s}", "referral", sc.s.id));
	ok(refused(refusal, "--member"), "not by themselves");
	json_decref(host_ok(h, SOURCE, "reopen", json_pack("{s:s, s:b}", "referral", sc.s.id, "by_member", 1)));
	host_run(h, MOMENT);
	ok(both(&sc, "received"), "by the member's word it is asked again, on both sides");
	json_decref(host_ok(h, TARGET, "accept", json_pack("{s:s}", "referral", sc.s.id)));
	host_run(h, MOMENT);
	reply = host_command(h, TARGET, "contact", json_pack("{s:s, s:s}", "referral", sc.s.id, "channel", "phone"));
	ok(refused(reply, "consent"), "under the old consent nobody is contacted");
	json_decref(host_ok(h, SOURCE, "consent", refer_args(h, &sc.s, STORY_CONSENT)));
	host_run(h, MOMENT);
	told = host_ok(h, TARGET, "accounting", json_pack("{s:s}", "id", sc.s.id));
	is_int((int)json_array_size(json_arr(told, "consents")), 2, "a new one is signed");
	json_decref(shown);
	shown = refer_show(h, TARGET, &sc.s);
	is_str(json_str(json_array_get(json_arr(shown, "history"), 6), "said_by"), "source", "and whose word it is that they came again is shown");
	json_decref(host_ok(h, TARGET, "engage", json_pack("{s:s}", "referral", sc.s.id)));
	host_run(h, MOMENT);
	ok(both(&sc, "engaged") && story_clean(h, SOURCE) && story_clean(h, TARGET), "and it goes on");
	end(&sc);
}

int
main(void)
{
	test_dated_back();
	test_members_word();
	test_again();
	return done_testing();
}
