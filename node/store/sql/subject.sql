-- SPDX-License-Identifier: Apache-2.0

-- name: subject_find
SELECT slot FROM subject WHERE name = ?1;

-- name: subject_put
INSERT INTO subject (slot, name, made) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET slot = excluded.slot;

-- name: subject_link
UPDATE subject SET part_of = ?2 WHERE name = ?1;

-- name: subject_each_part
SELECT name FROM subject WHERE part_of = ?1 ORDER BY slot;

-- name: subject_is_lost
SELECT 1 FROM subject WHERE name = ?1 AND lost > 0;

-- Referrals have a mark of their own (case_lost_each).
-- name: subject_lost_each
SELECT name FROM subject WHERE lost > 0 AND name NOT LIKE 'referral:%' ORDER BY slot;

-- Whose key would be missed.
-- name: subject_members
SELECT EXISTS (SELECT 1 FROM subject AS s WHERE name NOT LIKE 'person:%' OR
	EXISTS (SELECT 1 FROM message WHERE pid = CAST(substr(s.name, 8) AS INTEGER)));
