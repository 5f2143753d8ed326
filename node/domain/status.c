/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/gzip.h"
#include "base/proof.h"
#include "signed.h"
#include "trust.h"
#include "vc.h"
#include "when.h"

#define WHAT		"status list"
#define TYPE_LIST	"BitstringStatusList"
#define TYPE_ENTRY	"BitstringStatusListEntry"

enum { INDEX_DIGITS = 7, URI_MAX = 300 };

#define X(name, text) text,
static const char *const purpose_names[] = { STATUS_PURPOSES(X) };
static const char *const verdict_names[] = { STATUS_VERDICTS(X) };
#undef X

struct status_list {
	enum status_purpose	 purpose;
	int64_t			 issued;
	char			 issuer[256];	/* Name, for sentences. */
	uint8_t			*bits;
	size_t			 nbits;
};

const char *
status_purpose_name(enum status_purpose purpose)
{
	return (unsigned)purpose < STATUS_NPURPOSES ? purpose_names[purpose] : "unknown";
}

const char *
status_verdict_name(enum status_verdict verdict)
{
	return (unsigned)verdict < STATUS_NVERDICTS ? verdict_names[verdict] : "unknown";
}

void
status_free(struct status_list *list)
{
	if (list == NULL)
		return;
	free(list->bits);
	free(list);
}

int64_t
status_issued(const struct status_list *list)
{
	return list->issued;
}

static int
read_purpose(const json_t *object, enum status_purpose *ret)
{
	const char *text = json_str(object, "statusPurpose");

	for (size_t i = 0; text != NULL && i < STATUS_NPURPOSES; i++)
		if (strcmp(text, purpose_names[i]) == 0) {
			*ret = (enum status_purpose)i;
			return 0;
		}
	return E_BAD;
}

static bool
is_uri(const char *s)
{
	return vc_has_text(s) && strlen(s) <= URI_MAX;
}

/* "0" or digits that do not begin with 0. */
static int
read_index(const char *text, uint32_t *ret)
{
	size_t n = text != NULL ? strspn(text, "0123456789") : 0;

	if (n == 0 || n > INDEX_DIGITS || text[n] != '\0' || (text[0] == '0' && n > 1))
		return E_BAD;
	*ret = (uint32_t)strtoul(text, NULL, 10);
	return 0;
}

int
status_entry_read(const json_t *json, struct status_entry *ret, struct err *reterr)
{
	static const char *const known[] = { "id", "type", "statusPurpose", "statusListIndex",
		"statusListCredential" };
	const char *type = json_str(json, "type");
	struct status_entry entry = { .list = json_str(json, "statusListCredential") };

	if (type == NULL || strcmp(type, TYPE_ENTRY) != 0 || vc_foreign(json, known, nelem(known)) != NULL)
		return err_set(reterr, E_BAD, "the credential names a status that cannot be checked here");
	if (read_purpose(json, &entry.purpose) != 0)
		return err_set(reterr, E_BAD, "the credential names a status list for another purpose "
		    "than revocation and suspension");
	if (!is_uri(entry.list) || read_index(json_str(json, "statusListIndex"), &entry.index) != 0)
		return err_set(reterr, E_BAD, "the credential does not say where in which status list "
		    "it stands");
	*ret = entry;
	return 0;
}

json_t *
status_entry_build(const struct status_entry *entry)
{
	char index[16];

	(void)snprintf(index, sizeof(index), "%" PRIu32, entry->index);
	return json_pack("{s:s, s:s, s:s, s:s}", "type", TYPE_ENTRY, "statusPurpose",
	    status_purpose_name(entry->purpose), "statusListIndex", index, "statusListCredential", entry->list);
}

const char *
status_peek(const json_t *vc, int64_t *ret_issued)
{
	const char *id = json_str(vc, "id"), *from = json_str(vc, "validFrom");

	if (from == NULL || when_parse(from, ret_issued) != 0)
		*ret_issued = 0;
	return is_uri(id) ? id : NULL;
}

/* The bits of the subject; E_BAD with the reason. */
static int
read_bits(const json_t *subject, struct status_list *list, struct err *reterr)
{
	const char *text = json_str(subject, "encodedList");
	autofree uint8_t *packed = NULL;
	size_t len = text != NULL ? strlen(text) : 0, n;
	int r;

	/* One event holds less than this; what it unpacks to is bounded besides. */
	if (len < 2 || text[0] != 'u' || len > STATUS_BITS_MAX)
		return err_set(reterr, E_BAD, "the status list holds no compressed bits");
	packed = malloc(len);
	if (packed == NULL)
		return -ENOMEM;
	if (decode_b64url(text + 1, len - 1, packed, len, &n) != 0)
		return err_set(reterr, E_BAD, "the bits of the status list are not base64url");
	r = gzip_unpack(packed, n, STATUS_BITS_MAX / 8, &list->bits, &n, reterr);
	if (r != 0) {
		err_add(reterr, "the bits of the status list");
		return r;
	}
	list->nbits = n * 8;
	if (list->nbits < STATUS_BITS_MIN)
		return err_set(reterr, E_BAD, "the status list has %zu entries, %d at least are wanted",
		    list->nbits, STATUS_BITS_MIN);
	return 0;
}

/* Shape and content, but neither who signed nor when. */
static int
read_list(const json_t *doc, struct vc *vc, struct status_list *list, int64_t *ret_ttl, struct err *reterr)
{
	static const char *const known[] = { "id", "type", "statusPurpose", "encodedList", "ttl" };
	const char *type;
	int r = vc_read(doc, SIGNED_STATUS_LIST, WHAT, vc, reterr);

	if (r != 0)
		return r;
	type = json_str(vc->subject, "type");
	if (!is_uri(vc->id))
		return err_set(reterr, E_BAD, "the status list has no name");
	if (type == NULL || strcmp(type, TYPE_LIST) != 0 ||
	    vc_foreign(vc->subject, known, nelem(known)) != NULL)
		return err_set(reterr, E_BAD, "the status list holds something else than a bitstring");
	if (read_purpose(vc->subject, &list->purpose) != 0)
		return err_set(reterr, E_BAD, "the status list is for another purpose than revocation "
		    "and suspension");
	*ret_ttl = json_int(vc->subject, "ttl", STATUS_MAX_AGE);
	if (*ret_ttl < 1 || (json_object_get(vc->subject, "ttl") != NULL &&
	    !json_is_integer(json_object_get(vc->subject, "ttl"))))
		return err_set(reterr, E_BAD, "the ttl of the status list is not a number of milliseconds");
	list->issued = vc->from;
	return read_bits(vc->subject, list, reterr);
}

static int
finish(struct status_finding *f, enum status_verdict verdict)
{
	f->verdict = verdict;
	return 0;
}

/* Whose key must have signed: the issuer's of the credential, or of who answers for it. */
static const struct trust_issuer *
signer(const struct status_context *c, const char *claims)
{
	const struct trust_issuer *issuer = trust_issuer(c->trust, c->issuer);

	if (issuer == NULL || strcmp(claims, c->issuer) == 0)
		return issuer;
	return trust_may_answer(issuer, claims) ? trust_issuer(c->trust, claims) : NULL;
}

static int
judge_age(const struct vc *vc, int64_t ttl, const struct status_context *c, const char *name,
    struct status_finding *f)
{
	int64_t life = ttl < STATUS_MAX_AGE ? ttl : STATUS_MAX_AGE;
	char day[WHEN_TEXT], newer[WHEN_TEXT];

	if (c->now + WHEN_SKEW < vc->from) {
		(void)err_set(&f->reason, 0, "the status list of %s is dated in the future: %s", name,
		    when_print_day(vc->from, day));
		return finish(f, STATUS_NOT_YET);
	}
	if (vc->from < c->newest) {
		(void)err_set(&f->reason, 0, "the status list of %s is of %s, but one of %s was seen "
		    "before", name, when_print(vc->from, day), when_print(c->newest, newer));
		return finish(f, STATUS_ROLLED_BACK);
	}
	if (c->now - WHEN_SKEW > vc->until || c->now - WHEN_SKEW - vc->from > life) {
		(void)err_set(&f->reason, 0, "the status list of %s is of %s, which is too old; a new "
		    "one is due", name, when_print_day(vc->from, day));
		return finish(f, STATUS_STALE);
	}
	return finish(f, STATUS_GOOD);
}

static int
judge(const json_t *doc, const struct status_context *c, struct status_list *list,
    struct status_finding *f)
{
	const struct trust_issuer *by;
	struct vc vc;
	int64_t ttl = 0;
	int r = read_list(doc, &vc, list, &ttl, &f->reason);

	if (r != 0)
		return r < 0 ? r : finish(f, STATUS_MALFORMED);
	if (strcmp(vc.id, c->list) != 0) {
		(void)err_set(&f->reason, 0, "this is another status list than the credential names");
		return finish(f, STATUS_UNKNOWN);
	}
	by = signer(c, vc.issuer);
	if (by == NULL) {
		(void)err_set(&f->reason, 0, "the status list is by %s, who does not answer for the "
		    "credential's issuer", vc.issuer);
		return finish(f, STATUS_WRONG_ISSUER);
	}
	r = signed_verify(doc, SIGNED_STATUS_LIST, trust_issuer_key(by, doc, c->now), &f->reason);
	if (r != 0) {
		err_add(&f->reason, "the status list was not signed by %s, or was changed afterwards",
		    by->name);
		return r < 0 ? r : finish(f, STATUS_BAD_PROOF);
	}
	(void)snprintf(list->issuer, sizeof(list->issuer), "%s", by->name);
	return judge_age(&vc, ttl, c, by->name, f);
}

int
status_open(const json_t *doc, const struct status_context *c, struct status_list **ret,
    struct status_finding *ret_finding)
{
	autostatus struct status_list *list = calloc(1, sizeof(*list));
	struct status_finding f = { .verdict = STATUS_MALFORMED };
	int r = list != NULL ? judge(doc, c, list, &f) : -ENOMEM;

	if (r != 0)
		return r;
	*ret = f.verdict == STATUS_GOOD ? take(list) : NULL;
	*ret_finding = f;
	return 0;
}

void
status_ask(const struct status_list *list, const struct status_entry *entry, struct status_finding *ret)
{
	char day[WHEN_TEXT];

	*ret = (struct status_finding){ .verdict = STATUS_GOOD };
	(void)when_print_day(list->issued, day);
	if (entry->purpose != list->purpose) {
		ret->verdict = STATUS_WRONG_PURPOSE;
		(void)err_set(&ret->reason, 0, "the status list of %s is for %s, not for %s",
		    list->issuer, status_purpose_name(list->purpose), status_purpose_name(entry->purpose));
	} else if (entry->index >= list->nbits) {
		ret->verdict = STATUS_OUT_OF_RANGE;
		(void)err_set(&ret->reason, 0, "the status list of %s has no entry %" PRIu32,
		    list->issuer, entry->index);
	} else if (list->bits[entry->index / 8] & 0x80u >> entry->index % 8) {
		ret->verdict = list->purpose == STATUS_REVOCATION ? STATUS_REVOKED : STATUS_SUSPENDED;
		(void)err_set(&ret->reason, 0, "%s, says the list of %s of %s",
		    verdict_names[ret->verdict], list->issuer, day);
	}
}

int
status_build(const struct status_draft *draft, const uint8_t seed[32], int64_t now, json_t **ret,
    struct err *reterr)
{
	autofree uint8_t *packed = NULL;
	autofree char *text = NULL, *id = NULL;
	autojson json_t *subject = NULL;
	struct vc vc = { .id = draft->id, .issuer = draft->issuer, .from = draft->from, .until = draft->until };
	size_t n;
	int r;

	if (!is_uri(draft->id) || draft->nbits < STATUS_BITS_MIN || draft->nbits > STATUS_BITS_MAX ||
	    draft->nbits % 8 != 0)
		return err_set(reterr, E_BAD, "a status list has a name, and from %d to %d entries",
		    STATUS_BITS_MIN, STATUS_BITS_MAX);
	if ((r = gzip_pack(draft->bits, draft->nbits / 8, &packed, &n)) != 0)
		return r;
	text = malloc(B64_LEN(n) + 2);
	id = malloc(strlen(draft->id) + sizeof("#list"));
	if (text == NULL || id == NULL)
		return -ENOMEM;
	text[0] = 'u';
	encode_b64url(packed, n, text + 1);
	(void)stpcpy(stpcpy(id, draft->id), "#list");
	subject = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "type", TYPE_LIST, "statusPurpose",
	    status_purpose_name(draft->purpose), "encodedList", text);
	vc.subject = subject;
	return subject != NULL ? vc_build(&vc, SIGNED_STATUS_LIST, NULL, seed, now, ret, reterr) : -ENOMEM;
}
