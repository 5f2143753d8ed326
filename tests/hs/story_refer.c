/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/canon.h"
#include "story_refer.h"

enum { STEP_MS = 2000, STEP_TRIES = 300 /* Ten minutes. */, QUIET_MS = 300 * 1000 };

static const struct {
	size_t		 who;
	const char	*verb;
	const char	*input;		/* What it adds to the history of who does it. */
	const char	*state;		/* Of both sides afterwards, and whether the member consented. */
	bool		 consented;
} steps[STORY_STEPS] = {
	[STORY_REFER]	= { SOURCE, "refer",	"send",		"received", false },
	[STORY_ACCEPT]	= { TARGET, "answer",	"accept",	"accepted", false },
	[STORY_CONSENT]	= { SOURCE, "consent",	"consent",	"accepted", true },
	[STORY_CONTACT]	= { TARGET, "outcome",	"engage",	"engaged", true },
	[STORY_CLOSE]	= { TARGET, "outcome",	"close",	"closed", true },
};

void
refer_begin(struct host *h, struct referral_story *s)
{
	autojson json_t *found = host_ok(h, SOURCE, "find", json_pack("{s:s}", "kind", "specialist"));
	const char *id = json_str(json_array_get(json_arr(found, "records"), 0), "id");

	if (id == NULL)
		host_fail(h, "no specialist is found");
	*s = (struct referral_story){ 0 };
	(void)snprintf(s->specialist, sizeof(s->specialist), "%s", id);
}

json_t *
refer_fill(json_t *args, const char *referral)
{
	json_t *consent = json_obj(args, "consent"), *identity = json_obj(args, "identity");

	(void)json_object_set_new(args, "referral", json_string(referral));
	(void)json_object_set_new(args, "need_detail", json_string("Wants somebody to talk to in the evenings."));
	(void)json_object_set_new(consent, "patient", json_string("Jo"));
	(void)json_object_set_new(consent, "tpo", json_false());
	(void)json_object_set_new(json_obj(consent, "signature"), "signer", json_string("Jo"));
	if (*json_str(json_obj(consent, "signature"), "recorded_by") == '\0')
		(void)json_object_set_new(json_obj(consent, "signature"), "recorded_by", json_string("K. Lind"));
	(void)json_object_set_new(identity, "name", json_string("Jo"));
	(void)json_object_set_new(json_obj(identity, "contact"), "value", json_string("@jo:opendoor.example"));
	return args;
}

json_t *
refer_args(struct host *h, const struct referral_story *s, enum story_step step)
{
	switch (step) {
	case STORY_REFER:
		return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "to", s->specialist, "need",
		    "substance_use", "language", "en", "modality", "online_text", "urgency", "soon",
		    "age_band", "26_59");
	case STORY_ACCEPT:
		return json_pack("{s:s, s:s}", "referral", s->id, "decision", "accept");
	case STORY_CONSENT:
		return refer_fill(host_ok(h, SOURCE, "consent", json_pack("{s:s, s:b}", "referral", s->id,
		    "template", 1)), s->id);
	case STORY_CONTACT:
		return json_pack("{s:s, s:s}", "referral", s->id, "stage", "first_contact");
	case STORY_CLOSE:
		return json_pack("{s:s, s:s, s:s}", "referral", s->id, "stage", "closed", "outcome", "got_help");
	case STORY_STEPS:
		break;
	}
	return NULL;
}

json_t *
refer_show(struct host *h, size_t i, const struct referral_story *s)
{
	return host_ok(h, i, "show", json_pack("{s:s}", "id", s->id));
}

bool
refer_state(struct host *h, size_t i, const struct referral_story *s, const char *state)
{
	autojson json_t *shown = refer_show(h, i, s);
	const char *is = json_str(shown, "state");

	return is != NULL && !strcmp(is, state);
}

int
refer_count(const json_t *shown, const char *input)
{
	const json_t *line;
	size_t k;
	int n = 0;

	json_array_foreach(json_arr(shown, "history"), k, line)
		n += !strcmp(json_str(line, "input"), input);
	return n;
}

/* The reply was lost: was the command?  The operator looks before repeating it. */
static bool
was_done(struct host *h, struct referral_story *s, enum story_step step)
{
	autojson json_t *items = NULL, *shown = NULL;
	const char *id;

	if (step == STORY_REFER) {
		items = story_list(h, SOURCE, "referrals");
		id = json_str(json_array_get(items, 0), "id");
		if (id != NULL)
			(void)snprintf(s->id, sizeof(s->id), "%s", id);
		return id != NULL;
	}
	shown = refer_show(h, steps[step].who, s);
	return refer_count(shown, steps[step].input) > 0;
}

static bool
command(struct host *h, struct referral_story *s, enum story_step step)
{
	for (int tries = 0; tries < 3; tries++) {
		autojson json_t *reply = host_command(h, steps[step].who, steps[step].verb, refer_args(h, s, step));
		const char *id = json_str(json_obj(reply, "result"), "referral");

		if (reply == NULL) {
			s->lost++;
			if (was_done(h, s, step))
				return true;
			continue;
		}
		if (!json_is_true(json_object_get(reply, "ok"))) {
			autofree char *text = json_dumps(reply, JSON_COMPACT);

			printf("# %s: %s\n", steps[step].verb, text);
			return false;
		}
		if (step == STORY_REFER)
			(void)snprintf(s->id, sizeof(s->id), "%s", id);
		return true;
	}
	return false;
}

/* Before the request arrives the target does not know the referral. */
static bool
known(struct host *h, size_t i, const struct referral_story *s)
{
	autojson json_t *items = story_list(h, i, "referrals");
	const json_t *item;
	size_t k;

	json_array_foreach(items, k, item)
		if (!strcmp(json_str(item, "id"), s->id))
			return true;
	return false;
}

static bool
both_there(struct host *h, const struct referral_story *s, enum story_step step)
{
	for (size_t i = SOURCE; i <= TARGET; i++) {
		autojson json_t *shown = known(h, i, s) ? refer_show(h, i, s) : NULL;
		const char *state = json_str(shown, "state");

		if (state == NULL || strcmp(state, steps[step].state) != 0 ||
		    json_is_true(json_object_get(shown, "consented")) != steps[step].consented)
			return false;
	}
	return true;
}

bool
refer_step(struct host *h, struct referral_story *s, enum story_step step)
{
	if (!command(h, s, step))
		return false;
	for (int tries = 0; tries < STEP_TRIES; tries++) {
		host_run(h, STEP_MS);
		if (both_there(h, s, step))
			return true;
	}
	return false;
}

bool
refer_all(struct host *h, struct referral_story *s)
{
	for (enum story_step step = 0; step < STORY_STEPS; step++)
		if (!refer_step(h, s, step)) {
			printf("# the step %s never came about\n", steps[step].verb);
			return false;
		}
	return true;
}

void
refer_to(struct host *h, struct referral_story *s, enum story_step last)
{
	refer_begin(h, s);
	for (enum story_step step = STORY_REFER; step <= last; step++)
		if (!refer_step(h, s, step))
			host_fail(h, "the referral does not get to step %d", (int)step);
}

/*
 * The oracle.
 */

static const char *const history[] = { "send", "receive", "accept", "consent", "engage", "close" };

static const char *
judge_history(const json_t *shown)
{
	autofree char *text = json_dumps(json_object_get(shown, "history"), JSON_COMPACT);

	if (json_array_size(json_arr(shown, "history")) == nelem(history)) {
		size_t same = 0;

		for (size_t i = 0; i < nelem(history); i++)
			same += !strcmp(json_str(json_array_get(json_arr(shown, "history"), i), "input"), history[i]);
		if (same == nelem(history))
			return NULL;
	}
	printf("# history: %s\n", text);
	return "a step is missing, or was done twice";
}

static const char *
judge_side(struct host *h, size_t i, const struct referral_story *s)
{
	autojson json_t *shown = refer_show(h, i, s);

	if (story_count(h, i, "referrals") != 1)
		return "not exactly one referral";
	if (!refer_state(h, i, s, "closed"))
		return "the referral is not closed";
	if (!story_clean(h, i))
		return "something waits or was rejected";
	if (story_count(h, i, "outbox") != 0)
		return "something is still to be sent";
	return judge_history(shown);
}

/* What one side sent is what the other has. */
static const char *
judge_contents(struct host *h, const struct referral_story *s)
{
	autojson json_t *a = refer_show(h, SOURCE, s), *b = refer_show(h, TARGET, s);
	const char *outcome = json_str(json_obj(a, "outcome"), "outcome");

	if (!json_equal(json_object_get(json_obj(a, "request"), "pseudonym"),
	    json_object_get(json_obj(b, "request"), "pseudonym")))
		return "the request that arrived is another one";
	if (json_obj(b, "disclosure") == NULL || !json_equal(json_object_get(json_obj(a, "disclosure"), "identity"),
	    json_object_get(json_obj(b, "disclosure"), "identity")))
		return "the disclosure that arrived is another one";
	return outcome != NULL && !strcmp(outcome, "got_help") ? NULL : "the outcome did not arrive";
}

const char *
refer_verdict(struct host *h, const struct referral_story *s)
{
	const char *wrong;

	host_run(h, QUIET_MS);
	if ((wrong = judge_side(h, SOURCE, s)) == NULL)
		wrong = judge_side(h, TARGET, s);
	if (wrong == NULL)
		wrong = judge_contents(h, s);
	if (story_complaints(h) > 0 && wrong == NULL)
		wrong = "the homeservers complain";
	return wrong;
}
