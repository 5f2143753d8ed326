/* SPDX-License-Identifier: Apache-2.0 */
/* match.h: in which order, how many of them, and who was removed by what. */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "match.h"

#define X(name, text, may) { text, may },
static const struct { const char *name; bool may; } filters[MATCH_NFILTERS] = { MATCH_FILTERS(X) };
#undef X

bool
match_before(const struct match_finding *a, const char *id, const struct match_finding *b, const char *other)
{
	if (a->score != b->score)
		return a->score > b->score;
	return a->load != b->load ? a->load < b->load : strcmp(id, other) < 0;
}

size_t
match_shown(const int *scores, size_t n)
{
	size_t ret = n < 3 ? n : 3;

	while (ret < n && ret < MATCH_SHOWN && 2 * scores[ret] >= scores[0])
		ret++;
	return ret;
}

void
match_count(struct match_tally *t, unsigned excluded)
{
	t->seen++;
	t->left += excluded == 0;
	for (unsigned i = 0; i < MATCH_NFILTERS; i++) {
		t->removed[i] += excluded >> i & 1;
		t->alone[i] += excluded == 1u << i;
	}
}

void
match_uncount(struct match_tally *t, unsigned excluded, bool open)
{
	t->seen--;
	t->left -= excluded == 0;
	t->left_open -= open && excluded == 0;
	for (unsigned i = 0; i < MATCH_NFILTERS; i++) {
		t->removed[i] -= excluded >> i & 1;
		t->alone[i] -= excluded == 1u << i;
		t->alone_open[i] -= open && excluded == 1u << i;
	}
}

void
match_explain(const struct match_tally *t, struct err *reterr)
{
	autobuf struct buf b = { 0 };
	const char *before = "; removed by ";
	int r = buf_printf(&b, "%s%u of %u left", t->left_open > 0 ? "at most " : "", t->left, t->seen);

	for (unsigned i = 0; i < MATCH_NFILTERS && r == 0; i++)
		if (t->removed[i] > 0) {
			r = buf_printf(&b, "%s%s: %u", before, filters[i].name, t->removed[i]);
			before = ", ";
		}
	for (unsigned i = 0; i < MATCH_NFILTERS && r == 0; i++)
		if (t->alone[i] > 0 && filters[i].may)
			r = buf_printf(&b, "; without %s: %s%u more", filters[i].name, t->alone_open[i] > 0 ? "at most " : "", t->alone[i]);
	(void)err_set(reterr, 0, "%s", r == 0 ? b.data : "");
}

const char *
match_filter_name(enum match_filter filter)
{
	return (unsigned)filter < MATCH_NFILTERS ? filters[filter].name : "";
}

bool
match_may_relax(enum match_filter filter)
{
	return (unsigned)filter < MATCH_NFILTERS && filters[filter].may;
}
