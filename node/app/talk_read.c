/* SPDX-License-Identifier: Apache-2.0 */
/* talk_read: a member looks for something to read: resources, and stories that their authors share with people like them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/directory.h"
#include "domain/fields.h"
#include "domain/search_item.h"
#include "domain/trust.h"
#include "find.h"
#include "publish.h"
#include "store/dirstore.h"
#include "talk.h"

enum { LOOKED = 40 };

static const char *const kinds[] = { "resource", "story" };

bool
talk_is_text(const char *kind)
{
	return kind != NULL && (strcmp(kind, kinds[0]) == 0 || strcmp(kind, kinds[1]) == 0);
}

/* One of them, ours or a partner's, as it is published. */
struct text {
	json_t		*record;
	const json_t	*body;
	const char	*kind, *from;	/* Whose; in words. */
};

static void
text_free(struct text *x)
{
	json_decref(x->record);
}
#define autotext __attribute__((cleanup(text_free)))

/* E_NOTFOUND: it is none, not there any more, or not for them. */
static int
text_open(struct app *app, const char *kind, const char *org, const char *record, int64_t expires_at, struct text *ret)
{
	const struct trust_org *of = trust_org(app->trust, org);
	const char *own = publish_own_org(app);
	bool ours = own != NULL && strcmp(own, org) == 0;
	int r;

	if (!talk_is_text(kind) || record == NULL || (!ours && (of == NULL || directory_age(expires_at, app_now(app), NULL) == DIRECTORY_EXPIRED)))
		return E_NOTFOUND;
	if ((r = canon_stored(record, &ret->record)) != 0)
		return r;
	ret->body = json_obj(ret->record, "body");
	ret->kind = strcmp(kind, kinds[0]) == 0 ? kinds[0] : kinds[1];
	ret->from = of != NULL ? of->name : app->cfg->organization;
	return fields_reader(ret->kind, ret->body) >= FIELDS_MEMBERS ? 0 : E_NOTFOUND;
}

/* Of ours; what its author has narrowed since it was published holds at once. */
static int
text_own(struct app *app, const char *org, const char *id, struct text *ret)
{
	autojson json_t *draft = NULL;
	struct own_record rec = { 0 };
	int r = own_get(app->db, id, &rec);

	if (r == 0 && (r = canon_stored(rec.body, &draft)) == 0)
		r = fields_reader(rec.kind, draft) >= FIELDS_MEMBERS ? text_open(app, rec.kind, org, rec.record, 0, ret) : E_NOTFOUND;
	own_free(&rec);
	return r;
}

static int
text_get(struct app *app, const char *org, const char *id, struct text *ret)
{
	const char *own = publish_own_org(app);
	struct seen_record theirs = { 0 };
	int r;

	if (own != NULL && strcmp(own, org) == 0)
		return text_own(app, org, id, ret);
	if ((r = seen_get(app->db, org, id, &theirs)) == 0) {
		r = text_open(app, theirs.kind, org, theirs.record, theirs.expires_at, ret);
		seen_free(&theirs);
	}
	return r;
}

/* "Source: Clinic; looked at by Team on 2026-07-01." and whether that is too long ago. */
static int
say_origin(struct talk *t, const struct text *x, struct buf *out)
{
	const json_t *review = json_obj(x->body, "review");
	struct err old = { "" };
	int r = buf_printf(out, "source: %s, looked at by %s on %s", json_str(json_obj(x->body, "source"), "name"), json_str(review, "by"), json_str(review, "day"));

	if (r == 0 && fields_aged(x->kind, x->body, app_now(t->app), &old) != 0)
		r = buf_printf(out, "; careful: %s", old.text);
	return r;
}

struct listing {
	struct talk		*talk;
	json_t			*found;
	const struct search_query *query;
	size_t			 left;		/* So many of this kind. */
};

static int
list_one(struct listing *l, const char *org, const char *id)
{
	autotext struct text x = { NULL };
	struct buf *out = &l->talk->say;
	size_t from = out->len;
	int r = l->left > 0 ? text_get(l->talk->app, org, id, &x) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	l->left--;
	if (json_array_append_new(l->found, json_pack("{s:s, s:s, s:s, s:s}", "id", id, "org", org, "name", json_str(x.body, "name"), "kind", x.kind)) != 0)
		return -ENOMEM;
	if ((r = buf_printf(out, "%zu. %s (", json_array_size(l->found), json_str(x.body, "name"))) == 0)
		r = strcmp(x.kind, kinds[1]) == 0 ? buf_printf(out, "what %s lived through, from %s", json_str(x.body, "author"), x.from) :
		    buf_printf(out, "to read, from %s; ", x.from);
	if (r == 0 && strcmp(x.kind, kinds[1]) != 0)
		r = say_origin(l->talk, &x, out);
	talk_one_line(out, from);
	return r != 0 ? r : buf_puts(out, ")\n");
}

/* Of our own, which no directory that we follow holds. */
static int
list_own(void *cookie, const struct own_record *rec)
{
	struct listing *l = cookie;
	autobuf struct buf words = { 0 };
	autojson json_t *record = NULL;
	const char *own = publish_own_org(l->talk->app);
	struct search_item item;
	unsigned pass, excluded;
	int r;

	if (rec->record == NULL || own == NULL || l->left == 0)
		return 0;
	if ((r = canon_stored(rec->record, &record)) != 0 || (r = search_item_read(rec->kind, own, json_obj(record, "body"), &words, &item)) != 0)
		return r;
	return search_check(l->query, &item, &pass, &excluded) == 0 ? list_one(l, own, rec->id) : 0;
}

int
talk_texts(struct talk *t, const char *words, size_t most, json_t *found)
{
	autojson json_t *args = json_pack("{s:s*, s:i}", "words", *words != '\0' ? words : NULL, "limit", LOOKED);
	struct search_query query;
	struct err why = { "" };
	json_t *row;
	size_t i;
	int r = 0;

	if (args == NULL)
		return -ENOMEM;
	if (search_item_query(args, &query, &why) != 0)
		return 0;
	for (size_t k = 0; k < nelem(kinds) && r == 0; k++) {
		struct listing l = { t, found, &query, most };
		autojson json_t *result = NULL;

		if (json_object_set_new(args, "kind", json_string(kinds[k])) != 0)
			return -ENOMEM;
		if ((r = own_each(t->app->db, kinds[k], list_own, &l)) == 0 && l.left > 0 && (r = find_run(t->app, args, &result, &why)) == 0)
			json_array_foreach(json_arr(result, "records"), i, row)
				if (r == 0)
					r = list_one(&l, json_str(row, "org"), json_str(row, "id"));
	}
	return r < 0 ? r : 0;
}

/* Somebody else's words, each line marked as theirs. */
static int
quote(const char *text, struct buf *out)
{
	int r = buf_puts(out, "\n");

	for (size_t n; r == 0 && *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		r = buf_printf(out, "\n> %.*s", (int)n, text);
	}
	return r;
}

static int
show(struct talk *t, const struct text *x)
{
	static const char *const parts[] = { "description", "text", "uri" };
	struct buf *out = &t->say;
	bool story = strcmp(x->kind, kinds[1]) == 0;
	size_t from = out->len;
	int r = buf_printf(out, "%s. ", json_str(x->body, "name"));

	if (r == 0)
		r = story ? buf_printf(out, "Told by %s on %s; from %s.", json_str(x->body, "author"), json_str(x->body, "told_on"), x->from) :
		    buf_printf(out, "From %s; ", x->from);
	if (r == 0 && !story && (r = say_origin(t, x, out)) == 0)
		r = buf_puts(out, ".");
	talk_one_line(out, from);
	if (r == 0 && fields_reader(x->kind, x->body) == FIELDS_MEMBERS)
		r = buf_puts(out, "\nIts author tells it to people like you, here: please do not pass it on.");
	for (size_t i = 0; i < nelem(parts) && r == 0; i++)
		if (json_str(x->body, parts[i]) != NULL)
			r = quote(json_str(x->body, parts[i]), out);
	return r;
}

static int
show_number(struct talk *t, size_t n)
{
	autotext struct text x = { NULL };
	const json_t *row = json_array_get(json_arr(t->state, "found"), n - 1);
	int r;

	if (row == NULL)
		return buf_puts(&t->say, "Which one? Write the number that stands before it, for example: !read 1. To look for something, write for example: !read sleep");
	if (!talk_is_text(json_str(row, "kind")))
		return buf_printf(&t->say, "There is nothing to read of that one. To ask them for support, without your name, write: !refer %zu", n);
	if ((r = text_get(t->app, json_str(row, "org"), json_str(row, "id"), &x)) == E_NOTFOUND)
		return buf_puts(&t->say, "That one is not there any more. Look again, for example: !read sleep");
	return r != 0 ? r : show(t, &x);
}

int
talk_read(struct talk *t, const char *words)
{
	enum { MOST = 5 };
	autojson json_t *found = NULL;
	size_t n = talk_choice(words);
	int r;

	(void)talk_drop(t);
	if (n > 0)
		return show_number(t, n);
	if ((found = json_array()) == NULL)
		return -ENOMEM;
	if ((r = talk_texts(t, words, MOST, found)) != 0)
		return r;
	if (json_object_set(t->state, "found", found) != 0)
		return -ENOMEM;
	if (json_array_size(found) == 0)
		return buf_puts(&t->say, "There is nothing to read for these words. Try fewer or others, such as: !read sleep. !find looks for people and groups.");
	return buf_puts(&t->say, "To read one, write for example: !read 1");
}
