/* SPDX-License-Identifier: Apache-2.0 */
#include "match.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "assess.h"
#include "base/canon.h"

enum { WHY = 16 };

/* With its points; and the same for the member, without what is told to staff alone. */
static int
finish_choice(const struct assess *s, struct assessed *f)
{
	autojson json_t *member = json_array();
	int bad = member == NULL;

	for (size_t i = 0; i < json_array_size(f->f.lines); i++) {
		const json_t *l = json_array_get(f->f.lines, i);

		if (strcmp(json_str(l, "readers"), "staff") != 0)
			bad |= json_array_append(member, json_object_get(l, "text"));
	}
	bad |= json_object_set_new(f->item, "score", json_integer(f->f.score)) | json_object_set(f->item, "lines", f->f.lines) |
	    json_object_set(f->item, "for_member", member) | (f->f.free >= 0 ?
	    json_object_set_new(f->item, "free", json_integer(f->f.free)) : 0);
	return bad ? -ENOMEM : assess_contact(s, f->item);
}

static json_t *
counts_of(const unsigned n[MATCH_NFILTERS], bool relaxable)
{
	json_t *ret = json_object();

	for (unsigned i = 0; i < MATCH_NFILTERS; i++)
		if (n[i] > 0 && (!relaxable || match_may_relax(i)))
			(void)json_object_set_new(ret, match_filter_name(i), json_integer(n[i]));
	return ret;
}

static json_t *
reasons_of(const struct assessed *f)
{
	return json_pack("{s:O, s:O, s:O*, s:O}", "record", json_object_get(f->item, "record"), "org", json_object_get(f->item, "org"),
	    "name", json_object_get(f->item, "name"), "why", f->f.why);
}

static int
report(struct assess *s, json_t **ret)
{
	json_t *choices = json_array(), *excluded = json_array();
	autojson json_t *out = json_pack("{s:o, s:o}", "choices", choices, "excluded", excluded);
	int scores[MATCH_SHOWN];
	struct err note = { "" };
	size_t fit = assess_rank(s), shown;

	if (out == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < fit; i++)
		scores[i] = s->found[i].f.score;
	shown = match_shown(scores, fit);
	for (size_t i = 0; i < shown; i++)
		if (finish_choice(s, &s->found[i]) != 0 || json_array_append(choices, s->found[i].item) != 0)
			return -ENOMEM;
	for (size_t i = fit; i < s->n; i++)
		if (json_array_append_new(excluded, reasons_of(&s->found[i])) != 0)
			return -ENOMEM;
	match_explain(&s->tally, &note);
	if (s->unread > 0)
		(void)snprintf(note.text + strlen(note.text), sizeof(note.text) - strlen(note.text), "; %zu were not looked at: their records are "
		    "too long, and their organization has many such", s->unread);
	if (json_object_set_new(out, "counts", counts_of(s->tally.removed, false)) != 0 ||
	    json_object_set_new(out, "relax", counts_of(s->tally.alone, true)) != 0 ||
	    json_object_set_new(out, "note", json_string(note.text)) != 0)
		return -ENOMEM;
	*ret = take(out);
	return 0;
}

int
match_propose(struct app *app, const json_t *wish, json_t **ret, struct err *reterr)
{
	struct assess s = { .app = app };
	int r = assess(&s, wish, reterr);

	if (r == 0)
		r = report(&s, ret);
	assess_free(&s);
	return r;
}

/* What is said of one record, in each directory that has it. */
static int
add_why(const struct assess *s, json_t *list)
{
	if (s->n == 0)
		return json_array_append_new(list, json_pack("{s:s, s:[s]}", "record", s->id, "why", "no specialist of that id is published here"));
	for (size_t i = 0; i < s->n; i++) {
		struct assessed *f = &s->found[i];

		if (f->f.excluded == 0 && json_array_append_new(f->f.why, json_sprintf("not excluded, with %d points", f->f.score)) != 0)
			return -1;
		if (json_array_append_new(list, reasons_of(f)) != 0)
			return -1;
	}
	return 0;
}

int
match_why(struct app *app, const json_t *wish, const json_t *records, json_t **ret, struct err *reterr)
{
	autojson json_t *list = json_array();
	int r = list == NULL ? -ENOMEM : 0;

	if (json_array_size(records) > WHY)
		return err_set(reterr, E_BAD, "why: at most %d", WHY);
	for (size_t i = 0; i < json_array_size(records) && r == 0; i++) {
		struct assess s = { .app = app, .id = json_string_value(json_array_get(records, i)) };

		if (s.id == NULL)
			return err_set(reterr, E_BAD, "why: ids of records are wanted");
		if ((r = assess(&s, wish, reterr)) == 0)
			r = add_why(&s, list) != 0 ? -ENOMEM : 0;
		assess_free(&s);
	}
	if (r == 0)
		*ret = take(list);
	return r;
}

int
match_all(struct app *app, const json_t *wish, json_t **ret, struct err *reterr)
{
	struct assess s = { .app = app, .all = true };
	autojson json_t *list = json_array();
	int r = list == NULL ? -ENOMEM : assess(&s, wish, reterr);

	if (r == 0)
		(void)assess_rank(&s);
	for (size_t i = 0; i < s.n && r == 0; i++)
		if (json_array_append_new(list, json_pack("{s:O, s:O, s:O*, s:i, s:i}", "record", json_object_get(s.found[i].item, "record"),
		    "org", json_object_get(s.found[i].item, "org"), "name", json_object_get(s.found[i].item, "name"), "score",
		    s.found[i].f.score, "free", s.found[i].f.free)) != 0)
			r = -ENOMEM;
	assess_free(&s);
	if (r == 0)
		*ret = take(list);
	return r;
}

static int
report_one(struct assess *s, json_t **ret, bool *ret_may, struct err *reterr)
{
	struct assessed *f = s->found;
	int r;

	if (s->n != 1)
		return err_set(reterr, s->n == 0 ? E_NOTFOUND : E_BAD, s->n == 0 ? "no specialist of that id is published here" :
		    "two organizations have a specialist of that id; say which with --org");
	if ((r = finish_choice(s, f)) != 0)
		return r;
	*ret_may = true;
	for (unsigned i = 0; i < MATCH_NFILTERS; i++)
		*ret_may = *ret_may && (!(f->f.excluded >> i & 1) || match_may_relax(i));
	if (f->f.excluded != 0)
		r = err_set(reterr, E_REFUSED, "%s", json_string_value(json_array_get(f->f.why, 0)));
	*ret = json_incref(f->item);
	return r;
}

int
match_again(struct app *app, const json_t *wish, const char *org, const char *record, json_t **ret, bool *ret_may,
    struct err *reterr)
{
	struct assess s = { .app = app, .org = org, .id = record };
	int r = assess(&s, wish, reterr);

	if (r == 0)
		r = report_one(&s, ret, ret_may, reterr);
	assess_free(&s);
	return r;
}
