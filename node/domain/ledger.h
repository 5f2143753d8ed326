/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: what an issuer of credentials keeps of them, offline: whom it certified, where each stands
 * in its status lists, and in which state.
 *
 *     {v: 1, kind: "ledger", version, lists, listed, entries: [{id, index, state, from, until, signed, subject}]}
 *
 * Times are milliseconds; ${lists} is the beginning of the lists' names, to which the purpose is
 * added; an entry's number is its place, from 1.  Pure: reading and writing it is the caller's.
 */
#ifndef CAIRN_LEDGER_H
#define CAIRN_LEDGER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "status.h"

#define LEDGER_STATES(X) X(ACTIVE, "active") X(SUSPENDED, "suspended") X(REVOKED, "revoked")
#define LEDGER_INPUTS(X) X(RENEW, "renew") X(SUSPEND, "suspend") X(REINSTATE, "reinstate") X(REVOKE, "revoke")

#define X(name, text) LEDGER_##name,
enum ledger_state { LEDGER_STATES(X) LEDGER_NSTATES };
enum ledger_input { LEDGER_INPUTS(X) LEDGER_NINPUTS };
#undef X

enum { LEDGER_MAX = STATUS_BITS_MIN / 2 };	/* Entries: half of the places stay free, so that a free one is found. */
#define LEDGER_REMIND	(60 * 86400000LL)	/* Renewal is due so long before the end. */
#define LEDGER_LIST_LIFE (30 * 86400000LL)

/** ledger_new(lists, ret, reterr): an empty one; E_BAD if ${lists} cannot begin a list's name. */
int	ledger_new(const char *lists, json_t **ret, struct err *reterr) must_check;

/** ledger_check(ledger, reterr): 0 or E_BAD; every other function wants a ledger that passed. */
int	ledger_check(const json_t *, struct err *) must_check;

/** ledger_uses(ledger, index): is this place of the lists taken? */
bool	ledger_uses(const json_t *, uint32_t index);

/** ledger_entry(ledger, number): borrowed; NULL if there is none. */
json_t	*ledger_entry(const json_t *, int64_t number);
enum ledger_state ledger_state(const json_t *entry);

struct ledger_term {
	int64_t		from, until, now;
};

/**
 * ledger_issue(ledger, id, index, subject, term, reterr): one entry more.  E_BAD (times),
 * E_REFUSED (full, or ${id} or ${index} is taken), -ENOMEM.
 */
int	ledger_issue(json_t *, const char *id, uint32_t index, const json_t *subject,
	    const struct ledger_term *, struct err *) must_check;

/**
 * ledger_change(ledger, number, input, term, reterr): ${term} only for RENEW.  E_NOTFOUND, E_REFUSED
 * (from this state it cannot: what was revoked stays so), E_BAD, -ENOMEM.
 */
int	ledger_change(json_t *, int64_t number, enum ledger_input, const struct ledger_term *, struct err *) must_check;

/** ledger_credential(ledger, number, seed, ret, reterr): the entry's credential, signed; the same each time. */
int	ledger_credential(const json_t *, int64_t number, const uint8_t seed[32], json_t **ret, struct err *) must_check;

/**
 * ledger_list(ledger, purpose, seed, ret, reterr): the status list as it was last dated.
 * ledger_date(ledger, now): date the lists anew, later than before, and count the version up, which is
 * then to be written.  0 or -ENOMEM.
 */
int	ledger_list(const json_t *, enum status_purpose, const uint8_t seed[32], json_t **ret, struct err *) must_check;
int	ledger_date(json_t *, int64_t now) must_check;

/** ledger_advice(entry, now): "renewal due", "expired", or "" . */
const char *ledger_advice(const json_t *entry, int64_t now);
const char *ledger_state_name(enum ledger_state);
const char *ledger_input_name(enum ledger_input);

#endif /* !CAIRN_LEDGER_H */
