/* SPDX-License-Identifier: Apache-2.0 */
/* hsds.h: program records as HSDS. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "hsds.h"
#include "hsds_part.h"
#include "hsds_write.h"

#define SOURCE	"hsds:service/"

void
write_uuid(const char *seed, unsigned n, char ret[UUID_LEN + 1])
{
	unsigned char h[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	char number[24];

	(void)snprintf(number, sizeof(number), " %u", n);
	(void)crypto_hash_sha256_init(&state);
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)seed, strlen(seed));
	(void)crypto_hash_sha256_update(&state, (const unsigned char *)number, strlen(number));
	(void)crypto_hash_sha256_final(&state, h);
	h[6] = (unsigned char)((h[6] & 0x0f) | 0x80);	/* RFC 9562, 5.8: version and variant. */
	h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
	(void)snprintf(ret, UUID_LEN + 1, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0], h[1],
	    h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13], h[14], h[15]);
}

json_t *
write_item(struct writer *w)
{
	char id[UUID_LEN + 1];

	write_uuid(w->seed, ++w->n, id);
	return json_pack("{s:s}", "id", id);
}

int
write_append(json_t *out, const char *list, json_t *item)
{
	json_t *array = json_object_get(out, list);

	if (!json_is_array(array)) {
		array = json_array();
		if (json_object_set_new(out, list, array) != 0) {
			json_decref(item);
			return -ENOMEM;
		}
	}
	return json_array_append_new(array, item) == 0 ? 0 : -ENOMEM;
}

int
write_term(struct writer *w, const char *taxonomy, const char *code, const char *value, json_t *out)
{
	json_t *item = write_item(w), *term = write_item(w);

	if (json_object_set_new(term, "taxonomy", json_string(taxonomy)) != 0 ||
	    json_object_set_new(term, "code", json_string(code)) != 0 ||
	    json_object_set_new(term, "name", json_string(code)) != 0 ||
	    json_object_set_new(term, "description", json_sprintf("%s of %s", code, taxonomy)) != 0 ||
	    json_object_set_new(item, "link_entity", json_string("service")) != 0 ||
	    (value != NULL && json_object_set_new(item, "value", json_string(value)) != 0) ||
	    json_object_set(item, "taxonomy_term", term) != 0) {
		json_decref(term);
		json_decref(item);
		return -ENOMEM;
	}
	json_decref(term);
	return write_append(out, "attributes", item);
}

/* The organization that a service is of, as far as a record knows it. */
static int
organization(const char *name, json_t *out)
{
	char id[UUID_LEN + 1];
	json_t *o;

	write_uuid(name, 0, id);
	o = json_pack("{s:s, s:s, s:s}", "id", id, "name", name, "description", name);
	return json_object_set_new(out, "organization", o) == 0 ? 0 : -ENOMEM;
}

/* Members that HSDS has under another name. */
static int
plain(const json_t *body, json_t *out)
{
	static const struct { const char *ours, *theirs; } members[] = {
		{ "name", "name" }, { "description", "description" }, { "eligibility", "eligibility_description" },
		{ "minimum_age", "minimum_age" }, { "maximum_age", "maximum_age" }, { "cost_note", "fees_description" },
	};
	const char *updated = json_str(json_obj(body, "source"), "updated");
	json_t *assured = json_object_get(json_obj(body, "source"), "assured");

	for (size_t i = 0; i < nelem(members); i++) {
		json_t *v = json_object_get(body, members[i].ours);

		if (v != NULL && json_object_set(out, members[i].theirs, v) != 0)
			return -ENOMEM;
	}
	if (assured != NULL && json_object_set(out, "assured_date", assured) != 0)
		return -ENOMEM;
	return updated == NULL ||
	    json_object_set_new(out, "last_modified", json_sprintf("%sT00:00:00Z", updated)) == 0 ? 0 : -ENOMEM;
}

/* The body that ${service} would be read as. */
static int
read_again(json_t *service, json_t **ret)
{
	autojson json_t *records = NULL;
	autojson json_t *unmapped = NULL;
	struct err err = { "" };
	int r = hsds_read(service, &records, &unmapped, &err);

	if (r < 0)
		return r;
	*ret = r == 0 ? json_incref(json_obj(json_array_get(records, 0), "body")) : json_object();
	return *ret != NULL ? 0 : -ENOMEM;
}

int
write_member(struct writer *w, const char *key, const json_t *v, json_t *out)
{
	autofree char *text = v != NULL ? json_text(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : strdup("null");

	return text != NULL ? write_term(w, HSDS_MEMBER, key, text, out) : -ENOMEM;
}

/* What reading it again would change. */
static int
complete(struct writer *w, const json_t *body, json_t *out)
{
	autojson json_t *again = NULL;
	const char *key;
	json_t *v;
	int r = read_again(out, &again);

	json_object_foreach((json_t *)body, key, v) {
		if (r == 0 && !json_equal(v, json_object_get(again, key)))
			r = write_member(w, key, v, out);
	}
	json_object_foreach(again, key, v) {
		/* A record of our own gets a source where it goes, and needs none here. */
		if (r == 0 && json_object_get(body, key) == NULL && strcmp(key, "source") != 0)
			r = write_member(w, key, NULL, out);
	}
	return r;
}

static int
service(const json_t *record, const char *name, const json_t *kept, json_t *contents)
{
	const char *source = json_str(record, "source"), *id = json_str(record, "id");
	const json_t *body = json_obj(record, "body"), *from = json_obj(body, "source");
	/* A source that only looks so, in a file of records, would be read as another, or as none. */
	bool ours = source == NULL || strncmp(source, SOURCE, strlen(SOURCE)) != 0 || !walk_is_code(source + strlen(SOURCE));
	char made[UUID_LEN + 1];
	struct writer w = { .seed = ours ? (source != NULL ? source : id) : source + strlen(SOURCE) };
	autojson json_t *out = json_object();
	json_t *whole = source != NULL ? json_object_get(kept, source) : NULL;
	int r;

	if (whole != NULL)
		return json_array_append(contents, whole) == 0 ? 0 : -ENOMEM;
	write_uuid(w.seed, 0, made);
	if (json_object_set_new(out, "id", json_string(ours ? made : w.seed)) != 0 ||
	    json_object_set_new(out, "status", json_string("active")) != 0)
		return -ENOMEM;
	r = plain(body, out);
	/* HSDS takes no name of blanks alone: the id stands for a service's, ours for an organization's. */
	if (r == 0 && walk_is_blank(json_str(body, "name")))
		r = json_object_set(out, "name", json_object_get(out, "id")) == 0 ? 0 : -ENOMEM;
	if (r == 0)
		r = organization(walk_is_blank(json_str(from, "name")) ? name : json_str(from, "name"), out);
	if (r == 0)
		r = write_contacts(&w, body, out);
	if (r == 0)
		r = write_languages(&w, json_object_get(body, "languages"), out);
	if (r == 0)
		r = write_schedules(&w, body, out);
	if (r == 0)
		r = write_capacities(&w, body, out);
	if (r == 0)
		r = write_areas(&w, body, out);
	if (r == 0)
		r = write_attributes(&w, body, out);
	if (r == 0)
		r = write_locations(&w, body, out);
	if (r == 0)
		r = complete(&w, body, out);
	return r != 0 ? r : json_array_append(contents, out) == 0 ? 0 : -ENOMEM;
}

int
hsds_write(const json_t *records, const char *name, const json_t *kept, json_t **ret, struct err *err)
{
	autojson json_t *contents = json_array();
	json_t *record, *page;
	size_t i, n = 0;

	if (contents == NULL)
		return -ENOMEM;
	json_array_foreach(records, i, record) {
		int r;

		if (json_obj(record, "body") == NULL || (json_str(record, "id") == NULL && json_str(record, "source") == NULL))
			return err_set(err, E_BAD, "[%zu]: an id and a body are wanted", i);
		r = service(record, name, kept, contents);
		if (r != 0)
			return r;
		n++;
	}
	page = json_pack("{s:I, s:i, s:i, s:I, s:b, s:b, s:b, s:O}", "total_items", (json_int_t)n, "total_pages", 1,
	    "page_number", 1, "size", (json_int_t)n, "first_page", 1, "last_page", 1, "empty", n == 0, "contents", contents);
	if (page == NULL)
		return -ENOMEM;
	*ret = page;
	return 0;
}
