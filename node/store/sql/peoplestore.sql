-- SPDX-License-Identifier: Apache-2.0

-- name: account_get
SELECT name, user_id, device_id, token, next_batch, filter, ready FROM account WHERE name = ?1;

-- name: account_put
INSERT INTO account (name, user_id, device_id, token, next_batch, filter, ready)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (name) DO UPDATE SET user_id = excluded.user_id, device_id = excluded.device_id,
	token = excluded.token, next_batch = excluded.next_batch, filter = excluded.filter,
	ready = excluded.ready;

-- name: account_batch
UPDATE account SET next_batch = ?2 WHERE name = ?1;

-- name: person_find
SELECT pid FROM person WHERE hash = ?1;

-- name: person_add
INSERT INTO person (pid, hash, user) VALUES (?1, ?2, ?3);

-- To delete a row all tables that refer to it would be searched: it becomes another's.
-- name: person_renamed
UPDATE person SET hash = ?2, user = ?3 WHERE pid = ?1;

-- name: person_user
SELECT user FROM person WHERE pid = ?1;

-- name: room_at
SELECT n, room_id, tag, account, kind, subject, pid, encrypted, state_encrypted, joined, ours, aside
FROM room WHERE n = ?1;

-- name: room_get
SELECT n, room_id, tag, account, kind, subject, pid, encrypted, state_encrypted, joined, ours, aside
FROM room WHERE room_id = ?1;

-- name: room_by_id
SELECT n FROM room WHERE room_id = ?1;

-- name: room_by_tag
SELECT n FROM room WHERE tag = ?1;

-- Of several channels (?3) one that the partner is in, whom alone its roster names, else the oldest; of other rooms the oldest.
-- name: room_by_subject
SELECT n FROM room WHERE kind = ?1 AND subject = ?2 AND aside = 0
ORDER BY joined DESC, kind = ?3 AND EXISTS (SELECT 1 FROM roster JOIN member USING (room_id, pid)
	WHERE roster.room_id = room.room_id AND membership = 'join') DESC, n LIMIT 1;

-- Of several the one that they are in and wrote in last (meta, room_written), else the newest.
-- name: room_by_person
SELECT n FROM room LEFT JOIN member ON member.room_id = room.room_id AND member.pid = ?1
WHERE room.pid = ?1 AND kind = ?2 AND aside = 0
ORDER BY joined DESC, coalesce(membership IN ('join', 'invite'), 1) DESC,
	room.room_id = (SELECT CAST(value AS TEXT) FROM meta WHERE key = 'chat:' || ?1) DESC, n DESC LIMIT 1;

-- A negative kind: every room.
-- name: room_list
SELECT n FROM room WHERE ?1 < 0 OR kind = ?1 ORDER BY n;

-- name: room_some
SELECT n FROM room WHERE n > ?1 ORDER BY n LIMIT ?2;

-- name: room_add
INSERT INTO room (room_id, tag, account, kind, subject, pid, encrypted, state_encrypted, joined,
	ours, aside)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11);

-- Encryption is never taken back; a known name is not forgotten.
-- name: room_change
UPDATE room SET room_id = coalesce(?2, room_id), tag = coalesce(?3, tag), account = ?4, kind = ?5,
	subject = ?6, pid = ?7, encrypted = max(encrypted, ?8), state_encrypted = ?9,
	joined = ?10, ours = ?11, aside = ?12
WHERE n = ?1;

-- name: room_drop
DELETE FROM room WHERE n = ?1;

-- name: member_put
INSERT INTO member (room_id, pid, membership) VALUES (?1, ?2, ?3)
ON CONFLICT (room_id, pid) DO UPDATE SET membership = excluded.membership, stale = 0;

-- name: member_get
SELECT membership FROM member WHERE room_id = ?1 AND pid = ?2;

-- name: unsure_put
INSERT INTO unsure (room_id, since, asked) VALUES (?1, ?2, 0)
ON CONFLICT (room_id) DO UPDATE SET asked = 0;

-- name: unsure_stale
UPDATE member SET stale = 1 WHERE room_id = ?1;

-- name: unsure_has
SELECT 1 FROM unsure WHERE room_id = ?1;

-- name: unsure_next
SELECT room_id FROM unsure WHERE asked = 0 ORDER BY since LIMIT 1;

-- name: unsure_asked
UPDATE unsure SET asked = 1 WHERE room_id = ?1;

-- name: unsure_drop
DELETE FROM unsure WHERE room_id = ?1;

-- name: unsure_count
SELECT count(*) FROM unsure WHERE since < ?1;

-- What was asked lately is not asked sooner because it is doubted anew.
-- name: doubt_put
INSERT INTO doubt (room_id, asked, wait, open) VALUES (?1, ?2, ?3, 1)
ON CONFLICT (room_id) DO UPDATE SET open = 1, asked = CASE WHEN asked < ?2 - ?4 THEN ?2 ELSE asked END,
	wait = CASE WHEN asked < ?2 - ?4 THEN ?3 ELSE wait END;

-- name: doubt_sooner
UPDATE doubt SET wait = min(wait, ?2) WHERE room_id = ?1 AND open = 1;

-- name: doubt_asked
UPDATE doubt SET asked = ?2, wait = min(wait * 2, ?3) WHERE room_id = ?1;

-- name: doubt_drop
UPDATE doubt SET open = 0 WHERE room_id = ?1 AND open = 1;

-- name: doubt_next
SELECT room_id, asked + wait FROM doubt WHERE open = 1 ORDER BY asked + wait LIMIT 1;

-- name: doubt_list
SELECT room_id FROM doubt WHERE open = 1 ORDER BY room_id;

-- name: member_stale
SELECT pid FROM member WHERE room_id = ?1 AND stale = 1 ORDER BY pid;

-- name: member_named
SELECT 1 FROM member WHERE room_id = ?1 AND pid = ?2 AND stale = 0;

-- name: roster_add
INSERT INTO roster (room_id, pid) VALUES (?1, ?2) ON CONFLICT DO NOTHING;

-- name: roster_drop
DELETE FROM roster WHERE room_id = ?1 AND pid = ?2;

-- name: roster_has
SELECT 1 FROM roster WHERE room_id = ?1 AND pid = ?2;

-- name: roster_list
SELECT pid FROM roster WHERE room_id = ?1 ORDER BY pid;

-- name: roster_room
SELECT room_id FROM roster WHERE pid = ?1 LIMIT 1;

-- name: roster_people
SELECT DISTINCT pid FROM roster WHERE pid > ?1 ORDER BY pid LIMIT ?2;
