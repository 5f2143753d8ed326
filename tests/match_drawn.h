/* SPDX-License-Identifier: Apache-2.0 */
/* match_drawn: specialists and wishes, drawn so that many are alike, and each thing that a wish may ask is said by some. */
#ifndef CAIRN_TEST_MATCH_DRAWN_H
#define CAIRN_TEST_MATCH_DRAWN_H

#include <jansson.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tests/dice.h"

#define DRAWN_DAY	86400000LL
#define DRAWN(list)	(list[dice_roll((uint32_t)nelem(list))])

static const char *const drawn_conditions[] = { "grief", "alcohol", "anxiety", "diabetes" };
static const char *const drawn_audiences[] = { "veterans", "youth", "justice_involved", "parents" };
static const char *const drawn_bands[] = { "13_17", "18_25", "26_59", "60_plus", "unheard_of" };
static const char *const drawn_languages[] = { "en", "es", "es-MX", "EN-us" };
static const char *const drawn_modalities[] = { "phone", "in_person", "online_text" };
static const char *const drawn_roles[] = { "one_to_one", "mentor", "advocate" };
static const char *const drawn_times[] = { "weekday_evening", "weekday_morning", "night", "weekend_evening" };
static const char *const drawn_cultures[] = { "Caribbean", "deaf", "navy" };
static const char *const drawn_pathways[] = { "harm_reduction", "abstinence" };
static const char *const drawn_styles[] = { "direct", "gentle", "humorous" };
static const char *const drawn_frequencies[] = { "weekly", "monthly" };
static const char *const drawn_zones[] = { "Europe/Berlin", "America/New_York", "Mars/Olympus" };
static const char *const drawn_ages[] = { "18_25", "26_35", "36_45", "60_74" };
static const char *const drawn_programs[] = { "PROGA", "PROGB", "PROGC" };
static const char *const drawn_regions[] = { "US-NJ", "US", "DE", "US-NY" };
static const char *const drawn_fields[] = { "substance_use", "youth", "family", "unheard_of" };
static const char *const drawn_eases[] = { "wheelchair", "captions", "childcare" };
static const char *const drawn_aliases[] = { "Somebody", "Rosa M.", "Ren\xc3\xa9 Ros\xc3\xa1", "\xe2\x98\x83" };
static const char *const drawn_dids[] = { "did:key:zNobody", "did:key:zOne", "did:key:zTwo" };
static const char *const drawn_about[] = { "Gardens, chess (and tea).", "I sail; caf\xc3\xa9 on Sundays", "chessboards" };

/* One or two of a list; in one of ${often} cases nothing is said. */
#define drawn_some(body, key, list, often) do {								\
	if (dice_roll(often) != 0)									\
		(void)json_object_set_new(body, key, json_pack("[s, s]", DRAWN(list), DRAWN(list)));	\
} while (0)

static inline json_t *
drawn_capacity(int64_t now)
{
	int maximum = 4 + 2 * (int)dice_roll(3);
	json_t *ret = json_pack("{s:i, s:I}", "open", (int)dice_roll(4), "updated_at", (json_int_t)(now - (int64_t)dice_roll(20) * DRAWN_DAY -
	    (int64_t)dice_roll(2) * 40000000));

	if (dice_roll(3) != 0)
		(void)json_object_set_new(ret, "maximum", json_integer(maximum));
	if (dice_roll(3) == 0)
		(void)json_object_set_new(ret, "waitlist", json_pack("{s:i, s:i}", "waiting", (int)dice_roll(2), "days", (int)dice_roll(40)));
	if (dice_roll(8) == 0)
		(void)json_object_del(ret, "open");
	return ret;
}

/* ${open}: some have a credential, or rules that the index does not know. */
static inline json_t *
drawn_body(int64_t now, bool open)
{
	json_t *body = json_pack("{s:s, s:s}", "alias", DRAWN(drawn_aliases), "did", DRAWN(drawn_dids));

	drawn_some(body, "conditions", drawn_conditions, 4);
	drawn_some(body, "audiences", drawn_audiences, 3);
	drawn_some(body, "age_bands", drawn_bands, 2);
	drawn_some(body, "languages", drawn_languages, 9);
	drawn_some(body, "modalities", drawn_modalities, 9);
	drawn_some(body, "roles", drawn_roles, 9);
	drawn_some(body, "times", drawn_times, 3);
	drawn_some(body, "cultures", drawn_cultures, 2);
	drawn_some(body, "pathways", drawn_pathways, 2);
	drawn_some(body, "styles", drawn_styles, 2);
	drawn_some(body, "frequencies", drawn_frequencies, 2);
	if (dice_roll(2) == 0)
		(void)json_object_set_new(body, "timezone", json_string(DRAWN(drawn_zones)));
	if (dice_roll(3) != 0)
		(void)json_object_set_new(body, "program", json_string(DRAWN(drawn_programs)));
	if (dice_roll(2) != 0)
		(void)json_object_set_new(body, "about", json_string(DRAWN(drawn_about)));
	if (dice_roll(2) != 0)
		(void)json_object_set_new(body, "boundaries", json_pack("{s:i}", "response_hours", 1 + (int)dice_roll(72)));
	drawn_some(body, "accessibility", drawn_eases, 2);
	if (dice_roll(3) != 0)
		(void)json_object_set_new(body, "capacity", dice_roll(2) != 0 ? drawn_capacity(now) :
		    json_pack("{s:i, s:i, s:I}", "open", 4, "maximum", 4, "updated_at", (json_int_t)(now - DRAWN_DAY)));
	if (open && dice_roll(3) == 0)
		(void)json_object_set_new(body, "credential", json_pack("{s:{s:[s, s], s:[s], s:[s], s:[s]}}", "credentialSubject", "kind",
		    DRAWN(drawn_fields), DRAWN(drawn_fields), "jurisdiction", DRAWN(drawn_regions), "reciprocity", DRAWN(drawn_regions), "scope", DRAWN(drawn_roles)));
	else if (open && dice_roll(3) == 0)
		(void)json_object_set_new(body, "credential_id", json_string("CREDENTIAL"));
	if (open && dice_roll(4) == 0)
		(void)json_object_set_new(body, "eligible_if", json_loads("{\"all\":[{\"all\":[{\"kind\":\"age\",\"age_from\":30000}]}]}", 0, NULL));
	return body;
}

static inline void
drawn_wants(json_t *wish, const char *key, const char *value, uint32_t often)
{
	if (dice_roll(often) == 0)
		(void)json_object_set_new(wish, key, json_string(value));
}

static inline void
drawn_wants_one(json_t *wish, const char *key, const char *value, uint32_t often)
{
	if (dice_roll(often) == 0)
		(void)json_object_set_new(wish, key, json_pack("[s]", value));
}

/* ${open}: such a wish as leaves something open, too.  ${record}, ${whose}: somebody, and an organization. */
static inline json_t *
drawn_wish(bool open, const char *record, const char *whose)
{
	static const char *const needs[] = { "grief", "substance_use", "reentry", "youth", "everyday_support", "everyday_support" };
	static const char *const bands[] = { "26_59", "26_59", "13_17", "60_plus" };
	static const char *const prefer[] = { "culture=caribbean", "pathway=abstinence", "condition=alcohol", "audience=veterans", "language=es",
	    "role=mentor", "modality=phone", "time=night", "interest=chess", "interest=Cafe on", "interest=(", "response=24", "town=Newark",
	    "session=skills", "practice=mutual_aid", "organization=ORG", "style=direct", "frequency=weekly",
	    "distance=9", "age=26_35", "age=75_plus" };
	static const char *const names[] = { "ROSA", "rosa rene", "rosa nobody", "\xe2\x98\x83" };
	json_t *wish = json_pack("{s:s, s:s}", "need", DRAWN(needs), "age_band", DRAWN(bands)), *list = json_array();

	drawn_wants(wish, "language", dice_roll(2) ? "es" : "en", 3);
	drawn_wants(wish, "role", DRAWN(drawn_roles), 5);
	drawn_wants_one(wish, "modality", DRAWN(drawn_modalities), 4);
	drawn_wants_one(wish, "time", DRAWN(drawn_times), 4);
	if (dice_roll(4) == 0)
		(void)json_object_set_new(wish, "accessibility", json_pack("[s, s]", DRAWN(drawn_eases), DRAWN(drawn_eases)));
	drawn_wants_one(wish, "avoid", dice_roll(2) ? record : dice_roll(3) ? "proga" : DRAWN(drawn_dids), 6);
	drawn_wants_one(wish, "conflict", dice_roll(2) ? whose : DRAWN(drawn_programs), 12);
	drawn_wants_one(wish, "known", record, 3);
	if (dice_roll(4) == 0) {
		drawn_wants(wish, "at", dice_roll(2) ? "Mon-Fri 16:00-23:30" : "Sat 17:00-18:00, Mon 09:00-09:20", 1);
		drawn_wants(wish, "minutes", dice_roll(2) ? "90" : "20", 2);
	}
	if (open && (json_object_get(wish, "time") != NULL || json_object_get(wish, "at") != NULL))
		drawn_wants(wish, "zone", drawn_zones[dice_roll(2)], 2);
	(void)json_object_set_new(wish, "near", json_string("40.7357,-74.1724"));
	for (unsigned n = dice_roll(4); n > 0; n--)
		(void)json_array_append_new(list, json_string(DRAWN(prefer)));
	(void)json_object_set_new(wish, "prefer", list);
	if (open) {
		if (dice_roll(3) == 0)
			(void)json_object_set_new(wish, "certified", json_true());
		drawn_wants(wish, "residence", DRAWN(drawn_regions), 2);
		drawn_wants_one(wish, "not_town", "Newark", 6);
		drawn_wants_one(wish, dice_roll(2) ? "avoid" : "conflict", DRAWN(names), 4);
	}
	return wish;
}

#endif /* !CAIRN_TEST_MATCH_DRAWN_H */
