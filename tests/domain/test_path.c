/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a referral's steps: which of them count.  That two nodes always come to the same: test_path_walk.c.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/when.h"
#include "tests/domain/paths.h"
#include "tests/tap.h"

static const char referral_id[] = "GR6ZEWN0TC4N5PZ1Y8P956JWD7";

static void
test_overtaken(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step later;
	struct err err = { "" };
	size_t by;

	ok(add(p, "C", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE) == 0 && path_state(p)->state == REFERRAL_ENDED,
	    "withdrawn");
	ok(add(p, "D", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && path_state(p)->state == REFERRAL_ACCEPTED,
	    "the acceptance that was on its way overtakes it");
	ok(path_standing(p, 2, &by) == PATH_OVERTAKEN && by == 3, "which is known of the loser");
	ok(path_standing(p, 3, NULL) == PATH_COUNTS && path_standing(p, 0, NULL) == PATH_COUNTS, "the others count");
	is_int(add(p, "E", "C", REFERRAL_IN_REOPEN, REFERRAL_BY_SOURCE), E_REFUSED, "a reopening begins another leg");
	later = made("E", "C", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET);
	later.move.leg = 2;
	ok(path_add(p, &later, &err) == E_REFUSED && strstr(err.text, "the referral is in leg 1") != NULL, "and nothing else does: %s", err.text);
	ok(path_next(p, PATH_NONE) == 0 && path_next(p, 0) == 1 && path_next(p, 1) == 3 && path_next(p, 3) == PATH_NONE, "the way from step to step");
	ok(path_before(p, 0)->state == REFERRAL_DRAFT && path_before(p, 1)->state == REFERRAL_SENT, "the first step is made on a draft");
	ok(add(p, "F", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == 0 && path_state(p)->state == REFERRAL_ENDED &&
	    path_standing(p, 3, &by) == PATH_OVERTAKEN && by == 4, "the member's leaving overtakes the acceptance");
	is_int(add(p, "F", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), E_EXISTS, "told twice, done once");
	ok(path_before(p, 4)->state == REFERRAL_RECEIVED && path_after(p, 4)->end == REFERRAL_END_WITHDRAWN &&
	    path_effects(p, 4) & REFERRAL_STOP_DISCLOSURE, "what it did");
	is_int((long long)path_find(p, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ"), (long long)PATH_NONE, "an unknown step");
}

static void
test_waiting(void)
{
	autopath struct path *p = path_new(REFERRAL_AT_TARGET);
	char id[8];
	unsigned kept = 0;

	ok(path_state(p)->state == REFERRAL_DRAFT && path_tip(p) == PATH_NONE && path_next(p, PATH_NONE) == PATH_NONE,
	    "no step yet");
	is_int(add(p, "D", "C", REFERRAL_IN_CONTACT, REFERRAL_BY_TARGET), E_LATER, "the step before has not come");
	is_int(add(p, "E", "D", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET), E_LATER, "nor for the next");
	is_int(add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET), E_LATER, "nor here");
	is_int(add(p, "G", "B", REFERRAL_IN_CLOSE, REFERRAL_BY_TARGET), E_LATER, "nor for one that is not possible");
	ok(path_standing(p, 0, NULL) == PATH_WAITS && path_tip(p) == PATH_NONE, "they wait");
	ok(add(p, "A", "", REFERRAL_IN_SEND, REFERRAL_BY_SOURCE) == 0 &&
	    add(p, "B", "A", REFERRAL_IN_RECEIVE, REFERRAL_BY_TARGET) == 0, "the first two come last");
	ok(tip_is(p, "C") && path_state(p)->state == REFERRAL_ACCEPTED, "what waited is done, as far as it is possible");
	ok(path_standing(p, 0, NULL) == PATH_VOID && path_standing(p, 3, NULL) == PATH_VOID, "what is not, never counts");
	is_int(path_standing(p, 1, NULL), PATH_VOID, "nor what waited for it: it waits no more");
	is_int(add(p, "H", "D", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET), E_REFUSED, "nor what is made on it");
	is_int(add(p, "I", "E", REFERRAL_IN_CLOSE, REFERRAL_BY_TARGET), E_REFUSED, "or on that");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(id, sizeof(id), "X%d", i);
		kept += add(p, id, "W", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET) == E_LATER;
	}
	is_int(kept, PATH_WAITING, "so many wait, and no more");
	path_free(NULL);
	is_int(add(p, "Y", "W", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET), E_NOTFOUND, "the others may come again");
	ok(path_size(p) < 30, "nor are they kept");
}

static void
test_long(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	char id[16], prev[16] = "B";
	int n = 2;

	for (int i = 0; i < 400; i++) {
		(void)snprintf(id, sizeof(id), "I%d", i);
		if (add(p, id, prev, i % 2 ? REFERRAL_IN_GIVE_INFO : REFERRAL_IN_ASK_INFO,
		    i % 2 ? REFERRAL_BY_SOURCE : REFERRAL_BY_TARGET) != 0)
			break;
		(void)snprintf(prev, sizeof(prev), "%s", id);
		n++;
	}
	is_int(n, PATH_DEPTH - 8, "a referral has so many steps");
	is_int(add(p, "Z", prev, REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), 0, "and can still be left");
}

/* What waits for one step too many is not possible either, though it could end the referral where that does not stand. */
static void
test_too_long(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	char id[16], prev[16] = "B";

	for (int i = 0; i < PATH_DEPTH - 8 - 3; i++) {
		(void)snprintf(id, sizeof(id), "I%d", i);
		if (add(p, id, prev, i % 2 ? REFERRAL_IN_GIVE_INFO : REFERRAL_IN_ASK_INFO, i % 2 ? REFERRAL_BY_SOURCE : REFERRAL_BY_TARGET) != 0)
			abort();
		(void)snprintf(prev, sizeof(prev), "%s", id);
	}
	ok(add(p, "V", "Y", REFERRAL_IN_ASK_INFO, REFERRAL_BY_TARGET) == E_LATER &&
	    add(p, "W", "V", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == E_LATER, "two wait for the last that there may be");
	ok(add(p, "Y", prev, REFERRAL_IN_GIVE_INFO, REFERRAL_BY_SOURCE) == 0 && tip_is(p, "Y"), "it comes, and is the last");
	ok(path_standing(p, path_size(p) - 3, NULL) == PATH_VOID && path_standing(p, path_size(p) - 2, NULL) == PATH_VOID, "what was made on it is too much, and what on that, too");
}

/* As many steps of ${actor} on one as there is place for. */
static int
fill(struct path *p, char letter, enum referral_input input, enum referral_actor actor)
{
	char id[16];
	int n = 0;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(id, sizeof(id), "%c%d", letter, i);
		n += add(p, id, "B", input, actor) == 0;
	}
	return n;
}

static void
test_full(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step expire;
	size_t before;

	is_int(fill(p, 'T', REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET), PATH_SAID, "the target has so many steps, and no more");
	is_int(fill(p, 'S', REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE), PATH_SAID - 1, "which takes no place of the source");
	is_int(add(p, "R", "B", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER), 0, "nor has a revocation any less");
	ok(tip_is(p, "R"), "which counts");
	is_int(fill(p, 'M', REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), PATH_LEFT - 1, "nor a member who leaves");
	is_int(add(p, "Z", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER), E_REFUSED, "but nobody fills the store with that");
	path_derive(referral_id, path_at(p, 1)->id, path_after(p, 1), REFERRAL_IN_EXPIRE, &expire);
	before = path_size(p);
	ok(path_add(p, &expire, NULL) == 0 && path_size(p) == before + 1, "a clock always finds place");
}

/* What a partner says a second time, in the place of its first. */
static void
test_second(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE), *q = begun(REFERRAL_AT_SOURCE);

	ok(add(p, "M", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && add(p, "L", "B", REFERRAL_IN_WAITLIST, REFERRAL_BY_TARGET) == 0 &&
	    tip_is(p, "L"), "of two words of one side the lower id counts");
	ok(add(p, "N", "L", REFERRAL_IN_WITHDRAW, REFERRAL_BY_SOURCE) == 0 && add(p, "A1", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 &&
	    tip_is(p, "N"), "not once the other side has built on one");
	ok(add(p, "A2", "A1", REFERRAL_IN_DECLINE, REFERRAL_BY_TARGET) == 0 && tip_is(p, "N"), "however much it says of the other itself");
	ok(add(p, "Q", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == 0 && tip_is(p, "Q"), "a member leaves all the same");
	/* The member left on a step of the source that the target says it has not had. */
	ok(add(q, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && add(q, "D", "C", REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER) == 0 &&
	    add(q, "E", "D", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER) == 0 && add(q, "A1", "C", REFERRAL_IN_WAITLIST, REFERRAL_BY_TARGET) == 0 &&
	    tip_is(q, "E"), "a member who has left stays away, whatever the target was doing");
	ok(add(q, "F", "C", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER) == 0 && tip_is(q, "E"), "leaving comes before a revocation");
}

/* The member is the source's; the target speaks for them only of what was disclosed to it. */
static void
test_members_word(void)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step s = made("M", "B", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER);
	struct err err = { "" };

	s.by = REFERRAL_AT_TARGET;
	ok(path_add(p, &s, &err) == E_REFUSED && strstr(err.text, "the target says it of the member") != NULL, "the target says that the member left: %s", err.text);
	s = made("N", "B", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER);
	s.by = REFERRAL_AT_TARGET;
	is_int(path_add(p, &s, NULL), E_REFUSED, "that they took back what was not disclosed yet");
	if (add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) != 0 || add(p, "D", "C", REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER) != 0)
		abort();
	name(s.prev, "D");
	is_int(path_add(p, &s, NULL), 0, "what was, they may take back there");
	s = made("O", "N", REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER);
	s.move.leg = 2;
	s.by = REFERRAL_AT_TARGET;
	is_int(path_add(p, &s, NULL), E_REFUSED, "that they came back");
	s.by = REFERRAL_AT_SOURCE;
	ok(path_add(p, &s, NULL) == 0 && path_state(p)->state == REFERRAL_RECEIVED && !path_state(p)->consented, "which the source says");
}

static void
test_leavings_wait(void)
{
	autopath struct path *p = begun(REFERRAL_AT_TARGET);
	char id[8];

	for (int i = 0; i < PATH_WAITING; i++) {
		(void)snprintf(id, sizeof(id), "X%d", i);
		if (add(p, id, "W", REFERRAL_IN_GIVE_INFO, REFERRAL_BY_SOURCE) != E_LATER)
			abort();
	}
	is_int(add(p, "Y", "W", REFERRAL_IN_GIVE_INFO, REFERRAL_BY_SOURCE), E_NOTFOUND, "no more can wait");
	is_int(add(p, "V", "W", REFERRAL_IN_REVOKE, REFERRAL_BY_MEMBER), E_LATER, "but a revocation can");
	ok(add(p, "W", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && tip_is(p, "V"), "and counts when the step before it comes");
}

/* As docs/protocol.md says it to who writes another program: 16 wait. */
static void
test_sixteen(void)
{
	static const struct { enum referral_input input; enum referral_actor actor; } said[] = {
		{ REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER }, { REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET },
		{ REFERRAL_IN_PAUSE, REFERRAL_BY_TARGET }, { REFERRAL_IN_RESUME, REFERRAL_BY_TARGET },	/* And these two again and again. */
	};
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	struct path_step more;
	struct err err = { "" };
	char id[8], prev[8] = "C";
	int waits = 0, count = 0;

	for (int i = 0; i < 16; i++) {
		int k = i < 2 ? i : 2 + i % 2;

		(void)snprintf(id, sizeof(id), "X%d", i);
		waits += add(p, id, prev, said[k].input, said[k].actor) == E_LATER;
		memcpy(prev, id, sizeof(prev));
	}
	is_int(waits, 16, "16 steps, each on the one before, wait for the first to come");
	more = made("Y", prev, REFERRAL_IN_PAUSE, REFERRAL_BY_TARGET);
	ok(path_add(p, &more, &err) == E_NOTFOUND && !strcmp(err.text, "too many steps wait for one that has not come"), "one more does not: %s", err.text);
	ok(add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && tip_is(p, "X15"), "when it comes, all are done at once");
	for (size_t i = 0; i < path_size(p); i++)
		count += path_standing(p, i, NULL) == PATH_COUNTS;
	is_int(count, 2 + 1 + 16, "and count");
	ok(path_add(p, &more, &err) == 0 && tip_is(p, "Y") && path_state(p)->state == REFERRAL_PAUSED, "and what had no place, when it comes again");
}

static void
test_follows(void)
{
	autopath struct path *p = begun(REFERRAL_AT_TARGET);

	ok(add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && add(p, "D", "C", REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER) == 0 &&
	    add(p, "E", "B", REFERRAL_IN_WAITLIST, REFERRAL_BY_TARGET) == 0 && add(p, "X", "W", REFERRAL_IN_ENGAGE, REFERRAL_BY_TARGET) == E_LATER, "a tree");
	ok(path_follows(p, 3, 1) && path_follows(p, 3, 2) && path_follows(p, 3, 3), "a step follows each that it was made on");
	ok(!path_follows(p, 2, 3) && !path_follows(p, 4, 2) && !path_follows(p, 5, 1), "and no other; one that waits follows none");
}

static int
has_none(void *cookie, const struct path_step *s)
{
	(void)cookie;
	(void)s;
	return E_LATER;
}

/* A member who left, came back and leaves again, while the other side has not even heard of the first. */
static void
test_left_again(enum referral_input input, const char *id)
{
	autopath struct path *p = begun(REFERRAL_AT_SOURCE);
	const struct referral_move move = { .input = input, .actor = REFERRAL_BY_MEMBER, .at = WHEN_DAY };
	struct path_step again, s;
	size_t on = PATH_NONE;

	ok(add(p, "C", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && add(p, "D", "C", REFERRAL_IN_CONSENT, REFERRAL_BY_MEMBER) == 0 &&
	    path_stand(p, &move, has_none, NULL, &on) == 0 && on == 0, "who leaves waits for nothing that may not have come");
	again = made("M", "D", REFERRAL_IN_WITHDRAW, REFERRAL_BY_MEMBER);
	s = made("N", "M", REFERRAL_IN_REOPEN, REFERRAL_BY_MEMBER);
	s.move.leg = 2;
	ok(path_add(p, &again, NULL) == 0 && path_add(p, &s, NULL) == 0 && path_stand(p, &move, has_none, NULL, &on) == 0 && on == path_find(p, s.id),
	    "but for their own coming back");
	again = made(id, "N", input, REFERRAL_BY_MEMBER);
	again.move.leg = 2;
	ok(path_add(p, &again, NULL) == 0 && path_state(p)->state == REFERRAL_ENDED, "so they have left");
}

static void
test_derived(void)
{
	autopath struct path *a = begun(REFERRAL_AT_SOURCE), *b = begun(REFERRAL_AT_TARGET);
	struct path_step one, two, forged;
	const char *tip = path_at(a, path_tip(a))->id;

	path_derive(referral_id, tip, path_state(a), REFERRAL_IN_EXPIRE, &one);
	path_derive(referral_id, tip, path_state(b), REFERRAL_IN_EXPIRE, &two);
	ok(!strcmp(one.id, two.id) && one.move.at == two.move.at, "both clocks make the same step");
	path_derive(referral_id, tip, path_state(b), REFERRAL_IN_RECEIVE, &forged);
	ok(id_is_step(one.id) && id_is_step(forged.id) && !id_is_own(one.id) && !id_is_own(forged.id) && strcmp(forged.id, one.id) != 0,
	    "of an id that no content has");
	ok(one.by == REFERRAL_AT_SOURCE && forged.by == REFERRAL_AT_SOURCE, "which the target has not said, not even that it has the request");
	forged = made("Q", "W", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET);
	(void)snprintf(forged.id, sizeof(forged.id), "%s", one.id);
	is_int(path_add(a, &forged, NULL), E_REFUSED, "a content that has it all the same does not take its place");
	path_derive("FTND3CAYBEY7WEJWD0Y6QB7KDQ", tip, path_state(a), REFERRAL_IN_EXPIRE, &two);
	ok(strcmp(one.id, two.id) != 0, "of each referral its own");
	ok(path_add(a, &one, NULL) == 0 && path_state(a)->end == REFERRAL_END_EXPIRED, "it expires");
	ok(add(a, "Q", "B", REFERRAL_IN_ACCEPT, REFERRAL_BY_TARGET) == 0 && path_state(a)->state == REFERRAL_ACCEPTED,
	    "unless somebody had stepped on");
	/* Said on the end of a clock of a step that has not come. */
	forged = made("R", "W", REFERRAL_IN_MISTAKE, REFERRAL_BY_SOURCE);
	(void)snprintf(forged.prev, sizeof(forged.prev), "%s", one.id);
	is_int(path_add(b, &forged, NULL), E_LATER, "what was made on the end of a clock waits for it");
	is_int(path_wanted(b, referral_id, NULL, one.move.at - 1, &two), E_NOTFOUND, "before its time");
	ok(path_wanted(b, referral_id, NULL, one.move.at, &two) == 0 && !strcmp(two.id, one.id) &&
	    path_wanted(b, referral_id, one.id, one.move.at, &two) == 0, "then this side makes it, too");
	is_int(path_wanted(b, referral_id, "UAAAAAAAAAAAAAAAAAAAAAAAAA", one.move.at, &two), E_NOTFOUND, "but nothing that nobody derives");
	is_int(path_wanted(b, referral_id, "GAAAAAAAAAAAAAAAAAAAAAAAAA", one.move.at, &two), E_NOTFOUND, "nor what somebody has to say");
	ok(path_add(b, &one, NULL) == 0 && path_wanted(b, referral_id, NULL, one.move.at, &two) == E_NOTFOUND &&
	    path_wanted(b, referral_id, one.id, one.move.at, &two) == E_NOTFOUND, "once");
}

int
main(void)
{
	test_overtaken();
	test_waiting();
	test_long();
	test_too_long();
	test_full();
	test_second();
	test_members_word();
	test_leavings_wait();
	test_sixteen();
	test_left_again(REFERRAL_IN_WITHDRAW, "E");
	test_left_again(REFERRAL_IN_WITHDRAW, "Z");
	test_left_again(REFERRAL_IN_REVOKE, "E");
	test_derived();
	test_follows();
	return done_testing();
}
