/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sync says wrongly that the partner left the channel, or that we left a room of ours, and no later one says otherwise.
 * The homeserver is asked: seldom, as long as it lies, and through restarts; once it tells the truth all that waited goes.
 */
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "hostile.h"
#include "scene.h"
#include "store/peoplestore.h"
#include "tests/tap.h"

#define OTHER	"@other:harbor.example"
#define HOUR	(3600 * 1000LL)
#define DAY	(24 * HOUR)
#define SILENCE	(12 * DAY)

/* Twelve hours at most lie between two questions, of which each begins a doubling: an hour, three, seven, fifteen. */
enum { FIRST_DAY = 5, LATER_DAY = 3, HEARD_DAY = 24 };

/* How the homeserver answers the question whether somebody is in a room. */
enum reply { TRUTH, LEFT, FORBIDDEN, BROKEN, SILENT, STRANGER };

struct liar {
	struct scene	 sc;
	const char	*user, *room;	/* Who is told by their next sync that ... */
	const char	*absent;	/* ... this one left that room; NULL: they themselves. */
	bool		 now, always;
	enum reply	 reply;
	int		 asked, told;
};

static json_t *
in(json_t *object, const char *key)
{
	if (json_obj(object, key) == NULL)
		(void)json_object_set_new(object, key, json_object());
	return json_obj(object, key);
}

static json_t *
member(const char *user, const char *is)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "type", "m.room.member", "state_key", user, "sender", user, "event_id", "$gone",
	    "content", "membership", is);
}

static void
lie(void *cookie, const char *user, json_t *answer)
{
	struct liar *l = cookie;
	json_t *state;

	if ((!l->now && !l->always) || strcmp(user, l->user) != 0)
		return;
	l->now = false;
	l->told++;
	if (l->absent == NULL) {
		(void)json_object_set_new(in(in(answer, "rooms"), "leave"), l->room, json_object());
		return;
	}
	state = in(in(in(in(answer, "rooms"), "join"), l->room), "state");
	if (json_arr(state, "events") == NULL)
		(void)json_object_set_new(state, "events", json_array());
	(void)json_array_append_new(json_arr(state, "events"), member(l->absent, "leave"));
}

static enum hs_fate
answer(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct liar *l = cookie;
	bool members = strstr(call->path, "/members") != NULL, still = strstr(call->path, "/state/m.room.member/") != NULL;

	if (strcmp(call->user, l->user) != 0 || strcmp(call->method, "GET") != 0 || (!members && !still))
		return HS_SERVE;
	l->asked++;
	if (l->reply == TRUTH || l->reply == SILENT)
		return l->reply == TRUTH ? HS_SERVE : HS_DROP;
	*ret_status = l->reply == FORBIDDEN ? 403 : 200;
	if (l->reply == FORBIDDEN)
		*ret_body = json_pack("{s:s, s:s}", "errcode", "M_FORBIDDEN", "error", "You are not in the room.");
	else if (l->reply == BROKEN)
		*ret_body = json_object();
	else if (still)
		*ret_body = json_pack("{s:s}", "membership", "leave");
	else {
		const char *is = l->reply == STRANGER ? "join" : "leave";

		*ret_body = json_pack("{s:[o, o, o]}", "chunk", member(l->user, "join"), member(l->absent, is), member(OTHER, is));
	}
	return HS_SAY;
}

/* A referral that was accepted. */
static struct host *
begin(struct liar *l, uint64_t seed)
{
	*l = (struct liar){ .user = SOURCE_USER };
	scene_begin(&l->sc, seed, STORY_ACCEPT);
	hs_script(l->sc.host.hs, &(struct hs_script){ .request = answer, .sync = lie, .cookie = l });
	return &l->sc.host;
}

/* Something happens in the channel, and both are told. */
static void
stir(struct liar *l)
{
	struct host *h = &l->sc.host;
	autojson json_t *content = json_object();

	hs_inject(h->hs, l->sc.channel, SOURCE_USER, "m.reaction", NULL, content);
	h->changes++;
	host_run(h, 3000);
}

static void
told(struct liar *l, const char *user, const char *room, const char *absent)
{
	l->user = user;
	l->room = room;
	l->absent = absent;
	l->now = true;
	stir(l);
	ok(!l->now, "%s is told that %s left", user, absent != NULL ? absent : "they");
}

/* So many hours; the questions of them. */
static int
hours(struct liar *l, int n)
{
	int before = l->asked;

	for (int i = 0; i < n; i++) {
		*l->sc.host.now += HOUR - 60000;
		host_run(&l->sc.host, 60000);
	}
	return l->asked - before;
}

static void
restart(struct liar *l, size_t i)
{
	host_kill(&l->sc.host, i);
	host_start(&l->sc.host, i);
	host_run(&l->sc.host, 30000);
}

static bool
disclosed(struct liar *l)
{
	autojson json_t *shown = refer_show(&l->sc.host, TARGET, &l->sc.s);

	return json_obj(shown, "disclosure") != NULL;
}

static void
consent(struct liar *l)
{
	json_decref(host_ok(&l->sc.host, SOURCE, "consent", refer_args(&l->sc.host, &l->sc.s, STORY_CONSENT)));
	host_run(&l->sc.host, 30000);
}

static void
test_absent(void)
{
	struct liar l;
	struct host *h = begin(&l, 301);

	told(&l, SOURCE_USER, l.sc.channel, TARGET_USER);
	consent(&l);
	ok(!disclosed(&l) && l.asked == 0, "what is to be said waits");
	is_int(hours(&l, 2), 1, "after an hour it is asked once");
	ok(disclosed(&l) && story_well(h, SOURCE, "rooms"), "and what waited has arrived");
	json_decref(host_ok(h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", l.sc.s.id, "by_member", 1)));
	host_run(h, 30000);
	ok(refer_state(h, TARGET, &l.sc.s, "ended") && hs_room(h->hs, ID_NAMESPACE "channel", 1) == NULL,
	    "what is said next goes at once, in the same channel");
	is_int(hours(&l, 24), 0, "and nothing is asked any more");
	ok(story_complaints(h) == 0, "the homeservers have nothing to complain of");
	scene_end(&l.sc);
}

/* It lies when it is asked, too. */
static void
test_absent_long(void)
{
	struct liar l;
	struct host *h = begin(&l, 302);
	int n, before;

	told(&l, SOURCE_USER, l.sc.channel, TARGET_USER);
	l.reply = LEFT;
	consent(&l);
	json_decref(host_ok(h, SOURCE, "withdraw", json_pack("{s:s, s:b}", "id", l.sc.s.id, "by_member", 1)));
	n = hours(&l, 24);
	ok(n >= 3 && n <= FIRST_DAY && !refer_state(h, TARGET, &l.sc.s, "ended"), "in a day it is asked %d times, and nothing has left", n);
	n = hours(&l, 24);
	ok(n >= 2 && n <= LATER_DAY, "in the next %d times", n);
	before = l.asked;
	for (int i = 0; i < 24; i++) {
		hostile_say(h, TARGET, l.sc.channel, ID_NAMESPACE "referral.ack", json_pack("{s:s}", "body", "Heard."));
		(void)hours(&l, 1);
	}
	n = l.asked - before;
	ok(n > 2 * LATER_DAY && n <= HEARD_DAY, "while the partner is heard there, more often, but once an hour at most: %d", n);
	restart(&l, SOURCE);
	*h->now += SILENCE;
	restart(&l, SOURCE);
	l.reply = TRUTH;
	n = hours(&l, 24);
	ok(n > 0 && refer_state(h, TARGET, &l.sc.s, "ended"), "days and restarts later, when it tells the truth, what waited has arrived");
	scene_end(&l.sc);
}

/* Whoever it says is there, too, gets nothing by that. */
static void
test_stranger(void)
{
	struct liar l;
	struct host *h = begin(&l, 307);
	autofree char *all = NULL;

	told(&l, SOURCE_USER, l.sc.channel, TARGET_USER);
	l.reply = STRANGER;
	consent(&l);
	is_int(hours(&l, 2), 1, "asked, it names a stranger besides");
	all = json_dumps(hs_log(h->hs), JSON_COMPACT);
	ok(all != NULL && disclosed(&l) && strstr(all, OTHER) == NULL, "what waited arrives, and no request of ours names the stranger");
	scene_end(&l.sc);
}

/* The target's specialist does not want to be found any more. */
static int
withdraw(struct liar *l)
{
	json_decref(host_ok(&l->sc.host, TARGET, "withdraw", json_pack("{s:s}", "id", l->sc.s.specialist)));
	host_run(&l->sc.host, 30000);
	return (int)json_array_size(hs_events(l->sc.host.hs, l->room));
}

static void
test_out(void)
{
	struct liar l;
	struct host *h = begin(&l, 303);
	const char *directory = hs_room(h->hs, ID_NAMESPACE "directory", 0);
	int before = (int)json_array_size(hs_events(h->hs, directory));

	told(&l, TARGET_USER, directory, NULL);
	ok(l.asked == 2 && story_well(h, TARGET, "rooms"), "it is asked at once whether that is so, and then who is there (%d)", l.asked);
	ok(withdraw(&l) > before, "a record is withdrawn in our directory");
	is_int(hours(&l, 24), 0, "and nothing is asked any more");
	told(&l, TARGET_USER, directory, NULL);
	is_int(l.asked, 4, "said again the next day, it is asked again");
	l.always = true;
	for (int i = 0; i < 40; i++)
		stir(&l);
	ok(l.told > 40 && l.asked <= 6, "said in each sync, it is not asked each time (%d)", l.asked);
	scene_end(&l.sc);
}

static void
test_out_long(enum reply reply, const char *how)
{
	struct liar l;
	struct host *h = begin(&l, 304);
	const char *directory = hs_room(h->hs, ID_NAMESPACE "directory", 0);
	int before = (int)json_array_size(hs_events(h->hs, directory)), n;

	l.reply = reply;
	told(&l, TARGET_USER, directory, NULL);
	is_int(withdraw(&l) - before, 0, "asked, it says \"%s\": nothing can be published", how);
	ok(story_ill(h, TARGET, "rooms", "we are not in a room that we did not leave") && story_ill(h, TARGET, "rooms", "directory (1)"),
	    "and the doctor says which room");
	n = hours(&l, 24);
	ok(reply == SILENT || (n >= 3 && n <= FIRST_DAY), "in a day it is asked %d times", n);
	is_int((int)found_in(h, TARGET, "outbox", "purpose", "still"), reply == SILENT, "and no more than once at a time");
	restart(&l, TARGET);
	*h->now += SILENCE;
	restart(&l, TARGET);
	l.reply = TRUTH;
	n = hours(&l, 24);
	ok(n > 0 && (int)json_array_size(hs_events(h->hs, directory)) > before && story_well(h, TARGET, "rooms") && story_well(h, TARGET, "outbox"),
	    "days and restarts later, when it tells the truth, the record is withdrawn");
	(void)hours(&l, 24);
	l.reply = reply;
	told(&l, TARGET_USER, directory, NULL);
	n = hours(&l, 24);
	ok(n >= (reply == SILENT ? 1 : 3), "said again on another day, it is asked as often as the first time: %d", n);
	scene_end(&l.sc);
}

/* As it was before nodes asked: nothing is in doubt, and we are not there. */
static void
test_stuck(void)
{
	struct liar l;
	struct host *h = begin(&l, 308);
	const char *directory = hs_room(h->hs, ID_NAMESPACE "directory", 0);
	int before = (int)json_array_size(hs_events(h->hs, directory));
	struct db *db = hostile_db(h, TARGET);
	autoroom struct room room = { 0 };

	l.room = directory;
	if (room_get(db, directory, &room) != 0)
		host_fail(h, "no directory");
	room.joined = 0;
	if (room_put(db, &room) != 0)
		host_fail(h, "not written");
	hostile_go_on(h, TARGET, db);
	host_run(h, 30000);
	ok(withdraw(&l) > before, "a node that has been out of its directory for long asks when it has something to publish");
	scene_end(&l.sc);
}

/* An invitation that was taken back, before we could join, is no leave. */
static void
test_uninvited(void)
{
	struct liar l = { .user = SOURCE_USER };
	struct host *h = &l.sc.host;
	struct hs_script script = { .request = answer, .sync = lie, .cookie = &l, .drop = "/join/" };
	autoroom struct room room = { .account = strdup("node"), .room_id = strdup("!theirs:harbor.example"), .kind = ROOM_DIRECTORY };
	struct db *db;

	story_begin(h, 309);
	hs_script(h->hs, &script);
	db = hostile_db(h, SOURCE);
	if (room_put(db, &room) != 0)
		host_fail(h, "not written");
	hostile_go_on(h, SOURCE, db);
	l.room = room.room_id;
	l.now = true;
	host_run(h, 60000);
	ok(!l.now && l.asked == 0 && story_well(h, SOURCE, "rooms"), "of a room in which we never were nothing is asked");
	host_end(h);
}

/* The space belongs to the steward; what it says there is no secret. */
static void
test_space(void)
{
	struct liar l;
	struct host *h = begin(&l, 305);
	const char *space = hs_room(h->hs, "m.space", 0);

	ok(space != NULL, "the target has a space");
	l.user = h->node[TARGET].steward;
	l.room = space;
	l.now = true;
	hs_inject(h->hs, space, l.user, "m.x", NULL, json_object_get(json_array_get(hs_events(h->hs, space), 0), "content"));
	h->changes++;
	host_run(h, 30000);
	ok(!l.now && l.asked == 1 && story_well(h, TARGET, "rooms"), "told that it left the space, the steward asks once, and is in it");
	scene_end(&l.sc);
}

static bool
follows(struct liar *l)
{
	autojson json_t *partners = story_list(&l->sc.host, TARGET, "partners");

	return json_is_true(json_object_get(json_array_get(partners, 0), "follower"));
}

static size_t
publish(struct liar *l, const char *source, const char *alias)
{
	struct host *h = &l->sc.host;
	autojson json_t *found = NULL;

	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:{s:i, s:I}}}]}", "records", "source", source,
	    "kind", "specialist", "body", "alias", alias, "program", "hsds:service/1", "roles", "one_to_one", "languages", "en",
	    "modalities", "phone", "capacity", "open", 1, "updated_at", (json_int_t)*h->now)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 30000);
	found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "words", alias));
	return json_array_size(json_arr(found, "records"));
}

/* Who follows our directory is said to have left it. */
static void
test_follower(enum reply reply)
{
	struct liar l;
	struct host *h = begin(&l, 307);

	l.reply = reply;
	told(&l, TARGET_USER, hs_room(h->hs, ID_NAMESPACE "directory", 0), SOURCE_USER);
	ok(!follows(&l) && publish(&l, "nell", "Nell") == 0, "who left follows no longer, and gets no key");
	is_int(hours(&l, 2), 1, "after an hour it is asked");
	ok(follows(&l) == (reply == TRUTH), "who is in it follows it again; who is not does not");
	is_int(publish(&l, "otto", "Otto"), reply == TRUTH, "and reads what is published");
	is_int(hours(&l, 24), 0, "nothing is asked any more");
	ok(story_complaints(h) == 0, "the homeservers have nothing to complain of");
	scene_end(&l.sc);
}

/* It is true. */
static void
test_left(void)
{
	struct liar l;
	struct host *h = begin(&l, 306);
	struct client us;
	const char *directory = hs_room(h->hs, ID_NAMESPACE "directory", 0);
	autofree char *path = NULL;

	l.user = TARGET_USER;
	l.room = directory;
	client_as(&us, h, TARGET, "node");
	if (asprintf(&path, "rooms/%s/leave", directory) < 0)
		host_fail(h, "no memory");
	json_decref(client_call(&us, "POST", path, json_object()));
	h->changes++;
	host_run(h, 30000);
	ok(l.asked == 1 && story_ill(h, TARGET, "rooms", "directory (1)"), "we did leave the directory: it is asked, and staff are told");
	ok(hours(&l, 24) <= FIRST_DAY && story_ill(h, TARGET, "rooms", "directory (1)"), "and told the next day");
	scene_end(&l.sc);
}

int
main(void)
{
	test_absent();
	test_absent_long();
	test_out();
	test_out_long(LEFT, "left");
	test_out_long(FORBIDDEN, "forbidden");
	test_out_long(BROKEN, "nothing of it");
	test_out_long(SILENT, "nothing");
	test_stranger();
	test_stuck();
	test_uninvited();
	test_space();
	test_follower(TRUTH);
	test_follower(LEFT);
	test_left();
	return done_testing();
}
