/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/canon.h"
#include "base/event.h"
#include "base/proof.h"
#include "base/signers.h"
#include "cairn.h"
#include "domain/trust.h"
#include "domain/when.h"
#include "events.h"

/* Of a list whose end nobody names: long enough for holidays, short enough that one that is withheld is noticed. */
enum { DAYS = 90, DAYS_MAX = 366 };

#define PROTOCOL	"types.md describes it; cairn help sign says where that is"

static int64_t
now(void)
{
	return (int64_t)time(NULL) * 1000;
}

static int
no_memory(const struct cairn *c)
{
	return out_problem(c, EXIT_FATAL, NULL, "out of memory");
}

static int
bad_list(const struct cairn *c, const char *file, int r, const struct err *err)
{
	return out_problem(c, r > 0 ? EXIT_BAD : EXIT_FATAL, PROTOCOL, "%s: %s", file, err->text[0] != '\0' ? err->text : err_name(r));
}

static int
read_list(const struct cairn *c, const char *file, json_t **ret)
{
	autojson json_t *doc = NULL;
	int r = import_json(c, file, &doc);

	if (r == EXIT_OK && !json_is_object(doc))
		r = out_problem(c, EXIT_BAD, PROTOCOL, "%s: $: this is no object", file);
	if (r == EXIT_OK)
		*ret = take(doc);
	return r;
}

/* Is it what the schema says?  The rules of trust say more, and less of what no rule needs. */
static int
check(const json_t *doc, struct err *err)
{
	struct file_trust parsed = { 0 };
	int r = event_parse(&file_trust_desc, doc, &parsed, err);

	if (r == 0)
		event_free(&file_trust_desc, &parsed);
	return r;
}

/* How many of how many have signed. */
static int
count(const json_t *doc, size_t *ret_done, size_t *ret_needed)
{
	struct signers s;
	uint32_t who;
	int r = trust_read_signers(doc, NULL, &s, NULL);

	if (r == 0 && (r = trust_signed(doc, &s, &who, NULL)) == 0) {
		*ret_done = (size_t)__builtin_popcount(who);
		*ret_needed = s.needed;
	}
	return r;
}

int
federation_sign(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file"), *out = json_str(args, "out");
	autojson json_t *doc = NULL;
	uint8_t seed[ED25519_SEED];
	struct err err = { "" };
	size_t done, needed;
	char key[64];
	int r;

	(void)v;
	if ((r = read_list(c, file, &doc)) != EXIT_OK || (r = time_from_text(c, file, doc)) != EXIT_OK ||
	    (r = keys_load(c, json_str(args, "key"), seed)) != EXIT_OK)
		return r;
	keys_public(seed, key);
	r = trust_sign(doc, seed, now(), &err);
	explicit_bzero(seed, sizeof(seed));
	if (r != 0 || (r = check(doc, &err)) != 0)
		return bad_list(c, file, r, &err);
	if ((r = keys_write(c, doc, out)) != EXIT_OK || out == NULL)
		return r;
	if (c->json) {
		autojson json_t *said = json_pack("{s:s, s:s}", "file", out, "key", key);

		return out_json(said);
	}
	out_line("signed by %s: %s", key, out);
	if (count(doc, &done, &needed) == 0)
		out_line(done < needed ? "%zu of the %zu signers that are needed have signed: give it to the others" :
		    "next: cairn import trust, and give it to every node", done, needed);
	return EXIT_OK;
}

int
federation_words(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *file = json_str(args, "file");
	autojson json_t *doc = NULL, *said = NULL;
	char words[SIGNERS_WORDS], keys[SIGNERS_TEXT];
	struct signers by;
	struct err err = { "" };
	int r;

	(void)v;
	if ((r = read_list(c, file, &doc)) != EXIT_OK)
		return r;
	if ((r = trust_read_signers(doc, NULL, &by, &err)) != 0)
		return bad_list(c, file, r, &err);
	(void)signers_words(&by, words);
	(void)signers_print(&by, keys);
	if (c->json)
		return (said = json_pack("{s:s, s:s}", "words", words, "signers", keys)) == NULL ? no_memory(c) : out_json(said);
	out_line("%s", words);
	out_line("%zu of %zu must sign; read these words to the other person, who types them into cairn federation join", by.needed, by.n);
	return EXIT_OK;
}

/* A document and what is said of it, for the node. */
static int
send(struct cairn *c, const char *verb, json_t *request, json_t **ret)
{
	const char *stopped;
	int r = client_call(c, verb, request, ret);

	if (r != EXIT_OK || (stopped = json_str(*ret, "stopped")) == NULL)
		return r;
	return out_problem(c, EXIT_REFUSED, "speak to the other organizations; cairn federation join FILE with the list that holds ends this",
	    "%s; nothing is sent to any organization any more", stopped);
}

static int
show_in_force(const struct cairn *c, const json_t *result)
{
	if (c->json)
		return out_json(result);
	out_line("version %lld of the trust list is in force: %lld organization%s", json_int(result, "version", 0),
	    json_int(result, "organizations", 0), json_int(result, "organizations", 0) == 1 ? "" : "s");
	out_line("next: cairn list partners, cairn publish");
	return EXIT_OK;
}

int
federation_import(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *request = NULL, *result = NULL, *doc = NULL;
	int r = import_json(c, json_str(args, "file"), &doc);

	if (r != EXIT_OK)
		return r;
	if ((request = json_pack("{s:O}", "document", doc)) == NULL)
		return no_memory(c);
	r = send(c, strcmp(v->name, "federation publish") == 0 ? "federation_publish" : "import_trust", request, &result);
	return r != EXIT_OK ? r : show_in_force(c, result);
}

int
federation_join(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *request = NULL, *result = NULL, *doc = NULL;
	int r = import_json(c, json_str(args, "file"), &doc);

	(void)v;
	if (r != EXIT_OK)
		return r;
	if ((request = json_pack("{s:O, s:s}", "document", doc, "words", json_str(args, "words"))) == NULL)
		return no_memory(c);
	r = send(c, "federation_join", request, &result);
	return r != EXIT_OK ? r : show_in_force(c, result);
}

/* "federation room" and "federation status" */
int
federation_node(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *result = NULL;
	char name[64];
	int r;

	(void)snprintf(name, sizeof(name), "%s", v->name);
	*strchr(name, ' ') = '_';
	if ((r = client_call(c, name, args, &result)) != EXIT_OK)
		return r;
	if (c->json)
		return out_json(result);
	out_object(result);
	return EXIT_OK;
}

/* "federation deny" and "federation allow" */
int
federation_decide(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *result = NULL;
	int r;

	if (json_object_set_new(args, "decision", json_string(strchr(v->name, ' ') + 1)) != 0)
		return no_memory(c);
	if ((r = client_call(c, "federation_decide", args, &result)) != EXIT_OK)
		return r;
	return c->json ? out_json(result) : node_show_done(args, result);
}

/*
 * The next version, or the first.
 */

/* Index of ${id} in the array ${key}, by its member ${member}; or its size. */
static size_t
find(const json_t *doc, const char *key, const char *member, const char *id)
{
	const json_t *entries = json_arr(doc, key);
	size_t i = 0;

	while (i < json_array_size(entries)) {
		const char *known = json_str(json_array_get(entries, i), member);

		if (known != NULL && strcmp(known, id) == 0)
			break;
		i++;
	}
	return i;
}

/* Entries of organizations (as cairn show node --json prints one) or of issuers: new, or in place of the same. */
static int
put_entries(struct cairn *c, json_t *doc, const json_t *files)
{
	json_t *file;
	size_t i, at;

	json_array_foreach(files, i, file) {
		autojson json_t *entry = NULL;
		bool org;
		const char *key;
		json_t *entries;
		int r = read_list(c, json_string_value(file), &entry);

		if (r != EXIT_OK)
			return r;
		org = json_str(entry, "org") != NULL;
		key = org ? "orgs" : "issuers";
		if (!org && json_str(entry, "id") == NULL)
			return out_problem(c, EXIT_BAD, "it holds what cairn show node --json printed, or an issuer's entry",
			    "%s is neither an organization nor an issuer", json_string_value(file));
		/* What the node shows of itself besides is not for the list. */
		entries = json_arr(doc, key);
		at = org ? find(doc, key, "org", json_str(entry, "org")) : find(doc, key, "id", json_str(entry, "id"));
		if (at < json_array_size(entries) ? json_array_set(entries, at, entry) != 0 : json_array_append(entries, entry) != 0)
			return no_memory(c);
	}
	return EXIT_OK;
}

/* The entry that is meant: an organization by its id, an issuer by its DID. */
static json_t *
entry_of(const json_t *doc, const char *id, json_t **ret_from, size_t *ret_at)
{
	bool issuer = strncmp(id, "did:", 4) == 0;
	const char *key = issuer ? "issuers" : "orgs";

	*ret_from = json_arr(doc, key);
	*ret_at = find(doc, key, issuer ? "id" : "org", id);
	return json_array_get(*ret_from, *ret_at);
}

enum change { DROP, SUSPEND, REINSTATE };

static int
change_entries(struct cairn *c, json_t *doc, const json_t *ids, enum change change, const char *reason)
{
	json_t *id, *from, *entry;
	size_t i, at;
	int bad = 0;

	json_array_foreach(ids, i, id) {
		entry = entry_of(doc, json_string_value(id), &from, &at);
		if (entry == NULL)
			return out_problem(c, EXIT_NOTFOUND, "cairn list partners shows organizations", "%s is not on the list",
			    json_string_value(id));
		if (change == SUSPEND && reason == NULL)
			return out_problem(c, EXIT_BAD, "it is shown to the staff of every organization", "a suspension has a --reason");
		bad |= change == DROP ? json_array_remove(from, at) : change == REINSTATE ? json_object_del(entry, "suspended") :
		    json_object_set_new(entry, "suspended", json_pack("{s:I, s:s}", "since", (json_int_t)now(), "reason", reason));
	}
	return bad == 0 ? EXIT_OK : no_memory(c);
}

static int
put_signers(struct cairn *c, json_t *doc, const json_t *args)
{
	json_t *keys = json_arr(args, "signers");
	const char *needed = json_str(args, "needed");
	long n = needed != NULL ? strtol(needed, NULL, 10) : (long)json_array_size(keys);

	if (keys == NULL)
		return EXIT_OK;
	return json_object_set_new(doc, "signers", json_pack("{s:I, s:O}", "needed", (json_int_t)n, "keys", keys)) == 0 ?
	    EXIT_OK : no_memory(c);
}

static int
put_room(struct cairn *c, json_t *doc, const json_t *args)
{
	const char *room = json_str(args, "room");
	json_t *via = json_arr(args, "via");

	if (room == NULL)
		return EXIT_OK;
	if (via == NULL)
		return out_problem(c, EXIT_BAD, "cairn federation room prints both", "--room needs --via");
	return json_object_set_new(doc, "room", json_pack("{s:s, s:O}", "room_id", room, "via", via)) == 0 ? EXIT_OK : no_memory(c);
}

/* The version after ${before}, which is called ${from}; or the first. */
static int
draft(struct cairn *c, const char *from, const json_t *before, int64_t life, json_t **ret)
{
	struct err err = { "" };
	int r;

	if (before == NULL) {
		*ret = json_pack("{s:i, s:s, s:i, s:I, s:I, s:[], s:[]}", "v", 1, "kind", "trust", "version", 1, "issued_at",
		    (json_int_t)now(), "expires_at", (json_int_t)now() + life, "orgs", "issuers");
		return *ret != NULL ? EXIT_OK : no_memory(c);
	}
	r = trust_next(before, now(), life, ret, &err);
	return r == 0 ? EXIT_OK : bad_list(c, from, r, &err);
}

/* --days in milliseconds. */
static int
life_of(struct cairn *c, const json_t *args, int64_t *ret)
{
	const char *days = json_str(args, "days");
	long n = days != NULL ? strtol(days, NULL, 10) : DAYS;

	*ret = n * WHEN_DAY;
	return n >= 1 && n <= DAYS_MAX ? EXIT_OK : out_problem(c, EXIT_BAD, NULL, "--days is a number from 1 to %d", DAYS_MAX);
}

static int
write_draft(struct cairn *c, const json_t *doc, const char *out)
{
	int r = keys_write(c, doc, out);
	long long version = json_int(doc, "version", 0);
	size_t orgs = json_array_size(json_arr(doc, "orgs"));

	if (r != EXIT_OK || out == NULL)
		return r;
	if (c->json) {
		autojson json_t *said = json_pack("{s:s, s:I, s:I}", "file", out, "version", (json_int_t)version, "organizations", (json_int_t)orgs);

		return out_json(said);
	}
	out_line("%s: version %lld of the trust list, with %zu organizations; nobody has signed it yet", out, version, orgs);
	out_line("next: read it, then each signer: cairn federation sign %s --key KEYFILE --out %s", out, out);
	return EXIT_OK;
}

int
federation_new(struct cairn *c, const struct verb *v, json_t *args)
{
	const char *from = json_str(args, "from"), *reason = json_str(args, "reason");
	autojson json_t *before = NULL, *doc = NULL;
	int64_t life;
	int r;

	(void)v;
	if ((r = life_of(c, args, &life)) != EXIT_OK)
		return r;
	if (from == NULL && json_arr(args, "signers") == NULL)
		return out_problem(c, EXIT_BAD, "cairn key new makes a key and prints its public half", "the first list needs --signer KEY");
	if ((from != NULL && (r = read_list(c, from, &before)) != EXIT_OK) || (r = draft(c, from, before, life, &doc)) != EXIT_OK ||
	    (r = put_entries(c, doc, json_arr(args, "entries"))) != EXIT_OK ||
	    (r = change_entries(c, doc, json_arr(args, "drop"), DROP, NULL)) != EXIT_OK ||
	    (r = change_entries(c, doc, json_arr(args, "suspend"), SUSPEND, reason)) != EXIT_OK ||
	    (r = change_entries(c, doc, json_arr(args, "reinstate"), REINSTATE, NULL)) != EXIT_OK ||
	    (r = put_signers(c, doc, args)) != EXIT_OK || (r = put_room(c, doc, args)) != EXIT_OK)
		return r;
	return write_draft(c, doc, json_str(args, "out"));
}

/*
 * A second organization.
 */

int
federation_invite(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *result = NULL;
	const char *out = json_str(args, "out");
	int r;

	(void)v;
	if ((r = client_call(c, "federation_invite", args, &result)) != EXIT_OK ||
	    (r = keys_write(c, json_obj(result, "invitation"), out)) != EXIT_OK)
		return r;
	if (c->json)
		return out_json(result);
	out_line("the code:  %s", json_str(result, "code"));
	out_line("our words: %s", json_str(result, "words"));
	out_line("send %s to %s; read the code to them by phone or in person, and nothing else; it is good once, until %s", out,
	    json_str(args, "domain"), json_str(result, "until"));
	out_line("next: they run cairn federation accept; with the file that they send back: cairn federation admit FILE");
	return EXIT_OK;
}

/* From the terminal or a pipe: every user of the machine sees arguments. */
static int
ask_code(const struct cairn *c, json_t *args)
{
	char line[128] = "";

	if (isatty(STDIN_FILENO))
		fputs("The code that they read to you: ", stderr);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return out_problem(c, EXIT_USAGE, NULL, "no code was given; nothing was done");
	line[strcspn(line, "\r\n")] = '\0';
	if (json_object_set_new(args, "code", json_string(line)) != 0)
		return out_problem(c, EXIT_BAD, NULL, "the code is not text");
	return EXIT_OK;
}

int
federation_accept(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *doc = NULL, *result = NULL;
	const char *out = json_str(args, "out");
	int r;

	(void)v;
	if ((r = read_list(c, json_str(args, "file"), &doc)) != EXIT_OK || (r = ask_code(c, args)) != EXIT_OK)
		return r;
	if (json_object_set(args, "invitation", doc) != 0)
		return no_memory(c);
	if ((r = client_call(c, "federation_accept", args, &result)) != EXIT_OK ||
	    (r = keys_write(c, json_obj(result, "enrolment"), out)) != EXIT_OK)
		return r;
	if (c->json)
		return out_json(result);
	out_line("invited by %s, %s", json_str(result, "name"), json_str(result, "server"));
	out_line("their words: %s", json_str(result, "their_words"));
	out_line("our words:   %s", json_str(result, "words"));
	out_line("send %s to them; have them read their words to you, and read them ours; if theirs differ, stop", out);
	out_line("next: the signed list comes as a file; cairn federation join FILE WORDS, with the words of its signers");
	return EXIT_OK;
}

int
federation_admit(struct cairn *c, const struct verb *v, json_t *args)
{
	autojson json_t *doc = NULL, *result = NULL, *list = NULL;
	int64_t life;
	int r;

	(void)v;
	if ((r = life_of(c, args, &life)) != EXIT_OK || (r = read_list(c, json_str(args, "file"), &doc)) != EXIT_OK)
		return r;
	if (json_object_set(args, "enrolment", doc) != 0)
		return no_memory(c);
	if ((r = client_call(c, "federation_admit", args, &result)) != EXIT_OK)
		return r;
	if (json_str(args, "words") == NULL) {
		if (c->json)
			return out_json(result);
		out_object(json_obj(result, "entry"));
		out_line("its words: %s", json_str(result, "words"));
		out_line("next: have them read theirs to you; the same command with the words as you hear them drafts the next list");
		return EXIT_OK;
	}
	if (json_obj(result, "list") == NULL && json_arr(args, "signers") == NULL)
		return out_problem(c, EXIT_BAD, "cairn key new makes a key and prints its public half", "the first list needs --signer KEY");
	if ((r = draft(c, "the list in force", json_obj(result, "list"), life, &list)) != EXIT_OK)
		return r;
	if ((json_obj(result, "list") == NULL && json_array_append(json_arr(list, "orgs"), json_obj(result, "own")) != 0) ||
	    json_array_append(json_arr(list, "orgs"), json_obj(result, "entry")) != 0)
		return no_memory(c);
	return (r = put_signers(c, list, args)) != EXIT_OK ? r : write_draft(c, list, json_str(args, "out"));
}
