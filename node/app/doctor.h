/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what is well and what is not, each with what to do.  The verb is view_doctor (view.h). */
#ifndef CAIRN_DOCTOR_H
#define CAIRN_DOCTOR_H

#include "app.h"

/** doctor_say(checks, name, good, text, hint): one line; the hint is what to do if it is not good.  0 or -ENOMEM. */
int	doctor_say(json_t *checks, const char *name, bool good, const char *text, const char *hint) must_check;

/** doctor_server(app, checks): accounts, mark, rate limits, holes and members: what is between us and our homeserver. */
int	doctor_server(struct app *, json_t *checks) must_check;

#endif /* !CAIRN_DOCTOR_H */
