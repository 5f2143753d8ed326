/* SPDX-License-Identifier: Apache-2.0 */
/* quoted: JSON with single quotes, and that of files. */
#ifndef CAIRN_TEST_QUOTED_H
#define CAIRN_TEST_QUOTED_H

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parse JSON in which ' stands for ". */
static inline json_t *
json_of(const char *text)
{
	char *copy = strdup(text);
	json_error_t error;
	json_t *json;

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	json = json_loads(copy, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	free(copy);
	if (json == NULL) {
		printf("Bail out! bad JSON in the test: %s at %d\n", error.text, error.position);
		exit(99);
	}
	return json;
}

/* A file of the sources, named from their top. */
static inline json_t *
json_source(const char *name)
{
	const char *dir = getenv("srcdir");
	char path[4096];
	json_error_t error;
	json_t *json;

	(void)snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : ".", name);
	json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL) {
		printf("Bail out! %s: %s\n", path, error.text);
		exit(99);
	}
	return json;
}

#endif /* !CAIRN_TEST_QUOTED_H */
