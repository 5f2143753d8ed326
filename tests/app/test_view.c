/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view writes nothing but the audit, and what is none does more: each verb is told to a node whose store is compared before
 * and after, and what it did with its row in the table.  One that tries to write though it is a view is refused.
 */
#include <sodium.h>
#include <sqlite3.h>

#include "app/casepath.h"
#include "app/command.c"	/* Its table. */
#include "bench/node.h"
#include "domain/trust.h"
#include "store/matchstore.h"
#include "tap.h"
#include "tests/domain/quoted.h"

enum { WRITES = -1 };

static struct bench_node node;
static bool writes;		/* The view of the status is spoilt. */

int	__real_view_status(struct app *, const char *, const json_t *, json_t **, struct err *);
int	__wrap_view_status(struct app *, const char *, const json_t *, json_t **, struct err *);

int
__wrap_view_status(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	int r = writes ? meta_put(app->db, "looked", "1", false) : 0;

	return r != 0 ? r : __real_view_status(app, actor, args, ret, reterr);
}

/* A consent is there: what it lets out is for others to test. */
int	__wrap_disclosure_may_report(struct app *, const struct case_row *, enum consent_covers, struct err *);

int
__wrap_disclosure_may_report(struct app *app, const struct case_row *row, enum consent_covers covers, struct err *reterr)
{
	(void)app, (void)row, (void)covers, (void)reterr;
	return 0;
}

/* All rows of a table, but what the audit keeps beside its own. */
static void
add_table(sqlite3 *db, const char *table, crypto_generichash_state *state)
{
	autofree char *text = bench_text("SELECT * FROM \"%s\"%s", table, !strcmp(table, "meta") ? " WHERE key NOT LIKE 'audit.%'" : "");
	sqlite3_stmt *rows;

	bench_need(sqlite3_prepare_v2(db, text, -1, &rows, NULL) == SQLITE_OK);
	while (sqlite3_step(rows) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			int type = sqlite3_column_type(rows, i);

			crypto_generichash_update(state, (const uint8_t *)&type, sizeof(type));
			if (type != SQLITE_NULL)
				crypto_generichash_update(state, sqlite3_column_blob(rows, i), (size_t)sqlite3_column_bytes(rows, i));
		}
	bench_need(sqlite3_finalize(rows) == SQLITE_OK);
}

/* What is stored, but the audit; and how many rows that has. */
static int64_t
stored(uint8_t hash[crypto_generichash_BYTES])
{
	autofree char *path = bench_text("%s/cairn.db", node.dir);
	crypto_generichash_state state;
	sqlite3_stmt *names;
	int64_t audited;
	sqlite3 *db;
	int tables = 0;

	bench_need(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES);
	bench_need(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('audit', 'sqlite_sequence') ORDER BY name",
	    -1, &names, NULL) == SQLITE_OK);
	for (; sqlite3_step(names) == SQLITE_ROW; tables++)
		add_table(db, (const char *)sqlite3_column_text(names, 0), &state);
	sqlite3_finalize(names);
	bench_need(tables > 50);
	crypto_generichash_final(&state, hash, crypto_generichash_BYTES);
	bench_need(sqlite3_prepare_v2(db, "SELECT count(*) FROM audit", -1, &names, NULL) == SQLITE_OK && sqlite3_step(names) == SQLITE_ROW);
	audited = sqlite3_column_int64(names, 0);
	sqlite3_finalize(names);
	sqlite3_close(db);
	return audited;
}

/* The row of a verb. */
static size_t
row_of(const char *verb)
{
	size_t i = 0;

	while (i < nelem(verbs) && strcmp(verbs[i].name, verb) != 0)
		i++;
	bench_need(i < nelem(verbs));
	return i;
}

/* What each row's verb was seen to do: it was only looked, it wrote. */
static struct { bool looked, wrote; } seen[nelem(verbs)];
static char id[64];	/* "ID" in arguments. */

/* The operator says it; consumes ${args}.  ${audited}: that writes so many rows of the audit and no more, or WRITES.  The result. */
static json_t *
tell(const char *verb, json_t *args, int audited)
{
	uint8_t before[crypto_generichash_BYTES], after[crypto_generichash_BYTES];
	autofree char *said = json_dumps(args, JSON_COMPACT);
	int64_t rows = stored(before);
	autojson json_t *reply = bench_ask(&node, verb, args);
	bool wrote;

	rows = stored(after) - rows;
	wrote = memcmp(before, after, sizeof(after)) != 0;
	seen[row_of(verb)].looked |= !wrote;
	seen[row_of(verb)].wrote |= wrote;
	if (!ok(json_is_true(json_object_get(reply, "ok")) && wrote == (audited == WRITES) && (wrote || rows == audited), "%s %.60s %s",
	    verb, said, audited == WRITES ? "writes" : audited != 0 ? "writes a row of the audit and nothing else" : "writes nothing"))
		(void)json_dumpf(reply, stderr, 0);
	return json_incref(json_obj(reply, "result"));
}

/* With ' for ", and ID for the last one that was kept; what the reply calls ${keep} is. */
static void
say(const char *verb, const char *args, const char *keep, int audited)
{
	char text[1024];
	size_t n = 0;
	autojson json_t *result = NULL;
	const char *kept;

	for (const char *p = args; *p != '\0'; p++) {
		bool is = !strncmp(p, "ID", 2);

		bench_need(n + sizeof(id) < sizeof(text));
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s", is ? (int)strlen(id) : 1, is ? id : p);
		p += is;
	}
	result = tell(verb, json_of(text), audited);
	if (keep == NULL)
		return;
	if ((kept = json_str(result, keep)) == NULL)	/* Of a list the first. */
		kept = json_str(json_array_get(json_arr(result, keep), 0), "id");
	(void)snprintf(id, sizeof(id), "%s", kept != NULL ? kept : "");
}

struct act {
	const char	*verb, *args;
	const char	*keep;
	int		 audited;
};

static void
say_all(const struct act *acts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		say(acts[i].verb, acts[i].args, acts[i].keep, acts[i].audited);
}

static void
test_each(void)
{
	static const struct act all[] = {
		{ "status", "{}", NULL, 0 }, { "status", "{'id':'publish'}", NULL, 0 }, { "federation_status", "{}", NULL, 0 },
		{ "policy follow", "{'room':'!mods:mods.example','via':'mods.example'}", NULL, WRITES }, { "policy list", "{}", NULL, 0 },
		{ "policy check", "{'user':'@eve:evil.example'}", NULL, 0 }, { "policy leave", "{'room':'!mods:mods.example'}", NULL, WRITES },
		{ "find", "{'text':'evening'}", NULL, 0 }, { "match fairness", "{}", NULL, 1 },
		{ "list", "{'what':'referrals'}", NULL, 1 }, { "list", "{'what':'cases'}", NULL, 1 }, { "list", "{'what':'tasks'}", NULL, 1 },
		{ "list", "{'what':'matches'}", NULL, 1 }, { "list", "{'what':'messages'}", NULL, 1 }, { "list", "{'what':'erasures'}", NULL, 1 }, { "list", "{'what':'holds'}", NULL, 1 },
		{ "list", "{'what':'records'}", NULL, 0 }, { "list", "{'what':'feeds'}", NULL, 0 }, { "list", "{'what':'identities'}", NULL, 1 },
		{ "list", "{'what':'rooms'}", NULL, 1 }, { "list", "{'what':'waiting'}", NULL, 1 }, { "list", "{'what':'rejected'}", NULL, 1 },
		{ "list", "{'what':'outbox'}", NULL, 1 }, { "show", "{'id':'publish'}", NULL, 0 }, { "audit verify", "{}", NULL, 0 },
		{ "audit show", "{}", NULL, 1 }, { "doctor", "{}", NULL, 0 },
		{ "open-case", "{'person':{'alias':'Ana','phone':'+49 30 1','leave_message':false}}", "case", WRITES },
		{ "show", "{'id':'ID'}", NULL, 1 }, { "erase", "{'id':'ID'}", NULL, 1 }, { "erase", "{'id':'ID','confirm':'ID'}", NULL, WRITES },
		{ "open-case", "{'person':{'alias':'Bea','phone':'+49 30 2','leave_message':false}}", "case", WRITES }, { "hold", "{'id':'ID','class':'litigation','review':'2030-01-01','reason_text':'by order'}", "hold", WRITES },
		{ "hold review", "{'hold':'ID','review':'2030-02-01'}", NULL, WRITES }, { "hold lift", "{'hold':'ID','reason_text':'over'}", NULL, WRITES },
		{ "say", "{'user':'@ana:there.example','text':'Hello.'}", NULL, WRITES },
		{ "trust", "{'user':'@bot:there.example','device':'BOT','fingerprint':'11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo'}", NULL, WRITES },
		{ "list", "{'what':'partners'}", NULL, 0 }, { "federation_room", "{}", NULL, WRITES },
		{ "import_minors", "{'document':{'by':'Board','reviewed':'2020-01-01','minors':[{'jurisdiction':'US-NJ','condition':'any',"
		    "'alone_from':16}]}}", NULL, WRITES },
		{ "report", "{'quarter':'2020-Q3'}", NULL, WRITES }, { "report", "{'quarter':'2020-Q3'}", NULL, 1 }, { "backup", "{}", NULL, 1 },
		{ "book add", "{'document':{'kind':'training','on':'2020-01-01','who':'Rosa','training':{'topic':'crisis','hours':8}}}", "id", WRITES },
		{ "book show", "{}", NULL, 1 }, { "book forget", "{'id':'ID'}", NULL, WRITES },
		{ "consult ask", "{'document':{'question':'Where?','answers':['Here','There'],'specialists':['@a:x.example','@b:x.example',"
		    "'@c:x.example','@d:x.example','@e:x.example','@f:x.example','@g:x.example','@h:x.example','@i:x.example','@j:x.example','@k:x.example']}}", NULL, WRITES },
		{ "consult show", "{}", NULL, 1 }, { "consult close", "{}", NULL, WRITES },
		{ "match", "{'need':'grief','age_band':'26_59'}", NULL, WRITES },
		{ "import", "{'records':[{'source':'x','kind':'program','body':{'name':'Circle','description':'An evening.'}}],"
		    "'feed':{'name':'x','parts':[{'source':'x','text':'{}'}]}}", NULL, WRITES },
		{ "show", "{'feed':'x'}", NULL, 0 }, { "forget", "{'name':'x'}", NULL, WRITES },
		{ "list", "{'what':'records'}", "items", 0 }, { "withdraw", "{'id':'ID'}", NULL, WRITES },
	};

	say_all(all, nelem(all));
	json_decref(tell("import measures", json_pack("{s:o}", "document", json_source("docs/examples/measures.json")), WRITES));
	(void)snprintf(id, sizeof(id), "%s", trust_org_at(node.app->trust, 0)->id);
	say("federation_decide", "{'org':'ID','decision':'deny','reason':'a test'}", NULL, WRITES);
	say("federation_decide", "{'org':'ID','decision':'allow','reason':'a test'}", NULL, WRITES);
}

static void
test_match(void)
{
	static const struct act all[] = {
		{ "match note", "{'match':'ID','document':{'kind':'goals','on':'2020-01-01','goals':[{'text':'see friends','state':'open'}]}}",
		    NULL, WRITES },
		{ "match note", "{'match':'ID','document':{'kind':'feedback','on':'2020-01-01','feedback':{'by':'member','heard':1,'respected':1,'chose':1,'useful':1,"
		    "'again':false,'concerns':['judged']}}}", NULL, WRITES },
		{ "list", "{'what':'matches'}", NULL, 1 }, { "match notes", "{'match':'ID'}", NULL, WRITES }, { "match notes", "{'match':'ID'}", NULL, 1 }, { "match chat", "{'match':'ID','user':'@ana:there.example','as':'member'}", NULL, WRITES },
		{ "match review", "{'match':'ID'}", NULL, WRITES }, { "match end", "{'match':'ID'}", NULL, WRITES },
		{ "match rematch", "{'match':'ID'}", NULL, WRITES },
	};
	struct pairing p = { .id = id, .state = PAIRING_ACTIVE, .asked = 1, .began = 1, .review = INT64_MAX / 2, .until = INT64_MAX / 2,
	    .body = json_of("{'wish':{'need':'grief','age_band':'26_59'}}") };

	id_new(&node.world, id);
	bench_tx(&node, pairing_put(node.app->db, &p));
	json_decref(p.body);
	say_all(all, nelem(all));
}

/* "ID" is a referral of a partner's, or to one, that has arrived. */
static void
refer(enum referral_side side)
{
	char request[ID_LEN + 1];
	struct case_row row = { .id = id, .org = (char *)(uintptr_t)trust_org_at(node.app->trust, 0)->id, .r = referral_start(side),
	    .request = (char *)(uintptr_t)"{}" };
	const struct case_step sent = { .input = REFERRAL_IN_SEND, .actor = REFERRAL_BY_SOURCE, .who = "test", .id = request,
	    .prev = "", .leg = 1 };

	id_new(&node.world, id);
	id_new(&node.world, request);
	bench_tx(&node, case_step(node.app, &row, &sent, NULL));
	bench_tx(&node, case_received(node.app, &row, request, "test"));
}

/* The other side made that step. */
static void
they(enum referral_input input, enum referral_actor by, const char *content)
{
	autojson json_t *said = json_of(content), *ours = json_object();
	char step_id[ID_LEN + 1];
	struct case_step step = { .input = input, .actor = by, .who = "test", .id = step_id, .content = said };
	struct case_row row;

	id_new(&node.world, step_id);
	bench_tx(&node, case_get(node.app->db, id, &row));
	bench_tx(&node, case_on(node.app, &row, input, by, ours, NULL));
	step.prev = json_str(ours, "prev");
	step.leg = json_int(ours, "leg", 0);
	bench_tx(&node, case_step(node.app, &row, &step, NULL));
	case_free(&row);
}

static void
test_referral(void)
{
	static const struct act first[] = {
		{ "show", "{'id':'ID'}", NULL, 1 }, { "accounting", "{'id':'ID'}", NULL, 1 }, { "export member", "{'id':'ID'}", NULL, 1 },
		{ "waitlist", "{'referral':'ID'}", NULL, WRITES }, { "accept", "{'referral':'ID'}", NULL, WRITES },
	}, then[] = {
		{ "contact", "{'referral':'ID','channel':'phone'}", NULL, WRITES }, { "schedule", "{'referral':'ID','meets_at':'2999-01-01T10:00:00Z'}", NULL, WRITES },
		{ "no-show", "{'referral':'ID'}", NULL, WRITES }, { "engage", "{'referral':'ID'}", NULL, WRITES }, { "pause", "{'referral':'ID'}", NULL, WRITES },
		{ "resume", "{'referral':'ID'}", NULL, WRITES }, { "close", "{'referral':'ID','outcome':'connected'}", NULL, WRITES },
	};

	refer(REFERRAL_AT_TARGET);
	say_all(first, nelem(first));
	they(REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, "{}");
	say_all(then, nelem(then));
	refer(REFERRAL_AT_TARGET);
	say("decline", "{'referral':'ID','reason':'no_capacity'}", NULL, WRITES);
	refer(REFERRAL_AT_TARGET);
	say("forward", "{'referral':'ID','to':'01J8Z0Q4M2K7V9T5B3N6X8C0RD'}", NULL, WRITES);
	refer(REFERRAL_AT_TARGET);
	say("ask", "{'referral':'ID','asks':['language']}", NULL, WRITES);
	refer(REFERRAL_AT_TARGET);
	say("answer", "{'referral':'ID','decision':'accept'}", NULL, WRITES);
	they(REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE, "{}");
	say("confirm", "{'referral':'ID'}", NULL, WRITES);
	refer(REFERRAL_AT_TARGET);
	say("accept", "{'referral':'ID'}", NULL, WRITES);
	they(REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER, "{}");
	say("outcome", "{'referral':'ID','stage':'engaged'}", NULL, WRITES);
	say("fail", "{'referral':'ID','failure':'lost_contact'}", NULL, WRITES);
	refer(REFERRAL_AT_SOURCE);
	they(REFERRAL_IN_ASK_INFO, REFERRAL_BY_TARGET, "{'asks':['language']}");
	say("inform", "{'referral':'ID','language':'es'}", NULL, WRITES);
	say("mistake", "{'referral':'ID'}", NULL, WRITES);
	refer(REFERRAL_AT_SOURCE);
	they(REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET, "{'reason':'no_capacity'}");
	say("reopen", "{'referral':'ID'}", NULL, WRITES);
}

/* What each verb was seen to do is what its row says. */
static void
test_rows(void)
{
	/* They need more than one node and its store; the stories of tests/hs run them, where one that is marked as a view is refused. */
	static const char *const elsewhere[] = { "import_trust", "federation_publish", "federation_join", "federation_invite",
	    "federation_accept", "federation_admit", "invite", "key rotate", "publish", "follow", "trust identity", "capacity", "task", "refer", "consent", "revoke",
	    "emergency", "match accept", "match cohort", "match sign", "book seen", "volunteer" };

	for (size_t i = 0; i < nelem(verbs); i++) {
		const char *name = verbs[i].name;
		bool named = false;

		for (size_t k = 0; k < nelem(elsewhere); k++)
			named |= !strcmp(elsewhere[k], name);
		if (seen[i].wrote)
			ok(!verbs[i].view && !named, "%s writes, and is no view", name);
		else if (seen[i].looked && strcmp(name, "backup") != 0)
			ok(verbs[i].view && !named, "%s only looks, and is marked as a view", name);
		else if (seen[i].looked)
			ok(!verbs[i].view && !named, "%s writes a file", name);
		else
			ok(!verbs[i].view && named, "%s is tried here, or writes elsewhere", name);
	}
}

/* A fault of the program is no reason to write, nor to stop. */
static void
test_spoilt(void)
{
	uint8_t before[crypto_generichash_BYTES], after[crypto_generichash_BYTES];
	autojson json_t *reply = NULL, *next = NULL;

	(void)stored(before);
	writes = true;
	reply = bench_ask(&node, "status", json_object());
	(void)stored(after);
	is_str(json_str(reply, "code"), "refused", "a view that wants to write is refused");
	ok(!memcmp(before, after, sizeof(after)), "and has not written");
	writes = false;
	next = bench_ask(&node, "status", json_object());
	ok(json_is_true(json_object_get(next, "ok")), "the node goes on");
}

int
main(void)
{
	const char *dir = getenv("TMPDIR");

	bench_node_open(&node, dir != NULL ? dir : "/tmp", 1);
	test_each();
	test_match();
	test_referral();
	say("setup", "{'node_password':'a','steward_password':'b'}", NULL, WRITES);
	test_rows();
	test_spoilt();
	bench_node_close(&node);
	return done_testing();
}
