/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a homeserver answers to /keys/query, /keys/claim and /keys/upload, while an event waits
 * to be encrypted for eve.  An input is {"query": ANSWER, "claim": ANSWER, "upload": ANSWER,
 * "status": N} in a dialect: keys are words ("$ed"), and an object with "$sign": ["master",
 * "self", "device", "mallory", ...] is signed by those, truly.
 *
 * Only a device that the pinned master key vouches for, by an independent look at the same
 * answer, is eligible; only eligible devices get the room's key.
 */
#include "ward.h"

const unsigned fuzz_changes = 100;

#define ED	"ed25519:"

/* Whoever may sign. */
struct signer {
	const char	*name, *user, *id;	/* ${id} NULL: its own public key. */
	uint8_t		 seed[32], pub[32];
	char		 text[44];
};
enum { MASTER, SELF, DEVICE, OTHER_MASTER, OTHER_SELF, OTHER_DEVICE, SIGNERS };
static struct signer signers[SIGNERS] = {
	[MASTER] = { .name = "master", .user = EVE }, [SELF] = { .name = "self", .user = EVE },
	[DEVICE] = { .name = "device", .user = EVE, .id = "NEWDEV" },
	[OTHER_MASTER] = { .name = "master2", .user = EVE }, [OTHER_SELF] = { .name = "self2", .user = EVE },
	[OTHER_DEVICE] = { .name = "device2", .user = MALLORY, .id = "MALNEW" },
};
static char curve[2][44];		/* Curve25519 keys of the new devices. */
static struct fuzz_word words[32];
static size_t n_words;
static int64_t event_row;

static void
each_object(void *cookie, json_t *object)
{
	autojson json_t *by = fuzz_ask(object, "$sign");
	const json_t *name;
	size_t i;
	char id[300];

	(void)cookie;
	json_array_foreach(by, i, name)
		for (size_t k = 0; k < SIGNERS; k++) {
			const struct signer *s = &signers[k];

			if (!json_is_string(name) || strcmp(json_string_value(name), s->name) != 0)
				continue;
			(void)snprintf(id, sizeof(id), ED "%s", s->id != NULL ? s->id : s->text);
			/* What has no canonical form nobody can sign. */
			(void)!sign_json(object, s->user, id, s->seed);
		}
}

/*
 * The independent look.
 */

static bool
signed_by(const json_t *object, const char *user, const char *id, const uint8_t pub[32])
{
	autojson json_t *bare = json_copy((json_t *)(uintptr_t)object);
	const char *text = json_str(json_obj(json_obj(object, "signatures"), user), id);
	autofree char *canonical = NULL;
	uint8_t sig[64];

	(void)json_object_del(bare, "signatures");
	(void)json_object_del(bare, "unsigned");
	return text != NULL && canon_text(bare, &canonical, NULL) == 0 && decode_b64_exact(text, sig, sizeof(sig)) == 0 &&
	    crypto_sign_verify_detached(sig, (const unsigned char *)canonical, strlen(canonical), pub) == 0;
}

static bool
only_key(const json_t *object, uint8_t ret[32], char id[64])
{
	const json_t *keys = json_obj(object, "keys"), *value;
	const char *name;

	if (json_object_size(keys) != 1)
		return false;
	json_object_foreach((json_t *)(uintptr_t)keys, name, value) {
		(void)snprintf(id, 64, "%s", name);
		return json_is_string(value) && decode_b64_exact(json_string_value(value), ret, 32) == 0;
	}
	return false;
}

/* Does eve's pinned master key vouch, in this answer, for a device with these keys? */
static bool
vouched(const json_t *answer, const char *device_id, const struct device *d)
{
	const json_t *master = json_obj(json_obj(answer, "master_keys"), EVE);
	const json_t *self = json_obj(json_obj(answer, "self_signing_keys"), EVE);
	const json_t *object = json_obj(json_obj(json_obj(answer, "device_keys"), EVE), device_id);
	uint8_t m[32], s[32], got[32];
	char master_id[64], self_id[64], id[300];

	if (!only_key(master, m, master_id) || memcmp(m, signers[MASTER].pub, 32) != 0 || !only_key(self, s, self_id) ||
	    !signed_by(self, EVE, master_id, m) || !signed_by(object, EVE, self_id, s))
		return false;
	(void)snprintf(id, sizeof(id), ED "%s", device_id);
	if (json_str(json_obj(object, "keys"), id) == NULL ||
	    decode_b64_exact(json_str(json_obj(object, "keys"), id), got, 32) != 0 || memcmp(got, d->ed25519, 32) != 0)
		return false;
	return signed_by(object, EVE, id, d->ed25519);
}

static void
check_eligible(const json_t *answer, int64_t pid)
{
	struct device *list;
	size_t n;

	must(keys_eligible(ward.crypt, pid, &list, &n));
	for (size_t i = 0; i < n; i++) {
		claim(vouched(answer, list[i].device_id, &list[i]));
		claim(memcmp(list[i].curve25519, ward.crypt->curve25519, 32) != 0);
		claim(strict_point(list[i].curve25519) == 0);
	}
	keys_list_free(list, n);
}

static bool
may_have(int64_t pid, const char *device_id)
{
	struct device *list;
	bool found = false;
	size_t n;

	must(keys_eligible(ward.crypt, pid, &list, &n));
	for (size_t i = 0; i < n; i++)
		found |= strcmp(list[i].device_id, device_id) == 0;
	keys_list_free(list, n);
	return found;
}

/* The one-time key that was given for a device, if its owner signed it. */
static bool
sound_key(const json_t *claimed, const char *user, const char *device_id)
{
	json_t *given = json_obj(json_obj(json_obj(claimed, "one_time_keys"), user), device_id), *object;
	struct device *list;
	bool sound = false;
	char id[300];
	int64_t pid;
	size_t n;
	const char *name;
	uint8_t key[32];

	must(person_find(ward.db, user, &pid));
	must(keys_eligible(ward.crypt, pid, &list, &n));
	(void)snprintf(id, sizeof(id), ED "%s", device_id);
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].device_id, device_id) == 0)
			json_object_foreach(given, name, object)
				sound |= strncmp(name, "signed_curve25519:", 18) == 0 &&
				    strict_curve(json_str(object, "key"), key) == 0 &&
				    signed_by(object, user, id, list[i].ed25519);
	keys_list_free(list, n);
	return sound;
}

/* Every room key that is about to leave is for a device that may have it, and a session
 * that begins with it was made with a key of that device. */
static size_t
check_shares(const json_t *claimed)
{
	struct out *list;
	size_t n, sent = 0;

	must(outbox_due(ward.db, net_now, 100, &list, &n));
	for (size_t i = 0; i < n; i++) {
		autojson json_t *body = NULL;
		json_t *devices, *content;
		const char *user, *device_id;
		int64_t pid;

		if (strcmp(list[i].purpose, ENVELOPE_SHARE) != 0)
			continue;
		must(canon_parse(list[i].body, strlen(list[i].body), &body, NULL));
		claim(envelope_share_check(ward.crypt, list[i].ref) == 0);
		json_object_foreach(json_obj(body, "messages"), user, devices) {
			must(person_find(ward.db, user, &pid));
			json_object_foreach(devices, device_id, content) {
				claim(strcmp(user, EVE) == 0 && may_have(pid, device_id));
				claim(json_obj(content, "ciphertext") != NULL);
				claim(sound_key(claimed, user, device_id));
				sent++;
			}
		}
		must(envelope_shared(ward.crypt, list[i].ref));
		must(outbox_done(ward.db, list[i].id));
	}
	outbox_list_free(list, n);
	return sent;
}

static void
seal(const json_t *claimed)
{
	size_t sent = 0;
	int r = E_EXISTS;

	for (int turns = 0; turns < 60 && (r == E_EXISTS || r == E_LATER); turns++) {
		autojson json_t *body = NULL;
		struct out row;
		struct err err = { "" };

		must(outbox_get(ward.db, event_row, &row));
		r = envelope_seal_step(ward.crypt, &row, &err);
		outbox_free(&row);
		claim(r == 0 || r == E_EXISTS || r == E_LATER);
		if (r != E_LATER)
			continue;
		fuzz_err(&err, true);
		if (keys_claim_due(ward.crypt, &body) == 0)
			must(keys_claim_answer(ward.crypt, body, claimed));
		else {
			size_t more = check_shares(claimed);

			sent += more;
			if (more == 0)
				break;
		}
	}
	claim(r != E_EXISTS);
	/* Nothing is encrypted that nobody can read. */
	claim(r != 0 || sent > 0);
}

static void
upload(const json_t *wish, const json_t *answer)
{
	int status = (int)json_int(wish, "status", 200), r = device_upload(ward.crypt);

	claim(r == 0 || r == E_EXISTS || r == E_NOTFOUND);
	r = device_uploaded(ward.crypt, status, answer);
	claim(r >= 0);
	must(device_counts(ward.crypt, json_int(json_obj(answer, "one_time_key_counts"), "signed_curve25519", 0), false));
}

static void
word(const char *w, const char *is)
{
	words[n_words++] = (struct fuzz_word){ .word = w, .is = is };
}

static void
add_words(void)
{
	static const char *const names[SIGNERS] = { "$master", "$self", "$ed", "$master2", "$self2", "$ed2" };
	static char ids[SIGNERS][64];
	static const char *const id_names[SIGNERS] = { "$master_id", "$self_id", "$ed_id", "$master2_id", "$self2_id",
	    "$ed2_id" };

	memcpy(signers[MASTER].seed, eve_keys.seed[CROSSSIGN_MASTER], 32);
	memcpy(signers[SELF].seed, eve_keys.seed[CROSSSIGN_SELF], 32);
	for (size_t k = 0; k < SIGNERS; k++) {
		struct signer *s = &signers[k];
		uint8_t secret[crypto_sign_SECRETKEYBYTES];

		if (k != MASTER && k != SELF)
			memset(s->seed, (int)k + 1, 32);
		(void)crypto_sign_seed_keypair(s->pub, secret, s->seed);
		encode_b64(s->pub, 32, s->text);
		(void)snprintf(ids[k], sizeof(ids[k]), ED "%s", s->id != NULL ? s->id : s->text);
		word(names[k], s->text);
		word(id_names[k], ids[k]);
	}
	for (size_t k = 0; k < 2; k++) {
		uint8_t raw[32], secret[32];

		memset(secret, 9 + (int)k, sizeof(secret));
		(void)crypto_scalarmult_base(raw, secret);
		encode_b64(raw, 32, curve[k]);
	}
	word("$curve", curve[0]);
	word("$curve2", curve[1]);
	word("$my_curve", ward.crypt->curve_text);
	word("$mal_curve", mallory.curve_text);
	words[n_words++] = (struct fuzz_word){ .word = "$evedev",
	    .json = json_obj(json_obj(net.device_keys, EVE), "EVEDEV") };
	words[n_words++] = (struct fuzz_word){ .word = "$master_key", .json = json_obj(net.master_keys, EVE) };
	words[n_words++] = (struct fuzz_word){ .word = "$self_key", .json = json_obj(net.self_signing_keys, EVE) };
	claim(n_words <= nelem(words));
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	autojson json_t *content = json_pack("{s:s}", "body", "x");

	(void)argc, (void)argv;
	ward_open();
	add_words();
	node_room(&ward, WARD_ROOM, ROOM_CHANNEL);
	node_admit(&ward, WARD_ROOM, ward.user);
	node_admit(&ward, WARD_ROOM, EVE);
	tx(&ward, outbox_event(ward.db, "node", WARD_ROOM, "t", NULL, content, "say", NULL, &event_row));
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct fuzz_dialect dialect = { .words = words, .n = n_words, .object = each_object };
	autojson json_t *wish = fuzz_json(data, len), *doc = NULL, *body = NULL;
	struct err err = { "" };
	int64_t gen, pid;
	int r;

	if (!json_is_object(wish))
		return 0;
	ward_begin();
	doc = fuzz_fill(&dialect, wish);
	must(person_find(ward.db, EVE, &pid));
	must(keys_changed(ward.crypt, EVE));
	must(keys_changed(ward.crypt, MALLORY));
	must(keys_query_due(ward.crypt, &body, &gen));
	r = keys_query_answer(ward.crypt, body, gen, json_object_get(doc, "query"), &err);
	claim(r == 0 || r == E_BAD);
	fuzz_err(&err, r != 0);
	/* Until a list is there, the one before stands: it is what the baseline showed. */
	if (r == 0 && json_obj(json_obj(json_obj(doc, "query"), "device_keys"), EVE) != NULL)
		check_eligible(json_object_get(doc, "query"), pid);
	if (r != 0)
		must(keys_query_failed(ward.crypt, body, net_now));
	seal(json_object_get(doc, "claim"));
	upload(doc, json_object_get(doc, "upload"));
	ward_end();
	return 0;
}
