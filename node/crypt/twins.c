/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that show one Curve25519 key.  Nobody checks that who uploads a key owns it, so anybody can show another's: that takes nothing from
 * its owner (docs/adr/0036).  The key counts as that of the device which the most is known of; among equals, of the one that had it first;
 * and of whoever speaks with it, since nobody else can.  The others are refused for as long as that holds.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

static const char why[] = "its Curve25519 key is also another device's";

/* What is known of a device, also while it is not in its user's list: else one false answer would make room for another. */
enum rank {
	GONE,		/* Nobody shows it, or it is refused for another reason. */
	LISTED,		/* Its server shows it. */
	SIGNED,		/* By the identity that was first seen for its user. */
	SURE,		/* By the identity that the trust list names, or pinned by its fingerprint. */
};

bool
machine_is_twin(const struct crypto_device *d)
{
	return d->refused != NULL && strcmp(d->refused, why) == 0;
}

int
machine_twin_new(struct crypt *c, struct crypto_device *d)
{
	struct crypto_device *list;
	size_t n;
	int r = crypto_device_by_key(c->db, d->curve25519, &list, &n);

	if (r != 0)
		return r;
	crypto_device_list_free(list, n);
	if (n > 0 && (d->refused = strdup(why)) == NULL)
		return -ENOMEM;
	return 0;
}

static int
rank_of(struct crypt *c, const struct crypto_device *d, enum rank *ret)
{
	struct crypto_user u = { 0 };
	bool pinned;
	int r = crypto_user_get(c->db, d->pid, &u);

	if (r < 0 || (r = machine_pinned(c, d, &pinned)) != 0)
		return r;
	if (d->refused != NULL && !machine_is_twin(d))
		*ret = GONE;
	else if (pinned || (d->is_signed && u.pinned))
		*ret = SURE;
	else
		*ret = d->is_signed ? SIGNED : d->listed ? LISTED : GONE;
	return 0;
}

/* Whose the key is: its place in the list; E_NOTFOUND: nobody shows it. */
static int
find_holder(struct crypt *c, const struct crypto_device *list, size_t n, size_t *ret)
{
	enum rank top = GONE, rank;
	int r;

	for (size_t i = 0; i < n; i++) {
		if ((r = rank_of(c, &list[i], &rank)) != 0)
			return r;
		if (rank == GONE || rank < top)
			continue;
		if (rank > top || (machine_is_twin(&list[*ret]) && !machine_is_twin(&list[i])))
			*ret = i;
		top = rank;
	}
	return top == GONE ? E_NOTFOUND : 0;
}

static int
set_twin(struct crypt *c, struct crypto_device *d, bool twin)
{
	int r;

	if (d->refused != NULL && !machine_is_twin(d))
		return 0;
	if (twin && (r = machine_alarm(c, d->pid, d->device_id, why)) != 0)
		return r;
	if (twin == (d->refused != NULL))
		return 0;
	free(take(d->refused));
	if (twin && (d->refused = strdup(why)) == NULL)
		return -ENOMEM;
	return crypto_device_put(c->db, d);
}

/* The key is that of ${holder}, a place in the list, and of no other. */
static int
settle(struct crypt *c, struct crypto_device *list, size_t n, size_t holder)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = set_twin(c, &list[i], i != holder);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (i == 0 || list[i].pid != list[i - 1].pid)
			r = machine_eligible(c, list[i].pid);
	return r;
}

static int
judge(struct crypt *c, const uint8_t curve[CRYPT_KEY])
{
	struct crypto_device *list;
	size_t n, holder = 0;
	int r = crypto_device_by_key(c->db, curve, &list, &n);

	if (r != 0)
		return r;
	if (memcmp(curve, c->curve25519, CRYPT_KEY) == 0)
		r = settle(c, list, n, n);	/* It is ours. */
	else if ((n > 1 || (n == 1 && machine_is_twin(&list[0]))) && (r = find_holder(c, list, n, &holder)) == 0)
		r = settle(c, list, n, holder);
	crypto_device_list_free(list, n);
	return r == E_NOTFOUND ? 0 : r;
}

int
machine_twins(struct crypt *c, int64_t pid)
{
	struct crypto_device *list;
	size_t n;
	int r = crypto_device_list(c->db, pid, &list, &n);

	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t first = 0;

		/* A key that several of them show is judged once. */
		while (memcmp(list[first].curve25519, list[i].curve25519, CRYPT_KEY) != 0)
			first++;
		if (first == i)
			r = judge(c, list[i].curve25519);
	}
	crypto_device_list_free(list, n);
	return r;
}

int
machine_proved(struct crypt *c, struct crypto_device *d)
{
	struct crypto_device *list;
	size_t n, holder = 0;
	int r;

	if (!machine_is_twin(d))
		return 0;
	if ((r = crypto_device_by_key(c->db, d->curve25519, &list, &n)) != 0)
		return r;
	while (holder < n && (list[holder].pid != d->pid || strcmp(list[holder].device_id, d->device_id) != 0))
		holder++;
	r = settle(c, list, n, holder);
	if (r == 0 && holder < n) {
		crypto_device_free(d);
		r = crypto_device_get(c->db, list[holder].pid, list[holder].device_id, d);
	}
	crypto_device_list_free(list, n);
	return r > 0 ? ERR_CORRUPT : r;
}
