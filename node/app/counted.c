/* SPDX-License-Identifier: Apache-2.0 */
#include "counted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/canon.h"
#include "domain/origin.h"
#include "store/casestore.h"
#include "store/intakestore.h"
#include "store/matchstore.h"
#include "store/notestore.h"
#include "store/peoplestore.h"

static int
joined(const char *kind, const char *id, char **ret)
{
	return asprintf(ret, "%s %s", kind, id) < 0 ? -ENOMEM : 0;
}

static int
person(int64_t pid, char **ret)
{
	return asprintf(ret, "person %lld", (long long)pid) < 0 ? -ENOMEM : 0;
}

/* Whom a partner told us of. */
static int
disclosed(struct app *app, const struct case_row *row, char **ret)
{
	autojson json_t *disclosure = NULL;
	const char *how, *value;
	char text[ORIGIN_LIKENESS];
	int64_t pid;
	int r;

	if (row->disclosure == NULL)
		return E_NOTFOUND;
	if ((r = canon_stored(row->disclosure, &disclosure)) != 0)
		return r;
	how = json_str(json_obj(json_obj(disclosure, "identity"), "contact"), "how");
	value = json_str(json_obj(json_obj(disclosure, "identity"), "contact"), "value");
	if (how == NULL || value == NULL)
		return E_NOTFOUND;
	if (!strcmp(how, "matrix") && (r = person_find(app->db, value, &pid)) != E_NOTFOUND)
		return r != 0 ? r : person(pid, ret);
	return origin_likeness(how, value, text) ? joined("contact", text, ret) : E_NOTFOUND;
}

int
counted_referral(struct app *app, const struct case_row *row, char **ret)
{
	autointake struct intake who = { 0 };
	int r = intake_of(app->db, row->id, &who);

	if (r == 0)
		return who.pid != 0 ? person(who.pid, ret) : joined("case", who.id, ret);
	return r == E_NOTFOUND && row->r.side == REFERRAL_AT_TARGET ? disclosed(app, row, ret) : r;
}

static int
find_member(void *cookie, const struct chat *c)
{
	int64_t *pid = cookie;

	if (!strcmp(c->side, "member"))
		*pid = c->pid;
	return 0;
}

int
counted_pairing(struct app *app, const struct pairing *p, char **ret)
{
	const char *referral = json_str(p->body, "referral");
	struct case_row row;
	int64_t pid = 0;
	int r = chat_of_pairing(app->db, p->id, find_member, &pid);

	if (r != 0 || pid != 0)
		return r != 0 ? r : person(pid, ret);
	if (referral == NULL)
		return E_NOTFOUND;
	if ((r = case_get(app->db, referral, &row)) == 0) {
		r = counted_referral(app, &row, ret);
		case_free(&row);
	}
	return r;
}

int
counted_note(struct app *app, const struct note *note, char **ret)
{
	autopairing struct pairing p = { 0 };
	int r;

	if (*note->pairing == '\0')
		return note->pid != 0 ? person(note->pid, ret) : E_NOTFOUND;
	return (r = pairing_get(app->db, note->pairing, &p)) != 0 ? r : counted_pairing(app, &p, ret);
}

static int
find_supported(void *cookie, const struct chat *c)
{
	char **match = cookie;

	if (*match == NULL && !strcmp(c->side, "specialist") && (*match = strdup(c->pairing)) == NULL)
		return -ENOMEM;
	return 0;
}

static int
pairing_of(struct app *app, const struct note *note, struct pairing *ret)
{
	autofree char *other = NULL;
	int r = *note->pairing == '\0' ? chat_of_person(app->db, note->pid, find_supported, &other) : 0;

	if (r != 0)
		return r;
	return *note->pairing == '\0' && other == NULL ? E_NOTFOUND : pairing_get(app->db, other != NULL ? other : note->pairing, ret);
}

int
counted_specialist(struct app *app, const struct note *note, char **ret)
{
	autopairing struct pairing p = { 0 };
	const json_t *with;
	int r = pairing_of(app, note, &p);

	if (r != 0)
		return r;
	with = json_obj(p.body, "with");
	return json_str(with, "org") == NULL || json_str(with, "record") == NULL ? E_NOTFOUND :
	    joined(json_str(with, "org"), json_str(with, "record"), ret);
}

int
counted_program(struct app *app, const struct note *note, char **ret)
{
	autopairing struct pairing p = { 0 };
	const char *program;
	int r = pairing_of(app, note, &p);

	if (r != 0)
		return r;
	program = json_str(json_obj(p.body, "with"), "program");
	return program == NULL ? E_NOTFOUND : (*ret = strdup(program)) == NULL ? -ENOMEM : 0;
}
