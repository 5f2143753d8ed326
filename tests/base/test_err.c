/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "tap.h"

static void
test_text(void)
{
	char out[128], tiny[6];

	text_escape("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x82 \x7e", out, sizeof(out));
	is_str(out, "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x82 ~", "letters of any script stay");
	text_escape("a\nb\x1b[2J\x7f", out, sizeof(out));
	is_str(out, "a\\x0ab\\x1b[2J\\x7f", "control characters are escaped");
	text_escape("\xc2\x85 \xe2\x80\xae \xe2\x81\xa6 \xd8\x9c", out, sizeof(out));
	is_str(out, "\\u0085 \\u202e \\u2066 \\u061c", "C1 and bidirectional characters are escaped");
	text_escape("\xff \xc0\xaf \xe0\x80\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82", out, sizeof(out));
	is_str(out, "\\xff \\xc0\\xaf \\xe0\\x80\\xaf \\xed\\xa0\\x80 \\xf4\\x90\\x80\\x80 \\xe2\\x82",
	    "what is not UTF-8 is escaped byte by byte");
	text_escape("abc\xe2\x82\xac", tiny, sizeof(tiny));
	is_str(tiny, "abc", "cut between characters");
	text_escape("abcde", tiny, sizeof(tiny));
	is_str(tiny, "abcde", "an exact fit is kept");
	for (size_t max = 0; max <= 12; max++) {
		static const size_t fits[] = { 0, 1, 1, 1, 1, 5, 5, 5, 8, 8, 10, 10, 10 };

		is_int((int)text_fit("a\xf0\x9f\x98\x82\xe2\x82\xac\xc3\xa9", max), (int)fits[max], "of %zu bytes, whole characters", max);
	}
}

static void
test_err(void)
{
	struct err e = { "" }, same;
	char big[2000];

	is_int(err_set(&e, E_BAD, "key \"%s\" on line %d", "x", 3), E_BAD, "the code comes back");
	is_str(e.text, "key \"x\" on line 3", "the sentence is formatted");
	is_int(err_set(NULL, -ENOMEM, "x"), -ENOMEM, "NULL is fine");
	err_add(NULL, "x");
	err_add(&e, "file %s", "a\n");
	is_str(e.text, "file a\\x0a: key \"x\" on line 3", "a prefix is put before it");
	(void)err_set(&e, E_BAD, "about %s", e.text);
	is_str(e.text, "about file a\\x0a: key \"x\" on line 3", "its own text may be an argument");

	is_str(err_todo(&e), "", "no next step is said");
	is_int(err_next(&e, E_REFUSED, "run %s\n", "it"), E_REFUSED, "the code comes back");
	is_str(err_todo(&e), "run it\\x0a", "the next step is formatted");
	is_str(e.text, "about file a\\x0a: key \"x\" on line 3", "beside the sentence");
	err_add(&e, "there");
	is_str(err_todo(&e), "run it\\x0a", "a prefix leaves it");
	ok(!strncmp(e.text, "there: about", 12), "and is put before the sentence");
	(void)err_set(&e, E_BAD, "a");
	is_str(err_todo(&e), "", "another sentence forgets it");
	is_int(err_next(NULL, 0, "x"), 0, "NULL is fine");

	memset(big, 'x', sizeof(big));
	for (size_t i = 1; i + 3 < sizeof(big); i += 3)
		memcpy(big + i, "\xe2\x82\xac", 3);
	big[sizeof(big) - 1] = '\0';
	(void)err_set(&e, E_BAD, "%s", big);
	is_int(strlen(e.text), 511, "a long text is cut at its size");
	(void)err_next(&e, 0, "run it");
	is_str(err_todo(&e), "", "and leaves no place for more");
	(void)err_set(&e, E_BAD, "%.508s", big);
	(void)err_next(&e, 0, "run it");
	ok(strlen(e.text) == 508 && strlen(err_todo(&e)) == 2, "what does not fit of the next step is cut");
	(void)err_set(&e, E_BAD, "%s", big);
	ok(!strncmp(e.text, big, 511) && strstr(e.text, "\\x") == NULL, "between two characters");
	same = e;
	err_add(&e, "file");
	ok(!strncmp(e.text, "file: x", 7) && strstr(e.text, "\\x") == NULL &&
	    strlen(e.text) > 508 && !strncmp(e.text + 6, same.text, 500), "a prefix cuts alike");
}

static void
test_names(void)
{
	is_str(err_name(0), "done", "0");
	is_str(err_name(E_LATER), "not yet", "an answer");
	is_str(err_name(ERR_DB), "the database failed", "a failure of ours");
	is_str(err_name(-ENOSPC), "No space left on device", "a failure of the system");
	ok(err_name(-999) && err_name(-5000) && err_name(E_MODULE + 3) && err_name(-2147483647 - 1),
	    "any number has a name");
}

/* What a log call writes to standard error. */
static char *
logged(void (*call)(void), char *out, size_t size)
{
	FILE *f = tmpfile();
	int saved = dup(STDERR_FILENO);
	size_t n;

	(void)dup2(fileno(f), STDERR_FILENO);
	call();
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	rewind(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	(void)fclose(f);
	return out;
}

static void say_error(void) { log_error("store", "a %s", "b\nerror fake: line"); }
static void say_debug(void) { log_debug("store", "hidden"); }

static void
test_log(void)
{
	enum log_level level = LOG_LEVEL_WARN;
	char out[256], a[9], b[9], c[9];

	is_str(logged(say_error, out, sizeof(out)), "error store: a b\\x0aerror fake: line\n",
	    "one line per event, whatever is in it");
	is_str(logged(say_debug, out, sizeof(out)), "", "below the level: nothing");
	is_int(log_level_parse("verbose", &level), E_BAD, "an unknown level");
	is_int(level, LOG_LEVEL_WARN, "changes nothing");
	ok(log_level_parse("debug", &level) == 0 && level == LOG_LEVEL_DEBUG, "a known level");
	log_level_set(level);
	is_str(logged(say_debug, out, sizeof(out)), "debug store: hidden\n", "level debug");

	(void)log_ref("@alice:example.org", a);
	(void)log_ref("@alice:example.org", b);
	(void)log_ref("@bob:example.org", c);
	ok(!strcmp(a, b) && strcmp(a, c) && strspn(a, "0123456789abcdef") == 8, "a name is eight digits");
}

static void
test_token(void)
{
	static const char *const none[] = { NULL, "", "a b", "a\n", "a\x7f", "a\xC3\xBC", " a" };
	char text[4098];

	ok(text_is_token("syt_Y2Fpcm4_abc.~+/=") && text_is_token("a"), "what a server gives is a token");
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		ok(!text_is_token(none[i]), "what could end a header line is none: %zu", i);
	memset(text, 'a', sizeof(text));
	text[4096] = '\0';
	ok(text_is_token(text), "4096 bytes are one");
	text[4096] = 'a';
	text[4097] = '\0';
	ok(!text_is_token(text), "and no more");
}

int
main(void)
{
	test_text();
	test_token();
	test_err();
	test_names();
	test_log();
	return done_testing();
}
