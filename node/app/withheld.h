/* SPDX-License-Identifier: Apache-2.0 */
/*
 * withheld: a device says why it did not share a session's key (m.room_key.withheld).
 * It says so in clear, so a homeserver may have made it up: it is shown as the reason
 * of what waits for that key, and is nothing else.
 */
#ifndef CAIRN_WITHHELD_H
#define CAIRN_WITHHELD_H

#include "app.h"

/** withheld_arrived(app, sender, content): kept if the sender and its device are known; else nothing happens. */
int	withheld_arrived(struct app *, const char *sender, const json_t *) must_check;

/** withheld_reason(app, room_id, session_id, pid, reason): put what that sender said into ${reason}; untouched if nothing. */
int	withheld_reason(struct app *, const char *room_id, const char *session_id, int64_t pid, struct err *) must_check;

#endif /* !CAIRN_WITHHELD_H */
