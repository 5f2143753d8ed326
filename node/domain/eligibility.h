/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eligibility: may somebody come?  Typed rules ($defs/eligibility in
 * schemas/common.json) over the facts that are known, with three answers and a
 * reason for each.  What is not known never excludes: it is asked for.
 */
#ifndef CAIRN_ELIGIBILITY_H
#define CAIRN_ELIGIBILITY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define ELIGIBILITY_FACTS(X)						\
	X(AGE, "age") X(RESIDENCE, "residence") X(NEED, "need")		\
	X(INSURANCE, "insurance") X(IDENTITY, "identity") X(SOURCE, "referral_source")

#define X(name, text) ELIGIBILITY_##name,
enum eligibility_kind { ELIGIBILITY_FACTS(X) ELIGIBILITY_NFACTS };
#undef X

/* In this order: "all" is the least of its parts, "any" the greatest, "none" of one its mirror. */
enum eligibility_answer { ELIGIBILITY_NO, ELIGIBILITY_CANNOT_SAY, ELIGIBILITY_YES };

/* Zeroed: nothing is known. */
struct eligibility_facts {
	bool		 has_age;
	int64_t		 age;		/* Thousandths of a year. */
	char		 region[7];	/* "US" or "US-NJ"; "": not known. */
	char		 postal[16];	/* Upper case, without blanks; "": not known. */
	uint32_t	 is[ELIGIBILITY_NFACTS];	/* Need to source: bit n, the nth value of the list. */
	uint32_t	 is_not[ELIGIBILITY_NFACTS];
};

/**
 * eligibility_facts(args, ret, reterr): from texts as people write them, each optional: age
 * "17.5"; residence "US-NJ"; postal; need, insurance, identity, referral_source: values of
 * their lists with commas between, "not:VALUE" for what is known not to hold.  Who says a
 * need, an insurance or a source has said all of them; identities may be more than are said.
 * 0, or E_BAD and a reason.  ${ret} has a bit in no list if nothing was said.
 */
int	eligibility_facts(const json_t *args, struct eligibility_facts *ret, struct err *reterr) must_check;
/** eligibility_known(facts): is anything known? */
bool	eligibility_known(const struct eligibility_facts *);

/** eligibility_region(regions, region): "US" holds "US-NJ"; who only says "US" may live in "US-NJ"; "": not known. */
enum eligibility_answer eligibility_region(const json_t *regions, const char *region);

/** eligibility_check(rule, reterr): what the schema cannot say of a rule.  0, or E_BAD with "/path: what is wrong". */
int	eligibility_check(const json_t *rule, struct err *reterr) must_check;

struct eligibility_finding {
	enum eligibility_answer answer;
	unsigned	 asks;		/* ELIGIBILITY_CANNOT_SAY: bit (1 << ELIGIBILITY_*) for each fact to ask for. */
	bool		 silent;	/* ELIGIBILITY_YES, since nothing is said of who may come. */
	struct err	 reason;	/* A sentence. */
};

/**
 * eligibility_judge(body, facts, ret): all that the body of a record says of who may come:
 * eligible_if, minimum_age, maximum_age, age_bands, the regions of service_area.
 */
void	eligibility_judge(const json_t *body, const struct eligibility_facts *, struct eligibility_finding *ret);

/**
 * eligibility_join(finding, program): of a record that names a program: what was found of the program holds too, and the worse of both
 * wins; the reason says whose rule it is.  ${program} NULL: it is not known here, and is to be asked for.
 */
void	eligibility_join(struct eligibility_finding *, const struct eligibility_finding *program);

#endif /* !CAIRN_ELIGIBILITY_H */
