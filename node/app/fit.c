/* SPDX-License-Identifier: Apache-2.0 */
#include "fit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/cleanup.h"
#include "domain/schedule.h"
#include "domain/when.h"
#include "domain/zone.h"
#include "zones.h"

enum {
	AHEAD_DAYS = 56,	/* A monthly meeting comes at least once. */
	SOON_DAYS = 14,
	SPANS = 1024,
	MINUTES = 30,
	YEAR_DAYS = 400,
};

struct fit {
	struct eligibility_facts facts;
	bool			 asks_times, asks_facts;
	struct search_hours	 hours;		/* Of somebody's free time. */
	int			 minutes;
	int64_t			 from, until;
	char			 own[ZONE_NAME_MAX + 1];
	struct schedule_span	*free;
	size_t			 n_free;
	struct zones		 zones;			/* The first is the searcher's own. */
};

/* How far ahead of UTC the zone is in that time: the clock is put once in weeks. */
static void
get_range(const struct zone *zone, int64_t from, int64_t until, int *ret_least, int *ret_most)
{
	*ret_least = *ret_most = zone_offset(zone, until / 1000);
	for (int64_t ms = from; ms < until; ms += WHEN_DAY) {
		int ahead = zone_offset(zone, ms / 1000);

		*ret_least = ahead < *ret_least ? ahead : *ret_least;
		*ret_most = ahead > *ret_most ? ahead : *ret_most;
	}
}

static int
open_times(struct fit *f, const char *at, const json_t *args, int64_t now, struct err *reterr)
{
	const char *zone = json_str(args, "zone"), *minutes = json_str(args, "minutes");
	struct schedule windows[SCHEDULE_WINDOWS];
	const struct zone *own;
	int least, most;
	char *end;
	size_t n = schedule_windows(at, windows, reterr);
	long wanted = MINUTES;

	if (n == 0) {
		err_add(reterr, "at");
		return E_BAD;
	}
	if (zone == NULL || !zone_is_name(zone) || (own = zones_get(&f->zones, zone)) == NULL)
		return err_set(reterr, E_BAD, "zone: with at, a time zone is wanted that this machine knows, such as Europe/Berlin");
	if (minutes != NULL && ((wanted = strtol(minutes, &end, 10)) < 1 || wanted > 24 * 60 || *end != '\0' || *minutes == '\0'))
		return err_set(reterr, E_BAD, "minutes: between 1 and %d is wanted", 24 * 60);
	(void)snprintf(f->own, sizeof(f->own), "%s", zone);
	f->asks_times = true;
	f->minutes = (int)wanted;
	f->from = now;
	f->until = now + AHEAD_DAYS * WHEN_DAY;
	get_range(own, f->from, f->until, &least, &most);
	for (size_t i = 0; i < n; i++) {
		schedule_hours(&windows[i], least, most, &f->hours.utc);
		schedule_hours(&windows[i], 0, 0, &f->hours.local);
	}
	if ((f->free = calloc(SPANS, sizeof(*f->free))) == NULL)
		return -ENOMEM;
	f->n_free = schedule_free(windows, n, own, f->from, f->until, f->free, SPANS);
	return 0;
}

int
fit_open(const json_t *args, int64_t now, struct fit **ret, struct err *reterr)
{
	autofit struct fit *f = calloc(1, sizeof(*f));
	const char *at = json_str(args, "at");
	int r;

	if (f == NULL)
		return -ENOMEM;
	if ((r = eligibility_facts(args, &f->facts, reterr)) != 0)
		return r;
	f->asks_facts = eligibility_known(&f->facts);
	if (at != NULL && (r = open_times(f, at, args, now, reterr)) != 0)
		return r;
	if (at == NULL && (json_str(args, "zone") != NULL || json_str(args, "minutes") != NULL))
		return err_set(reterr, E_BAD, "at: zone and minutes say more of times; which times?");
	*ret = take(f);
	return 0;
}

void
fit_free(struct fit *f)
{
	if (f == NULL)
		return;
	zones_free(&f->zones);
	free(f->free);
	free(f);
}

void
fit_ask(const struct fit *f, struct search_query *ret)
{
	ret->hours = f->asks_times ? &f->hours : NULL;
	ret->facts = f->asks_facts ? &f->facts : NULL;
}

void
fit_hours(struct fit *f, const json_t *body, int64_t now, struct search_hours *ret)
{
	struct search_hours hours = { .unsaid = false };
	bool known = false;
	json_t *item;
	size_t i;

	json_array_foreach(json_arr(body, "schedules"), i, item) {
		const struct zone *zone = NULL;
		struct schedule s;
		int least, most;

		if (schedule_read(item, &s, NULL) != 0)
			continue;
		if (s.lacks != NULL || (s.zone != NULL && (zone = zones_get(&f->zones, s.zone)) == NULL)) {
			hours.unsaid = true;
			continue;
		}
		known = true;
		hours.unsaid = hours.unsaid || s.known != INT64_MAX;
		if (zone == NULL) {
			schedule_hours(&s, 0, 0, &hours.local);
			continue;
		}
		get_range(zone, now, now + YEAR_DAYS * WHEN_DAY, &least, &most);
		schedule_hours(&s, least - 3600, most + 3600, &hours.utc);
	}
	hours.unsaid = hours.unsaid || !known;
	*ret = hours;
}

/* "2026-11-24 19:00", local. */
static void
print_local(const struct zone *zone, int64_t ms, char ret[WHEN_TEXT])
{
	(void)when_print(ms + zone_offset(zone, ms / 1000) * 1000LL, ret);
	ret[10] = ' ';
	ret[16] = '\0';
}

/* A specialist's own times are parts of a day, in a time zone that they do not say: they are told, and asked about. */
static void
say_slots(const json_t *slots, char *ret, size_t size)
{
	json_t *slot;
	size_t i, len = 0;

	json_array_foreach(slots, i, slot) {
		int n = snprintf(ret + len, size - len, "%s%s", len == 0 ? "they name, in their own time zone: " : ", ", json_string_value(slot));

		if (n < 0 || (size_t)n >= size - len)
			break;
		for (char *p = ret + len; *p != '\0'; p++)
			*p = *p == '_' ? ' ' : *p;
		len += (size_t)n;
	}
	ret[len] = '\0';
}

static enum search_says
judge_times(struct fit *f, const json_t *body, char *ret, size_t size)
{
	const struct zone *own = zones_get(&f->zones, f->own);
	const char *unsaid = "its times are not said";
	struct schedule_fit best = { 0 };
	char text[WHEN_TEXT], reason[160] = "";
	bool no = false, assumed = false;
	json_t *item;
	size_t i;

	say_slots(json_arr(body, "times"), reason, sizeof(reason));
	json_array_foreach(json_arr(body, "schedules"), i, item) {
		const struct zone *zone;
		struct schedule_fit fit;
		struct schedule s;
		int r;

		if (schedule_read(item, &s, NULL) != 0)
			continue;
		zone = s.zone != NULL ? zones_get(&f->zones, s.zone) : own;
		r = zone == NULL ? E_LATER : schedule_overlap(&s, zone, f->free, f->n_free, f->from, f->until, f->minutes, &fit);
		if (zone == NULL)
			(void)snprintf(reason, sizeof(reason), "this machine does not know its time zone %s", s.zone);
		else if (r == E_LATER)
			(void)snprintf(reason, sizeof(reason), "not said: %s", schedule_lacks(&s, f->until));
		no = no || r == E_NOTFOUND;
		if (r == 0 && (best.next == 0 || fit.next < best.next)) {
			best = fit;
			assumed = s.zone == NULL;
		}
	}
	if (best.next != 0) {
		print_local(own, best.next, text);
		(void)snprintf(ret, size, "%d minutes, %u of %u times in the next weeks, first %s %s%s", best.longest, best.fits,
		    best.meets, text, f->own, assumed ? " (its time zone is not said and taken as that)" : "");
		return SEARCH_YES;
	}
	if (no && reason[0] == '\0')
		return SEARCH_NO;
	(void)snprintf(ret, size, "ask them; %s", reason[0] != '\0' ? reason : unsaid);
	return SEARCH_UNSAID;
}

void
fit_rules(const struct fit *f, const json_t *program, struct eligibility_finding *ret)
{
	eligibility_judge(program, &f->facts, ret);
}

void
fit_judge(struct fit *f, const json_t *body, const struct eligibility_finding *rules, struct search_item *item, struct fit_words *ret)
{
	static const enum search_says says[] = { [ELIGIBILITY_NO] = SEARCH_NO, [ELIGIBILITY_CANNOT_SAY] = SEARCH_UNSAID,
		[ELIGIBILITY_YES] = SEARCH_YES };
	struct eligibility_finding found;

	*ret = (struct fit_words){ "", "" };
	if (f->asks_times)
		item->times = judge_times(f, body, ret->times, sizeof(ret->times));
	if (!f->asks_facts)
		return;
	eligibility_judge(body, &f->facts, &found);
	if (json_str(body, "program") != NULL)
		eligibility_join(&found, rules);
	item->eligible = says[found.answer];
	(void)snprintf(ret->eligible, sizeof(ret->eligible), "%s", found.reason.text);
}

/* ${within}: where ${owner} is in the body. */
static int
check_schedules(const json_t *owner, const char *within, struct err *reterr)
{
	struct err why = { "" };
	struct schedule s;
	json_t *item;
	size_t i;

	json_array_foreach(json_arr(owner, "schedules"), i, item)
		if (schedule_read(item, &s, &why) != 0)
			return err_set(reterr, E_BAD, "%s/schedules/%zu%s", within, i, why.text);
	return 0;
}

int
fit_check(const json_t *body, struct err *reterr)
{
	const json_t *rule = json_obj(body, "eligible_if");
	struct err why = { "" };
	char within[32];
	json_t *way;
	size_t i;
	int r = check_schedules(body, "", reterr);

	/* A crisis line has hours for each way to reach it. */
	json_array_foreach(json_arr(body, "ways"), i, way) {
		(void)snprintf(within, sizeof(within), "/ways/%zu", i);
		r = r != 0 ? r : check_schedules(way, within, reterr);
	}
	if (r != 0)
		return r;
	if (rule != NULL && eligibility_check(rule, &why) != 0)
		return err_set(reterr, E_BAD, "/eligible_if%s%s", why.text[0] == '/' ? "" : ": ", why.text);
	return 0;
}

bool
fit_counts(const json_t *body, int64_t now)
{
	struct schedule s;
	json_t *item;
	size_t i;

	json_array_foreach(json_arr(body, "schedules"), i, item)
		if (schedule_read(item, &s, NULL) == 0 && s.lacks == NULL && schedule_lacks(&s, now + AHEAD_DAYS * WHEN_DAY) != NULL)
			return true;
	return false;
}

int
fit_window(const char *at, const char *zone, int64_t after, struct schedule_span *ret, struct err *reterr)
{
	struct schedule windows[SCHEDULE_WINDOWS];
	autozone struct zone *place = NULL;
	struct schedule_span spans[SCHEDULE_WINDOWS * (SOON_DAYS + 2)];
	size_t n = schedule_windows(at, windows, reterr);

	if (n == 0) {
		err_add(reterr, "call_back");
		return E_BAD;
	}
	if (zone == NULL || (place = zones_read(zone)) == NULL)
		return err_set(reterr, E_BAD, "zone: a time zone is wanted that this machine knows, such as America/New_York");
	if (schedule_free(windows, n, place, after, after + SOON_DAYS * WHEN_DAY, spans, nelem(spans)) == 0)
		return err_set(reterr, E_BAD, "call_back: there is no such time in the next weeks");
	*ret = (struct schedule_span){ spans[0].begins > after ? spans[0].begins : after, spans[0].ends };
	return 0;
}
