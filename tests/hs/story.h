/* SPDX-License-Identifier: Apache-2.0 */
/* story: two organizations as every story finds them, and what is asked of a node. */
#ifndef CAIRN_TEST_STORY_H
#define CAIRN_TEST_STORY_H

#include "host.h"

enum { SOURCE, TARGET };

#define SOURCE_USER	"@cairn:opendoor.example"
#define TARGET_USER	"@cairn:harbor.example"

#define STORY_LIFE	(30 * 86400000LL)	/* Of a trust list. */

/** story_begin(host, seed): both nodes run and are set up. */
void	story_begin(struct host *, uint64_t);
/** story_open(host, seed): only the world and its signer.  story_add(host, name, server): one more node, set up. */
void	story_open(struct host *, uint64_t);
size_t	story_add(struct host *, const char *name, const char *server);
/** story_trust(host): a list with all nodes, signed and imported by all. */
void	story_trust(struct host *);
/** story_trust_both(host, life): likewise of source and target alone, who trust nobody else; for ${life} ms. */
void	story_trust_both(struct host *, int64_t);
/** story_trust_list(host, version, nodes, life): a signed list of ${nodes} (a bit each) for ${life} ms; the caller decrefs. */
json_t	*story_trust_list(struct host *, int version, unsigned nodes, int64_t life);
/** story_records(now): a program and a specialist, as story_publish imports them; the caller decrefs. */
json_t	*story_records(int64_t);
/** story_publish(host): the target publishes a program and a specialist, and the source follows it. */
void	story_publish(struct host *);

/** story_did(seed, out): the name of that seed's key. */
const char *story_did(const uint8_t seed[32], char out[80]);

/** story_list(host, i, what): the items; the caller decrefs. */
json_t	*story_list(struct host *, size_t, const char *what);
/** story_count(host, i, what): how many. */
size_t	story_count(struct host *, size_t, const char *what);

/** story_said(host, i, direction, text): how often ${text} is in its list of messages, "in" or "out". */
int	story_said(struct host *, size_t, const char *, const char *);

/** story_sent(host, user): how many events they sent in the first channel, but for its state. */
int	story_sent(const struct host *, const char *user);

/** story_say_many(host, sent, n): the target writes ${n} times to the source: "Message N.", counted in ${sent}. */
void	story_say_many(struct host *, int *sent, int n);
/** story_audited(host, i, actor, action, about): how many rows of its audit are of that action, by who begins so, about what begins so. */
int	story_audited(struct host *, size_t, const char *actor, const char *action, const char *about);

/** story_well(host, i, check): is the doctor content with it?  story_ill: not at all, and ${words} are in what it says. */
bool	story_well(struct host *, size_t, const char *check);
bool	story_ill(struct host *, size_t, const char *check, const char *words);
/** story_muted: a script of requests: no event is taken of the user whose name the cookie (const char **) points to; NULL: of nobody. */
enum hs_fate story_muted(void *, const struct hs_call *, int *ret_status, json_t **ret_body);
/** story_refuse_sends: a script of requests: the source's homeserver takes no event; counted in the int that is the cookie, if there is one. */
enum hs_fate story_refuse_sends(void *, const struct hs_call *, int *ret_status, json_t **ret_body);
/** story_clean(host, i): no item waits, none was rejected, nothing failed in the outbox. */
bool	story_clean(struct host *, size_t);
/** story_complaints(host): what the homeservers complain about; prints it; 0 is good. */
size_t	story_complaints(const struct host *);

#endif /* !CAIRN_TEST_STORY_H */
