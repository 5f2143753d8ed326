/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "accounting.h"
#include "backup.h"
#include "bans.h"
#include "book.h"
#include "consult.h"
#include "base/canon.h"
#include "base/heap.h"
#include "base/id.h"
#include "base/log.h"
#include "capacity.h"
#include "case.h"
#include "command.h"
#include "crypt/keys.h"
#include "disclosure.h"
#include "enrol.h"
#include "copy.h"
#include "erase.h"
#include "feed.h"
#include "find.h"
#include "hold.h"
#include "identity.h"
#include "intake.h"
#include "federation.h"
#include "group.h"
#include "message.h"
#include "notes.h"
#include "notes_chat.h"
#include "own.h"
#include "pairing.h"
#include "publish.h"
#include "record.h"
#include "rekey.h"
#include "revoke.h"
#include "report.h"
#include "round.h"
#include "setup.h"
#include "store/audit.h"
#include "store/outbox.h"
#include "store/reading.h"
#include "trail.h"
#include "trustlist.h"
#include "view.h"

static int
trust_device(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	const char *user = json_str(args, "user"), *device = json_str(args, "device");
	const char *fingerprint = json_str(args, "fingerprint");
	int r;

	if (app->crypt == NULL)
		return err_next(reterr, err_set(reterr, E_REFUSED, "this node is not set up"), "run cairn setup");
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
	return find_run(app, args, ret, reterr);
}

static const struct verb {
	const char	*name;
	int		(*run)(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *);	/* NULL: case_act. */
	const char	*hint;		/* What to do when it was refused, unless the refusal says so itself (err_next). */
	bool		 current;	/* Not while this database is not the newest (epoch.h). */
	bool		 view;		/* Writes nothing but the audit (store/reading.h). */
} verbs[] = {
	{ "setup",	setup_start,	"", false, false },
	{ "backup",	backup_verb,	"", false, false },
	{ "status",	view_status,		"", false, true },
	{ "import",	own_import,	"nothing was changed; mend the file and import it again", false, false },
	{ "forget",	feed_remove,	"cairn list feeds shows the files that are kept, and their names", false, false },
	{ "import_trust", trustlist_import, "the list in force is unchanged; the federation's signer has the newest", false, false },
	{ "federation_room", federation_room, "", true, false },
	{ "federation_publish", federation_publish, "the list in force is unchanged", true, false },
	{ "federation_status", federation_status, "", false, true },
	{ "federation_join", trustlist_join, "nothing was changed", false, false },
	{ "federation_invite", enrol_invite_verb, "", false, false },
	{ "federation_accept", enrol_accept_verb, "nothing was changed; ask the person who invites, not over Matrix", false, false },
	{ "federation_admit", enrol_admit_verb, "nothing was changed; cairn federation invite makes a new invitation", false, false },
	{ "federation_decide", trustlist_decide, "cairn list partners shows the organizations", false, false },
	{ "import_minors", disclosure_minors, "the table in force is unchanged; docs/consent.md shows one", false, false },
	{ "withdraw",	case_withdraw,	"cairn list records shows our records and their ids", true, false },
	{ "erase",	erase_run,	"cairn list referrals shows ids; nothing was erased", true, false },
	{ "invite",	group_invite,	"cairn list records shows our groups and their ids", true, false },
	{ "hold",	hold_place,	"nothing is held; cairn help hold explains it", false, false },
	{ "hold review", hold_look,	"cairn list holds shows them", false, false },
	{ "hold lift",	hold_lift,	"cairn list holds shows them; nothing was lifted", true, false },
	{ "publish",	publish_start,	"", true, false },
	{ "key rotate",	rekey_verb,	"nothing was changed", true, false },
	{ "follow",	record_follow,	"cairn list partners shows who is on the trust list", true, false },
	{ "trust",	trust_device,	"compare the fingerprint with the person, not over Matrix", false, false },
	{ "trust identity", identity_verb, "nothing was changed; compare the key with the person, not over Matrix", false, false },
	{ "policy follow", bans_follow,	"cairn help policy follow says how", true, false },
	{ "policy leave", bans_leave,	"cairn policy list shows the lists", true, false },
	{ "policy check", bans_check,	"", false, true },
	{ "policy list", bans_list,	"", false, true },
	{ "say",	message_say,	"", true, false },
	{ "find",	find,		"", false, true },
	{ "capacity",	capacity_verb,	"", true, false },
	{ "open-case",	intake_open,	"cairn open-case --template prints a form to fill in", false, false },
	{ "task",	intake_task,	"cairn list tasks shows them", false, false },
	{ "refer",	case_refer,	"cairn help refer lists the values; cairn find shows the records and their ids", true, false },
	{ "consent",	case_consent,	"nothing was disclosed; correct the form, or have a new one printed: cairn consent REFERRAL --template", true, false },
	{ "answer",	case_answer,	"cairn help answer lists the values", true, false },
	{ "outcome",	case_outcome,	"cairn help outcome lists the values", true, false },
	{ "revoke",	revoke_run,	"cairn help revoke explains it", true, false },
	{ "accounting",	accounting_run,	"", false, true },
	{ "export member", copy_run,	"", false, true },
	{ "emergency",	accounting_emergency, "nothing was recorded; correct the form, or have a new one printed: cairn emergency WHOM --template", true, false },
	{ "match",	pairing_match,	"cairn help match lists the values", false, false },
	{ "match accept", pairing_accept, "cairn show MATCH says whom the member was proposed", false, false },
	{ "match review", pairing_review, "cairn list matches shows what is due", false, false },
	{ "match end",	pairing_end,	"cairn list matches shows the ids", false, false },
	{ "match rematch", pairing_rematch, "cairn list matches shows the ids", false, false },
	{ "match cohort", round_run,	"nothing was proposed; mend the file and run it again", false, false },
	{ "match note",	notes_add,	"nothing was kept; types.md describes a note", false, false },
	{ "match sign",	notes_sign,	"cairn help match sign lists the values", false, false },
	{ "match chat",	notes_chat_add,	"cairn list matches shows the ids", true, false },
	{ "match notes", notes_show,	"cairn list matches shows the ids", false, false },
	{ "book add",	book_write,	"nothing was kept; types.md describes an entry", false, false },
	{ "book show",	book_show,	"", false, true },
	{ "book seen",	book_saw,	"cairn book show lists the incidents and their ids", false, false },
	{ "book forget", book_remove,	"cairn book show lists the ids", true, false },
	{ "volunteer",	book_volunteer,	"cairn book show lists the applications and their ids", true, false },
	{ "consult ask", consult_ask,	"nobody was asked", true, false },
	{ "consult show", consult_show,	"", false, true },
	{ "consult close", consult_close, "", true, false },
	{ "import measures", notes_measures, "the questionnaires are as before; mend the file and import it again", false, false },
	{ "report",	report_run,	"a report is made of a quarter that is over: cairn report 2026-Q3", false, false },
	{ "match fairness", pairing_fairness, "", false, true },
	{ "accept",	NULL,	"", true, false },
	{ "decline",	NULL,	"cairn help decline lists the reasons", true, false },
	{ "waitlist",	NULL,	"", true, false },
	{ "ask",	NULL,	"cairn help ask lists what can be asked", true, false },
	{ "inform",	NULL,	"cairn help inform lists the values", true, false },
	{ "forward",	NULL,	"", true, false },
	{ "confirm",	NULL,	"", true, false },
	{ "contact",	NULL,	"cairn help contact lists the ways", true, false },
	{ "schedule",	NULL,	"", true, false },
	{ "no-show",	NULL,	"", true, false },
	{ "engage",	NULL,	"", true, false },
	{ "pause",	NULL,	"", true, false },
	{ "resume",	NULL,	"", true, false },
	{ "close",	NULL,	"cairn help close lists the outcomes", true, false },
	{ "fail",	NULL,	"", true, false },
	{ "reopen",	NULL,	"", true, false },
	{ "mistake",	NULL,	"", true, false },
	{ "list",	view_list,	"", false, true },
	{ "show",	view_show,	"cairn list referrals and cairn find show ids", false, true },
	{ "audit verify", trail_verify,	"keep a copy of the state directory and find out who had access", false, true },
	{ "audit show",	trail_show,	"", false, true },
	{ "doctor",	view_doctor,	"", false, true },
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
	unsigned long full = heap_full(), missed = heap_missed(), refused = heap_refused();
	struct err why = { "" };
	char actor[32];
	int r;

	(void)snprintf(actor, sizeof(actor), "operator:%lld", (long long)uid);
	for (size_t i = 0; i < nelem(verbs) && name != NULL; i++)
		if (!strcmp(verbs[i].name, name))
			verb = &verbs[i];
	if (verb == NULL)
		r = err_next(&why, err_set(&why, E_BAD, "verb: this node does not know it; is cairn newer than the node?"),
		    "restart the node, so that both are of one release");
	else if (verb->current && app->epoch.held)
		r = err_next(&why, err_set(&why, E_REFUSED, "this database is not the newest of this node"),
		    "cairn doctor says what to do");
	else {
		(void)db_reading(app->db, verb->view);
		r = verb->run == NULL ? case_act(app, verb->name, actor, args != NULL ? args : none, &result, &why) :
		    verb->run(app, actor, args != NULL ? args : none, &result, &why);
	}
	if (verb != NULL && r == -EROFS && db_reading(app->db, false)) {	/* Not worth the process. */
		log_error("app", "the verb %s wanted to write, and only reads", verb->name);
		r = err_set(&why, E_REFUSED, "a fault of the program: this was not to change anything, and wanted to; nothing was changed");
	}
	if (r == 0 && (*ret_reply = json_pack("{s:b, s:O}", "ok", 1, "result", result)) == NULL)
		r = -ENOMEM;
	/* More JSON than there may be at once is this command's fault, and not worth the process; that the system has no memory is. */
	if ((r == -ENOMEM || r == ERR_CORRUPT || heap_missed() != missed) && heap_full() != full && heap_refused() == refused) {
		json_decref(take(*ret_reply));
		json_decref(take(result));
		r = err_next(&why, err_set(&why, E_REFUSED, "this needs more memory than a command may take; nothing was done"),
		    "ask for less at once, or send it in parts");
	}
	if (r <= 0)
		return r;
	*ret_reply = json_pack("{s:b, s:s, s:s, s:s}", "ok", 0, "code", code_name(r), "error",
	    *why.text != '\0' ? why.text : err_name(r), "hint", *err_todo(&why) != '\0' || verb == NULL ?
	    err_todo(&why) : verb->hint);
	return *ret_reply != NULL ? r : -ENOMEM;
}

int
command_refused(struct app *app, uid_t uid, const json_t *request)
{
	const json_t *args = json_obj(request, "args");
	const char *name = json_str(request, "verb");
	char actor[32];

	(void)snprintf(actor, sizeof(actor), "operator:%lld", (long long)uid);
	return name == NULL || args == NULL ? 0 : trail_refused(app, actor, name, args);
}
