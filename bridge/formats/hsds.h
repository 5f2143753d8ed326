/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds: Open Referral Human Services Data Specification 3.x (3.0, 3.1), JSON.
 *
 * Pure: no I/O.  A service becomes a program record (schemas/program.json);
 * groups and specialists do not exist in HSDS.  Nothing is guessed from names
 * or descriptions: closed fields are filled only where HSDS says it in a code,
 * or where an attribute has a taxonomy of ours, "org.cairnpeer.condition",
 * "...audience", "...form", "...setting", "...modality", "...accessibility",
 * "...cost" or "...law", with a value of that list as the term's code.
 */
#ifndef CAIRN_HSDS_H
#define CAIRN_HSDS_H

#include <jansson.h>

#include "base/err.h"

/**
 * hsds_read(doc, ret_records, ret_unmapped, reterr):
 * Translate an organization or service in full, an array of them, or a page
 * {"contents": [...]}.  ${ret_records} is an array of {source: "hsds:service/ID",
 * kind: "program", body}; ${ret_unmapped} an array of {path, why} that lists every
 * value that has no place in a record.  (Identifiers that only tie parts of the
 * file together are not listed.)  Text is cut to its field's length between
 * characters, and listed.  The caller frees both.
 *
 * 0; E_BAD with "PATH: reason" if a member has the wrong type, a service has no
 * id or name, two have the same id, or there is no service; or -ENOMEM.
 */
int	hsds_read(const json_t *, json_t **ret_records, json_t **ret_unmapped, struct err *) must_check;

#endif /* !CAIRN_HSDS_H */
