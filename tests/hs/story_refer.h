/* SPDX-License-Identifier: Apache-2.0 */
/* story_refer: one referral from the first word to closed, step by step, whatever dies on the way. */
#ifndef CAIRN_TEST_STORY_REFER_H
#define CAIRN_TEST_STORY_REFER_H

#include "story.h"

/* Who does what; a step is done when both sides are in its state. */
enum story_step { STORY_REFER, STORY_ACCEPT, STORY_CONSENT, STORY_CONTACT, STORY_CLOSE, STORY_STEPS };

struct referral_story {
	char	specialist[32];		/* Found in the directory. */
	char	id[32];			/* Of the referral; "" before it is known. */
	int	lost;			/* Steps in which a node died before it replied. */
};

/** refer_begin(host, story): find the target's specialist in the source's directory. */
void	refer_begin(struct host *, struct referral_story *);
/** refer_step(host, story, step): have it done, again if its reply was lost and nothing changed; wait for both sides.  False: it never came about. */
bool	refer_step(struct host *, struct referral_story *, enum story_step);
/** refer_all(host, story): all steps. */
bool	refer_all(struct host *, struct referral_story *);
/** refer_to(host, story, last): a referral that has come so far, or the test ends. */
void	refer_to(struct host *, struct referral_story *, enum story_step);

/** refer_args(host, story, step): the arguments of its verb. */
json_t	*refer_args(struct host *, const struct referral_story *, enum story_step);
/** refer_fill(form, referral): the template of a consent, filled in as the member says. */
json_t	*refer_fill(json_t *, const char *);
/** refer_show(host, i, story): the referral as that node shows it; the caller decrefs. */
json_t	*refer_show(struct host *, size_t, const struct referral_story *);
/** refer_state(host, i, story, state): is it in that state there? */
bool	refer_state(struct host *, size_t, const struct referral_story *, const char *);
/** refer_count(shown, input): how often the history that refer_show() gave has it. */
int	refer_count(const json_t *shown, const char *input);

/**
 * refer_verdict(host, story): the oracle, after five minutes of quiet.  NULL, or what is wrong: not exactly one
 * referral on each side, not closed, a step missing or done twice, contents that differ, an item
 * that waits or was rejected, something still to be sent, a complaint of the homeservers.
 */
const char *refer_verdict(struct host *, const struct referral_story *);

#endif /* !CAIRN_TEST_STORY_REFER_H */
