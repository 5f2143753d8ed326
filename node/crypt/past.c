/* SPDX-License-Identifier: Apache-2.0 */
#include "past.h"

#include <errno.h>

#include "machine.h"

/* Its signature needs no copy: the same key signs what comes. */
static int
begin_later(struct crypt *c, const char *session_id, int64_t pid, int64_t at)
{
	autoinbound struct ratchet_inbound *later = NULL;
	autowipe struct buf pickle = { 0 };
	struct machine_inbound *s;
	int r = machine_inbound(c, session_id, pid, &s);

	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	if (at > UINT32_MAX)
		at = UINT32_MAX;
	if (at < s->row.first)
		at = s->row.first;
	if ((r = ratchet_inbound_later(s->ratchet, (uint32_t)at, &later)) != 0 || (r = ratchet_inbound_pickle(later, c->pickle_key, &pickle)) != 0)
		return r;
	machine_forget_inbound(c, session_id, pid);
	return crypto_past_put(c->db, session_id, pid, &pickle, at);
}

int
past_step(struct crypt *c, int most, bool *ret_more)
{
	int r = 0;

	for (; most > 0 && r == 0; most--) {
		autofree char *session_id = NULL;
		int64_t pid, at;

		if ((r = crypto_past_next(c->db, &session_id, &pid, &at)) == 0)
			r = begin_later(c, session_id, pid, at);
	}
	if (r == 0)
		*ret_more = true;
	return r == E_NOTFOUND ? 0 : r;
}
