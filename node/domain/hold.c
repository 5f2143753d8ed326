/* SPDX-License-Identifier: Apache-2.0 */
#include "hold.h"

#include <stddef.h>

#define CLASSES(X)							\
	X("litigation", "a court case or a legal claim")		\
	X("child_protection", "the protection of a child")		\
	X("legal_obligation", "a duty that the law sets")

#define X(name, words) name,
static const char *const names[] = { NULL, CLASSES(X) };
#undef X
#define X(name, words) words,
static const char *const in_words[] = { "a duty", CLASSES(X) };
#undef X

const struct ev_enum hold_classes = { names, sizeof(names) / sizeof(names[0]) - 1 };

const char *
hold_words(const char *class)
{
	return in_words[event_enum_value(&hold_classes, class)];
}
