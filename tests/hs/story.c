/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/proof.h"
#include "domain/trust.h"
#include "domain/vc.h"
#include "story.h"

static const uint8_t signer_seed[ED25519_SEED] = "the signer of a test federation";

const char *
story_did(const uint8_t seed[ED25519_SEED], char out[80])
{
	uint8_t public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(public, secret, seed);
	return vc_did(public, out);
}

size_t
story_add(struct host *h, const char *name, const char *server)
{
	autojson json_t *status = NULL, *self = NULL;
	size_t i = host_add(h, name, server);
	const char *stage;

	host_start(h, i);
	json_decref(host_ok(h, i, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password")));
	host_run(h, 5000);
	status = host_ok(h, i, "status", json_object());
	stage = json_str(status, "setup");
	self = host_ok(h, i, "show", json_pack("{s:s}", "id", "node"));
	(void)snprintf(h->node[i].org, sizeof(h->node[i].org), "%s", json_str(self, "org"));
	if (stage == NULL || strcmp(stage, "done") != 0)
		host_fail(h, "the setup of %s is at: %s", name, stage != NULL ? stage : "-");
	return i;
}

void
story_open(struct host *h, uint64_t seed)
{
	uint8_t public[ED25519_PUBLIC], secret[crypto_sign_SECRETKEYBYTES];

	host_open(h, seed);
	(void)crypto_sign_seed_keypair(public, secret, signer_seed);
	proof_key_text(public, h->signer);
}

void
story_begin(struct host *h, uint64_t seed)
{
	story_open(h, seed);
	(void)story_add(h, "opendoor", "opendoor.example");
	(void)story_add(h, "harbor", "harbor.example");
}

json_t *
story_trust_list(struct host *h, int version, unsigned nodes, int64_t life)
{
	json_t *list = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[]}", "v", 1, "kind", "trust",
	    "version", version, "issued_at", (json_int_t)*h->now, "expires_at", (json_int_t)(*h->now + life),
	    "orgs", "issuers");
	struct err err = { "" };

	/* Of a version that is not the next, the one before is unknown here. */
	if (version > 1)
		(void)json_object_set_new(list, "prev", json_sprintf("%064d", version));
	for (size_t i = 0; i < h->n; i++)
		if (nodes & 1u << i)
			(void)json_array_append_new(json_arr(list, "orgs"), host_ok(h, i, "show",
			    json_pack("{s:s}", "id", "node")));
	if (trust_sign(list, signer_seed, *h->now, &err) != 0)
		host_fail(h, "the trust list cannot be signed: %s", err.text);
	return list;
}

/* A list of the first ${n}, which they import. */
static void
trust_first(struct host *h, size_t n, int64_t life)
{
	autojson json_t *list = story_trust_list(h, 1, (1u << n) - 1, life);

	for (size_t i = 0; i < n; i++)
		json_decref(host_ok(h, i, "import_trust", json_pack("{s:O}", "document", list)));
}

void
story_trust(struct host *h)
{
	trust_first(h, h->n, STORY_LIFE);
}

void
story_trust_both(struct host *h, int64_t life)
{
	trust_first(h, TARGET + 1, life);
}

json_t *
story_records(int64_t now)
{
	json_t *program = json_pack("{s:s, s:s, s:[s], s:[s], s:[s], s:[s, s], s:s}", "name", "Harbor Light",
	    "description", "Peer support in the evening.", "forms", "substance_use_peer", "conditions",
	    "alcohol", "languages", "en", "modalities", "online_text", "phone", "cost", "free");
	json_t *rosa = json_pack("{s:s, s:s, s:[s], s:[s], s:[s], s:{s:i, s:I}}", "alias", "Rosa",
	    "program", "hsds:service/1", "roles", "one_to_one", "languages", "en", "modalities", "online_text",
	    "capacity", "open", 3, "updated_at", (json_int_t)now);

	return json_pack("[{s:s, s:s, s:o}, {s:s, s:s, s:o}]", "source", "hsds:service/1", "kind", "program",
	    "body", program, "source", "hsds:person/1", "kind", "specialist", "body", rosa);
}

void
story_publish(struct host *h)
{
	autojson json_t *target = host_ok(h, TARGET, "show", json_pack("{s:s}", "id", "node")), *found = NULL;

	json_decref(host_ok(h, TARGET, "import", json_pack("{s:o}", "records", story_records(*h->now))));
	json_decref(host_ok(h, TARGET, "publish", json_object()));
	json_decref(host_ok(h, SOURCE, "follow", json_pack("{s:O}", "org", json_object_get(target, "org"))));
	host_run(h, 10000);
	found = host_ok(h, SOURCE, "find", json_object());
	if (json_array_size(json_arr(found, "records")) == 0)
		host_fail(h, "the directory did not arrive");
}

json_t *
story_list(struct host *h, size_t i, const char *what)
{
	autojson json_t *result = host_ok(h, i, "list", json_pack("{s:s}", "what", what));

	return json_incref(json_arr(result, "items"));
}

size_t
story_count(struct host *h, size_t i, const char *what)
{
	autojson json_t *items = story_list(h, i, what);

	return json_array_size(items);
}

int
story_said(struct host *h, size_t i, const char *direction, const char *text)
{
	autojson json_t *items = story_list(h, i, "messages");
	const json_t *item;
	size_t k;
	int n = 0;

	json_array_foreach(items, k, item)
		n += !strcmp(json_str(item, "direction"), direction) && !strcmp(json_str(item, "body"), text);
	return n;
}

int
story_sent(const struct host *h, const char *user)
{
	const json_t *event;
	size_t i;
	int n = 0;

	json_array_foreach(hs_events(h->hs, hs_room(h->hs, "org.cairnpeer.channel", 0)), i, event)
		n += !strcmp(json_str(event, "sender"), user) && json_str(event, "state_key") == NULL;
	return n;
}

void
story_say_many(struct host *h, int *sent, int n)
{
	for (int end = *sent + n; *sent < end; ++*sent) {
		char text[32];

		(void)snprintf(text, sizeof(text), "Message %d.", *sent);
		json_decref(host_ok(h, TARGET, "say", json_pack("{s:s, s:s}", "user", SOURCE_USER, "text", text)));
	}
	host_run(h, 30000);
}

int
story_audited(struct host *h, size_t i, const char *actor, const char *action, const char *about)
{
	autojson json_t *result = host_ok(h, i, "audit show", json_object());
	const json_t *row;
	size_t k;
	int n = 0;

	json_array_foreach(json_arr(result, "items"), k, row)
		n += !strcmp(json_str(row, "action"), action) && !strncmp(json_str(row, "actor"), actor, strlen(actor)) &&
		    !strncmp(json_str(row, "about"), about, strlen(about));
	return n;
}

static void
show_items(const struct host *h, size_t i, const char *what, const json_t *items)
{
	autofree char *text = json_dumps(items, JSON_COMPACT);

	printf("# %s, %s: %s\n", h->node[i].name, what, text != NULL ? text : "-");
}

/* The check of that name; the caller decrefs. */
static json_t *
doctor(struct host *h, size_t i, const char *name)
{
	autojson json_t *result = host_ok(h, i, "doctor", json_object());
	json_t *item;
	size_t k;

	json_array_foreach(json_arr(result, "checks"), k, item)
		if (!strcmp(json_str(item, "name"), name))
			return json_incref(item);
	host_fail(h, "the doctor does not look at %s", name);
}

bool
story_well(struct host *h, size_t i, const char *name)
{
	autojson json_t *check = doctor(h, i, name);

	if (json_is_true(json_object_get(check, "ok")))
		return true;
	printf("# %s: %s\n", name, json_str(check, "text"));
	return false;
}

bool
story_ill(struct host *h, size_t i, const char *name, const char *words)
{
	autojson json_t *check = doctor(h, i, name);

	return json_is_false(json_object_get(check, "ok")) && strstr(json_str(check, "text"), words) != NULL;
}

bool
story_clean(struct host *h, size_t i)
{
	static const char *const lists[] = { "waiting", "rejected", "outbox" };
	bool clean = true;

	for (size_t k = 0; k < nelem(lists); k++) {
		autojson json_t *items = story_list(h, i, lists[k]);
		const json_t *item;
		size_t n;
		bool bad = k < 2 && json_array_size(items) > 0;

		json_array_foreach(items, n, item)
			bad |= k == 2 && !strcmp(json_str(item, "state"), "failed");
		if (bad)
			show_items(h, i, lists[k], items);
		clean &= !bad;
	}
	return clean;
}

size_t
story_complaints(const struct host *h)
{
	const json_t *text;
	size_t i;

	json_array_foreach(hs_complaints(h->hs), i, text)
		printf("# the homeservers: %s\n", json_string_value(text));
	return json_array_size(hs_complaints(h->hs));
}

enum hs_fate
story_muted(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	const char *user = *(const char **)cookie;

	if (user == NULL || strcmp(call->user, user) != 0 || strstr(call->path, "/send/") == NULL)
		return HS_SERVE;
	*ret_status = 502;
	*ret_body = json_object();
	return HS_SAY;
}

enum hs_fate
story_refuse_sends(void *cookie, const struct hs_call *call, int *ret_status, json_t **ret_body)
{
	const char *source = SOURCE_USER;
	enum hs_fate fate = story_muted(&source, call, ret_status, ret_body);

	if (fate == HS_SAY && cookie != NULL)
		++*(int *)cookie;
	return fate;
}
