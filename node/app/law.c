/* SPDX-License-Identifier: Apache-2.0 */
#include "law.h"

#include <string.h>

#include "base/canon.h"
#include "domain/asked.h"
#include "domain/consent_law.h"
#include "facts.h"
#include "store/dirstore.h"
#include "store/peoplestore.h"

#define MINORS		"minors"	/* In meta. */
#define WITHDRAWAL	"withdrawal"

void
law_facts_free(struct law_facts *f)
{
	json_decref(f->asked);
	json_decref(f->body);
	json_decref(f->program);
	json_decref(f->minors);
}

static int
each_program(void *cookie, const struct own_record *rec)
{
	struct law_facts *f = cookie;
	autojson json_t *body = NULL;
	const char *law;
	int r = canon_stored(rec->body, &body);

	if (r != 0)
		return ERR_CORRUPT;
	law = consent_law_of(body);
	/* Each law once is enough; a program without one is not under the GDPR alone. */
	for (size_t i = 0; i < f->n; i++)
		if (law == f->laws[i] || (law != NULL && f->laws[i] != NULL && !strcmp(law, f->laws[i])))
			return 0;
	f->laws[f->n++] = law;
	return 0;
}

/* The record that a partner published: its body. */
static int
seen_body(struct app *app, const char *org, const char *id, json_t **ret)
{
	autojson json_t *record = NULL;
	struct seen_record seen;
	int r = seen_get(app->db, org, id, &seen);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	/* A specialist's law is that of their program: one that cannot be read must not pass for one that wants nothing. */
	if (seen.record != NULL && (r = canon_stored(seen.record, &record)) == 0)
		*ret = json_incref(json_obj(record, "body"));
	seen_free(&seen);
	return r;
}

static int
load_minors(struct app *app, json_t **ret)
{
	autofree char *text = NULL;
	int r = meta_get(app->db, MINORS, false, &text);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	return canon_stored(text, ret);
}

/* A record of ours: its body; one that was withdrawn is not here any more. */
static int
own_body(struct app *app, const char *id, json_t **ret)
{
	struct own_record rec;
	int r = own_get(app->db, id, &rec);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	if (strcmp(rec.kind, WITHDRAWAL) != 0)
		r = canon_stored(rec.body, ret);
	own_free(&rec);
	return r;
}

/* The record that it is addressed to, and the program behind it: the partner's, or ours.  Is one of them not here? */
static int
find_asked(struct app *app, const struct case_row *row, const char *to, struct law_facts *f, bool *ret_unknown)
{
	bool ours = row->r.side == REFERRAL_AT_TARGET;
	const char *behind;
	int r = to == NULL ? 0 : ours ? own_body(app, to, &f->body) : seen_body(app, row->org, to, &f->body);

	behind = json_str(f->body, "program");
	if (r == 0 && behind != NULL)
		r = ours ? own_body(app, behind, &f->program) : seen_body(app, row->org, behind, &f->program);
	*ret_unknown = f->body == NULL || (behind != NULL && f->program == NULL);
	return r;
}

/* What they say of the law; of one that is not here we do not know, so it counts as about substance use. */
static int
look_asked(struct app *app, const struct case_row *row, struct law_facts *f, struct consent_use *use)
{
	const char *laws[2];
	bool unknown, part2 = false;
	unsigned about;
	int r = find_asked(app, row, use->record, f, &unknown);

	if (r != 0)
		return r;
	use->about = consent_about(json_str(f->asked, "need"), f->body);
	about = f->program != NULL ? consent_about(NULL, f->program) : CONSENT_ABOUT_OTHER;
	if (about != CONSENT_ABOUT_OTHER)
		use->about = (use->about & ~(unsigned)CONSENT_ABOUT_OTHER) | about;
	laws[0] = json_str(f->body, "law");
	laws[1] = json_str(f->program, "law");
	for (size_t i = 0; i < nelem(laws); i++)
		part2 = part2 || (laws[i] != NULL && !strcmp(laws[i], CONSENT_PART2));
	/* The target knows which of its programs it is; the source's may be any. */
	if (row->r.side == REFERRAL_AT_TARGET)
		f->laws[f->n++] = consent_law_of(f->program != NULL ? f->program : f->body);
	use->law = consent_law_wanted(use->about | (unknown ? CONSENT_ABOUT_SUBSTANCE_USE : 0), f->laws, f->n, part2 ? CONSENT_PART2 : NULL);
	return 0;
}

int
law_look(struct app *app, const struct case_row *row, struct law_facts *f, struct consent_use *use)
{
	bool source = row->r.side == REFERRAL_AT_SOURCE, took = source || use->covers == CONSENT_PROCEEDINGS;
	int r;

	if ((r = facts_of(app, row, &f->asked)) != 0)
		return r;
	use->record = json_str(f->asked, "to");
	use->age_band = json_str(f->asked, "age_band");
	use->minor = asked_minor(use->age_band);
	if (!source && use->discloser != NULL && !strcmp(use->discloser, row->org))
		return 0;	/* Law and signers are the discloser's to know. */
	if ((source && (r = own_each(app->db, "program", each_program, f)) != 0) || (took && (r = load_minors(app, &f->minors)) != 0) ||
	    (r = look_asked(app, row, f, use)) != 0)
		return r;
	use->signers = took;
	use->minors = f->minors;
	/* A consent is under one law, which the source chose: of it a target wants Part 2 where that holds, and no other. */
	if (!took && use->law != NULL && strcmp(use->law, CONSENT_PART2) != 0)
		use->law = NULL;
	return 0;
}

int
law_minors(struct app *app, const char *text)
{
	return meta_put(app->db, MINORS, text, false);
}
