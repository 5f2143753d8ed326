/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "fuzz.h"

static uint64_t state;

void
fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
	abort();
}

void
fuzz_seed(uint64_t n)
{
	state = n;
}

/* splitmix64: keys need only differ, and be the same in the next run. */
static uint64_t
step(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void
fuzz_draw(void *cookie, void *dst, size_t n)
{
	uint8_t *to = dst;

	(void)cookie;
	for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
		uint64_t word = step();

		memcpy(to + i, &word, n - i < sizeof(word) ? n - i : sizeof(word));
	}
}

static void
draw_bytes(void *dst, const size_t n)
{
	fuzz_draw(NULL, dst, n);
}

static uint32_t
draw_word(void)
{
	return (uint32_t)step();
}

static const char *
name(void)
{
	return "fuzz";
}

void
fuzz_start(void)
{
	static randombytes_implementation ours = { .implementation_name = name, .random = draw_word,
	    .buf = draw_bytes };

	claim(randombytes_set_implementation(&ours) == 0);
	claim(sodium_init() >= 0);
	log_level_set(getenv("FUZZ_LOG") != NULL ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
}

/* For a target that has nothing to prepare. */
__attribute__((weak)) int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_start();
	return 0;
}

/* In place of base/log.c's (by the linker): hostile input makes errors by the thousand. */
void	__wrap_log_error(const char *, const char *, ...) __attribute__((format(printf, 2, 3)));

void
__wrap_log_error(const char *module, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	claim(*module != '\0' && *text != '\0');
	if (getenv("FUZZ_LOG") != NULL)
		fprintf(stderr, "error %s: %s\n", module, text);
}

static int64_t
now(void *cookie)
{
	(void)cookie;
	return FUZZ_NOW;
}

struct world
fuzz_world(void)
{
	return (struct world){ .now = now, .random = fuzz_draw };
}

void
fuzz_safe(const char *text)
{
	/* C1 controls aside: marks that reorder, join or part what is around them. */
	static const char *const never[] = { "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
	    "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9", "\xef\xbb\xbf" };

	claim(text_is_utf8(text));
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		claim(strstr(text, never[i]) == NULL);
	for (const unsigned char *s = (const unsigned char *)text; *s != '\0'; s++)
		claim(*s >= 0x20 && *s != 0x7f && !(s[0] == 0xc2 && s[1] < 0xa0));
}

void
fuzz_err(const struct err *err, bool set)
{
	size_t n = strnlen(err->text, sizeof(err->text));

	claim(n < sizeof(err->text));
	claim(!set || n > 0);
	fuzz_safe(err->text);
}

/*
 * The dialect.
 */

static const struct fuzz_word *
find(const struct fuzz_dialect *d, const char *text)
{
	for (size_t i = 0; text[0] == '$' && i < d->n; i++)
		if (strcmp(d->words[i].word, text) == 0)
			return &d->words[i];
	return NULL;
}

static json_t *
fill_string(const struct fuzz_dialect *d, const json_t *value)
{
	const struct fuzz_word *w = find(d, json_string_value(value));

	if (w == NULL)
		return json_copy((json_t *)(uintptr_t)value);
	return w->is != NULL ? json_string(w->is) : json_deep_copy(w->json);
}

json_t *
fuzz_fill(const struct fuzz_dialect *d, const json_t *value)
{
	const char *key;
	json_t *item, *ret;
	size_t i;

	if (json_is_string(value))
		ret = fill_string(d, value);
	else if (json_is_array(value)) {
		ret = json_array();
		json_array_foreach(value, i, item)
			(void)json_array_append_new(ret, fuzz_fill(d, item));
	} else if (json_is_object(value)) {
		ret = json_object();
		json_object_foreach((json_t *)(uintptr_t)value, key, item) {
			const struct fuzz_word *w = find(d, key);

			(void)json_object_set_new(ret, w != NULL && w->is != NULL ? w->is : key, fuzz_fill(d, item));
		}
		if (d->object != NULL)
			d->object(d->cookie, ret);
	} else
		ret = json_copy((json_t *)(uintptr_t)value);
	claim(ret != NULL);
	return ret;
}

json_t *
fuzz_json(const void *data, size_t len)
{
	return json_loadb(data, len, 0, NULL);
}

json_t *
fuzz_ask(json_t *object, const char *key)
{
	json_t *value = json_incref(json_object_get(object, key));

	(void)json_object_del(object, key);
	return value;
}
