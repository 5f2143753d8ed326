/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"
#include "store/casestore.h"
#include "store/consentstore.h"

static struct db *db;

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int
add_consent(void *cookie, const struct consent_row *c)
{
	(void)snprintf(cookie + strlen(cookie), 100, "%s %s %lld;", c->id, c->consent, (long long)c->revoked_at);
	return 0;
}

static void
test_consent(void)
{
	struct consent_row c = { .id = text("C1"), .referral = text("R1"), .org = text("org"),
	    .consent = text("{\"to\":1}"), .granted_at = 5 }, got;

	is_int(consent_for(db, "R1", &got), E_NOTFOUND, "no consent");
	must(consent_put(db, &c));
	c.id = text("C2");
	c.granted_at = 6;
	c.consent = text("{\"to\":2}");
	must(consent_put(db, &c));
	c.revoked_at = 9;
	must(consent_put(db, &c));
	must(consent_for(db, "R1", &got));
	is_str(got.id, "C2", "the newest");
	is_str(got.consent, "{\"to\":2}", "as given");
	ok(got.granted_at == 6 && got.revoked_at == 9, "and taken back");
	consent_row_free(&got);
	is_int(consent_for(db, "R2", &got), E_NOTFOUND, "another case has its own");
	c.referral = text("R9");
	is_int(consent_put(db, &c), E_REFUSED, "an id cannot be taken over for another case");
	must(consent_for(db, "R1", &got));
	ok(strcmp(got.id, "C2") == 0 && got.revoked_at == 9, "the consent is where it was");
	consent_row_free(&got);
	c.id = text("C9");
	is_int(consent_put(db, &c), ERR_DB, "no consent without a case");
}

static void
test_end(void)
{
	struct consent_row got, c = { .id = text("C1"), .referral = text("R1"), .org = text("org") };
	char out[400] = "";

	must(consent_get(db, "C1", &got));
	ok(got.revoked_at == 0 && strcmp(got.referral, "R1") == 0, "a consent by its id");
	consent_row_free(&got);
	is_int(consent_get(db, "C7", &got), E_NOTFOUND, "none of another");
	c.org = text("another");
	is_int(consent_end(db, &c, 76), E_NOTFOUND, "another organization does not end it");
	c.org = text("org");
	c.referral = text("R2");
	is_int(consent_end(db, &c, 76), E_NOTFOUND, "nor does what is said of another referral");
	c.referral = NULL;
	is_int(consent_end(db, &c, 76), E_NOTFOUND, "or of none");
	c.referral = text("R1");
	must(consent_end(db, &c, 77));
	is_int(consent_end(db, &c, 78), E_NOTFOUND, "it ends once");
	c.id = text("C7");
	is_int(consent_end(db, &c, 78), E_NOTFOUND, "an unknown one never");
	must(consent_each(db, "R1", add_consent, out));
	is_str(out, "C1 {\"to\":1} 77;C2 {\"to\":2} 9;", "all of a referral, oldest first");
}

static int
add_disclosed(void *cookie, const struct disclosed_row *d)
{
	(void)snprintf(cookie + strlen(cookie), 100, "%s %s %s %lld %lld %s;", d->id, d->consent ? d->consent : "-",
	    d->org ? d->org : "-", (long long)d->at, (long long)d->arrived, d->detail);
	return 0;
}

static void
test_disclosed(void)
{
	struct disclosed_row d = { .id = text("D1"), .whose = text("R1"), .consent = text("C1"), .org = text("org"), .at = 5,
	    .detail = text("{}") };
	char out[400] = "";

	is_int(disclosed_has(db, "D1"), E_NOTFOUND, "nothing was disclosed");
	must(disclosed_put(db, &d));
	d.at = 6;
	must(disclosed_put(db, &d));
	is_int(disclosed_has(db, "D1"), 0, "now it was");
	must(disclosed_arrived(db, "D1", 8));
	must(disclosed_arrived(db, "D1", 9));
	must(disclosed_arrived(db, "D8", 9));
	d = (struct disclosed_row){ .id = text("D0"), .whose = text("R1"), .at = 4, .detail = text("{\"e\":1}") };
	must(disclosed_put(db, &d));
	d.id = text("D2");
	d.whose = text("R2");
	must(disclosed_put(db, &d));
	must(disclosed_each(db, "R1", add_disclosed, out));
	is_str(out, "D0 - - 4 0 {\"e\":1};D1 C1 org 5 8 {};", "each once, by time, with its first arrival; another's are not among them");
	ok(disclosed_any(db, "R2") == 0 && disclosed_any(db, "R3") == E_NOTFOUND, "of whom there is any is known");
}

static void
test_revocation(void)
{
	struct revocation_row v = { .consent = text("C1"), .org = text("org"), .referral = text("R1"), .at = 5, .ended = true,
	    .detail = text("{\"how\":\"event\"}") }, got;

	is_int(revocation_get(db, "C1", "org", &got), E_NOTFOUND, "not revoked");
	must(revocation_put(db, &v));
	v.at = 6;
	v.ended = false;
	v.detail = text("{\"how\":\"paper\"}");
	must(revocation_put(db, &v));
	v.at = 7;
	v.ended = true;
	must(revocation_put(db, &v));
	must(revocation_get(db, "C1", "org", &got));
	ok(got.at == 6 && !got.ended && strcmp(got.detail, "{\"how\":\"paper\"}") == 0 && strcmp(got.referral, "R1") == 0,
	    "a revocation replaces an end, and nothing replaces it");
	revocation_row_free(&got);
	is_int(revocation_get(db, "C1", "other", &got), E_NOTFOUND, "another organization's word is another's");
	v = (struct revocation_row){ .consent = text("C5"), .org = text("org"), .at = 3 };
	must(revocation_put(db, &v));
	must(revocation_get(db, "C5", "org", &got));
	ok(got.referral == NULL && got.detail == NULL, "of a consent that is not known, too");
	revocation_row_free(&got);
}

static int
add_holder(void *cookie, const struct holder_row *h)
{
	(void)snprintf(cookie + strlen(cookie), 100, "%s %s %lld %lld %lld %s;", h->org, h->referral, (long long)h->told,
	    (long long)h->due, (long long)h->acked, h->detail ? h->detail : "-");
	return 0;
}

static void
test_holders(void)
{
	struct holder_row h = { .consent = text("C1"), .org = text("org"), .referral = text("R1"), .told = 5, .due = 10 };
	struct holder_row untold;
	char out[400] = "";
	int64_t late;
	bool first = false, again = true;

	must(holder_put(db, &h));
	h.org = text("far");
	h.told = 0;
	must(holder_put(db, &h));
	must(holder_late(db, 9, &late));
	is_int(late, 1, "who could not be told counts from the first");
	is_int(holder_untold(db, 9, &untold), E_NOTFOUND, "and is not to be tried before its time");
	must(holder_untold(db, 10, &untold));
	ok(!strcmp(untold.org, "far") && !strcmp(untold.consent, "C1") && !strcmp(untold.referral, "R1"), "then it is");
	holder_row_free(&untold);
	must(holder_late(db, 10, &late));
	is_int(late, 2, "both are");
	is_int(holder_ack(db, "C1", "stranger", "R1", 7, "{}", &first), E_NOTFOUND, "who was not told acknowledges nothing");
	is_int(holder_ack(db, "C1", "org", "R2", 7, "{}", &first), E_NOTFOUND, "nor who was told, of another referral");
	must(holder_ack(db, "C1", "org", "R1", 6, "{}", &first));
	must(holder_ack(db, "C1", "org", "R1", 7, "{\"keeps\":[]}", &again));
	ok(first && !again, "and is known as the first, once");
	must(holder_late(db, 10, &late));
	is_int(late, 1, "who has acknowledged is not late");
	must(holder_each(db, "C1", add_holder, out));
	is_str(out, "far R1 0 10 0 -;org R1 5 10 7 {\"keeps\":[]};", "who was told, and what they say they keep");
	is_int(holder_each(db, "C2", add_holder, out), 0, "none of another consent");
}

int
main(void)
{
	struct case_row c = { .id = text("R1"), .org = text("org"), .r = referral_start(REFERRAL_AT_SOURCE) };

	db = fixture_open();
	must(db_begin(db, NULL));
	must(case_put(db, &c));
	test_consent();
	test_end();
	test_disclosed();
	test_revocation();
	test_holders();
	must(db_commit(db, NULL));
	db_close(db);
	return done_testing();
}
