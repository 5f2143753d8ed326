/* SPDX-License-Identifier: Apache-2.0 */
/* claim: a node that wants a one-time key, and whatever it is given. */
#ifndef CAIRN_TEST_CLAIM_H
#define CAIRN_TEST_CLAIM_H

#include "peer.h"

/* Seal until it waits for something: E_LATER; or is done. */
static inline int
claim_seal(struct node *n, const struct out *row)
{
	int r;

	do {
		must(db_begin(n->db, NULL));
		r = envelope_seal_step(n->crypt, row, NULL);
		must(db_commit(n->db, NULL));
	} while (r == E_EXISTS);
	return r;
}

/* A room with ${user}, whose devices are known, and an event that waits for one of their keys; the caller frees it. */
static inline void
claim_start(struct node *n, const char *room_id, const char *user, struct out *ret)
{
	autojson json_t *content = json_object();
	int64_t id;

	node_room(n, room_id, ROOM_CHANNEL);
	node_admit(n, room_id, user);
	(void)node_learn(n, user);
	tx(n, outbox_event(n->db, "node", room_id, "t", NULL, content, "say", NULL, &id));
	must(outbox_get(n->db, id, ret));
	need(claim_seal(n, ret) == E_LATER);
}

/* The server answers a claim for that device with ${given} (stolen). */
static inline void
claim_give(struct node *n, const char *user, const char *device, json_t *given)
{
	autojson json_t *body = NULL, *answer = json_pack("{s:{s:{s:o}}}", "one_time_keys", user, device, given);

	must(db_begin(n->db, NULL));
	must(keys_claim_due(n->crypt, &body));
	must(db_commit(n->db, NULL));
	tx(n, keys_claim_answer(n->crypt, body, answer));
}

/* How many sessions there are with the device of ${peer}. */
static inline int
claim_sessions(struct node *n, const struct peer *p)
{
	struct crypto_olm *list;
	size_t count;

	must(crypto_olm_list(n->db, node_person(n, p->user), p->curve, CRYPTO_SESSIONS, &list, &count));
	crypto_olm_list_free(list, count);
	return (int)count;
}

#endif /* !CAIRN_TEST_CLAIM_H */
