/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our records the operator may withdraw, and why not the others; of those nothing changes.  What a record names by its source is named by its id. */
#include "app/own.h"
#include "base/canon.h"
#include "bench/node.h"
#include "store/casestore.h"
#include "store/dirstore.h"
#include "tap.h"
#include "tests/domain/quoted.h"

#define ID	"01J8Z0Q4M2K7V9T5B3N6X8C0RD"
#define BODY	"{\"name\":\"Qzyvan\"}"

static struct bench_node node;

static const struct {
	const char	*kind, *why;		/* NULL: it is withdrawn. */
} kinds[] = {
	{ "program", NULL }, { "resource", NULL }, { "story", NULL }, { "crisis_line", NULL }, { "credential", NULL }, { "specialist", NULL },
	{ "group", NULL },
	{ "statement", "statement: what specialists say of their own life they take back themselves: cairn sign statement, of one that says "
	    "\"withdrawn\": true" },
	{ "status_list", "status_list: the next one of its issuer takes its place" },
	{ "manifest", "manifest: there is nothing to withdraw" },
	{ "withdrawal", "withdrawal: there is nothing to withdraw" },
};

static void
test_kind(const char *kind, const char *why)
{
	struct own_record rec = { .id = (char *)(uintptr_t)ID, .kind = (char *)(uintptr_t)kind, .body = (char *)(uintptr_t)BODY,
	    .state_key = (char *)(uintptr_t)"key" }, now = { 0 };
	autojson json_t *reply = NULL;
	int r;

	bench_tx(&node, own_put(node.app->db, &rec));
	reply = bench_ask(&node, "withdraw", json_pack("{s:s}", "id", ID));
	r = own_get(node.app->db, ID, &now);
	if (why == NULL) {
		ok(json_is_true(json_object_get(reply, "ok")) && r == E_NOTFOUND, "a %s that was never sent is withdrawn, and gone", kind);
		return;
	}
	is_str(json_str(reply, "error"), why, "a %s is not", kind);
	ok(r == 0 && !strcmp(now.kind, kind) && !strcmp(now.body, BODY) && now.dirty == 0, "a %s stays as it was", kind);
	own_free(&now);
	bench_tx(&node, own_drop(node.app->db, ID));
}

/* A room that is asked for is not made if nobody asked yet; one that may be under way is closed when it is there. */
static void
test_room(bool tried)
{
	struct own_record rec = { .id = (char *)(uintptr_t)ID, .kind = (char *)(uintptr_t)"group", .body = (char *)(uintptr_t)BODY,
	    .state_key = (char *)(uintptr_t)"key" };
	struct room room = { .tag = (char *)(uintptr_t)(tried ? "tried" : "untried"), .account = (char *)(uintptr_t)"steward", .kind = ROOM_GROUP,
	    .subject = (char *)(uintptr_t)ID, .ours = 1 }, now;
	struct case_row asked = { .id = (char *)(uintptr_t)"referral", .org = (char *)(uintptr_t)"org", .r = referral_start(REFERRAL_AT_TARGET),
	    .request = (char *)(uintptr_t)"{\"to\":\"" ID "\"}" };
	autojson json_t *body = json_object(), *reply = NULL;
	const char *text;
	struct out *due = NULL;
	size_t n = 0;

	bench_tx(&node, own_put(node.app->db, &rec));
	bench_tx(&node, room_put(node.app->db, &room));
	bench_tx(&node, outbox_call(node.app->db, "steward", room.tag, "POST", "/createRoom", body, "create_room", room.tag));
	bench_must(outbox_due(node.app->db, INT64_MAX, 1, &due, &n));
	if (tried && n == 1)
		bench_tx(&node, outbox_tried(node.app->db, due->id, 1, 1));
	outbox_list_free(due, n);
	if (tried)
		bench_tx(&node, case_put(node.app->db, &asked));
	asked.id = (char *)(uintptr_t)"over";
	asked.r.state = REFERRAL_CLOSED;
	if (tried)
		bench_tx(&node, case_put(node.app->db, &asked));
	reply = bench_ask(&node, "withdraw", json_pack("{s:s}", "id", ID));
	text = json_str(json_obj(reply, "result"), "text");
	ok(text != NULL && strstr(text, "whoever is in it stays") != NULL, "a group that has no room yet is withdrawn");
	ok(text != NULL && (strstr(text, "1 open referral is to it") != NULL) == tried, "who was referred to it is %s", tried ? "named" : "nobody");
	is_int(outbox_pending(node.app->db, "create_room", room.tag), tried ? 0 : E_NOTFOUND, "its room, %s", tried ? "which may be under way, is not forgotten" :
	    "for which nobody asked, is not made");
	is_int(room_by_subject(node.app->db, ROOM_GROUP, ID, &now), E_NOTFOUND, "it is nobody's room any more");
	bench_tx(&node, outbox_void(node.app->db, "create_room", room.tag));
}

/* A group names its program, who leads it, who supervises, and where else one can go. */
static void
test_named(void)
{
	autojson json_t *first = bench_ask(&node, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:s}}, {s:s, s:s, s:{s:s, s:s, s:s}}]}", "records",
	    "source", "x:house", "kind", "program", "body", "name", "A house", "description", "Peers.", "no_alternative", "None.",
	    "source", "x:other", "kind", "program", "body", "name", "Another", "description", "Peers.", "no_alternative", "None."));
	autojson json_t *group = json_source("schemas/group.example.json"), *reply = NULL, *body = NULL;
	char house[ID_LEN + 1], other[ID_LEN + 1];
	struct own_record rec;

	bench_must(json_object_update_new(group, json_pack("{s:s, s:s, s:[s, s], s:{s:s, s:s}, s:[{s:s, s:s}]}", "modality", "in_person", "program", "x:house",
	    "facilitators", "x:other", ID, "supervisor", "title", "Head of groups", "specialist", "x:other", "alternatives", "modality", "phone", "record", "x:house")));
	reply = bench_ask(&node, "import", json_pack("{s:[{s:s, s:s, s:O}]}", "records", "source", "x:group", "kind", "group", "body", group));
	bench_must(own_by_source(node.app->db, "x:house", &rec));
	(void)snprintf(house, sizeof(house), "%s", rec.id);
	own_free(&rec);
	bench_must(own_by_source(node.app->db, "x:other", &rec));
	(void)snprintf(other, sizeof(other), "%s", rec.id);
	own_free(&rec);
	ok(json_is_true(json_object_get(first, "ok")) && json_is_true(json_object_get(reply, "ok")), "three records are taken%s%s",
	    json_str(reply, "error") != NULL ? ": " : "", json_str(reply, "error") != NULL ? json_str(reply, "error") : "");
	bench_must(own_by_source(node.app->db, "x:group", &rec));
	bench_must(canon_stored(rec.body, &body));
	own_free(&rec);
	is_str(json_str(body, "program"), house, "a group's program is named by its id");
	is_str(json_string_value(json_array_get(json_arr(body, "facilitators"), 0)), other, "so is who leads it");
	is_str(json_string_value(json_array_get(json_arr(body, "facilitators"), 1)), ID, "an id stays");
	is_str(json_str(json_obj(body, "supervisor"), "specialist"), other, "who supervises");
	is_str(json_str(json_array_get(json_arr(body, "alternatives"), 0), "record"), house, "and where else one can go");
}

/* What is to be signed anew as it was stays so when it changes here: nobody publishes the change by that. */
static void
test_anew(void)
{
	struct own_record rec;
	autojson json_t *reply = NULL;
	struct own_ids ids;
	uint8_t one[ED25519_PUBLIC], other[ED25519_PUBLIC];

	bench_must(own_by_source(node.app->db, "x:house", &rec));
	rec.dirty = OWN_ANEW;
	bench_tx(&node, own_put(node.app->db, &rec));
	own_free(&rec);
	reply = bench_ask(&node, "import", json_pack("{s:[{s:s, s:s, s:{s:s, s:s, s:s}}]}", "records", "source", "x:house", "kind", "program", "body", "name",
	    "A house", "description", "Many peers.", "no_alternative", "None."));
	bench_must(own_by_source(node.app->db, "x:house", &rec));
	is_int(rec.dirty, OWN_ANEW | OWN_CHANGED, "a change does not hide that it is to be signed anew");
	own_free(&rec);
	bench_must(own_ids(node.app->db, NULL, true, &ids));
	ok(ids.n > 0, "nor the other way");
	own_ids_free(&ids);
	bench_tx(&node, own_make_key(node.app));
	bench_must(own_key(node.app->db, one));
	bench_tx(&node, own_make_key(node.app));
	bench_must(own_key(node.app->db, other));
	ok(!memcmp(one, other, sizeof(one)), "the key is made once");
	is_int(own_next_key(node.app->db, other), E_NOTFOUND, "none waits");
	bench_tx(&node, own_next_make(node.app));
	bench_must(own_next_key(node.app->db, other));
	ok(memcmp(one, other, sizeof(one)) != 0, "the next is another");
	bench_tx(&node, own_next_take(node.app->db));
	bench_must(own_key(node.app->db, one));
	ok(!memcmp(one, other, sizeof(one)) && own_next_key(node.app->db, other) == E_NOTFOUND, "it takes the place of the first, and none waits");
	bench_tx(&node, own_next_make(node.app));
	bench_tx(&node, own_next_drop(node.app->db));
	is_int(own_next_key(node.app->db, other), E_NOTFOUND, "one that is given up is gone");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 0);
	for (size_t i = 0; i < nelem(kinds); i++)
		test_kind(kinds[i].kind, kinds[i].why);
	test_room(false);
	test_room(true);
	test_named();
	test_anew();
	bench_node_close(&node);
	return done_testing();
}
