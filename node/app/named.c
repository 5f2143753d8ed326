/* SPDX-License-Identifier: Apache-2.0 */
#include "named.h"

#include <string.h>

#include "agreed.h"
#include "base/canon.h"
#include "base/event.h"
#include "disclosure.h"
#include "domain/consent_law.h"
#include "domain/telling.h"
#include "origin.h"
#include "passing.h"
#include "publish.h"
#include "store/consentstore.h"
#include "traffic.h"

#define TYPE_ANSWER	ID_NAMESPACE "referral.answer"
#define TYPE_CHANGE	ID_NAMESPACE "referral.change"

static const char *const types[] = { TYPE_ANSWER, TYPE_CHANGE };

struct knowing {
	const char	*org;
	bool		 known;
};

static int
each_disclosed(void *cookie, const struct disclosed_row *d)
{
	struct knowing *k = cookie;

	/* The first that a source tells under a consent is a disclosure. */
	k->known |= d->consent != NULL && d->org != NULL && !strcmp(d->org, k->org);
	return 0;
}

/* Does the other side know who it is, or may it?  At the target, who says why it declines: do we? */
static int
is_named(struct app *app, const struct case_row *row, bool *ret)
{
	struct knowing k = { row->org, row->r.side == REFERRAL_AT_TARGET && row->disclosure != NULL };
	int r = row->r.side == REFERRAL_AT_SOURCE ? disclosed_each(app->db, row->id, each_disclosed, &k) : 0;

	*ret = k.known;
	return r;
}

static bool
may_say(const char *type, const json_t *content)
{
	for (size_t i = 0; i < nelem(types); i++)
		if (!strcmp(types[i], type))
			return telling_says(content);
	return false;
}

/* What the consent in force lets be told goes with its notice, the short one where there are two, and its scope. */
static int
label(struct app *app, const struct case_row *row, json_t *content)
{
	autojson json_t *consent = NULL;
	const struct consent_profile *law;
	int r = agreed_consent(app, row, &consent);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;		/* Without one there is no such step. */
	law = consent_profile(json_str(consent, "law"));
	return law == NULL ? ERR_CORRUPT :
	    consent_label(consent, !strcmp(law->law, CONSENT_PART2) ? consent_notice_short : law->notice, content);
}

/* What an intermediary discloses came to it, which no answer of its own did. */
static int
passed_on(struct app *app, const struct case_row *row, struct err *reterr)
{
	autojson json_t *consent = NULL;
	int r = agreed_consent(app, row, &consent);

	return r == 0 && passing_by(app, consent) ? err_set(reterr, E_REFUSED, "2: by the member's consent we only pass on what came to us") : r;
}

int
named_may(struct app *app, const struct case_row *row, const char *type, json_t *content, struct err *reterr)
{
	bool named;
	int r;

	if (disclosure_of(type))
		return label(app, row, content);
	if (!may_say(type, content))
		return 0;
	if ((r = is_named(app, row, &named)) != 0 || !named)
		return r;
	if (row->r.side == REFERRAL_AT_TARGET) {
		r = disclosure_may_report(app, row, CONSENT_GENERAL, reterr);
		if (r != E_REFUSED)
			return r != 0 ? r : label(app, row, content);
		return err_next(reterr, r, "this reason says something of a member whose name they know; "
		    "cairn decline %s --reason " TELLING_NEUTRAL " says that it is declined, and no more", row->id);
	}
	r = disclosure_allows(app, row, row->org, disclosure_classes(content), CONSENT_GENERAL, reterr);
	if (r == 0)
		r = passed_on(app, row, reterr);
	if (r != E_REFUSED)
		return r != 0 ? r : label(app, row, content);
	return err_next(reterr, r, "they know who it is, so the answer discloses; cairn inform %s --not-said WHAT answers without it, "
	    "and what they have to know can go with the next consent", row->id);
}

int
named_discloses(struct app *app, const struct traffic *t, bool *ret)
{
	autojson json_t *content = NULL;
	struct case_row row;
	int r;

	*ret = disclosure_of(t->type);
	if (*ret || t->referral == NULL || t->content == NULL)
		return 0;
	if ((r = canon_stored(t->content, &content)) != 0 || !may_say(t->type, content))
		return r;
	if ((r = case_get(app->db, t->referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = is_named(app, &row, ret);
	case_free(&row);
	return r;
}

/* It is judged as it would be if it were to leave now. */
static int
over_one(void *cookie, const char *content_id)
{
	struct app *app = cookie;
	struct traffic t;
	bool discloses;
	int r = traffic_get(app->db, content_id, &t);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = named_discloses(app, &t, &discloses)) == 0 && discloses &&
	    (r = disclosure_in_force(app, t.referral, t.org, t.content)) == E_REFUSED)
		r = traffic_withhold(app, content_id);
	traffic_free(&t);
	return r;
}

int
named_over(struct app *app, const char *referral)
{
	int r = 0;

	for (size_t i = 0; i < nelem(types) && r == 0; i++)
		r = traffic_open_each(app->db, referral, types[i], over_one, app);
	return r;
}

int
named_heard(struct app *app, const char *referral, const struct origin *origin)
{
	autojson json_t *told = NULL;
	struct case_row row;
	int r;

	if (!telling_says(origin->content))
		return 0;
	if ((r = case_get(app->db, referral, &row)) != 0)
		return r == E_NOTFOUND ? 0 : r;		/* That it is not theirs to say is judged after this. */
	/* Under the consent that came to us: a newer one may be ours, for proceedings. */
	if (row.disclosure != NULL && (r = canon_stored(row.disclosure, &told)) == 0)
		r = disclosure_judge(app, &row, json_obj(told, "consent"), row.org, publish_own_org(app), disclosure_classes(origin->content),
		    CONSENT_GENERAL, origin->reason);
	case_free(&row);
	return r;
}
