-- SPDX-License-Identifier: Apache-2.0

-- name: subject_find
SELECT slot FROM subject WHERE name = ?1;

-- name: subject_put
INSERT INTO subject (slot, name, made) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET slot = excluded.slot;

-- name: subject_last
SELECT max(slot) FROM subject;

-- name: subject_link
UPDATE subject SET part_of = ?2 WHERE name = ?1;

-- name: subject_each_part
SELECT name FROM subject WHERE part_of = ?1 ORDER BY slot;
