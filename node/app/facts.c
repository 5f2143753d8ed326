/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include "base/canon.h"
#include "casepath.h"
#include "domain/asked.h"

/* One answer, laid over ${facts} as it deserves. */
static int
lay(json_t *facts, const struct step_row *step, int (*how)(json_t *, const json_t *))
{
	autojson json_t *content = NULL;
	int r = step->content != NULL ? canon_stored(step->content, &content) : 0;

	return r != 0 ? r : how(facts, json_obj(content, "info"));
}

/* Those that count in their order, then of the others what protects. */
static int
lay_all(const struct path *path, const struct step_row *steps, size_t n, json_t *facts)
{
	int r = 0;

	for (size_t i = path_next(path, PATH_NONE); i != PATH_NONE && r == 0; i = path_next(path, i))
		if (path_at(path, i)->move.input == REFERRAL_IN_GIVE_INFO)
			r = lay(facts, &steps[i], asked_lay);
	for (size_t i = 0; i < n && r == 0; i++)
		if (steps[i].step.move.input == REFERRAL_IN_GIVE_INFO)
			r = lay(facts, &steps[i], asked_doubt);
	return r;
}

int
facts_of(struct app *app, const struct case_row *row, json_t **ret)
{
	autojson json_t *facts = NULL;
	autopath struct path *path = NULL;
	struct step_row *steps = NULL;
	size_t n = 0, answers = 0;
	int r = canon_stored(row->request, &facts);

	if (r != 0 || (r = step_list(app->db, row->id, &steps, &n)) != 0)
		return r;
	for (size_t i = 0; i < n; i++)
		answers += steps[i].step.move.input == REFERRAL_IN_GIVE_INFO;
	if (answers > 0 && (r = case_path(app, row, &path, NULL)) == 0)
		r = lay_all(path, steps, n, facts);
	step_list_free(steps, n);
	if (r == 0)
		*ret = take(facts);
	return r > 0 ? ERR_CORRUPT : r;
}
