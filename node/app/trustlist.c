/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "base/canon.h"
#include "base/log.h"
#include "base/proof.h"
#include "crypt/keys.h"
#include "domain/trust.h"
#include "ingest.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "trustlist.h"

/* meta: the list in force, and "version:hash" of the newest ever accepted. */
#define TRUST		"trust_list"
#define TRUST_SEEN	"trust_seen"

static int
get_seen(struct db *db, struct trust_seen *ret)
{
	autofree char *text = NULL;
	long long version;
	int r = meta_get(db, TRUST_SEEN, false, &text);

	*ret = (struct trust_seen){ 0 };
	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (sscanf(text, "%lld:%64s", &version, ret->hash) != 2)
		return ERR_CORRUPT;
	ret->version = version;
	return 0;
}

static int
signer(const struct app *app, uint8_t key[ED25519_PUBLIC], struct err *reterr)
{
	if (app->cfg->trust_signer == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "trust_signer is not in the configuration"),
		    "put the federation signer's key there, as received from a person you know, and restart the node");
	return proof_key_parse(app->cfg->trust_signer, key);
}

int
trustlist_load(struct app *app)
{
	autofree char *text = NULL;
	autojson json_t *doc = NULL;
	uint8_t key[ED25519_PUBLIC];
	struct err why = { "" };
	int r = meta_get(app->db, TRUST, false, &text);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = canon_parse(text, strlen(text), &doc, &why)) == 0 && (r = signer(app, key, &why)) == 0)
		r = trust_load(doc, key, NULL, app_now(app), &app->trust, &why);
	if (r > 0)
		log_warn("trustlist", "the stored trust list is not in force: %s; nobody is trusted", why.text);
	return r < 0 ? r : 0;
}

void
trustlist_expire(struct app *app)
{
	if (app->trust == NULL || trust_expires(app->trust) > app_now(app))
		return;
	log_error("trustlist", "the trust list has expired: nobody is trusted until a new one is imported");
	trust_free(app->trust);
	app->trust = NULL;
}

/* Who is no longer on the list loses every key to come; who is on it is known by its master key. */
static int
change_trust(struct app *app, const struct trust *before, const struct trust *now)
{
	int r;

	for (size_t i = 0; i < trust_norgs(before); i++) {
		const char *user = trust_org_at(before, i)->node;

		if (trust_org_by_node(now, user) == NULL && (r = access_expel(app, user)) != 0)
			return r;
	}
	/* The list before may have expired, and so be forgotten. */
	if ((r = access_retain(app, now)) != 0)
		return r;
	for (size_t i = 0; i < trust_norgs(now) && app->crypt != NULL; i++) {
		const struct trust_org *org = trust_org_at(now, i);
		int64_t pid;

		if (!strcmp(org->node, app->cfg->node_user))
			continue;
		if ((r = person_id(app->db, org->node, &pid)) != 0 ||
		    (r = keys_pin_master(app->crypt, org->node, org->master_key, NULL)) != 0)
			return r;
	}
	return 0;
}

/* Invitations by those who have just become partners. */
static int
retry_invitations(struct app *app)
{
	int r = 0;

	for (size_t i = 0; i < trust_norgs(app->trust) && r == 0; i++) {
		int64_t pid;

		if ((r = person_find(app->db, trust_org_at(app->trust, i)->node, &pid)) == 0)
			r = ingest_person(app, pid);
		r = r == E_NOTFOUND ? 0 : r;
	}
	return r;
}

int
trustlist_import(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *doc = json_obj(args, "document");
	autofree char *text = NULL;
	uint8_t key[ED25519_PUBLIC];
	char seen_text[96];
	struct trust_seen seen;
	struct trust *trust;
	int r;

	if (doc == NULL)
		return err_set(reterr, E_BAD, "document: the signed trust list is missing");
	if ((r = signer(app, key, reterr)) != 0 || (r = get_seen(app->db, &seen)) != 0 ||
	    (r = trust_load(doc, key, seen.version > 0 ? &seen : NULL, app_now(app), &trust, reterr)) != 0)
		return r;
	seen = trust_last(trust);
	(void)snprintf(seen_text, sizeof(seen_text), "%lld:%s", (long long)seen.version, seen.hash);
	if ((text = canon_text(doc, reterr)) == NULL)
		r = E_BAD;
	else if ((r = meta_put(app->db, TRUST, text, false)) == 0 &&
	    (r = meta_put(app->db, TRUST_SEEN, seen_text, false)) == 0 &&
	    (r = change_trust(app, app->trust, trust)) == 0)
		r = audit_add(app->db, app_now(app), actor, "import_trust", seen.hash, NULL);
	if (r != 0) {
		trust_free(trust);
		return r;
	}
	*ret = json_pack("{s:I, s:I}", "version", (json_int_t)seen.version, "organizations",
	    (json_int_t)trust_norgs(trust));
	/* Should the commit fail, the process ends, and a restart reads what is stored. */
	trust_free(app->trust);
	app->trust = trust;
	return *ret != NULL ? retry_invitations(app) : -ENOMEM;
}
