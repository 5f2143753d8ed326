/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consent_law: which law a consent is under, and what follows: terms, texts,
 * who signs for a minor.  Data and pure functions; consent.c judges by them.
 */
#ifndef CAIRN_CONSENT_LAW_H
#define CAIRN_CONSENT_LAW_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

#define CONSENT_PART2	"us-part2"
#define CONSENT_HIPAA	"us-hipaa"
#define CONSENT_GDPR	"gdpr"

struct consent_profile {
	const char	*law;		/* As on the wire. */
	int		 accounting_years; /* How long a member may ask to whom something was disclosed. */
	bool		 written;	/* Spoken words are not enough, even if staff recorded them. */
	bool		 statements;	/* Element 10 in each consent, not only for treatment, payment and operations. */
	const char	*notice;	/* Goes with each disclosure. */
	const char	*rights;	/* For the member: what this law lets them ask for. */
};

/** consent_profile(law): NULL for a law that is not known, or no name. */
const struct consent_profile *consent_profile(const char *);

/** consent_noticed(consent, notice): is that what its law wants to go with a disclosure, word for word?  NULL: no. */
bool	consent_noticed(const json_t *consent, const char *notice);

/* What a referral is about, as far as laws distinguish it. */
enum consent_condition {
	CONSENT_ABOUT_SUBSTANCE_USE = 1 << 0,
	CONSENT_ABOUT_MENTAL_HEALTH = 1 << 1,
	CONSENT_ABOUT_OTHER = 1 << 2,
};

/** consent_about(need, record): CONSENT_ABOUT_*: by the request's need and the body of the record it goes to; each may be NULL. */
unsigned	consent_about(const char *need, const json_t *record);

/** consent_law_of(program): the law that its records are under: what it says, but Part 2 if it is about substance use and not under the GDPR; NULL: it says none. */
const char *consent_law_of(const json_t *program);

/**
 * consent_law_wanted(about, own, n, target): the law that a consent must be under, or NULL
 * if any will do.  ${own}: consent_law_of the ${n} programs of the discloser; ${target}: the recipient's
 * program's, or NULL.  Part 2 if one of these says so, and for substance use unless the
 * discloser's programs are under the GDPR, all of them.
 */
const char *consent_law_wanted(unsigned about, const char *const *own, size_t n, const char *target);

/*
 * Minors.  A table is JSON, kept by each organization for its jurisdictions:
 *
 *     { "by": "Office", "reviewed": "2026-11-01", "minors": [
 *         { "jurisdiction": "US-XX", "condition": "substance_use", "alone_from": 14 },
 *         { "jurisdiction": "US-XX", "condition": "any", "alone_from": 16, "guardian_below": 7 } ] }
 *
 * The row of the region counts before that of its country, that of the condition before "any".
 * Without a row both sign: the minor, and a parent or guardian.
 */
enum consent_signers { CONSENT_BOTH_SIGN, CONSENT_MINOR_SIGNS, CONSENT_GUARDIAN_SIGNS };

/** consent_minors_check(table, reterr): 0; E_BAD and where it is wrong. */
int	consent_minors_check(const json_t *, struct err *) must_check;

/** consent_signers(table or NULL, jurisdiction, about, age): who must sign; of several conditions the strictest. */
enum consent_signers consent_signers(const json_t *, const char *jurisdiction, unsigned about, long long age);

#endif /* !CAIRN_CONSENT_LAW_H */
