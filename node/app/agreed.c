/* SPDX-License-Identifier: Apache-2.0 */
#include "agreed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "casepath.h"
#include "disclosure.h"
#include "intake.h"
#include "store/audit.h"
#include "store/consentstore.h"
#include "store/intakestore.h"

/* What a step disclosed; NULL: nothing, or it is kept no more. */
static int
read_step(const struct step_row *step, json_t **ret)
{
	autojson json_t *content = NULL;
	int r = step->step.move.input != REFERRAL_IN_CONSENT || step->content == NULL ? 0 : canon_stored(step->content, &content);

	if (r == 0 && json_obj(content, "consent") != NULL)
		*ret = take(content);
	return r;
}

/* The newest that counts; PATH_NONE. */
static int
newest(const struct path *path, const struct step_row *steps, size_t *ret, json_t **ret_content)
{
	*ret = PATH_NONE;
	for (size_t i = path_next(path, PATH_NONE); i != PATH_NONE; i = path_next(path, i)) {
		autojson json_t *content = NULL;
		int r = read_step(&steps[i], &content);

		if (r != 0)
			return r;
		if (content != NULL) {
			json_decref(*ret_content);
			*ret_content = take(content);
			*ret = i;
		}
	}
	return 0;
}

static int
forget(struct app *app, const struct case_row *row, const struct path *path, const struct step_row *steps, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && i < path_size(path) && r == 0; i++) {
		autojson json_t *content = NULL;
		enum path_standing standing = path_standing(path, i, NULL);

		if (standing == PATH_COUNTS || standing == PATH_WAITS || (r = read_step(&steps[i], &content)) != 0 || content == NULL)
			continue;
		if ((r = step_forget(app->db, row->id, steps[i].step.id)) == 0)
			r = audit_case(app->db, app_now(app), "node", "discard", row->id, NULL);
	}
	return r;
}

int
agreed_settle(struct app *app, struct case_row *row, const struct path *path, const struct step_row *steps, size_t n, bool *ret)
{
	autojson json_t *content = NULL;
	const char *text;
	size_t i;
	int r = newest(path, steps, &i, &content);

	if (r != 0 || (row->r.side == REFERRAL_AT_TARGET && (r = forget(app, row, path, steps, n)) != 0))
		return r;
	text = i != PATH_NONE ? steps[i].content : NULL;
	*ret = text == NULL ? row->disclosure != NULL : row->disclosure == NULL || strcmp(text, row->disclosure) != 0;
	if (!*ret)
		return 0;
	free(row->disclosure);
	row->disclosure = text != NULL ? strdup(text) : NULL;
	if (text != NULL && row->disclosure == NULL)
		return -ENOMEM;
	if (row->r.side != REFERRAL_AT_TARGET)
		return 0;
	return text != NULL ? intake_disclosed(app, row->id, json_obj(content, "identity")) : likeness_drop(app->db, row->id);
}

/* One id is one consent, whatever a partner says: by it the member takes it back. */
static int
same_as_known(struct app *app, const char *id, const json_t *consent, struct err *reterr)
{
	autojson json_t *before = NULL;
	struct consent_row known;
	int r = consent_get(app->db, id, &known);

	if (r != 0)
		return r == E_NOTFOUND ? 0 : r;
	r = canon_stored(known.consent, &before);
	consent_row_free(&known);
	return r != 0 || json_equal(before, consent) ? r : err_set(reterr, E_REFUSED, "the consent's id is another consent's");
}

int
agreed_received(struct app *app, const struct case_row *row, const char *id, const json_t *content, struct err *reterr)
{
	const json_t *consent = json_obj(content, "consent");
	struct consent_row stored = { .id = (char *)(uintptr_t)json_str(consent, "id"), .referral = row->id, .org = row->org,
	    .granted_at = app_now(app) };
	autojson json_t *kept = NULL;
	autofree char *text = NULL;
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = step_list(app->db, row->id, &steps, &n);

	for (size_t i = 0; i < n && r == 0; i++)
		if (!strcmp(steps[i].step.id, id))
			r = read_step(&steps[i], &kept);
	step_list_free(steps, n);
	if (r != 0 || kept == NULL || (r = same_as_known(app, stored.id, consent, reterr)) != 0)
		return r;
	stored.consent = text = json_text(consent, JSON_COMPACT);
	r = text != NULL ? consent_put(app->db, &stored) : -ENOMEM;
	return r == E_REFUSED ? err_set(reterr, E_REFUSED, "the consent's id is another consent's") : r;
}

struct finding {
	int64_t	 since;
	json_t	*found;
};

/* One for proceedings belongs to no step: it is for the court alone, and is told nobody. */
static int
each_consent(void *cookie, const struct consent_row *stored)
{
	struct finding *f = cookie;
	autojson json_t *consent = NULL;
	const char *covers;
	int r = stored->granted_at < f->since ? 0 : canon_stored(stored->consent, &consent);

	covers = json_str(consent, "covers");
	if (r == 0 && covers != NULL && !strcmp(covers, "proceedings")) {
		json_decref(f->found);
		f->found = take(consent);
	}
	return r;
}

int
agreed_consent(struct app *app, const struct case_row *row, json_t **ret)
{
	autojson json_t *content = NULL;
	autopath struct path *path = NULL;
	struct finding f = { 0 };
	struct step_row *steps = NULL;
	size_t n = 0, i;
	int r = case_path(app, row, &path, NULL);

	if (r == E_REFUSED)
		return E_NOTFOUND;
	if (r == 0 && (r = step_list(app->db, row->id, &steps, &n)) == 0 && (r = newest(path, steps, &i, &content)) == 0 && i != PATH_NONE) {
		f.since = steps[i].recorded;
		f.found = json_incref(json_object_get(content, "consent"));
	}
	step_list_free(steps, n);
	if (r == 0 && row->r.side == REFERRAL_AT_TARGET)
		r = consent_each(app->db, row->id, each_consent, &f);
	if (r == 0 && f.found == NULL)
		r = E_NOTFOUND;
	else if (r == 0 && json_str(f.found, "id") == NULL)
		r = ERR_CORRUPT;
	if (r == 0)
		*ret = take(f.found);
	json_decref(f.found);
	return r;
}

int
agreed_held(struct app *app, const struct case_row *row, unsigned *ret)
{
	autojson json_t *shown = NULL;
	struct step_row *steps = NULL;
	size_t n = 0;
	int r = step_list(app->db, row->id, &steps, &n);

	if (r == 0 && row->disclosure != NULL && (r = canon_stored(row->disclosure, &shown)) == 0)
		*ret |= disclosure_classes(shown);
	for (size_t i = 0; i < n && r == 0; i++) {
		autojson json_t *content = NULL;

		if ((r = read_step(&steps[i], &content)) == 0 && content != NULL)
			*ret |= disclosure_classes(content);
	}
	step_list_free(steps, n);
	return r;
}
