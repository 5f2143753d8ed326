/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "domain/directory.h"
#include "domain/fields.h"
#include "feed.h"
#include "store/audit.h"
#include "store/dirstore.h"
#include "store/feedstore.h"

enum { NAME_MAX_BYTES = 64, SOURCE_MAX = 255, PARTS_MAX = 4 * DIRECTORY_MAX };

int
feed_bases(const json_t *records, json_t **ret)
{
	autojson json_t *bases = json_object();
	json_t *item;
	size_t i;

	if (bases == NULL)
		return -ENOMEM;
	json_array_foreach(records, i, item) {
		const char *source = json_str(item, "source");
		struct err err = { "" };
		/* A body without a canonical form is refused by who imports it. */
		autofree char *text = NULL;
		int r = source != NULL ? canon_text(json_obj(item, "body"), &text, &err) : E_BAD;

		if (r < 0)
			return r;
		if (r == 0 && json_object_set_new(bases, source, json_string(text)) != 0)
			return -ENOMEM;
	}
	*ret = take(bases);
	return 0;
}

/* Is member ${key} as the file said it last time? */
static int
keep_member(const json_t *base, const json_t *had, const char *key, json_t *body, unsigned *n)
{
	json_t *ours = json_object_get(had, key);

	/* Where it is from is the file's to say. */
	if (strcmp(key, "source") == 0 || json_equal(ours, json_object_get(base, key)) ||
	    json_equal(ours, json_object_get(body, key)) || (ours == NULL && json_object_get(body, key) == NULL))
		return 0;
	++*n;
	if (ours != NULL)
		return json_object_set(body, key, ours) == 0 ? 0 : -ENOMEM;
	return json_object_del(body, key) == 0 ? 0 : -ENOMEM;
}

int
feed_merge(struct app *app, const char *source, const char *had_text, json_t *body, unsigned *ret_n)
{
	autofree char *base_text = NULL;
	autojson json_t *base = NULL, *had = NULL;
	unsigned n = 0, hidden;
	const char *key;
	json_t *v;
	int r = feed_base(app->db, source, &base_text);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = canon_stored(base_text, &base)) != 0 || (r = canon_stored(had_text, &had)) != 0)
		return r;
	/* That a place became confidential is no edit of the list of places: it is hidden in the new one too. */
	if ((r = fields_hide(had, base, &hidden)) != 0)
		return r;
	json_object_foreach(had, key, v)
		if (r == 0)
			r = keep_member(base, had, key, body, &n);
	json_object_foreach(base, key, v)
		if (r == 0 && json_object_get(had, key) == NULL)
			r = keep_member(base, had, key, body, &n);
	if (r == 0)
		*ret_n = n;
	return r;
}

struct gone {
	struct app	*app;
	const json_t	*bases;
	json_t		*list;
};

static int
add_gone(void *cookie, const char *source, const char *text)
{
	struct gone *g = cookie;
	struct own_record rec;
	int r = 0;

	(void)text;
	if (*source == '\0' || json_object_get(g->bases, source) != NULL)
		return 0;
	if ((r = own_by_source(g->app->db, source, &rec)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (strcmp(rec.kind, "withdrawal") != 0 &&
	    json_array_append_new(g->list, json_pack("{s:s, s:s}", "id", rec.id, "source", source)) != 0)
		r = -ENOMEM;
	own_free(&rec);
	return r;
}

int
feed_gone(struct app *app, const char *name, const json_t *bases, json_t **ret)
{
	struct gone g = { app, bases, json_array() };
	int r = g.list == NULL ? -ENOMEM : name == NULL ? 0 : feed_parts(app->db, name, add_gone, &g);

	if (r < 0)
		json_decref(g.list);
	else
		*ret = g.list;
	return r < 0 ? r : 0;
}

static bool
name_ok(const char *name)
{
	size_t n = name != NULL ? strlen(name) : 0;

	return n > 0 && n <= NAME_MAX_BYTES && name[0] != '.' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

static int
check(const char *name, const json_t *parts, struct err *reterr)
{
	size_t bytes = 0, i;
	json_t *part;

	if (!name_ok(name))
		return err_set(reterr, E_BAD, "feed: name: letters, digits, '.', '_' and '-' are wanted, %d at most", NAME_MAX_BYTES);
	if (json_array_size(parts) == 0 || json_array_size(parts) > PARTS_MAX)
		return err_set(reterr, E_BAD, "feed: parts: between 1 and %d are wanted", PARTS_MAX);
	json_array_foreach(parts, i, part) {
		const char *source = json_str(part, "source"), *text = json_str(part, "text");

		if (source == NULL || text == NULL || strlen(source) > SOURCE_MAX)
			return err_set(reterr, E_BAD, "feed: parts[%zu]: source and text are wanted", i);
		bytes += strlen(text);
	}
	if (bytes > FEED_TEXT_MAX)
		return err_next(reterr, err_set(reterr, E_REFUSED, "the file has %zu bytes, %d can be kept", bytes, FEED_TEXT_MAX),
		    "split it into several files");
	return 0;
}

int
feed_keep(struct app *app, const json_t *feed, const json_t *bases, struct err *reterr)
{
	const char *name = json_str(feed, "name");
	json_t *parts = json_arr(feed, "parts"), *part;
	int64_t n = 0;
	size_t i;
	int r = check(name, parts, reterr);

	if (r == 0 && (r = feed_put(app->db, name, app_now(app), &n)) == E_REFUSED)
		r = err_next(reterr, err_set(reterr, r, "%d files are kept, that is all", FEED_MAX),
		    "cairn list feeds shows them; cairn forget NAME makes room, or give this one such a NAME with --feed");
	json_array_foreach(parts, i, part) {
		const char *source = json_str(part, "source");

		if (r == 0)
			r = feed_part_put(app->db, n, source, json_str(bases, source), json_str(part, "text"));
		if (r == -EEXIST)
			r = err_set(reterr, E_BAD, "feed: parts[%zu]: there are two of this source", i);
	}
	return r;
}

static int
put_part(void *cookie, const char *source, const char *text)
{
	return json_array_append_new(cookie, json_pack("{s:s, s:s}", "source", source, "text", text)) == 0 ? 0 : -ENOMEM;
}

int
feed_show(struct app *app, const char *name, json_t **ret)
{
	autojson json_t *parts = json_array();
	int r = parts != NULL ? feed_parts(app->db, name, put_part, parts) : -ENOMEM;

	if (r == 0 && json_array_size(parts) == 0)
		r = E_NOTFOUND;
	if (r != 0)
		return r;
	*ret = json_pack("{s:s, s:O}", "name", name, "parts", parts);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
put_feed(void *cookie, const char *name, int64_t at, int64_t records, int64_t bytes)
{
	return json_array_append_new(cookie, json_pack("{s:s, s:I, s:I, s:I}", "name", name, "at", (json_int_t)at,
	    "records", (json_int_t)records, "bytes", (json_int_t)bytes)) == 0 ? 0 : -ENOMEM;
}

int
feed_list(struct app *app, json_t *items)
{
	return feed_each(app->db, put_feed, items);
}

int
feed_remove(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *name = json_str(args, "name");
	int r = name != NULL ? feed_drop(app->db, name) : E_NOTFOUND;

	if (r == E_NOTFOUND)
		return err_set(reterr, r, "no file is kept under this name");
	if (r != 0 || (r = audit_add(app->db, app_now(app), actor, "forget", "directory", NULL)) != 0)
		return r;
	*ret = json_pack("{s:s}", "name", name);
	return *ret != NULL ? 0 : -ENOMEM;
}
