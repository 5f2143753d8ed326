/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of several disclosures the newest whose step counts is the one: what waits, or was overtaken, is neither shown nor used, and takes
 * nothing away; nor does a partner then erase whom staff know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/consent.h"
#include "hostile.h"
#include "scene.h"
#include "store/casestore.h"
#include "tests/tap.h"

#define CHANGE		"org.cairnpeer.referral.change"
#define DISCLOSURE	"org.cairnpeer.referral.disclosure"
#define ERASE		"org.cairnpeer.erasure.request"

enum { MOMENT = 20000 };

static const char second[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", nothing[] = "N4GGVB7Z0FNVV3G5SDTNK9ZN7B";

static void
command(struct scene *sc, size_t i, const char *verb)
{
	json_decref(host_ok(&sc->host, i, verb, json_pack("{s:s}", "referral", sc->s.id)));
}

/* A form of Sam's, who is also the member: it does not say that the source may hear what becomes of them. */
static json_t *
sams(struct scene *sc)
{
	json_t *form = refer_args(&sc->host, &sc->s, STORY_CONSENT), *consent = json_obj(form, "consent"), *identity = json_obj(form, "identity");

	(void)json_object_set_new(consent, "what", json_pack("[s, s, s, s]", "identity", "contact", "need", "constraints"));
	(void)json_object_set_new(form, "constraints", json_string("Not in the mornings."));
	(void)json_object_set_new(identity, "name", json_string("Sam"));
	(void)json_object_set_new(json_obj(identity, "contact"), "value", json_string("@sam:opendoor.example"));
	return form;
}

/* That form, as the source would say it. */
static void
disclose(struct scene *sc, json_t *form, const char *id, const char *prev)
{
	(void)json_object_set_new(json_obj(form, "consent"), "id", json_string(id));
	(void)json_object_set_new(form, "notice", json_string(consent_notice));
	(void)json_object_set_new(form, "scope", json_string("Only this."));
	form = scene_stamp(sc, form);
	if (prev != NULL)
		(void)json_object_set_new(form, "prev", json_string(prev));
	hostile_say(&sc->host, SOURCE, sc->channel, DISCLOSURE, form);
	host_run(&sc->host, MOMENT);
}

/* Whom that node shows. */
static bool
shows(struct scene *sc, size_t i, const char *name)
{
	autojson json_t *shown = refer_show(&sc->host, i, &sc->s);
	const char *is = json_str(json_obj(json_obj(shown, "disclosure"), "identity"), "name");
	autofree char *history = json_dumps(json_object_get(shown, "history"), JSON_COMPACT);

	if (history == NULL || strstr(history, "opendoor.example") != NULL)
		host_fail(&sc->host, "the history names somebody");
	return name == NULL ? is == NULL : is != NULL && !strcmp(is, name);
}

static int
likes(struct scene *sc, const char *what)
{
	autojson json_t *shown = refer_show(&sc->host, TARGET, &sc->s);

	return (int)json_array_size(json_arr(shown, what));
}

/* The step that the source says it makes on ${prev}: a pause that the member asks for. */
static json_t *
pause_on(struct scene *sc, const char *prev, char id[32])
{
	json_t *said = scene_stamp(sc, json_pack("{s:s, s:s}", "change", "pause", "by", "member"));

	(void)json_object_set_new(said, "prev", json_string(prev));
	(void)snprintf(id, 32, "%s", json_str(said, "id"));
	return said;
}

static void
last_step(struct scene *sc, char out[40])
{
	autojson json_t *shown = refer_show(&sc->host, TARGET, &sc->s);

	(void)snprintf(out, 40, "%s", json_str(shown, "last_step"));
}

/* How many disclosures the store holds with steps. */
static int
held(struct scene *sc, size_t i)
{
	struct db *db = hostile_db(&sc->host, i);
	struct step_row *steps = NULL;
	size_t n = 0;
	int found = 0;

	if (step_list(db, sc->s.id, &steps, &n) != 0)
		host_fail(&sc->host, "no steps");
	for (size_t k = 0; k < n; k++)
		found += steps[k].content != NULL && strstr(steps[k].content, "\"identity\"") != NULL;
	step_list_free(steps, n);
	hostile_go_on(&sc->host, i, db);
	return found;
}

/* What becomes of it at the target when the partner asks to erase it: staff are asked, or it is erased. */
static void
erased(struct scene *sc, const char *want, const char *what)
{
	json_t *asked = scene_stamp(sc, json_pack("{s:s, s:[]}", "because", "member_asked", "keeps"));
	autojson json_t *items = NULL;
	autofree char *name = NULL;
	const json_t *item;
	size_t k;
	bool said = false, gone = false;

	(void)json_object_del(asked, "keeps");
	hostile_say(&sc->host, SOURCE, sc->channel, ERASE, asked);
	host_run(&sc->host, MOMENT);
	items = story_list(&sc->host, TARGET, "erasures");
	if (asprintf(&name, "referral:%s", sc->s.id) < 0)
		host_fail(&sc->host, "no memory");
	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "what"), name)) {
			said |= json_str(item, "org") != NULL && !strcmp(json_str(item, "state"), want);
			gone |= json_str(item, "org") == NULL;
		}
	ok(said && gone == (strcmp(want, "erased") == 0), "%s: %s", what, want);
}

/* A step that waits says nothing; overtaken when what it waited for has come, it takes nothing with it. */
static void
test_overtaken(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *account = NULL;
	autofree char *all = NULL;
	char tip[40], id[32];
	json_t *pause;

	scene_begin(&sc, 31, STORY_CONTACT);
	last_step(&sc, tip);
	command(&sc, TARGET, "pause");
	host_run(h, MOMENT);
	pause = pause_on(&sc, tip, id);
	disclose(&sc, sams(&sc), second, id);
	ok(shows(&sc, TARGET, "Jo") && likes(&sc, "overtaken") == 1, "what is disclosed on a step that has not come is not shown");
	command(&sc, TARGET, "resume");
	host_run(h, MOMENT);
	ok(refer_state(h, SOURCE, &sc.s, "engaged"), "nor is what may be told judged by its consent");
	account = host_ok(h, TARGET, "accounting", json_pack("{s:s}", "id", sc.s.id));
	all = json_dumps(json_object_get(account, "holds"), JSON_COMPACT);
	ok(json_array_size(json_arr(account, "consents")) == 2 && all != NULL && strstr(all, "\"constraints\"") != NULL,
	    "but it is held, and in the account");
	is_int(held(&sc, TARGET), 2, "each with its step");
	hostile_say(h, SOURCE, sc.channel, CHANGE, pause);
	host_run(h, MOMENT);
	ok(shows(&sc, TARGET, "Jo") && likes(&sc, "overtaken") == 2, "overtaken together with that, it takes nothing away");
	is_int(held(&sc, TARGET), 1, "and is forgotten itself");
	command(&sc, TARGET, "pause");
	host_run(h, MOMENT);
	ok(refer_state(h, SOURCE, &sc.s, "paused"), "its consent decides nothing either");
	erased(&sc, "asked", "who is known here is not erased by a partner");
	ok(shows(&sc, TARGET, "Jo"), "but still there");
	scene_end(&sc);
}

/* It counts as soon as what it was made on has come. */
static void
test_counts(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL;
	char tip[40], id[32];
	json_t *pause;

	scene_begin(&sc, 32, STORY_CONTACT);
	last_step(&sc, tip);
	pause = pause_on(&sc, tip, id);
	disclose(&sc, sams(&sc), second, id);
	ok(shows(&sc, TARGET, "Jo"), "a disclosure waits");
	hostile_say(h, SOURCE, sc.channel, CHANGE, pause);
	host_run(h, MOMENT);
	ok(shows(&sc, TARGET, "Sam") && refer_state(h, TARGET, &sc.s, "paused"), "and counts when the step before it has come");
	reply = host_command(h, TARGET, "resume", json_pack("{s:s}", "referral", sc.s.id));
	ok(refused(reply, "would be disclosed that the consent does not list"), "then its consent says what is told");
	last_step(&sc, tip);
	disclose(&sc, refer_args(h, &sc.s, STORY_CONSENT), second, tip);
	is_int((int)found_in(h, TARGET, "rejected", "reason", "another consent's"), 1,
	    "nothing more is disclosed under the id of another consent");
	ok(shows(&sc, TARGET, "Sam") && held(&sc, TARGET) == 2, "nor held");
	disclose(&sc, refer_args(h, &sc.s, STORY_CONSENT), "6Q9ACKRYS2BJ6ZB7GDS3MB45TN", tip);
	ok(shows(&sc, TARGET, "Jo") && held(&sc, TARGET) == 3, "but under one of its own");
	command(&sc, TARGET, "resume");
	ok(refer_state(h, TARGET, &sc.s, "engaged"), "which says what is told from then on");
	scene_end(&sc);
}

/* Whoever waited to be known is called as soon as they are, not only when what counts came last. */
static void
test_called(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *tasks = NULL;
	json_t *pause, *form, *contact;
	char tip[40], id[32];

	scene_begin(&sc, 35, STORY_CONTACT);
	last_step(&sc, tip);
	pause = pause_on(&sc, tip, id);
	form = sams(&sc);
	contact = json_obj(json_obj(form, "identity"), "contact");
	(void)json_object_set_new(contact, "how", json_string("phone"));
	(void)json_object_set_new(contact, "value", json_string("+15550100"));
	disclose(&sc, form, second, id);
	is_int((int)story_count(h, TARGET, "tasks"), 0, "nobody is called whose step waits");
	hostile_say(h, SOURCE, sc.channel, CHANGE, pause);
	host_run(h, MOMENT);
	tasks = story_list(h, TARGET, "tasks");
	ok(json_array_size(tasks) == 1 && strstr(json_str(json_array_get(tasks, 0), "what"), "call for the first time") != NULL,
	    "once it counts, staff are to call (%zu)", json_array_size(tasks));
	scene_end(&sc);
}

/* Both sides at once: at the source, too, what was overtaken is not what is known, and can be said again. */
static void
test_source(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *form = NULL;
	const char *target = TARGET_USER;

	scene_begin(&sc, 33, STORY_CONTACT);
	form = sams(&sc);
	(void)json_array_append_new(json_arr(json_obj(form, "consent"), "what"), json_string("outcome"));
	hs_script(h->hs, &(struct hs_script){ .request = story_muted, .cookie = &target });
	command(&sc, TARGET, "pause");
	json_decref(host_ok(h, SOURCE, "consent", json_deep_copy(form)));
	ok(shows(&sc, SOURCE, "Sam"), "a member's second consent is recorded while the others pause");
	host_run(h, MOMENT);
	ok(shows(&sc, TARGET, "Jo"), "there it comes too late");
	hs_script(h->hs, NULL);
	host_run(h, 3600 * 1000);
	ok(refer_state(h, SOURCE, &sc.s, "paused") && shows(&sc, SOURCE, "Jo") && shows(&sc, TARGET, "Jo"), "both sides know the first");
	json_decref(host_ok(h, SOURCE, "consent", json_deep_copy(form)));
	host_run(h, MOMENT);
	ok(shows(&sc, SOURCE, "Sam") && shows(&sc, TARGET, "Sam"), "and the second, as it is said again");
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "nothing waits or was rejected");
	scene_end(&sc);
}

static void
another(struct scene *sc)
{
	refer_begin(&sc->host, &sc->s);
	if (!refer_step(&sc->host, &sc->s, STORY_REFER))
		host_fail(&sc->host, "no other referral");
}

static void
steps(struct scene *sc, enum story_step step)
{
	if (!refer_step(&sc->host, &sc->s, step))
		host_fail(&sc->host, "no such step");
	host_run(&sc->host, MOMENT);
}

/* By what is disclosed, whoever received two referrals sees that they may be of one person: by what counts alone. */
static void
test_alike(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	json_t *left;
	char accepted[40], tip[40];

	scene_begin(&sc, 36, STORY_CONSENT);
	another(&sc);
	host_run(h, MOMENT);
	steps(&sc, STORY_ACCEPT);
	last_step(&sc, accepted);
	steps(&sc, STORY_CONSENT);
	is_int(likes(&sc, "may_be_the_same_person_as"), 1, "two who are disclosed with one address may be one person");
	last_step(&sc, tip);
	disclose(&sc, sams(&sc), second, tip);
	ok(shows(&sc, TARGET, "Sam") && likes(&sc, "may_be_the_same_person_as") == 0, "not once it is said that one has another");
	last_step(&sc, tip);
	disclose(&sc, refer_args(h, &sc.s, STORY_CONSENT), nothing, tip);
	ok(shows(&sc, TARGET, "Jo") && likes(&sc, "may_be_the_same_person_as") == 1, "but as soon as it is said anew");
	left = scene_stamp(&sc, json_pack("{s:s, s:s}", "change", "withdraw", "by", "member"));
	(void)json_object_set_new(left, "prev", json_string(accepted));
	hostile_say(h, SOURCE, sc.channel, CHANGE, left);
	host_run(h, MOMENT);
	ok(shows(&sc, TARGET, NULL) && held(&sc, TARGET) == 0, "a member who left before all of it is known no more");
	is_int(likes(&sc, "may_be_the_same_person_as"), 0, "nor by whom they are like");
	scene_end(&sc);
}

/* Which referral a partner's word erases: that of somebody whom nobody was told of, and whom they did not take on. */
static void
test_erase(void)
{
	static const char *const wanted[] = { "to", "affiliation", "by", "nature" };
	struct scene sc;
	struct host *h = &sc.host;
	json_t *form;

	scene_begin(&sc, 34, STORY_REFER);
	erased(&sc, "erased", "a request of which nothing became");
	another(&sc);
	json_decref(host_ok(h, TARGET, "answer", json_pack("{s:s, s:s, s:s}", "referral", sc.s.id, "decision", "decline", "reason",
	    "no_capacity")));
	host_run(h, MOMENT);
	erased(&sc, "erased", "one that staff declined");
	another(&sc);
	json_decref(host_ok(h, TARGET, "answer", json_pack("{s:s, s:s, s:i}", "referral", sc.s.id, "decision", "waitlist", "position", 3)));
	host_run(h, MOMENT);
	erased(&sc, "asked", "one of somebody on their waiting list");
	another(&sc);
	disclose(&sc, refer_args(h, &sc.s, STORY_CONSENT), second, nothing);
	ok(shows(&sc, TARGET, NULL) && held(&sc, TARGET) == 1, "what is disclosed and waits is not shown");
	erased(&sc, "asked", "and has told who they are");
	another(&sc);
	form = host_ok(h, TARGET, "emergency", json_pack("{s:s, s:b}", "id", sc.s.id, "template", 1));
	(void)json_object_set_new(form, "id", json_string(sc.s.id));
	for (size_t i = 0; i < nelem(wanted); i++)
		(void)json_object_set_new(json_obj(form, "emergency"), wanted[i], json_string("Somebody"));
	json_decref(host_ok(h, TARGET, "emergency", form));
	erased(&sc, "asked", "one of which somebody was told in an emergency");
	scene_end(&sc);
}

int
main(void)
{
	test_overtaken();
	test_counts();
	test_called();
	test_source();
	test_alike();
	test_erase();
	return done_testing();
}
