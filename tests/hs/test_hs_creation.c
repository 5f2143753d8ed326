/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A homeserver says of a partner's channel that somebody else made it, or that it is no channel: once, or always.
 * Nothing more is said in it, staff hear of it, and another takes its place; but what the partner says there counts.
 * Likewise where it says that we left a channel or chat in which we are.
 */
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/id.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

#define CHANNEL	ID_NAMESPACE "channel"
#define SPACE	"m.space"
#define OTHER	"@other:harbor.example"

enum { MANY = 40 };

/* What the target's homeserver says of the channel, which the source made, or of a later one. */
struct liar {
	struct host	*host;
	size_t		 which;
	const char	*creator, *type;	/* NULL: it is not said. */
	int		 lies;			/* So many events in the next sync that shows the channel; then the truth. */
	bool		 alternates;		/* The truth between them. */
	bool		 also;			/* It says so too when it is asked who made it ... */
	const char	*key;			/* ... but of this state key; NULL: as it is. */
	int		 status;		/* Of the answer to that; 0: an answer. */
	int		 asked;
	const char	*left, *back;		/* Rooms of which the next sync says that the target left them, or is in them. */
};

static const char *
channel(const struct liar *l)
{
	return hs_room(l->host->hs, CHANNEL, l->which);
}

static json_t *
creation(const char *creator, const char *type)
{
	return json_pack("{s:s, s:s, s:s, s:s*, s:o*}", "type", "m.room.create", "state_key", "", "event_id", "$creation", "sender", creator,
	    "content", type != NULL ? json_pack("{s:s, s:s}", "type", type, "room_version", "12") : NULL);
}

static void
lie(void *cookie, const char *user, json_t *answer)
{
	struct liar *l = cookie;
	json_t *room = l->lies > 0 && !strcmp(user, TARGET_USER) ? json_object_get(json_obj(json_obj(answer, "rooms"), "join"), channel(l)) : NULL;

	if (l->left != NULL && !strcmp(user, TARGET_USER) && json_object_size(json_obj(json_obj(answer, "rooms"), "join")) > 0)
		(void)json_object_set_new(json_obj(answer, "rooms"), "leave", json_pack("{s:{}}", take(l->left)));
	if (l->back != NULL && !strcmp(user, TARGET_USER) && json_object_get(json_obj(json_obj(answer, "rooms"), "join"), l->back) != NULL)
		(void)json_array_append_new(json_arr(json_obj(json_object_get(json_obj(json_obj(answer, "rooms"), "join"), take(l->back)), "state"),
		    "events"), json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "type", "m.room.member", "state_key", TARGET_USER, "event_id", "$member",
		    "sender", TARGET_USER, "content", "membership", "join"));
	for (; room != NULL && l->lies > 0; l->lies--) {
		(void)json_array_append_new(json_arr(json_obj(room, "state"), "events"), creation(l->creator, l->type));
		if (l->alternates)
			(void)json_array_append_new(json_arr(json_obj(room, "state"), "events"), creation(SOURCE_USER, CHANNEL));
	}
}

static enum hs_fate
lie_again(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct liar *l = cookie;
	size_t n = strlen(call->path);

	if (strcmp(call->user, TARGET_USER) != 0 || n < 6 || strcmp(call->path + n - 6, "/state") != 0)
		return HS_SERVE;
	l->asked++;
	if (!l->also && l->status == 0)
		return HS_SERVE;
	*ret_status = l->status != 0 ? l->status : 200;
	*ret_body = l->status != 0 ? json_pack("{s:s, s:s}", "errcode", "M_FORBIDDEN", "error", "No.") :
	    json_pack("[o]", creation(l->key != NULL ? SOURCE_USER : l->creator, l->type));
	if (l->key != NULL)
		(void)json_object_set_new(json_array_get(*ret_body, 0), "state_key", json_string(l->key));
	return HS_SAY;
}

/* A channel in use, and a referral that has arrived in it. */
static void
begin(struct host *h, struct liar *l, struct referral_story *s, uint64_t seed)
{
	*l = (struct liar){ .host = h, .creator = OTHER, .type = CHANNEL };
	story_begin(h, seed);
	story_trust(h);
	story_publish(h);
	refer_begin(h, s);
	if (!refer_step(h, s, STORY_REFER))
		host_fail(h, "no referral before the lie");
	hs_script(h->hs, &(struct hs_script){ .request = lie_again, .sync = lie, .cookie = l });
}

/* Something shows the room to the target's homeserver. */
static void
show_room(struct host *h, const char *room)
{
	autojson json_t *content = json_pack("{s:s}", "body", "x");

	hs_inject(h->hs, room, SOURCE_USER, "m.x", NULL, content);
	h->changes++;
	host_run(h, 30000);
}

static void
show(const struct liar *l)
{
	show_room(l->host, channel(l));
}

/* Encrypted events of ${user} in a room. */
static int
sealed(const struct host *h, const char *room, const char *user)
{
	const json_t *event;
	size_t i;
	int n = 0;

	json_array_foreach(hs_events(h->hs, room), i, event)
		n += !strcmp(json_str(event, "sender"), user) && !strcmp(json_str(event, "type"), "m.room.encrypted");
	return n;
}

static bool
told(struct host *h)
{
	return found_in(h, TARGET, "rejected", "reason", "another is made") == 1 && found_in(h, TARGET, "rooms", "unused", "another's") == 1 &&
	    story_ill(h, TARGET, "inbox", "1 rejected");
}

/* Nothing of it is left to be told. */
static bool
well(struct host *h)
{
	return found_in(h, TARGET, "rejected", NULL, NULL) == 0 && found_in(h, TARGET, "rooms", "unused", "") == 0 && story_clean(h, TARGET);
}

/* One false answer: the homeserver is asked, and says the truth. */
static void
test_once(const char *creator, const char *type)
{
	struct host h;
	struct liar l;
	struct referral_story s;

	begin(&h, &l, &s, 201);
	l.creator = creator;
	l.type = type;
	l.lies = 1;
	show(&l);
	ok(l.lies == 0 && l.asked == 1 && well(&h), "a %s that %s made, said once: asked, and it is over", type, creator);
	ok(refer_step(&h, &s, STORY_ACCEPT) && refer_step(&h, &s, STORY_CONSENT) && hs_room(h.hs, CHANNEL, 1) == NULL,
	    "the channel goes on, and there is no other");
	host_end(&h);
}

static void
test_always(const char *creator, const char *type)
{
	struct host h;
	struct liar l;
	struct referral_story s, second;
	const char *another;
	int before, heard;

	begin(&h, &l, &s, 202);
	l.creator = creator;
	l.type = type;
	l.lies = 1;
	l.also = true;
	show(&l);
	before = sealed(&h, channel(&l), TARGET_USER);
	ok(told(&h) && found_in(&h, TARGET, "rejected", "reason", creator) == 1, "a %s that %s made, and said so again: staff are told", type, creator);
	l.lies = 1;
	show(&l);
	is_int(l.asked, 1, "it is asked once, however often it is shown");
	hostile_say(&h, TARGET, channel(&l), ID_NAMESPACE "referral.ack", json_pack("{s:s}", "body", "Queued for it before."));
	l.back = channel(&l);
	show(&l);
	ok(l.back == NULL && told(&h), "that we are in it makes it no better");
	heard = sealed(&h, channel(&l), SOURCE_USER);
	second = s;
	ok(refer_step(&h, &second, STORY_REFER) && strcmp(second.id, s.id) != 0 && sealed(&h, channel(&l), SOURCE_USER) > heard,
	    "what the partner says in it is taken");
	ok(refer_step(&h, &s, STORY_ACCEPT) && refer_step(&h, &s, STORY_CONSENT) && refer_step(&h, &s, STORY_CONTACT) &&
	    refer_step(&h, &s, STORY_CLOSE), "and answered: the first referral goes to its end");
	another = hs_room(h.hs, CHANNEL, 1);
	ok(another != NULL && hs_room(h.hs, CHANNEL, 2) == NULL && sealed(&h, another, TARGET_USER) > 0, "in one other channel");
	is_int(sealed(&h, channel(&l), TARGET_USER) - before, 0, "in the old one nothing of ours is said");
	is_int((int)found_in(&h, TARGET, "outbox", NULL, NULL), 0, "nor waits to be");
	l.also = false;
	l.creator = SOURCE_USER;
	l.type = CHANNEL;
	l.lies = 1;
	show(&l);
	ok(well(&h), "shown as the partner's again, it is told no more");
	ok(story_complaints(&h) == 0, "the homeservers have nothing to complain of");
	host_end(&h);
}

/* Nothing is said by it, or nobody can say anything of it. */
static void
test_nothing(void)
{
	struct host h;
	struct liar l;
	struct referral_story s;

	begin(&h, &l, &s, 203);
	l.creator = NULL;
	l.lies = 1;
	show(&l);
	l.creator = OTHER;
	l.type = NULL;
	l.lies = 1;
	show(&l);
	ok(l.lies == 0 && l.asked == 0 && well(&h), "a creation without a sender or content says nothing");
	host_end(&h);
}

/* While nobody is trusted there is no partner whose channel it could be. */
static void
test_nobody(void)
{
	struct host h;
	struct liar l;
	struct referral_story s;
	autojson json_t *without = NULL, *with = NULL;

	begin(&h, &l, &s, 204);
	without = story_trust_list(&h, 10, 1u << TARGET, STORY_LIFE);
	with = story_trust_list(&h, 20, 1u << SOURCE | 1u << TARGET, STORY_LIFE);
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", without)));
	l.creator = SOURCE_USER;
	l.type = CHANNEL;
	l.lies = 1;
	show(&l);
	json_decref(host_ok(&h, TARGET, "import_trust", json_pack("{s:O}", "document", with)));
	ok(l.lies == 0 && l.asked == 0 && well(&h) && refer_step(&h, &s, STORY_ACCEPT), "off the trust list for a while, a partner keeps its channel");
	host_end(&h);
}

static void
test_many(void)
{
	struct host h;
	struct liar l;
	struct referral_story s;

	begin(&h, &l, &s, 205);
	l.lies = MANY;
	l.alternates = true;
	show(&l);
	ok(l.lies == 0 && l.asked == 1 && well(&h), "said and taken back %d times in one answer: it is asked once (%d)", MANY, l.asked);
	host_end(&h);
}

/* It does not say who made it when it is asked: it refuses, or shows an event of another key, as anybody in a room may send. */
static void
test_refused(int status, const char *key)
{
	struct host h;
	struct liar l;
	struct referral_story s;

	begin(&h, &l, &s, 206);
	l.lies = 1;
	l.also = true;
	l.status = status;
	l.key = key;
	show(&l);
	ok(told(&h) && l.asked == 1 && found_in(&h, TARGET, "outbox", NULL, NULL) == 0, "asked and not said: staff are told, and nothing is asked for ever");
	host_end(&h);
}

/* The invitation to a partner's channel is said to be one to something else. */
static void
disguise(void *cookie, const char *user, json_t *answer)
{
	const char *type = cookie, *id;
	json_t *room, *event;
	size_t i;

	if (strcmp(user, TARGET_USER) != 0)
		return;
	json_object_foreach(json_obj(json_obj(answer, "rooms"), "invite"), id, room)
		json_array_foreach(json_arr(json_obj(room, "invite_state"), "events"), i, event)
			if (!strcmp(json_str(event, "type"), "m.room.create"))
				(void)(*type != '\0' ? json_object_set_new(json_obj(event, "content"), "type", json_string(type)) :
				    json_object_del(json_obj(event, "content"), "type"));
}

static void
test_invitation(const char *type)
{
	struct host h;
	struct client partner;
	autofree char *room = NULL;

	story_begin(&h, 207);
	story_trust(&h);
	hs_script(h.hs, &(struct hs_script){ .sync = disguise, .cookie = (void *)(uintptr_t)type });
	client_as(&partner, &h, SOURCE, "node");
	room = client_invite(&partner, CHANNEL, TARGET_USER, false);
	host_run(&h, 30000);
	is_str(member_of(&h, room, TARGET_USER), "invite", "an invitation to a channel that is shown as one to \"%s\" is left alone", type);
	is_int((int)found_in(&h, TARGET, "rejected", "reason", "neither their channel"), 1, "and staff are told whose it is");
	host_end(&h);
}

/* The target is in the channel all the time. */
static void
test_left(void)
{
	struct host h;
	struct liar l;
	struct referral_story s;
	int before;

	begin(&h, &l, &s, 208);
	l.left = channel(&l);
	show(&l);
	before = sealed(&h, channel(&l), TARGET_USER);
	ok(l.left == NULL && refer_step(&h, &s, STORY_ACCEPT), "said to have left the channel: what is to be said finds a way");
	ok(hs_room(h.hs, CHANNEL, 1) != NULL && found_in(&h, TARGET, "rooms", "unused", "left") == 1 &&
	    sealed(&h, channel(&l), TARGET_USER) == before, "which is another channel");
	before = sealed(&h, channel(&l), SOURCE_USER);
	ok(refer_step(&h, &s, STORY_CONSENT) && sealed(&h, channel(&l), SOURCE_USER) > before, "what the partner says in the first is taken");
	l.left = channel(&l);
	show(&l);
	is_int((int)found_in(&h, TARGET, "rooms", "unused", "left"), 1, "said to have left it once more, nothing changes");
	l.back = channel(&l);
	show(&l);
	ok(l.back == NULL && well(&h), "shown to be in it, we use it again");
	ok(refer_step(&h, &s, STORY_CONTACT) && refer_step(&h, &s, STORY_CLOSE), "and the referral goes to its end");
	l.which = 1;
	l.lies = 1;
	show(&l);
	ok(l.lies == 0 && l.asked == 0 && well(&h), "of a channel of our own we know who made it");
	host_end(&h);
}

static void
say(struct host *h, size_t i, const char *user, const char *text)
{
	json_decref(host_ok(h, i, "say", json_pack("{s:s, s:s}", "user", user, "text", text)));
	host_run(h, 30000);
}

/* The source's account is a person's here. */
static void
test_left_chat(void)
{
	struct host h;
	struct liar l = { .host = &h };
	const char *chat;

	story_begin(&h, 209);
	say(&h, SOURCE, TARGET_USER, "One.");
	chat = hs_room(h.hs, NULL, 0);
	ok(chat != NULL && story_said(&h, TARGET, "in", "One.") == 1, "a person writes to us");
	hs_script(h.hs, &(struct hs_script){ .sync = lie, .cookie = &l });
	l.left = chat;
	show_room(&h, chat);
	say(&h, TARGET, SOURCE_USER, "Two.");
	ok(l.left == NULL && hs_room(h.hs, NULL, 1) != NULL && story_said(&h, SOURCE, "in", "Two.") == 1,
	    "said to have left their chat, we answer in another");
	hostile_say(&h, SOURCE, chat, "m.room.message", json_pack("{s:s, s:s}", "msgtype", "m.text", "body", "Three."));
	host_run(&h, 30000);
	is_int(story_said(&h, TARGET, "in", "Three."), 1, "and what they go on writing in the first is read");
	host_end(&h);
}

int
main(void)
{
	test_once(OTHER, CHANNEL);
	test_once(SOURCE_USER, SPACE);
	test_always(OTHER, CHANNEL);
	test_always(SOURCE_USER, SPACE);
	test_nothing();
	test_nobody();
	test_many();
	test_refused(403, NULL);
	test_refused(0, "x");
	test_invitation(SPACE);
	test_invitation("");
	test_left();
	test_left_chat();
	return done_testing();
}
