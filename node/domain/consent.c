/* SPDX-License-Identifier: Apache-2.0 */
#include "consent.h"

#include <string.h>
#include <strings.h>

#include "base/canon.h"
#include "base/id.h"
#include "when.h"

/* 42 CFR 2.32(a)(1), text of the regulation. */
const char consent_notice[] =
    "This record which has been disclosed to you is protected by Federal confidentiality rules "
    "(42 CFR part 2). These rules prohibit you from using or disclosing this record, or "
    "testimony that describes the information contained in this record, in any civil, criminal, "
    "administrative, or legislative proceedings by any Federal, State, or local authority, "
    "against the patient, unless authorized by the consent of the patient, except as provided at "
    "42 CFR 2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In "
    "addition, the Federal rules prohibit you from making any other use or disclosure of this "
    "record unless at least one of the following applies: (i) Further use or disclosure is "
    "expressly permitted by the written consent of the individual whose information is being "
    "disclosed in this record or as otherwise permitted by 42 CFR part 2. (ii) You are a covered "
    "entity or business associate and have received the record for treatment, payment, or health "
    "care operations, or (iii) You have received the record from a covered entity or business "
    "associate as permitted by 45 CFR part 164, subparts A and E. A general authorization for "
    "the release of medical or other information is NOT sufficient to meet the required elements "
    "of written consent to further use or redisclose the record (see 42 CFR 2.31).";

/* 42 CFR 2.32(a)(2). */
const char consent_notice_short[] =
    "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";

const char consent_right[] =
    "You may take this consent back at any time, in any of the ways named here. From then on "
    "nothing more is disclosed under it. It cannot undo what was already done in reliance on it.";

#define X(name, text) text,
static const char *const element_names[] = { "its id and law", CONSENT_ELEMENTS(X) };
static const char *const class_names[] = { CONSENT_CLASSES(X) };
#undef X

const char *
consent_element_name(int n)
{
	return n >= 0 && n < CONSENT_NELEMENTS ? element_names[n] : "unknown";
}

static bool
is_text(const char *s)
{
	return s != NULL && s[strspn(s, " \t\r\n")] != '\0';
}

static bool
is_one_of(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; s != NULL && i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return true;
	return false;
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
		const char *name = json_string_value(json_array_get(what, i));
		size_t c = 0;

		while (c < CONSENT_NCLASSES && (name == NULL || strcmp(class_names[c], name) != 0))
			c++;
		if (c == CONSENT_NCLASSES)
			return 0;
		classes |= 1u << c;
	}
	return classes;
}

/*
 * One function for each element.  Each returns NULL if the element is there and
 * covers the use, else what is wrong.
 */

static const char *
check_frame(const json_t *c, const struct consent_use *use)
{
	static const char *const laws[] = { "us-part2", "us-hipaa", "gdpr" };

	(void)use;
	if (!json_is_object(c) || !id_is_own(json_str(c, "id")))
		return "the consent has no id, so it could not be revoked or accounted for";
	if (!is_one_of(json_str(c, "law"), laws, nelem(laws)))
		return "the law is not one of us-part2, us-hipaa, gdpr";
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

static const char *
check_discloser(const json_t *c, const struct consent_use *use)
{
	unsigned named;
	const char *wrong = check_parties(json_arr(c, "from"), use->discloser, NULL, &named);

	if (wrong == NULL && named == 0)
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
	if (use->classes & ~classes)
		return "something would be disclosed that the consent does not list";
	return NULL;
}

static const char *
check_recipients(const json_t *c, const struct consent_use *use)
{
	unsigned named;
	const char *wrong = check_parties(json_arr(c, "to"), use->recipient, use->record, &named);

	if (wrong == NULL && named == 0)
		return "the recipient of this disclosure is not named";
	return wrong;
}

static const char *
check_purpose(const json_t *c, const struct consent_use *use)
{
	const char *purpose = json_str(c, "purpose");

	if (!is_text(purpose))
		return "it is missing";
	if (use->purpose != NULL && strcmp(purpose, use->purpose) != 0)
		return "the disclosure is for another purpose";
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
	if (strcmp(kind, "event") == 0) {
		if (!is_text(json_str(expires, "event")))
			return "the event that ends the consent is not named";
		return use->event_happened ? "the event that ends the consent has happened" : NULL;
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

static const char *
check_signature(const json_t *c, const struct consent_use *use)
{
	static const char *const hows[] = { "electronic", "paper", "verbal" };
	static const char *const rights[] = { "self", "parent", "guardian", "representative" };
	const json_t *signature = json_obj(c, "signature");
	const char *how = json_str(signature, "how"), *law = json_str(c, "law");

	(void)use;
	if (!is_text(json_str(signature, "signer")))
		return "it is missing";
	if (!is_one_of(how, hows, nelem(hows)))
		return "it does not say whether it is electronic, paper or verbal";
	if (!is_one_of(json_str(signature, "authority"), rights, nelem(rights)))
		return "it does not say by what right: self, parent, guardian, representative";
	if (strcmp(how, "electronic") != 0 && !is_text(json_str(signature, "recorded_by")))
		return "the staff member who keeps the paper or heard the words is not named";
	if (strcmp(how, "verbal") == 0 && strcmp(law, "gdpr") != 0)
		return "the law asks for a written consent, on paper or electronic; spoken words are "
		       "not enough";
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
	if (json_is_false(tpo))
		return NULL;
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

/* "A, B and C" */
static int
add_names(struct buf *out, const json_t *list, const char *member)
{
	size_t n = json_array_size(list);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const json_t *entry = json_array_get(list, i);

		r = buf_printf(out, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ",
		    member != NULL ? json_str(entry, member) : json_string_value(entry));
	}
	return r;
}

static int
add_end(struct buf *out, const json_t *expires)
{
	const char *kind = json_str(expires, "kind");
	char day[WHEN_TEXT];

	if (strcmp(kind, "date") == 0)
		return buf_printf(out, "until %s",
		    when_print_day(json_int(expires, "at", 0), day));
	if (strcmp(kind, "event") == 0)
		return buf_printf(out, "until this event: %s", json_str(expires, "event"));
	return buf_puts(out, "without a fixed end");
}

int
consent_scope(const json_t *consent, struct buf *out)
{
	struct buf mark = *out;
	char day[WHEN_TEXT];
	int r = buf_puts(out, "The member consented that ");

	if (r == 0)
		r = add_names(out, json_arr(consent, "from"), "name");
	if (r == 0)
		r = buf_puts(out, " may disclose to ");
	if (r == 0)
		r = add_names(out, json_arr(consent, "to"), "name");
	if (r == 0)
		r = buf_puts(out, ", and to nobody else, these classes of information: ");
	if (r == 0)
		r = add_names(out, json_arr(consent, "what"), NULL);
	if (r == 0)
		r = buf_printf(out, " (%s). Purpose: %s. Signed on %s; valid ",
		    json_str(consent, "what_text"), json_str(consent, "purpose"),
		    when_print_day(json_int(consent, "signed_at", 0), day));
	if (r == 0)
		r = add_end(out, json_obj(consent, "expires"));
	if (r == 0)
		r = buf_puts(out, " unless the member revokes it before. Any other use or "
		    "disclosure needs a new consent.");
	if (r != 0 && out->data != NULL) {	/* As if nothing had been added. */
		out->len = mark.len;
		out->data[out->len] = '\0';
	}
	return r;
}
