/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crosssign: a user's cross-signing identity.  Made once at setup, published,
 * used to sign the one device, written to the recovery file and wiped: the node
 * neither stores nor needs the private keys.
 */
#ifndef CAIRN_CROSSSIGN_H
#define CAIRN_CROSSSIGN_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/world.h"

enum crosssign_role { CROSSSIGN_MASTER, CROSSSIGN_SELF, CROSSSIGN_USER, CROSSSIGN_ROLES };

struct crosssign_keys {
	char	 user[256];
	uint8_t	 seed[CROSSSIGN_ROLES][32];
	uint8_t	 pub[CROSSSIGN_ROLES][32];
};

/** crosssign_make(world, user, ret): fresh keys.  0 or E_BAD (not a user id).  Call crosssign_wipe after use. */
int	crosssign_make(const struct world *, const char *user, struct crosssign_keys *) must_check;
void	crosssign_wipe(struct crosssign_keys *);
#define autocrosssign __attribute__((cleanup(crosssign_wipe)))

/** crosssign_master(keys, out): the master key's public part, unpadded base64. */
void	crosssign_master(const struct crosssign_keys *, char[44]);

/** crosssign_upload(keys, ret): body of POST /keys/device_signing/upload (without "auth").  The caller decrefs. */
int	crosssign_upload(const struct crosssign_keys *, json_t **) must_check;

/**
 * crosssign_sign_device(keys, device_keys, ret): body of POST
 * /keys/signatures/upload with ${device_keys} signed by the self-signing key.
 * 0; E_BAD if it names another user, is malformed, or is not signed by its own key.
 */
int	crosssign_sign_device(const struct crosssign_keys *, const json_t *, json_t **) must_check;

/**
 * crosssign_save(path, keys, n, reterr): the recovery file, of ${n} users:
 * created 0600, never overwritten, whole or not there after a loss of power.
 * 0; E_EXISTS if ${path} exists; -errno.
 * crosssign_load(path, user, ret, reterr): 0; E_NOTFOUND if it has no such
 * user; E_BAD if it is not such a file; -errno.
 */
int	crosssign_save(const char *, const struct crosssign_keys *, size_t, struct err *) must_check;
int	crosssign_load(const char *, const char *user, struct crosssign_keys *, struct err *) must_check;

#endif /* !CAIRN_CROSSSIGN_H */
