/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/directory.h"
#include "manifest.h"
#include "store/dirstore.h"

#define MANIFEST	"manifest"

struct entries {
	struct directory_entry	*entry;
	size_t			 n, size;
};

static int
add(struct entries *e, const char *id, int64_t seq)
{
	if (e->n == e->size) {
		size_t size = e->size * 2 + 64;
		struct directory_entry *more = reallocarray(e->entry, size, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		e->entry = more;
		e->size = size;
	}
	if ((e->entry[e->n].id = strdup(id)) == NULL)
		return -ENOMEM;
	e->entry[e->n++].seq = seq;
	return 0;
}

static void
entries_free(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		free((char *)(uintptr_t)e->entry[i].id);
	free(e->entry);
}

static int
add_own(void *cookie, const struct own_record *rec)
{
	return rec->seq == 0 || !strcmp(rec->kind, MANIFEST) ? 0 : add(cookie, rec->id, rec->seq);
}

static int
add_counted(void *cookie, const char *id, int64_t seq)
{
	return add(cookie, id, seq);
}

int
manifest_own(struct db *db, int64_t now, json_t **ret)
{
	struct entries e = { 0 };
	int r = own_each(db, NULL, add_own, &e);

	if (r == 0)
		r = directory_manifest(e.entry, e.n, now, ret);
	entries_free(&e);
	return r;
}

int
manifest_check(struct db *db, const char *org, struct err *ret_reason)
{
	struct entries e = { 0 };
	autojson json_t *body = NULL;
	struct partner partner;
	bool unread = false;
	int64_t missing;
	int r = partner_get(db, org, &partner);

	if (r != 0)
		return r == E_NOTFOUND ? E_LATER : r;
	if ((r = proved_manifest(db, org, &unread)) == 0 && unread)
		r = err_set(ret_reason, E_BAD, "its newest manifest is not one that this node takes: nothing is held against it");
	else if (r == 0 && partner.manifest == NULL)
		r = E_LATER;
	else if (r == 0 && (r = canon_stored(partner.manifest, &body)) == 0 && (r = counted_each(db, org, add_counted, &e)) == 0)
		r = e.n > DIRECTORY_MAX ? err_set(ret_reason, E_BAD, "more than %d records came: nobody can tell whether that is all", DIRECTORY_MAX) :
		    directory_compare(body, e.entry, e.n, &missing, ret_reason);
	entries_free(&e);
	partner_free(&partner);
	return r;
}
