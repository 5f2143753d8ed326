/* SPDX-License-Identifier: Apache-2.0 */
#include "eligibility.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "base/grammar.h"
#include "events.h"

enum { MILLI = 1000, AGE_MAX = 150 * MILLI, TERM = 2 };	/* The depth at which terms are. */

#define X(name, text) text,
static const char *const fact_names[] = { ELIGIBILITY_FACTS(X) };
#undef X

/* The lists of what is a value of a list: where a rule has them, and how they read. */
static const struct {
	const char		*member, *words;
	const struct ev_enum	*values;
	bool			 whole;		/* Who says one has said all. */
} lists[ELIGIBILITY_NFACTS] = {
	[ELIGIBILITY_NEED] = { "needs", "need", &ev_need_names, true },
	[ELIGIBILITY_INSURANCE] = { "insurances", "insurance", &ev_insurance_names, true },
	[ELIGIBILITY_IDENTITY] = { "identities", "identity", &ev_audience_names, false },
	[ELIGIBILITY_SOURCE] = { "sources", "referral by", &ev_referral_source_names, true },
};

/* ---- Facts. ---- */

/* "17.5": thousandths of a year. */
static bool
read_age(const char *text, int64_t *ret)
{
	int64_t age = 0, part = MILLI;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && p - text < 4; p++)
		age = age * 10 + (*p - '0') * MILLI;
	if (p == text)
		return false;
	if (*p == '.') {
		if (p[1] == '\0')
			return false;
		for (p++; *p >= '0' && *p <= '9' && part > 1; p++) {
			part /= 10;
			age += (*p - '0') * part;
		}
	}
	if (*p != '\0' || age > AGE_MAX)
		return false;
	*ret = age;
	return true;
}

/* Capital letters and digits; blanks and hyphens do not count. */
static bool
read_postal(const char *text, char *ret, size_t size)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

		if (c == ' ' || c == '-')
			continue;
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) || n + 1 >= size)
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return n > 0;
}

static int
read_list(const char *text, int kind, struct eligibility_facts *f, struct err *reterr)
{
	char word[64];

	for (const char *p = text; ; p++) {
		size_t n = strcspn(p, ",");
		bool no = n > 4 && strncmp(p, "not:", 4) == 0;
		int value = 0;

		if (n < sizeof(word)) {
			(void)snprintf(word, sizeof(word), "%.*s", (int)(n - (no ? 4 : 0)), p + (no ? 4 : 0));
			value = event_enum_value(lists[kind].values, word);
		}
		if (value == 0)
			return err_set(reterr, E_BAD, "%s: a value of its list is wanted, such as %s; \"not:\" before it says that "
			    "it does not hold", fact_names[kind], event_enum_text(lists[kind].values, 1));
		*(no ? &f->is_not[kind] : &f->is[kind]) |= 1u << value;
		p += n;
		if (*p == '\0')
			break;
	}
	if (f->is[kind] & f->is_not[kind])
		return err_set(reterr, E_BAD, "%s: one value is said to hold and not to hold", fact_names[kind]);
	return 0;
}

int
eligibility_facts(const json_t *args, struct eligibility_facts *ret, struct err *reterr)
{
	struct eligibility_facts f = { 0 };
	const char *text;
	int r;

	if ((text = json_str(args, "age")) != NULL && !(f.has_age = read_age(text, &f.age)))
		return err_set(reterr, E_BAD, "age: years such as 17 or 17.5 are wanted, at most 150");
	if ((text = json_str(args, "residence")) != NULL) {
		if (!grammar_ok(GRAMMAR_ISO_3166, text) || strlen(text) >= sizeof(f.region))
			return err_set(reterr, E_BAD, "residence: a country or a part of one is wanted, such as US or US-NJ");
		memcpy(f.region, text, strlen(text) + 1);
	}
	if ((text = json_str(args, "postal")) != NULL && !read_postal(text, f.postal, sizeof(f.postal)))
		return err_set(reterr, E_BAD, "postal: a postal code is wanted, at most %zu letters and digits", sizeof(f.postal) - 1);
	for (int kind = 0; kind < ELIGIBILITY_NFACTS; kind++) {
		if (lists[kind].member != NULL && (text = json_str(args, fact_names[kind])) != NULL &&
		    (r = read_list(text, kind, &f, reterr)) != 0)
			return r;
	}
	*ret = f;
	return 0;
}

bool
eligibility_known(const struct eligibility_facts *f)
{
	unsigned any = f->has_age || f->region[0] != '\0' || f->postal[0] != '\0';

	for (int kind = 0; kind < ELIGIBILITY_NFACTS; kind++)
		any |= f->is[kind] | f->is_not[kind];
	return any != 0;
}

/* ---- Terms. ---- */

/* One condition; what a record says outside of rules becomes one, too. */
struct term {
	int		 kind;		/* -1: not one we know. */
	int64_t		 from, below;	/* Of an age; INT64_MAX: no end. */
	const json_t	*regions, *postal;
	uint32_t	 values;
};

static struct term
term_of(const json_t *json)
{
	const char *kind = json_str(json, "kind");
	struct term t = { .kind = -1, .from = json_int(json, "age_from", 0), .below = json_int(json, "age_below", INT64_MAX),
	    .regions = json_arr(json, "regions"), .postal = json_arr(json, "postal_prefixes") };
	json_t *item;
	size_t i;

	for (int k = 0; k < ELIGIBILITY_NFACTS; k++)
		if (kind != NULL && strcmp(fact_names[k], kind) == 0)
			t.kind = k;
	if (t.kind >= 0 && lists[t.kind].member != NULL) {
		json_array_foreach(json_arr(json, lists[t.kind].member), i, item)
			if (json_is_string(item))
				t.values |= 1u << event_enum_value(lists[t.kind].values, json_string_value(item));
	}
	return t;
}

/* The text, or "" if it is none. */
static const char *
text_of(const json_t *value)
{
	const char *text = json_string_value(value);

	return text != NULL ? text : "";
}

enum eligibility_answer
eligibility_region(const json_t *regions, const char *region)
{
	enum eligibility_answer ret = ELIGIBILITY_NO;
	json_t *item;
	size_t i;

	if (region[0] == '\0')
		return ELIGIBILITY_CANNOT_SAY;
	json_array_foreach(regions, i, item) {
		const char *wanted = text_of(item);

		if (strncmp(wanted, region, 2) != 0)
			continue;
		if (wanted[2] == '\0' || strcmp(wanted, region) == 0)
			return ELIGIBILITY_YES;
		if (region[2] == '\0')
			ret = ELIGIBILITY_CANNOT_SAY;
	}
	return ret;
}

static enum eligibility_answer
in_postal(const json_t *prefixes, const char *postal)
{
	json_t *item;
	size_t i;

	if (prefixes == NULL)
		return ELIGIBILITY_YES;
	if (postal[0] == '\0')
		return ELIGIBILITY_CANNOT_SAY;
	json_array_foreach(prefixes, i, item)
		if (json_is_string(item) && strncmp(postal, json_string_value(item), json_string_length(item)) == 0)
			return ELIGIBILITY_YES;
	return ELIGIBILITY_NO;
}

static enum eligibility_answer
least(enum eligibility_answer a, enum eligibility_answer b)
{
	return a < b ? a : b;
}

static enum eligibility_answer
judge_term(const struct term *t, const struct eligibility_facts *f)
{
	uint32_t is, is_not;

	switch (t->kind) {
	case -1:
		return ELIGIBILITY_CANNOT_SAY;
	case ELIGIBILITY_AGE:
		if (!f->has_age)
			return ELIGIBILITY_CANNOT_SAY;
		return f->age >= t->from && f->age < t->below ? ELIGIBILITY_YES : ELIGIBILITY_NO;
	case ELIGIBILITY_RESIDENCE:
		return least(eligibility_region(t->regions, f->region), in_postal(t->postal, f->postal));
	default:
		is = f->is[t->kind];
		is_not = f->is_not[t->kind];
		if ((t->values & is) != 0)
			return ELIGIBILITY_YES;
		if ((is != 0 && lists[t->kind].whole) || (t->values & ~is_not) == 0)
			return ELIGIBILITY_NO;
		return ELIGIBILITY_CANNOT_SAY;
	}
}

/* ---- Rules. ---- */

static enum eligibility_answer
mirror(enum eligibility_answer a)
{
	return (enum eligibility_answer)(ELIGIBILITY_YES - a);
}

enum part { PART_ALL, PART_ANY, PART_NONE, PARTS };
static const char *const part_names[PARTS] = { "all", "any", "none" };

static enum eligibility_answer judge_rule(const json_t *, int depth, const struct eligibility_facts *);

static enum eligibility_answer
judge_item(const json_t *json, int depth, const struct eligibility_facts *f)
{
	struct term t;

	if (depth < TERM)
		return judge_rule(json, depth, f);
	t = term_of(json);
	return judge_term(&t, f);
}

static enum eligibility_answer
judge_part(const json_t *rule, enum part part, int depth, const struct eligibility_facts *f)
{
	enum eligibility_answer ret = part == PART_ANY ? ELIGIBILITY_NO : ELIGIBILITY_YES, a;
	const json_t *list = json_arr(rule, part_names[part]);
	json_t *item;
	size_t i;

	if (list == NULL)
		return ELIGIBILITY_YES;
	json_array_foreach(list, i, item) {
		a = judge_item(item, depth + 1, f);
		if (part == PART_ANY)
			ret = a > ret ? a : ret;
		else
			ret = least(ret, part == PART_NONE ? mirror(a) : a);
	}
	return ret;
}

/* The schema allows two levels and no more; ${depth} ends it for what did not pass it. */
static enum eligibility_answer
judge_rule(const json_t *rule, int depth, const struct eligibility_facts *f)
{
	enum eligibility_answer ret = ELIGIBILITY_YES;

	for (enum part part = 0; part < PARTS; part++)
		ret = least(ret, judge_part(rule, part, depth, f));
	return ret;
}

/* ---- Words. ---- */

struct words {
	const struct eligibility_facts *f;
	char		 text[sizeof(((struct err *)0)->text) - 64];
	size_t		 len;
	unsigned	 asks;
};

static void like_printf(2, 3)
add(struct words *w, const char *fmt, ...)
{
	size_t left = sizeof(w->text) - w->len;
	__builtin_va_list ap;
	size_t n;

	__builtin_va_start(ap, fmt);
	n = (size_t)vsnprintf(w->text + w->len, left, fmt, ap);
	__builtin_va_end(ap);
	w->len += n < left ? n : left - 1;
}

static void
add_years(struct words *w, int64_t milli)
{
	char text[32];
	size_t n = (size_t)snprintf(text, sizeof(text), "%" PRId64 ".%03" PRId64, milli / MILLI, milli % MILLI);

	while (text[n - 1] == '0')
		n--;
	add(w, "%.*s", (int)(text[n - 1] == '.' ? n - 1 : n), text);
}

/* The first few of a list. */
static void
add_list(struct words *w, const json_t *list)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (i == 6) {
			add(w, " and more");
			break;
		}
		add(w, "%s%s", i > 0 ? ", " : " ", json_is_string(item) ? json_string_value(item) : "?");
	}
}

static void
add_term(struct words *w, const struct term *t, bool negated)
{
	const char *comma = " ";

	add(w, "%s%s", w->len > 0 ? "; " : "", negated ? "not " : "");
	w->asks |= t->kind >= 0 ? 1u << t->kind : 0;
	switch (t->kind) {
	case -1:
		add(w, "a condition that this node does not know");
		break;
	case ELIGIBILITY_AGE:
		add(w, "age");
		if (t->from > 0) {
			add(w, " ");
			add_years(w, t->from);
			add(w, t->below == INT64_MAX ? " or more" : "");
		}
		if (t->below != INT64_MAX) {
			add(w, t->from > 0 ? " to under " : " under ");
			add_years(w, t->below);
		}
		break;
	case ELIGIBILITY_RESIDENCE:
		add(w, "residence");
		add_list(w, t->regions);
		if (t->postal != NULL) {
			add(w, " with postal code");
			add_list(w, t->postal);
		}
		break;
	default:
		add(w, "%s", lists[t->kind].words);
		for (int i = 1; i <= lists[t->kind].values->n; i++) {
			if ((t->values >> i & 1) == 0)
				continue;
			add(w, "%s%s", comma, event_enum_text(lists[t->kind].values, i));
			comma = ", ";
		}
	}
}

/* Names what made the answer ${a} of a rule: one reason of those that would do, each of those that must. */
static void
explain(struct words *w, const json_t *rule, int depth, enum eligibility_answer a, bool negated)
{
	json_t *item;
	size_t i;

	if (depth == TERM) {
		struct term t = term_of(rule);

		add_term(w, &t, negated);
		return;
	}
	for (enum part part = 0; part < PARTS; part++) {
		enum eligibility_answer wanted = part == PART_NONE ? mirror(a) : a;

		if (json_arr(rule, part_names[part]) == NULL || judge_part(rule, part, depth, w->f) != a)
			continue;
		json_array_foreach(json_arr(rule, part_names[part]), i, item) {
			if (judge_item(item, depth + 1, w->f) != wanted)
				continue;
			explain(w, item, depth + 1, wanted, negated != (part == PART_NONE));
			if (part == PART_ANY && a == ELIGIBILITY_YES)
				break;
		}
	}
}

/* ---- A rule and a record. ---- */

static int
check_term(const json_t *term, const char *path, struct err *reterr)
{
	int64_t from = json_int(term, "age_from", 0), below = json_int(term, "age_below", INT64_MAX);
	const char *kind = json_str(term, "kind");
	char code[16];
	json_t *item;
	size_t i;

	if (kind != NULL && strcmp(kind, "age") == 0 && (from >= below || (from == 0 && below == INT64_MAX)))
		return err_set(reterr, E_BAD, "%s: age_from, or an age_below above it, is wanted", path);
	json_array_foreach(json_arr(term, "postal_prefixes"), i, item) {
		const char *text = text_of(item);

		if (!read_postal(text, code, sizeof(code)) || strcmp(code, text) != 0)
			return err_set(reterr, E_BAD, "%s/postal_prefixes/%zu: only capital letters and digits", path, i);
	}
	return 0;
}

static int
check_rule(const json_t *rule, int depth, const char *path, struct err *reterr)
{
	char below[64];
	bool any = false;
	json_t *item;
	size_t i;
	int r;

	if (depth == TERM)
		return check_term(rule, path, reterr);
	for (enum part part = 0; part < PARTS; part++) {
		json_array_foreach(json_arr(rule, part_names[part]), i, item) {
			(void)snprintf(below, sizeof(below), "%s/%s/%zu", path, part_names[part], i);
			if ((r = check_rule(item, depth + 1, below, reterr)) != 0)
				return r;
			any = true;
		}
	}
	return any ? 0 : err_set(reterr, E_BAD, "%s: all, any or none is wanted", *path != '\0' ? path : "(whole)");
}

int
eligibility_check(const json_t *rule, struct err *reterr)
{
	return check_rule(rule, 0, "", reterr);
}

struct judging {
	struct words		 said[ELIGIBILITY_YES + 1];	/* By answer. */
	enum eligibility_answer	 answer;
};

static void
take_answer(struct judging *j, enum eligibility_answer a)
{
	j->answer = least(j->answer, a);
}

static void
take_term(struct judging *j, const struct term *t)
{
	enum eligibility_answer a = judge_term(t, j->said[0].f);

	take_answer(j, a);
	add_term(&j->said[a], t, false);
}

/* Bands are a choice of ages, of which one must fit. */
static void
judge_bands(struct judging *j, const json_t *bands)
{
	static const int limits[][2] = { { 0, 0 }, { 0, 13 }, { 13, 18 }, { 18, 26 }, { 26, 60 }, { 60, 0 } };
	json_t *item;
	size_t i;
	enum eligibility_answer best = ELIGIBILITY_NO, a;
	struct words *w;

	if (bands == NULL)
		return;
	json_array_foreach(bands, i, item) {
		int band = event_enum_value(&ev_age_band_names, text_of(item));
		struct term t = { .kind = band != 0 ? ELIGIBILITY_AGE : -1 };

		t.from = limits[band][0] * MILLI;
		t.below = limits[band][1] != 0 ? limits[band][1] * MILLI : INT64_MAX;
		a = judge_term(&t, j->said[0].f);
		best = a > best ? a : best;
	}
	take_answer(j, best);
	w = &j->said[best];
	w->asks |= 1u << ELIGIBILITY_AGE;
	add(w, "%sage", w->len > 0 ? "; " : "");
	add_list(w, bands);
}

static int64_t
years(const json_t *body, const char *key)
{
	int64_t n = json_int(body, key, 0);

	return n < 0 ? 0 : n > AGE_MAX / MILLI ? AGE_MAX / MILLI : n;
}

void
eligibility_judge(const json_t *body, const struct eligibility_facts *f, struct eligibility_finding *ret)
{
	static const char *const begin[] = { "does not fit; wanted: ", "to be asked: ", "fits: " };
	struct judging j = { .said = { { .f = f }, { .f = f }, { .f = f } }, .answer = ELIGIBILITY_YES };
	const json_t *rule = json_obj(body, "eligible_if"), *area = json_obj(body, "service_area");
	struct term age = { .kind = ELIGIBILITY_AGE, .below = INT64_MAX };
	struct term place = { .kind = ELIGIBILITY_RESIDENCE, .regions = json_arr(area, "regions") };
	enum eligibility_answer a;

	if (rule != NULL) {
		a = judge_rule(rule, 0, f);
		take_answer(&j, a);
		explain(&j.said[a], rule, 0, a, false);
	}
	age.from = years(body, "minimum_age") * MILLI;
	if (json_object_get(body, "maximum_age") != NULL)
		age.below = (years(body, "maximum_age") + 1) * MILLI;	/* Until the next birthday. */
	if (age.from > 0 || age.below != INT64_MAX)
		take_term(&j, &age);
	judge_bands(&j, json_arr(body, "age_bands"));
	if (place.regions != NULL && !json_is_true(json_object_get(area, "anywhere")))
		take_term(&j, &place);
	*ret = (struct eligibility_finding){ .answer = j.answer,
	    .asks = j.answer == ELIGIBILITY_CANNOT_SAY ? j.said[j.answer].asks : 0, .silent = j.said[j.answer].len == 0 };
	if (ret->silent)
		(void)err_set(&ret->reason, 0, "fits: nothing is said of who may come");
	else
		(void)err_set(&ret->reason, 0, "%s%s", begin[j.answer], j.said[j.answer].text);
}

void
eligibility_join(struct eligibility_finding *f, const struct eligibility_finding *program)
{
	static const struct eligibility_finding unknown = { .answer = ELIGIBILITY_CANNOT_SAY, .reason = { "to be asked: their program" } };
	const struct eligibility_finding own = *f, *p = program != NULL ? program : &unknown;
	const char *whose = program != NULL ? "by a rule of their program: " : "";

	if (own.answer == ELIGIBILITY_NO || own.answer < p->answer || p->silent)
		return;
	if (p->answer < own.answer || own.silent) {
		*f = *p;
		(void)err_set(&f->reason, 0, "%s%s", whose, p->reason.text);
	} else {
		f->asks |= p->asks;
		(void)err_set(&f->reason, 0, "%s; %s%s", own.reason.text, whose, p->reason.text);
	}
}
