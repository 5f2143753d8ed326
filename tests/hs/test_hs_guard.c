/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must decide nothing decides nothing: broken items of a batch, what came
 * in clear, what came from the wrong user, room or device, and disclosures without
 * what makes them lawful.  Each test ends with the same thing done rightly.
 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "domain/consent.h"
#include "hostile.h"
#include "hs_world.h"
#include "scene.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "tests/tap.h"

#define ANSWER		"org.cairnpeer.referral.answer"
#define DISCLOSURE	"org.cairnpeer.referral.disclosure"

enum { CEDAR = TARGET + 1, EVERYBODY = 7 };

static json_t *
acceptance(struct scene *sc)
{
	return scene_stamp(sc, json_pack("{s:s}", "decision", "accept"));
}

/* ${reason} was put aside at the source, and else it is as it was. */
static void
is_put_aside(struct scene *sc, const json_t *before, const char *list, const char *reason, const char *what)
{
	autojson json_t *after = picture(&sc->host, SOURCE);

	is_int((int)found_in(&sc->host, SOURCE, list, "reason", reason), 1, "%s: %s, with its reason", what, list);
	ok(json_equal(before, after), "%s: nothing changes", what);
}

/* How many rows of its audit are of that action and about the referral. */
static int
about(struct scene *sc, size_t i, const char *actor, const char *action)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "referral:%s", sc->s.id);
	return story_audited(&sc->host, i, actor, action, what);
}

/*
 * Broken items.
 */

static char *
next_batch(struct scene *sc)
{
	struct db *db = hostile_db(&sc->host, SOURCE);
	struct account account;
	char *token;

	if (account_get(db, "node", &account) != 0)
		host_fail(&sc->host, "there is no account");
	token = strdup(account.next_batch);
	account_free(&account);
	hostile_go_on(&sc->host, SOURCE, db);
	return token;
}

static void
test_bad_items(void)
{
	static const char session[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct scene sc;
	struct host *h = &sc.host;
	struct meddler m = { .user = SOURCE_USER };
	autofree char *before = NULL, *after = NULL;
	json_t *bad[] = { json_object(), json_pack("{s:s}", "algorithm", "m.olm.v1"),
	    json_pack("{s:s, s:s, s:s}", "algorithm", "m.megolm.v1.aes-sha2", "session_id", session,
	    "ciphertext", "AwgA") };

	scene_begin(&sc, 21, STORY_REFER);
	before = next_batch(&sc);
	host_kill(h, SOURCE);
	for (size_t i = 0; i < nelem(bad); i++) {
		hs_inject(h->hs, sc.channel, TARGET_USER, "m.room.encrypted", NULL, bad[i]);
		json_decref(bad[i]);
	}
	m.todevice = json_pack("[{s:s, s:s, s:{s:s, s:s, s:{}}}, {s:s, s:s, s:s}]", "type", "m.room.encrypted", "sender",
	    TARGET_USER, "content", "algorithm", "m.olm.v1.curve25519-aes-sha2", "sender_key", "x", "ciphertext",
	    "type", "m.room.encrypted", "sender", TARGET_USER, "content", "none");
	hs_script(h->hs, &(struct hs_script){ .sync = meddle, .cookie = &m });
	json_decref(host_ok(h, TARGET, "answer", refer_args(h, &sc.s, STORY_ACCEPT)));
	host_run(h, 10000);
	host_start(h, SOURCE);
	host_run(h, 10000);
	ok(refer_state(h, SOURCE, &sc.s, "accepted"), "an answer arrives behind three broken events and two broken messages");
	is_int((int)story_count(h, SOURCE, "rejected"), 5, "which are rejected");
	is_int((int)found_in(h, SOURCE, "rejected", "reason", ""), 5, "each with a reason");
	after = next_batch(&sc);
	host_run(h, 10000);
	ok(strcmp(before, after) != 0 && story_count(h, SOURCE, "rejected") == 5, "and never asked for again");
	json_decref(m.held);
	scene_end(&sc);
}

/* As the source makes it from a consent, and its next version with ${id}. */
static json_t *
disclosed(struct scene *sc, const char *id)
{
	json_t *content = scene_stamp(sc, refer_args(&sc->host, &sc->s, STORY_CONSENT));

	(void)json_object_set_new(json_obj(content, "consent"), "id", json_string(id));
	(void)json_object_set_new(content, "notice", json_string(consent_notice));
	(void)json_object_set_new(content, "scope", json_string("Only this."));
	return content;
}

static bool
consented(struct scene *sc)
{
	autojson json_t *shown = refer_show(&sc->host, TARGET, &sc->s);

	return json_is_true(json_object_get(shown, "consented")) || json_obj(shown, "disclosure") != NULL;
}

static bool
disclosed_there(struct scene *sc)
{
	autojson json_t *shown = refer_show(&sc->host, TARGET, &sc->s);

	return json_obj(shown, "disclosure") != NULL;
}

/* The handler of a disclosure has applied the step when it finds the consent's id taken. */
static void
test_undone(void)
{
	static const char taken[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", mine[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45TN";
	struct scene sc;
	struct host *h = &sc.host;
	struct referral_story first;
	autojson json_t *before = NULL, *after = NULL;

	scene_begin(&sc, 22, STORY_ACCEPT);
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, disclosed(&sc, taken));
	ok(consented(&sc) && story_clean(h, TARGET), "a first disclosure is taken");
	first = sc.s;
	refer_begin(h, &sc.s);
	(void)ok(refer_step(h, &sc.s, STORY_REFER) && refer_step(h, &sc.s, STORY_ACCEPT), "a second referral");
	before = picture(h, TARGET);
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, disclosed(&sc, taken));
	is_int((int)found_in(h, TARGET, "rejected", "reason", "consent"), 1, "its disclosure with the first one's consent is rejected");
	after = picture(h, TARGET);
	ok(json_equal(before, after), "and the step that its handler had taken is undone");
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, disclosed(&sc, mine));
	ok(consented(&sc), "with a consent of its own it is taken");
	sc.s = first;
	ok(consented(&sc), "and so is the first still");
	scene_end(&sc);
}

static int
answers(struct scene *sc)
{
	autojson json_t *shown = refer_show(&sc->host, SOURCE, &sc->s);
	const json_t *line;
	size_t i;
	int n = 0;

	json_array_foreach(json_arr(shown, "history"), i, line)
		n += !strcmp(json_str(line, "input"), "accept");
	return n;
}

/* The target is told that its timeline has a gap: its next event has a fresh key, and that is held back. */
static void
gap(void *cookie, const char *user, json_t *answer)
{
	const char *room_id;
	json_t *room;

	json_object_foreach(json_obj(json_obj(answer, "rooms"), "join"), room_id, room)
		if (!strcmp(user, TARGET_USER))
			(void)json_object_set_new(json_obj(room, "timeline"), "limited", json_true());
	meddle(cookie, user, answer);
}

static void
test_late_key(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	struct meddler m = { .user = SOURCE_USER };
	autojson json_t *nothing = json_object();

	scene_begin(&sc, 23, STORY_REFER);
	hs_script(h->hs, &(struct hs_script){ .sync = gap, .cookie = &m });
	hs_inject(h->hs, sc.channel, SOURCE_USER, "m.reaction", NULL, nothing);
	h->changes++;
	host_run(h, 5000);
	m.hold = true;
	json_decref(host_ok(h, TARGET, "answer", refer_args(h, &sc.s, STORY_ACCEPT)));
	host_run(h, 15000);
	ok(refer_state(h, SOURCE, &sc.s, "received"), "without its key an answer changes nothing");
	is_int((int)found_in(h, SOURCE, "waiting", "reason", "key has not arrived"), 1, "but waits for it");
	host_kill(h, SOURCE);
	host_start(h, SOURCE);
	m.hold = false;
	host_run(h, 35000);
	is_int(answers(&sc), 1, "with the key it is acted on, once");
	host_run(h, 200000);
	is_int(answers(&sc), 1, "and no more");
	ok(story_clean(h, SOURCE), "nothing waits any longer");
	json_decref(m.held);
	scene_end(&sc);
}

/*
 * In clear.
 */

static void
test_clear(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	struct meddler m = { .user = SOURCE_USER };
	const char *direct, *rooms[2];
	autojson json_t *before = NULL, *after = NULL;
	autojson json_t *text = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "accept");
	autojson json_t *reaction = json_pack("{s:{s:s, s:s, s:s}}", "m.relates_to", "rel_type", "m.annotation",
	    "event_id", "$x", "key", "\xf0\x9f\x91\x8d"), *answer;

	scene_begin(&sc, 24, STORY_REFER);
	json_decref(host_ok(h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", "Good evening.")));
	host_run(h, 60000);
	rooms[0] = sc.channel;
	rooms[1] = direct = hs_room(h->hs, NULL, 0);
	before = picture(h, SOURCE);
	is_int((int)found_in(h, SOURCE, "messages", "body", "Good evening."), 1, "a message that was encrypted is read");
	answer = acceptance(&sc);
	for (size_t i = 0; i < nelem(rooms); i++) {
		hs_inject(h->hs, rooms[i], TARGET_USER, ANSWER, NULL, answer);
		hs_inject(h->hs, rooms[i], TARGET_USER, "m.reaction", NULL, reaction);
		hs_inject(h->hs, rooms[i], TARGET_USER, "m.room.message", NULL, text);
	}
	m.todevice = json_pack("[{s:s, s:s, s:O}, {s:s, s:s, s:{s:s, s:s, s:s, s:s}}]", "type", ANSWER, "sender",
	    TARGET_USER, "content", answer, "type", "m.room_key", "sender", TARGET_USER, "content", "algorithm",
	    "m.megolm.v1.aes-sha2", "room_id", direct, "session_id", "x", "session_key", "x");
	hs_script(h->hs, &(struct hs_script){ .sync = meddle, .cookie = &m });
	h->changes++;
	host_run(h, 60000);
	after = picture(h, SOURCE);
	is_int(m.added, 2, "an answer, a reaction and a message came in clear, to rooms and to the device");
	is_int((int)found_in(h, SOURCE, "messages", "body", "accept"), 0, "nothing of them is kept");
	is_int((int)found_in(h, SOURCE, "messages", "body", "This could not be read."), 1, "in the direct chat that is said, once");
	(void)json_object_del(before, "messages");
	(void)json_object_del(after, "messages");
	ok(json_equal(before, after), "and decided nothing");
	ok(story_clean(h, SOURCE), "nor were they taken for broken items");
	json_decref(m.held);
	scene_end(&sc);
}

/*
 * From whom?
 */

static void
test_strangers(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	const char *direct;
	autojson json_t *before = NULL;

	scene_begin(&sc, 25, STORY_REFER);
	(void)story_add(h, "cedar", "cedar.example");
	hostile_enter(h, CEDAR, sc.channel, SOURCE_USER);
	direct = hs_room(h->hs, NULL, 0);
	before = picture(h, SOURCE);
	hostile_say(h, CEDAR, sc.channel, ANSWER, acceptance(&sc));
	is_put_aside(&sc, before, "rejected", "only from a trusted partner", "an answer by a stranger in the channel");
	hostile_say(h, CEDAR, direct, ANSWER, acceptance(&sc));
	is_int((int)found_in(h, SOURCE, "rejected", "reason", "only from a trusted partner"), 2, "and in a direct chat");
	hostile_say(h, TARGET, sc.channel, ANSWER, acceptance(&sc));
	ok(refer_state(h, SOURCE, &sc.s, "accepted"), "the partner's own answer counts");
	scene_end(&sc);
}

static void
test_wrong_place(void)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *before = NULL, *list = NULL, *cedar = NULL;
	const char *own;

	scene_begin(&sc, 26, STORY_REFER);
	(void)story_add(h, "cedar", "cedar.example");
	list = story_trust_list(h, 10, EVERYBODY, STORY_LIFE);
	for (size_t i = 0; i < h->n; i++)
		json_decref(host_ok(h, i, "import_trust", json_pack("{s:O}", "document", list)));
	json_decref(host_ok(h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", "Hello.")));
	cedar = host_ok(h, SOURCE, "show", json_pack("{s:s}", "id", "node"));
	json_decref(host_ok(h, CEDAR, "follow", json_pack("{s:O}", "org", json_object_get(cedar, "org"))));
	host_run(h, 10000);
	hostile_enter(h, CEDAR, sc.channel, SOURCE_USER);
	own = hs_room(h->hs, "org.cairnpeer.channel", 1);
	before = picture(h, SOURCE);
	hostile_say(h, TARGET, hs_room(h->hs, NULL, 0), ANSWER, acceptance(&sc));
	is_put_aside(&sc, before, "rejected", "in its channel", "a partner's answer in the direct chat");
	hostile_say(h, CEDAR, own, ANSWER, acceptance(&sc));
	is_put_aside(&sc, before, "rejected", "not the sender's to change", "another partner's answer in its own channel");
	ok(about(&sc, SOURCE, "partner:", "refused") == 1 && story_audited(h, SOURCE, "partner:", "refused", "event") == 1,
	    "the audit has the one about the referral, the other's, whose it is not, about an event");
	hostile_say(h, CEDAR, sc.channel, ANSWER, acceptance(&sc));
	is_int((int)found_in(h, SOURCE, "rejected", "reason", "in its channel"), 2, "and in the channel of the first");
	ok(refer_state(h, SOURCE, &sc.s, "received"), "and nothing came of it");
	scene_end(&sc);
}

/* Only its own signature is left to the device: the owner's is gone. */
static void
test_unsigned_device(void)
{
	struct host h;
	json_t *device, *mine;
	const char *name;
	void *next;
	autofree char *own = NULL;

	story_begin(&h, 27);
	device = hs_user(h.hs, TARGET_USER)->devices->keys;
	mine = json_obj(json_obj(device, "signatures"), TARGET_USER);
	own = hs_text("ed25519:%s", json_str(device, "device_id"));
	json_object_foreach_safe(mine, next, name, device)
		if (strcmp(name, own) != 0)
			(void)json_object_del(mine, name);
	story_trust(&h);
	device = host_ok(&h, SOURCE, "show", json_pack("{s:s}", "id", "node"));
	json_decref(host_ok(&h, TARGET, "follow", json_pack("{s:O}", "org", json_object_get(device, "org"))));
	json_decref(device);
	host_run(&h, 20000);
	ok(found_in(&h, SOURCE, "waiting", "reason", "not signed") + found_in(&h, SOURCE, "rejected", "reason", "not signed") > 0,
	    "what comes from a device that its owner has not signed is put aside");
	device = story_list(&h, SOURCE, "partners");
	ok(json_is_false(json_object_get(json_array_get(device, 0), "follower")), "and nothing changes");
	json_decref(device);
	host_end(&h);
}

/*
 * Disclosures.
 */

static void
test_disclosures(void)
{
	static const char id[] = "6Q9ACKRYS2BJ6ZB7GDS3MB45TM", other[] = "20K063R1B72GH8GQNEHPN093CB";
	static const char *const wrong[] = { "its consent names another recipient", "its consent is another's to give",
	    "its consent covers less than it tells", "its consent has expired", "it lacks the notice" };
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 28, STORY_ACCEPT);
	for (size_t i = 0; i < nelem(wrong); i++) {
		json_t *content = disclosed(&sc, id), *consent = json_obj(content, "consent");

		if (i < 2)
			(void)json_object_set_new(json_array_get(json_arr(consent, i == 0 ? "to" : "from"), 0), "org",
			    json_string(other));
		else if (i == 2)
			(void)json_object_set_new(content, "history", json_string("A group, two years ago."));
		else if (i == 3)
			(void)json_object_set_new(json_obj(consent, "expires"), "at", json_integer(*h->now - 1));
		else
			(void)json_object_set_new(content, "notice", json_string("Confidential."));
		hostile_say(h, SOURCE, sc.channel, DISCLOSURE, content);
		ok(found_in(h, TARGET, "rejected", "reason", i < nelem(wrong) - 1 ? "element" : "notice") == (i < nelem(wrong) - 1 ?
		    i + 1 : 1) && !consented(&sc), "a disclosure is refused: %s", wrong[i]);
	}
	is_int(about(&sc, TARGET, "partner:", "refused"), nelem(wrong), "the audit has each refusal about its referral");
	is_int(story_audited(h, TARGET, "partner:", "refused", "event"), 0, "and about nothing else");
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, json_pack("{s:s}", "referral", other));
	is_int(story_audited(h, TARGET, "partner:", "refused", "event"), 1, "what is refused of a referral that is not here is about an event");
	hostile_say(h, SOURCE, sc.channel, DISCLOSURE, disclosed(&sc, id));
	ok(consented(&sc), "with a consent that allows it, and the notice, it is taken");
	scene_end(&sc);
}

/* Events of ${user} that are in the room. */
static int
said(const struct host *h, const char *room, const char *user)
{
	const json_t *event;
	size_t i;
	int n = 0;

	json_array_foreach(hs_events(h->hs, room), i, event)
		n += !strcmp(json_str(event, "sender"), user);
	return n;
}

/* While the homeserver takes nothing, the consent runs out; or not. */
static void
test_expiry(bool in_time)
{
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *reply = NULL, *status = NULL, *doctor = NULL;
	autofree char *text = NULL;
	json_t *args;
	const char *delivery;
	int refusals = 0, before;

	scene_begin(&sc, 29, STORY_ACCEPT);
	before = said(h, sc.channel, SOURCE_USER);
	hs_script(h->hs, &(struct hs_script){ .request = story_refuse_sends, .cookie = &refusals });
	args = refer_args(h, &sc.s, STORY_CONSENT);
	(void)json_object_set_new(json_obj(json_obj(args, "consent"), "expires"), "at", json_integer(*h->now + 600 * 1000));
	reply = host_ok(h, SOURCE, "consent", args);
	host_run(h, in_time ? 120 * 1000 : 660 * 1000);
	hs_script(h->hs, NULL);
	host_run(h, in_time ? 400 * 1000 : 900 * 1000);
	status = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(reply, "id")));
	delivery = json_str(status, "delivery");
	if (in_time) {
		ok(refusals > 1 && consented(&sc), "a disclosure that was refused %d times arrives in time", refusals);
		is_str(delivery, "delivered", "and is delivered");
		ok(about(&sc, SOURCE, "node", "disclose") == 1 && about(&sc, SOURCE, "node", "withheld") == 0, "the audit says that it was disclosed");
	} else {
		ok(refusals > 1 && said(h, sc.channel, SOURCE_USER) == before + 1 && !disclosed_there(&sc),
		    "its consent expired while it was queued: it is never sent, only that it was withheld");
		is_str(delivery, "failed", "is not said to have been sent");
		ok(logged(h, SOURCE, "consent is no longer in force"), "and the log says why");
		is_int(about(&sc, SOURCE, "node", "withheld"), 1, "the audit says that it was withheld");
		doctor = host_ok(h, SOURCE, "doctor", json_object());
		text = json_dumps(doctor, 0);
		ok(strstr(text, "contents for partners: 1 given up") != NULL, "and doctor names it");
	}
	scene_end(&sc);
}

/* That one content is not acknowledged is said by doctor, by the list of referrals, or (2) both. */
static int
silence_told(struct scene *sc)
{
	autojson json_t *doctor = host_ok(&sc->host, SOURCE, "doctor", json_object());
	const json_t *check;
	size_t i;
	int told = 0;

	json_array_foreach(json_arr(doctor, "checks"), i, check)
		told += !json_is_true(json_object_get(check, "ok")) &&
		    strstr(json_str(check, "text"), ", 1 sent for an hour without an acknowledgement") != NULL;
	return told + (int)found_in(&sc->host, SOURCE, "referrals", "delivery", "not acknowledged");
}

/* The homeservers take everything, and the partner says nothing. */
static void
test_silent(void)
{
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 31, STORY_ACCEPT);
	host_kill(h, TARGET);
	json_decref(host_ok(h, SOURCE, "consent", refer_args(h, &sc.s, STORY_CONSENT)));
	host_run(h, 1800 * 1000);
	is_int(silence_told(&sc), 0, "after half an hour without an acknowledgement nobody is alarmed");
	host_run(h, 2400 * 1000);
	is_int(silence_told(&sc), 2, "after an hour doctor says so, and the list of referrals which");
	host_start(h, TARGET);
	host_run(h, 3700 * 1000);
	ok(consented(&sc) && silence_told(&sc) == 0, "and no longer when the partner is back");
	scene_end(&sc);
}

/*
 * What is written down.
 */

struct steps_audited {
	const char	*referral;
	const json_t	*history;
	size_t		 n, same;	/* Rows; those that are in the history, at the same place from its end. */
};

static int
add_audited(void *cookie, const struct audit_row *row)
{
	struct steps_audited *a = cookie;
	size_t all = json_array_size(a->history);
	const char *input = a->n < all ? json_str(json_array_get(a->history, all - 1 - a->n), "input") : NULL;

	/* Not what is noted besides: the consent's id, what was shared, and that the operator looked. */
	if (row->subject == NULL || strstr(row->subject, a->referral) == NULL || !strcmp(row->actor, "node") ||
	    !strcmp(row->action, "show"))
		return 0;
	a->same += input != NULL && !strcmp(row->action, input);
	a->n++;
	return 0;
}

static void
test_audit(void)
{
	static const char *const names[] = { "source", "target" };
	struct scene sc;
	struct host *h = &sc.host;

	scene_begin(&sc, 30, STORY_CLOSE);
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *shown = refer_show(h, i, &sc.s);
		const json_t *history = json_arr(shown, "history");
		struct db *db = hostile_db(h, i);
		struct steps_audited a = { .referral = sc.s.id, .history = history };

		if (audit_each(db, 1000, add_audited, &a) != 0)
			host_fail(h, "no audit");
		hostile_go_on(h, i, db);
		ok(a.n == 6 && a.same == a.n && json_array_size(history) == a.n, "each step has its row in the audit of the %s",
		    names[i]);
	}
	scene_end(&sc);
}

/* Somebody can be referred to a record of ours that is published and takes people in, and to nothing else. */
static void
test_requests(void)
{
	static const struct { const char *source, *reason; } asked[] = { { NULL, "none of ours" }, { "manifest", "takes nobody in" }, { "own:draft", "not published" },
	    { "own:crisis", "it is a crisis service, which takes no referral: give the person its number, 555-0100" }, { "hsds:service/1", NULL } };
	struct scene sc;
	struct host *h = &sc.host;
	autojson json_t *list = NULL, *shown = NULL;

	scene_begin(&sc, 30, STORY_REFER);
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s}}]}", "records", "source", "own:draft", "kind", "program",
	    "body", "name", "A draft", "description", "Not yet.")));
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[s], s:s, s:[{s:s, s:s}]}}]}", "records", "source", "own:crisis", "kind", "program",
	    "body", "name", "Night line", "description", "Somebody answers.", "settings", "crisis_service", "no_alternative", "It answers until midnight.", "contacts",
	    "how", "phone", "value", "555-0100")));
	list = story_list(h, TARGET, "records");
	shown = refer_show(h, TARGET, &sc.s);
	for (size_t i = 0; i < nelem(asked); i++) {
		json_t *content = scene_stamp(&sc, json_deep_copy(json_obj(shown, "request"))), *record;
		size_t k;

		(void)json_object_set_new(content, "to", json_string("20K063R1B72GH8GQNEHPN093CB"));
		json_array_foreach(list, k, record)
			if (asked[i].source != NULL && json_str(record, "source") != NULL && !strcmp(json_str(record, "source"), asked[i].source))
				(void)json_object_set(content, "to", json_object_get(record, "id"));
		(void)json_object_set_new(content, "referral", json_sprintf("6Q9ACKRYS2BJ6ZB7GDS3MB45%d", 10 + (int)i));
		(void)(json_object_del(content, "prev") | json_object_del(content, "leg"));
		hostile_say(h, SOURCE, sc.channel, ID_NAMESPACE "referral.request", content);
		ok(story_count(h, TARGET, "referrals") == 1u + (asked[i].reason == NULL) && (asked[i].reason == NULL || found_in(h, TARGET, "rejected",
		    "reason", asked[i].reason) == 1), "a request is %s%s", asked[i].reason != NULL ? "refused: " : "taken", asked[i].reason != NULL ? asked[i].reason : "");
	}
	scene_end(&sc);
}

int
main(void)
{
	test_bad_items();
	test_undone();
	test_late_key();
	test_clear();
	test_strangers();
	test_wrong_place();
	test_unsigned_device();
	test_disclosures();
	test_requests();
	test_expiry(true);
	test_expiry(false);
	test_silent();
	test_audit();
	return done_testing();
}
