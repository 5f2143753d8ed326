/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "event_walk.h"
#include "grammar.h"

enum { NAME_SHOWN = 40 };

/* As a JSON pointer writes it, but foreign: what is not plain becomes '?'. */
static void
foreign_name(const char *name, char out[2 * NAME_SHOWN + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < NAME_SHOWN && name[i] != '\0'; i++) {
		if (name[i] == '~' || name[i] == '/') {
			out[n++] = '~';
			out[n++] = name[i] == '~' ? '0' : '1';
		} else {
			out[n++] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
		}
	}
	out[n] = '\0';
}

static bool
has_control(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++)
		if ((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f ||
		    (*p == 0xc2 && p[1] < 0xa0))	/* U+0080 .. U+009F */
			return true;
	return false;
}

static int
read_string(const struct ev_field *f, const json_t *json, char *dst, const struct event_place *at,
    struct err *reterr)
{
	const char *s = json_string_value(json);
	size_t len = json_string_length(json);
	char *copy;

	if (s == NULL)
		return event_refuse(at, reterr, "must be a string");
	if (len > (size_t)f->max || len < (size_t)f->min)
		return event_refuse(at, reterr, "must be %lld to %lld bytes long, is %zu",
		    (long long)f->min, (long long)f->max, len);
	if (strlen(s) != len || has_control(s))
		return event_refuse(at, reterr, "holds a control character");
	if (!grammar_ok(f->grammar, s))
		return event_refuse(at, reterr, "does not follow the format %s",
		    grammar_name(f->grammar));
	copy = strdup(s);
	if (copy == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	*(char **)(void *)dst = copy;
	return 0;
}

static int
read_int(const struct ev_field *f, const json_t *json, char *dst, const struct event_place *at,
    struct err *reterr)
{
	json_int_t value = json_integer_value(json);

	if (!json_is_integer(json))
		return event_refuse(at, reterr, "must be an integer");
	if (value < f->min || value > f->max)
		return event_refuse(at, reterr, "must be in %lld..%lld",
		    (long long)f->min, (long long)f->max);
	*(int64_t *)(void *)dst = value;
	return 0;
}

static int
read_const(const struct ev_field *f, const json_t *json, const struct event_place *at,
    struct err *reterr)
{
	if (f->form == EV_CONST_INT) {
		if (!json_is_integer(json) || json_integer_value(json) != f->min)
			return event_refuse(at, reterr, "must be %lld", (long long)f->min);
		return 0;
	}
	if (!json_is_string(json) || json_string_length(json) != strlen(f->text) ||
	    strcmp(json_string_value(json), f->text) != 0)
		return event_refuse(at, reterr, "must be \"%s\"", f->text);
	return 0;
}

/* One value; ${dst} is its zeroed place, of event_item_size() for what can be an item. */
static int
read_value(const struct ev_field *f, const json_t *json, char *dst, const struct event_place *at,
    struct err *reterr)
{
	int value;

	switch (f->form) {
	case EV_STRING:
		return read_string(f, json, dst, at, reterr);
	case EV_INT:
		return read_int(f, json, dst, at, reterr);
	case EV_BOOL:
		if (!json_is_boolean(json))
			return event_refuse(at, reterr, "must be true or false");
		*(bool *)(void *)dst = json_is_true(json);
		return 0;
	case EV_ENUM:
		if (!json_is_string(json))
			return event_refuse(at, reterr, "must be a string");
		value = event_enum_value(f->values, json_string_value(json));
		/* A NUL would hide what follows it. */
		if (value == 0 || strlen(f->values->text[value]) != json_string_length(json))
			return event_refuse(at, reterr, "is not a value of the closed list");
		*(int *)(void *)dst = value;
		return 0;
	case EV_OBJECT:
		return event_read(f->desc, json, dst, at, reterr);
	case EV_JSON:
		if (!json_is_object(json))
			return event_refuse(at, reterr, "must be an object");
		event_pointer_set(dst, json_incref((json_t *)(uintptr_t)json));
		return 0;
	default:
		return read_const(f, json, at, reterr);
	}
}

static int
read_array(const struct ev_field *f, const json_t *json, char *base, const struct event_place *at,
    struct err *reterr)
{
	size_t n = json_array_size(json), size = event_item_size(f);
	char *items;

	if (!json_is_array(json))
		return event_refuse(at, reterr, "must be a list");
	if (n < f->min_items || n > f->max_items)
		return event_refuse(at, reterr, "must hold %zu to %zu items, holds %zu",
		    f->min_items, f->max_items, n);
	/* Never NULL: the list is there, even if it is empty. */
	items = calloc(n > 0 ? n : 1, size);
	if (items == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	event_pointer_set(base + f->offset, items);
	*(size_t *)(void *)(base + f->aux) = n;
	for (size_t i = 0; i < n; i++) {
		const struct event_place here = { at, NULL, i };
		int r = read_value(f, json_array_get(json, i), items + i * size, &here, reterr);

		if (r != 0)
			return r;
		for (size_t j = 0; (f->flags & EV_UNIQUE) != 0 && j < i; j++)
			if (json_equal(json_array_get(json, i), json_array_get(json, j)))
				return event_refuse(&here, reterr, "is there twice");
	}
	return 0;
}

static int
read_field(const struct ev_field *f, const json_t *json, char *base, const struct event_place *at,
    struct err *reterr)
{
	char *dst = base + f->offset;

	if ((f->flags & EV_ARRAY) != 0)
		return read_array(f, json, base, at, reterr);
	if (!event_is_required(f) && (f->form == EV_INT || f->form == EV_BOOL))
		*(bool *)(void *)(base + f->aux) = true;
	if (!event_is_required(f) && f->form == EV_OBJECT) {
		dst = calloc(1, f->desc->size);
		if (dst == NULL)
			return err_set(reterr, -ENOMEM, "out of memory");
		event_pointer_set(base + f->offset, dst);
	}
	return read_value(f, json, dst, at, reterr);
}

static int
check_rules(const struct ev_desc *desc, const char *base, uint64_t there,
    const struct event_place *at, struct err *reterr)
{
	for (size_t i = 0; i < desc->n_rules; i++) {
		const struct ev_rule *rule = &desc->rules[i];
		const struct ev_field *subject = &desc->fields[rule->field];
		const char *is, *p = base + subject->offset;
		int value;

		if ((there & (1ULL << rule->field)) == 0)
			continue;
		value = subject->form == EV_BOOL ? *(const bool *)(const void *)p :
		    *(const int *)(const void *)p;
		if (value != rule->value)
			continue;
		is = subject->form == EV_ENUM ? event_enum_text(subject->values, value) :
		    value ? "true" : "false";
		for (size_t m = 0; m < desc->n_fields; m++) {
			const struct event_place here = { at, desc->fields[m].name, 0 };
			const uint64_t bit = 1ULL << m;

			if ((rule->needs & bit) != 0 && (there & bit) == 0)
				return event_refuse(&here, reterr, "missing, though %s is %s",
				    subject->name, is);
			if ((rule->bans & bit) != 0 && (there & bit) != 0)
				return event_refuse(&here, reterr, "must not be there, since %s is %s",
				    subject->name, is);
		}
	}
	return 0;
}

static int
refuse_unknown(const struct ev_desc *desc, const json_t *json, const struct event_place *at,
    struct err *reterr)
{
	json_t *object = (json_t *)(uintptr_t)json, *value;
	char shown[2 * NAME_SHOWN + 1];
	const char *name;

	json_object_foreach(object, name, value) {
		const struct event_place here = { at, shown, 0 };
		size_t i = 0;

		while (i < desc->n_fields && strcmp(desc->fields[i].name, name) != 0)
			i++;
		if (i < desc->n_fields)
			continue;
		foreign_name(name, shown);
		return event_refuse(&here, reterr, "unknown member");
	}
	return event_refuse(at, reterr, "unknown member");
}

/* ${base} is a zeroed struct; on failure it holds what event_free must free. */
int
event_read(const struct ev_desc *desc, const json_t *json, char *base, const struct event_place *at,
    struct err *reterr)
{
	uint64_t there = 0;
	size_t n = 0;
	int r;

	if (!json_is_object(json))
		return event_refuse(at, reterr, "must be an object");
	for (size_t i = 0; i < desc->n_fields; i++) {
		const struct ev_field *f = &desc->fields[i];
		const struct event_place here = { at, f->name, 0 };
		const json_t *value = json_object_get(json, f->name);

		if (value == NULL) {
			if (event_is_required(f))
				return event_refuse(&here, reterr, "missing");
			continue;
		}
		there |= 1ULL << i;
		n++;
		r = read_field(f, value, base, &here, reterr);
		if (r != 0)
			return r;
	}
	if (n != json_object_size(json))
		return refuse_unknown(desc, json, at, reterr);
	return check_rules(desc, base, there, at, reterr);
}

int
event_parse(const struct ev_desc *desc, const json_t *json, void *ret, struct err *reterr)
{
	const struct event_place root = { NULL, NULL, 0 };
	char *base = calloc(1, desc->size);
	int r;

	if (base == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	r = event_read(desc, json, base, &root, reterr);
	if (r == 0)
		memcpy(ret, base, desc->size);
	else
		event_free(desc, base);
	free(base);
	return r;
}

int
event_check(const struct ev_desc *desc, const json_t *json, struct err *reterr)
{
	void *event = calloc(1, desc->size);
	int r;

	if (event == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	if ((r = event_parse(desc, json, event, reterr)) == 0)
		event_free(desc, event);
	free(event);
	return r;
}
