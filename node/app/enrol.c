/* SPDX-License-Identifier: Apache-2.0 */
#include "enrol.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/encode.h"
#include "base/id.h"
#include "domain/directory.h"
#include "domain/enrol.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "own.h"
#include "setup.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "store/truststore.h"
#include "trustlist.h"

/* meta, sealed: {ID: {domain, key, until, answer}} of those that are open, and for a while of those that ended. */
#define INVITATIONS	"invitations"
#define AFTER		(7 * WHEN_DAY)

enum { OPEN_MAX = 16, HOURS = 24, HOURS_MAX = 168 };

static int
load(struct app *app, json_t **ret)
{
	autofree char *text = NULL;
	int r = meta_get(app->db, INVITATIONS, true, &text);

	if (r == 0)
		return canon_stored(text, ret);
	return r != E_NOTFOUND ? r : (*ret = json_object()) != NULL ? 0 : -ENOMEM;
}

static int
save(struct app *app, const json_t *all)
{
	autofree char *text = json_text(all, JSON_COMPACT);
	int r = text == NULL ? -ENOMEM : meta_put(app->db, INVITATIONS, text, true);

	if (text != NULL)
		sodium_memzero(text, strlen(text));
	return r;
}

/* Of a domain only the newest is open; what ended long ago is forgotten. */
static void
sweep(json_t *all, const char *domain, int64_t now)
{
	const char *id;
	json_t *one;
	void *next;

	json_object_foreach_safe(all, next, id, one)
		if (json_int(one, "until", 0) + AFTER < now || strcmp(json_str(one, "domain"), domain) == 0)
			(void)json_object_del(all, id);
}

/* We are in force ourselves; or there never was a list, and this begins one. */
static int
standing(const struct app *app, struct err *reterr)
{
	autoversion struct trust_version newest = { 0 };
	int r = app->trust == NULL && *app->trust_fork == '\0' ? trust_version_get(app->db, 0, &newest) : 0;

	return r == 0 ? trustlist_why(app, NULL, reterr) : r == E_NOTFOUND ? 0 : r;
}

/* What this node says of itself, and the key that it signs with. */
static int
identity(struct app *app, json_t **ret, uint8_t ret_seed[ED25519_SEED], struct err *reterr)
{
	int r;

	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	return (r = own_seed(app->db, ret_seed)) != 0 ? r : setup_identity(app, ret);
}

int
enrol_invite_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *domain = json_str(args, "domain"), *said = json_str(args, "hours");
	long hours = said != NULL ? strtol(said, NULL, 10) : HOURS;
	int64_t now = app_now(app), until = now + hours * WHEN_HOUR;
	autojson json_t *own = NULL, *all = NULL, *doc = NULL;
	uint8_t raw[ENROL_CODE], key[ENROL_KEY], seed[ED25519_SEED];
	char id[ID_LEN + 1], code[ENROL_CODE_TEXT], hex[2 * ENROL_KEY + 1], words[ENROL_WORDS], end[WHEN_TEXT];
	int r;

	if (!id_is_server(domain))
		return err_set(reterr, E_BAD, "domain: the Matrix server name of the organization that is invited is missing");
	if (hours < 1 || hours > HOURS_MAX)
		return err_set(reterr, E_BAD, "hours: a number from 1 to %d is wanted", HOURS_MAX);
	if ((r = standing(app, reterr)) != 0 || (r = load(app, &all)) != 0)
		return r;
	sweep(all, domain, now);
	if (json_object_size(all) >= OPEN_MAX)
		return err_set(reterr, E_LATER, "%d invitations are open already; wait until some have ended", OPEN_MAX);
	if ((r = identity(app, &own, seed, reterr)) != 0)
		return r;
	id_new(app->world, id);
	world_random(app->world, raw, sizeof(raw));
	if ((r = enrol_key(id, enrol_code(raw, code), key)) == 0 &&
	    (r = enrol_invite(id, domain, until, own, key, seed, now, &doc, reterr)) == 0 && (r = enrol_words(own, words)) == 0) {
		encode_hex(key, sizeof(key), hex);
		r = json_object_set_new(all, id, json_pack("{s:s, s:s, s:I}", "domain", domain, "key", hex, "until",
		    (json_int_t)until)) != 0 ? -ENOMEM : save(app, all);
		if (r == 0 && (r = audit_add(app->db, now, actor, "federation_invite", id, NULL)) == 0)
			*ret = json_pack("{s:O, s:s, s:s, s:s}", "invitation", doc, "code", code, "until", when_print(until, end), "words", words);
	}
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(code, sizeof(code));
	return r != 0 ? r : *ret != NULL ? 0 : -ENOMEM;
}

int
enrol_accept_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *doc = json_obj(args, "invitation"), *theirs = json_obj(doc, "entry");
	const char *code = json_str(args, "code");
	autojson json_t *own = NULL, *answer = NULL;
	uint8_t key[ENROL_KEY], seed[ED25519_SEED];
	char words[ENROL_WORDS], their_words[ENROL_WORDS];
	int r;

	if (doc == NULL || code == NULL)
		return err_set(reterr, E_BAD, "invitation and code are wanted: the file of who invites, and the code that they read to you");
	if ((r = identity(app, &own, seed, reterr)) != 0)
		return r;
	if ((r = enrol_check_invitation(doc, app->cfg->server_name, code, app_now(app), key, reterr)) == 0 &&
	    (r = enrol_answer(json_str(doc, "id"), own, key, seed, app_now(app), &answer, reterr)) == 0 &&
	    (r = enrol_words(own, words)) == 0 && (r = enrol_words(theirs, their_words)) == 0 &&
	    (r = audit_add(app->db, app_now(app), actor, "federation_accept", json_str(doc, "id"), NULL)) == 0)
		*ret = json_pack("{s:O, s:O, s:O, s:s, s:s}", "enrolment", answer, "name", json_object_get(theirs, "name"), "server",
		    json_object_get(theirs, "server"), "their_words", their_words, "words", words);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(key, sizeof(key));
	return r != 0 ? r : *ret != NULL ? 0 : -ENOMEM;
}

/* The invitation that is answered: open, and by nobody else so far. */
static int
find(struct app *app, const json_t *all, const json_t *doc, json_t **ret, struct err *reterr)
{
	const char *id = json_str(doc, "invitation"), *before;
	json_t *one = id != NULL ? json_object_get(all, id) : NULL;
	uint8_t key[ENROL_KEY];
	char hash[DIRECTORY_HASH];
	int r;

	if (one == NULL)
		return err_next(reterr, err_set(reterr, E_NOTFOUND, "this node has no such invitation: another was made since, or it is long over"),
		    "cairn federation invite makes a new one");
	if (json_int(one, "until", 0) <= app_now(app))
		return err_next(reterr, err_set(reterr, E_REFUSED, "the invitation is over"), "cairn federation invite makes a new one");
	if (decode_hex(json_str(one, "key"), key, sizeof(key)) != 0)
		return ERR_CORRUPT;
	r = enrol_check_answer(doc, id, json_str(one, "domain"), key, reterr);
	sodium_memzero(key, sizeof(key));
	if (r != 0 || (r = directory_hash(doc, hash, reterr)) != 0)
		return r;
	if ((before = json_str(one, "answer")) != NULL && strcmp(before, hash) != 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this code was used already, for another answer"),
		    "if that was not you two, somebody else knows the code: invite anew, and read the code to nobody else");
	if (json_object_set_new(one, "answer", json_string(hash)) != 0)
		return -ENOMEM;
	*ret = one;
	return 0;
}

/* The words that were heard are those of the entry. */
static int
compare(const json_t *entry, const char *said, struct err *reterr)
{
	uint8_t heard[ENROL_NWORDS], wanted[ENROL_NWORDS];
	char words[ENROL_WORDS];
	int r = enrol_words(entry, words);

	if (r != 0)
		return r;
	if (words_parse(words, wanted, sizeof(wanted)) != 0)
		return ERR_CORRUPT;
	if (words_parse(said, heard, sizeof(heard)) != 0 || memcmp(heard, wanted, sizeof(heard)) != 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "these are not the words of this answer"),
		    "nothing was changed; if they read you other words the file is not theirs: do not go on");
	return 0;
}

int
enrol_admit_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const json_t *doc = json_obj(args, "enrolment"), *entry = json_obj(doc, "entry");
	const char *said = json_str(args, "words");
	autojson json_t *all = NULL, *own = NULL;
	json_t *one = NULL;
	char words[ENROL_WORDS];
	int r;

	if (doc == NULL)
		return err_set(reterr, E_BAD, "enrolment: the answer to an invitation is missing");
	if ((r = standing(app, reterr)) != 0 || (r = load(app, &all)) != 0 || (r = find(app, all, doc, &one, reterr)) != 0 || (r = setup_identity(app, &own)) != 0)
		return r;
	if (trust_listed(app->trust, json_str(entry, "org")) != NULL || !strcmp(json_str(own, "org"), json_str(entry, "org")))
		return err_set(reterr, E_EXISTS, "an organization of this identifier is on the list already");
	if ((said != NULL && (r = compare(entry, said, reterr)) != 0) || (r = save(app, all)) != 0 || (r = audit_add(app->db, app_now(app),
	    actor, said != NULL ? "federation_admit" : "federation_answer", json_str(doc, "invitation"), NULL)) != 0)
		return r;
	if (said == NULL && (r = enrol_words(entry, words)) == 0)
		*ret = json_pack("{s:O, s:s}", "entry", entry, "words", words);
	else if (r == 0)
		*ret = json_pack("{s:O, s:O, s:O*}", "entry", entry, "own", own, "list", app->trust != NULL ? trust_document(app->trust) : NULL);
	return r != 0 ? r : *ret != NULL ? 0 : -ENOMEM;
}
