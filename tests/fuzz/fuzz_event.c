/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile JSON: what is read is printed the same way again, as JSON and as each event. */
#include <string.h>

#include "base/canon.h"
#include "base/event.h"
#include "events.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
round_trip(const struct ev_type *type, const json_t *value)
{
	autojson json_t *printed = NULL, *again = NULL;
	autofree void *one = calloc(1, type->desc->size), *two = calloc(1, type->desc->size);

	if (one == NULL || two == NULL)
		abort();
	if (event_parse(type->desc, value, one, NULL) != 0)
		return;
	if (event_print(type->desc, one, &printed, NULL) != 0 ||
	    event_parse(type->desc, printed, two, NULL) != 0 ||
	    event_print(type->desc, two, &again, NULL) != 0 || !json_equal(printed, again))
		abort();
	event_free(type->desc, one);
	event_free(type->desc, two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autojson json_t *value = NULL, *again = NULL;
	autofree char *text = NULL, *text_again = NULL;

	if (canon_parse((const char *)data, len, &value, NULL) != 0)
		return 0;
	text = canon_text(value, NULL);
	if (text != NULL) {
		if (canon_parse(text, strlen(text), &again, NULL) != 0 ||
		    (text_again = canon_text(again, NULL)) == NULL || strcmp(text, text_again) != 0)
			abort();
	}
	for (size_t i = 0; i < ev_n_events; i++)
		round_trip(&ev_events[i], value);
	for (size_t i = 0; i < ev_n_records; i++)
		round_trip(&ev_records[i], value);
	return 0;
}
