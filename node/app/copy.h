/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy: all that this node holds of one member, for them to have and to take elsewhere (GDPR, Articles 15 and 20; 45 CFR 164.524).  Whose it is
 * is found as cairn erase finds it: erase_parts().  An answer is one part, since all of it may be more than an answer holds:
 *
 *	{of}			{of, part, organization, made, about, left_out, parts: [subject, ...]}
 *	{of, part, after}	{sections: {name: [...]}, next: behind which number it goes on, or absent}
 */
#ifndef CAIRN_COPY_H
#define CAIRN_COPY_H

#include "app.h"

/** copy_run(app, actor, args, ret, reterr): verb "export member" {id, part, after}: of a user, or by the id of a referral, case or match. */
int	copy_run(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_COPY_H */
