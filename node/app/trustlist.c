/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "bans.h"
#include "base/canon.h"
#include "base/id.h"
#include "base/log.h"
#include "base/signers.h"
#include "crypt/keys.h"
#include "domain/trust.h"
#include "ingest.h"
#include "publish.h"
#include "record.h"
#include "store/audit.h"
#include "store/peoplestore.h"
#include "store/truststore.h"
#include "trustlist.h"

/* meta: with whom trust began; who signs the next version; what two lists disagree in. */
#define ROOT		"trust_root"
#define SIGNERS		"trust_signers"
#define FORK		"trust_fork"	/* "": in nothing. */

enum { REASON_MAX = 500 };

static int
get_signers(struct db *db, const char *key, struct signers *ret)
{
	autofree char *text = NULL;
	int r = meta_get(db, key, false, &text);

	return r != 0 ? r : signers_parse(text, ret, NULL) == 0 ? 0 : ERR_CORRUPT;
}

static int
put_signers(struct db *db, const char *key, const struct signers *s)
{
	char text[SIGNERS_TEXT];

	return meta_put(db, key, signers_print(s, text), false);
}

/*
 * Who must have signed the next list: those whom the list before names; or, if the configuration names
 * others than trust began with (${ret_same} is false then), those.  E_REFUSED: nobody.
 */
static int
judges(const struct app *app, struct signers *ret, bool *ret_same, struct err *reterr)
{
	const char *configured = app->cfg->trust_signer;
	struct signers root, now, wanted = { 0 };
	int r;

	if ((r = get_signers(app->db, ROOT, &root)) < 0 || (r == 0 && (r = get_signers(app->db, SIGNERS, &now)) < 0))
		return r;
	*ret_same = r == 0;
	if (configured != NULL) {
		if (signers_parse(configured, &wanted, reterr) != 0)
			return E_BAD;
		*ret_same = r == 0 && signers_equal(&root, &wanted);
	} else if (r != 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node does not know whose signature makes a trust list"),
		    "cairn federation join FILE, and compare its words with a person you know; or put trust_signer into the configuration");
	*ret = *ret_same ? now : wanted;
	return 0;
}

/*
 * Who had to sign ${version}, one that was accepted already or an older one: those whom the last before it names, or with whom trust began.
 * Of two that contradict each other each may name other signers, who do not sign the other.
 */
static int
judges_of(struct db *db, int64_t version, struct signers *ret)
{
	int r = get_signers(db, ROOT, ret);

	while (r == 0) {
		autoversion struct trust_version v = { 0 };
		autojson json_t *doc = NULL;

		if ((r = trust_version_below(db, version, &v)) != 0)
			return r == E_NOTFOUND ? 0 : r;
		if ((r = canon_stored(v.document, &doc)) == 0 && json_object_get(doc, "signers") != NULL)
			return trust_read_signers(doc, NULL, ret, NULL) == 0 ? 0 : ERR_CORRUPT;
		version = v.version;
	}
	return r;
}

static int
add_override(void *cookie, const char *org, const char *word)
{
	autojson json_t *value = NULL;
	int r = canon_stored(word, &value);

	if (r != 0)
		return r;
	return json_object_set(cookie, org, value) == 0 ? 0 : -ENOMEM;
}

/* E_REFUSED: a policy list bans one of its accounts. */
static int
banned(struct app *app, const struct trust_org *org, struct err *reterr)
{
	int r = bans_refuse(app, org->node, NULL, reterr);

	return r == 0 ? bans_refuse(app, org->steward, NULL, reterr) : r;
}

/* A partner whom a policy list bans counts as denied, unless the operator has: no allowance opens our rooms to it. */
static int
add_bans(struct app *app, const struct trust *trust, json_t *overrides)
{
	for (size_t i = 0; i < trust_nlisted(trust); i++) {
		const struct trust_org *org = trust_listed_at(trust, i);
		const char *said = json_str(json_obj(overrides, org->id), "decision");
		struct err why = { "" };
		int r = said != NULL && strcmp(said, "deny") == 0 ? 0 : banned(app, org, &why);

		if (r < 0)
			return r;
		if (r == E_REFUSED && json_object_set_new(overrides, org->id, json_pack("{s:s, s:s, s:I}", "decision", "deny", "reason",
		    why.text, "at", (json_int_t)app_now(app))) != 0)
			return -ENOMEM;
	}
	return 0;
}

/* What this node decided for itself, applied to ${trust}. */
static int
apply_overrides(struct app *app, struct trust *trust)
{
	autojson json_t *overrides = json_object();
	int r = overrides == NULL ? -ENOMEM : trust_override_each(app->db, add_override, overrides);

	if (r == 0)
		r = add_bans(app, trust, overrides);
	if (r == 0)
		r = trust_override(trust, overrides, NULL);
	return r > 0 ? ERR_CORRUPT : r;
}

int
trustlist_load(struct app *app)
{
	autoversion struct trust_version v = { 0 };
	autojson json_t *doc = NULL;
	autofree char *fork = NULL;
	struct signers by;
	struct err why = { "" };
	bool same;
	int r;

	if ((r = meta_get(app->db, FORK, false, &fork)) < 0)
		return r;
	if (r == 0 && *fork != '\0') {
		(void)snprintf(app->trust_fork, sizeof(app->trust_fork), "%s", fork);
		return 0;
	}
	if ((r = trust_version_get(app->db, 0, &v)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	if ((r = canon_parse(v.document, strlen(v.document), &doc, &why)) == 0 && (r = judges(app, &by, &same, &why)) == 0)
		r = same ? trust_load(doc, &by, NULL, app_now(app), &app->trust, &why) :
		    err_set(&why, E_REFUSED, "it is not of the signers in the configuration");
	if (r > 0)
		log_warn("trustlist", "the stored trust list is not in force: %s; nobody is trusted", why.text);
	return r < 0 ? r : r == 0 ? apply_overrides(app, app->trust) : 0;
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

/* The devices of a bot are known by the list alone. */
static int
unpin(struct app *app, const char *node, const json_t *devices)
{
	const json_t *device;
	size_t i;
	int r = 0;

	json_array_foreach(devices, i, device)
		if ((r = keys_unpin(app->crypt, node, json_str(device, "device"))) != 0)
			return r;
	return 0;
}

/* The last list may be in force no more, having expired or been contradicted; what it pinned is written in it. */
static int
unpin_stored(struct app *app, const struct trust *now)
{
	autoversion struct trust_version last = { 0 };
	autojson json_t *doc = NULL;
	const json_t *entry;
	size_t i;
	int r = app->crypt == NULL ? E_NOTFOUND : trust_version_get(app->db, 0, &last);

	if (r != 0 || (r = canon_stored(last.document, &doc)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	json_array_foreach(json_arr(doc, "orgs"), i, entry) {
		const struct trust_org *org = trust_listed(now, json_str(entry, "org"));
		const json_t *devices = json_arr(entry, "devices");

		if ((org == NULL || !json_equal(org->devices, devices)) && (r = unpin(app, json_str(entry, "node_user"), devices)) != 0)
			return r;
	}
	return 0;
}

/* Who is in force is known by its master key or, a bot without one, by its devices alone; and its records by their key. */
static int
know(struct app *app, const struct trust *before, const struct trust_org *org)
{
	const struct trust_org *was = trust_listed(before, org->id);
	const json_t *device;
	size_t i;
	int r = keys_pin_master(app->crypt, org->node, org->master_key, NULL);

	if (r != 0)
		return r;
	if ((was == NULL || memcmp(was->record_key, org->record_key, sizeof(org->record_key)) != 0 ||
	    memcmp(was->old_key, org->old_key, sizeof(org->old_key)) != 0) && (r = record_again(app, org->id)) != 0)
		return r;
	if (was != NULL && was->devices != NULL && !json_equal(was->devices, org->devices) && (r = unpin(app, was->node, was->devices)) != 0)
		return r;
	json_array_foreach(org->devices, i, device)
		if ((r = keys_pin(app->crypt, org->node, json_str(device, "device"), json_str(device, "key"), NULL)) != 0)
			return r > 0 ? ERR_CORRUPT : r;
	return 0;
}

/* Who is no longer in force loses every key to come. */
static int
expel_all(struct app *app, const struct trust *listed, const struct trust *now)
{
	for (size_t i = 0; i < trust_nlisted(listed); i++) {
		const struct trust_org *org = trust_listed_at(listed, i);
		int r;

		if (trust_org_by_node(now, org->node) != NULL || !strcmp(org->node, app->cfg->node_user))
			continue;
		if ((r = access_expel(app, org->node)) != 0 ||
		    (app->crypt != NULL && (r = unpin(app, org->node, org->devices)) != 0))
			return r;
	}
	return 0;
}

static int
change_trust(struct app *app, const struct trust *before, const struct trust *now)
{
	int r;

	/* The list before may have expired, and so be forgotten. */
	if ((r = expel_all(app, before, now)) != 0 || (r = expel_all(app, now, now)) != 0 || (r = access_retain(app, now)) != 0)
		return r;
	for (size_t i = 0; i < trust_norgs(now) && app->crypt != NULL; i++) {
		const struct trust_org *org = trust_org_at(now, i);

		if (strcmp(org->node, app->cfg->node_user) != 0 && ((r = know(app, before, org)) != 0 || (r = record_missed(app, org->id)) != 0))
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

/* Nobody can say which of the two is meant, so neither is: until people have spoken. */
static int
stop(struct app *app, const char *actor, const struct err *why)
{
	int r;

	(void)snprintf(app->trust_fork, sizeof(app->trust_fork), "%.250s", why->text);
	log_error("trustlist", "%s; nobody is trusted until an operator says which holds", app->trust_fork);
	trust_free(app->trust);
	app->trust = NULL;
	if ((r = meta_put(app->db, FORK, app->trust_fork, false)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "trust_fork", "trust", NULL)) != 0)
		return r;
	return E_EXISTS;
}

/* What was accepted before, as far as it speaks of this document. */
static int
get_seen(struct app *app, const json_t *doc, struct trust_seen *ret)
{
	autoversion struct trust_version newest = { 0 }, same = { 0 };
	int64_t version = json_int(doc, "version", 0);
	int r;

	*ret = (struct trust_seen){ 0 };
	if ((r = trust_version_get(app->db, 0, &newest)) != 0)
		return r == E_NOTFOUND ? 0 : r;
	ret->version = newest.version;
	(void)snprintf(ret->hash, sizeof(ret->hash), "%s", newest.hash);
	if (version < 1 || (r = trust_version_get(app->db, version, &same)) != 0)
		return r < 0 ? r : 0;
	(void)snprintf(ret->same, sizeof(ret->same), "%s", same.hash);
	return 0;
}

/* In force from now on; ${trust} is consumed.  ${root}: with whom its federation begins, if it is another than before; else NULL. */
static int
install(struct app *app, const char *actor, struct trust *trust, const struct signers *root)
{
	autotrust struct trust *mine = trust;
	struct trust_seen seen = trust_last(trust);
	autofree char *text = NULL;
	struct trust_version v = { seen.version, seen.hash, NULL };
	int r = canon_text(trust_document(trust), &text, NULL);

	v.document = text;
	if (r != 0 || (r = unpin_stored(app, trust)) != 0)
		return r;
	/* Nothing that was said there counts here. */
	if (root != NULL && ((r = trust_version_forget(app->db)) != 0 || (r = put_signers(app->db, ROOT, root)) != 0))
		return r;
	if ((r = trust_version_put(app->db, &v, app_now(app))) != 0 ||
	    (r = put_signers(app->db, SIGNERS, trust_signers(trust))) != 0 || (r = apply_overrides(app, trust)) != 0 ||
	    (r = change_trust(app, app->trust, trust)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "import_trust", seen.hash, NULL)) != 0)
		return r;
	/* Should the commit fail, the process ends, and a restart reads what is stored. */
	trust_free(app->trust);
	app->trust = take(mine);
	return retry_invitations(app);
}

int
trustlist_adopt(struct app *app, const char *actor, const json_t *doc, struct err *reterr)
{
	struct trust_seen seen = { 0 };
	struct trust *trust;
	struct signers by;
	struct err why = { "" };
	bool same;
	int r;

	if (*app->trust_fork != '\0')
		return err_next(reterr, err_set(reterr, E_REFUSED, "%s", app->trust_fork),
		    "speak to the other organizations; cairn federation join FILE with the list that holds ends this");
	if ((r = judges(app, &by, &same, reterr)) != 0 || (same && (r = get_seen(app, doc, &seen)) != 0) ||
	    (same && json_int(doc, "version", 0) <= seen.version && (r = judges_of(app->db, json_int(doc, "version", 0), &by)) != 0))
		return r;
	if ((r = trust_load(doc, &by, same ? &seen : NULL, app_now(app), &trust, &why)) == TRUST_FORK)
		return stop(app, actor, &why);
	if (r != 0) {
		if (reterr != NULL)
			*reterr = why;
		return r;
	}
	return install(app, actor, trust, same ? NULL : &by);
}

int
trustlist_import(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *doc = json_obj(args, "document");
	int r;

	if (doc == NULL)
		return err_set(reterr, E_BAD, "document: the signed trust list is missing");
	if ((r = trustlist_adopt(app, actor, doc, reterr)) == E_EXISTS)
		*ret = json_pack("{s:s}", "stopped", app->trust_fork);
	else if (r != 0)
		return r;
	else
		*ret = json_pack("{s:I, s:I}", "version", (json_int_t)trust_last(app->trust).version, "organizations",
		    (json_int_t)trust_norgs(app->trust));
	return *ret != NULL ? 0 : -ENOMEM;
}

/* Our own organization is known by its account. */
static int
judge_own(const struct app *app, struct err *reterr)
{
	for (size_t i = 0; i < trust_nlisted(app->trust); i++)
		if (!strcmp(trust_listed_at(app->trust, i)->node, app->cfg->node_user))
			return trust_judge(app->trust, trust_listed_at(app->trust, i)->id, reterr);
	return err_next(reterr, err_set(reterr, E_REFUSED, "our organization is not on the trust list"),
	    "give the output of cairn show node --json to the federation's signers, then cairn import trust FILE");
}

/* Whoever joins has heard the words from a person; only then does the list say who signs. */
int
trustlist_join(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *doc = json_obj(args, "document");
	const char *said = json_str(args, "words");
	uint8_t heard[SIGNERS_NWORDS], wanted[SIGNERS_NWORDS];
	char words[SIGNERS_WORDS], text[SIGNERS_TEXT];
	autotrust struct trust *trust = NULL;
	struct signers by, before, configured;
	int r;

	if (doc == NULL || said == NULL)
		return err_set(reterr, E_BAD, "document and words are wanted: the signed trust list, and the words of its signers");
	if ((r = trust_read_signers(doc, NULL, &by, reterr)) != 0)
		return r;
	if (words_parse(said, heard, nelem(heard)) != 0 ||
	    words_parse(signers_words(&by, words), wanted, nelem(wanted)) != 0 || memcmp(heard, wanted, sizeof(heard)) != 0)
		return err_next(reterr, err_set(reterr, E_REFUSED, "these are not the words of those who sign this list"),
		    "do not use this list; ask the person who gave it to you, not over Matrix, which words they see");
	if (app->trust != NULL && !signers_equal(&by, trust_signers(app->trust)))
		return err_next(reterr, err_set(reterr, E_REFUSED, "another trust list, of other signers, is in force"),
		    "a node is in one federation; a new list of that one comes by cairn import trust");
	if (app->cfg->trust_signer != NULL && (signers_parse(app->cfg->trust_signer, &configured, reterr) != 0 ||
	    !signers_equal(&by, &configured)))
		return err_next(reterr, err_set(reterr, E_REFUSED, "trust_signer in the configuration names other signers than this list"),
		    "take it out, or correct it: %s", signers_print(&by, text));
	/* In the same federation it is one more list of it, and an older one does not bring back whom a newer one suspended. */
	if (*app->trust_fork == '\0' && get_signers(app->db, SIGNERS, &before) == 0 && signers_equal(&by, &before))
		return trustlist_import(app, actor, args, ret, reterr);
	/* A list that is no good changes nothing; one that is ends what was before, contradictions too. */
	if ((r = trust_load(doc, &by, NULL, app_now(app), &trust, reterr)) != 0)
		return r;
	*app->trust_fork = '\0';
	if ((r = meta_put(app->db, FORK, "", false)) != 0 || (r = install(app, actor, take(trust), &by)) != 0)
		return r;
	*ret = json_pack("{s:I, s:I}", "version", (json_int_t)trust_last(app->trust).version, "organizations",
	    (json_int_t)trust_norgs(app->trust));
	return *ret != NULL ? 0 : -ENOMEM;
}

int
trustlist_why(const struct app *app, const char *org, struct err *reterr)
{
	int r;

	if (*app->trust_fork != '\0')
		return err_next(reterr, err_set(reterr, E_REFUSED, "nothing is sent to any organization: %s", app->trust_fork),
		    "speak to the other organizations; cairn federation join FILE with the list that holds ends this");
	if (app->trust == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "no trust list is in force: nobody is trusted"),
		    "cairn import trust FILE, with the newest list of the federation");
	if (org == NULL)
		return judge_own(app, reterr);
	if ((r = trust_judge(app->trust, org, reterr)) == 0)
		return 0;
	return err_next(reterr, r, r == E_NOTFOUND ? "cairn list partners shows who is" :
	    "nothing is sent to it; cairn list partners shows how it is with each organization");
}

/* A denial goes, and a suspension that the list has now is set aside; there must be one of them. */
static int
allow(int standing, int64_t suspended, const char *id, json_t *word, struct err *reterr)
{
	if (standing == 0)
		return err_set(reterr, E_EXISTS, "%.100s is in force: there is nothing to allow", id);
	if (standing == E_NOTFOUND)
		return err_next(reterr, err_set(reterr, E_NOTFOUND, "%.100s is not on the trust list, and this cannot put it there", id),
		    "its signers can: docs/federation.md");
	return json_object_set_new(word, "since", json_integer(suspended)) != 0 ? -ENOMEM : 0;
}

int
trustlist_decide(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *org = json_str(args, "org"), *decision = json_str(args, "decision"), *reason = json_str(args, "reason");
	const char *own = publish_own_org(app);
	const struct trust_org *listed = org != NULL ? trust_listed(app->trust, org) : NULL;
	const struct trust_issuer *issuer = org != NULL ? trust_listed_issuer(app->trust, org) : NULL;
	int64_t suspended = listed != NULL ? listed->suspended : issuer != NULL ? issuer->suspended : 0;
	autojson json_t *word = NULL;
	autofree char *text = NULL;
	bool denies;
	int r;

	if (org == NULL || (!id_is_own(org) && issuer == NULL) || decision == NULL || (strcmp(decision, "deny") != 0 && strcmp(decision, "allow") != 0))
		return err_set(reterr, E_BAD, "org: the id of an organization, or the DID of an issuer of the list, is wanted; cairn list partners shows the organizations");
	if (reason == NULL || *reason == '\0' || strlen(reason) > REASON_MAX)
		return err_set(reterr, E_BAD, "reason: say why, in at most %d bytes; it is shown to the staff of this node", REASON_MAX);
	if (own != NULL && !strcmp(own, org))
		return err_set(reterr, E_REFUSED, "that is our own organization");
	denies = !strcmp(decision, "deny");
	word = json_pack("{s:s, s:s, s:I}", "decision", decision, "reason", reason, "at", (json_int_t)app_now(app));
	if (word == NULL)
		return -ENOMEM;
	if (!denies && ((r = allow(id_is_own(org) ? trust_judge(app->trust, org, NULL) : trust_judge_issuer(app->trust, org, NULL), suspended, org, word, reterr)) != 0 ||
	    (listed != NULL && (r = banned(app, listed, reterr)) != 0)))
		return r;
	if ((r = canon_text(word, &text, reterr)) != 0)
		return r;
	/* What was only denied here needs no word any more. */
	if ((r = trust_override_put(app->db, org, denies || suspended != 0 ? text : NULL)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, denies ? "federation_deny" : "federation_allow", org, NULL)) != 0)
		return r;
	if (app->trust != NULL && ((r = apply_overrides(app, app->trust)) != 0 ||
	    (r = change_trust(app, app->trust, app->trust)) != 0 || (r = retry_invitations(app)) != 0))
		return r;
	*ret = json_pack("{s:s, s:s}", "org", org, "text", !denies ? "it is trusted again" : id_is_own(org) ?
	    "from now on nothing is sent to it, and nothing of it is shown" : "from now on no credential of it counts here");
	return *ret != NULL ? 0 : -ENOMEM;
}

int
trustlist_banned(struct app *app)
{
	int r = app->trust == NULL ? 0 : apply_overrides(app, app->trust);

	if (r == 0 && app->trust != NULL && (r = change_trust(app, app->trust, app->trust)) == 0)
		r = retry_invitations(app);
	return r;
}
