/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_server: how it stands between us and our homeserver. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/canon.h"
#include "base/cleanup.h"
#include "doctor.h"
#include "domain/when.h"
#include "gap.h"
#include "group.h"
#include "members.h"
#include "setup.h"
#include "store/gapstore.h"
#include "store/peoplestore.h"

static int
check_setup(struct app *app, json_t *checks)
{
	autojson json_t *status = NULL;
	const char *stage, *why;
	bool done, begun;
	int r = setup_status(app, &status);

	if (r != 0)
		return r;
	stage = json_str(status, "setup");
	why = json_str(status, "error");
	done = !strcmp(stage, "done");
	begun = !strcmp(stage, "login") || !strcmp(stage, "keys");
	if ((r = doctor_say(checks, "setup", done, done ? "accounts are logged in and cross-signed" : why != NULL ? why : stage,
	    why != NULL ? "mend that, then run cairn setup again" : begun ?
	    "it is under way; the lines below and the log say what holds it up" : "run cairn setup")) != 0)
		return r;
	if ((r = doctor_say(checks, "bridge", app->up, app->up ? "connected" : "not there",
	    "cairnd starts it; see its log")) != 0)
		return r;
	for (unsigned i = 0; i < APP_ACCOUNTS; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "sync of %s", app_account_name[i]);
		/* Whether the homeserver answers can be said once somebody asked it. */
		if (!begun && !done && !app->accounts[i].fresh && !app->accounts[i].barred)
			r = doctor_say(checks, name, false, "not logged in", why != NULL ? "run cairn setup again" : "run cairn setup");
		else if (app->accounts[i].barred)
			r = doctor_say(checks, name, false, "the homeserver accepts nothing from this account",
			    "run cairn setup again; if that does not help, its administrator can say why");
		else
			r = doctor_say(checks, name, app->accounts[i].fresh && app->accounts[i].attempts == 0,
			    app->accounts[i].fresh ? app->accounts[i].attempts == 0 ? "answered" : "failing, being retried" :
			    "no answer yet", "is the homeserver reachable? cairn check-config shows its address");
		if (r != 0)
			return r;
	}
	return 0;
}

static int
check_newest(struct app *app, json_t *checks)
{
	if (app->epoch.attempts > 0)
		return doctor_say(checks, "epoch", false, "the homeserver does not take the mark that must precede what is sent",
		    "it is tried again; the log says why, and that server's administrator can");
	return doctor_say(checks, "epoch", !app->epoch.held, app->epoch.held ? "this database is not the newest of this node: "
	    "a copy was restored, or a second one runs; nothing is sent" : "the homeserver knows of no newer database of this node",
	    "stop any other copy, put the recovery file back where it was, then cairn setup: it makes a new device; see Backup in operating.md");
}

static int
check_members(struct app *app, json_t *checks)
{
	char text[128];
	int64_t unsure;
	int r = unsure_count(app->db, app_now(app) - MEMBERS_SHOWN_MS, &unsure);

	if (r != 0)
		return r;
	(void)snprintf(text, sizeof(text), "in %lld rooms nothing is sent: the homeserver does not say who is in them",
	    (long long)unsure);
	return doctor_say(checks, "members", unsure == 0, unsure == 0 ? "known, wherever something is sent" : text,
	    "it is asked again and again; the log says what it answers: ask its administrator");
}

struct doubted {
	struct app	*app;
	int64_t		 out[ROOM_POLICY + 1], n_out, absent;
};

static int
count_doubt(void *cookie, const char *room_id)
{
	struct doubted *d = cookie;
	autoroom struct room room = { 0 };
	int r = room_get(d->app->db, room_id, &room);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	d->out[room.kind] += !room.joined;
	d->n_out += !room.joined;
	d->absent += room.joined;
	return 0;
}

/* What waits for somebody to come into a room, or for us to be in it, would wait unseen. */
static int
check_doubts(struct app *app, json_t *checks)
{
	static const char *const kinds[] = ROOM_KINDS;
	struct doubted d = { .app = app };
	autobuf struct buf text = { 0 };
	int r = doubt_each(app->db, count_doubt, &d);

	if (r == 0 && d.n_out > 0)
		r = buf_puts(&text, "our homeserver says that we are not in a room that we did not leave, so nothing is said or published there:");
	for (size_t i = 0; i < nelem(kinds) && r == 0; i++)
		if (d.out[i] > 0)
			r = buf_printf(&text, " %s (%lld)", kinds[i], (long long)d.out[i]);
	if (r == 0 && d.n_out > 0 && d.absent > 0)
		r = buf_puts(&text, "; and ");
	if (r == 0 && d.absent > 0)
		r = buf_printf(&text, "in %lld channels or chats something waits, since our homeserver says that the other side is not in them",
		    (long long)d.absent);
	if (r == 0 && d.n_out == 0 && d.absent == 0)
		r = buf_puts(&text, "nothing waits for somebody to be in a room");
	return r != 0 ? r : doctor_say(checks, "rooms", d.n_out == 0, text.data, "it is asked again, twice a day at least: cairn list rooms shows which are "
	    "not joined; ask the administrator of our homeserver whether somebody put this node out of them, and to let it in again");
}

/* Silence would be the worst: somebody may wait for an answer to what nobody here can read. */
static int
check_gaps(struct app *app, json_t *checks)
{
	char text[160];
	int64_t cut, late;
	int r;

	if ((r = gap_cuts(app->db, &cut)) != 0 || (r = gap_late(app->db, app_now(app) - GAP_LATE_MS, &late)) != 0)
		return r;
	(void)snprintf(text, sizeof(text), "in %lld room%s older messages could not be read, in the last 30 days; in %lld they "
	    "have waited for hours to be read", (long long)cut, cut == 1 ? "" : "s", (long long)late);
	return doctor_say(checks, "timelines", cut == 0 && late == 0, cut == 0 && late == 0 ? "no message is missing" : text,
	    "the log says why; ask the people concerned whether something is unanswered");
}

/* What a server lets an account do, by the name that Synapse has for it. */
static const struct {
	const char	*purpose, *words, *setting;
} limited[] = {
	{ "login",		"logging in",			"rc_login" },
	{ "create_room",	"making rooms",			"rc_room_creation" },
	{ "invite",		"inviting people",		"rc_invites" },
	{ GROUP_INVITE,		"inviting people",		"rc_invites" },
	{ "join",		"joining rooms",		"rc_joins" },
	{ "record",		"publishing our records",	"rc_message" },
	{ "space_child",	"publishing our groups",	"rc_message" },
	{ GROUP_CLOSED,		"closing the room of a group",	"rc_message" },
	{ "federation",		"publishing the trust list",	"rc_message" },
	{ "traffic",		"what is said to partners",	"rc_message" },
	{ "ack",		"what is said to partners",	"rc_message" },
	{ "refused",		"what is said to partners",	"rc_message" },
	{ "unknown",		"what is said to partners",	"rc_message" },
	{ "say",		"messages to people",		"rc_message" },
};

static int
check_limits(struct app *app, json_t *checks)
{
	const char *words = "a request of ours", *setting = "the limit that its log names";
	char text[256], hint[512], until[WHEN_TEXT];

	if (app->limited.until <= app_now(app))
		return doctor_say(checks, "rate limits", true, "the homeserver does not ask us to wait", "");
	for (size_t i = 0; i < nelem(limited); i++)
		if (!strcmp(limited[i].purpose, app->limited.purpose)) {
			words = limited[i].words;
			setting = limited[i].setting;
		}
	(void)snprintf(text, sizeof(text), "the homeserver makes us wait with %s until %s; then it goes on by itself, and nothing is lost", words,
	    when_print(app->limited.until, until));
	(void)snprintf(hint, sizeof(hint), "if it is too slow, ask its administrator to allow more: with Synapse %s in homeserver.yaml, or for messages alone "
	    "POST /_synapse/admin/v1/users/%.255s/override_ratelimit", setting, app->limited.account == APP_STEWARD ? app->cfg->steward_user : app->cfg->node_user);
	return doctor_say(checks, "rate limits", false, text, hint);
}

int
doctor_server(struct app *app, json_t *checks)
{
	int r;

	if ((r = check_setup(app, checks)) != 0 || (r = check_newest(app, checks)) != 0 || (r = check_limits(app, checks)) != 0 ||
	    (r = check_gaps(app, checks)) != 0 || (r = check_doubts(app, checks)) != 0)
		return r;
	return check_members(app, checks);
}
