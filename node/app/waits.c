/* SPDX-License-Identifier: Apache-2.0 */
#include "waits.h"

#include "store/audit.h"
#include "store/consentstore.h"

enum { A_TURN = 16 };

int
waits_room(struct app *app, const struct case_row *row, const struct path *path, const struct path_step *step, struct err *reterr)
{
	size_t on = *step->prev != '\0' ? path_find(path, step->prev) : PATH_NONE;
	int64_t n;
	int r;

	if (step->by == row->r.side || *step->prev == '\0' || path_leaves(step) ||
	    (on != PATH_NONE && path_standing(path, on, NULL) != PATH_WAITS) || path_find(path, step->id) != PATH_NONE)
		return 0;
	if ((r = step_waiting(app->db, row->org, &n)) != 0)
		return r;
	return n < WAITS_STEPS ? 0 : err_set(reterr, E_NOTFOUND, "too many steps of its sender wait for others that have not come");
}

int
waits_revocation(struct app *app, const char *consent, const char *org, bool *ret_full)
{
	struct revocation_row known;
	int64_t n;
	int r = revocation_get(app->db, consent, org, &known);

	if (r == 0)
		revocation_row_free(&known);
	if (r != E_NOTFOUND)
		return r;
	if ((r = revocation_unknown(app->db, org, &n)) == 0)
		*ret_full = n >= WAITS_REVOKED;
	return r;
}

static int
forget_step(struct app *app)
{
	autofree char *referral = NULL, *id = NULL;
	int r = step_waiting_oldest(app->db, app_now(app) - WAITS_DROP_MS, &referral, &id);

	if (r != 0 || (r = step_drop(app->db, referral, id)) != 0)
		return r;
	return audit_case(app->db, app_now(app), "term", "waiting-dropped", referral, id);
}

static int
forget_revocation(struct app *app)
{
	autofree char *consent = NULL, *org = NULL;
	int r = revocation_oldest(app->db, app_now(app) - WAITS_REVOKED_MS, &consent, &org);

	if (r != 0 || (r = revocation_drop(app->db, consent, org)) != 0)
		return r;
	return audit_add(app->db, app_now(app), "term", "revocation-dropped", consent, org);
}

int
waits_forget(struct app *app, bool *ret_more)
{
	int r = 0;

	for (int i = 0; i < A_TURN && r == 0; i++)
		r = forget_step(app);
	*ret_more |= r == 0;
	if (r == E_NOTFOUND)
		r = 0;
	for (int i = 0; i < A_TURN && r == 0; i++)
		r = forget_revocation(app);
	*ret_more |= r == 0;
	return r == E_NOTFOUND ? 0 : r;
}
