/* SPDX-License-Identifier: Apache-2.0 */
#include "shortlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "domain/trust.h"
#include "store/dirstore.h"

/* So many equals are named one by one; of more, all specialists are walked by id until one of them comes. */
enum { FEW = 512 };

struct entry {
	int64_t			 doc;
	struct match_guess	 guess;
};

/* A heap of entries, and those taken from it that are equals but for their ids. */
struct stream {
	struct entry		*heap;
	size_t			 n, size;
	struct entry		*equal;		/* Of many: by document. */
	size_t			 n_equal;
	struct shortlisted	*named;		/* Of few: by id, and ... */
	size_t			 n_named, next;	/* ... who is next. */
	struct rows		*walk;		/* Of many. */
};

struct shortlist {
	struct app		*app;
	struct stream		 stream[2];	/* Not excluded; excluded. */
};

static int
compare(const struct match_guess *a, const struct match_guess *b)
{
	int more = __builtin_popcount(a->excluded) - __builtin_popcount(b->excluded);

	if (more == 0)
		more = b->score - a->score;
	return more != 0 ? more : a->load - b->load;
}

static void
sink(struct stream *s, size_t i)
{
	for (size_t k; (k = 2 * i + 1) < s->n; i = k) {
		struct entry up;

		if (k + 1 < s->n && compare(&s->heap[k + 1].guess, &s->heap[k].guess) < 0)
			k++;
		if (compare(&s->heap[k].guess, &s->heap[i].guess) >= 0)
			break;
		up = s->heap[k];
		s->heap[k] = s->heap[i];
		s->heap[i] = up;
	}
}

static int
add(struct entry **list, size_t *n, size_t *size, const struct entry *e)
{
	struct entry *more;

	if (*n == *size) {
		if ((more = reallocarray(*list, 2 * *size + 256, sizeof(*more))) == NULL)
			return -ENOMEM;
		*list = more;
		*size = 2 * *size + 256;
	}
	(*list)[(*n)++] = *e;
	return 0;
}

struct reading {
	struct shortlist	*list;
	const struct match_plan	*plan;
	struct match_tally	*tally;
	const int64_t		*skip;		/* Documents. */
	size_t			 n_skip;
	int			 most;
	int64_t			 tile;
};

static int
take_guess(void *cookie, unsigned n, const struct match_guess *g)
{
	struct reading *r = cookie;
	struct stream *s = &r->list->stream[g->excluded != 0];
	const struct entry e = { .doc = r->tile << SEARCHSTORE_DOC_BITS | n, .guess = *g };

	return add(&s->heap, &s->n, &s->size, &e);
}

static int
read_tile(void *cookie, int64_t tile, uint64_t *bits)
{
	struct reading *r = cookie;

	for (size_t i = 0; i < r->n_skip; i++)
		if (r->skip[i] >> SEARCHSTORE_DOC_BITS == tile)
			bits[(r->skip[i] & (64 * SEARCHSTORE_TILE - 1)) / 64] &= ~(1ULL << (r->skip[i] & 63));
	r->tile = tile;
	return match_index_tile(r->plan, bits, searchstore_rank(tile << SEARCHSTORE_DOC_BITS) == 0, r->most, r->tally, take_guess, r);
}

struct gone {
	const struct trust	*trust;
	json_t			*orgs;
};

/* Whoever is no longer on the list publishes nothing here. */
static int
add_gone(void *cookie, const char *org)
{
	struct gone *g = cookie;

	return trust_org(g->trust, org) == NULL && json_array_append_new(g->orgs, json_string(org)) != 0 ? -ENOMEM : 0;
}

int
shortlist_ready(struct app *app, bool *ret)
{
	autofree int64_t *old = NULL;
	size_t n;
	int r = seen_unindexed(app->db, SEARCH_TERMS_VERSION, 1, &old, &n);

	if (r == 0)
		*ret = n == 0;
	return r;
}

int
shortlist_open(struct app *app, const struct match_wish *wish, const int64_t *skip, size_t n, int most, struct match_tally *tally,
    struct shortlist **ret)
{
	autojson json_t *orgs = json_array();
	autoshortlist struct shortlist *list = calloc(1, sizeof(*list));
	struct gone gone = { app->trust, orgs };
	struct match_plan plan;
	struct reading reading = { .list = list, .plan = &plan, .tally = tally, .skip = skip, .n_skip = n, .most = most };
	int r;

	if (orgs == NULL || list == NULL)
		return -ENOMEM;
	list->app = app;
	if ((r = seen_orgs(app->db, add_gone, &gone)) != 0 || (r = match_index_plan(wish, app_now(app), orgs, &plan)) != 0)
		return r;
	r = searchstore_sets(app->db, plan.set, plan.n, read_tile, &reading);
	match_index_free(&plan);
	for (size_t k = 0; k < 2 && r == 0; k++)
		for (size_t i = list->stream[k].n / 2; i-- > 0;)
			sink(&list->stream[k], i);
	if (r == 0)
		*ret = take(list);
	return r;
}

void
shortlist_free(struct shortlist *list)
{
	for (size_t i = 0; list != NULL && i < 2; i++) {
		db_done(list->stream[i].walk);
		free(list->stream[i].heap);
		free(list->stream[i].equal);
		free(list->stream[i].named);
	}
	free(list);
}

static int
by_id(const void *a, const void *b)
{
	const struct shortlisted *x = a, *y = b;
	int r = strcmp(x->id, y->id);

	return r != 0 ? r : (x->seen > y->seen) - (x->seen < y->seen);
}

static int
by_doc(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->doc > y->doc) - (x->doc < y->doc);
}

/* A document may be without a record for a moment: its number is free, and it is pending. */
static int
name_few(struct db *db, struct stream *s)
{
	int r = 0;

	free(s->named);
	s->n_named = s->next = 0;
	if ((s->named = calloc(s->n_equal + 1, sizeof(*s->named))) == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_equal && r >= 0; i++) {
		struct shortlisted *to = &s->named[s->n_named];

		if ((r = searchstore_name(db, s->equal[i].doc, &to->seen, to->id)) == 0)
			to->guess = s->equal[i].guess;
		s->n_named += r == 0;
	}
	if (s->n_named > 0)
		qsort(s->named, s->n_named, sizeof(*s->named), by_id);
	s->n_equal = 0;
	return r < 0 ? r : 0;
}

/* The best of the heap, with all that are as good. */
static int
take_equals(struct db *db, struct stream *s)
{
	size_t size = 0;
	int r = 0;

	free(s->equal);
	s->equal = NULL;
	s->n_equal = 0;
	if (s->n == 0)
		return E_NOTFOUND;
	while (r == 0 && s->n > 0 && (s->n_equal == 0 || compare(&s->heap[0].guess, &s->equal[0].guess) == 0)) {
		r = add(&s->equal, &s->n_equal, &size, &s->heap[0]);
		s->heap[0] = s->heap[--s->n];
		sink(s, 0);
	}
	if (r != 0)
		return r;
	if (s->n_equal <= FEW)
		return name_few(db, s);
	qsort(s->equal, s->n_equal, sizeof(*s->equal), by_doc);
	return searchstore_ids(db, NULL, &s->walk);
}

static int
walk(struct stream *s, struct shortlisted *ret)
{
	int r;

	while ((r = db_next(s->walk)) == 0) {
		const struct entry key = { .doc = db_int(s->walk, 0) };
		const struct entry *found = bsearch(&key, s->equal, s->n_equal, sizeof(key), by_doc);
		const char *id = found != NULL ? db_text(s->walk, 2) : NULL;

		if (found == NULL)
			continue;
		if (id == NULL)
			return -ENOMEM;
		ret->seen = db_int(s->walk, 1);
		ret->guess = found->guess;
		(void)snprintf(ret->id, sizeof(ret->id), "%s", id);
		return 0;
	}
	db_done(s->walk);
	s->walk = NULL;
	return r;
}

int
shortlist_next(struct shortlist *list, bool excluded, struct shortlisted *ret)
{
	struct stream *s = &list->stream[excluded];
	int r = 0;

	while (r == 0) {
		if (s->walk != NULL && (r = walk(s, ret)) != E_NOTFOUND)
			return r;
		if (s->next < s->n_named) {
			*ret = s->named[s->next++];
			return 0;
		}
		r = take_equals(list->app->db, s);
	}
	return r;
}
