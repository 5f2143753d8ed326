/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs a trust list, and who on it is in force. */
#include "base/cleanup.h"
#include "base/proof.h"
#include "tests/domain/trusts.h"

static json_t *
signers_of(int needed, int n, const int *keys)
{
	json_t *list = json_array();

	for (int i = 0; i < n; i++)
		(void)json_array_append_new(list, json_string(key_of(keys[i]).text));
	return json_pack("{s:i, s:o}", "needed", needed, "keys", list);
}

static int
sign_as(json_t *doc, int key)
{
	return trust_sign(doc, key_of(key).seed, NOW, NULL);
}

enum { ONE = 21, TWO, THREE, FOUR, FIVE };

/* k of n: every subset of three signers, and of what they are asked for. */
static void
test_signers(void)
{
	static const int keys[] = { ONE, TWO, THREE };

	for (int needed = 1; needed <= 3; needed++)
		for (unsigned who = 0; who < 8; who++) {
			autojson json_t *doc = list();
			autotrust struct trust *t = NULL;
			struct signers by = { .needed = (size_t)needed, .n = 3 };
			struct err err = { "" };
			uint32_t signed_by = 99;
			int r;

			(void)json_object_set_new(doc, "signers", signers_of(needed, 3, keys));
			for (int i = 0; i < 3; i++) {
				memcpy(by.key[i], key_of(keys[i]).pub, 32);
				if (who & 1u << i && (sign_as(doc, keys[i]) != 0 || sign_as(doc, keys[i]) != 0))
					ok(false, "sign");
			}
			r = trust_load(doc, &by, NULL, NOW, &t, &err);
			ok((r == 0) == (__builtin_popcount(who) >= needed) && (r == 0 || (r == E_REFUSED &&
			    strstr(err.text, "enough") != NULL)), "%d needed, signed by %u: %s", needed, who, r == 0 ? "good" : err.text);
			ok(trust_signed(doc, &by, &signed_by, NULL) == 0 && signed_by == who, "and which ones is known");
			ok(r != 0 || signers_equal(trust_signers(t), &by), "who signs the next is the same");
		}
}

/* However many proofs name a signer, one is looked at. */
static void
test_once(const struct signers *by)
{
	autojson json_t *doc = list(), *bad = NULL;
	json_t *proofs;
	uint32_t who = 99;

	ok(sign_as(doc, ONE) == 0 && trust_signed(doc, by, &who, NULL) == 0 && who == 1, "one signs");
	proofs = json_object_get(doc, "proof");
	bad = json_deep_copy(json_array_get(proofs, 0));
	json_poke(bad, "created", "'2001-01-01T00:00:00Z'");
	(void)json_array_insert(proofs, 0, bad);
	ok(trust_signed(doc, by, &who, NULL) == 0 && who == 0, "of two proofs by one signer only the first is looked at");
}

/* A signature twice, a stranger's, one of another content, one for another purpose: none of them counts. */
static void
test_false_proofs(void)
{
	static const int keys[] = { ONE, TWO };
	autojson json_t *doc = list(), *other = list();
	struct signers by;
	struct trust *t = NULL;
	json_t *proofs;
	uint32_t who;
	struct err err = { "" };

	(void)json_object_set_new(doc, "signers", signers_of(2, 2, keys));
	ok(trust_read_signers(doc, NULL, &by, &err) == 0 && by.needed == 2 && by.n == 2, "a pact of two");
	ok(trust_read_signers(other, NULL, &by, &err) == E_BAD && trust_read_signers(other, &by, &by, &err) == 0, "or nobody says");
	ok(trust_read_signers(doc, NULL, &by, &err) == 0 && sign_as(doc, ONE) == 0, "one signs");
	proofs = json_object_get(doc, "proof");
	(void)json_array_append(proofs, json_array_get(proofs, 0));
	ok(trust_load(doc, &by, NULL, NOW, &t, &err) == E_REFUSED, "a signature twice is one");
	(void)json_array_remove(proofs, 1);
	ok(sign_as(doc, THREE) == 0 && json_array_size(proofs = json_object_get(doc, "proof")) == 2 &&
	    trust_load(doc, &by, NULL, NOW, &t, &err) == E_REFUSED, "a stranger's does not count");
	ok(sign_as(other, TWO) == 0, "the second signs another content");
	(void)json_array_append(proofs, json_array_get(json_object_get(other, "proof"), 0));
	ok(trust_load(doc, &by, NULL, NOW, &t, &err) == E_REFUSED && trust_signed(doc, &by, &who, NULL) == 0 && who == 1,
	    "which does not count here");
	ok(sign_as(doc, TWO) == 0 && json_array_size(json_object_get(doc, "proof")) == 3, "signing drops what is of another content");
	ok(trust_load(doc, &by, NULL, NOW, &t, &err) == 0, "and with both it is good");
	trust_free(t);
	json_poke(doc, "orgs/0/name", "'Oak and more'");
	ok(trust_load(doc, &by, NULL, NOW, &t, &err) == E_REFUSED && sign_as(doc, ONE) == 0 &&
	    json_array_size(json_object_get(doc, "proof")) == 1, "changed: all sign again");
	json_poke(doc, "proof/0", "'x'");
	ok(trust_signed(doc, &by, &who, NULL) == 0 && who == 0, "what is no proof is none");
	test_once(&by);
	for (proofs = json_object_get(doc, "proof"); json_array_size(proofs) <= 32;)
		if (json_array_append_new(proofs, json_object()) != 0)
			break;
	ok(trust_signed(doc, &by, &who, &err) == E_BAD, "too many are not looked at");
	{
		autojson json_t *full = list();
		bool signs = true;

		for (int i = 0; i < 32; i++)
			signs &= sign_as(full, 40 + i) == 0;
		ok(signs && trust_sign(full, key_of(80).seed, NOW, &err) == E_BAD && strstr(err.text, "32 proofs") != NULL,
		    "nor are more made");
	}
	{
		autojson json_t *buried = list();
		bool signs = sign_as(buried, ONE) == 0;

		for (int i = 0; i < 32; i++)
			signs &= json_array_insert_new(json_object_get(buried, "proof"), 0, json_object()) == 0;
		ok(signs && sign_as(buried, TWO) == 0 && json_array_size(json_object_get(buried, "proof")) == 1,
		    "signing drops what names no key, and what stands behind too many");
	}
	json_poke(doc, "proof", "{}");
	ok(trust_signed(doc, &by, &who, NULL) == 0 && who == 0, "nor one that is not in a set");
}

/* Three of other signers replace two: only with those of before. */
static void
test_rotation(void)
{
	static const int before[] = { ONE, TWO, THREE }, after[] = { THREE, FOUR, FIVE };
	autojson json_t *one = list(), *two = NULL, *three = NULL;
	autotrust struct trust *t = NULL, *u = NULL, *v = NULL;
	struct signers by;
	struct trust_seen seen;
	struct err err = { "" };

	(void)json_object_set_new(one, "signers", signers_of(2, 3, before));
	ok(trust_read_signers(one, NULL, &by, &err) == 0 && sign_as(one, ONE) == 0 && sign_as(one, TWO) == 0 &&
	    trust_load(one, &by, NULL, NOW, &t, &err) == 0, "the first");
	seen = trust_last(t);
	ok(trust_next(one, NOW, WHEN_DAY, &two, &err) == 0 && json_object_get(two, "proof") == NULL &&
	    json_integer_value(json_object_get(two, "version")) == 2 &&
	    !strcmp(json_string_value(json_object_get(two, "prev")), seen.hash), "the next");
	(void)json_object_set_new(two, "signers", signers_of(2, 3, after));
	ok(sign_as(two, FOUR) == 0 && sign_as(two, FIVE) == 0 && trust_load(two, &by, &seen, NOW, &u, &err) == E_REFUSED,
	    "new signers alone cannot name themselves");
	ok(sign_as(two, THREE) == 0 && trust_load(two, &by, &seen, NOW, &u, &err) == E_REFUSED, "nor with one of before");
	ok(sign_as(two, ONE) == 0 && trust_load(two, &by, &seen, NOW, &u, &err) == 0, "with two of before they can");
	{
		autojson json_t *alone = json_deep_copy(two);

		json_poke(alone, "proof", "[]");
		ok(sign_as(alone, ONE) == 0 && sign_as(alone, TWO) == 0 && trust_load(alone, &by, &seen, NOW, &v, &err) == E_REFUSED,
		    "and nobody is made a signer without their own word");
	}
	seen = trust_last(u);
	by = *trust_signers(u);
	ok(trust_next(two, NOW, WHEN_DAY, &three, &err) == 0 && sign_as(three, ONE) == 0 && sign_as(three, TWO) == 0 &&
	    trust_load(three, &by, &seen, NOW, &v, &err) == E_REFUSED, "those of before sign no more");
	ok(sign_as(three, FOUR) == 0 && sign_as(three, THREE) == 0 && trust_load(three, &by, &seen, NOW, &v, &err) == 0,
	    "those of now do");
	json_poke(three, "signers", NULL);
}

/* Suspended by the federation, denied or allowed here. */
static void
test_standing(void)
{
	static const char since[] = "{'since': 1795230000000, 'reason': 'stolen key'}";
	autojson json_t *doc = list(), *deny = NULL, *allow = NULL, *bad = NULL, *other = NULL;
	autotrust struct trust *t = NULL;
	struct keypair i = key_of(KEY_ISSUER);
	struct err err = { "" };

	json_poke(doc, "orgs/0/suspended", since);
	json_poke(doc, "issuers/0/suspended", since);
	ok(sign_as(doc, KEY_SIGNER) == 0 && load(doc, NULL, NOW, &t, &err) == 0, "two suspended");
	ok(trust_org(t, ORG_A) == NULL && trust_org_by_node(t, "@node:oak.example") == NULL &&
	    trust_org_by_steward(t, "@steward:oak.example") == NULL && trust_norgs(t) == 1 && trust_nlisted(t) == 2 &&
	    !strcmp(trust_org_at(t, 0)->id, ORG_B) && trust_listed(t, ORG_A) != NULL && trust_listed_at(t, 2) == NULL,
	    "who is suspended is found by nobody");
	ok(trust_judge(t, ORG_A, &err) == E_REFUSED && strstr(err.text, "suspended oak since 2026-11-21: stolen key") != NULL,
	    "and it is said why");
	ok(trust_judge(t, ORG_B, &err) == 0 && trust_judge(t, ORG_C, &err) == E_NOTFOUND && trust_judge(NULL, ORG_A, &err) == E_NOTFOUND,
	    "others are not");
	ok(trust_issuer(t, i.did) == NULL &&
	    trust_judge_issuer(t, i.did, &err) == E_REFUSED && strstr(err.text, "stolen key") != NULL &&
	    trust_judge_issuer(t, key_of(KEY_OTHER_ISSUER).did, &err) == 0 &&
	    trust_judge_issuer(t, "did:web:x", &err) == E_NOTFOUND, "an issuer, too");

	allow = json_of("{'" ORG_A "': {'decision': 'allow', 'reason': 'we spoke', 'at': 1795230245678, 'since': 1795230000000}}");
	ok(trust_override(t, allow, NULL) == 0 && trust_org(t, ORG_A) != NULL && trust_norgs(t) == 2, "allowed here in spite of it");
	json_poke(allow, ORG_A "/since", "1795230000001");
	ok(trust_override(t, allow, NULL) == 0 && trust_org(t, ORG_A) == NULL, "but not another suspension");
	json_poke(allow, ORG_A "/since", NULL);
	ok(trust_override(t, allow, NULL) == 0 && trust_org(t, ORG_A) == NULL, "nor any");
	deny = json_of("{'" ORG_B "': {'decision': 'deny', 'reason': 'not ours', 'at': 1795230245678}}");
	ok(trust_override(t, deny, NULL) == 0 && trust_org(t, ORG_B) == NULL && trust_norgs(t) == 0 &&
	    trust_judge(t, ORG_B, &err) == E_REFUSED && strstr(err.text, "since 2026-11-21: not ours") != NULL, "denied here");
	bad = json_of("{'" ORG_B "': {'decision': 'deny'}}");
	ok(trust_override(t, bad, &err) == E_BAD && trust_org(t, ORG_B) == NULL, "a decision has a reason");
	json_poke(bad, ORG_B "/reason", "'r'");
	json_poke(bad, ORG_B "/decision", "'maybe'");
	ok(trust_override(t, bad, &err) == E_BAD, "and is one of two");
	ok(trust_override(t, NULL, NULL) == 0 && trust_org(t, ORG_B) != NULL && trust_norgs(t) == 1, "all taken back");
	other = json_pack("{s:{s:s, s:s}}", key_of(KEY_OTHER_ISSUER).did, "decision", "deny", "reason", "lax");
	ok(trust_issuer(t, key_of(KEY_OTHER_ISSUER).did) != NULL && trust_override(t, other, NULL) == 0 &&
	    trust_issuer(t, key_of(KEY_OTHER_ISSUER).did) == NULL && trust_judge_issuer(t, key_of(KEY_OTHER_ISSUER).did, &err) == E_REFUSED &&
	    strstr(err.text, "this node denies the issuer State Board: lax") != NULL, "an issuer is denied here, too");
}

static void
test_bots(void)
{
	static const struct {
		const char	*path, *value, *says;
	} wrong[] = {
		{ "orgs/0/devices", NULL, "master_key" }, { "orgs/0/devices", "[]", "devices" }, { "orgs/0/devices", "'x'", "devices" },
		{ "orgs/0/devices/0/key", "'x'", "devices" }, { "orgs/0/devices/0/device", "''", "devices" },
		{ "orgs/0/devices/0/key", NULL, "devices" }, { "orgs/0/devices/0/key", "'" NO_POINT "'", "devices" },
		{ "orgs/0/master_key", "'" NO_POINT "'", "master_key" }, { "orgs/0/roles", "['node']", "steward_user" },
		{ "orgs/0/roles", "['issuer']", "devices" }, { "orgs/0/master_key", "'x'", "master_key" },
		{ "orgs/0/steward_user", "'@s:river.example'", "steward_user" }, { "orgs/0/steward_user", "1", "steward_user" },
		{ "orgs/0/suspended", "{}", "suspended" }, { "orgs/0/suspended", "{'since': 1}", "suspended" },
		{ "orgs/0/suspended", "{'since': 0, 'reason': 'x'}", "suspended" },
		{ "orgs/0/suspended", "{'since': 253402300800000, 'reason': 'x'}", "suspended" },
		{ "orgs/0/old_record_key", "'x'", "old_record_key" }, { "orgs/0/old_record_key", "{'until': 5}", "old_record_key" },
		{ "orgs/0/old_record_key", "{'key': 'z6Mk', 'until': 5}", "old_record_key" },
		{ "issuers/0/suspended", "1", "suspended" },
		{ "signers", "{}", "signers" }, { "signers", "{'needed': 1, 'keys': []}", "signers" },
		{ "signers", "{'needed': 0, 'keys': ['z6Mk']}", "signers" }, { "signers", "{'needed': 1, 'keys': ['z6Mk']}", "keys[0]" },
		{ "signers", "{'needed': 1, 'keys': [1]}", "keys[0]" },
		{ "room", "1", "room" }, { "room", "{'room_id': '#x:y', 'via': ['y']}", "room" }, { "room", "{'room_id': '!x', 'via': []}", "room" },
	};
	static const int twice[] = { ONE, ONE };
	static const char bot[] = "[{'device': 'BOT', 'key': '" MASTER "'}]";
	autojson json_t *doc = list();
	autotrust struct trust *t = NULL;
	struct err err = { "" };

	json_poke(doc, "orgs/0/roles", "['bot']");
	json_poke(doc, "orgs/0/steward_user", NULL);
	json_poke(doc, "orgs/0/master_key", NULL);
	json_poke(doc, "orgs/0/devices", bot);
	json_poke(doc, "orgs/1/roles", "['issuer']");
	json_poke(doc, "room", "{'room_id': '!federation', 'via': ['oak.example']}");
	for (size_t i = 0; i < nelem(wrong); i++) {
		autojson json_t *other = json_deep_copy(doc);

		json_poke(other, wrong[i].path, wrong[i].value);
		ok(trust_sign(other, signer.seed, NOW, &err) == E_BAD && strstr(err.text, wrong[i].says) != NULL, "%s = %s: %s",
		    wrong[i].path, wrong[i].value != NULL ? wrong[i].value : "(missing)", err.text);
	}
	{
		autojson json_t *other = json_deep_copy(doc);

		(void)json_object_set_new(other, "signers", signers_of(1, 2, twice));
		ok(trust_sign(other, signer.seed, NOW, &err) == E_BAD && strstr(err.text, "twice") != NULL, "a signer twice");
	}
	ok(sign_as(doc, KEY_SIGNER) == 0 && load(doc, NULL, NOW, &t, &err) == 0, "a bot by its devices: %s", err.text);
	ok(trust_org(t, ORG_A) != NULL && trust_org(t, ORG_A)->master_key == NULL &&
	    json_array_size(trust_org(t, ORG_A)->devices) == 1 && trust_org_by_steward(t, "@steward:oak.example") == NULL, "is one");
	ok(trust_org(t, ORG_B) == NULL && trust_judge(t, ORG_B, &err) == E_REFUSED && strstr(err.text, "runs no node") != NULL,
	    "who only certifies is no partner");
	ok(!strcmp(trust_where(t).room, "!federation") && json_array_size(trust_where(t).via) == 1 && trust_where(NULL).room == NULL &&
	    trust_document(t) == doc && trust_document(NULL) == NULL && trust_signers(NULL) == NULL, "and where it is published");
}

static void
test_record_keys(void)
{
	struct keypair old = key_of(ONE), now = key_of(KEY_ORG_A), b = key_of(KEY_ORG_B);
	autojson json_t *doc = list(), *by_old = json_object(), *by_new = json_object();
	autotrust struct trust *t = NULL;
	struct err err = { "" };
	const struct trust_org *org;
	json_t *first = json_array_get(json_object_get(doc, "orgs"), 0);

	(void)json_object_set_new(first, "old_record_key", json_pack("{s:s, s:I}", "key", b.text, "until", (json_int_t)(NOW + 5000)));
	ok(trust_sign(doc, signer.seed, NOW, &err) == E_BAD && strstr(err.text, "shares") != NULL, "not another's key");
	(void)json_object_set_new(first, "old_record_key", json_pack("{s:s, s:I}", "key", now.text, "until", (json_int_t)(NOW + 5000)));
	ok(trust_sign(doc, signer.seed, NOW, &err) == E_BAD, "nor the same again");
	(void)json_object_set_new(first, "old_record_key", json_pack("{s:s, s:I}", "key", old.text, "until", (json_int_t)(NOW + 5000)));
	ok(sign_as(doc, KEY_SIGNER) == 0 && load(doc, NULL, NOW, &t, &err) == 0, "a key and the one before");
	ok(proof_sign(by_old, old.seed, "assertionMethod", "2026-01-01T00:00:00Z", &err) == 0 &&
	    proof_sign(by_new, now.seed, "assertionMethod", "2026-01-01T00:00:00Z", &err) == 0, "records by both");
	org = trust_org(t, ORG_A);
	ok(!memcmp(trust_record_key(org, by_old, NOW), old.pub, 32) && !memcmp(trust_record_key(org, by_new, NOW), now.pub, 32),
	    "both are good");
	ok(!memcmp(trust_record_key(org, by_old, NOW + 5000), now.pub, 32), "until the old one ends");
	ok(!memcmp(trust_record_key(org, doc, NOW), now.pub, 32) &&
	    !memcmp(trust_record_key(trust_org(t, ORG_B), by_old, NOW), b.pub, 32), "where there is none, there is one");
}

int
main(void)
{
	signer = key_of(KEY_SIGNER);
	test_signers();
	test_false_proofs();
	test_rotation();
	test_standing();
	test_bots();
	test_record_keys();
	return done_testing();
}
