/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_part.h: attributes of our own taxonomies, which say what HSDS has no field for. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/heap.h"
#include "events.h"
#include "hsds_part.h"

enum { MEMBER_MAX = 64 * 1024 };	/* Bytes; no record is larger. */

const struct part_list part_lists[] = {
	{ HSDS_TAXONOMY "form", "forms", &ev_form_names, true },
	{ HSDS_TAXONOMY "condition", "conditions", &ev_condition_names, true },
	{ HSDS_TAXONOMY "audience", "audiences", &ev_audience_names, true },
	{ HSDS_TAXONOMY "setting", "settings", &ev_setting_names, true },
	{ HSDS_TAXONOMY "modality", "modalities", &ev_modality_names, true },
	{ HSDS_TAXONOMY "accessibility", "accessibility", &ev_accessibility_names, true },
	{ HSDS_TAXONOMY "practice_model", "practice_models", &ev_practice_model_names, true },
	{ HSDS_TAXONOMY "pathway", "pathways", &ev_pathway_names, true },
	{ HSDS_TAXONOMY "session_type", "session_types", &ev_session_type_names, true },
	{ HSDS_TAXONOMY "transport", "transport", &ev_transport_names, true },
	{ HSDS_TAXONOMY "age_band", "age_bands", &ev_age_band_names, true },
	{ HSDS_TAXONOMY "principle", "principles", &ev_principle_names, true },
	{ HSDS_TAXONOMY "attendance", "attendance", &ev_program_attendance_names, false },
	{ HSDS_TAXONOMY "anonymity", "anonymity", &ev_program_anonymity_names, false },
	{ HSDS_TAXONOMY "cost", "cost", &ev_cost_names, false },
	{ HSDS_TAXONOMY "law", "law", &ev_law_names, false },
	{ NULL, NULL, NULL, false },
};

/* Beside what was understood, listed: the term's name and description are ours to say. */
static int
rest(struct hsds *h, const struct at *at, const json_t *term, const char *also)
{
	static const char * const of_term[] = { "taxonomy", "code", "name", "description", NULL };
	const char * const known[] = { "taxonomy_term", also, NULL };
	const struct at here = { .up = at, .key = "taxonomy_term", .object = term };
	int r = walk_rest(h, at, known);

	return r == 0 ? walk_rest(h, &here, of_term) : r;
}

/* A term of the list ${l}. */
static int
listed(struct hsds *h, const struct at *at, const struct part_list *l, const char *code, json_t *body)
{
	const char *old = json_str(body, l->member);

	if (event_enum_value(l->values, code) == 0)
		return walk_lost(h, at, NULL, "object: its code is not on the list %s", l->taxonomy);
	if (l->many)
		return walk_put(h, at, NULL, body, l->member, json_string(code), (size_t)l->values->n);
	/* Amounts only hint at who pays; a second attribute contradicts the first. */
	if (old != NULL && strcmp(old, code) != 0 && strcmp(l->member, "cost") != 0)
		return walk_lost(h, at, NULL, "object: %s is %s already", l->member, old);
	return json_object_set_new(body, l->member, json_string(code)) == 0 ? 0 : -ENOMEM;
}

static int
attribute(struct hsds *h, const struct at *at, json_t *body)
{
	json_t *term;
	const char *taxonomy;
	int r = walk_object(h, at, "taxonomy_term", &term);

	if (r != 0)
		return r;
	taxonomy = json_str(term, "taxonomy");
	if (taxonomy != NULL && strcmp(taxonomy, HSDS_MEMBER) == 0)
		return 0;	/* part_members() */
	for (const struct part_list *l = part_lists; taxonomy != NULL && l->taxonomy != NULL; l++) {
		if (strcmp(taxonomy, l->taxonomy) != 0)
			continue;
		r = listed(h, at, l, json_str(term, "code"), body);
		return r == 0 ? rest(h, at, term, NULL) : r;
	}
	return walk_lost(h, at, NULL, "object: a taxonomy that records do not have");
}

/* A member as it is in a record, if it is one there. */
static int
member(struct hsds *h, const struct at *at, json_t *body)
{
	json_t *term = json_obj(at->object, "taxonomy_term");
	const char *taxonomy = json_str(term, "taxonomy"), *code = json_str(term, "code");
	const json_t *text = json_object_get(at->object, "value");
	autojson json_t *value = NULL;
	autojson json_t *trial = NULL;
	struct err err = { "" };
	int r;

	if (taxonomy == NULL || strcmp(taxonomy, HSDS_MEMBER) != 0)
		return 0;
	if (code == NULL || !json_is_string(text) || json_string_length(text) > MEMBER_MAX)
		return walk_lost(h, at, NULL, "object: no member of a program");
	value = heap_load(json_string_value(text), json_string_length(text), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	trial = json_pack("{s:s, s:s}", "name", "n", "description", "d");
	if (trial == NULL)
		return -ENOMEM;
	if (value != NULL && !json_is_null(value) && json_object_set(trial, code, value) != 0)
		return -ENOMEM;
	r = value == NULL ? E_BAD : event_check(&rec_program_desc, trial, &err);
	if (r > 0)
		return walk_lost(h, at, NULL, "object: no member of a program");
	if (r == 0 && json_is_null(value))
		(void)json_object_del(body, code);
	else if (r == 0)
		r = walk_set(body, code, value);
	return r == 0 ? rest(h, at, term, "value") : r;
}

static int
each(struct hsds *h, const struct at *at, int (*fn)(struct hsds *, const struct at *, json_t *), json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "attributes", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "attributes" },
		    here = { .up = &in, .index = i, .object = item };

		r = fn(h, &here, body);
		if (r != 0)
			return r;
	}
	return 0;
}

int
part_attributes(struct hsds *h, const struct at *at, json_t *body)
{
	return each(h, at, attribute, body);
}

int
part_members(struct hsds *h, const struct at *at, json_t *body)
{
	return each(h, at, member, body);
}
