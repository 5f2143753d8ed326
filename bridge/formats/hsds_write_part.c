/* SPDX-License-Identifier: Apache-2.0 */
/* hsds_write.h: each part, the other way round than hsds_part.h reads it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "hsds_part.h"
#include "hsds_write.h"

enum { EXTENSION = 9 };

int
write_set(json_t *o, const char *key, json_t *value)
{
	return json_object_set_new(o, key, value) == 0 ? 0 : -ENOMEM;
}

int
write_copy(json_t *o, const char *key, const json_t *from, const char *member)
{
	json_t *v = json_object_get(from, member);

	return v == NULL || json_object_set(o, key, v) == 0 ? 0 : -ENOMEM;
}

int
write_languages(struct writer *w, const json_t *codes, json_t *out)
{
	json_t *code;
	size_t i;

	json_array_foreach(codes, i, code) {
		json_t *item = write_item(w);

		if (json_object_set(item, "code", code) != 0) {
			json_decref(item);
			return -ENOMEM;
		}
		if (write_append(out, "languages", item) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* "NUMBER ext. N" is a number and an extension. */
static int
number(json_t *item, const char *value)
{
	const char *ext = strstr(value, " ext. "), *digits = ext != NULL ? ext + strlen(" ext. ") : "";
	size_t n = strspn(digits, "0123456789");
	json_int_t extension = 0;

	if (n == 0 || n > EXTENSION || digits[n] != '\0' || (n > 1 && digits[0] == '0'))
		return write_set(item, "number", json_string(value));
	for (size_t i = 0; i < n; i++)
		extension = extension * 10 + (digits[i] - '0');
	return write_set(item, "number", json_stringn(value, (size_t)(ext - value))) != 0 ||
	    write_set(item, "extension", json_integer(extension)) != 0 ? -ENOMEM : 0;
}

/* A phone; its label, unless a person has it, is its description. */
static json_t *
phone(struct writer *w, const json_t *contact, bool label)
{
	autojson json_t *item = write_item(w);

	if (item == NULL || number(item, json_str(contact, "value")) != 0 ||
	    write_set(item, "type", json_string(strcmp(json_str(contact, "how"), "sms") == 0 ? "text" : "voice")) != 0 ||
	    (label && write_copy(item, "description", contact, "label") != 0) ||
	    write_languages(w, json_object_get(contact, "languages"), item) != 0)
		return NULL;
	return take(item);
}

/* How far the list of contacts has come: reading goes through a service in this order. */
enum stage { EMAIL, PHONES, PEOPLE, URL, URLS };

static int
person(struct writer *w, const json_t *contact, bool is_email, json_t *out)
{
	autojson json_t *item = write_item(w);
	bool named = json_object_get(contact, "label") != NULL;

	if (item == NULL || write_copy(item, "name", contact, "label") != 0)
		return -ENOMEM;
	if (is_email ? write_copy(item, "email", contact, "value") != 0 :
	    write_append(item, "phones", phone(w, contact, !named)) != 0)
		return -ENOMEM;
	return write_append(out, "contacts", json_incref(item));
}

static int
page(struct writer *w, const json_t *contact, enum stage *stage, json_t *out)
{
	autojson json_t *item = NULL;

	if (*stage < URL && json_object_get(contact, "label") == NULL) {
		*stage = URL;
		return write_copy(out, "url", contact, "value");
	}
	*stage = URLS;
	item = write_item(w);
	if (item == NULL || write_copy(item, "label", contact, "label") != 0 || write_copy(item, "url", contact, "value") != 0)
		return -ENOMEM;
	return write_append(out, "additional_urls", json_incref(item));
}

int
write_contacts(struct writer *w, const json_t *body, json_t *out)
{
	enum stage stage = EMAIL;
	json_t *contact;
	size_t i;
	int r = 0;

	json_array_foreach(json_object_get(body, "contacts"), i, contact) {
		const char *how = json_str(contact, "how");
		bool is_email = strcmp(how, "email") == 0, is_phone = strcmp(how, "phone") == 0 || strcmp(how, "sms") == 0;
		bool plain = json_object_get(contact, "label") == NULL;

		if (is_email && stage == EMAIL && plain) {
			r = write_copy(out, "email", contact, "value");
			stage = PHONES;
		} else if (is_phone && stage <= PHONES) {
			r = write_append(out, "phones", phone(w, contact, true));
			stage = PHONES;
		} else if (is_email || is_phone) {
			r = person(w, contact, is_email, out);
			stage = stage < PEOPLE ? PEOPLE : stage;
		} else if (strcmp(how, "web") == 0) {
			r = page(w, contact, &stage, out);
		}
		if (r != 0)
			return r;
	}
	return 0;
}

int
write_areas(struct writer *w, const json_t *body, json_t *out)
{
	const char *text = json_str(json_obj(body, "service_area"), "text");

	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");
		json_t *item = write_item(w);

		if (write_set(item, "name", json_stringn(text, n)) != 0) {
			json_decref(item);
			return -ENOMEM;
		}
		if (write_append(out, "service_areas", item) != 0)
			return -ENOMEM;
		text += n + (text[n] == '\n');
	}
	return 0;
}

/* HSDS wants most of an address: what is not known is empty. */
static int
address(struct writer *w, const json_t *place, json_t *out)
{
	static const struct { const char *ours, *theirs; } members[] = {
		{ "locality", "city" }, { "region", "state_province" }, { "postal_code", "postal_code" }, { "country", "country" },
	};
	const char *street = json_str(place, "address");
	size_t n = street != NULL ? strcspn(street, "\n") : 0;
	bool any = street != NULL;
	autojson json_t *item = write_item(w);

	if (write_set(item, "address_1", json_stringn(street != NULL ? street : "", n)) != 0 ||
	    (street != NULL && street[n] == '\n' && write_set(item, "address_2", json_string(street + n + 1)) != 0) ||
	    write_set(item, "address_type", json_string("physical")) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < nelem(members); i++) {
		const char *v = json_str(place, members[i].ours);

		any = any || v != NULL;
		if (write_set(item, members[i].theirs, json_string(v != NULL ? v : "")) != 0)
			return -ENOMEM;
	}
	return any ? write_append(out, "addresses", json_incref(item)) : 0;
}

static int
degrees(json_t *item, const char *key, const json_t *place, const char *member)
{
	return json_object_get(place, member) != NULL ?
	    write_set(item, key, json_real((double)json_int(place, member, 0) / 1e6)) : 0;
}

int
write_locations(struct writer *w, const json_t *body, json_t *out)
{
	json_t *place, *code;
	size_t i, k;

	json_array_foreach(json_object_get(body, "locations"), i, place) {
		autojson json_t *link = write_item(w);
		autojson json_t *item = write_item(w);

		if (link == NULL || item == NULL || write_set(item, "location_type", json_string("physical")) != 0 ||
		    write_copy(item, "name", place, "name") != 0 || degrees(item, "latitude", place, "latitude_e6") != 0 ||
		    degrees(item, "longitude", place, "longitude_e6") != 0 || address(w, place, item) != 0)
			return -ENOMEM;
		json_array_foreach(json_object_get(place, "accessibility"), k, code) {
			json_t *offer = write_item(w);

			if (json_object_set(offer, "description", code) != 0) {
				json_decref(offer);
				return -ENOMEM;
			}
			if (write_append(item, "accessibility", offer) != 0)
				return -ENOMEM;
		}
		if (json_object_set(link, "location", item) != 0 || write_append(out, "service_at_locations", json_incref(link)) != 0)
			return -ENOMEM;
	}
	return 0;
}

int
write_attributes(struct writer *w, const json_t *body, json_t *out)
{
	for (const struct part_list *l = part_lists; l->taxonomy != NULL; l++) {
		const json_t *value = json_object_get(body, l->member), *code;
		size_t i;
		int r = 0;

		if (json_is_string(value))
			r = write_term(w, l->taxonomy, json_string_value(value), NULL, out);
		json_array_foreach(value, i, code) {
			if (r == 0)
				r = write_term(w, l->taxonomy, json_string_value(code), NULL, out);
		}
		if (r != 0)
			return r;
	}
	return 0;
}
