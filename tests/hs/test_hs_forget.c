/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be forgotten, and what was: an older file of keys put back.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

#define DAY	(24 * 3600 * 1000LL)

static void
with_keys(struct host *h, const char *from)
{
	host_stop(h, TARGET);
	search_copy_file(h, TARGET, from, "/keys.db");
	host_start(h, TARGET);
	host_run(h, 60000);
}

/* The person whom the doctor names; "": none. */
static const char *
lost_person(struct host *h)
{
	static char name[32];
	autojson json_t *report = host_ok(h, TARGET, "doctor", json_object());
	const json_t *check;
	size_t i;

	*name = '\0';
	json_array_foreach(json_arr(report, "checks"), i, check) {
		const char *at = strcmp(json_str(check, "name"), "keys of people") == 0 ? strstr(json_str(check, "text"), "person:") : NULL;

		if (at != NULL)
			(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
	}
	return name;
}

/* Whom nothing can be read of is named, and can be forgotten. */
static void
test_lost_people(struct host *h, const struct referral_story *agreed)
{
	autojson json_t *plan = NULL, *no = NULL;
	char who[32];

	(void)snprintf(who, sizeof(who), "%s", lost_person(h));
	ok(*who != '\0' && story_ill(h, TARGET, "keys of people", agreed->id), "the doctor names the person and the consents that cannot be read: %s", who);
	no = host_command(h, TARGET, "erase", json_pack("{s:s, s:s}", "id", "person:999", "confirm", "person:999"));
	ok(json_is_false(json_object_get(no, "ok")), "a number that means nobody is refused");
	plan = host_ok(h, TARGET, "erase", json_pack("{s:s, s:s}", "id", who, "confirm", who));
	host_run(h, 60000);
	is_str(lost_person(h), "", "by that name they are forgotten");
}

/* Of two referrals one is younger than the file of keys that was put back. */
static void
test_older_keys(void)
{
	struct host h;
	struct referral_story kept, lost, agreed;
	autojson json_t *erased = NULL;

	story_begin(&h, 71);
	story_trust(&h);
	story_publish(&h);
	refer_to(&h, &kept, STORY_ACCEPT);
	search_copy_file(&h, TARGET, "/keys.db", ".older");
	refer_to(&h, &agreed, STORY_CONSENT);
	json_decref(host_ok(&h, TARGET, "say", json_pack("{s:s, s:s}", "user", "@ana:elsewhere.example", "text", "Hello, Ana.")));
	refer_to(&h, &lost, STORY_REFER);
	ok(story_well(&h, TARGET, "keys of people"), "while each key is there the doctor names nobody");
	host_stop(&h, TARGET);
	search_copy_file(&h, TARGET, "/keys.db", ".newest");
	host_start(&h, TARGET);
	with_keys(&h, ".older");
	*h.now += 4 * DAY;
	host_run(&h, 60000);
	ok(story_ill(&h, TARGET, "keys of members", lost.id) && !story_ill(&h, TARGET, "keys of members", kept.id),
	    "the doctor names the referral that cannot be read, when its clock has struck too");
	ok(refer_step(&h, &kept, STORY_CONSENT) && refer_step(&h, &kept, STORY_CONTACT), "and the other goes on");
	with_keys(&h, ".newest");
	ok(*lost_person(&h) == '\0' && !story_ill(&h, TARGET, "keys of people", agreed.id), "with the newest keys they can be read again");
	ok(story_ill(&h, TARGET, "keys of people", kept.id), "but not a consent that came while these were away");
	ok(refer_step(&h, &lost, STORY_ACCEPT), "with the newest keys it goes on as if nothing had happened");
	with_keys(&h, ".older");
	test_lost_people(&h, &agreed);
	erased = host_ok(&h, TARGET, "erase", json_pack("{s:s, s:s}", "id", lost.id, "confirm", lost.id));
	host_run(&h, 60000);
	ok(json_array_size(json_arr(erased, "asks")) == 1 && !story_ill(&h, TARGET, "keys of members", lost.id), "else it is erased by its id, and named no more");
	json_decref(host_ok(&h, TARGET, "erase", json_pack("{s:s, s:s}", "id", agreed.id, "confirm", agreed.id)));
	host_run(&h, 60000);
	ok(story_well(&h, TARGET, "keys of members"), "until none is left");
	host_close(&h);
}

/* The member's consent ends by its event while what the target said under it waits, whose key is lost. */
static void
test_lost_told(void)
{
	const char *mute = TARGET_USER;
	struct host h;
	struct referral_story s;
	json_t *form;

	story_begin(&h, 72);
	story_trust(&h);
	story_publish(&h);
	search_copy_file(&h, TARGET, "/keys.db", ".older");
	refer_to(&h, &s, STORY_ACCEPT);
	form = refer_args(&h, &s, STORY_CONSENT);
	(void)json_object_set_new(json_obj(form, "consent"), "expires", json_pack("{s:s, s:s}", "kind", "event", "event", "when I have moved"));
	json_decref(host_ok(&h, SOURCE, "consent", form));
	host_run(&h, 20000);
	hs_script(h.hs, &(struct hs_script){ .request = story_muted, .cookie = &mute });
	json_decref(host_ok(&h, TARGET, "engage", json_pack("{s:s}", "referral", s.id)));
	with_keys(&h, ".older");
	ok(story_ill(&h, TARGET, "keys of members", s.id), "what is said under a consent has not left, and its key is lost");
	json_decref(host_ok(&h, SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", s.id, "how", "event", "recorded_by", "K. Lind")));
	host_run(&h, 20000);
	mute = NULL;
	host_run(&h, 3600 * 1000);
	ok(story_well(&h, SOURCE, "revocations"), "that the consent ended is taken, and answered");
	ok(refer_state(&h, SOURCE, &s, "accepted"), "and what waited never leaves");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
}

int
main(void)
{
	test_older_keys();
	test_lost_told();
	return done_testing();
}
