/* SPDX-License-Identifier: Apache-2.0 */
/* Another device instead of the one of a restored database: what goes with the old one, and what stays. */
#include "claim.h"
#include "peer.h"

#define ROOM	"!channel:a"
#define DIR	"!directory"

static struct node a, b;

/* A directory's session, of which the key is on its way to B. */
static int64_t
begin_directory(void)
{
	autojson json_t *content = json_object();
	struct crypto_outbound s;
	struct out row;
	int64_t id, n, session;

	node_room(&a, DIR, ROOM_DIRECTORY);
	node_admit(&a, DIR, b.user);
	tx(&a, outbox_event(a.db, "node", DIR, "t", NULL, content, "say", NULL, &id));
	must(outbox_get(a.db, id, &row));
	need(claim_seal(&a, &row) == E_LATER);
	outbox_free(&row);
	must(crypto_outbound_active(a.db, DIR, &s));
	session = s.n;
	crypto_outbound_free(&s);
	must(share_count(a.db, session, SHARE_QUEUED, 9, &n));
	is_int(n, 1, "a key is on its way");
	return session;
}

int
main(void)
{
	struct crosssign_keys ka, kb, kp;
	autojson json_t *said = NULL, *mine = NULL;
	__attribute__((cleanup(crypto_account_free))) struct crypto_account account = { 0 };
	struct crypto_outbound s = { 0 };
	struct crypto_device d = { 0 };
	struct crypto_olm *list;
	size_t sessions;
	struct peer p;
	struct out waits;
	int64_t session, n;

	net_start();
	node_start(&a, "@a:a", "ADEV");
	node_start(&b, "@b:b", "BDEV");
	node_publish(&a, &ka);
	node_publish(&b, &kb);
	for (int i = 0; i < 2; i++) {
		node_room(i ? &b : &a, ROOM, ROOM_CHANNEL);
		node_admit(i ? &b : &a, ROOM, a.user);
		node_admit(i ? &b : &a, ROOM, b.user);
	}
	is_int(node_say(&a, ROOM, "m.room.message", NULL, "mine", &mine), 0, "A speaks");
	node_take_all(&b);
	(void)node_run(&b);
	node_take_all(&b);
	is_int(node_say(&b, ROOM, "m.room.message", NULL, "theirs", &said), 0, "B answers");
	node_take_all(&a);
	session = begin_directory();
	/* A one-time key that was claimed and not used yet. */
	peer_start(&p, "@p:p", "PDEV");
	peer_publish(&p, &kp);
	claim_start(&a, "!p:a", p.user, &waits);
	outbox_free(&waits);
	must(crypto_device_get(a.db, node_person(&a, p.user), p.device, &d));
	d.onetime = strdup("{}");
	tx(&a, crypto_device_claim(a.db, &d));
	crypto_device_free(&d);

	tx(&a, device_replace(a.db, &net_world, "NEWDEV"));
	a.device = NULL;	/* It is there already. */
	node_close(&a);
	node_reopen(&a);
	must(crypto_account_get(a.db, &account));
	ok(!strcmp(crypt_device(a.crypt), "NEWDEV") && account.uploaded == 0 && account.onetime == 0,
	    "there is another device, of which nothing is published");
	must(crypto_olm_list(a.db, node_person(&a, b.user), b.crypt->curve25519, CRYPTO_SESSIONS, &list, &sessions));
	crypto_olm_list_free(list, sessions);
	is_int((int)sessions, 0, "no Olm session is left");
	is_int(crypto_outbound_active(a.db, ROOM, &s), E_NOTFOUND, "nor one to speak with in the channel");
	is_int(crypto_outbound_active(a.db, DIR, &s), E_NOTFOUND, "nor in the directory");
	must(share_count(a.db, session, SHARE_WANTED, 9, &n));
	is_int(n, 1, "whose key is to be shared anew");
	must(crypto_device_get(a.db, node_person(&a, p.user), p.device, &d));
	ok(d.onetime == NULL && d.claim == 0, "a claimed key is forgotten");
	crypto_device_free(&d);
	is_int(node_reads(&a, ROOM, said), 0, "what came by the old device can be read");
	is_int(node_reads(&a, ROOM, mine), 0, "and what we said with it");
	peer_stop(&p);
	node_stop(&a);
	node_stop(&b);
	net_stop();
	return done_testing();
}
