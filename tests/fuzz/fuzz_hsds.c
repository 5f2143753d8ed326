/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that an organization imports, as `cairn import` reads them: JSON from a file, HSDS
 * translated, or records as they are.  What comes out of HSDS the node takes: its schema
 * accepts each record, as is, and each source is there once.  Refusals begin with the file
 * and a place in it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/text.h"
#include "fuzz.h"
#include "hsds.h"
#include "tools/cairn.h"

const unsigned fuzz_changes = 300;

enum { PROBLEM_MAX = 4096 };

static char path[64];		/* The file of this input. */
static int sent, said;		/* Requests to the node, complaints. */
static const char *asked;	/* The verb that may be sent. */
static json_t *last;		/* What was sent. */

/*
 * The rest of the command, as cairn_import.c sees it.
 */

int
out_problem(const struct cairn *c, int status, const char *hint, const char *fmt, ...)
{
	char text[PROBLEM_MAX];
	va_list ap;

	(void)c;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	claim(strncmp(text, path, strlen(path)) == 0);
	claim(hint == NULL || (*hint != '\0' && text_is_utf8(hint)));
	claim(status == EXIT_BAD);
	said++;
	return status;
}

int
out_json(const json_t *value)
{
	claim(value != NULL);
	return EXIT_OK;
}

void
out_line(const char *fmt, ...)
{
	va_list ap;
	char text[PROBLEM_MAX];

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
}

void
out_table(const json_t *items, const char *columns, const char *empty)
{
	(void)columns, (void)empty;
	claim(json_array_size(items) > 0);
}

int
node_show_import(const json_t *records, const json_t *result)
{
	claim(records != NULL && result != NULL);
	return EXIT_OK;
}

int
node_run(struct cairn *c, const struct verb *v, json_t *args)
{
	(void)c, (void)v;
	claim(json_is_object(json_object_get(args, "consent")));
	sent++;
	return EXIT_OK;
}

int
client_call(struct cairn *c, const char *verb, const json_t *args, json_t **ret)
{
	(void)c;
	claim(strcmp(verb, asked) == 0);
	sent++;
	json_decref(last);
	last = json_deep_copy(args);
	*ret = json_pack("{s:i, s:i}", "version", 1, "organizations", 1);
	return EXIT_OK;
}

/* One verb of the command; its complaints and requests are told apart. */
static int
verb(int (*fn)(struct cairn *, const struct verb *, json_t *), const char *request, bool dry)
{
	struct cairn c = { .json = dry };
	const struct verb v = { .name = request };
	autojson json_t *args = json_pack("{s:s, s:b}", "file", path, "dry_run", dry);
	int r;

	asked = request;
	sent = said = 0;
	r = fn(&c, &v, args);
	claim(r == EXIT_OK || r == EXIT_BAD);
	claim((r == EXIT_BAD) == (said == 1) && said <= 1);
	/* Nothing is sent of a bad file, nor in a dry run. */
	claim(sent == (r == EXIT_OK && !(dry && strcmp(request, "import") == 0)));
	return r;
}

static void
records_verb(void)
{
	const json_t *item;
	size_t i;

	if (verb(import_records, "import", false) != EXIT_OK)
		return;
	claim(json_is_array(json_object_get(last, "records")));
	json_array_foreach(json_object_get(last, "records"), i, item)
		claim(json_str(item, "source") != NULL && json_str(item, "kind") != NULL &&
		    json_obj(item, "body") != NULL && json_object_size(item) == 3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cairn c = { 0 };
	autojson json_t *doc = NULL;
	int fd = memfd_create("fuzz", MFD_CLOEXEC), r;

	claim(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	said = 0;
	r = import_json(&c, path, &doc);
	claim(r == EXIT_OK ? doc != NULL && said == 0 : r == EXIT_BAD && doc == NULL && said == 1);
	if (doc != NULL) {
		hsds_holds(doc);
		if (verb(import_hsds, "import", false) == EXIT_OK)
			hsds_records_hold(json_object_get(last, "records"));
		(void)verb(import_hsds, "import", true);
		records_verb();
		(void)verb(import_consent, "consent", false);
	}
	json_decref(last);
	last = NULL;
	(void)close(fd);
	return 0;
}
