/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accounting.h"
#include "agreed.h"
#include "base/canon.h"
#include "base/id.h"
#include "disclosure.h"
#include "domain/consent_law.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "erase.h"
#include "named.h"
#include "publish.h"
#include "store/audit.h"
#include "store/consentstore.h"
#include "store/intakestore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"
#include "store/subject.h"
#include "trail.h"

/* Where no law says how long: the longest. */
enum { YEARS_MAX = 6, TEXT_MAX = 500 };

static json_t *
day(int64_t at)
{
	char text[WHEN_TEXT];

	return at != 0 ? json_string(when_print(at, text)) : json_null();
}

static json_t *
class_names(unsigned classes)
{
	autojson json_t *list = json_array();

	for (enum consent_bit i = 0; i < CONSENT_NCLASSES; i++)
		if (classes & 1u << i && json_array_append_new(list, json_string(consent_class_name(i))) != 0)
			return NULL;
	return take(list);
}

static const char *
org_name(const struct app *app, const char *org)
{
	const struct trust_org *known = org != NULL ? trust_org(app->trust, org) : NULL;

	return known != NULL ? known->name : NULL;
}

static int
write_down(struct app *app, const struct traffic *t, const json_t *consent)
{
	autojson json_t *content = NULL, *detail = NULL;
	autofree char *text = NULL;
	struct disclosed_row d = { .id = t->content_id, .whose = t->referral, .org = t->org, .at = app_now(app) };
	const char *via;
	bool scope;
	int r;

	if ((r = canon_stored(t->content, &content)) != 0)
		return r;
	/* A disclosure brings the one that it goes under. */
	if (json_obj(content, "consent") != NULL)
		consent = json_obj(content, "consent");
	d.consent = (char *)(uintptr_t)json_str(consent, "id");
	via = json_str(json_obj(consent, "via"), "org");
	if ((r = consent_scoped(consent, json_str(content, "scope"), &scope)) != 0)
		return r;
	detail = json_pack("{s:o, s:s*, s:s*, s:s*, s:b, s:b, s:b}", "what", class_names(disclosure_classes(content)), "to",
	    org_name(app, t->org), "law", json_str(consent, "law"), "purpose", json_str(consent, "purpose"), "notice",
	    consent_noticed(consent, json_str(content, "notice")), "scope", scope, "as_intermediary", via != NULL && publish_own_org(app) != NULL &&
	    !strcmp(via, publish_own_org(app)));
	if (detail == NULL || (text = json_text(detail, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	d.detail = text;
	if ((r = disclosed_put(app->db, &d)) != 0)
		return r;
	return audit_case(app->db, d.at, "node", "disclose", t->referral, t->content_id);
}

int
accounting_leaves(struct app *app, const char *content_id)
{
	autojson json_t *consent = NULL;
	struct case_row row;
	struct traffic t;
	bool discloses;
	int r = disclosed_has(app->db, content_id);

	if (r != E_NOTFOUND)
		return r;
	if ((r = traffic_get(app->db, content_id, &t)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = named_discloses(app, &t, &discloses)) == 0 && discloses && t.content != NULL && t.referral != NULL &&
	    (r = case_get(app->db, t.referral, &row)) == 0) {
		/* It was judged a moment ago. */
		if ((r = agreed_consent(app, &row, &consent)) == 0)
			r = write_down(app, &t, consent);
		case_free(&row);
	}
	traffic_free(&t);
	return r;
}

int
accounting_arrived(struct app *app, const char *content_id)
{
	return disclosed_arrived(app->db, content_id, app_now(app));
}

/*
 * For people.
 */

struct accounting {
	struct app	*app;
	json_t		*disclosures, *consents, *holds;
	long long	 older;		/* Disclosures that no law asks for any more. */
	int		 r;
};

/* The entry of ${holds} for that holder, made if there is none. */
static json_t *
holder_entry(struct accounting *a, const char *org, const char *name, int64_t since)
{
	json_t *entry;
	size_t i;

	json_array_foreach(a->holds, i, entry) {
		const char *known = json_str(entry, "org"), *called = known == NULL ? json_str(entry, "name") : NULL;
		const char *theirs = org != NULL ? known : called, *wanted = org != NULL ? org : name;

		if (theirs != NULL && wanted != NULL && !strcmp(theirs, wanted))
			return entry;
	}
	entry = json_pack("{s:s*, s:s*, s:[], s:o, s:b}", "org", org, "name", name, "what", "since", day(since), "arrived", 0);
	return json_array_append(a->holds, entry) == 0 ? (json_decref(entry), entry) : NULL;
}

static int
add_what(json_t *entry, const json_t *what)
{
	json_t *have = json_arr(entry, "what");

	for (size_t i = 0; i < json_array_size(what); i++) {
		size_t j = 0;

		while (j < json_array_size(have) && !json_equal(json_array_get(have, j), json_array_get(what, i)))
			j++;
		if (j == json_array_size(have) && json_array_append(have, json_array_get(what, i)) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int
each_disclosed(void *cookie, const struct disclosed_row *d)
{
	struct accounting *a = cookie;
	autojson json_t *detail = NULL;
	const struct consent_profile *law;
	json_t *entry;
	int years, r = canon_stored(d->detail, &detail);

	if (r != 0)
		return r;
	if ((entry = holder_entry(a, d->org, json_str(detail, "to"), d->at)) == NULL ||
	    (d->arrived != 0 && json_object_set_new(entry, "arrived", json_true()) != 0) ||
	    (d->consent == NULL && json_object_set_new(entry, "emergency", json_true()) != 0))
		return -ENOMEM;
	if ((r = add_what(entry, json_arr(detail, "what"))) != 0)
		return r;
	law = consent_profile(json_str(detail, "law"));
	years = law != NULL ? law->accounting_years : YEARS_MAX;
	if (d->at < app_now(a->app) - years * 366LL * WHEN_DAY) {
		a->older++;
		return 0;
	}
	if (json_object_set_new(detail, "id", json_string(d->id)) != 0 || json_object_set_new(detail, "at", day(d->at)) != 0 ||
	    json_object_set_new(detail, "arrived", day(d->arrived)) != 0 ||
	    (d->org != NULL && json_object_set_new(detail, "org", json_string(d->org)) != 0) ||
	    json_object_set_new(detail, d->consent != NULL ? "consent" : "emergency", d->consent != NULL ? json_string(d->consent) :
	    json_true()) != 0 || json_array_append(a->disclosures, detail) != 0)
		return -ENOMEM;
	return 0;
}

struct telling {
	struct accounting	*account;
	json_t		*told;
};

static int
each_holder(void *cookie, const struct holder_row *h)
{
	struct telling *t = cookie;
	autojson json_t *answer = NULL;
	const char *name = org_name(t->account->app, h->org);
	json_t *item, *entry;
	size_t i;
	int r;

	if (h->detail != NULL && (r = canon_stored(h->detail, &answer)) != 0)
		return r;
	item = json_pack("{s:s, s:s*, s:o, s:o, s:s}", "org", h->org, "name", name, "told", day(h->told), "acknowledged",
	    day(h->acked), "state", h->acked != 0 ? "acknowledged" : h->told == 0 ? "could not be told: not on the trust list" :
	    h->due <= app_now(t->account->app) ? "not acknowledged in time: speak to its staff" : "told");
	if (item == NULL || json_array_append_new(t->told, item) != 0)
		return -ENOMEM;
	/* What they say themselves is the newest that is known. */
	json_array_foreach(t->account->holds, i, entry)
		if (answer != NULL && json_str(entry, "org") != NULL && !strcmp(json_str(entry, "org"), h->org) &&
		    json_object_update(entry, answer) != 0)
			return -ENOMEM;
	return 0;
}

/* In force, or since when not. */
static int
add_state(struct accounting *a, const struct consent_row *c, const json_t *consent, json_t *item)
{
	const json_t *expires = json_obj(consent, "expires");
	const char *kind = json_str(expires, "kind"), *state = "in force";
	autojson json_t *how = NULL;
	struct revocation_row v = { 0 };
	int64_t since = 0;
	int r = revocation_get(a->app->db, c->id, c->org, &v);

	if (r == 0) {
		state = v.ended ? "ended: the event that it names has happened" : "revoked";
		since = v.at;
		if (v.detail != NULL && (r = canon_stored(v.detail, &how)) == 0 && json_object_update(item, how) != 0)
			r = -ENOMEM;
		revocation_row_free(&v);
	} else if (r == E_NOTFOUND) {
		r = 0;
		if (kind != NULL && !strcmp(kind, "date") && json_int(expires, "at", 0) <= app_now(a->app)) {
			state = "expired";
			since = json_int(expires, "at", 0);
		}
	}
	if (r != 0)
		return r > 0 ? ERR_CORRUPT : r;
	return json_object_set_new(item, "state", json_string(state)) != 0 || json_object_set_new(item, "since", day(since)) != 0 ? -ENOMEM : 0;
}

static int
each_consent(void *cookie, const struct consent_row *c)
{
	struct accounting *a = cookie;
	autojson json_t *consent = NULL, *item = NULL;
	struct telling t = { a, NULL };
	const struct consent_profile *law;
	int r = canon_stored(c->consent, &consent);

	if (r != 0)
		return r;
	law = consent_profile(json_str(consent, "law"));
	item = json_pack("{s:s, s:s*, s:s*, s:o, s:[], s:s*}", "id", c->id, "law", json_str(consent, "law"), "purpose",
	    json_str(consent, "purpose"), "given", day(c->granted_at), "told", "rights", law != NULL ? law->rights : NULL);
	if (item == NULL)
		return -ENOMEM;
	t.told = json_arr(item, "told");
	if ((r = add_state(a, c, consent, item)) != 0 || (r = holder_each(a->app->db, c->id, each_holder, &t)) != 0)
		return r;
	return json_array_append(a->consents, item) != 0 ? -ENOMEM : 0;
}

/* What came to us is held here. */
static int
add_own(struct accounting *a, const struct case_row *row)
{
	autojson json_t *what = NULL;
	unsigned classes = 0;
	json_t *entry;
	int r = row != NULL && row->r.side == REFERRAL_AT_TARGET ? agreed_held(a->app, row, &classes) : 0;

	if (r != 0 || classes == 0)
		return r;
	what = class_names(classes);
	entry = holder_entry(a, publish_own_org(a->app), "this organization", row->updated);
	if (what == NULL || entry == NULL || json_object_set_new(entry, "arrived", json_true()) != 0)
		return -ENOMEM;
	return add_what(entry, what);
}

/* ${row} is NULL of who is no referral, and once it was erased: the account is kept for its legal term. */
static int
account_of(struct app *app, const char *whose, const struct case_row *row, json_t **ret)
{
	struct accounting a = { .app = app, .disclosures = json_array(), .consents = json_array(), .holds = json_array() };
	autojson json_t *out = json_pack("{s:s, s:o, s:o, s:o}", row != NULL ? "referral" : "id", whose, "disclosures", a.disclosures, "consents",
	    a.consents, "holds", a.holds);
	int r;

	if (out == NULL)
		return -ENOMEM;
	if ((r = add_own(&a, row)) != 0 || (r = disclosed_each(app->db, whose, each_disclosed, &a)) != 0 ||
	    (r = consent_each(app->db, whose, each_consent, &a)) != 0)
		return r;
	if (json_object_set_new(out, "older", json_integer(a.older)) != 0)
		return -ENOMEM;
	*ret = take(out);
	return 0;
}

static int
account_by_id(struct app *app, const char *whose, json_t **ret)
{
	struct case_row row;
	int r = case_get(app->db, whose, &row), known = r;

	if (r != 0 && r != E_NOTFOUND)
		return r;
	r = account_of(app, whose, known == 0 ? &row : NULL, ret);
	if (known == 0)
		case_free(&row);
	return r;
}

/* What the account calls them: a referral, case or match by its id, a person as the subject. */
static const char *
whose_of(const char *subject)
{
	return !strncmp(subject, "referral:", 9) ? subject + 9 : subject;
}

static int
find_lost(void *cookie, const char *id, const char *org)
{
	(void)id;
	(void)org;
	*(bool *)cookie = true;
	return 0;
}

/* All that was asked for one person, together. */
struct together {
	struct app	*app;
	const char	*actor;
	json_t		*out;
};

/* What an account says, after what others say; ${kind}, unless NULL: each says of which referral or match. */
static int
add_account(json_t *out, const json_t *one, const char *kind, const char *id)
{
	static const char *const parts[] = { "disclosures", "consents", "holds" };
	json_t *item;
	size_t i;

	for (size_t p = 0; p < nelem(parts); p++)
		json_array_foreach(json_arr(one, parts[p]), i, item)
			if ((kind != NULL && json_object_set_new(item, kind, json_string(id)) != 0) ||
			    json_array_append(json_arr(out, parts[p]), item) != 0)
				return -ENOMEM;
	return json_object_set_new(out, "older", json_integer(json_int(out, "older", 0) + json_int(one, "older", 0))) != 0 ? -ENOMEM : 0;
}

/* A key is lost: what can be read of the others is told, and of this that it cannot. */
static int
add_unreadable(json_t *out, const char *id)
{
	return json_array_append_new(json_arr(out, "unreadable"), json_string(id)) != 0 ? -ENOMEM : 0;
}

/* A referral, or a match that none led to. */
static int
each_theirs(void *cookie, const char *id)
{
	struct together *t = cookie;
	autojson json_t *one = NULL;
	const char *kind;
	bool lost = false;
	int r = case_lost_each(t->app->db, id, find_lost, &lost);

	if (r == 0)
		r = account_by_id(t->app, id, &one);
	if (lost || r == E_NOTFOUND)
		return r < 0 ? r : add_unreadable(t->out, id);
	if (r != 0)
		return r;
	kind = json_str(one, "referral") != NULL ? "referral" : "match";
	if (*kind == 'r' && json_array_append_new(json_arr(t->out, "referrals"), json_string(id)) != 0)
		return -ENOMEM;
	r = add_account(t->out, one, kind, id);
	return r != 0 ? r : audit_case(t->app->db, app_now(t->app), t->actor, "accounting", id, NULL);
}

static int
each_part(void *cookie, const char *subject)
{
	return strncmp(subject, "referral:", 9) != 0 ? 0 : each_theirs(cookie, subject + 9);
}

/* As cairn erase finds them.  ${own}: what is written down of them beside any referral, or NULL: it cannot be read. */
static int
account_of_person(struct app *app, const char *actor, const char *subject, const json_t *own, json_t **ret)
{
	const char *whose = whose_of(subject);
	autojson json_t *out = json_pack("{s:s, s:[], s:[], s:[], s:[], s:[]}", "id", whose, "referrals", "disclosures", "consents", "holds", "unreadable");
	struct together t = { app, actor, out };
	int r = out == NULL ? -ENOMEM : own != NULL ? add_account(out, own, NULL, NULL) : add_unreadable(out, whose);

	if (r != 0)
		return r;
	if ((r = erase_parts(app, subject, each_part, &t)) == 0)
		*ret = take(out);
	return r;
}

int
accounting_holds(struct app *app, const char *whose, json_t **ret)
{
	autojson json_t *all = NULL;
	int r = account_by_id(app, whose, &all);

	if (r == 0)
		*ret = json_incref(json_object_get(all, "holds"));
	return r;
}

static int
say_lost(const char *id, struct err *reterr)
{
	return err_next(reterr, err_set(reterr, E_NOTFOUND, "what was written down of %s cannot be read: its key is lost", id), "cairn doctor says what else is");
}

int
accounting_whom(struct app *app, const char *id, char ret[SUBJECT_NAME], struct err *reterr)
{
	bool lost = false;
	int64_t pid;
	int r;

	if (id == NULL)
		return err_set(reterr, E_BAD, "id: of whom? The id of a referral, a case or a match, or a user id such as @ana:example.org");
	if (*id == '@') {
		if ((r = erase_whom(app, id, &pid, reterr)) == 0)
			(void)subject_person(pid, ret);
		return r;
	}
	if ((r = trail_subject(app, id, ret)) == E_NOTFOUND && (r = case_lost_each(app->db, id, find_lost, &lost)) == 0)
		r = E_NOTFOUND;
	if (lost)
		return say_lost(id, reterr);
	return r != E_NOTFOUND ? r : err_next(reterr, err_set(reterr, E_NOTFOUND, "there is no referral, case or match %s", id),
	    "cairn list referrals, cases and matches show them");
}

/* Of who was erased the id is all that is left: of a person that which cairn list erasures shows. */
static int
account_of_erased(struct app *app, const char *actor, const char *id, json_t **ret)
{
	autojson json_t *shown = NULL;
	char who[SUBJECT_NAME];
	int r;

	if (!id_is_own(id) && strncmp(id, "person:", 7) != 0)
		return E_NOTFOUND;
	if ((r = account_of(app, id, NULL, &shown)) != 0)
		return r;
	if (json_array_size(json_arr(shown, "disclosures")) + json_array_size(json_arr(shown, "consents")) == 0)
		return E_NOTFOUND;
	*ret = take(shown);
	/* Under the key that is there: another would be one for who was forgotten. */
	return audit_add(app->db, app_now(app), actor, "accounting", subject_legal(id, who), NULL);
}

int
accounting_run(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *id = json_str(args, "id");
	autojson json_t *shown = NULL, *all = NULL;
	char who[SUBJECT_NAME];
	int r = accounting_whom(app, id, who, reterr);

	if (r == E_NOTFOUND)
		return account_of_erased(app, actor, id, ret);	/* If it was none, accounting_whom has said so. */
	if (r != 0 || ((r = account_by_id(app, whose_of(who), &shown)) != 0 && r != E_NOTFOUND))
		return r;
	if (r == E_NOTFOUND && !strncmp(who, "referral:", 9))
		return say_lost(id, reterr);
	if (json_str(shown, "referral") == NULL && (r = account_of_person(app, actor, who, shown, &all)) != 0)
		return r;
	*ret = all != NULL ? take(all) : take(shown);
	return audit_add(app->db, app_now(app), actor, "accounting", who, NULL);
}

static bool
is_words(const json_t *form, const char *key)
{
	const char *s = json_str(form, key);

	return s != NULL && s[strspn(s, " \t\r\n")] != '\0' && strlen(s) <= TEXT_MAX;
}

/* 42 CFR 2.51(c): to whom and where, by whom, when, and the nature of the emergency. */
static int
check_emergency(struct app *app, const json_t *form, struct err *reterr)
{
	static const struct { const char *key, *what; } texts[] = { { "to", "the name of who received it" },
	    { "affiliation", "the facility they belong to" }, { "by", "the name of who disclosed it" },
	    { "nature", "the nature of the emergency" } };
	const json_t *what = json_arr(form, "what");
	int64_t at = json_int(form, "at", 0);

	for (size_t i = 0; i < nelem(texts); i++)
		if (!is_words(form, texts[i].key))
			return err_set(reterr, E_BAD, "%s: %s is missing (42 CFR 2.51)", texts[i].key, texts[i].what);
	if (json_array_size(what) == 0 || consent_classes(form) == 0)
		return err_set(reterr, E_BAD, "what: classes of what was disclosed are missing, such as identity, contact, need");
	if (at < 1 || at > app_now(app) + WHEN_SKEW)
		return err_set(reterr, E_BAD, "at: when it was disclosed is missing, or lies in the future");
	return 0;
}

/* Who is known only by what they sent may be forgotten for another; not whom this is written down of. */
static int
keep_person(struct app *app, const char *id)
{
	int64_t pid;

	return *id == '@' ? person_id(app->db, id, &pid) : 0;
}

int
accounting_emergency(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *whom = json_str(args, "id");
	const json_t *form = json_obj(args, "emergency");
	autofree char *text = NULL;
	char id[ID_LEN + 1], who[SUBJECT_NAME];
	struct disclosed_row d = { .id = id, .at = json_int(form, "at", 0), .arrived = json_int(form, "at", 0) };
	int r = accounting_whom(app, whom, who, reterr);

	if (r != 0)
		return r;
	if (json_is_true(json_object_get(args, "template"))) {
		*ret = json_pack("{s:{s:s, s:s, s:s, s:s, s:[s, s], s:I}}", "emergency", "to", "", "affiliation", "", "by", "", "nature", "",
		    "what", "identity", "need", "at", (json_int_t)app_now(app));
		return *ret != NULL ? 0 : -ENOMEM;
	}
	if ((r = check_emergency(app, form, reterr)) != 0 || (r = keep_person(app, whom)) != 0)
		return r;
	id_new(app->world, id);
	if ((text = json_text(form, JSON_COMPACT)) == NULL)
		return -ENOMEM;
	d.whose = (char *)(uintptr_t)whose_of(who);
	d.detail = text;
	if ((r = disclosed_put(app->db, &d)) != 0 || (r = audit_add(app->db, app_now(app), actor, "emergency", who, id)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "of", whom, "id", id);
	return *ret != NULL ? 0 : -ENOMEM;
}
