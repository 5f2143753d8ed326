/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: one table of every verb of the operator's command and the API.
 *
 *   {"verb": V, "args": {...}}  →  {"ok": true, "result": ...}
 *                               or {"ok": false, "code": C, "error": text, "hint": text}
 *   C: bad, refused, not_found, exists, later, fatal
 */
#ifndef CAIRN_COMMAND_H
#define CAIRN_COMMAND_H

#include "app.h"

/**
 * command_run(app, uid, request, ret_reply): inside a transaction.  0: commit, then
 * give the reply; positive: undo, then give the reply, which says why; negative: fatal, no reply.
 */
int	command_run(struct app *, uid_t, const json_t *, json_t **) must_check;

/** command_refused(app, uid, request): it was, and that is undone: the audit is told, in another transaction. */
int	command_refused(struct app *, uid_t, const json_t *) must_check;

#endif /* !CAIRN_COMMAND_H */
