/* SPDX-License-Identifier: Apache-2.0 */
#include "rekey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "base/log.h"
#include "base/proof.h"
#include "doctor.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "own.h"
#include "publish.h"
#include "setup.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "trustlist.h"

#define UNTIL		"record_key_until"	/* meta: until when the key of now is to count beside the next. */

enum { DAYS = 30, DAYS_MAX = 365 };

static bool
same(const uint8_t a[ED25519_PUBLIC], const uint8_t b[ED25519_PUBLIC])
{
	return memcmp(a, b, ED25519_PUBLIC) == 0;
}

static int
put_before(json_t *entry, const char *key, int64_t until)
{
	return json_object_set_new(entry, "old_record_key", json_pack("{s:s, s:I}", "key", key, "until", (json_int_t)until)) != 0 ? -ENOMEM : 0;
}

int
rekey_show(struct app *app, json_t **ret)
{
	const struct trust_org *org = trust_org_by_node(app->trust, app->cfg->node_user);
	autojson json_t *entry = NULL;
	autofree char *until = NULL;
	uint8_t key[ED25519_PUBLIC], next[ED25519_PUBLIC];
	char text[64];
	int r;

	if ((r = setup_identity(app, &entry)) != 0 || (r = own_key(app->db, key)) != 0)
		return r;
	if ((r = own_next_key(app->db, next)) == 0 && (r = meta_get(app->db, UNTIL, false, &until)) == 0) {
		proof_key_text(key, text);
		if ((r = put_before(entry, text, strtoll(until, NULL, 10))) == 0) {
			proof_key_text(next, text);
			r = json_object_set_new(entry, "record_key", json_string(text)) != 0 ? -ENOMEM : 0;
		}
	} else if (r == E_NOTFOUND) {
		r = 0;
		if (org != NULL && same(org->record_key, key) && org->old_until > app_now(app)) {
			proof_key_text(org->old_key, text);
			r = put_before(entry, text, org->old_until);
		}
	}
	if (r == 0)
		*ret = take(entry);
	return r;
}

/* Does the newest list name that key for us, though we may be suspended in it? */
static bool
is_listed(const struct app *app, const uint8_t key[ED25519_PUBLIC])
{
	for (size_t i = 0; i < trust_nlisted(app->trust); i++) {
		const struct trust_org *org = trust_listed_at(app->trust, i);

		if (!strcmp(org->node, app->cfg->node_user))
			return same(org->record_key, key);
	}
	return false;
}

static int
give_up(struct app *app, const char *actor, json_t **ret, struct err *reterr)
{
	uint8_t next[ED25519_PUBLIC];
	char text[64];
	int r = own_next_key(app->db, next);

	if (r != 0)
		return r == E_NOTFOUND ? err_set(reterr, r, "no new record key waits for the trust list") : r;
	if (app->trust == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "no trust list is in force, so it cannot be seen whether one names the new record key"),
		    "cairn federation status; give the key up when a list is in force");
	if (is_listed(app, next))
		return err_set(reterr, E_REFUSED, "the trust list names the new record key already: without it nobody would take our records");
	proof_key_text(next, text);
	if ((r = own_next_drop(app->db)) != 0 || (r = audit_add(app->db, app_now(app), actor, "key_give_up", text, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "text", "the new record key is given up and destroyed; the key of now signs on", "next",
	    "whoever has its entry for the trust list must not sign that: tell them at once, and give them what cairn show node --json prints now");
	return *ret != NULL ? 0 : -ENOMEM;
}

int
rekey_verb(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *said = json_str(args, "days");
	char *end = NULL, text[64], until[24];
	long days = said != NULL ? strtol(said, &end, 10) : DAYS;
	uint8_t next[ED25519_PUBLIC];
	int r;

	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
	if (json_is_true(json_object_get(args, "give_up")))
		return give_up(app, actor, ret, reterr);
	if (days < 0 || days > DAYS_MAX || (said != NULL && (*said == '\0' || *end != '\0')))
		return err_set(reterr, E_BAD, "days: a number from 0 to %d is wanted: how long the key of now counts beside the new one", DAYS_MAX);
	if (publish_own_org(app) == NULL)
		return trustlist_why(app, NULL, reterr);
	if ((r = own_next_key(app->db, next)) == 0) {
		proof_key_text(next, text);
		return err_next(reterr, err_set(reterr, E_EXISTS, "a new record key waits for the trust list already, and nothing was changed: %s", text),
		    "cairn show node --json prints the entry for the signers; cairn key rotate --give-up destroys it");
	}
	if (r != E_NOTFOUND)
		return r;
	(void)snprintf(until, sizeof(until), "%lld", (long long)(app_now(app) + days * WHEN_DAY));
	if ((r = own_next_make(app)) != 0 || (r = meta_put(app->db, UNTIL, until, false)) != 0 || (r = own_next_key(app->db, next)) != 0)
		return r;
	proof_key_text(next, text);
	if ((r = audit_add(app->db, app_now(app), actor, "key_rotate", text, NULL)) != 0)
		return r;
	return rekey_show(app, ret);
}

int
rekey_step(struct app *app, bool *ret_more)
{
	const struct trust_org *org = trust_org_by_node(app->trust, app->cfg->node_user);
	uint8_t next[ED25519_PUBLIC];
	char text[64];
	int r = org != NULL ? own_next_key(app->db, next) : E_NOTFOUND;

	if (r != 0 || !same(org->record_key, next))
		return r == E_NOTFOUND ? 0 : r;
	proof_key_text(next, text);
	log_info("rekey", "the trust list names the new record key: all that is published is signed with it");
	*ret_more = true;
	if ((r = own_next_take(app->db)) != 0 || (r = publish_anew(app)) != 0)
		return r;
	return audit_add(app->db, app_now(app), "node", "key_changed", text, NULL);
}

int
rekey_doctor(struct app *app, json_t *checks)
{
	static const char another[] = "the trust list names another key for our records than this node has";
	const struct trust_org *org = trust_org_by_node(app->trust, app->cfg->node_user);
	autofree char *until = NULL;
	uint8_t key[ED25519_PUBLIC], next[ED25519_PUBLIC];
	char day[WHEN_TEXT], text[192];
	int64_t end;
	int r = org != NULL ? own_key(app->db, key) : E_NOTFOUND;

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (!same(org->record_key, key) && org->old_until > app_now(app) && same(org->old_key, key))
		(void)snprintf(text, sizeof(text), "%s; what it signs is taken until %s", another, when_print_day(org->old_until, day));
	else
		(void)snprintf(text, sizeof(text), "%s: nobody takes what it signs", another);
	if (!same(org->record_key, key))
		return doctor_say(checks, "record key", false, text, "if a backup was restored, restore one that was made after cairn key rotate; else give the "
		    "federation's signers what cairn show node --json prints");
	if ((r = own_next_key(app->db, next)) != 0 || (r = meta_get(app->db, UNTIL, false, &until)) != 0)
		return r == E_NOTFOUND ? doctor_say(checks, "record key", true, "the trust list names the one that signs our records", "") : r;
	end = strtoll(until, NULL, 10);
	(void)snprintf(text, sizeof(text), "a new one waits for the trust list; the key of now is to count beside it until %s", when_print_day(end, day));
	return doctor_say(checks, "record key", end > app_now(app), text, "give the federation's signers what cairn show node --json prints, and a later time if they "
	    "need one; or cairn key rotate --give-up");
}
