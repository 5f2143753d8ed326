/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a homeserver answers to GET /rooms/ID/messages while two holes are read: one in the channel,
 * where a sync brought something before, and one in the direct chat, back to our own invitation.
 *
 * An input is a list of up to a dozen {"direct": true or absent, "body": ANSWER in the dialect of stage.h,
 * "status", "fail": WORD}, each for that hole's page that is asked for, if one is.  What is still asked for
 * in the end gets an empty last page.
 *
 * The node goes on and rolls nothing back; its token stays; a hole has bounds, asks from where the last page
 * ended, and is gone or shown when nothing of it is asked for any more; the same pages again change nothing.
 */
#include <stdio.h>

#include "app/gap.h"
#include "base/canon.h"
#include "matrix/answer.h"
#include "matrix/request.h"
#include "stage.h"
#include "store/gapstore.h"

const unsigned fuzz_changes = 40;

enum { PAGES_MAX = 12, AGAIN = 16 /* One input in so many is read twice: it is dear. */, SHOWN = 2 };

static json_t *limited;		/* "rooms" of the sync that leaves something out of both. */

/* What is asked for ${room}; false: nothing is.  The caller frees. */
static bool
asked(const char *room, uint64_t *ret_id, struct out *ret)
{
	const struct app *app = stage[STAGE_A].app;
	char lane[320];

	(void)snprintf(lane, sizeof(lane), "fill:%s", room);
	for (size_t k = 0; k < nelem(app->flights); k++) {
		if (app->flights[k].kind != FLIGHT_OUT || app->flights[k].id == 0)
			continue;
		must(outbox_get(app->db, app->flights[k].row, ret));
		if (strcmp(ret->purpose, GAP_PURPOSE) == 0 && strcmp(ret->lane, lane) == 0) {
			*ret_id = app->flights[k].id;
			return true;
		}
		outbox_free(ret);
	}
	return false;
}

/* The hole that ${out} asks for, in its bounds, and the question is the one for it. */
static void
check_hole(const struct out *out, const char *room)
{
	autogap struct gap g = { 0 };
	autofree char *path = NULL;

	must(gap_get(stage[STAGE_A].app->db, strtoll(out->ref, NULL, 10), &g));
	claim(strcmp(g.room_id, room) == 0 && g.state == GAP_READ && *g.token != '\0');
	claim(g.most >= 1 && g.most <= GAP_PAGE && g.asked >= 0 && g.asked < GAP_ASK_MAX);
	claim(g.bytes >= 0 && g.bytes <= GAP_BYTES_MAX);
	claim((g.until == NULL) == (strcmp(room, stage[STAGE_A].direct) == 0));
	path = request_path("&from=%s", g.token);
	claim(path != NULL && strstr(out->path, "/messages?dir=b&limit=") != NULL);
	claim(strstr(out->path, path + strlen(REQUEST_V3)) != NULL);
}

/* If the same hole is asked for again after a whole page, then from where that page ended. */
static void
check_next(const char *room, const char *ref, const char *body, size_t len)
{
	autojson json_t *answer = NULL;
	autofree char *path = NULL;
	struct out next;
	uint64_t id;

	if (answer_parse(body, len, &answer) != 0 || json_arr(answer, "chunk") == NULL || !asked(room, &id, &next))
		return;
	if (strcmp(next.ref, ref) == 0) {
		claim(json_str(answer, "end") != NULL && (path = request_path("&from=%s", json_str(answer, "end"))) != NULL);
		claim(strstr(next.path, path + strlen(REQUEST_V3)) != NULL);
	}
	outbox_free(&next);
}

static void
page(const char *room, int status, const char *fail, const char *body, size_t len)
{
	autofree char *ref = NULL;
	struct out out;
	uint64_t id;

	if (!asked(room, &id, &out))
		return;
	check_hole(&out, room);
	claim((ref = strdup(out.ref)) != NULL);
	outbox_free(&out);
	if (fail != NULL)
		must(app_failed(stage[STAGE_A].app, id, fail, fail));
	else
		must(app_answer(stage[STAGE_A].app, id, status, -1, body, len));
	stage_settle(STAGE_A);
	claim(stage[STAGE_A].undone == 0);
	if (fail == NULL && status == 200)
		check_next(room, ref, body, len);
}

static void
say(const json_t *wish)
{
	const json_t *body = json_object_get(wish, "body");
	autofree char *text = json_dumps(body != NULL ? body : json_null(), JSON_COMPACT | JSON_ENCODE_ANY);
	const char *raw = json_string_value(body);	/* A text is the body as it is. */
	json_int_t status = json_int(wish, "status", 200);

	claim(text != NULL);
	page(json_is_true(json_object_get(wish, "direct")) ? stage[STAGE_A].direct : stage[STAGE_A].channel,
	    status >= 0 && status < 600 ? (int)status : 200, json_str(wish, "fail"), raw != NULL ? raw : text,
	    raw != NULL ? strlen(raw) : strlen(text));
}

/* Nothing is asked for any more, or only later: then it waits, else it is gone, or shown. */
static void
end(const char *room)
{
	static const char none[] = "{\"chunk\":[]}";
	struct db *db = stage[STAGE_A].app->db;
	struct out out;
	uint64_t id;
	int64_t which;

	for (int i = 0; i < GAP_ASK_MAX && asked(room, &id, &out); i++) {
		outbox_free(&out);
		page(room, 200, NULL, none, sizeof(none) - 1);
	}
	claim(!asked(room, &id, &out));
	claim(gap_judging(db, INT64_MAX, &which) == E_NOTFOUND);
}

static void
read_all(const json_t *pages)
{
	int64_t cuts = 0;
	const json_t *one;
	size_t i;

	json_array_foreach(pages, i, one)
		if (i < PAGES_MAX && json_is_object(one))
			say(one);
	end(stage[STAGE_A].channel);
	end(stage[STAGE_A].direct);
	must(gap_cuts(stage[STAGE_A].app->db, &cuts));
	claim(cuts >= 0 && cuts <= SHOWN);
}

static char *
token(void)
{
	struct account a;
	char *ret;

	must(account_get(stage[STAGE_A].app->db, "node", &a));
	ret = a.next_batch;
	a.next_batch = NULL;
	account_free(&a);
	return ret;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct out out;
	uint64_t id;

	(void)argc, (void)argv;
	stage_open();
	limited = json_pack("{s:{s:{s:{s:[], s:b, s:s}}, s:{s:{s:[], s:b, s:s}}}}",
	    "join", stage[STAGE_A].channel, "timeline", "events", "limited", 1, "prev_batch", "p_channel",
	    stage[STAGE_A].direct, "timeline", "events", "limited", 1, "prev_batch", "p_direct");
	claim(limited != NULL);
	stage_sync(STAGE_A, limited, NULL);
	claim(asked(stage[STAGE_A].channel, &id, &out));
	outbox_free(&out);
	claim(asked(stage[STAGE_A].direct, &id, &out));
	outbox_free(&out);
	stage_keep(STAGE_A);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *wish = fuzz_json(data, len), *pages = NULL, *once = NULL, *twice = NULL;
	autofree char *before = NULL, *after = NULL;

	if (!json_is_array(wish))
		return 0;
	fuzz_seed(2);
	pages = stage_fill(STAGE_A, wish);
	before = token();
	read_all(pages);
	after = token();
	claim(before != NULL && after != NULL && strcmp(before, after) == 0);
	if (len % AGAIN == 0) {
		once = stage_picture(STAGE_A);
		stage_sync(STAGE_A, limited, NULL);
		read_all(pages);
		twice = stage_picture(STAGE_A);
		claim(json_equal(once, twice));
		stage_check(STAGE_A);
	}
	stage_rewind();
	return 0;
}
