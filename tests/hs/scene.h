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
	refer_to(&sc->host, &sc->s, last);
	sc->channel = hs_room(sc->host.hs, "org.cairnpeer.channel", 0);
}

static inline void
scene_end(struct scene *sc)
{
	host_end(&sc->host);
}

/* What every content has.  Consumes ${content}, and answers it. */
static inline json_t *
scene_stamp(struct scene *sc, json_t *content)
{
	autojson json_t *shown = refer_show(&sc->host, SOURCE, &sc->s);
	char id[48];

	(void)snprintf(id, sizeof(id), "G817PTM282CKXPPC430W6Z%04d", ++sc->said);
	if (json_object_get(content, "keeps") == NULL) {	/* That is no step. */
		(void)json_object_set(content, "prev", json_object_get(shown, "last_step"));
		(void)json_object_set_new(content, "leg", json_integer(1));
	}
	(void)json_object_set_new(content, "v", json_integer(1));
	(void)json_object_set_new(content, "id", json_string(id));
	(void)json_object_set_new(content, "seq", json_integer(1000 + sc->said));
	(void)json_object_set_new(content, "referral", json_string(sc->s.id));
	(void)json_object_set_new(content, "body", json_string("-"));
	(void)json_object_set_new(content, "sent_at", json_integer(*sc->host.now));
	return content;
}

#endif /* !CAIRN_TEST_SCENE_H */
