/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consent: does this written consent allow this disclosure?
 *
 * 42 CFR 2.31(a) names what a consent must hold; each is an element with the
 * number used here and in schemas/consent.json.  The check reads the JSON as it
 * came, before or after the schema, so that what is missing has its number.
 * Stricter than the regulation in one point: recipients are named one by one,
 * never as a class, because a class cannot be checked by machine; nor is what
 * passes through an intermediary, whose participants are named too.
 *
 * Pure.  No sentence made by consent_check() quotes a value of the consent, so
 * that a refusal may be logged.
 */
#ifndef CAIRN_CONSENT_H
#define CAIRN_CONSENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Numbers count from 1, in this order; 0 is what is no element (id, law). */
#define CONSENT_ELEMENTS(X)						\
	X(PATIENT, "the member's name")					\
	X(DISCLOSER, "who may disclose")				\
	X(WHAT, "what may be disclosed")				\
	X(RECIPIENTS, "who may receive it")				\
	X(PURPOSE, "the purpose")					\
	X(REVOCATION, "the right to revoke, and how")			\
	X(EXPIRY, "when it expires")					\
	X(SIGNATURE, "the signature")					\
	X(DATE, "the date of signing")					\
	X(TPO, "the statements about redisclosure and about not signing")

#define X(name, text) CONSENT_##name,
enum consent_element { CONSENT_FRAME, CONSENT_ELEMENTS(X) CONSENT_NELEMENTS };
#undef X

/* What may be disclosed, by class; names as in the schema. */
#define CONSENT_CLASSES(X)						\
	X(IDENTITY, "identity") X(CONTACT, "contact") X(NEED, "need")	\
	X(CONSTRAINTS, "constraints") X(HISTORY, "history") X(OUTCOME, "outcome")	\
	X(NOTES, "counselling_notes")

#define X(name, text) CONSENT_BIT_##name,
enum consent_bit { CONSENT_CLASSES(X) CONSENT_NCLASSES };
#undef X
#define X(name, text) CONSENT_##name##_CLASS = 1u << CONSENT_BIT_##name,
enum consent_class { CONSENT_CLASSES(X) };
#undef X

/* What a consent is to.  None covers another: 42 CFR 2.31(b) and (d). */
enum consent_covers { CONSENT_GENERAL, CONSENT_COUNSELLING, CONSENT_PROCEEDINGS };

/* One disclosure that somebody wants to make. */
struct consent_use {
	int64_t		 now;
	const char	*discloser;	/* Own organization's id. */
	const char	*recipient;	/* The organization that would receive it. */
	const char	*record;	/* Its program or specialist, or NULL. */
	const char	*purpose;	/* NULL: not asked. */
	unsigned	 classes;	/* CONSENT_*_CLASS of all that is disclosed. */
	int64_t		 revoked_at;	/* 0: not revoked. */
	bool		 event_happened; /* The event named in element 7. */
	enum consent_covers covers;	/* Counselling notes, or for proceedings against the member. */
	const char	*law;		/* The one that the consent must be under; NULL: any. */
	bool		 minor;		/* The member is known to be one. */
	const char	*age_band;	/* As they said when they asked, or later; NULL: not known. */
	unsigned	 about;		/* CONSENT_ABOUT_* (consent_law.h), with ${signers}. */
	bool		 signers;	/* Judge also who has to sign for a minor: the discloser's duty. */
	const json_t	*minors;	/* By this table; NULL: both sign. */
};

/**
 * consent_check(consent, use, ret_element, reterr): 0 if ${consent} is complete, in
 * force and covers ${use}; else E_REFUSED with the number of the first element
 * that fails in ${ret_element} and a sentence "element N (...): ...".
 */
int	consent_check(const json_t *, const struct consent_use *,
	    int *ret_element, struct err *reterr) must_check;

/** consent_passes_on(consent, org): is ${org} no discloser of it but its intermediary, which hands on what it received? */
bool	consent_passes_on(const json_t *, const char *org);

/** consent_classes(consent): CONSENT_*_CLASS that element 3 lists; 0 if it is malformed. */
unsigned	consent_classes(const json_t *);

/**
 * consent_needed(consent): CONSENT_*_CLASS that its purpose can need, by its code; 0 for a code that
 * is not known.  More is not disclosed, whatever element 3 lists (42 CFR 2.13(a), 45 CFR 164.502(b)).
 */
unsigned	consent_needed(const json_t *);

/** consent_names(consent, org): may ${org} disclose or receive anything under it? */
bool	consent_names(const json_t *, const char *org);

/** consent_element_name(n): words for element 1..10; never NULL. */
const char *consent_element_name(int);

/**
 * consent_class_name(bit): as in the schema; never NULL.
 * consent_notice: 42 CFR 2.32(a)(1), "Statement 1", as in force since
 * 2024-04-16 (89 FR 12472; public domain).  consent_notice_short: (a)(2).
 * Under Part 2 who somebody is goes with the first, what is told of them later with the second; other laws have their own (consent_law.h).
 * consent_right: words for element 6, with the regulation's limit.
 */
const char *consent_class_name(enum consent_bit);
extern const char consent_notice[];
extern const char consent_notice_short[];
extern const char consent_right[];

/**
 * consent_scope(consent, out): append the clear explanation of the scope that 42 CFR
 * 2.32(b) wants beside each disclosure (where the copy of the consent is not enough
 * for a reader): plain sentences without the member's name.  Only for a consent that
 * consent_check() accepted.  0 or a negative value of buf.h.
 */
int	consent_scope(const json_t *, struct buf *) must_check;

/**
 * consent_label(consent, notice, content): what goes with each disclosure: ${content} gets ${notice} and the scope, as
 * consent_scope() says it.  0 or negative.
 */
int	consent_label(const json_t *consent, const char *notice, json_t *content) must_check;

/** consent_scoped(consent, text, ret): is that its scope, word for word?  NULL: no.  0 or negative. */
int	consent_scoped(const json_t *, const char *text, bool *ret) must_check;

#endif /* !CAIRN_CONSENT_H */
