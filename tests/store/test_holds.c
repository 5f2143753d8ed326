/* SPDX-License-Identifier: Apache-2.0 */
/* What is held is neither over its term nor erased when somebody wants it to be; that is done when the hold is lifted. */
#include <errno.h>
#include <string.h>

#include "fixture.h"
#include "forget.h"
#include "store/bookstore.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/holdstore.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/messagestore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"
#include "store/subject.h"

static struct db *db;
static const struct retention all = { .referrals = 100, .legal = INT64_MAX, .offers = 100, .messages = 100, .book = INT64_MAX };
static const struct retention none = { .referrals = 0 };

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static void
put_case(const char *id)
{
	struct case_row c = { .id = text(id), .org = text("org"), .request = text("{}"), .r = referral_start(REFERRAL_AT_SOURCE), .updated = 10 };

	c.r.state = REFERRAL_CLOSED;
	must(case_put(db, &c));
}

static bool
has_case(const char *id)
{
	struct case_row row;
	int r = case_get(db, id, &row);

	if (r == 0)
		case_free(&row);
	return r == 0;
}

static void
place(const char *id, const char *name, const char *class, bool untold, int64_t review, int64_t until)
{
	struct hold h = { .id = text(id), .name = text(name), .class = text(class), .reason = text("by order"), .untold = untold, .placed = 1,
	    .review = review, .until = until };

	must(db_begin(db, NULL));
	must(hold_put(db, &h));
	must(db_commit(db, NULL));
}

static int
release_one(void *cookie, const char *name)
{
	char (*names)[64] = cookie;

	while ((*names)[0] != '\0')
		names++;
	(void)snprintf(*names, sizeof(*names), "%s", name);
	return 0;
}

static void
lift(const char *id)
{
	char names[16][64] = { "" };
	autohold struct hold h = { 0 };

	must(db_begin(db, NULL));
	must(hold_wanted(db, id, release_one, names));
	must(hold_get(db, id, &h));
	h.lifted = 2;
	must(hold_put(db, &h));
	for (size_t i = 0; names[i][0] != '\0'; i++)
		must(hold_release(db, names[i]));
	must(db_commit(db, NULL));
}

static void
want(const char *name)
{
	must(db_begin(db, NULL));
	must(erasure_want(db, name, "operator:7"));
	must(db_commit(db, NULL));
}

static bool
is_wanted(const char *name)
{
	enum erasure_state state;

	return erasure_state(db, name, &state) == 0 && state == ERASURE_WANTED;
}

static bool
is_erased(const char *name)
{
	enum erasure_state state;

	return erasure_state(db, name, &state) == 0 && state == ERASURE_CLEAN;
}

static void
test_terms(void)
{
	struct pairing offer = { .id = text("M1"), .state = PAIRING_OFFERED, .asked = 1, .body = json_object() };
	struct intake case1 = { .id = text("C1"), .person = text("{}"), .made = 1 };

	must(db_begin(db, NULL));
	put_case("R1");
	put_case("R2");
	put_case("R3");
	must(pairing_put(db, &offer));
	must(intake_put(db, &case1));
	must(intake_refer(db, "R3", "C1", "phone"));
	must(db_commit(db, NULL));
	json_decref(offer.body);
	place("H1", "referral:R1", "litigation", false, 5, 0);
	place("H2", "referral:M1", "legal_obligation", false, 5, 0);
	place("H3", "referral:C1", "child_protection", false, 5, 0);
	(void)forget(db, &all);
	is_int(forget(db, &all), 1, "what is held does not keep the steps busy");
	ok(has_case("R1") && !has_case("R2"), "a referral that is held stays past its term, another does not");
	ok(pairing_get(db, "M1", &offer) == 0, "so does a match of which nobody was chosen");
	pairing_free(&offer);
	ok(has_case("R3") && intake_get(db, "C1", &case1) == 0, "and a case with what was asked for it");
	intake_free(&case1);
	lift("H1");
	lift("H2");
	lift("H3");
	(void)forget(db, &all);
	ok(!has_case("R1") && !has_case("R3") && pairing_get(db, "M1", &offer) == E_NOTFOUND, "and no longer");
	ok(intake_get(db, "C1", &case1) == E_NOTFOUND, "the case neither");
}

static int
count_message(void *cookie, const struct message *m)
{
	(void)m;
	++*(int *)cookie;
	return 0;
}

static int
count_entry(void *cookie, const struct entry *e)
{
	(void)e;
	++*(int *)cookie;
	return 0;
}

static int
messages(void)
{
	int n = 0;

	must(message_each(db, 100, count_message, &n));
	return n;
}

static int
entries(void)
{
	int n = 0;

	must(book_each(db, count_entry, &n));
	return n;
}

static void
test_person(void)
{
	autojson json_t *body = json_object();
	char name[SUBJECT_NAME], whole[SUBJECT_NAME], entry[SUBJECT_NAME];
	int64_t pid, n;

	must(db_begin(db, NULL));
	must(person_id(db, "@ana:x", &pid));
	must(message_add(db, "MSG1", "!r:x", pid, false, "hello", 1));
	must(book_add(db, "training", body, &n));
	must(book_link(db, n, pid));
	put_case("R4");
	must(subject_link(db, subject_referral("R4", name), subject_person(pid, whole)));
	must(db_commit(db, NULL));
	place("H4", whole, "litigation", false, 5, 0);
	(void)forget(db, &all);
	ok(messages() == 1 && entries() == 1 && has_case("R4"), "of a person nothing goes: what they wrote, the book, what they asked for");
	want(whole);
	want(subject_entry(n, entry));
	(void)forget(db, &none);
	ok(is_wanted(whole) && is_wanted(entry) && messages() == 1 && entries() == 1 && has_case("R4"), "nor if somebody wants it erased");
	place("H5", name, "child_protection", false, 5, 0);
	lift("H4");
	(void)forget(db, &none);
	ok(is_erased(whole) && messages() == 0 && entries() == 0, "that is remembered, and done when the hold is lifted");
	ok(has_case("R4") && is_wanted(name), "but for what another holds, which is wanted erased as its part");
	lift("H5");
	(void)forget(db, &none);
	ok(is_erased(name) && !has_case("R4"), "and then is");
}

static int
add_one(void *cookie, const struct note *note)
{
	(void)note;
	++*(int *)cookie;
	return 0;
}

/* What they wrote of a match belongs to it as long as it is held; what they took back does not. */
static void
test_notes(void)
{
	struct pairing p = { .id = text("M2"), .state = PAIRING_ACTIVE, .asked = 1, .body = json_pack("{s:s}", "referral", "R5") };
	struct note note = { .pairing = text("M2"), .kind = text("checkin"), .at = 2, .body = p.body }, mine = { .pairing = text("M2"), .kind = text("goals"), .at = 2, .body = p.body };
	char whole[SUBJECT_NAME], his[SUBJECT_NAME], hers[SUBJECT_NAME];
	int n = 0;
	int64_t gone;

	must(db_begin(db, NULL));
	put_case("R5");
	must(person_id(db, "@bo:x", &note.pid));
	mine.pid = note.pid;
	must(pairing_put(db, &p));
	must(note_add(db, NULL, &note));
	must(note_add(db, NULL, &mine));
	must(db_commit(db, NULL));
	(void)subject_person(note.pid, whole);
	(void)subject_note(note.n, his);
	(void)subject_note(mine.n, hers);
	place("H6", "referral:R5", "litigation", false, 5, 0);
	must(db_begin(db, NULL));
	must(note_forget(db, mine.pid, "goals", &gone));
	must(db_commit(db, NULL));
	(void)forget(db, &none);
	ok(gone == 1 && is_erased(hers), "what they delete of their own goes");
	want(whole);
	(void)forget(db, &none);
	must(note_each(db, "M2", add_one, &n));
	ok(is_erased(whole) && is_wanted(his) && n == 1, "what whoever is erased wrote of a match that is held is kept with it");
	lift("H6");
	(void)forget(db, &none);
	ok(is_erased(his), "and no longer");
	json_decref(p.body);
}

static int
count_hold(void *cookie, const struct hold *h)
{
	(void)h;
	++*(int *)cookie;
	return 0;
}

/* What the law wants kept of somebody who was erased, past its term. */
static void
test_legal(void)
{
	struct consent_row c = { .id = text("K1"), .referral = text("R6"), .consent = text("{}"), .org = text("org") }, got;
	int holds = 0, after = 0;

	must(db_begin(db, NULL));
	put_case("R6");
	must(consent_put(db, &c));
	must(db_commit(db, NULL));
	want("referral:R6");
	(void)forget(db, &none);
	place("H7", "referral:R6", "legal_obligation", false, 5, 0);
	(void)forget(db, &all);
	ok(consent_for(db, "R6", &got) == 0, "a consent stays past the legal term");
	consent_row_free(&got);
	must(hold_each(db, count_hold, &holds));
	lift("H7");
	(void)forget(db, &all);
	must(hold_each(db, count_hold, &after));
	ok(consent_for(db, "R6", &got) == E_NOTFOUND && after == holds - 1, "and no longer; that it was held goes with it");
}

static void
test_of(void)
{
	autofree char *id = NULL, *other = NULL;
	autohold struct hold h = { 0 };
	struct held held = { .until = 77 };
	int64_t n, due;

	must(db_begin(db, NULL));
	put_case("R7");
	must(db_commit(db, NULL));
	ok(hold_of(db, "referral:R7", &held) == E_NOTFOUND && held.until == 77, "what is not held");
	place("H8", "referral:R7", "child_protection", true, 0, fixture_now + 5);
	must(hold_of(db, "referral:R7", &held));
	ok(held.untold && held.until == fixture_now + 5 && strcmp(held.class, "child_protection") == 0, "what is, and until when");
	place("H9", "referral:R7", "litigation", false, fixture_now + 1, fixture_now + 3);
	must(hold_of(db, "referral:R7", &held));
	ok(!held.untold && held.until == fixture_now + 5 && strcmp(held.class, "litigation") == 0, "of two what may be told, and the later end");
	ok(hold_over(db, &id) == E_NOTFOUND, "none is over");
	must(hold_counts(db, &n, &due));
	ok(n == 2 && due == 0, "two are in force");
	fixture_now += 3;
	must(hold_counts(db, &n, &due));
	ok(due == 1 && hold_over(db, &other) == 0 && strcmp(other, "H9") == 0, "one is to be looked at, and over");
	must(db_begin(db, NULL));
	must(hold_get(db, "H9", &h));
	h.until = 0;
	must(hold_put(db, &h));
	must(db_commit(db, NULL));
	must(hold_of(db, "legal:R7", &held));
	ok(held.until == 0 && strcmp(h.reason, "by order") == 0, "of one without an end nobody knows when");
	lift("H8");
	lift("H9");
	ok(hold_of(db, "referral:R7", &held) == E_NOTFOUND && hold_get(db, "NONE", &h) == E_NOTFOUND, "and nothing when they are lifted");
}

int
main(void)
{
	db = fixture_open();
	test_terms();
	test_person();
	test_notes();
	test_legal();
	test_of();
	db_close(db);
	return done_testing();
}
