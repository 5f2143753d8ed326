/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "text.h"

/* The sentence, and behind its NUL the next step. */
static void
put(struct err *err, const char *text, const char *todo)
{
	size_t n;

	text_escape(text, err->text, sizeof(err->text));
	n = strlen(err->text) + 1;
	if (n < sizeof(err->text))
		text_escape(todo, err->text + n, sizeof(err->text) - n);
}

int
err_set(struct err *err, int code, const char *fmt, ...)
{
	char raw[sizeof(err->text) + 4];	/* So that no cut character is seen. */
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	put(err, raw, "");
	return code;
}

void
err_add(struct err *err, const char *fmt, ...)
{
	char prefix[sizeof(err->text) + 4], raw[2 * sizeof(prefix)], todo[sizeof(err->text)];
	va_list ap;

	if (err == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	(void)snprintf(raw, sizeof(raw), "%s: %s", prefix, err->text);
	(void)snprintf(todo, sizeof(todo), "%s", err_todo(err));
	put(err, raw, todo);
}

int
err_next(struct err *err, int code, const char *fmt, ...)
{
	char raw[sizeof(err->text) + 4], text[sizeof(err->text)];
	va_list ap;

	if (err == NULL)
		return code;
	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	(void)snprintf(text, sizeof(text), "%s", err->text);
	put(err, text, raw);
	return code;
}

const char *
err_todo(const struct err *err)
{
	size_t n = strlen(err->text) + 1;

	return n < sizeof(err->text) ? err->text + n : "";
}

const char *
err_name(int code)
{
	const char *name;

	switch (code) {
	case 0:			return "done";
	case ERR_DB:		return "the database failed";
	case ERR_CORRUPT:	return "stored data is damaged";
	case ERR_CRYPTO:	return "a cryptographic primitive failed";
	case ERR_CLOSED:	return "the other process is gone";
	case E_BAD:		return "malformed";
	case E_REFUSED:		return "refused";
	case E_NOTFOUND:	return "not found";
	case E_EXISTS:		return "exists already";
	case E_LATER:		return "not yet";
	}
	if (code > 0)
		return "refused for a reason of the module";
	name = code > -1000 ? strerrordesc_np(-code) : NULL;
	return name != NULL ? name : "unknown failure";
}
