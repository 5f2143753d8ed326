/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ward: a node with a real store and two people whom it knows, eve (her device is
 * cross-signed) and mallory (hers is not), for targets below the state machine.  An input
 * runs in one transaction that is rolled back.
 */
#ifndef CAIRN_FUZZ_WARD_H
#define CAIRN_FUZZ_WARD_H

#include "base/text.h"
#include "fuzz.h"
#include "tests/crypt/peer.h"

#define WARD_ROOM	"!room:a"
#define EVE		"@eve:e"
#define MALLORY		"@mallory:m"

static struct node ward;
static struct peer eve, mallory;
static struct crosssign_keys eve_keys, mallory_keys, ward_keys;
static json_t *eve_device_keys, *mallory_device_keys;

static void
ward_leave(void)
{
	node_stop(&ward);
	json_decref(eve_device_keys);
	json_decref(mallory_device_keys);
	peer_stop(&eve);
	peer_stop(&mallory);
	net_stop();
}

static void
ward_open(void)
{
	fuzz_start();
	fuzz_seed(1);
	net_start();
	node_start(&ward, "@a:a", "ADEV");
	(void)atexit(ward_leave);
	node_publish(&ward, &ward_keys);
	peer_start(&eve, EVE, "EVEDEV");
	peer_start(&mallory, MALLORY, "MALDEV");
	peer_publish(&eve, &eve_keys);
	peer_publish(&mallory, NULL);
	must(crosssign_make(&net_world, MALLORY, &mallory_keys));
	(void)node_learn(&ward, EVE);
	(void)node_learn(&ward, MALLORY);
	peer_meet(&eve, &ward);
	peer_meet(&mallory, &ward);
	eve_device_keys = peer_device_keys(&eve);
	mallory_device_keys = peer_device_keys(&mallory);
}

static inline void
ward_begin(void)
{
	fuzz_seed(2);
	must(db_begin(ward.db, NULL));
}

static inline void
ward_end(void)
{
	db_rollback(ward.db);
	crypt_drop_cache(ward.crypt);
}

/* Where bytes are changed: ${n} rows of two bytes for the place and one to exclusive-or. */
static inline bool
ward_bend(uint8_t *bytes, size_t len, const uint8_t *how, size_t n)
{
	autofree uint8_t *before = malloc(len);
	bool changed;

	need(before != NULL && len > 0);
	memcpy(before, bytes, len);
	for (; n >= 3; n -= 3, how += 3)
		bytes[(how[0] | (size_t)how[1] << 8) % len] ^= how[2];
	changed = memcmp(before, bytes, len) != 0;
	return changed;
}

/* What every answer of an envelope looks like. */
static inline void
ward_answer(int r, const struct opened *o, const struct err *err)
{
	claim(r == 0 || r == E_LATER || r == E_EXISTS || r == E_REFUSED);
	fuzz_err(err, r != 0);
	if (r == 0) {
		claim(o->type != NULL && json_is_object(o->content) && o->sender != NULL && o->pid > 0);
		claim(text_is_utf8(o->type));
	}
}

#endif /* !CAIRN_FUZZ_WARD_H */
