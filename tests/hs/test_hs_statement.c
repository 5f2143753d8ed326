/* SPDX-License-Identifier: Apache-2.0 */
/* What a specialist says of their own life travels under their own signature, and is gone when they withdraw it. */
#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "chat.h"
#include "domain/statement.h"
#include "domain/vc.h"
#include "domain/when.h"
#include "story.h"
#include "tests/tap.h"

static const uint8_t rosa[ED25519_SEED] = "rosa", stranger[ED25519_SEED] = "stranger";

/* ${text} NULL: withdrawn. */
static json_t *
statement(const struct host *h, const uint8_t key[ED25519_SEED], const char *text, int64_t age)
{
	char did[80];
	json_t *doc = json_pack("{s:i, s:s, s:s, s:I, s:I, s:b}", "v", 1, "kind", STATEMENT_KIND, "specialist", story_did(rosa, did),
	    "issued_at", (json_int_t)(*h->now - age), "expires_at", (json_int_t)(*h->now + WHEN_DAY), "withdrawn", text == NULL);

	if (text != NULL)
		(void)(json_object_set_new(doc, "text", json_string(text)) | json_object_set_new(doc, "readers", json_string("staff")));
	ok(proof_sign(doc, key, "assertionMethod", "2026-11-20T00:00:00Z", NULL) == 0, "a statement");
	return doc;
}

static json_t *
import(struct host *h, const char *source, json_t *body)
{
	return host_command(h, TARGET, "import", json_pack("{s:[{s:s, s:s, s:o}]}", "records", "source", source, "kind", "statement",
	    "body", body));
}

static void
publish(struct host *h, const char *source, json_t *body)
{
	autojson json_t *reply = import(h, source, body);

	ok(json_is_true(json_object_get(reply, "ok")), "is taken in %s", json_str(reply, "error"));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	host_run(h, 10000);
}

static void
is_said(struct host *h, const char *text, const char *name)
{
	autojson json_t *found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	autojson json_t *shown = host_ok(h, SOURCE, "show", json_pack("{s:O}", "id",
	    json_object_get(json_array_get(json_arr(found, "records"), 0), "id")));
	autojson json_t *words = host_ok(h, SOURCE, "find", json_pack("{s:s}", "words", "sober"));
	autojson json_t *kind = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "statement"));

	is_str(json_str(json_obj(shown, "statement"), "text"), text, "%s", name);
	ok(json_array_size(json_arr(words, "records")) == 0 && json_array_size(json_arr(kind, "records")) == 0,
	    "and nobody finds it by searching");
}

/* The id of the record with that source. */
static const char *
id_of(struct host *h, const char *source, char ret[27])
{
	autojson json_t *items = story_list(h, TARGET, "records");
	const json_t *item;
	size_t i;

	ret[0] = '\0';
	json_array_foreach(items, i, item)
		if (json_str(item, "source") != NULL && strcmp(json_str(item, "source"), source) == 0)
			(void)snprintf(ret, 27, "%s", json_str(item, "id"));
	return ret;
}

/* What the follower holds of the record with that source, whatever it is shown with. */
static void
is_held(struct host *h, const char *source, const char *text, const char *name)
{
	char id[27];
	autojson json_t *shown = host_ok(h, SOURCE, "show", json_pack("{s:s}", "id", id_of(h, source, id)));
	const json_t *body = json_obj(json_obj(shown, "record"), "body");

	ok(body != NULL, "the record of %s is held", source);
	is_str(json_str(body, "text"), text, "%s", name);
}

/* Nor is a word of it in their files, while they run. */
static void
test_files(struct host *h)
{
	autojson json_t *refused = NULL;
	char id[27];

	ok(!chat_in_files(h, SOURCE, "since 2014"), "what was said first is in no file of the follower");
	for (size_t i = 0; i < h->n; i++)
		ok(!chat_in_files(h, i, "ten years"), "nor what was withdrawn, in a file of %s", h->node[i].name);
	refused = host_command(h, TARGET, "withdraw", json_pack("{s:s}", "id", id_of(h, "rosa:2", id)));
	ok(strstr(json_str(refused, "error"), "they take back themselves") != NULL, "the organization does not withdraw it for them: %s",
	    json_str(refused, "error"));
}

int
main(void)
{
	struct host h;
	autojson json_t *target = NULL, *records = NULL, *forged = NULL, *old = NULL, *reply = NULL;
	char did[80];

	story_begin(&h, 73);
	story_trust(&h);
	target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	records = story_records(*h.now);
	(void)json_object_set_new(json_obj(json_array_get(records, 1), "body"), "did", json_string(story_did(rosa, did)));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(&h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	old = statement(&h, rosa, "Sober since 2014.", WHEN_HOUR);
	publish(&h, "rosa:1", json_deep_copy(old));
	is_said(&h, "Sober since 2014.", "shown with the specialist");
	forged = import(&h, "rosa:2", statement(&h, stranger, "Sober since 1999.", 0));
	ok(strstr(json_str(forged, "error"), "the specialist did not sign") != NULL, "nobody says it for them: %s", json_str(forged, "error"));
	publish(&h, "rosa:2", statement(&h, rosa, "Sober for ten years.", WHEN_MINUTE));
	is_said(&h, "Sober for ten years.", "a later one replaces it, though in another record");
	is_held(&h, "rosa:1", NULL, "and what it said before is forgotten");
	ok(chat_in_files(&h, SOURCE, "ten years") && chat_in_files(&h, TARGET, "ten years"), "its words are in the files of both");
	is_held(&h, "rosa:2", "Sober for ten years.", "while the latest is kept");
	publish(&h, "rosa:2", statement(&h, rosa, NULL, 0));
	is_held(&h, "rosa:2", NULL, "until");
	is_said(&h, NULL, "withdrawn");
	reply = import(&h, "rosa:3", old);
	old = NULL;
	ok(strstr(json_str(reply, "error"), "signed a later statement") != NULL, "nor is it published again: %s", json_str(reply, "error"));
	test_files(&h);
	ok(story_clean(&h, SOURCE) && story_clean(&h, TARGET) && story_complaints(&h) == 0, "and nothing was rejected");
	host_end(&h);
	return done_testing();
}
