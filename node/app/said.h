/* SPDX-License-Identifier: Apache-2.0 */
/* said: what an event of a person's client says, whatever client that is: answers that quote, changes, pictures. */
#ifndef CAIRN_SAID_H
#define CAIRN_SAID_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/id.h"

/* The member of a message's content that holds a note. */
#define SAID_NOTE ID_NAMESPACE "note"

struct said {
	char	*kept;		/* For people to read: all of it, or what it is if it is nothing in words. */
	char	*said;		/* The person's own words, without what they quote; NULL: it is nothing in words. */
	char	*of;		/* The event that it changes, or NULL. */
	bool	 change;	/* It takes the place of something that was said before. */
	bool	 cut;		/* Only its beginning is kept. */
	bool	 automatic;	/* A program wrote it; programs do not answer each other. */
	bool	 unsure;	/* Its device is not signed by the account, which signs its devices: whoever runs the homeserver may have written it. */
	const char *device;	/* That they wrote it with; borrowed; NULL: not known.  For who reads an event (message.c). */
	json_t	*note;		/* Beside the words, what should be a note in its own form (notes_form.h); then its words come first in both. */
};

/** said_read(type, content, ret): the caller frees with said_free.  0, E_NOTFOUND (nothing that a person says), -ENOMEM. */
int	said_read(const char *type, const json_t *content, struct said *ret) must_check;
void	said_free(struct said *);

#define autosaid __attribute__((cleanup(said_free)))

/** said_fold(text): small letters (Latin, Greek, Cyrillic), plain apostrophes, one blank for many; the caller frees.  NULL: -ENOMEM. */
char	*said_fold(const char *text);

/** said_near(word, len, name): is it ${name}, in whatever letters, or one slip of the finger from it? */
bool	said_near(const char *word, size_t len, const char *name);

#endif /* !CAIRN_SAID_H */
