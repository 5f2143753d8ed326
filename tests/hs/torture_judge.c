/* SPDX-License-Identifier: Apache-2.0 */
/* torture_judge: the oracle: what was accepted, against what is there; of referrals: torture_case.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "store/audit.h"
#include "story_refer.h"
#include "torture.h"

/* The world is at rest: what a node shows is asked for once. */
json_t *
torture_seen(struct torture *t, size_t i, const char *verb, const char *of)
{
	autofree char *view = NULL;
	json_t *result;

	if (asprintf(&view, "%zu %s %s", i, verb, of) < 0)
		abort();
	if (t->seen == NULL)
		t->seen = json_object();
	if (json_object_get(t->seen, view) == NULL)
		(void)json_object_set_new(t->seen, view, host_ok(&t->host, i, verb, json_pack("{s:s}", strcmp(verb, "list") == 0 ? "what" : "id", of)));
	result = json_object_get(t->seen, view);
	if (t->spoil != NULL && t->spoil->node == i)
		torture_spoil(t->spoil, strcmp(verb, "list") == 0 ? of : verb, result);
	return json_incref(result);
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

/*
 * What node ${i} refused.  Right is one disclosure of each referral whose consent ran out, and only for that: it left in time, and came when the
 * consent was over.
 */
static long
wrongly_refused(struct torture *t, size_t i)
{
	autojson json_t *refused = story_list(&t->host, i, "rejected");
	const json_t *item;
	long wrong = 0, late = 0;
	size_t k;

	json_array_foreach(refused, k, item) {
		const char *why = json_str(item, "reason");

		if (strstr(why, "referral.disclosure of ") != NULL && strstr(why, "(when it expires): the consent has expired") != NULL)
			late++;
		else
			wrong++;
	}
	for (size_t r = 0; r < t->n_referrals; r++)
		late -= late > 0 && t->referral[r].fate == TORTURE_LAPSE && t->referral[r].source != i && t->referral[r].ends < *t->host.now;
	return wrong + late;
}

/* What nobody could read, what is left, and what the servers say. */
static void
judge_rest(struct torture *t, struct torture_toll *toll)
{
	struct host *h = &t->host;

	for (size_t i = 0; i < h->n; i++) {
		size_t left = story_count(h, i, "outbox");

		toll->undecryptable += (long)story_count(h, i, "waiting") + wrongly_refused(t, i);
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

/* How many of the list have that id and, unless NULL, that state. */
static size_t
listed(const json_t *items, const char *id, const char *state)
{
	const json_t *item;
	size_t k, n = 0;

	json_array_foreach(items, k, item)
		n += !strcmp(json_str(item, "id"), id) && (state == NULL || !strcmp(json_str(item, "state"), state));
	return n;
}

/* Who was for that case is forgotten, and so is the case. */
static bool
is_erased(const struct torture *t, const char *of)
{
	for (size_t k = 0; k < t->n_referrals; k++)
		if (!strcmp(t->referral[k].of, of))
			return t->referral[k].fate == TORTURE_ERASE;
	return false;
}

/* Each match and each case that was accepted is there once, and as it was told to be. */
static void
judge_staff(struct torture *t, struct torture_toll *toll)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *cases = torture_seen(t, i, "list", "cases");
		autojson json_t *matches = torture_seen(t, i, "list", "matches");
		const json_t *c = json_arr(cases, "items"), *m = json_arr(matches, "items");
		size_t n = 0, gone = 0;

		for (size_t k = 0; k < t->n_matches; k++)
			if (t->match[k].node == i) {
				torture_count(t, toll, i, t->match[k].id, "a match", listed(m, t->match[k].id, t->match[k].state), 1);
				n++;
			}
		for (size_t k = 0; k < t->n_cases[i]; k++) {
			bool erased = is_erased(t, t->cases[i][k]);

			torture_count(t, toll, i, t->cases[i][k], "a case", listed(c, t->cases[i][k], NULL), !erased);
			gone += erased;
		}
		torture_count(t, toll, i, "matches", "as many as were made", json_array_size(m), n);
		torture_count(t, toll, i, "cases", "as many as were opened", json_array_size(c), t->n_cases[i] - gone);
	}
}

struct torture_toll
torture_judge(struct torture *t)
{
	struct torture_toll toll = { 0 };

	torture_judge_referrals(t, &toll);
	judge_staff(t, &toll);
	if (t->spoil != NULL)
		return toll;
	judge_words(t, &toll);
	judge_records(t, &toll);
	judge_rest(t, &toll);
	judge_audit(t, &toll);
	return toll;
}
