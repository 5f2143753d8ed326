/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "event_walk.h"

enum { POINTER_MAX = 200 };

/* Append the JSON pointer of ${at} to ${out}; returns its length, cut at the size. */
static size_t
pointer_print(const struct event_place *at, char out[POINTER_MAX])
{
	size_t n;

	if (at->up == NULL) {
		out[0] = '\0';
		return 0;
	}
	n = pointer_print(at->up, out);
	if (at->name == NULL)
		n += (size_t)snprintf(out + n, POINTER_MAX - n, "/%zu", at->index);
	else
		n += (size_t)snprintf(out + n, POINTER_MAX - n, "/%s", at->name);
	return n < POINTER_MAX ? n : POINTER_MAX - 1;
}

int
event_refuse(const struct event_place *at, struct err *reterr, const char *fmt, ...)
{
	char pointer[POINTER_MAX], reason[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	(void)pointer_print(at, pointer);
	return err_set(reterr, E_BAD, "%s: %s", pointer[0] != '\0' ? pointer : "(whole)", reason);
}

size_t
event_item_size(const struct ev_field *f)
{
	switch (f->form) {
	case EV_STRING:	return sizeof(char *);
	case EV_INT:	return sizeof(int64_t);
	case EV_ENUM:	return sizeof(int);
	default:	return f->desc->size;
	}
}

static void
free_value(const struct ev_field *f, char *at)
{
	char *s;

	if (f->form == EV_OBJECT) {
		event_free(f->desc, at);
	} else if (f->form == EV_JSON) {
		json_decref(event_pointer(at));
	} else if (f->form == EV_STRING && (s = event_pointer(at)) != NULL) {
		explicit_bzero(s, strlen(s));
		free(s);
	}
}

void
event_free(const struct ev_desc *desc, void *event)
{
	char *base = event;

	for (size_t i = 0; i < desc->n_fields; i++) {
		const struct ev_field *f = &desc->fields[i];
		char *at = base + f->offset;

		if ((f->flags & EV_ARRAY) != 0) {
			char *items = event_pointer(at);
			size_t n = *(size_t *)(void *)(base + f->aux);

			for (size_t k = 0; items != NULL && k < n; k++)
				free_value(f, items + k * event_item_size(f));
			free(items);
		} else if (!event_is_required(f) && f->form == EV_OBJECT) {
			char *inner = event_pointer(at);

			if (inner != NULL)
				event_free(f->desc, inner);
			free(inner);
		} else {
			free_value(f, at);
		}
	}
	explicit_bzero(event, desc->size);
}

const struct ev_desc *
event_find(const struct ev_type *types, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].desc;
	return NULL;
}

const char *
event_enum_text(const struct ev_enum *values, int value)
{
	return value >= 1 && value <= values->n ? values->text[value] : NULL;
}

int
event_enum_value(const struct ev_enum *values, const char *text)
{
	for (int i = 1; text != NULL && i <= values->n; i++)
		if (strcmp(values->text[i], text) == 0)
			return i;
	return 0;
}
