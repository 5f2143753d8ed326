/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/directory.h"
#include "domain/match_index.h"
#include "domain/publication.h"
#include "hide.h"
#include "store/searchstore.h"

enum { HELD = 16 };	/* Of more, some are read again: as JSON the longest are some hundred kilobytes each. */

struct held {
	char			*org, *id;
	json_t			*body;
	struct program		 program;
};

struct programs {
	struct app		*app;
	struct held		 held[HELD];
	size_t			 n;
	struct program		 unread;
};

static void
held_free(struct held *h)
{
	free(h->org);
	free(h->id);
	json_decref(h->body);
	*h = (struct held){ 0 };
}

int
programs_new(struct app *app, struct programs **ret)
{
	struct programs *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -ENOMEM;
	p->app = app;
	*ret = p;
	return 0;
}

void
programs_free(struct programs *p)
{
	for (size_t i = 0; p != NULL && i < HELD; i++)
		held_free(&p->held[i]);
	free(p);
}

/* E_NOTFOUND: it is not known here, or nothing that a record may name; E_LATER: it is too long. */
static int
read_own(struct app *app, const char *id, json_t **ret, size_t *ret_bytes)
{
	struct own_record rec;
	int r = own_get(app->db, id, &rec);

	if (r != 0)
		return r;
	*ret_bytes = strlen(rec.body);
	r = strcmp(rec.kind, "program") == 0 ? canon_stored(rec.body, ret) : E_NOTFOUND;
	own_free(&rec);
	return r;
}

static int
read_seen(struct app *app, const char *org, const char *id, size_t most, json_t **ret, size_t *ret_bytes)
{
	autojson json_t *json = NULL;
	struct seen_record rec;
	int r = seen_get(app->db, org, id, &rec);

	if (r != 0)
		return r;
	*ret_bytes = strlen(rec.record);
	if (strcmp(rec.kind, "program") != 0 || directory_age(rec.expires_at, app_now(app), NULL) == DIRECTORY_EXPIRED)
		r = E_NOTFOUND;
	else
		r = *ret_bytes > most ? E_LATER : canon_stored(rec.record, &json);
	seen_free(&rec);
	if (r != 0)
		return r;
	/* What was purged has no body but that its consent is over. */
	if (publication_over(json_obj(json, "body"), app_now(app)))
		return E_NOTFOUND;
	if ((r = hide_partners(app, json_obj(json, "body"))) == 0)
		*ret = json_incref(json_obj(json, "body"));
	return r;
}

static int
hold(struct programs *p, const char *org, bool own, const char *id, size_t most, struct program **ret)
{
	struct held *h = &p->held[p->n % HELD];
	int r;

	held_free(h);
	r = own ? read_own(p->app, id, &h->body, &h->program.bytes) : read_seen(p->app, org, id, most, &h->body, &h->program.bytes);
	*ret = &p->unread;
	if (r == E_LATER || (r != 0 && r != E_NOTFOUND))
		return r == E_LATER ? 0 : r < 0 ? r : ERR_CORRUPT;
	h->org = strdup(org);
	h->id = strdup(id);
	if (h->org == NULL || h->id == NULL)
		return -ENOMEM;
	h->program.body = h->body;
	*ret = &h->program;
	p->n++;
	return 0;
}

int
programs_get(struct programs *p, const char *org, bool own, const json_t *body, size_t most, struct program **ret)
{
	const char *id = json_str(body, "program");

	*ret = NULL;
	if (id == NULL)
		return 0;
	for (size_t i = 0; i < HELD && *ret == NULL; i++)
		if (p->held[i].id != NULL && strcmp(p->held[i].id, id) == 0 && strcmp(p->held[i].org, org) == 0)
			*ret = &p->held[i].program;
	if (*ret == NULL)
		return hold(p, org, own, id, most, ret);
	(*ret)->bytes = 0;
	return 0;
}

int
program_lent(struct app *app, const struct seen_record *rec, const char *before, const char *after)
{
	return match_index_same(before, after) ? 0 : searchstore_borrowers(app->db, rec->org, rec->id, app_now(app));
}
