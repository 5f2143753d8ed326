/* SPDX-License-Identifier: Apache-2.0 */
/* law: which law a disclosure is under, and who signs for whom, as follows from the referral and from what is published. */
#ifndef CAIRN_LAW_H
#define CAIRN_LAW_H

#include <jansson.h>

#include "app.h"
#include "domain/consent.h"
#include "store/casestore.h"

/* What decides that. */
struct law_facts {
	json_t		*asked, *body;		/* What was asked for, as it is known now, and the record that it is addressed to, if it is here. */
	json_t		*program;		/* Whose specialist or group that is, if it is here. */
	json_t		*minors;		/* The table of minors, if there is one. */
	const char	*laws[32];		/* Of the discloser's programs that it may be: static texts. */
	size_t		 n;
};
void	law_facts_free(struct law_facts *);
#define autofacts __attribute__((cleanup(law_facts_free)))

/**
 * law_look(app, row, facts, use): fill in of ${use} what follows from the referral, for its discloser and what it covers; no discloser: us.  The
 * texts live as long as ${facts}.  Law and signers stay open where the partner discloses.  Where we do, as the target, the record asked for and
 * the program behind it are ours: under a consent that the source took Part 2 is wanted if they are about substance use or say so, else
 * any law; under one that we took, for proceedings, all is judged as at the source.
 */
int	law_look(struct app *, const struct case_row *, struct law_facts *, struct consent_use *) must_check;

/** law_minors(app, text): from now on this table, a JSON text that consent_minors_check() has passed, says who signs for a minor. */
int	law_minors(struct app *, const char *text) must_check;

#endif /* !CAIRN_LAW_H */
