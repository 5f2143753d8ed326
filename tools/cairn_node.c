/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/canon.h"
#include "cairn.h"

/* How far an item has come; a later one includes the earlier. */
static int
progress(const char *delivery)
{
	static const char * const states[] = { "queued", "sent", "delivered" };

	for (size_t i = 0; delivery != NULL && i < nelem(states); i++) {
		if (strcmp(delivery, states[i]) == 0)
			return (int)i;
	}
	return -1;
}

/* Follows the item that ${result} names until ${want}; merges its last status into ${result}. */
static int
follow(struct cairn *c, const char *want, json_t *result)
{
	autojson json_t *args = json_pack("{s:O*}", "id", json_object_get(result, "id"));
	const char *id = json_str(args, "id");	/* Lives on when result changes. */
	long end = client_clock() + c->timeout * 1000, pause = 20;

	if (id == NULL && progress(json_str(result, "delivery")) == progress("delivered"))
		return EXIT_OK;
	if (id == NULL)
		return out_problem(c, EXIT_FATAL, NULL, "the node named nothing to wait for");
	while (progress(json_str(result, "delivery")) < progress(want)) {
		autojson json_t *status = NULL;
		const char *delivery, *error, *waits = json_str(result, "waits");
		int r;

		if (client_clock() >= end)
			return out_problem(c, EXIT_REFUSED, "the node goes on trying; cairn list outbox shows what waits",
			    "%s was not %s within %ld seconds%s%s", id, want, c->timeout, waits != NULL ? ": " : "",
			    waits != NULL ? waits : "");
		client_pause(pause);
		pause = pause < 250 ? pause * 3 / 2 : pause;
		r = client_call(c, "status", args, &status);
		if (r != EXIT_OK)
			return r;
		delivery = json_str(status, "delivery");
		error = json_str(status, "error");
		if (delivery != NULL && strcmp(delivery, "failed") == 0)
			return out_problem(c, EXIT_REFUSED, json_str(status, "hint"), "%s could not be delivered: %s",
			    id, error != NULL ? error : "the node gives no reason");
		if (delivery != NULL && strcmp(delivery, "refused") == 0)
			return out_problem(c, EXIT_REFUSED, "speak to its staff; cairn list rejected shows them why", "the partner does not take %s", id);
		(void)json_object_del(result, "waits");
		if (json_object_update(result, status) != 0)
			return out_problem(c, EXIT_FATAL, NULL, "out of memory");
	}
	return EXIT_OK;
}

int
node_run(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *result = NULL;
	int r, shown;

	r = client_call(c, v->name, args, &result);
	if (r == EXIT_OK && c->wait)
		r = follow(c, v->wait_for, result);
	if (r != EXIT_OK)
		return r;
	shown = v->show(c->json ? NULL : args, result);
	return c->json && out_json(result) != EXIT_OK ? EXIT_FATAL : shown;
}

int
node_check_config(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *path = json_str(args, "file");
	struct cairn with = *c;
	struct config config = { 0 };
	int r;

	(void)v;
	if (path != NULL)
		with.config = path;
	r = client_config(&with, &config);
	if (r != EXIT_OK)
		return r;
	if (c->json) {
		autojson json_t *doc = json_pack("{s:s, s:s, s:s}", "file", client_config_path(&with),
		    "organization", config.organization, "admin_socket", config.admin_socket);

		r = out_json(doc);
	} else {
		out_line("%s: good", client_config_path(&with));
		out_line("  %s, node %s, steward %s at %s", config.organization, config.node_user,
		    config.steward_user, config.homeserver);
	}
	config_free(&config);
	return r;
}

/*
 * What is shown to a person.  ${args} is NULL with --json: then nothing is
 * printed here and only the exit status counts.
 */

int
node_show_done(const json_t *args, const json_t *result)
{
	const char *text = json_str(result, "text"), *next = json_str(result, "next");

	if (args == NULL)
		return EXIT_OK;
	out_line("%s", text != NULL ? text : "done");
	if (next != NULL)
		out_line("next: %s", next);
	return EXIT_OK;
}

int
node_show_queued(const json_t *args, const json_t *result)
{
	const char *id = json_str(result, "id"), *delivery = json_str(result, "delivery"), *waits = json_str(result, "waits");

	if (args == NULL)
		return EXIT_OK;
	if (json_str(result, "text") != NULL)
		return node_show_done(args, result);
	out_line("%s %s", delivery != NULL ? delivery : "queued", id != NULL ? id : "");
	if (waits != NULL)
		out_line("  it waits: %s", waits);
	return EXIT_OK;
}

int
node_show_publish(const json_t *args, const json_t *result)
{
	const char *delivery = json_str(result, "delivery");

	if (args == NULL)
		return EXIT_OK;
	out_line("%lld of %lld record%s published", json_int(result, "published", 0), json_int(result, "records", 0),
	    json_int(result, "records", 0) == 1 ? " is" : "s are");
	if (delivery != NULL && strcmp(delivery, "delivered") != 0)
		out_line("the rest is under way; cairn publish --wait waits for it");
	return EXIT_OK;
}

int
node_show_referral(const json_t *args, const json_t *result)
{
	const char *id = json_str(result, "referral"), *state = json_str(result, "state");
	const json_t *left;
	size_t i;

	if (id == NULL)
		id = json_str(result, "id");
	if (args == NULL)
		return EXIT_OK;
	out_line("referral %s is %s", id != NULL ? id : "?", state != NULL ? state : "queued");
	if (json_str(result, "delivery") != NULL)
		out_line("  message: %s", json_str(result, "delivery"));
	json_array_foreach(json_arr(result, "left_out"), i, left)
		out_line("  %s", json_string_value(left));
	if (json_str(result, "next") != NULL)
		out_line("next: %s", json_str(result, "next"));
	else if (id != NULL)
		out_line("next: cairn show %s", id);
	return EXIT_OK;
}

int
node_show_import(const json_t *args, const json_t *result)
{
	if (args == NULL)
		return EXIT_OK;
	out_line("%lld added, %lld changed, %lld unchanged", json_int(result, "added", 0),
	    json_int(result, "changed", 0), json_int(result, "unchanged", 0));
	if (json_int(result, "kept_hidden", 0) > 0)
		out_line("%lld address%s confidential, since the record has confidential places; if they may be shown: cairn import records "
		    "FILE --show-places", json_int(result, "kept_hidden", 0), json_int(result, "kept_hidden", 0) == 1 ? " stays" : "es stay");
	if (json_array_size(json_arr(result, "gone")) > 0) {
		out_line("These were in the file before and are not any more. They stay published until you take them back, with cairn withdraw ID:");
		out_table(json_arr(result, "gone"), "id source", "");
	}
	if (json_int(result, "kept_edits", 0) > 0)
		out_line("%lld field%s of the file differ from what was edited here, and stay as edited", json_int(result, "kept_edits", 0),
		    json_int(result, "kept_edits", 0) == 1 ? "" : "s");
	if (json_int(result, "counts_on", 0) > 0)
		out_line("%lld record%s a schedule whose COUNT goes on for more than ten years: whoever looks by times is told to ask; say UNTIL instead, or no end",
		    json_int(result, "counts_on", 0), json_int(result, "counts_on", 0) == 1 ? " has" : "s have");
	return EXIT_OK;
}

/* Sentences do not fit into a table. */
static void
show_fit(const json_t *records)
{
	json_t *record;
	size_t i;

	json_array_foreach(records, i, record) {
		const char *times = json_str(record, "times"), *eligible = json_str(record, "eligible"), *why = json_str(record, "why");
		const json_t *ways = json_arr(record, "ways");
		json_t *way;
		size_t k;

		if (times == NULL && eligible == NULL && why == NULL && ways == NULL)
			continue;
		out_line("%s", json_str(record, "name") != NULL ? json_str(record, "name") : json_str(record, "id"));
		if (why != NULL)
			out_line("  why: %s", why);
		if (times != NULL)
			out_line("  times: %s", times);
		if (eligible != NULL)
			out_line("  who may come: %s", eligible);
		json_array_foreach(ways, k, way)
			out_line("  %s", json_string_value(way));
	}
}

int
node_show_find(const json_t *args, const json_t *result)
{
	const json_t *records = json_arr(result, "records");

	const char *id = json_str(json_array_get(records, 0), "id"), *note = json_str(result, "note");

	if (args == NULL)
		return EXIT_OK;
	if (id != NULL || note == NULL || note[0] == '\0')
		out_table(records, "id kind name org certified open languages old", "no record fits");
	show_fit(records);
	if (note != NULL && note[0] != '\0')
		out_line("%s", note);
	if (id == NULL)
		out_line("next: fewer words or filters, or cairn follow ORG to see more directories");
	if (id != NULL)
		out_line("next: cairn show %s, or cairn refer %s --need ...", id, id);
	return EXIT_OK;
}

static void
show_why(const char *how, const json_t *one)
{
	const json_t *l;
	size_t i;

	json_array_foreach(json_arr(one, "why"), i, l)
		out_line("%s%s: %s", how, json_str(one, "name") != NULL ? json_str(one, "name") : json_str(one, "record"), json_string_value(l));
}

int
node_show_match(const json_t *args, const json_t *result)
{
	const json_t *choices = json_arr(result, "choices"), *first = json_array_get(choices, 0);
	const char *id = json_str(result, "match"), *note = json_str(result, "note");
	json_t *choice, *l;
	size_t i, k;

	if (args == NULL)
		return EXIT_OK;
	json_array_foreach(choices, i, choice) {
		out_line("%zu. %s (%s), %lld points", i + 1, json_str(choice, "name") != NULL ? json_str(choice, "name") : "-",
		    json_str(choice, "record"), json_int(choice, "score", 0));
		json_array_foreach(json_arr(choice, "lines"), k, l)
			out_line("   %+4lld  %s%s", json_int(l, "points", 0), json_str(l, "text"),
			    strcmp(json_str(l, "readers"), "staff") == 0 ? " (told to staff alone: do not pass it on)" : "");
		out_line("         %s", json_str(choice, "certification"));
		if (json_str(choice, "old") != NULL)
			out_line("         old: %s", json_str(choice, "old"));
	}
	json_array_foreach(json_arr(result, "excluded"), i, choice)
		show_why("not ", choice);
	json_array_foreach(json_arr(result, "asked"), i, choice)
		show_why("", choice);
	if (note != NULL)
		out_line("%s", note);
	if (first != NULL)
		out_line("next: the member chooses; then cairn match accept %s %s", id, json_str(first, "record"));
	else
		out_line("next: leave out a wish that the line above names, or cairn follow ORG to see more directories");
	return EXIT_OK;
}

int
node_show_capacity(const json_t *args, const json_t *result)
{
	long long asked = json_int(result, "asked", 0);

	if (args == NULL)
		return EXIT_OK;
	out_table(json_arr(result, "items"), "record org open waiting days said heard old", "nobody has said how many places are free");
	if (asked > 0)
		out_line("%lld partner%s asked; the answers are shown by cairn capacity", asked, asked == 1 ? " was" : "s were");
	return EXIT_OK;
}

/* Overdue, open, over: as they are of use. */
static int
turn_of(const json_t *item)
{
	return json_object_get(item, "overdue") != NULL ? 0 : json_object_get(item, "next") != NULL ? 1 : 2;
}

static int
by_turn(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const char *due = json_str(x, "due"), *other = json_str(y, "due"), *made = json_str(x, "created"), *others = json_str(y, "created");
	int order = turn_of(x) - turn_of(y);

	if (order == 0)
		order = due == NULL || other == NULL ? (due == NULL) - (other == NULL) : strcmp(due, other);
	return order != 0 || made == NULL || others == NULL ? order : strcmp(others, made);	/* Else the newest first. */
}

/* What of referrals fits on a line: the rest is shown by cairn show. */
static json_t *
brief(const json_t *items)
{
	json_t *rows = json_array(), *item;
	size_t n = json_array_size(items);
	autofree json_t **all = calloc(n + 1, sizeof(json_t *));

	for (size_t i = 0; i < n && all != NULL; i++)
		all[i] = json_array_get(items, i);
	if (all != NULL)
		qsort(all, n, sizeof(json_t *), by_turn);
	for (size_t i = 0; i < n && all != NULL; i++) {
		const char *due = json_str(item = all[i], "due");
		autofree char *day = json_object_get(item, "overdue") != NULL ? strdup("overdue") : due != NULL ? strndup(due, strlen("2026-11-21")) : NULL;
		json_t *row = json_pack("{s:O*, s:O*, s:O*, s:O*, s:s*, s:s*}", "id", json_object_get(item, "id"),
		    "dir", json_object_get(item, "direction"), "state", json_object_get(item, "state"),
		    "next", json_object_get(item, "next"), "due", day,
		    "delivery", json_object_get(item, "delivery") != NULL ? "late" : NULL);

		if (json_array_append_new(rows, row) != 0)
			break;
	}
	return rows;
}

int
node_show_list(const json_t *args, const json_t *result)
{
	static const struct { const char *what, *columns, *empty; } lists[] = {
		{ "referrals", "id dir state due delivery next", "no referrals" },
		{ "cases", "id opened", "no cases; cairn open-case begins one for somebody without Matrix" },
		{ "tasks", "id referral what from until tries late", "nobody is to be called" },
		{ "matches", "id state name org due concern review until began asked ended", "no matches; cairn match proposes specialists" },
		{ "messages", "at direction user delivery id room_id waits body", "no messages" },
		{ "records", "id kind name seq published source", "no records; cairn import brings some in" },
		{ "feeds", "name at records bytes", "no files are kept; cairn import hsds FILE keeps one" },
		{ "partners", "org name server follows asked follower stopped", "no partners; those that a trust list names appear here: cairn import trust FILE" },
		{ "identities", "user org since before now held_back", "nobody's identity key changed" },
		{ "rooms", "room_id kind subject account joined encrypted unused", "no rooms; cairn publish makes them" },
		{ "erasures", "what state org by at done until", "nobody was erased" },
		{ "holds", "id what class placed review until lifted", "nothing is held" },
		{ "waiting", "id at room_id reason", "nothing waits for a key or device" },
		{ "rejected", "id at times room_id reason", "nothing was rejected" },
		{ "outbox", "id kind state account purpose type attempts error", "nothing waits to be sent" },
	};
	const char *what = json_str(args, "what");
	autojson json_t *rows = what != NULL && strcmp(what, "referrals") == 0 ? brief(json_arr(result, "items")) :
	    json_incref(json_arr(result, "items"));

	for (size_t i = 0; what != NULL && i < nelem(lists); i++) {
		if (strcmp(what, lists[i].what) == 0)
			out_table(rows, lists[i].columns, json_is_true(json_object_get(args, "due")) ? "nothing waits for you, and nobody is late" :
			    lists[i].empty);
	}
	if (json_is_true(json_object_get(result, "more")))
		out_line("only the newest %zu are shown", json_array_size(rows));
	if (what != NULL && strcmp(what, "referrals") == 0 && json_array_size(rows) > 0)
		out_line("next: cairn show ID, for the partner, the history and what can be done");
	if (what != NULL && strcmp(what, "identities") == 0 && json_array_size(rows) > 0)
		out_line("next: have the person read to you, by voice or in person, the identity key (master key) that their own program shows; "
		    "if it is the key of now: cairn trust identity USER KEY");
	return EXIT_OK;
}

int
node_show_audit(const json_t *args, const json_t *result)
{
	if (args != NULL)
		out_table(json_arr(result, "items"), "n at actor action about detail", "the audit is empty");
	if (args != NULL && json_is_true(json_object_get(result, "more")))
		out_line("older rows are not shown; cairn audit show --about ID shows those of one referral");
	return EXIT_OK;
}

int
node_show_object(const json_t *args, const json_t *result)
{
	autojson json_t *rest = NULL;
	const json_t *words = json_arr(result, "in_words");
	json_t *line;
	size_t i;

	/* A record first as sentences, then as it is. */
	if (args != NULL && words != NULL && (rest = json_deep_copy(result)) != NULL) {
		(void)json_object_del(rest, "in_words");
		if (json_str(result, "name") != NULL)
			out_line("%s (%s)", json_str(result, "name"), json_str(result, "kind"));
		json_array_foreach(words, i, line)
			out_line("  %s", json_string_value(line));
		out_line("%s", "");
		result = rest;
	}
	if (args != NULL)
		out_object(result);
	return EXIT_OK;
}

int
node_show_entry(const json_t *args, const json_t *result)
{
	if (args == NULL)
		return EXIT_OK;
	if (json_str(result, "text") != NULL)
		return node_show_done(args, result);
	out_object(result);
	out_line("%s", "");
	out_line("the new record key waits until the trust list in force names it; until then nothing changes");
	out_line("next: cairn show node --json > node.json, for the federation's signers; and a backup, which knows the new key");
	return EXIT_OK;
}

int
node_show_doctor(const json_t *args, const json_t *result)
{
	const json_t *checks = json_arr(result, "checks");
	size_t bad = 0, i;
	json_t *check;

	json_array_foreach(checks, i, check) {
		bool good = json_is_true(json_object_get(check, "ok"));
		const char *name = json_str(check, "name"), *text = json_str(check, "text"),
		    *hint = json_str(check, "hint");

		bad += !good;
		if (args == NULL)
			continue;
		out_line("%s %s: %s", good ? "ok   " : "FAULT", name != NULL ? name : "?", text != NULL ? text : "");
		if (!good && hint != NULL)
			out_line("      %s", hint);
	}
	if (args != NULL)
		out_line("%zu check%s, %zu fault%s", json_array_size(checks), json_array_size(checks) == 1 ? "" : "s", bad,
		    bad == 1 ? "" : "s");
	return bad == 0 ? EXIT_OK : EXIT_REFUSED;
}
