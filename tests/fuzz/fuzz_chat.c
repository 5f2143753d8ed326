/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two of a match write in their chats, and whoever else is asked for an opinion: an agreement waits for both, there are
 * questionnaires, a question to all specialists is open, one referral of the member is under way.  An input is a list of up to
 * sixteen {"as": 0 (the member), 1 (the specialist) or 2 (somebody else), "say": TEXT or the content of a message, "type"}, in which
 * "$yes" is a yes with the letters of the agreement, "$terms" the hash of its words, and "$notice" the kind of a message that a
 * program writes; a note as data is in the content (docs/notes.md).
 *
 * The node goes on, whatever is written.  Only who wrote the letters has signed, and nobody for somebody else; what is somebody's
 * alone is read by nobody until they share it; what became a note is one; of so few opinions nothing is told; a request
 * leaves, and is taken back, only at a yes.
 */
#include "app/said.h"
#include "app/talk.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/text.h"
#include "domain/agreement.h"
#include "events.h"
#include "stage.h"
#include "store/intakestore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"

const unsigned fuzz_changes = 25;

#define LETTERS	"for you, write !yes "

enum { ITEMS_MAX = 16, REPLY_MAX = 12000, MEMBER = 0, HELPER = 1, OTHER = 2, PEOPLE = 3, ASKED = 5, SHARED = 1, SIGNED = 2 };

static const char *const users[ASKED] = { "@jo:elsewhere.example", "@rosa:further.example", "@kim:further.example", "@lee:further.example",
	"@max:further.example" };
static int64_t pids[PEOPLE];
static char *match, yes[] = LETTERS "xyz";
static const char *const letters = yes + sizeof(LETTERS) - sizeof("!yes ");
static struct fuzz_word words[3];
static char terms[AGREEMENT_TERMS];
static unsigned said[PEOPLE];		/* What each has said in this input. */

static json_t *
ask(const char *verb, json_t *args)
{
	autojson json_t *reply = stage_ask(STAGE_A, verb, args);

	return json_incref(json_object_get(reply, "result"));
}

static bool
holds(const struct said *heard, const char *word)
{
	return heard->said != NULL && strcasestr(heard->said, word) != NULL;
}

/* How many referrals are open. */
static size_t
open_referrals(void)
{
	autojson json_t *list = ask("list", json_pack("{s:s}", "what", "referrals"));
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach(json_arr(list, "items"), i, item)
		n += strcmp(json_str(item, "state"), "ended") != 0;
	return n;
}

static void
say(const json_t *wish, size_t who)
{
	autojson json_t *content = json_is_string(json_object_get(wish, "say")) ?
	    json_pack("{s:s, s:O}", "msgtype", "m.text", "body", json_object_get(wish, "say")) : json_deep_copy(json_object_get(wish, "say"));
	struct app *app = stage[STAGE_A].app;
	autointake struct intake kept = { 0 };
	autojson json_t *state = NULL;
	autosaid struct said heard = { 0 };
	size_t before = open_referrals();
	bool took = false;
	int r = said_read(json_str(wish, "type") != NULL ? json_str(wish, "type") : "m.room.message", content, &heard);

	if (r == E_NOTFOUND)
		return;
	claim(r == 0);
	if (!heard.change && !heard.automatic)
		said[who] |= (holds(&heard, "share") ? SHARED : 0) | (holds(&heard, letters + 5) ? SIGNED : 0);
	said[who] |= holds(&heard, terms) ? SIGNED : 0;
	must(db_begin(app->db, NULL));
	must(talk_heard(app, pids[who], &heard, &took));
	must(db_commit(app->db, NULL));
	claim(!took || heard.note != NULL || (heard.said != NULL && !heard.change && !heard.automatic));
	claim(open_referrals() == before || (holds(&heard, "yes") && !heard.change && !heard.automatic));
	if ((r = intake_by_person(app->db, pids[who], &kept)) != E_NOTFOUND) {
		must(r);
		claim(kept.talk == NULL || canon_parse(kept.talk, strlen(kept.talk), &state, NULL) == 0);
	}
}

static int
look(void *cookie, const struct note *note)
{
	size_t who = PEOPLE;

	(void)cookie;
	claim(event_check(&ev_note_desc, note->body, NULL) == 0 && strcmp(json_str(note->body, "kind"), note->kind) == 0);
	for (size_t i = 0; i < PEOPLE; i++)
		who = pids[i] == note->pid ? i : who;
	if (strcmp(note->kind, "goals") == 0 || strcmp(note->kind, "plan") == 0)
		claim(who < PEOPLE && (note->own || (said[who] & SHARED)));
	if (strcmp(note->kind, "signature") == 0)
		claim(said[strcmp(json_str(json_obj(note->body, "signature"), "by"), "member") == 0 ? MEMBER : HELPER] & SIGNED);
	return 0;
}

/* What staff can read of it. */
static void
check(void)
{
	autojson json_t *notes = ask("match notes", json_pack("{s:s}", "match", match)), *all = ask("list", json_pack("{s:s}", "what", "messages"));
	autojson json_t *told = NULL;
	const json_t *item;
	size_t i;

	json_array_foreach(json_arr(notes, "items"), i, item)
		claim((strcmp(json_str(item, "kind"), "goals") != 0 && strcmp(json_str(item, "kind"), "plan") != 0) ||
		    ((said[MEMBER] | said[HELPER]) & SHARED));
	json_array_foreach(json_arr(all, "items"), i, item)
		claim(json_str(item, "body") != NULL && strlen(json_str(item, "body")) <= REPLY_MAX && text_is_utf8(json_str(item, "body")));
	must(db_begin(stage[STAGE_A].app->db, NULL));
	must(note_each(stage[STAGE_A].app->db, NULL, look, NULL));
	must(db_commit(stage[STAGE_A].app->db, NULL));
	/* Three of five have answered at most. */
	told = ask("consult close", json_object());
	claim(json_str(json_obj(told, "result"), "note") != NULL && json_obj(told, "result") != NULL && json_object_size(json_obj(told, "result")) == 1);
}

static void
add_measures(void)
{
	autojson json_t *list = json_pack("{s:i, s:[{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:i, s:[{s:i, s:s}, {s:i, s:s}], s:[{s:i, s:i}], s:[s, s], s:s, "
	    "s:{s:s, s:s, s:s}}]}", "v", 1, "measures", "id", "hope", "name", "Hope", "about", "How hopeful you are", "items", 2, "from", 0, "to", 10,
	    "better", "higher", "missing", 1, "cuts", "from", 0, "says", "little", "from", 11, "says", "much", "alarm", "item", 2, "from", 9, "ask",
	    "How hopeful are you?", "How often do you think that you would be better off dead?", "source", "https://example.org/hope", "review", "by",
	    "Project", "day", "2026-11-21", "due", "2027-11-21");

	claim(list != NULL);
	json_decref(ask("import measures", json_pack("{s:O}", "document", list)));
}

static void
add_match(void)
{
	autojson json_t *agreement = json_pack("{s:s, s:s, s:i, s:s, s:s}", "scope", "Talk, no money", "hours", "Days", "response_hours", 24, "ending",
	    "Any time", "ends_on", "2027-05-20");
	autojson json_t *offered = ask("match", json_pack("{s:s, s:s}", "need", "substance_use", "age_band", "26_59"));
	const json_t *choice = json_array_get(json_arr(offered, "choices"), 0);

	claim(choice != NULL && (match = strdup(json_str(offered, "match"))) != NULL);
	json_decref(ask("match accept", json_pack("{s:s, s:O}", "match", match, "record", json_object_get(choice, "record"))));
	for (size_t i = MEMBER; i <= HELPER; i++)
		json_decref(ask("match chat", json_pack("{s:s, s:s, s:s}", "match", match, "user", users[i], "as", i == MEMBER ? "member" : "specialist")));
	json_decref(ask("match note", json_pack("{s:s, s:{s:s, s:s, s:O}}", "match", match, "document", "kind", "agreement", "on", "2026-11-21", "agreement",
	    agreement)));
	must(agreement_terms(agreement, terms));
}

static void
find_letters(void)
{
	autojson json_t *all = ask("list", json_pack("{s:s}", "what", "messages"));
	const json_t *item;
	const char *at;
	size_t i;

	json_array_foreach(json_arr(all, "items"), i, item)
		if ((at = strstr(json_str(item, "body"), LETTERS)) != NULL)
			memcpy(yes, at, sizeof(yes) - 1);
	claim(strcmp(letters + 5, "xyz") != 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct app *app;
	json_t *asked = json_array();

	(void)argc, (void)argv;
	stage_open();
	app = stage[STAGE_A].app;
	must(db_begin(app->db, NULL));
	for (size_t i = 0; i < PEOPLE; i++)
		must(person_id(app->db, users[i], &pids[i]));
	must(db_commit(app->db, NULL));
	add_measures();
	add_match();
	for (size_t i = 0; i < ASKED; i++)
		(void)json_array_append_new(asked, json_string(users[i]));
	json_decref(ask("consult ask", json_pack("{s:{s:s, s:[s, s, s], s:o}}", "document", "question", "Where do we meet?", "answers", "Here", "There", "Nowhere",
	    "specialists", asked)));
	find_letters();
	words[0] = (struct fuzz_word){ .word = "$yes", .is = letters };
	words[1] = (struct fuzz_word){ .word = "$notice", .is = "m.notice" };
	words[2] = (struct fuzz_word){ .word = "$terms", .is = terms };
	stage_settle(STAGE_A);
	stage_keep(STAGE_A);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct fuzz_dialect dialect = { .words = words, .n = 3 };
	autojson json_t *wish = fuzz_json(data, len), *list = NULL;
	const json_t *one;
	size_t i;

	if (!json_is_array(wish))
		return 0;
	fuzz_seed(5);
	memset(said, 0, sizeof(said));
	list = fuzz_fill(&dialect, wish);
	json_array_foreach(list, i, one)
		if (i < ITEMS_MAX && json_object_get(one, "say") != NULL)
			say(one, (size_t)(json_int(one, "as", 0) & 0xff) % PEOPLE);
	stage_settle(STAGE_A);
	check();
	stage_check(STAGE_A);
	stage_rewind();
	return 0;
}
