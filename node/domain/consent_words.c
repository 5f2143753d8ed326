/* SPDX-License-Identifier: Apache-2.0 */
/* consent_words: what goes with a disclosure, for people. */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "consent.h"
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
	const json_t *via = json_obj(consent, "via");
	struct buf mark = *out;
	char day[WHEN_TEXT];
	int r = buf_puts(out, "The member consented that ");

	if (r == 0)
		r = add_names(out, json_arr(consent, "from"), "name");
	if (r == 0)
		r = buf_puts(out, " may disclose to ");
	if (r == 0)
		r = add_names(out, json_arr(consent, "to"), "name");
	if (r == 0 && via != NULL) {
		r = buf_printf(out, ", and through %s to ", json_str(via, "name"));
		if (r == 0)
			r = add_names(out, json_arr(via, "participants"), "name");
	}
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
		    "disclosure needs a new consent, and use in proceedings against the member always one of its own.");
	if (r != 0 && out->data != NULL) {	/* As if nothing had been added. */
		out->len = mark.len;
		out->data[out->len] = '\0';
	}
	return r;
}

int
consent_label(const json_t *consent, const char *notice, json_t *content)
{
	autobuf struct buf scope = { 0 };
	int r = consent_scope(consent, &scope);

	if (r != 0)
		return r;
	return json_object_set_new(content, "notice", json_string(notice)) != 0 ||
	    json_object_set_new(content, "scope", json_string(scope.data)) != 0 ? -ENOMEM : 0;
}

int
consent_scoped(const json_t *consent, const char *text, bool *ret)
{
	autobuf struct buf scope = { 0 };
	int r = consent_scope(consent, &scope);

	*ret = r == 0 && text != NULL && strcmp(text, scope.data) == 0;
	return r;
}
