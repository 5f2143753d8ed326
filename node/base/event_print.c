/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "event_walk.h"
#include "text.h"

static int	print_object(const struct ev_desc *, const char *, json_t **,
		    const struct event_place *, struct err *);

/* Set ${ret}, or leave it NULL if the value is absent. */
static int
print_value(const struct ev_field *f, const char *src, json_t **ret, const struct event_place *at,
    struct err *reterr)
{
	const char *s;

	switch (f->form) {
	case EV_STRING:
	case EV_ENUM:
		s = f->form == EV_STRING ? *(char *const *)(const void *)src :
		    event_enum_text(f->values, *(const int *)(const void *)src);
		if (s == NULL)
			return 0;
		if (!text_is_utf8(s))
			return event_refuse(at, reterr, "is not UTF-8");
		*ret = json_string_nocheck(s);
		break;
	case EV_INT:
		*ret = json_integer(*(const int64_t *)(const void *)src);
		break;
	case EV_BOOL:
		*ret = json_boolean(*(const bool *)(const void *)src);
		break;
	case EV_OBJECT:
		return print_object(f->desc, src, ret, at, reterr);
	case EV_JSON:
		*ret = json_incref(event_pointer(src));
		return 0;
	case EV_CONST_STRING:
		*ret = json_string(f->text);
		break;
	default:
		*ret = json_integer(f->min);
		break;
	}
	return *ret != NULL ? 0 : err_set(reterr, -ENOMEM, "out of memory");
}

static int
print_array(const struct ev_field *f, const char *base, json_t **ret, const struct event_place *at,
    struct err *reterr)
{
	const char *items = event_pointer(base + f->offset);
	size_t n = *(const size_t *)(const void *)(base + f->aux);
	autojson json_t *array = NULL;

	if (n == 0 && !event_is_required(f))
		return 0;
	array = json_array();
	if (array == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct event_place here = { at, NULL, i };
		json_t *item = NULL;
		int r = print_value(f, items + i * event_item_size(f), &item, &here, reterr);

		if (r != 0)
			return r;
		if (item == NULL)
			return event_refuse(&here, reterr, "missing");
		if (json_array_append_new(array, item) != 0)
			return err_set(reterr, -ENOMEM, "out of memory");
	}
	*ret = take(array);
	return 0;
}

static int
print_field(const struct ev_field *f, const char *base, json_t **ret, const struct event_place *at,
    struct err *reterr)
{
	const char *src = base + f->offset;

	if ((f->flags & EV_ARRAY) != 0)
		return print_array(f, base, ret, at, reterr);
	if (!event_is_required(f) && (f->form == EV_INT || f->form == EV_BOOL) &&
	    !*(const bool *)(const void *)(base + f->aux))
		return 0;
	if (!event_is_required(f) && f->form == EV_OBJECT && (src = event_pointer(src)) == NULL)
		return 0;
	return print_value(f, src, ret, at, reterr);
}

static int
print_object(const struct ev_desc *desc, const char *base, json_t **ret,
    const struct event_place *at, struct err *reterr)
{
	autojson json_t *object = json_object();

	if (object == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	for (size_t i = 0; i < desc->n_fields; i++) {
		const struct ev_field *f = &desc->fields[i];
		const struct event_place here = { at, f->name, 0 };
		json_t *value = NULL;
		int r = print_field(f, base, &value, &here, reterr);

		if (r != 0)
			return r;
		if (value != NULL && json_object_set_new(object, f->name, value) != 0)
			return err_set(reterr, -ENOMEM, "out of memory");
	}
	*ret = take(object);
	return 0;
}

int
event_print(const struct ev_desc *desc, const void *event, json_t **ret, struct err *reterr)
{
	const struct event_place root = { NULL, NULL, 0 };
	autojson json_t *json = NULL;
	char *scratch = calloc(1, desc->size);
	int r;

	if (scratch == NULL)
		return err_set(reterr, -ENOMEM, "out of memory");
	r = print_object(desc, event, &json, &root, reterr);
	if (r == 0)
		r = event_read(desc, json, scratch, &root, reterr);
	event_free(desc, scratch);
	free(scratch);
	if (r == 0)
		*ret = take(json);
	return r;
}
