-- SPDX-License-Identifier: Apache-2.0

-- name: hold_put
INSERT INTO hold (id, name, class, untold, placed, review, until, lifted, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET review = excluded.review, until = excluded.until, lifted = excluded.lifted, reason = excluded.reason;

-- name: hold_get
SELECT id, name, class, untold, placed, review, until, lifted, reason FROM hold WHERE id = ?1;

-- name: hold_list
SELECT id FROM hold ORDER BY n DESC;

-- In force, of a subject: what may be told comes first.
-- name: hold_of
SELECT h.class, h.untold, h.until FROM held JOIN hold AS h ON h.n = held.hold WHERE held.name = ?1 ORDER BY h.untold, h.n;

-- Wanted erased, and waiting for that hold.
-- name: hold_wanted
SELECT e.name FROM erasure AS e WHERE e.state = 1 AND e.name IN (SELECT held.name FROM held JOIN hold AS h ON h.n = held.hold WHERE h.id = ?1) ORDER BY e.n;

-- name: hold_cause
UPDATE erasure SET cause = ?2 WHERE name = ?1 AND state = 1;

-- The legal term begins with what is done now; and it is the newest, so that no turn that has begun counts as its own.
-- name: hold_release
UPDATE erasure SET at = ?2, n = (SELECT max(n) FROM erasure) + 1 WHERE name = ?1 AND state = 1;

-- name: hold_unwish
DELETE FROM erasure WHERE name = ?1 AND state = 1;

-- name: hold_wish
SELECT actor, cause FROM erasure WHERE name = ?1 AND state = 1;

-- name: hold_over
SELECT id FROM hold WHERE lifted = 0 AND until > 0 AND until <= ?1 ORDER BY n LIMIT 1;

-- name: hold_counts
SELECT count(*), count(*) FILTER (WHERE review > 0 AND review <= ?1) FROM hold WHERE lifted = 0;

-- name: erase_legal_holds
DELETE FROM hold WHERE name IN (?1, 'referral:' || ?1);
