/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bound: is the account in a match the specialist's?  Their record may say which is (domain/binding.h): then only that account is asked into the
 * chat, and nothing of the match is shown there before it said the same, with six words, from a device that is signed under the
 * master key of the binding; nor once any of this is not so any more.  All of it is found anew each time, in what the record says
 * now, what the homeserver shows of the account, and what the account said.  Where the record says nothing, staff choose.
 */
#ifndef CAIRN_BOUND_H
#define CAIRN_BOUND_H

#include "store/matchstore.h"
#include "talk.h"

#define BOUND_STATES(X)								\
	X(FREE, "the specialist has not signed which account is theirs")	\
	X(HOLDS, "the specialist signed for this account, and it said the same")	\
	X(LOOK, "the keys of the specialist's account are being looked up")	\
	X(ASKED, "the specialist's account has not said yet that it is theirs; nothing of this match is shown there before")	\
	X(OTHER, "this is not the account that the specialist signed for; nothing is shown there")	\
	X(KEYS, "the account shows other keys than the specialist signed; nothing is shown there")	\
	X(ENDED, "the specialist's word that this account is theirs has ended; nothing is shown there")

#define X(name, text) BOUND_##name,
enum bound_state { BOUND_STATES(X) BOUND_NSTATES };
#undef X

/**
 * bound_choose(app, match, user, ret, ret_says, reterr): the account of the specialist of a match, whom staff want in it: ${user}, or NULL for
 * the one that the specialist signed for.  0; ${ret} is the caller's, ${ret_says} what staff are to be told, static; E_BAD: who?; E_REFUSED: they signed for another.
 * bound_begin(app, match, pid): that account is to be asked, or is looked at anew.
 */
int	bound_choose(struct app *, const struct pairing *, const char *user, char **ret, const char **ret_says, struct err *) must_check;
int	bound_begin(struct app *, struct pairing *, int64_t pid) must_check;

/** bound_may(app, match, pid, side): may what belongs to the match go to that chat, and come from it?  0; E_REFUSED: not now; or negative. */
int	bound_may(struct app *, const char *match, int64_t pid, const char *side) must_check;

/** bound_state(app, match, ret): of the specialist's chat; E_NOTFOUND: there is none.  bound_words(state): the same in a sentence. */
int	bound_state(struct app *, const struct pairing *, enum bound_state *ret) must_check;
const char *bound_words(enum bound_state);

/** bound_trouble(app, ret): for doctor: in how many active matches nothing is shown to the specialist, in doubt, or for want of their word for a day. */
int	bound_trouble(struct app *, int64_t *) must_check;

/** bound_topic(talk, words): the topic !account: their identity key; or, with six words, that this account is that specialist's. */
int	bound_topic(struct talk *, const char *words) must_check;

/** bound_step(app): whose keys are those that the specialist signed is asked, once. */
int	bound_step(struct app *) must_check;

#endif /* !CAIRN_BOUND_H */
