/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "cryptostore.h"
#include "erasure.h"
#include "keyring.h"
#include "peoplestore.h"
#include "rows.h"
#include "subject.h"

/* What moves, and what version 3 sealed under the store's own key: view sealed (schema-0004-subject.sql). */
static const char *const columns[] = {
	"crypt_account.pickle_key", "crypt_account.pickle", "crypt_olm.pickle", "crypt_inbound.pickle",
	"crypt_outbound.pickle", "crypt_outbound.first_key", "outbox.state_key", "outbox.content", "outbox.body",
	"outbox.error", "waiting.raw", "waiting.reason", "rejected.raw", "rejected.reason", "gap_event.raw",
	"person.user", "message.body", "referral.request", "referral.disclosure", "referral.outcome", "referral.reason",
	"consent.consent",
};
enum { MOVING = 15 };	/* So many of them move. */

/* Of each kind of subject: what is deleted with it, in this order; ?1 is the id behind the colon. */
static const enum query_id of_referral[] = {
	Q_ERASE_REFERRAL_TASKS, Q_ERASE_REFERRAL_LIKENESS, Q_ERASE_REFERRAL_INTAKE, Q_ERASE_REFERRAL_INTAKE_OF,
	Q_ERASE_REFERRAL_OWN, Q_ERASE_REFERRAL_NOTES, Q_ERASE_REFERRAL_CHATS, Q_ERASE_REFERRAL_PAIRINGS, Q_ERASE_REFERRAL_OUTBOX, Q_ERASE_REFERRAL_REJECTED, Q_ERASE_REFERRAL_TRAFFIC,
	Q_ERASE_REFERRAL_STEPS, Q_ERASE_REFERRAL_OLD_STEPS, Q_ERASE_REFERRAL_HUSK, Q_ERASE_REFERRAL_ROW,
};
static const enum query_id of_legal[] = {
	Q_ERASE_LEGAL_CONSENTS, Q_ERASE_LEGAL_DISCLOSED, Q_ERASE_LEGAL_REVOCATIONS, Q_ERASE_LEGAL_HOLDERS,
	Q_ERASE_LEGAL_ASKS, Q_ERASE_LEGAL_HOLDS, Q_ERASE_LEGAL_ROW,
};
static const enum query_id of_person[] = {
	Q_ERASE_PERSON_NOTES, Q_ERASE_PERSON_VOICES, Q_ERASE_PERSON_CHATS, Q_ERASE_PERSON_BOUND, Q_ERASE_PERSON_INTAKE, Q_ERASE_PERSON_OUTBOX, Q_ERASE_PERSON_MESSAGES, Q_ERASE_PERSON_INBOX, Q_ERASE_PERSON_WITHHELD,
	Q_ERASE_PERSON_GAPS, Q_ERASE_PERSON_INDEXES, Q_ERASE_PERSON_INBOUND, Q_ERASE_PERSON_SESSIONS, Q_ERASE_PERSON_PARCELS, Q_ERASE_PERSON_SHARES, Q_ERASE_PERSON_HISTORY,
	Q_ERASE_PERSON_PINS, Q_ERASE_PERSON_ROSTER, Q_ERASE_PERSON_MEMBER, Q_ERASE_PERSON_ROOM,
	Q_STRANGER_FORGET_WAITING, Q_STRANGER_FORGET_REJECTED, Q_STRANGER_FORGET_ALARMS, Q_STRANGER_FORGET_HASHES, Q_STRANGER_FORGET_INDEXES,
	Q_STRANGER_FORGET_INBOUND, Q_STRANGER_FORGET_OLM, Q_STRANGER_FORGET_DEVICES, Q_STRANGER_FORGET_USER,
};

static const enum query_id of_entry[] = { Q_BOOK_DROP };
static const enum query_id of_note[] = { Q_ERASE_NOTE_ROW };

static const struct kind {
	const char	*prefix;
	const enum query_id *queries;
	size_t		 n;
} kinds[] = {
	{ "referral:", of_referral, nelem(of_referral) },
	{ "legal:", of_legal, nelem(of_legal) },
	{ "person:", of_person, nelem(of_person) },
	{ "note:", of_note, nelem(of_note) },
	{ "entry:", of_entry, nelem(of_entry) },
};

/* Progress is in these counters, so that a restart goes on. */
static const char note_moving[] = "erasure.moving";	/* All that moves is sealed under this slot; 0: not since version 4. */
static const char note_upto[] = "erasure.upto";		/* The newest erasure that the present turn is for. */
static const char note_column[] = "erasure.column";
static const char note_key[] = "erasure.key";

static int
note(struct db *db, const char *name, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ERASURE_NUMBER, "t", name);

	if (r != 0 || (r = db_next(rows)) < 0)
		return r;
	*ret = r == 0 ? db_int(rows, 0) : 0;
	return 0;
}

static int
put_note(struct db *db, const char *name, int64_t value)
{
	return db_run(db, Q_ERASURE_NOTE, "ti", name, value);
}

int
erasure_want(struct db *db, const char *name, const char *actor)
{
	return db_run(db, Q_ERASURE_WANT, "tti", name, actor, world_now(db_world(db)));
}

int
erasure_state(struct db *db, const char *name, enum erasure_state *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ERASURE_GET, "t", name);

	if (r == 0 && (r = db_next(rows)) == 0)
		*ret = (enum erasure_state)db_int(rows, 0);
	return r;
}

/* The rows of one subject.  A person's own row is referred to by others: it becomes nobody's. */
static int
delete_rows(struct db *db, const char *name)
{
	char nobody[64];
	int64_t pid;
	int r = 0;

	for (size_t i = 0; i < nelem(kinds); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(name, kinds[i].prefix, len) != 0)
			continue;
		for (size_t q = 0; q < kinds[i].n && r == 0; q++)
			r = kinds[i].queries == of_person ? db_run(db, kinds[i].queries[q], "i", strtoll(name + len, NULL, 10)) :
			    db_run(db, kinds[i].queries[q], "t", name + len);
		if (r == 0 && kinds[i].queries == of_person) {
			pid = strtoll(name + len, NULL, 10);
			(void)snprintf(nobody, sizeof(nobody), "@erased.%lld:invalid", (long long)pid);
			r = person_rename(db, pid, nobody);
		}
	}
	return r;
}

static int
find_slot(struct db *db, const char *name, int64_t *ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SUBJECT_FIND, "t", name);

	if (r == 0 && (r = db_next(rows)) == 0)
		*ret = db_int(rows, 0);
	return r;
}

static int
one_text(struct db *db, enum query_id q, const char *arg, char **ret)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, q, "t", arg);

	return r != 0 || (r = db_next(rows)) != 0 ? r : rows_dup(rows, 0, ret);
}

/* First the key, for good; then what it opened. */
static int
erase(struct db *db, const char *name)
{
	int64_t slot;
	int r = find_slot(db, name, &slot);

	if (r == 0)
		r = db_blame(db, keyring_erase(db_ring(db), slot));
	if (r != 0 && r != E_NOTFOUND)
		return r;
	if ((r = delete_rows(db, name)) != 0 || (r = db_run(db, Q_SUBJECT_DROP, "t", name)) != 0)
		return r;
	return db_run(db, Q_ERASURE_STATE, "tii", name, (int64_t)ERASURE_GONE, (int64_t)0);
}

/* The oldest that is wanted; its parts are wanted before it. */
static int
erase_next(struct db *db, bool *ret_more)
{
	autorows struct rows *rows = NULL;
	autofree char *name = NULL, *actor = NULL, *part = NULL;
	int r;

	if ((r = db_query(db, &rows, Q_ERASURE_NEXT, "")) != 0 ||
	    (r = db_next(rows)) != 0)
		return r;
	if ((r = rows_dup(rows, 0, &name)) != 0 || (r = rows_dup(rows, 1, &actor)) != 0)
		return r;
	db_done(take(rows));
	*ret_more = true;
	if ((r = db_run(db, Q_ERASE_REFERRAL_KEEPS_INTAKE, "t", name)) != 0)
		return r;
	if ((r = db_run(db, Q_SUBJECT_PARTS_HELD, "tti", name, actor, world_now(db_world(db)))) != 0 || (r = db_run(db, Q_SUBJECT_PARTS_FREE, "t", name)) != 0)
		return r;
	while ((r = one_text(db, Q_SUBJECT_PARTS, name, &part)) == 0) {
		if ((r = erasure_want(db, part, actor)) != 0 || (r = erase(db, part)) != 0)
			return r;
		free(take(part));
	}
	return r == E_NOTFOUND ? erase(db, name) : r;
}

/* One value: nothing to do, sealed anew, or gone. */
static int
anew(struct db *db, const char *column, int64_t key, const char *row, const char *subject, const void *value, size_t len)
{
	autowipe struct buf plain = { 0 };
	autobuf struct buf sealed = { 0 };
	int r = column_open(db, column, row, value, len, &plain);

	if (r == E_NOTFOUND)
		return db_run(db, Q_SEALED_DROP, "ti", column, key);
	if (r != 0 || (r = column_seal(db, subject, column, row, plain.data, plain.len, &sealed)) != 0)
		return r;
	return db_run(db, Q_SEALED_PUT, "tib", column, key, sealed.data, sealed.len);
}

/* Up to ${most} values of a column after ${*key}.  E_NOTFOUND: that was all. */
static int
walk_column(struct db *db, const char *column, int64_t most, int64_t *key)
{
	autorows struct rows *rows = NULL;
	int64_t n = 0;
	int r = db_query(db, &rows, Q_SEALED_WALK, "tii", column, *key, most);

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *row = NULL, *subject = NULL;
		autobuf struct buf value = { 0 };
		const void *blob;
		size_t len;

		n++;
		*key = db_int(rows, 0);
		blob = db_blob(rows, 3, &len);
		if (db_null(rows, 2) || column_is(db, db_text(rows, 2), blob, len))
			continue;
		if ((r = rows_dup(rows, 1, &row)) == 0 && (r = rows_dup(rows, 2, &subject)) == 0 &&
		    (r = buf_add(&value, blob, len)) == 0)
			r = anew(db, column, *key, row, subject, value.data, value.len);
	}
	return r == E_NOTFOUND && n == most ? 0 : r;
}

/* E_NOTFOUND: all that moves is sealed under the present key, and noted as such. */
static int
walk(struct db *db, bool all, int64_t most)
{
	int64_t column, key;
	int r;

	if ((r = note(db, note_column, &column)) != 0 || (r = note(db, note_key, &key)) != 0)
		return r;
	if (column < 0 || (size_t)column >= nelem(columns))
		column = key = 0;
	r = walk_column(db, columns[column], most, &key);
	if (r == E_NOTFOUND) {
		column++;
		key = 0;
		r = (size_t)column < (all ? nelem(columns) : MOVING) ? 0 : E_NOTFOUND;
	}
	if (r < 0)
		return r;
	if (r == E_NOTFOUND) {
		column = 0;
		if ((r = put_note(db, note_moving, keyring_moving(db_ring(db)))) != 0)
			return r;
		r = E_NOTFOUND;
	}
	if (put_note(db, note_column, column) != 0 || put_note(db, note_key, key) != 0)
		return ERR_DB;
	return r;
}

/* Nothing is sealed under the old keys of what moves: they go, and with them what copies of the database hold. */
static int
trim(struct db *db)
{
	int64_t upto;
	int r = db_blame(db, keyring_trim(db_ring(db)));

	if (r != 0 || (r = note(db, note_upto, &upto)) != 0)
		return r;
	db_clean(db);
	return db_run(db, Q_ERASURE_CLEANED, "ii", world_now(db_world(db)), upto);
}

/* Rows are gone that a copy of the database may still hold, beside the ratchets that open them; and the homeserver holds what those opened. */
static int
turn(struct db *db, bool *ret_more)
{
	autorows struct rows *rows = NULL;
	int64_t newest;
	int r = db_query(db, &rows, Q_ERASURE_NEWEST, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	if (db_null(rows, 0))
		return 0;
	newest = db_int(rows, 0);
	db_done(take(rows));
	*ret_more = true;
	if ((r = crypto_past_mark(db)) != 0 || (r = db_blame(db, keyring_turn(db_ring(db)))) != 0 ||
	    (r = subject_given(db)) != 0 || (r = put_note(db, note_upto, newest)) != 0 || (r = put_note(db, note_column, 0)) != 0)
		return r;
	return put_note(db, note_key, 0);
}

int
erasure_step(struct db *db, int64_t most, bool *ret_more)
{
	int64_t noted;
	int r = erase_next(db, ret_more);

	if (r != E_NOTFOUND)
		return r;
	if ((r = note(db, note_moving, &noted)) != 0)
		return r;
	if (noted != keyring_moving(db_ring(db))) {
		*ret_more = true;
		r = walk(db, noted == 0, most);
		return r == E_NOTFOUND ? 0 : r;
	}
	if (keyring_others(db_ring(db))) {
		*ret_more = true;
		return trim(db);
	}
	return turn(db, ret_more);
}

/* Its key is not there, and no tombstone either: nothing of it is deleted, since the key may come back. */
static int
lose(struct db *db, const char *name, int64_t slot)
{
	size_t len = strlen(kinds[0].prefix);
	int r = db_run(db, Q_SUBJECT_LOST, "ti", name, slot);

	if (r != 0 || strncmp(name, kinds[0].prefix, len) != 0 || (r = db_run(db, Q_LOST_REFERRAL, "t", name + len)) != 0)
		return r;
	return db_run(db, Q_LOST_TRAFFIC, "t", name + len);
}

/* 0: it is there. */
static int
has_key(struct db *db, int64_t slot)
{
	uint8_t key[KEYRING_KEY];
	int r = db_blame(db, keyring_get(db_ring(db), slot, key));

	sodium_memzero(key, sizeof(key));
	return r;
}

/* Tombstones of subjects that this database believes alive; and those that this file of keys does not know. */
static int
replay(struct db *db)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_SUBJECT_EACH, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *name = NULL;
		/* What was sealed since one was lost has another: slot. */
		int64_t slot = db_int(rows, 0), lost = db_int(rows, 2), first = lost != 0 ? lost : slot;
		int has = has_key(db, first), dead;

		if (has < 0)
			return has;
		if (has == 0 && lost == 0)
			continue;
		if ((dead = db_blame(db, keyring_erased(db_ring(db), first))) < 0 || (r = rows_dup(rows, 1, &name)) != 0)
			return dead < 0 ? dead : r;
		if (has == 0)
			r = (has = has_key(db, slot)) < 0 ? has : db_run(db, Q_SUBJECT_LOST, "ti", name, has == 0 ? (int64_t)0 : slot);
		else if (dead == 0)
			r = lose(db, name, first);
		else if ((r = erasure_want(db, name, "node")) == 0 && (r = db_run(db, Q_ERASE_REFERRAL_KEEPS_INTAKE, "t", name)) == 0)
			r = erase(db, name);
	}
	return r == E_NOTFOUND ? 0 : r;
}

/* What is marked as lost and can be read: its key is there again, or its subject has had another since. */
static int
find_again(struct db *db)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_LOST_EACH, "");

	while (r == 0 && (r = db_next(rows)) == 0) {
		autofree char *column = NULL, *id = NULL;
		autowipe struct buf plain = { 0 };
		const void *value;
		size_t len;

		if ((r = rows_dup(rows, 0, &column)) != 0 || (r = rows_dup(rows, 1, &id)) != 0)
			return r;
		value = db_blob(rows, 2, &len);
		if (value != NULL && (r = column_open(db, column, id, value, len, &plain)) == 0)
			r = db_run(db, strcmp(column, "traffic.content") == 0 ? Q_FOUND_TRAFFIC : Q_FOUND_REFERRAL, "t", id);
		r = r == E_NOTFOUND || r == ERR_CORRUPT ? 0 : r;
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
erasure_open(struct db *db)
{
	uint8_t key[KEYRING_KEY];
	int64_t noted;
	int r;

	if ((r = replay(db)) != 0 || (r = find_again(db)) != 0 || (r = note(db, note_moving, &noted)) != 0)
		return r;
	if (noted == 0 || noted == keyring_moving(db_ring(db)))
		return 0;
	r = keyring_get(db_ring(db), noted, key);
	sodium_memzero(key, sizeof(key));
	if (r != E_NOTFOUND)
		return db_blame(db, r);		/* Stopped in a turn: the steps go on. */
	if ((r = put_note(db, note_column, 0)) != 0 || (r = put_note(db, note_key, 0)) != 0)
		return r;
	while ((r = walk(db, false, INT64_MAX)) == 0)
		;
	return r == E_NOTFOUND ? 0 : r;
}

int
erasure_each(struct db *db, int64_t most, int (*fn)(void *, const struct erasure *), void *cookie)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ERASURE_LIST, "i", most);

	while (r == 0 && (r = db_next(rows)) == 0) {
		struct erasure e = { .name = db_text(rows, 0), .state = (enum erasure_state)db_int(rows, 1),
		    .actor = db_text(rows, 2), .at = db_int(rows, 3), .done = db_int(rows, 4) };

		r = e.name == NULL || e.actor == NULL ? -ENOMEM : fn(cookie, &e);
	}
	return r == E_NOTFOUND ? 0 : r;
}

int
erasure_counts(struct db *db, int64_t *ret_open, int64_t *ret_done)
{
	autorows struct rows *rows = NULL;
	int r = db_query(db, &rows, Q_ERASURE_COUNTS, "");

	if (r != 0 || (r = db_next(rows)) != 0)
		return r > 0 ? ERR_DB : r;
	*ret_open = db_int(rows, 0);
	*ret_done = db_int(rows, 1);
	return 0;
}
