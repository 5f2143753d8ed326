/* SPDX-License-Identifier: Apache-2.0 */
#include "staff.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "when.h"

static const char *const wanted[] = { "active_listening", "communication", "crisis" };

static int
day_of(const char *text, long long *ret)
{
	char whole[WHEN_TEXT + 16];
	int64_t at;

	if (text == NULL)
		return E_BAD;
	(void)snprintf(whole, sizeof(whole), "%.10sT00:00:00Z", text);
	if (when_parse(whole, &at) != 0)
		return E_BAD;
	*ret = at / WHEN_DAY;
	return 0;
}

static const json_t *
part(const json_t *entry)
{
	return json_obj(entry, json_str(entry, "kind"));
}

static bool
is(const json_t *entry, const char *kind, const char *who)
{
	return !strcmp(json_str(entry, "kind"), kind) && !strcmp(json_str(entry, "who"), who);
}

/* Is there a later one of the same name? */
static bool
renewed(const json_t *entries, const json_t *one, const char *who)
{
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *other = json_array_get(entries, i);

		if (is(other, "credential", who) && !strcmp(json_str(part(other), "name"), json_str(part(one), "name")) &&
		    strcmp(json_str(part(other), "until"), json_str(part(one), "until")) > 0)
			return true;
	}
	return false;
}

int
staff_judge(const json_t *entries, const char *who, const char *today, struct staff_state *ret)
{
	struct staff_state s = { .unsupervised = true };
	bool learned[nelem(wanted)] = { false };
	long long now, on, until;

	if (day_of(today, &now) != 0)
		return E_BAD;
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *e = json_array_get(entries, i);

		if (day_of(json_str(e, "on"), &on) != 0)
			continue;
		for (size_t k = 0; k < nelem(wanted) && is(e, "training", who); k++)
			learned[k] = learned[k] || !strcmp(json_str(part(e), "topic"), wanted[k]);
		if ((is(e, "hours", who) || is(e, "training", who)) && now - on < STAFF_YEAR)
			s.hours += json_int(part(e), "hours", 0);
		if (is(e, "supervision", who) && now - on <= STAFF_SUPERVISED)
			s.unsupervised = false;
		if (is(e, "credential", who) && !renewed(entries, e, who) && day_of(json_str(part(e), "until"), &until) == 0) {
			s.expires = !s.certified || until - now < s.expires ? until - now : s.expires;
			s.certified = true;
		}
	}
	for (size_t k = 0; k < nelem(wanted); k++)
		s.untrained = s.untrained || !learned[k];
	*ret = s;
	return 0;
}

int
staff_series(const json_t *entries, const char *who, const char *group, struct staff_series *ret)
{
	struct staff_series s = { 0 };

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *e = json_array_get(entries, i);

		if (is(e, "enrolment", who) && !strcmp(json_str(part(e), "group"), group))
			s.sessions = json_int(part(e), "sessions", 0);
		s.attended += is(e, "session", who) && !strcmp(json_str(part(e), "group"), group);
	}
	if (s.sessions == 0)
		return E_NOTFOUND;
	s.complete = s.attended >= s.sessions;
	*ret = s;
	return 0;
}

const char *
staff_group(const json_t *entry)
{
	return json_str(part(entry), "group");
}

/* A Matrix id, a mail address, a number to call: who is meant is not written down. */
static bool
names_somebody(const char *text)
{
	size_t digits = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '@' && (isalnum((unsigned char)p[1]) || (p > text && isalnum((unsigned char)p[-1]))))
			return true;
		digits = isdigit((unsigned char)*p) ? digits + 1 : *p == ' ' || *p == '-' || *p == '/' || *p == '(' || *p == ')' ? digits : 0;
		if (digits >= 9)
			return true;
	}
	return false;
}

static int
add_to_group(const json_t *entries, const json_t *entry, const json_t *group, struct err *reterr)
{
	const char *kind = json_str(entry, "kind"), *who = json_str(entry, "who"), *id = staff_group(entry);
	struct staff_series s;
	bool in = staff_series(entries, who, id, &s) == 0, gone = json_str(group, "of") != NULL;

	if (group == NULL)
		return err_set(reterr, E_REFUSED, "group: no group of ours has this id; cairn list records shows them");
	if (gone && (!in || strcmp(kind, "session") != 0))
		return err_set(reterr, E_REFUSED, "this group was withdrawn, and nothing is kept of it, nor who supervises it; only the meetings of those who take "
		    "part in it already are still written down");
	if (!strcmp(kind, "incident")) {
		if (json_obj(group, "supervisor") == NULL)
			return err_set(reterr, E_REFUSED, "this group has no supervisor of record, who would have to see it; publish one with it first");
		return names_somebody(json_str(part(entry), "text")) ?
		    err_set(reterr, E_BAD, "incident/text: it names somebody by an address or a number; say what happened, and who knows more") : 0;
	}
	if (!gone && (json_str(group, "kind") == NULL || strcmp(json_str(group, "kind"), "education") != 0))
		return err_set(reterr, E_REFUSED, "this group is no education series: nobody is enrolled in it");
	if (!strcmp(kind, "enrolment"))
		return in ? err_set(reterr, E_EXISTS, "they take part in it already") : 0;
	if (!in)
		return err_set(reterr, E_REFUSED, "they do not take part in this series; add the enrolment first");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *e = json_array_get(entries, i);

		if (is(e, "session", who) && !strcmp(staff_group(e), id) && !strcmp(json_str(e, "on"), json_str(entry, "on")))
			return err_set(reterr, E_EXISTS, "that they were there on this day is written down already");
	}
	return 0;
}

int
staff_admit(const json_t *entries, const json_t *entry, const json_t *group, const char *today, struct err *reterr)
{
	if (strcmp(json_str(entry, "on"), today) > 0)
		return err_set(reterr, E_BAD, "on: that day has not come yet");
	return staff_group(entry) == NULL ? 0 : add_to_group(entries, entry, group, reterr);
}
