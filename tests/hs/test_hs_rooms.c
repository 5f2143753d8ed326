/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rooms a node enters and makes, and for whom: invitations of strangers and
 * of those who become partners, who falls off the trust list, and creations whose
 * answer was lost.
 */
#include <signal.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "domain/trust.h"
#include "hostile.h"
#include "story_refer.h"
#include "tests/tap.h"

#define CHANNEL		"org.cairnpeer.channel"
#define DIRECTORY	"org.cairnpeer.directory"
#define EVE		"@eve:evil.example"
#define STEWARD		"@steward:opendoor.example"

enum { CEDAR = TARGET + 1, HOUR_MS = 3600 * 1000, PER_SERVER = 20 };
enum { ONLY_SOURCE = 1, ONLY_TARGET = 2, BOTH = 3, EVERYBODY = 7 };

static json_t *
import_list(struct host *h, size_t i, int version, unsigned nodes, int64_t life)
{
	autojson json_t *list = story_trust_list(h, version, nodes, life);

	return host_command(h, i, "import_trust", json_pack("{s:O}", "document", list));
}

static char *
org_of(struct host *h, size_t i)
{
	autojson json_t *shown = host_ok(h, i, "show", json_pack("{s:s}", "id", "node"));

	return strdup(json_str(shown, "org"));
}

static void
follow(struct host *h, size_t i, size_t whom)
{
	autofree char *org = org_of(h, whom);

	json_decref(host_ok(h, i, "follow", json_pack("{s:s}", "org", org)));
}

/*
 * Invitations.
 */

static void
test_invitations(void)
{
	struct host h;
	struct client cedar, eve;
	autofree char *channel = NULL, *directory = NULL, *plain = NULL, *direct = NULL, *posing = NULL, *steward = NULL;
	autofree char *org = NULL;
	autojson json_t *rooms = NULL, *list = NULL;
	const json_t *room;
	const char *subject = NULL;
	size_t i;

	story_begin(&h, 41);
	story_trust(&h);
	(void)story_add(&h, "cedar", "cedar.example");
	org = org_of(&h, CEDAR);
	client_as(&cedar, &h, CEDAR, "node");
	client_login(&eve, &h, EVE);
	channel = client_invite(&cedar, CHANNEL, SOURCE_USER, false);
	directory = client_invite(&cedar, DIRECTORY, SOURCE_USER, false);
	posing = client_invite(&eve, CHANNEL, SOURCE_USER, true);
	plain = client_invite(&eve, NULL, SOURCE_USER, false);
	direct = client_invite(&eve, NULL, SOURCE_USER, true);
	steward = client_invite(&eve, NULL, STEWARD, true);
	host_run(&h, 40000);
	is_str(member_of(&h, channel, SOURCE_USER), "invite", "a stranger's channel is not entered");
	is_str(member_of(&h, directory, SOURCE_USER), "invite", "nor a stranger's directory");
	is_str(member_of(&h, posing, SOURCE_USER), "invite", "nor a channel that is said to be a direct chat");
	is_str(member_of(&h, plain, SOURCE_USER), "invite", "nor a room that is not said to be a direct chat");
	is_int((int)found_in(&h, SOURCE, "rejected", "reason", "does not call a direct chat"), 1, "which staff hear of, for it may be a member");
	is_str(member_of(&h, direct, SOURCE_USER), "join", "but a direct chat is");
	is_str(member_of(&h, steward, STEWARD), "invite", "except by the steward");

	/* An answer about somebody's devices has their invitations looked at again, too: none comes, so here only the list can do it. */
	hs_script(h.hs, &(struct hs_script){ .drop = "/keys/query" });
	list = story_trust_list(&h, 10, EVERYBODY, STORY_LIFE);
	for (i = 0; i < h.n; i++)
		json_decref(host_ok(&h, i, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 40000);
	is_str(member_of(&h, channel, SOURCE_USER), "join", "the channel of a stranger who became a partner is entered");
	is_str(member_of(&h, directory, SOURCE_USER), "invite", "its directory only");
	hs_script(h.hs, NULL);
	follow(&h, SOURCE, CEDAR);
	host_run(&h, 40000);
	is_str(member_of(&h, directory, SOURCE_USER), "join", "when we wish to follow it");
	is_str(member_of(&h, posing, SOURCE_USER), "invite", "and still none of other strangers");
	rooms = story_list(&h, SOURCE, "rooms");
	json_array_foreach(rooms, i, room)
		if (json_str(room, "room_id") != NULL && !strcmp(json_str(room, "room_id"), channel))
			subject = json_str(room, "subject");
	is_str(subject, org, "the channel is that partner's");
	host_end(&h);
}

/* Does the source say anything in this room? */
static bool
speaks_in(const struct host *h, const char *room)
{
	const json_t *event;
	size_t i;
	bool any = false;

	json_array_foreach(hs_events(h->hs, room), i, event)
		any |= !strcmp(json_str(event, "sender"), SOURCE_USER) && strcmp(json_str(event, "type"), "m.room.member") != 0;
	return any;
}

/* A partner's server lets a stranger pose: the invitation says channel, the room is not the partner's. */
static void
test_false_channel(void)
{
	struct host h;
	struct client eve, partner;
	autofree char *room = NULL;
	char path[200];

	story_begin(&h, 42);
	story_trust(&h);
	client_login(&eve, &h, EVE);
	client_as(&partner, &h, TARGET, "node");
	room = client_invite(&eve, CHANNEL, TARGET_USER, false);
	(void)snprintf(path, sizeof(path), "join/%s?via=evil.example", room);
	json_decref(client_call(&partner, "POST", path, json_object()));
	(void)snprintf(path, sizeof(path), "rooms/%s/invite", room);
	json_decref(client_call(&partner, "POST", path, json_pack("{s:s}", "user_id", SOURCE_USER)));
	host_run(&h, 40000);
	is_int((int)found_in(&h, SOURCE, "rooms", "unused", "another's"), 1, "a room that a stranger made is no partner's channel, "
	    "though the partner invites to it");
	is_int((int)found_in(&h, SOURCE, "rejected", "reason", EVE), 1, "which staff are told");
	story_publish(&h);
	ok(hs_room(h.hs, CHANNEL, 1) != NULL && !speaks_in(&h, room), "and nothing is said in it");
	host_end(&h);
}

static void
test_bound(void)
{
	struct host h;
	struct client eve, mallory;
	char *room[PER_SERVER + 5] = { NULL };
	int joined = 0;

	story_begin(&h, 43);
	client_login(&eve, &h, EVE);
	host_run(&h, HOUR_MS - *h.now % HOUR_MS + 1000);
	for (size_t i = 0; i < nelem(room); i++)
		room[i] = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, 60000);
	for (size_t i = 0; i < nelem(room); i++) {
		joined += !strcmp(member_of(&h, room[i], SOURCE_USER), "join");
		free(room[i]);
	}
	is_int(joined, PER_SERVER, "of %zu direct chats in an hour as many as allowed are entered", nelem(room));
	client_login(&mallory, &h, "@mallory:other.example");
	room[0] = client_invite(&mallory, NULL, SOURCE_USER, true);
	host_run(&h, 40000);
	is_str(member_of(&h, room[0], SOURCE_USER), "join", "which takes nothing from other homeservers");
	free(room[0]);
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	room[0] = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, 40000);
	is_str(member_of(&h, room[0], SOURCE_USER), "invite", "a restart does not make them more");
	free(room[0]);
	host_run(&h, HOUR_MS);
	room[0] = client_invite(&eve, NULL, SOURCE_USER, true);
	host_run(&h, 40000);
	is_str(member_of(&h, room[0], SOURCE_USER), "join", "the next hour has its own");
	free(room[0]);
	host_end(&h);
}

/*
 * The trust list.
 */

static json_t *
signed_by_another(struct host *h, int version)
{
	static const uint8_t seed[ED25519_SEED] = "somebody who is not the signer";
	json_t *list = story_trust_list(h, version, BOTH, STORY_LIFE);
	struct err err = { "" };

	(void)json_object_del(list, "proof");
	if (trust_sign(list, seed, *h->now, &err) != 0)
		host_fail(h, "cannot sign: %s", err.text);
	return list;
}

static bool
trusts(struct host *h, size_t i)
{
	autojson json_t *status = host_ok(h, i, "status", json_object());

	return json_is_true(json_object_get(status, "trusted"));
}

static void
test_lists(void)
{
	struct host h;
	autojson json_t *forged = NULL, *changed = NULL, *a = NULL, *b = NULL, *c = NULL, *d = NULL, *late = NULL, *mail = NULL;
	autofree char *org = NULL;

	story_begin(&h, 44);
	story_trust(&h);
	org = org_of(&h, TARGET);
	json_decref(import_list(&h, SOURCE, 5, BOTH, STORY_LIFE));
	a = import_list(&h, SOURCE, 4, ONLY_SOURCE, STORY_LIFE);
	ok(refused(a, "version"), "an older list is refused");
	forged = signed_by_another(&h, 9);
	b = host_command(&h, SOURCE, "import_trust", json_pack("{s:O}", "document", forged));
	ok(refused(b, ""), "a list by another signer is refused");
	changed = story_trust_list(&h, 9, BOTH, STORY_LIFE);
	(void)json_object_set_new(changed, "version", json_integer(10));
	c = host_command(&h, SOURCE, "import_trust", json_pack("{s:O}", "document", changed));
	ok(refused(c, ""), "so is one that was changed after signing");
	late = story_trust_list(&h, 9, BOTH, 1000);
	host_run(&h, 2000);
	d = host_command(&h, SOURCE, "import_trust", json_pack("{s:O}", "document", late));
	ok(refused(d, "expired"), "and one that has expired");
	is_int((int)story_count(&h, SOURCE, "partners"), 1, "the list in force is as before");
	json_decref(import_list(&h, SOURCE, 9, BOTH, HOUR_MS));
	(void)ok(trusts(&h, SOURCE), "a list for one hour is in force");
	host_run(&h, HOUR_MS + 60000);
	ok(!trusts(&h, SOURCE) && story_count(&h, SOURCE, "partners") == 0, "after it nobody is trusted");
	mail = host_command(&h, SOURCE, "follow", json_pack("{s:s}", "org", org));
	ok(refused(mail, ""), "and nothing is asked of anybody");
	host_kill(&h, SOURCE);
	host_start(&h, SOURCE);
	ok(!trusts(&h, SOURCE), "nor after a restart");
	host_end(&h);
}

/* Events and messages to devices that left ${user}'s server, that others might read. */
static int
sent_by(const struct host *h, const char *user, const char *part)
{
	const json_t *call;
	size_t i;
	int n = 0;

	json_array_foreach(hs_log(h->hs), i, call)
		n += !strcmp(json_str(call, "user"), user) && strstr(json_str(call, "path"), part) != NULL;
	return n;
}

static enum hs_fate
out_of_reach(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	const char *user = cookie;

	(void)ret_status, (void)ret_body;
	return !strcmp(call->user, user) && !strcmp(call->method, "PUT") ? HS_DROP : HS_SERVE;
}

/* The source takes the target off its list, with a request to it under way. */
static void
test_no_more_traffic(void)
{
	struct host h;
	struct referral_story s, second;
	autojson json_t *again = NULL, *shown = NULL;
	int events, keys;

	story_begin(&h, 45);
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &s);
	(void)ok(refer_step(&h, &s, STORY_REFER), "a referral to a partner");
	second = s;
	hs_script(h.hs, &(struct hs_script){ .request = out_of_reach, .cookie = (void *)(uintptr_t)SOURCE_USER });
	shown = host_ok(&h, SOURCE, "refer", refer_args(&h, &s, STORY_REFER));
	(void)snprintf(second.id, sizeof(second.id), "%s", json_str(shown, "referral"));
	host_run(&h, 5000);
	json_decref(import_list(&h, SOURCE, 10, ONLY_SOURCE, STORY_LIFE));
	hs_script(h.hs, NULL);
	events = sent_by(&h, SOURCE_USER, "/send/");
	keys = sent_by(&h, SOURCE_USER, "/sendToDevice/");
	host_run(&h, 600 * 1000);
	is_int(sent_by(&h, SOURCE_USER, "/send/") - events, 0, "who fell off the list gets nothing that was queued");
	is_int(sent_by(&h, SOURCE_USER, "/sendToDevice/") - keys, 0, "nor a key");
	again = host_command(&h, SOURCE, "refer", refer_args(&h, &s, STORY_REFER));
	ok(refused(again, ""), "nothing new can be sent to it");
	json_decref(host_ok(&h, TARGET, "answer", refer_args(&h, &s, STORY_ACCEPT)));
	host_run(&h, 30000);
	ok(refer_state(&h, SOURCE, &s, "received"), "and its answer changes nothing");
	json_decref(import_list(&h, SOURCE, 20, BOTH, STORY_LIFE));
	host_run(&h, 3 * HOUR_MS);
	ok(refer_state(&h, SOURCE, &second, "received") && refer_state(&h, SOURCE, &s, "accepted"),
	    "named again, it gets what was queued, and its answer counts");
	host_end(&h);
}

/* One program, and its ${n}th specialist. */
static void
publish(struct host *h, int n)
{
	autofree char *name = NULL;
	json_t *program = json_pack("{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s, s], s:s}}", "source",
	    "hsds:service/1", "kind", "program", "body", "name", "Harbor Light", "description",
	    "Peer support in the evening.", "forms", "substance_use_peer", "conditions", "alcohol",
	    "languages", "en", "modalities", "online_text", "phone", "cost", "free");

	if (asprintf(&name, "person/%d", n) < 0)
		abort();
	json_decref(host_ok(h, TARGET, "import", json_pack("{s:[o, {s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:{s:i, s:I}}}]}", "records", program, "source", name, "kind", "specialist", "body", "alias", name, "program",
	    "hsds:service/1", "roles", "one_to_one", "languages", "en", "modalities", "online_text", "capacity",
	    "open", 1, "updated_at", (json_int_t)*h->now)));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
}

static size_t
specialists(struct host *h)
{
	autojson json_t *found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));

	return json_array_size(json_arr(found, "records"));
}

/* The target takes the source, which follows its directory, off its list. */
static void
test_no_more_keys(void)
{
	struct host h;
	int sent;

	story_begin(&h, 46);
	story_trust(&h);
	story_publish(&h);
	publish(&h, 2);
	host_run(&h, 30000);
	is_int((int)specialists(&h), 2, "a follower reads a new record");
	json_decref(import_list(&h, TARGET, 10, ONLY_TARGET, STORY_LIFE));
	sent = sent_by(&h, TARGET_USER, "/state/m.room.encrypted/");
	publish(&h, 3);
	host_run(&h, 30000);
	ok(sent_by(&h, TARGET_USER, "/state/m.room.encrypted/") > sent, "a record is published after it fell off the list");
	is_int((int)specialists(&h), 2, "which it cannot read");
	host_end(&h);
}

/* The source leaves the directory that it follows, and asks for it again. */
static void
test_unfollowed(void)
{
	struct client c;
	struct host h;
	char path[200];
	const char *directory;

	story_begin(&h, 51);
	story_trust(&h);
	story_publish(&h);
	host_run(&h, 30000);
	directory = hs_room(h.hs, ID_NAMESPACE "directory", 0);
	client_as(&c, &h, SOURCE, "node");
	(void)snprintf(path, sizeof(path), "rooms/%s/leave", directory);
	json_decref(client_call(&c, "POST", path, json_object()));
	publish(&h, 2);
	host_run(&h, 3600 * 1000);
	is_str(member_of(&h, directory, SOURCE_USER), "leave", "who left a directory is not invited again");
	is_int((int)specialists(&h), 1, "nor reads a new record");
	follow(&h, SOURCE, TARGET);
	host_run(&h, 30000);
	is_str(member_of(&h, directory, SOURCE_USER), "join", "until it asks again");
	is_int((int)specialists(&h), 2, "and then it reads all of them");
	host_end(&h);
}

/* The follower's server drops the first new record that it should relay. */
static void
withhold(void *cookie, const char *user, json_t *answer)
{
	int *left = cookie;
	const char *room_id;
	json_t *room, *events;
	const json_t *event;
	size_t i;

	if (strcmp(user, SOURCE_USER) != 0)
		return;
	json_object_foreach(json_obj(json_obj(answer, "rooms"), "join"), room_id, room) {
		events = json_arr(json_obj(room, "timeline"), "events");
		json_array_foreach(events, i, event)
			if (*left > 0 && json_str(event, "state_key") != NULL &&
			    !strcmp(json_str(event, "type"), "m.room.encrypted")) {
				--*left;
				(void)json_array_remove(events, i);
				break;
			}
	}
}

/* What doctor says of the followed directory; the caller frees. */
static char *
doctor_says(struct host *h)
{
	autojson json_t *report = host_ok(h, SOURCE, "doctor", json_object());
	const json_t *check;
	size_t i;

	json_array_foreach(json_arr(report, "checks"), i, check)
		if (!strcmp(json_str(check, "name"), "directory of harbor"))
			return strdup(json_is_true(json_object_get(check, "ok")) ? "ok" : json_str(check, "hint"));
	return strdup("nothing");
}

static void
test_withheld(void)
{
	struct host h;
	autofree char *before = NULL, *after = NULL;
	int left = 1;

	story_begin(&h, 47);
	story_trust(&h);
	story_publish(&h);
	before = doctor_says(&h);
	hs_script(h.hs, &(struct hs_script){ .sync = withhold, .cookie = &left });
	publish(&h, 2);
	host_run(&h, 30000);
	after = doctor_says(&h);
	is_str(before, "ok", "doctor finds a directory whole");
	ok(left == 0 && specialists(&h) == 1 && strstr(after, "withholds") != NULL,
	    "and notices that a server withholds a record");
	host_end(&h);
}

/* The partner's clock was an hour fast when it signed: nothing is held against it once that hour is over. */
static void
test_future(void)
{
	struct host h;

	story_begin(&h, 48);
	story_trust(&h);
	story_publish(&h);
	host_kill(&h, SOURCE);
	*h.now += HOUR_MS;
	publish(&h, 2);
	host_run(&h, 30000);
	host_kill(&h, TARGET);
	*h.now -= HOUR_MS + 60000;
	host_start(&h, SOURCE);
	host_run(&h, 30000);
	ok(specialists(&h) == 1 && found_in(&h, SOURCE, "waiting", "reason", "clocks") > 0 &&
	    found_in(&h, SOURCE, "rejected", NULL, NULL) == 0, "a record from the near future waits, and it is said why");
	host_run(&h, HOUR_MS / 2);
	ok(specialists(&h) == 1, "for as long as it is from the future");
	host_run(&h, HOUR_MS);
	ok(specialists(&h) == 2 && found_in(&h, SOURCE, "waiting", NULL, NULL) == 0, "then it is taken");
	host_end(&h);
}

/*
 * Creations whose answer is lost.
 */

struct loss {
	struct host	*host;
	size_t		 node;		/* Who loses, or nobody: h->n. */
	enum hs_fate	 fate;
	bool		 kill;
	int		 left, met;
};

/* The request is done (or not), its answer lost, and perhaps the node dies before it could know. */
static enum hs_fate
lose(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	struct loss *l = cookie;
	struct host_node *n = &l->host->node[l->node];

	(void)ret_status, (void)ret_body;
	if (l->left == 0 || strstr(call->path, "/createRoom") == NULL ||
	    (strcmp(call->user, n->user) != 0 && strcmp(call->user, n->steward) != 0))
		return HS_SERVE;
	l->left--;
	l->met++;
	if (l->kill) {
		n->armed = HOST_BEFORE_SEND;
		(void)kill(n->pid, SIGKILL);
	}
	return l->fate;
}

static int
rooms_of(const struct host *h, const char *type)
{
	int n = 0;

	while (hs_room(h->hs, type, (size_t)n) != NULL)
		n++;
	return n;
}

static void
test_lost_answers(uint64_t seed, enum hs_fate fate, bool kill_it)
{
	struct host h;
	struct referral_story s;
	struct loss l = { .host = &h, .node = SOURCE, .fate = fate, .kill = kill_it, .left = 2 };
	const char *what = fate == HS_LOSE ? "done, the answer lost" : "lost on the way";

	story_begin(&h, seed);
	story_trust(&h);
	hs_script(h.hs, &(struct hs_script){ .request = lose, .cookie = &l });
	follow(&h, SOURCE, TARGET);
	host_run(&h, 30000);
	l.node = TARGET;
	l.left = 3;
	publish(&h, 1);
	host_run(&h, 180 * 1000);
	ok(l.met == (fate == HS_LOSE ? 3 : 5) && rooms_of(&h, CHANNEL) == 1 && rooms_of(&h, DIRECTORY) == 1 && rooms_of(&h, "m.space") == 1,
	    "%d creations %s%s: one channel, one directory, one space", l.met, what,
	    kill_it ? ", and the node killed" : "");
	refer_begin(&h, &s);
	ok(refer_step(&h, &s, STORY_REFER) && story_clean(&h, SOURCE) && story_clean(&h, TARGET), "and all of it works");
	host_end(&h);
}

int
main(void)
{
	test_invitations();
	test_false_channel();
	test_bound();
	test_lists();
	test_no_more_traffic();
	test_no_more_keys();
	test_unfollowed();
	test_withheld();
	test_future();
	for (uint64_t seed = 47; seed < 49; seed++)
		for (int killed = 0; killed < 2; killed++) {
			test_lost_answers(seed, HS_LOSE, killed);
			test_lost_answers(seed, HS_DROP, killed);
		}
	return done_testing();
}
