-- SPDX-License-Identifier: Apache-2.0

-- name: note_add
INSERT INTO note (n, pairing, kind, at, due, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: note_list
SELECT n FROM note WHERE ?1 IS NULL OR pairing = ?1 ORDER BY n;

-- name: note_at
SELECT n, pairing, kind, at, due, body FROM note WHERE n = ?1;

-- The newest check-in of an active match says when the next is due.
-- name: note_due
SELECT count(*) FROM note AS a WHERE kind = 'checkin' AND due > 0 AND due <= ?1 AND
	EXISTS (SELECT 1 FROM pairing WHERE id = a.pairing AND state = 'active') AND
	NOT EXISTS (SELECT 1 FROM note AS b WHERE b.pairing = a.pairing AND b.kind = 'checkin' AND b.n > a.n);
