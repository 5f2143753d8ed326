/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member is forgotten.  Whoever has a backup of the database from before, the key-encryption key and all that
 * the homeservers hold reads nothing of them: no sealed value of theirs opens, and no ratchet that would open a
 * ciphertext.  The partner is asked and answers.  The nodes go on; an old database put back forgets again.
 */
#include <sys/stat.h>

#include "base/canon.h"
#include "base/encode.h"
#include "reread.h"
#include "search.h"
#include "story_refer.h"
#include "tests/tap.h"

#define CANARY	"a friend for quiet weeks"

/* What of the member is disclosed. */
static const struct { const char *where, *words; } canaries[] = {
	{ "need_detail", CANARY }, { "name", "Quillfeather" }, { "contact", "+15550177" }, { "constraints", "shared with an uncle" },
	{ "history", "a winter in the north" },
};
#define CHANNEL	"org.cairnpeer.channel"
#define REFUSED	"a second winter"
#define DECLINED "the attic has burned"

/* Are these bytes in that file, which a node may have open? */
static int
holds(struct host *h, const char *name, const uint8_t sample[64])
{
	autofree char *data = NULL;
	char path[PATH_MAX];
	struct stat st;
	FILE *f;
	int found;

	search_path(h, SOURCE, name, path);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	if (fstat(fileno(f), &st) != 0 || (data = malloc((size_t)st.st_size + 1)) == NULL ||
	    fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		host_fail(h, "%s cannot be read", name);
	found = memmem(data, (size_t)st.st_size, sample, 64) != NULL;
	(void)fclose(f);
	return found;
}

static const char *
state_of(struct host *h, size_t i, const char *what, const char *org, const char *by)
{
	static char state[32];
	autojson json_t *items = story_list(h, i, "erasures");
	const json_t *item;
	size_t k;

	*state = '\0';
	json_array_foreach(items, k, item) {
		const char *is = json_str(item, "what"), *who = json_str(item, "org"), *whose = json_str(item, "by");

		if (is != NULL && !strcmp(is, what) && !(org == NULL) == !(who == NULL) &&
		    (by == NULL || (whose != NULL && !strcmp(whose, by))))
			(void)snprintf(state, sizeof(state), "%s", json_str(item, "state"));
	}
	return state;
}

static json_t *
erase(struct host *h, size_t i, const char *id, bool really)
{
	return host_ok(h, i, "erase", json_pack("{s:s, s:s}", "id", id, "confirm", really ? id : ""));
}

/* The member consents to all of it, for a purpose that needs all of it. */
static void
disclose(struct host *h, struct referral_story *s)
{
	json_t *form = refer_args(h, s, STORY_CONSENT), *identity = json_obj(form, "identity"), *contact = json_obj(identity, "contact");
	json_t *what = json_arr(json_obj(form, "consent"), "what");
	int r = json_array_append_new(what, json_string("constraints")) | json_array_append_new(what, json_string("history"));

	r |= json_object_set_new(json_obj(form, "consent"), "purpose_code", json_string("care_coordination"));
	r |= json_object_set_new(form, "need_detail", json_string(CANARY));
	r |= json_object_set_new(identity, "name", json_string(canaries[1].words));
	r |= json_object_set_new(contact, "how", json_string("phone")) | json_object_set_new(contact, "value", json_string(canaries[2].words));
	r |= json_object_set_new(form, "constraints", json_string(canaries[3].words));
	r |= json_object_set_new(form, "history", json_string(canaries[4].words));
	if (r != 0)
		abort();
	json_decref(host_ok(h, SOURCE, "consent", form));
	host_run(h, 20000);
}

/* Of how many of them does that database, with that file of keys, show something? */
static int
shown(struct host *h, size_t i, const char *backup, const char *keys)
{
	int n = 0;

	for (size_t k = 0; k < nelem(canaries); k++) {
		struct forensic f = search(h, i, backup, keys, canaries[k].words);

		if (f.found > 0)
			printf("# %s: %s: %d times\n", h->node[i].name, canaries[k].where, f.found);
		n += f.found > 0;
	}
	return n;
}

/* Each key of the recovery file, tried on each value of the backup. */
static void
test_recovery(struct host *h)
{
	char path[PATH_MAX], line[256], *value;
	int keys = 0, values = 0, opened = 0;
	FILE *f;

	search_path(h, SOURCE, ".before/recovery.txt", path);
	if ((f = fopen(path, "r")) == NULL)
		host_fail(h, "there is no recovery file");
	search_path(h, SOURCE, ".before/cairn.db", path);
	while (fgets(line, sizeof(line), f) != NULL) {
		struct forensic found = { .needle = CANARY };
		uint8_t key[KEYRING_KEY];

		line[strcspn(line, "\n")] = '\0';
		if ((value = strstr(line, " = ")) == NULL || decode_b64_exact(value + 3, key, sizeof(key)) != 0)
			continue;
		keys++;
		found.seal = key;
		forensic_read(&found, path);
		values += found.values;
		opened += found.opened;
	}
	(void)fclose(f);
	ok(keys >= 3 && values > 0 && opened == 0, "with the recovery file a backup opens nothing: %d keys, %d values tried", keys, values);
}

static bool
is_known(struct host *h, size_t i, const char *id)
{
	autojson json_t *reply = host_command(h, i, "show", json_pack("{s:s}", "id", id));
	autojson json_t *result = json_incref(json_obj(reply, "result"));

	return json_obj(result, "request") != NULL;
}

static void
test_plan(struct host *h, const struct referral_story *s, const char *what)
{
	autojson json_t *plan = erase(h, SOURCE, s->id, false);

	ok(json_array_size(json_arr(plan, "keeps")) == 1 && json_array_size(json_arr(plan, "asks")) == 1 &&
	    json_array_size(json_arr(plan, "out_of_reach")) == 2, "first it says what is kept, who is asked, and what is out of reach");
	host_run(h, 10000);
	ok(is_known(h, SOURCE, s->id) && *state_of(h, SOURCE, what, NULL, NULL) == '\0', "and nothing is done before it is confirmed");
}

static void
test_erase(struct host *h, const struct referral_story *s, const char *what)
{
	autojson json_t *done = NULL;
	struct reread then, now;
	struct forensic f;

	then = reread(h, SOURCE, CHANNEL, NULL, CANARY);
	for (size_t i = SOURCE; i <= TARGET; i++) {
		host_stop(h, i);
		search_copy(h, i, "", ".before");
		host_start(h, i);
	}
	host_run(h, 30000);
	done = erase(h, SOURCE, s->id, true);
	host_run(h, 60000);
	is_str(state_of(h, SOURCE, what, NULL, NULL), "erased", "a minute later it is erased");
	ok(!is_known(h, SOURCE, s->id), "the referral is not known any more");
	is_str(state_of(h, SOURCE, what, "org", "us"), "asked", "the partner's staff knows of the wish");
	is_str(state_of(h, TARGET, what, "org", "them"), "asked", "and sees it");
	ok(is_known(h, TARGET, s->id), "its copy is its to decide");

	f = search(h, SOURCE, ".before/cairn.db", ".before", CANARY);
	ok(f.found > 0 && f.opened == f.values - 1, "with the keys of that day a backup shows it: %d times in %d values", f.found, f.opened);
	is_int(shown(h, SOURCE, ".before/cairn.db", ".before"), (int)nelem(canaries), "and each of %zu things of the member", nelem(canaries));
	ok(holds(h, ".before/cairn.db", f.sample) == 1, "where its sealed bytes are");
	ok(holds(h, "/cairn.db", f.sample) + holds(h, "/cairn.db-wal", f.sample) == 0, "which are neither in the database nor in its log");
	host_stop(h, SOURCE);
	f = search(h, SOURCE, ".before/cairn.db", "", CANARY);
	is_int(f.found, 0, "with the keys of today it shows nothing");
	is_int(shown(h, SOURCE, ".before/cairn.db", ""), 0, "of none of them");
	f = search(h, SOURCE, ".before/cairn.db", "", "harbor.example");
	ok(f.found > 0, "but what is others'");
	f = search(h, SOURCE, "/cairn.db", "", CANARY);
	/* The consent is kept for the legal term: the copy of what was disclosed is not. */
	is_int(f.found, 0, "nor does the database of today");
	is_int(shown(h, SOURCE, "/cairn.db", ""), 0, "of none of them either");
	test_recovery(h);
	host_start(h, SOURCE);
	now = reread(h, SOURCE, CHANNEL, NULL, CANARY);
	ok(then.found > 0 && now.found == 0, "what the homeserver holds, %d events, opened with its keys, and opens no more: %d did, %d do", now.events, then.opened,
	    now.opened);
}

/* Every ratchet of a backup is closed, so what homeservers hold stays so. */
static void
test_ratchets(struct host *h, size_t i)
{
	struct forensic f = { .needle = "no such words" };
	struct forensic before;

	before = search(h, i, ".before/cairn.db", ".before", f.needle);
	host_stop(h, i);
	f = search(h, i, ".before/cairn.db", "", f.needle);
	host_start(h, i);
	ok(f.ratchets == 0 && before.ratchets > 3, "%s: no ratchet of the backup opens; with the keys of that day %d",
	    h->node[i].name, before.ratchets);
}

/* The partner says so, as it would whose answers overtook each other on their way. */
static void
answer(struct host *h, const char *id, const char *content_id, const char *result)
{
	hostile_say(h, TARGET, hs_room(h->hs, CHANNEL, 0), "org.cairnpeer.erasure.ack",
	    json_pack("{s:i, s:s, s:i, s:s, s:s, s:s, s:I}", "v", 1, "id", content_id, "seq", 1, "referral", id, "result", result,
	    "body", "About this request to erase.", "sent_at", (json_int_t)*h->now));
	host_run(h, 20000);
}

/* That its staff would decide was not acknowledged, so it is repeated, and comes after what they decided. */
static void
test_overtaken(struct host *h, const struct referral_story *s, const char *what)
{
	autojson json_t *before = story_list(h, SOURCE, "erasures"), *after = NULL;

	answer(h, s->id, "1ASKED00000000000000000000", "asked");
	after = story_list(h, SOURCE, "erasures");
	ok(json_equal(before, after), "that it will be decided undoes no decision when it comes late, nor until when something is kept");
	is_int((int)found_in(h, SOURCE, "rejected", NULL, NULL), 0, "and is taken, or it would come again and again");
	answer(h, s->id, "2KEPT000000000000000000000", "kept");
	is_str(state_of(h, SOURCE, what, "org", "us"), "kept", "while another decision counts");
}

static void
test_partner(struct host *h, const struct referral_story *s, const char *what)
{
	autojson json_t *done = NULL, *twice = NULL;
	struct reread then = reread(h, TARGET, CHANNEL, NULL, CANARY), now, refused;
	struct forensic f;

	/* No disclosure as it has to be: it is put aside as it came, beside the key that opens it. */
	hostile_say(h, SOURCE, hs_room(h->hs, CHANNEL, 0), "org.cairnpeer.referral.disclosure", json_pack("{s:s, s:s}", "referral", s->id, "history", REFUSED));
	refused = reread(h, TARGET, CHANNEL, NULL, REFUSED);
	ok(found_in(h, TARGET, "rejected", NULL, NULL) == 1 && refused.found == 1, "what was refused about it can be read");
	is_int(story_audited(h, TARGET, "partner:", "refused", what), 1, "and the audit has it as about that referral");
	done = erase(h, TARGET, s->id, true);
	host_run(h, 60000);
	is_str(state_of(h, TARGET, what, NULL, NULL), "erased", "the partner erases too");
	is_str(state_of(h, SOURCE, what, "org", "us"), "erased", "and says so");
	test_overtaken(h, s, what);
	ok(!is_known(h, TARGET, s->id), "it does not know the referral any more");
	host_stop(h, TARGET);
	f = search(h, TARGET, ".before/cairn.db", "", CANARY);
	is_int(f.found, 0, "nor does a backup of its database");
	is_int(shown(h, TARGET, ".before/cairn.db", "") + shown(h, TARGET, "/cairn.db", ""), 0, "nor that, nor the one of today, any of them");
	host_start(h, TARGET);
	now = reread(h, TARGET, CHANNEL, NULL, CANARY);
	ok(then.found > 0 && now.found == 0, "nor does its database of today open what its homeserver holds: %d of %d, before %d", now.opened, now.events, then.opened);
	refused = reread(h, TARGET, CHANNEL, NULL, REFUSED);
	ok(found_in(h, TARGET, "rejected", NULL, NULL) == 0 && found_in(h, TARGET, "waiting", NULL, NULL) == 0 && refused.found == 0,
	    "nothing that was refused about it is left, nor can be read");
	ok(story_audited(h, TARGET, "partner:", "refused", what) == 0 && story_audited(h, TARGET, "partner:", "refused", "erased") == 1,
	    "the audit says that something was refused, and not about whom");
	twice = host_command(h, SOURCE, "erase", json_pack("{s:s, s:s}", "id", s->id, "confirm", s->id));
	ok(json_is_false(json_object_get(twice, "ok")), "what was erased cannot be erased again");
}

/* Why a program said no is in words, too. */
static void
test_declined(struct host *h)
{
	static const char reason[] = DECLINED;
	struct reread then[2], now;
	struct referral_story s;

	refer_begin(h, &s);
	if (!refer_step(h, &s, STORY_REFER))
		host_fail(h, "there is nothing to decline");
	json_decref(host_ok(h, TARGET, "answer", json_pack("{s:s, s:s, s:s, s:s}", "referral", s.id, "decision", "decline", "reason", "other", "reason_text", reason)));
	host_run(h, 20000);
	for (size_t i = SOURCE; i <= TARGET; i++) {
		then[i] = reread(h, i, CHANNEL, NULL, reason);
		host_stop(h, i);
		search_copy(h, i, "", ".declined");
		host_start(h, i);
	}
	json_decref(erase(h, SOURCE, s.id, true));
	host_run(h, 60000);
	/* Whoever declined has nothing that must be kept: it is erased there as soon as they are asked. */
	for (size_t i = SOURCE; i <= TARGET; i++) {
		struct forensic before = search(h, i, ".declined/cairn.db", ".declined", reason), backup, today;

		now = reread(h, i, CHANNEL, NULL, reason);
		host_stop(h, i);
		backup = search(h, i, ".declined/cairn.db", "", reason);
		today = search(h, i, "/cairn.db", "", reason);
		host_start(h, i);
		ok(before.found > 0 && backup.found == 0 && today.found == 0, "%s: why it was declined is in no database once that is erased", h->node[i].name);
		ok(then[i].found > 0 && now.found == 0, "nor can be read of what the homeserver holds");
	}
}

static char head[128];

/* Before the erasure: what was looked at, refused, disclosed and shared is in the audit. */
static void
test_audit(struct host *h, const struct referral_story *s, const char *what)
{
	autojson json_t *verified = host_ok(h, SOURCE, "audit verify", json_object());
	autojson json_t *no = host_command(h, SOURCE, "answer", refer_args(h, s, STORY_ACCEPT));

	(void)snprintf(head, sizeof(head), "%s", json_str(verified, "head"));
	ok(json_is_false(json_object_get(no, "ok")) && story_audited(h, SOURCE, "operator:", "refused", what) == 1,
	    "a refusal is in the audit");
	ok(story_audited(h, SOURCE, "operator:", "show", what) > 0, "so is each view");
	ok(story_audited(h, SOURCE, "operator:", "consent", what) == 1 && story_audited(h, SOURCE, "node", "consent", what) == 1,
	    "the disclosure");
	ok(story_audited(h, SOURCE, "node", "share_key", "person:") > 0 && story_audited(h, TARGET, "node", "share_key", "person:") > 0,
	    "and each key that was shared");
	ok(story_audited(h, TARGET, "partner:", "consent", what) == 1, "on both sides");
}

/* After it: who did what, not to whom; and nothing was taken away. */
static void
test_audit_after(struct host *h, const char *what)
{
	autojson json_t *verified = host_ok(h, SOURCE, "audit verify", json_pack("{s:s}", "head", head));
	autojson json_t *no = host_command(h, SOURCE, "audit verify", json_pack("{s:s}", "head", "3:00"));

	ok(json_str(verified, "head") != NULL && strcmp(json_str(verified, "head"), head) != 0, "the audit verifies after the erasure, with the head of before");
	ok(json_is_false(json_object_get(no, "ok")), "and not with another");
	ok(story_audited(h, SOURCE, "", "consent", what) == 0 && story_audited(h, SOURCE, "operator:", "consent", "erased") == 1,
	    "it says that somebody disclosed, and not whom");
	ok(story_audited(h, SOURCE, "operator:", "erase", what + strlen("referral:")) == 1, "and that this referral was erased");
	ok(story_well(h, SOURCE, "audit"), "the doctor is content");
}

static void
test_on(struct host *h, const char *name)
{
	struct referral_story s;

	refer_begin(h, &s);
	ok(refer_all(h, &s), "%s", name);
	ok(story_clean(h, SOURCE) && story_clean(h, TARGET), "and nothing waits or was rejected");
}

/* The database of before, beside the file of keys of today: a backup put back. */
static void
test_restore(struct host *h, const struct referral_story *s, const char *what)
{
	autojson json_t *again = NULL;

	host_stop(h, SOURCE);	/* In good order: no log is left that would be taken for the copy's. */
	search_copy_file(h, SOURCE, ".before/cairn.db", "/cairn.db");
	search_copy_file(h, SOURCE, ".before/recovery.txt", "/recovery.txt");
	host_start(h, SOURCE);
	host_run(h, 10000);
	ok(!is_known(h, SOURCE, s->id), "a backup put back has forgotten");
	is_str(state_of(h, SOURCE, what, NULL, NULL), "erased", "and says that it has");
	ok(story_ill(h, SOURCE, "epoch", "not the newest"), "it knows that it is old");
	again = host_command(h, SOURCE, "setup", json_pack("{s:s, s:s}", "node_password", "node password",
	    "steward_password", "steward password"));
	host_run(h, 60000);
	ok(json_is_true(json_object_get(again, "ok")) && story_well(h, SOURCE, "epoch"), "with a new device it goes on");
}

int
main(void)
{
	struct referral_story s;
	struct host host;
	char what[64];

	story_begin(&host, 61);
	story_trust(&host);
	story_publish(&host);
	refer_begin(&host, &s);
	for (enum story_step step = STORY_REFER; step <= STORY_CONTACT; step++)
		if (step == STORY_CONSENT)
			disclose(&host, &s);
		else if (!refer_step(&host, &s, step))
			host_fail(&host, "the referral does not get that far");
	(void)snprintf(what, sizeof(what), "referral:%s", s.id);
	test_plan(&host, &s, what);
	test_audit(&host, &s, what);
	test_erase(&host, &s, what);
	test_audit_after(&host, what);
	test_ratchets(&host, SOURCE);
	test_on(&host, "the next referral goes all the way");
	test_partner(&host, &s, what);
	test_ratchets(&host, TARGET);
	test_declined(&host);
	test_on(&host, "and the one after");
	test_restore(&host, &s, what);
	host_close(&host);
	return done_testing();
}
