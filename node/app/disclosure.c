/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreed.h"
#include "base/canon.h"
#include "base/event.h"
#include "base/id.h"
#include "disclosure.h"
#include "domain/consent.h"
#include "domain/consent_law.h"
#include "domain/origin.h"
#include "domain/trust.h"
#include "events.h"
#include "intake.h"
#include "law.h"
#include "passing.h"
#include "publish.h"
#include "store/audit.h"
#include "store/consentstore.h"
#include "trustlist.h"

const char *const disclosure_types[] = { ID_NAMESPACE "referral.disclosure", ID_NAMESPACE "referral.outcome",
	ID_NAMESPACE "referral.progress", NULL };

bool
disclosure_of(const char *type)
{
	for (size_t i = 0; disclosure_types[i] != NULL; i++)
		if (!strcmp(disclosure_types[i], type))
			return true;
	return false;
}

unsigned
disclosure_classes(const json_t *content)
{
	if (json_object_get(content, "info") != NULL)
		return CONSENT_CONSTRAINTS_CLASS;
	/* What else is no disclosure is news of the member. */
	if (json_object_get(content, "identity") == NULL)
		return CONSENT_OUTCOME_CLASS;
	return CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS |
	    (json_object_get(content, "need_detail") != NULL ? CONSENT_NEED_CLASS : 0) |
	    (json_object_get(content, "constraints") != NULL ? CONSENT_CONSTRAINTS_CLASS : 0) |
	    (json_object_get(content, "history") != NULL ? CONSENT_HISTORY_CLASS : 0);
}

int
disclosure_judge(struct app *app, const struct case_row *row, const json_t *consent, const char *from, const char *to, unsigned what,
    enum consent_covers covers, struct err *reterr)
{
	autofacts struct law_facts f = { 0 };
	struct consent_use use = { .now = app_now(app), .discloser = from, .recipient = to, .classes = what,
	    .covers = covers };
	struct revocation_row over;
	int element, r;

	if (from == NULL || to == NULL)
		return trustlist_why(app, NULL, reterr);
	r = revocation_get(app->db, json_str(consent, "id") != NULL ? json_str(consent, "id") : "", row->org, &over);
	if (r == 0) {
		use.revoked_at = over.ended ? 0 : over.at;
		use.event_happened = over.ended;
		revocation_row_free(&over);
	}
	if (r < 0 || (r = law_look(app, row, &f, &use)) != 0)
		return r;
	return consent_check(consent, &use, &element, reterr);
}

int
disclosure_received(struct app *app, const struct case_row *row, const json_t *content, struct err *reterr)
{
	const json_t *consent = json_obj(content, "consent");
	const char *law = json_str(consent, "law");
	int r = disclosure_judge(app, row, consent, row->org, publish_own_org(app), disclosure_classes(content), CONSENT_GENERAL, reterr);

	if (r != 0)
		return r;
	return consent_noticed(consent, json_str(content, "notice")) ? 0 : err_set(reterr, E_REFUSED,
	    "the disclosure lacks the notice that its law wants, for %s", strcmp(law, CONSENT_PART2) == 0 ? "Part 2 that of 42 CFR 2.32" : law);
}

/* Take from the form what is disclosed, but for what its purpose does not need: that is named in ${left}. */
static int
compose(const json_t *args, const json_t *consent, json_t *content, json_t *left)
{
	static const struct { const char *name; unsigned class; } parts[] = { { "identity", 0 },
	    { "need_detail", CONSENT_NEED_CLASS }, { "constraints", CONSENT_CONSTRAINTS_CLASS }, { "history", CONSENT_HISTORY_CLASS } };
	unsigned needed = consent_needed(consent);

	for (size_t i = 0; i < nelem(parts); i++) {
		json_t *value = json_object_get(args, parts[i].name);

		if (value == NULL)
			continue;
		if (needed != 0 && parts[i].class & ~needed) {
			if (json_array_append_new(left, json_sprintf("%s was left out: the purpose of the consent does not need it",
			    parts[i].name)) != 0)
				return -ENOMEM;
		} else if (json_object_set(content, parts[i].name, value) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* The texts that go with it. */
static int
label(const json_t *consent, json_t *content)
{
	const struct consent_profile *law = consent_profile(json_str(consent, "law"));
	int r = consent_label(consent, law->notice, content);

	return r != 0 ? r : json_object_set_new(content, "body", json_string(strcmp(law->law, CONSENT_PART2) == 0 ?
	    "A member consented to this disclosure. 42 CFR part 2 prohibits unauthorized use or disclosure of these records." :
	    "A member consented to this disclosure. Use it only for the purpose that the consent names.")) != 0 ? -ENOMEM : 0;
}

/* A form that was recorded before. */
struct form {
	struct db *db;
	json_t	*consent;		/* Without an id, as the member signed it. */
	char	 known[ID_LEN + 1];	/* The consent that it is already; "": none in force. */
	bool	 over, told;		/* It was taken back or has ended.  What it let be told may still arrive, or has. */
};

static void
form_free(struct form *form)
{
	json_decref(form->consent);
}
#define autoform __attribute__((cleanup(form_free)))

static int
each_recorded(void *cookie, const struct consent_row *stored)
{
	struct form *form = cookie;
	autojson json_t *consent = NULL;
	struct revocation_row v = { 0 };
	int r = canon_stored(stored->consent, &consent);

	if (r != 0)
		return r;
	(void)json_object_del(consent, "id");
	if (!json_equal(consent, form->consent))
		return 0;
	/* Also one that has ended with its event, which can still be revoked. */
	if ((r = revocation_get(form->db, stored->id, stored->org, &v)) != 0 && r != E_NOTFOUND)
		return r;
	form->over |= r == 0;
	revocation_row_free(&v);
	(void)snprintf(form->known, sizeof(form->known), "%s", stored->id);
	return 0;
}

/* Whoever writes down that somebody signed is named, also where nothing on paper would name them; what is passed on was written down elsewhere. */
static int
refuse_unrecorded(struct app *app, const json_t *consent, struct err *reterr)
{
	static const char *const signatures[] = { "signature", "cosignature" };

	if (passing_by(app, consent))
		return 0;
	for (size_t i = 0; i < nelem(signatures); i++) {
		const json_t *one = json_obj(consent, signatures[i]);
		const char *by = json_str(one, "recorded_by");

		if (one != NULL && (by == NULL || by[strspn(by, " \t\r\n")] == '\0'))
			return err_next(reterr, err_set(reterr, E_REFUSED, "consent refused, element 8 (%s): recorded_by names nobody of the staff", signatures[i]),
			    "name who has the paper, heard the words, or keeps what was signed electronically");
	}
	return 0;
}

/* A signature that was taken back holds for nothing more, whoever records it again. */
static int
look_up(struct app *app, const struct case_row *row, const json_t *consent, struct form *form, struct err *reterr)
{
	int r;

	form->db = app->db;
	if ((form->consent = json_deep_copy(consent)) == NULL)
		return -ENOMEM;
	(void)json_object_del(form->consent, "id");
	if ((r = consent_each(app->db, row->id, each_recorded, form)) != 0 || !form->over)
		return r != 0 || *form->known != '\0' ? r : refuse_unrecorded(app, consent, reterr);
	return err_next(reterr, err_set(reterr, E_REFUSED, "this consent was recorded before, and was taken back or has ended"),
	    "what the member decides now they sign anew: cairn consent %s --template", row->id);
}

static int
each_told(void *cookie, const struct disclosed_row *d)
{
	struct form *form = cookie;

	form->told |= d->arrived != 0 && d->consent != NULL && !strcmp(d->consent, form->known);
	return 0;
}

static int
each_open(void *cookie, const char *content_id)
{
	struct form *form = cookie;

	(void)content_id;
	form->told = true;
	return 0;
}

/* The same form with the same contents, whose reply was lost perhaps: nothing goes twice. */
static int
refuse_twice(struct app *app, const struct case_row *row, struct form *form, const json_t *content, struct err *reterr)
{
	autojson json_t *before = NULL, *now = NULL;
	int r;

	if (*form->known == '\0' || row->disclosure == NULL)
		return 0;
	if ((r = canon_stored(row->disclosure, &before)) != 0)
		return r;
	if ((now = json_deep_copy(content)) == NULL || json_object_set_new(json_obj(now, "consent"), "id", json_string(form->known)) != 0)
		return -ENOMEM;
	if (!json_equal(before, now))
		return 0;
	if ((r = traffic_open_each(app->db, row->id, disclosure_types[0], each_open, form)) != 0 ||
	    (r = disclosed_each(app->db, row->id, each_told, form)) != 0 || !form->told)
		return r;
	return err_next(reterr, err_set(reterr, E_EXISTS, "this consent is recorded already, and nothing was sent a second time"),
	    "cairn show %s says whether it has arrived", row->id);
}

int
disclosure_build(struct app *app, const struct case_row *row, const json_t *args, json_t **ret, json_t **ret_left,
    struct err *reterr)
{
	json_t *consent = json_obj(args, "consent");
	autojson json_t *content = json_object(), *left = json_array();
	autofree char *text = NULL;
	autoform struct form form = { 0 };
	char id[ID_LEN + 1];
	struct consent_row stored = { .id = id, .referral = row->id, .org = row->org,
	    .granted_at = app_now(app) };
	int r;

	if (consent == NULL)
		return err_next(reterr, err_set(reterr, E_BAD, "consent: an object with the ten elements is missing"),
		    "cairn consent %s --template prints one to fill in", row->id);
	id_new(app->world, id);
	if (json_object_set_new(consent, "id", json_string(id)) != 0 || json_object_set(content, "consent", consent) != 0 ||
	    (r = compose(args, consent, content, left)) != 0)
		return -ENOMEM;
	if ((r = disclosure_judge(app, row, consent, publish_own_org(app), row->org, disclosure_classes(content), CONSENT_GENERAL, reterr)) != 0 ||
	    (r = passing_may(app, content, reterr)) != 0 || (r = look_up(app, row, consent, &form, reterr)) != 0 ||
	    (r = label(consent, content)) != 0 ||
	    (r = refuse_twice(app, row, &form, content, reterr)) != 0)
		return r;
	if ((r = canon_text(consent, &text, reterr)) != 0)
		return r;
	stored.consent = text;
	if ((r = consent_put(app->db, &stored)) != 0 ||
	    (r = audit_case(app->db, app_now(app), "node", "consent", row->id, stored.id)) != 0)
		return r;
	*ret = take(content);
	*ret_left = take(left);
	return 0;
}

int
disclosure_to_court(const struct case_row *row, bool *ret)
{
	autojson json_t *request = NULL;
	int r;

	*ret = false;
	if (row->r.side != REFERRAL_AT_TARGET || row->request == NULL)
		return 0;
	if ((r = canon_stored(row->request, &request)) == 0)
		*ret = !origin_hears(json_str(request, "origin"), false);
	return r;
}

int
disclosure_allows(struct app *app, const struct case_row *row, const char *org, unsigned what, enum consent_covers covers, struct err *reterr)
{
	autojson json_t *consent = NULL;
	int r = agreed_consent(app, row, &consent);

	if (r == E_NOTFOUND)
		return err_set(reterr, E_REFUSED, "the member has given no consent");
	return r != 0 ? r : disclosure_judge(app, row, consent, publish_own_org(app), org, what, covers, reterr);
}

int
disclosure_in_force(struct app *app, const char *referral, const char *org, const char *content)
{
	autojson json_t *disclosed = NULL;
	struct case_row row;
	bool court;
	int r = canon_stored(content, &disclosed);

	if (r != 0)
		return r;
	if ((r = case_get(app->db, referral, &row)) != 0)
		return r == E_NOTFOUND ? E_REFUSED : r;
	if ((r = disclosure_to_court(&row, &court)) == 0)
		r = disclosure_allows(app, &row, org, disclosure_classes(disclosed),
		    json_object_get(disclosed, "identity") == NULL && court ? CONSENT_PROCEEDINGS : CONSENT_GENERAL, NULL);
	/* A disclosure brings its own, by which the recipient judges it; that need not be the newest. */
	if (r == 0 && json_obj(disclosed, "consent") != NULL)
		r = disclosure_judge(app, &row, json_obj(disclosed, "consent"), publish_own_org(app), org, disclosure_classes(disclosed), CONSENT_GENERAL, NULL);
	case_free(&row);
	return r > 0 ? E_REFUSED : r;
}

int
disclosure_may_report(struct app *app, const struct case_row *row, enum consent_covers covers, struct err *reterr)
{
	bool court;
	int r = disclosure_to_court(row, &court);

	if (r != 0)
		return r;
	r = disclosure_allows(app, row, row->org, CONSENT_OUTCOME_CLASS, court ? CONSENT_PROCEEDINGS : covers, reterr);
	if (r == E_REFUSED && court)
		return err_next(reterr, E_REFUSED, "nothing is told: it came from a court, which hears of the member only under a consent for that alone; "
		    "cairn consent %s --template prints it, for the member to decide", row->id);
	return r != E_REFUSED ? r : err_next(reterr, E_REFUSED, "nothing is told; without a consent that names us as discloser, them as "
	    "recipient and outcome among what may be disclosed, the referral ends by their withdrawal");
}

int
disclosure_tells(struct app *app, const struct case_row *row, int64_t *ret)
{
	autojson json_t *consent = NULL;
	const json_t *expires;
	const char *kind;
	int r = disclosure_may_report(app, row, CONSENT_GENERAL, NULL);

	if (r != 0 || (r = agreed_consent(app, row, &consent)) != 0)
		return r > 0 ? E_REFUSED : r;
	expires = json_obj(consent, "expires");
	kind = json_str(expires, "kind");
	*ret = kind != NULL && !strcmp(kind, "date") ? json_int(expires, "at", INT64_MAX) : INT64_MAX;
	return 0;
}

/* What a law, or the member's age, wants besides. */
static int
add_terms(json_t *consent, const struct trust_org *own, bool minor)
{
	const struct consent_profile *law = consent_profile(json_str(consent, "law"));
	int r = 0;

	if (!strcmp(law->law, CONSENT_GDPR))
		r |= json_object_set_new(consent, "gdpr", json_pack("{s:s, s:s, s:s}", "basis", "explicit_consent",
		    "controller", own->name, "contact", ""));
	if (law->statements)
		r |= json_object_set_new(consent, "redisclosure", json_string("Who receives this may disclose it further, and it "
		    "may then no longer be protected.")) |
		    json_object_set_new(consent, "refusal", json_string(""));
	if (minor)
		r |= json_object_set_new(consent, "minor", json_pack("{s:i, s:s}", "age", -1, "jurisdiction", "")) |
		    json_object_set_new(consent, "cosignature", json_pack("{s:s, s:s, s:s, s:s}", "how", "electronic", "signer", "",
		    "authority", "parent", "recorded_by", ""));
	return r != 0 ? -ENOMEM : 0;
}

int
disclosure_template(struct app *app, const struct case_row *row, json_t **ret, struct err *reterr)
{
	const struct trust_org *to = trust_org(app->trust, row->org);
	const struct trust_org *own = trust_org_by_node(app->trust, app->cfg->node_user);
	autofacts struct law_facts f = { 0 };
	struct consent_use use = { 0 };
	autojson json_t *form = NULL;
	int r;

	if (to == NULL || own == NULL)
		return trustlist_why(app, own == NULL ? NULL : row->org, reterr);
	if ((r = law_look(app, row, &f, &use)) != 0)
		return r;
	form = json_pack("{s:{s:s, s:s, s:[{s:s, s:s}, {s:s, s:s}], s:[s, s, s, s], s:s, s:[{s:s, s:s}, {s:s, s:s}], s:s, s:s, s:{s:s, s:[s, s, s]},"
	    " s:{s:s, s:I}, s:{s:s, s:s, s:s, s:s}, s:I, s:b}, s:{s:s, s:b, s:{s:s, s:s, s:b}}, s:s}",
	    "consent", "law", use.law != NULL ? use.law : f.n == 1 && f.laws[0] != NULL ? f.laws[0] : CONSENT_PART2, "patient", "",
	    "from", "org", own->id, "name", own->name, "org", to->id, "name", to->name,
	    "what", "identity", "contact", "need", "outcome",
	    "what_text", "My name or alias, how to reach me, and what I want support with; and, back to those who referred me, what became of it.",
	    "to", "org", to->id, "name", to->name, "org", own->id, "name", own->name,
	    "purpose", "To connect me with peer support.", "purpose_code", "peer_support",
	    "revocation", "right", consent_right,
	    "how", "matrix", "phone", "paper",
	    "expires", "kind", "date", "at", (json_int_t)(app_now(app) + 180LL * 86400000),
	    "signature", "how", "electronic", "signer", "", "authority", "self", "recorded_by", "",
	    "signed_at", (json_int_t)app_now(app), "tpo", 0,
	    "identity", "name", "", "is_alias", 1, "contact", "how", "matrix", "value", "", "leave_message", 0,
	    "need_detail", "");
	if (form == NULL || (r = add_terms(json_obj(form, "consent"), own, use.minor)) != 0)
		return -ENOMEM;
	if ((r = intake_form(app, row->id, form)) != 0)
		return r;
	*ret = take(form);
	return 0;
}

int
disclosure_minors(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *table = json_obj(args, "document");
	autofree char *text = NULL;
	int r = consent_minors_check(table, reterr);

	if (r != 0)
		return r;
	if ((r = canon_text(table, &text, reterr)) != 0 || (r = law_minors(app, text)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "import_minors", json_str(table, "reviewed"), NULL)) != 0)
		return r;
	*ret = json_pack("{s:I, s:s}", "rows", (json_int_t)json_array_size(json_arr(table, "minors")), "reviewed",
	    json_str(table, "reviewed"));
	return *ret != NULL ? 0 : -ENOMEM;
}

/* The form of that consent: it discloses only what became of the member, and only to the court's program. */
static int
court_form(struct app *app, const struct case_row *row, json_t **ret, struct err *reterr)
{
	json_t *form = NULL, *consent;
	int r = disclosure_template(app, row, &form, reterr);

	if (r != 0)
		return r;
	consent = json_obj(form, "consent");
	if ((json_object_set_new(consent, "covers", json_string("proceedings")) |
	    json_object_set_new(consent, "purpose_code", json_string("proceedings")) |
	    json_object_set_new(consent, "purpose", json_string("To tell the court's program what became of it.")) |
	    json_object_set_new(consent, "what", json_pack("[s]", "outcome")) |
	    json_object_set_new(consent, "what_text", json_string("Whether the support began, and how it ended.")) |
	    json_object_del(form, "identity") | json_object_del(form, "need_detail")) != 0) {
		json_decref(form);
		return -ENOMEM;
	}
	*ret = form;
	return 0;
}

int
disclosure_proceedings(struct app *app, const struct case_row *row, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *consent = json_obj(args, "consent");
	autofree char *text = NULL;
	autoform struct form form = { 0 };
	char id[ID_LEN + 1];
	struct consent_row stored = { .id = id, .referral = row->id, .org = row->org, .granted_at = app_now(app) };
	int r;

	if (json_is_true(json_object_get(args, "template")))
		return court_form(app, row, ret, reterr);
	if (consent == NULL)
		return err_next(reterr, err_set(reterr, E_BAD, "consent: an object with the elements is missing"),
		    "cairn consent %s --template prints one to fill in", row->id);
	if (passing_by(app, consent))
		return err_set(reterr, E_REFUSED, "2: by this form we only pass on what came to us, which is nothing that became of the member here");
	id_new(app->world, id);
	if (json_object_set_new(consent, "id", json_string(id)) != 0)
		return -ENOMEM;
	if ((r = disclosure_judge(app, row, consent, publish_own_org(app), row->org, CONSENT_OUTCOME_CLASS, CONSENT_PROCEEDINGS, reterr)) != 0 ||
	    (r = look_up(app, row, consent, &form, reterr)) != 0)
		return r;
	/* It is sent to nobody, which is where another is held against its schema. */
	if ((r = event_check(&ev_consent_desc, consent, reterr)) != 0) {
		err_add(reterr, "consent");
		return r;
	}
	if ((r = canon_text(consent, &text, reterr)) != 0)
		return r;
	stored.consent = text;
	if ((r = consent_put(app->db, &stored)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "consent", row->id, stored.id)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "referral", row->id, "state", referral_state_name(row->r.state));
	return *ret != NULL ? 0 : -ENOMEM;
}
