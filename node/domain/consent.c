/* SPDX-License-Identifier: Apache-2.0 */
#include "consent.h"

#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/grammar.h"
#include "base/id.h"
#include "consent_law.h"
#include "when.h"

#define X(name, text) text,
static const char *const element_names[] = { "its id and law", CONSENT_ELEMENTS(X) };
static const char *const class_names[] = { CONSENT_CLASSES(X) };
#undef X

const char *
consent_element_name(int n)
{
	return n >= 0 && n < CONSENT_NELEMENTS ? element_names[n] : "unknown";
}

const char *
consent_class_name(enum consent_bit bit)
{
	return (unsigned)bit < CONSENT_NCLASSES ? class_names[bit] : "unknown";
}

/* The index into ${names}, or ${n}. */
static size_t
find_name(const char *s, const char *const *names, size_t n)
{
	size_t i = 0;

	while (i < n && (s == NULL || strcmp(names[i], s) != 0))
		i++;
	return i;
}

static bool
is_one_of(const char *s, const char *const *list, size_t n)
{
	return find_name(s, list, n) < n;
}

static bool
is_text(const char *s)
{
	return s != NULL && s[strspn(s, " \t\r\n")] != '\0';
}

/* "Everything." names nothing. */
static bool
is_vague(const char *s)
{
	static const char *const vague[] = { "all", "any", "everything", "anything", "all information",
		"any information", "any and all information", "all records", "all my records",
		"my records" };
	const char *end = s + strlen(s);

	s += strspn(s, " ");
	while (end > s && (end[-1] == ' ' || end[-1] == '.'))
		end--;
	for (size_t i = 0; i < nelem(vague); i++)
		if (strlen(vague[i]) == (size_t)(end - s) &&
		    strncasecmp(s, vague[i], (size_t)(end - s)) == 0)
			return true;
	return end == s;
}

unsigned
consent_classes(const json_t *consent)
{
	const json_t *what = json_arr(consent, "what");
	unsigned classes = 0;

	for (size_t i = 0; i < json_array_size(what); i++) {
		size_t c = find_name(json_string_value(json_array_get(what, i)), class_names, CONSENT_NCLASSES);

		if (c == CONSENT_NCLASSES)
			return 0;
		classes |= 1u << c;
	}
	return classes;
}

/* What each purpose can need; the first counts when no code is given. */
static const struct purpose {
	const char	*code;
	unsigned	 classes;
} purposes[] = {
	{ "peer_support", CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS | CONSENT_NEED_CLASS |
	    CONSENT_CONSTRAINTS_CLASS | CONSENT_OUTCOME_CLASS },
	{ "care_coordination", CONSENT_IDENTITY_CLASS | CONSENT_CONTACT_CLASS | CONSENT_NEED_CLASS |
	    CONSENT_CONSTRAINTS_CLASS | CONSENT_HISTORY_CLASS | CONSENT_OUTCOME_CLASS },
	{ "outcome_report", CONSENT_OUTCOME_CLASS },
	{ "counselling", CONSENT_NOTES_CLASS },
	{ "proceedings", CONSENT_OUTCOME_CLASS },
};

unsigned
consent_needed(const json_t *consent)
{
	const json_t *code = json_object_get(consent, "purpose_code");

	if (code == NULL)
		return purposes[0].classes;
	for (size_t i = 0; i < nelem(purposes) && json_is_string(code); i++)
		if (strcmp(purposes[i].code, json_string_value(code)) == 0)
			return purposes[i].classes;
	return 0;
}

/* What the consent is to; -1: no such thing. */
static int
covers(const json_t *c)
{
	static const char *const names[] = { "general", "counselling_notes", "proceedings" };
	size_t i = json_object_get(c, "covers") == NULL ? 0 : find_name(json_str(c, "covers"), names, nelem(names));

	return i < nelem(names) ? (int)i : -1;
}

static bool
lists_org(const json_t *list, const char *org)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_str(json_array_get(list, i), "org");

		if (id != NULL && strcmp(id, org) == 0)
			return true;
	}
	return false;
}

bool
consent_names(const json_t *consent, const char *org)
{
	const json_t *via = json_obj(consent, "via");
	const char *between = json_str(via, "org");

	return lists_org(json_arr(consent, "from"), org) || lists_org(json_arr(consent, "to"), org) ||
	    (between != NULL && strcmp(between, org) == 0) || lists_org(json_arr(via, "participants"), org);
}

/*
 * One function for each element.  Each returns NULL if the element is there and
 * covers the use, else what is wrong.
 */

static const char *
check_frame(const json_t *c, const struct consent_use *use)
{
	const struct consent_profile *law = consent_profile(json_str(c, "law"));
	const json_t *gdpr = json_obj(c, "gdpr");

	if (!json_is_object(c) || !id_is_own(json_str(c, "id")))
		return "the consent has no id, so it could not be revoked or accounted for";
	if (law == NULL)
		return "the law is not one of us-part2, us-hipaa, gdpr";
	if (use->law != NULL && strcmp(law->law, use->law) != 0)
		return strcmp(use->law, CONSENT_PART2) == 0 ? "42 CFR part 2 protects this referral, because it is "
		    "about substance use or one of the programs says so; the law must be us-part2" :
		    "the programs concerned are under another law";
	if (covers(c) < 0)
		return "what it covers is not one of general, counselling_notes, proceedings";
	if (strcmp(law->law, CONSENT_GDPR) == 0 && (!is_text(json_str(gdpr, "controller")) ||
	    !is_text(json_str(gdpr, "contact")) || json_str(gdpr, "basis") == NULL ||
	    strcmp(json_str(gdpr, "basis"), "explicit_consent") != 0))
		return "under the GDPR it must be an explicit consent and name the controller and where to ask for access";
	return NULL;
}

static const char *
check_patient(const json_t *c, const struct consent_use *use)
{
	(void)use;
	return is_text(json_str(c, "patient")) ? NULL : "it is missing";
}

/* NULL, or what is wrong with a list of {org, name}; counts entries that name ${org}. */
static const char *
check_parties(const json_t *list, const char *org, const char *record, unsigned *ret_named)
{
	*ret_named = 0;
	if (json_array_size(list) == 0)
		return "nobody is named";
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *party = json_array_get(list, i);
		const char *id = json_str(party, "org"), *only = json_str(party, "record");

		if (!id_is_own(id) || !is_text(json_str(party, "name")))
			return "each must be named, with its identifier; a class or a general "
			       "description of recipients cannot be checked and is refused";
		if (json_object_get(party, "record") != NULL && !id_is_own(only))
			return "a program or specialist is not named by its record";
		if (strcmp(id, org) == 0 &&
		    (only == NULL || (record != NULL && strcmp(only, record) == 0)))
			++*ret_named;
	}
	return NULL;
}

bool
consent_passes_on(const json_t *c, const char *org)
{
	const char *via = json_str(json_obj(c, "via"), "org");

	return via != NULL && strcmp(via, org) == 0 && !lists_org(json_arr(c, "from"), via);
}

static const char *
check_discloser(const json_t *c, const struct consent_use *use)
{
	unsigned named;
	const char *wrong = check_parties(json_arr(c, "from"), use->discloser, NULL, &named);

	if (wrong == NULL && named == 0 && !consent_passes_on(c, use->discloser))
		return "this organization is not named as one that may disclose";
	return wrong;
}

static const char *
check_what(const json_t *c, const struct consent_use *use)
{
	unsigned classes = consent_classes(c);
	const char *text = json_str(c, "what_text");

	if (classes == 0)
		return "no class of information is named, or one that does not exist";
	if (!is_text(text))
		return "the description in words is missing";
	if (is_vague(text))
		return "the description must be specific and meaningful, not everything at once";
	if (covers(c) == CONSENT_COUNSELLING ? classes != CONSENT_NOTES_CLASS : classes & CONSENT_NOTES_CLASS)
		return "counselling notes want a consent of their own, to nothing else";
	if (use->classes & ~classes)
		return "something would be disclosed that the consent does not list";
	return NULL;
}

/* NULL, or what is wrong with the intermediary; counts what of it is the recipient. */
static const char *
check_via(const json_t *via, const struct consent_use *use, bool on, unsigned *ret_named)
{
	const char *id = json_str(via, "org"), *wrong;

	*ret_named = 0;
	if (via == NULL)
		return NULL;
	if (!id_is_own(id) || !is_text(json_str(via, "name")))
		return "the intermediary must be named, with its identifier";
	wrong = check_parties(json_arr(via, "participants"), use->recipient, use->record, ret_named);
	if (wrong != NULL)
		return "an intermediary is named, but not each of its participants that may receive it, with its identifier";
	if (!on)
		*ret_named = strcmp(id, use->recipient) == 0;
	return NULL;
}

static const char *
check_recipients(const json_t *c, const struct consent_use *use)
{
	unsigned named, through;
	bool on = consent_passes_on(c, use->discloser);
	const char *wrong = check_parties(json_arr(c, "to"), use->recipient, use->record, &named);

	if (wrong == NULL && json_object_get(c, "via") != NULL && json_obj(c, "via") == NULL)
		wrong = "the intermediary must be named, with its identifier";
	if (wrong == NULL)
		wrong = check_via(json_obj(c, "via"), use, on, &through);
	if (wrong != NULL)
		return wrong;
	if (on)
		return through > 0 ? NULL : "the recipient is not named as a participant of this intermediary";
	return named + through > 0 ? NULL : "the recipient of this disclosure is not named";
}

static const char *
check_purpose(const json_t *c, const struct consent_use *use)
{
	const char *purpose = json_str(c, "purpose");

	if (!is_text(purpose))
		return "it is missing";
	if (use->purpose != NULL && strcmp(purpose, use->purpose) != 0)
		return "the disclosure is for another purpose";
	if (consent_needed(c) == 0)
		return "its code is not one of those that are known";
	if (use->covers != (enum consent_covers)covers(c))
		return use->covers == CONSENT_PROCEEDINGS ? "use in proceedings against the member wants a consent of its own" :
		    use->covers == CONSENT_COUNSELLING ? "counselling notes want a consent of their own" :
		    "the consent is to something else, and never to this besides";
	if (use->classes & ~consent_needed(c))
		return "something would be disclosed that this purpose does not need";
	return NULL;
}

static const char *
check_revocation(const json_t *c, const struct consent_use *use)
{
	static const char *const ways[] = { "matrix", "phone", "paper", "in_person" };
	const json_t *revocation = json_obj(c, "revocation"), *how = json_arr(revocation, "how");

	if (!is_text(json_str(revocation, "right")))
		return "the right to revoke is not stated";
	if (json_array_size(how) == 0)
		return "it does not say how to revoke";
	for (size_t i = 0; i < json_array_size(how); i++)
		if (!is_one_of(json_string_value(json_array_get(how, i)), ways, nelem(ways)))
			return "a way to revoke is not one of matrix, phone, paper, in_person";
	if (use->revoked_at != 0)
		return "the consent was revoked; ask for a new one";
	return NULL;
}

static const char *
check_expiry(const json_t *c, const struct consent_use *use)
{
	const json_t *expires = json_obj(c, "expires");
	const char *kind = json_str(expires, "kind");
	int64_t at = json_int(expires, "at", 0);

	if (kind == NULL)
		return "it is missing";
	if (use->event_happened)
		return "the event that ends the consent has happened";
	if (strcmp(kind, "event") == 0) {
		if (!is_text(json_str(expires, "event")))
			return "the event that ends the consent is not named";
		return NULL;
	}
	if (strcmp(kind, "never") == 0)
		return json_is_true(json_object_get(c, "tpo")) ? NULL : "a consent without an end "
		    "is for treatment, payment and health care operations only";
	if (strcmp(kind, "date") != 0)
		return "it is none of date, event, never";
	if (at < 1 || at > WHEN_MAX)
		return "the date is missing";
	if (at <= json_int(c, "signed_at", 0))
		return "the date is not after the date of signing";
	if (at <= use->now)
		return "the consent has expired; ask for a new one";
	return NULL;
}

/* One signature by itself. */
static const char *
check_signed(const json_t *signature, const struct consent_profile *law)
{
	static const char *const hows[] = { "electronic", "paper", "verbal" };
	static const char *const rights[] = { "self", "parent", "guardian", "representative" };
	const char *how = json_str(signature, "how");

	if (!is_text(json_str(signature, "signer")))
		return "it is missing";
	if (!is_one_of(how, hows, nelem(hows)))
		return "it does not say whether it is electronic, paper or verbal";
	if (!is_one_of(json_str(signature, "authority"), rights, nelem(rights)))
		return "it does not say by what right: self, parent, guardian, representative";
	if (strcmp(how, "electronic") != 0 && !is_text(json_str(signature, "recorded_by")))
		return "the staff member who keeps the paper or heard the words is not named";
	if (strcmp(how, "verbal") == 0 && law->written)
		return "the law asks for a written consent, on paper or electronic; spoken words are "
		       "not enough";
	return NULL;
}

static bool
signs_as(const json_t *signature, const char *right)
{
	const char *authority = json_str(signature, "authority");

	return authority != NULL && strcmp(authority, right) == 0;
}

static bool
guards(const json_t *signature)
{
	return signs_as(signature, "parent") || signs_as(signature, "guardian");
}

/* Can a minor of that age be of that band?  No band says nothing; of the other bands nobody is one. */
static bool
is_in_band(const char *band, long long age)
{
	static const struct { const char *band; int from, to; } bands[] = { { "under_13", 0, 12 }, { "13_17", 13, 17 }, { "18_25", 18, 25 } };

	for (size_t i = 0; i < nelem(bands) && band != NULL; i++)
		if (strcmp(bands[i].band, band) == 0)
			return age >= bands[i].from && age <= bands[i].to;
	return band == NULL;
}

/* Who has to sign for a minor, and did. */
static const char *
check_minor(const json_t *c, const struct consent_use *use)
{
	const json_t *minor = json_obj(c, "minor"), *one = json_obj(c, "signature"), *two = json_obj(c, "cosignature");
	const char *where = json_str(minor, "jurisdiction");
	long long age = json_int(minor, "age", -1);
	bool self = signs_as(one, "self") || signs_as(two, "self"), guardian = guards(one) || guards(two);

	if (age < 0 || age > 20 || where == NULL || !grammar_ok(GRAMMAR_ISO_3166, where))
		return "the member is a minor, but not how old and under whose law";
	if (!is_in_band(use->age_band, age))
		return "the age is not one of the age band that was asked for; whichever is wrong has to be put right, the request by a new one";
	if (self && guardian && strcmp(json_str(one, "signer"), json_str(two, "signer")) == 0)
		return "the minor and the parent or guardian cannot be one person";
	if (!self && !guardian)
		return "neither the minor nor a parent or guardian has signed";
	if (!use->signers)
		return NULL;
	switch (consent_signers(use->minors, where, use->about, age)) {
	case CONSENT_MINOR_SIGNS:
		return self ? NULL : "there this minor decides alone, so the minor has to sign";
	case CONSENT_GUARDIAN_SIGNS:
		return guardian ? NULL : "there a parent or guardian has to sign for somebody of this age";
	case CONSENT_BOTH_SIGN:
		break;
	}
	return self && guardian ? NULL : "the member is a minor: both the minor and a parent or guardian have to sign";
}

static const char *
check_signature(const json_t *c, const struct consent_use *use)
{
	const struct consent_profile *law = consent_profile(json_str(c, "law"));
	const json_t *second = json_object_get(c, "cosignature");
	const char *wrong = check_signed(json_obj(c, "signature"), law);

	if (wrong != NULL)
		return wrong;
	if (second != NULL && check_signed(second, law) != NULL)
		return "the second signature is not complete";
	if (json_object_get(c, "minor") != NULL)
		return check_minor(c, use);
	if (use->minor)
		return "the member is a minor; the consent must say so, with age and jurisdiction";
	if (signs_as(json_obj(c, "signature"), "parent"))
		return "a parent signs for a minor only, and the consent does not say that the member is one";
	return NULL;
}

static const char *
check_date(const json_t *c, const struct consent_use *use)
{
	int64_t at = json_int(c, "signed_at", 0);

	if (at < 1 || at > WHEN_MAX)
		return "it is missing";
	if (at > use->now + WHEN_SKEW)
		return "it is in the future";
	return NULL;
}

static const char *
check_tpo(const json_t *c, const struct consent_use *use)
{
	const json_t *tpo = json_object_get(c, "tpo");

	(void)use;
	if (!json_is_boolean(tpo))
		return "it does not say whether the consent is for treatment, payment and health "
		       "care operations";
	if (json_is_false(tpo) && !consent_profile(json_str(c, "law"))->statements)
		return NULL;
	if (json_is_true(tpo) && covers(c) == CONSENT_PROCEEDINGS)
		return "a consent for proceedings is not one for treatment, payment and health care operations";
	if (!is_text(json_str(c, "redisclosure")))
		return "what protection is lost by redisclosure is not stated";
	return is_text(json_str(c, "refusal")) ? NULL : "what follows from not signing is not stated";
}

int
consent_check(const json_t *consent, const struct consent_use *use, int *ret_element,
    struct err *reterr)
{
	static const char *(*const checks[CONSENT_NELEMENTS])(const json_t *,
	    const struct consent_use *) = {
		[CONSENT_FRAME] = check_frame, [CONSENT_PATIENT] = check_patient,
		[CONSENT_DISCLOSER] = check_discloser, [CONSENT_WHAT] = check_what,
		[CONSENT_RECIPIENTS] = check_recipients, [CONSENT_PURPOSE] = check_purpose,
		[CONSENT_REVOCATION] = check_revocation, [CONSENT_EXPIRY] = check_expiry,
		[CONSENT_SIGNATURE] = check_signature, [CONSENT_DATE] = check_date,
		[CONSENT_TPO] = check_tpo,
	};

	for (int i = 0; i < CONSENT_NELEMENTS; i++) {
		const char *wrong = checks[i](consent, use);

		if (wrong == NULL)
			continue;
		*ret_element = i;
		if (i == CONSENT_FRAME)
			return err_set(reterr, E_REFUSED, "consent refused: %s", wrong);
		return err_set(reterr, E_REFUSED, "consent refused, element %d (%s): %s", i,
		    element_names[i], wrong);
	}
	return 0;
}
