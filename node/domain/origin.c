/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "origin.h"

int
origin_check(const char *origin, bool voluntary, struct err *reterr)
{
	static const char *const all[] = { "self", "program", "clinician", "court", "family" };
	bool known = origin == NULL;

	for (size_t i = 0; i < nelem(all) && !known; i++)
		known = strcmp(origin, all[i]) == 0;
	if (!known)
		return err_set(reterr, E_BAD, "origin: self, program, clinician, court or family");
	/* Who asks for themselves wants it. */
	if (voluntary || origin == NULL || strcmp(origin, "self") == 0 || strcmp(origin, "program") == 0)
		return 0;
	return err_next(reterr, err_set(reterr, E_REFUSED, "peer support is voluntary, and nobody has said that the member wants it"),
	    "ask them alone, without whoever sent them; if they do, say so with --voluntary");
}

bool
origin_hears(const char *origin, bool proceedings)
{
	return origin == NULL || strcmp(origin, "court") != 0 || proceedings;
}

enum { DIGITS_MIN = 7 };

bool
origin_likeness(const char *how, const char *value, char out[ORIGIN_LIKENESS])
{
	bool number = strcmp(how, "phone") == 0 || strcmp(how, "sms") == 0;
	int n = snprintf(out, ORIGIN_LIKENESS, "%s:", number ? "number" : how);
	size_t len = (size_t)n, begin = len, digits;

	for (const unsigned char *p = (const unsigned char *)value; *p != '\0' && len < ORIGIN_LIKENESS - 1; p++) {
		/* After a whole number, "x12" or "ext. 12" is a place behind it. */
		if (number && len - begin >= DIGITS_MIN && (isalpha(*p) || *p == '#' || *p == ';'))
			break;
		if (number ? isdigit(*p) : *p >= 0x80 || isalnum(*p) || strchr("@.:_-+", *p) != NULL)
			out[len++] = (char)tolower(*p);
	}
	out[len] = '\0';
	digits = len - begin;
	/* With or without the country's prefix: the last nine digits tell numbers apart. */
	if (number && digits > 9)
		memmove(out + begin, out + len - 9, 10);
	return number ? digits >= DIGITS_MIN : digits >= 3;
}
