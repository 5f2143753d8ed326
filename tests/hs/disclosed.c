/* SPDX-License-Identifier: Apache-2.0 */
#include "disclosed.h"

#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "crypt/olm.h"
#include "hostile.h"
#include "hs_world.h"
#include "store/cryptostore.h"
#include "store/peoplestore.h"

#define ANSWER		"org.cairnpeer.referral.answer"
#define CHANGE		"org.cairnpeer.referral.change"
#define DISCLOSURE	"org.cairnpeer.referral.disclosure"
#define OUTCOME		"org.cairnpeer.referral.outcome"
#define PROGRESS	"org.cairnpeer.referral.progress"

/* The clear text of one event of the channel, or NULL: not a key that this store has. */
static json_t *
read_event(struct db *db, const uint8_t key[CRYPT_KEY], const char *user, const json_t *event)
{
	const json_t *content = json_obj(event, "content");
	const char *session = json_str(content, "session_id"), *stop;
	autobuf struct buf pickle = { 0 }, plain = { 0 };
	autoinbound struct ratchet_inbound *ratchet = NULL;
	uint8_t pub[CRYPT_KEY];
	uint32_t index;
	int64_t pid;
	size_t len;

	if (session == NULL || strcmp(json_str(event, "type"), "m.room.encrypted") != 0 || strcmp(json_str(event, "sender"), user) != 0)
		return NULL;
	if (person_find(db, user, &pid) != 0 || crypto_inbound_pickle(db, session, pid, &pickle) != 0 || ratchet_inbound_unpickle(key, &pickle, &ratchet) != 0 ||
	    sodium_base642bin(pub, sizeof(pub), session, strlen(session), NULL, &len, &stop,
	    sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
	    ratchet_inbound_decrypt(ratchet, json_str(content, "ciphertext"), pub, &plain, &index) != 0)
		return NULL;
	return json_loadb(plain.data, plain.len, 0, NULL);
}

/* The reasons that are the member's; each of these says who they are, where or how they live, or what they did. */
static bool
says_why(const json_t *content)
{
	static const char *const theirs[] = { "not_eligible", "out_of_area", "language", "conflict_of_interest", "safety", "duplicate",
		"incomplete", "other" };
	const char *reason = json_str(content, "reason");
	bool says = json_object_get(content, "reason_text") != NULL;

	for (size_t i = 0; i < nelem(theirs) && reason != NULL; i++)
		says = says || !strcmp(theirs[i], reason);
	return says;
}

static bool
says_facts(const json_t *content)
{
	static const char *const facts[] = { "language", "modality", "urgency", "age_band", "times", "residence", "insurance" };
	bool says = false;

	for (size_t i = 0; i < nelem(facts); i++)
		says = says || json_object_get(json_obj(content, "info"), facts[i]) != NULL;
	return says;
}

/* Is it of one of these? */
static bool
is_of(const json_t *referrals, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(referrals, i, one)
		if (id != NULL && !strcmp(json_string_value(one), id))
			return true;
	return referrals == NULL;
}

/* 42 CFR 2.32: each has one of the two statements, and says what the consent allows. */
static bool
is_labelled(const json_t *content)
{
	const char *notice = json_str(content, "notice"), *scope = json_str(content, "scope");

	return notice != NULL && strstr(notice, "42 CFR part 2") != NULL && strstr(notice, "prohibit") != NULL && scope != NULL &&
	    strstr(scope, "The member consented that ") == scope && strstr(scope, "these classes of information: ") != NULL;
}

json_t *
disclosed_seen(struct scene *sc, const char *from, size_t to, const json_t *referrals, int *ret_read)
{
	struct db *db = hostile_db(&sc->host, to);
	struct crypto_account account = { 0 };
	json_t *found = json_object();
	const json_t *event;
	bool named = false;
	size_t i;

	if (crypto_account_get(db, &account) != 0)
		host_fail(&sc->host, "no keys to read with");
	*ret_read = 0;
	json_array_foreach(hs_events(sc->host.hs, sc->channel), i, event) {
		autojson json_t *inner = read_event(db, account.pickle_key, from, event);
		const json_t *content = json_obj(inner, "content");
		const char *type = json_str(inner, "type");
		int parts = 0;

		if (inner == NULL)
			continue;
		++*ret_read;
		named = named || !strcmp(type, DISCLOSURE);
		if (!strcmp(type, DISCLOSURE))
			parts = 2 + (json_str(content, "need_detail") != NULL) + (json_str(content, "constraints") != NULL) +
			    (json_str(content, "history") != NULL);
		else if (!strcmp(type, OUTCOME) || !strcmp(type, PROGRESS))
			parts = 1;
		else if (!strcmp(type, ANSWER))
			parts = says_why(content);
		else if (!strcmp(type, CHANGE))
			parts = named && says_facts(content);
		if (parts > 0 && is_of(referrals, json_str(content, "referral")))
			(void)json_object_set_new(found, json_str(content, "id"), json_integer(is_labelled(content) ? parts : -parts));
	}
	crypto_account_free(&account);
	hostile_go_on(&sc->host, to, db);
	return found;
}

json_t *
disclosed_account(struct scene *sc, size_t i)
{
	return host_ok(&sc->host, i, "accounting", json_pack("{s:s}", "id", sc->s.id));
}

json_t *
disclosed_accounted(struct scene *sc, size_t i)
{
	autojson json_t *shown = disclosed_account(sc, i);

	return disclosed_counted(shown, false);
}

json_t *
disclosed_counted(const json_t *account, bool emergencies)
{
	json_t *found = json_object();
	const json_t *d;
	size_t n;

	json_array_foreach(json_arr(account, "disclosures"), n, d)
		if (json_str(d, "consent") != NULL || emergencies) {
			json_int_t parts = (json_int_t)json_array_size(json_arr(d, "what"));

			/* An emergency is told by voice: nothing goes with it. */
			if (json_str(d, "consent") != NULL && (!json_is_true(json_object_get(d, "notice")) || !json_is_true(json_object_get(d, "scope"))))
				parts = -parts;
			(void)json_object_set_new(found, json_str(d, "id"), json_integer(parts));
		}
	return found;
}
