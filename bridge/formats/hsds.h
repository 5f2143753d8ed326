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
 * Translate an organization or service in full, a service at a location, an array of them, a page
 * {"contents": [...]}, or tables {"services.csv": [...], ...}.
 * ${ret_records} is an array of {source: "hsds:service/ID",
 * kind: "program", body}; ${ret_unmapped} an array of {path, why} that lists every
 * value that has no place in a record.  (Identifiers that only tie parts of the
 * file together are not listed.)  Text is cut to its field's length between
 * characters, and listed.  The caller frees both.
 *
 * 0; E_BAD with "PATH: reason" if a member has the wrong type, a service has no
 * id or name, two have the same id, or there is no service; or -ENOMEM.
 */
int	hsds_read(const json_t *, json_t **ret_records, json_t **ret_unmapped, struct err *) must_check;

/**
 * hsds_write(records, organization, ret, reterr):
 * A page of services in full for ${records}, an array of {id, source, body} of
 * programs as the schema has them; "source" may be absent.  A service read from
 * HSDS keeps its identifier; ${organization} is the name of whose they are where a
 * record does not say.  What HSDS has no field for goes out as attributes: values
 * of closed lists as above, and whatever hsds_read() would not make of the rest
 * again as the taxonomy "org.cairnpeer.member", with the member's name as code and
 * its JSON as value, so that hsds_read() of ${ret} gives the same bodies; a record
 * without a member "source" gets one there.  The caller frees it.
 *
 * 0; E_BAD if a record has no body; or -ENOMEM.
 */
int	hsds_write(const json_t *, const char *organization, json_t **ret, struct err *) must_check;

/**
 * hsds_table(text, len, ret_rows, reterr): RFC 4180 with a header, in UTF-8,
 * perhaps after a byte order mark, lines ended by CR LF or LF, as an array of
 * objects: member NAME.csv of a document for hsds_read().  Columns of numbers
 * become numbers, empty fields are left out.  0; E_BAD with "LINE:COLUMN: reason";
 * or -ENOMEM.
 */
int	hsds_table(const char *, size_t, json_t **, struct err *) must_check;

#endif /* !CAIRN_HSDS_H */
