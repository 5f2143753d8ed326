/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what is well and what is not, each with what to do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backup.h"
#include "book.h"
#include "bound.h"
#include "base/canon.h"
#include "base/text.h"
#include "crypt/crypt.h"
#include "crypt/device.h"
#include "crypt/keys.h"
#include "crypt/primitives.h"
#include "doctor.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "federation.h"
#include "identity.h"
#include "manifest.h"
#include "notes.h"
#include "publish.h"
#include "rekey.h"
#include "remind.h"
#include "steps.h"
#include "store/askstore.h"
#include "store/audit.h"
#include "store/casestore.h"
#include "store/consentstore.h"
#include "store/dirstore.h"
#include "store/erasure.h"
#include "store/holdstore.h"
#include "store/inbox.h"
#include "store/matchstore.h"
#include "store/messagestore.h"
#include "store/notestore.h"
#include "store/outbox.h"
#include "store/peoplestore.h"
#include "store/subject.h"
#include "view.h"
#include "waits.h"

#define SILENT_MS	(7 * 86400000LL)	/* Partners who were asked to erase have a week. */
#define ENDING		(30 * WHEN_DAY)

enum { NAMED_MOST = 20 };	/* Referrals, in one line. */
enum { COPY_DAYS = 7, COPY_EXPIRES = 29 };	/* Copies of keys.db: how old the newest may be; cairn backup --keys destroys those of 29 days. */

struct checking {
	struct app	*app;
	json_t		*checks;
};

int
doctor_say(json_t *checks, const char *name, bool good, const char *text, const char *hint)
{
	json_t *item = json_pack("{s:s, s:b, s:s, s:s}", "name", name, "ok", good, "text", text, "hint", hint);

	return item == NULL || json_array_append_new(checks, item) != 0 ? -ENOMEM : 0;
}

static int
check_store(struct app *app, json_t *checks)
{
	struct err why = { "" };
	int64_t rows = 0;
	int r = db_check(app->db, &why);

	if (r != 0 && r != ERR_CORRUPT)
		return r;
	if ((r = doctor_say(checks, "store", r == 0, r == 0 ? "the database is whole" : why.text,
	    "stop the node and restore a backup")) != 0)
		return r;
	r = audit_verify(app->db, &rows, &why);
	if (r != 0 && r != ERR_CORRUPT)
		return r;
	return doctor_say(checks, "audit", r == 0, r == 0 ? "the audit chain is unbroken" : why.text,
	    "somebody changed the audit: keep a copy of the state directory and investigate");
}

/* What was to be forgotten, here and by partners. */
static int
check_erasures(struct app *app, json_t *checks)
{
	int64_t open, done, silent, wanted;
	char text[200];
	int r = erasure_counts(app->db, &open, &done);

	if (r != 0 || (r = ask_counts(app->db, app_now(app) - SILENT_MS, &silent, &wanted)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld erased, %lld under way; %lld partners have not decided for a week, %lld requests of partners "
	    "wait for our staff", (long long)done, (long long)open, (long long)silent, (long long)wanted);
	return doctor_say(checks, "erasure", silent == 0 && wanted == 0, text, wanted > 0 ?
	    "cairn list erasures shows them; cairn erase REFERRAL, or cairn erase REFERRAL --keep" :
	    "cairn list erasures shows them; speak to their staff");
}

/* What is not erased for a while. */
static int
check_holds(struct app *app, json_t *checks)
{
	int64_t n, due;
	char text[120];
	int r = hold_counts(app->db, &n, &due);

	if (r != 0 || n == 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld in force; %lld are to be looked at again", (long long)n, (long long)due);
	return doctor_say(checks, "holds", due == 0, text, "cairn list holds shows them; then cairn hold review HOLD, with another day, or cairn hold lift HOLD");
}

static int
check_trust(struct app *app, json_t *checks)
{
	char text[128], day[WHEN_TEXT];
	int64_t expires = trust_expires(app->trust);
	bool soon = expires - app_now(app) < 14 * WHEN_DAY;

	if (*app->trust_fork != '\0')
		return doctor_say(checks, "trust list", false, app->trust_fork, "nothing is sent to any organization and nobody is trusted: "
		    "speak to the others; cairn federation join FILE with the list that holds ends this");
	if (app->trust == NULL)
		return doctor_say(checks, "trust list", false, "none is in force: nobody is trusted",
		    "cairn import trust FILE, with the file from the federation's signer");
	(void)snprintf(text, sizeof(text), "%zu organization%s, until %s", trust_norgs(app->trust),
	    trust_norgs(app->trust) == 1 ? "" : "s", when_print_day(expires, day));
	return doctor_say(checks, "trust list", !soon && publish_own_org(app) != NULL, text,
	    publish_own_org(app) == NULL ? "we are not on it: give the output of cairn show node --json to the signer" :
	    "it ends soon: ask the signer for a new one");
}

/* Who is listed and yet not in force, and whom this node trusts in spite of the list. */
static int
check_standing(struct app *app, json_t *checks)
{
	for (size_t i = 0; i < trust_nlisted(app->trust); i++) {
		const struct trust_org *org = trust_listed_at(app->trust, i);
		struct err why = { "" };
		bool stopped = trust_judge(app->trust, org->id, &why) != 0;
		int r;

		if (!stopped && org->suspended == 0)
			continue;
		if (!stopped)
			(void)err_set(&why, 0, "%s is trusted by this node, though the federation has suspended it: %s", org->name,
			    org->reason);
		if ((r = doctor_say(checks, "organization", stopped, why.text, "cairn federation deny ORG --reason ends that")) != 0)
			return r;
	}
	return 0;
}

/* Where newer lists come from.  Files bring them as well. */
static int
check_federation_room(struct app *app, json_t *checks)
{
	struct trust_room where = trust_where(app->trust);
	autoroom struct room room = { 0 };
	int64_t seen, ahead;
	char text[128];
	int r;

	if (where.room == NULL)
		return 0;
	if ((r = federation_ahead(app, &seen, &ahead)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "version %lld is there, %lld is in force here, and too many between were missed", (long long)ahead, (long long)seen);
	if (ahead > seen)
		return doctor_say(checks, "federation room", false, text, "ask another organization for the newest list, and cairn import trust FILE");
	if ((r = room_get(app->db, where.room, &room)) < 0)
		return r;
	r = r == 0 && room.joined ? 0 : E_LATER;
	return doctor_say(checks, "federation room", r == 0, r == 0 ? "joined: newer trust lists arrive there" : "not joined",
	    "cairn list outbox shows why; until then newer trust lists come as files: cairn import trust");
}

static int
check_directory(void *cookie, const struct partner *partner)
{
	const struct checking *c = cookie;
	const struct trust_org *org = trust_org(c->app->trust, partner->org);
	struct err why = { "" };
	char name[64], known[41];
	int r;

	if (!partner->follows || org == NULL)
		return 0;
	if ((r = manifest_check(c->app->db, partner->org, &why)) < 0)
		return r;
	text_escape(org->name, known, sizeof(known));	/* Cut between characters. */
	(void)snprintf(name, sizeof(name), "directory of %s", known);
	return doctor_say(c->checks, name, r != E_NOTFOUND, r == 0 ? "complete, by its signed manifest" :
	    r == E_LATER ? "not whole yet" : why.text,
	    "a homeserver withholds records: ask the partner, and your homeserver's administrator");
}

static int
check_queues(struct app *app, json_t *checks)
{
	char text[128];
	int64_t waiting, rejected, lost, failed, live, ready, stopped, silent;
	int r;

	if ((r = inbox_counts(app->db, &waiting, &rejected)) != 0 || (r = waiting_lost(app->db, &lost)) != 0 ||
	    (r = outbox_count(app->db, OUT_FAILED, &failed)) != 0 ||
	    (r = outbox_count(app->db, OUT_NEW, &live)) != 0 ||
	    (r = outbox_count(app->db, OUT_READY, &ready)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld to be sent, %lld refused by the homeserver",
	    (long long)live + ready, (long long)failed);
	if ((r = doctor_say(checks, "outbox", failed == 0, text, "cairn list outbox shows which, and why")) != 0)
		return r;
	if ((r = traffic_silent(app->db, NULL, &silent, &stopped)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "contents for partners: %lld given up or withheld, %lld sent for an hour "
	    "without an acknowledgement, or refused", (long long)stopped, (long long)silent);
	if ((r = doctor_say(checks, "traffic", stopped == 0 && silent == 0, text,
	    "the partner does not have them: speak to its staff; cairn list referrals shows whose turn it is")) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld waiting for a key, %lld rejected; %lld given up in %d days because too many "
	    "waited", (long long)waiting, (long long)rejected, (long long)lost, WAITING_LOST_DAYS);
	return doctor_say(checks, "inbox", rejected == 0 && lost == 0, text, lost == 0 ? "cairn list rejected shows why" :
	    "cairn list rejected shows why; ask the people concerned whether something is unanswered");
}

struct naming {
	struct buf	ids;
	int64_t		n;
};

static int
add_id(void *cookie, const char *id, const char *org)
{
	struct naming *names = cookie;

	(void)org;
	return names->n++ >= NAMED_MOST ? 0 : buf_printf(&names->ids, "%s%s", names->n > 1 ? ", " : "", id);
}

/* A fault of the program. */
static int
check_steps(struct app *app, json_t *checks)
{
	const char *resting = steps_resting(app);
	char text[128];

	if (resting == NULL)
		return 0;
	(void)snprintf(text, sizeof(text), "%s: this part of the node does not work, and is tried again each minute; all else goes on", resting);
	return doctor_say(checks, "the node", false, text, "a fault of the program: the log says what happened; see SECURITY.md");
}

static const char *
lost_kind(const char *name)
{
	return !strncmp(name, "person:", 7) ? "" : !strncmp(name, "legal:", 6) ? "the consents and the account of " : !strncmp(name, "note:", 5) ?
	    "a note in a chat, " : "an entry of the book, ";
}

static int
add_lost(void *cookie, const char *name)
{
	struct naming *names = cookie;
	const char *id = strncmp(name, "person:", 7) != 0 ? strchr(name, ':') + 1 : name;

	return names->n++ >= NAMED_MOST ? 0 : buf_printf(&names->ids, "%s%s%s", names->n > 1 ? ", " : "", lost_kind(name), id);
}

/* Beside referrals: people, consents, what was written down. */
static int
check_lost_people(struct app *app, json_t *checks)
{
	struct naming names = { 0 };
	autobuf struct buf text = { 0 };
	int r = subject_each_lost(app->db, add_lost, &names);

	if (r == 0)
		r = names.n == 0 ? buf_puts(&text, "each person and each consent can be read") : buf_printf(&text, "keys.db is older than the "
		    "database: of %lld what was written before cannot be read: %s%s", (long long)names.n, names.ids.data,
		    names.n > NAMED_MOST ? " and others" : "");
	buf_free(&names.ids);
	return r != 0 ? r : doctor_say(checks, "keys of people", names.n == 0, text.data, "stop the node, put the newest copy of keys.db back and "
	    "start it; if there is none, cairn erase person:NUMBER, or the referral, forgets the rest; have consents signed anew");
}

/* What was erased can be read with a copy of keys.db from before, and without any copy a broken disk takes everything. */
static int
check_copies(struct app *app, json_t *checks)
{
	char text[160];
	int64_t made, days;
	bool members = false;
	int r = backup_keys_made(app, &made);

	if (r != 0 || (r = subject_members(app->db, &members)) != 0)
		return r;
	days = (app_now(app) - made) / WHEN_DAY;
	if (!members)
		(void)snprintf(text, sizeof(text), "keys.db holds no key of a member yet");
	else if (made == 0)
		(void)snprintf(text, sizeof(text), "keys.db was never copied to another place: if this disk breaks, all about members is lost");
	else
		(void)snprintf(text, sizeof(text), "the newest copy of keys.db was made %lld day%s ago%s", (long long)days, days == 1 ? "" : "s",
		    days >= COPY_EXPIRES ? ", and is to be destroyed by now: what was erased since can still be read with it" : "");
	return doctor_say(checks, "copies of keys", !members || (made != 0 && days < COPY_DAYS), text,
	    "cairn backup FILE --keys DIR each day copies it, and destroys the copies in DIR that are 29 days old; see Backup in operating.md");
}

/* After an older file of keys was put back. */
static int
check_lost(struct app *app, json_t *checks)
{
	struct naming names = { 0 };
	autobuf struct buf text = { 0 };
	int r = case_lost_each(app->db, NULL, add_id, &names);

	if (r == 0)
		r = names.n == 0 ? buf_puts(&text, "each referral can be read") : buf_printf(&text, "keys.db is older than the database: "
		    "%lld cannot be read, and nothing is done about %s%s", (long long)names.n, names.ids.data,
		    names.n > NAMED_MOST ? " and others" : "");
	buf_free(&names.ids);
	return r != 0 ? r : doctor_say(checks, "keys of members", names.n == 0, text.data, "stop the node, put the newest copy of keys.db back "
	    "and start it; if there is none, speak to the partner's staff, then cairn erase each of these and begin anew");
}

/* Begun with an older release. */
static int
check_old(struct app *app, json_t *checks)
{
	struct naming names = { 0 };
	autobuf struct buf text = { 0 };
	int r = case_old_each(app->db, add_id, &names);

	if (r == 0 && names.n > 0)
		r = buf_printf(&text, "%lld under way were begun with an older release: their history can be read, and they cannot go on: "
		    "%s%s", (long long)names.n, names.ids.data, names.n > NAMED_MOST ? " and others" : "");
	buf_free(&names.ids);
	return r != 0 || names.n == 0 ? r : doctor_say(checks, "older referrals", false, text.data, "speak to the partner about each and send "
	    "a new referral; cairn erase REFERRAL ends the old one here");
}

/* Whose turn it is, and who let it pass, be it here or at a partner. */
static int
check_turns(struct app *app, json_t *checks)
{
	char text[128];
	int64_t overdue;
	int r = case_overdue(app->db, &overdue);

	if (r != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld referral%s for what somebody owes and has not done", (long long)overdue,
	    overdue == 1 ? " waits" : "s wait");
	return doctor_say(checks, "referrals", overdue == 0, overdue == 0 ? "none is overdue" : text,
	    "cairn list referrals shows whose turn it is: ours is done with what cairn show REFERRAL names; else speak to their staff");
}

/* Who hears of them by themselves. */
static int
check_staff(struct app *app, json_t *checks)
{
	char text[400];
	bool trouble;
	int r = remind_trouble(app, text, sizeof(text), &trouble);

	return r != 0 ? r : doctor_say(checks, "reminders", !trouble, text,
	    "staff accept the chat that the node invites them to, or write to it once, from a verified app");
}

/* What a partner said after something that never came has no effect. */
static int
check_waiting(struct app *app, json_t *checks)
{
	autofree char *one = NULL;
	char text[160];
	int64_t n;
	int r = step_waiting_long(app->db, app_now(app) - WAITS_SAY_MS, &n, &one);

	if (r != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld referral%s something that its partner said after what has not come, or could not be, for a day "
	    "or more: %s", (long long)n, n == 1 ? " has" : "s have", one != NULL ? one : "");
	return doctor_say(checks, "waiting", n == 0, n == 0 ? "nothing waits for what a partner said before it" : text,
	    "cairn show REFERRAL says what it is; ask the partner's staff. It is dropped after 90 days, but never that a member left");
}

/* A revocation that a holder has not acknowledged is the staff's to pursue. */
static int
check_revocations(struct app *app, json_t *checks)
{
	char text[128];
	int64_t late;
	int r = holder_late(app->db, app_now(app), &late);

	if (r != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld holder%s of disclosures did not acknowledge a revocation within a day", (long long)late,
	    late == 1 ? "" : "s");
	return doctor_say(checks, "revocations", late == 0, late == 0 ? "each is acknowledged, or was made within a day" : text,
	    "cairn accounting REFERRAL shows who; speak to their staff");
}

/* What nobody says anew for too long is shown as old by everybody else, and then not at all. */
static int
check_records(struct app *app, json_t *checks)
{
	char text[128], day[WHEN_TEXT];
	int64_t n, first;
	int r = publish_ending(app, app_now(app) + ENDING, false, &n, &first);

	if (r != 0)
		return r;
	if (n > 0)
		(void)snprintf(text, sizeof(text), "%lld of our records end%s, the first on %s: partners show them as old then, and not at all 30 days later",
		    (long long)n, n == 1 ? "s" : "", when_print_day(first, day));
	return doctor_say(checks, "our records", n == 0, n == 0 ? "none ends within 30 days" : text,
	    "see whether they are still true (cairn list records), mend what is not, then run cairn publish");
}

/* What was taken back is to be gone everywhere within a day. */
static int
check_purges(struct app *app, json_t *checks)
{
	char text[128];
	int64_t late;
	int r = purge_late(app->db, app_now(app) - WHEN_DAY, &late);

	if (r != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld follower%s did not say within a day that a withdrawn record is forgotten", (long long)late,
	    late == 1 ? "" : "s");
	return doctor_say(checks, "withdrawn records", late == 0, late == 0 ? "each follower has forgotten them, or was told within a day" : text,
	    "cairn list records shows the withdrawals, cairn show RECORD who has not; speak to their staff");
}

/* Who never accepts an invitation is waited for without an end. */
static int
check_words(struct app *app, json_t *checks)
{
	autofree char *hint = NULL;
	char text[128];
	int64_t late;
	int r = message_late(app->db, app_now(app) - WHEN_DAY, &late);

	if (r != 0)
		return r;
	if (asprintf(&hint, "cairn list messages shows for whom; ask them another way to accept the invitation by %s, "
	    "or whether their user id is right", app->cfg->node_user) < 0) {
		hint = NULL;
		return -ENOMEM;
	}
	(void)snprintf(text, sizeof(text), "%lld message%s to people wait%s for more than a day", (long long)late,
	    late == 1 ? "" : "s", late == 1 ? "s" : "");
	return doctor_say(checks, "messages", late == 0, late == 0 ? "none waits for more than a day" : text, hint);
}

static int
check_matches(struct app *app, json_t *checks)
{
	char text[192];
	int64_t review, over, ask;
	int r = pairing_due(app->db, app_now(app), &review, &over);

	if (r != 0 || (r = note_due(app->db, app_now(app), &ask)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "%lld to look back on, %lld of them past the end that was agreed on; %lld wanted to be asked how it goes",
	    (long long)review, (long long)over, (long long)ask);
	if ((r = doctor_say(checks, "matches", review == 0 && ask == 0, review == 0 && ask == 0 ? "none waits for a look back or a question" : text,
	    "cairn list matches shows which; ask both, each alone, then cairn match review or end; four weeks past its end a match ends by itself")) != 0 || (r = bound_trouble(app, &over)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "in %lld nothing is shown to the specialist, because it is in doubt whose account theirs is", (long long)over);
	return doctor_say(checks, "specialists' accounts", over == 0, over == 0 ? "none is in doubt" : text, "cairn list matches says which and why; speak to them by another way than "
	    "that account: they write !account and their words there, or sign anew (cairn sign publication); then cairn match chat MATCH --as specialist");
}

/* What one of a match says of the other and is not to lie unread. */
static int
check_feedback(struct app *app, json_t *checks)
{
	autojson json_t *concerns = NULL;
	char text[128];
	int r = notes_concerns(app, &concerns);
	size_t n = json_object_size(concerns);

	if (r != 0)
		return r;
	(void)snprintf(text, sizeof(text), "in %zu match%s somebody says that they felt unsafe or judged, and nobody has looked", n, n == 1 ? "" : "es");
	return doctor_say(checks, "feedback", n == 0, n == 0 ? "none names something unsafe or judged that nobody has looked at" : text,
	    "cairn list matches marks which, cairn match notes MATCH shows it; speak with whoever wrote it, alone; then, if they want, cairn match end or rematch");
}

static int
add_alarm(void *cookie, int64_t when, const char *user, const char *device, const char *text)
{
	(void)when, (void)user;
	return doctor_say(cookie, "keys", false, text, device != NULL && *device != '\0' ?
	    "compare the fingerprint with the person, then cairn trust USER DEVICE FINGERPRINT" :
	    "speak to the person, or to the administrator of the homeserver");
}

static int
check_house(struct app *app, json_t *checks)
{
	char text[256];
	bool trouble;
	int r = book_trouble(app, text, sizeof(text), &trouble);

	if (r != 0 || (r = doctor_say(checks, "supporters", !trouble, trouble ? text : "nothing about supporters, groups or volunteers waits",
	    "cairn book show says who and what")) != 0 || (r = identity_trouble(app, text, sizeof(text), &trouble)) != 0)
		return r;
	return doctor_say(checks, "identities", !trouble, trouble ? text : "nobody's identity key changed", "cairn list identities says whose; compare the new key with "
	    "the person, by voice or in person, then cairn trust identity USER KEY");
}

static int
check_keys(struct app *app, json_t *checks)
{
	struct err why = { "" };
	char text[128];
	int r = primitives_in_force(&why);

	if (r < 0)
		return r;
	if ((r = doctor_say(checks, "primitives", r == 0, r == 0 ? "libolm uses libcrypto and libsodium" : why.text,
	    "libolm's own functions are in use; the strict layer still holds; see docs/threat-model.md")) != 0)
		return r;
	if (app->crypt == NULL)
		return 0;
	(void)snprintf(text, sizeof(text), "%.24s, fingerprint %.43s", crypt_device(app->crypt),
	    device_fingerprint(app->crypt));
	if ((r = doctor_say(checks, "device", true, text, "")) != 0)
		return r;
	return keys_alarms_each(app->crypt, add_alarm, checks);
}

int
view_doctor(struct app *app, const char *actor, const json_t *args, json_t **ret, struct err *reterr)
{
	json_t *checks = json_array();
	struct checking c = { app, checks };
	int r;

	(void)actor, (void)args, (void)reterr;
	if ((*ret = json_pack("{s:o}", "checks", checks)) == NULL)
		return -ENOMEM;
	if ((r = check_steps(app, checks)) != 0 || (r = doctor_server(app, checks)) != 0 || (r = check_store(app, checks)) != 0 ||
	    (r = check_trust(app, checks)) != 0 || (r = rekey_doctor(app, checks)) != 0 || (r = check_standing(app, checks)) != 0 ||
	    (r = check_federation_room(app, checks)) != 0 || (r = partner_each(app->db, check_directory, &c)) != 0 ||
	    (r = check_queues(app, checks)) != 0 || (r = check_lost(app, checks)) != 0 || (r = check_lost_people(app, checks)) != 0 ||
	    (r = check_copies(app, checks)) != 0 || (r = check_old(app, checks)) != 0 || (r = check_turns(app, checks)) != 0 ||
	    (r = check_staff(app, checks)) != 0 || (r = check_waiting(app, checks)) != 0 ||
	    (r = check_revocations(app, checks)) != 0 || (r = check_records(app, checks)) != 0 || (r = check_purges(app, checks)) != 0 || (r = check_words(app, checks)) != 0 ||
	    (r = check_matches(app, checks)) != 0 || (r = check_feedback(app, checks)) != 0 || (r = check_house(app, checks)) != 0 ||
	    (r = check_erasures(app, checks)) != 0 || (r = check_holds(app, checks)) != 0)
		return r;
	return check_keys(app, checks);
}
