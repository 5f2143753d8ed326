-- SPDX-License-Identifier: Apache-2.0

-- IMMEDIATE: the generation is read under the lock that the commit holds.
-- name: db_begin
BEGIN IMMEDIATE;

-- name: db_commit
COMMIT;

-- name: db_rollback
ROLLBACK;

-- name: db_save
SAVEPOINT item;

-- name: db_keep
RELEASE item;

-- name: db_undo
ROLLBACK TO item;

-- name: db_check
PRAGMA integrity_check(1);

-- name: meta_get
SELECT secret, value FROM meta WHERE key = ?1;

-- name: meta_put
INSERT INTO meta (key, secret, value) VALUES (?1, ?2, ?3)
ON CONFLICT (key) DO UPDATE SET secret = excluded.secret, value = excluded.value;

-- name: counter_next
INSERT INTO counter (name, value) VALUES (?1, ?2)
ON CONFLICT (name) DO UPDATE SET value = value + ?2
RETURNING value;
