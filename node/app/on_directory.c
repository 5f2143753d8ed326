/* SPDX-License-Identifier: Apache-2.0 */
/* on_directory: our directory, read through the channel by who does not follow the room. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "crypt/envelope.h"
#include "domain/fields.h"
#include "domain/trust.h"
#include "events.h"
#include "handlers.h"
#include "origin.h"
#include "store/casestore.h"
#include "store/dirstore.h"
#include "traffic.h"

#define TYPE_ANSWER	ID_NAMESPACE "directory.answer"

enum {
	ANSWER_MAX	= ENVELOPE_PLAIN_MAX - 2048,	/* Bytes of records in one answer. */
	ANSWER_RECORDS	= 50,
	ANSWERS_OPEN	= 4,				/* On their way to one partner; more queries wait. */
};

struct page {
	const struct ev_directory_query *query;
	char	(*ids)[ID_LEN + 1];
	size_t	 n, size;
};

static bool
is_asked(const struct ev_directory_query *query, const char *kind)
{
	for (size_t i = 0; i < query->n_kinds; i++)
		if (!strcmp(event_enum_text(&ev_directory_query_kinds_names, query->kinds[i]), kind))
			return true;
	return query->n_kinds == 0;
}

static int
add_id(void *cookie, const struct own_record *rec)
{
	struct page *page = cookie;

	if (rec->record == NULL || !is_asked(page->query, rec->kind) ||
	    (page->query->after != NULL && strcmp(rec->id, page->query->after) <= 0))
		return 0;
	if (page->n == page->size) {
		size_t size = page->size * 2 + 64;
		void *more = reallocarray(page->ids, size, sizeof(*page->ids));

		if (more == NULL)
			return -ENOMEM;
		page->ids = more;
		page->size = size;
	}
	(void)snprintf(page->ids[page->n++], ID_LEN + 1, "%s", rec->id);
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/*
 * Is it kept from them?  A node shows it to those for whom it is; nobody here knows whom a bot talks to, so that it gets what is for
 * anyone.
 */
static int
is_kept(const struct app *app, const char *org, const struct own_record *rec, const json_t *record, bool *ret)
{
	autojson json_t *draft = NULL;
	int r;

	*ret = false;
	if (trust_has_role(trust_org(app->trust, org), "node"))
		return 0;
	/* What was narrowed since it was published holds at once. */
	if ((r = canon_stored(rec->body, &draft)) == 0)
		*ret = fields_reader(rec->kind, json_obj(record, "body")) != FIELDS_ANYONE || fields_reader(rec->kind, draft) != FIELDS_ANYONE;
	return r;
}

/*
 * Add the record to the answer to ${org}, which is to forget it when it is withdrawn; E_EXISTS if the answer is full.  Of one that is too long, or
 * not for them, its number is there: the manifest counts it.
 */
static int
add_record(struct app *app, const char *org, const char *id, size_t *size, json_t *records, json_t *omitted)
{
	struct own_record rec;
	autojson json_t *value = NULL;
	size_t len;
	bool left_out;
	int r = own_get(app->db, id, &rec);

	if (r != 0)
		return r;
	len = strlen(rec.record);
	if ((r = canon_stored(rec.record, &value)) != 0 || (r = is_kept(app, org, &rec, value, &left_out)) != 0) {
		own_free(&rec);
		return r;
	}
	left_out = left_out || len > ANSWER_MAX;
	if (json_array_size(records) + json_array_size(omitted) == ANSWER_RECORDS || (!left_out && *size > 0 && *size + len > ANSWER_MAX))
		r = E_EXISTS;
	else if (left_out)
		r = json_array_append_new(omitted, json_pack("{s:s, s:I}", "id", id, "seq", (json_int_t)rec.seq)) != 0 ? -ENOMEM : 0;
	else if ((r = json_array_append_new(records, json_pack("{s:O}", "record", value)) != 0 ? -ENOMEM : 0) == 0)
		r = strcmp(rec.kind, "withdrawal") != 0 && strcmp(rec.kind, "manifest") != 0 ? read_put(app->db, id, org) : 0;
	if (r == 0 && !left_out)
		*size += len + sizeof("{\"record\":},");
	own_free(&rec);
	return r;
}

static int
answer(struct app *app, const struct origin *origin, const struct page *page)
{
	autojson json_t *records = json_array(), *omitted = json_array();
	autojson json_t *content = json_pack("{s:s, s:O}", "query", page->query->id, "records", records);
	char id[ID_LEN + 1], body[80];
	size_t size = 0, i;
	int r = content == NULL || omitted == NULL ? -ENOMEM : 0;

	for (i = 0; i < page->n && r == 0; i++)
		r = add_record(app, origin->org, page->ids[i], &size, records, omitted);
	if (r == E_EXISTS) {
		i--;
		r = json_object_set_new(content, "next", json_string(page->ids[i - 1])) != 0 ? -ENOMEM : 0;
	}
	if (r != 0)
		return r;
	(void)snprintf(body, sizeof(body), "%zu of our records%s.", json_array_size(records), i < page->n ? "; there are more" : "");
	if ((json_array_size(omitted) > 0 && json_object_set(content, "omitted", omitted) != 0) ||
	    json_object_set_new(content, "body", json_string(body)) != 0)
		return -ENOMEM;
	return traffic_send(app, origin->org, NULL, TYPE_ANSWER, content, id, origin->reason);
}

int
on_directory_query(struct app *app, const struct ev_directory_query *ev, const struct origin *origin)
{
	struct page page = { .query = ev };
	int64_t open;
	int r = traffic_open(app->db, origin->org, TYPE_ANSWER, &open);

	if (r == 0 && open >= ANSWERS_OPEN)
		return err_set(origin->reason, E_LATER, "%d answers are on their way to this partner already", ANSWERS_OPEN);
	if (r == 0 && (r = own_each(app->db, NULL, add_id, &page)) == 0) {
		if (page.n > 0)
			qsort(page.ids, page.n, sizeof(*page.ids), by_text);
		r = answer(app, origin, &page);
	}
	free(page.ids);
	return r;
}

int
on_directory_answer(struct app *app, const struct ev_directory_answer *ev, const struct origin *origin)
{
	(void)app, (void)ev;
	return err_set(origin->reason, E_REFUSED, "this node follows directories and asked for none");
}
