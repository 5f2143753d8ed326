/* SPDX-License-Identifier: Apache-2.0 */
#include "certify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/publication.h"
#include "domain/status.h"
#include "domain/trust.h"
#include "publish.h"
#include "store/dirstore.h"
#include "store/reading.h"
#include "store/statusstore.h"

enum { HELD = 16 };	/* An issuer has two; the others are opened again each time. */

struct held {
	char			*issuer, *uri;
	struct status_list	*list;		/* NULL: why not is in ${said}. */
	struct status_finding	 said;
};

struct certifier {
	struct app	*app;
	struct held	 held[HELD];
	size_t		 n;
};

static void
held_free(struct held *h)
{
	free(h->issuer);
	free(h->uri);
	status_free(h->list);
	*h = (struct held){ 0 };
}

int
certifier_new(struct app *app, struct certifier **ret)
{
	struct certifier *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return -ENOMEM;
	c->app = app;
	*ret = c;
	return 0;
}

void
certifier_free(struct certifier *c)
{
	for (size_t i = 0; c != NULL && i < HELD; i++)
		held_free(&c->held[i]);
	free(c);
}

/* The body of a stored record; E_NOTFOUND if it is of another kind. */
static int
body_of(const char *text, json_t **ret)
{
	autojson json_t *record = NULL;
	int r = canon_stored(text, &record);

	if (r != 0)
		return r;
	*ret = json_incref(json_obj(record, "body"));
	return *ret != NULL ? 0 : ERR_CORRUPT;
}

static int
partners_body(struct app *app, const char *org, const char *id, const char *kind, json_t **ret)
{
	struct seen_record rec;
	int r = seen_get(app->db, org, id, &rec);

	if (r != 0)
		return r;
	r = strcmp(rec.kind, kind) == 0 ? body_of(rec.record, ret) : E_NOTFOUND;
	seen_free(&rec);
	return r;
}

/* The search for one list. */
struct quest {
	struct app		*app;
	struct status_context	 context;
	struct held		*found;
};

/* The newest that is good; of none good, who came closest has the word. */
static int
consider(struct quest *q, const json_t *vc)
{
	struct status_list *list;
	struct status_finding said;
	int r = status_open(vc, &q->context, &list, &said);

	if (r != 0)
		return r;
	if (list != NULL && (q->found->list == NULL || status_issued(list) > status_issued(q->found->list))) {
		status_free(q->found->list);
		q->found->list = list;
		q->found->said = said;
		return 0;
	}
	if (q->found->list == NULL && said.verdict > q->found->said.verdict)
		q->found->said = said;
	status_free(list);
	return 0;
}

static int
consider_partners(void *cookie, const char *org, const char *id)
{
	struct quest *q = cookie;
	autojson json_t *vc = NULL;
	int r;

	/* Whoever is no longer on the list publishes nothing here. */
	if (trust_org(q->app->trust, org) == NULL)
		return 0;
	r = partners_body(q->app, org, id, "status_list", &vc);
	return r == 0 ? consider(q, vc) : r == E_NOTFOUND ? 0 : r;
}

static int
consider_own(void *cookie, const struct own_record *rec)
{
	struct quest *q = cookie;
	autojson json_t *vc = NULL;
	int64_t issued;
	const char *uri;
	int r = canon_stored(rec->body, &vc);

	if (r != 0)
		return r;
	uri = status_peek(vc, &issued);
	return uri != NULL && strcmp(uri, q->context.list) == 0 ? consider(q, vc) : 0;
}

static int
look_for(struct app *app, const char *issuer, const char *uri, struct held *h)
{
	struct quest q = { .app = app, .found = h, .context = { .trust = app->trust, .issuer = issuer,
	    .list = uri, .now = app_now(app) } };
	bool reading;
	int r;

	h->said.verdict = STATUS_UNKNOWN;
	(void)err_set(&h->said.reason, 0, "no directory that we follow publishes the status list that it names");
	if ((r = newest_get(app->db, issuer, uri, &q.context.newest)) != 0 ||
	    (r = statuslist_each(app->db, uri, consider_partners, &q)) != 0 ||
	    (r = own_each(app->db, "status_list", consider_own, &q)) != 0)
		return r;
	if (h->list == NULL || status_issued(h->list) == q.context.newest)
		return 0;
	/* Also while somebody only looks: an older list is not believed after this one. */
	reading = db_reading(app->db, false);
	r = newest_put(app->db, issuer, uri, status_issued(h->list));
	(void)db_reading(app->db, reading);
	return r;
}

/* credential_lists.get */
static int
get(void *cookie, const char *issuer, const char *uri, const struct status_list **ret, struct status_finding *ret_said)
{
	struct certifier *c = cookie;
	struct held *h = NULL;
	int r;

	for (size_t i = 0; i < HELD && h == NULL; i++)
		if (c->held[i].uri != NULL && strcmp(c->held[i].uri, uri) == 0 &&
		    strcmp(c->held[i].issuer, issuer) == 0)
			h = &c->held[i];
	if (h == NULL) {
		h = &c->held[c->n++ % HELD];
		held_free(h);
		if ((r = look_for(c->app, issuer, uri, h)) != 0)
			return r;
		h->issuer = strdup(issuer);
		h->uri = strdup(uri);
		if (h->issuer == NULL || h->uri == NULL)
			return -ENOMEM;
	}
	*ret = h->list;
	*ret_said = h->said;
	return 0;
}

int
certify_credential(struct app *app, const char *org, const json_t *body, json_t **ret)
{
	const char *id = json_str(body, "credential_id"), *own = publish_own_org(app);
	struct own_record rec;
	int r;

	*ret = json_incref(json_obj(body, "credential"));
	if (*ret != NULL || id == NULL)
		return 0;
	if (own == NULL || strcmp(own, org) != 0)
		r = partners_body(app, org, id, "credential", ret);
	else if ((r = own_get(app->db, id, &rec)) == 0) {
		if (strcmp(rec.kind, "credential") == 0)
			r = canon_stored(rec.body, ret);
		own_free(&rec);
	}
	if (r == 0 && *ret != NULL && publication_over(*ret, app_now(app))) {
		json_decref(*ret);
		*ret = NULL;
	}
	/* The specialist's consent is no part of it. */
	(void)json_object_del(*ret, "consent");
	return r == E_NOTFOUND ? 0 : r <= 0 ? r : ERR_CORRUPT;
}

static void
judge_place(const json_t *subject, const char *region, struct credential_finding *f)
{
	const struct err certified = f->reason;
	enum eligibility_answer a = credential_holds(subject, region, &f->reason);

	if (a == ELIGIBILITY_NO)
		f->verdict = CREDENTIAL_UNCERTIFIED;
	else if (a == ELIGIBILITY_CANNOT_SAY)
		err_add(&f->reason, "%s", certified.text);
}

int
certify(struct certifier *c, const char *org, const char *kind, const json_t *body, const char *region, struct credential_finding *ret)
{
	const struct credential_lists lists = { get, c };
	struct credential_finding f = { .verdict = CREDENTIAL_UNCERTIFIED };
	autojson json_t *vc = NULL;
	int r = 0;

	if (strcmp(kind, "specialist") == 0) {
		if ((r = certify_credential(c->app, org, body, &vc)) != 0 || (r = credential_verify(vc, c->app->trust, json_str(body, "did"), &lists,
		    app_now(c->app), &f)) != 0)
			return r;
		if (f.verdict == CREDENTIAL_CERTIFIED && *region != '\0')
			judge_place(json_obj(vc, "credentialSubject"), region, &f);
	}
	*ret = (struct credential_finding){ .verdict = f.verdict, .status = f.status, .reason = f.reason };
	return 0;
}

int
certify_list(struct app *app, const char *org, const char *id, const json_t *body, struct err *reterr)
{
	const char *issuer = json_str(body, "issuer"), *uri;
	struct held h = { 0 };
	struct quest q = { .app = app, .found = &h, .context = { .trust = app->trust, .issuer = issuer,
	    .now = app_now(app) } };
	int64_t issued;
	int r;

	uri = status_peek(body, &issued);
	if (uri == NULL || issuer == NULL)
		return err_set(reterr, E_REFUSED, "the status list has no name");
	q.context.list = uri;
	if ((r = statuslist_put(app->db, org, uri, id)) != 0 ||
	    (r = newest_get(app->db, issuer, uri, &q.context.newest)) != 0 ||
	    (r = consider(&q, body)) != 0)
		return r;
	/* One that another signs for the issuer is judged when a credential names it. */
	if (h.list != NULL)
		r = newest_put(app->db, issuer, uri, status_issued(h.list));
	else if (h.said.verdict != STATUS_GOOD)
		r = err_set(reterr, E_REFUSED, "%s", h.said.reason.text);
	held_free(&h);
	return r;
}
