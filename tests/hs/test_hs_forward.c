/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A referral that is forwarded goes on as a child: for the same person, at a third organization, which learns neither
 * of the first one nor, before a consent of its own, who it is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "hostile.h"
#include "search.h"
#include "store/dirstore.h"
#include "story_refer.h"
#include "tests/tap.h"

enum { THIRD = 2 };

/* The third publishes a specialist, too: the id of that, and of the organization. */
static void
third_publishes(struct host *h, char record[32], char org[64])
{
	autojson json_t *node = host_ok(h, THIRD, "show", json_pack("{s:s}", "id", "node")), *found = NULL;
	const json_t *item;
	size_t i;

	(void)snprintf(org, 64, "%s", json_str(node, "org"));
	json_decref(host_ok(h, THIRD, "import", json_pack("{s:o}", "records", story_records(*h->now))));
	json_decref(host_ok(h, THIRD, "publish", json_object()));
	json_decref(host_ok(h, SOURCE, "follow", json_pack("{s:s}", "org", org)));
	host_run(h, 20000);
	found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	json_array_foreach(json_arr(found, "records"), i, item)
		if (!strcmp(json_str(item, "org"), org))
			(void)snprintf(record, 32, "%s", json_str(item, "id"));
}

static json_t *
child_args(const char *record, const char *parent)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "to", record, "part_of", parent, "need", "substance_use",
	    "language", "en", "modality", "online_text", "urgency", "soon", "age_band", "26_59");
}

static bool
not_taken(struct host *h, const char *verb, json_t *args, const char *words)
{
	autojson json_t *reply = host_command(h, SOURCE, verb, args);
	const char *error = json_str(reply, "error");

	return json_is_false(json_object_get(reply, "ok")) && error != NULL && strstr(error, words) != NULL;
}

static bool
holds(struct host *h, size_t i, const char *id, const char *words)
{
	autojson json_t *shown = host_ok(h, i, "show", json_pack("{s:s}", "id", id));
	autofree char *text = json_dumps(shown, JSON_COMPACT);

	return text != NULL && strstr(text, words) != NULL;
}

/* The form of a consent to ${of}, signed on paper, as one to ${id}. */
static json_t *
signed_form(struct host *h, const char *of, const char *id)
{
	json_t *form = host_ok(h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", of, "template", 1));

	(void)json_object_set_new(json_obj(json_obj(form, "consent"), "signature"), "recorded_by", json_string("R. Amin"));
	return refer_fill(form, id);
}

/* A referral for somebody without Matrix, consented to, and forwarded by the target once it knows them. */
static void
forwarded(struct host *h, struct referral_story *s, const char *record, const char *org)
{
	autojson json_t *opened = host_ok(h, SOURCE, "open-case", json_pack("{s:{s:s, s:s, s:b}}", "person", "alias", "Jo", "phone",
	    "+15550100", "leave_message", 0)), *args = refer_args(h, s, STORY_REFER), *reply = NULL;

	(void)json_object_set(args, "case", json_object_get(opened, "case"));
	reply = host_ok(h, SOURCE, "refer", json_incref(args));
	(void)snprintf(s->id, sizeof(s->id), "%s", json_str(reply, "referral"));
	host_run(h, 20000);
	ok(not_taken(h, "refer", child_args(record, s->id), "none of ours that was forwarded"), "what was not forwarded has no child");
	ok(refer_step(h, s, STORY_ACCEPT), "it is accepted");
	json_decref(host_ok(h, SOURCE, "consent", signed_form(h, s->id, s->id)));
	host_run(h, 20000);
	ok(refer_step(h, s, STORY_CONTACT), "consented to, and begun");
	json_decref(host_ok(h, TARGET, "forward", json_pack("{s:s, s:s, s:s}", "referral", s->id, "to", record, "to_org", org)));
	host_run(h, 20000);
	ok(refer_state(h, SOURCE, s, "forwarded") && refer_state(h, TARGET, s, "forwarded"), "and forwarded");
	ok(holds(h, SOURCE, s->id, record) && holds(h, SOURCE, s->id, "--part-of"), "the source sees to whom, and how it goes on");
	ok(story_count(h, THIRD, "referrals") == 0, "of which that one has heard nothing");
}

static void
test_child(struct host *h, const struct referral_story *parent, const char *record)
{
	struct referral_story s = { 0 };
	autojson json_t *reply = NULL, *shown = NULL, *theirs = NULL, *above = NULL, *task = NULL, *tasks = NULL;
	autofree char *text = NULL;

	ok(not_taken(h, "refer", child_args(record, "00000000000000000000000000"), "there is no referral"), "a parent that is not known");
	reply = child_args(record, parent->id);
	(void)json_object_set_new(reply, "case", json_string("11111111111111111111111111"));
	ok(not_taken(h, "refer", json_incref(reply), "somebody else"), "nor a child of another person");
	json_decref(reply);
	reply = host_ok(h, SOURCE, "refer", child_args(record, parent->id));
	(void)snprintf(s.id, sizeof(s.id), "%s", json_str(reply, "referral"));
	host_run(h, 30000);
	shown = refer_show(h, SOURCE, &s);
	above = refer_show(h, SOURCE, parent);
	theirs = refer_show(h, THIRD, &s);
	is_str(json_str(shown, "part_of"), parent->id, "the child says whose it is");
	is_str(json_string_value(json_array_get(json_arr(above, "went_on_as"), 0)), s.id, "the parent, as what it went on");
	is_str(json_str(theirs, "state"), "received", "it has arrived");
	text = json_dumps(theirs, JSON_COMPACT);
	ok(strstr(text, parent->id) == NULL && strstr(text, json_str(json_obj(above, "request"), "pseudonym")) == NULL &&
	    strstr(text, "part_of") == NULL, "without a word that the other partner has seen of the first");
	ok(!holds(h, TARGET, parent->id, s.id), "who learns nothing of it either");
	ok(json_is_false(json_object_get(shown, "consented")), "the consent to the first is none to this");
	json_decref(host_ok(h, THIRD, "accept", json_pack("{s:s}", "referral", s.id)));
	host_run(h, 30000);
	ok(refer_state(h, SOURCE, &s, "accepted") && refer_state(h, THIRD, &s, "accepted"), "it is accepted");
	ok(json_obj(theirs, "disclosure") == NULL && !holds(h, THIRD, s.id, "+15550100"), "nobody is disclosed by that");
	tasks = story_list(h, SOURCE, "tasks");
	for (size_t i = 0; i < json_array_size(tasks); i++)
		if (!strcmp(json_str(json_array_get(tasks, i), "referral"), s.id))
			task = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id", json_object_get(json_array_get(tasks, i), "id")));
	is_str(json_str(json_obj(task, "person"), "phone"), "+15550100", "the same person is to be called");
	/* The consent of the first, word for word: it names the first partner. */
	ok(not_taken(h, "consent", signed_form(h, parent->id, s.id), "recipient"), "a consent that names the first partner does not cover it");
	json_decref(host_ok(h, SOURCE, "consent", signed_form(h, s.id, s.id)));
	host_run(h, 30000);
	ok(holds(h, THIRD, s.id, "@jo:opendoor.example"), "one of its own does");
	ok(search_servers(h, parent->id) == 0 && search_servers(h, "part_of") == 0, "no homeserver is told of which it is a part");
	search_member(h, (const char *const []){ "+15550100", "@jo:opendoor.example", "R. Amin", NULL });
}

/* A court that refers is one also when it refers on: nobody reports to it in good faith. */
static void
test_court(struct host *h, struct referral_story *s, const char *record)
{
	autojson json_t *args = refer_args(h, s, STORY_REFER), *first = NULL, *reply = NULL, *theirs = NULL;

	(void)json_object_set_new(args, "origin", json_string("court"));
	(void)json_object_set_new(args, "voluntary", json_true());
	first = host_ok(h, SOURCE, "refer", json_incref(args));
	(void)snprintf(s->id, sizeof(s->id), "%s", json_str(first, "referral"));
	host_run(h, 20000);
	json_decref(host_ok(h, TARGET, "forward", json_pack("{s:s, s:s}", "referral", s->id, "to", record)));
	host_run(h, 20000);
	reply = child_args(record, s->id);
	(void)json_object_set_new(reply, "origin", json_string("self"));
	ok(not_taken(h, "refer", reply, "origin: that of the referral"), "whose wish it is does not change on the way");
	reply = host_ok(h, SOURCE, "refer", child_args(record, s->id));
	host_run(h, 30000);
	theirs = host_ok(h, THIRD, "show", json_pack("{s:O}", "id", json_object_get(reply, "referral")));
	is_str(json_str(json_obj(theirs, "request"), "origin"), "court", "a court is named as one to the next, too");
}

/* Where it was passed on to was said without who publishes that, and two do: a person says which. */
static void
test_copied(struct host *h, const char *record, const char *org)
{
	autojson json_t *node = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node")), *reply = NULL;
	json_t *args = child_args(record, "-");
	struct db *db = hostile_db(h, SOURCE);
	struct seen_record rec = { 0 };
	int r = seen_get(db, org, record, &rec);

	if (r == 0) {
		free(rec.org);
		rec.org = strdup(json_str(node, "org"));
		r = seen_put(db, &rec);
	}
	seen_free(&rec);
	hostile_go_on(h, SOURCE, db);
	(void)json_object_del(args, "part_of");
	ok(r == 0 && not_taken(h, "refer", json_deep_copy(args), "both published"), "of two who publish a record with one id none is chosen");
	(void)json_object_set_new(args, "org", json_string(org));
	reply = host_ok(h, SOURCE, "refer", args);
	host_run(h, 30000);
	ok(holds(h, THIRD, json_str(reply, "referral"), "received"), "but whoever a person named");
}

int
main(void)
{
	char record[32] = "", org[64] = "";
	struct referral_story s;
	struct host h;

	story_begin(&h, 57);
	(void)story_add(&h, "lighthouse", "lighthouse.example");
	story_trust(&h);
	story_publish(&h);
	refer_begin(&h, &s);
	third_publishes(&h, record, org);
	ok(*record != '\0', "a third organization is found");
	forwarded(&h, &s, record, org);
	test_child(&h, &s, record);
	test_court(&h, &s, record);
	test_copied(&h, record, org);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_clean(&h, THIRD) && story_complaints(&h) == 0, "nothing of it was rejected");
	host_end(&h);
	return done_testing();
}
