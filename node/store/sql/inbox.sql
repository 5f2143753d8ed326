-- SPDX-License-Identifier: Apache-2.0

-- name: inbox_seen
SELECT 1 FROM inbox WHERE content_id = ?1;

-- name: inbox_add
INSERT INTO inbox (content_id, pid, room_id, type, hash, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- name: waiting_count
SELECT count(*) FROM waiting WHERE pid = ?1;

-- name: waiting_add
INSERT INTO waiting (id, account, room_id, session_id, pid, raw, reason, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: waiting_session
SELECT id FROM waiting WHERE room_id = ?1 AND session_id = ?2 ORDER BY id;

-- name: waiting_person
SELECT id FROM waiting WHERE pid = ?1 ORDER BY id;

-- name: waiting_at
SELECT id, account, room_id, session_id, pid, raw, reason, at FROM waiting WHERE id = ?1;

-- name: waiting_drop
DELETE FROM waiting WHERE id = ?1;

-- All but the newest ?2 of a sender.
-- name: rejected_trim
DELETE FROM rejected WHERE pid = ?1 AND id <= (
	SELECT id FROM rejected WHERE pid = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2);

-- name: rejected_add
INSERT INTO rejected (id, account, room_id, pid, raw, reason, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: rejected_list
SELECT id FROM rejected ORDER BY id DESC LIMIT ?1;

-- name: rejected_at
SELECT id, room_id, reason, at FROM rejected WHERE id = ?1;

-- name: waiting_list
SELECT id FROM waiting ORDER BY id DESC LIMIT ?1;

-- name: waiting_reason
SELECT id, room_id, reason, at FROM waiting WHERE id = ?1;

-- name: inbox_counts
SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM rejected);
