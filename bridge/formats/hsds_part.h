/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds_part: the parts that services, organizations and locations share, each
 * put into the ${body} of a program.  Results as hsds_walk.h says.
 */
#ifndef CAIRN_HSDS_PART_H
#define CAIRN_HSDS_PART_H

#include "hsds_walk.h"

struct ev_enum;

/* Lists of ours that an attribute may name, and the member of a program it goes to. */
#define HSDS_TAXONOMY	"org.cairnpeer."
#define HSDS_MEMBER	HSDS_TAXONOMY "member"	/* Its code is a member, its value that member's JSON. */
struct part_list {
	const char		*taxonomy, *member;
	const struct ev_enum	*values;
	bool			 many;
};
/* Ended by a NULL taxonomy. */
extern const struct part_list part_lists[];

/** part_reach(h, at, label, body): "email", "phones" and "contacts" of ${at} as contacts; ${label}: JSON string or NULL. */
int	part_reach(struct hsds *, const struct at *, json_t *label, json_t *body);
/** part_web(h, at, key, body): member ${key} (a URL); part_webs: a list of {label, url}. */
int	part_web(struct hsds *, const struct at *, const char *key, json_t *body);
int	part_webs(struct hsds *, const struct at *, const char *key, json_t *body);
/** part_webs_last(body): put its web addresses after the other contacts, where a written file has them. */
int	part_webs_last(json_t *body);
enum { LANGUAGE_MAX = 64 };
/** part_language(code, ret): is it the code of a language; as a record has it ("spa", "SPA-mx": "es", "es-mx"). */
bool	part_language(const char *, char ret[LANGUAGE_MAX]);
/** part_languages(h, at, into, max): "languages" of ${at} as codes. */
int	part_languages(struct hsds *, const struct at *, json_t *into, size_t max);
/** part_schedules(h, at, body): "schedules". */
int	part_schedules(struct hsds *, const struct at *, json_t *body);
/** part_day(p, ret_n, ret_sign): the day of the "MO" or "-1MO" at ${p}, or NULL; its length, and that of its number. */
const char *part_day(const char *, size_t *, size_t *);
/** part_location(h, at, body): ${at} is a location. */
int	part_location(struct hsds *, const struct at *, json_t *body);
/** part_areas(h, at, body): "service_areas" as words. */
int	part_areas(struct hsds *, const struct at *, json_t *body);
/** part_costs(h, at, body): "fees_description", "fees" and "cost_options". */
int	part_costs(struct hsds *, const struct at *, json_t *body);
/** part_capacities(h, at, body): "capacities". */
int	part_capacities(struct hsds *, const struct at *, json_t *body);
/** part_attributes(h, at, body): attributes of part_lists. */
int	part_attributes(struct hsds *, const struct at *, json_t *body);
/** part_members(h, at, body): those of HSDS_MEMBER, which have the last word. */
int	part_members(struct hsds *, const struct at *, json_t *body);

#endif /* !CAIRN_HSDS_PART_H */
