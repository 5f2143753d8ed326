/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject: whose data a sealed value is.  Each subject has a key in keys.db (keyring.h);
 * to erase the subject is to erase the key.  Names:
 *
 *   NULL		the store's own: tokens, passwords, public matters, whoever is not known yet
 *   SUBJECT_MOVING	ratchets, sessions, what waits in either direction: all of it is sealed anew, and the
 *			old key erased, whenever anybody is erased, so that an old copy opens no ciphertext
 *   "referral:ID"	what is known of the member of a referral (subject_referral)
 *   "person:PID"	a person's user id and words (subject_person)
 *   "note:N"		what somebody wrote in their chat, part of their person (subject_note)
 *   "entry:N"		what a program wrote down of its own people (subject_entry)
 *   "legal:ID"		consents, accounting and holds of referral ID; the account of emergencies of a
 *			case or match ID, or of a person, "person:PID": kept for the legal term after
 *			the rest is erased (subject_legal)
 */
#ifndef CAIRN_SUBJECT_H
#define CAIRN_SUBJECT_H

#include "db.h"

#define SUBJECT_MOVING	"moving"

enum { SUBJECT_NAME = 96 };	/* Ids are at most 64 bytes. */

/** These write a name into ${out} and return it.  NULL becomes NULL. */
const char *subject_referral(const char *id, char out[SUBJECT_NAME]);
const char *subject_legal(const char *id, char out[SUBJECT_NAME]);
const char *subject_person(int64_t pid, char out[SUBJECT_NAME]);
const char *subject_note(int64_t n, char out[SUBJECT_NAME]);
const char *subject_entry(int64_t n, char out[SUBJECT_NAME]);

/** subject_open(db, dir, ret, reterr): for db_open, in a transaction: keyring_open, and the store remembers whose it is. */
int	subject_open(struct db *, const char *, struct keyring **, struct err *) must_check;
/** subject_given(db): after keyring_turn, in its transaction: the slot is noted, to be given out once though the file be lost.  0 or negative. */
int	subject_given(struct db *) must_check;

/**
 * subject_key(db, name, ret_slot, key): its key, and where it is; made if it has none, then inside a
 * transaction.  0 or negative.
 */
int	subject_key(struct db *, const char *, int64_t *, uint8_t key[DB_KEY]) must_check;

/** subject_link(db, name, whole): ${name} is erased with ${whole}.  Makes the key if need be.  0 or negative. */
int	subject_link(struct db *, const char *, const char *) must_check;

/** subject_each_part(db, name, fn, cookie): the names of what is erased with it. */
int	subject_each_part(struct db *, const char *, int (*)(void *, const char *), void *) must_check;

/** subject_each_lost(db, fn, cookie): the names of what keys.db had no key for at the last start, but for referrals (case_lost_each). */
int	subject_each_lost(struct db *, int (*)(void *, const char *), void *) must_check;
/** subject_members(db, ret): is anything of a member sealed under a key of theirs?  0 or negative. */
int	subject_members(struct db *, bool *) must_check;

#endif /* !CAIRN_SUBJECT_H */
