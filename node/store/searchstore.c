/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "posting.h"
#include "rows.h"
#include "searchstore.h"

enum { PREFIXES = 3 };

#define SINCE	(1LL << 53)	/* Above any time in ms: since when a record waits is below 0, and the lower, the longer. */

/* A term of a document, and the word it is, if it is one. */
struct term {
	int64_t		 id;
	const char	*word;
};

struct terms {
	struct term	*at;
	size_t		 n, size;
};

/* One bit to be set or cleared. */
struct change {
	int64_t		 row;
	const char	*word;
	uint16_t	 doc;
	bool		 on;
};

struct changes {
	struct change	*at;
	size_t		 n, size;
};

/* FNV-1a, spread.  Two terms of one number admit too much, which the check of each record rules out. */
int64_t
searchstore_term(char letter, const char *value, size_t len)
{
	uint64_t h = (14695981039346656037ULL ^ (unsigned char)letter) * 1099511628211ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)value[i]) * 1099511628211ULL;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ULL;
	return (int64_t)(h >> (SEARCHSTORE_TILE_BITS + 1)) << SEARCHSTORE_TILE_BITS;
}

size_t
searchstore_beginning(const char *word, size_t chars)
{
	size_t i = 0;

	for (; word[i] != '\0'; i++)
		if (((unsigned char)word[i] & 0xc0) != 0x80 && chars-- == 0)
			break;
	return i;
}

static int
add_term(struct terms *t, int64_t id, const char *word)
{
	struct term *at;

	if (t->n == t->size) {
		if ((at = realloc(t->at, (2 * t->size + 128) * sizeof(*at))) == NULL)
			return -ENOMEM;
		t->at = at;
		t->size = 2 * t->size + 128;
	}
	t->at[t->n++] = (struct term){ id, word };
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct term *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* The terms of ${lines}, whose line ends become NULs, sorted; the same may come twice. */
static int
read_terms(char *lines, struct terms *ret)
{
	char *end;
	int r = 0;

	ret->n = 0;
	for (char *p = lines; r == 0 && (end = strchr(p, '\n')) != NULL; p = end + 1) {
		bool word = *p == SEARCH_TERM_WORD || *p == SEARCH_TERM_NAME;
		size_t last = 0, len;

		*end = '\0';
		r = add_term(ret, searchstore_term(*p, p + 1, (size_t)(end - p) - 1), word ? p : NULL);
		for (size_t chars = 1; word && r == 0 && chars <= PREFIXES; chars++) {
			if ((len = searchstore_beginning(p + 1, chars)) > last)
				r = add_term(ret, searchstore_term((char)toupper(*p), p + 1, len), NULL);
			last = len;
		}
	}
	if (ret->n > 0)
		qsort(ret->at, ret->n, sizeof(*ret->at), by_id);
	return r;
}

static int
add_change(struct changes *c, int64_t doc, const struct term *term, bool on)
{
	struct change *at;

	if (c->n == c->size) {
		if ((at = realloc(c->at, (2 * c->size + 1024) * sizeof(*at))) == NULL)
			return -ENOMEM;
		c->at = at;
		c->size = 2 * c->size + 1024;
	}
	c->at[c->n++] = (struct change){ term->id | doc >> 16, term->word, (uint16_t)(doc & 0xffff), on };
	return 0;
}

/* Both are sorted: what is in one of them only is cleared or set. */
static int
compare(int64_t doc, const struct terms *old, const struct terms *new, struct changes *ret)
{
	size_t i = 0, k = 0;
	int r = 0;

	while (r == 0 && (i < old->n || k < new->n)) {
		int64_t a = i < old->n ? old->at[i].id : INT64_MAX, b = k < new->n ? new->at[k].id : INT64_MAX;

		if (a != b)
			r = add_change(ret, doc, a < b ? &old->at[i] : &new->at[k], b < a);
		for (int64_t id = a < b ? a : b; i < old->n && old->at[i].id == id;)
			i++;
		for (int64_t id = a < b ? a : b; k < new->n && new->at[k].id == id;)
			k++;
	}
	return r;
}

static int
by_row(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->row != y->row ? (x->row > y->row) - (x->row < y->row) : (int)x->doc - (int)y->doc;
}

/* A word that came into a tile, or left one, comes into the list of words, or leaves it with its last tile. */
static int
keep_word(struct db *db, const struct change *c, bool there)
{
	autorows struct rows *rows = NULL;
	int64_t tiles = (1LL << SEARCHSTORE_TILE_BITS) - 1;
	int r;

	if (c->word == NULL)
		return 0;
	if (there)
		return db_run(db, Q_SEARCH_WORD_ADD, "t", c->word);
	if ((r = db_query(db, &rows, Q_SEARCH_POST_ANY, "ii", c->row & ~tiles, c->row | tiles)) != 0)
		return r;
	r = db_next(rows);
	return r == E_NOTFOUND ? db_run(db, Q_SEARCH_WORD_DROP, "t", c->word) : r;
}

/* The ${n} changes of one row. */
static int
post(struct db *db, const struct change *c, size_t n)
{
	struct posting p = { 0 };
	uint8_t out[POSTING_MAX];
	struct rows *rows;
	const void *data;
	size_t len;
	bool held;
	int r;

	if ((r = db_query(db, &rows, Q_SEARCH_POST_GET, "i", c->row)) != 0)
		return r;
	if ((held = (r = db_next(rows)) == 0)) {
		data = db_blob(rows, 0, &len);
		r = data == NULL ? -ENOMEM : posting_read(&p, data, len);
	}
	db_done(rows);
	if (r != 0 && r != E_NOTFOUND)
		return r;
	for (size_t i = 0; i < n; i++)
		posting_set(&p, c[i].doc, c[i].on);
	if ((len = posting_write(&p, out)) > 0)
		r = db_run(db, Q_SEARCH_POST_PUT, "ib", c->row, out, len);
	else
		r = db_run(db, Q_SEARCH_POST_DROP, "i", c->row);
	return r != 0 || held == (len > 0) ? r : keep_word(db, c, len > 0);
}

/* Where lines of all pending documents are held while they are posted. */
struct texts {
	char	**at;
	size_t	  n, size;
};

static int
copy(struct texts *t, const char *text, char **ret)
{
	char **at;

	if (t->n == t->size) {
		if ((at = realloc(t->at, (2 * t->size + 64) * sizeof(*at))) == NULL)
			return -ENOMEM;
		t->at = at;
		t->size = 2 * t->size + 64;
	}
	if (text == NULL || (*ret = strdup(text)) == NULL)
		return -ENOMEM;
	t->at[t->n++] = *ret;
	return 0;
}

static int
collect(struct db *db, size_t most, struct texts *texts, struct changes *ret, int64_t *ret_last)
{
	autorows struct rows *rows = NULL;
	struct terms old = { 0 }, new = { 0 };
	int r = db_query(db, &rows, Q_SEARCH_PENDING_LIST, "");

	while (r == 0 && ret->n < most && (r = db_next(rows)) == 0) {
		char *was, *is;

		if ((r = copy(texts, db_text(rows, 1), &was)) == 0 && (r = copy(texts, db_text(rows, 2), &is)) == 0 &&
		    (r = read_terms(was, &old)) == 0 && (r = read_terms(is, &new)) == 0)
			r = compare(*ret_last = db_int(rows, 0), &old, &new, ret);
		/* The words of what is not shown any more are not to stay in the log. */
		if (r == 0 && *was != '\0' && *is == '\0')
			db_clean(db);
	}
	free(old.at);
	free(new.at);
	return r == E_NOTFOUND ? 0 : r;
}

static int
settle(struct db *db, size_t most)
{
	struct changes changes = { 0 };
	struct texts texts = { 0 };
	int64_t last = -1;
	int r = collect(db, most, &texts, &changes, &last);

	if (changes.n > 0)
		qsort(changes.at, changes.n, sizeof(*changes.at), by_row);
	for (size_t i = 0, n; r == 0 && i < changes.n; i += n) {
		for (n = 1; i + n < changes.n && changes.at[i + n].row == changes.at[i].row; n++)
			continue;
		r = post(db, changes.at + i, n);
	}
	while (texts.n > 0)
		free(texts.at[--texts.n]);
	free(texts.at);
	free(changes.at);
	return r == 0 ? db_run(db, Q_SEARCH_PENDING_CLEAR, "i", last) : r;
}

/* The one number that a statement answers; ${fallback} for NULL or no row. */
static int
number(struct db *db, enum query_id q, int64_t fallback, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, q, "");

	if (r != 0 || (r = db_next(rows)) < 0)
		return r;
	*ret = r == 0 && !db_null(rows, 0) ? db_int(rows, 0) : fallback;
	return 0;
}

int
searchstore_settle(struct db *db, int64_t least, size_t most, bool *ret_more)
{
	int64_t n;
	int r = number(db, Q_SEARCH_PENDING_COUNT, 0, &n);

	if (r == 0 && n >= least && n > 0 && (r = settle(db, most)) == 0)
		r = number(db, Q_SEARCH_PENDING_COUNT, 0, &n);
	if (r == 0)
		*ret_more = n > 0;
	return r;
}

/* A number for a document of this rank. */
static int
take_number(struct db *db, int rank, int64_t *ret)
{
	int64_t low = (int64_t)(SEARCH_RANKS - 1 - rank) << SEARCHSTORE_RANK_SHIFT;
	static const enum query_id queries[] = { Q_SEARCH_DOC_REUSE, Q_SEARCH_DOC_LAST };
	int r = E_NOTFOUND;

	for (size_t i = 0; i < nelem(queries) && r == E_NOTFOUND; i++) {
		autorows struct rows *rows = NULL;

		if ((r = db_query(db, &rows, queries[i], "ii", low, low + UINT32_MAX)) != 0 || (r = db_next(rows)) != 0)
			continue;
		*ret = db_null(rows, 0) ? low : db_int(rows, 0) + (int64_t)i;
	}
	return r == E_NOTFOUND ? ERR_DB : r;
}

/* Where the record is, if it is: its number and terms. */
static int
look_up(struct db *db, int64_t seen, int64_t *ret_doc, char **ret_terms)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_SEARCH_DOC_GET, "i", seen)) != 0 || (r = db_next(rows)) != 0)
		return r;
	*ret_doc = db_int(rows, 0);
	return rows_dup(rows, 1, ret_terms);
}

static int
release(struct db *db, int64_t doc, const char *terms)
{
	int r = db_run(db, Q_SEARCH_PENDING_ADD, "it", doc, terms);

	if (r == 0)
		r = db_run(db, Q_SEARCH_TERMS_DROP, "i", doc);
	return r != 0 ? r : db_run(db, Q_SEARCH_DOC_FREE, "i", doc);
}

int
searchstore_terms(struct db *db, int64_t seen, char **ret)
{
	int64_t doc;

	return look_up(db, seen, &doc, ret);
}

int
searchstore_drop(struct db *db, int64_t seen)
{
	autofree char *terms = NULL;
	int64_t doc;
	int r = look_up(db, seen, &doc, &terms);

	return r == E_NOTFOUND ? 0 : r != 0 ? r : release(db, doc, terms);
}

static void
put32(uint8_t *to, int32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)((uint32_t)n >> 8 * i);
}

int
searchstore_put(struct db *db, int64_t seen, int rank, int64_t due, const struct search_item *item, const char *terms)
{
	uint8_t places[SEARCHSTORE_PLACE * SEARCH_PLACES];
	autofree char *old = NULL;
	int64_t doc = -1;
	int r = look_up(db, seen, &doc, &old);

	if (r < 0)
		return r;
	if (r == 0 && doc >> SEARCHSTORE_RANK_SHIFT != SEARCH_RANKS - 1 - rank) {
		if ((r = release(db, doc, old)) != 0)
			return r;
		r = E_NOTFOUND;
	}
	if (r == E_NOTFOUND) {
		if ((r = take_number(db, rank, &doc)) != 0 || (r = db_run(db, Q_SEARCH_PENDING_ADD, "it", doc, "")) != 0)
			return r;
	} else if (strcmp(old, terms) != 0 && (r = db_run(db, Q_SEARCH_PENDING_ADD, "it", doc, old)) != 0)
		return r;
	for (size_t i = 0; i < item->n_places; i++) {
		put32(places + SEARCHSTORE_PLACE * i, item->places[i].lat);
		put32(places + SEARCHSTORE_PLACE * i + 4, item->places[i].lon);
	}
	r = db_run(db, Q_SEARCH_DOC_PUT, "iiibtt", doc, seen, due, item->n_places > 0 ? places : NULL, SEARCHSTORE_PLACE * item->n_places,
	    item->id, item->program);
	return r != 0 ? r : db_run(db, Q_SEARCH_TERMS_PUT, "it", doc, terms);
}

int
searchstore_borrowers(struct db *db, const char *org, const char *program, int64_t now)
{
	return db_run(db, Q_SEARCH_DOC_BORROWERS, "tti", program, org, now - SINCE);
}

int
searchstore_due(struct db *db, int64_t now, int64_t most, int64_t **ret, size_t *ret_n)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SEARCH_DOC_DUE, "ii", now, most);

	return r != 0 ? r : rows_ids(rows, ret, ret_n);
}

int
searchstore_next(struct db *db, int64_t *ret)
{
	return number(db, Q_SEARCH_DOC_NEXT_DUE, INT64_MAX, ret);
}
