/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_write: the parts of a program as HSDS has them.  Each puts members of
 * ${body} into ${out}, a service; 0 or -ENOMEM.  What HSDS has no field for is
 * left out here: hsds_write() finds what is missing by reading it again.
 */
#ifndef CAIRN_HSDS_WRITE_H
#define CAIRN_HSDS_WRITE_H

#include <jansson.h>

/* Where identifiers of parts come from: the same text, the same identifiers. */
struct writer {
	const char	*seed;
	unsigned	 n;
};

enum { UUID_LEN = 36 };

/** write_uuid(seed, n, ret): a UUID, version 8, made of both. */
void	write_uuid(const char *seed, unsigned n, char ret[UUID_LEN + 1]);
/** write_item(w): {"id": the next}; NULL: out of memory. */
json_t	*write_item(struct writer *);
/** write_append(out, list, item): append ${item} (stolen, may be NULL) to a list that is made if absent, as walk_absent() has it. */
int	write_append(json_t *out, const char *list, json_t *item);

/** write_set(o, key, value): ${value} is stolen, also by what fails. */
int	write_set(json_t *o, const char *key, json_t *value);
/** write_copy(o, key, from, member): the member of ${from} shared, if there is one. */
int	write_copy(json_t *o, const char *key, const json_t *from, const char *member);

int	write_contacts(struct writer *, const json_t *body, json_t *out);
int	write_languages(struct writer *, const json_t *codes, json_t *out);
int	write_schedules(struct writer *, const json_t *body, json_t *out);
int	write_capacities(struct writer *, const json_t *body, json_t *out);
int	write_areas(struct writer *, const json_t *body, json_t *out);
int	write_locations(struct writer *, const json_t *body, json_t *out);
int	write_attributes(struct writer *, const json_t *body, json_t *out);
/** write_term(w, taxonomy, code, value, out): one attribute; ${value} may be NULL. */
int	write_term(struct writer *, const char *taxonomy, const char *code, const char *value, json_t *out);

/** write_member(w, key, v, out): member ${key} word for word, since HSDS would say less; ${v} NULL: that there is none. */
int	write_member(struct writer *, const char *key, const json_t *v, json_t *out);

#endif /* !CAIRN_HSDS_WRITE_H */
