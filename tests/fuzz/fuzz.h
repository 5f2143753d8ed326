/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: what the targets share.  A target is one file fuzz_*.c; libFuzzer (or
 * replay.c, where it is absent) calls LLVMFuzzerTestOneInput with hostile bytes.
 * A fault is a crash, what a sanitizer sees, or a claim() that does not hold.
 *
 * Inputs are the same from run to run: clock and randomness are fixed.
 */
#ifndef CAIRN_FUZZ_H
#define CAIRN_FUZZ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/world.h"

/* What libFuzzer knows by name. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);
int	LLVMFuzzerInitialize(int *, char ***);
size_t	LLVMFuzzerCustomMutator(uint8_t *, size_t, size_t, unsigned);
size_t	LLVMFuzzerMutate(uint8_t *, size_t, size_t);

/* Changed copies of each seed that replay.c tries: fewer where an input is dear. */
extern const unsigned fuzz_changes;

#define claim(cond) do {						\
	if (!(cond))							\
		fuzz_fail(__FILE__, __LINE__, #cond);			\
} while (0)
_Noreturn void fuzz_fail(const char *, int, const char *);

#define FUZZ_NOW	1790000000000LL

/** fuzz_start(): once per process: libsodium with our randomness; FUZZ_LOG in the environment: all that is logged. */
void	fuzz_start(void);
/** fuzz_seed(n): what is drawn from here on follows from ${n} alone. */
void	fuzz_seed(uint64_t);
void	fuzz_draw(void *cookie, void *dst, size_t);
/** fuzz_world(): the clock stands at FUZZ_NOW. */
struct world	fuzz_world(void);

/** fuzz_safe(text): UTF-8 that can be printed on one line of a terminal. */
void	fuzz_safe(const char *);
/** fuzz_err(err, set): a sentence is there if ${set}, safe and ended. */
void	fuzz_err(const struct err *, bool set);

/*
 * The dialect in which JSON inputs name what only a run knows.  A string, or the key of
 * a member, that is one of the words stands for its value.
 */
struct fuzz_word {
	const char	*word;		/* "$room" */
	const char	*is;		/* Text, or NULL ... */
	const json_t	*json;		/* ... and this value (not as a key). */
};
struct fuzz_dialect {
	const struct fuzz_word	*words;
	size_t	 n;
	/* Called for each object when its members are filled in; may change it. */
	void	(*object)(void *cookie, json_t *);
	void	*cookie;
};
/** fuzz_fill(dialect, value): a copy without words; never NULL. */
json_t	*fuzz_fill(const struct fuzz_dialect *, const json_t *);
/** fuzz_json(data, len): lenient; NULL if it is no object or array. */
json_t	*fuzz_json(const void *, size_t);
/** fuzz_ask(object, key): take that member out; the caller decrefs; NULL if absent. */
json_t	*fuzz_ask(json_t *, const char *key);

#endif /* !CAIRN_FUZZ_H */
