/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "base/id.h"
#include "case.h"
#include "command.h"
#include "crypt/keys.h"
#include "message.h"
#include "own.h"
#include "publish.h"
#include "record.h"
#include "setup.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "trustlist.h"
#include "view.h"

static int
trust_device(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *user = json_str(args, "user"), *device = json_str(args, "device");
	const char *fingerprint = json_str(args, "fingerprint");
	int r;

	if (app->crypt == NULL)
		return err_set(reterr, E_REFUSED, "this node is not set up; run cairn setup first");
	if (!id_is_user(user) || !id_is_device(device) || fingerprint == NULL)
		return err_set(reterr, E_BAD, "user, device and fingerprint are wanted, as the other person reads them to you");
	if ((r = keys_pin(app->crypt, user, device, fingerprint, reterr)) != 0 ||
	    (r = outbox_wake(app->db, NULL)) != 0 ||
	    (r = audit_add(app->db, app_now(app), actor, "trust", device, NULL)) != 0)
		return r;
	*ret = json_pack("{s:s, s:s}", "user", user, "device", device);
	return *ret != NULL ? 0 : -ENOMEM;
}

static int
find(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	(void)actor;
	return record_find(app, args, ret, reterr);
}

static const struct verb {
	const char	*name;
	int		(*run)(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *);
	const char	*hint;		/* What to do when it was refused. */
} verbs[] = {
	{ "setup",	setup_start,	"cairn doctor shows what the homeserver said" },
	{ "status",	view_status,		"" },
	{ "import",	own_import,	"nothing was changed; mend the file and import it again" },
	{ "import_trust", trustlist_import, "the list in force is unchanged" },
	{ "publish",	publish_start,	"cairn doctor shows what is missing" },
	{ "follow",	record_follow,	"cairn list partners shows who is on the trust list" },
	{ "trust",	trust_device,	"compare the fingerprint with the person, not over Matrix" },
	{ "say",	message_say,	"" },
	{ "find",	find,		"cairn find without words lists everything" },
	{ "refer",	case_refer,	"cairn find shows records and their ids" },
	{ "consent",	case_consent,	"nothing was disclosed; cairn consent REFERRAL --template prints a form to fill in" },
	{ "answer",	case_answer,	"cairn show REFERRAL shows its state and whose turn it is" },
	{ "outcome",	case_outcome,	"cairn show REFERRAL shows its state and whose turn it is" },
	{ "list",	view_list,	"" },
	{ "show",	view_show,	"cairn list referrals and cairn find show ids" },
	{ "doctor",	view_doctor,	"" },
};

static const char *
code_name(int r)
{
	static const char *const names[] = { [E_BAD] = "bad", [E_REFUSED] = "refused",
	    [E_NOTFOUND] = "not_found", [E_EXISTS] = "exists", [E_LATER] = "later" };

	return r > 0 && (size_t)r < nelem(names) ? names[r] : "refused";
}

int
command_run(struct app *app, uid_t uid, const json_t *request, json_t **ret_reply)
{
	const char *name = json_str(request, "verb");
	autojson json_t *result = NULL, *none = json_object();
	json_t *args = json_obj(request, "args");
	const struct verb *verb = NULL;
	struct err why = { "" };
	char actor[32];
	int r;

	(void)snprintf(actor, sizeof(actor), "operator:%lld", (long long)uid);
	for (size_t i = 0; i < nelem(verbs) && name != NULL; i++)
		if (!strcmp(verbs[i].name, name))
			verb = &verbs[i];
	if (verb == NULL)
		r = err_set(&why, E_BAD, "verb: this node does not know it; is cairn newer than the node?");
	else
		r = verb->run(app, actor, args != NULL ? args : none, &result, &why);
	if (r < 0)
		return r;
	*ret_reply = r == 0 ? json_pack("{s:b, s:O}", "ok", 1, "result", result) :
	    json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "code", code_name(r), "error",
	    *why.text != '\0' ? why.text : err_name(r), "hint", verb != NULL ? verb->hint : "");
	return *ret_reply != NULL ? r : -ENOMEM;
}
