/* SPDX-License-Identifier: Apache-2.0 */
#include "passing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "domain/consent.h"
#include "publish.h"
#include "store/consentstore.h"

struct search {
	struct app	*app;
	json_t		*form;		/* Without an id, as the member signed it. */
	char		*ret;
	bool		 over;		/* One of this form was taken back, or has ended. */
};

/* Is it over?  An end by its event can still be followed by a revocation: then ${event} says which is asked about. */
static int
is_over(struct app *app, const struct consent_row *row, bool event, bool *ret)
{
	struct revocation_row v = { 0 };
	int r = revocation_get(app->db, row->id, row->org, &v);

	*ret = r == 0 && (!v.ended || event);
	revocation_row_free(&v);
	return r == E_NOTFOUND ? 0 : r;
}

static int
compare(void *cookie, const struct consent_row *row)
{
	struct search *s = cookie;
	autojson json_t *consent = NULL;
	bool over;
	int r = canon_stored(row->consent, &consent);

	if (r != 0)
		return r;
	(void)json_object_del(consent, "id");
	if (!json_equal(consent, s->form))
		return 0;
	if ((r = is_over(s->app, row, true, &over)) != 0)
		return r;
	s->over = s->over || over;
	(void)snprintf(s->ret, ID_LEN + 1, "%s", row->id);
	return 0;
}

int
passing_from(struct app *app, const json_t *consent, char ret[ID_LEN + 1], struct err *reterr)
{
	const char *own = publish_own_org(app);
	autojson json_t *form = NULL;
	struct search s = { .app = app, .ret = ret };
	int r;

	*ret = '\0';
	if (own == NULL || !consent_passes_on(consent, own))
		return 0;
	if ((form = json_copy((json_t *)(uintptr_t)consent)) == NULL)
		return -ENOMEM;
	(void)json_object_del(form, "id");
	s.form = form;
	if ((r = consent_each_received(app->db, compare, &s)) != 0)
		return r;
	if (*ret != '\0' && !s.over)
		return 0;
	return err_next(reterr, err_set(reterr, E_REFUSED, "2: by this form we only pass on what came to us under it, and %s", s.over ?
	    "it was taken back or has ended" : "nothing has"), "what the member wants us to disclose ourselves they sign in a form of ours");
}

struct ending {
	struct app		*app;
	const struct revoke_why	*why;
};

static int
end(void *cookie, const struct consent_row *consent)
{
	const struct ending *e = cookie;
	autojson json_t *reply = NULL;
	struct case_row row;
	bool over;
	int r = is_over(e->app, consent, strcmp(e->why->how, "event") == 0, &over);

	if (r != 0 || over)
		return r;
	if ((r = case_get(e->app->db, consent->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = revoke_consent(e->app, &row, e->why, &reply, NULL);
	case_free(&row);
	return r > 0 ? 0 : r;
}

int
passing_over(struct app *app, const char *consent, const struct revoke_why *why)
{
	struct ending e = { app, why };

	return consent_each_same(app->db, consent, end, &e);
}
