/* SPDX-License-Identifier: Apache-2.0 */
/* scene: two nodes with a referral that has come so far. */
#ifndef CAIRN_TEST_SCENE_H
#define CAIRN_TEST_SCENE_H

#include "story_refer.h"

struct scene {
	struct host	 host;
	struct referral_story s;
	const char	*channel;
	int		 said;		/* Contents that were made up. */
};

static inline void
scene_begin(struct scene *sc, uint64_t seed, enum story_step last)
{
	*sc = (struct scene){ 0 };
	story_begin(&sc->host, seed);
	story_trust(&sc->host);
	story_publish(&sc->host);
	refer_begin(&sc->host, &sc->s);
	for (enum story_step step = STORY_REFER; step <= last; step++)
		if (!refer_step(&sc->host, &sc->s, step))
			host_fail(&sc->host, "the referral does not get to step %d", (int)step);
	sc->channel = hs_room(sc->host.hs, "org.cairnpeer.channel", 0);
}

#endif /* !CAIRN_TEST_SCENE_H */
