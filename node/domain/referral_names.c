/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the machine, on the wire and in the database. */
#include <stddef.h>
#include <string.h>

#include "referral.h"

static int
parse_name(const char *name, const char *const *names, size_t n, size_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0) {
			*ret = i;
			return 0;
		}
	return E_BAD;
}

#define X(name, text) text,
/* NOLINTBEGIN(bugprone-macro-parentheses): an array's initializer. */
#define NAMES(what, LIST, N)						\
static const char *const what##_names[] = { LIST(X) };			\
const char *								\
referral_##what##_name(enum referral_##what v)				\
{									\
	return (unsigned)v < N ? what##_names[v] : "unknown";		\
}									\
int									\
referral_##what##_parse(const char *name, enum referral_##what *ret)	\
{									\
	size_t i;							\
									\
	if (parse_name(name, what##_names, N, &i) != 0)			\
		return E_BAD;						\
	*ret = (enum referral_##what)i;					\
	return 0;							\
}

/* NOLINTEND(bugprone-macro-parentheses) */
NAMES(state, REFERRAL_STATES, REFERRAL_NSTATES)
NAMES(input, REFERRAL_INPUTS, REFERRAL_NINPUTS)
NAMES(actor, REFERRAL_ACTORS, REFERRAL_NACTORS)
NAMES(end, REFERRAL_ENDS, REFERRAL_NENDS)
NAMES(reason, REFERRAL_REASONS, REFERRAL_NREASONS)
NAMES(outcome, REFERRAL_OUTCOMES, REFERRAL_NOUTCOMES)
NAMES(channel, REFERRAL_CHANNELS, REFERRAL_NCHANNELS)
#undef NAMES
#undef X
