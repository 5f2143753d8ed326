/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random consents and random uses, from a seed that is printed.  A complete consent with one
 * element damaged is refused with that element's number; and what is let through is
 * exactly what the rule, stated again here over numbers, lets through.
 */
#include <stdint.h>

#include "base/cleanup.h"
#include "domain/consent.h"
#include "domain/consent_law.h"
#include "domain/when.h"
#include "tests/domain/keys.h"
#include "tests/tap.h"

enum { ORGS = 5, RECORDS = 2, ROUNDS = 20000 };

static const char *const orgs[ORGS] = { ORG_A, ORG_B, ORG_C, "DDDDDDDDDDDDDDDDDDDDDDDDD0", "EEEEEEEEEEEEEEEEEEEEEEEEE0" };
static const char *const records[RECORDS] = { "RRRRRRRRRRRRRRRRRRRRRRRRR0", "SSSSSSSSSSSSSSSSSSSSSSSSS0" };
static const char *const laws[] = { CONSENT_PART2, CONSENT_HIPAA, CONSENT_GDPR };
static const char *const covers[] = { "general", "counselling_notes", "proceedings" };
static const char *const codes[] = { "peer_support", "care_coordination", "outcome_report", "counselling", "proceedings" };
static const char *const kinds[] = { "date", "event", "never" };
static const char *const rights[] = { "self", "parent", "guardian", "representative" };
static uint64_t state;

static unsigned
dice(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

/* A consent in numbers. */
struct model {
	unsigned	law, from, to, what, kind, covers, code;	/* from, to: sets of organizations. */
	int		only[ORGS];	/* The one record of that recipient, or -1. */
	int		via;		/* The intermediary, or -1 ... */
	unsigned	through;	/* ... and its participants. */
	int64_t		signed_at, ends;
	unsigned	sign[2];	/* Rights; 4: nobody. */
	int		age;		/* -1: no minor. */
	bool		tpo;
};

static unsigned
some(unsigned n)
{
	return 1 + dice((1u << n) - 1);
}

static struct model
draw(void)
{
	struct model m = { .law = dice(3), .from = some(ORGS), .to = some(ORGS), .kind = dice(3),
	    .via = dice(4) > 0 ? -1 : (int)dice(ORGS), .through = some(ORGS), .signed_at = NOW - 1 - (int64_t)dice(1000000),
	    .age = dice(3) > 0 ? -1 : (int)dice(20), .sign = { dice(4), dice(5) } };

	m.covers = dice(4) > 0 ? 0 : 1 + dice(2);
	m.code = m.covers == 0 ? dice(3) : 2 + m.covers;
	m.what = m.covers == 1 ? CONSENT_NOTES_CLASS : some(CONSENT_NCLASSES - 1);
	m.tpo = m.kind == 2 || dice(3) == 0;
	if (m.covers == 2 && m.tpo) {
		m.tpo = false;
		m.kind = dice(2);
	}
	m.ends = NOW - 500000 + (int64_t)dice(1000000);
	if (m.ends <= m.signed_at)
		m.ends = m.signed_at + 1;
	for (size_t i = 0; i < ORGS; i++)
		m.only[i] = (int)dice(4) - 2 < 0 ? -1 : (int)dice(RECORDS);
	if (m.age < 0 && m.sign[0] == 1)
		m.sign[0] = 0;
	return m;
}

static json_t *
parties(const struct model *m, unsigned set, bool limits)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ORGS; i++) {
		json_t *party;

		if (!(set & 1u << i))
			continue;
		party = json_pack("{s:s, s:s}", "org", orgs[i], "name", "N");
		if (limits && m->only[i] >= 0)
			(void)json_object_set_new(party, "record", json_string(records[m->only[i]]));
		(void)json_array_append_new(list, party);
	}
	return list;
}

static json_t *
signature(unsigned right, const char *who)
{
	return json_pack("{s:s, s:s, s:s}", "how", "electronic", "signer", who, "authority", rights[right]);
}

static json_t *
json_of_model(const struct model *m)
{
	json_t *what = json_array();
	json_t *c = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:{s:s, s:[s]}, s:o, s:I, s:b}",
	    "id", "ABCDEFGHJKMNPQRSTVWXYZ0123", "law", laws[m->law], "covers", covers[m->covers], "patient", "P",
	    "from", parties(m, m->from, false), "to", parties(m, m->to, true), "what", what, "what_text", "my things",
	    "purpose", "help", "purpose_code", codes[m->code], "revocation", "right", "any time", "how", "paper",
	    "signature", signature(m->sign[0], "P"), "signed_at", (json_int_t)m->signed_at, "tpo", (int)m->tpo);

	for (enum consent_bit i = 0; i < CONSENT_NCLASSES; i++)
		if (m->what & 1u << i)
			(void)json_array_append_new(what, json_string(consent_class_name(i)));
	(void)json_object_set_new(c, "expires", m->kind == 0 ? json_pack("{s:s, s:I}", "kind", "date", "at", (json_int_t)m->ends) :
	    json_pack("{s:s, s:s}", "kind", kinds[m->kind], "event", "the end"));
	if (m->via >= 0)
		(void)json_object_set_new(c, "via", json_pack("{s:s, s:s, s:o}", "org", orgs[m->via], "name", "V",
		    "participants", parties(m, m->through, true)));
	if (m->sign[1] < 4)
		(void)json_object_set_new(c, "cosignature", signature(m->sign[1], "Q"));
	if (m->age >= 0)
		(void)json_object_set_new(c, "minor", json_pack("{s:i, s:s}", "age", m->age, "jurisdiction", "US-XX"));
	if (m->law == 2)
		(void)json_object_set_new(c, "gdpr", json_pack("{s:s, s:s, s:s}", "basis", "explicit_consent", "controller", "C",
		    "contact", "x"));
	(void)json_object_set_new(c, "redisclosure", json_string("may be"));
	(void)json_object_set_new(c, "refusal", json_string("nothing"));
	return c;
}

/* A use in numbers. */
struct wish {
	int		by, to, record, law;
	unsigned	classes, covers;
	int64_t		now;
	bool		revoked, over, minor, signers;
};

/* The rule again, element by element; -1: let through. */
static int
rule(const struct model *m, const struct wish *w)
{
	static const unsigned needed[] = { 0x2f, 0x3f, 0x20, 0x40, 0x20 };
	bool on = m->via == w->by && !(m->from & 1u << w->by), self, guard;
	bool fits = m->only[w->to] < 0 || m->only[w->to] == w->record;

	if (w->law >= 0 && w->law != (int)m->law)
		return 0;
	if (!(m->from & 1u << w->by) && !on)
		return 2;
	if (w->classes & ~m->what)
		return 3;
	if (on ? !(m->through & 1u << w->to) || !fits : !((m->to & 1u << w->to) && fits) && m->via != w->to)
		return 4;
	if (w->covers != m->covers || w->classes & ~needed[m->code])
		return 5;
	if (w->revoked)
		return 6;
	if (w->over || (m->kind == 0 && m->ends <= w->now))
		return 7;
	self = m->sign[0] == 0 || m->sign[1] == 0;
	guard = m->sign[0] == 1 || m->sign[0] == 2 || m->sign[1] == 1 || m->sign[1] == 2;
	if (m->age >= 0 ? !(self || guard) || (w->signers && !(self && guard)) : w->minor)
		return 8;
	return m->signed_at > w->now + WHEN_SKEW ? 9 : -1;
}

static struct wish
wish(const struct model *m)
{
	struct wish w = { .by = (int)dice(ORGS), .to = (int)dice(ORGS), .record = (int)dice(RECORDS + 1) - 1,
	    .law = (int)dice(8) < 7 ? (dice(2) ? -1 : (int)m->law) : (int)dice(3), .covers = dice(8) ? m->covers : dice(3),
	    .now = NOW - 2 * WHEN_SKEW + (int64_t)dice(4 * (unsigned)WHEN_SKEW), .revoked = dice(10) == 0, .over = dice(6) == 0,
	    .minor = dice(6) == 0, .signers = dice(2) };

	w.classes = dice(4) ? m->what & dice(1u << CONSENT_NCLASSES) : dice(1u << CONSENT_NCLASSES);
	return w;
}

static struct consent_use
use_of(const struct wish *w)
{
	return (struct consent_use){ .now = w->now, .discloser = orgs[w->by], .recipient = orgs[w->to],
	    .record = w->record >= 0 ? records[w->record] : NULL, .classes = w->classes, .covers = w->covers,
	    .law = w->law >= 0 ? laws[w->law] : NULL, .revoked_at = w->revoked ? 1 : 0, .event_happened = w->over,
	    .minor = w->minor, .signers = w->signers, .about = CONSENT_ABOUT_OTHER };
}

static void
test_uses(void)
{
	unsigned through = 0, refused[CONSENT_NELEMENTS] = { 0 }, wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct model m = draw();
		autojson json_t *c = json_of_model(&m);

		for (int j = 0; j < 8; j++) {
			struct wish w = wish(&m);
			struct consent_use use = use_of(&w);
			struct err err = { "" };
			int element = -1, want = rule(&m, &w), r = consent_check(c, &use, &element, &err);

			if (element != want || (r == 0) != (want < 0)) {
				autofree char *text = json_dumps(c, JSON_COMPACT);

				if (wrong++ == 0)
					printf("# round %d: %d, not %d: %s\n# %s\n# %s -> %s %s\n", i, element, want, err.text, text,
					    use.discloser, use.recipient, use.record ? use.record : "-");
			}
			if (want < 0)
				through++;
			else
				refused[want]++;
		}
	}
	is_int(wrong, 0, "%d random uses of %d random consents are judged as the rule says", 8 * ROUNDS, ROUNDS);
	ok(through > ROUNDS / 20, "some pass (%u)", through);
	for (int i = 0; i < CONSENT_NELEMENTS; i++)
		if (i != 1 && i != CONSENT_TPO)
			ok(refused[i] > 20, "element %d refuses some (%u)", i, refused[i]);
}

/* What each element loses, or is spoilt by. */
static const struct {
	int		 element;
	const char	*path, *value;
} damages[] = {
	{ 0, "id", NULL }, { 0, "law", "'none'" }, { 0, "law", NULL }, { 0, "covers", "'all'" },
	{ 1, "patient", NULL }, { 1, "patient", "''" }, { 1, "patient", "[]" },
	{ 2, "from", NULL }, { 2, "from", "{}" }, { 2, "from/0/org", "'any'" }, { 2, "from/0/name", NULL },
	{ 3, "what", NULL }, { 3, "what/0", "'all'" }, { 3, "what_text", NULL }, { 3, "what_text", "'any information.'" },
	{ 4, "to", NULL }, { 4, "to/0", "'my treating providers'" }, { 4, "to/0/org", NULL }, { 4, "to/0/name", "' '" },
	{ 4, "via", "'any'" }, { 4, "via", "{}" },
	{ 5, "purpose", NULL }, { 5, "purpose", "' '" }, { 5, "purpose_code", "'marketing'" },
	{ 6, "revocation", NULL }, { 6, "revocation/right", NULL }, { 6, "revocation/how", NULL }, { 6, "revocation/how/0", "'no'" },
	{ 7, "expires", NULL }, { 7, "expires/kind", NULL }, { 7, "expires/kind", "'whenever'" },
	{ 8, "signature", NULL }, { 8, "signature/signer", NULL }, { 8, "signature/authority", "'friend'" },
	{ 8, "signature/how", NULL }, { 8, "cosignature", "{}" },
	{ 9, "signed_at", "'today'" },
	{ 10, "tpo", NULL }, { 10, "tpo", "1" },
};

static void
test_damages(void)
{
	unsigned tried[CONSENT_NELEMENTS] = { 0 }, wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		size_t d = dice(nelem(damages));
		struct model m = draw();
		struct wish w = wish(&m);
		struct consent_use use = use_of(&w);
		autojson json_t *c = NULL;
		struct err err = { "" };
		int element = -1;

		/* Sound before: else another element might refuse first; so might the one that leans on the damaged. */
		if (rule(&m, &w) >= 0 || (damages[d].element == CONSENT_TPO && m.kind == 2) ||
		    (!strcmp(damages[d].path, "via") && m.via == w.by))
			continue;
		c = json_of_model(&m);
		json_poke(c, damages[d].path, damages[d].value);
		if (consent_check(c, &use, &element, &err) != E_REFUSED || element != damages[d].element)
			if (wrong++ == 0)
				printf("# %s = %s: element %d: %s\n", damages[d].path, damages[d].value ? damages[d].value : "-",
				    element, err.text);
		tried[damages[d].element]++;
	}
	is_int(wrong, 0, "a sound consent with one element damaged is refused with its number");
	for (int i = 0; i < CONSENT_NELEMENTS; i++)
		ok(tried[i] > 5, "element %d was damaged %u times", i, tried[i]);
}

int
main(void)
{
	const char *seed = getenv("CAIRN_SEED");

	state = seed != NULL ? strtoull(seed, NULL, 10) : 20261121;
	if (state == 0)
		state = 1;
	printf("# CAIRN_SEED=%llu\n", (unsigned long long)state);
	test_uses();
	test_damages();
	return done_testing();
}
