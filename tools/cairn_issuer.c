/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An issuer's book, offline: a directory with
 *
 *	key			the private key, 0400
 *	ledger.NNNNNN		the ledger, a file for each version; the highest counts, and one before it stays
 *	credential-N.json	what cairn import records takes in: a credential
 *	status-lists.json	and the lists
 *
 * A version is written whole before what follows from it is signed, and never over another: whoever
 * changes the book at the same time fails.  The signed files can be written again from the ledger.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/newfile.h"
#include "base/proof.h"
#include "cairn.h"
#include "domain/ledger.h"
#include "domain/vc.h"
#include "domain/when.h"
#include "events.h"

#define LEDGER	"ledger."

enum { VERSION_DIGITS = 6, KEEP = 2 };

struct book {
	const char	*dir;
	json_t		*ledger;
	uint8_t		 seed[ED25519_SEED];
};

static void
book_close(struct book *b)
{
	json_decref(b->ledger);
	sodium_memzero(b->seed, sizeof(b->seed));
}
#define autobook __attribute__((cleanup(book_close)))

static int64_t
now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

static int
no_memory(const struct cairn *c)
{
	return out_problem(c, EXIT_FATAL, NULL, "out of memory");
}

static char *
path_of(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* What a rule said. */
static int
problem(const struct cairn *c, int r, const struct err *err)
{
	return out_problem(c, r == E_NOTFOUND ? EXIT_NOTFOUND : r == E_REFUSED ? EXIT_REFUSED : r > 0 ? EXIT_BAD : EXIT_FATAL,
	    r == E_NOTFOUND ? "cairn issuer list DIR shows the numbers" : NULL, "%s", err->text[0] != '\0' ? err->text : err_name(r));
}

/* The number in a ledger's file name; 0: it is none. */
static long
version_of(const char *name)
{
	const char *digits = name + strlen(LEDGER);

	if (strncmp(name, LEDGER, strlen(LEDGER)) != 0 || strspn(digits, "0123456789") != strlen(digits) ||
	    strlen(digits) < VERSION_DIGITS || strlen(digits) > VERSION_DIGITS + 3)
		return 0;
	return strtol(digits, NULL, 10);
}

static long
newest(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	long version = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (version_of(e->d_name) > version)
			version = version_of(e->d_name);
	if (d != NULL)
		(void)closedir(d);
	return version;
}

static void
forget(const char *dir, long before)
{
	autofree char *path = NULL;

	if (before > 0 && asprintf(&path, "%s/" LEDGER "%0*ld", dir, VERSION_DIGITS, before) >= 0)
		(void)unlink(path);
}

static int
book_open(const struct cairn *c, const char *dir, struct book *ret)
{
	long version = newest(dir);
	autofree char *key = path_of(dir, "key"), *path = NULL;
	struct err err = { "" };
	int r;

	ret->dir = dir;
	if (key == NULL || asprintf(&path, "%s/" LEDGER "%0*ld", dir, VERSION_DIGITS, version) < 0)
		return no_memory(c);
	if (version == 0)
		return out_problem(c, EXIT_NOTFOUND, "make one with cairn issuer key DIR", "%s is no issuer's book", dir);
	if ((r = keys_load(c, key, ret->seed)) != EXIT_OK || (r = import_json(c, path, &ret->ledger)) != EXIT_OK)
		return r;
	if (ledger_check(ret->ledger, &err) != 0 || json_int(ret->ledger, "version", 0) != version)
		return out_problem(c, EXIT_BAD, "put the file back as it was; the version before it is beside it",
		    "%s: %s", path, err.text[0] != '\0' ? err.text : "it says another version than its name");
	return EXIT_OK;
}

/* The ledger as its next version; then the one before the last goes. */
static int
book_write(const struct cairn *c, struct book *b)
{
	long version = (long)json_int(b->ledger, "version", 0);
	autofree char *path = NULL, *text = json_text(b->ledger, JSON_INDENT(1));
	struct err err = { "" };
	int r;

	if (text == NULL || asprintf(&path, "%s/" LEDGER "%0*ld", b->dir, VERSION_DIGITS, version) < 0)
		return no_memory(c);
	r = newfile_make(path, 0600, text, strlen(text), &err);
	if (r == E_EXISTS)
		return out_problem(c, EXIT_REFUSED, "look at cairn issuer list DIR, and do it again if it is not done",
		    "%s: somebody else changed the book at the same time", b->dir);
	if (r != 0)
		return out_problem(c, EXIT_FATAL, NULL, "%s: %s", path, err.text[0] != '\0' ? err.text : err_name(r));
	forget(b->dir, version - KEEP);
	return EXIT_OK;
}

/* As cairn import records reads it. */
static json_t *
as_record(const char *kind, json_t *vc)
{
	return json_pack("{s:O, s:s, s:O}", "source", json_object_get(vc, "id"), "kind", kind, "body", vc);
}

static int
write_lists(const struct cairn *c, const struct book *b)
{
	autofree char *path = path_of(b->dir, "status-lists.json");
	autojson json_t *records = json_array(), *doc = NULL;
	struct err err = { "" };

	for (int p = 0; p < STATUS_NPURPOSES; p++) {
		autojson json_t *vc = NULL;
		int r = ledger_list(b->ledger, (enum status_purpose)p, b->seed, &vc, &err);

		if (r != 0)
			return problem(c, r, &err);
		if (json_array_append_new(records, as_record("status_list", vc)) != 0)
			return no_memory(c);
	}
	doc = json_pack("{s:O}", "records", records);
	return doc != NULL && path != NULL ? keys_write(c, doc, path) : no_memory(c);
}

static int
write_credential(const struct cairn *c, const struct book *b, int64_t number)
{
	autofree char *path = NULL;
	autojson json_t *vc = NULL, *doc = NULL;
	struct err err = { "" };
	int r = ledger_credential(b->ledger, number, b->seed, &vc, &err);

	if (r != 0)
		return problem(c, r, &err);
	doc = json_pack("{s:[o]}", "records", as_record("credential", vc));
	if (doc == NULL || asprintf(&path, "%s/credential-%lld.json", b->dir, (long long)number) < 0)
		return no_memory(c);
	return keys_write(c, doc, path);
}

/* "YYYY-MM-DD", or any time that cairn reads, as milliseconds. */
static int
read_day(const struct cairn *c, const char *option, const char *text, int64_t otherwise, int64_t *ret)
{
	char whole[64];

	*ret = otherwise;
	if (text == NULL)
		return EXIT_OK;
	(void)snprintf(whole, sizeof(whole), "%s%s", text, strlen(text) == 10 ? "T00:00:00Z" : "");
	return when_parse(whole, ret) == 0 ? EXIT_OK : out_problem(c, EXIT_BAD, "write it as 2028-01-31",
	    "--%s %s: this is no day", option, text);
}

static int
read_term(const struct cairn *c, const json_t *args, struct ledger_term *ret)
{
	int r;

	ret->now = now_ms();
	r = read_day(c, "from", json_str(args, "from"), ret->now, &ret->from);
	return r == EXIT_OK ? read_day(c, "until", json_str(args, "until"), 0, &ret->until) : r;
}

/* What became of it: the number, and which files to hand on. */
static int
say(const struct cairn *c, const struct book *b, int64_t number, bool credential)
{
	const json_t *entry = ledger_entry(b->ledger, number);
	const char *state = entry != NULL ? ledger_state_name(ledger_state(entry)) : NULL;

	if (c->json) {
		autojson json_t *doc = json_pack("{s:o*, s:s*, s:s*}", "number", entry != NULL ? json_integer(number) : NULL,
		    "state", state, "id", json_str(entry, "id"));

		return out_json(doc);
	}
	if (entry != NULL)
		out_line("credential %lld is %s", (long long)number, state);
	if (credential)
		out_line("next: give %s/credential-%lld.json to the specialist's organization", b->dir, (long long)number);
	out_line("next: cairn import records %s/status-lists.json && cairn publish, wherever the lists are published", b->dir);
	return EXIT_OK;
}

/* The ledger is changed in memory: date the lists, write all. */
static int
finish(const struct cairn *c, struct book *b, int64_t number, bool credential)
{
	int r = ledger_date(b->ledger, now_ms()) == 0 ? book_write(c, b) : no_memory(c);

	if (r == EXIT_OK && credential)
		r = write_credential(c, b, number);
	if (r == EXIT_OK)
		r = write_lists(c, b);
	return r == EXIT_OK ? say(c, b, number, credential) : r;
}

int
issuer_key(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *dir = json_str(args, "dir"), *lists = json_str(args, "lists");
	autobook struct book b = { .dir = dir };
	autofree char *key = path_of(dir, "key");
	autojson json_t *said = NULL;
	struct err err = { "" };
	char public[64];
	int r;

	(void)v;
	if (key == NULL)
		return no_memory(c);
	if ((r = ledger_new(lists, &b.ledger, &err)) != 0)
		return problem(c, r, &err);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return out_problem(c, EXIT_BAD, "name a directory that can be made", "%s: %s", dir, strerror(errno));
	if (newest(dir) > 0)
		return out_problem(c, EXIT_REFUSED, "a key is never overwritten; name another directory", "%s is an issuer's book already", dir);
	/* A key without a ledger is of a try that was cut off: it has signed nothing. */
	if (access(key, F_OK) != 0 && (r = keys_make(c, key, 0400)) != EXIT_OK)
		return r;
	if ((r = keys_load(c, key, b.seed)) != EXIT_OK || (r = book_write(c, &b)) != EXIT_OK)
		return r;
	keys_public(b.seed, public);
	said = json_pack("{s:s, s:s, s:s+}", "dir", dir, "key", public, "id", "did:key:", public);
	if (c->json)
		return out_json(said);
	out_line("did:key:%s", public);
	out_line("next: give this to the federation's signer, for the trust list's issuers; keep a copy of %s in a safe place", key);
	return EXIT_OK;
}

static int
check_subject(const struct cairn *c, const char *file, json_t *vc)
{
	struct err err = { "" };
	int r = event_check(&rec_credential_desc, vc, &err);

	return r == 0 ? EXIT_OK : out_problem(c, EXIT_BAD, "types.md, Credential, says what a credentialSubject holds",
	    "%s: %s", file, err.text);
}

int
issuer_issue(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file");
	autobook struct book b = { 0 };
	autojson json_t *subject = NULL, *vc = NULL;
	struct ledger_term term;
	uint8_t random[16];
	uint32_t index;
	int64_t number;
	char id[64], hex[33];
	struct err err = { "" };
	int r;

	(void)v;
	if ((r = book_open(c, json_str(args, "dir"), &b)) != EXIT_OK || (r = import_json(c, file, &subject)) != EXIT_OK ||
	    (r = read_term(c, args, &term)) != EXIT_OK)
		return r;
	randombytes_buf(random, sizeof(random));
	random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
	random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
	(void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
	(void)snprintf(id, sizeof(id), "urn:uuid:%.8s-%.4s-%.4s-%.4s-%s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	/* At random: the number of a place tells nothing of when or for whom. */
	do
		index = randombytes_uniform(STATUS_BITS_MIN);
	while (ledger_uses(b.ledger, index));
	if ((r = ledger_issue(b.ledger, id, index, subject, &term, &err)) != 0)
		return problem(c, r, &err);
	number = (int64_t)json_array_size(json_arr(b.ledger, "entries"));
	if ((r = ledger_credential(b.ledger, number, b.seed, &vc, &err)) != 0) {
		err_add(&err, "%s", file);
		return problem(c, r, &err);
	}
	r = check_subject(c, file, vc);
	return r == EXIT_OK ? finish(c, &b, number, true) : r;
}

static int
read_number(const struct cairn *c, const json_t *args, int64_t *ret)
{
	const char *text = json_str(args, "number");
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 9 || text[n] != '\0')
		return out_problem(c, EXIT_BAD, "cairn issuer list DIR shows the numbers", "%s is no number", text);
	*ret = strtol(text, NULL, 10);
	return EXIT_OK;
}

/* renew, suspend, reinstate, revoke: the verb's second word is the input's name. */
int
issuer_change(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *word = strchr(v->name, ' ') + 1;
	enum ledger_input input = 0;
	autobook struct book b = { 0 };
	struct ledger_term term;
	struct err err = { "" };
	int64_t number = 0;
	int r;

	while (input < LEDGER_NINPUTS && strcmp(ledger_input_name(input), word) != 0)
		input++;
	if ((r = book_open(c, json_str(args, "dir"), &b)) != EXIT_OK || (r = read_number(c, args, &number)) != EXIT_OK ||
	    (r = read_term(c, args, &term)) != EXIT_OK)
		return r;
	if ((r = ledger_change(b.ledger, number, input, &term, &err)) != 0)
		return problem(c, r, &err);
	return finish(c, &b, number, input == LEDGER_RENEW);
}

/* All that follows from the ledger, again: lists hold 30 days, and files get lost. */
int
issuer_refresh(struct cairn *c, const struct verb *v, json_t *args)
{
	autobook struct book b = { 0 };
	int r = book_open(c, json_str(args, "dir"), &b);

	(void)v;
	for (int64_t n = 1; r == EXIT_OK && ledger_entry(b.ledger, n) != NULL; n++)
		r = write_credential(c, &b, n);
	return r == EXIT_OK ? finish(c, &b, 0, false) : r;
}

int
issuer_jwt(struct cairn *c, const struct verb *v, json_t *args)
{
	autobook struct book b = { 0 };
	autojson json_t *vc = NULL, *said = NULL;
	autofree char *jwt = NULL;
	struct err err = { "" };
	int64_t number = strtoll(json_str(args, "number"), NULL, 10);
	int r;

	(void)v;
	if ((r = book_open(c, json_str(args, "dir"), &b)) != EXIT_OK)
		return r;
	if ((r = ledger_credential(b.ledger, number, b.seed, &vc, &err)) != 0)
		return problem(c, r, &err);
	if ((r = vc_jwt(vc, b.seed, &jwt)) != 0 || (said = json_pack("{s:I, s:s}", "number", (json_int_t)number, "jwt", jwt)) == NULL)
		return no_memory(c);
	if (c->json)
		return out_json(said);
	out_line("%s", jwt);
	return EXIT_OK;
}

int
issuer_list(struct cairn *c, const struct verb *v, json_t *args)
{
	autobook struct book b = { 0 };
	autojson json_t *rows = json_array();
	int64_t now = now_ms(), listed;
	char day[WHEN_TEXT];
	int r = book_open(c, json_str(args, "dir"), &b);

	(void)v;
	for (int64_t n = 1; r == EXIT_OK && ledger_entry(b.ledger, n) != NULL; n++) {
		const json_t *entry = ledger_entry(b.ledger, n), *subject = json_obj(entry, "subject");
		const char *advice = ledger_advice(entry, now);
		json_t *row = json_pack("{s:I, s:s, s:s*, s:s*, s:s, s:s*}", "number", (json_int_t)n, "state",
		    ledger_state_name(ledger_state(entry)), "name", json_str(subject, "alias"), "type",
		    json_str(subject, "credentialType"), "until", when_print_day(json_int(entry, "until", 0), day),
		    "advice", advice[0] != '\0' ? advice : NULL);

		if (row == NULL || json_array_append_new(rows, row) != 0)
			r = no_memory(c);
	}
	if (r != EXIT_OK)
		return r;
	listed = json_int(b.ledger, "listed", 0);
	if (c->json) {
		autojson json_t *doc = json_pack("{s:O, s:s}", "items", rows, "lists_until",
		    when_print(listed > 0 ? listed + LEDGER_LIST_LIFE : 0, day));

		return out_json(doc);
	}
	out_table(rows, "number state until type name advice", "no credential was issued from this book");
	if (listed > 0)
		out_line("the status lists hold until %s; cairn issuer refresh %s signs new ones",
		    when_print_day(listed + LEDGER_LIST_LIFE, day), b.dir);
	return EXIT_OK;
}
