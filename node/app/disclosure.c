/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "disclosure.h"
#include "domain/consent.h"
#include "domain/trust.h"
#include "publish.h"
#include "store/audit.h"

/* What would be disclosed, by class. */
static unsigned
classes(const json_t *content)
{
	return CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS |
	    (json_object_get(content, "need_detail") != NULL ? CONSENT_NEED_CLASS : 0) |
	    (json_object_get(content, "constraints") != NULL ? CONSENT_CONSTRAINTS_CLASS : 0) |
	    (json_object_get(content, "history") != NULL ? CONSENT_HISTORY_CLASS : 0);
}

static int
judge(struct app *app, const json_t *consent, const char *from, const char *to, unsigned what,
    int64_t revoked_at, struct err *reterr)
{
	struct consent_use use = { .now = app_now(app), .discloser = from, .recipient = to,
	    .classes = what, .revoked_at = revoked_at };
	int element;

	if (from == NULL || to == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "our organization is not on the trust list"),
		    "cairn doctor says what to do");
	return consent_check(consent, &use, &element, reterr);
}

int
disclosure_received(struct app *app, const char *org, const json_t *content, struct err *reterr)
{
	const char *notice = json_str(content, "notice");
	const json_t *consent = json_obj(content, "consent");
	int r = judge(app, consent, org, publish_own_org(app), classes(content), 0, reterr);

	if (r != 0)
		return r;
	if (!strcmp(json_str(consent, "law"), "us-part2") && strcmp(notice, consent_notice) != 0)
		return err_set(reterr, E_REFUSED, "the disclosure lacks the notice of 42 CFR 2.32");
	return 0;
}

int
disclosure_build(struct app *app, const struct case_row *row, const json_t *args, json_t **ret,
    struct err *reterr)
{
	static const char *const names[] = { "identity", "need_detail", "constraints", "history" };
	json_t *consent = json_obj(args, "consent");
	autojson json_t *content = NULL;
	autofree char *text = NULL;
	char id[ID_LEN + 1];
	struct consent_row stored = { .id = id, .referral = row->id, .org = row->org,
	    .granted_at = app_now(app) };
	int r;

	if (consent == NULL)
		return err_next(reterr, err_set(reterr, E_BAD, "consent: an object with the ten elements is missing"),
		    "cairn consent %s --template prints one to fill in", row->id);
	id_new(app->world, id);
	if (json_object_set_new(consent, "id", json_string(id)) != 0)
		return -ENOMEM;
	content = json_pack("{s:O, s:s, s:s}", "consent", consent, "notice", consent_notice, "body",
	    "A member consented to this disclosure. It is protected by 42 CFR part 2.");
	for (size_t i = 0; i < nelem(names); i++) {
		json_t *value = json_object_get(args, names[i]);

		if (value != NULL && json_object_set(content, names[i], value) != 0)
			return -ENOMEM;
	}
	if (content == NULL)
		return -ENOMEM;
	if ((r = judge(app, consent, publish_own_org(app), row->org, classes(content), 0, reterr)) != 0)
		return r;
	if ((text = canon_text(consent, reterr)) == NULL)
		return E_BAD;
	stored.consent = text;
	if ((r = consent_put(app->db, &stored)) != 0 ||
	    (r = audit_add(app->db, app_now(app), "node", "consent", row->id, stored.id)) != 0)
		return r;
	*ret = take(content);
	return 0;
}

int
disclosure_in_force(struct app *app, const char *referral, const char *org, const char *content)
{
	autojson json_t *consent = NULL, *disclosed = NULL;
	struct consent_row stored;
	int r = consent_for(app->db, referral, &stored);

	if (r != 0)
		return r == E_NOTFOUND ? E_REFUSED : r;
	if ((r = canon_parse(stored.consent, strlen(stored.consent), &consent, NULL)) == 0 &&
	    (r = canon_parse(content, strlen(content), &disclosed, NULL)) == 0)
		r = judge(app, consent, publish_own_org(app), org, classes(disclosed), stored.revoked_at,
		    NULL);
	consent_row_free(&stored);
	return r > 0 ? E_REFUSED : r;
}

int
disclosure_template(struct app *app, const struct case_row *row, json_t **ret, struct err *reterr)
{
	const struct trust_org *to = trust_org(app->trust, row->org);
	const struct trust_org *own = trust_org_by_node(app->trust, app->cfg->node_user);

	if (to == NULL || own == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "%s is not on the trust list", to == NULL ? row->org :
		    "our organization"), "cairn doctor says how the list is; its signer has the newest");
	*ret = json_pack("{s:{s:s, s:s, s:[{s:s, s:s}], s:[s, s, s], s:s, s:[{s:s, s:s}], s:s, s:{s:s, s:[s, s, s]},"
	    " s:{s:s, s:I}, s:{s:s, s:s, s:s}, s:I, s:b}, s:{s:s, s:b, s:{s:s, s:s, s:b}}, s:s}",
	    "consent", "law", "us-part2", "patient", "",
	    "from", "org", own->id, "name", own->name,
	    "what", "identity", "contact", "need",
	    "what_text", "My name or alias, how to reach me, and what I want support with.",
	    "to", "org", to->id, "name", to->name,
	    "purpose", "To connect me with peer support.",
	    "revocation", "right", consent_right,
	    "how", "matrix", "phone", "paper",
	    "expires", "kind", "date", "at", (json_int_t)(app_now(app) + 180LL * 86400000),
	    "signature", "how", "electronic", "signer", "", "authority", "self",
	    "signed_at", (json_int_t)app_now(app), "tpo", 0,
	    "identity", "name", "", "is_alias", 1, "contact", "how", "matrix", "value", "", "leave_message", 0,
	    "need_detail", "");
	return *ret != NULL ? 0 : -ENOMEM;
}
