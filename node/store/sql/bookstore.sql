-- SPDX-License-Identifier: Apache-2.0

-- name: book_add
INSERT INTO book (n, kind, at, seen, body) VALUES (?1, ?2, ?3, 0, ?4);

-- name: book_list
SELECT n FROM book ORDER BY n;

-- name: book_at
SELECT n, kind, at, seen, body FROM book WHERE n = ?1;

-- name: book_seen
UPDATE book SET seen = ?2 WHERE n = ?1 AND kind = 'incident' AND seen = 0;

-- name: book_drop
DELETE FROM book WHERE n = ?1;

-- The person with whom it is forgotten.
-- name: book_person
SELECT CAST(substr(part_of, 8) AS INTEGER) FROM subject WHERE name = 'entry:' || ?1 AND part_of LIKE 'person:%';

-- name: consult_put
INSERT INTO consult (id, at, closed, body) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET closed = excluded.closed, body = excluded.body;

-- name: consult_get
SELECT id, at, closed, body FROM consult WHERE id = ?1;

-- name: consult_open
SELECT id FROM consult WHERE closed = 0 LIMIT 1;

-- name: voice_put
INSERT INTO consult_voice (consult, pid, body) VALUES (?1, ?2, ?3) ON CONFLICT (consult, pid) DO UPDATE SET body = excluded.body;

-- name: voice_list
SELECT pid, body FROM consult_voice WHERE consult = ?1 ORDER BY pid;

-- name: voice_of
SELECT consult, body FROM consult_voice WHERE pid = ?1 ORDER BY consult;

-- name: voice_drop
UPDATE consult_voice SET body = NULL WHERE consult = ?1;

-- Whoever is left of a question that is closed is to be told what came of it.
-- name: voice_untold
SELECT v.consult, v.pid FROM consult_voice AS v JOIN consult AS c ON c.id = v.consult WHERE c.closed > 0 LIMIT 1;

-- name: voice_told
DELETE FROM consult_voice WHERE consult = ?1 AND pid = ?2;
