/* SPDX-License-Identifier: Apache-2.0 */
/* keyfile: where the key-encryption key comes from. */
#ifndef CAIRN_KEYFILE_H
#define CAIRN_KEYFILE_H

#include "base/config.h"
#include "base/world.h"
#include "store/db.h"

/**
 * keyfile_load(cfg, world, ret, reterr): $CREDENTIALS_DIRECTORY/kek (systemd),
 * else key_file of the configuration: 32 bytes, ours, mode 0400.  A key file that does
 * not exist is made, but only as long as there is no database to go with it.
 * 0, E_REFUSED with what to do, or -errno.
 */
int	keyfile_load(const struct config *, const struct world *, uint8_t ret[DB_KEY],
	    struct err *) must_check;

#endif /* !CAIRN_KEYFILE_H */
