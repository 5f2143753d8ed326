/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person is forgotten: who they are, what they wrote, the referrals that they asked for, and what staff wrote down of them; a
 * partner says that it must keep what it has.  And what is over its term goes by itself, first the referral, then what the law wanted kept.
 */
#include "base/canon.h"
#include "chat.h"
#include "hostile.h"
#include "reread.h"
#include "search.h"
#include "store/inbox.h"
#include "store/peoplestore.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { MEMBER = 2 };

#define MEMBER_USER	"@cairn:elsewhere.example"
#define WORDS		"my dawn chorus neighbour"	/* What they wrote. */
#define HELP		"!help"			/* What they were told. */
#define NOTED		"ends the day with crosswords"	/* What staff noted of their match. */
#define WRITTEN		"Jo of the Tuesday group"	/* Their name in the book. */
#define ENTRY		"Kim who helps out"
#define CONSENT		"\"patient\":\"Jo\""
#define LATE		"!late:elsewhere.example"
#define OTHER		"!other:harbor.example"
#define DAY		(24 * 3600 * 1000LL)

static struct host h;

#define heard(words)		chat_heard(&h, MEMBER, words)
#define write_to(text, words)	chat_write(&h, MEMBER, text, words)

static const char *
state_of(size_t i, const char *what, const char *org)
{
	static char state[32];
	autojson json_t *items = story_list(&h, i, "erasures");
	const json_t *item;
	size_t k;

	*state = '\0';
	json_array_foreach(items, k, item)
		if (!strncmp(json_str(item, "what"), what, strlen(what)) && !org == !json_str(item, "org"))
			(void)snprintf(state, sizeof(state), "%s", json_str(item, "state"));
	return state;
}

static void
begin(void)
{
	story_begin(&h, 94);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
}

/* As far as the disclosure. */
static void
ask(char id[64])
{
	static const char *const words[][2] = { { WORDS, "\"!help\" shows" }, { "!find Rosa", "1. Rosa (specialist" },
	    { "!refer 1", "How old are you?" }, { "4", "What is it about?" }, { "2", "Which language?" }, { "1", "How would you like" },
	    { "1", "How soon?" }, { "2", "When would it suit" }, { "3", "This would be sent to Rosa" }, { "!yes", "on its way" } };
	autojson json_t *list = NULL;
	json_t *form;

	for (size_t i = 0; i < nelem(words); i++)
		write_to(words[i][0], words[i][1]);
	host_run(&h, 20000);
	list = story_list(&h, TARGET, "referrals");
	(void)snprintf(id, 64, "%s", json_str(json_array_get(list, 0), "id"));
	json_decref(host_ok(&h, TARGET, "answer", json_pack("{s:s, s:s}", "referral", id, "decision", "accept")));
	host_run(&h, 20000);
	form = host_ok(&h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", id, "template", 1));
	json_decref(host_ok(&h, SOURCE, "consent", refer_fill(form, id)));
	host_run(&h, 20000);
}

static json_t *
entry(const char *who, const char *user)
{
	return json_pack("{s:{s:s, s:s, s:s, s:s*, s:{s:s, s:i}}}", "document", "kind", "training", "on", "2026-11-20", "who", who, "user", user,
	    "training", "topic", "crisis", "hours", 8);
}

/* Staff match them without a referral, note something of it, and write down in the book what they learned here. */
static void
write_down(void)
{
	autojson json_t *match = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59")), *no = NULL, *other = NULL;
	const json_t *id = json_object_get(match, "match");

	json_decref(host_ok(&h, SOURCE, "match accept", json_pack("{s:O, s:O}", "match", id, "record",
	    json_object_get(json_array_get(json_arr(match, "choices"), 0), "record"))));
	json_decref(host_ok(&h, SOURCE, "match note", json_pack("{s:O, s:{s:s, s:s, s:{s:i, s:s}}}", "match", id, "document", "kind", "checkin", "on",
	    "2026-11-21", "checkin", "well", 2, "text", NOTED)));
	json_decref(host_ok(&h, SOURCE, "match chat", json_pack("{s:O, s:s, s:s}", "match", id, "user", MEMBER_USER, "as", "member")));
	json_decref(host_ok(&h, SOURCE, "book add", entry(WRITTEN, NULL)));
	json_decref(host_ok(&h, SOURCE, "book add", entry(WRITTEN, MEMBER_USER)));
	json_decref(host_ok(&h, SOURCE, "book add", entry(WRITTEN, NULL)));
	json_decref(host_ok(&h, SOURCE, "book add", entry("Sam", NULL)));
	no = host_command(&h, SOURCE, "book add", entry(WRITTEN, "@sam:elsewhere.example"));
	ok(refused(no, "the name of somebody else"), "a name in the book is one person's");
	other = host_command(&h, SOURCE, "book add", entry("Us", SOURCE_USER));
	ok(refused(other, "an organization's account"), "and no organization's");
}

/* How often what staff wrote down can be read. */
static int
written(const char *database, const char *keys)
{
	return search(&h, SOURCE, database, keys, NOTED).found + search(&h, SOURCE, database, keys, WRITTEN).found;
}

/* A message of somebody's came whose key has not; it has ${words}. */
static void
keep_waiting(struct db *db, const char *user, const char *words)
{
	struct waiting w = { .account = (char *)(uintptr_t)"node", .room_id = (char *)(uintptr_t)words, .raw = (char *)(uintptr_t)words,
	    .session_id = (char *)(uintptr_t)"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", .reason = (char *)(uintptr_t)"no key", .at = *h.now };
	int64_t lost;

	if (person_find(db, user, &w.pid) != 0 || waiting_add(db, &w, true, &lost) != 0)
		host_fail(&h, "the store does not keep it");
}

static void
test_person(const char *id)
{
	autojson json_t *plan = NULL, *done = NULL, *again = NULL, *before = NULL, *after = NULL;
	struct db *db;
	struct reread theirs = reread(&h, SOURCE, NULL, NULL, WORDS), ours = reread(&h, SOURCE, NULL, NULL, HELP);
	char what[80];
	struct forensic f;

	ok(theirs.found > 0 && ours.found > 0, "with its keys what the homeserver holds of the chat opens: %d events", ours.opened);
	db = hostile_db(&h, SOURCE);
	keep_waiting(db, MEMBER_USER, LATE);
	keep_waiting(db, TARGET_USER, OTHER);
	hostile_go_on(&h, SOURCE, db);
	host_run(&h, 30000);
	is_int((int)found_in(&h, SOURCE, "waiting", NULL, NULL), 2, "two messages wait for their keys, one is theirs");
	host_stop(&h, SOURCE);
	search_copy(&h, SOURCE, "", ".before");
	host_start(&h, SOURCE);
	host_run(&h, 30000);
	before = host_ok(&h, SOURCE, "audit verify", json_object());
	plan = host_ok(&h, SOURCE, "erase", json_pack("{s:s}", "id", MEMBER_USER));
	ok(json_array_size(json_arr(plan, "erases")) == 4 && json_array_size(json_arr(plan, "keeps")) == 1 &&
	    json_array_size(json_arr(plan, "asks")) == 1, "first it says that the chat goes, the referral, the match, what the book says, and what stays");
	after = host_ok(&h, SOURCE, "audit verify", json_object());
	is_str(state_of(SOURCE, "person:", NULL), "", "and nothing is done");
	is_int((int)(json_int(after, "rows", 0) - json_int(before, "rows", 0)), 1, "but that what is known of them was told is in the audit");
	done = host_ok(&h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", MEMBER_USER, "confirm", MEMBER_USER));
	host_run(&h, 60000);
	is_str(state_of(SOURCE, "person:", NULL), "erased", "a minute later the person is erased");
	(void)snprintf(what, sizeof(what), "referral:%s", id);
	is_str(state_of(SOURCE, what, NULL), "erased", "and their referral");
	is_str(state_of(SOURCE, what, "org"), "asked", "the partner is asked");
	ok(found_in(&h, SOURCE, "waiting", "room_id", LATE) == 0 && found_in(&h, SOURCE, "waiting", "room_id", OTHER) == 1,
	    "what came of them and could not be read waits no more, what came of others does");
	ok(found_in(&h, SOURCE, "messages", "user", MEMBER_USER) == 0 && found_in(&h, SOURCE, "messages", "body", WORDS) == 0,
	    "no word of theirs is listed");
	again = host_command(&h, SOURCE, "erase", json_pack("{s:s}", "id", MEMBER_USER));
	ok(refused(again, "nothing is known of"), "nobody is known by that name");

	host_stop(&h, SOURCE);
	f = search(&h, SOURCE, ".before/cairn.db", ".before", WORDS);
	ok(f.found > 0, "with the keys of that day a backup has their words: %d", f.found);
	ok(search(&h, SOURCE, ".before/cairn.db", ".before", "elsewhere.example").found > 0, "and their name");
	is_int(search(&h, SOURCE, ".before/cairn.db", "", WORDS).found, 0, "with the keys of today not their words");
	ok(search(&h, SOURCE, ".before/cairn.db", ".before", LATE).found > search(&h, SOURCE, ".before/cairn.db", "", LATE).found &&
	    search(&h, SOURCE, "/cairn.db", "", LATE).found == 0, "nor what waited");
	f = search(&h, SOURCE, ".before/cairn.db", "", MEMBER_USER);
	ok(f.found == 0 && f.ratchets == 0, "nor their name, nor a ratchet: %d", f.found);
	ok(search(&h, SOURCE, "/cairn.db", "", WORDS).found == 0 && search(&h, SOURCE, "/cairn.db", "", MEMBER_USER).found == 0,
	    "nor has the database of today");
	ok(search_servers(&h, WORDS) == 0 && search_servers(&h, SOURCE_USER) > 0, "and no homeserver was told a word of it in clear");
	is_int(written(".before/cairn.db", ".before"), 4, "with the keys of that day it has what staff noted of their match, and the book");
	is_int(written(".before/cairn.db", "") + written("/cairn.db", ""), 0, "with those of today neither; nor has the database");
	ok(search(&h, SOURCE, "/cairn.db", "", "Sam").found > 0, "what the book says of others is there");
	host_start(&h, SOURCE);
	host_run(&h, 20000);
	theirs = reread(&h, SOURCE, NULL, NULL, WORDS);
	ours = reread(&h, SOURCE, NULL, NULL, HELP);
	ok(theirs.found == 0 && ours.found == 0, "and then nothing of it does, also of what was said to them: %d", ours.opened);
	json_decref(host_ok(&h, SOURCE, "audit verify", json_object()));
	ok(story_well(&h, SOURCE, "audit") && story_well(&h, SOURCE, "store"), "audit and database are whole");
}

/* The partner has reasons of its own. */
static void
test_keep(const char *id)
{
	autojson json_t *items = NULL, *shown = NULL, *twice = NULL;
	const json_t *item;
	char what[80];
	size_t i;
	int64_t until = 0;

	ok(story_ill(&h, TARGET, "erasure", "1 requests of partners"), "the partner's doctor says that somebody wants to be forgotten");
	json_decref(host_ok(&h, TARGET, "erase", json_pack("{s:s, s:b}", "id", id, "keep", 1)));
	host_run(&h, 30000);
	(void)snprintf(what, sizeof(what), "referral:%s", id);
	is_str(state_of(SOURCE, what, "org"), "kept", "it answers that it keeps");
	items = story_list(&h, SOURCE, "erasures");
	json_array_foreach(items, i, item)
		if (json_str(item, "org") != NULL)
			until = json_int(item, "until", 0);
	ok(until > *h.now, "and until when");
	shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id));
	ok(json_obj(shown, "disclosure") != NULL && story_well(&h, TARGET, "erasure"), "what it has it has, and its doctor is content");
	twice = host_command(&h, TARGET, "erase", json_pack("{s:s, s:b}", "id", id, "keep", 1));
	ok(refused(twice, "no partner waits"), "that is said once");
	/* As a backup of everything, put back, would ask once more. */
	hostile_say(&h, SOURCE, hs_room(h.hs, "org.cairnpeer.channel", 0), "org.cairnpeer.erasure.request",
	    json_pack("{s:i, s:s, s:i, s:s, s:s, s:s, s:I}", "v", 1, "id", "1REPEAT0000000000000000000", "seq", 1, "referral", id,
	    "because", "member_asked", "body", "Please erase it.", "sent_at", (json_int_t)*h.now));
	host_run(&h, 20000);
	is_str(state_of(TARGET, what, "org"), "asked", "who is asked again decides again");
	json_decref(host_ok(&h, TARGET, "erase", json_pack("{s:s, s:b}", "id", id, "keep", 1)));
	host_run(&h, 30000);
	is_str(state_of(TARGET, what, "org"), "kept", "and may keep it again");
}

static bool
has_account(const char *id)
{
	autojson json_t *reply = host_command(&h, SOURCE, "accounting", json_pack("{s:s}", "id", id));

	return json_array_size(json_arr(json_obj(reply, "result"), "consents")) > 0;
}

static int
found_now(const char *needle)
{
	int n;

	host_stop(&h, SOURCE);
	n = search(&h, SOURCE, "/cairn.db", "", needle).found;
	host_start(&h, SOURCE);
	host_run(&h, 1000);
	return n;
}

/* Two years after it has closed, and six years after that. */
static void
test_terms(void)
{
	struct referral_story s;
	char what[80];

	story_begin(&h, 95);
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &s);
	if (!refer_all(&h, &s))
		host_fail(&h, "the referral does not close");
	(void)snprintf(what, sizeof(what), "referral:%s", s.id);
	json_decref(host_ok(&h, SOURCE, "book add", entry(ENTRY, NULL)));
	*h.now += 729 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	is_str(state_of(SOURCE, what, NULL), "", "before its time nothing goes");
	ok(found_now("talk to in the evenings") > 0, "it can be read");
	*h.now += 2 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	is_str(state_of(SOURCE, what, NULL), "erased", "then the referral goes by itself");
	ok(found_now("talk to in the evenings") == 0 && found_now(CONSENT) > 0 && has_account(s.id), "the consent and the account stay");
	*h.now += 1460 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	ok(found_now(ENTRY) > 0, "an entry of the book stays for six years");
	*h.now += 731 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	ok(has_account(s.id), "as long as the law wants");
	*h.now += 2 * DAY;
	host_run(&h, 2 * 3600 * 1000LL);
	ok(!has_account(s.id) && found_now(CONSENT) == 0, "and go then");
	is_str(state_of(SOURCE, "entry:", NULL), "erased", "and the book's entry after its term, with its key");
	ok(found_now(ENTRY) == 0 && story_well(&h, SOURCE, "audit") && story_well(&h, SOURCE, "store"), "audit and database are whole");
	host_close(&h);
}

int
main(void)
{
	char id[64];

	begin();
	ask(id);
	write_down();
	test_person(id);
	test_keep(id);
	ok(!strcmp(member_of(&h, hs_room(h.hs, NULL, 0), SOURCE_USER), "leave"), "the node has left the chat");
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	test_terms();
	return done_testing();
}
