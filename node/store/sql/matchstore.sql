-- SPDX-License-Identifier: Apache-2.0

-- name: pairing_put
INSERT INTO pairing (id, state, asked, began, review, until, ended, body, whose)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, began = excluded.began, review = excluded.review,
	until = excluded.until, ended = excluded.ended, body = excluded.body;

-- name: pairing_get
SELECT id, state, asked, began, review, until, ended, body FROM pairing WHERE id = ?1;

-- name: pairing_at
SELECT id, state, asked, began, review, until, ended, body FROM pairing WHERE n = ?1;

-- name: pairing_list
SELECT n FROM pairing WHERE ?1 IS NULL OR state = ?1 ORDER BY n;

-- name: pairing_whose
SELECT n FROM pairing WHERE whose = ?1 ORDER BY n;

-- Once for the day of the look back, and once for the day of the end.
-- name: pairing_reviews
SELECT n FROM pairing WHERE state = 'active' AND review <= ?1 AND asked_review <> CASE WHEN until <= ?1 THEN until ELSE review END ORDER BY n;

-- name: pairing_over
SELECT n FROM pairing WHERE state = 'active' AND until <= ?1 ORDER BY n;

-- name: pairing_asked
UPDATE pairing SET asked_review = ?2 WHERE id = ?1;

-- Active and due for a look back, or past their end.
-- name: pairing_due
SELECT count(*) FILTER (WHERE review <= ?1), count(*) FILTER (WHERE until <= ?1) FROM pairing WHERE state = 'active';
