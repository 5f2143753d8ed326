/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "base/newfile.h"
#include "base/proof.h"
#include "crosssign.h"
#include "crypt.h"
#include "strict.h"

#define ED	"ed25519:"
#define FORMAT	"format = cairn-recovery-1\n"

enum { KEY_ID_MAX = 320, FILE_MAX = 64 * 1024 };

static const char *const usage[CROSSSIGN_ROLES] = { "master", "self_signing", "user_signing" };

static void
derive(struct crosssign_keys *k)
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	for (int i = 0; i < CROSSSIGN_ROLES; i++)
		(void)crypto_sign_seed_keypair(k->pub[i], secret, k->seed[i]);
	sodium_memzero(secret, sizeof(secret));
}

int
crosssign_make(const struct world *world, const char *user, struct crosssign_keys *ret)
{
	if (!id_is_user(user))
		return E_BAD;
	memset(ret, 0, sizeof(*ret));
	(void)snprintf(ret->user, sizeof(ret->user), "%s", user);
	world_random(world, ret->seed, sizeof(ret->seed));
	derive(ret);
	return 0;
}

void
crosssign_wipe(struct crosssign_keys *k)
{
	sodium_memzero(k, sizeof(*k));
}

void
crosssign_master(const struct crosssign_keys *k, char out[44])
{
	encode_b64(k->pub[CROSSSIGN_MASTER], CRYPT_KEY, out);
}

static void
key_id(const struct crosssign_keys *k, enum crosssign_role role, char out[KEY_ID_MAX])
{
	char text[CRYPT_KEY_TEXT + 1];

	encode_b64(k->pub[role], CRYPT_KEY, text);
	(void)snprintf(out, KEY_ID_MAX, ED "%s", text);
}

/* The public object of one key, signed by the master key unless it is that. */
static int
public_key(const struct crosssign_keys *k, enum crosssign_role role, json_t **ret)
{
	char id[KEY_ID_MAX], master[KEY_ID_MAX];
	autojson json_t *object = NULL;
	int r;

	key_id(k, role, id);
	key_id(k, CROSSSIGN_MASTER, master);
	object = json_pack("{s:s, s:[s], s:{s:s}}", "user_id", k->user, "usage", usage[role],
	    "keys", id, id + strlen(ED));
	if (object == NULL)
		return -ENOMEM;
	if (role != CROSSSIGN_MASTER &&
	    (r = sign_json(object, k->user, master, k->seed[CROSSSIGN_MASTER])) != 0)
		return r;
	*ret = take(object);
	return 0;
}

int
crosssign_upload(const struct crosssign_keys *k, json_t **ret)
{
	static const char *const names[CROSSSIGN_ROLES] = { "master_key", "self_signing_key",
	    "user_signing_key" };
	autojson json_t *body = json_object();
	int r;

	if (body == NULL)
		return -ENOMEM;
	for (int i = 0; i < CROSSSIGN_ROLES; i++) {
		autojson json_t *key = NULL;

		if ((r = public_key(k, (enum crosssign_role)i, &key)) != 0)
			return r;
		if (json_object_set(body, names[i], key) != 0)
			return -ENOMEM;
	}
	*ret = take(body);
	return 0;
}

int
crosssign_sign_device(const struct crosssign_keys *k, const json_t *device_keys, json_t **ret)
{
	const char *user = json_str(device_keys, "user_id"), *id = json_str(device_keys, "device_id");
	autojson json_t *copy = json_deep_copy(device_keys), *body = NULL;
	char own[KEY_ID_MAX], self[KEY_ID_MAX];
	uint8_t key[CRYPT_KEY];
	int r;

	if (user == NULL || strcmp(user, k->user) != 0 || !id_is_device(id))
		return E_BAD;
	if (copy == NULL)
		return -ENOMEM;
	(void)snprintf(own, sizeof(own), ED "%s", id);
	if (proof_key_b64(json_str(json_obj(copy, "keys"), own), key) != 0)
		return E_BAD;
	if ((r = verify_json(copy, user, own, key, NULL)) != 0)
		return r < 0 ? r : E_BAD;
	key_id(k, CROSSSIGN_SELF, self);
	if ((r = sign_json(copy, user, self, k->seed[CROSSSIGN_SELF])) != 0)
		return r;
	if ((body = json_pack("{s:{s:O}}", user, id, copy)) == NULL)
		return -ENOMEM;
	*ret = take(body);
	return 0;
}

static int
print(const struct crosssign_keys *keys, size_t n, struct buf *out)
{
	int r = buf_puts(out,
	    "# Cairn recovery file.  Keep it offline and secret, in two places.\n"
	    "#\n"
	    "# It holds the private cross-signing keys of this organization's Matrix accounts\n"
	    "# (base64 of 32-byte Ed25519 seeds).  Whoever has them can add devices that other\n"
	    "# people's clients trust.  Without them a lost or restored node cannot sign its new\n"
	    "# device, and every partner has to confirm the accounts anew.  The node does not\n"
	    "# need this file to run: move it away once setup has finished.\n"
	    FORMAT);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = buf_printf(out, "\nuser = %s\n", keys[i].user);
		for (int role = 0; r == 0 && role < CROSSSIGN_ROLES; role++) {
			char text[CRYPT_KEY_TEXT + 1];

			encode_b64(keys[i].seed[role], CRYPT_KEY, text);
			r = buf_printf(out, "%s = %s\n", usage[role], text);
			sodium_memzero(text, sizeof(text));
		}
	}
	return r;
}

int
crosssign_save(const char *path, const struct crosssign_keys *keys, size_t n, struct err *reterr)
{
	autowipe struct buf text = { 0 };
	int r = print(keys, n, &text);

	return r != 0 ? err_set(reterr, r, "out of memory") : newfile_make(path, 0600, text.data, text.len, reterr);
}

static int
read_file(const char *path, struct buf *out)
{
	char block[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	out->max = FILE_MAX;
	while (r == 0 && (n = read(fd, block, sizeof(block))) != 0)
		r = n < 0 ? -errno : buf_add(out, block, (size_t)n);
	sodium_memzero(block, sizeof(block));
	(void)close(fd);
	return r;
}

/* One "key = value" line into ${k}; bits of ${seen} for the three seeds. */
static int
read_line(const char *line, struct crosssign_keys *k, unsigned *seen)
{
	for (int role = 0; role < CROSSSIGN_ROLES; role++) {
		size_t n = strlen(usage[role]);

		if (strncmp(line, usage[role], n) != 0 || strncmp(line + n, " = ", 3) != 0)
			continue;
		if ((*seen & 1U << role) != 0 ||
		    decode_b64_exact(line + n + 3, k->seed[role], CRYPT_KEY) != 0)
			return E_BAD;
		*seen |= 1U << role;
		return 0;
	}
	return E_BAD;
}

static int
find_user(char *text, const char *user, struct crosssign_keys *ret)
{
	autocrosssign struct crosssign_keys k = { 0 };
	bool mine = false, format = false;
	unsigned seen = 0;
	char *line, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '#' || *line == '\0')
			continue;
		if (!format) {
			if (strncmp(line, FORMAT, strlen(FORMAT) - 1) != 0 || line[strlen(FORMAT) - 1] != '\0')
				return E_BAD;
			format = true;
		} else if (strncmp(line, "user = ", 7) == 0)
			mine = strcmp(line + 7, user) == 0;
		else if (mine && read_line(line, &k, &seen) != 0)
			return E_BAD;
	}
	if (!format)
		return E_BAD;
	if (seen != (1U << CROSSSIGN_ROLES) - 1)
		return seen == 0 ? E_NOTFOUND : E_BAD;
	(void)snprintf(k.user, sizeof(k.user), "%s", user);
	derive(&k);
	*ret = k;
	return 0;
}

int
crosssign_load(const char *path, const char *user, struct crosssign_keys *ret, struct err *reterr)
{
	autowipe struct buf text = { 0 };
	int r;

	if (!id_is_user(user))
		return err_set(reterr, E_BAD, "the user id is malformed");
	if ((r = read_file(path, &text)) != 0)
		return err_set(reterr, r, "%s: %s", path, strerror(-r));
	r = text.data == NULL ? E_BAD : find_user(text.data, user, ret);
	if (r == E_BAD)
		return err_set(reterr, r, "%s is not a whole Cairn recovery file", path);
	return r == 0 ? 0 : err_set(reterr, r, "%s has no keys of that user", path);
}
