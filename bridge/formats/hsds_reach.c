/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_part.h: whom to reach, and in which language. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/grammar.h"
#include "hsds_part.h"

enum { CONTACTS = 16, VALUE = 300, LABEL = 100, LANGUAGES = 32 };

/* The same address again: what the first did not say is added; what contradicts it is listed. */
static int
merge_contact(struct hsds *h, const struct at *at, const char *key, json_t *old, json_t *label, json_t *languages)
{
	const json_t *known = json_object_get(old, "label"), *spoken = json_object_get(old, "languages");

	if (languages != NULL && spoken != NULL && !json_equal(spoken, languages) &&
	    walk_note(h, at, key, "languages: the same address has others") != 0)
		return -ENOMEM;
	if (spoken == NULL && walk_set(old, "languages", languages) != 0)
		return -ENOMEM;
	/* A label from the file replaces one that is not. */
	if (label == NULL || known == NULL || (h->given != NULL && json_equal(h->given, known)))
		return walk_set(old, "label", label);
	if (json_equal(known, label) || (h->given != NULL && json_equal(h->given, label)))
		return 0;
	return walk_note(h, at, key, "label: the same address has another one");
}

/* Adds {how, value, label, languages}; all but ${how} borrowed, the last two may be NULL. */
static int
add_contact(struct hsds *h, const struct at *at, const char *key, json_t *body, const char *how, json_t *value,
    json_t *label, json_t *languages)
{
	size_t i, before = json_array_size(json_object_get(body, "contacts"));
	json_t *old;
	int r;

	json_array_foreach(json_object_get(body, "contacts"), i, old) {
		if (strcmp(json_str(old, "how"), how) == 0 && json_equal(json_object_get(old, "value"), value)) {
			h->reached++;
			if (walk_origin(h, "contacts", old, at->object, key) != 0)
				return -ENOMEM;
			return merge_contact(h, at, key, old, label, languages);
		}
	}
	r = walk_put(h, at, key, body, "contacts", json_pack("{s:s, s:O, s:O*, s:O*}", "how", how, "value", value,
	    "label", label, "languages", languages), CONTACTS);
	h->reached += json_array_size(json_object_get(body, "contacts")) > before;
	return r;
}

int
part_languages(struct hsds *h, const struct at *at, json_t *into, size_t max)
{
	static const char * const known[] = { "code", NULL };
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "languages", &list);

	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "languages" },
		    here = { .up = &in, .index = i, .object = item };
		autojson json_t *code = NULL;
		char ours[LANGUAGE_MAX];

		r = walk_code(h, &here, "code", &code);
		if (r == 0 && code == NULL)
			r = walk_lost(h, &here, NULL, "language without a code");
		else if (r == 0 && !part_language(json_string_value(code), ours))
			r = walk_lost(h, &here, "code", "string: not a language code");
		else if (r == 0 && (strcmp(ours, json_string_value(code)) == 0 || (r = walk_lost(h, &here, "code", "string: kept as %s", ours)) == 0))
			r = walk_put(h, &here, NULL, into, "languages", json_string(ours), max);
		if (r == 0)
			r = walk_rest(h, &here, known);
		if (r != 0)
			return r;
	}
	return r;
}

/* "number", or "number ext. N" if there is an extension; NULL if there is no number.  Neither is cut. */
static int
phone_number(struct hsds *h, const struct at *at, json_t **ret)
{
	const json_t *said = json_object_get(at->object, "number"), *extension = json_object_get(at->object, "extension");
	autojson json_t *number = NULL;
	autojson json_t *more = NULL;
	int r;

	if (json_is_string(said) && json_string_length(said) > VALUE)
		return walk_lost(h, at, "number", "string: too long");
	r = walk_text(h, at, "number", VALUE, &number);
	if (r == 0 && json_is_string(extension) && json_string_length(extension) > LABEL)
		r = walk_lost(h, at, "extension", "string: too long");
	else if (r == 0 && json_is_string(extension))
		r = walk_text(h, at, "extension", LABEL, &more);
	else if (r == 0 && json_is_integer(extension))
		more = json_sprintf("%lld", (long long)json_integer_value(extension));
	else if (r == 0 && !walk_absent(extension))
		r = walk_bad(h, at, "extension", "%s where a whole number must be", walk_kind(extension));
	if (r != 0)
		return r;
	if (number != NULL && more != NULL &&
	    json_string_length(number) + json_string_length(more) + strlen(" ext. ") > VALUE) {
		json_decref(take(more));
		r = walk_lost(h, at, "extension", "%s: no room beside the number", walk_kind(extension));
	}
	if (r == 0 && number != NULL)
		*ret = more == NULL ? take(number) : json_sprintf("%s ext. %s", json_string_value(number), json_string_value(more));
	return r;
}

/* sms or phone; NULL if it is a machine that nobody can be called on. */
static const char *
phone_how(const char *type)
{
	static const char * const machines[] = { "fax", "pager", "video", "textphone" };

	for (size_t i = 0; type != NULL && i < nelem(machines); i++) {
		if (strcasecmp(type, machines[i]) == 0)
			return NULL;
	}
	return type != NULL && (strcasecmp(type, "text") == 0 || strcasecmp(type, "sms") == 0) ? "sms" : "phone";
}

static int
phone(struct hsds *h, const struct at *at, json_t *label, json_t *body)
{
	static const char * const known[] = { "number", "extension", "type", "description", "languages", NULL };
	autojson json_t *value = NULL;
	autojson json_t *type = NULL;
	autojson json_t *text = NULL;
	autojson json_t *spoken = json_object();
	const json_t *description = json_object_get(at->object, "description");
	const char *how;
	int r = phone_number(h, at, &value);

	if (r == 0)
		r = walk_code(h, at, "type", &type);
	if (r == 0 && spoken == NULL)
		r = -ENOMEM;
	if (r != 0)
		return r;
	how = phone_how(json_string_value(type));
	if (how != NULL && type != NULL && strcmp(json_string_value(type), strcmp(how, "sms") == 0 ? "text" : "voice") != 0 &&
	    walk_lost(h, at, "type", "string: kept as %s", how) != 0)
		return -ENOMEM;
	if (value == NULL || how == NULL)
		return walk_lost(h, at, NULL, value == NULL ? "phone without a number" : "phone of type %s: no place in a record",
		    json_string_value(type));
	/* A label says whom it reaches; what is longer is a story and not cut to a stump. */
	if (label == NULL && json_is_string(description) && json_string_length(description) <= LABEL)
		r = walk_text(h, at, "description", LABEL, &text);
	else if (!walk_absent(description))
		r = walk_lost(h, at, "description", "%s: no place in a record", walk_kind(description));
	if (r == 0)
		r = part_languages(h, at, spoken, LANGUAGES);
	if (r == 0)
		r = add_contact(h, at, NULL, body, how, value, label != NULL ? label : text, json_object_get(spoken, "languages"));
	return r == 0 ? walk_rest(h, at, known) : r;
}

/* "name, title, department" as far as it fits. */
static int
person_label(struct hsds *h, const struct at *at, json_t **ret)
{
	static const char * const parts[] = { "name", "title", "department" };
	autojson json_t *label = NULL;

	for (size_t i = 0; i < nelem(parts); i++) {
		autojson json_t *part = NULL;
		json_t *longer;
		int r = walk_text(h, at, parts[i], VALUE, &part);

		if (r != 0)
			return r;
		if (part == NULL)
			continue;
		if (json_string_length(part) + (label != NULL ? json_string_length(label) + 2 : 0) > LABEL) {
			r = walk_lost(h, at, parts[i], "string: too long for a contact's label");
			if (r != 0)
				return r;
			continue;
		}
		longer = label == NULL ? json_incref(part) :
		    json_sprintf("%s, %s", json_string_value(label), json_string_value(part));
		if (longer == NULL)
			return -ENOMEM;
		json_decref(label);
		label = longer;
	}
	*ret = take(label);
	return 0;
}

static int
phones(struct hsds *h, const struct at *at, json_t *label, json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, "phones", &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "phones" }, here = { .up = &in, .index = i, .object = item };

		r = phone(h, &here, label, body);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
email(struct hsds *h, const struct at *at, json_t *label, json_t *body)
{
	autojson json_t *value = NULL;
	int r = walk_text(h, at, "email", VALUE, &value);

	return r == 0 && value != NULL ? add_contact(h, at, "email", body, "email", value, label, NULL) : r;
}

/* What belongs to an address is lost with it. */
static int
if_reached(struct hsds *h, const struct at *at, const char *key, size_t before)
{
	return h->reached != before || walk_absent(json_object_get(at->object, key)) ? 0 :
	    walk_lost(h, at, key, "string: its address was not taken");
}

static int
person(struct hsds *h, const struct at *at, json_t *body)
{
	static const char * const known[] = { "name", "title", "department", "email", "phones", NULL };
	autojson json_t *label = NULL;
	size_t before = h->reached;
	int r;

	if (walk_absent(json_object_get(at->object, "email")) && walk_absent(json_object_get(at->object, "phones")))
		return walk_lost(h, at, NULL, "contact without email or phone");
	r = person_label(h, at, &label);
	if (r == 0)
		r = email(h, at, label, body);
	if (r == 0)
		r = phones(h, at, label, body);
	for (size_t i = 0; r == 0 && i < 3; i++)
		r = if_reached(h, at, known[i], before);
	return r == 0 ? walk_rest(h, at, known) : r;
}

int
part_reach(struct hsds *h, const struct at *at, json_t *label, json_t *body)
{
	json_t *list = NULL, *item;
	size_t i;
	int r = email(h, at, label, body);

	if (r == 0)
		r = phones(h, at, label, body);
	if (r == 0)
		r = walk_objects(h, at, "contacts", &list);
	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = "contacts" }, here = { .up = &in, .index = i, .object = item };

		r = person(h, &here, body);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
web(struct hsds *h, const struct at *at, const char *key, json_t *label, json_t *body)
{
	autojson json_t *value = NULL;
	const json_t *v = json_object_get(at->object, key);
	int r;

	if (json_is_string(v) && json_string_length(v) > VALUE)
		return walk_lost(h, at, key, "string: too long for a web address");
	r = walk_text(h, at, key, VALUE, &value);
	if (r != 0 || value == NULL)
		return r;
	if (!grammar_ok(GRAMMAR_WEB_URI, json_string_value(value)))
		return walk_lost(h, at, key, "string: no http or https address");
	return add_contact(h, at, key, body, "web", value, label, NULL);
}

int
part_webs_last(json_t *body)
{
	json_t *list = json_object_get(body, "contacts"), *item;
	autojson json_t *sorted = json_array();
	size_t i;

	if (list == NULL)
		return 0;
	for (int web = 0; web <= 1; web++) {
		json_array_foreach(list, i, item) {
			if ((strcmp(json_str(item, "how"), "web") == 0) == web && json_array_append(sorted, item) != 0)
				return -ENOMEM;
		}
	}
	return json_object_set(body, "contacts", sorted) == 0 ? 0 : -ENOMEM;
}

int
part_web(struct hsds *h, const struct at *at, const char *key, json_t *body)
{
	return web(h, at, key, NULL, body);
}

int
part_webs(struct hsds *h, const struct at *at, const char *key, json_t *body)
{
	static const char * const known[] = { "label", "url", NULL };
	json_t *list = NULL, *item;
	size_t i;
	int r = walk_objects(h, at, key, &list);

	if (r != 0)
		return r;
	json_array_foreach(list, i, item) {
		const struct at in = { .up = at, .key = key }, here = { .up = &in, .index = i, .object = item };
		autojson json_t *label = NULL;
		size_t before = h->reached;

		r = walk_text(h, &here, "label", LABEL, &label);
		if (r == 0)
			r = web(h, &here, "url", label, body);
		if (r == 0)
			r = if_reached(h, &here, "label", before);
		if (r == 0)
			r = walk_rest(h, &here, known);
		if (r != 0)
			return r;
	}
	return 0;
}
