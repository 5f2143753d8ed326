/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whoever asks what is kept of them gets all of it and nothing of anybody else: a word of theirs in each place is in their copy, and no other member's
 * is.  What a copy must have is asked of the store: each column that holds something under a key of theirs, and each table that erasing them empties.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "chat_consent.h"
#include "hostile.h"
#include "search.h"
#include "store/bookstore.h"
#include "store/boundstore.h"
#include "store/messagestore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"
#include "tests/tap.h"

enum { MEMBER = 2, OTHER = 3 };

#define MEMBER_USER	"@cairn:elsewhere.example"
#define OTHER_USER	"@cairn:faraway.example"
#define CASE_ALIAS	"qzaliasqz"
#define MEETING		"1930384800000"		/* 2031-03-04T10:00:00Z: said in a step alone. */

static struct host h;
static char first[64], second[64], theirs[64], match[64], person[64];

/* One word of the member in each place. */
static const char *const words[] = { "qzhelloqz", "qzgoalqz", "qzplanqz", "qzcheckqz", "qznameqz", "555 0187", "qzmindqz", "qzneedqz", "qzpendingqz", "qzrecordqz",
	"qzemergencyqz", "qznotedqz", "qzbookqz", "qzquestionqz", "qzvoiceqz", "qzspecialistqz", "qzmatchnoteqz", MEETING, MEMBER_USER };
/* Those of others: another member, somebody without Matrix, the one who supports them. */
static const char *const others[] = { "qzothernameqz", "qzotherhelloqz", "qzothergoalqz", "qzotherneedqz", OTHER_USER, CASE_ALIAS, "qzfeedbackqz", "qzsupporterqz" };

/* What is sealed under a key of theirs, and what erasing them empties: in the copy ... */
static const char *const copied[] = { "bound.body", "book.body", "consent.consent", "consult_voice.body", "disclosed.detail", "holder.detail", "intake.person", "intake.talk",
	"message.body", "note.body", "pairing.body", "person.user", "referral.disclosure", "referral.outcome", "referral.reason", "referral.request", "referral_step.content",
	"revocation.detail" };
static const char *const copied_tables[] = { "task", "intake", "intake_referral", "note", "pairing_chat", "pairing", "referral_step", "step", "referral", "consent", "disclosed", "revocation",
	"holder", "erasure_ask", "consult_voice", "bound", "message", "room" };
/* ... and not: the same once more on its way, what staff did, keys, what names events and devices, what was never opened. */
static const char *const left[] = { "traffic.content", "audit.about" };
static const char *const left_tables[] = { "likeness", "outbox", "rejected", "traffic", "inbox", "withheld", "gap", "crypt_index", "crypt_inbound", "crypt_outbound", "crypt_share",
	"crypt_history", "crypt_pin", "roster", "member", "subject" };

static bool
is_in(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

static void
says(size_t i, const char *text, const char *words_of_it)
{
	if (!chat_answers(&h, i, text, words_of_it))
		host_fail(&h, "no answer to: %s", text);
}

static void
do_ok(size_t i, const char *verb, json_t *args)
{
	json_decref(host_ok(&h, i, verb, args));
	host_run(&h, 10000);
}

/* All of it, as the command puts it together; the caller frees. */
static char *
copy_of(size_t i, const char *id)
{
	autojson json_t *head = host_ok(&h, i, "export member", json_pack("{s:s}", "id", id)), *all = json_array();
	json_t *part;
	size_t k;

	(void)json_array_append(all, head);
	json_array_foreach(json_arr(head, "parts"), k, part) {
		json_int_t after = 0;

		do {
			autojson json_t *one = host_ok(&h, i, "export member", json_pack("{s:s, s:O, s:I}", "id", id, "part", part, "after", after));

			(void)json_array_append(all, one);
			after = json_int(one, "next", 0);
		} while (after > 0);
	}
	return json_dumps(all, JSON_COMPACT);
}

/* Of that node's store: the columns that hold something under a key of these subjects, as {"table.column": subject}; the caller decrefs. */
static json_t *
columns_of(size_t i, const char *which)
{
	json_t *ret = json_object();
	sqlite3_stmt *tables = NULL, *columns = NULL, *rows = NULL;
	char path[PATH_MAX], sql[1024];
	sqlite3 *db = NULL;

	search_copy(&h, i, "", ".read");
	search_path(&h, i, ".read/cairn.db", path);
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table'", -1, &tables, NULL) != SQLITE_OK)
		bail(path, "cannot be read");
	while (sqlite3_step(tables) == SQLITE_ROW) {
		(void)snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%s') WHERE type = 'BLOB'", (const char *)sqlite3_column_text(tables, 0));
		if (sqlite3_prepare_v2(db, sql, -1, &columns, NULL) != SQLITE_OK)
			continue;
		while (sqlite3_step(columns) == SQLITE_ROW) {
			const char *table = (const char *)sqlite3_column_text(tables, 0), *column = (const char *)sqlite3_column_text(columns, 0);

			(void)snprintf(sql, sizeof(sql), "SELECT s.name FROM \"%s\" AS t JOIN subject AS s ON hex(substr(t.\"%s\", 1, 9)) = printf('02%%016X', s.slot) "
			    "WHERE length(t.\"%s\") > 48 AND (%s) LIMIT 1", table, column, column, which);
			if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK && sqlite3_step(rows) == SQLITE_ROW) {
				(void)snprintf(sql, sizeof(sql), "%s.%s", table, column);
				(void)json_object_set_new(ret, sql, json_string((const char *)sqlite3_column_text(rows, 0)));
			}
			(void)sqlite3_finalize(rows);
			rows = NULL;
		}
		(void)sqlite3_finalize(columns);
	}
	(void)sqlite3_finalize(tables);
	(void)sqlite3_close(db);
	return ret;
}

static void
test_columns(void)
{
	char which[640];
	autojson json_t *found = NULL;
	const char *column;
	json_t *whose;
	int unknown = 0;

	(void)snprintf(which, sizeof(which), "s.name = '%s' OR s.part_of = '%s' OR s.name IN ('legal:%s', 'legal:%s', 'legal:%s', 'referral:%s', 'legal:%s')", person, person, person, first,
	    second, match, match);
	found = columns_of(SOURCE, which);
	json_object_foreach(found, column, whose)
		if (!is_in(column, copied, nelem(copied)) && !is_in(column, left, nelem(left))) {
			printf("# %s of %s is neither copied nor left out\n", column, json_string_value(whose));
			unknown++;
		}
	is_int(unknown, 0, "of each column that holds something of theirs it is decided whether it is in the copy");
	for (size_t i = 0; i < nelem(copied); i++)
		if (json_object_get(found, copied[i]) == NULL)
			printf("# nothing of theirs is in %s\n", copied[i]);
	ok(json_object_size(found) >= nelem(copied) - 3, "and nearly each holds something here: %zu", json_object_size(found));
}

/* What erasing empties, by the statements that do it. */
static void
test_tables(void)
{
	static const char *const files[] = { "erasure", "intakestore", "bookstore" };
	char line[512], table[64], name[64] = "", path[PATH_MAX];
	const char *dir = getenv("srcdir");
	int seen = 0, unknown = 0;

	for (size_t i = 0; i < nelem(files); i++) {
		FILE *f;

		(void)snprintf(path, sizeof(path), "%s/node/store/sql/%s.sql", dir != NULL ? dir : ".", files[i]);
		if ((f = fopen(path, "r")) == NULL)
			bail(path, "cannot be read");
		while (fgets(line, sizeof(line), f) != NULL) {
			(void)sscanf(line, "-- name: %63s", name);
			if (sscanf(line, "DELETE FROM %63s", table) != 1 || strncmp(name, "erase_", 6) != 0)
				continue;
			seen++;
			if (!is_in(table, copied_tables, nelem(copied_tables)) && !is_in(table, left_tables, nelem(left_tables))) {
				printf("# %s empties %s, of which nothing is known here\n", name, table);
				unknown++;
			}
		}
		(void)fclose(f);
	}
	ok(seen > 30 && unknown == 0, "of each table that erasing somebody empties it is decided whether it is in the copy: %d statements", seen);
}

/* A chat, a request that goes to its end, and one that waits for a consent. */
static void
live(size_t i, const char *const *said, const char *hello, const char *goal, char id[64])
{
	char code[16];

	chat_say(&h, i, hello);
	says(i, "!goals", "What do you want?");
	says(i, goal, "Another goal?");
	says(i, "!done", "it is kept");
	if (!chat_asks(&h, i, id))
		host_fail(&h, "the request does not get through");
	consent_accept(&h, id);
	if (!consent_shown(&h, i, "!consent", said))
		host_fail(&h, "the words are not shown");
	says(i, consent_letters(&h, i, code), "It is on its way to them");
	host_run(&h, 20000);
}

static void
live_all(void)
{
	static const char *const mine[] = { "qznameqz", "2", "+1 201 555 0187", "2", "qzmindqz", "qzneedqz", "1", NULL };
	static const char *const their[] = { "qzothernameqz", "1", "!skip", "qzotherneedqz", "1", NULL };

	live(MEMBER, mine, "qzhelloqz", "qzgoalqz", first);
	live(OTHER, their, "qzotherhelloqz", "qzothergoalqz", theirs);
	says(MEMBER, "!plan", "day to day");
	says(MEMBER, "qzplanqz", "notice");
	for (int i = 0; i < 6; i++)
		chat_say(&h, MEMBER, "!skip");
	says(MEMBER, "!skip", "it is kept");
	says(MEMBER, "!checkin", "How is it going?");
	says(MEMBER, "4", "own words");
	says(MEMBER, "qzcheckqz", "ask you again");
	says(MEMBER, "!skip", "it is kept");
	do_ok(TARGET, "schedule", json_pack("{s:s, s:s}", "referral", first, "meets_at", "2031-03-04T10:00:00Z"));
	do_ok(TARGET, "engage", json_pack("{s:s}", "referral", first));
	do_ok(TARGET, "close", json_pack("{s:s, s:s}", "referral", first, "outcome", "got_help"));
	do_ok(SOURCE, "revoke", json_pack("{s:s, s:s, s:s}", "referral", first, "how", "phone", "recorded_by", "qzrecordqz"));
	if (!chat_asks(&h, MEMBER, second))
		host_fail(&h, "the second request does not get through");
	consent_accept(&h, second);
	says(MEMBER, "!consent", "What should they call you?");
	says(MEMBER, "qzpendingqz", "How may they reach you?");
}

static json_t *
note(const char *kind, json_t *part)
{
	return json_pack("{s:s, s:{s:s, s:s, s:o}}", "match", match, "document", "kind", kind, "on", "2026-11-21", kind, part);
}

/* Words in a match, of who writes in that chat. */
static int
say_in_match(struct db *db, const char *user, const char *side, const char *said)
{
	autojson json_t *body = json_pack("{s:i, s:s, s:s, s:[{s:s, s:s}]}", "v", 1, "kind", "goals", "on", "2026-11-21", "goals", "text", said, "state", "open");
	struct note n = { .pairing = match, .kind = (char *)(uintptr_t)"goals", .at = *h.now, .body = body };
	struct chat c = { .pairing = match, .side = (char *)(uintptr_t)side };
	int r = person_find(db, user, &n.pid);

	c.pid = n.pid;
	return r != 0 || (r = chat_put(db, &c)) != 0 ? r : note_add(db, match, &n);
}

/* What staff know of them besides. */
static void
write_down(void)
{
	autojson json_t *made = host_ok(&h, SOURCE, "match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59")), *feedback = NULL;
	struct consult consult = { .id = (char *)(uintptr_t)"01J8Z0Q4M2K7V9T5B3N6X8C0RD", .at = *h.now };
	struct bound_row bound = { .specialist = (char *)(uintptr_t)"qzspecialistqz", .asked = *h.now };
	autojson json_t *question = json_pack("{s:s, s:[s]}", "question", "qzquestionqz", "answers", "yes"), *voice = json_pack("{s:i, s:s}", "choice", 1, "words", "qzvoiceqz");
	struct db *db;

	(void)snprintf(match, sizeof(match), "%s", json_str(made, "match"));
	do_ok(SOURCE, "match accept", json_pack("{s:s, s:O}", "match", match, "record", json_object_get(json_array_get(json_arr(made, "choices"), 0), "record")));
	do_ok(SOURCE, "match chat", json_pack("{s:s, s:s, s:s}", "match", match, "user", MEMBER_USER, "as", "member"));
	do_ok(SOURCE, "match note", note("checkin", json_pack("{s:i, s:s}", "well", 2, "text", "qznotedqz")));
	feedback = json_pack("{s:s, s:i, s:i, s:i, s:i, s:b, s:s}", "by", "specialist", "heard", 5, "respected", 5, "chose", 5, "useful", 5, "again", 1, "text", "qzfeedbackqz");
	do_ok(SOURCE, "match note", note("feedback", json_incref(feedback)));
	do_ok(SOURCE, "book add", json_pack("{s:{s:s, s:s, s:s, s:s, s:{s:s, s:i}}}", "document", "kind", "training", "on", "2026-11-20", "who", "qzbookqz", "user", MEMBER_USER, "training",
	    "topic", "crisis", "hours", 8));
	do_ok(SOURCE, "emergency", json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:[s], s:I}}", "id", MEMBER_USER, "emergency", "to", "Dr. Hale", "affiliation", "County ER", "by", "K. Lind", "nature",
	    "qzemergencyqz", "what", "identity", "at", (json_int_t)*h.now));
	do_ok(SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", CASE_ALIAS, "phone", "+1 201 555 0111", "leave_message", 0));
	db = hostile_db(&h, SOURCE);
	consult.body = question;
	if (person_find(db, MEMBER_USER, &bound.pid) != 0 || consult_put(db, &consult) != 0 || voice_put(db, consult.id, bound.pid, voice) != 0 || bound_put(db, &bound) != 0 ||
	    say_in_match(db, MEMBER_USER, "member", "qzmatchnoteqz") != 0 || say_in_match(db, OTHER_USER, "specialist", "qzsupporterqz") != 0)
		host_fail(&h, "the store does not keep it");
	(void)snprintf(person, sizeof(person), "person:%lld", (long long)bound.pid);
	hostile_go_on(&h, SOURCE, db);
	host_run(&h, 5000);
}

static void
test_copies(void)
{
	autofree char *mine = copy_of(SOURCE, MEMBER_USER), *other = copy_of(SOURCE, OTHER_USER), *there = copy_of(TARGET, first), *one = copy_of(SOURCE, match), *again = copy_of(SOURCE, second);
	int missing = 0, foreign = 0;

	for (size_t i = 0; i < nelem(words); i++)
		if (strstr(mine, words[i]) == NULL) {
			printf("# %s is not in the copy\n", words[i]);
			missing++;
		}
	is_int(missing, 0, "a word of theirs in each place is in their copy");
	for (size_t i = 0; i < nelem(others); i++)
		if (strstr(mine, others[i]) != NULL) {
			printf("# %s is in the copy\n", others[i]);
			foreign++;
		}
	is_int(foreign, 0, "and nobody else's");
	for (size_t i = 0; i < nelem(words); i++)
		foreign += strstr(other, words[i]) != NULL;
	ok(foreign == 0 && strstr(other, "qzothernameqz") != NULL && strstr(other, "qzothergoalqz") != NULL, "nor is anything of theirs in another's");
	ok(strstr(there, "qznameqz") != NULL && strstr(there, "qzmindqz") != NULL && strstr(there, "qzothernameqz") == NULL, "who was asked for support gives what it holds of that request");
	ok(strstr(one, "qznotedqz") != NULL && strstr(one, "qzmatchnoteqz") != NULL && strstr(one, "qzhelloqz") == NULL, "by a match there is that match");
	ok(strstr(one, "qzfeedbackqz") == NULL && strstr(one, "qzsupporterqz") == NULL && strstr(other, "qzsupporterqz") != NULL, "without what the other side says, who has that in their own");
	ok(strstr(again, "\"id\":\"") != NULL && strstr(again, second) != NULL && strstr(again, "qznameqz") == NULL, "by a request that request");
	ok(strstr(mine, "what you wrote to this organization") != NULL && strstr(mine, "notes of counselling") != NULL, "it begins with what it is, and what it is not");
}

/* Somebody without Matrix; and who cannot be meant. */
static void
test_whom(void)
{
	autojson json_t *cases = story_list(&h, SOURCE, "cases"), *no = NULL, *us = NULL, *part = NULL;
	autofree char *copy = copy_of(SOURCE, json_str(json_array_get(cases, 0), "id"));
	char about[80];

	ok(strstr(copy, CASE_ALIAS) != NULL && strstr(copy, "qzhelloqz") == NULL, "somebody without Matrix by their case");
	no = host_command(&h, SOURCE, "export member", json_pack("{s:s}", "id", "@nobody:elsewhere.example"));
	ok(refused(no, "nothing is known of"), "nobody is nobody");
	us = host_command(&h, SOURCE, "export member", json_pack("{s:s}", "id", TARGET_USER));
	ok(refused(us, "an organization's account"), "an organization is no member");
	part = host_command(&h, SOURCE, "export member", json_pack("{s:s, s:o}", "id", MEMBER_USER, "part", json_sprintf("referral:%s", theirs)));
	ok(refused(part, "none of what is held of them"), "what is another's is no part of theirs");
	(void)snprintf(about, sizeof(about), "referral:%s", first);
	ok(story_audited(&h, SOURCE, "operator", "export", person) > 1 && story_audited(&h, SOURCE, "operator", "export", about) == 1, "each look is in the audit, and what was looked at");
}

/* More than one answer holds; and a notebook of thousands goes on where it stopped. */
static void
test_pages(void)
{
	autofree char *copy = NULL;
	struct db *db = hostile_db(&h, SOURCE);
	char text[32], id[32];
	int64_t pid;
	int missing = 0;

	if (person_find(db, MEMBER_USER, &pid) != 0)
		host_fail(&h, "nobody");
	for (int i = 0; i < 900; i++) {
		(void)snprintf(text, sizeof(text), "qzpage%04dqz", i);
		(void)snprintf(id, sizeof(id), "01J8Z0Q4M2K7V9T5B3N6X8%04d", i);
		if (message_add(db, id, NULL, pid, false, text, *h.now) != 0)
			host_fail(&h, "the store does not keep it");
	}
	hostile_go_on(&h, SOURCE, db);
	copy = copy_of(SOURCE, MEMBER_USER);
	for (int i = 0; i < 900; i++) {
		const char *at;

		(void)snprintf(text, sizeof(text), "qzpage%04dqz", i);
		at = strstr(copy, text);
		missing += at == NULL || strstr(at + 1, text) != NULL;
	}
	is_int(missing, 0, "of 900 messages each is there, once");
}

int
main(void)
{
	story_begin(&h, 213);
	(void)story_add(&h, "elsewhere", "elsewhere.example");
	(void)story_add(&h, "faraway", "faraway.example");
	story_trust_both(&h, STORY_LIFE);
	story_publish(&h);
	live_all();
	write_down();
	test_copies();
	test_whom();
	test_columns();
	test_tables();
	test_pages();
	host_close(&h);
	return done_testing();
}
