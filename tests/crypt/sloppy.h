/* SPDX-License-Identifier: Apache-2.0 */
/* sloppy: other spellings of a base64 text, such as lenient decoders take. */
#ifndef CAIRN_TEST_SLOPPY_H
#define CAIRN_TEST_SLOPPY_H

#include "net.h"

/* The ways to spell a value otherwise. */
enum sloppy { FOREIGN, PADDED, TAIL_BITS, URL_ALPHABET, BLANK, LINE_END, SLOPPY };
__attribute__((unused)) static const char *const sloppy_names[SLOPPY] = { "an exclamation mark", "padding", "tail bits", "the URL alphabet",
    "a blank", "a line's end" };

/** spoil(how, text, out): ${text}, which is more than 12 and less than 1,000 characters, spelled otherwise. */
static inline void
spoil(enum sloppy how, const char *text, char out[1024])
{
	size_t len = strlen(text);

	need(len > 12 && len < 1000);
	memcpy(out, text, len + 1);
	switch (how) {
	case FOREIGN:
		out[10] = '!';
		break;
	case PADDED:
		(void)snprintf(out, 1024, "%s%s", text, len % 4 == 2 ? "==" : len % 4 == 3 ? "=" : "====");
		break;
	case TAIL_BITS:		/* The last letter stands for less than six bits: set the lowest. */
		if (len % 4 == 0)
			out[10] = '~';
		else if (out[len - 1] == '8')
			out[len - 1] = '9';
		else
			out[len - 1]++;
		break;
	case URL_ALPHABET:
		out[strcspn(out, "+/") < len ? strcspn(out, "+/") : 10] = strchr(out, '+') != NULL &&
		    strcspn(out, "+") <= strcspn(out, "/") ? '-' : '_';
		break;
	case BLANK:
		(void)snprintf(out, 1024, "%.10s %s", text, text + 10);
		break;
	case LINE_END:
		(void)snprintf(out, 1024, "%s\n", text);
		break;
	case SLOPPY:
		break;
	}
	need(strcmp(out, text) != 0);
}

#endif /* !CAIRN_TEST_SLOPPY_H */
