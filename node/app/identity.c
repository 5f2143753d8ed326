/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "crypt/keys.h"
#include "domain/trust.h"
#include "store/audit.h"
#include "store/devicestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/subject.h"
#include "view.h"

/* The organization whose account it is; also one that is not in force. */
static const struct trust_org *
org_of(const struct app *app, const char *user)
{
	for (size_t i = 0; i < trust_nlisted(app->trust); i++)
		if (strcmp(trust_listed_at(app->trust, i)->node, user) == 0)
			return trust_listed_at(app->trust, i);
	return NULL;
}

static int
describe(struct app *app, const struct keys_doubt *d, const char *user, json_t **ret)
{
	const struct trust_org *org = org_of(app, user);
	int64_t held;
	int r = crypto_user_held(app->db, d->pid, &held);

	if (r != 0)
		return r;
	*ret = json_pack("{s:s, s:s*, s:o, s:s, s:s*, s:I}", "user", user, "org", org != NULL ? org->name : NULL, "since", view_time(d->since),
	    "before", d->held, "now", *d->shown != '\0' ? d->shown : NULL, "held_back", (json_int_t)held);
	return *ret != NULL ? 0 : -ENOMEM;
}

int
identity_list(struct app *app, json_t *items)
{
	autofree struct keys_doubt *list = NULL;
	size_t n = 0;
	int r = app->crypt != NULL ? keys_doubts(app->crypt, &list, &n) : 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		autofree char *user = NULL;
		json_t *item;

		if ((r = person_user(app->db, list[i].pid, &user)) == 0 && (r = describe(app, &list[i], user, &item)) == 0 &&
		    json_array_append_new(items, item) != 0)
			r = -ENOMEM;
	}
	return r > 0 ? ERR_CORRUPT : r;
}

int
identity_trouble(struct app *app, char *text, size_t size, bool *ret)
{
	autofree struct keys_doubt *list = NULL;
	int64_t held = 0, one;
	size_t n = 0;
	int r = app->crypt != NULL ? keys_doubts(app->crypt, &list, &n) : 0;

	for (size_t i = 0; r == 0 && i < n; i++, held += one)
		r = crypto_user_held(app->db, list[i].pid, &one);
	if (r != 0)
		return r;
	*ret = n > 0;
	(void)snprintf(text, size, "the identity key of %zu account%s changed; nothing is sent there, and %lld message%s wait%s", n, n == 1 ? "" : "s",
	    (long long)held, held == 1 ? "" : "s", held == 1 ? "s" : "");
	return 0;
}

int
identity_waits(struct app *app, int64_t pid, char **ret)
{
	struct keys_doubt d;
	int r = app->crypt != NULL ? keys_doubt(app->crypt, pid, &d) : E_NOTFOUND;

	if (r != 0)
		return r;
	*ret = strdup("the identity key of this account changed: compare it with the person (cairn list identities)");
	return *ret != NULL ? 0 : -ENOMEM;
}

/* Of an organization the trust list says it, and nobody else. */
static int
accept(struct app *app, const struct keys_doubt *d, const char *user, const char *fingerprint, struct err *reterr)
{
	const struct trust_org *org = org_of(app, user);

	if (org != NULL && org->master_key != NULL && strcmp(org->master_key, d->shown) != 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this is the node of %s, and not the key of the trust list", org->name),
		    "speak to its staff; a new key comes with a new entry in the trust list (federation.md)");
	return keys_accept(app->crypt, d->pid, fingerprint, reterr);
}

int
identity_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *user = json_str(args, "user"), *fingerprint = json_str(args, "fingerprint");
	char who[SUBJECT_NAME];
	struct keys_doubt d;
	int64_t pid;
	int r;

	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if (!id_is_user(user))
		return err_set(reterr, E_BAD, "user: not a Matrix user id; it looks like @name:server");
	if (fingerprint == NULL || *fingerprint == '\0')
		return err_next(reterr, err_set(reterr, E_BAD, "the key is missing: what the person reads to you, by voice or in person; nothing was changed"),
		    "cairn list identities shows both keys and what waits");
	if ((r = person_find(app->db, user, &pid)) == 0)
		r = keys_doubt(app->crypt, pid, &d);
	if (r != 0)
		return r < 0 ? r : err_next(reterr, err_set(reterr, r, "the identity key of %s has not changed", user), "cairn list identities shows whose did");
	if ((r = accept(app, &d, user, fingerprint, reterr)) != 0 || (r = outbox_wake(app->db, NULL)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "trust identity", subject_person(pid, who), d.shown)) != 0 ||
	    (r = describe(app, &d, user, ret)) != 0)
		return r;
	return json_object_set_new(*ret, "text", json_string("this key counts from now on; what waits goes once the devices of the account were looked up")) == 0 ?
	    0 : -ENOMEM;
}
