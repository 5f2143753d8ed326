/* SPDX-License-Identifier: Apache-2.0 */
#include "postset.h"

#include <errno.h>
#include <stdlib.h>

#include "rows.h"
#include "searchstore.h"

/* One row that is known: its bytes, or, with none, where it is. */
struct postset_row {
	int64_t	n;
	size_t	at, len;
};

int
postset_add(struct postset *s, int64_t term)
{
	int64_t *at = reallocarray(s->term, s->n + 1, sizeof(*at));

	if (at == NULL)
		return -ENOMEM;
	s->term = at;
	at[s->n++] = term;
	return 0;
}

void
postset_free(struct postset *s)
{
	free(s->term);
	free(s->row);
	buf_free(&s->bytes);
	*s = (struct postset){ .term = NULL };
}

static int
read_row(struct db *db, int64_t row, struct posting *p)
{
	autorows struct rows *rows = NULL;
	const void *data;
	size_t len;
	int r;

	if ((r = db_query(db, &rows, Q_SEARCH_POST_GET, "i", row)) != 0 || (r = db_next(rows)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	data = db_blob(rows, 0, &len);
	return data == NULL ? -ENOMEM : posting_read(p, data, len);
}

static int
keep_row(struct postset *s, size_t *size, struct rows *rows)
{
	struct postset_row *row = s->row;
	const void *data;
	size_t len = 0;
	int r = 0;

	if (s->n_rows == *size) {
		if ((row = reallocarray(s->row, 2 * *size + 64, sizeof(*row))) == NULL)
			return -ENOMEM;
		s->row = row;
		*size = 2 * *size + 64;
	}
	if (!db_null(rows, 1) && (data = db_blob(rows, 1, &len)) != NULL)
		r = buf_add(&s->bytes, data, len);
	row[s->n_rows++] = (struct postset_row){ .n = db_int(rows, 0), .at = s->bytes.len - len, .len = len };
	return r;
}

static int64_t
tile_of(const struct postset_row *row)
{
	return row->n & ((1LL << SEARCHSTORE_TILE_BITS) - 1);
}

static int
by_tile(const void *a, const void *b)
{
	int64_t x = tile_of(a), y = tile_of(b);

	return (x > y) - (x < y);
}

/* All that is left, from ${tile} on.  E_REFUSED: it is too much. */
static int
keep_rows(struct db *db, struct postset *s, int64_t tile)
{
	int64_t last = (1LL << SEARCHSTORE_TILE_BITS) - 1;
	size_t size = 0;
	int r = 0;

	for (size_t i = 0; i < s->n; i++) {
		autorows struct rows *rows = NULL;

		r = db_query(db, &rows, Q_SEARCH_POST_RUN, "iii", s->term[i] | tile, s->term[i] | last, (int64_t)POSTSET_SHORT);
		while (r == 0 && (r = db_next(rows)) == 0)
			if ((r = keep_row(s, &size, rows)) == 0 && s->bytes.len + s->n_rows * sizeof(*s->row) > POSTSET_BYTES)
				r = E_REFUSED;
		if (r != E_NOTFOUND)
			return r;
	}
	if (s->n_rows > 0)
		qsort(s->row, s->n_rows, sizeof(*s->row), by_tile);
	return 0;
}

static int
keep(struct db *db, struct postset *s, int64_t tile)
{
	int r = keep_rows(db, s, tile);

	s->state = r == 0 ? POSTSET_KEPT : POSTSET_FULL;
	if (r != 0) {
		free(s->row);
		s->row = NULL;
		s->n_rows = 0;
		buf_free(&s->bytes);
	}
	return r == E_REFUSED ? 0 : r;
}

/* The first kept row of the tile, or of one behind it. */
static const struct postset_row *
find(const struct postset *s, int64_t tile)
{
	size_t low = 0, high = s->n_rows;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tile_of(&s->row[mid]) < tile)
			low = mid + 1;
		else
			high = mid;
	}
	return s->row + low;
}

static bool
is_of(const struct postset *s, const struct postset_row *row, int64_t tile)
{
	return row < s->row + s->n_rows && tile_of(row) == tile;
}

int
postset_read(struct db *db, struct postset *s, int64_t tile, struct posting *p)
{
	int r = 0;

	if (s->state == POSTSET_ROWS && s->reads++ >= POSTSET_SINGLY && (r = keep(db, s, tile)) != 0)
		return r;
	if (s->state != POSTSET_KEPT) {
		for (size_t i = 0; i < s->n && r == 0; i++)
			r = read_row(db, s->term[i] | tile, p);
		return r;
	}
	for (const struct postset_row *row = find(s, tile); is_of(s, row, tile) && r == 0; row++)
		r = row->len > 0 ? posting_read(p, s->bytes.data + row->at, row->len) : read_row(db, row->n, p);
	return r;
}

size_t
postset_cost(const struct postset *s, int64_t tile)
{
	size_t n = 0;

	if (s->state != POSTSET_KEPT)
		return s->n;
	for (const struct postset_row *row = find(s, tile); is_of(s, row, tile); row++)
		n += row->len == 0;
	return n;
}
