/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/cleanup.h"
#include "domain/directory.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "tests/domain/faults.h"
#include "tests/domain/trusts.h"

static void
test_lookups(void)
{
	autojson json_t *doc = list();
	autotrust struct trust *t = NULL;
	struct keypair a = key_of(KEY_ORG_A), i = key_of(KEY_ISSUER), x = key_of(KEY_STRANGER);
	const struct trust_org *o;
	struct trust_seen seen;
	struct err err = { "" };

	ok(trust_sign(doc, signer.seed, NOW, &err) == 0, "sign");
	ok(load(doc, NULL, NOW, &t, &err) == 0, "load");
	if (t == NULL) {
		printf("# %s\n", err.text);
		return;
	}
	o = trust_org(t, ORG_A);
	ok(o != NULL && !strcmp(o->id, ORG_A) && !strcmp(o->name, "oak") &&
	    !strcmp(o->server, "oak.example") && !strcmp(o->node, "@node:oak.example") &&
	    !strcmp(o->steward, "@steward:oak.example") && !strcmp(o->master_key, MASTER) &&
	    !memcmp(o->record_key, a.pub, 32) && json_array_size(o->via) == 1, "by id");
	ok(trust_org_by_node(t, "@node:oak.example") == o &&
	    trust_org_by_steward(t, "@steward:oak.example") == o, "by account");
	ok(trust_org_by_node(t, "@steward:oak.example") == NULL &&
	    trust_org_by_steward(t, "@node:oak.example") == NULL &&
	    trust_org_by_node(t, "@NODE:oak.example") == NULL &&
	    trust_org(t, ORG_C) == NULL && trust_org(t, "") == NULL, "and no other");
	ok(trust_norgs(t) == 2 && trust_org_at(t, 0) == o && trust_org_at(t, 1) != NULL &&
	    trust_org_at(t, 2) == NULL, "in a row");
	ok(trust_has_role(o, "node") && trust_has_role(o, "issuer") && !trust_has_role(o, "bot") &&
	    !trust_has_role(NULL, "node"), "roles");
	ok(trust_issuer(t, i.did) != NULL && !strcmp(trust_issuer(t, i.did)->name, "State Board"), "issuers");
	ok(trust_issuer(t, x.did) == NULL, "and no other");
	seen = trust_last(t);
	ok(seen.version == 1 && strlen(seen.hash) == 64 && trust_expires(t) == NOW + WHEN_DAY,
	    "what to keep for the next");
}

static void
test_nobody(void)
{
	autojson json_t *doc = list();
	autotrust struct trust *empty = NULL;
	struct keypair i = key_of(KEY_ISSUER);
	struct err err;

	json_poke(doc, "orgs/0/roles", "['bot']");
	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0, "a bot is a role");
	json_poke(doc, "orgs", "[]");
	json_poke(doc, "issuers", "[]");
	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0 && load(doc, NULL, NOW, &empty, &err) == 0,
	    "an empty list");
	for (int round = 0; round < 2; round++) {
		const struct trust *t = round == 0 ? NULL : empty;

		ok(trust_org(t, ORG_A) == NULL && trust_org_by_node(t, "@node:oak.example") == NULL &&
		    trust_org_by_steward(t, "@steward:oak.example") == NULL &&
		    trust_issuer(t, i.did) == NULL &&
		    trust_norgs(t) == 0 && trust_org_at(t, 0) == NULL,
		    "%s list trusts nobody", round == 0 ? "no" : "an empty");
	}
	ok(trust_last(NULL).version == 0 && trust_expires(NULL) == 0, "and leaves nothing");
	ok(!trust_entitles(NULL, "CPRS", "US-NJ"), "nobody certifies");
	trust_free(NULL);
}

static void
test_entitled(void)
{
	static const struct {
		const char	*type, *where;
		bool		 may;
	} rights[] = {
		{ "CPRS", "US-NJ", true }, { "CPRS", "US-NJ-013", true }, { "CPRS", "CA", true },
		{ "CPRS", "CA-ON", true }, { "CPRS", "US", false }, { "CPRS", "US-NY", false },
		{ "CPRS", "US-N", false }, { "CPRS", "US-NJX", false }, { "CPRS", "", false },
		{ "NCPS", "US", true }, { "NCPS", "US-AR", true }, { "NCPS", "USA", false },
		{ "NCPS", "CA", false }, { "cprs", "US-NJ", false }, { "", "US-NJ", false },
	};
	autojson json_t *doc = list();
	autotrust struct trust *t = NULL;
	struct keypair k = key_of(KEY_ISSUER);
	struct err err;

	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0 && load(doc, NULL, NOW, &t, &err) == 0, "load");
	for (size_t i = 0; i < nelem(rights); i++)
		ok(trust_entitles(trust_issuer(t, k.did), rights[i].type, rights[i].where) ==
		    rights[i].may, "%s in \"%s\": %s", rights[i].type, rights[i].where,
		    rights[i].may ? "yes" : "no");
}

/* Refused for their shape, by the tool that signs and by the node that loads. */
static const struct {
	const char	*path, *value, *says;
} shapes[] = {
	{ "v", "2", "version 1" }, { "v", NULL, "version 1" }, { "kind", "'list'", "version 1" },
	{ "kind", NULL, "version 1" },
	{ "version", "0", "number" }, { "version", "'1'", "number" },
	{ "version", "9007199254740992", "number" },
	{ "version", "2", "prev" }, { "prev", "'" HASH "'", "prev" },
	{ "issued_at", NULL, "issued_at" }, { "expires_at", "1795230245678", "expires_at" },
	{ "expires_at", "253402300800000", "expires_at" },
	{ "orgs", NULL, "orgs" }, { "orgs", "{}", "orgs" }, { "issuers", NULL, "issuers" },
	{ "orgs/1/org", "'river'", "orgs[1]: org" }, { "orgs/0", "'" ORG_A "'", "orgs[0]" },
	{ "orgs/0/name", "''", "name" }, { "orgs/0/server", "'not a server'", "server" },
	{ "orgs/0/server", NULL, "server" },
	{ "orgs/0/node_user", "'@node:river.example'", "node_user" },
	{ "orgs/0/node_user", "'node'", "node_user" },
	{ "orgs/0/steward_user", "'@steward:river.example'", "steward_user" },
	{ "orgs/0/steward_user", NULL, "steward_user" },
	{ "orgs/0/steward_user", "'@node:oak.example'", "same account" },
	{ "orgs/0/master_key", NULL, "master_key" }, { "orgs/0/master_key", "'AQID'", "master_key" },
	{ "orgs/0/master_key", "'Qh46Beu6Uf9rwJ7oyAffvMcz0qjvp+UJCwjp+mdxBZ1'", "master_key" }, { "orgs/0/master_key", "'" NO_POINT "'", "master_key" },
	{ "orgs/0/record_key", NULL, "record_key" }, { "orgs/0/record_key", "'z6Mk'", "record_key" },
	{ "orgs/0/roles", NULL, "roles" }, { "orgs/0/roles", "[]", "roles" },
	{ "orgs/0/roles/0", "'king'", "roles" }, { "orgs/0/roles/0", "1", "roles" },
	{ "orgs/0/roles", "['bot', 'bot', 'bot', 'bot']", "roles" },
	{ "orgs/0/roles/0", "'bot '", "roles" },
	{ "orgs/0/via", NULL, "via" }, { "orgs/0/via/0", "'a b'", "via" },
	{ "orgs/1/org", "'" ORG_A "'", "shares" },
	{ "issuers/1/id", "'http://x'", "issuers[1]: id" }, { "issuers/1/id", NULL, "id" },
	{ "issuers/1/name", NULL, "name" }, { "issuers/1/key", "'z6MkX'", "key" },
	{ "issuers/1/key", NULL, "key" },
	{ "issuers/0/for", NULL, "for" }, { "issuers/0/for", "[]", "for" },
	{ "issuers/0/for/1/type", "''", "for[1]" },
	{ "issuers/0/for/0/jurisdictions", "[]", "for[0]" },
	{ "issuers/0/for/0/jurisdictions/1", "''", "for[0]" },
};

static void
test_shapes(void)
{
	struct err err = { "" };

	for (size_t i = 0; i < nelem(shapes); i++) {
		autojson json_t *doc = list();
		struct trust *t = NULL;

		json_poke(doc, shapes[i].path, shapes[i].value);
		if (!ok(trust_sign(doc, signer.seed, NOW, &err) == E_BAD &&
		    strstr(err.text, shapes[i].says) != NULL &&
		    json_object_get(doc, "proof") == NULL, "%s = %s is not signed", shapes[i].path,
		    shapes[i].value ? shapes[i].value : "(missing)"))
			printf("# %s\n", err.text);
		ok(load(doc, NULL, NOW, &t, &err) == E_BAD && t == NULL, "nor loaded");
	}
}

static void
test_too_many(void)
{
	static const char *const lists[] = { "orgs", "issuers" };
	struct err err = { "" };

	for (size_t i = 0; i < nelem(lists); i++) {
		autojson json_t *doc = list();
		json_t *entries = json_object_get(doc, lists[i]);

		while (json_array_size(entries) <= 500)
			if (json_array_append(entries, json_array_get(entries, 0)) != 0)
				break;
		ok(trust_sign(doc, signer.seed, NOW, &err) == E_BAD && strstr(err.text, "500") != NULL,
		    "at most 500 %s", lists[i]);
	}
	{
		autojson json_t *doc = list();
		json_t *rights = json_object_get(json_array_get(json_object_get(doc, "issuers"), 0), "for");

		while (json_array_size(rights) <= 32)
			if (json_array_append(rights, json_array_get(rights, 0)) != 0)
				break;
		ok(trust_sign(doc, signer.seed, NOW, &err) == E_BAD, "at most 32 rights");
	}
}

/* Two entries that share one thing, each in turn. */
static void
test_unique(void)
{
	static const struct {
		const char	*path, *value;
	} shared[] = {
		{ "orgs/1/node_user", "'@node:oak.example'" },
		{ "orgs/1/node_user", "'@steward:oak.example'" },
		{ "orgs/1/steward_user", "'@node:oak.example'" },
		{ "orgs/1/steward_user", "'@steward:oak.example'" },
	};
	struct keypair a = key_of(KEY_ORG_A), i = key_of(KEY_ISSUER);
	struct err err;

	for (size_t n = 0; n < nelem(shared); n++) {
		autojson json_t *doc = list();

		json_poke(doc, "orgs/1/server", "'oak.example'");
		json_poke(doc, "orgs/1/node_user", "'@n:oak.example'");
		json_poke(doc, "orgs/1/steward_user", "'@s:oak.example'");
		json_poke(doc, shared[n].path, shared[n].value);
		ok(trust_sign(doc, signer.seed, NOW, &err) == E_BAD && strstr(err.text, "shares") != NULL,
		    "%s %s twice", shared[n].path, shared[n].value);
	}
	for (int n = 0; n < 3; n++) {
		autojson json_t *doc = list();
		json_t *orgs = json_object_get(doc, "orgs"), *issuers = json_object_get(doc, "issuers");
		int r = n == 0 ? json_object_set_new(json_array_get(orgs, 1), "record_key",
		    json_string(a.text)) : json_object_set_new(json_array_get(issuers, 1),
		    n == 1 ? "id" : "key", json_string(n == 1 ? i.did : i.text));

		/* A did:key has its key in its name; two may share one only by another name. */
		if (n == 1)
			json_poke(doc, "issuers/0/id", "'did:web:board.example'"), json_poke(doc, "issuers/1/id", "'did:web:board.example'");
		if (n == 2)
			json_poke(doc, "issuers/1/id", "'did:web:board.example'");
		ok(r == 0 && trust_sign(doc, signer.seed, NOW, &err) == E_BAD &&
		    strstr(err.text, "shares") != NULL, "a key or DID twice");
	}
}

/* Whose lists count, and whose key a name is. */
static void
test_issuer_names(void)
{
	static const struct {
		const char	*path, *value, *says;
	} wrong[] = {
		{ "issuers/0/id", "'did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2'", "another key" },
		{ "issuers/0/old_key", "{'key': 'z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2', 'until': 5}", "another key" },
		{ "issuers/0/old_key", "{'key': 'z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2'}", "old_key" },
		{ "issuers/0/status_by", "[]", "status_by" }, { "issuers/0/status_by", "'did:web:a'", "status_by" },
		{ "issuers/0/status_by", "['Board']", "status_by" },
		{ "issuers/0/status_by", "['did:a:1', 'did:a:2', 'did:a:3', 'did:a:4', 'did:a:5']", "status_by" },
	};
	autojson json_t *doc = list();
	struct trust *t = NULL;
	struct err err = { "" };

	for (size_t n = 0; n < nelem(wrong); n++) {
		autojson json_t *other = list();

		json_poke(other, wrong[n].path, wrong[n].value);
		ok(trust_sign(other, signer.seed, NOW, &err) == E_BAD && strstr(err.text, wrong[n].says) != NULL,
		    "%s %s", wrong[n].path, wrong[n].value);
	}
	json_poke(doc, "issuers/0/id", "'did:web:board.example'");
	json_poke(doc, "issuers/0/status_by", "['did:web:lists.example']");
	ok(trust_sign(doc, signer.seed, NOW, &err) == 0 && trust_load(doc, only(signer.pub), NULL, NOW, &t, &err) == 0,
	    "a did:web is a name, with its key in the list");
	ok(trust_may_answer(trust_issuer(t, "did:web:board.example"), "did:web:lists.example") &&
	    !trust_may_answer(trust_issuer(t, "did:web:board.example"), "did:web:board.example") &&
	    !trust_may_answer(NULL, "did:web:lists.example"), "and who signs its lists is in the list, too");
	trust_free(t);
}

static void
test_proof(void)
{
	autojson json_t *doc = list();
	struct keypair x = key_of(KEY_STRANGER);
	struct trust *t = NULL;
	struct err err;

	ok(load(doc, NULL, NOW, &t, &err) == E_REFUSED && strstr(err.text, "not signed") != NULL,
	    "no proof");
	ok(trust_sign(doc, x.seed, NOW, NULL) == 0 && load(doc, NULL, NOW, &t, &err) == E_REFUSED,
	    "a stranger's");
	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0 && json_object_size(doc) == 8, "signed again");
	json_poke(doc, "orgs/0/name", "'Oak and more'");
	ok(load(doc, NULL, NOW, &t, &err) == E_REFUSED, "changed afterwards");
	json_poke(doc, "orgs/0/name", "'oak'");
	json_poke(doc, "note", "'unsigned'");
	ok(load(doc, NULL, NOW, &t, &err) == E_REFUSED, "added to");
	json_poke(doc, "note", NULL);
	ok(load(doc, NULL, NOW, &t, &err) == 0, "and as it was");
	trust_free(t);
}

static void
test_age(void)
{
	autojson json_t *doc = list();
	autotrust struct trust *t = NULL;
	struct err err;

	ok(trust_sign(doc, signer.seed, NOW, NULL) == 0, "sign");
	ok(load(doc, NULL, NOW + WHEN_DAY, &t, &err) == E_REFUSED &&
	    strstr(err.text, "expired on 2026-11-22") != NULL, "expired");
	ok(load(doc, NULL, NOW - WHEN_SKEW - 1, &t, &err) == E_REFUSED &&
	    strstr(err.text, "future") != NULL, "from the future");
	ok(load(doc, NULL, NOW - WHEN_SKEW, &t, &err) == 0, "from a fast clock");
}

static int
load_version(int version, const char *prev, const struct trust_seen *seen, struct trust_seen *ret,
    struct err *err)
{
	autojson json_t *doc = list();
	autotrust struct trust *t = NULL;
	int r;

	if (json_object_set_new(doc, "version", json_integer(version)) != 0 ||
	    (prev != NULL && json_object_set_new(doc, "prev", json_string(prev)) != 0) ||
	    trust_sign(doc, signer.seed, NOW, err) != 0)
		return -1;
	r = load(doc, seen, NOW, &t, err);
	if (r == 0 && ret != NULL)
		*ret = trust_last(t);
	return r;
}

static void
test_succession(void)
{
	struct trust_seen one, two, none = { 0 };
	struct err err;

	ok(load_version(1, NULL, &none, &one, &err) == 0, "the first");
	ok(load_version(1, NULL, &one, NULL, &err) == 0, "the first again");
	ok(load_version(2, one.hash, &one, &two, &err) == 0 && two.version == 2, "the second");
	ok(load_version(1, NULL, &two, NULL, &err) == E_REFUSED && strstr(err.text, "version 2") != NULL,
	    "back to the first: refused");
	ok(load_version(2, HASH, &two, NULL, &err) == TRUST_FORK && strstr(err.text, "two trust lists of version 2") != NULL,
	    "another second: two views");
	(void)snprintf(two.same, sizeof(two.same), "%s", HASH);
	ok(load_version(1, NULL, &two, NULL, &err) == TRUST_FORK && strstr(err.text, "two trust lists of version 1") != NULL,
	    "another first, long after: two views");
	(void)snprintf(two.same, sizeof(two.same), "%s", one.hash);
	ok(load_version(1, NULL, &two, NULL, &err) == E_REFUSED, "the first itself: only old");
	*two.same = '\0';
	ok(load_version(2, HASH, &one, NULL, &err) == TRUST_FORK &&
	    strstr(err.text, "does not continue") != NULL, "a second that continues something else");
	ok(load_version(2, "abc", &one, NULL, &err) == -1 && strstr(err.text, "prev") != NULL,
	    "a predecessor that is no hash");
	ok(load_version(4, HASH, &two, NULL, &err) == 0, "a later one, when some were missed");
}

/* The schema's example was signed by another implementation: by two of its three signers. */
static void
test_example(void)
{
	autojson json_t *doc = json_example("trust", NULL);
	autotrust struct trust *t = NULL;
	struct trust_seen before = { .version =
		json_integer_value(json_object_get(doc, "version")) - 1 };
	struct err err = { "" };
	struct signers by;

	(void)snprintf(before.hash, sizeof(before.hash), "%s", json_string_value(json_object_get(doc, "prev")));
	if (!ok(trust_read_signers(doc, NULL, &by, &err) == 0 && by.needed == 2 && by.n == 3 &&
	    trust_load(doc, &by, &before, json_integer_value(json_object_get(doc, "issued_at")), &t, &err) == 0,
	    "the schema's example"))
		printf("# %s\n", err.text);
}

static void
test_memory(void)
{
	autojson json_t *doc = list();
	struct trust *t = NULL;
	long n, wrong = 0;
	int r = 1;

	for (n = 0; r != 0; n++) {
		faults_left = n;
		r = trust_sign(doc, signer.seed, NOW, NULL);
	}
	for (n = 0, r = 1; r != 0; n++) {
		faults_left = n;
		r = trust_load(doc, only(signer.pub), NULL, NOW, &t, NULL);
		wrong += r != 0 && (r != -ENOMEM || t != NULL);
	}
	faults_left = -1;
	ok(wrong == 0 && n > 8, "each of %ld failing allocations is told as such", n - 1);
	trust_free(t);
	/* A second signer's proof beside the first; the next version; who signs. */
	for (n = 0, r = 1; r != 0; n++) {
		faults_left = n;
		r = trust_sign(doc, key_of(KEY_STRANGER).seed, NOW, NULL);
		wrong += json_array_size(json_object_get(doc, "proof")) != (r == 0 ? 2 : 1);
	}
	for (n = 0, r = 1; r != 0; n++) {
		json_t *next = NULL;

		faults_left = n;
		r = trust_next(doc, NOW, WHEN_DAY, &next, NULL);
		wrong += r != 0 && (r != -ENOMEM || next != NULL);
		json_decref(next);
	}
	for (n = 0, r = 1; r != 0; n++) {
		struct signers by;

		faults_left = n;
		r = trust_read_signers(doc, only(signer.pub), &by, NULL);
		wrong += r != 0 && r != -ENOMEM;
	}
	for (n = 0, r = 1; r != 0; n++) {
		autojson json_t *overrides = NULL;

		faults_left = -1;
		overrides = json_of("{'" ORG_A "': {'decision': 'deny', 'reason': 'x'}}");
		if (trust_load(doc, only(signer.pub), NULL, NOW, &t, NULL) != 0)
			break;
		faults_left = n;
		r = trust_override(t, overrides, NULL);
		wrong += (r != 0) != (trust_org(t, ORG_A) != NULL);
		trust_free(t);
	}
	faults_left = -1;
	ok(wrong == 0 && r == 0, "there, too");
	{
		autojson json_t *bad = json_of("{'v': 2}");
		struct signers by;
		json_t *next = NULL;

		ok(trust_next(bad, NOW, 1, &next, NULL) == E_BAD && next == NULL && trust_read_signers(bad, NULL, &by, NULL) == E_BAD,
		    "of what is no list there is no next");
	}
}

int
main(void)
{
	faults_begin();
	signer = key_of(KEY_SIGNER);
	test_lookups();
	test_nobody();
	test_entitled();
	test_shapes();
	test_too_many();
	test_unique();
	test_issuer_names();
	test_proof();
	test_age();
	test_succession();
	test_example();
	test_memory();
	return done_testing();
}
