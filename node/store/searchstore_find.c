/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the index answers: tile by tile the documents of each wish are read and what is common to all is
 * kept; a tile ends with the first wish that leaves nothing.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "posting.h"
#include "postset.h"
#include "rows.h"
#include "searchstore.h"

enum {
	PREFIXES	= 3,
	ROWS_NEAR	= 1,	/* Rows read in the time in which the distance of a document is looked at, */
	ROWS_LOOK	= 8,	/* and all of it. */
};

/* A document whose postings are old. */
struct fresh {
	int64_t	 doc;
	char	*lines;		/* "\n" before the first. */
};

struct hunt {
	struct db			*db;
	const struct search_plan	*plan;		/* NULL: only sets. */
	const struct search_wish	*wish;		/* Of the plan, or the sets. */
	size_t				 n;
	struct postset			 set[SEARCHSTORE_SETS];		/* Of each wish. */
	struct postset			 all;				/* What there is. */
	size_t				 order[SEARCH_PLAN_MAX];	/* In which wishes are read, those that take no reading first. */
	struct fresh			*fresh;
	size_t				 n_fresh;
};

static void
close_hunt(struct hunt *h)
{
	for (size_t i = 0; i < h->n; i++)
		postset_free(&h->set[i]);
	postset_free(&h->all);
	for (size_t i = 0; i < h->n_fresh; i++)
		free(h->fresh[i].lines);
	free(h->fresh);
}

/* All words that begin with ${word}, a letter and then what was typed. */
static int
add_beginning(struct hunt *h, size_t wish, const char *word)
{
	autorows struct rows *rows = NULL;
	char end[SEARCH_WORD + 2];
	size_t few = searchstore_beginning(word + 1, PREFIXES), n = 0;
	int r;

	if (word[1 + few] != '\0') {
		(void)snprintf(end, sizeof(end), "%s\xff", word);
		if ((r = db_query(h->db, &rows, Q_SEARCH_WORD_RANGE, "tti", word, end, (int64_t)SEARCHSTORE_WORDS + 1)) != 0)
			return r;
		while ((r = db_next(rows)) == 0 && n++ < SEARCHSTORE_WORDS) {
			const char *found = db_text(rows, 0);

			if (found == NULL || (r = postset_add(&h->set[wish], searchstore_term(*found, found + 1, strlen(found + 1)))) != 0)
				return r != 0 ? r : -ENOMEM;
		}
		if (r != 0)
			return r == E_NOTFOUND ? 0 : r;
		h->set[wish].n = 0;
	}
	return postset_add(&h->set[wish], searchstore_term((char)toupper(*word), word + 1, few));
}

static int
open_wish(struct hunt *h, size_t wish)
{
	const struct search_wish *w = &h->wish[wish];
	int r = 0;

	for (const char *p = w->lines.data, *end; r == 0 && p != NULL && (end = strchr(p, '\n')) != NULL; p = end + 1) {
		char word[SEARCH_WORD + 1];

		if (w->begins) {
			(void)snprintf(word, sizeof(word), "%.*s", (int)(end - p), p);
			r = add_beginning(h, wish, word);
		} else
			r = postset_add(&h->set[wish], searchstore_term(*p, p + 1, (size_t)(end - p) - 1));
	}
	return r;
}

static int
open_fresh(struct hunt *h)
{
	autorows struct rows *rows = NULL;
	struct fresh *at;
	int r = db_query(h->db, &rows, Q_SEARCH_PENDING_LIST, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		const char *lines = db_text(rows, 2);

		if (lines == NULL || (at = reallocarray(h->fresh, h->n_fresh + 1, sizeof(*at))) == NULL)
			return -ENOMEM;
		h->fresh = at;
		at[h->n_fresh].doc = db_int(rows, 0);
		if (asprintf(&at[h->n_fresh].lines, "\n%s", lines) < 0)
			return -ENOMEM;
		h->n_fresh++;
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* The fewer rows the sooner; but few records have a word in their name. */
static void
set_order(struct hunt *h)
{
	for (size_t i = 0, k; i < h->plan->n; i++) {
		size_t rows = *h->plan->wish[i].lines.data == SEARCH_TERM_NAME ? 0 : h->set[i].n;

		for (k = i; k > 0 && rows < h->set[h->order[k - 1]].n &&
		    *h->plan->wish[h->order[k - 1]].lines.data != SEARCH_TERM_NAME; k--)
			h->order[k] = h->order[k - 1];
		h->order[k] = i;
	}
}

static int
open_sets(struct db *db, const struct search_wish *sets, size_t n, struct hunt *h)
{
	int r;

	*h = (struct hunt){ .db = db, .wish = sets, .n = n };
	r = postset_add(&h->all, searchstore_term(*SEARCH_TERM_ALL, "", 0));
	for (size_t i = 0; i < n && r == 0; i++)
		r = open_wish(h, i);
	return r != 0 ? r : open_fresh(h);
}

static int
open_hunt(struct db *db, const struct search_plan *plan, struct hunt *h)
{
	int r = open_sets(db, plan->wish, plan->n, h);

	h->plan = plan;
	if (r == 0)
		set_order(h);
	return r;
}

/* Does a fresh document have a line of the wish? */
static int
fresh_has(const struct fresh *f, const struct search_wish *w, bool *ret)
{
	autobuf struct buf line = { 0 };

	*ret = false;
	for (const char *p = w->lines.data, *end; p != NULL && (end = strchr(p, '\n')) != NULL && !*ret; p = end + 1) {
		line.len = 0;
		if (buf_printf(&line, "\n%.*s%s", (int)(end - p), p, w->begins ? "" : "\n") != 0)
			return -ENOMEM;
		*ret = strstr(f->lines, line.data) != NULL;
	}
	return 0;
}

/* The documents of a tile that answer one wish, as they are now. */
static int
read_wish(struct hunt *h, size_t wish, int64_t tile, struct posting *ret)
{
	int r;

	*ret = (struct posting){ 0 };
	r = postset_read(h->db, &h->set[wish], tile, ret);
	for (size_t i = 0; i < h->n_fresh && r == 0; i++) {
		bool has;

		if (h->fresh[i].doc >> 16 != tile)
			continue;
		if ((r = fresh_has(&h->fresh[i], &h->wish[wish], &has)) == 0)
			posting_set(ret, h->fresh[i].doc & 0xffff, has);
	}
	return r;
}

static int
read_all(struct hunt *h, int64_t tile, struct posting *ret)
{
	int r;

	*ret = (struct posting){ 0 };
	r = postset_read(h->db, &h->all, tile, ret);
	for (size_t i = 0; i < h->n_fresh; i++)
		if (h->fresh[i].doc >> 16 == tile)
			posting_set(ret, h->fresh[i].doc & 0xffff, strstr(h->fresh[i].lines, "\n" SEARCH_TERM_ALL "\n") != NULL);
	return r;
}

/* The last number of a rank, below its first if there is none. */
static int
last_of(struct db *db, int64_t low, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_SEARCH_DOC_LAST, "ii", low, low + UINT32_MAX)) != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret = db_null(rows, 0) ? low - 1 : db_int(rows, 0);
	return 0;
}

/* Each tile from that of ${from} on, in order, to ${fn}. */
static int
each_tile(struct db *db, int64_t from, int (*fn)(void *, int64_t tile), void *cookie)
{
	int r = 0;

	for (int64_t rank = 0, last; rank < SEARCH_RANKS && r == 0; rank++) {
		int64_t low = rank << SEARCHSTORE_RANK_SHIFT;

		if (low + UINT32_MAX < from)
			continue;
		if ((r = last_of(db, low, &last)) != 0)
			return r;
		for (int64_t tile = (from > low ? from : low) >> 16; tile <= last >> 16 && last >= low && r == 0; tile++)
			r = fn(cookie, tile);
	}
	return r;
}

/* Of a tile: what is left by the wishes that have been read. */
struct searchstore_left {
	int64_t		 tile;
	uint64_t	 wishes;	/* Bit n: the nth of the plan. */
	bool		 any;
	struct posting	 docs;
};
_Static_assert((int)SEARCH_PLAN_MAX <= 64, "a bit for each wish");

void
searchstore_forget(struct searchstore_memo *memo)
{
	for (size_t i = 0; i < memo->n; i++)
		free(memo->at[i]);
	free(memo->at);
	*memo = (struct searchstore_memo){ 0 };
}

/* What is known of a tile; at first everything is left. */
static int
recall(struct searchstore_memo *memo, int64_t tile, struct searchstore_left **ret)
{
	struct searchstore_left **at;

	for (size_t i = 0; i < memo->n; i++)
		if (memo->at[i]->tile == tile) {
			*ret = memo->at[i];
			return 0;
		}
	if ((at = reallocarray(memo->at, memo->n + 1, sizeof(struct searchstore_left *))) == NULL)
		return -ENOMEM;
	memo->at = at;
	if ((at[memo->n] = malloc(sizeof(**at))) == NULL)
		return -ENOMEM;
	*ret = at[memo->n++];
	(*ret)->tile = tile;
	(*ret)->wishes = 0;
	(*ret)->any = true;
	memset(&(*ret)->docs, 0xff, sizeof((*ret)->docs));
	return 0;
}

struct walk {
	struct hunt	  hunt;
	struct searchstore_memo *memo;
	int64_t		  from;
	int		(*fn)(void *, int64_t, int64_t);
	void		 *cookie;
};

static int32_t
get32(const uint8_t *from)
{
	return (int32_t)(from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24);
}

/* Is one of the places as near as the plan wants? */
static bool
is_near(const struct search_plan *plan, struct rows *rows)
{
	size_t len = 0;
	const uint8_t *at = db_null(rows, 1) ? NULL : db_blob(rows, 1, &len);

	for (size_t i = 0; at != NULL && i + SEARCHSTORE_PLACE <= len; i += SEARCHSTORE_PLACE)
		if (place_within(plan->near, (struct place){ get32(at + i), get32(at + i + 4) }, plan->km))
			return true;
	return plan->km <= 0;
}

static int
show(struct walk *w, int64_t doc)
{
	struct rows *rows;
	int64_t seen = 0;
	int r;

	if ((r = db_query(w->hunt.db, &rows, Q_SEARCH_DOC_SEEN, "i", doc)) != 0)
		return r;
	if ((r = db_next(rows)) == 0 && is_near(w->hunt.plan, rows))
		seen = db_int(rows, 0);
	db_done(rows);
	return r == E_NOTFOUND || (r == 0 && seen == 0) ? 0 : r != 0 ? r : w->fn(w->cookie, doc, seen);
}

/* Reading the rows of a wish costs more than looking at each of the few documents that are left. */
static bool
is_idle(const struct hunt *h, size_t wish, size_t rows, const struct posting *left)
{
	size_t worth = h->plan->wish[wish].bit == SEARCH_BIT_NEAR ? ROWS_NEAR : ROWS_LOOK;

	return rows > worth && rows > worth * posting_count(left);
}

/* The documents of a tile that answer all wishes; false: none. */
static int
read_plan(struct walk *w, int64_t tile, struct posting *ret, bool *ret_any)
{
	const struct search_plan *plan = w->hunt.plan;
	struct searchstore_left *left;
	struct posting one;
	size_t cost[SEARCH_PLAN_MAX];
	int r = recall(w->memo, tile, &left);

	if (r != 0)
		return r;
	*ret = left->docs;
	*ret_any = left->any;
	for (size_t i = 0; i < plan->n; i++)
		cost[i] = postset_cost(&w->hunt.set[w->hunt.order[i]], tile);
	for (size_t i = 0; i < 2 * plan->n && *ret_any; i++) {
		size_t rows = cost[i % plan->n], wish = w->hunt.order[i % plan->n];

		if ((rows == 0) != (i < plan->n) || (left->wishes >> wish & 1) != 0 || is_idle(&w->hunt, wish, rows, ret))
			continue;
		if ((r = read_wish(&w->hunt, wish, tile, &one)) != 0)
			return r;
		*ret_any = posting_and(ret, &one);
		if (search_terms_same(&plan->wish[wish])) {
			left->any = posting_and(&left->docs, &one);
			left->wishes |= 1ULL << wish;
		}
	}
	return 0;
}

static int
walk_tile(void *cookie, int64_t tile)
{
	struct walk *w = cookie;
	struct posting found;
	bool any = true;
	int r = w->hunt.plan->n == 0 ? read_all(&w->hunt, tile, &found) : read_plan(w, tile, &found, &any);

	for (size_t i = 0; any && i < POSTING_BITS && r == 0; i++)
		for (uint64_t bits = found.bits[i]; bits != 0 && r == 0; bits &= bits - 1) {
			int64_t doc = tile << 16 | (int64_t)(64 * i) | __builtin_ctzll(bits);

			if (doc >= w->from)
				r = show(w, doc);
		}
	return r;
}

int
searchstore_walk(struct db *db, const struct search_plan *plan, struct searchstore_memo *memo, int64_t after,
    int (*fn)(void *, int64_t, int64_t), void *cookie)
{
	struct searchstore_memo own = { 0 };
	struct walk w = { .memo = memo != NULL ? memo : &own, .from = after + 1, .fn = fn, .cookie = cookie };
	int r = open_hunt(db, plan, &w.hunt);

	if (r == 0)
		r = each_tile(db, w.from, walk_tile, &w);
	close_hunt(&w.hunt);
	searchstore_forget(&own);
	return r;
}

struct count {
	struct hunt		 hunt;
	struct search_loss	*loss;
	struct posting		*set;			/* SEARCH_NFILTERS of them. */
};

static int
count_tile(void *cookie, int64_t tile)
{
	struct count *c = cookie;
	const struct search_plan *plan = c->hunt.plan;
	bool begun[SEARCH_NFILTERS] = { false };
	struct posting all, one;
	unsigned total;
	int r;

	if ((r = read_all(&c->hunt, tile, &all)) != 0)
		return r;
	c->loss->total += total = posting_count(&all);
	for (size_t i = 0; i < plan->n; i++) {
		enum search_bit bit = plan->wish[i].bit;

		if ((r = read_wish(&c->hunt, i, tile, &one)) != 0)
			return r;
		if (begun[bit])
			(void)posting_and(&c->set[bit], &one);
		else
			c->set[bit] = one;
		begun[bit] = true;
	}
	for (size_t i = 0; i < SEARCH_NFILTERS; i++) {
		if (!begun[i])
			continue;
		c->loss->removed[i] += total - posting_count(&c->set[i]);
		one = all;
		for (size_t k = 0; k < SEARCH_NFILTERS; k++)
			if (k != i && begun[k])
				(void)posting_and(&one, &c->set[k]);
		c->loss->without[i] += posting_count(&one);
	}
	return 0;
}

int
searchstore_count(struct db *db, const struct search_plan *plan, struct search_loss *ret)
{
	struct search_loss loss = { .total = 0 };
	autofree struct posting *set = calloc(SEARCH_NFILTERS, sizeof(*set));
	struct count c = { .loss = &loss, .set = set };
	int r;

	if (set == NULL)
		return -ENOMEM;
	if ((r = open_hunt(db, plan, &c.hunt)) == 0)
		r = each_tile(db, 0, count_tile, &c);
	close_hunt(&c.hunt);
	if (r == 0)
		*ret = loss;
	return r;
}

struct sets {
	struct hunt		 hunt;
	struct posting		*found;		/* Of each set. */
	int			(*fn)(void *, int64_t, uint64_t *);
	void			*cookie;
};
_Static_assert(sizeof(struct posting) == sizeof(uint64_t) * SEARCHSTORE_TILE, "the words of the sets follow each other");

static int
sets_tile(void *cookie, int64_t tile)
{
	struct sets *s = cookie;
	int r = 0;

	for (size_t i = 0; i < s->hunt.n && r == 0; i++)
		r = read_wish(&s->hunt, i, tile, &s->found[i]);
	return r != 0 ? r : s->fn(s->cookie, tile, s->found[0].bits);
}

int
searchstore_sets(struct db *db, const struct search_wish *sets, size_t n, int (*fn)(void *, int64_t, uint64_t *), void *cookie)
{
	autofree struct posting *found = calloc(n + 1, sizeof(*found));
	struct sets s = { .found = found, .fn = fn, .cookie = cookie };
	int r = found == NULL ? -ENOMEM : n > SEARCHSTORE_SETS ? E_BAD : open_sets(db, sets, n, &s.hunt);

	if (r == 0)
		r = each_tile(db, 0, sets_tile, &s);
	close_hunt(&s.hunt);
	return r;
}

int
searchstore_rank(int64_t doc)
{
	return SEARCH_RANKS - 1 - (int)(doc >> SEARCHSTORE_RANK_SHIFT);
}

int
searchstore_name(struct db *db, int64_t doc, int64_t *ret_seen, char ret_id[SEARCHSTORE_ID])
{
	autorows struct rows *rows = NULL;
	const char *id;
	int r;

	if ((r = db_query(db, &rows, Q_SEARCH_DOC_ID, "i", doc)) != 0 || (r = db_next(rows)) != 0)
		return r;
	if ((id = db_text(rows, 1)) == NULL)
		return -ENOMEM;
	*ret_seen = db_int(rows, 0);
	(void)snprintf(ret_id, SEARCHSTORE_ID, "%s", id);
	return 0;
}

int
searchstore_ids(struct db *db, const char *id, struct rows **ret)
{
	return id != NULL ? db_query(db, ret, Q_SEARCH_DOC_BY_ID, "t", id) : db_query(db, ret, Q_SEARCH_DOC_IDS, "");
}
