/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsds: Open Referral Human Services Data Specification 3.x (3.0, 3.1), JSON.
 *
 * Pure: no I/O.  A service becomes a program record (schemas/program.json);
 * groups and specialists do not exist in HSDS.  Nothing is guessed from names
 * or descriptions: closed fields are filled only where HSDS says it in a code,
 * or where an attribute has a taxonomy of ours, "org.cairnpeer.condition",
 * "...audience", "...form", "...setting", "...modality", "...accessibility",
 * "...practice_model", "...pathway", "...session_type", "...transport", "...age_band",
 * "...principle", "...attendance", "...anonymity", "...cost" or "...law", with a value of that list as the term's code.
 *
 * A schedule becomes days of the week or a rule wherever that says the same (hsds_rule.c).  Its offset from UTC is taken
 * as it stands, for the whole year, by a zone that is always so far ahead; one without stays without.
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
 * hsds_write(records, organization, kept, ret, reterr):
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
int	hsds_write(const json_t *, const char *organization, const json_t *kept, json_t **ret, struct err *) must_check;

/*
 * What a record has no place for stays with the file that it was made of.  A node keeps that file as parts, the
 * services apart, so that what becomes of a record can become of its part: [{source, text}, ...], the one with
 * source "" being what is around the others.  Of tables all is around, and the other texts are empty.
 */

/** hsds_split(doc, ret_parts, reterr): a document that hsds_read() reads.  0; E_BAD if it holds what could not be kept; or -ENOMEM. */
int	hsds_split(const json_t *, json_t **ret_parts, struct err *) must_check;
/** hsds_join(parts, ret_doc, reterr): the document again, without services whose part is gone.  0; E_NOTFOUND: it was one of these; E_BAD. */
int	hsds_join(const json_t *parts, json_t **ret_doc, struct err *) must_check;

/**
 * hsds_hidden(doc, records, ids, reterr): adds the places of ${doc} that a record calls redacted to ${ids}, an object,
 * which hsds_merge() takes.  All documents first, then the merges: hidden in one is hidden in the others.
 */
int	hsds_hidden(const json_t *doc, const json_t *records, json_t *ids, struct err *) must_check;
/**
 * hsds_merge(doc, records, ids, ret, reterr): ${doc} with what ${records}, as hsds_write() takes them, say otherwise by now.
 * What was edited wins, the rest is as it was; a service without a record is left out, of a place of ${ids} only the record's words
 * stay.  hsds_read() of ${ret} gives the records' bodies (of a place that is hidden elsewhere in ${doc} or by ${ids}, without its address).
 * 0; E_BAD if ${records} hold what a file of this form cannot say, or tables, of which two rows of one have the same
 * identifier, or a row has none, where it was edited; E_NOTFOUND: nothing is left; or -ENOMEM.  The caller frees it.
 */
int	hsds_merge(const json_t *doc, const json_t *records, const json_t *ids, json_t **ret, struct err *) must_check;
/** hsds_full(doc, kept, reterr): adds the services of ${doc} in full, each with its organization and places, to ${kept} by source. */
int	hsds_full(const json_t *doc, json_t *kept, struct err *) must_check;

/**
 * hsds_table(text, len, ret_rows, reterr): RFC 4180 with a header, in UTF-8,
 * perhaps after a byte order mark, lines ended by CR LF or LF, as an array of
 * objects: member NAME.csv of a document for hsds_read().  Columns of numbers
 * become numbers, empty fields are left out.  0; E_BAD with "LINE:COLUMN: reason";
 * or -ENOMEM.
 */
int	hsds_table(const char *, size_t, json_t **, struct err *) must_check;

#endif /* !CAIRN_HSDS_H */
