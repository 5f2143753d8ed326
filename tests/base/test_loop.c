/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "tests/tap.h"

struct pair {
	int		 fd[2];
	struct loop	*loop;
	struct watch	*watch;		/* Of fd[0]. */
	struct watch	*victim;	/* Dropped by the callback. */
	int		 calls;
	uint32_t	 events;
	int		 answer;
};

static int
on_ready(void *cookie, int fd, uint32_t events)
{
	struct pair *p = cookie;
	char c;

	p->calls++;
	p->events = events;
	if (fd != p->fd[0])
		return -EBADF;
	if (events & EPOLLIN && read(fd, &c, 1) < 0)
		return -errno;
	if (p->victim != NULL) {
		loop_drop(p->victim);
		p->victim = NULL;
	}
	return p->answer;
}

static void
pair_open(struct pair *p, struct loop *l)
{
	*p = (struct pair){ .loop = l };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, p->fd) != 0)
		exit(1);
	p->watch = loop_watch(l, p->fd[0], EPOLLIN, on_ready, p);
}

static void
pair_close(struct pair *p)
{
	(void)close(p->fd[0]);
	(void)close(p->fd[1]);
}

static void
poke(struct pair *p)
{
	if (write(p->fd[1], "x", 1) != 1)
		exit(1);
}

static void
test_one_watch(void)
{
	struct loop *l = loop_new();
	struct pair p;

	pair_open(&p, l);
	ok(l != NULL && p.watch != NULL, "a loop and a watch");
	is_int(loop_turn(l, 0), 0, "a turn with nothing ready");
	is_int(p.calls, 0, "calls nobody");
	poke(&p);
	is_int(loop_turn(l, -1), 0, "a turn with input");
	ok(p.calls == 1 && p.events == EPOLLIN, "calls once with EPOLLIN");

	is_int(loop_change(p.watch, EPOLLOUT), 0, "asked for output instead");
	ok(loop_turn(l, -1) == 0 && p.calls == 2 && p.events == EPOLLOUT, "it is told that it may write");
	is_int(loop_change(p.watch, EPOLLIN), 0, "asked for input again");

	p.answer = -EPROTO;
	poke(&p);
	is_int(loop_turn(l, -1), -EPROTO, "a callback's failure is the turn's");
	p.answer = 7;
	poke(&p);
	is_int(loop_turn(l, -1), 0, "a positive answer is not a failure");

	loop_drop(p.watch);
	poke(&p);
	is_int(loop_turn(l, 0), 0, "a dropped watch");
	is_int(p.calls, 4, "is not called");
	ok(loop_watch(l, -1, EPOLLIN, on_ready, &p) == NULL, "a bad descriptor is not watched");
	loop_drop(NULL);
	pair_close(&p);
	loop_free(l);
	loop_free(NULL);
}

/* Whichever of two ready watches is called first drops the other, whose event is already here. */
static void
test_drop_another_in_the_same_turn(void)
{
	struct loop *l = loop_new();
	struct pair a, b;

	pair_open(&a, l);
	pair_open(&b, l);
	a.victim = b.watch;
	b.victim = a.watch;
	poke(&a);
	poke(&b);
	is_int(loop_turn(l, -1), 0, "two are ready, the first drops the second");
	is_int(a.calls + b.calls, 1, "only one is called");
	pair_close(&a);
	pair_close(&b);
	loop_free(l);
}

static void
test_drop_itself(void)
{
	struct loop *l = loop_new();
	struct pair p;

	pair_open(&p, l);
	p.victim = p.watch;
	poke(&p);
	poke(&p);
	ok(loop_turn(l, -1) == 0 && loop_turn(l, 0) == 0 && p.calls == 1, "a callback drops its own watch");
	pair_close(&p);
	loop_free(l);
}

/* The descriptor is closed before its watch is dropped, and its number is used again. */
static void
test_number_used_again(void)
{
	struct loop *l = loop_new();
	struct pair old, new;
	int number;

	pair_open(&old, l);
	number = old.fd[0];
	poke(&old);
	pair_close(&old);
	loop_drop(old.watch);
	pair_open(&new, l);
	ok(new.fd[0] == number && new.watch != NULL, "the number is used again");
	poke(&new);
	ok(loop_turn(l, -1) == 0 && old.calls == 0 && new.calls == 1, "only the new watch is called");
	pair_close(&new);
	loop_free(l);
}

static void
test_peer_gone(void)
{
	struct loop *l = loop_new();
	struct pair p;

	pair_open(&p, l);
	(void)close(p.fd[1]);
	p.fd[1] = dup(p.fd[0]);
	ok(loop_turn(l, -1) == 0 && p.events & EPOLLIN && p.events & EPOLLHUP, "the end of the stream is seen");
	pair_close(&p);
	loop_free(l);
}

int
main(void)
{
	test_one_watch();
	test_drop_another_in_the_same_turn();
	test_drop_itself();
	test_number_used_again();
	test_peer_gone();
	return done_testing();
}
