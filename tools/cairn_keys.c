/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/event.h"
#include "base/proof.h"
#include "cairn.h"
#include "events.h"

/*
 * A key file is one line: a Multikey secret (W3C Controlled Identifiers 1.0),
 * 'z' and base58btc of the prefix for ed25519-priv and the 32-byte seed.
 */
enum { PREFIX = 2, SECRET = PREFIX + ED25519_SEED, SECRET_TEXT = 1 + SECRET * 138 / 100 + 2 };
static const uint8_t prefix[PREFIX] = { 0x80, 0x26 };

static void
wipe_seed(uint8_t (*seed)[ED25519_SEED])
{
	sodium_memzero(*seed, sizeof(*seed));
}
#define autoseed __attribute__((cleanup(wipe_seed)))

void
keys_public(const uint8_t seed[ED25519_SEED], char ret[64])
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(public, secret, seed);
	sodium_memzero(secret, sizeof(secret));
	proof_key_text(public, ret);
}

static int
print_public(const struct cairn *c, const char *path, const uint8_t seed[ED25519_SEED])
{
	char key[64];

	keys_public(seed, key);
	if (c->json) {
		autojson json_t *doc = json_pack("{s:s, s:s, s:s+}", "file", path, "key", key, "did", "did:key:", key);

		return out_json(doc);
	}
	out_line("%s", key);
	return EXIT_OK;
}

int
keys_load(const struct cairn *c, const char *path, uint8_t ret[ED25519_SEED])
{
	static const char hint[] = "make one with cairn key new FILE";
	char text[SECRET_TEXT + 2];
	uint8_t bytes[SECRET + 2];
	struct stat st;
	size_t n = 0;
	ssize_t got;
	bool loose;
	int fd, r;

	if (sodium_init() < 0)
		return out_problem(c, EXIT_FATAL, NULL, "libsodium does not start");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	loose = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0;
	got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	r = errno;
	if (fd >= 0)
		(void)close(fd);
	if (got < 0)
		return out_problem(c, r == ENOENT ? EXIT_NOTFOUND : EXIT_BAD, hint, "%s: %s", path, strerror(r));
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	r = text[0] == 'z' ? decode_b58(text + 1, bytes, sizeof(bytes), &n) : E_BAD;
	if (r == 0 && n == SECRET && memcmp(bytes, prefix, PREFIX) == 0)
		memcpy(ret, bytes + PREFIX, ED25519_SEED);
	else
		r = E_BAD;
	sodium_memzero(text, sizeof(text));
	sodium_memzero(bytes, sizeof(bytes));
	if (r != 0)
		return out_problem(c, EXIT_BAD, hint, "%s is not a private key file", path);
	if (!loose)
		return EXIT_OK;
	sodium_memzero(ret, ED25519_SEED);
	return out_problem(c, EXIT_REFUSED, "chmod 600 the file; if others could read it, make a new key instead",
	    "%s: its mode is %04o, so that others than its owner can use this private key", path, st.st_mode & 07777u);
}

int
keys_make(const struct cairn *c, const char *path, mode_t mode)
{
	autoseed uint8_t seed[ED25519_SEED];
	uint8_t bytes[SECRET];
	char text[SECRET_TEXT + 2] = "z";
	size_t len;
	ssize_t n;
	int fd, r;

	if (sodium_init() < 0)
		return out_problem(c, EXIT_FATAL, NULL, "libsodium does not start");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return out_problem(c, errno == EEXIST ? EXIT_REFUSED : EXIT_BAD,
		    errno == EEXIST ? "a key is never overwritten; choose another name" : "name a file in a directory where you may write", "%s: %s", path, strerror(errno));
	randombytes_buf(seed, sizeof(seed));
	memcpy(bytes, prefix, PREFIX);
	memcpy(bytes + PREFIX, seed, sizeof(seed));
	encode_b58(bytes, sizeof(bytes), text + 1);
	len = strlen(text);
	text[len++] = '\n';
	n = write(fd, text, len);
	r = n == (ssize_t)len && fsync(fd) == 0 ? 0 : n < 0 ? errno : EIO;
	if (close(fd) != 0 && r == 0)
		r = errno;
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(text, sizeof(text));
	if (r != 0) {
		(void)unlink(path);
		return out_problem(c, EXIT_FATAL, NULL, "%s: %s", path, strerror(r));
	}
	return EXIT_OK;
}

int
keys_new(struct cairn *c, const struct verb *v, json_t *args)
{
	int r = keys_make(c, json_str(args, "file"), 0600);

	return r == EXIT_OK ? keys_show(c, v, args) : r;
}

int
keys_show(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *path = json_str(args, "file");
	autoseed uint8_t seed[ED25519_SEED];
	int r = keys_load(c, path, seed);

	(void)v;
	return r == EXIT_OK ? print_public(c, path, seed) : r;
}

/* Writes ${doc} to ${path} whole or not at all, or to standard output. */
int
keys_write(const struct cairn *c, const json_t *doc, const char *path)
{
	autofree char *text = json_text(doc, JSON_INDENT(2) | out_precision(doc));
	autofree char *new = NULL;
	FILE *f;
	int fd, r;

	if (text == NULL || (path != NULL && asprintf(&new, "%s.XXXXXX", path) < 0))
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	if (path == NULL)
		return puts(text) >= 0 ? EXIT_OK : EXIT_FATAL;
	fd = mkostemp(new, O_CLOEXEC);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL)
		return out_problem(c, EXIT_BAD, "name a file in a directory where you may write", "%s: %s", path, strerror(errno));
	/* What is signed is to be read by others. */
	r = fprintf(f, "%s\n", text) < 0 || fflush(f) != 0 || fchmod(fd, 0644) != 0 || fsync(fd) != 0 ? errno : 0;
	if (fclose(f) != 0 && r == 0)
		r = errno;
	if (r == 0 && rename(new, path) != 0)
		r = errno;
	if (r == 0)
		return EXIT_OK;
	(void)unlink(new);
	return out_problem(c, EXIT_FATAL, NULL, "%s: %s", path, strerror(r));
}

/* Is ${doc} what ${desc} describes? */
static int
check(const struct ev_desc *desc, const json_t *doc, struct err *err)
{
	autofree void *parsed = calloc(1, desc->size);
	int r = parsed != NULL ? event_parse(desc, doc, parsed, err) : -ENOMEM;

	if (r == 0)
		event_free(desc, parsed);
	return r;
}

/* Adds the proof of ${args}.key to ${doc} and writes it. */
static int
sign(struct cairn *c, json_t *args, json_t *doc, const struct ev_desc *desc)
{
	const char *file = json_str(args, "file"), *out = json_str(args, "out");
	const char *member = desc == &rec_statement_desc ? "specialist" : "issuer", *issuer = json_str(doc, member);
	autoseed uint8_t seed[ED25519_SEED];
	struct err err = { "" };
	time_t now = time(NULL);
	char created[32], key[64];
	struct tm tm;
	int r;

	r = keys_load(c, json_str(args, "key"), seed);
	if (r != EXIT_OK)
		return r;
	keys_public(seed, key);
	if (issuer != NULL && strncmp(issuer, "did:key:", 8) == 0 && strcmp(issuer + 8, key) != 0)
		return out_problem(c, EXIT_BAD, "sign with the key of whoever says it, or correct who that is",
		    "%s: $.%s is %s, but the key that signs is %s", file, member, issuer, key);
	if (gmtime_r(&now, &tm) == NULL || strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return out_problem(c, EXIT_FATAL, NULL, "the clock is out of range");
	(void)json_object_del(doc, "proof");
	r = proof_sign(doc, seed, "assertionMethod", created, &err);
	if (r == 0)
		r = check(desc, doc, &err);
	if (r != 0)
		return out_problem(c, r > 0 ? EXIT_BAD : EXIT_FATAL, "types.md describes it; cairn help sign says where that is",
		    "%s: %s", file, err.text[0] != '\0' ? err.text : err_name(r));
	r = keys_write(c, doc, out);
	if (r == EXIT_OK && out != NULL && c->json) {
		autojson json_t *said = json_pack("{s:s, s:s}", "file", out, "key", key);

		return out_json(said);
	}
	if (r == EXIT_OK && out != NULL)
		out_line("signed by %s: %s", key, out);
	return r;
}

static int
sign_file(struct cairn *c, json_t *args, const struct ev_desc *desc)
{
	autojson json_t *doc = NULL;
	int r = import_json(c, json_str(args, "file"), &doc);

	if (r == EXIT_OK && !json_is_object(doc))
		r = out_problem(c, EXIT_BAD, "types.md describes it; cairn help sign says where that is", "%s: $: this is no object", json_str(args, "file"));
	if (r == EXIT_OK && desc != &rec_credential_desc)
		r = time_from_text(c, json_str(args, "file"), doc);
	return r == EXIT_OK ? sign(c, args, doc, desc) : r;
}

int
keys_sign_credential(struct cairn *c, const struct verb *v, json_t *args)
{
	(void)v;
	return sign_file(c, args, &rec_credential_desc);
}

int
keys_sign_statement(struct cairn *c, const struct verb *v, json_t *args)
{
	(void)v;
	return sign_file(c, args, &rec_statement_desc);
}
