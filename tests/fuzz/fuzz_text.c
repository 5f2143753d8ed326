/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers and other short text: what a decoder takes it also gives back, a moment and a
 * name keep their value, every grammar takes any bytes, and what is shown cannot move a cursor.
 */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/grammar.h"
#include "base/id.h"
#include "base/log.h"
#include "base/proof.h"
#include "base/text.h"
#include "domain/directory.h"
#include "domain/lookalike.h"
#include "domain/search_terms.h"
#include "domain/when.h"
#include "fuzz.h"
#include "matrix/request.h"

const unsigned fuzz_changes = 400;

static void
decoders(const char *text, size_t len)
{
	autofree uint8_t *raw = NULL;
	autofree char *back = NULL;
	uint8_t b58[256], key[ED25519_PUBLIC], hex[8];
	char b58_back[256 * 138 / 100 + 2], key_back[64], hex_back[2 * sizeof(hex) + 1];
	size_t n;

	if (decode_b64_new(text, len, &raw, &n) == 0) {
		back = encode_b64_new(raw, n);
		claim(back != NULL && strlen(back) == len && memcmp(back, text, len) == 0);
		claim(B64_LEN(n) == len);
	}
	if (decode_b58(text, b58, sizeof(b58), &n) == 0) {
		encode_b58(b58, n, b58_back);
		claim(strcmp(b58_back, text) == 0);
	}
	if (proof_key_parse(text, key) == 0) {
		proof_key_text(key, key_back);
		claim(strcmp(key_back, text) == 0);
		claim(id_is_multibase_ed25519(text));
	}
	if (decode_hex(text, hex, sizeof(hex)) == 0) {
		encode_hex(hex, sizeof(hex), hex_back);
		claim(strcmp(hex_back, text) == 0);
	}
	if (decode_b64_exact(text, key, sizeof(key)) == 0) {
		encode_b64(key, sizeof(key), key_back);
		claim(strcmp(key_back, text) == 0);
	}
}

static bool
all_in(const char *text, int least, int most)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < least || (unsigned char)*text > most)
			return false;
	return true;
}

static void
names(const char *text)
{
	bool user = id_is_user(text), server = id_is_server(text), room = id_is_room(text);
	bool any = user || server || room || id_is_event(text) || id_is_device(text) || id_is_session(text) ||
	    id_is_own(text) || id_is_multibase_ed25519(text);

	/* No name holds what could end a line, a path or a header. */
	claim(!any || (all_in(text, 0x21, 0x7e) && *text != '\0' && strlen(text) <= 255));
	claim(!user || (*text == '@' && id_is_server(id_server(text))));
	claim(!room || *text == '!');
	for (int g = GRAMMAR_NONE; g < GRAMMAR_END; g++) {
		bool fits = grammar_ok((enum grammar)g, text);

		claim(grammar_name((enum grammar)g) != NULL);
		/* What GRAMMAR_NONE says of bytes is the event walker's. */
		claim(g == GRAMMAR_NONE || !fits || all_in(text, 0x21, 0x7e));
	}
	claim(!grammar_ok(GRAMMAR_USER_ID, text) || user);
	claim(!grammar_ok(GRAMMAR_SERVER_NAME, text) || server);
	claim(!grammar_ok(GRAMMAR_ROOM_ID, text) || room);
	claim(grammar_ok(GRAMMAR_OPAQUE_ID, text) == id_is_own(text));
}

static void
moments(const char *text)
{
	char shown[WHEN_TEXT], again[WHEN_TEXT];
	int64_t ms = -7, other = -7;

	if (when_parse(text, &ms) == 0) {
		claim(ms >= 0 && ms <= WHEN_MAX);
		claim(when_parse(when_print(ms, shown), &other) == 0 && other == ms);
		claim(strlen(when_print_day(ms, again)) == 10 && strncmp(again, shown, 10) == 0);
		claim(grammar_ok(GRAMMAR_DATE, again));
	} else
		claim(ms == -7);
	other = -7;
	if (grammar_time_ms(text, &other)) {
		claim(grammar_ok(GRAMMAR_DATE_TIME_UTC, text) || grammar_ok(GRAMMAR_DATE, text));
		claim(!grammar_ok(GRAMMAR_DATE_TIME_UTC, text) || other < 0 || other == ms);
	} else
		claim(other == -7);
}

static void
shown(const char *text, size_t len)
{
	char out[64], again[600];
	autofree char *whole = malloc(4 * len + 8), *path = NULL;
	struct err err = { "" };

	claim(whole != NULL);
	/* Into little space: cut between characters. */
	for (size_t size = 1; size <= sizeof(out); size += 7) {
		memset(out, 'x', sizeof(out));
		text_escape(text, out, size);
		claim(strlen(out) < size);
		fuzz_safe(out);
	}
	text_escape(text, whole, 4 * len + 8);
	fuzz_safe(whole);
	text_escape(whole, again, sizeof(again));
	claim(strncmp(whole, again, strlen(again)) == 0);
	claim(!text_is_utf8(text) || strlen(whole) >= len);
	claim(err_set(&err, E_BAD, "%s", text) == E_BAD);
	fuzz_err(&err, false);
	err_add(&err, "%s", text);
	fuzz_err(&err, true);
	/* A path's part cannot become two. */
	path = request_path("/rooms/%s/state", text);
	claim(path != NULL && all_in(path, 0x21, 0x7e) && strpbrk(path, "?#\\") == NULL);
	for (size_t i = 0, slashes = 0; ; i++) {
		slashes += path[i] == '/';
		if (path[i] == '\0') {
			claim(slashes == 6);
			break;
		}
	}
}

/* Is one of the wish's lines, or one that begins so, among ${lines}? */
static bool
has_line(const char *lines, const struct search_wish *wish)
{
	for (const char *p = wish->lines.data, *end; p != NULL && (end = strchr(p, '\n')) != NULL; p = end + 1)
		for (const char *q = lines, *stop; (stop = strchr(q, '\n')) != NULL; q = stop + 1)
			if ((wish->begins ? stop - q >= end - p : stop - q == end - p) && memcmp(p, q, (size_t)(end - p)) == 0)
				return true;
	return strchr(wish->lines.data != NULL ? wish->lines.data : "", '\n') == NULL;
}

static void
rules(const char *text)
{
	struct search_query wish = { .text = text, .language = text, .facet = { text }, .kind = text };
	struct search_item item = { .kind = text, .org = text, .name = text, .text = text, .open = -1,
	    .languages = { { text, "en-US" }, 2 }, .facet = { { { text, "en-US" }, 2 } } };
	autobuf struct buf lines = { 0 };
	struct search_plan plan;
	enum directory_kind kind;
	enum log_level level;
	struct err err = { "" };
	unsigned excluded = 0, pass;
	int r;

	r = search_check(&wish, &item, &pass, &excluded);
	claim(r == 0 || (r == E_NOTFOUND && excluded != 0 && excluded < 1u << SEARCH_NFILTERS));
	/* What the check admits the index knows: each wish has a line of the record. */
	claim(search_terms_item(&item, &lines) == 0 && search_terms_plan(&wish, 0, &plan) == 0);
	for (size_t i = 0; i < plan.n && r == 0; i++)
		claim(has_line(lines.data, &plan.wish[i]));
	search_terms_free(&plan);
	if (directory_kind_parse(text, &kind) == 0)
		claim(strcmp(directory_kind_name(kind), text) == 0);
	(void)!log_level_parse(text, &level);
	(void)lookalike_mixed(text);
	claim(!lookalike(text, "") && lookalike(text, "!Harbor") == lookalike("HARBOR", text));
	claim(directory_state_check(text, "org.cairnpeer.record", text, &err) != 0);
	fuzz_err(&err, true);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	autofree char *text = strndup((const char *)data, len);

	claim(text != NULL);
	len = strlen(text);
	decoders(text, len);
	names(text);
	moments(text);
	shown(text, len);
	rules(text);
	return 0;
}
