/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes: what a member and their specialist keep after they met: an agreement that both sign, goals and plan in
 * the member's words, how it goes, questionnaires.  All of it is optional, and the member's to read and take along.
 */
#ifndef CAIRN_NOTES_H
#define CAIRN_NOTES_H

#include "app.h"

/* Verbs (command.h): args, reply and errors as in cairn(1). */
int	notes_add(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	notes_sign(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
int	notes_show(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;
/** notes_measures: verb "import_measures" {document}: which questionnaires may be used. */
int	notes_measures(struct app *, const char *actor, const json_t *args, json_t **ret, struct err *) must_check;

/** notes_list_of_measures(app, ret): what was imported; NULL: nothing.  The caller decrefs. */
int	notes_list_of_measures(struct app *, json_t **ret) must_check;

/** notes_concerns(app, ret): {MATCH: true} of each with feedback that names "unsafe" or "judged", at which staff have not looked (notes_show).  The caller decrefs. */
int	notes_concerns(struct app *, json_t **ret) must_check;

#endif /* !CAIRN_NOTES_H */
