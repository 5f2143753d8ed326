-- SPDX-License-Identifier: Apache-2.0

-- name: inbox_seen
SELECT 1 FROM inbox WHERE content_id = ?1;

-- name: inbox_add
INSERT INTO inbox (content_id, pid, room_id, type, hash, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6);

-- All but the newest ?2 of one person.
-- name: inbox_deleted_trim
DELETE FROM inbox WHERE content_id IN (
	SELECT content_id FROM inbox WHERE type = 'm.room.redaction' AND pid = ?1 ORDER BY at DESC LIMIT -1 OFFSET ?2);

-- name: waiting_count
SELECT count(*) FROM waiting WHERE pid = ?1;

-- name: waiting_add
INSERT INTO waiting (id, account, room_id, session_id, pid, raw, reason, at, class, due)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: waiting_due
SELECT id FROM waiting WHERE due > 0 AND due <= ?1 ORDER BY due LIMIT ?2;

-- name: waiting_next
SELECT min(due) FROM waiting WHERE due > 0;

-- name: waiting_session
SELECT id FROM waiting WHERE room_id = ?1 AND session_id = ?2 ORDER BY id;

-- name: waiting_person
SELECT id FROM waiting WHERE pid = ?1 ORDER BY id;

-- What waits for a session that is not here gains nothing by a device.
-- name: waiting_devices
SELECT id FROM waiting AS w WHERE pid = ?1 AND (room_id IS NULL OR session_id IS NULL OR
	EXISTS (SELECT 1 FROM crypt_inbound AS i WHERE i.session_id = w.session_id AND i.pid = w.pid)) ORDER BY id;

-- name: waiting_at
SELECT id, account, room_id, session_id, pid, raw, reason, at FROM waiting WHERE id = ?1;

-- name: waiting_drop
DELETE FROM waiting WHERE id = ?1;

-- All but the newest ?2 of a sender.
-- name: rejected_trim
DELETE FROM rejected WHERE pid = ?1 AND id <= (
	SELECT id FROM rejected WHERE pid = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2);

-- name: rejected_add
INSERT INTO rejected (id, account, room_id, pid, raw, reason, at, class, what, last)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?7);

-- name: rejected_what
SELECT id FROM rejected WHERE pid = ?1 AND what = ?2;

-- name: rejected_again
UPDATE rejected SET times = times + 1, last = ?2, room_id = ?3, reason = ?4 WHERE id = ?1;

-- name: rejected_taken
DELETE FROM rejected WHERE pid = ?1 AND what = ?2;

-- 0: partner, 1: guest, 2: stranger
-- name: inbox_class
SELECT CASE WHEN EXISTS (SELECT 1 FROM crypt_user WHERE pid = ?1 AND pinned = 1) THEN 0
	WHEN EXISTS (SELECT 1 FROM stranger WHERE pid = ?1) THEN 2 ELSE 1 END;

-- name: waiting_guests
SELECT count(*) FROM waiting WHERE class = 1;

-- name: rejected_guests
SELECT count(*) FROM rejected WHERE class = 1;

-- The guest who has the most, and a quarter of it.
-- name: waiting_most
SELECT pid, (count(*) + 3) / 4 FROM waiting WHERE class = 1 GROUP BY pid ORDER BY count(*) DESC, pid LIMIT 1;

-- name: rejected_most
SELECT pid, (count(*) + 3) / 4 FROM rejected WHERE class = 1 GROUP BY pid ORDER BY count(*) DESC, pid LIMIT 1;

-- name: waiting_trim
DELETE FROM waiting WHERE id IN (SELECT id FROM waiting WHERE pid = ?1 AND class = 1 ORDER BY id LIMIT ?2);

-- name: rejected_trim_guest
DELETE FROM rejected WHERE id IN (SELECT id FROM rejected WHERE pid = ?1 AND class = 1 ORDER BY id LIMIT ?2);

-- name: waiting_lose
INSERT INTO waiting_lost (day, items) VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET items = items + excluded.items;

-- name: waiting_lost
SELECT coalesce(sum(items), 0) FROM waiting_lost WHERE day >= ?1;

-- name: waiting_lost_forget
DELETE FROM waiting_lost WHERE day < ?1;

-- name: rejected_list
SELECT id FROM rejected ORDER BY last DESC, id DESC LIMIT ?1;

-- name: rejected_at
SELECT id, room_id, reason, last, times FROM rejected WHERE id = ?1;

-- name: waiting_because
UPDATE waiting SET reason = ?2 WHERE id = ?1;

-- name: withheld_put
INSERT INTO withheld (pid, room_id, session_id, code) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (pid, room_id, session_id) DO UPDATE SET code = excluded.code;

-- name: withheld_get
SELECT code FROM withheld WHERE pid = ?1 AND room_id = ?2 AND session_id = ?3;

-- All but the newest ?2 of a sender.
-- name: withheld_trim
DELETE FROM withheld WHERE pid = ?1 AND n <= (
	SELECT n FROM withheld WHERE pid = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2);

-- name: withheld_age
DELETE FROM withheld WHERE n <= (SELECT max(n) FROM withheld) - ?1;

-- name: waiting_list
SELECT id FROM waiting ORDER BY id DESC LIMIT ?1;

-- name: waiting_reason
SELECT id, room_id, reason, at, 1 FROM waiting WHERE id = ?1;

-- name: inbox_counts
SELECT (SELECT count(*) FROM waiting), (SELECT count(*) FROM rejected);
