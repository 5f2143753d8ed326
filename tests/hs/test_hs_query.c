/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partner that follows no directory room reads our directory through the channel: each published record
 * once, as it was signed, a page at a time; nothing else; and no more answers at a time than are taken.
 */
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "domain/directory.h"
#include "domain/publication.h"
#include "domain/when.h"
#include "hostile.h"
#include "store/casestore.h"
#include "story.h"
#include "story_trust.h"
#include "tests/domain/quoted.h"
#include "tests/tap.h"

enum { MORE = 170 };

static struct host h;
static char record_key[80];

/* An identifier that is ${n}. */
static const char *
name_of(int n)
{
	static char id[ID_LEN + 1];

	(void)snprintf(id, sizeof(id), "%0*d", ID_LEN, n);
	return id;
}

static void
say(int n, const char *type, json_t *content)
{
	json_object_set_new(content, "v", json_integer(1));
	json_object_set_new(content, "id", json_string(name_of(n)));
	json_object_set_new(content, "seq", json_integer(1000 + n));
	json_object_set_new(content, "body", json_string("A query."));
	json_object_set_new(content, "sent_at", json_integer((json_int_t)*h.now));
	hostile_say(&h, SOURCE, hs_room(h.hs, "org.cairnpeer.channel", 0), type, content);
}

static void
query(int n, const char *kind, const char *after)
{
	json_t *content = json_object();

	if (kind != NULL)
		json_object_set_new(content, "kinds", json_pack("[s]", kind));
	if (after != NULL)
		json_object_set_new(content, "after", json_string(after));
	say(n, ID_NAMESPACE "directory.query", content);
}

/* What the target has to say to it; the caller decrefs.  NULL: nothing. */
static json_t *
answer_to(int n, int *ret_open)
{
	struct db *db = hostile_db(&h, TARGET);
	struct traffic *list = NULL;
	json_t *found = NULL;
	size_t count = 0;

	*ret_open = 0;
	if (traffic_due(db, INT64_MAX, 64, &list, &count) != 0)
		host_fail(&h, "the traffic cannot be read");
	for (size_t i = 0; i < count; i++) {
		json_t *content = json_loads(list[i].content, 0, NULL);

		*ret_open += !strcmp(list[i].type, ID_NAMESPACE "directory.answer");
		if (json_str(content, "query") != NULL && !strcmp(json_str(content, "query"), name_of(n)) && found == NULL)
			found = json_incref(content);
		json_decref(content);
	}
	traffic_list_free(list, count);
	hostile_go_on(&h, TARGET, db);
	host_run(&h, 1000);
	return found;
}

/* Its records of that kind (NULL: any) that are signed by the target. */
static size_t
good(const json_t *answer, const char *kind)
{
	uint8_t key[ED25519_PUBLIC];
	const json_t *item;
	size_t i, n = 0;

	if (proof_key_parse(record_key, key) != 0)
		return 0;
	json_array_foreach(json_arr(answer, "records"), i, item) {
		const json_t *record = json_obj(item, "record");

		n += record != NULL && proof_verify(record, key, "assertionMethod", NULL) == 0 &&
		    (kind == NULL || !strcmp(json_str(record, "kind"), kind));
	}
	return n;
}

static void
test_kinds(void)
{
	int open;
	autojson json_t *all = NULL, *people = NULL, *none = NULL;

	query(1, NULL, NULL);
	all = answer_to(1, &open);
	is_int((int)good(all, NULL), 3, "a query is answered by what is published, as it was signed");
	ok(json_array_size(json_arr(all, "records")) == 3 && json_str(all, "next") == NULL && good(all, "manifest") == 1,
	    "with the manifest that counts it, and nothing else");
	query(2, "specialist", NULL);
	people = answer_to(2, &open);
	ok(good(people, "specialist") == 1 && json_array_size(json_arr(people, "records")) == 1, "or by the kinds that it names");
	query(3, "group", NULL);
	none = answer_to(3, &open);
	ok(none != NULL && json_array_size(json_arr(none, "records")) == 0, "if there is none, that is said");
	query(1, NULL, NULL);
	is_int((int)good((none = (json_decref(none), answer_to(1, &open))), NULL), 3, "the same query again");
	is_int(open, 3, "has no second answer");
}

/* Say that the answer arrived. */
static void
acknowledge(int n, const json_t *answer)
{
	say(n, ID_NAMESPACE "referral.ack", json_pack("{s:[s], s:I}", "ack_of", json_str(answer, "id"), "received_at", (json_int_t)*h.now));
}

/* What of a reading a manifest says: directory_compare()'s answer for all of it but ${less}. */
static int
compared(const json_t *seen, const json_t *manifest, const char *less)
{
	struct directory_entry entries[MORE + 10];
	const char *id;
	json_t *seq;
	int64_t missing;
	size_t n = 0;
	struct err why = { "" };

	json_object_foreach((json_t *)(uintptr_t)seen, id, seq)
		if (strcmp(id, json_str(manifest, "id")) != 0 && strcmp(id, less) != 0 && n < nelem(entries))
			entries[n++] = (struct directory_entry){ id, json_integer_value(seq) };
	return directory_compare(json_obj(manifest, "body"), entries, n, &missing, &why);
}

static void
test_pages(void)
{
	autojson json_t *records = json_array(), *seen = json_object(), *manifest = NULL;
	char withdrawn[ID_LEN + 1] = "";
	autofree char *after = NULL;
	size_t total = 0, pages = 0, twice = 0;
	bool full = true;
	int open, n = 100;

	for (int i = 0; i < MORE; i++) {
		char source[40], text[800];

		(void)snprintf(source, sizeof(source), "hsds:service/%d", 100 + i);
		(void)snprintf(text, sizeof(text), "%0*d", i % 3 == 0 ? 700 : 40, i);
		json_array_append_new(records, json_pack("{s:s, s:s, s:{s:s, s:s, s:[s], s:[s], s:[s], s:[s, s], s:s}}", "source", source,
		    "kind", "program", "body", "name", source, "description", text, "forms", "peer_led", "conditions", "alcohol",
		    "languages", "en", "modalities", "online_text", "phone", "cost", "free"));
	}
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 600000);
	for (;;) {
		autojson json_t *answer = NULL;
		const json_t *item;
		size_t i;

		query(n, NULL, after);
		if ((answer = answer_to(n, &open)) == NULL || ++pages > 20)
			break;
		full &= good(answer, NULL) == json_array_size(json_arr(answer, "records"));
		json_array_foreach(json_arr(answer, "records"), i, item) {
			json_t *record = json_obj(item, "record");
			const char *id = json_str(record, "id");

			twice += json_object_get(seen, id) != NULL;
			json_object_set(seen, id, json_object_get(record, "seq"));
			if (!strcmp(json_str(record, "kind"), "manifest") && manifest == NULL)
				manifest = json_incref(record);
			if (!strcmp(json_str(record, "kind"), "withdrawal"))
				(void)snprintf(withdrawn, sizeof(withdrawn), "%s", id);
			total++;
		}
		acknowledge(n + 1, answer);
		n += 2;
		free(after);
		after = NULL;
		if (json_str(answer, "next") == NULL)
			break;
		after = strdup(json_str(answer, "next"));
	}
	ok(after == NULL && pages > 3, "a long directory has pages: %zu", pages);
	ok(full && total == MORE + 6 && twice == 0, "each record is on one of them: %zu, %zu twice", total, twice);
	if (!ok(manifest != NULL && *withdrawn != '\0', "and the manifest, and what was withdrawn"))
		return;
	is_int(compared(seen, manifest, ""), 0, "the manifest counts them all");
	is_int(compared(seen, manifest, withdrawn), E_NOTFOUND, "so that one without a withdrawal shows");
}

static void
test_bound(void)
{
	autojson json_t *answer = NULL;
	int open;

	for (int i = 0; i < 6; i++)
		query(200 + i, "specialist", NULL);
	answer = answer_to(200, &open);
	is_int(open, 4, "four answers are on their way at most");
	acknowledge(210, answer);
	host_run(&h, 20 * 60 * 1000);
	json_decref(answer);
	answer = answer_to(204, &open);
	ok(answer != NULL && open == 4, "when one has arrived, the next query is answered");
}

static bool
forgotten(const char *id)
{
	autojson json_t *shown = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", id));
	const json_t *one = json_array_get(json_arr(shown, "followers"), 0);

	return json_array_size(json_arr(shown, "followers")) == 1 && json_is_true(json_object_get(one, "forgotten"));
}

/* A record for an hour, or for ever; read by a query, or not. */
static void
publish_one(const char *source, bool specialist, bool read, int n, char ret_id[27])
{
	static const uint8_t seed[ED25519_SEED] = "kim";
	autojson json_t *records = story_records(*h.now), *answer = NULL, *items = NULL;
	json_t *item = json_array_get(records, specialist ? 1 : 0), *body = json_obj(item, "body");
	size_t i;
	int open;

	(void)json_object_set_new(item, "source", json_string(source));
	if (specialist) {
		host_names(&h, TARGET, records);
		if (publication_sign(body, h.node[TARGET].org, "3R8V1YNQ6C4ZK9D2X7M5B0TGHW", *h.now + WHEN_HOUR, seed, *h.now, NULL) != 0)
			host_fail(&h, "not signed");
	}
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:[O]}", "records", item)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 20000);
	items = story_list(&h, TARGET, "records");
	json_array_foreach(items, i, item)
		if (json_str(item, "source") != NULL && !strcmp(json_str(item, "source"), source))
			(void)snprintf(ret_id, 27, "%s", json_str(item, "id"));
	if (!read)
		return;
	query(n, specialist ? "specialist" : "program", NULL);
	if ((answer = answer_to(n, &open)) == NULL)
		host_fail(&h, "no answer to %d", n);
	acknowledge(n + 1, answer);
	host_run(&h, 1000);
}

/* Who read a record so is asked to forget it: when it is withdrawn, and when the consent of its specialist ends. */
static void
test_forgets(void)
{
	char read[27] = "", other[27] = "", kim[27] = "";

	publish_one("hsds:service/2", false, true, 400, read);
	publish_one("hsds:service/3", false, false, 0, other);
	json_decref(host_ok(&h, TARGET, "withdraw", json_pack("{s:s}", "id", read)));
	json_decref(host_ok(&h, TARGET, "withdraw", json_pack("{s:s}", "id", other)));
	host_run(&h, 60000);
	ok(story_audited(&h, SOURCE, "", "purge", read) == 1 && forgotten(read), "who read a record by a query is asked to forget it, once, and says so");
	is_int(story_audited(&h, SOURCE, "", "purge", other), 0, "of what they did not read they are not asked");
	publish_one("hsds:person/9", true, true, 410, kim);
	is_int(story_audited(&h, SOURCE, "", "purge", kim), 0, "while a consent lasts nobody is asked");
	*h.now += WHEN_HOUR;
	host_run(&h, 2 * WHEN_HOUR);
	ok(story_audited(&h, SOURCE, "", "purge", kim) == 1 && forgotten(kim), "when it ends they are");
}

/* What somebody says of their own life, for whom they name. */
static json_t *
statement(const uint8_t seed[ED25519_SEED], const char *readers)
{
	char did[80];
	json_t *doc = json_pack("{s:i, s:s, s:s, s:I, s:I, s:b, s:s, s:[s]}", "v", 1, "kind", "lived_experience", "specialist", story_did(seed, did), "issued_at",
	    (json_int_t)(*h.now - 1000), "expires_at", (json_int_t)(*h.now + WHEN_DAY), "withdrawn", 0, "readers", readers, "conditions", "grief");

	if (proof_sign(doc, seed, "assertionMethod", "2026-11-20T00:00:00Z", NULL) != 0)
		host_fail(&h, "not signed");
	return json_pack("{s:s, s:s, s:o}", "source", readers, "kind", "statement", "body", doc);
}

/* Of one kind: how many records are in the answer to the next query, and of how many only the number; the last of the records. */
static void
counts(int n, const char *kind, size_t *ret, size_t *ret_left, json_t **ret_body)
{
	autojson json_t *answer = NULL;
	int open;

	query(n, kind, NULL);
	if ((answer = answer_to(n, &open)) == NULL)
		host_fail(&h, "no answer to %d", n);
	acknowledge(n + 1, answer);
	host_run(&h, 1000);
	*ret = good(answer, kind);
	*ret_left = json_array_size(json_arr(answer, "omitted"));
	json_decref(*ret_body);
	*ret_body = json_incref(json_obj(json_obj(json_array_get(json_arr(answer, "records"), 0), "record"), "body"));
}

/* Our partner's part on the next list. */
static void
become(int version, const char *role)
{
	autojson json_t *list = story_trust_list(&h, version, 3, STORY_LIFE);
	struct err err = { "" };

	(void)json_object_set_new(json_array_get(json_arr(list, "orgs"), SOURCE), "roles", json_pack("[s]", role));
	if (trust_sign(list, seeds[0], *h.now, &err) != 0)
		host_fail(&h, "the list is not signed: %s", err.text);
	for (size_t i = 0; i < 2; i++)
		json_decref(host_ok(&h, i, "import_trust", json_pack("{s:O}", "document", list)));
	host_run(&h, 20000);
}

/* A node is given whatever its people may read; a bot, which may talk to anybody, what is for anyone. */
static void
test_readers(void)
{
	static const char *const stories[] = { "partners", "members", "anyone" };
	static const uint8_t people[3][ED25519_SEED] = { "ada", "bea", "cleo" };
	static const char *const readers[] = { "staff", "members", "anyone" };
	autojson json_t *records = json_array(), *body = NULL;
	size_t n, left;

	for (size_t i = 0; i < 3; i++) {
		json_t *one = json_source("schemas/story.example.json");

		(void)json_object_set_new(one, "shared_with", json_string(stories[i]));
		(void)json_array_append_new(records, json_pack("{s:s, s:s, s:o}", "source", stories[i], "kind", "story", "body", one));
		(void)json_array_append_new(records, statement(people[i], readers[i]));
		(void)json_object_set_new(json_array_get(records, json_array_size(records) - 1), "source", json_sprintf("life:%zu", i));
	}
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	json_decref(host_ok(&h, TARGET, "publish", json_object()));
	host_run(&h, 60000);
	counts(500, "story", &n, &left, &body);
	ok(n == 3 && left == 0, "a node is given each story: %zu", n);
	counts(502, "statement", &n, &left, &body);
	ok(n == 3 && left == 0, "and what each specialist says of their life: %zu", n);
	become(3, "bot");
	counts(504, "story", &n, &left, &body);
	ok(n == 1 && left == 2, "a bot one, and the numbers of the others, which the manifest counts: %zu and %zu", n, left);
	is_str(json_str(body, "shared_with"), "anyone", "which is for anyone");
	counts(506, "statement", &n, &left, &body);
	ok(n == 1 && left == 2, "likewise: %zu and %zu", n, left);
	is_str(json_str(body, "readers"), "anyone", "what is said for anyone");
	records = (json_decref(records), json_pack("[{s:s, s:s, s:o}]", "source", "anyone", "kind", "story", "body", json_source("schemas/story.example.json")));
	json_decref(host_ok(&h, TARGET, "import", json_pack("{s:O}", "records", records)));
	counts(510, "story", &n, &left, &body);
	ok(n == 0 && left == 3, "once its author says less it is given no more, also before that is published: %zu", n);
	counts(508, "specialist", &n, &left, &body);
	ok(n == 1 && left == 0, "all else is for it, too");
}

int
main(void)
{
	autojson json_t *target = NULL;

	story_begin(&h, 91);
	story_trust(&h);
	story_publish(&h);
	target = host_ok(&h, TARGET, "show", json_pack("{s:s}", "id", "node"));
	(void)snprintf(record_key, sizeof(record_key), "%s", json_str(target, "record_key"));
	test_kinds();
	for (int i = 1; i <= 3; i++) {
		autojson json_t *answer = NULL;
		int open;

		if ((answer = answer_to(i, &open)) != NULL)
			acknowledge(50 + i, answer);
	}
	test_forgets();
	test_pages();
	test_readers();
	become(5, "node");
	test_bound();
	is_int((int)story_complaints(&h), 0, "the homeservers complain about nothing");
	host_close(&h);
	return done_testing();
}
