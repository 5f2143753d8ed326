-- SPDX-License-Identifier: Apache-2.0

-- name: search_doc_get
SELECT d.doc, t.terms FROM search_doc AS d JOIN search_terms AS t ON t.doc = d.doc WHERE d.seen = ?1;

-- name: search_doc_put
INSERT INTO search_doc (doc, seen, due, places, id, program) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (doc) DO UPDATE SET seen = excluded.seen, due = excluded.due, places = excluded.places, id = excluded.id,
	program = excluded.program;

-- name: search_doc_free
UPDATE search_doc SET seen = NULL, due = 0, places = NULL, id = NULL, program = NULL WHERE doc = ?1;

-- name: search_terms_put
INSERT INTO search_terms (doc, terms) VALUES (?1, ?2) ON CONFLICT (doc) DO UPDATE SET terms = excluded.terms WHERE terms <> excluded.terms;

-- name: search_terms_drop
DELETE FROM search_terms WHERE doc = ?1;

-- name: search_doc_borrowers
UPDATE seen SET indexed = ?3 WHERE n IN (SELECT seen FROM search_doc WHERE program = ?1) AND +org = ?2 AND +indexed >= 0;

-- A number that is free and that no posting still holds.
-- name: search_doc_reuse
SELECT doc FROM search_doc WHERE seen IS NULL AND doc BETWEEN ?1 AND ?2
	AND doc NOT IN (SELECT doc FROM search_pending) LIMIT 1;

-- name: search_doc_last
SELECT max(doc) FROM search_doc WHERE doc BETWEEN ?1 AND ?2;

-- name: search_doc_seen
SELECT seen, places FROM search_doc WHERE doc = ?1 AND seen IS NOT NULL;

-- name: search_doc_id
SELECT seen, id FROM search_doc WHERE doc = ?1 AND id IS NOT NULL;

-- name: search_doc_ids
SELECT doc, seen, id FROM search_doc WHERE id IS NOT NULL ORDER BY id, seen;

-- name: search_doc_by_id
SELECT doc, seen, id FROM search_doc WHERE id = ?1 ORDER BY seen;

-- name: search_doc_due
SELECT seen FROM search_doc WHERE due > 0 AND due <= ?1 ORDER BY due LIMIT ?2;

-- name: search_doc_next_due
SELECT min(due) FROM search_doc WHERE due > 0;

-- name: search_pending_add
INSERT INTO search_pending (doc, posted) VALUES (?1, ?2) ON CONFLICT (doc) DO NOTHING;

-- name: search_pending_count
SELECT count(*) FROM search_pending;

-- name: search_pending_list
SELECT p.doc, p.posted, ifnull(t.terms, '') FROM search_pending AS p LEFT JOIN search_terms AS t ON t.doc = p.doc ORDER BY p.doc;

-- name: search_pending_clear
DELETE FROM search_pending WHERE doc <= ?1;

-- name: search_post_get
SELECT docs FROM search_post WHERE n = ?1;

-- Of long ones only where they are.
-- name: search_post_run
SELECT n, CASE WHEN length(docs) <= ?3 THEN docs END FROM search_post WHERE n BETWEEN ?1 AND ?2;

-- name: search_post_any
SELECT n FROM search_post WHERE n BETWEEN ?1 AND ?2 LIMIT 1;

-- name: search_post_put
INSERT INTO search_post (n, docs) VALUES (?1, ?2) ON CONFLICT (n) DO UPDATE SET docs = excluded.docs;

-- name: search_post_drop
DELETE FROM search_post WHERE n = ?1;

-- name: search_word_add
INSERT INTO search_word (word) VALUES (?1) ON CONFLICT (word) DO NOTHING;

-- name: search_word_drop
DELETE FROM search_word WHERE word = ?1;

-- name: search_word_range
SELECT word FROM search_word WHERE word >= ?1 AND word < ?2 ORDER BY word LIMIT ?3;
