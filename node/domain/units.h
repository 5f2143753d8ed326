/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units: units of service, for whoever pays for them: how often people were met, for how long, and how many they were, by how they met, by
 * month, by program, by series.  A person is in each row in which they were met, so that what is in the others and the total may tell of a row
 * what report_hide() is for.  Therefore a row of fewer than REPORT_LEAST people is not hidden but left out: what was
 * done in it is in no number at all, neither in another table nor in a total.
 */
#ifndef CAIRN_UNITS_H
#define CAIRN_UNITS_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

/* The tables, and how they are called. */
#define UNITS(X)	X(UNITS_MODALITY, "modality") X(UNITS_MONTH, "month") X(UNITS_PROGRAM, "program") X(UNITS_SERIES, "series")
#define X(by, name) by,
enum { UNITS(X) UNITS_BY };
#undef X

/**
 * units_add(units, who, minutes, value): somebody was met once; ${units} is an array, and empty at first; ${value}: in which row of each table
 * that is, NULL of a table that none of ${units} is in; minutes 0: not known.  0 or -ENOMEM.
 */
int	units_add(json_t *, const char *who, int64_t minutes, const char *const value[UNITS_BY]) must_check;

/**
 * units_tell(units, ret): {people, contacts, minutes, tables: [{by: "modality", rows: [{value, people, contacts, minutes}], others},
 * {by: "month", ...}, ...]}, no table without rows, no minutes where none are known, of programs only people; others is a text, where rows were left out, also of
 * ${units}.  Only the first ${people} is exact: report_people(), report_sums() and report_round() say what is told of the rest.  0; E_REFUSED:
 * nothing may be said; -ENOMEM.
 */
int	units_tell(json_t *units, json_t **ret) must_check;

#endif /* !CAIRN_UNITS_H */
