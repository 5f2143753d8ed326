/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "credential.h"
#include "vc.h"
#include "when.h"

#define KIND	"ledger"

enum { LISTS_MAX = 280, ID_MAX = 200 };

#define X(name, text) text,
static const char *const state_names[] = { LEDGER_STATES(X) };
static const char *const input_names[] = { LEDGER_INPUTS(X) };
#undef X

/* Where each input leads; a state that is not there refuses. */
static const struct {
	bool			may;
	enum ledger_state	to;
} table[LEDGER_NSTATES][LEDGER_NINPUTS] = {
	[LEDGER_ACTIVE] = { [LEDGER_RENEW] = { true, LEDGER_ACTIVE }, [LEDGER_SUSPEND] = { true, LEDGER_SUSPENDED },
	    [LEDGER_REVOKE] = { true, LEDGER_REVOKED } },
	[LEDGER_SUSPENDED] = { [LEDGER_REINSTATE] = { true, LEDGER_ACTIVE }, [LEDGER_REVOKE] = { true, LEDGER_REVOKED } },
};

const char *
ledger_state_name(enum ledger_state state)
{
	return (unsigned)state < LEDGER_NSTATES ? state_names[state] : "unknown";
}

const char *
ledger_input_name(enum ledger_input input)
{
	return (unsigned)input < LEDGER_NINPUTS ? input_names[input] : "unknown";
}

enum ledger_state
ledger_state(const json_t *entry)
{
	const char *text = json_str(entry, "state");

	for (size_t i = 0; text != NULL && i < LEDGER_NSTATES; i++)
		if (strcmp(text, state_names[i]) == 0)
			return (enum ledger_state)i;
	return LEDGER_NSTATES;
}

static bool
is_term(int64_t from, int64_t until)
{
	return from > 0 && until > from && until <= WHEN_MAX;
}

static bool
is_text(const char *s, size_t max)
{
	return vc_has_text(s) && strlen(s) <= max;
}

static bool
is_whole_entry(const json_t *entry)
{
	static const char *const known[] = { "id", "index", "state", "from", "until", "signed", "subject" };
	int64_t index = json_int(entry, "index", -1), made = json_int(entry, "signed", 0);

	return json_object_size(entry) == nelem(known) && vc_foreign(entry, known, nelem(known)) == NULL &&
	    is_text(json_str(entry, "id"), ID_MAX) && index >= 0 && index < STATUS_BITS_MIN &&
	    ledger_state(entry) != LEDGER_NSTATES && json_obj(entry, "subject") != NULL && made > 0 &&
	    made <= WHEN_MAX && is_term(json_int(entry, "from", 0), json_int(entry, "until", 0));
}

int
ledger_check(const json_t *ledger, struct err *reterr)
{
	static const char *const known[] = { "v", "kind", "version", "lists", "listed", "entries" };
	const json_t *entries = json_arr(ledger, "entries");
	const char *kind = json_str(ledger, "kind");
	uint8_t used[STATUS_BITS_MIN / 8] = { 0 };
	int64_t version = json_int(ledger, "version", 0), listed = json_int(ledger, "listed", -1);

	if (json_int(ledger, "v", 0) != 1 || kind == NULL || strcmp(kind, KIND) != 0 ||
	    vc_foreign(ledger, known, nelem(known)) != NULL)
		return err_set(reterr, E_BAD, "this is no ledger of version 1");
	if (version >= CANON_INT_MAX)
		return err_set(reterr, E_BAD, "the ledger's version is %" PRId64 ": there is none after it", version);
	if (version < 1 || listed < 0 || listed > WHEN_MAX ||
	    !is_text(json_str(ledger, "lists"), LISTS_MAX) || strchr(json_str(ledger, "lists"), ':') == NULL)
		return err_set(reterr, E_BAD, "the ledger lacks its version, or the names or the date of its lists");
	if (entries == NULL || json_array_size(entries) > LEDGER_MAX)
		return err_set(reterr, E_BAD, "the ledger has no entries, or more than %d", LEDGER_MAX);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		uint32_t at;

		if (!is_whole_entry(entry))
			return err_set(reterr, E_BAD, "entry %zu of the ledger is not whole", i + 1);
		at = (uint32_t)json_int(entry, "index", 0);
		if (used[at / 8] & 1u << at % 8)
			return err_set(reterr, E_BAD, "entry %zu of the ledger has the place of another", i + 1);
		used[at / 8] = (uint8_t)(used[at / 8] | 1u << at % 8);
	}
	return 0;
}

int
ledger_new(const char *lists, json_t **ret, struct err *reterr)
{
	autojson json_t *ledger = json_pack("{s:i, s:s, s:i, s:s, s:i, s:[]}", "v", 1, "kind", KIND,
	    "version", 1, "lists", lists, "listed", 0, "entries");

	if (ledger == NULL)
		return -ENOMEM;
	if (ledger_check(ledger, NULL) != 0)
		return err_set(reterr, E_BAD, "the names of status lists are URIs, of at most %d bytes: %s", LISTS_MAX, lists);
	*ret = take(ledger);
	return 0;
}

bool
ledger_uses(const json_t *ledger, uint32_t index)
{
	size_t i;
	json_t *entry;

	json_array_foreach(json_arr(ledger, "entries"), i, entry)
		if (json_int(entry, "index", -1) == index)
			return true;
	return false;
}

json_t *
ledger_entry(const json_t *ledger, int64_t number)
{
	return number > 0 ? json_array_get(json_arr(ledger, "entries"), (size_t)number - 1) : NULL;
}

static int
put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0 ? 0 : -ENOMEM;
}

int
ledger_issue(json_t *ledger, const char *id, uint32_t index, const json_t *subject,
    const struct ledger_term *term, struct err *reterr)
{
	json_t *entries = json_arr(ledger, "entries"), *entry;
	size_t i;

	if (!is_text(id, ID_MAX) || index >= STATUS_BITS_MIN || !json_is_object(subject) || term->now < 1)
		return err_set(reterr, E_BAD, "an entry has an id, a place and a subject");
	if (!is_term(term->from, term->until))
		return err_set(reterr, E_BAD, "a credential ends after it begins");
	if (json_array_size(entries) >= LEDGER_MAX)
		return err_set(reterr, E_REFUSED, "this book is full: %d credentials; begin another", LEDGER_MAX);
	json_array_foreach(entries, i, entry)
		if (strcmp(json_str(entry, "id"), id) == 0)
			return err_set(reterr, E_REFUSED, "there is a credential %s", id);
	if (ledger_uses(ledger, index))
		return err_set(reterr, E_REFUSED, "the place %" PRIu32 " is taken", index);
	entry = json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:O}", "id", id, "index", (json_int_t)index, "state",
	    state_names[LEDGER_ACTIVE], "from", (json_int_t)term->from, "until", (json_int_t)term->until,
	    "signed", (json_int_t)term->now, "subject", subject);
	return entry != NULL && json_array_append_new(entries, entry) == 0 ? 0 : -ENOMEM;
}

int
ledger_change(json_t *ledger, int64_t number, enum ledger_input input, const struct ledger_term *term,
    struct err *reterr)
{
	json_t *entry = ledger_entry(ledger, number);
	enum ledger_state state = ledger_state(entry);
	int r = 0;

	if (entry == NULL)
		return err_set(reterr, E_NOTFOUND, "there is no credential %" PRId64, number);
	if ((unsigned)input >= LEDGER_NINPUTS || !table[state][input].may)
		return err_set(reterr, E_REFUSED, "credential %" PRId64 " is %s: %s is not possible", number,
		    state_names[state], ledger_input_name(input));
	if (input == LEDGER_RENEW) {
		if (!is_term(term->from, term->until) || term->now < 1)
			return err_set(reterr, E_BAD, "a credential ends after it begins");
		if (term->until <= json_int(entry, "until", 0))
			return err_set(reterr, E_BAD, "credential %" PRId64 " lasts as long already", number);
		if ((r = put(entry, "from", json_integer(term->from))) != 0 ||
		    (r = put(entry, "until", json_integer(term->until))) != 0 ||
		    (r = put(entry, "signed", json_integer(term->now))) != 0)
			return r;
	}
	return put(entry, "state", json_string(state_names[table[state][input].to]));
}

static void
list_name(const json_t *ledger, enum status_purpose purpose, char out[LISTS_MAX + 16])
{
	(void)snprintf(out, LISTS_MAX + 16, "%s%s", json_str(ledger, "lists"), status_purpose_name(purpose));
}

int
ledger_credential(const json_t *ledger, int64_t number, const uint8_t seed[32], json_t **ret, struct err *reterr)
{
	const json_t *entry = ledger_entry(ledger, number);
	autojson json_t *status = json_array();
	struct credential_claim claim = { .id = json_str(entry, "id"), .subject = json_obj(entry, "subject"),
		.valid_from = json_int(entry, "from", 0), .valid_until = json_int(entry, "until", 0), .status = status };

	if (entry == NULL)
		return err_set(reterr, E_NOTFOUND, "there is no credential %" PRId64, number);
	for (int p = 0; p < STATUS_NPURPOSES; p++) {
		char list[LISTS_MAX + 16];
		struct status_entry at = { .purpose = (enum status_purpose)p, .list = list,
			.index = (uint32_t)json_int(entry, "index", 0) };

		list_name(ledger, at.purpose, list);
		if (json_array_append_new(status, status_entry_build(&at)) != 0)
			return -ENOMEM;
	}
	return credential_build(&claim, seed, json_int(entry, "signed", 0), ret, reterr);
}

int
ledger_date(json_t *ledger, int64_t now)
{
	int64_t last = json_int(ledger, "listed", 0);
	int r = put(ledger, "listed", json_integer(now > last ? now : last + 1000));

	return r == 0 ? put(ledger, "version", json_integer(json_int(ledger, "version", 0) + 1)) : r;
}

int
ledger_list(const json_t *ledger, enum status_purpose purpose, const uint8_t seed[32], json_t **ret,
    struct err *reterr)
{
	enum ledger_state marked = purpose == STATUS_REVOCATION ? LEDGER_REVOKED : LEDGER_SUSPENDED;
	uint8_t bits[STATUS_BITS_MIN / 8] = { 0 };
	char name[LISTS_MAX + 16];
	int64_t listed = json_int(ledger, "listed", 0);
	struct status_draft draft = { .id = name, .purpose = purpose, .bits = bits, .nbits = STATUS_BITS_MIN,
		.from = listed, .until = listed + LEDGER_LIST_LIFE };
	size_t i;
	json_t *entry;

	if (listed == 0)
		return err_set(reterr, E_REFUSED, "the lists have no date yet");
	list_name(ledger, purpose, name);
	json_array_foreach(json_arr(ledger, "entries"), i, entry) {
		uint32_t at = (uint32_t)json_int(entry, "index", 0);

		if (ledger_state(entry) == marked)
			bits[at / 8] = (uint8_t)(bits[at / 8] | 0x80u >> at % 8);
	}
	return status_build(&draft, seed, listed, ret, reterr);
}

const char *
ledger_advice(const json_t *entry, int64_t now)
{
	int64_t until = json_int(entry, "until", 0);

	if (ledger_state(entry) == LEDGER_REVOKED)
		return "";
	return until <= now ? "expired" : until - now <= LEDGER_REMIND ? "renewal due" : "";
}
