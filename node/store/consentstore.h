/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consentstore: consents, disclosures made under them, revocations, and who
 * holds what.  All of it about a member is sealed, for the legal term.
 */
#ifndef CAIRN_CONSENTSTORE_H
#define CAIRN_CONSENTSTORE_H

#include "db.h"

struct consent_row {
	char	*id, *referral, *org;
	char	*consent;	/* JSON; sealed. */
	int64_t	 granted_at, revoked_at;
};
/** consent_put: 0; E_REFUSED if its id is that of a consent for another referral or organization. */
int	consent_put(struct db *, const struct consent_row *) must_check;
int	consent_for(struct db *, const char *referral, struct consent_row *) must_check;	/* The newest. 0, E_NOTFOUND */
int	consent_get(struct db *, const char *id, struct consent_row *) must_check;		/* 0, E_NOTFOUND */
int	consent_each(struct db *, const char *referral, int (*)(void *, const struct consent_row *), void *) must_check;
/** consent_each_alike(db, text, fn, cookie): each of the same form, which is all of ${text} but its id; closed: its ${consent} is NULL. */
int	consent_each_alike(struct db *, const char *, int (*)(void *, const struct consent_row *), void *) must_check;
/** consent_end(db, consent, at): nothing more under it; 0, or E_NOTFOUND: none of that id, referral and organization, or ended before. */
int	consent_end(struct db *, const struct consent_row *, int64_t at) must_check;
void	consent_row_free(struct consent_row *);

/* One disclosure, as it may have left. */
struct disclosed_row {
	char	*id;
	char	*whose;		/* A referral; in an emergency also a case, a match, or "person:PID". */
	char	*consent;	/* NULL: in an emergency. */
	char	*org;		/* NULL: to nobody of the network. */
	int64_t	 at, arrived;	/* 0: not confirmed. */
	char	*detail;	/* JSON; sealed: what, to whom, under which law. */
};
int	disclosed_put(struct db *, const struct disclosed_row *) must_check;	/* One id counts once. */
int	disclosed_has(struct db *, const char *id) must_check;			/* 0, E_NOTFOUND */
int	disclosed_any(struct db *, const char *whose) must_check;		/* 0, E_NOTFOUND */
int	disclosed_arrived(struct db *, const char *id, int64_t at) must_check;	/* 0 also if there is none. */
int	disclosed_each(struct db *, const char *whose, int (*)(void *, const struct disclosed_row *), void *) must_check;

struct revocation_row {
	char	*consent, *org;
	char	*referral;	/* NULL: of a consent that is not known here. */
	int64_t	 at;
	bool	 ended;		/* Not revoked: the event that ends it has happened. */
	char	*detail;	/* JSON or NULL; sealed: how, by whom. */
};
/** revocation_put: a revocation replaces an end, and nothing replaces a revocation. */
int	revocation_put(struct db *, const struct revocation_row *) must_check;
int	revocation_get(struct db *, const char *consent, const char *org, struct revocation_row *) must_check;	/* 0, E_NOTFOUND */
/**
 * revocation_unknown(db, org, ret): how many of theirs are of consents that are not known here.  revocation_oldest(db, before, ret_consent, ret_org): one of these,
 * of whomever, that came before; the caller frees; 0, E_NOTFOUND.  revocation_drop: it is forgotten.
 */
int	revocation_unknown(struct db *, const char *org, int64_t *) must_check;
int	revocation_oldest(struct db *, int64_t before, char **ret_consent, char **ret_org) must_check;
int	revocation_drop(struct db *, const char *consent, const char *org) must_check;
void	revocation_row_free(struct revocation_row *);

struct holder_row {
	char	*consent, *org, *referral;
	int64_t	 told, due, acked;	/* 0: could not be told; has not acknowledged. */
	char	*detail;		/* JSON or NULL; sealed: what they keep. */
};
int	holder_put(struct db *, const struct holder_row *) must_check;
/** holder_ack(db, consent, org, referral, at, detail, ret_first): 0, and whether it is their first; E_NOTFOUND: they were told no such thing of that referral. */
int	holder_ack(struct db *, const char *consent, const char *org, const char *referral, int64_t at, const char *detail, bool *ret_first) must_check;
int	holder_each(struct db *, const char *consent, int (*)(void *, const struct holder_row *), void *) must_check;
/** holder_untold(db, now, ret): one that could not be told, and whose ${due} has come; 0 or E_NOTFOUND; the caller frees. */
int	holder_untold(struct db *, int64_t now, struct holder_row *) must_check;
void	holder_row_free(struct holder_row *);
/** holder_late(db, now, ret): how many could not be told, or have not acknowledged in time. */
int	holder_late(struct db *, int64_t now, int64_t *) must_check;

#endif /* !CAIRN_CONSENTSTORE_H */
