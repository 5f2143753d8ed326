/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes to a house in clear, or from people who need no program: state of a federation room and of a policy list, and what
 * a member writes in their chat.  An input is a list of up to twelve of
 *
 *     {"part": CONTENT}   of org.cairnpeer.trust.part.  A "text" that is an object is written canonically; {"$sign": n, ...} in it is
 *                         signed by the signer of the list in force (1) or by somebody else (2), and then changed by "$after"
 *     {"rule": {"type", "state_key", "content"}}
 *     {"say": TEXT or the content of a message, "type"}
 *
 * Only a list that the signer signed changes whom the node trusts, and never backwards; whom a rule bans is who is refused;
 * whatever somebody writes, no partner is written to.
 */
#include "app/bans.h"
#include "app/federation.h"
#include "app/said.h"
#include "app/talk.h"
#include "app/trustlist.h"
#include "base/canon.h"
#include "base/proof.h"
#include "base/text.h"
#include "domain/trust.h"
#include "stage.h"
#include "store/intakestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/policystore.h"

const unsigned fuzz_changes = 25;

#define FEDERATION	"!federation:harbor.example"
#define LIST		"!policy:harbor.example"
#define MEMBER		"@jo:opendoor.example"

enum { ITEMS_MAX = 12, REPLY_MAX = 8000 };

/* As the story signs (tests/hs/story.c), and somebody whom nobody knows. */
static const uint8_t seeds[2][ED25519_SEED] = { "the signer of a test federation", "somebody whom nobody knows" };
static int64_t member;
static struct fuzz_word words[8];
static size_t n_words;
static char prev[65];
static bool truly;		/* Something was signed by the signer, and not changed after it. */

static void
each_object(void *cookie, json_t *object)
{
	autojson json_t *by = fuzz_ask(object, "$sign"), *after = fuzz_ask(object, "$after");
	long long who = json_is_integer(by) ? json_integer_value(by) : 0;
	struct app *app = stage[STAGE_A].app;

	(void)cookie;
	if ((who == 1 || who == 2) && trust_sign(object, seeds[who - 1], app_now(app), NULL) == 0)
		truly |= who == 1 && json_object_size(after) == 0;
	if (json_is_object(after))
		claim(json_object_update(object, after) == 0);
}

static void
part(const json_t *wish)
{
	const struct fuzz_dialect dialect = { .words = words, .n = n_words, .object = each_object };
	autojson json_t *content = fuzz_fill(&dialect, wish);
	struct app *app = stage[STAGE_A].app;
	struct trust_seen before = trust_last(app->trust), after;
	autofree char *text = NULL;

	if (json_is_object(json_object_get(content, "text")) && canon_text(json_object_get(content, "text"), &text, NULL) == 0)
		(void)json_object_set_new(content, "text", json_string(text));
	must(db_begin(app->db, NULL));
	must(federation_part(app, FEDERATION, content));
	must(db_commit(app->db, NULL));
	after = trust_last(app->trust);
	/* A part of another input is not there any more: what was signed was signed in this one. */
	claim(truly || (after.version == before.version && !strcmp(after.hash, before.hash) && app->trust_fork[0] == '\0'));
	claim(app->trust == NULL || after.version > before.version || !strcmp(after.hash, before.hash));
	claim(app->trust == NULL || trust_expires(app->trust) > app_now(app));
}

static void
rule(const json_t *wish)
{
	autojson json_t *event = json_is_object(wish) ? json_deep_copy(wish) : json_object();
	struct app *app = stage[STAGE_A].app;
	autofree char *list = NULL, *reason = NULL;
	struct err err = { "" };
	bool more = true;
	int r;

	/* What ingest sees to. */
	if (json_str(event, "type") == NULL || !policy_is_rule(json_str(event, "type")))
		(void)json_object_set_new(event, "type", json_string("m.policy.rule.user"));
	if (json_str(event, "state_key") == NULL)
		(void)json_object_set_new(event, "state_key", json_string(""));
	must(db_begin(app->db, NULL));
	must(bans_rule(app, LIST, event));
	must(db_commit(app->db, NULL));
	for (int turns = 0; more; turns++) {
		claim(turns < 1000);
		more = false;
		must(db_begin(app->db, NULL));
		must(bans_step(app, &more));
		must(db_commit(app->db, NULL));
	}
	r = bans_refuse(app, stage[STAGE_B].cfg.node_user, NULL, &err);
	claim(r == 0 || r == E_REFUSED);
	fuzz_err(&err, r != 0);
	claim((policy_find(app->db, stage[STAGE_B].cfg.node_user, NULL, &list, &reason) == 0) == (r == E_REFUSED));
	json_decref(stage_ask(STAGE_A, "policy list", json_object()));
}

/* What the node says to people is bounded. */
static void
check_replies(void)
{
	autojson json_t *list = stage_ask(STAGE_A, "list", json_pack("{s:s}", "what", "messages"));
	const json_t *item;
	size_t i;

	json_array_foreach(json_arr(json_obj(list, "result"), "items"), i, item) {
		const char *body = json_str(item, "body");

		claim(body != NULL && strlen(body) <= REPLY_MAX);
		claim(json_str(item, "direction") != NULL);
	}
}

static size_t
referrals(void)
{
	autojson json_t *list = stage_ask(STAGE_A, "list", json_pack("{s:s}", "what", "referrals"));

	return json_array_size(json_arr(json_obj(list, "result"), "items"));
}

static void
say(const json_t *wish)
{
	autojson json_t *content = json_is_string(json_object_get(wish, "say")) ?
	    json_pack("{s:s, s:O}", "msgtype", "m.text", "body", json_object_get(wish, "say")) : json_deep_copy(json_object_get(wish, "say"));
	struct app *app = stage[STAGE_A].app;
	autointake struct intake who = { 0 };
	autojson json_t *state = NULL;
	autosaid struct said heard = { 0 };
	size_t before = referrals();
	bool took = false;
	int r = said_read(json_str(wish, "type") != NULL ? json_str(wish, "type") : "m.room.message", content, &heard);

	claim(r == 0 || (r == E_NOTFOUND && heard.kept == NULL && heard.said == NULL));
	if (r != 0)
		return;
	claim(heard.kept != NULL && text_is_utf8(heard.kept) && (heard.said == NULL || text_is_utf8(heard.said)));
	must(db_begin(app->db, NULL));
	must(talk_heard(app, member, &heard, &took));
	must(db_commit(app->db, NULL));
	check_replies();
	/* Nothing is asked of a partner but at a yes, and never for what a program or a change says. */
	claim(referrals() == before || (heard.said != NULL && strcasestr(heard.said, "yes") != NULL && !heard.change && !heard.automatic));
	if ((r = intake_by_person(app->db, member, &who)) == E_NOTFOUND)
		return;
	must(r);
	claim(who.talk == NULL || canon_parse(who.talk, strlen(who.talk), &state, NULL) == 0);
}

static void
word(const char *w, const char *is, const json_t *json)
{
	claim(n_words < sizeof(words) / sizeof(*words));
	words[n_words++] = (struct fuzz_word){ .word = w, .is = is, .json = json };
}

static void
add_room(const char *id, enum room_kind kind)
{
	struct room room = { .room_id = (char *)(uintptr_t)id, .account = (char *)(uintptr_t)"steward", .kind = kind,
	    .subject = (char *)(uintptr_t)id, .joined = 1 };

	must(room_put(stage[STAGE_A].app->db, &room));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct app *app;

	(void)argc, (void)argv;
	stage_open();
	app = stage[STAGE_A].app;
	must(db_begin(app->db, NULL));
	add_room(FEDERATION, ROOM_FEDERATION);
	add_room(LIST, ROOM_POLICY);
	must(person_id(app->db, MEMBER, &member));
	must(db_commit(app->db, NULL));
	json_decref(stage_ask(STAGE_A, "import measures", json_pack("{s:{s:i, s:[{s:s, s:s, s:s, s:i, s:i, s:i, s:s, s:[{s:i, s:i}], s:[{s:i, s:s}], s:s, s:{s:s, s:s, s:s}}]}}", "document",
	    "v", 1, "measures", "id", "low", "name", "Low", "about", "Low", "items", 2, "from", 0, "to", 3, "better", "lower", "alarm", "item", 2, "from", 1, "cuts", "from", 0,
	    "says", "x", "source", "https://example.org/", "review", "by", "A", "day", "2026-01-01", "due", "2027-01-01")));
	stage_settle(STAGE_A);
	stage_keep(STAGE_A);
	memcpy(prev, trust_last(app->trust).hash, sizeof(prev));
	word("$prev", prev, NULL);
	word("$now", NULL, json_integer(app_now(app)));
	word("$later", NULL, json_integer(app_now(app) + 86400000));
	word("$peer", stage[STAGE_B].cfg.node_user, NULL);
	word("$member", MEMBER, NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len);
	struct app *app = stage[STAGE_A].app;
	const json_t *one;
	size_t i;

	if (!json_is_array(wish))
		return 0;
	fuzz_seed(4);
	truly = false;
	/* A list that is replaced is freed: the one that each input begins with is never the live one. */
	app->trust = NULL;
	must(db_begin(app->db, NULL));
	must(trustlist_load(app));
	must(db_commit(app->db, NULL));
	claim(app->trust != NULL);
	json_array_foreach(wish, i, one) {
		if (i >= ITEMS_MAX || !json_is_object(one))
			continue;
		if (json_is_object(json_object_get(one, "part")))
			part(json_object_get(one, "part"));
		else if (json_object_get(one, "rule") != NULL)
			rule(json_object_get(one, "rule"));
		else if (json_object_get(one, "say") != NULL)
			say(one);
	}
	stage_settle(STAGE_A);
	stage_check(STAGE_A);
	trust_free(app->trust);
	stage_rewind();
	return 0;
}
