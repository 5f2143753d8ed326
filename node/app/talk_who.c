/* SPDX-License-Identifier: Apache-2.0 */
/* talk_who: who can see what of a member, as they read it. */
#include <errno.h>
#include <string.h>

#include "accounting.h"
#include "base/canon.h"
#include "store/notestore.h"
#include "store/subject.h"
#include "talk.h"

/* The classes of a consent, as the member reads them. */
static const struct { const char *class, *words; } classes[] = {
	{ "identity", "who you are" }, { "contact", "how to reach you" }, { "need", "what you want support with" },
	{ "constraints", "what to mind" }, { "history", "what was before" }, { "outcome", "what became of it" },
	{ "counselling_notes", "notes of counselling" },
};

static const char *
class_words(const char *class)
{
	for (size_t i = 0; i < nelem(classes); i++)
		if (class != NULL && !strcmp(classes[i].class, class))
			return classes[i].words;
	return class != NULL ? class : "?";
}

int
talk_classes(struct buf *say, const json_t *what)
{
	int r = 0;

	for (size_t i = 0; i < json_array_size(what) && r == 0; i++)
		r = buf_printf(say, "%s%s", i > 0 ? ", " : "", class_words(json_string_value(json_array_get(what, i))));
	return r;
}

/* Who holds what of ${whose}, by the account of disclosures; after ${head}, if that is anybody and nothing was said yet. */
static int
say_holds(struct talk *t, const char *whose, const char *head, bool *ret_any)
{
	struct buf *say = &t->say;
	autojson json_t *holds = NULL;
	json_t *hold;
	size_t i;
	int r = accounting_holds(t->app, whose, &holds);

	if (r == E_NOTFOUND)
		return buf_puts(say, " Something that was written down of who has what cannot be read any more here; ask the staff.");
	json_array_foreach(holds, i, hold) {
		const char *name = json_str(hold, "name");

		if (r != 0 || json_array_size(json_arr(hold, "what")) == 0)
			continue;
		r = buf_printf(say, "%s %s %s since %.10s: ", *ret_any ? "" : head, name != NULL ? name : "Another organization",
		    json_is_true(json_object_get(hold, "emergency")) ? "has, because of an emergency and without your consent," :
		    json_is_true(json_object_get(hold, "arrived")) ? "has, with your consent," : "was sent, and may have, with your consent,", json_str(hold, "since"));
		*ret_any = true;
		if (r == 0)
			r = talk_classes(say, json_arr(hold, "what"));
		if (r == 0)
			r = buf_puts(say, json_is_true(json_object_get(hold, "stops_redisclosure")) ? "; they have confirmed to pass nothing on." : ".");
	}
	return r;
}

/* All that a request says, and the answer to a question of theirs. */
static const struct { const char *key, *words; } facts[] = {
	{ "need", "what it is about" }, { "language", "language" }, { "age_band", "age" }, { "modality", "how to meet" }, { "times", "when" },
	{ "urgency", "how soon" }, { "origin", "whose wish it is" }, { "residence", "where you live" }, { "insurance", "insurance" },
	{ "not_said", "what you did not want to say" },
};

/* What is said as itself, or otherwise than where it is asked for. */
static const struct { const char *key, *value, *words; } special[] = {
	{ "origin", "self", "your own" }, { "origin", "program", "a program's" }, { "origin", "clinician", "a clinician's" },
	{ "origin", "court", "a court's" }, { "origin", "family", "your family's" }, { "not_said", "age_band", "age" },
	{ "not_said", "modality", "how to meet" }, { "not_said", "times", "when" }, { "not_said", "urgency", "how soon" },
	{ "not_said", "residence", "where you live" },
};

static int
add_value(json_t *values, json_t *value)
{
	for (size_t i = 0; i < json_array_size(values); i++)
		if (json_equal(json_array_get(values, i), value))
			return 0;
	return json_array_append(values, value) != 0 ? -ENOMEM : 0;
}

/* ${told}: of each fact all that was ever said of it, since what was said cannot be unsaid. */
static int
add_facts(json_t *told, const json_t *said)
{
	int r = 0;

	for (size_t i = 0; i < nelem(facts) && r == 0; i++) {
		json_t *value = json_object_get(said, facts[i].key), *values = json_object_get(told, facts[i].key);

		if (value == NULL)
			continue;
		if (values == NULL && ((values = json_array()) == NULL || json_object_set_new(told, facts[i].key, values) != 0))
			return -ENOMEM;
		for (size_t k = 0; k < json_array_size(value) && r == 0; k++)
			r = add_value(values, json_array_get(value, k));
		if (!json_is_array(value))
			r = add_value(values, value);
	}
	return r;
}

static int
add_answers(struct app *app, const struct case_row *row, json_t *told)
{
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = step_list(app->db, row->id, &steps, &n);

	for (size_t i = 0; i < n && r == 0; i++) {
		autojson json_t *content = NULL;

		if (steps[i].step.move.input == REFERRAL_IN_GIVE_INFO && steps[i].content != NULL &&
		    (r = canon_stored(steps[i].content, &content)) == 0)
			r = add_facts(told, json_obj(content, "info"));
	}
	step_list_free(steps, n);
	return r;
}

static const char *
fact_words(const char *key, const char *value, char out[64])
{
	for (size_t i = 0; i < nelem(special); i++)
		if (!strcmp(special[i].key, key) && !strcmp(special[i].value, value))
			return special[i].words;
	return talk_plainly(value, out);
}

static int
say_facts(struct buf *say, const json_t *told)
{
	const char *comma = "";
	char word[64];
	int r = 0;

	for (size_t i = 0; i < nelem(facts) && r == 0; i++) {
		const json_t *values = json_arr(told, facts[i].key);

		if (json_array_size(values) == 0)
			continue;
		r = buf_printf(say, "%s%s (", comma, facts[i].words);
		for (size_t k = 0; k < json_array_size(values) && r == 0; k++)
			r = buf_printf(say, "%s%s", k > 0 ? ", " : "", fact_words(facts[i].key, json_string_value(json_array_get(values, k)), word));
		if (r == 0)
			r = buf_puts(say, ")");
		comma = ", ";
	}
	return r;
}

int
talk_asked(struct app *app, const struct case_row *row, bool *ret_voluntary, struct buf *out)
{
	autojson json_t *request = NULL, *told = json_object();
	int r = told == NULL ? -ENOMEM : canon_stored(row->request, &request);

	if (r != 0 || (r = add_facts(told, request)) != 0 || (r = add_answers(app, row, told)) != 0)
		return r;
	*ret_voluntary = json_is_true(json_object_get(request, "voluntary"));
	return say_facts(out, told);
}

struct seen {
	struct talk	*talk;
	size_t		 n;
};

static int
say_seen(void *cookie, const struct case_row *row, const char *name)
{
	struct seen *s = cookie;
	struct talk *t = s->talk;
	struct buf *say = &t->say;
	bool any = false, voluntary;
	int r;

	s->n++;
	if ((r = buf_printf(say, "%s: ", name)) != 0 || (r = talk_asked(t->app, row, &voluntary, say)) != 0 ||
	    (r = buf_printf(say, "%s; all this under a name that stands for you there alone.", voluntary ? ", and that you want it" : "")) != 0 || (r = say_holds(t, row->id, "", &any)) != 0)
		return r;
	return buf_puts(say, any ? "\n" : " Not who you are.\n");
}

struct apart {
	struct talk	*talk;
	bool		 any;
};

static int
say_apart(void *cookie, const char *subject)
{
	struct apart *a = cookie;

	return say_holds(a->talk, strncmp(subject, "referral:", 9) == 0 ? subject + 9 : subject, "Apart from requests of yours:", &a->any);
}

/* What is in no request of theirs: what was told in an emergency that began in this chat, or in a match that staff joined it to. */
static int
say_rest(struct talk *t, bool *ret_any)
{
	struct apart a = { .talk = t };
	char who[SUBJECT_NAME];
	int r = say_apart(&a, subject_person(t->pid, who));

	if (r != 0 || (r = chat_subjects(t->app->db, t->pid, say_apart, &a)) != 0)
		return r;
	*ret_any = a.any;
	return a.any ? buf_puts(&t->say, "\n") : 0;
}

int
talk_who(struct talk *t, const char *words)
{
	struct seen s = { .talk = t };
	bool rest = false;
	int r;

	(void)words;
	if ((r = buf_printf(&t->say, "Who can see what:\nThis chat: you and the staff of %s. It is encrypted; the servers see that we write to each "
	    "other and when, not what.\nWhat you looked for with !find: only this chat.\n", t->app->cfg->organization)) != 0 ||
	    (r = talk_each(t, say_seen, &s)) != 0 || (r = say_rest(t, &rest)) != 0)
		return r;
	/* Whose it was is erased with it. */
	return buf_printf(&t->say, "%sWhat was erased here is not in this list; whoever had it may have it still.", s.n == 0 && !rest ?
	    "Of what is kept here, nothing about you was sent to anybody. " : "");
}
