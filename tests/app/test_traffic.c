/* SPDX-License-Identifier: Apache-2.0 */
/* Whose word that a content was not taken counts, of which contents, and how long each goes on after it. */
#include <stdlib.h>

#include "app/traffic.h"
#include "bench/node.h"
#include "store/casestore.h"
#include "tap.h"

enum { TRIES_MAX = 200, DAY_OF_TRIES = 24, HOUR = 3600 * 1000 };	/* As node/app/traffic.c counts. */

static struct bench_node node;

/* ${partner} refuses a content of ours to "harbor": what it then is. */
static struct traffic
refused_by(const char *partner, const char *type, int64_t tries, int64_t acked_at)
{
	static int64_t seq;
	struct traffic t = { .org = (char *)(uintptr_t)"harbor", .type = (char *)(uintptr_t)type, .content = (char *)(uintptr_t)"{}", .seq = ++seq,
	    .sent_at = 1, .acked_at = acked_at, .resend_at = acked_at != 0 ? 0 : 1, .tries = tries }, got, ret;
	char id[32];

	(void)snprintf(id, sizeof(id), "content %d", (int)seq);
	t.content_id = id;
	bench_tx(&node, traffic_put(node.app->db, &t));
	bench_tx(&node, traffic_refused(node.app, partner, id, TRAFFIC_NOT_TAKEN));
	bench_tx(&node, traffic_get(node.app->db, id, &got));
	ret = got;
	traffic_free(&got);	/* Its texts; the figures are what is asked for. */
	return ret;
}

int
main(void)
{
	struct traffic t;
	const char *tmp = getenv("TMPDIR");

	bench_node_open(&node, tmp != NULL ? tmp : "/tmp", 1);
	bench_stand(&node);
	t = refused_by("harbor", "org.cairnpeer.referral.request", 1, 0);
	ok(t.refused == TRAFFIC_NOT_TAKEN && t.tries == TRIES_MAX - DAY_OF_TRIES && t.resend_at == node.now + HOUR,
	    "what a partner refuses goes again each hour, for a day");
	is_int(refused_by("harbor", "org.cairnpeer.referral.request", TRIES_MAX - 3, 0).tries, TRIES_MAX - 3, "which a second refusal does not prolong");
	t = refused_by("lantern", "org.cairnpeer.referral.request", 1, 0);
	ok(t.refused == 0 && t.tries == 1 && t.resend_at == 1, "another's word does not count");
	t = refused_by("harbor", "org.cairnpeer.referral.request", 0, 0);
	ok(t.refused == 0 && t.tries == 0 && t.resend_at == 1, "nor does one about what was not sent");
	t = refused_by("harbor", "org.cairnpeer.referral.request", 2, 5);
	ok(t.refused == 0 && t.resend_at == 0, "nor about what was acknowledged");
	t = refused_by("harbor", "org.cairnpeer.consent.revoked", 1, 0);
	ok(t.refused == TRAFFIC_NOT_TAKEN && t.tries == TRAFFIC_SILENT, "a revocation goes on as long as if nothing had been said, and holds up nothing");
	is_int(refused_by("harbor", "org.cairnpeer.erasure.request", 1, 0).tries, TRAFFIC_SILENT, "and so does a request to erase");
	bench_tx(&node, traffic_refused(node.app, "harbor", "nothing of ours", TRAFFIC_NOT_TAKEN));
	bench_node_close(&node);
	return done_testing();
}
