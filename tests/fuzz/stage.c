/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "app/casepath.h"
#include "app/deliver.h"
#include "app/steps.h"
#include "base/canon.h"
#include "base/text.h"
#include "crypt/machine.h"
#include "domain/consent.h"
#include "domain/trust.h"
#include "matrix/answer.h"
#include "stage.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/peoplestore.h"
#include "store/reading.h"
#include "tests/hs/story_refer.h"

struct stage_node stage[STAGE_NODES];

enum { TOKEN_MAX = 4096, TURNS_MAX = 200 };

static struct host host;
static struct referral_story referrals[STAGE_REFERRALS];

/*
 * The one transaction of each node.
 */

int	__real_db_begin(struct db *, struct err *);
int	__real_db_commit(struct db *, struct err *);
void	__real_db_rollback(struct db *);
bool	__real_db_in_tx(const struct db *);
int	__wrap_db_begin(struct db *, struct err *);
int	__wrap_db_commit(struct db *, struct err *);
void	__wrap_db_rollback(struct db *);
bool	__wrap_db_in_tx(const struct db *);

static bool held;

static struct stage_node *
node_of(const struct db *db)
{
	for (size_t i = 0; held && i < STAGE_NODES; i++)
		if (stage[i].app->db == db)
			return &stage[i];
	return NULL;
}

int
__wrap_db_begin(struct db *db, struct err *reterr)
{
	struct stage_node *n = node_of(db);

	if (n == NULL)
		return __real_db_begin(db, reterr);
	claim(!n->busy);
	n->busy = true;
	(void)db_reading(db, false);	/* As a new transaction begins. */
	return 0;
}

int
__wrap_db_commit(struct db *db, struct err *reterr)
{
	struct stage_node *n = node_of(db);

	if (n == NULL)
		return __real_db_commit(db, reterr);
	claim(n->busy);
	n->busy = false;
	n->commits++;
	return 0;
}

/* What was committed in this input is undone too: nothing but an error gets here. */
void
__wrap_db_rollback(struct db *db)
{
	struct stage_node *n = node_of(db);

	__real_db_rollback(db);
	if (n == NULL)
		return;
	claim(n->busy);
	n->busy = false;
	n->undone++;
	must(__real_db_begin(db, NULL));
}

bool
__wrap_db_in_tx(const struct db *db)
{
	const struct stage_node *n = node_of(db);

	return n != NULL ? n->busy : __real_db_in_tx(db);
}

/* Its memory as it was, with what was in flight then: no input pays for the way there. */
static void
remember(struct stage_node *n)
{
	*n->app = n->kept;
	for (size_t k = 0; k < nelem(n->app->flights); k++)
		claim(n->kept.flights[k].sent == NULL ||
		    (n->app->flights[k].sent = strdup(n->kept.flights[k].sent)) != NULL);
}

void
stage_keep(size_t i)
{
	struct stage_node *n = &stage[i];

	claim(!n->busy && n->app->query.users == NULL && n->app->next > *host.now);
	must(__real_db_commit(n->app->db, NULL));
	must(__real_db_begin(n->app->db, NULL));
	for (size_t k = 0; k < nelem(n->kept.flights); k++)
		flight_clear(&n->kept.flights[k]);
	n->kept = *n->app;
	remember(n);
}

void
stage_rewind(void)
{
	for (size_t i = 0; i < STAGE_NODES; i++) {
		struct stage_node *n = &stage[i];

		claim(!n->busy);
		for (size_t k = 0; k < nelem(n->app->flights); k++)
			flight_clear(&n->app->flights[k]);
		steps_query_forget(n->app);
		remember(n);
		crypt_drop_cache(n->app->crypt);
		__real_db_rollback(n->app->db);
		must(__real_db_begin(n->app->db, NULL));
		n->commits = n->undone = 0;
	}
	stage_peer_rewind();
}

/*
 * Building it.
 */

static int64_t
now(void *cookie)
{
	(void)cookie;
	return *host.now;
}

static int
request(void *cookie, const struct app_request *q)
{
	(void)cookie;
	claim(q->id != 0 && q->path[0] == '/' && q->cap > 0 && q->timeout_ms > 0);
	return 0;
}

static int
tokens(void *cookie, const json_t *accounts)
{
	const char *name;
	json_t *token;

	(void)cookie;
	claim(json_is_object(accounts));
	json_object_foreach((json_t *)(uintptr_t)accounts, name, token)
		claim(text_is_token(json_string_value(token)));	/* The bridge takes no other. */
	return 0;
}

static void
open_node(size_t i)
{
	static const struct app_transport transport = { .request = request, .tokens = tokens };
	struct stage_node *n = &stage[i];
	autofree char *text = host_config(&host, &host.node[i]);
	uint8_t kek[DB_KEY];
	struct err err = { "" };

	host_kill(&host, i);
	memset(kek, host.node[i].name[0], sizeof(kek));
	n->world = (struct world){ .now = now, .random = fuzz_draw };
	must(config_parse("stage", text, strlen(text), &n->cfg, &err));
	must(app_open(&n->cfg, &n->world, kek, &transport, &n->app, &err));
}

static char *
room_of(struct stage_node *n, enum room_kind kind, const char *subject)
{
	struct room room;
	char *id;

	must(room_by_subject(n->app->db, kind, subject, &room));
	claim(room.room_id != NULL && (id = strdup(room.room_id)) != NULL);
	room_free(&room);
	return id;
}

static void
add_direct(size_t to)
{
	struct stage_node *n = &stage[to];
	struct room room = { .room_id = (char *)(uintptr_t)"!direct:harbor.example", .account = (char *)(uintptr_t)"node",
	    .kind = ROOM_DIRECT, .encrypted = 1, .joined = 1 };

	must(person_find(n->app->db, stage[!to].cfg.node_user, &room.pid));
	must(room_put(n->app->db, &room));
	must(roster_add(n->app->db, room.room_id, room.pid));
	must(member_put(n->app->db, room.room_id, room.pid, "join"));
	claim((n->direct = strdup(room.room_id)) != NULL);
}

static void
word(struct stage_node *n, const char *w, const char *is)
{
	claim(n->n_words < STAGE_WORDS);
	n->words[n->n_words++] = (struct fuzz_word){ .word = w, .is = is };
}

/* Of the present state of each referral. */
static char tips[STAGE_NODES][STAGE_REFERRALS][ID_LEN + 1];

static void
find_tip(size_t i, size_t k)
{
	autopath struct path *path = NULL;
	struct case_row row;

	must(case_get(stage[i].app->db, referrals[k].id, &row));
	must(case_path(stage[i].app, &row, &path, NULL));
	case_free(&row);
	(void)snprintf(tips[i][k], sizeof(tips[i][k]), "%s", path_at(path, path_tip(path))->id);
}

static void
add_words(size_t i)
{
	static const char *const prevs[STAGE_REFERRALS] = { "$p0", "$p1", "$p2" };
	static const char *const names[STAGE_REFERRALS] = { "$r0", "$r1", "$r2" };
	struct stage_node *n = &stage[i], *peer = &stage[!i];

	word(n, "$me", n->cfg.node_user);
	word(n, "$peer", peer->cfg.node_user);
	word(n, "$steward", n->cfg.steward_user);
	word(n, "$channel", n->channel);
	word(n, "$directory", n->directory);
	word(n, "$direct", n->direct);
	word(n, "$my_org", n->org);
	word(n, "$peer_org", peer->org);
	word(n, "$my_key", n->app->crypt->curve_text);
	word(n, "$peer_key", peer->app->crypt->curve_text);
	word(n, "$my_ed", n->app->crypt->ed_text);
	word(n, "$peer_ed", peer->app->crypt->ed_text);
	word(n, "$notice", consent_notice);
	word(n, "$my_device", n->app->crypt->device_id);
	word(n, "$peer_device", peer->app->crypt->device_id);
	for (size_t k = 0; k < STAGE_REFERRALS; k++)
		word(n, names[k], referrals[k].id);
	for (size_t k = 0; k < STAGE_REFERRALS; k++) {
		find_tip(i, k);
		word(n, prevs[k], tips[i][k]);
	}
	n->words[n->n_words++] = (struct fuzz_word){ .word = "$now", .json = json_integer(*host.now) };
	n->words[n->n_words++] = (struct fuzz_word){ .word = "$later", .json = json_integer(*host.now + 86400000) };
}

static void
play(void)
{
	static const enum story_step last[STAGE_REFERRALS] = { STORY_REFER, STORY_ACCEPT, STORY_CONSENT };

	story_begin(&host, 7);
	story_trust(&host);
	story_publish(&host);
	for (size_t k = 0; k < STAGE_REFERRALS; k++) {
		refer_begin(&host, &referrals[k]);
		for (int step = STORY_REFER; step <= (int)last[k]; step++)
			claim(refer_step(&host, &referrals[k], (enum story_step)step));
	}
}

static void
leave(void)
{
	host_remove_dir(host.dir);
}

void
stage_open(void)
{
	fuzz_start();
	fuzz_seed(1);
	/* Each sort has a table of its own, for which SQLite would take 80 KiB at once: under a sanitizer the dearest of all. */
	claim(sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) == SQLITE_OK);
	play();
	(void)atexit(leave);
	for (size_t i = 0; i < STAGE_NODES; i++)
		open_node(i);
	for (size_t i = 0; i < STAGE_NODES; i++) {
		const struct trust_org *org = trust_org_by_node(stage[i].app->trust, stage[i].cfg.node_user);

		claim(org != NULL && (stage[i].org = strdup(org->id)) != NULL);
	}
	for (size_t i = 0; i < STAGE_NODES; i++) {
		struct stage_node *n = &stage[i];

		must(__real_db_begin(n->app->db, NULL));
		n->channel = room_of(n, ROOM_CHANNEL, stage[!i].org);
		n->directory = room_of(n, ROOM_DIRECTORY, stage[STAGE_B].org);
		add_direct(i);
		stage_peer_open(i);
		must(__real_db_commit(n->app->db, NULL));
		must(app_bridge(n->app, true));
		stage_settle(i);
		must(__real_db_begin(n->app->db, NULL));
	}
	for (size_t i = 0; i < STAGE_NODES; i++) {
		add_words(i);
		stage_keep(i);
	}
	held = true;
}

/*
 * What the node does.
 */

void
stage_settle(size_t i)
{
	struct app *app = stage[i].app;

	for (int turns = 0; app->next <= *host.now; turns++) {
		claim(turns < TURNS_MAX);
		must(app_tick(app));
	}
}

static char *
token(size_t i, unsigned account)
{
	struct account a;
	char *ret;

	must(account_get(stage[i].app->db, app_account_name[account], &a));
	ret = a.next_batch;
	a.next_batch = NULL;
	account_free(&a);
	return ret;
}

static const struct flight *
in_flight(size_t i, enum flight_kind kind, unsigned account)
{
	const struct app *app = stage[i].app;

	for (size_t k = 0; k < nelem(app->flights); k++)
		if (app->flights[k].kind == kind && app->flights[k].id != 0 &&
		    (kind != FLIGHT_SYNC || app->flights[k].account == account))
			return &app->flights[k];
	return NULL;
}

void
stage_answer(size_t i, enum flight_kind kind, unsigned account, int status, const char *body, size_t len)
{
	struct app *app = stage[i].app;
	const struct flight *f;
	autofree char *before = token(i, account), *after = NULL;
	autojson json_t *json = NULL;
	const char *next;

	stage_settle(i);
	if ((f = in_flight(i, kind, account)) == NULL)
		return;
	must(app_answer(app, f->id, status, -1, body, len));
	after = token(i, account);
	claim(before != NULL && after != NULL);
	next = kind == FLIGHT_SYNC && status / 100 == 2 && answer_parse(body, len, &json) == 0 ?
	    json_str(json, "next_batch") : NULL;
	/* One bad item never stops a batch, and nothing else moves the token. */
	claim(stage[i].undone > 0 || strcmp(after, next != NULL && *next != '\0' && strlen(next) <= TOKEN_MAX ? next :
	    before) == 0);
	claim(kind != FLIGHT_SYNC || stage[i].undone == 0);
	stage_settle(i);
}

void
stage_failed(size_t i, enum flight_kind kind, const char *what)
{
	const struct flight *f = in_flight(i, kind, APP_NODE);

	if (f != NULL)
		must(app_failed(stage[i].app, f->id, what, what));
	stage_settle(i);
}

void
stage_sync(size_t i, const json_t *rooms, const json_t *todevice)
{
	autojson json_t *doc = json_pack("{s:s, s:{s:i}, s:[s], s:O*, s:{s:O*}}", "next_batch", "s_fuzz",
	    "device_one_time_keys_count", "signed_curve25519", 50, "device_unused_fallback_key_types",
	    "signed_curve25519", "rooms", rooms, "to_device", "events", todevice);
	autofree char *text = json_dumps(doc, JSON_COMPACT);

	claim(text != NULL);
	stage_answer(i, FLIGHT_SYNC, APP_NODE, 200, text, strlen(text));
}

json_t *
stage_ask(size_t i, const char *verb, json_t *args)
{
	autojson json_t *request_json = json_pack("{s:s, s:o}", "verb", verb, "args", args);
	json_t *reply = NULL;

	must(app_command(stage[i].app, getuid(), request_json, &reply));
	claim(json_is_true(json_object_get(reply, "ok")));
	return reply;
}

json_t *
stage_picture(size_t i)
{
	autojson json_t *list = stage_ask(i, "list", json_pack("{s:s}", "what", "referrals"));
	json_t *shown = json_object();
	const json_t *item;
	size_t k;

	json_array_foreach(json_arr(json_obj(list, "result"), "items"), k, item)
		(void)json_object_set_new(shown, json_str(item, "id"),
		    stage_ask(i, "show", json_pack("{s:O}", "id", json_object_get(item, "id"))));
	return json_pack("{s:o, s:o, s:o, s:o}", "shown", shown, "messages", stage_ask(i, "list", json_pack("{s:s}",
	    "what", "messages")), "partners", stage_ask(i, "list", json_pack("{s:s}", "what", "partners")), "records",
	    stage_ask(i, "find", json_object()));
}

void
stage_check(size_t i)
{
	struct err err = { "" };
	int64_t rows;

	must(audit_verify(stage[i].app->db, &rows, &err));
	claim(rows > 0);
}
