/* SPDX-License-Identifier: Apache-2.0 */
#include "consent_law.h"

#include <string.h>

#include "base/canon.h"
#include "base/grammar.h"
#include "consent.h"

static const struct consent_profile profiles[] = {
	{ CONSENT_PART2, 3, true, false, consent_notice,
	  "You may ask to whom your records were disclosed in the last 3 years (42 CFR 2.25), ask for limits on "
	  "their use (2.26), and take this consent back at any time (2.31)." },
	{ CONSENT_HIPAA, 6, true, true,
	  "This information was disclosed to you with the written authorization of the person it is about "
	  "(45 CFR 164.508). Use it only for the purpose that the authorization names. When you are told that it was "
	  "revoked, use and disclose it no further, except as far as you acted in reliance on it before.",
	  "You may ask to whom your information was disclosed in the last 6 years (45 CFR 164.528), see it and have a "
	  "copy (164.524), and revoke this authorization in writing at any time (164.508)." },
	{ CONSENT_GDPR, 3, false, false,
	  "These personal data were disclosed to you with the consent of the person they are about (Regulation (EU) "
	  "2016/679, Articles 6(1)(a) and 9(2)(a)). Process them only for the purpose that the consent names. When you are "
	  "told that it was withdrawn, stop processing them, and erase them if you have no other basis.",
	  "You may see your data (Article 15), have them corrected (16) or erased (17), have a copy to take elsewhere "
	  "(20), and withdraw your consent at any time as easily as you gave it (7)." },
};

const struct consent_profile *
consent_profile(const char *law)
{
	for (size_t i = 0; i < nelem(profiles) && law != NULL; i++)
		if (strcmp(profiles[i].law, law) == 0)
			return &profiles[i];
	return NULL;
}

bool
consent_noticed(const json_t *consent, const char *notice)
{
	const struct consent_profile *law = consent_profile(json_str(consent, "law"));

	return law != NULL && notice != NULL && (strcmp(notice, law->notice) == 0 ||
	    (strcmp(law->law, CONSENT_PART2) == 0 && strcmp(notice, consent_notice_short) == 0));
}

/* Words of common.json, from whichever list. */
static const struct {
	const char	*word;
	unsigned	 about;
} words[] = {
	{ "substance_use", CONSENT_ABOUT_SUBSTANCE_USE }, { "alcohol", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "opioids", CONSENT_ABOUT_SUBSTANCE_USE }, { "stimulants", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "substance_use_peer", CONSENT_ABOUT_SUBSTANCE_USE }, { "recovery_coaching", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "recovery_residence", CONSENT_ABOUT_SUBSTANCE_USE }, { "recovery_coach", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "twelve_step", CONSENT_ABOUT_SUBSTANCE_USE }, { "recovery_home", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "abstinence", CONSENT_ABOUT_SUBSTANCE_USE }, { "medication", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "harm_reduction", CONSENT_ABOUT_SUBSTANCE_USE }, { "own_path", CONSENT_ABOUT_SUBSTANCE_USE },
	{ "mental_health", CONSENT_ABOUT_MENTAL_HEALTH }, { "anxiety", CONSENT_ABOUT_MENTAL_HEALTH },
	{ "depression", CONSENT_ABOUT_MENTAL_HEALTH }, { "bipolar", CONSENT_ABOUT_MENTAL_HEALTH },
	{ "psychosis", CONSENT_ABOUT_MENTAL_HEALTH }, { "trauma", CONSENT_ABOUT_MENTAL_HEALTH },
	{ "eating", CONSENT_ABOUT_MENTAL_HEALTH }, { "self_harm", CONSENT_ABOUT_MENTAL_HEALTH },
	{ "perinatal", CONSENT_ABOUT_MENTAL_HEALTH },
};

static unsigned
about_word(const char *word)
{
	for (size_t i = 0; i < nelem(words) && word != NULL; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].about;
	return 0;
}

unsigned
consent_about(const char *need, const json_t *record)
{
	static const char *const lists[] = { "forms", "conditions", "roles", "practice_models", "pathways", "settings" };
	unsigned about = about_word(need);

	for (size_t l = 0; l < nelem(lists); l++) {
		const json_t *list = json_arr(record, lists[l]);

		for (size_t i = 0; i < json_array_size(list); i++)
			about |= about_word(json_string_value(json_array_get(list, i)));
	}
	return about != 0 ? about : CONSENT_ABOUT_OTHER;
}

const char *
consent_law_of(const json_t *program)
{
	const struct consent_profile *law = consent_profile(json_str(program, "law"));

	if (consent_about(NULL, program) & CONSENT_ABOUT_SUBSTANCE_USE && (law == NULL || strcmp(law->law, CONSENT_GDPR) != 0))
		return CONSENT_PART2;
	return law != NULL ? law->law : NULL;
}

const char *
consent_law_wanted(unsigned about, const char *const *own, size_t n, const char *target)
{
	bool gdpr = n > 0;

	if (target != NULL && strcmp(target, CONSENT_PART2) == 0)
		return CONSENT_PART2;
	for (size_t i = 0; i < n; i++) {
		if (own[i] != NULL && strcmp(own[i], CONSENT_PART2) == 0)
			return CONSENT_PART2;
		gdpr = gdpr && own[i] != NULL && strcmp(own[i], CONSENT_GDPR) == 0;
	}
	if (gdpr)
		return CONSENT_GDPR;
	return about & CONSENT_ABOUT_SUBSTANCE_USE ? CONSENT_PART2 : NULL;
}

static const char *const conditions[] = { "any", "substance_use", "mental_health", "other" };

static bool
is_condition(const char *s)
{
	for (size_t i = 0; i < nelem(conditions) && s != NULL; i++)
		if (strcmp(conditions[i], s) == 0)
			return true;
	return false;
}

static bool
is_age(const json_t *row, const char *key)
{
	const json_t *age = json_object_get(row, key);

	return age == NULL || (json_is_integer(age) && json_integer_value(age) >= 0 && json_integer_value(age) <= 21);
}

int
consent_minors_check(const json_t *table, struct err *reterr)
{
	const json_t *rows = json_arr(table, "minors");
	const char *by = json_str(table, "by"), *reviewed = json_str(table, "reviewed");

	if (by == NULL || *by == '\0')
		return err_set(reterr, E_BAD, "/by: who answers for the table is missing");
	if (reviewed == NULL || !grammar_ok(GRAMMAR_DATE, reviewed))
		return err_set(reterr, E_BAD, "/reviewed: the day of its last review is missing, such as 2026-11-01");
	if (rows == NULL || json_array_size(rows) > 1000)
		return err_set(reterr, E_BAD, "/minors: a list of at most 1000 rows is wanted");
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *where = json_str(row, "jurisdiction");

		if (where == NULL || !grammar_ok(GRAMMAR_ISO_3166, where))
			return err_set(reterr, E_BAD, "/minors/%zu/jurisdiction: a country or region of ISO 3166 is wanted", i);
		if (!is_condition(json_str(row, "condition")))
			return err_set(reterr, E_BAD, "/minors/%zu/condition: any, substance_use, mental_health or other is wanted", i);
		if (!is_age(row, "alone_from") || !is_age(row, "guardian_below"))
			return err_set(reterr, E_BAD, "/minors/%zu: an age is a whole number from 0 to 21", i);
	}
	return 0;
}

static const json_t *
find_row(const json_t *rows, const char *where, size_t n, const char *condition)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *there = json_str(row, "jurisdiction"), *what = json_str(row, "condition");

		if (there != NULL && what != NULL && strlen(there) == n && strncmp(there, where, n) == 0 &&
		    strcmp(what, condition) == 0)
			return row;
	}
	return NULL;
}

static enum consent_signers
signers_for(const json_t *rows, const char *where, const char *condition, long long age)
{
	size_t whole = strlen(where), country = strcspn(where, "-");
	const json_t *row = find_row(rows, where, whole, condition);

	if (row == NULL)
		row = find_row(rows, where, whole, "any");
	if (row == NULL)
		row = find_row(rows, where, country, condition);
	if (row == NULL)
		row = find_row(rows, where, country, "any");
	if (row != NULL && age >= json_int(row, "alone_from", 22))
		return CONSENT_MINOR_SIGNS;
	return row != NULL && age < json_int(row, "guardian_below", 0) ? CONSENT_GUARDIAN_SIGNS : CONSENT_BOTH_SIGN;
}

enum consent_signers
consent_signers(const json_t *table, const char *where, unsigned about, long long age)
{
	const json_t *rows = json_arr(table, "minors");
	enum consent_signers who = CONSENT_BOTH_SIGN;
	bool first = true;

	for (size_t i = 1; i < nelem(conditions); i++) {
		enum consent_signers one;

		if (!(about & 1u << (i - 1)))
			continue;
		one = signers_for(rows, where, conditions[i], age);
		/* Laws that differ are both kept when both sign. */
		who = first || one == who ? one : CONSENT_BOTH_SIGN;
		first = false;
	}
	return who;
}
