/* SPDX-License-Identifier: Apache-2.0 */
/* reread: what of a room's ciphertext at the homeserver opens with a node's database and keys of today. */
#ifndef CAIRN_TEST_REREAD_H
#define CAIRN_TEST_REREAD_H

#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "crypt/olm.h"
#include "hostile.h"
#include "store/cryptostore.h"
#include "store/peoplestore.h"

struct reread {
	int	events, opened;		/* Encrypted ones. */
	int	found;			/* Opened ones that hold ${needle}. */
};

/* In all rooms of that type (NULL: of none); ${room_id} not NULL: in that alone.  The node is stopped and started. */
static inline struct reread
reread(struct host *h, size_t i, const char *type, const char *room_id, const char *needle)
{
	struct db *db = hostile_db(h, i);
	struct crypto_account a = { 0 };
	struct reread ret = { 0 };
	const char *room;

	if (crypto_account_get(db, &a) != 0)
		abort();
	for (size_t k = 0; (room = hs_room(h->hs, type, k)) != NULL; k++) {
		const json_t *event;
		size_t n;

		if (room_id != NULL && strcmp(room, room_id) != 0)
			continue;
		json_array_foreach(hs_events(h->hs, room), n, event) {
			const json_t *content = json_obj(event, "content");
			const char *session = json_str(content, "session_id"), *sender = json_str(event, "sender"), *text = json_str(content, "ciphertext");
			autobuf struct buf pickle = { 0 }, plain = { 0 };
			autoinbound struct ratchet_inbound *in = NULL;
			uint8_t pub[CRYPT_KEY];
			uint32_t index;
			int64_t pid;

			if (session == NULL || sender == NULL || text == NULL)
				continue;
			ret.events++;
			if (person_find(db, sender, &pid) != 0 || crypto_inbound_pickle(db, session, pid, &pickle) != 0 || decode_b64_exact(session, pub, sizeof(pub)) != 0 ||
			    ratchet_inbound_unpickle(a.pickle_key, &pickle, &in) != 0 ||
			    ratchet_inbound_decrypt(in, text, pub, &plain, &index) != 0)
				continue;
			ret.opened++;
			ret.found += memmem(plain.data, plain.len, needle, strlen(needle)) != NULL;
		}
	}
	crypto_account_free(&a);
	hostile_go_on(h, i, db);
	return ret;
}

#endif /* !CAIRN_TEST_REREAD_H */
