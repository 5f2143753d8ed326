/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "loop.h"

enum { BATCH = 64 };

struct watch {
	struct loop	*loop;
	int		 fd;
	watch_fn	 fn;		/* NULL: dropped, waits in the list of the dead. */
	void		*cookie;
	struct watch	*prev, *next;
};

struct loop {
	int		 epfd;
	bool		 turning;
	struct watch	*live;
	struct watch	*dead;		/* An event of this turn may still point here. */
};

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd < 0) {
		free(l);
		return NULL;
	}
	return l;
}

static void
bury(struct loop *l)
{
	while (l->dead != NULL) {
		struct watch *w = l->dead;

		l->dead = w->next;
		free(w);
	}
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	while (l->live != NULL)
		loop_drop(l->live);
	bury(l);
	(void)close(l->epfd);
	free(l);
}

struct watch *
loop_watch(struct loop *l, int fd, uint32_t events, watch_fn fn, void *cookie)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w == NULL)
		return NULL;
	*w = (struct watch){ .loop = l, .fd = fd, .fn = fn, .cookie = cookie, .next = l->live };
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) != 0) {
		free(w);
		return NULL;
	}
	if (l->live != NULL)
		l->live->prev = w;
	l->live = w;
	return w;
}

int
loop_change(struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(w->loop->epfd, EPOLL_CTL_MOD, w->fd, &ev) == 0 ? 0 : -errno;
}

void
loop_drop(struct watch *w)
{
	struct loop *l;

	if (w == NULL)
		return;
	l = w->loop;
	/* Fails if the caller closed the descriptor first, which removed it too. */
	(void)epoll_ctl(l->epfd, EPOLL_CTL_DEL, w->fd, NULL);
	if (w->prev != NULL)
		w->prev->next = w->next;
	else
		l->live = w->next;
	if (w->next != NULL)
		w->next->prev = w->prev;
	w->fn = NULL;
	w->next = l->dead;
	l->dead = w;
	if (!l->turning)
		bury(l);
}

int
loop_turn(struct loop *l, int timeout_ms)
{
	struct epoll_event ev[BATCH];
	int n, r = 0;

	n = epoll_wait(l->epfd, ev, BATCH, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;

	l->turning = true;
	for (int i = 0; i < n && r >= 0; i++) {
		struct watch *w = ev[i].data.ptr;

		if (w->fn != NULL)
			r = w->fn(w->cookie, w->fd, ev[i].events);
	}
	l->turning = false;
	bury(l);
	return r < 0 ? r : 0;
}
