/* SPDX-License-Identifier: Apache-2.0 */
#include "match.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "events.h"
#include "fields.h"
#include "search_item.h"

enum {
	DAYS_A_POINT	= 3,		/* Of a queue. */
	SUPPOSED	= 8,		/* People at once, where no maximum is said. */
};

/*
 * The last is a field that is certified apart: mental health, substance use, family, youth, veterans, chronic illness
 * (credentialSubject.kind; SAMHSA's National Model Standards, 2023, and the states' and boards' own).  Grief, reentry and everyday
 * life are no field's: who is certified for any is so for these.  Veteran says whom somebody supports, not in what.
 */
static const struct match_need needs[EV_NEED_END] = {
	[EV_NEED_MENTAL_HEALTH] = { { "mental_health", "anxiety", "depression", "bipolar", "psychosis", "trauma", "eating",
	    "self_harm", "perinatal", "loneliness", "neurodivergence" }, { NULL }, "mental_health" },
	[EV_NEED_SUBSTANCE_USE] = { { "substance_use", "alcohol", "opioids", "stimulants", "gambling" }, { NULL }, "substance_use" },
	[EV_NEED_CHRONIC_ILLNESS] = { { "chronic_illness", "chronic_pain", "diabetes", "cancer", "heart", "stroke", "hiv",
	    "brain_injury" }, { NULL }, "chronic_illness" },
	[EV_NEED_GRIEF] = { { "grief" }, { NULL }, NULL },
	[EV_NEED_FAMILY_CAREGIVER] = { { "caregiving" }, { "family_caregiver", "friends", "parents" }, "family" },
	[EV_NEED_YOUTH] = { { NULL }, { "youth", "young_adults", "students" }, "youth" },
	[EV_NEED_REENTRY] = { { "reentry" }, { "justice_involved" }, NULL },
};

#define X(name, text, points, values) { text, points },
static const struct { const char *name; int points; } prefs[MATCH_NPREFS] = { MATCH_PREFERENCES(X) };
#undef X

struct judging {
	const struct match_wish	*wish;
	const struct match_candidate *who;
	struct match_finding	 f;
	bool			 failed;	/* Out of memory. */
};

static void __attribute__((format(printf, 3, 4)))
out(struct judging *j, enum match_filter filter, const char *fmt, ...)
{
	autojson json_t *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = json_vsprintf(fmt, ap);
	va_end(ap);
	j->f.excluded |= 1u << filter;
	if (text == NULL || json_array_append_new(j->f.why, json_sprintf("%s: %s", match_filter_name(filter), json_string_value(text))) != 0)
		j->failed = true;
}

/* ${readers}: who may be told; what comes of a statement has its own. */
static void __attribute__((format(printf, 4, 5)))
line(struct judging *j, int points, const char *readers, const char *fmt, ...)
{
	json_t *text;
	va_list ap;

	va_start(ap, fmt);
	text = json_vsprintf(fmt, ap);
	va_end(ap);
	j->f.score += points;
	if (json_array_append_new(j->f.lines, json_pack("{s:i, s:o, s:s}", "points", points, "text", text, "readers", readers)) != 0)
		j->failed = true;
}

static const char *
hit(const json_t *list, const char *const *wanted, size_t n)
{
	for (size_t i = 0; i < n && wanted[i] != NULL; i++)
		if (match_has(list, wanted[i]))
			return wanted[i];
	return NULL;
}

static void
judge_need(struct judging *j)
{
	unsigned need = j->wish->need;
	const char *name = event_enum_text(&ev_need_names, (int)need);
	const json_t *conditions = json_arr(j->who->body, "conditions"), *audiences = json_arr(j->who->body, "audiences");
	const char *found = hit(conditions, needs[need].conditions, nelem(needs[need].conditions));
	bool asks = needs[need].conditions[0] != NULL, asks_whom = needs[need].audiences[0] != NULL;

	if (found == NULL)
		found = hit(audiences, needs[need].audiences, nelem(needs[need].audiences));
	if (found != NULL)
		line(j, MATCH_POINTS_NEED, "members", "need: says they support %s", found);
	else if ((asks || asks_whom) && (!asks || conditions != NULL) && (!asks_whom || audiences != NULL))
		out(j, MATCH_NEED, "says what they support, and %s is not of it", name);
	else if (asks || asks_whom)
		line(j, 0, "members", "need: not said whether %s is of what they support; ask them", name);
}

static void
judge_musts(struct judging *j)
{
	const struct match_wish *w = j->wish;
	const json_t *body = j->who->body, *modalities = json_arr(body, "modalities");
	bool common = w->modalities == NULL;

	if (w->language != NULL && !match_speaks(json_arr(body, "languages"), w->language))
		out(j, MATCH_LANGUAGE, "does not speak %s", w->language);
	else if (w->language != NULL)
		line(j, 0, "members", "language: %s", w->language);
	for (size_t i = 0; i < json_array_size(w->modalities); i++)
		common = common || match_has(modalities, json_string_value(json_array_get(w->modalities, i)));
	if (!common)
		out(j, MATCH_MODALITY, "meets in other ways");
	if (w->role != NULL && !match_has(json_arr(body, "roles"), w->role))
		out(j, MATCH_ROLE, "does not work as %s", w->role);
}

/* What they say, or the program where they are found: as in a search. */
static void
judge_eases(struct judging *j)
{
	struct search_list said;

	if (j->wish->eases == NULL)
		return;
	search_item_eases(j->who->body, j->who->program, &said);
	for (size_t i = 0; i < json_array_size(j->wish->eases); i++) {
		const char *ease = json_string_value(json_array_get(j->wish->eases, i));
		size_t k = 0;

		while (k < said.n && strcasecmp(said.item[k], ease) != 0)
			k++;
		if (k == said.n) {
			out(j, MATCH_ACCESS, "neither they nor their program say that they offer %s", ease);
			return;
		}
		line(j, 0, "members", "accessibility: %s", ease);
	}
}

/* By two clocks: the same is asked of instants. */
static void
judge_instants(struct judging *j, const char *zone, int64_t now)
{
	const struct match_wish *w = j->wish;
	const json_t *times = json_arr(j->who->body, "times");
	int at, time;

	if (zone == NULL || j->who->zone == NULL) {
		line(j, 0, "members", zone == NULL ? "times: in which time zone is not said; ask them" :
		    "times: this machine does not know their time zone %s; ask them", zone);
		return;
	}
	at = w->minutes > 0 ? match_common(times, j->who->zone, now, &w->at) : INT_MAX;
	time = w->slots != 0 ? match_common(times, j->who->zone, now, &w->time) : INT_MAX;
	if (at < 0 || time < 0)
		j->failed = true;
	else if (at < w->minutes)
		out(j, MATCH_TIMES, "%d minutes at a stretch are wanted, %d are common, by the clocks of %s and %s", w->minutes, at, w->zone, zone);
	else if (time < MATCH_MINUTES)
		out(j, MATCH_TIMES, "has time only when the member has not, by the clocks of %s and %s", w->zone, zone);
	else
		line(j, MATCH_POINTS_TIMES, "members", "times: %d minutes at a stretch, by the clocks of %s and %s", at < time ? at : time, w->zone, zone);
}

/* By which clock, where one is taken for both. */
static const char *
clock_of(const struct match_wish *w)
{
	return w->zone != NULL ? "by the specialist's own clock" :
	    "by the specialist's own clock, since the member's time zone is not known here";
}

static void
judge_times(struct judging *j, int64_t now)
{
	const json_t *times = json_arr(j->who->body, "times");
	const char *zone = match_zone(j->who->body, j->who->program);
	uint8_t slots = match_slots(times);
	int minutes = j->wish->minutes, together = minutes > 0 ? j->wish->together[slots & 127] : 0;

	if (minutes == 0 && j->wish->slots == 0)
		return;
	if (slots == 0)
		line(j, 0, "members", "times: not said; ask them");
	else if (!match_same_zone(j->wish, zone))
		judge_instants(j, zone, now);
	else if (minutes > 0 && together < minutes)
		out(j, MATCH_TIMES, "%d minutes at a stretch are wanted, %d are common, %s", minutes, together, clock_of(j->wish));
	else if (j->wish->slots != 0 && (slots & j->wish->slots) == 0)
		out(j, MATCH_TIMES, "has time only when the member has not, %s", clock_of(j->wish));
	else if (minutes > 0)
		line(j, MATCH_POINTS_TIMES, "members", "times: %d minutes at a stretch, %s", together, clock_of(j->wish));
	else
		line(j, MATCH_POINTS_TIMES, "members", "times: %d common times of the week, %s", __builtin_popcount(slots & j->wish->slots),
		    clock_of(j->wish));
}

/* How many places there are and how many are taken, as published and as known here since. */
void
match_places(const json_t *body, unsigned active, unsigned since, struct match_places *ret)
{
	const json_t *capacity = json_obj(body, "capacity"), *queue = json_obj(capacity, "waitlist");
	int64_t said = json_int(capacity, "maximum", 0), open = json_int(capacity, "open", -1);
	int64_t maximum = said > 0 ? said : SUPPOSED, taken = active;
	int64_t waits = json_int(queue, "waiting", 0) > 0 ? json_int(queue, "days", 0) / DAYS_A_POINT : 0;

	if (open >= 0)
		open = open > since ? open - since : 0;
	if (said > 0 && open >= 0 && said - open > taken)
		taken = said - open;
	taken = taken < maximum ? taken : maximum;
	*ret = (struct match_places){ .taken = taken, .maximum = maximum, .supposed = said <= 0, .free = open < 0 ? -1 : (int)open,
	    .load = (int)(taken * 1000 / maximum), .full = open == 0 || (open > 0 && said > 0 && taken >= said),
	    .queue = waits <= 0 ? 0 : waits < -MATCH_POINTS_QUEUE ? (int)-waits : MATCH_POINTS_QUEUE };
}

static void
judge_load(struct judging *j, int64_t now)
{
	const json_t *capacity = json_obj(j->who->body, "capacity");
	struct match_places p;

	match_places(j->who->body, j->who->active, j->who->since, &p);
	j->f.free = p.free;
	j->f.load = p.load;
	if (p.full)
		out(j, MATCH_PLACES, "no place is free: supports %lld", (long long)p.taken);
	line(j, MATCH_POINTS_LOAD * p.load / 1000, "members", "load: supports %lld of %lld%s", (long long)p.taken, (long long)p.maximum,
	    p.supposed ? ", as many as are supposed" : "");
	if (p.queue < 0)
		line(j, p.queue, "members", "others wait there: %lld days", json_int(json_obj(capacity, "waitlist"), "days", 0));
	if (now - json_int(capacity, "updated_at", 0) > FIELDS_CAPACITY_FRESH)
		line(j, MATCH_POINTS_OLD, "members", "free places were said long ago");
	if (j->who->stale)
		line(j, MATCH_POINTS_OLD, "members", "the record is old");
}

static void
judge_place(struct judging *j, const char *region)
{
	struct err reason = { "" };
	enum eligibility_answer a = credential_holds(j->who->subject, region, &reason);

	if (a == ELIGIBILITY_NO)
		out(j, MATCH_JURISDICTION, "%s", reason.text);
	else if (a == ELIGIBILITY_CANNOT_SAY && !j->who->unread)
		line(j, 0, "members", "%s", reason.text);
}

/* As it was verified; whose credential is for another field is not certified for this need. */
static void
judge_field(struct judging *j)
{
	const struct match_candidate *c = j->who;
	const char *field = needs[j->wish->need].field;
	struct err reason = { "" };

	j->f.certified = credential_covers(c->subject, field, &reason);
	if (j->f.certified && field == NULL)
		line(j, MATCH_POINTS_CERTIFIED, "members", "certified");
	else if (j->f.certified)
		line(j, MATCH_POINTS_CERTIFIED, "members", "certified for %s", field);
	else
		line(j, 0, "members", "%s", reason.text + strlen("is "));
	if (j->wish->certified && !j->f.certified)
		out(j, MATCH_CERTIFIED, "%s", reason.text);
}

/* Not looked at: whatever it is worth, it is worth nothing where, and for what, it does not claim to hold. */
static void
judge_claim(struct judging *j)
{
	struct err reason = { "" };

	if (json_obj(j->who->body, "credential") == NULL)
		return;
	if (j->wish->facts.region[0] != '\0')
		judge_place(j, j->wish->facts.region);
	if (j->wish->certified && !credential_covers(j->who->subject, needs[j->wish->need].field, &reason))
		out(j, MATCH_CERTIFIED, "%s", reason.text);
}

static void
judge_credential(struct judging *j)
{
	const struct match_candidate *c = j->who;
	const char *region = j->wish->facts.region;
	bool certified = c->verdict == CREDENTIAL_CERTIFIED;

	if (c->unread) {
		judge_claim(j);
		return;
	}
	if (!certified && c->verdict != CREDENTIAL_UNCERTIFIED) {
		out(j, MATCH_CREDENTIAL, "%s", c->certification);
		return;
	}
	if (!certified) {
		if (j->wish->certified)
			out(j, MATCH_CERTIFIED, "is not certified");
		line(j, 0, "members", json_is_true(json_object_get(c->body, "volunteer")) ? "a volunteer, not certified" : "not certified");
		return;
	}
	if (region[0] != '\0')
		judge_place(j, region);
	if (j->wish->role != NULL && !(j->f.excluded & 1u << MATCH_ROLE) && json_arr(c->subject, "scope") != NULL &&
	    !match_has(json_arr(c->subject, "scope"), j->wish->role))
		out(j, MATCH_ROLE, "the credential does not cover %s", j->wish->role);
	judge_field(j);
}

/* Of a band without an age: only what holds at both ends is known. */
void
match_may_come(const struct match_wish *w, const json_t *body, struct eligibility_finding *ret)
{
	struct eligibility_facts facts = w->facts;
	struct eligibility_finding young;

	if (facts.has_age) {
		eligibility_judge(body, &facts, ret);
		return;
	}
	facts.has_age = true;
	facts.age = w->age_from;
	eligibility_judge(body, &facts, &young);
	facts.age = w->age_below - 1;
	eligibility_judge(body, &facts, ret);
	if (young.answer == ret->answer || ret->answer == ELIGIBILITY_CANNOT_SAY)
		return;
	*ret = young;
	if (ret->answer == ELIGIBILITY_CANNOT_SAY)
		return;
	*ret = (struct eligibility_finding){ .answer = ELIGIBILITY_CANNOT_SAY, .asks = 1u << ELIGIBILITY_AGE };
	(void)err_set(&ret->reason, 0, "to be asked: the age");
}

static void
judge_who(struct judging *j)
{
	const struct match_wish *w = j->wish;
	const json_t *ages = json_arr(j->who->body, "age_bands");
	const char *band = event_enum_text(&ev_age_band_names, (int)w->age_band);
	struct eligibility_finding found;

	if (ages != NULL && !match_has(ages, band))
		out(j, MATCH_AGE, "supports other ages");
	else if (ages == NULL && w->age_from < MATCH_ADULT)
		out(j, MATCH_AGE, "does not say that they support minors");
	match_may_come(w, j->who->body, &found);
	if (json_str(j->who->body, "program") != NULL)
		eligibility_join(&found, j->who->rules);
	switch (found.answer) {
	case ELIGIBILITY_NO:
		out(j, MATCH_ELIGIBLE, "%s", found.reason.text);
		break;
	case ELIGIBILITY_CANNOT_SAY:
		line(j, 0, "members", "who may come: %s", found.reason.text);
		break;
	case ELIGIBILITY_YES:
		break;
	}
}

/* As a record, a program, an organization, or somebody of that name: who goes by another name is known by it to nobody. */
static bool
is_named(const json_t *list, const struct match_candidate *c)
{
	const char *program = json_str(c->body, "program"), *did = json_str(c->body, "did"), *alias = json_str(c->body, "alias");
	bool ret = match_has(list, c->id) || match_has(list, c->org) || (program != NULL && match_has(list, program)) ||
	    (did != NULL && match_has(list, did));

	for (size_t i = 0; i < json_array_size(list) && alias != NULL && !ret; i++)
		ret = search_has(alias, json_string_value(json_array_get(list, i)));
	return ret;
}

/* Has its program a place in that town; NULL: in any that it names? */
static bool
is_in(const struct match_candidate *c, const char *town)
{
	const json_t *places = json_arr(c->program, "locations");

	for (size_t i = 0; i < json_array_size(places); i++) {
		const char *here = json_str(json_array_get(places, i), "locality");

		if (here != NULL && (town == NULL || search_same(here, town)))
			return true;
	}
	return false;
}

/* Metres to the nearest place of its program whose position may be known; -1: none is. */
static int64_t
metres(const struct match_wish *w, const struct match_candidate *c)
{
	const json_t *places = json_arr(c->program, "locations");
	int64_t ret = -1;

	for (size_t i = 0; i < json_array_size(places); i++) {
		struct place p;
		int64_t d;

		if (!place_of(json_array_get(places, i), &p))
			continue;
		d = place_distance(w->near, p);
		ret = ret < 0 || d < ret ? d : ret;
	}
	return ret;
}

static void
judge_exclusions(struct judging *j)
{
	const struct match_wish *w = j->wish;
	const char *readers = json_str(j->who->statement, "readers");
	/* Whoever is proposed is thereby said to be one: only of those who let members know. */
	const json_t *counts = readers != NULL && strcmp(readers, "staff") != 0 ? json_arr(j->who->statement, "audiences") : NULL;
	bool one = w->only == NULL, near = false;

	if (w->avoid != NULL && is_named(w->avoid, j->who))
		out(j, MATCH_AVOID, "was asked not to be proposed");
	if (w->conflict != NULL && is_named(w->conflict, j->who))
		out(j, MATCH_CONFLICT, "has one");
	/* Whoever says nothing of themselves is not told apart from who says something else. */
	for (size_t i = 0; i < json_array_size(w->only); i++)
		one = one || match_has(counts, json_string_value(json_array_get(w->only, i)));
	if (!one)
		out(j, MATCH_ONLY, "does not say to be one");
	for (size_t i = 0; i < json_array_size(w->towns); i++)
		near = near || is_in(j->who, json_string_value(json_array_get(w->towns, i)));
	if (near)
		out(j, MATCH_TOWN, "is from there");
	else if (w->towns != NULL && !is_in(j->who, NULL))
		out(j, MATCH_TOWN, "where they are is not said");
}

/* As a word, or the beginning of one. */
static bool
mentions(const char *text, const char *word)
{
	static const char between[] = " \t\n,.;:!?()-";
	size_t n = strlen(word);

	while (text != NULL && *(text += strspn(text, between)) != '\0') {
		if (strncasecmp(text, word, n) == 0)
			return true;
		text += strcspn(text, between);
	}
	return false;
}

/* The member of the record, or of the statement, whose list is asked. */
static const char *const lists[MATCH_NPREFS] = { [MATCH_PREF_EXPERIENCE] = "conditions", [MATCH_PREF_IDENTITY] = "audiences",
	[MATCH_PREF_AUDIENCE] = "audiences", [MATCH_PREF_PATHWAY] = "pathways", [MATCH_PREF_CONDITION] = "conditions",
	[MATCH_PREF_CULTURE] = "cultures", [MATCH_PREF_PRACTICE] = "practice_models", [MATCH_PREF_SESSION] = "session_types",
	[MATCH_PREF_ROLE] = "roles", [MATCH_PREF_MODALITY] = "modalities", [MATCH_PREF_TIME] = "times",
	[MATCH_PREF_STYLE] = "styles", [MATCH_PREF_FREQUENCY] = "frequencies" };

/* Nobody's age is known better than by a group: the next to it is nearly as good. */
static int
age_points(const struct match_candidate *c, unsigned wanted)
{
	int group = event_enum_value(&ev_age_group_names, json_str(c->statement, "age_group")), apart = abs(group - (int)wanted);

	return group == 0 || apart > 1 ? 0 : prefs[MATCH_PREF_AGE].points / (1 + apart);
}

static bool
fulfils(const struct match_candidate *c, const struct match_pref *p)
{
	switch (p->kind) {
	case MATCH_PREF_EXPERIENCE:
	case MATCH_PREF_IDENTITY:
		return match_has(json_arr(c->statement, lists[p->kind]), p->value);
	case MATCH_PREF_LANGUAGE:
		return match_speaks(json_arr(c->body, "languages"), p->value);
	case MATCH_PREF_INTEREST:
		return mentions(json_str(c->body, "about"), p->value);
	case MATCH_PREF_RESPONSE:
		return json_int(json_obj(c->body, "boundaries"), "response_hours", INT64_MAX) <= p->number;
	case MATCH_PREF_TOWN:
		return is_in(c, p->value);
	case MATCH_PREF_ORGANIZATION:
		return strcmp(c->org, p->value) == 0;
	default:
		return match_has(json_arr(c->body, lists[p->kind]), p->value);
	}
}

static void
judge_age(struct judging *j, const struct match_pref *p, bool first, const char *readers)
{
	int points = age_points(j->who, p->number);

	if (points > 0)
		line(j, points * (first ? 2 : 1), readers, points < prefs[p->kind].points ? "nearly matched: age %s%s" : "matched: age %s%s", p->value,
		    first ? ", named first" : "");
}

static void
judge_distance(struct judging *j, const struct match_pref *p, bool first)
{
	int64_t m = metres(j->wish, j->who), km = m < 0 ? -1 : (m + 500) / 1000;
	int points = prefs[p->kind].points * (first ? 2 : 1);

	if (km < 0)
		line(j, 0, "members", "not said, ask them: where they meet");
	else if (m <= p->number * 1000LL)
		line(j, points, "members", "matched: distance, %lld km, of at most %u%s", (long long)km, p->number, first ? ", named first" : "");
	else if (m <= p->number * 2000LL)
		line(j, points / 2, "members", "nearly matched: distance, %lld km, of at most %u%s", (long long)km, p->number, first ? ", named first" : "");
	else
		line(j, 0, "members", "missing: distance, %lld km, of at most %u", (long long)km, p->number);
}

static void
judge_prefs(struct judging *j)
{
	for (size_t i = 0; i < j->wish->n_prefs; i++) {
		const struct match_pref *p = &j->wish->prefs[i];
		bool own = p->kind == MATCH_PREF_EXPERIENCE || p->kind == MATCH_PREF_IDENTITY || p->kind == MATCH_PREF_AGE;
		const char *readers = own ? json_str(j->who->statement, "readers") : NULL;
		bool staff = readers != NULL && strcmp(readers, "staff") == 0;

		/* Of their own life a specialist says what they like; what they do not say is not counted as a lack. */
		if (p->kind == MATCH_PREF_AGE)
			judge_age(j, p, i == 0, staff ? "staff" : "members");
		else if (p->kind == MATCH_PREF_DISTANCE)
			judge_distance(j, p, i == 0);
		else if (fulfils(j->who, p))
			line(j, prefs[p->kind].points * (i == 0 ? 2 : 1), staff ? "staff" : "members", "matched: %s %s%s",
			    prefs[p->kind].name, p->value, i == 0 ? ", named first" : "");
		else if (!own)
			line(j, 0, "members", lists[p->kind] != NULL && json_arr(j->who->body, lists[p->kind]) == NULL ? "not said, ask them: %s %s" :
			    "missing: %s %s", prefs[p->kind].name, p->value);
	}
	if (j->wish->known != NULL && match_has(j->wish->known, j->who->id))
		line(j, MATCH_POINTS_KNOWN, "members", "they met before, and it went well");
}

int
match_judge(const struct match_wish *wish, const struct match_candidate *who, int64_t now, struct match_finding *ret)
{
	struct judging j = { .wish = wish, .who = who, .f = { .why = json_array(), .lines = json_array() } };

	judge_need(&j);
	judge_musts(&j);
	judge_eases(&j);
	judge_times(&j, now);
	judge_load(&j, now);
	judge_credential(&j);
	judge_who(&j);
	judge_exclusions(&j);
	judge_prefs(&j);
	if (j.failed) {
		match_finding_free(&j.f);
		return -ENOMEM;
	}
	*ret = j.f;
	return 0;
}

void
match_finding_free(struct match_finding *f)
{
	json_decref(f->why);
	json_decref(f->lines);
	*f = (struct match_finding){ 0 };
}

const struct match_need *
match_need(unsigned need)
{
	return &needs[need < EV_NEED_END ? need : 0];
}

int
match_points(unsigned kind)
{
	return kind < MATCH_NPREFS ? prefs[kind].points : 0;
}
