/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench: what every contestant of tools/bench shares.  A contestant sets itself up, says
 * {"ready": ...}, and then for each line on standard input does its work once and
 * prints {"ns": ...}: so that several of them can take turns, each as its own process.
 */
#ifndef CAIRN_BENCH_H
#define CAIRN_BENCH_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BENCH_ROOMS	= 10,	/* Rooms, and so sessions, of one round; /sync brings at most ... */
	BENCH_EACH	= 100,	/* ... so many events of each, and clients rotate after as many. */
};

#define BENCH_INNER	"{\"content\":{\"body\":\"%0200d\",\"msgtype\":\"m.text\"}," \
			"\"room_id\":\"%s\",\"type\":\"m.room.message\"}"

#define bench_must(call) do {						\
	long long m_ = (long long)(call);				\
	if (m_ != 0) {							\
		fprintf(stderr, "%s:%d: %s: %lld\n", __FILE__, __LINE__, #call, m_); \
		exit(EXIT_FAILURE);					\
	}								\
} while (0)
#define bench_need(cond) bench_must(!(cond))

/* By the wall, and of the processor: where others work too, the second says more. */
struct bench_time {
	int64_t	 ns, cpu_ns;
};

static inline struct bench_time
bench_time(void)
{
	struct timespec wall, cpu;

	(void)clock_gettime(CLOCK_MONOTONIC, &wall);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (struct bench_time){ (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec,
	    (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec };
}

/** bench_since(t): what has passed. */
static inline struct bench_time
bench_since(struct bench_time t)
{
	struct bench_time now = bench_time();

	return (struct bench_time){ now.ns - t.ns, now.cpu_ns - t.cpu_ns };
}

/* A clock that stands until its owner moves it: ${cookie} is the time. */
static inline int64_t
bench_clock(void *cookie)
{
	return *(const int64_t *)cookie;
}

/* The room of that number; ids of room version 12 look like this. */
static inline void
bench_room(int n, char out[64])
{
	(void)snprintf(out, 64, "!%043d", n);
}

/** bench_serve(about, round, cookie): say what this is, then one round for each line read. */
static inline int
bench_serve(const char *about, void (*round)(void *), void *cookie)
{
	char line[64];

	printf("{\"ready\": \"%s\"}\n", about);
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		round(cookie);
		(void)fflush(stdout);
	}
	return EXIT_SUCCESS;
}

#endif /* !CAIRN_BENCH_H */
