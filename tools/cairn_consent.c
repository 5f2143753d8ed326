/* SPDX-License-Identifier: Apache-2.0 */
/* A specialist's own consent to be published, made and taken back with a key that nobody else has. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/canon.h"
#include "base/id.h"
#include "base/proof.h"
#include "cairn.h"
#include "domain/publication.h"
#include "domain/when.h"

#define TYPES	"types.md describes it; cairn help sign says where that is"

static int64_t
now_ms(void)
{
	return (int64_t)time(NULL) * 1000;
}

/* The record about a specialist, or their credential, in a file of records, or alone; NULL: none, or several of which none is named. */
static json_t *
specialist_in(json_t *doc, const char *alias)
{
	json_t *records = json_is_object(doc) && json_arr(doc, "records") != NULL ? json_arr(doc, "records") : doc, *item, *found = NULL;
	size_t i;

	if (json_is_object(records))
		return json_obj(records, "body");
	json_array_foreach(records, i, item) {
		const json_t *subject = json_obj(json_obj(item, "body"), "credentialSubject");
		const char *kind = json_str(item, "kind"), *name = json_str(subject != NULL ? subject : json_obj(item, "body"), "alias");

		if (kind == NULL || (strcmp(kind, "specialist") != 0 && strcmp(kind, "credential") != 0) || (alias != NULL && (name == NULL || strcmp(name, alias) != 0)))
			continue;
		if (found != NULL)
			return NULL;
		found = json_obj(item, "body");
	}
	return found;
}

static int
read_body(const struct cairn *c, json_t *args, json_t **ret_doc, json_t **ret_body)
{
	const char *file = json_str(args, "file");
	int r = import_json(c, file, ret_doc);

	/* Times are signed as they are sent. */
	if (r != EXIT_OK || (r = time_from_text(c, NULL, *ret_doc)) != EXIT_OK)
		return r;
	*ret_body = specialist_in(*ret_doc, json_str(args, "alias"));
	return *ret_body != NULL ? EXIT_OK : out_problem(c, EXIT_BAD, "name one with --alias, or give the record a file of its own",
	    "%s: there is not exactly one specialist meant", file);
}

/* What is signed is what will be published: records by their identifiers, not by the names that a file gives them. */
static int
settle_names(const struct cairn *c, const json_t *args, json_t *body)
{
	static const char *const names[] = { "program", "credential_id" };
	const char *program = json_str(args, "program");

	if (json_obj(body, "credentialSubject") != NULL)
		return EXIT_OK;
	if (program != NULL && json_object_set_new(body, "program", json_string(program)) != 0)
		return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	for (size_t i = 0; i < nelem(names); i++)
		if (json_object_get(body, names[i]) != NULL && !id_is_own(json_str(body, names[i])))
			return out_problem(c, EXIT_BAD, i == 0 ? "cairn list records at the organization shows it; --program RECORD puts it in" :
			    "cairn list records at the organization shows it", "%s: %s: the identifier of that record is wanted, for the specialist agrees to it",
			    json_str(args, "file"), names[i]);
	return EXIT_OK;
}

static int
bad(const struct cairn *c, const json_t *args, int r, const struct err *err)
{
	return out_problem(c, r > 0 ? EXIT_BAD : EXIT_FATAL, TYPES, "%s: %s", json_str(args, "file"),
	    err->text[0] != '\0' ? err->text : err_name(r));
}

static int
done(struct cairn *c, const json_t *doc, const json_t *args, const char *text)
{
	const char *out = json_str(args, "out");
	int r = keys_write(c, doc, out);

	if (r == EXIT_OK && out != NULL && !c->json)
		out_line("%s: %s", text, out);
	return r;
}

/* Which account is theirs goes into the body; or it stays as it was. */
static int
bind(const json_t *args, json_t *body, const uint8_t seed[ED25519_SEED], struct err *err)
{
	const char *user = json_str(args, "account"), *key = json_str(args, "master_key");

	if (user == NULL && key == NULL)
		return 0;
	if (user == NULL || key == NULL || json_obj(body, "credentialSubject") != NULL)
		return err_set(err, E_BAD, user == NULL || key == NULL ? "--account and --master-key go together" :
		    "--account: whose account it is stands in the record of the specialist, not of a credential");
	return publication_bind(body, user, key, seed, now_ms(), err);
}

/* What the account is to say; not in the file, so beside it. */
static void
print_words(const json_t *body)
{
	char text[BINDING_TEXT], words[BINDING_WORDS];
	struct binding b;

	if (publication_account(body, now_ms(), &b) != 0)
		return;
	(void)binding_words(binding_text(&b, text), words);
	(void)fprintf(stderr, "%s is theirs once this is published and is written there, in the chat with the organization: !account %s\n", b.user, words);
}

int
consent_sign(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *org = json_str(args, "org"), *until = json_str(args, "until"), *record;
	autojson json_t *doc = NULL;
	json_t *body = NULL;
	uint8_t seed[ED25519_SEED], raw[ID_LEN];
	char end[32], id[ID_LEN + 1];
	struct err err = { "" };
	int64_t end_ms;
	int r;

	(void)v;
	if (!id_is_own(org))
		return out_problem(c, EXIT_BAD, "cairn show node prints it at the organization, as org", "--org: this is no organization's identifier");
	(void)snprintf(end, sizeof(end), "%.10sT23:59:59Z", until);
	if (strlen(until) != 10 || when_parse(end, &end_ms) != 0 || end_ms <= now_ms())
		return out_problem(c, EXIT_BAD, "write a day to come, as 2027-11-30", "--until: %.40s is no such day", until);
	if ((r = read_body(c, args, &doc, &body)) != EXIT_OK || (r = settle_names(c, args, body)) != EXIT_OK ||
	    (r = keys_load(c, json_str(args, "key"), seed)) != EXIT_OK)
		return r;
	record = json_str(json_obj(body, "consent"), "record");
	randombytes_buf(raw, sizeof(raw));
	id_of_bytes(raw, id);
	/* The record that was agreed to before stays the same one. */
	if (id_is_own(record))
		(void)snprintf(id, sizeof(id), "%s", record);
	if ((r = bind(args, body, seed, &err)) == 0)
		r = publication_sign(body, org, id, end_ms, seed, now_ms(), &err);
	sodium_memzero(seed, sizeof(seed));
	if (r != 0)
		return bad(c, args, r, &err);
	if ((r = done(c, doc, args, "signed; for the organization, which imports it")) == EXIT_OK)
		print_words(body);
	return r;
}

int
consent_withdraw(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *doc = NULL, *word = NULL, *records = NULL;
	json_t *body = NULL;
	uint8_t seed[ED25519_SEED];
	struct err err = { "" };
	int r;

	(void)v;
	if ((r = read_body(c, args, &doc, &body)) != EXIT_OK || (r = keys_load(c, json_str(args, "key"), seed)) != EXIT_OK)
		return r;
	r = publication_withdraw(json_obj(body, "consent"), seed, now_ms(), &word, &err);
	sodium_memzero(seed, sizeof(seed));
	if (r != 0)
		return bad(c, args, r, &err);
	records = json_pack("[{s:s+, s:s, s:O}]", "source", "publication:", json_str(word, "record"), "kind", "publication", "body", word);
	return records == NULL ? out_problem(c, EXIT_FATAL, NULL, "out of memory") :
	    done(c, records, args, "signed; the organization imports it, publishes nothing more of it, and followers forget it");
}
