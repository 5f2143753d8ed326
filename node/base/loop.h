/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: one thread's epoll set with callbacks and one timer.  The callback may
 * drop its own or any other watch.
 */
#ifndef CAIRN_LOOP_H
#define CAIRN_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

#include "cleanup.h"

struct loop;
struct watch;

typedef int	(*watch_fn)(void *cookie, int fd, uint32_t events);

struct loop	*loop_new(void);		/* NULL: out of memory or descriptors. */
void		 loop_free(struct loop *);

/** loop_watch(loop, fd, events, fn, cookie): EPOLLIN|EPOLLOUT; NULL on failure. The fd stays the caller's. */
struct watch	*loop_watch(struct loop *, int, uint32_t, watch_fn, void *);
int		 loop_change(struct watch *, uint32_t events);
void		 loop_drop(struct watch *);	/* NULL is fine. */

/**
 * loop_turn(loop, timeout_ms): wait at most ${timeout_ms} (-1: for ever) and run
 * the callbacks of what is ready.  0, or the first negative value of a callback, or -errno.
 */
int		 loop_turn(struct loop *, int) must_check;

#endif /* !CAIRN_LOOP_H */
