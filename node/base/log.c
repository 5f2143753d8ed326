/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "encode.h"
#include "err.h"
#include "log.h"
#include "text.h"

enum { LOG_LINE = 1024 };

static const char *const level_name[] = { "error", "warn", "info", "debug" };

static enum log_level level = LOG_LEVEL_INFO;

void
log_level_set(enum log_level new)
{
	level = new;
}

int
log_level_parse(const char *text, enum log_level *ret)
{
	for (size_t i = 0; i < nelem(level_name); i++)
		if (strcmp(text, level_name[i]) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	return E_BAD;
}

static void	log_line(enum log_level, const char *, const char *, va_list) like_printf(3, 0);

/* One write, so that lines of several processes do not mix. */
static void
log_line(enum log_level at, const char *module, const char *fmt, va_list ap)
{
	char raw[LOG_LINE + 4], text[LOG_LINE], line[LOG_LINE + 64];
	int n;

	if (at > level)
		return;
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	text_escape(raw, text, sizeof(text));
	n = snprintf(line, sizeof(line), "%s %.32s: %s\n", level_name[at], module, text);
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;		/* Nobody to tell. */
}

#define LOG_FUNCTION(name, at)						\
	void								\
	name(const char *module, const char *fmt, ...)			\
	{								\
		va_list ap;						\
									\
		va_start(ap, fmt);					\
		log_line(at, module, fmt, ap);				\
		va_end(ap);						\
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

const char *
log_ref(const char *id, char out[9])
{
	static unsigned char key[crypto_shorthash_KEYBYTES];
	static bool keyed;
	unsigned char hash[crypto_shorthash_BYTES];

	if (!keyed) {
		randombytes_buf(key, sizeof(key));
		keyed = true;
	}
	(void)crypto_shorthash(hash, (const unsigned char *)id, strlen(id), key);
	encode_hex(hash, 4, out);
	return out;
}
