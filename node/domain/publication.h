/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publication: a specialist's own consent to be published; schemas/publication.json.
 *
 * Signed with the specialist's did:key, for one organization and one record of its directory, until a day: the specialist, or a
 * credential of theirs that is a record of its own.  It covers all that the record says, by a hash, but how many places
 * are free at present and who waits.  Withdrawn by a later one.  It may say which Matrix account is theirs (binding.h), for as long as it lasts.
 */
#ifndef CAIRN_PUBLICATION_H
#define CAIRN_PUBLICATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "binding.h"

/* Borrowed from the document. */
struct publication {
	const char	*specialist, *org, *record;
	const char	*hash;		/* NULL: withdrawn. */
	int64_t		 issued_at, expires_at;
};

/** publication_hash(body, ret): of what a consent covers of a record's body; 0, E_BAD or -ENOMEM. */
int	publication_hash(const json_t *body, char ret[65]) must_check;
/** publication_of(body): the DID of the specialist whom the body of a specialist or credential is about; NULL: it names none. */
const char *publication_of(const json_t *body);

/**
 * publication_read(doc, now, ret, reterr): is it a consent or its withdrawal, signed by the specialist that it names, and not
 * dated later than ${now}?  0; E_BAD: shape; E_REFUSED: signature, time; -ENOMEM.
 * publication_check(body, org, record, newest, now, ret, reterr): may ${body} be published as that record of ${org}?
 * ${newest}: when the newest word of that specialist on that record was signed, 0: none is known.  As above; E_REFUSED also: it is
 * withdrawn, over, for another record, or over another text.
 */
int	publication_read(const json_t *, int64_t now, struct publication *ret, struct err *) must_check;
int	publication_check(const json_t *body, const char *org, const char *record, int64_t newest, int64_t now,
	    struct publication *ret, struct err *) must_check;

/** publication_over(body, now): the consent in the body of a record has ended. */
bool	publication_over(const json_t *, int64_t now);
/** publication_ends(body): when it does; WHEN_MAX: never. */
int64_t	publication_ends(const json_t *);

/** publication_account(body, now, ret): which account they say is theirs; 0; E_NOTFOUND: they do not; E_REFUSED: it is not to be believed, or over; -ENOMEM. */
int	publication_account(const json_t *body, int64_t now, struct binding *ret) must_check;

/**
 * publication_sign(body, org, record, until, seed, now, reterr): put the consent of whoever has ${seed} into the body
 * of a specialist, and their did:key, or into that of their credential.  Which account is theirs stays as the body's consent before had it, or publication_bind(body, user,
 * master_key, seed, now, reterr) put it there.  publication_withdraw(consent, seed, now, ret, reterr): what takes it back; owned by
 * the caller.  0; E_BAD: the body names another specialist, or not what the schema wants; -ENOMEM.
 */
int	publication_sign(json_t *, const char *org, const char *record, int64_t until, const uint8_t seed[32], int64_t now,
	    struct err *) must_check;
int	publication_bind(json_t *, const char *user, const char *master_key, const uint8_t seed[32], int64_t now, struct err *) must_check;
int	publication_withdraw(const json_t *, const uint8_t seed[32], int64_t now, json_t **ret, struct err *) must_check;

#endif /* !CAIRN_PUBLICATION_H */
