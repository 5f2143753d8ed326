/* SPDX-License-Identifier: Apache-2.0 */
/* bookstore: what a program writes down of its own people (schemas/entry.json), and questions to its specialists with their answers. */
#ifndef CAIRN_BOOKSTORE_H
#define CAIRN_BOOKSTORE_H

#include <jansson.h>

#include "db.h"

struct entry {
	int64_t	 n;
	char	*kind;
	int64_t	 at, seen;
	json_t	*body;
};
/** book_add(db, kind, body, ret_n): sealed under a key of its own (subject_entry()).  book_each: oldest first.  0 or negative. */
int	book_add(struct db *, const char *kind, const json_t *body, int64_t *ret_n) must_check;
int	book_each(struct db *, int (*)(void *, const struct entry *), void *) must_check;
/** book_link(db, n, pid): it is forgotten with that person.  book_person(db, n, ret): with whom; 0, E_NOTFOUND. */
int	book_link(struct db *, int64_t, int64_t pid) must_check;
int	book_person(struct db *, int64_t, int64_t *) must_check;
/** book_seen(db, n): an incident was seen, now; 0, E_NOTFOUND.  book_forget(db, n): key first (erasure.h). */
int	book_seen(struct db *, int64_t) must_check;
int	book_forget(struct db *, int64_t) must_check;

struct consult {
	char	*id;
	int64_t	 at, closed;
	json_t	*body;
};
int	consult_put(struct db *, const struct consult *) must_check;
int	consult_get(struct db *, const char *id, struct consult *) must_check;	/* 0, E_NOTFOUND */
int	consult_open(struct db *, struct consult *) must_check;			/* The one that is open; 0, E_NOTFOUND. */
void	consult_free(struct consult *);
#define autoconsult __attribute__((cleanup(consult_free)))

/** voice_put(db, consult, pid, body): ${body} NULL: asked.  voice_each: NULL, too, of whom was erased.  voice_drop: what they said is forgotten. */
int	voice_put(struct db *, const char *consult, int64_t pid, const json_t *body) must_check;
int	voice_each(struct db *, const char *consult, int (*)(void *, int64_t pid, const json_t *body), void *) must_check;
/** voice_of(db, pid, fn, cookie): what that person was asked, and said. */
int	voice_of(struct db *, int64_t pid, int (*)(void *, const char *consult, const json_t *body), void *) must_check;
int	voice_drop(struct db *, const char *consult) must_check;
/** voice_untold(db, ret_consult, ret_pid): one who was asked something that is closed, and was not told the result; E_NOTFOUND.  voice_told: now. */
int	voice_untold(struct db *, char **, int64_t *) must_check;
int	voice_told(struct db *, const char *consult, int64_t pid) must_check;

#endif /* !CAIRN_BOOKSTORE_H */
