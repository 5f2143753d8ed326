/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "base/event.h"
#include "events.h"
#include "trust.h"
#include "vc.h"
#include "when.h"

enum { PLACES = 6, PLACES_TEXT = PLACES * 8 + 16 };

#define X(name, text) text,
static const char *const verdict_names[] = { CREDENTIAL_VERDICTS(X) };
#undef X

/* What a credential says, borrowed. */
struct reading {
	struct vc		 vc;
	const char		*subject;
	const char		*type;
	const char		*label;
	const char		*level;
	const json_t		*jurisdictions;
	struct status_entry	 status[STATUS_ENTRIES];
	size_t			 n_status;
};

const char *
credential_verdict_name(enum credential_verdict verdict)
{
	return (unsigned)verdict < CREDENTIAL_NVERDICTS ? verdict_names[verdict] : "unknown";
}

/* No other: above all, nothing about the holder's own life. */
static const char *const subject_members[] = { "id", "alias", "credentialType", "label", "issuingBoard",
	"kind", "jurisdiction", "reciprocity", "level", "scope", "languages", "certificateNo",
	"certificateHash", "trainingHours", "supervisedHours", "workHours", "exam", "ethicsCode",
	"recertification", "supervisor", "backgroundCheck" };

static int
read_subject(const json_t *subject, struct reading *ret, struct err *reterr)
{
	const char *foreign = vc_foreign(subject, subject_members, nelem(subject_members));

	if (foreign != NULL)
		return err_set(reterr, E_BAD, "the credential says something of its holder that belongs "
		    "into none: %s", foreign);
	ret->subject = json_str(subject, "id");
	ret->type = json_str(subject, "credentialType");
	ret->label = json_str(subject, "label");
	ret->level = json_str(subject, "level");
	ret->jurisdictions = json_arr(subject, "jurisdiction");
	if (!vc_is_did(ret->subject) || !vc_has_text(ret->type) || !vc_has_text(ret->level))
		return err_set(reterr, E_BAD, "the credential does not say whom it certifies, as what "
		    "and at which level");
	if (json_array_size(json_arr(subject, "kind")) == 0)
		return err_set(reterr, E_BAD, "the credential names no field of peer support");
	for (size_t i = 0; i < json_array_size(json_arr(subject, "kind")); i++)
		if (!vc_has_text(json_string_value(json_array_get(json_arr(subject, "kind"), i))))
			return err_set(reterr, E_BAD, "a field of peer support that the credential names is not text");
	if (json_array_size(ret->jurisdictions) == 0)
		return err_set(reterr, E_BAD, "the credential does not say where it holds");
	for (size_t i = 0; i < json_array_size(ret->jurisdictions); i++)
		if (!vc_has_text(json_string_value(json_array_get(ret->jurisdictions, i))))
			return err_set(reterr, E_BAD, "a place where the credential holds is not text");
	return 0;
}

/* Absent, or one entry for each purpose. */
static int
read_status(const json_t *status, struct reading *ret, struct err *reterr)
{
	int r = 0;

	if (status == NULL)
		return 0;
	if (json_array_size(status) < 1 || json_array_size(status) > STATUS_ENTRIES)
		return err_set(reterr, E_BAD, "the credential names a status that cannot be checked here");
	for (size_t i = 0; i < json_array_size(status) && r == 0; i++)
		r = status_entry_read(json_array_get(status, i), &ret->status[ret->n_status++], reterr);
	if (r == 0 && ret->n_status == 2 && ret->status[0].purpose == ret->status[1].purpose)
		return err_set(reterr, E_BAD, "the credential names two status lists for %s",
		    status_purpose_name(ret->status[0].purpose));
	return r;
}

static int
read_credential(const json_t *doc, struct reading *ret, struct err *reterr)
{
	int r = vc_read(doc, SIGNED_CREDENTIAL, "credential", &ret->vc, reterr);

	if (r == 0)
		r = read_subject(ret->vc.subject, ret, reterr);
	return r != 0 ? r : read_status(json_object_get(doc, "credentialStatus"), ret, reterr);
}

/* The first place that the issuer may not certify for, or NULL. */
static const char *
unentitled_place(const struct trust_issuer *issuer, const struct reading *cred)
{
	for (size_t i = 0; i < json_array_size(cred->jurisdictions); i++) {
		const char *where = json_string_value(json_array_get(cred->jurisdictions, i));

		if (!trust_entitles(issuer, cred->type, where))
			return where;
	}
	return NULL;
}

/* The first few. */
static const char *
places(const json_t *list, char ret[PLACES_TEXT])
{
	json_t *item;
	size_t i, len = 0;

	ret[0] = '\0';
	json_array_foreach(list, i, item) {
		if (i == PLACES) {
			(void)snprintf(ret + len, PLACES_TEXT - len, " and more");
			break;
		}
		len += (size_t)snprintf(ret + len, PLACES_TEXT - len, "%s%.6s", i > 0 ? ", " : "", json_string_value(item));
	}
	return ret;
}

static enum credential_verdict
judge_claims(const struct reading *cred, const struct trust_issuer *issuer, const char *subject,
    int64_t now, struct err *reason)
{
	const char *where = unentitled_place(issuer, cred);
	char day[WHEN_TEXT], text[PLACES_TEXT];

	if (where != NULL) {
		(void)err_set(reason, 0, "%s is not entitled to certify %s for %s", issuer->name,
		    cred->type, where);
		return CREDENTIAL_NOT_ENTITLED;
	}
	if (subject == NULL || strcmp(subject, cred->subject) != 0) {
		(void)err_set(reason, 0, "the credential was issued to somebody else than the "
		    "specialist of this record");
		return CREDENTIAL_WRONG_SUBJECT;
	}
	if (now + WHEN_SKEW < cred->vc.from) {
		(void)err_set(reason, 0, "the credential by %s is valid only from %s", issuer->name,
		    when_print_day(cred->vc.from, day));
		return CREDENTIAL_NOT_YET;
	}
	if (now - WHEN_SKEW > cred->vc.until) {
		(void)err_set(reason, 0, "the credential by %s expired on %s", issuer->name,
		    when_print_day(cred->vc.until, day));
		return CREDENTIAL_EXPIRED;
	}
	(void)err_set(reason, 0, "certified as %s by %s for %s until %s",
	    vc_has_text(cred->label) ? cred->label : cred->type, issuer->name, places(cred->jurisdictions, text),
	    when_print_day(cred->vc.until, day));
	return CREDENTIAL_CERTIFIED;
}

enum eligibility_answer
credential_holds(const json_t *subject, const char *region, struct err *reason)
{
	enum eligibility_answer a = eligibility_region(json_arr(subject, "jurisdiction"), region);

	if (a == ELIGIBILITY_CANNOT_SAY)
		(void)err_set(reason, 0, "certified for a part of %s, not for all of it: to be asked where in it the member lives", region);
	else if (a == ELIGIBILITY_NO)
		(void)err_set(reason, 0, eligibility_region(json_arr(subject, "reciprocity"), region) == ELIGIBILITY_NO ? "is not certified for %s" :
		    "is not certified for %s; the issuer says that it is accepted there: to be asked there", region);
	return a;
}

bool
credential_covers(const json_t *subject, const char *field, struct err *reason)
{
	const json_t *kinds = json_arr(subject, "kind"), *item;
	autobuf struct buf said = { 0 };
	int r = 0;
	size_t i;

	if (field == NULL)
		return true;
	json_array_foreach(kinds, i, item) {
		const char *kind = json_string_value(item);

		if (kind != NULL && strcasecmp(kind, field) == 0)
			return true;
		/* An issuer's own words are not passed on. */
		if (r == 0)
			r = buf_printf(&said, "%s%s", i > 0 ? ", " : "", event_enum_value(&ev_credential_kind_names, kind) > 0 ? kind : "another field");
	}
	if (reason != NULL)
		(void)err_set(reason, 0, "is not certified for %s: the credential is for %s", field,
		    r == 0 && said.len > 0 ? said.data : "another field");
	return false;
}

/* What the lists say that the credential names; CERTIFIED becomes less. */
static int
judge_status(const struct reading *cred, const struct credential_lists *lists,
    struct credential_finding *f)
{
	for (size_t i = 0; i < cred->n_status; i++) {
		const struct status_entry *entry = &cred->status[i];
		const struct status_list *list = NULL;
		struct status_finding said = { .verdict = STATUS_UNKNOWN };
		int r = 0;

		(void)err_set(&said.reason, 0, "it names a status list that is not held here");
		if (lists != NULL)
			r = lists->get(lists->cookie, cred->vc.issuer, entry->list, &list, &said);
		if (r < 0)
			return r;
		if (list != NULL)
			status_ask(list, entry, &said);
		if (said.verdict == STATUS_GOOD)
			continue;
		f->status = said.verdict;
		f->reason = said.reason;
		f->verdict = said.verdict == STATUS_REVOKED ? CREDENTIAL_REVOKED :
		    said.verdict == STATUS_SUSPENDED ? CREDENTIAL_SUSPENDED : CREDENTIAL_STATUS_UNKNOWN;
		err_add(&f->reason, f->verdict == CREDENTIAL_STATUS_UNKNOWN ?
		    "the credential may have been revoked" : "the credential does not count");
		/* Nothing is worse than revoked. */
		if (said.verdict == STATUS_REVOKED)
			break;
	}
	return 0;
}

static int
judge(const json_t *vc, const struct trust *trust, const char *subject,
    const struct credential_lists *lists, int64_t now, struct credential_finding *f)
{
	struct reading cred = { 0 };
	const struct trust_issuer *issuer;
	int r;

	if (vc == NULL) {
		f->verdict = CREDENTIAL_UNCERTIFIED;
		(void)err_set(&f->reason, 0, "no credential was published");
		return 0;
	}
	if (read_credential(vc, &cred, &f->reason) != 0) {
		f->verdict = CREDENTIAL_MALFORMED;
		return 0;
	}
	issuer = trust_issuer(trust, cred.vc.issuer);
	if (issuer == NULL) {
		f->verdict = CREDENTIAL_UNKNOWN_ISSUER;
		(void)trust_judge_issuer(trust, cred.vc.issuer, &f->reason);
		return 0;
	}
	r = signed_verify(vc, SIGNED_CREDENTIAL, trust_issuer_key(issuer, vc, now), &f->reason);
	if (r != 0) {
		f->verdict = CREDENTIAL_BAD_PROOF;
		err_add(&f->reason, "the credential was not signed by %s, or was changed afterwards",
		    issuer->name);
		return r < 0 ? r : 0;
	}
	f->verdict = judge_claims(&cred, issuer, subject, now, &f->reason);
	if (f->verdict == CREDENTIAL_CERTIFIED && (r = judge_status(&cred, lists, f)) != 0)
		return r;
	if (f->verdict == CREDENTIAL_CERTIFIED) {
		f->issuer = issuer->name;
		f->type = cred.type;
		f->label = cred.label;
		f->level = cred.level;
		f->jurisdictions = cred.jurisdictions;
		f->valid_until = cred.vc.until;
	}
	return 0;
}

int
credential_verify(const json_t *vc, const struct trust *trust, const char *subject,
    const struct credential_lists *lists, int64_t now, struct credential_finding *ret)
{
	struct credential_finding finding = { .verdict = CREDENTIAL_MALFORMED, .status = STATUS_GOOD };
	int r = judge(vc, trust, subject, lists, now, &finding);

	if (r == 0)
		*ret = finding;
	return r;
}

int
credential_build(const struct credential_claim *claim, const uint8_t seed[32], int64_t now,
    json_t **ret, struct err *reterr)
{
	struct vc vc = { .id = claim->id, .issuer = claim->issuer, .from = claim->valid_from,
		.until = claim->valid_until, .subject = claim->subject };
	struct reading again = { 0 };
	autojson json_t *doc = NULL;
	int r = vc_build(&vc, SIGNED_CREDENTIAL, claim->status, seed, now, &doc, reterr);

	if (r == 0)
		r = read_credential(doc, &again, reterr);
	if (r == 0)
		*ret = take(doc);
	return r;
}
