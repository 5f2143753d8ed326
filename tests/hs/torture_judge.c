/* SPDX-License-Identifier: Apache-2.0 */
/* torture_judge: the oracle: what was accepted, against what is there. */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "store/audit.h"
#include "story_refer.h"
#include "torture.h"

enum { STEPS_MAX = 7 };

static const struct {
	const char	*state;
	size_t		 n;
	const char	*step[STEPS_MAX];
} ends[TORTURE_FATES] = {
	[TORTURE_THROUGH] = { "closed", 6, { "send", "receive", "accept", "consent", "engage", "close" } },
	[TORTURE_WAIT] = { "closed", 7, { "send", "receive", "waitlist", "accept", "consent", "engage", "close" } },
	[TORTURE_DECLINE] = { "ended", 3, { "send", "receive", "decline" } },
	[TORTURE_WITHDRAW] = { "ended", 4, { "send", "receive", "waitlist", "withdraw" } },
	[TORTURE_FORWARD] = { "forwarded", 3, { "send", "receive", "forward" } },
};

/* Each step once, and no other. */
static void
judge_history(const struct host *h, size_t i, const struct torture_referral *r, const json_t *shown,
    struct torture_toll *toll)
{
	const char *const *want = ends[r->fate].step, *state = json_str(shown, "state");
	size_t n = ends[r->fate].n, right = 0;
	bool more = false;

	for (size_t k = 0; k < n; k++) {
		int times = refer_count(shown, want[k]);

		right += times > 0;
		more |= times > 1;
	}
	more |= json_array_size(json_arr(shown, "history")) > n;
	if (right < n || state == NULL || strcmp(state, ends[r->fate].state) != 0) {
		printf("# lost: %s has referral %s in state %s with %zu of %zu steps\n", h->node[i].name, r->id,
		    state != NULL ? state : "-", right, n);
		toll->lost++;
	} else if (more) {
		printf("# twice: %s has done a step of referral %s more than once\n", h->node[i].name, r->id);
		toll->twice++;
	}
}

/* Is what one side sent what the other has? */
static bool
same_contents(const struct torture_referral *r, const json_t *mine, const json_t *theirs)
{
	const json_t *a = json_object_get(json_obj(mine, "request"), "pseudonym");
	const json_t *b = json_object_get(json_obj(mine, "disclosure"), "identity");

	return json_equal(a, json_object_get(json_obj(theirs, "request"), "pseudonym")) && (!torture_discloses(r->fate) ||
	    (b != NULL && json_equal(b, json_object_get(json_obj(theirs, "disclosure"), "identity"))));
}

static void
judge_referral(struct torture *t, const struct torture_referral *r, json_t *const there[2], struct torture_toll *toll)
{
	autojson json_t *mine = NULL, *theirs = NULL;

	for (size_t i = SOURCE; i <= TARGET; i++)
		if (!json_is_true(json_object_get(there[i], r->id))) {
			printf("# lost: %s does not have referral %s, last word %s\n", t->host.node[i].name, r->id,
			    r->decided);
			toll->lost++;
			return;
		}
	mine = host_ok(&t->host, r->source, "show", json_pack("{s:s}", "id", r->id));
	theirs = host_ok(&t->host, 1 - r->source, "show", json_pack("{s:s}", "id", r->id));
	judge_history(&t->host, r->source, r, mine, toll);
	judge_history(&t->host, 1 - r->source, r, theirs, toll);
	if (!same_contents(r, mine, theirs)) {
		printf("# lost: what arrived of referral %s is something else\n", r->id);
		toll->lost++;
	}
}

static void
judge_referrals(struct torture *t, struct torture_toll *toll)
{
	autojson json_t *a = json_object(), *b = json_object();
	json_t *there[2] = { a, b };

	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *items = story_list(&t->host, i, "referrals");
		const json_t *item;
		size_t k;

		json_array_foreach(items, k, item)
			(void)json_object_set_new(there[i], json_str(item, "id"), json_true());
		if (json_array_size(items) > t->n_referrals) {
			printf("# twice: %s has %zu referrals, %zu were accepted\n", t->host.node[i].name,
			    json_array_size(items), t->n_referrals);
			toll->twice++;
		}
	}
	for (size_t k = 0; k < t->n_referrals; k++)
		judge_referral(t, &t->referral[k], there, toll);
}

static int
times(const json_t *items, const char *user, const char *text, bool whole)
{
	const json_t *item;
	size_t k;
	int n = 0;

	json_array_foreach(items, k, item)
		n += !strcmp(json_str(item, "direction"), "in") && !strcmp(json_str(item, "user"), user) &&
		    (whole ? !strcmp(json_str(item, "body"), text) : strstr(json_str(item, "body"), text) != NULL);
	return n;
}

static void
judge_words(struct torture *t, struct torture_toll *toll)
{
	struct host *h = &t->host;
	bool greets[2] = { false, false }, may[2] = { false, false };
	json_t *in[HOST_NODES] = { NULL };

	for (size_t i = 0; i < h->n; i++)
		in[i] = story_list(h, i, "messages");
	for (size_t k = 0; k < t->n_words; k++) {
		const struct torture_word *w = &t->word[k];
		int n = times(in[w->to], h->node[w->from].user, w->text, true);

		if (w->from == MEMBER)
			greets[w->to] = true;
		else
			may[w->from] |= w->twice;
		if (n != 1 && !(n == 2 && w->twice)) {
			printf("# %s: %s has \"%s\" %d times\n", n == 0 ? "lost" : "twice", h->node[w->to].name,
			    w->text, n);
			*(n == 0 ? &toll->lost : &toll->twice) += 1;
		}
	}
	for (size_t i = SOURCE; i <= TARGET; i++) {
		int n = times(in[MEMBER], h->node[i].user, "Thank you for writing", false);

		if (n != (int)greets[i] && !(n == 2 && may[i])) {
			printf("# %s: %s greeted %d times\n", n == 0 ? "lost" : "twice", h->node[i].name, n);
			*(n < (int)greets[i] ? &toll->lost : &toll->twice) += 1;
		}
	}
	for (size_t i = 0; i < h->n; i++)
		json_decref(in[i]);
}

/* Each record of a partner once, as it is published now; one directory and one space of each. */
static void
judge_records(struct torture *t, struct torture_toll *toll)
{
	struct host *h = &t->host;

	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *found = host_ok(h, i, "find", json_object());
		const json_t *rec;
		size_t k, right = 0;

		json_array_foreach(json_arr(found, "records"), k, rec)
			right += !strcmp(json_str(rec, "org"), t->org[1 - i]) &&
			    (strcmp(json_str(rec, "kind"), "specialist") != 0 ||
			    json_int(rec, "open", -1) == t->open[1 - i]);
		if (right != 2) {
			printf("# lost: %s finds %zu of 2 records as they are now\n", h->node[i].name, right);
			toll->lost++;
		}
		if (json_array_size(json_arr(found, "records")) > 2) {
			printf("# twice: %s finds more records than there are\n", h->node[i].name);
			toll->twice++;
		}
	}
	if (hs_room(h->hs, "org.cairnpeer.directory", 2) != NULL || hs_room(h->hs, "m.space", 2) != NULL) {
		printf("# twice: a directory or space was made again\n");
		toll->twice++;
	}
}

/* What nobody could read, what is left, and what the servers say. */
static void
judge_rest(struct torture *t, struct torture_toll *toll)
{
	struct host *h = &t->host;

	for (size_t i = 0; i < h->n; i++) {
		size_t left = story_count(h, i, "outbox");

		toll->undecryptable += (long)(story_count(h, i, "waiting") + story_count(h, i, "rejected"));
		(void)story_clean(h, i);
		if (left > 0)
			printf("# lost: %s still has %zu things to send\n", h->node[i].name, left);
		toll->lost += (long)left;
	}
	toll->undecryptable += (long)story_complaints(h);
}

static void
judge_audit(struct torture *t, struct torture_toll *toll)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		struct db *db = hostile_db(&t->host, i);
		struct err why = { "" };
		int64_t rows = 0;

		if (audit_verify(db, &rows, &why) != 0 || rows == 0) {
			printf("# lost: the audit of %s: %s\n", t->host.node[i].name, why.text);
			toll->lost++;
		}
		hostile_go_on(&t->host, i, db);
	}
}

struct torture_toll
torture_judge(struct torture *t)
{
	struct torture_toll toll = { 0 };

	judge_referrals(t, &toll);
	judge_words(t, &toll);
	judge_records(t, &toll);
	judge_rest(t, &toll);
	judge_audit(t, &toll);
	return toll;
}
