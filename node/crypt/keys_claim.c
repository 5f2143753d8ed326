/* SPDX-License-Identifier: Apache-2.0 */
/* /keys/claim: one-time keys are kept as given and checked when they are used (share.c). */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "keys.h"
#include "machine.h"
#include "store/peoplestore.h"
#include "store/sharestore.h"

#define SIGNED_CURVE	"signed_curve25519"

enum { CLAIM_TIMEOUT = 10000, ONETIME_MAX = 4096 };

int
keys_claim_due(struct crypt *c, json_t **ret)
{
	autojson json_t *users = json_object(), *body = NULL;
	struct crypto_device *list;
	size_t n;
	int r;

	if (users == NULL)
		return -ENOMEM;
	if ((r = crypto_device_claims(c->db, machine_now(c), KEYS_CLAIM_MAX, &list, &n)) != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		autofree char *user = NULL;
		json_t *devices;

		if ((r = person_user(c->db, list[i].pid, &user)) != 0)
			break;
		if (person_is_lost(user)) {
			list[i].claim_due = machine_now(c) + KEYS_LOST_MS;
			r = crypto_device_claim(c->db, &list[i]);
			continue;
		}
		if (json_object_get(users, user) == NULL)
			(void)json_object_set_new(users, user, json_object());
		devices = json_object_get(users, user);
		if (json_object_set_new(devices, list[i].device_id, json_string(SIGNED_CURVE)) != 0)
			r = -ENOMEM;
	}
	crypto_device_list_free(list, n);
	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (json_object_size(users) == 0)
		return E_NOTFOUND;
	if ((body = json_pack("{s:O, s:i}", "one_time_keys", users, "timeout", CLAIM_TIMEOUT)) == NULL)
		return -ENOMEM;
	*ret = take(body);
	return 0;
}

/* {"signed_curve25519:ID": {...}}, exactly one: its text, or NULL if none such was given. */
static int
given_key(const json_t *answer, const char *user, const char *device_id, char **ret)
{
	const json_t *given = json_obj(json_obj(json_obj(answer, "one_time_keys"), user), device_id);
	void *it = json_object_iter((json_t *)given);
	int r;

	if (json_object_size(given) != 1 || !json_is_object(json_object_iter_value(it)) ||
	    strncmp(json_object_iter_key(it), SIGNED_CURVE ":", strlen(SIGNED_CURVE ":")) != 0)
		return 0;
	if ((r = canon_text(given, ret, NULL)) == 0 && strlen(*ret) > ONETIME_MAX)
		free(take(*ret));
	return r < 0 ? r : 0;
}

static int
answer_device(struct crypt *c, const char *user, int64_t pid, const char *device_id, const json_t *answer)
{
	autodevice struct crypto_device d = { 0 };
	int r;

	if ((r = crypto_device_get(c->db, pid, device_id, &d)) != 0)
		return r < 0 ? r : 0;
	if (!d.claim)
		return 0;	/* No longer wanted. */
	d.claim = 0;
	free(take(d.onetime));
	if ((r = given_key(answer, user, device_id, &d.onetime)) != 0)
		return r;
	if (d.onetime == NULL) {
		d.mend = 0;
		d.claim_tries++;
		d.claim_due = machine_now(c) + machine_backoff(d.claim_tries,
		    answer == NULL ? MACHINE_MINUTE : MACHINE_HOUR);
	}
	if ((r = crypto_device_claim(c->db, &d)) != 0)
		return r;
	return share_claimed(c->db, pid, device_id);
}

int
keys_claim_answer(struct crypt *c, const json_t *sent, const json_t *answer)
{
	json_t *devices, *algorithm;
	const char *user, *device_id;
	int64_t pid;
	int r;

	json_object_foreach(json_obj(sent, "one_time_keys"), user, devices) {
		if ((r = person_find(c->db, user, &pid)) < 0)
			return r;
		json_object_foreach(devices, device_id, algorithm)
			if (r == 0 && (r = answer_device(c, user, pid, device_id, answer)) != 0)
				return r;
	}
	return 0;
}

int
keys_claim_failed(struct crypt *c, const json_t *sent)
{
	return keys_claim_answer(c, sent, NULL);
}
