/* SPDX-License-Identifier: Apache-2.0 */
#include "passing.h"

#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "domain/consent.h"
#include "publish.h"

struct search {
	struct app	*app;
	const json_t	*content;
	bool		 came, same;	/* Something came under this form; all that is to be passed on came so. */
	bool		 over;		/* One of this form was taken back, or has ended. */
};

/* Is it over?  After an end by its event it can still be taken back: ${event} says which is asked about. */
static int
is_over(struct app *app, const struct consent_row *row, bool event, bool *ret)
{
	struct revocation_row v = { 0 };
	int r = revocation_get(app->db, row->id, row->org, &v);

	*ret = r == 0 && (!v.ended || event);
	revocation_row_free(&v);
	return r == E_NOTFOUND ? 0 : r;
}

/* Each part as it came, or left out. */
static bool
is_part(const json_t *content, const json_t *came)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)content, key, value)
		if (strcmp(key, "consent") != 0 && !json_equal(value, json_object_get(came, key)))
			return false;
	return true;
}

static int
look(void *cookie, const struct consent_row *consent)
{
	struct search *s = cookie;
	autojson json_t *came = NULL;
	struct case_row row;
	bool over;
	int r = is_over(s->app, consent, true, &over);

	if (r != 0)
		return r;
	s->over = s->over || over;
	if ((r = case_get(s->app->db, consent->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (row.r.side == REFERRAL_AT_TARGET && row.disclosure != NULL && (r = canon_stored(row.disclosure, &came)) == 0) {
		s->came = true;
		s->same = s->same || is_part(s->content, came);
	}
	case_free(&row);
	return r;
}

bool
passing_by(struct app *app, const json_t *consent)
{
	const char *own = publish_own_org(app);

	return own != NULL && consent_passes_on(consent, own);
}

int
passing_may(struct app *app, const json_t *content, struct err *reterr)
{
	struct search s = { .app = app, .content = content };
	autofree char *text = NULL;
	int r;

	if (!passing_by(app, json_obj(content, "consent")))
		return 0;
	if ((r = canon_text(json_obj(content, "consent"), &text, reterr)) != 0 || (r = consent_each_alike(app->db, text, look, &s)) != 0)
		return r;
	if (s.same && !s.over)
		return 0;
	return err_next(reterr, err_set(reterr, E_REFUSED, "2: by this form we only pass on what came to us under it, and %s", s.over ?
	    "it was taken back or has ended" : s.came ? "this is not what came" : "nothing has"), s.came && !s.over ?
	    "record identity, need_detail and the rest as cairn show has them under disclosure, or leave them out" :
	    "what the member wants us to disclose ourselves they sign in a form of ours");
}

struct ending {
	struct app		*app;
	const struct consent_row *consent;
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

	if (r != 0 || over || !strcmp(consent->referral, e->consent->referral))
		return r;
	if ((r = case_get(e->app->db, consent->referral, &row)) != 0)
		return r == E_NOTFOUND ? revoke_note(e->app, consent, e->why) : r;
	r = revoke_consent(e->app, &row, e->why, consent->id, &reply, NULL);
	case_free(&row);
	return r > 0 ? 0 : r;
}

int
passing_over(struct app *app, const struct consent_row *consent, const struct revoke_why *why)
{
	struct ending e = { app, consent, why };
	autojson json_t *form = NULL;
	const char *via;
	int r = canon_stored(consent->consent, &form);

	if (r != 0)
		return r;
	via = json_str(json_obj(form, "via"), "org");
	return via == NULL || publish_own_org(app) == NULL || strcmp(via, publish_own_org(app)) != 0 ? 0 :
	    consent_each_alike(app->db, consent->consent, end, &e);
}
