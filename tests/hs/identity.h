/* SPDX-License-Identifier: Apache-2.0 */
/* identity: an account's cross-signing keys change at its homeserver; in order, as its owner makes it, or a server that says they do. */
#ifndef CAIRN_TEST_IDENTITY_H
#define CAIRN_TEST_IDENTITY_H

#include <sodium.h>
#include <string.h>

#include "base/canon.h"
#include "crypt/crosssign.h"
#include "hs_world.h"
#include "story.h"

/* The device of a user that has keys. */
static inline struct hs_device *
identity_device(struct host *h, const char *user)
{
	struct hs_device *dev = hs_user(h->hs, user)->devices;

	while (dev != NULL && dev->keys == NULL)
		dev = dev->next;
	if (dev == NULL)
		host_fail(h, "%s has no device", user);
	return dev;
}

/** identity_show(host, user, signing): the homeserver shows these cross-signing keys from now on, and says that they changed. */
static inline void
identity_show(struct host *h, const char *user, json_t *signing)
{
	struct hs_user *u = hs_user(h->hs, user);

	json_object_update(u->signing, signing);
	/* As a client does that uploads keys. */
	for (struct hs_server *s = h->hs->servers; s != NULL; s = s->next)
		hs_send(h->hs, u->server, s, NULL, json_pack("{s:s}", "keys", user));
	h->changes++;
	host_run(h, 10000);
}

/** identity_new(host, user, which, ret): another identity, by its letter, under which its device is signed; its master key. */
static inline const char *
identity_new(struct host *h, const char *user, char which, char ret[44])
{
	autocrosssign struct crosssign_keys keys = { 0 };
	autojson json_t *upload = NULL, *signatures = NULL;
	struct hs_device *dev = identity_device(h, user);
	uint8_t secret[64];
	json_t *signed_keys;

	(void)snprintf(keys.user, sizeof(keys.user), "%s", user);
	for (size_t i = 0; i < CROSSSIGN_ROLES; i++) {
		memset(keys.seed[i], which + (int)i, 32);
		(void)crypto_sign_seed_keypair(keys.pub[i], secret, keys.seed[i]);
	}
	if (crosssign_upload(&keys, &upload) != 0 || crosssign_sign_device(&keys, dev->keys, &signatures) != 0)
		host_fail(h, "no new identity");
	if ((signed_keys = json_obj(json_obj(signatures, user), dev->id)) == NULL)
		host_fail(h, "the device was not signed");
	json_object_update_recursive(json_obj(dev->keys, "signatures"), json_obj(signed_keys, "signatures"));
	crosssign_master(&keys, ret);
	identity_show(h, user, upload);
	return ret;
}

#endif /* !CAIRN_TEST_IDENTITY_H */
