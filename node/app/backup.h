/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup: STATE_DIR/backup.db, a copy of the database as it is in one moment, made while the node works: some pages in
 * each turn.  keys.db is not in it.  cairn takes it from there (tools/cairn_backup.c); a crash, or the next one, removes it.
 */
#ifndef CAIRN_BACKUP_H
#define CAIRN_BACKUP_H

#include "app.h"

/**
 * backup_verb(app, actor, args, ret, reterr): begin one; "look": how far it is; "remove": it is not needed any more; "keys": keys.db
 * was copied to another place, just now.
 */
int	backup_verb(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** backup_step(app): some pages, outside of transactions; true: there is more.  What fails is said by backup_verb. */
bool	backup_step(struct app *);

/** backup_clear(app): ends and removes it. */
void	backup_clear(struct app *);

/** backup_keys_made(app, ret): when keys.db was last copied; 0: never, as far as this database knows. */
int	backup_keys_made(struct app *, int64_t *) must_check;

#endif /* !CAIRN_BACKUP_H */
