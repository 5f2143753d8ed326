/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk: the member's conversation in their direct chat, with any Matrix client.  Words that begin with ! are
 * commands; all else answers the question that was asked, or is for people to read.  Each reply stands alone.
 *
 *	talk.c		the table of topics; danger comes first
 *	said.c		what was said, whatever the client made of it
 *	lifeline.c	the numbers for danger
 *	talk_find.c	!find, !refer and its questions, one at a time
 *	talk_read.c	!read: resources and stories
 *	talk_note.c	what they keep: goals, plan, check-ins, questionnaires (talk_note.h)
 *	notes_form.c	the same as data, beside the words (notes_form.h)
 *	bound.c		!account: a specialist's account says whose it is
 *	talk_mine.c	!status, !cancel, !revoke, and news of a referral
 *	talk_consent.c	!consent: may they know who it is (talk_consent.h)
 *	talk_who.c	!who
 *
 * What was found and answered so far is sealed in intake.talk: {found: [{id, org, name, kind: of what is read}], asked: n, wish: {...},
 * requests, consents, accepted: [referral], as !cancel, !revoke and !consent listed them last, consent: what may be told is asked (talk_consent.h), cancel: the referral to be taken back if the next word is yes,
 * young: they said that they are under 18, read: {kind: true}, of which people here have read what sounded like danger, words: notes go without their data}.
 */
#ifndef CAIRN_TALK_H
#define CAIRN_TALK_H

#include <jansson.h>

#include "app.h"
#include "base/buf.h"
#include "store/casestore.h"
#include "store/peoplestore.h"
#include "said.h"

struct talk {
	struct app	*app;
	int64_t		 pid;
	char		*intake;	/* The member's id there. */
	json_t		*state;		/* As above; changes are kept when the topic returns 0. */
	const char	*device;	/* That they write with, or NULL. */
	struct buf	 say;		/* The reply. */
	bool		 quiet;		/* It is not kept among the messages. */
	bool		 took;		/* What was written is kept as an answer, not among the messages. */
	int64_t		 note;		/* The note that the reply records or shows; 0: none. */
};

/**
 * talk_heard(app, pid, words, ret_took): answer what a member said, with what to do next.  What is for people is answered
 * with that, once an hour, unless talk_person(app, pid) was told that a person speaks with them.
 * ${ret_took}: it is kept as an answer (talk_note.h), and is nothing for people to read.  0 or negative.
 */
int	talk_heard(struct app *, int64_t pid, const struct said *, bool *ret_took) must_check;
int	talk_person(struct app *, int64_t pid) must_check;

/** talk_unread(app, pid): something came that we must not read; that is said, once an hour. */
int	talk_unread(struct app *, int64_t pid) must_check;

/**
 * talk_clear(app, room, since): they wrote there, and none of their devices may be sent keys, so that no answer can be read.  One fixed text says so in
 * clear, with what to do and the crisis numbers, once an hour, and not again for an answer that has waited from ${since} (ms) on; it is the same for everybody, and says nothing of what they wrote.
 */
int	talk_clear(struct app *, const struct room *, int64_t since) must_check;
#define TALK_CLEAR	"talk_clear"	/* Purpose of the call. */

/** talk_deleted(app, pid, danger, held): they deleted a message: say what that does; once an hour, but always if it sounded like danger. */
int	talk_deleted(struct app *, int64_t pid, bool danger, bool held) must_check;
int	talk_sounds_like_danger(const struct app *, const char *body, bool *ret) must_check;

/**
 * talk_say(app, pid, text): in their chat, once it is there.  talk_show: the same, beside a note (notes_form.h).  talk_reply: likewise, in
 * answer to what they wrote: as a notice, which no program answers; nor do we answer one.
 */
int	talk_say(struct app *, int64_t pid, const char *text) must_check;
int	talk_show(struct app *, int64_t pid, const char *text, int64_t note) must_check;
int	talk_reply(struct app *, int64_t pid, const char *text, int64_t note) must_check;

/** talk_name(app, row, ret): whom that referral of ours asks, as published; the caller frees. */
int	talk_name(struct app *, const struct case_row *, char **) must_check;

/** talk_each(talk, fn, cookie): each referral of theirs that is kept here, the oldest first, and whom it asks. */
typedef int talk_case_fn(void *cookie, const struct case_row *, const char *name);
int	talk_each(struct talk *, talk_case_fn *, void *cookie) must_check;

/** talk_classes(say, what): classes of a consent in plain words.  talk_plainly(value, out): so a word of the wire; ${out} may be used for it. */
int	talk_classes(struct buf *, const json_t *what) must_check;
const char *talk_plainly(const char *value, char out[64]);
/** talk_one_line(out, from): what was appended from byte ${from} on is one line, whatever a record says: no name is another row. */
void	talk_one_line(struct buf *, size_t from);
#define TALK_YOUNG "young"
/** talk_asked(app, row, ret_voluntary, out): append what the other side knows of a request without a name, in plain words.  0 or negative. */
int	talk_asked(struct app *, const struct case_row *, bool *ret_voluntary, struct buf *) must_check;

/** talk_news(app, row, meaning): tell the member whose referral it is what happened (intake_meaning); nothing if that says nothing to them. */
int	talk_news(struct app *, const struct case_row *, const char *) must_check;

/** talk_held(app, pid, held): tell a member who is to be forgotten that it is kept for now, and why if that may be told. */
struct held;
int	talk_held(struct app *, int64_t pid, const struct held *) must_check;
/** talk_erased(app, referral): tell the member whose referral it is that it is going to be erased: afterwards nobody knows whose it was. */
int	talk_erased(struct app *, const char *referral) must_check;

/* Topics: ${words} follow the command.  0 or negative. */
int	talk_find(struct talk *, const char *words) must_check;
int	talk_read(struct talk *, const char *words) must_check;
int	talk_refer(struct talk *, const char *words) must_check;
int	talk_yes(struct talk *, const char *words) must_check;
int	talk_status(struct talk *, const char *words) must_check;
int	talk_cancel(struct talk *, const char *words) must_check;
/** talk_take_back(talk, referral): the member has said yes to that. */
int	talk_take_back(struct talk *, const char *referral) must_check;
int	talk_revoke(struct talk *, const char *words) must_check;
int	talk_who(struct talk *, const char *words) must_check;
/** talk_asking(talk): is there a question that waits for an answer, or for !yes? */
bool	talk_asking(const struct talk *);
/** talk_answer(talk, words): an answer to that.  talk_number(talk, words): a bare number, after !find.  E_NOTFOUND: it is none. */
int	talk_answer(struct talk *, const char *words) must_check;
int	talk_number(struct talk *, const char *words) must_check;
/** talk_choice(words): the number that was written; 0: none. */
size_t	talk_choice(const char *words);
/**
 * talk_texts(talk, words, most, found): list up to ${most} resources and as many stories, that members may read, behind what is in
 * ${found}.  talk_is_text(kind): is it one of these kinds?
 */
int	talk_texts(struct talk *, const char *words, size_t most, json_t *found) must_check;
bool	talk_is_text(const char *kind);
/** talk_drop(talk): forget a request that is being made; false: there is none. */
bool	talk_drop(struct talk *);

#endif /* !CAIRN_TALK_H */
