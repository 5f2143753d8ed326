/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker beyond the examples: hostile values at every place of every
 * example, bounds to the byte, and every allocation failing once.
 * Link with -Wl,--wrap=calloc,--wrap=strdup: the test decides which one fails.
 */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/grammar.h"
#include "base/proof.h"
#include "events.h"
#include "tests/tap.h"

/* Allocations left until one fails; negative: none does. */
static long countdown = -1;

static int
fails_now(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void	*__real_calloc(size_t, size_t);
void	*__wrap_calloc(size_t, size_t);
char	*__real_strdup(const char *);
char	*__wrap_strdup(const char *);

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

char *
__wrap_strdup(const char *s)
{
	return fails_now() ? NULL : __real_strdup(s);
}

static void *
json_malloc(size_t n)
{
	return fails_now() ? NULL : malloc(n);
}

/* The example of a type, from the source tree. */
static json_t *
example(const char *stem)
{
	const char *dir = getenv("srcdir");
	char path[4096];
	json_error_t e;
	json_t *json;

	(void)snprintf(path, sizeof(path), "%s/schemas/%s.example.json", dir != NULL ? dir : ".", stem);
	json = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
	if (json == NULL) {
		printf("Bail out! %s: %s\n", path, e.text);
		exit(EXIT_FAILURE);
	}
	return json;
}

static const struct {
	const char		*stem;
	const struct ev_desc	*desc;
} all[] = {
	{ "program", &rec_program_desc }, { "group", &rec_group_desc },
	{ "specialist", &rec_specialist_desc }, { "credential", &rec_credential_desc },
	{ "resource", &rec_resource_desc }, { "story", &rec_story_desc },
	{ "crisis_line", &rec_crisis_line_desc },
	{ "manifest", &rec_manifest_desc }, { "record", &ev_record_desc },
	{ "trust", &file_trust_desc }, { "consent", &ev_consent_desc },
	{ "follow", &ev_follow_desc }, { "referral.request", &ev_referral_request_desc },
	{ "referral.ack", &ev_referral_ack_desc }, { "referral.answer", &ev_referral_answer_desc },
	{ "referral.disclosure", &ev_referral_disclosure_desc },
	{ "referral.outcome", &ev_referral_outcome_desc },
};

/* What ${json} answers as a request; frees what it parsed. */
static int
parse_request(const json_t *json, struct err *reterr)
{
	struct ev_referral_request req = { 0 };
	int r = event_parse(&ev_referral_request_desc, json, &req, reterr);

	event_free(&ev_referral_request_desc, &req);
	return r;
}

/* With ${value} (taken) as member ${key} of the example request. */
static int
request_with(const char *key, json_t *value, struct err *reterr)
{
	autojson json_t *json = example("referral.request");

	(void)json_object_set_new_nocheck(json, key, value);
	return parse_request(json, reterr);
}

static void
test_struct(void)
{
	autojson json_t *json = example("referral.answer"), *printed = NULL;
	struct ev_referral_answer a, untouched;
	struct err err = { "" };

	is_int(event_parse(&ev_referral_answer_desc, json, &a, &err), 0, "an answer parses");
	ok(a.decision == EV_DECISION_DECLINE && a.reason == EV_DECLINE_REASON_OTHER && a.seq == 2,
	    "enums and numbers arrive");
	is_str(a.reason_text, json_str(json, "reason_text"), "text arrives");
	is_str(event_enum_text(&ev_decision_names, a.decision), "decline", "an enum has a name");
	ok(event_enum_text(&ev_decision_names, 0) == NULL &&
	    event_enum_text(&ev_decision_names, EV_DECISION_END) == NULL &&
	    event_enum_text(&ev_decision_names, -1) == NULL, "values out of range have none");
	is_int(event_enum_value(&ev_decision_names, "waitlist"), EV_DECISION_WAITLIST, "and back");
	ok(event_enum_value(&ev_decision_names, "no") == 0 &&
	    event_enum_value(&ev_decision_names, NULL) == 0, "a foreign word is no value");

	a.decision = EV_DECISION_ACCEPT;
	is_int(event_print(&ev_referral_answer_desc, &a, &printed, &err), E_BAD,
	    "what a partner would refuse is not printed");
	is_str(err.text, "/reason: must not be there, since decision is accept", "and why");
	ok(printed == NULL, "nothing was printed");
	a.reason = EV_DECLINE_REASON_UNSET;
	free(take(a.reason_text));
	is_int(event_print(&ev_referral_answer_desc, &a, &printed, &err), 0, "now it prints");
	ok(json_object_get(printed, "reason") == NULL, "an absent enum is absent");
	ok(json_integer_value(json_object_get(printed, "v")) == 1, "a constant is printed");
	json_decref(take(printed));
	free(a.body);
	a.body = strdup("\xff\xfe");
	is_int(event_print(&ev_referral_answer_desc, &a, &printed, &err), E_BAD, "not UTF-8");
	is_str(err.text, "/body: is not UTF-8", "and where");
	event_free(&ev_referral_answer_desc, &a);
	ok(a.body == NULL && a.seq == 0, "freed is zeroed");
	event_free(&ev_referral_answer_desc, &a);
	is_int(event_print(&ev_referral_answer_desc, &a, &printed, &err), E_BAD, "nothing is no event");
	is_str(err.text, "/id: missing", "and what is missing first");

	memset(&a, 0x5a, sizeof(a));
	memset(&untouched, 0x5a, sizeof(untouched));
	(void)json_object_del(json, "sent_at");
	is_int(event_parse(&ev_referral_answer_desc, json, &a, NULL), E_BAD, "refused without asking why");
	ok(memcmp(&a, &untouched, sizeof(a)) == 0, "a refusal leaves the struct alone");
}

static void
test_text(void)
{
	struct err err = { "" };
	char body[502];

	memset(body, 'x', sizeof(body));
	body[500] = '\0';
	is_int(request_with("body", json_string(body), &err), 0, "500 bytes fit");
	body[500] = 'x', body[501] = '\0';
	is_int(request_with("body", json_string(body), &err), E_BAD, "501 do not");
	is_str(err.text, "/body: must be 1 to 500 bytes long, is 501", "and the lengths");
	ok(request_with("body", json_string(""), &err) == E_BAD, "nor does nothing");
	ok(request_with("body", json_string("line\n\tline \xc2\xa0\xe2\x80\xae"), &err) == 0,
	    "line feed, tab and any language");
	ok(request_with("body", json_stringn("a\0b", 3), &err) == E_BAD, "no NUL inside");
	ok(request_with("body", json_stringn("a\0", 2), &err) == E_BAD, "no NUL at the end");
	is_str(err.text, "/body: holds a control character", "and why");
	ok(request_with("body", json_string("\x1b[31m"), &err) == E_BAD, "no escape");
	ok(request_with("body", json_string("\x7f"), &err) == E_BAD, "no delete");
	ok(request_with("body", json_string("\xc2\x9b" "31m"), &err) == E_BAD, "no C1 control");
	ok(request_with("need", json_stringn("grief\0x", 7), &err) == E_BAD, "no NUL in a closed list");
	ok(request_with("v", json_true(), &err) == E_BAD, "true is not 1");
	ok(request_with("v", json_real(1.0), &err) == E_BAD, "1.0 is not 1");
	is_str(err.text, "/v: must be 1", "and what is");
	ok(request_with("seq", json_integer(9007199254740991), &err) == 0, "2^53-1 is a number");
	ok(request_with("seq", json_integer(9007199254740992), &err) == E_BAD, "2^53 is not");
}

static void
test_unknown_members(void)
{
	struct err err = { "" };
	char name[120];

	is_int(request_with("extra", json_null(), &err), E_BAD, "an unknown member");
	is_str(err.text, "/extra: unknown member", "named");
	(void)request_with("a/b~c d\x1b\xc3\xa9", json_null(), &err);
	is_str(err.text, "/a~1b~0c?d???: unknown member", "a foreign name is escaped");
	memset(name, '~', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	(void)request_with(name, json_null(), &err);
	ok(strlen(err.text) == 81 + strlen(": unknown member"), "and cut");
	(void)request_with("", json_null(), &err);
	is_str(err.text, "/: unknown member", "even the empty one");
}

static void
test_lists_and_constants(void)
{
	autojson json_t *json = example("trust"), *ack = example("referral.ack"), *printed = NULL;
	struct ev_referral_ack a;
	struct file_trust trust;
	struct err err = { "" };

	(void)json_object_set_new(json, "orgs", json_array());
	is_int(event_parse(&file_trust_desc, json, &trust, &err), 0, "a list that must be there may be empty");
	ok(trust.n_orgs == 0 && trust.orgs != NULL && trust.n_issuers == 1, "and is");
	is_int(event_print(&file_trust_desc, &trust, &printed, &err), 0, "it prints");
	ok(json_equal(json, printed), "empty as it was");
	event_free(&file_trust_desc, &trust);
	(void)json_object_set_new(json, "kind", json_stringn("trust\0x", 7));
	is_int(event_parse(&file_trust_desc, json, &trust, &err), E_BAD, "no NUL in a constant");
	is_str(err.text, "/kind: must be \"trust\"", "and why");
	json_decref(take(printed));

	is_int(event_parse(&ev_referral_ack_desc, ack, &a, &err), 0, "an acknowledgement parses");
	free(take(a.ack_of[0]));
	is_int(event_print(&ev_referral_ack_desc, &a, &printed, &err), E_BAD, "a hole in a list");
	is_str(err.text, "/ack_of/0: missing", "and where");
	event_free(&ev_referral_ack_desc, &a);
}

static void
test_find(void)
{
	ok(event_find(ev_events, ev_n_events, "org.cairnpeer.referral.ack") == &ev_referral_ack_desc,
	    "an event by its type");
	ok(event_find(ev_events, ev_n_events, "org.cairnpeer.nothing") == NULL, "no such event");
	/* The closed list of kinds and the schemas of records are one. */
	for (int kind = 1; kind < EV_RECORD_KIND_END; kind++)
		ok(event_find(ev_records, ev_n_records, event_enum_text(&ev_record_kind_names, kind)) != NULL,
		    "record kind %s has a type", event_enum_text(&ev_record_kind_names, kind));
	is_int(ev_n_records, EV_RECORD_KIND_END - 1, "and there are no others");
}

/* Put hostile values in each place below ${node}, and parse ${root} each time. */
static unsigned
spoil(const struct ev_desc *desc, json_t *root, json_t *node, unsigned *refused)
{
	static const char * const values[] = {
		"null", "true", "[]", "{}", "\"\"", "0", "-9007199254740992", "1e308",
		"\"\\u0000\"", "[[[[]]]]", "{\"v\":{\"v\":{}}}", "[null,null]", "\"\\uD83D\\uDE00\"",
	};
	unsigned tried = 0;
	size_t n = json_is_object(node) ? json_object_size(node) : json_array_size(node);

	for (size_t i = 0; i < n; i++) {
		const char *key = NULL;
		autojson json_t *kept = NULL;

		if (json_is_object(node)) {
			void *iter = json_object_iter(node);

			for (size_t k = 0; k < i; k++)
				iter = json_object_iter_next(node, iter);
			key = json_object_iter_key(iter);
			kept = json_incref(json_object_iter_value(iter));
		} else {
			kept = json_incref(json_array_get(node, i));
		}
		for (size_t v = 0; v < nelem(values); v++) {
			autofree void *event = calloc(1, desc->size);
			json_t *bad = json_loads(values[v], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
			struct err err = { "" };

			if (key != NULL)
				(void)json_object_set_new(node, key, bad);
			else
				(void)json_array_set_new(node, i, bad);
			tried++;
			if (event_parse(desc, root, event, &err) != 0)
				*refused += strstr(err.text, ": ") != NULL;
			event_free(desc, event);
		}
		if (key != NULL)
			(void)json_object_set(node, key, kept);
		else
			(void)json_array_set(node, i, kept);
		/* Below a kept object everything goes. */
		if (key == NULL || (strcmp(key, "body") != 0 && strcmp(key, "credential") != 0))
			tried += spoil(desc, root, kept, refused);
	}
	return tried;
}

static void
test_hostile_values(void)
{
	for (size_t i = 0; i < nelem(all); i++) {
		autojson json_t *json = example(all[i].stem);
		unsigned refused = 0, tried = spoil(all[i].desc, json, json, &refused);
		autofree void *event = calloc(1, all[i].desc->size);

		/* What stays is 0 in a counter, true in a flag, an emoji in a text, and kept objects. */
		ok(tried > 50 && refused > tried / 2, "%s: %u of %u spoilt values refused", all[i].stem,
		    refused, tried);
		is_int(event_parse(all[i].desc, json, event, NULL), 0, "%s: and the repaired one is not",
		    all[i].stem);
		event_free(all[i].desc, event);
	}
}

/* Parse and print with each allocation failing in turn, until none is left to fail. */
static void
test_no_memory(void)
{
	for (size_t i = 0; i < nelem(all); i++) {
		autojson json_t *json = example(all[i].stem);
		autofree char *event = calloc(2, all[i].desc->size);
		char *zero = event + all[i].desc->size;
		long nth = 0, parses, wrong = 0;
		int r;

		for (;; nth++) {
			countdown = nth;
			r = event_parse(all[i].desc, json, event, NULL);
			countdown = -1;
			if (r == 0)
				break;
			wrong += r != -ENOMEM || memcmp(event, zero, all[i].desc->size) != 0;
		}
		parses = nth;
		for (nth = 0;; nth++) {
			json_t *printed = NULL;

			countdown = nth;
			r = event_print(all[i].desc, event, &printed, NULL);
			countdown = -1;
			if (r == 0) {
				wrong += !json_equal(printed, json);
				json_decref(printed);
				break;
			}
			wrong += r != -ENOMEM || printed != NULL;
		}
		event_free(all[i].desc, event);
		ok(wrong == 0 && parses > 1 && nth > parses, "%s: each of %ld + %ld allocations may fail",
		    all[i].stem, parses, nth);
	}
}

/* The examples are not only well-formed: they are signed by the keys that they name. */
static void
test_examples_verify(void)
{
	static const char * const signed_ones[] = { "record", "trust", "credential" };

	for (size_t i = 0; i < nelem(signed_ones); i++) {
		autojson json_t *json = example(signed_ones[i]);
		const json_t *set = json_arr(json, "proof");
		const char *method;
		uint8_t key[ED25519_PUBLIC];
		struct err err = { "" };
		char text[49];

		/* Each proof of a set is over the document without any. */
		if (set != NULL)
			(void)json_object_set(json, "proof", json_array_get(set, json_array_size(set) - 1));
		method = json_str(json_obj(json, "proof"), "verificationMethod");
		(void)snprintf(text, sizeof(text), "%.48s", method + strlen("did:key:"));
		ok(proof_key_parse(text, key) == 0 &&
		    proof_verify(json, key, "assertionMethod", &err) == 0,
		    "the proof of the example %s verifies %s", signed_ones[i], err.text);
	}
}

static void
test_grammar(void)
{
	static const struct {
		enum grammar	 grammar;
		const char	*good[6], *bad[14];
	} rows[] = {
		{ GRAMMAR_BCP47, { "en", "es-US", "zh-Hant-TW", "sl-nedis", "art-x-lojban" },
		    { "", "e", "en-", "en--US", "en_US", "-en", "en-abcdefghi", "123", "en US" } },
		{ GRAMMAR_SPOKEN, { "en", "haw", "es-US", "es-419" },
		    { "", "e", "EN", "anna", "en-", "en-us", "en-USA", "en-41", "en_US", "en-Latn", "en-US-x", "ana-Doe" } },
		{ GRAMMAR_ISO_3166, { "US", "US-NJ", "FR-75", "GB-ENG" },
		    { "", "U", "USA", "us", "US-", "US-NJXX", "US-nj", "US NJ" } },
		{ GRAMMAR_DATE, { "2026-02-28", "2028-02-29", "2000-02-29", "1970-01-01", "9999-12-31" },
		    { "", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-01-00",
		      "2026-1-1", "2026-01-01T00:00:00Z", "1969-12-31", "2026-04-31", "2026/01/01", "2026-01-1" } },
		{ GRAMMAR_DATE_TIME_UTC, { "2026-02-28T23:59:59Z", "2026-02-28T00:00:00.1Z", "2026-02-28T00:00:00.123Z" },
		    { "2026-02-28", "2026-02-28T24:00:00Z", "2026-02-28T00:60:00Z", "2026-02-28T00:00:60Z",
		      "2026-02-28T00:00:00", "2026-02-28T00:00:00+00:00", "2026-02-28t00:00:00z",
		      "2026-02-28T00:00:00.Z", "2026-02-28T00:00:00.1234Z", "2026-02-28T00:00Z", "2026-02-28T", "2026-02-28T00:00:0" } },
		{ GRAMMAR_CLOCK_TIME, { "00:00", "23:59" }, { "", "24:00", "12:60", "9:00", "09:0", "09:000", "09-00" } },
		{ GRAMMAR_SHA256_HEX,
		    { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		    { "", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
		      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85" } },
		{ GRAMMAR_MULTIBASE, { "z2", "zAbC9" }, { "", "z", "u2", "z0", "zO", "zl", "z 2" } },
		{ GRAMMAR_BASE64_32, { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
		    { "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } },
		{ GRAMMAR_DID, { "did:key:z6Mk", "did:web:example.org", "did:key:z6Mk#z6Mk" },
		    { "", "did:", "did:key", "did:key:", "did:Key:x", "did:key:x#", "did:key:x y", "DID:key:x" } },
		{ GRAMMAR_URI, { "urn:uuid:1", "https://a.example/?q=%20#x" },
		    { "", "x", ":x", "1a:x", "a:", "a:b c", "a:<b>", "a:\"" } },
		{ GRAMMAR_WEB_URI, { "https://a", "http://a/b" },
		    { "", "https://", "http:/a", "javascript:alert(1)", "data:text/html,x", "HTTPS://a", "https://a b" } },
		{ GRAMMAR_OPAQUE_ID, { "0123456789ABCDEFGHJKMNPQRS" },
		    { "", "0123456789ABCDEFGHJKMNPQR", "0123456789ABCDEFGHJKMNPQRST", "0123456789abcdefghjkmnpqrs",
		      "I123456789ABCDEFGHJKMNPQRS" } },
		{ GRAMMAR_STEP_ID, { "0123456789ABCDEFGHJKMNPQRS", "U123456789ABCDEFGHJKMNPQRS" },
		    { "", "U", "U123456789ABCDEFGHJKMNPQR", "U123456789ABCDEFGHJKMNPQRST", "UU23456789ABCDEFGHJKMNPQRS",
		      "u123456789ABCDEFGHJKMNPQRS", "I123456789ABCDEFGHJKMNPQRS" } },
		{ GRAMMAR_USER_ID, { "@a:b.example" }, { "", "a:b", "@a", "@a:b c" } },
		{ GRAMMAR_ROOM_ID, { "!abc", "!abc:b.example" }, { "", "#a:b.example", "!" } },
		{ GRAMMAR_SERVER_NAME, { "b.example", "b.example:8448", "[::1]:1" }, { "", "b example", "b:0:1" } },
		{ GRAMMAR_MULTIBASE_ED25519, { "z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw" },
		    { "", "z6Mk", "z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc" } },
	};
	int64_t ms = 7;

	for (size_t i = 0; i < nelem(rows); i++) {
		const char *name = grammar_name(rows[i].grammar);

		for (size_t k = 0; k < nelem(rows[i].good) && rows[i].good[k] != NULL; k++)
			ok(grammar_ok(rows[i].grammar, rows[i].good[k]) ,
			    "%s: %s", name, rows[i].good[k]);
		for (size_t k = 0; k < nelem(rows[i].bad) && rows[i].bad[k] != NULL; k++)
			ok(!grammar_ok(rows[i].grammar, rows[i].bad[k]), "%s: not %s", name, rows[i].bad[k]);
	}
	is_int(nelem(rows), GRAMMAR_END - 1, "every grammar was tried");
	ok(!grammar_time_ms("yesterday", &ms) && ms == 7, "no time, no answer");
	ok(grammar_time_ms("2026-07-29T08:00:00.5Z", &ms) && ms == 1785312000500, "a time");
	ok(grammar_time_ms("2000-03-01", &ms) && ms == 951868800000, "a day, past a leap day");
	ok(grammar_time_ms("9999-12-31T23:59:59.999Z", &ms) && ms == 253402300799999, "the last moment");
}

int
main(void)
{
	json_set_alloc_funcs(json_malloc, free);
	test_struct();
	test_text();
	test_unknown_members();
	test_lists_and_constants();
	test_find();
	test_hostile_values();
	test_no_memory();
	test_examples_verify();
	test_grammar();
	return done_testing();
}
