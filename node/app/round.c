/* SPDX-License-Identifier: Apache-2.0 */
#include "round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/cohort.h"
#include "match.h"
#include "pairing.h"
#include "store/audit.h"

enum {
	MEMBERS_MAX	= 200,
	NAME_MAX_LEN	= 100,
	DAYS_A_POINT	= 7,		/* Who waits longer comes first with a specialist, */
	POINTS_WAIT	= 20,		/* but by no more than this. */
};

struct round {
	struct app	*app;
	const json_t	*members;	/* Of the document. */
	json_t		*places;	/* [{key, record, org, name, free}] */
	json_t		*index;		/* "ORG RECORD": its place. */
	const char	**names, **keys;
	unsigned	*capacity;
	struct cohort_edge *edges;
	struct cohort	 c;
};

/* ${ret}: the index of that specialist, met for the first time or again. */
static int
place_of(struct round *r, const json_t *one, size_t *ret)
{
	autojson json_t *key = json_sprintf("%s %s", json_str(one, "org"), json_str(one, "record"));
	const json_t *known = key != NULL ? json_object_get(r->index, json_string_value(key)) : NULL;
	long long open = json_int(one, "free", -1);

	*ret = known != NULL ? (size_t)json_integer_value(known) : json_array_size(r->places);
	if (known != NULL)
		return 0;
	if (key == NULL || json_object_set_new(r->index, json_string_value(key), json_integer((json_int_t)*ret)) != 0 ||
	    json_array_append_new(r->places, json_pack("{s:O, s:O, s:O, s:O*, s:I}", "key", key, "record", json_object_get(one, "record"),
	    "org", json_object_get(one, "org"), "name", json_object_get(one, "name"), "free", (json_int_t)(open >= 0 ? open : 1))) != 0)
		return -ENOMEM;
	return 0;
}

/* How much a member likes one of them; -1: not at all, for a member who gave an order. */
static int
liking_of(const json_t *order, const json_t *one)
{
	for (size_t i = 0; i < json_array_size(order); i++)
		if (json_equal(json_array_get(order, i), json_object_get(one, "record")))
			return (int)(json_array_size(order) - i);
	return order != NULL ? -1 : (int)json_int(one, "score", 0) + (1 << 20);
}

static int
add_edges(struct round *r, size_t m, const json_t *suited, struct err *reterr)
{
	const json_t *member = json_array_get(r->members, m), *order = json_arr(member, "order");
	long long waits = json_int(member, "waits", 0) / DAYS_A_POINT;
	json_t *one;
	size_t i;

	if (waits < 0)
		return err_set(reterr, E_BAD, "members[%zu]: waits is a number of days", m);
	waits = waits < POINTS_WAIT ? waits : POINTS_WAIT;
	json_array_foreach(suited, i, one) {
		int liking = liking_of(order, one), rc;
		struct cohort_edge *more = reallocarray(r->edges, r->c.n_edges + 1, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		r->edges = more;
		if (liking < 0)
			continue;
		r->edges[r->c.n_edges] = (struct cohort_edge){ .member = m, .liking = liking,
		    .priority = (int)(json_int(one, "score", 0) + waits) };
		if ((rc = place_of(r, one, &r->edges[r->c.n_edges].place)) != 0)
			return rc;
		r->c.n_edges++;
	}
	return 0;
}

static int
read_members(struct round *r, struct err *reterr)
{
	autojson json_t *seen = json_object();
	json_t *member;
	size_t m;
	int rc;

	json_array_foreach((json_t *)r->members, m, member) {
		const char *name = json_str(member, "member");
		autojson json_t *suited = NULL;

		if (name == NULL || *name == '\0' || strlen(name) > NAME_MAX_LEN || json_object_get(seen, name) != NULL)
			return err_set(reterr, E_BAD, "members[%zu]: member wants a name of its own", m);
		r->names[m] = name;
		if (seen == NULL || json_object_set_new(seen, name, json_true()) != 0)
			return -ENOMEM;
		rc = match_all(r->app, json_obj(member, "wish"), &suited, reterr);
		if (rc > 0)
			err_add(reterr, "members[%zu]: wish", m);
		if (rc != 0 || (rc = add_edges(r, m, suited, reterr)) != 0)
			return rc;
	}
	return 0;
}

static int
arrange(struct round *r, size_t *got)
{
	size_t n = json_array_size(r->places);

	r->keys = calloc(n + 1, sizeof(*r->keys));
	r->capacity = calloc(n + 1, sizeof(*r->capacity));
	if (r->keys == NULL || r->capacity == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		r->keys[i] = json_str(json_array_get(r->places, i), "key");
		r->capacity[i] = (unsigned)json_int(json_array_get(r->places, i), "free", 0);
	}
	r->c.members = r->names;
	r->c.places = r->keys;
	r->c.n_places = n;
	r->c.capacity = r->capacity;
	r->c.edges = r->edges;
	return cohort_match(&r->c, got);
}

static int
report(struct round *r, const char *actor, const size_t *got, json_t **ret)
{
	json_t *round = json_array(), *left = json_array();
	autojson json_t *out = json_pack("{s:o, s:o, s:I}", "round", round, "left", left, "blocking_pairs",
	    (json_int_t)cohort_blocking(&r->c, got));

	if (out == NULL)
		return -ENOMEM;
	for (size_t m = 0; m < r->c.n_members; m++) {
		const json_t *member = json_array_get(r->members, m);
		const json_t *place = got[m] != COHORT_NONE ? json_array_get(r->places, got[m]) : NULL;
		char id[ID_LEN + 1];
		int rc;

		if (place == NULL) {
			if (json_array_append_new(left, json_pack("{s:s, s:s}", "member", r->names[m], "note",
			    "whoever suits has no place left, or nobody does; cairn match says who, and why not")) != 0)
				return -ENOMEM;
			continue;
		}
		if ((rc = pairing_offer(r->app, actor, r->names[m], json_obj(member, "wish"), place, id)) != 0)
			return rc;
		if (json_array_append_new(round, json_pack("{s:s, s:s, s:O, s:O, s:O*}", "member", r->names[m], "match", id, "record",
		    json_object_get(place, "record"), "org", json_object_get(place, "org"), "name", json_object_get(place, "name"))) != 0)
			return -ENOMEM;
	}
	*ret = take(out);
	return 0;
}

int
round_run(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *document = json_obj(args, "document");
	struct round r = { .app = app, .members = json_arr(document, "members"), .places = json_array(), .index = json_object() };
	autofree size_t *got = calloc(json_array_size(r.members) + 1, sizeof(size_t));
	int rc = -ENOMEM;

	r.c = (struct cohort){ .seed = json_str(document, "seed"), .n_members = json_array_size(r.members) };
	r.names = calloc(r.c.n_members + 1, sizeof(*r.names));
	if (r.c.seed == NULL || *r.c.seed == '\0')
		rc = err_set(reterr, E_BAD, "seed: a word for this round is wanted; it decides between equals, so choose it before the wishes are known");
	else if (r.c.n_members < 1 || r.c.n_members > MEMBERS_MAX)
		rc = err_set(reterr, E_BAD, "members: between 1 and %d are wanted", MEMBERS_MAX);
	else if (got != NULL && r.places != NULL && r.index != NULL && r.names != NULL && (rc = read_members(&r, reterr)) == 0 &&
	    (rc = arrange(&r, got)) == 0)
		rc = report(&r, actor, got, ret);
	json_decref(r.places);
	json_decref(r.index);
	free(r.names);
	free(r.keys);
	free(r.capacity);
	free(r.edges);
	return rc;
}
