/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: a node as the programs of tests/bench need it: struct app over a store on a real
 * disk, as cairn-node has it, and what it asks of its homeserver, to be answered here.
 */
#ifndef CAIRN_BENCH_NODE_H
#define CAIRN_BENCH_NODE_H

#include <jansson.h>
#include <limits.h>

#include "app/app.h"
#include "bench.h"
#include "crypt/machine.h"
#include "store/outbox.h"
#include "store/peoplestore.h"

#define BENCH_USER	"@cairn:here.example"

enum { BENCH_REQUESTS = 64 };

/* A request that left and is not answered yet. */
struct bench_request {
	uint64_t id;
	char	*path, *body;		/* Body: NULL if none. */
};

struct bench_node {
	char	 dir[PATH_MAX];
	struct config cfg;
	struct world world;
	int64_t	 now;		/* The time, after bench_stand. */
	struct app *app;
	struct bench_request requests[BENCH_REQUESTS];
	/* All turns since bench_turns: how long; the longest, by the wall without its commit, and of the processor with it. */
	struct bench_time all;
	int64_t	 longest_ns, longest_cpu_ns, commit_ns, begun;
	long	 turns;
};

#define bench_tx(n, call) do {						\
	bench_must(db_begin((n)->app->db, NULL));			\
	bench_must(call);						\
	bench_must(db_commit((n)->app->db, NULL));			\
} while (0)

/** bench_node_open(n, dir, partners): a fresh store below ${dir}; a device of ours, and ${partners} trusted organizations. */
void	bench_node_open(struct bench_node *, const char *, int);
void	bench_node_close(struct bench_node *);	/* And removes the store. */
void	bench_node_again(struct bench_node *);	/* As after a crash: only the store is left. */
/** bench_open(n, reterr): app_open of a node whose app was closed; its answer. */
int	bench_open(struct bench_node *, struct err *) must_check;
/** bench_stand(n): from now on its clock stands, and the caller moves ${n}->now. */
void	bench_stand(struct bench_node *);
/** bench_synced(n): its first sync is answered, with nothing; before that it encrypts nothing. */
void	bench_synced(struct bench_node *);

/** bench_ask(n, verb, args): the operator's command; consumes ${args}; its reply, which the caller decrefs. */
json_t	*bench_ask(struct bench_node *, const char *verb, json_t *args);

/* The user of organization ${i}, and a pid for any user. */
void	bench_user(int, char out[64]);
int64_t	bench_person(struct bench_node *, const char *);

/** bench_turns(n): from now on.  bench_answer, bench_tick: one turn each, measured; after a tick the
 * homeserver takes the mark that must precede what is sent, if there is one, in a turn of its own. */
void	bench_turns(struct bench_node *);
void	bench_answer(struct bench_node *, struct bench_request *, const char *body, size_t);
void	bench_tick(struct bench_node *);
/** bench_request(n, word): one whose path holds ${word}, or NULL. */
struct bench_request *bench_request(struct bench_node *, const char *);

/** bench_device(n, pid, id, ret): a device of theirs that may have keys, known to the node; its account, for what it signs. */
struct ratchet_account *bench_device(struct bench_node *, int64_t, const char *, struct crypto_device *);

/** bench_onetime(n, account, user, device): {"signed_curve25519:ID": {...}}, fresh, signed by the device; ${device} as in JSON. */
char	*bench_onetime(struct bench_node *, struct ratchet_account *, const char *user, const char *device);

/** bench_show(n, i, answer): user ${i} in an answer to /keys/query: an identity, and the device DEVICE${i} that it has signed. */
void	bench_show(struct bench_node *, int, json_t *);

/** bench_text(fmt, ...): allocated. */
char	*bench_text(const char *, ...) __attribute__((format(printf, 1, 2)));

#endif /* !CAIRN_BENCH_NODE_H */
