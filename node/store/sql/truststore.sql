-- SPDX-License-Identifier: Apache-2.0

-- name: trust_version_put
INSERT INTO trust_version (version, hash, document, at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (version) DO UPDATE SET document = excluded.document WHERE hash = excluded.hash;

-- name: trust_version_get
SELECT version, hash, document FROM trust_version WHERE version = ?1;

-- name: trust_version_below
SELECT version, hash, document FROM trust_version WHERE version < ?1 ORDER BY version DESC LIMIT 1;

-- name: trust_version_forget
DELETE FROM trust_version;

-- name: trust_part_put
INSERT INTO trust_part (version, part, parts, text) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (version, part) DO UPDATE SET parts = excluded.parts, text = excluded.text;

-- name: trust_part_has
SELECT 1 FROM trust_part WHERE version = ?1 AND part = ?2 AND parts = ?3 AND text = ?4;

-- What is of no use any more: versions up to this one, and those too far ahead.
-- name: trust_part_sweep
DELETE FROM trust_part WHERE version <= ?1 OR version > ?2;

-- name: trust_part_drop
DELETE FROM trust_part WHERE version = ?1;

-- name: trust_part_each
SELECT part, parts, text FROM trust_part WHERE version = ?1 ORDER BY part;

-- name: trust_part_newest
SELECT max(version) FROM trust_part;

-- name: trust_override_put
INSERT INTO trust_override (org, word) VALUES (?1, ?2)
ON CONFLICT (org) DO UPDATE SET word = excluded.word;

-- name: trust_override_drop
DELETE FROM trust_override WHERE org = ?1;

-- name: trust_override_each
SELECT org, word FROM trust_override ORDER BY org;
