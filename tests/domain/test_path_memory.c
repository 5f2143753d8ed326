/* SPDX-License-Identifier: Apache-2.0 */
/* What a path takes once, and what it does when memory is short. */
#include <errno.h>

#include "tests/domain/paths.h"
#include "tests/tap.h"

/* Whoever says the same twice, in other words, says it once. */
static void
test_again(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step again = made("D", "C", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET), other = made("E", "C", REFERRAL_IN_SEND, REFERRAL_BY_SOURCE);
	struct err err = { "" };

	is_int(add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET), 0, "accepted");
	ok(path_add(p, &again, &err) == E_REFUSED && strstr(err.text, "recorded before") != NULL && tip_is(p, "C"), "once: %s", err.text);
	is_int(path_add(p, &again, NULL), E_REFUSED, "which needs no reason");
	ok(path_add(p, &other, NULL) == E_REFUSED && tip_is(p, "C") && path_size(p) == 3, "what is not possible is refused though nobody asks why");
}

/* What the source did before it sent is its own, and no step of the other's. */
static void
test_draft(void)
{
	autopath struct path *p = path_new(REFERRAL_AT_SOURCE);

	ok(add(p, "A", "", REFERRAL_IN_ASK_CONSENT, REFERRAL_BY_SOURCE) == 0 && add(p, "B", "A", REFERRAL_IN_SEND, REFERRAL_BY_SOURCE) == 0 &&
	    path_state(p)->state == REFERRAL_SENT && path_before(p, 0)->state == REFERRAL_DRAFT, "a draft is asked about, then sent");
}

static bool short_of;		/* No memory is left. */

void	*__real_calloc(size_t, size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__real_reallocarray(void *, size_t, size_t);
void	*__wrap_reallocarray(void *, size_t, size_t);

void *
__wrap_calloc(size_t n, size_t size)
{
	return short_of ? NULL : __real_calloc(n, size);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return short_of ? NULL : __real_reallocarray(p, n, size);
}

static void
test_memory(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	const struct path *none;
	char id[8], prev[8] = "B";
	int n = 0, r = 0;

	short_of = true;
	none = path_new(REFERRAL_AT_SOURCE);
	for (; r == 0 && n < 40; n++) {
		(void)snprintf(id, sizeof(id), "X%d", n);
		r = add(p, id, prev, n % 2 == 0 ? REFERRAL_IN_ASK_INFO : REFERRAL_IN_GIVE_INFO, n % 2 == 0 ? REFERRAL_BY_TARGET : REFERRAL_BY_SOURCE);
		if (r == 0)
			memcpy(prev, id, sizeof(prev));
	}
	short_of = false;
	ok(none == NULL && r == -ENOMEM && tip_is(p, prev) && path_size(p) == (size_t)n + 1, "short of memory, a step is not there, and all before it are");
	n--;
	ok(add(p, id, prev, n % 2 == 0 ? REFERRAL_IN_ASK_INFO : REFERRAL_IN_GIVE_INFO, n % 2 == 0 ? REFERRAL_BY_TARGET : REFERRAL_BY_SOURCE) == 0 && tip_is(p, id),
	    "and later it is");
}

int
main(void)
{
	test_again();
	test_draft();
	test_memory();
	return done_testing();
}
